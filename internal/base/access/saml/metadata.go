package saml

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/fault"

	dialect "github.com/crewjam/saml"
	"github.com/crewjam/saml/samlsp"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	answerTime       = 15 * time.Second
	mostCertificates = 10
	fewestBits       = 2048 // of an RSA key that signs for the provider
)

// provider is what a provider says of itself.
type provider struct {
	text         string
	issuer       string
	ask          string // where browsers are sent, by HTTP-Redirect
	until        time.Time
	certificates []*x509.Certificate // that sign
	entity       *dialect.EntityDescriptor
}

func (p *provider) show() []Certificate {
	var all []Certificate
	for _, c := range p.certificates {
		all = append(all, Certificate{Fingerprint: fingerprint(c.Raw), Until: c.NotAfter})
	}
	return all
}

func (p *provider) short() []string {
	var all []string
	for _, c := range p.certificates {
		all = append(all, fingerprint(c.Raw)[:16])
	}
	return all
}

// parsed gives what the stored metadata says.
func (s *Service) parsed(r row) (*provider, error) {
	s.mu.Lock()
	have := s.have
	s.mu.Unlock()
	if have != nil && have.text == r.metadata {
		return have, nil
	}
	m, err := s.parse(r.metadata)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.have = m
	s.mu.Unlock()
	return m, nil
}

// parse reads a provider's metadata, or says with kind Refused why it is none
// that we can ask.
func (s *Service) parse(text string) (*provider, error) {
	no := func(hint, format string, args ...any) (*provider, error) {
		return nil, fault.New(fault.Refused, format, args...).WithHint("%s", hint)
	}
	raw := []byte(strings.TrimPrefix(text, "\ufeff"))
	if err := walk(raw, false, func([]xml.Name, xml.StartElement) error { return nil }, nil); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "this is no metadata of a provider that can be read: %v", err).WithHint("take the file as the provider gives it, with its first line")
	}
	e, err := samlsp.ParseMetadata(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "this is no metadata of one identity provider").WithHint("the provider gives it as a file or an address, often called federation metadata")
	}
	p := &provider{text: text, issuer: e.EntityID, until: e.ValidUntil, entity: e}
	switch {
	case p.issuer == "" || len(p.issuer) > mostIssuer || p.issuer != strings.TrimSpace(p.issuer):
		return no("an entityID has 1 to 300 characters", "the metadata does not say whose it is")
	case p.issuer == s.entity:
		return no("take the provider's", "this is our own metadata")
	case len(e.IDPSSODescriptors) != 1 || !slices.Contains(strings.Fields(e.IDPSSODescriptors[0].ProtocolSupportEnumeration), nsProtocol):
		return no("look for the metadata of the identity provider (IDPSSODescriptor), not of an application", "the metadata describes no identity provider that speaks SAML 2.0")
	}
	idp := e.IDPSSODescriptors[0]
	if idp.ValidUntil != nil && !idp.ValidUntil.IsZero() && (p.until.IsZero() || idp.ValidUntil.Before(p.until)) {
		p.until = *idp.ValidUntil
	}
	for _, at := range idp.SingleSignOnServices {
		if at.Binding == dialect.HTTPRedirectBinding {
			p.ask = at.Location
			break
		}
	}
	if p.ask == "" {
		return no("switch the binding HTTP-Redirect on at the provider", "the provider cannot be asked by HTTP-Redirect")
	}
	if err := identity.Address("login address", p.ask, p.issuer); err != nil {
		return nil, err
	}
	if strings.ContainsAny(p.ask, "#") {
		return no("look at SingleSignOnService in it", "the provider's login address ends in a mark within a page")
	}
	if p.certificates, err = signers(idp.KeyDescriptors); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "a certificate in the metadata cannot be used: %v", err).WithHint("the provider signs with RSA of %d bits or more, or with ECDSA", fewestBits)
	}
	return p, nil
}

// holds refuses, with kind Refused, metadata that nobody comes in by at this moment.
func (s *Service) holds(p *provider) error {
	now := s.cfg.Clock()
	if !slices.ContainsFunc(p.certificates, func(c *x509.Certificate) bool { return now.Before(c.NotAfter) }) {
		return fault.New(fault.Refused, "every certificate by which the provider signs has expired").WithHint("give the provider a new one, and take its metadata then")
	}
	if !p.until.IsZero() && !now.Before(p.until) {
		return fault.New(fault.Refused, "the provider's metadata has ended on %s", p.until.UTC().Format("2 January 2006")).WithHint("take it from the provider anew, or give its address")
	}
	return nil
}

// signers gives the certificates by which a provider may sign.
func signers(keys []dialect.KeyDescriptor) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for _, k := range keys {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, x := range k.KeyInfo.X509Data.X509Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(x.Data), ""))
			if err != nil {
				return nil, errors.New("it is not in base64")
			}
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, errors.New("it is no X.509 certificate")
			}
			switch key := c.PublicKey.(type) {
			case *rsa.PublicKey:
				if key.N.BitLen() < fewestBits {
					return nil, errors.New("its RSA key is too short")
				}
			case *ecdsa.PublicKey:
				if key.Curve.Params().BitSize < 256 {
					return nil, errors.New("its ECDSA key is too short")
				}
			default:
				return nil, errors.New("its key is of a kind that signs no SAML")
			}
			if !slices.ContainsFunc(all, c.Equal) {
				all = append(all, c)
			}
		}
	}
	if len(all) == 0 || len(all) > mostCertificates {
		return nil, errors.New("there are 1 to 10 that sign")
	}
	return all, nil
}

// fetch reads metadata from its address.
func (s *Service) fetch(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "this is no address")
	}
	away := func(err error, what string) error {
		return fault.Wrap(fault.Unavailable, err, "the metadata was not read: %s", what).WithHint("see whether this machine reaches the address, or upload the metadata")
	}
	resp, err := s.cfg.Dialer.Client(answerTime).Do(req)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return "", f
		}
		return "", away(err, "nobody answers there")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", away(nil, "the answer there is "+resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, mostBytes+1))
	if err != nil {
		return "", away(err, "the answer broke off")
	}
	if len(raw) > mostBytes {
		return "", away(nil, "the answer is too long")
	}
	return strings.TrimSpace(string(raw)), nil
}

// side is the library's part of our side, without keys and provider.
func (s *Service) side() *dialect.ServiceProvider {
	return &dialect.ServiceProvider{
		EntityID: s.entity, AcsURL: s.consumer, AuthnNameIDFormat: dialect.PersistentNameIDFormat, SignatureMethod: dsig.RSASHA256SignatureMethod,
		AssertionConsumerServiceBindings: []string{dialect.HTTPPostBinding}, MetadataOmitValidUntil: true,
		RejectUnknownConditions: true, RequireSignedResponseForCBC: true, RejectSHA1Signatures: true, RejectExpiredIDPMetadata: true,
		Clock: dsig.NewFakeClockAt(s.cfg.Clock()),
	}
}

// here makes the library's part of our side: what verifies and what signs.
func (s *Service) here(ctx context.Context) (*dialect.ServiceProvider, []keyRow, error) {
	all, err := keys(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, nil, err
	}
	sp := s.side()
	for _, k := range all {
		key, c, err := s.open(k)
		if err != nil {
			return nil, nil, err
		}
		if k.state == Current {
			sp.Key, sp.Certificate = key, c
		} else {
			sp.DecryptionKeys = append(sp.DecryptionKeys, key)
		}
	}
	if sp.Key == nil {
		return nil, nil, fault.New(fault.NotFound, "there is no key of ours for SAML").WithHint("an administrator makes one under Settings, Login")
	}
	return sp, all, nil
}

// Document is our metadata, for anybody: the provider reads it. Kind NotFound
// until there is a key.
func (s *Service) Document(ctx context.Context) ([]byte, error) {
	sp, all, err := s.here(ctx)
	if err != nil {
		return nil, err
	}
	d := sp.Metadata()
	role := &d.SPSSODescriptors[0]
	var methods []dialect.EncryptionMethod
	for _, k := range role.KeyDescriptors {
		if k.Use == "encryption" {
			methods = k.EncryptionMethods
		}
	}
	role.KeyDescriptors = nil
	for _, state := range []State{Current, Next} {
		for _, k := range all {
			if k.state != state {
				continue
			}
			info := dialect.KeyInfo{X509Data: dialect.X509Data{X509Certificates: []dialect.X509Certificate{{Data: base64.StdEncoding.EncodeToString(k.certificate)}}}}
			role.KeyDescriptors = append(role.KeyDescriptors, dialect.KeyDescriptor{Use: "signing", KeyInfo: info}, dialect.KeyDescriptor{Use: "encryption", KeyInfo: info, EncryptionMethods: methods})
		}
	}
	raw, err := xml.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), raw...), nil
}
