package server

import (
	"context"
	"database/sql"
	"net/url"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/web/ui"
)

// keepComponents makes the register of what hosts consist of.
func (p *parts) keepComponents() error {
	p.components = component.New(component.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Clock: p.clock, Version: p.version, Logger: p.logger, References: p.inForce})
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

// hostOptions gives the hosts of the population, by name.
func (p *parts) hostOptions(ctx context.Context) ([]ui.Option, error) {
	list, _, _, err := p.hosts.Plain(ctx, host.Filter{}, "", 1000)
	var out []ui.Option
	for _, h := range list {
		out = append(out, ui.Option{Value: h.ID, Text: h.Name})
	}
	return out, err
}

// whoAnswers gives who can be asked about a component.
func (p *parts) whoAnswers(ctx context.Context) ([]ui.Option, error) {
	able, err := p.access.Able(ctx, access.ComponentAnswer)
	out := []ui.Option{{Text: "choose one"}}
	for _, u := range able {
		out = append(out, ui.Option{Value: u.ID, Text: u.Name})
	}
	return out, err
}

// findingsOf gives the address of the findings of an item, by its source; "" where
// there is no such item.
func (p *parts) findingsOf(ctx context.Context, source string) (string, error) {
	h, err := p.hosts.Get(ctx, source)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return "/findings?state=all&host=" + url.QueryEscape(h.ID), err
}
