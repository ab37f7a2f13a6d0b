// Package factor keeps what people show beside or in place of a password: an
// authenticator app with recovery codes. It serves CC6.1 of the product itself,
// and the mission's A9.
//
// Invariants:
//
//   - A secret is shown when it is made and never again; it is stored sealed,
//     and counts for nothing before a code of it was shown.
//   - A code opens something once. The step that it belongs to is kept, and no
//     code of that step or an older one is taken after it.
//   - A recovery code is 120 random bits of which the database has the SHA-256.
//     It works once.
//   - Every attempt is counted by package access before it is looked at.
//   - The ledger says that a factor came, went or was used, and never which
//     code it was.
//
// Floor: stateful base. Imports access.
package factor
