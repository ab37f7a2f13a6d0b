// Package capacity keeps how much of their capacity hosts use, says where it goes,
// and holds it against what was committed.
//
// Serves B14 and D1 (A1.1).
//
// Invariants:
//   - A sample is a number and no fact: it makes no version of a section, no run of
//     checks and no ledger entry. What is judged is a commitment, and its facts
//     change only when a host begins or ceases to exceed it.
//   - History grows by days: raw samples stay a week, hours a month, days three
//     years; a day of a host is some 60 bytes.
//   - A forecast has an interval, or says why there is none. No date is made up.
//   - A plan of commitments holds from its approval by another person than its
//     author; one plan is in force, and earlier ones stay readable.
//   - What was exceeded stays so until use fell below the mark at which it clears.
//   - A review freezes what was seen: it is content of a ledger entry.
//
// Floor: domains, over internal/base/journal and internal/operations/host.
package capacity
