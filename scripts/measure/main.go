// Command measure asks a data directory what its screens ask, and says how long
// the answers took: posture of all criteria at past dates, one check down to its
// items, and pages of the lists with several clients at once. Beside each stands
// what plain SQL over the raw rows takes in the same run.
//
//	go run ./scripts/measure --data DIR
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	data := flag.String("data", "", "data directory; no server works on it")
	rounds := flag.Int("rounds", 20, "how often each question is asked")
	clients := flag.Int("clients", 8, "how many read lists at once")
	grace := flag.Duration("grace", 7*24*time.Hour+time.Hour, "how long after its last message a source counts as heard")
	flag.Parse()
	if err := measure(ctx, *data, *rounds, *clients, *grace); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// times is how long the same question took, often.
type times []time.Duration

func (t times) at(share float64) time.Duration {
	s := slices.Sorted(slices.Values(t))
	return s[min(int(share*float64(len(s))), len(s)-1)]
}

func (t times) say(what string, raw time.Duration, rawWhat string) {
	line := fmt.Sprintf("%-44s median %8.1f ms   p95 %8.1f ms   of %d", what, ms(t.at(0.5)), ms(t.at(0.95)), len(t))
	if raw > 0 {
		line += fmt.Sprintf("   %s %.0f ms, %.0f times the median", rawWhat, ms(raw), float64(raw)/float64(t.at(0.5)))
	}
	fmt.Println(line)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func timed(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}

type services struct {
	db       *database.DB
	outcomes *outcome.Service
	findings *finding.Service
	hosts    *host.Service
	posture  *posture.Service
	from, to time.Time
}

func open(ctx context.Context, data string, grace time.Duration) (*services, error) {
	db, err := database.Open(ctx, server.DataDir(data).Database(), database.ReadWrite)
	if err != nil {
		return nil, err
	}
	s := &services{db: db}
	if s.from, s.to, err = span(ctx, db); err != nil {
		return nil, err
	}
	now := clock.NewManual(s.to.Add(time.Second)).Now
	log := new(ledger.Log) // nothing is recorded
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: now})
	if err != nil {
		return nil, err
	}
	s.outcomes = outcome.New(outcome.Config{DB: db, Ledger: log, Clock: now, Grace: grace})
	s.findings = finding.New(finding.Config{DB: db, Ledger: log, Clock: now})
	if s.hosts, err = host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: s.outcomes, Findings: s.findings, Clock: now}); err != nil {
		return nil, err
	}
	s.posture = posture.New(posture.Config{DB: db, Clock: now, Outcomes: s.outcomes, Standards: standards, Findings: s.findings})
	return s, nil
}

func measure(ctx context.Context, data string, rounds, clients int, grace time.Duration) error {
	s, err := open(ctx, data, grace)
	if err != nil {
		return err
	}
	defer s.db.Close()
	if err := sizes(ctx, s.db); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(7, 7))
	moment := func() time.Time { return s.from.Add(time.Duration(r.Int64N(int64(s.to.Sub(s.from))))) }

	took, err := timed(func() error { return s.posture.Keep(ctx, nil) })
	if err != nil {
		return err
	}
	fmt.Printf("%-44s %8.1f s, once; later only what is new\n", "statuses derived over the whole time", took.Seconds())
	raw, err := timed(func() error { _, err := s.outcomes.Scan(ctx, outcome.At{Valid: moment(), Known: -1}); return err })
	if err != nil {
		return err
	}
	const rows = "counting the rows"
	var now, then, weeks, drill times
	worst := ""
	for range rounds {
		at := moment()
		for _, q := range []struct {
			into *times
			ask  func() error
		}{
			{&now, func() error { _, err := s.posture.Criteria(ctx, posture.At{Valid: at, Known: -1}); return err }},
			{&then, func() error {
				size, err := s.posture.KnownThen(ctx, at)
				if err == nil {
					_, err = s.posture.Criteria(ctx, posture.At{Valid: at, Known: size})
				}
				return err
			}},
			{&weeks, func() error { _, err := s.posture.Weeks(ctx, s.to.AddDate(0, 0, -182), s.to); return err }},
		} {
			took, err := timed(q.ask)
			if err != nil {
				return err
			}
			*q.into = append(*q.into, took)
		}
		checks, err := s.posture.Checks(ctx, posture.At{Valid: at, Known: -1})
		if err != nil {
			return err
		}
		if len(checks) > 0 {
			worst = checks[r.IntN(min(len(checks), 5))].ID
			took, err := timed(func() error { _, err := s.posture.Check(ctx, worst, posture.At{Valid: at, Known: -1}); return err })
			if err != nil {
				return err
			}
			drill = append(drill, took)
		}
	}
	now.say("61 criteria at a past date, as known now", raw, rows)
	then.say("61 criteria at a past date, as known then", raw, rows)
	weeks.say("criteria by 26 weeks", raw, rows)
	drill.say("one check at a past date, with its items", raw, rows)
	return s.lists(ctx, rounds, clients)
}

// lists reads pages of fifty, each client from the first one on.
func (s *services) lists(ctx context.Context, rounds, clients int) error {
	hosts := func(f host.Filter, by host.Order) func(string) (string, error) {
		return func(after string) (string, error) {
			_, next, _, err := s.hosts.Sorted(ctx, f, by, after, 50)
			return next, err
		}
	}
	findings := func(f finding.Filter, by finding.Order) func(string) (string, error) {
		return func(after string) (string, error) {
			p, err := s.findings.List(ctx, f, by, after, 50)
			return p.Next, err
		}
	}
	open := []finding.State{finding.Open, finding.Acknowledged}
	for _, l := range []struct {
		what string
		page func(string) (string, error)
		raw  string
	}{
		{"hosts by name", hosts(host.Filter{}, host.ByName), "host"},
		{"hosts with failing checks, worst first", hosts(host.Filter{Result: host.Failing}, host.ByFailing), "host"},
		{"hosts whose name has web", hosts(host.Filter{Query: "web"}, host.ByName), "host"},
		{"findings that need a person", findings(finding.Filter{States: open}, finding.ByUrgency), "finding"},
		{"all findings by number", findings(finding.Filter{}, finding.ByNumber), "finding"},
		{"findings of one severity", findings(finding.Filter{Severities: []string{"high"}}, finding.ByDue), "finding"},
		{"counts of findings by state", func(string) (string, error) { _, err := s.findings.Summary(ctx, finding.Filter{}); return "", err }, "finding"},
	} {
		raw, err := timed(func() error { return readAll(ctx, s.db, l.raw) })
		if err != nil {
			return err
		}
		var all times
		var mu sync.Mutex
		var failed error
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				after := ""
				for range rounds {
					took, err := timed(func() (err error) { after, err = l.page(after); return err })
					mu.Lock()
					all = append(all, took)
					if err != nil {
						failed = err
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if failed != nil {
			return failed
		}
		all.say(fmt.Sprintf("%s, %d clients", l.what, clients), raw, "reading the table")
	}
	return nil
}
