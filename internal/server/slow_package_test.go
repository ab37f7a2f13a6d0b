package server

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// debOf builds a package of files by path, with maintainer scripts below DEBIAN.
func debOf(t *testing.T, name, version string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	put := func(path, text string) {
		path = filepath.Join(dir, path)
		mode := os.FileMode(0o644)
		if strings.HasSuffix(path, "/DEBIAN/postinst") {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	put("DEBIAN/control", fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n", name, version))
	for path, text := range files {
		put(path, text)
	}
	deb := filepath.Join(t.TempDir(), fmt.Sprintf("%s_%s_all.deb", name, version))
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "-b", dir, deb).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return deb
}

// A package from a file whose script takes its time: what is told while dpkg runs is
// judged by what dpkg records, before it ends and after. Without somebody's word on the
// package all of it is unexplained; with it nothing is, and no finding was ever opened.
func TestSlowPackageFromFile(t *testing.T) {
	for _, program := range []string{"dpkg", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil || os.Geteuid() != 0 {
			t.Skip("NOT RUN: needs dpkg and root, to install a package")
		}
	}
	name := fmt.Sprintf("attesta-test-%d", os.Getpid())
	tree := "/opt/" + name
	files := func(version, script string) map[string]string {
		return map[string]string{
			tree + "/data": "data " + version + "\n", tree + "/site.conf": "version = " + version + "\n", "DEBIAN/conffiles": tree + "/site.conf\n",
			"DEBIAN/postinst": "#!/bin/sh\nset -e\n" + script,
		}
	}
	dpkg := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("dpkg", args...).CombinedOutput(); err != nil {
			t.Fatalf("dpkg %v: %v\n%s", args, err, out)
		}
	}
	first := debOf(t, name, "1", files("1", "true\n"))
	second := debOf(t, name, "2", files("2", "echo half > "+tree+"/half\nsleep 5\necho done > "+tree+"/done\n"))
	third := debOf(t, name, "3", files("3", "sleep 5\nrm -f "+tree+"/half\n"))
	t.Cleanup(func() {
		if out, err := exec.Command("dpkg", "--purge", name).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if err := os.RemoveAll(tree); err != nil {
			t.Error(err)
		}
	})
	dpkg("-i", first)
	w := watch(t, tree)
	ann := w.named("ann", access.ComplianceManager)
	var of *component.Component
	w.until(time.Minute, "the package is known", func() string {
		list, _, _, err := w.p.components.List(t.Context(), ann, component.Filter{Kind: component.Package, Query: name}, "", 2)
		if err != nil || len(list) != 1 {
			return fmt.Sprintf("%d components, %v", len(list), err)
		}
		of = list[0]
		return ""
	})
	time.Sleep(4 * time.Second) // runs of dpkg are told apart by their seconds
	said := component.Said{What: component.Approved, Owner: "operations", Reason: "we build it", FromFile: true}
	if err := w.p.components.Say(t.Context(), ann, []string{of.ID}, said); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	dpkg("-i", second)
	if took := time.Since(began); took < 5*time.Second {
		t.Fatalf("dpkg took %s and was not slow", took)
	}
	for _, file := range []string{"data", "site.conf", "half", "done"} {
		g := w.group(filepath.Join(tree, file), verdictOf(verdict.ByPackage))
		if g.Package != name || !strings.Contains(g.Reason, "component "+of.ID) {
			t.Errorf("%s: %+v", file, g)
		}
	}
	page, err := w.p.findings.List(t.Context(), finding.Filter{Check: "integrity/no-unexplained-change"}, finding.ByNumber, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range page.Findings {
		t.Errorf("a finding was opened: %s of %s: %s", f.Ref(), f.Attribute, f.Reason)
	}
	if list, _, n, err := w.p.integrity.List(t.Context(), w.admin, integrity.Filter{Verdict: verdict.Unexplained}); err != nil || n != 0 {
		t.Errorf("%d groups are unexplained, %v: %+v", n, err, list)
	}

	// The word is taken back: the same by dpkg is unexplained.
	if err := w.p.components.Say(t.Context(), ann, []string{of.ID}, component.Said{What: component.Withdrawn, Reason: "we build it no more"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(4 * time.Second)
	dpkg("-i", third)
	g := w.group(filepath.Join(tree, "data"), verdictOf(verdict.Unexplained))
	if !strings.Contains(g.Reason, "package of unknown origin") {
		t.Errorf("%s", g.Reason)
	}
	w.open("no-unexplained-change", "system", true)
	w.verify()
}
