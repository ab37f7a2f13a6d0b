package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/spf13/cobra"
)

func integrityCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "integrity", Short: "Tell what changed in trees of files; no server is needed", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(baselineCommand(), integrityCheckCommand(), rootCommand(), drillCommand(), watchCommand(), statusCommand())
	return cmd
}

// withDB gives a command the flag --db, without which it does nothing.
func withDB(cmd *cobra.Command) func() (string, error) {
	db := cmd.Flags().String("db", "", "file of the snapshot")
	return func() (string, error) {
		if *db == "" {
			return "", fault.New(fault.Invalid, "no snapshot is named").WithHint("give --db FILE")
		}
		return *db, nil
	}
}

// baselineMade is what `integrity baseline --json` prints: a stable contract.
type baselineMade struct {
	DB      string          `json:"db"`
	Paths   []snapshot.Path `json:"paths"`
	Made    time.Time       `json:"made"`
	Root    string          `json:"root"`     // Merkle root over all entries
	DBBytes int64           `json:"db_bytes"` // of the file
	snapshot.Counts
	Texts    integrity.Texts `json:"texts"`
	Vanished int64           `json:"vanished"` // gone between listing and reading
	integrity.Gaps
	Notes []string `json:"notes"`
}

func baselineCommand() *cobra.Command {
	var o snapshot.Options
	var asJSON, usual bool
	cmd := &cobra.Command{Use: "baseline PATH...", Short: "Record what files are now",
		Long: `Record every file below the paths: type, rights, owner, size, link target, links,
times, access control list, extended attributes, capabilities, security label,
inode flags and SHA-256. Links are not followed; other file systems mounted below
a path are not gone into unless they are named or --cross is given; content on
network file systems is not read unless --network is given. An older snapshot in
the same place is replaced once the new one is on disk.
Exit code 3 says that something could not be read; it is listed.`}
	db := withDB(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "the result as JSON")
	cmd.Flags().BoolVar(&usual, "defaults", false, "the usual paths of this host beside those given: /etc, /usr, /boot, web roots and others")
	cmd.Flags().StringArrayVar(&o.Exclude, "exclude", nil, "leave out paths that match, and what lies below (repeat): /a/*/b, /a/**/*.tmp, or one name")
	cmd.Flags().StringArrayVar(&o.Logs, "log", nil, "files that match only grow and are rotated, which is no change (repeat): /var/log/**")
	cmd.Flags().StringArrayVar(&o.Texts, "text", []string{"/etc/**"}, "keep the text of small files that match, without secrets, to show lines that change; '' keeps none")
	cmd.Flags().BoolVar(&o.Cross, "cross", false, "go into file systems that are mounted below a path")
	cmd.Flags().BoolVar(&o.Network, "network", false, "read content on network file systems as well")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, err := db()
		if err != nil {
			return err
		}
		if usual {
			more, err := integrity.Defaults()
			if err != nil {
				return err
			}
			args = append(args, more...)
		}
		o.Texts = slices.DeleteFunc(o.Texts, func(p string) bool { return p == "" })
		if o, err = integrity.NewOptions(file, args, o); err != nil {
			return err
		}
		o.Made = clock.System().UTC()
		if o.Host, err = os.Hostname(); err != nil {
			o.Host = ""
		}
		made, err := integrity.Make(cmd.Context(), file, o)
		if err != nil {
			return err
		}
		st, err := os.Stat(file)
		if err != nil {
			return err
		}
		out := baselineMade{DB: file, Paths: o.Roots, Made: o.Made, Root: hex.EncodeToString(made.Root[:]), DBBytes: st.Size(), Counts: made.Counts,
			Texts: made.Texts, Vanished: made.Vanished, Gaps: made.Gaps.Listed(), Notes: notes(o)}
		if asJSON {
			err = printJSON(cmd.OutOrStdout(), out)
		} else {
			err = out.print(cmd.OutOrStdout())
		}
		if err == nil && out.UnreadCount > 0 {
			err = &exitError{code: 3, message: plural(int(out.UnreadCount), "attribute") + " could not be read"}
		}
		return err
	}
	return cmd
}

// notes say what a person may not expect of the paths given.
func notes(o snapshot.Options) []string {
	out := []string{}
	for _, r := range o.Roots {
		st, err := os.Lstat(string(r))
		if err != nil || st.Mode()&os.ModeSymlink == 0 {
			continue
		}
		if to, err := filepath.EvalSymlinks(string(r)); err == nil && !slices.ContainsFunc(o.Roots, func(p snapshot.Path) bool { return to == string(p) || strings.HasPrefix(to, string(p)+"/") }) {
			out = append(out, fmt.Sprintf("%s is a symbolic link, which is not followed: give %s as well to watch what it leads to",
				attr.Printable([]byte(r)), attr.Printable([]byte(to))))
		}
	}
	return out
}

func (m baselineMade) print(w io.Writer) error {
	for _, n := range m.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	printGaps(w, m.Gaps)
	_, err := fmt.Fprintf(w, "%d entries, %d files with %d bytes, in %s (%d bytes)\nroot %s\n", m.Entries, m.Files, m.Bytes, m.DB, m.DBBytes, m.Root)
	return err
}

func printGaps(w io.Writer, g integrity.Gaps) {
	for _, gap := range g.Left {
		fmt.Fprintf(w, "left out  %s: %s\n", printable(gap.Path, gap.Escaped), gap.Reason)
	}
	for _, gap := range g.Unread {
		fmt.Fprintf(w, "unread    %s: %s: %s\n", printable(gap.Path, gap.Escaped), gap.Attribute, gap.Reason)
	}
	if more := g.UnreadCount - int64(len(g.Unread)) + g.LeftCount - int64(len(g.Left)); more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
}

// printable is a path for a terminal; one that was escaped holds none of what
// a terminal would act on but what UTF-8 can spell.
func printable(path string, escaped bool) string {
	if escaped {
		return `"` + strings.Trim(attr.Printable([]byte(path)), `"`) + `"`
	}
	return attr.Printable([]byte(path))
}

func integrityCheckCommand() *cobra.Command {
	var asJSON, full bool
	cmd := &cobra.Command{Use: "check", Short: "Tell what is no longer as it was recorded", Args: noArguments,
		Long: `Compare the files of a snapshot with what is there now. The content of a file is
read again where its device, inode, size or times differ; --full reads all.
Exit code 4 says that something changed, 3 that nothing did and something could
not be looked at. The snapshot stays as it is.`}
	db := withDB(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "everything, as JSON")
	cmd.Flags().BoolVar(&full, "full", false, "read every file again")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		file, err := db()
		if err != nil {
			return err
		}
		snap, err := openWhole(file)
		if err != nil {
			return err
		}
		defer snap.Close() // read only: there is nothing to lose
		how := integrity.How{Full: full}
		own, err := integrity.Own(file)
		if err != nil {
			return err
		}
		how.Own = append(how.Own, own)
		var found integrity.Found
		if asJSON {
			found, err = checkJSON(cmd.Context(), cmd.OutOrStdout(), file, snap, how)
		} else {
			found, err = checkText(cmd.Context(), cmd.OutOrStdout(), snap, how)
		}
		switch n := found.Changes(); {
		case err != nil:
			return err
		case n > 0:
			return &exitError{code: 4, message: plural(int(n), "change")}
		case found.UnreadCount+found.Hidden > 0:
			return &exitError{code: 3, message: "nothing changed of what could be looked at; " + plural(int(found.UnreadCount+found.Hidden), "thing") + " could not"}
		}
		return nil
	}
	return cmd
}

func openWhole(file string) (*snapshot.Snapshot, error) {
	snap, err := snapshot.Open(file)
	if err != nil {
		return nil, err
	}
	if err := snap.Verify(); err != nil {
		snap.Close() // read only
		return nil, err
	}
	return snap, nil
}

// checkJSON writes one JSON object whose list of changes is written as they are
// found, each on a line, so that any number of them needs no memory.
func checkJSON(ctx context.Context, to io.Writer, file string, snap *snapshot.Snapshot, how integrity.How) (integrity.Found, error) {
	w := bufio.NewWriter(to)
	name, err := json.Marshal(file)
	if err != nil {
		return integrity.Found{}, err
	}
	root := snap.Root()
	fmt.Fprintf(w, "{\n  \"db\": %s,\n  \"baseline\": %q,\n  \"root\": \"%x\",\n  \"full\": %v,\n  \"changes\": [", name,
		snap.Options.Made.Format(time.RFC3339), root[:], how.Full)
	var line bytes.Buffer
	enc, separator := json.NewEncoder(&line), ""
	enc.SetEscapeHTML(false)
	found, err := integrity.Check(ctx, snap, how, func(c *integrity.Change) error {
		line.Reset()
		if err := enc.Encode(c); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "%s\n    %s", separator, bytes.TrimRight(line.Bytes(), "\n"))
		separator = ","
		return err
	})
	if err != nil {
		return found, err
	}
	found.Gaps = found.Gaps.Listed()
	sum, err := json.MarshalIndent(found, "  ", "  ")
	if err != nil {
		return found, err
	}
	if separator != "" {
		separator = "\n  "
	}
	fmt.Fprintf(w, "%s],\n  \"summary\": %s\n}\n", separator, sum)
	return found, w.Flush()
}

func checkText(ctx context.Context, to io.Writer, snap *snapshot.Snapshot, how integrity.How) (integrity.Found, error) {
	w := bufio.NewWriter(to)
	found, err := integrity.Check(ctx, snap, how, func(c *integrity.Change) error {
		what := ""
		switch {
		case c.Listing:
			what = " (its entries)"
		case c.Log != "":
			what = " (log: " + c.Log + ")"
		}
		fmt.Fprintf(w, "%-8s  %s%s\n", c.Change, printable(c.Path, c.Escaped), what)
		if c.Change != integrity.Changed || c.Listing {
			return nil
		}
		for _, a := range c.Attributes {
			fmt.Fprintf(w, "            %-14s %s -> %s\n", a, shown(c.Before[a]), shown(c.After[a]))
		}
		if c.SecretsOnly {
			fmt.Fprintln(w, "            nothing but secrets differs in its text")
		}
		for line := range strings.Lines(c.Diff) {
			fmt.Fprintf(w, "            %s\n", terminal(strings.TrimSuffix(line, "\n")))
		}
		return nil
	})
	if err != nil {
		return found, err
	}
	printGaps(w, found.Gaps)
	if found.Hidden > 0 {
		fmt.Fprintf(w, "%d recorded entries lie where nothing could be looked at\n", found.Hidden)
	}
	if l := found.Logs; l != (integrity.Logs{}) {
		fmt.Fprintf(w, "logs: %d grown, %d rotated, %d expired\n", l.Grown, l.Rotated, l.Expired)
	}
	fmt.Fprintf(w, "%d entries looked at: %d added, %d removed, %d changed\n", found.Entries, found.Added, found.Removed, found.Changed)
	return found, w.Flush()
}

// terminal is a line of text with what a terminal would act on made visible.
func terminal(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, line)
}

// shown is a value on one line.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return attr.Printable([]byte(v))
	case attr.Unread:
		return "unread (" + v.Reason + ")"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func rootCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "root", Short: "Print the one digest over a whole snapshot", Args: noArguments}
	db := withDB(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return drill(cmd, db, "", asJSON, true)
	}
	return cmd
}

func drillCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "drill [PATH]", Short: "Print the digest of a directory in a snapshot and of each entry in it",
		Long: `Print the digest of a directory, file or link in a snapshot and, of a directory, of
each entry in it; of the roots where no path is given. Two snapshots differ below
exactly those entries whose digests differ (docs/integrity.md has the shape).`}
	db := withDB(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return noArguments(cmd, args[1:])
		}
		path := ""
		if len(args) == 1 {
			abs, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			path = abs
		}
		return drill(cmd, db, path, asJSON, false)
	}
	return cmd
}

func drill(cmd *cobra.Command, db func() (string, error), path string, asJSON, bare bool) error {
	file, err := db()
	if err != nil {
		return err
	}
	snap, err := openWhole(file)
	if err != nil {
		return err
	}
	defer snap.Close() // read only
	d, err := integrity.Drill(snap, path)
	if err != nil {
		return err
	}
	if bare {
		d.Entries = []integrity.Under{}
	}
	w := cmd.OutOrStdout()
	if asJSON {
		return printJSON(w, d)
	}
	if _, err := fmt.Fprintln(w, d.Digest); err != nil || bare {
		return err
	}
	for _, e := range d.Entries {
		if _, err := fmt.Fprintf(w, "%s  %-9s  %s\n", e.Digest, e.Type, printable(e.Name, e.Escaped)); err != nil {
			return err
		}
	}
	return nil
}
