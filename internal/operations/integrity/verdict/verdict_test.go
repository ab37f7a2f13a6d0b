package verdict_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
	"github.com/attesta/attesta/internal/proof/permit"
	"github.com/attesta/attesta/internal/wire"
)

var at = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

func changed(edit ...func(*wire.FileChange)) *verdict.Change {
	c := &verdict.Change{FileChange: wire.FileChange{ID: "c1", Path: "/usr/sbin/nginx", Change: "changed", Type: "file", Found: "event", Time: at, Attributes: []string{"sha256"},
		Before: map[string]any{"sha256": "a"}, After: map[string]any{"sha256": "b"}}}
	for _, f := range edit {
		f(&c.FileChange)
	}
	return c
}

func by(exe string, parents ...string) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		c.Who = &wire.Process{Exe: exe, User: "root", LoginUser: "anna"}
		for _, p := range parents {
			c.Who.Parents = append(c.Who.Parents, wire.ParentProcess{Exe: p})
		}
	}
}

func of(role, digest string, edit ...func(*wire.PackageClaim)) func(*wire.FileChange) {
	return func(c *wire.FileChange) {
		c.Package = &wire.PackageClaim{Manager: "dpkg", Name: "nginx", Version: "1.22.1-9", Action: "upgrade", Role: role, Digest: digest, Transaction: "t1", Started: at.Add(-time.Minute), Ended: at.Add(time.Minute), Origin: "Debian:12/main", Repository: true}
		for _, f := range edit {
			f(c.Package)
		}
	}
}

// What a package brought, and what only looks like it.
func TestByPackage(t *testing.T) {
	for _, tc := range []struct {
		name     string
		change   *verdict.Change
		approved string
		want     verdict.Kind
		says     string
	}{
		{"content that matches", changed(by("/usr/bin/dpkg"), of("content", "match")), "", verdict.ByPackage, "has the content that package nginx 1.22.1-9 has, from Debian:12/main"},
		{"a directory of it", changed(by("/usr/bin/dpkg"), of("listed", "none")), "", verdict.ByPackage, "belongs to package"},
		{"a conffile as it comes", changed(by("/usr/bin/dpkg"), of("conffile", "match")), "", verdict.ByPackage, "is the configuration that package"},
		{"a script of it", changed(by("/usr/bin/ldconfig", "/bin/sh", "/usr/bin/dpkg"), of("script", "none")), "", verdict.ByPackage, "while scripts of package"},
		{"the database", changed(by("/usr/bin/dpkg"), of("database", "none")), "", verdict.ByPackage, "own record"},
		{"it went with it", changed(by("/usr/bin/dpkg"), of("content", "gone", func(p *wire.PackageClaim) { p.Action = "remove" })), "", verdict.ByPackage, "went with package"},
		{"nobody knows who", changed(of("content", "match")), "", verdict.ByPackage, ""},
		{"found by a rescan, long after", changed(of("content", "match"), func(c *wire.FileChange) { c.Found, c.Time = "rescan", at.Add(time.Hour) }), "", verdict.ByPackage, ""},
		{"it runs still", changed(by("/usr/bin/dpkg"), of("content", "match", func(p *wire.PackageClaim) { p.Ended = time.Time{} })), "", verdict.ByPackage, ""},
		{"another content", changed(by("/usr/bin/dpkg"), of("content", "mismatch", func(p *wire.PackageClaim) { p.Reason = "3f… is not 4e…" })), "", verdict.Unexplained, "nginx 1.22.1-9 and does not have the content that the package has: 3f… is not 4e…"},
		{"a conffile that was merged", changed(by("/usr/bin/dpkg"), of("conffile", "mismatch")), "", verdict.Unexplained, "does not have the content"},
		{"the same content by hand", changed(by("/usr/bin/cp", "/bin/bash"), of("content", "match")), "", verdict.Unexplained, "/usr/bin/cp wrote it"},
		{"a program that only has the name", changed(by("/tmp/dpkg"), of("content", "match")), "", verdict.Unexplained, "/tmp/dpkg wrote it"},
		{"before the run", changed(by("/usr/bin/dpkg"), of("content", "match"), func(c *wire.FileChange) { c.Time = at.Add(-time.Hour) }), "", verdict.Unexplained, "changed before the run"},
		{"after the run", changed(by("/usr/bin/dpkg"), of("script", "none"), func(c *wire.FileChange) { c.Time = at.Add(time.Hour) }), "", verdict.Unexplained, "was over"},
		{"a script, by comparing", changed(of("script", "none"), func(c *wire.FileChange) { c.Found = "rescan" }), "", verdict.Unexplained, "found by comparing"},
		{"content without a digest", changed(by("/usr/bin/dpkg"), of("content", "none")), "", verdict.Unexplained, "without a digest"},
		{"a file from nowhere", changed(by("/usr/bin/dpkg"), of("content", "match", func(p *wire.PackageClaim) { p.Repository, p.Origin = false, "/tmp/x.deb" })), "", verdict.Unexplained, "package of unknown origin: nginx 1.22.1-9 came from /tmp/x.deb"},
		{"a file that is approved", changed(by("/usr/bin/dpkg"), of("content", "match", func(p *wire.PackageClaim) { p.Repository, p.Origin = false, "/tmp/x.deb" })), "CMP-4", verdict.ByPackage, "which CMP-4 approves"},
		{"a path of it without any run", changed(by("/usr/bin/dpkg"), of("content", "match", func(p *wire.PackageClaim) {
			p.Transaction, p.Action, p.Started, p.Ended = "", "", time.Time{}, time.Time{}
		})), "", verdict.Unexplained, "no run of dpkg accounts for the change"},
		{"the manager's own records without any run", changed(by("/usr/bin/vim"), of("database", "none", func(p *wire.PackageClaim) { *p = wire.PackageClaim{Manager: "dpkg", Role: "database", Digest: "none"} })), "", verdict.Unexplained, "the records of dpkg"},
		{"no package", changed(by("/usr/bin/vim")), "", verdict.Unexplained, "no package, no change token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := verdict.Judge(verdict.Case{Change: tc.change, At: tc.change.Time, Host: "web-1", Approved: tc.approved})
			if v.Kind != tc.want || !strings.Contains(v.Reason, tc.says) {
				t.Errorf("%s: %s, want %s: %s", v.Kind, v.Reason, tc.want, tc.says)
			}
			if p := tc.change.Package; p != nil && (v.Evidence.Transaction != p.Transaction || v.Evidence.Digest != p.Digest) {
				t.Errorf("the evidence does not name the run and what became of the digest: %+v", v.Evidence)
			}
		})
	}
}

func token(edit ...func(*verdict.Permit)) verdict.Permit {
	p := verdict.Permit{Token: permit.Token{ID: "ctk_1", Change: "CH-12", Who: "usr_anna", Hosts: []string{"web-*"}, Paths: []string{"/etc/nginx/**"}, Count: 2, From: at.Add(-time.Hour).Unix(), Until: at.Add(time.Hour).Unix()}, Label: "CH-12", MadeAt: at.Add(-2 * time.Hour)}
	for _, f := range edit {
		f(&p)
	}
	return p
}

func run(p *verdict.Permit) { p.Run, p.Label, p.Change = true, "ansible run 41", "" }

// What a token covers, and what is beyond it.
func TestByToken(t *testing.T) {
	conf := func(c *wire.FileChange) { c.Path = "/etc/nginx/nginx.conf" }
	one := func(p verdict.Permit) []verdict.Permit { return []verdict.Permit{p} }
	for _, tc := range []struct {
		name                string
		change              *verdict.Change
		host, person        string
		presented, matching []verdict.Permit
		refused             []string
		want                verdict.Kind
		exceeded            bool
		says                string
	}{
		{"shown", changed(conf, by("/usr/bin/vim")), "web-1", "usr_anna", one(token()), nil, nil, verdict.ByTicket, false, "it is of CH-12: its token was shown"},
		{"not shown, by whom it is for", changed(conf), "WEB-1", "usr_anna", nil, one(token()), nil, verdict.ByTicket, false, "covers host, path and time"},
		{"shown, and nobody knows who", changed(conf), "web-1", "", one(token()), nil, nil, verdict.ByTicket, false, "was shown"},
		{"not shown, and nobody knows who", changed(conf), "web-1", "", nil, one(token()), nil, verdict.Unexplained, false, "nobody knows who"},
		{"somebody else's, shown", changed(conf), "web-1", "usr_eve", one(token()), nil, nil, verdict.Unexplained, false, "somebody else"},
		{"somebody else's, without an account", changed(conf), "web-1", "per_eve", nil, one(token()), nil, verdict.Unexplained, false, "somebody else"},
		{"another path, shown", changed(func(c *wire.FileChange) { c.Path = "/etc/passwd" }), "web-1", "usr_anna", one(token()), nil, nil, verdict.Unexplained, true, "limit exceeded: the token of CH-12 does not cover this path"},
		{"another path, not shown", changed(func(c *wire.FileChange) { c.Path = "/etc/passwd" }), "web-1", "usr_anna", nil, one(token()), nil, verdict.Unexplained, false, "no package"},
		{"moved in from outside", changed(conf, func(c *wire.FileChange) { c.Change, c.From = "moved", "/root/x" }), "web-1", "usr_anna", one(token()), nil, nil, verdict.Unexplained, true, "from where it was moved"},
		{"another host, shown", changed(conf), "db-1", "usr_anna", one(token()), nil, nil, verdict.Unexplained, true, "is not for this host"},
		{"too late, shown", changed(conf), "web-1", "usr_anna", one(token(func(p *verdict.Permit) { p.Until = at.Unix() })), nil, nil, verdict.Unexplained, true, "ended at"},
		{"too early, shown", changed(conf), "web-1", "usr_anna", one(token(func(p *verdict.Permit) { p.From = at.Unix() + 1 })), nil, nil, verdict.Unexplained, true, "holds from"},
		{"used up", changed(conf), "web-1", "usr_anna", one(token(func(p *verdict.Permit) { p.Used = 2 })), nil, nil, verdict.Unexplained, true, "covers 2 changes, and they are used up"},
		{"used up, not shown", changed(conf), "web-1", "usr_anna", nil, one(token(func(p *verdict.Permit) { p.Used = 2 })), nil, verdict.Unexplained, true, "used up"},
		{"made afterwards, shown", changed(conf), "web-1", "usr_anna", one(token(func(p *verdict.Permit) { p.MadeAt = at.Add(time.Second) })), nil, nil, verdict.Unexplained, false, "was made at 2026-03-14T09:00:01Z, after the change"},
		{"made afterwards, not shown", changed(conf), "web-1", "usr_anna", nil, one(token(func(p *verdict.Permit) { p.MadeAt = at.Add(time.Second) })), nil, verdict.Unexplained, false, "no package"},
		{"a run", changed(conf), "web-1", "", one(token(run)), nil, nil, verdict.ByManagement, false, "it is of ansible run 41"},
		{"a run that nobody showed", changed(conf), "web-1", "", nil, one(token(run)), nil, verdict.Unexplained, false, "no package"},
		{"a run beyond its count", changed(conf), "web-1", "", one(token(run, func(p *verdict.Permit) { p.Used = 2 })), nil, nil, verdict.Unexplained, true, "ansible run 41 covers 2 changes"},
		{"a forged one", changed(conf), "web-1", "usr_anna", nil, nil, []string{"no key that is trusted here signed it"}, verdict.Unexplained, false, "no package"},
		{"the second one covers", changed(conf), "web-1", "usr_anna", []verdict.Permit{token(func(p *verdict.Permit) { p.Used = 2 }), token(func(p *verdict.Permit) { p.ID = "ctk_2" })}, nil, nil, verdict.ByTicket, false, "CH-12"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := verdict.Judge(verdict.Case{Change: tc.change, At: at, Host: tc.host, Person: tc.person, Presented: tc.presented, Matching: tc.matching, Refused: tc.refused})
			if v.Kind != tc.want || v.Exceeded != tc.exceeded || !strings.Contains(v.Reason, tc.says) {
				t.Errorf("%s, exceeded %v: %s; want %s, %v: %s", v.Kind, v.Exceeded, v.Reason, tc.want, tc.exceeded, tc.says)
			}
			if v.Kind.Authorised() != (v.Counts != "") {
				t.Errorf("it counts for %q", v.Counts)
			}
			if len(tc.refused) > 0 && !strings.Contains(strings.Join(v.Evidence.Notes, " "), tc.refused[0]) {
				t.Errorf("that a false token was shown is not said: %+v", v.Evidence)
			}
		})
	}
}

// A package's own content needs no ticket, and does not use one up.
func TestPackageBeforeToken(t *testing.T) {
	c := changed(by("/usr/bin/dpkg"), of("content", "match"))
	v := verdict.Judge(verdict.Case{Change: c, At: at, Host: "web-1", Person: "usr_anna", Presented: []verdict.Permit{token()}})
	if v.Kind != verdict.ByPackage || v.Counts != "" || v.Exceeded {
		t.Errorf("%+v", v)
	}
}

// take plays changes on one path and says what each came to.
func take(t *testing.T, s *verdict.State, seq int64, c *verdict.Change, unexplained bool) string {
	t.Helper()
	raw, err := json.Marshal(s) // as it is kept
	if err != nil {
		t.Fatal(err)
	}
	*s = verdict.State{}
	if err := json.Unmarshal(raw, s); err != nil {
		t.Fatal(err)
	}
	if s.Told(c) {
		return "told"
	}
	refs, itself := s.Take(c, verdict.Ref{Group: 1, Seq: seq}, unexplained)
	if itself {
		return "itself"
	}
	var out []string
	for _, r := range refs {
		out = append(out, fmt.Sprint(r.Seq))
	}
	return strings.Join(out, " ")
}

func TestUndone(t *testing.T) {
	set := func(attr string, from, to any) func(*wire.FileChange) {
		return func(c *wire.FileChange) {
			c.Before, c.After = map[string]any{attr: from, "mtime": "1"}, map[string]any{attr: to, "mtime": "2"}
		}
	}
	word := func(w string, before, after map[string]any) func(*wire.FileChange) {
		return func(c *wire.FileChange) { c.Change, c.Before, c.After = w, before, after }
	}
	found := func(how string) func(*wire.FileChange) { return func(c *wire.FileChange) { c.Found = how } }
	whole := map[string]any{"type": "file", "mode": "0644", "uid": 0.0, "sha256": "a", "mtime": "1"}
	other := map[string]any{"type": "file", "mode": "0755", "uid": 0.0, "sha256": "a", "mtime": "1"}
	type step struct {
		c           *verdict.Change
		unexplained bool
		want        string
	}
	for name, steps := range map[string][]step{
		"there and back":             {{changed(set("sha256", "a", "b")), true, ""}, {changed(set("sha256", "b", "a")), true, "1"}},
		"by two changes":             {{changed(set("sha256", "a", "b")), true, ""}, {changed(set("mode", "0644", "0777")), true, ""}, {changed(set("sha256", "b", "a")), true, ""}, {changed(set("mode", "0777", "0644")), true, "1 2 3"}},
		"added and removed":          {{changed(word("added", nil, whole)), true, ""}, {changed(set("sha256", "a", "z")), true, ""}, {changed(word("removed", whole, nil)), true, "1 2"}},
		"removed and put back":       {{changed(word("removed", whole, nil)), true, ""}, {changed(word("added", nil, whole)), true, "1"}},
		"put back with other rights": {{changed(word("removed", whole, nil)), true, ""}, {changed(word("added", nil, other)), true, ""}, {changed(set("mode", "0755", "0644")), true, "1 2"}},
		"only times":                 {{changed(set("mtime", "1", "2")), true, "itself"}},
		"it came and went":           {{changed(word("transient", nil, nil)), true, "itself"}},
		"an authorised one between":  {{changed(set("sha256", "a", "b")), true, ""}, {changed(set("sha256", "b", "c")), false, ""}, {changed(set("sha256", "c", "a")), true, "1"}},
		"after an authorised one":    {{changed(set("sha256", "a", "b")), false, ""}, {changed(set("sha256", "b", "c")), true, ""}, {changed(set("sha256", "c", "a")), true, ""}, {changed(set("sha256", "a", "b")), true, "2 3"}},
		"unread is not equal":        {{changed(set("sha256", map[string]any{"unread": "EACCES"}, "b")), true, ""}, {changed(set("sha256", "b", map[string]any{"unread": "EACCES"})), true, ""}},
		"told again by a rescan":     {{changed(set("sha256", "a", "b")), true, ""}, {changed(set("sha256", "a", "b"), found("rescan")), true, "told"}, {changed(set("sha256", "a", "c"), found("rescan")), true, ""}},
		"a rescan of what was authorised, against an older baseline": {{changed(set("sha256", "a", "b")), false, ""}, {changed(set("sha256", "a", "c"), found("rehash")), true, ""}, {changed(set("sha256", "c", "b")), true, "2"}},
		"a new file found twice":                                     {{changed(word("added", nil, whole), found("start")), true, ""}, {changed(word("added", nil, whole), found("rescan")), true, "told"}},
		"gone, found twice":                                          {{changed(word("removed", whole, nil), found("start")), true, ""}, {changed(word("removed", whole, nil), found("rescan")), true, "told"}},
		"exchanged and back":                                         {{changed(func(c *wire.FileChange) { c.Change, c.With, c.Before, c.After = "exchanged", "/x", nil, nil }), true, ""}, {changed(func(c *wire.FileChange) { c.Change, c.With, c.Before, c.After = "exchanged", "/x", nil, nil }), true, "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &verdict.State{}
			for i, x := range steps {
				if got := take(t, s, int64(i+1), x.c, x.unexplained); got != x.want {
					t.Errorf("step %d: %q, want %q; state %+v", i+1, got, x.want, s)
				}
			}
		})
	}
}

// What somebody explained is what the path is to be from then on.
func TestAccept(t *testing.T) {
	s := &verdict.State{}
	c := func(from, to string) *verdict.Change {
		return changed(func(c *wire.FileChange) {
			c.Before, c.After = map[string]any{"sha256": from}, map[string]any{"sha256": to}
		})
	}
	take(t, s, 1, c("a", "b"), true)
	s.Accept(1)
	if got := take(t, s, 2, c("b", "a"), true); got != "" {
		t.Errorf("back to what was explained away counts as undone: %q", got)
	}
	if got := take(t, s, 3, c("a", "b"), true); got != "2" {
		t.Errorf("back to what was explained: %q", got)
	}
	if s.Accept(9) {
		t.Error("a group that does not lie on it was taken out")
	}
}

func TestGroups(t *testing.T) {
	unexplained := verdict.Verdict{Kind: verdict.Unexplained}
	a := verdict.CauseOf(changed(by("/usr/bin/vim")), unexplained)
	for name, c := range map[string]*verdict.Change{"program": changed(by("/usr/bin/nano")), "nobody known": changed(), "user": changed(by("/usr/bin/vim"), func(c *wire.FileChange) { c.Who.LoginUser = "bob" }), "session": changed(by("/usr/bin/vim"), func(c *wire.FileChange) { c.Who.SSH = "x" })} {
		if b := verdict.CauseOf(c, unexplained); b.Key == a.Key {
			t.Errorf("another %s is the same group", name)
		}
	}
	if b := verdict.CauseOf(changed(by("/usr/bin/vim"), func(c *wire.FileChange) { c.Path = "/etc/other" }), unexplained); b != a {
		t.Error("another path by the same program in the same session is another group")
	}
	pkg := verdict.Verdict{Kind: verdict.ByPackage}
	x, y := verdict.CauseOf(changed(of("content", "match")), pkg), verdict.CauseOf(changed(of("script", "none", func(p *wire.PackageClaim) { p.Name = "libc6" })), pkg)
	if x != y || x.Windows {
		t.Errorf("one run of the package manager is two groups: %+v, %+v", x, y)
	}
	first, last := at, at.Add(59*time.Minute)
	for d, want := range map[time.Duration]bool{0: true, 60 * time.Minute: true, 61 * time.Minute: false, -time.Minute: true, -3 * time.Minute: false} {
		if got := a.Fits(at.Add(d), first, last); got != want {
			t.Errorf("%s: %v", d, got)
		}
	}
	if a.Fits(last.Add(-time.Minute).Add(4*time.Minute), first, last) {
		t.Error("after a quiet time it is still the same group")
	}
}

func TestClasses(t *testing.T) {
	for p, want := range map[string]verdict.Class{"/etc/passwd": "configuration", "/usr/bin/ssh": "system", "/lib64/ld.so": "system", "/boot/vmlinuz": "system", "/usr/local/etc/x": "configuration", "/root/.ssh/authorized_keys": "configuration",
		"/var/spool/cron/crontabs/root": "configuration", "/var/www/index.html": "content", "/srv/app/x": "content", "/": "content", "/opt/app/bin/x": "system", "/var/lib/attesta-agent/key": "configuration"} {
		if got := verdict.ClassOf(p); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
	if !slices.Contains(verdict.Classes(), verdict.Content) {
		t.Error("a class is missing")
	}
}

func item(edit func(m map[string]any)) json.RawMessage {
	m := map[string]any{"id": "c1", "path": "/etc/x", "change": "changed", "type": "file", "found": "event", "time": "2026-03-14T09:00:00Z", "after": map[string]any{"sha256": "b"},
		"who":     map[string]any{"pid": 1, "exe": "/usr/bin/vim", "parents": []any{map[string]any{"pid": 2, "exe": "/bin/sh"}}, "unknown": map[string]any{"ssh": "gone"}},
		"package": map[string]any{"manager": "dpkg", "name": "nginx", "action": "install", "role": "content", "digest": "match", "transaction": "t-1", "started": "2026-03-14T08:59:00Z"},
		"runs":    []any{map[string]any{"token": "act1.x.y", "presented": "2026-03-14T08:59:00Z", "pid": 1}}}
	if edit != nil {
		edit(m)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return raw
}

// Foreign bytes: each field has its bounds, and the error names it.
func TestBounds(t *testing.T) {
	if c, err := verdict.Parse(0, item(nil)); err != nil || c.Package.Name != "nginx" {
		t.Fatalf("%+v, %v", c, err)
	}
	put := func(k string, v any) func(map[string]any) { return func(m map[string]any) { m[k] = v } }
	in := func(of, k string, v any) func(map[string]any) {
		return func(m map[string]any) { m[of].(map[string]any)[k] = v }
	}
	long := strings.Repeat("x", 5000)
	for name, tc := range map[string]struct {
		edit  func(map[string]any)
		field string
	}{
		"no id": {put("id", ""), "id"}, "an id with a path": {put("id", "../x"), "id"}, "a long id": {put("id", long), "id"}, "relative": {put("path", "etc/x"), "path"}, "not shortest": {put("path", "/etc/../x"), "path"}, "a zero byte": {put("path", "/a\x00b"), "path"}, "long": {put("path", "/"+long), "path"},
		"no word": {put("change", "eaten"), "change"}, "no type": {put("type", ""), "type"}, "found": {put("found", "dreamt"), "found"}, "log": {put("log", "x"), "log"}, "no time": {put("time", "0001-01-01T00:00:00Z"), "time"}, "ages ago": {put("time", "1999-01-01T00:00:00Z"), "time"},
		"moved from nowhere": {put("change", "moved"), "from"}, "exchanged with nothing": {put("change", "exchanged"), "with"}, "below": {put("below", -1), "below"}, "events": {put("events", -1), "events"}, "baseline": {put("baseline", "xyz"), "baseline"}, "upper case": {put("baseline", strings.Repeat("AB", 32)), "baseline"},
		"pid": {in("who", "pid", -1), "who.pid"}, "exe": {in("who", "exe", long), "who.exe"}, "login": {in("who", "login_user", long), "who.login_user"}, "digest of a program": {in("who", "exe_sha256", "1"), "who.exe_sha256"},
		"parents": {in("who", "parents", make([]map[string]any, 65)), "who.parents"}, "others": {put("others", make([]map[string]any, 65)), "others"},
		"manager": {in("package", "manager", "brew"), "package.manager"}, "no name": {in("package", "name", ""), "package.name"}, "action": {in("package", "action", "eat"), "package.action"}, "role": {in("package", "role", "x"), "package.role"}, "digest": {in("package", "digest", "perhaps"), "package.digest"},
		"transaction": {in("package", "transaction", "A B"), "package.transaction"}, "started": {in("package", "started", "0001-01-01T00:00:00Z"), "package.started"}, "ended before": {in("package", "ended", "2026-03-14T08:00:00Z"), "package.ended"},
		"token": {put("runs", []any{map[string]any{"token": ""}}), "runs[0].token"}, "long token": {put("runs", []any{map[string]any{"token": long}}), "runs[0].token"}, "many tokens": {put("runs", make([]map[string]any, 17)), "runs"},
		"many values": {put("after", many(65)), "after"}, "attributes": {put("attributes", make([]string, 65)), "attributes"}, "a number for a path": {put("path", 7), ""}, "too large": {put("diff", strings.Repeat("x", 300<<10)), ""},
	} {
		_, err := verdict.Parse(3, item(tc.edit))
		want := "items[3]"
		if tc.field != "" {
			want += "." + tc.field
		}
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), want+":") {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func many(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[fmt.Sprint("k", i)] = i
	}
	return m
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(item(nil)))
	f.Add([]byte(item(func(m map[string]any) { m["change"], m["from"] = "moved", "/a" })))
	f.Add([]byte(`{"id":"a","path":"/","change":"removed","type":"file","found":"start","time":"2026-01-01T00:00:00Z","before":{"sha256":{"unread":"x"}}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := verdict.Parse(0, raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), "items[0]") {
				t.Fatalf("%v", err)
			}
			return
		}
		v := verdict.Judge(verdict.Case{Change: &c, At: c.Time, Host: "h", Presented: []verdict.Permit{token()}})
		if v.Reason == "" || !slices.Contains(verdict.Kinds(), v.Kind) {
			t.Fatalf("%+v", v)
		}
		if v.Kind == verdict.ByPackage && (c.Package == nil || c.Package.Digest == "mismatch") {
			t.Fatalf("by package without one: %+v", v)
		}
		if k := verdict.CauseOf(&c, v).Key; k == "" || len(k) > 64 {
			t.Fatalf("%q", k)
		}
		s := &verdict.State{}
		s.Take(&c, verdict.Ref{Group: 1, Seq: 1}, !v.Kind.Authorised())
		if !v.Kind.Authorised() && (s.Good == nil) != (len(s.Open) == 0) {
			t.Fatalf("%+v", s)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Fatal(err)
		}
	})
}
