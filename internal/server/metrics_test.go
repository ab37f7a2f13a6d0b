package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/metrics"

	dto "github.com/prometheus/client_model/go"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape asks as Prometheus does and reads the answer with its parser.
func scrape(t *testing.T, address string) map[string]*dto.MetricFamily {
	t.Helper()
	status, body := get(t, address+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "attesta_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	return families
}

func valueOf(t *testing.T, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	f := families[name]
	if f == nil {
		t.Errorf("there is no %s", name)
		return -1
	}
next:
	for _, m := range f.GetMetric() {
		have := map[string]string{}
		for _, l := range m.GetLabel() {
			have[l.GetName()] = l.GetValue()
		}
		for i := 0; i < len(labels); i += 2 {
			if have[labels[i]] != labels[i+1] {
				continue next
			}
		}
		switch {
		case m.GetGauge() != nil:
			return m.GetGauge().GetValue()
		case m.GetCounter() != nil:
			return m.GetCounter().GetValue()
		}
		return float64(m.GetHistogram().GetSampleCount())
	}
	t.Errorf("there is no %s with %v", name, labels)
	return -1
}

func TestMetrics(t *testing.T) {
	h := &stand{}
	h.set(0o644)
	in := begin(t, local(t.TempDir()), Options{Embedded: true, Inventory: h.inventory})
	v := in.login()
	v.wait("/hosts", "1 host")
	until(t, "the host's batch is counted and jobs have run", func() bool {
		all := scrape(t, in.ready.URL)
		return valueOf(t, all, "attesta_ingest_items_total") > 0 && slices.ContainsFunc(all["attesta_job_last_run_timestamp_seconds"].GetMetric(), func(m *dto.Metric) bool {
			return m.GetLabel()[0].GetValue() == "hosts that fell silent"
		})
	})
	all := scrape(t, in.ready.URL)
	for _, x := range []struct {
		name   string
		labels []string
		least  float64
	}{
		{"attesta_build_info", []string{"version", "test"}, 1},
		{"attesta_ready", nil, 1},
		{"attesta_health_check", []string{"check", "database.answers", "outcome", "pass"}, 1},
		{"attesta_health_check", []string{"check", "backup.age", "outcome", "fail"}, 1},
		{"attesta_ledger_entries", nil, 10},
		{"attesta_ledger_waiting_entries", nil, 0},
		{"attesta_ledger_publish_failing", nil, 0},
		{"attesta_hosts", []string{"state", "heard"}, 1},
		{"attesta_findings", []string{"state", "open"}, 0},
		{"attesta_disk_free_bytes", nil, 1 << 20},
		{"attesta_disk_size_bytes", nil, 1 << 20},
		{"attesta_job_last_run_timestamp_seconds", []string{"job", "hosts that fell silent"}, 1.7e9},
		{"attesta_job_failures_in_a_row", []string{"job", "hosts that fell silent"}, 0},
		{"attesta_job_waiting", nil, 0},
		{"attesta_http_request_duration_seconds", []string{"surface", "screens", "code", "200"}, 1},
		{"attesta_ingest_batches_total", []string{"kind", "facts"}, 1},
		{"attesta_metrics_read_errors_total", nil, 0},
		{"go_goroutines", nil, 1},
		{"process_resident_memory_bytes", nil, 1},
	} {
		if got := valueOf(t, all, x.name, x.labels...); got < x.least {
			t.Errorf("%s%v is %v, less than %v", x.name, x.labels, got, x.least)
		}
	}
	if all["attesta_backup_last_timestamp_seconds"] != nil {
		t.Error("a time of a backup that was never made")
	}
	// whom a proxy, or a page of another site, sends gets nothing
	for name, change := range map[string]func(*http.Request){
		"forwarded":    func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.7") },
		"foreign host": func(r *http.Request) { r.Host = "rebound.example.org" },
		"bad token":    func(r *http.Request) { r.Header.Set("Authorization", "Bearer atta_nonsense") },
		"basic":        func(r *http.Request) { r.Header.Set("Authorization", "Basic eDp5") },
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.ready.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusUnauthorized || strings.Contains(string(body), "attesta_") {
			t.Errorf("%s: %d %.200s %v", name, resp.StatusCode, body, err)
		}
	}
}

// Behind a proxy every request comes from this machine: only tokens count, and
// of those the ones whose role may see Health.
func TestMetricsByToken(t *testing.T) {
	a := newPrograms(t)
	p := a.p
	p.health = health.NewMonitor(p.clock, "test", []health.Check{{Name: "x", Run: func(context.Context) health.Result { return health.Pass("well") }}})
	m := metrics.New(metrics.Config{Access: p.access, Ledger: p.log, DB: p.db, Jobs: p.jobs, Hosts: p.hosts, Findings: p.findings, Health: p.health, Dir: string(p.dir),
		PublicURL: "https://attesta.example.org", Version: "test", Logger: slog.New(slog.DiscardHandler)})
	ask := func(token string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/metrics", nil)
		r.RemoteAddr = "127.0.0.1:1234"
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, r)
		return w.Code
	}
	if got := ask(""); got != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got)
	}
	for _, role := range access.Roles() {
		want := http.StatusForbidden
		if access.May(role, access.HealthRead) {
			want = http.StatusOK
		}
		token, ok := a.tokens[role]
		if !ok {
			continue
		}
		if got := ask(token); got != want {
			t.Errorf("a token of a %s: %d, not %d", role, got, want)
		}
	}
}

// Nothing secret is in the log, whatever is done: a link, a password, a session,
// a token, an enrolment, the keys of a backup.
func TestLogHoldsNoSecrets(t *testing.T) {
	h := &stand{}
	h.set(0o644)
	in := begin(t, local(t.TempDir()), Options{Embedded: true, Inventory: h.inventory})
	v := in.login()
	v.wait("/hosts", "1 host")
	const canary = "canary-7f3a-please-never-log-me"
	secrets := []string{canary, "four plain words here", in.ready.Link[strings.LastIndex(in.ready.Link, "/")+1:]}
	for _, c := range v.c.Jar.Cookies(mustParse(t, in.ready.URL)) {
		if len(c.Value) > 12 {
			secrets = append(secrets, c.Value)
		}
	}
	control, err := DataDir(in.cfg.Data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, control.Token)
	try := func(method, path, body string, headers ...string) {
		req, err := http.NewRequestWithContext(t.Context(), method, in.ready.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := v.c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	try("POST", "/login", "login=admin&password="+canary, form...)
	try("POST", "/login", "login="+canary+"&password=x", form...)
	try("GET", "/link/"+canary, "")
	try("POST", "/account/password", "old="+canary+"&new="+canary, form...)
	try("GET", "/api/v1/findings", "", "Authorization", "Bearer atta_"+canary)
	try("GET", "/metrics", "", "Authorization", "Bearer atta_"+canary)
	try("POST", "/-/doctor", "{}", "Authorization", "Bearer "+canary)
	try("GET", "/settings/health?q="+canary, "", "Cookie", "attesta="+canary)
	if _, err := program(t, BackupCommand("test"), t.TempDir(), "--data", in.cfg.Data); err != nil {
		t.Fatal(err)
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	logged := in.logs.String()
	if !strings.Contains(logged, "a backup was made") {
		t.Fatalf("the log is not what was looked at:\n%s", logged)
	}
	for _, s := range secrets {
		if strings.Contains(logged, s) {
			t.Errorf("the log holds %q", s)
		}
	}
	if len(secrets) < 5 {
		t.Errorf("only %d secrets were looked for: no cookie was among them", len(secrets))
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
