// Package health asks a deployment how it is: named checks, each with an
// outcome, a reason and what to do. The same list stands behind `attesta
// doctor`, the screen Health, /readyz and the metrics.
//
// Invariants:
//   - a check that cannot find out says error or not_observed with the reason,
//     never pass
//   - a check ends within its limit; a panic is its error, not the server's end
//   - nothing of a check that concerns secrets or people is in a name; strangers
//     see names and nothing else
//   - a question asked a thousand times a second is answered once
//
// Serves mission D2; criteria CC7.2 (detection tools are monitored) and A1.2
// rest on it.
//
// Floor: base, stateful. Imports access, blobs, database, jobs, ledger, judge.
package health
