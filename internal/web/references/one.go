package references

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// one answers: is each host of the group as the reference is?
func (s *site) one(w http.ResponseWriter, r *screen.Request) error { return s.show(w, r, "", nil) }

var stepWords = map[string]string{"declared": "declared", "replaced": "replaced by", "changed": "changed", "approved": "baselines approved by it", "ended": "ended"}

func (s *site) show(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	v, err := s.cfg.References.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := v.Content, home+"/"+v.Ref
	count := map[string]int{}
	open := int64(0)
	for _, m := range v.Members {
		count[m.Outcome]++
		open += m.Open
	}
	rec := ui.RecordView{Crumbs: crumbs(ui.Link{Text: v.Ref}), Title: c.Name + ": " + ui.Many(len(v.Members)+int(v.More), "host", "hosts") + " against " + c.HostName, FactsOf: "The reference", Zone: "times in " + r.Words.Zone.String(),
		Line:  []string{fmt.Sprintf("%d the same", count[reference.Same]), fmt.Sprintf("%d different", count[reference.Differs]), fmt.Sprintf("%d not observed", count[reference.NotObserved])},
		Facts: []ui.Fact{{Term: "Number", Text: v.Ref, Mono: true}, {Term: "Reference", Links: []ui.Link{{Text: c.HostName, Href: "/hosts/" + c.Host}}}, {Term: "Hosts", Text: c.Group, Mono: true}, {Term: "Records", Links: []ui.Link{{Text: "ledger entries about it", Href: "/ledger?about=" + v.ID}}}},
		Links: []ui.Link{{Text: "Components of the reference", Href: "/components?" + url.Values{"host": {c.Host}, "show": {"all"}}.Encode()}}}
	switch {
	case c.State == reference.Ended:
		rec.State, rec.Notice = "Ended", "It is no reference any more. Nothing is approved by it."
	case v.Away != "":
		rec.Notice, rec.Warn = "Nothing passes by this reference now: "+v.Away+". What leans on it alone is not observed.", true
	case v.Waits > 0:
		rec.Notice = ui.Many(int(v.Waits), "component of the reference waits", "components of the reference wait") + " for somebody's word; until then the group has no approval by it either."
	}
	if v.Waits > 0 && c.State == reference.InUse && r.May(access.ComponentDecide) {
		rec.Links = append([]ui.Link{{Text: "Approve what the reference has", Href: "/components/learn?" + url.Values{"preview": {"yes"}, "host": {c.Host}, "scope": {c.HostName}}.Encode()}}, rec.Links...)
	}
	table := members(v, path)
	rec.Blocks = append(rec.Blocks, ui.Block{ID: "components", Title: "Components", Meta: ui.Many(int(open), "beyond it without approval", "beyond it without approval"), Table: &table, None: "No host of the population has such a name now; one that comes later is a member."})
	if r.May(access.IntegrityRead) && c.State == reference.InUse {
		b, err := s.files(r, v, which, t)
		if err != nil {
			return err
		}
		rec.Blocks = append(rec.Blocks, b)
	}
	if c.State == reference.InUse && r.May(access.ComponentDecide) {
		forms, err := s.forms(r, v, which, t)
		if err != nil {
			return err
		}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "change", Title: "Change the reference", Forms: forms})
	}
	rec.History = history(r, v)
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, v.Ref+", "+c.Name), rec))
}

func history(r *screen.Request, v *reference.View) (out []ui.Step) {
	var who []string
	for _, x := range v.History {
		who = append(who, x.By)
	}
	names := r.Names(who)
	for i := len(v.History) - 1; i >= 0; i-- {
		x := v.History[i]
		text := stepWords[x.Step]
		switch x.Step {
		case "declared", "replaced":
			text += " " + x.Content.HostName + " for " + x.Content.Group
		case "changed":
			text += " to " + x.Content.Name + ", " + x.Content.Group
		case "approved":
			text += ": " + strings.Join(x.Content.Approved, ", ")
		}
		if x.Note != "" {
			text += ": " + x.Note
		}
		out = append(out, ui.Step{At: r.Words.At(x.At), Text: text, By: "by " + screen.Who(names, x.By), Entry: screen.EntryLink(x.Entry, x.Index)})
	}
	return out
}

// files is the members' files against the reference's baseline.
func (s *site) files(r *screen.Request, v *reference.View, which string, t *screen.Typed) (ui.Block, error) {
	f, err := s.cfg.References.Files(r.Context(), r.Who, v.Ref)
	if err != nil {
		return ui.Block{}, err
	}
	path := home + "/" + v.Ref
	b := ui.Block{ID: "files", Title: "Files", None: "No host of the population has such a name now."}
	switch {
	case f.Away != "":
		b.Text = []string{"Nothing is compared: " + f.Away + "."}
	default:
		b.Text = []string{"Against the approved baseline of " + v.Content.HostName + ", root " + short(f.Root) + ". One root says whether all files are the same; where it is another, the paths are named once both hosts were asked."}
	}
	table := ui.Table{Caption: "Files of the group's hosts", Columns: []ui.Column{{Text: "Host"}, {Text: "Against the reference"}, {Text: "Root"}, {Text: "Snapshot"}}}
	equal, ask, waits := []string{}, 0, ui.Field{Name: "different", Label: "And these, which differ", Kind: "many", Hint: "Choose each that is meant to be different. What differs is named."}
	for _, m := range f.Members {
		cell := outcome(m.Outcome, m.Why, false)
		if m.Comparison != "" {
			cell.Links = []ui.Link{{Text: m.Comparison, Href: "/baselines/compare/" + m.Comparison}}
		}
		snap := ui.Cell{Text: "none waits", Muted: true}
		if m.Snapshot != "" {
			snap = ui.Cell{Links: []ui.Link{{Text: m.Snapshot, Href: "/baselines/" + m.Snapshot}}, Meta: "waits for approval"}
		} else if m.Approved {
			snap = ui.Cell{Text: "approved already"}
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: m.Name, Href: path + "/members/" + m.Host}, Cells: []ui.Cell{cell, {Text: short(m.Root), Mono: true}, snap}})
		switch {
		case m.Snapshot != "" && m.Outcome == reference.Same:
			equal = append(equal, m.Name)
		case m.Snapshot != "" && m.Outcome == reference.Differs && m.Trees != nil:
			text := m.Name + ", " + m.Snapshot + ": " + m.Why
			if len(m.Paths) > 0 {
				text += ": " + strings.Join(m.Paths[:min(len(m.Paths), 5)], ", ")
			}
			waits.Options = append(waits.Options, ui.Option{Value: m.Snapshot, Text: text})
		}
		if m.Outcome == reference.Differs && m.Trees == nil {
			ask++
		}
	}
	b.Table = &table
	b.Links = []ui.Link{{Text: "Baselines", Href: "/baselines"}}
	if !r.May(access.IntegrityApprove) || f.Away != "" {
		return b, nil
	}
	if ask > 0 {
		b.Forms = append(b.Forms, ui.Form{ID: "compare", Action: path + "/compare", Summary: "Ask in what " + ui.Many(ask, "host differs", "hosts differ"), Button: "Ask them", Quiet: true, Note: "The reference and each of them are asked level by level; only what differs is gone into. 20 hosts at a time."})
	}
	if len(equal) > 0 || len(waits.Options) > 0 {
		form := ui.Form{ID: "approve", Action: path + "/approve", Summary: "Approve baselines of the group", Button: "Approve and sign", Note: "You say of each that all its files are as they are meant to be. Each is signed with your name, and its agent is asked to compare with it.", Fields: []ui.Field{{Name: "seen", Kind: "hidden", Value: f.Seen}}}
		if len(equal) > 0 {
			form.Fields = append(form.Fields, ui.Field{Name: "equal", Label: "Equal to the reference", Kind: "many", Options: []ui.Option{{Value: "yes", Selected: true, Text: ui.Many(len(equal), "snapshot", "snapshots") + ": " + strings.Join(equal, ", ")}}})
		}
		if len(waits.Options) > 0 {
			form.Fields = append(form.Fields, waits)
		}
		form.Fields = append(form.Fields, screen.LongField("reason", "Why are these states the ones that are meant?", "It is signed with each; an auditor reads it.", true))
		if which == form.ID {
			t.Fill(&form)
		}
		b.Forms = append(b.Forms, form)
	}
	return b, nil
}

func short(root string) string {
	if len(root) > 16 {
		return root[:16] + "…"
	}
	return screen.OrElse(root, "—")
}

func (s *site) forms(r *screen.Request, v *reference.View, which string, t *screen.Typed) ([]ui.Form, error) {
	path, base := home+"/"+v.Ref, ui.Field{Name: "base", Kind: "hidden", Value: fmt.Sprint(v.Seq)}
	host, err := s.hostField(r.Context(), "Which host is as it is to be?", v.Content.Host)
	if err != nil {
		return nil, err
	}
	forms := []ui.Form{
		{ID: "replace", Action: path + "/replace", Summary: "Put another host, or another group, in its place", Button: "Put it in its place", Note: "What was approved on the host before holds for the group no more; what is approved on the new one does.", Fields: []ui.Field{base, {Name: "name", Label: "What is the group called?", Value: v.Content.Name, Must: true}, host, groupField(v.Content.Group), screen.LongField("reason", "Why?", "", true)}},
		{ID: "end", Action: path + "/end", Summary: "End it", Button: "End it", Danger: true, Note: "What was approved by it alone is then approved by nothing, and becomes findings.", Fields: []ui.Field{base, screen.LongField("reason", "Why?", "", true)}},
	}
	for i := range forms {
		if forms[i].ID == which {
			t.Fill(&forms[i])
		}
	}
	return forms, nil
}

// done shows what is wrong at its field, or that it is done.
func (s *site) done(w http.ResponseWriter, r *screen.Request, which, said string, err error) error {
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.show(w, r, which, t)
	}
	return r.Done(w, said, home+"/"+r.PathValue("ref"))
}

func (s *site) replace(w http.ResponseWriter, r *screen.Request) error {
	base, err := number(r)
	if err == nil {
		_, err = s.cfg.References.Replace(r.Context(), r.Who, r.PathValue("ref"), base, saidOf(r.PostForm))
	}
	return s.done(w, r, "replace", "It is changed.", err)
}

func (s *site) end(w http.ResponseWriter, r *screen.Request) error {
	base, err := number(r)
	if err == nil {
		_, err = s.cfg.References.End(r.Context(), r.Who, r.PathValue("ref"), base, r.PostForm.Get("reason"))
	}
	return s.done(w, r, "end", "It is no reference any more.", err)
}

func (s *site) compare(w http.ResponseWriter, r *screen.Request) error {
	n, err := s.cfg.References.Compare(r.Context(), r.Who, r.PathValue("ref"))
	said := ui.Many(n, "comparison begins", "comparisons begin") + "; agents answer with their next heartbeats."
	if n == 0 {
		said = "There is nothing more to ask."
	}
	return s.done(w, r, "compare", said, err)
}

func (s *site) approve(w http.ResponseWriter, r *screen.Request) error {
	v := r.PostForm
	list, err := s.cfg.References.Approve(r.Context(), r.Who, r.PathValue("ref"), v.Get("seen"), v.Get("equal") == "yes", v["different"], v.Get("reason"))
	return s.done(w, r, "approve", ui.Many(len(list), "baseline is", "baselines are")+" approved and signed; the agents are asked to take them.", err)
}

const mostShown = 300

// difference answers: what has this host that the reference has not, and what does it
// lack?
func (s *site) difference(w http.ResponseWriter, r *screen.Request) error {
	d, err := s.cfg.References.Differ(r.Context(), r.Who, r.PathValue("ref"), r.PathValue("host"))
	if err != nil {
		return err
	}
	m := d.Member
	cell := outcome(m.Outcome, m.Why, m.Open > 0)
	rec := ui.RecordView{Crumbs: crumbs(ui.Link{Text: d.Ref, Href: home + "/" + d.Ref}, ui.Link{Text: m.Name}), Title: m.Name + " against " + d.Host, Outcome: cell.Outcome, FactsOf: "The comparison",
		Notice: screen.Sentence(m.Why), Warn: cell.Outcome == "fail", Facts: []ui.Fact{{Term: "Group", Links: []ui.Link{{Text: d.Name, Href: home + "/" + d.Ref}}}, {Term: "Host", Links: []ui.Link{{Text: m.Name, Href: "/hosts/" + m.Host}}}, {Term: "Both have", Text: ui.Many(int(m.Same), "component", "components")}}}
	if m.Open > 0 {
		rec.Links = []ui.Link{{Text: "Decide about what waits on " + m.Name, Href: "/components?" + url.Values{"host": {m.Host}}.Encode()}}
	}
	if d.Is != nil {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Lists", Text: fmt.Sprintf("%d compared, %d of them the same in one comparison", d.Is.Parts, d.Is.Equal)})
		rec.Blocks = append(rec.Blocks, componentsBlock(r, "beyond", "What it has beyond the reference", d.Is.Beyond, "It has nothing beyond the reference in the lists that were compared."), componentsBlock(r, "lacks", "What it lacks", d.Is.Lacks, "It lacks nothing in the lists that were compared."))
		if len(d.Is.Apart) > 0 {
			t := ui.Table{Caption: "Lists that cannot be compared", Columns: []ui.Column{{Text: "List"}, {Text: "Why"}}}
			for _, a := range d.Is.Apart {
				t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.Part}, Mono: true, Cells: []ui.Cell{{Outcome: "not_observed", Meta: a.Reason}}})
			}
			rec.Blocks = append(rec.Blocks, ui.Block{ID: "apart", Title: "What cannot be compared", Table: &t})
		}
	}
	if d.Files != nil {
		rec.Blocks = append(rec.Blocks, filesOf(d.Files))
	}
	return r.Render(w, http.StatusOK, ui.Record(s.shell(w, r, m.Name+" against "+d.Host), rec))
}

var states = map[component.State]ui.Outcome{component.Fresh: "fail", component.Rejected: "fail", component.Expired: "fail", component.Allowed: "pass", component.Recognised: "pass", component.Gone: "pass"}

func componentsBlock(r *screen.Request, id, title string, list []*component.Component, none string) ui.Block {
	t := ui.Table{Caption: title, Columns: []ui.Column{{Text: "Component"}, {Text: "Kind"}, {Text: "Where it stands"}, {Text: "First seen"}}}
	for _, c := range list[:min(len(list), mostShown)] {
		w, _ := component.About(c.Kind)
		cell := ui.Cell{Outcome: "not_observed", Meta: c.Why}
		if o := states[c.State]; o != "" {
			cell.Outcome = o
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: c.Name, Href: "/components/" + c.ID}, Meta: c.Evidence, Cells: []ui.Cell{{Text: w.One}, cell, {Moment: r.Words.At(c.First), Meta: "on " + c.FirstName}}})
	}
	if n := len(list) - mostShown; n > 0 {
		t.Pager = ui.Pager{Text: "and " + ui.Many(n, "component more", "components more") + "; all of them by attesta api references difference"}
	}
	return ui.Block{ID: id, Title: title, Meta: ui.Number(int64(len(list))), Table: &t, None: none}
}

func filesOf(f *reference.File) ui.Block {
	b := ui.Block{ID: "files", Title: "Files", Text: []string{screen.Sentence(f.Why)}, None: "No watched trees were compared one by one."}
	t := ui.Table{Caption: "Watched trees", Columns: []ui.Column{{Text: "Tree"}, {Text: "On both"}}}
	for _, x := range f.Trees {
		c := ui.Cell{Text: "differs", Bad: true}
		switch {
		case x.Equal:
			c = ui.Cell{Text: "the same"}
		case x.Only == "a":
			c = ui.Cell{Text: "only on the reference", Bad: true}
		case x.Only == "b":
			c = ui.Cell{Text: "only on this host", Bad: true}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: x.Path}, Mono: true, Cells: []ui.Cell{c}})
	}
	b.Table = &t
	if f.Comparison != "" {
		b.Links = append(b.Links, ui.Link{Text: "Paths that differ, in " + f.Comparison, Href: "/baselines/compare/" + f.Comparison})
	}
	if f.Snapshot != "" {
		b.Links = append(b.Links, ui.Link{Text: "Snapshot " + f.Snapshot, Href: "/baselines/" + f.Snapshot})
	}
	return b
}
