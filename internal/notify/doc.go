// Package notify tells people what they should know: each has an inbox, and
// says for each kind of thing how it comes. What happened is read from the ledger by index; what
// webhooks are told goes the same way. It serves mission A9.
//
// Invariants:
//   - The cursor, the notices and the webhooks' messages move in one transaction:
//     each record is told once, whatever breaks off.
//   - Who is told is who must act: the owner, else the role that stands in, and
//     for approvals who may approve and did not ask. Nobody is told of what their
//     role may not see.
//   - Many things of a kind at once are one notice that counts them.
//   - Titles are this program's words, in which a host has its name; what a
//     person wrote is behind the link.
//
// Floor: edges.
package notify
