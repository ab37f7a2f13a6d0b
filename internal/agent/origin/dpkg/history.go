package dpkg

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Entry is one run of apt, as its history has it.
type Entry struct {
	Start, End time.Time // End is zero while it runs, and where it broke off
	Command    string
	By         string
	Error      string
	Packages   map[string]Change // by "name:arch"
}

// Change is what apt meant to do to one package.
type Change struct {
	Action        string // install, upgrade, remove
	Before, After string
	Automatic     bool
}

const (
	historyTime = "2006-01-02 15:04:05"
	historyMost = 64 << 20
	keptEntries = 2000
)

// parseHistory calls yield with each entry.
func parseHistory(file string, from io.Reader, zone *time.Location, yield func(Entry)) error {
	var e Entry
	end := func() {
		if !e.Start.IsZero() {
			yield(e)
		}
		e = Entry{}
	}
	at := func(v string) (time.Time, error) {
		return time.ParseInLocation(historyTime, strings.Replace(strings.TrimSpace(v), "  ", " ", 1), zone)
	}
	err := tree.ScanLines(file, io.LimitReader(from, historyMost), func(_ int, b []byte) error {
		line := string(b)
		if strings.TrimSpace(line) == "" {
			end()
			return nil
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return nil // a field that is empty, or text that some hook wrote between
		}
		var err error
		switch name {
		case "Start-Date":
			end() // of one that broke off
			e = Entry{Packages: map[string]Change{}}
			e.Start, err = at(value)
		case "End-Date":
			e.End, err = at(value)
		case "Commandline":
			e.Command = tree.Clean(value)
		case "Requested-By":
			e.By = tree.Clean(value)
		case "Error":
			e.Error = tree.Clean(value)
		case "Install", "Reinstall", "Upgrade", "Downgrade", "Remove", "Purge":
			if e.Packages == nil {
				return errors.New("expected Start-Date first")
			}
			err = packages(value, name, e.Packages)
		}
		return err
	})
	end()
	return err
}

// packages reads "a:amd64 (1, 2), b:amd64 (3, automatic)".
func packages(list, field string, into map[string]Change) error {
	for list != "" {
		name, rest, ok := strings.Cut(list, " (")
		inner, after, closed := strings.Cut(rest, ")")
		if !ok || !closed || name == "" {
			return errors.New("expected packages with their versions in brackets")
		}
		c := Change{Action: strings.ToLower(field)}
		words := strings.Split(inner, ", ")
		if k := len(words); k > 1 && words[k-1] == "automatic" {
			c.Automatic = true
			words = words[:k-1]
		}
		switch field {
		case "Remove", "Purge":
			c.Action, c.Before = "remove", words[0]
		case "Upgrade", "Downgrade":
			if len(words) != 2 {
				return errors.New("expected the versions before and after")
			}
			c.Action, c.Before, c.After = "upgrade", words[0], words[1]
		default:
			c.Action, c.After = "install", words[0]
		}
		into[name] = c
		list = strings.TrimPrefix(after, ", ")
		if list == after && list != "" {
			return errors.New("expected a comma between packages")
		}
	}
	return nil
}

// history follows apt's history.
type history struct {
	zone    *time.Location
	stamp   Stamp
	entries []Entry
}

func (h *history) refresh(root tree.Root) error {
	st, err := root.Stat(historyFile)
	if errors.Is(err, fs.ErrNotExist) {
		h.stamp, h.entries = Stamp{}, nil
		return nil
	}
	if err != nil {
		return err
	}
	stamp := StampOf(st)
	if stamp == h.stamp {
		return nil
	}
	f, err := root.Open(historyFile)
	if err != nil {
		return err
	}
	defer f.Close() // for reading
	var all []Entry
	err = parseHistory(historyFile, f, h.zone, func(e Entry) {
		if all = append(all, e); len(all) > 2*keptEntries {
			all = append(all[:0], all[keptEntries:]...)
		}
	})
	if err != nil {
		return err
	}
	h.stamp, h.entries = stamp, all
	return nil
}

// of gives the run of apt that a run of dpkg was a part of, nil for none. An
// entry without an end is one that runs, if it is the last.
func (h *history) of(r *Run) *Entry {
	for i := len(h.entries) - 1; i >= 0; i-- {
		e := &h.entries[i]
		if e.Start.After(r.Start) {
			continue
		}
		switch {
		case !e.End.IsZero():
			if r.Start.After(e.End) {
				return nil
			}
		case i < len(h.entries)-1: // it broke off: no end is known but that of what it meant to do
			if !e.meant(r) {
				return nil
			}
		case r.Start.Sub(e.Start) > time.Hour && !e.meant(r):
			return nil
		}
		return e
	}
	return nil
}

// meant reports whether all that a run did to packages, but configuring them,
// is what apt said it would. What dpkg calls a:all has the host's architecture
// with apt.
func (e *Entry) meant(r *Run) bool {
	names := make(map[string]bool, len(e.Packages))
	for name := range e.Packages {
		plain, _, _ := strings.Cut(name, ":")
		names[plain] = true
	}
	for name, a := range r.Acts {
		if a.Action == "configure" || a.Action == "trigger" {
			continue
		}
		if plain, _, _ := strings.Cut(name, ":"); !names[plain] {
			return false
		}
	}
	return true
}
