package server

import (
	"time"

	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/operations/segment"
)

// keepSegment makes the service of zones of the network, which takes the answers to
// probes.
func (p *parts) keepSegment() error {
	p.segment = segment.New(segment.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Asks: p.asks, Clock: p.clock, Version: p.version})
	return nil
}

// defineSegment has the plan held against what agents see and try.
func (p *parts) defineSegment() error {
	return p.jobs.Define("zones against connections", jobs.Every(5*time.Second), p.segment.Turn)
}
