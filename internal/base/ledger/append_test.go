package ledger_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
)

func TestAppend(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		dir := t.TempDir()
		l, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "keys", "ledger.key"),
			Clock: clock.NewManual(time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC)).Now})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var id string
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			id, err = l.Append(ctx, tx, ledger.Entry{Type: "user.login", Stream: "people", Actor: "usr_1", Subject: "usr_1",
				Data: map[string]any{"n": 7, "list": []string{"a"}}, Personal: map[string]string{"name": "Ada"}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		rec, err := l.Record(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if rec.Index != -1 || rec.StreamSeq != 1 || rec.Data["n"] != int64(7) || rec.Commitment == "" {
			t.Errorf("record %+v", rec)
		}
		t.Logf("%s", rec.Raw)
	})
}
