package server

import (
	"context"
	"errors"
	"time"

	"github.com/attesta/attesta/internal/base/jobs"
)

// defineJobs says what is done again and again.
func (p *parts) defineJobs() error {
	return errors.Join(
		p.defineChanges(),
		p.defineCapacity(),
		p.defineSegment(),
		p.jobs.Define("sensors that fell silent", jobs.Every(time.Minute), p.places.Sweep),
		p.jobs.Define("days of badge readings", jobs.Every(time.Hour), p.badges.Seal),
		p.defineResilience(),
		p.defineComponents(),
		p.defineIntegrity(),
		p.defineFirewall(),
		p.defineEndpoints(),
		p.jobs.Define("concerns whose day is over", jobs.Every(10*time.Minute), p.Concerns.Turn),
		p.jobs.Define("what stays undone", jobs.Every(time.Hour), p.work.Keep),
		p.jobs.Define("sessions and links that expired", jobs.Every(5*time.Minute), p.access.Sweep),
		p.jobs.Define("previews that nobody applied", jobs.Every(time.Hour), p.bulk.Sweep),
		p.jobs.Define("metadata of the login provider", jobs.Every(6*time.Hour), p.saml.Keep),
		p.jobs.Define("statuses over time", jobs.Every(5*time.Minute), func(ctx context.Context) error { return p.posture.Keep(ctx, nil) }),
		p.jobs.Define("hosts that fell silent", jobs.Every(30*time.Second), func(ctx context.Context) error {
			_, err := p.hosts.Sweep(ctx)
			return err
		}),
		p.jobs.Define("waivers and exclusions that begin or end", jobs.Every(30*time.Second), p.apply),
		p.jobs.Define("content that no evidence names", jobs.Every(10*time.Minute), func(ctx context.Context) error {
			_, err := p.evidence.Sweep(ctx)
			return err
		}),
		p.jobs.Define("tasks whose gap is gone", jobs.Every(10*time.Minute), p.settleTasks),
		p.jobs.Define("the item that must fail", jobs.Daily(0, 10, time.UTC), p.reliance.Evaluate),
		p.jobs.Define("daily population", jobs.Daily(0, 5, time.UTC), func(ctx context.Context) error {
			_, err := p.hosts.RunPopulation(ctx)
			return err
		}),
	)
}
