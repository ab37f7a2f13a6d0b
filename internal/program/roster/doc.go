// Package roster says who is there: it makes one person of what all sources say,
// plans what a reading changes, finds who an entry or an account is, and finds
// circles among managers.
//
// Serves A14 (CC1.3, CC6.2).
//
// Invariants:
//   - A field is what the first source in its order says that says anything.
//   - Two people are one by a rule that cannot be wrong: the same entry, number
//     or address. Whatever else looks like it is a Doubt.
//   - Employment is the word of the first source that has ever said somebody.
//   - A reading contradicts itself or is planned whole; a source that is empty,
//     or lets more people go than its bound, is Held.
//
// Days are days of UTC. Floor: domains; pure, without a clock or a database.
package roster
