// Package waiver keeps waivers: approved, expiring acceptances of what fails. A
// waiver is about a check or one attribute of it and about named items; it has
// an owner, a reason, a compensating control, an end, and it is approved by
// another person than the one who asked.
//
// Serves C7.1b and A19; an auditor's point 4: a waiver never turns a deviation
// into a pass.
//
// Invariants:
//   - A waiver holds over [holds from, holds to): never before it was approved,
//     never longer than a year unless configured otherwise.
//   - While it holds, what fails is waived; a pass stays a pass and an error an
//     error. In posture what is waived is a deviation.
//   - Its items are those that were named, or that its filter selected, when it
//     was asked for: the approver approves that list, and a later item is not on it.
//   - No item's attribute is covered by two waivers at once.
//   - What was waived at a past moment is shown as waived then: outcomes are rows
//     that are only added. When a waiver begins or ends its items alone are
//     judged again, in a run of its own kind.
//   - Every step is a line of the waiver's timeline and a ledger entry.
//
// Floor: evidence, above base, outcome and standard.
package waiver
