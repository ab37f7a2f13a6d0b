package integrity

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/integrity/mounts"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/walk"
	"github.com/attesta/attesta/internal/base/fault"
)

// scope is what a snapshot's options say, ready to be asked.
type scope struct {
	roots   []string // none below another
	through []string // given below another: their mounts are gone into
	exclude patterns
	own     [][]byte
	opts    snapshot.Options
}

// NewOptions makes the options of a snapshot at db over paths. Each path has to
// be there.
func NewOptions(db string, paths []string, o snapshot.Options) (snapshot.Options, error) {
	if len(paths) == 0 {
		return o, fault.New(fault.Invalid, "no path is given").WithHint("give the directories to watch, or --defaults")
	}
	o.Roots = nil
	for _, p := range paths {
		if p == "" || strings.IndexByte(p, 0) >= 0 {
			return o, fault.New(fault.Invalid, "%q is no path", p)
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return o, err
		}
		if _, err := os.Lstat(abs); err != nil {
			kind := fault.Unavailable
			if errors.Is(err, fs.ErrNotExist) {
				kind = fault.NotFound
			}
			return o, fault.Wrap(kind, err, "%q cannot be looked at", p)
		}
		o.Roots = append(o.Roots, snapshot.Path(abs))
	}
	own, err := Own(db)
	if err != nil {
		return o, err
	}
	o.Own = []snapshot.Path{snapshot.Path(own)}
	_, err = newScope(o)
	return o, err
}

// Own is the path under which a walk meets the snapshot at db: that of its
// directory without links.
func Own(db string) (string, error) {
	own, err := filepath.Abs(db)
	if err != nil {
		return "", err
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(own)); err == nil { // where it is not, writing it says so
		own = filepath.Join(dir, filepath.Base(own))
	}
	return own, nil
}

// holdsOwn reports whether a snapshot itself lies in a directory, which then
// changes when one is made.
func (s *scope) holdsOwn(dir []byte) bool {
	for _, own := range s.own {
		if filepath.Dir(string(own)) == string(dir) {
			return true
		}
	}
	return false
}

func newScope(o snapshot.Options) (*scope, error) {
	s := &scope{opts: o}
	var err error
	if s.exclude, err = compilePatterns(o.Exclude); err != nil {
		return nil, err
	}
	for _, list := range [][]string{o.Logs, o.Texts} {
		if _, err := compilePatterns(list); err != nil {
			return nil, err
		}
	}
	roots := slices.Clone(o.Roots)
	for _, r := range roots {
		if !filepath.IsAbs(string(r)) || filepath.Clean(string(r)) != string(r) {
			return nil, fault.New(fault.Invalid, "%q is no whole path", string(r))
		}
	}
	slices.SortFunc(roots, func(a, b snapshot.Path) int { return snapshot.Compare([]byte(a), []byte(b)) })
	for _, r := range slices.Compact(roots) {
		if n := len(s.roots); n > 0 && within([]byte(r), []byte(s.roots[n-1])) {
			s.through = append(s.through, string(r))
			continue
		}
		s.roots = append(s.roots, string(r))
	}
	for _, p := range o.Own {
		s.own = append(s.own, []byte(p), []byte(string(p)+snapshot.Temporary))
	}
	return s, nil
}

// within reports whether p is dir or lies below it.
func within(p, dir []byte) bool {
	return bytes.HasPrefix(p, dir) && (len(p) == len(dir) || dir[len(dir)-1] == '/' || p[len(dir)] == '/')
}

func (s *scope) excluded(p []byte) bool {
	for _, own := range s.own {
		if bytes.Equal(p, own) {
			return true
		}
	}
	return s.exclude.match(p)
}

func (s *scope) walk() walk.Options {
	o := walk.Options{Roots: s.roots, Through: s.through, Exclude: s.excluded, Cross: s.opts.Cross, Network: s.opts.Network}
	if table, err := mounts.Read(); err == nil && table.Any() && !s.opts.Network { // not to be read: each is looked at and found to be what it is
		o.Far = table.Begins
	}
	return o
}

// holds reports whether p is looked at by a check.
func (s *scope) holds(p string) bool {
	for _, r := range s.roots {
		if !within([]byte(p), []byte(r)) {
			continue
		}
		for dir := p; len(dir) >= len(r); dir = filepath.Dir(dir) {
			if s.excluded([]byte(dir)) {
				return false
			}
			if dir == "/" {
				break
			}
		}
		return true
	}
	return false
}

// Defaults are the paths of this host that are watched when none is given:
// programs and what they are set by, what starts by itself, keys of log-in,
// and what web servers give out. Those that are not there are left out.
func Defaults() ([]string, error) { return DefaultsBut(nothing) }

func nothing(string) bool { return false }

// DefaultsBut leaves out those of which but says so, without looking at them.
func DefaultsBut(but func(string) bool) ([]string, error) {
	out, err := there(but, "/etc", "/usr", "/bin", "/sbin", "/lib*", "/boot", "/opt", "/root/.ssh", "/home/*/.ssh", "/var/spool/cron", "/var/spool/anacron")
	if err != nil {
		return nil, err
	}
	content, err := ContentRoots(but)
	if err != nil {
		return nil, err
	}
	out = append(out, content...)
	slices.Sort(out)
	return slices.Compact(out), nil
}

// ContentRoots are the directories of this host that web servers give out: the
// usual ones, and those that nginx and Apache are set to. Those that are not
// there are left out, and those of which but says so.
func ContentRoots(but func(string) bool) ([]string, error) {
	out, err := there(but, "/var/www", "/srv/www", "/srv/http", "/usr/share/nginx/html")
	if err != nil {
		return nil, err
	}
	roots, err := webRoots("/")
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		if but(r) {
			continue
		}
		if _, err := os.Lstat(r); err == nil {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// there gives what is there of what patterns name.
func there(but func(string) bool, patterns ...string) (out []string, err error) {
	for _, p := range patterns {
		found, err := mounts.Match(p, but)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}
