// Package simulation makes up an organisation: hosts that join, drift, are
// mended, fall silent, are patched and leave over months, and people who approve
// and take on what is found. Tests, benchmarks, pictures and demonstrations
// stand on it.
//
// Serves A4 and C7.1b: what is said of posture at any date, and how fast, is
// shown on a history that nobody wrote by hand.
//
// Invariants:
//   - Everything goes in as real data does: batches through
//     host.ReceiveFacts and ReceiveHeartbeat in transactions, decisions through
//     the services with a named person, each with its ledger entry. Nothing is
//     written around them.
//   - What goes wrong is what the shipped standards say can go wrong: a drift is
//     the difference between a host in good order and a failing fixture of a
//     check. A new check drifts without a line here.
//   - The same plan gives the same story: every choice is drawn from the seed.
//     Ids and salts are random, as they are in life.
//   - The clock is the caller's and only goes forward; at the end it stands at
//     the plan's end.
//
// Heartbeats are as far apart as the plan says, and the grace with which the
// history is written is longer than that: a year of one every thirty seconds
// would say no more. Silence shorter than a beat does not occur in it.
//
// Floor: edges. It brings data in, as ingest does, and is told nothing of screens.
package simulation
