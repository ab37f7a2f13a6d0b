// Package committee keeps who oversees: the board and its committees with their
// charters and members, why each member is independent or not, their meetings with
// papers, attendance, minutes and decisions, and what they declared.
//
// Serves A13 (the committee for risks) and the board side of A21 (CC1.2, CC2.2,
// CC4.2, CC5.3).
//
// Invariants:
//   - A committee and a meeting are the sequence of their records. Who was a member
//     on a day, and whether independent, is folded from them.
//   - Independence is said with its reason and from which day; nobody is
//     independent by default.
//   - A charter is approved by another person than who wrote it. Minutes are
//     approved by the chair who was in the chair at the meeting, never by who wrote
//     them; where the chair has no account, what shows the chair's word is recorded
//     by another person than the writer.
//   - A meeting without its quorum decides nothing. Who declared a conflict about a
//     matter is not counted for it and does not vote on it.
//
// Floor: domains. committee.go, meeting.go and judge.go are pure.
package committee
