package collect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// needsRoot starts the reason of every fact that only root can read.
const needsRoot = "needs root"

// report gathers what a reader could not have.
type report struct{ missing []facts.Missing }

func (r *report) add(path string, state facts.State, reason string) {
	reason = strings.Join(strings.Fields(strings.ToValidUTF8(reason, "\ufffd")), " ")
	if len(reason) > 400 {
		reason = strings.ToValidUTF8(reason[:400], "") + "…"
	}
	r.missing = append(r.missing, facts.Missing{Path: path, State: state, Reason: reason})
}

// absent: the software or object is not there.
func (r *report) absent(path, format string, args ...any) {
	r.add(path, facts.Absent, fmt.Sprintf(format, args...))
}

// notObserved: it cannot be known on this host.
func (r *report) notObserved(path, format string, args ...any) {
	r.add(path, facts.NotObserved, fmt.Sprintf(format, args...))
}

// failed: it is there and could not be read.
func (r *report) failed(path string, err error) {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			r.add(path, facts.Error, needsRoot+": "+pe.Path)
		} else {
			r.add(path, facts.Error, needsRoot+": "+err.Error())
		}
		return
	}
	r.add(path, facts.Error, err.Error())
}

// unless tells a file that is not there (absent, with the sentence given) from
// one that could not be read. It reports whether err is nil.
func (r *report) unless(path string, err error, format string, args ...any) bool {
	switch {
	case err == nil:
		return true
	case tree.Gone(err):
		r.absent(path, format, args...)
	default:
		r.failed(path, err)
	}
	return false
}

// section ends a reader.
func (r *report) section(name string, values any) (facts.Section, error) {
	return facts.NewSection(name, values, r.missing)
}
