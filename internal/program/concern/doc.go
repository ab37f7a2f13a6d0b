// Package concern takes concerns from people of whom it keeps nothing, and lets
// named recipients examine them.
//
// Serves A21 (CC1.1, CC1.5, CC2.2, CC2.3).
//
// Invariants:
//   - Whoever reports must be let in, and is forgotten then: no row, ledger entry,
//     notice or log line of a report holds a user, a session, an address, or a moment
//     finer than a day. Ids are drawn at random; those of other packages hold the
//     millisecond.
//   - A report is written to the ledger, told to its recipients and shown to them
//     only once its day is over, those of one day in a drawn order. Otherwise the
//     place in the ledger, or watching the list, would say the minute. So it is with
//     what is added by the follow-up code.
//   - The follow-up code is shown once. Its digest is kept; who has the code is whoever
//     reported.
//   - A report is read by those to whom it was addressed: the recipients of its day,
//     without those whom it excludes. Nobody becomes its reader later unless a reader
//     hands it over; nor does a reader stop being one because the list of recipients
//     changes, so that an excluded person cannot take its readers away.
//   - Texts are sealed with the key of the data directory.
//   - The ledger says that a concern was received and that one was closed, with the day,
//     and nothing that ties the two. Retention empties the texts; the rows stay.
//
// What it cannot do: hide from whoever reads the machine's memory or watches its
// network and its files, or in an organisation in which one person was at work that
// day. docs/concerns.md says so to those who report.
//
// Deadlines follow Directive (EU) 2019/1937, Article 9: receipt is acknowledged within
// seven days, feedback is given within three months.
//
// Floor: domains. concern.go is pure.
package concern
