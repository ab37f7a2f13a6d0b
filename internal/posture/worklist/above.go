package worklist

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/raci"
)

// Manager gives the user of whoever is the manager of a user, by the register of
// people; "" where none is known.
func Manager(s *people.Service) func(ctx context.Context, user string) (string, error) {
	return func(ctx context.Context, user string) (string, error) {
		person, err := s.OfUser(ctx, user)
		if fault.Is(err, fault.NotFound) || err == nil && person.Manager == "" {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		above, err := s.Get(ctx, access.System(), person.Manager)
		if fault.Is(err, fault.NotFound) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return above.UserID, nil
	}
}

// Left reports whether the register of people says that a user left.
func Left(s *people.Service) func(ctx context.Context, user string) (bool, error) {
	return func(ctx context.Context, user string) (bool, error) {
		person, err := s.OfUser(ctx, user)
		if fault.Is(err, fault.NotFound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("whether a user left: %w", err)
		}
		return person.State == people.Left, nil
	}
}

// AnsweredFor gives what somebody answers for: controls in use, and sets of data.
func AnsweredFor(controls *control.Service, data *question.Service) func(ctx context.Context) ([]raci.Subject, error) {
	return func(ctx context.Context) ([]raci.Subject, error) {
		program, err := controls.Program(ctx, access.System())
		if err != nil {
			return nil, err
		}
		var out []raci.Subject
		for i := range program.Controls {
			c := &program.Controls[i]
			v := c.Current()
			if v.State == control.Retired {
				continue
			}
			x := raci.Subject{Kind: raci.Control, Ref: c.Slug, Title: v.Design.Title, Path: "/controls/" + c.Slug, Proposed: raci.Roles{Accountable: v.Design.Owner}}
			if v.Design.Performer != "" {
				x.Proposed.Responsible = []string{v.Design.Performer}
			}
			out = append(out, x)
		}
		sets, err := data.Inventory(ctx, access.System())
		for i := range sets {
			if d := sets[i].Now(); !d.Retired {
				ref := sets[i].Ref()
				out = append(out, raci.Subject{Kind: raci.Data, Ref: ref, Title: d.Name, Path: "/data/" + ref, Proposed: raci.Roles{Accountable: d.Owner}})
			}
		}
		return out, err
	}
}
