package upkeep

import (
	"context"

	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/simulation/years"
)

// references are hosts that others of their kind are to be like: one stays, one is
// replaced by a newer host, one is given up.
func references(o *years.Stage, c *years.Calendar) {
	refs := map[string]string{}
	said := func(ctx context.Context, kind string, n int, x reference.Said) (reference.Said, error) {
		hosts, err := here(ctx, o)
		if err != nil {
			return x, err
		}
		for i := range hosts {
			if kindOf(hosts[i].Name) != kind {
				continue
			}
			x.Host = hosts[i].Source
			if n--; n < 0 {
				break
			}
		}
		if x.Host == "" {
			return x, nil // a small organisation has none
		}
		h, err := o.Hosts.Get(ctx, x.Host)
		x.Host = h.ID
		return x, err
	}
	declare := func(day int, who, kind string, n int, x reference.Said) {
		c.On(day, x.Name+" get a reference", func(ctx context.Context) error {
			x, err := said(ctx, kind, n, x)
			if err != nil || x.Host == "" {
				return err
			}
			got, err := o.References.Declare(ctx, o.Cast[who], x)
			if err == nil {
				refs[kind] = got.Ref
			}
			return err
		})
	}
	declare(196, "tomas", "app", 1, reference.Said{Name: "Applications", Group: "app-*", Reason: "Installed anew in June from the image of the repository, and looked through with Amara line by line."})
	declare(197, "tomas", "web", 0, reference.Said{Name: "Web servers", Group: "web-*", Reason: "The first web server: every change of settings is tried on it before the others get it."})
	declare(199, "amara", "worker", 0, reference.Said{Name: "Workers", Group: "worker-*", Reason: "Both workers were made on the same day; this one was looked through."})
	c.On(268, "another web server is the reference", func(ctx context.Context) error {
		x, err := said(ctx, "web", 2, reference.Said{Reason: "It was made from the newer image, and the first one carries what was tried on it."})
		if err != nil || x.Host == "" || refs["web"] == "" {
			return err
		}
		_, err = o.References.Replace(ctx, o.Cast["tomas"], refs["web"], 0, x)
		return err
	})
	c.On(292, "workers have no reference any more", func(ctx context.Context) error {
		if refs["worker"] == "" {
			return nil
		}
		_, err := o.References.End(ctx, o.Cast["amara"], refs["worker"], 0, "The probe of the queue is on it and not meant for the other: the two are not to be alike any more.")
		return err
	})
}
