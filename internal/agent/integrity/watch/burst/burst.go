// Package burst makes logical changes out of what the kernel tells: a file
// that is written beside its place and renamed into it is one change of one
// file, however many events that was.
//
// Serves C7.1c. Invariants: it is a pure function of events and the time given;
// every path of every event is in exactly one Logical, as what changed, as
// where that came from, or as what was used on the way. Nothing is held longer
// than Most, and Hold before that where a name says that it is on its way to
// another.
//
// Floor: edges, below agent/integrity/watch. Imports watch/kernel.
package burst

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

// Logical is one change as a person would say it.
type Logical struct {
	Path  string
	From  string   // the name that what is at Path had before, empty for none
	With  string   // it changed places with what is there
	Via   []string // names that came and went on the way
	Op    kernel.Op
	Dir   bool
	Deep  bool    // look at what lies below as well
	Born  bool    // it did not exist before
	Gone  bool    // by the events it is not there any more
	Way   bool    // and it was the way of another change: told there, unless it had been there before
	PIDs  []int32 // who had a hand in it, the last at its path first
	First time.Time
	Last  time.Time
	Count int // events
}

// maxPIDs is how many processes one change names.
const maxPIDs = 4

// Times are how long is waited.
type Times struct {
	Quiet time.Duration // after the last event
	Most  time.Duration // after the first, whether it is quiet or not
	Hold  time.Duration // for a name that is on its way to another, as package managers use them
}

// node is one path with events.
type node struct {
	path  string
	group *group
	from  string // where the object came from that is at path, by its first name
	with  string
	via   []string
	op    kernel.Op
	dir   bool
	deep  bool
	was   tri // whether something was there before the first event
	is    bool
	born  bool // what is there now was made in this burst
	pids  []int32
	first time.Time
	last  time.Time
	count int
	to    string // where a package manager renames it, "" for an ordinary name
	used  bool   // part of another change, no longer one of its own
	way   bool   // the same, but something may have been there before
}

type tri uint8

const (
	unknown tri = iota
	no
	yes
)

// group are paths that are told together.
type group struct {
	nodes []*node
	first time.Time
	last  time.Time
}

// Machine holds what is not told yet. It belongs to one goroutine.
type Machine struct {
	times   Times
	nodes   map[string]*node
	groups  map[*group]struct{}
	passing map[place][]*node // what came and went, by who and where
	half    *kernel.Event     // of a rename, which waits for the other
	moved   [2]string         // the last rename
	next    time.Time         // no group is due before
}

type place struct {
	pid int32
	dir string
}

// New makes one.
func New(t Times) *Machine {
	return &Machine{times: t, nodes: map[string]*node{}, groups: map[*group]struct{}{}, passing: map[place][]*node{}}
}

// Len is how many paths are held.
func (m *Machine) Len() int { return len(m.nodes) }

// Feed takes the next event.
func (m *Machine) Feed(e kernel.Event) {
	if h := m.half; h != nil {
		m.half = nil
		if e.Op&kernel.Rename != 0 && e.Path == "" && e.PID == h.PID && e.Dir == h.Dir {
			e.Path, e.Deep = h.Path, e.Deep || h.Deep
		} else {
			m.feed(*h)
		}
	}
	if e.Op&kernel.Rename != 0 && e.To == "" {
		m.half = &e
		return
	}
	m.feed(e)
}

func (m *Machine) feed(e kernel.Event) {
	if e.Op&kernel.Rename != 0 {
		m.rename(e)
		return
	}
	m.moved = [2]string{}
	n := m.at(e.Path, e)
	if e.Op&kernel.Create != 0 {
		if n.was == unknown {
			n.was = no
		}
		n.is, n.born, n.from, n.used, n.way = true, true, "", false, false
	}
	if e.Op&(kernel.Modify|kernel.Written|kernel.Attrib) != 0 && e.Op&kernel.Create == 0 {
		if n.was == unknown {
			n.was = yes
		}
		if e.Op&kernel.Delete == 0 {
			n.is, n.used, n.way = true, false, false
		}
	}
	if e.Op&kernel.Delete != 0 {
		if n.was == unknown {
			n.was = yes
		}
		n.is, n.born = false, false
		if n.was == no {
			m.pass(n)
		}
		m.part(n)
	}
	n.deep = n.deep || e.Deep
}

// part ends what was taken to be an exchange: what came after it is all that
// stays.
func (m *Machine) part(n *node) {
	if o := m.nodes[n.with]; n.with != "" && o != nil {
		o.with = ""
	}
	n.with = ""
}

// at gives the node of a path for an event.
func (m *Machine) at(p string, e kernel.Event) *node {
	n := m.nodes[p]
	if n == nil {
		n = &node{path: p, first: e.At, to: target(p)}
		n.group = &group{nodes: []*node{n}, first: e.At}
		m.nodes[p] = n
		m.groups[n.group] = struct{}{}
		if o := m.nodes[n.to]; n.to != "" && o != nil {
			m.merge(o, n)
		}
		for _, suffix := range waySuffixes {
			if o := m.nodes[p+suffix]; o != nil {
				m.merge(n, o)
			}
		}
		// An editor makes and removes files beside what it changes.
		if near := m.passing[place{e.PID, path.Dir(p)}]; e.PID != 0 && len(near) > 0 && len(near) <= maxPassing {
			for _, t := range near {
				m.merge(n, t)
			}
		}
	}
	n.op |= e.Op
	n.dir = n.dir || e.Dir
	n.count++
	n.last, n.group.last = e.At, e.At
	if e.PID != 0 && !slices.Contains(n.pids, e.PID) {
		if n.pids = append(n.pids, e.PID); len(n.pids) > maxPIDs {
			n.pids = slices.Delete(n.pids, 1, 2) // the first and the last ones
		}
	}
	due := m.due(n.group)
	if m.next.IsZero() || due.Before(m.next) {
		m.next = due
	}
	return n
}

// maxPassing is how many files that came and went are taken to belong to the
// change of another beside them. Of more each is told by itself.
const maxPassing = 8

// pass notes a path that came and went.
func (m *Machine) pass(n *node) {
	if len(n.pids) == 0 {
		return
	}
	k := place{n.pids[len(n.pids)-1], path.Dir(n.path)}
	if list := m.passing[k]; len(list) <= maxPassing && !slices.Contains(list, n) {
		m.passing[k] = append(list, n)
	}
}

func (m *Machine) merge(a, b *node) {
	if a.group == b.group {
		return
	}
	g, old := a.group, b.group
	for _, n := range old.nodes {
		n.group = g
	}
	first := old.first
	if len(old.nodes) == 1 && b.to != "" {
		first = old.last // it was held: what it waited does not count
	}
	if len(g.nodes) == 1 && a.to != "" {
		g.first = g.last
	}
	if first.Before(g.first) {
		g.first = first
	}
	g.nodes = append(g.nodes, old.nodes...)
	if old.last.After(g.last) {
		g.last = old.last
	}
	delete(m.groups, old)
}

func (m *Machine) rename(e kernel.Event) {
	switch {
	case e.Path == "": // from outside
		n := m.at(e.To, e)
		m.part(n)
		n.is, n.born, n.from, n.used, n.deep = true, true, "", false, n.deep || e.Dir
		return
	case e.To == "": // to outside
		n := m.at(e.Path, e)
		if n.was == unknown {
			n.was = yes
		}
		m.part(n)
		n.is, n.born, n.from, n.deep = false, false, "", n.deep || e.Dir
		if n.was == no {
			m.pass(n)
		}
		return
	}
	known := m.nodes[e.Path] != nil
	a, b := m.at(e.Path, e), m.at(e.To, e)
	m.merge(b, a)
	if !known && a.was == unknown {
		a.was, a.is = yes, true
	}
	if m.moved == [2]string{e.To, e.Path} {
		// There and back in one breath: an exchange, or a return. Which it was the
		// inodes say.
		a.with, b.with, a.from, b.from = b.path, a.path, "", ""
		mine := func(p string) bool { return p == a.path || p == b.path }
		a.via, b.via = slices.DeleteFunc(a.via, mine), slices.DeleteFunc(b.via, mine)
		for _, n := range []*node{a, b} {
			n.is, n.used, n.way = true, false, false
			if n.was == unknown {
				n.was = yes
			}
		}
		a.deep, b.deep = a.deep || e.Dir, b.deep || e.Dir
		m.moved = [2]string{}
		return
	}
	m.part(a)
	m.part(b)
	m.moved = [2]string{e.Path, e.To}
	b.is, b.used, b.way = true, false, false
	b.born, b.from = a.born, ""
	if a.born || a.from != "" {
		// Made or brought here in this burst and now at its place: a was only a way.
		b.via = appendNew(b.via, a.via...)
		if a.was != yes && a.path != b.path {
			b.via = appendNew(b.via, a.path)
			a.used, a.way = a.was == no, true
		}
	}
	switch {
	case a.from == b.path: // back again
	case a.from != "":
		b.from = a.from
	case !a.born:
		b.from = a.path
	}
	b.deep = b.deep || e.Dir || a.deep
	if e.Dir {
		m.carry(a.path, b)
	}
	a.is, a.born, a.from, a.via = false, false, "", nil
	b.count += a.countOver()
}

// carry hands events below a directory that was renamed on to where it is now,
// below which all is looked at.
func (m *Machine) carry(from string, to *node) {
	for p, n := range m.nodes {
		if p != from && kernel.Within(p, from) && n != to {
			m.merge(to, n)
			to.count += n.count
			n.count, n.used = 0, true
		}
	}
}

// countOver hands the events of a way on to what it led to.
func (n *node) countOver() int {
	if !n.used {
		return 0
	}
	c := n.count - 1
	n.count = 0
	return max(c, 0)
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// target gives the name to which a package manager renames a name that it
// writes to before, or "" for a name that is not of that kind.
func target(p string) string {
	dir, name := path.Split(p)
	for _, suffix := range waySuffixes {
		if bare, ok := strings.CutSuffix(name, suffix); ok && bare != "" {
			return dir + bare
		}
	}
	i := strings.LastIndexByte(name, ';') // rpm: name;5f3a1b2c
	if i > 0 && len(name)-i == 9 && strings.Trim(name[i+1:], "0123456789abcdef") == "" {
		return dir + name[:i]
	}
	if strings.HasPrefix(name, ".apk.") {
		return dir // by a digest: it may become any
	}
	return ""
}

var waySuffixes = []string{".dpkg-new", ".dpkg-tmp"}

func (m *Machine) due(g *group) time.Time {
	at := g.last.Add(m.times.Quiet)
	if most := g.first.Add(m.times.Most); most.Before(at) {
		at = most
	}
	if len(g.nodes) == 1 && g.nodes[0].to != "" && g.nodes[0].is {
		at = g.first.Add(m.times.Hold)
	}
	return at
}

// Next is when something is due, and whether anything is held.
func (m *Machine) Next() (time.Time, bool) {
	if m.half != nil {
		return m.half.At.Add(m.times.Quiet / 2), true
	}
	return m.next, len(m.groups) > 0
}

// Due gives what is to be told by now, the oldest first.
func (m *Machine) Due(now time.Time) []Logical {
	if h := m.half; h != nil && (!now.Before(h.At.Add(m.times.Quiet/2)) || now.Before(h.At)) {
		m.half = nil
		m.feed(*h)
	}
	if len(m.groups) == 0 || now.Before(m.next) && now.Sub(m.next) > -m.times.Hold {
		return nil
	}
	var ready []*group
	m.next = time.Time{}
	for g := range m.groups {
		// A clock that went back must not hold anything for ever.
		if at := m.due(g); now.Before(at) && !now.Before(g.first) {
			if m.next.IsZero() || at.Before(m.next) {
				m.next = at
			}
			continue
		}
		ready = append(ready, g)
	}
	slices.SortFunc(ready, func(a, b *group) int {
		if c := a.last.Compare(b.last); c != 0 {
			return c
		}
		return strings.Compare(a.nodes[0].path, b.nodes[0].path)
	})
	var out []Logical
	for _, g := range ready {
		out = m.tell(g, out)
	}
	return out
}

// tell ends a group.
func (m *Machine) tell(g *group, out []Logical) []Logical {
	delete(m.groups, g)
	slices.SortStableFunc(g.nodes, func(a, b *node) int {
		if c := a.last.Compare(b.last); c != 0 {
			return c
		}
		return strings.Compare(a.path, b.path)
	})
	for _, n := range g.nodes {
		delete(m.nodes, n.path)
		for _, pid := range n.pids {
			delete(m.passing, place{pid, path.Dir(n.path)})
		}
	}
	in := make(map[string]*node, len(g.nodes))
	for _, n := range g.nodes {
		in[n.path] = n
	}
	covered := map[string]bool{}
	for _, n := range g.nodes {
		if n.from != "" && n.is {
			if f := in[n.from]; f != nil && !f.is && f.was == yes {
				covered[n.from] = true // told with where it is now
			}
		}
	}
	withOther := func(n *node) bool { return n.with != "" && n.with < n.path && in[n.with] != nil }
	ofTarget := func(n *node) bool { // came and went for the file that it is named after
		t := in[n.to]
		return n.was == no && !n.is && !n.used && t != nil && !t.used && (t.is || t.was != no) && !covered[t.path] && !withOther(t)
	}
	var lead *node // the one change that others of the burst were for
	passed := 0
	for _, n := range g.nodes {
		switch {
		case n.used, covered[n.path], withOther(n):
		case n.was == no && !n.is:
			if !ofTarget(n) {
				passed++
			}
		case lead == nil, n.is && !lead.is:
			lead = n
		}
	}
	for _, n := range g.nodes {
		switch {
		case n.used, covered[n.path]:
			continue
		case ofTarget(n):
			continue // in its list
		case withOther(n):
			continue // told with the other
		case n.was == no && !n.is && lead != nil && passed <= maxPassing:
			continue // in the lead's list
		}
		if !n.is {
			n.from = "" // it went on, or away
		}
		l := Logical{Path: n.path, From: n.from, With: n.with, Via: n.via, Op: n.op, Dir: n.dir, Deep: n.deep, Born: n.was == no, Gone: !n.is, Way: n.way,
			PIDs: slices.Clone(n.pids), First: n.first, Last: n.last, Count: n.count}
		slices.Reverse(l.PIDs)
		for _, o := range g.nodes {
			switch {
			case n.from != "" && o.path == n.from && covered[o.path], n.with != "" && o.path == n.with:
				l.Via = appendNew(l.Via, o.via...)
				l.take(o)
			case o.used && slices.Contains(n.via, o.path):
				l.take(o)
			case ofTarget(o):
				if o.to == n.path {
					l.Via = appendNew(l.Via, append(slices.Clone(o.via), o.path)...)
					l.take(o)
				}
			case n == lead && passed <= maxPassing && o.was == no && !o.is && !o.used:
				l.Via = appendNew(l.Via, append(slices.Clone(o.via), o.path)...)
				l.take(o)
			}
		}
		slices.Sort(l.Via)
		out = append(out, l)
	}
	return out
}

// take adds what is known of a path that is told with this one.
func (l *Logical) take(o *node) {
	l.Count += o.count
	l.Op |= o.op
	if o.first.Before(l.First) {
		l.First = o.first
	}
	for _, pid := range o.pids {
		if !slices.Contains(l.PIDs, pid) && len(l.PIDs) < maxPIDs {
			l.PIDs = append(l.PIDs, pid)
		}
	}
}
