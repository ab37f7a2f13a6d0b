package server

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"

	"github.com/spf13/cobra"
)

// program runs one of the commands as the command line does.
func program(t *testing.T, cmd *cobra.Command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func verifyAll(t *testing.T, data, location string) ledger.Report {
	t.Helper()
	db, err := database.Open(t.Context(), location, database.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, err := os.ReadFile(filepath.Join(data, "keys", "ledger.pub"))
	if err != nil {
		t.Fatal(err)
	}
	rep, err := ledger.Verify(t.Context(), ledger.VerifyConfig{DB: db, Dir: filepath.Join(data, "ledger"), VerifierKey: strings.TrimSpace(string(key)), Bindings: Bindings()})
	if err != nil {
		t.Fatalf("verify %s: %v", data, err)
	}
	return rep
}

// A deployment that reports, is backed up by command while it runs, lost,
// restored and started again, on both databases.
func TestBackupAndRestoreOfADeployment(t *testing.T) {
	engines := map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return databasetest.PostgresLocation(t) }}
	for name, place := range engines {
		t.Run(name, func(t *testing.T) {
			if name == "postgres" && os.Getenv("ATTESTA_TEST_POSTGRES") == "" {
				t.Skip("NOT RUN: ATTESTA_TEST_POSTGRES names no PostgreSQL server")
			}
			data := filepath.Join(t.TempDir(), "data")
			cfg := local(data)
			cfg.Database = place()
			host := &stand{}
			host.set(0o644)
			in := begin(t, cfg, Options{Embedded: true, Inventory: host.inventory})
			in.login().wait("/hosts", "1 host")
			file := filepath.Join(t.TempDir(), "b"+backup.Extension)
			text, err := program(t, BackupCommand("test"), file, "--data", data, "--json")
			if err != nil {
				t.Fatal(err)
			}
			var made backup.Made
			if err := json.Unmarshal([]byte(text), &made); err != nil || made.Ledger.Size == 0 || made.ID == "" {
				t.Fatalf("%s %v", text, err)
			}
			if _, err := program(t, BackupCommand("test"), file, "--data", data); !fault.Is(err, fault.Conflict) {
				t.Errorf("a second one over the first: %v", err)
			}
			text, err = doctor(t, "--data", data, "--json")
			if got := outcomes(t, text)["backup.age"]; got != "pass" {
				t.Errorf("after a backup backup.age is %s (%v)", got, err)
			}
			if err := in.end(); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(data); err != nil { // the machine is lost
				t.Fatal(err)
			}
			if text, err := program(t, BackupCommand("test"), "verify", file); err != nil || !strings.Contains(text, "every file has its digest") {
				t.Fatalf("%s %v", text, err)
			}
			restored := local(filepath.Join(t.TempDir(), "restored"))
			restored.Database = place()
			args := []string{file, "--data", restored.Data, "--json"}
			location := "sqlite:" + filepath.Join(restored.Data, "attesta.db")
			if restored.Database != "" {
				location = restored.Database
				secret := filepath.Join(t.TempDir(), "database")
				if err := os.WriteFile(secret, []byte(location), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--database-file", secret)
			}
			text, err = program(t, RestoreCommand(), args...)
			if err != nil {
				t.Fatalf("%s %v", text, err)
			}
			var back backup.Back
			if err := json.Unmarshal([]byte(text), &back); err != nil || back.Epoch.Size != made.Ledger.Size || back.Digest != made.Manifest || back.Verified.Size != made.Ledger.Size {
				t.Fatalf("%s %v", text, err)
			}
			if rep := verifyAll(t, restored.Data, location); rep.Bound[ledger.RestoredType] != 1 {
				t.Errorf("the ledger does not say that there was a restore: %+v", rep)
			}
			if _, err := program(t, RestoreCommand(), args...); !fault.Is(err, fault.Conflict) {
				t.Errorf("restoring over it: %v", err)
			}
			in = begin(t, restored, Options{})
			if left := sessionsOf(t, location); left != 0 {
				t.Errorf("%d sessions came back to life", left)
			}
			in.passwordLogin().wait("/hosts", "1 host")
			if err := in.end(); err != nil {
				t.Fatal(err)
			}
			rep := verifyAll(t, restored.Data, location)
			t.Logf("%s: %d entries before, %d after", name, made.Ledger.Size, rep.Size)
		})
	}
}

func sessionsOf(t *testing.T, location string) int {
	t.Helper()
	db, err := database.Open(t.Context(), location, database.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := 0
	if err := db.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM access_session`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// An older data directory is backed up before it is migrated, and not migrated
// where that is impossible.
func TestBackupBeforeMigration(t *testing.T) {
	data := older(t, "schema-10.tar.zst")
	if err := os.WriteFile(data+"/backups", []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Run(t.Context(), local(data), Options{Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "backups cannot be made") {
		t.Fatalf("migrated without a backup: %v", err)
	}
	if db, err := database.Open(t.Context(), "sqlite:"+data+"/attesta.db", database.ReadOnly); !fault.Is(err, fault.Conflict) {
		t.Errorf("the schema was changed all the same: %v", err)
		db.Close()
	}
	if err := os.Remove(data + "/backups"); err != nil {
		t.Fatal(err)
	}
	in := begin(t, local(data), Options{})
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(data + "/backups/*" + backup.Extension)
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	m, err := backup.Verify(t.Context(), kept[0], nil)
	if err != nil || m.Content || m.Schema >= 27 {
		t.Errorf("%+v, %v", m.Header, err)
	}
	if rep := verifyAll(t, data, "sqlite:"+data+"/attesta.db"); rep.Bound[backup.MadeType] != 1 {
		t.Errorf("the ledger does not know of it: %+v", rep)
	}
	in = begin(t, local(data), Options{}) // nothing to migrate, nothing to back up
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	if kept, _ := filepath.Glob(data + "/backups/*"); len(kept) != 1 {
		t.Errorf("a start without a migration leaves %v", kept)
	}
	// restored, it lacks content and says so; state and ledger hold
	to := filepath.Join(t.TempDir(), "restored")
	text, err := program(t, RestoreCommand(), kept[0], "--data", to)
	if err == nil || !strings.Contains(err.Error(), "holds no content") || !strings.Contains(text, "epoch") {
		t.Errorf("%s %v", text, err)
	}
	verifyAll(t, to, "sqlite:"+to+"/attesta.db")
}

func TestScheduledBackups(t *testing.T) {
	to := t.TempDir()
	for name, c := range map[string]struct {
		change func(*Config)
		field  string
	}{
		"no directory":  {func(c *Config) { c.BackupTo = to + "/nowhere" }, "backup-to"},
		"too often":     {func(c *Config) { c.BackupTo, c.BackupEvery = to, time.Second }, "backup-every"},
		"none kept":     {func(c *Config) { c.BackupTo, c.BackupKeep = to, 0 }, "backup-keep"},
		"bad recipient": {func(c *Config) { c.BackupTo, c.BackupRecipients = to, []string{"ssh-rsa x"} }, "recipient"},
		"no place":      {func(c *Config) { c.BackupRecipients = []string{"age1x"} }, "backup-recipients"},
	} {
		cfg := local(t.TempDir())
		c.change(&cfg)
		err := Run(t.Context(), cfg, Options{Version: "test", Logger: slog.New(slog.DiscardHandler)})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, old := range []string{"20200101T000000Z", "20200102T000000Z", "20200103T000000Z"} {
		for _, prefix := range []string{"attesta-otherlog-"} {
			if err := os.WriteFile(filepath.Join(to, prefix+old+backup.Extension), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cfg := local(t.TempDir())
	cfg.BackupTo, cfg.BackupKeep = to, 2
	in := begin(t, cfg, Options{})
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		all, err := filepath.Glob(filepath.Join(to, "*"+backup.Extension))
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 4 { // the first is due at once; another log's stay
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no scheduled backup: %v\n%s", all, in.logs)
		}
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
}

// Only an administrator makes backups.
func TestBackupIsRefusedToOthers(t *testing.T) {
	for _, r := range access.Roles() {
		if r == access.Administrator {
			continue
		}
		_, err := (&parts{}).makeBackup(t.Context(), access.Principal{UserID: "usr_x", Role: r}, backup.Options{})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", r, err)
		}
	}
}

// wait asks until a page says something.
func (v *visitor) wait(path, says string) {
	v.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		page := v.get(path)
		if strings.Contains(page, says) {
			return
		}
		if time.Now().After(end) {
			v.t.Fatalf("%s does not say %q:\n%.2000s", path, says, page)
		}
	}
}

// passwordLogin comes in as the administrator whose password the backup kept.
func (in *deployment) passwordLogin() *visitor {
	in.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		in.t.Fatal(err)
	}
	v := &visitor{in.t, &http.Client{Jar: jar, Timeout: 20 * time.Second}, in.ready.URL}
	resp, err := v.c.PostForm(in.ready.URL+"/login", url.Values{"login": {"admin"}, "password": {"four plain words here"}})
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		in.t.Fatalf("logging in gave %s", resp.Status)
	}
	return v
}
