// Package segment keeps which parts of the network may reach which, and holds that
// against what agents see and against connections that they try.
//
// Serves B18 (CC6.6, CC6.1).
//
// Invariants:
//   - A plan holds zones and rules between them, and holds from its approval by
//     another person than its author, who showed who they are; one plan is in force,
//     earlier ones stay readable.
//   - A host or an address is in one zone, by the most specific that names it, or in
//     none; where two say the same it is in neither, and that is said.
//   - A rule that forbids is proved by a connection that was tried and did not get
//     through. A refusal by the other side means that the way is open. What nobody
//     tried, or an agent would not try, is not observed.
//   - A proof is a row that the ledger has a digest of; it is never changed.
//   - Facts say what does not hold, not how often: they change only with the answer.
//
// Floor: domains, over internal/base/journal, internal/operations/host, ask, entries.
package segment
