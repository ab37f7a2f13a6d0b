package server

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/postgres"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/operations/databases"

	"github.com/spf13/cobra"
)

// connectDatabases makes the service that reads databases.
func (p *parts) connectDatabases(version string) error {
	var err error
	p.databases, err = databases.New(databases.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Key: p.sealed, Version: version, Clock: p.clock, Logger: p.logger,
		Connect: func(connection string) (databases.Server, error) { return postgres.Parse(connection, p.clock) }})
	if err != nil {
		return fmt.Errorf("start databases: %w", err)
	}
	return nil
}

// readDatabases reads every database, as often as an agent is heard.
func (p *parts) readDatabases(ctx context.Context) error {
	tick := time.NewTicker(databases.Every)
	defer tick.Stop()
	for {
		if err := p.databases.ReadAll(ctx); err != nil && ctx.Err() == nil {
			p.logger.Warn("reading databases is put off", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// databaseCommand is the body of /-/databases/…
type databaseCommand struct {
	As         string `json:"as"`
	Name       string `json:"name"`
	Connection string `json:"connection,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// databaseView is what the commands print.
type databaseView struct {
	databases.Database
	ID       string         `json:"id"`
	Version  string         `json:"version"`
	Observed time.Time      `json:"observed"`
	Silent   bool           `json:"silent"`
	Outcomes outcome.Counts `json:"outcomes"`
}

func viewOf(d databases.Database) databaseView {
	return databaseView{Database: d, ID: d.Host.ID, Version: d.Host.OS, Observed: d.Host.LastObserved, Silent: d.Host.Silent, Outcomes: d.Host.Counts}
}

func (v databaseView) words() string {
	c := v.Outcomes
	return fmt.Sprintf("%s (%s): %d pass, %d fail, %d error, %d not observed, %d not applicable", v.Name, v.Version, c.Pass, c.Fail+c.Waived, c.Error, c.NotObserved, c.NotApplicable)
}

func (p *parts) databaseCommand(act string) func(context.Context, databaseCommand) (any, error) {
	return func(ctx context.Context, c databaseCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		var d databases.Database
		switch act {
		case "add":
			if isDemo(p.log.Origin()) {
				return nil, fault.New(fault.Conflict, "a demonstration connects to no database").WithHint("start a real one with 'attesta up'")
			}
			d, err = p.databases.Add(ctx, who, databases.Connection{Name: c.Name, String: c.Connection})
		case "observe":
			d, err = p.databases.Observe(ctx, who, c.Name)
		case "remove":
			return struct{}{}, p.databases.Remove(ctx, who, c.Name, c.Reason)
		default:
			all, err := p.databases.List(ctx, who)
			views := make([]databaseView, len(all))
			for i, d := range all {
				views[i] = viewOf(d)
			}
			return views, err
		}
		return viewOf(d), err
	}
}

// DatabaseCommands are `attesta databases …`: they go to the running server,
// which alone holds the connections.
func DatabaseCommands() []*cobra.Command {
	return []*cobra.Command{databasesAdd(), databasesList(), databasesObserve(), databasesRemove()}
}

func databasesAdd() *cobra.Command {
	var a acting
	var file string
	cmd := &cobra.Command{Use: "add NAME --connection-file FILE", Short: "Connect a PostgreSQL database that is then read and judged by itself", Args: cobra.ExactArgs(1),
		Long: `Connect a PostgreSQL database. FILE holds the connection string, such as
  postgres://attesta:PASSWORD@db.example.org:5432/billing?sslmode=verify-full
It is a file, or - for standard input, because every process of a machine can read command lines. The server keeps it sealed.
docs/databases.md has the role to make and what to grant it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			const most = 4_000
			in := cmd.InOrStdin()
			if file != "-" {
				f, err := os.Open(file)
				if err != nil {
					return fault.Wrap(fault.Invalid, err, "the connection cannot be read: %v", err).At("", 0, "connection-file")
				}
				defer f.Close()
				in = f
			}
			raw, err := io.ReadAll(io.LimitReader(in, most+1))
			if err == nil && len(raw) > most {
				err = fault.New(fault.Invalid, "the file is longer than %d bytes; it holds a connection string and nothing else", most).At("", 0, "connection-file")
			}
			if err != nil {
				return err
			}
			var v databaseView
			answer, err := tellJSON(cmd.Context(), a.data, "/-/databases/add", databaseCommand{As: a.as, Name: args[0], Connection: strings.TrimSpace(string(raw))}, &v)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), answer, "%s", v.words())
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&file, "connection-file", "", "file with the connection string; - for standard input (required)")
	if err := cmd.MarkFlagRequired("connection-file"); err != nil {
		panic("server: " + err.Error())
	}
	return cmd
}

func databasesList() *cobra.Command {
	var a acting
	cmd := &cobra.Command{Use: "list", Short: "List the databases that are read, and what was judged of them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []databaseView
			answer, err := tellJSON(cmd.Context(), a.data, "/-/databases/list", databaseCommand{As: a.as}, &all)
			if err != nil {
				return err
			}
			if a.json {
				return a.print(cmd.OutOrStdout(), answer, "")
			}
			if len(all) == 0 {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "no database is connected; 'attesta databases add' connects one")
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tPLACE\tVERSION\tREAD\tPASS\tFAIL\tERROR\tNOT OBSERVED\tNOT APPLICABLE\tTROUBLE")
			for _, v := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", v.Name, v.Place, v.Version, v.Observed.UTC().Format("2006-01-02 15:04:05Z"),
					v.Outcomes.Pass, v.Outcomes.Fail+v.Outcomes.Waived, v.Outcomes.Error, v.Outcomes.NotObserved, v.Outcomes.NotApplicable, v.Trouble)
			}
			return w.Flush()
		}}
	a.flags(cmd)
	return cmd
}

func databasesObserve() *cobra.Command {
	var a acting
	cmd := &cobra.Command{Use: "observe NAME", Short: "Read a database now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var v databaseView
			answer, err := tellJSON(cmd.Context(), a.data, "/-/databases/observe", databaseCommand{As: a.as, Name: args[0]}, &v)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), answer, "%s", v.words())
		}}
	a.flags(cmd)
	return cmd
}

func databasesRemove() *cobra.Command {
	var a acting
	var reason string
	cmd := &cobra.Command{Use: "remove NAME --reason REASON", Short: "Stop reading a database and take it out of the population", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var v struct{}
			answer, err := tellJSON(cmd.Context(), a.data, "/-/databases/remove", databaseCommand{As: a.as, Name: args[0], Reason: reason}, &v)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), answer, "%s is no longer read; what was judged of it stays", args[0])
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	if err := cmd.MarkFlagRequired("reason"); err != nil {
		panic("server: " + err.Error())
	}
	return cmd
}
