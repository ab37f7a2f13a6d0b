package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// proxies are the machines that are believed when they say for whom they ask.
type proxies []netip.Prefix

// maxForwarded is how many addresses of a chain of proxies are looked at.
const maxForwarded = 32

// parseProxies reads addresses and networks (10.0.0.5, 10.1.0.0/16, 2001:db8::/64).
func parseProxies(list []string) (proxies, error) {
	var all proxies
	for _, text := range list {
		bad := func(hint string) error {
			return fault.New(fault.Invalid, "%q names no proxy", text).At("", 0, "trusted-proxies").WithHint("%s", hint)
		}
		text := strings.TrimSpace(text)
		p, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); single == nil {
			a = a.Unmap().WithZone("")
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		switch {
		case err != nil:
			return nil, bad("write its address as this server sees it, or a network: 127.0.0.1, 10.1.2.0/24")
		case p.Bits() == 0:
			return nil, bad("whoever connects would be believed: name the proxy's own address")
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func (p proxies) trust(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, x := range p {
		if x.Contains(a) {
			return true
		}
	}
	return false
}

// client gives the address (HOST:PORT) for which a request is made: that of the
// connection, unless a proxy that is believed made it. Then X-Forwarded-For is
// read from the right: what each believed proxy adds stands at its end, and
// whatever stands before the first address that is none of theirs was sent by
// whoever asks, who may have made it up. The headers Forwarded and X-Real-Ip are
// not read.
func (p proxies) client(r *http.Request) string {
	host, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil || !p.trust(peer) {
		return r.RemoteAddr
	}
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	found := peer
	for i, n := len(chain)-1, 0; i >= 0 && n < maxForwarded; i, n = i-1, n+1 {
		a, ok := forwarded(chain[i])
		if !ok {
			break // nobody knows who stands there: the last that is known counts
		}
		if a.IsLoopback() && !peer.IsLoopback() || a.IsUnspecified() {
			break // the proxy's own machine, which is not this one
		}
		if found = a; !p.trust(a) {
			break
		}
	}
	if found == peer {
		return r.RemoteAddr
	}
	return net.JoinHostPort(found.String(), port)
}

// forwarded reads one address of the header; some proxies add a port.
func forwarded(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		var with netip.AddrPort
		if with, err = netip.ParseAddrPort(text); err == nil {
			a = with.Addr()
		}
	}
	return a.Unmap().WithZone(""), err == nil
}
