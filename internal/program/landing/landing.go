package landing

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	MaxNamed = 100 // commits and paths that a change names
	Skew     = 5 * time.Minute
)

// Input is all that is known of a repository: what Derive folds.
type Input struct {
	Settings  Settings
	Slug      string
	ReadAt    time.Time // when the repository was read last; zero: never
	Commits   map[string]*Commit
	Line      []*Commit // of the branch along first parents, oldest first
	Events    []Event   // sorted by time
	Known     []Somebody
	Standards []Standard // approved ones
	Now       time.Time
}

// request is a merge or pull request as its events add up.
type request struct {
	Event                   // the newest that saw it
	heads   []Event         // each head that was seen, oldest first
	reviews []Event         // oldest first
	source  map[string]bool // commits of its branch, as far as they are known
	marks   map[string]bool // author and time of these: rebasing keeps them
	landing *Change
}

// Landings is a branch as changes, oldest first, and the deployments of it; it
// knows for each commit of the line to which change it belongs.
type Landings struct {
	Input
	people      *people
	requests    map[int64]*request
	Changes     []*Change
	place       map[string]int // commit that landed -> change
	lineTo      []int          // place on the line -> change; -1: before the repository was watched
	checks      map[string][]Check
	pushes      map[string]Event // by the commit that the branch had afterwards
	words       map[string][]Event
	Deployments []*Deployment
	doubt       map[string]int64      // commits that may belong to a rebased request of which too little is known
	firsts      map[int][]*Deployment // by change: those that brought it first to an environment
}

var (
	subjectNumber = regexp.MustCompile(`\(([#!])([1-9][0-9]{0,8})\)\s*$`)
	mergeNumber   = regexp.MustCompile(`^Merge pull request (?:'.*' \()?[#]([1-9][0-9]{0,8})\b`)
	seeRequest    = regexp.MustCompile(`(?m)^See merge request \S*!([1-9][0-9]{0,8})\s*$`)
	revertOf      = regexp.MustCompile(`(?i)\bThis reverts (?:commit |merge )?([0-9a-f]{7,64})\b`)
	pickedFrom    = regexp.MustCompile(`\(cherry picked from commit ([0-9a-f]{7,64})\)`)
)

func subject(message string) string {
	s, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// claim gives the number of the request that a message names, 0 for none.
func claim(message string) int64 {
	first, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	for _, m := range [][]string{mergeNumber.FindStringSubmatch(first), seeRequest.FindStringSubmatch(message)} {
		if m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64) // the pattern takes nine digits
			return n
		}
	}
	if m := subjectNumber.FindStringSubmatch(first); m != nil {
		n, _ := strconv.ParseInt(m[2], 10, 64)
		return n
	}
	return 0
}

func found(re *regexp.Regexp, message string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(message, 20) {
		out = append(out, m[1])
	}
	return out
}

// mark is what a rebased commit keeps of the one that it was.
func mark(c *Commit) string {
	return strings.ToLower(c.AuthorMail) + "\x00" + strconv.FormatInt(c.AuthoredAt.Unix(), 10) + "\x00" + subject(c.Message)
}

func (s Input) land() *Landings {
	l := &Landings{Input: s, people: newPeople(s.Known), requests: map[int64]*request{}, place: map[string]int{}, checks: map[string][]Check{}, pushes: map[string]Event{}, words: map[string][]Event{}, doubt: map[string]int64{}}
	l.gather()
	byLanded := map[string]*request{}
	byHead := map[string]*request{}
	for _, n := range slices.Sorted(keysOf(l.requests)) {
		r := l.requests[n]
		if r.State != "merged" || r.Branch != s.Settings.Branch {
			continue
		}
		if r.Landed != "" {
			byLanded[r.Landed] = r
		}
		byHead[r.Head] = r
	}
	// Which commits of the line are earlier commits of a rebased request.
	inside := make([]int, len(s.Line)) // place of the landing commit that takes them
	for i := range inside {
		inside[i] = i
	}
	for i := len(s.Line) - 1; i >= 0; i-- {
		if r := byLanded[s.Line[i].SHA]; r != nil && len(s.Line[i].Parents) < 2 {
			for j := i - 1; j > i-l.count(r, i) && j >= 0 && l.rebased(r, i, j, byLanded); j-- {
				inside[j] = i
			}
			_, pushed := l.pushes[s.Line[i].SHA]
			for j := i - 1; !pushed && len(r.source) == 0 && j > i-r.Commits && j >= 0 && len(s.Line[j].Parents) == 1 && byLanded[s.Line[j].SHA] == nil; j-- {
				l.doubt[s.Line[j].SHA] = r.Number
			}
		}
	}
	l.lineTo = make([]int, len(s.Line))
	var waiting []*Commit // earlier commits of the request that lands next
	for i, c := range s.Line {
		if inside[i] != i {
			waiting = append(waiting, c)
			continue
		}
		group := append(waiting, c)
		waiting = nil
		ch, brought := l.change(group, byLanded[c.SHA], byHead)
		to := len(l.Changes)
		if ch.At.Before(s.Settings.Since) {
			to = -1
		} else {
			l.Changes = append(l.Changes, ch)
		}
		for j := i - len(group) + 1; j <= i; j++ {
			l.lineTo[j] = to
		}
		for _, b := range brought {
			l.place[b.SHA] = to
		}
	}
	return l
}

func keysOf(m map[int64]*request) func(func(int64) bool) {
	return func(yield func(int64) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// gather sorts events by what they are about, and learns who is who.
func (l *Landings) gather() {
	get := func(n int64) *request {
		r := l.requests[n]
		if r == nil {
			r = &request{}
			l.requests[n] = r
		}
		return r
	}
	for _, e := range l.Events {
		for _, k := range e.Known {
			l.people.learn(k)
		}
		for _, k := range []Identity{e.Actor, e.Author, e.Merger} {
			l.people.learn(k)
		}
		switch e.Kind {
		case RequestSeen:
			r := get(e.Number)
			if len(r.heads) == 0 || r.heads[len(r.heads)-1].Head != e.Head {
				r.heads = append(r.heads, e)
			}
			was := r.Event
			if r.Event = e; len(e.Author.Keys()) == 0 {
				r.Author = was.Author // not every message says it
			}
			if was.State == "merged" { // what happens after merging changes no merge
				r.State, r.Landed, r.Head, r.MergedAt, r.Merger, r.Commits = was.State, cmp.Or(was.Landed, e.Landed), was.Head, was.MergedAt, was.Merger, was.Commits
			}
		case ReviewGiven:
			r := get(e.Number)
			r.reviews = append(r.reviews, e)
		case Pushed:
			if e.Branch == l.Settings.Branch {
				l.pushes[e.Head] = e
			}
		case Checked:
			l.checks[e.Head] = append(l.checks[e.Head], Check{Name: e.Name, Commit: e.Head, State: e.State, At: e.At, URL: e.URL})
		case Declared:
			l.words[e.Subject] = append(l.words[e.Subject], e)
		}
	}
	for _, r := range l.requests {
		r.source, r.marks = map[string]bool{}, map[string]bool{}
		at, limit := r.Head, r.Commits
		for n := 0; n < limit && n < 1000; n++ {
			c := l.Commits[at]
			if c == nil {
				break
			}
			r.source[c.SHA], r.marks[mark(c)] = true, true
			if len(c.Parents) == 0 {
				break
			}
			at = c.Parents[0]
		}
	}
}

// rebased reports whether commit j of the line came with request r, which
// landed with commit i.
func (l *Landings) rebased(r *request, i, j int, byLanded map[string]*request) bool {
	c := l.Line[j]
	if len(c.Parents) != 1 || byLanded[c.SHA] != nil {
		return false
	}
	if r.source[c.SHA] || r.marks[mark(c)] {
		return true
	}
	// One push of as many commits as the request has.
	p, ok := l.pushes[l.Line[i].SHA]
	first := i - l.count(r, i)
	return ok && p.Commits == i-first && first >= 0 && p.Before == l.Line[first].SHA
}

// count gives how many commits a request has that landed with commit i of the
// line: as its forge says, else as the push that landed it does.
func (l *Landings) count(r *request, i int) int {
	if r.Commits == 0 {
		return max(1, l.pushes[l.Line[i].SHA].Commits)
	}
	return r.Commits
}

// change makes what landed with the last of a group of commits of the line, and
// gives all commits that it brought.
func (l *Landings) change(group []*Commit, r *request, byHead map[string]*request) (*Change, []*Commit) {
	c := group[len(group)-1]
	ch := &Change{Repository: l.Slug, Landed: c.SHA, Title: subject(c.Message), Key: c.SHA, Lines: len(group)}
	brought := slices.Clone(group)
	if len(c.Parents) > 1 {
		ch.Kind = ByMerge
		brought = append(l.side(c), c)
		ch.Lines = len(brought)
		if r == nil && byHead[c.Parents[1]] != nil {
			r = byHead[c.Parents[1]] // merged by hand, which the forge noticed
		}
	}
	number := claim(c.Message)
	if r == nil && number > 0 {
		switch named := l.requests[number]; {
		case named == nil || named.Number == 0 || named.State == "open":
			ch.Kind, ch.Request = Claimed, number
		case named.State == "merged" && named.Landed == "" && named.Branch == l.Settings.Branch:
			r = named
		}
	}
	switch {
	case r != nil:
		r.landing, ch.Request, ch.Address, ch.Title = ch, r.Number, r.URL, cmp.Or(subject(r.Title), ch.Title)
		switch {
		case ch.Kind == ByMerge:
		case len(group) > 1 || r.source[c.SHA]:
			ch.Kind = ByRebase
		default:
			ch.Kind = BySquash
		}
		ch.Authors = AddPerson(ch.Authors, l.people.who(r.Author))
	case ch.Kind == "":
		ch.Kind = Direct
	}
	var texts, paths []string
	for _, b := range brought {
		if len(ch.Commits) < MaxNamed-1 || b == c {
			ch.Commits = append(ch.Commits, b.SHA)
		}
		if len(b.Parents) < 2 || b == c && len(brought) == 1 {
			ch.Authors = AddPerson(ch.Authors, l.people.who(Identity{Name: b.AuthorName, Mail: b.AuthorMail}))
		}
		texts = append(texts, b.Message)
		ch.Reverts = append(ch.Reverts, found(revertOf, b.Message)...)
		ch.Picked = append(ch.Picked, found(pickedFrom, b.Message)...)
	}
	for _, g := range group {
		paths = append(paths, g.Paths...)
	}
	slices.Sort(paths)
	if ch.Paths = slices.Compact(paths); len(ch.Paths) > MaxNamed {
		ch.Paths = ch.Paths[:MaxNamed]
	}
	ch.Classes = l.Settings.classesOf(ch.Paths)
	if r != nil {
		texts = append(texts, r.Title, r.Text, r.From)
	}
	ch.Tickets = l.Settings.ticketsIn(texts...)
	ch.At, ch.Merger = l.landedAt(c, r), l.merger(c, r)
	return ch, brought
}

// side gives the commits that a merge brought, oldest first as far as walking
// tells, without the merge itself.
func (l *Landings) side(c *Commit) []*Commit {
	var out []*Commit
	had := map[string]bool{}
	stack := slices.Clone(c.Parents[1:])
	for len(stack) > 0 {
		sha := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		b := l.Commits[sha]
		if _, landed := l.place[sha]; landed || had[sha] || b == nil || b.Place >= 0 && b.Place < c.Place {
			continue
		}
		had[sha] = true
		out = append(out, b)
		stack = append(stack, b.Parents...)
	}
	slices.SortStableFunc(out, func(a, b *Commit) int {
		return cmp.Or(a.CommittedAt.Compare(b.CommittedAt), strings.Compare(a.SHA, b.SHA))
	})
	return out
}

// landedAt gives when a commit came onto the branch: as the forge says, else
// between the reads of the repository that did not and did see it.
func (l *Landings) landedAt(c *Commit, r *request) time.Time {
	if r != nil && !r.MergedAt.IsZero() {
		return r.MergedAt
	}
	if p, ok := l.pushes[c.SHA]; ok {
		return p.At
	}
	at := c.CommittedAt
	if at.Before(c.AfterAt) { // it was made earlier, and was not there yet
		at = c.AfterAt
	}
	if !c.SeenAt.IsZero() && at.After(c.SeenAt) {
		at = c.SeenAt
	}
	return at
}

func (l *Landings) merger(c *Commit, r *request) Person {
	if r != nil {
		if p := l.people.who(r.Merger); p.Key != "" {
			return p
		}
	}
	if p, ok := l.pushes[c.SHA]; ok {
		if who := l.people.who(p.Actor); who.Key != "" {
			return who
		}
	}
	return l.people.who(Identity{Name: c.CommitterName, Mail: c.CommitterMail})
}
