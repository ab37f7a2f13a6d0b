// Package probe tries connections that the server asks for, so that what a firewall
// is said to block is proved.
//
// Serves B18 (CC6.6). Invariants:
//   - Without the host's own setting nothing is tried. With it only addresses of the
//     networks that the setting names, never this host's loopback, a link-local
//     address, a group or a broadcast address.
//   - At most 50 tries a second; a connection that opens is reset at once and carries
//     no byte. A datagram is one of no bytes.
//   - A refusal by the other side means that the way is open; one by a filter on the
//     way does not. Silence is called silence.
//
// Linux only. Floor: edges, below package agent.
package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// Settings are the host's own word on probes.
type Settings struct {
	Mode     string   // off or zones
	Networks []string // that may be probed; none: private ones
}

// Modes of a Settings.
const (
	Off   = "off"
	Zones = "zones"
)

// Limits.
const (
	maxTargets  = 1000
	perSecond   = 50
	atOnce      = 32
	minTimeout  = 100 * time.Millisecond
	maxTimeout  = 10 * time.Second
	usualTimout = 2 * time.Second
)

// usual networks: those that are nobody's on the Internet.
var usual = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}

// Prober tries connections.
type Prober struct {
	off      bool
	networks []netip.Prefix
	own      func() ([]netip.Prefix, error) // addresses of this host with their networks
	pace     time.Duration
}

// New makes a prober by the host's settings. An error is of kind Invalid and names
// the setting.
func New(s Settings) (*Prober, error) {
	p := &Prober{own: own, pace: time.Second / perSecond}
	switch s.Mode {
	case "", Off:
		p.off = true
	case Zones:
	default:
		return nil, fault.New(fault.Invalid, "%q is no way of probing", s.Mode).At("", 0, "probe").WithHint("off or zones")
	}
	list := s.Networks
	if len(list) == 0 {
		list = usual
	}
	for _, text := range list {
		n, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%q is no network", text).At("", 0, "probe-networks").WithHint("such as 10.20.0.0/16, separated by commas")
		}
		p.networks = append(p.networks, n.Masked())
	}
	return p, nil
}

// errOff is what a server hears from a host that does not allow probes.
var errOff = errors.New("probing is not allowed by this agent's settings")

// Answer tries what is asked; it is the Answerer of wire.AskProbe.
func (p *Prober) Answer(ctx context.Context, args json.RawMessage) (any, error) {
	if p.off {
		return nil, errOff
	}
	var in wire.AskProbeArgs
	if err := json.Unmarshal(args, &in); err != nil {
		return nil, fmt.Errorf("the targets cannot be read: %w", err)
	}
	if len(in.Targets) == 0 || len(in.Targets) > maxTargets {
		return nil, fmt.Errorf("%d targets were asked for; 1 to %d are tried", len(in.Targets), maxTargets)
	}
	timeout := time.Duration(in.Timeout) * time.Millisecond
	if in.Timeout == 0 {
		timeout = usualTimout
	}
	if timeout < minTimeout || timeout > maxTimeout {
		return nil, fmt.Errorf("a time limit of %s was asked for; %s to %s is waited", timeout, minTimeout, maxTimeout)
	}
	mine, err := p.own()
	if err != nil {
		return nil, fmt.Errorf("this host's addresses: %w", err)
	}
	out := make([]wire.Probed, len(in.Targets))
	pace := time.NewTicker(p.pace)
	defer pace.Stop()
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, t := range in.Targets {
		out[i] = wire.Probed{ProbeTarget: t, At: time.Now().UTC()}
		to, err := p.allowed(t, mine)
		if err != nil {
			out[i].State, out[i].Reason = "error", err.Error()
			continue
		}
		select {
		case <-ctx.Done():
		case <-pace.C:
		}
		select {
		case <-ctx.Done():
		case slots <- struct{}{}:
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i] = try(t, to, timeout)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return wire.ProbeResult{Probes: out}, nil
}

// allowed gives where a target is, or says why it is not tried.
func (p *Prober) allowed(t wire.ProbeTarget, mine []netip.Prefix) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(t.Address)
	if err != nil || a.Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%.60q is no IP address", t.Address)
	}
	a = a.Unmap()
	switch {
	case t.Port < 1 || t.Port > 65535:
		return netip.AddrPort{}, fmt.Errorf("%d is no port", t.Port)
	case t.Protocol != "tcp" && t.Protocol != "udp":
		return netip.AddrPort{}, fmt.Errorf("protocol %.20q is not tried", t.Protocol)
	case a.IsLoopback() || a.IsUnspecified():
		return netip.AddrPort{}, fmt.Errorf("%s is this host itself", a)
	case a.IsMulticast(), a.IsLinkLocalUnicast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return netip.AddrPort{}, fmt.Errorf("%s is a group, link-local or broadcast address", a)
	case !slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(a) }):
		return netip.AddrPort{}, fmt.Errorf("%s is not in the networks that this agent's settings allow to be probed", a)
	}
	for _, n := range mine {
		if n.Addr() == a {
			return netip.AddrPort{}, fmt.Errorf("%s is this host itself", a)
		}
		if a == broadcast(n) && a.Is4() && n.Bits() < 31 {
			return netip.AddrPort{}, fmt.Errorf("%s is the broadcast address of %s", a, n.Masked())
		}
	}
	return netip.AddrPortFrom(a, uint16(t.Port)), nil
}

// broadcast gives the last address of a network of IPv4.
func broadcast(n netip.Prefix) netip.Addr {
	if !n.Addr().Is4() {
		return netip.Addr{}
	}
	b := n.Masked().Addr().As4()
	for i := n.Bits(); i < 32; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(b)
}

// own gives this host's addresses, each with its network.
func own() ([]netip.Prefix, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var out []netip.Prefix
	for _, a := range list {
		if n, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, n)
		}
	}
	return out, nil
}
