package integrity

import (
	"context"
	"errors"
	"io"

	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// Rolled is one look of a rolling rehash.
type Rolled struct {
	Next  string // where the next look begins; "" after the last file
	Files int64
	Found
}

// mostPaths is the most files of one look, so that the memory of a look is
// bounded whatever the budget.
const mostPaths = 2048

// Rehash reads the content of the next files of a snapshot, of at most budget
// bytes by their recorded sizes and one file at least, whatever their times
// say, and gives each change to emit. from is where the look before ended, ""
// to begin. Called again and again it reads everything, and so finds what was
// changed by somebody who set the clock back. Files of which but says so are passed
// over; nil is none.
func Rehash(ctx context.Context, snap *snapshot.Snapshot, from string, budget int64, but func(path string) bool, emit func(*Change) error) (Rolled, error) {
	var r Rolled
	c := snap.Cursor()
	if from != "" {
		if err := c.Seek([]byte(from)); err != nil {
			return r, err
		}
	}
	var only []string
	for size := int64(0); ; {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r, err
		}
		if !e.Regular() || but != nil && but(string(e.Path)) {
			continue
		}
		if len(only) > 0 && (size+e.Size > budget || len(only) == mostPaths) {
			r.Next = string(e.Path)
			break
		}
		size += e.Size
		only = append(only, string(e.Path))
	}
	if len(only) == 0 {
		return r, nil
	}
	r.Files = int64(len(only))
	var err error
	r.Found, err = Check(ctx, snap, How{Full: true, Only: only}, emit)
	return r, err
}
