package committee

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives meetings to populations: those of the board, those of every
// committee, and each day by which a committee was to meet. Each is as the records
// said at the end of the window, as known by the ledger then.
func (s *Service) Sources() []population.Source {
	text, number := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	fields := []judge.Field{
		{Name: "number", Type: text, Doc: "M-3"}, {Name: "committee", Type: text, Doc: "which committee"}, {Name: "sort", Type: text, Doc: "board, audit, risk, other"}, {Name: "day", Type: text, Doc: "day of the meeting"},
		{Name: "state", Type: text, Doc: "planned, not recorded, without a quorum, minutes open, minutes approved, called off"}, {Name: "voting", Type: number, Doc: "members with a vote who were there"}, {Name: "quorum", Type: number, Doc: "that was needed"},
		{Name: "decisions", Type: number, Doc: "how many were taken"}, {Name: "papers", Type: number, Doc: "how many were sent before"},
	}
	for _, a := range (&Meeting{}).Judge("") {
		fields = append(fields, judge.Field{Name: a.ID, Type: text, Doc: a.Title + ": pass, fail, not_observed, not_applicable; derived"}, judge.Field{Name: a.ID + "_why", Type: text, Doc: "the reason"})
	}
	columns := []string{"number", "committee", "day", "quorate", "minutes_approved", "independent_present"}
	list := func(name, title, doc string, board bool) population.Source {
		return population.Source{Name: name, Title: title, Doc: doc, Fields: fields, Columns: columns, Dates: []population.Date{{Name: "day", Doc: "day of the meeting"}},
			Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.items(ctx, r, func(c *Committee, own []*Meeting, today Day, zone *time.Location) []population.Item {
					var out []population.Item
					for _, m := range own {
						if board && c.Profile.Sort != "board" {
							continue
						}
						out = append(out, population.Item{ID: m.ID, Attributes: attributes(c, m, today), Dates: map[string][]population.Span{"day": {{From: m.Day.In(zone), To: m.Day.In(zone)}}}})
					}
					return out
				})
			}}
	}
	return []population.Source{
		list("board-meetings", "Meetings of the board", "Meetings of the board, or of those who stand in for it.", true),
		list("committee-meetings", "Meetings of committees", "Meetings of every committee, the board among them.", false),
		{Name: "meetings-due", Title: "Meetings due", Doc: "Each day by which a committee was to meet with its quorum, by its rhythm.",
			Fields: []judge.Field{{Name: "committee", Type: text, Doc: "B-1"}, {Name: "name", Type: text, Doc: "what it is called"}, {Name: "sort", Type: text, Doc: "board, audit, risk, other"}, {Name: "due", Type: text, Doc: "by when"},
				{Name: "met", Type: text, Doc: "when it met with its quorum; absent where it did not"}, {Name: "meeting", Type: text, Doc: "M-3"}, {Name: "days_late", Type: number, Doc: "days after, up to the end of the window"},
				{Name: "in_time", Type: text, Doc: "pass, fail, not_observed (not due yet), not_applicable (it ended before); derived"}},
			Columns: []string{"committee", "name", "due", "met", "in_time"}, Dates: []population.Date{{Name: "due", Doc: "the meeting was due"}},
			Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.items(ctx, r, dueItems)
			}},
	}
}

func (s *Service) items(ctx context.Context, r population.Request, see func(c *Committee, own []*Meeting, today Day, zone *time.Location) []population.Item) ([]population.Item, error) {
	zone, _, err := s.frame.Frame(ctx)
	if err != nil {
		return nil, err
	}
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	committees, err := s.committees.AsOf(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	meetings, err := s.meetings.AsOf(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	byDay(meetings)
	today := Day(valid.Add(-time.Microsecond).In(zone).Format(time.DateOnly))
	var out []population.Item
	for _, c := range committees {
		var own []*Meeting
		for _, m := range meetings {
			if m.Committee == c.Ref {
				own = append(own, m)
			}
		}
		out = append(out, see(c, own, today, zone)...)
	}
	return out, nil
}

func attributes(c *Committee, m *Meeting, today Day) map[string]any {
	a := map[string]any{"number": m.Ref, "committee": c.Profile.Name, "sort": c.Profile.Sort, "day": string(m.Day), "state": m.State(today), "decisions": int64(len(m.Decisions)), "papers": int64(len(m.Papers))}
	if h := m.Held; h != nil {
		a["voting"], a["quorum"] = int64(h.Voting), int64(h.Quorum)
	}
	for _, k := range m.Judge(today) {
		a[k.ID], a[k.ID+"_why"] = k.Outcome, k.Reason
	}
	return a
}

func dueItems(c *Committee, own []*Meeting, today Day, zone *time.Location) []population.Item {
	var out []population.Item
	for _, d := range c.Dues(own) {
		a := map[string]any{"committee": c.Ref, "name": c.Profile.Name, "sort": c.Profile.Sort, "due": string(d.Day)}
		switch {
		case d.Done != "":
			a["met"], a["meeting"], a["days_late"], a["in_time"] = string(d.Done), d.Meeting, int64(max(0, d.Day.Until(d.Done))), pass
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
		out = append(out, population.Item{ID: c.ID + "/" + string(d.Day), Attributes: a, Dates: map[string][]population.Span{"due": {{From: d.Day.In(zone), To: d.Day.In(zone)}}}})
	}
	return out
}
