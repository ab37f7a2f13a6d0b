package owntest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/scope"
)

// Sources is where a running system's tests learn of controls and populations.
type Sources struct {
	Controls    *control.Service
	Evidence    *evidence.Service
	Populations *population.Service
	Scopes      *scope.Service
	Clock       clock.Clock
}

// Performed tells who owns a control and who brought evidence of it in a period.
func (s Sources) Performed(ctx context.Context, _ access.Principal, slug string, from, to time.Time) (Performed, error) {
	c, err := s.Controls.Get(ctx, access.System(), slug)
	if err != nil {
		return Performed{}, err
	}
	now, ok := c.At(s.Clock(), -1)
	if !ok {
		return Performed{}, fault.New(fault.NotFound, "the control %q is not in use", slug)
	}
	out := Performed{Version: now.Version, Owner: now.Design.Owner}
	for below, more := 0, true; more; {
		var list []evidence.Seen
		if list, more, err = s.Evidence.List(ctx, access.System(), evidence.Filter{Control: slug, Below: below, Limit: 500}); err != nil {
			return out, err
		}
		for _, x := range list {
			below = x.Number
			if !x.Performed.Before(from) && x.Performed.Before(to) && !slices.Contains(out.Brought, x.Made.By) {
				out.Brought = append(out.Brought, x.Made.By)
			}
		}
	}
	return out, nil
}

// Population gives what a test draws its items from.
func (s Sources) Population(ctx context.Context, _ access.Principal, slug, source string, from, to time.Time) (Population, error) {
	out := Population{From: source}
	if source == "instances" {
		v, err := s.Scopes.Now(ctx)
		if err != nil {
			return out, err
		}
		zone := v.Location()
		over, err := s.Evidence.Over(ctx, access.System(), slug, s.Clock(), -1, scope.Window{Type: 2, Start: from, End: to, Zone: zone})
		if err != nil {
			return out, err
		}
		for _, i := range over.Instances {
			if i.Population || i.Due.Before(from) || i.Due.After(to) {
				continue
			}
			text := "due " + i.Due.Add(-time.Microsecond).In(zone).Format(time.DateOnly) + ", " + i.State.Words()
			if len(i.Evidence) > 0 {
				text += ", " + strings.Join(i.Evidence, ", ")
			}
			out.Items = append(out.Items, Item{ID: i.Key, Text: text})
		}
		return out, nil
	}
	e, err := s.Populations.Extraction(ctx, source)
	if fault.Is(err, fault.NotFound) {
		return out, fault.Wrap(fault.Invalid, err, "there is no extraction %q", source).At("", 0, "source").WithHint("write the number of an extraction, such as P-12, or leave it empty for what the control owed in the period")
	}
	if err != nil {
		return out, err
	}
	out.From = e.Ref()
	for cursor, first := "", true; first || cursor != ""; first = false {
		page, next, err := s.Populations.Items(ctx, e.ID, cursor, 10_000)
		if err != nil {
			return out, err
		}
		for _, x := range page {
			out.Items = append(out.Items, Item{ID: x.ID})
		}
		cursor = next
	}
	return out, nil
}
