// Package ledger is the evidence ledger: an append-only, signed Merkle log of
// small canonical entries, one for every step that Attesta takes or sees.
//
// A business transaction calls Append: rows and entry commit together or not
// at all. One sequencer (Run) then numbers committed entries, hashes them,
// writes C2SP tlog-tiles with all partials, and signs a tlog-checkpoint, within
// a second. The position of an entry is transaction time for the whole product:
// "as known then" means up to an index, and IndexAt maps a date to one.
//
// Invariants:
//   - the bytes of an entry never change, and its schema lasts for ever: readers
//     accept types and fields that they do not know
//   - a stream's sequence starts at 1 and has no hole and no repeat, in log order
//   - what a published checkpoint covers is on disk, synced, before the checkpoint is
//   - the published tree only grows; a directory that is not a prefix of the
//     database is refused, never overwritten
//   - personal data is outside the log, behind a salted commitment, and can be
//     erased without breaking a proof; secrets are rejected before they enter
//
// What it does not prove: without a checkpoint kept elsewhere ("not anchored")
// whoever owns the machine can rewrite everything.
//
// Serves mission A6 and B11; criteria CC2.1, CC4.1 and CC7.2 rest on it.
//
// Floor: base, stateful. Imports fault, ids, clock, database, proof.
package ledger
