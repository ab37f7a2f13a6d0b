package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/connectors/ldap"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/packs"
)

// keepPeople makes the service of people.
func (p *parts) keepPeople() error {
	dir, err := packs.Open(packs.Checklists()[0])
	if err != nil {
		return fmt.Errorf("open the checklists: %w", err)
	}
	book, err := checklist.Load(dir)
	if err != nil {
		return fmt.Errorf("read the checklists: %w", err)
	}
	p.people, err = people.New(people.Config{DB: p.db, Ledger: p.log, Access: p.access, Key: p.sealed, Book: book, Findings: p.findings, Hosts: p.hosts, Badges: p.badgeAccounts, Directory: p.directory, Clock: p.clock, Logger: p.logger,
		Connect: func(s people.Settings, secret string) (people.Reader, error) { return ldap.New(s, secret) }})
	return err
}

// followPeople reads directories, lets days take effect, and looks for leavers'
// accounts and for what reviews revoked.
func (p *parts) followPeople(ctx context.Context) error {
	if err := p.people.Start(ctx); err != nil {
		return err
	}
	return errors.Join(
		p.jobs.Define("directories of people and accounts of leavers", jobs.Every(time.Minute), p.people.Tick, jobs.Limit(10*time.Minute)),
		p.jobs.Define("access that is to be revoked", jobs.Every(5*time.Minute), p.reviews.Follow, jobs.Limit(10*time.Minute)),
	)
}
