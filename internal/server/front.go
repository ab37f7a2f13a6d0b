package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one source may ask of the screens' listener. A browser with many open
// pages stays far below it; a scanner does not. This machine is not counted: a
// proxy on it that is not named in trusted-proxies carries everybody.
const (
	asksPerSecond = 50
	asksAtOnce    = 500
	mostSources   = 10_000 // that are remembered; the ones that were idle longest go
)

// front stands before everything that the screens' listener answers: headers
// that no answer may lack, methods that nothing takes, and a limit per source.
type front struct {
	next  http.Handler
	https bool
	now   func() time.Time

	proxies proxies // who is believed when they say for whom they ask

	mu      sync.Mutex
	sources map[netip.Prefix]*source // guarded by mu
}

type source struct {
	limit *rate.Limiter
	seen  time.Time
}

func newFront(next http.Handler, https bool, now func() time.Time) *front {
	return &front{next: next, https: https, now: now, sources: map[netip.Prefix]*source{}}
}

// front makes the one that stands before the screens at an address.
func (p *parts) front(next http.Handler, address string) http.Handler {
	f := newFront(next, strings.HasPrefix(address, "https:"), p.clock)
	f.proxies = p.proxies
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if from := f.proxies.client(r); from != r.RemoteAddr {
		r = r.WithContext(r.Context())
		r.RemoteAddr = from // for everything behind: limits, locks, records
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if f.https {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if r.Method == http.MethodTrace || r.Method == http.MethodConnect {
		http.Error(w, "this method is not taken", http.StatusMethodNotAllowed)
		return
	}
	if !f.admits(r.RemoteAddr) {
		h.Set("Retry-After", "10")
		h.Set("Cache-Control", "no-store")
		http.Error(w, "too many requests come from this address; wait ten seconds", http.StatusTooManyRequests)
		return
	}
	f.next.ServeHTTP(w, r)
}

// admits counts a request of a source: an address, or the /64 of IPv6, of which
// one subscriber has all.
func (f *front) admits(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return true // no network stands behind it
	}
	addr = addr.Unmap().WithZone("")
	if addr.IsLoopback() {
		return true
	}
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	key, err := addr.Prefix(bits)
	if err != nil {
		return true
	}
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sources[key]
	if s == nil {
		if len(f.sources) >= mostSources {
			f.forget(now)
		}
		s = &source{limit: rate.NewLimiter(asksPerSecond, asksAtOnce)}
		f.sources[key] = s
	}
	s.seen = now
	return s.limit.AllowN(now, 1)
}

// forget drops the sources whose bucket is full again, and where there are none
// all of them: to be remembered is no right. The caller holds mu.
func (f *front) forget(now time.Time) {
	for key, s := range f.sources {
		if now.Sub(s.seen) > asksAtOnce/asksPerSecond*time.Second {
			delete(f.sources, key)
		}
	}
	if len(f.sources) >= mostSources {
		clear(f.sources)
	}
}
