package capacity

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// Late is how long after its newest sample a host's use is not known any more:
// three samples were missed.
const Late = 50 * time.Minute

// Exceedance is something that is over the mark of a commitment.
type Exceedance struct {
	Line   string    `json:"commitment"`
	Source string    `json:"source"`
	No     int       `json:"series"`
	Since  time.Time `json:"since"`
}

// over reports whether a series exceeds a commitment, when it did, or did not,
// before. Between the mark and where it clears it stays what it was.
func (l Line) over(s *Series, was bool) bool {
	switch l.Test {
	case Foreseen:
		f := s.Forecast
		if f.Trend == Full {
			return true
		}
		within := l.Within
		if was { // it clears a quarter further on
			within += (within + 3) / 4
		}
		return f.Trend == Rising && f.Mid >= 0 && f.Mid <= within
	case Day:
		if was {
			return s.P95 >= int64(l.Clear)*100
		}
		return s.P95 >= int64(l.Mark)*100
	}
	if was { // both samples must lie below
		return max(s.Value, s.Before) >= int64(l.Clear)*100
	}
	return min(s.Value, s.Before) >= int64(l.Mark)*100
}

// verdict is what a commitment comes to.
type verdict struct {
	line       Line
	hosts      int
	exceeded   []Exceedance
	unobserved []facts.CommitmentGap
	unready    []facts.CommitmentGap // of a forecast: not enough history
	names      map[string]string     // source -> host
	places     map[string]string     // source/no -> place
}

// hold holds a commitment against the series of its measure. was are its open
// exceedances.
func hold(l Line, hosts []Host, series map[string][]*Series, was map[string]Exceedance, now time.Time, grace time.Duration) verdict {
	v := verdict{line: l, names: map[string]string{}, places: map[string]string{}}
	for _, h := range hosts {
		if h.Gone || !l.holds(h) {
			continue
		}
		var mine []*Series
		for _, s := range series[h.Source] {
			if s.Measure == l.On && (l.Place == "" || l.Place == s.Place) {
				mine = append(mine, s)
			}
		}
		why, missing := h.missing(l.On)
		if len(mine) == 0 && missing && strings.Contains(why, "on this host") || len(mine) == 0 && missing && strings.Contains(why, "this host has") {
			continue // it has none: there is nothing to hold
		}
		v.hosts++
		v.names[h.Source] = h.Name
		switch {
		case now.Sub(h.Sampled) > grace:
			v.unobserved = append(v.unobserved, facts.CommitmentGap{Host: h.Name, Reason: "no sample since " + h.Sampled.UTC().Format(time.DateOnly)})
			for _, s := range mine { // what was exceeded is not known to be over
				if e, ok := was[key(h.Source, s.No)]; ok {
					v.add(h, s, e.Since)
				}
			}
			continue
		case len(mine) == 0 && missing:
			v.unobserved = append(v.unobserved, facts.CommitmentGap{Host: h.Name, Reason: why})
			continue
		case len(mine) == 0 && l.Place != "":
			v.hosts-- // it has no such place
			continue
		case len(mine) == 0:
			v.unobserved = append(v.unobserved, facts.CommitmentGap{Host: h.Name, Reason: "it does not report " + l.On})
			continue
		}
		for _, s := range mine {
			if now.Sub(s.Sampled) > grace {
				continue // a file system that is mounted no more
			}
			e, open := was[key(h.Source, s.No)]
			if l.over(s, open) {
				if !open {
					e.Since = now
				}
				v.add(h, s, e.Since)
			} else if l.Test == Foreseen && s.Forecast.Trend == Short {
				v.unready = append(v.unready, facts.CommitmentGap{Host: h.Name, Reason: where(s) + ": not enough history"})
			}
		}
	}
	return v
}

func (v *verdict) add(h Host, s *Series, since time.Time) {
	v.exceeded = append(v.exceeded, Exceedance{v.line.Key, h.Source, s.No, since})
	v.places[key(h.Source, s.No)] = where(s)
}

func key(source string, no int) string { return fmt.Sprintf("%s/%d", source, no) }

func where(s *Series) string {
	if s.Place != "" {
		return s.Place
	}
	m, _ := MeasureOf(s.Measure)
	return strings.ToLower(m.Title)
}

// most of each kind that facts name: the rest are counted on the screen.
const named = 100

// section gives the facts of a commitment. They say who exceeds it and since when,
// not by how much: a number that moves would be news each time.
func (v *verdict) section() (facts.Section, error) {
	title, hosts := v.line.Title, int64(v.hosts)
	c := facts.Commitment{Title: &title, Hosts: &hosts}
	var missing []facts.Missing
	unknown := func(path string, state facts.State, reason string) {
		missing = append(missing, facts.Missing{Path: path, State: state, Reason: reason})
	}
	list := make([]facts.CommitmentExceeded, 0, len(v.exceeded))
	for _, e := range v.exceeded {
		list = append(list, facts.CommitmentExceeded{Host: v.names[e.Source], Place: v.places[key(e.Source, e.No)], Since: e.Since.UTC().Format(time.DateOnly)})
	}
	slices.SortFunc(list, func(a, b facts.CommitmentExceeded) int {
		return strings.Compare(a.Since+"\x00"+a.Host+"\x00"+a.Place, b.Since+"\x00"+b.Host+"\x00"+b.Place)
	})
	list = list[:min(len(list), named)]
	mine, other := "/exceeded", "/foreseen"
	into, otherInto := &c.Exceeded, "it is about what is used, not about what is foreseen"
	if v.line.Test == Foreseen {
		mine, other, into, otherInto = other, mine, &c.Foreseen, "it is about what is foreseen, not about what is used"
	}
	unknown(other, facts.Absent, otherInto)
	gaps := v.unobserved
	if len(v.unready) >= v.hosts { // a host that joined lately does not hide what the others say
		gaps = slices.Concat(v.unobserved, v.unready)
	}
	switch {
	case len(list) > 0:
		*into = list
	case v.hosts == 0:
		unknown(mine, facts.NotObserved, "no host that it is about has reported "+v.line.On)
	case len(gaps) > 0:
		unknown(mine, facts.NotObserved, fmt.Sprintf("%d of %s: %s: %s", len(gaps), plural(v.hosts, "host", "hosts"), gaps[0].Host, gaps[0].Reason))
	default:
		*into = list
	}
	c.Unobserved = append([]facts.CommitmentGap{}, v.unobserved[:min(len(v.unobserved), named)]...)
	c.Unready = append([]facts.CommitmentGap{}, v.unready[:min(len(v.unready), named)]...)
	return facts.NewSection("commitment", c, missing)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
