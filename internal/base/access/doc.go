// Package access knows who is asking and what they may do: users, passwords,
// one-time login links, sessions, lock-out, and one table of role and action.
// It serves CC6.1, CC6.2 and CC6.3 of the product itself, and the mission's A9
// and A11.
//
// It is independent of HTTP: the web hands in tokens and a Client, and carries
// away a token for a cookie. Every other package takes a Principal and asks
// Authorise.
//
// Invariants:
//
//   - The table of role and action is the only place that grants anything, and
//     what it does not grant is denied.
//   - A name, a login or an e-mail address stands in the table access_user and
//     nowhere else. The ledger holds usr_… ids; addresses of the network are
//     committed to, and can be erased.
//   - A link or session token is 256 random bits that the database has only
//     the SHA-256 of. A link works once.
//   - An attempt to log in is counted before the password is looked at, in the
//     database, so that neither parallel attempts nor a restart give more of
//     them. A wrong name and a wrong password are the same to whoever asks:
//     same words, same work, same time.
//   - Whatever a person does here is an entry in the ledger, in the same
//     transaction. Failed attempts on names that do not exist are recorded up
//     to a limit per hour, and beyond it as a count, so that the ledger cannot
//     be flooded from outside.
//
// The session store is our own because github.com/alexedwards/scs keeps one
// opaque value per token: its store interface has no list of one user's
// sessions and no revocation by anything but the token, idle and absolute
// time-outs live inside the encoded value where no query sees them, and its
// stores for the two engines have two schemas outside our migrations. What is
// left of it for us would be a cookie.
//
// Floor: base, stateful. Imports database and ledger.
package access
