package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/training"
)

// About knows what records mean to people.
type About struct {
	Findings    *finding.Service
	Hosts       *host.Service
	Waivers     *waiver.Service
	Exclusions  *exclusion.Service
	Evidence    *evidence.Service
	Controls    *control.Service
	Engagements *engagement.Service
	Policies    *policy.Service
	Training    *training.Service
	Concerns    *concern.Service
	Integrity   *integrity.Service
	Baselines   *baseline.Service
	Components  *component.Service
}

var (
	onCall  = []access.Role{access.Responder, access.ComplianceManager, access.Administrator}
	manager = []access.Role{access.ComplianceManager, access.Administrator}
)

// Read says what a record means to people; nothing, for most.
func (a About) Read(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	person := strings.HasPrefix(rec.Actor, "usr_")
	ask := func(ref, title, link string, may access.Action) ([]Happening, error) {
		return []Happening{{Kind: "approval.asked", Event: "approval.asked", Object: rec.Subject, Ref: ref, Title: title, Link: link, May: []access.Action{may}, Except: rec.Actor}}, nil
	}
	switch rec.Type {
	case "finding.opened", "finding.reopened", "finding.closed":
		return a.finding(ctx, rec)
	case "finding.assigned":
		owner, _ := rec.Data["owner"].(string)
		if owner == "" {
			return nil, nil
		}
		f, err := a.Findings.Get(ctx, rec.Subject)
		return []Happening{{Kind: "finding.assigned", Object: f.ID, Ref: f.Ref(), Title: fmt.Sprintf("%s on %s: %s", f.Ref(), f.ItemName, f.Title), Severity: f.Severity, Link: "/findings/" + f.Ref(),
			Users: []string{owner}, Except: rec.Actor}}, err
	case "waiver.asked":
		w, err := a.Waivers.Get(ctx, rec.Subject)
		if err != nil {
			return nil, err
		}
		return ask(w.Ref(), fmt.Sprintf("%s: a waiver of %s is asked for", w.Ref(), w.Check), "/waivers/"+w.Ref(), access.WaiverApprove)
	case "exclusion.asked":
		x, err := a.Exclusions.Get(ctx, rec.Subject)
		if err != nil {
			return nil, err
		}
		ref := fmt.Sprintf("X-%d", x.Number)
		return ask(ref, ref+": an exclusion from a population is asked for", "/exclusions/"+ref, access.ExclusionApprove)
	case "scope.set":
		if person {
			return ask("scope", "A version of the scope waits for approval", "/scope", access.ScopeApprove)
		}
	case "population.defined":
		if person {
			return ask(rec.Subject, "The population "+rec.Subject+" waits for approval", "/populations/"+rec.Subject, access.PopulationApprove)
		}
	case "evidence.added":
		ref := fmt.Sprintf("E-%v", rec.Data["number"])
		return ask(ref, ref+" waits for a review", "/evidence/"+ref, access.EvidenceReview)
	case "evidence." + string(instance.SentBack):
		number, _ := rec.Data["number"].(int64)
		versions, err := a.Evidence.Get(ctx, access.System(), int(number))
		if err != nil || len(versions) == 0 {
			return nil, err
		}
		ref, author := fmt.Sprintf("E-%d", number), ""
		for _, v := range versions {
			if v.ID == rec.Subject {
				author = v.Made.By
			}
		}
		return []Happening{{Kind: "evidence.sent_back", Event: "evidence.sent_back", Object: rec.Subject, Ref: ref, Title: ref + " was sent back by a reviewer", Link: "/evidence/" + ref,
			Users: []string{author}, Except: rec.Actor}}, nil
	case "policy.submitted", "policy.sent_back", "policy.published":
		return a.policy(ctx, rec)
	case "concern.received":
		return a.concern(ctx, rec)
	case "training.assigned", "training.published":
		return a.training(ctx, rec)
	case "integrity.unexplained":
		return a.unexplained(ctx, rec)
	case "baseline.made":
		return a.snapshot(ctx, rec)
	case "components.asked":
		return a.question(ctx, rec)
	case "request.asked", "request.imported", "request.changed":
		return a.request(ctx, rec)
	case "webhook.paused":
		return []Happening{{Kind: "webhook.paused", Object: rec.Subject, Ref: rec.Subject, Title: "A webhook took nothing for a day and is paused", Link: "/settings/webhooks/" + rec.Subject,
			May: []access.Action{access.SettingsEdit}}}, nil
	}
	return nil, nil
}

func (a About) finding(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	f, err := a.Findings.Get(ctx, rec.Subject)
	if err != nil {
		return nil, err
	}
	h := Happening{Object: f.ID, Ref: f.Ref(), Title: fmt.Sprintf("%s on %s: %s", f.Ref(), f.ItemName, f.Title), Severity: f.Severity, Link: "/findings/" + f.Ref()}
	if rec.Type == "finding.closed" {
		h.Event = "finding.closed"
		return []Happening{h}, nil
	}
	h.Kind, h.Event, h.Urgent, h.Instead = "finding.opened", "finding.opened", f.Severity == "critical", onCall
	if on, err := a.Hosts.Get(ctx, f.Item); err == nil {
		h.Owner = on.Said.Owner
	}
	if a.Integrity != nil && f.Check == unexplainedCheck {
		h.Kind = "" // people are told of each group of changes
	}
	return []Happening{h}, nil
}

func (a About) request(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	all, err := a.Engagements.List(ctx, access.System())
	if err != nil {
		return nil, err
	}
	for _, g := range all {
		if g.ID != rec.Subject {
			continue
		}
		link := fmt.Sprintf("/engagements/%d", g.Number)
		id, _ := rec.Data["request"].(string)
		if id == "" {
			title := fmt.Sprintf("%v requests were asked in engagement %d", rec.Data["requests"], g.Number)
			return []Happening{{Kind: "request.asked", Event: "request.asked", Object: rec.ID, Ref: fmt.Sprint(g.Number), Title: title, Link: link, Instead: manager, Except: rec.Actor}}, nil
		}
		requests, err := a.Engagements.Requests(ctx, access.System(), g.Number)
		if err != nil {
			return nil, err
		}
		for _, r := range requests {
			if r.ID == id && r.Owner != "" {
				return []Happening{{Kind: "request.asked", Event: "request.asked", Key: "request " + id + " " + r.Owner, Object: id, Ref: r.Ref, Title: fmt.Sprintf("Request %s of engagement %d is yours", r.Ref, g.Number),
					Link: link + "/requests/" + r.Ref, Users: []string{r.Owner}, Except: rec.Actor}}, nil
			}
		}
	}
	return nil, nil
}

const (
	dueSoon      = 7 * 24 * time.Hour
	expiringSoon = 14 * 24 * time.Hour
)

// Calendar gives what time alone brings up: waivers that end soon, instances of
// controls that are due or overdue. Each has a key: it is said once.
func (a About) Calendar(ctx context.Context, now time.Time) ([]Happening, error) {
	var all []Happening
	for cursor := ""; ; {
		page, err := a.Waivers.List(ctx, waiver.Filter{States: []waiver.State{waiver.Approved}}, cursor, 500)
		if err != nil {
			return nil, err
		}
		for _, w := range page.Waivers {
			if w.Holds(now) && w.HoldsTo.Sub(now) < expiringSoon {
				all = append(all, Happening{Kind: "waiver.expiring", Event: "waiver.expiring", Key: "waiver.expiring " + w.ID, Object: w.ID, Ref: w.Ref(), Link: "/waivers/" + w.Ref(),
					Title: fmt.Sprintf("%s, a waiver of %s, ends on %s", w.Ref(), w.Check, w.HoldsTo.Format("2 Jan 2006")), Users: []string{w.Owner}})
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	policies, err := a.policiesDue(ctx, now)
	if err != nil {
		return nil, err
	}
	courses, err := a.trainingsDue(ctx, now)
	if err != nil {
		return nil, err
	}
	concerns, err := a.concernsDue(ctx)
	if err != nil {
		return nil, err
	}
	silent, err := a.silent(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.Concat(all, policies, courses, concerns, silent)
	program, err := a.Controls.Program(ctx, access.System())
	if err != nil {
		return nil, err
	}
	overviews, err := a.Evidence.Overviews(ctx, access.System(), now, -1)
	if err != nil {
		return nil, err
	}
	bySlug := make(map[string]evidence.Overview, len(overviews))
	for _, o := range overviews {
		bySlug[o.Slug] = o
	}
	for i := range program.Controls {
		c := &program.Controls[i]
		d := c.Current().Design
		if c.Current().State == control.Retired || !instance.Periodic(d) && !instance.Triggered(d) {
			continue
		}
		for _, in := range bySlug[c.Slug].Instances {
			if in.State != instance.Expected || in.Start.After(now) || len(in.Evidence) > 0 {
				continue
			}
			h := Happening{Event: "evidence.needed", Object: c.Slug + " " + in.Key, Ref: c.Slug, Link: "/controls/" + c.Slug, Owner: d.Owner, Instead: manager}
			switch {
			case in.Overdue || !now.Before(in.Due):
				h.Kind, h.Title = "evidence.overdue", fmt.Sprintf("Evidence of %s for %s is overdue", c.Slug, in.Key)
			case in.Due.Sub(now) < dueSoon:
				h.Kind, h.Title = "evidence.due", fmt.Sprintf("Evidence of %s for %s is due by %s", c.Slug, in.Key, in.Due.Format("2 Jan 2006"))
			default:
				continue
			}
			h.Key = h.Kind + " " + h.Object
			all = append(all, h)
		}
	}
	return all, nil
}
