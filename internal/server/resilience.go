package server

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/program/resilience"
)

// keepResilience makes the registers of backups, threats and alternates.
func (p *parts) keepResilience() error {
	p.resilience = resilience.New(resilience.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Clock: p.clock, Version: p.version, Zone: p.zone, Inventory: p.holding, Own: p.ownBackupRuns})
	return nil
}

// defineResilience has every backup judged.
func (p *parts) defineResilience() error {
	return p.jobs.Define("age of backups", jobs.Every(30*time.Second), p.resilience.Turn)
}

// holding gives what of the inventory holds data: databases and stores, and hosts
// that somebody says hold some.
func (p *parts) holding(ctx context.Context) ([]resilience.Held, error) {
	list, err := p.assets.List(ctx, access.System())
	if err != nil {
		return nil, err
	}
	var out []resilience.Held
	for _, a := range list {
		if a.Active() && !a.Outside && (slices.Contains([]string{"database", "store"}, a.Kind) || a.Kind == "host" && len(a.Data) > 0) {
			out = append(out, resilience.Held{Ref: a.Ref, Name: a.Name, Kind: a.Kind, Class: a.Class.Text})
		}
	}
	return out, nil
}

// ownBackupRuns gives the backups that were made of this deployment itself.
func (p *parts) ownBackupRuns(ctx context.Context) ([]resilience.RunText, error) {
	if p.backups == nil {
		return nil, nil
	}
	v, err := p.backups.View(ctx, access.System(), 20)
	if err != nil {
		return nil, err
	}
	var out []resilience.RunText
	for _, l := range v.Backups {
		size := l.Packed
		out = append(out, resilience.RunText{Finished: l.At, Result: resilience.Good, Bytes: &size, Digest: l.SHA256, Says: string(l.Reason)})
		if l.Verified != nil && l.Verified.State == backup.Failed {
			out = append(out, resilience.RunText{Finished: l.Verified.Ended, Result: resilience.Failed, Says: "the trial restore of the copy of " + l.At.UTC().Format(time.RFC3339) + " failed"})
		}
	}
	if v.Last != nil && v.Last.State == backup.Failed {
		out = append(out, resilience.RunText{Finished: v.Last.Ended, Result: resilience.Failed, Says: v.Last.Trouble})
	}
	slices.SortFunc(out, func(a, b resilience.RunText) int { return a.Finished.Compare(b.Finished) })
	return out, nil
}
