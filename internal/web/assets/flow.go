package assets

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var abouts = [][2]string{{"crosses", "Cross the boundary"}, {"unencrypted", "Cross it unencrypted"}, {"undeclared", "Seen, not declared"}, {"nothing_listens", "Nothing listens"}, {"unknown_end", "An end is in no inventory"}}

func isAbout(l asset.Line, about string) bool {
	switch about {
	case "":
		return true
	case "crosses":
		return l.Crosses
	case "unencrypted":
		return l.Crosses && l.Flow.Encrypted != "yes"
	case "unknown_end":
		return l.Ref != "" && (!l.From.Known || !l.To.Known)
	}
	return l.Seen == about
}

func (s *site) lines(r *screen.Request, q url.Values) (shown, all []asset.Line, err error) {
	about, text := q.Get("about"), strings.ToLower(q.Get("q"))
	if about != "" && !slices.ContainsFunc(abouts, func(a [2]string) bool { return a[0] == about }) {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that flows are chosen by", about)
	}
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return nil, nil, err
	}
	all = v.Lines()
	for _, l := range all {
		if isAbout(l, about) && (text == "" || strings.Contains(strings.ToLower(strings.Join([]string{l.Ref, l.From.Name, l.To.Name, l.Flow.Protocol, join(l.Flow.Data), l.Flow.Purpose, strconv.Itoa(l.Flow.Port)}, " ")), text)) {
			shown = append(shown, l)
		}
	}
	return shown, all, nil
}

func proto(l asset.Line) string {
	if l.Flow.Port == 0 {
		return l.Flow.Protocol
	}
	return fmt.Sprintf("%s %d", l.Flow.Protocol, l.Flow.Port)
}

func flowLink(l asset.Line) ui.Link {
	if l.Ref == "" {
		return ui.Link{Text: "undeclared " + proto(l), Href: "/flows/new?" + url.Values{"to": {screen.OrElse(l.To.Ref, l.To.Key)}, "port": {strconv.Itoa(l.Flow.Port)}}.Encode()}
	}
	return ui.Link{Text: l.Ref, Href: "/flows/" + l.Ref}
}

func encrypted(l asset.Line) ui.Cell {
	switch {
	case l.Flow.Encrypted == "yes":
		return ui.Cell{Text: "yes", Meta: l.Flow.How}
	case l.Flow.Encrypted == "no":
		return ui.Cell{Text: "no", Bad: l.Crosses}
	}
	return ui.Cell{Text: "not known", Bad: l.Crosses, Muted: !l.Crosses}
}

func (s *site) flowList() screen.List {
	return screen.Declare(screen.List{Name: "flows", Title: "Flows", Pattern: "GET /flows", Action: access.AssetRead}, screen.Whole(func(r *screen.Request) ([]asset.Line, error) {
		shown, _, err := s.lines(r, r.URL.Query())
		return shown, err
	}), nil,
		screen.Column[asset.Line]{Key: "number", Title: "Flow", Head: "=", Value: func(_ *screen.Cells, l asset.Line) any { return l.Ref }},
		screen.Column[asset.Line]{Key: "from", Title: "From", Head: "=", Width: 28, Value: func(_ *screen.Cells, l asset.Line) any { return l.From.Name }},
		screen.Column[asset.Line]{Key: "to", Title: "To", Head: "=", Width: 28, Value: func(_ *screen.Cells, l asset.Line) any { return l.To.Name }},
		screen.Column[asset.Line]{Key: "protocol", Title: "Protocol", Value: func(_ *screen.Cells, l asset.Line) any { return l.Flow.Protocol }},
		screen.Column[asset.Line]{Key: "port", Title: "Port", Value: func(_ *screen.Cells, l asset.Line) any { return l.Flow.Port }},
		screen.Column[asset.Line]{Key: "data", Title: "Data", Head: "=", Value: func(_ *screen.Cells, l asset.Line) any { return join(l.Flow.Data) }},
		screen.Column[asset.Line]{Key: "class", Title: "Class", Value: func(_ *screen.Cells, l asset.Line) any { return l.Class }},
		screen.Column[asset.Line]{Key: "encrypted", Title: "Encrypted", Head: "=", Value: func(_ *screen.Cells, l asset.Line) any { return l.Flow.Encrypted }},
		screen.Column[asset.Line]{Key: "how", Title: "By what", Value: func(_ *screen.Cells, l asset.Line) any { return l.Flow.How }},
		screen.Column[asset.Line]{Key: "purpose", Title: "Purpose", Width: 40, Value: func(_ *screen.Cells, l asset.Line) any { return l.Flow.Purpose }},
		screen.Column[asset.Line]{Key: "crosses", Title: "Crosses the boundary", Head: "Crosses", Value: func(_ *screen.Cells, l asset.Line) any { return l.Crosses }},
		screen.Column[asset.Line]{Key: "seen", Title: "Seen", Head: "=", Value: func(_ *screen.Cells, l asset.Line) any { return l.Seen }},
		screen.Column[asset.Line]{Key: "why", Title: "Seen: why", Width: 40, Value: func(_ *screen.Cells, l asset.Line) any { return l.Why }})
}

// flows answers: what flows between our assets, does it cross the boundary, and is
// it what agents see?
func (s *site) flows(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	shown, all, err := s.lines(r, q)
	if err != nil {
		return err
	}
	declared, open := 0, 0
	chips := []ui.Chip{}
	for _, a := range slices.Concat([][2]string{{"", "All"}}, abouts) {
		n := 0
		for _, l := range all {
			if isAbout(l, a[0]) {
				n++
			}
		}
		chips = append(chips, ui.Chip{Text: fmt.Sprintf("%s %d", a[1], n), Href: screen.With(q, "/flows", "about", a[0], "after", ""), Current: q.Get("about") == a[0]})
	}
	for _, l := range all {
		if l.Ref != "" {
			declared++
		}
		if l.Crosses && l.Flow.Encrypted != "yes" {
			open++
		}
	}
	title := ui.Many(declared, "flow is", "flows are") + " declared"
	if open > 0 {
		title += "; " + ui.Many(open, "crosses", "cross") + " the boundary without known encryption"
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Assets", Href: "/assets"}, {Text: "Flows"}}, Title: title, Note: "Declared ones, then ports that agents see listening and that no flow is declared to. Who connects is not collected: a flow is seen as far as its other side listens.",
		Labels: []string{"About"}, Chips: [][]ui.Chip{chips}, Undo: "/flows", None: "No flow matches.", Search: ui.SearchBox{Path: "/flows", Value: q.Get("q"), Label: "Ends, protocol, data", Hidden: screen.Hidden("about", q.Get("about"))},
		More: []ui.Link{{Text: "Diagrams", Href: "/diagrams"}}}
	if r.May(access.AssetEdit) {
		v.Action = ui.Link{Text: "Declare a flow", Href: "/flows/new"}
	}
	if len(all) == 0 {
		v.Title = "No flow is declared yet"
		v.Empty = &ui.Empty{Title: "Begin with what crosses the boundary", Text: "How customers reach you, what goes to vendors, how you reach your machines: from where, to where, which data, by which protocol, encrypted by what. Diagrams are drawn from it, and what agents see is held against it.",
			Criteria: []ui.Link{{Text: "CC6.6", Href: "/criteria/CC6.6"}, {Text: "CC6.7", Href: "/criteria/CC6.7"}}, Until: "Until then no diagram has arrows."}
		if r.May(access.AssetEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Declare a flow", Href: "/flows/new"}}
		}
	}
	v.Table = ui.Table{Caption: "Flows", Columns: []ui.Column{{Text: "Flow"}, {Text: "From"}, {Text: "To"}, {Text: "Data"}, {Text: "Encrypted"}, {Text: "Crosses"}, {Text: "Seen"}}}
	page, next := cutPage(shown, q, lineKey)
	for _, l := range page {
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: flowLink(l), Meta: metaOf(l), Cells: []ui.Cell{endCell(l.From), endCell(l.To), {Text: join(l.Flow.Data), Meta: l.Class}, encrypted(l),
			{Text: map[bool]string{true: "yes", false: "no"}[l.Crosses], Muted: !l.Crosses}, {Text: l.Why, Bad: l.Seen == "undeclared" || l.Seen == "nothing_listens", Muted: l.Seen == "not_observed"}}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(shown)), q, "/flows", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Flows", "Organise", "Assets"), v))
}

func metaOf(l asset.Line) string {
	if l.Ref == "" {
		return ""
	}
	return proto(l) + "; " + l.Flow.Purpose
}

func lineKey(l asset.Line) string {
	return screen.OrElse(l.Ref, fmt.Sprint(l.To.Key, " ", l.Flow.Protocol, " ", l.Flow.Port))
}

func endCell(e asset.End) ui.Cell {
	if e.Ref != "" {
		return ui.Cell{Links: []ui.Link{{Text: e.Name, Href: "/assets/" + e.Ref}}}
	}
	if !e.Known && e.Key != "anybody" {
		return ui.Cell{Text: e.Name, Bad: true, Meta: "in no inventory"}
	}
	return ui.Cell{Text: e.Name}
}

func (s *site) flowForm(v *asset.Inventory, f asset.Flow, action, button string) ui.Form {
	say := func(key string) string {
		if e := v.Resolve(key); e.Known && !e.Whole {
			return e.Name
		}
		return key
	}
	var sets []string
	for _, d := range v.Data {
		sets = append(sets, d.Ref+" "+d.Name)
	}
	port := ""
	if f.Port > 0 {
		port = strconv.Itoa(f.Port)
	}
	ends := "An asset by number or name, or zone:NAME for all of a zone" + opt(" (", join(v.Zones()))
	if len(v.Zones()) > 0 {
		ends += ")"
	}
	return ui.Form{ID: "flow", Action: action, Button: button, Fields: []ui.Field{
		{Name: "from", Label: "From", Hint: ends + ". What is in no inventory can be named too, and shows as that.", Value: say(f.From), Must: true},
		{Name: "to", Label: "To", Hint: "Likewise.", Value: say(f.To), Must: true},
		{Name: "protocol", Label: "Protocol", Hint: "https, ssh, postgres, smtp.", Value: f.Protocol, Must: true},
		{Name: "port", Label: "Port", Hint: "Of the other side; empty where there is none.", Value: port},
		{Name: "data", Label: "Data that it carries", Hint: "Numbers of the inventory of data" + opt(": ", strings.Join(sets, "; ")) + ".", Value: join(f.Data)},
		{Name: "encrypted", Label: "Encrypted on its way", Kind: "select", Options: pairs(f.Encrypted, "Not known", [][2]string{{"yes", "yes"}, {"no", "no"}})},
		{Name: "how", Label: "By what", Hint: "TLS 1.3, SSH, WireGuard. Needed where it is encrypted.", Value: f.How},
		{Name: "purpose", Label: "What for", Kind: "long", Value: f.Purpose, Must: true}}}
}

func readFlow(r *screen.Request) (asset.Flow, error) {
	f := r.PostForm
	x := asset.Flow{From: f.Get("from"), To: f.Get("to"), Protocol: f.Get("protocol"), Data: splitRefs(f.Get("data")), Encrypted: f.Get("encrypted"), How: f.Get("how"), Purpose: f.Get("purpose")}
	if text := strings.TrimSpace(f.Get("port")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return x, fault.Wrap(fault.Invalid, err, "%q is no port", text).At("", 0, "port").WithHint("a number from 1 to 65535")
		}
		x.Port = n
	}
	return x, nil
}

func (s *site) newFlow(w http.ResponseWriter, r *screen.Request) error {
	return s.showNewFlow(w, r, nil)
}

func (s *site) showNewFlow(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	port, _ := strconv.Atoi(q.Get("port"))
	f := s.flowForm(v, asset.Flow{From: q.Get("from"), To: q.Get("to"), Port: max(port, 0)}, "/flows", "Declare it")
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Declare a flow", "Organise", "Assets"), ui.FormView{Crumbs: []ui.Link{{Text: "Flows", Href: "/flows"}, {Text: "Declare"}}, Title: "Declare a flow",
		Note: "Whether it crosses the boundary follows from its ends; whether its other side listens, from what agents see.", Form: f}))
}

func (s *site) declare(w http.ResponseWriter, r *screen.Request) error {
	x, err := readFlow(r)
	var l asset.Line
	if err == nil {
		l, err = s.cfg.Assets.Declare(r.Context(), r.Who, "", x)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showNewFlow(w, r, t)
	}
	return r.Done(w, l.Ref+" is declared.", "/flows/"+l.Ref)
}

// flow answers: what is this flow, is it guarded, and is it seen?
func (s *site) flow(w http.ResponseWriter, r *screen.Request) error { return s.showFlow(w, r, "", nil) }

func (s *site) showFlow(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	d := v.Flow(r.PathValue("ref"))
	if d == nil {
		return fault.New(fault.NotFound, "there is no flow %q", r.PathValue("ref"))
	}
	l := asset.Line{Ref: d.Ref(), Flow: d.Flow, From: v.Resolve(d.From), To: v.Resolve(d.To), Why: "it has ended"}
	for _, x := range v.Lines() {
		if x.Ref == d.Ref() {
			l = x
		}
	}
	title := l.From.Name + " to " + l.To.Name
	var people []string
	for _, e := range d.History {
		people = append(people, e.Made.By)
	}
	names := r.Names(people)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Assets", Href: "/assets"}, {Text: "Flows", Href: "/flows"}, {Text: d.Ref()}}, Title: title, State: map[bool]string{true: "ended", false: "declared"}[d.Over], FactsOf: "This flow", Zone: "times in " + r.Words.Zone.String(),
		Line: []string{d.Ref(), proto(l), map[bool]string{true: "crosses the boundary", false: "does not cross the boundary"}[l.Crosses]}}
	if l.Crosses && d.Encrypted != "yes" && !d.Over {
		rec.Bad = map[string]string{"no": "not encrypted", "unknown": "encryption not known"}[d.Encrypted]
	}
	rec.Facts = []ui.Fact{{Term: "Encrypted", Text: d.Encrypted + opt(", ", d.How)}, {Term: "Class of its data", Text: screen.OrElse(l.Class, "none named")}, {Term: "Seen", Text: l.Why}, {Term: "What for", Text: d.Purpose}}
	ends := ui.Table{Caption: "Its ends", Columns: []ui.Column{{Text: "End"}, {Text: "Asset"}, {Text: "Zone"}, {Text: "Boundary"}}}
	for i, e := range []asset.End{l.From, l.To} {
		ends.Rows = append(ends.Rows, ui.TableRow{Head: ui.Link{Text: []string{"From", "To"}[i]}, Cells: []ui.Cell{endCell(e), {Text: screen.OrElse(e.Zone, "none yet")}, {Text: map[bool]string{true: "outside", false: "inside"}[e.Outside]}}})
	}
	data := ui.Table{Caption: "Data that it carries", Columns: []ui.Column{{Text: "Data set"}, {Text: "Class"}, {Text: "Owner"}}}
	for _, x := range v.Data {
		if slices.Contains(d.Data, x.Ref) {
			data.Rows = append(data.Rows, ui.TableRow{Head: ui.Link{Text: x.Ref + " " + x.Name, Href: "/data/" + x.Ref}, Cells: []ui.Cell{{Text: screen.OrElse(string(x.Class), "not classified")}, {Text: map[bool]string{true: "named", false: "nobody"}[x.Owned], Bad: !x.Owned}}})
		}
	}
	rec.Blocks = []ui.Block{{ID: "ends", Title: "Ends", Table: &ends}, {ID: "data", Title: "Data that it carries", Table: &data, None: "No data set is named."}}
	if r.May(access.AssetEdit) && !d.Over {
		change := s.flowForm(v, d.Flow, "/flows/"+d.Ref()+"/declare", "Declare it so")
		change.Summary, change.Quiet = "Declare it anew", true
		end := ui.Form{ID: "end", Action: "/flows/" + d.Ref() + "/end", Summary: "It is no more", Button: "End it", Danger: true, Fields: []ui.Field{{Name: "why", Label: "Why", Kind: "long", Must: true}}}
		switch which {
		case "declare":
			t.Fill(&change)
		case "end":
			t.Fill(&end)
		}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "change", Title: "Change", Forms: []ui.Form{change, end}})
	}
	for _, e := range slices.Backward(d.History) {
		rec.History = append(rec.History, ui.Step{At: r.Words.At(e.Made.At), Text: e.Text, By: "by " + screen.Who(names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, title, "Organise", "Assets"), rec))
}

func (s *site) changeFlow(w http.ResponseWriter, r *screen.Request) error {
	ref, verb := r.PathValue("ref"), r.PathValue("verb")
	var err error
	done := "The flow is declared anew."
	switch verb {
	case "declare":
		var x asset.Flow
		if x, err = readFlow(r); err == nil {
			_, err = s.cfg.Assets.Declare(r.Context(), r.Who, ref, x)
		}
	case "end":
		_, err = s.cfg.Assets.End(r.Context(), r.Who, ref, r.PostForm.Get("why"))
		done = "The flow has ended."
	default:
		return fault.New(fault.NotFound, "nothing of a flow is called %q", verb)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showFlow(w, r, verb, t)
	}
	return r.Done(w, done, "/flows/"+ref)
}
