package server

import (
	"time"

	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/operations/firewall"
)

// keepFirewall makes the register of rule sets of firewalls.
func (p *parts) keepFirewall() error {
	p.firewall = firewall.New(firewall.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Clock: p.clock, Version: p.version})
	return nil
}

// defineFirewall has rule sets followed and judged.
func (p *parts) defineFirewall() error {
	return p.jobs.Define("rules of firewalls", jobs.Every(30*time.Second), p.firewall.Turn)
}
