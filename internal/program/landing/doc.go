// Package landing is the rules of changes: how commits, events of a forge and
// deployments become changes, and what is said of each. A change is what landed
// on the production branch at once: a merge, a squash, the commits of one rebased
// request, or a commit that was pushed directly.
//
// Serves A10 and A11 (CC8.1, CC6.8, CC7.1c).
//
// Invariants:
//   - Every attribute has one of the five outcomes, a reason and where it was
//     read. None can be typed: words of a commit message are claims until an
//     event of the forge bears them out.
//   - Approval counts by somebody who wrote none of it, before it landed, and of
//     the very commits that landed.
//   - Derive is a function of what was seen: the same input gives the same
//     changes, in whatever order it came.
//
// Floor: domains. Pure: it reads no clock and no database; package change keeps
// what it gives.
package landing
