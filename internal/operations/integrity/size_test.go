package integrity_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// size gives a number of the environment, or what stands for it.
func size(name string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return standard
}

// onBoth runs a benchmark on each engine. BENCH_KEEP_SQLITE and BENCH_KEEP_POSTGRES
// name databases that are filled once and kept.
func onBoth(b *testing.B, f func(b *testing.B, db *database.DB)) {
	open := func(kept string, fresh func(testing.TB) *database.DB) func(b *testing.B) {
		return func(b *testing.B) {
			location := os.Getenv(kept)
			if location == "" {
				f(b, fresh(b))
				return
			}
			db, err := database.Open(b.Context(), location, database.ReadWrite)
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			f(b, db)
		}
	}
	b.Run("sqlite", open("BENCH_KEEP_SQLITE", databasetest.SQLite))
	b.Run("postgres", open("BENCH_KEEP_POSTGRES", databasetest.Postgres))
}

// past is a history of changes: how many hosts, groups and changes, and until when.
type past struct {
	hosts, groups, changes int
	until                  time.Time
	db                     *database.DB
	t                      testing.TB
	postgres               bool
}

const historyDays = 90

// rows inserts rows, some hundred a statement.
func (p *past) rows(table string, columns []string, n int, row func(i int) []any) {
	p.t.Helper()
	at := max(1, 500/len(columns)) // more parameters take the engine longer to tell apart
	for from := 0; from < n; {
		err := p.db.Tx(p.t.Context(), func(tx *sql.Tx) error {
			for end := min(from+400*at, n); from < end; {
				var sql strings.Builder
				var args []any
				sql.WriteString("INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ")
				for i := from; i < min(from+at, n); i++ {
					if i > from {
						sql.WriteString(", ")
					}
					for k, v := range row(i) {
						args = append(args, v)
						sql.WriteString(map[bool]string{true: "(", false: ", "}[k == 0] + "$" + strconv.Itoa(len(args)))
					}
					sql.WriteString(")")
				}
				if _, err := tx.ExecContext(p.t.Context(), sql.String(), args...); err != nil {
					return err
				}
				from = min(from+at, n)
			}
			return nil
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// unindexed takes away the indexes of the big tables while they are filled, and gives
// what makes them again.
func (p *past) unindexed() (again func()) {
	p.t.Helper()
	query := `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('integrity_change', 'integrity_group')`
	if p.postgres {
		query = `SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('integrity_change', 'integrity_group') AND indexdef NOT LIKE 'CREATE UNIQUE%'`
	} else {
		p.exec(`PRAGMA cache_size = -400000`)
	}
	rows, err := p.db.Reader().QueryContext(p.t.Context(), query)
	if err != nil {
		p.t.Fatal(err)
	}
	var makes []string
	var drops []string
	for rows.Next() {
		var name, sql string
		if err := rows.Scan(&name, &sql); err != nil {
			p.t.Fatal(err)
		}
		makes, drops = append(makes, sql), append(drops, `DROP INDEX `+name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		p.t.Fatal(err)
	}
	for _, sql := range drops {
		p.exec(sql)
	}
	return func() {
		p.t.Helper()
		for _, sql := range makes {
			p.exec(sql)
		}
		if p.postgres {
			p.exec(`ANALYZE`) // as its autovacuum does
		} else {
			p.exec(`PRAGMA cache_size = -16000`)
		}
	}
}

func (p *past) exec(sql string, args ...any) {
	p.t.Helper()
	if _, err := p.db.Writer().ExecContext(p.t.Context(), sql, args...); err != nil {
		p.t.Fatal(err)
	}
}

// group is one of the history, before it has a number.
type group struct {
	host                                                 int
	kind                                                 verdict.Kind
	state                                                integrity.State
	at                                                   time.Time
	n, exceeded                                          int
	fleet, token, ticket, pkg, version, login, who, what string
}

// fill makes the history: 60 % updates by package, half of them of every host and half
// of some, 15 % changes with a ticket on 20 hosts each, 10 % runs of configuration
// management on 100 hosts each, 2 % taken back, and the rest explained, undone or open.
// A database that has one already is left as it is.
func (p *past) fill() {
	p.t.Helper()
	var have int
	if err := p.db.Reader().QueryRowContext(p.t.Context(), `SELECT COUNT(*) FROM integrity_host`).Scan(&have); err != nil {
		p.t.Fatal(err)
	}
	if have > 0 {
		return
	}
	defer p.unindexed()()
	r := rand.New(rand.NewPCG(3, 4))
	began := p.until.AddDate(0, 0, -historyDays)
	moment := func() time.Time { return began.Add(time.Duration(r.Int64N(int64(p.until.Sub(began))))) }
	var all []group
	spread := func(share float64, hosts int, make func() group) {
		for left := int(share * float64(p.groups)); left > 0; left -= hosts {
			g, first := make(), r.IntN(p.hosts)
			for i := range min(hosts, left) {
				x := g
				x.host, x.at, x.n = (first+i)%p.hosts, g.at.Add(time.Duration(r.IntN(3600))*time.Second), 1+r.IntN(19)
				if x.at.After(p.until) {
					x.at = p.until
				}
				all = append(all, x)
			}
		}
	}
	number := 0
	update := func() group {
		number++
		g := group{kind: verdict.ByPackage, state: integrity.Settled, at: moment(), pkg: fmt.Sprintf("lib%d", number%200), version: fmt.Sprintf("1.%d", number), login: "root", what: "/usr/bin/dpkg"}
		g.fleet = integrity.FleetOf("dpkg", g.pkg, g.version, g.at)
		return g
	}
	token := func(kind verdict.Kind, ticket string) func() group {
		return func() group {
			number++
			g := group{kind: kind, state: integrity.Settled, at: moment(), token: fmt.Sprintf("ctk_%d", number), ticket: fmt.Sprintf(ticket, number), login: fmt.Sprintf("admin%d", number%40), what: "/usr/bin/vim", who: fmt.Sprintf("usr_%d", number%40)}
			g.fleet = integrity.FleetOf(string(kind), g.token, "", time.Time{})
			return g
		}
	}
	spread(0.3, p.hosts, update)
	spread(0.3, max(1, p.hosts/60), update)
	spread(0.15, 20, token(verdict.ByTicket, "CH-%d"))
	spread(0.1, 100, token(verdict.ByManagement, "ansible run %d"))
	spread(0.02, 1, func() group {
		return group{kind: verdict.Reverts, state: integrity.Settled, at: moment(), login: fmt.Sprintf("admin%d", r.IntN(40)), what: "/usr/bin/cp"}
	})
	for left := p.groups - len(all); left > 0; left-- {
		g := group{host: r.IntN(p.hosts), kind: verdict.Unexplained, state: integrity.Explained, at: moment(), n: 1 + r.IntN(19), login: fmt.Sprintf("admin%d", r.IntN(200)), what: fmt.Sprintf("/opt/tool%d/bin/edit", r.IntN(30))}
		switch r.IntN(13) {
		case 0:
			g.state = integrity.Open
		case 1, 2:
			g.state = integrity.Undone
		}
		if r.IntN(200) == 0 {
			g.exceeded = 1
		}
		if r.IntN(2) == 0 {
			g.who = "usr_" + strings.TrimPrefix(g.login, "admin")
		}
		all = append(all, g)
	}
	slices.SortStableFunc(all, func(a, b group) int { return a.at.Compare(b.at) })
	opened := map[int]int{}
	total := 0
	for i := range all {
		all[i].n = max(1, all[i].n*p.changes/p.groups/10)
		total += all[i].n
		if all[i].state == integrity.Open {
			opened[all[i].host]++
		}
	}
	source := func(host int) string { return fmt.Sprintf("src_%05d", host) }
	kinds := []string{"web", "app", "db", "cache", "queue"}
	p.rows("integrity_host", []string{"source", "host_id", "name", "joined_at", "last_at", "watching", "silent_at", "gone", "baseline", "opened", "changes", "said"}, p.hosts, func(i int) []any {
		watching := `{"mode":"fanotify","roots":["/etc","/usr","/opt","/var/www"],"baseline":{"root":"` + strings.Repeat("a", 64) + `","entries":212345},"own":{"program":"/usr/bin/attesta-agent"}}`
		if i%50 == 0 {
			watching = strings.Replace(watching, "fanotify", "polling", 1)
		}
		baseline := fmt.Sprintf(`{"approval":"bas_%d","root":"%s","entries":212345,"approved_by":"usr_%d","approved_at":"2026-02-01T00:00:00Z","accepted_at":"2026-02-01T00:01:00Z"}`, i, strings.Repeat("a", 64), i%40)
		if i%10 == 0 {
			baseline = ""
		}
		silent := int64(0)
		if i%100 == 0 {
			silent = p.until.Add(-time.Hour).UnixMicro()
		}
		return []any{source(i), fmt.Sprintf("hst_%05d", i), fmt.Sprintf("%s-%04d", kinds[i%len(kinds)], i), began.UnixMicro(), p.until.UnixMicro(), watching, silent, 0, baseline, opened[i], 200, "x"}
	})
	p.rows("integrity_batch", []string{"no", "source", "received_at", "changes", "digest", "entry_id"}, len(all), func(i int) []any {
		return []any{i + 1, source(all[i].host), all[i].at.UnixMicro(), all[i].n, strings.Repeat("d", 64), fmt.Sprintf("evt_%d", i)}
	})
	pathOf := func(i, seq int) string {
		g := &all[i]
		switch {
		case g.pkg != "" && seq%3 == 0:
			return fmt.Sprintf("/usr/share/doc/%s/file%d", g.pkg, seq)
		case g.pkg != "":
			return fmt.Sprintf("/usr/lib/x86_64-linux-gnu/%s/module%d.so", g.pkg, seq)
		case g.kind == verdict.ByManagement:
			return fmt.Sprintf("/etc/app%d/conf.d/part%d.conf", i%50, seq)
		}
		return fmt.Sprintf("/%s/dir%d/file%d", []string{"etc", "opt", "var/www"}[i%3], i%500, seq)
	}
	p.rows("integrity_group", []string{"no", "source", "cause", "verdict", "state", "exceeded", "reason", "evidence", "first_at", "last_at", "known_at", "n", "undone", "n_system", "n_config", "n_content", "login", "usr", "program", "person",
		"token", "ticket", "manager", "package", "version", "packages", "origin", "command", "asked_by", "fleet", "paths", "decided", "decided_at", "entry_id"}, len(all), func(i int) []any {
		g := &all[i]
		paths := []string{}
		class := [3]int{}
		for seq := 1; seq <= g.n; seq++ {
			path := pathOf(i, seq)
			if len(paths) < 5 {
				paths = append(paths, path)
			}
			class[slices.Index(verdict.Classes(), verdict.ClassOf(path))]++
		}
		manager, packages, decided := "", 0, ""
		if g.pkg != "" {
			manager, packages = "dpkg", 1
		}
		if g.state == integrity.Explained {
			decided = "usr_1"
		}
		us := g.at.UnixMicro()
		return []any{i + 1, source(g.host), fmt.Sprintf("cause-%d", i), string(g.kind), string(g.state), g.exceeded, "it is as the evidence says, in a sentence of about this length", `{"who":"usr_1"}`, us - 1000, us, us, g.n, 0, class[0], class[1], class[2], g.login, "root", g.what, g.who,
			g.token, g.ticket, manager, g.pkg, g.version, packages, "Debian:12/main", "apt-get upgrade", "", g.fleet, `["` + strings.Join(paths, `","`) + `"]`, decided, 0, ""}
	})
	of := make([][2]int, 0, total)
	for i := range all {
		for seq := 1; seq <= all[i].n; seq++ {
			of = append(of, [2]int{i, seq})
		}
	}
	p.rows("integrity_change", []string{"group_no", "seq", "source", "id", "at", "path", "place", "change", "class", "undone_at", "undone_by", "body_seq", "batch"}, len(of), func(k int) []any {
		i, seq := of[k][0], of[k][1]
		path := pathOf(i, seq)
		return []any{i + 1, seq, source(all[i].host), fmt.Sprintf("c%d-%d", i, seq), all[i].at.UnixMicro() - int64(seq), path, integrity.HexPlace(path), "changed", string(verdict.ClassOf(path)), 0, 0, (seq-1)/100*100 + 1, i + 1}
	})
	item := `{"id":"c1","path":"/etc/app/conf.d/part.conf","change":"changed","type":"file","found":"event","time":"2026-03-01T00:00:00Z","attributes":["sha256","mtime"],"before":{"sha256":"` + strings.Repeat("a", 64) + `"},"after":{"sha256":"` + strings.Repeat("b", 64) + `"},"who":{"user":"root","login_user":"ann","exe":"/usr/bin/vim"}}`
	bodies := map[int][]byte{}
	var parts [][3]int
	for i := range all {
		for first := 1; first <= all[i].n; first += 100 {
			parts = append(parts, [3]int{i + 1, first, min(100, all[i].n-first+1)})
		}
	}
	p.rows("integrity_body", []string{"group_no", "seq", "body"}, len(parts), func(i int) []any {
		n := parts[i][2]
		if bodies[n] == nil {
			var err error
			if bodies[n], err = integrity.Told(item, verdict.Verdict{Kind: verdict.Unexplained, Reason: "nothing accounts for it"}, n); err != nil {
				p.t.Fatal(err)
			}
		}
		return []any{parts[i][0], parts[i][1], bodies[n]}
	})
	var packaged []int
	for i := range all {
		if all[i].pkg != "" {
			packaged = append(packaged, i)
		}
	}
	p.rows("integrity_group_package", []string{"group_no", "name", "version", "n"}, len(packaged), func(k int) []any {
		g := &all[packaged[k]]
		return []any{packaged[k] + 1, g.pkg, g.version, g.n}
	})
	p.exec(`UPDATE integrity_counter SET value = $1 WHERE name IN ('group', 'batch')`, len(all))
	p.t.Logf("%d hosts, %d groups, %d changes over %d days", p.hosts, len(all), len(of), historyDays)
}

// asked is what a screen asks for: its first page, its next ones, what it counts.
type asked struct {
	name string
	page func(ctx context.Context, after string) (next string, err error)
}

// BenchmarkScreens is what the screens of changed files ask of a history of 90 days:
// each list with each filter, page after page, the counts at the top, and a file of
// everything. The other side of times_scan is reading the table of groups once, in the
// same run. BENCH_HOSTS, BENCH_GROUPS and BENCH_FILE_CHANGES say how much there is.
func BenchmarkScreens(b *testing.B) {
	onBoth(b, func(b *testing.B, db *database.DB) {
		p := &past{hosts: size("BENCH_HOSTS", 1000), until: monday, db: db, t: b, postgres: strings.Contains(b.Name(), "postgres")}
		p.groups = size("BENCH_GROUPS", 20*p.hosts)
		p.changes = size("BENCH_FILE_CHANGES", 10*p.groups)
		w := &world{t: b, ctx: b.Context(), db: db, eve: access.Principal{UserID: "usr_eve", Role: access.Viewer, SessionID: "ses_x"}}
		w.Service = integrity.New(integrity.Config{DB: db, Ledger: new(ledger.Log), Clock: clock.NewManual(monday).Now}) // nothing is recorded
		p.fill()
		list := func(f integrity.Filter) func(context.Context, string) (string, error) {
			return func(ctx context.Context, after string) (string, error) {
				f.After = after
				_, next, _, err := w.Lines(ctx, w.eve, f)
				return next, err
			}
		}
		changes := func(f integrity.Filter) func(context.Context, string) (string, error) {
			return func(ctx context.Context, after string) (string, error) {
				f.After = after
				_, next, _, err := w.Changes(ctx, w.eve, "", f)
				return next, err
			}
		}
		hosts := func(f integrity.HostFilter) func(context.Context, string) (string, error) {
			return func(ctx context.Context, after string) (string, error) {
				f.After = after
				_, next, _, err := w.Hosts(ctx, w.eve, f)
				return next, err
			}
		}
		once := func(f func(ctx context.Context) error) func(context.Context, string) (string, error) {
			return func(ctx context.Context, _ string) (string, error) { return "", f(ctx) }
		}
		scan := func() time.Duration {
			began := time.Now()
			rows, err := db.Reader().QueryContext(b.Context(), `SELECT no, paths FROM integrity_group ORDER BY no`)
			w.must(err)
			defer rows.Close()
			for rows.Next() {
				var no int64
				var paths string
				w.must(rows.Scan(&no, &paths))
			}
			w.must(rows.Err())
			return time.Since(began)
		}
		raw := min(scan(), scan())
		for _, a := range []asked{
			{"list", list(integrity.Filter{})},
			{"list-unexplained", list(integrity.Filter{Verdict: verdict.Unexplained})}, {"list-package", list(integrity.Filter{Verdict: verdict.ByPackage})}, {"list-ticket", list(integrity.Filter{Verdict: verdict.ByTicket})}, {"list-reverts", list(integrity.Filter{Verdict: verdict.Reverts})},
			{"list-open", list(integrity.Filter{State: integrity.Open})}, {"list-undone", list(integrity.Filter{State: integrity.Undone})}, {"list-explained", list(integrity.Filter{State: integrity.Explained})}, {"list-exceeded", list(integrity.Filter{Exceeded: true})},
			{"list-class-content", list(integrity.Filter{Class: verdict.Content})}, {"list-class-system", list(integrity.Filter{Class: verdict.System})},
			{"list-host-part", list(integrity.Filter{Host: "web-01"})}, {"list-host-many", list(integrity.Filter{Host: "web"})}, {"list-host-none", list(integrity.Filter{Host: "nothing"})}, {"list-host-many-open", list(integrity.Filter{Host: "db-", State: integrity.Open})},
			{"list-path-file", list(integrity.Filter{Path: "/etc/app7/conf.d/part3.conf"})}, {"list-path-tree", list(integrity.Filter{Path: "/etc"})}, {"list-path-usr", list(integrity.Filter{Path: "/usr"})}, {"list-path-none", list(integrity.Filter{Path: "/srv"})}, {"list-path-part", list(integrity.Filter{Path: "part3.conf"})}, {"list-path-part-none", list(integrity.Filter{Path: "nothing.conf"})},
			{"list-path-tree-unexplained", list(integrity.Filter{Path: "/etc", Verdict: verdict.Unexplained})},
			{"list-package-name", list(integrity.Filter{Package: "lib7"})}, {"list-login", list(integrity.Filter{Login: "admin7"})}, {"list-person", list(integrity.Filter{Person: "usr_7"})}, {"list-person-none", list(integrity.Filter{Person: "usr_none"})},
			{"list-program", list(integrity.Filter{Program: "/opt/tool7/bin/edit"})}, {"list-program-part", list(integrity.Filter{Program: "cp"})}, {"list-ticket-one", list(integrity.Filter{Ticket: "CH-" + strconv.Itoa(p.hosts/10)})}, {"list-days", list(integrity.Filter{From: monday.AddDate(0, 0, -7), To: monday.AddDate(0, 0, -6)})},
			{"counts", once(func(ctx context.Context) error {
				if _, err := w.Summary(ctx, w.eve, 90); err != nil {
					return err
				}
				_, err := w.Standing(ctx, w.eve)
				return err
			})},
			{"updates", once(func(ctx context.Context) error { _, err := w.Updates(ctx, w.eve, integrity.Filter{}); return err })},
			{"changes", changes(integrity.Filter{})}, {"changes-unexplained", changes(integrity.Filter{Verdict: verdict.Unexplained})}, {"changes-reverts", changes(integrity.Filter{Verdict: verdict.Reverts})}, {"changes-class", changes(integrity.Filter{Class: verdict.Content})},
			{"changes-path-tree", changes(integrity.Filter{Path: "/etc"})}, {"changes-path-file", changes(integrity.Filter{Path: "/etc/app7/conf.d/part3.conf"})}, {"changes-host-many", changes(integrity.Filter{Host: "web"})}, {"changes-login", changes(integrity.Filter{Login: "admin7"})},
			{"history", list(integrity.Filter{Host: "src_00007"})}, {"history-changes", changes(integrity.Filter{Host: "src_00007"})},
			{"baselines", hosts(integrity.HostFilter{})}, {"baselines-unapproved", hosts(integrity.HostFilter{Only: "unapproved"})}, {"baselines-open", hosts(integrity.HostFilter{Only: "open"})}, {"baselines-part", hosts(integrity.HostFilter{Query: "web-01"})},
			{"group", once(func(ctx context.Context) error {
				_, err := w.Group(ctx, w.eve, integrity.RefOf(int64(p.groups/2)))
				return err
			})},
		} {
			b.Run(a.name, func(b *testing.B) {
				var took []time.Duration
				after := ""
				for n := 0; b.Loop(); n++ {
					began := time.Now()
					next, err := a.page(b.Context(), after)
					if err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(began))
					if after = next; n%4 == 3 { // the first page once in four
						after = ""
					}
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50_ms")
				b.ReportMetric(float64(took[min(len(took)*95/100, len(took)-1)].Microseconds())/1000, "p95_ms")
				b.ReportMetric(float64(took[len(took)/2])/float64(raw), "times_scan")
				b.ReportMetric(0, "ns/op")
			})
		}
		b.Run("file", func(b *testing.B) {
			for b.Loop() {
				n, after := 0, ""
				for {
					f := integrity.Filter{After: after, Limit: 500}
					groups, next, _, err := w.List(b.Context(), w.eve, f)
					if err != nil {
						b.Fatal(err)
					}
					if n, after = n+len(groups), next; next == "" {
						break
					}
				}
				if n < p.groups {
					b.Fatalf("%d of %d groups", n, p.groups)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(raw), "times_scan")
		})
	})
}
