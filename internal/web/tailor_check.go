package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/web/ui"
)

// tailorPage is a check that may be tailored, as declared and as it stands.
type tailorPage struct {
	st       standard.Standard
	declared *pack.Check
	now      standard.Tailoring // changes nothing where the check is as declared
	tailored bool
}

func (s *Site) tailorPage(r *request) (tailorPage, error) {
	ctx := r.Context()
	id := r.PathValue("pack") + "/" + r.PathValue("check")
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return tailorPage{}, err
	}
	for _, st := range set.Standards {
		if st.Pack != r.PathValue("pack") {
			continue
		}
		loaded, err := s.cfg.Standards.Pack(ctx, st.ID)
		if err != nil {
			return tailorPage{}, err
		}
		c, ok := loaded.Check(id)
		if !ok {
			break
		}
		p := tailorPage{st: st, declared: c, now: standard.Tailoring{Check: id}}
		for _, t := range set.Tailored(st.Pack) {
			if t.Check == id {
				p.now, p.tailored = t, true
			}
		}
		return p, nil
	}
	return tailorPage{}, fault.New(fault.NotFound, "no check %s is in force", id).WithHint("the standards list what is")
}

// tailorCheckForm answers: what may we change of this check?
func (s *Site) tailorCheckForm(w http.ResponseWriter, r *request) error {
	p, err := s.tailorPage(r)
	if err != nil {
		return err
	}
	return s.showTailor(w, r, p, http.StatusOK, p.now, nil, nil, nil)
}

// tailorCheck previews a tailoring, puts it in force, or takes one back.
func (s *Site) tailorCheck(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	p, err := s.tailorPage(r)
	if err != nil {
		return err
	}
	again := func(t standard.Tailoring, preview *ui.TailorPreview, err error) error {
		if err == nil {
			return s.showTailor(w, r, p, http.StatusOK, t, r.PostForm, preview, nil)
		}
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		return s.showTailor(w, r, p, http.StatusUnprocessableEntity, t, r.PostForm, preview, bad)
	}
	if seen := r.PostFormValue("digest"); seen != p.st.Digest {
		return fault.New(fault.Conflict, "somebody has tailored this standard since the page was shown").WithHint("open the page again and compare")
	}
	t, err := readTailoring(r, p.declared)
	if err != nil {
		return again(t, nil, err)
	}
	done := ""
	switch r.PostFormValue("do") {
	case "undo":
		t = standard.Tailoring{Check: p.declared.ID, Reason: t.Reason}
		done = "The tailoring of " + p.declared.ID + " is taken back."
	case "save":
		done = p.declared.ID + " is tailored."
	default:
		preview, err := s.tailorPreview(r, t)
		return again(t, preview, err)
	}
	if err := s.cfg.Standards.Tailor(ctx, r.who, t); err != nil {
		var preview *ui.TailorPreview
		if r.PostFormValue("do") == "save" {
			if shown, previewErr := s.tailorPreview(r, t); previewErr == nil {
				preview = shown // the fault says what is wrong with the form; what was shown stays beside it
			}
		}
		return again(t, preview, err)
	}
	s.flash(w, done+" What changed, and why, is an entry in the ledger. The standard is a draft until somebody else approves it.")
	http.Redirect(w, r.Request, "/standards/"+p.st.ID, http.StatusSeeOther)
	return nil
}

// readTailoring reads the form. What equals the declaration is no tailoring.
func readTailoring(r *request, c *pack.Check) (standard.Tailoring, error) {
	t := standard.Tailoring{Check: c.ID, Exclude: r.PostFormValue("exclude") == "yes", Severity: r.PostFormValue("severity"),
		Reason: strings.TrimSpace(r.PostFormValue("reason")), Parameters: map[string]any{}}
	for _, p := range c.Parameters {
		if !r.PostForm.Has("p." + p.Name) {
			continue
		}
		v, err := standard.ParseParameter(p, r.PostFormValue("p."+p.Name))
		if err != nil {
			return t, err
		}
		t.Parameters[p.Name] = v
	}
	return t, nil
}

// tailorPreview says what would change, of the check and on the hosts.
func (s *Site) tailorPreview(r *request, t standard.Tailoring) (*ui.TailorPreview, error) {
	ctx := r.Context()
	v, err := s.cfg.Standards.Preview(ctx, r.who, t)
	if err != nil {
		return nil, err
	}
	out := &ui.TailorPreview{Draft: v.Approve}
	for _, c := range v.Diff.Changed {
		for _, f := range fieldChanges(c.Fields) {
			if f.Name != "off" {
				out.Fields = append(out.Fields, f)
			}
		}
	}
	switch {
	case v.After == nil:
		out.Words = "The check would no longer be judged. Its open findings are put aside as stale, not closed, and it is listed as excluded with your reason."
	case v.Before == nil:
		out.Words = "The check would be judged again."
	}
	if !access.May(r.who.Role, access.HostRead) {
		return out, nil
	}
	before, err := s.trial(r, v.Before)
	if err != nil {
		return nil, err
	}
	after, err := s.trial(r, v.After)
	if err != nil {
		return nil, err
	}
	hosts := int64(0)
	check := v.After
	if check == nil {
		check = v.Before
	}
	for i, a := range check.Attributes {
		row := ui.EffectRow{Attribute: a.ID}
		if before != nil {
			row.Before = before[i]
		}
		if after != nil {
			row.After = after[i]
		}
		row.Same = before != nil && after != nil && before[i] == after[i]
		hosts = max(hosts, row.Before.Total(), row.After.Total())
		out.Effect = append(out.Effect, row)
	}
	out.Hosts = "Judged for this preview: " + many(hosts, "host", "hosts") + ", by facts as they stand now. Changed from now on, nothing of the past."
	return out, nil
}

// trial judges every host by a check's attributes; nil for no check.
func (s *Site) trial(r *request, c *pack.Check) ([]ui.Counts, error) {
	if c == nil {
		return nil, nil
	}
	attributes := make([]*judge.Attribute, len(c.Attributes))
	for i := range c.Attributes {
		attributes[i] = c.Attributes[i].Compiled
	}
	found, err := s.cfg.Hosts.Trial(r.Context(), r.who, attributes)
	if err != nil {
		return nil, err
	}
	out := make([]ui.Counts, len(found))
	for i, n := range found {
		out[i] = ui.Counts(n)
	}
	return out, nil
}

// showTailor shows the form with a tailoring in it; typed is what was typed,
// which stays as it is.
func (s *Site) showTailor(w http.ResponseWriter, r *request, p tailorPage, status int, t standard.Tailoring, typed map[string][]string, preview *ui.TailorPreview, bad *refusedForm) error {
	ctx, c := r.Context(), p.declared
	v := ui.CheckTailorView{ID: c.ID, Title: c.Title, Standard: p.st.Title + " " + p.st.Version, Action: "/checks/" + c.ID + "/tailor", Digest: p.st.Digest,
		Crumbs: []ui.Link{{Text: "Standards", Href: "/standards"}, {Text: p.st.Title, Href: "/standards/" + p.st.ID}, {Text: shortCheck(c.ID)}, {Text: "tailor"}},
		Edit:   access.May(r.who.Role, access.StandardTailor), Exclude: t.Exclude, Reason: t.Reason, Preview: preview}
	if !p.now.Exclude {
		v.Crumbs[2].Href = "/checks/" + c.ID
	}
	if typed == nil {
		v.Reason = "" // the reason for the present tailoring is not one for the next
	}
	if bad != nil {
		v.Problem, v.Field = bad.problem, bad.field
	}
	if p.tailored {
		v.Now = tailoringWords(c, p.now)
		v.NowBy = "Since " + r.words.full(p.now.MadeAt) + s.byWords(ctx, p.now.MadeBy) + ": " + p.now.Reason
	}
	for _, sev := range pack.Severities() {
		o := ui.Option{Value: sev, Text: sev, Selected: sev == t.Severity || t.Severity == "" && sev == c.Severity}
		if sev == c.Severity {
			o.Text += " (as declared)"
		}
		v.Severity = append(v.Severity, o)
	}
	for _, param := range c.Parameters {
		v.Params = append(v.Params, paramField(param, t, typed))
	}
	all, err := s.cfg.Standards.Tailorings(ctx)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Check == c.ID {
			row := s.tailoredRow(r, &pack.Pack{ID: p.st.Pack, Checks: []pack.Check{*c}}, o)
			v.History = append(v.History, row)
		}
	}
	return s.render(w, r, status, ui.CheckTailor(s.shell(w, r, "Tailor "+c.Title, "Operate", "Standards"), v))
}

// paramField gives a parameter's field: its bounds, and the value that it has
// now or that was typed.
func paramField(p pack.Parameter, t standard.Tailoring, typed map[string][]string) ui.ParamField {
	f := ui.ParamField{Name: p.Name, Title: p.Title, Kind: p.Type, Value: standard.ParameterText(p.Default)}
	if v, ok := t.Parameters[p.Name]; ok {
		f.Value = standard.ParameterText(v)
	}
	if texts, ok := typed["p."+p.Name]; ok && len(texts) > 0 {
		f.Value = texts[0]
	}
	var hint []string
	switch p.Type {
	case "int":
		switch {
		case p.Min != nil && p.Max != nil:
			hint = append(hint, fmt.Sprintf("A whole number from %d to %d.", *p.Min, *p.Max))
		case p.Min != nil:
			hint = append(hint, fmt.Sprintf("A whole number, at least %d.", *p.Min))
		case p.Max != nil:
			hint = append(hint, fmt.Sprintf("A whole number, at most %d.", *p.Max))
		default:
			hint = append(hint, "A whole number.")
		}
	case "bool":
		p.Choices = []string{"true", "false"}
	case "list":
		hint = append(hint, "One on each line.")
		if len(p.Choices) > 0 {
			hint = append(hint, "Each one of "+strings.Join(p.Choices, ", ")+".")
		}
	}
	if p.Type != "list" {
		for _, c := range p.Choices {
			f.Choices = append(f.Choices, ui.Option{Value: c, Text: c, Selected: c == f.Value})
		}
	}
	f.Hint = strings.Join(append(hint, "As declared: "+oneLine(p.Default)+"."), " ")
	return f
}
