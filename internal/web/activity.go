package web

import (
	"context"
	"net/url"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/activity"
	"github.com/attesta/attesta/internal/web/ui"
)

// whatDid leads to all that somebody did, for whoever may read the ledger.
func (s *Site) whatDid(r *request, actor string) string {
	if actor == "" || !access.May(r.who.Role, access.LedgerRead) {
		return ""
	}
	return "/ledger?by=" + url.QueryEscape(actor)
}

// actorLink names who made an entry and leads to what else they did.
func actorLink(actor string, names map[string]ui.Link) ui.Link {
	return ui.Link{Text: actorWords(actor, names), Href: "/ledger?by=" + url.QueryEscape(actor)}
}

// ledgerRecords gives the entries that the request asks for, from below an index
// on. Where they are asked for by person or day, behind says how many of the
// newest are not sorted yet.
func (s *Site) ledgerRecords(r *request, before string, limit int) (f activity.Filter, records []ledger.Record, behind int64, err error) {
	ctx := context.WithoutCancel(r.Context())
	if f, err = ledgerFilter(r, before, limit); err != nil {
		return f, nil, 0, err
	}
	if f.Actor == "" && f.From.IsZero() && f.To.IsZero() {
		records, err = s.cfg.Ledger.Records(ctx, ledger.Filter{Type: f.Type, Subject: f.Subject, Before: f.Before, Limit: f.Limit})
		return f, records, 0, err
	}
	page, err := s.cfg.Activity.Of(ctx, r.who, f)
	return f, page.Records, page.Size - page.Read, err
}

// activityForm is by whom and between which days the list is, as it was typed.
// Whoever may not see users chooses among what the list is narrowed to.
func (s *Site) activityForm(r *request, f activity.Filter, wrong *typed) (ui.ActivityForm, error) {
	q := r.URL.Query()
	v := ui.ActivityForm{From: q.Get("from"), To: q.Get("to"), People: []ui.Option{{Text: "Anybody"}, {Text: "Attesta", Value: "system", Selected: f.Actor == "system"}}}
	for _, k := range []string{"type", "about"} {
		v.Hidden = append(v.Hidden, hidden(k, q.Get(k))...)
	}
	if wrong != nil {
		v.Field, v.Problem = wrong.field, wrong.problem
	}
	chosen := f.Actor == "" || f.Actor == "system"
	if access.Authorise(r.who, access.UserRead) == nil {
		users, err := s.cfg.Access.Users(r.Context(), r.who)
		if err != nil && !fault.Is(err, fault.Forbidden) {
			return v, err
		}
		for _, u := range users {
			v.People = append(v.People, ui.Option{Text: u.Name, Value: u.ID, Selected: u.ID == f.Actor})
			chosen = chosen || u.ID == f.Actor
		}
	}
	if !chosen {
		v.People = append(v.People, ui.Option{Text: actorLink(f.Actor, s.known(r, []ledger.Record{{Actor: f.Actor}})).Text, Value: f.Actor, Selected: true})
	}
	return v, nil
}
