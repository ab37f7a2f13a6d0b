// Package work says what each person must do, in one queue over everything that
// waits for somebody; who stands in for whom while away; and whom it is told when
// something stays undone.
//
// Serves A5 (tasks), A13 (monitoring tasks) and the screen "My work".
//
// Invariants:
//   - An item is derived from the records of its domain each time it is asked
//     for. Nothing is put into the queue and nothing is ticked off in it: the
//     action that finishes an item is that of its object.
//   - An item is somebody's because they own it, because their role may finish
//     it, or because they stand in for its owner. A stand-in needs the role that
//     the item asks for. The author of what waits for an approval never has the
//     item, whoever they stand in for, unless nobody else may give it.
//   - What a stand-in takes on is a record that names both.
//   - An escalation is recorded once for each item and day on which it was due.
//
// Floor: domains. It knows other domains only by Config.Sources.
package work
