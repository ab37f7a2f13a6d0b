package origin

import (
	"crypto/md5"  //nolint:gosec // dpkg keeps no other
	"crypto/sha1" //nolint:gosec // apk keeps no other
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/wire"
)

// value gives an attribute as text, "" where it is not told or was not read.
func value(m map[string]any, name string) string {
	switch v := m[name].(type) {
	case nil, attr.Unread, map[string]any:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// happened is when a change took place: of one that was found by looking, the
// time that the inode keeps.
func happened(c *wire.FileChange) time.Time {
	if c.Found == "event" || c.Change == "removed" {
		return c.Time
	}
	if t, err := time.Parse(time.RFC3339Nano, value(c.After, "ctime")); err == nil {
		return t
	}
	return c.Time
}

// content is what a file holds now.
type content struct {
	md5, sha1, sha256 string
	link              string
	isLink            bool
	isFile            bool
	why               string // why its digests say nothing of the change
}

// look reads a path: it is what the change left there, or why says that it is
// not. Links are not followed.
func (d *Describer) look(it *item, with func() hash.Hash) (content, error) {
	size := with().Size()
	if c, ok := d.waited[it.c][size]; ok {
		return c, nil
	}
	c, err := d.read(it, with)
	if err == nil && c.why == "" {
		if d.waited[it.c] == nil {
			d.waited[it.c] = map[int]content{}
		}
		d.waited[it.c][size] = c // Describe forgets it, but for what waits
	}
	return c, err
}

func (d *Describer) read(it *item, with func() hash.Hash) (out content, err error) {
	if it.c.Change == "removed" || it.c.Change == "transient" {
		return content{why: "it is not there any more"}, nil
	}
	st, err := d.cfg.Root.Lstat(it.path)
	if errors.Is(err, fs.ErrNotExist) {
		return content{why: "it is not there any more"}, nil
	}
	if err != nil {
		return content{why: "it cannot be read"}, err
	}
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		out.isLink = true
		out.link, err = d.cfg.Root.Readlink(it.path)
		return out, err
	case !st.Mode().IsRegular():
		return out, nil
	}
	out.isFile = true
	f, err := d.cfg.Root.Open(it.path)
	if err != nil {
		return content{why: "it cannot be read"}, err
	}
	defer f.Close() // for reading
	before, err := fstat(int(f.Fd()))
	if err != nil {
		return content{why: "it cannot be read"}, err
	}
	if before.Mode&unix.S_IFMT != unix.S_IFREG {
		return content{why: "it was replaced while it was looked at"}, nil
	}
	h := with()
	var to io.Writer = h
	sum := sha256.New()
	// Where the inode says what the change said, its content is what was hashed
	// then; otherwise the digest is compared.
	told := value(it.c.After, "ctime") != "" && value(it.c.After, "ctime") == time.Unix(before.Ctim.Unix()).UTC().Format(time.RFC3339Nano)
	if !told {
		to = io.MultiWriter(h, sum)
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{f}, d.buf); err != nil {
		return content{why: "it cannot be read"}, err
	}
	after, err := fstat(int(f.Fd()))
	if err != nil {
		return content{why: "it cannot be read"}, err
	}
	if after.Ctim != before.Ctim || after.Size != before.Size {
		return content{isFile: true, why: "it changed while it was read"}, nil
	}
	if was := value(it.c.After, "sha256"); !told && was != "" && was != hex.EncodeToString(sum.Sum(nil)) {
		return content{isFile: true, why: "it has changed again since"}, nil
	}
	switch text := hex.EncodeToString(h.Sum(nil)); h.Size() {
	case md5.Size:
		out.md5 = text
	case sha1.Size:
		out.sha1 = text
	case sha256.Size:
		out.sha256 = text
	}
	return out, nil
}

func fstat(fd int) (unix.Stat_t, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return st, err
}
