package server

import (
	"context"
	"fmt"
	"net/http"

	"github.com/attesta/attesta/internal/web"
)

// screens makes the screens over the services.
func (p *parts) screens(ctx context.Context, opt Options, address string) (http.Handler, error) {
	site, err := web.New(web.Config{
		Health: p.health, Jobs: p.jobs, Notices: p.notices, Webhooks: p.webhooks, Mail: p.mail,
		Backups: p.backups, Work: p.work.Count,
		Access: p.access, Second: p.second, Directory: p.directory, Passkeys: p.passkeys, Provider: p.provider, SAML: p.saml, Standards: p.standards, Outcomes: p.outcomes, Findings: p.findings, Hosts: p.hosts, Waivers: p.waivers, Exclusions: p.exclusions,
		Scopes: p.scopes, Instances: p.instances, Evidence: p.evidence, Controls: p.controls, Posture: p.posture, Ledger: p.log, Engagements: p.engagements, Desk: p.desk, Bulk: p.bulk, Activity: p.activity, Populations: p.population, Blobs: p.blobs, Packages: p.packages, Reliance: p.reliance,
		Clock: opt.Clock, Logger: opt.Logger, PublicURL: address, DataDir: string(p.dir), Stop: ctx.Done(), Demo: opt.Demo, Areas: p.areas(), Begin: p.begin,
	})
	if err != nil {
		return nil, fmt.Errorf("build the screens: %w", err)
	}
	return site, nil
}

func named(part string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	return nil
}
