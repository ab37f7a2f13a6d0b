package ledger

import (
	"context"
	"time"
)

// Status is what the sequencer does and whether it can.
type Status struct {
	Sequencing bool          // this process publishes (on PostgreSQL another one may)
	Size       int64         // entries that the last checkpoint covers
	Waiting    int64         // committed entries that no checkpoint covers yet
	Err        error         // why publishing fails; nil when all is well
	Since      time.Time     // since when it fails
	Held       time.Duration // see Log.Held
}

// Status tells how publishing goes, for health pages.
func (l *Log) Status(ctx context.Context) (Status, error) {
	l.statusMu.Lock()
	st := l.status
	l.statusMu.Unlock()
	st.Held = l.Held()
	head, err := lastCheckpoint(ctx, l.cfg.DB.Reader())
	if err != nil {
		return st, err
	}
	st.Size = head.size
	st.Waiting, err = waitingCount(ctx, l.cfg.DB.Reader(), head.size)
	return st, err
}

// report keeps the outcome of a round and tells about changes of it.
func (l *Log) report(sequencing bool, err error) {
	l.statusMu.Lock()
	before := l.status
	l.status.Sequencing, l.status.Err = sequencing, err
	if err == nil {
		l.status.Since = time.Time{}
	} else if before.Err == nil {
		l.status.Since = l.cfg.Clock()
	}
	now := l.status
	l.statusMu.Unlock()
	if (before.Err == nil) == (err == nil) {
		return
	}
	if err != nil {
		l.cfg.Logger.Error("the ledger cannot publish; entries stay in the database and are tried again", "error", err)
	} else {
		l.cfg.Logger.Info("the ledger publishes again", "failed_since", before.Since)
	}
	if l.cfg.OnStatus != nil {
		now.Held = l.Held()
		l.cfg.OnStatus(now)
	}
}
