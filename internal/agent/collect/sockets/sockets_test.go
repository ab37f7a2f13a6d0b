package sockets

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

func TestNetlinkAndProcAgree(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		if l, err := net.Listen("tcp", address); err == nil { // a host without IPv6 has no ::1
			defer l.Close()
		}
		if l, err := net.ListenPacket("udp", address); err == nil {
			defer l.Close()
		}
	}
	a, err := diagSockets()
	if err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	b, err := procSockets(tree.Root{})
	if err != nil {
		t.Fatal(err)
	}
	key := func(list []Socket) (out []string) {
		for _, s := range list {
			out = append(out, fmt.Sprint(s))
		}
		slices.Sort(out)
		return out
	}
	if ka, kb := key(a), key(b); !slices.Equal(ka, kb) || len(ka) < 2 {
		t.Errorf("netlink %v\n/proc/net %v", ka, kb)
	}
}

func TestHolders(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	list, err := List(tree.Root{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(s Socket) bool { return int(s.Port) == l.Addr().(*net.TCPAddr).Port })
	if i < 0 {
		t.Fatal("our socket is not listed")
	}
	holders, _, err := Holders(t.Context(), tree.Root{}, list)
	if err != nil || holders[list[i].Inode] == "" {
		t.Errorf("nobody holds our socket: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if holders, _, err = Holders(t.Context(), tree.Root{}, list); err != nil || holders[list[i].Inode] != "" {
		t.Errorf("%q holds a socket that is closed: %v", holders[list[i].Inode], err)
	}
}

func FuzzSocketLines(f *testing.F) {
	f.Add([]byte("  0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0 0 10 0"))
	f.Add(make([]byte, diagMessage))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, ok, err := procSocket("tcp", data); err == nil && ok && !s.Address.IsValid() {
			t.Errorf("%q gives no address", data)
		}
		if s, err := diagSocket("tcp", data); err == nil && !s.Address.IsValid() {
			t.Errorf("%q gives no address", data)
		}
	})
}
