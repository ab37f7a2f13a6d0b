package main

import (
	"bytes"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/attesta/attesta/packs"
)

// The program is copied to machines that owe us nothing: one file, without
// anything it would need there, of at most 20 MB. Of the packs it holds the
// standards, which it can judge, and nothing else.
func TestBinary(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT RUN with -short: builds the program")
	}
	const limit = 20 << 20
	path := filepath.Join(t.TempDir(), "attesta-agent")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=1.2.3", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", st.Size())
	if st.Size() > limit {
		t.Errorf("%d bytes, over %d", st.Size(), limit)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	others := slices.Concat([]string{"controls", "guidance"}, packs.Risks(), packs.Crosswalks(), packs.Outlines())
	for _, id := range slices.Concat(packs.Standards(), others) {
		dir, err := packs.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := fs.ReadFile(dir, "pack.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if held, want := bytes.Contains(program, manifest), slices.Contains(packs.Standards(), id); held != want {
			t.Errorf("pack %s is embedded: %v, want %v", id, held, want)
		}
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it is linked dynamically (%s)", p.Type)
		}
	}
	if out, err := exec.Command(path, "version").Output(); err != nil || string(out) != "attesta-agent 1.2.3\n" {
		t.Errorf("version: %q, %v", out, err)
	}
}
