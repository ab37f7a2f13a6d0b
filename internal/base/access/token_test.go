package access

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
)

// The published cost is what is written, and a login at today's cost renews an older hash.
func TestRehashOnLogin(t *testing.T) {
	each(t, func(b *bench) {
		b.admin()
		stored := func() (phc string) {
			if err := b.db.Reader().QueryRowContext(b.ctx, `SELECT password FROM access_user`).Scan(&phc); err != nil {
				t.Fatal(err)
			}
			return phc
		}
		if !strings.HasPrefix(stored(), "$argon2id$v=19$m=64,t=1,p=1$") {
			t.Fatalf("stored %s", stored())
		}
		b.restart(func(c *Config) { c.Hash = HashCost{} })
		must[Login](t)(b.Login(b.ctx, "admin", good, desk))
		if !strings.HasPrefix(stored(), "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("after a login: %s", stored())
		}
		before := stored()
		must[Login](t)(b.Login(b.ctx, "admin", good, desk))
		if stored() != before {
			t.Error("a hash of today's cost was made again")
		}
	})
}

func FuzzToken(f *testing.F) {
	token, _, err := newToken(linkPrefix)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{token, "", linkPrefix, token + "A", token[:len(token)-1], strings.Replace(token, linkPrefix, sessionPrefix, 1), token + "\n"} {
		f.Add(s, token)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		ha, err := hashToken(linkPrefix, a)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || ha != nil {
				t.Fatalf("%q: %v with %x", a, err, ha)
			}
			return
		}
		if len(ha) != 32 || !strings.HasPrefix(a, linkPrefix) || len(a) != 48 {
			t.Fatalf("%q was taken as a token", a)
		}
		if hb, err := hashToken(linkPrefix, b); err == nil && a != b && string(ha) == string(hb) {
			t.Fatalf("%q and %q are the same token: there is more than one spelling", a, b)
		}
		if _, err := hashToken(sessionPrefix, a); err == nil {
			t.Fatalf("%q is a link and a session", a)
		}
	})
}

func FuzzClient(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "::ffff:192.0.2.1", "fe80::1%eth0", "2001:db8::1", "", "nonsense", "1.2.3.4:80", "\xff"} {
		f.Add(s, "agent\n\xffü")
	}
	f.Fuzz(func(t *testing.T, address, agent string) {
		c := Client{Address: address, Agent: agent}
		if c.address() == "" || len(c.address()) > 50 {
			t.Errorf("%q counts under %q", address, c.address())
		}
		if got := c.trimmed(); len(got.Agent) > 200 || len(got.Address) > 64 || strings.ContainsAny(got.Agent+got.Address, "\n\x00") {
			t.Errorf("kept %+v", got)
		}
	})
}
