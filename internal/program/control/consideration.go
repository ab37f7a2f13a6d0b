package control

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
)

// PointState is what a person said about a point of focus.
type PointState string

// The states. Addressed is none of them: it is derived from the controls in use.
const (
	NotRelevant PointState = "not_relevant"
	Open        PointState = "open" // a former NotRelevant was taken back
)

// Consideration is one row of what was said about a point of focus.
type Consideration struct {
	Criterion string     `json:"criterion"`
	Number    int        `json:"number"`
	Seq       int        `json:"seq"`
	State     PointState `json:"state"`
	Reason    string     `json:"reason"`
	Effective time.Time  `json:"effective"`
	Made      Made       `json:"made"`
}

// Considered gives, for each point of focus of a criterion that a person said
// something about, what held at a moment as known by a ledger size (below 0:
// everything).
func (s *Service) Considered(ctx context.Context, p access.Principal, criterion string, valid time.Time, known int64) (map[int]Consideration, error) {
	if err := access.Authorise(p, access.ControlRead); err != nil {
		return nil, err
	}
	all, err := s.considered(ctx, criterion, valid, known)
	if err != nil {
		return nil, err
	}
	out := map[int]Consideration{}
	for at, c := range all {
		out[at.Number] = c
	}
	return out, nil
}

// PointKey names a point of focus.
type PointKey struct {
	Criterion string
	Number    int
}

// ConsideredAll is Considered for every criterion at once.
func (s *Service) ConsideredAll(ctx context.Context, p access.Principal, valid time.Time, known int64) (map[PointKey]Consideration, error) {
	if err := access.Authorise(p, access.ControlRead); err != nil {
		return nil, err
	}
	return s.considered(ctx, "", valid, known)
}

func (s *Service) considered(ctx context.Context, criterion string, valid time.Time, known int64) (map[PointKey]Consideration, error) {
	rows, err := considerations(ctx, s.cfg.DB.Reader(), criterion, 0)
	if err != nil {
		return nil, err
	}
	history := map[PointKey][]Consideration{}
	for _, c := range rows {
		at := PointKey{c.Criterion, c.Number}
		history[at] = append(history[at], c)
	}
	out := map[PointKey]Consideration{}
	for at, list := range history {
		c, ok := newest(list, valid, known, func(c *Consideration) (time.Time, int64) { return c.Effective, c.Made.Index })
		if ok {
			out[at] = c
		}
	}
	return out, nil
}

// SetNotRelevant records that a point of focus is not relevant, and why. Kind
// Conflict where a control in use addresses the point, or where it was said
// already.
func (s *Service) SetNotRelevant(ctx context.Context, p access.Principal, criterion string, number int, reason string) error {
	return s.consider(ctx, p, Consideration{Criterion: criterion, Number: number, State: NotRelevant, Reason: reason})
}

// Reopen takes back that a point of focus is not relevant. Kind Conflict where
// nobody said so.
func (s *Service) Reopen(ctx context.Context, p access.Principal, criterion string, number int, reason string) error {
	return s.consider(ctx, p, Consideration{Criterion: criterion, Number: number, State: Open, Reason: reason})
}

const maxReason = 1000 // letters

func (c *Consideration) check() error {
	if _, known := catalog.PointOf(c.Criterion, c.Number); !known {
		return fault.New(fault.NotFound, "%s has no point of focus %d", c.Criterion, c.Number).WithHint("the points are listed by 'attesta criteria points'")
	}
	c.Reason = strings.Join(strings.Fields(c.Reason), " ")
	switch n := utf8.RuneCountInString(c.Reason); {
	case !utf8.ValidString(c.Reason):
		return fault.New(fault.Invalid, "the reason is not UTF-8 text").At("", 0, "reason")
	case n < 10:
		return fault.New(fault.Invalid, "the reason has %d letters", n).At("", 0, "reason").
			WithHint("say in a sentence what about your system makes it so; an auditor reads it")
	case n > maxReason:
		return fault.New(fault.Invalid, "the reason has %d letters; at most %d are kept", n, maxReason).At("", 0, "reason")
	}
	return nil
}

func (s *Service) consider(ctx context.Context, p access.Principal, c Consideration) error {
	if err := access.Authorise(p, access.ControlEdit); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := s.program(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := considerations(ctx, tx, c.Criterion, c.Number)
		if err != nil {
			return err
		}
		before := Open
		if len(rows) > 0 {
			before = rows[len(rows)-1].State
		}
		switch {
		case c.State == Open && before != NotRelevant:
			return fault.New(fault.Conflict, "nobody said that point %d of %s is not relevant", c.Number, c.Criterion)
		case c.State == NotRelevant && before == NotRelevant:
			return fault.New(fault.Conflict, "point %d of %s is said to be not relevant already", c.Number, c.Criterion).WithHint("take that back first to give another reason")
		}
		now := s.cfg.Clock()
		for _, k := range have.Controls {
			if v, used := k.At(now, -1); c.State == NotRelevant && used && v.Design.Covers(c.Criterion, c.Number) {
				return fault.New(fault.Conflict, "control %s addresses point %d of %s", k.Slug, c.Number, c.Criterion).
					WithHint("a point that a control addresses is relevant; retire the control first, or leave it")
			}
		}
		c.Seq, c.Effective, c.Made = len(rows)+1, now, Made{At: now, By: p.UserID}
		c.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{
			Type: "point.considered", Stream: stream(p), Actor: p.UserID, Subject: pointSubject(c.Criterion, c.Number),
			Personal: map[string]string{"reason": c.Reason},
			Data:     map[string]any{"criterion": c.Criterion, "number": c.Number, "seq": c.Seq, "state": string(c.State), "effective": now},
		})
		if err != nil {
			return fmt.Errorf("record point %d of %s: %w", c.Number, c.Criterion, err)
		}
		return insertConsideration(ctx, tx, have.System.ID, c)
	})
}

// pointSubject is what ledger entries about a point of focus are about.
func pointSubject(criterion string, number int) string {
	return fmt.Sprintf("%s/%d", criterion, number)
}

// boundPoint holds a record "point.considered" against its row.
func boundPoint(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	c, found, err := considerationByEntry(ctx, q, rec.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse("its row is gone")
	}
	seq, _ := rec.Data["seq"].(int64)
	state, _ := rec.Data["state"].(string)
	if int64(c.Seq) != seq || string(c.State) != state || pointSubject(c.Criterion, c.Number) != rec.Subject {
		return refuse("its row says something else than was recorded")
	}
	said, err := ledger.Personal(ctx, q, rec)
	if err != nil {
		return err
	}
	if said != nil && said["reason"] != c.Reason { // nil: erased, and that is an entry of its own
		return refuse("its row gives another reason than was recorded")
	}
	return nil
}
