package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/simulation"

	"github.com/spf13/cobra"
)

// A demonstration is known by the name of its ledger, which is in its key and in
// every checkpoint: nothing of it can be taken for the records of somebody.
const demoOrigin = "demo.attesta.invalid/" // RFC 2606: a name that never exists

// demoGrace is how long after its last message a host of the demonstration
// counts as heard: its heartbeats are six hours apart.
const demoGrace = 7 * time.Hour

func isDemo(origin string) bool { return strings.HasPrefix(origin, demoOrigin) }

// origin gives the name of the ledger in a data directory; "" when there is none.
func (d DataDir) origin() (string, error) {
	f, err := os.Open(filepath.Join(d.Ledger(), "checkpoint"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return strings.TrimSpace(line), nil
}

// DemoCommand is `attesta demo`.
func DemoCommand(version string) *cobra.Command {
	cfg := Defaults(cli.DefaultData() + "-demo")
	cfg.Listen, cfg.AgentListen = "localhost:7375", "localhost:0"
	plan := simulation.Plan{Hosts: 12, Days: 365, Seed: 1}
	cmd := &cobra.Command{Use: "demo", Short: "Show a year of an organisation that does not exist", Args: cobra.NoArgs,
		Long: `Make up an organisation with a year of history, in a data directory and a ledger
of its own, and start on it. The history goes through the same code that real
data takes. It is made once, in two or three minutes; the next call opens it as
it was left. Every screen says that it is a demonstration, and so does the name
of its ledger: nothing of it can be taken for evidence.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, err := newLogger(cmd.ErrOrStderr(), "warn")
			if err != nil {
				return err
			}
			dir := DataDir(cfg.Data)
			origin, err := dir.origin()
			if err != nil {
				return err
			}
			switch list, err := os.ReadDir(cfg.Data); {
			case isDemo(origin):
			case err == nil && len(list) > 0:
				return fault.New(fault.Conflict, "%s holds something that is no demonstration", cfg.Data).WithHint("name a directory that does not exist yet with --data")
			default:
				if err := makeDemo(cmd.Context(), dir, plan, version, cmd.ErrOrStderr()); err != nil {
					return err
				}
			}
			now, err := demoClock(cmd.Context(), dir)
			if err != nil {
				return err
			}
			err = Run(cmd.Context(), cfg, Options{Version: version, Logger: logger, Clock: now, Demo: true, AnyPort: !cmd.Flags().Changed("listen"),
				Ready: func(r Ready) { printReady(cmd.OutOrStdout(), r) }})
			if errors.Is(err, errHeld) {
				return findFirst(cmd.Context(), cmd.OutOrStdout(), cfg.Data)
			}
			return err
		}}
	f := cmd.Flags()
	f.StringVar(&cfg.Data, "data", cfg.Data, "directory of the demonstration")
	f.StringVar(&cfg.Listen, "listen", cfg.Listen, "address of the screens, HOST:PORT")
	f.StringVar(&cfg.PublicURL, "public-url", "", "address that people type, when it is not http://localhost:PORT")
	f.IntVar(&plan.Hosts, "hosts", plan.Hosts, "hosts of the organisation, when it is made")
	f.IntVar(&plan.Days, "days", plan.Days, "days of its history; with fewer than 300 it has hosts, a scope and evidence, and nothing else")
	f.Uint64Var(&plan.Seed, "seed", plan.Seed, "the same seed tells the same story")
	return cmd
}

// makeDemo makes the history beside the directory and puts it in its place when
// it is whole.
func makeDemo(ctx context.Context, dir DataDir, plan simulation.Plan, version string, say io.Writer) (err error) {
	plan.End = clock.System()
	making := DataDir(string(dir) + ".making")
	if err := os.RemoveAll(string(making)); err != nil { // of a call that was interrupted
		return fault.Wrap(fault.Unavailable, err, "what is left of an interrupted call in %s cannot be removed", making)
	}
	if err := making.create(); err != nil {
		return err
	}
	if err := simulate(ctx, making, plan, version, say); err != nil {
		return errors.Join(err, os.RemoveAll(string(making)))
	}
	if err := os.Remove(string(dir)); err != nil && !errors.Is(err, os.ErrNotExist) { // it is empty
		return fault.Wrap(fault.Unavailable, err, "%s cannot be replaced", dir)
	}
	if err := os.Rename(string(making), string(dir)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the history cannot be put in its place")
	}
	return nil
}

func simulate(ctx context.Context, dir DataDir, plan simulation.Plan, version string, say io.Writer) error {
	fmt.Fprintf(say, "Making up an organisation: %d hosts over %d days. This is done once.\n", plan.Hosts, plan.Days)
	said := clock.System()
	return simulation.Make(ctx, plan, simulation.Places{Database: dir.Database(), Ledger: dir.Ledger(), LedgerKey: filepath.Join(dir.Keys(), "ledger.key"), Key: filepath.Join(dir.Keys(), "sealed.key"),
		Evidence: dir.Evidence(), Blobs: dir.Blobs(), Sink: dir.Sink(), Data: string(dir)}, demoOrigin+strings.TrimPrefix(ids.New("demo", plan.End), "demo_"), version, func(day, days int, _ int64) {
		if now := clock.System(); now.Sub(said) > 5*time.Second {
			said = now
			fmt.Fprintf(say, "day %d of %d\n", day, days)
		}
	})
}

// demoClock gives a clock that goes on from where the history, or the last call,
// ended: in a demonstration today is its last day. An older version may have made it:
// opening it for good migrates it.
func demoClock(ctx context.Context, dir DataDir) (clock.Clock, error) {
	db, err := database.Open(ctx, dir.Database(), database.AsIs)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	last, err := ledger.LastTime(ctx, db.Reader())
	if err != nil {
		return nil, err
	}
	began := clock.System()
	return func() time.Time { return last.Add(clock.System().Sub(began)).Add(time.Second) }, nil
}

// demonstration refuses to open a demonstration as if it were real, and the
// other way round.
func (p *parts) demonstration(opt Options) error {
	if is := isDemo(p.log.Origin()); is && !opt.Demo {
		return fault.New(fault.Conflict, "%s holds a demonstration", p.dir).WithHint("open it with 'attesta demo --data %s', or name another data directory", p.dir)
	} else if !is && opt.Demo {
		return fault.New(fault.Conflict, "%s holds no demonstration", p.dir).WithHint("name a directory that does not exist yet with --data")
	}
	return nil
}
