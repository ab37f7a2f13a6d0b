package change

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

type signingKey struct {
	id, public string
	private    []byte
}

func keys(ctx context.Context, q database.Querier) ([]signingKey, error) {
	var all []signingKey
	rows, err := q.QueryContext(ctx, `SELECT id, public, private FROM change_key ORDER BY made_at DESC, id`)
	err = each(rows, err, "read the keys of change tokens", func() error {
		var k signingKey
		err := rows.Scan(&k.id, &k.public, &k.private)
		all = append(all, k)
		return err
	})
	return all, err
}

func insertKey(ctx context.Context, q database.Querier, k signingKey, at time.Time, entry string) error {
	_, err := exec(ctx, q, "store the key of change tokens", `INSERT INTO change_key (id, public, private, made_at, entry_id) VALUES ($1, $2, $3, $4, $5)`, k.id, k.public, k.private, micros(at), entry)
	return err
}

func insertToken(ctx context.Context, q database.Querier, item string, t Token) error {
	_, err := exec(ctx, q, "store a change token", `INSERT INTO change_token (id, item_id, text, digest, from_at, until_at, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.ID, item, t.Text, digestOf([]byte(t.Text)), t.From*1_000_000, t.Until*1_000_000, micros(t.MadeAt), t.MadeBy, t.Entry)
	return err
}

func tokens(ctx context.Context, q database.Querier, where string, args ...any) ([]Token, error) {
	all := []Token{}
	rows, err := q.QueryContext(ctx, `SELECT t.id, t.text, t.made_at, t.made_by, t.entry_id FROM change_token t `+where+` ORDER BY t.made_at DESC, t.id`, args...)
	err = each(rows, err, "read change tokens", func() error {
		var t Token
		var id string
		var made int64
		if err := rows.Scan(&id, &t.Text, &made, &t.MadeBy, &t.Entry); err != nil {
			return err
		}
		// Our own text: what it says is shown; whoever relies on it verifies.
		parts := strings.Split(t.Text, ".")
		if len(parts) != 3 {
			return fault.New(fault.Refused, "change token %s cannot be read", id)
		}
		raw, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil {
			err = json.Unmarshal(raw, &t.Token)
		}
		if err != nil {
			return fault.Wrap(fault.Refused, err, "change token %s cannot be read", id)
		}
		t.MadeAt = moment(made)
		all = append(all, t)
		return nil
	})
	return all, err
}
