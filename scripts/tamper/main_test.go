package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Both programs refuse every variant of the golden package for its own reason, and
// a verifier that believes everything is found out.
func TestVariants(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"attesta-verify", "attesta"} {
		build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(bin, name), "../../cmd/"+name)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	fixtures := "../../internal/proof/offline/testdata/"
	var out strings.Builder
	bad, err := run(&out, fixtures+"golden.zip", fixtures+"trust.json", []string{filepath.Join(bin, "attesta-verify"), filepath.Join(bin, "attesta") + " verify"})
	t.Log("\n" + out.String())
	if err != nil || bad > 0 {
		t.Fatalf("%d variants were not refused as they have to be: %v", bad, err)
	}
	if n := strings.Count(out.String(), "not tried"); n > 1 { // the golden package has no workbook
		t.Errorf("%d variants were not tried", n)
	}
	credulous := filepath.Join(bin, "credulous")
	if err := os.WriteFile(credulous, []byte("#!/bin/sh\necho '{\"result\":\"verified\"}'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if bad, err := run(&out, fixtures+"golden.zip", fixtures+"trust.json", []string{credulous}); err != nil || bad < len(variants)-2 {
		t.Errorf("a verifier that believes everything was wrong %d times of %d: %v", bad, len(variants), err)
	}
}
