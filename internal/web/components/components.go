// Package components is the screens of the register of components: what somebody must
// say something about, everything that hosts consist of, one component with where it
// is and what was decided, and learning a baseline. Rules are those of
// internal/operations/component.
package components

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	listPath  = "/components"
	learnPath = "/components/learn"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Components *component.Service
	// Hosts gives the hosts that a baseline can be learned from, by name.
	Hosts func(context.Context) ([]ui.Option, error)
	// People gives who can be asked.
	People func(context.Context) ([]ui.Option, error)
	// Finding gives the address of the findings of an item, by its source; "" where there
	// never was one.
	Finding func(ctx context.Context, source string) (string, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	const read, decide = access.ComponentRead, access.ComponentDecide
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /components", Action: read, Handle: s.list},
			{Pattern: "GET /components/learn", Action: decide, Handle: s.learn},
			{Pattern: "POST /components/learn", Action: decide, Handle: s.choose},
			{Pattern: "POST /components/learn/approve", Action: decide, Handle: s.approve},
			{Pattern: "GET /components/{id}", Action: read, Handle: s.one},
			{Pattern: "POST /components/{id}/say", Action: access.ComponentAnswer, Handle: s.say},
		},
		Pages:  []screen.Page{{Section: "Operate", Name: "Components", Path: listPath, Action: read}},
		Lists:  []screen.List{s.declare()},
		Doings: []screen.Doing{{Name: "Learn a baseline of components", Path: learnPath, Action: decide}},
		Finds: []screen.Finder{{Kind: "component", Action: read, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			list, _, _, err := cfg.Components.List(r.Context(), r.Who, component.Filter{Query: asked}, "", 20)
			var out []screen.Found
			for _, c := range list {
				out = append(out, screen.Found{Name: c.Name, Words: one(c.Kind), Href: listPath + "/" + c.ID})
			}
			return out, err
		}}},
	}
}

func one(k component.Kind) string {
	w, _ := component.About(k)
	return w.One
}

// filter reads the address. Without a choice the list is the inbox.
func filter(r *screen.Request) (component.Filter, error) {
	q := r.URL.Query()
	f := component.Filter{Kind: component.Kind(q.Get("kind")), Query: strings.TrimSpace(q.Get("q")), Host: q.Get("host")}
	switch show := q.Get("show"); show {
	case "", "open":
		f.Open = true
	case "asked":
		f.Asked = true
	case "all":
	default:
		f.State = component.State(show)
		if !slices.Contains(component.States(), f.State) {
			return f, fault.New(fault.Invalid, "%q is no choice of this list", show).At("", 0, "show")
		}
	}
	return f, nil
}

func (s *site) declare() screen.List {
	type row = *component.Component
	pages := func(r *screen.Request, after string) ([]row, string, error) {
		f, err := filter(r)
		if err != nil {
			return nil, "", err
		}
		list, next, _, err := s.cfg.Components.List(r.Context(), r.Who, f, after, 1000)
		return list, next, err
	}
	l := screen.Declare(screen.List{Name: "components", Title: "Components", Pattern: "GET /components", Action: access.ComponentRead}, pages, nil,
		screen.Column[row]{Key: "id", Title: "Id", Value: func(_ *screen.Cells, c row) any { return c.ID }},
		screen.Column[row]{Key: "kind", Title: "Kind", Head: "=", Value: func(_ *screen.Cells, c row) any { return one(c.Kind) }},
		screen.Column[row]{Key: "name", Title: "Component", Head: "=", Width: 44, Value: func(_ *screen.Cells, c row) any { return c.Name }},
		screen.Column[row]{Key: "identity", Title: "Identity", Width: 44, Value: func(_ *screen.Cells, c row) any { return identity(c.Identity) }},
		screen.Column[row]{Key: "evidence", Title: "Evidence", Width: 44, Value: func(_ *screen.Cells, c row) any { return c.Evidence }},
		screen.Column[row]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, c row) any { return string(c.State) }},
		screen.Column[row]{Key: "why", Title: "Because", Width: 60, Value: func(_ *screen.Cells, c row) any { return c.Why }},
		screen.Column[row]{Key: "hosts", Title: "Hosts", Head: "=", Value: func(_ *screen.Cells, c row) any { return c.Hosts }},
		screen.Column[row]{Key: "first", Title: "First seen", Head: "=", Value: func(c *screen.Cells, x row) any { return c.Words.At(x.First).Text }},
		screen.Column[row]{Key: "first_host", Title: "First seen on", Width: 20, Value: func(_ *screen.Cells, c row) any { return c.FirstName }},
		screen.Column[row]{Key: "asked", Title: "A question is open", Value: func(_ *screen.Cells, c row) any { return c.Asked }})
	return screen.Chosen(l, pages, func(c row) string { return c.ID })
}

func identity(all [][2]string) string {
	var out []string
	for _, p := range all {
		if p[1] != "" {
			out = append(out, p[0]+" "+p[1])
		}
	}
	return strings.Join(out, ", ")
}

var stateWords = map[component.State]string{
	component.Fresh: "Not approved", component.Rejected: "Refused, still there", component.Expired: "Approval ended", component.Unknown: "Cannot be seen", component.Learning: "Not judged yet",
	component.Allowed: "Approved", component.Recognised: "Recognised", component.Gone: "Gone", component.Left: "Left with its host",
}

func stateCell(w screen.Words, c *component.Component) ui.Cell {
	cell := ui.Cell{Meta: w.Stamps(c.Why)}
	switch c.State {
	case component.Fresh, component.Rejected, component.Expired:
		cell.Outcome = "fail"
	case component.Unknown, component.Learning, component.Left:
		cell.Outcome = "not_observed"
	default:
		cell.Outcome = "pass"
	}
	cell.Tag = map[component.State]string{component.Fresh: "new", component.Rejected: "refused", component.Expired: "ended", component.Gone: "gone", component.Left: "left", component.Learning: "not judged", component.Recognised: "has an agent"}[c.State]
	if c.Asked {
		cell.Tag = strings.TrimSpace(cell.Tag + " · asked")
	}
	return cell
}

// list answers: is there anything that nobody approved?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	f, err := filter(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	list, next, total, err := s.cfg.Components.List(r.Context(), r.Who, f, q.Get("after"), screen.PageSize)
	if err != nil {
		return err
	}
	counts, err := s.cfg.Components.Counts(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var open, all, unjudged int64
	states := map[component.State]int64{}
	var waiting []string
	for _, k := range counts {
		open, all = open+k.Open, all+k.Total
		for st, n := range k.States {
			states[st] += n
		}
		if k.Baseline == nil {
			unjudged += k.Total
			waiting = append(waiting, k.Many)
		}
	}
	v := ui.ListView{None: "No component matches.", Undo: listPath, Labels: []string{"Which", "Kind"}}
	switch {
	case len(counts) > 0 && len(waiting) == len(counts):
		v.Title = "Nothing is judged: no baseline of components is approved yet"
		v.Note = ui.Number(all) + " components were seen. Until somebody approves a baseline of a kind, nothing of it is a finding, whatever appears."
	case open > 0:
		v.Title = ui.Many(int(open), "component waits", "components wait") + " for somebody's word"
	default:
		v.Title = "Everything that is judged is approved or gone"
	}
	if v.Note == "" && len(waiting) > 0 {
		v.Note = "Not judged, since no baseline of them is approved yet: " + strings.Join(waiting, ", ") + " (" + ui.Number(unjudged) + ")."
	} else if v.Note == "" {
		v.Note = "A component stands once, on however many hosts it is. Approve what belongs there, refuse what must go: it is closed when it was observed to be gone."
	}
	if r.May(access.ComponentDecide) {
		v.Action = ui.Link{Text: "Learn a baseline", Href: learnPath}
	}
	v.More = []ui.Link{{Text: "Reference hosts", Href: "/references"}}
	if len(counts) == 0 {
		v.Title, v.Note = "No component is known yet", ""
		v.Empty = &ui.Empty{Title: "What do hosts consist of?", Text: "Agents report accounts, keys, ports, services, jobs, packages, modules, devices, containers, certificates and set-id files. Each stands here once. Take a host that is as it should be, look at what it consists of, approve it; from then on whatever else appears is a finding with a deadline.",
			Criteria: []ui.Link{{Text: "CC7.1", Href: "/criteria/CC7.1"}}, Until: "Until a host reports there is nothing to approve.", Actions: []ui.Link{{Text: "Add a host", Href: "/hosts"}}}
		return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Components", "Operate", "Components"), v))
	}
	s.chips(&v, r, f, counts, states, open, all)
	v.Table = ui.Table{Caption: "Components, newest first", Columns: []ui.Column{{Text: "Component"}, {Text: "Kind"}, {Text: "State"}, {Text: "Hosts", N: true}, {Text: "First seen"}}}
	pick := r.May(access.BulkAct) && r.May(access.ComponentDecide)
	for _, c := range list {
		row := ui.TableRow{Head: ui.Link{Text: c.Name, Href: listPath + "/" + c.ID}, Meta: c.Evidence, Cells: []ui.Cell{{Text: one(c.Kind)}, stateCell(r.Words, c), {Text: ui.Number(c.Hosts), N: true}, {Moment: r.Words.At(c.First), Meta: "on " + c.FirstName}}}
		if pick && c.State != component.Gone && c.State != component.Left {
			row.Pick = c.ID
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	if len(list) == 0 && f.Open && f.Kind == "" && f.Query == "" && f.Host == "" {
		v.None = "Nothing waits for a word."
		if len(waiting) > 0 {
			v.None = "Nothing waits for a word, and " + strings.Join(waiting, ", ") + " are not judged yet."
		}
	}
	v.Table.Pager = screen.Pager(len(list), total, q, listPath, next)
	v.After, v.Heads = []ui.Table{kindTable(r, counts)}, []string{"Kinds"}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Components", "Operate", "Components"), v))
}

func (s *site) chips(v *ui.ListView, r *screen.Request, f component.Filter, counts []component.KindCount, states map[component.State]int64, open, all int64) {
	q := r.URL.Query()
	show := screen.OrElse(q.Get("show"), "open")
	chip := func(text, value string, n int64) ui.Chip {
		to := value
		if value == "open" {
			to = ""
		}
		return ui.Chip{Text: text + " " + ui.Number(n), Href: screen.With(q, listPath, "show", to, "after", ""), Current: show == value}
	}
	which := []ui.Chip{chip("To decide", "open", open), chip("All", "all", all+states[component.Gone]+states[component.Left])}
	if show == "asked" {
		which = append(which, ui.Chip{Text: "Asked about", Href: screen.With(q, listPath, "after", ""), Current: true})
	} else {
		which = append(which, ui.Chip{Text: "Asked about", Href: screen.With(q, listPath, "show", "asked", "after", "")})
	}
	for _, st := range component.States() {
		if states[st] > 0 || show == string(st) {
			which = append(which, chip(stateWords[st], string(st), states[st]))
		}
	}
	chosen := []ui.Chip{{Text: "Every kind", Href: screen.With(q, listPath, "kind", "", "after", ""), Current: f.Kind == ""}}
	for _, k := range counts {
		n := k.Total
		if show == "open" {
			if n = k.Open; n == 0 && f.Kind != k.Kind {
				continue // nothing waits in it; the table of kinds below leads to what there is
			}
		}
		chosen = append(chosen, ui.Chip{Text: screen.Capital(k.Many) + " " + ui.Number(n), Href: screen.With(q, listPath, "kind", string(k.Kind), "after", ""), Current: f.Kind == k.Kind})
	}
	v.Chips = [][]ui.Chip{which, chosen}
	var hidden []ui.Link
	for _, name := range []string{"show", "kind", "host"} {
		hidden = append(hidden, screen.Hidden(name, q.Get(name))...)
	}
	v.Search = ui.SearchBox{Path: listPath, Value: q.Get("q"), Label: "Part of a name", Hidden: hidden}
}

func kindTable(r *screen.Request, counts []component.KindCount) ui.Table {
	t := ui.Table{Caption: "What is judged", Columns: []ui.Column{{Text: "Kind"}, {Text: "Judged since"}, {Text: "Seen", N: true}, {Text: "To decide", N: true}, {Text: "What tells one from another"}}}
	for _, k := range counts {
		judged := ui.Cell{Text: "not judged: no baseline is approved yet", Muted: true}
		if k.Baseline != nil {
			judged = ui.Cell{Moment: r.Words.At(k.Baseline.At)}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: screen.Capital(k.Many), Href: screen.With(url.Values{}, listPath, "kind", string(k.Kind), "show", "all")}, Cells: []ui.Cell{judged, {Text: ui.Number(k.Total), N: true}, {Text: ui.Number(k.Open), N: true, Bad: k.Open > 0}, {Text: k.Identity}}})
	}
	return t
}
