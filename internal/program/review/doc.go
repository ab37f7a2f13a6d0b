// Package review keeps reviews of access: a campaign freezes who may do what on
// which system, somebody else than the holder decides on each, and what is
// revoked stays open until the system itself no longer shows it.
//
// Serves A9 (CC6.2, CC6.3, CC6.1).
//
// Invariants:
//   - The items of a campaign are frozen when it begins, with their count, their
//     digest and the state of each source. A source that did not answer is
//     not_observed, never a system without accounts.
//   - Nobody decides on access of their own, nor, unless the campaign says
//     otherwise, on what they granted. Where nobody else could, what stands in for
//     a second person is recorded, and the item's attribute fails.
//   - A decision says who, when and why: a reason is asked for to revoke, to
//     change, and to keep what is flagged. What did not change since the last time
//     is shown, and decided like the rest.
//   - A revocation is closed by an observation that was made after the decision
//     and does not show the access, and by nothing else.
//   - A campaign closes when every item is decided. Closed later than due is late.
//   - Each decision and each proof is a ledger entry, bound to its row. Names,
//     accounts and reasons stay outside the ledger.
//
// Floor: domains. campaign.go, part.go, flag.go and duty.go are pure.
package review
