// Package forge reads the webhooks of GitHub, GitLab and Gitea (Forgejo sends
// the same) into the events that the register of changes keeps.
//
// Serves A10.
//
// Invariants:
//   - Nothing of a message is looked at before its signature or token holds,
//     compared in constant time.
//   - A delivery is known by the digest of its signed body, never by a header
//     that the signature does not cover: a replay under another id is the same.
//   - A message about another project than the one that is followed is refused.
//   - A message of a kind that matters not gives no events and no error; one
//     that cannot be read is an error, and never half its events.
//
// Floor: edges. It fills change.Event and stores nothing.
package forge
