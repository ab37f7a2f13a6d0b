// Package proof is the format of the evidence ledger, without a ledger: the
// canonical bytes of entries, signed checkpoints (C2SP tlog-checkpoint), tiles and
// bundles (tlog-tiles), inclusion proofs (tlog-proof) and consistency proofs
// (tlog-witness). Package offline verifies whole evidence packages with it.
//
// Invariants:
//   - the bytes of an entry never change, and its schema lasts for ever: readers
//     accept types and fields that they do not know
//   - foreign bytes are bounded before they are read
//
// Serves A19 and B9.
//
// Floor: declared. Imports fault alone: no database, no screens, no cgo.
package proof
