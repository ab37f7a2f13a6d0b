package server

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
)

// Headers are believed of proxies that were named, from the right; whatever a
// client writes into them itself changes nothing.
func TestClientBehindProxies(t *testing.T) {
	p, err := parseProxies([]string{"127.0.0.1", " 10.1.0.0/16 ", "2001:db8:1::/64", "::ffff:192.0.2.9"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		peer string
		xff  []string
		want string
	}{
		"no proxy":                       {"203.0.113.7:4000", nil, "203.0.113.7:4000"},
		"no proxy, forged":               {"203.0.113.7:4000", []string{"198.51.100.1"}, "203.0.113.7:4000"},
		"one proxy":                      {"127.0.0.1:9", []string{"203.0.113.7"}, "203.0.113.7:9"},
		"one proxy, forged before":       {"127.0.0.1:9", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7:9"},
		"forged as the proxy":            {"127.0.0.1:9", []string{"127.0.0.1, 10.1.2.3, 203.0.113.7"}, "203.0.113.7:9"},
		"forged in a line of its own":    {"127.0.0.1:9", []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7:9"},
		"two proxies":                    {"127.0.0.1:9", []string{"203.0.113.7, 10.1.2.3"}, "203.0.113.7:9"},
		"two proxies, forged before":     {"127.0.0.1:9", []string{"10.1.9.9, 198.51.100.1, 203.0.113.7, 10.1.2.3"}, "203.0.113.7:9"},
		"a proxy that is not named":      {"127.0.0.1:9", []string{"203.0.113.7, 10.2.0.1"}, "10.2.0.1:9"},
		"no header":                      {"127.0.0.1:9", nil, "127.0.0.1:9"},
		"empty":                          {"127.0.0.1:9", []string{""}, "127.0.0.1:9"},
		"rubbish at the end":             {"127.0.0.1:9", []string{"203.0.113.7, unknown"}, "127.0.0.1:9"},
		"rubbish before":                 {"10.1.0.1:9", []string{"<script>, 203.0.113.7"}, "203.0.113.7:9"},
		"rubbish between":                {"127.0.0.1:9", []string{"203.0.113.7, _x, 10.1.2.3"}, "10.1.2.3:9"},
		"with ports":                     {"127.0.0.1:9", []string{"203.0.113.7:5555"}, "203.0.113.7:9"},
		"IPv6":                           {"[2001:db8:1::5]:9", []string{"2001:db8:2::1"}, "[2001:db8:2::1]:9"},
		"IPv6 in brackets with a port":   {"[2001:db8:1::5]:9", []string{"[2001:db8:2::1]:77"}, "[2001:db8:2::1]:9"},
		"mapped IPv4":                    {"[::ffff:127.0.0.1]:9", []string{"::ffff:203.0.113.7"}, "203.0.113.7:9"},
		"mapped proxy":                   {"192.0.2.9:9", []string{"203.0.113.7"}, "203.0.113.7:9"},
		"loopback by another machine":    {"10.1.0.1:9", []string{"127.0.0.1"}, "10.1.0.1:9"},
		"only proxies":                   {"127.0.0.1:9", []string{"10.1.0.1, 10.1.0.2"}, "10.1.0.1:9"},
		"a chain without end":            {"127.0.0.1:9", []string{"203.0.113.7" + strings.Repeat(", 10.1.0.1", 100)}, "10.1.0.1:9"},
		"the other headers are not read": {"127.0.0.1:9", nil, "127.0.0.1:9"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for _, x := range c.xff {
			r.Header.Add("X-Forwarded-For", x)
		}
		r.Header.Set("X-Real-Ip", "198.51.100.99")
		r.Header.Set("Forwarded", "for=198.51.100.99")
		if got := p.client(r); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
	if got := proxies(nil).client(&http.Request{RemoteAddr: "127.0.0.1:9", Header: http.Header{"X-Forwarded-For": {"203.0.113.7"}}}); got != "127.0.0.1:9" {
		t.Errorf("without any proxy: %s", got)
	}
	for _, bad := range []string{"", "proxy.example.org", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.1:80"} {
		if _, err := parseProxies([]string{bad}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Behind a proxy on this machine each client has its own limit, whatever it
// claims to be.
func TestFrontLimitsClientsOfAProxy(t *testing.T) {
	p, err := parseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	var saw string
	f := newFront(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { saw = r.RemoteAddr }), false, clock.System)
	f.proxies = p
	ask := func(from string) int {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "127.0.0.1:9"
		r.Header.Set("X-Forwarded-For", from)
		f.ServeHTTP(w, r)
		return w.Code
	}
	put := 0
	for i := range asksAtOnce + 50 {
		if ask(strings.Repeat("x", i%3)+"198.51.100."+"1, 203.0.113.7") == http.StatusTooManyRequests {
			put++
		}
	}
	if put == 0 || saw != "203.0.113.7:9" {
		t.Errorf("%d of one client's requests are put off, seen as %s", put, saw)
	}
	if ask("203.0.113.8") != http.StatusOK {
		t.Error("another client pays for it")
	}
}

// Failures lock the client that makes them, not the proxy that hands them on,
// whatever the client writes into the header.
func TestLocksBehindAProxy(t *testing.T) {
	cfg := local(t.TempDir())
	cfg.TrustedProxies = []string{"127.0.0.1"}
	in := begin(t, cfg, Options{})
	to, err := url.Parse(in.ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = to.Host
		r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // as proxies do: what came stays before what is added
		r.SetXForwarded()
	}, Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.1")}}).DialContext}})
	defer proxy.Close()
	from := func(ip, login string, n int) string {
		t.Helper()
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}).DialContext}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, proxy.URL+"/login", strings.NewReader(url.Values{"login": {login}, "password": {"wrong words in a row"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d, 127.0.0.1", n))
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	locked := false
	for i := range 7 {
		locked = strings.Contains(from("127.0.0.2", fmt.Sprintf("nobody-%d", i), i), "oo many failed attempts")
	}
	if !locked {
		t.Error("a client that invents another address each time is not locked")
	}
	if text := from("127.0.0.3", "nobody-else", 1); strings.Contains(text, "oo many failed attempts") || !strings.Contains(text, "is wrong") {
		t.Errorf("another client is locked with it: %.300s", text)
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	bad := local(t.TempDir())
	bad.TrustedProxies = []string{"0.0.0.0/0"}
	if err := Run(t.Context(), bad, Options{Version: "test", Logger: slog.New(slog.DiscardHandler)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("everybody is believed: %v", err)
	}
}
