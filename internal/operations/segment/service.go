package segment

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/wire"
)

// Config is what the service depends on. All but Clock is required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Asks    *ask.Service
	Clock   clock.Clock // clock.System
	Version string      // of this program
}

// Service keeps segmentation over one database.
type Service struct {
	cfg   Config
	plans *journal.Journal[Plan]
	book  *entries.Book

	turning sync.Mutex // one Turn at a time
	entries []entries.Entry
	turned  time.Time // guarded by turning

	reading sync.Mutex
	read    map[string]*read // guarded by reading: by host

	memory sync.Mutex
	rows   map[string]map[flowKey]flowRow // guarded by memory: by source
	told   map[string]string              // guarded by memory: source -> digest of the flows that rows hold
	proofs map[string]*Proof              // guarded by memory: newest of each path; replaced, never changed
	asked  map[string]Asked               // guarded by memory: of the last days
	loaded bool                           // guarded by memory
	dirty  bool                           // guarded by memory: something happened
	state  *state                         // guarded by memory: as the last Turn left it
}

// PlanObject is a version of the plan with its number and history.
type PlanObject = journal.Object[Plan]

// New makes the service, and has it take the answers to probes.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	s := &Service{cfg: cfg, plans: journal.New[Plan](journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}, PlanKind),
		book: entries.New(entries.Config{DB: cfg.DB, Ledger: cfg.Ledger, Hosts: cfg.Hosts, Clock: cfg.Clock, Version: cfg.Version}),
		read: map[string]*read{}, rows: map[string]map[flowKey]flowRow{}, told: map[string]string{}, proofs: map[string]*Proof{}, asked: map[string]Asked{}}
	if cfg.Asks != nil {
		cfg.Asks.Handle(wire.AskProbe, s.Take)
	}
	return s
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	return append(journal.Bindings[Plan](PlanKind), ledger.Binding{Name: "segmentation.proved", Check: holdProofs})
}

// holdProofs is kind Refused where the proofs of an answer are gone or say something
// else than was recorded.
func holdProofs(ctx context.Context, q database.Querier, rec ledger.Record) error {
	list, err := proofsOfEntry(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	digest, _ := rec.Data["digest"].(string)
	n, _ := rec.Data["proofs"].(int64)
	if int64(len(list)) != n || digestOf(list) != digest {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): its rows say something else than was recorded", rec.ID, rec.Type, rec.Subject).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	return nil
}

// again has the next Turn look at everything.
func (s *Service) again() {
	s.memory.Lock()
	defer s.memory.Unlock()
	s.dirty, s.loaded = true, false
}

// every is how often everything is looked at where nothing was heard.
const every = 15 * time.Second

// Turn takes in what hosts say of their connections, holds the plan in force against
// it and against proofs, and asks agents for what is due. It is called every other
// second, and does nothing where nothing happened.
func (s *Service) Turn(ctx context.Context) error {
	s.turning.Lock()
	defer s.turning.Unlock()
	now := s.cfg.Clock()
	s.memory.Lock()
	due := s.dirty || s.state == nil
	s.dirty = false
	s.memory.Unlock()
	if since := now.Sub(s.turned); !due && since >= 0 && since < every {
		return nil
	}
	st, err := s.weighed(ctx, now)
	if err != nil {
		return err
	}
	if err := s.tell(ctx, st); err != nil {
		return err
	}
	s.turned = now
	if st.plan == nil {
		return nil
	}
	return s.schedule(ctx, st, now)
}

// weighed reads what changed and weighs the plan in force; its plan is nil where
// none is.
func (s *Service) weighed(ctx context.Context, now time.Time) (*state, error) {
	w, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.remember(ctx, now); err != nil {
		return nil, err
	}
	if err := s.keep(ctx, w, now); err != nil {
		return nil, err
	}
	plan, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	s.memory.Lock()
	defer s.memory.Unlock()
	st := &state{world: w, at: now}
	if plan != nil {
		st = weigh(plan, w, s.flowRows(w, now), s.proofs, s.asked, now)
	}
	s.state = st
	return st, nil
}

// remember reads proofs and asks where something was added to them.
func (s *Service) remember(ctx context.Context, now time.Time) error {
	s.memory.Lock()
	defer s.memory.Unlock()
	if s.loaded {
		return nil
	}
	since := now.Add(-remember * time.Hour)
	list, err := proofsSince(ctx, s.cfg.DB.Reader(), since)
	if err != nil {
		return err
	}
	proofs := map[string]*Proof{}
	for i := range list { // oldest first
		proofs[list[i].path()] = &list[i]
	}
	asks, err := asksSince(ctx, s.cfg.DB.Reader(), since)
	if err != nil {
		return err
	}
	s.proofs, s.asked = proofs, map[string]Asked{}
	for _, a := range asks {
		s.asked[a.ID] = a
	}
	if len(s.rows) == 0 {
		rows, err := flowsSince(ctx, s.cfg.DB.Reader(), now.Add(-keepFlows))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if s.rows[r.source] == nil {
				s.rows[r.source] = map[flowKey]flowRow{}
			}
			s.rows[r.source][r.flowKey] = r
		}
	}
	s.loaded = true
	return nil
}

// keepFlows is how long connections that are over are told.
const keepFlows = 30 * 24 * time.Hour

// keep takes in what hosts say of their connections, where it changed.
func (s *Service) keep(ctx context.Context, w *world, now time.Time) error {
	s.memory.Lock()
	defer s.memory.Unlock()
	changed := map[string][]flowRow{}
	for _, m := range w.machines {
		if m.told == "" || m.mute != "" && m.flows == nil || s.told[m.source] == m.told {
			continue
		}
		changed[m.source] = difference(s.rows[m.source], m, now)
	}
	if len(changed) == 0 {
		return nil
	}
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, rows := range changed {
			for _, r := range rows {
				if err := putFlow(ctx, tx, r); err != nil {
					return err
				}
			}
		}
		return dropFlows(ctx, tx, now.Add(-keepFlows))
	}); err != nil {
		return err
	}
	for source, rows := range changed {
		if s.rows[source] == nil {
			s.rows[source] = map[flowKey]flowRow{}
		}
		for _, r := range rows {
			s.rows[source][r.flowKey] = r
		}
		s.told[source] = w.bySource[source].told
	}
	return nil
}

// difference gives the rows of a host that change with what it says now.
func difference(before map[flowKey]flowRow, m *machine, now time.Time) (out []flowRow) {
	seen := map[flowKey]bool{}
	for _, f := range m.flows {
		k := flowKey{m.source, f.Direction, f.Protocol, int(f.Port), f.Local, f.Remote, f.Program}
		seen[k] = true
		old, there := before[k]
		switch {
		case !there:
			out = append(out, flowRow{flowKey: k, first: now, now: true})
		case !old.now:
			old.now, old.last = true, time.Time{}
			out = append(out, old)
		}
	}
	for k, old := range before {
		if old.now && !seen[k] {
			old.now, old.last = false, now
			out = append(out, old)
		}
	}
	return out
}

// flowRows gives the rows that a plan is held against. memory is held.
func (s *Service) flowRows(w *world, now time.Time) []flowRow {
	var out []flowRow
	for source, rows := range s.rows {
		m := w.bySource[source]
		if m == nil {
			continue
		}
		for k, r := range rows {
			if r.now {
				r.last, r.now = m.heard, !m.silent // of a silent host it is not known
			} else if now.Sub(r.last) > keepFlows {
				delete(rows, k)
				continue
			}
			out = append(out, r)
		}
	}
	return out
}

// source names an item as a source of facts.
func source(key string) string { return "src_segment-" + key }

// tell says of each rule what it comes to, and takes out those that are no more.
func (s *Service) tell(ctx context.Context, st *state) error {
	s.entries = nil
	if st.plan != nil {
		sec, err := st.zonesSection()
		if err != nil {
			return err
		}
		s.entries = append(s.entries, entries.Entry{Population: host.Segmentation, Source: source(keyZones), Name: keyZones, Section: sec})
		for i := range st.rules {
			r := &st.rules[i]
			if sec, err = r.section(st.plan.Content.ProofDays, st.at); err != nil {
				return fmt.Errorf("rule %s: %w", r.rule.Key, err)
			}
			s.entries = append(s.entries, entries.Entry{Population: host.Segmentation, Source: source(r.rule.Key), Name: r.rule.Key, Section: sec})
		}
	}
	for cursor := ""; ; {
		there, next, _, err := s.cfg.Hosts.Plain(ctx, host.Filter{Population: host.Segmentation}, cursor, 1000)
		if err != nil {
			return err
		}
		for _, h := range there {
			if !slices.ContainsFunc(s.entries, func(e entries.Entry) bool { return e.Source == h.Source }) {
				if err := s.book.Leave(ctx, h.Source, "the plan in force does not hold this rule any more"); err != nil {
					return err
				}
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return s.book.Observe(ctx, s.entries)
}

// schedule asks agents for rules that were not tried under the plan in force, or
// not for a day.
func (s *Service) schedule(ctx context.Context, st *state, now time.Time) error {
	s.memory.Lock()
	last := map[string]time.Time{}
	for _, a := range s.asked {
		if a.Plan != st.plan.Ref {
			continue
		}
		for _, key := range a.Rules {
			if a.At.After(last[key]) {
				last[key] = a.At
			}
		}
	}
	s.memory.Unlock()
	var due []Rule
	for _, r := range st.rules {
		if age := now.Sub(last[r.rule.Key]); !r.rule.Expired(now) && (age >= daily || age < 0) {
			due = append(due, r.rule)
		}
	}
	if len(due) == 0 {
		return nil
	}
	asked, _, err := s.askAgents(ctx, access.System(), st.plan, st.world, due, now)
	if err != nil || len(asked) == 0 {
		return err
	}
	s.memory.Lock()
	s.dirty = true
	s.memory.Unlock()
	return nil
}

// inForce gives the plan that is in force; nil where none is.
func (s *Service) inForce(ctx context.Context) (*PlanObject, error) {
	list, _, err := s.plans.List(ctx, journal.Filter{States: []string{string(InForce)}, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Plan gives the plan that is in force; nil where none is (segment.read).
func (s *Service) Plan(ctx context.Context, p access.Principal) (*PlanObject, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
		return nil, err
	}
	return s.inForce(ctx)
}

// Plans gives the versions of the plan, newest first (segment.read).
func (s *Service) Plans(ctx context.Context, p access.Principal) ([]PlanObject, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
		return nil, err
	}
	list, _, err := s.plans.List(ctx, journal.Filter{})
	return list, err
}

// GetPlan gives one version with its history (segment.read).
func (s *Service) GetPlan(ctx context.Context, p access.Principal, ref string) (*PlanObject, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
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

// DraftPlan writes a new version of the plan (segment.edit). It holds once somebody
// else approved it.
func (s *Service) DraftPlan(ctx context.Context, p access.Principal, in PlanText) (*PlanObject, error) {
	if err := s.edit(p, access.SegmentEdit); err != nil {
		return nil, err
	}
	in.Zones, in.Rules = slices.Clone(in.Zones), slices.Clone(in.Rules)
	if err := in.tidy(); err != nil {
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

// EditPlan writes a draft anew (segment.edit); whoever writes it becomes its author.
func (s *Service) EditPlan(ctx context.Context, p access.Principal, ref string, base int64, in PlanText) (*PlanObject, error) {
	if err := s.edit(p, access.SegmentEdit); err != nil {
		return nil, err
	}
	in.Zones, in.Rules = slices.Clone(in.Zones), slices.Clone(in.Rules)
	if err := in.tidy(); err != nil {
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
// (segment.approve, and who is there has shown who they are): another person than
// its author. Its rules are tried at once.
func (s *Service) ApprovePlan(ctx context.Context, p access.Principal, ref, note, alone string) (*PlanObject, error) {
	if err := access.Proved(p, access.SegmentApprove); err != nil {
		return nil, err
	}
	if p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a named person does this")
	}
	old, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.plans.Change(ctx, p, ref, 0, "approved", note, func(tx *sql.Tx, o *PlanObject) error {
		if o.Content.State != Draft {
			return fault.New(fault.Conflict, "%s is no draft", o.Ref)
		}
		if err := o.Content.whole(); err != nil {
			return err
		}
		said, err := access.SecondPerson(ctx, tx, p, o.Content.Author, access.SegmentApprove, alone)
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
	if err == nil {
		s.again()
	}
	return o, err
}

// WithdrawPlan gives a draft up, with a reason (segment.edit).
func (s *Service) WithdrawPlan(ctx context.Context, p access.Principal, ref, note string) (*PlanObject, error) {
	if err := s.edit(p, access.SegmentEdit); err != nil {
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
