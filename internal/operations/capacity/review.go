package capacity

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// ReviewKind is what the journal keeps of reviews.
var ReviewKind = journal.Kind{Name: "capacity_review", Prefix: "crv", Letter: "CR", Noun: "review of capacity", Steps: []string{"held"}}

// reviewDays is within how many days capacity is looked at again: a quarter.
const reviewDays = 92

// frozen is how many lines a review keeps as they were seen: the worst.
const frozen = 200

// Seen is a line as a review saw it.
type Seen struct {
	Host     string   `json:"host"`
	Measure  string   `json:"measure"`
	Place    string   `json:"place,omitempty"`
	Limit    int64    `json:"limit"`
	Value    int64    `json:"value"`
	P95      int64    `json:"p95"`
	Forecast Forecast `json:"forecast"`
	Exceeds  []string `json:"exceeds,omitempty"`
}

// ReviewText is what somebody decided.
type ReviewText struct {
	With     string `json:"with,omitempty" doc:"Who else looked." maxLength:"500"`
	Decided  string `json:"decided" doc:"What is done about it, by whom and by when; or that nothing is needed, and why." maxLength:"8000"`
	Expected string `json:"expected" doc:"What is expected to change demand: customers, seasons, releases." maxLength:"4000"`
}

// Review is one look at capacity, with what was seen.
type Review struct {
	ReviewText
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Plan    string    `json:"plan,omitempty"` // CP-3
	Counts  Counts    `json:"counts"`
	Seen    []Seen    `json:"seen"`
	Events  []Event   `json:"events,omitempty"` // since the review before
	Before  string    `json:"review_before,omitempty"`
	Days    int       `json:"days_after,omitempty"` // since the review before
	Cut     bool      `json:"cut,omitempty"`        // there were more lines than are kept
	Version int       `json:"version"`
}

// Mark is what lists are filtered by.
func (r Review) Mark() journal.Mark { return journal.Mark{State: "held", Owner: r.By} }

// ReviewObject is a review with its number.
type ReviewObject = journal.Object[Review]

// Look records that somebody looked at capacity, what they saw, and what they
// decided (capacity.edit). What was seen is taken from the lines at that moment.
func (s *Service) Look(ctx context.Context, p access.Principal, in ReviewText) (*ReviewObject, error) {
	if err := s.edit(p, access.CapacityEdit); err != nil {
		return nil, err
	}
	var err error
	if in.With, err = journal.Line("with", in.With, "", false, 500); err != nil {
		return nil, err
	}
	if in.Decided, err = journal.Text("decided", in.Decided, "what is done, or why nothing is needed", true, 8000); err != nil {
		return nil, err
	}
	if in.Expected, err = journal.Text("expected", in.Expected, "what will change demand, or that nothing will", true, 4000); err != nil {
		return nil, err
	}
	rows, next, err := s.List(ctx, p, Filter{Limit: frozen})
	if err != nil {
		return nil, err
	}
	r := Review{ReviewText: in, By: p.UserID, At: s.cfg.Clock(), Cut: next != "", Version: 1}
	if r.Counts, err = s.Counts(ctx, p); err != nil {
		return nil, err
	}
	for _, x := range rows {
		r.Seen = append(r.Seen, Seen{x.Host, x.Measure, x.Place, x.Limit, x.Value, x.P95, x.Forecast, x.Exceeds})
	}
	plan, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	if plan != nil {
		r.Plan = plan.Ref
	}
	from := time.Time{}
	before, _, err := s.reviews.List(ctx, journal.Filter{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(before) > 0 {
		from = before[0].Content.At
		r.Before, r.Days = before[0].Ref, int(r.At.Sub(from)/(24*time.Hour))
	}
	if r.Events, err = eventsSince(ctx, s.cfg.DB.Reader(), from, 200); err != nil {
		return nil, err
	}
	return s.reviews.Create(ctx, p, "held", "", r)
}

// Reviews gives reviews, newest first, without what they saw (capacity.read).
func (s *Service) Reviews(ctx context.Context, p access.Principal) ([]ReviewObject, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	list, _, err := s.reviews.List(ctx, journal.Filter{})
	for i := range list {
		list[i].Content.Seen, list[i].Content.Events = nil, nil
	}
	return list, err
}

// GetReview gives one review with what it saw (capacity.read).
func (s *Service) GetReview(ctx context.Context, p access.Principal, ref string) (*ReviewObject, error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return nil, err
	}
	return s.reviews.Get(ctx, ref)
}

// Due says by when the next review is held; late where that day is over. A
// deployment without reviews owes the first a quarter after its first sample.
func (s *Service) Due(ctx context.Context, p access.Principal) (day time.Time, late bool, err error) {
	if err := access.Authorise(p, access.CapacityRead); err != nil {
		return day, false, err
	}
	list, _, err := s.reviews.List(ctx, journal.Filter{Limit: 1})
	if err != nil {
		return day, false, err
	}
	if len(list) > 0 {
		day = list[0].Content.At
	} else {
		hosts, err := readHosts(ctx, s.cfg.DB.Reader())
		if err != nil || len(hosts) == 0 {
			return day, false, err
		}
		day = slices.MinFunc(hosts, func(a, b Host) int { return a.Joined.Compare(b.Joined) }).Joined
	}
	day = day.AddDate(0, 0, reviewDays)
	return day, day.Before(s.cfg.Clock()), nil
}

// Sources gives reviews of capacity to populations.
func (s *Service) Sources() []population.Source {
	text, number := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	return []population.Source{{Name: "capacity-reviews", Title: "Reviews of capacity", Doc: "Each look at capacity and what was decided.",
		Fields: []judge.Field{{Name: "number", Type: text, Doc: "CR-3"}, {Name: "by", Type: text, Doc: "user who looked"}, {Name: "plan", Type: text, Doc: "version of the capacity plan that was in force; empty for none"},
			{Name: "lines", Type: number, Doc: "measures of hosts that were seen"}, {Name: "over", Type: number, Doc: "of them over a commitment"}, {Name: "soon", Type: number, Doc: "of them full within 90 days"},
			{Name: "days_after", Type: number, Doc: "days after the review before; absent for the first"}, {Name: "in_time", Type: text, Doc: "pass, fail: within a quarter of the review before; derived"}, {Name: "decided", Type: text, Doc: "what was decided"}},
		Columns: []string{"number", "by", "over", "soon", "in_time"}, Dates: []population.Date{{Name: "held", Doc: "the review was held"}},
		Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
			valid := r.At.Valid
			if valid.IsZero() {
				valid = s.cfg.Clock()
			}
			list, err := s.reviews.At(ctx, valid, r.At.Known)
			if err != nil {
				return nil, err
			}
			var out []population.Item
			for _, o := range list {
				c := o.Content
				a := map[string]any{"number": o.Ref, "by": c.By, "plan": c.Plan, "lines": c.Counts.All, "over": c.Counts.Over, "soon": c.Counts.Soon, "decided": c.Decided, "in_time": "pass"}
				if c.Before != "" {
					a["days_after"] = int64(c.Days)
				}
				if c.Days > reviewDays {
					a["in_time"] = "fail"
				}
				out = append(out, population.Item{ID: o.ID, Attributes: a, Dates: map[string][]population.Span{"held": {{From: c.At, To: c.At}}}})
			}
			return out, nil
		}}}
}
