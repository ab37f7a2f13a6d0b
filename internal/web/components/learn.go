package components

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func asField(err error, f **fault.Error) bool { return errors.As(err, f) }

// learnOf reads what a proposal is made from.
func learnOf(r *screen.Request, v url.Values) (component.Learn, error) {
	l := component.Learn{Host: v.Get("host")}
	for _, k := range v["kind"] {
		if k != "" {
			l.Kinds = append(l.Kinds, component.Kind(k))
		}
	}
	var err error
	if l.From, err = r.FirstMoment(v.Get("from"), "from"); err != nil {
		return l, err
	}
	l.Until, err = r.LastMoment(v.Get("to"), "to")
	return l, err
}

func address(l component.Learn, v url.Values) string {
	q := url.Values{"preview": {"yes"}}
	for _, name := range []string{"host", "from", "to"} {
		if v.Get(name) != "" {
			q.Set(name, v.Get(name))
		}
	}
	for _, k := range l.Kinds {
		q.Add("kind", string(k))
	}
	return learnPath + "?" + q.Encode()
}

// learn answers: what would a baseline hold?
func (s *site) learn(w http.ResponseWriter, r *screen.Request) error {
	if r.URL.Query().Get("preview") == "" {
		return s.learnForm(w, r, nil)
	}
	return s.preview(w, r, r.URL.Query(), nil)
}

func (s *site) learnForm(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	hosts, err := s.cfg.Hosts(r.Context())
	if err != nil {
		return err
	}
	counts, err := s.cfg.Components.Counts(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var kinds []ui.Option
	seen := map[component.Kind]bool{}
	for _, k := range counts {
		seen[k.Kind] = true
		text := screen.Capital(k.Many)
		if k.Baseline == nil {
			text += " (not judged yet)"
		}
		kinds = append(kinds, ui.Option{Value: string(k.Kind), Text: text, Selected: true})
	}
	for _, k := range component.Kinds() {
		if !seen[k.Kind] {
			kinds = append(kinds, ui.Option{Value: string(k.Kind), Text: screen.Capital(k.Many) + " (none seen yet)"})
		}
	}
	f := ui.Form{ID: "learn", Action: learnPath, Button: "Show what it would hold", Fields: []ui.Field{
		{Name: "host", Label: "A host that is as it should be", Kind: "select", Options: append([]ui.Option{{Text: "every host"}}, hosts...), Hint: "What it consists of is proposed, for every host. With every host give a window of days."},
		screen.DayOrNone("from", "Seen first from", ""), screen.DayOrNone("to", "Until, the last day", "For a time in which everything was as it should be."),
		{Name: "kind", Label: "Which kinds", Kind: "many", Options: kinds}}}
	t.Fill(&f)
	side := ui.Block{ID: "how", Title: "How it goes", Text: []string{"A proposal changes nothing. You look at what it would hold, say who answers for it and why, and approve it with your name.", "From the first approval of a kind on, all of that kind is judged: what is on some host and not in the baseline becomes a finding with a deadline. A kind of which nothing is seen yet can be chosen too: then the first of it is a finding."}}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Learn a baseline", "Operate", "Components"), ui.FormView{Crumbs: []ui.Link{{Text: "Components", Href: listPath}, {Text: "Learn a baseline"}}, Title: "Learn a baseline", Note: "From a host that is as it should be, or from what was seen within a window of days.", Form: f, Side: []ui.Block{side}}))
}

func (s *site) choose(w http.ResponseWriter, r *screen.Request) error {
	l, err := learnOf(r, r.PostForm)
	if err == nil {
		_, err = s.cfg.Components.Propose(r.Context(), r.Who, l)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.learnForm(w, r, t)
	}
	http.Redirect(w, r.Request, address(l, r.PostForm), http.StatusSeeOther)
	return nil
}

// shownOf is how many of each kind a preview names; the rest are counted.
const shownOf = 40

func (s *site) preview(w http.ResponseWriter, r *screen.Request, v url.Values, t *screen.Typed) error {
	l, err := learnOf(r, v)
	if err != nil {
		return err
	}
	p, err := s.cfg.Components.Propose(r.Context(), r.Who, l)
	if err != nil {
		return err
	}
	view := ui.ListView{Crumbs: []ui.Link{{Text: "Components", Href: listPath}, {Text: "Learn a baseline", Href: learnPath}, {Text: "Preview"}}, Title: "Nothing would be approved", Note: "All of it was approved or refused already.", None: "Nothing that waits for a word fits.", Undo: learnPath}
	left := int64(0)
	for _, n := range p.Left {
		left += n
	}
	if n := len(p.Components); n > 0 || len(p.None) > 0 {
		view.Title = ui.Many(n, "component", "components") + " would be approved"
		view.Note = "Nothing is approved yet. Look through it: what should not be there stays out when you take fewer kinds, or when you refuse it afterwards."
		if left > 0 {
			view.Note += " " + ui.Many(int(left), "other component of these kinds has", "other components of these kinds have") + " no approval and would be a finding at once."
		}
		button := "Approve " + ui.Many(n, "component", "components")
		if len(p.None) > 0 {
			view.Note += " There are no " + nameAll(p.None) + ": from the approval on, the first is a finding."
		}
		if n == 0 {
			view.Title, button = "Nothing of these kinds is there", "Approve that there is none"
		}
		f := ui.Form{ID: "approve", Action: learnPath + "/approve", Button: button, Fields: append([]ui.Field{{Name: "seen", Kind: "hidden", Value: p.Seen}}, approvalFields(false)...)}
		for _, name := range []string{"host", "from", "to"} {
			if v.Get(name) != "" {
				f.Fields = append(f.Fields, ui.Field{Name: name, Kind: "hidden", Value: v.Get(name)})
			}
		}
		for _, k := range l.Kinds {
			f.Fields = append(f.Fields, ui.Field{Name: "kind", Kind: "hidden", Value: string(k)})
		}
		for i := range f.Fields {
			if f.Fields[i].Name == "scope" && t == nil {
				f.Fields[i].Value = v.Get("scope")
			}
		}
		t.Fill(&f)
		view.Form = f
	}
	view.Table = ui.Table{Caption: "By kind", Columns: []ui.Column{{Text: "Kind"}, {Text: "Would be approved", N: true}, {Text: "Would be findings", N: true}, {Text: "What tells one from another"}}}
	for _, k := range component.Kinds() {
		if n := p.Kinds[k.Kind]; n > 0 {
			view.Table.Rows = append(view.Table.Rows, ui.TableRow{Head: ui.Link{Text: screen.Capital(k.Many)}, Cells: []ui.Cell{{Text: ui.Number(n), N: true}, {Text: ui.Number(p.Left[k.Kind]), N: true, Bad: p.Left[k.Kind] > 0}, {Text: k.Identity}}})
			view.After, view.Heads = append(view.After, s.proposed(p, k)), append(view.Heads, screen.Capital(k.Many)+", "+ui.Number(n))
		}
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "Learn a baseline", "Operate", "Components"), view))
}

// nameAll names kinds: "SSH keys, USB devices".
func nameAll(list []component.Kind) string {
	var out []string
	for _, k := range list {
		w, _ := component.About(k)
		out = append(out, w.Many)
	}
	return strings.Join(out, ", ")
}

func (s *site) proposed(p *component.Proposal, k component.Words) ui.Table {
	t := ui.Table{Caption: screen.Capital(k.Many) + " of the proposal", Columns: []ui.Column{{Text: "Name"}, {Text: "Evidence"}, {Text: "Hosts", N: true}}}
	var list []*component.Component
	for _, c := range p.Components {
		if c.Kind == k.Kind {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *component.Component) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range list[:min(len(list), shownOf)] {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: c.Name, Href: listPath + "/" + c.ID}, Cells: []ui.Cell{{Text: c.Evidence}, {Text: ui.Number(c.Hosts), N: true}}})
	}
	if n := len(list) - shownOf; n > 0 {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("and %d more", n), Href: screen.With(url.Values{}, listPath, "show", "all", "kind", string(k.Kind))}, Cells: []ui.Cell{{}, {}}})
	}
	return t
}

func (s *site) approve(w http.ResponseWriter, r *screen.Request) error {
	v := r.PostForm
	l, err := learnOf(r, v)
	if err != nil {
		return err
	}
	x, err := s.said(r, component.Approved)
	n, own := 0, 0
	if err == nil {
		n, own, err = s.cfg.Components.ApproveProposal(r.Context(), r.Who, l, v.Get("seen"), x)
	}
	if err != nil {
		var f *fault.Error
		if fault.Is(err, fault.Invalid) && asField(err, &f) && f.Field == "expires" {
			err = f.At("", 0, "until")
		}
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.preview(w, r, v, t)
	}
	text := ui.Many(n, "component is", "components are") + " approved."
	if n == 0 && own == 0 {
		text = "It is approved that there are none: the first is a finding."
	}
	if own > 0 {
		text += " " + ui.Many(own, "is", "are") + " of your own account and wait for another person."
	}
	return r.Done(w, text, listPath)
}
