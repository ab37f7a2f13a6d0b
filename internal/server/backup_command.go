package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/config"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/cli"

	"filippo.io/age"
	"github.com/spf13/cobra"
)

// BackupCommand is `attesta backup FILE|DIR` and `attesta backup verify FILE`.
func BackupCommand(version string) *cobra.Command {
	cmd, cfg, file := command("backup FILE|DIR", "Back up state, ledger and content into one file, while the server runs")
	cmd.Long = `Back up the state, the ledger and the content into one file, at one position of
the ledger. A running server makes it; else this command does. In a directory
the file gets a name.

With --recipient (age1…, as 'age-keygen' prints it) the file is encrypted and
holds the keys of agents and of sealed secrets too. Without it holds no key:
after a restore agents enrol again and connections are entered again. The
ledger's signing key is in no backup.`
	cmd.Args = cobra.ExactArgs(1)
	var recipients []string
	var asJSON bool
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "age recipient that can open the file (may be given again)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was made as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := config.Load(cfg, cmd.Flags(), os.Environ(), *file); err != nil {
			return err
		}
		to, err := filepath.Abs(args[0])
		if err != nil {
			return err
		}
		made, note, err := backUp(cmd.Context(), *cfg, version, backupCommand{To: to, Recipients: recipients})
		if err != nil {
			return err
		}
		if asJSON {
			return printIndented(cmd.OutOrStdout(), made)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "backup   %s\nledger   %d entries of %s\nholds    %d files, %d bytes in %d\nmanifest %s\n", made.Path, made.Ledger.Size, made.Ledger.Origin, made.Files, made.Bytes, made.Packed, made.Manifest)
		if !made.Encrypted {
			fmt.Fprintln(cmd.ErrOrStderr(), "hint:  it is not encrypted and holds no key; with --recipient it is and does")
		}
		if note != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), "note: ", note)
		}
		return nil
	}
	cmd.AddCommand(backupVerify())
	return cmd
}

func printIndented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// backUp asks the server of the data directory, or makes the backup itself.
func backUp(ctx context.Context, cfg Config, version string, c backupCommand) (made backup.Made, note string, err error) {
	path, err := filepath.Abs(cfg.Data)
	if err != nil {
		return made, "", err
	}
	dir := DataDir(path)
	if st, err := os.Stat(path); err != nil || !st.IsDir() {
		return made, "", fault.Wrap(fault.NotFound, err, "there is no data directory at %s", path).WithHint("name it with --data")
	}
	lock, err := dir.lock()
	if errors.Is(err, errHeld) {
		body, err := json.Marshal(c)
		if err != nil {
			return made, "", err
		}
		raw, err := tell(ctx, path, "/-/backup", nil, bytes.NewReader(body), int64(len(body)))
		if err != nil {
			return made, "", err
		}
		return made, "", json.Unmarshal(raw, &made)
	}
	if err != nil {
		return made, "", err
	}
	defer lock.Close()
	location := cfg.Database
	if location == "" {
		location = dir.Database()
	}
	db, err := database.Open(ctx, location, database.AsIs)
	if err != nil {
		return made, "", err
	}
	defer db.Close()
	logger, err := newLogger(io.Discard, "error")
	if err != nil {
		return made, "", err
	}
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: dir.Ledger(), KeyFile: ledgerKey(dir), Logger: logger})
	if err != nil {
		return made, "", err
	}
	defer log.Close()
	made, err = backup.Make(ctx, dir.backupConfig(db, log, version, clock.System), backup.Options{To: c.To, Recipients: c.Recipients})
	if err != nil {
		return made, "", err
	}
	if have, newest, err := db.Version(ctx); err != nil || have < newest {
		return made, "the database is older than this program, so the ledger has no entry of this backup", err
	}
	if made, err = backup.Record(ctx, db, log, access.System().UserID, made); err != nil {
		return made, "", err
	}
	return made, "", log.Publish(ctx)
}

// identities reads the file of --identity-file; none where it is not given.
func identities(path string) ([]age.Identity, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "the identity file %s cannot be read", path).At("", 0, "identity-file")
	}
	return backup.ParseIdentities(raw)
}

// verified is what `backup verify --json` prints.
type verified struct {
	backup.Header
	Ledger   backup.Position `json:"ledger"`
	Content  bool            `json:"content"`
	Keys     bool            `json:"keys"`
	Files    int             `json:"files"`
	Bytes    int64           `json:"bytes"`
	Manifest string          `json:"manifest"`
}

func backupVerify() *cobra.Command {
	var identity string
	var asJSON bool
	cmd := &cobra.Command{Use: "verify FILE", Short: "Read all of a backup and hold each file against its manifest", Args: cobra.ExactArgs(1),
		Long: `Read all of a backup and hold each file against its manifest. The ledger in it
is verified by 'attesta restore', which can be tried into any empty directory.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := identities(identity)
			if err != nil {
				return err
			}
			m, err := backup.Verify(cmd.Context(), args[0], ids)
			if err != nil {
				return err
			}
			if asJSON {
				return printIndented(cmd.OutOrStdout(), verified{m.Header, m.Ledger, m.Content, m.Keys, len(m.Files), m.Bytes(), m.Digest})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "made     %s by %s (schema %d, %s)\nledger   %d entries of %s\nholds    %d files, %d bytes; content: %s; keys: %s\nmanifest %s: every file has its digest\n",
				m.Made.Format("2006-01-02 15:04:05 UTC"), m.Version, m.Schema, m.Dialect, m.Ledger.Size, m.Ledger.Origin, len(m.Files), m.Bytes(), yesNo(m.Content), yesNo(m.Keys), m.Digest)
			return nil
		}}
	cmd.Flags().StringVar(&identity, "identity-file", "", "file with the age identity that opens an encrypted backup")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// RestoreCommand is `attesta restore FILE --data DIR`.
func RestoreCommand() *cobra.Command {
	cmd, cfg, file := command("restore FILE", "Bring a backup back into an empty data directory, verified, as a new epoch of the ledger")
	cmd.Long = `Bring a backup back into a data directory that is empty or not there. Every file is
held against the manifest, and the ledger is verified with its business rows before
the directory gets its name. The restored ledger is a new epoch: the same entries
under a new name and key, then one entry that commits to the last checkpoint of
the backup. Sessions and unused login links end.`
	cmd.Args = cobra.ExactArgs(1)
	var identity, key string
	var verify, asJSON bool
	cmd.Flags().StringVar(&identity, "identity-file", "", "file with the age identity that opens an encrypted backup")
	cmd.Flags().StringVar(&key, "key", "", "the ledger's verifier key, from outside the backup")
	cmd.Flags().BoolVar(&verify, "verify", true, "verify all of the ledger and its rows; false looks at its end only")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was brought back as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := config.Load(cfg, cmd.Flags(), os.Environ(), *file); err != nil {
			return err
		}
		ids, err := identities(identity)
		if err != nil {
			return err
		}
		back, err := backup.Restore(cmd.Context(), backup.RestoreOptions{From: args[0], To: cfg.Data, Database: cfg.Database, Identities: ids, Key: key, Quick: !verify,
			Bindings: Bindings(), After: access.AfterRestore,
			Prepare: func(db *database.DB) error { // the queue's tables are river's
				_, err := jobs.New(cmd.Context(), jobs.Config{DB: db})
				return err
			},
			Progress: func(what string) { fmt.Fprintln(cmd.ErrOrStderr(), what) }})
		if err != nil {
			return err
		}
		if asJSON {
			err = printIndented(cmd.OutOrStdout(), back)
		} else {
			checked := fmt.Sprintf("%d entries of %s", back.Verified.Size, back.Epoch.Before)
			if !verify {
				checked = "every file's digest, and the end of the ledger; run 'attesta ledger verify'"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored %s, made %s by %s\nverified %s\nepoch    %s goes on from entry %d\n", cfg.Data, back.Made.Format("2006-01-02 15:04:05 UTC"), back.Version,
				checked, back.Epoch.Origin, back.Epoch.Size)
		}
		if err != nil {
			return err
		}
		if !back.Keys {
			fmt.Fprintln(cmd.ErrOrStderr(), "hint:  the backup held no keys: enrol the agents again, and enter connections again")
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "hint:  look through users and tokens: whoever was disabled after the backup was made is enabled again")
		if !back.Content {
			return &cli.ExitError{Code: cli.Partial, Message: "the backup was made before a migration and holds no content: copy blobs/, evidence/ and exports/ from the old data directory"}
		}
		return nil
	}
	return cmd
}
