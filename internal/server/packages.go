package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/trail"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/proof/offline"
)

// packageContent gives content that a record names, from whichever part keeps it.
func (p *parts) packageContent(ctx context.Context, digest string) (io.ReadCloser, error) {
	for _, store := range []*blobs.Dir{p.blobs, p.brought} {
		if r, err := store.Open(digest); !fault.Is(err, fault.NotFound) {
			return r, err
		}
	}
	raw, err := p.standards.Stored(ctx, digest)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

// packageSources are what the parts of the system put into evidence packages.
func (p *parts) packageSources() []export.Source {
	return []export.Source{
		export.SourceFunc(p.packPosture), export.SourceFunc(p.packDesigns), export.SourceFunc(p.packRuns),
		export.SourceFunc(p.packPopulations), export.SourceFunc(p.packCoverage), export.SourceFunc(p.packControl), export.SourceFunc(p.packEvidence),
		export.SourceFunc(p.packEngagement), export.SourceFunc(p.packRegister), export.SourceFunc(p.packReliance),
	}
}

func inMemory(b []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
}

func asJSON(v any) ([]byte, error) {
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode for a package: %w", err)
	}
	return append(raw, '\n'), nil
}

// controlOf gives the slug that a package is about, "" for all.
func controlOf(b export.Bounds) string {
	if b.Kind == export.Control {
		return b.ID
	}
	return ""
}

// packPosture puts in what was derived at the window's end: as known then, and as
// known when the package was made.
func (p *parts) packPosture(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	sum := struct {
		V    int             `json:"v"`
		Then posture.Summary `json:"as_known_then"`
		Now  posture.Summary `json:"as_known_at_export"`
	}{V: 1}
	var err error
	if sum.Then, err = p.posture.Summary(ctx, posture.At{Valid: b.Valid, Known: b.As}, controlOf(b)); err != nil {
		return err
	}
	if sum.Now, err = p.posture.Summary(ctx, posture.At{Valid: b.Valid, Known: b.Head}, controlOf(b)); err != nil {
		return err
	}
	raw, err := asJSON(sum)
	if err != nil {
		return err
	}
	return add(export.Content{Path: offline.SummaryFile, Open: inMemory(raw)})
}

// packDesigns puts in what controls and scope said, version by version, and the
// standards whose checks judged.
func (p *parts) packDesigns(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	q := p.db.Reader()
	program, err := control.Load(ctx, q)
	if err != nil {
		return err
	}
	for _, c := range program.Controls {
		if only := controlOf(b); only != "" && c.Slug != only {
			continue
		}
		for _, v := range c.History {
			if v.Made.Index < 0 || v.Made.Index >= b.Head {
				continue
			}
			text, err := control.StoredDesign(ctx, q, v.Made.Entry)
			if err != nil {
				return fmt.Errorf("design of %s: %w", c.Slug, err)
			}
			if err := add(export.Content{Path: fmt.Sprintf("%s%s-%d.json", offline.DesignDir, c.Slug, v.Seq), Open: inMemory([]byte(text)),
				Records: []export.Record{{Entry: v.Made.Entry, Why: "design of control " + c.Slug}}}); err != nil {
				return err
			}
		}
	}
	for _, v := range program.Scopes {
		if v.Made.Index < 0 || v.Made.Index >= b.Head {
			continue
		}
		text, err := scope.Stored(ctx, q, v.Made.Entry)
		if err != nil {
			return fmt.Errorf("version %d of the scope: %w", v.Version, err)
		}
		if err := add(export.Content{Path: fmt.Sprintf("%sscope-%d.json", offline.ScopeDir, v.Version), Open: inMemory([]byte(text)),
			Records: []export.Record{{Entry: v.Made.Entry, Why: "what was in scope"}}}); err != nil {
			return err
		}
	}
	return p.everyRecord(ctx, b, "standard.", "a standard whose checks judge", add)
}

// everyRecord puts in the records of a family of types up to the window's end.
func (p *parts) everyRecord(ctx context.Context, b export.Bounds, family, why string, add func(export.Content) error) error {
	for before := b.End; ; {
		list, err := p.log.Records(ctx, ledger.Filter{Type: family, Before: before, Limit: 1000})
		if err != nil || len(list) == 0 {
			return err
		}
		records := make([]export.Record, len(list))
		for i, rec := range list {
			records[i] = export.Record{Entry: rec.ID, Why: why}
		}
		if err := add(export.Content{Records: records}); err != nil {
			return err
		}
		if before = list[len(list)-1].Index; before == 0 {
			return nil
		}
	}
}

// packRuns puts in the last count of each population under each standard before
// the window's end, with the files that its record commits to.
func (p *parts) packRuns(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	done := map[string]bool{}
	for before := ""; ; {
		runs, err := p.outcomes.Runs(ctx, "", outcome.RunPopulation, before, 200)
		if err != nil {
			return err
		}
		for _, r := range runs {
			d, err := trail.DefinitionOf(r)
			if err != nil {
				return err
			}
			name := d.Population + "/" + d.Standard
			if r.Index < 0 || r.Index >= b.End || r.ValidAt.After(b.Valid) || done[name] {
				continue
			}
			done[name] = true
			if err := p.packRun(ctx, r, d, add); err != nil {
				return err
			}
		}
		if len(runs) < 200 || runs[len(runs)-1].RecordedAt.Before(b.Valid.AddDate(0, 0, -31)) {
			return nil
		}
		before = runs[len(runs)-1].ID
	}
}

func (p *parts) packRun(ctx context.Context, r outcome.Run, d outcome.Definition, add func(export.Content) error) error {
	f, err := trail.FilesOf(ctx, p.db.Reader(), p.outcomes, r)
	if err != nil {
		return err
	}
	why := []export.Record{{Entry: r.Entry, Why: "the last count of " + d.Population + " by " + d.Standard}}
	base := offline.PopulationDir + d.Population + "-" + d.Standard
	for _, c := range []export.Content{
		{Path: offline.CountsDir + d.Population + "-" + d.Standard + ".jsonl", Open: inMemory(f.Counts), Records: why},
		{Path: base + ".ids.txt", Open: inMemory(f.Items)},
		{Path: base + ".definition.json", Open: inMemory(f.Definition)},
	} {
		if err := add(c); err != nil {
			return err
		}
	}
	return nil
}

// packPopulations puts in every population that was frozen over the window, each
// with a workbook to tie it out: of a control, those that it is tested on.
func (p *parts) packPopulations(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	design, err := p.designOf(ctx, b)
	if err != nil {
		return err
	}
	for before := int64(0); ; {
		page, err := p.population.Extractions(ctx, "", before, 100)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			before = e.Number
			if e.Index < 0 || e.Index >= b.Head || !e.Window.From.Before(b.To) || e.Window.To.Before(b.From) || design != nil && !slices.Contains(design.Populations, e.Slug) {
				continue
			}
			f, err := p.population.Files(ctx, e)
			if err != nil {
				return err
			}
			var records []export.Record
			for _, id := range f.Entries {
				records = append(records, export.Record{Entry: id, Why: "population " + e.Ref()})
			}
			book, more, err := p.tieOut(ctx, b, e)
			if err != nil {
				return err
			}
			base := offline.PopulationDir + e.Ref()
			for _, c := range []export.Content{
				{Path: base + ".jsonl", Open: f.Items, Table: true, Records: records},
				{Path: base + ".definition.json", Open: inMemory(f.Definition)},
				{Path: base + ".exclusions.json", Open: inMemory(f.Exclusions)},
				{Path: "workbooks/" + e.Ref() + "-" + e.Slug + ".xlsx", Open: inMemory(book), Records: more},
			} {
				if err := add(c); err != nil {
					return err
				}
			}
		}
	}
}

// packCoverage puts in when sources were not heard.
func (p *parts) packCoverage(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	gaps, err := trail.Gaps(ctx, p.db.Reader(), p.outcomes.Grace(), b.From, b.Valid, b.Head)
	if err != nil {
		return err
	}
	list := offline.GapsContent{V: 1, Gaps: []offline.SourceGap{}}
	for _, g := range gaps {
		list.Gaps = append(list.Gaps, offline.SourceGap{Source: g.Source, Section: g.Section, Reason: g.Reason, From: g.From, To: g.To})
	}
	raw, err := asJSON(list)
	if err != nil {
		return err
	}
	return add(export.Content{Path: offline.CoverageFile, Open: inMemory(raw)})
}

// maxRuns bounds how many runs a control's package proves; it says how many it
// left out.
const maxRuns = 20_000

// packControl puts in the records that one control rests on in the window: what
// its checks found, when they were counted, and what people did about it.
func (p *parts) packControl(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	if b.Kind != export.Control {
		return nil
	}
	sum, err := p.posture.Summary(ctx, posture.At{Valid: b.Valid, Known: b.As}, b.ID)
	if err != nil {
		return err
	}
	if len(sum.Controls) == 0 {
		return fault.New(fault.NotFound, "no control %q was in use at the end of the window", b.ID).WithHint("it may have been adopted later, or retired")
	}
	var checks, standards []string
	for _, c := range sum.Controls[0].Checks {
		checks = append(checks, c.ID)
		pack, _, _ := strings.Cut(c.ID, "/")
		standards = append(standards, pack)
	}
	records := func(entries []string, why string) error {
		list := make([]export.Record, len(entries))
		for i, id := range entries {
			list[i] = export.Record{Entry: id, Why: why}
		}
		return add(export.Content{Records: list})
	}
	events, err := p.findings.EventEntries(ctx, checks, b.From, b.Valid.Add(time.Microsecond))
	if err != nil {
		return err
	}
	if err := records(events, "a finding of one of its checks"); err != nil {
		return err
	}
	runs, err := trail.Changing(ctx, p.db.Reader(), checks, b.From, b.To, b.Head, maxRuns+1)
	if err != nil {
		return err
	}
	if len(runs) > maxRuns {
		return fault.New(fault.Invalid, "more than %d runs changed what the checks of %s gave in the window", maxRuns, b.ID).
			WithHint("choose a shorter window, or export the whole window")
	}
	if err := records(runs, "a run that changed what one of its checks gives"); err != nil {
		return err
	}
	if err := p.packCounts(ctx, b, standards, add); err != nil {
		return err
	}
	return p.packAbout(ctx, b, b.ID, add)
}

// packCounts puts in every daily count by one of the standards.
func (p *parts) packCounts(ctx context.Context, b export.Bounds, standards []string, add func(export.Content) error) error {
	for before := ""; ; {
		runs, err := p.outcomes.Runs(ctx, "", outcome.RunPopulation, before, 200)
		if err != nil {
			return err
		}
		var list []export.Record
		for _, r := range runs {
			d, err := trail.DefinitionOf(r)
			if err != nil {
				return err
			}
			if r.Index >= 0 && r.Index < b.Head && !r.ValidAt.Before(b.From) && r.ValidAt.Before(b.To) && slices.Contains(standards, d.Standard) {
				list = append(list, export.Record{Entry: r.Entry, Why: "a daily count of " + d.Population + " by " + d.Standard})
			}
		}
		slices.SortFunc(list, func(x, y export.Record) int { return cmp.Compare(x.Entry, y.Entry) })
		if err := add(export.Content{Records: list}); err != nil {
			return err
		}
		if len(runs) < 200 || runs[len(runs)-1].RecordedAt.Before(b.From) {
			return nil
		}
		before = runs[len(runs)-1].ID
	}
}

// packAbout puts in the records about the control itself.
func (p *parts) packAbout(ctx context.Context, b export.Bounds, subject string, add func(export.Content) error) error {
	list, err := p.log.Records(ctx, ledger.Filter{Subject: subject, Before: b.Head, Limit: 1000})
	if err != nil {
		return err
	}
	records := make([]export.Record, len(list))
	for i, rec := range list {
		records[i] = export.Record{Entry: rec.ID, Why: "about the control"}
	}
	return add(export.Content{Records: records})
}

// packEvidence puts in what people brought about the window: every version, what
// reviewers decided, and the content, which the records name.
func (p *parts) packEvidence(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	for below := 0; ; {
		list, more, err := p.evidence.List(ctx, access.System(), evidence.Filter{Control: controlOf(b), Below: below, Limit: 500})
		if err != nil {
			return err
		}
		for _, item := range list {
			below = item.Number
			versions, err := p.evidence.Get(ctx, access.System(), item.Number)
			if err != nil {
				return err
			}
			for _, v := range versions {
				if v.Made.Index < 0 || v.Made.Index >= b.Head || !v.From.Before(b.To) || v.To.Before(b.From) {
					continue
				}
				records := []export.Record{{Entry: v.Made.Entry, Why: "evidence " + v.Ref()}}
				for _, r := range v.Reviews {
					records = append(records, export.Record{Entry: r.Made.Entry, Why: "a review of evidence " + v.Ref()})
				}
				if v.Redacted != "" {
					records = append(records, export.Record{Entry: v.Redacted, Why: "a redaction of evidence " + v.Ref()})
				}
				if err := add(export.Content{Records: records}); err != nil {
					return err
				}
			}
		}
		if !more {
			return nil
		}
	}
}
