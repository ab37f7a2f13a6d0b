package simulation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/simulation/sink"
)

// Places are where the parts of a data directory lie.
type Places struct {
	Database       string // "sqlite:PATH"
	Ledger         string // directory
	LedgerKey, Key string // files
	Evidence       string // directory, as the next ones
	Blobs          string
	Sink           string
	Data           string
}

// Make makes a history with its whole programme in a data directory that is
// thrown away where this fails: it waits for the disk only at its end.
func Make(ctx context.Context, plan Plan, at Places, origin, version string, progress func(day, days int, messages int64)) (err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // it makes much and keeps little: a fifth of the time was collecting
	if err := write(ctx, plan, at, origin, version, progress); err != nil {
		return err
	}
	path := strings.TrimPrefix(at.Database, "sqlite:")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be opened", path)
	}
	return errors.Join(f.Sync(), f.Close())
}

func write(ctx context.Context, plan Plan, at Places, origin, version string, progress func(day, days int, messages int64)) (err error) {
	db, err := database.Open(ctx, at.Database, database.Making)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := clock.NewManual(plan.Start())
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: at.Ledger, KeyFile: at.LedgerKey, Origin: origin, Clock: c.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	cfg := Config{DB: db, Ledger: log, Clock: c, Plan: plan, Data: at.Data, Version: version, Progress: progress}
	if cfg.Evidence, err = blobs.Open(at.Evidence); err != nil {
		return err
	}
	if cfg.Blobs, err = blobs.Open(at.Blobs); err != nil {
		return err
	}
	if cfg.Key, err = sealed.Open(at.Key); err != nil {
		return err
	}
	if cfg.Sink, err = sink.New(sink.Config{Dir: at.Sink, Clock: c.Now, Outages: Outages(plan), Unknown: Unknown()}); err != nil {
		return err
	}
	if _, _, err = Run(ctx, cfg); err != nil {
		return fmt.Errorf("make the history: %w", err)
	}
	return nil
}
