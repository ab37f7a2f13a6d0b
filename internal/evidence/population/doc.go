// Package population defines populations, extracts them and holds them against
// a second source: what an auditor calls the completeness of a listing.
//
// A definition is a versioned object that somebody other than its author
// approves: source, filter, the date that decides membership, time zone, joiners
// and items in flight, exclusions. An extraction is the set of items that a
// version gives over a window, as known by a size of the ledger: count, digest,
// the items themselves as a file, and what was left out and why.
//
// Serves A19 (populations and their completeness), C7.1b and, as the ground of
// every sample, the auditor's points 7, 8 and 9.
//
// Invariants:
//   - A version's content never changes; another content is another version, a
//     draft until it is approved.
//   - The same version over the same window at the same size of the ledger gives
//     the same bytes. Sources read only what is bounded by that size.
//   - The digest of an extraction is the SHA-256 of its file: a line of
//     canonical JSON for each item, sorted by id.
//   - Nothing drops out silently: an item for which the filter cannot be answered
//     is a member and marked undecided, and what an exclusion leaves out is
//     listed with who, why and until when.
//   - An extraction is frozen: its ledger entry commits to every field of its row.
//   - The numbers of a reconciliation tie out: items = matched + only here,
//     entries = matched + only there.
//
// Floor: evidence, above base, judge and outcome. Domains register sources.
package population
