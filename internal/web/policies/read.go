package policies

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/render/markdown"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// policyDiff answers: what does this version say otherwise than that one?
func (s *site) policyDiff(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	p, err := s.cfg.Policies.Get(r.Context(), r.Who, r.PathValue("slug"))
	if err != nil {
		return err
	}
	to, err := chosen(p, screen.OrElse(q.Get("to"), strconv.Itoa(len(p.Versions))))
	if err != nil {
		return err
	}
	from, err := chosen(p, screen.OrElse(q.Get("from"), strconv.Itoa(max(1, to.Version-1))))
	if err != nil {
		return err
	}
	path := "/policies/" + p.Slug
	v := ui.PolicyDiff{Crumbs: []ui.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Ref(), Href: path}, {Text: "what differs"}},
		Title: fmt.Sprintf("%s: from version %d to %d", to.Title, from.Version, to.Version), Note: "What is underlined is new, what is struck out is gone. " + screen.Sentence(to.Note)}
	for _, k := range p.Versions {
		if k.Version != to.Version {
			v.Choices = append(v.Choices, ui.Chip{Text: fmt.Sprintf("Version %d", k.Version), Href: fmt.Sprintf("%s/diff?from=%d&to=%d", path, k.Version, to.Version), Current: k.Version == from.Version})
		}
	}
	lines := policy.Diff(from.Text, to.Text)
	if !slices.ContainsFunc(lines, func(l policy.Line) bool { return l.Kind != "same" }) {
		v.Same = "Both texts are the same."
		if from.Digest != to.Digest {
			v.Same += " What differs is whom it asks, its questions, or how often it is read again."
		}
	}
	const near = 2 // lines around a change
	gap := false
	for i, l := range lines {
		close := slices.ContainsFunc(lines[max(0, i-near):min(len(lines), i+near+1)], func(l policy.Line) bool { return l.Kind != "same" })
		if !close {
			gap = true
			continue
		}
		if gap {
			v.Lines = append(v.Lines, ui.PolicyDiffLine{Kind: "gap", Pieces: []ui.PolicyPiece{{Text: "…"}}})
			gap = false
		}
		line := ui.PolicyDiffLine{Kind: l.Kind}
		for _, c := range l.Pieces {
			line.Pieces = append(line.Pieces, ui.PolicyPiece{Kind: c.Kind, Text: c.Text})
		}
		v.Lines = append(v.Lines, line)
	}
	return r.Render(w, http.StatusOK, ui.PolicyDiffPage(r.Shell(w, v.Title, "Comply", "Policies"), v))
}

// policyText gives a version's Markdown: its SHA-256 is the digest of the text.
func (s *site) policyText(w http.ResponseWriter, r *screen.Request) error {
	p, x, err := s.policyVersion(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", fmt.Sprintf("%s-v%d.md", p.Slug, x.Version)))
	_, err = w.Write([]byte(x.Text))
	return err
}

func (s *site) policyVersion(r *screen.Request) (*policy.Policy, *policy.Version, error) {
	p, err := s.cfg.Policies.Get(r.Context(), r.Who, r.PathValue("slug"))
	if err != nil {
		return nil, nil, err
	}
	x, err := chosen(p, r.URL.Query().Get("version"))
	return p, x, err
}

// policyPrint is a version as it goes on paper.
func (s *site) policyPrint(w http.ResponseWriter, r *screen.Request) error {
	p, x, err := s.policyVersion(r)
	if err != nil {
		return err
	}
	v := ui.PrintView{Title: x.Title, Back: ui.Link{Text: "Back to " + p.Ref(), Href: "/policies/" + p.Slug + "?version=" + strconv.Itoa(x.Version)},
		Facts: []ui.Fact{{Term: "Policy", Text: fmt.Sprintf("%s, version %d, %s", p.Ref(), x.Version, policyState(x.State))}, {Term: "Owner", Text: x.Owner}}}
	if v.Text, err = prose(x, 1, false); err != nil {
		return err
	}
	ids := []string{x.Made.By}
	for _, st := range p.Steps {
		ids = append(ids, st.Made.By)
	}
	names := r.Names(ids)
	v.Facts = append(v.Facts, ui.Fact{Term: "Written", Text: r.Words.Full(x.Made.At) + " by " + screen.Who(names, x.Made.By)})
	for _, st := range p.Steps {
		if st.Version == x.Version && (st.Step == "approved" || st.Step == "published" || st.Step == "reviewed") {
			v.Facts = append(v.Facts, ui.Fact{Term: screen.Capital(st.Step), Text: r.Words.Full(st.Made.At) + " by " + screen.Who(names, st.Made.By)})
		}
	}
	if due := p.ReviewDue(); x.State == policy.Published && !due.IsZero() {
		v.Facts = append(v.Facts, ui.Fact{Term: "Review due", Text: r.Words.Date(due)})
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "Digest", Text: x.Digest, Mono: true}, ui.Fact{Term: "Digest of the text", Text: x.TextDigest, Mono: true})
	return r.Render(w, http.StatusOK, ui.PolicyPrintPage(r.Shell(w, x.Title, "Comply", "Policies"), v))
}

// myPolicies answers: what do I have to read?
func (s *site) myPolicies(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Policies.Mine(r.Context(), r.Who)
	if err != nil {
		return err
	}
	open, late := 0, 0
	v := ui.ListView{Note: "Policies of the organisation that concern you. Read each, answer a few questions, and acknowledge it.",
		Table: ui.Table{Caption: "Policies that ask you, open ones first", Columns: []ui.Column{{Text: "Policy"}, {Text: "State"}, {Text: "Version", N: true}, {Text: "Answers given", N: true}}}}
	for _, t := range all {
		c := ui.Cell{Text: "to do by " + r.Words.Date(t.Due)}
		switch {
		case t.Done():
			c = ui.Cell{Text: "acknowledged on " + r.Words.Date(t.Acknowledged)}
			if t.Of != t.Version {
				c.Meta = fmt.Sprintf("version %d; what changed since is editorial", t.Of)
			}
		case t.Late:
			open++
			late++
			c = ui.Cell{Text: "late since " + r.Words.Date(t.Due), Bad: true}
		default:
			open++
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: t.Title, Href: "/my/policies/" + t.Slug}, Cells: []ui.Cell{c, {Text: strconv.Itoa(t.Version), N: true}, {Text: strconv.Itoa(t.Tries), N: true}}})
	}
	v.Table.Pager.Text = ui.Many(len(all), "policy", "policies")
	switch {
	case len(all) == 0:
		v.Title = "No policy asks you"
		v.Empty = &ui.Empty{Title: "There is nothing to read yet", Text: "When a policy that concerns you is published, it stands here with the day by which you should have read it."}
	case open == 0:
		v.Title = "You have acknowledged all of your policies"
	default:
		v.Title = ui.Many(open, "policy waits for you", "policies wait for you")
		if late > 0 {
			v.Title += fmt.Sprintf(", %d of them late", late)
		}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "My policies", "My work", "My policies"), v))
}

// paper is a policy that somebody reads and acknowledges.
func (s *site) paper(w http.ResponseWriter, r *screen.Request) error {
	return s.showPaper(w, r, nil, "")
}

func (s *site) showPaper(w http.ResponseWriter, r *screen.Request, a *policy.Answered, problem string) error {
	p, err := s.cfg.Policies.Paper(r.Context(), r.Who, r.PathValue("slug"))
	if err != nil {
		return err
	}
	v := ui.PaperView{Crumbs: []ui.Link{{Text: "My policies", Href: "/my/policies"}, {Text: p.Title}}, Title: p.Title, Digest: p.Digest, Problem: problem,
		Line: []string{fmt.Sprintf("version %d, holds since %s", p.Version, r.Words.Date(p.From)), "kept by the " + p.Owner}}
	html, err := markdown.HTML(firstHeading.ReplaceAllString(p.Text, ""), 2)
	if err != nil {
		return err
	}
	v.Text = ui.Prose(html)
	if p.Version > 1 && p.Note != "" {
		v.Note = "What changed: " + screen.Sentence(p.Note)
	}
	switch {
	case p.Done():
		v.Done = fmt.Sprintf("You acknowledged version %d on %s.", p.Of, r.Words.Date(p.Acknowledged))
	case p.Late:
		v.Bad = "to be acknowledged since " + r.Words.Date(p.Due)
	default:
		v.Line = append(v.Line, "to be acknowledged by "+r.Words.Date(p.Due))
	}
	if !p.Done() {
		v.Action = "/my/policies/" + p.Slug
		for i, q := range p.Asks {
			x := ui.PaperQuestion{Name: fmt.Sprintf("answer%d", i+1), Ask: q.Ask}
			for n, text := range q.Answers {
				x.Answers = append(x.Answers, ui.Option{Value: strconv.Itoa(n + 1), Text: text, Selected: r.PostForm.Get(x.Name) == strconv.Itoa(n+1)})
			}
			if a != nil {
				x.Right = true
				for _, wrong := range a.Wrong {
					if wrong.Question == i+1 {
						x.Wrong, x.Right = "Not quite. "+screen.Sentence(wrong.Why), false
					}
				}
			}
			v.Questions = append(v.Questions, x)
		}
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	sh := r.Shell(w, p.Title, "My work", "My policies")
	return r.Render(w, status, ui.PaperPage(sh, v))
}

// acknowledgePolicy takes answers, and the acknowledgement where all are right.
func (s *site) acknowledgePolicy(w http.ResponseWriter, r *screen.Request) error {
	slug := r.PathValue("slug")
	p, err := s.cfg.Policies.Paper(r.Context(), r.Who, slug)
	if err != nil {
		return err
	}
	answers := []int{}
	for i, q := range p.Asks {
		text := r.PostForm.Get(fmt.Sprintf("answer%d", i+1))
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(q.Answers) {
			return s.showPaper(w, r, nil, "Some questions are not answered yet. Nothing was recorded.")
		}
		answers = append(answers, n)
	}
	a, err := s.cfg.Policies.Acknowledge(r.Context(), r.Who, slug, r.PostForm.Get("digest"), answers)
	switch {
	case fault.Is(err, fault.Conflict):
		message, _ := fault.Public(err)
		return s.showPaper(w, r, nil, screen.Sentence(message)+" What stands below is the newest version.")
	case err != nil:
		return err
	case !a.Acknowledged:
		return s.showPaper(w, r, &a, fmt.Sprintf("%s was answered wrong. Each is explained; read the part again and try once more.", ui.Many(len(a.Wrong), "question", "questions")))
	}
	return r.Done(w, "You acknowledged "+strings.TrimSuffix(p.Title, ".")+". That is an entry in the ledger.", "/my/policies")
}
