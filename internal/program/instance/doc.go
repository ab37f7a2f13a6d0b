// Package instance derives the expected performances of manual controls from
// their designs, and says of each, at any moment and as known by any size of
// the ledger, whether it was performed, late, missed or waived.
//
// Serves A17, CC4.1 and every criterion that a manual control addresses.
//
// Invariants:
//   - Instances are derived from the versions of a control and the zone of the
//     scope, and stand in no table. What people said about them does: what set a
//     control off, what was waived.
//   - Performed, covered and collected are three dates. Whether an instance was
//     performed in time depends on the first alone.
//   - A waived, late or missed instance is a deviation. Did not operate is said
//     only where what sets the control off was counted, completely, as none.
//   - Until a control is approved nothing is expected of anybody.
//
// Floor: domains.
package instance
