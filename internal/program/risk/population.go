package risk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives risks to populations: those that stood in the register in a
// window, each date by which one was to be looked at, and what was accepted. Each
// is as the records said at the end of the window, as known by the ledger then.
// How controls stood is posture's to say and is not in them.
func (s *Service) Sources() []population.Source {
	text, number := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	fields := []judge.Field{
		{Name: "number", Type: text, Doc: "R-3"}, {Name: "title", Type: text, Doc: "what it is called"}, {Name: "category", Type: text, Doc: "where it comes from"}, {Name: "state", Type: text, Doc: "open, closed"},
		{Name: "owner", Type: text, Doc: "user who answers for it"}, {Name: "entered", Type: text, Doc: "day on which it was entered"}, {Name: "closed", Type: text, Doc: "day on which it was closed"},
		{Name: "inherent", Type: number, Doc: "rating without controls; 0: none"}, {Name: "residual", Type: number, Doc: "rating after controls; 0: none"}, {Name: "controls", Type: text, Doc: "controls that the residual rating leans on"},
		{Name: "response", Type: text, Doc: "mitigate, accept, transfer, avoid; empty where nobody decided"}, {Name: "appetite", Type: number, Doc: "highest rating that was taken of its category; absent where none was set"},
		{Name: "accepted_until", Type: text, Doc: "last day of the acceptance in force"},
	}
	for _, a := range Attributes() {
		fields = append(fields, judge.Field{Name: a[0], Type: text, Doc: a[1] + ": pass, fail, not_observed, not_applicable; derived"}, judge.Field{Name: a[0] + "_why", Type: text, Doc: "the reason"})
	}
	return []population.Source{
		{Name: "risks", Title: "Risks in the register", Doc: "Risks that stood in the register.", Fields: fields, Columns: []string{"number", "title", "category", "residual", "response", "reviewed_in_time"},
			Dates: []population.Date{{Name: "stood", Doc: "the risk stood in the register", Span: true}}, Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.items(ctx, r, func(x *Risk, a *Appetite, today Day, zone *time.Location) []population.Item {
					var spans []population.Span
					for _, p := range x.spans {
						sp := population.Span{From: p.from.In(zone)}
						if p.to != "" {
							sp.To = p.to.Add(0, 1).In(zone)
						}
						spans = append(spans, sp)
					}
					return []population.Item{{ID: x.ID, Attributes: s.attributes(x, a, today), Dates: map[string][]population.Span{"stood": spans}}}
				})
			}},
		{Name: "risk-reviews", Title: "Looks at risks due", Doc: "Each date by which a risk was to be looked at: within 30 days of its entry, then as often as its rating asks.",
			Fields: []judge.Field{{Name: "number", Type: text, Doc: "R-3"}, {Name: "title", Type: text, Doc: "what it is called"}, {Name: "owner", Type: text, Doc: "user who answers for it"}, {Name: "rating", Type: number, Doc: "by which the date was set; 0: the first look"},
				{Name: "due", Type: text, Doc: "by when"}, {Name: "looked", Type: text, Doc: "when it was looked at; absent where it was not"}, {Name: "by", Type: text, Doc: "user who looked"},
				{Name: "days_late", Type: number, Doc: "days after the date, up to the end of the window where nobody looked"}, {Name: "in_time", Type: text, Doc: "pass, fail, not_observed (not due yet), not_applicable (closed before); derived"}},
			Columns: []string{"number", "title", "rating", "due", "looked", "in_time"}, Dates: []population.Date{{Name: "due", Doc: "the look was due"}}, Read: s.dueItems},
		{Name: "risk-acceptances", Title: "Acceptances of risks", Doc: "Risks that were accepted as they are, each for a time.",
			Fields: []judge.Field{{Name: "number", Type: text, Doc: "R-3, and which acceptance of it"}, {Name: "title", Type: text, Doc: "the risk"}, {Name: "asked_by", Type: text, Doc: "user who asked"}, {Name: "signed", Type: text, Doc: "day on which it was signed"},
				{Name: "signed_by", Type: text, Doc: "user who signed"}, {Name: "until", Type: text, Doc: "its last day"}, {Name: "digest", Type: text, Doc: "SHA-256 of the text that was signed"}, {Name: "rating", Type: number, Doc: "that was accepted"},
				{Name: "state", Type: text, Doc: "in_force, lapsed, outgrown, ended"}, {Name: "by_another", Type: text, Doc: "pass: another person signed than asked; waived: nobody else could, with what stood in; derived"},
				{Name: "not_expired", Type: text, Doc: "pass, fail (it lapsed or was outgrown while the risk is over the appetite), not_applicable; derived"}},
			Columns: []string{"number", "title", "until", "state", "by_another", "not_expired"}, Dates: []population.Date{{Name: "in_force", Doc: "the acceptance was in force", Span: true}}, Read: s.acceptanceItems},
	}
}

func (s *Service) items(ctx context.Context, r population.Request, see func(x *Risk, a *Appetite, today Day, zone *time.Location) []population.Item) ([]population.Item, error) {
	zone, _, err := s.frame.Frame(ctx)
	if err != nil {
		return nil, err
	}
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	risks, err := s.risks.AsOf(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	kept, err := s.appetite.AsOf(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	var appetite *Appetite
	if len(kept) > 0 {
		appetite = kept[0]
	}
	// The end of a window is not part of it: its last day is the one before.
	today := dayOf(valid.Add(-time.Microsecond), zone)
	var out []population.Item
	for _, x := range risks {
		out = append(out, see(x, appetite, today, zone)...)
	}
	return out, nil
}

func (s *Service) attributes(x *Risk, a *Appetite, today Day) map[string]any {
	out := map[string]any{"number": x.Ref, "title": x.Profile.Title, "category": x.Profile.Category, "state": x.State(), "owner": x.Profile.Owner, "entered": string(x.Begun.Day), "closed": "", "controls": "", "response": "",
		"inherent": int64(last(x.Inherent).Score()), "residual": int64(last(x.Residual).Score()), "accepted_until": ""}
	if x.Closed != nil {
		out["closed"] = string(x.Closed.Made.Day)
	}
	if left := last(x.Residual); left != nil {
		out["controls"] = strings.Join(left.Controls, ", ")
	}
	if x.Response != nil {
		out["response"] = x.Response.Response
	}
	if n, set := a.Limit(x.Profile.Category); set {
		out["appetite"] = int64(n)
	}
	if acc := x.Accepted(today); acc != nil {
		out["accepted_until"] = string(acc.Until)
	}
	for _, k := range x.Judge(s.cfg.Scale, a, nil, nil, false, today) {
		out[k.ID], out[k.ID+"_why"] = k.Outcome, k.Reason
	}
	return out
}

func (s *Service) dueItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	return s.items(ctx, r, func(x *Risk, _ *Appetite, today Day, zone *time.Location) []population.Item {
		var out []population.Item
		for _, d := range x.Dues(s.cfg.Scale) {
			a := map[string]any{"number": x.Ref, "title": x.Profile.Title, "owner": x.Profile.Owner, "rating": int64(d.Score), "due": string(d.Day)}
			switch {
			case d.Done != "":
				a["looked"], a["by"], a["days_late"], a["in_time"] = string(d.Done), d.By, int64(max(0, d.Day.Until(d.Done))), pass
				if d.Done > d.Day {
					a["in_time"] = fail
				}
			case d.Closed:
				a["in_time"] = na
			case d.Day <= today:
				a["days_late"], a["in_time"] = int64(d.Day.Until(today)), fail
			default:
				a["in_time"] = unk
			}
			out = append(out, population.Item{ID: x.ID + "/" + string(d.Day), Attributes: a, Dates: map[string][]population.Span{"due": {{From: d.Day.In(zone), To: d.Day.In(zone)}}}})
		}
		return out
	})
}

func (s *Service) acceptanceItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	return s.items(ctx, r, func(x *Risk, a *Appetite, today Day, zone *time.Location) []population.Item {
		var out []population.Item
		over := slices.ContainsFunc(x.Judge(s.cfg.Scale, a, nil, nil, false, today), func(k Attribute) bool { return k.ID == "within_appetite" && k.Outcome == fail })
		newest := -1
		for i := range x.Acceptances {
			if x.Acceptances[i].Signed != nil {
				newest = i
			}
		}
		for i := range x.Acceptances {
			acc := &x.Acceptances[i]
			if acc.Signed == nil {
				continue
			}
			state, end := acc.State(today), acc.Until.Add(0, 1)
			switch {
			case acc.Ended != nil:
				end = acc.Ended.Made.Day
			case acc.void != "":
				end = acc.voidOn
			}
			v := map[string]any{"number": fmt.Sprintf("%s/%d", x.Ref, acc.Number), "title": x.Profile.Title, "asked_by": acc.Asked.By, "signed": string(acc.Signed.Made.Day), "signed_by": acc.Signed.Made.By, "until": string(acc.Until), "digest": acc.Digest,
				"rating": int64(acc.Score), "state": state, "by_another": pass, "not_expired": na}
			if acc.Signed.Compensation != "" {
				v["by_another"] = "waived"
			}
			switch {
			case state == "in_force":
				v["not_expired"] = pass
			case (state == "lapsed" || state == "outgrown") && over && i == newest:
				v["not_expired"] = fail
			}
			out = append(out, population.Item{ID: fmt.Sprintf("%s/%d", x.ID, acc.Number), Attributes: v, Dates: map[string][]population.Span{"in_force": {{From: acc.Signed.Made.Day.In(zone), To: end.In(zone)}}}})
		}
		return out
	})
}

func dayOf(t time.Time, zone *time.Location) Day { return Day(t.In(zone).Format(time.DateOnly)) }
