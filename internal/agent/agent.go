// Package agent is the host agent's run loop: it reads the inventory, spools
// what changed, sends it, and keeps its certificate valid (mission B7, B9,
// B11, C7.1b). The readers are in agent/collect.
//
// Invariants:
//
//   - An envelope is on disk, synced, before it is sent, and stays there until
//     the server has acknowledged everything up to it. Its sequence is never
//     used again with other bytes.
//   - What cannot be kept is not dropped silently: a gap says which sequences
//     will never come, and the newest state of every section follows.
//   - The agent observes. It changes nothing on the host but its own state
//     directory.
//   - The server is known by the authority that the enrolment token names.
//
// Floor: edges. Imports fault, clock, config, facts, wire and agent/collect;
// never a database.
package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
)

// Config is all that an agent depends on. Zero values take the default that
// stands beside them.
type Config struct {
	State  string // required: directory of its own (made with mode 0700) for key, certificate and spool
	Server string // "https://HOST:PORT" of the agents' listener; "" takes what enrolment kept
	Token  string // enrols when State holds no certificate; "" refuses then

	// Inventory reads the named sections, all when none is named.
	Inventory func(ctx context.Context, sections ...string) ([]facts.Section, error) // collect.Inventory

	Interval  time.Duration // 60 s between whole inventories
	Quick     time.Duration // 2 s between looks at the cheap sections
	Heartbeat time.Duration // 30 s between heartbeats
	SpoolMax  int64         // 64 MiB of envelopes on disk

	HostName string       // os.Hostname
	Version  string       // of the program
	Clock    clock.Clock  // clock.System
	Logger   *slog.Logger // slog.Default()
}

// Enrolment is what an enrolled agent is known as.
type Enrolment struct {
	Source  string // "src_…"
	Server  string
	Expires time.Time // of the certificate
}

// Enrol uses cfg.Token to get a certificate for cfg.State. An agent that is
// enrolled already is kind Conflict, unless its certificate has expired.
func Enrol(ctx context.Context, cfg Config) (Enrolment, error) {
	return Enrolment{}, fault.New(fault.Unavailable, "not built yet")
}

// Run enrols where that is needed, then reports until ctx ends (nil) or the
// server refuses this agent for good (kind Forbidden: revoked; kind
// Unauthenticated: expired; kind Conflict: its state is a copy).
func Run(ctx context.Context, cfg Config) error { return fault.New(fault.Unavailable, "not built yet") }
