package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture"
)

// Moment is what everything takes that can be asked of the past.
type Moment struct {
	At    string `json:"at,omitempty" doc:"Moment asked about: a day (its end, in the scope's zone) or an RFC 3339 time; now when absent." maxLength:"40"`
	Known string `json:"known,omitempty" doc:"What was known: now (default), then (as the ledger was at that moment), or a ledger size." maxLength:"20"`
}

// at reads a moment.
func (a *API) at(ctx context.Context, m Moment) (posture.At, error) {
	now := a.cfg.Clock()
	at := posture.At{Valid: now, Known: -1}
	if m.At != "" {
		v, err := a.cfg.Scopes.Now(ctx)
		if err != nil {
			return at, err
		}
		if at.Valid, err = parseMoment(m.At, v.Location(), now); err != nil {
			return at, err
		}
	}
	switch m.Known {
	case "", "now":
		return at, nil
	case "then":
		size, err := a.cfg.Posture.KnownThen(ctx, at.Valid)
		at.Known = size
		return at, err
	}
	size, err := strconv.ParseInt(m.Known, 10, 64)
	if err != nil || size < 0 {
		return at, fault.New(fault.Invalid, "%q is neither now, then nor a ledger size", m.Known).At("", 0, "known")
	}
	if m.At == "" {
		if at.Valid, err = a.cfg.Posture.MomentOf(ctx, size); err != nil {
			return at, err
		}
	}
	at.Known = size
	return at, nil
}

func parseMoment(text string, zone *time.Location, now time.Time) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		if day.Format(time.DateOnly) > now.In(zone).Format(time.DateOnly) {
			return time.Time{}, fault.New(fault.Invalid, "%s has not come yet", text).At("", 0, "at")
		}
		if end := clock.DayStart(day.Year(), day.Month(), day.Day()+1, zone).Add(-time.Microsecond); end.Before(now) {
			return end, nil
		}
		return now, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.New(fault.Invalid, "%q is neither a day nor a time", text).At("", 0, "at").WithHint("write 2026-03-14 or 2026-03-14T09:30:00Z")
	}
	if t.After(now) {
		return time.Time{}, fault.New(fault.Invalid, "%s has not come yet", text).At("", 0, "at")
	}
	return t, nil
}

// Asked says which moment an answer is about.
type Asked struct {
	At    time.Time `json:"at"`
	Known int64     `json:"known" doc:"Ledger size that bounds what was known; -1: everything known now."`
}

// CriterionLine is a criterion in a list.
type CriterionLine struct {
	ID       string           `json:"id"`
	Title    string           `json:"title"`
	Category string           `json:"category"`
	Status   posture.Status   `json:"status"`
	Why      string           `json:"why"`
	Since    time.Time        `json:"since,omitzero"`
	InScope  bool             `json:"in_scope"`
	Controls int              `json:"controls"`
	Coverage posture.Coverage `json:"coverage"`
}

// CriteriaAnswer is all criteria at one moment.
type CriteriaAnswer struct {
	Asked
	Criteria []CriterionLine        `json:"criteria"`
	ByStatus map[posture.Status]int `json:"by_status"`
}

type criteriaInput struct {
	Moment
	Status string `json:"status,omitempty" doc:"Only criteria of that status." maxLength:"40"`
}

type criterionInput struct {
	Moment
	ID string `json:"id" doc:"CC7.1" maxLength:"12"`
}

// Explanation is why a criterion stands as it does, down to the items.
type Explanation struct {
	Asked
	ID       string               `json:"id"`
	Title    string               `json:"title"`
	Status   posture.Status       `json:"status"`
	Why      string               `json:"why"`
	Change   string               `json:"change,omitempty" doc:"What would change the status."`
	Since    time.Time            `json:"since,omitzero"`
	Controls []ControlExplanation `json:"controls" doc:"Those that do not stand well, the worst first."`
	More     int                  `json:"more" doc:"Controls that stand well, or of which nothing is wrong."`
}

// ControlExplanation is why a control stands as it does.
type ControlExplanation struct {
	Ref    string             `json:"ref"`
	Slug   string             `json:"slug"`
	Title  string             `json:"title"`
	Key    bool               `json:"key"`
	Status posture.Status     `json:"status"`
	Why    string             `json:"why"`
	Checks []CheckExplanation `json:"checks"`
}

// CheckExplanation is what a check found.
type CheckExplanation struct {
	ID      string                `json:"id"`
	Title   string                `json:"title"`
	Status  posture.Status        `json:"status"`
	Why     string                `json:"why"`
	Failing []posture.FailingItem `json:"failing" doc:"Up to ten; checks_show has the rest."`
	More    int64                 `json:"more"`
}

const explainedItems = 10

func (a *API) aboutPosture() []*Operation {
	return []*Operation{
		define(Operation{Name: "criteria.list", Method: "GET", Path: "/criteria", Action: access.PostureRead,
			Summary: "The criteria with their evidence status at a moment", Detail: "A status is derived from what was observed; it is no judgement that a criterion is met."},
			func(ctx context.Context, _ access.Principal, in criteriaInput) (CriteriaAnswer, error) {
				at, err := a.at(ctx, in.Moment)
				if err != nil {
					return CriteriaAnswer{}, err
				}
				snap, err := a.cfg.Posture.Criteria(ctx, at)
				if err != nil {
					return CriteriaAnswer{}, err
				}
				out := CriteriaAnswer{Asked: Asked{snap.At, at.Known}, ByStatus: snap.ByStatus, Criteria: []CriterionLine{}}
				for _, c := range snap.Criteria {
					if in.Status == "" || in.Status == string(c.Status) {
						out.Criteria = append(out.Criteria, CriterionLine{ID: c.ID, Title: c.Title, Category: string(c.Category), Status: c.Status, Why: c.Why, Since: c.Since,
							InScope: c.InScope, Controls: len(c.Controls), Coverage: c.Coverage})
					}
				}
				return out, nil
			}),
		define(Operation{Name: "criteria.show", Method: "GET", Path: "/criteria/{id}", Action: access.PostureRead,
			Summary: "One criterion with its controls and checks at a moment"},
			func(ctx context.Context, _ access.Principal, in criterionInput) (posture.Criterion, error) {
				at, err := a.at(ctx, in.Moment)
				if err != nil {
					return posture.Criterion{}, err
				}
				return a.cfg.Posture.Criterion(ctx, in.ID, at)
			}),
		define(Operation{Name: "criteria.explain", Method: "GET", Path: "/criteria/{id}/explanation", Action: access.PostureRead,
			Summary: "Why a criterion stands as it does, down to the items that fail", Detail: "Items are named to those who may see findings."},
			a.explain),
		define(Operation{Name: "checks.list", Method: "GET", Path: "/checks", Action: access.PostureRead, Summary: "The checks in force with their counts at a moment"},
			func(ctx context.Context, _ access.Principal, in Moment) (Page[posture.Check], error) {
				at, err := a.at(ctx, in)
				if err != nil {
					return Page[posture.Check]{}, err
				}
				all, err := a.cfg.Posture.Checks(ctx, at)
				return Page[posture.Check]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "checks.show", Method: "GET", Path: "/checks/{pack}/{check}", Action: access.FindingRead, Summary: "One check with the items that do not pass"},
			func(ctx context.Context, _ access.Principal, in struct {
				Moment
				Pack  string `json:"pack" doc:"linux-server" maxLength:"64"`
				Check string `json:"check" doc:"sshd-root-login" maxLength:"64"`
			}) (posture.Check, error) {
				at, err := a.at(ctx, in.Moment)
				if err != nil {
					return posture.Check{}, err
				}
				return a.cfg.Posture.Check(ctx, in.Pack+"/"+in.Check, at)
			}),
	}
}

func (a *API) explain(ctx context.Context, who access.Principal, in criterionInput) (Explanation, error) {
	at, err := a.at(ctx, in.Moment)
	if err != nil {
		return Explanation{}, err
	}
	var c posture.Criterion
	if access.Authorise(who, access.FindingRead) == nil {
		c, err = a.cfg.Posture.Explained(ctx, in.ID, at, explainedItems)
	} else {
		c, err = a.cfg.Posture.Criterion(ctx, in.ID, at)
	}
	if err != nil {
		return Explanation{}, err
	}
	out := Explanation{Asked: Asked{at.Valid, at.Known}, ID: c.ID, Title: c.Title, Status: c.Status, Why: c.Why, Change: c.Change, Since: c.Since, Controls: []ControlExplanation{}}
	for _, ctl := range c.Controls {
		if ctl.Status == posture.None || ctl.Status == posture.Out {
			out.More++
			continue
		}
		x := ControlExplanation{Ref: fmt.Sprintf("C-%d", ctl.Number), Slug: ctl.Slug, Title: ctl.Title, Key: ctl.Key, Status: ctl.Status, Why: ctl.Why, Checks: []CheckExplanation{}}
		for _, check := range ctl.Checks {
			if check.Status == posture.None {
				continue
			}
			found := CheckExplanation{ID: check.ID, Title: check.Title, Status: check.Status, Why: check.Why, Failing: check.Failing, More: check.More}
			if found.Failing == nil {
				found.Failing = []posture.FailingItem{}
			}
			x.Checks = append(x.Checks, found)
		}
		out.Controls = append(out.Controls, x)
	}
	return out, nil
}
