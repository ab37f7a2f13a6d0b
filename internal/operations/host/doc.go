// Package host keeps the hosts of the organisation: who they are, what was
// read on them and when, and lets what changed be judged by the standards in
// force.
//
// Serves C7.1b (CC7.1), B11 (clock offset) and B19 (inventory).
//
// Invariants:
//   - A section body is stored once per digest, after the digest was computed
//     here from the body: no host can speak for another.
//   - What was observed is placed on the axis of observation: an envelope that
//     comes late corrects the past and leaves the present alone; a host whose
//     clock was set back does not rewrite what it said before.
//   - A batch of facts is one run and one ledger entry, in the transaction that
//     acknowledges it; a heartbeat extends coverage and writes no entry.
//   - Only attributes that read a changed path are judged again.
//
// Floor: operations, above evidence.
package host
