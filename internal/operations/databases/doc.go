// Package databases keeps the connections to the organisation's database
// servers and lets them be read: what is read goes the way of a host's facts,
// into outcomes of the population databases.
//
// Serves C7.1b (CC7.1) and CC6.1 for databases.
//
// Invariants:
//   - A connection string is sealed before it is stored, and is never shown,
//     logged or written to the ledger; the entry holds a digest of the sealed box.
//   - A connection is added once it could be read: a database in the population
//     has outcomes.
//   - One that cannot be reached says nothing: after the grace it is silent and
//     its attributes are not observed. Why is kept beside it.
//   - Reading is the program's own; adding and removing are a person's, with an
//     entry in the transaction that does it.
//
// Floor: operations.
package databases
