// Package integrity keeps what agents saw change of files: it groups what belongs
// together, says of each change whether it was authorised (by a ticket, by a
// package, by configuration management) or is unexplained, and lets people explain
// what nothing else does.
//
// Serves C7.1c, B20 (CC7.1, CC6.8, CC8.1).
//
// Invariants:
//   - A batch is taken in within its own transaction: changes, groups, verdicts, the
//     ledger entry that commits to them, and the section that is judged.
//   - What was decided is never changed in place: an explanation and an undoing are
//     later rows, with the verdict as it was beside them.
//   - A change is told once, whatever an agent sends again; another source's ids
//     mean nothing.
//   - An unexplained change stays open until somebody else than who made it explains
//     it, or its path is seen to be again what it was.
//   - A silent host keeps its findings, and is one.
//
// The rules themselves are in package verdict, which is pure; baselines are in
// package baseline.
//
// Floor: domains, over operations/host, operations/entries, program/change.
package integrity
