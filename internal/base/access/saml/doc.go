// Package saml lets people in by the organisation's own identity provider, with
// SAML 2.0: one way of package identity, beside OpenID Connect. It serves CC6.1
// of the product itself, and the mission's A9.
//
// Invariants:
//
//   - Nobody comes in by an answer that was not asked for. Where the settings
//     allow a tile at the provider, such an answer is dropped unread, and begins
//     a login here.
//   - Only a signed assertion counts: of the provider's metadata, with SHA-2, for
//     us as audience, recipient and destination, for this login's request, in its
//     time. What the signature covers is what is read.
//   - A message holds one assertion, at its one place, and no document type,
//     comment or instruction; its size, depth and number of elements are bounded
//     before anything is verified.
//   - An assertion opens something once: its id is kept until it has expired, in
//     the database.
//   - Who it is about is a persistent NameID or an attribute that the settings
//     name, never a mail address: addresses pass to others. An address binds an
//     account as package identity says, where the settings say that the
//     provider's people cannot set it themselves.
//   - A session ends with the provider's (SessionNotOnOrAfter), and after the
//     hours that the settings name.
//   - Our keys are sealed in the database. One signs what we ask; all open what
//     is encrypted for us, so that a key changes without a gap.
//   - Metadata is read by package dial and bounded. It never changes which
//     provider it is: people choose that.
//   - Every change is an entry in the same transaction; bindings hold the newest
//     against the rows.
//
// Floor: stateful base. Imports access, identity, dial, health and sealed.
package saml
