package ui

import (
	"context"
	"strings"
	"testing"
)

// A link to what somebody may not open is its text; others stay links.
func TestOpening(t *testing.T) {
	asked := ""
	ctx := Opening(context.Background(), func(path string) bool { asked = path; return path != "/ledger" })
	for _, c := range []struct {
		href string
		link bool
	}{{"/ledger?about=x", false}, {"/ledger#top", false}, {"/hosts?q=1#x", true}, {"https://example.org/ledger", true}, {"//example.org/ledger", true}, {"", false}} {
		var b strings.Builder
		if err := Anchor(Link{Text: "it", Href: c.href}).Render(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if is := strings.Contains(b.String(), "<a "); is != c.link || !strings.Contains(b.String(), "it") {
			t.Errorf("%q: %s", c.href, b.String())
		}
	}
	if asked != "/hosts" {
		t.Errorf("asked of %q", asked)
	}
	var b strings.Builder
	if err := Anchor(Link{Text: "it", Href: "/ledger"}).Render(context.Background(), &b); err != nil || !strings.Contains(b.String(), "<a ") {
		t.Errorf("where nobody says who it is for: %s, %v", b.String(), err)
	}
}
