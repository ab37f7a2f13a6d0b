// Package wire is the one envelope in which agents, connectors and other
// sources send what they observed, the answer they get, and the requests by
// which an agent enrols and renews its certificate (mission B7, B9, C7.1b).
//
// An envelope travels as JSON, compressed with zstd, over HTTPS. A source
// numbers its envelopes per stream, 1, 2, 3, …; the answer carries the highest
// sequence up to which nothing is missing. Acknowledged means: the state commit
// of that batch on the server.
//
// Invariants: Decode never returns an envelope that Validate refuses; whatever
// bytes come in, memory stays within the limits below; an error says what is
// wrong and where.
//
// Floor: declared (pure). The agent and the server both import it.
package wire

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Version is the envelope version this program writes. It goes up when an older
// server could misread what is sent; a new optional field does not raise it.
const Version = 1

// Limits on one envelope, for both directions.
const (
	MaxCompressed   = 8 << 20  // bytes on the wire
	MaxDecompressed = 64 << 20 // bytes of JSON
	MaxItems        = 10_000
)

// The kinds this project's own programs send. A server keeps a batch of a kind
// it does not know aside instead of dropping it.
const (
	KindFacts     = "facts"     // items: facts.Section
	KindHeartbeat = "heartbeat" // one item: Heartbeat
	KindGap       = "gap"       // items: Gap
)

// Envelope is one batch of one stream of one source.
type Envelope struct {
	Version    int       `json:"version"`
	Source     string    `json:"source"`      // "src_…", as in the sender's certificate
	Stream     string    `json:"stream"`      // one numbered series of this source
	Sequence   int64     `json:"sequence"`    // from 1, without holes unless a Gap says so
	ObservedAt time.Time `json:"observed_at"` // by the sender's clock
	// ClockOffsetUs is the sender's estimate of its own clock against the
	// server's when it wrote the envelope, in microseconds; positive when the
	// sender is ahead. Nil when it has not spoken with the server yet.
	ClockOffsetUs *int64            `json:"clock_offset_us,omitempty"`
	Kind          string            `json:"kind"`
	Agent         AgentInfo         `json:"agent"`
	Items         []json.RawMessage `json:"items"` // JSON objects
}

// AgentInfo says which program wrote an envelope.
type AgentInfo struct {
	Name    string `json:"name"`    // "attesta-agent"
	Version string `json:"version"` // of the program
	OS      string `json:"os,omitempty"`
	Arch    string `json:"arch,omitempty"`
}

// Valid reports whether every field is at most 64 printable ASCII characters.
func (a AgentInfo) Valid() bool {
	for _, s := range []string{a.Name, a.Version, a.OS, a.Arch} {
		if !infoForm.MatchString(s) {
			return false
		}
	}
	return true
}

// Heartbeat is the item of a heartbeat envelope: the digests of the sections
// in force, so that the server extends coverage without facts travelling.
type Heartbeat struct {
	Sections map[string]string `json:"sections"` // section name -> digest
	Spooled  int64             `json:"spooled"`  // envelopes waiting at the agent, this one not counted
	Sample   *Sample           `json:"sample,omitempty"`
}

// Sample is how much of its capacity a host uses. It rides on one heartbeat in
// thirty: numbers that differ each time are no facts, and cost no message of their own.
type Sample struct {
	Measures []Measure         `json:"measures"`
	Missing  map[string]string `json:"missing,omitempty"` // measure -> why it could not be read
}

// Measure is one of them. Unit and meaning follow from its name; used may be more
// than the limit (load).
type Measure struct {
	Name  string `json:"m"`            // "disk.bytes"
	Place string `json:"at,omitempty"` // mount point
	Used  int64  `json:"u"`
	Limit int64  `json:"l"`
}

// Gap is an item of a gap envelope: the sender will never send First to Last
// (those the server already has stay valid).
type Gap struct {
	First    int64          `json:"first"`
	Last     int64          `json:"last"`
	Reason   string         `json:"reason"`             // plain words
	Dropped  map[string]int `json:"dropped,omitempty"`  // envelopes given up, by kind
	Sections []string       `json:"sections,omitempty"` // sections whose older states were given up; their newest state follows
}

// Ack is the answer to an accepted envelope.
type Ack struct {
	Contiguous  int64    `json:"contiguous"`            // nothing is missing up to here
	Duplicate   bool     `json:"duplicate,omitempty"`   // had been received before; nothing was done
	Quarantined string   `json:"quarantined,omitempty"` // kept aside, and why
	Resend      []string `json:"resend,omitempty"`      // sections whose facts the server does not hold
	Asks        []Ask    `json:"asks,omitempty"`        // what the server wants to know
	ReceivedUs  int64    `json:"received_us"`           // server clock when the request came in, microseconds
	AnsweredUs  int64    `json:"answered_us"`           // server clock when this answer was made, microseconds
}

var (
	streamForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	infoForm   = regexp.MustCompile(`^[ -~]{0,64}$`)
	kindForm   = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,31}$`)
)

// Negotiate says whether a reader of envelopes up to newest accepts version
// got: its own and the two before it.
func Negotiate(got, newest int) error {
	oldest := max(1, newest-2)
	switch {
	case got > newest:
		return fault.New(fault.Invalid, "the envelope has version %d; this server reads versions %d to %d", got, oldest, newest).
			At("", 0, "version").WithHint("update the server first, then the agents; the agent keeps what it could not send")
	case got < oldest:
		return fault.New(fault.Invalid, "the envelope has version %d; this server reads versions %d to %d", got, oldest, newest).
			At("", 0, "version").WithHint("update the agent on that host")
	}
	return nil
}

// Validate refuses an envelope that breaks its contract with kind Invalid,
// naming the field.
func (e *Envelope) Validate() error {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	if err := Negotiate(e.Version, Version); err != nil {
		return err
	}
	switch {
	case !ids.Valid(e.Source, "src"):
		return bad("source", "%s is no source id", quote(e.Source))
	case !streamForm.MatchString(e.Stream):
		return bad("stream", "%s is no stream name: up to 64 lower-case letters, digits, '.', '_' and '-'", quote(e.Stream))
	case e.Sequence < 1:
		return bad("sequence", "%d is no sequence: they count from 1", e.Sequence)
	case e.ObservedAt.Year() < 1970 || e.ObservedAt.Year() > 9999:
		return bad("observed_at", "the time of observation is missing or out of range")
	case !kindForm.MatchString(e.Kind):
		return bad("kind", "%s is no kind", quote(e.Kind))
	case !e.Agent.Valid():
		return bad("agent", "a field is longer than 64 bytes or not printable ASCII")
	case len(e.Items) > MaxItems:
		return bad("items", "%d items, over the limit of %d", len(e.Items), MaxItems)
	}
	for i, item := range e.Items {
		if len(item) == 0 || item[0] != '{' {
			return bad("items["+strconv.Itoa(i)+"]", "an item is a JSON object")
		}
	}
	return nil
}

// quote shows foreign text in a message, cut short.
func quote(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return strconv.Quote(s)
}
