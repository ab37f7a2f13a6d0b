// Package reliance gathers what an auditor needs to know about Attesta itself
// before relying on what it says: who administered it and what they changed, which
// versions of program, standards and populations were in force, when the server and
// its sources were not there, what was backed up and restored, who reaches the data
// past the screens, what the ledger proves and what it does not, and that a check can fail.
//
// Invariants:
//   - every line of a report but what is marked as seen now is an entry of the
//     ledger, or lies between two; the same bounds give the same lines
//   - a start of the server is an entry, and so is an end that was clean; a start
//     that follows a start says when the server was last heard
//   - the canary is judged by the judge that judges hosts, on an item that no
//     population holds: it opens no finding and touches no posture
//   - who reaches the data is declared by a person, with a date; it is stale
//     after a year
//
// Serves A19; row 7 of what an auditor asks for. Floor: domains.
package reliance
