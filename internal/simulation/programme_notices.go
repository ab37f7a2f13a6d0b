package simulation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/notify/webhook"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/simulation/sink"
)

// Site is the address that mail and webhooks of the story point to: where a
// demonstration usually answers.
const Site = "http://localhost:7375"

// The receivers of the story. One is away for a night, one for ever.
const (
	mailHost = "mail.farol.example"
	chatHost = "chat.farol.example"
	workHost = "tickets.farol.example"
	oldHost  = "pager.old.farol.example"
)

// Outages gives when receivers of the story are away. Of a plan without an end
// it gives those that are away for ever.
func Outages(p Plan) []sink.Outage {
	all := []sink.Outage{{Host: oldHost, Status: 410}}
	if p.End.IsZero() {
		return all
	}
	c := newCalendar("outages", p, new([]deed))
	thursday := func(n int) time.Time { // a working one, on which the calendar brings things up
		day := c.day(n)
		for off(day) || day.Weekday() != time.Thursday {
			day = day.AddDate(0, 0, 1)
		}
		return day
	}
	mails, short, long := thursday(306), thursday(335), thursday(344)
	return append(all,
		sink.Outage{Host: mailHost, From: mails, Until: mails.Add(20 * time.Hour)},
		sink.Outage{Host: workHost, From: short.Add(9 * time.Hour), Until: short.Add(30 * time.Hour), Status: 503}, // what is told at noon comes the next morning
		sink.Outage{Host: workHost, From: long, Until: long.Add(100 * time.Hour), Status: 502})                     // longer than a message is tried
}

// Unknown gives domains of which the story's mail server knows no mailbox.
func Unknown() []string { return []string{misspelt} }

func makeNotices(o *Organisation) error {
	now := o.clock.Now
	dialer, err := dial.New(dial.Config{Instead: o.cfg.Sink.Dial, Roots: o.cfg.Sink.Roots()})
	if err != nil {
		return err
	}
	queue, err := jobs.New(context.Background(), jobs.Config{DB: o.cfg.DB, Clock: now, Logger: o.quiet})
	if err != nil {
		return err
	}
	if o.Webhooks, err = webhook.New(webhook.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Key: o.cfg.Key, Jobs: queue, Dialer: dialer, Site: Site, Version: o.cfg.Version, Clock: now, Logger: o.quiet}); err != nil {
		return err
	}
	if o.Mail, err = mail.New(mail.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Access: o.Access, Key: o.cfg.Key, Dialer: dialer, Roots: o.cfg.Sink.Roots(), Site: Site, Clock: now, Logger: o.quiet}); err != nil {
		return err
	}
	o.about = notify.About{Findings: o.Findings, Hosts: o.Hosts, Waivers: o.Waivers, Exclusions: o.Exclusions, Evidence: o.Evidence, Controls: o.Controls, Engagements: o.Engagements, Policies: o.Policies}
	o.Notices, err = notify.New(notify.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Access: o.Access, Webhooks: o.Webhooks, Mail: o.Mail, Key: o.cfg.Key, Read: o.about.Read, Clock: now, Logger: o.quiet})
	o.Desk = desk.New(desk.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Clock: now})
	return err
}

// logins gives everybody who has an account, in one order.
func (o *Organisation) logins() []string { return slices.Sorted(maps.Keys(o.cast)) }

// tell publishes what was recorded and tells people and programs of it, as the
// server does all the time.
func (o *Organisation) tell(ctx context.Context) error {
	if err := o.cfg.Ledger.Publish(ctx); err != nil {
		return err
	}
	for n := 1; n > 0; {
		var err error
		if n, err = o.Notices.Step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// send delivers what is due: mail and webhooks' messages.
func (o *Organisation) send(ctx context.Context) error {
	if err := o.Notices.Mail(ctx); err != nil {
		return err
	}
	all, err := o.Webhooks.List(ctx, o.cast["joana"])
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := o.Webhooks.Deliver(ctx, w.ID); err != nil {
			return err
		}
	}
	return nil
}

// yearOfNotices is who is told of what: inboxes, mail, webhooks; and views that
// people keep of lists.
func yearOfNotices(o *Organisation, c *calendar) error {
	c.at(c.plan.start().Add(10*time.Hour), "notices begin", func(ctx context.Context) error {
		if err := o.cfg.Ledger.Publish(ctx); err != nil {
			return err
		}
		_, err := o.Notices.Step(ctx)
		return err
	})
	c.on(14, "the mail server is set", func(ctx context.Context) error {
		if err := o.Mail.Set(ctx, o.cast["joana"], mail.Settings{Host: mailHost, Port: 587, TLS: mail.StartTLS, User: "attesta", Password: "not a real one", From: "Attesta <attesta@farol.example>", PerMinute: 60}); err != nil {
			return err
		}
		_, err := o.Mail.Test(ctx, o.cast["joana"])
		return err
	})
	c.daily(12*3600e9, true, "people are told at noon", o.tell)
	c.daily(12*3600e9+5*60e9, true, "what is due is sent", o.send)
	c.daily(8*3600e9+5*60e9, false, "what is due is sent in the morning", o.send)
	c.daily(7*3600e9, false, "what the calendar brings up", func(ctx context.Context) error {
		if day := o.clock.Now().Weekday(); day != time.Monday && day != time.Thursday {
			return nil
		}
		all, err := o.about.Calendar(ctx, o.clock.Now())
		if err != nil {
			return err
		}
		return o.Notices.Say(ctx, all...)
	})
	for n := 2; n < 362; n += 3 { // of the last days something is unread
		c.on(n, "people look into their inboxes", func(ctx context.Context) error {
			for _, login := range o.logins() {
				if c.r.IntN(3) == 0 {
					continue
				}
				if _, err := o.Notices.MarkRead(ctx, o.cast[login]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, x := range []struct {
		login string
		notify.Choices
	}{
		{"rui", notify.Choices{Ways: map[string]notify.Way{"policy.asked": notify.Weekly, "policy.due": notify.Weekly}, Zone: "Europe/Lisbon", DigestAt: 8 * 60}},
		{"tomas", notify.Choices{Ways: map[string]notify.Way{"finding.opened": notify.AtOnce}, Zone: "Europe/Lisbon", Quiet: true, QuietFrom: 22 * 60, QuietTo: 7 * 60, Urgent: true, DigestAt: 8 * 60}},
	} {
		c.on(21, x.login+" chooses how things come", func(ctx context.Context) error { return o.Notices.Choose(ctx, o.cast[x.login], x.Choices) })
	}
	// Webhooks: messages are kept for a month, so these are told in its last weeks.
	ids := map[string]string{}
	for _, w := range []struct {
		day int
		webhook.Settings
	}{
		{327, webhook.Settings{Name: "On-call channel", URL: "https://" + chatHost + "/hooks/9f2c", Format: webhook.Slack, Events: []string{"finding.opened", "health.failing", "health.recovered"}}},
		{330, webhook.Settings{Name: "Ticket system", URL: "https://" + workHost + "/attesta", Format: webhook.Attesta, Events: []string{"finding.opened", "finding.closed", "evidence.needed", "request.asked", "approval.asked"}}},
		{333, webhook.Settings{Name: "Old pager", URL: "https://" + oldHost + "/in", Format: webhook.Attesta, Events: []string{"finding.opened"}}},
	} {
		c.on(w.day, "webhook "+w.Name, func(ctx context.Context) error {
			made, _, err := o.Webhooks.Add(ctx, o.cast["joana"], w.Settings)
			if err != nil {
				return err
			}
			ids[w.Name] = made.ID
			_, err = o.Webhooks.Test(ctx, o.cast["joana"], made.ID)
			return err
		})
	}
	for _, a := range Outages(o.Plan) { // something is told while the tickets are away
		if a.Host == workHost && a.From.Before(o.Plan.End) {
			c.at(a.From.Truncate(24*time.Hour).Add(10*time.Hour), "something is asked for while the tickets are away", func(ctx context.Context) error {
				_, err := o.Exclusions.Ask(ctx, o.cast["mei"], exclusion.Ask{Population: host.Population, Subject: "name label-printer-" + a.From.Format("0102"), Cause: exclusion.NotAnItem, Reason: "A label printer in the depot: it runs no programs of ours and holds no orders.",
					Expires: o.clock.Now().Truncate(24*time.Hour).AddDate(0, 6, 0)})
				return err
			})
		}
	}
	c.on(353, "the tickets are told again", func(ctx context.Context) error {
		w, err := o.Webhooks.Get(ctx, o.cast["joana"], ids["Ticket system"])
		if err != nil || w.PausedAt.IsZero() {
			return err
		}
		return o.Webhooks.Resume(ctx, o.cast["joana"], w.ID)
	})
	c.on(350, "the chat's secret is changed", func(ctx context.Context) error {
		_, _, err := o.Webhooks.Rotate(ctx, o.cast["joana"], ids["On-call channel"])
		return err
	})
	for _, v := range []struct {
		day                     int
		who, list, name, filter string
		shared                  bool
	}{
		{70, "ines", "findings", "Late ones", "state=late", true},
		{71, "tomas", "findings", "Critical, mine first", "severity=critical&sort=due", false},
		{150, "ines", "evidence", "To review", "state=waiting", true},
		{301, "ines", "controls", "Insufficient evidence", "status=insufficient", true},
		{305, "joana", "findings", "High, newest first", "severity=high&sort=number", false},
		{306, "joana", "waivers", "In force", "state=approved", false},
	} {
		c.on(v.day, "view "+v.name, func(ctx context.Context) error {
			kept, err := o.Desk.SaveView(ctx, o.cast[v.who], v.list, v.name, v.filter)
			if err == nil && v.shared {
				_, err = o.Desk.ShareView(ctx, o.cast[v.who], kept.ID, true)
			}
			return err
		})
	}
	return nil
}

// lastWord is what is told at the very end, so that nothing of the story waits.
func (o *Organisation) lastWord(ctx context.Context) error {
	if o.Notices == nil {
		return nil
	}
	return errors.Join(o.apply(ctx), o.tell(ctx))
}
