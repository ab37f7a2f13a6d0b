package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/policy"
)

const reviewSoon = 30 * 24 * time.Hour

// policy says who approves what was submitted, who mends what was sent back,
// and whom a publication asks.
func (a About) policy(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	p, err := a.Policies.Get(ctx, access.System(), fmt.Sprintf("P-%v", rec.Data["number"]))
	if err != nil {
		return nil, err
	}
	version, _ := rec.Data["version"].(int64)
	if version < 1 || int(version) > len(p.Versions) {
		return nil, nil
	}
	v := p.Versions[version-1]
	h := Happening{Object: p.ID, Ref: p.Ref(), Link: "/policies/" + p.Slug, Except: rec.Actor}
	switch rec.Type {
	case "policy.submitted":
		h.Kind, h.Event, h.May, h.Except = "approval.asked", "approval.asked", []access.Action{access.PolicyApprove}, v.Made.By
		h.Title = fmt.Sprintf("%s: version %d waits for approval", p.Ref(), version)
	case "policy.sent_back":
		h.Kind, h.Users = "policy.sent_back", []string{v.Made.By}
		h.Title = fmt.Sprintf("%s: version %d was sent back", p.Ref(), version)
	default:
		if rec.Data["until"] == nil {
			return nil, nil // an editorial change asks nobody
		}
		people, err := a.Policies.People(ctx, access.System(), p.Slug)
		if err != nil {
			return nil, err
		}
		for _, x := range people {
			if x.Acknowledged.IsZero() {
				h.Users = append(h.Users, x.UserID)
			}
		}
		if len(h.Users) == 0 {
			return nil, nil
		}
		h.Kind, h.Link, h.Except = "policy.asked", "/my/policies/"+p.Slug, ""
		h.Title = fmt.Sprintf("%s: a policy asks you to read it", p.Ref())
	}
	return []Happening{h}, nil
}

// policiesDue gives policies that people should acknowledge soon or should have
// acknowledged, one for each day on which that is due, and reviews that are due.
func (a About) policiesDue(ctx context.Context, now time.Time) ([]Happening, error) {
	rows, err := a.Policies.List(ctx, access.System())
	if err != nil {
		return nil, err
	}
	var all []Happening
	for _, r := range rows {
		if r.State != policy.Published {
			continue
		}
		if r.Due.Sub(now) < reviewSoon {
			all = append(all, Happening{Kind: "policy.review", Key: fmt.Sprintf("policy.review %s %d", r.Ref, r.Due.Unix()), Object: r.Ref, Ref: r.Ref, Link: "/policies/" + r.Slug,
				Title: fmt.Sprintf("%s should be read again in full by %s", r.Ref, r.Due.Format("2 Jan 2006")), Instead: manager})
		}
		if r.Acknowledged == r.Asked {
			continue
		}
		people, err := a.Policies.People(ctx, access.System(), r.Slug)
		if err != nil {
			return nil, err
		}
		days := map[string]*Happening{}
		for _, x := range people {
			if !x.Acknowledged.IsZero() || x.Due.Sub(now) >= dueSoon {
				continue
			}
			stage, day := "due", x.Due.Format(time.DateOnly)
			title := fmt.Sprintf("%s should be acknowledged by %s", r.Ref, x.Due.Format("2 Jan 2006"))
			if x.Late {
				stage, title = "late", fmt.Sprintf("%s should have been acknowledged by %s", r.Ref, x.Due.Format("2 Jan 2006"))
			}
			key := fmt.Sprintf("policy.%s %s %d %s", stage, r.Ref, r.Version, day)
			if days[key] == nil {
				days[key] = &Happening{Kind: "policy.due", Key: key, Object: r.Ref, Ref: r.Ref, Link: "/my/policies/" + r.Slug, Title: title, Urgent: x.Late}
			}
			days[key].Users = append(days[key].Users, x.UserID)
		}
		for _, key := range slices.Sorted(maps.Keys(days)) {
			all = append(all, *days[key])
		}
	}
	return all, nil
}
