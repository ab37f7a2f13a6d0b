package reliance

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// The types of this package's entries.
const (
	Started  = "server.started"
	Stopped  = "server.stopped"
	Judged   = "canary.judged"
	Declared = "reach.declared"
)

const stream = "reliance"

// Stale is how long a declaration of who reaches the data stands.
const Stale = 366 * 24 * time.Hour

const maxDeclared = 4000

// Event is something that this deployment recorded about itself.
type Event struct {
	Entry    string
	Kind     string
	At       time.Time
	By       string
	Version  string
	Origin   string
	Outcome  string
	Reason   string
	RunSQL   string // who can run SQL on the database, as declared
	ReadData string // who can read the data directory and its backups, as declared
}

func (e Event) data() map[string]any {
	d := map[string]any{"version": e.Version, "origin": e.Origin}
	if e.Kind == Judged {
		d["reason"] = e.Reason
	}
	return d
}

func (e Event) personal() map[string]string {
	if e.Kind != Declared {
		return nil
	}
	return map[string]string{"run_sql": e.RunSQL, "read_data": e.ReadData}
}

// Config is what the service rests on.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Clock   clock.Clock                                                               // clock.System
	Version string                                                                    // of the program
	Data    string                                                                    // the data directory
	Grace   func() time.Duration                                                      // after which a source counts as silent
	Engaged func(ctx context.Context, p access.Principal, number int) (Window, error) // the window of an engagement that p sees; 0 is the newest
}

// Service records and reports what concerns Attesta itself.
type Service struct{ cfg Config }

// New makes it.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg}
}

func (s *Service) add(ctx context.Context, actor string, e Event) error {
	e.At, e.By, e.Version, e.Origin = s.cfg.Clock(), actor, s.cfg.Version, s.cfg.Ledger.Origin()
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: e.Kind, Stream: stream, Actor: actor, Subject: subjectOf(e.Kind), Outcome: e.Outcome, Data: e.data(), Personal: e.personal()})
		if err != nil {
			return err
		}
		return insertEvent(ctx, tx, e)
	})
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return err
}

func subjectOf(kind string) string {
	noun, _, _ := strings.Cut(kind, ".")
	return noun
}

// Start records that the server starts, with its version and the ledger's epoch.
func (s *Service) Start(ctx context.Context) error {
	return s.add(ctx, access.System().UserID, Event{Kind: Started})
}

// Stop records that the server ends as it should. An end without it was unclean.
func (s *Service) Stop(ctx context.Context) error {
	return s.add(ctx, access.System().UserID, Event{Kind: Stopped})
}

// Evaluate judges the canary and records what it gave; a job calls it daily.
func (s *Service) Evaluate(ctx context.Context) error {
	c := JudgeCanary()
	if err := s.add(ctx, access.System().UserID, Event{Kind: Judged, Outcome: string(c.Outcome), Reason: shorten(c.Reason, 500)}); err != nil {
		return err
	}
	if !c.Sound() {
		return fault.New(fault.Unavailable, "the known-failing item came out as %s: %s", c.Outcome.Words(), c.Reason).WithHint("judge nothing by this program until it is mended: reinstall it, and report the defect")
	}
	return nil
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// Declaration is what an administrator says about who reaches the data past the
// screens.
type Declaration struct {
	RunSQL   string `json:"run_sql" doc:"Who can run SQL on the database, and how that is limited." maxLength:"4000"`
	ReadData string `json:"read_data" doc:"Who can read the data directory, its keys and its backups." maxLength:"4000"`
}

// Declare records who reaches the data (reliance.declare).
func (s *Service) Declare(ctx context.Context, p access.Principal, d Declaration) error {
	if err := access.Authorise(p, access.RelianceDeclare); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		text *string
		hint string
	}{{"run_sql", &d.RunSQL, "name roles and how each is limited; write nobody where it is nobody"}, {"read_data", &d.ReadData, "name roles, and where backups lie; write nobody where it is nobody"}} {
		*f.text = strings.TrimSpace(*f.text)
		switch {
		case *f.text == "":
			return fault.New(fault.Invalid, "this was not answered").At("", 0, f.name).WithHint("%s", f.hint)
		case len(*f.text) > maxDeclared:
			return fault.New(fault.Invalid, "this has %d bytes; at most %d are kept", len(*f.text), maxDeclared).At("", 0, f.name).WithHint("say it shorter, or name a document")
		}
	}
	return s.add(ctx, p.UserID, Event{Kind: Declared, RunSQL: d.RunSQL, ReadData: d.ReadData})
}

// LastDeclared gives the newest declaration; ok is false where there is none.
func (s *Service) LastDeclared(ctx context.Context) (e Event, ok bool, err error) {
	return lastEvent(ctx, s.cfg.DB.Reader(), Declared)
}

// Bindings hold this package's entries against their rows.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range []string{Started, Stopped, Judged, Declared} {
		all = append(all, ledger.Binding{Name: kind, Check: bound})
	}
	return all
}

func bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s): %s", rec.ID, rec.Type, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	e, ok, err := eventByEntry(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	if !ok {
		return refuse("its row is gone")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	text := func(name string) string { v, _ := rec.Data[name].(string); return v }
	erased := rec.Commitment != "" && said == nil
	if e.Kind != rec.Type || e.By != rec.Actor || e.Version != text("version") || e.Origin != text("origin") || e.Outcome != rec.Outcome || e.Reason != text("reason") ||
		!erased && (e.RunSQL != said["run_sql"] || e.ReadData != said["read_data"]) {
		return refuse("its row says something else than was recorded")
	}
	return nil
}
