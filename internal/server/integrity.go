package server

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/internal/wire"
)

// keepIntegrity makes the service of changed files.
func (p *parts) keepIntegrity() {
	who := &logins{people: p.people}
	p.integrity = integrity.New(integrity.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Changes: p.changes, Clock: p.clock, Version: p.version, Silent: p.outcomes.Silent, Person: who.of, Approved: p.approvedFile})
	p.baselines = baseline.New(baseline.Config{DB: p.db, Ledger: p.log, Asks: p.asks, Integrity: p.integrity, Changes: p.changes, Clock: p.clock})
}

// approvedFile gives which approval of the register of components a package has that
// came from a file.
func (p *parts) approvedFile(ctx context.Context, q database.Querier, hostName string, c *wire.PackageClaim, at time.Time) (string, error) {
	return p.components.PackageFrom(ctx, q, hostName, c.Manager, c.Name, at)
}

// defineIntegrity has watched hosts said to be in force, and silent ones found.
func (p *parts) defineIntegrity() error {
	return p.jobs.Define("files that are watched", jobs.Every(30*time.Second), p.integrity.Turn)
}

func integrityBatch(b ingest.Batch) integrity.Batch {
	return integrity.Batch{Source: b.Source.ID, Name: b.Source.Name, ObservedAt: b.Envelope.ObservedAt, OffsetUs: b.ClockOffsetUs, ReceivedAt: b.ReceivedAt, Items: b.Envelope.Items}
}

// receiveChanges takes in changed files.
func (p *parts) receiveChanges(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
	return p.integrity.Receive(ctx, tx, integrityBatch(b))
}

// logins says whose a login on a host is, by the register of people, as known when
// it last changed.
type logins struct {
	people *people.Service

	mu     sync.Mutex
	mark   string         // guarded by mu: of the register
	owners *roster.Owners // guarded by mu
}

func (l *logins) of(ctx context.Context, hostID, login string) (string, error) {
	mark, err := l.people.Mark(ctx)
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owners == nil || mark != l.mark {
		owners, err := l.people.Owners(ctx)
		if err != nil {
			return "", err
		}
		l.mark, l.owners = mark, owners
	}
	id := l.owners.Of(hostID, login, "", login == "root")
	if p := l.owners.People[id]; p != nil && p.UserID != "" {
		return p.UserID, nil
	}
	return id, nil
}
