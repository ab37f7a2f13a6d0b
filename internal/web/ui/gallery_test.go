package ui

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

// gallery is every screen with sample content, full and empty. With
// ATTESTA_GALLERY=DIR the test leaves the pages there, to be looked at.
func gallery() map[string]templ.Component {
	return map[string]templ.Component{
		"login":            Login(Shell{Title: "Log in", Zone: "UTC", Assets: sampleAssets()}, LoginView{Next: "/"}),
		"login-locked":     Login(Shell{Title: "Log in", Zone: "UTC", Assets: sampleAssets()}, LoginView{Login: "maeve", Problem: "Locked until 11:42.", Hint: "Five attempts failed in a row. Wait, or ask an administrator for a one-time link."}),
		"link":             OneTimeLink(Shell{Title: "Come in", Zone: "UTC", Assets: sampleAssets()}, LinkView{Action: "/link/x"}),
		"link-gone":        OneTimeLink(Shell{Title: "Link", Zone: "UTC", Assets: sampleAssets()}, LinkView{Gone: "This link was used already, is too old or never existed.", Hint: ""}),
		"account":          Account(sampleShell("", ""), sampleAccount()),
		"home":             Home(sampleShell("Home", ""), sampleHome()),
		"home-first":       Home(sampleShell("Home", ""), sampleHomeFirst()),
		"criteria":         Criteria(sampleShell("Comply", "Criteria"), sampleCriteria()),
		"criteria-none":    Criteria(sampleShell("Comply", "Criteria"), CriteriaView{Title: "No criterion carries a known deviation today", All: 61, Undo: "/criteria"}),
		"criterion":        Criterion(sampleShell("Comply", "Criteria"), sampleCriterion()),
		"criterion-drawer": Drawn(CriterionDrawer(sampleCriterion())),
		"controls":         Controls(sampleShell("Comply", "Controls"), ControlsView{Title: "1 of 3 controls shows a deviation", Note: "A control takes the worst of its checks and instances.", Rows: sampleControls(), All: 3, Chips: []Chip{{Text: "All 3", Href: "/controls", Current: true}}}),
		"control":          Control(sampleShell("Comply", "Controls"), sampleControl()),
		"check":            Check(sampleShell("Operate", "Standards"), sampleCheck()),
		"hosts":            Hosts(sampleShell("Operate", "Hosts"), sampleHosts()),
		"hosts-empty":      Hosts(sampleShell("Operate", "Hosts"), HostsView{Title: "No host has reported yet", Empty: &Empty{Title: "Waiting for the first host", Text: "The agent reports by itself.", Criteria: []Link{{"CC7.1", "/criteria/CC7.1"}}, Command: "attesta agent token", Actions: []Link{{"Look again", "/hosts"}}}}),
		"host":             Host(sampleShell("Operate", "Hosts"), sampleHost()),
		"section":          HostSection(sampleShell("Operate", "Hosts"), sampleSection()),
		"findings":         Findings(sampleShell("Operate", "Findings"), sampleFindings()),
		"finding":          Finding(sampleShell("Operate", "Findings"), sampleFinding()),
		"standards":        Standards(sampleShell("Operate", "Standards"), StandardsView{Title: "1 standard is in force", Rows: []StandardRow{{Link: Link{"Linux server", "/standards/std_1"}, ID: "linux-server", Version: "1.0.0", Draft: true, State: "in force", Approved: "not approved yet", Checks: 41}}}),
		"standard":         Standard(sampleShell("Operate", "Standards"), sampleStandard()),
		"ledger":           Ledger(sampleShell("Settings", "Ledger"), sampleLedger()),
		"entry":            Entry(sampleShell("Settings", "Ledger"), sampleEntry()),
		"fault":            Fault(sampleShell("", ""), FaultView{Title: "This page could not be read just now", Text: "The database did not answer.", Hint: "Collection goes on.", Reference: "req_01k2xa7", Actions: []Link{{"Try again", "/"}}}),
	}
}

// Drawn puts a drawer into a page.
func Drawn(c templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		var b bytes.Buffer
		if err := Frame(sampleShell("Comply", "Criteria")).Render(ctx, &b); err != nil {
			return err
		}
		var d bytes.Buffer
		if err := c.Render(ctx, &d); err != nil {
			return err
		}
		page := strings.Replace(b.String(), `aria-label="Detail" hidden>`, `aria-label="Detail">`+d.String(), 1)
		_, err := w.Write([]byte(page))
		return err
	})
}

func TestScreens(t *testing.T) {
	dir := os.Getenv("ATTESTA_GALLERY")
	for name, c := range gallery() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := c.Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			if dir != "" {
				page := strings.ReplaceAll(b.String(), `"/static/`, `"static/`)
				if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(page), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			inspect(t, b.Bytes())
		})
	}
}

var forbiddenWords = regexp.MustCompile(`(?i)\b(certified|compliant|guaranteed|successfully|please)\b|<nil>|%!`)

// inspect holds what every page must: well nested, nothing that the content
// security policy refuses, captions, labels, distinct ids, no forbidden word.
func inspect(t *testing.T, page []byte) {
	t.Helper()
	if w := forbiddenWords.Find(page); w != nil {
		t.Errorf("the page says %q", w)
	}
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	labelled := map[string]bool{}
	var inputs []*html.Node
	h1 := 0
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			for _, a := range n.Attr {
				switch {
				case a.Key == "style":
					t.Errorf("<%s> has a style attribute", n.Data)
				case strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-on"):
					t.Errorf("<%s> has an inline script in %s", n.Data, a.Key)
				case a.Key == "id":
					if ids[a.Val] {
						t.Errorf("id %q stands twice", a.Val)
					}
					ids[a.Val] = true
				case a.Key == "href" && (a.Val == "" || a.Val == "#" || strings.HasPrefix(a.Val, "about:invalid")):
					t.Errorf("<%s> leads nowhere: %q", n.Data, a.Val)
				}
			}
			switch n.Data {
			case "script":
				if attr(n, "src") == "" {
					t.Error("an inline script")
				}
			case "style":
				t.Error("an inline stylesheet")
			case "table":
				if !has(n, "caption") {
					t.Error("a table without a caption")
				}
			case "th":
				if attr(n, "scope") == "" {
					t.Error("a head of a table without scope")
				}
			case "h1":
				h1++
			case "label":
				labelled[attr(n, "for")] = true
			case "input":
				if k := attr(n, "type"); k != "hidden" && k != "radio" && k != "checkbox" {
					inputs = append(inputs, n)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	for _, in := range inputs {
		if !labelled[attr(in, "id")] {
			t.Errorf("input %q has no label", attr(in, "name"))
		}
	}
	if h1 != 1 && !bytes.Contains(page, []byte(`id="d-h"`)) {
		t.Errorf("%d h1 on the page", h1)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, tag string) bool {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Data == tag {
			return true
		}
	}
	return false
}

// The two lists of dark colours must be one: for who chose dark, and for whose
// system did.
func TestDarkListsAreEqual(t *testing.T) {
	b, err := os.ReadFile("static/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	pick := func(after string) map[string]string {
		s := string(b)
		s = s[strings.Index(s, after)+len(after):]
		s = s[strings.Index(s, "{")+1 : strings.Index(s, "}")]
		out := map[string]string{}
		for _, d := range strings.Split(s, ";") {
			if k, v, ok := strings.Cut(strings.TrimSpace(d), ":"); ok {
				out[k] = strings.TrimSpace(v)
			}
		}
		return out
	}
	chosen, system := pick(`[data-theme="dark"]`), pick(`:root:not([data-theme])`)
	if len(chosen) < 20 {
		t.Fatalf("only %d colours were read; the test is looking in the wrong place", len(chosen))
	}
	for k, v := range chosen {
		if system[k] != v {
			t.Errorf("%s is %q for who chose dark and %q for whose system did", k, v, system[k])
		}
	}
	if len(system) != len(chosen) {
		t.Errorf("%d and %d colours", len(chosen), len(system))
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1284306: "1,284,306", -1500: "−1,500"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

// A failure among thousands must still be seen.
func TestSegmentsShowTheSmallest(t *testing.T) {
	parts := segments(200, []barPart{{"bad", 1}, {"none", 0}, {"good", 100_000}})
	if len(parts) != 2 {
		t.Fatalf("%d segments, want 2", len(parts))
	}
	if parts[0].width < 1.9 {
		t.Errorf("one in a hundred thousand is %.2f units wide", parts[0].width)
	}
	end := parts[1].x + parts[1].width
	if end < 199.9 || end > 200.1 {
		t.Errorf("the bar ends at %.2f of 200", end)
	}
	if segments(200, nil) != nil {
		t.Error("a bar of nothing has segments")
	}
}

func TestStripInWords(t *testing.T) {
	s := Strip{Now: 4, Cells: []StripCell{{"deviation"}, {"deviation"}, {"none"}, {"insufficient"}, {""}, {""}}}
	if got, want := stripLabel(s), "weeks 1 to 2 deviation; week 3 no known deviation; week 4 insufficient evidence; weeks 5 to 6 still to come"; got != want {
		t.Errorf("label %q\nwant  %q", got, want)
	}
	text, n := RunsOf(s)
	if text != "W1–W2 deviation; W4 insufficient evidence" || n != 2 {
		t.Errorf("runs %q, %d", text, n)
	}
}
