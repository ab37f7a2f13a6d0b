package server

import (
	"archive/tar"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"

	"github.com/klauspost/compress/zstd"
)

// older unpacks the data directory that an older version left.
func older(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "older", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	data := filepath.Join(t.TempDir(), "data")
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return data
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(data, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, b, h.FileInfo().Mode().Perm())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// entries gives the position and digest of every numbered entry.
func entries(t *testing.T, location string) map[int64]string {
	t.Helper()
	db, err := database.Open(t.Context(), location, database.AsIs)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Reader().QueryContext(t.Context(), `SELECT idx, id FROM ledger_entry WHERE idx IS NOT NULL`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[int64]string{}
	for rows.Next() {
		var at int64
		var id string
		if err := rows.Scan(&at, &id); err != nil {
			t.Fatal(err)
		}
		all[at] = id
	}
	if err := rows.Err(); err != nil || len(all) == 0 {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	return all
}

// afterUpgrade starts a server over what an older version left and looks for
// everything that stood in it.
func afterUpgrade(t *testing.T, cfg Config) {
	t.Helper()
	host := &stand{}
	host.set(0o644)
	in := begin(t, cfg, Options{Inventory: host.inventory})
	v := in.passwordLogin()
	for path, says := range map[string]string{
		"/hosts":                       "1 host",
		"/findings?state=closed":       "/etc/group",
		"/evidence":                    "Access review",
		"/evidence/E-1":                "awaits review",
		"/scope":                       "Larkfield Payroll",
		"/controls?state=adopted":      "Vulnerabilities are scanned",
		"/criteria/CC7.1":              "CC7.1",
		"/standards":                   "not approved yet",
		"/ledger":                      "ledger",
		"/criteria?at=2026-11-28&q=CC": "CC1.1",
	} {
		if page := v.get(path); !strings.Contains(page, says) {
			t.Errorf("%s does not say %q after the upgrade: %.3000s", path, says, page)
		}
	}
	resp, err := v.c.Get(v.u + "/evidence/E-1/1/content")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || string(b) != "ann,admin\n" {
		t.Errorf("the evidence is %q, %v", b, err)
	}
	if err := in.end(); err != nil {
		t.Fatalf("%v\n%s", err, in.logs)
	}
}

// What an older version left is brought up to date by the first start: nothing
// that stood in it is gone, its ledger goes on, and a backup was made before.
func TestUpgradeOfAnOlderDataDirectory(t *testing.T) {
	data := older(t, "schema-10.tar.zst")
	location := "sqlite:" + filepath.Join(data, "attesta.db")
	before := entries(t, location)
	afterUpgrade(t, local(data))
	kept, err := filepath.Glob(data + "/backups/*" + backup.Extension)
	if err != nil || len(kept) != 1 {
		t.Fatalf("backups before the migration: %v, %v", kept, err)
	}
	if m, err := backup.Verify(t.Context(), kept[0], nil); err != nil || m.Schema != 10 {
		t.Errorf("%+v, %v", m.Header, err)
	}
	rep := verifyAll(t, data, location)
	if rep.Bound[backup.MadeType] != 1 || rep.Size <= int64(len(before)) {
		t.Errorf("%+v, %d entries before", rep, len(before))
	}
	after := entries(t, location)
	for at, id := range before {
		if after[at] != id {
			t.Fatalf("entry %d was %s and is %q", at, id, after[at])
		}
	}
}

// A backup of an older version is restored into this one, on both databases.
func TestUpgradeOfAnOlderBackup(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			cfg := local(filepath.Join(t.TempDir(), "restored"))
			args := []string{filepath.Join("testdata", "older", map[string]string{"sqlite": "schema-28", "postgres": "schema-28-postgresql"}[engine]+backup.Extension), "--data", cfg.Data}
			location := "sqlite:" + filepath.Join(cfg.Data, "attesta.db")
			if engine == "postgres" {
				if os.Getenv("ATTESTA_TEST_POSTGRES") == "" {
					t.Skip("NOT RUN: ATTESTA_TEST_POSTGRES names no PostgreSQL server")
				}
				cfg.Database = databasetest.PostgresLocation(t)
				location = cfg.Database
				secret := filepath.Join(t.TempDir(), "database")
				if err := os.WriteFile(secret, []byte(location), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--database-file", secret)
			}
			if text, err := program(t, RestoreCommand(), args...); err != nil {
				t.Fatalf("%s %v", text, err)
			}
			afterUpgrade(t, cfg)
			verifyAll(t, cfg.Data, location)
		})
	}
}
