package engagement

import (
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/catalog"
)

// Kind is what a request asks for.
type Kind string

// The kinds.
const (
	Document   Kind = "document"
	Population Kind = "population"
	Sample     Kind = "sample"
	Inquiry    Kind = "inquiry" // a conversation or a walkthrough
)

// Kinds gives them in order.
func Kinds() []Kind { return []Kind{Document, Population, Sample, Inquiry} }

// Ours is where we stand with a request.
type Ours string

// Our states.
const (
	Open       Ours = "open"
	InProgress Ours = "in_progress"
	Ready      Ours = "ready" // for the auditor to look at
)

// Theirs is where the auditor stands with it.
type Theirs string

// The auditor's states.
const (
	Requested Theirs = "requested"
	Received  Theirs = "received"
	Accepted  Theirs = "accepted"
	Returned  Theirs = "returned" // sent back: something is missing
	Withdrawn Theirs = "withdrawn"
)

// AllTheirs gives the auditor's states in order.
func AllTheirs() []Theirs { return []Theirs{Requested, Received, Accepted, Returned, Withdrawn} }

// AllOurs gives ours in order.
func AllOurs() []Ours { return []Ours{Open, InProgress, Ready} }

// RequestContent is what a request says and where it stands.
type RequestContent struct {
	Text     string   `json:"text"` // the auditor's wording
	Section  string   `json:"section,omitempty"`
	Kind     Kind     `json:"kind"`
	Criteria []string `json:"criteria"`          // those of its words that are criteria: CC6.1
	Control  string   `json:"control,omitempty"` // as the auditor names it
	Contact  string   `json:"contact,omitempty"` // as the auditor names them
	Owner    string   `json:"owner,omitempty"`   // "usr_…" of ours
	Due      string   `json:"due,omitempty"`     // day
	Ours     Ours     `json:"ours"`
	Theirs   Theirs   `json:"theirs"`
	Answer   string   `json:"answer,omitempty"` // ours, in words
}

// Request is the version that holds.
type Request struct {
	ID         string    `json:"id"` // "req_…"
	Engagement string    `json:"engagement"`
	Ref        string    `json:"ref"` // the auditor's, unique in the engagement
	Position   int       `json:"position"`
	Version    int       `json:"version"`
	Digest     string    `json:"digest"`
	Made       Made      `json:"made"`
	Exhibits   []Exhibit `json:"exhibits"`
	Messages   int       `json:"messages"`
	RequestContent
}

// Late reports whether the request is not ready and its day has gone by.
func (r Request) Late(today string) bool {
	return r.Due != "" && r.Due < today && r.Ours != Ready && r.Theirs != Accepted && r.Theirs != Withdrawn
}

// Waiting says on whom it waits.
func (r Request) Waiting() string {
	switch {
	case r.Theirs == Accepted || r.Theirs == Withdrawn:
		return "nobody"
	case r.Theirs == Returned && r.Ours != Ready, r.Ours != Ready:
		return "us"
	}
	return "the auditor"
}

// Exhibit is something that was frozen or chosen for an engagement.
type Exhibit struct {
	ID      string `json:"id"` // "exh_…"
	Request string `json:"request,omitempty"`
	Kind    string `json:"kind"`    // population, package, evidence
	Subject string `json:"subject"` // id of the extraction, export or evidence
	Title   string `json:"title"`
	Made    Made   `json:"made"`
}

// Message is what somebody wrote beside a request.
type Message struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Made Made   `json:"made"`
}

const maxRef = 40

func checkRef(ref string) (string, error) {
	ref, err := words("ref", "the reference", ref, 1, maxRef)
	if err == nil && strings.ContainsAny(ref, "\n\t") {
		err = bad("ref", "the reference has more than one line")
	}
	return ref, err
}

func (c *RequestContent) check() error {
	var err error
	if c.Text, err = words("text", "the request", c.Text, 1, 8000); err != nil {
		return err
	}
	if c.Answer, err = words("answer", "the answer", c.Answer, 0, 8000); err != nil {
		return err
	}
	for _, f := range []struct {
		name, what string
		s          *string
	}{{"section", "the section", &c.Section}, {"control", "the control", &c.Control}, {"contact", "the contact", &c.Contact}} {
		if *f.s, err = words(f.name, f.what, *f.s, 0, 500); err != nil {
			return err
		}
	}
	if c.Kind == "" {
		c.Kind = kindOf(c.Text)
	}
	if !slices.Contains(Kinds(), c.Kind) {
		return bad("kind", "%q is no kind of request", c.Kind)
	}
	if c.Ours == "" {
		c.Ours = Open
	}
	if !slices.Contains(AllOurs(), c.Ours) {
		return bad("ours", "%q is no state of a request", c.Ours)
	}
	if c.Theirs == "" {
		c.Theirs = Requested
	}
	if !slices.Contains(AllTheirs(), c.Theirs) {
		return bad("theirs", "%q is no state of a request", c.Theirs)
	}
	if c.Due != "" {
		if _, err := time.Parse(time.DateOnly, c.Due); err != nil {
			return bad("due", "%q is no date", c.Due).WithHint("write it as 2026-01-31")
		}
	}
	var criteria []string
	for _, k := range catalog.All() {
		if slices.Contains(c.Criteria, k.ID) {
			criteria = append(criteria, k.ID)
		}
	}
	if len(criteria) != len(slices.Compact(slices.Sorted(slices.Values(c.Criteria)))) {
		for _, id := range c.Criteria {
			if !slices.Contains(criteria, id) {
				return bad("criteria", "%q is none of the 61 criteria", id).WithHint("write ids like CC6.1")
			}
		}
	}
	if criteria == nil {
		criteria = []string{}
	}
	c.Criteria = criteria
	return nil
}

// kindOf guesses a kind from the auditor's words; a person can change it.
func kindOf(text string) Kind {
	s := strings.ToLower(text)
	for _, k := range []struct {
		word string
		kind Kind
	}{{"population", Population}, {"listing of", Population}, {"list of all", Population}, {"complete list", Population}, {"for the sample", Sample}, {"sampled", Sample},
		{"selected sample", Sample}, {"walkthrough", Inquiry}, {"interview", Inquiry}, {"inquir", Inquiry}, {"meeting", Inquiry}} {
		if strings.Contains(s, k.word) {
			return k.kind
		}
	}
	return Document
}

// CriteriaIn gives the ids of criteria that stand in a text, in the catalogue's
// order: "CC6.1, CC6.2; A1.2".
func CriteriaIn(s string) []string {
	s = strings.ToUpper(s)
	var out []string
	for _, c := range catalog.All() {
		for from := 0; ; {
			i := strings.Index(s[from:], c.ID)
			if i < 0 {
				break
			}
			i += from
			from = i + len(c.ID)
			if before := i == 0 || !word(s[i-1]); before && (from == len(s) || !digit(s[from])) {
				out = append(out, c.ID)
				break
			}
		}
	}
	return out
}

func digit(b byte) bool { return b >= '0' && b <= '9' }
func word(b byte) bool  { return digit(b) || b >= 'A' && b <= 'Z' }
