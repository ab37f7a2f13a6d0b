package watching

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/watch"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/proof/approval"
)

// state is what the section says, under Watching.mu.
type state struct {
	kind, reason string
	since        time.Time
	refused      []watch.Refusal
	who          []string

	roots, content, missing, added, excluded []string
	pending                                  bool
	far                                      []string // why trees elsewhere are not watched as it happens

	baseline  baseline
	rehashed  time.Time
	overflows int64

	unread, left []facts.WatchingGap
	unreadCount  int64
	problems     map[string]string
}

type baseline struct {
	root                  string
	made                  time.Time
	entries, files, bytes int64
	approval, by          string
}

func (f *state) set(now time.Time, mode, reason string) {
	if f.kind != mode {
		f.since = now
	}
	f.kind, f.reason = mode, reason
	f.refused, f.who = nil, nil
}

func (f *state) mode(m *watch.Mode) {
	if f.kind != string(m.Kind) {
		f.since = m.Since
	}
	f.kind, f.reason = string(m.Kind), ""
	f.refused, f.who = slices.Clone(m.Refused), slices.Clone(m.Who)
}

// declared takes what a session watches.
func (f *state) declared(d *declared, s *session) {
	f.roots = s.scope.Roots()
	for _, t := range s.scope.Through() {
		f.roots = append(slices.Clip(f.roots), t)
	}
	f.roots = slices.Clone(f.roots)
	slices.Sort(f.roots)
	f.content, f.missing, f.added = d.content, d.missing, s.added
	f.excluded = slices.Sorted(slices.Values(s.snap.Options.Exclude))
	f.pending = !slices.Equal(f.excluded, slices.Sorted(slices.Values(d.exclude)))
}

// begun takes what a session compares with.
func (f *state) begun(_ time.Time, s *session, a approval.Approval) {
	c := s.snap.Counts()
	f.baseline = baseline{root: s.root, made: s.snap.Options.Made, entries: int64(c.Entries), files: int64(c.Files), bytes: int64(c.Bytes), approval: a.ID, by: a.By}
}

// mostGaps is how many gaps are facts; the counts are of all.
const mostGaps = 50

func (f *state) gaps(g *integrity.Gaps) {
	take := func(list []integrity.Gap) []facts.WatchingGap {
		out := []facts.WatchingGap{}
		for _, x := range list[:min(len(list), mostGaps)] {
			out = append(out, facts.WatchingGap{Path: cut(x.Path), Attribute: x.Attribute, Reason: cut(x.Reason)})
		}
		return out
	}
	f.unread, f.left, f.unreadCount = take(g.Unread), take(g.Left), g.UnreadCount
}

// cut keeps a text within what a fact may be.
func cut(s string) string {
	if len(s) > 1000 {
		s = s[:1000] + "…"
	}
	return s
}

// plain is an error as a fact says it.
func plain(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		text := f.Message
		if f.Cause != nil && f.Cause.Error() != text {
			text += ": " + f.Cause.Error()
		}
		return cut(text)
	}
	return cut(err.Error())
}

// problem says what is wrong under a name, and with "" that it is not any more.
func (w *Watching) problem(name, text string) {
	w.mu.Lock()
	was := w.facts.problems[name]
	if was == text {
		w.mu.Unlock()
		return
	}
	if w.facts.problems == nil {
		w.facts.problems = map[string]string{}
	}
	if text == "" {
		delete(w.facts.problems, name)
	} else {
		w.facts.problems[name] = text
	}
	w.mu.Unlock()
	w.refresh()
}

func shown(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		text, _ := attr.Escape([]byte(s))
		out = append(out, cut(text))
	}
	return out
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// values are the facts of the section.
func (w *Watching) values() (facts.Watching, []facts.Missing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.facts // what is said is read after the lock is given back
	var missing []facts.Missing
	miss := func(path, reason string) {
		missing = append(missing, facts.Missing{Path: path, State: facts.NotObserved, Reason: reason})
	}
	since, day := moment(f.since), ""
	if !f.rehashed.IsZero() {
		day = f.rehashed.UTC().Format(time.DateOnly)
	}
	v := facts.Watching{Mode: &f.kind, Reason: &f.reason, Since: &since, Refused: []facts.WatchingRefusal{}, Who: shown(f.who),
		Roots: shown(f.roots), ContentRoots: shown(f.content), NotThere: shown(f.missing), AddedRoots: shown(f.added), Excluded: shown(f.excluded),
		SettingsPending: &f.pending, Overflows: &f.overflows, Rehash: &facts.WatchingRehash{Completed: &day},
		Problems: shown(slices.Sorted(maps.Values(f.problems)))}
	for _, r := range f.refused {
		v.Refused = append(v.Refused, facts.WatchingRefusal{Kind: string(r.Kind), Reason: cut(r.Reason)})
	}
	for _, why := range f.far {
		v.Refused = append(v.Refused, facts.WatchingRefusal{Kind: "fanotify", Reason: cut(why)})
	}
	b := f.baseline
	made := moment(b.made)
	v.Baseline = &facts.WatchingBaseline{Root: &b.root, Made: &made, Entries: &b.entries, Files: &b.files, Bytes: &b.bytes, Approval: &b.approval, ApprovedBy: &b.by}
	if f.unread == nil {
		miss("/unread", "everything is compared within the hour")
		miss("/unread_count", "everything is compared within the hour")
		miss("/left_out", "everything is compared within the hour")
	} else {
		n := f.unreadCount
		v.Unread, v.LeftOut, v.UnreadCount = f.unread, f.left, &n
	}
	own, lacks := w.ownFacts()
	v.Own = own
	return v, append(missing, lacks...)
}

// ownDigest is the digest of a file as it was looked at.
type ownDigest struct {
	stamp  string
	digest string
}

// ownFacts are those of the agent itself. w.mu is held.
func (w *Watching) ownFacts() (*facts.WatchingOwn, []facts.Missing) {
	var missing []facts.Missing
	of := func(path, as string) string {
		if path == "" {
			return ""
		}
		d, err := w.digestOf(as)
		if err != nil {
			missing = append(missing, facts.Missing{Path: path, State: facts.Error, Reason: cut(err.Error())})
		}
		return d
	}
	own := &facts.WatchingOwn{}
	program, file := cut(w.cfg.Program), cut(w.cfg.File)
	own.Program, own.Settings = &program, &file
	none := ""
	own.ProgramSha256, own.SettingsSha256, own.KeySha256 = &none, &none, &none
	if d := of("/own/program_sha256", "/proc/self/exe"); d != "" {
		own.ProgramSha256 = &d
	}
	if w.cfg.File != "" {
		if d := of("/own/settings_sha256", w.cfg.File); d != "" {
			own.SettingsSha256 = &d
		}
	}
	if key := w.cfg.Key(); len(key) > 0 {
		sum := sha256.Sum256(key)
		d := hex.EncodeToString(sum[:])
		own.KeySha256 = &d
	}
	for _, m := range missing { // what is missing is not said as well
		switch m.Path {
		case "/own/program_sha256":
			own.ProgramSha256 = nil
		case "/own/settings_sha256":
			own.SettingsSha256 = nil
		}
	}
	return own, missing
}

// digestOf reads a file again only when it looks like another. w.mu is held.
func (w *Watching) digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fault.New(fault.NotFound, "%s is not there", path)
		}
		return "", err
	}
	defer f.Close() // read only
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	stamp := st.ModTime().String() + " " + st.Mode().String() + " " + time.Duration(st.Size()).String()
	if path == "/proc/self/exe" { // the program that runs stays what it is
		stamp = ""
	}
	if d, ok := w.own[path]; ok && d.stamp == stamp {
		return d.digest, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	d := ownDigest{stamp, hex.EncodeToString(h.Sum(nil))}
	w.own[path] = d
	return d.digest, nil
}

func (w *Watching) section() (facts.Section, error) {
	v, missing := w.values()
	return facts.NewSection("watching", v, missing)
}

// Status is what `integrity status` reads: what the agent that runs with a state
// directory says of its watching.
type Status struct {
	Written  time.Time       `json:"written"`
	Watching facts.Watching  `json:"watching"`
	Missing  []facts.Missing `json:"missing,omitempty"`
	Rehash   rolled          `json:"rehash"`
}

func (w *Watching) writeStatus() {
	v, missing := w.values()
	b, err := json.Marshal(Status{Written: w.cfg.clock().UTC(), Watching: v, Missing: missing})
	if err == nil {
		err = replace(w.path(statusFile), append(b, '\n'), false)
	}
	if err != nil {
		w.cfg.Logger.Debug("the status of watching could not be written", "error", err)
	}
}

// ReadStatus reads it; kind NotFound where no agent has watched with this state
// directory.
func ReadStatus(dir string) (Status, error) {
	var s Status
	w := Watching{cfg: Config{State: dir}}
	b, err := os.ReadFile(w.path(statusFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, fault.New(fault.NotFound, "no agent has watched files with the state directory %s", dir).
			WithHint("name the agent's with --state; 'attesta-agent run' watches unless its settings say integrity: off")
	case err != nil:
		return s, fault.Wrap(fault.Unavailable, err, "%s cannot be read", w.path(statusFile)).WithHint("it belongs to the user that the agent runs as")
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fault.Wrap(fault.Invalid, err, "%s is damaged", w.path(statusFile)).WithHint("the agent writes it anew when something changes")
	}
	if b, err := os.ReadFile(w.path(rehashFile)); err == nil {
		_ = json.Unmarshal(b, &s.Rehash) // without it the day stands in the facts
	}
	return s, nil
}
