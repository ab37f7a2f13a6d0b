package offline

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Reason says in one word why a package does not verify.
type Reason string

// The reasons.
const (
	Tampered   Reason = "tampered"   // a hash, a proof or a signature does not hold
	Incomplete Reason = "incomplete" // a gap, a missing file, a hole in a stream
	Untrusted  Reason = "untrusted"  // a key, a quorum or an authority that the trust file does not hold
	Redacted   Reason = "redactions" // with --strict: something was erased
	Malformed  Reason = "malformed"  // no package that may be read
)

// Problem is one thing that does not hold.
type Problem struct {
	Reason  Reason `json:"reason"`
	File    string `json:"file,omitempty"`
	Index   *int64 `json:"index,omitempty"` // of a ledger entry
	Message string `json:"message"`
}

// Anchor is what somebody outside the organisation holds.
type Anchor struct {
	Kind string    `json:"kind"` // "witness" or "checkpoint"
	Name string    `json:"name,omitempty"`
	Size int64     `json:"size"` // of the log that it covers
	At   time.Time `json:"at,omitzero"`
}

// Named is a file that a record of the ledger commits to by digest.
type Named struct {
	File  string    `json:"file"`
	Index int64     `json:"index"` // of the record
	Type  string    `json:"type"`
	ID    string    `json:"id"`
	At    time.Time `json:"at"`
}

// Gap is a time in which something was silent.
type Gap struct {
	What string    `json:"what"` // "ledger", a stream, or what the organisation says
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
	Said bool      `json:"said,omitempty"` // the organisation's own list; not in the ledger
}

// Report says what was verified. It is a stable contract in its JSON form.
type Report struct {
	V         int       `json:"v"`
	Result    string    `json:"result"` // "verified", "failed" or "malformed"
	Reasons   []Reason  `json:"reasons"`
	Problems  []Problem `json:"problems"`
	More      int       `json:"more_problems,omitempty"`
	Digest    string    `json:"sha256,omitempty"` // of the zip file
	Origin    string    `json:"origin,omitempty"`
	Key       string    `json:"key,omitempty"` // of the trust file, that everything was checked with
	Epoch     int       `json:"epoch,omitempty"`
	Generator string    `json:"generator,omitempty"`
	Subject   Subject   `json:"subject,omitzero"`
	Window    Window    `json:"window,omitzero"`
	Log       bool      `json:"log"` // every entry of the window is in the package
	Start     TreeHead  `json:"start"`
	End       TreeHead  `json:"end"`
	Head      TreeHead  `json:"head"`
	FirstAt   time.Time `json:"first_at,omitzero"` // of the window's entries
	LastAt    time.Time `json:"last_at,omitzero"`
	Files     int64     `json:"files"`
	Bytes     int64     `json:"bytes"`
	Entries   int64     `json:"entries"` // of the window
	Streams   int64     `json:"streams"`
	Tiles     int64     `json:"tiles"`
	Bundles   int64     `json:"bundles"`
	Records   int64     `json:"records"` // proved one by one
	Blobs     int64     `json:"blobs"`   // that records name and the package holds
	Erased    int64     `json:"redacted"`
	Committed int64     `json:"commitments"` // of personal data that is not in the package
	Personal  int64     `json:"personal"`    // commitments that were opened
	Named     []Named   `json:"named"`       // populations, counts and the like
	Gaps      []Gap     `json:"gaps"`
	MoreGaps  int       `json:"more_gaps,omitempty"`
	Anchored  bool      `json:"anchored"`
	Anchors   []Anchor  `json:"anchors"`
	Notes     []string  `json:"notes"` // what it cannot prove
}

const (
	maxProblems = 100
	maxGaps     = 200
)

func newReport() *Report {
	return &Report{V: 1, Reasons: []Reason{}, Problems: []Problem{}, Named: []Named{}, Gaps: []Gap{}, Anchors: []Anchor{}, Notes: []string{}}
}

// fail notes a problem.
func (r *Report) fail(reason Reason, file string, index int64, format string, args ...any) {
	if !slices.Contains(r.Reasons, reason) {
		r.Reasons = append(r.Reasons, reason)
		slices.Sort(r.Reasons)
	}
	if len(r.Problems) >= maxProblems {
		r.More++
		return
	}
	p := Problem{Reason: reason, File: file, Message: printable(fmt.Sprintf(format, args...))}
	if index >= 0 {
		p.Index = &index
	}
	r.Problems = append(r.Problems, p)
}

func (r *Report) gap(g Gap) {
	g.What = printable(g.What)
	if len(r.Gaps) >= maxGaps {
		r.MoreGaps++
		return
	}
	r.Gaps = append(r.Gaps, g)
}

// ExitCode is that of the verifying programs: 0 verified, 1 malformed, 4 failed.
func (r *Report) ExitCode() int {
	switch r.Result {
	case "verified":
		return 0
	case "malformed":
		return 1
	}
	return 4
}

// Print writes the report for a person.
func (r *Report) Print(w io.Writer) {
	switch r.Result {
	case "verified":
		fmt.Fprintln(w, "VERIFIED: everything in the package is what the ledger's signed checkpoints commit to")
	case "malformed":
		fmt.Fprintln(w, "MALFORMED: this is no package that may be read; nothing was verified")
	default:
		reasons := make([]string, len(r.Reasons))
		for i, s := range r.Reasons {
			reasons[i] = string(s)
		}
		fmt.Fprintf(w, "FAILED: %s\n", strings.Join(reasons, ", "))
	}
	for _, p := range r.Problems {
		where := ""
		if p.File != "" {
			where = p.File + ": "
		}
		if p.Index != nil {
			where += fmt.Sprintf("entry %d: ", *p.Index)
		}
		fmt.Fprintf(w, "  %-11s %s%s\n", p.Reason, where, p.Message)
	}
	if r.More > 0 {
		fmt.Fprintf(w, "  and %d more\n", r.More)
	}
	if r.Origin == "" {
		return
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	if r.Digest != "" {
		line("sha256", "%s (of the package file)", r.Digest)
	}
	line("about", "%s %s %s", r.Subject.Kind, r.Subject.ID, r.Subject.Title)
	line("window", "%s to %s (%s)", stamp(r.Window.From), stamp(r.Window.To), r.Window.Zone)
	line("ledger", "%s", r.Origin)
	if r.Key != "" {
		line("key", "%s (from the trust file)", r.Key)
	}
	line("made by", "%s, as it says itself", r.Generator)
	line("checkpoints", "start %d, end %d, at export %d entries", r.Start.Size, r.End.Size, r.Head.Size)
	if r.Log && r.Entries > 0 {
		line("entries", "%d of the window, from %s to %s, in %d streams", r.Entries, stamp(r.FirstAt), stamp(r.LastAt), r.Streams)
		line("log", "%d bundles and %d hash tiles, each computed again", r.Bundles, r.Tiles)
	}
	line("records", "%d proved one by one", r.Records)
	line("files", "%d with %d bytes, each with the signed digest", r.Files, r.Bytes)
	line("blobs", "%d named by records and present, %d redacted", r.Blobs, r.Erased)
	line("personal", "%d commitments kept closed, %d opened and held", r.Committed, r.Personal)
	for _, n := range r.Named {
		line("bound", "%s is what entry %d (%s, %s) commits to", n.File, n.Index, n.Type, stamp(n.At))
	}
	for _, g := range r.Gaps {
		until, said := "the end", ""
		if !g.To.IsZero() {
			until = stamp(g.To)
		}
		if g.Said {
			said = " (as the organisation lists it)"
		}
		line("gap", "%s: nothing from %s to %s%s", g.What, stamp(g.From), until, said)
	}
	if r.MoreGaps > 0 {
		line("gap", "and %d more", r.MoreGaps)
	}
	if !r.Anchored {
		line("anchor", "NOT ANCHORED")
	}
	for _, a := range r.Anchors {
		at := ""
		if !a.At.IsZero() {
			at = " at " + stamp(a.At)
		}
		line("anchor", "%s %s covers %d entries%s", a.Kind, a.Name, a.Size, at)
	}
	for _, n := range r.Notes {
		line("note", "%s", n)
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
