package control

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/scope"
)

// Config wires a Service. All fields are required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Clock   clock.Clock
	Library *Library // what controls are adopted from
}

// Service changes and lists controls.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Library gives the library that controls are adopted from.
func (s *Service) Library() *Library { return s.cfg.Library }

// Start prepares a new data directory: a system with security alone in scope,
// and the starter profile of the library as drafts. It does nothing where a
// system exists; the server calls it at each start.
func (s *Service) Start(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := Load(ctx, tx)
		if err != nil || have.System.ID != "" {
			return err
		}
		now := s.cfg.Clock()
		sys, err := scope.Begin(ctx, tx, s.cfg.Ledger, now)
		if err != nil {
			return err
		}
		number := 0
		for _, d := range s.cfg.Library.Designs {
			if !d.Starter {
				continue
			}
			number++
			c := Control{ID: ids.New("ctl", now), Slug: d.Slug, Number: number}
			if err := insertControl(ctx, tx, sys.ID, c); err != nil {
				return err
			}
			v := Version{Seq: 1, Version: 1, State: Draft, Design: d, Library: s.cfg.Library.Name()}
			if err := s.addVersion(ctx, tx, access.System(), c.ID, "control.adopted", v, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// addVersion appends the ledger entry and the row of a version.
func (s *Service) addVersion(ctx context.Context, tx *sql.Tx, p access.Principal, controlID, what string, v Version, now time.Time) error {
	content, digest, err := v.Design.Digest()
	if err != nil {
		return fmt.Errorf("control %s: %w", v.Design.Slug, err)
	}
	v.Digest, v.Effective, v.Made = digest, now, Made{At: now, By: p.UserID}
	var said map[string]string // what a person wrote may name people: committed to, not written
	if v.Reason != "" {
		said = map[string]string{"reason": v.Reason}
	}
	v.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{
		Type: what, Stream: stream(p), Actor: p.UserID, Subject: v.Design.Slug, Personal: said,
		Data: map[string]any{"control": controlID, "seq": v.Seq, "version": v.Version, "state": string(v.State),
			"digest": digest, "library": v.Library, "effective": now},
	})
	if err != nil {
		return fmt.Errorf("record control %s: %w", v.Design.Slug, err)
	}
	return insertVersion(ctx, tx, controlID, v, content)
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

func (s *Service) program(ctx context.Context, q database.Querier) (*Program, error) {
	p, err := Load(ctx, q)
	if err == nil && p.System.ID == "" {
		return nil, fault.New(fault.NotFound, "no system is set up yet").WithHint("start the server once")
	}
	return p, err
}

// Program gives the system, its scopes and its controls.
func (s *Service) Program(ctx context.Context, p access.Principal) (*Program, error) {
	if err := access.Authorise(p, access.ControlRead); err != nil {
		return nil, err
	}
	return s.program(ctx, s.cfg.DB.Reader())
}

// Get gives one control with its history; NotFound where it was never adopted.
func (s *Service) Get(ctx context.Context, p access.Principal, slug string) (Control, error) {
	if err := access.Authorise(p, access.ControlRead); err != nil {
		return Control{}, err
	}
	have, err := s.program(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Control{}, err
	}
	return find(have, slug)
}

func find(p *Program, slug string) (Control, error) {
	for _, c := range p.Controls {
		if c.Slug == slug {
			return c, nil
		}
	}
	return Control{}, fault.New(fault.NotFound, "the organisation has no control %q", slug)
}

// change adds a version to a control, made from its newest one by edit.
func (s *Service) change(ctx context.Context, p access.Principal, slug, what string, edit func(v *Version) error) error {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		c, err := find(have, slug)
		if err != nil {
			return err
		}
		return s.append(ctx, tx, p, c, what, edit)
	})
}

func (s *Service) append(ctx context.Context, tx *sql.Tx, p access.Principal, c Control, what string, edit func(v *Version) error) error {
	v := c.Current()
	v.Seq, v.Reason = v.Seq+1, ""
	before := v.Digest
	if err := edit(&v); err != nil {
		return err
	}
	_, digest, err := v.Design.Digest()
	if err != nil {
		return fmt.Errorf("control %s: %w", c.Slug, err)
	}
	if digest != before {
		v.Version++
	}
	return s.addVersion(ctx, tx, p, c.ID, what, v, s.cfg.Clock())
}

// Adopt takes a control of the library into use, approved by p. A retired
// control comes back with the library's design; one that is in use is a
// Conflict.
func (s *Service) Adopt(ctx context.Context, p access.Principal, slug string) error {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return err
	}
	d, ok := s.cfg.Library.Design(slug)
	if !ok {
		return fault.New(fault.NotFound, "the library %s has no control %q", s.cfg.Library.Name(), slug)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		c, err := find(have, slug)
		if err == nil {
			return s.append(ctx, tx, p, c, "control.adopted", func(v *Version) error {
				if v.State != Retired {
					return fault.New(fault.Conflict, "control %s is in use already", slug)
				}
				v.State, v.Design, v.Library = Adopted, d, s.cfg.Library.Name()
				return nil
			})
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		now := s.cfg.Clock()
		c = Control{ID: ids.New("ctl", now), Slug: slug}
		if c.Number, err = nextNumber(ctx, tx, have.System.ID); err != nil {
			return err
		}
		if err := insertControl(ctx, tx, have.System.ID, c); err != nil {
			return err
		}
		v := Version{Seq: 1, Version: 1, State: Adopted, Design: d, Library: s.cfg.Library.Name()}
		return s.addVersion(ctx, tx, p, c.ID, "control.adopted", v, now)
	})
}

// Approve takes a draft as it stands. A control that is no draft is a Conflict.
func (s *Service) Approve(ctx context.Context, p access.Principal, slug string) error {
	return s.change(ctx, p, slug, "control.approved", approve)
}

func approve(v *Version) error {
	if v.State != Draft {
		return fault.New(fault.Conflict, "control %s is %s, not a draft", v.Design.Slug, v.State)
	}
	v.State = Adopted
	return nil
}

// ApproveAll approves every draft and gives their number.
func (s *Service) ApproveAll(ctx context.Context, p access.Principal) (int, error) {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return 0, err
	}
	n := 0
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		n = 0 // the transaction may run more than once
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range have.Controls {
			if c.Current().State != Draft {
				continue
			}
			if err := s.append(ctx, tx, p, c, "control.approved", approve); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// Tailor changes a control's design from now on; the reason is kept with it.
// A draft that a person tailors is approved by that.
func (s *Service) Tailor(ctx context.Context, p access.Principal, slug string, t Tailoring) error {
	return s.change(ctx, p, slug, "control.tailored", func(v *Version) error {
		if v.State == Retired {
			return fault.New(fault.Conflict, "control %s is retired", slug).WithHint("adopt it again first")
		}
		d, err := t.apply(v.Design)
		if err != nil {
			return err
		}
		_, digest, err := d.Digest()
		if err != nil {
			return err
		}
		if digest == v.Digest {
			return fault.New(fault.Invalid, "nothing of control %s would change", slug)
		}
		v.Design, v.Reason, v.State = d, t.Reason, Adopted
		return nil
	})
}

// Retire ends the use of a control from now on.
func (s *Service) Retire(ctx context.Context, p access.Principal, slug, reason string) error {
	return s.change(ctx, p, slug, "control.retired", func(v *Version) error {
		if v.State == Retired {
			return fault.New(fault.Conflict, "control %s is retired already", slug)
		}
		if len(reason) < 3 {
			return fault.New(fault.Invalid, "say why the control is retired").At("", 0, "reason")
		}
		v.State, v.Reason = Retired, reason
		return nil
	})
}
