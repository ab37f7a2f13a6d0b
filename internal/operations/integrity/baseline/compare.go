package baseline

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/wire"
)

const (
	mostDiffer = 2000 // paths that a comparison names
	mostDrills = 1000 // directories that it goes into
	atOnce     = 16   // of which it waits for at a time
	mostTaken  = 10_000
)

// Comparison is two hosts' files against each other.
type Comparison struct {
	ID      string      `json:"id"` // cmp_…
	Ref     string      `json:"ref"`
	Number  int64       `json:"-"`
	A       string      `json:"a" doc:"Source of the first host, the reference."`
	B       string      `json:"b"`
	NameA   string      `json:"name_a"`
	NameB   string      `json:"name_b"`
	State   string      `json:"state" doc:"running, done, failed."`
	Of      string      `json:"of" doc:"baseline, candidate, or snapshot: the baseline of the first with the newest snapshot of the other."`
	RootA   string      `json:"root_a,omitempty"`
	RootB   string      `json:"root_b,omitempty"`
	Roots   []Root      `json:"roots,omitempty" doc:"Watched trees, each the same on both or not."`
	Differs []Different `json:"differs"`
	More    int64       `json:"more,omitempty" doc:"Paths that differ beyond those that are named."`
	Drills  int64       `json:"directories" doc:"Directories that were gone into."`
	Cut     bool        `json:"cut,omitempty" doc:"It stopped at its bounds: there is more that differs."`
	Why     string      `json:"why,omitempty" doc:"Why it failed."`
	By      string      `json:"made_by"`
	Made    time.Time   `json:"made"`
	Ended   time.Time   `json:"ended,omitzero"`

	Waits map[string]*wait `json:"waits,omitempty"` // by path: what each side said
	Queue []string         `json:"queue,omitempty"` // directories still to be asked for
	entry string
}

// Different is a path that is not the same on both.
type Different struct {
	Path  string `json:"path"`
	TypeA string `json:"type_a,omitempty" doc:"Empty: it is only on the other."`
	TypeB string `json:"type_b,omitempty"`
}

// Root is a watched tree of two hosts.
type Root struct {
	Path  string `json:"path"`
	Equal bool   `json:"equal"`
	Only  string `json:"only,omitempty" doc:"a or b: the other does not watch it."`
}

// What is compared.
const (
	OfBaselines  = "baseline"
	OfCandidates = "candidate"
	OfSnapshot   = "snapshot" // the baseline of the first with the candidate of the other
)

// of gives what a side is asked for.
func (c *Comparison) of(source string) string {
	if c.Of != OfSnapshot {
		return c.Of
	}
	if source == c.A {
		return OfBaselines
	}
	return OfCandidates
}

// wait is what two sides said of a directory.
type wait struct {
	A *wire.DrillResult `json:"a,omitempty"`
	B *wire.DrillResult `json:"b,omitempty"`
}

// RefOf gives a comparison's number as people write it.
func RefOf(no int64) string { return fmt.Sprintf("HC-%d", no) }

// Compare begins to compare two hosts (integrity.approve): both are asked for the
// digests of their roots, and then of what differs.
func (s *Service) Compare(ctx context.Context, p access.Principal, a, b, of string) (*Comparison, error) {
	if err := access.Authorise(p, access.IntegrityApprove); err != nil {
		return nil, err
	}
	var c *Comparison
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		c, err = s.CompareIn(ctx, tx, p, a, b, of)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	return c.shown(), nil
}

// CompareIn is Compare within the caller's transaction.
func (s *Service) CompareIn(ctx context.Context, tx *sql.Tx, p access.Principal, a, b, of string) (*Comparison, error) {
	if err := access.Authorise(p, access.IntegrityApprove); err != nil {
		return nil, err
	}
	if of == "" {
		of = OfBaselines
	}
	if !slices.Contains([]string{OfBaselines, OfCandidates, OfSnapshot}, of) {
		return nil, bad("of", "compare baselines, candidates, or a baseline with a snapshot")
	}
	now := s.cfg.Clock()
	c := &Comparison{ID: ids.New("cmp", now), State: "running", Of: of, By: p.UserID, Made: now, Differs: []Different{}, Waits: map[string]*wait{}}
	for _, side := range []struct {
		field, id    string
		source, name *string
	}{{"a", a, &c.A, &c.NameA}, {"b", b, &c.B, &c.NameB}} {
		h, err := s.cfg.Integrity.HostIn(ctx, tx, side.id)
		if fault.Is(err, fault.NotFound) {
			return nil, bad(side.field, "the files of %.80q are not watched", side.id)
		}
		if err != nil {
			return nil, err
		}
		*side.source, *side.name = h.Source, h.Name
	}
	if c.A == c.B {
		return nil, bad("b", "name two hosts")
	}
	var err error
	if c.Number, err = nextCompare(ctx, tx); err != nil {
		return nil, err
	}
	c.Ref = RefOf(c.Number)
	c.Queue = []string{""}
	if err := s.further(ctx, tx, p, c); err != nil {
		return nil, err
	}
	return c, insertCompare(ctx, tx, c)
}

// further asks for the next directories, as far as they may be waited for.
func (s *Service) further(ctx context.Context, tx *sql.Tx, p access.Principal, c *Comparison) error {
	for len(c.Waits) < atOnce && len(c.Queue) > 0 {
		dir := c.Queue[0]
		c.Queue = c.Queue[1:]
		c.Waits[dir] = &wait{}
		c.Drills++
		for _, source := range []string{c.A, c.B} {
			if _, err := s.cfg.Asks.Put(ctx, tx, p, source, wire.AskDrill, c.ID, wire.AskDrillArgs{Of: c.of(source), Path: dir}, s.cfg.Clock().Add(patience)); err != nil {
				return err
			}
		}
	}
	return nil
}

// drilled takes in what a host says of a directory.
func (s *Service) drilled(ctx context.Context, tx *sql.Tx, a ask.Asked) error {
	var args wire.AskDrillArgs
	if err := json.Unmarshal(a.Args, &args); err != nil {
		return fault.Wrap(fault.Internal, err, "the ask %s cannot be read", a.ID)
	}
	var r wire.DrillResult
	if a.Refuse == "" {
		if err := json.Unmarshal(a.Result, &r); err != nil {
			return fault.Wrap(fault.Invalid, err, "these are no digests: %v", err).At("", 0, "result")
		}
		if err := check(&r, args); err != nil {
			return err
		}
	}
	c, err := compareOf(ctx, tx, a.Subject, true)
	if fault.Is(err, fault.NotFound) {
		return nil // nobody waits for it any more
	}
	if err != nil {
		return err
	}
	w := c.Waits[args.Path]
	if c.State != "running" || w == nil {
		return nil
	}
	if a.Refuse != "" {
		name := c.NameA
		if a.Source == c.B {
			name = c.NameB
		}
		c.Why = fmt.Sprintf("%s did not say what is in %q: %s", name, args.Path, a.Refuse)
		return s.end(ctx, tx, c, "failed")
	}
	switch a.Source {
	case c.A:
		w.A = &r
	case c.B:
		w.B = &r
	}
	if w.A == nil || w.B == nil {
		return saveCompare(ctx, tx, c)
	}
	delete(c.Waits, args.Path)
	if args.Path == "" {
		c.RootA, c.RootB = w.A.Root, w.B.Root
		c.trees(w.A, w.B)
	}
	c.hold(args.Path, w.A, w.B)
	if err := s.further(ctx, tx, access.System(), c); err != nil {
		return err
	}
	if len(c.Waits) == 0 {
		return s.end(ctx, tx, c, "done")
	}
	return saveCompare(ctx, tx, c)
}

// check holds an answer to its bounds.
func check(r *wire.DrillResult, args wire.AskDrillArgs) error {
	switch {
	case r.Path != args.Path || r.Of != args.Of:
		return bad("result.path", "%.80q of the %.20q was not asked for", r.Path, r.Of)
	case !isRoot(r.Root):
		return bad("result.root", "%.80q is no root", r.Root)
	case !isRoot(r.Digest):
		return bad("result.digest", "%.80q is no digest", r.Digest)
	case len(r.Entries) > mostTaken || r.Cut < 0:
		return bad("result.entries", "%d entries are too many", len(r.Entries))
	}
	for i, e := range r.Entries {
		at := fmt.Sprintf("result.entries[%d]", i)
		switch {
		case e.Name == "" || len(e.Name) > 4096 || strings.ContainsRune(e.Name, 0) || args.Path != "" && strings.Contains(e.Name, "/") || args.Path == "" && !strings.HasPrefix(e.Name, "/"):
			return bad(at+".name", "%.80q is no name in %q", e.Name, args.Path)
		case !isRoot(e.Digest):
			return bad(at+".digest", "%.80q is no digest", e.Digest)
		case len(e.Type) > 32:
			return bad(at+".type", "%.80q is no type", e.Type)
		}
	}
	return nil
}

// hold compares two directories: only what differs is gone into.
func (c *Comparison) hold(dir string, a, b *wire.DrillResult) {
	if a.Digest == b.Digest {
		return
	}
	c.Cut = c.Cut || a.Cut > 0 || b.Cut > 0
	other := map[string]wire.DrillEntry{}
	for _, e := range b.Entries {
		other[e.Name] = e
	}
	differ := func(name, typeA, typeB string) {
		if len(c.Differs) >= mostDiffer {
			c.More++
			return
		}
		full := name
		if dir != "" {
			full = path.Join(dir, name)
		}
		c.Differs = append(c.Differs, Different{full, typeA, typeB})
	}
	found := false
	for _, e := range a.Entries {
		o, there := other[e.Name]
		delete(other, e.Name)
		switch {
		case !there:
			differ(e.Name, e.Type, "")
		case e.Digest == o.Digest:
			continue
		case e.Type == "directory" && o.Type == "directory" && !e.Escaped:
			if c.Drills+int64(len(c.Queue)) < mostDrills {
				full := e.Name
				if dir != "" {
					full = path.Join(dir, e.Name)
				}
				c.Queue = append(c.Queue, full)
			} else {
				c.Cut = true
				differ(e.Name, e.Type, o.Type)
			}
		default:
			differ(e.Name, e.Type, o.Type)
		}
		found = true
	}
	for _, e := range b.Entries {
		if _, left := other[e.Name]; left {
			differ(e.Name, "", e.Type)
			found = true
		}
	}
	if !found && dir != "" { // nothing in it differs: the directory itself does
		if len(c.Differs) < mostDiffer {
			c.Differs = append(c.Differs, Different{dir, "directory", "directory"})
		} else {
			c.More++
		}
	}
}

// trees says of each watched tree whether it is the same on both.
func (c *Comparison) trees(a, b *wire.DrillResult) {
	other := map[string]string{}
	for _, e := range b.Entries {
		other[e.Name] = e.Digest
	}
	for _, e := range a.Entries {
		digest, there := other[e.Name]
		delete(other, e.Name)
		r := Root{Path: e.Name, Equal: there && digest == e.Digest}
		if !there {
			r.Only = "a"
		}
		c.Roots = append(c.Roots, r)
	}
	for name := range other {
		c.Roots = append(c.Roots, Root{Path: name, Only: "b"})
	}
	slices.SortFunc(c.Roots, func(x, y Root) int { return strings.Compare(x.Path, y.Path) })
}

// end records what a comparison came to.
func (s *Service) end(ctx context.Context, tx *sql.Tx, c *Comparison, state string) (err error) {
	slices.SortFunc(c.Differs, func(a, b Different) int { return strings.Compare(a.Path, b.Path) })
	c.State, c.Ended, c.Waits, c.Queue = state, s.cfg.Clock(), nil, nil
	c.entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "integrity.compared", Stream: "integrity", Actor: "system", Subject: c.ID, Outcome: state,
		Data: map[string]any{"a": c.A, "b": c.B, "of": c.Of, "root_a": c.RootA, "root_b": c.RootB, "differs": int64(len(c.Differs)) + c.More, "digest": c.digest()}})
	if err != nil {
		return err
	}
	return saveCompare(ctx, tx, c)
}

func (c *Comparison) digest() string {
	h := sha256.New()
	for _, d := range c.Differs {
		fmt.Fprintf(h, "%q %q %q\n", d.Path, d.TypeA, d.TypeB)
	}
	for _, r := range c.Roots {
		fmt.Fprintf(h, "tree %q %v %q\n", r.Path, r.Equal, r.Only)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// shown is a comparison without what it waits for.
func (c *Comparison) shown() *Comparison {
	out := *c
	out.Waits, out.Queue = nil, nil
	return &out
}

// Comparison gives one, by HC-3 or its id (integrity.read).
func (s *Service) Comparison(ctx context.Context, p access.Principal, ref string) (*Comparison, error) {
	if err := access.Authorise(p, access.IntegrityRead); err != nil {
		return nil, err
	}
	c, err := compareOf(ctx, s.cfg.DB.Reader(), ref, false)
	if err != nil {
		return nil, err
	}
	return c.shown(), nil
}

// Comparisons gives the newest (integrity.read).
func (s *Service) Comparisons(ctx context.Context, p access.Principal, limit int) ([]Comparison, error) {
	if err := access.Authorise(p, access.IntegrityRead); err != nil {
		return nil, err
	}
	list, err := comparesListed(ctx, s.cfg.DB.Reader(), min(max(limit, 1), 200))
	out := []Comparison{}
	for _, c := range list {
		out = append(out, *c.shown())
	}
	return out, err
}

// Against gives the newest comparison of a source with each of some others, where it
// is the first of the two (integrity.read).
func (s *Service) Against(ctx context.Context, p access.Principal, a string, others []string) (map[string]*Comparison, error) {
	if err := access.Authorise(p, access.IntegrityRead); err != nil {
		return nil, err
	}
	out := map[string]*Comparison{}
	for part := range slices.Chunk(others, 200) {
		list, err := comparesOf(ctx, s.cfg.DB.Reader(), a, part)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if out[c.B] == nil {
				out[c.B] = c.shown()
			}
		}
	}
	return out, nil
}
