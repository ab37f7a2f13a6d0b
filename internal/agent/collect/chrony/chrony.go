// Package chrony reads what chronyc prints about the sources of time and how
// far they are from a clock.
//
// Serves B11, C7.1b. Invariant: what changes with every measurement (offsets of
// single sources, which one is selected, poll intervals) is left out.
//
// Floor: edges, below agent/collect. Imports facts and tree.
package chrony

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const maxSources = 1_000

// Sources reads chronyc -c -n sources: mode, state, name, stratum, poll, reach
// in octal, and what changes all the time.
func Sources(text string) ([]facts.TimeSource, error) {
	out := []facts.TimeSource{}
	err := tree.EachLine("chronyc sources", tree.Clean(text), func(_ int, line string) error {
		if strings.TrimSpace(line) == "" {
			return nil
		}
		f := strings.Split(line, ",")
		if len(f) < 6 || len(out) == maxSources {
			return fmt.Errorf("expected mode, state, name, stratum, poll and reach of at most %d sources, found %.60q", maxSources, line)
		}
		kind := map[string]string{"^": "server", "=": "peer", "#": "clock"}[f[0]]
		stratum, err1 := strconv.ParseInt(f[3], 10, 16)
		reach, err2 := strconv.ParseUint(f[5], 8, 16)
		if kind == "" || err1 != nil || err2 != nil {
			return fmt.Errorf("expected a source, found %.60q", line)
		}
		out = append(out, facts.TimeSource{Name: f[2], Kind: kind, Stratum: stratum, Reachable: reach != 0})
		return nil
	})
	slices.SortFunc(out, func(a, b facts.TimeSource) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Stratum, b.Stratum))
	})
	return out, err
}

// Tracking reads stratum and leap status of chronyc tracking.
func Tracking(text string) (stratum int64, leap string, err error) {
	stratum = -1
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "Stratum":
			if stratum, err = strconv.ParseInt(value, 10, 16); err != nil {
				return 0, "", fmt.Errorf("chronyc tracking: stratum %.20q", value)
			}
		case "Leap status":
			leap = strings.ToLower(tree.Clean(value))
		}
	}
	if stratum < 0 || leap == "" {
		return 0, "", errors.New("chronyc tracking prints no stratum or no leap status")
	}
	return stratum, leap, nil
}
