package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// golden holds text against a file, once what differs from run to run is named.
func golden(t *testing.T, name, text, dir string) {
	t.Helper()
	text = strings.ReplaceAll(text, dir, "/DIR")
	for pattern, to := range map[string]string{
		`\d{4}-\d\d-\d\dT[0-9:.]+Z`: "TIME", `("inode": ?|"size":)\d{5,}`: "${1}N", `"size":4096`: `"size":N`, `"(root|digest)": "[0-9a-f]{64}"`: `"$1": "DIGEST"`,
		`"(db_bytes|bytes_read)": \d+`: `"$1": N`, `"inode":\d+`: `"inode":N`, `,?"(birth_time|inode_flags|security_label)":("TIME"|\[\]|\{[^}]*\}|"[^"]*")`: "",
		`(?s),\s+"unsupported": \{[^}]*\}`: "", `"(uid|gid)":\d+`: `"$1":N`,
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, to)
	}
	file := filepath.Join("testdata", name)
	if os.Getenv("ATTESTA_TEST_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s (ATTESTA_TEST_UPDATE=1 writes it anew):\n%s", file, text)
	}
}

func TestIntegrityCommands(t *testing.T) {
	dir, at := t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	root, db := filepath.Join(dir, "tree"), filepath.Join(dir, "db")
	write := func(name, text string) {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("etc/app.conf", "a = 1\n")
	write("etc/gone", "x\n")
	write("caf\xe9", "x\n")
	if err := os.Symlink("app.conf", filepath.Join(root, "etc/link")); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := run(t, "integrity", "baseline", root, "--db", db, "--json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	golden(t, "baseline.json", stdout, dir)
	if stdout, stderr, code = run(t, "integrity", "check", "--db", db, "--json"); code != 0 {
		t.Errorf("nothing changed: exit %d: %s\n%s", code, stderr, stdout)
	}
	golden(t, "unchanged.json", stdout, dir)

	before, _, _ := run(t, "integrity", "root", "--db", db)
	write("etc/app.conf", "a = 22\n")
	write("caf\xe9", "y\n")
	write("etc/new", "n\n")
	if err := os.Remove(filepath.Join(root, "etc/gone")); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code = run(t, "integrity", "check", "--db", db, "--json")
	if code != 4 || !strings.Contains(stderr, "5 changes") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	golden(t, "changed.json", stdout, dir)
	var out struct {
		Changes []struct{ Path, Change string }
	}
	if err := json.Unmarshal([]byte(stdout), &out); err != nil || len(out.Changes) != 5 {
		t.Errorf("%d changes, %v", len(out.Changes), err)
	}
	if stdout, _, code = run(t, "integrity", "check", "--db", db, "--full"); code != 4 || !strings.Contains(stdout, "app.conf") || !strings.Contains(stdout, `caf\xe9"`) {
		t.Errorf("exit %d\n%s", code, stdout)
	}

	// The root is another, and going down leads to what changed and nothing else.
	db2 := filepath.Join(dir, "db2")
	if _, stderr, code = run(t, "integrity", "baseline", root, "--db", db2); code != 0 {
		t.Fatal(stderr)
	}
	after, _, _ := run(t, "integrity", "root", "--db", db2)
	if before == after || len(before) != 65 {
		t.Errorf("roots %q and %q", before, after)
	}
	old, _, _ := run(t, "integrity", "drill", filepath.Join(root, "etc"), "--db", db)
	now, _, _ := run(t, "integrity", "drill", filepath.Join(root, "etc"), "--db", db2)
	same := ""
	for line := range strings.Lines(old) {
		if strings.Contains(now, line) {
			same += line
		}
	}
	if strings.Count(same, "\n") != 1 || !strings.Contains(same, "link") {
		t.Errorf("the same in both: %q", same)
	}

	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"integrity", 0, ""},
		{"integrity baseline --db " + db, 2, "no path"},
		{"integrity baseline " + root, 2, "--db"},
		{"integrity baseline " + root + "/none --db " + db, 5, "none"},
		{"integrity baseline " + root + " --db " + dir + "/no/db", 8, "could not be written"},
		{"integrity baseline " + root + " --exclude /a/[ --db " + db, 2, "pattern"},
		{"integrity check", 2, "--db"},
		{"integrity check --db " + dir + "/none", 5, "baseline"},
		{"integrity check --db " + root + "/etc/app.conf", 2, "damaged or no snapshot"},
		{"integrity check extra --db " + db, 2, "one argument too many"},
		{"integrity drill /nowhere --db " + db, 5, "not in the snapshot"},
		{"integrity drill / /etc --db " + db, 2, "one argument too many"},
	} {
		if _, stderr, code := run(t, strings.Fields(tc.args)...); code != tc.code || !strings.Contains(stderr, tc.says) {
			t.Errorf("%s: exit %d, want %d:\n%s", tc.args, code, tc.code, stderr)
		}
	}
}
