// Package baseline keeps baselines of hosts' files: asking a host for a snapshot,
// what differs since the one in force, a named person's signed approval, and whether
// the agent took it. It compares two hosts by one root, and goes down only where
// they differ.
//
// Serves C7.1c (CC7.1, CC8.1).
//
// Invariants:
//   - An agent takes a baseline for a signed approval of its own root alone; nothing
//     here makes it take one by itself.
//   - Nothing unexplained is approved along: what lies open on a host is explained or
//     undone first.
//   - Nothing is overwritten: a baseline is what its steps made of it.
//
// Floor: domains, over operations/integrity and operations/ask.
package baseline
