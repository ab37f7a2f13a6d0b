package host

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/facts"
)

func sortTimes(all []time.Time) { slices.SortFunc(all, time.Time.Compare) }

// receipt is a batch under way, within its transaction. The host's row is
// locked: batches of one host follow one another.
type receipt struct {
	s     *Service
	tx    *sql.Tx          // for services and the ledger
	q     database.Querier // tx with prepared statements
	b     Batch
	host  Host
	at    time.Time // when it was observed, see placeInTime
	back  bool      // the host had left the population and reports again
	first bool      // nothing was known of the host before
}

// open locks the host's row, or makes it, and places the batch in time.
func (s *Service) open(ctx context.Context, tx *sql.Tx, b Batch) (*receipt, error) {
	r := &receipt{s: s, tx: tx, q: s.prepared.Within(tx), b: b}
	var err error
	if r.host, r.first, err = lockHost(ctx, r.q, b, s.cfg.Clock()); err != nil {
		return nil, err
	}
	last, known, err := lastOfStream(ctx, r.q, r.host.ID, b.Stream)
	if err != nil {
		return nil, err
	}
	r.at = placeInTime(b, last, known)
	if !known || b.Sequence > last.sequence {
		if err := putStream(ctx, r.q, r.host.ID, b.Stream, newest{b.Sequence, r.at}); err != nil {
			return nil, err
		}
	}
	r.host.AgentVersion = b.AgentVersion
	if r.host.Name == "" {
		r.host.Name = b.SourceName
	}
	if b.ClockOffsetUs != nil {
		offset := time.Duration(*b.ClockOffsetUs) * time.Microsecond
		r.host.ClockOffset = &offset
	}
	if r.at.After(r.host.LastObserved) {
		r.host.LastObserved = r.at
	}
	// A message that was on its way when the host was taken out does not bring
	// it back.
	if !r.host.RetiredAt.IsZero() && r.at.After(r.host.RetiredAt) {
		r.back = true
		r.host.RetiredAt, r.host.RetiredBy, r.host.RetiredReason = time.Time{}, "", ""
		if err := r.stillExcluded(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// heard extends coverage, and takes up again what silence had put aside.
func (r *receipt) heard(ctx context.Context) error {
	if err := r.s.cfg.Outcomes.Heard(ctx, r.tx, r.host.Source, r.at, r.b.ReceivedAt); err != nil {
		return err
	}
	if r.host.Silent && r.b.ReceivedAt.Sub(r.at) <= r.s.cfg.Outcomes.Grace() {
		if _, err := r.s.cfg.Findings.Heard(ctx, r.tx, r.host.item(), r.at); err != nil {
			return err
		}
		r.host.Silent, r.host.SilentSince = false, time.Time{}
	}
	return nil
}

// ReceiveFacts takes in a batch of facts, within the transaction that records
// the batch. It gives the sections whose facts should be sent again. An error
// of kind Invalid means that the batch itself is wrong.
func (s *Service) ReceiveFacts(ctx context.Context, tx *sql.Tx, b Batch) (resend []string, err error) {
	sections, err := split(b.Items)
	if err != nil {
		return nil, err
	}
	set, panel, err := s.panel(ctx, tx)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	if err := r.heard(ctx); err != nil {
		return nil, err
	}
	no, run, err := s.cfg.Outcomes.Next(ctx, tx, r.host.Source)
	if err != nil {
		return nil, err
	}
	known, err := sectionsFrom(ctx, r.q, r.host.ID, r.at)
	if err != nil {
		return nil, err
	}
	gaps, err := s.cfg.Outcomes.OpenGaps(ctx, tx, r.host.Source)
	if err != nil {
		return nil, err
	}
	n := news{known: known, added: map[string]string{}, until: r.at, runNo: no, whole: !r.at.Before(r.host.confirmed) && covers(sections, known)}
	for _, sec := range sections {
		superseded, err := r.take(ctx, &n, sec)
		if err != nil {
			return nil, err
		}
		if !superseded && slices.Contains(gaps, sec.Name) {
			if err := s.cfg.Outcomes.Regained(ctx, tx, r.host.Source, sec.Name, r.at); err != nil {
				return nil, err
			}
		}
	}
	in := outcome.Input{No: no, ID: run, Kind: outcome.RunFacts, Actor: r.host.Source, Batch: b.Digest, ValidAt: r.at, Panel: panel}
	moments := []time.Time{r.at}
	if len(n.added) > 0 {
		moments = known.moments(r.at, n.until)
	}
	late := n.late || len(moments) > 1
	left := r.leftOut()
	renew := !left && !late && (r.back || r.host.Standards != panel.Digest())
	switch {
	case left: // what it is stays known, and is not judged
	case renew:
		from := r.at
		if set.Since.Before(r.at) && !r.back {
			from = set.Since // what was known then is judged by it first
		}
		err = r.renewal(ctx, &in, from)
	case len(n.added) == 0:
	case late:
		in.Segments, err = r.segments(ctx, known, moments, panel, panel.Reading(r.host.Population, slices.Sorted(maps.Keys(n.added))...))
		in.Until = n.until
	default:
		in.Segments, err = r.segments(ctx, known, moments, panel, panel.Touched(r.host.Population, n.paths))
	}
	if err != nil {
		return nil, err
	}
	in.Item = r.host.item()
	if len(n.added) > 0 {
		in.Inputs = outcome.Inputs(n.added)
	}
	if err := r.judge(ctx, in, set); err != nil {
		return nil, err
	}
	if renew {
		if err := r.align(ctx, in, set); err != nil {
			return nil, err
		}
		r.host.Standards = panel.Digest()
	}
	if len(n.added) > 0 {
		r.host.inForce = "" // the next heartbeat says what is
	}
	if n.whole {
		r.host.confirmed = r.at
	}
	if err := saveHost(ctx, r.q, r.host); err != nil {
		return nil, err
	}
	if s.cfg.Changed != nil && r.host.Population == Population && len(n.fresh) > 0 {
		return nil, s.cfg.Changed(ctx, tx, News{Host: r.host, At: r.at, Sections: n.fresh})
	}
	return nil, nil
}

// News is what a batch made another one of a host's sections, as they are now.
type News struct {
	Host     Host
	At       time.Time
	Sections []*facts.Decoded
}

// news is what a batch of facts tells that was not known.
type news struct {
	known history
	runNo int64
	whole bool              // the batch names every section that is known
	added map[string]string // digests of the sections that became other ones, by name
	paths []string          // what changed in them, JSON Pointers
	until time.Time         // until when that holds; zero: for ever
	late  bool              // something newer is known of one of them
	fresh []*facts.Decoded  // those that hold now
}

// take takes in one section of a batch. It reports whether a newer version of
// it is known.
func (r *receipt) take(ctx context.Context, n *news, sec facts.Section) (superseded bool, err error) {
	was, had := n.known.at(sec.Name, r.at)
	next, superseded := n.known.after(sec.Name, r.at)
	if had && was.digest == sec.Digest {
		// Known by its digest: what came is not read, and what is stored stands.
		if !n.whole || superseded || was.registry < sec.Registry {
			return superseded, confirmSection(ctx, r.q, r.host.ID, was, r.at, sec.Registry)
		}
		return false, nil
	}
	decoded, err := decode(sec)
	if err != nil {
		return superseded, err
	}
	r.s.bodies.put(sec.Digest, decoded, len(sec.Values))
	if had {
		old, err := r.s.decoded(ctx, r.q, sec.Name, was)
		if err != nil {
			return superseded, err
		}
		n.paths = append(n.paths, facts.Diff(*old, *decoded)...)
	} else {
		n.paths = append(n.paths, "/"+sec.Name)
	}
	last := was.lastObserved // the host's last word that it still was the old one
	if had && !superseded && r.host.confirmed.After(last) {
		last = r.host.confirmed
	}
	if had && last.After(was.lastObserved) {
		if err := confirmSection(ctx, r.q, r.host.ID, was, earlier(last, r.at), was.registry); err != nil {
			return superseded, err
		}
	}
	n.added[sec.Name] = sec.Digest
	v := version{section: sec.Name, from: r.at, runNo: n.runNo, digest: sec.Digest, registry: sec.Registry, lastObserved: r.at, received: r.b.ReceivedAt}
	if err := r.s.storeBody(ctx, r.q, sec); err != nil {
		return superseded, err
	}
	if err := r.add(ctx, n.known, v); err != nil {
		return superseded, err
	}
	if had && last.After(r.at) && (!superseded || last.Before(next)) {
		// The host said after this moment that the section was what it had been
		// before: that holds again from its last word on.
		again := version{section: sec.Name, from: last, runNo: n.runNo, digest: was.digest, registry: was.registry, lastObserved: last, received: r.b.ReceivedAt}
		if err := r.add(ctx, n.known, again); err != nil {
			return superseded, err
		}
		next, superseded = last, true
	}
	switch {
	case !superseded:
		n.until = time.Time{}
		n.fresh = append(n.fresh, decoded)
		switch sec.Name {
		case "os", "pg_server", "changes", "commitment", "backup", "component", "integrity":
			r.host.profile(decoded)
		}
	case !n.until.IsZero() && next.After(n.until):
		n.until = next
	}
	n.late = n.late || superseded
	return superseded, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// farFuture is after everything that was observed.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// covers reports whether a batch names every section that is known.
func covers(sections []facts.Section, known history) bool {
	for name := range known {
		if !slices.ContainsFunc(sections, func(s facts.Section) bool { return s.Name == name }) {
			return false
		}
	}
	return len(known) > 0
}

// add stores a version of a section.
func (r *receipt) add(ctx context.Context, known history, v version) error {
	known.put(v)
	return insertSection(ctx, r.q, r.host.ID, v)
}

// segments gives what the host's sections were from each moment on.
func (r *receipt) segments(ctx context.Context, known history, moments []time.Time, panel *outcome.Panel, places []int) ([]outcome.Segment, error) {
	out := make([]outcome.Segment, len(moments))
	for i, m := range moments {
		seg := outcome.Segment{From: m, Attributes: places, Digests: map[string]string{}, Sections: map[string]*facts.Decoded{}}
		for _, name := range panel.Sections(places) {
			v, ok := known.at(name, m)
			if !ok {
				continue
			}
			d, err := r.s.decoded(ctx, r.q, name, v)
			if err != nil {
				return nil, err
			}
			seg.Digests[name], seg.Sections[name] = v.digest, d
		}
		out[i] = seg
	}
	return out, nil
}

// judge runs the judgement and carries what changed over to findings.
func (r *receipt) judge(ctx context.Context, in outcome.Input, set checks) error {
	if r.s.cfg.Waivers != nil {
		in.Covers = r.covers
	}
	_, changes, err := r.s.cfg.Outcomes.Judge(ctx, r.tx, in)
	if err != nil {
		return err
	}
	return r.carry(ctx, in, changes, set)
}

// covers gives the host's waivers.
func (r *receipt) covers(ctx context.Context, q database.Querier) ([]outcome.Cover, error) {
	return r.s.cfg.Waivers.Covers(ctx, q, r.host.ID)
}

// carry carries what changed over to findings.
func (r *receipt) carry(ctx context.Context, in outcome.Input, changes []outcome.Change, set checks) error {
	if err := countChanges(ctx, r.q, r.host.ID, changes); err != nil {
		return err
	}
	gone := finding.CheckRemoved
	switch {
	case in.Kind == outcome.RunExclusion:
		gone = finding.Excluded
	case in.Leave != "":
		gone = finding.Vanished
	}
	_, err := r.s.cfg.Findings.Apply(ctx, r.tx, finding.Input{Item: in.Item, Run: in.ID, Actor: in.Actor, ValidAt: in.ValidAt, Changes: changes, Gone: gone, About: set.about, Opens: set.opens})
	return err
}

// align holds findings against the tiers that are switched on, after a run by
// another set of standards than the one before.
func (r *receipt) align(ctx context.Context, in outcome.Input, set checks) error {
	failing, err := r.s.cfg.Outcomes.Failing(ctx, r.tx, in.Item.ID)
	if err != nil {
		return err
	}
	_, err = r.s.cfg.Findings.Align(ctx, r.tx, finding.Input{Item: in.Item, Run: in.ID, Actor: in.Actor, ValidAt: in.ValidAt, Changes: failing, About: set.about, Opens: set.opens})
	return err
}

// ReceiveHeartbeat takes in a heartbeat, within the transaction that records
// it. It gives the sections whose facts the server does not hold.
func (s *Service) ReceiveHeartbeat(ctx context.Context, tx *sql.Tx, b Batch) (resend []string, err error) {
	hb, err := beat(b.Items)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	if err := r.heard(ctx); err != nil {
		return nil, err
	}
	switch {
	case r.at.Before(r.host.confirmed):
		// Late: it proves that the host was heard, and says nothing about now.
	case outcome.Inputs(hb.Sections) == r.host.inForce:
		r.host.confirmed = r.at
	default:
		if resend, err = r.compare(ctx, hb.Sections, hb.Spooled); err != nil {
			return nil, err
		}
	}
	if r.back && !r.leftOut() {
		if err := r.renew(ctx, r.at, outcome.RunStandard); err != nil {
			return nil, err
		}
	}
	return resend, saveHost(ctx, r.q, r.host)
}

// compare holds what a host says is in force against what is known.
func (r *receipt) compare(ctx context.Context, said map[string]string, spooled int64) (resend []string, err error) {
	known, err := sectionsFrom(ctx, r.q, r.host.ID, farFuture)
	if err != nil {
		return nil, err
	}
	r.host.inForce = ""
	agreed := 0
	for _, name := range slices.Sorted(maps.Keys(known)) {
		v, _ := known.at(name, farFuture)
		switch digest, there := said[name]; {
		case there && digest == v.digest:
			agreed++
			if r.at.After(v.lastObserved) {
				if err := confirmSection(ctx, r.q, r.host.ID, v, r.at, v.registry); err != nil {
					return nil, err
				}
			}
			err = r.s.cfg.Outcomes.Regained(ctx, r.tx, r.host.Source, name, r.at)
		case there:
			err = r.s.cfg.Outcomes.Missed(ctx, r.tx, r.host.Source, name, r.at, "it changed on the host, and the new facts have not arrived")
		default:
			err = r.s.cfg.Outcomes.Missed(ctx, r.tx, r.host.Source, name, r.at, "the agent no longer reports it")
		}
		if err != nil {
			return nil, err
		}
	}
	if agreed == len(known) && agreed == len(said) {
		r.host.inForce, r.host.confirmed = outcome.Inputs(said), r.at
		return nil, nil
	}
	if spooled > 0 {
		return nil, nil // they may be on their way
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if v, ok := known.at(name, farFuture); !ok || v.digest != said[name] {
			resend = append(resend, name)
		}
	}
	return resend, nil
}

// renewal lets a run judge everything that is known of a host, by the set in
// force, as it was from a moment on; checks that left the set are gone then.
func (r *receipt) renewal(ctx context.Context, in *outcome.Input, from time.Time) error {
	known, err := sectionsFrom(ctx, r.q, r.host.ID, from)
	if err != nil {
		return err
	}
	in.Drop, in.DropAt = "the check is no longer in force", from
	moments := known.moments(from, time.Time{})
	if len(known.digestsAt(from)) == 0 {
		moments = moments[1:] // nothing was known yet
	}
	in.Segments, err = r.segments(ctx, known, moments, in.Panel, in.Panel.All(r.host.Population))
	return err
}

// renew is a run of its own that judges a host by the set in force, from a
// moment on.
func (r *receipt) renew(ctx context.Context, from time.Time, kind outcome.RunKind) error {
	set, panel, err := r.s.panel(ctx, r.tx)
	if err != nil {
		return err
	}
	no, run, err := r.s.cfg.Outcomes.Next(ctx, r.tx, r.host.Source)
	if err != nil {
		return err
	}
	in := outcome.Input{No: no, ID: run, Kind: kind, Item: r.host.item(), Actor: "system", ValidAt: from, Panel: panel}
	if err := r.renewal(ctx, &in, from); err != nil {
		return err
	}
	if err := r.judge(ctx, in, set); err != nil {
		return fmt.Errorf("judge %s again: %w", r.host.ID, err)
	}
	if err := r.align(ctx, in, set); err != nil {
		return err
	}
	r.host.Standards = panel.Digest()
	return nil
}
