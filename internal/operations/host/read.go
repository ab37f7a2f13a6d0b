package host

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
)

// Derivation is everything that one outcome rests on.
type Derivation struct {
	Check     standard.Check
	Attribute standard.Attribute
	InForce   bool // the check is in force; otherwise Check and Attribute hold their ids only
	Host      Host
	Current   outcome.Row  // now, with silence taken into account; zero when it is not judged
	Anew      judge.Result // by the facts as they stand: Current keeps the reason for which it began
	First     outcome.Row  // what opened the finding; zero without one
	Facts     []Fact       // what the attribute reads, as last received
	Sections  []Section    // where it stands, without bodies
	Run       outcome.Run  // that made the present outcome
	Finding   *finding.Finding
	Timeline  []finding.Event
	Entries   []ledger.Record // of the run and of the finding's transitions, oldest first
}

// Fact is a value at a path that an attribute reads.
type Fact struct {
	Pointer string // "/sshd/effective/permitrootlogin"
	Value   string // compact JSON; "" when it is missing
	State   string // "" when there is a value; absent, error, not_observed
	Reason  string // why it is missing
}

const maxValue = 4096 // bytes of a fact's value that are shown

// Get gives a host by id or by its source's id.
func (s *Service) Get(ctx context.Context, id string) (Host, error) {
	h, err := getHost(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return h, err
	}
	one := []Host{h}
	err = s.present(ctx, one)
	return one[0], err
}

// show turns a stored version into what people see.
func (h *Host) show(v version, run string, current bool) Section {
	last := v.lastObserved
	if current && h.confirmed.After(last) {
		last = h.confirmed
	}
	return Section{Name: v.section, Digest: v.digest, Registry: v.registry, ObservedFrom: v.from, LastObserved: last, ReceivedAt: v.received, Run: run, InForce: current}
}

// Sections gives a host's sections as known now and in force at t (zero: now),
// by name, with bodies where asked for.
func (s *Service) Sections(ctx context.Context, id string, t time.Time, bodies bool) ([]Section, error) {
	q := s.cfg.DB.Reader()
	h, err := getHost(ctx, q, id)
	if err != nil {
		return nil, err
	}
	if t.IsZero() {
		t = farFuture
	}
	all, runs, err := changesOf(ctx, q, h.ID, "AND v.valid_from <= $2", "", micros(t))
	if err != nil {
		return nil, err
	}
	found := map[string]Section{}
	for i, v := range all { // newest first
		if _, there := found[v.section]; there {
			continue
		}
		covered, err := s.cfg.Outcomes.Covered(ctx, h.Source, v.section, outcome.At{Valid: t, Known: -1})
		if t.Equal(farFuture) {
			covered, err = s.cfg.Outcomes.Covered(ctx, h.Source, v.section, outcome.Now())
		}
		if err != nil {
			return nil, err
		}
		sec := h.show(v, runs[i], covered)
		if bodies {
			raw, err := s.section(ctx, q, v.section, v)
			if err != nil {
				return nil, err
			}
			sec.Values = raw.Values
			if len(raw.Missing) > 0 {
				if sec.Missing, err = json.Marshal(raw.Missing); err != nil {
					return nil, err
				}
			}
		}
		found[v.section] = sec
	}
	out := make([]Section, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[name])
	}
	return out, nil
}

// Change is one section of a host that became another.
type Change struct {
	Section
	Paths []string // what changed, JSON Pointers; nil for the first version
}

// Changes gives how a host's sections changed, newest first.
func (s *Service) Changes(ctx context.Context, id string, limit int) ([]Change, error) {
	q := s.cfg.DB.Reader()
	h, err := getHost(ctx, q, id)
	if err != nil {
		return nil, err
	}
	all, runs, err := changesOf(ctx, q, h.ID, "", "")
	if err != nil {
		return nil, err
	}
	var out []Change
	for i, v := range all {
		if len(out) == limit {
			break
		}
		c := Change{Section: h.show(v, runs[i], false)}
		if before := slices.IndexFunc(all[i+1:], func(o version) bool { return o.section == v.section }); before >= 0 {
			old, err := s.decoded(ctx, q, v.section, all[i+1+before])
			if err != nil {
				return nil, err
			}
			now, err := s.decoded(ctx, q, v.section, v)
			if err != nil {
				return nil, err
			}
			c.Paths = facts.Diff(*old, *now)
		}
		out = append(out, c)
	}
	return out, nil
}

// Derive gives everything that one outcome of a host rests on.
func (s *Service) Derive(ctx context.Context, check, attribute, host string) (Derivation, error) {
	h, err := s.Get(ctx, host)
	if err != nil {
		return Derivation{}, err
	}
	page, err := s.cfg.Findings.List(ctx, finding.Filter{Check: check, Attribute: attribute, Item: h.ID}, finding.ByNumber, "", 1)
	if err != nil {
		return Derivation{}, err
	}
	var f *finding.Finding
	if len(page.Findings) > 0 {
		f = &page.Findings[0]
	}
	return s.derive(ctx, check, attribute, h, f)
}

// DeriveFinding is Derive for a finding, by id or number ("F-12").
func (s *Service) DeriveFinding(ctx context.Context, ref string) (Derivation, error) {
	f, err := s.cfg.Findings.Get(ctx, ref)
	if err != nil {
		return Derivation{}, err
	}
	h, err := s.Get(ctx, f.Item)
	if err != nil {
		return Derivation{}, err
	}
	return s.derive(ctx, f.Check, f.Attribute, h, &f)
}

func (s *Service) derive(ctx context.Context, check, attribute string, h Host, f *finding.Finding) (Derivation, error) {
	d := Derivation{Check: standard.Check{ID: check}, Attribute: standard.Attribute{ID: attribute}, Host: h, Finding: f}
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return d, err
	}
	if c, ok := set.Check(check); ok {
		d.Check = *c
		if a, ok := c.Attribute(attribute); ok {
			d.Attribute, d.InForce = *a, true
		}
	}
	if !d.InForce && f == nil {
		return d, fault.New(fault.NotFound, "there is no attribute %s of check %s", attribute, check)
	}
	rows, _, _, err := s.cfg.Outcomes.List(ctx, outcome.Filter{Check: check, Attribute: attribute, Item: h.ID}, outcome.Now(), "", 1)
	if err != nil {
		return d, err
	}
	var entries []string
	if len(rows) > 0 {
		d.Current = rows[0]
		if d.Run, err = s.cfg.Outcomes.Run(ctx, d.Current.Run); err != nil {
			return d, err
		}
		entries = append(entries, d.Run.Entry)
	}
	if f != nil {
		if d.Timeline, err = s.cfg.Findings.Timeline(ctx, f.ID); err != nil {
			return d, err
		}
		for _, e := range d.Timeline {
			entries = append(entries, e.Entry)
		}
		history, err := s.cfg.Outcomes.History(ctx, check, attribute, h.ID)
		if err != nil {
			return d, err
		}
		if at := slices.IndexFunc(history, func(r outcome.Row) bool { return r.Run == f.OpenedRun && r.Outcome == outcome.Fail }); at >= 0 {
			d.First = history[at]
			entries = append(entries, d.First.Entry)
		}
	}
	if err := s.readFacts(ctx, &d); err != nil {
		return d, err
	}
	slices.Sort(entries)
	for _, id := range slices.Compact(entries) {
		rec, err := s.cfg.Ledger.Record(ctx, id)
		if err != nil {
			return d, err
		}
		d.Entries = append(d.Entries, rec)
	}
	slices.SortFunc(d.Entries, func(a, b ledger.Record) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(uint64(a.Index), uint64(b.Index)), cmp.Compare(a.StreamSeq, b.StreamSeq)) // -1, not numbered yet, comes last
	})
	return d, nil
}

// readFacts reads what the attribute reads.
func (s *Service) readFacts(ctx context.Context, d *Derivation) error {
	q := s.cfg.DB.Reader()
	known, err := sectionsFrom(ctx, q, d.Host.ID, farFuture)
	if err != nil {
		return err
	}
	all, err := s.Sections(ctx, d.Host.ID, time.Time{}, false)
	if err != nil {
		return err
	}
	for _, name := range d.Attribute.Sections {
		if at := slices.IndexFunc(all, func(sec Section) bool { return sec.Name == name }); at >= 0 {
			d.Sections = append(d.Sections, all[at])
		}
	}
	if d.InForce {
		item, err := s.standing(ctx, q, known, d.Attribute.Sections)
		if err != nil {
			return err
		}
		d.Anew = d.Attribute.Predicate.Judge(item)
	}
	for _, pointer := range d.Attribute.Reads {
		name, rest, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
		f := Fact{Pointer: pointer}
		v, ok := known.at(name, farFuture)
		if !ok {
			f.State, f.Reason = string(facts.NotObserved), "section "+name+" was never received"
			d.Facts = append(d.Facts, f)
			continue
		}
		decoded, err := s.decoded(ctx, q, name, v)
		if err != nil {
			return err
		}
		if rest != "" {
			rest = "/" + rest
		}
		if value, ok := decoded.At(rest); ok {
			raw, err := json.Marshal(value)
			if err != nil {
				return err
			}
			if f.Value = string(raw); len(raw) > maxValue {
				f.Value = strings.ToValidUTF8(string(raw[:maxValue]), "") + "…"
			}
		} else if m, ok := decoded.MissingAt(rest); ok {
			f.State, f.Reason = string(m.State), m.Reason
		} else {
			f.State, f.Reason = string(facts.NotObserved), "the host did not report it"
		}
		d.Facts = append(d.Facts, f)
	}
	return nil
}

// Judged is an attribute with its result by the facts as they stand.
type Judged struct {
	Check, Attribute string
	judge.Result
}

// Anew judges a host by the set in force and by the facts as they stand, and
// records nothing: a stored outcome keeps the reason for which it began, and
// what makes it so may be something else since.
func (s *Service) Anew(ctx context.Context, h Host) ([]Judged, error) {
	q := s.cfg.DB.Reader()
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return nil, err
	}
	known, err := sectionsFrom(ctx, q, h.ID, farFuture)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range set.Checks {
		if c.Population != h.Population {
			continue
		}
		for _, a := range c.Attributes {
			for _, name := range a.Sections {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	item, err := s.standing(ctx, q, known, names)
	if err != nil {
		return nil, err
	}
	var out []Judged
	for _, c := range set.Checks {
		if c.Population != h.Population {
			continue
		}
		for _, a := range c.Attributes {
			out = append(out, Judged{c.ID, a.ID, a.Predicate.Judge(item)})
		}
	}
	return out, nil
}

// standing gives sections as they stand, without those never received.
func (s *Service) standing(ctx context.Context, q database.Querier, known history, names []string) (judge.Item, error) {
	item := judge.Item{Sections: map[string]*facts.Decoded{}}
	for _, name := range names {
		v, ok := known.at(name, farFuture)
		if !ok {
			continue
		}
		d, err := s.decoded(ctx, q, name, v)
		if err != nil {
			return item, err
		}
		item.Sections[name] = d
	}
	return item, nil
}
