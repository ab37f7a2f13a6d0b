package policies

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/worddoc"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/render/markdown"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// newPolicy answers: how do we get a policy? From a template, by writing it, or
// from a file.
func (s *site) newPolicy(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	switch {
	case q.Get("template") != "":
		return s.showAdopt(w, r, q.Get("template"), nil, nil)
	case q.Get("way") == "write":
		return s.showPolicyForm(w, r, nil, policy.Write{Content: policy.Content{Days: 30, ReviewMonths: 12, Roles: policy.Readers()}}, "", nil, "")
	case q.Get("way") == "import":
		return s.showImport(w, r, nil)
	}
	have, err := s.cfg.Policies.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	book := s.cfg.Policies.Book()
	v := ui.PolicyNew{Crumbs: []ui.Link{{Text: "Policies", Href: "/policies"}, {Text: "Add a policy"}}, Title: "Add a policy",
		Note:  "Begin from one of the templates below, write one yourself, or bring a file that you have. Whatever you choose begins as a draft.",
		Ways:  []ui.Link{{Text: "Write one", Href: "/policies/new?way=write"}, {Text: "Bring a file", Href: "/policies/new?way=import"}},
		Table: ui.Table{Caption: "Templates", Columns: []ui.Column{{Text: "Template"}, {Text: "For"}, {Text: "Criteria"}, {Text: "Here"}}, Pager: ui.Pager{Text: ui.Many(len(book.Templates), "template", "templates")}}}
	for _, t := range book.Templates {
		row := ui.TableRow{Head: ui.Link{Text: t.Title, Href: "/policies/new?template=" + t.ID}, Meta: t.Summary, Cells: []ui.Cell{{Text: t.Audience}, {}, {Text: "not used", Muted: true}}}
		for _, c := range t.Criteria {
			row.Cells[1].Links = append(row.Cells[1].Links, ui.Link{Text: c, Href: "/criteria/" + c})
		}
		if i := slices.IndexFunc(have, func(x policy.Row) bool { return x.Slug == t.ID }); i >= 0 {
			row.Cells[2] = ui.Cell{Links: []ui.Link{{Text: have[i].Ref, Href: "/policies/" + have[i].Slug}}, Meta: policyState(have[i].State)}
			row.Head.Href = "/policies/" + have[i].Slug
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return r.Render(w, http.StatusOK, ui.PolicyNewPage(r.Shell(w, v.Title, "Comply", "Policies"), v))
}

// showAdopt asks for the fill-ins of a template, in two groups: what every
// policy says of the organisation, and the numbers of this one.
func (s *site) showAdopt(w http.ResponseWriter, r *screen.Request, template string, values url.Values, errs []error) error {
	t, err := s.cfg.Policies.Book().Get(template)
	if err != nil {
		return err
	}
	v := ui.PolicyForm{Crumbs: []ui.Link{{Text: "Policies", Href: "/policies"}, {Text: "Add a policy", Href: "/policies/new"}, {Text: t.Title}}, Title: t.Title,
		Note:   t.Summary + " Every value has a default that you may keep.",
		Action: "/policies", Hidden: []ui.Link{{Text: "template", Href: t.ID}}, FormFirst: r.PostForm.Get("do") != "preview", Buttons: []ui.Option{{Value: "adopt", Text: "Make a draft of it"}}}
	common, own := ui.PolicyGroup{Title: "Your organisation"}, ui.PolicyGroup{Title: "This policy's rules"}
	typed := map[string]string{}
	for _, f := range t.FillIns {
		x := ui.Field{Name: "fill." + f.Name, Label: screen.Capital(strings.ReplaceAll(f.Name, "_", " ")), Hint: f.Help, Value: f.Default, Must: true}
		if f.Type == "number" {
			x.Hint += fmt.Sprintf(" From %d to %d.", f.Minimum, f.Maximum)
		}
		if f.Parameter != "" {
			x.Hint += " The check " + strings.SplitN(f.Parameter, ".", 2)[0] + " judges by its own number; tailor it to the same."
		}
		if values != nil {
			x.Value = values.Get(x.Name)
		}
		typed[f.Name] = x.Value
		for _, err := range errs {
			var fe *fault.Error
			if errors.As(err, &fe) && fe.Field == f.Name {
				x.Problem = screen.Sentence(fe.Message)
			}
		}
		switch f.Name {
		case "organisation", "owner_role", "review_months", "report_to":
			common.Fields = append(common.Fields, x)
		default:
			own.Fields = append(own.Fields, x)
		}
	}
	v.Groups = []ui.PolicyGroup{common}
	if len(own.Fields) > 0 {
		v.Groups = append(v.Groups, own)
	}
	if values == nil {
		typed = nil
	}
	text, wrong := t.Fill(typed)
	if len(wrong) == 0 {
		html, err := markdown.HTML(firstHeading.ReplaceAllString(policy.Reading(text), ""), 2)
		if err != nil {
			return err
		}
		v.Preview = ui.Prose(html)
		v.Buttons = append(v.Buttons, ui.Option{Value: "preview", Text: "Preview with these values"})
	}
	status := http.StatusOK
	if len(errs) > 0 {
		status, v.Preview = http.StatusUnprocessableEntity, ""
		v.Problem = "Nothing was saved: " + ui.Many(len(errs), "value cannot stand in the text.", "values cannot stand in the text.")
		var fe *fault.Error
		if errors.As(errs[0], &fe) && fe.Field == "title" {
			v.Problem = screen.Sentence(fe.Message) + " " + screen.Sentence(fe.Hint)
		}
	}
	v.Side = []ui.Block{{ID: "after", Title: "What happens then", Text: []string{"A draft is made with your values. You may change its text as you like.",
		"Submit it, and another person approves it. Then publish it, and everybody it concerns is asked to read it.", fmt.Sprintf("It comes with %d statements that name what proves them, and %d questions.", len(t.Statements()), len(t.Questions))}}}
	return r.Render(w, status, ui.PolicyFormPage(r.Shell(w, t.Title, "Comply", "Policies"), v))
}

// addPolicy makes a policy of what was filled in, written or brought.
func (s *site) addPolicy(w http.ResponseWriter, r *screen.Request) error {
	f := r.PostForm
	if id := f.Get("template"); id != "" {
		values := map[string]string{}
		for name := range f {
			if fill, ok := strings.CutPrefix(name, "fill."); ok {
				values[fill] = f.Get(name)
			}
		}
		if f.Get("do") == "preview" {
			t, err := s.cfg.Policies.Book().Get(id)
			if err != nil {
				return err
			}
			_, errs := t.Fill(values)
			return s.showAdopt(w, r, id, f, errs)
		}
		p, errs := s.cfg.Policies.Adopt(r.Context(), r.Who, id, values)
		for _, err := range errs {
			if _, other := r.WrongForm(err); other != nil {
				return err
			}
		}
		if len(errs) > 0 {
			return s.showAdopt(w, r, id, f, errs)
		}
		return r.Done(w, p.Ref()+" is a draft. Read it, change what you like, and submit it.", "/policies/"+p.Slug)
	}
	return s.takePolicy(w, r, nil)
}

// editPolicy is the form that writes a new version.
func (s *site) editPolicy(w http.ResponseWriter, r *screen.Request) error {
	p, err := s.cfg.Policies.Get(r.Context(), r.Who, r.PathValue("slug"))
	if err != nil {
		return err
	}
	x := p.Newest()
	return s.showPolicyForm(w, r, p, policy.Write{Content: x.Content, Base: x.Version, Material: true}, policy.WriteQuestions(x.Questions), nil, "")
}

// savePolicy takes a new version of a policy.
func (s *site) savePolicy(w http.ResponseWriter, r *screen.Request) error {
	p, err := s.cfg.Policies.Get(r.Context(), r.Who, r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.takePolicy(w, r, p)
}

// takePolicy reads the form and keeps a version, or shows it as it would be.
func (s *site) takePolicy(w http.ResponseWriter, r *screen.Request, p *policy.Policy) error {
	f := r.PostForm
	asked, err := policy.ParseQuestions(f.Get("questions"))
	c := policy.Write{Content: policy.Content{Title: f.Get("title"), Owner: f.Get("owner"), Text: f.Get("text"), Questions: asked}, Note: f.Get("note"), Material: f.Get("material") != "no", Origin: policy.Origin(f.Get("origin"))}
	for _, x := range f["roles"] {
		c.Roles = append(c.Roles, access.Role(x))
	}
	number := func(field string) int {
		n, bad := strconv.Atoi(strings.TrimSpace(f.Get(field)))
		if bad != nil && err == nil {
			err = fault.New(fault.Invalid, "%q is no whole number", f.Get(field)).At("", 0, field).WithHint("write digits only")
		}
		return n
	}
	c.Days, c.ReviewMonths = number("days"), number("review_months")
	if p != nil {
		c.Base = number("base")
	}
	if len(c.Roles) == 0 && err == nil {
		err = fault.New(fault.Invalid, "nobody would be asked").At("", 0, "roles").WithHint("tick at least one role")
	}
	if err == nil && f.Get("do") == "preview" {
		return s.showPolicyForm(w, r, p, c, f.Get("questions"), nil, f.Get("text"))
	}
	if c.Origin == policy.FromTemplate {
		c.Origin = policy.Written
	}
	made := p
	if err == nil {
		if p == nil {
			made, err = s.cfg.Policies.Create(r.Context(), r.Who, c)
		} else {
			made, err = s.cfg.Policies.Edit(r.Context(), r.Who, p.Slug, c)
		}
	}
	if err != nil {
		t, other := r.WrongForm(err)
		if other != nil {
			return err
		}
		return s.showPolicyForm(w, r, p, c, f.Get("questions"), t, "")
	}
	return r.Done(w, fmt.Sprintf("Version %d of %s is a draft.", made.Newest().Version, made.Ref()), fmt.Sprintf("/policies/%s?version=%d", made.Slug, made.Newest().Version))
}

// showPolicyForm is the editor. preview is a text that is shown as it will be.
func (s *site) showPolicyForm(w http.ResponseWriter, r *screen.Request, p *policy.Policy, c policy.Write, questions string, t *screen.Typed, preview string, lost ...string) error {
	v := ui.PolicyForm{Crumbs: []ui.Link{{Text: "Policies", Href: "/policies"}, {Text: "Add a policy", Href: "/policies/new"}, {Text: "Write one"}}, Title: "Write a policy",
		Note: "A page or two that people read to the end: who does what, by when, and what shows it.", Action: "/policies"}
	if p != nil {
		v.Crumbs = []ui.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Ref(), Href: "/policies/" + p.Slug}, {Text: "a new version"}}
		v.Title, v.Action = "A new version of "+p.Newest().Title, "/policies/"+p.Slug+"/edit"
		v.Note = fmt.Sprintf("It begins as version %d says, and is a draft until somebody else approves it.", p.Newest().Version)
		v.Hidden = append(v.Hidden, ui.Link{Text: "base", Href: strconv.Itoa(c.Base)})
	}
	if c.Origin == policy.Imported {
		v.Hidden = append(v.Hidden, ui.Link{Text: "origin", Href: string(policy.Imported)})
	}
	text := ui.PolicyGroup{Title: "Text", Tall: true, Fields: []ui.Field{{Name: "title", Label: "Title", Value: c.Title, Must: true},
		{Name: "text", Label: "What it says", Kind: "long", Value: c.Text, Must: true, Hint: "Markdown: # for a heading, 1. for a statement, - for a list."},
		{Name: "questions", Label: "Questions to its readers", Kind: "long", Value: questions, Hint: "A line that begins with ? asks, - is an answer, + the right one, ! says why. Three are enough; none is possible."}}}
	rules := ui.PolicyGroup{Title: "How it is kept", Fields: []ui.Field{{Name: "owner", Label: "Owner", Value: c.Owner, Must: true, Hint: "A role that somebody holds, such as head of security."},
		{Name: "review_months", Label: "Months until it is read again in full", Value: strconv.Itoa(c.ReviewMonths), Must: true, Hint: "Twelve at most."},
		{Name: "days", Label: "Days to acknowledge it", Value: strconv.Itoa(c.Days), Must: true}}}
	if p != nil {
		rules.Fields = append(rules.Fields, ui.Field{Name: "note", Label: "What changed and why", Kind: "long", Value: c.Note, Must: true, Hint: "One or two sentences. The approver, the readers and an auditor see it."})
	}
	v.Groups = []ui.PolicyGroup{text, rules}
	if t != nil { // what was typed stays, numbers too
		for _, g := range v.Groups {
			for i := range g.Fields {
				x := &g.Fields[i]
				x.Value = t.Values.Get(x.Name)
				if x.Name == t.Field {
					x.Problem = t.Problem
				}
			}
		}
		v.Problem = "Nothing was saved. " + t.Problem
		if t.Field == "roles" {
			v.RolesBad = t.Problem
		}
	}
	for _, x := range access.Roles() {
		if access.May(x, access.PolicyAcknowledge) {
			v.Roles = append(v.Roles, ui.ScopeCheck{Name: "roles", Value: string(x), Text: x.Title(), Checked: slices.Contains(c.Roles, x)})
		}
	}
	if p != nil && p.Asked() > 0 {
		v.Material = []ui.Option{{Value: "yes", Text: "Material: everybody it concerns is asked to read and acknowledge it again", Selected: c.Material},
			{Value: "no", Text: "Editorial: spelling, wording or names; nobody is asked again", Selected: !c.Material}}
	}
	if preview != "" {
		html, err := markdown.HTML(linkProofs(strings.ReplaceAll(preview, "\r\n", "\n")), 3)
		if err != nil {
			return err
		}
		v.Preview = ui.Prose(html)
	}
	if len(lost) > 0 {
		v.Note += " What stayed behind: " + strings.Join(lost, ", ") + "."
	}
	v.Buttons = []ui.Option{{Value: "save", Text: "Save as a draft"}, {Value: "preview", Text: "Preview"}}
	v.Side = []ui.Block{{ID: "how", Title: "Statements and what shows them", Text: []string{"Write one rule in each numbered line. At its end you may say what proves it, by the short names of controls and checks:"},
		Code: "1. Access is reviewed each quarter. {proof: access-reviewed linux-server/sshd-root-login}"},
		{ID: "why", Title: "Why they are linked", Text: []string{"Readers do not see the mark. The policy's page shows how each control and check stands now, so that a promise nobody keeps is seen before an auditor sees it."}}}
	return r.Render(w, t.Status(), ui.PolicyFormPage(r.Shell(w, v.Title, "Comply", "Policies"), v))
}

// maxPolicyFile is the largest file that is taken as a policy, in bytes.
const maxPolicyFile = worddoc.MaxBytes

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	form := ui.Form{ID: "import", Action: "/policies/import", Button: "Read this file", Upload: true,
		Fields: []ui.Field{{Name: "file", Label: "File", Kind: "file", Must: true, Hint: importHint}}}
	t.Fill(&form)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Policies", Href: "/policies"}, {Text: "Add a policy", Href: "/policies/new"}, {Text: "Bring a file"}}, Title: "Bring a policy that you have",
		Note: "Nothing is saved yet: you see the text first, and may change it.", Form: form,
		Side: []ui.Block{{ID: "what", Title: "What is read", Text: []string{"Text, headings, lists and tables. Pictures, comments, colours and page numbers stay behind.", "Where a document held tracked changes, check the text: it is read as if all of them were accepted."}}}}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, v.Title, "Comply", "Policies"), v))
}

// importPolicy reads a file and shows it in the editor; nothing is kept yet.
func (s *site) importPolicy(w http.ResponseWriter, r *screen.Request) error {
	text, name, lost, err := readPolicyFile(r)
	if err != nil {
		t, other := r.WrongForm(err)
		if other != nil {
			return err
		}
		return s.showImport(w, r, t)
	}
	c := policy.Write{Content: policy.Content{Title: policyTitle(text, name), Text: text, Days: 30, ReviewMonths: 12, Roles: policy.Readers()}, Origin: policy.Imported}
	return s.showPolicyForm(w, r, nil, c, "", nil, text, lost...)
}

// readPolicyFile gives the text of a file that was brought, and its name.
func readPolicyFile(r *screen.Request) (text, name string, lost []string, err error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, "file")
	}
	if err := r.ParseMultipartForm(maxPolicyFile); err != nil {
		return "", "", nil, fault.Wrap(fault.Invalid, err, "the file could not be read, or is larger than 16 MB").At("", 0, "file")
	}
	defer r.MultipartForm.RemoveAll()
	r.PostForm = r.MultipartForm.Value
	f, head, err := r.FormFile("file")
	if err != nil {
		return "", "", nil, fault.Wrap(fault.Invalid, err, "choose a file").At("", 0, "file")
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxPolicyFile+1))
	switch {
	case err != nil:
		return "", "", nil, fault.Wrap(fault.Invalid, err, "the file could not be read").At("", 0, "file")
	case len(raw) > maxPolicyFile:
		return "", "", nil, bad("the file is larger than 16 MB")
	case len(raw) == 0:
		return "", "", nil, bad("the file is empty")
	}
	if text, lost, err = policyFileText(head.Filename, raw); err != nil {
		return "", "", nil, err
	}
	return text, head.Filename, lost, nil
}

func plainText(name string, raw []byte) (string, error) {
	if !utf8.Valid(raw) || slices.Contains(raw, 0) {
		return "", fault.New(fault.Invalid, "%.60s is neither Markdown nor text in UTF-8", name).At("", 0, "file").WithHint("save it as UTF-8, or choose another file")
	}
	return strings.ReplaceAll(strings.TrimPrefix(string(raw), "\ufeff"), "\r\n", "\n"), nil
}

// policyTitle gives the first heading of a text, else the file's name.
func policyTitle(text, name string) string {
	for line := range strings.Lines(text) {
		if h, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimSpace(h)
		}
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	return screen.Capital(strings.Map(func(c rune) rune {
		if c == '_' || c == '-' {
			return ' '
		}
		return c
	}, name))
}
