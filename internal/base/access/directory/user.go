package directory

import (
	"context"
	"database/sql"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Where narrows a list to one value before a filter is held against each: no
// directory asks for one of ten thousand by reading all. Field is "", "id",
// "userName", "externalId" or "displayName" (of groups).
type Where struct{ Field, Value string }

// AddUser adds a user that the directory describes, without groups
// (scim.provision). A userName or address that is taken is kind Conflict of the
// field that has it.
func (s *Service) AddUser(ctx context.Context, p access.Principal, u User) (User, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return User{}, err
	}
	u, err := u.tidied()
	if err != nil {
		return User{}, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := nameIsFree(ctx, tx, u.UserName, ""); err != nil {
			return err
		}
		account, err := s.cfg.Access.AddKept(ctx, tx, p, u.UserName, u.name(), u.email())
		if err != nil {
			return err
		}
		u.ID, u.Version, u.Created, u.Changed, u.Groups = account.ID, 1, account.Created, account.Created, nil
		if err := insertUser(ctx, tx, u); err != nil {
			return taken(err, "userName")
		}
		return s.record(ctx, tx, p, userAdded, u.ID, map[string]any{"active": u.Active, "version": u.Version})
	})
	return u, err
}

func nameIsFree(ctx context.Context, tx *sql.Tx, userName, but string) error {
	id, err := userIDByName(ctx, tx, userName)
	if err != nil || id == "" || id == but {
		return err
	}
	return fault.New(fault.Conflict, "another user has that userName").At("", 0, "userName")
}

func taken(err error, field string) error {
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "another one has that %s", field).At("", 0, field)
	}
	return err
}

// User gives one user with their groups (scim.provision).
func (s *Service) User(ctx context.Context, p access.Principal, id string) (User, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return User{}, err
	}
	u, err := userByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return User{}, err
	}
	u.Groups, err = groupsOf(ctx, s.cfg.DB.Reader(), id)
	return u, err
}

// Users gives users in the order in which they were added, without their groups
// (scim.provision).
func (s *Service) Users(ctx context.Context, p access.Principal, w Where) ([]User, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return nil, err
	}
	return listUsers(ctx, s.cfg.DB.Reader(), w)
}

// GroupsOf gives the groups of a user (scim.provision).
func (s *Service) GroupsOf(ctx context.Context, p access.Principal, userID string) ([]Ref, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return nil, err
	}
	return groupsOf(ctx, s.cfg.DB.Reader(), userID)
}

// ChangeUser gives edit the user as they are and keeps what it makes of them
// (scim.provision). Identifier, groups and version are not edit's to change.
// What leaves no administrator is kind Conflict without a field.
func (s *Service) ChangeUser(ctx context.Context, p access.Principal, id string, edit func(User) (User, error)) (User, error) {
	if err := access.Authorise(p, access.Provision); err != nil {
		return User{}, err
	}
	var u User
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		was, err := userByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if was.Groups, err = groupsOf(ctx, tx, id); err != nil {
			return err
		}
		if u, err = edit(was); err != nil {
			return err
		}
		if u, err = u.tidied(); err != nil {
			return err
		}
		u.ID, u.Groups, u.Version, u.Created, u.Changed = was.ID, was.Groups, was.Version, was.Created, was.Changed
		fields := changes(was, u)
		if len(fields) == 0 {
			return nil
		}
		u.Version, u.Changed = was.Version+1, s.cfg.Clock()
		if err := nameIsFree(ctx, tx, u.UserName, id); err != nil {
			return err
		}
		if err := updateUser(ctx, tx, u); err != nil {
			return taken(err, "userName")
		}
		if err := s.cfg.Access.RenameKept(ctx, tx, p, id, u.name(), u.email()); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, userChanged, id, map[string]any{"fields": fields, "active": u.Active, "version": u.Version}); err != nil {
			return err
		}
		return s.settle(ctx, tx, p, id, u.Active)
	})
	return u, err
}

// changes names the attributes that differ.
func changes(was, is User) []string {
	fields := []string{}
	for _, f := range []struct {
		name string
		same bool
	}{
		{"userName", was.UserName == is.UserName}, {"externalId", was.ExternalID == is.ExternalID}, {"displayName", was.DisplayName == is.DisplayName},
		{"name", was.Formatted == is.Formatted && was.GivenName == is.GivenName && was.FamilyName == is.FamilyName},
		{"emails", slices.Equal(was.Emails, is.Emails)}, {"active", was.Active == is.Active},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// RemoveUser removes a user whom look lets go: their account is closed, and
// their login and address are free (scim.provision). To remove the last
// administrator is kind Conflict.
func (s *Service) RemoveUser(ctx context.Context, p access.Principal, id string, look func(User) error) error {
	if err := access.Authorise(p, access.Provision); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		u, err := userByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := look(u); err != nil {
			return err
		}
		if u.Groups, err = groupsOf(ctx, tx, id); err != nil {
			return err
		}
		for _, ref := range u.Groups {
			g, err := groupByID(ctx, tx, ref.ID)
			if err != nil {
				return err
			}
			if err := s.setMembers(ctx, tx, p, g, []string{}, nil, []string{id}); err != nil {
				return err
			}
		}
		if err := deleteUser(ctx, tx, id); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, userRemoved, id, nil); err != nil {
			return err
		}
		return s.cfg.Access.ForgetKept(ctx, tx, p, id)
	})
}
