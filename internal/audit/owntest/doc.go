// Package owntest is management's own testing of controls before an examination:
// what is tested and how, items drawn so that nobody chose them, what was seen at
// each, a conclusion that follows from it, and a review by somebody else.
//
// Serves A20 and CC4.1. Not the auditor's test: that one is the auditor's alone.
//
// Invariants:
//   - Whoever performs or owns the control, or brought evidence of it in the period,
//     does not test it, unless nobody else could; then what stands in is recorded.
//   - Items come from a frozen population (an extraction, or what the control owed in
//     the period), by a seed that is the ledger's own head: a second draw gives the
//     same items, and whoever plans the test does not know them before.
//   - A result is a pass, fail, error or not_applicable for each attribute and item,
//     with what was looked at; those other than a pass have a reason.
//   - The conclusion is derived and cannot be typed. An item nobody looked at makes
//     it insufficient evidence.
//
// Floor: domains, over internal/base/journal.
package owntest
