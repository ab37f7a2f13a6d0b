// Package calendar says what happens when: audits, controls to perform, reviews,
// tests and exercises that somebody planned, and freezes in which nothing is to
// change; and where a new test disrupts least.
//
// Serves A13 (audits and tests planned with least disruption) and A5.
//
// Invariants:
//   - What other parts of the programme owe is derived each time (Config.Sources);
//     only what people plan here is stored: freezes, tests and exercises.
//   - A day is a day of the organisation's zone. Events are whole days, so that no
//     change of the clocks moves one.
//   - A test that falls into a freeze of its systems is refused with the next free
//     days, unless somebody says why it is done all the same.
//   - A feed shows what its person may see at the moment it is read, and nothing
//     once it is revoked or the account is disabled. Of its secret only a digest
//     is stored.
//
// Floor: domains. It knows other domains only by Config.Sources.
package calendar
