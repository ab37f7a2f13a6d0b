// Package metrics gives the figures of a running server in the exposition
// format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats).
//
// Invariants:
//   - few names, each with its unit; a label has few values and never a name of
//     a host, a person or a secret
//   - what cannot be read is left out and counted as an error, never given as 0
//   - strangers get nothing: a token whose role may health.read, or a program of
//     this machine while the screens are for this machine alone
//
// Serves mission D2; criteria A1.1 and CC7.2 rest on it.
//
// Floor: edges.
package metrics

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/host"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is all that metrics depend on; every field is required.
type Config struct {
	Access    *access.Service
	Ledger    *ledger.Log
	DB        *database.DB
	Jobs      *jobs.Runner
	Hosts     *host.Service
	Findings  *finding.Service
	Health    *health.Monitor
	Dir       string // whose file system is measured
	PublicURL string
	Version   string
	Logger    *slog.Logger
}

// Metrics counts and measures.
type Metrics struct {
	cfg      Config
	open     bool // to programs of this machine
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	batches  *prometheus.CounterVec
	items    prometheus.Counter
	failed   prometheus.Counter
	scrape   sync.Mutex
}

// New makes the metrics of one server.
func New(cfg Config) *Metrics {
	m := &Metrics{cfg: cfg, open: local(cfg.PublicURL), registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "attesta_http_request_duration_seconds", Help: "How long requests took, by surface (screens, api), method and status.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10}}, []string{"surface", "method", "code"}),
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "attesta_ingest_batches_total", Help: "Batches that were acknowledged, by kind."}, []string{"kind"}),
		items:   prometheus.NewCounter(prometheus.CounterOpts{Name: "attesta_ingest_items_total", Help: "Items in acknowledged batches."}),
		failed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "attesta_metrics_read_errors_total", Help: "Figures that could not be read when they were asked for, and were left out."}),
	}
	m.registry.MustRegister(m.requests, m.batches, m.items, m.failed, figures{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// local reports whether an address can only be opened on this machine. Behind a
// proxy every request comes from this machine, so that says nothing then.
func local(public string) bool {
	u, err := url.Parse(public)
	return err == nil && u.Scheme == "http" && isLoopback(u.Hostname())
}

func isLoopback(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// Batch counts an acknowledged batch.
func (m *Metrics) Batch(kind string, items int) {
	if kind != "facts" && kind != "heartbeat" {
		kind = "other"
	}
	m.batches.WithLabelValues(kind).Inc()
	m.items.Add(float64(items))
}

// Measure counts the requests of a surface and how long they took. Streams of
// events stay open by design and are left out.
func (m *Metrics) Measure(surface string, next http.Handler) http.Handler {
	measured := promhttp.InstrumentHandlerDuration(m.requests.MustCurryWith(prometheus.Labels{"surface": surface}), next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			next.ServeHTTP(w, r)
			return
		}
		measured.ServeHTTP(w, r)
	})
}

// Handler answers GET /metrics.
func (m *Metrics) Handler() http.Handler {
	figures := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: 2, Timeout: 20 * time.Second})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err := m.may(r); err != nil {
			if fault.Is(err, fault.Unauthenticated) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="Attesta"`)
			}
			message, _ := fault.Public(err)
			http.Error(w, message, fault.HTTPStatus(err))
			return
		}
		figures.ServeHTTP(w, r)
	})
}

// may lets in a token that may health.read, and without one whoever asks from
// this machine for this machine, unless a proxy handed the request on.
func (m *Metrics) may(r *http.Request) error {
	if given := r.Header.Get("Authorization"); given != "" {
		scheme, token, ok := strings.Cut(given, " ")
		if !ok || !strings.EqualFold(scheme, "Bearer") {
			return fault.New(fault.Unauthenticated, "this needs a token: Authorization: Bearer atta_…")
		}
		who, err := m.cfg.Access.Token(r.Context(), token)
		if err != nil {
			return err
		}
		return access.Authorise(who, access.HealthRead)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	asked := r.Host
	if name, _, err := net.SplitHostPort(r.Host); err == nil {
		asked = name
	}
	handed := false
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		handed = handed || r.Header.Get(name) != ""
	}
	if !m.open || err != nil || !isLoopback(host) || !isLoopback(strings.Trim(asked, "[]")) || handed {
		return fault.New(fault.Unauthenticated, "this needs a token: Authorization: Bearer atta_…")
	}
	return nil
}

// figures reads what is known elsewhere when it is asked for.
type figures struct{ m *Metrics }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("attesta_"+name, help, labels, nil)
}

var (
	buildInfo      = desc("build_info", "Always 1; the version of the program and of Go.", "version", "go_version")
	ready          = desc("ready", "1 while /readyz answers 200.")
	check          = desc("health_check", "1 for the outcome that a named check has now.", "check", "outcome")
	ledgerEntries  = desc("ledger_entries", "Entries that the last checkpoint covers.")
	ledgerWaiting  = desc("ledger_waiting_entries", "Committed entries that no checkpoint covers yet.")
	ledgerFails    = desc("ledger_publish_failing", "1 while the ledger cannot publish.")
	hosts          = desc("hosts", "Hosts by state.", "state")
	findings       = desc("findings", "Findings that are not closed, by state.", "state")
	overdue        = desc("findings_overdue", "Findings past their due time.")
	backupAt       = desc("backup_last_timestamp_seconds", "When the last backup was made; missing while there is none.")
	diskFree       = desc("disk_free_bytes", "Free space in the file system of the data directory.")
	diskSize       = desc("disk_size_bytes", "Size of the file system of the data directory.")
	jobLast        = desc("job_last_run_timestamp_seconds", "When the last run of a job that ended began.", "job")
	jobTook        = desc("job_last_run_duration_seconds", "How long that run took.", "job")
	jobFailures    = desc("job_failures_in_a_row", "How often a job failed since it last went well.", "job")
	jobWaiting     = desc("job_waiting", "Queued jobs that have not begun.", "job")
	allDescription = []*prometheus.Desc{buildInfo, ready, check, ledgerEntries, ledgerWaiting, ledgerFails, hosts, findings, overdue, backupAt, diskFree, diskSize, jobLast, jobTook, jobFailures, jobWaiting}
)

// Describe implements prometheus.Collector.
func (f figures) Describe(to chan<- *prometheus.Desc) {
	for _, d := range allDescription {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (f figures) Collect(to chan<- prometheus.Metric) {
	m := f.m
	m.scrape.Lock()
	defer m.scrape.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(buildInfo, 1, m.cfg.Version, runtime.Version())
	for what, read := range map[string]func(context.Context, func(*prometheus.Desc, float64, ...string)) error{
		"health": m.health, "ledger": m.ledger, "hosts": m.hosts, "findings": m.findings, "backup": m.backup, "disk": m.disk, "jobs": m.jobs,
	} {
		if err := read(ctx, gauge); err != nil {
			m.failed.Inc()
			m.cfg.Logger.Warn("a figure could not be read", "figure", what, "error", err)
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (m *Metrics) health(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	report, err := m.cfg.Health.Report(ctx, access.System())
	if err != nil {
		return err
	}
	for _, l := range report.Lines {
		gauge(check, 1, l.Name, string(l.Outcome))
	}
	gauge(ready, truth(len(m.cfg.Health.Unready(ctx)) == 0))
	return nil
}

func (m *Metrics) ledger(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	st, err := m.cfg.Ledger.Status(ctx)
	if err != nil {
		return err
	}
	gauge(ledgerEntries, float64(st.Size))
	gauge(ledgerWaiting, float64(st.Waiting))
	gauge(ledgerFails, truth(st.Err != nil))
	return nil
}

func (m *Metrics) hosts(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	for _, state := range []host.State{host.Heard, host.IsSilent} {
		_, _, n, err := m.cfg.Hosts.List(ctx, host.Filter{State: state}, "", 1)
		if err != nil {
			return err
		}
		gauge(hosts, float64(n), string(state))
	}
	return nil
}

func (m *Metrics) findings(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	states := []finding.State{finding.Open, finding.Acknowledged, finding.Waived, finding.Stale}
	sum, err := m.cfg.Findings.Summary(ctx, finding.Filter{States: states})
	if err != nil {
		return err
	}
	for _, s := range states {
		gauge(findings, float64(sum.States[s]), string(s))
	}
	gauge(overdue, float64(sum.Overdue))
	return nil
}

func (m *Metrics) backup(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	at, ok, err := ledger.Last(ctx, m.cfg.DB.Reader(), "backup.made")
	if err == nil && ok {
		gauge(backupAt, float64(at.UnixMicro())/1e6)
	}
	return err
}

func (m *Metrics) disk(_ context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(m.cfg.Dir, &st); err != nil {
		return err
	}
	gauge(diskFree, float64(st.Bavail)*float64(st.Bsize))
	gauge(diskSize, float64(st.Blocks)*float64(st.Bsize))
	return nil
}

func (m *Metrics) jobs(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	all, err := m.cfg.Jobs.List(ctx)
	if err != nil {
		return err
	}
	for _, j := range all {
		if !j.LastRun.IsZero() {
			gauge(jobLast, float64(j.LastRun.UnixMicro())/1e6, j.Name)
			gauge(jobTook, j.LastTook.Seconds(), j.Name)
		}
		gauge(jobFailures, float64(j.Failures), j.Name)
		gauge(jobWaiting, float64(j.Waiting), j.Name)
	}
	return nil
}
