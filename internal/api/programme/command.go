package programme

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/operations/folder"

	"github.com/spf13/cobra"
)

// Ask does an operation and gives its answer.
type Ask func(ctx context.Context, name string, input json.RawMessage) ([]byte, error)

// Differs is the exit code of a dry run that found differences.
const Differs = 4

// Commands are the verbs of `attesta programme`.
func Commands(ask Ask) []*cobra.Command {
	return []*cobra.Command{exportCommand(ask), importCommand(ask)}
}

func call(ctx context.Context, ask Ask, name string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := ask(ctx, name, raw)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the answer of the server: %w", err)
	}
	return nil
}

func exportCommand(ask Ask) *cobra.Command {
	var people, force bool
	cmd := &cobra.Command{Use: "export DIR", Short: "Write the programme into a folder", Args: cobra.ExactArgs(1),
		Long: `Write the programme into a folder of YAML and Markdown, one thing a file. The same
programme gives the same bytes, so that Git shows what changed. Files of an earlier
export that are there no more are removed; others in the folder are left alone.

A file that was edited since and not brought in stops the export.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var got Exported
			if err := call(cmd.Context(), ask, "programme.export", exportInput{people}, &got); err != nil {
				return err
			}
			raw, err := base64.StdEncoding.DecodeString(got.Archive)
			if err != nil {
				return fmt.Errorf("read the archive of the server: %w", err)
			}
			tree, err := folder.ReadZip(raw)
			if err != nil {
				return err
			}
			done, err := tree.WriteDir(args[0], force)
			if err != nil {
				return err
			}
			if len(done.Edited) > 0 && !force {
				return fault.New(fault.Conflict, "%s edited since the last export, and not brought in: %s", many(len(done.Edited), "file was", "files were"), strings.Join(done.Edited[:min(5, len(done.Edited))], ", ")).
					WithHint("import them first; or write over them with --force")
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s in %s: %d new, %d changed, %d removed, %d as before\n", many(got.Files, "file", "files"), args[0], done.New, done.Changed, done.Gone, done.Same)
			for _, kind := range got.LeftOut {
				fmt.Fprintf(cmd.ErrOrStderr(), "hint:  %s left out: you may not see it\n", kind)
			}
			return nil
		}}
	cmd.Flags().BoolVar(&people, "with-people", false, "with people who work here, which is personal data")
	cmd.Flags().BoolVar(&force, "force", false, "write over files that were edited and not brought in")
	return cmd
}

func importCommand(ask Ask) *cobra.Command {
	var dry, asJSON bool
	var note, base string
	cmd := &cobra.Command{Use: "import DIR", Short: "Bring the programme in from a folder", Args: cobra.ExactArgs(1),
		Long: `Bring the programme in from a folder: every file that says something else than the
server, or nothing where something stands in the way. What another person decides
arrives as a draft or is submitted. What is not in the folder is kept.

With --dry-run it does the same and takes it back: exit code 0 where nothing would
change, 4 where something would. Without it, 7 where a conflict and 4 where a rule
stood in the way.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			tree, err := folder.ReadDir(args[0])
			if err != nil {
				return err
			}
			if base != "" {
				if err := rebase(tree, base); err != nil {
					return err
				}
			}
			raw, err := tree.Zip()
			if err != nil {
				return err
			}
			var got folder.Result
			if err := call(cmd.Context(), ask, "programme.import", importInput{base64.StdEncoding.EncodeToString(raw), note, dry}, &got); err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(got)
			} else {
				err = Print(cmd.OutOrStdout(), &got)
			}
			if err != nil {
				return err
			}
			if got.Applied {
				return folder.Rebase(args[0], &got)
			}
			switch {
			case dry && got.Differs():
				return &cli.ExitError{Code: Differs}
			case dry:
				return nil
			case got.Counts[folder.Conflict] > 0:
				return fault.New(fault.Conflict, "nothing was brought in: %s changed here and on the server", many(got.Counts[folder.Conflict], "file was", "files were")).WithHint("export into another folder, and write what is still needed")
			}
			return fault.New(fault.Refused, "nothing was brought in: %s refused", many(got.Counts[folder.Refused], "file was", "files were")).WithHint("mend them, and look with --dry-run")
		}}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would change, and change nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&note, "reason", "", "why; it goes with every change (default: the folder's digest)")
	cmd.Flags().StringVar(&base, "base", "", "folder as it was exported or imported last, such as a checkout of that commit, instead of what .attesta/base.yaml says")
	return cmd
}

// rebase makes a tree be based on another folder.
func rebase(tree folder.Tree, dir string) error {
	was, err := folder.ReadDir(dir)
	if err != nil {
		return err
	}
	b := folder.Base{Format: folder.Format, Files: map[string]string{}}
	for p, raw := range was {
		if p != folder.BasePath {
			b.Files[p] = folder.DigestOf(raw)
		}
	}
	return tree.SetBase(b)
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

var words = map[folder.State]string{folder.Created: "new", folder.Changed: "changed", folder.Withheld: "left to people", folder.Behind: "newer on the server",
	folder.Conflict: "CONFLICT", folder.Refused: "REFUSED", folder.Absent: "only on the server", folder.Ignored: "not of the programme"}

// Print writes what becomes of a folder.
func Print(out io.Writer, r *folder.Result) error {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "%-20s %s", words[c.State], c.Path)
		if c.Line > 0 {
			fmt.Fprintf(&b, ":%d", c.Line)
		}
		if c.Why != "" {
			fmt.Fprintf(&b, ": %s", c.Why)
		}
		b.WriteByte('\n')
		if c.Hint != "" {
			fmt.Fprintf(&b, "    hint: %s\n", c.Hint)
		}
		for _, f := range c.Fields {
			printField(&b, "", f)
		}
		for _, f := range c.Withheld {
			if f.To == "" {
				fmt.Fprintf(&b, "    filled in: %s: %.80q\n", f.Name, f.From)
				continue
			}
			printField(&b, "left to people: ", f)
		}
	}
	did := "would be"
	switch {
	case r.Applied:
		did = "were"
	case !r.Dry:
		did = "were not"
	}
	fmt.Fprintf(&b, "%d new and %d changed files %s brought in; %d as they are, %d left to people, %d newer on the server, %d only there, %d in conflict, %d refused\n",
		r.Counts[folder.Created], r.Counts[folder.Changed], did, r.Counts[folder.Unchanged], r.Counts[folder.Withheld], r.Counts[folder.Behind], r.Counts[folder.Absent], r.Counts[folder.Conflict], r.Counts[folder.Refused])
	if !r.Based {
		b.WriteString("the folder does not say what it was exported from, so that changes on the server are not seen\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func printField(b *strings.Builder, before string, f folder.Field) {
	if !strings.Contains(f.From+f.To, "\n") {
		fmt.Fprintf(b, "    %s%s: %q → %q\n", before, f.Name, f.From, f.To)
		return
	}
	fmt.Fprintf(b, "    %s%s:\n", before, f.Name)
	lines(b, "-", f.From)
	lines(b, "+", f.To)
}

func lines(b *strings.Builder, sign, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(b, "      %s %s\n", sign, line)
	}
}
