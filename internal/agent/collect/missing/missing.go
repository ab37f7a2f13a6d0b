// Package missing gathers what a reader of facts could not have, each with one
// of three states and a reason in words.
//
// Serves C7.1b. Invariants: a reason is one line of at most 400 bytes and valid
// UTF-8; what only root may read says so first; a file that is not there is
// never mixed up with one that could not be read.
//
// Floor: edges, below agent/collect. Imports facts.
package missing

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// NeedsRoot starts the reason of every fact that only root can read.
const NeedsRoot = "needs root"

// List gathers what one reader could not have. Its zero value is empty.
type List struct{ missing []facts.Missing }

// Add says that the fact at a JSON Pointer of the section is missing.
func (l *List) Add(path string, state facts.State, reason string) {
	reason = strings.Join(strings.Fields(strings.ToValidUTF8(reason, "\ufffd")), " ")
	if len(reason) > 400 {
		reason = strings.ToValidUTF8(reason[:400], "") + "…"
	}
	l.missing = append(l.missing, facts.Missing{Path: path, State: state, Reason: reason})
}

// Absent: the software or object is not there.
func (l *List) Absent(path, format string, args ...any) {
	l.Add(path, facts.Absent, fmt.Sprintf(format, args...))
}

// NotObserved: it cannot be known on this host.
func (l *List) NotObserved(path, format string, args ...any) {
	l.Add(path, facts.NotObserved, fmt.Sprintf(format, args...))
}

// Failed: it is there and could not be read.
func (l *List) Failed(path string, err error) {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			l.Add(path, facts.Error, NeedsRoot+": "+pe.Path)
		} else {
			l.Add(path, facts.Error, NeedsRoot+": "+err.Error())
		}
		return
	}
	l.Add(path, facts.Error, err.Error())
}

// Unless tells a file that is not there (absent, with the sentence given) from
// one that could not be read. It reports whether err is nil.
func (l *List) Unless(path string, err error, format string, args ...any) bool {
	switch {
	case err == nil:
		return true
	case tree.Gone(err):
		l.Absent(path, format, args...)
	default:
		l.Failed(path, err)
	}
	return false
}

// Section ends a reader.
func (l *List) Section(name string, values any) (facts.Section, error) {
	return facts.NewSection(name, values, l.missing)
}
