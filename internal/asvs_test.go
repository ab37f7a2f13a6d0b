package internal_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// asvsLevels are the requirements of the OWASP ASVS 5.0.0: for each section the
// level of its first, second, … requirement.
var asvsLevels = strings.Fields(`
1.1:22 1.2:1111122223 1.3:112222222223 1.4:222 1.5:123
2.1:122 2.2:112 2.3:12223 2.4:23
3.1:3 3.2:113 3.3:12223 3.4:11222233 3.5:11122333 3.6:3 3.7:22333
4.1:12233 4.2:23333 4.3:22 4.4:1222
5.1:2 5.2:112333 5.3:113 5.4:222
6.1:122 6.2:111111112222 6.3:11223333 6.4:112233 6.5:22222333 6.6:2223 6.7:33 6.8:2222
7.1:222 7.2:1111 7.3:22 7.4:11222 7.5:223 7.6:22
8.1:1233 8.2:1123 8.3:133 8.4:23
9.1:111 9.2:1222
10.1:22 10.2:223 10.3:22223 10.4:1111122222233333 10.5:22222 10.6:22 10.7:222
11.1:2233 11.2:22233 11.3:11233 11.4:1222 11.5:23 11.6:23 11.7:33
12.1:12233 12.2:11 12.3:22223
13.1:2333 13.2:222223 13.3:2233 13.4:1222233
14.1:22 14.2:12223333 14.3:122
15.1:12233 15.2:12233 15.3:1222222 15.4:3333
16.1:2 16.2:22222 16.3:2222 16.4:222 16.5:2223
17.1:23 17.2:22223333 17.3:22`)

var namedTest = regexp.MustCompile("`([a-z/]+) (Test[A-Za-z0-9]+|Fuzz[A-Za-z0-9]+)`")

// testsExist holds that the tests that a text names are there, and gives how
// many it names.
func testsExist(t *testing.T, where, text string) int {
	t.Helper()
	all := namedTest.FindAllStringSubmatch(text, -1)
	for _, m := range all {
		if !strings.Contains(readAll(t, "../"+m[1], "_test.go"), "func "+m[2]+"(") {
			t.Errorf("%s: there is no test %s %s", where, m[1], m[2])
		}
	}
	return len(all)
}

// TestASVS holds docs/asvs.md: each requirement of levels 1 and 2 has one line,
// in order, with a state; what is met or partly met says where; tests exist; and
// the counts above the table are those of the table.
func TestASVS(t *testing.T) {
	var want []string
	for _, s := range asvsLevels {
		section, levels, _ := strings.Cut(s, ":")
		for i, l := range levels {
			if l != '3' {
				want = append(want, fmt.Sprintf("V%s.%d %c", section, i+1, l))
			}
		}
	}
	if len(want) != 253 { // 70 of level 1, 183 of level 2
		t.Fatalf("the list above has %d requirements", len(want))
	}
	src, err := os.ReadFile("../docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	states := map[string]int{}
	for line := range strings.SplitSeq(string(src), "\n") {
		if !strings.HasPrefix(line, "| V") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 6 {
			t.Errorf("%d cells: %s", len(cells), line)
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		id, state, where, shown := cells[0], cells[3], cells[4], cells[5]
		got = append(got, id+" "+cells[1])
		states[state]++
		switch state {
		case "met", "partly":
			if where == "" || shown != "by reading" && testsExist(t, id, shown) == 0 {
				t.Errorf("%s: says neither where nor by which test", id)
			}
		case "not met", "not applicable":
			if where == "" {
				t.Errorf("%s: no reason", id)
			}
		default:
			t.Errorf("%s: state %q", id, state)
		}
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("docs/asvs.md has not each requirement of levels 1 and 2 once and in order:\n%s", firstDifference(got, want))
	}
	counts := fmt.Sprintf("%d lines: %d met, %d partly, %d not met, %d not applicable.", len(got), states["met"], states["partly"], states["not met"], states["not applicable"])
	if !strings.Contains(string(src), counts) {
		t.Errorf("docs/asvs.md does not say: %s", counts)
	}
}

func firstDifference(got, want []string) string {
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			return fmt.Sprintf("line %d is not %s", i+1, want[i])
		}
	}
	return "there are more lines than requirements"
}

// TestThreatModel holds docs/threat-model.md: each boundary has a threat of each
// of STRIDE's letters, and each test that it names exists.
func TestThreatModel(t *testing.T) {
	src, err := os.ReadFile("../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := testsExist(t, "docs/threat-model.md", string(src)); n < 30 {
		t.Errorf("only %d tests are named", n)
	}
	boundary := regexp.MustCompile(`(?m)^### (B\d+) `)
	starts := boundary.FindAllStringSubmatchIndex(string(src), -1)
	if len(starts) < 6 {
		t.Fatalf("%d boundaries", len(starts))
	}
	for i, at := range starts {
		end := len(src)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		text := string(src[at[0]:end])
		for _, letter := range "STRIDE" {
			if !strings.Contains(text, fmt.Sprintf("\n| %c |", letter)) {
				t.Errorf("%s says nothing of %c", text[4:6], letter)
			}
		}
	}
}
