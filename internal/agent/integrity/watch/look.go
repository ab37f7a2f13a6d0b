package watch

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/merkle"
	"github.com/attesta/attesta/internal/agent/integrity/watch/burst"
	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
	"github.com/attesta/attesta/internal/agent/integrity/watch/who"
)

// What found a change.
const (
	byEvent   = "event"
	byRescan  = "rescan"
	byPolling = "polling"
	byStart   = "start"
	byRehash  = "rehash"
)

// looker looks at what logical changes are about, and tells. It belongs to Run.
type looker struct {
	w      *Watcher
	ctx    context.Context
	state  *state
	reader *attr.Reader
	tell   func(Change) error
	same   int64   // looks that found what was told already
	kept   []State // since the last that was told
	told   bool    // something, since the last rest
	large  *large  // files that take long to be read

	gone map[string]*Change // directories that were removed, whose entries may not have been told of
}

func newLooker(w *Watcher, tell func(Change) error) *looker {
	l := &looker{w: w, ctx: context.Background(), state: w.state, reader: attr.NewReader(), large: newLarge(w.cfg.Large, w.scope.Roots())}
	l.tell = func(c Change) error {
		c.States, l.kept, l.told = l.kept, nil, true
		return tell(c)
	}
	return l
}

// rest says that what was told is all for now.
func (l *looker) rest() error {
	if !l.told || l.w.cfg.Rest == nil {
		return nil
	}
	l.told = false
	return l.w.cfg.Rest()
}

// asked looks at what was asked for.
func (l *looker) asked(ctx context.Context, q Ask) error {
	if q.Forget {
		clear(l.state.over)
	}
	if q.All {
		if err := l.compare(ctx, l.w.scope.Roots(), q.Found); err != nil {
			return err
		}
	}
	paths := q.Paths
	if q.Over {
		paths = slices.Clone(paths)
		for p := range l.state.over {
			paths = append(paths, p)
		}
	}
	c := l.found(q.Found)
	for _, p := range paths {
		if !l.w.scope.Holds(p) {
			continue
		}
		if q.Found == byRehash {
			clear(l.large.read) // an equal look says nothing now
		}
		if err := l.one(ctx, p, c); err != nil {
			return err
		}
	}
	return l.rest()
}

// actors says who did it, and who else had a hand in it.
func (l *looker) actors(c *Change, pids []int32, at time.Time) {
	if l.w.table == nil {
		why := notByInotify
		if l.w.Mode().Kind == Polling {
			why = notByPolling
		}
		c.Who = who.Nobody(why)
		return
	}
	if len(pids) == 0 {
		c.Who = l.w.table.Resolve(0, at)
		return
	}
	c.Who = l.w.table.Resolve(pids[0], at)
	for _, pid := range pids[1:] {
		c.Others = append(c.Others, l.w.table.Resolve(pid, at))
	}
}

// logical tells one change of which the kernel told.
func (l *looker) logical(ctx context.Context, g *burst.Logical) error {
	l.ctx = ctx
	if !l.w.scope.Holds(g.Path) {
		// A directory on the way to a root, or one that is left out.
		var below []string
		for _, r := range l.w.scope.Roots() {
			if kernel.Within(r, g.Path) && g.Op&(kernel.Create|kernel.Rename|kernel.Delete) != 0 {
				below = append(below, r)
			}
		}
		if len(below) == 0 {
			return nil
		}
		c := Change{Found: byEvent, Time: g.First.UTC()}
		l.actors(&c, g.PIDs, g.Last)
		return l.trees(ctx, below, &c)
	}
	c := Change{Found: byEvent, Events: g.Count, Time: g.First.UTC(), Via: show(g.Via)}
	l.actors(&c, g.PIDs, g.Last)
	return l.event(ctx, g, &c)
}

// event tells a change whose actors are known.
func (l *looker) event(ctx context.Context, g *burst.Logical, c *Change) error {
	if wait, err := l.later(ctx, g, c, g.Path, g.With, g.From); wait || err != nil {
		return err
	}
	if g.With != "" && l.w.scope.Holds(g.With) {
		return l.exchanged(ctx, g, c)
	}
	return l.at(ctx, g, c)
}

func show(paths []string) []string {
	var out []string
	for _, p := range paths {
		s, _ := attr.Escape([]byte(p))
		out = append(out, s)
	}
	return out
}

func showOne(p string) string { s, _ := attr.Escape([]byte(p)); return s }

// pair is what was and what is at a path.
type pair struct {
	path          string
	before, after attr.Entry
	was, here     bool
}

func (l *looker) pair(path string) (p pair, err error) {
	p.path = path
	if p.before, p.was, err = l.state.prior(path); err != nil {
		return p, err
	}
	if p.after, p.here, err = l.look(path); err != nil || !p.here {
		return p, err
	}
	var prior *attr.Entry
	if p.was {
		p.before.Path = []byte(path)
		prior = &p.before
	}
	p.here, err = l.read(&p.after, prior)
	return p, err
}

func (p *pair) entries() (before, after *attr.Entry) {
	if p.was {
		p.before.Path = []byte(p.path)
		before = &p.before
	}
	if p.here {
		after = &p.after
	}
	return before, after
}

func (l *looker) keep(p *pair) error {
	before, after := p.entries()
	st := State{Path: p.path, Here: after != nil}
	switch {
	case after != nil:
		st.Digest = merkle.Attributes(after)
	case before != nil:
		st.Digest = merkle.Attributes(before)
	}
	l.kept = append(l.kept, st)
	return l.state.set(p.path, after)
}

// at tells what happened to one path.
func (l *looker) at(ctx context.Context, g *burst.Logical, c *Change) error {
	p, err := l.pair(g.Path)
	if err != nil {
		return err
	}
	var from *pair
	if g.From != "" && p.here && l.w.scope.Holds(g.From) {
		f, err := l.pair(g.From)
		if err != nil {
			return err
		}
		if f.was || f.here {
			from = &f
			c.From = showOne(g.From)
		}
	}
	before, after := p.entries()
	switch {
	case before == nil && after == nil:
		if g.Way || !g.Gone {
			return nil // told where it led, or its removal is on its way
		}
		c.Change = integrity.Change{Change: Transient, Type: "unknown"}
		if g.Dir {
			c.Type = "directory"
		}
		c.Path, c.Escaped = attr.Escape([]byte(g.Path))
		return l.tell(*c)
	case from != nil && !from.here && before == nil:
		from.before.Path = []byte(g.Path)
		if d := integrity.Compare(&from.before, after); d != nil {
			c.Change = *d
		} else {
			c.Type = after.TypeName()
			c.Path, c.Escaped = attr.Escape([]byte(g.Path))
		}
		c.Change.Change = Moved
	default:
		d := integrity.Compare(before, after)
		if d == nil && !g.Deep {
			l.same++
			return nil
		}
		if d == nil {
			return l.trees(ctx, []string{g.Path}, c)
		}
		c.Change = *d
		if err := l.lines(c, &p); err != nil {
			return err
		}
	}
	if err := l.keep(&p); err != nil {
		return err
	}
	if from != nil && !from.here {
		if err := l.keep(from); err != nil {
			return err
		}
	}
	if err := l.names(c, &p); err != nil {
		return err
	}
	another := !p.here || !p.after.IsDir() || p.before.Ino != p.after.Ino || p.before.Btime != p.after.Btime // a number is given again at once
	if p.was && p.before.IsDir() && another && g.With == "" && !g.Deep {
		if l.gone == nil {
			l.gone = map[string]*Change{}
		}
		l.gone[g.Path] = c
	}
	deep := g.Deep && (p.here && p.after.IsDir() || p.was && p.before.IsDir())
	if !deep {
		return l.tell(*c)
	}
	var rest []string
	if from != nil {
		if rest, err = l.carried(ctx, g.Path, g.From, c); err != nil {
			return err
		}
	} else if rest, err = l.differing(ctx, []string{g.Path}); err != nil {
		return err
	}
	return l.whole(ctx, c, rest)
}

// whole tells a change and then what belongs to it.
func (l *looker) whole(ctx context.Context, c *Change, rest []string) error {
	if err := l.tell(*c); err != nil {
		return err
	}
	for _, p := range rest {
		if err := l.one(ctx, p, Change{Found: c.Found, Time: c.Time, Who: c.Who, Others: c.Others, PartOf: c.Path}); err != nil {
			return err
		}
	}
	return nil
}

// exchanged tells that two paths changed places, or were changed and came back.
func (l *looker) exchanged(ctx context.Context, g *burst.Logical, c *Change) error {
	a, err := l.pair(g.Path)
	if err != nil {
		return err
	}
	b, err := l.pair(g.With)
	if err != nil {
		return err
	}
	if !(a.was && b.was && a.here && b.here && a.before.Ino == b.after.Ino && b.before.Ino == a.after.Ino) {
		back := *g
		back.With, back.Gone = "", !a.here
		if err := l.at(ctx, &back, c); err != nil {
			return err
		}
		back.Path, back.Gone = g.With, !b.here
		again := Change{Found: byEvent, Events: g.Count, Time: c.Time, Who: c.Who, Others: c.Others, Via: c.Via}
		return l.at(ctx, &back, &again)
	}
	c.Change = *integrity.Compare(&a.before, &a.after) // the inode differs at least
	c.Change.Change, c.With = Exchanged, showOne(g.With)
	if err := l.keep(&a); err != nil {
		return err
	}
	if err := l.keep(&b); err != nil {
		return err
	}
	var rest []string
	if g.Deep {
		if rest, err = l.carried(ctx, g.Path, g.With, c); err != nil {
			return err
		}
	}
	return l.whole(ctx, c, rest)
}

// carried takes note of what lies below a directory that was moved, and gives
// the paths that are not as they were where it came from.
func (l *looker) carried(ctx context.Context, to, from string, c *Change) (rest []string, err error) {
	list, err := l.differing(ctx, []string{to, from})
	if err != nil {
		return nil, err
	}
	olds := map[string]pair{} // as they were before any of them is noted
	var later []string
	for _, p := range list {
		other := ""
		switch {
		case kernel.Within(p, to):
			other = from + p[len(to):]
		default:
			other = to + p[len(from):]
		}
		was, ok, err := l.state.prior(other)
		if err != nil {
			return nil, err
		}
		olds[p] = pair{path: other, before: was, was: ok}
		if ok && l.large.is(&was) && was.Has&attr.HasDigest != 0 {
			l.large.note(&was) // only its name is another
		}
		later = append(later, p)
	}
	for _, path := range later {
		p, err := l.pair(path)
		if err != nil {
			return nil, err
		}
		old := olds[path]
		switch {
		case p.here && old.was && attr.Diff(&old.before, &p.after) == 0:
			c.Below++
		case !p.here && p.was:
			now, here, err := l.look(old.path)
			if err != nil {
				return nil, err
			}
			if !here || now.Ino != p.before.Ino {
				rest = append(rest, path)
				continue
			}
		default:
			rest = append(rest, path)
			continue
		}
		if err := l.keep(&p); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// one tells of a path what it has become since it was last seen, whatever the
// kernel said.
func (l *looker) one(ctx context.Context, path string, c Change) error {
	l.ctx = ctx
	if o, ok := l.state.over[path]; ok && c.Found != byRehash {
		o.round = l.state.round
		if e, here, err := l.look(path); err != nil || here == o.here && (!here || e.SameStat(&o.entry) && e.Settled(&o.entry)) {
			return err
		}
	}
	if wait, err := l.later(ctx, nil, &c, path); wait || err != nil {
		return err
	}
	p, err := l.pair(path)
	if err != nil {
		return err
	}
	d := integrity.Compare(p.entries())
	if d == nil {
		return nil
	}
	c.Change = *d
	if err := l.keep(&p); err != nil {
		return err
	}
	if d.Listing {
		l.kept = l.kept[:len(l.kept)-1]
		return nil // its entries are told themselves
	}
	if err := l.lines(&c, &p); err != nil {
		return err
	}
	if err := l.names(&c, &p); err != nil {
		return err
	}
	return l.tell(c)
}

// lines says what changed in the text of a file that was as the snapshot has it.
func (l *looker) lines(c *Change, p *pair) error {
	if !p.was || !p.here || p.before.Has&p.after.Has&attr.HasDigest == 0 || p.before.Digest == p.after.Digest {
		return nil
	}
	rec, was, err := l.state.recorded(p.path)
	if err != nil || !was || rec.Has&attr.HasDigest == 0 || rec.Digest != p.before.Digest {
		return err
	}
	return c.Change.Lines(l.state.snap, &p.before, &p.after)
}

// names takes note of the other names of a file: what is changed by one name is
// changed by all, and told once.
func (l *looker) names(c *Change, p *pair) error {
	e := &p.after
	if !p.here {
		e = &p.before
	}
	if e.Nlink < 2 && (!p.was || p.before.Nlink < 2 || p.before.Ino != e.Ino) || e.IsDir() {
		return nil
	}
	for _, other := range slices.Clone(l.state.names[e.Ino]) {
		if other == p.path {
			continue
		}
		o, err := l.pair(other)
		if err != nil {
			return err
		}
		if !o.here || o.after.Ino != e.Ino || !o.was || attr.Diff(&o.before, &o.after) == 0 {
			continue
		}
		c.Also = append(c.Also, showOne(other))
		if err := l.keep(&o); err != nil {
			return err
		}
	}
	return nil
}

// differing gives the paths below some that are not as the snapshot has them,
// or as they were last seen.
func (l *looker) differing(ctx context.Context, only []string) ([]string, error) {
	var list []string
	top := make(map[string]bool, len(only))
	for _, o := range only {
		top[o] = true
	}
	_, err := integrity.Check(ctx, l.state.snap, integrity.How{Only: only, Own: l.w.cfg.Own, Apart: l.w.cfg.Apart, Large: l.large.limit}, func(c *integrity.Change) error {
		p := c.Path
		if c.Escaped {
			p = attr.Unescape(p)
		}
		if !c.Listing && !top[p] || c.Listing && l.state.over[p] != nil {
			list = append(list, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(l.state.over) == 0 {
		return list, nil
	}
	met := make(map[string]bool, len(list))
	for _, p := range list {
		met[p] = true
	}
	for p := range l.state.over {
		if !met[p] && below(p, top) != "" {
			list = append(list, p)
		}
	}
	return list, nil
}

// below gives the nearest of some directories above a path.
func below(p string, dirs map[string]bool) string {
	for p != "/" && p != "." {
		if p = filepath.Dir(p); dirs[p] {
			return p
		}
	}
	return ""
}

// vanished tells what lay in directories that were removed and was not told by
// itself: the kernel names a file by its directory, which may be gone by the
// time that is looked up.
func (l *looker) vanished(ctx context.Context) error {
	if len(l.gone) == 0 {
		return nil
	}
	gone := l.gone
	l.gone = nil
	top := make(map[string]bool, len(gone))
	var dirs []string
	for d := range gone {
		top[d] = true
		dirs = append(dirs, d)
	}
	list, err := l.differing(ctx, dirs)
	if err != nil {
		return err
	}
	for _, p := range list {
		c := gone[below(p, top)]
		if c == nil {
			continue
		}
		if err := l.one(ctx, p, Change{Found: c.Found, Time: c.Time, Who: c.Who, Others: c.Others, PartOf: c.Path}); err != nil {
			return err
		}
	}
	return nil
}

// trees tells everything in trees that is not as it was last seen, as parts of
// what c says.
func (l *looker) trees(ctx context.Context, roots []string, c *Change) error {
	l.state.round++
	list, err := l.differing(ctx, roots)
	if err != nil {
		return err
	}
	for _, p := range append(slices.Clone(roots), list...) {
		if err := l.one(ctx, p, Change{Found: c.Found, Time: c.Time, Who: c.Who, Others: c.Others, PartOf: c.PartOf}); err != nil {
			return err
		}
	}
	return nil
}

// compare does the same where nothing is known but that it is time to look.
func (l *looker) compare(ctx context.Context, roots []string, found string) error {
	c := l.found(found)
	return l.trees(ctx, roots, &c)
}

// found begins a change of which nothing is known but that it was found.
func (l *looker) found(by string) Change {
	why := map[string]string{byRescan: notByRescan, byPolling: notByPolling, byStart: notByStart, byRehash: notByRehash}[by]
	return Change{Found: by, Time: l.w.cfg.Clock().UTC(), Who: who.Nobody(why)}
}
