// Package internal_test holds the house plan: which floor a package stands on,
// what it may import, how large it may grow, and what must stay out of the
// small programs. Every rule says why, so that whoever meets it can judge
// whether the rule or the change is wrong.
package internal_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/attesta/attesta/"

// floors, lowest first. A package may import packages of lower floors, and of
// its own floor only where sameFloor says so: then the order cannot form a
// ring, and a reader can understand any floor by reading downwards only.
var floors = []struct {
	name     string
	prefixes []string
	same     bool // may import its own floor
	why      string
}{
	{"pure base", []string{"internal/base/fault", "internal/base/ids", "internal/base/clock", "internal/base/config"}, true,
		"everything rests on it, so it rests on nothing of ours"},
	{"declared", []string{"internal/facts", "internal/wire", "internal/pack", "internal/judge", "internal/catalog", "internal/proof", "packs"}, true,
		"pure: the agent and the verifier import it, so it must not reach a database or a screen"},
	{"stateful base", []string{"internal/base/database", "internal/base/blobs", "internal/base/ledger", "internal/base/jobs", "internal/base/access", "internal/base/sealed", "internal/base/dial", "internal/base/health", "internal/base/backup", "internal/base/anchor", "internal/base/journal"}, true,
		"storage and identity, without any word of the programme"},
	{"evidence", []string{"internal/evidence"}, true,
		"populations, outcomes and findings know items and sources, not what they are in the world"},
	{"domains", []string{"internal/program", "internal/operations", "internal/response", "internal/audit"}, true,
		"what the organisation has and does"},
	{"posture", []string{"internal/posture"}, true,
		"a fold over records of every domain"},
	{"edges", []string{"internal/ingest", "internal/agent", "internal/simulation", "internal/connectors", "internal/notify", "internal/render", "internal/web", "internal/api", "internal/mcp", "internal/cli", "internal/metrics"}, true,
		"protocols and screens: they translate, they do not decide"},
	{"server", []string{"internal/server"}, false,
		"the only package that knows all of them"},
	{"programs", []string{"cmd", "e2e", "scripts"}, true, "thin: flags in, exit code out"},
}

// forbidden edges beyond the floors.
var forbidden = []struct{ from, to, why string }{
	{"internal/agent", "internal/base/database", "the agent is small and static: it keeps its state in files"},
	{"internal/agent", "internal/base/ledger", "the agent only reports; what is kept is the server's to say"},
	{"internal/agent", "internal/evidence", "the agent judges with judge and pack alone, the same code that the server runs"},
	{"internal/agent", "internal/web", "the agent has no screens"},
	{"internal/web", "internal/ingest", "screens show records, never a batch on its way"},
	{"internal/web", "internal/agent", "screens show what was stored, never what an agent holds"},
	{"internal/facts", "internal/judge", "facts are read before anybody judges them"},
	{"internal/judge", "internal/pack", "an expression knows nothing of the file it came from"},
	{"internal/ingest", "internal/operations", "ingest stores and acknowledges; the server hands it the domain's handlers"},
	{"internal/evidence/outcome", "internal/evidence/standard", "an outcome is about a check, whichever standard declares it"},
}

type listed struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	CgoFiles     []string
	TestGoFiles  []string
	Doc          string
}

func list(t *testing.T, env []string, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles,CgoFiles,TestGoFiles,Doc"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func under(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

func floorOf(path string) int {
	for i, f := range floors {
		for _, p := range f.prefixes {
			if under(path, p) {
				return i
			}
		}
	}
	return -1
}

func TestFloors(t *testing.T) {
	packages := list(t, nil, "./...")
	if len(packages) < 10 {
		t.Fatalf("only %d packages were listed; the test is looking in the wrong place", len(packages))
	}
	for _, p := range packages {
		from := strings.TrimPrefix(p.ImportPath, module)
		if from == "internal" { // this test
			continue
		}
		f := floorOf(from)
		if f < 0 {
			t.Errorf("%s stands on no floor: add it to the table in this file", from)
			continue
		}
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			switch g := floorOf(to); {
			case g > f:
				t.Errorf("%s (%s) imports %s (%s): imports go down only; %s", from, floors[f].name, to, floors[g].name, floors[f].why)
			case g == f && !floors[f].same:
				t.Errorf("%s imports %s of its own floor; %s", from, to, floors[f].why)
			}
			for _, rule := range forbidden {
				if under(from, rule.from) && under(to, rule.to) {
					t.Errorf("%s imports %s: %s", from, to, rule.why)
				}
			}
		}
	}
}

// The agent and the verifier are copied to machines that owe us nothing: they
// are static, and they hold no database, no screen and no second language.
func TestSmallProgramsStaySmall(t *testing.T) {
	never := map[string]string{
		"modernc.org/sqlite":                      "no database in a small program",
		"github.com/jackc/pgx/v5":                 "no database in a small program",
		"github.com/a-h/templ":                    "no screens in a small program",
		"github.com/riverqueue/river":             "no jobs in a small program",
		module + "internal/base/database":         "no database in a small program",
		module + "internal/evidence":              "a small program judges, it keeps no outcomes",
		module + "internal/web":                   "no screens in a small program",
		module + "internal/server":                "a small program is not the server",
		"github.com/google/osv-scalibr":           "costs 70 MB of binary: package lists are read directly",
		"github.com/duckdb/duckdb-go":             "cgo",
		"github.com/danielgtaylor/huma/v2":        "no API server in a small program",
		"github.com/modelcontextprotocol/go-sdk":  "no API server in a small program",
		"go.opentelemetry.io/collector/component": "no collector in a small program",
	}
	// The verifier is read by people who trust nobody: it holds what verifying
	// takes and nothing that could reach out.
	verifier := map[string]string{
		module + "internal/base/blobs":  "the verifier reads packages, not a store",
		module + "internal/base/ledger": "the verifier reads proofs, not a ledger",
		module + "internal/cli":         "the verifier has one command",
		"github.com/spf13/cobra":        "the verifier has one command",
		"net/http":                      "the verifier needs no network",
		"crypto/tls":                    "the verifier needs no network",
		"os/exec":                       "the verifier starts nothing",
	}
	for _, p := range list(t, []string{"CGO_ENABLED=0"}, "-deps", "./cmd/attesta-verify") {
		// crypto/x509 names the type of an address; whoever else imports net could reach out
		if slices.Contains(p.Imports, "net") && p.ImportPath != "crypto/x509" {
			t.Errorf("cmd/attesta-verify imports net through %s: the verifier needs no network", p.ImportPath)
		}
		for path, why := range verifier {
			if under(p.ImportPath, path) {
				t.Errorf("cmd/attesta-verify imports %s: %s", p.ImportPath, why)
			}
		}
	}
	for _, program := range []string{"./cmd/attesta-agent", "./cmd/attesta-verify"} {
		for _, p := range list(t, []string{"CGO_ENABLED=0"}, "-deps", program) {
			if len(p.CgoFiles) > 0 {
				t.Errorf("%s needs cgo through %s", program, p.ImportPath)
			}
			for path, why := range never {
				if under(p.ImportPath, path) {
					t.Errorf("%s imports %s: %s", program, p.ImportPath, why)
				}
			}
		}
	}
}

var generated = regexp.MustCompile(`^// Code generated .* DO NOT EDIT\.$`)

// lines counts a Go file's lines of code: comments and blank lines are free. A
// generated file counts as none.
func lines(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, seen := 0, 0
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for ; s.Scan(); seen++ {
		text := strings.TrimSpace(s.Text())
		if seen < 20 && generated.MatchString(text) {
			return 0
		}
		if text != "" && !strings.HasPrefix(text, "//") {
			n++
		}
	}
	return n
}

// larger packages than the rule allows, and why.
var larger = map[string]struct {
	lines int
	why   string
}{
	"internal/web":              {15700, "one file per screen over one request type, and one declaration of every list for its files; all is wiring of forms and pages, without rules. New areas bring packages of their own, and the older ones follow"},
	"internal/base/access":      {3450, "who may come in, by which way, and for how long: one session, one lock-out, one table, and who held which role when"},
	"internal/api":              {3600, "one table of operations, a file for each area; an operation is a few lines that hand its input on"},
	"internal/server":           {7200, "wiring of every service, a few lines each (each area of the programme is one), the checks of a deployment, and one file of commands per domain; these go as each becomes an operation of internal/api"},
	"internal/operations/host":  {3300, "one host from batch to finding, the accounts that its sections name, read for people, and what other registers are told of it"},
	"internal/program/change":   {3050, "one register, from what a forge or a person said to the token that lets a change onto hosts"},
	"internal/program/people":   {3050, "who there is, from what each source says to whether a leaver's accounts and badges are gone; checklists, registers and rules of matching stand in packages of their own"},
	"internal/cli":              {3800, "one file of verbs per domain; those that only look go as each becomes an operation of internal/api"},
	"internal/base/ledger":      {3200, "one log from entry to signed tile, its verification and its epochs over one view of the tree"},
	"internal/evidence/outcome": {3700, "changes, counts and coverage on two time axes, which one test holds equal to a scan"},
}

// A package is one noun. Past these sizes it has become two, or a file has
// become a drawer; split it rather than raise the limit.
func TestSizes(t *testing.T) {
	const perFile, perPackage = 600, 3000
	for _, p := range list(t, nil, "./...") {
		total, limit := 0, perPackage
		if l, ok := larger[strings.TrimPrefix(p.ImportPath, module)]; ok {
			limit = l.lines
		}
		for _, name := range p.GoFiles {
			n := lines(t, filepath.Join(p.Dir, name))
			total += n
			if n > perFile {
				t.Errorf("%s/%s has %d lines of code, over %d", p.ImportPath, name, n, perFile)
			}
		}
		if total > limit {
			t.Errorf("%s has %d lines of code, over %d", p.ImportPath, total, limit)
		}
		if p.Doc == "" && total > 0 {
			t.Errorf("%s has no package comment: say its purpose, invariants and floor", p.ImportPath)
		}
	}
}

// SQL stands in store.go files (store_*.go where one would grow too long) and
// migrations; a query elsewhere escapes the subset lint and the reviewer.
func TestSQLOnlyInStores(t *testing.T) {
	call := regexp.MustCompile(`\.(Query|QueryRow|Exec)(Context)?\(`)
	statement := regexp.MustCompile("[`\"](SELECT|INSERT|UPDATE|DELETE|WITH|CREATE TABLE|DROP|ALTER) ")
	allowed := []string{"internal/base/database/", // opens, migrates and probes the engines themselves
		"internal/connectors/postgres/"} // asks other people's servers
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		base, full := filepath.Base(path), "internal/"+path
		if base == "store.go" || strings.HasPrefix(base, "store_") || slices.ContainsFunc(allowed, func(p string) bool { return strings.HasPrefix(full, p) }) {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if statement.Match(src) || (call.Match(src) && bytes.Contains(src, []byte("database/sql"))) {
			t.Errorf("%s speaks SQL: move it to store.go", full)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A grab-bag package has no noun, so everything ends up in it.
func TestNoGrabBags(t *testing.T) {
	for _, p := range list(t, nil, "./...") {
		switch name := filepath.Base(p.ImportPath); name {
		case "util", "utils", "common", "models", "types", "service", "services", "helpers", "misc", "shared", "store":
			t.Errorf("%s: %q is no domain noun", p.ImportPath, name)
		}
	}
}
