package server

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/proof/offline"
)

// sayPackage runs a command line about packages.
func sayPackage(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := cli.New("attesta", "", "test", PackageCommand(), cli.VerifyCommand(), cli.LedgerCommand(cli.LedgerOptions{Bindings: Bindings()}))
	var out, rest bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&rest)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// content gives one file of a package.
func content(t *testing.T, path, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A real host is judged, and what came of it leaves in packages that verify
// with nothing but the key: the whole day, and one control of it.
func TestPackages(t *testing.T) {
	run := func(t *testing.T, location string) {
		host := &stand{mode: 0o666}
		cfg := local(t.TempDir())
		cfg.Database = location
		in := begin(t, cfg, Options{Embedded: true, Inventory: host.inventory})
		v := in.login()
		until(t, "the host is judged", func() bool { return strings.Contains(v.get("/findings?state=all"), "F-1") })
		dir := t.TempDir()
		today := time.Now().UTC().Format(time.DateOnly)
		file := func(name string) string { return filepath.Join(dir, name) }
		days := []string{"--from", today, "--to", today}
		export1 := func(name string, args ...string) export.Export {
			t.Helper()
			if len(args) == 0 || args[0] != "--engagement" {
				args = append(args, days...)
			}
			text, err := sayPackage(t, append([]string{"package", "export", "--data", cfg.Data, "--as", "admin", "--json", "-o", file(name)}, args...)...)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, in.logs)
			}
			var a struct{ Export export.Export }
			if err := json.Unmarshal([]byte(text), &a); err != nil {
				t.Fatal(err)
			}
			return a.Export
		}
		trust, err := sayPackage(t, "ledger", "trust", "--data", cfg.Data)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file("trust.json"), []byte(trust), 0o600); err != nil {
			t.Fatal(err)
		}
		parsed, err := offline.ParseTrust([]byte(trust))
		if err != nil {
			t.Fatal(err)
		}
		verified := func(name string) *offline.Report {
			t.Helper()
			rep, err := offline.VerifyFile(context.Background(), file(name), parsed, offline.Options{})
			if err != nil || rep.Result != "verified" {
				var b strings.Builder
				rep.Print(&b)
				t.Fatalf("%s: %v %s", name, err, b.String())
			}
			return rep
		}

		whole := export1("whole.zip")
		rep := verified("whole.zip")
		if rep.Entries != whole.End || !rep.Log || rep.Blobs == 0 || rep.Streams < 3 || rep.Digest != whole.Digest {
			t.Errorf("%+v", rep)
		}
		n := 0
		until(t, "a later package proves that it continues the first", func() bool { // once the export's own record has its position
			n++
			name := fmt.Sprintf("again-%d.zip", n)
			if again := export1(name); again.Head <= whole.Head {
				return false
			}
			verified(name)
			return bytes.Contains(content(t, file(name), "manifest.json"), fmt.Appendf(nil, "proofs/known/%d", whole.Head))
		})
		if same := export1("same.zip", "--head", strconv.FormatInt(whole.Head, 10)); same.Digest != whole.Digest {
			t.Errorf("the same request at the same size gave %s, then %s", whole.Digest, same.Digest)
		}
		var sum struct {
			Then struct {
				Controls []struct {
					Control string
					Checks  []struct{ Check string }
					Entries []string
				}
			} `json:"as_known_then"`
		}
		if err := json.Unmarshal(content(t, file("whole.zip"), offline.SummaryFile), &sum); err != nil {
			t.Fatal(err)
		}
		slug := ""
		for _, c := range sum.Then.Controls {
			for _, k := range c.Checks {
				if strings.Contains(k.Check, "files-") && slug == "" {
					slug = c.Control
				}
			}
		}
		if slug == "" {
			t.Fatalf("no control is observed by a check of files: %+v", sum)
		}
		one := export1("control.zip", "--control", slug)
		rep = verified("control.zip")
		if rep.Log || rep.Records < 3 || rep.Records != one.Records || rep.Subject.ID != slug || len(rep.Named) == 0 {
			t.Errorf("%+v", rep)
		}
		if records := string(content(t, file("control.zip"), offline.RecordsFile)); !strings.Contains(records, "finding.opened") || !strings.Contains(records, "control.adopted") {
			t.Errorf("the control's package lacks records:\n%s", records)
		}
		for _, step := range []struct {
			path string
			form url.Values
		}{
			{"/engagements/new", url.Values{"title": {"SOC 2 of today"}, "type": {"2"}, "from": {today}, "to": {today}, "zone": {"UTC"}, "category": {"security"}}},
			{"/engagements/1/requests", url.Values{"ref": {"A-1"}, "text": {"=All hosts of CC6.1"}}},
			{"/engagements/1/requests/A-1/messages", url.Values{"text": {"Which hosts?"}}},
		} {
			resp, err := v.c.PostForm(v.u+step.path, step.form)
			if err != nil {
				t.Fatal(err)
			}
			if err := resp.Body.Close(); err != nil || resp.StatusCode != 200 {
				t.Fatalf("%s gave %s", step.path, resp.Status)
			}
		}
		asked := ""
		until(t, "what was asked has its position", func() bool {
			n++
			name := fmt.Sprintf("engagement-%d.zip", n)
			e := export1(name, "--engagement", "1")
			rep := verified(name)
			if rep.Subject.Kind != "engagement" || rep.Subject.ID != "1" || e.Subject != "1" || !rep.Log {
				t.Fatalf("%+v", rep)
			}
			asked = string(content(t, file(name), "engagement/engagement.json"))
			return strings.Contains(asked, "Which hosts?")
		})
		if !strings.Contains(asked, "=All hosts of CC6.1") || !strings.Contains(asked, "SOC 2 of today") {
			t.Errorf("the package's engagement says %s", asked)
		}
		for name, never := range map[string]string{"README.txt": "", "index.html": "<script"} {
			text := strings.ToLower(string(content(t, file("whole.zip"), name)))
			for _, word := range []string{"certified", "compliant", "passed", "guaranteed", "style=\"", never} {
				if word != "" && strings.Contains(text, word) {
					t.Errorf("%s says %q", name, word)
				}
			}
			if !strings.Contains(text, "not anchored") {
				t.Errorf("%s does not say that nothing is anchored", name)
			}
		}
		for name, tc := range map[string]struct {
			args []string
			want fault.Kind
		}{
			"no window":       {[]string{"--as", "admin"}, fault.Invalid},
			"upside down":     {[]string{"--as", "admin", "--from", "2026-02-01", "--to", "2026-01-01"}, fault.Invalid},
			"long ago":        {[]string{"--as", "admin", "--from", "2001-01-01", "--to", "2001-02-01"}, fault.Invalid},
			"nobody":          {[]string{"--as", "nobody", "--from", today, "--to", today}, fault.NotFound},
			"no control":      {[]string{"--as", "admin", "--from", today, "--to", today, "--control", "none"}, fault.NotFound},
			"the future":      {[]string{"--as", "admin", "--from", today, "--to", today, "--head", "999999999"}, fault.Invalid},
			"nobody's secret": {[]string{"--as", "admin", "--from", today, "--to", today, "--disclose", "ent_1"}, fault.Invalid},
		} {
			if _, err := sayPackage(t, append([]string{"package", "export", "--data", cfg.Data, "-o", file("refused.zip")}, tc.args...)...); !fault.Is(err, tc.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if left, err := filepath.Glob(filepath.Join(cfg.Data, "exports", "unfinished-*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
		if err := in.end(); err != nil {
			t.Fatalf("the server ended with %v\n%s", err, in.logs)
		}
		if location == "" {
			location = DataDir(cfg.Data).Database()
		}
		db, err := database.Open(context.Background(), location, database.ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		key, err := os.ReadFile(filepath.Join(cfg.Data, "keys", "ledger.pub"))
		if err != nil {
			t.Fatal(err)
		}
		check := func() error {
			_, err := ledger.Verify(context.Background(), ledger.VerifyConfig{DB: db, Dir: DataDir(cfg.Data).Ledger(), VerifierKey: strings.TrimSpace(string(key)), Bindings: Bindings()})
			return err
		}
		if err := check(); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Writer().Exec(`UPDATE package_export SET digest = 'x' WHERE kind = 'control'`); err != nil {
			t.Fatal(err)
		}
		if err := check(); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "digest") {
			t.Errorf("a changed row: %v", err)
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, "") })
	t.Run("postgres", func(t *testing.T) { run(t, databasetest.PostgresLocation(t)) })
}
