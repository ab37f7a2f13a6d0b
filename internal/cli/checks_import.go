package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/sca"
	"github.com/attesta/attesta/internal/pack"

	"github.com/spf13/cobra"
)

func checksImport() *cobra.Command {
	return Group("import", "Take in what other scanners have: policies and results", checksImportSCA(), checksImportXCCDF())
}

func checksImportSCA() *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "sca FILE --out DIR",
		Short: "Make a standard of a Wazuh SCA policy",
		Long: "Reads the policy in FILE and writes a pack into DIR. Rules are asked of facts; no command of the policy is ever run.\n" +
			"What has no counterpart in facts is listed in DIR/untranslated.yaml and never judged.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || dir == "" {
				return fault.New(fault.Invalid, "%s takes one file and --out with a directory", cmd.CommandPath()).WithHint("run '%s --help'", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return importSCA(cmd.OutOrStdout(), args[0], dir, asJSON)
		},
	}
	cmd.Flags().StringVar(&dir, "out", "", "directory for the pack; it must be empty or not be there")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

func importSCA(out io.Writer, file, dir string, asJSON bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return fault.New(fault.Conflict, "%s is not empty", dir).WithHint("give a directory that is not there yet")
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return fault.Wrap(fault.Invalid, err, "%s cannot be used", dir).WithHint("give a directory that is not there yet")
	}
	data, err := readBounded(file)
	if err != nil {
		return err
	}
	got, err := sca.Import(file, data)
	if mistakes := pack.Mistakes(err); mistakes != nil {
		var b strings.Builder
		for _, m := range mistakes {
			fmt.Fprintln(&b, m.Error())
			if m.Hint != "" {
				fmt.Fprintln(&b, "    "+m.Hint)
			}
		}
		if _, err := io.WriteString(out, b.String()); err != nil {
			return err
		}
		return fault.New(fault.Invalid, "%s in %s", count(len(mistakes), "mistake"), file)
	}
	if err != nil {
		return err
	}
	if got.Files != nil {
		if err := sca.Write(dir, got.Files); err != nil {
			return fault.Wrap(fault.Invalid, err, "the pack cannot be written to %s", dir).WithHint("check the permissions of the directory above")
		}
	}
	if asJSON {
		err = printJSON(out, got.Report)
	} else {
		_, err = io.WriteString(out, got.Report.Text())
	}
	if err != nil {
		return err
	}
	if got.Files == nil {
		return fault.New(fault.Refused, "no check of %s can be judged from facts; nothing was written", file).WithHint("--json lists the reason of every rule")
	}
	if asJSON {
		return nil
	}
	_, err = fmt.Fprintf(out, "Written to %s; README.md names every difference and every rule left out.\n", dir)
	return err
}

// readBounded reads a file up to just past what a policy may have.
func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "%s cannot be opened", file).WithHint("give the policy's YAML file")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, sca.MaxBytes+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", file).WithHint("give the policy's YAML file")
	}
	return data, nil
}
