package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/packs"
)

func TestParseMoment(t *testing.T) {
	dublin, err := time.LoadLocation("Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 7, 14, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct{ text, want string }{
		{"2026-03-14", "2026-03-14T23:59:59.999999Z"}, // winter time
		{"2026-06-30", "2026-06-30T22:59:59.999999Z"}, // summer time: the day ends an hour earlier in UTC
		{"2026-07-14", "2026-07-14T10:00:00Z"},        // today: now
		{"2026-07-15", "2026-07-15T22:59:59.999999Z"}, // the service refuses the future
		{"2026-03-14T09:30:00+01:00", "2026-03-14T08:30:00Z"},
	} {
		got, err := parseMoment(tc.text, dublin, now)
		if err != nil || got.Format(time.RFC3339Nano) != tc.want {
			t.Errorf("%s: %s, %v; want %s", tc.text, got.Format(time.RFC3339Nano), err, tc.want)
		}
	}
	for _, text := range []string{"yesterday", "14.03.2026", "2026-13-01", "2026-03-14 09:30", "-1"} {
		if _, err := parseMoment(text, dublin, now); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want kind invalid", text, err)
		}
	}
}

// dataDir is a data directory after the first start, with its database still
// open for writing, as beside a running server.
func dataDir(t *testing.T) (dir string, clk *clock.Manual) {
	t.Helper()
	ctx := context.Background()
	dir = t.TempDir()
	clk = clock.NewManual(time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(dir, "attesta.db"), database.ReadWrite)
	must(err)
	t.Cleanup(func() { db.Close() })
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "ledger.key"), Clock: clk.Now})
	must(err)
	t.Cleanup(func() { log.Close() })
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: clk.Now})
	must(err)
	shipped, err := packs.Open("linux-server")
	must(err)
	_, err = standards.Install(ctx, access.System(), shipped)
	must(err)
	library, err := control.ShippedLibrary()
	must(err)
	must(control.New(control.Config{DB: db, Ledger: log, Clock: clk.Now, Library: library}).Start(ctx))
	return dir, clk
}

func runStatus(t *testing.T, clk *clock.Manual, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := New("attesta", "", "test", StatusCommand(StatusOptions{Clock: clk.Now}))
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"status"}, args...))
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

func TestStatusTable(t *testing.T) {
	dir, clk := dataDir(t)
	out, err := runStatus(t, clk, "--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Evidence status on 14 Mar 2026 09:00 UTC, as known now, at ledger index 0.",
		"insufficient evidence *", // drafts
		"33 criteria: 33 insufficient evidence; coverage none.",
		"Not in scope: availability (3), processing integrity (5), confidentiality (2), privacy (18).",
		"* rests on a standard or a control that nobody has approved yet",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "CC6.6 ") && !strings.Contains(line, "no host has been judged yet (C-") {
			t.Errorf("CC6.6 says not why: %q", line)
		}
		if strings.HasPrefix(line, "A1.1 ") {
			t.Errorf("a criterion out of scope stands in the table: %q", line)
		}
	}
	clk.Advance(48 * time.Hour)
	for args, want := range map[string]string{
		"--at 2026-03-14": "on 14 Mar 2026 23:59 UTC, as known now",
		"--at 2026-03-15T10:00:00+01:00 --known then":           "on 15 Mar 2026 09:00 UTC, as known then, at ledger index 0",
		"--at 2026-03-15 --known 0":                             "on 15 Mar 2026 23:59 UTC, as known then, at ledger index 0",
		"--database sqlite:" + filepath.Join(dir, "attesta.db"): "on 16 Mar 2026 09:00 UTC",
	} {
		out, err := runStatus(t, clk, append([]string{"--data", dir}, strings.Fields(args)...)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v, want %q in\n%.120s", args, err, want, out)
		}
	}
}

func TestStatusRefuses(t *testing.T) {
	dir, clk := dataDir(t)
	for args, want := range map[string]fault.Kind{
		"--data " + dir + " --at tomorrow":       fault.Invalid,
		"--data " + dir + " --at 2026-03-15":     fault.Invalid, // the future
		"--data " + dir + " --known soon":        fault.Invalid,
		"--data " + dir + " --known 1000":        fault.Invalid, // beyond the ledger
		"--data " + dir + " --known -1":          fault.Invalid,
		"--data " + dir + " --weeks 3":           fault.Invalid, // no such flag
		"--data " + filepath.Join(dir, "nobody"): fault.NotFound,
	} {
		if out, err := runStatus(t, clk, strings.Fields(args)...); fault.KindOf(err) != want || out != "" {
			t.Errorf("%s: %v, want kind %s and nothing printed", args, err, want)
		}
	}
}

// The names of the JSON's fields are a contract.
func TestStatusJSON(t *testing.T) {
	dir, clk := dataDir(t)
	out, err := runStatus(t, clk, "--data", dir, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	names := func(v any) string {
		return strings.Join(slices.Sorted(maps.Keys(v.(map[string]any))), " ")
	}
	list := func(v any, key string) []any { return v.(map[string]any)[key].([]any) }
	criteria := list(got, "criteria")
	if len(criteria) != 61 {
		t.Fatalf("%d criteria", len(criteria))
	}
	var criterion any
	for _, c := range criteria {
		if c.(map[string]any)["id"] == "CC7.1" {
			criterion = c
		}
	}
	var withChecks any
	for _, c := range list(criterion, "controls") {
		if len(list(c, "checks")) > 0 {
			withChecks = c
		}
	}
	for what, v := range map[string]struct {
		v    any
		want string
	}{
		"the whole":   {got, "at coverage criteria known known_now scope summary"},
		"scope":       {got["scope"], "categories version zone"},
		"summary":     {got["summary"], "deviation did_not_operate insufficient none out"},
		"a criterion": {criterion, "category change controls counts coverage draft id key_controls observed_controls points series status title why words"},
		"points":      {criterion.(map[string]any)["points"], "addressed apply"},
		"a control":   {withChecks, "change checks counts coverage draft id key ref status title why words"},
		"a check":     {list(withChecks, "checks")[0], "change counts coverage draft id status why words"},
	} {
		if names(v.v) != v.want {
			t.Errorf("%s has the fields %q, want %q", what, names(v.v), v.want)
		}
	}
}
