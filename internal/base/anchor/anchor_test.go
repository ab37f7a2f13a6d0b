package anchor

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	verdict "github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/offline"
	"github.com/attesta/attesta/internal/proof/stamp/stamptest"
)

var admin = access.Principal{UserID: "usr_00000000000000000000000adm", SessionID: "ses_1", Role: access.Administrator, Via: access.ViaPassword}

// lab is a ledger with the service that anchors it.
type lab struct {
	t     *testing.T
	db    *database.DB
	log   *ledger.Log
	dir   string
	s     *Service
	clock *clock.Manual
}

func newLab(t *testing.T, db *database.DB) *lab {
	t.Helper()
	l := &lab{t: t, db: db, dir: t.TempDir(), clock: clock.NewManual(time.Now().Truncate(time.Second))}
	var err error
	l.log, err = ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(l.dir, "ledger"), KeyFile: filepath.Join(l.dir, "keys", "ledger.key"), Clock: l.clock.Now, Origin: "example.org/ledger"})
	l.must(err)
	t.Cleanup(func() { l.log.Close() })
	key, err := sealed.Open(filepath.Join(l.dir, "keys", "sealed.key"))
	l.must(err)
	runner, err := jobs.New(t.Context(), jobs.Config{DB: db, Logger: slog.New(slog.DiscardHandler)})
	l.must(err)
	dialer, err := dial.New(dial.Config{Allow: []string{"127.0.0.1", "localhost"}})
	l.must(err)
	l.s, err = New(Config{DB: db, Ledger: l.log, Key: key, Jobs: runner, Dialer: dialer, Data: l.dir, Clock: l.clock.Now, Logger: slog.New(slog.DiscardHandler), Limit: 5 * time.Second})
	l.must(err)
	l.grow(3)
	return l
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// grow adds entries and publishes.
func (l *lab) grow(n int) {
	l.t.Helper()
	l.must(l.db.Tx(l.t.Context(), func(tx *sql.Tx) error {
		for range n {
			if _, err := l.log.Append(l.t.Context(), tx, ledger.Entry{Stream: "system", Type: "test.written", Actor: "system", Subject: "x"}); err != nil {
				return err
			}
		}
		return nil
	}))
	l.must(l.log.Publish(l.t.Context()))
}

func (l *lab) verify() (ledger.Report, error) {
	l.t.Helper()
	l.must(l.log.Publish(l.t.Context()))
	return ledger.Verify(l.t.Context(), ledger.VerifyConfig{DB: l.db, Dir: filepath.Join(l.dir, "ledger"), VerifierKey: l.log.VerifierKey(), Bindings: Bindings()})
}

func (l *lab) add(set Settings) Anchor {
	l.t.Helper()
	a, err := l.s.Add(l.t.Context(), admin, set)
	l.must(err)
	return a
}

func (l *lab) again(id string) Anchor {
	l.t.Helper()
	a, err := get(l.t.Context(), l.db.Reader(), id)
	l.must(err)
	return a
}

// fakeWitness is a witness by the letter of C2SP tlog-witness, in memory.
type fakeWitness struct {
	name string
	key  ed25519.PrivateKey
	log  string // verifier key
	now  func() time.Time

	mu   sync.Mutex
	size int64
	root [32]byte
}

func (w *fakeWitness) vkey() (id []byte, text string) {
	key := append([]byte{proof.CosignatureKey}, w.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(w.name+"\n"), key...))
	return sum[:4], fmt.Sprintf("%s+%08x+%s", w.name, binary.BigEndian.Uint32(sum[:]), base64.StdEncoding.EncodeToString(key))
}

func (w *fakeWitness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/w/add-checkpoint" || r.Method != http.MethodPost {
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	p, err := proof.ParseConsistency(raw)
	if err != nil {
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	v, err := proof.NewVerifier(w.log)
	if err != nil {
		out.WriteHeader(http.StatusInternalServerError)
		return
	}
	c, err := proof.ParseCheckpoint(p.Checkpoint, v)
	switch {
	case err != nil:
		out.WriteHeader(http.StatusForbidden)
		return
	case p.Old != w.size:
		out.Header().Set("Content-Type", "text/x.tlog.size")
		out.WriteHeader(http.StatusConflict)
		fmt.Fprintf(out, "%d\n", w.size)
		return
	case p.Old > c.Size:
		out.WriteHeader(http.StatusBadRequest)
		return
	case w.size > 0 && w.size == c.Size && c.Root != w.root:
		out.WriteHeader(http.StatusConflict)
		return
	case w.size > 0 && p.Check(c.Size, c.Root, w.root) != nil:
		out.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	w.size, w.root = c.Size, c.Root
	id, _ := w.vkey()
	at := w.now().Unix()
	sig := binary.BigEndian.AppendUint64(bytes.Clone(id), uint64(at))
	sig = append(sig, ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, c.Text()))...)
	fmt.Fprintf(out, "— other.example.org AAAAAAAA\n— %s %s\n", w.name, base64.StdEncoding.EncodeToString(sig))
}

func newWitness(t *testing.T, l *lab) (*fakeWitness, *httptest.Server) {
	w := &fakeWitness{name: "witness.example.org", key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), log: l.log.VerifierKey(), now: l.clock.Now}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return w, server
}

// A real time-stamp authority stamps checkpoints; the stamps are kept, and verify
// without it. What was changed afterwards is found.
func TestTimeStamps(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		l := newLab(t, db)
		tsa := stamptest.New(t, "rsa:2048")
		a := l.add(Settings{Name: "  A  TSA ", Kind: TimeStamp, Address: tsa.URL, Trust: tsa.Root, Every: time.Hour})
		l.must(l.s.Due(ctx))
		l.must(l.s.Due(ctx)) // not due
		a, held, err := l.s.Get(ctx, admin, a.ID, "", 10)
		l.must(err)
		if len(held) != 1 || a.HeldSize != 3 || a.Failing != 0 || a.Name != "A TSA" || held[0].Size != 3 || time.Since(held[0].Said).Abs() > time.Minute || !a.NextAt.Equal(l.clock.Now().Add(time.Hour)) {
			t.Fatalf("%+v %+v", a, held)
		}
		l.grow(5)
		l.clock.Advance(time.Hour)
		l.must(l.s.Due(ctx))
		rep, err := l.verify()
		if err != nil || rep.Bound[HeldType] != 2 || rep.Bound[SetType] != 1 || !rep.Anchored || rep.AnchoredTo < 8 {
			t.Fatalf("%+v %v", rep, err)
		}
		head, err := l.log.Head(ctx)
		l.must(err)
		if !head.Anchored || head.AnchoredSize != rep.AnchoredTo {
			t.Errorf("%+v", head)
		}
		if h := Check(db, l.clock.Now).Run(ctx); h.Outcome != verdict.Pass {
			t.Errorf("%+v", h)
		}

		// trust from outside
		other := stamptest.New(t, "ec")
		if lines, err := Trusted(ctx, db.Reader(), offline.TrustFile{Timestamps: []offline.Timestamp{{Name: "mine", Root: tsa.Root}}}); err != nil || len(lines) != 1 || !strings.Contains(lines[0], "authority mine of the trust file signed") {
			t.Errorf("%v %v", lines, err)
		}
		if _, err := Trusted(ctx, db.Reader(), offline.TrustFile{Timestamps: []offline.Timestamp{{Name: "mine", Root: other.Root}}}); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "untrusted") {
			t.Errorf("%v", err)
		}

		// out of order: kept with its reason, tried again later, told by Health
		tsa.Broken.Store(true)
		l.clock.Advance(time.Hour)
		l.must(l.s.Due(ctx))
		a = l.again(a.ID)
		if a.Failing != 1 || !strings.Contains(a.Trouble, "500") || !a.NextAt.Equal(l.clock.Now().Add(firstPause)) {
			t.Errorf("%+v", a)
		}
		l.clock.Advance(firstPause)
		l.must(l.s.Due(ctx))
		if a = l.again(a.ID); a.Failing != 2 || !a.NextAt.Equal(l.clock.Now().Add(2*firstPause)) {
			t.Errorf("%+v", a)
		}
		if h := Check(db, l.clock.Now).Run(ctx); h.Outcome != verdict.Fail || !strings.Contains(h.Reason, "A TSA fails since") {
			t.Errorf("%+v", h)
		}
		l.must(l.log.Publish(ctx))
		failed, err := l.log.Records(ctx, ledger.Filter{Type: FailedType})
		l.must(err)
		if len(failed) != 1 {
			t.Errorf("two failures in a row are %d entries", len(failed))
		}
		tsa.Broken.Store(false)
		if _, err := l.s.Test(ctx, admin, a.ID); err != nil {
			t.Error(err)
		}
		if a = l.again(a.ID); a.Failing != 0 || a.Trouble != "" {
			t.Errorf("%+v", a)
		}
		_, err = l.verify()
		l.must(err)

		// somebody with the database
		for name, change := range map[string]string{
			"another note":       `UPDATE anchor_receipt SET note = 'x' WHERE id = $1`,
			"another proof":      `UPDATE anchor_receipt SET proof = (SELECT o.proof FROM anchor_receipt o WHERE o.proof <> anchor_receipt.proof LIMIT 1) WHERE id = $1`,
			"no answer any more": `DELETE FROM anchor_receipt WHERE id = $1`,
			"another authority":  `UPDATE anchor SET trust = '` + other.Root + `' WHERE id = (SELECT anchor FROM anchor_receipt WHERE id = $1)`,
			"another size":       `UPDATE anchor_receipt SET size = 2 WHERE id = $1`,
		} {
			stop := errors.New("back")
			err := db.Tx(ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, change, held[0].ID); err != nil {
					return err
				}
				for _, typ := range []string{SetType, HeldType} {
					records, err := l.log.Records(context.WithoutCancel(ctx), ledger.Filter{Type: typ})
					if err != nil {
						return err
					}
					for _, rec := range records {
						for _, b := range Bindings() {
							if b.Name == typ {
								if err := b.Check(ctx, tx, rec); err != nil {
									if !fault.Is(err, fault.Refused) {
										return err
									}
									return stop
								}
							}
						}
					}
				}
				return nil
			})
			if !errors.Is(err, stop) {
				t.Errorf("%s is not found: %v", name, err)
			}
		}
		l.must(l.s.Remove(ctx, admin, a.ID))
		if rep, err := l.verify(); err != nil || !rep.Anchored {
			t.Errorf("after the anchor was removed what it signed no longer counts: %+v %v", rep, err)
		}
		if h := Check(db, l.clock.Now).Run(ctx); h.Outcome != verdict.NotObserved {
			t.Errorf("%+v", h)
		}
	})
}

// A witness cosigns what continues, and says so where nothing does.
func TestWitness(t *testing.T) {
	ctx := t.Context()
	l := newLab(t, databasetest.SQLite(t))
	w, server := newWitness(t, l)
	_, vkey := w.vkey()
	a := l.add(Settings{Name: "w", Kind: Witness, Address: server.URL + "/w/", Trust: vkey, Every: time.Hour})
	for range 3 {
		l.grow(300)
		r, err := l.s.Test(ctx, admin, a.ID)
		l.must(err)
		if r.Said.IsZero() || len(r.Proof) == 0 || strings.Contains(string(r.Proof), "other.example.org") {
			t.Errorf("%+v", r)
		}
		at, err := r.Verify(vkey)
		if err != nil || !at.Equal(l.clock.Now()) {
			t.Errorf("%s %v", at, err)
		}
	}
	rep, err := l.verify()
	if err != nil || rep.Bound[HeldType] != 3 || !rep.Anchored {
		t.Fatalf("%+v %v", rep, err)
	}

	// we forgot what it knows: it says from where
	_, err = l.db.Writer().ExecContext(ctx, `UPDATE anchor SET held_size = 7`)
	l.must(err)
	if _, err := l.s.Test(ctx, admin, a.ID); err != nil {
		t.Error(err)
	}
	fails := func(name, says string) {
		t.Helper()
		if _, err := l.s.Test(ctx, admin, a.ID); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.mu.Lock()
	good, size := w.root, w.size
	w.root[0] ^= 1
	w.mu.Unlock()
	l.grow(1)
	fails("another history", "does not see this ledger continue")
	w.mu.Lock()
	w.root, w.size = good, size+100_000
	w.mu.Unlock()
	fails("a rollback", "it was put back to an earlier state")
	w.mu.Lock()
	w.size, w.log = size, "example.org/ledger+00000000+x"
	w.mu.Unlock()
	if _, err := l.s.Test(ctx, admin, a.ID); err == nil {
		t.Error("a witness that knows another key")
	}
	if a = l.again(a.ID); a.Failing == 0 || a.Trouble == "" {
		t.Errorf("%+v", a)
	}

	// a witness with another key than was set
	_, other := (&fakeWitness{name: w.name, key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))}).vkey()
	w.mu.Lock()
	w.log = l.log.VerifierKey()
	w.mu.Unlock()
	b := l.add(Settings{Name: "other key", Kind: Witness, Address: server.URL + "/w", Trust: other, Every: time.Hour})
	if _, err := l.s.Test(ctx, admin, b.ID); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "holds no signature of") {
		t.Errorf("%v", err)
	}
}

// Copies go to a directory and to a receiver; what lies there is never replaced.
func TestCopies(t *testing.T) {
	ctx := t.Context()
	l := newLab(t, databasetest.SQLite(t))
	to := t.TempDir()
	a := l.add(Settings{Name: "d", Kind: Directory, Address: to, Every: time.Hour})
	r, err := l.s.Test(ctx, admin, a.ID)
	l.must(err)
	c, err := l.log.CheckpointOf(ctx, r.Size)
	l.must(err)
	path := filepath.Join(to, CopyName(c))
	raw, err := os.ReadFile(path)
	if err != nil || string(raw) != r.Note {
		t.Fatalf("%s %v", raw, err)
	}
	if rep, err := ledger.Verify(ctx, ledger.VerifyConfig{DB: l.db, Dir: filepath.Join(l.dir, "ledger"), VerifierKey: l.log.VerifierKey(), OldCheckpoint: raw, Bindings: Bindings()}); err != nil || rep.OldSize == nil {
		t.Errorf("the copy is no checkpoint to verify against: %v", err)
	}
	l.must(os.Chmod(path, 0o600))
	l.must(os.WriteFile(path, []byte("another history"), 0o600))
	d := directory{to, l.dir}
	if _, err := d.hand(ctx, c, 0); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "another checkpoint") {
		t.Errorf("%v", err)
	}
	if h := Check(l.db, l.clock.Now).Run(ctx); h.Outcome != verdict.NotObserved || !strings.Contains(h.Reason, "copies alone") {
		t.Errorf("%+v", h)
	}
	l.must(os.RemoveAll(to))
	l.clock.Advance(time.Hour)
	l.must(l.s.Due(ctx))
	if a = l.again(a.ID); a.Failing != 1 || !strings.Contains(a.Trouble, "there is no directory") {
		t.Errorf("%+v", a)
	}
	var got []byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) }))
	defer server.Close()
	l.s.client = server.Client()
	b := l.add(Settings{Name: "r", Kind: Receiver, Address: server.URL + "/in?key=secret", Every: time.Hour})
	if r, err := l.s.Test(ctx, admin, b.ID); err != nil || string(got) != r.Note || strings.Contains(b.Place, "secret") {
		t.Errorf("%q %+v %v", got, b, err)
	}
	if rep, err := l.verify(); err != nil || rep.Anchored {
		t.Errorf("copies count as signed: %+v %v", rep, err)
	}
}

func TestSettingsAreRefused(t *testing.T) {
	l := newLab(t, databasetest.SQLite(t))
	tsa := stamptest.New(t, "ec")
	_, vkey := (&fakeWitness{name: "w", key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))}).vkey()
	ok := Settings{Name: "x", Kind: TimeStamp, Address: "https://tsa.example.org/", Trust: tsa.Root, Every: time.Hour}
	inside := filepath.Join(l.dir, "copies")
	l.must(os.Mkdir(inside, 0o700))
	link := filepath.Join(t.TempDir(), "link")
	l.must(os.Symlink(inside, link))
	for name, c := range map[string]struct {
		change func(s *Settings)
		field  string
	}{
		"no name":          {func(s *Settings) { s.Name = " " }, "name"},
		"no kind":          {func(s *Settings) { s.Kind = "fax" }, "kind"},
		"no address":       {func(s *Settings) { s.Address = "" }, "address"},
		"a file's address": {func(s *Settings) { s.Address = "file:///etc/passwd" }, "address"},
		"with a password":  {func(s *Settings) { s.Address = "https://u:p@tsa.example.org" }, "address"},
		"the metadata":     {func(s *Settings) { s.Address = "http://169.254.169.254/latest" }, "address"},
		"inside":           {func(s *Settings) { s.Address = "http://10.0.0.1/" }, "address"},
		"no root":          {func(s *Settings) { s.Trust = "" }, "trust"},
		"no key":           {func(s *Settings) { s.Kind, s.Trust = Witness, "x" }, "trust"},
		"a root for a key": {func(s *Settings) { s.Kind, s.Trust = Witness, tsa.Root }, "trust"},
		"a key for a root": {func(s *Settings) { s.Trust = vkey }, "trust"},
		"too often":        {func(s *Settings) { s.Every = time.Minute }, "every"},
		"too seldom":       {func(s *Settings) { s.Every = 1000 * time.Hour }, "every"},
		"open receiver":    {func(s *Settings) { s.Kind, s.Address, s.Trust = Receiver, "http://example.org/", "" }, "address"},
		"no directory":     {func(s *Settings) { s.Kind, s.Address, s.Trust = Directory, "/no/such/place", "" }, "address"},
		"no path":          {func(s *Settings) { s.Kind, s.Address, s.Trust = Directory, "../x", "" }, "address"},
		"its own data":     {func(s *Settings) { s.Kind, s.Address, s.Trust = Directory, inside, "" }, "address"},
		"a way round":      {func(s *Settings) { s.Kind, s.Address, s.Trust = Directory, link, "" }, "address"},
		"trust in a copy":  {func(s *Settings) { s.Kind, s.Address = Directory, os.TempDir() }, "trust"},
	} {
		set := ok
		c.change(&set)
		var f *fault.Error
		if _, err := l.s.Add(t.Context(), admin, set); !fault.Is(err, fault.Invalid) || !errors.As(err, &f) || f.Field != c.field || f.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.add(ok)
	if _, err := l.s.Add(t.Context(), admin, ok); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same name: %v", err)
	}
	viewer := admin
	viewer.Role = access.Viewer
	if _, err := l.s.Add(t.Context(), viewer, ok); !fault.Is(err, fault.Forbidden) {
		t.Errorf("%v", err)
	}
	// what an answer may not be
	for name, answer := range map[string]func(w http.ResponseWriter){
		"a page":     func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") },
		"a redirect": func(w http.ResponseWriter) { w.Header().Set("Location", "http://169.254.169.254/"); w.WriteHeader(302) },
		"no end":     func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, 1<<20)) },
		"nothing":    func(http.ResponseWriter) {},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
		a := l.add(Settings{Name: name, Kind: TimeStamp, Address: server.URL, Trust: tsa.Root, Every: time.Hour})
		if _, err := l.s.Test(t.Context(), admin, a.ID); !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}
