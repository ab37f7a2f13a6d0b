// Package bulk does one thing to many things of a list: what was chosen, a
// preview that says what will change and what cannot, the act, and its undoing.
//
// Serves A9 (bulk actions with preview and undo).
//
// Invariants:
//   - Each item is changed by the same function as by itself, with the same
//     rights, rules and ledger entry; the entry names the batch (ledger.TiedBy).
//   - The preview does it in a transaction that is taken back, so that it
//     refuses what the act would refuse, in the same words.
//   - An item that is no longer as the preview saw it is left alone, and so is one
//     that was changed again when the batch is undone.
//   - An item's change, its entry and its line are one transaction, of at most
//     perTx items. A batch that broke off goes on where it stopped; one that is
//     sent twice is done once.
//   - Undoing is a batch of its own.
//
// Floor: domains. Imports access, ledger, evidence/finding, evidence/waiver,
// operations/host, operations/component, operations/integrity, program/review.
package bulk
