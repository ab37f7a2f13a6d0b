package server

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
)

// keepComponents makes the register of what hosts consist of.
func (p *parts) keepComponents() error {
	p.components = component.New(component.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Clock: p.clock, Version: p.version})
	return nil
}

// hostChanged tells whom it concerns what a batch changed of a host, in the batch's
// transaction.
func (p *parts) hostChanged(ctx context.Context, tx *sql.Tx, news host.News) error {
	return p.components.Changed(ctx, tx, news)
}

// defineComponents has approvals that end, hosts that fall silent and large changes
// looked at.
func (p *parts) defineComponents() error {
	return p.jobs.Define("components that somebody must approve", jobs.Every(30*time.Second), p.components.Turn)
}
