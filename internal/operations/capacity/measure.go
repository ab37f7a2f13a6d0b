package capacity

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// Measure is one kind of what a host has a limit of.
type Measure struct {
	Name   string // "disk.bytes"
	Title  string // "Disk"
	Unit   string // "bytes", "" for a count, "share" where the limit is a whole
	Places bool   // one for each file system
	Fills  bool   // what is used stays used until somebody acts: a date when it is full has meaning
}

// Measures gives all that are kept, in the order of lists.
func Measures() []Measure {
	return []Measure{
		{"disk.bytes", "Disk", "bytes", true, true}, {"disk.inodes", "Files on disk", "", true, true}, {"memory", "Memory", "bytes", false, true}, {"swap", "Swap", "bytes", false, true},
		{"cpu", "Processors", "share", false, true}, {"load", "Load a processor", "share", false, false}, {"psi.cpu", "Waiting for processors", "share", false, false},
		{"psi.memory", "Waiting for memory", "share", false, false}, {"psi.io", "Waiting for disks", "share", false, false}, {"files", "Open files", "", false, true}, {"conntrack", "Connections tracked", "", false, true},
		{"connections", "Database connections", "", false, true},
	}
}

// MeasureOf finds one by name.
func MeasureOf(name string) (Measure, bool) {
	all := Measures()
	i := slices.IndexFunc(all, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		return Measure{}, false
	}
	return all[i], true
}

// Whole is a share of one in which use is kept: basis points.
const Whole = 10000

// most is the largest share that is kept: ten times the limit.
const most = 10 * Whole

// maxMeasures is the most that one sample may bring.
const maxMeasures = 256

// share gives used of limit in basis points.
func share(used, limit int64) int64 {
	if limit <= 0 {
		return 0
	}
	return min(int64(float64(used)/float64(limit)*Whole+0.5), most)
}

// check holds a sample against what can be kept: kind Invalid naming the measure.
func check(s *wire.Sample) error {
	bad := func(i int, field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, fmt.Sprintf("sample.measures[%d].%s", i, field))
	}
	if len(s.Measures) > maxMeasures || len(s.Missing) > maxMeasures {
		return fault.New(fault.Invalid, "a sample has %d measures; at most %d are kept", max(len(s.Measures), len(s.Missing)), maxMeasures).At("", 0, "sample.measures")
	}
	seen := map[[2]string]bool{}
	for i, m := range s.Measures {
		kind, known := MeasureOf(m.Name)
		switch key := [2]string{m.Name, m.Place}; {
		case !known:
			return bad(i, "m", "no measure is called %q", m.Name)
		case seen[key]:
			return bad(i, "m", "%s of %q stands here twice", m.Name, m.Place)
		case kind.Places == (m.Place == ""):
			return bad(i, "at", "%s has a place: %v", m.Name, kind.Places)
		case len(m.Place) > 512 || !utf8.ValidString(m.Place) || strings.ContainsFunc(m.Place, unicode.IsControl):
			return bad(i, "at", "a place is a text of one line and at most 512 bytes")
		case m.Used < 0 || m.Limit <= 0:
			return bad(i, "u", "%d of %d is no use of a limit", m.Used, m.Limit)
		default:
			seen[key] = true
		}
	}
	for name, why := range s.Missing {
		if len(name) > 600 || len(why) > 400 || !utf8.ValidString(name+why) || strings.ContainsFunc(name+why, unicode.IsControl) {
			return fault.New(fault.Invalid, "what is missing is said in one line of at most 400 bytes").At("", 0, "sample.missing")
		}
	}
	return nil
}
