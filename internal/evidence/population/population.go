package population

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
)

// State is where a version of a definition stands.
type State string

// The states.
const (
	Draft    State = "draft"
	Approved State = "approved"
	Retired  State = "retired"
)

// What a definition does with items at the edges of its window.
const (
	Take  = "take"
	Leave = "leave"
)

// Content is what a version of a definition says. It has no other parts: who
// made and approved it stands beside.
type Content struct {
	Title    string `json:"title"`
	Purpose  string `json:"purpose"`                                  // what is tested with it
	Source   string `json:"source"`                                   // name of a Source
	Subject  string `json:"subject,omitempty"`                        // what the source asks for: a check's id
	Filter   string `json:"filter,omitempty"`                         // CEL over item; "" for every item
	Date     string `json:"date"`                                     // the date that decides membership
	Zone     string `json:"zone"`                                     // IANA name: days of a window begin and end there
	Joiners  string `json:"joiners"`                                  // take, leave: what began after the window did
	InFlight string `json:"in_flight" yaml:"in_flight"`               // take, leave: what had not ended when the window did
	Apply    bool   `json:"exclusions_apply" yaml:"exclusions_apply"` // what an exclusion in force leaves out is left out here too
	Boundary string `json:"boundary,omitempty"`                       // in words: what else is to be known about the edges
}

// Version is a version of a definition.
type Version struct {
	Content
	Slug       string    `json:"slug"`
	Version    int       `json:"version"`
	State      State     `json:"state"`
	Digest     string    `json:"digest"`
	MadeAt     time.Time `json:"made_at"`
	MadeBy     string    `json:"made_by"` // "usr_…" or "system"
	Entry      string    `json:"entry"`
	ApprovedAt time.Time `json:"approved_at,omitzero"`
	ApprovedBy string    `json:"approved_by,omitempty"`
	Alone      string    `json:"alone,omitempty"` // what stood in for a second person
	Approval   string    `json:"approval_entry,omitempty"`
}

// Definition is a definition with all its versions, oldest first.
type Definition struct {
	Slug     string    `json:"slug"`
	Versions []Version `json:"versions"`
}

// Newest gives the newest version.
func (d *Definition) Newest() Version { return d.Versions[len(d.Versions)-1] }

// InForce gives the newest approved version; false where there is none or the
// definition is retired.
func (d *Definition) InForce() (Version, bool) {
	for _, v := range slices.Backward(d.Versions) {
		switch v.State {
		case Retired:
			return Version{}, false
		case Approved:
			return v, true
		}
	}
	return Version{}, false
}

var slugPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// tidy trims and defaults, then holds a content against its source.
func (c *Content) tidy(src *Source) error {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	for _, text := range []*string{&c.Title, &c.Purpose, &c.Subject, &c.Filter, &c.Date, &c.Zone, &c.Boundary} {
		*text = strings.TrimSpace(*text)
	}
	if c.Date == "" && len(src.Dates) > 0 {
		c.Date = src.Dates[0].Name
	}
	for _, word := range []*string{&c.Joiners, &c.InFlight} {
		if *word == "" {
			*word = Take
		}
	}
	if c.Zone == "" {
		c.Zone = "UTC"
	}
	for _, text := range []struct {
		field, value string
		max          int
	}{{"title", c.Title, 120}, {"purpose", c.Purpose, 1000}, {"boundary", c.Boundary, 1000}, {"subject", c.Subject, 200}, {"filter", c.Filter, 4000}} {
		if len(text.value) > text.max || !utf8.ValidString(text.value) {
			return bad(text.field, "the %s is text of at most %d bytes", text.field, text.max)
		}
	}
	switch {
	case len(c.Title) < 3:
		return bad("title", "a population needs a title that says which items it holds")
	case len(c.Purpose) < 3:
		return bad("purpose", "say what is tested with this population")
	case src.Subject != "" && c.Subject == "":
		return bad("subject", "say which %s", src.Subject)
	case src.Subject == "" && c.Subject != "":
		return bad("subject", "%s needs no such word", src.Title)
	case c.Joiners != Take && c.Joiners != Leave:
		return bad("joiners", "%q is neither take nor leave", c.Joiners)
	case c.InFlight != Take && c.InFlight != Leave:
		return bad("in_flight", "%q is neither take nor leave", c.InFlight)
	}
	if _, ok := src.date(c.Date); !ok {
		return bad("date", "%q is no date of %s", c.Date, src.Title).(*fault.Error).WithHint("one of %s decides", src.dateNames())
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return fault.Wrap(fault.Invalid, err, "%q is no time zone that is known here", c.Zone).At("", 0, "zone").WithHint("use a name like Europe/Dublin, or UTC")
	}
	_, err := src.compile(c.Filter)
	return err
}

// encode gives a content as it is stored, and its digest.
func (c Content) encode() (text, digest string, err error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return "", "", err
	}
	return string(raw), hexDigest(raw), nil
}

func hexDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Rule says in plain words what decides membership.
func (c Content) Rule(src *Source, instant bool) string {
	d, _ := src.date(c.Date)
	if instant {
		if d.Span {
			return "at the instant: " + d.Doc
		}
		return "up to the instant: " + d.Doc
	}
	rule := "in the window: " + d.Doc
	if !d.Span {
		return rule
	}
	rule += ", for any part of it"
	if c.Joiners == Leave {
		rule += "; what began after the window did is left out"
	}
	if c.InFlight == Leave {
		rule += "; what had not ended when the window did is left out"
	}
	return rule
}

// Line gives an item as a line of an extraction's file, without the line feed.
func (i Item) Line() []byte {
	line := map[string]any{"id": i.ID, "attributes": i.Attributes}
	if i.Undecided {
		line["undecided"] = true
	}
	return facts.Canonical(line)
}

// parseLine reads what Line gives.
func parseLine(raw []byte) (Item, error) {
	var line struct {
		ID         string         `json:"id"`
		Attributes map[string]any `json:"attributes"`
		Undecided  bool           `json:"undecided"`
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&line); err != nil {
		return Item{}, fault.Wrap(fault.Refused, err, "a line of the extraction's file cannot be read")
	}
	for k, v := range line.Attributes {
		if n, ok := v.(json.Number); ok {
			whole, err := n.Int64()
			if err != nil {
				return Item{}, fault.Wrap(fault.Refused, err, "a line of the extraction's file holds a number that is not whole")
			}
			line.Attributes[k] = whole
		}
	}
	return Item{ID: line.ID, Attributes: line.Attributes, Undecided: line.Undecided}, nil
}

// file gives the items' file: sorted by id, each line ended by a line feed.
func file(items []Item) []byte {
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	var b []byte
	for _, i := range items {
		b = append(append(b, i.Line()...), '\n')
	}
	return b
}
