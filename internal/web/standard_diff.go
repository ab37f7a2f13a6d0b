package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/web/ui"
)

// standardDiff answers: what does this version say otherwise than that one?
// from is another version, or "installed": the same one without tailoring.
func (s *Site) standardDiff(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	st, err := s.cfg.Standards.Get(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	list, err := s.cfg.Standards.List(ctx)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(o standard.Standard) bool { return o.Pack != st.Pack || o.ID == st.ID })
	from := q.Get("from")
	if from == "" {
		from = "installed"
		if len(list) > 0 && st.Base == st.Digest {
			from = list[0].ID
		}
	}
	newer, err := s.cfg.Standards.Loaded(ctx, st.ID)
	if err != nil {
		return err
	}
	path := "/standards/" + st.ID + "/diff"
	v := ui.StandardDiffView{Crumbs: []ui.Link{{Text: "Standards", Href: "/standards"}, {Text: st.Title + " " + st.Version, Href: "/standards/" + st.ID}, {Text: "what differs"}},
		Choices: []ui.Chip{{Text: "As it was installed", Href: path + "?from=installed", Current: from == "installed"}}}
	for _, o := range list {
		v.Choices = append(v.Choices, ui.Chip{Text: "Version " + o.Version, Href: path + "?from=" + o.ID, Current: from == o.ID})
	}
	var old *pack.Pack
	switch at := slices.IndexFunc(list, func(o standard.Standard) bool { return o.ID == from }); {
	case from == "installed":
		if old, err = s.cfg.Standards.Pack(ctx, st.ID); err != nil {
			return err
		}
		v.Title = st.Title + " " + st.Version + ": what tailoring changes"
		v.Note = "Before: as it was installed. After: as it judges now."
		v.Same = "Nothing is tailored: it judges as it was installed."
	case at >= 0:
		if old, err = s.cfg.Standards.Loaded(ctx, from); err != nil {
			return err
		}
		v.Title = st.Title + ": from " + list[at].Version + " to " + st.Version
		v.Note = "Before: version " + list[at].Version + ". After: version " + st.Version + ". Where a version is in force, with its tailoring."
		v.Same = "Both versions say the same."
	default:
		return fault.New(fault.NotFound, "%s has no other version %s", st.Pack, from).WithHint("the page of the standard lists its versions")
	}
	d := pack.Compare(old, newer)
	v.Pack = fieldChanges(d.Pack)
	for _, id := range d.Added {
		v.Added = append(v.Added, diffCheck(newer, id, true))
	}
	for _, id := range d.Removed {
		v.Removed = append(v.Removed, diffCheck(old, id, false))
	}
	for _, c := range d.Changed {
		row := diffCheck(newer, c.ID, st.InForce)
		row.Fields = fieldChanges(c.Fields)
		v.Changed = append(v.Changed, row)
	}
	if !d.Empty() {
		v.Same = ""
	}
	return s.render(w, r, http.StatusOK, ui.StandardDiff(s.shell(w, r, v.Title, "Operate", "Standards"), v))
}

func diffCheck(p *pack.Pack, id string, link bool) ui.DiffCheck {
	c, ok := p.Check(id)
	if !ok {
		return ui.DiffCheck{ID: id}
	}
	row := ui.DiffCheck{Check: ui.Link{Text: c.Title}, ID: id, Severity: ui.Severity(c.Severity), Tier: c.Tier}
	if link {
		row.Check.Href = "/checks/" + c.ID
	}
	return row
}

func fieldChanges(list []pack.FieldDiff) []ui.FieldChange {
	var out []ui.FieldChange
	for _, f := range list {
		f = f.Short()
		out = append(out, ui.FieldChange{Name: f.Field, Before: strings.TrimSpace(f.Old), After: strings.TrimSpace(f.New)})
	}
	return out
}
