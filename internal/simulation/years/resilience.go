package years

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/resilience"
)

func makeResilience(o *Stage) error {
	o.Resilience = resilience.New(resilience.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Clock: o.Clock, Version: "demonstration", Inventory: func(ctx context.Context) ([]resilience.Held, error) { return nil, nil }})
	return nil
}

// yearOfResilience is backups that report each night, a week in which one fails,
// restores that are tried, and threats and alternates that are kept.
func yearOfResilience(o *Stage, c *Calendar) error {
	who := func() access.Principal { return o.Cast["tomas"] }
	day := func(n int) resilience.Day {
		return resilience.Day(o.Start.AddDate(0, 0, n*c.Days/365).Format(time.DateOnly))
	}
	c.On(18, "backups are taken into the register", func(ctx context.Context) error {
		vault := []resilience.Place{{Name: "vault", Where: resilience.Same}, {Name: "vault-north", Where: resilience.Region}}
		for _, b := range []resilience.BackupText{
			{Name: "tours-nightly", Title: "Database of tours and customers", Covers: []string{"db-1", "db-2"}, How: "pg_basebackup and archived log, packed with restic", Places: vault, Encrypted: "yes", Key: "In the safe of the office and with a notary", Locked: "Objects are locked for 35 days", Keep: 35, Loss: 30, LossApart: 54, Recover: 240, Try: 6, Owner: "Tomas Varga"},
			{Name: "documents-nightly", Title: "Delivery documents and signatures", How: "restic of the store", Places: vault, Encrypted: "yes", Key: "As above", Locked: "Objects are locked for 35 days", Keep: 365, Loss: 30, LossApart: 54, Recover: 1440, Try: 12, Owner: "Mei Tanaka"},
			{Name: "code-weekly", Title: "Repositories and their history", How: "git bundle", Places: []resilience.Place{{Name: "laptop-safe", Where: resilience.Offline}}, Encrypted: "yes", Keep: 400, Loss: 200, Recover: 2880, Try: 12, Owner: "Lukas Brandt"},
			{Name: "wiki", Title: "The office's wiki", Owner: "Ines Duarte", Without: "The provider keeps versions of each page for a year, and what matters stands in policies."},
		} {
			if _, err := o.Resilience.AddBackup(ctx, o.Cast["ines"], b); err != nil {
				return err
			}
		}
		return nil
	})
	n := 0
	c.Daily(3*time.Hour+20*time.Minute, false, "backups report", func(ctx context.Context) error {
		if n++; n <= 19 {
			return nil
		}
		now := o.Clock().Truncate(time.Second)
		at := n * 365 / c.Days
		var runs []resilience.RunText
		run := func(name, place string, gib float64, result resilience.Result, says string) {
			size := int64(gib * (1 << 30) * (1 + 0.01*c.R.NormFloat64()))
			t := resilience.RunText{Backup: name, Started: now.Add(-40 * time.Minute), Finished: now, Result: result, Place: place, Says: says}
			if result == resilience.Good {
				t.Bytes = &size
			}
			runs = append(runs, t)
		}
		grown := 60 + 0.3*float64(at)
		switch {
		case at >= 231 && at < 234:
			run("tours-nightly", "vault", grown, resilience.Failed, "no space left on the vault")
		default:
			run("tours-nightly", "vault", grown, resilience.Good, "")
			if at%23 != 5 {
				run("tours-nightly", "vault-north", grown, resilience.Good, "")
			} else {
				run("tours-nightly", "vault-north", grown, resilience.Failed, "the line was cut after 12 GiB")
			}
		}
		run("documents-nightly", "vault", 20+0.05*float64(at), resilience.Good, "")
		run("documents-nightly", "vault-north", 20+0.05*float64(at), resilience.Good, "")
		if at%7 == 1 {
			run("code-weekly", "", 1.2, resilience.Good, "")
		}
		_, err := o.Resilience.Report(ctx, who(), "api", runs)
		return err
	})
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+45*time.Minute, false, "backups are judged", o.Resilience.Turn)
	}
	for _, t := range []struct {
		day     int
		ref     string
		result  string
		minutes int
		note    string
	}{{75, "BK-1", "whole", 310, "Counts of 40 tables agree. The key had to be fetched from the safe, which took an hour."}, {92, "BK-1", "whole", 205, "Counts of 40 tables agree; the key is in the second safe now."}, {190, "BK-2", "whole", 900, "500 documents of different months were opened and their digests compared."}, {262, "BK-1", "whole", 190, "Counts of 41 tables agree, and a customer's tour of the day before was opened."}} {
		c.On(t.day, "a restore is tried", func(ctx context.Context) error {
			_, err := o.Resilience.TryRestore(ctx, who(), t.ref, resilience.Restore{On: day(t.day), Result: t.result, Minutes: t.minutes, Into: "A host beside, without a way out", Copy: "the newest in vault-north", Compared: t.note})
			return err
		})
	}
	c.On(33, "threats to sites are written down", func(ctx context.Context) error {
		for _, t := range []resilience.ThreatText{
			{Place: "Cloudhaven eu-west", Kind: "region", What: "The region is lost for days: every host and the first copies with it.", Likelihood: 2, Magnitude: 4, Why: "Two such losses at large providers in ten years.", Owner: "Tomas Varga"},
			{Place: "Cloudhaven eu-west", Kind: "fire", What: "A building of the region burns.", Likelihood: 1, Magnitude: 4, Why: "The provider's halls are apart by fire walls.", Owner: "Tomas Varga", Vendor: "Cloudhaven", Report: "SOC 2 Type 2, environmental controls", ReportTo: day(280)},
			{Place: "Cloudhaven eu-west", Kind: "power", What: "The region is without power.", Likelihood: 2, Magnitude: 3, Why: "As the provider's history says.", Owner: "Tomas Varga", Vendor: "Cloudhaven", Report: "SOC 2 Type 2, environmental controls", ReportTo: day(280)},
			{Place: "Lisbon office", Kind: "fire", What: "The office cannot be used; nothing of production is there.", Likelihood: 2, Magnitude: 2, Why: "An old house with old wiring.", Owner: "Ines Duarte"},
			{Place: "Lisbon office", Kind: "water", What: "The river stands in the street; the network cabinet is in the basement.", Likelihood: 3, Magnitude: 2, Why: "Twice in twelve years.", Owner: "Ines Duarte"},
			{Place: "Everywhere", Kind: "pandemic", What: "Half of the engineers are ill in one week.", Likelihood: 3, Magnitude: 3, Why: "It happened.", Owner: "Ines Duarte"},
		} {
			if _, err := o.Resilience.AddThreat(ctx, o.Cast["ines"], t); err != nil {
				return err
			}
		}
		return nil
	})
	type guard struct {
		ref string
		p   resilience.ProtectionText
	}
	c.On(40, "and what protects", func(ctx context.Context) error {
		for _, g := range []guard{
			{"TH-1", resilience.ProtectionText{What: "Probes from two networks outside", Class: "detects", Every: 6, By: "Tomas Varga"}}, {"TH-1", resilience.ProtectionText{What: "Copies and a warm set-up in eu-north", Class: "answers", Every: 6, By: "Tomas Varga"}},
			{"TH-4", resilience.ProtectionText{What: "Smoke detectors", Class: "detects", Every: 12, By: "the landlord"}}, {"TH-4", resilience.ProtectionText{What: "Extinguishers on each floor", Class: "answers", Every: 12, By: "Fogo Seguro Lda"}},
			{"TH-5", resilience.ProtectionText{What: "Leak sensor in the basement", Class: "detects", Every: 6, By: "Mei Tanaka"}}, {"TH-6", resilience.ProtectionText{What: "Two people for each task on call", Class: "answers", Every: 12, By: "Ines Duarte"}},
		} {
			if _, err := o.Resilience.Protect(ctx, o.Cast["ines"], g.ref, g.p); err != nil {
				return err
			}
		}
		return nil
	})
	for _, i := range []struct {
		day, number   int
		ref           string
		result, found string
	}{{66, 1, "TH-5", "works", "A cup of water set it off within a minute."}, {120, 1, "TH-1", "works", "An outage of ten minutes on purpose paged both."}, {121, 2, "TH-1", "works", "Quota and names were there."}, {180, 1, "TH-4", "works", "Each was tried."}, {181, 2, "TH-4", "mended", "Two were refilled."}, {230, 1, "TH-5", "works", "As in spring."}, {300, 1, "TH-1", "works", "As in spring."}, {301, 2, "TH-1", "works", "With the move of the planner, see the alternate."}} {
		c.On(i.day, "a protection is inspected", func(ctx context.Context) error {
			_, err := o.Resilience.Inspect(ctx, o.Cast["ines"], i.ref, i.number, resilience.Inspection{On: day(i.day), Result: i.result, Found: i.found})
			return err
		})
	}
	for i, ref := range []string{"TH-1", "TH-2", "TH-3", "TH-4", "TH-5"} {
		c.On(310+i, "a threat is looked at", func(ctx context.Context) error {
			_, err := o.Resilience.ReviewThreat(ctx, o.Cast["ines"], ref, "The rating stands; nothing new at the place.")
			return err
		})
	}
	c.On(44, "where systems would run instead", func(ctx context.Context) error {
		for _, a := range []resilience.AlternateText{
			{For: "Tour planning", From: "Cloudhaven eu-west", To: "Cloudhaven eu-north", Where: resilience.Region, Ready: "warm", Percent: 100, Need: 70, Recover: 240, Needs: "Quota of 20 hosts, granted; names at a second provider; secrets in the second vault.", Every: 6, Owner: "Tomas Varga"},
			{For: "Documents", From: "Cloudhaven eu-west", To: "any provider, from vault-north", Where: resilience.Provider, Ready: "cold", Percent: 60, Need: 50, Recover: 1440, Needs: "An account that is paid by card; the key from the safe.", Owner: "Mei Tanaka"},
		} {
			if _, err := o.Resilience.AddAlternate(ctx, o.Cast["ines"], a); err != nil {
				return err
			}
		}
		return nil
	})
	c.On(130, "the alternate is tried", func(ctx context.Context) error {
		_, err := o.Resilience.Prove(ctx, who(), "AI-1", resilience.Proof{On: day(130), Result: "part", Minutes: 400, Percent: 40, What: "The database came up; names did not move, for the second provider's account had lapsed."})
		return err
	})
	c.On(301, "and tried again", func(ctx context.Context) error {
		_, err := o.Resilience.Prove(ctx, who(), "AI-1", resilience.Proof{On: day(301), Result: "whole", Minutes: 175, Percent: 80, What: "Tours of one depot ran there for a morning."})
		return err
	})
	return nil
}
