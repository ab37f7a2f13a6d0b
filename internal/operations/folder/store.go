package folder

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Made is an import that was made.
type Made struct {
	Number  int64     `json:"number"`
	Digest  string    `json:"digest"`
	Created int       `json:"created"`
	Changed int       `json:"changed"`
	Lines   []Line    `json:"lines,omitempty"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Entry   string    `json:"entry"`
}

// Line is what an import did to one file.
type Line struct {
	Path   string `json:"path"`
	State  State  `json:"state"`
	Digest string `json:"digest"` // of the server's file after it
}

// record keeps an import with its ledger entry.
func (s *Service) record(ctx context.Context, who access.Principal, note string, out *Result) error {
	lines := []Line{}
	for _, c := range out.Changes {
		if c.State == Created || c.State == Changed {
			lines = append(lines, Line{c.Path, c.State, out.Base[c.Path]})
		}
	}
	content, err := json.Marshal(lines)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := s.cfg.Clock()
		id := ids.New("fim", now)
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM folder_import`).Scan(&out.Number); err != nil {
			return fmt.Errorf("number an import: %w", err)
		}
		e := ledger.Entry{Type: "programme.imported", Stream: stream(who), Actor: who.UserID, Subject: id, Personal: map[string]string{"note": note},
			Data: map[string]any{"number": out.Number, "digest": out.Digest, "created": out.Counts[Created], "changed": out.Counts[Changed], "lines": DigestOf(content)}}
		if who.Via == access.ViaCommand {
			e.Data["via"] = string(who.Via)
		}
		entry, err := s.cfg.Ledger.Append(ctx, tx, e)
		if err != nil {
			return fmt.Errorf("record an import of the programme: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO folder_import (id, number, digest, created, changed, content, made_at, made_by, entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			id, out.Number, out.Digest, out.Counts[Created], out.Counts[Changed], string(content), now.UnixMicro(), who.UserID, entry)
		return err
	})
}

// Imports gives the imports that were made, newest first.
func (s *Service) Imports(ctx context.Context, who access.Principal) ([]Made, error) {
	if err := access.Authorise(who, access.ProgrammeRead); err != nil {
		return nil, err
	}
	rows, err := s.cfg.DB.Reader().QueryContext(ctx, `SELECT number, digest, created, changed, content, made_at, made_by, entry FROM folder_import ORDER BY number DESC LIMIT 100`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Made
	for rows.Next() {
		var m Made
		var content string
		var at int64
		if err := rows.Scan(&m.Number, &m.Digest, &m.Created, &m.Changed, &content, &at, &m.By, &m.Entry); err != nil {
			return nil, err
		}
		m.At = time.UnixMicro(at).UTC()
		if err := json.Unmarshal([]byte(content), &m.Lines); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "import %d of the programme cannot be read", m.Number)
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

// Bindings hold the entries about imports against their rows.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "programme.imported", Check: bound}}
}

func bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	var number, created, changed int64
	var digest, content, by, entry string
	err := q.QueryRowContext(ctx, `SELECT number, digest, created, changed, content, made_by, entry FROM folder_import WHERE id = $1`, rec.Subject).
		Scan(&number, &digest, &created, &changed, &content, &by, &entry)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return refuse("its row is gone")
	case err != nil:
		return err
	case entry != rec.ID || by != rec.Actor:
		return refuse("its row names another entry or person")
	}
	for name, v := range map[string]any{"number": number, "digest": digest, "created": created, "changed": changed, "lines": DigestOf([]byte(content))} {
		if rec.Data[name] != v {
			return refuse("its row says something else than was recorded as " + name)
		}
	}
	return nil
}
