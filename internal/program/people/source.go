package people

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/program/roster"
)

// Reader reads a directory, whole or not at all.
type Reader interface {
	// Read gives everybody, and notes on what could not be understood. Where
	// anything kept it from reading all, it gives an error and nobody.
	Read(ctx context.Context) (said []Said, notes []Problem, err error)
}

func place(source string) string { return "people source " + source }

// AddSource adds a source. A directory is read once before: one that cannot be
// read is not added (people.sources).
func (s *Service) AddSource(ctx context.Context, p access.Principal, n NewSource) (*Source, error) {
	if err := access.Proved(p, access.PeopleSources); err != nil {
		return nil, err
	}
	if n.Kind != SCIM && n.Kind != LDAP && n.Kind != CSV {
		return nil, fault.New(fault.Invalid, "%q is no kind of source", n.Kind).At("", 0, "kind").WithHint("scim, ldap or csv")
	}
	if err := n.Tidy(); err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	src := &Source{ID: ids.New("psr", now), Kind: n.Kind, Name: n.Name, Place: n.Place, Settings: n.Settings, Secret: n.Secret != "", AddedAt: now}
	if n.Secret != "" {
		src.Box = s.cfg.Key.Seal(place(src.ID), n.Secret)
	}
	if src.Kind != CSV {
		if _, _, err := s.readOnce(ctx, src); err != nil {
			return nil, err
		}
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := sources(ctx, tx)
		if err != nil {
			return err
		}
		if err := free(all, src); err != nil {
			return err
		}
		if src.Place < 1 {
			src.Place = len(all) + 1
		}
		if src.Entry, err = s.event(ctx, tx, p, src.ID, "source_added", now, sourceData(src), map[string]string{"name": src.Name}); err != nil {
			return err
		}
		return saveSource(ctx, tx, src)
	})
	if err != nil {
		return nil, err
	}
	return src, nil
}

func free(all []*Source, src *Source) error {
	for _, x := range all {
		if x.ID != src.ID && strings.EqualFold(x.Name, src.Name) {
			return fault.New(fault.Conflict, "another source is called %s", x.Name).At("", 0, "name")
		}
		if x.ID != src.ID && src.Kind == SCIM && x.Kind == SCIM {
			return fault.New(fault.Conflict, "the accounts that a directory keeps here are a source already: %s", x.Name).At("", 0, "kind")
		}
	}
	return nil
}

// sourceData is what the ledger says of a source: of its settings and its
// secret the digests.
func sourceData(src *Source) map[string]any {
	d := map[string]any{"kind": string(src.Kind), "place": src.Place, "settings": digestOf(asJSON(src.Settings))}
	if len(src.Box) > 0 {
		d["bind"] = digestOf(string(src.Box))
	}
	return d
}

// ChangeSource changes a source (people.sources).
func (s *Service) ChangeSource(ctx context.Context, p access.Principal, id string, n NewSource) (*Source, error) {
	if err := access.Proved(p, access.PeopleSources); err != nil {
		return nil, err
	}
	if err := n.Tidy(); err != nil {
		return nil, err
	}
	src, err := sourceByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return nil, err
	}
	if err := s.settle(src, n); err != nil {
		return nil, err
	}
	if src.Kind == LDAP {
		if _, _, err := s.readOnce(ctx, src); err != nil {
			return nil, err
		}
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		all, err := sources(ctx, tx)
		if err != nil {
			return err
		}
		if err := free(all, src); err != nil {
			return err
		}
		if src.Entry, err = s.event(ctx, tx, p, src.ID, "source_changed", s.cfg.Clock(), sourceData(src), map[string]string{"name": src.Name}); err != nil {
			return err
		}
		return saveSource(ctx, tx, src)
	})
	return src, err
}

// RemoveSource stops reading a source. Whoever it said stays as they are; nobody
// leaves by it (people.sources).
func (s *Service) RemoveSource(ctx context.Context, p access.Principal, id string) error {
	if err := access.Proved(p, access.PeopleSources); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		src, err := sourceByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if src.Kind == Hand {
			return fault.New(fault.Conflict, "what people here write is no source that can be removed")
		}
		src.Removed, src.Box, src.Trouble = s.cfg.Clock(), nil, ""
		if src.Entry, err = s.event(ctx, tx, p, src.ID, "source_removed", src.Removed, map[string]any{"kind": string(src.Kind)}, nil); err != nil {
			return err
		}
		if err := overtake(ctx, tx, src.ID); err != nil {
			return err
		}
		return saveSource(ctx, tx, src)
	})
}

// Sources gives the sources by their places (people.read).
func (s *Service) Sources(ctx context.Context, p access.Principal) ([]*Source, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, err
	}
	return sourcesWithHeld(ctx, s.cfg.DB.Reader())
}

// Source gives one of them (people.read).
func (s *Service) Source(ctx context.Context, p access.Principal, id string) (*Source, error) {
	all, err := s.Sources(ctx, p)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(x *Source) bool { return x.ID == id || x.Name == id })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "people have no source %q", id)
	}
	return all[i], nil
}

// hand gives the source of what people here write, made where there is none.
func (s *Service) hand(ctx context.Context, tx *sql.Tx) (*Source, error) {
	all, err := sources(ctx, tx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(x *Source) bool { return x.Kind == Hand }); i >= 0 {
		return all[i], nil
	}
	now := s.cfg.Clock()
	src := &Source{ID: ids.New("psr", now), Kind: Hand, Name: "Written here", Place: 0, AddedAt: now}
	if src.Entry, err = s.event(ctx, tx, access.System(), src.ID, "source_added", now, sourceData(src), map[string]string{"name": src.Name}); err != nil {
		return nil, err
	}
	return src, saveSource(ctx, tx, src)
}

// readOnce reads a source; kind Unavailable where it does not answer.
func (s *Service) readOnce(ctx context.Context, src *Source) ([]Said, []Problem, error) {
	switch src.Kind {
	case SCIM:
		return s.readSCIM(ctx)
	case LDAP:
		if s.cfg.Connect == nil {
			return nil, nil, fault.New(fault.Invalid, "directories are not read here").At("", 0, "kind")
		}
		secret := ""
		if len(src.Box) > 0 {
			var err error
			if secret, err = s.cfg.Key.Unseal(place(src.ID), src.Box); err != nil {
				return nil, nil, err
			}
		}
		r, err := s.cfg.Connect(src.Settings, secret)
		if err != nil {
			return nil, nil, err
		}
		return r.Read(ctx)
	}
	return nil, nil, fault.New(fault.Conflict, "%s is a file: bring it in anew", src.Name)
}

// grace gives the hours in which a leaver's access is to be gone.
func (s *Service) grace(ctx context.Context, q database.Querier) (int, error) {
	all, err := sources(ctx, q)
	if err != nil {
		return 0, err
	}
	for _, src := range all {
		if src.Kind == Hand {
			return roster.OrElse(src.Settings.GraceHours, roster.DefaultGrace), nil
		}
	}
	return roster.DefaultGrace, nil
}

// SetGrace says in how many hours a leaver's access is to be gone; it holds for
// who leaves from now on (people.sources).
func (s *Service) SetGrace(ctx context.Context, p access.Principal, hours int) error {
	if err := access.Proved(p, access.PeopleSources); err != nil {
		return err
	}
	if hours < 1 || hours > 720 {
		return fault.New(fault.Invalid, "%d hours are no time in which access is gone", hours).At("", 0, "grace_hours").WithHint("from 1 to 720")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		src, err := s.hand(ctx, tx)
		if err != nil {
			return err
		}
		src.Settings.GraceHours = hours
		data := sourceData(src)
		data["grace_hours"] = hours
		if src.Entry, err = s.event(ctx, tx, p, src.ID, "source_changed", s.cfg.Clock(), data, map[string]string{"name": src.Name}); err != nil {
			return err
		}
		return saveSource(ctx, tx, src)
	})
}

// Grace gives them (people.read).
func (s *Service) Grace(ctx context.Context, p access.Principal) (int, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return 0, err
	}
	return s.grace(ctx, s.cfg.DB.Reader())
}

// readSCIM gives the accounts that a directory keeps here.
func (s *Service) readSCIM(ctx context.Context) ([]Said, []Problem, error) {
	if s.cfg.Directory == nil {
		return nil, nil, fault.New(fault.Invalid, "no directory keeps accounts here").At("", 0, "kind")
	}
	users, err := s.cfg.Directory.Users(ctx, access.System(), directory.Where{})
	if err != nil {
		return nil, nil, fmt.Errorf("read the accounts that a directory keeps: %w", err)
	}
	var notes []Problem
	said := make([]Said, 0, len(users))
	for _, u := range users {
		f := Fields{Name: u.Shown(), Mail: u.Address()}
		if local, _, _ := strings.Cut(u.UserName, "@"); local != "" {
			f.Logins = []string{local}
		}
		tidied, err := f.Tidy()
		if err != nil { // it stays somebody all the same
			text, _ := fault.Public(err)
			notes = append(notes, Problem{Key: u.ID, Text: text + "; left out"})
			if tidied, err = (Fields{Name: f.Name}).Tidy(); err != nil {
				tidied = Fields{Name: u.ID}
			}
		}
		said = append(said, Said{Key: u.ID, Fields: tidied, Gone: !u.Active})
	}
	return said, notes, nil
}
