// Package anchor hands checkpoints of the ledger to somebody outside, and keeps
// what they answer: while nobody outside holds a checkpoint, whoever owns the
// machine and its key could write all of the ledger anew.
//
// Four kinds of holders: an RFC 3161 time-stamp authority, which signs that it has
// seen the digest of a checkpoint at a time; a witness (C2SP tlog-witness), which
// cosigns a checkpoint that continues the one it cosigned before; a directory,
// best of another machine, which gets a copy; a receiver over HTTPS, which gets a
// copy. The first two leave a proof that anybody verifies without them and
// without this server. The other two leave a copy alone: that they have it only
// they can say.
//
// Invariants:
//   - what is handed out is the signed checkpoint alone: sizes and hashes, no
//     entry and no name
//   - an answer counts only once it was verified against what was set as trust
//   - each answer is kept with the bytes that it is about, and is an entry; each
//     change of who holds checkpoints is an entry
//   - a witness that has seen a larger or another log is a failure that is told,
//     never something to try again quietly
//   - addresses are sealed, and dialled within the limits of package dial
//
// Serves mission B9; criteria CC7.2 and CC8.1 rest on the ledger that it anchors.
//
// Floor: base, stateful. Imports fault, ids, clock, proof, database, ledger,
// access, sealed, dial, jobs, health.
package anchor
