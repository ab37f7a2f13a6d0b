// Package passkey keeps passkeys (WebAuthn): a key pair on a person's device
// that the device uses only after it has verified its owner. A passkey opens a
// session by itself, stands beside a password as the second factor, and shows
// once more who is in a session. It serves CC6.1 of the product itself, and the
// mission's A9.
//
// Invariants:
//
//   - Relying party and origin come from the configured public address, never
//     from a request. Where that address has no name (an IP address), or is
//     neither HTTPS nor localhost, there are no passkeys, and the service says so.
//   - The owner is verified by the device at every use: user verification is
//     required, so that a passkey counts as both factors.
//   - A challenge is held here, for one purpose, one user and one session, is
//     taken out before it is looked at, and ends by this package's own clock.
//     The library's own expiry is not used: its zero value means for ever, and
//     it reads another clock.
//   - A signature counter that does not go forward may mean a copy: the login is
//     refused, the ledger says so, and the passkey opens nothing from then on.
//   - Every attempt is counted by package access before it is looked at.
//   - The name that its owner gave a passkey stands in its row, not in the ledger.
//
// Floor: stateful base. Imports access.
package passkey
