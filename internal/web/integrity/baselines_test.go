package integrity_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/wire"
)

func sum(c string) string { return strings.Repeat(c, 64) }

// A snapshot is asked for, made, approved and taken; another is refused by the agent.
func TestBaselines(t *testing.T) {
	w := begin(t)
	w.Says("/baselines", "No host watches its files yet", "Somebody approves it, with a reason")
	w.Says("/baselines/all", "No host was asked for a snapshot", "Ask for snapshots", "CC7.1")
	for _, h := range []string{"web-1", "web-2"} {
		w.report(h, `{"mode":"fanotify","baseline":{"root":"`+sum("a")+`"}}`)
	}
	w.Says("/baselines", "0 of 2 hosts have an approved baseline", "none approved", "None approved 2")
	w.HoldsList(w.list("baseline-hosts"), "/baselines")
	w.Says("/baselines/ask", "Ask 2 hosts for a snapshot", "Nothing is approved by it", "web-2")
	if a := w.Post("/baselines/ask", nil); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("nobody is asked: %d %s", a.Status, a.Text())
	}
	a := w.Post("/baselines/ask", url.Values{"host": {w.sources["web-1"]}})
	if a.To != "/baselines/BL-1" {
		t.Fatalf("asked: %d %s %s", a.Status, a.To, a.Text())
	}
	w.clock.Advance(12 * time.Second)
	if a := w.Says("/baselines/BL-1", "web-1, asked for", "Asked 12 s ago; an agent hears what it is asked with its next heartbeat"); strings.Contains(a.Text(), "Approve this state") {
		t.Error("what did not come can be approved")
	}
	w.answer("web-1", wire.SnapshotResult{Root: sum("b"), Entries: 1200, Files: 1000, Bytes: 5000, Unread: 2, Baseline: sum("a"), Made: w.clock.Now()}, "")
	w.Says("/baselines", "1 snapshot waits", "waits for approval", "1,200 entries")
	w.Says("/baselines/all", "1 snapshot waits for approval", "BL-1")
	if text := w.Get("/baselines/all").Text(); !strings.Contains(text, "Mark BL-1") {
		t.Errorf("it cannot be marked: %s", text)
	}
	w.HoldsList(w.list("baselines"), "/baselines/all")
	w.send("web-1", w.one("/etc/passwd", by("bob", "/usr/bin/vim")))
	if a := w.Says("/baselines/BL-1", "1 group lies open", "IC-1", "2 attributes", sum("b")); strings.Contains(a.Text(), "Approve this state") {
		t.Error("a host with unexplained changes can be approved")
	}
	if a := w.Post("/integrity/IC-1/explain", url.Values{"reason": {"An account for the new colleague."}}); a.To == "" {
		t.Fatal(a.Text())
	}
	w.Says("/baselines/BL-1", "Approve this state", "all of its 1,200 entries", "Refuse it")
	if a := w.Post("/baselines/BL-1/approve", url.Values{"reason": {""}, "base": {"2"}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("no reason: %d %s", a.Status, a.Text())
	}
	if a := w.Post("/baselines/BL-1/approve", url.Values{"reason": {"It is as it was set up."}, "base": {"1"}}); a.Status != http.StatusConflict && a.Status != http.StatusUnprocessableEntity {
		t.Errorf("it changed meanwhile: %d %s", a.Status, a.Text())
	}
	if a := w.Post("/baselines/BL-1/approve", url.Values{"reason": {"It is as it was set up."}, "base": {"2"}}); a.To != "/baselines/BL-1" {
		t.Fatalf("approved: %d %s", a.Status, a.Text())
	}
	w.Says("/baselines/BL-1", "approved, not taken yet", "the agent has not taken it yet", "Ann Lee", "abl1.", "It is as it was set up.")
	w.Says("/baselines", "1 of 2 hosts have", "has not taken it yet")
	if text := w.Get("/baselines/all").Text(); strings.Contains(text, "Mark BL-1") {
		t.Errorf("what is approved can be marked: %s", text)
	}
	w.answer("web-1", wire.AcceptResult{Root: sum("b")}, "")
	w.Says("/baselines/BL-1", "taken by the agent", "it compares with it now")
	w.Says("/baselines/hosts/"+w.id("web-1"), "The baseline of web-1 is approved by Ann Lee", "compares with another state", "BL-1", "Ask for a snapshot")
	w.Says("/baselines/hosts/"+w.id("web-2"), "Nobody approved a baseline of web-2", "It was not asked for one yet")

	w.Post("/baselines/ask", url.Values{"host": {w.sources["web-2"]}})
	w.answer("web-2", nil, "not allowed by its settings")
	w.Says("/baselines/BL-2", "the host did not make it", "The agent said: not allowed by its settings")
	for path, status := range map[string]int{"/baselines?only=x": 422, "/baselines/all?state=x": 422, "/baselines/all?after=x": 422, "/baselines/BL-9": 404, "/baselines/hosts/x": 404, "/baselines/compare/HC-9": 404} {
		if a := w.Get(path); a.Status != status {
			t.Errorf("%s answers %d, want %d", path, a.Status, status)
		}
	}
	w.Who = w.eve
	if a := w.Get("/baselines/ask"); a.Status != http.StatusForbidden {
		t.Errorf("a viewer asks: %d", a.Status)
	}
	if text := w.Get("/baselines/hosts/" + w.id("web-2")).Text(); strings.Contains(text, "Ask for a snapshot") {
		t.Error("a viewer is offered to ask")
	}
}

func TestCompare(t *testing.T) {
	w := begin(t)
	w.Says("/baselines/compare", "Two hosts that watch their files are needed; there are 0")
	w.report("web-1", `{"mode":"fanotify"}`)
	w.report("web-2", `{"mode":"fanotify"}`)
	w.Says("/baselines/compare", "One root says whether a million files are equal", "Compare")
	if a := w.Post("/baselines/compare", url.Values{"a": {w.sources["web-1"]}, "b": {w.sources["web-1"]}}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "two hosts") {
		t.Errorf("one host: %d %s", a.Status, a.Text())
	}
	a := w.Post("/baselines/compare", url.Values{"a": {w.sources["web-1"]}, "b": {w.sources["web-2"]}, "of": {"baseline"}})
	if a.To != "/baselines/compare/HC-1" {
		t.Fatalf("begun: %d %s", a.Status, a.Text())
	}
	w.clock.Advance(9 * time.Second)
	w.Says(a.To, "web-1 and web-2: it goes on", "Begun 9 s ago", "Nothing is known yet", "not known yet")
	level := func(root, digest, path string, list ...wire.DrillEntry) wire.DrillResult {
		return wire.DrillResult{Of: "baseline", Path: path, Root: sum(root), Digest: sum(digest), Entries: list}
	}
	w.answer("web-1", level("a", "a", "", wire.DrillEntry{Name: "/etc", Type: "directory", Digest: sum("c")}), "")
	w.answer("web-2", level("b", "b", "", wire.DrillEntry{Name: "/etc", Type: "directory", Digest: sum("d")}), "")
	w.answer("web-1", level("a", "c", "/etc", wire.DrillEntry{Name: "motd", Type: "file", Digest: sum("1")}), "")
	w.answer("web-2", level("b", "d", "/etc", wire.DrillEntry{Name: "motd", Type: "file", Digest: sum("2")}, wire.DrillEntry{Name: "new", Type: "file", Digest: sum("3")}), "")
	w.Says(a.To, "web-1 and web-2: 2 paths differ", "/etc/motd", "file, another", "/etc/new", "not there", sum("a"), sum("b"))
	w.Says("/baselines/compare", "2 paths differ", "HC-1")
}
