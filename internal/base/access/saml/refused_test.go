package saml

import (
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
)

// evil is a copy of the signed assertion that says somebody else.
func evil(signed *etree.Element) *etree.Element {
	e := signed.Copy()
	e.RemoveAttr("ID")
	e.CreateAttr("ID", "evil")
	if s := e.FindElement("./Signature"); s != nil {
		e.RemoveChild(s)
	}
	e.FindElement("./Subject/NameID").SetText("00u-evil")
	return e
}

func assertionOf(response *etree.Element) *etree.Element {
	return response.FindElement("./Assertion")
}

// object puts an element into the assertion's signature.
func object(sig, inside *etree.Element) {
	o := sig.CreateElement("ds:Object")
	o.AddChild(inside)
}

// TestRefused has what a provider, a browser or somebody between them does
// wrong. Each opens nothing, and is undone by a login that is right.
func TestRefused(t *testing.T) {
	replace := func(old, new string) func(a *answer, b *bench) {
		return func(a *answer, _ *bench) {
			a.rewrite = func(s string) string {
				if !strings.Contains(s, old) {
					panic("the answer has no " + old)
				}
				return strings.Replace(s, old, new, 1)
			}
		}
	}
	wrap := func(f func(r *etree.Element)) func(a *answer, b *bench) {
		return func(a *answer, _ *bench) { a.wrapWith = f }
	}
	tests := []struct {
		name  string
		spoil func(a *answer, b *bench)
		bring func(b *bench, cookie string, form url.Values) (string, url.Values)
		want  string
	}{
		// Signatures.
		{name: "not signed", spoil: func(a *answer, _ *bench) { a.signNothing = true }, want: "not signed by the provider"},
		{name: "signed around the assertion alone", spoil: func(a *answer, _ *bench) { a.signNothing, a.signAround = true, true }, want: "the assertion in it is not signed"},
		{name: "a stranger's key", spoil: func(a *answer, b *bench) { a.signs = b.idp.certify(keyTwo()) }, want: "not in the provider's metadata"},
		{name: "a stranger's key, not named", spoil: func(a *answer, b *bench) { a.signs, a.noKeyInfo = b.idp.certify(keyTwo()), true }, want: "not signed by the provider"},
		{name: "a stranger's key under the provider's certificate", spoil: func(a *answer, b *bench) {
			a.signs = b.idp.certify(keyTwo())
			a.signs.Certificate = b.idp.pair.Certificate
		}, want: "not signed by the provider"},
		{name: "our own key", spoil: func(a *answer, b *bench) {
			a.signs.PrivateKey, a.signs.Certificate = keyOurs(), [][]byte{b.ours().Raw}
		}, want: "not in the provider's metadata"},
		{name: "SHA-1", spoil: func(a *answer, _ *bench) { a.method256 = dsig.RSASHA1SignatureMethod }, want: "not signed by the provider"},
		{name: "another name for the subject after signing", spoil: replace(">00u1<", ">00u2<"), want: "not signed by the provider"},
		{name: "another attribute after signing", spoil: replace("maeve@example.org", "admin@example.org"), want: "not signed by the provider"},
		{name: "the assertion right, around it a wrong signature", spoil: func(a *answer, _ *bench) {
			a.signAround = true
			a.wrapWith = func(r *etree.Element) { r.FindElement("./Status").CreateAttr("x", "y") }
		}, want: "not signed by the provider"},
		{name: "an empty signature", spoil: wrap(func(r *etree.Element) {
			s := assertionOf(r).FindElement("./Signature")
			for _, c := range s.ChildElements() {
				s.RemoveChild(c)
			}
		}), want: "not signed by the provider"},
		{name: "a signature over nothing", spoil: wrap(func(r *etree.Element) {
			i := assertionOf(r).FindElement("./Signature/SignedInfo")
			i.RemoveChild(i.FindElement("./Reference"))
		}), want: "not signed by the provider"},
		{name: "a signature over something else", spoil: wrap(func(r *etree.Element) {
			assertionOf(r).FindElement("./Signature/SignedInfo/Reference").CreateAttr("URI", "#else")
		}), want: "not signed by the provider"},
		{name: "an expired certificate", spoil: func(a *answer, b *bench) {
			old := pairOf(b.t, keyTwo(), keyTwo().Public(), b.clock.Now().AddDate(-2, 0, 0), b.clock.Now().AddDate(0, 0, -1))
			b.idp.also = append(b.idp.also, old)
			b.set(b.settings())
			a.signs = old
		}, want: "expired"},

		// Wrapping: something signed, and something else beside it.
		{name: "XSW: the signed assertion in the false one's signature", spoil: wrap(func(r *etree.Element) {
			a := assertionOf(r)
			e := evil(a)
			sig := a.FindElement("./Signature").Copy()
			object(sig, a.Copy())
			e.InsertChildAt(1, sig)
			r.RemoveChild(a)
			r.AddChild(e)
		}), want: "cannot be read"},
		{name: "XSW: a false one before it", spoil: wrap(func(r *etree.Element) { r.InsertChildAt(0, evil(assertionOf(r))) }), want: "cannot be read"},
		{name: "XSW: a false one after it", spoil: wrap(func(r *etree.Element) { r.AddChild(evil(assertionOf(r))) }), want: "cannot be read"},
		{name: "XSW: around it", spoil: wrap(func(r *etree.Element) {
			a := assertionOf(r)
			e := evil(a)
			r.RemoveChild(a)
			e.AddChild(a)
			r.AddChild(e)
		}), want: "cannot be read"},
		{name: "XSW: the signed one in Extensions", spoil: wrap(func(r *etree.Element) {
			a := assertionOf(r)
			e := evil(a)
			r.RemoveChild(a)
			r.CreateElement("samlp:Extensions").AddChild(a)
			r.AddChild(e)
		}), want: "cannot be read"},
		{name: "XSW: with the same id", spoil: wrap(func(r *etree.Element) {
			a := assertionOf(r)
			e := evil(a)
			e.CreateAttr("ID", a.SelectAttrValue("ID", ""))
			r.InsertChildAt(0, e)
		}), want: "cannot be read"},
		{name: "XSW: a false response around the signed one", spoil: func(a *answer, _ *bench) {
			a.signAround = true
			a.rewrite = func(s string) string {
				s = strings.TrimPrefix(s, `<?xml version="1.0"?>`)
				open := s[:strings.Index(s, ">")+1]
				return strings.Replace(open, `ID="`, `ID="evil`, 1) + s + "</samlp:Response>"
			}
		}, want: "cannot be read"},
		{name: "XSW: the signature moved", spoil: wrap(func(r *etree.Element) {
			a := assertionOf(r)
			s := a.FindElement("./Signature")
			a.RemoveChild(s)
			a.FindElement("./Subject").AddChild(s)
		}), want: "cannot be read"},
		{name: "two signatures", spoil: wrap(func(r *etree.Element) {
			a := assertionOf(r)
			a.AddChild(a.FindElement("./Signature").Copy())
		}), want: "cannot be read"},
		{name: "an assertion of another namespace", spoil: replace(`<saml:Assertion xmlns:saml="`+nsAssertion+`"`, `<saml:Assertion xmlns:saml="urn:x"`), want: "cannot be read"},
		{name: "a comment in the name", spoil: replace(">00u1<", ">00u1<!-- -->2<"), want: "cannot be read"},

		// What XML can do beside.
		{name: "a document type", spoil: replace("<samlp:Response", `<!DOCTYPE x [<!ENTITY a "00u1">]><samlp:Response`), want: "cannot be read"},
		{name: "a bomb of entities", spoil: replace("<samlp:Response", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><samlp:Response`), want: "cannot be read"},
		{name: "a file from outside", spoil: replace("<samlp:Response", `<!DOCTYPE x SYSTEM "file:///etc/passwd"><samlp:Response`), want: "cannot be read"},
		{name: "an entity that nobody declared", spoil: replace(">00u1<", ">&x;<"), want: "cannot be read"},
		{name: "an instruction for programs", spoil: replace("<samlp:Status>", `<?xml-stylesheet href="x"?><samlp:Status>`), want: "cannot be read"},
		{name: "deep", spoil: replace("<samlp:Status>", strings.Repeat("<x>", 200)+strings.Repeat("</x>", 200)+"<samlp:Status>"), want: "cannot be read"},
		{name: "many elements", spoil: replace("<samlp:Status>", strings.Repeat("<x/>", mostElements)+"<samlp:Status>"), want: "cannot be read"},
		{name: "many attributes", spoil: replace("<samlp:Status>", "<x "+manyAttributes(200)+"/><samlp:Status>"), want: "cannot be read"},
		{name: "long", spoil: replace("<samlp:Status>", "<x>"+strings.Repeat("x", mostBytes)+"</x><samlp:Status>"), want: "cannot be read"},
		{name: "cut off", spoil: func(a *answer, _ *bench) { a.rewrite = func(s string) string { return s[:len(s)/2] } }, want: "cannot be read"},
		{name: "something else", spoil: func(a *answer, _ *bench) { a.rewrite = func(string) string { return "<html/>" } }, want: "cannot be read"},
		{name: "a name with a NUL", spoil: replace(">00u1<", ">00u1\x00<"), want: "cannot be read"},

		// For whom and when.
		{name: "another issuer", spoil: func(a *answer, _ *bench) {
			a.issuer, a.assertionIssuer = "https://else.example", "https://else.example"
		}, want: "another issuer"},
		{name: "an assertion of another issuer", spoil: func(a *answer, _ *bench) { a.assertionIssuer = "https://else.example" }, want: "another issuer"},
		{name: "another audience", spoil: func(a *answer, _ *bench) { a.audience = audience("https://else.example") }, want: "for somebody else"},
		{name: "no audience", spoil: func(a *answer, _ *bench) { a.audience = "" }, want: "for somebody else"},
		{name: "one audience of two that is another", spoil: func(a *answer, _ *bench) { a.audience += audience("https://else.example") }, want: "for somebody else"},
		{name: "another recipient", spoil: func(a *answer, _ *bench) { a.recipient = "https://else.example/acs" }, want: "for another address"},
		{name: "no recipient", spoil: func(a *answer, _ *bench) { a.recipient = "" }, want: "for another address"},
		{name: "another destination", spoil: func(a *answer, _ *bench) { a.destination = "https://else.example/acs" }, want: "for another address"},
		{name: "no destination", spoil: func(a *answer, _ *bench) { a.destination = "" }, want: "for another address"},
		{name: "the answer to another login", spoil: func(a *answer, _ *bench) { a.inResponseTo, a.confirmed = "id-x", "id-x" }, want: "belongs to another login"},
		{name: "the assertion of another login", spoil: func(a *answer, _ *bench) { a.confirmed = "id-x" }, want: "belongs to another login"},
		{name: "nobody asked for it", spoil: func(a *answer, _ *bench) { a.inResponseTo, a.confirmed = "", "" }, want: "belongs to another login"},
		{name: "an assertion that nobody asked for", spoil: func(a *answer, _ *bench) { a.confirmed = "" }, want: "belongs to another login"},
		{name: "expired", spoil: func(a *answer, b *bench) { a.after = stamp(b.clock.Now().Add(-61 * time.Second)) }, want: "has expired"},
		{name: "expired at the library's bound", spoil: func(a *answer, b *bench) { a.after = stamp(b.clock.Now().Add(-4 * time.Minute)) }, want: "has expired"},
		{name: "a confirmation that expired", spoil: func(a *answer, b *bench) { a.confirmedUntil = stamp(b.clock.Now().Add(-61 * time.Second)) }, want: "has expired"},
		{name: "a confirmation for ever", spoil: func(a *answer, _ *bench) { a.confirmedUntil = "" }, want: "has expired"},
		{name: "not yet", spoil: func(a *answer, b *bench) { a.before = stamp(b.clock.Now().Add(61 * time.Second)) }, want: "from the future"},
		{name: "issued in the future", spoil: func(a *answer, b *bench) { a.issued = b.clock.Now().Add(61 * time.Second) }, want: "from the future"},
		{name: "issued long ago", spoil: func(a *answer, b *bench) { a.issued = b.clock.Now().Add(-3 * time.Minute) }, want: "has expired"},
		{name: "a login of tomorrow", spoil: func(a *answer, b *bench) { a.at = b.clock.Now().Add(24 * time.Hour) }, want: "from the future"},
		{name: "a session that has ended", spoil: func(a *answer, b *bench) { a.ends = stamp(b.clock.Now().Add(-time.Second)) }, want: "ended already"},
		{name: "a time that is none", spoil: replace("SessionIndex", `SessionNotOnOrAfter="soon" SessionIndex`), want: "cannot be read"},
		{name: "not for the bearer", spoil: func(a *answer, _ *bench) { a.method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches" }, want: "missing"},
		{name: "no conditions", spoil: func(a *answer, _ *bench) { a.noConditions = true }, want: "missing"},
		{name: "a condition that nobody knows", spoil: func(a *answer, _ *bench) { a.conditions = `<saml:OnTuesdays/>` }, want: "not taken here"},
		{name: "SAML 1.1", spoil: func(a *answer, _ *bench) { a.version = "1.1" }, want: "not taken here"},
		{name: "no word of how", spoil: func(a *answer, _ *bench) { a.noStatement = true }, want: "missing"},
		{name: "no id", spoil: func(a *answer, _ *bench) { a.assertionID = "" }, want: "not signed"},
		{name: "a long id", spoil: func(a *answer, _ *bench) { a.assertionID = "a" + strings.Repeat("x", 300) }, want: "no id"},

		// About whom.
		{name: "about nobody", spoil: func(a *answer, _ *bench) { a.subject = "" }, want: "missing"},
		{name: "an empty name", spoil: func(a *answer, _ *bench) { a.subject = `<saml:NameID Format="` + persistent + `"> </saml:NameID>` }, want: "who it is about"},
		{name: "a long name", spoil: func(a *answer, _ *bench) {
			a.subject = `<saml:NameID Format="` + persistent + `">` + strings.Repeat("x", 256) + `</saml:NameID>`
		}, want: "who it is about"},
		{name: "a name for one day", spoil: func(a *answer, _ *bench) {
			a.subject = `<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">00u1</saml:NameID>`
		}, want: "passes to others"},
		{name: "a name that is an address", spoil: func(a *answer, _ *bench) {
			a.subject = `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">maeve@example.org</saml:NameID>`
		}, want: "passes to others"},
		{name: "an address that does not say so", spoil: func(a *answer, _ *bench) { a.subject = `<saml:NameID>maeve@example.org</saml:NameID>` }, want: "passes to others"},
		{name: "a name of another provider", spoil: func(a *answer, _ *bench) {
			a.subject = `<saml:NameID Format="` + persistent + `" NameQualifier="https://else.example">00u1</saml:NameID>`
		}, want: "for somebody else"},
		{name: "a name for another application", spoil: func(a *answer, _ *bench) {
			a.subject = `<saml:NameID Format="` + persistent + `" SPNameQualifier="https://else.example">00u1</saml:NameID>`
		}, want: "for somebody else"},
		{name: "a number instead of a name", spoil: func(a *answer, _ *bench) { a.subject = `<saml:BaseID>1</saml:BaseID>` }, want: "not taken here"},
		{name: "closed", spoil: func(_ *answer, b *bench) { b.must(b.users.Disable(b.ctx, b.admin, b.maeve.ID)) }, want: "this account is closed"},

		// Encrypted.
		{name: "encrypted for somebody else", spoil: func(a *answer, _ *bench) {
			c, err := x509.ParseCertificate(a.signs.Certificate[0])
			if err != nil {
				panic(err)
			}
			a.encryptFor, a.cipher = c, xmlenc.AES256GCM
		}, want: "cannot be decrypted"},
		{name: "encrypted, and not signed in it", spoil: func(a *answer, b *bench) { a.encryptFor, a.cipher, a.signNothing = b.ours(), xmlenc.AES256GCM, true }, want: "not signed by the provider"},
		{name: "encrypted, signed around it alone", spoil: func(a *answer, b *bench) {
			a.encryptFor, a.cipher, a.signNothing, a.signAround = b.ours(), xmlenc.AES256GCM, true, true
		}, want: "the assertion in it is not signed"},
		{name: "encrypted with CBC and not signed around it", spoil: func(a *answer, b *bench) { a.encryptFor, a.cipher = b.ours(), xmlenc.AES256CBC }, want: "not signed by the provider"},
		{name: "encrypted by what strangers can ask about", spoil: func(a *answer, b *bench) {
			a.encryptFor, a.cipher = b.ours(), xmlenc.AES256GCM
			a.rewrite = func(s string) string {
				return strings.Replace(s, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2001/04/xmlenc#rsa-1_5", 1)
			}
		}, want: "cannot be read"},
		{name: "encrypted, and changed on the way", spoil: func(a *answer, b *bench) {
			a.encryptFor, a.cipher = b.ours(), xmlenc.AES256GCM
			a.wrapWith = func(r *etree.Element) {
				for _, v := range r.FindElements("//CipherValue") {
					text := []byte(strings.TrimSpace(v.Text()))
					if text[20] == 'A' {
						text[20] = 'B'
					} else {
						text[20] = 'A'
					}
					v.SetText(string(text))
				}
			}
		}, want: "cannot be decrypted"},

		// The provider says no.
		{name: "denied", spoil: replace(`<samlp:StatusCode Value="`+success+`"/>`, `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></samlp:StatusCode>`), want: "did not let you in"},
		{name: "an error with words of its own", spoil: replace(success, "Call +1 555 0100"), want: "answered with an error"},
		{name: "no status", spoil: replace(`<samlp:StatusCode Value="`+success+`"/>`, ``), want: "has no status"},
		{name: "no assertion", spoil: wrap(func(r *etree.Element) { r.RemoveChild(assertionOf(r)) }), want: "no assertion"},

		// The browser.
		{name: "no response", bring: func(_ *bench, c string, f url.Values) (string, url.Values) { f.Del("SAMLResponse"); return c, f }, want: "no response"},
		{name: "no base64", bring: func(_ *bench, c string, f url.Values) (string, url.Values) {
			f.Set("SAMLResponse", "%%%")
			return c, f
		}, want: "no response"},
		{name: "more than anybody sends", bring: func(_ *bench, c string, f url.Values) (string, url.Values) {
			f.Set("SAMLResponse", strings.Repeat("A", 3*mostBytes))
			return c, f
		}, want: "no response"},
		{name: "another state", bring: func(_ *bench, c string, f url.Values) (string, url.Values) { f.Set("state", "x"); return c, f }, want: "not begun in this browser"},
		{name: "no state", bring: func(_ *bench, c string, f url.Values) (string, url.Values) { f.Del("state"); return c, f }, want: "not begun in this browser"},
		{name: "no cookie", bring: func(_ *bench, _ string, f url.Values) (string, url.Values) { return "", f }, want: "not begun in this browser"},
		{name: "the cookie of another login", bring: func(b *bench, _ string, f url.Values) (string, url.Values) {
			begun, err := b.ways.Begin(b.ctx, Way, "/")
			b.must(err)
			return begun.Cookie, f
		}, want: "not begun in this browser"},
		{name: "an answer to somebody else, brought with one's own state", bring: func(b *bench, c string, f url.Values) (string, url.Values) {
			begun, err := b.ways.Begin(b.ctx, Way, "/")
			b.must(err)
			r := b.idp.asked(begun.URL)
			f.Set("SAMLResponse", b.idp.answer(r).form(r.relay).Get("SAMLResponse"))
			return c, f
		}, want: "belongs to another login"},
		{name: "too late", bring: func(b *bench, c string, f url.Values) (string, url.Values) {
			b.clock.Advance(11 * time.Minute)
			return c, f
		}, want: "not begun in this browser"},
		{name: "settings of another provider meanwhile", bring: func(b *bench, c string, f url.Values) (string, url.Values) {
			b.must(b.s.Set(b.ctx, b.admin, b.settings(), strings.ReplaceAll(b.idp.metadata(), b.idp.issuer, "https://else.example")))
			return c, f
		}, want: "changed in the meantime"},
		{name: "removed meanwhile", bring: func(b *bench, c string, f url.Values) (string, url.Values) {
			b.must(b.s.Remove(b.ctx, b.admin))
			return c, f
		}, want: "changed in the meantime"},
	}
	if len(tests) < 25 {
		t.Fatalf("%d refusals", len(tests))
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, databasetest.SQLite(t))
			begun, err := b.ways.Begin(b.ctx, Way, "/")
			b.must(err)
			r := b.idp.asked(begun.URL)
			a := b.idp.answer(r)
			if test.spoil != nil {
				test.spoil(a, b)
			}
			cookie, form := begun.Cookie, a.form(r.relay)
			if test.bring != nil {
				cookie, form = test.bring(b, cookie, form)
			}
			came, err := b.ways.Finish(b.ctx, access.Principal{}, Way, cookie, form, desk)
			if k := fault.KindOf(err); err == nil || k != fault.Unauthenticated && k != fault.Forbidden || !strings.Contains(err.Error(), test.want) || came.Login.Token != "" {
				t.Fatalf("kind %q, %v (cause %v), want %q", k, err, errors.Unwrap(err), test.want)
			}
			if message, hint := fault.Public(err); strings.Contains(message+hint, "555") || hint == "" {
				t.Fatalf("said: %s. %s.", message, hint)
			}
			if n := b.count("user.login") + b.count("user.identity_bound"); n != 1 { // the administrator's
				t.Fatalf("%d logins and bindings, want 1", n)
			}
		})
	}
}

func manyAttributes(n int) string {
	var s strings.Builder
	for i := range n {
		s.WriteString(" a" + strings.Repeat("b", i) + `="x"`)
	}
	return s.String()
}
