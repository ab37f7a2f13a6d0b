package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRootStaysInside(t *testing.T) {
	dir := t.TempDir()
	root := Root{Dir: filepath.Join(dir, "root")}
	if err := os.MkdirAll(filepath.Join(root.Dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"up": "../../secret", "abs": filepath.Join(dir, "secret"), "loop": "loop", "far": "../../../../../../etc/self", "self": "/etc/target"} {
		if err := os.Symlink(to, filepath.Join(root.Dir, "etc", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root.Dir, "etc/target"), []byte("inside"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"up", "abs"} {
		if b, err := root.Read("/etc/" + name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	if b, err := root.Read("/etc/far"); err != nil || string(b) != "inside" {
		t.Errorf("far: %q %v", b, err)
	}
	if _, err := root.Read("/etc/loop"); err == nil {
		t.Error("a loop of links was followed to an end")
	}
}

func TestLargeAndOddFiles(t *testing.T) {
	root := Root{Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(root.Dir, "etc/passwd"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Read("/etc/passwd"); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(filepath.Join(root.Dir, "big"), make([]byte, maxConfig+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := root.Read("/big"); err == nil || !strings.Contains(err.Error(), "larger than the limit") {
		t.Errorf("error %v", err)
	}
	if got := Clean("a\xffb\xfe\u00e9"); got != `a\xffb\xfe`+"\u00e9" {
		t.Errorf("%q", got)
	}
}
