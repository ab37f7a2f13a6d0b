package finding

import (
	"context"
	"strconv"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// PageAt is a page of findings as their timelines told them at a moment.
type PageAt struct {
	Findings []Finding       // the state and its reason are those of the moment; ChangedAt is when it began
	States   map[State]int64 // of all that the check and item select
	Next     string
}

// ListAt gives the findings as they stood at a moment, on both time axes, newest
// number first. Of the filter, Check, Item and States count; at.Valid is
// required.
func (s *Service) ListAt(ctx context.Context, at outcome.At, f Filter, cursor string, limit int) (PageAt, error) {
	if limit < 1 || limit > 1000 {
		return PageAt{}, fault.New(fault.Invalid, "a page has 1 to 1000 findings").At("", 0, "limit")
	}
	var before int64
	if cursor != "" {
		var err error
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before < 1 {
			return PageAt{}, fault.New(fault.Invalid, "the cursor is not one of this list").At("", 0, "cursor")
		}
	}
	var p PageAt
	var err error
	if p.States, err = statesAt(ctx, s.cfg.DB.Reader(), at, f); err != nil {
		return p, err
	}
	if p.Findings, err = listAt(ctx, s.cfg.DB.Reader(), at, f, before, limit+1); err != nil {
		return p, err
	}
	if len(p.Findings) > limit {
		p.Findings = p.Findings[:limit]
		p.Next = strconv.FormatInt(p.Findings[limit-1].Number, 10)
	}
	return p, nil
}
