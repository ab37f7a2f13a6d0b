package scope

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
)

// Config wires a Service. All fields are required; Ledger only by what writes.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
}

// Service writes and reads the scope.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// unnamed is what a system is called that nobody has named yet.
const unnamed = "The system"

// Begin sets up the system with security alone in scope, in the caller's
// transaction; the caller knows that there is none yet.
func Begin(ctx context.Context, tx *sql.Tx, log *ledger.Log, now time.Time) (System, error) {
	sys := System{ID: ids.New("sys", now), Name: unnamed, Made: Made{At: now, By: "system"}}
	var err error
	sys.Made.Entry, err = log.Append(ctx, tx, ledger.Entry{Type: "system.created", Stream: "system", Actor: "system", Subject: sys.ID})
	if err != nil {
		return sys, fmt.Errorf("record the system: %w", err)
	}
	if err := insertSystem(ctx, tx, sys); err != nil {
		return sys, err
	}
	v := Version{Version: 1, Effective: now, Made: Made{At: now, By: "system"}, Content: Content{Scope: catalog.DefaultScope(), Zone: "UTC"}}
	return sys, add(ctx, tx, log, sys.ID, "system", v)
}

// add appends the ledger entry and the row of a version.
func add(ctx context.Context, tx *sql.Tx, log *ledger.Log, system, stream string, v Version) error {
	content, digest, err := v.Content.Digest()
	if err != nil {
		return err
	}
	v.Digest = digest
	var said map[string]string // what a person wrote may name people: committed to, not written
	if v.Reason != "" {
		said = map[string]string{"reason": v.Reason}
	}
	names := make([]string, len(v.Categories))
	for i, k := range v.Categories {
		names[i] = string(k)
	}
	v.Made.Entry, err = log.Append(ctx, tx, ledger.Entry{
		Type: "scope.set", Stream: stream, Actor: v.Made.By, Subject: system, Personal: said,
		Data: map[string]any{"version": v.Version, "digest": digest, "categories": names, "effective": v.Effective},
	})
	if err != nil {
		return fmt.Errorf("record the scope: %w", err)
	}
	return insertVersion(ctx, tx, system, v, content)
}

// Proposal is a version that a person writes.
type Proposal struct {
	Content
	Reason string // why the scope changes
	From   string // first day on which it holds, in its zone: "2026-01-31"; "" is from now on
}

// Check gives the content as it would be stored, or what cannot be taken.
func (c Content) Check() (Content, error) {
	c.tidy()
	return c, c.check()
}

const maxReason = 1000 // bytes

// Propose adds a version that holds once it is approved. Kind Invalid names the
// field; kind Conflict where nothing would change.
func (s *Service) Propose(ctx context.Context, p access.Principal, n Proposal) (Version, error) {
	if err := access.Authorise(p, access.ScopeEdit); err != nil {
		return Version{}, err
	}
	content, err := n.Content.Check()
	if err != nil {
		return Version{}, err
	}
	reason := strings.TrimSpace(n.Reason)
	if err := words("reason", "the reason", reason, false, maxReason); err != nil {
		return Version{}, err
	}
	now := s.cfg.Clock()
	v := Version{Effective: now, Reason: reason, Made: Made{At: now, By: p.UserID}, Content: content}
	if n.From != "" {
		day, err := time.Parse(time.DateOnly, n.From)
		if err != nil || day.Year() < 2000 || day.Year() > 2200 {
			return Version{}, bad("effective", "%q is no date", n.From).WithHint("write it as 2026-01-31, or leave it empty: from now on")
		}
		v.Effective = clock.DayStart(day.Year(), day.Month(), day.Day(), content.Location()).UTC()
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		sys, history, err := s.load(ctx, tx)
		if err != nil {
			return err
		}
		if len(reason) < 3 {
			return noReason(history, v.Effective)
		}
		v.Version = len(history) + 1
		last := history[len(history)-1]
		if len(Diff(last.Content, content)) == 0 && (n.From == "" || v.Effective.Equal(last.Effective)) {
			return fault.New(fault.Conflict, "this is what version %d says already", last.Version)
		}
		return add(ctx, tx, s.cfg.Ledger, sys.ID, "people", v)
	})
	return v, err
}

// noReason asks for the reason of a change.
func noReason(history []Version, at time.Time) error {
	if w, mid := MidWindow(history, at); mid {
		return bad("reason", "say why the scope changes in the middle of the window from %s to %s", w.From, w.To).
			WithHint("one sentence; the description of the system tells it to every reader of the report")
	}
	return bad("reason", "say why the scope is written or changed").WithHint("one sentence; an auditor reads it")
}

func (s *Service) load(ctx context.Context, q database.Querier) (System, []Version, error) {
	sys, history, err := Load(ctx, q)
	if err == nil && (sys.ID == "" || len(history) == 0) {
		err = fault.New(fault.NotFound, "no system is set up yet").WithHint("start the server once")
	}
	return sys, history, err
}

// Approve lets the newest version hold. Its author may approve it only where
// nobody else could, and then says what stands in for a second person: kind
// Forbidden with another person at hand, kind Invalid without the words.
func (s *Service) Approve(ctx context.Context, p access.Principal, version int, compensation string) error {
	if err := access.Authorise(p, access.ScopeApprove); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person approves the scope, not the program")
	}
	compensation = strings.TrimSpace(compensation)
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		sys, history, err := s.load(ctx, tx)
		if err != nil {
			return err
		}
		if version < 1 || version > len(history) {
			return fault.New(fault.NotFound, "the scope has no version %d", version)
		}
		v := history[version-1]
		switch {
		case v.Approval != nil:
			return fault.New(fault.Conflict, "version %d of the scope is approved already", version)
		case version < len(history):
			return fault.New(fault.Conflict, "version %d of the scope was written after version %d", len(history), version).
				WithHint("approve the newest, or write a version that says what this one does")
		}
		said := ""
		if v.Made.By == p.UserID {
			if said, err = access.Compensate(ctx, tx, p, access.ScopeApprove, compensation); err != nil {
				return err
			}
		}
		now := s.cfg.Clock()
		v.Approval = &Approval{Compensation: said, Made: Made{At: now, By: p.UserID}}
		e := ledger.Entry{Type: "scope.approved", Stream: "people", Actor: p.UserID, Subject: sys.ID,
			Data: map[string]any{"version": v.Version, "digest": v.Digest, "effective": v.Effective, "by_author": said != ""}}
		if said != "" {
			e.Personal = map[string]string{"compensation": said}
		}
		if v.Approval.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
			return fmt.Errorf("record the approval of the scope: %w", err)
		}
		return insertApproval(ctx, tx, sys.ID, v)
	})
}

// History gives every version, oldest first.
func (s *Service) History(ctx context.Context, p access.Principal) ([]Version, error) {
	if err := access.Authorise(p, access.ScopeRead); err != nil {
		return nil, err
	}
	_, history, err := s.load(ctx, s.cfg.DB.Reader())
	return history, err
}

// Now gives the version that holds now. Whoever is signed in may see its name,
// zone and window in the frame of a screen, so no principal is asked for; what
// shows more of it asks for History.
func (s *Service) Now(ctx context.Context) (Version, error) {
	_, history, err := s.load(ctx, s.cfg.DB.Reader())
	return At(history, s.cfg.Clock(), -1), err
}

// Window gives the window of the version that holds now; false where none is
// set, or no system is.
func (s *Service) Window(ctx context.Context) (Window, bool, error) {
	_, history, err := Load(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Window{}, false, err
	}
	w, ok := At(history, s.cfg.Clock(), -1).Window()
	return w, ok, nil
}
