package patching

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

var at = time.Date(2026, 6, 9, 14, 32, 0, 0, time.UTC)

// names gives the packages of changes, each once.
func names(list []wire.FileChange) (out []string) {
	for _, c := range list {
		if c.Package != nil && c.Package.Role == "content" {
			out = append(out, c.Package.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A run of the package manager is one transaction that says where each file came from;
// equal hosts get the same files, and the next run goes on from what this one brought.
func TestUpgrade(t *testing.T) {
	most := 0
	for n := 1; n <= 12; n++ {
		for _, monthly := range []bool{false, true} {
			one, two := Upgrade("web-01", n, monthly, "tomas", at), Upgrade("web-02", n, monthly, "tomas", at)
			most = max(most, len(one))
			if !slices.Equal(names(one), names(two)) || len(one) != len(two) {
				t.Errorf("run %d: web-01 gets %v, web-02 %v", n, names(one), names(two))
			}
			seen := map[string]bool{}
			for i, c := range one {
				p := c.Package
				switch {
				case seen[c.ID] || seen[c.Path]:
					t.Errorf("run %d: %s comes twice", n, c.Path)
				case p == nil || p.Transaction != one[0].Package.Transaction || c.Time.Before(p.Started):
					t.Errorf("run %d: %s is of no transaction, or of another: %+v", n, c.Path, p)
				case c.Who == nil || (c.Who.LoginUser == "tomas") != monthly:
					t.Errorf("run %d, by hand %t: %s was changed by %+v", n, monthly, c.Path, c.Who)
				case (p.Role == "database") != (i == len(one)-1):
					t.Errorf("run %d: %s has the role %s", n, c.Path, p.Role)
				case c.Change != "changed" || c.Before["sha256"] == c.After["sha256"]:
					t.Errorf("run %d: %s is %s from %v to %v", n, c.Path, c.Change, c.Before, c.After)
				case two[i].ID == c.ID || two[i].After["sha256"] != c.After["sha256"]:
					t.Errorf("run %d: %s of two hosts is one change, or two contents", n, c.Path)
				}
				seen[c.ID], seen[c.Path] = true, true
			}
			if slices.Contains(names(one), "postgresql-16") {
				t.Errorf("run %d brings the database to a web server", n)
			}
		}
	}
	if most < 100 {
		t.Errorf("the largest run has %d files", most)
	}
	a, b := Upgrade("db-01", 4, true, "tomas", at), Upgrade("db-01", 5, true, "tomas", at)
	after := map[string]any{}
	for _, c := range a {
		after[c.Path] = c.After["sha256"]
	}
	met := 0
	for _, c := range b {
		if was, ok := after[c.Path]; ok {
			met++
			if was != c.Before["sha256"] {
				t.Errorf("%s goes on from something else than it was", c.Path)
			}
		}
	}
	if met == 0 {
		t.Error("two runs have no file in common: not even the database of packages")
	}
}

func TestLocal(t *testing.T) {
	list := Local("worker-01", "queue-probe", "tomas", at, "/usr/bin/queue-probe", "/usr/lib/systemd/system/queue-probe.service")
	if len(list) != 2 {
		t.Fatalf("%d changes", len(list))
	}
	for _, c := range list {
		if c.Change != "added" || c.Before != nil || c.Package.Repository || !strings.HasSuffix(c.Package.Origin, ".deb") || c.Who.LoginUser != "tomas" {
			t.Errorf("%+v of %+v", c, c.Package)
		}
	}
}

func TestEdit(t *testing.T) {
	e := Edit{Path: "/etc/x", Before: "a", Then: "b"}
	for _, c := range []struct {
		e      Edit
		change string
	}{{e, "changed"}, {Edit{Path: "/etc/x", Then: "b"}, "added"}, {Edit{Path: "/etc/x", Before: "a"}, "removed"}} {
		got := c.e.Change("web-01", at, Shell("amara", "/usr/bin/vim.basic", "vim /etc/x"), "event")
		if got.Change != c.change || (got.Before == nil) != (c.change == "added") || (got.After == nil) != (c.change == "removed") {
			t.Errorf("%+v: %+v", c.e, got)
		}
		if got.Who == nil || got.Who.LoginUser != "amara" || got.Who.SSH == "" || len(got.Who.Parents) != 4 || got.Events == 0 {
			t.Errorf("%+v: by %+v, %d events", c.e, got.Who, got.Events)
		}
	}
	if got := e.Change("web-01", at, Shell("amara", "/usr/bin/vim.basic", ""), "polling"); got.Who != nil || got.Events != 0 {
		t.Errorf("what is found by comparing names somebody: %+v", got)
	}
	back := Edit{Path: "/etc/x", Before: "b", Then: "a"}.Change("web-01", at, Tool("ansible"), "event")
	first := e.Change("web-01", at, Tool("ansible"), "event")
	if back.After["sha256"] != first.Before["sha256"] || back.ID == first.ID || first.Who.LoginUser != "deploy" {
		t.Errorf("undone it is not as it was: %+v, %+v", first, back)
	}
}

// A snapshot is asked for, drilled into, and taken: what its tree says of two hosts
// differs where their files do.
func TestWatch(t *testing.T) {
	one, three, two := &Watch{Host: "web-01", Mode: "fanotify", CandidateAt: at}, &Watch{Host: "web-03", Mode: "fanotify"}, &Watch{Host: "web-02", Mode: "polling"}
	for _, w := range []*Watch{one, two, three} {
		got := w.Snapshot(at)
		if w.Candidate == "" || got.Root != w.Candidate || got.Files >= got.Entries || got.Made != at {
			t.Fatalf("%s: %+v", w.Host, got)
		}
		w.Take(w.Candidate, "", "")
		if w.Root != got.Root || w.Entries != got.Entries {
			t.Errorf("%s took %s of %d, its snapshot was %s of %d", w.Host, w.Root, w.Entries, got.Root, got.Entries)
		}
		sec, err := w.Section()
		if err != nil {
			t.Fatal(err)
		}
		d, err := facts.Decode(sec)
		if err != nil {
			t.Fatal(err)
		}
		if mode, _ := d.At("/mode"); mode != w.Mode {
			t.Errorf("%s says that it watches by %v", w.Host, mode)
		}
		if who, _ := d.At("/who"); (len(who.([]any)) > 0) != (w.Mode == "fanotify") {
			t.Errorf("%s names who by %v", w.Host, who)
		}
	}
	if one.Found() != "event" || two.Found() != "polling" {
		t.Errorf("found by %s and %s", one.Found(), two.Found())
	}
	entries := func(w *Watch, path string) map[string]string {
		out := map[string]string{}
		for _, e := range w.Drill(wire.AskDrillArgs{Of: "baseline", Path: path}).Entries {
			out[e.Name] = e.Type + " " + e.Digest
		}
		return out
	}
	top, other := entries(one, ""), entries(three, "")
	if len(top) == 0 || top["/etc"] == other["/etc"] || top["/boot"] != other["/boot"] || !strings.HasPrefix(top["/etc"], "directory ") {
		t.Errorf("the trees of two hosts: %v, %v", top, other)
	}
	ssh, theirs := entries(one, "/etc/ssh"), entries(three, "/etc/ssh")
	if ssh["sshd_config"] != theirs["sshd_config"] || ssh["ssh_host_ed25519_key"] == theirs["ssh_host_ed25519_key"] || !strings.HasPrefix(ssh["sshd_config"], "file ") {
		t.Errorf("settings are the same and keys are not: %v, %v", ssh, theirs)
	}
	if sites, fewer := entries(one, "/etc/nginx/sites-enabled"), entries(two, "/etc/nginx/sites-enabled"); len(sites) != len(fewer)+1 {
		t.Errorf("one host has a site more: %v, %v", sites, fewer)
	}
	if got := entries(one, "/nowhere"); len(got) != 0 {
		t.Errorf("below nothing lies %v", got)
	}
}
