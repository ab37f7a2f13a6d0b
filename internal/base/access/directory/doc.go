// Package directory keeps what an organisation's directory says of its people:
// users, groups, who is in which, and what a group means here. It serves CC6.2
// and CC6.3 of the product itself, and the mission's A9.
//
// It knows nothing of the protocol; internal/api/scim speaks that.
//
// Invariants:
//
//   - A directory's user is an account of package access without a password.
//     Its role is the first, in the order of the table of roles, that one of
//     its groups means; without one it is closed.
//   - Whoever the directory deactivates, deletes or takes out of the last group
//     that means something is out in the same transaction: sessions, half
//     sessions, login links, tokens, and what was hung on access.OnLeave.
//   - No change leaves the deployment without an administrator: all of it is
//     refused, and the directory is told why.
//   - What an account that was made by hand has is not taken over.
//   - An identifier is never given again: who is added again after a deletion
//     is another user.
//   - Every change is an entry in the same transaction. It names users and
//     groups by their identifiers, and says which attributes changed, never
//     what they are. Bindings hold the newest entry against the rows.
//
// Floor: stateful base. Imports access.
package directory
