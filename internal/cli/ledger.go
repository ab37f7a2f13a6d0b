package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/proof/offline"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// LedgerOptions is what the ledger's commands take from outside.
type LedgerOptions struct {
	// Location gives the database of a data directory where --database does not;
	// "sqlite:DATA/attesta.db" when nil.
	Location func(dataDir string) (string, error)
	// Bindings are the business rows that entries stand for; none when nil.
	Bindings []ledger.Binding
}

// LedgerCommand makes "ledger": verify, proof, key, trust. They work beside a running
// server and change nothing.
func LedgerCommand(options LedgerOptions) *cobra.Command {
	return Group("ledger", "Check the evidence ledger and prove what is in it",
		ledgerVerify(options), ledgerProof(), ledgerKey(), ledgerTrust())
}

// ledgerPlace is where a data directory keeps its ledger.
type ledgerPlace struct{ data, database, key string }

func (p *ledgerPlace) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.data, "data", DefaultData(), "data directory")
	cmd.Flags().StringVar(&p.key, "key", "", "verifier key, or a file with it, from outside this machine (default DATA/keys/ledger.pub)")
}

func (p *ledgerPlace) dir() string { return filepath.Join(p.data, "ledger") }

// verifierKey gives the key that was passed, or that the data directory holds.
func (p *ledgerPlace) verifierKey() (string, error) {
	path := p.key
	if path == "" {
		path = filepath.Join(p.data, "keys", "ledger.pub")
	} else if strings.Count(path, "+") >= 2 {
		return path, nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault.Wrap(fault.NotFound, err, "there is no verifier key at %s", path).
			WithHint("name the data directory with --data, or the key with --key")
	}
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the verifier key %s cannot be read", path)
	}
	return strings.TrimSpace(string(raw)), nil
}

func ledgerVerify(options LedgerOptions) *cobra.Command {
	var place ledgerPlace
	var checkpoint, trust string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify the ledger against its files, its signature and the database",
		Long: "Verify the ledger: no unexpected file, bundles equal the database entry by entry, every tile,\n" +
			"the checkpoint's signature and root, stream sequences, business rows, commitments.\n" +
			"With --checkpoint also that today's log continues the one signed then. With --trust also that each\n" +
			"authority and a quorum of the witnesses of a trust file signed a checkpoint of it. Exit 4 when refused.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := place.verifierKey()
			if err != nil {
				return err
			}
			var old []byte
			if checkpoint != "" {
				if old, err = os.ReadFile(checkpoint); err != nil {
					return fault.Wrap(fault.NotFound, err, "the older checkpoint %s cannot be read", checkpoint)
				}
			}
			location := place.database
			if location == "" && options.Location != nil {
				if location, err = options.Location(place.data); err != nil {
					return err
				}
			}
			if location == "" {
				location = "sqlite:" + filepath.Join(place.data, "attesta.db")
			}
			var roots *offline.TrustFile
			if trust != "" {
				raw, err := os.ReadFile(trust)
				if err != nil {
					return fault.Wrap(fault.NotFound, err, "the trust file %s cannot be read", trust).At("", 0, "trust")
				}
				if _, err := offline.ParseTrust(raw); err != nil {
					return err
				}
				roots = &offline.TrustFile{}
				if err := json.Unmarshal(raw, roots); err != nil {
					return err
				}
			}
			return runLedgerVerify(cmd, location, asJSON, roots, ledger.VerifyConfig{
				Dir: place.dir(), VerifierKey: key, OldCheckpoint: old, Bindings: options.Bindings})
		},
	}
	place.flags(cmd)
	cmd.Flags().StringVar(&place.database, "database", "", "database: sqlite:PATH or postgres://… (default the data directory's)")
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "a checkpoint seen earlier: verify that today's ledger continues it")
	cmd.Flags().StringVar(&trust, "trust", "", "trust file from outside: its authorities and witnesses must have signed a checkpoint of this ledger")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

func runLedgerVerify(cmd *cobra.Command, location string, asJSON bool, roots *offline.TrustFile, cfg ledger.VerifyConfig) error {
	db, err := database.Open(cmd.Context(), location, database.ReadOnly)
	if err != nil {
		return err
	}
	defer db.Close()
	cfg.DB = db
	if term.IsTerminal(int(os.Stderr.Fd())) && !asJSON {
		cfg.Progress = func(done, total int64) {
			fmt.Fprintf(cmd.ErrOrStderr(), "\r%d of %d entries", done, total)
			if done == total {
				fmt.Fprint(cmd.ErrOrStderr(), "\r\033[K")
			}
		}
	}
	report, err := ledger.Verify(cmd.Context(), cfg)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err == nil && roots != nil {
		var lines []string
		if lines, err = anchor.Trusted(cmd.Context(), db.Reader(), *roots); err != nil {
			report.Refused = err.Error()
		}
		report.Notes = append(report.Notes, lines...)
	}
	if asJSON {
		if printErr := ledgerJSON(cmd.OutOrStdout(), report); printErr != nil {
			return errors.Join(err, printErr)
		}
		return err
	}
	if err != nil {
		fmt.Fprintf(cmd.OutOrStdout(), "ledger %s: refused\n", report.Origin)
	} else {
		printReport(cmd.OutOrStdout(), report)
	}
	for _, note := range report.Notes {
		fmt.Fprintf(cmd.OutOrStdout(), "note: %s\n", note)
	}
	return err
}

func printReport(w io.Writer, r ledger.Report) {
	fmt.Fprintf(w, "ledger %s: verified %d entries in %.2f s\n", r.Origin, r.Size, float64(r.Micros)/1e6)
	fmt.Fprintf(w, "  root         %s\n", r.Root)
	fmt.Fprintf(w, "  files        %d bundles, %d tiles, %d partials, nothing else\n", r.Bundles, r.Tiles, r.Partials)
	fmt.Fprintf(w, "  streams      %d, none with a hole or a repeat\n", r.Streams)
	fmt.Fprintf(w, "  checkpoints  %d recorded, each with the root of its size\n", r.Checkpoints)
	if r.OldSize != nil {
		fmt.Fprintf(w, "  continues    the older checkpoint of %d entries\n", *r.OldSize)
	}
	if r.Anchored {
		fmt.Fprintf(w, "  anchored     %d entries, by what somebody outside signed\n", r.AnchoredTo)
	}
	if r.Commitments+r.Erased > 0 {
		fmt.Fprintf(w, "  commitments  %d hold, %d erased with a redaction\n", r.Commitments, r.Erased)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Bound)) {
		fmt.Fprintf(w, "  bound        %d entries of type %s equal their business rows\n", r.Bound[name], name)
	}
}

// proofJSON is the stable form of "ledger proof --json".
type proofJSON struct {
	Index      int64           `json:"index"`
	Entry      json.RawMessage `json:"entry"`        // to read
	Bytes      []byte          `json:"entry_base64"` // what was hashed
	Hashes     []string        `json:"hashes"`
	Origin     string          `json:"origin"`
	Size       int64           `json:"size"`
	Root       string          `json:"root"`
	Checkpoint string          `json:"checkpoint"`
	Proof      string          `json:"proof"`
}

func ledgerProof() *cobra.Command {
	var place ledgerPlace
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "proof INDEX",
		Short: "Print one entry with its inclusion proof and the signed checkpoint (tlog-proof)",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			index, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || index < 0 {
				return fault.New(fault.Invalid, "%q is no index of the ledger", args[0]).WithHint("an index is a number from 0 on")
			}
			key, err := place.verifierKey()
			if err != nil {
				return err
			}
			p, err := ledger.Prove(place.dir(), key, index)
			if err != nil {
				return err
			}
			if !asJSON {
				_, err := cmd.OutOrStdout().Write(p.Text())
				return err
			}
			out := proofJSON{Index: p.Index, Entry: p.Entry, Bytes: p.Entry, Hashes: []string{}, Origin: p.Checkpoint.Origin, Size: p.Checkpoint.Size,
				Root: ledger.EncodeHash(p.Checkpoint.Root), Checkpoint: string(p.Checkpoint.Raw), Proof: string(p.Text())}
			for _, h := range p.Hashes {
				out.Hashes = append(out.Hashes, ledger.EncodeHash(h))
			}
			return ledgerJSON(cmd.OutOrStdout(), out)
		},
	}
	place.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the proof as JSON")
	return cmd
}

func ledgerKey() *cobra.Command {
	var place ledgerPlace
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Print the signed-note verifier key; its name is the log's origin",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, err := place.verifierKey()
			if err != nil {
				return err
			}
			if _, err := ledger.NewVerifier(key); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), key)
			return err
		},
	}
	cmd.Flags().StringVar(&place.data, "data", DefaultData(), "data directory")
	return cmd
}

func ledgerJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
