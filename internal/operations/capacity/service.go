package capacity

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
)

// Config is what the service depends on. DB, Ledger and Hosts are required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Clock   clock.Clock   // clock.System
	Version string        // of this program
	Grace   time.Duration // Late: after which a host's use is not known
	// Promises gives the commitments of the scope by id; nil: any.
	Promises func(ctx context.Context) (map[string]string, error)
}

// Service keeps capacity over one database.
type Service struct {
	cfg     Config
	plans   *journal.Journal[Plan]
	reviews *journal.Journal[Review]

	book *entries.Book

	mu      sync.Mutex // one Turn at a time
	entries []entries.Entry
	judged  time.Time // guarded by mu: when commitments were held against use last
	by      string    // guarded by mu: the plan that they were of
	dropped int       // guarded by mu: day on which old history was removed
}

// PlanObject is a version of the plan with its number and history.
type PlanObject = journal.Object[Plan]

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Grace == 0 {
		cfg.Grace = Late
	}
	j := journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}
	return &Service{cfg: cfg, book: entries.New(entries.Config{DB: cfg.DB, Ledger: cfg.Ledger, Hosts: cfg.Hosts, Clock: cfg.Clock, Version: cfg.Version}), plans: journal.New[Plan](j, PlanKind), reviews: journal.New[Review](j, ReviewKind)}
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	return slices.Concat(journal.Bindings[Plan](PlanKind), journal.Bindings[Review](ReviewKind))
}

// judgeEvery is how often commitments are held against use; between, what was found
// is in force.
const judgeEvery = 5 * time.Minute

// Turn rolls up days that are over, and holds the commitments in force against what
// is used. It is called every half minute.
func (s *Service) Turn(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	today := dayOf(now)
	if err := s.roll(ctx, today); err != nil {
		return err
	}
	if s.dropped != today {
		if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return drop(ctx, tx, today) }); err != nil {
			return err
		}
		s.dropped = today
	}
	plan, err := s.inForce(ctx)
	if err != nil {
		return err
	}
	by := ""
	if plan != nil {
		by = plan.ID
	}
	if since := now.Sub(s.judged); s.by != by || since >= judgeEvery || since < 0 || s.judged.IsZero() {
		if err := s.judge(ctx, plan, now); err != nil {
			return err
		}
		s.judged, s.by = now, by
	}
	return s.book.Observe(ctx, s.entries)
}

// source names a commitment as a source of facts.
func source(key string) string { return "src_capacity-" + key }

// judge holds the commitments of a plan against what is used.
func (s *Service) judge(ctx context.Context, plan *PlanObject, now time.Time) error {
	hosts, err := s.refresh(ctx, now)
	if err != nil {
		return err
	}
	open, err := exceedances(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	was := map[string]map[string]Exceedance{}
	for _, e := range open {
		if was[e.Line] == nil {
			was[e.Line] = map[string]Exceedance{}
		}
		was[e.Line][key(e.Source, e.No)] = e
	}
	var lines []Line
	if plan != nil {
		lines = plan.Content.Lines
	}
	series, said := map[string]map[string][]*Series{}, []entries.Entry{}
	var found []verdict
	for _, l := range lines {
		if series[l.On] == nil {
			list, err := ofMeasure(ctx, s.cfg.DB.Reader(), l.On)
			if err != nil {
				return err
			}
			series[l.On] = map[string][]*Series{}
			for _, x := range list {
				series[l.On][x.Source] = append(series[l.On][x.Source], x)
			}
		}
		v := hold(l, hosts, series[l.On], was[l.Key], now, s.cfg.Grace)
		sec, err := v.section()
		if err != nil {
			return err
		}
		said, found = append(said, entries.Entry{Population: host.Capacity, Source: source(l.Key), Name: l.Key, Section: sec}), append(found, v)
	}
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, v := range found {
			if err := setExceeded(ctx, tx, v.line.Key, v.exceeded, was[v.line.Key]); err != nil {
				return err
			}
		}
		for line := range was {
			if !slices.ContainsFunc(lines, func(l Line) bool { return l.Key == line }) {
				if err := dropLine(ctx, tx, line); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for cursor := ""; ; {
		there, next, _, err := s.cfg.Hosts.Plain(ctx, host.Filter{Population: host.Capacity}, cursor, 1000)
		if err != nil {
			return err
		}
		for _, h := range there {
			if !slices.ContainsFunc(lines, func(l Line) bool { return source(l.Key) == h.Source }) {
				if err := s.book.Leave(ctx, h.Source, "the plan in force does not hold this commitment any more"); err != nil {
					return err
				}
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	s.entries = said
	return nil
}

// refresh brings names, environments and who left from the register of hosts.
func (s *Service) refresh(ctx context.Context, now time.Time) ([]Host, error) {
	hosts, err := readHosts(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	known := map[string]host.Host{}
	for cursor := ""; ; {
		list, next, _, err := s.cfg.Hosts.Plain(ctx, host.Filter{}, cursor, 1000)
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			known[h.Source] = h
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	var changed []Host
	var left []Event
	for i := range hosts {
		h, was := &hosts[i], hosts[i]
		if now, there := known[h.Source]; there {
			h.ID, h.Name, h.Environment, h.Gone = now.ID, now.Name, now.Environment, false
			if now.Name == "" {
				h.Name = now.ID
			}
		} else {
			h.Gone = true
		}
		if h.Gone && !was.Gone && was.ID != "" {
			left = append(left, Event{Source: h.Source, At: now, Kind: "left"})
		}
		if h.ID != was.ID || h.Name != was.Name || h.Environment != was.Environment || h.Gone != was.Gone {
			changed = append(changed, *h)
		}
	}
	if len(changed) == 0 {
		return hosts, nil
	}
	return hosts, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, h := range changed {
			if err := putHost(ctx, tx, h); err != nil {
				return err
			}
		}
		for _, e := range left {
			if err := addEvent(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// inForce gives the plan that is in force; nil where none is.
func (s *Service) inForce(ctx context.Context) (*PlanObject, error) {
	list, _, err := s.plans.List(ctx, journal.Filter{States: []string{string(InForce)}, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Plan gives the plan that is in force; nil where none is (capacity.read).
func (s *Service) Plan(ctx context.Context, p access.Principal) (*PlanObject, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	return s.inForce(ctx)
}

// Plans gives the versions of the plan, newest first (capacity.read).
func (s *Service) Plans(ctx context.Context, p access.Principal) ([]PlanObject, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	list, _, err := s.plans.List(ctx, journal.Filter{})
	return list, err
}

// GetPlan gives one version with its history (capacity.read).
func (s *Service) GetPlan(ctx context.Context, p access.Principal, ref string) (*PlanObject, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	return s.plans.Get(ctx, ref)
}

func (s *Service) edit(p access.Principal, a access.Action) error {
	if err := access.Authorise(p, a); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person does this")
	}
	return nil
}

func (s *Service) text(ctx context.Context, in PlanText) (PlanText, error) {
	in.Lines = slices.Clone(in.Lines)
	if err := in.tidy(); err != nil {
		return in, err
	}
	if s.cfg.Promises == nil {
		return in, nil
	}
	promises, err := s.cfg.Promises(ctx)
	if err != nil {
		return in, err
	}
	for i, l := range in.Lines {
		if _, there := promises[l.Serves]; l.Serves != "" && !there {
			return in, bad(fmt.Sprintf("commitments[%d].serves", i), "the scope has no commitment %q", l.Serves).WithHint("see the scope, or leave it empty")
		}
	}
	return in, nil
}

// DraftPlan writes a new version of the plan (capacity.edit). It holds once somebody
// else approved it.
func (s *Service) DraftPlan(ctx context.Context, p access.Principal, in PlanText) (*PlanObject, error) {
	if err := s.edit(p, access.CapacityEdit); err != nil {
		return nil, err
	}
	in, err := s.text(ctx, in)
	if err != nil {
		return nil, err
	}
	drafts, _, err := s.plans.List(ctx, journal.Filter{States: []string{string(Draft)}})
	if err != nil {
		return nil, err
	}
	if len(drafts) > 0 {
		return nil, fault.New(fault.Conflict, "%s is a draft already", drafts[0].Ref).WithHint("edit it, or withdraw it first")
	}
	return s.plans.Create(ctx, p, "drafted", "", Plan{PlanText: in, State: Draft, Author: p.UserID})
}

// EditPlan writes a draft anew (capacity.edit); whoever writes it becomes its author.
func (s *Service) EditPlan(ctx context.Context, p access.Principal, ref string, base int64, in PlanText) (*PlanObject, error) {
	if err := s.edit(p, access.CapacityEdit); err != nil {
		return nil, err
	}
	in, err := s.text(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.plans.Change(ctx, p, ref, base, "edited", "", func(_ *sql.Tx, o *PlanObject) error {
		if o.Content.State != Draft {
			return fault.New(fault.Conflict, "%s is no draft any more", o.Ref).WithHint("draft a new version")
		}
		o.Content.PlanText, o.Content.Author = in, p.UserID
		return nil
	})
}

// ApprovePlan takes a draft into force in place of the version before
// (capacity.approve): another person than its author.
func (s *Service) ApprovePlan(ctx context.Context, p access.Principal, ref, note, alone string) (*PlanObject, error) {
	if err := s.edit(p, access.CapacityApprove); err != nil {
		return nil, err
	}
	old, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	return s.plans.Change(ctx, p, ref, 0, "approved", note, func(tx *sql.Tx, o *PlanObject) error {
		if o.Content.State != Draft {
			return fault.New(fault.Conflict, "%s is no draft", o.Ref)
		}
		said, err := access.SecondPerson(ctx, tx, p, o.Content.Author, access.CapacityApprove, alone)
		if err != nil {
			return err
		}
		now := s.cfg.Clock()
		o.Content.State, o.Content.Approver, o.Content.Alone, o.Content.From = InForce, p.UserID, said, now
		if old == nil {
			return nil
		}
		_, err = s.plans.ChangeIn(ctx, tx, p, old.ID, old.Seq, "replaced", "", func(_ *sql.Tx, was *PlanObject) error {
			was.Content.State, was.Content.To = Replaced, now
			return nil
		})
		return err
	})
}

// WithdrawPlan gives a draft up, with a reason (capacity.edit).
func (s *Service) WithdrawPlan(ctx context.Context, p access.Principal, ref, note string) (*PlanObject, error) {
	if err := s.edit(p, access.CapacityEdit); err != nil {
		return nil, err
	}
	if _, err := journal.Note(note, true); err != nil {
		return nil, err
	}
	return s.plans.Change(ctx, p, ref, 0, "withdrawn", note, func(_ *sql.Tx, o *PlanObject) error {
		if o.Content.State != Draft {
			return fault.New(fault.Conflict, "%s is no draft", o.Ref)
		}
		o.Content.State = Withdrawn
		return nil
	})
}

// Now gives the service's time.
func (s *Service) Now() time.Time { return s.cfg.Clock() }

// Promises gives the commitments of the scope by id.
func (s *Service) Promises(ctx context.Context) (map[string]string, error) {
	if s.cfg.Promises == nil {
		return nil, nil
	}
	return s.cfg.Promises(ctx)
}

// starter is a plan to begin with.
func starter() []Line {
	return []Line{
		{Key: "disks", Title: "Disks are not full", On: "disk.bytes", Test: Now, Mark: 80, Clear: 75, Scope: "all", Why: "Room for a day of logs and a restore beside the data."},
		{Key: "disks-foreseen", Title: "No disk is full within a month", On: "disk.bytes", Test: Foreseen, Within: 30, Scope: "all", Why: "An order and its approval take three weeks."},
		{Key: "inodes", Title: "Disks can hold more files", On: "disk.inodes", Test: Now, Mark: 85, Clear: 80, Scope: "all", Why: "Small files end before bytes do."},
		{Key: "memory-day", Title: "Memory is not used up for a day", On: "memory", Test: Day, Mark: 90, Clear: 85, Scope: "all", Why: "Above it the kernel begins to end programs."},
		{Key: "processors-day", Title: "Processors are not busy for a day", On: "cpu", Test: Day, Mark: 85, Clear: 80, Scope: "all", Why: "Room for one host that fails."},
		{Key: "connections-tracked", Title: "Connections can be tracked", On: "conntrack", Test: Now, Mark: 80, Clear: 70, Scope: "all", Why: "A full table drops new connections without a word."},
	}
}

// Starter gives commitments to begin with.
func Starter() PlanText {
	return PlanText{Why: "First commitments on capacity.", Lines: starter()}
}

// Only chooses what a list shows.
type Only string

// What a list may show.
const (
	Over Only = "over" // a commitment is exceeded
	Soon Only = "soon" // full within 90 days
)

// Filter chooses series; zero values choose all.
type Filter struct {
	Query       string
	Measure     string
	Environment string
	Only        Only
	After       string // cursor of the next page
	Limit       int    // 50
	after       *Series
}

// Row is a series in a list.
type Row struct {
	Series
	Host        string   `json:"host"`
	HostID      string   `json:"host_id"`
	Environment string   `json:"environment,omitempty"`
	Exceeds     []string `json:"exceeds,omitempty"` // keys of commitments
	Held        []string `json:"held,omitempty"`    // keys of commitments that hold for it
}

// Path leads to its page.
func (r Row) Path() string { return fmt.Sprintf("/capacity/%s/%d", r.HostID, r.No) }

// Counts says how many series there are.
type Counts struct {
	All   int64 `json:"all"`
	Over  int64 `json:"over"`
	Soon  int64 `json:"soon"`
	Hosts int64 `json:"hosts"`
}

// List gives series, worst first (capacity.read).
func (s *Service) List(ctx context.Context, p access.Principal, f Filter) (rows []Row, next string, err error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, "", err
	}
	if _, known := MeasureOf(f.Measure); f.Measure != "" && !known {
		return nil, "", bad("measure", "no measure is called %q", f.Measure).WithHint("one of %s", names())
	}
	if f.Only != "" && f.Only != Over && f.Only != Soon {
		return nil, "", bad("only", "choose over or soon")
	}
	if f.Limit < 1 || f.Limit > 1000 {
		f.Limit = 50
	}
	if f.After != "" {
		f.after = &Series{}
		if n, err := fmt.Sscanf(strings.ReplaceAll(f.After, "|", " "), "%d %s %d", &f.after.Worst, &f.after.Source, &f.after.No); err != nil || n != 3 {
			return nil, "", bad("after", "%q is no place in this list", f.After)
		}
	}
	f.Limit++
	if rows, err = listed(ctx, s.cfg.DB.Reader(), f); err != nil {
		return nil, "", err
	}
	if len(rows) == f.Limit {
		rows = rows[:f.Limit-1]
		last := rows[len(rows)-1]
		next = fmt.Sprintf("%d|%s|%d", last.Worst, last.Source, last.No)
	}
	return rows, next, s.commit(ctx, rows)
}

// commit says for rows which commitments are about them, and which they exceed.
func (s *Service) commit(ctx context.Context, rows []Row) error {
	plan, err := s.inForce(ctx)
	if err != nil || plan == nil {
		return err
	}
	open, err := exceedances(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	over := map[string][]string{}
	for _, e := range open {
		over[key(e.Source, e.No)] = append(over[key(e.Source, e.No)], e.Line)
	}
	for i := range rows {
		r := &rows[i]
		for _, l := range plan.Content.Lines {
			if l.On == r.Measure && (l.Place == "" || l.Place == r.Place) && l.holds(Host{Name: r.Host, Environment: r.Environment}) {
				r.Held = append(r.Held, l.Key)
			}
		}
		r.Exceeds = over[key(r.Source, r.No)]
	}
	return nil
}

// Counts says how many series there are (capacity.read).
func (s *Service) Counts(ctx context.Context, p access.Principal) (Counts, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return Counts{}, err
	}
	return counts(ctx, s.cfg.DB.Reader())
}

// Mark is what one day of a series was, or one hour. Basis points of the limit of then.
type Mark struct {
	At    time.Time `json:"at"`
	Least int64     `json:"least"`
	Mean  int64     `json:"mean"`
	Most  int64     `json:"most"`
	Limit int64     `json:"limit"`
}

// Line is one series with its history.
type History struct {
	Row
	Missing map[string]string `json:"missing,omitempty"`
	Days    []Mark            `json:"days"`
	Hours   []Mark            `json:"hours"`
	Events  []Event           `json:"events"`
	Over    []Exceedance      `json:"exceedances"`
	Lines   []Line            `json:"commitments"`
}

// Show gives one series with its history (capacity.read). host is an id of a host
// or of its source.
func (s *Service) Show(ctx context.Context, p access.Principal, which string, no int) (*History, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	h, known, err := hostOf(ctx, q, which)
	if err != nil {
		return nil, err
	}
	none := fault.New(fault.NotFound, "there is no such capacity of %q", which).WithHint("see the list of capacity")
	if !known {
		return nil, none
	}
	list, err := seriesOf(ctx, q, h.Source)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(x *Series) bool { return x.No == no })
	if i < 0 {
		return nil, none
	}
	out := &History{Row: Row{Series: *list[i], Host: h.Name, HostID: h.ID, Environment: h.Environment}, Missing: h.Missing}
	rows := []Row{out.Row}
	if err := s.commit(ctx, rows); err != nil {
		return nil, err
	}
	out.Row = rows[0]
	events, err := eventsOf(ctx, q, h.Source)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.Measure == "" || e.Measure == out.Measure && e.Place == out.Place {
			out.Events = append(out.Events, e)
		}
	}
	history, err := daily(ctx, q, h.Source)
	if err != nil {
		return nil, err
	}
	for day, x := range history[no] {
		out.Days = append(out.Days, Mark{dayTime(day), x.Least, x.Mean, x.Most, limitOn(&out.Series, events, day)})
	}
	slices.SortFunc(out.Days, func(a, b Mark) int { return a.At.Compare(b.At) })
	if out.Hours, err = s.hours(ctx, q, h.Source, no, out.Sampled, &out.Series, events); err != nil {
		return nil, err
	}
	open, err := exceedances(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, e := range open {
		if e.Source == h.Source && e.No == no {
			out.Over = append(out.Over, e)
		}
	}
	plan, err := s.inForce(ctx)
	if err != nil || plan == nil {
		return out, err
	}
	for _, k := range out.Held {
		if l, ok := plan.Content.Line(k); ok {
			out.Lines = append(out.Lines, l)
		}
	}
	return out, nil
}

// hours gives the last week in hours, from hours that were taken over and samples.
func (s *Service) hours(ctx context.Context, q database.Querier, source string, no int, until time.Time, x *Series, events []Event) ([]Mark, error) {
	var out []Mark
	for day := dayOf(until) - 6; day <= dayOf(until); day++ {
		c, err := readChunk(ctx, q, source, raw, day)
		if err != nil {
			return nil, err
		}
		c = c.fold(func(minute int) int { return minute / 60 })
		if len(c) == 0 {
			if c, err = readChunk(ctx, q, source, hours, day); err != nil {
				return nil, err
			}
		}
		for hour, sp := range c.of(no) {
			out = append(out, Mark{tickTime(day, hour*60), sp.Least, sp.Mean, sp.Most, limitOn(x, events, day)})
		}
	}
	slices.SortFunc(out, func(a, b Mark) int { return a.At.Compare(b.At) })
	return out, nil
}

// Hosts gives the hosts whose use is known, by name (capacity.read).
func (s *Service) Hosts(ctx context.Context, p access.Principal) ([]Host, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	return readHosts(ctx, s.cfg.DB.Reader())
}

// Events gives what changed lines since a moment, newest first (capacity.read).
func (s *Service) Events(ctx context.Context, p access.Principal, from time.Time, limit int) ([]Event, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	return eventsSince(ctx, s.cfg.DB.Reader(), from, min(max(limit, 1), 1000))
}
