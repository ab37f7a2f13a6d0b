// Package obligation keeps the register of laws, contracts and rules that apply to
// the organisation: what each asks, why it applies, who follows it, when it was last
// looked at, and which commitments, controls and data it bears on.
//
// Serves A13 and CC3.1, CC2.3, CC3.4 (control obligations-followed).
//
// Invariants:
//   - An obligation is the sequence of its records; what it says is versioned with
//     the reason of each change.
//   - Whether it is looked at in time, and whether a control follows it, is derived.
//   - An obligation that applies no more says since when and why; it is not erased.
//
// Floor: domains. obligation.go is pure.
package obligation
