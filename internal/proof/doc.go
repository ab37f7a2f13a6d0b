// Package proof is what a stranger needs to verify Attesta's evidence with
// nothing but a file and keys from elsewhere: the bytes of ledger entries,
// signed checkpoints, tlog-tiles, inclusion and consistency proofs, and the
// evidence package with its verification.
//
// An evidence package is a zip or a directory. Verify reads it whole, once, in
// flat memory, and reports what holds and what does not, with a reason that a
// program can read: tampered, incomplete, untrusted, redactions, malformed.
//
// Invariants:
//   - the bytes of an entry never change, and its schema lasts for ever: readers
//     accept types and fields that they do not know
//   - nothing is believed because a package says so: keys come from Trust, which
//     comes from outside; everything else is computed again from bytes
//   - foreign bytes are bounded before they are read: names, sizes, counts,
//     ratios
//   - what cannot be verified is said in the report, never left out
//
// Serves A19 and B9; rows 1, 6, 8 and 20 of the auditor's list rest on it.
//
// Floor: declared. Imports fault alone, so that the verifier is small: no
// database, no screens, no cgo.
package proof
