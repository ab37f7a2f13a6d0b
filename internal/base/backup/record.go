package backup

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// MadeType is the type of the entry that a backup was made.
const MadeType = "backup.made"

// Record enters a backup into the ledger, with its row. actor is a pseudonym.
func Record(ctx context.Context, db *database.DB, log *ledger.Log, actor string, m Made) (Made, error) {
	m.ID = ids.New("bkp", m.At)
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		entry, err := log.Append(ctx, tx, ledger.Entry{Stream: "system", Type: MadeType, Actor: actor, Subject: m.ID, Blob: m.Manifest, Data: map[string]any{
			"at": m.At, "reason": string(m.Reason), "size": m.Ledger.Size, "root": m.Ledger.Root, "bytes": m.Bytes, "files": m.Files, "encrypted": m.Encrypted}})
		if err != nil {
			return err
		}
		return insertMade(ctx, tx, m, entry)
	})
	return m, err
}

// Bindings hold the entries of backups against their rows.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: MadeType, Check: func(ctx context.Context, q database.Querier, rec ledger.Record) error {
		m, ok, err := madeByEntry(ctx, q, rec.ID)
		if err != nil {
			return err
		}
		number := func(name string) int64 { n, _ := rec.Data[name].(int64); return n }
		text := func(name string) string { s, _ := rec.Data[name].(string); return s }
		encrypted, _ := rec.Data["encrypted"].(bool)
		if !ok || m.ID != rec.Subject || m.Manifest != rec.Blob || string(m.Reason) != text("reason") || m.Ledger.Size != number("size") || m.Ledger.Root != text("root") ||
			m.Bytes != number("bytes") || m.Files != number("files") || m.Encrypted != encrypted {
			return fault.New(fault.Refused, "ledger record %s (%s of %s): its row is gone or says something else", rec.ID, rec.Type, rec.Subject).
				WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
		}
		return nil
	}}}
}
