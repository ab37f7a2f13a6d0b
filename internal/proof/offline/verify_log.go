package offline

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/proof"
)

// silence is how long nothing may be recorded before it is listed: populations
// are counted once a day.
const silence = 26 * time.Hour

// errDamaged says that a problem was noted and that the log cannot be followed
// further.
var errDamaged = errors.New("the log cannot be followed further")

// stream is what was seen of one stream in the window.
type stream struct {
	first, last int64 // sequence numbers
	at          int64 // µs, of streams that should never fall silent
}

// log computes the tree again from the window's entries, and holds every tile
// and the roots at start and end against it.
func (v *verification) log() error {
	v.want()
	if !v.m.Log {
		for _, name := range v.under(LogDir) {
			v.rep.fail(Tampered, name, -1, "the manifest says that the package holds no log")
		}
		return nil
	}
	first, size := logStart(v.m.Start.Size), v.m.End.Size
	tiles := map[proof.Tile][]byte{} // of the levels above the leaves, and the leftmost of the leaves: few
	read := func(t proof.Tile) ([]byte, error) {
		name := LogDir + t.Path()
		raw, ok, err := v.content(name, proof.MaxBundle)
		if err != nil {
			return nil, err
		}
		if !ok {
			if !v.seen[name] {
				v.rep.fail(Incomplete, name, -1, "the file is missing")
			}
			return nil, errDamaged
		}
		if t.Level != proof.EntriesLevel && len(raw) != t.Width*proof.HashSize {
			v.rep.fail(Tampered, name, -1, "the tile has %d bytes, not %d", len(raw), t.Width*proof.HashSize)
			return nil, errDamaged
		}
		return raw, nil
	}
	tile := func(t proof.Tile) ([]byte, error) {
		if raw, ok := tiles[t]; ok {
			return raw, nil
		}
		raw, err := read(t)
		if err == nil {
			tiles[t] = raw
		}
		return raw, err
	}
	edge, err := proof.EdgeAt(first, func(t proof.Tile) ([]byte, error) { return tile(t.InTree(size)) })
	if err != nil {
		if errors.Is(err, errDamaged) {
			v.broken = true
			return nil
		}
		return err
	}
	same := func(t proof.Tile, hashes []byte) error {
		raw, err := tile(t)
		if err != nil {
			return err
		}
		delete(tiles, t)
		v.rep.Tiles++
		if !bytes.Equal(raw, hashes) {
			v.rep.fail(Tampered, LogDir+t.Path(), -1, "the tile's hashes are not those of the entries")
			return errDamaged
		}
		return nil
	}
	known := v.sizesToReach(first, size)
	for at := first; at < size && err == nil; at += proof.TileWidth {
		t := proof.Tile{Level: proof.EntriesLevel, N: at / proof.TileWidth}.InTree(size)
		var raw []byte
		if raw, err = read(t); err != nil {
			break
		}
		err = v.bundle(t, raw, edge, known, same)
		if err == nil {
			err = v.ctx.Err()
		}
	}
	if err == nil {
		err = edge.Partials(func(t proof.Tile, hashes []byte) error { return same(t, hashes) })
	}
	if err != nil {
		if errors.Is(err, errDamaged) {
			v.broken = true
			return nil
		}
		return err
	}
	return v.logFiles(first, size)
}

// sizesToReach gives the sizes within the log at which a root is known, in order.
func (v *verification) sizesToReach(first, size int64) []int64 {
	known := []int64{v.m.Start.Size, size}
	for _, k := range v.trust.known {
		if k.Origin == v.m.Origin && k.Size > first && k.Size <= size {
			known = append(known, k.Size)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// bundle takes one bundle's entries into the tree.
func (v *verification) bundle(t proof.Tile, raw []byte, edge *proof.Edge, known []int64, same func(proof.Tile, []byte) error) error {
	name := LogDir + t.Path()
	entries, err := proof.ParseBundle(raw)
	if err == nil && len(entries) != t.Width {
		err = fmt.Errorf("the bundle has %d entries, not %d", len(entries), t.Width)
	}
	if err != nil {
		v.rep.fail(Tampered, name, -1, "%v", err)
		return errDamaged
	}
	v.rep.Bundles++
	for i, entry := range entries {
		index := t.N*proof.TileWidth + int64(i)
		if err := v.entry(name, index, entry); err != nil {
			return err
		}
		if err := edge.Add(proof.LeafHash(entry), func(level int, n int64, hashes []byte) error {
			return same(proof.Tile{Level: level, N: n, Width: proof.TileWidth}, hashes)
		}); err != nil {
			return err
		}
		if _, ok := slices.BinarySearch(known, edge.Size); !ok {
			continue
		}
		root := edge.Root()
		v.reached[edge.Size] = root
		if edge.Size == v.m.Start.Size && root != v.start.Root {
			v.rep.fail(Tampered, StartFile, -1, "the entries before the window do not have the root that the start signs")
		}
		if edge.Size == v.m.End.Size && root != v.end.Root {
			v.rep.fail(Tampered, EndFile, -1, "the entries do not have the root that the end signs")
		}
	}
	return nil
}

// logFiles refuses files below log/ that are no part of it, and sees whether the
// window's ends are where they should be.
func (v *verification) logFiles(first, size int64) error {
	expected := map[string]bool{}
	if err := eachLogTile(first, size, func(t proof.Tile) error { expected[LogDir+t.Path()] = true; return nil }); err != nil {
		return err
	}
	for _, name := range v.under(LogDir) {
		if !expected[name] {
			v.rep.fail(Tampered, name, -1, "it is no part of the log from entry %d to %d", first, size)
		} else if !v.seen[name] {
			v.rep.fail(Tampered, name, -1, "the tile was not needed, which cannot be")
		}
	}
	r := v.rep
	r.Streams = int64(len(v.streams))
	if v.latest < v.m.Window.To.UnixMicro() && v.m.End.Size < v.m.Head.Size {
		r.fail(Incomplete, EndFile, -1, "the log in the package ends on %s, before its window does, and the ledger has newer entries", stamp(r.LastAt))
	}
	to := min(v.m.Window.To.UnixMicro(), max(v.latest, v.m.Window.From.UnixMicro()))
	for _, name := range slices.Sorted(maps.Keys(v.streams)) {
		s := v.streams[name]
		if s.at > 0 && to-s.at > silence.Microseconds() {
			r.gap(Gap{What: name, From: fromMicros(s.at), To: fromMicros(to)})
		}
	}
	slices.SortStableFunc(r.Gaps, func(a, b Gap) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(a.What, b.What)
	})
	return nil
}

// entry takes one entry of the log into account: its place in its stream, its
// time, what it names and what it commits to.
func (v *verification) entry(file string, index int64, raw []byte) error {
	f, err := proof.FieldsOf(raw)
	if err != nil {
		v.rep.fail(Tampered, file, index, "%v", err)
		return nil
	}
	at, ok := proof.ParseMicros(f.At)
	seq, err := strconv.ParseInt(string(f.StreamSeq), 10, 64)
	if !ok || err != nil || seq < 1 {
		v.rep.fail(Tampered, file, index, "its time %q or its place %q in its stream cannot be", printable(string(f.At)), printable(string(f.StreamSeq)))
		return nil
	}
	s := v.streams[string(f.Stream)]
	switch {
	case s == nil:
		s = &stream{first: seq, last: seq}
		v.streams[string(f.Stream)] = s
		if seq != 1 && logStart(v.m.Start.Size) == 0 {
			v.rep.fail(Incomplete, file, index, "stream %s begins with %d: records before it are missing", f.Stream, seq)
		}
	case seq == s.last+1:
		s.last = seq
	case seq > s.last:
		v.rep.fail(Incomplete, file, index, "stream %s goes on with %d; %d was next: a record is missing", f.Stream, seq, s.last+1)
		s.last = seq
	default:
		v.rep.fail(Tampered, file, index, "stream %s goes on with %d; %d was next: a record is repeated or out of order", f.Stream, seq, s.last+1)
	}
	from := v.m.Window.From.UnixMicro()
	if index < v.m.Start.Size {
		if at > from {
			v.rep.fail(Incomplete, file, index, "the entry before the window's start is of %s, within the window: entries of the window are left out", stamp(fromMicros(at)))
		}
	} else {
		if v.rep.Entries++; v.rep.Entries == 1 {
			v.rep.FirstAt = fromMicros(at)
		}
		if last := max(v.latest, from); at-last > silence.Microseconds() && last < v.m.Window.To.UnixMicro() {
			v.rep.gap(Gap{What: "ledger", From: fromMicros(last), To: fromMicros(at)})
		}
		if bytes.HasPrefix(f.Stream, []byte(populationStream)) {
			if s.at > 0 && at-s.at > silence.Microseconds() {
				v.rep.gap(Gap{What: string(f.Stream), From: fromMicros(s.at), To: fromMicros(at)})
			}
			s.at = at
		}
		if at > v.latest {
			v.latest = at
			v.rep.LastAt = fromMicros(at)
		}
		v.take(&f, index, raw)
	}
	return nil
}

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// records verifies the proofs of single records, in order of their index.
func (v *verification) records() error {
	names := v.under(RecordDir)
	indexes := make([]int64, 0, len(names))
	for _, name := range names {
		text := strings.TrimPrefix(name, RecordDir)
		index, err := strconv.ParseInt(text, 10, 64)
		if err != nil || index < 0 || strconv.FormatInt(index, 10) != text {
			v.rep.fail(Tampered, name, -1, "its name is no index of an entry")
			continue
		}
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	type place struct{ seq int64 }
	last := map[string]place{}
	first, size := logStart(v.m.Start.Size), v.m.End.Size
	for _, index := range indexes {
		name := RecordDir + strconv.FormatInt(index, 10)
		raw, ok, err := v.content(name, proof.MaxProof)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		p, err := proof.ParseProof(raw)
		if err == nil && (p.Index != index || string(p.Checkpoint.Raw) != string(v.head.Raw)) {
			err = fmt.Errorf("it is the proof of another entry or for another checkpoint")
		}
		if err == nil {
			err = p.Holds(v.head)
		}
		if err != nil {
			v.rep.fail(Tampered, name, index, "%v", err)
			continue
		}
		v.rep.Records++
		f, err := proof.FieldsOf(p.Entry)
		if err != nil {
			v.rep.fail(Tampered, name, index, "%v", err)
			continue
		}
		seq, err := strconv.ParseInt(string(f.StreamSeq), 10, 64)
		if err != nil {
			v.rep.fail(Tampered, name, index, "its place in its stream cannot be")
			continue
		}
		// Sequences rise with the log, whatever lies between.
		before := last[string(f.Stream)].seq
		if s := v.streams[string(f.Stream)]; s != nil && v.m.Log {
			if (index < first && seq >= s.first) || (index >= size && seq <= s.last) {
				v.rep.fail(Tampered, name, index, "stream %s has %d at this place and %d to %d in the window", f.Stream, seq, s.first, s.last)
			}
		}
		if seq <= before {
			v.rep.fail(Tampered, name, index, "stream %s has %d after %d", f.Stream, seq, before)
		}
		last[string(f.Stream)] = place{seq}
		if !v.m.Log || index < v.m.Start.Size || index >= size {
			v.take(&f, index, p.Entry)
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
