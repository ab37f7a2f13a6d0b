package raci

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Service. Left may be nil.
type Config struct {
	DB       *database.DB
	Ledger   *ledger.Log
	Access   *access.Service
	Clock    clock.Clock
	Subjects func(ctx context.Context) ([]Subject, error) // all that somebody answers for
	Left     func(ctx context.Context, user string) (bool, error)
}

// Service keeps who answers for what.
type Service struct{ cfg Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg} }

// People gives who can be named, by name (raci.read).
func (s *Service) People(ctx context.Context, p access.Principal) ([]access.User, error) {
	if err := access.Authorise(p, access.RaciRead); err != nil {
		return nil, err
	}
	able, err := s.cfg.Access.Able(ctx, access.WorkRead)
	slices.SortFunc(able, func(a, b access.User) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return able, err
}

// here gives a function that reports whether a user is still here: their account
// is open, and the directory of people does not say that they left. failed gives
// the error of a look-up, once all were asked: what they gave counts for nothing then.
func (s *Service) here(ctx context.Context) (is func(string) bool, failed func() error, err error) {
	able, err := s.cfg.Access.Able(ctx, access.SessionManageOwn)
	if err != nil {
		return nil, nil, err
	}
	open := map[string]bool{}
	for _, u := range able {
		open[u.ID] = true
	}
	left := map[string]bool{}
	var broken error
	return func(user string) bool {
		if !open[user] || s.cfg.Left == nil {
			return open[user]
		}
		if _, asked := left[user]; !asked {
			gone, err := s.cfg.Left(ctx, user)
			left[user], broken = gone, errors.Join(broken, err)
		}
		return !left[user]
	}, func() error { return broken }, nil
}

// List gives every subject with what holds and what is missing, those with gaps as
// well (raci.read).
func (s *Service) List(ctx context.Context, p access.Principal) ([]Row, error) {
	if err := access.Authorise(p, access.RaciRead); err != nil {
		return nil, err
	}
	subjects, err := s.cfg.Subjects(ctx)
	if err != nil {
		return nil, err
	}
	said, err := newest(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	here, failed, err := s.here(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(subjects))
	for _, x := range subjects {
		r := Row{Subject: x, Roles: x.Proposed}
		if v, ok := said[x.Kind+"/"+x.Ref]; ok {
			r.Roles, r.Said = v.Roles, true
		}
		r.Gaps = gaps(r.Roles, r.Said, here)
		out = append(out, r)
	}
	return out, failed()
}

// Get gives one subject with its versions, oldest first (raci.read).
func (s *Service) Get(ctx context.Context, p access.Principal, kind, ref string) (Row, []Version, error) {
	all, err := s.List(ctx, p)
	if err != nil {
		return Row{}, nil, err
	}
	i := slices.IndexFunc(all, func(r Row) bool { return r.Kind == kind && r.Ref == ref })
	if i < 0 {
		return Row{}, nil, fault.New(fault.NotFound, "there is no %s %q", kind, ref)
	}
	history, err := versions(ctx, s.cfg.DB.Reader(), kind, ref)
	return all[i], history, err
}

// Set says who answers for a subject (raci.edit). base is the version that was
// looked at, 0 for none: kind Conflict where another was written meanwhile.
func (s *Service) Set(ctx context.Context, p access.Principal, kind, ref string, base int, r Roles, note string) (Row, error) {
	if err := access.Authorise(p, access.RaciEdit); err != nil {
		return Row{}, err
	}
	note = strings.Join(strings.Fields(note), " ")
	if !utf8.ValidString(note) || utf8.RuneCountInString(note) > 500 {
		return Row{}, bad("note", "at most 500 letters are kept")
	}
	if _, _, err := s.Get(ctx, access.System(), kind, ref); err != nil {
		return Row{}, err
	}
	here, failed, err := s.here(ctx)
	if err != nil {
		return Row{}, err
	}
	if r, err = r.tidy(here); err != nil {
		return Row{}, err
	}
	if err := failed(); err != nil {
		return Row{}, err
	}
	content, err := json.Marshal(r)
	if err != nil {
		return Row{}, fmt.Errorf("write who answers: %w", err)
	}
	v := Version{Roles: r, Note: note, MadeAt: s.cfg.Clock(), MadeBy: p.UserID}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := versions(ctx, tx, kind, ref)
		if err != nil {
			return err
		}
		if len(have) != base {
			return fault.New(fault.Conflict, "somebody else said it meanwhile").WithHint("look at it again and repeat what is still needed")
		}
		v.Version = base + 1
		e := ledger.Entry{Type: "raci.set", Stream: stream(p), Actor: p.UserID, Subject: kind + "/" + ref, Data: map[string]any{"version": v.Version, "digest": digestOf(content)}}
		if note != "" {
			e.Personal = map[string]string{"note": note}
		}
		if v.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
			return fmt.Errorf("record who answers: %w", err)
		}
		return insert(ctx, tx, kind, ref, v, string(content))
	})
	if err != nil {
		return Row{}, err
	}
	row, _, err := s.Get(ctx, access.System(), kind, ref)
	return row, err
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Bindings are Bound under the type of the records that it answers for.
func Bindings() []ledger.Binding { return []ledger.Binding{{Name: "raci.set", Check: Bound}} }

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	subject, content, note, by, version, found, err := byEntry(ctx, q, rec.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse("its row is gone")
	case subject != rec.Subject || by != rec.Actor:
		return refuse("its row belongs to something else or to another person")
	case rec.Data["version"] != version || rec.Data["digest"] != digestOf([]byte(content)) || len(rec.Data) != 2:
		return refuse("its row says something else than was recorded")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if rec.Commitment == "" && note != "" || said != nil && said["note"] != note { // nil: erased, and that is an entry of its own
		return refuse("its row gives other words than were recorded")
	}
	return nil
}
