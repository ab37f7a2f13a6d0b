package change

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/landing"
)

// manualSlug names what holds the changes that were asked for here.
const manualSlug = "manual"

// Ask is a change that somebody asks for here: work on a host or a database that
// no repository holds.
type Ask struct {
	Title string
	Text  string   // what is to be done, and how it is taken back
	Hosts []string // patterns of names
	Paths []string // patterns of absolute paths
}

// Ask asks for a change (change.ask). Somebody else approves it.
func (s *Service) Ask(ctx context.Context, p access.Principal, a Ask) (*landing.Change, error) {
	if err := access.Authorise(p, access.ChangeAsk); err != nil {
		return nil, err
	}
	a.Title, a.Text, a.Hosts, a.Paths = strings.Join(strings.Fields(a.Title), " "), strings.TrimSpace(a.Text), landing.Lists(a.Hosts), landing.Lists(a.Paths)
	switch {
	case len(a.Title) < 5 || len(a.Title) > 200 || !utf8.ValidString(a.Title):
		return nil, bad("title", "say in 5 to 200 letters what is to change")
	case len(a.Text) < 10 || len(a.Text) > 4000 || !utf8.ValidString(a.Text):
		return nil, bad("text", "say in 10 to 4,000 letters what is to be done, and how it is taken back")
	case len(a.Hosts) > 20 || len(a.Paths) > 20:
		return nil, bad("hosts", "name up to 20 patterns")
	}
	now := s.cfg.Clock()
	e := landing.Event{ID: ids.New("cev", now), Kind: landing.Declared, At: now, Source: "here", State: "asked", Title: a.Title, Text: a.Text, Hosts: a.Hosts, Labels: a.Paths, Actor: landing.Identity{User: p.UserID}}
	e.Subject = e.ID
	var rep *Repository
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if rep, err = s.manual(ctx, tx); err != nil {
			return err
		}
		return s.store(ctx, tx, p, rep, landing.Delivery{ID: e.ID, Events: []landing.Event{e}}, "")
	})
	if err != nil {
		return nil, err
	}
	if err := s.Derive(ctx, rep.ID); err != nil {
		return nil, err
	}
	id, err := itemByKey(ctx, s.cfg.DB.Reader(), rep.ID, "change", e.ID)
	if err != nil {
		return nil, err
	}
	return s.Change(ctx, access.System(), id)
}

// manual gives what holds these changes, and makes it.
func (s *Service) manual(ctx context.Context, tx *sql.Tx) (*Repository, error) {
	have, err := repositories(ctx, tx, `WHERE slug = $1`, manualSlug)
	if err != nil || len(have) > 0 {
		return append(have, nil)[0], err
	}
	now := s.cfg.Clock()
	r := &Repository{ID: ids.New("rep", now), Slug: manualSlug, MadeAt: now, ChangedBy: access.System().UserID, Settings: landing.Settings{Title: "Asked for here", Branch: "none", NotDeployed: true, ReviewHours: 72}}
	content, err := json.Marshal(r.Settings)
	if err != nil {
		return nil, err
	}
	r.Digest = digestOf(content)
	if r.Entry, err = s.append(ctx, tx, access.System(), ledger.Entry{Type: "change.repository_set", Subject: r.ID, Data: map[string]any{"slug": r.Slug, "digest": r.Digest, "new_secret": false, "removed": false}}); err != nil {
		return nil, err
	}
	return r, insertRepository(ctx, tx, r, string(content))
}

func isManual(ch *landing.Change) error {
	if ch.Kind != landing.Manual {
		return fault.New(fault.Conflict, "%s came from a repository: it is approved there", ch.Ref())
	}
	return nil
}

// ApproveAsked approves a change that somebody else asked for (change.approve).
func (s *Service) ApproveAsked(ctx context.Context, p access.Principal, ref, text, compensation string) (*landing.Change, error) {
	return s.word(ctx, p, access.ChangeApprove, ref, "approved", cmp.Or(text, compensation), func(tx *sql.Tx, ch *landing.Change) error {
		if err := isManual(ch); err != nil {
			return err
		}
		if ch.Attribute(landing.Approved).Outcome != landing.NotObserved {
			return fault.New(fault.Conflict, "%s is decided already", ch.Ref())
		}
		if len(ch.Authors) == 0 {
			return fault.New(fault.Refused, "who asked for %s is not known", ch.Ref())
		}
		_, err := access.SecondPerson(ctx, tx, p, ch.Authors[0].Key, access.ChangeApprove, compensation)
		return err
	})
}

// RefuseAsked refuses one (change.approve).
func (s *Service) RefuseAsked(ctx context.Context, p access.Principal, ref, why string) (*landing.Change, error) {
	return s.word(ctx, p, access.ChangeApprove, ref, "refused", why, func(_ *sql.Tx, ch *landing.Change) error {
		if err := isManual(ch); err != nil {
			return err
		}
		if ch.Attribute(landing.Approved).Outcome != landing.NotObserved {
			return fault.New(fault.Conflict, "%s is decided already", ch.Ref())
		}
		return nil
	})
}

// DoneAsked records that a change that was asked for here was made (change.report).
func (s *Service) DoneAsked(ctx context.Context, p access.Principal, ref, text string) (*landing.Change, error) {
	return s.word(ctx, p, access.ChangeReport, ref, "done", text, func(_ *sql.Tx, ch *landing.Change) error {
		if err := isManual(ch); err != nil {
			return err
		}
		if !ch.DeployedAt.IsZero() {
			return fault.New(fault.Conflict, "%s is done already", ch.Ref())
		}
		return nil
	})
}
