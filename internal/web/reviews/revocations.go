package reviews

import (
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const revocationsPath = "/access-reviews/revocations"

func revocationFilter(r *screen.Request) review.RevocationFilter {
	q := r.URL.Query()
	return review.RevocationFilter{State: q.Get("state"), Campaign: q.Get("campaign"), Query: strings.TrimSpace(q.Get("q"))}
}

func (s *site) revocationList() screen.List {
	return screen.Declare(screen.List{Name: "access-revocations", Title: "Revocations of access", Pattern: "GET " + revocationsPath, Action: access.ReviewRead}, func(r *screen.Request, after string) ([]review.Item, string, error) {
		page, err := s.cfg.Reviews.Revocations(r.Context(), r.Who, revocationFilter(r), after, 500)
		return page.Items, page.Next, err
	}, func(x review.Item) []string { return []string{x.DecidedBy} },
		screen.Column[review.Item]{Key: "item", Title: "Item", Value: func(_ *screen.Cells, x review.Item) any { return x.Ref() }},
		screen.Column[review.Item]{Key: "person", Title: "Person", Head: "=", Width: 24, Value: func(_ *screen.Cells, x review.Item) any { return x.PersonName }},
		screen.Column[review.Item]{Key: "account", Title: "Account", Width: 24, Value: func(_ *screen.Cells, x review.Item) any { return x.Account }},
		screen.Column[review.Item]{Key: "system", Title: "System", Head: "=", Width: 24, Value: func(_ *screen.Cells, x review.Item) any { return x.PlaceName }},
		screen.Column[review.Item]{Key: "role", Title: "Role", Head: "=", Width: 32, Value: func(_ *screen.Cells, x review.Item) any { return x.Role }},
		screen.Column[review.Item]{Key: "state", Title: "State", Head: "=", Value: func(c *screen.Cells, x review.Item) any { return x.Revocation.Words(c.Now) }},
		screen.Column[review.Item]{Key: "revoked", Title: "Revoked", Head: "=", Value: func(c *screen.Cells, x review.Item) any { return c.Words.At(x.Revocation.Asked).Text }},
		screen.Column[review.Item]{Key: "due", Title: "To be gone by", Head: "=", Value: func(c *screen.Cells, x review.Item) any { return c.Words.At(x.Revocation.Due).Text }},
		screen.Column[review.Item]{Key: "gone", Title: "Gone", Head: "=", Value: func(c *screen.Cells, x review.Item) any { return c.Words.At(x.Revocation.Gone).Text }},
		screen.Column[review.Item]{Key: "why", Title: "Last look", Width: 40, Value: func(_ *screen.Cells, x review.Item) any { return x.Revocation.Why }},
		screen.Column[review.Item]{Key: "reason", Title: "Reason", Width: 40, Value: func(_ *screen.Cells, x review.Item) any { return x.Reason }},
		screen.Column[review.Item]{Key: "decided_by", Title: "Decided by", Value: func(c *screen.Cells, x review.Item) any { return c.Name(x.DecidedBy) }})
}

// revocations answers: what was to go, and is it gone?
func (s *site) revocations(w http.ResponseWriter, r *screen.Request) error {
	q, f := r.URL.Query(), revocationFilter(r)
	page, err := s.cfg.Reviews.Revocations(r.Context(), r.Who, f, q.Get("after"), screen.PageSize)
	if err != nil {
		return err
	}
	n, err := s.cfg.Reviews.RevocationCounts(r.Context(), r.Who)
	if err != nil {
		return err
	}
	reset := func(pairs ...string) string { return screen.With(q, revocationsPath, append(pairs, "after", "")...) }
	chip := func(text, value string, k int64) ui.Chip {
		return ui.Chip{Text: text + " " + ui.Number(k), Href: reset("state", value), Current: f.State == value}
	}
	v := ui.ListView{Crumbs: crumb(ui.Link{Text: "Revocations"}), Title: ui.Many(int(n[review.Open]), "revocation is", "revocations are") + " not proved yet", Note: "Each is open until the system itself, looked at after the decision, no longer shows the access. A system that is silent proves nothing.", Labels: []string{"State"}, None: "No revocation matches.", Undo: revocationsPath,
		Chips:  [][]ui.Chip{{chip("All", "", n[review.Open]+n[review.Gone]+n[review.Withdrawn]), chip("Still to go", review.Open, n[review.Open]), chip("Late", "late", n["late"]), chip("Gone", review.Gone, n[review.Gone]), chip("Withdrawn", review.Withdrawn, n[review.Withdrawn])}},
		Search: ui.SearchBox{Path: revocationsPath, Value: q.Get("q"), Label: "Person, account, system, role", Hidden: append(screen.Hidden("state", f.State), screen.Hidden("campaign", f.Campaign)...)},
		Table:  ui.Table{Caption: "Revocations, what is due first at the top", Columns: []ui.Column{{Text: "Person"}, {Text: "System"}, {Text: "Role"}, {Text: "State"}, {Text: "Revoked"}, {Text: "To be gone by"}, {Text: "Gone"}}}}
	if n["late"] > 0 {
		v.Title += ", " + ui.Number(n["late"]) + " of them late"
	}
	if n[review.Open]+n[review.Gone]+n[review.Withdrawn] == 0 {
		v.Title = "Nothing was revoked yet"
		v.Empty = &ui.Empty{Title: "What a review revokes is listed here until it is gone", Text: "A decision alone removes nothing. Whoever runs the system takes the access away; the next reading of the system, or the next list of it, shows that it is gone.", Criteria: []ui.Link{{Text: "CC6.2", Href: "/criteria/CC6.2"}, {Text: "CC6.3", Href: "/criteria/CC6.3"}},
			Until: "Until something is revoked there is nothing to prove.", Actions: []ui.Link{{Text: "Access reviews", Href: "/access-reviews"}}}
	}
	for i := range page.Items {
		x := &page.Items[i]
		rv := x.Revocation
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(x.PersonName, x.Account), Href: itemsPath + "/" + x.Ref()}, Meta: x.Ref() + ", " + x.Account,
			Cells: []ui.Cell{{Text: x.PlaceName}, {Text: cut(x.Role, 70)}, {Text: rv.Words(r.Now), Bad: rv.Late(r.Now), Meta: rv.Why}, {Moment: r.Words.At(rv.Asked)}, {Moment: r.Words.At(rv.Due)}, {Moment: r.Words.At(rv.Gone)}}})
	}
	v.Table.Pager = screen.Pager(len(page.Items), page.Total, q, revocationsPath, page.Next)
	if n[review.Open] > 0 && r.May(access.ReviewManage) {
		v.Form = ui.Form{ID: "look", Action: revocationsPath, Button: "Look now", Quiet: true, Note: "The systems are looked at every five minutes. Lists are looked at when they are brought."}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Revocations of access", "Organise", "Access reviews"), v))
}

func (s *site) look(w http.ResponseWriter, r *screen.Request) error {
	n, err := s.cfg.Reviews.Look(r.Context())
	if err != nil {
		return err
	}
	if n == 0 {
		return r.Done(w, "Nothing new was seen.", revocationsPath)
	}
	return r.Done(w, ui.Many(n, "revocation stands", "revocations stand")+" otherwise than before.", revocationsPath)
}
