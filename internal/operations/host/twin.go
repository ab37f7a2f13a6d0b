package host

import (
	"context"
)

// Hosts are told apart by the source that they enrolled as, and by nothing that
// they say of themselves: two with one machine id or one name are two hosts,
// are judged each for itself, and are shown as twins.

// Twin is another host of the population that says it is the same.
type Twin struct {
	ID, Name string
	Machine  bool // it has the same machine id: a cloned disk, or an agent that enrolled twice
	SameName bool
}

const maxTwins = 20

// Twins gives the other hosts of the population that have a host's machine id
// or its name, by name; at most twenty.
func (s *Service) Twins(ctx context.Context, h Host) ([]Twin, error) {
	return twins(ctx, s.cfg.DB.Reader(), h)
}

// TwinCounts are the hosts of the population that are not alone with their
// machine id or with their name.
type TwinCounts struct{ Machine, Name int64 }

// CountTwins counts them.
func (s *Service) CountTwins(ctx context.Context) (TwinCounts, error) {
	return countTwins(ctx, s.cfg.DB.Reader())
}

// ClockWrong reports whether a host's clock is so far off that a reader must
// know: its times are put right by that.
func (h *Host) ClockWrong() bool { return h.ClockOffset != nil && h.ClockOffset.Abs() > noise }
