package web

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/web/ui"
)

// Pages come in the section's order, each group together; a page whose own group
// is not shown to a role stands by itself, and none is lost.
func TestGroupedPages(t *testing.T) {
	page := func(name, under string) ui.PageLink {
		return ui.PageLink{Link: ui.Link{Text: name}, Under: under}
	}
	for _, c := range []struct {
		name    string
		section string
		pages   []ui.PageLink
		want    string
	}{
		{"nothing", "Organise", nil, ""},
		{"in order", "Organise", []ui.PageLink{page("Vendors", ""), page("New one", ""), page("People", "")}, "People Vendors New one"},
		{"a group from two areas", "Organise", []ui.PageLink{page("Threats", "Places"), page("Places", ""), page("Risks", ""), page("Badges", "Places")}, "Risks Places >Threats >Badges"},
		{"without its own", "Organise", []ui.PageLink{page("Badges", "Places"), page("People", "")}, "People Badges"},
		{"a section without an order", "Audit", []ui.PageLink{page("B", ""), page("A", ""), page("C", "B")}, "B >C A"},
	} {
		var got []string
		for _, p := range grouped(c.section, c.pages) {
			if p.Under != "" {
				p.Text = ">" + p.Text
			}
			got = append(got, p.Text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}
