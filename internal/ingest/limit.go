package ingest

import (
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
)

// limiter gives everyone who asks a bucket of tokens that refills at a rate.
type limiter struct {
	rate  float64 // tokens per second
	burst float64
	clock clock.Clock

	mu      sync.Mutex
	buckets map[string]bucket // guarded by mu
}

type bucket struct {
	tokens float64
	at     time.Time
}

// most buckets kept; full ones are forgotten first.
const mostBuckets = 100_000

func newLimiter(rate float64, now clock.Clock) *limiter {
	return &limiter{rate: rate, burst: 10 * rate, clock: now, buckets: map[string]bucket{}}
}

// take gives 0 when who may go ahead, else how long to wait.
func (l *limiter) take(who string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	b, ok := l.buckets[who]
	if !ok {
		if len(l.buckets) >= mostBuckets {
			l.forget(now)
		}
		b = bucket{tokens: l.burst, at: now}
	}
	b.tokens = l.filled(b, now)
	b.at = now
	wait := time.Duration(0)
	if b.tokens >= 1 {
		b.tokens--
	} else {
		wait = time.Duration((1 - b.tokens) / l.rate * float64(time.Second))
	}
	l.buckets[who] = b
	return wait
}

// filled is what a bucket holds now; a clock set back adds nothing.
func (l *limiter) filled(b bucket, now time.Time) float64 {
	return min(l.burst, b.tokens+max(0, now.Sub(b.at).Seconds())*l.rate)
}

func (l *limiter) forget(now time.Time) {
	for who, b := range l.buckets {
		if l.filled(b, now) >= l.burst {
			delete(l.buckets, who)
		}
	}
	if len(l.buckets) >= mostBuckets { // all of them busy: start again rather than grow
		clear(l.buckets)
	}
}
