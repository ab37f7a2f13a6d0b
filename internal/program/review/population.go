package review

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Attributes of an item of a review, with the question that each answers.
func Attributes() [][2]string {
	return [][2]string{{"by_another", "Decided by another than the holder"}, {"in_time", "Decided in time"}, {"proved", "Revocation proved in time"}}
}

// Judged is what an attribute came to.
type Judged struct {
	Outcome string `json:"outcome"` // pass, fail, not_observed, not_applicable
	Reason  string `json:"reason"`
}

// Judge gives the attributes of an item at a moment, in the order of Attributes.
// alone is what stood in for a second person.
func (i *Item) Judge(c *Campaign, alone string, now time.Time) [3]Judged {
	var out [3]Judged
	over := c.State == Abandoned && c.Ended != nil && !c.Ended.At.After(now)
	switch {
	case i.Decision == "" && over:
		out[0], out[1] = Judged{"not_applicable", "the review was abandoned"}, Judged{"not_applicable", "the review was abandoned"}
	case i.Decision == "":
		out[0] = Judged{"not_observed", "nobody has decided yet"}
		out[1] = Judged{"not_observed", "it is due before " + stamp(c.Due)}
		if !now.Before(c.Due) {
			out[1] = Judged{"fail", "nobody had decided when it was due, " + stamp(c.Due)}
		}
	default:
		out[0] = Judged{"pass", "somebody else decided"}
		if i.DecidedBy == i.Holder || i.DecidedBy == i.GrantedBy && !c.Set.OwnGrant {
			out[0] = Judged{"fail", "whoever holds or granted it decided, because nobody else could: " + alone}
		}
		if i.Holder == "" && i.Person == "" && out[0].Outcome == "pass" {
			out[0].Reason = "nobody is known whose access it is"
		}
		out[1] = Judged{"pass", "decided on " + stamp(i.DecidedAt)}
		if !i.DecidedAt.Before(c.Due) {
			out[1] = Judged{"fail", "decided on " + stamp(i.DecidedAt) + ", due before " + stamp(c.Due)}
		}
	}
	out[2] = Judged{"not_applicable", "nothing was revoked"}
	if r := i.Revocation; r != nil && r.State != Withdrawn && (i.Decision == Revoke || i.Decision == Change) {
		switch {
		case r.State == Gone && !r.Gone.After(r.Due):
			out[2] = Judged{"pass", "the source did not show it any more on " + stamp(r.Gone)}
		case r.State == Gone:
			out[2] = Judged{"fail", "gone on " + stamp(r.Gone) + ", due " + stamp(r.Due)}
		case r.Saw == There && now.After(r.Due):
			out[2] = Judged{"fail", r.Why + ", due " + stamp(r.Due)}
		case now.After(r.Due):
			out[2] = Judged{"not_observed", "due " + stamp(r.Due) + ": " + strings.TrimPrefix(r.Why+"; ", "; ") + "no observation since shows that it is gone"}
		default:
			out[2] = Judged{"not_observed", "it is due " + stamp(r.Due)}
		}
	}
	return out
}

// Sources are the populations of this package: items of reviews, and revocations.
func (s *Service) Sources() []population.Source {
	text := &judge.Type{Kind: judge.String}
	fields := []judge.Field{
		{Name: "item", Type: text, Doc: "AR-3.17"}, {Name: "review", Type: text, Doc: "AR-3"}, {Name: "system", Type: text, Doc: "where the access is"}, {Name: "account", Type: text, Doc: "name of the account"},
		{Name: "role", Type: text, Doc: "what it may do"}, {Name: "person", Type: text, Doc: "whose it is, as known when the review began; empty for nobody's"}, {Name: "flags", Type: text, Doc: "leaver, revoked_before, duties, no_person, unused, leaving, privileged"},
		{Name: "since_last", Type: text, Doc: "new, same, changed; empty where the source was not compared"}, {Name: "request", Type: text, Doc: "that granted it; empty where none is named"},
		{Name: "decision", Type: text, Doc: "keep, revoke, change; empty where nobody decided"}, {Name: "decided", Type: text, Doc: "when"}, {Name: "decided_by", Type: text, Doc: "user who decided"}, {Name: "reason", Type: text, Doc: "that was given"},
		{Name: "gone", Type: text, Doc: "observation that shows it gone; empty where there is none"},
	}
	for _, a := range Attributes() {
		fields = append(fields, judge.Field{Name: a[0], Type: text, Doc: a[1] + ": pass, fail, not_observed, not_applicable; derived"}, judge.Field{Name: a[0] + "_why", Type: text, Doc: "the reason"})
	}
	columns := []string{"item", "system", "account", "role", "decision", "by_another", "in_time", "proved"}
	return []population.Source{
		{Name: "access-review-items", Title: "Items of access reviews", Doc: "Each person, system and role of each review of access, as it was frozen.", Fields: fields, Columns: columns,
			Dates: []population.Date{{Name: "frozen", Doc: "the review began"}, {Name: "due", Doc: "the review was due"}}, Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.population(ctx, r, false)
			}},
		{Name: "access-revocations", Title: "Revocations of access reviews", Doc: "Access that a review revoked or changed, with the observation that shows it gone.", Fields: fields, Columns: columns,
			Dates: []population.Date{{Name: "decided", Doc: "somebody decided that it goes"}}, Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.population(ctx, r, true)
			}},
	}
}

func (s *Service) population(ctx context.Context, r population.Request, revoked bool) ([]population.Item, error) {
	at := r.At
	if at.Valid.IsZero() {
		at.Valid = s.cfg.Clock()
	}
	q := s.cfg.DB.Reader()
	all, items, events, err := as(ctx, q, at)
	if err != nil {
		return nil, err
	}
	proofs, err := gones(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for i := range items {
		x := &items[i]
		c, ok := all[x.Campaign]
		if !ok {
			continue
		}
		e := events[x.ID] // zero: nothing
		x.Decision, x.DecidedAt, x.DecidedBy, x.Reason = e.Decision, e.Made.At, e.Made.By, e.Reason
		if x.Decision == "" {
			x.DecidedAt, x.DecidedBy = time.Time{}, ""
		}
		if rv := x.Revocation; rv != nil {
			if idx, proved := proofs[x.ID]; rv.State == Gone && (rv.Gone.After(at.Valid) || !proved || at.Known >= 0 && (idx < 0 || idx >= at.Known)) {
				rv.State, rv.Gone, rv.Saw, rv.Why = Open, time.Time{}, "", ""
			}
			if rv.State == Open && rv.Seen.After(at.Valid) {
				rv.Saw, rv.Why = "", ""
			}
		}
		if revoked && x.Decision != Revoke && x.Decision != Change {
			continue
		}
		a := map[string]any{"item": x.Ref(), "review": fmt.Sprintf("AR-%d", x.Campaign), "system": x.PlaceName, "account": x.Account, "role": x.Role, "person": x.PersonName, "flags": strings.Join(x.Flags, " "), "since_last": x.Changed,
			"request": x.Request, "decision": x.Decision, "decided": stamp(x.DecidedAt), "decided_by": x.DecidedBy, "reason": x.Reason, "gone": ""}
		if x.Revocation != nil && x.Decision != "" && x.Decision != Keep {
			a["gone"] = stamp(x.Revocation.Gone)
		}
		for k, j := range x.Judge(&c, e.Compensation, at.Valid) {
			name := Attributes()[k][0]
			a[name], a[name+"_why"] = j.Outcome, j.Reason
		}
		item := population.Item{ID: x.ID, Attributes: a, Dates: map[string][]population.Span{"frozen": {{From: c.Begun.At, To: c.Begun.At}}, "due": {{From: c.Due.Add(-time.Microsecond), To: c.Due.Add(-time.Microsecond)}}}}
		if revoked {
			item.Dates = map[string][]population.Span{"decided": {{From: x.DecidedAt, To: x.DecidedAt}}}
		}
		out = append(out, item)
	}
	return out, nil
}
