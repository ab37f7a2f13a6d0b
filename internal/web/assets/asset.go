package assets

import (
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// profile reads a form.
func profile(r *screen.Request) asset.Profile {
	f := r.PostForm
	return asset.Profile{Name: f.Get("name"), Kind: f.Get("kind"), Note: f.Get("note"), Owner: f.Get("owner"), Class: question.Class(f.Get("class")), Data: splitRefs(f.Get("data")), Environment: f.Get("environment"),
		Zone: f.Get("zone"), System: f.Get("system"), Criticality: f.Get("criticality"), Side: f.Get("side")}
}

func splitRefs(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' || c == '\n' || c == '\r' })
}

func classes() []string {
	var out []string
	for _, c := range question.Classes() {
		out = append(out, string(c))
	}
	return out
}

// fields gives those of a profile; a nil asset is one that is entered.
func (s *site) fields(r *screen.Request, v *asset.Inventory, p asset.Profile, derived bool) []ui.Field {
	var out []ui.Field
	if !derived {
		out = append(out, ui.Field{Name: "name", Label: "Name", Value: p.Name, Must: true}, ui.Field{Name: "kind", Label: "Kind", Kind: "select", Options: pairs(p.Kind, "Choose one", asset.Kinds())})
	}
	owner := p.Owner
	if n, ok := r.Names([]string{owner})[owner]; ok {
		owner = n
	}
	var sets []string
	for _, d := range v.Data {
		sets = append(sets, d.Ref+" "+d.Name)
	}
	hint := "Numbers of the inventory of data."
	if len(sets) > 0 {
		hint = "Numbers: " + strings.Join(sets, "; ") + "."
	}
	system := ui.Field{Name: "system", Label: "System of the scope", Value: p.System}
	if len(v.Systems) > 0 {
		system.Kind, system.Options = "select", []ui.Option{{Value: "", Text: "Not said"}}
		for _, x := range v.Systems {
			system.Options = append(system.Options, ui.Option{Value: x, Text: x, Selected: x == p.System})
		}
	}
	empty := "Not said here"
	return append(out, ui.Field{Name: "owner", Label: "Owner", Hint: "The name, login or mail address of an account here, or a team.", Value: owner},
		ui.Field{Name: "class", Label: "Highest class of data on it", Kind: "select", Options: options(string(p.Class), empty, classes()...)},
		ui.Field{Name: "data", Label: "Data sets on it", Hint: hint, Value: join(p.Data)},
		ui.Field{Name: "environment", Label: "Environment", Hint: "Such as " + join(asset.Environments()) + ".", Value: p.Environment},
		ui.Field{Name: "zone", Label: "Zone", Hint: zoneHint(v), Value: p.Zone}, system,
		ui.Field{Name: "criticality", Label: "Criticality", Kind: "select", Options: options(p.Criticality, empty, asset.Criticalities()...)},
		ui.Field{Name: "side", Label: "Boundary", Kind: "select", Options: pairs(p.Side, "By its kind: services of vendors and other parties lie outside", [][2]string{{"inside", "inside"}, {"outside", "outside"}})},
		ui.Field{Name: "note", Label: "What it is for", Kind: "long", Value: p.Note})
}

func zoneHint(v *asset.Inventory) string {
	if z := v.Zones(); len(z) > 0 {
		return "Part of the network. So far: " + join(z) + "."
	}
	return "Part of the network, such as edge, application, data, office."
}

func (s *site) fresh(w http.ResponseWriter, r *screen.Request) error { return s.showFresh(w, r, nil) }

func (s *site) showFresh(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	f := ui.Form{ID: "asset", Action: "/assets", Button: "Enter it", Fields: s.fields(r, v, asset.Profile{Name: r.URL.Query().Get("name")}, false)}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Enter an asset", "Organise", "Assets"), ui.FormView{Crumbs: []ui.Link{{Text: "Assets", Href: "/assets"}, {Text: "Enter"}}, Title: "Enter an asset",
		Note: "What no agent sees and no other register knows: applications, laptops, rooms, media, customers. Hosts, databases and vendors are here by themselves.", Form: f}))
}

func (s *site) add(w http.ResponseWriter, r *screen.Request) error {
	a, err := s.cfg.Assets.Record(r.Context(), r.Who, "", &asset.Added{Profile: profile(r)})
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showFresh(w, r, t)
	}
	return r.Done(w, a.Ref+" "+a.Name+" is entered.", "/assets/"+a.Ref)
}

func (s *site) edit(w http.ResponseWriter, r *screen.Request) error { return s.showEdit(w, r, nil) }

func (s *site) showEdit(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	a := v.Get(r.PathValue("ref"))
	if a == nil {
		return fault.New(fault.NotFound, "there is no asset %q", r.PathValue("ref"))
	}
	var p asset.Profile
	if a.Said != nil {
		p = a.Said.Profile
	}
	f := ui.Form{ID: "asset", Action: "/assets/" + a.Ref + "/describe", Button: "Record it", Fields: s.fields(r, v, p, a.Derived)}
	note := "What is said here goes before what is known from elsewhere. An empty field says nothing."
	if a.Derived && a.Found.Href != "" {
		note = "Its name and facts come from " + a.Found.Register + ". " + note
	}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, a.Name, "Organise", "Assets"), ui.FormView{Crumbs: []ui.Link{{Text: "Assets", Href: "/assets"}, {Text: a.Name, Href: "/assets/" + a.Ref}, {Text: "Describe"}}, Title: "Describe " + a.Name, Note: note, Form: f}))
}

// record does what a form of an asset's page says.
func (s *site) record(w http.ResponseWriter, r *screen.Request) error {
	ref, verb, f := r.PathValue("ref"), r.PathValue("verb"), r.PostForm
	var c asset.Change
	switch verb {
	case "describe":
		c = &asset.Described{Profile: profile(r)}
	case "review":
		c = &asset.Reviewed{Note: f.Get("note")}
	case "retire":
		c = &asset.Retired{On: asset.Day(f.Get("on")), Why: f.Get("why")}
	case "dispose":
		c = &asset.Disposed{On: asset.Day(f.Get("on")), Method: f.Get("method"), Proof: f.Get("proof"), By: f.Get("by")}
	default:
		return fault.New(fault.NotFound, "nothing of an asset is called %q", verb)
	}
	a, err := s.cfg.Assets.Record(r.Context(), r.Who, ref, c)
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		if verb == "describe" {
			return s.showEdit(w, r, t)
		}
		return s.showAsset(w, r, verb, t)
	}
	return r.Done(w, screen.Sentence(a.Said.History[len(a.Said.History)-1].Text), "/assets/"+a.Ref)
}

// asset answers: what is this, who answers for it, what is on it, and what is missing?
func (s *site) asset(w http.ResponseWriter, r *screen.Request) error {
	return s.showAsset(w, r, "", nil)
}

func (s *site) showAsset(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	v, err := s.cfg.Assets.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	a := v.Get(r.PathValue("ref"))
	if a == nil {
		return fault.New(fault.NotFound, "there is no asset %q", r.PathValue("ref"))
	}
	people := []string{a.Owner.Text}
	if a.Said != nil {
		for _, e := range a.Said.History {
			people = append(people, e.Made.By)
		}
	}
	names := r.Names(people)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Assets", Href: "/assets"}, {Text: screen.OrElse(number(a), a.Name)}}, Title: a.Name, State: a.State.Words(), FactsOf: "What is known of it", Zone: "times in " + r.Words.Zone.String(),
		Line: slices.DeleteFunc([]string{number(a), asset.KindWords(a.Kind), map[bool]string{true: "outside of the boundary", false: "inside of the boundary"}[a.Outside]}, func(s string) bool { return s == "" })}
	if len(a.Gaps) > 0 {
		rec.Bad = "lacks: " + join(a.Gaps)
	}
	value := func(term string, x asset.Value, none string) ui.Fact {
		text := screen.OrElse(screen.Who(names, x.Text), none)
		if x.From != "" {
			text += " (from " + x.From + ")"
		}
		return ui.Fact{Term: term, Text: text}
	}
	rec.Facts = []ui.Fact{value("Owner", a.Owner, "nobody is named"), value("Class of data", a.Class, "not known"), value("Environment", a.Environment, "not known"), value("Zone", a.Zone, "none yet"),
		{Term: "System", Text: screen.OrElse(a.System, "not said")}, {Term: "Criticality", Text: screen.OrElse(a.Criticality, "not said")}, {Term: "Known since", Text: string(a.Since)}}
	if a.Said != nil && a.Said.Profile.Note != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "For", Text: a.Said.Profile.Note})
	}
	edit := r.May(access.AssetEdit)
	if edit && a.Active() {
		rec.Links = append(rec.Links, ui.Link{Text: "Describe", Href: "/assets/" + a.Ref + "/edit"})
	}
	if a.Found != nil && a.Found.Href != "" {
		rec.Links = append(rec.Links, ui.Link{Text: "Where it is known from", Href: a.Found.Href})
	}
	judged := ui.Table{Caption: "Questions with outcome and reason", Columns: []ui.Column{{Text: "Question"}, {Text: "Outcome"}, {Text: "Because"}}}
	for _, k := range a.Judged {
		judged.Rows = append(judged.Rows, ui.TableRow{Head: ui.Link{Text: k.Title}, Cells: []ui.Cell{{Outcome: ui.Outcome(k.Outcome)}, {Text: k.Reason}}})
	}
	rec.Blocks = []ui.Block{{ID: "holds", Title: "What holds", Meta: "derived, today", Table: &judged}}
	if a.Found != nil && len(a.Found.Facts) > 0 {
		b := ui.Block{ID: "elsewhere", Title: "What " + a.Found.Register + " says", Meta: "not typed here"}
		for _, x := range a.Found.Facts {
			b.Facts = append(b.Facts, ui.Fact{Term: x[0], Text: x[1]})
		}
		rec.Blocks = append(rec.Blocks, b)
	}
	data := ui.Table{Caption: "Data sets on it", Columns: []ui.Column{{Text: "Data set"}, {Text: "Class"}, {Text: "Owner"}}}
	for _, d := range v.Data {
		if slices.Contains(a.Data, d.Ref) {
			data.Rows = append(data.Rows, ui.TableRow{Head: ui.Link{Text: d.Ref + " " + d.Name, Href: "/data/" + d.Ref}, Cells: []ui.Cell{{Text: screen.OrElse(string(d.Class), "not classified")}, {Text: map[bool]string{true: "named", false: "nobody"}[d.Owned], Bad: !d.Owned}}})
		}
	}
	rec.Blocks = append(rec.Blocks, ui.Block{ID: "data", Title: "Data on it", Table: &data, None: "No data set is said to be on it."}, s.flowsOf(v, a, edit), s.life(a, which, t, edit))
	if a.Said != nil {
		for _, e := range slices.Backward(a.Said.History) {
			rec.History = append(rec.History, ui.Step{At: r.Words.At(e.Made.At), Text: e.Text, By: "by " + screen.Who(names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
		}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, a.Name, "Organise", "Assets"), rec))
}

func (s *site) flowsOf(v *asset.Inventory, a *asset.Asset, edit bool) ui.Block {
	t := ui.Table{Caption: "Flows from and to it", Columns: []ui.Column{{Text: "Flow"}, {Text: "With"}, {Text: "Data"}, {Text: "Encrypted"}, {Text: "Seen"}}}
	for _, l := range v.Lines() {
		whole := l.To.Whole && a.Active() && l.To.Zone == a.Zone.Text
		if l.From.Key != a.Key && l.To.Key != a.Key && !whole {
			continue
		}
		with, way := l.To, "to "
		if l.To.Key == a.Key || whole {
			with, way = l.From, "from "
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: flowLink(l), Meta: proto(l), Cells: []ui.Cell{{Text: way + with.Name}, {Text: join(l.Flow.Data)}, encrypted(l), {Text: l.Why, Bad: l.Seen == "undeclared" || l.Seen == "nothing_listens"}}})
	}
	b := ui.Block{ID: "flows", Title: "Flows", Table: &t, None: "None is declared."}
	if p, reads := v.Ports[a.Key]; a.Kind == "host" && (!reads || !p.Known) {
		b.Text = []string{"On which ports it listens is not known" + opt(": ", p.Why) + "."}
	}
	if edit && a.Active() {
		b.Links = []ui.Link{{Text: "Declare a flow from here", Href: "/flows/new?from=" + a.Ref}, {Text: "Declare a flow to here", Href: "/flows/new?to=" + a.Ref}}
	}
	return b
}

// life is reviews, the end of use, and disposal.
func (s *site) life(a *asset.Asset, which string, t *screen.Typed, edit bool) ui.Block {
	b := ui.Block{ID: "life", Title: "Review, end of use, disposal"}
	if a.Said != nil && a.Said.Reviewed != "" {
		b.Text = append(b.Text, "Last reviewed on "+string(a.Said.Reviewed)+".")
	}
	if !a.Active() {
		why := ""
		if a.Said != nil && a.Said.Retired != nil {
			why = a.Said.Retired.Why
		} else if a.Found != nil {
			why = a.Found.Why
		}
		b.Text = append(b.Text, "Out of use since "+string(a.GoneOn)+opt(": ", why)+".")
	}
	if a.Said != nil && a.Said.Disposed != nil {
		d := a.Said.Disposed
		for _, m := range asset.Methods() {
			if m[0] == d.Method {
				b.Facts = append(b.Facts, ui.Fact{Term: "Disposed of", Text: string(d.On) + ", " + m[1]})
			}
		}
		b.Facts = append(b.Facts, ui.Fact{Term: "What shows it", Text: d.Proof})
		if d.By != "" {
			b.Facts = append(b.Facts, ui.Fact{Term: "By", Text: d.By})
		}
	}
	if !edit {
		return b
	}
	add := func(f ui.Form) {
		f.Action = "/assets/" + a.Ref + "/" + f.ID
		if f.ID == which {
			t.Fill(&f)
		}
		b.Forms = append(b.Forms, f)
	}
	switch {
	case a.Active():
		if a.Kind != "party" {
			add(ui.Form{ID: "review", Summary: "Review it", Note: "Owner, class, environment and zone were looked at and are right today.", Button: "Record the review", Quiet: true, Fields: []ui.Field{{Name: "note", Label: "What was looked at", Kind: "long"}}})
		}
		if !a.Derived || a.Kind == "place" {
			add(ui.Form{ID: "retire", Summary: "It is used no more", Button: "Take it out of use", Danger: true, Fields: []ui.Field{{Name: "on", Label: "Last day of use", Kind: "date", Must: true}, {Name: "why", Label: "Why", Kind: "long", Must: true}}})
		}
	case a.State == asset.Gone && a.Kind != "service":
		add(ui.Form{ID: "dispose", Summary: "Record how it was disposed of", Open: true, Button: "Record the disposal", Fields: []ui.Field{{Name: "on", Label: "Done on", Kind: "date", Must: true}, {Name: "method", Label: "How", Kind: "select", Options: pairs("", "Choose one", asset.Methods())},
			{Name: "proof", Label: "What shows it", Hint: "A certificate, a log, who looked; with the number of the evidence.", Kind: "long", Must: true}, {Name: "by", Label: "Done by", Hint: "Where it was somebody else."}}})
	}
	return b
}
