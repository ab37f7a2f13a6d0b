// Package control holds the organisation's controls: what it does about its
// risks, by design. A control comes from a control library (a pack of kind
// "controls"), is adopted, tailored and retired by versions that are only ever
// added, and names the checks that observe it and the points of focus that it
// addresses. How a control operates is not written here: posture derives it.
//
// The system under examination and the versions of its scope belong to the
// package scope; a Program brings them together with the controls.
//
// Serves A4 and A6; the shipped library covers CC6, CC7 and CC8.
//
// Invariants:
//   - Versions of controls are added, never changed; each is bound
//     to a ledger entry by the digest of its content.
//   - What holds at a moment is a function of the rows: newest effective_from
//     not after it, among those known by then.
//   - What the program adopted by itself is a draft until a person approves it.
//
// Floor: domains.
package control
