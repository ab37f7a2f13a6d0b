package server

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/operations/integrity"
	integrityscreens "github.com/attesta/attesta/internal/web/integrity"
)

// fileFindings gives the findings about a watched host's files that are not closed.
func (p *parts) fileFindings(ctx context.Context, who access.Principal, source string) ([]integrityscreens.Finding, error) {
	if access.Authorise(who, access.FindingRead) != nil {
		return nil, nil
	}
	h, err := p.hosts.Get(ctx, integrity.EntrySource(source))
	if fault.Is(err, fault.NotFound) {
		return nil, nil // nothing was judged yet
	}
	if err != nil {
		return nil, err
	}
	page, err := p.findings.List(ctx, finding.Filter{Item: h.ID, States: []finding.State{finding.Open, finding.Acknowledged, finding.Waived, finding.Stale}}, finding.ByUrgency, "", 50)
	if err != nil {
		return nil, err
	}
	var out []integrityscreens.Finding
	for _, f := range page.Findings {
		out = append(out, integrityscreens.Finding{Ref: f.Ref(), Title: f.Title, State: string(f.State), Attribute: f.Attribute})
	}
	return out, nil
}
