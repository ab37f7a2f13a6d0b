package engagement

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
)

// Made says who added a row, when, and by which ledger entry.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"` // "usr_…"
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // of the entry in the ledger; -1 before it is numbered
}

// State is how far an engagement has come.
type State string

// The states. A report is received whatever its opinion; that is not a state.
const (
	Planned   State = "planned"
	Fieldwork State = "fieldwork"
	Closed    State = "closed"
)

// States gives them in order.
func States() []State { return []State{Planned, Fieldwork, Closed} }

// Content is what an engagement is.
type Content struct {
	Title      string             `json:"title"`
	Type       int                `json:"type"`       // 1: as of a date; 2: over a window
	From       string             `json:"from"`       // first day, or the date: "2026-01-01"
	To         string             `json:"to"`         // last day; the same for a type 1
	Zone       string             `json:"zone"`       // in which days are counted
	Categories []catalog.Category `json:"categories"` // in the catalogue's order
	Scope      int                `json:"scope"`      // version of the scope that it starts from
	Firm       string             `json:"firm"`       // the audit firm; "" until one is chosen
	Auditors   []string           `json:"auditors"`   // "usr_…" of those who see it
	State      State              `json:"state"`
	Note       string             `json:"note,omitempty"` // why this version was written
}

// Engagement is the version that holds.
type Engagement struct {
	ID      string `json:"id"` // "eng_…"
	Number  int    `json:"number"`
	Version int    `json:"version"`
	Digest  string `json:"digest"`
	Made    Made   `json:"made"`
	Content
}

// FromScope gives an engagement as the scope would have it: its window, zone and
// categories, under a title that says so.
func FromScope(v scope.Version) Content {
	c := Content{Type: 2, Zone: v.Location().String(), Categories: slices.Clone(v.Categories), Scope: v.Version, State: Planned}
	if win, ok := v.Window(); ok {
		c.Type, c.From, c.To = win.Type, win.From, win.To
		c.Title = fmt.Sprintf("SOC 2 type %d, %s", c.Type, c.Period())
	}
	return c
}

// Window gives the period as [start, end). A type 1 has its one day.
func (c Content) Window() (start, end time.Time) {
	loc, err := time.LoadLocation(c.Zone)
	if err != nil {
		loc = time.UTC // check refuses zones that this machine does not know
	}
	from, _ := time.Parse(time.DateOnly, c.From)
	to, _ := time.Parse(time.DateOnly, c.To)
	return clock.DayStart(from.Year(), from.Month(), from.Day(), loc), clock.DayStart(to.Year(), to.Month(), to.Day()+1, loc)
}

// Location is the zone in which days are counted.
func (c Content) Location() *time.Location {
	start, _ := c.Window()
	return start.Location()
}

// Period gives the days in words: "1 Jan to 30 Jun 2026", "as of 30 Jun 2026".
func (c Content) Period() string {
	from, _ := time.Parse(time.DateOnly, c.From)
	to, _ := time.Parse(time.DateOnly, c.To)
	if c.Type == 1 {
		return "as of " + from.Format("2 Jan 2006")
	}
	layout := "2 Jan"
	if from.Year() != to.Year() {
		layout = "2 Jan 2006"
	}
	return from.Format(layout) + " to " + to.Format("2 Jan 2006")
}

// Has reports whether a category is examined.
func (c Content) Has(k catalog.Category) bool { return slices.Contains(c.Categories, k) }

// Criteria gives the criteria of its categories, in the catalogue's order.
func (c Content) Criteria() []catalog.Criterion {
	return slices.DeleteFunc(slices.Clone(catalog.All()), func(k catalog.Criterion) bool { return !c.Has(k.Category) })
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// words tidies a text that a person wrote and bounds it.
func words(field, what, s string, least, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", bad(field, "%s is not UTF-8 text", what)
	}
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n < least && n == 0:
		return "", bad(field, "%s is missing", what)
	case n < least:
		return "", bad(field, "%s has %d letters; at least %d say something", what, n, least)
	case n > most:
		return "", bad(field, "%s has %d letters; at most %d are kept", what, n, most)
	}
	return s, nil
}

// check tidies the content, or says which field cannot be taken and why.
func (c *Content) check() error {
	var err error
	if c.Title, err = words("title", "the title", c.Title, 3, 120); err != nil {
		return err
	}
	if c.Firm, err = words("firm", "the firm's name", c.Firm, 0, 120); err != nil {
		return err
	}
	if c.Note, err = words("note", "the note", c.Note, 0, 1000); err != nil {
		return err
	}
	day := func(field, what, text string) (time.Time, error) {
		t, err := time.Parse(time.DateOnly, text)
		if text == "" {
			return t, bad(field, "%s is missing", what).WithHint("write it as 2026-01-31")
		}
		if err != nil || t.Year() < 2000 || t.Year() > 2200 {
			return t, bad(field, "%q is no date", text).WithHint("write it as 2026-01-31")
		}
		return t, nil
	}
	switch c.Type {
	case 1:
		if c.To == "" {
			c.To = c.From
		}
		if c.To != c.From {
			return bad("to", "an examination of type 1 has one date").WithHint("leave the last day empty, or choose type 2")
		}
	case 2:
	default:
		return bad("type", "%d is no type of examination", c.Type).WithHint("type 1 is as of a date, type 2 over a window")
	}
	from, err := day("from", "the first day", c.From)
	if err != nil {
		return err
	}
	to, err := day("to", "the last day", c.To)
	if err != nil {
		return err
	}
	if to.Before(from) {
		return bad("to", "the window ends on %s, before it begins on %s", c.To, c.From).WithHint("put the later day last")
	}
	if to.Sub(from) > 3*366*24*time.Hour {
		return bad("to", "the window has more than three years").WithHint("it usually has 3 to 12 months")
	}
	if c.Zone == "" {
		c.Zone = "UTC"
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return bad("zone", "%q is no time zone", c.Zone).WithHint("write a name like Europe/Berlin")
	}
	var known []catalog.Category
	for _, k := range catalog.All() {
		if slices.Contains(c.Categories, k.Category) && !slices.Contains(known, k.Category) {
			known = append(known, k.Category)
		}
	}
	for _, k := range c.Categories {
		if !slices.Contains(known, k) {
			return bad("categories", "%q is no category", k)
		}
	}
	if !slices.Contains(known, catalog.Security) {
		return bad("categories", "security is part of every examination").WithHint("choose security, and others beside it")
	}
	c.Categories = known
	if c.State == "" {
		c.State = Planned
	}
	if !slices.Contains(States(), c.State) {
		return bad("state", "%q is no state of an engagement", c.State)
	}
	if c.Auditors == nil {
		c.Auditors = []string{}
	}
	slices.Sort(c.Auditors)
	c.Auditors = slices.Compact(c.Auditors)
	return nil
}

// CheckAuditors refuses anybody among the auditors who has not that role.
func (c Content) CheckAuditors(users []access.User) error {
	for _, id := range c.Auditors {
		i := slices.IndexFunc(users, func(u access.User) bool { return u.ID == id })
		switch {
		case i < 0:
			return bad("auditors", "there is no user %q", id).WithHint("choose among those who have the role auditor")
		case users[i].Role != access.Auditor:
			return bad("auditors", "%s has the role %s", users[i].Login, users[i].Role).WithHint("an engagement names users with the role auditor; others see it by their own role")
		}
	}
	return nil
}

// encode gives a content as it is stored, and its digest.
func encode(content any) (text, digest string, err error) {
	b, err := json.Marshal(content)
	if err != nil {
		return "", "", fmt.Errorf("encode: %w", err)
	}
	return string(b), digestOf(string(b)), nil
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
