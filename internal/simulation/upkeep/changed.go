package upkeep

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/simulation/patching"
	"github.com/attesta/attesta/internal/wire"
)

// packages are what the package manager brings: security updates by themselves every
// other Thursday, all others on the second Tuesday of a month, by hand.
func (a *agents) packages() {
	n := 0
	for at := a.c.Day(begun + 1); at.Before(a.o.End); at = at.AddDate(0, 0, 1) {
		_, week := at.ISOWeek()
		monthly := at.Weekday() == time.Tuesday && at.Day() > 7 && at.Day() <= 14
		if !monthly && (at.Weekday() != time.Thursday || week%2 != 0) {
			continue
		}
		n++
		run, clock := n, 4*time.Hour+11*time.Minute
		if monthly {
			clock = 14*time.Hour + 32*time.Minute
		}
		a.c.At(at.Add(clock), "packages are brought up to date", func(ctx context.Context) error {
			hosts, err := a.watched(ctx, "")
			if err != nil {
				return err
			}
			for i := range hosts {
				h := &hosts[i]
				list := patching.Upgrade(h.Name, run, monthly, "tomas", a.o.Clock())
				if a.of[h.Source].Found() == "polling" { // what it finds by comparing says no writer
					for k := range list {
						list[k].Found, list[k].Who, list[k].Events = "polling", nil, 0
					}
				}
				if err := a.send(ctx, h, list); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// edits makes changes of some edits by somebody, as the host's agent says them.
func (a *agents) edits(h *host.Host, by patching.Hand, list []patching.Edit, tokens ...string) []wire.FileChange {
	now, w := a.o.Clock(), a.of[h.Source]
	var out []wire.FileChange
	for _, e := range list {
		c := e.Change(h.Name, now, by, w.Found())
		for _, t := range tokens {
			c.Runs = append(c.Runs, wire.RunClaim{Token: t, Presented: now, PID: 1201, Exe: "/usr/bin/attesta-agent"})
		}
		out = append(out, c)
	}
	return out
}

// ticket is work under a change that was asked for, with its token.
type ticket struct {
	day                int
	key, asker, signer string
	title, text, done  string
	kind               string
	paths              []string
	count              int
	exe                string
	edits              []patching.Edit
}

const pgConf, unit = "/etc/postgresql/16/main/postgresql.conf", "/etc/systemd/system/ledger-worker.service"

// tickets are changes whose files were foreseen; one goes further than it may.
func (a *agents) tickets() {
	for _, t := range []ticket{
		{176, "connections", "mei", "tomas", "Raise the connections of the databases to 400", "Set max_connections to 400 and reload at night. Back: the file of before, and reload.", "Done at noon with Tomas; the pool has room again.", "db", []string{"/etc/postgresql/**"}, 4, "/usr/bin/vim.basic",
			[]patching.Edit{{Path: pgConf, Before: "100 connections", Then: "400 connections", Diff: "@@ -62,5 +62,5 @@\n # - Connection Settings -\n \n-max_connections = 200\n+max_connections = 400\n #reserved_connections = 0"}}},
		{219, "stapling", "tomas", "amara", "Turn on OCSP stapling of the web servers", "Two lines in the site and a list of issuers; reload. Back: take the lines out and reload.", "Done one server after the other; the checker sees it on all.", "web", []string{"/etc/nginx/**", "/etc/ssl/**"}, 20, "/usr/bin/sed",
			[]patching.Edit{{Path: "/etc/nginx/sites-enabled/ledger", Before: "without stapling", Then: "with stapling", Diff: "@@ -14,4 +14,6 @@\n     ssl_certificate_key /etc/ssl/private/farol.key;\n+    ssl_stapling on;\n+    ssl_stapling_verify on;\n \n     location / {"}, {Path: "/etc/ssl/certs/issuers.pem", Then: "two issuers"}}},
		{274, "heap", "amara", "tomas", "Give the workers more memory", "Raise the heap of the workers from 2 to 3 GB and restart them one by one. Back: the file of before.", "Done; the queue is worked off by nine.", "worker", []string{"/etc/ledger-worker/**"}, 2, "/usr/bin/vim.basic",
			[]patching.Edit{{Path: "/etc/ledger-worker/jvm.options", Before: "2 GB", Then: "3 GB", Diff: "@@ -1,3 +1,3 @@\n--Xms2g\n--Xmx2g\n+-Xms3g\n+-Xmx3g\n -XX:+UseG1GC"}, {Path: unit, Before: "MemoryMax 3 GB", Then: "MemoryMax 4 GB", Diff: "@@ -9,4 +9,4 @@\n [Service]\n User=ledger\n-MemoryMax=3G\n+MemoryMax=4G\n ExecStart=/usr/bin/java @/etc/ledger-worker/jvm.options"}}},
		{338, "banks", "lukas", "tomas", "Point the applications at the bank's new address", "Replace the address of the bank in the settings on the day of its move. Back: the file of before.", "Done at ten, when the bank had moved; first payment at 10:04.", "app", []string{"/opt/farol/ledger/config/**"}, 6, "/usr/bin/sed",
			[]patching.Edit{{Path: "/opt/farol/ledger/config/bank.conf", Before: "old address", Then: "new address", Diff: "@@ -3,3 +3,3 @@\n [bank]\n-address = https://api.banco-atlantico.example/v1\n+address = https://gateway.banco-atlantico.example/v2\n timeout = 20s"}}},
	} {
		var text string
		a.c.On(t.day, t.title+" is asked for", func(ctx context.Context) error {
			ch, err := a.o.Changes.Ask(ctx, a.o.Cast[t.asker], change.Ask{Title: t.title, Text: t.text, Hosts: []string{t.kind + "-*"}, Paths: t.paths})
			if err == nil {
				a.refs["ticket "+t.key] = ch.Ref()
			}
			return err
		})
		a.c.On(t.day+1, t.title+" is approved, with a token", func(ctx context.Context) error {
			ref := a.refs["ticket "+t.key]
			if _, err := a.o.Changes.ApproveAsked(ctx, a.o.Cast[t.signer], ref, "The plan and the way back are clear.", ""); err != nil {
				return err
			}
			made, err := a.o.Changes.MakeToken(ctx, a.o.Cast[t.signer], change.Permit{Change: ref, Hosts: []string{t.kind + "-*"}, Paths: t.paths, Count: t.count, Until: a.o.Clock().Add(10 * time.Hour)})
			text = made.Text
			return err
		})
		a.c.On(t.day+1, t.title+" is done", func(ctx context.Context) error {
			hosts, err := a.watched(ctx, t.kind)
			if err != nil {
				return err
			}
			for i := range hosts {
				h := &hosts[i]
				if err := a.send(ctx, h, a.edits(h, patching.Shell(t.asker, t.exe, t.exe+" "+t.edits[0].Path), t.edits, text)); err != nil {
					return err
				}
				if err := a.named(ctx, fmt.Sprint(t.key, i), h, t.edits[len(t.edits)-1].Path); err != nil {
					return err
				}
			}
			_, err = a.o.Changes.DoneAsked(ctx, a.o.Cast[t.asker], a.refs["ticket "+t.key], t.done)
			return err
		})
	}
	for i := range many {
		a.explain(278, fmt.Sprint("heap", i), "ines", "The unit has a limit of its own, which had to be raised with the heap; the request forgot it. Looked at with Amara: 4 GB is what the host has to spare.", "ticket heap")
	}
}

// named keeps the newest group of a path on a host under a name of the story.
func (a *agents) named(ctx context.Context, key string, h *host.Host, path string) error {
	list, _, _, err := a.o.Integrity.List(ctx, a.o.Cast["ines"], integrity.Filter{Host: h.Source, Path: path, Limit: 1})
	if err == nil && len(list) == 0 {
		err = fault.New(fault.Internal, "no group has %s of %s", path, h.Name)
	}
	if err != nil {
		return err
	}
	a.refs[key] = list[0].Ref
	return nil
}

// explain has somebody explain a group; nothing where it did not come about.
func (a *agents) explain(day int, key, who, reason, ticket string) {
	a.c.On(day, key+" is explained", func(ctx context.Context) error {
		ref := a.refs[key]
		if ref == "" {
			return nil
		}
		_, err := a.o.Integrity.Explain(ctx, a.o.Cast[who], ref, integrity.Explanation{Reason: reason, Ticket: a.refs[ticket]})
		if err != nil {
			return fmt.Errorf("%s: %w", ref, err)
		}
		return nil
	})
}

// runs are those of the tool that brings settings and releases, every second week; and
// a tool that was given up.
func (a *agents) runs() {
	var tool, old string
	add := func(day int, to *string, text integrity.ToolText) {
		a.c.On(day, text.Name+" is registered", func(ctx context.Context) error {
			t, err := a.o.Integrity.AddTool(ctx, a.o.Cast["ines"], text)
			if err == nil {
				*to = t.Ref
			}
			return err
		})
	}
	add(begun+3, &old, integrity.ToolText{Name: "rollout-script", Hosts: []string{"app-*"}, Paths: []string{"/opt/farol/**"}, Owner: "lukas", Count: 100, Hours: 2, Why: "Brings releases of the ledger until ansible does."})
	add(begun+9, &tool, integrity.ToolText{Name: "ansible", Hosts: []string{"web-*", "app-*", "db-*", "worker-*", "stage-*", "build-*"}, Paths: []string{"/etc/**", "/opt/farol/**", "/srv/www/**"}, Owner: "tomas", Count: 300, Hours: 2, Why: "Brings settings of hosts and releases of the ledger from the repository."})
	a.c.On(begun+33, "the script is given up", func(ctx context.Context) error {
		_, err := a.o.Integrity.EndTool(ctx, a.o.Cast["ines"], old, "Ansible brings releases now; nobody runs the script any more.")
		return err
	})
	for i := range 15 {
		a.c.On(begun+13+14*i, "a run of ansible", func(ctx context.Context) error { return a.run(ctx, tool, i) })
	}
}

// run is one run: a release on the applications, its pages on the web servers; in every
// third one settings of all.
func (a *agents) run(ctx context.Context, tool string, n int) error {
	ask := integrity.RunAsk{Run: fmt.Sprint(1180 + 7*n)}
	list, _, _, err := a.o.Changes.List(ctx, a.o.Cast["lukas"], change.Filter{}, "", 10)
	if err != nil {
		return err
	}
	for _, ch := range list {
		if ch.Kind != landing.Manual {
			ask.Change = ch.Ref()
			break
		}
	}
	token, err := a.o.Integrity.MakeRun(ctx, a.o.Cast["lukas"], tool, ask)
	if err != nil {
		return err
	}
	hosts, err := a.watched(ctx, "")
	if err != nil {
		return err
	}
	was, is := fmt.Sprint("release ", n), fmt.Sprint("release ", n+1)
	for i := range hosts {
		h := &hosts[i]
		var list []patching.Edit
		add := func(path string) { list = append(list, patching.Edit{Path: path, Before: was, Then: is}) }
		switch kindOf(h.Name) {
		case "app":
			add("/opt/farol/ledger/ledger.jar")
			add("/opt/farol/ledger/VERSION")
			for k := range 14 {
				add(fmt.Sprintf("/opt/farol/ledger/lib/part-%02d.jar", k+1))
			}
		case "web":
			add("/srv/www/index.html")
			for k := range 9 {
				add(fmt.Sprintf("/srv/www/assets/page-%02d.js", k+1))
			}
		}
		if n%3 == 1 {
			add("/etc/sysctl.d/60-farol.conf")
			add("/etc/ssh/sshd_config.d/10-farol.conf")
		}
		if a.of[h.Source].Found() == "polling" {
			continue // found by comparing, nothing says that it was the run; its own deployment brings them
		}
		if err := a.send(ctx, h, a.edits(h, patching.Tool("ansible"), list, token.Text)); err != nil {
			return err
		}
	}
	return nil
}

// hand is what somebody did by hand that nothing accounts for.
type hand struct {
	day       int
	key       string
	kind      string
	n         int // which of the kind
	login     string
	exe, sudo string
	edits     []patching.Edit
	undo      int // days later they are as they were; 0 never
	by        string
	reason    string // why it is in order
	wait      int    // days until it is explained
	ticket    string
}

// hands are changes that nothing accounts for: explained, undone, or open at the end.
func (a *agents) hands() {
	vim := "/usr/bin/vim.basic"
	nft := func(before, then, diff string) []patching.Edit {
		return []patching.Edit{{Path: "/etc/nftables.conf", Before: before, Then: then, Diff: diff}}
	}
	for _, x := range []hand{
		{day: begun + 22, key: "sshd", kind: "web", n: 0, login: "tomas", exe: vim, sudo: "vim /etc/ssh/sshd_config", edits: []patching.Edit{{Path: "/etc/ssh/sshd_config", Before: "as installed", Then: "LogLevel VERBOSE", Mode: "0600", Diff: "@@ -26,4 +26,4 @@\n # Logging\n #SyslogFacility AUTH\n-#LogLevel INFO\n+LogLevel VERBOSE"}},
			by: "ines", wait: 1, reason: "Tomas raised the level of the log while logins failed in the night. It stays: ansible has the line since."},
		{day: 181, key: "maintenance", kind: "web", n: 1, login: "amara", exe: "/usr/bin/cp", sudo: "cp maintenance.html /srv/www/", edits: []patching.Edit{{Path: "/srv/www/maintenance.html", Then: "back at ten"}}, undo: 1},
		{day: 193, key: "debug", kind: "app", n: 1, login: "lukas", exe: vim, sudo: "vim /opt/farol/ledger/config/log.yaml", edits: []patching.Edit{{Path: "/opt/farol/ledger/config/log.yaml", Before: "level info", Then: "level debug", Diff: "@@ -1,3 +1,3 @@\n root:\n-  level: info\n+  level: debug\n   target: journal"}},
			by: "amara", wait: 4, reason: "Payments of one bank failed without a word; Lukas turned the log up for a day. Taken back with the next release."},
		{day: 226, key: "hba", kind: "db", n: 0, login: "mei", exe: vim, sudo: "vim /etc/postgresql/16/main/pg_hba.conf", edits: []patching.Edit{{Path: "/etc/postgresql/16/main/pg_hba.conf", Before: "as set up", Then: "reports may read", Mode: "0640", Diff: "@@ -98,2 +98,3 @@\n host  ledger  ledger  10.10.2.0/24  scram-sha-256\n+host  ledger  reports 10.10.2.0/24  scram-sha-256"}}, undo: 1},
		{day: 239, key: "batch", kind: "db", n: 0, login: "nadia", exe: "/usr/bin/install", sudo: "install migrate-batch /usr/local/bin", edits: []patching.Edit{{Path: "/usr/local/bin/migrate-batch", Then: "v1", Mode: "0755"}, {Path: "/etc/cron.d/migrate", Then: "each night at two"}},
			by: "tomas", wait: 2, reason: "The tool of the migration, agreed with Nadia for its three months. Read; it connects to the reporting database alone."},
		{day: 267, key: "jq", kind: "stage", n: 0, login: "hugo", exe: "/usr/bin/curl", sudo: "curl -o /usr/bin/jq", edits: []patching.Edit{{Path: "/usr/bin/jq", Before: "1.6", Then: "1.7 of the internet", Mode: "0755"}}, undo: 3},
		{day: 313, key: "copy", kind: "db", n: 0, login: "nadia", exe: "/usr/bin/nano", sudo: "nano /etc/nftables.conf", edits: nft("rules of spring", "staging may read", "@@ -21,2 +21,3 @@\n     ip saddr { 10.10.2.0/24, 10.10.4.0/24 } tcp dport 5432 accept\n+    ip saddr 10.30.1.0/24 tcp dport 5432 accept\n   }"),
			by: "amara", wait: 5, reason: "Nadia let staging in for the copy of the old reports. It should have been asked for: written up, and the rule goes by the end of the month."},
		{day: 362, key: "report", kind: "web", n: 0, login: "amara", exe: "/usr/bin/cp", sudo: "cp daily-report /usr/local/bin/", edits: []patching.Edit{{Path: "/usr/local/bin/daily-report", Then: "v1", Mode: "0755"}, {Path: "/etc/cron.d/daily-report", Then: "at six"}}},
		{day: 362, key: "again", kind: "db", n: 0, login: "amara", exe: vim, sudo: "vim /etc/nftables.conf", edits: nft("staging may read", "web may read", "@@ -21,3 +21,3 @@\n     ip saddr { 10.10.2.0/24, 10.10.4.0/24 } tcp dport 5432 accept\n-    ip saddr 10.30.1.0/24 tcp dport 5432 accept\n+    ip saddr 10.10.1.0/24 tcp dport 5432 accept\n   }")},
		{day: 361, key: "keystore", kind: "app", n: 0, login: "sofia", exe: "/usr/lib/jvm/java-17-openjdk-amd64/bin/keytool", sudo: "keytool -importcert -cacerts", edits: []patching.Edit{{Path: "/etc/ssl/certs/java/cacerts", Before: "as installed", Then: "with one more"}}},
	} {
		do := func(what string, list []patching.Edit, then func(ctx context.Context, h *host.Host) error) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				hosts, err := a.watched(ctx, x.kind)
				if err != nil || len(hosts) == 0 {
					return err
				}
				h := &hosts[min(x.n, len(hosts)-1)]
				if err := a.send(ctx, h, a.edits(h, patching.Shell(x.login, x.exe, what), list)); err != nil {
					return err
				}
				return then(ctx, h)
			}
		}
		a.c.On(x.day, x.key+" is changed by hand", do(x.sudo, x.edits, func(ctx context.Context, h *host.Host) error {
			return a.named(ctx, x.key, h, x.edits[0].Path)
		}))
		if x.undo > 0 {
			var back []patching.Edit
			for _, e := range x.edits {
				back = append(back, patching.Edit{Path: e.Path, Before: e.Then, Then: e.Before, Mode: e.Mode})
			}
			a.c.On(x.day+x.undo, x.key+" is as it was", do("the file of before", back, func(context.Context, *host.Host) error { return nil }))
		}
		if x.by != "" {
			a.explain(x.day+x.wait, x.key, x.by, x.reason, x.ticket)
		}
	}
	a.c.On(289, "a package from a file", func(ctx context.Context) error {
		hosts, err := a.watched(ctx, "worker")
		if err != nil || len(hosts) == 0 {
			return err
		}
		if err := a.send(ctx, &hosts[0], patching.Local(hosts[0].Name, "queue-probe", "tomas", a.o.Clock(), "/usr/bin/queue-probe", "/usr/lib/systemd/system/queue-probe.service", "/usr/share/doc/queue-probe/copyright")); err != nil {
			return err
		}
		return a.named(ctx, "probe", &hosts[0], "/usr/bin/queue-probe")
	})
	a.explain(291, "probe", "aarav", "Our own probe of the queue, built by Hugo on the build host; its digest is that of build 311. It comes from the repository of packages from now on.", "")
}
