// Package stamp asks for RFC 3161 time stamps and verifies them, without a
// network: that an authority said at a time that it has seen a digest.
//
// It reads the part of CMS that time stamps use, and no more: one signer with
// signed attributes, SHA-256 or stronger, RSA (PKCS #1 v1.5) or ECDSA, the
// signer's certificate inside. Chains are crypto/x509's, at the time that the
// token gives, for the use of time stamping alone. What is anything else is
// refused by name.
//
// Floor: declared; pure, also for the offline verifier.
package stamp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	_ "crypto/sha512" // digests of tokens
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// MaxToken bounds a token and an authority's whole answer, in bytes.
const MaxToken = 64 << 10

var (
	oidSHA1        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidSignedData  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningV2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
)

type imprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

type request struct {
	Version  int
	Imprint  imprint
	Nonce    *big.Int
	CertsToo bool
}

type response struct {
	Status struct {
		Status int
		Text   []asn1.RawValue `asn1:"optional"`
		Fail   asn1.BitString  `asn1:"optional"`
	}
	Token asn1.RawValue `asn1:"optional"`
}

type info struct {
	Version  int
	Policy   asn1.ObjectIdentifier
	Imprint  imprint
	Serial   *big.Int
	At       time.Time `asn1:"generalized"`
	Accuracy struct {
		Seconds int `asn1:"optional"`
		Millis  int `asn1:"optional,tag:0"`
		Micros  int `asn1:"optional,tag:1"`
	} `asn1:"optional"`
	Ordering bool          `asn1:"optional"`
	Nonce    *big.Int      `asn1:"optional"`
	TSA      asn1.RawValue `asn1:"optional,explicit,tag:0"`
	More     asn1.RawValue `asn1:"optional,tag:1"`
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version int
	Digests asn1.RawValue // a set of algorithms
	Content struct {
		Type asn1.ObjectIdentifier
		Data []byte `asn1:"explicit,tag:0"`
	}
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []signer      `asn1:"set"`
}

type signer struct {
	Version int
	By      struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
	Unsigned   asn1.RawValue `asn1:"optional,tag:1"`
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values asn1.RawValue `asn1:"set"`
}

func refuse(format string, a ...any) error { return fault.New(fault.Refused, format, a...) }

// Request makes the DER of a question about a SHA-256 digest, with a nonce, that
// asks for the certificates too.
func Request(digest [32]byte, nonce *big.Int) ([]byte, error) {
	return asn1.Marshal(request{Version: 1, Imprint: imprint{Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidSHA256, Parameters: asn1.NullRawValue}, Digest: digest[:]}, Nonce: nonce, CertsToo: true})
}

// Token takes the token out of an authority's answer (application/timestamp-reply),
// or says why it gave none.
func Token(answer []byte) ([]byte, error) {
	if len(answer) > MaxToken {
		return nil, refuse("the answer has %d bytes; at most %d are read", len(answer), MaxToken)
	}
	var r response
	if rest, err := asn1.Unmarshal(answer, &r); err != nil || len(rest) > 0 {
		return nil, fault.Wrap(fault.Refused, err, "the answer is no time-stamp response").WithHint("the address is that of something else")
	}
	if r.Status.Status > 1 {
		text := ""
		for _, t := range r.Status.Text {
			text += " " + string(t.Bytes)
		}
		return nil, refuse("the authority gave no time stamp (status %d):%.200q", r.Status.Status, text)
	}
	if len(r.Token.FullBytes) == 0 {
		return nil, refuse("the authority's answer holds no time stamp")
	}
	return r.Token.FullBytes, nil
}

// Roots are the authorities that are believed.
type Roots struct {
	pool  *x509.CertPool
	Names []string
}

// ParseRoots reads one or more certificates in PEM.
func ParseRoots(text []byte) (*Roots, error) {
	r := &Roots{pool: x509.NewCertPool()}
	for rest := bytes.TrimSpace(text); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		block, more := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" || len(r.Names) >= 20 {
			return nil, fault.New(fault.Invalid, "this is no list of certificates in PEM").WithHint("-----BEGIN CERTIFICATE----- and so on, of the authority's root, or of the authority itself")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "a certificate cannot be read: %v", err)
		}
		r.pool.AddCert(c)
		r.Names = append(r.Names, c.Subject.String())
		rest = more
	}
	if len(r.Names) == 0 {
		return nil, fault.New(fault.Invalid, "no certificate is given").WithHint("paste the certificate of the authority's root in PEM")
	}
	return r, nil
}

// Stamp is what a token says.
type Stamp struct {
	At     time.Time
	Serial string
	Policy string
	Signer string // subject of its certificate
	Nonce  *big.Int
}

// Verify holds a token against a SHA-256 digest and the roots that are believed.
func Verify(token []byte, digest [32]byte, roots *Roots) (Stamp, error) {
	if len(token) > MaxToken {
		return Stamp{}, refuse("the token has %d bytes; at most %d are read", len(token), MaxToken)
	}
	var outer contentInfo
	if rest, err := asn1.Unmarshal(token, &outer); err != nil || len(rest) > 0 || !outer.Type.Equal(oidSignedData) {
		return Stamp{}, fault.Wrap(fault.Refused, err, "the token is no signed message")
	}
	var sd signedData
	if rest, err := asn1.Unmarshal(outer.Content.Bytes, &sd); err != nil || len(rest) > 0 {
		return Stamp{}, fault.Wrap(fault.Refused, err, "the token's signed data cannot be read")
	}
	if !sd.Content.Type.Equal(oidTSTInfo) || len(sd.Signers) != 1 {
		return Stamp{}, refuse("the token holds no time stamp, or has %d signers", len(sd.Signers))
	}
	var tst info
	if rest, err := asn1.Unmarshal(sd.Content.Data, &tst); err != nil || len(rest) > 0 || tst.Version != 1 || tst.Serial == nil {
		return Stamp{}, fault.Wrap(fault.Refused, err, "what the token says cannot be read")
	}
	if !tst.Imprint.Algorithm.Algorithm.Equal(oidSHA256) || !bytes.Equal(tst.Imprint.Digest, digest[:]) {
		return Stamp{}, refuse("the time stamp is of something else")
	}
	cert, others, err := certificates(sd)
	if err != nil {
		return Stamp{}, err
	}
	if err := sd.Signers[0].check(sd.Content.Data, cert); err != nil {
		return Stamp{}, err
	}
	if err := believed(cert, others, roots, tst.At); err != nil {
		return Stamp{}, err
	}
	return Stamp{At: tst.At.UTC(), Serial: tst.Serial.String(), Policy: tst.Policy.String(), Signer: cert.Subject.String(), Nonce: tst.Nonce}, nil
}

// certificates gives the signer's certificate and the others of the token.
func certificates(sd signedData) (*x509.Certificate, *x509.CertPool, error) {
	all, err := x509.ParseCertificates(sd.Certificates.Bytes)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Refused, err, "the certificates in the token cannot be read")
	}
	pool, by := x509.NewCertPool(), sd.Signers[0].By
	var found *x509.Certificate
	for _, c := range all {
		if by.Serial != nil && bytes.Equal(c.RawIssuer, by.Issuer.FullBytes) && c.SerialNumber.Cmp(by.Serial) == 0 {
			found = c
			continue
		}
		pool.AddCert(c)
	}
	if found == nil {
		return nil, nil, refuse("the signer's certificate is not in the token")
	}
	return found, pool, nil
}

// believed holds the signer's certificate against the roots, for time stamping,
// at the time that the token gives.
func believed(cert *x509.Certificate, others *x509.CertPool, roots *Roots, at time.Time) error {
	if len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(cert.UnknownExtKeyUsage) > 0 {
		return refuse("the certificate of %s is not for time stamping alone", cert.Subject)
	}
	for _, e := range cert.Extensions {
		if e.Id.Equal(oidExtKeyUsage) && !e.Critical {
			return refuse("the certificate of %s does not insist on time stamping", cert.Subject)
		}
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots.pool, Intermediates: others, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return fault.Wrap(fault.Refused, err, "nobody who is believed vouches for the authority %s: %v", cert.Subject, err)
	}
	return nil
}

func hashOf(oid asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch {
	case oid.Equal(oidSHA256):
		return crypto.SHA256, nil
	case oid.Equal(oidSHA384):
		return crypto.SHA384, nil
	case oid.Equal(oidSHA512):
		return crypto.SHA512, nil
	}
	return 0, refuse("the token is signed over a digest (%s) that is not believed", oid)
}

// check verifies the signature over the signed attributes, and that these are
// about the content and name the certificate.
func (s signer) check(content []byte, cert *x509.Certificate) error {
	hash, err := hashOf(s.Digest.Algorithm)
	if err != nil {
		return err
	}
	if len(s.Attributes.FullBytes) == 0 {
		return refuse("the token's signature is over no attributes")
	}
	h := hash.New()
	h.Write(content)
	sum := h.Sum(nil)
	saw := map[string]bool{}
	for rest := s.Attributes.Bytes; len(rest) > 0; {
		var a attribute
		if rest, err = asn1.Unmarshal(rest, &a); err != nil {
			return fault.Wrap(fault.Refused, err, "a signed attribute cannot be read")
		}
		name := a.Type.String()
		if saw[name] {
			return refuse("a signed attribute stands there twice")
		}
		saw[name] = true
		switch {
		case a.Type.Equal(oidContentType):
			var t asn1.ObjectIdentifier
			if rest, err := asn1.Unmarshal(a.Values.Bytes, &t); err != nil || len(rest) > 0 || !t.Equal(oidTSTInfo) {
				return refuse("the signature is over something else than a time stamp")
			}
		case a.Type.Equal(oidDigest):
			var d []byte
			if rest, err := asn1.Unmarshal(a.Values.Bytes, &d); err != nil || len(rest) > 0 || !bytes.Equal(d, sum) {
				return refuse("the signature is not over what the token says")
			}
		case a.Type.Equal(oidSigningCert), a.Type.Equal(oidSigningV2):
			if err := namesCertificate(a, cert); err != nil {
				return err
			}
		}
	}
	if !saw[oidContentType.String()] || !saw[oidDigest.String()] {
		return refuse("the signature lacks the attributes that bind it to the time stamp")
	}
	if !saw[oidSigningCert.String()] && !saw[oidSigningV2.String()] {
		return refuse("the signature does not name the authority's certificate")
	}
	signed := bytes.Clone(s.Attributes.FullBytes)
	signed[0] = 0x31 // as the set that it is
	h = hash.New()
	h.Write(signed)
	sum = h.Sum(nil)
	ok := false
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		ok = key.Size() >= 256 && rsa.VerifyPKCS1v15(key, hash, sum, s.Signature) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, sum, s.Signature)
	default:
		return refuse("the authority's key is of a kind (%T) that is not read", key)
	}
	if !ok {
		return refuse("the token's signature is not that of %s", cert.Subject)
	}
	return nil
}

// namesCertificate holds an ESS signing-certificate attribute against the
// certificate that was found: another one with the same name must not do.
func namesCertificate(a attribute, cert *x509.Certificate) error {
	type certID struct {
		Hash   []byte
		Issuer asn1.RawValue `asn1:"optional"`
	}
	type certIDv2 struct {
		Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
		Hash      []byte
		Issuer    asn1.RawValue `asn1:"optional"`
	}
	bad := refuse("the signature names another certificate than the one in the token")
	if a.Type.Equal(oidSigningCert) {
		var v struct {
			Certs    []certID
			Policies asn1.RawValue `asn1:"optional"`
		}
		sum := sha1.Sum(cert.Raw) // the attribute's own choice; the signature itself is over a stronger one
		if _, err := asn1.Unmarshal(a.Values.Bytes, &v); err != nil || len(v.Certs) == 0 || !bytes.Equal(v.Certs[0].Hash, sum[:]) {
			return bad
		}
		return nil
	}
	var v struct {
		Certs    []certIDv2
		Policies asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(a.Values.Bytes, &v); err != nil || len(v.Certs) == 0 {
		return bad
	}
	sum := sha256.Sum256(cert.Raw)
	have := sum[:]
	if len(v.Certs[0].Algorithm.Algorithm) > 0 && !v.Certs[0].Algorithm.Algorithm.Equal(oidSHA256) {
		if v.Certs[0].Algorithm.Algorithm.Equal(oidSHA1) {
			return bad
		}
		hash, err := hashOf(v.Certs[0].Algorithm.Algorithm)
		if err != nil {
			return err
		}
		h := hash.New()
		h.Write(cert.Raw)
		have = h.Sum(nil)
	}
	if !bytes.Equal(v.Certs[0].Hash, have) {
		return bad
	}
	return nil
}
