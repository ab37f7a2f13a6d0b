package scope

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
)

// Content is what a version of the scope says.
type Content struct {
	catalog.Scope `yaml:",inline"`

	Zone         string        `json:"zone" yaml:"zone"` // IANA name of the organisation's time zone
	Systems      []Described   `json:"systems,omitempty" yaml:"systems,omitempty"`
	Boundary     []Component   `json:"boundary,omitempty" yaml:"boundary,omitempty"`
	Commitments  []Commitment  `json:"commitments,omitempty" yaml:"commitments,omitempty"`
	Requirements []Requirement `json:"requirements,omitempty" yaml:"requirements,omitempty"`
	LeftOut      []LeftOut     `json:"left_out,omitempty" yaml:"left_out,omitempty"`
	Examination  Examination   `json:"examination,omitzero" yaml:"examination,omitempty"`
}

// Described is a system under examination, in the organisation's words.
type Described struct {
	Name        string   `json:"name" yaml:"name"`
	Description string   `json:"description,omitempty" yaml:"description,omitempty"`
	Services    []string `json:"services,omitempty" yaml:"services,omitempty"` // what its users get from it
}

// Kind of a component, as description criterion 3 names them.
type Kind string

// The five kinds.
const (
	Infrastructure Kind = "infrastructure"
	Software       Kind = "software"
	People         Kind = "people"
	Procedures     Kind = "procedures"
	Data           Kind = "data"
)

// Kinds gives the five.
func Kinds() []Kind { return []Kind{Infrastructure, Software, People, Procedures, Data} }

// Component lies inside the boundary or outside, and why.
type Component struct {
	Name   string   `json:"name" yaml:"name"`
	Kind   Kind     `json:"kind" yaml:"kind"`
	Out    bool     `json:"out,omitempty" yaml:"out,omitempty"`
	Reason string   `json:"reason,omitempty" yaml:"reason,omitempty"` // asked for where it is out
	Hosts  []string `json:"hosts,omitempty" yaml:"hosts,omitempty"`   // names or patterns of path.Match; "*" is every host
}

// Commitment is a principal service commitment.
type Commitment struct {
	ID         string             `json:"id" yaml:"id"` // "sc-1"
	To         string             `json:"to" yaml:"to"` // whom it was made to
	Statement  string             `json:"statement" yaml:"statement"`
	Source     string             `json:"source" yaml:"source"` // document that makes it
	Categories []catalog.Category `json:"categories" yaml:"categories"`
}

// Ground is what a system requirement rests on.
type Ground string

// The three grounds.
const (
	ByLaw      Ground = "law"
	ByContract Ground = "contract"
	ByChoice   Ground = "own"
)

// Requirement is a system requirement: what the system must do so that the
// commitments hold.
type Requirement struct {
	ID        string   `json:"id" yaml:"id"` // "sr-1"
	Statement string   `json:"statement" yaml:"statement"`
	Serves    []string `json:"serves,omitempty" yaml:"serves,omitempty"` // ids of commitments
	By        Ground   `json:"by" yaml:"by"`
	Reference string   `json:"reference,omitempty" yaml:"reference,omitempty"` // the law, contract or policy
}

// LeftOut says why a category is not examined.
type LeftOut struct {
	Category catalog.Category `json:"category" yaml:"category"`
	Reason   string           `json:"reason" yaml:"reason"`
}

// Examination is type 1, as of a date, or type 2, over a window. Days are
// civil dates in the scope's zone: "2026-01-31".
type Examination struct {
	Type int    `json:"type" yaml:"type"`
	Date string `json:"date,omitempty" yaml:"date,omitempty"` // type 1
	From string `json:"from,omitempty" yaml:"from,omitempty"` // type 2: first day
	To   string `json:"to,omitempty" yaml:"to,omitempty"`     // type 2: last day
}

// IsZero reports whether nothing is said yet; for omitzero.
func (e Examination) IsZero() bool { return e == Examination{} }

// Location gives the scope's time zone; UTC where it names none.
func (c Content) Location() *time.Location {
	loc, err := time.LoadLocation(c.Zone)
	if err != nil {
		return time.UTC // check refuses unknown zones; a machine without zone data shows UTC
	}
	return loc
}

// Name gives what the systems are called together; "" before anybody said.
func (c Content) Name() string {
	names := make([]string, len(c.Systems))
	for i, s := range c.Systems {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// Host says by which component a host lies inside or outside the boundary. A
// component that is out goes before one that is in; false where none names it.
func (c Content) Host(name string) (by Component, named bool) {
	for _, k := range c.Boundary {
		hit := slices.ContainsFunc(k.Hosts, func(pattern string) bool {
			ok, err := path.Match(pattern, name)
			return ok && err == nil // check refuses a malformed pattern
		})
		if hit && (!named || k.Out && !by.Out) {
			by, named = k, true
		}
	}
	return by, named
}

// Reason gives why a category is left out; "" where nobody said.
func (c Content) Reason(k catalog.Category) string {
	for _, l := range c.LeftOut {
		if l.Category == k {
			return l.Reason
		}
	}
	return ""
}

const (
	maxName = 120  // bytes
	maxText = 1500 // bytes
	maxList = 200
)

// tidy puts words and lists into the form that is stored: trimmed, categories
// in the catalogue's order with those that commitments touch where none are
// named, ids where they are missing.
func (c *Content) tidy() {
	trim := func(texts ...*string) {
		for _, t := range texts {
			*t = strings.TrimSpace(strings.ReplaceAll(*t, "\r\n", "\n"))
		}
	}
	trim(&c.Zone, &c.Examination.Date, &c.Examination.From, &c.Examination.To)
	for i := range c.Systems {
		trim(&c.Systems[i].Name, &c.Systems[i].Description)
		for k := range c.Systems[i].Services {
			trim(&c.Systems[i].Services[k])
		}
	}
	for i := range c.Boundary {
		trim(&c.Boundary[i].Name, &c.Boundary[i].Reason)
	}
	for i := range c.Commitments {
		k := &c.Commitments[i]
		trim(&k.ID, &k.To, &k.Statement, &k.Source)
		if k.ID == "" {
			k.ID = fmt.Sprintf("sc-%d", i+1)
		}
		k.Categories = inOrder(k.Categories)
	}
	for i := range c.Requirements {
		k := &c.Requirements[i]
		trim(&k.ID, &k.Statement, &k.Reference)
		if k.ID == "" {
			k.ID = fmt.Sprintf("sr-%d", i+1)
		}
	}
	for i := range c.LeftOut {
		trim(&c.LeftOut[i].Reason)
	}
	if len(c.Categories) == 0 {
		c.Categories = slices.DeleteFunc(c.Derived(), func(k catalog.Category) bool { return c.Reason(k) != "" })
	}
	c.Categories = inOrder(append([]catalog.Category{catalog.Security}, c.Categories...))
}

// inOrder gives categories once each in the catalogue's order, and unknown ones
// last, for check to refuse.
func inOrder(list []catalog.Category) []catalog.Category {
	var out []catalog.Category
	for _, k := range append(catalog.Categories(), list...) {
		if slices.Contains(list, k) && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// check refuses what cannot be a scope, naming the field: "commitments[2].to".
func (c Content) check() error {
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		return bad("zone", "%q is no time zone that is known here", c.Zone).WithHint("use a name like Europe/Dublin, or UTC")
	}
	if err := categories("categories", c.Categories); err != nil {
		return err
	}
	for _, a := range []catalog.Answer{c.Controller, c.Processor, c.Goods} {
		if a != catalog.Unanswered && a != catalog.Yes && a != catalog.No {
			return bad("answers", "%q is neither yes nor no", a)
		}
	}
	for _, step := range []func() error{c.checkSystems, c.checkBoundary, c.checkCommitments, c.checkRequirements, c.checkLeftOut, c.Examination.check} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func categories(field string, list []catalog.Category) error {
	for _, k := range list {
		if !slices.Contains(catalog.Categories(), k) {
			return bad(field, "%q is no category", k).
				WithHint("the categories are security, availability, processing_integrity, confidentiality, privacy")
		}
	}
	return nil
}

func words(field, what, text string, required bool, limit int) error {
	switch {
	case !utf8.ValidString(text):
		return bad(field, "%s is not UTF-8 text", what)
	case required && text == "":
		return bad(field, "%s is missing", what)
	case len(text) > limit:
		return bad(field, "%s has %d bytes; at most %d are kept", what, len(text), limit)
	}
	return nil
}

func list(field string, n int) error {
	if n > maxList {
		return bad(field, "%d entries; at most %d are kept", n, maxList)
	}
	return nil
}

// first gives the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Content) checkSystems() error {
	if err := list("systems", len(c.Systems)); err != nil {
		return err
	}
	for i, s := range c.Systems {
		at := fmt.Sprintf("systems[%d].", i)
		if err := first(words(at+"name", "the name of the system", s.Name, true, maxName),
			words(at+"description", "the description", s.Description, false, maxText), list(at+"services", len(s.Services))); err != nil {
			return err
		}
		for _, v := range s.Services {
			if err := words(at+"services", "a service", v, true, maxText); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c Content) checkBoundary() error {
	if err := list("boundary", len(c.Boundary)); err != nil {
		return err
	}
	for i, k := range c.Boundary {
		at := fmt.Sprintf("boundary[%d].", i)
		if err := first(words(at+"name", "the name of the component", k.Name, true, maxName), words(at+"reason", "the reason", k.Reason, false, maxText), list(at+"hosts", len(k.Hosts))); err != nil {
			return err
		}
		if !slices.Contains(Kinds(), k.Kind) {
			return bad(at+"kind", "%q is no kind of component", k.Kind).WithHint("the kinds are infrastructure, software, people, procedures, data")
		}
		if k.Out && k.Reason == "" {
			return bad(at+"reason", "say why “%s” lies outside the boundary", k.Name).WithHint("an auditor asks about each thing that is left out")
		}
		if len(k.Hosts) > 0 && k.Kind != Infrastructure {
			return bad(at+"hosts", "“%s” is %s; only infrastructure has hosts", k.Name, k.Kind)
		}
		for _, pattern := range k.Hosts {
			if _, err := path.Match(pattern, ""); err != nil || pattern == "" || len(pattern) > maxName {
				return bad(at+"hosts", "%q is no name or pattern of hosts", pattern).WithHint("write db-01, db-* or * for every host")
			}
		}
	}
	return nil
}

func (c Content) checkCommitments() error {
	if err := list("commitments", len(c.Commitments)); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, k := range c.Commitments {
		at := fmt.Sprintf("commitments[%d].", i)
		if err := first(words(at+"id", "the id", k.ID, true, 40), words(at+"to", "to whom the commitment was made", k.To, true, maxText),
			words(at+"statement", "what was promised", k.Statement, true, maxText), words(at+"source", "the document that makes the commitment", k.Source, true, maxText),
			categories(at+"categories", k.Categories)); err != nil {
			return err
		}
		if seen[k.ID] {
			return bad(at+"id", "two commitments have the id %s", k.ID)
		}
		seen[k.ID] = true
		if len(k.Categories) == 0 {
			return bad(at+"categories", "the commitment touches no category").WithHint("a promise about up-time touches availability, one about secrecy confidentiality")
		}
	}
	return nil
}

func (c Content) checkRequirements() error {
	if err := list("requirements", len(c.Requirements)); err != nil {
		return err
	}
	known, seen := map[string]bool{}, map[string]bool{}
	for _, k := range c.Commitments {
		known[k.ID] = true
	}
	for i, k := range c.Requirements {
		at := fmt.Sprintf("requirements[%d].", i)
		if err := first(words(at+"id", "the id", k.ID, true, 40), words(at+"statement", "the requirement", k.Statement, true, maxText),
			words(at+"reference", "the reference", k.Reference, false, maxText), list(at+"serves", len(k.Serves))); err != nil {
			return err
		}
		if seen[k.ID] {
			return bad(at+"id", "two requirements have the id %s", k.ID)
		}
		seen[k.ID] = true
		if k.By != ByLaw && k.By != ByContract && k.By != ByChoice {
			return bad(at+"by", "%q is no ground of a requirement", k.By).WithHint("the grounds are law, contract and own")
		}
		for _, id := range k.Serves {
			if !known[id] {
				return bad(at+"serves", "there is no commitment %q", id)
			}
		}
	}
	return nil
}

func (c Content) checkLeftOut() error {
	for i, k := range c.LeftOut {
		at := fmt.Sprintf("left_out[%d].", i)
		if err := first(categories(at+"category", []catalog.Category{k.Category}), words(at+"reason", "the reason", k.Reason, true, maxText)); err != nil {
			return err
		}
		if k.Category == catalog.Security {
			return bad(at+"category", "security belongs to every examination")
		}
		if c.Has(k.Category) {
			return bad(at+"category", "%s is in scope and left out", k.Category.Words()).WithHint("take it out of one of the two")
		}
	}
	return nil
}

// Digest gives the stored form and its SHA-256.
func (c Content) Digest() (content, digest string, err error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", "", fmt.Errorf("encode the scope: %w", err)
	}
	return string(b), digestOf(string(b)), nil
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}
