package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/ui"
)

// scopePage answers: what is examined?
func (s *Site) scopePage(w http.ResponseWriter, r *request) error {
	return s.showScope(w, r, nil)
}

func (s *Site) showScope(w http.ResponseWriter, r *request, bad *refusedForm) error {
	ctx := r.Context()
	history, err := s.cfg.Scopes.History(ctx, r.who)
	if err != nil {
		return err
	}
	holds := scope.At(history, r.now, -1)
	c := holds
	v := ui.ScopeView{}
	if n := r.URL.Query().Get("version"); n != "" {
		k, err := strconv.Atoi(n)
		if err != nil || k < 1 || k > len(history) {
			return fault.New(fault.NotFound, "the scope has no version %s", n)
		}
		if c = history[k-1]; c.Version != holds.Version {
			v.Shown = "version " + n
		}
	}
	names := s.names(ctx, makersOf(history))
	v.Title = scopeTitle(r, c)
	v.Line = []string{fmt.Sprintf("version %d, from %s on", c.Version, r.words.date(c.Effective)), approvalWords(r, c, names)}
	if v.Shown != "" {
		v.Line = append(v.Line, fmt.Sprintf("version %d holds now", holds.Version))
	}
	if access.May(r.who.Role, access.ScopeEdit) {
		v.Edit = "/scope/edit"
		v.Begin = len(history) == 1 && access.May(r.who.Role, access.DataEdit)
	}
	for _, f := range c.Flags() {
		v.Flags = append(v.Flags, ui.Notice{Title: sentenceless(f.About), Text: sentence(f.Text)})
	}
	scopeContent(&v, r, c)
	if err := s.scopeHosts(r, &v, c); err != nil {
		return err
	}
	for _, x := range slices.Backward(history) {
		row := ui.ScopeVersion{Link: ui.Link{Text: fmt.Sprintf("version %d", x.Version), Href: "/scope?version=" + strconv.Itoa(x.Version)}, From: r.words.date(x.Effective),
			By: nameOr(names, x.Made.By) + ", " + r.words.date(x.Made.At), Approved: approvedBy(r, x, names), Reason: x.Reason, State: "superseded"}
		switch {
		case x.Version == holds.Version:
			row.State = "holds now"
		case !x.Approved():
			row.State = "not approved"
		case x.Effective.After(r.now):
			row.State = "approved"
		}
		if x.Backdated() {
			row.State += ", backdated"
		}
		if w, mid := scope.MidWindow(history[:x.Version-1], x.Effective); mid && x.Version > 1 {
			row.Mid = fmt.Sprintf("Day %d of %d of the window from %s to %s.", w.Day(x.Effective), w.Days, r.words.date(w.Start), r.words.lastDay(w.End))
		}
		v.Versions = append(v.Versions, row)
	}
	if c.Version > 1 {
		v.ChangesOf = fmt.Sprintf("What version %d changed, from %s on", c.Version, r.words.date(c.Effective))
		v.Changes = changesOf(history[c.Version-2].Content, c.Content)
	}
	last := history[len(history)-1]
	if !last.Approved() {
		if v.Proposal, err = s.scopeProposal(r, history, holds, names, bad); err != nil {
			return err
		}
		if c.Version == 1 && v.Shown == "" {
			v.Flags = nil // what the first draft answers is not asked beside it
		}
	}
	status := http.StatusOK
	sh := s.shell(w, r, "Scope", "Comply", "Scope")
	if bad != nil {
		sh.Path, status = "/scope", http.StatusUnprocessableEntity
	}
	return s.render(w, r, status, ui.ScopePage(sh, v))
}

func makersOf(history []scope.Version) []string {
	var out []string
	for _, x := range history {
		out = append(out, x.Made.By)
		if x.Approval != nil {
			out = append(out, x.Approval.Made.By)
		}
	}
	return out
}

func scopeTitle(r *request, c scope.Version) string {
	name := c.Name()
	if name == "" {
		name = "Nobody has said yet which system"
	}
	what := scope.CategoryWords(c.Categories)
	w, ok := c.Window()
	switch {
	case !ok && c.Name() == "":
		return "Nothing says yet what is examined"
	case !ok:
		return name + ": " + what + ", on no date yet"
	case w.Type == 1:
		return fmt.Sprintf("%s: %s, as of %s", name, what, r.words.date(w.Start))
	}
	return fmt.Sprintf("%s: %s, from %s to %s", name, what, r.words.date(w.Start), r.words.lastDay(w.End))
}

func approvedBy(r *request, x scope.Version, names map[string]string) string {
	switch {
	case x.Approval != nil:
		return nameOr(names, x.Approval.Made.By) + ", " + r.words.date(x.Approval.Made.At)
	case x.Approved():
		return "what Attesta began with"
	}
	return "nobody yet"
}

func approvalWords(r *request, c scope.Version, names map[string]string) string {
	switch {
	case c.Approval == nil && c.Approved():
		return "what Attesta began with"
	case c.Approval == nil:
		return "written by " + nameOr(names, c.Made.By) + ", approved by nobody yet"
	case c.Approval.Compensation != "":
		return fmt.Sprintf("written and approved by %s on %s; in place of a second person: %s", nameOr(names, c.Made.By), r.words.date(c.Approval.Made.At), c.Approval.Compensation)
	}
	text := fmt.Sprintf("written by %s, approved by %s on %s", nameOr(names, c.Made.By), nameOr(names, c.Approval.Made.By), r.words.date(c.Approval.Made.At))
	if c.Backdated() {
		text += ", after it took effect"
	}
	return text
}

// scopeContent fills what a version says.
func scopeContent(v *ui.ScopeView, r *request, c scope.Version) {
	for _, x := range c.Systems {
		v.Systems = append(v.Systems, ui.ScopeSystem{Name: x.Name, Text: x.Description, Services: x.Services})
	}
	for _, x := range c.Boundary {
		side := "inside"
		if x.Out {
			side = "outside"
		}
		v.Boundary = append(v.Boundary, ui.ScopeComponent{Name: x.Name, Kind: string(x.Kind), Side: side, Hosts: strings.Join(x.Hosts, " "), Reason: x.Reason})
	}
	for _, x := range c.Commitments {
		v.Commits = append(v.Commits, ui.ScopeCommitment{ID: x.ID, To: x.To, Text: x.Statement, Source: x.Source, Categories: scope.CategoryWords(x.Categories)})
	}
	for _, x := range c.Requirements {
		by := groundWords(x.By)
		if x.Reference != "" {
			by += ": " + x.Reference
		}
		v.Needs = append(v.Needs, ui.ScopeRequirement{ID: x.ID, Text: x.Statement, Serves: strings.Join(x.Serves, ", "), By: by})
	}
	flags := c.Flags()
	for _, k := range catalog.Categories() {
		row := ui.ScopeCategory{Name: sentenceless(k.Words()), In: c.Has(k), Why: sentence(c.Content.Reason(k))}
		if k == catalog.Security {
			row.Why = "It belongs to every examination."
		}
		var ids []string
		for _, m := range c.Commitments {
			if slices.Contains(m.Categories, k) {
				ids = append(ids, m.ID)
			}
		}
		if len(ids) > 0 {
			row.Touched = "Touched by " + strings.Join(ids, ", ") + "."
		}
		for _, f := range flags {
			if f.About == "categories" && strings.HasPrefix(f.Text, k.Words()+" ") {
				row.Flag = sentence(strings.TrimPrefix(f.Text, k.Words()+" is "))
			}
		}
		v.Category = append(v.Category, row)
	}
	add := func(term, text string) { v.Exam = append(v.Exam, ui.Fact{Term: term, Text: text}) }
	w, ok := c.Window()
	switch {
	case !ok:
		add("Type", "neither a date nor a window is set")
	case w.Type == 1:
		add("Type", "1: as of a date")
		add("Date", r.words.date(w.Start))
	default:
		add("Type", "2: over a window")
		add("Window", r.words.date(w.Start)+" to "+r.words.lastDay(w.End))
		add("Length", many(w.Days, "day", "days"))
		add("Today", strings.TrimPrefix(w.Words(r.now), strings.Split(w.Words(r.now), ", ")[0]+", "))
	}
	add("Time zone", c.Location().String())
	for _, a := range []struct {
		what   string
		answer catalog.Answer
	}{{"Controller", c.Controller}, {"Processor", c.Processor}, {"Goods", c.Goods}} {
		text := string(a.answer)
		if text == "" {
			text = "not answered"
		}
		add(a.what, text)
	}
}

func groundWords(g scope.Ground) string {
	switch g {
	case scope.ByLaw:
		return "law"
	case scope.ByContract:
		return "contract"
	}
	return "own choice"
}

// scopeHosts says where the hosts that report lie.
func (s *Site) scopeHosts(r *request, v *ui.ScopeView, c scope.Version) error {
	if !access.May(r.who.Role, access.HostRead) {
		return nil
	}
	in, out, unnamed := 0, 0, 0
	cursor := ""
	for {
		list, next, _, err := s.cfg.Hosts.List(r.Context(), host.Filter{}, cursor, 1000)
		if err != nil {
			return err
		}
		for _, h := range list {
			k, named := c.Host(h.Name)
			switch {
			case !named:
				if unnamed++; unnamed <= 8 {
					v.Unnamed = append(v.Unnamed, ui.Link{Text: h.Name, Href: "/hosts/" + h.ID})
				}
			case k.Out:
				out++
			default:
				in++
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	v.Hosts = []ui.Fact{{Term: "Inside", Text: fmt.Sprint(in)}, {Term: "Outside", Text: fmt.Sprint(out)}, {Term: "Named by no component", Text: fmt.Sprint(unnamed)}}
	return nil
}

func changesOf(a, b scope.Content) []ui.ScopeChange {
	var out []ui.ScopeChange
	for _, d := range scope.Diff(a, b) {
		out = append(out, ui.ScopeChange(d))
	}
	return out
}

func (s *Site) scopeProposal(r *request, history []scope.Version, holds scope.Version, names map[string]string, bad *refusedForm) (*ui.ScopeProposal, error) {
	last := history[len(history)-1]
	p := &ui.ScopeProposal{Title: fmt.Sprintf("Version %d waits for approval", last.Version), Version: strconv.Itoa(last.Version), Changes: changesOf(holds.Content, last.Content),
		Text: fmt.Sprintf("Written by %s on %s: %s It would hold from %s on. Until then version %d does.", nameOr(names, last.Made.By), r.words.date(last.Made.At), sentence(last.Reason), r.words.date(last.Effective), holds.Version)}
	if w, mid := scope.MidWindow(history[:last.Version-1], last.Effective); mid {
		p.Mid = fmt.Sprintf("It changes what is examined in the middle of the window, on day %d of %d. An auditor tests before and after it.", w.Day(last.Effective), w.Days)
	}
	if !access.May(r.who.Role, access.ScopeApprove) {
		return p, nil
	}
	p.Action = "/scope/approve"
	p.Compensation = ui.FormField{ID: "s-comp", Name: "compensation", Label: "What stands in for a second person", Hint: "For example who from outside looks at it, and when.", Type: "long", Need: true}
	if last.Made.By == r.who.UserID {
		alone, err := s.cfg.Access.Alone(r.Context(), r.who, access.ScopeApprove)
		if err != nil {
			return nil, err
		}
		if p.Alone = alone; !alone {
			p.Action, p.Refuse = "", "You wrote it, so another person approves it."
		}
	}
	if bad != nil {
		p.Compensation.Problem, p.Compensation.Value = bad.problem, r.PostFormValue("compensation")
	}
	return p, nil
}

// approveScope lets the newest version hold.
func (s *Site) approveScope(w http.ResponseWriter, r *request) error {
	version, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return fault.New(fault.Invalid, "the form names no version").WithHint("go back and send it again")
	}
	if err := s.cfg.Scopes.Approve(r.Context(), r.who, version, r.PostFormValue("compensation")); err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		return s.showScope(w, r, bad)
	}
	s.flash(w, fmt.Sprintf("Version %d of the scope is approved. The approval is an entry in the ledger.", version))
	http.Redirect(w, r.Request, "/scope", http.StatusSeeOther)
	return nil
}
