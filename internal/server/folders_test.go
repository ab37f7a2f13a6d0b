package server

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/operations/folder"
)

// programme runs `attesta programme` against a running server.
func programme(t *testing.T, data string, args ...string) (string, int) {
	t.Helper()
	root := cli.New("attesta", "", "test", ProgrammeCommand(data))
	var out, rest bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&rest)
	root.SetArgs(append([]string{"programme"}, args...))
	err := root.ExecuteContext(t.Context())
	var exit *cli.ExitError
	code := fault.ExitCode(err)
	if errors.As(err, &exit) {
		code = exit.Code
	}
	if err != nil {
		out.WriteString("error: " + err.Error() + "\n")
		var f *fault.Error
		if errors.As(err, &f) {
			out.WriteString(f.Hint + "\n")
		}
	}
	return out.String(), code
}

// The programme in Git: exported and committed, edited, looked at, brought in and
// exported again, after which Git sees no difference. What another person changed
// meanwhile is not overwritten.
func TestProgrammeInGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	data := t.TempDir()
	in := begin(t, local(data), Options{Embedded: true})
	in.login()
	dir := filepath.Join(t.TempDir(), "programme")
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org")
		raw, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, raw)
		}
		return string(raw)
	}
	does := func(code int, want string, args ...string) {
		t.Helper()
		text, got := programme(t, data, args...)
		if got != code || !strings.Contains(text, want) {
			t.Fatalf("%v: exit %d, want %d and %q:\n%s", args, got, code, want, text)
		}
	}
	edit := func(name, old, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		raw, err := os.ReadFile(path)
		if err != nil && old != "" {
			t.Fatal(err)
		}
		if old != "" && !bytes.Contains(raw, []byte(old)) {
			t.Fatalf("%s does not hold %q:\n%s", name, old, raw)
		}
		if old != "" {
			text = strings.Replace(string(raw), old, text, 1)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const control, vendor, policy = "controls/access-approved.yaml", "vendors/acme.yaml", "policies/lunch-policy.md"

	does(0, "0 removed", "export", dir)
	git("init", "-q")
	git("add", "-A")
	git("commit", "-qm", "the programme")
	does(0, "0 new and 0 changed", "import", dir, "--dry-run")

	edit(control, "owner: head of security", "owner: head of engineering")
	edit(vendor, "", "name: ACME\nservice: Hosting\nwhy: Near\nalternatives: None looked at\ndata: [internal]\nanswers: {}\n")
	edit(policy, "", "---\ntitle: Lunch policy\nowner: head of security\nroles: [contributor]\ndays: 30\nreview_months: 12\nstate: published\n---\n\n# Lunch\n\n- Everybody eats lunch away from keyboards. {proof: access-approved}\n")
	does(4, `owner: "head of security" → "head of engineering"`, "import", dir, "--dry-run")
	does(4, "2 new and 1 changed files would be brought in", "import", dir, "--dry-run")
	does(7, "edited since the last export", "export", dir)
	does(0, "2 new and 1 changed files were brought in", "import", dir, "--reason", "A lunch for everybody")
	does(0, "0 new and 0 changed", "import", dir, "--dry-run")
	git("add", "-A")
	git("commit", "-qm", "lunch")
	does(0, "files in", "export", dir)
	for _, line := range strings.Split(strings.TrimSpace(git("diff", "--stat")), "\n") {
		if !strings.Contains(line, vendor) && !strings.Contains(line, policy) && !strings.Contains(line, "2 files changed") && !strings.Contains(line, "base.yaml") && !strings.Contains(line, "3 files changed") {
			t.Errorf("after the first export Git sees %s", line)
		}
	}
	if text := git("diff", policy); !strings.Contains(text, "\n-state: published\n") || !strings.Contains(text, "\n+state: submitted\n") {
		t.Errorf("what another person decides is left to them:\n%s", text)
	}
	git("add", "-A")
	git("commit", "-qm", "as Attesta writes it")
	edit(control, "owner: head of engineering", "owner: head of operations")
	does(0, "0 new and 1 changed files were brought in", "import", dir)
	git("commit", "-qam", "another owner")
	does(0, "files in", "export", dir)
	if text := git("status", "--porcelain"); text != "" {
		t.Errorf("Git sees differences after an import and an export:\n%s", text)
	}

	// Somebody else brings in another change from a folder of theirs.
	other := filepath.Join(t.TempDir(), "other")
	does(0, "files in", "export", other)
	mine := dir
	dir = other
	edit(control, "owner: head of operations", "owner: head of people")
	edit(vendor, "service: Hosting", "service: Hosting and mail")
	does(0, "0 new and 2 changed files were brought in", "import", other)
	dir = mine
	edit(control, "owner: head of operations", "owner: head of nothing")
	edit(vendor, "why: Near", "why: Nearby")
	does(4, "CONFLICT             "+control, "import", dir, "--dry-run")
	does(7, "2 files were changed here and on the server", "import", dir)
	git("checkout", "-q", control, vendor)
	does(4, "newer on the server  "+control, "import", dir, "--dry-run")
	does(0, "0 new and 0 changed files were brought in", "import", dir)
	does(0, "3 changed", "export", dir) // and what they are based on
	git("commit", "-qam", "what others did")
	edit(control, "owner: head of people", "owner: head of all")
	base := filepath.Join(t.TempDir(), "base")
	git("worktree", "add", "-q", base, "HEAD")
	if err := os.RemoveAll(filepath.Join(dir, ".attesta")); err != nil {
		t.Fatal(err)
	}
	does(4, "does not say what it was exported from", "import", dir, "--dry-run")
	does(0, "0 new and 1 changed", "import", dir, "--base", base)

	// What is wrong is told with its line, and nothing of the rest is brought in.
	edit(control, "owner: head of all", "owner: head of some")
	edit(vendor, "data:\n  - internal", "data:\n  - everything")
	does(4, "REFUSED              "+vendor+":8: data: ", "import", dir)
	edit(vendor, "service:", "servcie:")
	does(2, vendor+":4: the key \"servcie\" is not known here", "import", dir)
	git("checkout", "-q", vendor)
	does(4, `owner: "head of all" → "head of some"`, "import", dir, "--dry-run")
	if err := os.Remove(filepath.Join(dir, "controls/alerts-triaged.yaml")); err != nil {
		t.Fatal(err)
	}
	does(4, "only on the server   controls/alerts-triaged.yaml: it is kept", "import", dir, "--dry-run")
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	verify(t, local(data), "programme.imported", "programme.exported")
}

// A programme of 200 controls, 24 policies and 300 vendors is brought in within a
// minute on one core, and taken out in seconds.
func TestProgrammeSize(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred things take a while")
	}
	data := t.TempDir()
	begin(t, local(data), Options{}).login()
	dir := filepath.Join(t.TempDir(), "programme")
	does := func(code int, want string, args ...string) time.Duration {
		t.Helper()
		began := time.Now()
		text, got := programme(t, data, args...)
		took := time.Since(began)
		if got != code || !strings.Contains(text, want) {
			t.Fatalf("%v: exit %d, want %d and %q:\n%.3000s", args, got, code, want, text)
		}
		t.Logf("%s took %s", strings.Join(append(args[:1:1], args[2:]...), " "), took.Round(time.Millisecond))
		return took
	}
	does(0, "files in", "export", dir)
	x := folder.Tree{}
	for i := range 24 {
		x[fmt.Sprintf("policies/policy-%d.md", i)] = fmt.Appendf(nil, "---\ntitle: Policy %d\nowner: head of security\nroles: [contributor]\ndays: 30\nreview_months: 12\nstate: published\n---\n\n# Policy %d\n\n%s", i, i, strings.Repeat("- Everybody does what is written here, and tells of what does not work. {proof: access-approved}\n", 60))
	}
	for i := range 300 {
		x[fmt.Sprintf("vendors/vendor-%d.yaml", i)] = fmt.Appendf(nil, "name: Vendor %d\nservice: Hosting of part %d\nwhy: It is near and has a report\nalternatives: None was looked at\ndata: [internal]\nanswers: {}\ncontracts:\n  - title: Frame\n    from: 2026-01-01\n    breach_hours: 72\n", i, i)
	}
	for i := range 160 {
		x[fmt.Sprintf("controls/own-control-%d.yaml", i)] = fmt.Appendf(nil, "title: Control %d of ours\nstatement: Somebody looks at part %d each month, and writes down what was seen.\nrisk: Nobody would notice.\nowner: head of security\nperformer: engineer\nweight: supporting\nnature: detective\nmode: manual\nfrequency: monthly\nevidence: [minutes]\npoints:\n  - {criterion: CC4.1, number: 1, relation: supports, rationale: It looks at what others do.}\n", i, i)
	}
	for p, raw := range x {
		path := filepath.Join(dir, p)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	took := does(4, "484 new and 0 changed files would be brought in", "import", dir, "--dry-run")
	took = max(took, does(0, "484 new and 0 changed files were brought in", "import", dir))
	does(0, "0 new and 0 changed files would be brought in", "import", dir, "--dry-run")
	out := does(0, "files in", "export", dir, "--force")
	does(0, "0 new and 0 changed", "import", dir, "--dry-run")
	if took > time.Minute || out > 10*time.Second {
		t.Errorf("in %s, out %s", took, out)
	}
}
