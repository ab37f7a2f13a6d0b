// Package notify tells people what they should know: each has an inbox, and
// says for each kind of thing whether a mail comes at once, in a daily or weekly
// digest, or not at all. What happened is read from the ledger by index; what
// webhooks are told goes the same way. It serves mission A9.
//
// Invariants:
//   - The cursor, the notices and the webhooks' messages move in one transaction:
//     each record is told once, whatever breaks off.
//   - Who is told is who must act: the owner, else the role that stands in, and
//     for approvals who may approve and did not ask. Nobody is told of what their
//     role may not see.
//   - Many things of a kind at once are one notice that counts them.
//   - A mail counts as sent when the mail server took it. Each result is a row and
//     an entry of the ledger, which holds no address.
//   - A link in a mail does one thing for one person until it expires. GET shows a
//     form, POST acts, so that whatever opens links in mails does nothing.
//   - Titles are this program's words; what a person wrote is behind the link.
//
// Floor: edges.
package notify
