package kinds

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/program/policy"
)

// latest is a moment after everything that holds.
var latest = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

type policyFile struct {
	Title        string            `json:"title"`
	Owner        string            `json:"owner"`
	Roles        []access.Role     `json:"roles"`
	Days         int               `json:"days"`
	ReviewMonths int               `json:"review_months"`
	Questions    []policy.Question `json:"questions,omitempty"`
	State        policy.State      `json:"state" held:"yes"`
	Text         string            `json:"-" folder:"body"`
}

func (f policyFile) write(t *folder.Turn) policy.Write {
	return policy.Write{Content: policy.Content{Title: f.Title, Owner: f.Owner, Text: f.Text, Roles: f.Roles, Days: f.Days, ReviewMonths: f.ReviewMonths, Questions: append([]policy.Question{}, f.Questions...)},
		Note: t.Note, Origin: policy.Written}
}

// asked reports whether a file means a version that somebody decides on, or has.
func (f policyFile) asked() bool { return f.State != "" && f.State != policy.Draft }

func (s Set) policies() []folder.Kind {
	return []folder.Kind{&folder.Of[policyFile]{
		Spec: folder.Spec{Name: "policies", Ext: ".md", See: access.PolicyRead,
			About: "A policy: the newest version that was written. A statement may end in {proof: control pack/check}.\nA change comes in as a version, and where the file does not say draft it is submitted: somebody else approves it."},
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[policyFile], error) {
			rows, err := s.Policies.List(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			var out []folder.Item[policyFile]
			for _, row := range rows {
				p, err := s.Policies.Get(ctx, t.Who, row.Slug)
				if err != nil {
					return nil, err
				}
				v := p.Newest()
				state := v.State
				if p.State() == policy.Retired {
					state = policy.Retired
				}
				out = append(out, folder.Item[policyFile]{Key: p.Slug, Ref: p.Slug, Seq: v.Version, Doc: policyFile{v.Title, v.Owner, v.Roles, v.Days, v.ReviewMonths, v.Questions, state, v.Text}})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, key string, to policyFile) error {
			if to.State == policy.Retired {
				return folder.Hold("it is retired, and never held here")
			}
			w := to.write(t)
			w.Slug = key
			made, err := s.Policies.Create(ctx, t.Who, w)
			if err != nil || !to.asked() {
				return err
			}
			return s.Policies.Submit(ctx, t.Who, made.Slug, made.Newest().Version)
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[policyFile], to policyFile) error {
			w := to.write(t)
			w.Base = was.Seq
			w.Material = to.Text != was.Doc.Text
			made, err := s.Policies.Edit(ctx, t.Who, was.Ref, w)
			if err != nil || !to.asked() {
				return err
			}
			return s.Policies.Submit(ctx, t.Who, made.Slug, made.Newest().Version)
		},
	}}
}

type standardFile struct {
	Tier     string                  `json:"tier"`
	Checks   map[string]tailoredFile `json:"checks,omitempty"`
	Version  string                  `json:"version" held:"yes"`
	Approved bool                    `json:"approved" held:"yes"`
}

type tailoredFile struct {
	LeftOut    bool           `json:"left_out,omitempty"`
	Severity   string         `json:"severity,omitempty"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Reason     string         `json:"reason"`
}

func (f tailoredFile) same(o tailoredFile) bool {
	return f.LeftOut == o.LeftOut && f.Severity == o.Severity && f.Reason == o.Reason && maps.EqualFunc(f.Parameters, o.Parameters, func(a, b any) bool {
		x, ok := a.([]string)
		y, also := b.([]string)
		if ok && also {
			return slices.Equal(x, y)
		}
		return !ok && !also && a == b
	})
}

func (s Set) standards() []folder.Kind {
	tailor := func(ctx context.Context, t *folder.Turn, pack, check string, f tailoredFile) error {
		return s.Standards.Tailor(ctx, t.Who, standard.Tailoring{Check: pack + "/" + check, Exclude: f.LeftOut, Severity: f.Severity, Parameters: f.Parameters, Reason: f.Reason})
	}
	return []folder.Kind{&folder.Of[standardFile]{
		Spec: folder.Spec{Name: "standards", See: access.StandardRead,
			About: "What the organisation changed of a technical standard that is installed: which tiers open findings, and\nchecks with other parameters or another severity, or left out. A check that is not named is as declared."},
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[standardFile], error) {
			all, err := s.Standards.List(ctx)
			if err != nil {
				return nil, err
			}
			made, err := s.Standards.Tailorings(ctx) // newest first
			if err != nil {
				return nil, err
			}
			var out []folder.Item[standardFile]
			for _, st := range all {
				if !st.InForce {
					continue
				}
				f := standardFile{Tier: st.Tier, Version: st.Version, Approved: st.Approved, Checks: map[string]tailoredFile{}}
				seen := map[string]bool{}
				for _, x := range made {
					check, ours := strings.CutPrefix(x.Check, st.Pack+"/")
					if !ours || seen[check] {
						continue
					}
					seen[check] = true
					if x.Exclude || x.Severity != "" || len(x.Parameters) > 0 {
						f.Checks[check] = tailoredFile{x.Exclude, x.Severity, x.Parameters, x.Reason}
					}
				}
				out = append(out, folder.Item[standardFile]{Key: folder.Slug(st.Pack), Ref: st.Pack, Doc: f})
			}
			return out, nil
		},
		Add: func(context.Context, *folder.Turn, string, standardFile) error {
			return fault.New(fault.NotFound, "the standard is not installed here").WithHint("install it with 'attesta standards install DIR' first")
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[standardFile], to standardFile) error {
			if to.Tier != was.Doc.Tier {
				if err := s.Standards.SetTier(ctx, t.Who, was.Ref, to.Tier, t.Note); err != nil {
					return err
				}
			}
			for _, check := range slices.Sorted(maps.Keys(to.Checks)) {
				if !to.Checks[check].same(was.Doc.Checks[check]) {
					if err := tailor(ctx, t, was.Ref, check, to.Checks[check]); err != nil {
						return err
					}
				}
			}
			for _, check := range slices.Sorted(maps.Keys(was.Doc.Checks)) {
				if _, still := to.Checks[check]; !still {
					if err := tailor(ctx, t, was.Ref, check, tailoredFile{Reason: t.Note}); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}}
}
