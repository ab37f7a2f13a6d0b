package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
)

// Every answer has the headers that no answer may lack, also where the handler
// behind knows nothing of them.
func TestFrontHeaders(t *testing.T) {
	f := newFront(http.NotFoundHandler(), true, clock.System)
	for _, method := range []string{http.MethodGet, http.MethodTrace} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(method, "/anything", nil))
		h := w.Result().Header
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
			h.Get("Strict-Transport-Security") != "max-age=31536000; includeSubDomains" || h.Get("Referrer-Policy") == "" {
			t.Errorf("%s: %v", method, h)
		}
		if method == http.MethodTrace && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("TRACE answers %d", w.Code)
		}
	}
	w := httptest.NewRecorder()
	newFront(http.NotFoundHandler(), false, clock.System).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Result().Header.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS without https")
	}
}

// One source that asks without end is put off; others, and this machine, are not.
func TestFrontLimitsASource(t *testing.T) {
	at := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	f := newFront(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), false, at.Now)
	ask := func(from string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = from
		f.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
			t.Error("it is not said when to come again")
		}
		return w.Code
	}
	for i := range asksAtOnce {
		if ask("[2001:db8::1]:9") != http.StatusNoContent {
			t.Fatalf("request %d is put off", i)
		}
	}
	if ask("[2001:db8::ffff]:9") != http.StatusTooManyRequests {
		t.Error("another address of the same subscriber is let through")
	}
	for _, other := range []string{"[2001:db8:1::1]:9", "192.0.2.1:9"} {
		if ask(other) != http.StatusNoContent {
			t.Errorf("%s pays for another", other)
		}
	}
	for range asksAtOnce + 10 {
		if ask("127.0.0.1:9") != http.StatusNoContent {
			t.Fatal("this machine is counted")
		}
	}
	at.Advance(time.Second)
	if ask("[2001:db8::1]:9") != http.StatusNoContent {
		t.Error("it is never let through again")
	}
	for i := range mostSources + 10 {
		ask(fmt.Sprintf("10.%d.%d.1:9", i/256, i%256))
	}
	if n := len(f.sources); n > mostSources {
		t.Errorf("%d sources are remembered", n)
	}
}
