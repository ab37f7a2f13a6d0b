package vendors

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// rows gives the vendors that an address asks for, and all of them.
func (s *site) rows(r *screen.Request) (shown, all []vendor.Row, err error) {
	q := r.URL.Query()
	state, level, about, text := q.Get("state"), q.Get("criticality"), q.Get("about"), strings.ToLower(q.Get("q"))
	if state != "" && !slices.Contains(vendor.States(), vendor.State(state)) {
		return nil, nil, fault.New(fault.Invalid, "%q is no state of a vendor", state)
	}
	if about != "" && !slices.Contains([]string{"late", "failing", "subservice", "unknown"}, about) {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that vendors are chosen by", about)
	}
	if all, err = s.cfg.Vendors.List(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		if (state == "" || string(x.State) == state) && (level == "" || x.Level == level) && (about == "" || is(x, about)) &&
			(text == "" || strings.Contains(strings.ToLower(x.Ref+" "+x.Name+" "+x.Service), text)) {
			shown = append(shown, x)
		}
	}
	return shown, all, nil
}

func is(x vendor.Row, about string) bool {
	switch about {
	case "late":
		return x.Late
	case "failing":
		return x.Failing > 0
	case "subservice":
		return x.Role == "subservice"
	}
	return len(x.Vendor.Undecided) > 0
}

// vendorsList is the list as files say it.
func (s *site) vendorsList() screen.List {
	columns := []screen.Column[vendor.Row]{
		{Key: "number", Title: "Number", Value: func(_ *screen.Cells, x vendor.Row) any { return x.Ref }},
		{Key: "name", Title: "Vendor", Head: "=", Width: 30, Value: func(_ *screen.Cells, x vendor.Row) any { return x.Name }},
		{Key: "service", Title: "Service", Width: 40, Value: func(_ *screen.Cells, x vendor.Row) any { return x.Service }},
		{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, x vendor.Row) any { return x.State.Words() }},
		{Key: "criticality", Title: "Criticality", Head: "=", Value: func(_ *screen.Cells, x vendor.Row) any { return x.Level }},
		{Key: "because", Title: "Because", Width: 40, Value: func(_ *screen.Cells, x vendor.Row) any { return strings.Join(x.Because, "; ") }},
		{Key: "role", Title: "Role", Head: "=", Value: func(_ *screen.Cells, x vendor.Row) any { return role(x) }},
		{Key: "data", Title: "Data", Width: 30, Value: func(_ *screen.Cells, x vendor.Row) any { return strings.Join(x.Data, ", ") }},
		{Key: "manager", Title: "Managed by", Head: "=", Width: 24, Value: func(c *screen.Cells, x vendor.Row) any { return c.Name(x.Manager) }},
		{Key: "review_due", Title: "Review due", Head: "=", Value: func(_ *screen.Cells, x vendor.Row) any { return string(x.Due) }},
		{Key: "failing", Title: "Failing", Head: "=", Value: func(_ *screen.Cells, x vendor.Row) any { return x.Failing }},
	}
	for i, a := range vendor.Attributes() {
		columns = append(columns, screen.Column[vendor.Row]{Key: a[0], Title: a[1], Value: func(_ *screen.Cells, x vendor.Row) any { return x.Judged[i].Outcome }},
			screen.Column[vendor.Row]{Key: a[0] + "_why", Title: a[1] + ": why", Width: 40, Value: func(_ *screen.Cells, x vendor.Row) any { return x.Judged[i].Reason }})
	}
	return screen.Declare(screen.List{Name: "vendors", Title: "Vendors", Pattern: "GET /vendors", Action: access.VendorRead}, screen.Whole(func(r *screen.Request) ([]vendor.Row, error) {
		shown, _, err := s.rows(r)
		return shown, err
	}), func(x vendor.Row) []string { return []string{x.Manager} }, columns...)
}

func role(x vendor.Row) string {
	switch {
	case x.Role == "":
		return "not decided"
	case x.Method == "carve_out":
		return "subservice, carved out"
	case x.Method == "inclusive":
		return "subservice, inclusive"
	}
	return "vendor"
}

// list answers: on whom do we rest, and where is something due?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	shown, all, err := s.rows(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	reset := func(pairs ...string) string { return screen.With(q, "/vendors", append(pairs, "after", "")...) }
	chip := func(text, field, value string, fits func(vendor.Row) bool) ui.Chip {
		n := 0
		for _, x := range all {
			if fits(x) {
				n++
			}
		}
		return ui.Chip{Text: fmt.Sprintf("%s %d", text, n), Href: reset(field, value), Current: q.Get(field) == value}
	}
	states := []ui.Chip{chip("All", "state", "", func(vendor.Row) bool { return true })}
	for _, st := range vendor.States() {
		states = append(states, chip(screen.Capital(st.Words()), "state", string(st), func(x vendor.Row) bool { return x.State == st }))
	}
	levels := []ui.Chip{{Text: "Any criticality", Href: reset("criticality", ""), Current: q.Get("criticality") == ""}}
	for _, l := range slices.Backward(s.cfg.Vendors.Book().Levels) {
		levels = append(levels, chip(l.Title, "criticality", l.ID, func(x vendor.Row) bool { return x.Level == l.ID }))
	}
	about := []ui.Chip{{Text: "Whatever is due", Href: reset("about", ""), Current: q.Get("about") == ""}}
	for _, a := range [][2]string{{"Review late", "late"}, {"Something fails", "failing"}, {"Subservice organisations", "subservice"}, {"Not weighed yet", "unknown"}} {
		about = append(about, chip(a[0], "about", a[1], func(x vendor.Row) bool { return is(x, a[1]) }))
	}
	late, used := 0, 0
	for _, x := range all {
		if x.Late {
			late++
		}
		if x.Vendor.Active() {
			used++
		}
	}
	title := ui.Many(used, "vendor is", "vendors are") + " in use"
	if late > 0 {
		title += "; " + ui.Many(late, "review is", "reviews are") + " late"
	}
	v := ui.ListView{Title: title, Note: "Each is asked for, reviewed, and approved by somebody else before it is engaged; then reviewed as often as what hangs on it asks.", Labels: []string{"State", "Criticality", "Due"},
		Chips: [][]ui.Chip{states, levels, about}, Undo: "/vendors", None: "No vendor matches.",
		Search: ui.SearchBox{Path: "/vendors", Value: q.Get("q"), Label: "Name, service, number", Hidden: slices.Concat(screen.Hidden("state", q.Get("state")), screen.Hidden("criticality", q.Get("criticality")), screen.Hidden("about", q.Get("about")))}}
	v.More = []ui.Link{{Text: "Registers of controls", Href: "/vendors/registers"}}
	if r.May(access.VendorAsk) {
		v.Action = ui.Link{Text: "Ask for a vendor", Href: "/vendors/new"}
	}
	if r.May(access.VendorEdit) {
		v.More = append(v.More, ui.Link{Text: "Import a file", Href: "/vendors/import"})
	}
	if len(all) == 0 {
		v.Title = "There are no vendors yet"
		v.Empty = &ui.Empty{Title: "Begin with those that hold customers' data", Text: "Hosting, mail, support desk, payment, logging: whoever stores or reaches data that customers gave you, or without whom you break a promise. A few questions give each its criticality, and with it how often it is reviewed and whether a report is needed. What you use already is entered with the day since when; a list from elsewhere is imported.",
			Criteria: []ui.Link{{Text: "CC9.2", Href: "/criteria/CC9.2"}}, Until: "Until then nothing shows that vendors were looked at before they got data or access."}
		if r.May(access.VendorAsk) {
			v.Empty.Actions = []ui.Link{{Text: "Ask for a vendor", Href: "/vendors/new"}}
			if r.May(access.VendorEdit) {
				v.Empty.Actions = append(v.Empty.Actions, ui.Link{Text: "Import a file", Href: "/vendors/import"})
			}
		}
	}
	v.Table = ui.Table{Caption: "Vendors, by name", Columns: []ui.Column{{Text: "Vendor"}, {Text: "State"}, {Text: "Criticality"}, {Text: "Role"}, {Text: "Managed by"}, {Text: "Review due"}, {Text: "Failing", N: true}}}
	page, next := cutPage(shown, q, func(x vendor.Row) string { return x.Ref })
	var people []string
	for _, x := range page {
		people = append(people, x.Manager)
	}
	names := r.Names(people)
	for _, x := range page {
		due := ui.Cell{Text: "none", Muted: true}
		if x.Due != "" {
			if due = (ui.Cell{Text: r.Words.Date(x.Due.Time()), Bad: x.Late}); x.Late {
				due.Meta = "late"
			}
		}
		level := ui.Cell{Text: x.Level}
		if len(x.Vendor.Undecided) > 0 {
			level.Meta = "questions are open"
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Name, Href: "/vendors/" + x.Ref}, Meta: x.Ref + " · " + cut(x.Service, 80),
			Cells: []ui.Cell{{Text: x.State.Words()}, level, {Text: role(x), Muted: x.Role == ""}, {Text: screen.Who(names, x.Manager)}, due, {Text: fmt.Sprint(x.Failing), N: true, Bad: x.Failing > 0, Muted: x.Failing == 0}}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(shown)), q, "/vendors", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Vendors", "Organise", "Vendors"), v))
}

// cutPage gives the rows of a page after a cursor.
func cutPage[T any](rows []T, q url.Values, key func(T) string) (page []T, next string) {
	if after := q.Get("after"); after != "" {
		rows = rows[slices.IndexFunc(rows, func(x T) bool { return key(x) == after })+1:]
	}
	if len(rows) > screen.PageSize {
		return rows[:screen.PageSize], key(rows[screen.PageSize-1])
	}
	return rows, ""
}
