// Package assurance is the screens of what comes before and after an examination:
// management's own tests of controls, the choice of an audit firm, the reports that
// were received and who has a copy. Rules are those of internal/audit/owntest and
// internal/audit/firm.
package assurance

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Tests *owntest.Service
	Firms *firm.Service
	// Controls gives the controls in use as options of a form.
	Controls func(ctx context.Context) ([]ui.Option, error)
	// Testers gives whoever may test as options, by login.
	Testers func(ctx context.Context) ([]ui.Option, error)
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /own-tests", Action: access.OwnTestRead, Handle: s.tests},
			{Pattern: "GET /own-tests/new", Action: access.OwnTestDo, Handle: s.planForm},
			{Pattern: "POST /own-tests/new", Action: access.OwnTestDo, Handle: s.plan},
			{Pattern: "GET /own-tests/{ref}", Action: access.OwnTestRead, Handle: s.test},
			{Pattern: "GET /own-tests/{ref}/item", Action: access.OwnTestRead, Handle: s.item},
			{Pattern: "POST /own-tests/{ref}/item", Action: access.OwnTestDo, Handle: s.see},
			{Pattern: "POST /own-tests/{ref}/test", Action: access.OwnTestDo, Handle: s.work},
			{Pattern: "POST /own-tests/{ref}/review", Action: access.OwnTestReview, Handle: s.review},
			{Pattern: "GET /firms", Action: access.FirmRead, Handle: s.firms},
			{Pattern: "GET /firms/new", Action: access.FirmEdit, Handle: s.proposeForm},
			{Pattern: "POST /firms/new", Action: access.FirmEdit, Handle: s.propose},
			{Pattern: "GET /firms/{ref}", Action: access.FirmRead, Handle: s.firm},
			{Pattern: "GET /firms/{ref}/independence", Action: access.FirmRead, Handle: s.independence},
			{Pattern: "POST /firms/{ref}/independence", Action: access.FirmEdit, Handle: s.answer},
			{Pattern: "POST /firms/{ref}/keep", Action: access.FirmEdit, Handle: s.keep},
			{Pattern: "POST /firms/{ref}/decide", Action: access.FirmDecide, Handle: s.decide},
			{Pattern: "GET /reports", Action: access.FirmRead, Handle: s.reports},
			{Pattern: "GET /reports/new", Action: access.FirmEdit, Handle: s.receiveForm},
			{Pattern: "POST /reports/new", Action: access.FirmEdit, Handle: s.receive},
			{Pattern: "GET /reports/copies", Action: access.FirmRead, Handle: s.register},
			{Pattern: "GET /reports/{ref}", Action: access.FirmRead, Handle: s.report},
			{Pattern: "POST /reports/{ref}/copies", Action: access.ReportHand, Handle: s.hand},
			{Pattern: "POST /reports/{ref}/recall", Action: access.ReportHand, Handle: s.recall},
		},
		Pages: []screen.Page{{Section: "Audit", Name: "Own tests", Path: "/own-tests", Action: access.OwnTestRead}, {Section: "Audit", Name: "Audit firms", Path: "/firms", Action: access.FirmRead},
			{Section: "Audit", Name: "Reports", Path: "/reports", Action: access.FirmRead}},
		Lists:  []screen.List{s.testList(), s.firmList(), s.reportList(), s.copyList()},
		Doings: []screen.Doing{{Name: "Plan a test of a control", Path: "/own-tests/new", Action: access.OwnTestDo}, {Name: "Record a report that was received", Path: "/reports/new", Action: access.FirmEdit}, {Name: "Propose an audit firm", Path: "/firms/new", Action: access.FirmEdit}},
		Finds: []screen.Finder{{Kind: "own test", Action: access.OwnTestRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			all, _, err := cfg.Tests.List(r.Context(), r.Who, journal.Filter{Limit: 500})
			var out []screen.Found
			for _, o := range all {
				if len(out) < 20 && strings.Contains(strings.ToLower(o.Ref+" "+o.Content.Control+" "+o.Content.Objective), asked) {
					out = append(out, screen.Found{Name: o.Ref + " " + o.Content.Control, Words: o.Content.Objective, Href: "/own-tests/" + o.Ref})
				}
			}
			return out, err
		}}},
	}
}

func long(name, label, hint string, must bool) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Kind: "long", Must: must}
}

func options(chosen string, list ...[2]string) []ui.Option {
	var out []ui.Option
	for _, x := range list {
		out = append(out, ui.Option{Value: x[0], Text: x[1], Selected: x[0] == chosen})
	}
	return out
}

// chips are the states of a list with how many there are of each.
func chips[S ~string](r *screen.Request, path string, counts map[string]int64, states []S, words func(S) string) []ui.Chip {
	var all int64
	for _, n := range counts {
		all += n
	}
	now := r.URL.Query().Get("state")
	out := []ui.Chip{{Text: "All " + ui.Number(all), Href: path, Current: now == ""}}
	for _, st := range states {
		out = append(out, ui.Chip{Text: screen.Capital(words(st)) + " " + ui.Number(counts[string(st)]), Href: path + "?state=" + string(st), Current: now == string(st)})
	}
	return out
}

// history says what happened to an object.
func history[T journal.Content](r *screen.Request, names map[string]string, o *journal.Object[T], words map[string]string) []ui.Step {
	var out []ui.Step
	for i := len(o.History) - 1; i >= 0; i-- {
		h := o.History[i]
		text := screen.OrElse(words[h.Step], h.Step)
		if h.Note != "" {
			text += ": " + h.Note
		}
		out = append(out, ui.Step{At: r.Words.At(h.At), Text: text, By: "by " + screen.Who(names, h.By), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	return out
}

// makers gives whoever took a step.
func makers[T journal.Content](o *journal.Object[T]) []string {
	var out []string
	for _, h := range o.History {
		out = append(out, h.By)
	}
	return out
}

// alone adds what stands in for a second person where nobody else may decide.
func (s *site) alone(r *screen.Request, author string, a access.Action, f *ui.Form) error {
	if author != r.Who.UserID {
		return nil
	}
	alone, err := s.cfg.Alone(r.Context(), r.Who, a)
	if err != nil {
		return err
	}
	if !alone {
		f.Action = "" // somebody else decides
		return nil
	}
	f.Fields = append(f.Fields, ui.Field{Name: "compensation", Label: "What stands in for a second person?", Hint: "Nobody else may do this. It is shown to the auditor.", Kind: "long", Must: true})
	return nil
}
