package integrity

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// Logs under the real logrotate: turns are no change; what is rewritten,
// emptied, removed or put among them is.
func TestDeclaredLogs(t *testing.T) {
	logrotate := need(t, "logrotate", "logrotate")
	dir := t.TempDir()
	root, conf := dir+"/log", dir+"/conf"
	for _, name := range []string{"/app.log", "/steady.log", "/nginx/access.log"} {
		put(t, root+name, strings.Repeat("line of "+name+"\n", 20))
	}
	put(t, root+"/notes.txt", "no log\n")
	config := root + "/app.log " + root + "/nginx/access.log {\nrotate 2\nsize 1\ncompress\ndelaycompress\ncreate\n}\n"
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	turn := func() {
		if out, err := exec.Command(logrotate, "-f", "-s", dir+"/state", conf).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	grow := func(p, text string) {
		f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	turn()
	grow(root+"/app.log", "first\n")
	grow(root+"/nginx/access.log", "first\n")
	o := snapshot.Options{Logs: []string{root + "/**/*.log*"}}
	s, _ := base(t, o, root)
	grow(root+"/app.log", "more\n")
	grow(root+"/steady.log", "more\n")
	changes, found := check(t, s, How{})
	if len(changes) != 0 || found.Logs != (Logs{Grown: 2}) {
		t.Errorf("%q, %+v", told(changes), found.Logs)
	}
	for i := range 3 { // past the end of the chain
		turn()
		grow(root+"/app.log", fmt.Sprintf("turn %d\n", i))
		grow(root+"/nginx/access.log", fmt.Sprintf("turn %d\n", i))
		changes, found = check(t, s, How{})
		for _, c := range changes {
			// Once what was recorded of the file that is written to has fallen out as well, it cannot be told from one that was emptied.
			if found.Logs.Rotated > 0 {
				t.Errorf("%s %s: %s %s", c.Change, c.Path, c.Log, c.Reason)
			}
		}
	}
	s, _ = base(t, o, root)
	b, err := os.ReadFile(root + "/app.log.1")
	if err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if err := os.WriteFile(root+"/app.log.1", b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(root+"/steady.log", 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(root + "/nginx/access.log.1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root+"/app.log", 0o666); err != nil {
		t.Fatal(err)
	}
	grow(root+"/app.log", "more\n")
	put(t, root+"/put.log", "by somebody\n")
	put(t, root+"/notes.txt", "another\n")
	changes, _ = check(t, s, How{})
	got := []string{}
	for _, c := range changes {
		got = append(got, strings.TrimSpace(string(c.Change)+" "+strings.TrimPrefix(c.Path, root)+" "+c.Log))
	}
	slices.Sort(got)
	want := []string{"added /put.log", "changed", "changed /app.log grown", "changed /app.log.1 rewritten", "changed /nginx", "changed /notes.txt", "changed /steady.log shrunk", "removed /nginx/access.log.1 gone"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if _, err := NewOptions(filepath.Join(dir, "db"), []string{root}, snapshot.Options{Logs: []string{"[/"}}); err == nil {
		t.Error("a bad pattern was taken")
	}
}
