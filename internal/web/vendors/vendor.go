package vendors

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func join(list []string) string { return strings.Join(list, ", ") }

// opt gives a text behind a separator, or nothing.
func opt(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// record does what a form of a vendor's page says.
func (s *site) record(w http.ResponseWriter, r *screen.Request) error {
	ref, name := r.PathValue("ref"), r.PathValue("verb")
	x, known := s.verb(name)
	if !known {
		return fault.New(fault.NotFound, "nothing of a vendor is called %q", name)
	}
	change := x.make()
	err := decode(r.PostForm, change, r.Words.Zone)
	var v *vendor.Vendor
	if err == nil {
		if x.fill != nil {
			x.fill(r.PostForm, change)
		}
		v, err = s.cfg.Vendors.Record(r.Context(), r.Who, ref, change)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		switch name {
		case "answer":
			return s.showQuestionnaire(w, r, t)
		case "describe":
			return s.showEdit(w, r, t)
		case "letter", "review-report":
			return s.showReport(w, r, r.PostForm.Get("report"), name, t)
		}
		return s.showVendor(w, r, name, t)
	}
	to := "/vendors/" + v.Ref()
	switch name {
	case "letter", "review-report":
		to += "/reports/" + r.PostForm.Get("report")
	case "report":
		to += "/reports/" + strconv.Itoa(len(v.Reports))
	}
	return r.Done(w, screen.Sentence(cut(v.History[len(v.History)-1].Text, 120)), to)
}

// vendor answers: may we rest on this one, and what is still to do?
func (s *site) vendor(w http.ResponseWriter, r *screen.Request) error {
	return s.showVendor(w, r, "", nil)
}

// page is a vendor's page while it is made.
type page struct {
	*site
	r      *screen.Request
	v      *vendor.Vendor
	row    vendor.Row
	status map[string]ui.Status
	names  map[string]string
	which  string        // the form that was wrong
	typed  *screen.Typed // and what was typed there
	err    error
}

func (s *site) showVendor(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	v, err := s.cfg.Vendors.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	p := &page{site: s, r: r, v: v, which: which, typed: t}
	if p.row, err = s.cfg.Vendors.Judged(r.Context(), v); err != nil {
		return err
	}
	if p.status, err = s.cfg.Operates(r.Context()); err != nil {
		return err
	}
	people := []string{v.Profile.Manager}
	for _, e := range v.History {
		people = append(people, e.Made.By)
	}
	p.names = r.Names(people)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Vendors", Href: "/vendors"}, {Text: v.Ref()}}, Title: v.Profile.Name, State: v.State.Words(), FactsOf: "What it is to us", Facts: p.facts(), Figures: p.figures(), History: p.history(), Zone: "times in " + r.Words.Zone.String(),
		Line: []string{v.Ref(), screen.OrElse(v.Level, "criticality not known"), role(p.row), "managed by " + screen.Who(p.names, v.Profile.Manager)}, Notice: p.next()}
	if p.row.Failing > 0 {
		rec.Bad = ui.Many(p.row.Failing, "thing does not hold", "things do not hold")
	}
	if r.May(access.VendorEdit) && p.running() {
		rec.Links = []ui.Link{{Text: "Describe anew", Href: "/vendors/" + v.Ref() + "/edit"}}
	}
	rec.Blocks = []ui.Block{p.attributes(), p.decisions(), p.contracts(), p.questionnaires(), p.reports(), p.duties(), p.assumed(), p.accesses(), p.incidents(), p.end()}
	if p.err != nil {
		return p.err
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, v.Profile.Name, "Organise", "Vendors"), rec))
}

func (p *page) running() bool { return p.v.State != vendor.Ended && p.v.State != vendor.Refused }

// offer gives the forms of these verbs, of those who may and while it is not over.
func (p *page) offer(verbs ...string) []ui.Form {
	if !p.running() {
		return nil
	}
	var out []ui.Form
	for _, name := range verbs {
		f := p.form(p.v, name, p.r.May)
		if f.Action == "" || slices.ContainsFunc(f.Fields, func(x ui.Field) bool { return x.Kind == "select" && len(x.Options) == 0 }) {
			continue
		}
		if name == "review" || name == "approve" {
			action := access.VendorReview
			if name == "approve" {
				action = access.VendorApprove
			}
			if err := p.alone(p.r, p.v, action, &f); err != nil {
				p.err = err
			}
		}
		if name == p.which {
			p.typed.Fill(&f)
		}
		out = append(out, f)
	}
	return out
}

// next says what the vendor waits for.
func (p *page) next() string {
	v := p.v
	switch {
	case !p.running():
		return ""
	case len(v.Undecided) > 0:
		return "How much hangs on it is not known yet: " + ui.Many(len(v.Undecided), "question is", "questions are") + " open. Describe it anew and answer them; then it can be reviewed."
	case v.State == vendor.Asked && v.LastReview() == nil:
		return "Next, somebody who does not manage it reviews it."
	case v.State == vendor.Asked:
		return "Next, somebody who did not ask for it approves or refuses it."
	case v.State == vendor.Approved:
		return "It may be engaged. Record the day when it was."
	case v.State == vendor.Leaving:
		return "It is being ended: its accounts and keys are removed, and what became of our data is shown."
	}
	return ""
}

func (p *page) facts() []ui.Fact {
	v, book := p.v, p.cfg.Vendors.Book()
	out := []ui.Fact{{Term: "Number", Text: v.Ref(), Mono: true}, {Term: "Service", Text: v.Profile.Service}}
	add := func(term, text string) {
		if text != "" {
			out = append(out, ui.Fact{Term: term, Text: text})
		}
	}
	var data []string
	for _, d := range book.Data {
		if slices.Contains(v.Profile.Data, d.ID) {
			data = append(data, d.Title)
		}
	}
	add("Data", screen.OrElse(join(data), "not said yet"))
	for _, q := range book.Asks {
		answer := "not known yet"
		for _, a := range q.Answers {
			if a.ID == v.Profile.Answers[q.ID] {
				answer = a.Text
			}
		}
		add(q.Ask, answer)
	}
	add("Criticality", screen.OrElse(v.Level, "not known")+opt(": ", strings.Join(v.Because, "; ")))
	add("Chosen because", v.Profile.Why)
	add("Also looked at", v.Profile.Alternatives)
	add("Website", v.Profile.Website)
	add("Contact", v.Profile.Contact)
	if v.Role != nil {
		add("Why "+role(p.row), v.Role.Reasons)
	}
	add("Engaged", string(v.Engaged))
	if v.Approved != nil {
		add("Approved", string(v.Approved.Day)+" by "+screen.Who(p.names, v.Approved.By)+opt(": ", v.Decision))
		add("Instead of a second person", v.Compensation)
	} else if v.State == vendor.Refused {
		add("Refused because", v.Decision)
	}
	add("Ended", string(v.EndedOn))
	return out
}

func (p *page) figures() []ui.Figure {
	open := 0
	for _, i := range p.v.Incidents {
		if i.Closed == nil {
			open++
		}
	}
	due := ui.Figure{Term: "Review due", Value: screen.OrElse(string(p.row.Due), "none"), Bad: p.row.Late}
	if p.row.Late {
		due.Note = "late"
	}
	return []ui.Figure{{Term: "Does not hold", Value: ui.Number(p.row.Failing), Bad: p.row.Failing > 0, Note: fmt.Sprintf("of %d questions", len(p.row.Judged))}, due,
		{Term: "Accounts and keys", Value: ui.Number(p.row.Holds), Note: "that it holds"}, {Term: "Incidents open", Value: ui.Number(open), Bad: open > 0}}
}

func (p *page) history() []ui.Step {
	var out []ui.Step
	for _, e := range slices.Backward(p.v.History) {
		out = append(out, ui.Step{At: p.r.Words.At(e.Made.At), Text: e.Text, By: "by " + screen.Who(p.names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
	}
	return out
}

func (p *page) attributes() ui.Block {
	t := ui.Table{Caption: "Questions with outcome and reason", Columns: []ui.Column{{Text: "Question"}, {Text: "Outcome"}, {Text: "Because"}}}
	for _, a := range p.row.Judged {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.Title}, Cells: []ui.Cell{{Outcome: ui.Outcome(a.Outcome)}, {Text: a.Reason}}})
	}
	return ui.Block{ID: "holds", Title: "What holds", Meta: "derived from the records below, today", Table: &t}
}

func (p *page) decisions() ui.Block {
	v := p.v
	t := ui.Table{Caption: "Reviews, newest first", Columns: []ui.Column{{Text: "Reviewed"}, {Text: "By"}, {Text: "What follows"}, {Text: "Looked at"}}}
	for _, x := range slices.Backward(v.Reviews) {
		c := ui.Cell{Text: map[string]string{"keep": "kept", "conditions": "kept under conditions", "end": "not to be used"}[x.Conclusion], Meta: x.Conditions, Bad: x.Conclusion == "end"}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: string(x.Made.Day)}, Cells: []ui.Cell{{Text: screen.Who(p.names, x.Made.By), Meta: opt("in place of a second person: ", x.Compensation)}, c, {Text: x.Looked}}})
	}
	verbs := []string{"review"}
	if v.State == vendor.Asked || v.State == vendor.InUse {
		verbs = append(verbs, "approve")
	}
	if v.State == vendor.Asked || v.State == vendor.Approved {
		verbs = append(verbs, "refuse")
	}
	return ui.Block{ID: "decisions", Title: "Reviews and decisions", Table: &t, None: "Nobody has reviewed it yet.", Forms: p.offer(append(verbs, "engage", "classify")...)}
}

func (p *page) contracts() ui.Block {
	t := ui.Table{Caption: "Contracts", Columns: []ui.Column{{Text: "Contract"}, {Text: "From"}, {Text: "To"}, {Text: "Promises"}}}
	for _, x := range slices.Backward(p.v.Contracts) {
		to := ui.Cell{Text: screen.OrElse(string(x.To), "open-ended")}
		if by := x.NoticeBy(); by != "" {
			to.Meta = "renews unless ended by " + string(by)
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: x.Title}, Meta: x.Where, Cells: []ui.Cell{{Text: string(x.From)}, to, {Text: strings.Join(x.Promises(), "; ")}}})
	}
	return ui.Block{ID: "contracts", Title: "Contracts", Table: &t, None: "None is recorded.", Forms: p.offer("contract")}
}

func (p *page) questionnaires() ui.Block {
	v := p.v
	b := ui.Block{ID: "questionnaires", Title: "Questionnaires", None: "It has answered none.", Forms: p.offer("send")}
	t := ui.Table{Caption: "What the newest answers raise", Columns: []ui.Column{{Text: "Question"}, {Text: "Answer"}, {Text: "What it means for us"}}}
	if n := len(v.Answered); n > 0 {
		x := v.Answered[n-1]
		b.Text = []string{fmt.Sprintf("The %s questionnaire was answered on %s by %s.", x.Form, x.On, x.By)}
		b.None = "No answer raises anything."
		for _, g := range x.Open {
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: g.Ask}, Cells: []ui.Cell{{Text: g.Answer, Meta: g.Note}, {Text: g.Means}}})
		}
	}
	b.Table = &t
	if v.Asking != nil {
		b.Text = append(b.Text, fmt.Sprintf("The %s questionnaire was sent to %s and is due on %s.", v.Asking.Form, v.Asking.To, v.Asking.Due))
	}
	if p.running() && p.r.May(access.VendorEdit) {
		b.Links = []ui.Link{{Text: "Enter its answers", Href: "/vendors/" + v.Ref() + "/questionnaire"}}
	}
	return b
}

func (p *page) reports() ui.Block {
	t := ui.Table{Caption: "Reports and certificates, newest first", Columns: []ui.Column{{Text: "Report"}, {Text: "Opinion"}, {Text: "Deviations", N: true}, {Text: "Letters", N: true}, {Text: "Reviewed"}}}
	for _, x := range slices.Backward(p.v.Reports) {
		reviewed := ui.Cell{Text: "not yet", Bad: true}
		if x.Review != nil {
			reviewed = ui.Cell{Text: string(x.Review.Made.Day), Meta: map[string]string{"rely": "can be relied on", "in_part": "can be relied on in part", "not": "cannot be relied on"}[x.Review.Conclusion]}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: x.Title(), Href: fmt.Sprintf("/vendors/%s/reports/%d", p.v.Ref(), x.Number)}, Meta: x.Issuer,
			Cells: []ui.Cell{{Text: x.Opinion}, {Text: strconv.Itoa(len(x.Deviations)), N: true}, {Text: strconv.Itoa(len(x.Letters)), N: true}, reviewed}})
	}
	return ui.Block{ID: "reports", Title: "Reports and certificates", Table: &t, None: "None is recorded.", Forms: p.offer("report")}
}

func (p *page) duties() ui.Block {
	var numbers []int
	for _, d := range p.v.Duties {
		if !d.Gone {
			numbers = append(numbers, d.Number)
		}
	}
	t := dutyTable(p.v, numbers, p.status)
	return ui.Block{ID: "expects", Title: "Controls that it expects of us", Table: &t, None: "None is known.", Forms: p.offer("duty", "map-duty")}
}

func (p *page) assumed() ui.Block {
	t := ui.Table{Caption: "Controls that we assume there", Columns: []ui.Column{{Text: "Control"}, {Text: "Criteria"}, {Text: "How we watch it"}, {Text: "Our controls that watch it"}}}
	for _, a := range p.v.Assumed {
		if !a.Ended {
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d. %s", a.Number, a.Text)}, Cells: []ui.Cell{{Links: criteria(a.Criteria)}, {Text: a.How}, controls(a.Controls, p.status)}})
		}
	}
	b := ui.Block{ID: "assumed", Title: "Controls that we assume there", Table: &t, None: "Only of a subservice organisation can controls be assumed."}
	if p.v.Subservice() {
		b.None = "None is recorded."
		b.Forms = p.offer("assume", "assume-end")
	}
	return b
}

func (p *page) accesses() ui.Block {
	kinds := map[string]string{}
	for _, k := range vendor.AccessKinds() {
		kinds[k[0]] = k[1]
	}
	t := ui.Table{Caption: "Accounts and keys", Columns: []ui.Column{{Text: "Account or key"}, {Text: "Kind"}, {Text: "May"}, {Text: "Since"}, {Text: "Removed"}}}
	for _, a := range p.v.Accesses {
		gone := ui.Cell{Text: "no"}
		if a.Ended != nil {
			gone = ui.Cell{Text: string(a.Ended.On), Meta: a.Ended.Proof}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.System + ": " + a.Name}, Cells: []ui.Cell{{Text: kinds[a.Is]}, {Text: a.May}, {Text: string(a.Since)}, gone}})
	}
	return ui.Block{ID: "accesses", Title: "Accounts and keys that it holds", Table: &t, None: "It holds none, as far as is recorded.", Forms: p.offer("access", "access-end")}
}

func (p *page) incidents() ui.Block {
	t := ui.Table{Caption: "Incidents", Columns: []ui.Column{{Text: "Incident"}, {Text: "We were told"}, {Text: "As promised"}, {Text: "For us"}, {Text: "Closed"}}}
	for _, i := range slices.Backward(p.v.Incidents) {
		outcome, why := i.Promise()
		effect, closed := ui.Cell{Text: i.Effect}, ui.Cell{Text: "not yet", Bad: true}
		if i.Data {
			effect.Meta = "our data is concerned"
		}
		if i.Closed != nil {
			closed = ui.Cell{Text: string(i.Closed.Made.Day), Meta: i.Closed.Note}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d. %s", i.Number, i.What)}, Cells: []ui.Cell{{Moment: p.r.Words.At(i.Told)}, {Outcome: ui.Outcome(outcome), Meta: why}, effect, closed}})
	}
	return ui.Block{ID: "incidents", Title: "Incidents there", Table: &t, None: "None is known.", Forms: p.offer("incident", "incident-close")}
}

func (p *page) end() ui.Block {
	b := ui.Block{ID: "end", Title: "The end"}
	switch v := p.v; v.State {
	case vendor.InUse:
		b.Text, b.Forms = []string{"It is in use. When it is no more, its accounts are removed and what became of our data is shown before the relationship is ended."}, p.offer("leave")
	case vendor.Leaving:
		b.Text, b.Forms = []string{fmt.Sprintf("To be ended on %s: %s", v.LeavingFor.Last, v.LeavingFor.Reason)}, p.offer("data-end", "end")
	case vendor.Ended:
		b.Text = []string{"It ended on " + string(v.EndedOn) + "."}
	default:
		b.Text = []string{"It was never in use."}
	}
	if d := p.v.DataGone; d != nil {
		b.Facts = []ui.Fact{{Term: "Our data", Text: strings.ReplaceAll(d.How, "_", " ") + " on " + string(d.On)}, {Term: "Shown by", Text: d.Proof}}
	}
	return b
}
