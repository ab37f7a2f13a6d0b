package forge

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
)

const secret = "a secret of this hook"

func mac(body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// message makes a message of a forge as it is signed there.
func message(forge, event string, body []byte) change.Message {
	m := change.Message{Body: body, Secret: secret, Project: "acme/billing", Header: map[string]string{"content-type": "application/json"}}
	switch forge {
	case "github":
		m.Header["x-github-event"], m.Header["x-hub-signature-256"] = event, "sha256="+mac(body)
	case "gitea":
		m.Header["x-gitea-event"], m.Header["x-gitea-signature"] = event, mac(body)
	case "forgejo":
		m.Header["x-forgejo-event"], m.Header["x-forgejo-signature"] = event, mac(body)
	case "gitlab":
		m.Header["x-gitlab-event"], m.Header["x-gitlab-token"] = event, secret
	}
	return m
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	one   = strings.Repeat("1a", 20)
	two   = strings.Repeat("2b", 20)
	three = strings.Repeat("3c", 20)
)

// Each message of each forge, as the events that the register keeps.
func TestMessages(t *testing.T) {
	cara := landing.Identity{Name: "Cara Lund", Login: "cara", Mail: "cara@acme.example"}
	bo := landing.Identity{Name: "Bo Reyes", Login: "bo", Mail: "bo@acme.example"}
	hidden := landing.Identity{Name: "Cara Lund", Login: "cara"} // GitLab writes [REDACTED]
	for _, c := range []struct {
		forge, event, file string
		want               []landing.Event
	}{
		{"gitlab", "Push Hook", "gitlab-push.json", []landing.Event{{Kind: landing.Pushed, Source: "GitLab", Branch: "main", Before: one, Head: two, Commits: 2, Actor: cara}}},
		{"gitlab", "Push Hook", "gitlab-branch-gone.json", nil},
		{"gitlab", "Merge Request Hook", "gitlab-opened.json", []landing.Event{{Kind: landing.RequestSeen, At: at("2026-03-02T09:10:11Z"), Source: "GitLab", Number: 12, Title: "BIL-7 Round amounts", Text: "Closes #7",
			URL: "https://gitlab.acme.example/acme/billing/-/merge_requests/12", State: "open", Branch: "main", From: "topic", Head: two, Labels: []string{"emergency"}, Author: hidden}}},
		{"gitlab", "Merge Request Hook", "gitlab-approved.json", []landing.Event{
			{Kind: landing.RequestSeen, At: at("2026-03-02T10:00:00Z"), Source: "GitLab", Number: 12, Title: "BIL-7 Round amounts", URL: "https://gitlab.acme.example/acme/billing/-/merge_requests/12", State: "open", Branch: "main", From: "topic", Head: two},
			{Kind: landing.ReviewGiven, At: at("2026-03-02T10:00:00Z"), Source: "GitLab", Number: 12, State: "approved", Head: two, URL: "https://gitlab.acme.example/acme/billing/-/merge_requests/12", Actor: landing.Identity{Name: "Bo Reyes", Login: "bo"}}}},
		{"gitlab", "Merge Request Hook", "gitlab-merged-squash.json", []landing.Event{{Kind: landing.RequestSeen, At: at("2026-03-02T11:00:00Z"), Source: "GitLab", Number: 12, Title: "BIL-7 Round amounts",
			URL: "https://gitlab.acme.example/acme/billing/-/merge_requests/12", State: "merged", Branch: "main", From: "topic", Head: two, Landed: three, Merger: landing.Identity{Name: "Bo Reyes", Login: "bo"}, MergedAt: at("2026-03-02T11:00:00Z")}}},
		{"gitlab", "Pipeline Hook", "gitlab-pipeline.json", []landing.Event{{Kind: landing.Checked, At: at("2026-03-02T10:30:00Z"), Source: "GitLab", Name: "pipeline", Head: two, State: "failure", URL: "https://gitlab.acme.example/acme/billing/-/pipelines/31"}}},
		{"gitlab", "Deployment Hook", "gitlab-deployment.json", []landing.Event{{Kind: landing.DeploymentMade, At: at("2026-03-02T11:30:00Z"), Source: "GitLab", State: "success", Head: three, Name: "production", URL: "https://gitlab.acme.example/acme/billing/-/jobs/99", Actor: hidden}}},
		{"gitlab", "Note Hook", "gitlab-note.json", nil},
		{"gitea", "push", "gitea-push.json", []landing.Event{{Kind: landing.Pushed, Source: "Gitea", Branch: "main", Before: one, Head: two, Forced: false, Commits: 3, Actor: cara, Known: []landing.Identity{cara}}}},
		{"gitea", "pull_request", "gitea-merged.json", []landing.Event{{Kind: landing.RequestSeen, At: at("2026-03-02T11:00:00Z"), Source: "Gitea", Number: 5, Title: "BIL-7 Round amounts", URL: "https://git.acme.example/acme/billing/pulls/5",
			State: "merged", Branch: "main", From: "topic", Head: two, Landed: three, Author: cara, Merger: bo, MergedAt: at("2026-03-02T11:00:00Z")}}},
		{"gitea", "pull_request_approved", "gitea-approved.json", []landing.Event{{Kind: landing.ReviewGiven, At: at("2026-03-02T10:00:00Z"), Source: "Gitea", Number: 5, State: "approved", Head: two, URL: "https://git.acme.example/acme/billing/pulls/5", Actor: bo}}},
		{"forgejo", "pull_request_rejected", "gitea-approved.json", []landing.Event{{Kind: landing.ReviewGiven, At: at("2026-03-02T10:00:00Z"), Source: "Gitea", Number: 5, State: "changes_requested", Head: two, URL: "https://git.acme.example/acme/billing/pulls/5", Actor: bo}}},
		{"forgejo", "status", "gitea-status.json", []landing.Event{{Kind: landing.Checked, At: at("2026-03-02T10:30:00Z"), Source: "Gitea", Name: "ci/test", Head: two, State: "success", URL: "https://ci.acme.example/4"}}},
		{"github", "push", "github-forced.json", []landing.Event{{Kind: landing.Pushed, Source: "GitHub", Branch: "main", Before: two, Head: one, Forced: true, Commits: 1, Actor: landing.Identity{Login: "cara", Mail: "cara@acme.example"},
			Known: []landing.Identity{{Name: "Cara Lund", Login: "cara", Mail: "1+cara@users.noreply.github.com"}}}}},
		{"github", "deployment_status", "github-deployment.json", []landing.Event{{Kind: landing.DeploymentMade, At: at("2026-03-02T11:30:00Z"), Source: "GitHub", State: "success", Head: three, Name: "production", Actor: landing.Identity{Login: "deploy[bot]", Bot: true}}}},
		{"github", "ping", "github-ping.json", nil},
	} {
		t.Run(c.forge+" "+c.file, func(t *testing.T) {
			kind := c.forge
			if kind == "forgejo" {
				kind = "gitea"
			}
			d, err := Understand(kind, message(c.forge, c.event, read(t, c.file)))
			if err != nil {
				message, hint := fault.Public(err)
				t.Fatalf("%v (%s %s)", err, message, hint)
			}
			for i := range d.Events {
				d.Events[i].At, d.Events[i].MergedAt = d.Events[i].At.UTC(), d.Events[i].MergedAt.UTC()
			}
			if len(d.Events) != len(c.want) || len(c.want) > 0 && !reflect.DeepEqual(d.Events, c.want) {
				t.Errorf("got  %+v\nwant %+v", d.Events, c.want)
			}
			if d.Name != c.event {
				t.Errorf("it is called %q", d.Name)
			}
		})
	}
}

// Nothing of a message is looked at before its signature or token holds.
func TestRefusals(t *testing.T) {
	body := read(t, "github-forced.json")
	lab := read(t, "gitlab-push.json")
	tea := read(t, "gitea-push.json")
	with := func(m change.Message, name, value string) change.Message { m.Header[name] = value; return m }
	secretless := message("github", "push", body)
	secretless.Secret = ""
	other := message("gitlab", "Push Hook", lab)
	other.Project = "acme/shop"
	for _, c := range []struct {
		name, forge string
		m           change.Message
		kind        fault.Kind
		want        string
	}{
		{"github: another secret", "github", with(message("github", "push", body), "x-hub-signature-256", "sha256="+strings.Repeat("0", 64)), fault.Forbidden, "signature"},
		{"github: no signature", "github", with(message("github", "push", body), "x-hub-signature-256", ""), fault.Forbidden, "signature"},
		{"github: the old kind of signature", "github", with(message("github", "push", body), "x-hub-signature-256", "sha1="+mac(body)), fault.Forbidden, "signature"},
		{"github: one byte more", "github", with(message("github", "push", body), "x-hub-signature-256", "sha256="+mac(append(bytes.Clone(body), ' '))), fault.Forbidden, "signature"},
		{"github: no secret here", "github", secretless, fault.Forbidden, "no secret"},
		{"gitea: no signature", "gitea", with(message("gitea", "push", tea), "x-gitea-signature", ""), fault.Forbidden, "signature"},
		{"gitea: a signature that is no hex", "gitea", with(message("gitea", "push", tea), "x-gitea-signature", "zz"), fault.Forbidden, "signature"},
		{"gitlab: another token", "gitlab", with(message("gitlab", "Push Hook", lab), "x-gitlab-token", secret+"x"), fault.Forbidden, "token"},
		{"gitlab: no token", "gitlab", with(message("gitlab", "Push Hook", lab), "x-gitlab-token", ""), fault.Forbidden, "token"},
		{"gitlab: another project", "gitlab", other, fault.Invalid, "acme/billing"},
		{"a form", "github", with(message("github", "push", body), "content-type", "application/x-www-form-urlencoded"), fault.Invalid, "forms"},
		{"no JSON", "github", message("github", "push", []byte("payload=%7B%7D")), fault.Invalid, "form that its forge documents"},
		{"another shape", "gitlab", message("gitlab", "Push Hook", []byte(`{"commits": "none"}`)), fault.Invalid, "form that its forge documents"},
		{"not UTF-8", "gitea", message("gitea", "push", []byte("{\"ref\": \"\xff\"}")), fault.Invalid, "UTF-8"},
		{"no number", "gitlab", message("gitlab", "Merge Request Hook", []byte(`{"object_attributes": {"iid": 0}}`)), fault.Invalid, "no request"},
		{"no commit", "github", message("github", "status", []byte(`{"sha": "main", "state": "success"}`)), fault.Invalid, "no commit"},
		{"nothing", "github", message("github", "push", nil), fault.Invalid, "1 to"},
		{"too large", "github", message("github", "push", make([]byte, MaxBody+1)), fault.Invalid, "bytes"},
		{"another forge", "bitbucket", message("github", "push", body), fault.Invalid, "no forge"},
	} {
		d, err := Understand(c.forge, c.m)
		message, hint := fault.Public(err)
		if !fault.Is(err, c.kind) || !strings.Contains(message+hint, c.want) {
			t.Errorf("%s: %v, want %s: %s", c.name, err, c.kind, c.want)
		}
		if len(d.Events) > 0 {
			t.Errorf("%s: it gives events all the same", c.name)
		}
	}
}

// A replay under another id is the same delivery: the body alone is signed.
func TestDeliveryIsItsBody(t *testing.T) {
	body := read(t, "github-forced.json")
	first, second := message("github", "push", body), message("github", "push", body)
	first.Header["x-github-delivery"], second.Header["x-github-delivery"] = "a", "b"
	a, err := Understand("github", first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Understand("github", second)
	if err != nil || a.ID != b.ID || a.ID == "" {
		t.Errorf("%q and %q, %v", a.ID, b.ID, err)
	}
}

// What a message says is bounded, whatever it holds.
func TestBounds(t *testing.T) {
	long := strings.Repeat("ä\u0007", 10_000)
	body := []byte(`{"number": 3, "pull_request": {"number": 3, "state": "open", "title": "` + strings.ReplaceAll(long, "\u0007", `\u0007`) + `", "html_url": "javascript:alert(1)", "commits": -4, "updated_at": "1066-10-14T00:00:00Z",
		"labels": [` + strings.Repeat(`{"name": "x"},`, 400) + `{"name": "y"}], "head": {"sha": "` + strings.Repeat("0", 40) + `"}}, "repository": {"full_name": "ACME/Billing"}}`)
	d, err := Understand("github", message("github", "pull_request", body))
	if err != nil {
		t.Fatal(err)
	}
	e := d.Events[0]
	if len(e.Title) > 300 || strings.Contains(e.Title, "\u0007") || e.URL != "" || e.Commits != 0 || !e.At.IsZero() || len(e.Labels) != maxLabels || e.Head != "" {
		t.Errorf("it is kept as %+v", e)
	}
}

func FuzzUnderstand(f *testing.F) {
	names := []string{"push", "pull_request", "pull_request_review", "check_run", "status", "deployment_status", "pull_request_approved", "Push Hook", "Merge Request Hook", "Pipeline Hook", "Deployment Hook", "ping"}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for i, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i%3), uint8(i%len(names)), raw)
		f.Add(uint8((i+1)%3), uint8((i+5)%len(names)), raw)
	}
	f.Fuzz(func(t *testing.T, forge, event uint8, body []byte) {
		kind := []string{"github", "gitea", "gitlab"}[forge%3]
		d, err := Understand(kind, message(kind, names[int(event)%len(names)], body))
		if err != nil {
			if fault.Is(err, fault.Internal) {
				t.Fatalf("an error that nobody understands: %v", err)
			}
			if len(d.Events) > 0 {
				t.Fatal("half of a message was read")
			}
			return
		}
		for _, e := range d.Events {
			for _, sha := range []string{e.Head, e.Before, e.Landed} {
				if sha != "" && commitID(sha) != sha {
					t.Fatalf("%q is no commit", sha)
				}
			}
			if len(e.Title) > 300 || len(e.Text) > maxText || len(e.Labels) > maxLabels || len(e.Known) > maxPeople || e.Number < 0 || e.Commits < 0 || e.Actor.User+e.Author.User+e.Merger.User != "" {
				t.Fatalf("out of bounds: %+v", e)
			}
		}
	})
}
