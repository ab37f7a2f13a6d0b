package change

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Given gives the tokens that hold at some moment of a stretch of time, and those
// with the ids whenever they hold, for whoever watches files on hosts. q may be the
// caller's transaction.
func (s *Service) Given(ctx context.Context, q database.Querier, from, to time.Time, ids []string) ([]Token, error) {
	where, args := []string{`t.until_at > $1 AND t.from_at <= $2`}, []any{micros(from), micros(to)}
	for _, id := range ids {
		args = append(args, id)
		where = append(where, fmt.Sprintf(`t.id = $%d`, len(args)))
	}
	return tokens(ctx, q, `WHERE `+strings.Join(where, ` OR `), args...)
}

// Verifiers gives the public keys that verify tokens, newest first.
func (s *Service) Verifiers(ctx context.Context, q database.Querier) ([]ed25519.PublicKey, error) {
	all, err := keys(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []ed25519.PublicKey
	for _, k := range all {
		raw, err := base64.StdEncoding.DecodeString(k.public)
		if err != nil || len(raw) != ed25519.PublicKeySize {
			return nil, fault.New(fault.Refused, "the key %s of change tokens cannot be read", k.id)
		}
		out = append(out, raw)
	}
	return out, nil
}

// Sign lets something else than a change be signed by the key of tokens, such as a
// baseline that p approved; the first time it is made. Whoever calls it has decided
// that p may.
func (s *Service) Sign(ctx context.Context, tx *sql.Tx, p access.Principal, sign func(ed25519.PrivateKey) error) error {
	key, err := s.signer(ctx, tx, p)
	if err != nil {
		return err
	}
	return sign(key)
}
