package people

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// dues are what a list of people is narrowed to by what waits.
var dues = [][2]string{{"late", "Late on a checklist"}, {"present", "Has left, can still come in"}, {"not_observed", "Has left, not observed"}, {"unclear", "Has left, accounts unclear"}, {"reviews", "No yearly talk or review"}}

func stateWords(st people.State) string {
	return map[people.State]string{people.Planned: "starts later", people.Here: "here", people.Leaving: "leaving", people.Left: "has left", people.Merged: "is somebody else"}[st]
}

func kindWords(k people.Kind) string {
	return map[people.Kind]string{people.Employee: "employee", people.Contractor: "contractor", people.ServiceID: "account without a person"}[k]
}

// accessWords says what is known of a leaver's accounts.
func accessWords(word string) string {
	return map[string]string{"removed": "gone", "present": "still there", "not_observed": "not observed", "unclear": "unclear", "none_found": "none was found"}[word]
}

// accessOutcome is that of the question whether a leaver's access is gone.
func accessOutcome(word string) ui.Outcome {
	return map[string]ui.Outcome{"removed": "pass", "present": "fail", "not_observed": "not_observed", "unclear": "error", "none_found": "not_applicable"}[word]
}

// filter gives what an address asks for; kind Invalid for what people cannot be
// chosen by.
func filter(q url.Values) (people.Filter, error) {
	f := people.Filter{Query: q.Get("q"), Kind: people.Kind(q.Get("kind")), Team: q.Get("team"), Manager: q.Get("manager"), Location: q.Get("location")}
	bad := func(what, value string) error {
		return fault.New(fault.Invalid, "%q is no %s of people", value, what)
	}
	switch st := q.Get("state"); {
	case st == "all":
		f.States = everyState
	case slices.Contains(everyState, people.State(st)):
		f.States = []people.State{people.State(st)}
	case st != "":
		return f, bad("state", st)
	}
	if f.Kind != "" && kindWords(f.Kind) == "" {
		return f, bad("kind", string(f.Kind))
	}
	switch due := q.Get("due"); {
	case due == "late":
		f.Late = true
		if f.States == nil {
			f.States = everyState
		}
	case due == "reviews":
		f.Reviews = true
	case slices.ContainsFunc(dues, func(d [2]string) bool { return d[0] == due }):
		f.Access = due
	case due != "":
		return f, bad("selection", due)
	}
	return f, nil
}

// peopleList is the list as files say it.
func (s *site) peopleList() screen.List {
	text := func(f func(x people.Row) any) func(*screen.Cells, people.Row) any {
		return func(_ *screen.Cells, x people.Row) any { return f(x) }
	}
	return screen.Declare(screen.List{Name: "people", Title: "People", Pattern: "GET /people", Action: access.PeopleRead}, func(r *screen.Request, after string) ([]people.Row, string, error) {
		f, err := filter(r.URL.Query())
		if err != nil {
			return nil, "", err
		}
		page, err := s.cfg.People.List(r.Context(), r.Who, f, r.URL.Query().Get("sort"), after, 500)
		return page.People, page.Next, err
	}, nil,
		screen.Column[people.Row]{Key: "id", Title: "Identifier", Width: 30, Value: text(func(x people.Row) any { return x.ID })},
		screen.Column[people.Row]{Key: "name", Title: "Person", Head: "=", Width: 28, Value: text(func(x people.Row) any { return x.Name })},
		screen.Column[people.Row]{Key: "mail", Title: "Address", Width: 30, Value: text(func(x people.Row) any { return x.Mail })},
		screen.Column[people.Row]{Key: "number", Title: "Personnel number", Value: text(func(x people.Row) any { return x.Number })},
		screen.Column[people.Row]{Key: "state", Title: "State", Head: "=", Value: text(func(x people.Row) any { return stateWords(x.State) })},
		screen.Column[people.Row]{Key: "kind", Title: "Kind", Head: "=", Value: text(func(x people.Row) any { return kindWords(x.Kind) })},
		screen.Column[people.Row]{Key: "team", Title: "Team", Head: "=", Width: 20, Value: text(func(x people.Row) any { return x.Team })},
		screen.Column[people.Row]{Key: "title", Title: "Title", Width: 24, Value: text(func(x people.Row) any { return x.Title })},
		screen.Column[people.Row]{Key: "manager", Title: "Manager", Head: "=", Width: 24, Value: text(func(x people.Row) any { return x.Manager })},
		screen.Column[people.Row]{Key: "location", Title: "Location", Value: text(func(x people.Row) any { return x.Location })},
		screen.Column[people.Row]{Key: "start", Title: "First day", Value: text(func(x people.Row) any { return x.Start })},
		screen.Column[people.Row]{Key: "end", Title: "Last day", Head: "=", Value: text(func(x people.Row) any { return x.End })},
		screen.Column[people.Row]{Key: "left", Title: "Left", Value: text(func(x people.Row) any { return x.LeftAt })},
		screen.Column[people.Row]{Key: "open", Title: "To do", Head: "=", Value: text(func(x people.Row) any { return x.Open })},
		screen.Column[people.Row]{Key: "late", Title: "Late", Value: text(func(x people.Row) any { return x.Late })},
		screen.Column[people.Row]{Key: "access", Title: "Access", Head: "=", Value: text(func(x people.Row) any { return accessWords(x.Access.Word) })},
		screen.Column[people.Row]{Key: "access_why", Title: "Access: why", Width: 50, Value: text(func(x people.Row) any { return x.Access.Reason })},
	)
}

// list answers: who is here, and where does something wait?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	f, err := filter(q)
	if err != nil {
		return err
	}
	page, err := s.cfg.People.List(r.Context(), r.Who, f, q.Get("sort"), q.Get("after"), screen.PageSize)
	if err != nil {
		return err
	}
	fa, err := s.cfg.People.Facets(r.Context(), r.Who)
	if err != nil {
		return err
	}
	here := fa.States[people.Here] + fa.States[people.Leaving]
	all := here + fa.States[people.Planned] + fa.States[people.Left]
	v := ui.ListView{Title: ui.Many(here, "person is", "people are") + " here", Note: "As the directories and files say, with what is written here. What somebody is not proved to have lost, they have.",
		Labels: []string{"State", "Kind", "What waits"}, Chips: s.chips(q, fa), Undo: base, None: "Nobody matches.",
		Search: ui.SearchBox{Path: base, Value: q.Get("q"), Label: "Name, address, team, title, login"}}
	for _, name := range []string{"state", "kind", "due", "team", "manager", "location", "sort"} {
		v.Search.Hidden = append(v.Search.Hidden, screen.Hidden(name, q.Get(name))...)
	}
	switch {
	case fa.Access > 0:
		v.Title += "; " + ui.Many(fa.Access, "leaver can", "leavers can") + " still come in"
	case fa.Late > 0:
		v.Title += "; for " + ui.Many(fa.Late, "person", "people") + " something is late"
	}
	v.More = s.more(r, fa)
	if r.May(access.PeopleEdit) {
		v.Action = ui.Link{Text: "Write somebody in", Href: base + "/new"}
	}
	if len(fa.Trouble) > 0 {
		v.Note = "Not read: " + strings.Join(fa.Trouble, "; ") + ". Nobody is changed by that."
	}
	if all == 0 {
		v.Title, v.Empty = "Nobody is in the register yet", s.empty(r)
	}
	v.Table = ui.Table{Caption: "People, " + map[string]string{"": "by name", "team": "by team", "title": "by title", "start": "the newest first", "left": "who left last first"}[q.Get("sort")], Columns: s.heads(q)}
	for _, x := range page.People {
		v.Table.Rows = append(v.Table.Rows, row(r, x))
	}
	v.Table.Pager = screen.Pager(len(page.People), page.Total, q, base, page.Next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "People", "Organise", "People"), v))
}

func (s *site) empty(r *screen.Request) *ui.Empty {
	e := &ui.Empty{Title: "Connect the directory that knows who works here", Text: "An LDAP directory, one that keeps its accounts here by SCIM, or a file from the personnel system. From then on joiners, movers and leavers get their checklists by themselves, and accounts that a leaver still has on hosts and in databases are findings.",
		Criteria: []ui.Link{{Text: "CC1.4", Href: "/criteria/CC1.4"}, {Text: "CC6.2", Href: "/criteria/CC6.2"}, {Text: "CC6.3", Href: "/criteria/CC6.3"}}, Until: "Until then nothing shows that access ends when somebody leaves."}
	if r.May(access.PeopleSources) {
		e.Actions = append(e.Actions, ui.Link{Text: "Connect a directory", Href: settings + "/new?kind=ldap"})
	}
	if r.May(access.PeopleEdit) {
		e.Actions = append(e.Actions, ui.Link{Text: "Bring in a file", Href: settings}, ui.Link{Text: "Write somebody in", Href: base + "/new"})
	}
	return e
}

func (s *site) more(r *screen.Request, fa people.Facets) []ui.Link {
	out := []ui.Link{{Text: "Chart", Href: base + "/chart"}, {Text: "Checklists", Href: "/checklists"}}
	if n := fa.Doubts + fa.Asked; n > 0 {
		out = append(out, ui.Link{Text: "Who is who: " + ui.Many(n, "question", "questions"), Href: base + "/unclear"})
	}
	if fa.Held > 0 {
		out = append(out, ui.Link{Text: ui.Many(fa.Held, "change of many waits", "changes of many wait"), Href: settings})
	}
	return out
}

func (s *site) chips(q url.Values, fa people.Facets) [][]ui.Chip {
	set := func(pairs ...string) string { return screen.With(q, base, append(pairs, "after", "")...) }
	chip := func(text, field, value string) ui.Chip {
		return ui.Chip{Text: text, Href: set(field, value), Current: q.Get(field) == value}
	}
	var total int64
	states := []ui.Chip{chip(fmt.Sprintf("Has not left %s", ui.Number(fa.States[people.Planned]+fa.States[people.Here]+fa.States[people.Leaving])), "state", "")}
	for _, st := range everyState {
		total += fa.States[st]
		states = append(states, chip(fmt.Sprintf("%s %s", screen.Capital(stateWords(st)), ui.Number(fa.States[st])), "state", string(st)))
	}
	states = append(states, chip("Everybody "+ui.Number(total), "state", "all"))
	kinds := []ui.Chip{chip("Any kind", "kind", "")}
	for _, k := range []people.Kind{people.Employee, people.Contractor, people.ServiceID} {
		kinds = append(kinds, chip(screen.Capital(kindWords(k)), "kind", string(k)))
	}
	waits := []ui.Chip{chip("Whatever waits", "due", "")}
	for _, d := range dues {
		text := d[1]
		switch d[0] {
		case "late":
			text += " " + ui.Number(fa.Late)
		case "present":
			if fa.Access > 0 {
				text += fmt.Sprintf(" (%s too long)", ui.Number(fa.Access))
			}
		}
		waits = append(waits, chip(text, "due", d[0]))
	}
	out := [][]ui.Chip{states, kinds, waits}
	for _, x := range []string{"team", "location", "manager"} { // chosen by a link of a row or a page
		if q.Get(x) != "" {
			text := q.Get(x)
			if x == "manager" {
				text = "one manager's people"
			}
			out[1] = append(out[1], ui.Chip{Text: screen.Capital(x) + ": " + text + " ×", Href: set(x, ""), Current: true})
		}
	}
	return out
}

func (s *site) heads(q url.Values) []ui.Column {
	sorted := func(text, by, way string) ui.Column {
		c := ui.Column{Text: text, Href: screen.With(q, base, "sort", by, "after", "")}
		if q.Get("sort") == by {
			c.Sort = way
		}
		return c
	}
	return []ui.Column{sorted("Person", "", "ascending"), {Text: "State"}, {Text: "Kind"}, sorted("Team", "team", "ascending"), {Text: "Manager"}, sorted("Last day", "left", "descending"), {Text: "To do", N: true}, {Text: "Access"}}
}

// dash joins what is there with a dot between.
func dash(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " · ")
}

func row(r *screen.Request, x people.Row) ui.TableRow {
	state, last := ui.Cell{Text: stateWords(x.State)}, ui.Cell{Text: x.End, Muted: true}
	if x.State == people.Planned {
		state.Meta = "from " + x.Start
	}
	if x.State == people.Left {
		last = ui.Cell{Moment: r.Words.At(x.LeftAt)}
	}
	todo := ui.Cell{Text: ui.Number(x.Open), N: true, Muted: x.Open == 0, Bad: x.Late > 0}
	if x.Late > 0 {
		todo.Meta = ui.Number(x.Late) + " late"
	}
	may := ui.Cell{Muted: true}
	switch {
	case x.State == people.Left:
		may = ui.Cell{Text: accessWords(x.Access.Word), Bad: x.Access.Word == "present", Meta: map[bool]string{true: x.Access.Reason}[x.Access.Word != "removed" && x.Access.Word != "none_found"]}
	case x.Entries > 0:
		may.Text = ui.Many(x.Entries, "account", "accounts")
	}
	manager := ui.Cell{Text: "none", Muted: true}
	if x.ManagerID != "" {
		manager = ui.Cell{Links: []ui.Link{{Text: screen.OrElse(x.Manager, x.ManagerID), Href: base + "/" + x.ManagerID}}}
	}
	team := ui.Cell{}
	if x.Team != "" {
		team.Links = []ui.Link{{Text: x.Team, Href: screen.With(url.Values{}, base, "team", x.Team)}}
	}
	return ui.TableRow{Head: ui.Link{Text: x.Name, Href: base + "/" + x.ID}, Meta: dash(x.Title, x.Mail), Cells: []ui.Cell{state, {Text: kindWords(x.Kind)}, team, manager, last, todo, may}}
}
