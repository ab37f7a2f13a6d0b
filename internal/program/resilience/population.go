package resilience

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives runs, restores, backups, threats and alternates to populations, each
// as the register said at the end of the window, as known by the ledger then.
func (s *Service) Sources() []population.Source {
	t, n, yes := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}, &judge.Type{Kind: judge.Bool}
	judged := func(fields []judge.Field, list [][2]string) []judge.Field {
		for _, a := range list {
			fields = append(fields, judge.Field{Name: a[0], Type: t, Doc: a[1] + ": pass, fail, not_observed, not_applicable; derived"}, judge.Field{Name: a[0] + "_why", Type: t, Doc: "the reason"})
		}
		return fields
	}
	return []population.Source{
		{Name: "backup-runs", Title: "Runs of backups", Doc: "Each run of a backup that was reported.",
			Fields: []judge.Field{{Name: "backup", Type: t, Doc: "name of the backup, as it was then"}, {Name: "started", Type: t, Doc: "when it began; absent where nobody said"}, {Name: "finished", Type: t, Doc: "when it ended"}, {Name: "result", Type: t, Doc: "success, partial, failed"},
				{Name: "bytes", Type: n, Doc: "size; absent where nobody said"}, {Name: "sha256", Type: t, Doc: "digest of the copy; absent where nobody said"}, {Name: "place", Type: t, Doc: "where the copy went"}, {Name: "says", Type: t, Doc: "what it said"},
				{Name: "via", Type: t, Doc: "api, csv, own: how it was reported"}, {Name: "reported_by", Type: t, Doc: "user who reported it"}},
			Columns: []string{"backup", "finished", "result", "bytes", "place"}, Dates: []population.Date{{Name: "finished", Doc: "the run ended"}}, Read: s.runItems},
		{Name: "restore-tests", Title: "Restores", Doc: "Each restore that was tried, or done in earnest.",
			Fields: []judge.Field{{Name: "backup", Type: t, Doc: "name of the backup"}, {Name: "number", Type: t, Doc: "BK-3/2"}, {Name: "on", Type: t, Doc: "the day"}, {Name: "result", Type: t, Doc: "whole, part, failed"}, {Name: "minutes", Type: n, Doc: "how long it took"},
				{Name: "promised", Type: n, Doc: "minutes within which it is to be back; absent where none are set"}, {Name: "fast_enough", Type: t, Doc: "pass, fail, not_observed, not_applicable; derived"}, {Name: "into", Type: t, Doc: "where it was restored to"}, {Name: "compared", Type: t, Doc: "how it was held against the source"},
				{Name: "earnest", Type: yes, Doc: "it was no test"}, {Name: "recorded_by", Type: t, Doc: "user"}},
			Columns: []string{"number", "backup", "on", "result", "minutes", "fast_enough"}, Dates: []population.Date{{Name: "on", Doc: "the restore was made"}}, Read: s.restoreItems},
		{Name: "backups", Title: "Backups", Doc: "What is backed up, or is not on purpose.",
			Fields: judged([]judge.Field{{Name: "number", Type: t, Doc: "BK-3"}, {Name: "name", Type: t, Doc: "as runs name it"}, {Name: "title", Type: t, Doc: "what is backed up"}, {Name: "state", Type: t, Doc: "active, ended"}, {Name: "not_backed_up", Type: t, Doc: "why it is not; empty where it is"},
				{Name: "loss_hours", Type: n, Doc: "hours of data that may be lost"}, {Name: "recover_minutes", Type: n, Doc: "minutes within which it is to be back"}, {Name: "keep_days", Type: n, Doc: "for how long copies are kept"}, {Name: "owner", Type: t, Doc: "who answers for it"}}, BackupAttributes()),
			Columns: []string{"number", "name", "overdue", "offsite", "restored"}, Dates: []population.Date{{Name: "kept", Doc: "the backup stood in the register", Span: true}}, Read: s.backupItems},
		{Name: "site-threats", Title: "Threats to sites", Doc: "What threatens a site or a provider's region, and what protects it.",
			Fields: judged([]judge.Field{{Name: "number", Type: t, Doc: "TH-3"}, {Name: "place", Type: t, Doc: "site, or provider and region"}, {Name: "kind", Type: t, Doc: "fire, water, …"}, {Name: "likelihood", Type: n, Doc: "1 to 5"}, {Name: "magnitude", Type: n, Doc: "1 to 5"},
				{Name: "vendor", Type: t, Doc: "who protects the place; empty where we do"}, {Name: "report", Type: t, Doc: "of that vendor"}, {Name: "protections", Type: n, Doc: "of our own"}, {Name: "state", Type: t, Doc: "active, ended"}}, ThreatAttributes()),
			Columns: []string{"number", "place", "kind", "protected", "inspected", "reviewed"}, Dates: []population.Date{{Name: "stood", Doc: "the threat stood in the register", Span: true}}, Read: s.threatItems},
		{Name: "alternates", Title: "Alternate infrastructure", Doc: "Where one recovers to.",
			Fields: judged([]judge.Field{{Name: "number", Type: t, Doc: "AI-3"}, {Name: "for", Type: t, Doc: "which system"}, {Name: "to", Type: t, Doc: "where it would run"}, {Name: "readiness", Type: t, Doc: "active, warm, cold, manual"}, {Name: "capacity_percent", Type: n, Doc: "of the usual demand"},
				{Name: "recover_minutes", Type: n, Doc: "within which it is to run there"}, {Name: "state", Type: t, Doc: "active, ended"}}, AlternateAttributes()),
			Columns: []string{"number", "for", "to", "enough", "proved", "fast"}, Dates: []population.Date{{Name: "stood", Doc: "it stood in the register", Span: true}}, Read: s.alternateItems},
	}
}

// frame gives the moment of a request, its last day and the zone.
func (s *Service) frame(ctx context.Context, r population.Request) (valid time.Time, today Day, zone *time.Location, err error) {
	if zone, err = s.zone(ctx); err != nil {
		return valid, "", nil, err
	}
	if valid = r.At.Valid; valid.IsZero() {
		valid = s.cfg.Clock()
	}
	return valid, on(valid.Add(-time.Microsecond), zone), zone, nil
}

func (s *Service) runItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid, _, _, err := s.frame(ctx, r)
	if err != nil {
		return nil, err
	}
	runs, err := runsBetween(ctx, s.cfg.DB.Reader(), r.From.Add(-time.Hour), valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for _, x := range runs {
		a := map[string]any{"backup": x.Name, "finished": x.Finished.Format(time.RFC3339), "result": string(x.Result), "place": x.Place, "says": x.Says, "via": x.Via, "reported_by": x.By}
		if !x.Started.IsZero() {
			a["started"] = x.Started.Format(time.RFC3339)
		}
		if x.Bytes >= 0 {
			a["bytes"] = x.Bytes
		}
		if x.Digest != "" {
			a["sha256"] = x.Digest
		}
		out = append(out, population.Item{ID: x.ID, Attributes: a, Dates: map[string][]population.Span{"finished": {{From: x.Finished, To: x.Finished}}}})
	}
	return out, nil
}

func (s *Service) restoreItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid, _, zone, err := s.frame(ctx, r)
	if err != nil {
		return nil, err
	}
	list, err := s.backups.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for _, o := range list {
		for _, x := range o.Content.Tried {
			a := map[string]any{"backup": o.Content.Name, "number": fmt.Sprintf("%s/%d", o.Ref, x.Number), "on": string(x.On), "result": x.Result, "minutes": int64(x.Minutes), "fast_enough": na, "into": x.Into, "compared": x.Compared, "earnest": x.Earnest, "recorded_by": x.By}
			if o.Content.Recover > 0 {
				a["promised"], a["fast_enough"] = int64(o.Content.Recover), pass
				switch {
				case x.Result != "whole":
					a["fast_enough"] = unk
				case x.Minutes > o.Content.Recover:
					a["fast_enough"] = fail
				}
			}
			out = append(out, population.Item{ID: fmt.Sprintf("%s/%d", o.ID, x.Number), Attributes: a, Dates: map[string][]population.Span{"on": {{From: x.On.In(zone), To: x.On.In(zone)}}}})
		}
	}
	return out, nil
}

func with(a map[string]any, judged []Attribute) map[string]any {
	for _, k := range judged {
		a[k.ID], a[k.ID+"_why"] = k.Outcome, k.Reason
	}
	return a
}

func stood(from time.Time, ended Day, zone *time.Location) []population.Span {
	sp := population.Span{From: from}
	if ended != "" {
		sp.To = ended.Add(0, 1).In(zone)
	}
	return []population.Span{sp}
}

func (s *Service) backupItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid, _, zone, err := s.frame(ctx, r)
	if err != nil {
		return nil, err
	}
	list, err := s.backups.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	runs, err := runsBetween(ctx, s.cfg.DB.Reader(), time.Unix(1, 0), valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	of := map[string]Runs{}
	for i := len(runs) - 1; i >= 0; i-- { // newest first
		of[runs[i].Backup] = append(of[runs[i].Backup], runs[i])
	}
	var out []population.Item
	for _, o := range list {
		c := o.Content
		a := map[string]any{"number": o.Ref, "name": c.Name, "title": c.Title, "state": c.State, "not_backed_up": c.Without, "loss_hours": int64(c.Loss), "recover_minutes": int64(c.Recover), "keep_days": int64(c.Keep), "owner": c.Owner}
		out = append(out, population.Item{ID: o.ID, Attributes: with(a, c.judge(of[o.ID], valid, zone)), Dates: map[string][]population.Span{"kept": stood(c.Added, c.Ended, zone)}})
	}
	return out, nil
}

func (s *Service) threatItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid, today, zone, err := s.frame(ctx, r)
	if err != nil {
		return nil, err
	}
	list, err := s.threats.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for _, o := range list {
		c := o.Content
		n := int64(0)
		for _, x := range c.Protections {
			if x.Gone == "" {
				n++
			}
		}
		a := map[string]any{"number": o.Ref, "place": c.Place, "kind": c.Kind, "likelihood": int64(c.Likelihood), "magnitude": int64(c.Magnitude), "vendor": c.Vendor, "report": c.Report, "protections": n, "state": c.State}
		out = append(out, population.Item{ID: o.ID, Attributes: with(a, c.judge(today)), Dates: map[string][]population.Span{"stood": stood(o.Created, c.Ended, zone)}})
	}
	return out, nil
}

func (s *Service) alternateItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid, today, zone, err := s.frame(ctx, r)
	if err != nil {
		return nil, err
	}
	list, err := s.alternates.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for _, o := range list {
		c := o.Content
		a := map[string]any{"number": o.Ref, "for": c.For, "to": c.To, "readiness": c.Ready, "capacity_percent": int64(c.Percent), "recover_minutes": int64(c.Recover), "state": c.State}
		out = append(out, population.Item{ID: o.ID, Attributes: with(a, c.judge(today)), Dates: map[string][]population.Span{"stood": stood(o.Created, c.Ended, zone)}})
	}
	return out, nil
}
