package dpkg

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

const statusText = `Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2-1
Conffiles:
 /etc/bash.bashrc 3a7a2a2e3ef0ff9f1ac4ee5c2d5d0d11
 /etc/a file 0123456789abcdef0123456789abcdef obsolete
 /etc/new newconffile
Description: x
 more of it

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
`

func TestStatus(t *testing.T) {
	s := newStatus()
	if err := s.parse("status", strings.NewReader(statusText)); err != nil {
		t.Fatal(err)
	}
	if p := s.Packages["bash:amd64"]; p.Version != "5.2-1" || !p.Installed || s.Packages["gone:all"].Installed || len(s.Packages) != 2 {
		t.Errorf("%+v", s.Packages)
	}
	if c := s.Conffiles["/etc/a file"]; c.MD5 != "0123456789abcdef0123456789abcdef" || c.Package != "bash:amd64" || len(s.Conffiles) != 3 {
		t.Errorf("%+v", s.Conffiles)
	}
	// An update replaces all that was said of the package.
	if err := s.parse("0001", strings.NewReader("Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-2\n")); err != nil {
		t.Fatal(err)
	}
	if s.Packages["bash:amd64"].Version != "5.2-2" || len(s.Conffiles) != 0 {
		t.Errorf("%+v %+v", s.Packages, s.Conffiles)
	}
	for text, want := range map[string]string{
		"Package: a\nnonsense\n": "status:2: expected Field: value",
		" early\n":               "status:1: expected a field",
		"Version: 1\n\n":         "status:2: a stanza without Package",
		"Package: a\nStatus: install ok installed":                        "status:2: a stanza without Version",
		"Package: a\nConffiles:\n /etc/x zz\n":                            "status:3: \"zz\" is no MD5",
		"Package: a\nConffiles:\n etc 0123456789abcdef0123456789abcdef\n": "status:3: expected a path",
	} {
		if err := newStatus().parse("status", strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What we read of this host is what dpkg-query says.
func TestAgreesWithDpkgQuery(t *testing.T) {
	query, err := exec.LookPath("dpkg-query")
	if err != nil {
		t.Skip("NOT RUN: this host has no dpkg-query")
	}
	d := Open(tree.Root{}, time.Local)
	if d == nil {
		t.Skip("NOT RUN: this host has no database of dpkg")
	}
	if err := d.Refresh(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(query, "-W", "-f", "${Package}:${Architecture}\t${Version}\t${db:Status-Status}\n").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 || f[2] == "not-installed" {
			continue
		}
		names++
		if p := d.status.Packages[f[0]]; p.Version != f[1] || p.Installed != (f[2] != "config-files") {
			t.Errorf("%s: %+v", line, p)
		}
	}
	if names < 10 {
		t.Fatalf("%d packages", names)
	}
	var asked []string
	for _, o := range []string{"coreutils", "base-files", "dpkg"} {
		list, err := exec.Command(query, "-L", o).Output()
		if err != nil {
			continue
		}
		for p := range strings.Lines(string(list)) {
			if p = strings.TrimSpace(p); len(asked) < 300 && strings.HasPrefix(p, "/") && p != "/." {
				asked = append(asked, p)
				owners, _ := d.Owners(p)
				if !slices.ContainsFunc(owners, func(w Owner) bool { return strings.HasPrefix(w.Package, o+":") }) {
					t.Errorf("%s is %s's; %v", p, o, owners)
				}
			}
		}
	}
	if len(asked) == 0 {
		t.Error("nothing was asked")
	}
	if owners, former := d.Owners("/no/such/path"); len(owners) > 0 || former != "" {
		t.Errorf("%v %q", owners, former)
	}
}

const logText = `2026-03-01 10:00:00 startup archives unpack
2026-03-01 10:00:00 upgrade nginx:amd64 1.0 1.1
2026-03-01 10:00:01 status half-configured nginx:amd64 1.0
2026-03-01 10:00:02 status unpacked nginx:amd64 1.1
2026-03-01 10:00:02 startup packages configure
2026-03-01 10:00:03 configure nginx:amd64 1.1 <none>
2026-03-01 10:00:03 status installed nginx:amd64 1.1
2026-03-01 10:00:04 trigproc man-db:amd64 2.11 <none>
2026-03-01 10:00:04 status installed man-db:amd64 2.11
`

func TestLog(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "var/log/dpkg.log")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, l := tree.Root{Dir: dir}, log{zone: time.UTC}
	read := func() {
		t.Helper()
		if err := l.refresh(root); err != nil {
			t.Fatal(err)
		}
	}
	read() // none is no error
	half := len(logText) - 20
	write(file, logText[:half])
	read()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(logText[half:]); err != nil {
		t.Fatal(err)
	}
	read()
	if len(l.runs) != 2 || l.bad != 0 || l.runs[1].Acts["man-db:amd64"].Action != "trigger" {
		t.Fatalf("%d runs, %d bad, %+v", len(l.runs), l.bad, l.runs)
	}
	// What was written just before a rotation is read from the old log.
	if _, err := f.WriteString("2026-03-01 11:00:00 startup packages remove\n2026-03-01 11:00:00 remove old:all 3 <none>\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	write(file, "2026-03-02 11:00:00 startup archives install\n2026-03-02 11:00:00 install new:all <none> 1\n")
	read()
	read()
	if len(l.runs) != 4 || l.runs[2].Acts["old:all"].Before != "3" || l.runs[3].Acts["new:all"].After != "1" {
		t.Fatalf("%d runs", len(l.runs))
	}
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, "2026-03-01T"+s+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for s, want := range map[string]string{"10:00:01": "nginx:amd64", "10:00:04": "nginx:amd64 man-db:amd64", "10:00:09": "man-db:amd64", "09:00:00": ""} {
		r := l.runs[0]
		if s > "10:00:02" {
			r = l.runs[1]
		}
		if got := strings.Join(r.scripts(at(s)), " "); got != want {
			t.Errorf("%s: %q", s, got)
		}
	}
}

const historyText = `
Start-Date: 2026-03-01  10:00:00
Commandline: apt-get install nginx
Requested-By: anna (1000)
Install: libx:amd64 (1.0, automatic), nginx:amd64 (1.1)
Upgrade: a:amd64 (1, 2), b:all (3, 4)
Remove: c:amd64 (5)
End-Date: 2026-03-01  10:00:05

Start-Date: 2026-03-01  10:30:00
Commandline: apt-get install broken
Install: broken:all (1)
Start-Date: 2026-03-01  10:40:00
Commandline: apt upgrade
Upgrade: a:amd64 (2, 3)
`

func TestHistory(t *testing.T) {
	h := history{zone: time.UTC}
	if err := parseHistory("history.log", strings.NewReader(historyText), time.UTC, func(e Entry) { h.entries = append(h.entries, e) }); err != nil {
		t.Fatal(err)
	}
	if len(h.entries) != 3 {
		t.Fatalf("%+v", h.entries)
	}
	e := h.entries[0]
	if e.By != "anna (1000)" || e.Command != "apt-get install nginx" || e.Packages["a:amd64"] != (Change{Action: "upgrade", Before: "1", After: "2"}) ||
		!e.Packages["libx:amd64"].Automatic || e.Packages["c:amd64"].Action != "remove" || e.End.Sub(e.Start) != 5*time.Second {
		t.Errorf("%+v", e)
	}
	run := func(at, name string) *Run {
		s, err := time.Parse(time.RFC3339, "2026-03-01T"+at+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return &Run{Start: s, Last: s, Acts: map[string]*Act{name: {Action: "install"}}}
	}
	for _, tc := range []struct {
		run  *Run
		want string
	}{
		{run("10:00:01", "nginx:amd64"), "apt-get install nginx"},
		{run("10:10:00", "nginx:amd64"), ""},
		{run("09:00:00", "nginx:amd64"), ""},
		{run("10:30:01", "broken:all"), "apt-get install broken"},
		{run("10:30:01", "other:all"), ""}, // dpkg by itself, after an apt that broke off
		{run("10:40:01", "a:amd64"), "apt upgrade"},
	} {
		got := ""
		if e := h.of(tc.run); e != nil {
			got = e.Command
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.run.Start, got, tc.want)
		}
	}
	for text, want := range map[string]string{
		"Start-Date: yesterday\n":                                "history.log:1:",
		"Install: a (1)\n":                                       "history.log:1: expected Start-Date",
		"Start-Date: 2026-03-01  10:00:00\nInstall: a\n":         "history.log:2: expected packages",
		"Start-Date: 2026-03-01  10:00:00\nUpgrade: a:x (1)\n":   "history.log:2: expected the versions",
		"Start-Date: 2026-03-01  10:00:00\nInstall: a (1) b (2)": "history.log:2: expected a comma",
	} {
		if err := parseHistory("history.log", strings.NewReader(text), time.UTC, func(Entry) {}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSums(t *testing.T) {
	got := map[string]string{}
	sum := strings.Repeat("0a", 16)
	text := sum + "  usr/bin/a\n" + sum + " *./usr/b c\n\\" + sum + "  usr/x\\\\y\\nz\n"
	if err := sums("md5sums", strings.NewReader(text), func(p []byte, md5 string) { got[string(p)] = md5 }); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/usr/bin/a", "/usr/b c", "/usr/x\\y\nz"} {
		if got[p] != sum {
			t.Errorf("%q is missing of %v", p, got)
		}
	}
	for _, bad := range []string{"zz  usr/a\n", sum + "\n", sum + "  \n", "short\n"} {
		if err := sums("md5sums", strings.NewReader(bad), func([]byte, string) {}); err == nil || !strings.HasPrefix(err.Error(), "md5sums:1:") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzStatus(f *testing.F) {
	f.Add(statusText)
	f.Fuzz(func(t *testing.T, s string) {
		st := newStatus()
		if st.parse("status", strings.NewReader(s)) != nil {
			return
		}
		for path, c := range st.Conffiles {
			if path[0] != '/' || c.MD5 != "" && !isMD5(c.MD5) {
				t.Fatalf("%q %+v", path, c)
			}
			if _, ok := st.Packages[c.Package]; !ok {
				t.Fatalf("%q belongs to nobody", path)
			}
		}
	})
}

func FuzzSums(f *testing.F) {
	f.Add("0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a  usr/bin/a\n")
	f.Fuzz(func(t *testing.T, s string) {
		_ = sums("md5sums", strings.NewReader(s), func(p []byte, md5 string) {
			if p[0] != '/' || len(p) < 2 || !isMD5(md5) {
				t.Fatalf("%q %q", p, md5)
			}
		})
	})
}

func FuzzDiversions(f *testing.F) {
	f.Add("/a\n/b\n:\n")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseDiversions("diversions", strings.NewReader(s))
		for _, d := range list {
			if err == nil && (d.From[0] != '/' || d.To[0] != '/') {
				t.Fatalf("%+v", d)
			}
		}
	})
}

// However a log is cut, the same runs come out.
func FuzzLog(f *testing.F) {
	f.Add(logText, 100)
	f.Fuzz(func(t *testing.T, s string, cut int) {
		whole, parts := log{zone: time.UTC}, log{zone: time.UTC}
		whole.feed([]byte(s))
		cut = max(0, min(cut, len(s)))
		parts.feed([]byte(s[:cut]))
		parts.feed([]byte(s[cut:]))
		if len(s) < 1<<16 && (len(whole.runs) != len(parts.runs) || whole.bad != parts.bad || whole.steps != parts.steps) {
			t.Fatalf("%d and %d runs", len(whole.runs), len(parts.runs))
		}
		for _, r := range whole.runs {
			if r == nil || r.Acts == nil {
				t.Fatal("a run that is none")
			}
			r.scripts(r.Last)
		}
	})
}

func FuzzHistory(f *testing.F) {
	f.Add(historyText)
	f.Fuzz(func(t *testing.T, s string) {
		h := history{zone: time.UTC}
		_ = parseHistory("history.log", strings.NewReader(s), time.UTC, func(e Entry) {
			if e.Start.IsZero() {
				t.Fatalf("%+v", e)
			}
			h.entries = append(h.entries, e)
		})
		if len(h.entries) > 0 {
			h.of(&Run{Start: h.entries[0].Start, Acts: map[string]*Act{"a:b": {}}})
		}
	})
}

// Whatever is listed is found again, and what is not listed any more is known
// for whose it was.
func FuzzIndex(f *testing.F) {
	f.Add("/.\n/usr\n/usr/a\n", "/.\n/usr\n/usr/b\n")
	f.Fuzz(func(t *testing.T, one, two string) {
		x := newIndex()
		put := func(text string) {
			n := uint64(len(x.slots))
			if old, ok := x.byName["p"]; ok {
				x.slots[old].dead = true
			}
			x.slots = append(x.slots, slot{name: "p"})
			x.byName["p"] = int(n)
			added := x.lines([]byte(text), n)
			slices.Sort(added)
			x.merge(added, time.Now())
		}
		put(one)
		put(two)
		paths := func(text string) (out []string) {
			for l := range strings.SplitSeq(text, "\n") {
				if len(l) > 1 && l[0] == '/' && l != "/." {
					out = append(out, l)
				}
			}
			return out
		}
		now := paths(two)
		for _, p := range now {
			if !slices.Contains(x.owners(p), "p") {
				t.Fatalf("%q is nobody's", p)
			}
		}
		for _, p := range paths(one) {
			if !slices.Contains(now, p) && x.former(p) != "p" {
				t.Fatalf("%q was nobody's", p)
			}
		}
		x.compact()
		for _, p := range now {
			if !slices.Contains(x.owners(p), "p") {
				t.Fatalf("%q is nobody's after it was made smaller", p)
			}
		}
	})
}
