package ingest

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/wire"
)

// Config is all that the service depends on. Zero values take the default
// that stands beside them.
type Config struct {
	DB     *database.DB // required
	Ledger *ledger.Log  // required
	Keys   string       // required: directory of agents-ca.key and agents-ca.crt, made at first start
	Data   string       // directory whose file system the watermark is about; Keys
	Names  []string     // host names and addresses for the server's certificate, beside those of the machine
	Clock  clock.Clock  // clock.System
	Logger *slog.Logger // slog.Default()

	Handlers map[string]Handler // by kind; a kind without one is quarantined
	OnCommit func(Batch)        // called after a batch's transaction was committed; must return quickly; optional

	MinFree     int64                 // 256 MiB: below so many free bytes nothing is taken in; negative: no watermark
	Free        func() (int64, error) // free bytes of Data's file system
	Lifetime    time.Duration         // 30 days: of an agent's certificate
	Concurrency int                   // 8: batches that are taken in at the same time
	Rate        float64               // 50: requests per second and source (enrolments: and address), with bursts of ten seconds' worth
	Connections int                   // 20,000 open connections
}

// Service takes in batches over one database.
type Service struct {
	cfg    Config
	ca     *authority
	slots  chan struct{} // one per batch under way
	limits *limiter
}

// New makes the service, and the authority's key and certificate where there are none.
func New(_ context.Context, cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil || cfg.Keys == "" {
		return nil, fault.New(fault.Internal, "ingest.Config needs DB, Ledger and Keys")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Data == "" {
		cfg.Data = cfg.Keys
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = 256 << 20
	}
	if cfg.Free == nil {
		cfg.Free = func() (int64, error) { return freeBytes(cfg.Data) }
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 30 * 24 * time.Hour
	}
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 8
	}
	if cfg.Rate == 0 {
		cfg.Rate = 50
	}
	if cfg.Connections == 0 {
		cfg.Connections = 20_000
	}
	ca, err := openAuthority(cfg.Keys, append(machineNames(), cfg.Names...), cfg.Clock)
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, ca: ca, slots: make(chan struct{}, cfg.Concurrency), limits: newLimiter(cfg.Rate, cfg.Clock)}, nil
}

// Fingerprint is the authority's, as tokens carry it.
func (s *Service) Fingerprint() string { return s.ca.fingerprint() }

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

	// ClockOffsetUs is the source's clock minus ours when it wrote the
	// envelope, by its own estimate, else as measured now; nil: not known.
	ClockOffsetUs *int64

	resend *[]string
	asks   *[]wire.Ask
}

// Ask puts what the server wants to know into the answer to this batch.
func (b Batch) Ask(asks ...wire.Ask) {
	if b.asks != nil {
		*b.asks = append(*b.asks, asks...)
	}
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

// Token is one row of the tokens' list.
type Token struct {
	ID, Label, MadeBy string
	MadeAt, ExpiresAt time.Time
	UsedAt            time.Time // zero: not used
	UsedBy            string    // "src_…"
}

// Tokens lists the enrolment tokens, newest first (agent.read).
func (s *Service) Tokens(ctx context.Context, p access.Principal) ([]Token, error) {
	if err := access.Authorise(p, access.AgentRead); err != nil {
		return nil, err
	}
	return allTokens(ctx, s.cfg.DB.Reader())
}

// Sources lists the sources by name (agent.read).
func (s *Service) Sources(ctx context.Context, p access.Principal) ([]Source, error) {
	if err := access.Authorise(p, access.AgentRead); err != nil {
		return nil, err
	}
	return allSources(ctx, s.cfg.DB.Reader())
}

// Source gives one source, or kind NotFound (agent.read).
func (s *Service) Source(ctx context.Context, p access.Principal, id string) (Source, error) {
	if err := access.Authorise(p, access.AgentRead); err != nil {
		return Source{}, err
	}
	return sourceByID(ctx, s.cfg.DB.Reader(), id)
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
	if err := access.Authorise(p, access.AgentRead); err != nil {
		return nil, err
	}
	var streams []Stream
	err := s.cfg.DB.View(ctx, func(tx *sql.Tx) error {
		if _, err := sourceByID(ctx, tx, source); err != nil {
			return err
		}
		var err error
		streams, err = streamsOf(ctx, tx, source)
		return err
	})
	return streams, err
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
	if err := access.Authorise(p, access.AgentRead); err != nil {
		return nil, err
	}
	return allQuarantined(ctx, s.cfg.DB.Reader())
}

// machineNames gives what this machine can be reached under.
func machineNames() []string {
	names := []string{"localhost"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil { // no addresses then; agents check another name
		return append(names, "127.0.0.1", "::1")
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
			names = append(names, n.IP.String())
		}
	}
	return names
}

// freeBytes gives what an ordinary process may still write below dir.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask for the free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
