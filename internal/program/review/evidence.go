package review

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// AsEvidence makes what brings a closed campaign as evidence of its control: its
// file, performed when it closed, over its period, for the instance in which that
// period ends. Somebody else reviews it, as all evidence.
func AsEvidence(e *evidence.Service) func(ctx context.Context, p access.Principal, c *Campaign, file []byte) (string, error) {
	return func(ctx context.Context, p access.Principal, c *Campaign, file []byte) (string, error) {
		o, err := e.Instances(ctx, p, c.Set.Control, c.Ended.At, -1)
		if err != nil {
			return "", err
		}
		zone := o.Window.Zone
		if zone == nil {
			zone = time.UTC
		}
		from, err := day(c.Set.From, "from", "the first day", zone)
		if err != nil {
			return "", err
		}
		to, err := day(c.Set.To, "to", "the last day", zone)
		if err != nil {
			return "", err
		}
		key := instanceOf(o.Instances, to)
		if key == "" {
			return "", nil
		}
		to = after(to)
		if over := after(c.Ended.At.In(zone)); over.Before(to) {
			to = over // what had not happened is covered by nothing
		}
		v, err := e.Add(ctx, p, evidence.New{Kind: evidence.File, Title: c.Set.Title, FileName: fmt.Sprintf("access-review-%d.csv", c.Number), Source: "Access review " + c.Ref(),
			Description: fmt.Sprintf("%d items of %d sources, of which %d were not observed: %d kept, %d revoked, %d changed.", c.Items, c.Count.Sources, c.Count.Silent, c.Count.Kept, c.Count.Revoked, c.Count.Changed),
			Query:       "the items of " + c.Ref() + " as frozen on " + stamp(c.Begun.At) + ", SHA-256 " + c.Digest, Performed: c.Ended.At, From: from, To: to,
			Covers: []evidence.Cover{{Control: c.Set.Control, Instance: key, Role: instance.AsPerformance}}}, bytes.NewReader(file))
		return v.Ref(), err
	}
}

// instanceOf gives the instance in which a day lies; "" where none is expected then.
func instanceOf(all []instance.Instance, day time.Time) string {
	for _, i := range all {
		if !i.Population && !day.Before(i.Start) && day.Before(i.Due) {
			return i.Key
		}
	}
	return ""
}
