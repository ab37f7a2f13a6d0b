// Package peoplecsv reads people from a table of text: what a personnel system
// or a spreadsheet exports. It serves A14.
//
// It says how it read the file (encoding, separator, which column is what) and
// gives all of it or nothing: a row that cannot be understood is an error that
// names the line, since a row left out would be somebody who has left.
//
// Floor: edges.
package peoplecsv

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/roster"
)

// Limits of a file.
const (
	MaxBytes   = 20 << 20
	maxColumns = 200
	maxListed  = 10 // mistakes that a message names
)

// File is what was read.
type File struct {
	Said      []roster.Said     `json:"-"`
	Notes     []roster.Problem  `json:"notes"`
	Encoding  string            `json:"encoding"`  // UTF-8, UTF-8 with a mark, UTF-16, Windows-1252 (Latin-1)
	Separator string            `json:"separator"` // comma, semicolon, tab
	Columns   map[string]string `json:"columns"`   // field → header
	Unused    []string          `json:"unused"`    // headers that are nothing to us
	Rows      int               `json:"rows"`
}

// headers are what columns are usually called, by field; the first that a file
// has counts.
var headers = map[string][]string{
	"key":      {"key", "id", "employee id", "person id", "user id", "worker id", "uuid"},
	"name":     {"name", "full name", "display name", "employee", "employee name", "displayname"},
	"first":    {"first name", "given name", "firstname", "givenname", "vorname"},
	"last":     {"last name", "surname", "family name", "lastname", "nachname"},
	"mail":     {"mail", "email", "e-mail", "email address", "e-mail address", "work email", "work e-mail"},
	"number":   {"number", "employee number", "personnel number", "staff number", "personalnummer", "employeenumber"},
	"logins":   {"logins", "login", "account", "accounts", "user name", "username", "user", "uid", "samaccountname"},
	"kind":     {"kind", "type", "employment type", "worker type", "employee type", "contract type"},
	"manager":  {"manager", "manager email", "manager e-mail", "manager mail", "manager id", "reports to", "supervisor"},
	"team":     {"team", "department", "org unit", "organisation unit", "organization unit", "group", "abteilung"},
	"title":    {"title", "job title", "position", "role", "jobtitle"},
	"location": {"location", "office", "site", "country", "work location", "standort"},
	"start":    {"start", "start date", "first day", "hire date", "joined", "date of joining", "eintritt"},
	"end":      {"end", "end date", "last day", "termination date", "leave date", "left", "contract end", "austritt"},
	"active":   {"active", "status", "employment status", "enabled"},
}

var (
	inactive = []string{"no", "false", "0", "inactive", "left", "leaver", "terminated", "disabled", "former"}
	active   = []string{"", "yes", "true", "1", "active", "current", "employed", "enabled"}
)

// Read reads a file. columns says which header is which field, where the usual
// names do not; it may be nil.
func Read(r io.Reader, columns map[string]string) (*File, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a file of people: %w", err)
	}
	if len(raw) > MaxBytes {
		return nil, fault.New(fault.Invalid, "the file has more than %d MB", MaxBytes>>20).At("", 0, "file")
	}
	f := &File{Notes: []roster.Problem{}, Columns: map[string]string{}, Unused: []string{}}
	text, err := f.decode(raw)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, fault.New(fault.Invalid, "the file is empty").At("", 1, "file").WithHint("its first line names the columns, and each line after that is a person")
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = f.separator(text)
	reader.FieldsPerRecord, reader.ReuseRecord = -1, true
	head, err := reader.Read()
	if err != nil {
		return nil, broken(err)
	}
	width := len(head)
	at, err := f.header(slices.Clone(head), columns)
	if err != nil {
		return nil, err
	}
	var wrong []string
	seen := map[string]map[string]int{"key": {}, "mail": {}, "number": {}}
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		line, _ := reader.FieldPos(0)
		if !slices.ContainsFunc(row, func(x string) bool { return strings.TrimSpace(x) != "" }) {
			continue
		}
		if f.Rows++; f.Rows > roster.MaxPeople {
			return nil, fault.New(fault.Invalid, "the file holds more than %d people", roster.MaxPeople).At("", line, "file")
		}
		if len(row) != width {
			wrong = append(wrong, fmt.Sprintf("line %d has %d fields, the first line has %d", line, len(row), width))
			continue
		}
		said, err := person(row, at, line)
		if err != nil {
			text, _ := fault.Public(err)
			wrong = append(wrong, fmt.Sprintf("line %d: %s", line, text))
			continue
		}
		for _, x := range []struct{ what, word, value string }{{"key", "identifier", said.Key}, {"mail", "address", said.Fields.Mail}, {"number", "personnel number", said.Fields.Number}} {
			if x.value == "" || x.what != "key" && x.value == said.Key {
				continue
			}
			if first := seen[x.what][x.value]; first != 0 {
				wrong = append(wrong, fmt.Sprintf("lines %d and %d have the same %s: %s", first, line, x.word, x.value))
			} else {
				seen[x.what][x.value] = line
			}
		}
		f.Said = append(f.Said, said)
	}
	if len(wrong) > 0 {
		more := ""
		if len(wrong) > maxListed {
			more = fmt.Sprintf("; and %d more", len(wrong)-maxListed)
			wrong = wrong[:maxListed]
		}
		return nil, fault.New(fault.Invalid, "the file cannot be taken as it is: %s%s", strings.Join(wrong, "; "), more).At("", 0, "file").
			WithHint("mend these lines and bring it in again; nothing was changed")
	}
	return f, nil
}

func broken(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fault.Wrap(fault.Invalid, err, "line %d is no line of a table: %v", p.StartLine, p.Err).At("", p.StartLine, "file").WithHint("a field with a quotation mark or a line break stands in quotation marks")
	}
	return fault.Wrap(fault.Invalid, err, "the file is no table of text").At("", 0, "file")
}

var windows1252 = [32]rune{'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f, 0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ'}

// decode gives the text and says how it was written.
func (f *File) decode(raw []byte) (string, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		return "", fault.New(fault.Invalid, "the file is a workbook, not a table of text").At("", 0, "file").WithHint("save it as CSV")
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		f.Encoding = "UTF-16"
		if len(raw)%2 != 0 {
			return "", fault.New(fault.Invalid, "the file breaks off in the middle of a letter").At("", 0, "file")
		}
		units := make([]uint16, 0, len(raw)/2)
		for i := 2; i+1 < len(raw); i += 2 {
			if raw[0] == 0xff {
				units = append(units, uint16(raw[i])|uint16(raw[i+1])<<8)
			} else {
				units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
			}
		}
		return f.plain(string(utf16.Decode(units)))
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) && utf8.Valid(raw):
		f.Encoding = "UTF-8 with a mark"
		return f.plain(string(raw[3:]))
	case utf8.Valid(raw):
		f.Encoding = "UTF-8"
		return f.plain(string(raw))
	}
	f.Encoding = "Windows-1252 (Latin-1)"
	var b strings.Builder
	for _, c := range bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) {
		if c >= 0x80 && c < 0xa0 {
			b.WriteRune(windows1252[c-0x80])
		} else {
			b.WriteRune(rune(c))
		}
	}
	f.Notes = append(f.Notes, roster.Problem{Text: "the file is not UTF-8 and was read as Latin-1: look whether names with accents are right"})
	return f.plain(b.String())
}

func (f *File) plain(text string) (string, error) {
	if strings.ContainsRune(text, 0) {
		return "", fault.New(fault.Invalid, "the file is no text").At("", 0, "file")
	}
	// A lone carriage return ended lines once.
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), nil
}

// separator finds what stands between the columns of the first line.
func (f *File) separator(text string) rune {
	first, _, _ := strings.Cut(text, "\n")
	best, most := ',', -1
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(first, string(c)); n > most {
			best, most = c, n
		}
	}
	f.Separator = map[rune]string{',': "comma", ';': "semicolon", '\t': "tab"}[best]
	return best
}

func plainHeader(h string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(h), func(r rune) bool { return r == ' ' || r == '_' || r == '.' || r == '\u00a0' || r == '\t' }), " ")
}

// header finds the columns; -1 is a column that is not there.
func (f *File) header(head []string, columns map[string]string) (map[string]int, error) {
	if len(head) > maxColumns {
		return nil, fault.New(fault.Invalid, "the first line names %d columns; at most %d are read", len(head), maxColumns).At("", 1, "file")
	}
	plain := make([]string, len(head))
	for i, h := range head {
		if plain[i] = plainHeader(h); plain[i] != "" && slices.Contains(plain[:i], plain[i]) {
			return nil, fault.New(fault.Invalid, "two columns are called %q", strings.TrimSpace(h)).At("", 1, "file").WithHint("rename one of them")
		}
	}
	at, used := map[string]int{}, map[int]bool{}
	fields := slices.Sorted(maps.Keys(headers))
	for _, field := range fields {
		at[field] = -1
		if named := columns[field]; named != "" {
			i := slices.Index(plain, plainHeader(named))
			if i < 0 {
				return nil, fault.New(fault.Invalid, "the column %q is missing, which holds the %s", named, field).At("", 1, "file").WithHint("the file has %s", quoted(head))
			}
			at[field], used[i] = i, true
		}
	}
	for _, field := range fields {
		for _, n := range headers[field] {
			if i := slices.Index(plain, n); at[field] < 0 && i >= 0 && !used[i] {
				at[field], used[i] = i, true
			}
		}
		if i := at[field]; i >= 0 {
			f.Columns[field] = strings.TrimSpace(head[i])
		}
	}
	for i, h := range head {
		if !used[i] && strings.TrimSpace(h) != "" {
			f.Unused = append(f.Unused, strings.TrimSpace(h))
		}
	}
	if at["name"] < 0 && at["last"] < 0 {
		return nil, fault.New(fault.Invalid, "a column with the name is missing").At("", 1, "file").WithHint("call it Name, or First name and Last name; the file has %s", quoted(head))
	}
	if at["key"] < 0 && at["number"] < 0 && at["mail"] < 0 && at["logins"] < 0 {
		return nil, fault.New(fault.Invalid, "a column that tells people apart is missing").At("", 1, "file").
			WithHint("an identifier (ID), a personnel number (Employee number) or an address (E-mail); the file has %s", quoted(head))
	}
	return at, nil
}

func quoted(head []string) string {
	var out []string
	for _, h := range head[:min(len(head), 20)] {
		if h = strings.TrimSpace(h); h != "" {
			out = append(out, `"`+h+`"`)
		}
	}
	return strings.Join(out, ", ")
}

func person(row []string, at map[string]int, line int) (roster.Said, error) {
	get := func(field string) string {
		if i := at[field]; i >= 0 {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	f := roster.Fields{Name: get("name"), Mail: get("mail"), Number: get("number"), Manager: get("manager"), Team: get("team"), Title: get("title"), Location: get("location"), Start: get("start"), End: get("end")}
	if f.Name == "" {
		f.Name = strings.TrimSpace(get("first") + " " + get("last"))
	}
	f.Logins = strings.FieldsFunc(get("logins"), func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '|' })
	kind, err := roster.ParseKind(get("kind"))
	if err != nil {
		return roster.Said{}, err
	}
	f.Kind = kind
	if f, err = f.Tidy(); err != nil {
		return roster.Said{}, err
	}
	if f.Name == "" {
		return roster.Said{}, fault.New(fault.Invalid, "a person without a name").At("", line, "name")
	}
	s := roster.Said{Line: line, Fields: f}
	for _, field := range []string{"key", "number", "mail", "logins"} {
		if s.Key = strings.ToLower(get(field)); s.Key != "" || at[field] >= 0 {
			break
		}
	}
	if s.Key == "" || len(s.Key) > 254 {
		return roster.Said{}, fault.New(fault.Invalid, "%s has no identifier that can be kept", f.Name)
	}
	switch word := strings.ToLower(get("active")); {
	case slices.Contains(inactive, word):
		s.Gone = true
	case !slices.Contains(active, word):
		return roster.Said{}, fault.New(fault.Invalid, "%q says neither that somebody is here nor that they have left", get("active")).WithHint("write active or inactive")
	}
	return s, nil
}
