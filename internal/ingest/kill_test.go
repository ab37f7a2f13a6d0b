package ingest_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

// The process that is killed is this test binary, told by these variables to
// be a server instead.
const (
	killDir      = "ATTESTA_TEST_KILL_DIR"
	killDatabase = "ATTESTA_TEST_KILL_DATABASE"
	killListen   = "ATTESTA_TEST_KILL_LISTEN"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := victim(dir, os.Getenv(killDatabase), os.Getenv(killListen)); err != nil {
			fmt.Fprintln(os.Stderr, "victim:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// victim is a server until it is killed.
func victim(dir, location, listen string) error {
	ctx := context.Background()
	db, err := database.Open(ctx, location, database.ReadWrite)
	if err != nil {
		return err
	}
	log, err := openLedger(ctx, db, dir)
	if err != nil {
		return err
	}
	s, err := openIngest(ctx, db, log, dir)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- log.Run(ctx) }()
	go func() { failed <- s.Serve(ctx, l) }()
	fmt.Println("ready")
	return <-failed
}

func openLedger(ctx context.Context, db *database.DB, dir string) (*ledger.Log, error) {
	return ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "keys", "ledger.key"),
		Logger: slog.New(slog.DiscardHandler)})
}

// openIngest makes a service whose handlers leave a row and a ledger entry for
// each batch, in its transaction. The table has no key: what is handled twice
// stands there twice.
func openIngest(ctx context.Context, db *database.DB, log *ledger.Log, dir string) (*ingest.Service, error) {
	if _, err := db.Writer().ExecContext(ctx, `CREATE TABLE IF NOT EXISTS kill_trace (source TEXT NOT NULL, stream TEXT NOT NULL, sequence BIGINT NOT NULL, digest TEXT NOT NULL)`); err != nil {
		return nil, err
	}
	trace := func(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
		e := b.Envelope
		if _, err := tx.ExecContext(ctx, `INSERT INTO kill_trace (source, stream, sequence, digest) VALUES ($1, $2, $3, $4)`, e.Source, e.Stream, e.Sequence, b.Digest); err != nil {
			return err
		}
		_, err := log.Append(ctx, tx, ledger.Entry{Type: "run", Stream: "source/" + e.Source, Actor: e.Source, Subject: subject(e.Source, e.Stream, e.Sequence), Blob: b.Digest})
		return err
	}
	return ingest.New(ctx, ingest.Config{DB: db, Ledger: log, Keys: filepath.Join(dir, "keys"), Logger: slog.New(slog.DiscardHandler), Rate: 1e6, MinFree: -1,
		Handlers: map[string]ingest.Handler{wire.KindFacts: trace, wire.KindHeartbeat: trace}})
}

func subject(source, stream string, sequence int64) string {
	return source + "/" + stream + "/" + strconv.FormatInt(sequence, 10)
}

// A server is killed with SIGKILL again and again while an agent and three
// unruly senders report. In the end every acknowledged batch is there once, as
// a row, as what its handler wrote and as an entry of a ledger that verifies.
func TestKill9(t *testing.T) {
	rounds := 50
	if n, err := strconv.Atoi(os.Getenv("ATTESTA_TORTURE_ROUNDS")); err == nil && n > 0 {
		rounds = n
	}
	if testing.Short() {
		rounds = min(rounds, 5)
	}
	t.Run("sqlite", func(t *testing.T) { torture(t, databasetest.SQLiteLocation(t), rounds) })
	t.Run("postgres", func(t *testing.T) { torture(t, databasetest.PostgresLocation(t), max(rounds/5, 2)) })
}

func torture(t *testing.T, location string, rounds int) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d rounds", seed, rounds)
	r := rand.New(rand.NewPCG(seed, 9))
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	free.Close()

	var tokens []wire.Token
	onDisk(t, location, dir, func(db *database.DB, log *ledger.Log, s *ingest.Service) {
		for range 4 {
			tok, err := s.MakeToken(t.Context(), access.System(), time.Hour, "")
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, tok)
		}
	})

	v := start9(t, dir, location, listen)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	far := &server{t: t, now: clock.NewManual(time.Now()), url: "https://" + listen, keys: filepath.Join(dir, "keys")}
	var senders []*unruly
	for i, tok := range tokens[1:] {
		u := &unruly{peer: newPeer(t, far), r: rand.New(rand.NewPCG(seed, uint64(i))), acked: map[int64]string{}}
		if _, err := u.peer.enrol(tok); err != nil {
			t.Fatal(err)
		}
		senders = append(senders, u)
		wg.Go(func() { u.run(ctx) })
	}
	h := &restless{}
	state := filepath.Join(dir, "agent")
	agentDone := make(chan struct{})
	var agentErr error // once agentDone is closed
	var agentLog lockedBuffer
	agentCtx, stopAgent := context.WithCancel(t.Context())
	defer stopAgent()
	go func() {
		defer close(agentDone)
		agentErr = agent.Run(agentCtx, agent.Config{State: state, Server: far.url, Token: tokens[0].String(), Inventory: h.read, HostName: "web-1", Version: "0.1.0",
			Interval: time.Second, Quick: 300 * time.Millisecond, Heartbeat: 300 * time.Millisecond, Retry: 10 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&agentLog, nil))})
	}()

	for range rounds {
		time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond) // the moment of the kill is what is random
		v.kill(t)
		v = start9(t, dir, location, listen)
	}
	cancel() // the senders finish what they have begun
	wg.Wait()
	h.rest()
	defer func() {
		if t.Failed() {
			t.Logf("the agent's log ends with:\n%s", agentLog.tail(4000))
		}
	}()
	fewest := 1 << 30
	for { // as long as it gets shorter
		waitUntil(t, "the agent's spool gets shorter", func() bool {
			select {
			case <-agentDone:
				t.Fatalf("the agent ended by itself: %v", agentErr)
			default:
			}
			left, err := filepath.Glob(filepath.Join(state, "spool", "*.envelope"))
			if err != nil {
				t.Fatal(err)
			}
			fewer := len(left) < fewest
			fewest = min(fewest, len(left))
			return fewer || fewest <= 1
		})
		if fewest <= 1 {
			break
		}
	}
	stopAgent()
	if <-agentDone; agentErr != nil {
		t.Errorf("the agent ended with %v", agentErr)
	}
	v.kill(t)

	onDisk(t, location, dir, func(db *database.DB, log *ledger.Log, s *ingest.Service) {
		audit(t, db, log, dir, senders)
	})
}

// onDisk works on the data while no server runs.
func onDisk(t *testing.T, location, dir string, f func(*database.DB, *ledger.Log, *ingest.Service)) {
	t.Helper()
	db, err := database.Open(t.Context(), location, database.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log, err := openLedger(t.Context(), db, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s, err := openIngest(t.Context(), db, log, dir)
	if err != nil {
		t.Fatal(err)
	}
	f(db, log, s)
}

// audit holds what was acknowledged against what is there.
func audit(t *testing.T, db *database.DB, log *ledger.Log, dir string, senders []*unruly) {
	t.Helper()
	count := func(query string, args ...any) int64 {
		t.Helper()
		var n int64
		if err := db.Reader().QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// Whatever was committed without a position gets one.
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	log.Wake()
	waitUntil(t, "every entry is in a checkpoint", func() bool {
		head, err := log.Head(t.Context())
		return err == nil && head.Size == count(`SELECT COUNT(*) FROM ledger_entry`)
	})
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the sequencer ended with %v", err)
	}

	acked := 0
	for _, u := range senders {
		acked += len(u.acked)
		for sequence, digest := range u.acked {
			if n := count(`SELECT COUNT(*) FROM kill_trace WHERE source = $1 AND sequence = $2 AND digest = $3`, u.peer.source, sequence, digest); n != 1 {
				t.Errorf("batch %d of %s was acknowledged and handled %d times", sequence, u.peer.source, n)
			}
			if n := count(`SELECT COUNT(*) FROM batch WHERE source = $1 AND sequence = $2 AND digest = $3`, u.peer.source, sequence, digest); n != 1 {
				t.Errorf("batch %d of %s was acknowledged and has %d rows", sequence, u.peer.source, n)
			}
			if n := count(`SELECT COUNT(*) FROM ledger_entry WHERE type = 'run' AND subject = $1`, subject(u.peer.source, "host", sequence)); n != 1 {
				t.Errorf("batch %d of %s was acknowledged and has %d ledger entries", sequence, u.peer.source, n)
			}
		}
	}
	if acked == 0 {
		t.Errorf("only %d batches were acknowledged: the test does not test", acked)
	}
	if n := count(`SELECT COUNT(*) FROM (SELECT 1 FROM kill_trace GROUP BY source, stream, sequence HAVING COUNT(*) > 1) AS twice`); n != 0 {
		t.Errorf("%d batches were handled twice", n)
	}
	traces, entries := count(`SELECT COUNT(*) FROM kill_trace`), count(`SELECT COUNT(*) FROM ledger_entry WHERE type = 'run'`)
	both := count(`SELECT COUNT(*) FROM kill_trace k JOIN ledger_entry e ON e.type = 'run' AND e.subject = k.source || '/' || k.stream || '/' || CAST(k.sequence AS TEXT)`)
	if traces != entries || both != traces {
		t.Errorf("%d batches were handled, %d have an entry, and there are %d entries", traces, both, entries)
	}
	if n := count(`SELECT COUNT(*) FROM source_stream WHERE contiguous <> highest`); n != 0 {
		t.Errorf("%d streams have holes", n)
	}
	if n := count(`SELECT COUNT(*) FROM source_hole`); n != 0 {
		t.Errorf("%d holes", n)
	}
	report, err := ledger.Verify(t.Context(), ledger.VerifyConfig{DB: db, Dir: filepath.Join(dir, "ledger"), VerifierKey: log.VerifierKey()})
	if err != nil || report.Unnumbered != 0 || report.Size != count(`SELECT COUNT(*) FROM ledger_entry`) {
		t.Errorf("the ledger: %+v, %v", report, err)
	}
	t.Logf("%d batches acknowledged to the senders, %d handled in all, %d duplicates sent, ledger of %d entries verified",
		acked, traces, count(`SELECT COALESCE(SUM(duplicates), 0) FROM source_stream`), report.Size)
}

// process is a running victim.
type process struct {
	cmd *exec.Cmd
}

func start9(t *testing.T, dir, location, listen string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), killDir+"="+dir, killDatabase+"="+location, killListen+"="+listen)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd}
	t.Cleanup(func() { cmd.Process.Kill() }) // does nothing when it is gone
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the server did not start: %q, %v", line, err)
	}
	return p
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil { // SIGKILL
		t.Fatalf("the server was gone before it was killed: %v", err)
	}
	p.cmd.Wait() // says that it was killed
}

// unruly sends in pairs of any order, sends some again, and notes what was
// acknowledged.
type unruly struct {
	peer  *peer
	r     *rand.Rand
	acked map[int64]string // sequence -> digest
}

func (u *unruly) run(ctx context.Context) {
	sent := map[int64][]byte{}
	for next := int64(1); ctx.Err() == nil; next += 2 {
		pair := []int64{next, next + 1}
		u.r.Shuffle(2, func(i, j int) { pair[i], pair[j] = pair[j], pair[i] })
		if next > 1 && u.r.IntN(5) == 0 {
			pair = append(pair, 1+u.r.Int64N(next-1))
		}
		for _, sequence := range pair {
			packed := sent[sequence]
			if packed == nil {
				var err error
				if packed, err = wire.Encode(u.peer.envelope(sequence)); err != nil {
					u.peer.s.t.Error(err)
					return
				}
				sent[sequence] = packed
			}
			for {
				if ack, _, err := u.peer.sendRaw(packed); err == nil {
					if ack.Quarantined != "" {
						u.peer.s.t.Errorf("batch %d was kept aside: %s", sequence, ack.Quarantined)
					}
					break
				}
				time.Sleep(2 * time.Millisecond) // the server is being started
			}
			u.acked[sequence] = sha256Hex(packed)
		}
	}
}

// restless is a host on which something changes at each look.
type restless struct {
	mu   sync.Mutex
	n    int  // guarded by mu
	done bool // guarded by mu
}

func (h *restless) rest() { h.mu.Lock(); defer h.mu.Unlock(); h.done = true }

func (h *restless) read(_ context.Context, names ...string) ([]facts.Section, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.done {
		h.n++
	}
	var all []facts.Section
	for _, name := range names {
		all = append(all, facts.Section{Name: name, Registry: 1, Values: json.RawMessage(fmt.Sprintf(`{"n":%d}`, h.n)), Digest: fmt.Sprintf("%064d", h.n)})
	}
	return all, nil
}

// waitUntil looks at another process's or a file's state until it is as wanted.
func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  []byte // guarded by mu
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, b...)
	return len(b), nil
}

func (l *lockedBuffer) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b[max(0, len(l.b)-n):])
}
