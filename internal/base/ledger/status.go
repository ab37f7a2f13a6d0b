package ledger

import "time"

// Status is what the sequencer does and whether it can.
type Status struct {
	Sequencing bool          // this process numbers entries (on PostgreSQL another one may)
	Size       int64         // of the last checkpoint
	Waiting    int64         // committed entries that no checkpoint covers yet
	Err        error         // why the last round failed; nil when all is well
	Since      time.Time     // when it began to fail
	Held       time.Duration // see Log.Held
}
