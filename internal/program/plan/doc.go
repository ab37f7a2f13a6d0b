// Package plan holds tasks: what somebody is to do, why, by when and after what;
// and the schedule that follows from them up to the examination.
//
// Serves A5 and A13 (monitoring tasks), and is what "My work" is built on: a task
// may be about any object, has one owner, can wait on something or somebody, be
// snoozed, commented, and return by itself.
//
// Invariants:
//   - What happened to a task is a step, added with its ledger entry in one
//     transaction; the row beside it repeats the newest step for lists.
//   - A task that closes a gap is done when the gap is gone by derivation. Where
//     somebody says so before, it is said to be done, by somebody's word, and
//     still open.
//   - Tasks that wait for each other never form a ring.
//   - The schedule is computed from tasks and the calendar; nobody types it.
//
// Floor: domains. It knows gaps only by their keys, through Config.Gaps.
package plan
