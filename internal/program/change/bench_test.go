package change_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

// history makes a real repository of n squashed requests with git fast-import.
func history(b *testing.B, path string, n int) []string {
	b.Helper()
	run := func(in []byte, args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", path}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("git %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		b.Fatal(err)
	}
	run(nil, "init", "-q", "-b", "main")
	var in bytes.Buffer
	for i := range n {
		message := fmt.Sprintf("BIL-%d Change number %d (#%d)", i%900+1, i, i+1)
		fmt.Fprintf(&in, "commit refs/heads/main\nauthor carol <carol@example.org> %d +0000\ncommitter carol <carol@example.org> %d +0000\ndata %d\n%s\nM 644 inline src/f%d\ndata 1\n%d\n", day0.Unix()+int64(i), day0.Unix()+int64(i), len(message), message, i%500, i%10)
	}
	run(in.Bytes(), "fast-import", "--quiet")
	return strings.Split(run(nil, "rev-list", "--reverse", "main"), "\n")
}

// p95 gives the 95th percentile of how long something takes, of n times.
func p95(b *testing.B, n int, do func(i int) error) time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		began := clock.System()
		if err := do(i); err != nil {
			b.Fatal(err)
		}
		took[i] = clock.System().Sub(began)
	}
	slices.Sort(took)
	return took[n*95/100]
}

// BenchmarkRegister is a register of many changes and deployments
// (BENCH_CHANGES, 5,000 when not set; two deployments for five changes): deriving
// all of it, reconciling it, and pages of its list, against git itself listing
// the same history.
func BenchmarkRegister(b *testing.B) {
	if _, err := exec.LookPath("git"); err != nil {
		b.Skip("NOT RUN: needs Debian's package git")
	}
	n := 5000
	if v, err := strconv.Atoi(os.Getenv("BENCH_CHANGES")); err == nil && v > 0 {
		n = v
	}
	for _, engine := range []struct {
		name string
		open func(testing.TB) *database.DB
	}{{"sqlite", databasetest.SQLite}, {"postgres", databasetest.Postgres}} {
		b.Run(engine.name, func(b *testing.B) { register(b, engine.open(b), n) })
	}
}

func register(b *testing.B, db *database.DB, n int) {
	path := b.TempDir() + "/billing"
	shas := history(b, path, n)
	began := clock.System()
	if err := exec.Command("git", "-C", path, "log", "--first-parent", "--format=%H %an %s", "main").Run(); err != nil {
		b.Fatal(err)
	}
	git := clock.System().Sub(began)
	w := newWorld(b, db)
	w.sequence()
	var told []landing.Event
	bob := landing.Identity{Login: "bob", Name: "Bob"}
	for i, sha := range shas {
		at := day0.Add(time.Duration(i) * time.Second)
		told = append(told, landing.Event{Kind: landing.RequestSeen, At: at, Source: "GitHub", Number: int64(i + 1), Title: fmt.Sprintf("BIL-%d Change number %d", i%900+1, i), State: "merged", Branch: "main", Head: sha, Landed: sha, Commits: 1, MergedAt: at, Author: landing.Identity{Login: "carol"}, Merger: bob})
		if i%5 < 2 {
			told = append(told, landing.Event{Kind: landing.DeploymentMade, At: at, Source: "GitHub", State: "success", Name: "production", Head: sha, Actor: bob})
		}
	}
	w.understand = func(string, change.Message) (landing.Delivery, error) {
		return landing.Delivery{ID: "all of it", Events: told}, nil
	}
	_, _, err := w.Connect(w.ctx, w.ann, "billing", landing.Settings{Title: "Billing", Forge: "github", Project: "acme/billing", Path: path, Branch: "main", Since: day0.Add(-time.Hour)}, false)
	w.must(err)
	w.clock.Advance(time.Duration(n)*time.Second + time.Hour)
	w.must(w.Deliver(w.ctx, "billing", change.Message{Body: []byte("{}")}))
	began = clock.System()
	w.must(w.Read(w.ctx, w.ann, "billing"))
	first := clock.System().Sub(began)
	w.number()
	r, err := w.Repository(w.ctx, w.ann, "billing")
	w.must(err)
	began = clock.System()
	w.must(w.Derive(w.ctx, r.ID))
	again := clock.System().Sub(began)

	var rec *landing.Reconciliation
	for b.Loop() {
		rec, err = w.Reconcile(w.ctx, w.ann, day0.Add(-time.Hour), w.clock.Now())
		w.must(err)
	}
	if rec.Changes != n || rec.Deployments < n/5*2 {
		b.Fatalf("it reconciles %d changes with %d deployments", rec.Changes, rec.Deployments)
	}
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(each.Seconds()/git.Seconds(), "reconcile/git-log")
	b.ReportMetric(first.Seconds(), "s/read+derive")
	b.ReportMetric(again.Seconds(), "s/derive-again")
	cursor := ""
	pages := []func(i int) error{
		func(int) error {
			_, next, _, err := w.List(w.ctx, w.ann, change.Filter{}, cursor, 50)
			cursor = next
			return err
		},
		func(int) error {
			_, _, _, err := w.List(w.ctx, w.ann, change.Filter{Attribute: landing.Approved, Is: []landing.Outcome{landing.Fail}}, "", 50)
			return err
		},
		func(i int) error {
			_, _, _, err := w.List(w.ctx, w.ann, change.Filter{Search: fmt.Sprintf("number %d", n-1-i)}, "", 50)
			return err
		},
		func(int) error {
			_, _, _, err := w.List(w.ctx, w.ann, change.Filter{Flag: "unanswered", Repository: "billing"}, "", 50)
			return err
		},
	}
	for i, name := range []string{"page", "attribute", "search", "flag"} {
		b.ReportMetric(float64(p95(b, 40, pages[i]).Microseconds())/1000, "p95-ms/"+name)
	}
	b.ReportMetric(float64(p95(b, 40, func(int) error { _, err := w.Counts(w.ctx, w.ann); return err }).Microseconds())/1000, "p95-ms/counts")
}
