package finding

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// Config is all that the service depends on.
type Config struct {
	DB     *database.DB // required
	Ledger *ledger.Log  // required
	Clock  clock.Clock  // clock.System
	Logger *slog.Logger // slog.Default()
}

// Service keeps findings over one database.
type Service struct {
	cfg      Config
	prepared *database.Prepared // nil where the database is only read
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Service{cfg: cfg}
	// Without them each statement is parsed anew: slower, and nothing else.
	s.prepared, _ = cfg.DB.Prepare(context.Background(), ofItemQuery, numberQuery, insertQuery, updateQuery, eventInsert)
	return s
}

// About is what a finding says of its check when it opens.
type About struct{ Title, Severity string }

// Input is a run's changes, for Apply.
type Input struct {
	Item    outcome.Item
	Run     string // "run_…"
	Actor   string // "src_…", "usr_…" or "system"
	ValidAt time.Time
	Changes []outcome.Change
	Gone    Cause                               // why outcomes that are gone left
	About   func(check, attribute string) About // of attributes that are in force
	Opens   func(check string) bool             // nil: every check opens findings
}

func (in Input) opens(check string) bool { return in.Opens == nil || in.Opens(check) }

// Apply carries the changes of a run over to findings, in the run's
// transaction.
func (s *Service) Apply(ctx context.Context, tx *sql.Tx, in Input) ([]Event, error) {
	if len(in.Changes) == 0 {
		return nil, nil
	}
	have, err := ofItem(ctx, s.prepared.Within(tx), in.Item.ID)
	if err != nil {
		return nil, err
	}
	var events []Event
	for _, c := range in.Changes {
		key := Key{c.Check, c.Attribute, in.Item.ID}
		step := func(rule func(f *Finding) Kind) error {
			e, err := s.apply(ctx, tx, in, c, have, key, rule)
			if err == nil && e.Kind != "" {
				events = append(events, e)
			}
			return err
		}
		f := have[key]
		failing := c.Is == outcome.Fail || c.Is == outcome.Waived
		if failing && !in.opens(c.Check) && (f == nil || f.State == Closed || c.Is == outcome.Fail && f.Waiver == "") {
			continue // judged and counted; what is open already goes on
		}
		fails := func(f *Finding) Kind { return observed(f, outcome.Fail, c.Reason, in.Gone, c.From) }
		is := func(f *Finding) Kind { return observed(f, c.Is, why(c), in.Gone, c.From) }
		switch {
		case c.Is == outcome.Waived && (f == nil || f.State == Closed): // it fails, for the first time or again, under a waiver
			err = errors.Join(step(fails), step(func(f *Finding) Kind { return waive(f, c) }))
		case c.Is == outcome.Waived:
			err = step(func(f *Finding) Kind { return waive(f, c) })
		case f != nil && f.Waiver != "" && c.Is != outcome.Pass && c.Is != outcome.Fail: // nothing is waived where nothing can be said
			err = errors.Join(step(func(f *Finding) Kind { return unwaive(f, c.Reason, c.From) }), step(is))
		default:
			err = step(is)
		}
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}

// apply lets a rule change the newest finding of an identity, and records what
// happened to it; the event has no kind where nothing did.
func (s *Service) apply(ctx context.Context, tx *sql.Tx, in Input, c outcome.Change, have map[Key]*Finding, key Key, rule func(*Finding) Kind) (Event, error) {
	f := have[key]
	from := State("")
	if f != nil {
		from = f.State
		f.ItemName, f.Source = in.Item.Name, in.Item.Source
	}
	kind := rule(f)
	if kind == "" {
		return Event{}, nil
	}
	if kind == Opened {
		from = ""
		f = s.open(in, c, c.From)
		have[key] = f
	}
	return s.record(ctx, tx, f, Event{Kind: kind, From: from, To: f.State, ValidAt: c.From, Actor: in.Actor, Reason: f.Reason, Run: in.Run}, "source/"+in.Item.Source)
}

// open gives a new finding whose clock runs from a moment.
func (s *Service) open(in Input, c outcome.Change, from time.Time) *Finding {
	about := in.About(c.Check, c.Attribute)
	return &Finding{ID: ids.New("fnd", s.cfg.Clock()), Check: c.Check, Attribute: c.Attribute, Item: in.Item.ID, ItemName: in.Item.Name,
		Population: in.Item.Population, Source: in.Item.Source, Title: about.Title, Severity: about.Severity, State: Open, Reason: c.Reason,
		OpenedAt: from, FailingSince: c.From, Due: from.Add(Allowed(about.Severity)), OpenedRun: in.Run}
}

// Align holds an item's findings against the tiers that are switched on, in the
// run's transaction: in.Changes is all that fails now, whether it changed or
// not; what a waiver covers opens a finding when that ends. Its caller has applied
// the run's changes already.
func (s *Service) Align(ctx context.Context, tx *sql.Tx, in Input) ([]Event, error) {
	have, err := ofItem(ctx, s.prepared.Within(tx), in.Item.ID)
	if err != nil {
		return nil, err
	}
	var events []Event
	for _, c := range in.Changes {
		f := have[Key{c.Check, c.Attribute, in.Item.ID}]
		e := Event{ValidAt: in.ValidAt, Actor: in.Actor, Run: in.Run}
		if f != nil {
			e.From = f.State
		}
		switch {
		case !in.opens(c.Check):
			if f != nil {
				e.Kind = stale(f, TierOff, "the tier of its check was switched off")
			}
		case f == nil, f.State == Closed && in.ValidAt.Sub(f.ClosedAt) > ReopenWithin:
			f, e.From, e.Kind = s.open(in, c, in.ValidAt), "", Opened
		case f.State == Closed || f.State == Stale && f.Cause != Silent: // it fails, whatever it was put aside for
			e.Kind = observed(f, outcome.Fail, c.Reason, "", in.ValidAt)
		}
		if e.Kind == "" {
			continue
		}
		e.To, e.Reason = f.State, f.Reason
		if e, err = s.record(ctx, tx, f, e, "source/"+in.Item.Source); err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// Silence makes an item's findings stale because its source fell silent, in the
// caller's transaction.
func (s *Service) Silence(ctx context.Context, tx *sql.Tx, item outcome.Item, since time.Time) ([]Event, error) {
	return s.each(ctx, tx, item, "system", since, func(f *Finding) Kind {
		if f.State == Stale {
			return ""
		}
		return stale(f, Silent, "nothing was heard of "+item.Name+" since "+since.UTC().Format("2 Jan 2006 15:04:05 MST"))
	})
}

// Heard takes up again what Silence put aside: the item fails as it did.
func (s *Service) Heard(ctx context.Context, tx *sql.Tx, item outcome.Item, at time.Time) ([]Event, error) {
	return s.each(ctx, tx, item, item.Source, at, func(f *Finding) Kind {
		if f.State != Stale || f.Cause != Silent {
			return ""
		}
		return resume(f, item.Name+" is heard again, and this was failing when it was last observed")
	})
}

// each applies a rule to an item's findings.
func (s *Service) each(ctx context.Context, tx *sql.Tx, item outcome.Item, actor string, at time.Time, rule func(*Finding) Kind) ([]Event, error) {
	have, err := ofItem(ctx, s.prepared.Within(tx), item.ID)
	if err != nil {
		return nil, err
	}
	all := make([]*Finding, 0, len(have))
	for _, f := range have {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *Finding) int { return int(a.Number - b.Number) })
	var events []Event
	for _, f := range all {
		from := f.State
		kind := rule(f)
		if kind == "" {
			continue
		}
		e, err := s.record(ctx, tx, f, Event{Kind: kind, From: from, To: f.State, ValidAt: at, Actor: actor, Reason: f.Reason}, "source/"+item.Source)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// record writes a finding, the line of its timeline and the ledger entry.
func (s *Service) record(ctx context.Context, tx *sql.Tx, f *Finding, e Event, stream string) (Event, error) {
	q := s.prepared.Within(tx)
	e.At, e.Index = s.cfg.Clock(), -1
	f.ChangedAt = e.At
	if e.Run != "" {
		f.LastRun = e.Run
	}
	var err error
	if e.Kind == Opened {
		if f.Number, err = nextNumber(ctx, q); err != nil {
			return e, err
		}
	}
	e.Finding, e.Number, e.Owner = f.ID, f.Number, f.Owner
	entry := ledger.Entry{Type: "finding." + string(e.Kind), Stream: stream, Actor: e.Actor, Subject: f.ID, Outcome: string(f.State), Data: entryData(*f, e)}
	if e.Note != "" {
		entry.Personal = map[string]string{"note": e.Note}
	}
	if e.Entry, err = s.cfg.Ledger.Append(ctx, tx, entry); err != nil {
		return e, fmt.Errorf("record %s of %s: %w", e.Kind, f.Ref(), err)
	}
	if e.Kind == Opened {
		err = insertFinding(ctx, q, *f)
	} else {
		err = updateFinding(ctx, q, *f)
	}
	if err != nil {
		return e, err
	}
	e.Seq, err = insertEvent(ctx, q, e)
	return e, err
}

// entryData is what a transition's ledger entry says, and what the timeline is
// held against. The reason may name what was read on a host; it stays outside.
func entryData(f Finding, e Event) map[string]any {
	d := map[string]any{"number": f.Number, "check": f.Check, "attribute": f.Attribute, "item": f.Item, "severity": f.Severity,
		"from": string(e.From), "to": string(e.To), "valid_at": e.ValidAt, "due": f.Due}
	if f.Cause != "" {
		d["cause"] = string(f.Cause)
	}
	if e.Owner != "" {
		d["owner"] = e.Owner
	}
	if f.Waiver != "" {
		d["waiver"], d["waived_until"] = f.Waiver, f.WaivedUntil
	}
	if e.Run != "" {
		d["run"] = e.Run
	}
	return d
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	States      []State
	Severities  []string
	Check       string
	Attribute   string
	Item        string
	Source      string
	Owner       string    // "usr_…"
	Query       string    // part of title, item name, check or number, whatever the case
	OverdueAt   time.Time // neither closed nor waived, and due before
	Live        bool      // everything but closed
	ClosedSince time.Time
}

// Order is how a list is sorted.
type Order string

// The orders.
const (
	ByUrgency Order = ""       // severity, then due
	ByDue     Order = "due"    // soonest first
	ByNumber  Order = "number" // newest first
	ByChange  Order = "change" // newest transition first
)

// Page is one page of a list.
type Page struct {
	Findings []Finding
	Next     string // cursor; "" at the end
	Total    int64  // exact up to CountLimit
	More     bool   // there are more than CountLimit
}

// CountLimit is how far lists are counted exactly.
const CountLimit = 10_000

// Summary counts findings by state and, for those that are not closed, by severity.
type Summary struct {
	States     map[State]int64
	Severities map[string]int64
	Overdue    int64
	Late       map[State]int64 // of each state, what is overdue
	More       bool            // more findings are closed than CountLimit, which is what States says of them
}

// List gives a page of findings.
func (s *Service) List(ctx context.Context, f Filter, order Order, cursor string, limit int) (Page, error) {
	if limit < 1 || limit > 1000 {
		return Page{}, fault.New(fault.Invalid, "a page has 1 to 1000 findings").At("", 0, "limit")
	}
	return list(ctx, s.cfg.DB.Reader(), f, order, cursor, limit)
}

// Summary counts the findings that a filter selects.
func (s *Service) Summary(ctx context.Context, f Filter) (Summary, error) {
	return summary(ctx, s.cfg.DB.Reader(), f, s.cfg.Clock())
}

// Get gives one finding by id or by its number ("F-12").
func (s *Service) Get(ctx context.Context, ref string) (Finding, error) {
	return get(ctx, s.cfg.DB.Reader(), ref)
}

// Timeline gives a finding's events, oldest first.
func (s *Service) Timeline(ctx context.Context, id string) ([]Event, error) {
	return timeline(ctx, s.cfg.DB.Reader(), id)
}

// Recent gives the newest transitions of all findings, newest first.
func (s *Service) Recent(ctx context.Context, limit int) ([]Event, error) {
	return recent(ctx, s.cfg.DB.Reader(), limit)
}

// Key is a finding's identity.
type Key struct{ Check, Attribute, Item string }

// EventEntries gives the ledger entries of what happened to findings of checks
// in [from, to), oldest first.
func (s *Service) EventEntries(ctx context.Context, checks []string, from, to time.Time) ([]string, error) {
	return eventEntries(ctx, s.cfg.DB.Reader(), checks, clock.Micros(from), clock.Micros(to))
}

// OpenOf gives the findings of a check that are not closed.
func (s *Service) OpenOf(ctx context.Context, check string) (map[Key]Finding, error) {
	return openOf(ctx, s.cfg.DB.Reader(), check)
}

// Bindings are Bound under the types of the entries that it answers for.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range []Kind{Opened, Reopened, WasAcknowledged, WentStale, Resumed, ClosedIt, WasWaived, WaiverEnded, Released, Assigned} {
		all = append(all, ledger.Binding{Name: "finding." + kind, Check: Bound})
	}
	return all
}

// Bound holds a finding's timeline against a ledger entry about it.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Refused, "%s of %s: %s", rec.Type, rec.Subject, fmt.Sprintf(format, args...))
	}
	f, err := get(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return refuse("there is no such finding")
	}
	if err != nil {
		return err
	}
	events, err := timeline(ctx, q, f.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(events, func(e Event) bool { return e.Entry == rec.ID })
	if at < 0 {
		return refuse("its timeline has no such line")
	}
	e := events[at]
	for name, pair := range map[string][2]any{
		"kind":      {"finding." + string(e.Kind), rec.Type},
		"actor":     {e.Actor, rec.Actor},
		"number":    {f.Number, rec.Data["number"]},
		"check":     {f.Check, rec.Data["check"]},
		"attribute": {f.Attribute, rec.Data["attribute"]},
		"item":      {f.Item, rec.Data["item"]},
		"severity":  {f.Severity, rec.Data["severity"]},
		"from":      {string(e.From), rec.Data["from"]},
		"to":        {string(e.To), rec.Data["to"]},
		"valid at":  {e.ValidAt.UTC().Format("2006-01-02T15:04:05.000000Z"), rec.Data["valid_at"]},
		"due":       {f.dues(events)[at].UTC().Format("2006-01-02T15:04:05.000000Z"), rec.Data["due"]},
	} {
		if pair[0] != pair[1] {
			return refuse("the row says %s is %v, the ledger says %v", name, pair[0], pair[1])
		}
	}
	if at == len(events)-1 && f.State != e.To {
		return refuse("it is %s, and its last entry made it %s", f.State, e.To)
	}
	if owner, _ := rec.Data["owner"].(string); owner != e.Owner || at == len(events)-1 && owner != f.Owner {
		return refuse("its row says owner %q, its line %q, the ledger %q", f.Owner, e.Owner, owner)
	}
	if waiver, _ := rec.Data["waiver"].(string); at == len(events)-1 && waiver != f.Waiver {
		return refuse("its row says waiver %q, its last entry %q", f.Waiver, waiver)
	}
	return nil
}
