package offline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/attesta/attesta/internal/proof"
)

const (
	maxManifest = 64 << 20
	maxSmall    = 16 << 20 // a member that is read whole
)

// Options say how to verify.
type Options struct {
	Strict   bool                    // redactions are a reason
	Limits   Limits                  // DefaultLimits when zero
	Progress func(done, total int64) // in bytes; optional
}

// VerifyFile verifies a package that is a zip file or a directory. An error says
// that nothing was verified because the package could not be read at all, or
// that ctx ended; everything else stands in the report.
func VerifyFile(ctx context.Context, path string, trust *Trust, o Options) (*Report, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits
	}
	p, err := Open(ctx, path, o.Limits)
	if err != nil {
		return asMalformed(err)
	}
	rep, err := Verify(ctx, p, trust, o)
	if cerr := p.Close(); err == nil {
		err = cerr
	}
	return rep, err
}

// asMalformed makes a report of what may not be read.
func asMalformed(err error) (*Report, error) {
	var m *MalformedError
	if !errors.As(err, &m) {
		return nil, err
	}
	r := newReport()
	r.fail(Malformed, m.File, -1, "%s", m.Message)
	r.Result = "malformed"
	return r, nil
}

// verification is one run of Verify.
type verification struct {
	ctx      context.Context
	p        *Package
	trust    *Trust
	o        Options
	rep      *Report
	m        *Manifest
	files    map[string]File
	seen     map[string]bool // members whose digest was compared
	done     int64           // bytes of them
	verifier note.Verifier

	start, end, head proof.Checkpoint

	wanted   map[string][]string // digests that a record should commit to, with the files that have them
	named    map[string]bool     // files that one commits to
	streams  map[string]*stream
	blobs    map[string][]mention // digests that records name and no file has
	erased   map[string]int64     // ids of entries that a redaction is about, with the redaction's index
	personal map[string]string    // entry ids whose commitment is to be opened, with their files
	latest   int64                // time of the window's entries so far, µs
	reached  map[int64][32]byte   // roots at the sizes that somebody knows
	signers  []Anchor             // trusted witnesses of the anchor that most of them cosigned
	stamped  map[string]bool      // authorities of the trust file that stamped a checkpoint
	broken   bool                 // the log could not be followed: what records name is not known
}

// mention is where a digest is named.
type mention struct {
	id    string
	index int64
}

// Verify verifies an opened package against trust. It reads every member once,
// and believes nothing of what it reads but what signatures of trust cover.
func Verify(ctx context.Context, p *Package, trust *Trust, o Options) (*Report, error) {
	v := &verification{ctx: ctx, p: p, trust: trust, o: o, rep: newReport(), files: map[string]File{}, seen: map[string]bool{},
		wanted: map[string][]string{}, named: map[string]bool{}, streams: map[string]*stream{}, blobs: map[string][]mention{},
		erased: map[string]int64{}, personal: map[string]string{}, reached: map[int64][32]byte{}, stamped: map[string]bool{}}
	v.rep.Digest = p.digest
	if err := v.run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return asMalformed(err)
	}
	v.conclude()
	return v.rep, nil
}

func (v *verification) run() error {
	if err := v.manifest(); err != nil {
		return err
	}
	v.compareNames()
	if v.verifier == nil {
		return nil // no key: nothing below would mean anything
	}
	ok, err := v.checkpoints()
	if err != nil {
		return err
	}
	if ok {
		for _, step := range []func() error{v.log, v.records, v.anchors, v.knownCheckpoints, v.contents} {
			if err := step(); err != nil {
				return err
			}
		}
		v.witnessed()
	}
	return v.rest()
}

// manifest reads the manifest and finds the key of trust that signed it.
func (v *verification) manifest() error {
	raw, err := v.p.read(ManifestFile, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return malformed("", "it has no %s: it is no package of Attesta", ManifestFile)
	}
	if err != nil {
		return err
	}
	if v.m, err = parseManifest(raw); err != nil {
		return err
	}
	m, r := v.m, v.rep
	r.Origin, r.Window, r.Log = printable(m.Origin), m.Window, m.Log
	r.Window.Zone = printable(m.Window.Zone)
	r.Subject = Subject{printable(m.Subject.Kind), printable(m.Subject.ID), printable(m.Subject.Title)}
	r.Generator = printable(m.Generator.Name + " " + m.Generator.Version)
	r.Start, r.End, r.Head = m.Start, m.End, m.Head
	for _, f := range m.Files {
		v.files[f.Path] = f
	}
	sig, err := v.p.read(SignatureFile, proof.MaxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		r.fail(Incomplete, SignatureFile, -1, "the manifest's signature is missing")
		return nil
	}
	if err != nil {
		return err
	}
	v.signature(sig, sha256.Sum256(raw))
	return nil
}

// signature looks for an origin of trust whose key signed the manifest.
func (v *verification) signature(sig []byte, digest [32]byte) {
	var wrong error
	known := false
	for _, o := range v.trust.origins {
		if o.Origin.Origin != v.m.Origin {
			continue
		}
		known = true
		unknown, err := checkManifestSignature(sig, digest, o.verifier)
		if err == nil {
			v.verifier, v.rep.Key, v.rep.Epoch = o.verifier, o.Key, o.Epoch
			return
		}
		if !unknown {
			wrong = err
			v.verifier, v.rep.Key, v.rep.Epoch = o.verifier, o.Key, o.Epoch // the log may still be looked at
		}
	}
	switch {
	case !known:
		v.rep.fail(Untrusted, "", -1, "the package is of the ledger %q, which the trust file does not hold", printable(v.m.Origin))
	case wrong != nil:
		v.rep.fail(Tampered, SignatureFile, -1, "the manifest is not what was signed: %v", wrong)
	default:
		v.rep.fail(Untrusted, SignatureFile, -1, "the manifest is signed by %q with a key that the trust file does not hold", signerOf(sig))
	}
}

// compareNames holds the members against the manifest.
func (v *verification) compareNames() {
	for _, name := range v.p.names {
		if name == ManifestFile || name == SignatureFile {
			continue
		}
		f, ok := v.files[name]
		switch m := v.p.members[name]; {
		case !ok:
			v.rep.fail(Tampered, name, -1, "the manifest does not list this file")
		case m.size != f.Size:
			v.rep.fail(Tampered, name, -1, "it has %d bytes; the manifest says %d", m.size, f.Size)
		}
	}
	for _, f := range v.m.Files {
		if _, ok := v.p.members[f.Path]; !ok {
			v.rep.fail(Incomplete, f.Path, -1, "the file is missing")
			v.seen[f.Path] = true
		}
	}
	v.rep.Files = int64(len(v.p.names))
	v.rep.Bytes = v.p.bytes
}

// content gives a member, held against its digest. ok is false where it is
// missing or is not listed, which was noted.
func (v *verification) content(name string, limit int64) (raw []byte, ok bool, err error) {
	f, listed := v.files[name]
	if _, there := v.p.members[name]; !listed || !there {
		return nil, false, nil
	}
	if raw, err = v.p.read(name, limit); err != nil {
		return nil, false, v.damaged(name, err)
	}
	sum := sha256.Sum256(raw)
	v.digest(f, hex.EncodeToString(sum[:]), int64(len(raw)))
	return raw, true, nil
}

// damaged makes content that cannot be read a problem of that file; the rest of
// the package can still be looked at.
func (v *verification) damaged(name string, err error) error {
	var m *MalformedError
	if !errors.As(err, &m) {
		return err
	}
	v.rep.fail(Tampered, name, -1, "%s", m.Message)
	v.seen[name] = true
	return nil
}

func (v *verification) digest(f File, got string, n int64) {
	v.seen[f.Path] = true
	v.done += n
	if v.o.Progress != nil {
		v.o.Progress(v.done, v.p.bytes)
	}
	if got != f.SHA256 {
		v.rep.fail(Tampered, f.Path, -1, "its content is not what the manifest lists: it has SHA-256 %s", got)
	}
}

// rest compares the digests of all members that nothing else has read.
func (v *verification) rest() error {
	for _, f := range v.m.Files {
		if v.seen[f.Path] {
			continue
		}
		if err := v.hash(f); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) hash(f File) error {
	r, err := v.p.open(f.Path)
	if err != nil {
		return v.damaged(f.Path, err)
	}
	h := sha256.New()
	n, err := io.Copy(h, readerWithContext{v.ctx, r})
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return v.damaged(f.Path, err)
	}
	v.digest(f, hexOf(h), n)
	return nil
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// checkpoints verifies the signatures of start, end and head, and that each
// continues the one before. It gives false where there is nothing to build on.
func (v *verification) checkpoints() (bool, error) {
	one := func(name string, want TreeHead) (proof.Checkpoint, bool, error) {
		raw, ok, err := v.content(name, proof.MaxCheckpoint)
		if err != nil || !ok {
			if err == nil && !v.seen[name] {
				v.rep.fail(Incomplete, name, -1, "the checkpoint is missing")
			}
			return proof.Checkpoint{}, false, err
		}
		c, err := proof.ParseCheckpoint(raw, v.verifier)
		if err != nil {
			v.rep.fail(Tampered, name, -1, "%v", err)
			return c, false, nil
		}
		if c.Size != want.Size || proof.EncodeHash(c.Root) != want.Root {
			v.rep.fail(Tampered, name, -1, "the checkpoint covers %d entries with root %s; the manifest says %d and %s", c.Size, proof.EncodeHash(c.Root), want.Size, printable(want.Root))
			return c, false, nil
		}
		return c, true, nil
	}
	v.start = proof.Checkpoint{Origin: v.m.Origin, Root: proof.EmptyRoot}
	sound := true
	if v.m.Start.Size > 0 {
		var ok bool
		var err error
		if v.start, ok, err = one(StartFile, v.m.Start); err != nil {
			return false, err
		}
		sound = ok
	} else if v.m.Start.Root != proof.EncodeHash(proof.EmptyRoot) {
		v.rep.fail(Tampered, ManifestFile, -1, "the manifest gives an empty log the root of another")
	}
	end, okEnd, err := one(EndFile, v.m.End)
	if err != nil {
		return false, err
	}
	head, okHead, err := one(HeadFile, v.m.Head)
	if err != nil {
		return false, err
	}
	v.end, v.head = end, head
	if !sound || !okEnd || !okHead {
		return false, nil
	}
	if err := v.consistent(StartEndFile, v.start, v.end); err != nil {
		return false, err
	}
	return true, v.consistent(EndHeadFile, v.end, v.head)
}

// consistent verifies the proof that later continues earlier.
func (v *verification) consistent(name string, earlier, later proof.Checkpoint) error {
	if earlier.Size == later.Size {
		if earlier.Root != later.Root {
			v.rep.fail(Tampered, name, -1, "two checkpoints of %d entries have different roots", later.Size)
		}
		return nil
	}
	if earlier.Size == 0 {
		return nil // everything continues nothing
	}
	raw, ok, err := v.content(name, proof.MaxProof)
	if err != nil {
		return err
	}
	if !ok {
		if !v.seen[name] {
			v.rep.fail(Incomplete, name, -1, "the proof that %d entries continue %d is missing", later.Size, earlier.Size)
		}
		return nil
	}
	c, err := proof.ParseConsistency(raw)
	if err == nil && (c.Old != earlier.Size || string(c.Checkpoint) != string(later.Raw)) {
		err = fmt.Errorf("the proof is of other checkpoints")
	}
	if err == nil {
		err = c.Check(later.Size, later.Root, earlier.Root)
	}
	if err != nil {
		v.rep.fail(Tampered, name, -1, "%v", err)
	}
	return nil
}

// knownCheckpoints holds the log against what the trust file knows of it.
func (v *verification) knownCheckpoints() error {
	for _, k := range v.trust.known {
		if k.Origin != v.m.Origin || k.Size == 0 {
			continue
		}
		root, ok := v.reached[k.Size]
		for _, c := range []proof.Checkpoint{v.start, v.end, v.head} {
			if c.Size == k.Size {
				root, ok = c.Root, true
			}
		}
		name := KnownDir + fmt.Sprint(k.Size)
		switch {
		case ok && root != k.Root:
			v.rep.fail(Tampered, "", -1, "the trust file knows a checkpoint of %d entries with another root: this is another history", k.Size)
			continue
		case ok:
		case k.Size > v.head.Size:
			v.rep.fail(Incomplete, "", -1, "the trust file knows a checkpoint of %d entries, the package was made at %d: ask for a newer package, or use a trust file of that time", k.Size, v.head.Size)
			continue
		default:
			if _, there := v.files[name]; !there {
				v.rep.fail(Incomplete, name, -1, "the trust file knows a checkpoint of %d entries, and the package does not prove that the log continues it: ask for an export that does (--known %d)", k.Size, k.Size)
				continue
			}
			before := len(v.rep.Problems) + v.rep.More
			if err := v.consistent(name, k, v.head); err != nil {
				return err
			}
			if len(v.rep.Problems)+v.rep.More > before {
				continue
			}
		}
		v.rep.Anchors = append(v.rep.Anchors, Anchor{Kind: "checkpoint", Name: "of the trust file", Size: k.Size})
	}
	for _, name := range v.under(KnownDir) { // those that nobody here knows still have to hold together
		if v.seen[name] {
			continue
		}
		raw, ok, err := v.content(name, proof.MaxProof)
		if err != nil {
			return err
		}
		if c, err := proof.ParseConsistency(raw); ok && (err != nil || name != KnownDir+fmt.Sprint(c.Old) || string(c.Checkpoint) != string(v.head.Raw)) {
			v.rep.fail(Tampered, name, -1, "it is no proof of that size and the head")
		}
	}
	return nil
}

// under gives the listed members below a directory, in order.
func (v *verification) under(dir string) (names []string) {
	i, _ := slices.BinarySearchFunc(v.m.Files, dir, func(f File, d string) int { return strings.Compare(f.Path, d) })
	for ; i < len(v.m.Files) && strings.HasPrefix(v.m.Files[i].Path, dir); i++ {
		if _, there := v.p.members[v.m.Files[i].Path]; there {
			names = append(names, v.m.Files[i].Path)
		}
	}
	return names
}

// conclude says what the package is worth.
func (v *verification) conclude() {
	r := v.rep
	r.Anchored = len(r.Anchors) > 0
	if v.o.Strict && len(v.erased) > 0 {
		r.fail(Redacted, RedactionsFile, -1, "%d records have redactions", len(v.erased))
	}
	r.Result = "verified"
	if len(r.Reasons) > 0 {
		r.Result = "failed"
	}
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	if !r.Anchored {
		note("not anchored: nobody outside the organisation is shown to hold a checkpoint of this ledger, so whoever owns its key and its machine could have written all of it anew")
	}
	if v.m.Log && !v.broken && v.m.End.Size == v.m.Head.Size && v.latest < v.m.Window.To.UnixMicro() {
		last := "it has none"
		if r.Entries > 0 {
			last = "its last entry is of " + stamp(r.LastAt)
		}
		note("the window was still open when the package was made, or nothing was recorded at its end: %s", last)
	}
	if v.broken {
		note("the log could not be followed to its end, so what records name was not compared with the other files")
	}
	if !v.m.Log {
		note("the package holds chosen records, each proved; that no other record exists can only be seen in a package of the whole window")
	}
	if n := len(v.erased); n > 0 {
		note("%d records have redactions: what was erased cannot be seen, that it was there can", n)
	}
	if r.Committed > 0 {
		note("%d records commit to personal data that stays with the organisation; ask for it with its salt where you need it", r.Committed)
	}
	note("a source that kept something to itself, or a server that was fed lies, cannot be seen in a ledger; compare counts with the source")
	note("posture, coverage and the pages to read are the organisation's own derivation, signed by it; what records commit to is listed as bound")
}
