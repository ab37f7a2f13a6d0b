package server

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/wire"
)

// keepCapacity makes the service of capacity.
func (p *parts) keepCapacity() error {
	p.asks = ask.New(ask.Config{DB: p.db, Ledger: p.log, Clock: p.clock})
	cfg := capacity.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Clock: p.clock, Version: p.version, Promises: p.promises}
	if isDemo(p.log.Origin()) {
		cfg.Grace = 13 * time.Hour // its samples are twelve hours apart
	}
	p.capacity = capacity.New(cfg)
	return nil
}

// defineCapacity has commitments held against what is used.
func (p *parts) defineCapacity() error {
	return p.jobs.Define("capacity against commitments", jobs.Every(30*time.Second), p.capacity.Turn)
}

// promises gives the commitments of the scope by id.
func (p *parts) promises(ctx context.Context) (map[string]string, error) {
	v, err := p.scopes.Now(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, c := range v.Commitments {
		out[c.ID] = c.Statement
	}
	return out, nil
}

// receiveSample takes in the sample of capacity that a heartbeat brought, if any.
func (p *parts) receiveSample(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
	if len(b.Envelope.Items) != 1 {
		return nil // the register of hosts said so
	}
	var hb wire.Heartbeat
	if err := json.Unmarshal(b.Envelope.Items[0], &hb); err != nil {
		return fault.Wrap(fault.Invalid, err, "the heartbeat cannot be read: %v", err).At("", 0, "items")
	}
	if hb.Sample == nil {
		return nil
	}
	at := b.Envelope.ObservedAt
	if b.ClockOffsetUs != nil {
		at = at.Add(-time.Duration(*b.ClockOffsetUs) * time.Microsecond)
	}
	return p.capacity.Receive(ctx, tx, b.Source.ID, b.Source.Name, at, hb.Sample)
}
