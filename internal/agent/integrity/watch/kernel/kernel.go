// Package kernel reads what the kernel tells of changes in trees of files: by
// fanotify, which says who, or by inotify, which does not.
//
// Serves C7.1c. Invariants: events come in the order in which the kernel gives
// them, with whole paths; what was lost is an Event of its own (Lost), never
// silence. A reader holds no file of the watched trees open, so that they can
// be unmounted.
//
// Floor: edges, below agent/integrity/watch. Imports nothing of the project.
package kernel

import (
	"strings"
	"time"
)

// Op is what happened.
type Op uint16

// What can happen. An event may hold several, whose order is lost then.
const (
	Create Op = 1 << iota
	Modify
	Written // closed by somebody who could write
	Attrib
	Rename // Path became To; one of them is empty where it lies outside or is not known
	Delete
	Lost    // the kernel's queue was full, or what it named was gone: Path is the tree to look at again, empty for all
	Unmount // the file system of Path is gone
)

// Event is one thing that happened.
type Event struct {
	Op   Op
	Dir  bool // to a directory
	Deep bool // what lies below a directory may have come unseen
	Path string
	To   string
	PID  int32 // 0 is not known
	At   time.Time
}

// Place is a tree that is watched.
type Place struct {
	Root  string
	Cross bool // with the file systems mounted below it
}

// Holder tells what of a file system is watched.
type Holder interface {
	// Holds reports whether path is watched.
	Holds(path string) bool
}

// Within reports whether p is dir or lies below it.
func Within(p, dir string) bool {
	return strings.HasPrefix(p, dir) && (len(p) == len(dir) || dir == "/" || p[len(dir)] == '/')
}

func join(dir, name string) string {
	switch {
	case name == "" || name == ".":
		return dir
	case dir == "/":
		return "/" + name
	}
	return dir + "/" + name
}

// above reports whether p is a root or a directory on the way to one.
func above(roots []string, p string) bool {
	for _, r := range roots {
		if Within(r, p) {
			return true
		}
	}
	return false
}
