package directory

import (
	"context"
	"fmt"
	"slices"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// The entries of this package.
const (
	userAdded    = "directory.user_added"
	userChanged  = "directory.user_changed"
	userRemoved  = "directory.user_removed"
	groupAdded   = "directory.group_added"
	groupChanged = "directory.group_changed"
	groupRemoved = "directory.group_removed"
	groupMapped  = "directory.group_mapped"

	membersChanged = "directory.members_changed" // more of who joined or left with the change before it
)

// Bindings hold the newest entry about each user and group against the rows:
// whether they are there, whether a user is active, who is in a group, and what
// the group means.
func Bindings() []ledger.Binding {
	return []ledger.Binding{
		{Name: userAdded, Check: checkUser}, {Name: userChanged, Check: checkUser}, {Name: userRemoved, Check: checkUser},
		{Name: groupAdded, Check: checkGroup}, {Name: groupChanged, Check: checkGroup}, {Name: groupRemoved, Check: checkGroup},
		{Name: groupMapped, Check: checkMapped}, {Name: membersChanged, Check: checkMembers},
	}
}

func outside(rec ledger.Record, what string) error {
	return fault.New(fault.Refused, "ledger record %s: %s %s is not as it was recorded", rec.ID, what, rec.Subject).
		WithHint("the database was changed outside Attesta: look who could, and let the directory send it again")
}

func checkUser(ctx context.Context, q database.Querier, rec ledger.Record) error {
	over, err := superseded(ctx, q, rec, userAdded, userChanged, userRemoved)
	if err != nil || over {
		return err
	}
	u, err := userByID(ctx, q, rec.Subject)
	if gone := fault.Is(err, fault.NotFound); gone || err == nil {
		if gone != (rec.Type == userRemoved) {
			return outside(rec, "the directory's user")
		}
		if gone {
			return nil
		}
	}
	if err != nil {
		return err
	}
	if fmt.Sprint(rec.Data["active"]) != fmt.Sprint(u.Active) || fmt.Sprint(rec.Data["version"]) != fmt.Sprint(u.Version) {
		return outside(rec, "the directory's user")
	}
	return nil
}

func checkGroup(ctx context.Context, q database.Querier, rec ledger.Record) error {
	over, err := superseded(ctx, q, rec, groupAdded, groupChanged, groupRemoved)
	if err != nil || over {
		return err
	}
	g, err := groupByID(ctx, q, rec.Subject)
	if gone := fault.Is(err, fault.NotFound); gone || err == nil {
		if gone != (rec.Type == groupRemoved) {
			return outside(rec, "the directory's group")
		}
		if gone {
			return nil
		}
	}
	if err != nil {
		return err
	}
	members, err := memberIDs(ctx, q, g.ID)
	if err != nil {
		return err
	}
	if rec.Data["digest"] != digest(members) || fmt.Sprint(rec.Data["version"]) != fmt.Sprint(g.Version) {
		return outside(rec, "the directory's group")
	}
	return nil
}

func checkMembers(ctx context.Context, q database.Querier, rec ledger.Record) error {
	over, err := superseded(ctx, q, rec, groupAdded, groupChanged, groupRemoved)
	if err != nil || over {
		return err
	}
	members, err := memberIDs(ctx, q, rec.Subject)
	if err != nil {
		return err
	}
	for name, in := range map[string]bool{"joined": true, "left": false} {
		ids, _ := rec.Data[name].([]any)
		for _, id := range ids {
			text, _ := id.(string)
			if _, there := slices.BinarySearch(members, text); there != in {
				return outside(rec, "the membership of the directory's group")
			}
		}
	}
	return nil
}

func checkMapped(ctx context.Context, q database.Querier, rec ledger.Record) error {
	over, err := superseded(ctx, q, rec, groupMapped, groupRemoved, groupRemoved)
	if err != nil || over {
		return err
	}
	g, err := groupByID(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) || err == nil && rec.Data["to"] != string(g.Role) {
		return outside(rec, "the role of the directory's group")
	}
	return err
}
