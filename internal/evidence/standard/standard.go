package standard

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
)

// Standard is one installed version of a pack.
type Standard struct {
	ID           string // "std_…"
	Pack         string // "linux-server"
	Version      string
	Title        string
	Digest       string // tailoring included, where the version is in force
	Base         string // digest as installed
	Checks       int
	Attributes   int
	InForce      bool
	Approved     bool // false: a draft, as it is now
	ApprovedAt   time.Time
	ApprovedBy   string // "usr_…"
	Compensation string // what makes up for an approval by the author; "" where another person approved
	Tier         string // in force: checks up to this tier open findings
	InstalledAt  time.Time
	InstalledBy  string // "usr_…" or "system"
	Entry        string // "ent_…" of the installation

	generation int64
}

// Check is a check in force, tailoring applied.
type Check struct {
	ID          string // "linux-server/sshd-root-login"
	Standard    Standard
	Title       string
	Population  string
	Where       string // CEL; "" for every item
	Tier        string // essential, recommended, thorough
	Severity    string // critical, high, medium, low
	Frequency   string
	Criteria    []Point
	Rationale   string
	Remediation string
	Parameters  []pack.Parameter
	Attributes  []Attribute
	Tailored    *Tailoring // nil: as declared
}

// Point is a criterion, or with a number a point of focus, that a check serves.
type Point struct {
	Criterion string // "CC7.1"
	Number    int    // 0: the criterion as a whole
}

// Attribute is one predicate of a check.
type Attribute struct {
	ID        string
	Title     string
	Expect    string   // CEL
	Expected  string   // plain words
	Digest    string   // equal digests judge alike
	Reads     []string // JSON Pointers, section first
	Sections  []string
	Predicate *judge.Attribute
}

// Attribute gives an attribute by id.
func (c *Check) Attribute(id string) (*Attribute, bool) {
	for i := range c.Attributes {
		if c.Attributes[i].ID == id {
			return &c.Attributes[i], true
		}
	}
	return nil, false
}

// Tailoring is what an organisation changes of one check. One that changes
// nothing takes an earlier one back.
type Tailoring struct {
	Check      string         // "linux-server/sshd-root-login"
	Exclude    bool           // leave the check out
	Severity   string         // "": as declared
	Parameters map[string]any // only those that differ: int64, string, bool or []string
	Reason     string         // required
	MadeAt     time.Time      // set by the service
	MadeBy     string         // set by the service
	Entry      string         // set by the service

	pack string
}

// changes reports whether anything differs from what was declared.
func (t Tailoring) changes() bool { return t.Exclude || t.Severity != "" || len(t.Parameters) > 0 }

// slug gives a check's id without its pack's.
func slug(packID, check string) string { return strings.TrimPrefix(check, packID+"/") }

// packTailoring gives the loader's form of the tailorings of one pack. Checks
// that the pack does not have (any more) are left out.
func packTailoring(p *pack.Pack, all []Tailoring) pack.Tailoring {
	t := pack.Tailoring{Pack: p.ID, Checks: map[string]pack.Change{}}
	for _, one := range all {
		if _, there := p.Check(one.Check); there && one.changes() {
			t.Checks[slug(p.ID, one.Check)] = pack.Change{Off: one.Exclude, Severity: one.Severity, Parameters: one.Parameters, Reason: one.Reason}
		}
	}
	return t
}

// Set is the standards in force at one moment. It is shared: not to be changed.
type Set struct {
	Digest    string // over the standards' ids, versions, digests (tailoring included) and tiers
	Since     time.Time
	Standards []Standard  // by pack
	Checks    []Check     // in the packs' order
	Excluded  []Tailoring // checks left out

	byID map[string]int
}

// Check gives a check by id.
func (s *Set) Check(id string) (*Check, bool) {
	if i, ok := s.byID[id]; ok {
		return &s.Checks[i], true
	}
	for i := range s.Checks {
		if s.byID == nil && s.Checks[i].ID == id {
			return &s.Checks[i], true
		}
	}
	return nil, false
}

// Draft reports whether nobody has approved the standard of a check as it is.
func (s *Set) Draft(check string) bool {
	c, ok := s.Check(check)
	return ok && !c.Standard.Approved
}

// add puts a pack's checks, as they stand after tailoring, into the set.
func (s *Set) add(st Standard, p *pack.Pack, tailored []Tailoring) {
	s.Standards = append(s.Standards, st)
	for i := range p.Checks {
		c := &p.Checks[i]
		var mine *Tailoring
		if at := slices.IndexFunc(tailored, func(t Tailoring) bool { return t.Check == c.ID && t.changes() }); at >= 0 {
			mine = &tailored[at]
		}
		if c.Off != "" {
			if mine != nil {
				s.Excluded = append(s.Excluded, *mine)
			}
			continue
		}
		out := Check{ID: c.ID, Standard: st, Title: c.Title, Population: c.Population, Where: c.Where, Tier: c.Tier, Severity: c.Severity,
			Frequency: c.Frequency, Rationale: c.Rationale, Remediation: c.Remediation, Parameters: c.Parameters, Tailored: mine}
		for _, ref := range c.Criteria {
			out.Criteria = append(out.Criteria, Point{ref.Criterion, ref.Number})
		}
		for _, a := range c.Attributes {
			expected := a.Expected
			if expected == "" {
				expected = a.Compiled.Expected()
			}
			out.Attributes = append(out.Attributes, Attribute{ID: a.ID, Title: a.Title, Expect: a.Expect, Expected: expected,
				Digest: a.Compiled.Digest(), Reads: a.Compiled.Reads(), Sections: sections(a.Compiled.Reads()), Predicate: a.Compiled})
		}
		s.byID[c.ID] = len(s.Checks)
		s.Checks = append(s.Checks, out)
	}
}

// seal computes the digest.
func (s *Set) seal() {
	h := sha256.New()
	for _, st := range s.Standards {
		fmt.Fprintf(h, "%s %s %s %s\n", st.Pack, st.Version, st.Digest, st.Tier)
	}
	s.Digest = hex.EncodeToString(h.Sum(nil))
}

func sections(reads []string) []string {
	var out []string
	for _, r := range reads {
		name, _, _ := strings.Cut(strings.TrimPrefix(r, "/"), "/")
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// archive puts a pack's files into a zip whose bytes depend on nothing else.
func archive(fsys fs.FS, files []pack.File) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		data, err := fs.ReadFile(fsys, f.Path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Path, err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, fmt.Errorf("%s changed while it was read", f.Path)
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Path, Method: zip.Deflate})
		if err != nil {
			return nil, fmt.Errorf("store %s: %w", f.Path, err)
		}
		if _, err := w.Write(data); err != nil {
			return nil, fmt.Errorf("store %s: %w", f.Path, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("store the pack: %w", err)
	}
	return b.Bytes(), nil
}

// unarchive gives the files of a stored pack.
func unarchive(content []byte) (fs.FS, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("read the stored pack: %w", err)
	}
	return z, nil
}
