// Package policy holds policy templates: what a policy says, statement by
// statement, which controls and checks prove each statement, what an
// organisation fills in, and the questions that tell whether a reader
// understood. Templates are a pack of kind "policies".
//
// Serves A16 (CC5.3, CC2.2). Invariants:
//   - Every fill-in that a text uses is declared, and every declared one is
//     used; Fill never gives a text with an open fill-in.
//   - A value is one line of text without Markdown's raw HTML, or a number
//     within its bounds.
//   - Criteria stand in the catalogue; Unlinked names each control, check and
//     parameter that other packs do not hold.
//   - The same template, version and values give the same bytes.
//
// Floor: domains; what is here is pure.
package policy
