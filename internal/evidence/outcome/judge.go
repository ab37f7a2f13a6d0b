package outcome

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
)

// Attribute is one attribute of a check, ready to judge.
type Attribute struct {
	Check, ID  string
	Population string
	Since      time.Time // when its check came into force, kept from the first time: nothing is judged before
	Predicate  *judge.Attribute
}

// Panel is the attributes in force. It is not changed after it was made.
type Panel struct {
	digest     string
	attributes []Attribute
	sections   [][]string       // by attribute
	bySection  map[string][]int // attributes that read a section
}

// NewPanel makes a panel; digest identifies the set of standards behind it. The
// panel's own digest is another as soon as one attribute means something else,
// by the standards or by the rules of this version.
func NewPanel(digest string, attributes []Attribute) *Panel {
	p := &Panel{attributes: attributes, bySection: map[string][]int{}}
	h := sha256.New()
	fmt.Fprintln(h, digest)
	for i, a := range attributes {
		fmt.Fprintln(h, a.Check, a.ID, a.Predicate.Digest())
		var sections []string
		for _, read := range a.Predicate.Reads() {
			name, _, _ := strings.Cut(strings.TrimPrefix(read, "/"), "/")
			if !slices.Contains(sections, name) {
				sections = append(sections, name)
				p.bySection[name] = append(p.bySection[name], i)
			}
		}
		slices.Sort(sections)
		p.sections = append(p.sections, sections)
	}
	p.digest = hex.EncodeToString(h.Sum(nil))
	return p
}

// Digest is equal for panels that judge alike.
func (p *Panel) Digest() string { return p.digest }

// All gives every attribute of a population, as places in the panel.
func (p *Panel) All(population string) []int {
	var all []int
	for i, a := range p.attributes {
		if a.Population == population {
			all = append(all, i)
		}
	}
	return all
}

// Of gives a check's attribute, or with attribute "" all of its attributes.
func (p *Panel) Of(check, attribute string) []int {
	var all []int
	for i, a := range p.attributes {
		if a.Check == check && (attribute == "" || a.ID == attribute) {
			all = append(all, i)
		}
	}
	return all
}

// Sections gives the names of the sections that attributes read.
func (p *Panel) Sections(places []int) []string {
	var out []string
	for _, i := range places {
		for _, name := range p.sections[i] {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// Reading gives the attributes of a population that read one of the sections.
func (p *Panel) Reading(population string, sections ...string) []int {
	return p.pick(population, sections, func(int) bool { return true })
}

// Touched gives the attributes of a population that read a changed path (JSON
// Pointers, section first), or what lies above or below one.
func (p *Panel) Touched(population string, changed []string) []int {
	var sections []string
	for _, c := range changed {
		name, _, _ := strings.Cut(strings.TrimPrefix(c, "/"), "/")
		if !slices.Contains(sections, name) {
			sections = append(sections, name)
		}
	}
	return p.pick(population, sections, func(i int) bool {
		for _, read := range p.attributes[i].Predicate.Reads() {
			for _, c := range changed {
				if within(read, c) || within(c, read) {
					return true
				}
			}
		}
		return false
	})
}

func (p *Panel) pick(population string, sections []string, keep func(int) bool) []int {
	var picked []int
	for _, section := range sections {
		for _, i := range p.bySection[section] {
			if p.attributes[i].Population == population && !slices.Contains(picked, i) && keep(i) {
				picked = append(picked, i)
			}
		}
	}
	slices.Sort(picked)
	return picked
}

// within reports whether pointer a is b or lies below it.
func within(a, b string) bool {
	return a == b || (strings.HasPrefix(a, b) && a[len(b)] == '/')
}

// Segment is a stretch of valid time in which an item's evidence was one thing.
type Segment struct {
	From       time.Time
	Sections   map[string]*facts.Decoded // those that are in force, by name
	Digests    map[string]string         // of the sections, by name
	Attributes []int                     // to be judged: places in the panel
}

// Input is the evidence of one run over one item.
type Input struct {
	No       int64  // from Next
	ID       string // from Next
	Kind     RunKind
	Item     Item
	Actor    string    // "src_…", "usr_…" or "system"
	Batch    string    // digest of the batch
	Inputs   string    // digest of the evidence
	ValidAt  time.Time // when the evidence was observed
	Panel    *Panel
	Segments []Segment // ascending; outcomes hold from each on
	Until    time.Time // zero: for ever; otherwise outcomes from then on stay as they are
	Leave    string    // not "": the item leaves the population, for this reason
	Drop     string    // not "": attributes outside the panel are gone, for this reason
	DropAt   time.Time // from then on; zero: ValidAt

	Covers func(context.Context, database.Querier) ([]Cover, error) // waivers of the item, asked when something fails; nil: there are none
}

// Change is an outcome that is now another than before.
type Change struct {
	Check, Attribute string
	Was, Is          Outcome // Was "": none before; Is may be Gone
	Reason           string
	Observed         string
	Expected         string
	From             time.Time
	Waiver           string    // of one that is waived: "wvr_…"
	WaivedUntil      time.Time // of one that is waived
	place            int
}

// Next gives the number and id of the next run of a source. Numbers of one
// source grow, whatever the clock does. The caller holds the source's lock.
func (s *Service) Next(ctx context.Context, tx *sql.Tx, source string) (no int64, id string, err error) {
	last, err := lastRun(ctx, s.prepared.Within(tx), source)
	if err != nil {
		return 0, "", err
	}
	now := s.cfg.Clock()
	return s.number(now, last), ids.New("run", now), nil
}

// Judge runs in the caller's transaction, which holds the lock of the item's
// source: it judges, writes what changed, and records the run in the ledger.
// It gives the outcomes that are now others than before.
func (s *Service) Judge(ctx context.Context, tx *sql.Tx, in Input) (Run, []Change, error) {
	w := &work{s: s, tx: tx, q: s.prepared.Within(tx), in: in, now: s.cfg.Clock()}
	if err := w.run(ctx); err != nil {
		return Run{}, nil, fmt.Errorf("judge %s: %w", in.Item.ID, err)
	}
	return w.result, w.changes, nil
}

// work is one run under way.
type work struct {
	s   *Service
	tx  *sql.Tx          // for the ledger
	q   database.Querier // tx with prepared statements
	in  Input
	now time.Time

	itemNo  int64
	numbers map[attributeKey]numbered
	covers  []Cover
	rows    []outcomeRow
	steps   map[stepKey]Counts
	changed []changed
	changes []Change
	result  Run
}

func (w *work) run(ctx context.Context) error {
	var err error
	if w.itemNo, err = w.s.item(ctx, w.q, w.in.Item); err != nil {
		return err
	}
	if w.numbers, err = w.s.register(ctx, w.q, w.in.Panel, w.now); err != nil {
		return err
	}
	w.steps = map[stepKey]Counts{}
	until := int64(forever)
	if !w.in.Until.IsZero() {
		until = clock.Micros(w.in.Until)
	}
	if err := w.presence(ctx); err != nil {
		return err
	}
	wishes, err := w.waive(ctx, w.judge())
	if err != nil {
		return err
	}
	if err := w.correct(ctx, wishes, until); err != nil {
		return err
	}
	return w.record(ctx)
}

// presence writes that the item is in its population, or has left it.
func (w *work) presence(ctx context.Context) error {
	have, err := presences(ctx, w.q, w.itemNo)
	if err != nil {
		return err
	}
	at, present := clock.Micros(w.in.ValidAt), w.in.Leave == ""
	if len(w.in.Segments) == 0 && present {
		return nil // nothing was observed: that says nothing about presence
	}
	was := false
	for _, p := range have {
		if p.validFrom <= at {
			was = p.present
		}
	}
	if was == present {
		return nil
	}
	return insertPresence(ctx, w.q, w.itemNo, at, w.in.No, present, w.in.Leave)
}

// wish is what one attribute is wanted to be.
type wish struct {
	attribute attributeKey
	place     int // in the panel, -1 when it is not there
	no        int64
	want      []wanted
}

// judge judges every segment and gives what each attribute is wanted to be.
func (w *work) judge() []wish {
	at := map[int]int{} // place in the panel -> place in wishes
	var wishes []wish
	for i := range w.in.Segments {
		seg := &w.in.Segments[i]
		item := judge.Item{Sections: seg.Sections}
		for _, place := range seg.Attributes {
			a := &w.in.Panel.attributes[place]
			key := attributeKey{a.Check, a.ID}
			from := max(clock.Micros(seg.From), w.numbers[key].since)
			v := w.s.memo.judge(&w.s.count, a.Predicate, w.in.Panel.sections[place], seg.Digests, item)
			w.result.Evaluated++
			n, ok := at[place]
			if !ok {
				n = len(wishes)
				at[place] = n
				wishes = append(wishes, wish{attribute: key, place: place, no: w.numbers[key].no})
			}
			if k := len(wishes[n].want); k > 0 && wishes[n].want[k-1].from >= from {
				wishes[n].want[k-1].verdict = v // both begin with the check
				continue
			}
			wishes[n].want = append(wishes[n].want, wanted{from: from, verdict: v})
		}
	}
	return wishes
}

// correct writes the difference between what is stored and what is wanted.
func (w *work) correct(ctx context.Context, wishes []wish, until int64) error {
	leaving, err := w.leaving(ctx)
	if err != nil {
		return err
	}
	wishes = append(wishes, leaving...)
	nos := make([]int64, len(wishes))
	first := int64(forever)
	for i, x := range wishes {
		nos[i] = x.no
		first = min(first, x.want[0].from)
	}
	have, err := outcomesOf(ctx, w.q, w.itemNo, nos, first)
	if err != nil {
		return err
	}
	var again [][16]byte
	for _, x := range wishes {
		if x.want[0].from >= until {
			continue // the check came into force later
		}
		c := correct(have[x.no], x.want, until)
		for _, r := range c.rows {
			w.rows = append(w.rows, outcomeRow{attributeNo: x.no, validFrom: r.from, outcome: r.verdict.Outcome, verdict: r.verdict.key})
			w.changed = append(w.changed, changed{x.attribute.check, x.attribute.id, w.in.Item.ID, r.from, r.verdict})
			if r.again {
				again = append(again, r.verdict.key)
			}
		}
		for _, d := range c.steps {
			k := stepKey{x.no, d.at}
			w.steps[k] = w.steps[k].Plus(d.count)
		}
		renewed := w.in.Kind == RunWaiver && c.after == Waived // perhaps by another waiver
		if c.before == c.after && !renewed || (c.before == "" && c.after == Gone) {
			continue
		}
		change := Change{Check: x.attribute.check, Attribute: x.attribute.id, Was: c.before, Is: c.after,
			Reason: c.last.Reason, Observed: c.last.Observed, Expected: c.last.Expected,
			From: clock.FromMicros(x.want[len(x.want)-1].from), place: x.place}
		if c.after == Waived {
			change.Waiver, change.WaivedUntil = by(w.covers, x.attribute, clock.Micros(change.From))
		}
		w.changes = append(w.changes, change)
	}
	if len(again) == 0 {
		return nil
	}
	said, err := verdicts(ctx, w.q, again)
	if err != nil {
		return err
	}
	for i, r := range w.changed {
		if v, ok := said[r.verdict.key]; ok {
			w.changed[i].verdict = v
		}
	}
	return nil
}

// leaving gives the attributes whose outcomes go: all of them when the item
// leaves, those outside the panel when the set of standards changed.
func (w *work) leaving(ctx context.Context) ([]wish, error) {
	reason := w.in.Leave
	if reason == "" {
		reason = w.in.Drop
	}
	if reason == "" {
		return nil, nil
	}
	now, err := currentOf(ctx, w.q, w.itemNo)
	if err != nil {
		return nil, err
	}
	if w.in.Leave == "" {
		for _, a := range w.in.Panel.attributes {
			delete(now, attributeKey{a.Check, a.ID})
		}
	}
	var wishes []wish
	v, at := newVerdict(Gone, reason, "", ""), w.in.ValidAt
	if w.in.Leave == "" && !w.in.DropAt.IsZero() {
		at = w.in.DropAt
	}
	for key, no := range now {
		wishes = append(wishes, wish{attribute: key, place: -1, no: no, want: []wanted{{from: clock.Micros(at), verdict: v}}})
	}
	slices.SortFunc(wishes, func(a, b wish) int { return compare(a.no, b.no) })
	return wishes, nil
}

// record writes the run, its rows and its ledger entry.
func (w *work) record(ctx context.Context) error {
	in := &w.in
	r := &w.result
	r.ID, r.Kind, r.Population, r.Source, r.Batch, r.Standards, r.Inputs = in.ID, in.Kind, in.Item.Population, in.Item.Source, in.Batch, in.Panel.digest, in.Inputs
	r.ValidAt, r.RecordedAt, r.Items, r.Index = in.ValidAt, w.now, 1, -1
	r.Changed = int64(len(w.rows))
	for _, row := range w.rows {
		r.Counts.add(row.outcome, 1)
	}
	r.Digest = outcomesDigest(w.changed)
	var err error
	r.Entry, err = w.s.cfg.Ledger.Append(ctx, w.tx, ledger.Entry{
		Type: "run", Stream: "source/" + in.Item.Source, Actor: in.Actor, Subject: r.ID,
		Data: runData(*r, in.Item.ID),
	})
	if err != nil {
		return err
	}
	earliest := clock.Micros(in.ValidAt)
	for k := range w.steps {
		earliest = min(earliest, k.at)
	}
	if err := insertRun(ctx, w.q, in.No, *r, earliest); err != nil {
		return err
	}
	stored := map[[16]byte]verdict{}
	for _, c := range w.changed {
		stored[c.verdict.key] = c.verdict
	}
	if err := insertVerdicts(ctx, w.q, stored); err != nil {
		return err
	}
	if err := insertOutcomes(ctx, w.q, w.itemNo, in.No, w.rows); err != nil {
		return err
	}
	steps, err := insertSteps(ctx, w.q, in.No, w.steps)
	if err != nil {
		return err
	}
	w.s.count.rows.Add(int64(len(w.rows)))
	w.s.count.steps.Add(int64(steps))
	return nil
}

// runData is what a run's ledger entry says, and what its row is held against.
func runData(r Run, item string) map[string]any {
	d := map[string]any{
		"kind": string(r.Kind), "population": r.Population, "standards": r.Standards, "valid_at": r.ValidAt,
		"items": r.Items, "evaluated": r.Evaluated, "changed": r.Changed, "outcomes": r.Digest,
		"counts": map[string]any{"pass": r.Counts.Pass, "fail": r.Counts.Fail, "error": r.Counts.Error,
			"not_observed": r.Counts.NotObserved, "not_applicable": r.Counts.NotApplicable, "waived": r.Counts.Waived},
	}
	for name, value := range map[string]string{"item": item, "batch": r.Batch, "inputs": r.Inputs} {
		if value != "" {
			d[name] = value
		}
	}
	return d
}

// memo remembers judgements by attribute and by the digests of the sections
// that it reads, so that work grows with what is distinct, not with items. It
// holds two generations of at most memoSize each.
type memo struct {
	mu       sync.Mutex
	new, old map[string]verdict // guarded by mu
}

const memoSize = 50_000

func (m *memo) judge(c *counters, a *judge.Attribute, sections []string, digests map[string]string, item judge.Item) verdict {
	h := sha256.New()
	h.Write([]byte(a.Digest()))
	for _, name := range sections {
		h.Write([]byte(digests[name])) // 64 bytes, or none when it was never received
		h.Write([]byte{'\n'})
	}
	key := string(h.Sum(nil))
	m.mu.Lock()
	v, ok := m.new[key]
	if !ok {
		if v, ok = m.old[key]; ok {
			m.new[key] = v
		}
	}
	m.mu.Unlock()
	if ok {
		c.memoHits.Add(1)
		return v
	}
	r := a.Judge(item)
	c.evaluations.Add(1)
	v = newVerdict(r.Outcome, r.Reason, r.Observed, r.Expected)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.new == nil || len(m.new) >= memoSize {
		m.old, m.new = m.new, map[string]verdict{}
	}
	m.new[key] = v
	return v
}

// Inputs gives the digest over named digests: one "name digest" line each, sorted.
func Inputs(digests map[string]string) string {
	lines := make([]string, 0, len(digests))
	for name, digest := range digests {
		lines = append(lines, name+" "+digest)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(append(lines, ""), "\n")))
	return hex.EncodeToString(sum[:])
}
