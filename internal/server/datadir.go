package server

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// DataDir is the directory that holds everything a deployment must keep.
//
//	attesta.db      the state database (SQLite, unless another is configured)
//	ledger/         the tlog-tiles log, and nothing else
//	blobs/          content-addressed files
//	evidence/       what people brought, content-addressed as well, and only that
//	exports/        evidence packages that were made, under their SHA-256
//	sink/           of a demonstration: mail and webhooks that were not sent
//	keys/           ledger key, agents' CA: mode 0600 in a 0700 directory
//	agent/          state of the agent that runs inside `attesta up`
//	backups/        state and ledger as they were before the last migrations
//	epochs/         after a restore: the last checkpoint of the log that was backed up, and its key
//	version         which program last wrote here, and since when
//	lock            held by the one server that may write here
//	server.json     where that server is, for the second `attesta up` (0600)
type DataDir string

// Database is the location of the embedded state database.
func (d DataDir) Database() string { return "sqlite:" + filepath.Join(string(d), "attesta.db") }

// Ledger is the directory of the log.
func (d DataDir) Ledger() string { return filepath.Join(string(d), "ledger") }

// Evidence is the directory of the files that people brought.
func (d DataDir) Evidence() string { return filepath.Join(string(d), "evidence") }

// Exports is the directory of evidence packages.
func (d DataDir) Exports() string { return filepath.Join(string(d), "exports") }

// Keys is the directory of private keys.
func (d DataDir) Keys() string { return filepath.Join(string(d), "keys") }

// Blobs is the directory of content by its digest.
func (d DataDir) Blobs() string { return filepath.Join(string(d), "blobs") }

// Sink is where a demonstration keeps what it would have sent.
func (d DataDir) Sink() string { return filepath.Join(string(d), "sink") }

// Agent is the state directory of the embedded agent.
func (d DataDir) Agent() string { return filepath.Join(string(d), "agent") }

func (d DataDir) lockFile() string     { return filepath.Join(string(d), "lock") }
func (d DataDir) presenceFile() string { return filepath.Join(string(d), "server.json") }

// create makes the directory and its parts, readable by the owner alone.
func (d DataDir) create() error {
	for _, dir := range []string{string(d), d.Keys()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the data directory %s cannot be made", dir).
				WithHint("name another one with --data, or mend the permissions of its parent")
		}
	}
	return nil
}

// errHeld says that another server holds the directory.
var errHeld = errors.New("held by another server")

// lock takes the directory for this process until the file is closed or the
// process ends, however it ends.
func (d DataDir) lock() (*os.File, error) {
	f, err := os.OpenFile(d.lockFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the data directory %s cannot be written", string(d)).
			WithHint("check its owner, its mode and whether the file system is mounted read-only")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errHeld
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return f, nil
}

// presence is what a running server leaves for a second call on the same data.
type presence struct {
	URL     string `json:"url"`     // what people type
	Address string `json:"address"` // http://HOST:PORT that it listens on
	PID     int    `json:"pid"`     // for the message only
	Token   string `json:"token"`   // lets the same user ask for links and tokens
}

func (d DataDir) writePresence(p presence) error {
	body, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	tmp := d.presenceFile() + ".new"
	if err := os.WriteFile(tmp, append(body, '\n'), 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the data directory %s cannot be written", string(d))
	}
	return os.Rename(tmp, d.presenceFile())
}

func (d DataDir) readPresence() (presence, error) {
	body, err := os.ReadFile(d.presenceFile())
	if err != nil {
		return presence{}, err
	}
	var p presence
	if err := json.Unmarshal(body, &p); err != nil {
		return presence{}, fmt.Errorf("read %s: %w", d.presenceFile(), err)
	}
	return p, nil
}

// secret gives 256 random bits in URL-safe text.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails, as crypto/rand documents
	return base64.RawURLEncoding.EncodeToString(b)
}

// wroteLast gives which version last wrote here; ok is false where none noted
// itself.
func (d DataDir) wroteLast() (w wrote, ok bool, err error) {
	body, err := os.ReadFile(d.versionFile())
	if errors.Is(err, os.ErrNotExist) {
		return w, false, nil
	}
	if err != nil {
		return w, false, fault.Wrap(fault.Unavailable, err, "%s cannot be read", d.versionFile())
	}
	if err := json.Unmarshal(body, &w); err != nil || w.Version == "" {
		return w, false, errNotVersion
	}
	return w, true, nil
}

// noteVersion writes which version writes here from now on.
func (d DataDir) noteVersion(version string, at time.Time) error {
	if w, ok, err := d.wroteLast(); err == nil && ok && w.Version == version {
		return nil
	}
	body, err := json.Marshal(wrote{Version: version, At: at})
	if err != nil {
		return err
	}
	tmp := d.versionFile() + ".new"
	if err := os.WriteFile(tmp, append(body, '\n'), 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the data directory %s cannot be written", string(d))
	}
	return os.Rename(tmp, d.versionFile())
}
