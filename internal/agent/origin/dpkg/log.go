package dpkg

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Act is what a run did to one package.
type Act struct {
	Action        string // install, upgrade, remove, configure, trigger
	Before, After string // versions, "" for none
	First, Last   time.Time
}

// step is one moment at which scripts of a package may have run.
type step struct {
	at   int64 // seconds
	name string
}

// Run is one process of dpkg, as its log has it.
type Run struct {
	Start, Last time.Time       // by the log's seconds
	Number      int             // of those that began in the same second
	Acts        map[string]*Act // by "name:arch"
	steps       []step
}

const (
	logTail  = 4 << 20 // what is read of a log that is met for the first time
	maxRuns  = 4000
	maxSteps = 20_000 // over all runs
	oldest   = 8 * 24 * time.Hour
)

// log follows dpkg.log.
type log struct {
	zone   *time.Location
	inode  uint64
	offset int64
	part   []byte // of a line that was not written to its end
	runs   []*Run
	steps  int
	bad    int64 // lines that are no lines of dpkg
}

// refresh reads what was appended. After a rotation the rest of the old log is
// read from its new place.
func (l *log) refresh(root tree.Root) error {
	st, err := root.Stat(logFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // switched off, or not begun: then no run is known
	}
	if err != nil {
		return err
	}
	stamp := StampOf(st)
	if l.inode == stamp.Inode && stamp.Size == l.offset {
		return nil
	}
	switch {
	case l.inode == 0 && stamp.Size < logTail: // of before a rotation
		if err := l.read(root, logFile+".1", 0, true); err != nil {
			return err
		}
		l.offset = 0
	case l.inode != 0 && l.inode != stamp.Inode:
		if old, err := root.Stat(logFile + ".1"); err == nil && StampOf(old).Inode == l.inode {
			if err := l.read(root, logFile+".1", l.offset, false); err != nil {
				return err
			}
		}
		l.offset = 0
	case stamp.Size < l.offset: // it was cut
		l.offset = 0
	}
	first := l.inode == 0
	l.inode = stamp.Inode
	return l.read(root, logFile, l.offset, first)
}

// read takes in a log from an offset on; of one that is met for the first time
// no more than the tail.
func (l *log) read(root tree.Root, file string, from int64, tail bool) error {
	f, err := root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() // for reading
	if st, err := f.Stat(); err != nil {
		return err
	} else if tail && st.Size()-from > logTail {
		from = st.Size() - logTail
		l.part = []byte("cut off: ") // the rest of a line is no line
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		from += int64(n)
		l.feed(buf[:n])
		if errors.Is(err, io.EOF) || err == nil && n == 0 {
			l.offset = from
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// feed takes the next bytes.
func (l *log) feed(b []byte) {
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			if len(l.part)+len(line) < 1<<16 {
				l.part = append(l.part, line...)
			}
			return
		}
		if len(l.part) > 0 {
			line = append(l.part, line...)
			l.part = l.part[:0]
		}
		if !l.line(string(line)) {
			l.bad++
		}
		b = rest
	}
}

const logTime = "2006-01-02 15:04:05"

// line takes one line; false for what is none of dpkg's.
func (l *log) line(s string) bool {
	if len(s) < len(logTime)+2 {
		return false
	}
	at, err := time.ParseInLocation(logTime, s[:len(logTime)], l.zone)
	if err != nil || s[len(logTime)] != ' ' {
		return false
	}
	f := strings.Split(s[len(logTime)+1:], " ")
	if f[0] == "startup" {
		l.begin(at)
		return true
	}
	if len(l.runs) == 0 {
		return true // of a run whose beginning was not read
	}
	r := l.runs[len(l.runs)-1]
	r.Last = at
	none := func(v string) string {
		if v == "<none>" {
			return ""
		}
		return v
	}
	switch {
	case f[0] == "status" && len(f) == 4:
		l.step(r, at, f[2])
	case len(f) == 4 && (f[0] == "install" || f[0] == "upgrade" || f[0] == "remove" || f[0] == "purge" || f[0] == "configure" || f[0] == "trigproc" || f[0] == "disappear"):
		l.step(r, at, f[1])
		action := f[0]
		switch action {
		case "purge", "disappear":
			action = "remove"
		case "trigproc":
			action = "trigger"
		}
		r.act(at, f[1], action, none(f[2]), none(f[3]))
	}
	return true
}

func (l *log) begin(at time.Time) {
	n := 0
	if k := len(l.runs); k > 0 && l.runs[k-1].Start.Equal(at) {
		n = l.runs[k-1].Number + 1
	}
	l.runs = append(l.runs, &Run{Start: at, Last: at, Number: n, Acts: map[string]*Act{}})
	for len(l.runs) > 1 && (len(l.runs) > maxRuns || l.steps > maxSteps || at.Sub(l.runs[0].Last) > oldest) {
		l.steps -= len(l.runs[0].steps)
		l.runs[0] = nil
		l.runs = l.runs[1:]
	}
}

func (l *log) step(r *Run, at time.Time, name string) {
	if k := len(r.steps); k > 0 && r.steps[k-1].name == name && r.steps[k-1].at == at.Unix() {
		return
	}
	if len(r.steps) < maxSteps {
		r.steps = append(r.steps, step{at.Unix(), name})
		l.steps++
	}
}

// weight orders actions: what a run did to a package is called by the weightiest.
var weight = map[string]int{"trigger": 1, "configure": 2, "remove": 3, "install": 4, "upgrade": 5}

func (r *Run) act(at time.Time, name, action, before, after string) {
	a := r.Acts[name]
	if a == nil {
		a = &Act{First: at}
		r.Acts[name] = a
	}
	a.Last = at
	if weight[action] < weight[a.Action] {
		return
	}
	a.Action, a.Before, a.After = action, "", ""
	switch action {
	case "install", "upgrade":
		a.Before, a.After = before, after
	case "remove":
		a.Before = before
	default:
		a.After = before
	}
}

// scripts gives the packages whose scripts may have run at a moment: the last
// that is named before the second, and all that are named within it.
func (r *Run) scripts(at time.Time) []string {
	var before string
	var within []string
	s := at.Unix()
	for _, st := range r.steps {
		switch {
		case st.at < s:
			before = st.name
		case st.at == s:
			within = append(within, st.name)
		}
	}
	var out []string
	seen := map[string]bool{}
	for _, n := range append([]string{before}, within...) {
		if n != "" && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}
