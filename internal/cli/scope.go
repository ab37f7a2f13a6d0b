package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"

	"github.com/spf13/cobra"
)

// place is the data directory that a command reads.
type place struct{ data, database string }

func (p *place) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.data, "data", DefaultData(), "data directory")
	cmd.Flags().StringVar(&p.database, "database", "", "state database, when it is not in the data directory: sqlite:PATH or postgres://…")
}

func (p *place) open(ctx context.Context) (*database.DB, error) {
	location := p.database
	if location == "" {
		location = "sqlite:" + p.data + "/attesta.db"
	}
	return database.Open(ctx, location, database.ReadOnly)
}

// ScopeCommand is `attesta scope`: what is examined. The verbs that change it
// come from the server.
func ScopeCommand(more ...*cobra.Command) *cobra.Command {
	return Group("scope", "Say what is examined: systems, boundary, commitments, categories, window", append([]*cobra.Command{scopeShow()}, more...)...)
}

// scopeView is the JSON of `attesta scope show`.
type scopeView struct {
	scope.Version
	Holds  bool           `json:"holds"` // now
	Flags  []scope.Flag   `json:"flags"`
	Window *scope.Window  `json:"window,omitempty"`
	Diff   []scope.Change `json:"changes,omitempty"` // against the version before
}

func scopeShow() *cobra.Command {
	var at place
	var version int
	var asJSON, asYAML bool
	cmd := &cobra.Command{Use: "show", Short: "Show the scope that holds, or one of its versions", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := at.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			history, err := scope.New(scope.Config{DB: db, Clock: clock.System}).History(cmd.Context(), access.System())
			if err != nil {
				return err
			}
			now := scope.At(history, clock.System(), -1)
			v := now
			if version != 0 {
				if version < 1 || version > len(history) {
					return fault.New(fault.NotFound, "the scope has no version %d", version).WithHint("there are versions 1 to %d", len(history))
				}
				v = history[version-1]
			}
			view := scopeView{Version: v, Holds: v.Version == now.Version, Flags: v.Flags()}
			if w, ok := v.Window(); ok {
				view.Window = &w
			}
			if v.Version > 1 {
				view.Diff = scope.Diff(history[v.Version-2].Content, v.Content)
			}
			out := cmd.OutOrStdout()
			switch {
			case asJSON:
				return printJSON(out, view)
			case asYAML:
				raw, err := v.YAML()
				if err != nil {
					return err
				}
				_, err = out.Write(raw)
				return err
			}
			return printScope(out, view, len(history))
		}}
	at.flags(cmd)
	cmd.Flags().IntVar(&version, "version", 0, "this version instead of the one that holds")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asYAML, "yaml", false, "print YAML, as 'attesta scope set --file' reads it")
	return cmd
}

func printScope(out io.Writer, v scopeView, versions int) error {
	var b strings.Builder
	state := "waits for approval"
	switch {
	case v.Holds:
		state = "holds now"
	case v.Approved():
		state = "approved"
	}
	fmt.Fprintf(&b, "Scope version %d of %d (%s), from %s on.\n", v.Version.Version, versions, state, v.Effective.In(v.Location()).Format("2 Jan 2006 15:04 MST"))
	if v.Window != nil {
		fmt.Fprintf(&b, "%s.\n", v.Window.Words(clock.System()))
	}
	for _, s := range v.Systems {
		fmt.Fprintf(&b, "\n%s\n", s.Name)
		if s.Description != "" {
			fmt.Fprintf(&b, "  %s\n", folded(s.Description, "  "))
		}
		for _, x := range s.Services {
			fmt.Fprintf(&b, "  - %s\n", x)
		}
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(v.Boundary) > 0 {
		fmt.Fprintln(w, "\nBOUNDARY\tKIND\tWHERE\tHOSTS\tREASON")
		for _, k := range v.Boundary {
			side := "in"
			if k.Out {
				side = "out"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Name, k.Kind, side, strings.Join(k.Hosts, " "), k.Reason)
		}
	}
	if len(v.Commitments) > 0 {
		fmt.Fprintln(w, "\nCOMMITMENT\tTO\tCATEGORIES\tSTATEMENT\tSOURCE")
		for _, k := range v.Commitments {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.To, scope.CategoryWords(k.Categories), k.Statement, k.Source)
		}
	}
	if len(v.Requirements) > 0 {
		fmt.Fprintln(w, "\nREQUIREMENT\tSERVES\tBY\tSTATEMENT\tREFERENCE")
		for _, k := range v.Requirements {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, strings.Join(k.Serves, " "), k.By, k.Statement, k.Reference)
		}
	}
	fmt.Fprintln(w, "\nCATEGORY\t\t")
	for _, k := range catalog.Categories() {
		if v.Has(k) {
			fmt.Fprintf(w, "%s\tin scope\t\n", k.Words())
		} else {
			fmt.Fprintf(w, "%s\tleft out\t%s\n", k.Words(), v.Content.Reason(k))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(v.Flags) > 0 {
		fmt.Fprintln(&b, "\nAn auditor will ask:")
		for _, f := range v.Flags {
			fmt.Fprintf(&b, "  %s: %s\n", f.About, f.Text)
		}
	}
	if len(v.Diff) > 0 {
		fmt.Fprintf(&b, "\nWhat differs from version %d:\n", v.Version.Version-1)
		for _, c := range v.Diff {
			fmt.Fprintf(&b, "  %s, %s: %s\n", c.Part, c.Name, changeWords(c))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func changeWords(c scope.Change) string {
	switch {
	case c.Was == "":
		return "new: " + c.Is
	case c.Is == "":
		return "gone; it was: " + c.Was
	}
	return c.Was + " -> " + c.Is
}
