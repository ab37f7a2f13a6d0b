package notify

import (
	"context"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
)

// unexplainedCheck fails while changed files lie unexplained on a host. Its finding says
// once what each group of changes says of itself.
const unexplainedCheck = "integrity/no-unexplained-change"

// unexplained says that files changed and nothing accounts for it, to who answers for
// the host, else to who is on call.
func (a About) unexplained(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	if a.Integrity == nil {
		return nil, nil
	}
	g, err := a.Integrity.Group(ctx, access.System(), rec.Subject)
	if err != nil || g.State != integrity.Open {
		return nil, err
	}
	h := Happening{Kind: "change.unexplained", Event: "change.unexplained", Object: g.Ref, Ref: g.Ref, Severity: "high", Link: "/integrity/" + g.Ref, Instead: onCall}
	h.Title = fmt.Sprintf("%s: files changed on %s, and nothing accounts for it", g.Ref, g.Host)
	if g.Exceeded {
		h.Title = fmt.Sprintf("%s: a change token was used beyond its limits on %s", g.Ref, g.Host)
	}
	if on, err := a.Hosts.Get(ctx, g.Source); err == nil {
		h.Owner = on.Said.Owner
	}
	if strings.HasPrefix(g.Person, "usr_") {
		h.Except = g.Person // whoever made it does not explain it
	}
	return []Happening{h}, nil
}

// snapshot says that a host's snapshot waits for approval.
func (a About) snapshot(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	if a.Baselines == nil {
		return nil, nil
	}
	d, err := a.Baselines.Get(ctx, access.System(), rec.Subject)
	if err != nil {
		return nil, err
	}
	return []Happening{{Kind: "approval.asked", Event: "approval.asked", Object: d.ID, Ref: d.Ref, Title: fmt.Sprintf("%s: a snapshot of %s waits for approval as its baseline", d.Ref, d.Content.Host), Link: "/baselines/" + d.Ref,
		May: []access.Action{access.IntegrityApprove}}}, nil
}

// question tells whoever is asked about components.
func (a About) question(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	if a.Components == nil {
		return nil, nil
	}
	v, err := a.Components.Get(ctx, access.System(), rec.Subject)
	if err != nil {
		return nil, err
	}
	for _, d := range v.Decisions {
		if d.Entry != rec.ID || d.To == "" {
			continue
		}
		w, _ := component.About(v.Kind)
		h := Happening{Kind: "component.asked", Object: d.ID, Ref: v.ID, Title: "You are asked about the " + w.One + " " + v.Name, Link: "/components/" + v.ID, Users: []string{d.To}, Except: rec.Actor}
		if n, _ := rec.Data["count"].(int64); n > 1 {
			h.Title = fmt.Sprintf("You are asked about %d components, the %s %s among them", n, w.One, v.Name)
		}
		return []Happening{h}, nil
	}
	return nil, nil
}

// silent gives hosts that nothing is heard of, once for each time.
func (a About) silent(ctx context.Context) (all []Happening, err error) {
	for cursor := ""; ; {
		list, next, _, err := a.Hosts.List(ctx, host.Filter{State: host.IsSilent}, cursor, 1000)
		if err != nil {
			return nil, err
		}
		for i := range list {
			h := &list[i]
			if !h.Silent || !h.ExcludedAt.IsZero() {
				continue
			}
			all = append(all, Happening{Kind: "host.silent", Event: "host.silent", Key: fmt.Sprintf("host.silent %s %d", h.ID, h.SilentSince.Unix()), Object: h.ID, Ref: h.Name, Link: "/hosts/" + h.ID,
				Title: fmt.Sprintf("Nothing is heard of %s since %s", h.Name, h.SilentSince.UTC().Format("2 Jan 2006 15:04 MST")), Owner: h.Owner, Instead: onCall})
		}
		if cursor = next; cursor == "" {
			return all, nil
		}
	}
}
