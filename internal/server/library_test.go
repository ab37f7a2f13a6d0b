package server

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/packs"
)

// unstarted has the services of a server that has brought in nothing yet.
func unstarted(t *testing.T) *parts {
	t.Helper()
	ctx, db := t.Context(), databasetest.SQLite(t)
	p := &parts{dir: DataDir(t.TempDir()), db: db, clock: clock.System, logger: slog.New(slog.DiscardHandler), rejudge: make(chan struct{}, 1)}
	if err := p.dir.create(); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.log, err = ledger.Open(ctx, ledger.Config{DB: db, Dir: p.dir.Ledger(), KeyFile: filepath.Join(p.dir.Keys(), "ledger.key"), Clock: p.clock, Logger: p.logger}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.log.Close() })
	agentsAt, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { agentsAt.Close() })
	if err := p.services(ctx, Config{EvidenceMaxMB: 1}, agentsAt, "http://localhost:7373"); err != nil {
		t.Fatal(err)
	}
	return p
}

// A standard that ships and does not fit what is installed keeps no server from
// starting; health says so.
func TestShippedStandardRefused(t *testing.T) {
	p, ctx := unstarted(t), t.Context()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "packs", "components"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine, err := p.standards.Install(ctx, access.System(), os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if r := p.installedPacks(ctx); r.Outcome != judge.Pass {
		t.Errorf("before the start: %+v", r)
	}
	if err := p.firstStart(ctx); err != nil {
		t.Fatal(err)
	}
	all, err := p.standards.List(ctx)
	if err != nil || len(all) != len(packs.Standards()) {
		t.Errorf("%d standards after the start, want one of each shipped id, %v", len(all), err)
	}
	for _, st := range all {
		if st.Pack == "components" && st.ID != mine.ID {
			t.Errorf("components %s stands in for what was installed", st.ID)
		}
	}
	if r := p.installedPacks(ctx); r.Outcome != judge.Error || !strings.Contains(r.Reason, "components") || !strings.Contains(r.Do, "raise the version") {
		t.Errorf("after the start: %+v", r)
	}
}

// What the control library says of a population is what this server has: its
// flag "collected" follows the sources that are registered, and its deciding
// date is the one that the shipped definition of the same name decides by.
func TestLibraryPopulationsAreThoseRegistered(t *testing.T) {
	p, ctx := unstarted(t), t.Context()
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
