package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/pack"
)

// keepers are who answers for hosts of a kind.
func keepers() map[string]host.Said {
	return map[string]host.Said{
		"web":    {Owner: "Lukas Brandt", Class: "customer data", Environment: "production", Tags: []string{"entrance"}},
		"app":    {Owner: "Lukas Brandt", Class: "customer data", Environment: "production"},
		"db":     {Owner: "Tomas Varga", Class: "customer data", Environment: "production", Tags: []string{"database", "nightly-plan"}},
		"worker": {Owner: "Mei Tanaka", Class: "customer data", Environment: "production", Tags: []string{"nightly-plan"}},
		"build":  {Owner: "Mei Tanaka", Class: "internal", Environment: "build"},
		"stage":  {Owner: "Amara Okoye", Class: "none", Environment: "staging"},
	}
}

// yearOfItself is what concerns Attesta itself: starts and ends of its server,
// backups, the item that must fail, who reaches the data; and what people say of
// hosts and of the standards.
func yearOfItself(o *Organisation, c *calendar) error {
	of := func(version string) *reliance.Service {
		return reliance.New(reliance.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Clock: o.clock.Now, Version: version, Data: o.cfg.Data, Grace: o.Outcomes.Grace})
	}
	runs := of("0.1.0")
	c.at(c.plan.start().Add(30*time.Minute), "the server starts", func(ctx context.Context) error { return runs.Start(ctx) })
	for _, t := range []struct {
		day     int
		version string
		clean   bool
		gone    time.Duration
	}{
		{48, "0.1.1", true, 2 * time.Minute}, {96, "0.1.2", true, 3 * time.Minute}, {161, "0.1.2", false, 41 * time.Minute}, {189, "0.2.0", true, 6 * time.Minute},
		{251, "0.2.1", true, 2 * time.Minute}, {308, "0.2.2", true, 4 * time.Minute},
	} {
		down := c.day(t.day).Add(4*time.Hour + 12*time.Minute)
		if t.clean {
			c.at(down, "the server ends", func(ctx context.Context) error { return runs.Stop(ctx) })
		}
		c.at(down.Add(t.gone), "the server starts as "+t.version, func(ctx context.Context) error {
			runs = of(t.version)
			return runs.Start(ctx)
		})
	}
	c.daily(10*60e9, false, "the item that must fail", func(ctx context.Context) error { return runs.Evaluate(ctx) })
	for n := 1; n < 366; n++ {
		if n < 260 && n%28 != 3 || n < 351 && n%7 != 3 { // each month, since summer each week, and daily of late
			continue
		}
		c.at(c.day(n).Add(3*time.Hour), "a backup", func(ctx context.Context) error {
			at := o.clock.Now()
			head, err := o.cfg.Ledger.Head(ctx)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(fmt.Appendf(nil, "backup %d of a demonstration", n))
			_, err = backup.Record(ctx, o.cfg.DB, o.cfg.Ledger, access.System().UserID, backup.Made{Path: "/mnt/backup/farol/" + backup.Prefix(o.cfg.Ledger.Origin()) + at.Format("20060102T150405Z") + backup.Extension,
				At: at, Reason: backup.Scheduled, Manifest: hex.EncodeToString(sum[:]), Ledger: backup.Position{Origin: o.cfg.Ledger.Origin(), Key: o.cfg.Ledger.VerifierKey(), Size: head.Size, Root: base64.StdEncoding.EncodeToString(head.Root[:])},
				Files: 40 + int64(n)*2, Bytes: 6<<20 + int64(n)*51_200, Packed: 2<<20 + int64(n)*14_000, Encrypted: true, Content: true})
			return err
		})
	}
	c.on(52, "who reaches the data is declared", func(ctx context.Context) error {
		return runs.Declare(ctx, o.cast["joana"], reliance.Declaration{RunSQL: "Nobody by name: the database is a file of this server's account. Joana Prates and Tomas Varga may become that account; each time is in the log of sudo, which goes to the log server.",
			ReadData: "The same two. Backups are encrypted for two keys that lie in the safe of the house bank."})
	})
	for n := 2; n < 366; n += 5 {
		c.on(n, "hosts get an owner", o.own)
	}
	for _, t := range []struct {
		day int
		standard.Tailoring
	}{
		{36, standard.Tailoring{Check: "linux-server/boot-no-shell", Severity: "high", Reason: "The boot console of these hosts is reached only through the provider's own console, with a second factor."}},
		{12, standard.Tailoring{Check: "linux-server/ports-listening-known", Parameters: map[string]any{"tcp": []string{"22", "80", "443", "5432", "8080", "9100", "9187"}}, Reason: "The ports of the ledger, of its databases and of their figures; who may reach them is in the zones of the network."}},
		{173, standard.Tailoring{Check: "linux-server/malware-nothing-found", Exclude: true, Reason: "What the scanner finds is an alert of its own, and is worked on there the same hour."}},
	} {
		c.on(t.day, t.Check+" is tailored", func(ctx context.Context) error {
			if err := o.Standards.Tailor(ctx, o.cast["aarav"], t.Tailoring); err != nil {
				return err
			}
			if _, err := o.Hosts.Rejudge(ctx, nil); err != nil {
				return err
			}
			list, err := o.Standards.List(ctx)
			if err != nil {
				return err
			}
			for _, st := range list {
				if st.InForce && !st.Approved {
					if err := o.Standards.Approve(ctx, o.cast["ines"], st.ID, ""); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	c.on(63, "the strict tier was tried", func(ctx context.Context) error {
		return o.Standards.SetTier(ctx, o.cast["aarav"], "linux-server", pack.Tiers()[len(pack.Tiers())-1], "For two months we look at what the strictest tier would ask.")
	})
	c.on(64, "hosts are judged by the strict tier", func(ctx context.Context) error { _, err := o.Hosts.Rejudge(ctx, nil); return err })
	return nil
}

// own says of hosts that joined who answers for them.
func (o *Organisation) own(ctx context.Context) error {
	page, _, _, err := o.Hosts.Sorted(ctx, host.Filter{}, "", "", 500)
	if err != nil {
		return err
	}
	said := keepers()
	for _, h := range page {
		kind, _, _ := strings.Cut(h.Name, "-")
		if keep, ok := said[kind]; ok && h.Owner == "" && h.RetiredAt.IsZero() {
			if err := o.Hosts.Edit(ctx, o.cast["tomas"], h.ID, keep); err != nil {
				return err
			}
		}
	}
	return nil
}
