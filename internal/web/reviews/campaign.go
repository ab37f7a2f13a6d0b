package reviews

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func stateWords(c *review.Campaign, now time.Time) string {
	switch {
	case c.State == review.Closed && c.Late(now):
		return "closed late"
	case c.State == review.Running && c.Late(now):
		return "runs, late"
	case c.State == review.Running:
		return "runs"
	}
	return c.State
}

func progress(c *review.Campaign) string {
	return fmt.Sprintf("%s of %s decided", ui.Number(c.Items-c.Count.Undecided), ui.Number(c.Items))
}

func itemsOf(c *review.Campaign, more string) string {
	return "/access-reviews/items?campaign=" + c.Ref() + more
}

// list answers: does everybody still need what they may do, and who said so?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Reviews.Campaigns(r.Context(), r.Who)
	if err != nil {
		return err
	}
	running, open := 0, 0
	for i := range all {
		if all[i].State == review.Running {
			running++
		}
		open += all[i].Count.Open
	}
	v := ui.ListView{Title: ui.Many(running, "access review runs", "access reviews run"), Note: "Each freezes who may do what on which system; somebody else than the holder decides; what is revoked is open until the system no longer shows it.",
		More:  []ui.Link{{Text: "Revocations", Href: "/access-reviews/revocations"}, {Text: "Lists of accounts", Href: "/access-reviews/lists"}, {Text: "Segregation of duties", Href: "/access-reviews/duties"}},
		Table: ui.Table{Caption: "Access reviews, newest first", Columns: []ui.Column{{Text: "Review"}, {Text: "State"}, {Text: "Due"}, {Text: "Decided"}, {Text: "Sources not observed", N: true}, {Text: "Revoked", N: true}, {Text: "Still to go", N: true}, {Text: "Evidence"}}}}
	if open > 0 {
		v.Title += "; " + ui.Many(open, "revocation is", "revocations are") + " not proved yet"
	}
	if r.May(access.ReviewManage) {
		v.Action = ui.Link{Text: "Begin a review", Href: "/access-reviews/new"}
	}
	if len(all) == 0 {
		v.Title = "There was no access review yet"
		v.Empty = &ui.Empty{Title: "Look at who may do what, from the systems themselves", Text: "Accounts, sudo rights and SSH keys of hosts, roles of databases and users of Attesta are read already; of any other system you bring a list as CSV. A review freezes them, asks managers or owners about each, and stays open about what is revoked until the system shows it gone.",
			Criteria: []ui.Link{{Text: "CC6.2", Href: "/criteria/CC6.2"}, {Text: "CC6.3", Href: "/criteria/CC6.3"}}, Until: "Until then nothing shows that access which nobody needs any more is found."}
		if r.May(access.ReviewManage) {
			v.Empty.Actions = []ui.Link{{Text: "Begin a review", Href: "/access-reviews/new"}, {Text: "Bring a list of accounts", Href: "/access-reviews/lists"}}
		}
	}
	for i := range all {
		c := &all[i]
		evidence := ui.Cell{Text: "none", Muted: true}
		if c.Evidence != "" {
			evidence = ui.Cell{Links: []ui.Link{{Text: c.Evidence, Href: "/evidence/" + c.Evidence}}}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.Set.Title, Href: "/access-reviews/" + c.Ref()}, Meta: c.Ref() + ", " + c.Set.From + " to " + c.Set.To,
			Cells: []ui.Cell{{Text: stateWords(c, r.Now), Bad: c.Late(r.Now)}, {Text: r.Words.LastDay(c.Due)}, {Text: progress(c)}, {Text: fmt.Sprintf("%d of %d", c.Count.Silent, c.Count.Sources), N: true, Bad: c.Count.Silent > 0},
				{Text: ui.Number(c.Count.Revoked + c.Count.Changed), N: true}, {Text: ui.Number(c.Count.Open), N: true, Bad: c.Count.Overdue > 0, Muted: c.Count.Open == 0}, evidence}})
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Access reviews", "Organise", "Access reviews"), v))
}

// fresh asks what a review is to hold.
func (s *site) fresh(w http.ResponseWriter, r *screen.Request) error {
	return s.showFresh(w, r, nil, nil)
}

func (s *site) showFresh(w http.ResponseWriter, r *screen.Request, d *review.Draft, t *screen.Typed) error {
	systems, err := s.cfg.Reviews.Systems(r.Context(), r.Who)
	if err != nil {
		return err
	}
	people, err := s.reviewers(r.Context(), "whoever begins it")
	if err != nil {
		return err
	}
	others, err := s.reviewers(r.Context(), "nobody")
	if err != nil {
		return err
	}
	now := r.Now.In(r.Words.Zone)
	q := (int(now.Month()) - 1) / 3
	from := time.Date(now.Year(), time.Month(q*3+1), 1, 0, 0, 0, 0, r.Words.Zone)
	kinds := map[string]int{}
	silent := map[string]int{}
	for _, p := range systems {
		kinds[p.Kind]++
		if !p.Observed() {
			silent[p.Kind]++
		}
	}
	var of []ui.Option
	for _, k := range review.Kinds() {
		if kinds[k] == 0 {
			continue
		}
		text := screen.Capital(kindWords[k]) + ": " + ui.Many(kinds[k], "source", "sources")
		if silent[k] > 0 {
			text += fmt.Sprintf(", %d not observed", silent[k])
		}
		of = append(of, ui.Option{Value: k, Text: text, Selected: true})
	}
	f := ui.Form{ID: "review", Action: "/access-reviews", Button: "Look at what it holds", Note: "The next page says how much it is and who is asked. Nothing is stored before you have seen that.", Fields: []ui.Field{
		{Name: "title", Label: "What it is called", Value: fmt.Sprintf("Access review, quarter %d of %d", q+1, now.Year()), Must: true},
		{Name: "kinds", Label: "Where access is looked at", Kind: "many", Options: of},
		{Name: "from", Label: "First day that it covers", Kind: "date", Value: from.Format(screen.DateLayout), Must: true}, {Name: "to", Label: "Last day that it covers", Kind: "date", Value: from.AddDate(0, 3, -1).Format(screen.DateLayout), Must: true},
		{Name: "due", Label: "Last day to decide", Kind: "date", Value: now.AddDate(0, 0, 14).Format(screen.DateLayout), Must: true},
		{Name: "reviewers", Label: "Who decides", Kind: "select", Options: options(review.ByManager, [2]string{review.ByManager, "The holder's manager"}, [2]string{review.ByOwner, "The owner of the system"}, [2]string{review.ByOne, "One person, for all of it"})},
		{Name: "reviewer", Label: "Who decides where there is no manager or owner", Hint: "With one person: who decides on all of it.", Kind: "select", Options: people},
		{Name: "other", Label: "Who decides on what that person holds or granted", Kind: "select", Options: others},
		{Name: "revoke_days", Label: "Days until what is revoked must be gone", Value: "7"}, {Name: "unused_days", Label: "Days without use that are worth a question", Value: "90"},
		{Name: "own_grants", Label: "May reviewers decide on what they granted themselves?", Kind: "select", Options: options("no", [2]string{"no", "No"}, [2]string{"yes", "Yes"})},
		{Name: "control", Label: "Control that it performs", Hint: "Its short name; access-reviewed where this is empty and that is in use."}}}
	v := ui.FormView{Crumbs: crumb(ui.Link{Text: "New"}), Title: "Begin an access review", Note: "What is read now stays as it is: the review is about this moment.", Form: f,
		Side: []ui.Block{{ID: "more", Title: "Systems that nothing reads", Text: []string{"Bring a list of their accounts first. It becomes part of every review from then on, and a later list proves what was revoked."}, Links: []ui.Link{{Text: "Lists of accounts", Href: "/access-reviews/lists"}}}}}
	if d == nil {
		t.Fill(&v.Form)
		return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, v.Title, "Organise", "Access reviews"), v))
	}
	t = &screen.Typed{Values: r.PostForm}
	t.Fill(&v.Form)
	v.Form.Open, v.Form.Summary, v.Form.Quiet, v.Form.Button = false, "Change what you said", true, "Look again"
	return s.showDraft(w, r, d, v.Form)
}

// showDraft says what a review would be, before it begins.
func (s *site) showDraft(w http.ResponseWriter, r *screen.Request, d *review.Draft, again ui.Form) error {
	rec := ui.RecordView{Crumbs: crumb(ui.Link{Text: "New"}), Title: fmt.Sprintf("%s would be frozen and asked about", ui.Many(d.Items, "item", "items")), Line: []string{d.Set.Title, "preview: nothing is stored yet"}, FactsOf: "This review",
		Figures: []ui.Figure{{Term: "Items", Value: ui.Number(d.Items)}, {Term: "Flagged", Value: ui.Number(d.Counts.Flagged), Note: "keeping them asks for a reason"}, {Term: "Without a reviewer", Value: ui.Number(d.Counts.Unassigned), Bad: d.Counts.Unassigned > 0},
			{Term: "Sources not observed", Value: fmt.Sprintf("%d of %d", d.Counts.Silent, d.Counts.Sources), Bad: d.Counts.Silent > 0}},
		Facts: []ui.Fact{{Term: "Covers", Text: d.Set.From + " to " + d.Set.To}, {Term: "To be decided by", Text: d.Set.Due}, {Term: "Revoked access goes within", Text: ui.Many(d.Set.Days, "day", "days")}}}
	if d.Set.Control != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Performs", Links: []ui.Link{{Text: d.Set.Control, Href: "/controls/" + d.Set.Control}}})
	}
	if d.Items > 0 {
		f := ui.Form{ID: "begin", Action: "/access-reviews", Button: fmt.Sprintf("Begin with %s", ui.Many(d.Items, "item", "items"))}
		for k, vs := range r.PostForm {
			for _, x := range vs {
				if k != "sure" {
					f.Fields = append(f.Fields, ui.Field{Name: k, Kind: "hidden", Value: x})
				}
			}
		}
		slices.SortFunc(f.Fields, func(a, b ui.Field) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) })
		f.Fields = append(f.Fields, ui.Field{Name: "sure", Kind: "hidden", Value: "yes"})
		rec.Action = f
	}
	table := partsTable(r, d.Parts)
	rec.Blocks = []ui.Block{{ID: "sources", Title: "Sources", Table: &table}}
	rec.SideMore = []ui.Block{{ID: "again", Title: "Not right?", Forms: []ui.Form{again}}}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "Begin an access review", "Organise", "Access reviews"), rec))
}

// shownParts is how many sources a page lists.
const shownParts = 200

// partsTable lists sources, those that were not observed first.
func partsTable(r *screen.Request, parts []review.Part) ui.Table {
	t := ui.Table{Caption: "Sources, those that were not observed first", Columns: []ui.Column{{Text: "System"}, {Text: "State"}, {Text: "Items", N: true}, {Text: "Left out", N: true}, {Text: "Observed until"}}}
	list := slices.Clone(parts)
	slices.SortStableFunc(list, func(a, b review.Part) int {
		if a.Observed() != b.Observed() {
			if a.Observed() {
				return 1
			}
			return -1
		}
		return strings.Compare(a.Name+" "+a.Part, b.Name+" "+b.Part)
	})
	for _, p := range list[:min(len(list), shownParts)] {
		state := ui.Cell{Text: "observed"}
		if !p.Observed() {
			state = ui.Cell{Text: "not observed", Meta: p.Why, Bad: true}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: p.Name}, Meta: partWords[p.Part], Cells: []ui.Cell{state, {Text: ui.Number(p.Items), N: true}, {Text: ui.Number(p.LeftOut), N: true, Muted: p.LeftOut == 0}, {Moment: r.Words.At(p.Until)}}})
	}
	t.Pager.Text = fmt.Sprintf("%s of %s shown. Left out are accounts that let nobody in.", ui.Number(len(t.Rows)), ui.Number(len(parts)))
	return t
}

func (s *site) begin(w http.ResponseWriter, r *screen.Request) error {
	f := r.PostForm
	n := review.New{Title: f.Get("title"), Control: f.Get("control"), From: f.Get("from"), To: f.Get("to"), Due: f.Get("due"), Kinds: f["kinds"], Mode: f.Get("reviewers"), Reviewer: f.Get("reviewer"), Other: f.Get("other"), OwnGrant: f.Get("own_grants") == "yes"}
	var err error
	for name, at := range map[string]*int{"revoke_days": &n.Days, "unused_days": &n.Unused} {
		if text := strings.TrimSpace(f.Get(name)); text != "" {
			if *at, err = strconv.Atoi(text); err != nil {
				err = fault.Wrap(fault.Invalid, err, "%q is no whole number", text).At("", 0, name)
				break
			}
		}
	}
	var c *review.Campaign
	var d *review.Draft
	switch {
	case err != nil:
	case len(n.Kinds) == 0:
		err = fault.New(fault.Invalid, "choose where access is looked at").At("", 0, "kinds")
	case f.Get("sure") == "yes":
		c, err = s.cfg.Reviews.Begin(r.Context(), r.Who, n)
	default:
		d, err = s.cfg.Reviews.Preview(r.Context(), r.Who, n)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showFresh(w, r, nil, t)
	}
	if c == nil {
		return s.showFresh(w, r, d, nil)
	}
	return r.Done(w, fmt.Sprintf("%s has begun: %s are frozen.", c.Ref(), ui.Many(c.Items, "item", "items")), "/access-reviews/"+c.Ref())
}

// campaign answers: how far is it, what does it rest on, and what changed?
func (s *site) campaign(w http.ResponseWriter, r *screen.Request) error {
	return s.showCampaign(w, r, "", nil)
}

func (s *site) showCampaign(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	ctx := r.Context()
	c, err := s.cfg.Reviews.Campaign(ctx, r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	parts, err := s.cfg.Reviews.Parts(ctx, r.Who, c.Ref())
	if err != nil {
		return err
	}
	removed, err := s.cfg.Reviews.Removed(ctx, r.Who, c.Ref())
	if err != nil {
		return err
	}
	facets, err := s.cfg.Reviews.Facets(ctx, r.Who, c.Number)
	if err != nil {
		return err
	}
	who := []string{c.Begun.By, c.Set.Reviewer, c.Set.Other}
	for id := range facets.Reviewers {
		who = append(who, id)
	}
	if c.Ended != nil {
		who = append(who, c.Ended.By)
	}
	names := r.Names(slices.DeleteFunc(who, func(id string) bool { return id == "" }))
	v := ui.RecordView{Crumbs: crumb(ui.Link{Text: c.Ref()}), Title: c.Set.Title, State: stateWords(c, r.Now), Line: []string{c.Ref(), progress(c), "due by " + r.Words.LastDay(c.Due)}, FactsOf: "This review", Zone: "times in " + r.Words.Zone.String(),
		Links: []ui.Link{{Text: "All items", Href: itemsOf(c, "")}}}
	if c.Count.Undecided > 0 && c.State == review.Running {
		v.Links = append([]ui.Link{{Text: "Decide what is open", Href: itemsOf(c, "&state=undecided")}}, v.Links...)
	}
	if c.Late(r.Now) {
		v.Bad = "late: it was due by " + r.Words.LastDay(c.Due)
	}
	bad := func(n int) bool { return n > 0 }
	v.Figures = []ui.Figure{{Term: "Undecided", Value: ui.Number(c.Count.Undecided), Note: "of " + ui.Number(c.Items), Href: itemsOf(c, "&state=undecided")}, {Term: "Kept", Value: ui.Number(c.Count.Kept), Href: itemsOf(c, "&state=keep")},
		{Term: "Revoked or changed", Value: ui.Number(c.Count.Revoked + c.Count.Changed), Href: itemsOf(c, "&state=revoke")}, {Term: "Still to go", Value: ui.Number(c.Count.Open), Note: fmt.Sprintf("%d late", c.Count.Overdue), Bad: bad(c.Count.Overdue), Href: "/access-reviews/revocations?campaign=" + c.Ref()},
		{Term: "Flagged", Value: ui.Number(c.Count.Flagged), Href: itemsOf(c, "&flag=any")}, {Term: "Sources not observed", Value: fmt.Sprintf("%d of %d", c.Count.Silent, c.Count.Sources), Bad: bad(c.Count.Silent)}}
	v.Facts = []ui.Fact{{Term: "Covers", Text: c.Set.From + " to " + c.Set.To}, {Term: "Frozen", Text: r.Words.Full(c.Begun.At)}, {Term: "Begun by", Text: screen.Who(names, c.Begun.By)},
		{Term: "Who decides", Text: map[string]string{review.ByManager: "the holder's manager", review.ByOwner: "the owner of the system", review.ByOne: "one person"}[c.Set.Mode] + ", else " + screen.Who(names, c.Set.Reviewer)},
		{Term: "Items", Text: ui.Number(c.Items)}, {Term: "SHA-256 of the items", Text: c.Digest, Mono: true}, {Term: "Revoked access goes within", Text: ui.Many(c.Set.Days, "day", "days")}, {Term: "Record", Links: []ui.Link{screen.EntryLink(c.Begun.Entry, c.Begun.Index)}}}
	if c.Set.Control != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Performs", Links: []ui.Link{{Text: c.Set.Control, Href: "/controls/" + c.Set.Control}}})
	}
	if c.Ended != nil {
		v.Facts = append(v.Facts, ui.Fact{Term: screen.Capital(c.State), Text: r.Words.Full(c.Ended.At) + " by " + screen.Who(names, c.Ended.By)}, ui.Fact{Term: "Its record", Links: []ui.Link{screen.EntryLink(c.Ended.Entry, c.Ended.Index)}})
		if c.Note != "" {
			v.Facts = append(v.Facts, ui.Fact{Term: "Note", Text: c.Note})
		}
		if c.State == review.Closed {
			v.Facts = append(v.Facts, ui.Fact{Term: "SHA-256 of the decisions", Text: c.DecisionsDigest, Mono: true})
		}
	}
	if c.Evidence != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Evidence", Links: []ui.Link{{Text: c.Evidence, Href: "/evidence/" + c.Evidence}}})
	}
	if v.Notice = s.next(c); t != nil && t.Problem != "" {
		v.Notice, v.Warn = t.Problem, true
	}
	if r.May(access.ReviewManage) {
		v.Action = endForms(c, which, t, &v)
	}
	reviewers := ui.Table{Caption: "Who has still to decide", Columns: []ui.Column{{Text: "Reviewer"}, {Text: "Undecided", N: true}}}
	for _, id := range sortedNames(facets.Reviewers, names) {
		row := ui.TableRow{Head: ui.Link{Text: screen.OrElse(screen.Who(names, id), "nobody: give them to somebody"), Href: itemsOf(c, "&state=undecided&reviewer="+screen.OrElse(id, "none"))}, Cells: []ui.Cell{{Text: ui.Number(facets.Reviewers[id]), N: true, Bad: id == ""}}}
		reviewers.Rows = append(reviewers.Rows, row)
	}
	gone := ui.Table{Caption: "Access of the review before that is no longer there", Columns: []ui.Column{{Text: "Account"}, {Text: "Role"}, {Text: "System"}, {Text: "Was"}}}
	for i := range removed[:min(len(removed), shownParts)] {
		x := &removed[i]
		gone.Rows = append(gone.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(x.PersonName, x.Account), Href: "/access-reviews/items/" + x.Ref()}, Meta: x.Account, Cells: []ui.Cell{{Text: x.Role}, {Text: x.PlaceName}, {Text: decisionWords(x)}}})
	}
	compared := "It is the first that observed these systems; there is nothing to compare it with."
	if c.Previous > 0 {
		compared = fmt.Sprintf("%s new, %s changed, %s as before, %s gone, held against AR-%d and what else was reviewed last. Where a source was not observed then, nothing is compared.", ui.Number(facets.Changes["new"]), ui.Number(facets.Changes["changed"]), ui.Number(facets.Changes["same"]), ui.Number(len(removed)), c.Previous)
	}
	table := partsTable(r, parts)
	v.Blocks = []ui.Block{{ID: "reviewers", Title: "Who has still to decide", Table: &reviewers, None: "Everything is decided."},
		{ID: "difference", Title: "Since the last time", Text: []string{compared}, Links: []ui.Link{{Text: "New", Href: itemsOf(c, "&change=new")}, {Text: "Changed", Href: itemsOf(c, "&change=changed")}}, Table: &gone, None: "Nothing is gone."},
		{ID: "sources", Title: "What it was taken from", Table: &table}}
	if c.Previous == 0 {
		v.Blocks[1].Links = nil
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, c.Set.Title, "Organise", "Access reviews"), v))
}

func sortedNames(m map[string]int64, names map[string]string) []string {
	var out []string
	for id := range m {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(names[a]+a, names[b]+b) })
	return out
}

// next says what the review waits for.
func (s *site) next(c *review.Campaign) string {
	switch {
	case c.State == review.Abandoned:
		return "It was abandoned: it is no evidence."
	case c.State == review.Running && c.Count.Unassigned > 0:
		return ui.Many(c.Count.Unassigned, "item has", "items have") + " no reviewer: nobody who was named may decide on them. Choose them in the list and give them to somebody else."
	case c.State == review.Running && c.Count.Undecided > 0:
		return "Next, the reviewers decide on " + ui.Many(c.Count.Undecided, "item", "items") + ". Nothing is decided by itself, also where nothing changed."
	case c.State == review.Running:
		return "Everything is decided. Next, close it: then it is evidence."
	case c.Count.Open > 0:
		return "It is closed. " + ui.Many(c.Count.Open, "revocation stays", "revocations stay") + " open until the system no longer shows the access."
	}
	return ""
}

// endForms gives the one thing to do, and puts the rest beside.
func endForms(c *review.Campaign, which string, t *screen.Typed, v *ui.RecordView) ui.Form {
	to := "/access-reviews/" + c.Ref()
	closing := ui.Form{ID: "close", Action: to + "/close", Button: "Close the review", Summary: "Close the review", Note: "Its decisions are frozen, and it is brought as evidence of its control; somebody else reviews that.", Fields: []ui.Field{{Name: "note", Label: "Note", Kind: "long"}}}
	abandon := ui.Form{ID: "abandon", Action: to + "/abandon", Button: "Abandon the review", Summary: "Abandon the review", Danger: true, Note: "It ends as it is, and is no evidence.", Fields: []ui.Field{{Name: "note", Label: "Why", Kind: "long", Must: true}}}
	switch which {
	case "close":
		t.Fill(&closing)
	case "abandon":
		t.Fill(&abandon)
	}
	switch {
	case c.State == review.Running && c.Count.Undecided == 0:
		v.SideMore = append(v.SideMore, ui.Block{ID: "end", Title: "Begun by mistake?", Forms: []ui.Form{abandon}})
		return closing
	case c.State == review.Running:
		v.SideMore = append(v.SideMore, ui.Block{ID: "end", Title: "Begun by mistake?", Forms: []ui.Form{abandon}})
	case c.State == review.Closed && c.Evidence == "" && c.Set.Control != "":
		f := ui.Form{ID: "bring", Action: to + "/bring", Button: "Bring it as evidence", Quiet: true, Note: "It was not brought as evidence of " + c.Set.Control + " when it closed: nothing was expected of the control for that day, or evidence could not be stored."}
		if which == "bring" {
			t.Fill(&f)
		}
		return f
	}
	return ui.Form{}
}

// ends does what a form of a review's page says.
func (s *site) ends(w http.ResponseWriter, r *screen.Request) error {
	ref, verb, note := r.PathValue("ref"), r.PathValue("verb"), r.PostForm.Get("note")
	var c *review.Campaign
	var err error
	said := ""
	switch verb {
	case "close":
		c, err = s.cfg.Reviews.Close(r.Context(), r.Who, ref, note)
		said = "It is closed."
		if err == nil && c.Evidence != "" {
			said = "It is closed, and brought as " + c.Evidence + "."
		}
	case "abandon":
		c, err = s.cfg.Reviews.Abandon(r.Context(), r.Who, ref, note)
		said = "It is abandoned."
	case "bring":
		c, err = s.cfg.Reviews.Bring(r.Context(), r.Who, ref)
		if err == nil {
			said = "It is brought as " + c.Evidence + "."
		}
	default:
		return fault.New(fault.NotFound, "nothing of a review is called %q", verb)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showCampaign(w, r, verb, t)
	}
	return r.Done(w, said, "/access-reviews/"+c.Ref())
}
