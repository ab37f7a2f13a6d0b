package server

import (
	"fmt"

	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/notify/webhook"
)

// tell makes what tells people and programs of what happened.
func (p *parts) tell(cfg Config, address string) error {
	dialer, err := dial.New(dial.Config{Allow: cfg.DialAllow})
	if err != nil {
		return err
	}
	if p.webhooks, err = webhook.New(webhook.Config{DB: p.db, Ledger: p.log, Key: p.sealed, Jobs: p.jobs, Dialer: dialer, Site: address, Version: p.version, Clock: p.clock, Logger: p.logger}); err != nil {
		return fmt.Errorf("start webhooks: %w", err)
	}
	return nil
}
