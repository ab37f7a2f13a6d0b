package agent

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/attesta/attesta/internal/agent/collect"
	"github.com/attesta/attesta/internal/agent/collect/special"
	"github.com/attesta/attesta/internal/facts"
)

// specialFiles is the section that a walk over all files reads, once in an hour. What
// a watch of files tells of single ones between is put into what the walk said last.
const specialFiles = "special_files"

type specialState struct {
	last    *facts.Section  // as offered last
	raised  map[string]bool // the paths in it
	touched map[string]bool // paths that were told of since a walk began; nil: none is under way
}

// walks says that a walk begins: what it finds may be older than what is told of
// meanwhile.
func (s *specialState) walks() { s.touched = map[string]bool{} }

// walked gives what a walk found with what was told of while it walked.
func (s *specialState) walked(sec facts.Section) (facts.Section, error) {
	for p := range s.touched {
		next, _, err := lookAgain(sec, p)
		if err != nil {
			return sec, err
		}
		sec = next
	}
	s.touched = nil
	return sec, s.keep(sec)
}

// keep remembers what is offered.
func (s *specialState) keep(sec facts.Section) error {
	var v facts.SpecialFiles
	if err := json.Unmarshal(sec.Values, &v); err != nil {
		return fmt.Errorf("section %s: %w", sec.Name, err)
	}
	s.last, s.raised = &sec, map[string]bool{}
	for _, f := range v.Suid {
		s.raised[f.Path] = true
	}
	return nil
}

// touched looks at one file whose rights may be others now, and spools what that
// changes in the list of files with raised rights.
func (o *observer) touched(path string) {
	now, err := special.One(collect.Root{}, path)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil && now == nil && !o.special.raised[path] && !o.special.touched[path] {
		return // it has no raised rights, and had none
	}
	if o.special.touched != nil {
		o.special.touched[path] = true
	}
	if o.special.last == nil {
		return // the first walk will see it
	}
	next, changed, err := lookAgain(*o.special.last, path)
	if err != nil {
		o.log.warn("a file with raised rights could not be told of; the next walk does", err)
		return
	}
	if !changed {
		return
	}
	was, under := o.seen[specialFiles], o.special.touched
	if err := o.offer([]facts.Section{next}, nil); err != nil { // keeps it as what was told last
		o.log.warn("what changed could not be spooled; it is tried again", err)
		return
	}
	o.special.touched = under
	o.seen[specialFiles] = seen{digest: next.Digest, at: was.at} // the walk is due when it was
}

// lookAgain puts one file, as it is now, into what a walk said.
func lookAgain(sec facts.Section, path string) (facts.Section, bool, error) {
	var v facts.SpecialFiles
	if err := json.Unmarshal(sec.Values, &v); err != nil {
		return sec, false, fmt.Errorf("section %s: %w", sec.Name, err)
	}
	if v.Suid == nil || v.SuidCount == nil || v.Truncated == nil || *v.Truncated {
		return sec, false, nil // not known, or not whole: one file more or less says nothing
	}
	now, err := special.One(collect.Root{}, path)
	if err != nil {
		return sec, false, err
	}
	i, there := slices.BinarySearchFunc(v.Suid, path, func(f facts.SpecialFile, p string) int { return cmp.Compare(f.Path, p) })
	switch {
	case now == nil && !there, now != nil && there && v.Suid[i] == *now:
		return sec, false, nil
	case now == nil:
		v.Suid = slices.Delete(v.Suid, i, i+1)
		*v.SuidCount--
	case there:
		v.Suid[i] = *now
	default:
		v.Suid = slices.Insert(v.Suid, i, *now)
		*v.SuidCount++
	}
	next, err := facts.NewSection(sec.Name, v, sec.Missing)
	return next, err == nil, err
}
