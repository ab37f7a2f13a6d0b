// Package listing writes a list as a file: CSV, a workbook or JSON, with a head
// that says what was asked, when, of which moment, by whom, and how many rows
// there are.
//
// Invariants:
//   - rows are written as they come; what is held in memory does not grow with them
//   - a cell of a CSV file or of a workbook never begins with what a spreadsheet
//     takes for a formula
//   - the same rows and the same head give the same bytes
//
// A CSV file has no place for a head that machines would not trip over, so its
// head goes with the answer; the workbook has it on a second sheet, and JSON is
// an object with it.
//
// Serves A11 of the mission. Floor: edges.
package listing

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/render/sheet"
)

// Format is how a list is written.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
	JSON Format = "json"
)

// MaxWorkbook is how many rows are written as a workbook: one is made whole
// before it is sent.
const MaxWorkbook = 200_000

// ParseFormat gives the format of that name, or kind Invalid.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case CSV, XLSX, JSON:
		return f, nil
	}
	return "", fault.New(fault.Invalid, "%q is no format", s).At("", 0, "format").WithHint("csv, xlsx or json")
}

// Type gives the media type.
func (f Format) Type() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "application/json"
}

// Column is one column: its key in JSON and CSV, and what people call it.
type Column struct {
	Key   string
	Title string
	Width float64 // in a workbook, in characters; 0: 16
}

// Head says what a file holds.
type Head struct {
	List      string    // "findings"
	Title     string    // "Findings"
	Address   string    // path and query that were shown
	Asked     time.Time // when it was asked for
	By        string    // pseudonym of who asked
	Name      string    // their name, for people
	Valid     time.Time // the moment that the list shows
	Present   bool      // that moment was the present
	KnownFrom int64     // size of the ledger when reading began
	KnownTo   int64     // and when it ended; the same: nothing was recorded meanwhile
	KnownNow  bool      // all that was known counts; else only what lies below KnownFrom
	Origin    string    // of the ledger
}

// known says the second time axis in words.
func (h Head) known() string {
	switch {
	case !h.KnownNow:
		return fmt.Sprintf("as known at ledger size %d", h.KnownFrom)
	case h.KnownFrom == h.KnownTo:
		return fmt.Sprintf("as known now, at ledger size %d", h.KnownFrom)
	}
	return fmt.Sprintf("as known now; the ledger grew from %d to %d entries while the list was read", h.KnownFrom, h.KnownTo)
}

// Valid moment in words.
func (h Head) moment() string {
	text := h.Valid.UTC().Format(time.RFC3339)
	if h.Present {
		text += " (the present)"
	}
	return text
}

// File is a list that was written. Close removes it from the disk.
type File struct {
	Format Format
	Count  int64
	Size   int64
	Digest string // SHA-256, in hex
	body   *os.File
	head   string
	tail   string
}

// Write writes rows to the disk. finish is asked once all of them were read, for
// what is known only then; a row has a value for each column: a string, a
// bool, an integer, a float64, a time.Time, a list of strings, or nil.
func Write(f Format, columns []Column, rows iter.Seq2[[]any, error], finish func() (Head, error)) (*File, error) {
	body, err := os.CreateTemp("", "attesta-list-*")
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "there is no room to write the list")
	}
	out := &File{Format: f, body: body}
	if err := os.Remove(body.Name()); err != nil { // it lives as long as it is open
		return nil, errors.Join(fmt.Errorf("write the list: %w", err), body.Close())
	}
	if err := out.write(columns, rows, finish); err != nil {
		return nil, errors.Join(err, body.Close())
	}
	sum := sha256.New()
	if err := out.measure(sum); err != nil {
		return nil, errors.Join(fmt.Errorf("write the list: %w", err), body.Close())
	}
	out.Digest = hex.EncodeToString(sum.Sum(nil))
	return out, nil
}

func (f *File) measure(sum hash.Hash) error {
	n, err := f.copy(sum)
	f.Size = n
	return err
}

func (f *File) copy(w io.Writer) (int64, error) {
	if _, err := f.body.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	return io.Copy(w, io.MultiReader(strings.NewReader(f.head), f.body, strings.NewReader(f.tail)))
}

// WriteTo sends the file.
func (f *File) WriteTo(w io.Writer) (int64, error) { return f.copy(w) }

// Close lets go of it.
func (f *File) Close() error { return f.body.Close() }

func (f *File) write(columns []Column, rows iter.Seq2[[]any, error], finish func() (Head, error)) error {
	counted := func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err == nil {
				f.Count++
				if len(row) != len(columns) {
					err = fmt.Errorf("row %d has %d values for %d columns", f.Count, len(row), len(columns))
				}
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
	switch f.Format {
	case CSV:
		if err := writeCSV(f.body, columns, counted); err != nil {
			return err
		}
		_, err := finish()
		return err
	case XLSX:
		return f.workbook(columns, counted, finish)
	}
	return f.object(columns, counted, finish)
}

func writeCSV(w io.Writer, columns []Column, rows iter.Seq2[[]any, error]) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.Key
	}
	if err := out.Write(cells); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, v := range row {
			if cells[i], err = cell(v); err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Key, err)
			}
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

// cell gives a value as text. Only text can be taken for a formula.
func cell(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return Guard(v), nil
	case []string:
		return Guard(strings.Join(v, " ")), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		return v.UTC().Format(time.RFC3339Nano), nil
	}
	return "", fmt.Errorf("a cell cannot hold a %T", v)
}

// Guard puts an apostrophe before text that a spreadsheet would take for a
// formula: it begins with =, +, -, @, a tab, a carriage return or a line feed,
// or with one of them in full width, which some take for the same.
func Guard(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	switch first {
	case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return "'" + s
	}
	return s
}

// workbook writes the rows on the first sheet and the head on the second.
func (f *File) workbook(columns []Column, rows iter.Seq2[[]any, error], finish func() (Head, error)) error {
	table := sheet.Table{Name: "List"}
	for _, c := range columns {
		table.Columns = append(table.Columns, sheet.Column{Title: c.Title, Width: c.Width})
	}
	table.Rows = func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			if f.Count > MaxWorkbook {
				yield(nil, fault.New(fault.Invalid, "a workbook takes at most %d rows, and this list has more", MaxWorkbook).At("", 0, "format").WithHint("take it as CSV or JSON, or narrow it"))
				return
			}
			cells := make([]any, len(row))
			for i, v := range row {
				switch v := v.(type) {
				case string:
					cells[i] = Guard(v)
				case []string:
					cells[i] = Guard(strings.Join(v, " "))
				default:
					cells[i] = v
				}
			}
			if !yield(cells, nil) {
				return
			}
		}
	}
	about := sheet.Table{Name: "About", Columns: []sheet.Column{{Title: "What", Width: 24}, {Title: "Says", Width: 90}}}
	about.Rows = func(yield func([]any, error) bool) { // the first sheet is written by now
		h, err := finish()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, line := range [][2]string{{"List", h.Title}, {"Query", h.Address}, {"Asked for", h.Asked.UTC().Format(time.RFC3339)}, {"By", strings.TrimSpace(h.By + " " + h.Name)},
			{"Shows the moment", h.moment()}, {"Known", h.known()}, {"Ledger", h.Origin}, {"Rows", strconv.FormatInt(f.Count, 10)}, {"Times", "UTC"},
			{"Guard", "Text that begins like a formula has an apostrophe before it"}} {
			if !yield([]any{line[0], Guard(line[1])}, nil) {
				return
			}
		}
	}
	return sheet.Write(f.body, table, about)
}

// object writes {head…, "columns": […], "rows": [{…}, …]}.
func (f *File) object(columns []Column, rows iter.Seq2[[]any, error], finish func() (Head, error)) error {
	keys := make([][]byte, len(columns))
	for i, c := range columns {
		k, err := json.Marshal(c.Key)
		if err != nil {
			return err
		}
		keys[i] = k
	}
	first := true
	var line []byte
	for row, err := range rows {
		if err != nil {
			return err
		}
		line = line[:0]
		if !first {
			line = append(line, ',')
		}
		first = false
		line = append(line, "\n{"...)
		for i, v := range row {
			if t, ok := v.(time.Time); ok && t.IsZero() {
				v = nil
			} else if ok {
				v = t.UTC()
			}
			raw, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Key, err)
			}
			if i > 0 {
				line = append(line, ", "...)
			}
			line = append(append(append(line, keys[i]...), ": "...), raw...)
		}
		if _, err := f.body.Write(append(line, '}')); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	h, err := finish()
	if err != nil {
		return err
	}
	type column struct {
		Key   string `json:"key"`
		Title string `json:"title"`
	}
	type axes struct {
		Valid     time.Time `json:"valid_at"`
		Present   bool      `json:"present"`
		KnownNow  bool      `json:"known_now"`
		KnownFrom int64     `json:"ledger_size_at_begin"`
		KnownTo   int64     `json:"ledger_size_at_end"`
		Origin    string    `json:"ledger"`
		Words     string    `json:"words"`
	}
	head := struct {
		List    string    `json:"list"`
		Title   string    `json:"title"`
		Query   string    `json:"query"`
		Asked   time.Time `json:"asked_at"`
		By      string    `json:"asked_by"`
		Name    string    `json:"asked_by_name,omitempty"`
		Shown   axes      `json:"shown"`
		Count   int64     `json:"count"`
		Columns []column  `json:"columns"`
	}{h.List, h.Title, h.Address, h.Asked.UTC(), h.By, h.Name, axes{h.Valid.UTC(), h.Present, h.KnownNow, h.KnownFrom, h.KnownTo, h.Origin, h.known()}, f.Count, nil}
	for _, c := range columns {
		head.Columns = append(head.Columns, column{c.Key, c.Title})
	}
	raw, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	f.head, f.tail = strings.TrimSuffix(string(raw), "\n}")+",\n  \"rows\": [", "\n  ]\n}\n"
	return nil
}
