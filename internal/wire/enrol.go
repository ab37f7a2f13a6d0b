package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// Paths of the agents' listener.
const (
	PathEnrol   = "/v1/enrol"
	PathRenew   = "/v1/renew"
	PathBatches = "/v1/batches"
)

// Headers of a batch request. The envelope's bytes are fixed when it is
// spooled; these say how the clocks stand when it is sent.
const (
	HeaderSent   = "Attesta-Sent-Us"         // sender's clock at sending, microseconds since 1970
	HeaderOffset = "Attesta-Clock-Offset-Us" // sender's clock minus the server's, as the previous exchange measured it: see Offset
)

// Offset gives the sender's clock minus the server's, in microseconds, from
// the four times of one exchange (as NTP does, RFC 5905 section 8): sent and
// answered by the sender's clock, received and answering by the server's. The
// time on the network is taken to be the same both ways.
func Offset(sent, received, answering, answered int64) int64 {
	return ((sent - received) + (answered - answering)) / 2
}

// ServerName is the name in every ingest server's certificate, beside its own
// names and addresses. An agent pins the authority that its token names, and
// that authority signs no other server; so it may reach the server under any
// name or address.
const ServerName = "ingest.attesta.internal"

// TokenPrefix starts every enrolment token.
const TokenPrefix = "att_"

// Host is what an agent says about its host when it enrols.
type Host struct {
	Name    string `json:"name"`
	Machine string `json:"machine"` // SHA-256, hex, of the machine id under this project's own prefix; "" when the host has none
}

// EnrolRequest asks for a client certificate with a one-time token.
type EnrolRequest struct {
	Version int       `json:"version"`
	Token   string    `json:"token"` // without the fingerprint: the server knows its own
	CSR     string    `json:"csr"`   // PEM; only its public key is used
	Host    Host      `json:"host"`
	Agent   AgentInfo `json:"agent"`
}

// RenewRequest asks for a new certificate with the old one.
type RenewRequest struct {
	Version int       `json:"version"`
	CSR     string    `json:"csr"`
	Agent   AgentInfo `json:"agent"`
}

// Certificate answers both.
type Certificate struct {
	Source      string `json:"source"`
	Certificate string `json:"certificate"` // PEM, the leaf
	Authority   string `json:"authority"`   // PEM, the authority's certificate
	NotAfterUs  int64  `json:"not_after_us"`
}

// Token is an enrolment token: the secret that the server stores hashed, and
// the SHA-256 fingerprint (hex) of its authority's certificate, by which the
// agent knows the server.
type Token struct {
	Secret      string
	Fingerprint string
}

// String gives "att_<secret>.<fingerprint>".
func (t Token) String() string { return t.Secret + "." + t.Fingerprint }

// ParseToken reads what String gave.
func ParseToken(s string) (Token, error) {
	secret, print, ok := strings.Cut(strings.TrimSpace(s), ".")
	if _, err := hex.DecodeString(print); !ok || err != nil || len(print) != 2*sha256.Size ||
		!strings.HasPrefix(secret, TokenPrefix) || len(secret) < len(TokenPrefix)+20 || len(secret) > 200 {
		return Token{}, fault.New(fault.Invalid, "this is no enrolment token: it should read %s….<64 hexadecimal digits>", TokenPrefix).
			WithHint("copy the whole line that 'attesta agent token' printed")
	}
	return Token{Secret: secret, Fingerprint: strings.ToLower(print)}, nil
}

// Fingerprint gives the hex SHA-256 of a certificate's DER bytes.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// SourceURI is how a certificate names its source (a URI alternative name).
func SourceURI(source string) *url.URL {
	return &url.URL{Scheme: "attesta", Host: "source", Path: "/" + source}
}

// Problem is an error answer (RFC 9457).
type Problem struct {
	Type   string     `json:"type"`   // "about:blank"
	Title  string     `json:"title"`  // the status in words
	Status int        `json:"status"` // as in the status line
	Detail string     `json:"detail"`
	Hint   string     `json:"hint,omitempty"`
	Field  string     `json:"field,omitempty"`
	Kind   fault.Kind `json:"kind"`
	Code   string     `json:"code,omitempty"` // one of the Code… values, where an agent acts on it
}

// ProblemType is the media type of a Problem.
const ProblemType = "application/problem+json"

// Codes that an agent acts on.
const (
	CodeRevoked  = "revoked"  // the source was revoked: stop
	CodeExpired  = "expired"  // the certificate expired: stop, enrol again
	CodeConflict = "sequence" // the sequence was received with other bytes: stop, enrol again
)

// DecodeProblem reads an error answer; an answer that is none (from something
// between agent and server) becomes a fault that says so.
func DecodeProblem(status int, body []byte) (Problem, error) {
	var p Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Kind == "" || p.Detail == "" {
		return Problem{Status: status}, fault.New(fault.Unavailable, "the server answered with status %d and no reason", status).
			WithHint("check that the address is the agents' listener of an Attesta server")
	}
	return p, fault.New(p.Kind, "%s", p.Detail).WithHint("%s", p.Hint)
}
