// Command generate makes a data directory with the history of an organisation
// that does not exist, as `attesta up --data DIR` can open it.
//
//	go run ./scripts/generate --data DIR --hosts 12 --days 90 --seed 1
//
// A directory that holds the history of the same plan is left as it is: what
// takes minutes to make is made once.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/server"
	"github.com/attesta/attesta/internal/simulation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// made is what stands in generated.json beside the data.
type made struct {
	simulation.Plan
	Summary            simulation.Summary
	Outcomes, Findings int // it was made denser to; 0: it was not
}

func run(ctx context.Context) error {
	small := simulation.Small(time.Time{})
	data := flag.String("data", "", "directory to make; must be empty or hold the same plan")
	hosts := flag.Int("hosts", small.Hosts, "hosts")
	days := flag.Int("days", small.Days, "days up to the end")
	seed := flag.Uint64("seed", small.Seed, "the same seed tells the same story")
	end := flag.String("end", "", "last moment, RFC 3339; now where it is left out")
	drift := flag.Float64("drift", 0, "settings that drift on a host in a week; as the small history where it is 0")
	flap := flag.Float64("flap", 0, "short failures of a host's weak spot in a week; likewise")
	outcomes := flag.Int("outcomes", 0, "make the history denser until it has this many rows of outcomes; for measuring, its records do not verify then")
	findings := flag.Int("findings", 0, "and this many findings")
	flag.Parse()
	if *data == "" {
		return errors.New("name the directory to make with --data")
	}
	plan := simulation.Plan{Hosts: *hosts, Days: *days, Seed: *seed, End: clock.System()}
	plan.Drift, plan.Flap = *drift, *flap
	if *end != "" {
		at, err := time.Parse(time.RFC3339, *end)
		if err != nil {
			return fmt.Errorf("--end: %w", err)
		}
		plan.End = at
	}
	note := filepath.Join(*data, "generated.json")
	if raw, err := os.ReadFile(note); err == nil {
		var was made
		if err := json.Unmarshal(raw, &was); err != nil {
			return fmt.Errorf("%s: %w", note, err)
		}
		if was.Hosts == plan.Hosts && was.Days == plan.Days && was.Seed == plan.Seed && was.Drift == plan.Drift && (*end == "" || was.End.Equal(plan.End)) {
			fmt.Fprintf(os.Stderr, "%s holds this history already, up to %s\n", *data, was.End.Format(time.RFC3339))
			if was.Outcomes == *outcomes && was.Findings == *findings {
				return nil
			}
			if was.Outcomes > 0 {
				return fmt.Errorf("%s was made denser already, to %d outcomes and %d findings", *data, was.Outcomes, was.Findings)
			}
			return denser(ctx, *data, note, was, *outcomes, *findings)
		}
		return fmt.Errorf("%s holds another history (%d hosts, %d days, seed %d)", *data, was.Hosts, was.Days, was.Seed)
	}
	if list, err := os.ReadDir(*data); err == nil && len(list) > 0 {
		return fmt.Errorf("%s is not empty", *data)
	}
	sum, err := generate(ctx, server.DataDir(*data), plan)
	if err != nil {
		return err
	}
	m := made{Plan: plan, Summary: sum}
	if err := m.write(note); err != nil {
		return err
	}
	return denser(ctx, *data, note, m, *outcomes, *findings)
}

func (m made) write(note string) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(note, append(raw, '\n'), 0o600)
}

// denser adds outcomes and findings to a history, and folds it anew.
func denser(ctx context.Context, data, note string, m made, outcomes, findings int) (err error) {
	if outcomes == 0 {
		return nil
	}
	db, err := database.Open(ctx, server.DataDir(data).Database(), database.ReadWrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := densify(ctx, db, outcomes, findings); err != nil {
		return err
	}
	m.Outcomes, m.Findings = outcomes, findings
	return m.write(note)
}

func generate(ctx context.Context, dir server.DataDir, plan simulation.Plan) (sum simulation.Summary, err error) {
	for _, d := range []string{string(dir), dir.Keys()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return sum, err
		}
	}
	db, err := database.Open(ctx, dir.Database(), database.ReadWrite)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := clock.NewManual(plan.Start())
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: dir.Ledger(), KeyFile: filepath.Join(dir.Keys(), "ledger.key"), Clock: c.Now})
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	said := clock.System()
	_, sum, err = simulation.Run(ctx, simulation.Config{DB: db, Ledger: log, Clock: c, Plan: plan, Progress: func(day, days int, messages int64) {
		if now := clock.System(); now.Sub(said) > 5*time.Second || day == days {
			said = now
			fmt.Fprintf(os.Stderr, "day %d of %d, %d messages\n", day, days, messages)
		}
	}})
	if err == nil {
		fmt.Fprintf(os.Stderr, "%d messages, %d of them late, in %s\n", sum.Messages, sum.Late, sum.Took.Round(time.Second))
	}
	return sum, err
}
