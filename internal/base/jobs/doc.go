// Package jobs runs what is due later: periodic work, one-time work at an hour,
// and queued work that must be tried again. It is never on the way from a
// change to a finding; a job begins up to a second after it is due.
//
// It is a thin layer over github.com/riverqueue/river, which keeps the queue in
// the state database on both engines: on SQLite over the single writing
// connection, on PostgreSQL over database/sql. What it adds: one way to declare
// jobs, schedules that make up for what was due while the server was down, a
// row per job that says how the last run went, and a restart that goes on at
// once with what a killed process had begun (river alone waits for the longest
// time limit).
//
// Measured with river v0.31.0 on SQLite with one connection: no deadlock, also
// with a business transaction of 50 ms after another, each of which inserts a
// job (such a transaction waited at most 71 ms for the connection, mostly 5);
// idle it uses 0.6 % of one core and 12 small commits a minute, by which the
// leader says that it lives; each run of a periodic job adds four. That is
// little enough to prefer a library to a scheduler of our own.
//
// Invariants:
//
//   - Insert and RunAt are part of the caller's transaction.
//   - A periodic job never runs twice at the same time, in any process.
//   - A panic in a job is an error of that job and of nothing else.
//   - A run that was broken off because the server stops counts as not begun.
//
// Floor: base, stateful. Imports database. River's own tables are migrated
// here; job_run is in our migrations.
package jobs
