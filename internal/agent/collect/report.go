package collect

import (
	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/facts"
)

// needsRoot starts the reason of every fact that only root can read.
const needsRoot = missing.NeedsRoot

// report gathers what a reader could not have; package missing says how.
type report struct{ missing.List }

func (r *report) add(path string, state facts.State, reason string) { r.Add(path, state, reason) }

func (r *report) absent(path, format string, args ...any) { r.Absent(path, format, args...) }

func (r *report) notObserved(path, format string, args ...any) { r.NotObserved(path, format, args...) }

func (r *report) failed(path string, err error) { r.Failed(path, err) }

func (r *report) unless(path string, err error, format string, args ...any) bool {
	return r.Unless(path, err, format, args...)
}

func (r *report) section(name string, values any) (facts.Section, error) {
	return r.Section(name, values)
}
