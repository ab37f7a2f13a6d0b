// Package controllist reads controls from the spreadsheets in which people keep
// them, CSV or XLSX, and from the files that other programs for compliance export.
//
// Columns are found by their headings, in any order; what a heading or a value
// means is never guessed: a frequency or a criterion that is not known is a
// mistake with its sheet, row and column. Columns of status, result or owner's
// progress are left aside and said: nothing that is imported counts as operating.
//
// Serves A4. Floor: edges.
package controllist

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/render/sheet"
)

// MaxFile is how many bytes are read of a file.
const MaxFile = 2 << 20

const (
	maxRows    = 2000
	maxColumns = 200
	maxCell    = 20_000 // bytes
	maxErrors  = 20
)

// Column is one that was understood.
type Column struct {
	Field string `json:"field"`
	Title string `json:"title"` // as it stands in the file
}

// List is what a file holds.
type List struct {
	Sheet   string             `json:"sheet,omitempty"`
	Columns []Column           `json:"columns"`
	Left    []string           `json:"columns_left_aside"`
	Notes   []string           `json:"notes"`
	Rows    []control.Incoming `json:"rows"`
}

// headings gives the words by which a column is known, the most telling first.
var headings = []struct {
	field string
	words []string
}{
	{"ref", []string{"control id", "id", "code", "control code", "control #", "control number", "control no", "ref", "reference", "external id", "dcf", "#"}},
	{"title", []string{"name", "control name", "title", "control title", "control", "short name", "summary"}},
	{"statement", []string{"description", "control description", "statement", "control statement", "control activity", "activity", "control language", "details", "what is done"}},
	{"criteria", []string{"criteria", "criterion", "tsc", "trust services criteria", "trust service criteria", "soc 2", "soc2", "soc 2 criteria", "tsc criteria", "framework requirements", "requirements", "requirement", "mapped requirements",
		"requirement id", "requirement ids", "requirement code", "requirement codes", "framework sections", "sections", "section", "frameworks", "framework codes", "mapped criteria", "related criteria"}},
	{"owner", []string{"owner", "control owner", "owners", "control owners", "owner role", "responsible", "responsible party", "assigned to"}},
	{"frequency", []string{"frequency", "control frequency", "cadence", "how often", "test frequency", "recurrence", "review frequency"}},
	{"mode", []string{"mode", "automation", "automated or manual", "manual or automated", "manual/automated", "automated/manual", "execution", "control execution"}},
	{"nature", []string{"nature", "control nature", "control type", "type", "preventive or detective", "preventive/detective"}},
}

var frequencies = map[string]string{"continuous": "continuous", "continuously": "continuous", "real time": "continuous", "real-time": "continuous", "always": "continuous", "daily": "daily", "weekly": "weekly", "every week": "weekly", "monthly": "monthly", "every month": "monthly",
	"quarterly": "quarterly", "every quarter": "quarterly", "half-yearly": "half-yearly", "semi-annually": "half-yearly", "semi-annual": "half-yearly", "semiannual": "half-yearly", "semiannually": "half-yearly", "twice a year": "half-yearly", "biannually": "half-yearly", "bi-annually": "half-yearly", "every 6 months": "half-yearly",
	"yearly": "yearly", "annually": "yearly", "annual": "yearly", "every year": "yearly", "once a year": "yearly"}

var triggers = []string{"as needed", "ad hoc", "ad-hoc", "event driven", "event-driven", "on event", "per occurrence", "per event", "on demand", "as required", "upon change", "when it happens"}

var modes = map[string]control.Mode{"automated": control.Automated, "automatic": control.Automated, "automation": control.Automated, "system": control.Automated, "manual": control.Manual, "manually": control.Manual,
	"semi-automated": control.Manual, "hybrid": control.Manual, "it dependent manual": control.Manual, "it-dependent manual": control.Manual, "partially automated": control.Manual}

var natures = map[string]control.Nature{"preventive": control.Preventive, "preventative": control.Preventive, "prevent": control.Preventive, "detective": control.Detective, "detect": control.Detective, "corrective": control.Corrective, "correct": control.Corrective, "responsive": control.Corrective}

// criterion is an id of a criterion, or of one of its points of focus.
var criterion = regexp.MustCompile(`(?i)(?:^|[^A-Z0-9.])((?:CC|PI|[ACP])[0-9]\.[0-9]{1,2})(?:$|[^0-9])`)

// looksLike is what was meant as one and is none.
var looksLike = regexp.MustCompile(`(?i)^(CC|PI)[0-9.\-]*$`)

// Read reads the controls of a file. Mistakes come joined, each with the file, the
// sheet, the row and the column.
func Read(raw []byte, name string) (List, error) {
	if len(raw) > MaxFile {
		return List{}, fault.New(fault.Invalid, "the file has %d bytes; at most %d are read", len(raw), MaxFile).At(name, 0, "").WithHint("keep only the sheet with the controls")
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return List{}, fault.New(fault.Invalid, "the file is empty").At(name, 0, "").WithHint("choose a .csv or .xlsx file with one row for each control")
	}
	grids, notes, err := grids(raw, name)
	if err != nil {
		return List{}, err
	}
	var best *table
	for i := range grids {
		if t := head(grids[i]); t != nil && (best == nil || len(t.Columns) > len(best.Columns)) {
			best = t
		}
	}
	if best == nil {
		return List{}, fault.New(fault.Invalid, "no row names the columns of a list of controls").At(name, 0, "").WithHint("one row needs headings for a title and a description, such as Name and Description")
	}
	best.Notes = append(notes, best.Notes...)
	if len(grids) > 1 {
		best.Notes = append(best.Notes, fmt.Sprintf("Sheet %q was read.", best.Sheet))
	}
	err = best.read(name)
	return best.List, err
}

// grid is a table as text, with the row of the file that each row is.
type grid struct {
	sheet string
	rows  [][]string
	line  []int
}

// grids gives the tables of a file.
func grids(raw []byte, name string) (out []grid, notes []string, err error) {
	if bytes.HasPrefix(raw, []byte("PK\x03\x04")) || bytes.HasPrefix(raw, []byte{0xD0, 0xCF, 0x11, 0xE0}) {
		b, err := sheet.Open(bytes.NewReader(raw), name)
		if err != nil {
			return nil, nil, err
		}
		defer b.Close()
		for _, s := range b.Sheets() {
			g, err := b.Grid(s)
			if err != nil {
				return nil, nil, err
			}
			one := grid{sheet: s, rows: g.Rows}
			for i := range g.Rows {
				one.line = append(one.line, i+1)
			}
			out = append(out, one)
		}
		return out, nil, nil
	}
	text := strings.TrimPrefix(string(raw), "\ufeff")
	switch {
	case !utf8.ValidString(text):
		return nil, nil, fault.New(fault.Invalid, "the file is neither a workbook nor UTF-8 text").At(name, 0, "").WithHint("save it as .xlsx, or as CSV in UTF-8")
	case strings.ContainsRune(text, 0):
		return nil, nil, fault.New(fault.Invalid, "the file is no text").At(name, 0, "").WithHint("save it as .xlsx, or as CSV in UTF-8")
	}
	first, _, _ := strings.Cut(text, "\n")
	comma := ','
	for _, c := range ";\t" {
		if strings.Count(first, string(c)) > strings.Count(first, string(comma)) {
			comma = c
		}
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord = comma, -1
	var g grid
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return []grid{g}, notes, nil
		}
		var p *csv.ParseError
		if errors.As(err, &p) {
			return nil, nil, fault.Wrap(fault.Invalid, err, "the file cannot be read as CSV: %v", p.Err).At(name, p.Line, "").WithHint("a quote that opens a cell has to close it")
		}
		if err != nil {
			return nil, nil, fault.Wrap(fault.Invalid, err, "the file cannot be read as CSV").At(name, 0, "")
		}
		if len(g.rows) > maxRows+40 {
			return nil, nil, fault.New(fault.Invalid, "the file has more than %d rows", maxRows).At(name, 0, "")
		}
		at, _ := r.FieldPos(0)
		g.rows, g.line = append(g.rows, fields), append(g.line, at)
	}
}

// table is a list with where it stands.
type table struct {
	List
	g    grid
	head int
	at   map[string]int
}

func plain(title string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.NewReplacer("_", " ", "*", " ", ":", " ", "(s)", "s").Replace(title)), " "))
}

// head finds the row of headings among the first rows.
func head(g grid) *table {
	var best *table
	for i, row := range g.rows {
		if i >= 40 || len(row) > maxColumns {
			break
		}
		t := &table{g: g, head: i, at: map[string]int{}}
		t.Sheet = g.sheet
		t.Columns, t.Left, t.Notes, t.Rows = []Column{}, []string{}, []string{}, []control.Incoming{}
		rank := map[string]int{}
		for c, title := range row {
			field, r := "", 0
			for _, h := range headings {
				if r = slices.Index(h.words, plain(title)); r >= 0 {
					field = h.field
					break
				}
			}
			if before, twice := rank[field]; field != "" && (!twice || r < before) {
				rank[field], t.at[field] = r, c
			}
		}
		for c, title := range row {
			title = strings.TrimSpace(title)
			field := ""
			for f, at := range t.at {
				if at == c {
					field = f
				}
			}
			switch {
			case title == "":
			case field == "":
				t.Left = append(t.Left, short(title))
			default:
				t.Columns = append(t.Columns, Column{field, short(title)})
			}
		}
		_, named := t.at["title"]
		_, said := t.at["statement"]
		if named && said && (best == nil || len(t.Columns) > len(best.Columns)) {
			best = t
		}
	}
	return best
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// read reads the rows below the head. Rows of the same id are one control: a file
// that begins from requirements names it once for each.
func (t *table) read(name string) error {
	var errs []error
	byRef := map[string]int{}
	for i := t.head + 1; i < len(t.g.rows); i++ {
		row, line := t.g.rows[i], t.g.line[i]
		bad := func(field, format string, args ...any) *fault.Error {
			column := field
			if c, ok := t.at[field]; ok && c < len(t.g.rows[t.head]) {
				column = strings.TrimSpace(t.g.rows[t.head][c])
			}
			if t.Sheet != "" {
				column = t.Sheet + "!" + column
			}
			e := fault.New(fault.Invalid, format, args...).At(name, line, short(column))
			errs = append(errs, e)
			return e
		}
		if len(errs) >= maxErrors {
			errs = append(errs, fault.New(fault.Invalid, "more mistakes follow").At(name, 0, "").WithHint("correct these first"))
			break
		}
		if !slices.ContainsFunc(row, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue
		}
		if len(t.Rows) >= maxRows {
			return fault.New(fault.Invalid, "the file holds more than %d controls", maxRows).At(name, line, "")
		}
		cell := func(field string) string {
			c, ok := t.at[field]
			if !ok || c >= len(row) {
				return ""
			}
			s := strings.TrimSpace(strings.ReplaceAll(row[c], "\r\n", "\n"))
			s = strings.TrimPrefix(s, "'") // a guard against formulas that other programs write
			switch {
			case len(s) > maxCell:
				bad(field, "the cell has %d bytes; at most %d are read", len(s), maxCell)
				return ""
			case strings.HasPrefix(s, "=") || strings.HasPrefix(s, "@"):
				bad(field, "the cell holds a formula, not a text").WithHint("save the list with its values only")
				return ""
			}
			return s
		}
		oneLine := func(field string) string { return strings.Join(strings.Fields(cell(field)), " ") }
		in := control.Incoming{Row: line, Ref: oneLine("ref"), Title: oneLine("title"), Statement: cell("statement"), Owner: oneLine("owner"), Criteria: []string{}}
		t.said(&in, bad, oneLine)
		for _, id := range ids(cell("criteria")) {
			if !slices.Contains(in.Criteria, id) {
				in.Criteria = append(in.Criteria, id)
			}
		}
		for _, word := range strings.FieldsFunc(cell("criteria"), func(r rune) bool { return strings.ContainsRune(",;|\n\t ", r) }) {
			if looksLike.MatchString(word) && len(ids(word)) == 0 && strings.ContainsAny(word, "0123456789") {
				bad("criteria", "%q is no id of a criterion", short(word)).WithHint("they look like CC6.1, A1.2 or PI1.3")
			}
		}
		if first, twice := byRef[strings.ToLower(in.Ref)]; twice && in.Ref != "" && t.Rows[first].Title == in.Title && t.Rows[first].Statement == in.Statement {
			for _, c := range in.Criteria {
				if !slices.Contains(t.Rows[first].Criteria, c) {
					t.Rows[first].Criteria = append(t.Rows[first].Criteria, c)
				}
			}
			continue
		}
		byRef[strings.ToLower(in.Ref)] = len(t.Rows)
		t.Rows = append(t.Rows, in)
	}
	if len(t.Left) > 0 {
		t.Notes = append(t.Notes, "Columns that were left aside: "+strings.Join(t.Left, ", ")+". What a file says of status or results counts for nothing here.")
	}
	if _, ok := t.at["frequency"]; !ok {
		t.Notes = append(t.Notes, "No column says how often a control is performed: each is yearly until somebody says otherwise.")
	}
	if _, ok := t.at["criteria"]; !ok {
		t.Notes = append(t.Notes, "No column names criteria: none of these controls serves one until somebody says which.")
	}
	return errors.Join(errs...)
}

// said reads what is said in words that have a meaning here.
func (t *table) said(in *control.Incoming, bad func(string, string, ...any) *fault.Error, cell func(string) string) {
	word := func(field string) string { return strings.Trim(strings.ToLower(cell(field)), " .") }
	if w := word("frequency"); w != "" {
		switch f, known := frequencies[w]; {
		case known:
			in.Frequency = f
		case slices.Contains(triggers, w):
			in.Trigger = "what the file calls " + w
		default:
			bad("frequency", "%q is no frequency that is known here", short(w)).WithHint("one of %s, or as needed", strings.Join(control.Frequencies(), ", "))
		}
	}
	if w := word("mode"); w != "" {
		m, known := modes[w]
		if !known {
			bad("mode", "%q is neither automated nor manual", short(w))
		}
		in.Mode = m
	}
	if w := word("nature"); w != "" {
		n, known := natures[w]
		m, mode := modes[w]
		switch {
		case known:
			in.Nature = n
		case mode && in.Mode == "": // a column "type" that says who performs it
			in.Mode = m
		default:
			bad("nature", "%q is neither preventive, detective nor corrective", short(w))
		}
	}
}

// ids gives the ids of criteria in a text, each once.
func ids(text string) []string {
	var out []string
	for text != "" {
		m := criterion.FindStringSubmatchIndex(text)
		if m == nil {
			return out
		}
		if id := strings.ToUpper(text[m[2]:m[3]]); !slices.Contains(out, id) {
			out = append(out, id)
		}
		text = text[m[3]:]
	}
	return out
}
