package risk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/program/register"
)

// Day is a calendar day, "2026-09-30".
type Day = register.Day

// Made says when a record was made, by whom and where in the ledger.
type Made = register.Made

// Loss is what one event costs, in whole units of a currency.
type Loss struct {
	Currency string `json:"currency"`
	Low      int    `json:"low"`
	Likely   int    `json:"likely"`
	High     int    `json:"high"`
}

// Words gives the loss as people read it.
func (l *Loss) Words() string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf("%s %s to %s, likely %s", l.Currency, grouped(l.Low), grouped(l.High), grouped(l.Likely))
}

func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// Rating is one assessment of a risk.
type Rating struct {
	Version    int               `json:"version"` // from 1, of its side
	Likelihood int               `json:"likelihood"`
	Magnitude  int               `json:"magnitude"`
	Because    string            `json:"because"`
	Loss       *Loss             `json:"loss,omitempty"`
	Controls   []string          `json:"controls,omitempty"` // that leave it; only of what is left
	Stood      map[string]string `json:"stood,omitempty"`    // how each stood when it was rated
	Made       Made              `json:"made"`
}

// Score is likelihood times magnitude; 0 for none.
func (r *Rating) Score() int {
	if r == nil {
		return 0
	}
	return r.Likelihood * r.Magnitude
}

// Standing is how a control of ours stands now.
type Standing struct {
	Number int    `json:"number"` // of C-12
	Title  string `json:"title"`
	Status string `json:"status"` // evidence status: none, deviation, insufficient, did_not_operate, out
	Why    string `json:"why"`
}

// Standings are the controls in use, by short name. nil: not known, as of a past date.
type Standings map[string]Standing

// Lean is a control that a residual rating leans on, and whether it bears.
type Lean struct {
	Control string `json:"control"`
	Title   string `json:"title,omitempty"`
	Status  string `json:"status"` // evidence status, or "not_in_use"
	Why     string `json:"why,omitempty"`
	Then    string `json:"then,omitempty"` // how it stood when the risk was rated
	Bears   bool   `json:"bears"`          // neither deviates nor is out of use
	Shown   bool   `json:"shown"`          // and evidence shows that it operates
}

// statusWords says an evidence status as people read it.
func statusWords(status string) string {
	switch status {
	case "none":
		return "no known deviation"
	case "insufficient":
		return "insufficient evidence"
	case "out":
		return "not in scope"
	}
	return strings.ReplaceAll(status, "_", " ")
}

// leans gives the controls that a rating leans on.
func (r *Rating) leans(now Standings) []Lean {
	if r == nil || now == nil {
		return nil
	}
	var out []Lean
	for _, slug := range r.Controls {
		l := Lean{Control: slug, Status: "not_in_use", Then: r.Stood[slug]}
		if s, used := now[slug]; used {
			l.Title, l.Status, l.Why = s.Title, s.Status, s.Why
			l.Bears, l.Shown = s.Status != "deviation" && s.Status != "out", s.Status == "none"
		}
		out = append(out, l)
	}
	return out
}

// Exposure is what counts of a risk now.
type Exposure struct {
	Likelihood int    `json:"likelihood"`
	Magnitude  int    `json:"magnitude"`
	Score      int    `json:"score"` // 0: not rated
	Side       string `json:"side"`  // residual, inherent; "" where it is not rated
	Why        string `json:"why"`
	Leans      []Lean `json:"leans"`
	Doubt      bool   `json:"doubt"` // a control that it leans on deviates or is not in use
}

// Exposure gives what counts of a risk as controls stand: what is left after
// controls, as long as each of them bears.
func (r *Risk) Exposure(now Standings) Exposure {
	in, left := last(r.Inherent), last(r.Residual)
	e := Exposure{Leans: left.leans(now)}
	take := func(x *Rating, side, why string) Exposure {
		e.Likelihood, e.Magnitude, e.Score, e.Side, e.Why = x.Likelihood, x.Magnitude, x.Score(), side, why
		return e
	}
	switch {
	case in == nil:
		e.Why = "nobody has rated it yet"
		return e
	case left == nil:
		return take(in, "inherent", "what is left after controls is not rated yet")
	}
	var bad, weak []string
	for _, l := range e.Leans {
		switch {
		case l.Status == "not_in_use":
			bad = append(bad, l.Control+" is not in use")
		case !l.Bears:
			bad = append(bad, l.Control+" deviates")
		case !l.Shown:
			weak = append(weak, l.Control)
		}
	}
	switch {
	case len(bad) > 0:
		e.Doubt = true
		return take(in, "inherent", "what is left after controls leans on a control that does not bear: "+strings.Join(bad, ", "))
	case len(weak) > 0:
		return take(left, "residual", "not shown to operate: "+strings.Join(weak, ", "))
	case len(left.Controls) == 0:
		return take(left, "residual", "no control takes anything off")
	}
	return take(left, "residual", "every control that it leans on has no known deviation")
}

func last[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

// at gives the rating of a side as of a moment; nil where there was none.
func at(list []Rating, moment time.Time) *Rating {
	i := slices.IndexFunc(list, func(r Rating) bool { return r.Made.At.After(moment) })
	switch {
	case i < 0:
		return last(list)
	case i == 0:
		return nil
	}
	return &list[i-1]
}
