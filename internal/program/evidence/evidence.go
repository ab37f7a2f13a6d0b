package evidence

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// Kind says whether the content is held here.
type Kind string

// The two kinds.
const (
	File Kind = "file"
	Link Kind = "link" // its content is not held here, and has no digest
)

// New is what a person brings.
type New struct {
	Kind        Kind
	Title       string
	Description string
	Source      string // where it comes from: a system, a report, a person's role
	Query       string // query and parameters, where there was one
	Address     string // of a link
	FileName    string // as the uploader's machine called it
	Performed   time.Time
	From, To    time.Time // period covered: [From, To)
	Collected   time.Time // zero: now
	Covers      []Cover
	Of          int // number of the item whose new version this is; 0 makes an item
}

// Cover ties evidence to an instance of a control.
type Cover struct {
	Control  string `json:"control"`  // slug
	Instance string `json:"instance"` // key of the instance, or of the quarter that is counted
	Role     string `json:"role"`     // instance.AsPerformance, or AsPopulation
	Items    int64  `json:"items"`    // as population: how many; else -1
}

// Made says who added a row, when, and by which ledger entry.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1 before it is numbered
}

// Version is one version of an item of evidence.
type Version struct {
	ID          string    `json:"id"` // "evd_…" of the item
	Number      int       `json:"number"`
	Version     int       `json:"version"`
	Kind        Kind      `json:"kind"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Source      string    `json:"source"`
	Query       string    `json:"query,omitempty"`
	Address     string    `json:"address,omitempty"`
	FileName    string    `json:"file_name,omitempty"`
	ContentType string    `json:"content_type,omitempty"`
	Size        int64     `json:"size,omitempty"`
	Digest      string    `json:"sha256,omitempty"`
	Performed   time.Time `json:"performed"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Collected   time.Time `json:"collected"`
	Scope       int       `json:"scope"` // version of the scope in force when it was brought
	Made        Made      `json:"made"`
	Redacted    string    `json:"redacted,omitempty"` // entry of the redaction
	Covers      []Cover   `json:"covers"`
	Reviews     []Review  `json:"reviews,omitempty"`
}

// Review is what a reviewer decided.
type Review struct {
	Seq          int               `json:"seq"`
	Decision     instance.Decision `json:"decision"`
	Reason       string            `json:"reason,omitempty"`
	Compensation string            `json:"compensation,omitempty"`
	Made         Made              `json:"made"`
}

// Ref gives "E-12".
func (v Version) Ref() string { return fmt.Sprintf("E-%d", v.Number) }

// Standing is where a version's review stands.
type Standing string

// The standings.
const (
	Waiting  Standing = "waiting"
	Accepted Standing = "accepted"
	SentBack Standing = "sent_back"
)

// Words gives the standing as people read it.
func (s Standing) Words() string {
	switch s {
	case Waiting:
		return "awaits review"
	case SentBack:
		return "sent back"
	}
	return string(s)
}

// Standing gives where the review stands.
func (v Version) Standing() Standing {
	if len(v.Reviews) == 0 {
		return Waiting
	}
	return Standing(v.Reviews[len(v.Reviews)-1].Decision)
}

// Limits of what is written.
const (
	maxTitle  = 160
	maxText   = 4000
	maxCovers = 50
)

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// check tidies what was written and refuses what cannot be evidence, naming the
// field. zone is the organisation's, in which dates were meant.
func (n *New) check(now time.Time, zone *time.Location) error {
	n.Title = strings.Join(strings.Fields(n.Title), " ")
	for _, t := range []*string{&n.Description, &n.Source, &n.Query, &n.Address} {
		*t = strings.TrimSpace(strings.ReplaceAll(*t, "\r\n", "\n"))
	}
	n.FileName = baseName(n.FileName)
	for _, t := range []struct {
		field, what, text string
		least, most       int
	}{
		{"title", "the title", n.Title, 3, maxTitle}, {"description", "the description", n.Description, 0, maxText},
		{"source", "the source", n.Source, 2, maxText}, {"query", "the query", n.Query, 0, maxText},
	} {
		switch length := utf8.RuneCountInString(t.text); {
		case !utf8.ValidString(t.text):
			return bad(t.field, "%s is not UTF-8 text", t.what)
		case length == 0 && t.least > 0:
			return bad(t.field, "%s is missing", t.what)
		case length < t.least:
			return bad(t.field, "%s has %d letters; at least %d are asked for", t.what, length, t.least)
		case length > t.most:
			return bad(t.field, "%s has %d letters; at most %d are kept", t.what, length, t.most)
		}
	}
	switch n.Kind {
	case File:
		n.Address = ""
	case Link:
		n.FileName = ""
		u, err := url.Parse(n.Address)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(n.Address) > 2000 || u.User != nil {
			return bad("address", "this is no address of a page").WithHint("write it as https://…, without a name or password in it")
		}
	default:
		return bad("kind", "evidence is a file or a link, not %q", n.Kind)
	}
	if err := n.checkDates(now, zone); err != nil {
		return err
	}
	return n.checkCovers()
}

func (n *New) checkDates(now time.Time, zone *time.Location) error {
	if n.Collected.IsZero() {
		n.Collected = now
	}
	for _, t := range []struct {
		field, what string
		at          time.Time
	}{{"performed", "when it was performed", n.Performed}, {"from", "the first day that it covers", n.From}, {"to", "the last day that it covers", n.To}} {
		if t.at.IsZero() {
			return bad(t.field, "%s is missing", t.what).WithHint("write a date as 2026-01-31")
		}
		if t.at.Year() < 2000 || t.at.Year() > 2200 {
			return bad(t.field, "%s lies in the year %d", t.what, t.at.Year())
		}
	}
	day := func(t time.Time) string { return t.In(zone).Format("2 Jan 2006") }
	last := n.To.Add(-time.Microsecond)
	switch {
	case n.Collected.After(now):
		return bad("collected", "it was collected on %s, which has not come yet", day(n.Collected))
	case n.Performed.After(n.Collected):
		return bad("performed", "it was performed on %s, after it was collected on %s", day(n.Performed), day(n.Collected)).
			WithHint("performing comes before collecting")
	case !n.To.After(n.From):
		return bad("to", "the period ends on %s, before it begins on %s", day(last), day(n.From)).WithHint("put the later day last")
	case n.Performed.Before(n.From):
		return bad("performed", "it was performed on %s, before the period that it covers begins on %s", day(n.Performed), day(n.From))
	case dayAfter(n.Collected, zone).Before(n.To):
		return bad("to", "it covers days up to %s and was collected on %s: what had not happened is covered by nothing", day(last), day(n.Collected)).
			WithHint("end the period on the day of collection, or collect again once it is over")
	}
	return nil
}

func (n *New) checkCovers() error {
	switch {
	case len(n.Covers) == 0:
		return bad("covers", "it shows no instance of a control").WithHint("choose at least one")
	case len(n.Covers) > maxCovers:
		return bad("covers", "it shows %d instances; at most %d are kept", len(n.Covers), maxCovers).WithHint("split the evidence")
	}
	for i := range n.Covers {
		c := &n.Covers[i]
		if c.Role == "" {
			c.Role = instance.AsPerformance
		}
		switch c.Role {
		case instance.AsPerformance:
			c.Items = -1
		case instance.AsPopulation:
			if c.Items < 0 {
				return bad("items", "say how many there were in the quarter; none is 0")
			}
		default:
			return bad("covers", "%q is no role of evidence", c.Role)
		}
	}
	sortCovers(n.Covers)
	n.Covers = slices.CompactFunc(n.Covers, func(a, b Cover) bool {
		return a.Control == b.Control && a.Instance == b.Instance && a.Role == b.Role
	})
	return nil
}

// sortCovers gives covers the one order in which they are stored and digested.
func sortCovers(list []Cover) {
	slices.SortFunc(list, func(a, b Cover) int {
		return strings.Compare(a.Control+"\x00"+a.Instance+"\x00"+a.Role, b.Control+"\x00"+b.Instance+"\x00"+b.Role)
	})
}

// Outside reports whether evidence speaks of nothing within a window: it was
// not performed in it and covers no day of it.
func (v Version) Outside(w scope.Window) bool {
	return !w.Contains(v.Performed) && (!v.To.After(w.Start) || !v.From.Before(w.End))
}

// baseName gives the last part of a file name as any machine writes it, without
// what cannot be shown; "file" where nothing is left.
func baseName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) || r == utf8.RuneError || strings.ContainsRune(`"<>:|?*`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	for len(name) > 180 {
		_, size := utf8.DecodeRuneInString(name)
		name = name[size:] // the end says what it is
	}
	if name == "" {
		return "file"
	}
	return name
}
