package verdict

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// Bounds of one item.
const (
	MaxItem    = 256 << 10 // bytes of its JSON
	maxPath    = 4096
	maxText    = 4096
	maxValues  = 64
	maxName    = 64
	maxList    = 4096
	maxParents = 64
	maxRuns    = 16
	maxToken   = 4096
)

// Change is an item that was read and is within its bounds.
type Change struct {
	wire.FileChange
	Raw json.RawMessage // as it came
}

// Words of the fields that have few.
var (
	changeWords = []string{"added", "removed", "changed", "moved", "exchanged", "transient"}
	foundWords  = []string{"event", "rescan", "polling", "start", "rehash"}
	logWords    = []string{"", "shrunk", "rewritten", "gone", "unknown"}
	managers    = []string{"dpkg", "rpm", "apk"}
	actions     = []string{"install", "upgrade", "remove", "configure", "trigger"}
	roles       = []string{"content", "listed", "conffile", "script", "database"}
	digests     = []string{"match", "mismatch", "none", "gone"}
)

// Managers, for tests and lists.
func Managers() []string { return slices.Clone(managers) }

// earliest is before any host that could report.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Parse reads an item of a batch of changes. An error is of kind Invalid and names
// items[i].field.
func Parse(i int, raw json.RawMessage) (Change, error) {
	r := reader{i: i}
	c := Change{Raw: raw}
	if len(raw) > MaxItem {
		return c, r.bad("", "it has %d bytes; at most %d are taken", len(raw), MaxItem)
	}
	if !utf8.Valid(raw) {
		return c, r.bad("", "it is not UTF-8")
	}
	if err := json.Unmarshal(raw, &c.FileChange); err != nil {
		return c, fault.Wrap(fault.Invalid, err, "this is no change of a file: %v", err).At("", 0, fmt.Sprintf("items[%d]", i))
	}
	r.change(&c.FileChange)
	return c, r.err
}

// reader keeps the first thing that is wrong.
type reader struct {
	i   int
	err error
}

func (r *reader) bad(field, format string, args ...any) error {
	at := fmt.Sprintf("items[%d]", r.i)
	if field != "" {
		at += "." + field
	}
	return fault.New(fault.Invalid, format, args...).At("", 0, at)
}

func (r *reader) fail(field, format string, args ...any) {
	if r.err == nil {
		r.err = r.bad(field, format, args...)
	}
}

func (r *reader) text(field, s string, most int) {
	switch {
	case len(s) > most:
		r.fail(field, "it has %d bytes; at most %d are taken", len(s), most)
	case strings.ContainsRune(s, 0):
		r.fail(field, "it holds a zero byte")
	}
}

func (r *reader) one(field, s string, words []string) {
	if !slices.Contains(words, s) {
		r.fail(field, "%.40q is none of %s", s, strings.TrimPrefix(strings.Join(words, ", "), ", "))
	}
}

func (r *reader) absolute(field, s string) {
	r.text(field, s, maxPath)
	if !strings.HasPrefix(s, "/") {
		r.fail(field, "%.80q is no absolute path", s)
	} else if s != path.Clean(s) {
		r.fail(field, "%.80q is no path in its shortest form", s)
	}
}

func (r *reader) moment(field string, t time.Time) {
	if t.Before(earliest) || t.Year() > 9999 {
		r.fail(field, "%s is no time of a change", t.UTC().Format(time.RFC3339))
	}
}

func (r *reader) id(field, s, also string) {
	if s == "" || len(s) > 64 {
		r.fail(field, "an id has 1 to 64 letters and digits")
	} else if strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune(also, c)
	}) {
		r.fail(field, "%q is no id: it has lower case letters and digits only", s)
	}
}

func (r *reader) list(field string, list []string, most int, each func(string, string)) {
	if len(list) > most {
		r.fail(field, "it has %d entries; at most %d are taken", len(list), most)
		return
	}
	for k, s := range list {
		each(fmt.Sprintf("%s[%d]", field, k), s)
	}
}

func (r *reader) values(field string, m map[string]any) {
	if len(m) > maxValues {
		r.fail(field, "it has %d attributes; at most %d are taken", len(m), maxValues)
		return
	}
	for k := range m {
		r.text(field, k, maxName)
	}
}

func (r *reader) change(c *wire.FileChange) {
	r.id("id", c.ID, "")
	r.absolute("path", c.Path)
	r.one("change", c.Change, changeWords)
	r.text("type", c.Type, 32)
	if c.Type == "" && c.Change != "transient" {
		r.fail("type", "it is missing")
	}
	r.one("log", c.Log, logWords)
	r.list("attributes", c.Attributes, maxValues, func(f, s string) { r.text(f, s, maxName) })
	r.values("before", c.Before)
	r.values("after", c.After)
	r.text("diff", c.Diff, MaxItem)
	if c.Change == "moved" || c.From != "" {
		r.absolute("from", c.From)
	}
	if c.Change == "exchanged" || c.With != "" {
		r.absolute("with", c.With)
	}
	paths := func(f, s string) { r.text(f, s, maxPath) }
	r.list("via", c.Via, maxList, paths)
	r.list("also", c.Also, maxList, paths)
	r.text("part_of", c.PartOf, maxPath)
	if c.Below < 0 {
		r.fail("below", "it is negative")
	}
	r.one("found", c.Found, foundWords)
	if c.Events < 0 {
		r.fail("events", "it is negative")
	}
	r.moment("time", c.Time)
	if c.Who != nil {
		r.process("who", c.Who)
	}
	if len(c.Others) > maxParents {
		r.fail("others", "it names %d processes; at most %d are taken", len(c.Others), maxParents)
	} else {
		for k := range c.Others {
			r.process(fmt.Sprintf("others[%d]", k), &c.Others[k])
		}
	}
	if c.Baseline != "" {
		r.hash("baseline", c.Baseline)
	}
	if c.Package != nil {
		r.claim(c.Package)
	}
	if len(c.Runs) > maxRuns {
		r.fail("runs", "it holds %d tokens; at most %d are taken", len(c.Runs), maxRuns)
		return
	}
	for k, run := range c.Runs {
		f := fmt.Sprintf("runs[%d].", k)
		r.text(f+"token", run.Token, maxToken)
		r.text(f+"exe", run.Exe, maxText)
		if run.Token == "" {
			r.fail(f+"token", "it is missing")
		}
	}
}

func (r *reader) hash(field, s string) {
	if raw, err := hex.DecodeString(s); err != nil || len(raw) != 32 || strings.ToLower(s) != s {
		r.fail(field, "%.80q is no SHA-256 in hex", s)
	}
}

func (r *reader) process(field string, p *wire.Process) {
	if p.PID < 0 {
		r.fail(field+".pid", "it is negative")
	}
	for _, t := range [][2]string{{"user", p.User}, {"login_user", p.LoginUser}, {"exe", p.Exe}, {"exe_before", p.ExeBefore}, {"cgroup", p.Cgroup}, {"container", p.Container}, {"terminal", p.Terminal}, {"ssh", p.SSH}, {"sudo", p.Sudo}} {
		most := maxText
		if strings.HasSuffix(t[0], "user") {
			most = 256
		}
		r.text(field+"."+t[0], t[1], most)
	}
	if p.ExeSHA256 != "" {
		r.hash(field+".exe_sha256", p.ExeSHA256)
	}
	if len(p.Parents) > maxParents {
		r.fail(field+".parents", "it names %d processes; at most %d are taken", len(p.Parents), maxParents)
		return
	}
	for _, x := range p.Parents {
		r.text(field+".parents", x.Exe, maxText)
	}
	if len(p.Unknown) > maxValues {
		r.fail(field+".unknown", "it has %d entries; at most %d are taken", len(p.Unknown), maxValues)
		return
	}
	for k, v := range p.Unknown {
		r.text(field+".unknown", k, maxName)
		r.text(field+".unknown", v, maxText)
	}
}

func (r *reader) claim(p *wire.PackageClaim) {
	r.one("package.manager", p.Manager, managers)
	r.text("package.name", p.Name, 256)
	if p.Name == "" && p.Role != "database" {
		r.fail("package.name", "it is missing")
	}
	known := p.Transaction != "" // a path of a package may change without any run of the manager
	if known || p.Action != "" {
		r.one("package.action", p.Action, actions)
	}
	r.one("package.role", p.Role, roles)
	r.one("package.digest", p.Digest, digests)
	if known {
		r.id("package.transaction", p.Transaction, "-")
	}
	if known || !p.Started.IsZero() {
		r.moment("package.started", p.Started)
	}
	if !p.Ended.IsZero() {
		r.moment("package.ended", p.Ended)
		if p.Ended.Before(p.Started) {
			r.fail("package.ended", "it ended before it began")
		}
	}
	for _, t := range [][2]string{{"version", p.Version}, {"version_before", p.Before}, {"reason", p.Reason}, {"by", p.By}, {"origin", p.Origin}} {
		r.text("package."+t[0], t[1], 1024)
	}
	r.text("package.command", p.Command, maxText)
}
