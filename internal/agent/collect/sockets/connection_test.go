package sockets

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

func TestConnectionsOfBothWaysAgree(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	u, err := net.Dial("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	byNetlink, err := Connections()
	if err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	_, byProc, err := Of(tree.Root{}, "/proc/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{c, u} {
		from, to := netip.MustParseAddrPort(conn.LocalAddr().String()), netip.MustParseAddrPort(conn.RemoteAddr().String())
		for way, list := range map[string][]Connection{"netlink": byNetlink, "/proc/net": byProc} {
			i := slices.IndexFunc(list, func(x Connection) bool { return x.Local == from && x.Remote == to })
			if i < 0 || list[i].Proto != conn.LocalAddr().Network() || list[i].Inode == 0 {
				t.Errorf("%s does not have %s to %s", way, from, to)
			}
		}
	}
	if slices.ContainsFunc(byNetlink, func(x Connection) bool {
		return fmt.Sprint(x.Local) == l.Addr().String() && !x.Remote.IsValid()
	}) {
		t.Error("a socket that waits is told as a connection")
	}
}

func FuzzDiagMessages(f *testing.F) {
	f.Add(make([]byte, 16+diagMessage))
	f.Add([]byte{88, 0, 0, 0, 20, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		done, err := diagMessages(raw, func(data []byte) error {
			c, err := diagConnection("tcp", data)
			if err == nil && (!c.Local.IsValid() || !c.Remote.IsValid()) {
				t.Errorf("%x gives no address", data)
			}
			return err
		})
		if done && err != nil {
			t.Error("both done and in error")
		}
	})
}
