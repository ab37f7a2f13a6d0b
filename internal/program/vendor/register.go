package vendor

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/catalog"
)

// Expectation is a control that we expect of our customers.
type Expectation struct {
	Text     string   `json:"text" maxLength:"1000"`
	Criteria []string `json:"criteria" doc:"Criteria that it serves, such as CC6.2."`
	Why      string   `json:"why" doc:"What does not hold without it." maxLength:"1000"`
	Told     string   `json:"told" doc:"Where customers are told: the contract, the documentation." maxLength:"500"`
	Controls []string `json:"controls,omitempty" doc:"Our controls that rest on it, by short name."`
	Ended    bool     `json:"ended,omitempty" doc:"It is expected no more."`
}

// Expected is an expectation as it stands.
type Expected struct {
	Expectation
	Number  int  `json:"number"`
	Version int  `json:"version"`
	Made    Made `json:"made"`
}

// Ref is its short number: U-3.
func (e Expected) Ref() string { return fmt.Sprintf("U-%d", e.Number) }

type expectationRow struct {
	number, version int
	content, digest string
	made            Made
}

func (x *Expectation) check(c *checking) error {
	if err := firstOf(text(&x.Text, "text", "what is expected", 10, 1000), text(&x.Why, "why", "what does not hold without it", 5, 1000), text(&x.Told, "told", "where customers are told", 3, 500)); err != nil {
		return err
	}
	x.Criteria = listed(x.Criteria)
	if len(x.Criteria) == 0 {
		return bad("criteria", "say which criteria it serves").WithHint("such as CC6.1, CC6.2")
	}
	for _, id := range x.Criteria {
		if _, known := catalog.Get(id); !known {
			return bad("criteria", "%q is none of the 61 criteria", id).WithHint("write an id like CC6.1")
		}
	}
	var err error
	x.Controls, err = c.controls(x.Controls, "controls")
	return err
}

// Expect writes what we expect of customers: a new one where number is 0, else a
// version of one that is there.
func (s *Service) Expect(ctx context.Context, p access.Principal, number int, in Expectation) (Expected, error) {
	if err := access.Authorise(p, access.VendorEdit); err != nil {
		return Expected{}, err
	}
	if p.IsSystem() {
		return Expected{}, fault.New(fault.Forbidden, "a person says what is expected of customers")
	}
	var out Expected
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		c, err := s.checking(ctx, tx, p)
		if err != nil {
			return err
		}
		x := in
		if err := x.check(c); err != nil {
			return err
		}
		r := expectationRow{number: number, version: 1, made: Made{At: c.now, By: p.UserID, Day: c.today, Index: -1}}
		if number == 0 {
			if r.number, err = nextExpectation(ctx, tx); err != nil {
				return err
			}
		} else {
			have, err := expectations(ctx, tx, `WHERE c.number = $1`, number)
			if err != nil {
				return err
			}
			if len(have) == 0 {
				return fault.New(fault.NotFound, "there is no U-%d", number)
			}
			r.version = have[len(have)-1].version + 1
		}
		raw, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("encode what is expected of customers: %w", err)
		}
		r.content, r.digest = string(raw), digest(string(raw))
		if r.made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "vendor.expected", Stream: "people", Actor: p.UserID, Subject: fmt.Sprintf("U-%d", r.number),
			Data: map[string]any{"number": r.number, "version": r.version, "digest": r.digest}}); err != nil {
			return fmt.Errorf("record vendor.expected: %w", err)
		}
		out = Expected{x, r.number, r.version, r.made}
		return insertExpectation(ctx, tx, r)
	})
	return out, err
}

// Expected gives what we expect of customers, each as it stands; those that are
// expected no more are left out unless all are asked for.
func (s *Service) Expected(ctx context.Context, p access.Principal, all bool) ([]Expected, error) {
	if err := access.Authorise(p, access.VendorRead); err != nil {
		return nil, err
	}
	rows, err := expectations(ctx, s.cfg.DB.Reader(), "")
	if err != nil {
		return nil, err
	}
	out := []Expected{}
	for i, r := range rows {
		if i+1 < len(rows) && rows[i+1].number == r.number {
			continue
		}
		e := Expected{Number: r.number, Version: r.version, Made: r.made}
		if err := json.Unmarshal([]byte(r.content), &e.Expectation); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "U-%d cannot be read", r.number)
		}
		if !e.Ended || all {
			out = append(out, e)
		}
	}
	return out, nil
}

// AssumedRow is a control that is assumed at a subservice organisation.
type AssumedRow struct {
	Assumption
	Vendor string `json:"vendor"` // V-3
	Name   string `json:"name"`
	Method string `json:"method"`
}

// AssumedControls gives every control that is assumed at a subservice organisation.
func (s *Service) AssumedControls(ctx context.Context, p access.Principal) ([]AssumedRow, error) {
	out := []AssumedRow{}
	return out, s.live(ctx, p, func(v *Vendor) {
		for _, a := range v.Assumed {
			if !a.Ended {
				row := AssumedRow{Assumption: a, Vendor: v.Ref(), Name: v.Profile.Name}
				if v.Role != nil {
					row.Method = v.Role.Method
				}
				out = append(out, row)
			}
		}
	})
}

// DutyRow is a control that a vendor expects us to operate.
type DutyRow struct {
	Duty
	Vendor string `json:"vendor"` // V-3
	Name   string `json:"name"`
}

// State says in a word where it stands.
func (d DutyRow) State() string {
	switch {
	case d.Mapped == nil:
		return "not looked at"
	case d.Not:
		return "does not concern us"
	case len(d.Controls) == 0:
		return "missing"
	}
	return "done"
}

// Duties gives every control that a vendor expects us to operate.
func (s *Service) Duties(ctx context.Context, p access.Principal) ([]DutyRow, error) {
	out := []DutyRow{}
	return out, s.live(ctx, p, func(v *Vendor) {
		for _, d := range v.Duties {
			if !d.Gone {
				out = append(out, DutyRow{d, v.Ref(), v.Profile.Name})
			}
		}
	})
}

func (s *Service) live(ctx context.Context, p access.Principal, see func(*Vendor)) error {
	if err := access.Authorise(p, access.VendorRead); err != nil {
		return err
	}
	all, err := s.all(ctx)
	if err != nil {
		return err
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *Vendor) int {
		if key(a.Profile.Name) < key(b.Profile.Name) {
			return -1
		}
		return 1
	})
	for _, v := range all {
		if v.State != Ended && v.State != Refused {
			see(v)
		}
	}
	return nil
}
