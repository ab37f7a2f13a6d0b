// Package outcome keeps what was judged: runs, changes of outcomes, the step
// functions of their counts, which items a population holds, and when a source
// was heard. It knows items, sources and sections; what an item is in the
// world, and which standard declares a check, it does not know.
//
// Serves C7.1b (CC7.1) and the evidence side of every automated control.
//
// Two times stand on everything. Valid time is when something was observed;
// known time is a size of the ledger: what stands in entries with a smaller
// index was known.
//
// Invariants:
//   - Outcomes are append-only rows; a row is written when an outcome changes.
//     A correction (a late batch) is a later row at an earlier valid time.
//   - For every moment V and ledger size K the sum of the steps equals a scan of
//     the outcomes.
//   - A run is one ledger entry that commits to its changed outcomes by digest;
//     Binding recomputes it from the rows.
//   - What was not observed is never stored as such by silence: it is inherited,
//     when read, from the intervals in which the source was heard.
//   - An item that left its population has no outcomes from then on, and none is
//     taken away from before.
//
// Floor: evidence, above base, judge and facts; below program and operations.
package outcome
