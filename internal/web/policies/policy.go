package policies

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/render/markdown"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// policies answers: which rules do we have, do they hold, and has everybody
// read them?
func (s *site) policies(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	shown, all, err := s.policyRows(r)
	if err != nil {
		return err
	}
	by := map[policy.State]int{}
	late, over := 0, 0
	for _, x := range all {
		by[x.State]++
		if x.Late > 0 {
			late++
		}
		if x.Overdue {
			over++
		}
	}
	state, due := q.Get("state"), q.Get("due")
	reset := func(pairs ...string) string { return screen.With(q, "/policies", append(pairs, "after", "")...) }
	states := []ui.Chip{{Text: fmt.Sprintf("All %d", len(all)), Href: reset("state", ""), Current: state == ""}}
	for _, st := range policy.States() {
		states = append(states, ui.Chip{Text: fmt.Sprintf("%s %d", screen.Capital(policyState(st)), by[st]), Href: reset("state", string(st)), Current: state == string(st)})
	}
	dues := []ui.Chip{{Text: "Whatever is due", Href: reset("due", ""), Current: due == ""},
		{Text: fmt.Sprintf("Review overdue %d", over), Href: reset("due", "review"), Current: due == "review"},
		{Text: fmt.Sprintf("Acknowledgements late %d", late), Href: reset("due", "acknowledgements"), Current: due == "acknowledgements"}}
	v := ui.ListView{Title: policiesTitle(by, over, late), Note: "A policy says who does what, by when, and what shows it. It holds once somebody else approved it and it is published; then the people it concerns read and acknowledge it.",
		Labels: []string{"State", "Due"}, Chips: [][]ui.Chip{states, dues}, Undo: "/policies",
		Search: ui.SearchBox{Path: "/policies", Value: q.Get("q"), Label: "Title, owner, number", Hidden: slices.Concat(screen.Hidden("state", state), screen.Hidden("due", due))},
		None:   fmt.Sprintf("No policy matches. %s without these filters.", ui.Many(len(all), "policy", "policies"))}
	if access.May(r.Who.Role, access.PolicyEdit) {
		v.Action = ui.Link{Text: "Add a policy", Href: "/policies/new"}
	}
	if len(all) == 0 {
		v.Title = "There are no policies yet"
		v.Empty = &ui.Empty{Title: "Begin from a template", Text: fmt.Sprintf("%d templates are here, each a page or two: you fill in a few numbers and names, somebody else approves it, and everybody it concerns reads and acknowledges it. Each statement names the controls and checks that show it is done. Information security and access control are good ones to begin with.", len(s.cfg.Policies.Book().Templates)),
			Criteria: []ui.Link{{Text: "CC5.3", Href: "/criteria/CC5.3"}, {Text: "CC2.2", Href: "/criteria/CC2.2"}}, Until: "Until then nothing says in writing what people here are expected to do."}
		if access.May(r.Who.Role, access.PolicyEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Choose a template", Href: "/policies/new"}}
		}
	}
	v.Table = ui.Table{Caption: "Policies, by title", Columns: []ui.Column{{Text: "Policy"}, {Text: "State"}, {Text: "Owner"}, {Text: "Version", N: true}, {Text: "Review due"}, {Text: "Acknowledged"}}}
	total, next := len(shown), ""
	if after := q.Get("after"); after != "" {
		at := slices.IndexFunc(shown, func(x policy.Row) bool { return strings.ToLower(x.Title)+"\x00"+x.Slug > after })
		if at < 0 {
			at = len(shown)
		}
		shown = shown[at:]
	}
	if len(shown) > screen.PageSize {
		shown = shown[:screen.PageSize]
		last := shown[screen.PageSize-1]
		next = strings.ToLower(last.Title) + "\x00" + last.Slug
	}
	for _, x := range shown {
		row := ui.TableRow{Head: ui.Link{Text: x.Title, Href: "/policies/" + x.Slug}, Meta: x.Ref}
		state := ui.Cell{Text: policyState(x.State)}
		if x.Waiting > 0 && x.State == policy.Published {
			state.Meta = fmt.Sprintf("version %d waits for approval", x.Waiting)
		}
		review := ui.Cell{Text: "not published", Muted: true}
		if !x.Due.IsZero() {
			review = ui.Cell{Text: r.Words.Date(x.Due), Bad: x.Overdue}
			if x.Overdue {
				review.Meta = "overdue"
			}
		}
		read := ui.Cell{Text: "nobody is asked", Muted: true}
		if x.State == policy.Published {
			read = ui.Cell{Links: []ui.Link{{Text: fmt.Sprintf("%d of %d", x.Acknowledged, x.Asked), Href: "/policies/" + x.Slug + "#h-people"}}}
			if x.Late > 0 {
				read.Bad, read.Meta = true, ui.Many(x.Late, "person is late", "people are late")
			}
		}
		row.Cells = []ui.Cell{state, {Text: x.Owner}, {Text: strconv.Itoa(x.Version), N: true}, review, read}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = screen.Pager(len(shown), int64(total), q, "/policies", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Policies", "Comply", "Policies"), v))
}

// policyRows gives the policies that an address asks for, and all of them.
func (s *site) policyRows(r *screen.Request) (shown, all []policy.Row, err error) {
	q := r.URL.Query()
	state, due, text := policy.State(q.Get("state")), q.Get("due"), strings.ToLower(q.Get("q"))
	if state != "" && !slices.Contains(policy.States(), state) {
		return nil, nil, fault.New(fault.Invalid, "%q is no state of a policy", string(state)).WithHint("draft, submitted, approved, published or retired")
	}
	if due != "" && due != "review" && due != "acknowledgements" {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that can be due", due).WithHint("review or acknowledgements")
	}
	if all, err = s.cfg.Policies.List(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		if (state == "" || x.State == state) && (due == "" || due == "review" && x.Overdue || due == "acknowledgements" && x.Late > 0) &&
			(text == "" || strings.Contains(strings.ToLower(x.Title+"\n"+x.Owner+"\n"+x.Ref), text)) {
			shown = append(shown, x)
		}
	}
	return shown, all, nil
}

func policiesTitle(by map[policy.State]int, over, late int) string {
	title := ui.Many(by[policy.Published], "policy is published", "policies are published")
	if n := by[policy.Draft] + by[policy.Submitted] + by[policy.Approved]; n > 0 {
		title += fmt.Sprintf(", %d not yet", n)
	}
	if over > 0 {
		title += "; " + ui.Many(over, "review is overdue", "reviews are overdue")
	}
	if late > 0 {
		title += "; acknowledgements of " + strconv.Itoa(late) + " are late"
	}
	return title
}

func policyState(st policy.State) string {
	if st == policy.Submitted {
		return "waits for approval"
	}
	return string(st)
}

// chosen gives the version that an address asks for: the published one, else
// the newest, unless it names one.
func chosen(p *policy.Policy, asked string) (*policy.Version, error) {
	if asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1 || n > len(p.Versions) {
			return nil, fault.New(fault.NotFound, "%s has no version %s", p.Ref(), asked)
		}
		return &p.Versions[n-1], nil
	}
	if v := p.Published(); v != nil {
		return v, nil
	}
	return p.Newest(), nil
}

var firstHeading = regexp.MustCompile(`^\s*# [^\n]*\n`)

// prose renders a policy's text below a page's own title, its first headings at
// level top. linked also says at each statement what shows it.
func prose(v *policy.Version, top int, linked bool) (ui.Prose, error) {
	text := firstHeading.ReplaceAllString(v.Text, "")
	if linked {
		text = linkProofs(text)
	}
	html, err := markdown.HTML(policy.Reading(text), top)
	return ui.Prose(html), err
}

// linkProofs writes what shows a statement as links behind it.
func linkProofs(text string) string {
	proofs, err := policy.Proofs(text)
	if err != nil {
		return text // an older text than the rule: it is shown as it stands
	}
	lines := strings.Split(text, "\n")
	for _, p := range proofs {
		var links []string
		for _, c := range p.Controls {
			links = append(links, "["+c+"](/controls/library/"+c+")")
		}
		for _, c := range p.Checks {
			links = append(links, "["+c+"](/checks/"+c+")")
		}
		lines[p.Line-1] = policy.Reading(lines[p.Line-1]) + " *Shown by " + strings.Join(links, ", ") + ".*"
	}
	return strings.Join(lines, "\n")
}

// policy shows one policy: its text, what shows that it is done, who has read it.
func (s *site) policy(w http.ResponseWriter, r *screen.Request) error {
	return s.showPolicy(w, r, nil, "")
}

func (s *site) showPolicy(w http.ResponseWriter, r *screen.Request, t *screen.Typed, form string) error {
	ctx := r.Context()
	p, err := s.cfg.Policies.Get(ctx, r.Who, r.PathValue("slug"))
	if err != nil {
		return err
	}
	x, err := chosen(p, r.URL.Query().Get("version"))
	if err != nil {
		return err
	}
	path := "/policies/" + p.Slug
	version := strconv.Itoa(x.Version)
	v := ui.PolicyView{Crumbs: []ui.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Ref()}}, Title: x.Title, State: policyState(p.State()), Zone: "times in " + r.Words.Zone.String(),
		Line: []string{"owner: " + x.Owner}, TextOf: fmt.Sprintf("version %d, %s", x.Version, policyState(x.State))}
	if v.Text, err = prose(x, 2, true); err != nil {
		return err
	}
	due := p.ReviewDue()
	if !due.IsZero() && r.Now.After(due) {
		v.Bad = "its yearly review was due on " + r.Words.Date(due)
	} else if !due.IsZero() {
		v.Line = append(v.Line, "review due on "+r.Words.Date(due))
	}
	if held := p.Published(); held != nil && held.Version != x.Version {
		v.Notice = fmt.Sprintf("You are looking at version %d, %s. Version %d is the one that holds.", x.Version, policyState(x.State), held.Version)
	} else if held == nil && p.State() != policy.Retired {
		v.Notice = "This policy is not published: nobody is bound by it yet, and nobody is asked to read it."
	}
	v.Links = []ui.Link{{Text: "Print or PDF", Href: path + "/print?version=" + version}, {Text: "Markdown", Href: path + "/text?version=" + version}}
	if access.May(r.Who.Role, access.PolicyEdit) && p.Newest().State != policy.Submitted {
		v.Links = append([]ui.Link{{Text: "Write a new version", Href: path + "/edit"}}, v.Links...)
	}
	var ids []string
	for _, k := range p.Versions {
		ids = append(ids, k.Made.By)
	}
	for _, k := range p.Steps {
		ids = append(ids, k.Made.By)
	}
	names := r.Names(slices.Compact(slices.Sorted(slices.Values(ids))))
	if v.Proofs, err = s.policyProofs(r, x); err != nil {
		return err
	}
	if err := s.policyPeople(r, p, &v); err != nil {
		return err
	}
	if v.Forms, err = s.policyForms(r, &v, p, path, t, form); err != nil {
		return err
	}
	v.Facts = []ui.Fact{{Term: "Number", Text: p.Ref(), Mono: true}, {Term: "Asks", Text: roleWords(x.Roles)}, {Term: "Questions", Text: strconv.Itoa(len(x.Questions))},
		{Term: "Days to acknowledge", Text: strconv.Itoa(x.Days)}, {Term: "Read again every", Text: ui.Many(x.ReviewMonths, "month", "months")},
		{Term: "Digest", Text: x.Digest, Mono: true}, {Term: "Digest of the text", Text: x.TextDigest, Mono: true}}
	if p.Template != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Began from", Text: p.Template, Mono: true})
	}
	v.Versions = ui.Table{Caption: "Versions, newest first", Columns: []ui.Column{{Text: "Version"}, {Text: "What changed"}}}
	for i, k := range slices.Backward(p.Versions) {
		kind := "editorial"
		if k.Material {
			kind = "material"
		}
		c := ui.Cell{Text: fmt.Sprintf("%s, %s, by %s. ", policyState(k.State), kind, screen.Who(names, k.Made.By)), Meta: k.Note}
		if i > 0 {
			c.Links = []ui.Link{{Text: "what differs", Href: fmt.Sprintf("%s/diff?from=%d&to=%d", path, k.Version-1, k.Version)}}
		}
		v.Versions.Rows = append(v.Versions.Rows, ui.TableRow{Head: ui.Link{Text: strconv.Itoa(k.Version), Href: path + "?version=" + strconv.Itoa(k.Version)}, Cells: []ui.Cell{c}})
	}
	v.History = policyHistory(r, p, names)
	return r.Render(w, t.Status(), ui.PolicyPage(r.Shell(w, x.Title, "Comply", "Policies"), v))
}

func roleWords(roles []access.Role) string {
	var out []string
	for _, x := range roles {
		out = append(out, strings.ToLower(x.Title()))
	}
	return strings.Join(out, ", ")
}

func policyHistory(r *screen.Request, p *policy.Policy, names map[string]string) []ui.Step {
	type line struct {
		at   time.Time
		step ui.Step
	}
	var all []line
	for _, k := range p.Versions {
		text := fmt.Sprintf("Version %d %s", k.Version, map[policy.Origin]string{policy.FromTemplate: "made of a template", policy.Imported: "imported", policy.Written: "written"}[k.Origin])
		all = append(all, line{k.Made.At, ui.Step{At: r.Words.At(k.Made.At), Text: text, By: "by " + screen.Who(names, k.Made.By), Entry: screen.EntryLink(k.Made.Entry, k.Made.Index)}})
	}
	for _, k := range p.Steps {
		text := fmt.Sprintf("Version %d %s", k.Version, strings.ReplaceAll(k.Step, "_", " "))
		if k.Note != "" {
			text += ": “" + k.Note + "”"
		}
		if k.Compensation != "" {
			text += ", by its author for want of another. What stands in for a second person: “" + k.Compensation + "”"
		}
		if !k.Until.IsZero() {
			text += "; to be acknowledged by " + r.Words.Date(k.Until)
		}
		st := ui.Step{At: r.Words.At(k.Made.At), Text: text, By: "by " + screen.Who(names, k.Made.By), Entry: screen.EntryLink(k.Made.Entry, k.Made.Index)}
		if k.Step == "approved" || k.Step == "published" {
			st.Mark = "key"
		}
		all = append(all, line{k.Made.At, st})
	}
	slices.SortStableFunc(all, func(a, b line) int { return b.at.Compare(a.at) })
	var out []ui.Step
	for _, x := range all {
		out = append(out, x.step)
	}
	return out
}

// policyProofs gives what shows each statement, as it stands now.
func (s *site) policyProofs(r *screen.Request, x *policy.Version) ([]ui.PolicyProof, error) {
	proofs, err := policy.Proofs(x.Text)
	if err != nil || len(proofs) == 0 {
		return nil, nil // a text that was kept before a rule changed has none to show
	}
	controls, err := s.cfg.Posture.Controls(r.Context(), posture.Now())
	if err != nil {
		return nil, err
	}
	checks, err := s.cfg.Posture.Checks(r.Context(), posture.Now())
	if err != nil {
		return nil, err
	}
	var out []ui.PolicyProof
	for _, p := range proofs {
		row := ui.PolicyProof{Statement: p.Statement}
		for _, name := range p.Controls {
			c := ui.PolicyProver{Link: ui.Link{Text: name, Href: "/controls/library/" + name}, Text: "not in use"}
			if i := slices.IndexFunc(controls, func(k posture.Control) bool { return k.Slug == name }); i >= 0 {
				c = ui.PolicyProver{Link: ui.Link{Text: controls[i].Title, Href: "/controls/" + name}, Status: ui.Status(controls[i].Status)}
				if controls[i].Draft {
					c.Text = "draft"
				}
			}
			row.Controls = append(row.Controls, c)
		}
		for _, name := range p.Checks {
			c := ui.PolicyProver{Link: ui.Link{Text: name}, Text: "no standard in force holds it"}
			if i := slices.IndexFunc(checks, func(k posture.Check) bool { return k.ID == name }); i >= 0 {
				c = ui.PolicyProver{Link: ui.Link{Text: checks[i].Title, Href: "/checks/" + name}, Status: ui.Status(checks[i].Status), Text: checks[i].Why}
			}
			row.Checks = append(row.Checks, c)
		}
		out = append(out, row)
	}
	return out, nil
}

// maxPeople is how many people a policy's page shows; late ones come first.
const maxPeople = 100

// policyPeople says who has read a published policy.
func (s *site) policyPeople(r *screen.Request, p *policy.Policy, v *ui.PolicyView) error {
	people, err := s.cfg.Policies.People(r.Context(), r.Who, p.Slug)
	if err != nil || p.Published() == nil {
		return err
	}
	var ids []string
	done, late, asked := 0, 0, 0
	for _, x := range people {
		ids = append(ids, x.UserID)
		if x.Left {
			continue
		}
		asked++
		if x.Late {
			late++
		}
		if !x.Acknowledged.IsZero() {
			done++
		}
	}
	names := r.Names(ids)
	b := ui.Block{ID: "people", Title: "Who has acknowledged it", Meta: fmt.Sprintf("%d of %d", done, asked), None: "It asks nobody: no account has one of its roles.",
		Table: &ui.Table{Caption: "People whom this policy asks, late ones first", Columns: []ui.Column{{Text: "Person"}, {Text: "State"}, {Text: "Version", N: true}, {Text: "Answers given", N: true}}}}
	if late > 0 {
		b.Meta += ", " + ui.Many(late, "person is late", "people are late")
	}
	for _, x := range people[:min(len(people), maxPeople)] {
		c := ui.Cell{Text: "to do by " + r.Words.Date(x.Due)}
		version := "–"
		switch {
		case !x.Acknowledged.IsZero():
			c = ui.Cell{Text: "acknowledged on " + r.Words.Date(x.Acknowledged)}
			version = strconv.Itoa(x.Version)
			if x.Index >= 0 {
				c.Links = []ui.Link{{Text: "record", Href: "/ledger/" + strconv.FormatInt(x.Index, 10)}}
			}
		case x.Late:
			c = ui.Cell{Text: "late since " + r.Words.Date(x.Due), Bad: true}
		}
		if x.Left {
			c.Meta = "is not asked any more"
		}
		b.Table.Rows = append(b.Table.Rows, ui.TableRow{Head: ui.Link{Text: screen.Who(names, x.UserID)}, Meta: strings.ToLower(access.Role(x.Role).Title()),
			Cells: []ui.Cell{c, {Text: version, N: true}, {Text: strconv.Itoa(x.Tries), N: true}}})
	}
	if more := len(people) - maxPeople; more > 0 {
		b.Table.Pager.Text = fmt.Sprintf("%d of %d shown, late ones first. 'attesta api policies people %s' gives all of them.", maxPeople, len(people), p.Slug)
	}
	v.Asked = append(v.Asked, b)
	return nil
}

// policyForms gives what the reader may do next.
func (s *site) policyForms(r *screen.Request, v *ui.PolicyView, p *policy.Policy, path string, t *screen.Typed, which string) ([]ui.Form, error) {
	var forms []ui.Form
	x := p.Newest()
	add := func(id, where string, version int, f ui.Form) {
		f.ID, f.Action = id, path+where
		f.Fields = append([]ui.Field{{Name: "version", Value: strconv.Itoa(version), Kind: "hidden"}, {Name: "do", Value: id, Kind: "hidden"}}, f.Fields...)
		if which == id {
			t.Fill(&f)
		}
		forms = append(forms, f)
	}
	edits, approves := access.May(r.Who.Role, access.PolicyEdit), access.May(r.Who.Role, access.PolicyApprove)
	asks := "It is an editorial change: whoever acknowledged before is not asked again."
	if p.Asks(x.Version) {
		asks = "Everybody it concerns will be asked to read and acknowledge it."
	}
	label := fmt.Sprintf("Version %d", x.Version)
	switch {
	case x.State == policy.Draft && edits:
		add("submit", "/step", x.Version, ui.Form{Button: "Submit " + strings.ToLower(label) + " for approval", Note: label + " is a draft. Somebody else who may approve looks at it next. " + asks})
	case x.State == policy.Submitted:
		if approves {
			f := ui.Form{Button: "Approve " + strings.ToLower(label), Note: "You approve the whole text, its questions, and whom it asks. " + asks}
			if written := slices.ContainsFunc(p.Versions, func(k policy.Version) bool { return k.Made.By == r.Who.UserID && notHeld(p, k) }); written {
				alone, err := s.cfg.Alone(r.Context(), r.Who, access.PolicyApprove)
				if err != nil {
					return nil, err
				}
				if f.Note = "You wrote it, so another person approves it."; alone {
					f.Note = "You wrote it, and nobody else here may approve it. Say what stands in for a second person; it is shown with the approval. " + asks
					f.Fields = []ui.Field{{Name: "compensation", Label: "What stands in for a second person", Kind: "long", Must: true, Hint: "For example who from outside reads it, and when."}}
				} else {
					f.Button = ""
				}
			}
			if f.Button != "" {
				add("approve", "/decide", x.Version, f)
			} else {
				v.Notice = strings.TrimSpace(v.Notice + " " + f.Note)
			}
			add("send_back", "/decide", x.Version, ui.Form{Summary: "Send it back", Button: "Send it back to its author", Danger: true, Fields: []ui.Field{{Name: "note", Label: "What has to change", Kind: "long", Must: true}}})
		}
		if edits {
			add("withdraw", "/step", x.Version, ui.Form{Summary: "Take it back", Button: "Take " + strings.ToLower(label) + " back", Quiet: true, Note: "It becomes a draft again and may be changed."})
		}
	case x.State == policy.Approved && edits:
		add("publish", "/step", x.Version, ui.Form{Button: "Publish " + strings.ToLower(label), Note: label + " is approved. It holds once it is published. " + asks})
	}
	if held := p.Published(); held != nil && approves {
		add("review", "/decide", held.Version, ui.Form{Summary: "Record the yearly review", Button: "It was read again and stays as it is", Quiet: true, Note: "Where something has to change, write a new version instead.",
			Fields: []ui.Field{{Name: "note", Label: "What was looked at", Kind: "long", Must: true}}})
		add("retire", "/decide", held.Version, ui.Form{Summary: "Retire this policy", Button: "Retire this policy", Danger: true, Note: "Nobody is bound by it or asked about it any more. Its history stays.",
			Fields: []ui.Field{{Name: "note", Label: "Why it ends", Kind: "long", Must: true}}})
	}
	return forms, nil
}

// notHeld reports whether a version came after the one that holds.
func notHeld(p *policy.Policy, k policy.Version) bool {
	held := p.Published()
	return held == nil || k.Version > held.Version
}

// stepPolicy submits, withdraws or publishes.
func (s *site) stepPolicy(w http.ResponseWriter, r *screen.Request) error {
	return s.actOnPolicy(w, r, map[string]policyAct{
		"submit": {"waits for approval.", func(slug string, version int) error { return s.cfg.Policies.Submit(r.Context(), r.Who, slug, version) }},
		"withdraw": {"is a draft again.", func(slug string, version int) error {
			return s.cfg.Policies.Withdraw(r.Context(), r.Who, slug, version)
		}},
		"publish": {"is published and holds from now on.", func(slug string, version int) error { return s.cfg.Policies.Publish(r.Context(), r.Who, slug, version) }},
	})
}

// decidePolicy approves, sends back, reviews or retires.
func (s *site) decidePolicy(w http.ResponseWriter, r *screen.Request) error {
	ctx, note := r.Context(), r.PostFormValue("note")
	return s.actOnPolicy(w, r, map[string]policyAct{
		"approve": {"is approved. Publish it when it should hold.", func(slug string, version int) error {
			return s.cfg.Policies.Approve(ctx, r.Who, slug, version, r.PostFormValue("compensation"))
		}},
		"send_back": {"went back to its author.", func(slug string, version int) error { return s.cfg.Policies.SendBack(ctx, r.Who, slug, version, note) }},
		"review":    {"was reviewed; the next review is due in a year at most.", func(slug string, version int) error { return s.cfg.Policies.Review(ctx, r.Who, slug, version, note) }},
		"retire":    {"is retired.", func(slug string, version int) error { return s.cfg.Policies.Retire(ctx, r.Who, slug, version, note) }},
	})
}

type policyAct struct {
	said string
	do   func(slug string, version int) error
}

func (s *site) actOnPolicy(w http.ResponseWriter, r *screen.Request, acts map[string]policyAct) error {
	slug, what := r.PathValue("slug"), r.PostFormValue("do")
	act, known := acts[what]
	version, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil || !known {
		return fault.New(fault.Invalid, "the form does not say what to do with which version").WithHint("go back and send it again")
	}
	if err := act.do(slug, version); err != nil {
		t, other := r.WrongForm(err)
		if other != nil {
			return err
		}
		return s.showPolicy(w, r, t, what)
	}
	return r.Done(w, fmt.Sprintf("Version %d %s That is an entry in the ledger.", version, act.said), "/policies/"+url.PathEscape(slug))
}
