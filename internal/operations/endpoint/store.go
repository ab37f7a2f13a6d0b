package endpoint

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func putBody(ctx context.Context, q database.Querier, digest string, raw []byte) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO endpoint_body (digest, devices) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, digest, raw); err != nil {
		return fmt.Errorf("keep a list of devices: %w", err)
	}
	return nil
}

// readBody gives the devices of a digest, which it must have.
func readBody(ctx context.Context, q database.Querier, digest string) ([]Device, error) {
	var raw []byte
	err := q.QueryRowContext(ctx, `SELECT devices FROM endpoint_body WHERE digest = $1`, digest).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.Refused, "the list of devices %s is gone", digest)
	}
	if err != nil {
		return nil, fmt.Errorf("read a list of devices: %w", err)
	}
	if digestOf(raw) != digest {
		return nil, fault.New(fault.Refused, "the list of devices %s was changed outside Attesta", digest)
	}
	var all []Device
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("list of devices %s: %w", digest, err)
	}
	return all, nil
}
