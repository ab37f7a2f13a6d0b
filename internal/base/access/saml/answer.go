package saml

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/fault"

	dialect "github.com/crewjam/saml"
)

const (
	skew   = time.Minute // that the provider's clock may be off
	mostID = 255         // bytes of an assertion's id, and of what names somebody
	bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
)

// The formats of a NameID that stays with whom it was given to.
const (
	persistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// What providers call a mail address and a name, lower case.
var (
	mailNames = []string{"mail", "email", "emailaddress", "user.email", "urn:oid:0.9.2342.19200300.100.1.3", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"}
	fullNames = []string{"displayname", "name", "cn", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3", "http://schemas.microsoft.com/identity/claims/displayname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"}
	givenName = []string{"givenname", "firstname", "urn:oid:2.5.4.42", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"}
	lastNames = []string{"sn", "surname", "lastname", "urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"}
)

func requestID(a identity.Asked) string { return "id-" + a.Nonce }

func errNone() error {
	return fault.New(fault.NotFound, "no identity provider is set here").WithHint("come in by the password or a passkey")
}

// ready gives all that a login needs.
func (s *Service) ready(ctx context.Context) (row, *provider, *dialect.ServiceProvider, error) {
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err == nil && !there {
		err = errNone()
	}
	if err != nil {
		return row{}, nil, nil, err
	}
	m, err := s.parsed(r)
	if err != nil {
		return row{}, nil, nil, err
	}
	sp, _, err := s.here(ctx)
	if err != nil {
		return row{}, nil, nil, err
	}
	sp.IDPMetadata = m.entity
	return r, m, sp, nil
}

// Ask gives the address at the provider to which a browser is sent, for package identity.
func (s *Service) Ask(ctx context.Context, a identity.Asked) (string, error) {
	r, m, sp, err := s.ready(ctx)
	if err != nil {
		return "", err
	}
	if err := s.holds(m); err != nil {
		message, hint := fault.Public(err)
		return "", fault.Wrap(fault.Unavailable, err, "%s", message).WithHint("the password and passkeys still let in; an administrator looks at Settings, Login: %s", hint)
	}
	if r.SubjectFrom != "" { // any NameID will do
		sp.AuthnNameIDFormat = dialect.UnspecifiedNameIDFormat
	}
	if a.Anew {
		sp.ForceAuthn = &a.Anew
	}
	req, err := sp.MakeAuthenticationRequest(m.ask, dialect.HTTPRedirectBinding, dialect.HTTPPostBinding)
	if err != nil {
		return "", err
	}
	req.ID = requestID(a)
	to, err := req.Redirect(a.State, sp)
	if err != nil {
		return "", err
	}
	return to.String(), nil
}

// unpack gives a response as the browser's form carries it.
func unpack(text string) ([]byte, error) {
	if text == "" {
		return nil, errors.New("there is none")
	}
	if len(text) > mostBytes*2 {
		return nil, errors.New("it is too long")
	}
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

// Unasked reports whether an answer that a browser brings begins a login here:
// it answers nothing, is of the provider, and the settings have a tile there.
// Nothing of what it says is taken.
func (s *Service) Unasked(ctx context.Context, response string) (bool, error) {
	r, there, err := read(ctx, s.cfg.DB.Reader())
	if err != nil || !there || !r.Tile {
		return false, err
	}
	raw, err := unpack(response)
	if err != nil {
		return false, nil
	}
	m, err := look(raw)
	return err == nil && m.inResponseTo == "" && m.issuer == r.Issuer, nil
}

// Answer gives who somebody is by the response that their browser brought, for
// package identity.
func (s *Service) Answer(ctx context.Context, a identity.Asked, brought url.Values) (identity.Person, error) {
	r, m, sp, err := s.ready(ctx)
	if err != nil {
		return identity.Person{}, err
	}
	raw, err := unpack(brought.Get("SAMLResponse"))
	if err != nil {
		return identity.Person{}, identity.Refuse(err, "there is no response in it")
	}
	said, err := s.verify(sp, a, raw)
	if err != nil {
		return identity.Person{}, err
	}
	p, err := s.person(r, m, said)
	if err != nil {
		return identity.Person{}, err
	}
	return p, s.once(ctx, r, said)
}

// verify gives what a response asserts, once all of it fits what was asked.
func (s *Service) verify(sp *dialect.ServiceProvider, a identity.Asked, raw []byte) (*dialect.Assertion, error) {
	shape, err := look(raw)
	if err != nil {
		return nil, identity.Refuse(err, "it cannot be read")
	}
	id := requestID(a)
	switch {
	case shape.inResponseTo != id:
		return nil, identity.Refuse(nil, "it belongs to another login")
	case shape.destination != s.consumer.String():
		return nil, identity.Refuse(errors.New("its destination is "+clip(shape.destination)), "it is for another address")
	case len(shape.status) == 0:
		return nil, identity.Refuse(nil, "it has no status")
	case shape.status[0] != success:
		return nil, saidStatus(shape.status)
	case shape.assertions == 0:
		return nil, identity.Refuse(nil, "there is no assertion in it")
	}
	said, err := sp.ParseXMLResponse(raw, []string{id}, s.consumer)
	if err != nil {
		return nil, refused(err)
	}
	return said, s.strict(said, id)
}

// strict is what we ask beyond the library: its clocks may differ by three
// minutes, and it takes a signature around the assertion for one of it.
func (s *Service) strict(said *dialect.Assertion, id string) error {
	now := s.cfg.Clock()
	over := func(t time.Time) bool { return !now.Before(t.Add(skew)) }
	early := func(t time.Time) bool { return now.Before(t.Add(-skew)) }
	if said.Signature == nil {
		return identity.Refuse(nil, "the assertion in it is not signed")
	}
	if said.ID == "" || len(said.ID) > mostID {
		return identity.Refuse(nil, "the assertion has no id")
	}
	c := said.Conditions
	if early(said.IssueInstant) || early(c.NotBefore) {
		return identity.Refuse(nil, "it comes from the future")
	}
	if !c.NotOnOrAfter.IsZero() && over(c.NotOnOrAfter) {
		return identity.Refuse(nil, "it has expired")
	}
	confirmed := false
	for _, x := range said.Subject.SubjectConfirmations {
		d := x.SubjectConfirmationData
		confirmed = confirmed || x.Method == bearer && d != nil && d.InResponseTo == id && d.Recipient == s.consumer.String() && !over(d.NotOnOrAfter) && !early(d.NotBefore)
	}
	if !confirmed {
		return identity.Refuse(nil, "it has expired")
	}
	for _, x := range said.AuthnStatements {
		if early(x.AuthnInstant) {
			return identity.Refuse(nil, "it comes from the future")
		}
	}
	return nil
}

// person gives whom an assertion is about.
func (s *Service) person(r row, m *provider, said *dialect.Assertion) (identity.Person, error) {
	p := identity.Person{Issuer: named(m.issuer), Verified: r.Vouches, Ends: s.cfg.Clock().Add(time.Duration(r.Hours) * time.Hour)}
	for i, x := range said.AuthnStatements { // several: the oldest, and the first to end
		if i == 0 || x.AuthnInstant.Before(p.At) {
			p.At = x.AuthnInstant
		}
		if x.SessionNotOnOrAfter != nil && x.SessionNotOnOrAfter.Before(p.Ends) {
			p.Ends = *x.SessionNotOnOrAfter
		}
	}
	var err error
	if p.Subject, err = s.subject(r, m, said); err != nil {
		return p, err
	}
	mail := mailNames
	if r.MailFrom != "" {
		mail = []string{strings.ToLower(r.MailFrom)}
	}
	if found := values(said, mail); len(found) == 1 {
		p.Email = found[0]
	}
	p.Name = strings.Join(slices.Concat(first(said, givenName), first(said, lastNames)), " ")
	if full := first(said, fullNames); len(full) > 0 {
		p.Name = full[0]
	}
	return p, nil
}

// subject gives what names somebody at the provider, and never passes to
// somebody else there.
func (s *Service) subject(r row, m *provider, said *dialect.Assertion) (string, error) {
	var name string
	if r.SubjectFrom != "" {
		found := values(said, []string{strings.ToLower(r.SubjectFrom)})
		if len(found) != 1 {
			return "", identity.Refuse(nil, "it does not say who it is about: the attribute that the settings name has not one value")
		}
		name = found[0]
	} else {
		id := said.Subject.NameID
		switch {
		case id == nil || strings.TrimSpace(id.Value) == "":
			return "", identity.Refuse(nil, "it does not say who it is about")
		case id.Format != persistent && id.Format != unspecified && id.Format != "",
			id.Format != persistent && strings.Contains(id.Value, "@"):
			return "", identity.Refuse(errors.New("the NameID has the format "+clip(id.Format)), "it names you by what passes to others, an address or something for one day. The provider has to send a persistent NameID, or the settings name an attribute")
		case id.NameQualifier != "" && id.NameQualifier != m.issuer, id.SPNameQualifier != "" && id.SPNameQualifier != s.entity:
			return "", identity.Refuse(errors.New("the NameID is of "+clip(id.NameQualifier)+" for "+clip(id.SPNameQualifier)), "its name for you is for somebody else")
		}
		name = strings.TrimSpace(id.Value)
	}
	if len(name) > mostID || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", identity.Refuse(nil, "it does not say who it is about")
	}
	return name, nil
}

// values gives the different values of the attributes with one of some names.
func values(said *dialect.Assertion, names []string) []string {
	var all []string
	for _, st := range said.AttributeStatements {
		for _, x := range st.Attributes {
			if !slices.Contains(names, strings.ToLower(x.Name)) && !slices.Contains(names, strings.ToLower(x.FriendlyName)) {
				continue
			}
			for _, v := range x.Values {
				if text := strings.TrimSpace(v.Value); text != "" && !slices.Contains(all, text) {
					all = append(all, text)
				}
			}
		}
	}
	return all
}

// first gives at most one value: of a name, any will do.
func first(said *dialect.Assertion, names []string) []string {
	all := values(said, names)
	return all[:min(1, len(all))]
}

// once refuses an assertion that opened something before, as long as it could.
func (s *Service) once(ctx context.Context, r row, said *dialect.Assertion) error {
	sum := sha256.Sum256([]byte(r.Issuer + "\x00" + said.ID))
	until := s.cfg.Clock().Add(time.Hour) // it is taken 90 seconds after it was issued
	for _, x := range said.Subject.SubjectConfirmations {
		if d := x.SubjectConfirmationData; d != nil && d.NotOnOrAfter.After(until) {
			until = d.NotOnOrAfter
		}
	}
	fresh := false
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		fresh, err = use(ctx, tx, sum[:], until.Add(time.Hour))
		return err
	})
	if err == nil && !fresh {
		err = identity.Refuse(nil, "it was used before")
	}
	return err
}

func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}

// refused says what of a response does not fit. What the library says stays
// inside: a stranger could learn from it, and administrators see it in a trial.
func refused(err error) error {
	cause := err
	var bad *dialect.InvalidResponseError
	if errors.As(err, &bad) {
		cause = bad.PrivateErr
	}
	for _, k := range []struct {
		is   error
		what string
	}{
		{dialect.ErrUntrustedCertificate, "it is signed by a certificate that is not in the provider's metadata"},
		{dialect.ErrCertificateNotValidNow, "the certificate that it is signed by has expired, or does not hold yet"},
		{dialect.ErrInvalidSignature, "it is not signed by the provider"},
		{dialect.ErrDecryptionFailed, "it cannot be decrypted"},
		{dialect.ErrRequestIDMismatch, "it belongs to another login"},
		{dialect.ErrDestinationMismatch, "it is for another address"},
		{dialect.ErrAudienceMismatch, "it is for somebody else"},
		{dialect.ErrIssuerMismatch, "it comes from another issuer"},
		{dialect.ErrExpired, "it has expired"},
		{dialect.ErrNotYetValid, "it comes from the future"},
		{dialect.ErrMissingElement, "something is missing in it"},
		{dialect.ErrUnsupported, "something in it is not taken here"},
	} {
		if errors.Is(cause, k.is) {
			return identity.Refuse(cause, k.what)
		}
	}
	if cause != nil && cause.Error() == "signature element not present" { // the library has no name for it
		return identity.Refuse(cause, "it is not signed by the provider")
	}
	return identity.Refuse(cause, "it cannot be read")
}

// saidStatus puts a provider's status into words.
func saidStatus(codes []string) error {
	last := codes[len(codes)-1]
	name := last[strings.LastIndexByte(last, ':')+1:]
	if len(name) > 40 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		name = ""
	}
	hint := "try again; an administrator finds more in the provider's own log"
	switch name {
	case "AuthnFailed", "RequestDenied":
		return identity.SaidNo("you broke off there, or have no access to this application: ask whoever runs the provider", "the identity provider did not let you in")
	case "InvalidNameIDPolicy":
		hint = "an administrator lets the provider send a persistent NameID, or names an attribute under Settings, Login"
	case "NoPassive", "NoAuthnContext":
		hint = "begin again, and answer what the provider asks"
	case "Requester", "UnsupportedBinding", "RequestUnsupported":
		hint = "an administrator gives the provider our metadata anew: its address stands under Settings, Login"
	}
	if name != "" {
		name = " (" + name + ")"
	}
	return identity.SaidNo(hint, "the identity provider answered with an error%s", name)
}
