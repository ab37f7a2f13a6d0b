// Package checklist keeps what is to be done for joiners, movers and leavers, by
// their kind and role: items of a pack, given to a person with a day each, done,
// not applicable for a reason, or open again.
//
// Serves A14 (CC1.4, CC6.2, CC6.3).
//
// Invariants:
//   - Of a background check provider, day and class of the result are kept,
//     never what was found; where none may be made, why.
//   - Nobody does what concerns themselves, unless nobody else could and what
//     stands in for a second person is recorded.
//   - Each change is a line of the person's timeline and a ledger entry, written
//     by Config.Record in the transaction that makes it.
//
// Lists begin and end with the register: program/people calls Begin and Drop.
// Floor: domains. template.go is pure.
package checklist
