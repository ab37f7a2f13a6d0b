package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A change comes as one line with what was before, what is after and who.
func TestIntegrityWatch(t *testing.T) {
	tree := filepath.Join(t.TempDir(), "tree")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(tree, "conf")
	if err := os.WriteFile(file, []byte("a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(t.TempDir(), "db")
	if _, stderr, code := run(t, "integrity", "baseline", tree, "--db", db); code != 0 {
		t.Fatal(code, stderr)
	}
	for _, args := range [][]string{{tree}, {"--db", db}, {tree, "--db", db, "--only", "inotify"}, {tree, "--only", "polling"}} {
		ctx, cancel := context.WithCancel(context.Background())
		r, w := io.Pipe()
		cmd := root()
		cmd.SetArgs(append([]string{"integrity", "watch", "--json"}, args...))
		cmd.SetOut(w)
		done := make(chan error, 1)
		go func() {
			err := cmd.ExecuteContext(ctx)
			w.CloseWithError(io.EOF)
			done <- err
		}()
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		next := func() map[string]any {
			t.Helper()
			if !lines.Scan() {
				t.Fatalf("%v: no line: %v", args, lines.Err())
			}
			var m map[string]any
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				t.Fatalf("%v: %v: %s", args, err, lines.Text())
			}
			return m
		}
		first := next()
		mode, ok := first["mode"].(map[string]any)
		if !ok || first["notice"] != "mode" {
			t.Fatalf("%v: the first line is %v", args, first)
		}
		kind := mode["kind"].(string)
		if refused := mode["refused"].([]any); kind != "fanotify" && len(refused) == 0 {
			t.Errorf("%v: %s, and it is not said why", args, kind)
		}
		if slices.Contains(args, "--db") { // what had changed before comes first
			if c := next(); c["path"] != file || c["found"] != "start" {
				t.Errorf("%v: %v", args, c)
			}
		} else {
			time.Sleep(200 * time.Millisecond)
		}
		if err := os.WriteFile(file, []byte(strings.Join(args, " ")+time.Now().String()), 0o644); err != nil {
			t.Fatal(err)
		}
		c := next()
		after, _ := c["after"].(map[string]any)
		who, _ := c["who"].(map[string]any)
		if c["path"] != file || c["change"] != "changed" || len(after) == 0 || len(who) == 0 || c["time"] == nil {
			t.Errorf("%v: %v", args, c)
		}
		if exe, _ := who["exe"].(string); kind == "fanotify" && !strings.HasSuffix(exe, ".test") {
			t.Errorf("%v: written by this test, told %v", args, who)
		}
		cancel()
		go func() {
			for lines.Scan() {
			}
		}()
		if err := <-done; err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"watch"}, "no path is given"},
		{[]string{"watch", tree, "--only", "eyes"}, "is no way of watching"},
		{[]string{"watch", "/nowhere/at/all"}, "cannot be looked at"},
		{[]string{"watch", "/etc", "--db", db}, "is not in the snapshot"},
		{[]string{"watch", tree, "--db", db, "--exclude", "x"}, "stand in the snapshot"},
	} {
		if _, stderr, code := run(t, append([]string{"integrity"}, c.args...)...); code == 0 || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit %d, %s", c.args, code, stderr)
		}
	}
}
