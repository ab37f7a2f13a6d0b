package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/pack"
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
	ctx, q := r.Context(), r.URL.Query()
	list, err := s.cfg.Standards.List(ctx)
	if err != nil {
		return err
	}
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return err
	}
	v := ui.StandardsView{Title: "Standards", Note: "What ships is a draft until a named person approves it; until then results are marked draft. Every version that was ever in force is kept."}
	states := []struct{ id, words string }{{"", "All"}, {"draft", "draft"}, {"approved", "approved"}, {"superseded", "superseded"}}
	want, err := standardState(q)
	if err != nil {
		return err
	}
	by := map[string]int{}
	for _, st := range list {
		row := ui.StandardRow{Link: ui.Link{Text: st.Title, Href: "/standards/" + st.ID}, ID: st.Pack, Version: st.Version, Checks: st.Checks,
			Approved: s.approvalWords(ctx, r, st), State: "superseded", Draft: st.InForce && !st.Approved}
		state := stateOfStandard(st)
		if st.InForce {
			row.State, row.Findings, row.Tailored = "in force", tiersUpTo(st.Tier), len(set.Tailored(st.Pack))
		}
		by[state]++
		if want == "" || want == state {
			v.Rows = append(v.Rows, row)
		}
	}
	for _, o := range states {
		n, words := by[o.id], o.words
		if o.id == "" {
			n = len(list)
			words = ""
		}
		if n > 0 {
			v.Chips = append(v.Chips, ui.Chip{Text: strings.TrimSpace(fmt.Sprintf("%d %s", n, words)), Href: with(q, "/standards", "state", o.id), Current: want == o.id})
		}
	}
	if len(v.Chips) > 0 {
		v.Chips[0].Text = "All " + v.Chips[0].Text
	}
	if len(v.Rows) == 0 && len(list) > 0 {
		v.None = "No standard matches this filter; " + many(len(list), "does", "do") + " without it."
	}
	inForce, drafts := by["draft"]+by["approved"], by["draft"]
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
			Criteria: []ui.Link{{Text: "CC7.1", Href: "/criteria/CC7.1"}}, Until: "Without one nothing is judged, and the criteria that rest on it show insufficient evidence.",
			Command: "attesta standards install DIRECTORY"}
	}
	sh := s.shell(w, r, "Standards", "Operate", "Standards")
	return s.render(w, r, http.StatusOK, ui.Standards(sh, v))
}

// standardState reads which standards the list shows.
func standardState(q url.Values) (string, error) {
	want := q.Get("state")
	if want != "" && !slices.Contains([]string{"draft", "approved", "superseded"}, want) {
		return "", fault.New(fault.Invalid, "there is no state %q", want).At("", 0, "state").WithHint("draft, approved or superseded")
	}
	return want, nil
}

func stateOfStandard(st standard.Standard) string {
	switch {
	case !st.InForce:
		return "superseded"
	case !st.Approved:
		return "draft"
	}
	return "approved"
}

// checksShown gives the checks of the standard of the address that its filter
// shows, by tier and severity.
func (s *Site) checksShown(ctx context.Context, r *request) ([]checkInStandard, error) {
	st, err := s.cfg.Standards.Get(ctx, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	want, tier, err := checksFilter(r.URL.Query())
	if err != nil || !st.InForce {
		return nil, err
	}
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return nil, err
	}
	heads, err := s.cfg.Posture.Checks(ctx, posture.Now())
	if err != nil {
		return nil, err
	}
	head := map[string]posture.Check{}
	for _, c := range heads {
		head[c.ID] = c
	}
	var out []checkInStandard
	for _, c := range set.Checks {
		h := head[c.ID]
		if c.Standard.ID == st.ID && (tier == "" || c.Tier == tier) && (want == "" || h.Status == want) {
			out = append(out, checkInStandard{c, h})
		}
	}
	slices.SortStableFunc(out, func(a, b checkInStandard) int {
		if d := pack.TierRank(a.Tier) - pack.TierRank(b.Tier); d != 0 {
			return d
		}
		return severityRank(ui.Severity(a.Severity)) - severityRank(ui.Severity(b.Severity))
	})
	return out, nil
}

// checksFilter reads which checks of a standard are shown.
func checksFilter(q url.Values) (want posture.Status, tier string, err error) {
	want, tier = posture.Status(q.Get("status")), q.Get("tier")
	if tier != "" && !slices.Contains(pack.Tiers(), tier) {
		return want, tier, fault.New(fault.Invalid, "there is no tier %q", tier).At("", 0, "tier").WithHint("the tiers are %s", strings.Join(pack.Tiers(), ", "))
	}
	if want != "" && !slices.Contains(ui.Statuses(), ui.Status(want)) {
		return want, tier, fault.New(fault.Invalid, "there is no status %q", want).At("", 0, "status")
	}
	return want, tier, nil
}

// tiersUpTo names the tiers that are switched on.
func tiersUpTo(tier string) string {
	var on []string
	for _, t := range pack.Tiers() {
		if pack.TierRank(t) <= pack.TierRank(tier) {
			on = append(on, t)
		}
	}
	return strings.Join(on, ", ")
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
	return s.showStandard(w, r, http.StatusOK, "", nil)
}

// showStandard shows it, with a form that could not be taken: "approve" or "tier".
func (s *Site) showStandard(w http.ResponseWriter, r *request, status int, form string, bad *refusedForm) error {
	ctx := r.Context()
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
		{Term: "Installed", Text: r.words.full(st.InstalledAt) + s.byWords(ctx, st.InstalledBy)},
		{Term: "Digest", Text: st.Digest, Mono: true},
	}
	if st.Base != st.Digest {
		v.Facts = append(v.Facts, ui.Fact{Term: "As installed", Text: st.Base, Mono: true})
	}
	if st.Compensation != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Approved alone", Text: st.Compensation})
	}
	if v.History, err = s.history(r, st.ID, 12); err != nil {
		return err
	}
	if st.InForce {
		v.State = "in force"
		if err := s.standardChecks(r, st, &v); err != nil {
			return err
		}
		if bad != nil && form == "tier" {
			v.Switch.Problem, v.Switch.Field, v.Switch.Now, v.Switch.Reason = bad.problem, bad.field, r.PostFormValue("tier"), r.PostFormValue("reason")
		}
		if err := s.standardTailored(r, st, &v); err != nil {
			return err
		}
	} else {
		v.Means, v.Draft = "A newer version is in force; this one is kept because past results rest on it.", false
	}
	if err := s.standardVersions(r, st, &v); err != nil {
		return err
	}
	if v.Draft && st.InForce {
		v.Means = "This version judges already, and its results are marked draft. Approving says that it is your organisation's own standard; who approved which version, and when, becomes an entry in the ledger. Read the checks first: each shows what it expects and what to do."
		if access.May(r.who.Role, access.StandardApprove) {
			v.Approval.Action = "/standards/" + st.ID + "/approve"
			own, alone, err := s.cfg.Standards.Author(ctx, st, r.who)
			if err != nil {
				return err
			}
			v.Approval.Alone = own && alone
			if own && !alone {
				v.Approval.Action = ""
				v.Means += " You brought this draft in or tailored it, so another person approves it."
			}
			if bad != nil && form == "approve" {
				v.Approval.Alone, v.Approval.Problem, v.Approval.Compensation = true, bad.problem, r.PostFormValue("compensation")
			}
		}
	}
	sh := s.shell(w, r, st.Title, "Operate", "Standards")
	return s.render(w, r, status, ui.Standard(sh, v))
}

// byWords gives " by Maeve Doyle", or nothing for the program itself.
func (s *Site) byWords(ctx context.Context, user string) string {
	if name := s.names(ctx, []string{user})[user]; name != "" {
		return " by " + name
	}
	return ""
}

// standardTailored adds what differs from what was installed.
func (s *Site) standardTailored(r *request, st standard.Standard, v *ui.StandardView) error {
	ctx := r.Context()
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return err
	}
	loaded, err := s.cfg.Standards.Pack(ctx, st.ID)
	if err != nil {
		return err
	}
	for _, t := range set.Tailored(st.Pack) {
		v.Tailored = append(v.Tailored, s.tailoredRow(r, loaded, t))
	}
	v.Against = ui.Link{Text: "Field by field, against what was installed", Href: "/standards/" + st.ID + "/diff?from=installed"}
	for _, u := range loaded.Untranslated {
		v.Foreign = append(v.Foreign, ui.ForeignRow{ID: u.ID, Title: u.Title, Reason: sentence(u.Reason), Rules: u.Rules})
	}
	return nil
}

func (s *Site) tailoredRow(r *request, declared *pack.Pack, t standard.Tailoring) ui.TailoredRow {
	row := ui.TailoredRow{Check: ui.Link{Text: t.Check, Href: "/checks/" + t.Check}, Reason: t.Reason, At: r.words.at(t.MadeAt),
		By: s.names(r.Context(), []string{t.MadeBy})[t.MadeBy], Tailor: ui.Link{Text: "Change or take back", Href: "/checks/" + t.Check + "/tailor"}}
	if row.By == "" {
		row.By = "the command line"
	}
	c, ok := declared.Check(t.Check)
	if ok {
		row.Check.Text = c.Title
	}
	row.Changes = tailoringWords(c, t)
	return row
}

// tailoringWords says what a tailoring changes of a check as declared; c may be
// nil.
func tailoringWords(c *pack.Check, t standard.Tailoring) []string {
	var out []string
	if t.Exclude {
		out = append(out, "left out: not judged")
	}
	if t.Severity != "" {
		was := ""
		if c != nil {
			was = c.Severity + " → "
		}
		out = append(out, "severity "+was+t.Severity)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		was, title := "", name
		if c != nil {
			if at := slices.IndexFunc(c.Parameters, func(p pack.Parameter) bool { return p.Name == name }); at >= 0 {
				was, title = oneLine(c.Parameters[at].Default)+" → ", c.Parameters[at].Title
			}
		}
		out = append(out, title+": "+was+oneLine(t.Parameters[name]))
	}
	if len(out) == 0 {
		out = append(out, "as declared: the tailoring before was taken back")
	}
	return out
}

func oneLine(v any) string {
	if text := strings.ReplaceAll(standard.ParameterText(v), "\n", ", "); text != "" {
		return text
	}
	return "none"
}

// standardVersions adds the other installed versions of the pack.
func (s *Site) standardVersions(r *request, st standard.Standard, v *ui.StandardView) error {
	list, err := s.cfg.Standards.List(r.Context())
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Pack != st.Pack || o.ID == st.ID {
			continue
		}
		state := "superseded, installed " + r.words.day(o.InstalledAt)
		if o.InForce {
			state = "in force since " + r.words.day(o.InstalledAt)
		}
		v.Versions = append(v.Versions, ui.StandardVersionRow{Link: ui.Link{Text: o.Version, Href: "/standards/" + o.ID}, State: state,
			Diff: ui.Link{Text: "what differs", Href: "/standards/" + st.ID + "/diff?from=" + o.ID}})
	}
	return nil
}

// standardChecks adds the checks of a standard in force, by tier.
func (s *Site) standardChecks(r *request, st standard.Standard, v *ui.StandardView) error {
	ctx, q := r.Context(), r.URL.Query()
	set, err := s.cfg.Standards.InForce(ctx, nil)
	if err != nil {
		return err
	}
	want, tier, err := checksFilter(q)
	if err != nil {
		return err
	}
	choice := map[string]*ui.TierChoice{}
	by := map[posture.Status]int{}
	group := map[string]*ui.CheckGroup{}
	var groups []*ui.CheckGroup
	for _, t := range tiers() {
		g := &ui.CheckGroup{Tier: t.id, Means: t.means, Off: pack.TierRank(t.id) > pack.TierRank(st.Tier)}
		choice[t.id] = &ui.TierChoice{Tier: t.id, Means: t.means, On: !g.Off}
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
	all, inTier, byTier := 0, 0, map[string]int{}
	for _, c := range set.Checks {
		if c.Standard.ID != st.ID {
			continue
		}
		all++
		h := head[c.ID]
		if o := choice[c.Tier]; o != nil {
			o.Checks++
			o.Fails += h.Counts.Fail
		}
		if want == "" || h.Status == want {
			byTier[c.Tier]++
		}
		if tier != "" && c.Tier != tier {
			continue
		}
		by[h.Status]++
		inTier++
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
			Severity: ui.Severity(c.Severity), Counts: counts(h.Counts), Status: ui.Status(h.Status), Draft: h.Draft, FailHref: "/checks/" + c.ID,
			Tailored: c.Tailored != nil})
	}
	v.All = all
	left := 0
	for _, t := range set.Excluded {
		if strings.HasPrefix(t.Check, st.Pack+"/") {
			left++
		}
	}
	if left > 0 {
		v.Left = ui.Number(left) + " left out"
	}
	for _, g := range groups {
		if len(g.Rows) > 0 {
			sort.SliceStable(g.Rows, func(i, j int) bool { return severityRank(g.Rows[i].Severity) < severityRank(g.Rows[j].Severity) })
			v.Groups = append(v.Groups, *g)
		}
	}
	path := "/standards/" + st.ID
	v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("All %d", inTier), Href: with(q, path, "status", ""), Current: want == ""})
	for _, status := range ui.Statuses() {
		if n := by[posture.Status(status)]; n > 0 {
			v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d %s", n, status.Words()), Cell: status.Cell(), Current: want == posture.Status(status),
				Href: with(q, path, "status", string(status))})
		}
	}
	v.Tiers = append(v.Tiers, ui.Chip{Text: "Every tier", Href: with(q, path, "tier", ""), Current: tier == ""})
	v.Switch = ui.TierForm{Now: st.Tier}
	if access.May(r.who.Role, access.StandardTailor) {
		v.Switch.Action = path + "/tier"
	}
	for _, t := range tiers() {
		if n := byTier[t.id]; n > 0 || tier == t.id {
			v.Tiers = append(v.Tiers, ui.Chip{Text: fmt.Sprintf("%d %s", n, t.id), Href: with(q, path, "tier", t.id), Current: tier == t.id})
		}
		v.Switch.Tiers = append(v.Switch.Tiers, *choice[t.id])
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
	if err := s.cfg.Standards.Approve(ctx, r.who, id, r.PostFormValue("compensation")); err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		return s.showStandard(w, r, http.StatusUnprocessableEntity, "approve", bad)
	}
	s.flash(w, st.Title+" "+st.Version+" is approved. The approval is an entry in the ledger.")
	http.Redirect(w, r.Request, "/standards/"+id, http.StatusSeeOther)
	return nil
}

// switchTier says up to which tier failing items open findings.
func (s *Site) switchTier(w http.ResponseWriter, r *request) error {
	ctx, id := r.Context(), r.PathValue("id")
	st, err := s.cfg.Standards.Get(ctx, id)
	if err != nil {
		return err
	}
	if !st.InForce {
		return fault.New(fault.Conflict, "%s %s is superseded: a newer version is in force", st.Pack, st.Version)
	}
	if err := s.cfg.Standards.SetTier(ctx, r.who, st.Pack, r.PostFormValue("tier"), r.PostFormValue("reason")); err != nil {
		bad, other := refused(err, 0)
		if other != nil {
			return err
		}
		return s.showStandard(w, r, http.StatusUnprocessableEntity, "tier", bad)
	}
	s.flash(w, "Findings are opened for "+tiersUpTo(r.PostFormValue("tier"))+". The change is an entry in the ledger.")
	http.Redirect(w, r.Request, "/standards/"+id, http.StatusSeeOther)
	return nil
}
