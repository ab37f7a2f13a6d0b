package integrity

import (
	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// Scope tells which paths the options of a snapshot are about.
type Scope struct{ s *scope }

// NewScope reads options.
func NewScope(o snapshot.Options) (*Scope, error) {
	s, err := newScope(o)
	if err != nil {
		return nil, err
	}
	return &Scope{s}, nil
}

// Roots are the paths of which none lies below another.
func (s *Scope) Roots() []string { return s.s.roots }

// Through are the paths given below another: their mounts are gone into.
func (s *Scope) Through() []string { return s.s.through }

// Holds reports whether p is looked at by a check.
func (s *Scope) Holds(p string) bool { return s.s.holds(p) }

// Compare gives the change from one state of a path to another, nil where they
// are equal. One of them may be nil: nothing is there.
func Compare(before, after *attr.Entry) *Change {
	if before == nil && after == nil {
		return nil
	}
	return newChange(before, after)
}
