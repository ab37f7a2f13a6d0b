package reviews

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const itemsPath = "/access-reviews/items"

// filter gives what an address asks for.
func filter(r *screen.Request) review.Filter {
	q := r.URL.Query()
	f := review.Filter{Campaign: q.Get("campaign"), State: q.Get("state"), Flag: q.Get("flag"), Change: q.Get("change"), Place: q.Get("system"), Reviewer: q.Get("reviewer"), Query: strings.TrimSpace(q.Get("q"))}
	if q.Get("mine") == "yes" {
		f.Reviewer = r.Who.UserID
	}
	return f
}

func flagWords(x *review.Item) string {
	var out []string
	for _, f := range x.Flags {
		out = append(out, review.FlagWords(f))
	}
	return strings.Join(out, ", ")
}

func (s *site) itemList() screen.List {
	pages := screen.Pages[review.Item](func(r *screen.Request, after string) ([]review.Item, string, error) {
		_, page, err := s.cfg.Reviews.Items(r.Context(), r.Who, filter(r), after, 500)
		return page.Items, page.Next, err
	})
	moment := func(c *screen.Cells, x ui.Moment) any { return x.Text }
	l := screen.Declare(screen.List{Name: "access-review-items", Title: "Items of an access review", Pattern: "GET " + itemsPath, Action: access.ReviewRead}, pages, func(x review.Item) []string { return []string{x.Reviewer, x.DecidedBy, x.GrantedBy} },
		screen.Column[review.Item]{Key: "item", Title: "Item", Value: func(_ *screen.Cells, x review.Item) any { return x.Ref() }},
		screen.Column[review.Item]{Key: "person", Title: "Person", Head: "=", Width: 24, Value: func(_ *screen.Cells, x review.Item) any { return x.PersonName }},
		screen.Column[review.Item]{Key: "account", Title: "Account", Width: 24, Value: func(_ *screen.Cells, x review.Item) any { return x.Account }},
		screen.Column[review.Item]{Key: "system", Title: "System", Head: "=", Width: 24, Value: func(_ *screen.Cells, x review.Item) any { return x.PlaceName }},
		screen.Column[review.Item]{Key: "role", Title: "Role", Head: "=", Width: 32, Value: func(_ *screen.Cells, x review.Item) any { return x.Role }},
		screen.Column[review.Item]{Key: "detail", Title: "Detail", Width: 32, Value: func(_ *screen.Cells, x review.Item) any { return x.Detail }},
		screen.Column[review.Item]{Key: "last_used", Title: "Last used", Head: "=", Value: func(c *screen.Cells, x review.Item) any { return moment(c, c.Words.At(x.LastUsed)) }},
		screen.Column[review.Item]{Key: "manager", Title: "Manager", Width: 24, Value: func(_ *screen.Cells, x review.Item) any { return x.Manager }},
		screen.Column[review.Item]{Key: "granted", Title: "Granted", Value: func(c *screen.Cells, x review.Item) any { return moment(c, c.Words.At(x.GrantedAt)) }},
		screen.Column[review.Item]{Key: "granted_by", Title: "Granted by", Value: func(c *screen.Cells, x review.Item) any { return c.Name(x.GrantedBy) }},
		screen.Column[review.Item]{Key: "request", Title: "Request", Value: func(_ *screen.Cells, x review.Item) any { return x.Request }},
		screen.Column[review.Item]{Key: "flags", Title: "Flags", Head: "=", Width: 30, Value: func(_ *screen.Cells, x review.Item) any { return flagWords(&x) }},
		screen.Column[review.Item]{Key: "duties", Title: "Conflicting duties", Width: 40, Value: func(_ *screen.Cells, x review.Item) any { return x.Duties }},
		screen.Column[review.Item]{Key: "change", Title: "Since last time", Head: "=", Value: func(_ *screen.Cells, x review.Item) any { return changeWords(x.Changed) }},
		screen.Column[review.Item]{Key: "before", Title: "Decided last time", Value: func(_ *screen.Cells, x review.Item) any { return x.Before }},
		screen.Column[review.Item]{Key: "reviewer", Title: "Reviewer", Head: "=", Width: 24, Value: func(c *screen.Cells, x review.Item) any { return c.Name(x.Reviewer) }},
		screen.Column[review.Item]{Key: "decision", Title: "Decision", Head: "=", Value: func(_ *screen.Cells, x review.Item) any { return decisionWords(&x) }},
		screen.Column[review.Item]{Key: "reason", Title: "Reason", Width: 40, Value: func(_ *screen.Cells, x review.Item) any { return x.Reason }},
		screen.Column[review.Item]{Key: "decided_by", Title: "Decided by", Value: func(c *screen.Cells, x review.Item) any { return c.Name(x.DecidedBy) }},
		screen.Column[review.Item]{Key: "decided_at", Title: "Decided at", Value: func(c *screen.Cells, x review.Item) any { return moment(c, c.Words.At(x.DecidedAt)) }})
	return screen.Chosen(l, pages, func(x review.Item) string { return x.ID })
}

// items answers: does each person still need this access?
func (s *site) items(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	f := filter(r)
	c, page, err := s.cfg.Reviews.Items(r.Context(), r.Who, f, q.Get("after"), screen.PageSize)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: crumb(), Title: "Items of an access review", None: "No item matches.", Undo: itemsPath}
	if c == nil {
		v.Title = "There was no access review yet"
		v.Empty = &ui.Empty{Title: "An item is a person, a system and a role", Text: "When a review begins, each becomes a line here that somebody decides on.", Criteria: []ui.Link{{Text: "CC6.3", Href: "/criteria/CC6.3"}}, Until: "Until a review begins there is nothing to decide.", Actions: []ui.Link{{Text: "Access reviews", Href: "/access-reviews"}}}
		return r.Render(w, http.StatusOK, ui.List(r.Shell(w, v.Title, "Organise", "Access reviews"), v))
	}
	facets, err := s.cfg.Reviews.Facets(r.Context(), r.Who, c.Number)
	if err != nil {
		return err
	}
	who := []string{}
	for _, x := range page.Items {
		who = append(who, x.Reviewer, x.DecidedBy, x.GrantedBy)
	}
	for id := range facets.Reviewers {
		who = append(who, id)
	}
	names := r.Names(slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(who))), func(id string) bool { return !strings.HasPrefix(id, "usr_") }))
	q.Set("campaign", c.Ref())
	v.Crumbs = crumb(ui.Link{Text: c.Ref(), Href: "/access-reviews/" + c.Ref()}, ui.Link{Text: "Items"})
	v.Title = c.Set.Title + ": " + ui.Many(int(facets.States[""]), "item is", "items are") + " undecided"
	v.Note = "Frozen on " + r.Words.Full(c.Begun.At) + ", due by " + r.Words.LastDay(c.Due) + ". Nobody decides on access of their own. Mark lines and choose what to do with them below the list: a preview says what becomes of each."
	v.Undo = itemsPath + "?campaign=" + c.Ref()
	s.chips(&v, q, f, facets, names, r)
	v.Table = ui.Table{Caption: "Items, by system and account", Columns: []ui.Column{{Text: "Person"}, {Text: "System"}, {Text: "Role"}, {Text: "Last used"}, {Text: "Flags"}, {Text: "Since last time"}, {Text: "Reviewer"}, {Text: "Decision"}}}
	pick := c.State == review.Running && r.May(access.BulkAct) && r.May(access.ReviewDecide)
	for i := range page.Items {
		v.Table.Rows = append(v.Table.Rows, itemRow(r, &page.Items[i], names, pick))
	}
	v.Table.Pager = screen.Pager(len(page.Items), page.Total, q, itemsPath, page.Next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Items of an access review", "Organise", "Access reviews"), v))
}

func itemRow(r *screen.Request, x *review.Item, names map[string]string, pick bool) ui.TableRow {
	row := ui.TableRow{Head: ui.Link{Text: screen.OrElse(x.PersonName, x.Account), Href: itemsPath + "/" + x.Ref()}, Meta: x.Account}
	if x.PersonName == "" {
		row.Meta = "nobody is known whose it is"
	}
	if x.Manager != "" {
		row.Meta += ", manager " + x.Manager
	}
	if pick {
		row.Pick = x.ID
	}
	used := ui.Cell{Text: "not said", Muted: true}
	if !x.LastUsed.IsZero() {
		used = ui.Cell{Moment: r.Words.At(x.LastUsed)}
	}
	flags := ui.Cell{Text: flagWords(x), Bad: x.Asks()}
	if x.Duties != "" {
		flags.Meta = cut(x.Duties, 120)
	}
	change := ui.Cell{Text: changeWords(x.Changed), Muted: x.Changed == "" || x.Changed == "same"}
	if x.Before != "" {
		change.Meta = "last time: " + x.Before
	}
	decision := ui.Cell{Text: decisionWords(x), Muted: x.Decision == ""}
	if rv := x.Revocation; rv != nil && rv.State != review.Withdrawn {
		decision.Meta, decision.Bad = rv.Words(r.Now), rv.Late(r.Now)
	} else if x.Reason != "" {
		decision.Meta = cut(x.Reason, 80)
	}
	role := ui.Cell{Text: cut(x.Role, 70), Meta: cut(x.Detail, 80)}
	row.Cells = []ui.Cell{{Text: x.PlaceName}, role, used, flags, change, {Text: screen.OrElse(screen.Who(names, x.Reviewer), "nobody"), Bad: x.Reviewer == "" && x.Decision == ""}, decision}
	return row
}

func (s *site) chips(v *ui.ListView, q url.Values, f review.Filter, facets review.Facets, names map[string]string, r *screen.Request) {
	reset := func(pairs ...string) string { return screen.With(q, itemsPath, append(pairs, "after", "")...) }
	chip := func(text, field, value string, n int64) ui.Chip {
		return ui.Chip{Text: text + " " + ui.Number(n), Href: reset(field, value), Current: q.Get(field) == value}
	}
	var all int64
	for _, n := range facets.States {
		all += n
	}
	v.Labels = []string{"Decision", "Flags", "Since last time", "Reviewer"}
	states := []ui.Chip{chip("All", "state", "", all), chip("Undecided", "state", "undecided", facets.States[""]), chip("Kept", "state", review.Keep, facets.States[review.Keep]), chip("Revoked", "state", review.Revoke, facets.States[review.Revoke]), chip("Changed", "state", review.Change, facets.States[review.Change])}
	flags := []ui.Chip{{Text: "Flagged or not", Href: reset("flag", ""), Current: f.Flag == ""}, chip("Asks for a reason", "flag", "any", facets.Flags["any"])}
	for _, x := range review.Flags() {
		if facets.Flags[x[0]] > 0 || f.Flag == x[0] {
			flags = append(flags, chip(screen.Capital(x[1]), "flag", x[0], facets.Flags[x[0]]))
		}
	}
	changes := []ui.Chip{{Text: "Any", Href: reset("change", ""), Current: f.Change == ""}}
	for _, x := range []string{"new", "changed", "same"} {
		changes = append(changes, chip(screen.Capital(changeWords(x)), "change", x, facets.Changes[x]))
	}
	reviewers := []ui.Chip{{Text: "Everybody's", Href: reset("reviewer", "", "mine", ""), Current: f.Reviewer == ""}}
	if r.May(access.ReviewDecide) {
		reviewers = append(reviewers, ui.Chip{Text: "Mine", Href: reset("mine", "yes", "reviewer", ""), Current: q.Get("mine") == "yes"})
	}
	ids := sortedNames(facets.Reviewers, names)
	for _, id := range ids[:min(len(ids), 12)] {
		value := screen.OrElse(id, "none")
		reviewers = append(reviewers, ui.Chip{Text: screen.OrElse(screen.Who(names, id), "Nobody") + " " + ui.Number(facets.Reviewers[id]), Href: reset("reviewer", value, "mine", ""), Current: q.Get("reviewer") == value})
	}
	v.Chips = [][]ui.Chip{states, flags, changes, reviewers}
	if len(facets.Places) > 1 && len(facets.Places) <= 30 {
		places := []ui.Chip{{Text: "All systems", Href: reset("system", ""), Current: f.Place == ""}}
		for _, p := range facets.Places {
			places = append(places, chip(p.Name, "system", p.Place, int64(p.Items)))
		}
		v.Chips, v.Labels = append(v.Chips, places), append(v.Labels, "System")
	}
	var hidden []ui.Link
	for _, name := range []string{"campaign", "state", "flag", "change", "reviewer", "mine", "system"} {
		hidden = append(hidden, screen.Hidden(name, q.Get(name))...)
	}
	v.Search = ui.SearchBox{Path: itemsPath, Value: q.Get("q"), Label: "Person, account, system, role", Hidden: hidden}
}

// item answers: whose is it, where does it come from, and what was decided?
func (s *site) item(w http.ResponseWriter, r *screen.Request) error {
	return s.showItem(w, r, "", nil)
}

func (s *site) showItem(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	ctx := r.Context()
	x, events, err := s.cfg.Reviews.Item(ctx, r.Who, r.PathValue("item"))
	if err != nil {
		return err
	}
	c, err := s.cfg.Reviews.Campaign(ctx, r.Who, fmt.Sprintf("AR-%d", x.Campaign))
	if err != nil {
		return err
	}
	who := []string{x.Reviewer, x.DecidedBy, x.GrantedBy}
	alone := ""
	for _, e := range events {
		who = append(who, e.Made.By)
		if e.Kind == "assigned" {
			who = append(who, e.Value)
		}
		if e.Kind == "decided" {
			alone = e.Compensation
		}
	}
	names := r.Names(slices.DeleteFunc(who, func(id string) bool { return !strings.HasPrefix(id, "usr_") }))
	v := ui.RecordView{Crumbs: crumb(ui.Link{Text: c.Ref(), Href: "/access-reviews/" + c.Ref()}, ui.Link{Text: "Items", Href: itemsOf(c, "")}, ui.Link{Text: x.Ref()}), Title: screen.OrElse(x.PersonName, x.Account) + ": " + cut(x.Role, 60) + " on " + x.PlaceName, State: decisionWords(x),
		Line: []string{x.Ref(), changeWords(x.Changed), "reviewed by " + screen.OrElse(screen.Who(names, x.Reviewer), "nobody yet")}, FactsOf: "What it is", Zone: "times in " + r.Words.Zone.String()}
	if x.Asks() {
		v.Bad = flagWords(x)
	}
	fact := func(term, text string) {
		if text != "" {
			v.Facts = append(v.Facts, ui.Fact{Term: term, Text: text})
		}
	}
	fact("Person", screen.OrElse(x.PersonName, "nobody is known whose it is"))
	v.Facts = append(v.Facts, ui.Fact{Term: "Account", Text: x.Account, Mono: true})
	fact("System", x.PlaceName+", "+partWords[x.Part])
	fact("Role", x.Role)
	fact("Detail", x.Detail)
	fact("Manager", x.Manager)
	fact("Last used", screen.OrElse(r.Words.At(x.LastUsed).Text, "the source does not say"))
	fact("Granted", r.Words.At(x.GrantedAt).Text)
	fact("Granted by", screen.Who(names, x.GrantedBy))
	request := ui.Fact{Term: "Request that granted it", Text: screen.OrElse(x.Request, "none is named")}
	if href := requestLink(x.Request); href != "" {
		request = ui.Fact{Term: request.Term, Links: []ui.Link{{Text: x.Request, Href: href}}}
	}
	v.Facts = append(v.Facts, request)
	fact("Decided last time", x.Before)
	fact("Conflicting duties", x.Duties)
	if x.Kind == review.Host || x.Kind == review.Database {
		v.Facts = append(v.Facts, ui.Fact{Term: "As it is now", Links: []ui.Link{{Text: x.PlaceName, Href: "/hosts/" + x.Place}}})
	}
	judged := ui.Table{Caption: "What it shows", Columns: []ui.Column{{Text: "Question"}, {Text: "Outcome"}, {Text: "Why"}}}
	for i, j := range x.Judge(c, alone, r.Now) {
		judged.Rows = append(judged.Rows, ui.TableRow{Head: ui.Link{Text: review.Attributes()[i][1]}, Cells: []ui.Cell{{Outcome: ui.Outcome(j.Outcome)}, {Text: j.Reason}}})
	}
	v.Blocks = []ui.Block{{ID: "shows", Title: "What it shows", Table: &judged}}
	if rv := x.Revocation; rv != nil && rv.State != review.Withdrawn {
		b := ui.Block{ID: "revocation", Title: "Until it is gone", Meta: rv.Words(r.Now), Facts: []ui.Fact{{Term: "Revoked", Text: r.Words.Full(rv.Asked)}, {Term: "To be gone by", Text: r.Words.Full(rv.Due)}}}
		if rv.Why != "" {
			b.Facts = append(b.Facts, ui.Fact{Term: "Last look", Text: screen.Capital(rv.Why)})
		}
		if rv.State == review.Gone {
			b.Facts = append(b.Facts, ui.Fact{Term: "Gone", Text: r.Words.Full(rv.Gone)}, ui.Fact{Term: "Proof", Links: []ui.Link{screen.EntryLink(rv.Entry, -1)}})
		}
		v.Blocks = append(v.Blocks, b)
	}
	for _, e := range slices.Backward(events) {
		v.History = append(v.History, ui.Step{At: r.Words.At(e.Made.At), Text: eventWords(&e, names), By: "by " + screen.Who(names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
	}
	if c.State == review.Running {
		if err := s.itemForms(r, c, x, which, t, &v); err != nil {
			return err
		}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, x.Ref(), "Organise", "Access reviews"), v))
}

// requestLink leads to what a reference names here; "" where it is of elsewhere.
func requestLink(ref string) string {
	up := strings.ToUpper(ref)
	switch {
	case strings.HasPrefix(up, "CH-") && !strings.ContainsAny(up, " ,;/"):
		return "/changes/" + up
	case strings.HasPrefix(ref, "https://") && !strings.ContainsAny(ref, " \"<>"):
		return ref
	}
	return ""
}

func eventWords(e *review.Event, names map[string]string) string {
	text := ""
	switch e.Kind {
	case "decided":
		text = map[string]string{review.Keep: "Kept", review.Revoke: "Revoked", review.Change: "Changed to “" + e.Value + "”"}[e.Decision]
	case "withdrawn":
		text = "The decision was taken back"
	case "assigned":
		text = "Given to " + screen.Who(names, e.Value)
	case "referenced":
		text = "Granted by the request " + e.Value
	}
	if e.Reason != "" {
		text += ": “" + cut(e.Reason, 300) + "”"
	}
	if e.Compensation != "" {
		text += " Instead of a second person: “" + e.Compensation + "”"
	}
	return text
}

// itemForms offers what the reader may do with an item.
func (s *site) itemForms(r *screen.Request, c *review.Campaign, x *review.Item, which string, t *screen.Typed, v *ui.RecordView) error {
	to := itemsPath + "/" + x.Ref()
	fill := func(f *ui.Form) {
		if f.ID == which {
			t.Fill(f)
		}
	}
	own := r.Who.UserID == x.Holder || r.Who.UserID == x.GrantedBy && !c.Set.OwnGrant
	alone := false
	var err error
	if own {
		if alone, err = s.cfg.Access.Alone(r.Context(), r.Who, access.ReviewDecide); err != nil {
			return err
		}
	}
	if r.May(access.ReviewDecide) && (x.Reviewer == r.Who.UserID || alone) && (!own || alone) {
		reason := ui.Field{Name: "reason", Label: "Why", Kind: "long", Hint: "Asked for to revoke and to change."}
		if x.Asks() {
			reason.Hint, reason.Must = "It is flagged ("+flagWords(x)+"), so each decision says why.", true
		}
		f := ui.Form{ID: "decide", Action: to + "/decide", Button: "Decide", Fields: []ui.Field{{Name: "decision", Label: "Does " + screen.OrElse(x.PersonName, "anybody") + " still need it?", Kind: "select",
			Options: options(x.Decision, [2]string{"", "Choose one"}, [2]string{review.Keep, "Yes: keep it"}, [2]string{review.Revoke, "No: revoke it"}, [2]string{review.Change, "Another role instead"})}, {Name: "to", Label: "Which role instead", Hint: "Only with another role."}, reason}}
		if alone {
			f.Fields = append(f.Fields, ui.Field{Name: "compensation", Label: "What stands in for a second person?", Hint: "It is your own access, and nobody else here could decide. For example: who from outside looks at it, and when.", Must: true})
		}
		if x.Decision != "" {
			f.Summary, f.Quiet = "Decide anew", true
		}
		fill(&f)
		v.Action = f
	} else if own {
		v.Notice = "It is your own access, or you granted it: somebody else decides."
	}
	more := ui.Block{ID: "more", Title: "More"}
	if x.Decision != "" && (x.DecidedBy == r.Who.UserID && r.May(access.ReviewDecide) || r.May(access.ReviewManage)) {
		f := ui.Form{ID: "withdraw", Action: to + "/withdraw", Summary: "Take the decision back", Button: "Take it back", Quiet: true}
		fill(&f)
		more.Forms = append(more.Forms, f)
	}
	if r.May(access.ReviewDecide) {
		f := ui.Form{ID: "refer", Action: to + "/refer", Summary: "Name the request that granted it", Button: "Name it", Quiet: true, Fields: []ui.Field{{Name: "request", Label: "Request", Hint: "A ticket, a change of the register (CH-12), or an address. The next review shows it too.", Value: x.Request, Must: true}}}
		fill(&f)
		more.Forms = append(more.Forms, f)
	}
	if x.Decision == "" && r.May(access.ReviewManage) {
		people, err := s.reviewers(r.Context(), "choose one")
		if err != nil {
			return err
		}
		f := ui.Form{ID: "assign", Action: to + "/assign", Summary: "Give it to another reviewer", Button: "Give it", Quiet: true, Fields: []ui.Field{{Name: "owner", Label: "Who decides", Kind: "select", Options: people}}}
		fill(&f)
		more.Forms = append(more.Forms, f)
	}
	if len(more.Forms) > 0 {
		v.Blocks = append(v.Blocks, more)
	}
	return nil
}

// itemDone does what a form of an item's page says.
func (s *site) itemDone(w http.ResponseWriter, r *screen.Request) error {
	ref, verb, f := r.PathValue("item"), r.PathValue("verb"), r.PostForm
	var x *review.Item
	var err error
	said := ""
	switch verb {
	case "decide":
		x, err = s.cfg.Reviews.Decide(r.Context(), r.Who, ref, review.Said{Decision: f.Get("decision"), To: f.Get("to"), Reason: f.Get("reason"), Compensation: f.Get("compensation")})
		if err == nil {
			said = x.Ref() + " is " + decisionWords(x) + "."
		}
	case "withdraw":
		x, err = s.cfg.Reviews.Withdraw(r.Context(), r.Who, ref)
		said = "It is undecided again."
	case "refer":
		x, err = s.cfg.Reviews.Refer(r.Context(), r.Who, ref, f.Get("request"))
		said = "The request is named."
	case "assign":
		x, err = s.cfg.Reviews.Assign(r.Context(), r.Who, ref, f.Get("owner"))
		said = "Somebody else reviews it now."
	default:
		return fault.New(fault.NotFound, "nothing of an item is called %q", verb)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showItem(w, r, verb, t)
	}
	return r.Done(w, said, itemsPath+"/"+x.Ref())
}
