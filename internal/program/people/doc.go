// Package people keeps the people of the organisation: who they are and when
// they came, changed and left, as its directories say; what is to be done for
// joiners, movers and leavers; and whether a leaver's accounts are gone from the
// systems themselves.
//
// Serves A14 and A21 (CC1.1, CC1.3, CC1.4, CC1.5, CC6.2, CC6.3).
//
// A person is no login: most people have none in Attesta, and a login of
// Attesta is one of a person's accounts.
//
// Invariants:
//   - What a source said is kept as it said it. A field of a person is what the
//     first source in their order says that says anything (see resolve).
//   - A reading is whole or it changes nothing. A source that cannot be read
//     off-boards nobody.
//   - A reading with more leavers than the bound is held; a person other than
//     whoever brought it approves it, and what is applied is what was held.
//   - Two people are one by a rule that cannot be wrong (the same entry, number
//     or address); whatever else looks like it is asked about.
//   - A leaver's access is removed when an observation says that the account is
//     gone or lets nobody in. What is not observed is said to be so. A finding
//     about it closes when a pass is observed, and by nothing else.
//   - Every change is a row of people_event and a ledger entry in the transaction
//     that makes it. Entries hold identifiers, dates and names of fields; names,
//     addresses, reasons and names of accounts are committed to.
//
// Who people are by what sources say is program/roster's to decide, and what is
// on a checklist program/checklist's. Days are days of UTC. Floor: domains. org.go
// is pure.
package people
