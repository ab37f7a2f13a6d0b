// Package vendor keeps what others do for the organisation: which vendors there
// are, why each was chosen and by whom approved, how much hangs on it, what its
// contract promises and its reports say, which controls it expects of us and we
// of it, what it can reach, what went wrong there, and how it ended.
//
// Serves A15 (CC9.2, CC3.4, CC6.4) and C7.2b (5).
//
// Invariants:
//   - A vendor is the sequence of its records, which are only added. Each is
//     bound to a ledger entry by the digest of what it says. What a vendor is at
//     a date is folded from the records up to then.
//   - Criticality is derived from answers (pack "vendors"), with its reason.
//   - What an attribute came to (approved before purchase, reviewed in time, a
//     report over the window, …) is derived from records; nobody types it.
//   - Who asked for a vendor does not approve it, and who manages it does not
//     review it, unless nobody else could: then what stands in for a second
//     person is recorded.
//   - Three registers stay apart: what we expect of our customers, what we assume
//     at subservice organisations, and what our vendors expect of us.
//   - A vendor ends when each access is removed and what became of our data is
//     shown.
//
// Floor: domains. book.go, day.go, records*.go, fold.go, judge.go and csv.go are pure.
package vendor
