// Package mail sends what people are told by SMTP. It serves mission A9.
//
// Invariants:
//   - A sending is claimed in the database before it is tried and settled after:
//     nothing is sent twice but where the program dies in between. Then the same
//     Message-ID comes again, and the log says so.
//   - What the server refuses for good (5xx) has failed, with its words; what it
//     puts off (4xx) and what does not reach it is tried again for two days, with
//     growing pauses. A refused login is the server's trouble, not a message's.
//   - Only what package dial allows is dialled. TLS is required, with a
//     certificate that holds for the name; without it only this host is spoken to.
//   - A header holds what this package wrote or what net/mail read as an address.
//     Nothing is loaded from anywhere: no picture, no mark to follow a reader by.
//   - A sending is kept under its account, never under an address. The ledger
//     holds who set the server, and each mail's result; no address, no text.
//   - The password is sealed and never shown again.
//
// Floor: edges. Imports base packages and the page of a mail from web/ui.
package mail
