package server

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/trainees"
	"github.com/attesta/attesta/internal/program/vendor"
)

// vendors is the service of vendors.
type vendors = vendor.Service

// keepVendors makes the service of vendors over the shipped questions.
func (p *parts) keepVendors() error {
	book, err := vendor.Shipped()
	if err != nil {
		return fmt.Errorf("read how vendors are weighed: %w", err)
	}
	p.vendors = vendor.New(vendor.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Book: book, Access: p.access, Control: p.controlInUse, Frame: vendorFrame(p.scopes)})
	if err = p.keepGovernance(); err != nil {
		return err
	}
	p.Learned, err = trainees.Open(trainees.Config{DB: p.db, Ledger: p.log, Access: p.access, Key: p.sealed, Clock: p.clock, Zone: trainees.Zone(p.scopes)}, &trainees.Trainees{DB: p.db, People: p.people.PopulationSource(), Tenures: p.access.Tenures})
	return err
}

// vendorFrame gives the zone of the scope and the window that is examined.
func vendorFrame(scopes *scope.Service) func(context.Context) (*time.Location, vendor.Window, error) {
	return func(ctx context.Context) (*time.Location, vendor.Window, error) {
		now, err := scopes.Now(ctx)
		if err != nil {
			return nil, vendor.Window{}, err
		}
		w, ok := now.Window()
		if !ok {
			return now.Location(), vendor.Window{}, nil
		}
		return now.Location(), vendor.Window{From: vendor.Day(w.From), To: vendor.Day(w.To)}, nil
	}
}

// overseen is the services of vendors, of risks, committees, laws and the board pack, and of the programme's folder.
type overseen struct {
	vendors    *vendors
	governance oversight.Set
	folders    *folder.Service // all of the programme as files
}

// keepGovernance makes the services of risks, committees, laws and the board pack.
func (p *parts) keepGovernance() (err error) {
	p.governance, err = oversight.Keep(oversight.Beside{DB: p.db, Ledger: p.log, Access: p.access, Evidence: p.evidence, Vendors: p.vendors, Control: p.controlInUse, Plan: &p.plan, Questions: &p.questions,
		Config: oversight.Config{Clock: p.clock, Scopes: p.scopes, Findings: p.findings, Waivers: p.waivers.PopulationSource(), Engagements: p.engagements, Posture: &p.posture}})
	return err
}
