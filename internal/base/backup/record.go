package backup

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// MadeType is the type of the entry that a backup was made.
const MadeType = "backup.made"

// The types of the other entries.
const (
	FailedType   = "backup.failed"       // an attempt to make one
	VerifiedType = "backup.verified"     // outcome pass or fail
	ScheduleType = "backup.schedule_set" // how often, and how many are kept
	TakenType    = "backup.taken"        // its file was downloaded
	RemovedType  = "backup.removed"      // by the retention
)

// Record enters a backup into the ledger, with its row. actor is a pseudonym.
func Record(ctx context.Context, db *database.DB, log *ledger.Log, actor string, m Made) (Made, error) {
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := record(ctx, tx, log, actor, &m)
		return err
	})
	return m, err
}

func record(ctx context.Context, tx *sql.Tx, log *ledger.Log, actor string, m *Made) (entry string, err error) {
	m.ID, m.Actor = ids.New("bkp", m.At), actor
	entry, err = log.Append(ctx, tx, ledger.Entry{Stream: stream(actor), Type: MadeType, Actor: actor, Subject: m.ID, Blob: m.Manifest, Data: map[string]any{
		"at": m.At, "reason": string(m.Reason), "size": m.Ledger.Size, "root": m.Ledger.Root, "bytes": m.Bytes, "files": m.Files, "encrypted": m.Encrypted, "file": m.SHA256}})
	if err != nil {
		return "", err
	}
	return entry, insertMade(ctx, tx, *m, entry)
}

// stream is where entries of somebody stand.
func stream(actor string) string {
	if actor == "system" {
		return "system"
	}
	return "people"
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
			m.SHA256 != text("file") || m.Bytes != number("bytes") || m.Files != number("files") || m.Encrypted != encrypted {
			return fault.New(fault.Refused, "ledger record %s (%s of %s): its row is gone or says something else", rec.ID, rec.Type, rec.Subject).
				WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
		}
		return nil
	}}, {Name: FailedType, Check: checkRun}, {Name: VerifiedType, Check: checkRun}, {Name: ScheduleType, Check: checkSchedule}}
}

// data is what the ledger says of how an attempt ended. The reason is there as a
// digest: it may name places.
func (r Run) data() map[string]any {
	sum := sha256.Sum256([]byte(r.Trouble))
	return map[string]any{"run": r.ID, "backup": r.Backup, "state": r.State, "how": string(r.How), "reason": string(r.Reason), "trouble": hex.EncodeToString(sum[:])}
}

func checkRun(ctx context.Context, q database.Querier, rec ledger.Record) error {
	id, _ := rec.Data["run"].(string)
	r, err := runByID(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Refused, "ledger record %s (%s): the row of attempt %s is gone", rec.ID, rec.Type, id)
	}
	if err != nil {
		return err
	}
	for name, want := range r.data() {
		if rec.Data[name] != want {
			return fault.New(fault.Refused, "attempt %s: its row says %s is %v, the ledger says %v", id, name, want, rec.Data[name])
		}
	}
	return nil
}

// checkSchedule holds the newest entry about the schedule against its row.
func checkSchedule(ctx context.Context, q database.Querier, rec ledger.Record) error {
	every, keep, entry, ok, err := scheduleRow(ctx, q)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Refused, "ledger record %s: the schedule of backups is gone", rec.ID)
	}
	if entry == rec.ID && (rec.Data["every_seconds"] != int64(every.Seconds()) || rec.Data["keep"] != int64(keep)) {
		return fault.New(fault.Refused, "the schedule of backups says every %s, keep %d; the ledger says something else", every, keep)
	}
	return nil
}
