package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the program as an auditor has it: one static file in an empty
// directory, no path to anything else.
func TestScripts(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "bin")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", filepath.Join(bin, "attesta-verify"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fixtures := "../../internal/proof/offline/testdata"
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin)
			env.Setenv("HOME", "/nonexistent")
			for _, name := range []string{"golden.zip", "trust.json"} {
				content, err := os.ReadFile(filepath.Join(fixtures, name))
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), content, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// exits CODE ARGUMENT...: runs attesta-verify and compares its exit code.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec("attesta-verify", args[1:]...)
				got := 0
				if err != nil {
					var ok bool
					if got, ok = code(err); !ok {
						ts.Fatalf("%v", err)
					}
				}
				if strconv.Itoa(got) != args[0] {
					ts.Fatalf("exit code %d, want %s", got, args[0])
				}
			},
			// flip FILE OFFSET: changes one bit.
			"flip": func(ts *testscript.TestScript, _ bool, args []string) {
				path := ts.MkAbs(args[0])
				raw, err := os.ReadFile(path)
				ts.Check(err)
				at, err := strconv.Atoi(args[1])
				ts.Check(err)
				raw[at] ^= 1
				ts.Check(os.WriteFile(path, raw, 0o600))
			},
		},
	})
}

func code(err error) (int, bool) {
	text, ok := strings.CutPrefix(err.Error(), "exit status ")
	n, convErr := strconv.Atoi(text)
	return n, ok && convErr == nil
}

// Nothing that could open a connection is linked: crypto/x509 brings the types of
// addresses, and the linker leaves the rest out.
func TestNoNetworkIsLinked(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "attesta-verify")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "nm", bin).Output()
	if err != nil || !strings.Contains(string(out), "main.main") {
		t.Fatalf("%v\n%.200s", err, out)
	}
	for _, symbol := range []string{"net.(*Dialer)", "net.(*Resolver)", "net.socket", "syscall.Socket", "syscall.Connect", "syscall.connect"} {
		if strings.Contains(string(out), symbol) {
			t.Errorf("%s is linked", symbol)
		}
	}
}
