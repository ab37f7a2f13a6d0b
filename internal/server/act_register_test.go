package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/waiver"
)

// By the command line: this machine, reported by the agent within, is waived,
// left out, frozen, and held against a zone file.
func TestRegisterByCommand(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	now := clock.NewManual(time.Now())
	group := &stand{mode: 0o644}
	in := begin(t, local(data), Options{Clock: now.Now, Embedded: true, Inventory: group.inventory})
	v := in.login()
	until(t, "the host", func() bool { return strings.Contains(v.get("/hosts"), "/hosts/hst_") })
	do := func(args ...string) (string, error) { return say(t, append(args, "--data", data)...) }
	ok := func(want string, args ...string) string {
		t.Helper()
		text, err := do(args...)
		if err != nil || !strings.Contains(text, want) {
			t.Fatalf("%v gives %q, %v; want %q", args, text, err, want)
		}
		return text
	}
	day := func(n int) string { return now.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	page := v.get("/hosts")
	id := page[strings.Index(page, "hst_"):]
	id = id[:strings.IndexAny(id, `"/?`)]

	ok("version 1 of hosts is approved", "populations", "approve", "hosts", "--as", "admin", "--compensation", "Our adviser reads the definitions in May.")
	def := ok("title:", "populations", "show", "hosts", "--yaml")
	ok("version 1 of all-hosts is a draft", "populations", "define", "all-hosts", "--as", "admin", "--file", write("all.yaml", strings.Replace(def, "title: ", "title: All ", 1)))
	until(t, "what the host reported is judged", func() bool { return strings.Contains(v.get("/findings?state=all"), "F-1") })
	until(t, "all of it is numbered", func() bool { return !strings.Contains(v.get("/ledger"), "not numbered yet") })
	var e population.Extraction
	if err := json.Unmarshal([]byte(ok(`"digest"`, "populations", "extract", "hosts", "--as", "admin", "--json")), &e); err != nil || e.Count != 1 || e.Ref() != "P-1" {
		t.Fatalf("%s has %d items of what ledger size %d knew, window %v, %v", e.Ref(), e.Count, e.Known, e.Window, err)
	}
	ok("P-1", "populations", "list")
	ok("was not tested", "populations", "show", "P-1")
	zone := write("db.example.org", "$ORIGIN example.org.\nprinter IN A 10.9.9.9\n")
	rec := ok("1 only there; 2 not explained", "populations", "reconcile", "P-1", "--zone", zone, "--as", "admin")
	ok(strings.Fields(rec)[0], "populations", "show", "P-1")
	book := filepath.Join(dir, "P-1.xlsx")
	ok("", "populations", "export", "P-1", "--out", book)
	if raw, err := os.ReadFile(book); err != nil || !strings.HasPrefix(string(raw), "PK") {
		t.Errorf("the workbook: %.20q, %v", raw, err)
	}
	if lines := ok(id, "populations", "export", "P-1", "--format", "jsonl", "--out", "-"); strings.Count(lines, "\n") != 1 {
		t.Errorf("the items: %q", lines)
	}

	until(t, "a check in force", func() bool { return strings.Contains(v.get("/standards"), "linux-server") })
	check := "linux-server/group-file"
	for _, line := range strings.Split(v.get("/hosts/"+id), `href="/checks/`)[1:] {
		check = line[:strings.Index(line, `"`)]
		break
	}
	ok("W-1 is asked for, about 1 items", "waivers", "request", check, "--as", "admin", "--item", id, "--reason", "The vendor's fix comes in a month.", "--compensating", "The host has no users.", "--until", day(30))
	ok("W-1: approved", "waivers", "approve", "W-1", "--as", "admin", "--compensation", "Our adviser reads the register in May.")
	ok("in force", "waivers", "list")
	ok("W-1: withdrawn", "waivers", "withdraw", "W-1", "--as", "admin", "--reason", "It was mended.")
	var list []waiver.Waiver
	if err := json.Unmarshal([]byte(ok("[", "waivers", "list", "--json", "--state", "withdrawn")), &list); err != nil || len(list) != 1 || list[0].State != waiver.Withdrawn {
		t.Errorf("%+v, %v", list, err)
	}
	ok("X-1 is asked for", "exclusions", "add", "name printer", "--as", "admin", "--cause", "not_an_item", "--reason", "It is a printer.", "--until", day(30))
	ok("X-1: approved", "exclusions", "approve", "X-1", "--as", "admin", "--compensation", "Our adviser reads the register in May.")
	ok("in force", "exclusions", "list")
	ok("X-1 name printer", "exclusions", "register")
	ok("X-1: ended", "exclusions", "end", "X-1", "--as", "admin", "--reason", "It is gone.")
	var left []exclusion.Exclusion
	if err := json.Unmarshal([]byte(ok("[", "exclusions", "list", "--json")), &left); err != nil || len(left) != 1 || left[0].State != exclusion.Ended {
		t.Errorf("%+v, %v", left, err)
	}

	for name, tc := range map[string]struct {
		args []string
		want fault.Kind
		line int
	}{
		"a waiver of no check":      {[]string{"waivers", "request", "linux-server/none", "--as", "admin", "--item", id, "--reason", "x y z", "--compensating", "x y z", "--until", day(3)}, fault.Invalid, 0},
		"a waiver without an end":   {[]string{"waivers", "request", check, "--as", "admin", "--item", id, "--reason", "The vendor's fix.", "--compensating", "No users."}, fault.Invalid, 0},
		"a day that is none":        {[]string{"waivers", "request", check, "--as", "admin", "--until", "tomorrow"}, fault.Invalid, 0},
		"no waiver":                 {[]string{"waivers", "approve", "W-9", "--as", "admin"}, fault.NotFound, 0},
		"a state that is none":      {[]string{"waivers", "list", "--state", "gone"}, fault.Invalid, 0},
		"a cause that is none":      {[]string{"exclusions", "add", "name x", "--as", "admin", "--cause", "whim", "--reason", "It is so.", "--until", day(3)}, fault.Invalid, 0},
		"ended twice":               {[]string{"exclusions", "end", "X-1", "--as", "admin", "--reason", "Once more."}, fault.Conflict, 0},
		"a word that is none":       {[]string{"populations", "define", "x", "--as", "admin", "--file", write("bad.yaml", "title: x\nfliter: y\n")}, fault.Invalid, 2},
		"frozen by a draft":         {[]string{"populations", "extract", "all-hosts", "--as", "admin"}, fault.Conflict, 0},
		"a window in the future":    {[]string{"populations", "extract", "hosts", "--as", "admin", "--to", "2099-01-01"}, fault.Invalid, 0},
		"no second source":          {[]string{"populations", "reconcile", "P-1", "--as", "admin"}, fault.Invalid, 0},
		"two second sources":        {[]string{"populations", "reconcile", "P-1", "--as", "admin", "--neighbours", "--zone", zone}, fault.Invalid, 0},
		"a zone that is a hosts":    {[]string{"populations", "reconcile", "P-1", "--as", "admin", "--hosts-file", zone}, fault.Invalid, 1},
		"a file that is there":      {[]string{"populations", "export", "P-1", "--out", book}, fault.Conflict, 0},
		"a format that is none":     {[]string{"populations", "export", "P-1", "--out", book + "2", "--format", "pdf"}, fault.Invalid, 0},
		"nothing frozen of that no": {[]string{"populations", "export", "P-9", "--out", book + "3"}, fault.NotFound, 0},
		"nobody":                    {[]string{"populations", "extract", "hosts", "--as", "nobody"}, fault.NotFound, 0},
	} {
		_, err := do(tc.args...)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != tc.want || f.Line != tc.line {
			t.Errorf("%s: %v", name, err)
		}
	}

	at, err := DataDir(data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/-/waivers/ask", "/-/waivers/decide", "/-/exclusions/ask", "/-/exclusions/register", "/-/populations/extract", "/-/populations/export"} {
		resp, err := http.Post(at.Address+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s without the token: %s", path, resp.Status)
		}
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	verify(t, in.cfg, "waiver.approved", "waiver.withdrawn", "exclusion.approved", "exclusion.ended", "population.frozen", "population.reconciled")
}
