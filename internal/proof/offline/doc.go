// Package offline is the evidence package and its verification: with nothing but
// a file and keys from elsewhere, on a machine that never saw the server.
//
// A package is a zip or a directory. Verify reads it whole, once, in flat memory,
// and reports what holds and what does not, with a reason that a program can read:
// tampered, incomplete, untrusted, redactions, malformed.
//
// Invariants:
//   - nothing is believed because a package says so: keys come from Trust, which
//     comes from outside; everything else is computed again from bytes
//   - foreign bytes are bounded before they are read: names, sizes, counts,
//     ratios; what two programs could read in two ways is refused
//   - the same content gives the same bytes
//   - what cannot be verified is said in the report, never left out
//
// Serves A19; rows 1, 6, 8 and 20 of what an auditor asks for rest on it.
//
// Floor: declared. Imports proof and fault alone.
package offline
