// Package finding keeps what a person must act on: a failing item. A finding
// is a check, an attribute and an item; it has a short number, a severity with
// its clock, a state and a timeline.
//
// Serves C7.1b (CC7.1, CC7.4) and A5.
//
// Invariants:
//   - A finding opens on fail and closes only on an observed pass. When its item
//     vanished or fell silent, when the evidence cannot be read, when what it is
//     about is no longer there, or when the check left force, it is stale.
//   - Back within 30 days of closing it is reopened, with its number and its old
//     clock; after that it is a new finding.
//   - While a waiver is in force a failing item keeps its finding, marked waived:
//     its clock stands still, because what was accepted until a day is not late
//     before that day, and a waiver neither starts the clock anew nor lets it run
//     out meanwhile. When the waiver ends the finding is open again with the time
//     that was left, and somebody must take it on anew.
//   - Every transition is a row of the timeline and a ledger entry, in the
//     transaction that caused it.
//   - What fails in a tier that is not switched on is judged and counted, and
//     opens no finding. Switching it on opens one for what fails then, whose
//     clock runs from that moment; switching it off puts findings aside (stale).
//
// Floor: evidence, above base and evidence/outcome.
package finding
