package server

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// keptBeforeMigration is how many backups from before migrations are kept.
const keptBeforeMigration = 3

func (d DataDir) backupTemp() string { return filepath.Join(string(d), "backup.tmp") }
func (d DataDir) ownBackups() string { return filepath.Join(string(d), "backups") }

// askedBackups is where backups go that somebody asks for while no other place
// is set: on the disk that they are to survive, which every screen says.
func (d DataDir) askedBackups() string { return filepath.Join(d.ownBackups(), "asked") }

// backupConfig says what a backup of this directory is made of.
func (d DataDir) backupConfig(db *database.DB, log *ledger.Log, version string, now clock.Clock) backup.Config {
	return backup.Config{DB: db, Log: log, Content: map[string]string{"blobs": d.Blobs(), "evidence": d.Evidence(), "exports": d.Exports()},
		Keys: d.Keys(), Temp: d.backupTemp(), Version: version, Clock: now}
}

// makeBackup makes a backup while the server runs, and records it
// (backup.make). One is made at a time.
func (p *parts) makeBackup(ctx context.Context, who access.Principal, opt backup.Options) (backup.Made, error) {
	if err := access.Authorise(who, access.BackupMake); err != nil {
		return backup.Made{}, err
	}
	return p.backups.Make(ctx, who, opt)
}

// backupCommand is the body of /-/backup.
type backupCommand struct {
	To         string   `json:"to"`
	Recipients []string `json:"recipients"`
}

func (p *parts) backupCommands(mux *doors, control presence) {
	mux.Handle("POST /-/backup", takes(p, control, func(ctx context.Context, c backupCommand) (any, error) {
		return p.makeBackup(ctx, access.System(), backup.Options{To: c.To, Recipients: c.Recipients})
	}))
}

// keepBackups makes what makes backups. A wrong setting ends the start: nobody
// should learn of it when the backup is needed.
func (p *parts) keepBackups(ctx context.Context, cfg Config) error {
	keeping := backup.Keeping{Config: p.dir.backupConfig(p.db, p.log, p.version, p.clock), Jobs: p.jobs, Dir: p.dir.askedBackups(), Also: []string{p.dir.ownBackups()}, Own: true,
		Every: cfg.BackupEvery, Keep: cfg.BackupKeep, To: cfg.BackupRecipients, Trial: filepath.Join(string(p.dir), "backup.trial"), Bindings: Bindings(), After: access.AfterRestore, Logger: p.logger}
	if cfg.BackupTo == "" && len(cfg.BackupRecipients) > 0 {
		return fault.New(fault.Invalid, "there are recipients of scheduled backups, and no place for them").At("", 0, "backup-recipients").WithHint("set backup-to as well")
	}
	if cfg.BackupTo != "" {
		if cfg.BackupEvery < time.Minute {
			return fault.New(fault.Invalid, "%s is too short between two backups", cfg.BackupEvery).At("", 0, "backup-every").WithHint("give a minute or more; 24h is usual")
		}
		if cfg.BackupKeep < 1 {
			return fault.New(fault.Invalid, "%d backups cannot be kept", cfg.BackupKeep).At("", 0, "backup-keep").WithHint("keep one or more; 14 is usual")
		}
		if _, err := backup.ParseRecipients(cfg.BackupRecipients); err != nil {
			return err
		}
		to, err := filepath.Abs(cfg.BackupTo)
		if err != nil {
			return err
		}
		if st, err := os.Stat(to); err != nil || !st.IsDir() {
			return fault.Wrap(fault.Invalid, err, "%s is no directory", to).At("", 0, "backup-to").WithHint("make it, or mount it, before the server starts")
		}
		keeping.Dir, keeping.Planned = to, true
		within, err := filepath.Rel(string(p.dir), to)
		keeping.Own = err == nil && filepath.IsLocal(within)
	}
	var err error
	p.backups, err = backup.NewService(ctx, keeping)
	return err
}

// backUpBeforeMigration copies state and ledger before a schema changes; nil
// where there is nothing yet, or nothing to change. Without room for it nothing
// is changed and the server does not start.
func (d DataDir) backUpBeforeMigration(ctx context.Context, location string, opt Options) (*backup.Made, error) {
	db, err := database.Open(ctx, location, database.AsIs)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer db.Close()
	have, newest, err := db.Version(ctx)
	if fault.Is(err, fault.NotFound) || err == nil && (have == 0 || have >= newest) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: d.Ledger(), KeyFile: ledgerKey(d), Clock: opt.Clock, Logger: opt.Logger})
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if size, _, err := ledger.HeadOf(ctx, db.Reader()); err != nil || size == 0 {
		return nil, err // nothing was ever published: nothing to keep
	}
	if err := os.MkdirAll(d.ownBackups(), 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be made", d.ownBackups())
	}
	opt.Logger.Info("the database is backed up before it is migrated", "from", have, "to", newest)
	made, err := backup.Make(ctx, d.backupConfig(db, log, opt.Version, opt.Clock), backup.Options{To: d.ownBackups(), Reason: backup.Migration})
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "the database has version %d and is to become %d, and the backup before that failed: %v", have, newest, err).
			WithHint("free some space in %s, or go on with the version that wrote it; nothing was changed", string(d))
	}
	if _, err := backup.Prune(d.ownBackups(), backup.Prefix(log.Origin()), keptBeforeMigration, opt.Clock()); err != nil {
		return nil, err
	}
	return &made, nil
}
