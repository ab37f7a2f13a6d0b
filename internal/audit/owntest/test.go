package owntest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// Kind is what the journal keeps.
var Kind = journal.Kind{Name: "own_test", Prefix: "otc", Letter: "OT", Noun: "test of a control", Steps: []string{"planned", "drawn", "seen", "concluded", "sent_back", "reviewed", "followed", "dropped"}}

// State is where a test stands.
type State string

// The states.
const (
	Planned   State = "planned"
	Testing   State = "testing"
	Concluded State = "concluded" // awaits review
	Reviewed  State = "reviewed"
	Dropped   State = "dropped"
)

// States gives them in the order of a filter.
func States() []State { return []State{Planned, Testing, Concluded, Reviewed, Dropped} }

// Words gives the state as people read it.
func (s State) Words() string {
	if s == Concluded {
		return "awaits review"
	}
	return string(s)
}

// Method is how a test is done.
type Method string

// The methods, as examinations know them.
const (
	Inquiry       Method = "inquiry"
	Observation   Method = "observation"
	Inspection    Method = "inspection"
	Reperformance Method = "reperformance"
)

// Methods gives them in the order of a form.
func Methods() []Method { return []Method{Inspection, Reperformance, Observation, Inquiry} }

// Outcome is what was seen at an item for an attribute.
type Outcome string

// The outcomes. NotObserved is never recorded: it is what nobody looked at.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	Error         Outcome = "error" // what would show it cannot be read
	NotApplicable Outcome = "not_applicable"
	NotObserved   Outcome = "not_observed"
)

// Outcomes gives those that a person can record.
func Outcomes() []Outcome { return []Outcome{Pass, Fail, Error, NotApplicable} }

// Conclusion is what the results come to.
type Conclusion string

// The conclusions.
const (
	NoDeviation  Conclusion = "no known deviation"
	Deviation    Conclusion = "deviation"
	Insufficient Conclusion = "insufficient evidence"
	DidNot       Conclusion = "did not operate"
)

// Attribute is what must hold of each item.
type Attribute struct {
	Letter string `json:"letter"` // A, B, …
	Text   string `json:"text"`
}

// Item is one that was drawn.
type Item struct {
	ID   string `json:"id"`
	Text string `json:"text,omitempty"`
}

// Result is what was seen at an item for one attribute.
type Result struct {
	Item      string    `json:"item"`
	Attribute string    `json:"attribute"`
	Outcome   Outcome   `json:"outcome"`
	Looked    string    `json:"looked_at"`        // what was looked at: "E-12", "the ticket OPS-4"
	Reason    string    `json:"reason,omitempty"` // required unless it passed
	At        time.Time `json:"at"`
	By        string    `json:"by"`
}

// Draw is how items were drawn.
type Draw struct {
	From       string    `json:"from"`   // "instances" or an extraction, P-12
	Count      int64     `json:"count"`  // of the population
	Digest     string    `json:"digest"` // of the population
	Size       int       `json:"size"`   // asked for
	Seed       string    `json:"seed"`   // hex; the root of the ledger's head, and its size
	LedgerSize int64     `json:"ledger_size"`
	At         time.Time `json:"at"`
}

// Follow is what is done about a deviation.
type Follow struct {
	Cause    string    `json:"cause"`
	Systemic bool      `json:"systemic"` // else isolated
	Action   string    `json:"action"`   // and the task's number, where there is one
	Retest   time.Time `json:"retest,omitzero"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

// Test is one test of a control.
type Test struct {
	Control    string      `json:"control"` // slug
	Version    int         `json:"version"` // of the control's design when it was planned
	Objective  string      `json:"objective"`
	Method     Method      `json:"method"`
	Procedure  string      `json:"procedure"`
	Attributes []Attribute `json:"attributes"`
	From       time.Time   `json:"from"` // the period
	To         time.Time   `json:"to"`   // first moment after it
	Source     string      `json:"source"`
	Size       int         `json:"size"`
	Tester     string      `json:"tester"`
	Due        time.Time   `json:"due"`                // first moment after the last day
	Prior      string      `json:"prior,omitempty"`    // the test that this one repeats
	Conflict   string      `json:"conflict,omitempty"` // why the tester is not independent
	Stands     string      `json:"stands_in,omitempty"`
	State      State       `json:"state"`
	Draw       *Draw       `json:"draw,omitempty"`
	Items      []Item      `json:"items,omitempty"`
	Results    []Result    `json:"results,omitempty"`
	Conclusion Conclusion  `json:"conclusion,omitempty"`
	Because    string      `json:"because,omitempty"`
	Reviewer   string      `json:"reviewer,omitempty"`
	ReviewedAt time.Time   `json:"reviewed_at,omitzero"`
	Alone      string      `json:"alone,omitempty"`
	Follow     *Follow     `json:"follow_up,omitempty"`
}

// Mark is what lists are filtered by.
func (t Test) Mark() journal.Mark {
	return journal.Mark{State: string(t.State), Owner: t.Tester, Topic: t.Control, Due: t.Due}
}

// Draws gives items in the order that a seed puts them in and takes the first
// size of them; the same population and seed give the same items. Every item is
// drawn where there are no more than size.
func Draws(seed string, items []Item, size int) []Item {
	type placed struct {
		key [32]byte
		Item
	}
	all := make([]placed, len(items))
	for i, x := range items {
		all[i] = placed{sha256.Sum256([]byte(seed + "\n" + x.ID)), x}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(bytes.Compare(a.key[:], b.key[:]), strings.Compare(a.ID, b.ID))
	})
	out := make([]Item, 0, min(size, len(all)))
	for _, x := range all[:min(size, len(all))] {
		out = append(out, x.Item)
	}
	return out
}

// DigestOf gives the SHA-256 of a population: its ids in their order, a line each.
func DigestOf(items []Item) string {
	h := sha256.New()
	for _, x := range items {
		fmt.Fprintln(h, x.ID)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Of gives what was seen at an item for an attribute; a result with NotObserved
// where nobody looked. The newest holds.
func (t *Test) Of(item, attribute string) Result {
	for i := len(t.Results) - 1; i >= 0; i-- {
		if r := t.Results[i]; r.Item == item && r.Attribute == attribute {
			return r
		}
	}
	return Result{Item: item, Attribute: attribute, Outcome: NotObserved, Reason: "nobody looked yet"}
}

// Counts gives how many item-attribute pairs have each outcome.
func (t *Test) Counts() map[Outcome]int {
	out := map[Outcome]int{}
	for _, x := range t.Items {
		for _, a := range t.Attributes {
			out[t.Of(x.ID, a.Letter).Outcome]++
		}
	}
	return out
}

// Left gives how many pairs nobody looked at.
func (t *Test) Left() int { return t.Counts()[NotObserved] }

// Judge gives what the results come to, and why.
func (t *Test) Judge() (Conclusion, string) {
	if t.Draw == nil {
		return Insufficient, "no items were drawn"
	}
	if t.Draw.Count == 0 {
		return DidNot, "the population of the period is complete and empty"
	}
	var failed []string
	for _, x := range t.Items {
		for _, a := range t.Attributes {
			if t.Of(x.ID, a.Letter).Outcome == Fail {
				failed = append(failed, x.ID+" ("+a.Letter+")")
			}
		}
	}
	n := t.Counts()
	switch {
	case len(failed) > 0:
		return Deviation, fmt.Sprintf("%s: %s", many(len(failed), "attribute failed", "attributes failed"), brief(failed))
	case n[NotObserved] > 0:
		return Insufficient, many(n[NotObserved], "attribute was", "attributes were") + " not looked at"
	case n[Error] > 0:
		return Insufficient, many(n[Error], "attribute", "attributes") + " could not be read"
	case n[Pass] == 0:
		return Insufficient, "nothing that was looked at applies"
	}
	text := fmt.Sprintf("%s of %d, each attribute", many(len(t.Items), "item", "items"), t.Draw.Count)
	if n[NotApplicable] > 0 {
		text += ", where it applies"
	}
	return NoDeviation, text
}

func brief(list []string) string {
	if len(list) <= 3 {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:3], ", ") + " and " + many(len(list)-3, "more", "more")
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// Least gives how many items an examination would usually draw of a control that is
// performed n times in a period. Few performances are drawn in larger part: 1 of 1
// or 2, 2 of up to 4, 5 of up to 12, 15 of up to 52, 25 of up to 250, 40 beyond.
func Least(n int64) int {
	for _, step := range []struct {
		upTo int64
		size int
	}{{0, 0}, {2, 1}, {4, 2}, {12, 5}, {52, 15}, {250, 25}} {
		if n <= step.upTo {
			return step.size
		}
	}
	return 40
}

// maxima of what is written, in bytes or pieces.
const (
	maxLine    = 300
	maxText    = 4000
	maxItems   = 60
	maxLetters = 8
)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// lettered reads attributes, one on a line.
func lettered(lines []string) ([]Attribute, error) {
	var out []Attribute
	for _, l := range lines {
		text, err := journal.Line("attributes", l, "what must hold", false, maxLine)
		if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		if len(out) == maxLetters {
			return nil, bad("attributes", "a test has at most %d attributes", maxLetters)
		}
		out = append(out, Attribute{Letter: string(rune('A' + len(out))), Text: text})
	}
	if len(out) == 0 {
		return nil, bad("attributes", "say what must hold of each item, one on a line")
	}
	return out, nil
}
