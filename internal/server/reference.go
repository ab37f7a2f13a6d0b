package server

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/reference"
)

// keepReferences makes the service of hosts that others are to be like.
func (p *parts) keepReferences() {
	p.references = reference.New(reference.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Components: p.components, Integrity: p.integrity, Baselines: p.baselines, Clock: p.clock})
}

// inForce gives the references in use.
func (p *parts) inForce(ctx context.Context, tx *sql.Tx) ([]component.Reference, error) {
	return p.references.InForce(ctx, tx)
}
