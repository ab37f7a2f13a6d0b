package export

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Kind is what a package is about.
type Kind string

// The kinds.
const (
	Engagement Kind = "engagement"
	Window     Kind = "window"
	Control    Kind = "control"
)

// Request says what goes into a package.
type Request struct {
	Kind     Kind
	ID       string // of the engagement or the control's slug; "" for a window
	Title    string // what a reader sees; no name of a person
	From, To time.Time
	Zone     string   // IANA name, in which the window's days are counted
	Known    []int64  // sizes of checkpoints that readers hold: the package proves that the log continues them
	Personal []string // entries ("ent_…") whose personal data is disclosed with its salt
	Head     int64    // size of the ledger that bounds everything; the present one when 0
}

// maxKnown bounds how many sizes a request names.
const maxKnown = 100

// check tidies the request, or refuses it by field.
func (r *Request) check() error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	r.Title = strings.TrimSpace(r.Title)
	r.From, r.To = r.From.UTC().Truncate(time.Microsecond), r.To.UTC().Truncate(time.Microsecond)
	if r.Zone == "" {
		r.Zone = "UTC"
	}
	switch r.Kind {
	case Engagement, Control:
		if r.ID == "" {
			return bad("id", "say which %s the package is about", r.Kind)
		}
	case Window:
	default:
		return bad("kind", "a package is about an engagement, a window or a control, not %q", r.Kind)
	}
	switch {
	case r.From.IsZero():
		return bad("from", "say when the window begins").WithHint("a date like 2026-01-01")
	case r.To.IsZero():
		return bad("to", "say when the window ends").WithHint("the day after the last, like 2026-07-01")
	case !r.From.Before(r.To):
		return bad("to", "the window ends before it begins").WithHint("choose an end after %s", r.From.Format(time.DateOnly))
	case len(r.Title) > 200:
		return bad("title", "the title has more than 200 bytes")
	case len(r.Known) > maxKnown:
		return bad("known", "at most %d checkpoints are proved to be continued", maxKnown)
	case r.Head < 0:
		return bad("head", "a ledger has no negative size")
	}
	if _, err := time.LoadLocation(r.Zone); err != nil {
		return fault.Wrap(fault.Invalid, err, "%q is no time zone that is known here", r.Zone).At("", 0, "zone")
	}
	for _, size := range r.Known {
		if size < 1 {
			return bad("known", "%d is no size of a checkpoint", size)
		}
	}
	for _, id := range r.Personal {
		if !ids.Valid(id, "ent") {
			return bad("personal", "%q is no id of a ledger entry", id)
		}
	}
	slices.Sort(r.Known)
	slices.Sort(r.Personal)
	r.Known, r.Personal = slices.Compact(r.Known), slices.Compact(r.Personal)
	return nil
}

// Bounds is what a Source may read: nothing that is not known at Head.
type Bounds struct {
	Request
	Start int64     // size of the ledger where the window begins
	End   int64     // and where it ends
	Valid time.Time // the last moment of the window, or of what was known
	As    int64     // size of the ledger that was known at Valid: "as known then"
}

// Content is what a Source puts into a package.
type Content struct {
	Path    string // offline.PopulationDir + "P-12.jsonl"; "" when there are only records
	Open    func() (io.ReadCloser, error)
	Table   bool     // also write it as a table: the file is a population's lines of JSON
	Records []Record // that commit to it, or that it rests on
}

// Record is an entry that belongs into a package, and why, in a few words.
type Record struct {
	Entry string // "ent_…"
	Why   string
}

// Source gives what one part of the system puts into packages. It adds content in
// an order that depends on nothing but b.
type Source interface {
	Contents(ctx context.Context, b Bounds, add func(Content) error) error
}

// SourceFunc is a Source that is one function.
type SourceFunc func(ctx context.Context, b Bounds, add func(Content) error) error

// Contents calls f.
func (f SourceFunc) Contents(ctx context.Context, b Bounds, add func(Content) error) error {
	return f(ctx, b, add)
}

// Progress is how far a package is.
type Progress struct {
	Step  string `json:"step"` // "entries", "records", "content"
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// Export is a package that was made.
type Export struct {
	ID       string    `json:"id"` // "pkg_…"
	Kind     Kind      `json:"kind"`
	Subject  string    `json:"subject"`
	Title    string    `json:"title"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Start    int64     `json:"start"`
	End      int64     `json:"end"`
	Head     int64     `json:"head"`
	Files    int64     `json:"files"`
	Records  int64     `json:"records"` // proved one by one
	Size     int64     `json:"size"`    // bytes of the zip
	Digest   string    `json:"sha256"`
	Personal int64     `json:"personal"` // records whose personal data is disclosed
	MadeAt   time.Time `json:"made_at"`
	MadeBy   string    `json:"made_by"`
	Entry    string    `json:"entry"`
	Index    int64     `json:"index"` // of the entry in the ledger; -1 before it is numbered
}

// FileName is what a reader saves the package as.
func (e Export) FileName() string {
	name := "attesta-" + string(e.Kind)
	if e.Subject != "" {
		name += "-" + path.Base(e.Subject)
	}
	return name + "-" + e.To.Add(-time.Microsecond).Format(time.DateOnly) + "-" + e.Digest[:12] + ".zip"
}
