package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/notify/webhook"
	"github.com/attesta/attesta/internal/operations/activity"
	"github.com/attesta/attesta/internal/simulation/sink"
)

// told are the parts that tell people and programs of what happened, and of who did it.
type told struct {
	webhooks *webhook.Service
	notices  *notify.Service
	mail     *mail.Service
	activity *activity.Service
	sink     *sink.Sink // of a demonstration: where mail and webhooks end
	anchors  *anchor.Service
}

// tell makes what tells people and programs of what happened.
func (p *parts) tell(cfg Config, address string) error {
	dialer, err := p.dialer(cfg)
	if err != nil {
		return err
	}
	if p.webhooks, err = webhook.New(webhook.Config{DB: p.db, Ledger: p.log, Key: p.sealed, Jobs: p.jobs, Dialer: dialer, Site: address, Version: p.version, Clock: p.clock, Logger: p.logger}); err != nil {
		return fmt.Errorf("start webhooks: %w", err)
	}
	if p.mail, err = mail.New(mail.Config{DB: p.db, Ledger: p.log, Access: p.access, Key: p.sealed, Dialer: dialer, Roots: p.mailRoots(), Site: address, Clock: p.clock, Logger: p.logger}); err != nil {
		return fmt.Errorf("start mail: %w", err)
	}
	if p.anchors, err = anchor.New(anchor.Config{DB: p.db, Ledger: p.log, Key: p.sealed, Jobs: p.jobs, Dialer: dialer, Data: string(p.dir), Version: p.version, Clock: p.clock, Logger: p.logger}); err != nil {
		return fmt.Errorf("start anchors: %w", err)
	}
	about := notify.About{Findings: p.findings, Hosts: p.hosts, Waivers: p.waivers, Exclusions: p.exclusions, Evidence: p.evidence, Controls: p.controls, Engagements: p.engagements, Policies: p.policies, Training: p.Training, Concerns: p.Concerns,
		Integrity: p.integrity, Baselines: p.baselines, Components: p.components}
	if p.notices, err = notify.New(notify.Config{DB: p.db, Ledger: p.log, Access: p.access, Webhooks: p.webhooks, Mail: p.mail, Key: p.sealed, TakeOn: p.takeOn, Read: about.Read, Clock: p.clock, Logger: p.logger}); err != nil {
		return fmt.Errorf("start notices: %w", err)
	}
	watch := &notify.Watch{Service: p.notices, Report: func(ctx context.Context, who access.Principal) (health.Report, error) {
		return p.health.Report(ctx, who)
	}}
	return errors.Join(
		p.jobs.Define("what the calendar brings up", jobs.Every(time.Hour), func(ctx context.Context) error {
			all, err := about.Calendar(ctx, p.clock())
			if err != nil {
				return err
			}
			return p.notices.Say(ctx, all...)
		}),
		p.jobs.Define("checks of the deployment that fail", jobs.Every(time.Minute), watch.Look),
		p.jobs.Define("mail to people", jobs.Every(time.Minute), p.notices.Mail, jobs.Limit(5*time.Minute)),
		p.jobs.Define("old mail", jobs.Every(24*time.Hour), p.mail.Sweep),
	)
}

// takeOn takes a finding on by the link in a mail, and says so with it.
func (p *parts) takeOn(ctx context.Context, who access.Principal, id string) error {
	return p.findings.Acknowledge(ctx, who, id, "By the link in a mail.")
}
