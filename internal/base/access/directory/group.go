package directory

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

func (g Group) tidied() (Group, error) {
	if g.Name = strings.TrimSpace(g.Name); g.Name == "" {
		return Group{}, fault.New(fault.Invalid, "a group has a displayName").At("", 0, "displayName")
	}
	if err := fits("displayName", g.Name); err != nil {
		return Group{}, err
	}
	if err := fits("externalId", g.ExternalID); err != nil {
		return Group{}, err
	}
	if len(g.Members) > maxMembers {
		return Group{}, fault.New(fault.Invalid, "%d members; at most %d are kept", len(g.Members), maxMembers).At("", 0, "members")
	}
	return g, nil
}

// AddGroup adds a group with its members; it means nothing here before
// somebody says so, see Map (scim.provision). A name that is taken is kind
// Conflict, a member that is no user kind Invalid.
func (s *Service) AddGroup(ctx context.Context, p access.Principal, g Group) (Group, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return Group{}, err
	}
	g, err := g.tidied()
	if err != nil {
		return Group{}, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := groupNameIsFree(ctx, tx, g.Name, ""); err != nil {
			return err
		}
		now := s.cfg.Clock()
		g.ID, g.Role, g.Version, g.Created, g.Changed = ids.New("grp", now), "", 1, now, now
		if err := insertGroup(ctx, tx, g); err != nil {
			return taken(err, "displayName")
		}
		all := idsOf(g.Members)
		if err := joinGroup(ctx, tx, g.ID, all); err != nil {
			return err
		}
		data := map[string]any{"version": g.Version, "members": len(all), "joined": refs(all), "digest": digest(all)}
		if err := s.record(ctx, tx, p, groupAdded, g.ID, data); err != nil {
			return err
		}
		if err := s.recordRest(ctx, tx, p, g.ID, all, nil); err != nil {
			return err
		}
		g.Members, err = membersOf(ctx, tx, g.ID)
		g.Count = len(g.Members)
		return err
	})
	return g, err
}

func groupNameIsFree(ctx context.Context, tx *sql.Tx, name, but string) error {
	id, err := groupIDByName(ctx, tx, name)
	if err != nil || id == "" || id == but {
		return err
	}
	return fault.New(fault.Conflict, "another group has that displayName").At("", 0, "displayName")
}

// joinGroup adds members, each of whom must be a user.
func joinGroup(ctx context.Context, tx *sql.Tx, groupID string, userIDs []string) error {
	for _, id := range userIDs {
		there, err := addMember(ctx, tx, groupID, id)
		if err != nil {
			return err
		}
		if !there {
			return fault.New(fault.Invalid, "a member is no user here").At("", 0, "members").WithHint("the value of a member is the id of a user")
		}
	}
	return nil
}

// Group gives one group, with its members where they are asked for
// (scim.provision).
func (s *Service) Group(ctx context.Context, p access.Principal, id string, members bool) (Group, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return Group{}, err
	}
	g, err := groupByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil || !members {
		return g, err
	}
	g.Members, err = membersOf(ctx, s.cfg.DB.Reader(), id)
	return g, err
}

// Members gives the members of a group (scim.provision).
func (s *Service) Members(ctx context.Context, p access.Principal, groupID string) ([]Ref, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return nil, err
	}
	return membersOf(ctx, s.cfg.DB.Reader(), groupID)
}

// Groups gives groups in the order in which they were added, without their
// members: to a directory (scim.provision) or to a person (user.read).
func (s *Service) Groups(ctx context.Context, p access.Principal, w Where) ([]Group, error) {
	if access.Authorise(p, access.Provision) != nil {
		if err := access.Authorise(p, access.UserRead); err != nil {
			return nil, err
		}
	}
	return listGroups(ctx, s.cfg.DB.Reader(), w)
}

// ChangeGroup gives edit the group as it is, with members, and keeps what it
// makes of it (scim.provision); whoever joined or left has what their groups
// mean at once. What leaves no administrator is kind Conflict without a field.
func (s *Service) ChangeGroup(ctx context.Context, p access.Principal, id string, edit func(Group) (Group, error)) (Group, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return Group{}, err
	}
	var g Group
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		was, err := groupByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if was.Members, err = membersOf(ctx, tx, id); err != nil {
			return err
		}
		if g, err = edit(was); err != nil {
			return err
		}
		if g, err = g.tidied(); err != nil {
			return err
		}
		g.ID, g.Role, g.Version, g.Created, g.Changed = was.ID, was.Role, was.Version, was.Created, was.Changed
		fields := []string{}
		if g.Name != was.Name {
			fields = append(fields, "displayName")
		}
		if g.ExternalID != was.ExternalID {
			fields = append(fields, "externalId")
		}
		before, after := idsOf(was.Members), idsOf(g.Members)
		joined, left := without(after, before), without(before, after)
		if len(fields)+len(joined)+len(left) == 0 {
			g.Members = was.Members
			return nil
		}
		if err := groupNameIsFree(ctx, tx, g.Name, id); err != nil {
			return err
		}
		if err := s.setMembers(ctx, tx, p, g, fields, joined, left); err != nil {
			return err
		}
		if g, err = groupByID(ctx, tx, id); err != nil {
			return err
		}
		if g.Members, err = membersOf(ctx, tx, id); err != nil {
			return err
		}
		return s.settleAll(ctx, tx, p, slices.Concat(joined, left))
	})
	return g, err
}

// without gives what of a is not in b; both are sorted.
func without(a, b []string) []string {
	out := []string{}
	for _, x := range a {
		if _, there := slices.BinarySearch(b, x); !there {
			out = append(out, x)
		}
	}
	return out
}

// setMembers keeps a group's new name and identifier, takes users in and out,
// and records it. The caller settles the users.
func (s *Service) setMembers(ctx context.Context, tx *sql.Tx, p access.Principal, g Group, fields, joined, left []string) error {
	g.Version, g.Changed = g.Version+1, s.cfg.Clock()
	if err := updateGroup(ctx, tx, g); err != nil {
		return taken(err, "displayName")
	}
	if err := joinGroup(ctx, tx, g.ID, joined); err != nil {
		return err
	}
	for _, id := range left {
		if err := removeMember(ctx, tx, g.ID, id); err != nil {
			return err
		}
	}
	members, err := memberIDs(ctx, tx, g.ID)
	if err != nil {
		return err
	}
	if err := s.record(ctx, tx, p, groupChanged, g.ID, map[string]any{"fields": fields, "joined": refs(joined), "left": refs(left),
		"members": len(members), "digest": digest(members), "version": g.Version}); err != nil {
		return err
	}
	return s.recordRest(ctx, tx, p, g.ID, joined, left)
}

// RemoveGroup removes a group that look lets go; its members have what their
// other groups mean (scim.provision).
func (s *Service) RemoveGroup(ctx context.Context, p access.Principal, id string, look func(Group) error) error {
	if err := access.Authorise(p, access.Provision); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := groupByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := look(g); err != nil {
			return err
		}
		members, err := memberIDs(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := deleteGroup(ctx, tx, id); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, groupRemoved, id, map[string]any{"left": refs(members), "members": len(members)}); err != nil {
			return err
		}
		if err := s.recordRest(ctx, tx, p, id, nil, members); err != nil {
			return err
		}
		return s.settleAll(ctx, tx, p, members)
	})
}

// Map says what a group's members are here for: a role, or nothing with ""
// (user.manage, and who is there has been shown). It holds at once, for open
// sessions too. What leaves no administrator is kind Conflict.
func (s *Service) Map(ctx context.Context, p access.Principal, groupID string, r access.Role) error {
	if err := access.Proved(p, access.UserManage); err != nil {
		return err
	}
	if r != "" {
		if _, err := access.ParseRole(string(r)); err != nil {
			return err
		}
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := groupByID(ctx, tx, groupID)
		if err != nil || g.Role == r {
			return err
		}
		if err := mapGroup(ctx, tx, groupID, r); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, groupMapped, groupID, map[string]any{"from": string(g.Role), "to": string(r)}); err != nil {
			return err
		}
		members, err := memberIDs(ctx, tx, groupID)
		if err != nil {
			return err
		}
		return s.settleAll(ctx, tx, p, members)
	})
}
