// Package change is the register of changes: what came onto the production
// branch of each repository, what was deployed, and for each of them whether it
// was requested, tested outside production, approved by somebody else, accepted,
// and deployed as it was merged.
//
// Serves A10 and A11 (CC8.1, CC6.8, CC7.1c).
//
// How it works: what was seen (commits of a repository, events of a forge or a
// build server, deployments) is kept as it came; Derive folds all of a
// repository into changes and deployments. A change is what landed on the
// production branch at once: a merge, a squash, the commits of one rebased
// request, or a commit that was pushed directly.
//
// Invariants:
//   - What was seen is only added. A commit that is no longer on the branch
//     stays, marked; its change says that history was rewritten.
//   - Every attribute has one of the five outcomes, a reason and where it was
//     read. None can be typed: words of a commit message are claims until an
//     event of the forge bears them out.
//   - Approval counts by somebody who wrote none of it, before it landed, and of
//     the very commits that landed.
//   - Derive is a function of what was seen: the same input gives the same
//     changes, in whatever order it came.
//   - Each version of a change or deployment is bound to a ledger entry by the
//     digest over all that a derivation changed. Names and mail addresses stand
//     in the tables alone.
//
// Floor: domains. Repositories are read and webhooks understood by connectors
// that the server hands in. landing.go, judge.go and identity.go are pure.
package change
