package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/host"
)

// standing is something that fails on a kind of host for long, because it is
// accepted, or not mended yet.
type standing struct {
	check, fixture string
	kind           string // of hosts
	from, until    int    // days; until beyond the history: it fails still
}

func standings() []standing {
	return []standing{
		{"linux-server/boot-mitigations", "switched off", "db", 70, 262},
		{"linux-server/logging-remote", "nowhere", "stage", 150, 999},
		{"linux-server/pam-lockout", "nothing counts", "worker", 186, 199},
		{"linux-server/malware-protection-running", "clamd was stopped", "web", 214, 247},
		{"linux-server/keys-strong", "1024 bits of RSA", "app", 268, 999},
		{"linux-server/certificates-valid", "ended last week", "web", 351, 999},
		{"linux-server/firewall-no-any-any", "an accept without a condition", "app", 317, 999},
	}
}

// stand lets what fails for long begin on one machine of its kind.
func stand(p Plan, w *world, all []*machine) {
	for _, s := range standings() {
		drift := slices.IndexFunc(w.drifts, func(d drift) bool { return d.check == s.check && d.name == s.fixture })
		m := slices.IndexFunc(all, func(m *machine) bool { return m.profile.name == s.kind })
		if drift < 0 || m < 0 {
			continue // a small fleet has no such host
		}
		var none []deed
		c := newCalendar("standing", p, &none)
		all[m].standing = append(all[m].standing, trouble{drift: drift, from: c.day(s.from).Add(10 * time.Hour), until: c.day(s.until).Add(15 * time.Hour)})
	}
}

// makeWaivers makes the services of what is accepted and of what is left out.
// Hosts are judged with both, so they come first.
func (o *Organisation) makeWaivers() error {
	var err error
	o.Waivers, err = waiver.New(waiver.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Standards: o.Standards, Outcomes: o.Outcomes, Access: o.Access, Clock: o.clock.Now, Control: o.controlInUse})
	if err != nil {
		return err
	}
	o.Exclusions, err = exclusion.New(exclusion.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Outcomes: o.Outcomes, Standards: o.Standards, Clock: o.clock.Now})
	return err
}

// apply carries out what began or ended, as a job of the server does.
func (o *Organisation) apply(ctx context.Context) error {
	if _, err := o.Hosts.ApplyWaivers(ctx); err != nil {
		return err
	}
	_, err := o.Hosts.ApplyExclusions(ctx)
	return err
}

// hostOf gives the first host of a kind that is there; false where none is.
func (o *Organisation) hostOf(ctx context.Context, kind string) (host.Host, bool, error) {
	page, _, _, err := o.Hosts.Sorted(ctx, host.Filter{}, "", "", 500)
	if err != nil {
		return host.Host{}, false, err
	}
	slices.SortFunc(page, func(a, b host.Host) int { return strings.Compare(a.Name, b.Name) })
	for _, h := range page {
		if strings.HasPrefix(h.Name, kind+"-") && h.RetiredAt.IsZero() && h.ExcludedAt.IsZero() {
			return h, true, nil
		}
	}
	return host.Host{}, false, nil
}

// yearOfWaivers is what is accepted rather than mended for a while: each asked by
// one, decided by another.
func yearOfWaivers(o *Organisation, c *calendar) error {
	for _, t := range []struct {
		day, days                           int // asked on; for so many days
		check, kind, who                    string
		reason, control, compensating, then string // then: approved, refused, withdrawn, asked
		note                                string
		ends                                int // day on which it is withdrawn
	}{
		{74, 184, "linux-server/boot-mitigations", "db", "tomas", "With the mitigations on, the nightly planning run took eleven hours instead of six. The supplier's new release needs a quarter to be proved.",
			"privileged-access-limited", "Nothing but the database runs on this host; two people may log in to it.", "approved", "", 0},
		{152, 330, "linux-server/logging-remote", "stage", "lukas", "Staging has no customer data and is rebuilt each night; its logs stay on the host until then.",
			"", "Its addresses cannot reach production.", "approved", "", 0},
		{187, 60, "linux-server/pam-lockout", "worker", "mei", "A job logs in with a password and was locked out twice by its own retries.",
			"", "Only addresses inside may log in.", "refused", "Give the job a key: then the lock-out can stay on. Two days are enough for it.", 0},
		{216, 120, "linux-server/malware-protection-running", "web", "amara", "The scanner takes a core on this host when the traffic peaks; a smaller profile is being tried.",
			"", "Uploads are scanned at the entrance already.", "withdrawn", "The smaller profile works; the scanner is on again.", 246},
		{270, 104, "linux-server/keys-strong", "app", "sofia", "One partner's transfer job has a key of 1024 bits and changes it with their release at the end of the year.",
			"", "The key opens one directory, from one address.", "approved", "", 0},
		{361, 45, "linux-server/certificates-valid", "web", "tomas", "A certificate of the old host name ended; two vans' terminals still call it, and are replaced this month.",
			"", "The name serves nothing but the terminals' version check.", "asked", "", 0},
	} {
		ref := ""
		c.on(t.day, t.check+" is asked to be waived", func(ctx context.Context) error {
			h, found, err := o.hostOf(ctx, t.kind)
			if err != nil || !found {
				return err
			}
			w, err := o.Waivers.Ask(ctx, o.cast[t.who], waiver.Ask{Check: t.check, Items: []string{h.ID}, Reason: t.reason, Control: t.control, Compensating: t.compensating,
				Expires: o.clock.Now().Truncate(24*time.Hour).AddDate(0, 0, t.days)})
			ref = w.Ref()
			return err
		})
		step := func(n int, what string, do func(ctx context.Context, ref string) error) {
			c.on(n, t.check+" is "+what, func(ctx context.Context) error {
				if ref == "" {
					return nil // a small fleet has no such host
				}
				if err := do(ctx, ref); err != nil {
					return fmt.Errorf("%s: %w", ref, err)
				}
				return o.apply(ctx)
			})
		}
		switch t.then {
		case "refused":
			step(t.day+1, "refused", func(ctx context.Context, ref string) error {
				return o.Waivers.Refuse(ctx, o.cast["ines"], ref, t.note)
			})
		case "approved", "withdrawn":
			step(t.day+1, "approved", func(ctx context.Context, ref string) error {
				return o.Waivers.Approve(ctx, o.cast["ines"], ref, "")
			})
		}
		if t.ends > 0 {
			step(t.ends, "withdrawn", func(ctx context.Context, ref string) error {
				return o.Waivers.Withdraw(ctx, o.cast[t.who], ref, t.note)
			})
		}
	}
	c.daily(5*60e9, false, "what begins and ends", o.apply)
	return nil
}

// yearOfExclusions is what does not belong to a population, each with a cause.
func yearOfExclusions(o *Organisation, c *calendar) error {
	for _, t := range []struct {
		day, days          int
		subject, who, then string // subject: "host KIND", or as it is written; then: approved, refused, ended, asked
		cause              exclusion.Cause
		reason, note       string
		ends               int
	}{
		{58, 350, "name printer-2f", "mei", "approved", exclusion.NotAnItem, "A printer on the second floor that the zone file names; it holds nothing and runs no agent.", "", 0},
		{104, 30, "host stage", "lukas", "approved", exclusion.OutOfScope, "Rebuilt for a load test with made-up orders; for a month it is no copy of production.", "", 0},
		{140, 200, "host worker", "lukas", "refused", exclusion.OutOfScope, "It only runs jobs at night and answers to nobody from outside.", "It reads customers' orders; whoever reads them belongs to the examination.", 0},
		{205, 160, "address 10.20.0.250", "tomas", "ended", exclusion.Other, "An appliance of the network supplier, which they keep.", "The appliance went back to the supplier.", 274},
		{359, 120, "name camera-yard", "amara", "asked", exclusion.NotAnItem, "A camera over the yard; the landlord keeps it on a network of its own.", "", 0},
	} {
		ref := ""
		c.on(t.day, t.subject+" is asked to be left out", func(ctx context.Context) error {
			subject := t.subject
			if kind, ok := strings.CutPrefix(t.subject, "host "); ok {
				h, found, err := o.hostOf(ctx, kind)
				if err != nil || !found {
					return err
				}
				subject = h.ID
			}
			x, err := o.Exclusions.Ask(ctx, o.cast[t.who], exclusion.Ask{Population: host.Population, Subject: subject, Cause: t.cause, Reason: t.reason,
				Expires: o.clock.Now().Truncate(24*time.Hour).AddDate(0, 0, t.days)})
			ref = x.Ref()
			return err
		})
		step := func(n int, what string, do func(ctx context.Context, ref string) error) {
			c.on(n, t.subject+" is "+what, func(ctx context.Context) error {
				if ref == "" {
					return nil // a small fleet has no such host
				}
				if err := do(ctx, ref); err != nil {
					return fmt.Errorf("%s: %w", ref, err)
				}
				return o.apply(ctx)
			})
		}
		switch t.then {
		case "refused":
			step(t.day+2, "refused", func(ctx context.Context, ref string) error {
				return o.Exclusions.Refuse(ctx, o.cast["ines"], ref, t.note)
			})
		case "approved", "ended":
			step(t.day+1, "approved", func(ctx context.Context, ref string) error {
				return o.Exclusions.Approve(ctx, o.cast["ines"], ref, "")
			})
		}
		if t.ends > 0 {
			step(t.ends, "ended", func(ctx context.Context, ref string) error {
				return o.Exclusions.End(ctx, o.cast[t.who], ref, t.note)
			})
		}
	}
	return nil
}
