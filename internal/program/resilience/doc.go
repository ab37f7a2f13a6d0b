// Package resilience keeps the registers of what stands when something breaks: what
// is backed up, where copies lie and what runs and restores said; threats to sites
// and providers and what protects against them; where one recovers to.
//
// Serves D2 (A1.2; A1.3 for restores).
//
// Invariants:
//   - A run says only what was reported of it; a backup that was never heard of is
//     not observed, and only a run that succeeded is a copy.
//   - How old a copy is follows from runs, never from what somebody typed of it.
//   - Reports are told in the ledger with a digest over their rows; the same run
//     that is told twice stands once.
//   - Nothing is removed: what is over is ended, with a day and a reason.
//
// Floor: domains, over internal/base/journal and internal/operations/host.
package resilience
