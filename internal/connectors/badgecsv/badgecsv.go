// Package badgecsv reads what badge systems export as tables of text: lists of badge
// holders, and readings of badges at doors. It serves C7.2b and CC6.4.
//
// It says how it read the file, and gives the lines that it understood beside those
// that it did not, each with its number and why: nothing is left out silently. A
// column that must be there and is not is an error of the whole file.
//
// Floor: edges.
package badgecsv

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/badge"
)

// Limits of a file.
const (
	MaxBytes   = 64 << 20
	maxColumns = 200
)

// File is what was read.
type File struct {
	Is        string            `json:"is"` // holders, readings
	Holders   []badge.Holder    `json:"-"`
	Readings  []badge.Reading   `json:"-"`
	Refused   []badge.Refused   `json:"refused"`
	Repeated  int               `json:"repeated"`  // lines that say what another one says
	Encoding  string            `json:"encoding"`  // UTF-8, Windows-1252 (Latin-1)
	Separator string            `json:"separator"` // comma, semicolon, tab
	Columns   map[string]string `json:"columns"`   // what → header
	Headers   []string          `json:"headers"`   // as the file has them
	Unused    []string          `json:"unused"`    // headers that are nothing to us
}

var holderHeaders = map[string][]string{
	"card":   {"card", "badge", "card number", "badge number", "card no", "badge no", "card id", "badge id", "badgeid", "credential", "credential number", "token", "ausweis", "ausweisnummer", "kartennummer", "karte"},
	"name":   {"name", "full name", "holder", "card holder", "cardholder", "cardholder name", "badge holder", "display name", "person", "inhaber"},
	"first":  {"first name", "given name", "firstname", "vorname"},
	"last":   {"last name", "surname", "family name", "lastname", "nachname"},
	"mail":   {"mail", "email", "e-mail", "email address", "e-mail address"},
	"number": {"number", "employee number", "employee id", "personnel number", "staff number", "employee", "personalnummer", "person id"},
	"status": {"status", "state", "active", "enabled", "card status", "credential status"},
	"zones":  {"zones", "zone", "access levels", "access level", "access groups", "access group", "groups", "group", "clearances", "clearance", "profile", "profiles", "doors", "areas", "zutrittsprofil"},
	"until":  {"until", "valid until", "valid to", "expires", "expiry", "expiration date", "expiry date", "deactivates", "gültig bis"},
	"issued": {"issued", "issued on", "valid from", "created", "activation date", "start", "activated", "ausgegeben"},
	"used":   {"last used", "last access", "last seen", "last event", "last use", "last swipe", "letzte nutzung"},
}

var readingHeaders = map[string][]string{
	"card":   holderHeaders["card"],
	"at":     {"at", "time", "timestamp", "date time", "datetime", "date and time", "event time", "when", "occurred", "zeitpunkt"},
	"date":   {"date", "day", "event date", "datum"},
	"clock":  {"clock", "hour", "time of day", "uhrzeit"},
	"door":   {"door", "reader", "door name", "reader name", "location", "device", "access point", "portal", "tür"},
	"result": {"result", "event", "granted", "access", "outcome", "event type", "decision", "ergebnis"},
}

// Columns gives what is understood of a kind of file, in the order of a template.
func Columns(is string) []string {
	if is == badge.Readings {
		return []string{"card", "at", "date", "clock", "door", "result"}
	}
	return []string{"card", "name", "first", "last", "mail", "number", "status", "zones", "until", "issued", "used"}
}

var (
	inactive = []string{"no", "false", "0", "inactive", "disabled", "suspended", "locked", "deactivated", "blocked", "deleted", "expired", "lost", "stolen", "returned", "revoked", "terminated", "gesperrt"}
	active   = []string{"", "yes", "true", "1", "active", "enabled", "ok", "valid", "issued", "aktiv"}
	denied   = []string{"no", "false", "0", "denied", "deny", "refused", "rejected", "invalid", "access denied", "failed"}
	granted  = []string{"", "yes", "true", "1", "granted", "grant", "ok", "valid", "access granted", "entry", "exit", "allowed", "success"}
	never    = []string{"", "-", "never", "n/a", "none", "null"}
	moments  = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "02.01.2006 15:04:05", "02.01.2006 15:04", time.DateOnly, "02.01.2006", "20060102150405"}
)

// Read reads a file of holders or readings. columns says which header is which
// column where the usual names do not; it may be nil. zone is the one in which
// moments without their own are written. now bounds them.
func Read(r io.Reader, is string, columns map[string]string, zone *time.Location, now time.Time) (*File, error) {
	if is != badge.Holders && is != badge.Readings {
		return nil, fault.New(fault.Invalid, "a file is of holders or readings").At("", 0, "is")
	}
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a file of badges: %w", err)
	}
	bad := func(line int, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", line, "file")
	}
	if len(raw) > MaxBytes {
		return nil, bad(0, "the file has more than %d MB", MaxBytes>>20)
	}
	f := &File{Is: is, Columns: map[string]string{}, Unused: []string{}, Refused: []badge.Refused{}, Encoding: "UTF-8"}
	text := strings.TrimPrefix(string(raw), "\ufeff")
	if strings.ContainsRune(text, 0) {
		return nil, bad(0, "the file is no text, or UTF-16").WithHint("save the table as CSV in UTF-8")
	}
	if !utf8.ValidString(text) {
		f.Encoding, text = "Windows-1252 (Latin-1)", windows1252(text)
	}
	if strings.TrimSpace(text) == "" {
		return nil, bad(1, "the file is empty").WithHint("its first line names the columns, and each line after that is a badge or a reading")
	}
	first, _, _ := strings.Cut(text, "\n")
	comma := ','
	f.Separator = "comma"
	for _, c := range []struct {
		mark rune
		name string
	}{{';', "semicolon"}, {'\t', "tab"}} {
		if strings.Count(first, string(c.mark)) > strings.Count(first, string(comma)) {
			comma, f.Separator = c.mark, c.name
		}
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord, reader.LazyQuotes = comma, -1, true
	head, err := reader.Read()
	if err != nil {
		return nil, broken(err)
	}
	at, err := f.header(head, columns)
	if err != nil {
		return nil, err
	}
	most := badge.MaxHolders
	if is == badge.Readings {
		most = badge.MaxReadings
	}
	seen := map[string]int{}
	var said []badge.Holder
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
		refuse := func(why string) {
			t := strings.ToValidUTF8(strings.Join(row, string(comma)), "\ufffd")
			if len(t) > 200 {
				t = strings.ToValidUTF8(t[:200], "") + "…"
			}
			f.Refused = append(f.Refused, badge.Refused{Line: line, Why: why, Text: t})
		}
		if len(f.Holders)+len(f.Readings)+len(f.Refused) > most {
			return nil, bad(line, "the file holds more than %d lines", most).WithHint("bring it in parts")
		}
		if len(row) != len(head) {
			refuse(fmt.Sprintf("it has %d columns, the first line has %d", len(row), len(head)))
			continue
		}
		get := func(what string) string {
			if i, ok := at[what]; ok {
				return strings.Join(strings.Fields(row[i]), " ")
			}
			return ""
		}
		if is == badge.Readings {
			x, problem := f.reading(get, zone, now)
			if problem != "" {
				refuse(problem)
				continue
			}
			k := fmt.Sprint(strings.ToLower(x.Card), "\x00", x.At.UnixMicro(), "\x00", x.Door)
			if seen[k] > 0 {
				f.Repeated++
				continue
			}
			seen[k] = line
			f.Readings = append(f.Readings, x)
			continue
		}
		x, problem := f.holder(get, comma, zone, now)
		if problem != "" {
			refuse(problem)
			continue
		}
		x.Line = line
		k := strings.ToLower(x.Card)
		i := seen[k] - 1
		switch {
		case i < 0:
			said = append(said, x)
			seen[k] = len(said)
		case !alike(&said[i], &x):
			refuse(fmt.Sprintf("line %d says something else of badge %s", said[i].Line, x.Card))
		default: // one line for each access level is how many systems export
			grown := said[i]
			grown.Zones = slices.Concat(grown.Zones, x.Zones)
			if problem := grown.Tidy(); problem != "" {
				refuse(problem)
				continue
			}
			if len(grown.Zones) == len(said[i].Zones) {
				f.Repeated++
			}
			said[i].Zones = grown.Zones
		}
	}
	f.Holders = said
	if len(f.Holders)+len(f.Readings) == 0 && len(f.Refused) == 0 {
		return nil, bad(1, "the file names its columns, and nothing else").WithHint("each line after the first is a badge or a reading")
	}
	return f, nil
}

// alike reports whether two lines say the same of a badge but for what it opens.
func alike(a, b *badge.Holder) bool {
	return a.Name == b.Name && a.Mail == b.Mail && a.Number == b.Number && a.Active == b.Active && a.Until == b.Until
}

func (f *File) holder(get func(string) string, comma rune, zone *time.Location, now time.Time) (h badge.Holder, problem string) {
	h = badge.Holder{Card: get("card"), Name: get("name"), Mail: get("mail"), Number: get("number")}
	if h.Name == "" {
		h.Name = strings.TrimSpace(get("first") + " " + get("last"))
	}
	status := strings.ToLower(get("status"))
	if !slices.Contains(active, status) && !slices.Contains(inactive, status) {
		return h, fmt.Sprintf("column %s: %q is neither active nor inactive", f.Columns["status"], get("status"))
	}
	h.Active = !slices.Contains(inactive, status)
	h.Zones = strings.FieldsFunc(get("zones"), func(c rune) bool { return c == '|' || c == ';' && comma != ';' || c == ',' && comma != ',' })
	for what, into := range map[string]*time.Time{"issued": &h.Issued, "used": &h.Used} {
		t, err := moment(get(what), zone, now, what == "used" || what == "issued")
		if err != "" {
			return h, fmt.Sprintf("column %s: %s", f.Columns[what], err)
		}
		*into = t
	}
	until, err := moment(get("until"), zone, now, false)
	if err != "" {
		return h, fmt.Sprintf("column %s: %s", f.Columns["until"], err)
	}
	if !until.IsZero() {
		h.Until = until.In(zone).Format(time.DateOnly)
		if h.Until < now.In(zone).Format(time.DateOnly) {
			h.Active = false
		}
	}
	return h, h.Tidy()
}

func (f *File) reading(get func(string) string, zone *time.Location, now time.Time) (r badge.Reading, problem string) {
	text := get("at")
	if text == "" {
		text = strings.TrimSpace(get("date") + " " + get("clock"))
	}
	t, err := moment(text, zone, now, true)
	if err != "" {
		return r, "the moment: " + err
	}
	if t.IsZero() {
		return r, "it says no moment"
	}
	result := strings.ToLower(get("result"))
	if !slices.Contains(granted, result) && !slices.Contains(denied, result) {
		return r, fmt.Sprintf("column %s: %q is neither granted nor denied", f.Columns["result"], get("result"))
	}
	r = badge.Reading{Card: get("card"), At: t, Door: get("door"), Granted: !slices.Contains(denied, result)}
	return r, r.Tidy(now)
}

func moment(v string, zone *time.Location, now time.Time, past bool) (time.Time, string) {
	if slices.Contains(never, strings.ToLower(v)) {
		return time.Time{}, ""
	}
	for _, form := range moments {
		t, err := time.ParseInLocation(form, v, zone)
		if err != nil {
			continue
		}
		switch {
		case t.Year() < 2000 || t.Year() > 2200:
			return t, fmt.Sprintf("%q lies in the year %d", v, t.Year())
		case past && t.After(now.Add(5*time.Minute)):
			return t, fmt.Sprintf("%q has not come yet", v)
		}
		return t.UTC().Truncate(time.Microsecond), ""
	}
	return time.Time{}, fmt.Sprintf("%q is no moment; write it as 2026-03-02 or 2026-03-02 14:05", v)
}

func plain(h string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(h, "_", " ")), " "))
}

// header finds the columns.
func (f *File) header(head []string, columns map[string]string) (map[string]int, error) {
	wrong := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 1, "file")
	}
	if len(head) > maxColumns {
		return nil, wrong("the first line names %d columns; at most %d are read", len(head), maxColumns)
	}
	names := make([]string, len(head))
	for i, h := range head {
		names[i] = plain(h)
		f.Headers = append(f.Headers, strings.TrimSpace(h))
	}
	usual := holderHeaders
	if f.Is == badge.Readings {
		usual = readingHeaders
	}
	at, used := map[string]int{}, map[int]bool{}
	take := func(what string, i int) {
		at[what], used[i], f.Columns[what] = i, true, f.Headers[i]
	}
	for what, header := range columns {
		if header == "" {
			continue
		}
		if _, ok := usual[what]; !ok {
			return nil, wrong("%q is no column of a file of %s", what, f.Is)
		}
		i := slices.Index(names, plain(header))
		if i < 0 {
			return nil, wrong("the file has no column %q", header).WithHint("its first line is %s", strings.Join(f.Headers, ", "))
		}
		if used[i] {
			return nil, wrong("column %s stands for two things", header)
		}
		take(what, i)
	}
	for _, what := range Columns(f.Is) {
		if _, ok := at[what]; ok {
			continue
		}
		for _, name := range usual[what] {
			if i := slices.Index(names, name); i >= 0 && !used[i] {
				if slices.Contains(names[i+1:], name) {
					return nil, wrong("two columns are called %s", f.Headers[i])
				}
				take(what, i)
				break
			}
		}
	}
	for i, h := range f.Headers {
		if !used[i] && h != "" {
			f.Unused = append(f.Unused, h)
		}
	}
	has := func(what string) bool { _, ok := at[what]; return ok }
	hint := "its first line is " + strings.Join(f.Headers, ", ") + "; say below which column it is"
	switch {
	case !has("card"):
		return nil, wrong("no column says which badge it is").WithHint("%s", hint)
	case f.Is == badge.Readings && !has("at") && !has("date"):
		return nil, wrong("no column says when it was").WithHint("%s", hint)
	case f.Is == badge.Readings && !has("door"):
		return nil, wrong("no column says at which door").WithHint("%s", hint)
	case f.Is == badge.Holders && !has("name") && !has("last") && !has("mail") && !has("number"):
		return nil, wrong("no column says whose badge it is").WithHint("%s", hint)
	}
	return at, nil
}

func broken(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fault.New(fault.Invalid, "line %d, column %d: %s", p.Line, p.Column, strings.TrimPrefix(p.Err.Error(), "csv: ")).At("", p.Line, "file").WithHint("a quote in the middle of a cell is written twice")
	}
	return fault.Wrap(fault.Invalid, err, "the file cannot be read as CSV").At("", 0, "file")
}

func windows1252(text string) string {
	table := []rune("€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ")
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < 0x80 || c >= 0xa0 {
			b.WriteRune(rune(c))
		} else {
			b.WriteRune(table[c-0x80])
		}
	}
	return b.String()
}
