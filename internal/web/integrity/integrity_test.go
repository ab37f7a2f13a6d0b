package integrity_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/wire"
)

func (w *world) list(name string) screen.List {
	w.t.Helper()
	for _, l := range w.area.Lists {
		if l.Name == name {
			return l
		}
	}
	w.t.Fatalf("there is no list %s", name)
	return screen.List{}
}

func TestEmpty(t *testing.T) {
	w := begin(t)
	w.Says("/integrity", "No host watches its files yet", "which changes were unauthorised", "CC7.1", "See the hosts")
	w.Says("/integrity/hosts", "No host watches its files yet")
	w.Says("/integrity/tools", "Say which tools change your hosts", "CC8.1", "Register a tool")
	w.report("web-1", `{"mode":"fanotify","roots":["/etc"]}`)
	w.Says("/integrity", "1 host watches its files, and none has changed", "How they are watched")
	for path, status := range map[string]int{"/integrity?verdict=fine": 422, "/integrity?state=golden": 422, "/integrity?class=first": 422, "/integrity?from=soon": 422, "/integrity/IC-9": 404, "/integrity/nothing": 404, "/integrity/hosts?only=some": 422, "/integrity/path?host=x&path=etc": 422, "/integrity/path?host=src_x&path=/etc": 404, "/integrity/tools/CM-4": 404, "/integrity?after=x": 422} {
		if a := w.Get(path); a.Status != status {
			t.Errorf("%s answers %d, want %d: %s", path, a.Status, status, a.Text())
		}
	}
	if a := w.Says("/hosts/hst_none/changes", "Nobody watches this host's files"); a.Status != http.StatusOK {
		t.Error(a.Status)
	}
}

// A change of each verdict, from the list down to what was told of it.
func TestGroups(t *testing.T) {
	w := begin(t)
	for _, h := range []string{"web-1", "web-2", "web-3"} {
		w.report(h, `{"mode":"fanotify","since":"2026-03-02T08:00:00Z","roots":["/etc","/usr"],"overflows":2}`)
		w.send(h, w.one("/usr/sbin/nginx", of("t1", "nginx", "1.24")), w.one("/usr/share/nginx/x", of("t1", "nginx", "1.24")))
	}
	w.clock.Advance(10 * time.Minute)
	w.persons["bob"] = w.bob.UserID
	w.send("web-1", w.one("/etc/ssh/sshd_config", by("bob", "/usr/bin/vim"), func(c *wire.FileChange) {
		c.Diff = "--- a\n+++ b\n@@ -1,2 +1,2 @@\n-PermitRootLogin no\n+PermitRootLogin yes <script>alert(1)</script>\n Port 22\n"
	}))
	w.clock.Advance(10 * time.Minute)
	w.send("web-2", w.one("/var/www/index.html", func(c *wire.FileChange) { c.Found = "polling" }))

	w.Says("/integrity", "2 changes that nobody explained, on 2 hosts; the oldest since 2 Mar 09:10", "3 hosts watch their files", "/etc/ssh/sshd_config", "bob as root, vim", "nginx 1.24", "On 3 hosts", "authorised by package", "unexplained", "not known")
	if text := w.Get("/integrity").Text(); !strings.Contains(text, "Mark /etc/ssh/sshd_config") || strings.Contains(text, "Mark nginx") { // what is open, and nothing else
		t.Errorf("what can be marked: %s", text)
	}
	w.Who = w.eve
	if text := w.Get("/integrity").Text(); strings.Contains(text, "Mark /etc") {
		t.Errorf("a viewer may mark: %s", text)
	}
	w.Who = w.ann
	if text := w.Get("/integrity?verdict=package").Text(); !strings.Contains(text, "1 of 1 shown") || !strings.Contains(text, "the same update, in 3 groups") {
		t.Errorf("the update is not one line: %s", text)
	}
	if text := w.Get("/integrity?package=nginx").Text(); !strings.Contains(text, "3 of 3 shown") {
		t.Errorf("each host's group: %s", text)
	}
	for path, want := range map[string]string{"/integrity?state=open": "2 of 2 shown", "/integrity?host=web-2&state=open": "1 of 1 shown", "/integrity?class=content": "1 of 1 shown", "/integrity?q=/etc": "1 of 1 shown", "/integrity?login=bob": "1 of 1 shown", "/integrity?program=vim": "1 of 1 shown", "/integrity?limit=exceeded": "No change matches", "/integrity?to=2026-03-01": "No change matches"} {
		if text := w.Get(path).Text(); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q: %s", path, want, text)
		}
	}
	if rows := w.HoldsList(w.list("integrity"), "/integrity?state=open"); len(rows) != 2 {
		t.Errorf("the files have %d rows, want 2", len(rows))
	}
	if rows := w.HoldsList(w.list("file-changes"), "/integrity/changes"); len(rows) != 8 {
		t.Errorf("the files have %d rows, want 8", len(rows))
	}

	ref := "IC-4"
	a := w.Says("/integrity/"+ref, "/etc/ssh/sshd_config on web-1", "unexplained", "No package, no change token and no run of configuration management accounts for it", "bob", "Bob May", "/usr/bin/vim, process 811", "/usr/bin/bash (800) ← /usr/sbin/sshd (700)", "10.0.0.7 50022", "pts/0", "vim /etc/ssh/sshd_config",
		"content (SHA-256)", "aa11", "bb22", "4755", "PermitRootLogin yes <script>", "Explain it")
	if strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, "--- a") {
		t.Error("what a host told is shown as markup")
	}
	w.Says("/integrity/IC-5", "Nobody knows. The change was found by comparing", "found by looking again")
	w.Says("/integrity/IC-1", "nginx 1.24 on web-1", "agrees with what the package has", "Debian:12/main", "apt-get upgrade", "2 other hosts")

	// Whoever made it does not explain it; where nobody else may, something stands in.
	w.Who = w.bob
	if text := w.Get("/integrity/" + ref).Text(); !strings.Contains(text, "You made this change yourself") || strings.Contains(text, "What was it") {
		t.Errorf("bob may explain his own change: %s", text)
	}
	w.alone = true
	w.Says("/integrity/"+ref, "What stands in for a second person?")
	w.Who, w.alone = w.ann, false
	if a := w.Post("/integrity/"+ref+"/explain", url.Values{"reason": {""}}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "what it was, and why it is in order") {
		t.Errorf("no reason: %d %s", a.Status, a.Text())
	}
	if a := w.Post("/integrity/"+ref+"/explain", url.Values{"reason": {"Opened for the audit, closed again on Tuesday."}, "change": {"CH-77"}}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "There is no change") {
		t.Errorf("a change that is not there: %d %s", a.Status, a.Text())
	}
	if a := w.Post("/integrity/"+ref+"/explain", url.Values{"reason": {"Opened for the audit, closed again on Tuesday."}}); a.To != "/integrity/"+ref {
		t.Fatalf("explained: %d %s", a.Status, a.Text())
	}
	w.Says("/integrity/"+ref, "unexplained, then explained", "Explained: Opened for the audit", "by Ann Lee", "in the ledger")
	w.Says("/integrity", "1 change that nobody explained, on 1 host", "by Ann Lee, 2 Mar")
	w.Who = w.eve
	if a := w.Post("/integrity/IC-5/explain", url.Values{"reason": {"I think so."}}); a.Status != http.StatusForbidden {
		t.Errorf("a viewer explains: %d", a.Status)
	}
	if text := w.Get("/integrity/IC-5").Text(); strings.Contains(text, "What was it, and why") {
		t.Error("a viewer is offered to explain")
	}
}

func TestTicket(t *testing.T) {
	w := begin(t)
	w.report("web-1", `{"mode":"fanotify"}`)
	ch, err := w.changes.Ask(t.Context(), w.bob, change.Ask{Title: "Tune the web servers", Text: "Set workers to 8; back by the file of before.", Hosts: []string{"web-*"}, Paths: []string{"/etc/nginx/**"}})
	w.must(err)
	_, err = w.changes.ApproveAsked(t.Context(), w.ann, ch.Ref(), "The plan is sound.", "")
	w.must(err)
	tok, err := w.changes.MakeToken(t.Context(), w.ann, change.Permit{Change: ch.Ref(), Hosts: []string{"web-*"}, Paths: []string{"/etc/nginx/**"}, Count: 1, Until: w.clock.Now().Add(2 * time.Hour)})
	w.must(err)
	w.clock.Advance(time.Minute)
	shows := func(c *wire.FileChange) { c.Runs = []wire.RunClaim{{Token: tok.Text, Presented: c.Time}} }
	w.persons["ann"] = tok.Who
	w.send("web-1", w.one("/etc/nginx/nginx.conf", by("ann", "/usr/bin/vim"), shows), w.one("/etc/nginx/mime.types", by("ann", "/usr/bin/vim"), shows))
	w.Says("/integrity", "authorised by ticket", ch.Ref(), "unexplained, limit exceeded", "1 token was used beyond its limits", "Limit exceeded 1")
	w.Says("/integrity/IC-1", "1 file of "+ch.Ref(), "a program above the writer had shown the token", "1 change covered, 1 beyond its limits")
	w.Says("/integrity/IC-2", "limit exceeded", "covers 1 changes, and they are used up")
	w.Says("/integrity?limit=exceeded", "1 of 1 shown")
}

func TestHistory(t *testing.T) {
	w := begin(t)
	w.report("web-1", `{"mode":"polling","reason":"the kernel has no inotify","since":"2026-03-02T08:00:00Z","refused":[{"kind":"fanotify","reason":"needs CAP_SYS_ADMIN"}],"roots":["/etc"]}`)
	w.send("web-1", w.one("/etc/passwd", by("bob", "/usr/sbin/useradd")))
	w.clock.Advance(5 * time.Minute)
	w.send("web-1", w.one("/etc/passwd-", by("bob", "/usr/sbin/useradd")), w.one("/etc/passwd", by("bob", "/usr/bin/vim"), func(c *wire.FileChange) {
		c.Before, c.After = c.After, map[string]any{"sha256": "cc33", "mode": "0644"}
	}))
	id := w.id("web-1")
	w.Says("/hosts/"+id+"/changes", "3 groups of changes on web-1 are unexplained", "polling, by looking again from time to time", "needs CAP_SYS_ADMIN", "not watched in real time", "Nobody approved a baseline", "/etc/passwd", "2 Mar")
	w.Says("/integrity/hosts", "0 of 1 host is watched in real time", "polling")
	a := w.Says("/integrity/path?host="+id+"&path=/etc/passwd", "/etc/passwd on web-1", "2 changes shown", "cc33", "Group IC-1", "Group IC-3")
	if strings.Contains(a.Text(), "/etc/passwd- ") {
		t.Error("another path is shown")
	}
}

func TestTools(t *testing.T) {
	w := begin(t)
	w.report("web-1", `{"mode":"fanotify"}`)
	tool := url.Values{"name": {"ansible"}, "hosts": {"web-*\ndb-*"}, "paths": {"/etc/**"}, "owner": {"bob"}, "count": {"20"}, "hours": {"2"}, "why": {"Roles of the platform team."}}
	bad := url.Values{"name": {"two words"}, "hosts": {"web-*"}, "paths": {"/etc/**"}, "owner": {"bob"}}
	if a := w.Post("/integrity/tools", bad); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a bad name: %d %s", a.Status, a.Text())
	}
	a := w.Post("/integrity/tools", tool)
	if a.Status != http.StatusSeeOther {
		t.Fatalf("registered: %d %s", a.Status, a.Text())
	}
	at := a.To
	w.Says("/integrity/tools", "1 tool of configuration management is registered", "web-*, db-*", "Bob May", "20 changes in 2 hours")
	w.Says(at, "ansible", "No token was signed for a run yet", "Sign a token for a run", "Roles of the platform team.")
	if a := w.Post(at+"/run", url.Values{"run": {"41"}, "count": {"21"}}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text(), "covers at most 20 changes") {
		t.Errorf("beyond what the tool may: %d %s", a.Status, a.Text())
	}
	a = w.Post(at+"/run", url.Values{"run": {"41"}})
	_, text, ok := strings.Cut(a.Text(), "attesta-agent authorise ")
	if a.Status != http.StatusOK || !ok {
		t.Fatalf("no token is shown: %d %s", a.Status, a.Text())
	}
	token, _, _ := strings.Cut(text, " ")
	w.clock.Advance(time.Minute)
	w.send("web-1", w.one("/etc/motd", by("", "/usr/bin/python3"), func(c *wire.FileChange) { c.Runs = []wire.RunClaim{{Token: token, Presented: c.Time}} }))
	w.Says("/integrity", "authorised by configuration management", "Every change that was seen is accounted for")
	w.Says(at, "41", "at most 20 changes")
	if a := w.Post(at+"/change", tool); a.Status != http.StatusUnprocessableEntity { // of no page
		t.Errorf("a change of nothing: %d %s", a.Status, a.Text())
	}
	o, err := w.service.Tools(t.Context(), w.ann)
	w.must(err)
	tool.Set("base", fmt.Sprint(o[0].Seq))
	tool.Set("hosts", "web-*")
	if a := w.Post(at+"/change", tool); a.To != at {
		t.Errorf("changed: %d %s", a.Status, a.Text())
	}
	if a := w.Post(at+"/end", url.Values{"why": {""}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("no reason to end: %d", a.Status)
	}
	if a := w.Post(at+"/end", url.Values{"why": {"The platform moved."}}); a.To != at {
		t.Errorf("ended: %d %s", a.Status, a.Text())
	}
	if text := w.Says(at, "ended", "The platform moved.").Text(); strings.Contains(text, "Sign a token") {
		t.Error("an ended tool signs tokens")
	}
}

func TestOnHost(t *testing.T) {
	w := begin(t)
	w.report("web-1", `{"mode":"fanotify"}`)
	w.send("web-1", w.one("/etc/passwd", by("bob", "/usr/sbin/useradd")))
	ask := func(id string) (title, text string) {
		t.Helper()
		r := screen.NewRequest(httptest.NewRequest(http.MethodGet, "/hosts/"+id, nil), w.Who, w.clock.Now(), time.UTC, w.Browser)
		b, err := w.area.OnHost(r, id)
		w.must(err)
		if b == nil {
			return "", ""
		}
		return b.Title, b.Table.Rows[0].Head.Text
	}
	if title, text := ask(w.id("web-1")); title != "Changed files: 1 group is unexplained" || text != "/etc/passwd" {
		t.Errorf("the host's page says %q, %q", title, text)
	}
	if title, _ := ask("hst_other"); title != "" {
		t.Errorf("a host that nobody watches: %q", title)
	}
}
