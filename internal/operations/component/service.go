package component

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
)

// Component is one distinct component.
type Component struct {
	ID        string      `json:"id"` // "cmp_…"
	Kind      Kind        `json:"kind"`
	Name      string      `json:"name"`
	Identity  [][2]string `json:"identity" doc:"What tells it from others of its kind."`
	Evidence  string      `json:"evidence,omitempty" doc:"What else was seen of it the first time."`
	First     time.Time   `json:"first"`
	FirstHost string      `json:"first_host"`
	FirstName string      `json:"first_host_name"`
	GoneAt    time.Time   `json:"gone_at,omitzero"`
	GoneFrom  string      `json:"gone_from,omitempty" doc:"Host that had it last."`
	State     State       `json:"state"`
	Why       string      `json:"why" doc:"The state in words."`
	Asked     bool        `json:"asked" doc:"A question about it has no answer yet."`
	Hosts     int64       `json:"hosts" doc:"On how many hosts it is, as last read."`

	item  bool
	quiet time.Time
}

// Baseline says since when a kind is judged.
type Baseline struct {
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`
	By   string    `json:"by"`
}

// Config is what the service depends on. All without a default beside it is required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Clock   clock.Clock
	Version string
	Logger  *slog.Logger // slog.Default()
	// References gives the hosts that others are held against, within the caller's
	// transaction. nil: there are none.
	References func(ctx context.Context, tx *sql.Tx) ([]Reference, error)
}

// Service keeps the register over one database.
type Service struct {
	cfg  Config
	book *entries.Book
	wake chan struct{} // capacity 1

	mu     sync.Mutex // one Turn at a time
	begun  bool       // guarded by mu
	silent map[string]bool

	told sync.Mutex
	said map[string]entries.Entry // guarded by told: the items as they were said last
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Service{cfg: cfg, wake: make(chan struct{}, 1), book: entries.New(entries.Config{DB: cfg.DB, Ledger: cfg.Ledger, Hosts: cfg.Hosts, Clock: cfg.Clock, Version: cfg.Version}), silent: map[string]bool{}, said: map[string]entries.Entry{}}
}

// source names a component, or a kind, as a source of facts.
func source(id string) string { return "src_" + strings.TrimPrefix(id, "cmp_") }

func kindSource(k Kind) string { return "src_components-" + string(k) }

// settle derives the state of components that are due, some at a time, in the
// caller's transaction, and gives how many it looked at.
func (s *Service) settle(ctx context.Context, tx *sql.Tx, limit int) (int, error) {
	due, err := dueNow(ctx, tx, limit)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	judged, err := baselines(ctx, tx)
	if err != nil {
		return 0, err
	}
	var references []Reference
	if s.cfg.References != nil {
		if references, err = s.cfg.References(ctx, tx); err != nil {
			return 0, err
		}
	}
	now := s.cfg.Clock()
	for _, c := range due {
		if err := s.derive(ctx, tx, c, judged, references, now); err != nil {
			return 0, fmt.Errorf("derive the state of %s (%s): %w", c.Name, c.ID, err)
		}
	}
	return len(due), nil
}

// derive says where one component stands, and says it to its population where it is
// an item of that.
func (s *Service) derive(ctx context.Context, tx *sql.Tx, c *Component, judged map[Kind]Baseline, references []Reference, now time.Time) error {
	decisions, err := decisionsOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	st := stand(decisions)
	_, has := judged[c.Kind]
	k := known{kind: c.Kind, judged: has, goneAt: c.GoneAt, goneFrom: c.GoneFrom, references: references, account: c.accountOf()}
	var places []Place
	if plain := c.GoneAt.IsZero() && !c.item && c.Kind != Machine; plain && (!has || st.everywhere(now) != nil) {
		places = []Place{{Host: c.FirstHost, Name: c.FirstName}} // wherever it is, it may be there
	} else if places, err = s.places(ctx, tx, c.ID); err != nil {
		return err
	}
	if c.Kind == Machine {
		if k.recognised, err = s.recognise(ctx, tx, c); err != nil {
			return err
		}
	}
	v := weigh(k, st, places, now)
	c.State, c.Why, c.Asked = v.state, v.why, st.Question != nil
	if v.state.open() || v.unsure {
		c.item = true
	}
	if c.item {
		switch {
		case v.state == Left:
			c.item, c.quiet = false, time.Time{} // Turn takes it out of the population
		case v.allowed && c.quiet.IsZero():
			c.quiet = now
		case !v.allowed:
			c.quiet = time.Time{}
		}
	}
	scoped := v.state != Gone && st.everywhere(now) == nil && len(st.Approvals) > 0
	if err := save(ctx, tx, c, scoped, st.next(now)); err != nil {
		return err
	}
	if !c.item {
		return nil
	}
	sec, err := section(c, v)
	if err != nil {
		return err
	}
	w, _ := About(c.Kind)
	e := entries.Entry{Population: host.Components, Source: source(c.ID), Name: w.One + " " + c.Name, Section: sec}
	if err := s.book.ObserveIn(ctx, tx, e); err != nil {
		return err
	}
	s.told.Lock()
	s.said[c.ID] = e
	s.told.Unlock()
	return nil
}

// places gives where a component is, with names and silence of the hosts.
func (s *Service) places(ctx context.Context, q database.Querier, id string) ([]Place, error) {
	list, err := placesOf(ctx, q, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.Host
	}
	hosts, err := s.cfg.Hosts.Briefs(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	for i := range list {
		b := hosts[list[i].Host]
		list[i].Name, list[i].Silent, list[i].retired = b.Name, b.SilentSince, b.Retired
	}
	slices.SortFunc(list, func(a, b Place) int { return strings.Compare(a.Name+a.Host, b.Name+b.Host) })
	return list, nil
}

// recognise gives the host that a machine on a link is; "" where it is none.
func (s *Service) recognise(ctx context.Context, q database.Querier, c *Component) (string, error) {
	ids, err := linkedTo(ctx, q, "mac", c.Name)
	if err != nil || len(ids) == 0 {
		return "", err
	}
	hosts, err := s.cfg.Hosts.Briefs(ctx, q, ids)
	if err != nil {
		return "", err
	}
	for _, id := range ids {
		if b, ok := hosts[id]; ok && !b.Retired {
			if !b.SilentSince.IsZero() {
				return b.Name + " (silent since " + stamp(b.SilentSince) + ")", nil
			}
			return b.Name, nil
		}
	}
	return "", nil
}

// most hosts that facts name.
const most = 50

func section(c *Component, v verdict) (facts.Section, error) {
	scope, kind := "component", string(c.Kind)
	hosts := append([]string{}, v.hosts[:min(len(v.hosts), most)]...)
	x := facts.Component{Scope: &scope, Kind: &kind, Name: &c.Name, Why: &v.why, Hosts: hosts, Evidence: &c.Evidence}
	gone := []facts.Missing{{Path: "/baseline", State: facts.Absent, Reason: "it is of a kind, and this is one component"}}
	if v.missing == "" {
		x.Allowed = &v.allowed
	} else {
		gone = append(gone, facts.Missing{Path: "/allowed", State: facts.State(v.missing), Reason: v.why})
	}
	return facts.NewSection("component", x, gone)
}

func kindSection(w Words, b Baseline, has bool, seen int64) (facts.Section, error) {
	scope, kind, name := "kind", string(w.Kind), w.Many
	why := "no baseline of " + w.Many + " is approved yet: " + fmt.Sprint(seen) + " seen, none judged"
	x := facts.Component{Scope: &scope, Kind: &kind, Name: &name, Hosts: []string{}}
	gone := []facts.Missing{{Path: "/allowed", State: facts.Absent, Reason: "it is of one component, and this is a kind"}, {Path: "/evidence", State: facts.Absent, Reason: "it is of one component, and this is a kind"}}
	if has {
		yes := true
		x.Baseline = &yes
		why = w.Many + " are judged since " + stamp(b.At)
	} else {
		gone = append(gone, facts.Missing{Path: "/baseline", State: facts.NotObserved, Reason: why})
	}
	x.Why = &why
	return facts.NewSection("component", x, gone)
}

// perTx is how many components one transaction settles: one that waits for it waits
// some tenths of a second.
const perTx = 50

// Settle derives the state of every component that is due.
func (s *Service) Settle(ctx context.Context) error {
	for {
		n := 0
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			n, err = s.settle(ctx, tx, perTx)
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		s.cfg.Ledger.Wake()
		if n < perTx {
			return nil
		}
	}
}

// keepQuiet is how long a component that was cleared stays an item of the population.
const keepQuiet = 30 * 24 * time.Hour

// Turn looks after what no batch brings: approvals that end, hosts that fall silent,
// leave or report for the first time after an upgrade; and says of every item that
// what was said of it is in force. It is called every half minute.
func (s *Service) Turn(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	if err := s.catchUp(ctx, now); err != nil {
		return err
	}
	if err := s.Settle(ctx); err != nil {
		return err
	}
	if err := s.leave(ctx, now); err != nil {
		return err
	}
	said, err := s.kindEntries(ctx)
	if err != nil {
		return err
	}
	s.told.Lock()
	for _, e := range s.said {
		said = append(said, e)
	}
	s.told.Unlock()
	slices.SortFunc(said, func(a, b entries.Entry) int { return strings.Compare(a.Source, b.Source) })
	for part := range slices.Chunk(said, perTx) {
		if err := s.book.Observe(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// catchUp marks what time and silence changed.
func (s *Service) catchUp(ctx context.Context, now time.Time) error {
	var fresh []host.Host
	var turned []string
	silent := map[string]bool{}
	read, err := reported(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	for cursor := ""; ; {
		list, next, _, err := s.cfg.Hosts.Plain(ctx, host.Filter{Retired: true}, cursor, 1000)
		if err != nil {
			return err
		}
		for _, h := range list {
			away := h.Silent || !h.RetiredAt.IsZero()
			silent[h.ID] = away
			if was, had := s.silent[h.ID]; had && was != away {
				turned = append(turned, h.ID)
			}
			if !read[h.ID] && h.RetiredAt.IsZero() {
				fresh = append(fresh, h)
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	for _, h := range fresh {
		if err := s.bring(ctx, h, now); err != nil {
			return err
		}
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if !s.begun {
			if err := stirScoped(ctx, tx); err != nil { // nothing is remembered of them
				return err
			}
		}
		if err := stirHosts(ctx, tx, turned); err != nil {
			return err
		}
		return stirExpired(ctx, tx, now)
	})
	if err != nil {
		return err
	}
	s.silent, s.begun = silent, true
	return nil
}

// bring takes in the sections of a host that reported before there was this register.
func (s *Service) bring(ctx context.Context, h host.Host, now time.Time) error {
	sections, err := s.cfg.Hosts.Sections(ctx, h.ID, now, true)
	if err != nil {
		return err
	}
	news := host.News{Host: h, At: now}
	for _, x := range sections {
		if !slices.Contains(Sections(), x.Name) {
			continue
		}
		sec := facts.Section{Name: x.Name, Registry: x.Registry, Values: x.Values, Digest: x.Digest}
		if len(x.Missing) > 0 {
			if err := json.Unmarshal(x.Missing, &sec.Missing); err != nil {
				return fault.Wrap(fault.Refused, err, "section %s of %s cannot be read", x.Name, h.Name)
			}
		}
		d, err := facts.Decode(sec)
		if err != nil {
			return err
		}
		news.Sections = append(news.Sections, &d)
	}
	if len(news.Sections) == 0 {
		return nil
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.Changed(ctx, tx, news) })
}

// leave takes items out of the population: those whose hosts left it, and those that
// were cleared long ago and are covered by their kind's baseline again.
func (s *Service) leave(ctx context.Context, now time.Time) error {
	list, err := items(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, c := range list {
		there[c.ID] = c.quiet.IsZero() || now.Sub(c.quiet) < keepQuiet
	}
	s.told.Lock()
	var over []string
	for id := range s.said {
		if !there[id] {
			over = append(over, id)
		}
	}
	s.told.Unlock()
	slices.Sort(over)
	for _, id := range over {
		c, err := get(ctx, s.cfg.DB.Reader(), id)
		if err != nil {
			return err
		}
		reason := "the hosts that it was on left the population"
		if c.State != Left {
			reason = "it was cleared 30 days ago, and nothing speaks against it since"
		}
		if err := s.book.Leave(ctx, source(id), reason); err != nil {
			return err
		}
		if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return dropItem(ctx, tx, id) }); err != nil {
			return err
		}
		s.told.Lock()
		delete(s.said, id)
		s.told.Unlock()
	}
	return nil
}

// kindEntries gives what is said of each kind that hosts have.
func (s *Service) kindEntries(ctx context.Context) ([]entries.Entry, error) {
	judged, err := baselines(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	counts, err := countKinds(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	var out []entries.Entry
	for _, w := range kinds {
		b, has := judged[w.Kind]
		n := int64(0)
		for _, c := range counts[w.Kind] {
			n += c
		}
		if n == 0 && !has {
			continue
		}
		sec, err := kindSection(w, b, has, n)
		if err != nil {
			return nil, err
		}
		out = append(out, entries.Entry{Population: host.Components, Source: kindSource(w.Kind), Name: "all " + w.Many, Section: sec})
	}
	return out, nil
}

func edit(p access.Principal) error {
	if err := access.Authorise(p, access.ComponentDecide); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a named person says what is approved")
	}
	return nil
}
