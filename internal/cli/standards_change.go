package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/pack"

	"github.com/spf13/cobra"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func standardsApprove(change Changer) *cobra.Command {
	var t Target
	var args ApproveArgs
	var asJSON bool
	cmd := &cobra.Command{Use: "approve STANDARD --as LOGIN", Short: "Approve a standard as it is, as a named person",
		Long: `Makes a draft the organisation's own: who approved which content, and when,
becomes an entry in the ledger. It takes a named person, and another one than
whoever tailored it; where nobody else can, --compensation says what makes up
for that. --digest approves only what was read.

Whoever can read the data directory's server.json vouches for --as; the entry
says that the approval came by the command line.`, Args: one("one standard"),
		RunE: func(cmd *cobra.Command, names []string) error {
			args.Standard = names[0]
			var answer StandardAnswer
			if err := change(cmd.Context(), t, ChangeApprove, args, nil, &answer); err != nil {
				return err
			}
			return answer.print(cmd.OutOrStdout(), asJSON, "is approved")
		}}
	t.acts(cmd)
	cmd.Flags().StringVar(&args.Digest, "digest", "", "digest that was read, at least its first 12 characters")
	cmd.Flags().StringVar(&args.Compensation, "compensation", "", "what makes up for approving what you made yourself")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func standardsTailor(change Changer) *cobra.Command {
	var t Target
	var args TailorArgs
	var set []string
	var undo, asJSON bool
	cmd := &cobra.Command{Use: "tailor CHECK", Short: "Change a check's parameters or severity, leave it out, or take that back",
		Long: `Changes what a check of a standard in force says, beside what was installed. It
replaces an earlier tailoring of the same check. The standard is a draft then,
until somebody else approves it. --preview stores nothing and shows what would
change, of the check and on the hosts.`,
		Example: "  attesta standards tailor linux-server/sshd-max-auth-tries --set max_auth_tries=3 --preview\n" +
			"  attesta standards tailor linux-server/packages-integrity-tool --exclude --reason \"another tool does it\"\n" +
			"  attesta standards tailor linux-server/sshd-max-auth-tries --undo --reason \"clients are gone\"",
		Args: one("one check"),
		RunE: func(cmd *cobra.Command, names []string) error {
			args.Check = names[0]
			args.Values = map[string]string{}
			for _, s := range set {
				name, value, ok := strings.Cut(s, "=")
				if !ok {
					return fault.New(fault.Invalid, "--set %q is no NAME=VALUE", s).At("", 0, "set")
				}
				args.Values[name] = value
			}
			changes := args.Exclude || args.Severity != "" || len(args.Values) > 0
			switch {
			case undo && changes:
				return fault.New(fault.Invalid, "--undo takes a tailoring back: it goes with no other change").At("", 0, "undo")
			case !undo && !changes:
				return fault.New(fault.Invalid, "say what to change").WithHint("--set NAME=VALUE, --severity, --exclude or --undo")
			}
			var answer TailorAnswer
			if err := change(cmd.Context(), t, ChangeTailor, args, nil, &answer); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), answer)
			}
			return answer.print(cmd.OutOrStdout())
		}}
	t.acts(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&set, "set", nil, "parameter as NAME=VALUE; elements of a list are separated by commas")
	f.StringVar(&args.Severity, "severity", "", "severity: critical, high, medium, low")
	f.BoolVar(&args.Exclude, "exclude", false, "leave the check out: it is not judged any more")
	f.StringVar(&args.Reason, "reason", "", "why; the approver and the auditor read it")
	f.BoolVar(&undo, "undo", false, "take an earlier tailoring back")
	f.BoolVar(&args.Preview, "preview", false, "store nothing, show what would change")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a TailorAnswer) print(out io.Writer) error {
	var b strings.Builder
	if a.Stored {
		fmt.Fprintf(&b, "%s is tailored; the standard is a draft until somebody else approves it\n", a.Check)
	} else {
		fmt.Fprintf(&b, "%s would change, nothing is stored\n", a.Check)
	}
	for _, f := range a.Fields {
		fmt.Fprintf(&b, "  %s\n", fieldChange(pack.FieldDiff{Field: f.Field, Old: f.Old, New: f.New}.Short()))
	}
	if len(a.Effect) > 0 {
		fmt.Fprintln(&b)
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ATTRIBUTE\tBY\tPASS\tFAIL\tERROR\tNOT OBSERVED\tNOT APPLICABLE")
		for _, e := range a.Effect {
			for i, counts := range []map[string]int64{e.Before, e.After} {
				if counts == nil {
					continue
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\n", e.Attribute, []string{"the check in force", "this tailoring"}[i],
					counts["pass"], counts["fail"], counts["error"], counts["not_observed"], counts["not_applicable"])
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func standardsTier(change Changer) *cobra.Command {
	var t Target
	var args TierArgs
	var asJSON bool
	cmd := &cobra.Command{Use: "tier PACK TIER", Short: "Say up to which tier failing items open findings: essential, recommended, thorough",
		Long: `Every tier of a standard in force is judged and counts. A failing item opens a
finding only in the tiers that are switched on; a pack begins with essential.`,
		Args: func(cmd *cobra.Command, names []string) error {
			if len(names) != 2 {
				return fault.New(fault.Invalid, "%s takes a pack and a tier", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			args.Pack, args.Tier = names[0], names[1]
			var answer StandardAnswer
			if err := change(cmd.Context(), t, ChangeTier, args, nil, &answer); err != nil {
				return err
			}
			return answer.print(cmd.OutOrStdout(), asJSON, "is changed")
		}}
	t.acts(cmd)
	cmd.Flags().StringVar(&args.Reason, "reason", "", "why; needed where findings are put aside")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
