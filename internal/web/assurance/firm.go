package assurance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var firmSteps = map[string]string{"proposed": "proposed", "described": "described anew", "verified": "licence and peer review looked up", "answered": "questions on independence answered", "engaged": "engaged", "refused": "decided against", "letter": "engagement letter recorded", "ended": "ended"}

func (s *site) firmRows(r *screen.Request) (shown, all []firm.Object, err error) {
	st := r.URL.Query().Get("state")
	if st != "" && !slices.Contains(firm.States(), firm.State(st)) {
		return nil, nil, fault.New(fault.Invalid, "%q is no state of a firm", st)
	}
	if all, _, err = s.cfg.Firms.List(r.Context(), r.Who, journal.Filter{}); err != nil {
		return nil, nil, err
	}
	for _, o := range all {
		if st == "" || string(o.Content.State) == st {
			shown = append(shown, o)
		}
	}
	return shown, all, nil
}

func (s *site) firmList() screen.List {
	return screen.Declare(screen.List{Name: "firms", Title: "Audit firms", Pattern: "GET /firms", Action: access.FirmRead}, screen.Whole(func(r *screen.Request) ([]firm.Object, error) {
		shown, _, err := s.firmRows(r)
		return shown, err
	}), func(o firm.Object) []string { return []string{o.Content.Proposer, o.Content.Decider} },
		screen.Column[firm.Object]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, o firm.Object) any { return o.Ref }},
		screen.Column[firm.Object]{Key: "name", Title: "Firm", Head: "=", Width: 30, Value: func(_ *screen.Cells, o firm.Object) any { return o.Content.Name }},
		screen.Column[firm.Object]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, o firm.Object) any { return string(o.Content.State) }},
		screen.Column[firm.Object]{Key: "licence", Title: "Licence", Head: "=", Value: func(_ *screen.Cells, o firm.Object) any { return licence(o.Content) }},
		screen.Column[firm.Object]{Key: "peer_review", Title: "Peer review", Head: "=", Value: func(_ *screen.Cells, o firm.Object) any { return review(o.Content) }},
		screen.Column[firm.Object]{Key: "independence", Title: "Independence", Head: "=", Value: func(_ *screen.Cells, o firm.Object) any { return independence(o.Content) }},
		screen.Column[firm.Object]{Key: "fee", Title: "Fee", Value: func(_ *screen.Cells, o firm.Object) any { return o.Content.Fee }},
		screen.Column[firm.Object]{Key: "why", Title: "Why", Width: 40, Value: func(_ *screen.Cells, o firm.Object) any { return o.Content.Why }},
		screen.Column[firm.Object]{Key: "proposed_by", Title: "Proposed by", Width: 24, Value: func(c *screen.Cells, o firm.Object) any { return c.Name(o.Content.Proposer) }},
		screen.Column[firm.Object]{Key: "decided_by", Title: "Decided by", Width: 24, Value: func(c *screen.Cells, o firm.Object) any { return c.Name(o.Content.Decider) }})
}

func licence(f firm.Firm) string {
	switch {
	case f.Licence == nil:
		return "not looked up"
	case f.Licence.Until != "":
		return f.Licence.Number + ", until " + f.Licence.Until
	}
	return f.Licence.Number
}

func review(f firm.Firm) string {
	if f.Licence == nil {
		return "not looked up"
	}
	return strings.TrimSpace(f.Licence.PeerReview.Words() + " " + f.Licence.PeerYear)
}

func independence(f firm.Firm) string {
	if n := len(firm.Questions()) - len(f.Answers); n > 0 {
		return ui.Many(n, "question is open", "questions are open")
	}
	if n := len(f.Threats()); n > 0 {
		return ui.Many(n, "threat, made up for", "threats, made up for")
	}
	return "no threat"
}

// firms answers: who examines us, and why them?
func (s *site) firms(w http.ResponseWriter, r *screen.Request) error {
	shown, all, err := s.firmRows(r)
	if err != nil {
		return err
	}
	counts := map[string]int64{}
	for _, o := range all {
		counts[string(o.Content.State)]++
	}
	v := ui.ListView{Title: ui.Many(int(counts[string(firm.Engaged)]), "audit firm is", "audit firms are") + " engaged", Note: "An examination is as good as whoever does it: licensed, reviewed by peers, and independent of you and of the tools you use.", Labels: []string{"State"},
		Chips: [][]ui.Chip{chips(r, "/firms", counts, firm.States(), func(s firm.State) string { return string(s) })}, Undo: "/firms", None: "No firm matches."}
	if r.May(access.FirmEdit) {
		v.Action = ui.Link{Text: "Propose a firm", Href: "/firms/new"}
	}
	if len(all) == 0 {
		v.Title = "No audit firm was looked at yet"
		v.Empty = &ui.Empty{Title: "Look at two or three", Text: "For each: what it has examined that is like you, its licence as the board that issued it says, its newest peer review, and the questions on independence. Somebody other than whoever proposed it engages it.",
			Criteria: []ui.Link{{Text: "CC4.1", Href: "/criteria/CC4.1"}}, Until: "Until then nobody can say why this auditor and not another."}
		if r.May(access.FirmEdit) {
			v.Empty.Actions = []ui.Link{v.Action}
		}
	}
	v.Table = ui.Table{Caption: "Audit firms, newest first", Columns: []ui.Column{{Text: "Firm"}, {Text: "State"}, {Text: "Licence"}, {Text: "Peer review"}, {Text: "Independence"}}}
	for _, o := range shown {
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: o.Content.Name, Href: "/firms/" + o.Ref}, Meta: o.Ref, Cells: []ui.Cell{{Text: string(o.Content.State)}, {Text: licence(o.Content), Muted: o.Content.Licence == nil}, {Text: review(o.Content), Muted: o.Content.Licence == nil}, {Text: independence(o.Content)}}})
	}
	v.Table.Pager = screen.Pager(len(shown), int64(len(shown)), r.URL.Query(), "/firms", "")
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Audit firms", "Audit", "Audit firms"), v))
}

func profileFields(p firm.Profile) []ui.Field {
	return []ui.Field{{Name: "name", Label: "What is it called?", Value: p.Name, Must: true}, {Name: "contact", Label: "Contact there", Value: p.Contact}, {Name: "experience", Label: "What has it examined that is like us?", Kind: "long", Value: p.Experience, Must: true},
		{Name: "fee", Label: "Fee", Hint: "In words, with the currency.", Value: p.Fee}, {Name: "why", Label: "What speaks for it, and against?", Kind: "long", Value: p.Why, Must: true}}
}

func profileOf(v url.Values) firm.Profile {
	return firm.Profile{Name: v.Get("name"), Contact: v.Get("contact"), Experience: v.Get("experience"), Fee: v.Get("fee"), Why: v.Get("why")}
}

func (s *site) proposeForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showPropose(w, r, nil)
}

func (s *site) showPropose(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "propose", Action: "/firms/new", Button: "Propose it", Fields: profileFields(firm.Profile{})}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Propose an audit firm", "Audit", "Audit firms"), ui.FormView{Crumbs: []ui.Link{{Text: "Audit firms", Href: "/firms"}, {Text: "Propose one"}}, Title: "Propose an audit firm", Note: "Licence, peer review and independence come next; then somebody else engages it.", Form: f}))
}

func (s *site) propose(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firms.Propose(r.Context(), r.Who, profileOf(r.PostForm))
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPropose(w, r, t)
	}
	return r.Done(w, o.Content.Name+" is proposed.", "/firms/"+o.Ref)
}

func (s *site) firm(w http.ResponseWriter, r *screen.Request) error { return s.showFirm(w, r, "", nil) }

func (s *site) showFirm(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed) error {
	o, err := s.cfg.Firms.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	today, err := s.cfg.Firms.Today(r.Context())
	if err != nil {
		return err
	}
	f, path := o.Content, "/firms/"+o.Ref
	who := append(makers(o), f.Proposer, f.Decider)
	if f.Licence != nil {
		who = append(who, f.Licence.By)
	}
	names := r.Names(who)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Audit firms", Href: "/firms"}, {Text: o.Ref}}, Title: f.Name, State: string(f.State), FactsOf: "The firm", History: history(r, names, o, firmSteps), Zone: "times in " + r.Words.Zone.String(), Line: []string{o.Ref, "proposed by " + screen.Who(names, f.Proposer)}}
	rec.Facts = []ui.Fact{{Term: "Has examined", Text: f.Experience}, {Term: "For and against", Text: f.Why}}
	if f.Contact != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Contact", Text: f.Contact})
	}
	if f.Fee != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Fee", Text: f.Fee})
	}
	if f.Alone != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "In place of a second person", Text: f.Alone})
	}
	missing := f.Missing(today)
	over := f.State == firm.Refused || f.State == firm.Ended
	if f.State == firm.Considered {
		if len(missing) > 0 {
			rec.Notice, rec.Warn = "Before it can be engaged: "+strings.Join(missing, "; ")+".", true
		} else if r.May(access.FirmDecide) {
			rec.Action = ui.Form{ID: "engage", Action: path + "/decide", Summary: "Engage it", Button: "Engage it", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "engage"}, long("note", "Why this one?", "", true)}}
			if err := s.alone(r, f.Proposer, access.FirmDecide, &rec.Action); err != nil {
				return err
			}
			if rec.Action.Action == "" {
				rec.Notice = "Whoever proposed it does not engage it: ask somebody else who may."
			}
		}
	} else if !over && len(missing) > 0 {
		rec.Bad = strings.Join(missing, "; ")
	}
	fill := func(x ui.Form) ui.Form {
		if x.ID == which {
			typed.Fill(&x)
		}
		return x
	}
	rec.Action = fill(rec.Action)
	lic := ui.Block{ID: "licence", Title: "Licence and peer review", Text: []string{"Nobody looked them up yet."}}
	if l := f.Licence; l != nil {
		lic.Text = nil
		lic.Facts = []ui.Fact{{Term: "Licence", Text: l.Number + ", " + l.Issuer}, {Term: "Until", Text: screen.OrElse(l.Until, "not limited")}, {Term: "Peer review", Text: review(f)}, {Term: "Looked up", Text: r.Words.Date(l.At) + " by " + screen.Who(names, l.By) + ", at " + l.Where}}
		if l.PeerNote != "" {
			lic.Facts = append(lic.Facts, ui.Fact{Term: "What the review found", Text: l.PeerNote})
		}
	}
	reviews := [][2]string{{"", "Choose one"}}
	for _, p := range firm.PeerReviews() {
		reviews = append(reviews, [2]string{string(p), screen.Capital(p.Words())})
	}
	if r.May(access.FirmEdit) && !over {
		lic.Forms = []ui.Form{fill(ui.Form{ID: "verify", Action: path + "/keep", Summary: "Record what was looked up", Button: "Record it", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "verify"}, {Name: "number", Label: "Licence number", Must: true}, {Name: "issuer", Label: "Issued by", Must: true},
			{Name: "where", Label: "Where was it looked up?", Hint: "At the board itself, not on the firm's site.", Must: true}, {Name: "until", Label: "Valid until", Kind: "date"}, {Name: "peer_review", Label: "Newest peer review", Kind: "select", Options: options("", reviews...), Must: true}, {Name: "peer_review_year", Label: "Its year"}, long("peer_review_note", "What did it find?", "Where it is no pass: and why the firm is considered all the same.", false)}})}
	}
	ind := ui.Block{ID: "independence", Title: "Independence", Meta: independence(f), Links: []ui.Link{{Text: "The questions and their answers", Href: path + "/independence"}}}
	threats := ui.Table{Caption: "Threats and what makes up for them", Columns: []ui.Column{{Text: "Question"}, {Text: "Threat"}, {Text: "What makes up for it"}}}
	for _, q := range f.Threats() {
		threats.Rows = append(threats.Rows, ui.TableRow{Head: ui.Link{Text: q.Ask}, Cells: []ui.Cell{{Text: q.Kind}, {Text: f.Answers[q.ID].Safeguard}}})
	}
	ind.Table, ind.None = &threats, "No answer is a threat."
	if len(f.Answers) == 0 {
		ind.None = "Nobody answered them yet."
	}
	letters := ui.Table{Caption: "Engagement letters", Columns: []ui.Column{{Text: "Signed"}, {Text: "By"}, {Text: "Covers"}, {Text: "Where it lies"}}}
	for _, l := range slices.Backward(f.Letters) {
		c := ui.Cell{Text: l.Covers}
		if l.Engagement > 0 {
			c.Links = []ui.Link{{Text: "engagement " + strconv.Itoa(l.Engagement), Href: "/engagements/" + strconv.Itoa(l.Engagement)}}
		}
		letters.Rows = append(letters.Rows, ui.TableRow{Head: ui.Link{Text: l.Signed}, Cells: []ui.Cell{{Text: l.By}, c, {Text: l.Where}}})
	}
	let := ui.Block{ID: "letters", Title: "Engagement letters", Table: &letters, None: "None is recorded."}
	if r.May(access.FirmEdit) && f.State == firm.Engaged {
		let.Forms = []ui.Form{fill(ui.Form{ID: "letter", Action: path + "/keep", Summary: "Record a letter", Button: "Record it", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "letter"}, {Name: "signed", Label: "Signed by both on", Kind: "date", Must: true}, {Name: "by", Label: "Who signed for us?", Must: true}, {Name: "engagement", Label: "Number of the engagement"},
			long("covers", "What does it cover?", "Type, period, categories, subservice organisations.", true), {Name: "where", Label: "Where does it lie?", Hint: "The number of the evidence, E-12.", Must: true}}})}
	}
	rec.Blocks = []ui.Block{lic, ind, let}
	var more []ui.Form
	if r.May(access.FirmEdit) && !over {
		more = append(more, fill(ui.Form{ID: "describe", Action: path + "/keep", Summary: "Describe it anew", Button: "Record it", Quiet: true, Fields: append([]ui.Field{{Name: "do", Kind: "hidden", Value: "describe"}}, profileFields(f.Profile)...)}))
	}
	if r.May(access.FirmDecide) && f.State == firm.Considered {
		more = append(more, fill(ui.Form{ID: "refuse", Action: path + "/decide", Summary: "Decide against it", Button: "Decide against it", Danger: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "refuse"}, long("note", "Why?", "", true)}}))
	}
	if r.May(access.FirmDecide) && f.State == firm.Engaged {
		more = append(more, fill(ui.Form{ID: "end", Action: path + "/decide", Summary: "End the relationship", Button: "End it", Danger: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "end"}, long("note", "Why?", "", true)}}))
	}
	if len(more) > 0 {
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: more})
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, f.Name, "Audit", "Audit firms"), rec))
}

func (s *site) keep(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	var err error
	do := v.Get("do")
	switch do {
	case "describe":
		_, err = s.cfg.Firms.Describe(r.Context(), r.Who, ref, profileOf(v), "")
	case "verify":
		_, err = s.cfg.Firms.Verify(r.Context(), r.Who, ref, firm.Licence{Number: v.Get("number"), Issuer: v.Get("issuer"), Where: v.Get("where"), Until: v.Get("until"), PeerReview: firm.PeerReview(v.Get("peer_review")), PeerYear: v.Get("peer_review_year"), PeerNote: v.Get("peer_review_note")})
	case "letter":
		l := firm.Letter{Signed: v.Get("signed"), By: v.Get("by"), Covers: v.Get("covers"), Where: v.Get("where")}
		if l.Engagement, err = number(v.Get("engagement"), "engagement"); err == nil {
			_, err = s.cfg.Firms.Sign(r.Context(), r.Who, ref, l)
		}
	default:
		err = fault.New(fault.Invalid, "nothing of a firm is called %q", do)
	}
	return s.afterFirm(w, r, do, "Recorded.", err)
}

// number reads a number that need not be there.
func number(text, field string) (int, error) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "%q is no number", text).At("", 0, field)
	}
	return n, nil
}

func (s *site) afterFirm(w http.ResponseWriter, r *screen.Request, which, said string, err error) error {
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showFirm(w, r, which, t)
	}
	return r.Done(w, said, "/firms/"+r.PathValue("ref"))
}

func (s *site) decide(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	var err error
	said, do := "Recorded.", v.Get("do")
	switch do {
	case "engage":
		_, err = s.cfg.Firms.Engage(r.Context(), r.Who, ref, v.Get("note"), v.Get("compensation"))
		said = "It is engaged."
	case "refuse":
		_, err = s.cfg.Firms.Refuse(r.Context(), r.Who, ref, v.Get("note"))
	case "end":
		_, err = s.cfg.Firms.End(r.Context(), r.Who, ref, v.Get("note"))
	default:
		err = fault.New(fault.Invalid, "nothing of a firm is called %q", do)
	}
	return s.afterFirm(w, r, do, said, err)
}

func (s *site) independence(w http.ResponseWriter, r *screen.Request) error {
	return s.showIndependence(w, r, nil)
}

func (s *site) showIndependence(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	o, err := s.cfg.Firms.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	f := ui.Form{ID: "independence", Button: "Record the answers"}
	if r.May(access.FirmEdit) && (o.Content.State == firm.Considered || o.Content.State == firm.Engaged) {
		f.Action = "/firms/" + o.Ref + "/independence"
	}
	for _, q := range firm.Questions() {
		a, ok := o.Content.Answers[q.ID]
		chosen := ""
		if ok {
			chosen = map[bool]string{true: "yes", false: "no"}[a.Threat]
		}
		f.Fields = append(f.Fields, ui.Field{Name: "answer-" + q.ID, Label: q.Ask, Hint: "Yes would be a threat: " + q.Kind + ".", Kind: "select", Options: options(chosen, [2]string{"", "Not known yet"}, [2]string{"no", "No"}, [2]string{"yes", "Yes"})},
			ui.Field{Name: "safeguard-" + q.ID, Label: "If yes: what makes up for it?", Value: a.Safeguard})
	}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Independence of "+o.Content.Name, "Audit", "Audit firms"), ui.FormView{Crumbs: []ui.Link{{Text: "Audit firms", Href: "/firms"}, {Text: o.Ref, Href: "/firms/" + o.Ref}, {Text: "Independence"}}, Title: "Is " + o.Content.Name + " independent?", Note: fmt.Sprintf("%d questions. Ask the firm, and answer for yourselves.", len(firm.Questions())), Form: f}))
}

func (s *site) answer(w http.ResponseWriter, r *screen.Request) error {
	answers := map[string]firm.Answer{}
	for _, q := range firm.Questions() {
		if a := r.PostForm.Get("answer-" + q.ID); a != "" {
			answers[q.ID] = firm.Answer{Threat: a == "yes", Safeguard: r.PostForm.Get("safeguard-" + q.ID)}
		}
	}
	if _, err := s.cfg.Firms.Answer(r.Context(), r.Who, r.PathValue("ref"), answers); err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showIndependence(w, r, t)
	}
	return r.Done(w, "The answers are recorded.", "/firms/"+r.PathValue("ref"))
}
