// Package requestlist reads an auditor's request list from the workbook in
// which the auditor keeps it, and writes answers back into that workbook, in
// its own columns.
//
// Every firm has its own form: the sheet, the row of headings and the columns
// are found by their words, and what was found is said, so that a person can
// see it before anything is taken in. Nothing is guessed silently: a row that
// holds a request and no reference, a reference that stands twice, a date that
// can be two days is a mistake with its cell.
//
// Serves A19: the request list both ways in the auditor's own spreadsheet.
//
// Floor: edges.
package requestlist

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/render/sheet"

	"github.com/xuri/excelize/v2"
)

// Field is what a column holds.
type Field string

// The fields.
const (
	Ref      Field = "reference"
	Text     Field = "request"
	Section  Field = "section"
	Criteria Field = "criteria"
	Control  Field = "control"
	Contact  Field = "contact"
	Due      Field = "due date"
	Theirs   Field = "auditor's status"
	Ours     Field = "our status"
	Answer   Field = "answer"
	Type     Field = "kind"
)

// headings gives the words by which a column is known, the most telling first.
var headings = []struct {
	field Field
	words []string
}{
	{Ref, []string{"ref", "ref #", "ref no", "reference", "request #", "request no", "request id", "request number", "id", "irl #", "irl no", "pbc #", "pbc no", "pbc id", "item #", "item no", "item", "no", "#", "number"}},
	{Text, []string{"request", "request description", "requested item", "requested information", "information requested", "document request", "documentation requested", "evidence requested", "evidence request", "description of request", "request details", "description", "details", "item description"}},
	{Section, []string{"section", "area", "topic", "category", "domain", "process"}},
	{Criteria, []string{"criteria", "criterion", "tsc", "tsc ref", "tsc reference", "trust services criteria", "soc 2 criteria", "criteria reference", "related criteria"}},
	{Control, []string{"control", "control #", "control id", "control no", "control ref", "control number", "control activity", "control description", "related control"}},
	{Contact, []string{"contact", "owner", "client owner", "client contact", "point of contact", "responsible", "responsible party", "assigned to", "assignee", "poc"}},
	{Due, []string{"due", "due date", "date due", "needed by", "target date", "requested by", "required by", "deadline"}},
	{Theirs, []string{"status", "auditor status", "request status", "audit status", "firm status"}},
	{Ours, []string{"client status", "our status", "provider status", "management status"}},
	{Answer, []string{"client response", "response", "management response", "client comments", "client comment", "comments", "comment", "notes", "answer"}},
	{Type, []string{"type", "request type", "population or sample", "evidence type", "kind"}},
}

// theirs gives the auditor's status by the words that firms write.
var theirs = map[string]engagement.Theirs{
	"requested": engagement.Requested, "open": engagement.Requested, "outstanding": engagement.Requested, "not received": engagement.Requested, "pending": engagement.Requested, "not started": engagement.Requested,
	"received": engagement.Received, "submitted": engagement.Received, "in review": engagement.Received, "under review": engagement.Received, "in progress": engagement.Received, "partially received": engagement.Received,
	"accepted": engagement.Accepted, "complete": engagement.Accepted, "completed": engagement.Accepted, "closed": engagement.Accepted, "done": engagement.Accepted, "satisfied": engagement.Accepted,
	"returned": engagement.Returned, "rejected": engagement.Returned, "follow up": engagement.Returned, "follow-up": engagement.Returned, "additional information needed": engagement.Returned, "more information needed": engagement.Returned, "incomplete": engagement.Returned,
	"withdrawn": engagement.Withdrawn, "n/a": engagement.Withdrawn, "na": engagement.Withdrawn, "not applicable": engagement.Withdrawn, "cancelled": engagement.Withdrawn, "canceled": engagement.Withdrawn, "removed": engagement.Withdrawn,
}

// kinds gives the kind of a request by the words that firms write.
var kinds = map[string]engagement.Kind{"document": engagement.Document, "documentation": engagement.Document, "policy": engagement.Document, "screenshot": engagement.Document, "evidence": engagement.Document,
	"population": engagement.Population, "listing": engagement.Population, "sample": engagement.Sample, "selection": engagement.Sample,
	"inquiry": engagement.Inquiry, "walkthrough": engagement.Inquiry, "interview": engagement.Inquiry, "meeting": engagement.Inquiry}

// Column is one that was recognised.
type Column struct {
	Field  Field
	Title  string // as it stands in the workbook
	Number int    // from 1
}

// List is what a sheet holds.
type List struct {
	Sheet    string
	Head     int // row of the headings, from 1
	Columns  []Column
	Unknown  []string // headings that mean nothing to us; their cells stay untouched
	Requests []engagement.Proposed
	Rows     []int    // row of each request
	Notes    []string // what was done that a person should know
}

// Column gives the number of a field's column, 0 where the list has none.
func (l List) Column(f Field) int {
	for _, c := range l.Columns {
		if c.Field == f {
			return c.Number
		}
	}
	return 0
}

// maxMistakes is how many mistakes are told at once.
const maxMistakes = 20

// Read finds the request list in a workbook and reads it. With sheetName "" the
// sheet that looks most like one is taken. Mistakes come joined, each with the
// file, the row and the column.
func Read(b *sheet.Book, name, sheetName string) (List, error) {
	names := b.Sheets()
	if sheetName != "" && !slices.Contains(names, sheetName) {
		return List{}, fault.New(fault.Invalid, "there is no sheet %q", sheetName).At(name, 0, "sheet").WithHint("the sheets are %s", strings.Join(names, ", "))
	}
	best := List{}
	var grid sheet.Grid
	var looks, hidden []string
	for _, n := range names {
		g, err := b.Grid(n)
		if err != nil {
			if n == sheetName || len(names) == 1 {
				return List{}, err
			}
			continue
		}
		l, ok := head(g)
		if !ok {
			continue
		}
		looks = append(looks, n)
		if g.Hidden {
			hidden = append(hidden, n)
		}
		better := len(l.Columns) > len(best.Columns)
		if grid.Hidden != g.Hidden { // what the auditor sees goes before what is hidden
			better = best.Head == 0 || grid.Hidden
		}
		if sheetName == "" && better || n == sheetName {
			best, grid = l, g
		}
	}
	if best.Head == 0 {
		e := fault.New(fault.Invalid, "no sheet holds a request list").At(name, 0, "")
		if sheetName != "" {
			e = fault.New(fault.Invalid, "sheet %q holds no request list", sheetName).At(name, 0, "sheet")
		}
		if sheetName != "" && len(looks) > 0 {
			return List{}, e.WithHint("%s looks like one", strings.Join(looks, ", "))
		}
		return List{}, e.WithHint("one row needs headings for a reference and a request, such as Ref and Request")
	}
	if sheetName == "" {
		for _, n := range looks {
			if n == best.Sheet {
				continue
			}
			state := ""
			if slices.Contains(hidden, n) {
				state = ", and is hidden in the workbook"
			}
			best.Notes = append(best.Notes, fmt.Sprintf("Sheet %q was read. Sheet %q looks like a list too%s.", best.Sheet, n, state))
		}
	}
	if grid.Hidden {
		best.Notes = append(best.Notes, fmt.Sprintf("Sheet %q is hidden in the workbook. Ask the auditor whether it is the list that counts.", best.Sheet))
	}
	err := best.read(grid, name)
	best.hidden(grid)
	return best, err
}

// hidden says what was read although the workbook does not show it: a filter
// that was left on, a column that was folded away.
func (l *List) hidden(g sheet.Grid) {
	var refs []string
	for i, row := range l.Rows {
		if slices.Contains(g.HiddenRows, row) {
			refs = append(refs, l.Requests[i].Ref)
		}
	}
	if n := len(refs); n > 0 {
		if n > 8 {
			refs = append(refs[:8], "…")
		}
		l.Notes = append(l.Notes, fmt.Sprintf("Read too, though the workbook hides the %s, perhaps by a filter: %s.", rows(n), strings.Join(refs, ", ")))
	}
	for _, c := range l.Columns {
		if slices.Contains(g.HiddenColumns, c.Number) {
			l.Notes = append(l.Notes, fmt.Sprintf("Column %q is hidden in the workbook; it was read as the %s.", c.Title, c.Field))
		}
	}
}

func rows(n int) string {
	if n == 1 {
		return "row of 1 request"
	}
	return fmt.Sprintf("rows of %d requests", n)
}

// head finds the row of headings among the first rows of a sheet.
func head(g sheet.Grid) (List, bool) {
	best := List{}
	for i, row := range g.Rows {
		if i >= 40 {
			break
		}
		l := List{Sheet: g.Sheet, Head: i + 1}
		taken := map[Field]int{} // rank of the word by which a field is known
		for c, title := range row {
			f, rank := fieldOf(title)
			if f == "" {
				if strings.TrimSpace(title) != "" {
					l.Unknown = append(l.Unknown, title)
				}
				continue
			}
			if before, twice := taken[f]; twice {
				if rank < before { // a better word for the same field
					j := slices.IndexFunc(l.Columns, func(c Column) bool { return c.Field == f })
					l.Unknown = append(l.Unknown, l.Columns[j].Title)
					l.Columns[j], taken[f] = Column{f, title, c + 1}, rank
				} else {
					l.Unknown = append(l.Unknown, title)
				}
				continue
			}
			taken[f] = rank
			l.Columns = append(l.Columns, Column{f, title, c + 1})
		}
		if l.Column(Text) > 0 && l.Column(Ref) > 0 && len(l.Columns) > len(best.Columns) {
			best = l
		}
	}
	return best, best.Head > 0
}

func fieldOf(title string) (Field, int) {
	t := strings.ToLower(strings.Join(strings.Fields(strings.NewReplacer(".", " ", ":", " ", "_", " ", "*", " ", "’", "'").Replace(title)), " "))
	for _, h := range headings {
		if i := slices.Index(h.words, t); i >= 0 {
			return h.field, i
		}
	}
	return "", 0
}

// read reads the rows below the head.
func (l *List) read(g sheet.Grid, name string) error {
	var errs []error
	bad := func(row, column int, format string, args ...any) *fault.Error {
		ref, err := excelize.CoordinatesToCellName(max(column, 1), row)
		if err != nil {
			ref = fmt.Sprintf("row %d", row)
		}
		e := fault.New(fault.Invalid, format, args...).At(name, row, l.Sheet+"!"+ref)
		errs = append(errs, e)
		return e
	}
	covered := merged(g.Merged)
	section, filled := "", 0
	seen := map[string]int{}
	unread := map[string]bool{}
	for i := l.Head; i < len(g.Rows); i++ {
		row := i + 1
		cell := func(f Field) string {
			c := l.Column(f)
			if c == 0 {
				return ""
			}
			if first, ok := covered[[2]int{row, c}]; ok { // inside merged cells: the first cell's text counts for all
				if f == Text || f == Ref {
					bad(row, c, "this cell is merged with row %d", first[0]).WithHint("unmerge it: each request needs its own reference and words")
					return ""
				}
				filled++
				return at(g, first[0], first[1])
			}
			return at(g, row, c)
		}
		if len(errs) >= maxMistakes {
			errs = append(errs, fault.New(fault.Invalid, "more mistakes follow").At(name, 0, "").WithHint("correct these first"))
			break
		}
		n := 0 // cells with text in this row
		for _, s := range g.Rows[i] {
			if s != "" {
				n++
			}
		}
		if n == 0 {
			continue
		}
		before := len(errs)
		ref, text := cell(Ref), cell(Text)
		if len(errs) > before {
			continue
		}
		switch {
		case n == 1 && text == "" && ref != "" || n == 1 && ref == "" && text != "" && len(text) < 80 || ref == "" && text == "" && n == 1: // a heading between requests
			section = ref + text
			if section == "" {
				section = strings.Join(slices.DeleteFunc(slices.Clone(g.Rows[i]), func(s string) bool { return s == "" }), " ")
			}
			continue
		case ref == "" && text == "":
			continue // notes beside the list
		case ref == "":
			bad(row, l.Column(Ref), "the request has no reference").WithHint("give it one that stands nowhere else in the list")
			continue
		case text == "":
			bad(row, l.Column(Text), "reference %q has no request", ref).WithHint("write what is asked for, or remove the row")
			continue
		}
		if other, twice := seen[ref]; twice {
			bad(row, l.Column(Ref), "reference %q stands in row %d too", ref, other).WithHint("give each request one of its own")
			continue
		}
		seen[ref] = row
		p := engagement.Proposed{Ref: ref, RequestContent: engagement.RequestContent{Text: text, Section: cell(Section), Control: cell(Control), Contact: cell(Contact), Kind: kinds[strings.ToLower(cell(Type))]}}
		if p.Section == "" {
			p.Section = section
		}
		p.Criteria = engagement.CriteriaIn(strings.Join([]string{cell(Criteria), cell(Control), ref}, " "))
		if s := cell(Due); s != "" {
			day, err := sheet.Day(s)
			var e *fault.Error
			if errors.As(err, &e) {
				bad(row, l.Column(Due), "%s", e.Message).WithHint("%s", e.Hint)
				continue
			}
			p.Due = day.Format("2006-01-02")
		}
		if s := cell(Theirs); s != "" {
			if known, ok := theirs[strings.ToLower(s)]; ok {
				p.Theirs, p.HasTheirs = known, true
			} else {
				unread[s] = true
			}
		}
		l.Requests, l.Rows = append(l.Requests, p), append(l.Rows, row)
	}
	if filled > 0 {
		what := "1 cell inside a merged range"
		if filled > 1 {
			what = fmt.Sprintf("%d cells inside merged ranges", filled)
		}
		l.Notes = append(l.Notes, what+" took the text of the first.")
	}
	for _, s := range slices.Sorted(func(yield func(string) bool) {
		for s := range unread {
			if !yield(s) {
				return
			}
		}
	}) {
		l.Notes = append(l.Notes, fmt.Sprintf("The status %q is not one that we know; it was left out.", s))
	}
	if len(errs) == 0 && len(l.Requests) == 0 {
		errs = append(errs, fault.New(fault.Invalid, "the list below row %d of sheet %q is empty", l.Head, l.Sheet).At(name, l.Head, "").WithHint("choose the sheet that holds the requests"))
	}
	return errors.Join(errs...)
}

func at(g sheet.Grid, row, column int) string {
	if row > len(g.Rows) || column > len(g.Rows[row-1]) {
		return ""
	}
	return g.Rows[row-1][column-1]
}

// maxMerged bounds what one range may cover.
const maxMerged = 10_000

// merged gives for each cell inside a merged range, but for its first, where
// the range begins: row and column.
func merged(ranges []string) map[[2]int][2]int {
	out := map[[2]int][2]int{}
	for _, r := range ranges {
		from, to, ok := strings.Cut(r, ":")
		if !ok {
			continue
		}
		c1, r1, err1 := excelize.CellNameToCoordinates(from)
		c2, r2, err2 := excelize.CellNameToCoordinates(to)
		if err1 != nil || err2 != nil || r2 < r1 || c2 < c1 || (r2-r1+1)*(c2-c1+1) > maxMerged {
			continue
		}
		for row := r1; row <= r2; row++ {
			for c := c1; c <= c2; c++ {
				if row != r1 || c != c1 {
					out[[2]int{row, c}] = [2]int{r1, c1}
				}
			}
		}
	}
	return out
}
