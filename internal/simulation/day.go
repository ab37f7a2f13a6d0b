package simulation

import (
	"math/rand/v2"
	"slices"
	"time"
)

// rollout is a change to all hosts of a kind that went wrong.
type rollout struct {
	from, until time.Time
	profile     string
	drift       int
}

// rollouts draws what goes wrong for many at once: about one in three weeks.
func rollouts(p Plan, w *world, r *rand.Rand) []rollout {
	var all []rollout
	kinds := profiles()
	for day := range p.Days {
		at := p.start().AddDate(0, 0, day)
		if off(at) || r.IntN(15) != 0 {
			continue
		}
		from := at.Add(time.Duration(9+r.IntN(8)) * time.Hour)
		all = append(all, rollout{from: from, until: from.Add(time.Duration(2+r.IntN(40)) * time.Hour),
			profile: kinds[r.IntN(len(kinds))].name, drift: r.IntN(len(w.drifts))})
	}
	return all
}

// day gives what a machine sends in [from, to), in the order in which it
// happens. Messages of a silence that spools come when it ends.
func (m *machine) day(p Plan, w *world, from, to time.Time, outages []rollout) ([]message, error) {
	if m.gone || !m.joins.Before(to) {
		return nil, nil
	}
	moments := m.moments(p, from, to, outages, w)
	var out []message
	for _, at := range moments {
		if at.Before(m.joins) || m.gone {
			continue
		}
		if !m.leaves.IsZero() && !at.Before(m.leaves) {
			m.gone = true
			out = append(out, message{m: m, received: at, retire: "replaced by a newer machine"})
			break
		}
		if !m.silent.IsZero() && !at.Before(m.silent) {
			m.silent = time.Time{}
			for i := range m.spool {
				m.spool[i].received = at
			}
			out = append(out, m.spool...)
			m.spool = nil
		}
		m.mend(at)
		silent := !m.silent.IsZero() && !at.Before(m.fell)
		if silent && !m.spools {
			continue // the agent is off: nobody observes anything
		}
		items, err := m.report(p, w, at)
		if err != nil {
			return nil, err
		}
		msg := message{m: m, observed: at, received: at, items: items, heartbeat: len(items) == 0}
		if msg.heartbeat {
			raw, err := m.beat()
			if err != nil {
				return nil, err
			}
			msg.items = append(msg.items, raw)
		}
		m.sequence++
		msg.sequence = m.sequence
		if silent {
			m.spool = append(m.spool, msg)
			continue
		}
		out = append(out, msg)
	}
	return out, nil
}

// moments draws when something happens on a machine in a day, and lets it
// happen: drifts begin, troubles get an end, silence falls.
func (m *machine) moments(p Plan, from, to time.Time, outages []rollout, w *world) []time.Time {
	var at []time.Time
	inDay := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	sometime := func() time.Time { return from.Add(time.Duration(m.r.Int64N(int64(to.Sub(from))))) }
	// What was begun on earlier days ends.
	for _, t := range m.troubles {
		if inDay(t.until) {
			at = append(at, t.until)
		}
	}
	if inDay(m.silent) {
		at = append(at, m.silent)
	}
	if inDay(m.joins) {
		at = append(at, m.joins)
	}
	if !m.leaves.IsZero() && inDay(m.leaves) {
		at = append(at, m.leaves)
	}
	for _, t := range m.turns {
		if inDay(t) {
			at = append(at, t)
		}
	}
	begin := func(drift int, t, until time.Time) {
		if m.has(drift) {
			return
		}
		m.troubles = append(m.troubles, trouble{drift: drift, from: t, until: until})
		at = append(at, t)
		if inDay(until) {
			at = append(at, until)
		}
	}
	for _, t := range m.standing {
		if inDay(t.from) && !t.from.Before(m.joins) {
			begin(t.drift, t.from, t.until)
		}
	}
	// Beats.
	first := from.Add(-time.Duration(from.UnixMicro()%p.Beat.Microseconds()) * time.Microsecond).Add(m.phase)
	for t := first; t.Before(to); t = t.Add(p.Beat) {
		if inDay(t) {
			at = append(at, t)
		}
	}
	busy := 1.0
	if off(from) {
		busy = 0.25
	}
	if m.r.Float64() < p.Drift/7*busy {
		t := sometime()
		begin(m.habits[m.favourite()], t, m.mended(t))
	}
	for range m.r.IntN(3) {
		if m.r.Float64() < p.Flap/7 {
			t := sometime()
			begin(m.weak, t, t.Add(time.Duration(20+m.r.IntN(400))*time.Minute))
		}
	}
	for _, o := range outages {
		if o.profile == m.profile.name && inDay(o.from) {
			begin(o.drift, o.from.Add(time.Duration(m.r.IntN(1800))*time.Second), o.until.Add(time.Duration(m.r.IntN(7200))*time.Second))
		}
	}
	if patchDay(from) || patchDay(from.AddDate(0, 0, -1)) && m.r.IntN(2) == 0 {
		m.kernel++
		at = append(at, sometime())
	}
	if m.silent.IsZero() && m.r.Float64() < 0.004 {
		t := sometime()
		m.fell, m.silent = t, t.Add(p.Beat+time.Duration(8+m.r.IntN(90))*time.Hour)
		m.spools = m.r.IntN(3) == 0 // cut off, and observing on
	}
	slices.SortFunc(at, time.Time.Compare)
	return slices.CompactFunc(at, time.Time.Equal)
}

// favourite draws one of the machine's habits, the first ones more often.
func (m *machine) favourite() int {
	n := len(m.habits)
	return min(m.r.IntN(n), m.r.IntN(n))
}

// mended draws when somebody mends what began at t: most within a week, some
// after months, nothing on a day off.
func (m *machine) mended(t time.Time) time.Time {
	days := 0.3 + m.r.ExpFloat64()*3
	if m.r.IntN(12) == 0 {
		days *= 12
	}
	until := t.Add(time.Duration(days * 24 * float64(time.Hour)))
	for off(until) {
		until = until.Add(24 * time.Hour)
	}
	return until
}
