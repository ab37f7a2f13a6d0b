package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/access/factor"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/access/saml"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/notify/webhook"
	"github.com/attesta/attesta/internal/operations/activity"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/batches"
	"github.com/attesta/attesta/internal/web/policies"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/packs"

	"database/sql"

	"go.yaml.in/yaml/v3"
)

// site is a whole Attesta behind a real HTTP server, without agent and jobs.
type site struct {
	t      *testing.T
	cfg    Config
	db     *database.DB
	clock  *clock.Manual
	server *httptest.Server
	client *http.Client
	seq    int64
	stored string // directory of evidence

	policies *policy.Service
	jobs     *jobs.Runner // runs only where a test lets it
	backups  backup.Keeping
}

const source = "src_0000000000000000000000test"

var started = time.Date(2036, 8, 18, 9, 0, 0, 0, time.UTC) // a Monday, later than today: the cookie jar knows no other clock

// newSite starts a site on fresh data with the shipped standard as a draft.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, db: databasetest.SQLite(t), clock: clock.NewManual(started)}
	dir, ctx := t.TempDir(), t.Context()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log, err := ledger.Open(ctx, ledger.Config{DB: s.db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "ledger.key"), Clock: s.clock.Now, Logger: quiet, Poll: 20 * time.Millisecond, Settle: time.Millisecond})
	must(err)
	runCtx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(runCtx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the sequencer: %v", err)
		}
		if err := log.Close(); err != nil {
			t.Errorf("close the ledger: %v", err)
		}
	})
	c := Config{Ledger: log, Clock: s.clock.Now, Logger: quiet, PublicURL: "http://localhost:7373", DataDir: "/var/lib/attesta"}
	c.Access, err = access.New(access.Config{DB: s.db, Ledger: log, Clock: s.clock.Now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
	must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	must(err)
	c.Second, err = factor.New(factor.Config{DB: s.db, Access: c.Access, Key: key, Clock: s.clock.Now})
	must(err)
	c.Directory, err = directory.New(directory.Config{DB: s.db, Access: c.Access, Ledger: log, Clock: s.clock.Now})
	must(err)
	c.Passkeys, err = passkey.New(passkey.Config{DB: s.db, Access: c.Access, Clock: s.clock.Now, PublicURL: c.PublicURL})
	must(err)
	dialer, err := dial.New(dial.Config{Allow: []string{"127.0.0.1"}})
	must(err)
	c.Provider, err = identity.New(identity.Config{DB: s.db, Access: c.Access, Key: key, Dialer: dialer, Clock: s.clock.Now, PublicURL: c.PublicURL})
	must(err)
	c.SAML, err = saml.New(saml.Config{DB: s.db, Access: c.Access, Key: key, Dialer: dialer, Clock: s.clock.Now, PublicURL: c.PublicURL, MakeKey: func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }})
	must(err)
	c.Provider.Add(saml.Way, c.SAML)
	c.Standards, err = standard.New(standard.Config{DB: s.db, Ledger: log, Clock: s.clock.Now, Logger: quiet})
	must(err)
	c.Outcomes = outcome.New(outcome.Config{DB: s.db, Ledger: log, Clock: s.clock.Now, Logger: quiet})
	c.Findings = finding.New(finding.Config{DB: s.db, Ledger: log, Clock: s.clock.Now, Logger: quiet})
	c.Waivers, err = waiver.New(waiver.Config{DB: s.db, Ledger: log, Standards: c.Standards, Outcomes: c.Outcomes, Access: c.Access, Clock: s.clock.Now})
	must(err)
	c.Exclusions, err = exclusion.New(exclusion.Config{DB: s.db, Ledger: log, Standards: c.Standards, Outcomes: c.Outcomes, Clock: s.clock.Now})
	must(err)
	c.Hosts, err = host.New(host.Config{DB: s.db, Ledger: log, Standards: c.Standards, Outcomes: c.Outcomes, Findings: c.Findings, Waivers: c.Waivers, Exclusions: c.Exclusions, Clock: s.clock.Now, Logger: quiet})
	must(err)
	c.Exclusions.Derive(c.Hosts.Retired)
	c.Blobs, err = blobs.Open(filepath.Join(dir, "blobs"))
	must(err)
	s.policies = policyService(t, s.db, log, c.Access, s.clock.Now)
	c.Populations, err = population.New(population.Config{DB: s.db, Ledger: log, Blobs: c.Blobs, Register: c.Exclusions.Register, Neighbours: c.Hosts.Neighbours, Clock: s.clock.Now},
		c.Hosts.PopulationSource(), c.Findings.PopulationSource(), population.Outcomes(c.Outcomes), c.Waivers.PopulationSource(), s.policies.PopulationSource())
	must(err)
	must(c.Populations.Start(ctx))
	shipped, err := packs.Open("controls")
	must(err)
	library, err := control.LoadLibrary(shipped)
	must(err)
	c.Controls = control.New(control.Config{DB: s.db, Ledger: log, Clock: s.clock.Now, Library: library})
	c.Instances = instance.New(instance.Config{DB: s.db, Ledger: log, Clock: s.clock.Now})
	c.Posture = posture.New(posture.Config{DB: s.db, Clock: s.clock.Now, Outcomes: c.Outcomes, Standards: c.Standards, Findings: c.Findings})
	c.Scopes = scope.New(scope.Config{DB: s.db, Ledger: log, Clock: s.clock.Now})
	s.stored = filepath.Join(dir, "evidence") // evidence's alone
	held, err := blobs.Open(s.stored)
	must(err)
	c.Bulk = bulk.New(bulk.Config{DB: s.db, Ledger: log, Access: c.Access, Findings: c.Findings, Hosts: c.Hosts, Waivers: c.Waivers, Clock: s.clock.Now})
	c.Areas = []screen.Area{batches.New(batches.Config{Bulk: c.Bulk, Access: c.Access}), policies.New(policies.Config{Policies: s.policies, Posture: c.Posture, Alone: c.Access.Alone})}
	c.Evidence = evidence.NewService(evidence.Config{DB: s.db, Ledger: log, Blobs: held, Clock: s.clock.Now, MaxSize: 1 << 20, MinFree: -1})
	c.Activity = activity.New(activity.Config{DB: s.db, Ledger: log})
	c.Desk = desk.New(desk.Config{DB: s.db, Ledger: log, Clock: s.clock.Now})
	c.Engagements = engagement.New(engagement.Config{DB: s.db, Ledger: log, Clock: s.clock.Now})
	c.Reliance = reliance.New(reliance.Config{DB: s.db, Ledger: log, Clock: s.clock.Now, Version: "test", Data: dir, Grace: c.Outcomes.Grace,
		Engaged: func(ctx context.Context, p access.Principal, number int) (reliance.Window, error) {
			g, err := c.Engagements.Get(ctx, p, number)
			if err != nil {
				return reliance.Window{}, err
			}
			from, to := g.Window()
			return reliance.Window{From: from, To: to}, nil
		}})
	c.Packages, err = export.New(export.Config{DB: s.db, Ledger: log, Clock: s.clock.Now, Dir: filepath.Join(dir, "exports"), Version: "test",
		Open: func(ctx context.Context, digest string) (io.ReadCloser, error) {
			for _, d := range []*blobs.Dir{held, c.Blobs} {
				if r, err := d.Open(digest); err == nil {
					return r, nil
				}
			}
			raw, err := c.Standards.Stored(ctx, digest)
			return io.NopCloser(bytes.NewReader(raw)), err
		}})
	must(err)
	t.Cleanup(c.Packages.Close)
	c.Health = health.NewMonitor(s.clock.Now, "test", []health.Check{
		{Name: "database.answers", Asks: "Does the database answer?", Ready: true, Run: health.Database(s.db, s.clock.Now, true).Run},
		{Name: "disk.full", Asks: "Is there room?", Ready: true, Run: func(context.Context) health.Result { return health.Fail("free some", "there is <none>") }},
		{Name: "ledger.anchor", Asks: "Is it anchored?", Run: anchor.Check(s.db, s.clock.Now).Run},
	})
	runner, err := jobs.New(ctx, jobs.Config{DB: s.db, Logger: quiet})
	must(err)
	s.jobs, s.backups = runner, backup.Keeping{Config: backup.Config{DB: s.db, Log: log, Content: map[string]string{"evidence": s.stored}, Keys: dir, Temp: filepath.Join(dir, "backup.tmp"), Version: "test", Clock: s.clock.Now},
		Jobs: runner, Dir: t.TempDir(), Every: 24 * time.Hour, Keep: 3, Planned: true, Trial: filepath.Join(dir, "trial"), Logger: quiet, Spare: 1}
	c.Backups, err = backup.NewService(ctx, s.backups)
	must(err)
	c.Webhooks, err = webhook.New(webhook.Config{DB: s.db, Ledger: log, Key: key, Jobs: runner, Dialer: dialer, Site: "http://localhost:7373", Clock: s.clock.Now, Logger: quiet})
	must(err)
	c.Mail, err = mail.New(mail.Config{DB: s.db, Ledger: log, Access: c.Access, Key: key, Dialer: dialer, Site: c.PublicURL, Clock: s.clock.Now, Logger: quiet})
	must(err)
	about := notify.About{Findings: c.Findings, Hosts: c.Hosts, Waivers: c.Waivers, Exclusions: c.Exclusions, Evidence: c.Evidence, Controls: c.Controls, Engagements: c.Engagements, Policies: s.policies}
	c.Notices, err = notify.New(notify.Config{DB: s.db, Ledger: log, Access: c.Access, Webhooks: c.Webhooks, Mail: c.Mail, Key: key, TakeOn: func(ctx context.Context, p access.Principal, id string) error {
		return c.Findings.Acknowledge(ctx, p, id, "")
	}, Read: about.Read, Clock: s.clock.Now, Logger: quiet})
	must(err)
	linux, err := packs.Open("linux-server")
	must(err)
	_, err = c.Standards.Install(ctx, access.System(), linux)
	must(err)
	must(c.Controls.Start(ctx))
	stopped := make(chan struct{})
	c.Stop = stopped
	handler, err := New(c)
	must(err)
	s.cfg = c
	s.server = httptest.NewServer(handler)
	t.Cleanup(func() { close(stopped); s.server.Close() })
	s.client = s.stranger()
	s.settle()
	return s
}

// stranger is a browser without a session.
func (s *site) stranger() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// login comes in as the first administrator, with a password.
func (s *site) login() {
	s.t.Helper()
	link, err := s.cfg.Access.FirstLink(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	r := s.post(LinkPath(link.Token), url.Values{"password": {"a few words in a row"}, "do": {"set"}})
	if r.status != http.StatusSeeOther || r.to != "/" {
		s.t.Fatalf("the link answers %d, %s:\n%s", r.status, r.to, r.text())
	}
}

// again logs the administrator in once more, after the session has ended.
func (s *site) again() {
	s.t.Helper()
	users, err := s.cfg.Access.Users(s.t.Context(), access.System())
	if err != nil {
		s.t.Fatal(err)
	}
	if r := s.post("/login", url.Values{"login": {users[0].Login}, "password": {"a few words in a row"}}); r.to != "/" {
		s.t.Fatalf("logging in again answers %d: %s", r.status, r.text())
	}
}

// answer is what a browser got.
type answer struct {
	status int
	to     string
	body   string
	header http.Header
}

// text is the page without its markup, for messages and for asking what it says.
func (a answer) text() string {
	body := a.body
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	var b strings.Builder
	depth := false
	for _, r := range body {
		switch {
		case r == '<':
			depth = true
			b.WriteByte(' ')
		case r == '>':
			depth = false
		case !depth:
			b.WriteRune(r)
		}
	}
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(strings.Join(strings.Fields(b.String()), " "))
}

func (s *site) do(req *http.Request) answer {
	s.t.Helper()
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{status: resp.StatusCode, to: resp.Header.Get("Location"), body: string(b), header: resp.Header}
}

func (s *site) get(path string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(req)
}

func (s *site) post(path string, form url.Values, header ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return s.do(req)
}

// settle waits until every entry has its position in the ledger.
func (s *site) settle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	for {
		changed := s.cfg.Ledger.Changed()
		st, err := s.cfg.Ledger.Status(ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		if st.Waiting == 0 && st.Size > 0 {
			return
		}
		s.cfg.Ledger.Wake()
		select {
		case <-changed:
		case <-ctx.Done():
			s.t.Fatalf("%d entries have no position after 20 s: %v", st.Waiting, st.Err)
		}
	}
}

// sections gives the pack's host in good order, changed by edit.
func (s *site) sections(edit func(facts map[string]any)) []json.RawMessage {
	s.t.Helper()
	fsys, err := packs.Open("linux-server")
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := fs.ReadFile(fsys, "fixtures/hosts.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	var fixture struct {
		Facts map[string]any `yaml:"facts"`
	}
	if err := yaml.Unmarshal(raw, &fixture); err != nil {
		s.t.Fatal(err)
	}
	if edit != nil {
		edit(fixture.Facts)
	}
	var items []json.RawMessage
	for _, name := range slicesSorted(maps.Keys(fixture.Facts)) {
		sec, err := facts.NewSection(name, fixture.Facts[name], nil)
		if err != nil {
			s.t.Fatalf("section %s: %v", name, err)
		}
		item, err := json.Marshal(sec)
		if err != nil {
			s.t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

// report sends what the host web-1 reads now, changed by edit.
func (s *site) report(edit func(facts map[string]any)) {
	s.t.Helper()
	s.late(0, edit)
}

// late is a report that was observed some time before it arrives.
func (s *site) late(by time.Duration, edit func(facts map[string]any)) {
	s.t.Helper()
	s.clock.Advance(time.Minute)
	s.seq++
	offset := int64(3000)
	b := host.Batch{Source: source, SourceName: "web-1", Stream: source + "/facts", Sequence: s.seq, ObservedAt: s.clock.Now().Add(-by), ClockOffsetUs: &offset,
		ReceivedAt: s.clock.Now(), Digest: strings.Repeat("0", 64), AgentVersion: "0.1.0", Items: s.sections(edit)}
	err := s.db.Tx(s.t.Context(), func(tx *sql.Tx) error {
		_, err := s.cfg.Hosts.ReceiveFacts(s.t.Context(), tx, b)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.settle()
}

// rootMayLogIn breaks the host.
func rootMayLogIn(facts map[string]any) {
	facts["sshd"].(map[string]any)["effective"].(map[string]any)["permitrootlogin"] = "yes"
}
