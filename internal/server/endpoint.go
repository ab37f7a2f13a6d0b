package server

import (
	"time"

	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/operations/endpoint"
)

// keepEndpoints makes the register of devices of device managements.
func (p *parts) keepEndpoints() error {
	p.endpoints = endpoint.New(endpoint.Config{DB: p.db, Ledger: p.log, Hosts: p.hosts, Who: p.people.Owners, Mark: p.people.Mark, Clock: p.clock, Version: p.version})
	return nil
}

// defineEndpoints has devices judged.
func (p *parts) defineEndpoints() error {
	return p.jobs.Define("devices of device managements", jobs.Every(30*time.Second), p.endpoints.Turn)
}
