// Package webhook tells other programs what happened here: findings, approvals
// that are asked for, checks of the deployment that fail. It serves mission A9.
//
// A message is signed as the Standard Webhooks specification has it
// (github.com/standard-webhooks/standard-webhooks, 1.0.0): webhook-id,
// webhook-timestamp and webhook-signature, HMAC-SHA256 over "id.timestamp.body".
//
// Invariants:
//   - Messages are made in the transaction that moves the ledger's cursor on: each
//     record becomes part of exactly one message per webhook. They are delivered
//     at least once, in no promised order; a receiver tells a second delivery by
//     its webhook-id.
//   - Only what package dial allows is dialled, and no redirect is followed.
//   - A receiver that fails is left alone for growing times, one attempt at a
//     time, whatever waits for it; what it could not be given in a day has
//     failed, and if it took nothing at all in that day the webhook is paused.
//   - A secret is shown once, when it is made. While it is replaced both sign.
//   - A payload holds ids, numbers, links and titles that this program wrote, in
//     which a host has its name; no reason, no value that was read, no note.
//   - The ledger holds who set a webhook, and each message's result; no address.
//
// Floor: edges. Imports base packages only.
package webhook
