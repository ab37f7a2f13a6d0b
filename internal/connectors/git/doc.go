// Package git reads the history of a local repository with the git command: the
// commits of all its branches, which of them stand on the production branch, and
// the paths that those touch.
//
// Serves A10.
//
// The git command reads every format that git itself writes (packs, SHA-256,
// commit graphs); a library of our own process would be a second reader of bytes
// that others wrote, inside the server.
//
// Invariants:
//   - Nothing of the repository is run or obeyed: git works on a directory of
//     ours with our configuration, which borrows the repository's objects and
//     references. Hooks, filters, attributes, replacements, grafts and what
//     the repository's own config says do not reach it.
//   - Nothing is written into the repository, and nothing is fetched.
//   - Time, output and number of commits are bounded; beyond a bound it is an
//     error and never half a history. So is a shallow or partial clone.
//   - Text that is not UTF-8 is made so; no name or message can break a record.
//
// Floor: edges. It fills change.History and stores nothing.
package git
