package ingest

import (
	"context"
	"database/sql"
	"log/slog"
	"net"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// Config is all that the service depends on. Zero values take the default
// that stands beside them.
type Config struct {
	DB     *database.DB // required
	Keys   string       // required: directory of agents-ca.key and agents-ca.crt, made at first start
	Names  []string     // host names and addresses for the server's certificate, beside those of the machine
	Clock  clock.Clock  // clock.System
	Logger *slog.Logger // slog.Default()
	Data   string       // directory whose file system the watermark is about; "" for Keys

	Handlers map[string]Handler // by kind; a kind without one is quarantined
	OnCommit func(Batch)        // called after a batch's transaction was committed; must return quickly

	MinFree     int64                 // 256 MiB: below so many free bytes nothing is taken in; negative: no watermark
	Free        func() (int64, error) // free bytes of Data's file system
	Lifetime    time.Duration         // 30 days: of an agent's certificate
	Concurrency int                   // 8: batches that are taken in at the same time
	Rate        float64               // 20: requests per second and source, with bursts of five seconds' worth
	Connections int                   // 20,000 open connections
}

// Service takes in batches over one database.
type Service struct{ cfg Config }

// New makes the service, and the authority's key and certificate where there are none.
func New(ctx context.Context, cfg Config) (*Service, error) { return &Service{cfg: cfg}, nil }

// Source is a sender that has enrolled.
type Source struct {
	ID            string // "src_…"
	Name          string // host name as of the last enrolment
	Machine       string // SHA-256 of the machine id, hex; "" when it has none
	Agent         string // "attesta-agent 0.3.0"
	EnrolledAt    time.Time
	ExpiresAt     time.Time // of its newest certificate
	RevokedAt     time.Time // zero: not revoked
	RevokedReason string
	SeenAt        time.Time      // last batch; zero: none yet
	ClockOffset   *time.Duration // its clock minus ours; nil: not measured
	ClockAt       time.Time      // when that was measured
}

// Batch is what a handler gets.
type Batch struct {
	Source     Source
	Envelope   wire.Envelope
	ReceivedAt time.Time
	Digest     string // SHA-256 of the bytes as received, hex
	resend     *[]string
}

// Resend asks the source, with the answer to this batch, for the facts of
// sections that the server does not hold (a heartbeat named digests that were
// never received, or a backup was restored).
func (b Batch) Resend(sections ...string) {
	if b.resend != nil {
		*b.resend = append(*b.resend, sections...)
	}
}

// Handler takes one batch in, inside the transaction that records it. It may
// run more than once for a batch, but is committed once. An error of kind
// Invalid quarantines the batch; any other error rolls back and the source
// tries again.
type Handler func(ctx context.Context, tx *sql.Tx, b Batch) error

var errLater = fault.New(fault.Unavailable, "not built yet")

// Serve answers on l until ctx ends, then finishes what is under way.
func (s *Service) Serve(ctx context.Context, l net.Listener) error { return errLater }

// Fingerprint is the authority's, as tokens carry it.
func (s *Service) Fingerprint() string { return "" }

// MakeToken makes an enrolment token that works once until ttl has passed
// (agent.enrol). Its text is shown once and kept nowhere.
func (s *Service) MakeToken(ctx context.Context, p access.Principal, ttl time.Duration, label string) (wire.Token, error) {
	return wire.Token{}, errLater
}

// Token is one row of the tokens' list.
type Token struct {
	ID, Label, MadeBy string
	MadeAt, ExpiresAt time.Time
	UsedAt            time.Time // zero: not used
	UsedBy            string    // "src_…"
}

// Tokens lists the enrolment tokens, newest first (agent.read).
func (s *Service) Tokens(ctx context.Context, p access.Principal) ([]Token, error) {
	return nil, errLater
}

// Revoke refuses a source from now on (agent.revoke). Revoking twice is kind Conflict.
func (s *Service) Revoke(ctx context.Context, p access.Principal, source, reason string) error {
	return errLater
}

// Sources lists the sources by name (agent.read).
func (s *Service) Sources(ctx context.Context, p access.Principal) ([]Source, error) {
	return nil, errLater
}

// Source gives one source, or kind NotFound (agent.read).
func (s *Service) Source(ctx context.Context, p access.Principal, id string) (Source, error) {
	return Source{}, errLater
}

// Stream is how far one stream of a source has come.
type Stream struct {
	Source, Name         string
	Contiguous, Highest  int64
	Received, Duplicates int64
	SeenAt               time.Time
	Holes                []Hole
}

// Hole is a run of sequences that were skipped.
type Hole struct {
	First, Last int64
	SeenAt      time.Time
	DeclaredAt  time.Time // when the source said that they will never come; zero: still awaited
	Reason      string
}

// Streams gives a source's streams with their holes (agent.read).
func (s *Service) Streams(ctx context.Context, p access.Principal, source string) ([]Stream, error) {
	return nil, errLater
}

// Quarantined is a batch that was received and could not be taken in.
type Quarantined struct {
	ID, Source, Stream string
	Sequence           int64
	Kind, Digest       string
	ReceivedAt         time.Time
	Reason             string
	ResolvedAt         time.Time // when it was taken in after all; zero: not yet
	ResolvedBy         string
}

// Quarantine lists what was kept aside, newest first, what is resolved too (agent.read).
func (s *Service) Quarantine(ctx context.Context, p access.Principal) ([]Quarantined, error) {
	return nil, errLater
}

// Retry hands a quarantined batch to its handler again, after an update
// (agent.enrol). It is resolved when the handler takes it.
func (s *Service) Retry(ctx context.Context, p access.Principal, id string) error { return errLater }
