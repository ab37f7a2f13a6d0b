// Package clock is the only source of time. A component takes a Clock and
// never calls time.Now itself, so that tests decide what time it is.
//
// Times are stored as BIGINT microseconds since 1970 UTC: Micros and
// FromMicros convert.
//
// Floor: base, pure.
package clock

import (
	"sync"
	"time"
)

// Clock gives the present, in UTC, to the microsecond.
type Clock func() time.Time

// System is the machine's clock.
func System() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Micros gives the stored form of t.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// FromMicros gives the time of a stored form, in UTC.
func FromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// Manual is a clock that stands still until it is moved; for tests and for
// generated histories.
type Manual struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

// NewManual starts a manual clock.
func NewManual(at time.Time) *Manual { return &Manual{now: at.UTC().Truncate(time.Microsecond)} }

// Now is the manual clock's present; pass m.Now where a Clock is wanted.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock by d, which may be negative.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}
