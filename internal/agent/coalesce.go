package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

// mostJoined bounds an envelope that is made of several: items, and bytes of
// their JSON.
const (
	mostJoined      = 2000
	mostJoinedBytes = 4 << 20
)

// room is how many bytes of what cannot be read anew (changes of files, answers)
// are kept when the spool is full.
func (s *spool) room() int64 { return s.limit / 4 * 3 }

// roomForChanges reports whether changes of files that are spooled now will be
// kept whatever else comes: one more envelope of them is never half the limit.
func (s *spool) roomForChanges() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum int64
	for _, p := range s.pending {
		if once(p.kind) {
			sum += p.size
		}
	}
	return sum < s.limit/4
}

// once reports whether what an envelope of a kind says cannot be read again.
func once(kind string) bool { return kind == wire.KindChanges || kind == wire.KindAnswers }

// coalesce makes room: the newest state of every section that waits is written
// anew, and everything that happened once, joined to fewer envelopes; then a gap
// that says what will never come, and only then the old files go. Stopped
// anywhere, the spool holds a sequence of envelopes that is true. s.mu is held.
func (s *spool) coalesce(like *wire.Envelope) error {
	type newest struct {
		item json.RawMessage
		at   time.Time
	}
	states := map[string]newest{}
	dropped := map[string]int{}
	var sequences []int64
	var declared []json.RawMessage // by gaps that go themselves
	var kept int64
	for _, p := range s.pending {
		if once(p.kind) {
			kept += p.size
		}
	}
	keep := kept <= s.room()
	for _, p := range s.pending {
		sequences = append(sequences, p.sequence)
		if once(p.kind) && keep {
			continue // below
		}
		dropped[p.kind]++
		if p.kind != wire.KindFacts && p.kind != wire.KindGap {
			continue // whoever made them hears of it
		}
		e, err := s.open(p.sequence)
		if err != nil {
			s.log.Warn("an envelope on disk is damaged", "sequence", p.sequence, "error", err)
			s.state.Sections = map[string]string{} // so that every section is sent again
			continue
		}
		if p.kind == wire.KindGap {
			declared = append(declared, e.Items...)
			continue
		}
		for _, item := range e.Items {
			var sec facts.Section
			if json.Unmarshal(item, &sec) == nil {
				states[sec.Name] = newest{item, e.ObservedAt}
			}
		}
	}
	old := len(s.pending)
	names := slices.Sorted(maps.Keys(states))
	for _, name := range names {
		e := *like
		e.Kind, e.Items, e.ObservedAt = wire.KindFacts, []json.RawMessage{states[name].item}, states[name].at
		if err := s.write(&e); err != nil {
			return err
		}
	}
	joined := 0
	if keep {
		var err error
		if joined, err = s.join(s.pending[:old:old], dropped); err != nil {
			return err
		}
	}
	if dropped[wire.KindChanges] > 0 {
		if err := s.losing(); err != nil {
			return err
		}
	}
	gap := *like
	gap.Kind, gap.Items = wire.KindGap, declared
	for i, run := range runs(sequences) {
		run.Reason = fmt.Sprintf("the agent's spool was full (%d bytes); the newest states follow", s.limit)
		if i == 0 {
			run.Dropped, run.Sections = dropped, names
		}
		item, err := json.Marshal(run)
		if err != nil {
			return err
		}
		gap.Items = append(gap.Items, item)
	}
	// What does not fit is declared when the server says that it misses it.
	gap.Items = gap.Items[max(0, len(gap.Items)-wire.MaxItems):]
	if err := s.write(&gap); err != nil {
		return err
	}
	for _, p := range s.pending[:old] {
		if err := s.disk.Remove(fileOf(p.sequence)); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the spool could not be made smaller")
		}
		s.bytes -= p.size
	}
	s.pending = slices.Delete(s.pending, 0, old)
	s.settled = s.bytes
	if s.gaveUp != nil {
		s.gaveUp(dropped)
	}
	s.log.Warn("the spool was full; older states were given up for the newest ones", "envelopes", old, "sections", len(names), "kept", joined)
	return nil
}

// join writes what happened once anew, in as few envelopes as it fits; what
// cannot be read any more is counted in dropped.
func (s *spool) join(pending []spooled, dropped map[string]int) (n int, err error) {
	var all *wire.Envelope
	size := 0
	flush := func() error {
		if all == nil {
			return nil
		}
		n++
		err := s.write(all)
		all, size = nil, 0
		return err
	}
	for _, p := range pending {
		if !once(p.kind) {
			continue
		}
		e, err := s.open(p.sequence)
		if err != nil {
			s.log.Warn("an envelope on disk is damaged", "sequence", p.sequence, "error", err)
			dropped[p.kind]++
			continue
		}
		more := bytesOf(e.Items)
		if all != nil && all.Kind == e.Kind && near(all.ClockOffsetUs, e.ClockOffsetUs) && len(all.Items)+len(e.Items) <= mostJoined && size+more <= mostJoinedBytes {
			all.Items, all.ObservedAt = append(all.Items, e.Items...), e.ObservedAt
			size += more
			continue
		}
		if err := flush(); err != nil {
			return n, err
		}
		all, size = e, more
	}
	return n, flush()
}

// near reports whether two measures of the clock's offset say the same to a
// second.
func near(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	d := *a - *b
	return d > -1_000_000 && d < 1_000_000
}

func bytesOf(items []json.RawMessage) (n int) {
	for _, i := range items {
		n += len(i)
	}
	return n
}
