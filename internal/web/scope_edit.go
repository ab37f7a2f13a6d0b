package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/ui"
)

// maxScope is the largest form of a scope: what was answered so far goes with
// it, and is twice escaped.
const maxScope = 4 << 20

// maxRows bounds the rows of one question; the service takes fewer.
const maxRows = 400

// scopeStep is one question of the form.
type scopeStep struct {
	name, title string
	fields      []string // of the content, that it answers
	answer      func(scope.Content) string
	apply       func(*scope.Content, url.Values) error
	show        func(*ui.ScopeForm, scope.Content)
}

func scopeSteps() []scopeStep {
	count := func(n int, one, more string) string {
		if n == 0 {
			return "Nothing yet"
		}
		return many(n, one, more)
	}
	return []scopeStep{
		{"systems", "Which systems are examined?", []string{"systems"}, func(c scope.Content) string {
			if c.Name() == "" {
				return "Nothing yet"
			}
			return c.Name()
		}, applySystems, showSystems},
		{"boundary", "What lies inside the boundary, and what outside?", []string{"boundary"},
			func(c scope.Content) string { return count(len(c.Boundary), "component", "components") }, applyBoundary, showBoundary},
		{"commitments", "What was promised, and to whom?", []string{"commitments"},
			func(c scope.Content) string { return count(len(c.Commitments), "commitment", "commitments") }, applyCommitments, showCommitments},
		{"requirements", "What must the systems do, so that it is kept?", []string{"requirements"},
			func(c scope.Content) string { return count(len(c.Requirements), "requirement", "requirements") }, applyRequirements, showRequirements},
		{"categories", "Which categories are examined?", []string{"categories", "left_out", "answers"},
			func(c scope.Content) string { return sentenceless(scope.CategoryWords(c.Categories)) }, applyCategories, showCategories},
		{"examination", "As of which day, or over which window?", []string{"examination", "zone"},
			func(c scope.Content) string { return sentenceless(c.Examination.Words()) + ", days of " + c.Zone }, applyExamination, showExamination},
		{"reason", "Why, and from which day on?", []string{"reason", "effective"},
			func(scope.Content) string { return "Asked last" }, func(*scope.Content, url.Values) error { return nil }, func(*ui.ScopeForm, scope.Content) {}},
	}
}

// stepOf gives the question that a field of the content belongs to.
func stepOf(field string) int {
	head, _, _ := strings.Cut(strings.NewReplacer("[", ".").Replace(field), ".")
	return slices.IndexFunc(scopeSteps(), func(s scopeStep) bool { return slices.Contains(s.fields, head) })
}

// newScope begins with what the newest version says.
func (s *Site) newScope(w http.ResponseWriter, r *request) error {
	history, err := s.cfg.Scopes.History(r.Context(), r.who)
	if err != nil {
		return err
	}
	at := max(0, slices.IndexFunc(scopeSteps(), func(k scopeStep) bool { return k.name == r.URL.Query().Get("question") }))
	return s.showScopeForm(w, r, history, history[len(history)-1].Content, at, 0, nil)
}

// editScope takes the answer to one question and asks the next; after the last
// it proposes the version.
func (s *Site) editScope(w http.ResponseWriter, r *request) error {
	history, err := s.cfg.Scopes.History(r.Context(), r.who)
	if err != nil {
		return err
	}
	steps, form := scopeSteps(), r.PostForm
	at := slices.IndexFunc(steps, func(k scopeStep) bool { return k.name == form.Get("step") })
	if at < 0 {
		return fault.New(fault.Invalid, "the form names no question").WithHint("go back and send it again")
	}
	var c scope.Content
	d := json.NewDecoder(strings.NewReader(form.Get("draft")))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return fault.Wrap(fault.Invalid, err, "what was answered so far could not be read").WithHint("begin again from the page of the scope")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "what was answered so far could not be read").WithHint("begin again from the page of the scope")
	}
	again := func(at, room int, err error) error {
		if err == nil {
			return s.showScopeForm(w, r, history, c, at, room, nil)
		}
		bad, other := refused(err, 0)
		if other != nil && fault.Is(err, fault.Conflict) {
			var f *fault.Error
			errors.As(err, &f)
			bad, other = &refusedForm{problem: sentence(f.Message)}, nil
		}
		if other != nil {
			return err
		}
		if k := stepOf(bad.field); k >= 0 {
			at = k
		}
		return s.showScopeForm(w, r, history, c, at, room, bad)
	}
	before := c.Derived()
	if err := steps[at].apply(&c, form); err != nil {
		return again(at, 0, err)
	}
	derive(&c, before)
	switch target := form.Get("go"); target {
	case "next":
		if at == len(steps)-1 {
			break
		}
		if _, err := c.Check(); err != nil {
			if bad, _ := refused(err, 0); bad == nil || stepOf(bad.field) == at {
				return again(at, 0, err)
			}
		}
		return again(at+1, 0, nil)
	case "more":
		return again(at, 4, nil)
	default:
		k := slices.IndexFunc(steps, func(k scopeStep) bool { return k.name == target })
		return again(max(k, 0), 0, nil)
	}
	v, err := s.cfg.Scopes.Propose(r.Context(), r.who, scope.Proposal{Content: c, Reason: form.Get("reason"), From: form.Get("effective")})
	if err != nil {
		return again(at, 0, err)
	}
	s.flash(w, fmt.Sprintf("Version %d is written and waits for another person to approve it. It is an entry in the ledger.", v.Version))
	http.Redirect(w, r.Request, "/scope", http.StatusSeeOther)
	return nil
}

// derive brings a category into scope as soon as a commitment touches it. What
// is left out with a reason stays so, and is flagged.
func derive(c *scope.Content, before []catalog.Category) {
	for _, k := range c.Derived() {
		if !slices.Contains(before, k) && !c.Has(k) && c.Reason(k) == "" {
			c.Categories = append(c.Categories, k)
		}
	}
}

func (s *Site) showScopeForm(w http.ResponseWriter, r *request, history []scope.Version, c scope.Content, at, room int, bad *refusedForm) error {
	steps := scopeSteps()
	draft, err := json.Marshal(c)
	if err != nil {
		return err
	}
	v := ui.ScopeForm{Draft: string(draft), Step: steps[at].name, Next: "Continue"}
	v.Extra = room
	for i, k := range steps {
		v.Questions = append(v.Questions, ui.ScopeQuestion{Number: strconv.Itoa(i + 1), Step: k.name, Title: k.title, Answer: k.answer(c), Open: i == at})
	}
	steps[at].show(&v, c)
	if steps[at].name == "reason" {
		reviewScope(r, &v, history, c)
	}
	status := http.StatusOK
	if bad != nil {
		status = http.StatusUnprocessableEntity
		placeScopeProblem(&v, bad)
	}
	sh := s.shell(w, r, "Change the scope", "Comply", "Scope")
	sh.Path = "/scope"
	return s.render(w, r, status, ui.ScopeFormPage(sh, v))
}

// placeScopeProblem puts what is wrong beside its field: "boundary[2].reason".
func placeScopeProblem(v *ui.ScopeForm, bad *refusedForm) {
	_, rest, indexed := strings.Cut(bad.field, "[")
	if n, name, ok := strings.Cut(rest, "]"); indexed && ok {
		name = strings.TrimPrefix(name, ".")
		i, err := strconv.Atoi(n)
		if err == nil && i >= 0 && i < len(v.Rows) {
			for k := range v.Rows[i].Fields {
				if f := &v.Rows[i].Fields[k]; f.Name == n+"."+name {
					f.Problem = bad.problem
					return
				}
			}
			v.Rows[i].Bad = bad.problem
			return
		}
	}
	_, name, dotted := strings.Cut(bad.field, ".")
	if !dotted {
		name = bad.field
	}
	for i := range v.Fields {
		if v.Fields[i].Name == name {
			v.Fields[i].Problem = bad.problem
			return
		}
	}
	v.Problem = bad.problem
}

// reviewScope shows what would change, and asks why.
func reviewScope(r *request, v *ui.ScopeForm, history []scope.Version, c scope.Content) {
	v.Next = "Write this version"
	holds := scope.At(history, r.now, -1)
	label, hint := "Why the scope is written or changed", "One sentence; an auditor reads it."
	if w, mid := scope.MidWindow(history, r.now); mid {
		v.Hint = midWindowWords(r, w)
		label, hint = "Why the scope changes in the middle of the window", "The description of the system tells it to every reader of the report."
	} else {
		v.Hint = "This is what the new version would change. It holds once another person has approved it."
	}
	v.Fields = []ui.FormField{{ID: "s-reason", Name: "reason", Label: label, Hint: hint, Type: "long", Value: r.PostFormValue("reason"), Need: true},
		{ID: "s-from", Name: "effective", Label: "First day on which it holds", Hint: "Today, where it is left empty.", Type: "date", Class: "short", Value: r.PostFormValue("effective")}}
	v.Against = fmt.Sprintf("What changes against version %d, which holds now", holds.Version)
	v.Changes = changesOf(holds.Content, c)
	for _, f := range c.Flags() {
		v.Flags = append(v.Flags, ui.Notice{Title: sentenceless(f.About), Text: sentence(f.Text)})
	}
}

func midWindowWords(r *request, w scope.Window) string {
	return fmt.Sprintf("The window from %s to %s is running: today is day %d of %d. What changes now is a significant change of what is examined, and an auditor tests both before and after it. It is kept with its day and its reason.",
		r.words.date(w.Start), r.words.lastDay(w.End), w.Day(r.now), w.Days)
}

// rows reads the rows of a question: each call of take gets one that is not
// empty and was not taken out, with its place among those that stood there
// before (-1: new).
func rows(form url.Values, had int, names []string, take func(was int, get func(string) string, all func(string) []string) error) error {
	for i := range maxRows {
		at := func(name string) string { return strconv.Itoa(i) + "." + name }
		if !form.Has(at(names[0])) {
			return nil
		}
		if form.Has(at("gone")) || !slices.ContainsFunc(names, func(n string) bool { return strings.TrimSpace(form.Get(at(n))) != "" }) {
			continue
		}
		was := i
		if i >= had {
			was = -1
		}
		err := take(was, func(n string) string { return strings.TrimSpace(form.Get(at(n))) }, func(n string) []string { return form[at(n)] })
		if err != nil {
			return err
		}
	}
	return fault.New(fault.Invalid, "the form has more than %d rows", maxRows)
}

// lines gives the lines of a text that are not empty.
func lines(text string) []string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func applySystems(c *scope.Content, form url.Values) error {
	var list []scope.Described
	err := rows(form, len(c.Systems), []string{"name", "description", "services"}, func(_ int, get func(string) string, _ func(string) []string) error {
		list = append(list, scope.Described{Name: get("name"), Description: get("description"), Services: lines(get("services"))})
		return nil
	})
	c.Systems = list
	return err
}

func applyBoundary(c *scope.Content, form url.Values) error {
	var list []scope.Component
	err := rows(form, len(c.Boundary), []string{"name", "hosts", "reason"}, func(_ int, get func(string) string, _ func(string) []string) error {
		list = append(list, scope.Component{Name: get("name"), Kind: scope.Kind(get("kind")), Out: get("where") == "out", Reason: get("reason"),
			Hosts: strings.FieldsFunc(get("hosts"), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' })})
		return nil
	})
	c.Boundary = list
	return err
}

// fresh gives the next id of a series that no entry has: "sc-4".
func fresh(prefix string, taken []string) string {
	most := 0
	for _, id := range taken {
		if n, err := strconv.Atoi(strings.TrimPrefix(id, prefix)); err == nil {
			most = max(most, n)
		}
	}
	return prefix + strconv.Itoa(most+1)
}

func applyCommitments(c *scope.Content, form url.Values) error {
	var list []scope.Commitment
	var ids []string
	for _, k := range c.Commitments {
		ids = append(ids, k.ID)
	}
	err := rows(form, len(c.Commitments), []string{"statement", "to", "source"}, func(was int, get func(string) string, all func(string) []string) error {
		k := scope.Commitment{Statement: get("statement"), To: get("to"), Source: get("source")}
		for _, x := range all("categories") {
			k.Categories = append(k.Categories, catalog.Category(x))
		}
		if was >= 0 {
			k.ID = c.Commitments[was].ID
		} else {
			k.ID = fresh("sc-", ids)
			ids = append(ids, k.ID)
		}
		list = append(list, k)
		return nil
	})
	if err != nil {
		return err
	}
	c.Commitments = list
	for i := range c.Requirements { // one that is gone can be served no more
		c.Requirements[i].Serves = slices.DeleteFunc(c.Requirements[i].Serves, func(id string) bool {
			return !slices.ContainsFunc(list, func(k scope.Commitment) bool { return k.ID == id })
		})
	}
	return nil
}

func applyRequirements(c *scope.Content, form url.Values) error {
	var list []scope.Requirement
	var ids []string
	for _, k := range c.Requirements {
		ids = append(ids, k.ID)
	}
	err := rows(form, len(c.Requirements), []string{"statement", "reference"}, func(was int, get func(string) string, all func(string) []string) error {
		k := scope.Requirement{Statement: get("statement"), By: scope.Ground(get("by")), Reference: get("reference"), Serves: all("serves")}
		if was >= 0 {
			k.ID = c.Requirements[was].ID
		} else {
			k.ID = fresh("sr-", ids)
			ids = append(ids, k.ID)
		}
		list = append(list, k)
		return nil
	})
	c.Requirements = list
	return err
}

func applyCategories(c *scope.Content, form url.Values) error {
	c.Categories, c.LeftOut = []catalog.Category{catalog.Security}, nil
	for _, k := range catalog.Categories() {
		if k == catalog.Security {
			continue
		}
		reason := strings.TrimSpace(form.Get("reason." + string(k)))
		switch {
		case form.Get("in."+string(k)) == "in":
			c.Categories = append(c.Categories, k)
		case reason != "":
			c.LeftOut = append(c.LeftOut, scope.LeftOut{Category: k, Reason: reason})
		}
	}
	c.Controller, c.Processor, c.Goods = catalog.Answer(form.Get("controller")), catalog.Answer(form.Get("processor")), catalog.Answer(form.Get("goods"))
	return nil
}

func applyExamination(c *scope.Content, form url.Values) error {
	c.Zone = strings.TrimSpace(form.Get("zone"))
	switch form.Get("type") {
	case "1":
		c.Examination = scope.Examination{Type: 1, Date: form.Get("date")}
	case "2":
		c.Examination = scope.Examination{Type: 2, From: form.Get("from"), To: form.Get("to")}
	default:
		c.Examination = scope.Examination{}
	}
	return nil
}

// zones are the time zones that are offered beside the one that is set.
var zones = []string{"UTC", "Europe/London", "Europe/Dublin", "Europe/Paris", "Europe/Berlin", "Europe/Zurich", "Europe/Madrid", "Europe/Rome", "Europe/Warsaw", "Europe/Kyiv", "Europe/Istanbul",
	"Africa/Johannesburg", "Africa/Lagos", "Asia/Jerusalem", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
	"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Toronto", "America/Mexico_City", "America/Sao_Paulo"}

// knownZone keeps the list above honest where the machine lacks a zone.
func knownZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil
}
