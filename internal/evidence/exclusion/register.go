package exclusion

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// Register gives everything that is left out, whoever decided it: by a person's
// exclusion, by tailoring, by a check's where, by a rule that finds nothing to
// judge, by retirement. Exclusions are bounded by what was known; what is derived
// stands as it is now.
func (s *Service) Register(ctx context.Context, q Question) ([]Entry, error) {
	now := s.cfg.Clock()
	if q.To.IsZero() {
		q.To = now
	}
	if q.From.IsZero() {
		q.From = q.To
	}
	all, err := heldAt(ctx, s.cfg.DB.Reader(), q)
	if err != nil {
		return nil, err
	}
	for _, read := range s.derived {
		more, err := read(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	order := map[Kind]int{OfItem: 0, OfScope: 1, WasRetired: 2, OfCheck: 3, ByWhere: 4, NotApplicable: 5}
	slices.SortStableFunc(all, func(a, b Entry) int {
		return cmp.Or(order[a.Kind]-order[b.Kind], cmp.Compare(a.Name, b.Name), cmp.Compare(a.Subject, b.Subject), a.From.Compare(b.From))
	})
	return all, nil
}

// fromStandards reads what the standards in force leave out.
func (s *Service) fromStandards(ctx context.Context, q Question) ([]Entry, error) {
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return nil, err
	}
	counts, err := s.cfg.Outcomes.Counts(ctx, outcome.At{Valid: q.To, Known: q.Known})
	if err != nil {
		return nil, err
	}
	notApplicable := map[string]int64{} // by check: of the attribute that says it of most items
	for _, c := range counts {
		notApplicable[c.Check] = max(notApplicable[c.Check], c.NotApplicable)
	}
	var all []Entry
	for _, t := range set.Excluded {
		e := Entry{Kind: OfCheck, Ref: t.Check, Subject: t.Check, Name: t.Check, Reason: t.Reason, By: t.MadeBy, At: t.MadeAt, From: t.MadeAt}
		for _, st := range set.Standards {
			if st.Approved && len(t.Check) > len(st.Pack) && t.Check[:len(st.Pack)+1] == st.Pack+"/" {
				e.ApprovedBy, e.ApprovedAt = st.ApprovedBy, st.ApprovedAt
			}
		}
		e.Population = q.Population // the check is not loaded any more: it is listed with every population
		all = append(all, e)
	}
	for _, c := range set.Checks {
		if q.Population != "" && c.Population != q.Population || c.Where == "" && notApplicable[c.ID] == 0 {
			continue
		}
		e := Entry{Kind: NotApplicable, Ref: c.ID, Population: c.Population, Subject: c.ID, Name: c.Title, Items: notApplicable[c.ID],
			Reason: "what the check reads is not there on these items", By: c.Standard.Pack + " " + c.Standard.Version, At: c.Standard.InstalledAt, From: c.Standard.InstalledAt}
		if c.Where != "" {
			e.Kind, e.Reason = ByWhere, fmt.Sprintf("the check is about items where %s", c.Where)
		}
		if c.Standard.Approved {
			e.ApprovedBy, e.ApprovedAt = c.Standard.ApprovedBy, c.Standard.ApprovedAt
		}
		all = append(all, e)
	}
	return all, nil
}

// Check refuses a word that is no kind.
func (k Kind) Check() error {
	if slices.Contains(Kinds(), k) {
		return nil
	}
	return fault.New(fault.Invalid, "%q is no kind of exclusion", k)
}

// Kinds gives them in the order of the register.
func Kinds() []Kind { return []Kind{OfItem, OfScope, WasRetired, OfCheck, ByWhere, NotApplicable} }

// Words gives the kind as people read it.
func (k Kind) Words() string {
	switch k {
	case OfItem:
		return "item left out"
	case OfScope:
		return "no item"
	case WasRetired:
		return "retired"
	case OfCheck:
		return "check left out by tailoring"
	case ByWhere:
		return "where of a check"
	case NotApplicable:
		return "not applicable by rule"
	}
	return string(k)
}
