package cli

import (
	"os"
	"path/filepath"

	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/offline"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// VerifyCommand makes "verify": an evidence package against a trust file. It is
// what attesta-verify does, for who has this program anyway.
func VerifyCommand() *cobra.Command {
	var c offline.Command
	cmd := &cobra.Command{
		Use:   "verify PACKAGE --trust FILE",
		Short: "Verify an evidence package offline, with keys from outside it",
		Long: "Verify an evidence package: signatures, the digest of every file, every entry hashed into the\n" +
			"tree again, consistency from start to end, sequences of streams, content that records name.\n" +
			"Exit 0 verified; 4 a check failed, with reasons tampered, incomplete, untrusted, redactions; 1 malformed.\n" +
			"An auditor takes attesta-verify from a public build rather than from the organisation: see docs/verify.md.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Package, c.Out, c.Err = args[0], cmd.OutOrStdout(), cmd.ErrOrStderr()
			c.Terminal = term.IsTerminal(int(os.Stderr.Fd()))
			if code := c.Run(cmd.Context()); code != 0 {
				return &ExitError{Code: code}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&c.Trust, "trust", "", "trust file from outside the package: keys, checkpoints, witnesses")
	cmd.Flags().BoolVar(&c.Strict, "strict", false, "fail when something was redacted")
	cmd.Flags().BoolVar(&c.JSON, "json", false, "print the report as JSON")
	return cmd
}

// ledgerTrust prints this deployment's trust roots.
func ledgerTrust() *cobra.Command {
	var place ledgerPlace
	var withCheckpoint, withAnchors bool
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Print a trust file for verifying packages of this ledger",
		Long: "Print a trust file: the origin and key of this ledger. Hand it to whoever verifies, on another way\n" +
			"than the package. With --checkpoint it also holds the present checkpoint, as something that somebody\n" +
			"outside now holds: later packages have to continue it (export them with --known SIZE). With --anchors it\n" +
			"also names those who anchor this ledger: compare their keys with what they publish themselves.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := place.verifierKey()
			if err != nil {
				return err
			}
			verifier, err := proof.NewVerifier(key)
			if err != nil {
				return err
			}
			f := offline.TrustFile{Origins: []offline.Origin{{Origin: verifier.Name(), Key: key, Epoch: 1}}}
			if withCheckpoint {
				raw, err := os.ReadFile(place.dir() + "/checkpoint")
				if err != nil {
					return fault.Wrap(fault.NotFound, err, "the ledger at %s has published no checkpoint yet", place.dir())
				}
				if _, err := proof.ParseCheckpoint(raw, verifier); err != nil {
					return err
				}
				f.Checkpoints = []string{string(raw)}
			}
			if withAnchors {
				location := place.database
				if location == "" {
					location = "sqlite:" + filepath.Join(place.data, "attesta.db")
				}
				db, err := database.Open(cmd.Context(), location, database.ReadOnly)
				if err != nil {
					return err
				}
				defer db.Close()
				if err := anchor.TrustOf(cmd.Context(), db.Reader(), &f); err != nil {
					return err
				}
			}
			raw, err := f.Encode()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(raw)
			return err
		},
	}
	place.flags(cmd)
	cmd.Flags().StringVar(&place.database, "database", "", "database for --anchors: sqlite:PATH or postgres://… (default the data directory's)")
	cmd.Flags().BoolVar(&withAnchors, "anchors", false, "also the time-stamp authorities and witnesses that are set; whoever verifies should know them from elsewhere")
	cmd.Flags().BoolVar(&withCheckpoint, "checkpoint", false, "also the present checkpoint, which later packages must continue")
	return cmd
}
