package web

import (
	"crypto/sha256"
	tables "encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/desk"
)

var (
	tableHead = regexp.MustCompile(`(?s)<thead>(.*?)</thead>`)
	tableCell = regexp.MustCompile(`(?s)<th\b[^>]*>(.*?)</th>`)
	tag       = regexp.MustCompile(`<[^>]*>`)
)

// Screen and file cannot drift: every head of a list's table is a column of its
// files, and each column that names a head names one that is there.
func TestListsShowWhatTheyExport(t *testing.T) {
	s, slug, _ := manual(t)
	s.report(rootMayLogIn)
	s.everyList(slug)
	for _, l := range allLists() {
		path := s.address(l)
		page := s.says(path)
		heads := tableHead.FindStringSubmatch(page.body)
		if heads == nil {
			t.Errorf("%s has no table", path)
			continue
		}
		var have []string
		for _, m := range tableCell.FindAllStringSubmatch(heads[1], -1) {
			text := strings.TrimSpace(strings.NewReplacer("↑", "", "↓", "", "&#39;", "'").Replace(tag.ReplaceAllString(m[1], "")))
			if strings.Contains(m[0], `class="strip"`) { // the weeks are a picture, and have a table twin
				continue
			}
			have = append(have, text)
		}
		for _, h := range have {
			if !slices.Contains(l.heads, h) {
				t.Errorf("%s shows %q, which its files leave out", l.name, h)
			}
		}
		for i, h := range l.heads {
			if h != "" && !slices.Contains(have, h) {
				t.Errorf("%s: the files' column %s says it stands under %q; the screen has %q", l.name, l.columns[i].Key, h, have)
			}
		}
		if !strings.Contains(page.body, `action="/export/`+l.name+`"`) {
			t.Errorf("%s offers no files", path)
		}
	}
}

// everyList adds what the lists need to have a table at all.
func (s *site) everyList(slug string) {
	s.t.Helper()
	if _, err := backup.Record(s.t.Context(), s.db, s.cfg.Ledger, "system", backup.Made{At: s.clock.Now(), Reason: backup.Scheduled, Manifest: strings.Repeat("ab", 32), Path: "/mnt/x"}); err != nil {
		s.t.Fatalf("a backup: %v", err)
	}
	if a := s.post("/engagements/new", engagementFields()); a.status != http.StatusSeeOther {
		s.t.Fatalf("an engagement: %d %s", a.status, a.text())
	}
	if a := s.post("/engagements/1/requests", url.Values{"ref": {"R-1"}, "text": {"The list of hosts"}}); a.status != http.StatusSeeOther {
		s.t.Fatalf("a request: %d %s", a.status, a.text())
	}
	f, err := s.cfg.Findings.Get(s.t.Context(), "F-1")
	if err != nil {
		s.t.Fatal(err)
	}
	if a := s.post("/waivers", url.Values{"check": {f.Check}, "attribute": {f.Attribute}, "items": {f.ItemName}, "reason": {"the console is broken until the vendor comes"}, "compensating": {"nobody has the password"}, "expires": {s.clock.Now().AddDate(0, 1, 0).Format(dateLayout)}}); a.status != http.StatusSeeOther {
		s.t.Fatalf("a waiver: %d %s", a.status, a.text())
	}
	if a := s.bring(withParts(reviewOf(slug), part{"file", csv, "members.csv"})); a.status != http.StatusSeeOther {
		s.t.Fatalf("evidence: %d %s", a.status, a.text())
	}
}

func (s *site) address(l list) string {
	_, path, _ := strings.Cut(l.pattern, " ")
	path = strings.Replace(path, "{number}", "1", 1)
	if strings.Contains(path, "{id}") {
		path = strings.Replace(path, "/standards/{id}", regexp.MustCompile(`/standards/std_[a-z0-9]+`).FindString(s.says("/standards").body), 1)
	}
	return path
}

// Every list gives its three files, with as many rows as it says, and each is
// recorded with query, count and digest.
func TestExportOfEveryList(t *testing.T) {
	s, slug, _ := manual(t)
	s.report(rootMayLogIn)
	s.everyList(slug)
	for _, l := range allLists() {
		path := s.address(l)
		for _, f := range []string{"csv", "xlsx", "json"} {
			a := s.post("/export/"+l.name, url.Values{"format": {f}, "address": {path + "?after=&before="}})
			if a.status != http.StatusOK {
				t.Errorf("%s as %s: %d %s", l.name, f, a.status, a.text())
				continue
			}
			sum := sha256.Sum256([]byte(a.body))
			digest := hex.EncodeToString(sum[:])
			if a.header.Get("X-Attesta-Digest") != digest || a.header.Get("X-Attesta-Query") != path || !strings.Contains(a.header.Get("Content-Disposition"), "attesta-"+l.name+"-") {
				t.Errorf("%s as %s says %v", l.name, f, a.header)
			}
			records, err := s.cfg.Ledger.Records(t.Context(), ledger.Filter{Type: "list.exported", Limit: 1})
			if err != nil || len(records) != 1 {
				t.Fatalf("%v: %v", records, err)
			}
			rec := records[0]
			if rec.Data["digest"] != digest || fmt.Sprint(rec.Data["count"]) != a.header.Get("X-Attesta-Count") || rec.Data["list"] != l.name || rec.Actor == "" {
				t.Errorf("%s as %s is recorded as %v", l.name, f, rec.Data)
			}
			for _, b := range desk.Bindings() {
				if err := b.Check(t.Context(), s.db.Reader(), rec); err != nil {
					t.Errorf("%s: %v", b.Name, err)
				}
			}
			switch f {
			case "csv":
				rows, err := tables.NewReader(strings.NewReader(a.body)).ReadAll()
				if err != nil || fmt.Sprint(len(rows)-1) != a.header.Get("X-Attesta-Count") {
					t.Errorf("%s: %d lines, %v, said %s", l.name, len(rows), err, a.header.Get("X-Attesta-Count"))
				}
			case "json":
				var got struct{ Rows []any }
				if err := json.Unmarshal([]byte(a.body), &got); err != nil || fmt.Sprint(len(got.Rows)) != a.header.Get("X-Attesta-Count") {
					t.Errorf("%s: %v, %d rows", l.name, err, len(got.Rows))
				}
			}
		}
	}
	if _, err := s.db.Writer().ExecContext(t.Context(), `UPDATE desk_export SET lines = lines + 1`); err != nil {
		t.Fatal(err)
	}
	records, err := s.cfg.Ledger.Records(t.Context(), ledger.Filter{Type: "list.exported", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Bindings()[0].Check(t.Context(), s.db.Reader(), records[0]); err == nil {
		t.Error("a changed count is not seen")
	}
}

// The filter counts; who may not see a list gets no file of it; what is no
// address of the list is refused.
func TestExportIsWhatIsShown(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	count := func(list, address string) string {
		t.Helper()
		a := s.post("/export/"+list, url.Values{"format": {"csv"}, "address": {address}})
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", address, a.status, a.text())
		}
		return a.header.Get("X-Attesta-Count")
	}
	if all, closed := count("findings", "/findings"), count("findings", "/findings?state=closed"); all != "1" || closed != "0" {
		t.Errorf("%s findings, %s closed", all, closed)
	}
	s.clock.Advance(48 * time.Hour)
	s.again()
	a := s.post("/export/findings", url.Values{"format": {"csv"}, "address": {"/findings?state=all&at=2036-08-18"}})
	if a.status != http.StatusOK || a.header.Get("X-Attesta-Valid-At")[:10] != "2036-08-18" || !strings.Contains(a.header.Get("Content-Disposition"), "-of-20360818") {
		t.Errorf("of the past: %d %v", a.status, a.header)
	}
	for _, bad := range []url.Values{{"format": {"pdf"}, "address": {"/findings"}}, {"format": {"csv"}, "address": {"/hosts"}}, {"format": {"csv"}, "address": {"//evil.example/findings"}},
		{"format": {"csv"}, "address": {"/findings?state=nothing"}}, {"format": {"csv"}}} {
		if a := s.post("/export/findings", bad); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
			t.Errorf("%v: %d", bad, a.status)
		}
	}
	if a := s.post("/export/nothing", url.Values{"format": {"csv"}}); a.status != http.StatusNotFound {
		t.Errorf("no list: %d", a.status)
	}
	s.as("quill", access.Auditor)
	if a := s.post("/export/findings", url.Values{"format": {"csv"}, "address": {"/findings"}}); a.status != http.StatusForbidden {
		t.Errorf("an auditor takes findings away: %d", a.status)
	}
	if a := s.post("/export/criteria", url.Values{"format": {"csv"}, "address": {"/criteria"}}); a.status != http.StatusOK {
		t.Errorf("an auditor's criteria: %d %s", a.status, a.text())
	}
}
