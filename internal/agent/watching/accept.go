package watching

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/approval"
	"github.com/attesta/attesta/internal/wire"
)

var errOff = fault.New(fault.Refused, "this agent does not watch files: its settings say integrity: off")

// Snapshot looks at everything that is declared and keeps that as the candidate
// for a baseline: what wire.AskSnapshot asks for.
func (w *Watching) Snapshot(ctx context.Context, _ json.RawMessage) (any, error) {
	if w.cfg.Off {
		return nil, errOff
	}
	w.making.Lock()
	defer w.making.Unlock()
	made, o, err := w.make(ctx, candidateFile)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return wire.SnapshotResult{Root: hex.EncodeToString(made.Root[:]), Entries: int64(made.Entries), Files: int64(made.Files), Bytes: int64(made.Bytes),
		Unread: made.UnreadCount, Baseline: w.facts.baseline.root, Made: o.Made}, nil
}

// mostDrilled is the most entries of one answer.
const mostDrilled = 10_000

// Drill shows one directory of the baseline or of the candidate: what
// wire.AskDrill asks for.
func (w *Watching) Drill(_ context.Context, args json.RawMessage) (any, error) {
	var a wire.AskDrillArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "what is asked cannot be read")
	}
	if w.cfg.Off {
		return nil, errOff
	}
	name := ""
	switch a.Of {
	case "baseline":
		name = baselineFile
	case "candidate":
		name = candidateFile
	default:
		return nil, fault.New(fault.Invalid, "%.40q is neither baseline nor candidate", a.Of)
	}
	snap, err := whole(w.path(name))
	if err != nil {
		return nil, err
	}
	defer snap.Close() // read only
	d, err := integrity.Drill(snap, a.Path)
	if err != nil {
		return nil, err
	}
	root := snap.Root()
	out := wire.DrillResult{Of: a.Of, Path: a.Path, Root: hex.EncodeToString(root[:]), Digest: d.Digest, Entries: []wire.DrillEntry{}}
	out.Cut = max(0, len(d.Entries)-mostDrilled)
	for _, e := range d.Entries[:len(d.Entries)-out.Cut] {
		out.Entries = append(out.Entries, wire.DrillEntry{Name: e.Name, Escaped: e.Escaped, Type: e.Type, Digest: e.Digest})
	}
	return out, nil
}

// Accept makes the candidate the baseline where a trusted key signed exactly its
// root for this host: what wire.AskAccept asks for. The root of the baseline that
// is in force already may be approved as well.
func (w *Watching) Accept(ctx context.Context, args json.RawMessage) (any, error) {
	var a wire.AskAcceptArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "what is asked cannot be read")
	}
	if w.cfg.Off {
		return nil, errOff
	}
	w.making.Lock()
	defer w.making.Unlock()
	ok, err := w.trusted(a)
	if err != nil {
		return nil, err
	}
	done := wire.AcceptResult{Root: ok.Root}
	snap, err := whole(w.path(baselineFile))
	switch {
	case err == nil && is(snap, ok):
		err = ok.Of(w.cfg.Source, ok.Root, int64(snap.Counts().Entries))
		if err = errors.Join(err, snap.Close()); err != nil {
			return nil, err
		}
		if err := w.keepApproval(a.Approval); err != nil {
			return nil, err
		}
		w.mu.Lock()
		w.facts.baseline.approval, w.facts.baseline.by = ok.ID, ok.By
		w.mu.Unlock()
		w.refresh()
		return done, nil
	case err == nil:
		if err := snap.Close(); err != nil {
			return nil, err
		}
	case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid):
		return nil, err
	}
	if snap, err = whole(w.path(candidateFile)); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil, fault.New(fault.Refused, "the approval is of the root %s: the baseline has another, and there is no candidate", ok.Root)
		}
		return nil, err
	}
	root := snap.Root()
	if err := ok.Of(w.cfg.Source, hex.EncodeToString(root[:]), int64(snap.Counts().Entries)); err != nil {
		return nil, errors.Join(err, snap.Close())
	}
	next, err := w.over(snap) // it watches from here on, beside the old one
	if err != nil {
		return nil, err
	}
	if err := w.promote(a.Approval); err != nil {
		w.drop(next)
		return nil, err
	}
	w.cfg.Logger.Info("an approved baseline was taken", "root", ok.Root, "approval", ok.ID, "by", ok.By)
	w.problem("damaged", "")
	w.takeOver(next)
	w.refresh()
	return done, nil
}

func is(snap *snapshot.Snapshot, a approval.Approval) bool {
	root := snap.Root()
	return hex.EncodeToString(root[:]) == a.Root
}

// promote puts the approval and then the candidate in their places. An approval
// counts only for a baseline with its root, so that stopping in between changes
// nothing.
func (w *Watching) promote(text string) error {
	if err := w.keepApproval(text); err != nil {
		return err
	}
	if err := os.Rename(w.path(candidateFile), w.path(baselineFile)); err != nil {
		return err
	}
	dir, err := os.Open(w.cfg.State)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// kept is how an approval lies in the state directory.
type kept struct {
	Approval string    `json:"approval"`
	Taken    time.Time `json:"taken"`
}

func (w *Watching) keepApproval(text string) error {
	b, err := json.Marshal(kept{text, w.cfg.clock().UTC()})
	if err == nil {
		err = replace(w.path(approvalFile), append(b, '\n'), true)
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the approval could not be written").WithHint("check the free space and the mode of the agent's state directory")
	}
	return nil
}

// approvalOf gives the approval of a baseline, and nothing where the one that is
// kept is not of it, or not signed by a key that is trusted here.
func (w *Watching) approvalOf(root string) approval.Approval {
	keys, err := w.pinned()
	if err != nil || len(keys) == 0 {
		return approval.Approval{}
	}
	b, err := os.ReadFile(w.path(approvalFile))
	var k kept
	if err != nil || json.Unmarshal(b, &k) != nil {
		return approval.Approval{}
	}
	a, err := approval.Verify(k.Approval, keys...)
	if err != nil || a.Root != root || a.Source != w.cfg.Source {
		return approval.Approval{}
	}
	return a
}

// pins are the keys that may approve baselines of this host, as they came with
// the first approval, over the channel on which agent and server know each other.
type pins struct {
	Keys   []string  `json:"keys"`
	Pinned time.Time `json:"pinned"`
}

// pinned gives the trusted keys, none before the first approval.
func (w *Watching) pinned() ([]ed25519.PublicKey, error) {
	b, err := os.ReadFile(w.path(keysFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var p pins
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Refused, err, "%s cannot be read, so no approval can be trusted", keysFile).
			WithHint("remove it on the host: the next approval's keys are then trusted")
	}
	return keysOf(p.Keys)
}

func keysOf(texts []string) ([]ed25519.PublicKey, error) {
	var out []ed25519.PublicKey
	for _, t := range texts {
		b, err := base64.StdEncoding.DecodeString(t)
		if err != nil {
			b, err = base64.RawURLEncoding.DecodeString(t)
		}
		if err != nil || len(b) != ed25519.PublicKeySize {
			return nil, fault.New(fault.Invalid, "%.60q is no Ed25519 public key in base64", t)
		}
		out = append(out, b)
	}
	return out, nil
}

const mostKeys = 20

// trusted reads an approval by the keys that are trusted here. Those of the first
// approval are trusted from then on, and no others: a deployment with another
// key has to be told to the host by a person there.
func (w *Watching) trusted(a wire.AskAcceptArgs) (approval.Approval, error) {
	keys, err := w.pinned()
	if err != nil {
		return approval.Approval{}, err
	}
	first := keys == nil
	if first {
		if len(a.Keys) == 0 || len(a.Keys) > mostKeys {
			return approval.Approval{}, fault.New(fault.Invalid, "an approval comes with 1 to %d keys, not %d", mostKeys, len(a.Keys))
		}
		if keys, err = keysOf(a.Keys); err != nil {
			return approval.Approval{}, err
		}
	}
	ok, err := approval.Verify(a.Approval, keys...)
	if err != nil {
		if !first {
			err = fault.Wrap(fault.Refused, err, "%s; only the keys of the first approval are trusted: where the deployment has another now, remove %s on the host", err, keysFile)
		}
		return ok, err
	}
	if ok.Source != w.cfg.Source {
		return ok, ok.Of(w.cfg.Source, ok.Root, ok.Entries)
	}
	if !first {
		return ok, nil
	}
	b, err := json.MarshalIndent(pins{a.Keys, w.cfg.clock().UTC()}, "", "  ")
	if err == nil {
		err = replace(w.path(keysFile), append(b, '\n'), true)
	}
	if err != nil {
		return ok, fault.Wrap(fault.Unavailable, err, "the keys that are trusted could not be written")
	}
	return ok, nil
}
