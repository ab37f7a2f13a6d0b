package web

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/web/ui"
)

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// download sends a file under a name that is safe in a header and on disk.
func download(w http.ResponseWriter, contentType, name string, content []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if _, err := w.Write(content); err != nil {
		return errGone
	}
	return nil
}

// requestPage answers: what is asked, what answers it, on whom does it wait?
func (s *Site) request(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	return s.requestPage(w, r, http.StatusOK, g, ui.Problem{}, nil)
}

func (s *Site) requestPage(w http.ResponseWriter, r *request, status int, g engagement.Engagement, bad ui.Problem, typed *engagement.RequestContent) error {
	ctx := r.Context()
	q, messages, history, err := s.cfg.Engagements.Request(ctx, r.who, g.Number, r.PathValue("ref"))
	if err != nil {
		return err
	}
	var by []string
	for _, m := range messages {
		by = append(by, m.Made.By)
	}
	for _, h := range history {
		by = append(by, h.Made.By, h.Owner)
	}
	for _, x := range q.Exhibits {
		by = append(by, x.Made.By)
	}
	names := s.names(ctx, by)
	here := engagementPath(g.Number, "requests", q.Ref)
	row := requestRow(r, g, q)
	v := ui.RequestView{Number: strconv.Itoa(g.Number), Ref: q.Ref, Text: q.Text, Version: strconv.Itoa(q.Version), Problem: bad, Criteria: row.Criteria, Due: q.Due, Answer: q.Answer, Answered: q.Answer,
		Line: []string{string(q.Kind), "ours: " + row.Ours, "auditor's: " + row.Theirs, "waits on " + q.Waiting()}}
	if q.Late(r.now.In(g.Location()).Format("2006-01-02")) {
		v.Line = append(v.Line, "late: due "+row.Due)
	}
	for _, f := range []ui.NamedText{{Title: "Section", Text: q.Section}, {Title: "Control", Text: q.Control}, {Title: "Contact", Text: q.Contact}, {Title: "Owner", Text: names[q.Owner]}, {Title: "Due", Text: row.Due}} {
		if f.Text != "" {
			v.Facts = append(v.Facts, f)
		}
	}
	open := g.State != engagement.Closed
	if access.May(r.who.Role, access.RequestJudge) && open {
		v.Judge = here + "/judge"
		for _, t := range engagement.AllTheirs() {
			v.Theirs = append(v.Theirs, ui.Option{Value: string(t), Text: string(t), Selected: t == q.Theirs})
		}
	}
	if access.May(r.who.Role, access.RequestAnswer) && open {
		v.Write = here + "/messages"
		if r.who.Role != access.Auditor {
			if err := s.requestForm(r, &v, g, q, here, typed); err != nil {
				return err
			}
		}
	}
	if bad.Field == "text" {
		v.Typed = r.PostFormValue("text")
	}
	for _, x := range q.Exhibits {
		v.Exhibits = append(v.Exhibits, ui.ExhibitRow{Kind: capital(x.Kind), Link: exhibitLink(x), Made: r.words.at(x.Made.At), By: names[x.Made.By]})
	}
	for _, m := range messages {
		text := m.Text
		if text == "" {
			text = "(redacted)"
		}
		v.Messages = append(v.Messages, ui.MessageRow{At: r.words.at(m.Made.At), By: names[m.Made.By], Text: text})
	}
	for i, h := range slices.Backward(history) {
		st := ui.Step{At: r.words.at(h.Made.At), Text: "Asked.", By: names[h.Made.By], Entry: entryLink(h.Made.Entry, h.Made.Index)}
		if i > 0 {
			st.Text = requestChange(history[i-1], h, names)
		}
		v.Steps = append(v.Steps, st)
	}
	return s.render(w, r, status, ui.Request(s.shell(w, r, "Request "+q.Ref, "Audit", "Engagements"), v))
}

func exhibitLink(x engagement.Exhibit) ui.Link {
	switch x.Kind {
	case "population":
		return ui.Link{Text: x.Title, Href: "/extractions/" + x.Subject}
	case "evidence":
		ref, _, _ := strings.Cut(x.Subject, "/") // "E-12/2": the second version
		return ui.Link{Text: x.Title, Href: "/evidence/" + ref}
	}
	return ui.Link{Text: x.Title}
}

func requestChange(a, b engagement.Request, names map[string]string) string {
	var parts []string
	for _, f := range requestFields(a, b, names) {
		if f.Name == "request" || f.Name == "answer" {
			parts = append(parts, f.Name+" rewritten")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s: %s, before: %s", f.Name, f.After, f.Before))
	}
	return capital(strings.Join(parts, "; ")) + "."
}

// requestFields gives what differs between two versions of a request.
func requestFields(a, b engagement.Request, names map[string]string) []ui.FieldChange {
	var out []ui.FieldChange
	for _, f := range []struct{ name, a, b string }{{"request", a.Text, b.Text}, {"section", a.Section, b.Section}, {"kind", string(a.Kind), string(b.Kind)}, {"criteria", strings.Join(a.Criteria, ", "), strings.Join(b.Criteria, ", ")},
		{"control", a.Control, b.Control}, {"contact", a.Contact, b.Contact}, {"owner", names[a.Owner], names[b.Owner]}, {"due", a.Due, b.Due}, {"our status", string(a.Ours), string(b.Ours)},
		{"auditor's status", string(a.Theirs), string(b.Theirs)}, {"answer", a.Answer, b.Answer}} {
		if f.a != f.b {
			out = append(out, ui.FieldChange{Name: f.name, Before: orNone(f.a), After: orNone(f.b)})
		}
	}
	return out
}

// requestForm fills the form of whoever answers.
func (s *Site) requestForm(r *request, v *ui.RequestView, g engagement.Engagement, q engagement.Request, here string, typed *engagement.RequestContent) error {
	c := q.RequestContent
	if typed != nil {
		c = *typed
	}
	v.Save, v.Attach, v.Answered, v.Due, v.Answer = here+"/answer", here+"/attach", "", c.Due, c.Answer
	for _, o := range engagement.AllOurs() {
		v.Ours = append(v.Ours, ui.Option{Value: string(o), Text: strings.ReplaceAll(string(o), "_", " "), Selected: o == c.Ours})
	}
	for _, k := range engagement.Kinds() {
		v.Kinds = append(v.Kinds, ui.Option{Value: string(k), Text: string(k), Selected: k == c.Kind})
	}
	v.Owners = []ui.Option{{Value: "", Text: "nobody yet", Selected: c.Owner == ""}}
	if access.May(r.who.Role, access.UserRead) {
		users, err := s.cfg.Access.Users(r.Context(), r.who)
		if err != nil {
			return err
		}
		for _, u := range users {
			if access.May(u.Role, access.RequestAnswer) && u.Role != access.Auditor {
				v.Owners = append(v.Owners, ui.Option{Value: u.ID, Text: u.Name, Selected: u.ID == c.Owner})
			}
		}
	} else { // who may not see the users can take a request on, or leave it
		if c.Owner != "" && c.Owner != r.who.UserID {
			v.Owners = append(v.Owners, ui.Option{Value: c.Owner, Text: s.names(r.Context(), []string{c.Owner})[c.Owner], Selected: true})
		}
		v.Owners = append(v.Owners, ui.Option{Value: r.who.UserID, Text: r.who.Name, Selected: c.Owner == r.who.UserID})
	}
	all, err := s.cfg.Engagements.Exhibits(r.Context(), r.who, g.Number)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, x := range q.Exhibits {
		seen[x.Kind+" "+x.Subject] = true
	}
	for _, x := range all {
		if key := x.Kind + " " + x.Subject; !seen[key] {
			seen[key] = true
			v.Choices = append(v.Choices, ui.Option{Value: key, Text: capital(x.Kind) + ": " + x.Title})
		}
	}
	held, _, err := s.cfg.Evidence.List(r.Context(), r.who, evidence.Filter{State: "accepted", Limit: 500})
	if err != nil {
		return err
	}
	for _, e := range held {
		x := engagement.OfEvidence(e.Version)
		if key := x.Kind + " " + x.Subject; !seen[key] {
			v.Choices = append(v.Choices, ui.Option{Value: key, Text: "Evidence: " + x.Title})
		}
	}
	return nil
}

func formVersion(r *request) (int, error) {
	n, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return 0, fault.New(fault.Invalid, "the form does not say which version it changes").WithHint("open it again")
	}
	return n, nil
}

func (s *Site) answerRequest(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	base, err := formVersion(r)
	if err != nil {
		return err
	}
	kind, ours := engagement.Kind(r.PostFormValue("kind")), engagement.Ours(r.PostFormValue("ours"))
	owner, due, answer := r.PostFormValue("owner"), strings.TrimSpace(r.PostFormValue("due")), r.PostFormValue("answer")
	_, err = s.cfg.Engagements.Edit(r.Context(), r.who, g.Number, r.PathValue("ref"), base, engagement.Edit{Kind: &kind, Ours: &ours, Owner: &owner, Due: &due, Answer: &answer})
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, &engagement.RequestContent{Kind: kind, Ours: ours, Owner: owner, Due: due, Answer: answer})
	}
	s.flash(w, "Saved. The earlier version stays in the request's history.")
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

func (s *Site) judgeRequest(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	base, err := formVersion(r)
	if err != nil {
		return err
	}
	theirs := engagement.Theirs(r.PostFormValue("theirs"))
	if _, err := s.cfg.Engagements.Edit(r.Context(), r.who, g.Number, r.PathValue("ref"), base, engagement.Edit{Theirs: &theirs}); err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, nil)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

func (s *Site) writeMessage(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	if _, err := s.cfg.Engagements.Write(r.Context(), r.who, g.Number, r.PathValue("ref"), r.PostFormValue("text")); err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, nil)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

// attachExhibit lets something that the engagement holds answer a request.
func (s *Site) attachExhibit(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	kind, subject, _ := strings.Cut(r.PostFormValue("exhibit"), " ")
	x, err := s.exhibitNamed(r, g, kind, subject)
	if err == nil {
		_, err = s.cfg.Engagements.Attach(r.Context(), r.who, g.Number, r.PathValue("ref"), x)
	}
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		bad.Field = "exhibit"
		return s.requestPage(w, r, http.StatusUnprocessableEntity, g, bad, nil)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", r.PathValue("ref")), http.StatusSeeOther)
	return nil
}

// exhibitNamed gives what a form chose: something that the engagement holds
// already, or evidence that a reviewer accepted.
func (s *Site) exhibitNamed(r *request, g engagement.Engagement, kind, subject string) (engagement.Exhibit, error) {
	if kind == "evidence" {
		number, version, err := engagement.ParseEvidence(subject)
		if err != nil {
			return engagement.Exhibit{}, err
		}
		all, err := s.cfg.Evidence.Get(r.Context(), r.who, number)
		if err != nil {
			return engagement.Exhibit{}, err
		}
		return engagement.EvidenceOf(all, version)
	}
	all, err := s.cfg.Engagements.Exhibits(r.Context(), r.who, g.Number)
	if err != nil {
		return engagement.Exhibit{}, err
	}
	i := slices.IndexFunc(all, func(x engagement.Exhibit) bool { return x.Kind == kind && x.Subject == subject })
	if i < 0 {
		return engagement.Exhibit{}, fault.New(fault.NotFound, "the engagement holds nothing of that kind").WithHint("choose something from the list")
	}
	return engagement.Exhibit{Kind: kind, Subject: subject, Title: all[i].Title}, nil
}

func (s *Site) askRequest(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	q, err := s.cfg.Engagements.Ask(r.Context(), r.who, g.Number, r.PostFormValue("ref"), engagement.RequestContent{Text: r.PostFormValue("text"), Due: strings.TrimSpace(r.PostFormValue("due")), Criteria: engagement.CriteriaIn(r.PostFormValue("text"))})
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.engagementRoom(w, r, http.StatusUnprocessableEntity, g, bad)
	}
	http.Redirect(w, r.Request, engagementPath(g.Number, "requests", q.Ref), http.StatusSeeOther)
	return nil
}
