package integrity_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/wire"
)

// From a changed file to a finding and back: by undoing it, and by an explanation.
func TestFromChangeToFinding(t *testing.T) {
	each(t, func(w *world) {
		w.send("web-1", w.one("/etc/passwd", by("mallory", "/usr/bin/vim")))
		w.groups("IC-1 unexplained open 1/0")
		w.live("web-1 no-unexplained-change/configuration")
		f, _, _, err := w.Changes(w.ctx, w.eve, "IC-1", integrity.Filter{})
		w.must(err)
		if len(f) != 1 || f[0].Told.Who.LoginUser != "mallory" || f[0].Class != verdict.Configuration || f[0].Host != "web-1" || f[0].Verdict.Kind != verdict.Unexplained || f[0].HostID == "" {
			t.Fatalf("%+v", f)
		}
		w.clock.Advance(time.Minute)
		w.send("web-1", w.one("/usr/bin/ls", by("mallory", "/usr/bin/vim")))
		w.groups("IC-1 unexplained open 2/0")
		w.live("web-1 no-unexplained-change/configuration", "web-1 no-unexplained-change/system")

		w.clock.Advance(10 * time.Minute)
		w.send("web-1", w.one("/etc/passwd", by("ann", "/usr/bin/cp"), from("b", "a")))
		w.groups("IC-1 unexplained open 2/1", "IC-2 reverts settled 1/0")
		w.reason("IC-2", "before IC-1")
		w.send("web-1", w.one("/usr/bin/ls", by("ann", "/usr/bin/cp"), from("b", "a")))
		w.groups("IC-1 unexplained undone 2/2", "IC-2 reverts settled 2/0")
		w.live()

		w.send("web-1", w.one("/srv/www/index.html", by("bob", "/usr/bin/rsync")))
		w.live("web-1 no-unexplained-change/content")
		d, err := w.Explain(w.ctx, w.carl, "IC-3", integrity.Explanation{Reason: "A page that marketing asked for."})
		w.must(err)
		if d.State != integrity.Explained || d.Verdict != verdict.Unexplained || len(d.Decisions) != 1 || d.Decisions[0].By != w.carl.UserID {
			t.Errorf("%+v", d)
		}
		w.live()
		w.send("web-1", w.one("/srv/www/index.html", by("bob", "/usr/bin/rsync"), from("b", "a"))) // back to what was explained away
		w.groups("IC-1 unexplained undone 2/2", "IC-2 reverts settled 2/0", "IC-3 unexplained explained 1/0", "IC-4 unexplained open 1/0")
		w.must(w.verify())
	})
}

// Who made a change does not explain it.
func TestSeparation(t *testing.T) {
	each(t, func(w *world) {
		w.persons["carl"] = w.carl.UserID
		w.send("web-1", w.one("/etc/x", by("carl", "/usr/bin/vim")))
		_, err := w.Explain(w.ctx, w.carl, "IC-1", integrity.Explanation{Reason: "It was me, and it is fine."})
		w.refused(err, fault.Forbidden, "cannot approve")
		_, err = w.Explain(w.ctx, w.eve, "IC-1", integrity.Explanation{Reason: "It is fine."})
		w.refused(err, fault.Forbidden, "may not")
		_, err = w.Explain(w.ctx, w.ann, "IC-1", integrity.Explanation{Reason: "x"})
		w.refused(err, fault.Invalid, "reason")
		_, err = w.Explain(w.ctx, w.ann, "IC-1", integrity.Explanation{Reason: "It is fine.", Ticket: "CH-77"})
		w.refused(err, fault.Invalid, "change")
		_, err = w.Explain(w.ctx, w.ann, "IC-9", integrity.Explanation{Reason: "It is fine."})
		w.refused(err, fault.NotFound, "IC-9")
		w.live("web-1 no-unexplained-change/configuration")
		ref, _ := w.token([]string{"web-*"}, []string{"/etc/x"}, 1) // made afterwards: it explains, and does not authorise
		d, err := w.Explain(w.ctx, w.ann, "IC-1", integrity.Explanation{Reason: "It belongs to " + ref, Ticket: strings.ToLower(ref)})
		w.must(err)
		if d.Verdict != verdict.Unexplained || d.Decisions[0].Ticket != ref {
			t.Errorf("%+v", d)
		}
		_, err = w.Explain(w.ctx, w.ann, "IC-1", integrity.Explanation{Reason: "Once more."})
		w.refused(err, fault.Conflict, "was explained")
		w.live()
	})
}

// A run of a package manager is one group whatever it holds, and the same update on
// other hosts is shown together.
func TestUpgradeIsOneGroup(t *testing.T) {
	each(t, func(w *world) {
		for _, host := range []string{"web-1", "web-2"} {
			var list []wire.FileChange
			for i := range 30 {
				list = append(list, w.one(fmt.Sprintf("/usr/lib/nginx/%d", i), of("t1", []string{"nginx", "libc6"}[i%2], "1.2")))
			}
			w.send(host, list...)
		}
		w.clock.Advance(30 * time.Minute) // it runs still, and is the same one
		w.send("web-1", w.one("/usr/share/nginx/x", of("t1", "nginx", "1.2")))
		w.send("web-1", w.one("/usr/share/nginx/y", of("t2", "nginx", "1.3")))
		list := w.groups("IC-1 package settled 31/0", "IC-2 package settled 30/0", "IC-3 package settled 1/0")
		w.live()
		if g := list[0]; g.Packages != 2 || g.Package != "nginx" || g.Command != "apt-get upgrade" || g.System != 31 || g.Fleet == "" || g.Fleet != list[1].Fleet || g.Fleet == list[2].Fleet {
			t.Errorf("%+v", g)
		}
		u, err := w.Updates(w.ctx, w.eve, integrity.Filter{})
		w.must(err)
		if len(u) != 2 || u[1].Hosts != 2 || u[1].Changes != 61 || u[1].Package != "nginx" {
			t.Errorf("%+v", u)
		}
		d, err := w.Group(w.ctx, w.eve, "ic-1")
		w.must(err)
		if d.Others != 1 || len(d.PackageN) != 2 || d.PackageN[0].Count != 16 || d.Evidence.Transaction != "t1" {
			t.Errorf("%+v", d)
		}

		// The same files by hand: unexplained, with user and program.
		w.clock.Advance(time.Minute)
		hand := w.one("/usr/lib/nginx/0", of("t1", "nginx", "1.2"), func(c *wire.FileChange) {
			c.Package.Digest, c.Package.Reason = "mismatch", "the content is another"
		}, by("mallory", "/usr/bin/vim"), from("b", "c"))
		w.send("web-1", hand)
		w.live("web-1 no-unexplained-change/system")
		w.reason("IC-4", "it belongs to package nginx 1.2 and does not have the content that the package has: the content is another")

		// A package from nowhere.
		nowhere := w.one("/opt/tool", of("t3", "tool", "1"), func(c *wire.FileChange) { c.Package.Repository, c.Package.Origin = false, "/tmp/tool.deb" })
		w.send("web-2", nowhere)
		w.reason("IC-5", "package of unknown origin")
		w.approved["tool2"] = "CMP-1"
		w.send("web-2", w.one("/opt/tool2", of("t3", "tool2", "1"), func(c *wire.FileChange) { c.Package.Repository = false }))
		w.reason("IC-6", "CMP-1 approves")
	})
}

// Tokens: shown or not, within their limits and beyond.
func TestTokens(t *testing.T) {
	each(t, func(w *world) {
		ref, text := w.token([]string{"web-*"}, []string{"/etc/nginx/**"}, 2)
		w.clock.Advance(time.Minute)
		w.send("web-1", w.one("/etc/nginx/a", by("ann", "/usr/bin/vim")))             // whose login it is for
		w.send("web-1", w.one("/etc/nginx/b", by("", "/usr/bin/vim"), shows(text)))   // shown
		w.send("web-1", w.one("/etc/nginx/c", by("", "/usr/bin/vim"), shows(text)))   // used up
		w.send("web-1", w.one("/etc/passwd", by("", "/usr/bin/vim"), shows(text)))    // outside
		w.send("db-1", w.one("/etc/nginx/a", by("ann", "/usr/bin/vim"), shows(text))) // another host
		w.send("web-2", w.one("/etc/nginx/a", by("ann", "/usr/bin/vim"), shows("x"))) // none of ours, and used up
		w.send("web-3", w.one("/etc/nginx/a", by("mallory", "/usr/bin/vim")))         // nobody knows who
		list := w.groups("IC-1 ticket settled 2/0", "IC-2 unexplained open 2/0", "IC-3 unexplained open 1/0", "IC-4 unexplained open 1/0", "IC-5 unexplained open 1/0")
		if list[0].Ticket != ref || !list[1].Exceeded || !list[2].Exceeded || !list[3].Exceeded || list[4].Exceeded {
			t.Errorf("%+v", list)
		}
		w.reason("IC-2", "limit exceeded: the token of "+ref+" covers 2 changes, and they are used up")
		w.reason("IC-3", "is not for this host")
		w.reason("IC-5", "nobody knows who")
		w.live("db-1 no-unexplained-change/configuration", "db-1 tokens-within-limits/exceeded", "web-1 no-unexplained-change/configuration", "web-1 tokens-within-limits/exceeded", "web-2 no-unexplained-change/configuration", "web-2 tokens-within-limits/exceeded", "web-3 no-unexplained-change/configuration")
		use, err := w.Used(w.ctx, w.eve, list[0].Token)
		w.must(err)
		if use.Used != 2 || use.Exceeded != 4 {
			t.Errorf("%+v", use)
		}
		w.clock.Advance(3 * time.Hour) // its time is over
		w.send("web-4", w.one("/etc/nginx/a", by("ann", "/usr/bin/vim"), shows(text)))
		w.reason("IC-6", "ended at")
		_, err = w.Explain(w.ctx, w.carl, "IC-3", integrity.Explanation{Reason: "The wrong host: it was taken back by hand."})
		w.must(err)
		w.must(w.verify())
	})
}

// What one token covered on several hosts is one line; what it did not cover stands
// by itself, and is no update by package.
func TestOneTokenIsOneLine(t *testing.T) {
	each(t, func(w *world) {
		ref, text := w.token([]string{"web-*"}, []string{"/etc/nginx/**"}, 9)
		w.clock.Advance(time.Minute)
		w.send("web-1", w.one("/etc/nginx/a", by("", "/usr/bin/vim"), shows(text)), w.one("/etc/nginx/b", by("", "/usr/bin/vim"), shows(text)))
		w.send("web-2", w.one("/etc/nginx/a", by("", "/usr/bin/vim"), shows(text)))
		w.send("web-2", w.one("/etc/passwd", by("", "/usr/bin/vim"), shows(text))) // outside
		w.groups("IC-1 ticket settled 2/0", "IC-2 ticket settled 1/0", "IC-3 unexplained open 1/0")
		lines, _, total, err := w.Lines(w.ctx, w.eve, integrity.Filter{Verdict: verdict.ByTicket})
		w.must(err)
		if len(lines) != 1 || total != 1 || lines[0].Hosts != 2 || lines[0].Groups != 2 || lines[0].Files != 3 || lines[0].Ticket != ref {
			t.Errorf("%d lines: %+v", total, lines)
		}
		if _, _, total, err = w.Lines(w.ctx, w.eve, integrity.Filter{}); err != nil || total != 2 {
			t.Errorf("%d lines with what it did not cover, %v", total, err)
		}
		updates, err := w.Updates(w.ctx, w.eve, integrity.Filter{})
		w.must(err)
		if len(updates) > 0 {
			t.Errorf("an update by package: %+v", updates)
		}
		w.must(w.verify())
	})
}

// A move lies on two paths: to leave one excuses nothing on the other, and it is
// undone when both are as they were.
func TestMoves(t *testing.T) {
	whole := map[string]any{"type": "file", "mode": "0644", "sha256": "a"}
	each(t, func(w *world) {
		add := func(path string) wire.FileChange {
			return w.one(path, func(c *wire.FileChange) { c.Change, c.Attributes, c.Before, c.After = "added", nil, nil, whole })
		}
		move := func(from, to string) wire.FileChange {
			return w.one(to, func(c *wire.FileChange) {
				c.Change, c.From, c.Attributes, c.Before, c.After = "moved", from, nil, whole, whole
			})
		}
		remove := func(path string) wire.FileChange {
			return w.one(path, func(c *wire.FileChange) { c.Change, c.Attributes, c.Before, c.After = "removed", nil, whole, nil })
		}
		for _, step := range []struct {
			host   string
			change wire.FileChange
			want   []string
		}{
			// put somewhere, then moved to where it does something
			{"web-1", add("/etc/x"), []string{"IC-1 unexplained open 1/0"}},
			{"web-1", move("/etc/x", "/etc/cron.d/evil"), []string{"IC-1 unexplained undone 1/1", "IC-2 unexplained open 1/0"}},
			{"web-1", remove("/etc/cron.d/evil"), []string{"IC-1 unexplained undone 1/1", "IC-2 unexplained undone 1/1", "IC-3 reverts settled 1/0"}},
			// moved and removed there: it is missing where it was, until it is put back
			{"web-2", move("/etc/shadow", "/etc/y"), []string{"IC-4 unexplained open 1/0"}},
			{"web-2", remove("/etc/y"), []string{"IC-4 unexplained open 1/0", "IC-5 reverts settled 1/0"}},
			{"web-2", add("/etc/shadow"), []string{"IC-4 unexplained undone 1/1", "IC-5 reverts settled 1/0", "IC-6 reverts settled 1/0"}},
			// moved, and back
			{"web-3", move("/etc/hosts", "/etc/z"), []string{"IC-7 unexplained open 1/0"}},
			{"web-3", move("/etc/z", "/etc/hosts"), []string{"IC-7 unexplained undone 1/1", "IC-8 reverts settled 1/0"}},
		} {
			w.clock.Advance(time.Hour)
			step.change.Time = w.clock.Now()
			w.send(step.host, step.change)
			w.groupsOf(step.host, step.want...)
		}
		// a question about a configuration file that was answered late
		w.send("web-5", add("/etc/x.dpkg-new"))
		w.clock.Advance(time.Hour)
		w.send("web-5", w.one("/etc/x", of("t1", "x", "2"), func(c *wire.FileChange) { c.From = "/etc/x.dpkg-new" }))
		w.groupsOf("web-5", "IC-10 package settled 1/0", "IC-9 unexplained undone 1/1")
		// explained: both paths are what they are to be
		w.send("web-4", move("/etc/a", "/etc/b"))
		_, err := w.Explain(w.ctx, w.carl, "IC-11", integrity.Explanation{Reason: "Renamed as the runbook says."})
		w.must(err)
		w.clock.Advance(time.Hour)
		back := move("/etc/b", "/etc/a")
		back.Time = w.clock.Now()
		w.send("web-4", back)
		w.groupsOf("web-4", "IC-11 unexplained explained 1/0", "IC-12 unexplained open 1/0")
		w.must(w.verify())
	})
}

// A change that leaves what a path holds waits for nobody, and says so.
func TestOneMoreName(t *testing.T) {
	each(t, func(w *world) {
		w.send("web-1", w.one("/usr/bin/true", func(c *wire.FileChange) {
			c.Attributes, c.Before, c.After = []string{"nlink", "ctime"}, map[string]any{"nlink": 1, "ctime": "2026-01-01T00:00:00Z"}, map[string]any{"nlink": 2, "ctime": "2026-02-01T00:00:00Z"}
		}))
		w.groups("IC-1 unexplained undone 1/1")
		w.reason("IC-1", "stayed")
	})
}

// Runs of configuration management.
func TestRuns(t *testing.T) {
	each(t, func(w *world) {
		text := integrity.ToolText{Name: "ansible", Hosts: []string{"web-*"}, Paths: []string{"/etc/**"}, Owner: "ann", Count: 3}
		for field, edit := range map[string]func(x *integrity.ToolText){"hosts": func(x *integrity.ToolText) { x.Hosts = []string{"*"} }, "tool": func(x *integrity.ToolText) { x.Name = "a b" }, "owner": func(x *integrity.ToolText) { x.Owner = "nobody" }, "hours": func(x *integrity.ToolText) { x.Hours = 1000 }} {
			wrong := text
			edit(&wrong)
			_, err := w.AddTool(w.ctx, w.ann, wrong)
			w.refused(err, fault.Invalid, field)
		}
		_, err := w.AddTool(w.ctx, w.carl, text)
		w.refused(err, fault.Forbidden, "may not")
		o, err := w.AddTool(w.ctx, w.ann, text)
		w.must(err)
		_, err = w.AddTool(w.ctx, w.bob, text)
		w.refused(err, fault.Conflict, "registered as CM-1")
		_, err = w.MakeRun(w.ctx, w.ann, o.Ref, integrity.RunAsk{Run: "41", Count: 4})
		w.refused(err, fault.Invalid, "count")
		_, err = w.MakeRun(w.ctx, w.ann, o.Ref, integrity.RunAsk{Run: ""})
		w.refused(err, fault.Invalid, "run")
		run, err := w.MakeRun(w.ctx, w.ann, o.Ref, integrity.RunAsk{Run: "41"})
		w.must(err)
		w.clock.Advance(time.Minute)
		for i := range 4 {
			w.send("web-1", w.one(fmt.Sprintf("/etc/app/%d", i), by("deploy", "/usr/bin/python3"), shows(run.Text)))
		}
		list := w.groups("IC-1 management settled 3/0", "IC-2 unexplained open 1/0")
		if list[0].Ticket != "ansible run 41" || !list[1].Exceeded {
			t.Errorf("%+v", list)
		}
		_, err = w.EndTool(w.ctx, w.ann, o.Ref, "It was replaced.")
		w.must(err)
		_, err = w.MakeRun(w.ctx, w.ann, o.Ref, integrity.RunAsk{Run: "42"})
		w.refused(err, fault.Conflict, "was ended")
		runs, err := w.Runs(w.ctx, w.eve, o.Ref, 10)
		w.must(err)
		if len(runs) != 1 || runs[0].Run != "41" {
			t.Errorf("%+v", runs)
		}
		w.must(w.verify())
	})
}

// What agents send again, forge, or get wrong.
func TestHostileBatches(t *testing.T) {
	each(t, func(w *world) {
		a := w.one("/etc/a", by("x", "/usr/bin/vim"))
		w.send("web-1", a, a)
		w.send("web-1", a)                                                                                         // replayed under another number
		w.send("web-1", w.one("/etc/a", func(c *wire.FileChange) { c.Found = "rescan" }, by("x", "/usr/bin/vim"))) // found again
		w.groups("IC-1 unexplained open 1/0")
		w.send("web-2", a) // another source's id means nothing: it is its own change
		w.groups("IC-1 unexplained open 1/0", "IC-2 unexplained open 1/0")
		w.send("web-2", w.one("/etc/a", from("b", "a"), by("x", "/usr/bin/vim"))) // and undoes nothing of web-1
		w.groups("IC-1 unexplained open 1/0", "IC-2 unexplained undone 1/1", "IC-3 reverts settled 1/0")

		for field, edit := range map[string]func(c *wire.FileChange){
			"items[1].path": func(c *wire.FileChange) { c.Path = "etc/x" }, "items[1].id": func(c *wire.FileChange) { c.ID = "IC-1" }, "items[1].change": func(c *wire.FileChange) { c.Change = "eaten" },
			"items[1].diff": func(c *wire.FileChange) { c.Diff = "x\x00" }, "items[1]:": func(c *wire.FileChange) { c.Diff = strings.Repeat("x", verdict.MaxItem) },
		} {
			err := w.try("web-1", w.one("/etc/good"), w.one("/etc/bad", edit))
			w.refused(err, fault.Invalid, field)
		}
		w.groups("IC-1 unexplained open 1/0", "IC-2 unexplained undone 1/1", "IC-3 reverts settled 1/0") // nothing of those batches was kept

		// Clocks: ahead, and set back.
		w.clock.Advance(2 * time.Hour)
		w.send("web-3", w.one("/etc/a", func(c *wire.FileChange) { c.Time = c.Time.Add(48 * time.Hour) }, by("x", "/usr/bin/vim")))
		w.clock.Advance(time.Hour)
		w.send("web-3", w.one("/etc/b", func(c *wire.FileChange) { c.Time = c.Time.Add(-48 * time.Hour) }, by("x", "/usr/bin/vim")))
		_, list, _, _, err := w.HostHistory(w.ctx, w.eve, w.sources["web-3"], integrity.Filter{})
		w.must(err)
		for _, c := range list {
			if c.At.After(w.clock.Now()) || c.At.Before(monday) {
				t.Errorf("%s is said to have changed at %s", c.Told.Path, c.At)
			}
		}
		// A server that was away for a day: what was kept meanwhile is believed.
		w.clock.Advance(24 * time.Hour)
		w.send("web-4", w.one("/etc/a", func(c *wire.FileChange) { c.Time = c.Time.Add(-20 * time.Hour) }, by("x", "/usr/bin/vim")))
		_, list, _, _, err = w.HostHistory(w.ctx, w.eve, w.sources["web-4"], integrity.Filter{})
		w.must(err)
		if len(list) != 1 || !list[0].At.Equal(w.clock.Now().Add(-20*time.Hour)) {
			t.Errorf("%+v", list)
		}
		w.must(w.verify())
	})
}

// A token whose time an agent's clock is set back into authorises nothing.
func TestClockSetBackIntoToken(t *testing.T) {
	each(t, func(w *world) {
		_, text := w.token([]string{"web-*"}, []string{"/etc/nginx/**"}, 2)
		w.clock.Advance(time.Minute)
		w.send("web-1", w.one("/etc/nginx/a", by("ann", "/usr/bin/vim"), shows(text)))
		w.clock.Advance(5 * time.Hour)
		w.send("web-1", w.one("/srv/x", by("ann", "/usr/bin/vim"))) // the host is heard: its clock is known to be past it
		w.send("web-1", w.one("/etc/nginx/b", func(c *wire.FileChange) { c.Time = monday.Add(30 * time.Minute) }, by("ann", "/usr/bin/vim"), shows(text)))
		list, _, _, err := w.List(w.ctx, w.eve, integrity.Filter{Exceeded: true})
		w.must(err)
		if len(list) != 1 || !strings.Contains(list[0].Reason, "ended at") {
			t.Errorf("%+v", list)
		}
	})
}

// What an agent says of its watching, and that it says nothing.
func TestWatchingAndSilence(t *testing.T) {
	each(t, func(w *world) {
		w.source("web-1")
		good := `{"mode":"fanotify","refused":[],"problems":[],"baseline":{"root":"","entries":0},"own":{"program":"/opt/agent/bin"}}`
		w.report("web-1", w.watching(good))
		w.live()
		w.report("web-1", w.watching(`{"mode":"polling","refused":[{"kind":"fanotify","reason":"EPERM"}],"problems":["the disk is full"]}`))
		w.live("web-1 watching-in-force/not-downgraded", "web-1 watching-in-force/realtime", "web-1 watching-in-force/sound")
		w.report("web-1", w.watching(good))
		w.live()
		w.send("web-1", w.one("/opt/agent/bin", by("mallory", "/usr/bin/cp")))
		w.live("web-1 agent-unchanged/own", "web-1 no-unexplained-change/system")

		// It falls silent. What lay open stays open, and the silence is one more.
		w.must(w.Turn(w.ctx))
		for range 6 {
			w.clock.Advance(30 * time.Second)
			w.must(w.Turn(w.ctx))
			_, err := w.hosts.Sweep(w.ctx)
			w.must(err)
		}
		w.live("web-1 agent-heard/heard", "web-1 agent-unchanged/own", "web-1 no-unexplained-change/system")
		list, _, _, err := w.Hosts(w.ctx, w.eve, integrity.HostFilter{Only: "silent"})
		w.must(err)
		if len(list) != 1 || list[0].Silent.IsZero() {
			t.Errorf("%+v", list)
		}
		w.report("web-1", w.watching(good))
		w.must(w.Turn(w.ctx))
		w.live("web-1 agent-unchanged/own", "web-1 no-unexplained-change/system")

		// A host that leaves takes its files along, and brings them back.
		h, err := w.hosts.Get(w.ctx, w.sources["web-1"])
		w.must(err)
		w.must(w.hosts.Retire(w.ctx, w.ann, h.ID, "It was taken apart."))
		w.must(w.Turn(w.ctx))
		w.live()
		sum, err := w.Summary(w.ctx, w.eve, 30)
		w.must(err)
		if sum.Hosts != 0 || sum.Open != 1 || sum.Groups["unexplained"] != 1 {
			t.Errorf("%+v", sum)
		}
	})
}

// Switched off, an agent tells of no change. That nothing changed is not known then,
// and never a pass.
func TestSwitchedOff(t *testing.T) {
	each(t, func(w *world) {
		counts := func() (pass, unobserved int64) {
			w.t.Helper()
			h, err := w.hosts.Get(w.ctx, "src_integrity-"+strings.TrimPrefix(w.sources["web-1"], "src_"))
			w.must(err)
			return h.Counts.Pass, h.Counts.NotObserved
		}
		w.source("web-1")
		good := `{"mode":"fanotify","refused":[],"problems":[],"baseline":{"root":"","entries":0},"own":{"program":"/opt/agent/bin"}}`
		w.report("web-1", w.watching(good))
		w.live()
		pass, unobserved := counts()
		if unobserved != 0 {
			t.Errorf("watched: %d not observed", unobserved)
		}
		for _, off := range []string{`{"mode":"off","reason":"the agent's settings say integrity: off","refused":[],"problems":[]}`, `{"mode":"failed","reason":"no such tree","refused":[],"problems":[]}`} {
			w.report("web-1", w.watching(off))
			w.live("web-1 watching-in-force/realtime", "web-1 watching-in-force/sound")
			if p, u := counts(); u != 5 || p != pass-5-2 {
				t.Errorf("%s: %d pass, %d not observed; watched %d pass", off, p, u, pass)
			}
		}
		w.report("web-1", w.watching(good))
		w.live()
		if p, u := counts(); p != pass || u != 0 {
			t.Errorf("watched again: %d pass, %d not observed", p, u)
		}

		// What lay open before stays open.
		w.send("web-1", w.one("/usr/bin/ls", by("mallory", "/usr/bin/cp")))
		w.report("web-1", w.watching(`{"mode":"off","reason":"x","refused":[],"problems":[]}`))
		w.live("web-1 no-unexplained-change/system", "web-1 watching-in-force/realtime", "web-1 watching-in-force/sound")
	})
}

// Filters, pages and who may see.
func TestLists(t *testing.T) {
	each(t, func(w *world) {
		ref, text := w.token([]string{"web-*"}, []string{"/etc/nginx/**"}, 50)
		w.send("web-1", w.one("/etc/nginx/a", by("ann", "/usr/bin/vim"), shows(text)))
		w.clock.Advance(5 * time.Minute)
		w.send("web-1", w.one("/usr/bin/a", of("t1", "nginx", "1.2")), w.one("/usr/bin/b", of("t1", "libc6", "2")))
		w.clock.Advance(5 * time.Minute)
		w.send("db-1", w.one("/srv/a_b", by("mallory", "/usr/bin/vim")), w.one("/srv/aXb", by("mallory", "/usr/bin/vim")))
		db := w.sources["db-1"]
		for name, tc := range map[string]struct {
			f    integrity.Filter
			want string
		}{
			"all": {integrity.Filter{}, "IC-3 IC-2 IC-1"}, "verdict": {integrity.Filter{Verdict: verdict.ByPackage}, "IC-2"}, "state": {integrity.Filter{State: integrity.Open}, "IC-3"}, "class": {integrity.Filter{Class: verdict.System}, "IC-2"}, "host name": {integrity.Filter{Host: "WEB"}, "IC-2 IC-1"}, "source": {integrity.Filter{Host: db}, "IC-3"},
			"path": {integrity.Filter{Path: "/etc/ng"}, "IC-1"}, "part of a path": {integrity.Filter{Path: "nginx"}, "IC-1"}, "a wildcard is none": {integrity.Filter{Path: "a_b"}, "IC-3"}, "percent": {integrity.Filter{Path: "%"}, ""}, "package": {integrity.Filter{Package: "libc6"}, "IC-2"}, "login": {integrity.Filter{Login: "mallory"}, "IC-3"}, "person": {integrity.Filter{Person: w.persons["ann"]}, "IC-2 IC-1"},
			"program": {integrity.Filter{Program: "vim"}, "IC-3 IC-1"}, "whole program": {integrity.Filter{Program: "/usr/bin/dpkg"}, "IC-2"}, "ticket": {integrity.Filter{Ticket: ref}, "IC-1"}, "from": {integrity.Filter{From: monday.Add(time.Minute)}, "IC-3 IC-2"}, "to": {integrity.Filter{To: monday.Add(time.Minute)}, "IC-1"}, "several": {integrity.Filter{Host: "web", Path: "/usr", Package: "nginx"}, "IC-2"},
		} {
			list, _, total, err := w.List(w.ctx, w.eve, tc.f)
			w.must(err)
			var got []string
			for _, g := range list {
				got = append(got, g.Ref)
			}
			if strings.Join(got, " ") != tc.want || total != int64(len(got)) {
				t.Errorf("%s: %v of %d, want %s", name, got, total, tc.want)
			}
		}
		var refs []string
		for f := (integrity.Filter{Limit: 1}); ; {
			list, next, _, err := w.List(w.ctx, w.eve, f)
			w.must(err)
			refs = append(refs, list[0].Ref)
			if f.After = next; next == "" {
				break
			}
		}
		if strings.Join(refs, " ") != "IC-3 IC-2 IC-1" {
			t.Errorf("pages give %v", refs)
		}
		refs = nil
		for f := (integrity.Filter{Limit: 2}); ; {
			list, next, total, err := w.Changes(w.ctx, w.eve, "", f)
			w.must(err)
			for _, c := range list {
				refs = append(refs, c.Ref)
			}
			if total != 5 {
				t.Errorf("%d changes", total)
			}
			if f.After = next; next == "" {
				break
			}
		}
		if strings.Join(refs, " ") != "IC-3/2 IC-3/1 IC-2/2 IC-2/1 IC-1/1" {
			t.Errorf("pages of changes give %v", refs)
		}
		_, _, _, err := w.List(w.ctx, w.eve, integrity.Filter{After: "1.x"})
		w.refused(err, fault.Invalid, "cursor")
		nobody := w.eve
		nobody.Role = "training"
		_, _, _, err = w.List(w.ctx, nobody, integrity.Filter{})
		w.refused(err, fault.Forbidden, "may not")
	})
}

// A population is what the ledger knew then, whatever was decided later.
func TestPopulation(t *testing.T) {
	each(t, func(w *world) {
		w.send("web-1", w.one("/etc/a", by("x", "/usr/bin/vim")))
		w.send("web-1", w.one("/srv/b", by("y", "/usr/bin/vim")))
		w.must(w.log.Publish(w.ctx))
		head, err := w.log.Head(w.ctx)
		w.must(err)
		w.clock.Advance(time.Minute)
		w.send("web-1", w.one("/etc/a", by("x", "/usr/bin/vim"), from("b", "a")))
		_, err = w.Explain(w.ctx, w.ann, "IC-2", integrity.Explanation{Reason: "It was asked for."})
		w.must(err)
		w.must(w.log.Publish(w.ctx))
		read := func(known int64) string {
			items, err := w.Sources()[0].Read(w.ctx, population.Request{At: outcome.At{Known: known}, From: monday.Add(-time.Hour), To: monday.Add(time.Hour)})
			w.must(err)
			var out []string
			for _, x := range items {
				out = append(out, fmt.Sprintf("%v %v %v", x.Attributes["number"], x.Attributes["verdict"], x.Attributes["state"]))
			}
			return strings.Join(out, ", ")
		}
		if got := read(head.Size); got != "IC-1/1 unexplained open, IC-2/1 unexplained open" {
			t.Errorf("as known then: %s", got)
		}
		if got := read(-1); got != "IC-1/1 unexplained undone, IC-2/1 unexplained explained, IC-3/1 reverts settled" {
			t.Errorf("as known now: %s", got)
		}
	})
}

// Whoever changes a row is found by the ledger's verification.
func TestBound(t *testing.T) {
	for name, statement := range map[string]string{
		"a time":         `UPDATE integrity_change SET at = at + 1`,
		"a change":       `DELETE FROM integrity_change WHERE seq = 2`,
		"a body":         `UPDATE integrity_body SET body = (SELECT body FROM integrity_body WHERE group_no = 2) WHERE group_no = 1`,
		"a verdict":      `UPDATE integrity_group SET verdict = 'ticket' WHERE no = 2`,
		"an explanation": `UPDATE integrity_verdict SET reason = 'x'`,
		"a token":        `UPDATE integrity_run SET made_by = 'usr_x'`,
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.send("web-1", w.one("/etc/a", by("x", "/usr/bin/vim")), w.one("/etc/c", by("x", "/usr/bin/vim")))
				w.send("web-1", w.one("/srv/b", by("y", "/usr/bin/vim")))
				_, err := w.Explain(w.ctx, w.ann, "IC-1", integrity.Explanation{Reason: "It was asked for."})
				w.must(err)
				o, err := w.AddTool(w.ctx, w.ann, integrity.ToolText{Name: "ansible", Hosts: []string{"web-*"}, Paths: []string{"/etc/**"}, Owner: "ann"})
				w.must(err)
				_, err = w.MakeRun(w.ctx, w.ann, o.Ref, integrity.RunAsk{Run: "1"})
				w.must(err)
				w.must(w.verify())
				w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
					_, err := tx.ExecContext(w.ctx, statement)
					return err
				}))
				if err := w.verify(); err == nil {
					t.Error("it verifies")
				}
			})
		})
	}
}

// 5,000 files of an upgrade are taken in well within a second.
func TestFiveThousand(t *testing.T) {
	each(t, func(w *world) {
		var items []json.RawMessage
		for i := range 5000 {
			raw, err := json.Marshal(w.one(fmt.Sprintf("/usr/share/doc/package-%d/file-%d", i%40, i), of("t1", fmt.Sprintf("package-%d", i%40), "1.2-3")))
			w.must(err)
			items = append(items, raw)
		}
		source := w.source("web-1")
		begun := time.Now()
		w.must(w.db.Tx(w.ctx, func(tx *sql.Tx) error {
			return w.Receive(w.ctx, tx, integrity.Batch{Source: source, Name: "web-1", ObservedAt: w.clock.Now(), ReceivedAt: w.clock.Now(), Items: items})
		}))
		took := time.Since(begun)
		t.Logf("5,000 changes in %s", took)
		if took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		list := w.groups("IC-1 package settled 5000/0")
		if list[0].Packages != 40 {
			t.Errorf("%+v", list[0])
		}
		page, next, total, err := w.Changes(w.ctx, w.eve, "IC-1", integrity.Filter{Limit: 100, After: "0.1.4900"})
		w.must(err)
		if len(page) != 100 || next != "" || total != 5000 || page[99].Seq != 5000 {
			t.Errorf("%d, %q, %d", len(page), next, total)
		}
		w.must(w.verify())
	})
}
