package requestlist_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/requestlist"
	"github.com/attesta/attesta/internal/render/sheet"

	"github.com/xuri/excelize/v2"
)

// workbook makes a workbook as a firm would send it.
type workbook struct {
	t *testing.T
	f *excelize.File
}

func newWorkbook(t *testing.T) workbook {
	return workbook{t, excelize.NewFile()}
}

func (w workbook) set(sheetName string, rows ...[]any) workbook {
	w.t.Helper()
	if i, err := w.f.GetSheetIndex(sheetName); err != nil || i < 0 {
		if _, err := w.f.NewSheet(sheetName); err != nil {
			w.t.Fatal(err)
		}
	}
	for i, r := range rows {
		if err := w.f.SetSheetRow(sheetName, fmt.Sprintf("A%d", i+1), &r); err != nil {
			w.t.Fatal(err)
		}
	}
	return w
}

func (w workbook) merge(sheetName, from, to string) workbook {
	w.t.Helper()
	if err := w.f.MergeCell(sheetName, from, to); err != nil {
		w.t.Fatal(err)
	}
	return w
}

func (w workbook) book() *sheet.Book {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.f.Write(&b); err != nil {
		w.t.Fatal(err)
	}
	book, err := sheet.Open(&b, "IRL.xlsx")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { book.Close() })
	return book
}

var head = []any{"PBC #", "TSC Ref.", "Request Description", "Client Owner", "Due Date", "Status", "Firm notes"}

// firm is a list with a cover sheet, a title above, sections, merged criteria,
// dates as dates and references that look like numbers.
func firm(t *testing.T) workbook {
	w := newWorkbook(t).set("Sheet1", []any{"Welcome to our portal"}, []any{"Contact", "someone"}).
		set("Request list", []any{"SOC 2 request list"}, nil, head,
			[]any{"General"},
			[]any{"1.1", "CC1.1, CC1.2", "Code of conduct, current version", "HR", time.Date(2026, 7, 10, 0, 0, 0, 0, time.UTC), "Open"},
			[]any{1.2, nil, "Listing of all employees hired in the period", "HR", "31 Jul 2026", "Received"},
			nil,
			[]any{"Access"},
			[]any{"1.10", "CC6.1", "Walkthrough of provisioning", "IT", nil, "Somewhere"}).
		merge("Request list", "B5", "B6")
	two, err := w.f.NewStyle(&excelize.Style{NumFmt: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.f.SetCellValue("Request list", "A9", 1.1); err != nil { // shown as 1.10
		t.Fatal(err)
	}
	if err := w.f.SetCellStyle("Request list", "A9", "A9", two); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRead(t *testing.T) {
	l, err := requestlist.Read(firm(t).book(), "IRL.xlsx", "")
	if err != nil {
		t.Fatal(err)
	}
	if l.Sheet != "Request list" || l.Head != 3 || len(l.Columns) != 6 || len(l.Unknown) != 1 || len(l.Requests) != 3 {
		t.Fatalf("%+v", l)
	}
	a, b, c := l.Requests[0], l.Requests[1], l.Requests[2]
	if a.Ref != "1.1" || a.Section != "General" || strings.Join(a.Criteria, " ") != "CC1.1 CC1.2" || a.Due != "2026-07-10" || a.Contact != "HR" || a.Theirs != engagement.Requested || !a.HasTheirs {
		t.Errorf("first %+v", a)
	}
	if b.Ref != "1.2" || strings.Join(b.Criteria, " ") != "CC1.1 CC1.2" || b.Due != "2026-07-31" || b.Theirs != engagement.Received {
		t.Errorf("second %+v", b)
	}
	if c.Ref != "1.10" || c.Section != "Access" || c.HasTheirs || l.Rows[2] != 9 {
		t.Errorf("third %+v in row %d", c, l.Rows[2])
	}
	if notes := strings.Join(l.Notes, "\n"); !strings.Contains(notes, "1 cell inside a merged range took") || !strings.Contains(notes, `"Somewhere" is not one`) {
		t.Errorf("notes: %s", notes)
	}
}

// What a workbook hides is read where it is the list, and said.
func TestHidden(t *testing.T) {
	w := firm(t).set("Old list", head, []any{"9", "CC1.1", "An older request", "HR", "", "", "Notes"})
	for _, err := range []error{w.f.SetSheetVisible("Old list", false), w.f.SetRowVisible("Request list", 6, false), w.f.SetColVisible("Request list", "D", false), w.f.SetColVisible("Request list", "G", false)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := requestlist.Read(w.book(), "IRL.xlsx", "")
	if err != nil || l.Sheet != "Request list" || len(l.Requests) != 3 {
		t.Fatalf("%+v, %v", l, err)
	}
	notes := strings.Join(l.Notes, "\n")
	for _, want := range []string{`Sheet "Old list" looks like a list too, and is hidden`, "Read too, though the workbook hides the row of 1 request, perhaps by a filter: 1.2.", `Column "Client Owner" is hidden in the workbook; it was read as the contact.`} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes: %s\nwant %s", notes, want)
		}
	}
	if strings.Contains(notes, "Firm notes") {
		t.Errorf("a column that means nothing to us is spoken of: %s", notes)
	}
	if l, err = requestlist.Read(w.book(), "IRL.xlsx", "Old list"); err != nil || !strings.Contains(strings.Join(l.Notes, "\n"), `"Old list" is hidden`) {
		t.Errorf("the hidden sheet: %+v, %v", l, err)
	}
}

func TestMistakes(t *testing.T) {
	for name, tc := range map[string]struct {
		w     workbook
		sheet string
		want  []string
	}{
		"a sheet that is not there": {firm(t), "Requests", []string{`there is no sheet "Requests"`}},
		"the wrong sheet":           {firm(t), "Sheet1", []string{`sheet "Sheet1" holds no request list`}},
		"no list at all":            {newWorkbook(t).set("Sheet1", []any{"a", "b"}), "", []string{"no sheet holds a request list"}},
		"an empty list":             {newWorkbook(t).set("Sheet1", head), "", []string{"is empty"}},
		"rows that say too little": {newWorkbook(t).set("Sheet1", head,
			[]any{"1", "", "Policy", "", "3/4/2026"}, []any{"", "CC1.1", "No reference here", "HR"}, []any{"2", "CC1.1", "", "HR"}, []any{"3", "", "Once", "x"}, []any{"3", "", "Twice", "x"}), "",
			[]string{`IRL.xlsx:2: Sheet1!E2: "3/4/2026" can be two dates`, "IRL.xlsx:3: Sheet1!A3: the request has no reference", `Sheet1!C4: reference "2" has no request`, `Sheet1!A6: reference "3" stands in row 5 too`}},
		"merged requests": {newWorkbook(t).set("Sheet1", head, []any{"1", "", "Both", "HR"}, []any{"2", "", "", "HR"}).merge("Sheet1", "C2", "C3"), "",
			[]string{"Sheet1!C3: this cell is merged with row 2"}},
	} {
		_, err := requestlist.Read(tc.w.book(), "IRL.xlsx", tc.sheet)
		if err == nil {
			t.Errorf("%s: no mistake found", name)
			continue
		}
		for _, want := range tc.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v\nwant %s", name, err, want)
			}
		}
		var e *fault.Error
		if !errors.As(err, &e) || e.Kind != fault.Invalid {
			t.Errorf("%s: kind of %v", name, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	w := firm(t)
	b := w.book()
	l, err := requestlist.Read(b, "IRL.xlsx", "")
	if err != nil {
		t.Fatal(err)
	}
	requests := []engagement.Request{
		{Ref: "1.1", RequestContent: engagement.RequestContent{Text: "Code", Ours: engagement.Ready, Answer: "Version 3."}, Exhibits: []engagement.Exhibit{{Kind: "evidence", Title: "Code of conduct", Subject: "evd_1"}}},
		{Ref: "1.10", RequestContent: engagement.RequestContent{Text: "Walk", Ours: engagement.Open}},
		{Ref: "9", RequestContent: engagement.RequestContent{Text: "Asked by mail", Ours: engagement.InProgress}},
	}
	var out bytes.Buffer
	if err := requestlist.Answers(&out, b, l, requests); err != nil {
		t.Fatal(err)
	}
	back, err := sheet.Open(&out, "back.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	g, err := back.Grid("Request list")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		row, column int
		want        string
	}{{3, 8, "Client status"}, {3, 9, "Client response"}, {5, 8, "ready"}, {5, 9, "Version 3.\nEvidence: Code of conduct (evd_1)"}, {5, 3, "Code of conduct, current version"}, {9, 8, "open"}, {10, 1, "9"}, {10, 3, "Asked by mail"}, {3, 7, "Firm notes"}} {
		got := ""
		if tc.column <= len(g.Rows[tc.row-1]) {
			got = g.Rows[tc.row-1][tc.column-1]
		}
		if got != tc.want {
			t.Errorf("row %d, column %d: %q, want %q", tc.row, tc.column, got, tc.want)
		}
	}
	again, err := requestlist.Read(back, "back.xlsx", "")
	if err != nil || len(again.Requests) != 4 || again.Column(requestlist.Answer) != 9 {
		t.Errorf("read again: %+v, %v", again, err)
	}
}

// Our own form can be read again, and says the same.
func TestOwnForm(t *testing.T) {
	r := engagement.Request{Ref: "A-1", RequestContent: engagement.RequestContent{Text: "Policy", Section: "General", Kind: engagement.Document, Criteria: []string{"CC5.3"}, Due: "2026-08-01", Theirs: engagement.Returned, Ours: engagement.Ready, Answer: "Here."}}
	var out bytes.Buffer
	if err := requestlist.Write(&out, engagement.Engagement{Content: engagement.Content{Title: "SOC 2", Type: 1, From: "2026-06-30", To: "2026-06-30"}}, []engagement.Request{r}); err != nil {
		t.Fatal(err)
	}
	b, err := sheet.Open(&out, "own.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	l, err := requestlist.Read(b, "own.xlsx", "")
	if err != nil || len(l.Requests) != 1 || len(l.Unknown) != 0 {
		t.Fatalf("%+v, %v", l, err)
	}
	if p := l.Requests[0]; p.Ref != r.Ref || p.Text != r.Text || p.Section != r.Section || p.Kind != r.Kind || p.Due != r.Due || p.Theirs != r.Theirs || p.Criteria[0] != "CC5.3" {
		t.Errorf("read again: %+v", p)
	}
}
