// Package accountcsv reads the accounts of a system and what each may do from a
// table of text: what a console or a spreadsheet exports. It serves A9.
//
// It says how it read the file and gives all of it or nothing: a row that cannot
// be understood is an error that names line and column, since a row left out would
// be access that nobody reviews.
//
// Floor: edges.
package accountcsv

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
	"github.com/attesta/attesta/internal/program/review"
)

// Limits of a file.
const (
	MaxBytes   = 20 << 20
	maxRows    = 100_000
	maxColumns = 200
	maxCell    = 300 // bytes
	maxListed  = 10  // mistakes that a message names
)

// File is what was read.
type File struct {
	Grants    []review.Grant    `json:"-"`
	Accounts  int               `json:"accounts"`
	Roles     int               `json:"roles"`
	Closed    int               `json:"closed"`    // rows that say that the account lets nobody in
	Encoding  string            `json:"encoding"`  // UTF-8, Windows-1252 (Latin-1)
	Separator string            `json:"separator"` // comma, semicolon, tab
	Columns   map[string]string `json:"columns"`   // what → header
	Unused    []string          `json:"unused"`    // headers that are nothing to us
}

// headers are what columns are usually called; the first that a file has counts.
var headers = map[string][]string{
	"account":    {"account", "account name", "username", "user name", "login", "user", "user id", "userid", "uid", "principal", "samaccountname"},
	"name":       {"name", "full name", "display name", "displayname", "person", "employee"},
	"mail":       {"mail", "email", "e-mail", "email address", "e-mail address", "user email"},
	"role":       {"role", "roles", "role name", "group", "groups", "permission", "permissions", "permission set", "entitlement", "entitlements", "profile", "access", "access level", "licence", "license"},
	"detail":     {"detail", "details", "scope", "resource", "project", "repository"},
	"privileged": {"privileged", "admin", "administrator", "is admin", "isadmin", "superuser"},
	"status":     {"status", "state", "active", "enabled", "account status"},
	"last used":  {"last used", "last login", "last sign-in", "last sign in", "last seen", "last active", "last activity", "lastlogin", "password last used"},
	"granted":    {"granted", "granted at", "granted on", "created", "created at", "member since", "assigned"},
	"granted by": {"granted by", "created by", "approved by", "assigned by"},
	"request":    {"request", "ticket", "request id", "ticket id", "change"},
	"kind":       {"kind", "type", "account type"},
}

// Columns gives what is understood, in the order of a template.
func Columns() []string {
	return []string{"account", "name", "mail", "role", "detail", "privileged", "status", "last used", "granted", "granted by", "request", "kind"}
}

var (
	yes      = []string{"yes", "true", "1", "y", "admin", "administrator"}
	no       = []string{"", "no", "false", "0", "n", "-"}
	inactive = []string{"no", "false", "0", "inactive", "disabled", "suspended", "locked", "deactivated", "blocked", "deleted", "expired"}
	active   = []string{"", "yes", "true", "1", "active", "enabled", "ok", "confirmed"}
	service  = []string{"service", "system", "bot", "robot", "service account", "machine", "application"}
	people   = []string{"", "user", "person", "member", "human", "employee", "guest", "external"}
	never    = []string{"", "-", "never", "n/a", "none", "null", "no_information", "not available"}
	moments  = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05.000Z0700", "2006-01-02 15:04:05 MST", time.DateOnly, "02.01.2006 15:04", "02.01.2006"}
)

// Read reads a file.
func Read(r io.Reader) (*File, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a list of accounts: %w", err)
	}
	bad := func(line int, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", line, "file")
	}
	if len(raw) > MaxBytes {
		return nil, bad(0, "the file has more than %d MB", MaxBytes>>20)
	}
	f := &File{Columns: map[string]string{}, Unused: []string{}, Encoding: "UTF-8"}
	text := strings.TrimPrefix(string(raw), "\ufeff")
	if strings.ContainsRune(text, 0) {
		return nil, bad(0, "the file is no text, or UTF-16").WithHint("save the table as CSV in UTF-8")
	}
	if !utf8.ValidString(text) {
		f.Encoding = "Windows-1252 (Latin-1)"
		text = windows1252(text)
	}
	if strings.TrimSpace(text) == "" {
		return nil, bad(1, "the file is empty").WithHint("its first line names the columns, at least account and role; each line after that is an account with a role")
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
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = comma, -1, true
	head, err := reader.Read()
	if err != nil {
		return nil, broken(err)
	}
	at, width, err := f.header(slices.Clone(head))
	if err != nil {
		return nil, err
	}
	var wrong []string
	seen := map[[2]string]int{}
	accounts := map[string]bool{}
	for n := 0; ; n++ {
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
		if n >= maxRows {
			return nil, bad(line, "the file holds more than %d lines", maxRows)
		}
		if len(row) != width {
			wrong = append(wrong, fmt.Sprintf("line %d has %d columns, the first line has %d", line, len(row), width))
			continue
		}
		get := func(what string) string {
			i, ok := at[what]
			if !ok {
				return ""
			}
			return strings.Join(strings.Fields(row[i]), " ")
		}
		g, closed, problem := grant(get, f.Columns)
		if problem != "" {
			wrong = append(wrong, fmt.Sprintf("line %d, %s", line, problem))
			continue
		}
		if closed {
			f.Closed++
			continue
		}
		accounts[g.Account] = true
		for _, role := range roles(get("role"), comma) {
			k := [2]string{g.Account, role}
			if twin := seen[k]; twin > 0 {
				wrong = append(wrong, fmt.Sprintf("lines %d and %d both say that %s has the role %s", twin, line, g.Account, role))
				continue
			}
			seen[k] = line
			x := g
			x.Role = role
			f.Grants = append(f.Grants, x)
		}
	}
	if len(wrong) > 0 {
		more := ""
		if len(wrong) > maxListed {
			more = fmt.Sprintf("; and %d more", len(wrong)-maxListed)
			wrong = wrong[:maxListed]
		}
		return nil, bad(0, "the file cannot be taken as it is: %s%s", strings.Join(wrong, "; "), more).WithHint("mend these lines and bring it again; nothing was stored")
	}
	if f.Accounts, f.Roles = len(accounts), len(f.Grants); f.Roles == 0 && f.Closed == 0 {
		return nil, bad(1, "the file names its columns, and no account").WithHint("each line after the first is an account with a role")
	}
	return f, nil
}

// roles takes a cell apart that holds several.
func roles(cell string, comma rune) []string {
	parts := strings.FieldsFunc(cell, func(c rune) bool { return c == '|' || c == ';' && comma != ';' })
	var out []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return []string{"access"}
	}
	return out
}

// grant reads a row, without its roles; problem names the column.
func grant(get func(string) string, columns map[string]string) (g review.Grant, closed bool, problem string) {
	for _, what := range Columns() {
		v := get(what)
		limit := maxCell
		if what == "role" {
			limit = 4000
		}
		if len(v) > limit {
			return g, false, fmt.Sprintf("column %s: more than %d bytes", columns[what], limit)
		}
		low := strings.ToLower(v)
		switch what {
		case "account":
			g.Account = v
		case "name":
			g.Name = v
		case "mail":
			if v != "" && (strings.Count(v, "@") != 1 || strings.ContainsAny(v, " <>")) {
				return g, false, fmt.Sprintf("column %s: %q is no e-mail address", columns[what], v)
			}
			g.Mail = low
		case "detail":
			g.Detail = v
		case "privileged":
			if !slices.Contains(yes, low) && !slices.Contains(no, low) {
				return g, false, fmt.Sprintf("column %s: %q is neither yes nor no", columns[what], v)
			}
			g.Privileged = slices.Contains(yes, low)
		case "status":
			if !slices.Contains(active, low) && !slices.Contains(inactive, low) {
				return g, false, fmt.Sprintf("column %s: %q is neither active nor disabled", columns[what], v)
			}
			closed = slices.Contains(inactive, low)
		case "last used", "granted":
			t, err := moment(low, v)
			if err != "" {
				return g, false, fmt.Sprintf("column %s: %s", columns[what], err)
			}
			if what == "granted" {
				g.GrantedAt = t
			} else {
				g.LastUsed = t
			}
		case "granted by":
			g.GrantedBy = v
		case "request":
			g.Request = v
		case "kind":
			if !slices.Contains(service, low) && !slices.Contains(people, low) {
				return g, false, fmt.Sprintf("column %s: %q is neither user nor service", columns[what], v)
			}
			g.System = slices.Contains(service, low)
		}
	}
	if g.Account == "" {
		g.Account = g.Mail
	}
	if g.Account == "" {
		return g, false, fmt.Sprintf("column %s: it is empty", columns["account"])
	}
	if g.Mail == "" && strings.Count(g.Account, "@") == 1 {
		g.Mail = strings.ToLower(g.Account)
	}
	return g, closed, ""
}

func moment(low, v string) (time.Time, string) {
	if slices.Contains(never, low) {
		return time.Time{}, ""
	}
	for _, form := range moments {
		if t, err := time.Parse(form, v); err == nil {
			if t.Year() < 1970 || t.Year() > 2200 {
				return t, fmt.Sprintf("%q lies in the year %d", v, t.Year())
			}
			return t.UTC(), ""
		}
	}
	return time.Time{}, fmt.Sprintf("%q is no moment; write it as 2026-03-02 or 2026-03-02 14:05", v)
}

// header finds the columns.
func (f *File) header(head []string) (map[string]int, int, error) {
	if len(head) > maxColumns {
		return nil, 0, fault.New(fault.Invalid, "the first line names %d columns; at most %d are read", len(head), maxColumns).At("", 1, "file")
	}
	plain := make([]string, len(head))
	for i, h := range head {
		plain[i] = strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(h, "_", " ")), " "))
	}
	at := map[string]int{}
	used := map[int]bool{}
	for _, what := range Columns() {
		for _, name := range headers[what] {
			if i := slices.Index(plain, name); i >= 0 && !used[i] {
				at[what], used[i], f.Columns[what] = i, true, strings.TrimSpace(head[i])
				if slices.Contains(plain[i+1:], name) {
					return nil, 0, fault.New(fault.Invalid, "two columns are called %s", strings.TrimSpace(head[i])).At("", 1, "file")
				}
				break
			}
		}
	}
	for i, h := range head {
		if !used[i] && strings.TrimSpace(h) != "" {
			f.Unused = append(f.Unused, strings.TrimSpace(h))
		}
	}
	_, account := at["account"]
	if _, mail := at["mail"]; !account && !mail {
		return nil, 0, fault.New(fault.Invalid, "no column says which account it is").At("", 1, "file").WithHint("call it account; the first line is %s", strings.Join(head, ", "))
	} else if !account {
		f.Columns["account"] = f.Columns["mail"]
	}
	if _, ok := at["role"]; !ok {
		return nil, 0, fault.New(fault.Invalid, "no column says what an account may do").At("", 1, "file").WithHint("call it role; where the system knows no roles, write access in each line")
	}
	return at, len(head), nil
}

func broken(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fault.New(fault.Invalid, "line %d, column %d: %s", p.Line, p.Column, strings.TrimPrefix(p.Err.Error(), "csv: ")).At("", p.Line, "file").WithHint("a quote in the middle of a cell is written twice")
	}
	return fault.Wrap(fault.Invalid, err, "the file cannot be read as CSV").At("", 0, "file")
}

func windows1252(text string) string {
	const high = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ"
	table := []rune(high)
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
