package web

import (
	"fmt"
	"sync"

	"github.com/attesta/attesta/internal/catalog/crosswalk"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/packs"
)

// content is what comes with this build to be read: guidance, crosswalks and
// the catalogue of risks. Like the catalogue of criteria it is part of the
// program; a pack that cannot be loaded is a defect that New reports.
type content struct {
	guidance   *guidance.Book
	crosswalks []*crosswalk.Crosswalk
	risks      *risk.Catalogue
}

// shipped reads the packs once.
var shipped = sync.OnceValues(func() (*content, error) {
	c := &content{risks: &risk.Catalogue{}}
	dir, err := packs.Open("guidance")
	if err != nil {
		return nil, err
	}
	if c.guidance, err = guidance.Load(dir); err != nil {
		return nil, fmt.Errorf("shipped guidance: %w", err)
	}
	for _, id := range packs.Crosswalks() {
		if dir, err = packs.Open(id); err != nil {
			return nil, err
		}
		x, err := crosswalk.Load(dir)
		if err != nil {
			return nil, fmt.Errorf("shipped crosswalk %s: %w", id, err)
		}
		c.crosswalks = append(c.crosswalks, x)
	}
	for _, id := range packs.Risks() {
		if dir, err = packs.Open(id); err != nil {
			return nil, err
		}
		if c.risks, err = risk.Load(dir); err != nil {
			return nil, fmt.Errorf("shipped risks: %w", err)
		}
	}
	return c, nil
})
