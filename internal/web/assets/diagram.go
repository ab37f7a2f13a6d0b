package assets

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/diagram"
	layout "github.com/attesta/attesta/internal/render/diagram"
	"github.com/attesta/attesta/internal/render/flowmap"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// boundary is what the boundary is called in pictures.
const boundary = "Boundary of the system"

// diagrams answers: which pictures are there, are they approved, and are they still true?
func (s *site) diagrams(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Diagrams.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	stale := 0
	for _, d := range all {
		if len(d.Differs) > 0 {
			stale++
		}
	}
	title := ui.Many(len(all), "diagram", "diagrams")
	if stale > 0 {
		title += "; " + ui.Many(stale, "differs", "differ") + " from what was approved"
	}
	v := ui.ListView{Title: title, Note: "Drawn from assets and flows. A version freezes them; somebody else approves it; what is different since then is derived.", None: "There is none.", More: []ui.Link{{Text: "Flows", Href: "/flows"}},
		Table: ui.Table{Caption: "Diagrams", Columns: []ui.Column{{Text: "Diagram"}, {Text: "Kind"}, {Text: "Shows"}, {Text: "Approved"}, {Text: "Since then"}, {Text: "Findings", N: true}}}}
	if r.May(access.AssetEdit) {
		v.Action = ui.Link{Text: "Make a diagram", Href: "/diagrams/new"}
	}
	if len(all) == 0 {
		v.Title = "There is no diagram yet"
		v.Empty = &ui.Empty{Title: "Nobody draws: it draws itself", Text: "A network diagram shows assets by zone with the flows between them; a data-flow diagram shows which data goes where and what crosses the boundary. Both are drawn from the inventory, frozen as versions, and approved. What is wrong is drawn in.",
			Criteria: []ui.Link{{Text: "CC2.1", Href: "/criteria/CC2.1"}, {Text: "CC6.1", Href: "/criteria/CC6.1"}, {Text: "CC6.6", Href: "/criteria/CC6.6"}}, Until: "Until then the description of the system has no picture that anybody approved."}
		if r.May(access.AssetEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Make a diagram", Href: "/diagrams/new"}}
		}
	}
	for _, d := range all {
		ok := ui.Cell{Text: "no version yet", Muted: true}
		since := ui.Cell{Text: "nothing is approved", Muted: true}
		if len(d.Versions) > 0 {
			ok = ui.Cell{Text: "no", Meta: ui.Many(len(d.Versions), "version waits", "versions wait"), Bad: true}
		}
		if a := d.Approved(); a != nil {
			ok = ui.Cell{Text: fmt.Sprintf("version %d", a.Version), Meta: r.Words.Date(a.Approved.At)}
			since = ui.Cell{Text: "no difference"}
			if n := len(d.Differs); n > 0 {
				since = ui.Cell{Links: []ui.Link{{Text: ui.Many(n, "difference", "differences"), Href: fmt.Sprintf("/diagrams/%s/compare?from=%d", d.Ref, a.Version)}}, Bad: true}
			}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: d.Title, Href: "/diagrams/" + d.Ref}, Meta: d.Ref, Cells: []ui.Cell{{Text: d.Kind.Words()}, {Text: fmt.Sprintf("%s, %s", ui.Many(len(d.Now.Nodes), "node", "nodes"), ui.Many(len(d.Now.Arrows), "flow", "flows"))}, ok, since,
			{Text: fmt.Sprint(len(d.Findings)), N: true, Bad: len(d.Findings) > 0, Muted: len(d.Findings) == 0}}})
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Diagrams", "Organise", "Diagrams"), v))
}

func (s *site) settingsForm(r *screen.Request, x diagram.Settings) (ui.Form, error) {
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return ui.Form{}, err
	}
	var envs []string
	for _, a := range v.Assets {
		if a.Active() && a.Environment.Text != "" && !slices.Contains(envs, a.Environment.Text) {
			envs = append(envs, a.Environment.Text)
		}
	}
	slices.Sort(envs)
	systems := []ui.Option{{Value: "", Text: "Every system"}}
	for _, n := range v.Systems {
		systems = append(systems, ui.Option{Value: n, Text: n, Selected: n == x.System})
	}
	return ui.Form{ID: "diagram", Action: "/diagrams", Button: "Make it", Fields: []ui.Field{{Name: "title", Label: "Title", Value: x.Title, Must: true},
		{Name: "kind", Label: "Kind", Kind: "select", Options: pairs(string(x.Kind), "Choose one", [][2]string{{"data_flow", "data flow: which data goes where, and what crosses the boundary"}, {"network", "network: every asset, every flow, every port that listens undeclared"}})},
		{Name: "environment", Label: "Only of an environment", Kind: "select", Options: options(x.Environment, "Every environment", envs...)}, {Name: "system", Label: "Only of a system", Kind: "select", Options: systems},
		{Name: "note", Label: "What it is for", Kind: "long", Value: x.Note}}}, nil
}

func settingsOf(r *screen.Request) diagram.Settings {
	f := r.PostForm
	return diagram.Settings{Title: f.Get("title"), Kind: diagram.Kind(f.Get("kind")), Note: f.Get("note"), Environment: f.Get("environment"), System: f.Get("system")}
}

func (s *site) newDiagram(w http.ResponseWriter, r *screen.Request) error {
	return s.showNewDiagram(w, r, nil)
}

func (s *site) showNewDiagram(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f, err := s.settingsForm(r, diagram.Settings{})
	if err != nil {
		return err
	}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Make a diagram", "Organise", "Diagrams"), ui.FormView{Crumbs: []ui.Link{{Text: "Diagrams", Href: "/diagrams"}, {Text: "Make"}}, Title: "Make a diagram", Note: "It draws itself from assets and flows.", Form: f}))
}

func (s *site) makeDiagram(w http.ResponseWriter, r *screen.Request) error {
	d, err := s.cfg.Diagrams.Make(r.Context(), r.Who, settingsOf(r))
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showNewDiagram(w, r, t)
	}
	return r.Done(w, d.Ref+" is made.", "/diagrams/"+d.Ref)
}

// version reads a number of a version; 0 where there is none.
func version(text, field string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "%q is no whole number", text).At("", 0, field)
	}
	return n, nil
}

func (s *site) diagram(w http.ResponseWriter, r *screen.Request) error {
	return s.showDiagram(w, r, "", nil)
}

func (s *site) showDiagram(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	d, err := s.cfg.Diagrams.Now(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	shown, err := version(r.URL.Query().Get("version"), "version")
	if err != nil {
		return err
	}
	p, err := d.Picture(shown)
	if err != nil {
		return err
	}
	drawn, err := flowmap.Draw(p, nil, boundary)
	if err != nil {
		return err
	}
	v := diagramView{Crumbs: []ui.Link{{Text: "Diagrams", Href: "/diagrams"}, {Text: d.Ref}}, Title: d.Title, State: "as it is now", Line: []string{d.Ref, d.Kind.Words(), ui.Many(len(p.Nodes), "node", "nodes"), ui.Many(len(p.Arrows), "flow", "flows")}, Zone: "times in " + r.Words.Zone.String(),
		Caption: d.Title + ", picture", SVG: drawn.SVG(layout.Look{ID: "dg"}), Legend: legends(p, false)}
	if d.Note != "" {
		v.Line = append(v.Line, d.Note)
	}
	findings := p.Findings()
	if len(findings) > 0 {
		v.Bad = ui.Many(len(findings), "finding", "findings")
	}
	approvedNow := d.Approved()
	base := "/diagrams/" + d.Ref
	v.Choices = []ui.Chip{{Text: "Now", Href: base, Current: shown == 0}}
	for _, x := range slices.Backward(d.Versions) {
		text := fmt.Sprintf("Version %d", x.Version)
		if x.Approved != nil {
			text += ", approved"
		}
		v.Choices = append(v.Choices, ui.Chip{Text: text, Href: fmt.Sprintf("%s?version=%d", base, x.Version), Current: shown == x.Version})
	}
	v.Links = []ui.Link{{Text: "Take as SVG", Href: screen.With(r.URL.Query(), base+"/picture")}}
	switch {
	case shown > 0:
		x := d.Versions[shown-1]
		v.State = fmt.Sprintf("version %d of %s", shown, r.Words.Date(x.Made.At))
		v.Notice = "Frozen: " + x.Note + ". Digest " + x.Digest[:16] + "…, in the ledger."
	case approvedNow == nil && len(d.Versions) == 0:
		v.Notice = "No version is frozen yet. Freeze one, and somebody else approves it."
	case approvedNow == nil:
		v.Notice, v.Warn = "No version is approved yet.", true
	case len(d.Differs) > 0:
		v.Notice, v.Warn = fmt.Sprintf("What is drawn differs from version %d, which was approved: %s.", approvedNow.Version, ui.Many(len(d.Differs), "difference", "differences")), true
		v.Links = append(v.Links, ui.Link{Text: "Show the differences", Href: fmt.Sprintf("%s/compare?from=%d", base, approvedNow.Version)})
	default:
		v.Notice = fmt.Sprintf("What is drawn is what was approved in version %d.", approvedNow.Version)
	}
	v.Blocks = []ui.Block{findingsBlock(findings)}
	vb, names, err := s.versionsBlock(r, d, which, t)
	if err != nil {
		return err
	}
	v.Blocks = append(v.Blocks, vb)
	if r.May(access.AssetEdit) && shown == 0 {
		change, err := s.changeBlock(r, d, drawn, which, t)
		if err != nil {
			return err
		}
		v.Blocks = append(v.Blocks, change)
	}
	v.Tables = twins(p, drawn)
	for _, e := range slices.Backward(d.History) {
		v.History = append(v.History, ui.Step{At: r.Words.At(e.Made.At), Text: e.Text, By: "by " + screen.Who(names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
	}
	return r.Render(w, t.Status(), diagramPage(r.Shell(w, d.Title, "Organise", "Diagrams"), v))
}

func legends(p diagram.Picture, compared bool) []legend {
	if compared {
		return []legend{{"d-added", "added"}, {"d-removed", "removed"}, {"d-changed", "changed"}, {"", "as it was"}}
	}
	out := []legend{{"", "declared flow"}, {"d-bad", "with a finding; a node with one is marked with ! and how many"}}
	if slices.ContainsFunc(p.Arrows, func(a diagram.Arrow) bool { return !a.Declared }) {
		out = append(out, legend{"d-faint", "listens, and no flow to it is declared"})
	}
	return append(out, legend{"d-edge", "boundary"})
}

func findingsBlock(list []diagram.Finding) ui.Block {
	t := ui.Table{Caption: "Findings", Columns: []ui.Column{{Text: "What"}, {Text: "Finding"}}}
	words := map[string]string{}
	for _, k := range diagram.FindingKinds() {
		words[k[0]] = k[1]
	}
	for _, f := range list {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: f.Text, Href: f.Href}, Cells: []ui.Cell{{Text: words[f.Kind]}}})
	}
	return ui.Block{ID: "findings", Title: "Findings", Meta: "derived from what is drawn", Table: &t, None: "Nothing that is drawn is wrong: no flow crosses the boundary unencrypted, each data set has an owner, each node is in the inventory, and nothing listens undeclared."}
}

// versionsBlock is versions with who approved them, and the forms to freeze and approve.
func (s *site) versionsBlock(r *screen.Request, d diagram.Row, which string, t *screen.Typed) (ui.Block, map[string]string, error) {
	var people []string
	for _, e := range d.History {
		people = append(people, e.Made.By)
	}
	names := r.Names(people)
	table := ui.Table{Caption: "Versions, newest first", Columns: []ui.Column{{Text: "Version"}, {Text: "Frozen"}, {Text: "Approved"}, {Text: "Against the one before"}}}
	base := "/diagrams/" + d.Ref
	b := ui.Block{ID: "versions", Title: "Versions", Table: &table, None: "None is frozen yet."}
	newest := d.Approved()
	var waits []int
	for _, x := range slices.Backward(d.Versions) {
		ok := ui.Cell{Text: "not yet", Bad: true}
		if x.Approved != nil {
			ok = ui.Cell{Text: r.Words.Date(x.Approved.At), Meta: strings.TrimSpace("by " + screen.Who(names, x.Approved.By) + opt("; ", x.Approved.Note) + opt("; in place of a second person: ", x.Approved.Compensation))}
		} else if newest != nil && newest.Version > x.Version {
			ok = ui.Cell{Text: "passed over", Muted: true}
		} else {
			waits = append(waits, x.Version)
		}
		before := ui.Cell{Text: "the first", Muted: true}
		if x.Version > 1 {
			before = ui.Cell{Links: []ui.Link{{Text: ui.Many(len(diagram.Compare(d.Versions[x.Version-2].Picture, x.Picture)), "difference", "differences"), Href: fmt.Sprintf("%s/compare?from=%d&to=%d", base, x.Version-1, x.Version)}}}
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("Version %d", x.Version), Href: fmt.Sprintf("%s?version=%d", base, x.Version)}, Meta: x.Note,
			Cells: []ui.Cell{{Text: r.Words.Date(x.Made.At), Meta: "by " + screen.Who(names, x.Made.By)}, ok, before}})
	}
	if r.May(access.DiagramApprove) && len(waits) > 0 {
		f := ui.Form{ID: "approve", Action: base + "/approve", Summary: "Approve a version", Button: "Approve", Quiet: true, Note: "Somebody else than who froze it. Look at it, and at what differs from the one before.", Fields: []ui.Field{{Name: "version", Label: "Version", Kind: "select"}, {Name: "note", Label: "Note"}}}
		for _, n := range waits {
			f.Fields[0].Options = append(f.Fields[0].Options, ui.Option{Value: strconv.Itoa(n), Text: fmt.Sprintf("Version %d: %s", n, d.Versions[n-1].Note)})
		}
		if d.Versions[waits[0]-1].Made.By == r.Who.UserID {
			alone, err := s.cfg.Alone(r.Context(), r.Who, access.DiagramApprove)
			if err != nil {
				return b, names, err
			}
			if alone {
				f.Fields = append(f.Fields, ui.Field{Name: "compensation", Label: "What stands in for a second person?", Hint: "Nobody else here could do this. For example: who from outside looks at it, and when."})
			}
		}
		if which == "approve" {
			t.Fill(&f)
		}
		b.Forms = append(b.Forms, f)
	}
	if r.May(access.AssetEdit) {
		f := ui.Form{ID: "freeze", Action: base + "/freeze", Summary: "Freeze what is drawn now as a version", Button: "Freeze it", Quiet: true, Fields: []ui.Field{{Name: "note", Label: "What is new in it", Must: true}}}
		if which == "freeze" {
			t.Fill(&f)
		}
		b.Forms = append(b.Forms, f)
	}
	return b, names, nil
}

// changeBlock is pins and what the diagram shows.
func (s *site) changeBlock(r *screen.Request, d diagram.Row, drawn *layout.Drawing, which string, t *screen.Typed) (ui.Block, error) {
	base := "/diagrams/" + d.Ref
	node := ui.Field{Name: "key", Label: "Node", Kind: "select"}
	for i, n := range drawn.Nodes {
		at := drawn.NodeBoxes[i].Pin
		text := fmt.Sprintf("%s (%s): column %d, row %d", n.Title, n.Zone, at.Column, at.Row)
		if _, ok := d.Pins[n.Key]; ok {
			text += ", pinned"
		}
		node.Options = append(node.Options, ui.Option{Value: n.Key, Text: text})
	}
	pin := ui.Form{ID: "pin", Action: base + "/pin", Summary: "Pin a node to a place", Button: "Pin it", Quiet: true, Note: "Columns and rows are those of the node's zone, from 1. Everything else is laid out around it. Empty fields take a pin away.",
		Fields: []ui.Field{node, {Name: "column", Label: "Column"}, {Name: "row", Label: "Row"}}}
	set, err := s.settingsForm(r, d.Settings)
	if err != nil {
		return ui.Block{}, err
	}
	set.ID, set.Action, set.Button, set.Summary, set.Quiet = "describe", base+"/describe", "Record it", "Change what it shows", true
	switch which {
	case "pin":
		t.Fill(&pin)
	case "describe":
		t.Fill(&set)
	}
	b := ui.Block{ID: "change", Title: "Change", Forms: []ui.Form{set}}
	if len(node.Options) > 0 {
		b.Forms = []ui.Form{pin, set}
	}
	return b, nil
}

// twins say a picture in tables.
func twins(p diagram.Picture, drawn *layout.Drawing) []ui.Block {
	names := map[string]string{}
	nodes := ui.Table{Caption: "Nodes", Columns: []ui.Column{{Text: "Node"}, {Text: "Zone"}, {Text: "Place"}, {Text: "Class"}, {Text: "Boundary"}, {Text: "Inventory"}}}
	for _, n := range p.Nodes {
		names[n.Key] = n.Name
		head := ui.Link{Text: n.Name}
		if n.Ref != "" {
			head.Href = "/assets/" + n.Ref
		}
		at := layout.Pin{}
		for i, x := range drawn.Nodes {
			if x.Key == n.Key {
				at = drawn.NodeBoxes[i].Pin
			}
		}
		nodes.Rows = append(nodes.Rows, ui.TableRow{Head: head, Cells: []ui.Cell{{Text: n.Zone}, {Text: fmt.Sprintf("column %d, row %d", at.Column, at.Row)}, {Text: screen.OrElse(n.Class, "not known"), Muted: n.Class == ""},
			{Text: map[bool]string{true: "outside", false: "inside"}[n.Outside]}, {Text: map[bool]string{true: "known", false: "not in it"}[n.Known], Bad: !n.Known && n.Key != "anybody"}}})
	}
	flows := ui.Table{Caption: "Flows", Columns: []ui.Column{{Text: "Flow"}, {Text: "From"}, {Text: "To"}, {Text: "Data"}, {Text: "Encrypted"}, {Text: "Crosses"}}}
	for _, a := range p.Arrows {
		head := ui.Link{Text: a.Label(), Href: "/flows/" + a.Key}
		if !a.Declared {
			head.Href = "/flows?about=undeclared"
		}
		flows.Rows = append(flows.Rows, ui.TableRow{Head: head, Cells: []ui.Cell{{Text: names[a.From]}, {Text: names[a.To]}, {Text: join(a.Data), Meta: a.Class}, {Text: map[string]string{"yes": "yes", "no": "no", "unknown": "not known"}[a.Encrypted], Meta: a.How, Bad: a.Crosses && a.Encrypted == "no"}, {Text: map[bool]string{true: "yes", false: "no"}[a.Crosses]}}})
	}
	data := ui.Table{Caption: "Data", Columns: []ui.Column{{Text: "Data set"}, {Text: "Class"}, {Text: "Owner"}}}
	for _, x := range p.Data {
		data.Rows = append(data.Rows, ui.TableRow{Head: ui.Link{Text: x.Ref + " " + x.Name, Href: "/data/" + x.Ref}, Cells: []ui.Cell{{Text: screen.OrElse(x.Class, "not classified")}, {Text: map[bool]string{true: "named", false: "nobody"}[x.Owned], Bad: !x.Owned}}})
	}
	return []ui.Block{{ID: "t-flows", Title: "Flows", Table: &flows, None: "No flow is drawn."}, {ID: "t-nodes", Title: "Nodes", Table: &nodes, None: "No node is drawn."}, {ID: "t-data", Title: "Data", Table: &data, None: "No data set is named."}}
}

// compare answers: what is different between two versions?
func (s *site) compare(w http.ResponseWriter, r *screen.Request) error {
	d, from, to, was, is, err := s.two(r)
	if err != nil {
		return err
	}
	drawn, err := flowmap.Draw(is, &was, boundary)
	if err != nil {
		return err
	}
	base := "/diagrams/" + d.Ref
	name := func(n int) string {
		if n == 0 {
			return "now"
		}
		return fmt.Sprintf("version %d", n)
	}
	differences := diagram.Compare(was, is)
	v := diagramView{Crumbs: []ui.Link{{Text: "Diagrams", Href: "/diagrams"}, {Text: d.Ref, Href: base}, {Text: "Differences"}}, Title: fmt.Sprintf("%s: from %s to %s", d.Title, name(from), name(to)), State: ui.Many(len(differences), "difference", "differences"),
		Line: []string{d.Ref, d.Kind.Words()}, Caption: "Both versions as one picture", SVG: drawn.SVG(layout.Look{ID: "dg"}), Legend: legends(is, true), Links: []ui.Link{{Text: "Take as SVG", Href: screen.With(r.URL.Query(), base+"/picture")}}}
	for _, x := range d.Versions {
		if x.Version != to {
			v.Choices = append(v.Choices, ui.Chip{Text: fmt.Sprintf("From version %d", x.Version), Href: screen.With(r.URL.Query(), base+"/compare", "from", strconv.Itoa(x.Version)), Current: x.Version == from})
		}
	}
	t := ui.Table{Caption: "Differences", Columns: []ui.Column{{Text: "What"}, {Text: "Change"}, {Text: "Was"}, {Text: "Is"}}}
	for _, x := range differences {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: x.Name}, Meta: x.What, Cells: []ui.Cell{{Text: x.Change}, {Text: x.Was}, {Text: x.Is}}})
	}
	old := was.Findings()
	findings := ui.Table{Caption: "Findings", Columns: []ui.Column{{Text: "Finding"}, {Text: "Change"}}}
	has := func(list []diagram.Finding, f diagram.Finding) bool {
		return slices.ContainsFunc(list, func(x diagram.Finding) bool { return x.Kind == f.Kind && x.Subject == f.Subject })
	}
	for _, f := range is.Findings() {
		if !has(old, f) {
			findings.Rows = append(findings.Rows, ui.TableRow{Head: ui.Link{Text: f.Text, Href: f.Href}, Cells: []ui.Cell{{Text: "new", Bad: true}}})
		}
	}
	for _, f := range old {
		if !has(is.Findings(), f) {
			findings.Rows = append(findings.Rows, ui.TableRow{Head: ui.Link{Text: f.Text, Href: f.Href}, Cells: []ui.Cell{{Text: "gone"}}})
		}
	}
	v.Blocks = []ui.Block{{ID: "differences", Title: "Differences", Table: &t, None: "Both show the same."}, {ID: "findings", Title: "Findings that came and went", Table: &findings, None: "None."}}
	return r.Render(w, http.StatusOK, diagramPage(r.Shell(w, v.Title, "Organise", "Diagrams"), v))
}

// two gives the pictures that an address compares.
func (s *site) two(r *screen.Request) (d diagram.Row, from, to int, was, is diagram.Picture, err error) {
	if d, err = s.cfg.Diagrams.Now(r.Context(), r.Who, r.PathValue("ref")); err != nil {
		return
	}
	q := r.URL.Query()
	if from, err = version(q.Get("from"), "from"); err != nil {
		return
	}
	if to, err = version(q.Get("to"), "to"); err != nil {
		return
	}
	if from == 0 {
		if len(d.Versions) == 0 {
			err = fault.New(fault.NotFound, "%s has no version to compare with", d.Ref)
			return
		}
		from = d.Versions[len(d.Versions)-1].Version
	}
	if was, err = d.Picture(from); err == nil {
		is, err = d.Picture(to)
	}
	return
}

// picture is the drawing as a file.
func (s *site) picture(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	var drawn *layout.Drawing
	name := ""
	if q.Has("from") {
		d, from, to, was, is, err := s.two(r)
		if err != nil {
			return err
		}
		if drawn, err = flowmap.Draw(is, &was, boundary); err != nil {
			return err
		}
		name = fmt.Sprintf("%s-%d-%d", d.Ref, from, to)
	} else {
		d, err := s.cfg.Diagrams.Now(r.Context(), r.Who, r.PathValue("ref"))
		if err != nil {
			return err
		}
		n, err := version(q.Get("version"), "version")
		if err != nil {
			return err
		}
		p, err := d.Picture(n)
		if err != nil {
			return err
		}
		if drawn, err = flowmap.Draw(p, nil, boundary); err != nil {
			return err
		}
		name = d.Ref
		if n > 0 {
			name += fmt.Sprintf("-%d", n)
		}
	}
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Disposition", `attachment; filename="`+name+`.svg"`)
	if _, err := w.Write([]byte(drawn.SVG(layout.Look{ID: "dg", Alone: true}))); err != nil {
		return screen.ErrGone
	}
	return nil
}

// changeDiagram does what a form of a diagram's page says.
func (s *site) changeDiagram(w http.ResponseWriter, r *screen.Request) error {
	ref, verb, f := r.PathValue("ref"), r.PathValue("verb"), r.PostForm
	var err error
	var d diagram.Row
	say := ""
	switch verb {
	case "describe":
		d, err = s.cfg.Diagrams.Describe(r.Context(), r.Who, ref, settingsOf(r))
		say = "What it shows is recorded."
	case "pin":
		var column, row int
		if column, err = version(strings.TrimSpace(f.Get("column")), "column"); err == nil {
			row, err = version(strings.TrimSpace(f.Get("row")), "row")
		}
		if err == nil {
			d, err = s.cfg.Diagrams.Pin(r.Context(), r.Who, ref, f.Get("key"), diagram.Pin{Column: column, Row: row})
		}
		say = "The node is pinned."
		if column == 0 {
			say = "The pin is taken away."
		}
	case "freeze":
		d, err = s.cfg.Diagrams.Freeze(r.Context(), r.Who, ref, f.Get("note"))
		say = "A version is frozen. Somebody else approves it."
	case "approve":
		var n int
		if n, err = version(f.Get("version"), "version"); err == nil {
			d, err = s.cfg.Diagrams.Approve(r.Context(), r.Who, ref, n, f.Get("note"), f.Get("compensation"))
		}
		say = fmt.Sprintf("Version %d is approved.", n)
	default:
		return fault.New(fault.NotFound, "nothing of a diagram is called %q", verb)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showDiagram(w, r, verb, t)
	}
	return r.Done(w, say, "/diagrams/"+d.Ref)
}
