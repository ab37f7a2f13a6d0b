// Package devicelist reads lists of devices as device managements export them: tables of
// text of Jamf, Intune, Kandji and Fleet, and JSON of their interfaces and of osquery.
// It serves B19 (CC6.7, CC6.8).
//
// It says how it read the file, and gives the lines that it understood beside those
// that it did not, each with its number and why. Words that are no answer are kept as
// unclear: they are an error of the one thing, not of the device.
//
// Floor: edges.
package devicelist

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/endpoint"
)

// Limits of a file.
const (
	MaxBytes   = 12 << 20
	maxColumns = 500
	maxDepth   = 6
)

// Refused is a line that was not understood.
type Refused struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
	Text string `json:"text"`
}

// File is what was read.
type File struct {
	Devices  []endpoint.Device `json:"-"`
	Refused  []Refused         `json:"refused"`
	Retired  []string          `json:"retired"`  // devices that the list says are not in use
	Repeated int               `json:"repeated"` // lines about a device that a line before is about; the later report counts
	Form     string            `json:"form"`     // CSV, JSON
	Columns  map[string]string `json:"columns"`  // what → column of the file
	Headers  []string          `json:"headers"`
	Unused   []string          `json:"unused"`
}

// headers are the usual names of columns, without all but letters and digits.
var headers = map[string][]string{
	"name":       {"computername", "devicename", "displayname", "generalname", "hostname", "name", "host", "device"},
	"serial":     {"serialnumber", "hardwareserialnumber", "hardwareserial", "serial"},
	"id":         {"deviceid", "udid", "uuid", "generaludid", "id", "hostidentifier"},
	"model":      {"model", "hardwaremodel", "modelname", "modelidentifier"},
	"platform":   {"platform", "os", "operatingsystem", "operatingsystemname", "osname", "generalplatform", "devicetype"},
	"version":    {"osversion", "operatingsystemversion", "version", "systemversion"},
	"person":     {"fullname", "realname", "userandlocationrealname", "primaryuserdisplayname", "userdisplayname", "username1", "usersname", "assigneduser", "user", "owner"},
	"mail":       {"emailaddress", "email", "mail", "useremail", "userandlocationemail", "primaryuseremailaddress", "primaryuserupn", "userprincipalname", "assigneduseremail", "enduseremail", "upn"},
	"login":      {"username", "userandlocationusername", "login", "account", "lastloggedinuser"},
	"encrypted":  {"filevault2status", "filevaultstatus", "filevault", "filevaultenabled", "filevault2partitionencryptionstate", "operatingsystemfilevault2status", "encrypted", "isencrypted", "encryption", "diskencryption", "diskencryptionenabled", "bitlocker", "encryptionstatus"},
	"firewall":   {"firewallenabled", "firewall", "securityfirewallenabled", "firewallstatus", "applicationfirewall", "firewallon"},
	"protection": {"antivirus", "antimalware", "malwareprotection", "protection", "edr", "endpointprotection", "realtimeprotection", "realtimeprotectionenabled", "windowsprotectionstaterealtimeprotectionenabled", "antivirusstatus", "defender", "threatprotection"},
	"lock":       {"screenlock", "passcode", "passcodeset", "passcodestatus", "passcodepresent", "screenlockenabled", "passwordrequired", "pinset"},
	"seen":       {"lastcheckin", "lastcontacttime", "generallastcontacttime", "lastsyncdatetime", "lastsync", "lastseen", "seentime", "lastinventoryupdate", "lastreport", "generalreportdate", "detailupdatedat"},
	"state":      {"devicestate", "managementstate", "status", "state", "lifecycle"},
}

var order = []string{"serial", "name", "id", "model", "version", "platform", "mail", "login", "person", "encrypted", "firewall", "protection", "lock", "seen", "state"}

// Columns gives what is understood, in the order of a template.
func Columns() []string {
	return []string{"name", "serial", "id", "model", "platform", "version", "person", "mail", "login", "encrypted", "firewall", "protection", "lock", "seen", "state"}
}

var (
	on      = []string{"yes", "true", "1", "on", "enabled", "encrypted", "active", "allpartitionsencrypted", "bootpartitionsencrypted", "allencrypted", "bootencrypted", "protected", "compliant", "set", "present", "installed", "running", "ok", "fullyencrypted"}
	off     = []string{"no", "false", "0", "off", "disabled", "notencrypted", "unencrypted", "inactive", "nopartitionsencrypted", "somepartitionsencrypted", "someencrypted", "unprotected", "notset", "missing", "notinstalled", "stopped", "notpresent", "fullydecrypted", "noncompliant", "none"}
	unsaid  = []string{"", "unknown", "na", "notapplicable", "notcollected", "notavailable", "null", "nodata", "notreported"}
	retired = []string{"retired", "wiped", "deleted", "removed", "unmanaged", "unenrolled", "retireissued", "wipeissued", "archived", "disposed"}
	moments = []string{time.RFC3339Nano, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05.999999 -07:00", "2006-01-02 15:04:05.9999999", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly, "02.01.2006 15:04:05", "02.01.2006 15:04", "02.01.2006"}
	systems = [][2]string{{"ipados", endpoint.IOS}, {"iphone", endpoint.IOS}, {"ipad", endpoint.IOS}, {"ios", endpoint.IOS}, {"macos", endpoint.MacOS}, {"macosx", endpoint.MacOS}, {"osx", endpoint.MacOS}, {"darwin", endpoint.MacOS}, {"mac", endpoint.MacOS},
		{"windows", endpoint.Windows}, {"android", endpoint.Android}, {"chromeos", endpoint.ChromeOS}, {"chrome", endpoint.ChromeOS}, {"linux", endpoint.Linux}, {"ubuntu", endpoint.Linux}, {"debian", endpoint.Linux}, {"fedora", endpoint.Linux},
		{"rhel", endpoint.Linux}, {"redhat", endpoint.Linux}, {"centos", endpoint.Linux}, {"arch", endpoint.Linux}, {"opensuse", endpoint.Linux}, {"suse", endpoint.Linux}, {"pop", endpoint.Linux}}
)

// plain leaves only letters and digits, in lower case.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func bad(line int, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", line, "file")
}

// row is one device of a file, by the index of its columns.
type row struct {
	line  int
	cells []string
}

// Read reads a list. columns says which column of the file is which where the usual
// names do not; it may be nil. zone is the one in which moments without their own are
// written.
func Read(r io.Reader, columns map[string]string, zone *time.Location, now time.Time) (*File, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a list of devices: %w", err)
	}
	if len(raw) > MaxBytes {
		return nil, bad(0, "the file has more than %d MB", MaxBytes>>20)
	}
	f := &File{Refused: []Refused{}, Retired: []string{}, Columns: map[string]string{}, Unused: []string{}, Form: "CSV"}
	text := bytes.TrimPrefix(raw, []byte("\ufeff"))
	switch {
	case bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text):
		return nil, bad(0, "the file is no text in UTF-8").WithHint("save the table as CSV in UTF-8")
	case len(bytes.TrimSpace(text)) == 0:
		return nil, bad(1, "the file is empty").WithHint("its first line names the columns, and each line after that is a device")
	}
	var rows []row
	if first := bytes.TrimSpace(text)[0]; first == '[' || first == '{' {
		f.Form = "JSON"
		rows, err = f.object(text)
	} else {
		rows, err = f.table(string(text))
	}
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, bad(1, "the file has no device")
	}
	if len(rows) > 2*endpoint.MaxDevices {
		return nil, bad(0, "the file has %d lines; at most %d devices are read", len(rows), endpoint.MaxDevices)
	}
	at, err := f.header(columns)
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for _, x := range rows {
		refuse := func(why string) {
			t := strings.Join(slices.DeleteFunc(slices.Clone(x.cells), func(c string) bool { return c == "" }), ", ")
			if len(t) > 200 {
				t = strings.ToValidUTF8(t[:200], "") + "…"
			}
			f.Refused = append(f.Refused, Refused{x.line, why, t})
		}
		if len(x.cells) > len(f.Headers) {
			refuse(fmt.Sprintf("it has %d columns, the first line has %d", len(x.cells), len(f.Headers)))
			continue
		}
		get := func(what string) string {
			if i, ok := at[what]; ok && i < len(x.cells) {
				return strings.Join(strings.Fields(x.cells[i]), " ")
			}
			return ""
		}
		d := device(get, zone, now)
		d.Line = x.line
		if problem := d.Tidy(); problem != "" {
			refuse(problem)
			continue
		}
		if slices.Contains(retired, plain(get("state"))) {
			f.Retired = append(f.Retired, d.Name)
			continue
		}
		if i, twice := seen[d.Key()]; twice { // enrolled anew
			f.Repeated++
			if d.Seen.After(f.Devices[i].Seen) {
				f.Devices[i] = d
			}
			continue
		}
		seen[d.Key()] = len(f.Devices)
		f.Devices = append(f.Devices, d)
	}
	return f, nil
}

// table reads lines with a separator.
func (f *File) table(text string) (rows []row, err error) {
	first, _, _ := strings.Cut(text, "\n")
	comma := ','
	for _, c := range ";\t" {
		if strings.Count(first, string(c)) > strings.Count(first, string(comma)) {
			comma = c
		}
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord, reader.LazyQuotes = comma, -1, true
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				return nil, bad(p.Line, "line %d, column %d: %s", p.Line, p.Column, strings.TrimPrefix(p.Err.Error(), "csv: "))
			}
			return nil, fault.Wrap(fault.Invalid, err, "the file cannot be read as CSV").At("", 0, "file")
		}
		line, _ := reader.FieldPos(0)
		switch {
		case f.Headers == nil:
			if len(cells) > maxColumns {
				return nil, bad(line, "the first line names %d columns; at most %d are read", len(cells), maxColumns)
			}
			for _, c := range cells {
				f.Headers = append(f.Headers, strings.TrimSpace(c))
			}
		case slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }):
			rows = append(rows, row{line, slices.Clone(cells)})
		}
	}
}

// object reads a JSON list of devices, or an object that has one.
func (f *File) object(text []byte) (rows []row, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		line := 1 + bytes.Count(text[:min(int(dec.InputOffset()), len(text))], []byte("\n"))
		return nil, fault.Wrap(fault.Invalid, err, "the file is no JSON that can be read").At("", line, "file").WithHint("a list of devices, or an object that has one: {\"hosts\": […]}")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, bad(0, "something follows the list of devices")
	}
	list, ok := v.([]any)
	if o, is := v.(map[string]any); is {
		for _, key := range []string{"hosts", "value", "results", "devices", "computers", "mobile_devices", "data"} {
			if list, ok = o[key].([]any); ok {
				break
			}
		}
	}
	if !ok {
		return nil, bad(0, "it holds no list of devices").WithHint("a list of devices, or an object that has one: {\"hosts\": […]}")
	}
	index := map[string]int{}
	for i, x := range list {
		o, is := x.(map[string]any)
		if !is {
			return nil, bad(0, "number %d of the list is no device", i+1)
		}
		flat := map[string]string{}
		flatten(flat, "", o, 0)
		r := row{line: i + 1}
		for _, k := range sorted(flat) {
			n, known := index[k]
			if !known {
				if n = len(f.Headers); n >= maxColumns {
					continue
				}
				index[k] = n
				f.Headers = append(f.Headers, k)
			}
			for len(r.cells) <= n {
				r.cells = append(r.cells, "")
			}
			r.cells[n] = flat[k]
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// flatten names what stands in objects by the way to it: general.name.
func flatten(to map[string]string, prefix string, o map[string]any, depth int) {
	for k, v := range o {
		name := prefix + k
		switch v := v.(type) {
		case map[string]any:
			if depth < maxDepth {
				flatten(to, name+".", v, depth+1)
			}
		case string:
			to[name] = v
		case bool:
			to[name] = strconv.FormatBool(v)
		case json.Number:
			to[name] = v.String()
		}
	}
}

// header finds the columns.
func (f *File) header(columns map[string]string) (map[string]int, error) {
	names := make([]string, len(f.Headers))
	for i, h := range f.Headers {
		names[i] = plain(h)
	}
	at, used := map[string]int{}, map[int]bool{}
	take := func(what string, i int) { at[what], used[i], f.Columns[what] = i, true, f.Headers[i] }
	for what, header := range columns {
		if header == "" {
			continue
		}
		if headers[what] == nil {
			return nil, bad(1, "%q is nothing that is read of a device", what).WithHint("%s", strings.Join(Columns(), ", "))
		}
		i := slices.Index(names, plain(header))
		if i < 0 {
			return nil, bad(1, "the file has no column %q", header).WithHint("it has %s", screenful(f.Headers))
		}
		if used[i] {
			return nil, bad(1, "column %s stands for two things", header)
		}
		take(what, i)
	}
	for _, what := range order {
		if _, ok := at[what]; ok {
			continue
		}
		for _, name := range headers[what] {
			if i := slices.Index(names, name); i >= 0 && !used[i] {
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
	for _, what := range []string{"serial", "name", "id"} {
		if _, ok := at[what]; ok {
			return at, nil
		}
	}
	return nil, bad(1, "no column says which device it is").WithHint("it has %s; say which is the serial number or the name", screenful(f.Headers))
}

func screenful(list []string) string {
	if len(list) > 30 {
		return strings.Join(list[:30], ", ") + " and others"
	}
	return strings.Join(list, ", ")
}

func device(get func(string) string, zone *time.Location, now time.Time) endpoint.Device {
	d := endpoint.Device{Name: get("name"), Serial: get("serial"), Number: get("id"), Model: get("model"), OS: get("version"), Person: get("person"), Mail: get("mail"), Login: get("login"), Words: map[string]string{}}
	odd := func(what, text string) {
		if len(text) > 100 {
			text = strings.ToValidUTF8(text[:100], "") + "…"
		}
		d.Words[what] = text
	}
	if slices.Contains(unsaid, plain(d.Serial)) {
		d.Serial = ""
	}
	if !strings.Contains(d.Mail, "@") { // a column of logins
		if d.Login == "" {
			d.Login = d.Mail
		}
		d.Mail = ""
	}
	if strings.ContainsAny(d.Person, "@") && d.Mail == "" && !strings.Contains(d.Person, " ") {
		d.Mail, d.Person = d.Person, ""
	}
	for _, said := range []string{get("platform"), d.OS, d.Model} {
		if d.Platform = platform(said); d.Platform != "" {
			break
		}
	}
	if said := get("platform"); d.Platform == "" && !slices.Contains(unsaid, plain(said)) {
		odd("platform", said)
	}
	for what, into := range map[string]*string{"encrypted": &d.Encrypted, "firewall": &d.Firewall, "protection": &d.Protection, "lock": &d.Lock} {
		switch said := get(what); {
		case slices.Contains(unsaid, plain(said)):
		case slices.Contains(on, plain(said)):
			*into = endpoint.On
		case slices.Contains(off, plain(said)):
			*into = endpoint.Off
		default:
			*into = endpoint.Unclear
			odd(what, said)
		}
	}
	if said := get("seen"); !slices.Contains(unsaid, plain(said)) && plain(said) != "never" {
		t, ok := moment(said, zone, now)
		if !ok {
			odd("seen", said)
		}
		d.Seen = t
	}
	if len(d.Words) == 0 {
		d.Words = nil
	}
	return d
}

// platform gives the platform that words begin with.
func platform(said string) string {
	p := plain(said)
	for _, s := range systems {
		if strings.HasPrefix(p, s[0]) {
			return s[1]
		}
	}
	return ""
}

// moment reads when a device reported. One that lies more than a day ahead is none.
func moment(said string, zone *time.Location, now time.Time) (time.Time, bool) {
	for _, form := range moments {
		t, err := time.ParseInLocation(form, said, zone)
		if err != nil {
			continue
		}
		if t.Year() < 2000 || t.After(now.AddDate(0, 0, 1)) {
			return time.Time{}, false
		}
		return t.UTC().Truncate(time.Second), true
	}
	return time.Time{}, false
}
