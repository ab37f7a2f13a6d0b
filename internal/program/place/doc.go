// Package place keeps where the organisation is: sites with their zones, who may
// enter which, visitors, and cameras and environment sensors with what they last
// said.
//
// Serves C7.2b (its first point, physical barriers), CC6.4, A1.2 and D2.
//
// Invariants:
//   - A site, a visit and a sensor are what their steps made of them; nothing is
//     overwritten, and who did what stands with each step.
//   - A sensor is judged from what it said: out of its bounds is a fail with value
//     and bound, silence over what was expected is not_observed with since when.
//     Heartbeats are one row per sensor; only a changed judgement is a step.
//   - A message is looked at after its token holds, and never taken twice.
//   - A visitor who did not leave by the end of the day is overdue until somebody
//     says when they left and that the badge came back.
//   - An organisation without premises says so, with a reason; that is
//     not_applicable and not a pass. An office or hall of its own and the statement
//     exclude each other.
//
// Floor: domains, over internal/base/journal.
package place
