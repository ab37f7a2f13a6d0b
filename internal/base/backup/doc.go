// Package backup makes one file of everything a deployment must keep, while it
// runs, and brings it back.
//
// A backup is a tar file, packed with zstd and, where recipients are named,
// encrypted with age. In this order: attesta-backup.json, which says what wrote
// it; the state database as of one moment; the ledger's tiles and a signed
// checkpoint of exactly the size that this moment knew; the content by its
// digest; keys, if it is encrypted; and manifest.json with the digest of each
// file.
//
// Invariants:
//   - what was acknowledged before the backup began is in it: the state is one
//     snapshot, the ledger is cut to the size that the snapshot knows, and
//     content is copied after the rows that name it
//   - a backup has its name only once it is whole and synced; what was broken off
//     has another
//   - private keys never enter a file that is not encrypted; the ledger's signing
//     key enters none, because a restored ledger begins an epoch with a new one
//   - nothing of a backup is used before its digests, and then the ledger, have
//     been verified; the target stays as it was until all is in place
//   - that a backup was made, and that one was restored, are ledger entries
//
// Serves mission D2; criteria A1.2 and A1.3 rest on it.
//
// Floor: base, stateful. Imports fault, ids, clock, proof, database, ledger.
package backup
