package server

import (
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"testing"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/population"
)

// What the control library says of a population is what this server has: its
// flag "collected" follows the sources that are registered, and its deciding
// date is the one that the shipped definition of the same name decides by.
func TestLibraryPopulationsAreThoseRegistered(t *testing.T) {
	ctx, db := t.Context(), databasetest.SQLite(t)
	p := &parts{dir: DataDir(t.TempDir()), db: db, clock: clock.System, logger: slog.New(slog.DiscardHandler), rejudge: make(chan struct{}, 1)}
	if err := p.dir.create(); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.log, err = ledger.Open(ctx, ledger.Config{DB: db, Dir: p.dir.Ledger(), KeyFile: filepath.Join(p.dir.Keys(), "ledger.key"), Clock: p.clock, Logger: p.logger}); err != nil {
		t.Fatal(err)
	}
	defer p.log.Close()
	agentsAt, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer agentsAt.Close()
	if err := p.services(ctx, Config{EvidenceMaxMB: 1}, agentsAt, "http://localhost:7373"); err != nil {
		t.Fatal(err)
	}
	if err := p.firstStart(ctx); err != nil {
		t.Fatal(err)
	}
	sources, collected := p.population.Sources(), 0
	for _, listed := range p.controls.Library().Populations {
		i := slices.IndexFunc(sources, func(s *population.Source) bool { return s.Name == listed.Source })
		if listed.Collected != (i >= 0) {
			t.Errorf("packs/controls says of %s collected: %v, and the source %q is registered: %v", listed.Slug, listed.Collected, listed.Source, i >= 0)
		}
		if !listed.Collected || i < 0 {
			continue
		}
		collected++
		src := sources[i]
		if listed.Subject != src.Subject {
			t.Errorf("%s: the source %s asks for a subject %q, the library says %q", listed.Slug, src.Name, src.Subject, listed.Subject)
		}
		date := slices.IndexFunc(src.Dates, func(d population.Date) bool { return d.Doc == listed.Date })
		if date < 0 {
			t.Errorf("%s: %q is the meaning of no date of the source %s: %+v", listed.Slug, listed.Date, src.Name, src.Dates)
			continue
		}
		def, err := p.population.Definition(ctx, listed.Slug)
		switch {
		case fault.Is(err, fault.NotFound) && src.Subject != "": // defined for each subject
		case err != nil:
			t.Errorf("%s is collected, but nothing defines it: %v", listed.Slug, err)
		case def.Newest().Source != listed.Source || def.Newest().Date != src.Dates[date].Name:
			t.Errorf("%s decides by %q of %s; the library says %q of %s", listed.Slug, def.Newest().Date, def.Newest().Source, src.Dates[date].Name, listed.Source)
		}
	}
	if collected == 0 {
		t.Error("no population of the library is collected; the test is looking in the wrong place")
	}
}
