package reference

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
)

// File is what a member's files are against the reference's approved baseline.
type File struct {
	Host       string          `json:"host"`
	Source     string          `json:"source,omitempty"`
	Name       string          `json:"name"`
	Outcome    string          `json:"outcome" doc:"same, differs, not_observed."`
	Why        string          `json:"why"`
	Root       string          `json:"root,omitempty" doc:"What is compared: of its snapshot that waits, or else of its baseline."`
	Snapshot   string          `json:"snapshot,omitempty" doc:"That waits for approval: BL-7."`
	Approved   bool            `json:"approved" doc:"What is compared is approved already."`
	Comparison string          `json:"comparison,omitempty" doc:"That names the paths: HC-3."`
	Trees      []baseline.Root `json:"trees,omitempty" doc:"Watched trees, each the same or not."`
	Paths      []string        `json:"paths,omitempty" doc:"The first that differ."`
	Differing  int64           `json:"differing,omitempty" doc:"How many differ."`

	of    string // what is to be compared
	asked bool   // both hosts are asked already
}

// Files is the files of a group against its reference.
type Files struct {
	Ref     string `json:"ref"`
	Root    string `json:"root,omitempty" doc:"Of the reference's approved baseline."`
	Away    string `json:"away,omitempty" doc:"Why nothing is judged by the reference now."`
	Members []File `json:"members"`
	Seen    string `json:"seen" doc:"Digest: what is approved is this."`

	source string
}

const mostPaths = 20

// reading is what is known of one host's files.
type reading struct {
	root     string // approved, and taken by the agent
	snapshot string // root that waits for approval
	why      string // why nothing is known now
}

// readingOf gives it; w is nil where the host's files are not watched.
func readingOf(w *integrity.Watched, away string) reading {
	switch {
	case away != "":
		return reading{why: away}
	case w == nil:
		return reading{why: "its files are not watched"}
	case !w.Silent.IsZero():
		return reading{why: w.Name + " is silent since " + stamp(w.Silent)}
	case w.Gone:
		return reading{why: w.Name + " left the population of hosts"}
	}
	var r reading
	if b := w.Baseline; b != nil {
		r.snapshot = b.Candidate
		if b.Approval != "" && !b.Accepted.IsZero() {
			r.root = b.Root
		}
	}
	return r
}

// WeighFiles says what a member's files come to: its snapshot that waits, or else its
// baseline, against the reference's baseline. c is the newest comparison of the two;
// nil for none.
func WeighFiles(reference, member reading, c *baseline.Comparison) (f File) {
	f.Outcome = NotObserved
	switch {
	case reference.why != "":
		f.Why = "nothing is judged by the reference: " + reference.why
		return f
	case reference.root == "":
		f.Why = "the reference has no approved baseline that its agent took"
		return f
	case member.why != "":
		f.Why = member.why
		return f
	case member.root == "" && member.snapshot == "":
		f.Why = "it has no approved baseline, and no snapshot waits: ask it for one"
		return f
	}
	f.Root, f.of, f.Approved = member.root, baseline.OfBaselines, true
	if member.snapshot != "" {
		f.Root, f.of, f.Approved = member.snapshot, baseline.OfSnapshot, false
	}
	if f.Root == reference.root {
		f.Outcome, f.Why = Same, "one root: every file is the same"
		return f
	}
	f.Outcome, f.Why = Differs, "its root is another; which paths differ was not asked yet"
	if c == nil {
		return f
	}
	switch {
	case c.State == "running":
		f.asked, f.Comparison, f.Why = true, c.Ref, "its root is another; both hosts are asked which paths differ"
	case c.State == "failed":
		f.Comparison, f.Why = c.Ref, "its root is another; which paths differ is not known: "+c.Why
	case c.RootA == reference.root && c.RootB == f.Root:
		f.Comparison, f.Trees, f.Differing = c.Ref, c.Roots, int64(len(c.Differs))+c.More
		for _, d := range c.Differs[:min(len(c.Differs), mostPaths)] {
			f.Paths = append(f.Paths, d.Path)
		}
		equal, other := 0, []string{}
		for _, r := range c.Roots {
			if r.Equal {
				equal++
			} else {
				other = append(other, r.Path)
			}
		}
		f.Why = fmt.Sprintf("%d paths differ", f.Differing)
		if c.Cut {
			f.Why = "more than " + f.Why
		}
		if len(other) > 0 {
			f.Why += fmt.Sprintf(", below %s; %d of %d watched trees are the same", strings.Join(other, ", "), equal, len(c.Roots))
		}
	}
	return f
}

// watched gives what is known of a host's files; nil where they are not watched.
func (s *Service) watched(ctx context.Context, p access.Principal, id string) (*integrity.Watched, error) {
	w, err := s.cfg.Integrity.Host(ctx, p, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return w, err
}

// Files gives the group's files against the reference's (integrity.read).
func (s *Service) Files(ctx context.Context, p access.Principal, ref string) (*Files, error) {
	if err := access.Authorise(p, access.IntegrityRead); err != nil {
		return nil, err
	}
	o, err := s.all.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	c := o.Content
	its, err := s.cfg.Hosts.Get(ctx, c.Host)
	if err != nil {
		return nil, err
	}
	w, err := s.watched(ctx, p, c.Host)
	if err != nil {
		return nil, err
	}
	reference := readingOf(w, away(its))
	out := &Files{Ref: o.Ref, Root: reference.root, Away: reference.why, Members: []File{}}
	if out.Away == "" && reference.root == "" {
		out.Away = its.Name + " has no approved baseline that its agent took"
	}
	hosts, _, err := s.group(ctx, c)
	if err != nil {
		return nil, err
	}
	members := make([]*integrity.Watched, len(hosts))
	var sources []string
	for i, h := range hosts {
		if members[i], err = s.watched(ctx, p, h.ID); err != nil {
			return nil, err
		}
		if members[i] != nil {
			sources = append(sources, members[i].Source)
		}
	}
	compared := map[string]*baseline.Comparison{}
	if w != nil {
		out.source = w.Source
		if compared, err = s.cfg.Baselines.Against(ctx, p, w.Source, sources); err != nil {
			return nil, err
		}
	}
	for i, h := range hosts {
		f, err := s.file(ctx, p, reference, h, members[i], compared)
		if err != nil {
			return nil, err
		}
		out.Members = append(out.Members, f)
	}
	out.Seen = out.digest()
	return out, nil
}

func (s *Service) file(ctx context.Context, p access.Principal, reference reading, h host.Host, w *integrity.Watched, compared map[string]*baseline.Comparison) (File, error) {
	var c *baseline.Comparison
	if w != nil {
		c = compared[w.Source]
	}
	f := WeighFiles(reference, readingOf(w, away(h)), c)
	f.Host, f.Name = h.ID, h.Name
	if w == nil {
		return f, nil
	}
	f.Source = w.Source
	if w.Baseline == nil || w.Baseline.Candidate == "" {
		return f, nil
	}
	list, _, err := s.cfg.Baselines.List(ctx, p, baseline.Filter{State: baseline.Candidate, Host: w.Source, Limit: 20})
	for _, o := range list {
		if o.Content.Root == w.Baseline.Candidate {
			f.Snapshot = o.Ref
			break
		}
	}
	return f, err
}

// digest commits to what somebody looks at before approving.
func (f *Files) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", f.Ref, f.Root)
	for _, m := range f.Members {
		fmt.Fprintf(h, "%q %q %q %q %q %d\n", m.Host, m.Outcome, m.Root, m.Snapshot, m.Comparison, m.Differing)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// atOnce is how many members are compared at a time: the reference answers for each.
const atOnce = 20

// Compare has the reference and those members asked whose roots differ and of which it
// is not known in what (integrity.approve). It gives how many comparisons began.
func (s *Service) Compare(ctx context.Context, p access.Principal, ref string) (int, error) {
	if err := access.Authorise(p, access.IntegrityApprove); err != nil {
		return 0, err
	}
	files, err := s.Files(ctx, p, ref)
	if err != nil {
		return 0, err
	}
	if files.Away != "" {
		return 0, fault.New(fault.Conflict, "nothing is compared with the reference: %s", files.Away)
	}
	n := 0
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		n = 0
		for _, m := range files.Members {
			if m.Outcome != Differs || m.asked || m.Comparison != "" && m.Trees != nil || n >= atOnce {
				continue
			}
			if _, err := s.cfg.Baselines.CompareIn(ctx, tx, p, files.source, m.Source, m.of); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	s.cfg.Ledger.Wake()
	return n, nil
}

// Approve takes members' snapshots for the states that are meant, in one decision
// (integrity.approve, and who is there is asked once more): those equal to the
// reference where equal is set, and others by their numbers, each of which was gone
// into. seen is the digest of what was looked at.
func (s *Service) Approve(ctx context.Context, p access.Principal, ref, seen string, equal bool, different []string, reason string) (approved []string, err error) {
	if err := access.Proved(p, access.IntegrityApprove); err != nil {
		return nil, err
	}
	reason, err = journal.Text("reason", reason, "why these states are the ones that are meant", true, 2000)
	if err != nil {
		return nil, err
	}
	files, err := s.Files(ctx, p, ref)
	if err != nil {
		return nil, err
	}
	switch {
	case files.Away != "":
		return nil, fault.New(fault.Conflict, "nothing is approved by the reference: %s", files.Away)
	case files.Seen != seen:
		return nil, fault.New(fault.Conflict, "something changed since the preview").WithHint("look at the group again")
	}
	list, err := chosen(files.Members, equal, different)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for _, bl := range list {
			if _, err := s.cfg.Baselines.ApproveIn(ctx, tx, p, bl, 0, reason); err != nil {
				return err
			}
		}
		_, err := s.all.ChangeIn(ctx, tx, p, ref, 0, "approved", reason, func(_ *sql.Tx, o *Object) error {
			if o.Content.State != InUse {
				return fault.New(fault.Conflict, "%s ended", o.Ref)
			}
			o.Content.Approved = list
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cfg.Ledger.Wake()
	return list, nil
}

// chosen gives the snapshots that are approved. One that differs is among them only by
// its number, and only where its paths were named.
func chosen(members []File, equal bool, different []string) (list []string, err error) {
	for _, m := range members {
		if equal && m.Outcome == Same && m.Snapshot != "" {
			list = append(list, m.Snapshot)
		}
	}
	for _, bl := range different {
		i := slices.IndexFunc(members, func(m File) bool { return m.Snapshot != "" && strings.EqualFold(m.Snapshot, bl) })
		switch {
		case i < 0:
			return nil, bad("different", "%.40q is no snapshot of this group that waits", bl)
		case members[i].Outcome == Same && slices.Contains(list, members[i].Snapshot):
			continue
		case members[i].Outcome == NotObserved:
			return nil, bad("different", "nothing is known of %s now: %s", members[i].Name, members[i].Why)
		case members[i].Outcome == Differs && members[i].Trees == nil:
			return nil, bad("different", "it is not known yet in what %s differs", members[i].Name).WithHint("compare it first")
		}
		list = append(list, members[i].Snapshot)
	}
	if len(list) == 0 {
		return nil, fault.New(fault.Conflict, "no snapshot of the group is chosen that waits for approval").At("", 0, "different")
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}
