package flows

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
)

// tracked is one connection of /proc/net/nf_conntrack: who began it, what it was
// addressed to, and who answers.
type tracked struct {
	proto            string
	from, to, answer netip.AddrPort
}

// parseTracked reads one line of /proc/net/nf_conntrack; ok is false for what is
// no connection of TCP or UDP that both sides took part in.
//
//	ipv4 2 tcp 6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=5432 src=10.0.0.2 dst=10.0.0.1 sport=5432 dport=40000 [ASSURED] mark=0 use=1
func parseTracked(line []byte) (t tracked, ok bool, err error) {
	f := bytes.Fields(line)
	if len(f) < 6 {
		return t, false, errors.New("expected six columns")
	}
	switch t.proto = string(f[2]); t.proto {
	case "tcp":
		if !slices.Contains([]string{"ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT"}, string(f[5])) {
			return t, false, nil
		}
	case "udp":
	default:
		return t, false, nil
	}
	var sides [2]struct {
		src, dst     netip.Addr
		sport, dport uint16
		have         int
	}
	at := -1
	for _, field := range f[3:] {
		if bytes.Equal(field, []byte("[UNREPLIED]")) {
			return t, false, nil
		}
		name, value, found := bytes.Cut(field, []byte("="))
		if !found {
			continue
		}
		switch string(name) {
		case "src", "dst":
			if string(name) == "src" {
				at++
			}
			if at < 0 || at > 1 {
				continue // of a third tuple nothing is known
			}
			a, err := netip.ParseAddr(string(value))
			if err != nil {
				return t, false, fmt.Errorf("address %.60q", value)
			}
			if a = a.Unmap().WithZone(""); string(name) == "src" {
				sides[at].src = a
			} else {
				sides[at].dst = a
			}
			sides[at].have++
		case "sport", "dport":
			if at < 0 || at > 1 {
				continue
			}
			p, err := strconv.ParseUint(string(value), 10, 16)
			if err != nil {
				return t, false, fmt.Errorf("port %.60q", value)
			}
			if string(name) == "sport" {
				sides[at].sport = uint16(p)
			} else {
				sides[at].dport = uint16(p)
			}
			sides[at].have++
		}
	}
	for _, s := range sides {
		if s.have != 4 || !s.src.IsValid() || !s.dst.IsValid() {
			return t, false, errors.New("expected addresses and ports of both ways")
		}
	}
	t.from, t.to = netip.AddrPortFrom(sides[0].src, sides[0].sport), netip.AddrPortFrom(sides[0].dst, sides[0].dport)
	t.answer = netip.AddrPortFrom(sides[1].src, sides[1].sport)
	return t, true, nil
}

// flow says what a tracked connection is to a host with some addresses of its own.
// Translated addresses: who truly answers counts, except where this host itself is
// what was addressed.
func (t tracked) flow(own func(netip.Addr) bool) flow {
	switch {
	case own(t.from.Addr()):
		return flow{out, t.proto, t.answer.Port(), t.from.Addr(), t.answer.Addr(), ""}
	case own(t.to.Addr()):
		return flow{in, t.proto, t.to.Port(), t.to.Addr(), t.from.Addr(), ""}
	}
	return flow{forward, t.proto, t.answer.Port(), t.from.Addr(), t.answer.Addr(), ""}
}
