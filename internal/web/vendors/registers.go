package vendors

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func criteria(list []string) []ui.Link {
	var out []ui.Link
	for _, id := range list {
		out = append(out, ui.Link{Text: id, Href: "/criteria/" + id})
	}
	return out
}

// controls gives controls of ours with how they stand now.
func controls(list []string, status map[string]ui.Status) ui.Cell {
	if len(list) == 0 {
		return ui.Cell{Text: "none", Muted: true}
	}
	var c ui.Cell
	for _, name := range list {
		l := ui.Link{Text: name + " (not in use)", Href: "/controls/library/" + name}
		if st, used := status[name]; used {
			l = ui.Link{Text: name + " (" + st.Words() + ")", Href: "/controls/" + name}
		}
		c.Links = append(c.Links, l)
	}
	return c
}

// dutyCells says which control of ours does what a vendor expects.
func dutyCells(d vendor.DutyRow, status map[string]ui.Status) []ui.Cell {
	by := controls(d.Controls, status)
	if d.Missing != "" {
		by = ui.Cell{Text: d.Missing}
	}
	return []ui.Cell{{Text: d.State(), Bad: d.Mapped == nil || d.State() == "missing"}, by, {Text: d.Source}}
}

func dutyTable(v *vendor.Vendor, numbers []int, status map[string]ui.Status) ui.Table {
	t := ui.Table{Caption: "Controls that it expects of us", Columns: []ui.Column{{Text: "Control"}, {Text: "State"}, {Text: "Done by"}, {Text: "Stands in"}}}
	for _, n := range numbers {
		d := vendor.DutyRow{Duty: v.Duties[n-1], Vendor: v.Ref(), Name: v.Profile.Name}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d. %s", n, d.Text)}, Cells: dutyCells(d, status)})
	}
	return t
}

// registers answers: which controls cross the boundary, in each direction?
func (s *site) registers(w http.ResponseWriter, r *screen.Request) error {
	return s.showRegisters(w, r, nil)
}

func (s *site) showRegisters(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	ctx := r.Context()
	duties, err := s.cfg.Vendors.Duties(ctx, r.Who)
	if err != nil {
		return err
	}
	assumed, err := s.cfg.Vendors.AssumedControls(ctx, r.Who)
	if err != nil {
		return err
	}
	expected, err := s.cfg.Vendors.Expected(ctx, r.Who, false)
	if err != nil {
		return err
	}
	status, err := s.cfg.Operates(ctx)
	if err != nil {
		return err
	}
	theirs := ui.Table{Caption: "Controls that vendors expect of us", Columns: []ui.Column{{Text: "Control"}, {Text: "Vendor"}, {Text: "State"}, {Text: "Done by"}, {Text: "Stands in"}}}
	open := 0
	for _, d := range duties {
		if d.Mapped == nil || d.Open() {
			open++
		}
		theirs.Rows = append(theirs.Rows, ui.TableRow{Head: ui.Link{Text: d.Text}, Cells: append([]ui.Cell{{Links: []ui.Link{{Text: d.Name, Href: "/vendors/" + d.Vendor + "#h-expects"}}}}, dutyCells(d, status)...)})
	}
	there := ui.Table{Caption: "Controls that we assume at subservice organisations", Columns: []ui.Column{{Text: "Control"}, {Text: "Subservice organisation"}, {Text: "Criteria"}, {Text: "How we watch it"}, {Text: "Our controls that watch it"}}}
	for _, a := range assumed {
		there.Rows = append(there.Rows, ui.TableRow{Head: ui.Link{Text: a.Text}, Cells: []ui.Cell{{Links: []ui.Link{{Text: a.Name, Href: "/vendors/" + a.Vendor + "#h-assumed"}}, Meta: map[string]string{"carve_out": "carved out", "inclusive": "inclusive"}[a.Method]}, {Links: criteria(a.Criteria)}, {Text: a.How}, controls(a.Controls, status)}})
	}
	ours := ui.Table{Caption: "Controls that we expect of customers", Columns: []ui.Column{{Text: "Control"}, {Text: "Criteria"}, {Text: "Without it"}, {Text: "Customers are told"}, {Text: "Our controls that rest on it"}}}
	for _, e := range expected {
		row := ui.TableRow{Head: ui.Link{Text: e.Text}, Meta: fmt.Sprintf("%s, version %d", e.Ref(), e.Version), Cells: []ui.Cell{{Links: criteria(e.Criteria)}, {Text: e.Why}, {Text: e.Told}, controls(e.Controls, status)}}
		if r.May(access.VendorEdit) {
			row.Head.Href = "/vendors/registers?expected=" + strconv.Itoa(e.Number) + "#expect"
		}
		ours.Rows = append(ours.Rows, row)
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Vendors", Href: "/vendors"}, {Text: "Registers"}}, Title: "Controls that cross the boundary", Line: []string{"what others expect of us, what we assume elsewhere, what we expect of customers"}, FactsOf: "What they are for",
		Figures: []ui.Figure{{Term: "Expected of us", Value: ui.Number(len(duties))}, {Term: "Of these, done by no control", Value: ui.Number(open), Bad: open > 0}, {Term: "Assumed elsewhere", Value: ui.Number(len(assumed))}, {Term: "Expected of customers", Value: ui.Number(len(expected))}},
		Facts:   []ui.Fact{{Term: "Expected of us", Text: "Vendors' reports say what their customers must do. Where we do not, their report does not help us."}, {Term: "Assumed elsewhere", Text: "Controls of a subservice organisation that our commitments rest on: the description of the system names them."}, {Term: "Expected of customers", Text: "What customers must do themselves: the description names it, and customers are told."}},
		Blocks: []ui.Block{{ID: "theirs", Title: "Vendors expect of us", Table: &theirs, None: "None yet. They come with the reports of vendors, or are added on a vendor's page."}, {ID: "there", Title: "We assume at subservice organisations", Table: &there, None: "None yet. They are added on the page of a vendor that was decided to be a subservice organisation."},
			{ID: "ours", Title: "We expect of customers", Table: &ours, None: "None yet."}}}
	if r.May(access.VendorEdit) {
		f, err := expectForm(r, expected)
		if err != nil {
			return err
		}
		t.Fill(&f)
		v.Blocks[2].Forms = []ui.Form{f}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, v.Title, "Organise", "Vendors"), v))
}

// expectForm adds a control that we expect of customers, or changes the one that
// an address names.
func expectForm(r *screen.Request, have []vendor.Expected) (ui.Form, error) {
	f := ui.Form{ID: "expect", Action: "/vendors/registers", Summary: "Add a control that we expect of customers", Button: "Add it", Quiet: true}
	var e vendor.Expected
	if asked := screen.OrElse(r.PostFormValue("number"), r.URL.Query().Get("expected")); asked != "" {
		i := slices.IndexFunc(have, func(x vendor.Expected) bool { return strconv.Itoa(x.Number) == asked })
		if i < 0 {
			return f, fault.New(fault.NotFound, "nothing that we expect of customers has the number %s", asked)
		}
		e = have[i]
		f.Summary, f.Button, f.Open = "Change "+e.Ref(), "Record it", true
		f.Fields = []ui.Field{{Name: "number", Kind: "hidden", Value: asked}}
	}
	f.Fields = append(f.Fields, ui.Field{Name: "text", Label: "What we expect of customers", Kind: "long", Value: e.Text, Must: true}, ui.Field{Name: "criteria", Label: "Criteria that it serves", Hint: "Such as CC6.1, CC6.2.", Value: join(e.Criteria), Must: true},
		ui.Field{Name: "why", Label: "What does not hold without it", Kind: "long", Value: e.Why, Must: true}, ui.Field{Name: "told", Label: "Where customers are told", Hint: "The contract, the documentation.", Value: e.Told, Must: true},
		ui.Field{Name: "controls", Label: "Our controls that rest on it", Hint: "Short names, between commas.", Value: join(e.Controls)})
	if e.Number > 0 {
		f.Fields = append(f.Fields, ui.Field{Name: "ended", Label: "It is expected no more", Kind: "select", Options: options("no", yesNo...)})
	}
	return f, nil
}

// expect writes what we expect of customers.
func (s *site) expect(w http.ResponseWriter, r *screen.Request) error {
	number := 0
	var in vendor.Expectation
	err := decode(r.PostForm, &in, r.Words.Zone)
	if text := r.PostForm.Get("number"); err == nil && text != "" {
		if number, err = strconv.Atoi(text); err != nil {
			return fault.Wrap(fault.Invalid, err, "%q is no number of what we expect of customers", text)
		}
	}
	var e vendor.Expected
	if err == nil {
		e, err = s.cfg.Vendors.Expect(r.Context(), r.Who, number, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showRegisters(w, r, t)
	}
	return r.Done(w, e.Ref()+" is recorded.", "/vendors/registers")
}
