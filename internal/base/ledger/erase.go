package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

const (
	redactionType   = "redaction"
	redactionStream = "redactions"
)

// Erase deletes the personal data of an entry, and its salt, for good, and
// appends a redaction entry that says which entry, on what legal basis and who
// approved. The entry itself stays, and every proof of it. Copies in backups,
// and in the database's journal until it is overwritten, are not reached. It
// gives the id of the redaction.
func (l *Log) Erase(ctx context.Context, tx *sql.Tx, entryID, legalBasis, approver string) (string, error) {
	if legalBasis == "" {
		return "", fault.New(fault.Invalid, "an erasure needs its legal basis").At("", 0, "legal_basis")
	}
	rows, err := rowByID(ctx, tx, entryID)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", fault.New(fault.NotFound, "the ledger has no entry %q", entryID)
	}
	salt, payload, ok, err := personalOf(ctx, tx, entryID)
	if err != nil {
		return "", err
	}
	if !ok {
		done, err := redacted(ctx, tx, entryID)
		if err != nil {
			return "", err
		}
		if done {
			return "", fault.New(fault.Conflict, "the personal data of ledger entry %s was erased already", entryID)
		}
		return "", fault.New(fault.NotFound, "ledger entry %s has no personal data", entryID)
	}
	if err := deletePersonal(ctx, tx, entryID, salt, payload); err != nil {
		return "", err
	}
	data := map[string]any{"legal_basis": legalBasis}
	if rows[0].idx >= 0 {
		data["index"] = rows[0].idx
	}
	return l.Append(ctx, tx, Entry{Type: redactionType, Stream: redactionStream, Actor: approver, Subject: entryID, Data: data})
}

// Personal gives the personal data that an entry commits to; nil when it has
// none or when it was erased. It is held against the commitment.
func Personal(ctx context.Context, q database.Querier, rec Record) (map[string]string, error) {
	if rec.Commitment == "" {
		return nil, nil
	}
	salt, payload, ok, err := personalOf(ctx, q, rec.ID)
	if err != nil || !ok {
		return nil, err
	}
	if proof.CommitmentOf(payload, salt) != rec.Commitment {
		return nil, fault.New(fault.Refused, "the personal data of ledger entry %s is not what the entry commits to", rec.ID)
	}
	var out map[string]string
	if err := json.Unmarshal(payload, &out); err != nil {
		return nil, fmt.Errorf("read personal data of ledger entry %s: %w", rec.ID, err)
	}
	return out, nil
}
