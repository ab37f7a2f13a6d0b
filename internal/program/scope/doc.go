// Package scope says what is examined: the systems, their boundary, what was
// promised to whom and what follows from it, the categories, the kind of
// examination with its date or window, and the time zone in which days are
// counted.
//
// Serves A2, CC1.3, CC2.2, CC3.1 and description criteria 1 to 3.
//
// Invariants:
//   - Versions are added, never changed; each is bound to a ledger entry by the
//     digest of its content, and so is its approval.
//   - A version that a person wrote holds once another person approved it, from
//     its effective_from on. Where there is no other person, what stands in for
//     one is recorded with the approval.
//   - A window is [first day 00:00, day after the last 00:00) in the zone of the
//     version that holds.
//   - Categories are derived from commitments; what departs from that is flagged,
//     never hidden.
//
// The boundary is a statement; which hosts are judged is the populations' to
// say, and the screen shows where the two differ.
//
// Floor: domains.
package scope
