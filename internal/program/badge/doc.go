// Package badge keeps the badges of badge systems: who holds which, what it opens,
// where it was used, and what does not fit: a leaver's badge that is still active, a
// holder whom nobody knows, a use after its holder left, a zone that the holder's
// role does not have, a badge that nobody uses.
//
// Serves C7.2b (its first point), CC6.4 and A14 (leavers).
//
// Invariants:
//   - A list of holders is whole or says which lines were refused; where lines were
//     refused, a badge that is not in it is not taken to be gone.
//   - A list in which many badges would go at once changes nothing until somebody
//     else than who brought it approves it.
//   - What changed at a badge is derived from one list to the next and kept; the
//     digest of list and changes is in the ledger.
//   - Readings are rows of numbers. A day of them is one ledger entry with count and
//     digest once the day is over, and again where some came late.
//   - Whose a badge is, the register of people says: what a person said, a mail
//     address, a personnel number. A name alone only asks.
//   - A badge system whose list is older than expected says nothing: not_observed.
//
// Access reviews take badge systems as one more source (internal/program/review):
// nobody reviews themselves there, decisions are frozen, and a removal is proved by
// the next list. A second engine would have to repeat all of that.
//
// Floor: domains, over internal/base/journal and internal/program/place.
package badge
