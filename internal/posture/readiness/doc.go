// Package readiness brings the gap analysis, the plan and the window together:
// by when what has to be done, which instances of a control can still be
// gathered, which tasks gaps call for, and what blocks the examination.
//
// Serves A5 and A18. Invariants: everything is derived at the moment it is asked
// for and leads to what produced it; there is no percentage, and no count without
// its list. The yearly risk assessment (CC3) is another thing than readiness and
// stands apart.
//
// Floor: posture. It only reads.
package readiness
