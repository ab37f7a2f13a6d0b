package server

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/diagram"
)

// keepAssets makes the services of assets and diagrams over what other registers
// know.
func (p *parts) keepAssets() error {
	from := func() asset.Registers { // questions are made after the populations, which assets are in
		return asset.Registers{Hosts: p.hosts, Vendors: p.vendors, Questions: p.questions, Scopes: p.scopes}
	}
	p.assets = asset.New(asset.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Access: p.access,
		Found: func(ctx context.Context) ([]asset.Found, error) { return from().Found(ctx) },
		Data:  func(ctx context.Context) ([]asset.DataSet, error) { return from().Data(ctx) },
		Ports: func(ctx context.Context) (map[string]asset.Ports, error) { return from().Ports(ctx) },
		Scope: func(ctx context.Context) (*time.Location, []string, error) { return from().Scope(ctx) }})
	p.diagrams = diagram.New(diagram.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Assets: p.assets})
	return nil
}
