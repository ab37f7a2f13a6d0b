package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/render/sheet"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func table() sheet.Table {
	return sheet.Table{Name: "Hosts: all/of them", About: []string{"Population of hosts"}, Columns: []sheet.Column{{Title: "Name", Width: 30}, {Title: "Count"}, {Title: "Seen"}, {Title: "In"}},
		Rows: sheet.Rows([][]any{
			{"=1+1", 3, time.Date(2026, 3, 31, 12, 30, 0, 0, time.UTC), true},
			{"a\x01b", int64(1 << 40), time.Time{}, false},
			{strings.Repeat("x", 40_000), 1.5, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), nil},
		})}
}

func write(t *testing.T, tables ...sheet.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sheet.Write(&b, tables...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t *testing.T, raw []byte) *sheet.Book {
	t.Helper()
	b, err := sheet.Open(bytes.NewReader(raw), "list.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestWriteAndRead(t *testing.T) {
	raw := write(t, table(), sheet.Table{Name: "Second", Columns: []sheet.Column{{Title: "A"}}})
	b := open(t, raw)
	if got := b.Sheets(); !slices.Equal(got, []string{"Hosts- all-of them", "Second"}) {
		t.Errorf("sheets: %q", got)
	}
	g, err := b.Grid("Hosts- all-of them")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Population of hosts"}, nil, {"Name", "Count", "Seen", "In"}, {"=1+1", "3", "2026-03-31 12:30:00", "yes"}, {"a\uFFFDb", "1099511627776", "", "no"}}
	for i := range want {
		if len(g.Rows[i]) == 0 && len(want[i]) == 0 {
			continue
		}
		if d := cmp.Diff(want[i], g.Rows[i]); d != "" {
			t.Errorf("row %d: %s", i+1, d)
		}
	}
	if last := g.Rows[5][0]; len([]rune(last)) != 32_767 || !strings.HasSuffix(last, "[cut: longer than a cell holds]") {
		t.Errorf("a long text ends %q", last[len(last)-40:])
	}
	if again := write(t, table(), sheet.Table{Name: "Second", Columns: []sheet.Column{{Title: "A"}}}); !bytes.Equal(raw, again) {
		t.Error("the same content gave other bytes")
	}
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if formula, err := f.GetCellFormula("Hosts- all-of them", "A4"); err != nil || formula != "" {
		t.Errorf("text became the formula %q, %v", formula, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	broken := errors.New("broken")
	for name, tb := range map[string]sheet.Table{
		"a value of another type": {Name: "A", Columns: []sheet.Column{{Title: "A"}}, Rows: sheet.Rows([][]any{{[]string{"x"}}})},
		"rows that fail":          {Name: "A", Rows: func(yield func([]any, error) bool) { yield(nil, broken) }},
	} {
		if err := sheet.Write(io.Discard, tb); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What a person's spreadsheet program writes: merged cells, dates with formats,
// a formula with its stored value.
func TestForeignWorkbook(t *testing.T) {
	f := excelize.NewFile()
	for ref, v := range map[string]any{"A1": "Request list", "A2": "Ref", "B2": "Due", "A3": "R-1", "B3": time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC), "A4": "R-2", "B4": 46112} {
		if err := f.SetCellValue("Sheet1", ref, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.MergeCell("Sheet1", "A1", "C1"); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	b := open(t, buf.Bytes())
	g, err := b.Grid("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]string{{"Request list"}, {"Ref", "Due"}, {"R-1", "2026-03-31"}, {"R-2", "46112"}}, g.Rows); d != "" {
		t.Error(d)
	}
	if !slices.Equal(g.Merged, []string{"A1:C1"}) {
		t.Errorf("merged: %q", g.Merged)
	}
	if err := b.Set("Sheet1", 3, 3, "ready"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	again, err := open(t, out.Bytes()).Grid("Sheet1")
	if err != nil || again.Rows[2][2] != "ready" || again.Rows[2][1] != "2026-03-31" {
		t.Errorf("written back: %q, %v", again.Rows, err)
	}
	if _, err := b.Grid("Requests"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a sheet that is not there: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 300 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	whole := write(t, table())
	for name, tc := range map[string]struct {
		raw  []byte
		want string
	}{
		"empty":      {nil, "empty"},
		"text":       {[]byte("Ref;Due\nR-1;2026\n"), "not an .xlsx workbook"},
		"half":       {whole[:len(whole)/2], "not an .xlsx workbook"},
		"old format": {append([]byte{0xD0, 0xCF, 0x11, 0xE0}, whole...), "old .xls"},
		"zip bomb":   {bomb.Bytes(), "times its size"},
	} {
		_, err := sheet.Open(bytes.NewReader(tc.raw), "list.xlsx")
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "list.xlsx: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDay(t *testing.T) {
	for in, want := range map[string]string{"2026-03-31": "2026-03-31", " 31 Mar 2026": "2026-03-31", "3/31/2026": "2026-03-31", "31/3/2026": "2026-03-31", "4/4/2026": "2026-04-04",
		"March 31, 2026": "2026-03-31", "31.03.2026": "2026-03-31", "2026-03-31 10:00:00": "2026-03-31"} {
		if got, err := sheet.Day(in); err != nil || got.Format(time.DateOnly) != want {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"3/4/2026", "soon", "", "2026-02-30", "31/31/2026"} {
		if got, err := sheet.Day(in); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	var b bytes.Buffer
	if err := sheet.Write(&b, sheet.Table{Name: "A", Columns: []sheet.Column{{Title: "x"}}, Rows: sheet.Rows([][]any{{"1"}})}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		book, err := sheet.Open(bytes.NewReader(raw), "list.xlsx")
		if err != nil {
			return
		}
		defer book.Close()
		for _, name := range book.Sheets() {
			if g, err := book.Grid(name); err == nil && len(g.Rows) > sheet.MaxRead {
				t.Errorf("%d rows", len(g.Rows))
			}
		}
	})
}
