package cli

import (
	"io"
	"os"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/xccdf"

	"github.com/spf13/cobra"
)

func checksImportXCCDF() *cobra.Command {
	var result string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "xccdf FILE",
		Short: "Read another scanner's results (XCCDF, ARF) in the words of this program",
		Long: "Reads an XCCDF 1.1 or 1.2 TestResult, alone, in its benchmark or in an ARF collection, gzip or not, as OpenSCAP and\n" +
			"others write them, and gives each rule's outcome with its reason. Nothing becomes better by being read: what was\n" +
			"not checked is not observed, what the scanner could not tell is an error.\n\n" +
			"Nothing is stored. To keep the file as evidence of a control, bring it: 'attesta evidence add FILE --scan\n" +
			"--covers CONTROL/INSTANCE'; the page of that evidence reads it as a scan.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return fault.Wrap(fault.NotFound, err, "%s cannot be opened", args[0]).WithHint("give the file that the scanner wrote")
			}
			defer f.Close()
			r, err := xccdf.Read(args[0], f, result)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), r.Text())
			return err
		},
	}
	cmd.Flags().StringVar(&result, "result", "", "id of the result, where the file holds several")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
