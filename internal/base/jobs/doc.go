// Package jobs runs what is due later: periodic work, one-time work at an hour,
// and work that must be retried. It is never on the way from a change to a
// finding.
//
// Floor: base, stateful. Imports database.
package jobs
