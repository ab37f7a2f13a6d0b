package screen_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/ui"
)

var monday = time.Date(2026, 10, 19, 9, 0, 0, 0, time.UTC)

// bees is an area with one list, one form and one public page.
func bees() (screen.Area, screen.List) {
	type bee struct {
		name string
		seen time.Time
	}
	all := []bee{{"Ada", monday}, {"Bo", monday.AddDate(-1, 0, 0)}, {"Cy", monday}}
	read := func(_ *screen.Request, after string) ([]bee, string, error) { // two on a page
		if after == "" {
			return all[:2], "Bo", nil
		}
		return all[2:], "", nil
	}
	list := screen.Declare(screen.List{Name: "bees", Title: "Bees", Pattern: "GET /bees", Action: access.HostRead}, read, func(x bee) []string { return []string{x.name} },
		screen.Column[bee]{Key: "name", Title: "Name", Head: "=", Value: func(c *screen.Cells, x bee) any { return c.Name(x.name) }},
		screen.Column[bee]{Key: "seen", Title: "Seen at", Head: "Seen", Value: func(c *screen.Cells, x bee) any { return x.seen }})
	show := func(w http.ResponseWriter, r *screen.Request) error {
		v := ui.ListView{Title: "Bees", Table: ui.Table{Caption: "Bees", Columns: []ui.Column{{Text: "Name"}, {Text: "Seen"}}}}
		for _, x := range all {
			v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.name}, Cells: []ui.Cell{{Text: r.Words.At(x.seen).Text}}})
		}
		return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Bees", "Operate", "Bees"), v))
	}
	add := func(w http.ResponseWriter, r *screen.Request) error {
		if r.PostFormValue("name") == "" {
			return fault.New(fault.Invalid, "a bee has a name").At("", 0, "name")
		}
		return r.Done(w, "There is a bee more.", "/bees")
	}
	return screen.Area{Lists: []screen.List{list}, Routes: []screen.Route{
		{Pattern: "GET /bees", Action: access.HostRead, Handle: show}, {Pattern: "POST /bees", Action: access.HostEdit, Handle: add},
		{Pattern: "GET /hum", Action: screen.Public, Handle: func(w http.ResponseWriter, _ *screen.Request) error { w.WriteHeader(http.StatusNoContent); return nil }}}}, list
}

func TestArea(t *testing.T) {
	area, list := bees()
	now := clock.NewManual(monday)
	b := screentest.New(t, area, now.Now, access.Principal{})
	if a := b.Get("/hum"); a.Status != http.StatusNoContent {
		t.Errorf("a public page answers a stranger with %d", a.Status)
	}
	if a := b.Get("/bees"); a.Status != http.StatusUnauthorized {
		t.Errorf("a stranger is answered with %d", a.Status)
	}
	b.Who = access.System()
	b.Label = map[string]string{"Ada": "Ada Low"}
	rows := b.HoldsList(list, "/bees")
	if len(rows) != 3 || rows[0][0] != "Ada Low" || rows[2][0] != "Cy" {
		t.Errorf("the files have %v", rows)
	}
	b.Says("/bees", "19 Oct 09:00", "19 Oct 2025 09:00")
	if a := b.Post("/bees", url.Values{}); a.Status != http.StatusUnprocessableEntity && a.Status != http.StatusBadRequest {
		t.Errorf("a bee without a name: %d", a.Status)
	}
	if a := b.Post("/bees", url.Values{"name": {"Di"}}); a.To != "/bees" {
		t.Errorf("a bee: %d %s %s", a.Status, a.To, a.Text())
	}
	b.Says("/bees", "There is a bee more.")
}

func TestTyped(t *testing.T) {
	_, err := screen.FirstMoment("tomorrow", "due", time.UTC)
	form, other := screen.WrongForm(url.Values{"due": {"tomorrow"}, "name": {"x"}}, err)
	if other != nil || form.Status() != http.StatusUnprocessableEntity {
		t.Fatalf("%+v, %v", form, other)
	}
	f := ui.Form{Fields: []ui.Field{{Name: "due"}, {Name: "name"}, {Name: "token", Kind: "hidden", Value: "kept"}}}
	form.Fill(&f)
	if f.Fields[0].Problem == "" || f.Problem != "" || f.Fields[1].Value != "x" || f.Fields[2].Value != "kept" {
		t.Errorf("%+v", f)
	}
	if _, err := screen.WrongForm(nil, context.Canceled); err == nil {
		t.Error("an error that nobody can mend by typing stays one")
	}
	if got := screen.With(url.Values{"a": {"1"}, "after": {"x"}}, "/bees", "after", "", "b", "2"); got != "/bees?a=1&b=2" {
		t.Error(got)
	}
	if got := screen.Sentence("F-1 is closed"); got != "F-1 is closed." {
		t.Error(got)
	}
}
