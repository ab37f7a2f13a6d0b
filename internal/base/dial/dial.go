// Package dial connects to what a person named: the address of a webhook, a
// mail server, a database. Whoever may name an address could otherwise make the
// server ask its own host, its neighbours or the cloud's metadata service.
//
// Serves CC6.6 of the product itself (server-side request forgery, CWE-918).
//
// Invariants:
//   - A name is resolved once, all its addresses are looked at, and those are
//     what is dialled: a name that answers otherwise the second time gains
//     nothing. The address of the socket is looked at again before it connects.
//   - Addresses of this host and of private networks are dialled only where the
//     configuration allows the destination by its name, or where the purpose is
//     to reach inside (Config.Inside).
//   - Link-local addresses (with them 169.254.169.254), other metadata services,
//     multicast, unspecified, reserved and documentation addresses are never
//     dialled, whatever is allowed. An IPv4 address inside an IPv6 one is
//     looked at as what it is.
//   - A client follows no redirect, uses no proxy, keeps no connection, unpacks
//     nothing, and ends at its time limit.
//
// Floor: stateful base. Imports fault.
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Resolver finds the addresses of a name. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config says what may be dialled.
type Config struct {
	Allow    []string      // destinations inside that may be dialled: NAME, NAME:PORT or an address, as they will be typed
	Inside   bool          // this host and private networks may be dialled without that
	Resolver Resolver      // net.DefaultResolver
	Timeout  time.Duration // 10 s: to resolve and connect

	// Instead makes every connection, where it is set: nothing is resolved, and
	// no socket is opened. It is how a demonstration keeps to itself.
	Instead func(ctx context.Context, network, address string) (net.Conn, error)
	Roots   *x509.CertPool // by which a server's certificate holds; nil: those of this machine
}

// Dialer dials within those limits. It is safe for concurrent use.
type Dialer struct {
	cfg   Config
	allow map[string]bool // "name" or "name:port", lower case
}

// New makes a dialer, or says which entry of Allow is none.
func New(cfg Config) (*Dialer, error) {
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	d := &Dialer{cfg: cfg, allow: make(map[string]bool, len(cfg.Allow))}
	for _, entry := range cfg.Allow {
		name := canonical(entry)
		if host, port, err := net.SplitHostPort(entry); err == nil {
			name = net.JoinHostPort(canonical(host), port)
		}
		if name == "" || strings.ContainsAny(name, "/*? \t") {
			return nil, fault.New(fault.Invalid, "%q names no destination", entry).At("", 0, "dial-allow").
				WithHint("write NAME, NAME:PORT or an address, without http:// and without *: hooks.internal.example:8443")
		}
		d.allow[name] = true
	}
	return d, nil
}

// canonical gives a host as the table holds it.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), ".")
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return a.Unmap().String()
	}
	return host
}

// errRefused is in the chain of every refusal.
var errRefused = errors.New("this destination may not be dialled")

// Refused reports whether an error says that a destination may not be dialled:
// trying again changes nothing.
func Refused(err error) bool { return errors.Is(err, errRefused) }

func (d *Dialer) refuse(host string, a netip.Addr, r reach) error {
	f := fault.Wrap(fault.Refused, errRefused, "%s leads to %s, %s, which is not dialled", host, a, r.what)
	if host == a.String() {
		f = fault.Wrap(fault.Refused, errRefused, "%s is %s, which is not dialled", host, r.what)
	}
	if r.never {
		return f.WithHint("name a destination that has a usual address")
	}
	return f.WithHint("where this is meant, add %s to dial-allow in the configuration of the server", host)
}

// inside reports whether a destination may be inside.
func (d *Dialer) inside(host, port string) bool {
	return d.cfg.Inside || d.allow[host] || d.allow[net.JoinHostPort(host, port)]
}

// Check resolves a destination and says whether it may be dialled, without
// dialling it. A name that does not resolve is kind Unavailable.
func (d *Dialer) Check(ctx context.Context, address string) error {
	if d.cfg.Instead != nil {
		return nil
	}
	_, err := d.resolve(ctx, "tcp", address)
	return err
}

// resolve gives the addresses to dial, each of which may be dialled.
func (d *Dialer) resolve(ctx context.Context, network, address string) ([]netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%q is no HOST:PORT", address)
	}
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, fault.New(fault.Refused, "%s is not dialled, only TCP is", network)
	}
	number, err := net.LookupPort(network, port)
	if err != nil || number <= 0 || number > 65535 {
		return nil, fault.New(fault.Invalid, "%q is no port", port)
	}
	host = canonical(host)
	var found []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		found = []netip.Addr{a}
	} else {
		ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
		defer cancel()
		if found, err = d.cfg.Resolver.LookupNetIP(ctx, "ip", host); err != nil || len(found) == 0 {
			return nil, fault.Wrap(fault.Unavailable, err, "the name %s was not found", host).WithHint("see whether it is written right, and whether this server can resolve it")
		}
	}
	inside := d.inside(host, port)
	out := make([]netip.AddrPort, 0, len(found))
	for _, a := range found {
		if r := reachOf(a); r.what != "" && (r.never || !inside) {
			return nil, d.refuse(host, a, r) // one that may not be dialled spoils the name
		}
		out = append(out, netip.AddrPortFrom(a, uint16(number)))
	}
	return out, nil
}

// DialContext connects to HOST:PORT. What may not be dialled is kind Refused,
// what does not answer kind Unavailable.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.cfg.Instead != nil {
		return d.cfg.Instead(ctx, network, address)
	}
	list, err := d.resolve(ctx, network, address)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%q is no HOST:PORT", address)
	}
	inside := d.inside(canonical(host), port)
	nd := net.Dialer{Timeout: d.cfg.Timeout, ControlContext: func(_ context.Context, _, actual string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(actual)
		if err != nil {
			return fault.Wrap(fault.Refused, errRefused, "the socket's address %q cannot be read", actual)
		}
		if r := reachOf(a.Addr()); r.what != "" && (r.never || !inside) {
			return d.refuse(host, a.Addr(), r)
		}
		return nil
	}}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	var errs []error
	for _, a := range list {
		conn, err := nd.DialContext(ctx, network, a.String())
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	err = errors.Join(errs...)
	if Refused(err) {
		return nil, err
	}
	return nil, fault.Wrap(fault.Unavailable, err, "%s does not answer: %s", address, reason(err))
}

// reason gives the innermost words of a network error, without addresses.
func reason(err error) string {
	var timeout net.Error
	var number syscall.Errno
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &number):
		return number.Error()
	}
	return "no connection"
}

// Client makes an HTTP client that dials with d and ends each request, its
// answer read, after a time.
func (d *Dialer) Client(limit time.Duration) *http.Client {
	return &http.Client{
		Timeout:       limit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: d.DialContext, Proxy: nil, DisableKeepAlives: true, DisableCompression: true,
			TLSHandshakeTimeout: d.cfg.Timeout, ResponseHeaderTimeout: limit, MaxResponseHeaderBytes: 32 << 10,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: d.cfg.Roots},
		},
	}
}

// reach is what an address leads to, when that is not the internet at large.
type reach struct {
	what  string
	never bool
}

type block struct {
	prefix netip.Prefix
	reach
}

// blocks follow IANA's special-purpose registries (RFC 6890), the first that
// fits decides.
var blocks = func() []block {
	var all []block
	add := func(what string, never bool, prefixes ...string) {
		for _, p := range prefixes {
			all = append(all, block{netip.MustParsePrefix(p), reach{what, never}})
		}
	}
	add("a cloud's metadata service", true, "169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128", "fd20:ce::254/128")
	add("a link-local address", true, "169.254.0.0/16", "fe80::/10", "fec0::/10")
	add("an unspecified address", true, "0.0.0.0/8", "::/128")
	add("a multicast address", true, "224.0.0.0/4", "ff00::/8")
	add("a reserved address", true, "240.0.0.0/4", "192.0.0.0/24", "192.88.99.0/24", "100::/64", "2001::/23", "5f00::/16", "64:ff9b:1::/48")
	add("an address for documentation", true, "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
	add("an address of this host", false, "127.0.0.0/8", "::1/128")
	add("a private address", false, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
	add("an address of a carrier's network", false, "100.64.0.0/10")
	add("an address for measurements", false, "198.18.0.0/15")
	add("a translated address", true, "::/96") // IPv4-compatible, long out of use
	return all
}()

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixToV4 = netip.MustParsePrefix("2002::/16")
)

// reachOf says what an address leads to.
func reachOf(a netip.Addr) reach {
	if a.Zone() != "" {
		return reach{"a link-local address", true}
	}
	a = a.Unmap()
	b := a.As16()
	switch {
	case !a.IsValid():
		return reach{"no address", true}
	case nat64.Contains(a):
		a = netip.AddrFrom4([4]byte(b[12:16]))
	case sixToV4.Contains(a):
		a = netip.AddrFrom4([4]byte(b[2:6]))
	}
	for _, k := range blocks {
		if k.prefix.Contains(a) {
			return k.reach
		}
	}
	if a.Is4() || a.IsGlobalUnicast() {
		return reach{}
	}
	return reach{fmt.Sprintf("a special address (%s)", a), true}
}
