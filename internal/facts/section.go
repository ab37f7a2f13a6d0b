// Package facts says what is known about a host and how it travels: the fact
// registry (registry.yaml), the sections that agents send, how a section is
// decoded and compared.
//
// A fact is a value at a path of a section, declared once in registry.yaml
// with type, unit and how it is read; Go types, CEL types and docs/facts.md
// are generated from that file. A fact that could not be had is never left
// out silently: it is Missing, with a state and a reason.
//
// Serves C7.1b (conformity of hosts), C7.1d and B11. Mission C7.1a, C7.1b.
//
// Invariants: a section's digest covers its values and what is missing; equal
// digests mean equal facts. Decode accepts facts that are newer than the
// registry and lists them; it never drops or guesses. No password, hash or
// key material is a fact.
//
// Floor: pure, above base. Imports fault only; no SQL, no host access.
package facts

import "encoding/json"

// State says why a fact could not be had.
type State string

// The states of a missing fact, worst first as a judgement ranks them.
const (
	Error       State = "error"        // permission, syntax, a failing tool
	NotObserved State = "not_observed" // cannot be known on this host
	Absent      State = "absent"       // the software or object is not there: not_applicable
)

// Missing says which fact could not be had and why. Path is a JSON Pointer
// within the section ("" is all of it). Where Values hold an object at Path,
// the fields that are there are known and the others are missing.
type Missing struct {
	Path   string `json:"path"`
	State  State  `json:"state"`
	Reason string `json:"reason"`
}

// Section is what one reader produced, as it travels and is stored.
type Section struct {
	Name     string          `json:"section"`
	Registry int             `json:"registry"`          // version of the registry that the agent was built with
	Values   json.RawMessage `json:"values"`            // canonical JSON, nested as the registry declares it
	Missing  []Missing       `json:"missing,omitempty"` // sorted by path
	Digest   string          `json:"digest"`            // SHA-256 over Values and Missing, hex
}

// Decoded is a section that was held against the registry. Values hold only
// int64, string, bool, []any and map[string]any. Missing is spelled out:
// where a section says that an object is missing and yet gives some of its
// fields, here each other field has its own entry.
type Decoded struct {
	Name    string
	Values  map[string]any
	Missing []Missing
	Unknown []string // JSON Pointers of facts that this registry does not declare, kept unjudged
}
