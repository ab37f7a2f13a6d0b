package host

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// State narrows a list to hosts that are in one state.
type State string

// The states. The zero State is every host of the population.
const (
	Heard    State = "heard"
	IsSilent State = "silent"
	Excluded State = "excluded" // left out by an exclusion
	Retired  State = "retired"  // left the population
)

// Result narrows a list by what the standards in force say of a host, as last
// observed.
type Result string

// The results.
const (
	Failing  Result = "failing"  // an attribute fails, or is waived
	NotKnown Result = "unknown"  // none fails, and one could not be read or was not observed
	InOrder  Result = "in_order" // neither
	Unjudged Result = "unjudged"
)

// Filter narrows a list. Empty fields do not.
type Filter struct {
	Population  string // Population, when empty
	Query       string // part of the name, whatever the case
	Retired     bool   // include hosts that left the population
	State       State
	Result      Result
	OS          string // as read: Debian GNU/Linux 13 (trixie)
	Owner       string
	Class       string
	Environment string
	Tag         string
}

// Order is how a list is sorted; equal ones by name.
type Order string

// The orders.
const (
	ByName    Order = ""
	ByOS      Order = "os"
	ByOwner   Order = "owner"
	ByHeard   Order = "heard"   // longest unheard first
	ByFailing Order = "failing" // most failing attributes first
	ByUnknown Order = "unknown" // most attributes that nothing is known of first
)

// CountLimit is how far lists are counted exactly. A total above it means more.
const CountLimit = 10_000

// List gives hosts, by name. next is "" at the end; total is exact up to
// CountLimit.
func (s *Service) List(ctx context.Context, f Filter, cursor string, limit int) (hosts []Host, next string, total int64, err error) {
	return s.Sorted(ctx, f, ByName, cursor, limit)
}

// Plain is List for whoever follows hosts and needs no numbers: Counts are those that
// are kept with a host, whether or not all of it is observed now. What of a host is
// not observed is counted from its outcomes, which costs more than all else of a list.
func (s *Service) Plain(ctx context.Context, f Filter, cursor string, limit int) (hosts []Host, next string, total int64, err error) {
	hosts, next, total, err = s.page(ctx, f, ByName, cursor, limit)
	if err != nil {
		return nil, "", 0, err
	}
	_, err = s.hear(ctx, hosts)
	return hosts, next, total, err
}

// Sorted is List in another order.
func (s *Service) Sorted(ctx context.Context, f Filter, by Order, cursor string, limit int) (hosts []Host, next string, total int64, err error) {
	if hosts, next, total, err = s.page(ctx, f, by, cursor, limit); err != nil {
		return nil, "", 0, err
	}
	return hosts, next, total, s.present(ctx, hosts)
}

func (s *Service) page(ctx context.Context, f Filter, by Order, cursor string, limit int) ([]Host, string, int64, error) {
	if limit < 1 || limit > 1000 {
		return nil, "", 0, fault.New(fault.Invalid, "a page has 1 to 1000 hosts").At("", 0, "limit")
	}
	return listHosts(ctx, s.cfg.DB.Reader(), f, by, cursor, limit)
}

// hear adds whether hosts are heard, and gives those of which not all is observed.
func (s *Service) hear(ctx context.Context, hosts []Host) (gaps []string, err error) {
	now := s.cfg.Clock()
	heard, partly, err := heardNow(ctx, s.cfg.DB.Reader(), hosts, now, s.cfg.Outcomes.Grace())
	if err != nil {
		return nil, err
	}
	for i := range hosts {
		h := &hosts[i]
		h.Counts = h.stored
		last, ever := heard[h.Source]
		switch {
		case !ever:
		case now.Sub(last) >= s.cfg.Outcomes.Grace():
			h.Silent, h.SilentSince = true, last
			h.Counts = outcome.Counts{NotObserved: h.stored.Total()}
		default:
			h.Silent, h.SilentSince = false, time.Time{}
			if partly[h.Source] {
				gaps = append(gaps, h.ID)
			}
		}
	}
	return gaps, nil
}

// present adds what is said of hosts now: counts, and whether they are heard.
func (s *Service) present(ctx context.Context, hosts []Host) error {
	gaps, err := s.hear(ctx, hosts)
	if err != nil || len(gaps) == 0 {
		return err
	}
	counts, err := s.cfg.Outcomes.CountsByItem(ctx, gaps, outcome.Now())
	for i := range hosts {
		if c, ok := counts[hosts[i].ID]; ok {
			hosts[i].Counts = c
		}
	}
	return err
}

// Facet is how many hosts of the population share what can be filtered by.
type Facet struct {
	OS, Owner, Class, Environment string
	State                         State
	Result                        Result
	Hosts                         int64
}

// Facets gives them: of every host, those that left the population too.
func (s *Service) Facets(ctx context.Context) ([]Facet, error) {
	return facets(ctx, s.cfg.DB.Reader(), Population)
}

// recount counts the outcomes of hosts that were judged by a program that did
// not keep their numbers. It does nothing where they are kept.
func (s *Service) recount(ctx context.Context) error {
	ids, err := uncounted(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			h, err := lockByID(ctx, tx, id)
			if err != nil || h.stored != (outcome.Counts{}) {
				return err
			}
			return countAnew(ctx, tx, id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
