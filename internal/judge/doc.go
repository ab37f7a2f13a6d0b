// Package judge decides what an item's facts mean: it compiles an expression
// (CEL) against the typed schema of a population, and judges items with it. One
// judgement has one of six outcomes, a reason in plain words, what was read and
// what was expected.
//
// Serves C7.1b (CC7.1, point of focus 2) and, as the one engine for every
// automated judgement, all populations to come.
//
// Invariants:
//   - A name or type that the population does not have is an error when the
//     expression is compiled, with its place; never an outcome.
//   - What could not be read never passes: a missing fact makes the judgement
//     unknown unless the other facts decide it alone (three-valued logic), and
//     the worst of what was missing names the outcome: error, then not_observed,
//     then not_applicable.
//   - Every outcome other than pass has a reason.
//   - Reads lists every path that a judgement can depend on: an item that differs
//     nowhere else is judged alike.
//   - A judgement depends on the attribute and the item only: no clock, no
//     randomness, no network, a bounded cost.
//
// A missing fact is planted into the values as a CEL unknown that carries its
// state and reason, rather than declared as an attribute pattern: so it is exact
// inside lists as well (one account whose password could not be read does not
// hide another account that has none).
//
// Floor: declared (pure: no SQL, no clock). An Attribute is safe for concurrent
// use; a Schema is, once its populations are registered.
package judge
