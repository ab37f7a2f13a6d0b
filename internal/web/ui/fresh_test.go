package ui

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What is committed is what templ makes of the templates, here and in the areas.
func TestGeneratedCodeIsFresh(t *testing.T) {
	dir := t.TempDir() // laid out as `make gen` finds it: the names of files stand in what is generated
	templates, err := filepath.Glob("../*/*.templ")
	if err != nil || len(templates) < 10 {
		t.Fatalf("%d templates found, %v", len(templates), err)
	}
	for _, name := range templates {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(dir, name[len("../"):])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "tool", "templ", "generate", "-path", dir)
	cmd.Dir = filepath.Join("..", "..", "..", "tools")
	if out, err := cmd.CombinedOutput(); err != nil {
		if bytes.Contains(out, []byte("dial tcp")) || bytes.Contains(out, []byte("proxy")) {
			t.Skipf("NOT RUN: templ could not be fetched: %s", out)
		}
		t.Fatalf("templ: %v\n%s", err, out)
	}
	for _, name := range templates {
		made := name[:len(name)-len(".templ")] + "_templ.go"
		want, err := os.ReadFile(filepath.Join(dir, made[len("../"):]))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(made)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is older than %s: run 'make gen'", made, name)
		}
	}
}
