package integrity

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/text"
)

// Texts counts the texts that a snapshot keeps.
type Texts struct {
	Kept int64 `json:"kept"`
	Full int64 `json:"no_room"` // texts past the most that one snapshot keeps
}

// textOf gives the text of a file without its secrets, where it is one that may
// be kept and is what its entry says.
func textOf(e *attr.Entry) ([]byte, bool) {
	if !e.Regular() || e.Has&attr.HasDigest == 0 || e.Size > snapshot.MaxText {
		return nil, false
	}
	f, err := os.OpenFile(string(e.Path), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false // it has gone since, or is another thing: there is no text to show
	}
	defer f.Close() // read only
	b, err := io.ReadAll(io.LimitReader(f, snapshot.MaxText+1))
	if err != nil || sha256.Sum256(b) != e.Digest || !text.Keepable(string(e.Path), b) {
		return nil, false
	}
	b = text.Redact(b)
	return b, len(b) <= snapshot.MaxText
}

// keep puts the text of an entry into a snapshot that is being made.
func (t *Texts) keep(w *snapshot.Writer, match patterns, e *attr.Entry) error {
	if !match.match(e.Path) {
		return nil
	}
	b, ok := textOf(e)
	if !ok {
		return nil
	}
	switch err := w.Text(e.Path, b); {
	case errors.Is(err, snapshot.ErrTexts):
		t.Full++
	case err != nil:
		return err
	default:
		t.Kept++
	}
	return nil
}

// Lines tells what changed in the text of a file, where the one before was kept.
func (c *Change) Lines(snap *snapshot.Snapshot, before, after *attr.Entry) error {
	if before == nil || after == nil || before.Has&after.Has&attr.HasDigest == 0 || before.Digest == after.Digest {
		return nil
	}
	was, found, err := snap.Text(before.Path)
	if err != nil || !found {
		return err
	}
	is, ok := textOf(after)
	if !ok {
		return nil
	}
	c.Diff = text.Diff(was, is)
	c.SecretsOnly = c.Diff == ""
	return nil
}
