package fitting

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/simulation/drifting"
)

func good() map[string]map[string]any {
	return map[string]map[string]any{
		"ports": {"listening": []any{}}, "services": {"manager": "systemd", "running": map[string]any{}, "timers": map[string]any{}, "units": map[string]any{}},
		"packages": {"by_name": map[string]any{}, "count": int64(0), "managers": []any{"dpkg"}}, "cron": {"installed": true, "jobs": []any{}, "root_programs": []any{}},
		"ssh_keys": {"accounts": []any{}, "host_trust": []any{}}, "kernel_modules": {"loaded": map[string]any{}},
	}
}

// names gives what the register of components reads of a host on a day.
func names(t *testing.T, kind string, first bool, day int) (out []string) {
	t.Helper()
	on := func(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	sections := good()
	for _, e := range At(sections, kind, first, on, on(day).Add(18*time.Hour)) {
		sections[e.Path[0]] = drifting.With(sections[e.Path[0]], e.Path[1:], e)
	}
	for name, values := range sections {
		sec, err := facts.NewSection(name, values, nil)
		if err != nil {
			t.Fatalf("%s of %s: %v", name, kind, err)
		}
		d, err := facts.Decode(sec)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range component.Derive(d) {
			for _, s := range p.Seen {
				out = append(out, string(s.Kind)+" "+s.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestParts(t *testing.T) {
	has := func(list []string, part string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
	}
	for _, c := range []struct {
		kind  string
		first bool
		day   int
		has   string
		is    bool
	}{
		{"web", true, 10, "port tcp/443 nginx", true}, {"web", true, 10, "node_exporter", false}, {"web", true, Exporter, "port tcp/9100 node_exporter", true},
		{"db", true, Exporter, "node_exporter", false}, {"web", true, Report, "job /usr/local/bin/daily-report", true}, {"web", false, Report, "daily-report", false},
		{"db", true, Batch, "migrate-batch", true}, {"db", true, Batch - 1, "migrate-batch", false}, {"worker", true, Key + 1, hugo[:6], true}, {"worker", true, Key + 5, hugo[:6], false},
		{"worker", true, Key + 1, release[:6], true}, {"web", true, Key + 1, hugo[:6], false}, {"web", true, 300, release[:6], true}, {"worker", true, Probe, "package queue-probe", true},
		{"worker", true, Probe, "service queue-probe.service", true}, {"stage", true, Tunnel, "module wireguard", true}, {"app", true, Scanner, "package nmap", true}, {"stage", true, Trial, "tcp/8000", true},
	} {
		if got := names(t, c.kind, c.first, c.day); has(got, c.has) != c.is {
			t.Errorf("%s, first %t, on day %d: %q is %t; it has %v", c.kind, c.first, c.day, c.has, !c.is, got)
		}
	}
	if At(map[string]map[string]any{}, "web", true, func(int) time.Time { return time.Time{} }, time.Time{}) != nil {
		t.Error("beside nothing nothing is put")
	}
}

func TestEvicts(t *testing.T) {
	for _, c := range []struct {
		path string
		is   bool
	}{{"ports/listening", true}, {"ports", true}, {"kernel_modules/loaded", true}, {"kernel_modules/loaded/nfs", false}, {"kernel_modules/rules", false}, {"sshd/permit_root_login", false}} {
		if got := Evicts([]drifting.Edit{{Path: strings.Split(c.path, "/")}}); got != c.is {
			t.Errorf("%s: %t", c.path, got)
		}
	}
	if Evicts(nil) {
		t.Error("nothing takes nothing away")
	}
}
