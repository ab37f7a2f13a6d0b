package internal_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// missionIDs are the capabilities that Attesta sets out to have. COVERAGE.md
// has one row for each, in this order.
var missionIDs = strings.Fields(`
A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16 A17 A18 A19 A20 A21 A22
B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15 B16 B17 B18 B19 B20
C7.1a C7.1b C7.1c C7.1d C7.1e C7.2a C7.2b C7.2c C7.2d C7.3a C7.3b C7.3c C7.3d
C7.4a C7.4b C7.4c C7.4d C7.4e C7.4f C7.4g C7.4h C7.4i C7.4j C7.4k C7.4l C7.4m
C7.5a C7.5b C7.5c C7.5d C7.5e C7.5f
D1 D2 D3 D4 D5 D6 D7`)

// TestCoverage holds COVERAGE.md against the tree. In each row, what stands in
// backquotes must exist: `internal/…` and `packs/…` a directory, `GET /path` a
// route of the web, `attesta …` and `attesta-agent …` a command, `dir TestName` a test.
func TestCoverage(t *testing.T) {
	src, err := os.ReadFile("../COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	var order []string
	for line := range strings.SplitSeq(string(src), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		id := strings.TrimSpace(cells[0])
		if !strings.HasPrefix(line, "|") || len(cells) != 4 || id == "id" || strings.HasPrefix(id, "-") {
			continue
		}
		rows[id] = line
		order = append(order, id)
		state, where, shown := strings.TrimSpace(cells[1]), cells[2], cells[3]
		switch state {
		case "not built":
			continue
		case "part", "built":
			if !strings.Contains(where, "`") || !strings.Contains(shown, "`") {
				t.Errorf("%s: a row that is %s names where it lives and the test that shows it", id, state)
			}
		default:
			t.Errorf("%s: state %q is none of: not built, part, built", id, state)
		}
	}
	if got, want := strings.Join(order, " "), strings.Join(missionIDs, " "); got != want {
		t.Errorf("COVERAGE.md lists\n%s\nwant\n%s", got, want)
	}

	routes := readAll(t, "web", ".go") + readAll(t, "web/*", ".go")
	var commands map[string]string
	named := regexp.MustCompile("`([^`]+)`")
	for _, id := range order {
		for _, m := range named.FindAllStringSubmatch(rows[id], -1) {
			name := m[1]
			switch dir, test, isTest := strings.Cut(name, " Test"); {
			case isTest:
				if !strings.Contains(readAll(t, "../"+dir, "_test.go"), "func Test"+test+"(") {
					t.Errorf("%s: there is no test %s", id, name)
				}
			case strings.HasPrefix(name, "GET "):
				if !strings.Contains(routes, `"`+name+`"`) {
					t.Errorf("%s: the web has no route %q", id, name)
				}
			case strings.HasPrefix(name, "attesta ") || strings.HasPrefix(name, "attesta-agent "):
				if commands == nil {
					commands = buildPrograms(t)
				}
				words := strings.Fields(name)
				help := exec.Command(commands[words[0]], append(words[1:], "--help")...)
				out, err := help.CombinedOutput()
				if err != nil || !bytes.Contains(out, []byte(strings.Join(words, " "))) {
					t.Errorf("%s: there is no command %q", id, name)
				}
			default:
				if st, err := os.Stat("../" + name); err != nil || !st.IsDir() {
					t.Errorf("%s: %s is no directory", id, name)
				}
			}
		}
	}
}

// readAll joins the files of one directory whose names end so.
func readAll(t *testing.T, dir, suffix string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(src)
	}
	return b.String()
}

func buildPrograms(t *testing.T) map[string]string {
	t.Helper()
	dir, built := t.TempDir(), map[string]string{}
	for _, name := range []string{"attesta", "attesta-agent"} {
		built[name] = filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", "-o", built[name], "../cmd/"+name).CombinedOutput(); err != nil {
			t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
	return built
}
