package sheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/xuri/excelize/v2"
)

// Limits of what is read. A request list of an auditor has some hundred rows.
const (
	MaxBytes    = 20 << 20  // of the file
	maxUnpacked = 200 << 20 // of all its parts together
	maxParts    = 2_000
	maxRatio    = 200 // unpacked to packed, of a part larger than 1 MB
	MaxRead     = 20_000
	maxColumns  = 256
)

// Book is a workbook that somebody sent.
type Book struct {
	f    *excelize.File
	name string
	raw  []byte
}

// Grid is one sheet as text, row by row from the first row of the sheet; a row
// ends at its last cell that holds anything.
type Grid struct {
	Sheet  string
	Rows   [][]string
	Merged []string // ranges, such as B4:C4: only the first cell of each holds the text

	Hidden        bool  // the whole sheet
	HiddenRows    []int // that hold anything
	HiddenColumns []int // of the widest row
}

// Open reads a workbook of at most MaxBytes. What is not a workbook, or would
// unpack to more than it should, is of kind Invalid, with name as its file.
func Open(r io.Reader, name string) (*Book, error) {
	bad := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At(name, 0, "")
	}
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").At(name, 0, "").WithHint("send it again; nothing was stored")
	case len(raw) > MaxBytes:
		return nil, bad("the file is larger than %d MB", MaxBytes>>20).WithHint("keep only the sheet with the list, and save it again")
	case len(raw) == 0:
		return nil, bad("the file is empty").WithHint("choose an .xlsx file")
	case bytes.HasPrefix(raw, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		return nil, bad("this is an old .xls file, or one with a password").WithHint("open it, remove the password, and save it as .xlsx")
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, bad("this is not an .xlsx workbook").WithHint("save the list as .xlsx (Excel workbook) and choose that file")
	}
	if len(archive.File) > maxParts {
		return nil, bad("the workbook has %d parts, which no request list needs", len(archive.File)).WithHint("copy the sheet into a new workbook")
	}
	var total uint64
	for _, f := range archive.File {
		total += f.UncompressedSize64
		if f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/max(f.CompressedSize64, 1) > maxRatio {
			return nil, bad("its part %q unpacks to %d times its size", f.Name, f.UncompressedSize64/max(f.CompressedSize64, 1)).WithHint("copy the sheet into a new workbook")
		}
	}
	if total > maxUnpacked {
		return nil, bad("it unpacks to %d MB; at most %d are read", total>>20, maxUnpacked>>20).WithHint("copy the sheet into a new workbook")
	}
	f, err := open(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the workbook cannot be read").At(name, 0, "").WithHint("open it in a spreadsheet program and save it again as .xlsx")
	}
	return &Book{f: f, name: name, raw: raw}, nil
}

// open hands bytes to the library, whose panics on malformed parts are errors
// of the file.
func open(raw []byte) (f *excelize.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("malformed workbook: %v", p)
		}
	}()
	return excelize.OpenReader(bytes.NewReader(raw), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: 64 << 20, RawCellValue: true})
}

// Close lets go of it.
func (b *Book) Close() error { return b.f.Close() }

// Sheets gives the names of its sheets, in order.
func (b *Book) Sheets() []string { return b.f.GetSheetList() }

// Grid reads one sheet. Dates come as 2006-01-02 or 2006-01-02 15:04:05.
func (b *Book) Grid(name string) (g Grid, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Invalid, "the sheet %q cannot be read", name).At(b.name, 0, "").WithHint("open it in a spreadsheet program and save it again as .xlsx")
		}
	}()
	unreadable := func(cause error) error {
		return fault.Wrap(fault.Invalid, cause, "the sheet %q cannot be read", name).At(b.name, 0, "").WithHint("the sheets are %s", strings.Join(b.Sheets(), ", "))
	}
	g.Sheet = name
	rows, err := b.f.Rows(name)
	if err != nil {
		return g, unreadable(err)
	}
	for n := 1; rows.Next(); n++ {
		if n > MaxRead {
			_ = rows.Close()
			return g, fault.New(fault.Invalid, "the sheet %q has more than %d rows", name, MaxRead).At(b.name, n, "").WithHint("remove what is no list, and empty rows that carry a format")
		}
		cells, err := rows.Columns()
		if err != nil {
			return g, unreadable(err)
		}
		if len(cells) > maxColumns {
			cells = cells[:maxColumns]
		}
		for i, raw := range cells {
			cells[i] = b.cell(name, i+1, n, raw)
		}
		for len(cells) > 0 && cells[len(cells)-1] == "" {
			cells = cells[:len(cells)-1]
		}
		g.Rows = append(g.Rows, cells)
	}
	if err := rows.Close(); err != nil {
		return g, unreadable(err)
	}
	for len(g.Rows) > 0 && len(g.Rows[len(g.Rows)-1]) == 0 {
		g.Rows = g.Rows[:len(g.Rows)-1]
	}
	merged, err := b.f.GetMergeCells(name)
	if err != nil {
		return g, unreadable(err)
	}
	for _, m := range merged {
		g.Merged = append(g.Merged, m.GetStartAxis()+":"+m.GetEndAxis())
	}
	if err := b.hidden(&g); err != nil {
		return g, unreadable(err)
	}
	return g, nil
}

// hidden says what of a sheet its reader does not see in a spreadsheet program.
func (b *Book) hidden(g *Grid) error {
	visible, err := b.f.GetSheetVisible(g.Sheet)
	if err != nil {
		return err
	}
	g.Hidden = !visible
	wide := 0
	for i, row := range g.Rows {
		wide = max(wide, len(row))
		if len(row) == 0 {
			continue
		}
		if visible, err = b.f.GetRowVisible(g.Sheet, i+1); err != nil {
			return err
		} else if !visible {
			g.HiddenRows = append(g.HiddenRows, i+1)
		}
	}
	for c := 1; c <= wide; c++ {
		name, err := excelize.ColumnNumberToName(c)
		if err != nil {
			return err
		}
		if visible, err = b.f.GetColVisible(g.Sheet, name); err != nil {
			return err
		} else if !visible {
			g.HiddenColumns = append(g.HiddenColumns, c)
		}
	}
	return nil
}

// cell gives a cell's text: a number whose format is a date's as a date.
func (b *Book) cell(sheet string, column, row int, raw string) string {
	raw = strings.TrimSpace(raw)
	serial, err := strconv.ParseFloat(raw, 64)
	if err != nil || serial < 1 || serial > 2_958_465 { // 1900-01-01 to 9999-12-31
		return raw
	}
	ref, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return raw
	}
	id, err := b.f.GetCellStyle(sheet, ref)
	if err != nil || id == 0 {
		return raw
	}
	style, err := b.f.GetStyle(id)
	if err != nil {
		return raw
	}
	if !isDate(style) { // as it is shown: 1.10 stays 1.10
		if shown, err := b.f.GetCellValue(sheet, ref, excelize.Options{RawCellValue: false}); err == nil {
			return strings.TrimSpace(shown)
		}
		return raw
	}
	at, err := excelize.ExcelDateToTime(serial, false)
	if err != nil {
		return raw
	}
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format(time.DateOnly)
	}
	return at.Round(time.Second).Format(time.DateTime)
}

// isDate reports whether a number format shows a date (ECMA-376, 18.8.30).
func isDate(s *excelize.Style) bool {
	if s.CustomNumFmt != nil {
		f := strings.ToLower(*s.CustomNumFmt)
		return strings.Contains(f, "yy") || strings.Contains(f, "d") && strings.Contains(f, "m")
	}
	return s.NumFmt >= 14 && s.NumFmt <= 22 || s.NumFmt >= 27 && s.NumFmt <= 36 || s.NumFmt >= 50 && s.NumFmt <= 58
}

// Day reads a date as people write it in a list: 2026-03-31, 31 Mar 2026, or
// 3/31/2026 where it can mean one thing only. Kind Invalid says what to write.
func Day(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05Z07:00", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "02-Jan-2006", "2-Jan-06", "2006/01/02", "02.01.2006", "2.1.2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), nil
		}
	}
	american, errA := time.Parse("1/2/2006", s)
	european, errE := time.Parse("2/1/2006", s)
	switch {
	case errA == nil && errE == nil && !american.Equal(european):
		return time.Time{}, fault.New(fault.Invalid, "%q can be two dates", s).WithHint("write %s or %s", american.Format(time.DateOnly), european.Format(time.DateOnly))
	case errA == nil:
		return american, nil
	case errE == nil:
		return european, nil
	}
	return time.Time{}, fault.New(fault.Invalid, "%q is no date", s).WithHint("write it as 2026-03-31")
}
