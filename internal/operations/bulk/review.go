package bulk

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/review"
)

// reviewKinds are what is done to many items of an access review.
func (s *Service) reviewKinds() []Kind {
	if s.cfg.Reviews == nil {
		return nil
	}
	const list = "access-review-items"
	return []Kind{
		{Name: "reviews.keep", List: list, Title: "Keep them", Button: "Keep", Action: access.ReviewDecide, Asks: []Ask{{Name: "reason", Label: "Why they stay", Type: "long", Hint: "Asked for where access is flagged; it stands with each."}},
			Note: "You confirm that each of these people still needs this access. What is your own, and what others review, stays undecided.",
			Undo: "they are undecided again, while the review runs", do: s.deciding(review.Keep)},
		{Name: "reviews.revoke", List: list, Title: "Revoke them", Button: "Revoke", Action: access.ReviewDecide, Before: true, Asks: []Ask{{Name: "reason", Label: "Why they go", Type: "long", Must: true, Hint: "It stands with each."}},
			Note: "Each must be gone within the days that the review gives, and counts as gone once the system no longer shows it.",
			Undo: "they are undecided again, while the review runs", do: s.deciding(review.Revoke)},
		{Name: "reviews.assign", List: list, Title: "Give them to another reviewer", Button: "Give to", Action: access.ReviewManage, Before: true, Asks: []Ask{{Name: "reviewer", Label: "Who reviews them", Type: "reviewer", Must: true, Hint: "Nobody reviews access of their own, or that they granted."}},
			do: deeds{params: func(ctx context.Context, tx *sql.Tx, a act) error {
				if a.params["reviewer"] == "" {
					return bad("reviewer", "choose who reviews them")
				}
				u, err := access.WhoMay(ctx, tx, a.params["reviewer"], access.ReviewDecide)
				a.params["reviewer"] = u.ID
				return err
			}, look: s.reviewLook(func(x *review.Item, a act) []Change {
				return []Change{{"Reviewer", x.Reviewer, a.params["reviewer"]}}
			}), do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
				return s.cfg.Reviews.AssignIn(ctx, tx, a.who, item, a.params["reviewer"])
			}}},
	}
}

func (s *Service) reviewLook(changes func(*review.Item, act) []Change) func(context.Context, *sql.Tx, act, string) (look, error) {
	return func(ctx context.Context, tx *sql.Tx, a act, item string) (look, error) {
		x, err := s.cfg.Reviews.Hold(ctx, tx, item)
		if err != nil {
			return look{}, err
		}
		name := x.PersonName
		if name == "" {
			name = x.Account
		}
		return look{item: x.ID, name: x.Ref(), about: name + ": " + x.Role + " on " + x.PlaceName, version: x.Version(), changes: changes(x, a)}, nil
	}
}

func (s *Service) deciding(decision string) deeds {
	return deeds{look: s.reviewLook(func(x *review.Item, _ act) []Change {
		from := x.Decision
		if from == "" {
			from = "undecided"
		}
		return []Change{{"Decision", from, decision}}
	}), params: func(_ context.Context, _ *sql.Tx, a act) error {
		if decision == review.Revoke && len(a.params["reason"]) < 3 {
			return bad("reason", "say why they go")
		}
		return nil
	}, do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
		return s.cfg.Reviews.DecideIn(ctx, tx, a.who, item, review.Said{Decision: decision, Reason: a.params["reason"]})
	}, undo: func(ctx context.Context, tx *sql.Tx, a act, item, _ string) (string, error) {
		return s.cfg.Reviews.WithdrawIn(ctx, tx, a.who, item)
	}}
}
