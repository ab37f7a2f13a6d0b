// Package raci says of each control and each set of data who is responsible,
// accountable, consulted and informed, and where nobody is.
//
// Serves A7 (roles and responsibilities, owners of data).
//
// Invariants:
//   - Exactly one is accountable; a version without is not kept.
//   - What was said is a version, added with its ledger entry in one transaction;
//     the newest holds. Where nothing was said, what the design of a control names
//     is shown as proposed, and counts as a gap.
//   - A gap is derived: an account that is closed or a person who left leaves one,
//     whoever noticed.
//
// Floor: domains. It knows controls and sets of data only by Config.Subjects.
package raci
