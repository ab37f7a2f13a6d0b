package export

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/offline"
)

// settle is how long after a window an entry of it may still get its position:
// its transaction was open when the window ended.
const settle = time.Minute

// build is the making of one package.
type build struct {
	cfg      *Config
	q        database.Querier
	b        Bounds
	w        *offline.Writer
	m        offline.Manifest
	progress func(Progress)

	start, end, head proof.Checkpoint

	why     map[string]string // entries to be proved, by id
	tiles   map[proof.Tile][]byte
	blobs   map[string]int64    // digests that records name, with the first index that does
	erased  map[string]int64    // subjects of redactions in the package, with their index
	ids     map[string]bool     // entries of the package that name content or personal data
	named   map[string][]string // digest → ids of the records that name it
	digests map[string]bool     // of what Sources added: content that need not stand below blobs/ again
	rows    [][]string          // records.csv
	counts  counts
}

// counts is what README and index say.
type counts struct {
	Entries, Records, Blobs, Erased, Populations, Personal int64
}

// bounds finds the sizes that a window lies between.
func (s *Service) bounds(ctx context.Context, q database.Querier, r Request) (Bounds, error) {
	b := Bounds{Request: r}
	now, err := ledger.IndexAt(ctx, q, s.cfg.Clock())
	if err != nil {
		return b, err
	}
	if b.Head == 0 {
		b.Head = now
	}
	if b.Head > now || b.Head < 1 {
		return b, fault.New(fault.Invalid, "the ledger has %d entries that a checkpoint covers; there is nothing to export at %d", now, b.Head).At("", 0, "head")
	}
	if b.Start, err = ledger.IndexAt(ctx, q, r.From); err != nil {
		return b, err
	}
	if b.Start >= b.Head {
		return b, fault.New(fault.Invalid, "the ledger has no entry in the window: its %d entries are all from before %s", b.Head, r.From.Format(time.DateOnly)).
			At("", 0, "from").WithHint("choose a window that something was recorded in")
	}
	size, ok, err := ledger.SizeAfter(ctx, q, r.To.Add(settle))
	if err != nil {
		return b, err
	}
	b.End = b.Head
	if ok {
		b.End = min(size, b.Head)
	}
	if b.As, err = ledger.IndexAt(ctx, q, r.To); err != nil {
		return b, err
	}
	if b.As == 0 {
		return b, fault.New(fault.Invalid, "the ledger begins after the window, which ends on %s", r.To.Format(time.DateOnly)).
			At("", 0, "to").WithHint("choose a later end")
	}
	b.As = min(b.As, b.Head)
	at, err := ledger.TimeOf(ctx, q, b.Head)
	if err != nil {
		return b, err
	}
	if b.Valid = r.To.Add(-time.Microsecond); at.Before(b.Valid) {
		b.Valid = at
	}
	return b, nil
}

// write makes the package and gives its digest, size and number of files.
func (b *build) write(ctx context.Context, out io.Writer) (digest string, size, files int64, err error) {
	b.w = offline.NewWriter(out)
	b.why, b.tiles, b.blobs, b.erased = map[string]string{}, map[proof.Tile][]byte{}, map[string]int64{}, map[string]int64{}
	b.ids, b.named, b.digests = map[string]bool{}, map[string][]string{}, map[string]bool{}
	for _, id := range b.b.Personal {
		b.why[id] = "its personal data is disclosed"
	}
	for _, step := range []func(context.Context) error{b.checkpoints, b.anchors, b.scope, b.sources, b.log, b.records, b.content, b.personal, b.lists} {
		if err := step(ctx); err != nil {
			return "", 0, 0, err
		}
	}
	digest, size, err = b.w.Close(ctx, &b.m, b.cfg.Ledger.SignManifest)
	return digest, size, int64(len(b.m.Files)) + 2, err
}

// tile reads a tile and keeps those of hashes, which many proofs share.
func (b *build) tile(t proof.Tile) ([]byte, error) {
	if raw, ok := b.tiles[t]; ok {
		return raw, nil
	}
	raw, err := b.cfg.Ledger.Tile(t)
	if err != nil {
		return nil, err
	}
	if len(b.tiles) > 4096 { // 32 MB
		clear(b.tiles)
	}
	b.tiles[t] = raw
	return raw, nil
}

func (b *build) report(step string, done, total int64) {
	if b.progress != nil {
		b.progress(Progress{step, done, total})
	}
}

// checkpoints writes start, end and head, and that each continues the one
// before; then what others may hold.
func (b *build) checkpoints(ctx context.Context) error {
	var err error
	b.start = proof.Checkpoint{Root: proof.EmptyRoot}
	if b.b.Start > 0 {
		if b.start, err = b.cfg.Ledger.CheckpointOf(ctx, b.b.Start); err != nil {
			return err
		}
		if err := b.w.AddBytes(ctx, offline.StartFile, b.start.Raw); err != nil {
			return err
		}
	}
	if b.end, err = b.cfg.Ledger.CheckpointOf(ctx, b.b.End); err != nil {
		return err
	}
	if b.head, err = b.cfg.Ledger.CheckpointOf(ctx, b.b.Head); err != nil {
		return err
	}
	if err := b.w.AddBytes(ctx, offline.EndFile, b.end.Raw); err != nil {
		return err
	}
	if err := b.w.AddBytes(ctx, offline.HeadFile, b.head.Raw); err != nil {
		return err
	}
	consistent := func(path string, later proof.Checkpoint, old int64) error {
		if old == 0 || old >= later.Size {
			return nil
		}
		c, err := proof.ProveConsistency(later, old, b.tile)
		if err != nil {
			return err
		}
		return b.w.AddBytes(ctx, path, c.Text())
	}
	if err := consistent(offline.StartEndFile, b.end, b.b.Start); err != nil {
		return err
	}
	if err := consistent(offline.EndHeadFile, b.head, b.b.End); err != nil {
		return err
	}
	for _, size := range b.b.Known {
		if err := consistent(offline.KnownDir+strconv.FormatInt(size, 10), b.head, size); err != nil {
			return err
		}
	}
	b.m.Origin = b.cfg.Ledger.Origin()
	b.m.Generator.Name, b.m.Generator.Version = "attesta", b.cfg.Version
	b.m.Subject = offline.Subject{Kind: string(b.b.Kind), ID: b.b.ID, Title: b.b.Title}
	b.m.Window = offline.Window{From: b.b.From, To: b.b.To, Zone: b.b.Zone}
	b.m.Start, b.m.End, b.m.Head = offline.HeadOf(b.start), offline.HeadOf(b.end), offline.HeadOf(b.head)
	b.m.Log = b.b.Kind != Control
	return b.w.AddBytes(ctx, offline.KeyFile, []byte(b.cfg.Ledger.VerifierKey()+"\n"))
}

// anchors writes what somebody outside signed about earlier checkpoints of this
// log, with the proof that the head continues them.
func (b *build) anchors(ctx context.Context) error {
	all, err := anchor.AsOf(ctx, b.q, b.b.Head)
	if err != nil {
		return err
	}
	done := map[int64]bool{0: true, b.b.Head: true}
	for _, size := range b.b.Known {
		done[size] = true
	}
	asked := map[int64]bool{}
	for _, r := range all {
		if origin, _, _ := strings.Cut(r.Note, "\n"); origin != b.m.Origin {
			continue // of the epoch before
		}
		dir := offline.AnchorDir + strconv.FormatInt(r.Size, 10) + "/"
		if !asked[r.Size] {
			asked[r.Size] = true
			if err := b.w.AddBytes(ctx, dir+"checkpoint", []byte(r.Note)); err != nil {
				return err
			}
		}
		if !done[r.Size] {
			done[r.Size] = true
			c, err := proof.ProveConsistency(b.head, r.Size, b.tile)
			if err != nil {
				return err
			}
			if err := b.w.AddBytes(ctx, offline.KnownDir+strconv.FormatInt(r.Size, 10), c.Text()); err != nil {
				return err
			}
		}
		name := r.ID + ".tsr"
		if r.Kind == anchor.Witness {
			name = r.ID + ".cosig"
		}
		if err := b.w.AddBytes(ctx, dir+name, r.Proof); err != nil {
			return err
		}
	}
	return nil
}

// scope says in which scope the window ended.
func (b *build) scope(ctx context.Context) error {
	program, err := control.Load(ctx, b.q)
	if err != nil {
		return err
	}
	sc := program.ScopeAt(b.b.Valid, b.b.As)
	b.m.Scope.Version, b.m.Scope.Digest, b.m.Scope.Entry = int64(sc.Version), sc.Digest, sc.Made.Entry
	if sc.Made.Entry != "" {
		b.why[sc.Made.Entry] = "the scope that held at the window's end"
	}
	return nil
}

// sources writes what the parts of the system put in.
func (b *build) sources(ctx context.Context) error {
	for _, src := range b.cfg.Sources {
		if err := src.Contents(ctx, b.b, func(c Content) error { return b.add(ctx, c) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *build) add(ctx context.Context, c Content) error {
	for _, r := range c.Records {
		if r.Entry != "" && b.why[r.Entry] == "" {
			b.why[r.Entry] = r.Why
		}
	}
	if c.Path == "" {
		return ctx.Err()
	}
	r, err := c.Open()
	if err != nil {
		return err
	}
	f, err := b.w.Add(ctx, c.Path, r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	b.digests[f.SHA256] = true
	if strings.HasPrefix(c.Path, offline.PopulationDir) && c.Table {
		b.counts.Populations++
		var table bytes.Buffer
		if err := offline.Table(c.Open, &table); err != nil {
			return fmt.Errorf("make the table of %s: %w", c.Path, err)
		}
		_, err = b.w.Add(ctx, strings.TrimSuffix(c.Path, ".jsonl")+".csv", &table)
	}
	return err
}

// log writes every entry of the window, and notes what they name.
func (b *build) log(ctx context.Context) error {
	if !b.m.Log {
		return nil
	}
	total := b.b.End - b.b.Start
	return b.w.Log(ctx, b.b.Start, b.b.End, func(t proof.Tile) ([]byte, error) {
		if t.Level != proof.EntriesLevel {
			return b.tile(t)
		}
		raw, err := b.cfg.Ledger.Tile(t)
		if err != nil {
			return nil, err
		}
		entries, err := proof.ParseBundle(raw)
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			if index := t.N*proof.TileWidth + int64(i); index >= b.b.Start {
				b.counts.Entries++
				if err := b.note(index, entry); err != nil {
					return nil, err
				}
			}
		}
		return raw, nil
	}, func(done int64) { b.report("entries", min(done, total), total) })
}

// note keeps what an entry names.
func (b *build) note(index int64, entry []byte) error {
	f, err := proof.FieldsOf(entry)
	if err != nil {
		return fmt.Errorf("entry %d: %w", index, err)
	}
	if string(f.Type) == "redaction" {
		b.erased[string(f.Subject)] = index
	}
	if len(f.Blob) > 0 || len(f.Commitment) > 0 {
		b.ids[string(f.ID)] = true
	}
	if len(f.Blob) > 0 {
		b.named[string(f.Blob)] = append(b.named[string(f.Blob)], string(f.ID))
		if _, ok := b.blobs[string(f.Blob)]; !ok {
			b.blobs[string(f.Blob)] = index
		}
	}
	return nil
}

// inLog reports whether log/ holds an entry.
func (b *build) inLog(index int64) bool {
	return b.m.Log && index >= b.b.Start && index < b.b.End
}

// records proves the entries that sources named and that log/ does not hold, and
// the redactions of anything in the package, whenever they were made.
func (b *build) records(ctx context.Context) error {
	places, err := ledger.Places(ctx, b.q, slices.Sorted(maps.Keys(b.why)))
	if err != nil {
		return err
	}
	type record struct {
		index int64
		why   string
	}
	var all []record
	for id, index := range places {
		if index < b.b.Head && !b.inLog(index) {
			all = append(all, record{index, b.why[id]})
		}
	}
	slices.SortFunc(all, func(x, y record) int { return cmp.Compare(x.index, y.index) })
	for i, r := range all {
		b.report("records", int64(i), int64(len(all)))
		if err := b.prove(ctx, r.index, r.why); err != nil {
			return err
		}
	}
	return b.redactions(ctx)
}

// redactions proves those outside the window that are about something in the
// package.
func (b *build) redactions(ctx context.Context) error {
	list, err := b.cfg.Ledger.Records(ctx, ledger.Filter{Type: "redaction", Before: b.b.Head, Limit: 1000})
	for ; err == nil && len(list) > 0; list, err = b.cfg.Ledger.Records(ctx, ledger.Filter{Type: "redaction", Before: list[len(list)-1].Index, Limit: 1000}) {
		for _, rec := range list {
			if b.ids[rec.Subject] && !b.inLog(rec.Index) {
				if _, done := b.erased[rec.Subject]; done {
					continue
				}
				if err := b.prove(ctx, rec.Index, "a redaction of a record in the package"); err != nil {
					return err
				}
			}
		}
	}
	return err
}

// prove writes the proof of one entry.
func (b *build) prove(ctx context.Context, index int64, why string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := proof.Tile{Level: proof.EntriesLevel, N: index / proof.TileWidth}.InTree(b.b.Head)
	raw, err := b.tile(t)
	if err != nil {
		return err
	}
	entries, err := proof.ParseBundle(raw)
	if err != nil {
		return err
	}
	entry := entries[index%proof.TileWidth]
	p, err := proof.Prove(b.head, index, entry, b.tile)
	if err != nil {
		return err
	}
	if err := b.w.AddBytes(ctx, offline.RecordDir+strconv.FormatInt(index, 10), p.Text()); err != nil {
		return err
	}
	rec, err := proof.ParseEntry(entry)
	if err != nil {
		return err
	}
	b.rows = append(b.rows, []string{strconv.FormatInt(index, 10), rec.At.Format(time.RFC3339), rec.Type, rec.Subject, rec.ID, why})
	b.counts.Records++
	return b.note(index, entry)
}

// content writes what records name by digest, once.
func (b *build) content(ctx context.Context) error {
	digests := slices.Sorted(maps.Keys(b.blobs))
	for i, digest := range digests {
		b.report("content", int64(i), int64(len(digests)))
		if b.digests[digest] {
			continue
		}
		r, err := b.cfg.Open(ctx, digest)
		if fault.Is(err, fault.NotFound) {
			if b.redacted(digest) {
				b.counts.Erased++
				continue
			}
			return fault.Wrap(fault.Refused, err, "the record with index %d names content that is not there, and no redaction says why: %s", b.blobs[digest], digest).
				WithHint("bring the file back from a backup; a package without it would not verify")
		}
		if err != nil {
			return err
		}
		f, err := b.w.Add(ctx, offline.BlobDir+digest, r)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
		if f.SHA256 != digest {
			return fault.New(fault.Refused, "the content %s is not what its name says", digest).WithHint("bring the file back from a backup")
		}
		b.counts.Blobs++
	}
	return nil
}

// redacted reports whether a record that names the digest was redacted.
func (b *build) redacted(digest string) bool {
	return slices.ContainsFunc(b.named[digest], func(id string) bool { _, gone := b.erased[id]; return gone })
}

// personal discloses what the request names.
func (b *build) personal(ctx context.Context) error {
	for _, id := range b.b.Personal {
		rec, err := b.cfg.Ledger.Record(ctx, id)
		if err != nil {
			return err
		}
		payload, salt, ok, err := ledger.OpenCommitment(ctx, b.q, rec)
		if err != nil {
			return err
		}
		if !ok || rec.Index < 0 || rec.Index >= b.b.Head {
			return fault.New(fault.Invalid, "the record %s commits to no personal data, or it was erased", id).At("", 0, "personal")
		}
		raw, err := offline.PersonalFile(id, payload, salt)
		if err != nil {
			return err
		}
		if err := b.w.AddBytes(ctx, offline.PersonalDir+id+".json", raw); err != nil {
			return err
		}
		b.counts.Personal++
	}
	return nil
}

// lists writes what a person reads: redactions, records, README and index.
func (b *build) lists(ctx context.Context) error {
	list := make([]offline.Redaction, 0, len(b.erased))
	for _, subject := range slices.Sorted(maps.Keys(b.erased)) {
		list = append(list, offline.Redaction{Subject: subject, Index: b.erased[subject]})
	}
	raw, err := offline.RedactionsContent(list)
	if err != nil {
		return err
	}
	if err := b.w.AddBytes(ctx, offline.RedactionsFile, raw); err != nil {
		return err
	}
	var table bytes.Buffer
	out := csv.NewWriter(&table)
	if err := out.WriteAll(append([][]string{{"index", "at", "type", "subject", "id", "why"}}, b.rows...)); err != nil {
		return err
	}
	if err := b.w.AddBytes(ctx, offline.RecordsFile, table.Bytes()); err != nil {
		return err
	}
	return b.pages(ctx)
}
