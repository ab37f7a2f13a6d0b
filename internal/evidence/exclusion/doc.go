// Package exclusion keeps what is left out: an item or a scope that a person
// left out of a population, with who, why, approved by whom and until when; and
// one register of everything that is left out, whoever decided it.
//
// Serves A19 and C7.1b: an auditor's list of every exclusion, with each
// population.
//
// Invariants:
//   - An exclusion is approved by another person than the one who asked for it,
//     and ends by itself; a year is the longest unless configured otherwise.
//   - An item that is left out is still observed and shown; it is not judged, and
//     its findings say so. From the moment the exclusion ends it is judged again.
//   - Nothing is left out silently: tailoring, a check's where, not applicable by
//     rule and retired items stand in the same register.
//
// Floor: evidence, above base and outcome.
package exclusion
