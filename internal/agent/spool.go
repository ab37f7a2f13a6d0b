package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// spool keeps envelopes on disk from before they are sent until the server has
// acknowledged everything up to them. It numbers them.
//
// In its directory: one file per envelope, named by its sequence, with the
// bytes that are sent; and state.json. An envelope counts as written once its
// file is renamed and the directory synced. A file is removed only when
// something synced says that its sequence is used up: state.json, or a file of
// a higher sequence.
type spool struct {
	disk  disk
	limit int64 // bytes of envelopes
	log   *slog.Logger

	gaveUp func(dropped map[string]int) // told how many of each kind were given up; nil: nobody is. It must not call the spool
	before func() error                 // called before changes of files may be given up; after an error they are not. It must not call the spool either

	mu      sync.Mutex
	state   spoolState        // guarded by mu: as on disk, but for sections that were forgotten
	next    int64             // guarded by mu: the sequence that add gives
	opened  int64             // next as it was when the spool was opened
	handed  int64             // guarded by mu: the highest sequence that after gave
	pending []spooled         // guarded by mu: in order
	bytes   int64             // guarded by mu: of pending
	settled int64             // guarded by mu: bytes after the last coalescing; until they double there is no other
	damaged []int64           // guarded by mu: sequences whose file cannot be read; a gap is owed for them
	refused map[string]string // guarded by mu: sections whose digest the server keeps in quarantine
}

// spoolState is state.json.
type spoolState struct {
	Source       string            `json:"source"`
	Stream       string            `json:"stream"`
	Acknowledged int64             `json:"acknowledged"`       // nothing up to here is kept or will be sent
	Sections     map[string]string `json:"sections,omitempty"` // section -> digest that the server has acknowledged
}

// spooled is one envelope on disk.
type spooled struct {
	sequence int64
	size     int64
	kind     string
	sections map[string]string // of a facts envelope: section -> digest
}

const (
	// mostPending bounds the files, and what is remembered of them: a day and
	// a half of heartbeats.
	mostPending = 4096
	// block is what a file takes at least.
	block = 4096

	stateFile   = "state.json"
	envelopeExt = ".envelope"
)

func fileOf(sequence int64) string { return fmt.Sprintf("%019d%s", sequence, envelopeExt) }

func sequenceOf(name string) (int64, bool) {
	digits, ok := strings.CutSuffix(name, envelopeExt)
	if !ok || len(digits) != 19 {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n > 0
}

// openSpool reads what a spool holds. One that was written for another source
// is emptied: its envelopes say that they come from that source.
func openSpool(d disk, source, newStream string, limit int64, log *slog.Logger) (*spool, error) {
	s := &spool{disk: d, limit: limit, log: log, refused: map[string]string{}}
	fail := func(err error) (*spool, error) {
		return nil, fault.Wrap(fault.Unavailable, err, "the agent's spool cannot be read").
			WithHint("check the owner, the mode and the file system of the state directory")
	}
	sizes, err := d.List()
	if err != nil {
		return fail(err)
	}
	switch b, err := d.Read(stateFile); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fail(err)
	default:
		if err := json.Unmarshal(b, &s.state); err != nil || s.state.Stream == "" {
			// Which sequences were used is not known any more: count in a new stream.
			log.Warn("the spool's state is damaged; starting a new stream", "error", err)
			s.state = spoolState{}
		}
	}
	if s.state.Source != source {
		if s.state.Source != "" {
			log.Warn("the spool is of another source; what it held is not sent", "was", s.state.Source, "envelopes", len(sizes)-1)
		}
		for name := range sizes {
			if _, ok := sequenceOf(name); ok {
				if err := d.Remove(name); err != nil {
					return fail(err)
				}
			}
		}
		s.state = spoolState{Source: source, Stream: newStream}
		if err := d.SyncDir(); err != nil {
			return fail(err)
		}
		if err := s.save(); err != nil {
			return fail(err)
		}
		s.next, s.opened = 1, 1
		return s, nil
	}
	if s.state.Sections == nil {
		s.state.Sections = map[string]string{}
	}
	s.next = s.state.Acknowledged + 1
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		sequence, ok := sequenceOf(name)
		if !ok {
			if strings.HasSuffix(name, ".new") { // a write that was not finished
				if err := d.Remove(name); err != nil {
					return fail(err)
				}
			}
			continue
		}
		if sequence <= s.state.Acknowledged {
			if err := d.Remove(name); err != nil {
				return fail(err)
			}
			continue
		}
		s.next = max(s.next, sequence+1)
		e, err := s.open(sequence)
		if err != nil {
			s.setAside(sequence, err)
			continue
		}
		s.hold(sequence, sizes[name], e)
	}
	s.opened = s.next
	return s, nil
}

// hold takes an envelope that is on disk into account.
func (s *spool) hold(sequence, size int64, e *wire.Envelope) {
	size = (size + block - 1) / block * block
	s.pending = append(s.pending, spooled{sequence: sequence, size: size, kind: e.Kind, sections: digestsOf(e)})
	s.bytes += size
}

// digestsOf gives the sections of a facts envelope, nil for other kinds.
func digestsOf(e *wire.Envelope) map[string]string {
	if e.Kind != wire.KindFacts {
		return nil
	}
	m := make(map[string]string, len(e.Items))
	for _, item := range e.Items {
		var head struct {
			Name   string `json:"section"`
			Digest string `json:"digest"`
		}
		if json.Unmarshal(item, &head) == nil && head.Name != "" {
			m[head.Name] = head.Digest
		}
	}
	return m
}

// sealMark ends a file of the spool, behind the SHA-256 of the envelope before it.
const sealMark = "attspl\x00\x01"

// sealed gives what is written for an envelope. Not every flipped bit keeps an
// envelope from being decoded, and one sequence must never be sent twice with
// different bytes.
func sealed(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(append(slices.Clip(b), sum[:]...), sealMark...)
}

// read gives the bytes of an envelope as they were written. A file without a
// seal is of an older version of this program.
func (s *spool) read(sequence int64) ([]byte, error) {
	b, err := s.disk.Read(fileOf(sequence))
	if err != nil {
		return nil, err
	}
	whole, marked := bytes.CutSuffix(b, []byte(sealMark))
	if !marked || len(whole) < sha256.Size {
		return b, nil
	}
	at := len(whole) - sha256.Size
	if sha256.Sum256(whole[:at]) != [sha256.Size]byte(whole[at:]) {
		return nil, errors.New("its bytes do not have the digest that was written with them")
	}
	return whole[:at:at], nil
}

// open reads one envelope and checks that it is the one that was written.
func (s *spool) open(sequence int64) (*wire.Envelope, error) {
	b, err := s.read(sequence)
	if err != nil {
		return nil, err
	}
	e, err := wire.DecodeBytes(b)
	if err != nil {
		return nil, err
	}
	if e.Sequence != sequence || e.Source != s.state.Source || e.Stream != s.state.Stream {
		return nil, fmt.Errorf("it is sequence %d of %s, stream %s", e.Sequence, e.Source, e.Stream)
	}
	return e, nil
}

// setAside remembers that a sequence cannot be sent. Its file stays until a
// gap that declares it is acknowledged.
func (s *spool) setAside(sequence int64, err error) {
	s.log.Warn("an envelope on disk is damaged; it will be declared lost", "sequence", sequence, "error", err)
	s.damaged = append(s.damaged, sequence)
}

// save writes state.json.
func (s *spool) save() error {
	b, err := json.Marshal(s.state)
	if err != nil {
		return err
	}
	return replace(s.disk, stateFile, b)
}

// add numbers an envelope, fills in source and stream, and writes it. On an
// error nothing was added.
func (s *spool) add(e *wire.Envelope) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.declareDamaged(e); err != nil {
		return err
	}
	if (s.bytes > s.limit && s.bytes > 2*s.settled) || len(s.pending) >= mostPending {
		if err := s.coalesce(e); err != nil {
			return err
		}
	}
	return s.write(e)
}

// write is add without housekeeping. s.mu is held.
func (s *spool) write(e *wire.Envelope) error {
	e.Version, e.Source, e.Stream, e.Sequence = wire.Version, s.state.Source, s.state.Stream, s.next
	b, err := wire.Encode(e)
	if err != nil {
		return err
	}
	// A failure leaves next as it is: what may lie under this name was never
	// sent, and the next envelope replaces it.
	b = sealed(b)
	if err := replace(s.disk, fileOf(e.Sequence), b); err != nil {
		return fault.Wrap(fault.Unavailable, err, "an envelope could not be written to the spool; it is tried again").
			WithHint("check the free space and the mode of the agent's state directory")
	}
	s.hold(e.Sequence, int64(len(b)), e)
	s.next++
	return nil
}

// after hands out the first envelope past sequence, to be sent; ok is false
// when there is none.
func (s *spool) after(sequence int64) (e spooled, b []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < len(s.pending); i++ {
		p := s.pending[i]
		if p.sequence <= sequence {
			continue
		}
		b, err := s.read(p.sequence)
		if err == nil {
			s.handed = max(s.handed, p.sequence)
			return p, b, true
		}
		s.setAside(p.sequence, err)
		s.drop(i)
		i--
	}
	return spooled{}, nil, false
}

func (s *spool) drop(i int) {
	s.bytes -= s.pending[i].size
	s.pending = slices.Delete(s.pending, i, i+1)
}

// check sets an envelope aside that the server could not read, if it is the
// file that is broken and not what lies between.
func (s *spool) check(sequence int64) (damaged bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.open(sequence)
	if err == nil {
		return false
	}
	s.setAside(sequence, err)
	if i := slices.IndexFunc(s.pending, func(p spooled) bool { return p.sequence == sequence }); i >= 0 {
		s.drop(i)
	}
	return true
}

// acknowledge forgets what the server holds: everything up to contiguous that
// was handed out since the spool was opened. (What lay there before is sent
// once more, so that the server can compare.) It reports whether the server
// has gone back behind what it acknowledged before. A server that holds what
// was spooled since and never handed out is kind Conflict: somebody else
// speaks for this source with a copy of this state.
func (s *spool) acknowledge(contiguous int64) (wentBack bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if contiguous > s.handed && contiguous >= s.opened {
		return false, fault.New(fault.Conflict, "the server holds %d envelopes of this stream, and this agent has sent %d", contiguous, s.handed).
			WithHint("its state is an older copy (a restored snapshot?) or another host's (a cloned image?): remove the state directory and enrol this host anew")
	}
	contiguous = min(contiguous, s.handed)
	if contiguous < s.state.Acknowledged {
		return true, nil
	}
	done := 0
	for done < len(s.pending) && s.pending[done].sequence <= contiguous {
		done++
	}
	if done == 0 && contiguous == s.state.Acknowledged {
		return false, nil
	}
	old := s.state
	s.state.Sections = maps.Clone(old.Sections)
	if s.state.Sections == nil {
		s.state.Sections = map[string]string{}
	}
	for _, p := range s.pending[:done] {
		maps.Copy(s.state.Sections, p.sections)
	}
	s.state.Acknowledged = contiguous
	if err := s.save(); err != nil {
		s.state = old
		return false, fault.Wrap(fault.Unavailable, err, "the spool's state could not be written")
	}
	for _, p := range s.pending[:done] {
		if err := s.disk.Remove(fileOf(p.sequence)); err != nil {
			return false, fault.Wrap(fault.Unavailable, err, "an acknowledged envelope could not be removed")
		}
		s.bytes -= p.size
	}
	s.pending = slices.Delete(s.pending, 0, done)
	s.settled = min(s.settled, s.bytes)
	return false, nil
}

// digests gives the digest of each section as the server will have it once
// everything pending has arrived.
func (s *spool) digests() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := maps.Clone(s.state.Sections)
	if m == nil {
		m = map[string]string{}
	}
	for _, p := range s.pending {
		maps.Copy(m, p.sections)
	}
	return m
}

// forget makes sections count as never sent; all of them when none is named.
// One that the server keeps in quarantine is not sent again until it changes.
func (s *spool) forget(sections ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(sections) == 0 {
		s.state.Sections = map[string]string{}
		clear(s.refused)
		return
	}
	for _, name := range sections {
		if digest, ok := s.state.Sections[name]; ok && s.refused[name] != digest {
			delete(s.state.Sections, name)
		}
	}
}

// quarantined remembers which states of sections the server could not take in.
func (s *spool) quarantined(e spooled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.refused, e.sections)
}

// waiting counts the pending envelopes.
func (s *spool) waiting() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.pending))
}

// missing gives the runs of sequences from past contiguous up to the last
// pending one that are not here to be sent.
func (s *spool) missing(contiguous int64) []wire.Gap {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gaps []wire.Gap
	want := contiguous + 1
	for _, p := range s.pending {
		if p.sequence > want {
			gaps = append(gaps, wire.Gap{First: want, Last: p.sequence - 1, Reason: "the agent does not hold these any more"})
		}
		want = max(want, p.sequence+1)
	}
	return gaps
}

// declareDamaged writes the gap that is owed for damaged files, and makes
// every section count as never sent: what was in them is not known. The gap has
// a higher sequence, so none of theirs is given again. s.mu is held.
func (s *spool) declareDamaged(like *wire.Envelope) error {
	if len(s.damaged) == 0 {
		return nil
	}
	if err := s.losing(); err != nil {
		return err
	}
	slices.Sort(s.damaged)
	gap := *like
	gap.Kind, gap.Items = wire.KindGap, nil
	for _, run := range runs(s.damaged) {
		run.Reason = "the agent's files of these are damaged"
		item, err := json.Marshal(run)
		if err != nil {
			return err
		}
		gap.Items = append(gap.Items, item)
	}
	if err := s.write(&gap); err != nil {
		return err
	}
	for _, sequence := range s.damaged {
		if err := s.disk.Remove(fileOf(sequence)); err != nil {
			return err
		}
	}
	s.damaged = nil
	s.state.Sections = map[string]string{}
	for i := range s.pending {
		s.pending[i].sections = nil
	}
	return nil
}

// runs gives ascending sequences as runs without holes.
func runs(sequences []int64) []wire.Gap {
	var out []wire.Gap
	for _, n := range sequences {
		if last := len(out) - 1; last >= 0 && out[last].Last+1 == n {
			out[last].Last = n
		} else {
			out = append(out, wire.Gap{First: n, Last: n})
		}
	}
	return out
}

// lost is losing for others.
func (s *spool) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.losing()
}

// losing says that changes of files may be given up.
func (s *spool) losing() error {
	if s.before == nil {
		return nil
	}
	if err := s.before(); err != nil {
		return fault.Wrap(fault.Unavailable, err, "what was told of changed files cannot be marked to be told again").
			WithHint("check the free space and the mode of the agent's state directory")
	}
	return nil
}
