// Package standard keeps the configuration standards of the organisation: the
// packs installed, each version whole; who approved them; how they were
// tailored; and the set in force, compiled.
//
// Serves C7.1a (CC7.1, point of focus 1) and auditor's point 7 (which versions
// of checks ran).
//
// Invariants:
//   - A version of a pack has one content for ever: the same version with other
//     content is refused.
//   - In force is the newest version installed of each pack, with the newest
//     tailoring of each check. Until a named person approves it, what it says is
//     a draft.
//   - Every change of the set is a ledger entry and raises the generation, which
//     every run compares.
//
// Floor: evidence, above base, pack and judge.
package standard
