package ui

import (
	"fmt"
	"strconv"
	"strings"
)

// Moment is a time as a screen shows it: absolute, in the zone that the foot
// of the page names.
type Moment struct {
	ISO   string // RFC 3339, for the datetime attribute
	Text  string // "20 Aug 09:20"
	Title string // "Thursday 20 August 2026, 09:20:04 UTC"
}

// Known reports whether there is a time to show.
func (m Moment) Known() bool { return m.Text != "" }

// Link is a text that leads somewhere; without Href it is only a text.
type Link struct {
	Text string
	Href string
}

// Status is an evidence status as a screen shows it: one of "none",
// "deviation", "insufficient", "did_not_operate", "out".
type Status string

type look struct{ class, glyph, cell, words string }

var statusLooks = map[Status]look{
	"none":            {"none", "g-none", "c-ok", "no known deviation"},
	"deviation":       {"deviation", "g-deviation", "c-dev", "deviation"},
	"insufficient":    {"insufficient", "g-insufficient", "c-ins", "insufficient evidence"},
	"did_not_operate": {"dno", "g-dno", "c-dno", "did not operate"},
	"out":             {"out", "g-out", "c-out", "not in scope"},
}

func (s Status) look() look {
	if l, ok := statusLooks[s]; ok {
		return l
	}
	return look{"insufficient", "g-insufficient", "c-next", string(s)}
}

// Words gives the status as people read it.
func (s Status) Words() string { return s.look().words }

// Cell gives the id of the status's cell in grids and chips.
func (s Status) Cell() string { return s.look().cell }

// Statuses gives the five, worst first, "not in scope" before the good one.
func Statuses() []Status {
	return []Status{"deviation", "insufficient", "did_not_operate", "out", "none"}
}

// Outcome is what a check said about an item: "pass", "fail", "error",
// "not_observed", "not_applicable", "waived".
type Outcome string

var outcomeLooks = map[Outcome]look{
	"pass":           {"pass", "g-pass", "", "pass"},
	"fail":           {"fail", "g-fail", "", "fail"},
	"error":          {"error", "g-error", "", "error"},
	"not_observed":   {"nobs", "g-nobs", "", "not observed"},
	"not_applicable": {"na", "g-na", "", "not applicable"},
	"waived":         {"waived", "g-waived", "", "waived"},
}

func (o Outcome) look() look {
	if l, ok := outcomeLooks[o]; ok {
		return l
	}
	return look{"nobs", "g-nobs", "", string(o)}
}

// Words gives the outcome as people read it.
func (o Outcome) Words() string { return o.look().words }

// Outcomes gives the six, in the order of the tables.
func Outcomes() []Outcome {
	return []Outcome{"pass", "fail", "error", "not_observed", "not_applicable", "waived"}
}

// Severity is "critical", "high", "medium" or "low".
type Severity string

// Severities gives the four, worst first.
func Severities() []Severity { return []Severity{"critical", "high", "medium", "low"} }

// Glyph gives the id of the severity's glyph.
func (s Severity) Glyph() string {
	switch s {
	case "critical":
		return "g-sev4"
	case "high":
		return "g-sev3"
	case "medium":
		return "g-sev2"
	}
	return "g-sev1"
}

// Counts are judgements by outcome.
type Counts struct{ Pass, Fail, Error, NotObserved, NotApplicable, Waived int64 }

// Total is their sum.
func (c Counts) Total() int64 {
	return c.Pass + c.Fail + c.Error + c.NotObserved + c.NotApplicable + c.Waived
}

// Of gives the count of one outcome.
func (c Counts) Of(o Outcome) int64 {
	switch o {
	case "pass":
		return c.Pass
	case "fail":
		return c.Fail
	case "error":
		return c.Error
	case "not_observed":
		return c.NotObserved
	case "not_applicable":
		return c.NotApplicable
	case "waived":
		return c.Waived
	}
	return 0
}

// Coverage is how much of what was expected has been observed.
type Coverage struct {
	Words    string // "97.8 %"; "none" where nothing was expected
	Permille int64
}

// Number groups the digits of a count with commas: 1,284,306.
func Number[T ~int | ~int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		s = "−" + s
	}
	return s
}

// Many gives "1 host" or "4 hosts".
func Many[T ~int | ~int64](n T, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + more
}

// share gives part of width (in units of an SVG) with one decimal.
func share(part, whole int64, width float64) string {
	if whole <= 0 {
		return "0"
	}
	return strconv.FormatFloat(width*float64(part)/float64(whole), 'f', 1, 64)
}

func pct(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) + "%" }

func px(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// percent gives per mille as an attribute: "77.3%".
func percent(permille int64) string {
	return strconv.FormatFloat(float64(permille)/10, 'f', 1, 64) + "%"
}

func itoa(n int) string { return strconv.Itoa(n) }

// segment is one part of a stacked bar.
type segment struct {
	class    string
	x, width float64
}

// segments lays counts out over width with a gap of 1 between them; a part that
// exists is never thinner than 2 units, so that one failure among thousands can
// be seen.
func segments(width float64, parts []barPart) []segment {
	var total int64
	var shown int
	for _, p := range parts {
		total += p.n
		if p.n > 0 {
			shown++
		}
	}
	if total == 0 {
		return nil
	}
	const gap, least = 1.0, 2.0
	room := width - gap*float64(shown-1)
	var widths []float64
	var sum float64
	for _, p := range parts {
		w := 0.0
		if p.n > 0 {
			w = max(least, room*float64(p.n)/float64(total))
		}
		widths = append(widths, w)
		sum += w
	}
	scale := room / sum
	var out []segment
	x := 0.0
	for i, p := range parts {
		if p.n == 0 {
			continue
		}
		w := widths[i] * scale
		out = append(out, segment{p.class, x, w})
		x += w + gap
	}
	return out
}

type barPart struct {
	class string
	n     int64
}

func statusBar(by map[Status]int) []segment {
	return segments(610, []barPart{
		{"f-dev", int64(by["deviation"])}, {"f-ins", int64(by["insufficient"])}, {"f-dno", int64(by["did_not_operate"])},
		{"f-out", int64(by["out"])}, {"f-ok", int64(by["none"])},
	})
}

func outcomeBar(c Counts) []segment {
	return segments(200, []barPart{
		{"f-dev", c.Fail + c.Waived}, {"f-ins", c.Error + c.NotObserved}, {"f-out", c.NotApplicable}, {"f-ok", c.Pass},
	})
}

func statusBarLabel(by map[Status]int) string {
	var parts []string
	for _, s := range Statuses() {
		parts = append(parts, fmt.Sprintf("%d %s", by[s], s.Words()))
	}
	return strings.Join(parts, ", ")
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (c ControlRow) kind() string {
	kind := "supporting"
	if c.Key {
		kind = "key"
	}
	if !c.Auto {
		kind += ", manual"
	}
	return kind
}
