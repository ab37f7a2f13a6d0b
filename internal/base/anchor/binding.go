package anchor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/stamp"
)

// The types of entries.
const (
	SetType    = "anchor.set"
	HeldType   = "anchor.held"   // somebody outside has taken a checkpoint
	FailedType = "anchor.failed" // the first of failures in a row
)

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// data is what the ledger says of an anchor's settings. The address is there as
// the digest of its box.
func (a Anchor) data() map[string]any {
	return map[string]any{"name_digest": digest([]byte(a.Name)), "kind": string(a.Kind), "address": digest(a.address), "trust": digest([]byte(a.Trust)), "every_seconds": int64(a.Every.Seconds()), "removed": !a.RemovedAt.IsZero()}
}

func (r Receipt) data() map[string]any {
	d := map[string]any{"anchor": r.Anchor, "size": r.Size, "root": r.Root, "note": digest([]byte(r.Note)), "proof": digest(r.Proof)}
	if !r.Said.IsZero() {
		d["said"] = r.Said.UTC().Format(time.RFC3339)
	}
	return d
}

// Bindings are the rows that the ledger's entries about anchors stand for. What
// somebody outside answered is verified again, against the trust that was set,
// and against the ledger's own root at that size.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: SetType, Check: checkSet}, {Name: HeldType, Check: checkHeld}}
}

func checkSet(ctx context.Context, q database.Querier, rec ledger.Record) error {
	a, err := get(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Refused, err, "anchor %s: its row is missing", rec.Subject)
	}
	if err != nil || a.Entry != rec.ID {
		return err
	}
	for name, want := range a.data() {
		if rec.Data[name] != want {
			return fault.New(fault.Refused, "anchor %s: its row says %s is %v, the ledger says %v", rec.Subject, name, want, rec.Data[name])
		}
	}
	return nil
}

func checkHeld(ctx context.Context, q database.Querier, rec ledger.Record) error {
	found, err := receiptByEntry(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0].ID != rec.Subject {
		return fault.New(fault.Refused, "what anchor %v answered (%s) is missing", rec.Data["anchor"], rec.Subject)
	}
	r := found[0]
	for name, want := range r.data() {
		if rec.Data[name] != want {
			return fault.New(fault.Refused, "answer %s: its row says %s is %v, the ledger says %v", r.ID, name, want, rec.Data[name])
		}
	}
	root, err := ledger.RootOf(ctx, q, r.Size)
	if err != nil {
		return err
	}
	if proof.EncodeHash(root) != r.Root {
		return fault.New(fault.Refused, "%s holds a checkpoint of %d entries with another root than this ledger has: it was written anew", r.Name, r.Size)
	}
	_, err = r.Verify(r.Trust)
	return err
}

// Verify holds an answer against a trust: a root's PEM, or a witness's key. It
// gives the time that the proof gives. The checkpoint's own signature is not
// looked at: what it says is held against the ledger by whoever asks.
func (r Receipt) Verify(trust string) (time.Time, error) {
	lines := strings.SplitN(r.Note, "\n", 4)
	if len(lines) < 4 || lines[1] != itoa(r.Size) || lines[2] != r.Root {
		return time.Time{}, fault.New(fault.Refused, "the checkpoint that %s was handed is not of %d entries with that root", r.Name, r.Size)
	}
	switch r.Kind {
	case TimeStamp:
		roots, err := stamp.ParseRoots([]byte(trust))
		if err != nil {
			return time.Time{}, err
		}
		s, err := stamp.Verify(r.Proof, sha256.Sum256([]byte(r.Note)), roots)
		if err != nil {
			return time.Time{}, fault.Wrap(fault.Refused, err, "the time stamp of %s on %d entries does not hold: %v", r.Name, r.Size, err)
		}
		return s.At, nil
	case Witness:
		w, err := proof.NewWitness(trust)
		if err != nil {
			return time.Time{}, err
		}
		at, ok := w.Cosigned(bytes.Join([][]byte{[]byte(r.Note), r.Proof}, nil))
		if !ok {
			return time.Time{}, fault.New(fault.Refused, "the cosignature of %s on %d entries does not hold", r.Name, r.Size)
		}
		return at, nil
	}
	return time.Time{}, nil
}
