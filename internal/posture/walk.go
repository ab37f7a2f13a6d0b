package posture

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"
)

// Kind is what a status is of.
type Kind string

// The kinds.
const (
	OfCheck     Kind = "check"
	OfControl   Kind = "control"
	OfCriterion Kind = "criterion"
)

// Subject is one check, control or criterion.
type Subject struct {
	Kind Kind
	ID   string // linux-server/sshd-root-login, ssh-logins-hardened, CC6.1
}

// Step is a status from a moment on; "" where the subject was not in use.
type Step struct {
	At     time.Time
	Status Status
}

// coveredDay is a check's coverage at the end of a UTC day.
type coveredDay struct {
	check string
	day   time.Time
	Coverage
}

// history is all that statuses over a time are derived from. walk moves it on.
type history struct {
	program *control.Program
	sets    func(t time.Time) (*standard.Set, error)
	turns   []time.Time    // when programme or standards changed, sorted
	counts  map[key]Counts // at the beginning, of every attribute, in force or not
	deltas  []delta        // after that, sorted by time

	performed    performances
	performances []turn // after that, sorted by time

	shape *shape
	at    time.Time           // up to when it was walked
	known map[Subject]Status  // told last, of what is in use
	cover map[string]Coverage // likewise, by check
	stale map[string]bool     // checks whose counts changed since
}

// begin arranges everything as it stood at a moment and tells of each status
// that is another than in h.known, which may be nil.
func (h *history) begin(at time.Time, tell func(Subject, Step)) error {
	h.at, h.stale = at, map[string]bool{}
	if h.known == nil {
		h.known = map[Subject]Status{}
	}
	if h.cover == nil {
		h.cover = map[string]Coverage{}
	}
	h.turns = h.turns[after(h.turns, at, func(t time.Time) time.Time { return t }):]
	return h.arrange(at, tell)
}

// arrange makes the shape anew and tells what differs from before.
func (h *history) arrange(at time.Time, tell func(Subject, Step)) error {
	set, err := h.sets(at)
	if err != nil {
		return err
	}
	h.shape = newShape(h.program, set, at, h.counts, h.performed)
	now := h.shape.statuses()
	for subject := range h.known {
		if _, there := now[subject]; !there {
			delete(h.known, subject)
			tell(subject, Step{at, ""})
		}
	}
	for subject, status := range now {
		if h.known[subject] != status {
			h.known[subject] = status
			tell(subject, Step{at, status})
		}
		if subject.Kind == OfCheck {
			h.stale[subject.ID] = true
		}
	}
	return nil
}

// statuses gives every status of a shape.
func (s *shape) statuses() map[Subject]Status {
	out := make(map[Subject]Status, len(s.ids)+len(s.slugs)+len(s.criterion))
	for i, id := range s.ids {
		out[Subject{OfCheck, id}] = s.check[i].status
	}
	for i, slug := range s.slugs {
		out[Subject{OfControl, slug}] = s.control[i].status
	}
	for i, c := range catalog.All() {
		out[Subject{OfCriterion, c.ID}] = s.criterion[i].status
	}
	return out
}

// walk goes on to a moment, telling of each status that changes on the way and,
// at the end of each UTC day, of each coverage that did. covered may be nil.
func (h *history) walk(to time.Time, tell func(Subject, Step), covered func(coveredDay)) error {
	for {
		var at time.Time
		turn := false
		if len(h.deltas) > 0 {
			at = h.deltas[0].at
		}
		if len(h.performances) > 0 && (at.IsZero() || h.performances[0].at.Before(at)) {
			at = h.performances[0].at
		}
		if len(h.turns) > 0 && (at.IsZero() || !h.turns[0].After(at)) {
			at, turn = h.turns[0], true
		}
		end := at.IsZero() || at.After(to)
		if covered != nil {
			next := at
			if end {
				next = to.Add(time.Microsecond)
			}
			if h.at.UTC().Truncate(24*time.Hour) != next.UTC().Truncate(24*time.Hour) {
				h.tellCoverage(covered)
			}
		}
		if end {
			h.at = to
			return nil
		}
		h.at = at
		for ; len(h.deltas) > 0 && !h.deltas[0].at.After(at); h.deltas = h.deltas[1:] {
			d := h.deltas[0]
			h.counts[d.key] = h.counts[d.key].Plus(d.n)
			if !turn {
				h.shape.apply(d)
				h.stale[d.key.check] = true
			}
		}
		for ; len(h.performances) > 0 && !h.performances[0].at.After(at); h.performances = h.performances[1:] {
			if !turn {
				h.shape.turn(h.performances[0])
			}
		}
		if turn {
			for len(h.turns) > 0 && !h.turns[0].After(at) {
				h.turns = h.turns[1:]
			}
			if err := h.arrange(at, tell); err != nil {
				return err
			}
			continue
		}
		h.shape.settle(func(s Subject, to Status) {
			h.known[s] = to
			tell(s, Step{at, to})
		})
	}
}

// tellCoverage tells of each check's coverage that changed up to the end of the
// day that h.at lies in.
func (h *history) tellCoverage(covered func(coveredDay)) {
	day := h.at.UTC().Truncate(24 * time.Hour)
	for i, id := range h.shape.ids {
		if !h.stale[id] {
			continue
		}
		var n Counts
		for _, a := range h.shape.check[i].attributes {
			n = n.Plus(h.shape.attribute[a].n)
		}
		if c := n.Coverage(); c != h.cover[id] {
			h.cover[id] = c
			covered(coveredDay{id, day, c})
		}
	}
	clear(h.stale)
}

// gridOf cuts the criteria's statuses into weeks.
func gridOf(steps map[string][]Step, weeks []Week, now, began time.Time) Grid {
	all := catalog.All()
	g := Grid{Weeks: weeks, Began: began, Rows: make([]GridRow, len(all))}
	for i, c := range all {
		g.Rows[i] = GridRow{Criterion: c.ID, Title: c.Title, Cells: cellsOf(steps[c.ID], weeks, now)}
	}
	return g
}

// cellsOf cuts one subject's statuses into weeks.
func cellsOf(steps []Step, weeks []Week, now time.Time) []Cell {
	cells := make([]Cell, len(weeks))
	status := Status("")
	for w, week := range weeks {
		if week.Start.After(now) {
			break
		}
		last := week.End.Add(-time.Microsecond) // times are kept to the microsecond
		if last.After(now) {
			last = now
		}
		for ; len(steps) > 0 && !steps[0].At.After(week.Start); steps = steps[1:] {
			status = steps[0].Status
		}
		worst := status
		for ; len(steps) > 0 && !steps[0].At.After(last); steps = steps[1:] {
			status = steps[0].Status
			if status != "" {
				worst = Worst(worst, status)
			}
		}
		cells[w] = Cell{Status: status, Worst: worst}
	}
	return cells
}

// after gives the number of elements whose time is not after t.
func after[T any](sorted []T, t time.Time, when func(T) time.Time) int {
	n, _ := slices.BinarySearchFunc(sorted, t, func(e T, t time.Time) int {
		if when(e).After(t) {
			return 1
		}
		return -1
	})
	return n
}

// weeksOf cuts [from, to) into weeks that begin at 00:00 in a zone, the first
// on the day of from; the last may be shorter.
func weeksOf(from, to time.Time, zone *time.Location) []Week {
	y, m, d := from.In(zone).Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, zone)
	var weeks []Week
	for start.Before(to) {
		y, m, d := start.Date()
		end := time.Date(y, m, d+7, 0, 0, 0, 0, zone)
		if end.After(to) {
			end = to
		}
		weeks = append(weeks, Week{Start: start, End: end})
		start = end
	}
	return weeks
}
