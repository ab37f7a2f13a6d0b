package ingest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

var start = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// server is a running listener over a real database and ledger.
type server struct {
	*ingest.Service
	t    testing.TB
	db   *database.DB
	now  *clock.Manual
	url  string
	keys string
	cfg  ingest.Config

	mu        sync.Mutex
	handled   []wire.Envelope // guarded by mu: what the facts handler committed, in order
	free      int64           // guarded by mu
	fail      error           // guarded by mu: what the facts handler gives next
	panicking bool            // guarded by mu
}

func (s *server) set(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }

// open starts a server; change may alter its configuration.
func open(t testing.TB, db *database.DB, change func(*ingest.Config)) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{t: t, db: db, now: clock.NewManual(start), keys: filepath.Join(dir, "keys"), free: 1 << 40}
	log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "keys", "ledger.key"), Clock: s.now.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	s.cfg = ingest.Config{
		DB: db, Ledger: log, Keys: s.keys, Clock: s.now.Now, Logger: slog.New(slog.DiscardHandler),
		MinFree: 1 << 20,
		Free: func() (int64, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.free, nil
		},
		Handlers: map[string]ingest.Handler{wire.KindFacts: s.facts, wire.KindHeartbeat: s.facts},
		OnCommit: func(b ingest.Batch) { s.set(func() { s.handled = append(s.handled, b.Envelope) }) },
		Rate:     1e6,
	}
	if change != nil {
		change(&s.cfg)
	}
	if s.Service, err = ingest.New(t.Context(), s.cfg); err != nil {
		t.Fatal(err)
	}
	s.listen()
	return s
}

func (s *server) listen() {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.url = "https://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Serve: %v", err)
		}
	})
}

// facts is a handler that leaves a trace inside the transaction, so that a
// test sees whether a refused batch's writes were rolled back.
func (s *server) facts(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)`,
		"batch/"+b.Envelope.Stream+"/"+strconv.FormatInt(b.Envelope.Sequence, 10), b.Digest); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panicking {
		panic("boom")
	}
	return s.fail
}

func (s *server) traces() int {
	s.t.Helper()
	return s.count(`SELECT COUNT(*) FROM meta WHERE name LIKE 'batch/%'`)
}

func (s *server) count(query string, args ...any) int {
	s.t.Helper()
	var n int
	if err := s.db.Reader().QueryRowContext(s.t.Context(), query, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *server) entries(typ string) int {
	s.t.Helper()
	return s.count(`SELECT COUNT(*) FROM ledger_entry WHERE type = $1`, typ)
}

func (s *server) token(ttl time.Duration) wire.Token {
	s.t.Helper()
	tok, err := s.MakeToken(s.t.Context(), access.System(), ttl, "a test")
	if err != nil {
		s.t.Fatal(err)
	}
	return tok
}

// peer is an agent made by hand: it sends what a test wants, not what an agent would.
type peer struct {
	s      *server
	key    *ecdsa.PrivateKey
	source string
	cert   tls.Certificate
	http   *http.Client
	header http.Header // added to each batch
}

func newPeer(t testing.TB, s *server) *peer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{s: s, key: key, header: http.Header{}}
	p.reconnect()
	return p
}

func (p *peer) reconnect() {
	ca, err := pemCert(filepath.Join(p.s.keys, "agents-ca.crt"))
	if err != nil {
		p.s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13, Time: p.s.now.Now}}
	if p.cert.Certificate != nil {
		tr.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &p.cert, nil }
	}
	p.s.t.Cleanup(tr.CloseIdleConnections)
	p.http = &http.Client{Transport: tr}
}

func (p *peer) csr() string {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, p.key)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// post gives the answer's status and body, and the fault of an error answer.
func (p *peer) post(path string, body []byte) (int, []byte, wire.Problem, error) {
	p.s.t.Helper()
	req, err := http.NewRequestWithContext(p.s.t.Context(), "POST", p.s.url+path, bytes.NewReader(body))
	if err != nil {
		p.s.t.Fatal(err)
	}
	for k, v := range p.header {
		req.Header[k] = v
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return 0, nil, wire.Problem{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, wire.Problem{}, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.StatusCode, b, wire.Problem{}, nil
	}
	problem, err := wire.DecodeProblem(resp.StatusCode, b)
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		p.s.t.Errorf("503 without Retry-After: %s", b)
	}
	return resp.StatusCode, b, problem, err
}

func (p *peer) certificate(path string, request any) (wire.Problem, error) {
	p.s.t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		p.s.t.Fatal(err)
	}
	_, answer, problem, err := p.post(path, body)
	if err != nil {
		return problem, err
	}
	var c wire.Certificate
	if err := json.Unmarshal(answer, &c); err != nil {
		p.s.t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(c.Certificate))
	p.cert = tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: p.key}
	p.source = c.Source
	p.reconnect()
	return problem, nil
}

func (p *peer) enrol(tok wire.Token) (wire.Problem, error) {
	p.s.t.Helper()
	return p.certificate(wire.PathEnrol, wire.EnrolRequest{Version: wire.Version, Token: tok.Secret, CSR: p.csr(),
		Host: wire.Host{Name: "web-1"}, Agent: wire.AgentInfo{Name: "attesta-agent", Version: "0.1.0"}})
}

func (p *peer) renew() (wire.Problem, error) {
	p.s.t.Helper()
	return p.certificate(wire.PathRenew, wire.RenewRequest{Version: wire.Version, CSR: p.csr()})
}

// enrolled gives an enrolled peer.
func enrolled(t testing.TB, s *server) *peer {
	t.Helper()
	p := newPeer(t, s)
	if _, err := p.enrol(s.token(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *peer) envelope(sequence int64) *wire.Envelope {
	return &wire.Envelope{Version: wire.Version, Source: p.source, Stream: "host", Sequence: sequence, ObservedAt: p.s.now.Now(),
		Kind: wire.KindFacts, Agent: wire.AgentInfo{Name: "attesta-agent", Version: "0.1.0"},
		Items: []json.RawMessage{json.RawMessage(`{"section":"sysctl","n":` + strconv.FormatInt(sequence, 10) + `}`)}}
}

func (p *peer) send(e *wire.Envelope) (wire.Ack, wire.Problem, error) {
	p.s.t.Helper()
	packed, err := wire.Encode(e)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return p.sendRaw(packed)
}

func (p *peer) sendRaw(packed []byte) (wire.Ack, wire.Problem, error) {
	p.s.t.Helper()
	_, answer, problem, err := p.post(wire.PathBatches, packed)
	var ack wire.Ack
	if err == nil {
		if err := json.Unmarshal(answer, &ack); err != nil {
			p.s.t.Fatal(err)
		}
	}
	return ack, problem, err
}

// mustSend sends and wants that contiguous sequence.
func (p *peer) mustSend(e *wire.Envelope, contiguous int64) wire.Ack {
	p.s.t.Helper()
	ack, _, err := p.send(e)
	if err != nil {
		p.s.t.Fatalf("sequence %d: %v", e.Sequence, err)
	}
	if ack.Contiguous != contiguous {
		p.s.t.Fatalf("after sequence %d: contiguous %d, want %d", e.Sequence, ack.Contiguous, contiguous)
	}
	return ack
}

func wantKind(t *testing.T, err error, want fault.Kind, says string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != want || !bytes.Contains([]byte(f.Error()+" | "+f.Hint), []byte(says)) {
		t.Errorf("got %v, want kind %s that says %q", err, want, says)
	}
}

func pemCert(file string) (*x509.Certificate, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	return x509.ParseCertificate(block.Bytes)
}

// forServers is a certificate of the authority that names a source and is for servers.
func forServers(t *testing.T, s *server, source string, key *ecdsa.PrivateKey) tls.Certificate {
	t.Helper()
	ca, err := pemCert(filepath.Join(s.keys, "agents-ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(s.keys, "agents-ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	signer, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start.Add(-time.Hour), NotAfter: start.Add(time.Hour),
		URIs: []*url.URL{wire.SourceURI(source)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ca, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
