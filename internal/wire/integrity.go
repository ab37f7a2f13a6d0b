package wire

import (
	"encoding/json"
	"time"
)

// The kinds of what an agent sees of files, and of its answers to what it was asked.
const (
	KindChanges = "changes" // items: FileChange
	KindAnswers = "answers" // items: Answer
)

// FileChange is one logical change of a path on a host, with what the host itself
// knows of where it came from. The agent judges nothing: it brings the evidence.
type FileChange struct {
	ID         string         `json:"id"`                     // of the agent's making, at most 64 of [a-z0-9]; the same change told twice has the same one
	Path       string         `json:"path"`                   // absolute
	Escaped    bool           `json:"path_escaped,omitempty"` // it is no UTF-8: \xNN is a byte, \\ a backslash
	Change     string         `json:"change"`                 // added, removed, changed, moved, exchanged, transient
	Type       string         `json:"type"`                   // file, directory, link, …
	Listing    bool           `json:"listing,omitempty"`      // of a directory: nothing but what follows from entries that came or went
	Log        string         `json:"log,omitempty"`          // of a declared log: shrunk, rewritten, gone, unknown
	Attributes []string       `json:"attributes,omitempty"`   // which changed
	Before     map[string]any `json:"before,omitempty"`       // attribute -> value, as docs/integrity.md has them
	After      map[string]any `json:"after,omitempty"`
	Diff       string         `json:"diff,omitempty"` // of a kept text, secrets redacted
	Secrets    bool           `json:"secrets_only,omitempty"`

	From   string    `json:"from,omitempty"`    // moved: the path it had
	With   string    `json:"with,omitempty"`    // exchanged: the other
	Via    []string  `json:"via,omitempty"`     // names used on the way
	Also   []string  `json:"also,omitempty"`    // other names of the same file
	PartOf string    `json:"part_of,omitempty"` // the directory that was moved in or out with it
	Below  int       `json:"below,omitempty"`   // entries that moved with a directory
	Found  string    `json:"found"`             // event, rescan, polling, start, rehash
	Events int       `json:"events,omitempty"`  // of the kernel
	Time   time.Time `json:"time"`              // of the first event, or when it was found; by the agent's clock
	Who    *Process  `json:"who,omitempty"`     // nil: a way of watching that does not say
	Others []Process `json:"others,omitempty"`

	Baseline string        `json:"baseline,omitempty"` // Merkle root of the snapshot compared with, hex
	Package  *PackageClaim `json:"package,omitempty"`  // what the host's package manager says of the path
	Runs     []RunClaim    `json:"runs,omitempty"`     // tokens that a process above the writer had presented to the agent
}

// Process is who did it. What is not known is missing, and Unknown holds why.
type Process struct {
	PID       int32             `json:"pid,omitempty"`
	Started   time.Time         `json:"started,omitzero"`
	UID       *uint32           `json:"uid,omitempty"`
	User      string            `json:"user,omitempty"`
	LoginUID  *uint32           `json:"login_uid,omitempty"`
	LoginUser string            `json:"login_user,omitempty"`
	Exe       string            `json:"exe,omitempty"`
	ExeSHA256 string            `json:"exe_sha256,omitempty"`
	ExeBefore string            `json:"exe_before,omitempty"`
	Parents   []ParentProcess   `json:"parents,omitempty"` // nearest first
	Cgroup    string            `json:"cgroup,omitempty"`
	Container string            `json:"container,omitempty"`
	Terminal  string            `json:"terminal,omitempty"`
	SSH       string            `json:"ssh,omitempty"`
	Sudo      string            `json:"sudo,omitempty"`
	Unknown   map[string]string `json:"unknown,omitempty"`
}

// ParentProcess is one of the processes above.
type ParentProcess struct {
	PID     int32     `json:"pid"`
	Exe     string    `json:"exe"`
	Started time.Time `json:"started,omitzero"` // a number alone names no process
}

// PackageClaim is what the package manager's own database says of a path that
// changed. Digest is the heart of it: a path that belongs to a package and does
// not have the content that the package has is not what the package brought.
type PackageClaim struct {
	Manager     string    `json:"manager"` // dpkg, rpm, apk
	Name        string    `json:"name"`
	Version     string    `json:"version,omitempty"`
	Before      string    `json:"version_before,omitempty"`
	Action      string    `json:"action"`               // install, upgrade, remove, configure, trigger
	Role        string    `json:"role"`                 // content (listed with a digest), listed (without one: a directory, a link), conffile, script (made while its maintainer scripts or triggers ran), database (the manager's own)
	Digest      string    `json:"digest"`               // match, mismatch, none (the manager keeps none), gone (removed with the package)
	Reason      string    `json:"reason,omitempty"`     // why digest is none or mismatch, in plain words
	Transaction string    `json:"transaction"`          // one run of the manager: equal for all changes of it; at most 64 of [a-z0-9-]
	Started     time.Time `json:"started"`              // of the transaction
	Ended       time.Time `json:"ended,omitzero"`       // zero: it ran still
	Command     string    `json:"command,omitempty"`    // "apt-get install nginx", as apt's or dnf's history has it
	By          string    `json:"by,omitempty"`         // who asked for it, as the history says: "anna (1000)"
	Origin      string    `json:"origin,omitempty"`     // where the package came from: "Debian:12/main", a file's path
	Repository  bool      `json:"repository,omitempty"` // Origin is a configured repository whose index was signed
}

// RunClaim is a token that a process presented, see package proof/permit, and how
// the writer descends from that process.
type RunClaim struct {
	Token     string    `json:"token"` // its whole text; the server verifies it
	Presented time.Time `json:"presented"`
	PID       int32     `json:"pid"` // that presented it
	Exe       string    `json:"exe,omitempty"`
}

// Ask is what a server asks an agent for, in an acknowledgement. It is asked again
// until it is answered or Until has passed; an agent does nothing that its own
// settings do not allow, and says so.
type Ask struct {
	ID    string          `json:"id"`   // "ask_…"
	Kind  string          `json:"kind"` // snapshot, drill, accept, probe
	Until time.Time       `json:"until"`
	Args  json.RawMessage `json:"args,omitempty"` // AskDrill, AskAccept, AskProbe
}

// Kinds of Ask.
const (
	AskSnapshot = "snapshot" // look at everything anew and say the root: the candidate for a baseline
	AskDrill    = "drill"    // args AskDrillArgs
	AskAccept   = "accept"   // args AskAcceptArgs
	AskProbe    = "probe"    // args AskProbeArgs
)

// AskDrillArgs names a directory of a snapshot.
type AskDrillArgs struct {
	Of   string `json:"of"`   // baseline or candidate
	Path string `json:"path"` // "" for the roots
}

// AskAcceptArgs is a signed approval: the agent takes its candidate as the baseline
// where its root is the approved one and a trusted key signed.
type AskAcceptArgs struct {
	Approval string   `json:"approval"` // see package proof/approval
	Keys     []string `json:"keys"`     // public keys of this deployment, base64
}

// AskProbeArgs are connections that an agent tries, if its settings allow it.
type AskProbeArgs struct {
	Targets []ProbeTarget `json:"targets"` // at most 1,000
	Timeout int           `json:"timeout_ms"`
}

// ProbeTarget is where to.
type ProbeTarget struct {
	Address  string `json:"address"` // IP address, never a name
	Port     int    `json:"port"`
	Protocol string `json:"protocol"` // tcp, udp
}

// Answer is an agent's answer.
type Answer struct {
	ID     string          `json:"id"` // of the ask
	Kind   string          `json:"kind"`
	At     time.Time       `json:"at"`               // when it was done
	Refuse string          `json:"refuse,omitempty"` // why it was not done: not allowed, not possible, failed
	Result json.RawMessage `json:"result,omitempty"` // SnapshotResult, DrillResult, AcceptResult, ProbeResult
}

// SnapshotResult says what a snapshot is.
type SnapshotResult struct {
	Root     string    `json:"root"` // hex
	Entries  int64     `json:"entries"`
	Files    int64     `json:"files"`
	Bytes    int64     `json:"bytes"`
	Unread   int64     `json:"unread"`   // attributes that could not be read
	Baseline string    `json:"baseline"` // root of the baseline in force, "" for none
	Made     time.Time `json:"made"`
}

// DrillResult is the digest of one directory and of what lies in it.
type DrillResult struct {
	Of      string       `json:"of"`
	Path    string       `json:"path"`
	Root    string       `json:"root"` // of the snapshot that was asked
	Digest  string       `json:"digest"`
	Entries []DrillEntry `json:"entries"`
	Cut     int          `json:"cut,omitempty"` // entries beyond the first 10,000
}

// DrillEntry is one of them; of the roots the name is the whole path.
type DrillEntry struct {
	Name    string `json:"name"`
	Escaped bool   `json:"name_escaped,omitempty"`
	Type    string `json:"type"`
	Digest  string `json:"digest"`
}

// AcceptResult says which baseline is in force now.
type AcceptResult struct {
	Root string `json:"root"`
}

// ProbeResult says what became of each target, in their order.
type ProbeResult struct {
	Probes []Probed `json:"probes"`
}

// Probed is one try.
type Probed struct {
	ProbeTarget
	State  string    `json:"state"` // open, refused, unreachable, silent (no answer in time), error
	Reason string    `json:"reason,omitempty"`
	Local  string    `json:"local,omitempty"` // address and port it was tried from
	At     time.Time `json:"at"`
	TookUs int64     `json:"took_us"`
}
