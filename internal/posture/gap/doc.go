// Package gap says what stands between the programme and its criteria: per
// criterion and point of focus what is considered, which controls address it,
// whether they are designed and operate, what hangs on one control, what fails
// together and what is missing altogether.
//
// Serves A4. Invariants: a gap is derived from posture, controls and what was
// said of points, at any moment and on both time axes; nobody types one, and
// nobody closes one. What was answered to a questionnaire never closes a gap.
// A gap has a key that stays the same while it lasts, so that a task can be
// about it.
//
// Floor: posture. Derive is pure; Service only reads.
package gap
