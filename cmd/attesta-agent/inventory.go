package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/facts"

	"github.com/spf13/cobra"
)

func inventoryCommand() *cobra.Command {
	var asJSON bool
	var sections []string
	cmd := &cobra.Command{Use: "inventory", Short: "Read the facts of this host and print them; no server is needed", Args: noArguments}
	cmd.Flags().BoolVar(&asJSON, "json", false, "every section as it would be sent, a JSON list")
	cmd.Flags().StringSliceVar(&sections, "section", nil, "only these sections (repeat or separate by commas)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		all, err := collect.Inventory(collect.Waited(cmd.Context()), collect.Root{}, sections...)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(cmd.OutOrStdout(), all)
		}
		return printInventory(cmd.OutOrStdout(), cmd.ErrOrStderr(), all)
	}
	return cmd
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func printInventory(w, hints io.Writer, all []facts.Section) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SECTION\tBYTES\tMISSING\tDIGEST")
	for _, s := range all {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.16s\n", s.Name, len(s.Values), len(s.Missing), s.Digest)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	missing := 0
	for _, s := range all {
		for _, m := range s.Missing {
			if missing++; missing == 1 {
				fmt.Fprintln(w, "\nWhat could not be had:")
			}
			fmt.Fprintf(w, "  /%s%s: %s: %s\n", s.Name, m.Path, m.State, m.Reason)
		}
	}
	printHints(hints, all)
	return nil
}

func printHints(w io.Writer, all []facts.Section) {
	for _, h := range collect.Hints(all) {
		fmt.Fprintln(w, "hint: ", h)
	}
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
