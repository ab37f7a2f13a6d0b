// Package engagement keeps examinations by an auditor: kind, date or window,
// categories, firm, the auditor's request list with what answers each request,
// and what was frozen for it.
//
// Serves A19 and A22; rows 2, 3 and 7 of what auditors ask of a tool.
//
// Invariants:
//   - A request carries two statuses: ours, and the auditor's, which only an
//     auditor sets, on screen or in their own workbook. Neither decides the other.
//   - The auditor's wording and reference stay as they were written; an import
//     that changes them says so before it is applied.
//   - Nothing here concludes: no opinion, no sample, no sample size.
//   - An auditor sees the engagements that name them and no other.
//   - Versions are added, never changed, each bound to a ledger entry by digest.
//   - The window is [first day 00:00, day after the last 00:00) in the zone that
//     the scope had when the engagement was set; it is a filter, not a wall.
//
// Floor: domains.
package engagement
