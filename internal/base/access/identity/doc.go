// Package identity lets people in by the organisation's own identity provider,
// with OpenID Connect: the authorization code flow with PKCE, state and nonce.
// It serves CC6.1 of the product itself, and the mission's A9 and A11.
//
// Invariants:
//
//   - An account is found by (issuer, subject). An address finds it once, when
//     it is bound: only where the provider says that it verified the address,
//     the address is of an allowed domain, and the account has no identity of
//     that issuer yet. Administrators and directories set an account's address,
//     its owner does not. A closed account is not bound, and who leaves is
//     unbound.
//   - Where the provider does not verify addresses, whoever is in a session and
//     has just shown it connects their own login, asked anew by the provider.
//   - A login that was begun stands sealed in a cookie of the browser that began
//     it, for ten minutes, and opens something once. Which came back is kept in
//     memory: after a restart the provider's code, which it takes once, still
//     stands in the way.
//   - A second factor that somebody has here is asked for after the provider
//     too, unless the settings say that the provider asks for both.
//   - Only an ID token with an asymmetric signature of the issuer's keys counts,
//     for this client alone, with this login's nonce.
//   - A proof of who is in a session is one with an auth_time after it was asked
//     for, of an identity of that session's account.
//   - The client's secret is sealed in the database, shown to nobody, and never
//     sent to another issuer than it was entered for.
//   - The provider takes nobody's password or passkey away: when it is down,
//     those still let in.
//   - What is asked of the provider goes by package dial, in a bounded number
//     at a time, and its answers are bounded.
//   - Every change is an entry in the same transaction, without names and
//     subjects; bindings hold the newest against the rows.
//
// Floor: stateful base. Imports access, dial and sealed.
package identity
