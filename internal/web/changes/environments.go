package changes

import (
	"fmt"
	"net/http"

	"github.com/attesta/attesta/internal/program/separation"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// environments shows whether environments are kept apart, accounts and sessions
// end, and personal data stays out of tests.
func (s *site) environments(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Separation(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Changes", Href: "/changes"}, {Text: "Environments"}}, Title: "Are environments, accounts and data kept apart?", FactsOf: "Read from", Zone: "now",
		Facts: []ui.Fact{{Term: "Hosts", Text: "Their environment and class of data, as somebody says of each", Links: []ui.Link{{Text: "Hosts", Href: "/hosts"}}}, {Term: "Deployments", Text: "Environments and hosts that pipelines name", Links: []ui.Link{{Text: "Deployments", Href: "/changes/deployments"}}},
			{Term: "Data", Text: "The inventory: what is personal, and where it lives", Links: []ui.Link{{Text: "Data", Href: "/data"}}}, {Term: "Accounts and sessions", Text: "Checks over what agents read"}}}
	t := &ui.Table{Caption: "What holds", Columns: []ui.Column{{Text: "What should hold"}, {Text: "Over"}, {Text: "Answer"}, {Text: "Why"}, {Text: "Look at"}}}
	count := map[separation.Outcome]int{}
	for _, x := range all {
		count[x.Outcome]++
		look := ui.Cell{}
		for _, i := range x.Items[:min(len(x.Items), 5)] {
			look.Links = append(look.Links, ui.Link{Text: i.Text, Href: i.Href})
		}
		if n := len(x.Items) - 5; n > 0 {
			look.Meta = fmt.Sprintf("and %d more", n)
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: x.Title}, Cells: []ui.Cell{{Text: x.Over}, {Outcome: ui.Outcome(x.Outcome)}, {Text: screen.Sentence(x.Reason)}, look}})
	}
	v.Figures = []ui.Figure{{Term: "Pass", Value: ui.Number(count[separation.Pass])}, {Term: "Fail", Value: ui.Number(count[separation.Fail]), Bad: count[separation.Fail] > 0}, {Term: "Not observed", Value: ui.Number(count[separation.NotObserved]), Note: "each says what would tell"}}
	v.Links = []ui.Link{{Text: "CC8.1", Href: "/criteria/CC8.1"}, {Text: "CC6.1", Href: "/criteria/CC6.1"}}
	v.Blocks = []ui.Block{{ID: "statements", Title: "What holds", Meta: "derived from what was seen; nobody typed it", Table: t}}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "Environments", section, page), v))
}
