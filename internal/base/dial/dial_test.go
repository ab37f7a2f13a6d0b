package dial

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

func TestReach(t *testing.T) {
	for address, want := range map[string]string{
		"93.184.215.14": "", "2606:2800:21f:cb07:6820:80da:af6b:8b2c": "", "172.32.0.1": "", "100.128.0.1": "",
		"127.0.0.1": "inside", "127.255.255.254": "inside", "::1": "inside", "10.1.2.3": "inside", "172.16.0.1": "inside", "172.31.255.255": "inside",
		"192.168.1.1": "inside", "100.64.0.1": "inside", "fc00::1": "inside", "fdff::1": "inside", "::ffff:127.0.0.1": "inside", "::ffff:10.0.0.1": "inside",
		"64:ff9b::7f00:1": "inside", "64:ff9b::a00:1": "inside", "2002:7f00:1::": "inside", "2002:c0a8:101::1": "inside", "198.18.0.1": "inside",
		"169.254.169.254": "never", "169.254.1.1": "never", "::ffff:169.254.169.254": "never", "64:ff9b::a9fe:a9fe": "never", "2002:a9fe:a9fe::": "never",
		"fd00:ec2::254": "never", "100.100.100.200": "never", "168.63.129.16": "never", "0.0.0.0": "never", "0.1.2.3": "never", "::": "never",
		"224.0.0.1": "never", "239.1.2.3": "never", "255.255.255.255": "never", "240.0.0.1": "never", "ff02::1": "never", "fe80::1": "never", "fe80::1%eth0": "never",
		"::127.0.0.1": "never", "2001:0:1::": "never", "2001:db8::1": "never", "203.0.113.9": "never", "64:ff9b:1::7f00:1": "never", "192.0.0.8": "never",
	} {
		r := reachOf(netip.MustParseAddr(address))
		got := ""
		if r.what != "" {
			got = "inside"
		}
		if r.never {
			got = "never"
		}
		if got != want {
			t.Errorf("%s: %q (%s), want %q", address, got, r.what, want)
		}
	}
}

// answers resolves names from a list, each time with the next answer.
type answers struct {
	asked atomic.Int64
	list  []string
}

func (a *answers) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n := a.asked.Add(1)
	var out []netip.Addr
	for _, s := range strings.Fields(a.list[min(int(n), len(a.list))-1]) {
		out = append(out, netip.MustParseAddr(s))
	}
	return out, nil
}

func dialer(t *testing.T, cfg Config) *Dialer {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRefused(t *testing.T) {
	ctx := t.Context()
	for name, tc := range map[string]struct {
		cfg     Config
		address string
		refused bool
	}{
		"loopback":                          {Config{}, "127.0.0.1:80", true},
		"loopback in brackets":              {Config{}, "[::1]:80", true},
		"mapped":                            {Config{}, "[::ffff:127.0.0.1]:80", true},
		"localhost":                         {Config{}, "localhost:80", true},
		"a name that leads inside":          {Config{Resolver: &answers{list: []string{"10.0.0.5"}}}, "hooks.example:443", true},
		"one of two leads inside":           {Config{Resolver: &answers{list: []string{"93.184.215.14 192.168.0.4"}}}, "hooks.example:443", true},
		"public":                            {Config{Resolver: &answers{list: []string{"93.184.215.14"}}}, "hooks.example:443", false},
		"allowed by name":                   {Config{Allow: []string{"Hooks.Example"}, Resolver: &answers{list: []string{"10.0.0.5"}}}, "hooks.example.:443", false},
		"allowed by name and port":          {Config{Allow: []string{"hooks.example:443"}, Resolver: &answers{list: []string{"10.0.0.5"}}}, "hooks.example:443", false},
		"another port":                      {Config{Allow: []string{"hooks.example:443"}, Resolver: &answers{list: []string{"10.0.0.5"}}}, "hooks.example:22", true},
		"another name, same address":        {Config{Allow: []string{"other.example"}, Resolver: &answers{list: []string{"10.0.0.5"}}}, "hooks.example:443", true},
		"an allowed name leads to metadata": {Config{Allow: []string{"hooks.example"}, Resolver: &answers{list: []string{"169.254.169.254"}}}, "hooks.example:80", true},
		"inside is the purpose":             {Config{Inside: true}, "127.0.0.1:5432", false},
		"inside, but metadata":              {Config{Inside: true}, "169.254.169.254:80", true},
		"allowed by address":                {Config{Allow: []string{"127.0.0.1"}}, "127.0.0.1:25", false},
		"allowed by address, with brackets": {Config{Allow: []string{"[::1]:25"}}, "[::1]:25", false},
	} {
		err := dialer(t, tc.cfg).Check(ctx, tc.address)
		if Refused(err) != tc.refused || tc.refused && !fault.Is(err, fault.Refused) || !tc.refused && err != nil {
			t.Errorf("%s: %v, want refused: %v", name, err, tc.refused)
		}
	}
	for _, entry := range []string{"", "http://x", "*.example", "10.0.0.0/8", "a b"} {
		if _, err := New(Config{Allow: []string{entry}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("allowed %q: %v", entry, err)
		}
	}
}

// A name that is public when it is looked at and inside when it is dialled
// gains nothing: it is resolved once for each connection, and that is dialled.
func TestRebinding(t *testing.T) {
	reached := make(chan struct{}, 10)
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	resolver := &answers{list: []string{"93.184.215.14", "127.0.0.1"}}
	d := dialer(t, Config{Resolver: resolver, Timeout: 50 * time.Millisecond})
	if err := d.Check(t.Context(), "rebind.example:"+port); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Client(time.Second).Get("http://rebind.example:" + port); !Refused(err) {
		t.Errorf("the second answer was dialled: %v", err)
	}
	resolver.asked.Store(0) // now the first answer is the only one that counts
	if conn, err := d.DialContext(t.Context(), "tcp", "rebind.example:"+port); err == nil {
		if a := conn.RemoteAddr().String(); strings.HasPrefix(a, "127.") {
			t.Errorf("dialled %s", a)
		}
		conn.Close()
	}
	if n := resolver.asked.Load(); n != 1 {
		t.Errorf("%d questions to the resolver for one connection", n)
	}
	if len(reached) != 0 {
		t.Error("the server inside was reached")
	}
}

func TestClient(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer other.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	mux.HandleFunc("/metadata", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect)
	})
	done := make(chan struct{})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-done
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	defer close(done)
	d := dialer(t, Config{Allow: []string{"127.0.0.1"}})
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1") // is not asked
	for _, path := range []string{"/elsewhere", "/metadata"} {
		res, err := d.Client(5 * time.Second).Get(s.URL + path)
		if err != nil || res.StatusCode/100 != 3 {
			t.Fatalf("%s: %v, %v", path, res, err)
		}
		res.Body.Close()
	}
	began := time.Now()
	res, err := d.Client(100 * time.Millisecond).Get(s.URL + "/slow")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("an answer that does not end: %v after %s", err, time.Since(began))
	}
}
