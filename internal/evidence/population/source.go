package population

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
)

// Source is where items come from. Domains register theirs at start.
type Source struct {
	Name    string        // "hosts"
	Title   string        // "Hosts"
	Doc     string        // one sentence: which things these are
	Subject string        // what a definition must name beside: "check"; "" for nothing
	Fields  []judge.Field // the attributes of an item, for filters and lists
	Columns []string      // the attributes that lists show, the name first
	Dates   []Date        // what may decide membership; the first is usual
	Settle  time.Duration // how long what was observed at a moment may be on its way: a window ends before
	// Read gives every item that could be a member: those with a date in or
	// around the request. What it gives depends on the request alone: rows
	// that became known after Request.At.Known are not in it.
	Read func(ctx context.Context, r Request) ([]Item, error)
	// Others are second sources of the same things that are known here: for
	// changes, what was deployed.
	Others []Other
}

// Date is a date of an item that may decide membership.
type Date struct {
	Name string // "first_seen"
	Doc  string // "when the host first reported"
	Span bool   // it is a stretch, not a moment
}

// Request is what a source is asked for.
type Request struct {
	At       outcome.At // attributes as of Valid, known by Known
	From, To time.Time  // the window; equal for an instant
	Subject  string     // of the definition
}

// Item is one item of a source.
type Item struct {
	ID         string            // "hst_…"
	Attributes map[string]any    // string, int64, bool, or lists of these; an attribute that is not known is left out
	Dates      map[string][]Span // by the name of a Date
	Undecided  bool              // the filter could not be answered: an attribute is not known
}

// Span is a stretch of time. A moment has From = To; one that lasts has a zero
// To.
type Span struct{ From, To time.Time }

// date gives the source's date of that name.
func (s *Source) date(name string) (Date, bool) {
	i := slices.IndexFunc(s.Dates, func(d Date) bool { return d.Name == name })
	if i < 0 {
		return Date{}, false
	}
	return s.Dates[i], true
}

func (s *Source) dateNames() string {
	names := make([]string, len(s.Dates))
	for i, d := range s.Dates {
		names[i] = d.Name
	}
	return strings.Join(names, ", ")
}

// Window is what an extraction covers: [From, To). From equal to To, or zero,
// is the instant To. A zero To is now, or as lately as the source can say.
type Window struct{ From, To time.Time }

// Instant reports whether the window is an instant.
func (w Window) Instant() bool { return w.From.IsZero() || w.From.Equal(w.To) }

// member decides whether one stretch makes an item a member, and gives the part
// of it inside the window.
func (c *Content) member(d Date, sp Span, w Window) (inside Span, ok bool) {
	ended := !sp.To.IsZero()
	if w.Instant() {
		if !d.Span {
			return sp, !sp.From.After(w.To)
		}
		return Span{w.To, w.To}, !sp.From.After(w.To) && (!ended || sp.To.After(w.To))
	}
	if !d.Span {
		return sp, !sp.From.Before(w.From) && sp.From.Before(w.To)
	}
	switch {
	case !sp.From.Before(w.To), ended && !sp.To.After(w.From):
		return Span{}, false
	case c.Joiners == Leave && sp.From.After(w.From):
		return Span{}, false
	case c.InFlight == Leave && (!ended || !sp.To.Before(w.To)):
		return Span{}, false
	}
	inside = Span{sp.From, sp.To}
	if inside.From.Before(w.From) {
		inside.From = w.From
	}
	if !ended || inside.To.After(w.To) {
		inside.To = w.To
	}
	return inside, true
}

// members picks the items whose deciding date makes them members, with the
// stretches inside the window.
func (c *Content) members(src *Source, all []Item, w Window) (in []Item, inside [][]Span) {
	d, _ := src.date(c.Date)
	for _, item := range all {
		var parts []Span
		for _, sp := range item.Dates[c.Date] {
			if part, ok := c.member(d, sp, w); ok {
				parts = append(parts, part)
			}
		}
		if len(parts) > 0 {
			in, inside = append(in, item), append(inside, parts)
		}
	}
	return in, inside
}

// filter is a compiled filter; nil keeps everything.
type filter struct{ attribute *judge.Attribute }

// compile holds a filter against the source's attributes. Mistakes are faults
// of kind Invalid with field "filter".
func (s *Source) compile(expression string) (*filter, error) {
	if strings.TrimSpace(expression) == "" {
		return nil, nil
	}
	schema := judge.Bare()
	if err := schema.Population(s.Name, judge.Field{Name: "item", Type: &judge.Type{Kind: judge.Struct, Name: s.Name, Fields: s.Fields}}); err != nil {
		return nil, err
	}
	a, err := schema.Compile(s.Name, expression, nil)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s", strings.ReplaceAll(strings.ReplaceAll(err.Error(), "expect:", ""), "\n", "; ")).At("", 0, "filter").
			WithHint("write it over the attributes of %s, such as item.%s", s.Title, s.example())
	}
	return &filter{a}, nil
}

// example gives a condition over the first text attribute.
func (s *Source) example() string {
	for _, f := range s.Fields {
		if f.Type.Kind == judge.String {
			return f.Name + ` == "…"`
		}
	}
	return s.Fields[0].Name
}

// keep decides over one item; undecided when an attribute that matters is not
// known.
func (f *filter) keep(item Item) (in, undecided bool) {
	if f == nil {
		return true, false
	}
	r := f.attribute.Judge(judge.Item{Sections: map[string]*facts.Decoded{"item": {Name: "item", Values: item.Attributes}}})
	switch r.Outcome {
	case judge.Pass:
		return true, false
	case judge.Fail:
		return false, false
	}
	return true, true
}
