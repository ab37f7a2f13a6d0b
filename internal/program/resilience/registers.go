package resilience

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
)

// AddThreat takes a threat to a place into the register (resilience.edit).
func (s *Service) AddThreat(ctx context.Context, p access.Principal, in ThreatText) (*ThreatObject, error) {
	today, err := s.edit(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := in.tidy(); err != nil {
		return nil, err
	}
	same, _, err := s.threats.List(ctx, journal.Filter{Topic: in.Place, States: []string{"active"}})
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(same, func(o ThreatObject) bool { return o.Content.Kind == in.Kind && in.Kind != "other" }); i >= 0 {
		return nil, fault.New(fault.Conflict, "%s at %s is %s already", strings.ToLower(same[i].Content.KindWords()), in.Place, same[i].Ref).At("", 0, "kind")
	}
	return s.threats.Create(ctx, p, "added", "", Threat{ThreatText: in, State: "active", Added: today})
}

func (s *Service) changeThreat(ctx context.Context, p access.Principal, ref, step, note string, change func(t *Threat, today Day) error) (*ThreatObject, error) {
	today, err := s.edit(ctx, p)
	if err != nil {
		return nil, err
	}
	return s.threats.Change(ctx, p, ref, 0, step, note, func(_ *sql.Tx, o *ThreatObject) error {
		if o.Content.State != "active" {
			return fault.New(fault.Conflict, "%s ended on %s", o.Ref, o.Content.Ended)
		}
		return change(&o.Content, today)
	})
}

// DescribeThreat writes anew what a threat is and how it is rated (resilience.edit).
func (s *Service) DescribeThreat(ctx context.Context, p access.Principal, ref string, in ThreatText) (*ThreatObject, error) {
	return s.changeThreat(ctx, p, ref, "described", "", func(t *Threat, _ Day) error {
		if err := in.tidy(); err != nil {
			return err
		}
		t.ThreatText = in
		return nil
	})
}

// Protect adds a protection against a threat (resilience.edit).
func (s *Service) Protect(ctx context.Context, p access.Principal, ref string, in ProtectionText) (*ThreatObject, error) {
	return s.changeThreat(ctx, p, ref, "protected", "", func(t *Threat, today Day) error {
		if err := in.tidy(); err != nil {
			return err
		}
		if len(t.Protections) == 100 {
			return fault.New(fault.Conflict, "100 protections stand here already")
		}
		t.Protections = append(t.Protections, Protection{Number: len(t.Protections) + 1, ProtectionText: in, Since: today})
		return nil
	})
}

func (t *Threat) protection(number int) (*Protection, error) {
	for i := range t.Protections {
		if x := &t.Protections[i]; x.Number == number && x.Gone == "" {
			return x, nil
		}
	}
	return nil, bad("number", "there is no protection %d", number)
}

// Inspect records an inspection of a protection (resilience.edit).
func (s *Service) Inspect(ctx context.Context, p access.Principal, ref string, number int, in Inspection) (*ThreatObject, error) {
	return s.changeThreat(ctx, p, ref, "inspected", "", func(t *Threat, today Day) error {
		x, err := t.protection(number)
		if err != nil {
			return err
		}
		if err := in.tidy(today); err != nil {
			return err
		}
		if len(x.Inspections) == 200 {
			return fault.New(fault.Conflict, "200 inspections stand here already")
		}
		if n := len(x.Inspections); n > 0 && x.Inspections[n-1].On > in.On {
			return bad("on", "a later inspection, of %s, stands here", x.Inspections[n-1].On)
		}
		x.Inspections = append(x.Inspections, in)
		return nil
	})
}

// Unprotect says that a protection is gone, and why (resilience.edit).
func (s *Service) Unprotect(ctx context.Context, p access.Principal, ref string, number int, why string) (*ThreatObject, error) {
	if _, err := journal.Note(why, true); err != nil {
		return nil, err
	}
	return s.changeThreat(ctx, p, ref, "unprotected", why, func(t *Threat, today Day) error {
		x, err := t.protection(number)
		if err != nil {
			return err
		}
		x.Gone = today
		return nil
	})
}

// ReviewThreat records that somebody looked at a threat, and what they found
// (resilience.edit).
func (s *Service) ReviewThreat(ctx context.Context, p access.Principal, ref, found string) (*ThreatObject, error) {
	if _, err := journal.Note(found, true); err != nil {
		return nil, err
	}
	return s.changeThreat(ctx, p, ref, "reviewed", found, func(t *Threat, today Day) error {
		t.Reviewed, t.Reviewer = today, p.UserID
		return nil
	})
}

// EndThreat says that a threat is none any more, and why (resilience.edit).
func (s *Service) EndThreat(ctx context.Context, p access.Principal, ref, why string) (*ThreatObject, error) {
	if _, err := journal.Note(why, true); err != nil {
		return nil, err
	}
	return s.changeThreat(ctx, p, ref, "ended", why, func(t *Threat, today Day) error {
		t.State, t.Ended = "ended", today
		return nil
	})
}

// SeenThreat is a threat with what it comes to now; SeenAlternate likewise.
type SeenThreat struct {
	*ThreatObject
	Judged []Attribute `json:"attributes"`
}

// SeenAlternate is an alternate with what it comes to now.
type SeenAlternate struct {
	*AlternateObject
	Judged []Attribute `json:"attributes"`
}

// Threats gives every threat with what it comes to, the gravest first (resilience.read).
func (s *Service) Threats(ctx context.Context, p access.Principal) ([]SeenThreat, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	today, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	list, _, err := s.threats.List(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	out := make([]SeenThreat, len(list))
	for i := range list {
		out[i] = SeenThreat{&list[i], list[i].Content.judge(today)}
	}
	slices.SortStableFunc(out, func(a, b SeenThreat) int {
		if x, y := a.Content.State == "ended", b.Content.State == "ended"; x != y {
			if x {
				return 1
			}
			return -1
		}
		return b.Content.Level() - a.Content.Level()
	})
	return out, nil
}

// Threat gives one with its history (resilience.read).
func (s *Service) Threat(ctx context.Context, p access.Principal, ref string) (*SeenThreat, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	today, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.threats.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &SeenThreat{o, o.Content.judge(today)}, nil
}

// AddAlternate takes in where one recovers to (resilience.edit).
func (s *Service) AddAlternate(ctx context.Context, p access.Principal, in AlternateText) (*AlternateObject, error) {
	today, err := s.edit(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := in.tidy(); err != nil {
		return nil, err
	}
	return s.alternates.Create(ctx, p, "added", "", Alternate{AlternateText: in, State: "active", Added: today})
}

func (s *Service) changeAlternate(ctx context.Context, p access.Principal, ref, step, note string, change func(a *Alternate, today Day) error) (*AlternateObject, error) {
	today, err := s.edit(ctx, p)
	if err != nil {
		return nil, err
	}
	return s.alternates.Change(ctx, p, ref, 0, step, note, func(_ *sql.Tx, o *AlternateObject) error {
		if o.Content.State != "active" {
			return fault.New(fault.Conflict, "%s ended on %s", o.Ref, o.Content.Ended)
		}
		return change(&o.Content, today)
	})
}

// DescribeAlternate writes an alternate anew (resilience.edit).
func (s *Service) DescribeAlternate(ctx context.Context, p access.Principal, ref string, in AlternateText) (*AlternateObject, error) {
	return s.changeAlternate(ctx, p, ref, "described", "", func(a *Alternate, _ Day) error {
		if err := in.tidy(); err != nil {
			return err
		}
		a.AlternateText = in
		return nil
	})
}

// Prove records that an alternate was tried or used, and how it went (resilience.edit).
func (s *Service) Prove(ctx context.Context, p access.Principal, ref string, in Proof) (*AlternateObject, error) {
	return s.changeAlternate(ctx, p, ref, "proved", "", func(a *Alternate, today Day) error {
		if err := in.tidy(today); err != nil {
			return err
		}
		if len(a.Proofs) == 100 {
			return fault.New(fault.Conflict, "100 proofs stand here already")
		}
		a.Proofs = append(a.Proofs, in)
		return nil
	})
}

// EndAlternate says that an alternate is none any more, and why (resilience.edit).
func (s *Service) EndAlternate(ctx context.Context, p access.Principal, ref, why string) (*AlternateObject, error) {
	if _, err := journal.Note(why, true); err != nil {
		return nil, err
	}
	return s.changeAlternate(ctx, p, ref, "ended", why, func(a *Alternate, today Day) error {
		a.State, a.Ended = "ended", today
		return nil
	})
}

// Alternates gives all with what they come to (resilience.read).
func (s *Service) Alternates(ctx context.Context, p access.Principal) ([]SeenAlternate, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	today, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	list, _, err := s.alternates.List(ctx, journal.Filter{})
	out := make([]SeenAlternate, len(list))
	for i := range list {
		out[i] = SeenAlternate{&list[i], list[i].Content.judge(today)}
	}
	return out, err
}

// Alternate gives one with its history (resilience.read).
func (s *Service) Alternate(ctx context.Context, p access.Principal, ref string) (*SeenAlternate, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	today, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.alternates.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return &SeenAlternate{o, o.Content.judge(today)}, nil
}
