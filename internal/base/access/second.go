package access

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// SecondPerson holds that p, who may do a, is a person, and another one than the
// author of what p approves. Where nobody else may, it takes what p writes
// instead, see Compensate, and gives that text; "" where a second person
// approves.
func SecondPerson(ctx context.Context, q database.Querier, p Principal, author string, a Action, text string) (string, error) {
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a named person approves this").WithHint("log in and approve it there")
	}
	if p.UserID != author {
		return "", nil
	}
	return Compensate(ctx, q, p, a, text)
}
