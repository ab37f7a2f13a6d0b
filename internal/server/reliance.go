package server

import (
	"bytes"
	"context"
	"time"

	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/render/reliancebook"
)

// recordStart makes the service of what concerns Attesta itself and records that
// the server starts.
func (p *parts) recordStart(ctx context.Context) error {
	p.reliance = reliance.New(reliance.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Version: p.version, Data: string(p.dir), Engaged: p.engaged,
		Grace: func() time.Duration { return p.outcomes.Grace() }})
	return named("record the start", p.reliance.Start(ctx))
}

// engaged gives the window of an engagement that somebody sees, or of the newest.
func (p *parts) engaged(ctx context.Context, who access.Principal, number int) (reliance.Window, error) {
	if number == 0 {
		list, err := p.engagements.List(ctx, who)
		if err != nil {
			return reliance.Window{}, err
		}
		for _, g := range list {
			number = max(number, g.Number)
		}
	}
	if number == 0 {
		return reliance.Window{}, fault.New(fault.NotFound, "no engagement names you yet").WithHint("ask whoever invited you to add you to it")
	}
	g, err := p.engagements.Get(ctx, who, number)
	if err != nil {
		return reliance.Window{}, err
	}
	from, to := g.Window()
	return reliance.Window{From: from, To: to}, nil
}

// packReliance puts in what is recorded about Attesta itself, as JSON and as a
// workbook, with the records that it rests on.
func (p *parts) packReliance(ctx context.Context, b export.Bounds, add func(export.Content) error) error {
	if b.Kind == export.Control {
		return nil
	}
	r, err := p.reliance.Between(ctx, reliance.Bounds{Window: reliance.Window{From: b.From, To: b.To}, Start: b.Start, End: b.End, Head: b.Head, Closed: true})
	if err != nil {
		return err
	}
	raw, err := asJSON(r)
	if err != nil {
		return err
	}
	var records []export.Record
	for _, s := range r.Sections {
		for _, l := range s.Lines {
			if l.Entry != "" && l.Index < b.Start { // the others are in the log of the window
				records = append(records, export.Record{Entry: l.Entry, Why: "about Attesta itself: " + s.Title})
			}
		}
	}
	if err := add(export.Content{Path: "reliance/reliance.json", Open: inMemory(raw), Records: records}); err != nil {
		return err
	}
	var book bytes.Buffer
	if err := reliancebook.Write(&book, r); err != nil {
		return err
	}
	return add(export.Content{Path: "reliance/reliance.xlsx", Open: inMemory(book.Bytes())})
}

// canaryFails asks whether a check can fail.
func canaryFails() health.Check {
	return health.Check{Name: "judge.canary", Asks: "Does an item that must fail come out as fail?", Run: func(context.Context) health.Result {
		c := reliance.JudgeCanary()
		if !c.Sound() {
			return health.Fail("judge nothing by this program until it is mended: reinstall it, and report the defect", "the known-failing item came out as %s: %s", c.Outcome.Words(), c.Reason)
		}
		return health.Pass("it came out as fail: %s", c.Reason)
	}}
}

// reachDeclared asks whether it is declared who reaches the data.
func (p *parts) reachDeclared(ctx context.Context) health.Result {
	last, ok, err := p.reliance.LastDeclared(ctx)
	switch {
	case err != nil:
		return health.Failed(err)
	case !ok:
		return health.NotObserved("declare it under Audit, Tool reliance", "nobody has declared yet who can run SQL and read the data directory")
	case p.clock().Sub(last.At) > reliance.Stale:
		return health.Fail("declare it again under Audit, Tool reliance", "the last declaration is of %s, more than a year ago", last.At.UTC().Format(time.DateOnly))
	}
	return health.Pass("declared on %s", last.At.UTC().Format(time.DateOnly))
}
