// Package export makes evidence packages: what an auditor takes away and verifies
// with attesta-verify on another machine. It gathers, signs and records; it
// concludes nothing.
//
// A package is about a window (an engagement's, or any) and then holds every
// entry of the ledger in it, or about one control and then holds the records that
// the control rests on, each with its proof. What else belongs in comes from
// Sources, which the server wires: populations, posture, coverage, designs. Content
// that records name by digest goes in by itself.
//
// Serves A19; rows 1, 6, 8 and 20 of what an auditor asks for.
//
// Invariants:
//   - The same request at the same size of the ledger gives the same bytes: no
//     clock, no order of maps, no earlier package that was recorded later.
//   - Nothing is left out in silence: content that a record names and that is
//     neither there nor redacted stops the export.
//   - Personal data stays out, behind its commitments, but for the records that a
//     request names, by somebody who may.
//   - Every package is a ledger entry with its digest. A package that is not
//     recorded is removed.
//
// Floor: domains.
package export
