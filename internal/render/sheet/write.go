package sheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// MaxRows is how many rows a sheet of a workbook can hold, its head included
// (ECMA-376). Write refuses more, because rows would be lost.
const MaxRows = 1 << 20

// maxText is how many characters a cell can hold; longer text is cut, and says so.
const maxText = 32_767

// Column is one column of a table.
type Column struct {
	Title string
	Width float64 // in characters; 0: 16
}

// Table is one sheet: a title, lines about it, a head and rows. A value of a
// row is a string, a bool, an integer, a float64 or a time.Time; anything else
// is a defect of the caller and gives an error.
type Table struct {
	Name    string   // of the sheet, at most 31 characters
	About   []string // lines above the head; none: the head is the first row
	Columns []Column
	Rows    iter.Seq2[[]any, error]
}

// Rows gives rows that are in memory already.
func Rows(rows [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Write writes a workbook with a sheet for each table.
func Write(w io.Writer, tables ...Table) error {
	f := excelize.NewFile()
	defer f.Close()
	for i, t := range tables {
		name := Name(t.Name)
		if i == 0 {
			if err := f.SetSheetName(f.GetSheetName(0), name); err != nil {
				return fmt.Errorf("name the sheet %s: %w", t.Name, err)
			}
		} else if _, err := f.NewSheet(name); err != nil {
			return fmt.Errorf("add the sheet %s: %w", t.Name, err)
		}
		if err := write(f, name, t); err != nil {
			return fmt.Errorf("sheet %s: %w", t.Name, err)
		}
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return settle(w, buf.Bytes())
}

func write(f *excelize.File, name string, t Table) error {
	head, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "bottom", Color: "000000", Style: 2}},
		Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return err
	}
	body, err := f.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return err
	}
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, c := range t.Columns {
		width := c.Width
		if width == 0 {
			width = 16
		}
		if err := sw.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	first := 1
	if len(t.About) > 0 {
		first = len(t.About) + 2
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: first, TopLeftCell: fmt.Sprintf("A%d", first+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	row := 1
	for _, line := range t.About {
		if err := sw.SetRow(fmt.Sprintf("A%d", row), []any{line}); err != nil {
			return err
		}
		row++
	}
	if len(t.About) > 0 {
		row++ // an empty row parts them from the head
	}
	titles := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = excelize.Cell{StyleID: head, Value: c.Title}
	}
	if err := sw.SetRow(fmt.Sprintf("A%d", row), titles); err != nil {
		return err
	}
	if t.Rows != nil {
		for values, err := range t.Rows {
			if err != nil {
				return err
			}
			if row++; row > MaxRows {
				return fmt.Errorf("a sheet holds at most %d rows; export this as CSV", MaxRows)
			}
			cells := make([]any, len(values))
			for i, v := range values {
				plain, err := value(v)
				if err != nil {
					return fmt.Errorf("row %d, column %d: %w", row, i+1, err)
				}
				cells[i] = excelize.Cell{StyleID: body, Value: plain}
			}
			if err := sw.SetRow(fmt.Sprintf("A%d", row), cells); err != nil {
				return err
			}
		}
	}
	return sw.Flush()
}

// value gives what a cell holds. Strings stay strings, so nothing becomes a
// formula; control characters that XML cannot hold become U+FFFD.
func value(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return text(v), nil
	case bool:
		if v {
			return "yes", nil
		}
		return "no", nil
	case int, int64, float64:
		return v, nil
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		return v.UTC().Format("2006-01-02 15:04:05"), nil
	}
	return nil, fmt.Errorf("a cell cannot hold a %T", v)
}

func text(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if utf8.RuneCountInString(s) > maxText {
		const mark = " [cut: longer than a cell holds]"
		s = string([]rune(s)[:maxText-len(mark)]) + mark
	}
	return s
}

// Name gives a name that a sheet may have: without : \ / ? * [ ], at most 31
// characters, not empty.
func Name(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return '-'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 31 {
		s = string(r[:31])
	}
	if s == "" {
		return "Sheet"
	}
	return s
}

// settle writes the archive again with its files in the order of their names
// and without times, so that the same content gives the same bytes.
func settle(w io.Writer, raw []byte) error {
	in, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return fmt.Errorf("read the workbook again: %w", err)
	}
	files := slices.Clone(in.File)
	slices.SortFunc(files, func(a, b *zip.File) int {
		// readers expect the list of content types first
		if first := "[Content_Types].xml"; a.Name == first || b.Name == first {
			return map[bool]int{true: -1, false: 1}[a.Name == first]
		}
		return strings.Compare(a.Name, b.Name)
	})
	out := zip.NewWriter(w)
	for _, f := range files {
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("read %s of the workbook again: %w", f.Name, err)
		}
		to, err := out.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate})
		if err != nil {
			return fmt.Errorf("write the workbook: %w", err)
		}
		if _, err := io.Copy(to, r); err != nil {
			return fmt.Errorf("write the workbook: %w", err)
		}
		if err := r.Close(); err != nil {
			return fmt.Errorf("read %s of the workbook again: %w", f.Name, err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}
