package web

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// providerSays is the metadata of a provider that nobody comes in by.
func providerSays(t *testing.T, s *site) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: s.clock.Now().Add(-time.Hour), NotAfter: s.clock.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.org/saml"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(der) +
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.org/sso"/>` +
		`</md:IDPSSODescriptor></md:EntityDescriptor>`
}

func samlSettings(more url.Values) url.Values {
	f := url.Values{"do": {"set"}, "provider": {"Shibboleth"}, "domains": {"example.org"}, "vouches": {"yes"}, "hours": {"8"}}
	for name, v := range more {
		f[name] = v
	}
	return f
}

// upload sends a form as a browser does that has chosen a file.
func (s *site) uploadForm(path string, fields url.Values, name, text string) answer {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for field, values := range fields {
		for _, v := range values {
			if err := m.WriteField(field, v); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	part, err := m.CreateFormFile(name, "metadata.xml")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := part.Write([]byte(text)); err != nil {
		s.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+path, &b)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return s.do(r)
}

func TestSAMLScreens(t *testing.T) {
	s := newSite(t)
	if a := s.get("/login/saml/metadata"); a.status != http.StatusNotFound {
		t.Errorf("metadata without a key: %d", a.status)
	}
	s.login()
	s.says("/settings/login", "Identity provider by SAML", "http://localhost:7373/login/saml/acs", "there is none until there is a key of ours")
	if a := s.post("/settings/login/saml", url.Values{"do": {"key"}}); a.to != "/settings/login" {
		t.Fatalf("make a key: %d %s", a.status, a.text())
	}
	if a := s.get("/login/saml/metadata"); a.status != http.StatusOK || a.header.Get("Content-Type") != "application/samlmetadata+xml" || !strings.Contains(a.body, `entityID="http://localhost:7373/login/saml/metadata"`) {
		t.Errorf("our metadata: %d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}

	metadata := providerSays(t, s)
	for field, wrong := range map[string]struct {
		form url.Values
		text string
	}{
		"saml-metadata": {samlSettings(nil), "<html/>"},
		"saml-domains":  {samlSettings(url.Values{"domains": {"example"}}), metadata},
		"saml-hours":    {samlSettings(url.Values{"hours": {"a few"}}), metadata},
		"saml-address":  {samlSettings(url.Values{"address": {"http://login.example.org"}}), ""},
		"saml-subject":  {samlSettings(url.Values{"subject": {"two words"}}), metadata},
	} {
		a := s.uploadForm("/settings/login/saml", wrong.form, "metadata", wrong.text)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="`+field+`-problem"`) || !strings.Contains(a.body, `value="Shibboleth"`) || strings.Contains(a.body, `id="issuer-problem"`) {
			t.Errorf("%s: %d %s", field, a.status, a.text())
		}
	}

	// Somebody who has to show first who they are does not choose the file again.
	s.clock.Advance(20 * time.Minute)
	a := s.uploadForm("/settings/login/saml", samlSettings(nil), "metadata", metadata)
	if a.status != http.StatusForbidden || !strings.Contains(a.body, "https://idp.example.org/saml") {
		t.Fatalf("not asked who is there, or the file is lost: %d %s", a.status, a.text())
	}
	s.again()
	if a := s.uploadForm("/settings/login/saml", samlSettings(nil), "metadata", metadata); a.to != "/settings/login" {
		t.Fatalf("set: %d %s", a.status, a.text())
	}
	s.says("/settings/login", "https://idp.example.org/saml", "Certificates by which Shibboleth signs", "signs what we ask", "Try it")
	if a := s.post("/settings/login/saml", samlSettings(url.Values{"hours": {"4"}})); a.to != "/settings/login" { // the metadata stays
		t.Fatalf("set again: %d %s", a.status, a.text())
	}
	s.says("/account", "Login at Shibboleth", "None opens this account yet")
	if a := s.post("/settings/login/try", url.Values{"way": {"saml"}}); a.status != http.StatusOK || !strings.Contains(a.body, `href="https://idp.example.org/sso?SAMLRequest=`) {
		t.Errorf("try: %d %s", a.status, a.text())
	}
	for _, do := range []string{"key", "use-key", "drop-former", "key", "drop-next"} {
		if a := s.post("/settings/login/saml", url.Values{"do": {do}}); a.to != "/settings/login" {
			t.Errorf("%s: %d %s", do, a.status, a.text())
		}
	}
	if a := s.post("/settings/login/saml", url.Values{"do": {"read"}}); a.status != http.StatusNotFound {
		t.Errorf("read metadata that was uploaded: %d", a.status)
	}

	in := s.client
	s.client = s.stranger()
	s.says("/login", "Log in with Shibboleth")
	a = s.get("/login/saml?next=" + url.QueryEscape("//evil.example"))
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "https://idp.example.org/sso?SAMLRequest=") || strings.Contains(a.to, "evil") || len(a.header.Get("Set-Cookie")) > 4000 || !strings.Contains(a.header.Get("Set-Cookie"), "SameSite=Lax") {
		t.Fatalf("to the provider: %d %s %s", a.status, a.to, a.header.Get("Set-Cookie"))
	}
	s.client = in
	if a := s.post("/settings/login/saml", url.Values{"do": {"remove"}}); a.to != "/settings/login" {
		t.Errorf("remove: %d %s", a.status, a.text())
	}
	s.client = s.stranger()
	if a := s.get("/login"); strings.Contains(a.text(), "Shibboleth") {
		t.Error("the door still names the provider")
	}
}

// What the provider's page sends comes from another site. It opens nothing, sets
// nothing and knows nobody; the page behind it is as closed to other sites as all.
func TestSAMLLanding(t *testing.T) {
	s := newSite(t)
	s.login()
	if a := s.uploadForm("/settings/login/saml", samlSettings(nil), "metadata", providerSays(t, s)); a.to != "/settings/login" {
		t.Fatalf("set: %d %s", a.status, a.text())
	}
	cross := []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://idp.example.org"}
	a := s.post("/login/saml/acs", url.Values{"SAMLResponse": {`"><script>alert(1)</script>`}, "RelayState": {"<b>"}}, cross...)
	if a.status != http.StatusOK || !strings.Contains(a.body, `action="/login/saml/return"`) || strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, "<b>") || a.header.Get("Set-Cookie") != "" {
		t.Errorf("landing: %d %v %s", a.status, a.header, a.body)
	}
	if strings.Contains(a.text(), "Your account") { // though the session's cookie came, as old browsers send it
		t.Errorf("the landing knows who is there: %s", a.text())
	}
	if a := s.post("/login/saml/acs", url.Values{}, cross...); a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing: %d", a.status)
	}
	if a := s.post("/login/saml/acs", url.Values{"SAMLResponse": {strings.Repeat("A", int(maxResponse))}}, cross...); a.status < 400 || a.status >= 500 {
		t.Errorf("too long: %d", a.status)
	}
	for _, path := range []string{"/login/saml/return", "/login", "/settings/login/saml", "/login/saml/acs/", "/login/saml/acs/x"} {
		a := s.post(path, url.Values{"SAMLResponse": {"x"}, "do": {"remove"}}, cross...)
		if a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("another site posts to %s: %d %s", path, a.status, a.text())
		}
	}
	s.says("/settings/login", "https://idp.example.org/saml") // it is still set

	// Nobody asked for it.
	unasked := base64.StdEncoding.EncodeToString([]byte(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.org/saml</saml:Issuer></samlp:Response>`))
	admin := s.client
	s.client = s.stranger()
	if a := s.post("/login/saml/return", url.Values{"SAMLResponse": {unasked}}); a.status != http.StatusUnauthorized || !strings.Contains(a.text(), "not begun in this browser") {
		t.Errorf("unasked: %d %s", a.status, a.text())
	}
	s.client = admin
	if a := s.post("/settings/login/saml", samlSettings(url.Values{"tile": {"begins"}})); a.to != "/settings/login" {
		t.Fatalf("a tile: %d %s", a.status, a.text())
	}
	s.client = s.stranger()
	for relay, want := range map[string]string{"": "/login/saml?next=%2F", "/findings": "/login/saml?next=%2Ffindings", "https://evil.example/": "/login/saml?next=%2F", "//evil.example": "/login/saml?next=%2F"} {
		if a := s.post("/login/saml/return", url.Values{"SAMLResponse": {unasked}, "RelayState": {relay}}); a.to != want {
			t.Errorf("a tile with %q leads to %d %q", relay, a.status, a.to)
		}
	}
}
