package ledger

import (
	"github.com/attesta/attesta/internal/proof"
)

// The format of entries, checkpoints and proofs is of package proof, which an
// offline verifier needs without a database. These names are for those who
// write and read the ledger.
type (
	// Entry is what a caller puts into the ledger.
	Entry = proof.Entry
	// Record is an entry as it was read back.
	Record = proof.Record
	// Checkpoint is a signed tree head.
	Checkpoint = proof.Checkpoint
	// Proof shows somebody else that one entry is in the log.
	Proof = proof.Proof
)

const (
	// Version is the entry schema that this program writes.
	Version = proof.Version
	// MaxEntry is the most bytes that an entry may have.
	MaxEntry = proof.MaxEntry
)

// The readers of the format.
var (
	ParseEntry      = proof.ParseEntry
	ParseBundle     = proof.ParseBundle
	ParseCheckpoint = proof.ParseCheckpoint
	ParseProof      = proof.ParseProof
	NewVerifier     = proof.NewVerifier
	EncodeHash      = proof.EncodeHash
)
