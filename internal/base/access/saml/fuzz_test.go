package saml

import (
	"crypto/x509"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access/identity"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
)

// alone is a service and a provider without a database, at a moment that stands.
func alone(t *testing.T) (*Service, *idp) {
	moment := time.Date(2036, 3, 2, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return moment }
	at, err := url.Parse(home + Consumer)
	if err != nil {
		t.Fatal(err)
	}
	return &Service{cfg: Config{Clock: now}, entity: home + Metadata, consumer: *at}, newIDP(t, now)
}

// FuzzResponse: whatever a browser brings, nobody comes in for whom the provider
// did not sign, and nothing panics. Where something is taken, it says what the
// seeds do, which alone are signed.
func FuzzResponse(f *testing.F) {
	s, p := alone(&testing.T{})
	m, err := s.parse(p.metadata())
	if err != nil {
		f.Fatal(err)
	}
	sp := s.side()
	der, err := s.certify(keyOurs())
	if err != nil {
		f.Fatal(err)
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		f.Fatal(err)
	}
	sp.IDPMetadata, sp.Key, sp.Certificate = m.entity, keyOurs(), own
	asked := identity.Asked{State: "state", Nonce: "NONCE"}
	r := request{ID: requestID(asked), Consumer: home + Consumer, Issuer: home + Metadata}
	var signed []string
	add := func(spoil func(a *answer)) {
		a := p.answer(r)
		spoil(a)
		signed = append(signed, a.assertionID)
		f.Add([]byte(a.text()))
	}
	add(func(*answer) {})
	add(func(a *answer) { a.signAround = true })
	add(func(a *answer) { a.noKeyInfo = true })
	add(func(a *answer) { a.encryptFor, a.cipher = own, xmlenc.AES128GCM })
	add(func(a *answer) { a.encryptFor, a.cipher, a.signAround = own, xmlenc.AES128CBC, true })
	add(func(a *answer) { a.wrapWith = func(r *etree.Element) { r.AddChild(evil(assertionOf(r))) } })
	add(func(a *answer) { a.signNothing, a.signAround = true, true })
	f.Add([]byte(`<samlp:Response xmlns:samlp="` + nsProtocol + `"/>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		said, err := s.verify(sp, asked, raw)
		if err != nil {
			return
		}
		who, err := s.person(row{Settings: Settings{Issuer: p.issuer, Hours: 1}}, m, said)
		if err != nil || who.Subject != "00u1" || who.Email != "maeve@example.org" || !slices.Contains(signed, said.ID) {
			t.Fatalf("taken: %+v, %v", who, err)
		}
	})
}

// FuzzMetadata: whatever is uploaded, what is taken can be asked, over TLS.
func FuzzMetadata(f *testing.F) {
	s, p := alone(&testing.T{})
	f.Add(p.metadata())
	p.until = "2040-01-01T00:00:00Z"
	f.Add(p.metadata())
	f.Add(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.TrimPrefix(p.metadata(), `<?xml version="1.0"?>`) + `</md:EntitiesDescriptor>`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := s.parse(text)
		if err != nil {
			return
		}
		if m.issuer == "" || len(m.certificates) == 0 || !strings.HasPrefix(m.ask, "https://") && !strings.HasPrefix(m.ask, "http://localhost") && !strings.HasPrefix(m.ask, "http://127.") && !strings.HasPrefix(m.ask, "http://[") {
			t.Fatalf("taken: %+v", m)
		}
	})
}
