package backup

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"

	"golang.org/x/sys/unix"
)

// verify verifies a backup as strongly as this server can and notes how that
// ended. The live data is not touched: what is restored goes to a directory of
// its own, which is removed.
func (s *Service) verify(ctx context.Context, r Run) (Run, error) {
	r, err := s.run(ctx, r)
	if err != nil {
		return r, err
	}
	defer s.note(Progress{})
	m, err := madeByID(ctx, s.cfg.DB.Reader(), r.Backup)
	if err != nil {
		return r, s.ended(ctx, r, err)
	}
	if r.How, err = s.try(ctx, r, m); err != nil {
		return r, s.ended(ctx, r, err)
	}
	r.State, r.Ended = Done, s.cfg.Clock()
	err = s.cfg.DB.Tx(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
		if r.Entry, err = s.cfg.Log.Append(ctx, tx, ledger.Entry{Stream: stream(r.Actor), Type: VerifiedType, Actor: r.Actor, Subject: r.Backup, Outcome: "pass", Data: r.data()}); err != nil {
			return err
		}
		return putRun(ctx, tx, r)
	})
	if err != nil {
		return r, s.ended(ctx, r, err)
	}
	s.cfg.Log.Wake()
	s.cfg.Logger.Info("a backup was verified", "backup", m.ID, "how", r.How, "took", r.Ended.Sub(r.Began))
	return r, nil
}

// try opens a backup. An encrypted one can be opened by nobody here, so that its
// bytes are held against those that were written; one of PostgreSQL is read
// whole, since there is no empty database to restore it into.
func (s *Service) try(ctx context.Context, r Run, m Made) (How, error) {
	path, err := s.place(m)
	if err != nil {
		return "", err
	}
	step := func(text string) { s.note(Progress{Run: r.ID, Step: text}) }
	step("reading the file")
	if m.SHA256 != "" {
		have, n, err := s.digest(ctx, r, path, m.Packed)
		if err != nil {
			return "", err
		}
		if have != m.SHA256 {
			return Bytes, fault.New(fault.Refused, "the file is damaged: its digest is %.12s…, and %.12s… was written (%d bytes, %d were written)", have, m.SHA256, n, m.Packed).
				WithHint("bring a sound copy back, or make a new backup")
		}
	}
	if m.Encrypted {
		if m.SHA256 == "" {
			return Bytes, fault.New(fault.Conflict, "the backup is encrypted and was made before digests of files were kept").WithHint("where the identity is: attesta backup verify FILE --identity-file key.txt")
		}
		return Bytes, nil
	}
	if s.cfg.DB.Dialect == database.Postgres {
		step("holding each file against the manifest")
		man, err := Verify(ctx, path, nil)
		if err != nil {
			return Read, err
		}
		return Read, same(m, man)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(s.cfg.Trial), &st); err != nil {
		return Restored, fault.Wrap(fault.Unavailable, err, "the file system of %s does not answer", filepath.Dir(s.cfg.Trial))
	}
	if free := int64(st.Bavail) * st.Bsize; free < m.Bytes+m.Bytes/10+s.cfg.Spare {
		return Restored, fault.New(fault.Unavailable, "there are %d MiB free in %s; to restore this backup for a trial takes %d, and %d are to stay free", free>>20, filepath.Dir(s.cfg.Trial), (m.Bytes+m.Bytes/10)>>20, s.cfg.Spare>>20).
			WithHint("free some space, or restore it on another machine: attesta restore FILE --data DIR")
	}
	back, err := Restore(ctx, RestoreOptions{From: path, To: s.cfg.Trial, Bindings: s.cfg.Bindings, After: s.cfg.After, Clock: s.cfg.Clock, Progress: step})
	err = errors.Join(err, os.RemoveAll(s.cfg.Trial))
	if err != nil {
		return Restored, err
	}
	if back.Verified.Size != m.Ledger.Size || back.Verified.Root != m.Ledger.Root {
		return Restored, fault.New(fault.Refused, "the ledger in the backup has %d entries and another root than the %d that were backed up", back.Verified.Size, m.Ledger.Size)
	}
	return Restored, same(m, back.Manifest)
}

// same holds a manifest that was read against what the ledger's record says.
func same(m Made, man Manifest) error {
	switch {
	case man.Digest != m.Manifest:
		return fault.New(fault.Refused, "the file is another backup: its manifest is %.12s…, not %.12s…", man.Digest, m.Manifest).WithHint("somebody put another file in its place")
	case int64(len(man.Files)) != m.Files || man.Bytes() != m.Bytes:
		return fault.New(fault.Refused, "the backup holds %d files with %d bytes; %d with %d were recorded", len(man.Files), man.Bytes(), m.Files, m.Bytes)
	}
	return nil
}

func (s *Service) digest(ctx context.Context, r Run, path string, total int64) (text string, n int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, fault.Wrap(fault.Unavailable, err, "the file %s cannot be read: %v", path, err)
	}
	defer f.Close()
	h, buffer := sha256.New(), make([]byte, 1<<20)
	for {
		k, err := following{ctx, f}.Read(buffer)
		h.Write(buffer[:k]) // never fails
		n += int64(k)
		s.note(Progress{Run: r.ID, Step: "reading the file", Done: n, Total: max(total, n)})
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), n, nil
		}
		if err != nil {
			return "", n, fmt.Errorf("read %s: %w", path, err)
		}
	}
}
