package vendor

import (
	"context"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives vendors to populations: those that were used in a window, that
// were engaged in it, that ended in it, and the reviews that were due in it. Each
// is as the records said at the end of the window, as known by the ledger then.
func (s *Service) Sources() []population.Source {
	text := &judge.Type{Kind: judge.String}
	number := &judge.Type{Kind: judge.Int}
	fields := []judge.Field{
		{Name: "number", Type: text, Doc: "V-3"}, {Name: "name", Type: text, Doc: "what it is called"}, {Name: "service", Type: text, Doc: "what it does for us"},
		{Name: "state", Type: text, Doc: "asked, approved, in_use, leaving, refused, ended"}, {Name: "criticality", Type: text, Doc: "derived from answers"},
		{Name: "data", Type: text, Doc: "types of data that it handles"}, {Name: "role", Type: text, Doc: "vendor, subservice; empty where nobody decided"},
		{Name: "method", Type: text, Doc: "of a subservice organisation: carve_out, inclusive"}, {Name: "manager", Type: text, Doc: "user who manages it"},
		{Name: "asked", Type: text, Doc: "day on which it was asked for"}, {Name: "asked_by", Type: text, Doc: "user who asked"},
		{Name: "approved", Type: text, Doc: "day of the first approval"}, {Name: "approved_by", Type: text, Doc: "user who approved last"},
		{Name: "engaged", Type: text, Doc: "contract, first payment or first access, whichever came first"}, {Name: "ended", Type: text, Doc: "day on which it ended"},
	}
	for _, a := range Attributes() {
		fields = append(fields, judge.Field{Name: a[0], Type: text, Doc: a[1] + ": pass, fail, not_observed, not_applicable; derived"},
			judge.Field{Name: a[0] + "_why", Type: text, Doc: "the reason"})
	}
	columns := []string{"number", "name", "criticality", "approved_before_use", "reviewed_in_time", "report_covers_window"}
	list := func(name, title, doc string, date population.Date, spans func(*Vendor, *time.Location) []population.Span) population.Source {
		return population.Source{Name: name, Title: title, Doc: doc, Fields: fields, Columns: columns, Dates: []population.Date{date},
			Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.items(ctx, r, func(v *Vendor, today Day, w Window, zone *time.Location) []population.Item {
					at := spans(v, zone)
					if at == nil {
						return nil
					}
					return []population.Item{{ID: v.ID, Attributes: s.attributes(v, today, w), Dates: map[string][]population.Span{date.Name: at}}}
				})
			}}
	}
	moment := func(d Day, zone *time.Location) []population.Span {
		if d == "" {
			return nil
		}
		return []population.Span{{From: d.in(zone), To: d.in(zone)}}
	}
	return []population.Source{
		list("vendors", "Vendors", "Vendors and subservice organisations that are or were used.", population.Date{Name: "used", Doc: "the relationship ran: from contract to end", Span: true}, func(v *Vendor, zone *time.Location) []population.Span {
			if v.Engaged == "" {
				return nil
			}
			sp := population.Span{From: v.Engaged.in(zone)}
			if v.EndedOn != "" {
				sp.To = v.EndedOn.Add(0, 1).in(zone)
			}
			return []population.Span{sp}
		}),
		list("vendors-engaged", "Vendors engaged", "Vendors that were engaged.", population.Date{Name: "engaged", Doc: "contract, first payment or first access, whichever came first"}, func(v *Vendor, zone *time.Location) []population.Span { return moment(v.Engaged, zone) }),
		list("vendors-ended", "Vendors ended", "Vendors whose relationship ended.", population.Date{Name: "ended", Doc: "end of the relationship"}, func(v *Vendor, zone *time.Location) []population.Span { return moment(v.EndedOn, zone) }),
		{Name: "vendor-reviews", Title: "Vendor reviews due", Doc: "Each date by which a vendor was to be reviewed: before it was engaged, then as often as its criticality asks.",
			Fields: []judge.Field{{Name: "number", Type: text, Doc: "V-3"}, {Name: "name", Type: text, Doc: "what it is called"}, {Name: "criticality", Type: text, Doc: "that set the date"},
				{Name: "due", Type: text, Doc: "by when"}, {Name: "first", Type: text, Doc: "yes: the review before it was engaged"}, {Name: "reviewed", Type: text, Doc: "when it was reviewed; absent where it was not"},
				{Name: "reviewer", Type: text, Doc: "user who reviewed"}, {Name: "days_late", Type: number, Doc: "days after the date, up to the end of the window where it was not reviewed"},
				{Name: "in_time", Type: text, Doc: "pass, fail, not_observed (not due yet), not_applicable (it ended before); derived"}},
			Columns: []string{"number", "name", "criticality", "due", "reviewed", "in_time"},
			Dates:   []population.Date{{Name: "due", Doc: "the review was due"}}, Read: s.dueItems},
	}
}

// items folds every vendor as of a request and takes what see makes of it.
func (s *Service) items(ctx context.Context, r population.Request, see func(v *Vendor, today Day, w Window, zone *time.Location) []population.Item) ([]population.Item, error) {
	zone, _, err := s.frame(ctx)
	if err != nil {
		return nil, err
	}
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	recs, err := recordsUntil(ctx, s.cfg.DB.Reader(), valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	// The end of a window is not part of it: its last day is the one before.
	today := DayOf(valid.Add(-time.Microsecond), zone)
	w := Window{}
	if !r.From.IsZero() && r.From.Before(r.To) {
		w = Window{DayOf(r.From, zone), DayOf(r.To.Add(-time.Microsecond), zone)}
	}
	var out []population.Item
	for len(recs) > 0 {
		n := 1
		for n < len(recs) && recs[n].vendor == recs[0].vendor {
			n++
		}
		v, err := fold(s.cfg.Book, recs[:n])
		if err != nil {
			return nil, err
		}
		out, recs = append(out, see(v, today, w, zone)...), recs[n:]
	}
	return out, nil
}

func (s *Service) attributes(v *Vendor, today Day, w Window) map[string]any {
	a := map[string]any{"number": v.Ref(), "name": v.Profile.Name, "service": v.Profile.Service, "state": string(v.State), "criticality": v.Level, "data": strings.Join(v.Profile.Data, ", "),
		"manager": v.Profile.Manager, "asked": string(v.Asked.Day), "asked_by": v.Asked.By, "role": "", "method": "", "approved": string(v.firstApproval()), "engaged": string(v.Engaged), "ended": string(v.EndedOn)}
	if v.Role != nil {
		a["role"], a["method"] = v.Role.Is, v.Role.Method
	}
	if v.Approved != nil {
		a["approved_by"] = v.Approved.By
	}
	for _, k := range v.Judge(s.cfg.Book, today, w) {
		a[k.ID], a[k.ID+"_why"] = k.Outcome, k.Reason
	}
	return a
}

func (s *Service) dueItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	return s.items(ctx, r, func(v *Vendor, today Day, _ Window, zone *time.Location) []population.Item {
		var out []population.Item
		for _, d := range v.Dues(s.cfg.Book) {
			a := map[string]any{"number": v.Ref(), "name": v.Profile.Name, "criticality": d.Level, "due": string(d.Day), "first": "no"}
			if d.First {
				a["first"] = "yes"
			}
			switch {
			case d.Done != "":
				a["reviewed"], a["reviewer"], a["days_late"], a["in_time"] = string(d.Done), d.By, int64(max(0, d.Day.Until(d.Done))), "pass"
				if d.Done > d.Day {
					a["in_time"] = "fail"
				}
			case d.Closed:
				a["in_time"] = na
			case d.Day <= today:
				a["days_late"], a["in_time"] = int64(d.Day.Until(today)), "fail"
			default:
				a["in_time"] = "not_observed"
			}
			out = append(out, population.Item{ID: v.ID + "/" + string(d.Day), Attributes: a, Dates: map[string][]population.Span{"due": {{From: d.Day.in(zone), To: d.Day.in(zone)}}}})
		}
		return out
	})
}
