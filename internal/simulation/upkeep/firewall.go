package upkeep

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/simulation/fencing"
	"github.com/attesta/attesta/internal/simulation/years"
)

func makeFirewall(o *years.Stage) error {
	o.Firewall = firewall.New(firewall.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Clock: o.Clock, Version: "demonstration"})
	return nil
}

// walled is the day from which rules of firewalls are followed.
const walled = 150

// yearOfFirewall is rules that somebody gives reasons for, and a look at all of them each
// quarter: one goes, one was to go and is still there, a reason ends, and a rule comes
// that nobody asked for.
func yearOfFirewall(o *years.Stage, c *years.Calendar) error {
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+45*time.Minute, false, "rules of firewalls are followed", func(ctx context.Context) error {
			if o.Clock().Before(c.Day(walled)) {
				return nil
			}
			return o.Firewall.Turn(ctx)
		})
	}
	reasons := map[string]struct { // by the comment of the rule
		owner, reason, ticket string
		until                 int
	}{
		"office":            {"Platform team", "People of operations come to the hosts from the office network and by its VPN, with a second factor.", "", 500},
		"releases":          {"Engineering", "The build hosts bring releases and settings to the hosts.", "", 500},
		"customers":         {"Platform team", "Customers reach the service by HTTPS; port 80 leads there.", "", 640},
		"web servers":       {"Platform team", "The web servers hand requests on to the applications.", "", 560},
		"first web servers": {"Platform team", "The first web servers stood in a network of their own.", "", 420},
		"applications":      {"Data team", "Applications and workers keep their data in the databases.", "", 560},
		"metrics":           {"Data team", "Workers read the figures of the databases each minute.", "", 400},
		"results of builds": {"Engineering", "Results of builds are looked at from the office network.", "", 420},
		"contractors":       {"Engineering", "Contractors of the migration come to staging without the VPN, with a key.", "Agreed with Hugo Reis and Nadia Rossi for their months", 352},
	}
	c.On(walled+5, "rules are justified", func(ctx context.Context) error {
		done := map[string]bool{}
		for _, kind := range []string{"web", "app", "db", "worker", "build", "stage"} {
			for _, r := range fencing.Rules(kind) {
				x, there := reasons[r.Comment]
				if !there || done[r.Words()] {
					continue
				}
				done[r.Words()] = true
				in := firewall.JustificationText{Chain: "inet filter input", Rule: r.Words(), Owner: x.owner, Reason: x.reason, Ticket: x.ticket, Until: firewall.Day(c.Day(x.until).Format(time.DateOnly))}
				if r.Comment == "contractors" {
					in.Hosts = []string{"stage-*"}
				}
				if _, err := o.Firewall.Justify(ctx, o.Cast["tomas"], in); err != nil {
					return fmt.Errorf("%s: %w", in.Rule, err)
				}
			}
		}
		return nil
	})
	f := fences{o, c}
	f.review(164, "tomas", "ines", "")
	f.review(255, "amara", "aarav", "worker")
	f.review(346, "tomas", "ines", "app")
	return nil
}

// fences is how rule sets are reviewed.
type fences struct {
	o *years.Stage
	c *years.Calendar
}

// review is a quarter's look at every rule set. One of a kind of host is sent back once
// in the second, and is not over in the third.
func (f fences) review(day int, who, approver, odd string) {
	var mine []string
	last := day > 300
	f.c.On(day, "rules are looked at", func(ctx context.Context) error {
		rows, _, _, err := f.o.Firewall.List(ctx, f.o.Cast[who], firewall.Filter{Limit: 12})
		if err != nil {
			return err
		}
		for i := range rows {
			r, err := f.o.Firewall.Begin(ctx, f.o.Cast[who], rows[i].Ref)
			if err != nil {
				return err
			}
			kind := ""
			if len(r.Content.Hosts) > 0 {
				kind = kindOf(r.Content.Hosts[0])
			}
			if err := f.decide(ctx, who, r, last && kind == odd); err != nil {
				return fmt.Errorf("%s: %w", r.Ref, err)
			}
			if last && kind == odd {
				continue // a question waits for its answer
			}
			if _, err := f.o.Firewall.HandIn(ctx, f.o.Cast[who], r.Ref, ""); err != nil {
				return err
			}
			if !last && kind == odd && odd != "" {
				if _, err := f.o.Firewall.SendBack(ctx, f.o.Cast[approver], r.Ref, "Say of the office's rule whether the whole network is needed."); err != nil {
					return err
				}
				if _, err := f.o.Firewall.HandIn(ctx, f.o.Cast[who], r.Ref, "It is: phones of the on-call stand in all of it. Asked Aarav."); err != nil {
					return err
				}
			}
			if last && kind == "web" {
				continue // nobody approved it yet
			}
			mine = append(mine, r.Ref)
		}
		return nil
	})
	f.c.On(day+2, "reviews of rules are approved", func(ctx context.Context) error {
		for _, ref := range mine {
			if _, err := f.o.Firewall.Approve(ctx, f.o.Cast[approver], ref, "", ""); err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
		}
		return nil
	})
}

// decide decides on the rules of a review. asks: the last of them waits for an answer.
func (f fences) decide(ctx context.Context, who string, r *firewall.ReviewObject, asks bool) error {
	var keep []string
	for i := range r.Content.Rules {
		x := &r.Content.Rules[i]
		d := firewall.Decision{Keys: []string{x.Key}, Decision: firewall.Remove}
		switch {
		case asks && i == len(r.Content.Rules)-1:
			d.Decision, d.Note = firewall.Ask, "Lukas: it was to go after the last review, and it is still there. Is anything in the way?"
		case x.Comment == "first web servers" && len(x.Remarks) > 0:
			d.Note = "The rule before it lets the same in. It goes with the next run of ansible."
		case x.Justified == firewall.NotNeeded || x.Justified == firewall.InForce:
			keep = append(keep, x.Key)
			continue
		case strings.Contains(x.Rule, "8443"):
			d.Note = "Left from the trial in spring; nothing has met it since. It goes with the next run of ansible."
		case strings.Contains(x.Rule, "10.30.1.0/24"):
			d.Note = "The copy for the reports is done. Staging has no business with the databases."
		default:
			d.Note = "Nobody says what needs it."
		}
		if _, err := f.o.Firewall.Decide(ctx, f.o.Cast[who], r.Ref, d); err != nil {
			return err
		}
	}
	slices.Sort(keep)
	if keep = slices.Compact(keep); len(keep) == 0 {
		return nil
	}
	_, err := f.o.Firewall.Decide(ctx, f.o.Cast[who], r.Ref, firewall.Decision{Keys: keep, Decision: firewall.Keep})
	return err
}
