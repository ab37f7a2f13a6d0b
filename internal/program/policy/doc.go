// Package policy holds the organisation's policies and the templates that they
// begin from: what a policy says, statement by statement, which controls and
// checks prove each statement, who approved it, who has to read it, and who
// acknowledged which version.
//
// Serves A16 (CC1.1, CC1.4, CC2.2, CC5.3).
//
// Invariants of templates, a pack of kind "policies":
//   - Every fill-in that a text uses is declared, and every declared one is
//     used; Fill never gives a text with an open fill-in.
//   - A value is one line of text without Markdown's raw HTML, or a number
//     within its bounds.
//   - Criteria stand in the catalogue; Unlinked names each control, check and
//     parameter that other packs do not hold.
//   - The same template, version and values give the same bytes.
//
// Invariants of own policies:
//   - Versions are added, never changed. Each is bound to a ledger entry by the
//     digest of its content, and so is everything that happens to it.
//   - Nobody approves what they wrote, unless nobody else could: then what
//     stands in for a second person is recorded.
//   - People are asked about the version that is published. A material change
//     asks everybody again, an editorial one nobody who acknowledged before.
//   - An acknowledgement names the digest of what was read, and is only taken
//     with every question of that version answered right.
//   - What a statement is proved by stands in its text (see Proof), so that the
//     digest covers it.
//
// Floor: domains. template.go, fill.go, text.go and diff.go are pure.
package policy
