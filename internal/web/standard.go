package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *Site) approvalWords(ctx context.Context, r *request, st standard.Standard) string {
	if !st.Approved {
		return "not approved yet"
	}
	text := "approved " + r.words.at(st.ApprovedAt).Text
	if by := s.names(ctx, []string{st.ApprovedBy})[st.ApprovedBy]; by != "" {
		text += " by " + by
	}
	return text
}

// standards answers: by what are the hosts judged, and who approved it?
func (s *Site) standards(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	list, err := s.cfg.Standards.List(ctx)
	if err != nil {
		return err
	}
	v := ui.StandardsView{Title: "Standards", Note: "What ships is a draft until a named person approves it; until then results are marked draft. Every version that was ever in force is kept."}
	inForce, drafts := 0, 0
	for _, st := range list {
		row := ui.StandardRow{Link: ui.Link{Text: st.Title, Href: "/standards/" + st.ID}, ID: st.Pack, Version: st.Version, Checks: st.Checks,
			Approved: s.approvalWords(ctx, r, st), State: "superseded"}
		if st.InForce {
			row.State, inForce = "in force", inForce+1
			if !st.Approved {
				row.State, row.Draft, drafts = "in force", true, drafts+1
			}
		}
		v.Rows = append(v.Rows, row)
	}
	if inForce > 0 {
		v.Title = many(inForce, "standard is in force", "standards are in force")
		switch {
		case drafts == inForce && drafts == 1:
			v.Title += ", as a draft that nobody has approved"
		case drafts > 0:
			v.Title += fmt.Sprintf(", %d as a draft", drafts)
		}
	}
	if len(list) == 0 {
		v.Empty = &ui.Empty{Title: "No standard is installed yet", Text: "A standard says how a host should be set up, check by check, with what to do where it is not.",
			Criteria: []ui.Link{{Text: "CC7.1", Href: "/criteria/CC7.1"}}, Until: "Without one nothing is judged, and the criteria that rest on it show insufficient evidence."}
	}
	sh := s.shell(w, r, "Standards", "Operate", "Standards")
	return s.render(w, r, http.StatusOK, ui.Standards(sh, v))
}

func tiers() []struct{ id, means string } {
	return []struct{ id, means string }{
		{"essential", "start here: what an attacker uses first"},
		{"recommended", "what a well-kept server has"},
		{"thorough", "for those who want to be exact"},
	}
}

// standard shows one version: its checks with their status, and its approval.
func (s *Site) standard(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	st, err := s.cfg.Standards.Get(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := ui.StandardView{List: ui.Link{Text: "Standards", Href: "/standards"}, ID: st.Pack, Title: st.Title, Version: st.Version, Digest: st.Digest,
		Draft: !st.Approved, Approved: s.approvalWords(ctx, r, st), All: st.Checks, State: "superseded by a newer version", Undo: "/standards/" + st.ID}
	v.Facts = []ui.Fact{
		{Term: "Pack", Text: st.Pack, Mono: true},
		{Term: "Version", Text: st.Version},
		{Term: "Attributes", Text: ui.Number(st.Attributes)},
		{Term: "Installed", Text: r.words.full(st.InstalledAt)},
		{Term: "Digest", Text: st.Digest, Mono: true},
	}
	if v.History, err = s.history(r, st.ID, 12); err != nil {
		return err
	}
	if st.InForce {
		v.State = "in force"
		if err := s.standardChecks(r, st, &v); err != nil {
			return err
		}
	} else {
		v.Means = "A newer version is in force; this one is kept because past results rest on it."
	}
	if v.Draft && st.InForce {
		v.Means = "This version judges already, and its results are marked draft. Approving says that it is your organisation's own standard; who approved which version, and when, becomes an entry in the ledger. Read the checks first: each shows what it expects and what to do."
		if access.May(r.who.Role, access.StandardApprove) {
			v.Approve = "/standards/" + st.ID + "/approve"
		}
	}
	_ = q
	sh := s.shell(w, r, st.Title, "Operate", "Standards")
	return s.render(w, r, http.StatusOK, ui.Standard(sh, v))
}

// standardChecks adds the checks of a standard in force, by tier.
func (s *Site) standardChecks(r *request, st standard.Standard, v *ui.StandardView) error {
	ctx, q := r.Context(), r.URL.Query()
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return err
	}
	want := posture.Status(q.Get("status"))
	by := map[posture.Status]int{}
	group := map[string]*ui.CheckGroup{}
	var groups []*ui.CheckGroup
	for _, t := range tiers() {
		g := &ui.CheckGroup{Tier: t.id, Means: t.means}
		group[t.id] = g
		groups = append(groups, g)
	}
	heads, err := s.cfg.Posture.Checks(ctx, posture.Now())
	if err != nil {
		return err
	}
	head := map[string]posture.Check{}
	for _, c := range heads {
		head[c.ID] = c
	}
	all := 0
	for _, c := range set.Checks {
		if c.Standard.ID != st.ID {
			continue
		}
		all++
		h := head[c.ID]
		by[h.Status]++
		if want != "" && h.Status != want {
			continue
		}
		g := group[c.Tier]
		if g == nil {
			g = &ui.CheckGroup{Tier: c.Tier}
			group[c.Tier], groups = g, append(groups, g)
		}
		v.Shown++
		g.Rows = append(g.Rows, ui.CheckRow{Check: ui.Link{Text: c.Title, Href: "/checks/" + c.ID}, Title: shortCheck(c.ID), Tier: c.Tier,
			Severity: ui.Severity(c.Severity), Counts: counts(h.Counts), Status: ui.Status(h.Status), Draft: h.Draft, FailHref: "/checks/" + c.ID})
	}
	v.All = all
	for _, g := range groups {
		if len(g.Rows) > 0 {
			v.Groups = append(v.Groups, *g)
		}
	}
	path := "/standards/" + st.ID
	v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("All %d", all), Href: path, Current: want == ""})
	for _, status := range ui.Statuses() {
		if n := by[posture.Status(status)]; n > 0 {
			v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d %s", n, status.Words()), Cell: status.Cell(), Current: want == posture.Status(status),
				Href: with(q, path, "status", string(status))})
		}
	}
	return nil
}

// approve makes a draft the organisation's own. The form says which content
// the reader saw: a version that changed meanwhile is not approved.
func (s *Site) approve(w http.ResponseWriter, r *request) error {
	ctx, id := r.Context(), r.PathValue("id")
	st, err := s.cfg.Standards.Get(ctx, id)
	if err != nil {
		return err
	}
	if seen := r.PostFormValue("digest"); seen != st.Digest {
		return fault.New(fault.Conflict, "the standard is not the one that was shown").WithHint("read it again and approve what you read")
	}
	if err := s.cfg.Standards.Approve(ctx, r.who, id); err != nil {
		return err
	}
	s.flash(w, st.Title+" "+st.Version+" is approved. The approval is an entry in the ledger.")
	http.Redirect(w, r.Request, "/standards/"+id, http.StatusSeeOther)
	return nil
}
