package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/connectors/ldap"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/training"
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
	p.people, err = people.New(people.Config{DB: p.db, Ledger: p.log, Access: p.access, Key: p.sealed, Book: book, Findings: p.findings, Hosts: p.hosts, Badges: p.badgeAccounts, Directory: p.directory, Clock: p.clock, Logger: p.logger, Shown: p.shown,
		Connect: func(s people.Settings, secret string) (people.Reader, error) { return ldap.New(s, secret) }})
	return err
}

// shown says whether records here show that somebody did what an item of a
// checklist asks: acknowledged every policy that concerns them, or completed a course.
func (p *parts) shown(ctx context.Context, user, by string) (checklist.Shown, error) {
	u, err := p.access.User(ctx, access.System(), user)
	if err != nil {
		return checklist.Shown{}, err
	}
	who := access.Principal{UserID: u.ID, Name: u.Name, Role: u.Role}
	if course, ok := strings.CutPrefix(by, "training:"); ok {
		all, err := p.Training.Mine(ctx, who)
		if fault.Is(err, fault.Forbidden) {
			return checklist.Shown{Text: "their role takes no courses"}, nil
		}
		for _, c := range all {
			if c.Course == course && c.Completed != 0 && c.State != training.Late && c.State != training.Open {
				return checklist.Shown{Done: true, Day: c.Completed.String(), Text: fmt.Sprintf("completed the course “%s”, version %d", c.Title, c.Of)}, nil
			}
		}
		return checklist.Shown{Text: "the course " + course + " is not completed"}, err
	}
	all, err := p.policies.Mine(ctx, who)
	switch {
	case fault.Is(err, fault.Forbidden):
		return checklist.Shown{Text: "their role acknowledges no policies"}, nil
	case err != nil || len(all) == 0:
		return checklist.Shown{Text: "no published policy concerns them yet"}, err
	}
	var last time.Time
	for _, t := range all {
		if !t.Done() {
			return checklist.Shown{Text: "“" + t.Title + "” is not acknowledged"}, nil
		}
		if t.Acknowledged.After(last) {
			last = t.Acknowledged
		}
	}
	return checklist.Shown{Done: true, Day: last.UTC().Format(time.DateOnly), Text: fmt.Sprintf("acknowledged all %d published policies that concern them", len(all))}, nil
}

// followPeople reads directories, lets days take effect, and looks for leavers'
// accounts and for what reviews revoked.
func (p *parts) followPeople(ctx context.Context) error {
	if err := p.people.Start(ctx); err != nil {
		return err
	}
	return errors.Join(
		p.jobs.Define("directories of people and accounts of leavers", jobs.Every(time.Minute), p.people.Tick, jobs.Limit(10*time.Minute)),
		p.jobs.Define("checklist items that records show to be done", jobs.Every(10*time.Minute), p.people.Lists().Settle, jobs.Limit(10*time.Minute)),
		p.jobs.Define("access that is to be revoked", jobs.Every(5*time.Minute), p.reviews.Follow, jobs.Limit(10*time.Minute)),
	)
}
