package server

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// say runs a command line against a running server.
func say(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := cli.New("attesta", "", "test", cli.ScopeCommand(ScopeSetCommand()), cli.InstancesCommand(),
		cli.EvidenceCommand(EvidenceAddCommand(), EvidenceReviewCommand(instance.Accepted), EvidenceReviewCommand(instance.SentBack)), WaiversCommand(), ExclusionsCommand(), PopulationsCommand(), UsersCommand())
	var out, rest bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&rest)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// By the command line: a scope, evidence of an instance, its review; and what
// is refused on the way.
func TestEvidenceByCommand(t *testing.T) {
	data := t.TempDir()
	now := clock.NewManual(time.Now()) // a browser forgets cookies of another time; so the listing, which looks at the real clock, is of then
	cfg := local(data)
	cfg.EvidenceMaxMB = 1
	in := begin(t, cfg, Options{Clock: now.Now})
	v := in.login()
	resp, err := v.c.PostForm(v.u+"/controls/library", url.Values{}) // approves the starter controls
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "approved") {
		t.Fatalf("%s %.3000s", resp.Status, body)
	}
	resp.Body.Close()

	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("scope.yaml", "zone: Europe/Dublin\nsystems:\n  - {name: Larkfield Payroll, services: [pay run]}\nexamination: {type: 2, from: 2026-01-01, to: 2026-12-31}\n")
	text, err := say(t, "scope", "set", "--data", data, "--as", "admin", "--reason", "first window", "--file", good)
	if err != nil || !strings.Contains(text, "version 2 of the scope is written") {
		t.Fatalf("%q, %v", text, err)
	}
	if text, err = say(t, "scope", "show", "--data", data, "--version", "2"); err != nil || !strings.Contains(text, "waits for approval") || !strings.Contains(text, "Larkfield Payroll") {
		t.Errorf("%q, %v", text, err)
	}
	for name, tc := range map[string]struct {
		args []string
		want fault.Kind
	}{
		"a window upside down": {[]string{"scope", "set", "--as", "admin", "--reason", "x y z", "--file", write("bad.yaml", "zone: UTC\nexamination: {type: 2, from: 2026-12-31, to: 2026-01-01}\n")}, fault.Invalid},
		"nobody":               {[]string{"scope", "set", "--as", "nobody", "--reason", "x y z", "--file", good}, fault.NotFound},
		"no file":              {[]string{"scope", "set", "--as", "admin", "--reason", "x y z", "--file", filepath.Join(dir, "none")}, fault.NotFound},
		"no user":              {[]string{"scope", "set", "--file", good}, ""},
	} {
		if _, err := say(t, append(tc.args, "--data", data)...); err == nil || tc.want != "" && !fault.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}

	day := func(n int) string { return now.Now().AddDate(0, 0, n-240).Format(time.DateOnly) }
	window := day(240) + ".." + day(600)
	now.Advance(240 * 24 * time.Hour)
	text, err = say(t, "instances", "list", "--data", data, "--window", window, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var views []struct {
		Control   string
		Rhythm    string
		Instances []instance.Instance
	}
	if err := json.Unmarshal([]byte(text), &views); err != nil {
		t.Fatal(err)
	}
	slug, key := "", ""
	for _, x := range views {
		if x.Rhythm == "quarterly" && slug == "" {
			slug, key = x.Control, x.Instances[0].Key
		}
	}
	covers := slug + "/" + key
	add := func(more ...string) (string, error) {
		return say(t, append([]string{"evidence", "add", "--data", data, "--as", "admin", "--title", "Access review Q1", "--source", "identity provider",
			"--performed", day(3), "--from", day(1), "--to", day(3), "--covers", covers}, more...)...)
	}
	if text, err = add(write("review.csv", "ann,admin\n")); err != nil || !strings.Contains(text, "E-1 version 1 is kept") {
		t.Fatalf("%q, %v", text, err)
	}
	if text, err = add("--link", "https://example.org/minutes"); err != nil || !strings.Contains(text, "E-2") {
		t.Errorf("a link: %q, %v", text, err)
	}
	large := write("large.csv", "")
	if err := os.Truncate(large, 2<<30); err != nil { // sparse: it takes no room
		t.Fatal(err)
	}
	before := time.Now()
	if _, err = add(large); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "larger than 1.0 MB") || time.Since(before) > 20*time.Second {
		t.Errorf("two gigabytes: %v after %s", err, time.Since(before))
	}
	if _, err = add(filepath.Join(dir, "none")); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
	if _, err = add("--from", day(5), good); !fault.Is(err, fault.Invalid) {
		t.Errorf("dates in the wrong order: %v", err)
	}
	if text, err = say(t, "evidence", "list", "--data", data); err != nil || strings.Count(text, "E-") != 2 || !strings.Contains(text, "awaits review") {
		t.Errorf("%q, %v", text, err)
	}
	if _, err = say(t, "evidence", "accept", "E-1", "--data", data, "--as", "admin"); !fault.Is(err, fault.Invalid) {
		t.Errorf("one's own evidence, silently: %v", err)
	}
	if text, err = say(t, "evidence", "accept", "E-1", "--data", data, "--as", "admin", "--compensation", "Our adviser reads all of it in May.", "--json"); err != nil || !strings.Contains(text, `"decision": "accepted"`) {
		t.Errorf("%q, %v", text, err)
	}
	if text, err = say(t, "evidence", "send-back", "E-2", "--data", data, "--as", "admin", "--reason", "The minutes do not name the systems.", "--compensation", "Our adviser reads all of it in May."); err != nil || !strings.Contains(text, "E-2 version 1: sent back") {
		t.Errorf("%q, %v", text, err)
	}
	if text, err = say(t, "evidence", "show", "E-1", "--data", data); err != nil || !strings.Contains(text, "accepted") || !strings.Contains(text, "sha256") {
		t.Errorf("%q, %v", text, err)
	}
	if text, err = say(t, "instances", "list", "--data", data, "--control", slug, "--window", window); err != nil || !strings.Contains(text, key) {
		t.Errorf("%q, %v", text, err)
	}
	if _, err = say(t, "instances", "list", "--data", data, "--window", "2026-12-31..2026-01-01"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a window upside down: %v", err)
	}

	// Whoever writes to the server's address without its token finds nothing,
	// and a name with a path in it stays a label.
	at, err := DataDir(data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/-/scope", "/-/evidence", "/-/review"} {
		resp, err := http.Post(at.Address+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s without the token: %s", path, resp.Status)
		}
	}
	began := now.Now().Add(-239 * 24 * time.Hour)
	meta, err := json.Marshal(evidenceCommand{As: "admin", New: evidence.New{Kind: evidence.File, Title: "named oddly", Source: "somebody", FileName: "../../x", Performed: began.Add(time.Hour), From: began, To: began.Add(2 * time.Hour),
		Covers: []evidence.Cover{{Control: slug, Instance: key}}}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := tell(t.Context(), data, "/-/evidence", http.Header{metaHeader: {base64.StdEncoding.EncodeToString(meta)}}, strings.NewReader("x"), 1)
	if err != nil || !strings.Contains(string(raw), `"file_name":"x"`) {
		t.Errorf("%s, %v", raw, err)
	}
	if _, err := os.Stat(filepath.Join(data, "x")); err == nil {
		t.Error("a file was written where its name said")
	}
}
