package ingest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"

	"github.com/klauspost/compress/zstd"
)

func (s *server) stream(source string) ingest.Stream {
	s.t.Helper()
	all, err := s.Streams(s.t.Context(), access.System(), source)
	if err != nil || len(all) != 1 {
		s.t.Fatalf("streams of %s: %+v, %v", source, all, err)
	}
	return all[0]
}

func holes(st ingest.Stream) string {
	var b strings.Builder
	for _, h := range st.Holes {
		b.WriteString(strconv.FormatInt(h.First, 10) + "-" + strconv.FormatInt(h.Last, 10))
		if !h.DeclaredAt.IsZero() {
			b.WriteString("!")
		}
		b.WriteString(" ")
	}
	return strings.TrimSpace(b.String())
}

func TestBatches(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		first := p.envelope(1)
		p.mustSend(first, 1)
		if ack := p.mustSend(first, 1); !ack.Duplicate {
			t.Error("the same batch again is not called a duplicate")
		}
		p.mustSend(p.envelope(2), 2)

		// A hole, then out of order into it.
		p.mustSend(p.envelope(5), 2)
		p.mustSend(p.envelope(9), 2)
		if got := holes(s.stream(p.source)); got != "3-4 6-8" {
			t.Errorf("holes %s", got)
		}
		p.mustSend(p.envelope(7), 2)
		p.mustSend(p.envelope(3), 3)
		p.mustSend(p.envelope(4), 5)
		p.mustSend(p.envelope(4), 5)
		if got := holes(s.stream(p.source)); got != "6-6 8-8" {
			t.Errorf("holes %s", got)
		}
		p.mustSend(p.envelope(8), 5)
		p.mustSend(p.envelope(6), 9)

		st := s.stream(p.source)
		if st.Received != 9 || st.Duplicates != 2 || st.Highest != 9 || len(st.Holes) != 0 {
			t.Errorf("the stream: %+v", st)
		}
		if s.traces() != 9 || len(s.handled) != 9 {
			t.Errorf("%d traces, %d calls after commit; want 9 each", s.traces(), len(s.handled))
		}

		// Used again with other bytes.
		e := p.envelope(4)
		e.Items = nil
		_, problem, err := p.send(e)
		wantKind(t, err, fault.Conflict, "received before with other bytes")
		if problem.Code != wire.CodeConflict {
			t.Errorf("code %q", problem.Code)
		}
	})
}

// Whatever the order and however often, every batch is handled once and the
// stream ends without holes; in between, contiguous is what a set says.
func TestBatchesInAnyOrder(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 1))
		p := enrolled(t, s)
		const n = 30
		order := r.Perm(n)
		for range n {
			order = append(order, r.IntN(n))
		}
		got := map[int64]bool{}
		for _, i := range order {
			seq := int64(i) + 1
			got[seq] = true
			want := int64(0)
			for got[want+1] {
				want++
			}
			p.mustSend(p.envelope(seq), want)
		}
		if s.traces() != n {
			t.Errorf("%d batches handled, want %d", s.traces(), n)
		}
		if st := s.stream(p.source); st.Received != n || st.Duplicates != n || len(st.Holes) != 0 {
			t.Errorf("the stream: %+v", st)
		}
	})
}

func TestSameBatchAtOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		var wg sync.WaitGroup
		for i := range 24 {
			e := p.envelope(int64(i%6) + 1)
			e.ObservedAt = start
			wg.Go(func() {
				if _, _, err := p.send(e); err != nil {
					t.Errorf("sequence %d: %v", e.Sequence, err)
				}
			})
		}
		wg.Wait()
		if st := s.stream(p.source); s.traces() != 6 || st.Contiguous != 6 || st.Received != 6 || st.Duplicates != 18 {
			t.Errorf("%d handled; %+v", s.traces(), st)
		}
	})
}

func gap(p *peer, sequence int64, gaps ...wire.Gap) *wire.Envelope {
	e := p.envelope(sequence)
	e.Kind, e.Items = wire.KindGap, nil
	for _, g := range gaps {
		b, err := json.Marshal(g)
		if err != nil {
			p.s.t.Fatal(err)
		}
		e.Items = append(e.Items, b)
	}
	return e
}

func TestGapDeclared(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		p.mustSend(p.envelope(1), 1)
		p.mustSend(p.envelope(5), 1)
		p.mustSend(p.envelope(9), 1)
		// 2-4 and 6-8 are awaited; 3 to 7 will never come.
		p.mustSend(gap(p, 10, wire.Gap{First: 3, Last: 7, Reason: "the spool was full"}), 1)
		if got := holes(s.stream(p.source)); got != "2-2 3-4! 6-7! 8-8" {
			t.Errorf("holes %s", got)
		}
		p.mustSend(p.envelope(2), 7)
		p.mustSend(p.envelope(8), 10)
		// What was given up and comes after all is taken.
		p.mustSend(p.envelope(6), 10)
		if got := holes(s.stream(p.source)); got != "3-4! 7-7!" {
			t.Errorf("holes %s", got)
		}
		if s.entries("source.gap") != 2 {
			t.Errorf("%d entries of gaps, want one for each hole", s.entries("source.gap"))
		}
		for name, g := range map[string]wire.Gap{
			"of the future": {First: 1, Last: 99, Reason: "x"}, "backwards": {First: 4, Last: 3, Reason: "x"},
			"from nothing": {First: 0, Last: 3, Reason: "x"}, "without reason": {First: 1, Last: 1},
		} {
			highest := s.stream(p.source).Highest
			ack := p.mustSend(gap(p, highest+1, g), highest+1)
			if ack.Quarantined == "" {
				t.Errorf("a gap %s was taken", name)
			}
		}
	})
}

func TestHeartbeatsKeepOneRow(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		p.mustSend(p.envelope(1), 1)
		for seq := int64(2); seq <= 6; seq++ {
			e := p.envelope(seq)
			e.Kind = wire.KindHeartbeat
			p.mustSend(e, seq)
			if ack := p.mustSend(e, seq); !ack.Duplicate {
				t.Errorf("heartbeat %d again is no duplicate", seq)
			}
		}
		early := p.envelope(3)
		early.Kind = wire.KindHeartbeat
		if ack := p.mustSend(early, 6); !ack.Duplicate {
			t.Error("an early heartbeat again is no duplicate")
		}
		if n := s.count(`SELECT COUNT(*) FROM batch`); n != 2 {
			t.Errorf("%d rows, want the facts and the newest heartbeat", n)
		}
	})
}

func TestHandlerFails(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		e := p.envelope(1)

		for _, err := range []error{errors.New("disk I/O error"), fault.New(fault.Unavailable, "the disk is full"), fault.New(fault.Internal, "x")} {
			s.set(func() { s.fail = err })
			_, _, got := p.send(e)
			wantKind(t, got, fault.Unavailable, "")
			if strings.Contains(got.Error(), "I/O") {
				t.Errorf("the cause was shown: %v", got)
			}
			if s.traces()+s.count(`SELECT COUNT(*) FROM batch`)+s.count(`SELECT COUNT(*) FROM source_stream`) != 0 {
				t.Error("something of a failed batch was kept")
			}
		}
		s.set(func() { s.fail = nil })
		p.mustSend(e, 1)

		s.set(func() { s.fail = fault.New(fault.Invalid, "mode is no number").At("", 0, "items[0].values") })
		if ack := p.mustSend(p.envelope(2), 2); ack.Quarantined != "items[0].values: mode is no number" {
			t.Errorf("quarantined %q", ack.Quarantined)
		}
		s.set(func() { s.fail, s.panicking = nil, true })
		if ack := p.mustSend(p.envelope(3), 3); !strings.Contains(ack.Quarantined, "failed on its content") {
			t.Errorf("quarantined %q", ack.Quarantined)
		}
		s.set(func() { s.panicking = false })
		odd := p.envelope(4)
		odd.Kind = "novel"
		if ack := p.mustSend(odd, 4); !strings.Contains(ack.Quarantined, `does not know batches of kind "novel"`) {
			t.Errorf("quarantined %q", ack.Quarantined)
		}
		nul := p.envelope(5)
		nul.Items = []json.RawMessage{json.RawMessage(`{"a":"\\u0000 is text"}`), json.RawMessage(`{"a":"b\u0000"}`)}
		if ack := p.mustSend(nul, 5); !strings.Contains(ack.Quarantined, "items[1]") {
			t.Errorf("quarantined %q", ack.Quarantined)
		}
		p.mustSend(p.envelope(6), 6)
		if s.traces() != 2 {
			t.Errorf("%d traces, want those of 1 and 6", s.traces())
		}
		all, err := s.Quarantine(t.Context(), access.System())
		if err != nil || len(all) != 4 || s.entries("batch.quarantined") != 4 {
			t.Fatalf("quarantine %+v, %v; %d entries", all, err, s.entries("batch.quarantined"))
		}
		want, err := wire.Encode(odd)
		if err != nil {
			t.Fatal(err)
		}
		var raw []byte
		if err := db.Reader().QueryRowContext(t.Context(), `SELECT raw FROM batch_quarantine WHERE sequence = 4`).Scan(&raw); err != nil || !bytes.Equal(raw, want) {
			t.Errorf("the bytes in quarantine are not those sent (%v)", err)
		}
		byKind := map[int64]string{}
		for _, q := range all {
			byKind[q.Sequence] = q.ID
		}
		if got := slices.Sorted(maps.Keys(byKind)); !slices.Equal(got, []int64{2, 3, 4, 5}) {
			t.Errorf("sequences in quarantine: %v", got)
		}
		// After an update the handler takes it.
		if err := s.Retry(t.Context(), access.System(), byKind[2]); err != nil {
			t.Fatal(err)
		}
		if err := s.Retry(t.Context(), access.System(), byKind[2]); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken in twice: %v", err)
		}
		if err := s.Retry(t.Context(), access.System(), byKind[4]); !fault.Is(err, fault.Refused) {
			t.Errorf("an unknown kind was taken in: %v", err)
		}
		if s.traces() != 3 || s.entries("batch.released") != 1 {
			t.Errorf("%d traces, %d entries", s.traces(), s.entries("batch.released"))
		}
	})
}

func TestBadBodies(t *testing.T) {
	s := open(t, databasetest.SQLite(t), nil)
	p := enrolled(t, s)
	whole, err := wire.Encode(p.envelope(1))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := z.EncodeAll(make([]byte, wire.MaxDecompressed+1), nil)
	plain, err := json.Marshal(p.envelope(1))
	if err != nil {
		t.Fatal(err)
	}
	newer := z.EncodeAll(bytes.Replace(plain, []byte(`"version":1`), []byte(`"version":2`), 1), nil)
	other := p.envelope(1)
	other.Source = ids.New("src", start)
	foreign, err := wire.Encode(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		body []byte
		want fault.Kind
		says string
	}{
		{"cut short", whole[:len(whole)-5], fault.Invalid, "cut short"},
		{"empty", nil, fault.Invalid, "empty"},
		{"bomb", bomb, fault.Invalid, "expands to more than"},
		{"too long", make([]byte, wire.MaxCompressed+1), fault.Invalid, "limit"},
		{"newer version", newer, fault.Invalid, "reads versions 1 to 1"},
		{"of another source", foreign, fault.Forbidden, "the certificate is of " + p.source},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := p.sendRaw(tc.body)
			wantKind(t, err, tc.want, tc.says)
		})
	}
	t.Run("without a certificate", func(t *testing.T) {
		_, _, err := newPeer(t, s).sendRaw(whole)
		wantKind(t, err, fault.Unauthenticated, "none was shown")
	})
	t.Run("with a certificate of another server", func(t *testing.T) {
		elsewhere := enrolled(t, open(t, databasetest.SQLite(t), nil))
		stranger := newPeer(t, s)
		stranger.cert = elsewhere.cert
		stranger.reconnect()
		_, _, err := stranger.sendRaw(whole)
		wantKind(t, err, fault.Unauthenticated, "not signed by this server's authority")
	})
	t.Run("with a certificate that is for servers", func(t *testing.T) {
		stranger := newPeer(t, s)
		stranger.cert = forServers(t, s, p.source, stranger.key)
		stranger.reconnect()
		_, _, err := stranger.sendRaw(whole)
		wantKind(t, err, fault.Unauthenticated, "not signed by this server's authority")
	})
	t.Run("with another's certificate, without its key", func(t *testing.T) {
		stranger := newPeer(t, s)
		stranger.cert = tls.Certificate{Certificate: p.cert.Certificate, PrivateKey: stranger.key}
		stranger.reconnect()
		if _, _, err := stranger.sendRaw(whole); err == nil {
			t.Error("it was taken")
		}
	})
	t.Run("another path", func(t *testing.T) {
		_, _, _, err := p.post("/v2/batches", whole)
		wantKind(t, err, fault.NotFound, "listener for agents")
	})
	if s.count(`SELECT COUNT(*) FROM batch`) != 0 || s.traces() != 0 {
		t.Error("something of a refused body was kept")
	}
	p.mustSend(p.envelope(1), 1)
}

func TestDiskWatermark(t *testing.T) {
	s := open(t, databasetest.SQLite(t), nil)
	p := enrolled(t, s)
	s.set(func() { s.free = 1<<20 - 1 })
	_, _, err := p.send(p.envelope(1))
	wantKind(t, err, fault.Unavailable, "disk is nearly full")
	_, err = newPeer(t, s).enrol(s.token(time.Hour))
	wantKind(t, err, fault.Unavailable, "disk is nearly full")
	if s.count(`SELECT COUNT(*) FROM batch`) != 0 {
		t.Error("a batch was stored below the watermark")
	}
	s.set(func() { s.free = 1 << 20 })
	p.mustSend(p.envelope(1), 1)
}

func TestClockOffset(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s := open(t, db, nil)
		p := enrolled(t, s)
		p.mustSend(p.envelope(1), 1)
		if src, _ := s.Source(t.Context(), access.System(), p.source); src.ClockOffset != nil {
			t.Errorf("an offset without a measurement: %v", *src.ClockOffset)
		}
		p.header.Set(wire.HeaderSent, strconv.FormatInt(clock.Micros(start.Add(1500*time.Millisecond)), 10))
		ack := p.mustSend(p.envelope(2), 2)
		src, err := s.Source(t.Context(), access.System(), p.source)
		if err != nil || src.ClockOffset == nil || *src.ClockOffset != 1500*time.Millisecond || !src.ClockAt.Equal(start) {
			t.Errorf("offset %v at %v, %v; want 1.5s", src.ClockOffset, src.ClockAt, err)
		}
		if ack.ReceivedUs != clock.Micros(start) || ack.AnsweredUs != clock.Micros(start) {
			t.Errorf("the answer's times: %+v", ack)
		}
		own := int64(777)
		e := p.envelope(3)
		e.ClockOffsetUs = &own
		p.header.Set(wire.HeaderOffset, "-2500000")
		p.mustSend(e, 3)
		if src, _ := s.Source(t.Context(), access.System(), p.source); *src.ClockOffset != -2500*time.Millisecond {
			t.Errorf("offset %v, want what the previous exchange measured", *src.ClockOffset)
		}
		p.header.Set(wire.HeaderOffset, "9000000000000000000")
		p.mustSend(p.envelope(4), 4)
		if src, _ := s.Source(t.Context(), access.System(), p.source); *src.ClockOffset != -2500*time.Millisecond {
			t.Errorf("offset %v from nonsense", *src.ClockOffset)
		}
		if n := s.count(`SELECT clock_offset_us FROM batch WHERE sequence = 3`); n != 777 {
			t.Errorf("the batch's offset %d, want its own estimate", n)
		}
		if n := s.count(`SELECT clock_offset_us FROM batch WHERE sequence = 2`); n != 1_500_000 {
			t.Errorf("the batch's offset %d, want what was measured", n)
		}
	})
}

func TestResendAndSourceInHandler(t *testing.T) {
	s := open(t, databasetest.SQLite(t), func(c *ingest.Config) {
		c.Handlers = map[string]ingest.Handler{wire.KindHeartbeat: func(_ context.Context, _ *sql.Tx, b ingest.Batch) error {
			if b.Source.Name != "web-1" || b.Source.SeenAt.IsZero() || len(b.Digest) != 64 {
				return errors.New("the handler was given too little")
			}
			b.Resend("sshd", "sysctl")
			return nil
		}}
	})
	p := enrolled(t, s)
	e := p.envelope(1)
	e.Kind = wire.KindHeartbeat
	if ack := p.mustSend(e, 1); !slices.Equal(ack.Resend, []string{"sshd", "sysctl"}) {
		t.Errorf("asked for %v", ack.Resend)
	}
	if ack := p.mustSend(e, 1); ack.Resend != nil {
		t.Errorf("a duplicate asked for %v", ack.Resend)
	}
}

func TestRateLimit(t *testing.T) {
	s := open(t, databasetest.SQLite(t), func(c *ingest.Config) { c.Rate = 1 })
	p := enrolled(t, s)
	seq := int64(0)
	for range 10 {
		seq++
		p.mustSend(p.envelope(seq), seq)
	}
	status, _, _, err := p.post(wire.PathBatches, nil)
	if status != http.StatusTooManyRequests || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("the eleventh at once: %d, %v", status, err)
	}
	s.now.Advance(-time.Hour) // a clock set back grants nothing
	if status, _, _, _ := p.post(wire.PathBatches, nil); status != http.StatusTooManyRequests {
		t.Errorf("after the clock was set back: %d", status)
	}
	s.now.Advance(time.Second + time.Hour)
	p.mustSend(p.envelope(seq+1), seq+1)
}

// A sender that goes away in the middle of a body holds nothing and stores nothing.
func TestSenderGoesAway(t *testing.T) {
	s := open(t, databasetest.SQLite(t), nil)
	p := enrolled(t, s)
	whole, err := wire.Encode(p.envelope(1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	body := &stalling{b: whole[:len(whole)/2], then: cancel}
	req, err := http.NewRequestWithContext(ctx, "POST", s.url+wire.PathBatches, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(whole))
	if _, err := p.http.Do(req); err == nil {
		t.Fatal("half a request was answered")
	}
	p.mustSend(p.envelope(1), 1)
	if s.traces() != 1 {
		t.Errorf("%d traces", s.traces())
	}
}

type stalling struct {
	b    []byte
	then func()
}

func (s *stalling) Read(b []byte) (int, error) {
	if len(s.b) == 0 {
		s.then()
		return 0, errors.New("gone")
	}
	n := copy(b, s.b)
	s.b = s.b[n:]
	return n, nil
}
