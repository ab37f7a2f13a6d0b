// Package resilience is the screens of what stands when something breaks: backups
// and what their runs said, threats to sites and what protects them, where one
// recovers to. Rules are those of internal/program/resilience.
package resilience

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Resilience *resilience.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	const read, edit = access.ResilienceRead, access.ResilienceEdit
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /backups", Action: read, Handle: s.backups},
			{Pattern: "GET /backups/new", Action: edit, Handle: s.newBackup},
			{Pattern: "POST /backups/new", Action: edit, Handle: s.addBackup},
			{Pattern: "GET /backups/runs", Action: read, Handle: s.runs},
			{Pattern: "GET /backups/import", Action: access.ResilienceReport, Handle: s.importForm},
			{Pattern: "POST /backups/import", Action: access.ResilienceReport, Handle: s.importFile, MaxBody: 4 << 20},
			{Pattern: "GET /backups/{ref}", Action: read, Handle: s.backup},
			{Pattern: "POST /backups/{ref}/keep", Action: edit, Handle: s.keepBackup},
			{Pattern: "GET /threats", Action: read, Handle: s.threats},
			{Pattern: "GET /threats/new", Action: edit, Handle: s.newThreat},
			{Pattern: "POST /threats/new", Action: edit, Handle: s.addThreat},
			{Pattern: "GET /threats/{ref}", Action: read, Handle: s.threat},
			{Pattern: "POST /threats/{ref}/keep", Action: edit, Handle: s.keepThreat},
			{Pattern: "GET /alternates", Action: read, Handle: s.alternates},
			{Pattern: "GET /alternates/new", Action: edit, Handle: s.newAlternate},
			{Pattern: "POST /alternates/new", Action: edit, Handle: s.addAlternate},
			{Pattern: "GET /alternates/{ref}", Action: read, Handle: s.alternate},
			{Pattern: "POST /alternates/{ref}/keep", Action: edit, Handle: s.keepAlternate},
		},
		Pages:  []screen.Page{{Section: "Operate", Name: "Backups", Path: "/backups", Action: read}, {Section: "Organise", Name: "Threats", Path: "/threats", Action: read, Under: "Places"}, {Section: "Organise", Name: "Alternates", Path: "/alternates", Action: read, Under: "Places"}},
		Lists:  []screen.List{s.backupList(), s.runList(), s.threatList(), s.alternateList()},
		Doings: []screen.Doing{{Name: "Add a backup", Path: "/backups/new", Action: edit}, {Name: "Import runs of backups", Path: "/backups/import", Action: access.ResilienceReport}, {Name: "Add a threat to a site", Path: "/threats/new", Action: edit}},
		Finds: []screen.Finder{{Kind: "backup", Action: read, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			list, err := cfg.Resilience.Backups(r.Context(), r.Who)
			var out []screen.Found
			for _, b := range list {
				if len(out) < 20 && strings.Contains(strings.ToLower(b.Ref+" "+b.Content.Name+" "+b.Content.Title), asked) {
					out = append(out, screen.Found{Name: b.Content.Title, Words: b.Ref + " " + b.Content.Name, Href: "/backups/" + b.Ref})
				}
			}
			return out, err
		}}},
	}
}

func outcome(a resilience.Attribute) ui.Cell {
	return ui.Cell{Outcome: ui.Outcome(a.Outcome), Meta: a.Reason}
}

// judgedTable shows what each question comes to.
func judgedTable(list []resilience.Attribute) *ui.Table {
	t := &ui.Table{Caption: "What it comes to", Columns: []ui.Column{{Text: "Question"}, {Text: "Answer"}, {Text: "Because"}}}
	for _, a := range list {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: a.Title}, Cells: []ui.Cell{{Outcome: ui.Outcome(a.Outcome)}, {Text: a.Reason}}})
	}
	return t
}

func history[T journal.Content](r *screen.Request, o *journal.Object[T], words map[string]string) []ui.Step {
	var who []string
	for _, h := range o.History {
		who = append(who, h.By)
	}
	names := r.Names(who)
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

// number reads a number that need not be there.
func number(v url.Values, field string) (int, error) {
	text := strings.TrimSpace(v.Get(field))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "%q is no number", text).At("", 0, field)
	}
	return n, nil
}

// numbers reads several.
func numbers(v url.Values, into map[string]*int) error {
	for field, n := range into {
		x, err := number(v, field)
		if err != nil {
			return err
		}
		*n = x
	}
	return nil
}

func itoa(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// wrong shows a form again with what was wrong.
func wrong(r *screen.Request, err error, show func(*screen.Typed) error) error {
	t, err := r.WrongForm(err)
	if err != nil {
		return err
	}
	return show(t)
}

func prefilled(fields []ui.Field, v map[string]string) []ui.Field {
	fields = slices.Clone(fields)
	for i := range fields {
		f := &fields[i]
		if x, ok := v[f.Name]; ok {
			f.Value = x
			for j := range f.Options {
				f.Options[j].Selected = f.Options[j].Value == x
			}
		}
	}
	return fields
}

// shown keeps the rows of a list by the chips: failing, not known, ended.
func shown(r *screen.Request, worst string, active bool) bool {
	switch r.URL.Query().Get("show") {
	case "fail", "not_observed", "pass":
		return active && worst == r.URL.Query().Get("show")
	case "ended":
		return !active
	}
	return active
}

func checkShow(r *screen.Request) error {
	if x := r.URL.Query().Get("show"); !slices.Contains([]string{"", "fail", "not_observed", "pass", "ended"}, x) {
		return fault.New(fault.Invalid, "%q is no choice of this list", x)
	}
	return nil
}

func showChips(r *screen.Request, path string, counts map[string]int) []ui.Chip {
	now := r.URL.Query().Get("show")
	chip := func(text, value string) ui.Chip {
		return ui.Chip{Text: text + " " + ui.Number(int64(counts[value])), Href: screen.With(nil, path, "show", value), Current: now == value}
	}
	return []ui.Chip{chip("All", ""), chip("Something fails", "fail"), chip("Not known", "not_observed"), chip("All holds", "pass"), chip("Ended", "ended")}
}

func (s *site) shell(w http.ResponseWriter, r *screen.Request, title, section, page string) ui.Shell {
	return r.Shell(w, title, section, page)
}
