package offline

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/proof"
	tsp "github.com/attesta/attesta/internal/proof/stamp"
)

// anchors verifies the checkpoints that were handed to somebody outside: each is
// the log's, the head continues it, and what was answered is what a witness or an
// authority of the trust file signed. What others signed is left aside: nobody
// here knows them.
func (v *verification) anchors() error {
	names := map[int64][]string{}
	for _, name := range v.under(AnchorDir) {
		text, rest, ok := strings.Cut(strings.TrimPrefix(name, AnchorDir), "/")
		size, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil || size < 1 || strconv.FormatInt(size, 10) != text || strings.Contains(rest, "/") {
			v.rep.fail(Tampered, name, -1, "its name is none of an anchor")
			continue
		}
		names[size] = append(names[size], name)
	}
	sizes := make([]int64, 0, len(names))
	for size := range names {
		sizes = append(sizes, size)
	}
	slices.Sort(sizes)
	for _, size := range sizes {
		if err := v.anchor(size, names[size]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) anchor(size int64, names []string) error {
	file := AnchorDir + strconv.FormatInt(size, 10) + "/checkpoint"
	raw, ok, err := v.content(file, proof.MaxCheckpoint)
	if err != nil {
		return err
	}
	if !ok {
		v.rep.fail(Incomplete, file, -1, "there is what somebody answered, and not what they were asked about")
		return nil
	}
	c, err := proof.ParseCheckpoint(raw, v.verifier)
	if err == nil && c.Size != size {
		err = fmt.Errorf("the checkpoint is of %d entries", c.Size)
	}
	if err != nil {
		v.rep.fail(Tampered, file, -1, "%v", err)
		return nil
	}
	before := len(v.rep.Problems) + v.rep.More
	if size > v.head.Size {
		v.rep.fail(Tampered, file, -1, "the checkpoint is of %d entries, the package was made at %d", size, v.head.Size)
	} else if err := v.consistent(KnownDir+strconv.FormatInt(size, 10), c, v.head); err != nil {
		return err
	}
	if len(v.rep.Problems)+v.rep.More > before {
		return nil
	}
	v.reached[size] = c.Root
	var signed []Anchor
	for _, name := range names {
		if name == file {
			continue
		}
		answer, ok, err := v.content(name, tsp.MaxToken)
		if err != nil {
			return err
		}
		switch {
		case !ok:
		case strings.HasSuffix(name, ".cosig"):
			for _, a := range v.trust.cosigners(slices.Concat(raw, answer)) {
				a.Size = size
				if !slices.ContainsFunc(signed, func(b Anchor) bool { return b.Name == a.Name }) {
					signed = append(signed, a)
				}
			}
		case strings.HasSuffix(name, ".tsr"):
			v.timestamped(raw, answer, size)
		default:
			v.rep.fail(Tampered, name, -1, "it is no answer about a checkpoint")
		}
	}
	if len(signed) > 0 && len(signed) >= len(v.signers) {
		v.signers = signed
	}
	return nil
}

// timestamped counts a token where an authority of the trust file gave it.
func (v *verification) timestamped(note, token []byte, size int64) {
	for _, a := range v.trust.stamps {
		if s, err := tsp.Verify(token, sha256.Sum256(note), a.roots); err == nil {
			v.stamped[a.name] = true
			v.rep.Anchors = append(v.rep.Anchors, Anchor{Kind: "timestamp", Name: a.name, Size: size, At: s.At})
			return
		}
	}
}

// witnessed counts the trusted witnesses of end, head and anchors, and sees
// whether each authority that the trust file asks for has stamped one.
func (v *verification) witnessed() {
	most := v.signers
	for _, c := range []proof.Checkpoint{v.head, v.end} {
		signed := v.trust.cosigners(c.Raw)
		for i := range signed {
			signed[i].Size = c.Size
		}
		if len(signed) > len(most) || len(signed) == len(most) && len(signed) > 0 && c.Size >= most[0].Size {
			most = signed
		}
	}
	if len(most) >= v.trust.quorum {
		v.rep.Anchors = append(v.rep.Anchors, most...)
	} else {
		v.rep.fail(Untrusted, HeadFile, -1, "%d of the trust file's witnesses cosigned a checkpoint; its quorum is %d", len(most), v.trust.quorum)
	}
	for _, a := range v.trust.stamps {
		if !v.stamped[a.name] {
			v.rep.fail(Untrusted, "", -1, "the trust file asks for a time stamp of %s, and no checkpoint in the package has one that it vouches for", printable(a.name))
		}
	}
	slices.SortStableFunc(v.rep.Anchors, func(a, b Anchor) int { return bytes.Compare([]byte(a.Kind), []byte(b.Kind)) })
}
