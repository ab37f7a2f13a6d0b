package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"

	"github.com/spf13/cobra"
)

// verdict is what `check --json` prints: a stable contract.
type verdict struct {
	Standard string         `json:"standard"`
	Version  string         `json:"version"`
	Digest   string         `json:"digest"`
	Draft    bool           `json:"draft"` // no named person has approved this standard here
	Host     string         `json:"host"`
	At       time.Time      `json:"at"`
	Counts   map[string]int `json:"counts"` // checks by outcome
	Checks   []judged       `json:"checks"`
	Hints    []string       `json:"hints,omitempty"`
}

type judged struct {
	ID          string            `json:"id"`
	Title       string            `json:"title"`
	Severity    string            `json:"severity"`
	Tier        string            `json:"tier"`
	Outcome     judge.Outcome     `json:"outcome"` // the worst of its attributes
	Attributes  []judgedAttribute `json:"attributes"`
	Remediation string            `json:"remediation,omitempty"` // of a check that failed
}

type judgedAttribute struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	judge.Result
}

func checkCommand() *cobra.Command {
	var asJSON, all bool
	var standard string
	cmd := &cobra.Command{Use: "check", Short: "Judge this host by a configuration standard; no server is needed", Args: noArguments,
		Long: `Read the facts of this host and judge them by a standard: one that comes with
this program, or a directory. Exit code 4 says that a check failed, 3 that none
failed and some could not be judged.`}
	cmd.Flags().StringVar(&standard, "standard", "linux-server", "id of a shipped standard ("+strings.Join(packs.Standards(), ", ")+") or a directory")
	cmd.Flags().BoolVar(&asJSON, "json", false, "everything, as JSON")
	cmd.Flags().BoolVar(&all, "all", false, "list the checks that pass or do not apply as well")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := loadStandard(standard)
		if err != nil {
			return err
		}
		sections, err := collect.Inventory(collect.Waited(cmd.Context()), collect.Root{})
		if err != nil {
			return err
		}
		v, err := judgeHost(p, sections, clock.System())
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(cmd.OutOrStdout(), v)
		} else if err = printVerdict(cmd.OutOrStdout(), v, all); err == nil {
			printHints(cmd.ErrOrStderr(), sections)
		}
		if err != nil {
			return err
		}
		return v.exit()
	}
	return cmd
}

func loadStandard(name string) (*pack.Pack, error) {
	if slices.Contains(packs.Standards(), name) {
		return pack.Default().LoadShipped(name)
	}
	if _, err := os.Stat(name); err != nil {
		kind := fault.Unavailable
		if errors.Is(err, fs.ErrNotExist) {
			kind = fault.NotFound
		}
		return nil, fault.Wrap(kind, err, "there is no standard %q", name).WithHint("give %s, or a directory with a pack.yaml", strings.Join(packs.Standards(), " or "))
	}
	return pack.Default().Load(os.DirFS(name))
}

// judgeHost judges one host's sections by every check that is switched on.
func judgeHost(p *pack.Pack, sections []facts.Section, at time.Time) (verdict, error) {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	v := verdict{Standard: p.ID, Version: p.Version, Digest: p.Digest, Draft: p.Draft(), Host: host, At: at,
		Counts: map[string]int{}, Hints: collect.Hints(sections)}
	item := judge.Item{Sections: map[string]*facts.Decoded{}}
	for _, s := range sections {
		d, err := facts.Decode(s)
		if err != nil {
			return v, fmt.Errorf("decode section %s: %w", s.Name, err)
		}
		item.Sections[s.Name] = &d
	}
	for i := range p.Checks {
		c := &p.Checks[i]
		if c.Off != "" || c.Population != "hosts" {
			continue
		}
		j := judged{ID: c.ID, Title: c.Title, Severity: c.Severity, Tier: c.Tier}
		var outcomes []judge.Outcome
		for _, a := range c.Attributes {
			r := a.Compiled.Judge(item)
			outcomes = append(outcomes, r.Outcome)
			j.Attributes = append(j.Attributes, judgedAttribute{ID: a.ID, Title: a.Title, Result: r})
		}
		j.Outcome = judge.Worst(outcomes...)
		if j.Outcome == judge.Fail {
			j.Remediation = c.Remediation
		}
		v.Counts[string(j.Outcome)]++
		v.Checks = append(v.Checks, j)
	}
	return v, nil
}

// exit gives the error that carries the exit code.
func (v verdict) exit() error {
	failed, unknown := v.Counts[string(judge.Fail)], v.Counts[string(judge.Error)]+v.Counts[string(judge.NotObserved)]
	switch {
	case failed > 0:
		return &exitError{code: 4, message: plural(failed, "check") + " failed"}
	case unknown > 0:
		return &exitError{code: 3, message: plural(unknown, "check") + " could not be judged"}
	}
	return nil
}

var severities = []string{"critical", "high", "medium", "low"}

func printVerdict(w io.Writer, v verdict, all bool) error {
	draft := ""
	if v.Draft {
		draft = " (draft: no named person has approved it)"
	}
	fmt.Fprintf(w, "%s %s%s on %s\n", v.Standard, v.Version, draft, v.Host)
	checks, order := slices.Clone(v.Checks), judge.Outcomes()
	slices.SortStableFunc(checks, func(a, b judged) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Outcome), slices.Index(order, b.Outcome)),
			cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity)), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range checks {
		quiet := c.Outcome == judge.Pass || c.Outcome == judge.NotApplicable
		if quiet && !all {
			continue
		}
		fmt.Fprintf(w, "\n%-15s%-10s%s\n%-15s%s\n", words(c.Outcome), c.Severity, c.ID, "", c.Title)
		for _, a := range c.Attributes {
			if a.Outcome != judge.Pass {
				fmt.Fprintf(w, "%-15s%s: %s\n", "", a.ID, a.Reason)
			}
		}
		if c.Remediation != "" {
			fmt.Fprintf(w, "%-15sTo mend:\n", "")
			for line := range strings.Lines(strings.TrimSpace(c.Remediation)) {
				fmt.Fprintf(w, "%-17s%s\n", "", strings.TrimRight(line, "\n"))
			}
		}
	}
	var parts []string
	for _, o := range order {
		if n := v.Counts[string(o)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, words(o)))
		}
	}
	_, err := fmt.Fprintf(w, "\n%s: %s\n", plural(len(v.Checks), "check"), strings.Join(parts, ", "))
	return err
}

// words gives an outcome as a person reads it.
func words(o judge.Outcome) string { return strings.ReplaceAll(string(o), "_", " ") }
