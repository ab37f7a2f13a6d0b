package peoplecsv

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/roster"
)

const table = "Employee ID,Name,E-mail,Login,Type,Manager,Department,Job title,Start date,Last day,Status,Shoe size\n" +
	"7,Maeve Doyle,Maeve@Firm.Example,mdoyle,Employee,,Platform,Head of platform,2019-04-01,,active,39\n" +
	"9,\"Grün, Jürgen\",jg@firm.example,jgruen|jg,Contractor,7,Platform,Engineer,2026-01-12,2026-12-31,active,44\n" +
	"\n" +
	"11,Old Hand,old@firm.example,oh,Employee,7,Sales,Clerk,2001-01-01,2026-02-27,Terminated,40\n"

func TestRead(t *testing.T) {
	utf16 := []byte{0xff, 0xfe}
	for _, r := range table {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	for name, tc := range map[string]struct {
		text, encoding, separator string
		notes                     int
	}{
		"UTF-8":      {table, "UTF-8", "comma", 0},
		"a mark":     {"\xef\xbb\xbf" + table, "UTF-8 with a mark", "comma", 0},
		"Latin-1":    {strings.ReplaceAll(table, "ü", "\xfc"), "Windows-1252 (Latin-1)", "comma", 1},
		"UTF-16":     {string(utf16), "UTF-16", "comma", 0},
		"semicolons": {strings.ReplaceAll(table, ",", ";"), "UTF-8", "semicolon", 0},
		"CRLF":       {strings.ReplaceAll(table, "\n", "\r\n"), "UTF-8", "comma", 0},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Read(strings.NewReader(tc.text), nil)
			if err != nil {
				t.Fatal(err)
			}
			if f.Encoding != tc.encoding || f.Separator != tc.separator || f.Rows != 3 || len(f.Said) != 3 || len(f.Notes) != tc.notes {
				t.Fatalf("%+v", f)
			}
			m, j, o := f.Said[0], f.Said[1], f.Said[2]
			if m.Key != "7" || m.Fields.Mail != "maeve@firm.example" || m.Fields.Kind != roster.Employee || m.Fields.Start != "2019-04-01" || m.Gone {
				t.Errorf("%+v", m)
			}
			if !strings.Contains(j.Fields.Name, "Grün") || j.Fields.Manager != "7" || j.Fields.End != "2026-12-31" || strings.Join(j.Fields.Logins, " ") != "jg jgruen" || j.Line != 3 {
				t.Errorf("%+v", j)
			}
			if !o.Gone || o.Line != 5 {
				t.Errorf("%+v", o)
			}
			if len(f.Unused) != 1 || f.Unused[0] != "Shoe size" || f.Columns["team"] != "Department" {
				t.Errorf("columns %v, unused %v", f.Columns, f.Unused)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	f, err := Read(strings.NewReader("Who,Wo,Mail\nAnn Low,Cork,ann@x.example\n"), map[string]string{"name": "who", "location": "Wo"})
	if err != nil || f.Said[0].Fields.Name != "Ann Low" || f.Said[0].Fields.Location != "Cork" || f.Said[0].Key != "ann@x.example" {
		t.Fatalf("%+v, %v", f, err)
	}
}

func TestRefused(t *testing.T) {
	for name, tc := range map[string]struct{ text, says, hint string }{
		"nothing":              {" \n", "empty", "first line"},
		"no name":              {"ID,E-mail\n1,a@x.example\n", "name is missing", `"E-mail"`},
		"nobody is told apart": {"Name,Team\nAnn,Ops\n", "tells people apart is missing", "personnel number"},
		"twice":                {"ID,Name\n1,Ann\n2,Bo\n1,Cy\n", "lines 2 and 4 have the same identifier: 1", ""},
		"an address twice":     {"ID,Name,Mail\n1,Ann,a@x.example\n2,Bo,A@x.example\n", "lines 2 and 3 have the same address", ""},
		"ragged":               {"ID,Name\n1,Ann,x\n", "line 2 has 3 fields", ""},
		"a day that is none":   {"ID,Name,Start\n1,Ann,soon\n", `"soon" is no day`, ""},
		"a day that is two":    {"ID,Name,Start\n1,Ann,03/04/2026\n", "is two days", ""},
		"a kind":               {"ID,Name,Type\n1,Ann,wizard\n", `"wizard" is no kind`, ""},
		"a status":             {"ID,Name,Status\n1,Ann,perhaps\n", "neither", ""},
		"two columns":          {"ID,Name,name\n1,Ann,Ann\n", "two columns", ""},
		"an open quote":        {"ID,Name\n1,\"Ann\n", "line 2", ""},
		"a workbook":           {"PK\x03\x04xx", "workbook", "CSV"},
		"no text":              {"ID,Name\x00\n", "no text", ""},
		"without identifier":   {"ID,Name\n,Ann\n", "no identifier", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Read(strings.NewReader(tc.text), nil)
			text, hint := fault.Public(err)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(text, tc.says) || !strings.Contains(hint, tc.hint) || f != nil {
				t.Errorf("%v (hint %q), want %q, %q", err, hint, tc.says, tc.hint)
			}
		})
	}
	if _, err := Read(strings.NewReader("Name,Mail\n"), map[string]string{"title": "Job"}); err == nil || !strings.Contains(err.Error(), `"Job" is missing`) {
		t.Errorf("a column that was named and is missing: %v", err)
	}
}

// FuzzRead holds that whatever is brought in is read whole or refused with a
// reason, and that what is read can be kept.
func FuzzRead(f *testing.F) {
	f.Add([]byte(table))
	f.Add([]byte("\xef\xbb\xbfID;Name\n1;J\xfcrgen\n"))
	f.Add([]byte{0xff, 0xfe, 'a', 0})
	f.Add([]byte("ID\tName\n1\t\"a\"\"b\"\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), nil)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		for _, s := range file.Said {
			if _, err := s.Fields.Tidy(); err != nil || s.Key == "" || s.Fields.Name == "" || !utf8.ValidString(s.Key) {
				t.Fatalf("%+v: %v", s, err)
			}
		}
		if len(file.Said) != file.Rows {
			t.Fatalf("%d rows, %d people", file.Rows, len(file.Said))
		}
	})
}
