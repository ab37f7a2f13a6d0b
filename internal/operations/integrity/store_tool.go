package integrity

import (
	"context"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/clause"
	"github.com/attesta/attesta/internal/proof/permit"
)

func insertRun(ctx context.Context, q database.Querier, tool string, t RunToken) error {
	return exec(ctx, q, "store a token of a run", `INSERT INTO integrity_run (id, tool, run, text, from_at, until_at, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.ID, tool, t.Run, t.Text, t.From*1_000_000, t.Until*1_000_000, micros(t.MadeAt), t.MadeBy, t.Entry)
}

const runColumns = `id, text, made_at, made_by, entry_id`

func scanRun(scan func(...any) error) (t RunToken, err error) {
	var id string
	var made int64
	if err = scan(&id, &t.Text, &made, &t.MadeBy, &t.Entry); err != nil {
		return t, err
	}
	t.MadeAt = moment(made)
	if t.Token, err = permit.Form(t.Text); err != nil { // our own text; whoever relies on it verifies
		return t, fault.Wrap(fault.Refused, err, "the token %s cannot be read", id)
	}
	return t, nil
}

// runTokens gives those of the tokens that were made here.
func runTokens(ctx context.Context, q database.Querier, ids []string) (out []RunToken, err error) {
	err = clause.InParts(ids, 1, func(in string, args []any) error {
		list, err := all(ctx, q, "read tokens of runs", scanRun, `SELECT `+runColumns+` FROM integrity_run WHERE id IN (`+in+`)`, args...)
		out = append(out, list...)
		return err
	})
	return out, err
}

func runsOf(ctx context.Context, q database.Querier, tool string, limit int) ([]RunToken, error) {
	return all(ctx, q, "read tokens of runs", scanRun, `SELECT `+runColumns+` FROM integrity_run WHERE tool = $1 ORDER BY made_at DESC, id DESC LIMIT $2`, tool, limit)
}
