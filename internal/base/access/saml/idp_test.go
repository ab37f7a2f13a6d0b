package saml

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
)

// idp is a provider in this process that can be told to misbehave. It writes its
// messages itself and signs them with another library than the one that reads them.
type idp struct {
	t      *testing.T
	now    func() time.Time
	issuer string
	pair   tls.Certificate
	also   []tls.Certificate // in its metadata too
	until  string            // validUntil of its metadata
}

// Keys are made once: they take longer than a test.
var (
	keyOne   = sync.OnceValue(newKey)
	keyTwo   = sync.OnceValue(newKey)
	keyOurs  = sync.OnceValue(newKey)
	keyShort = sync.OnceValue(func() *rsa.PrivateKey { return rsaKey(1024) })
)

func newKey() *rsa.PrivateKey { return rsaKey(2048) }

func rsaKey(bits int) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

// pairOf makes a certificate of a key that holds for some time from now.
func pairOf(t *testing.T, key any, public any, from, to time.Time) tls.Certificate {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(from.Unix() + to.Unix()), Subject: pkix.Name{CommonName: "idp"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, c, c, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newIDP(t *testing.T, now func() time.Time) *idp {
	p := &idp{t: t, now: now, issuer: "https://idp.example.net/saml"}
	p.pair = p.certify(keyOne())
	return p
}

func (p *idp) certify(k *rsa.PrivateKey) tls.Certificate {
	return pairOf(p.t, k, k.Public(), p.now().Add(-time.Hour), p.now().AddDate(2, 0, 0))
}

// ec makes a pair on a curve.
func (p *idp) ec() tls.Certificate {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	return pairOf(p.t, k, k.Public(), p.now().Add(-time.Hour), p.now().AddDate(1, 0, 0))
}

func (p *idp) metadata() string {
	keys := ""
	for _, c := range append([]tls.Certificate{p.pair}, p.also...) {
		keys += `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
			base64.StdEncoding.EncodeToString(c.Certificate[0]) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
	}
	until := ""
	if p.until != "" {
		until = ` validUntil="` + p.until + `"`
	}
	return `<?xml version="1.0"?>
<!-- of a test -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + p.issuer + `"` + until + `>
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys + `
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.net/post"/>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.net/sso?tenant=1"/>
</md:IDPSSODescriptor></md:EntityDescriptor>`
}

// request is what a browser brings to the provider.
type request struct {
	ID          string `xml:"ID,attr"`
	Destination string `xml:"Destination,attr"`
	Consumer    string `xml:"AssertionConsumerServiceURL,attr"`
	Force       bool   `xml:"ForceAuthn,attr"`
	Issuer      string `xml:"Issuer"`
	Policy      struct {
		Format string `xml:"Format,attr"`
	} `xml:"NameIDPolicy"`
	relay string
	query url.Values
}

func (p *idp) asked(at string) request {
	p.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	if q.Get("tenant") != "1" || q.Get("SigAlg") != "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" || q.Get("Signature") == "" || len(q.Get("RelayState")) != 26 {
		p.t.Fatalf("the browser is sent to %s", at)
	}
	deflated, err := base64.StdEncoding.DecodeString(q.Get("SAMLRequest"))
	if err != nil {
		p.t.Fatal(err)
	}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		p.t.Fatal(err)
	}
	r := request{relay: q.Get("RelayState"), query: q}
	if err := xml.Unmarshal(raw, &r); err != nil {
		p.t.Fatalf("%v in %s", err, raw)
	}
	return r
}

// answer is a response before it is written; what newAnswer gives is right.
type answer struct {
	idp *idp

	id, inResponseTo, destination, issuer, status string
	issued                                        time.Time

	assertionID, assertionIssuer, version string
	subject                               string // NameID whole
	confirmed, recipient                  string // the SubjectConfirmationData's InResponseTo and Recipient
	method                                string
	before, after, confirmedUntil         string // NotBefore, NotOnOrAfter
	audience                              string // AudienceRestriction whole
	conditions                            string // beside it
	at                                    time.Time
	statement                             string // AuthnStatement whole; "-": none
	ends                                  string // SessionNotOnOrAfter
	attributes                            map[string][]string

	signs        tls.Certificate
	method256    string // of the signature; "": RSA or ECDSA with SHA-256
	signAround   bool   // the response is signed too
	signNothing  bool   // the assertion is not
	noKeyInfo    bool
	encryptFor   *x509.Certificate
	cipher       xmlenc.BlockCipher
	wrapWith     func(*etree.Element) // changes the document when all is signed
	rewrite      func(string) string  // changes the text of it
	noStatement  bool
	noConditions bool
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (p *idp) answer(r request) *answer {
	now := p.now()
	return &answer{idp: p, id: "r" + rand.Text(), inResponseTo: r.ID, destination: r.Consumer, issuer: p.issuer, status: success, issued: now,
		assertionID: "a" + rand.Text(), assertionIssuer: p.issuer, version: "2.0",
		subject:   `<saml:NameID Format="` + persistent + `">00u1</saml:NameID>`,
		confirmed: r.ID, recipient: r.Consumer, method: bearer,
		before: stamp(now.Add(-time.Minute)), after: stamp(now.Add(5 * time.Minute)), confirmedUntil: stamp(now.Add(5 * time.Minute)),
		audience: audience(r.Issuer), at: now, signs: p.pair,
		attributes: map[string][]string{"mail": {"maeve@example.org"}, "displayName": {"Maeve Doyle"}}}
}

func audience(names ...string) string {
	return "<saml:AudienceRestriction><saml:Audience>" + strings.Join(names, "</saml:Audience><saml:Audience>") + "</saml:Audience></saml:AudienceRestriction>"
}

func attr(name, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(` %s="%s"`, name, value)
}

func (a *answer) assertion() string {
	statement := a.statement
	if statement == "" && !a.noStatement {
		statement = `<saml:AuthnStatement AuthnInstant="` + stamp(a.at) + `" SessionIndex="s1"` + attr("SessionNotOnOrAfter", a.ends) +
			`><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`
	}
	list := ""
	for name, values := range a.attributes {
		list += `<saml:Attribute Name="` + name + `">`
		for _, v := range values {
			list += `<saml:AttributeValue>` + v + `</saml:AttributeValue>`
		}
		list += `</saml:Attribute>`
	}
	if list != "" {
		list = `<saml:AttributeStatement>` + list + `</saml:AttributeStatement>`
	}
	conditions := `<saml:Conditions` + attr("NotBefore", a.before) + attr("NotOnOrAfter", a.after) + `>` + a.audience + a.conditions + `</saml:Conditions>`
	if a.noConditions {
		conditions = ""
	}
	return `<saml:Assertion xmlns:saml="` + nsAssertion + `" ID="` + a.assertionID + `" Version="` + a.version + `" IssueInstant="` + stamp(a.issued) + `"><saml:Issuer>` + a.assertionIssuer + `</saml:Issuer>` +
		`<saml:Subject>` + a.subject + `<saml:SubjectConfirmation Method="` + a.method + `"><saml:SubjectConfirmationData` + attr("InResponseTo", a.confirmed) + attr("Recipient", a.recipient) +
		attr("NotOnOrAfter", a.confirmedUntil) + `/></saml:SubjectConfirmation></saml:Subject>` + conditions + statement + list + `</saml:Assertion>`
}

func (a *answer) sign(el *etree.Element) *etree.Element {
	a.idp.t.Helper()
	ctx := dsig.NewDefaultSigningContext(dsig.TLSCertKeyStore(a.signs))
	method := a.method256
	if method == "" {
		if method = dsig.RSASHA256SignatureMethod; a.signs.PrivateKey != nil {
			if _, ok := a.signs.PrivateKey.(*ecdsa.PrivateKey); ok {
				method = dsig.ECDSASHA256SignatureMethod
				var err error
				if ctx, err = dsig.NewSigningContext(a.signs.PrivateKey.(*ecdsa.PrivateKey), a.signs.Certificate); err != nil {
					a.idp.t.Fatal(err)
				}
			}
		}
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(method); err != nil {
		a.idp.t.Fatal(err)
	}
	out, err := ctx.SignEnveloped(el)
	if err != nil {
		a.idp.t.Fatal(err)
	}
	if a.noKeyInfo {
		sig := out.FindElement("./Signature")
		sig.RemoveChild(sig.FindElement("./KeyInfo"))
	}
	return out
}

func parseXML(t *testing.T, text string) *etree.Element {
	t.Helper()
	d := etree.NewDocument()
	if err := d.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	return d.Root()
}

func write(t *testing.T, el *etree.Element) string {
	t.Helper()
	d := etree.NewDocument()
	d.SetRoot(el)
	text, err := d.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// text writes the response and signs it.
func (a *answer) text() string {
	t := a.idp.t
	t.Helper()
	assertion := parseXML(t, a.assertion())
	if !a.signNothing {
		assertion = a.sign(assertion)
	}
	if a.encryptFor != nil {
		e := xmlenc.OAEP()
		e.BlockCipher = a.cipher
		data, err := e.Encrypt(a.encryptFor, []byte(write(t, assertion.Copy())), nil)
		if err != nil {
			t.Fatal(err)
		}
		data.CreateAttr("Type", "http://www.w3.org/2001/04/xmlenc#Element")
		assertion = etree.NewElement("saml:EncryptedAssertion")
		assertion.CreateAttr("xmlns:saml", nsAssertion)
		assertion.AddChild(data)
	}
	response := parseXML(t, `<samlp:Response xmlns:samlp="`+nsProtocol+`" xmlns:saml="`+nsAssertion+`" ID="`+a.id+`" Version="2.0" IssueInstant="`+stamp(a.issued)+`"`+attr("InResponseTo", a.inResponseTo)+
		attr("Destination", a.destination)+`><saml:Issuer>`+a.issuer+`</saml:Issuer><samlp:Status><samlp:StatusCode Value="`+a.status+`"/></samlp:Status></samlp:Response>`)
	response.AddChild(assertion)
	if a.signAround {
		response = a.sign(response)
	}
	if a.wrapWith != nil {
		a.wrapWith(response)
	}
	text := write(t, response)
	if a.rewrite != nil {
		text = a.rewrite(text)
	}
	return text
}

// form is what the browser brings.
func (a *answer) form(relay string) url.Values {
	return url.Values{"state": {relay}, "SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(a.text()))}}
}
