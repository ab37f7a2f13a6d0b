package agent

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

var (
	start  = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	source = ids.New("src", start)
)

// memory is a disk that forgets at a crash what was not synced: content that
// was written, names that were moved or removed. left counts the steps until
// the crash; from then on every step fails.
type memory struct {
	now, durable map[string]*inode
	left         int // -1: no crash
	crashed      bool
	keep         *rand.Rand // decides which unsynced steps reached the disk all the same
}

type inode struct{ content, synced []byte }

var errCrash = errors.New("crash")

func newMemory(keep *rand.Rand) *memory {
	return &memory{now: map[string]*inode{}, durable: map[string]*inode{}, left: -1, keep: keep}
}

func (m *memory) step() error {
	if m.left == 0 {
		m.crashed = true
	}
	if m.crashed {
		return errCrash
	}
	if m.left > 0 {
		m.left--
	}
	return nil
}

// restart gives the disk as it is found after a crash.
func (m *memory) restart() *memory {
	after := newMemory(m.keep)
	image := maps.Clone(m.durable)
	if m.keep.IntN(2) == 0 { // some moves and removals reached the disk, in any order
		for name, n := range m.now {
			if m.keep.IntN(2) == 0 {
				image[name] = n
			}
		}
		for name := range image {
			if _, ok := m.now[name]; !ok && m.keep.IntN(2) == 0 {
				delete(image, name)
			}
		}
	}
	for name, n := range image {
		content := n.synced
		if m.keep.IntN(3) == 0 && len(n.content) > len(content) { // part of what was written
			content = n.content[:m.keep.IntN(len(n.content)+1)]
		}
		fresh := &inode{content: slices.Clone(content), synced: slices.Clone(content)}
		after.now[name], after.durable[name] = fresh, fresh
	}
	return after
}

func (m *memory) List() (map[string]int64, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for name, n := range m.now {
		sizes[name] = int64(len(n.content))
	}
	return sizes, nil
}

func (m *memory) Read(name string) ([]byte, error) {
	if m.crashed {
		return nil, errCrash
	}
	n, ok := m.now[name]
	if !ok {
		return nil, os.ErrNotExist
	}
	return slices.Clone(n.content), nil
}

func (m *memory) Write(name string, b []byte) error {
	err := m.step()
	if err != nil && m.keep.IntN(2) == 0 {
		return err // stopped before
	}
	if err != nil {
		b = b[:m.keep.IntN(len(b)+1)] // stopped in the middle
	}
	m.now[name] = &inode{content: slices.Clone(b)}
	return err
}

func (m *memory) Sync(name string) error {
	if err := m.step(); err != nil {
		return err
	}
	m.now[name].synced = m.now[name].content
	return nil
}

func (m *memory) Rename(oldName, newName string) error {
	if err := m.step(); err != nil {
		return err
	}
	m.now[newName] = m.now[oldName]
	delete(m.now, oldName)
	return nil
}

func (m *memory) Remove(name string) error {
	if err := m.step(); err != nil {
		return err
	}
	delete(m.now, name)
	return nil
}

func (m *memory) SyncDir() error {
	if err := m.step(); err != nil {
		return err
	}
	m.durable = maps.Clone(m.now)
	return nil
}

var silent = slog.New(slog.DiscardHandler)

func mustOpen(t *testing.T, d disk, limit int64) *spool {
	t.Helper()
	s, err := openSpool(d, source, "host-aaaa", limit, silent)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// section is a state of a section: its values are the number n and padding.
func section(t testing.TB, name string, n, padding int) json.RawMessage {
	t.Helper()
	values := fmt.Sprintf(`{"n":%d,"pad":%q}`, n, noise(n, padding))
	b, err := json.Marshal(facts.Section{Name: name, Registry: 1, Values: json.RawMessage(values), Digest: fmt.Sprintf("%064d", n)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// noise does not compress well.
func noise(seed, n int) string {
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[r.IntN(64)]
	}
	return string(b)
}

func factsOf(items ...json.RawMessage) *wire.Envelope {
	return &wire.Envelope{ObservedAt: start, Kind: wire.KindFacts, Agent: agentInfo("test"), Items: items}
}

func beatOf() *wire.Envelope {
	return &wire.Envelope{ObservedAt: start, Kind: wire.KindHeartbeat, Agent: agentInfo("test"), Items: []json.RawMessage{json.RawMessage(`{"sections":{}}`)}}
}

func TestSpoolResumes(t *testing.T) {
	d := directory(t.TempDir())
	s := mustOpen(t, d, 1<<20)
	for n := 1; n <= 3; n++ {
		if err := s.add(factsOf(section(t, "sysctl", n, 0))); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, s)
	if _, err := s.acknowledge(2); err != nil {
		t.Fatal(err)
	}
	e, b, ok := s.after(0)
	if !ok || e.sequence != 3 || len(b) == 0 {
		t.Fatalf("after the acknowledgement of 2 comes %d", e.sequence)
	}

	s = mustOpen(t, d, 1<<20)
	e, again, ok := s.after(0)
	if !ok || e.sequence != 3 || string(again) != string(b) {
		t.Fatalf("after a restart comes %d, the same bytes: %v", e.sequence, string(again) == string(b))
	}
	if got := s.digests()["sysctl"]; got != fmt.Sprintf("%064d", 3) {
		t.Errorf("digest in force %s", got)
	}
	if _, err := s.acknowledge(3); err != nil {
		t.Fatal(err)
	}

	s = mustOpen(t, d, 1<<20)
	if s.waiting() != 0 || s.digests()["sysctl"] != fmt.Sprintf("%064d", 3) {
		t.Errorf("%d waiting; digest %s", s.waiting(), s.digests()["sysctl"])
	}
	if err := s.add(beatOf()); err != nil {
		t.Fatal(err)
	}
	if e, _, _ := s.after(0); e.sequence != 4 {
		t.Errorf("the next one after a restart is %d, want 4", e.sequence)
	}
	// A file of the operating system, private.
	if st, err := os.Stat(d.path(fileOf(4))); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
}

func TestSpoolOfAnotherSource(t *testing.T) {
	d := directory(t.TempDir())
	s := mustOpen(t, d, 1<<20)
	if err := s.add(beatOf()); err != nil {
		t.Fatal(err)
	}
	other, err := openSpool(d, ids.New("src", start), "host-bbbb", 1<<20, silent)
	if err != nil {
		t.Fatal(err)
	}
	if other.waiting() != 0 || other.next != 1 || other.state.Stream != "host-bbbb" {
		t.Errorf("%d waiting, next %d in %s", other.waiting(), other.next, other.state.Stream)
	}
}

func TestSpoolDamage(t *testing.T) {
	for name, spoil := range map[string]func(d directory) error{
		"cut":     func(d directory) error { return os.Truncate(d.path(fileOf(2)), 20) },
		"flipped": func(d directory) error { return flip(d.path(fileOf(2))) },
		"another": func(d directory) error {
			b, err := d.Read(fileOf(1))
			if err != nil {
				return err
			}
			return d.Write(fileOf(2), b)
		},
	} {
		for _, restart := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, restart %v", name, restart), func(t *testing.T) {
				d := directory(t.TempDir())
				s := mustOpen(t, d, 1<<20)
				for n := 1; n <= 2; n++ {
					if err := s.add(factsOf(section(t, "sysctl", n, 100))); err != nil {
						t.Fatal(err)
					}
				}
				if err := spoil(d); err != nil {
					t.Fatal(err)
				}
				if restart {
					s = mustOpen(t, d, 1<<20)
				} else if !s.check(2) || s.check(1) {
					t.Fatal("which file is damaged was not seen")
				}
				if err := s.add(beatOf()); err != nil {
					t.Fatal(err)
				}
				got := drain(t, s)
				if len(got) != 3 || got[1].Sequence != 3 || got[1].Kind != wire.KindGap || got[2].Sequence != 4 {
					t.Fatalf("sent %v", summary(got))
				}
				var g wire.Gap
				if err := json.Unmarshal(got[1].Items[0], &g); err != nil || g.First != 2 || g.Last != 2 || !strings.Contains(g.Reason, "damaged") {
					t.Errorf("gap %+v, %v", g, err)
				}
				if d := s.digests(); len(d) != 0 {
					t.Errorf("sections still count as sent: %v", d)
				}
			})
		}
	}
	t.Run("state", func(t *testing.T) {
		d := directory(t.TempDir())
		s := mustOpen(t, d, 1<<20)
		if err := s.add(beatOf()); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(stateFile, []byte("{")); err != nil {
			t.Fatal(err)
		}
		s, err := openSpool(d, source, "host-bbbb", 1<<20, silent)
		if err != nil || s.state.Stream != "host-bbbb" {
			t.Errorf("a lost count goes on in stream %s, %v", s.state.Stream, err)
		}
	})
}

func flip(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[len(b)/2] ^= 1
	return os.WriteFile(path, b, 0o600)
}

func drain(t *testing.T, s *spool) []*wire.Envelope {
	t.Helper()
	var all []*wire.Envelope
	for cursor := int64(0); ; {
		p, b, ok := s.after(cursor)
		if !ok {
			return all
		}
		e, err := wire.DecodeBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
		cursor = p.sequence
	}
}

func summary(all []*wire.Envelope) []string {
	var out []string
	for _, e := range all {
		out = append(out, fmt.Sprintf("%d %s", e.Sequence, e.Kind))
	}
	return out
}

func TestSpoolOverflow(t *testing.T) {
	d := directory(t.TempDir())
	const limit = 40 * block
	s := mustOpen(t, d, limit)
	for n := 1; n <= 300; n++ {
		e := factsOf(section(t, "sysctl", n, 2000))
		switch {
		case n%3 == 0:
			e = factsOf(section(t, "users", n, 2000))
		case n%10 == 0:
			e = beatOf()
		}
		if err := s.add(e); err != nil {
			t.Fatal(err)
		}
		if s.bytes > limit+8*block {
			t.Fatalf("%d bytes on disk after %d, over the limit of %d", s.bytes, n, limit)
		}
	}
	for _, s := range []*spool{s, mustOpen(t, d, limit)} {
		got := drain(t, s)
		covered := map[int64]bool{}
		newest := map[string]string{}
		dropped := 0
		for _, e := range got {
			covered[e.Sequence] = true
			maps.Copy(newest, digestsOf(e))
			if e.Kind != wire.KindGap {
				continue
			}
			for _, item := range e.Items {
				var g wire.Gap
				if err := json.Unmarshal(item, &g); err != nil {
					t.Fatal(err)
				}
				for n := g.First; n <= g.Last; n++ {
					covered[n] = true
				}
				for _, n := range g.Dropped {
					dropped += n
				}
			}
		}
		for n := int64(1); n < s.next; n++ {
			if !covered[n] {
				t.Errorf("sequence %d is neither here nor declared", n)
			}
		}
		if want := map[string]string{"users": fmt.Sprintf("%064d", 300), "sysctl": fmt.Sprintf("%064d", 299)}; !maps.Equal(newest, want) {
			t.Errorf("newest states %v", newest)
		}
		if dropped == 0 {
			t.Error("no gap says how many envelopes were given up")
		}
	}
}

func TestSpoolManyFiles(t *testing.T) {
	s := mustOpen(t, newMemory(rand.New(rand.NewPCG(1, 1))), 1<<40)
	for range mostPending + 10 {
		if err := s.add(beatOf()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.waiting(); n > 20 {
		t.Errorf("%d envelopes wait, over the limit", n)
	}
}

func TestSpoolForget(t *testing.T) {
	s := mustOpen(t, directory(t.TempDir()), 1<<20)
	if err := s.add(factsOf(section(t, "sysctl", 1, 0), section(t, "users", 1, 0))); err != nil {
		t.Fatal(err)
	}
	p, _, _ := s.after(0)
	if _, err := s.acknowledge(1); err != nil {
		t.Fatal(err)
	}
	s.forget("users", "no such section")
	if d := s.digests(); len(d) != 1 || d["sysctl"] == "" {
		t.Errorf("left: %v", d)
	}
	// What the server has in quarantine is not sent over and over.
	s.quarantined(p)
	s.forget("sysctl")
	if d := s.digests(); d["sysctl"] == "" {
		t.Error("a quarantined state is to be sent again")
	}
	s.forget()
	if d := s.digests(); len(d) != 0 {
		t.Errorf("left: %v", d)
	}
}

func TestSpoolServerGoesBack(t *testing.T) {
	s := mustOpen(t, directory(t.TempDir()), 1<<20)
	for range 5 {
		if err := s.add(beatOf()); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, s)
	if back, err := s.acknowledge(4); back || err != nil {
		t.Fatal(back, err)
	}
	if back, err := s.acknowledge(2); !back || err != nil {
		t.Errorf("a server that went back was not seen (%v)", err)
	}
	if gaps := s.missing(2); len(gaps) != 1 || gaps[0].First != 3 || gaps[0].Last != 4 {
		t.Errorf("missing: %+v", gaps)
	}
	if gaps := s.missing(4); gaps != nil {
		t.Errorf("missing: %+v", gaps)
	}
}

func TestSpoolWriteFails(t *testing.T) {
	m := newMemory(rand.New(rand.NewPCG(1, 1)))
	s := mustOpen(t, m, 1<<20)
	if err := s.add(beatOf()); err != nil {
		t.Fatal(err)
	}
	for left := range 4 { // write, sync, rename, sync of the directory
		m.left = left
		err := s.add(factsOf(section(t, "users", left+1, 0)))
		if !fault.Is(err, fault.Unavailable) {
			t.Fatalf("a failing disk gave %v", err)
		}
		m.left, m.crashed = -1, false // it was a fault that passed, not a crash
		if s.waiting() != 1 || s.next != 2 {
			t.Fatalf("after a failure %d wait and %d is next", s.waiting(), s.next)
		}
	}
	if err := s.add(factsOf(section(t, "users", 9, 0))); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, s); len(got) != 2 || digestsOf(got[1])["users"] != fmt.Sprintf("%064d", 9) {
		t.Errorf("sent %v", summary(got))
	}
}

func TestSpoolCopied(t *testing.T) {
	s := mustOpen(t, directory(t.TempDir()), 1<<20)
	for range 3 {
		if err := s.add(beatOf()); err != nil {
			t.Fatal(err)
		}
	}
	s = mustOpen(t, s.disk, 1<<20)
	if err := s.add(beatOf()); err != nil {
		t.Fatal(err)
	}
	// An answer that was lost before the restart: 2 and 3 are there already.
	s.after(0)
	if _, err := s.acknowledge(3); err != nil || s.waiting() != 3 {
		t.Errorf("%d wait, %v; 2 and 3 are to be sent once more", s.waiting(), err)
	}
	if _, err := s.acknowledge(4); !fault.Is(err, fault.Conflict) {
		t.Errorf("the server holds 4, which was never sent: %v", err)
	}
}

// far is the server in the crash test: it keeps what it was sent.
type far struct {
	t          *testing.T
	bytes      map[int64][32]byte
	declared   map[int64]bool
	highest    int64
	newest     map[string]int64 // section -> sequence that last spoke of it
	digest     map[string]string
	contiguous int64
}

func (f *far) take(b []byte) int64 {
	e, err := wire.DecodeBytes(b)
	if err != nil {
		f.t.Fatalf("sent what cannot be read: %v", err)
	}
	sum := sha256.Sum256(b)
	if have, ok := f.bytes[e.Sequence]; ok && have != sum {
		f.t.Fatalf("sequence %d was sent with other bytes", e.Sequence)
	}
	f.bytes[e.Sequence] = sum
	f.highest = max(f.highest, e.Sequence)
	for name, digest := range digestsOf(e) {
		if e.Sequence > f.newest[name] {
			f.newest[name], f.digest[name] = e.Sequence, digest
		}
	}
	if e.Kind == wire.KindGap {
		for _, item := range e.Items {
			var g wire.Gap
			if err := json.Unmarshal(item, &g); err != nil {
				f.t.Fatal(err)
			}
			for n := g.First; n <= g.Last; n++ {
				f.declared[n] = true
			}
		}
	}
	for f.has(f.contiguous + 1) {
		f.contiguous++
	}
	return f.contiguous
}

func (f *far) has(n int64) bool {
	_, ok := f.bytes[n]
	return ok || (f.declared[n] && n < f.highest)
}

// The agent is killed between any two steps on the disk, and again and again:
// no sequence is used twice, nothing that was spooled goes missing undeclared,
// and in the end the server has the newest state that was spooled.
func TestSpoolCrash(t *testing.T) {
	run := func(t *testing.T, seed uint64, crashAt int) (crashed bool) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := newMemory(r)
		f := &far{t: t, bytes: map[int64][32]byte{}, declared: map[int64]bool{}, newest: map[string]int64{}, digest: map[string]string{}}
		const limit = 6 * block
		s := mustOpen(t, m, limit)
		m.left = crashAt
		var cursor int64
		spoiled := false
		promised := map[string]string{} // section -> digest of the last add that succeeded
		crash := func() {
			crashed = true
			m = m.restart()
			if crashAt >= 0 && r.IntN(2) == 0 {
				m.left = r.IntN(40) // and once more, perhaps while it starts
			}
			for {
				var err error
				if s, err = openSpool(m, source, "host-other", limit, silent); err == nil {
					break
				}
				m = m.restart()
			}
			if s.state.Stream != "host-aaaa" {
				t.Fatalf("the count was lost")
			}
			cursor = 0
		}
		n := 0
		host := map[string]int{} // what the agent would read now
		look := func(name string) {
			digest := fmt.Sprintf("%064d", host[name])
			if s.digests()[name] != digest && s.add(factsOf(section(t, name, host[name], 3000))) == nil {
				promised[name] = digest
			}
		}
		for range 40 {
			if m.crashed {
				crash()
				if len(s.pending) > 0 && r.IntN(3) == 0 { // and a file is damaged
					spoiled = true
					name := fileOf(s.pending[r.IntN(len(s.pending))].sequence)
					m.now[name].content[r.IntN(len(m.now[name].content))] ^= 1
					m.now[name].synced = m.now[name].content
					var err error
					if s, err = openSpool(m, source, "host-other", limit, silent); err != nil {
						continue // crashed again
					}
				}
				if s.add(beatOf()) == nil {
					for name := range host {
						look(name)
					}
				}
			}
			switch r.IntN(6) {
			case 0, 1: // something changed on the host
				name := []string{"sysctl", "users", "files"}[r.IntN(3)]
				n++
				host[name] = n
				look(name)
			case 2:
				if s.add(beatOf()) != nil {
					continue
				}
			default: // send a few; sometimes the answer is lost
				for range r.IntN(16) {
					p, b, ok := s.after(cursor)
					if !ok {
						break
					}
					contiguous := f.take(b)
					if r.IntN(8) == 0 {
						break
					}
					cursor = p.sequence
					if _, err := s.acknowledge(contiguous); err != nil {
						break
					}
				}
			}
		}
		if m.crashed {
			crash()
			m.left = -1
		}
		m.left = -1
		for name := range host {
			look(name)
		}
		// Everything goes out in the end, as the sender does it.
		for cursor = 0; ; {
			p, b, ok := s.after(cursor)
			if ok {
				f.take(b)
				cursor = p.sequence
				if _, err := s.acknowledge(f.contiguous); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if s.waiting() == 0 && len(s.damaged) == 0 {
				break
			}
			if gaps := s.missing(f.contiguous); len(gaps) > 0 && spoiled { // a gap was in a file that is damaged: the sender declares it anew
				e := beatOf()
				e.Kind, e.Items = wire.KindGap, nil
				for _, g := range gaps {
					item, err := json.Marshal(g)
					if err != nil {
						t.Fatal(err)
					}
					e.Items = append(e.Items, item)
				}
				if err := s.add(e); err != nil {
					t.Fatal(err)
				}
				continue
			} else if len(gaps) > 0 {
				t.Fatalf("undeclared and gone: %+v (contiguous %d)", gaps, f.contiguous)
			}
			if err := s.add(beatOf()); err != nil { // with it what is owed for damaged files
				t.Fatal(err)
			}
			for name := range host {
				look(name)
			}
		}
		if f.contiguous != f.highest {
			t.Fatalf("the server has %d, and nothing is missing up to %d only", f.highest, f.contiguous)
		}
		for name, digest := range promised {
			if f.digest[name] < digest {
				t.Fatalf("section %s: the server has %s, and %s was spooled", name, f.digest[name], digest)
			}
		}
		return crashed
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for crashAt := range 100 { // each step of the first ones
		if !run(t, seed, crashAt) {
			t.Fatalf("no crash at step %d: the test does not test", crashAt)
		}
	}
	r := rand.New(rand.NewPCG(seed, 5))
	for range 100 {
		run(t, r.Uint64(), r.IntN(300))
	}
}
