package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/ui"
)

// problem makes an invalid field, or a conflict, words beside a form; every
// other error stays one.
func problem(err error) (ui.Problem, error) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return ui.Problem{}, err
	}
	p := ui.Problem{Field: f.Field, Text: sentence(f.Message)}
	if f.Hint != "" {
		p.Text += " " + sentence(f.Hint)
	}
	return p, nil
}

func engagementPath(n int, rest ...string) string {
	p := "/engagements/" + strconv.Itoa(n)
	for _, r := range rest {
		p += "/" + url.PathEscape(r)
	}
	return p
}

// engagements answers: which examinations are there, and where does each stand?
func (s *Site) engagements(w http.ResponseWriter, r *request) error {
	list, err := s.cfg.Engagements.List(r.Context(), r.who)
	if err != nil {
		return err
	}
	v := ui.EngagementsView{Title: many(len(list), "engagement", "engagements")}
	if access.May(r.who.Role, access.EngagementEdit) {
		v.New = "/engagements/new"
	}
	open := 0
	for _, g := range list {
		requests, err := s.cfg.Engagements.Requests(r.Context(), r.who, g.Number)
		if err != nil {
			return err
		}
		row := engagementRow(r, g, requests)
		if g.State != engagement.Closed {
			open++
		}
		v.Rows = append(v.Rows, row)
	}
	if open > 0 && len(list) > 1 {
		v.Title += fmt.Sprintf(", %d under way", open)
	}
	if len(list) == 0 {
		v.Title = "Engagements"
		v.Empty = &ui.Empty{Title: "No examination is set up yet", Text: "An engagement is one examination by an auditor: as of a date (type 1) or over a window (type 2). It holds the auditor's request list, the populations that are frozen for it, and the evidence package.",
			Until: "Until there is one, evidence is collected all the same."}
		if v.New != "" {
			v.Empty.Actions = []ui.Link{{Text: "Set up an engagement", Href: v.New}, {Text: "See the populations", Href: "/populations"}}
		} else if r.who.Role == access.Auditor {
			v.Empty.Title, v.Empty.Text, v.Empty.Until = "No engagement names you yet", "You see the engagements that name you as an auditor. Ask whoever invited you to add you.", ""
		}
	}
	return s.render(w, r, http.StatusOK, ui.Engagements(s.shell(w, r, v.Title, "Audit", "Engagements"), v))
}

func engagementRow(r *request, g engagement.Engagement, requests []engagement.Request) ui.EngagementRow {
	row := ui.EngagementRow{Link: ui.Link{Text: g.Title, Href: engagementPath(g.Number)}, Type: fmt.Sprintf("type %d", g.Type), Period: g.Period(), Categories: scope.CategoryWords(g.Categories), Firm: g.Firm, State: string(g.State), Requests: "none yet"}
	n := g.Count(requests, r.now)
	if n.All > 0 {
		row.Requests = fmt.Sprintf("%d of %d accepted", n.Accepted, n.All)
	}
	if n.Late > 0 {
		row.Late = fmt.Sprintf("%d late", n.Late)
	}
	return row
}

// engagementForm reads what the form says.
func engagementForm(r *request) engagement.Content {
	c := engagement.Content{Title: r.PostFormValue("title"), From: strings.TrimSpace(r.PostFormValue("from")), To: strings.TrimSpace(r.PostFormValue("to")), Zone: strings.TrimSpace(r.PostFormValue("zone")),
		Firm: r.PostFormValue("firm"), Note: r.PostFormValue("note"), State: engagement.State(r.PostFormValue("state")), Auditors: r.PostForm["auditor"]}
	c.Type, _ = strconv.Atoi(r.PostFormValue("type")) // 0 is no type, and refused as such
	for _, k := range r.PostForm["category"] {
		c.Categories = append(c.Categories, catalog.Category(k))
	}
	return c
}

// newEngagement is the form, filled with what the scope says.
func (s *Site) newEngagement(w http.ResponseWriter, r *request) error {
	holds, err := s.cfg.Scopes.Now(r.Context())
	if err != nil {
		return err
	}
	c := engagement.FromScope(holds)
	if c.Type == 1 {
		c.To = ""
	}
	return s.engagementPage(w, r, http.StatusOK, c, engagement.Engagement{}, ui.Problem{})
}

func (s *Site) engagementPage(w http.ResponseWriter, r *request, status int, c engagement.Content, have engagement.Engagement, bad ui.Problem) error {
	v := ui.EngagementForm{Title: "Set up an engagement", Crumb: "New", Action: "/engagements/new", Button: "Set up the engagement", Problem: bad,
		Name: c.Title, Type: strconv.Itoa(c.Type), From: c.From, To: c.To, Zone: c.Zone, Firm: c.Firm, Note: c.Note}
	if have.Number > 0 {
		n := strconv.Itoa(have.Number)
		v.Title, v.Crumb, v.Action, v.Button, v.Version = "Change engagement "+n, "Engagement "+n, engagementPath(have.Number, "change"), "Save version "+strconv.Itoa(have.Version+1), strconv.Itoa(have.Version)
		for _, st := range engagement.States() {
			v.States = append(v.States, ui.Option{Value: string(st), Text: string(st), Selected: st == c.State})
		}
	}
	holds, err := s.cfg.Scopes.Now(r.Context())
	if err != nil {
		return err
	}
	for _, k := range catalog.Categories() {
		note := ""
		if !holds.Has(k) {
			note = fmt.Sprintf("Version %d of the scope leaves it out.", holds.Version)
		}
		v.Categories = append(v.Categories, ui.Choice{Value: string(k), Text: capital(k.Words()), Note: note, On: k == catalog.Security || slices.Contains(c.Categories, k), Fixed: k == catalog.Security})
	}
	users, err := s.cfg.Access.Users(r.Context(), r.who)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Role == access.Auditor {
			v.Auditors = append(v.Auditors, ui.Choice{Value: u.ID, Text: u.Name, On: slices.Contains(c.Auditors, u.ID)})
		}
	}
	return s.render(w, r, status, ui.EngagementEdit(s.shell(w, r, v.Title, "Audit", "Engagements"), v))
}

func (s *Site) createEngagement(w http.ResponseWriter, r *request) error {
	c := engagementForm(r)
	holds, err := s.cfg.Scopes.Now(r.Context())
	if err != nil {
		return err
	}
	c.Scope = holds.Version
	var g engagement.Engagement
	if err = s.checkAuditors(r, c); err == nil {
		g, err = s.cfg.Engagements.Create(r.Context(), r.who, c)
	}
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.engagementPage(w, r, http.StatusUnprocessableEntity, c, engagement.Engagement{}, bad)
	}
	s.flash(w, "The engagement is set up. It is an entry in the ledger.")
	http.Redirect(w, r.Request, engagementPath(g.Number), http.StatusSeeOther)
	return nil
}

func (s *Site) checkAuditors(r *request, c engagement.Content) error {
	if len(c.Auditors) == 0 {
		return nil
	}
	users, err := s.cfg.Access.Users(r.Context(), r.who)
	if err != nil {
		return err
	}
	return c.CheckAuditors(users)
}

// engagementOf gives the engagement that the address names.
func (s *Site) engagementOf(r *request) (engagement.Engagement, error) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return engagement.Engagement{}, fault.New(fault.NotFound, "there is no engagement %q", r.PathValue("number"))
	}
	return s.cfg.Engagements.Get(r.Context(), r.who, n)
}

func (s *Site) changeEngagementForm(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	g.Note = ""
	return s.engagementPage(w, r, http.StatusOK, g.Content, g, ui.Problem{})
}

func (s *Site) changeEngagement(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	c := engagementForm(r)
	c.Scope = g.Scope
	base, err := strconv.Atoi(r.PostFormValue("version"))
	if err != nil {
		return fault.New(fault.Invalid, "the form does not say which version it changes").WithHint("open it again")
	}
	if err = s.checkAuditors(r, c); err == nil {
		_, err = s.cfg.Engagements.Change(r.Context(), r.who, g.Number, base, c)
	}
	if err != nil {
		bad, err := problem(err)
		if err != nil {
			return err
		}
		return s.engagementPage(w, r, http.StatusUnprocessableEntity, c, g, bad)
	}
	s.flash(w, "Saved. The earlier version stays in the engagement's history.")
	http.Redirect(w, r.Request, engagementPath(g.Number), http.StatusSeeOther)
	return nil
}

// window draws the engagement's window; nil for a type 1.
func (s *Site) window(r *request, g engagement.Engagement) *ui.WindowView {
	if g.Type != 2 {
		return nil
	}
	from, to := g.Window()
	total := to.Sub(from)
	v := &ui.WindowView{First: from.Format("2 Jan 2006"), Last: to.Add(-time.Microsecond).Format("2 Jan 2006")}
	permille := func(t time.Time) int64 { return int64(1000 * t.Sub(from).Seconds() / total.Seconds()) } // nanoseconds times 1000 would not fit
	days := func(d time.Duration) int { return int((d + 12*time.Hour) / (24 * time.Hour)) }
	switch {
	case r.now.Before(from):
		v.Label = fmt.Sprintf("The window begins in %s", many(days(from.Sub(r.now))+1, "day", "days"))
	case !r.now.Before(to):
		v.Gone, v.Label = 1000, "The window has ended"
	default:
		v.Gone = permille(r.now)
		y, m, d := r.now.In(from.Location()).Date()
		n := days(time.Date(y, m, d, 12, 0, 0, 0, from.Location()).Sub(from))
		if n == 0 {
			n = 1
		}
		v.Today = fmt.Sprintf("day %d of %d", n, days(total))
		v.Label = "Window: " + v.Today
	}
	for m := time.Date(from.Year(), from.Month()+1, 1, 0, 0, 0, 0, from.Location()); m.Before(to); m = m.AddDate(0, 1, 0) {
		v.Months = append(v.Months, ui.WindowMonth{Name: m.Format("Jan"), At: permille(m)})
	}
	for len(v.Months) > 14 { // a long window: every second, so that names do not touch
		kept := v.Months[:0]
		for i := range v.Months {
			if i%2 == 0 {
				kept = append(kept, v.Months[i])
			}
		}
		v.Months = kept
	}
	return v
}

// engagement answers: can the auditor finish without a meeting?
func (s *Site) engagement(w http.ResponseWriter, r *request) error {
	g, err := s.engagementOf(r)
	if err != nil {
		return err
	}
	return s.engagementRoom(w, r, http.StatusOK, g, ui.Problem{})
}

func (s *Site) engagementRoom(w http.ResponseWriter, r *request, status int, g engagement.Engagement, bad ui.Problem) error {
	ctx := r.Context()
	requests, err := s.cfg.Engagements.Requests(ctx, r.who, g.Number)
	if err != nil {
		return err
	}
	here := engagementPath(g.Number)
	v := ui.EngagementView{Title: g.Title, Number: strconv.Itoa(g.Number), All: len(requests), Window: s.window(r, g), Problem: bad, Undo: here, Typed: map[string]string{},
		Line:   []string{fmt.Sprintf("type %d, %s", g.Type, g.Period()), scope.CategoryWords(g.Categories), fmt.Sprintf("scope version %d", g.Scope), string(g.State), "days in " + g.Zone},
		Export: ui.Link{Text: "All " + strconv.Itoa(len(requests)) + " as a workbook", Href: here + "/requests.xlsx"}}
	if v.Flags, err = s.engagementFlags(r, g); err != nil {
		return err
	}
	if g.Type == 2 && access.May(r.who.Role, access.EvidenceRead) {
		v.Timeline = "/timeline?engagement=" + v.Number
	}
	if g.Firm != "" {
		v.Line = append([]string{g.Firm}, v.Line...)
	}
	for _, k := range []string{"ref", "text", "due"} {
		v.Typed[k] = r.PostFormValue(k)
	}
	open := g.State != engagement.Closed
	if access.May(r.who.Role, access.EngagementEdit) {
		v.Edit = here + "/change"
	}
	if access.May(r.who.Role, access.RequestAnswer) && open {
		v.Import, v.Ask = here+"/requests/import", here+"/requests"
	}
	if books, err := s.cfg.Engagements.Workbooks(ctx, r.who, g.Number); err != nil {
		return err
	} else if len(books) > 0 {
		v.Workbook = ui.Link{Text: books[len(books)-1].Name + " with our answers", Href: here + "/requests.xlsx?form=theirs"}
	}
	if err := s.requestRows(r, g, requests, &v); err != nil {
		return err
	}
	if err := s.exhibits(r, g, requests, &v, open); err != nil {
		return err
	}
	if err := s.packages(r, g, &v); err != nil {
		return err
	}
	history, err := s.cfg.Engagements.History(ctx, r.who, g.Number)
	if err != nil {
		return err
	}
	var by []string
	for _, h := range history {
		by = append(by, h.Made.By)
	}
	names := s.names(ctx, by)
	for i, h := range slices.Backward(history) {
		st := ui.Step{At: r.words.at(h.Made.At), Text: "Set up: " + h.Period(), By: names[h.Made.By], Entry: entryLink(h.Made.Entry, h.Made.Index)}
		if i > 0 {
			st.Text = changeWords(history[i-1].Content, h.Content)
		}
		v.Steps = append(v.Steps, st)
	}
	return s.render(w, r, status, ui.Engagement(s.shell(w, r, g.Title, "Audit", "Engagements"), v))
}

// engagementFlags gives what a reader should know: how the engagement is set,
// where it differs from the scope, and what of its period nobody observed.
func (s *Site) engagementFlags(r *request, g engagement.Engagement) ([]ui.EngagementFlag, error) {
	history, err := s.cfg.Scopes.History(r.Context(), r.who)
	if err != nil {
		return nil, err
	}
	from, to := g.Window()
	first, last, _, err := s.cfg.Outcomes.HeardWithin(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	var out []ui.EngagementFlag
	for _, f := range slices.Concat(g.Unobserved(first, last, r.now), g.Beside(history, r.now), g.Flags()) {
		out = append(out, ui.EngagementFlag{About: capital(f.About), Text: f.Text})
	}
	return out, nil
}

// changeWords says what a version changed.
func changeWords(a, b engagement.Content) string {
	text := capital(strings.Join(engagement.Differences(a, b), "; ")) + "."
	if b.Note != "" {
		text += " " + sentence(b.Note)
	}
	return text
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// requestRows lists requests under the filter of the address, with the figures
// above.
func (s *Site) requestRows(r *request, g engagement.Engagement, requests []engagement.Request, v *ui.EngagementView) error {
	today := r.now.In(g.Location()).Format(time.DateOnly)
	var owners []string
	for _, q := range requests {
		owners = append(owners, q.Owner)
	}
	n := g.Count(requests, r.now)
	names := s.names(r.Context(), owners)
	here, q := engagementPath(g.Number), r.URL.Query()
	show := q.Get("show")
	for _, c := range []struct {
		id, text string
		n        int
	}{{"us", "Needs us", n.NeedUs}, {"late", "Late", n.Late}, {"auditor", "With the auditor", n.WithAuditor}, {"accepted", "Accepted", n.Accepted}, {"", "All", len(requests)}} {
		v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%s %d", c.text, c.n), Current: show == c.id, Href: with(q, here, "show", c.id)})
	}
	for _, q := range requests {
		if !requestShown(show, q, today) {
			continue
		}
		row := requestRow(r, g, q)
		row.Owner = names[q.Owner]
		if q.Owner == "" {
			row.Owner = q.Contact
		}
		if q.Late(today) {
			if d, err := time.Parse(time.DateOnly, q.Due); err == nil {
				t, _ := time.Parse(time.DateOnly, today)
				row.Late = fmt.Sprintf(", %d d late", int(t.Sub(d)/(24*time.Hour)))
			}
		}
		v.Requests = append(v.Requests, row)
	}
	v.Figures = append(v.Figures, ui.Figure{Term: "Requests accepted", Value: fmt.Sprintf("%d of %d", n.Accepted, len(requests)), Href: here + "?show=accepted"},
		ui.Figure{Term: "Need us", Value: strconv.Itoa(n.NeedUs), Href: here + "?show=us"}, ui.Figure{Term: "Late", Value: strconv.Itoa(n.Late), Href: here + "?show=late", Bad: n.Late > 0})
	return nil
}

// requestShown reports whether the list's filter shows a request.
func requestShown(show string, q engagement.Request, today string) bool {
	switch show {
	case "us":
		return q.Waiting() == "us"
	case "late":
		return q.Late(today)
	case "auditor":
		return q.Waiting() == "the auditor"
	case "accepted":
		return q.Theirs == engagement.Accepted
	}
	return true
}

func requestRow(r *request, g engagement.Engagement, q engagement.Request) ui.RequestRow {
	text := q.Text
	if runes := []rune(text); len(runes) > 160 {
		text = string(runes[:157]) + "…"
	}
	row := ui.RequestRow{Ref: q.Ref, Link: ui.Link{Text: text, Href: engagementPath(g.Number, "requests", q.Ref)}, Section: q.Section, Criteria: criterionLinks(r, q.Criteria), Ours: strings.ReplaceAll(string(q.Ours), "_", " "),
		Theirs: string(q.Theirs), Waiting: q.Waiting(), Messages: q.Messages, Answers: len(q.Exhibits)}
	if d, err := time.Parse(time.DateOnly, q.Due); err == nil {
		row.Due = d.Format("2 Jan")
		if d.Year() != r.now.Year() {
			row.Due = d.Format("2 Jan 2006")
		}
	}
	return row
}
