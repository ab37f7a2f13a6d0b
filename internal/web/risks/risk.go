package risks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

type change = register.Change[risk.Risk, risk.World]

// doing makes an empty change of each form of a risk's page.
var doing = map[string]func() change{
	"describe": func() change { return &risk.Describe{} }, "inherent": func() change { return &risk.Assess{Side: "inherent"} }, "residual": func() change { return &risk.Assess{Side: "residual"} },
	"respond": func() change { return &risk.Respond{} }, "review": func() change { return &risk.Look{} }, "ask-acceptance": func() change { return &risk.AskAcceptance{} },
	"accept": func() change { return &risk.SignAcceptance{} }, "refuse-acceptance": func() change { return &risk.RefuseAcceptance{} }, "end-acceptance": func() change { return &risk.EndAcceptance{} },
	"close": func() change { return &risk.Close{} }, "reopen": func() change { return &risk.Reopen{} },
}

// record does what a form of a risk's page says.
func (s *site) record(w http.ResponseWriter, r *screen.Request) error {
	ref, name := r.PathValue("ref"), r.PathValue("verb")
	if name == "task" {
		return s.task(w, r)
	}
	make, known := doing[name]
	if !known {
		return fault.New(fault.NotFound, "nothing of a risk is called %q", name)
	}
	c := make()
	err := screen.Decode(r.PostForm, c, r.Words.Zone)
	var x risk.Row
	if err == nil {
		x, err = s.cfg.Risks.Record(r.Context(), r.Who, ref, c)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		if name == "describe" {
			return s.showEdit(w, r, t)
		}
		return s.showRisk(w, r, name, t)
	}
	return r.Done(w, screen.Sentence(screen.Cut(x.Risk.History[len(x.Risk.History)-1].Text, 120)), "/risks/"+x.Ref)
}

// task makes a task of the plan that treats a risk.
func (s *site) task(w http.ResponseWriter, r *screen.Request) error {
	x, err := s.cfg.Risks.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	f := plan.Fields{Title: r.PostForm.Get("title"), Why: "It treats the risk " + x.Ref + ": " + x.Title, About: plan.About{Kind: "risk", Ref: x.Ref, Path: "/risks/" + x.Ref}, Owner: r.PostForm.Get("owner")}
	if f.Due, err = r.LastMoment(r.PostForm.Get("due"), "due"); err == nil {
		if f.Effort, err = plan.ParseDays(r.PostForm.Get("effort")); err == nil {
			var t *plan.Task
			if t, err = s.cfg.Plan.Create(r.Context(), r.Who, f); err == nil {
				return r.Done(w, t.Ref()+" treats "+x.Ref+".", "/risks/"+x.Ref+"#h-response")
			}
		}
	}
	t, err := r.WrongForm(err)
	if err != nil {
		return err
	}
	return s.showRisk(w, r, "task", t)
}

// risk answers: how large is it today, on what does that lean, and what is still to do?
func (s *site) risk(w http.ResponseWriter, r *screen.Request) error {
	return s.showRisk(w, r, "", nil)
}

// page is a risk's page while it is made.
type page struct {
	*site
	r        *screen.Request
	x        risk.Row
	now      risk.Standings
	promises map[string]string
	names    map[string]string
	which    string        // the form that was wrong
	typed    *screen.Typed // and what was typed there
	today    risk.Day
	err      error
}

func (s *site) showRisk(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	x, err := s.cfg.Risks.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	p := &page{site: s, r: r, x: x, which: which, typed: t}
	if p.now, err = s.cfg.Risks.Standing(r.Context()); err != nil {
		return err
	}
	if p.promises, err = s.cfg.Risks.Promises(r.Context()); err != nil {
		return err
	}
	if p.today, err = s.cfg.Risks.Today(r.Context()); err != nil {
		return err
	}
	people := []string{x.Owner}
	for _, e := range x.Risk.History {
		people = append(people, e.Made.By)
	}
	for _, t := range x.Tasks {
		people = append(people, t.Owner)
	}
	p.names = r.Names(people)
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Risks", Href: "/risks"}, {Text: x.Ref}}, Title: x.Title, State: x.State, Line: []string{x.Ref, x.Category, "owned by " + screen.Who(p.names, x.Owner)}, FactsOf: "What it is", Figures: p.figures(), Facts: p.facts(), History: p.history(), Zone: "times in " + r.Words.Zone.String()}
	v.Notice, v.Warn = p.next()
	if x.Failing > 0 {
		v.Bad = ui.Many(x.Failing, "thing does not hold", "things do not hold")
	}
	if r.May(access.RiskEdit) && x.Risk.Open() {
		v.Links = []ui.Link{{Text: "Describe anew", Href: "/risks/" + x.Ref + "/edit"}}
	}
	v.Blocks = []ui.Block{p.holds(), p.ratings(), p.leans(), p.response(), p.acceptance(), p.looks()}
	if p.err != nil {
		return p.err
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, x.Title, "Organise", "Risks"), v))
}

func (p *page) figures() []ui.Figure {
	x, scale := p.x, p.cfg.Risks.Scale()
	rated := func(n int) string {
		if n == 0 {
			return "none"
		}
		return ui.Number(n)
	}
	out := []ui.Figure{{Term: "Counts as", Value: rated(x.Exposure.Score), Bad: x.Exposure.Doubt || x.Uncovered(), Note: fmt.Sprintf("%s; of %d", strings.ToLower(screen.OrElse(scale.Band(x.Exposure.Score).Title, "not rated")), scale.Most())},
		{Term: "Without controls", Value: rated(x.Inherent)}, {Term: "After controls, as rated", Value: rated(x.Residual)}}
	limit := ui.Figure{Term: "Appetite", Value: "none set", Href: "/risks/appetite"}
	if x.Limit != nil {
		limit.Value, limit.Note = ui.Number(*x.Limit), "for "+x.Category
	}
	return append(out, limit)
}

func (p *page) facts() []ui.Fact {
	x := p.x.Risk
	out := []ui.Fact{{Term: "Scenario", Text: x.Profile.Scenario}}
	for _, id := range x.Profile.Threatens {
		out = append(out, ui.Fact{Term: "Threatens " + id, Text: screen.OrElse(p.promises[id], "no commitment of the scope any more")})
	}
	out = append(out, ui.Fact{Term: "Criteria", Links: screen.CriteriaLinks(x.Profile.Criteria)})
	if s, known := p.cfg.Risks.Catalogue().Get(x.Library); known {
		out = append(out, ui.Fact{Term: "From the catalogue", Text: s.ID}, ui.Fact{Term: "Signs that it grows", Text: strings.Join(s.Indicators, "; ")})
	}
	for _, n := range slices.Backward(slices.Concat(x.Inherent, x.Residual)) {
		if n.Loss != nil {
			out = append(out, ui.Fact{Term: "Loss of one event", Text: n.Loss.Words()})
			break
		}
	}
	return out
}

func (p *page) history() []ui.Step {
	var out []ui.Step
	for _, e := range slices.Backward(p.x.Risk.History) {
		out = append(out, ui.Step{At: p.r.Words.At(e.Made.At), Text: e.Text, By: "by " + screen.Who(p.names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
	}
	return out
}

// next says what the risk waits for.
func (p *page) next() (text string, warn bool) {
	x := p.x
	switch {
	case !x.Risk.Open():
		return "Closed: " + x.Risk.Closed.Looked, false
	case len(x.Risk.Inherent) == 0:
		return "Next, it is rated as if there were no controls.", false
	case len(x.Risk.Residual) == 0:
		return "Next, what is left after controls is rated, with the controls that leave it.", false
	case x.Exposure.Doubt:
		return screen.Sentence(screen.Capital(x.Exposure.Why)) + " Until that is mended, or it is rated anew, it counts as it would without controls.", true
	case x.Risk.Response == nil:
		return "Next, somebody decides what is done about it.", false
	case x.Risk.Waiting(p.today) != nil:
		return "An acceptance waits for the signature of somebody who did not ask for it.", false
	case x.Uncovered():
		return "It is over the appetite: it is treated further, or accepted until a day.", true
	}
	return "", false
}

func (p *page) offer(verbs ...screen.Verb) []ui.Form {
	return screen.Forms(p.r, "/risks/"+p.x.Ref, p.which, p.typed, verbs...)
}

func (p *page) holds() ui.Block {
	t := ui.Table{Caption: "Questions with outcome and reason", Columns: []ui.Column{{Text: "Question"}, {Text: "Outcome"}, {Text: "Because"}}}
	for _, a := range p.x.Judged {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.Title}, Cells: []ui.Cell{{Outcome: ui.Outcome(a.Outcome)}, {Text: a.Reason}}})
	}
	return ui.Block{ID: "holds", Title: "What holds", Meta: "derived today, from records and from how controls stand", Table: &t}
}

func (p *page) ratings() ui.Block {
	x, scale := p.x.Risk, p.cfg.Risks.Scale()
	t := ui.Table{Caption: "Ratings, newest first", Columns: []ui.Column{{Text: "Rating"}, {Text: "Likelihood"}, {Text: "Magnitude"}, {Text: "Together", N: true}, {Text: "Because"}}}
	add := func(list []risk.Rating, side string) {
		for _, n := range slices.Backward(list) {
			because := ui.Cell{Text: n.Because, Meta: n.Loss.Words()}
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%s, version %d", side, n.Version)}, Meta: string(n.Made.Day) + " by " + screen.Who(p.names, n.Made.By),
				Cells: []ui.Cell{{Text: fmt.Sprintf("%d %s", n.Likelihood, scale.Likelihood[n.Likelihood-1].Title)}, {Text: fmt.Sprintf("%d %s", n.Magnitude, scale.Magnitude[n.Magnitude-1].Title)}, {Text: fmt.Sprint(n.Score()), N: true}, because}})
		}
	}
	add(x.Residual, "After controls")
	add(x.Inherent, "Without controls")
	b := ui.Block{ID: "ratings", Title: "Ratings", Table: &t, None: "Nobody has rated it yet."}
	if !x.Open() {
		return b
	}
	steps := func(name, label string, of []risk.Step) ui.Field {
		pairs := [][2]string{{"", "Choose one"}}
		for i, st := range of {
			pairs = append(pairs, [2]string{fmt.Sprint(i + 1), fmt.Sprintf("%d %s: %s", i+1, st.Title, st.Means)})
		}
		return screen.Choice(name, label, "", "", pairs...)
	}
	fields := []ui.Field{steps("likelihood", "Likelihood", scale.Likelihood), steps("magnitude", "Magnitude", scale.Magnitude), screen.LongField("because", "Why these", "What happened here or to others, and what it would cost.", true)}
	loss := []ui.Field{{Name: "loss_low", Label: "Loss of one event, low end", Hint: "In whole units; empty where nobody can say."}, {Name: "loss_likely", Label: "Likely loss"}, {Name: "loss_high", Label: "Loss, high end"}, {Name: "currency", Label: "Currency", Hint: "Such as EUR."}}
	verbs := []screen.Verb{{Name: "inherent", Action: access.RiskEdit, Button: "Record the rating", Open: "Rate it without controls", Note: "As if nothing that we do against it existed.", Fields: slices.Concat(fields, loss)}}
	if len(x.Inherent) > 0 {
		verbs = append(verbs, screen.Verb{Name: "residual", Action: access.RiskEdit, Button: "Record the rating", Open: "Rate what is left after controls", Note: "It leans on controls that are named. Where one of them deviates later, the rating does not count until it bears again.",
			Fields: slices.Concat(fields[:2], []ui.Field{{Name: "controls", Label: "Controls that leave it", Hint: "Short names of controls in use, between commas.", Value: p.proposed()}}, fields[2:], loss)})
	}
	b.Forms = p.offer(verbs...)
	return b
}

// proposed gives the controls to begin with: those of the newest rating, or those of
// the catalogue that are in use.
func (p *page) proposed() string {
	if n := len(p.x.Risk.Residual); n > 0 {
		return screen.Joined(p.x.Risk.Residual[n-1].Controls)
	}
	s, _ := p.cfg.Risks.Catalogue().Get(p.x.Risk.Library)
	return screen.Joined(slices.DeleteFunc(slices.Clone(s.Controls), func(slug string) bool { _, used := p.now[slug]; return !used }))
}

func (p *page) leans() ui.Block {
	t := ui.Table{Caption: "Controls that it leans on", Columns: []ui.Column{{Text: "Control"}, {Text: "Now"}, {Text: "When it was rated"}, {Text: "Why"}}}
	for _, l := range p.x.Exposure.Leans {
		row := ui.TableRow{Head: ui.Link{Text: l.Control, Href: "/controls/" + l.Control}, Meta: l.Title, Cells: []ui.Cell{{Text: ui.Status(l.Status).Words(), Bad: !l.Bears}, {Text: ui.Status(l.Then).Words(), Muted: true}, {Text: l.Why}}}
		if l.Status == "not_in_use" {
			row.Head.Href = "/controls/library/" + l.Control
			row.Cells[0].Text = "not in use"
		}
		t.Rows = append(t.Rows, row)
	}
	b := ui.Block{ID: "leans", Title: "What it leans on", Meta: "how each control stands now", Table: &t, None: "What is left after controls names none."}
	if p.x.Exposure.Doubt {
		b.Text = []string{"It leans on a control that does not bear, and counts as it would without controls."}
	}
	return b
}

func (p *page) response() ui.Block {
	x := p.x.Risk
	t := ui.Table{Caption: "Tasks that treat it", Columns: []ui.Column{{Text: "Task"}, {Text: "State"}, {Text: "Owner"}, {Text: "Due"}}}
	for _, k := range p.x.Tasks {
		due := ui.Cell{Text: "no day", Muted: true}
		if !k.Due.IsZero() {
			if due = (ui.Cell{Text: p.r.Words.LastDay(k.Due), Bad: k.Late}); k.Late {
				due.Meta = "late"
			}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: k.Title, Href: "/tasks/" + k.Ref}, Meta: k.Ref, Cells: []ui.Cell{{Text: k.State}, {Text: screen.OrElse(screen.Who(p.names, k.Owner), "nobody yet"), Muted: k.Owner == ""}, due}})
	}
	b := ui.Block{ID: "response", Title: "Response and treatment", Table: &t, None: "No task treats it."}
	if x.Response == nil {
		b.Text = []string{"Nobody decided what is done about it."}
	} else {
		b.Text = []string{map[string]string{"mitigate": "It is mitigated. ", "accept": "It is accepted. ", "transfer": "It is transferred. ", "avoid": "It is avoided. "}[x.Response.Response] + x.Response.Plan}
		b.Meta = "decided on " + string(x.Response.Made.Day) + " by " + screen.Who(p.names, x.Response.Made.By)
	}
	if !x.Open() {
		return b
	}
	chosen, have := "", ""
	if x.Response != nil {
		chosen, have = x.Response.Response, x.Response.Plan
	}
	verbs := []screen.Verb{{Name: "respond", Action: access.RiskEdit, Button: "Record the decision", Open: "Decide what is done about it", Fields: []ui.Field{screen.Choice("response", "Response", "", chosen, [2]string{"", "Choose one"}, [2]string{"mitigate", "Mitigate: make it less likely or less bad"}, [2]string{"accept", "Accept: take it as it is"}, [2]string{"transfer", "Transfer: insurance, a contract, a vendor"}, [2]string{"avoid", "Avoid: stop doing what brings it"}),
		{Name: "plan", Label: "How, to whom, or why", Kind: "long", Value: have, Must: true}}}}
	if len(x.Inherent) == 0 {
		verbs = nil
	}
	people := []ui.Option{{Value: "", Text: "nobody yet"}}
	if p.r.May(access.TaskEdit) {
		all, err := p.cfg.Plan.People(p.r.Context(), p.r.Who)
		if err != nil {
			p.err = err
		}
		for _, x := range all {
			people = append(people, ui.Option{Value: x.ID, Text: x.Name})
		}
	}
	verbs = append(verbs, screen.Verb{Name: "task", Action: access.TaskEdit, Button: "Make the task", Open: "Make a task that treats it", Note: "A task of the plan: it shows in the owner's work, and here.",
		Fields: []ui.Field{{Name: "title", Label: "What is to be done", Must: true}, {Name: "owner", Label: "Who does it", Kind: "select", Options: people}, screen.DayField("due", "Last day", ""), {Name: "effort", Label: "Working days", Hint: "Such as 2 or 0.5.", Value: "1"}}})
	b.Forms = p.offer(verbs...)
	return b
}

func (p *page) acceptance() ui.Block {
	x := p.x.Risk
	t := ui.Table{Caption: "Acceptances, newest first", Columns: []ui.Column{{Text: "Acceptance"}, {Text: "State"}, {Text: "Rating", N: true}, {Text: "Until"}, {Text: "Signed"}, {Text: "Reason"}}}
	for _, a := range slices.Backward(x.Acceptances) {
		state := a.State(p.today)
		st := ui.Cell{Text: risk.AcceptanceWords(state), Bad: state == "lapsed" || state == "outgrown"}
		switch why, since := a.Void(); {
		case a.Refused != nil:
			st.Meta = a.Refused.Note
		case a.Ended != nil:
			st.Meta = a.Ended.Note
		case why != "":
			st.Meta = why + ", on " + string(since)
		}
		signed := ui.Cell{Text: "no", Muted: true}
		if a.Signed != nil {
			signed = ui.Cell{Text: string(a.Signed.Made.Day) + " by " + screen.Who(p.names, a.Signed.Made.By), Meta: a.Signed.Note}
			if a.Signed.Compensation != "" {
				signed.Meta = "in place of a second person: " + a.Signed.Compensation
			}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d", a.Number)}, Meta: "asked on " + string(a.Asked.Day) + " by " + screen.Who(p.names, a.Asked.By), Cells: []ui.Cell{st, {Text: fmt.Sprint(a.Score), N: true}, {Text: string(a.Until)}, signed, {Text: a.Reason}}})
	}
	b := ui.Block{ID: "acceptance", Title: "Acceptance", Table: &t, None: "Nobody asked that it be accepted as it is."}
	shown := x.Waiting(p.today)
	if shown == nil {
		shown = x.Accepted(p.today)
	}
	if shown != nil {
		b.Code = shown.Text
		b.Facts = []ui.Fact{{Term: "SHA-256 of the text above", Text: shown.Digest, Mono: true}}
	}
	if !x.Open() || x.Rated() == nil {
		return b
	}
	switch w := x.Waiting(p.today); {
	case w != nil:
		sign := screen.Verb{Name: "accept", Action: access.RiskApprove, Button: "Sign this text", Note: "Who asked for it does not sign it. The text above is what is signed; it does not change.", Fields: []ui.Field{{Name: "digest", Kind: "hidden", Value: w.Digest}, screen.LongField("note", "Note", "", false)}}
		f := sign.Form(p.r, "/risks/"+x.Ref)
		if f.Action != "" {
			if err := screen.Compensated(p.r, &f, w.Asked.By, access.RiskApprove, p.alone(p.r)); err != nil {
				p.err = err
			}
		}
		if f.Action != "" {
			if p.which == "accept" {
				p.typed.Fill(&f)
			}
			b.Forms = append(b.Forms, f)
		}
		b.Forms = append(b.Forms, p.offer(screen.Verb{Name: "refuse-acceptance", Action: access.RiskApprove, Button: "Refuse", Open: "Refuse to accept it", Danger: true, Fields: []ui.Field{screen.LongField("note", "Why not, and what is to be done instead", "", true)}},
			screen.Verb{Name: "end-acceptance", Action: access.RiskEdit, Button: "Take it back", Open: "Take the request back", Danger: true, Fields: []ui.Field{screen.LongField("note", "Why it is not needed any more", "", true)}})...)
	default:
		verbs := []screen.Verb{{Name: "ask-acceptance", Action: access.RiskEdit, Button: "Ask for it", Open: "Ask that it be accepted as it is", Note: "The text that is signed is made from the register, and frozen. Somebody else signs it; it lapses by itself.",
			Fields: []ui.Field{screen.DayField("until", "Last day", "At most a year ahead."), screen.LongField("reason", "Why it is taken as it is", "", true), screen.LongField("beside", "What is done meanwhile", "So that it does not grow.", true)}}}
		if x.Accepted(p.today) != nil {
			verbs = append(verbs, screen.Verb{Name: "end-acceptance", Action: access.RiskEdit, Button: "End it", Open: "End the acceptance before its day", Danger: true, Fields: []ui.Field{screen.LongField("note", "Why it is not needed any more", "", true)}})
		}
		b.Forms = p.offer(verbs...)
	}
	return b
}

func (p *page) looks() ui.Block {
	x := p.x.Risk
	t := ui.Table{Caption: "Dates by which it was to be looked at, newest first", Columns: []ui.Column{{Text: "By"}, {Text: "Looked at"}, {Text: "By whom"}}}
	for _, d := range slices.Backward(x.Dues(p.cfg.Risks.Scale())) {
		done := ui.Cell{Text: "not yet", Muted: true}
		switch {
		case d.Done != "":
			done = ui.Cell{Text: string(d.Done), Bad: d.Done > d.Day}
			if d.Done > d.Day {
				done.Meta = fmt.Sprintf("%d days late", d.Day.Until(d.Done))
			}
		case d.Closed:
			done = ui.Cell{Text: "closed before", Muted: true}
		case d.Day < p.today:
			done = ui.Cell{Text: "not yet", Bad: true, Meta: "late"}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: string(d.Day)}, Cells: []ui.Cell{done, {Text: screen.Who(p.names, d.By)}}})
	}
	b := ui.Block{ID: "looks", Title: "Looks", Table: &t}
	if x.Open() {
		var verbs []screen.Verb
		if x.Rated() != nil {
			verbs = append(verbs, screen.Verb{Name: "review", Action: access.RiskEdit, Button: "Record the look", Open: "Looked at: its ratings still hold", Fields: []ui.Field{screen.LongField("looked", "What was looked at, and why they hold", "", true)}})
		}
		b.Forms = p.offer(append(verbs, screen.Verb{Name: "close", Action: access.RiskApprove, Button: "Close it", Open: "Close this risk", Danger: true, Fields: []ui.Field{screen.LongField("why", "What made it go", "", true)}})...)
	} else {
		b.Forms = p.offer(screen.Verb{Name: "reopen", Action: access.RiskEdit, Button: "Open it again", Open: "It is there again", Fields: []ui.Field{screen.LongField("why", "What brought it back", "", true)}})
	}
	return b
}

// profile gives the fields of what a risk is.
func (s *site) profile(r *screen.Request, x risk.Profile) ([]ui.Field, error) {
	promises, err := s.cfg.Risks.Promises(r.Context())
	if err != nil {
		return nil, err
	}
	threatens := ui.Field{Name: "threatens", Label: "Which commitments does it threaten?", Kind: "many"}
	ids := make([]string, 0, len(promises))
	for id := range promises {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		threatens.Options = append(threatens.Options, ui.Option{Value: id, Text: id + ": " + screen.Cut(promises[id], 100), Selected: slices.Contains(x.Threatens, id)})
	}
	category := screen.Choice("category", "Where it comes from", "", x.Category, [2]string{"", "Choose one"})
	for _, k := range risk.Kinds() {
		category.Options = append(category.Options, ui.Option{Value: k, Text: screen.Capital(k), Selected: x.Category == k})
	}
	owner := "Their login; empty: you."
	if x.Owner != "" {
		owner = "Their login; empty: as now."
	}
	out := []ui.Field{{Name: "title", Label: "What is it called?", Value: x.Title, Must: true}, {Name: "scenario", Label: "What happens?", Hint: "Who or what, by which way, with which result.", Kind: "long", Value: x.Scenario, Must: true}, category,
		{Name: "criteria", Label: "Criteria that answer it", Hint: "Such as CC6.1, CC7.2.", Value: screen.Joined(x.Criteria), Must: true}, {Name: "owner", Label: "Who answers for it?", Hint: owner}}
	if len(threatens.Options) > 0 {
		out = append(out, threatens)
	}
	return out, nil
}

func (s *site) fresh(w http.ResponseWriter, r *screen.Request) error { return s.showFresh(w, r, nil) }

func (s *site) showFresh(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	var x risk.Profile
	var side []ui.Block
	library := r.URL.Query().Get("library")
	if t != nil {
		library = t.Values.Get("library")
	}
	if library != "" {
		c, known := s.cfg.Risks.Catalogue().Get(library)
		if !known {
			return fault.New(fault.NotFound, "the catalogue has no scenario %q", library)
		}
		x = risk.Profile{Title: c.Title, Scenario: c.Scenario, Category: c.Kind, Criteria: c.Criteria}
		side = []ui.Block{{ID: "catalogue", Title: "From the catalogue", Text: []string{c.Threatens}, Facts: []ui.Fact{{Term: "Signs that it grows", Text: strings.Join(c.Indicators, "; ")}}}}
	}
	fields, err := s.profile(r, x)
	if err != nil {
		return err
	}
	f := ui.Form{ID: "identify", Action: "/risks", Button: "Enter it", Fields: append([]ui.Field{{Name: "library", Kind: "hidden", Value: library}}, fields...)}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Enter a risk", "Organise", "Risks"), ui.FormView{Crumbs: []ui.Link{{Text: "Risks", Href: "/risks"}, {Text: "Enter one"}}, Title: "Enter a risk", Note: "It is rated afterwards: first as if there were no controls.", Form: f,
		Side: append(side, ui.Block{ID: "choose", Title: "Or choose one", Text: []string{"The catalogue has scenarios that companies like yours usually weigh."}, Links: []ui.Link{{Text: "The catalogue of risks", Href: "/risks/catalogue"}}})}))
}

// identify enters a risk.
func (s *site) identify(w http.ResponseWriter, r *screen.Request) error {
	in := risk.Identify{}
	err := screen.Decode(r.PostForm, &in, r.Words.Zone)
	var x risk.Row
	if err == nil {
		x, err = s.cfg.Risks.Identify(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showFresh(w, r, t)
	}
	return r.Done(w, x.Ref+" is in the register.", "/risks/"+x.Ref)
}

func (s *site) edit(w http.ResponseWriter, r *screen.Request) error { return s.showEdit(w, r, nil) }

func (s *site) showEdit(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	x, err := s.cfg.Risks.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	fields, err := s.profile(r, x.Risk.Profile)
	if err != nil {
		return err
	}
	f := ui.Form{ID: "describe", Action: "/risks/" + x.Ref + "/describe", Button: "Record it", Fields: append(fields, screen.LongField("note", "What changed, and why?", "", true))}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Describe "+x.Ref, "Organise", "Risks"), ui.FormView{Crumbs: []ui.Link{{Text: "Risks", Href: "/risks"}, {Text: x.Ref, Href: "/risks/" + x.Ref}, {Text: "Describe anew"}}, Title: "Describe " + x.Title + " anew",
		Note: "Where the scenario changes, what was accepted holds no more.", Form: f}))
}
