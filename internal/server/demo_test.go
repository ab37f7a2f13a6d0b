package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/simulation"
)

// A demonstration says on its first page that it is one, goes on where its
// history ended, and is opened in no other way.
func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	if err := makeDemo(t.Context(), DataDir(dir), simulation.Plan{Hosts: 2, Days: 20, Seed: 1}, "test", io.Discard); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(dir + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	origin, err := DataDir(dir).origin()
	if err != nil || !isDemo(origin) {
		t.Fatalf("the ledger is called %q, %v", origin, err)
	}
	cfg := Defaults(dir)
	cfg.Listen, cfg.AgentListen = "localhost:0", "localhost:0"
	quiet := slog.New(slog.DiscardHandler)
	if err := Run(t.Context(), cfg, Options{Logger: quiet}); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "demonstration") {
		t.Errorf("opened as if it were real: %v", err)
	}
	now, err := demoClock(t.Context(), DataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan Ready, 1), make(chan error, 1)
	go func() {
		done <- Run(ctx, cfg, Options{Logger: quiet, Clock: now, Demo: true, Ready: func(r Ready) { ready <- r }})
	}()
	select {
	case r := <-ready:
		resp, err := http.Get(r.URL + "/login")
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(page), "Demonstration.") {
			t.Errorf("the door does not say that it leads into a demonstration: %v\n%s", err, page)
		}
		if r.Link == "" {
			t.Error("no link lets anybody in")
		}
	case err := <-done:
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("it did not start")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	// What is real is not opened as a demonstration.
	real := filepath.Join(t.TempDir(), "real")
	if err := os.MkdirAll(real, 0o700); err != nil {
		t.Fatal(err)
	}
	other := Defaults(real)
	other.Listen, other.AgentListen = "localhost:0", "localhost:0"
	if err := Run(t.Context(), other, Options{Logger: quiet, Demo: true}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a real directory opened as a demonstration: %v", err)
	}
}
