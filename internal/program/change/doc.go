// Package change is the register of changes: what came onto the production
// branch of each repository, what was deployed, and for each of them whether it
// was requested, tested outside production, approved by somebody else, accepted,
// and deployed as it was merged.
//
// Serves A10 and A11 (CC8.1, CC6.8, CC7.1c).
//
// How it works: what was seen (commits of a repository, events of a forge or a
// build server, deployments) is kept as it came; Derive folds all of a
// repository into changes and deployments by the rules of package landing.
//
// Invariants:
//   - What was seen is only added. A commit that is no longer on the branch
//     stays, marked; its change says that history was rewritten.
//   - Each version of a change or deployment is bound to a ledger entry by the
//     digest over all that a derivation changed. Names and mail addresses stand
//     in the tables alone.
//
// Floor: domains. Repositories are read and webhooks understood by connectors
// that the server hands in.
package change
