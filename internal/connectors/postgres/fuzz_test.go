package postgres

import (
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// Whatever address and mask the server shows, a rule is loopback or anywhere only
// where its address says so, and an address comes out with its length.
func FuzzPlaced(f *testing.F) {
	for _, s := range [][3]string{{"local", "", ""}, {"host", "all", ""}, {"host", "samehost", ""}, {"host", "127.0.0.1", "255.255.255.255"}, {"host", "127.0.0.0", "254.0.0.0"},
		{"host", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, {"host", "0.0.0.0", "0.0.0.0"}, {"host", "::", "::"}, {"host", "10.0.0.1", "ffff::"}, {"host", ".example.org", ""}, {"host", "fe80::1%eth0", "ffff::"}} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, kind, address, netmask string) {
		rule := facts.PgHbaRule{Kind: kind, Address: address}
		placed(&rule, netmask)
		if rule.Loopback && rule.Anywhere {
			t.Fatalf("%q %q is loopback and anywhere", address, netmask)
		}
		addr, err := netip.ParseAddr(address)
		if err != nil {
			if rule.Address != address {
				t.Fatalf("the name %q became %q", address, rule.Address)
			}
			return
		}
		if rule.Loopback && !addr.IsLoopback() {
			t.Fatalf("%q is loopback", address)
		}
		if i := strings.LastIndexByte(rule.Address, '/'); i < 0 || rule.Address[:i] != addr.String() { // a zone may have one too
			t.Fatalf("%q became %q", address, rule.Address)
		}
	})
}

// Whatever certificate a server shows that TLS lets through, it makes a section.
func FuzzDescribed(f *testing.F) {
	for _, n := range []int{-5, 0, 90} {
		text, _ := certificateFor(f, n)
		block, _ := pem.Decode([]byte(text))
		f.Add(block.Bytes)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		if len(der) > 64<<10 {
			return
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		if _, err := facts.NewSection("pg_tls", facts.PgTls{Enabled: ptr(true), Certificate: described(c)}, nil); err != nil {
			t.Fatalf("no section: %v", err)
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if left := days(now, c.NotAfter); (left < 0) != c.NotAfter.Before(now) {
			t.Fatalf("%d days are left until %s", left, c.NotAfter)
		}
	})
}
