package simulation

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/simulation/balancing"
	"github.com/attesta/attesta/internal/simulation/drifting"
	"github.com/attesta/attesta/packs"

	"go.yaml.in/yaml/v3"
)

// drift is how a host differs from one in good order when something went wrong.
type drift struct {
	check    string // "linux-server/sshd-root-login"
	name     string // of the fixture
	severity string
	edits    []drifting.Edit
	missing  map[string][]facts.Missing // by section: it cannot be read
}

// world is what hosts can be: in good order, and each way of not being it.
type world struct {
	good   map[string]map[string]any // sections of a host in good order
	drifts []drift
	cache  map[string]encoded // of a section in a state, by section and state
}

type encoded struct {
	raw    json.RawMessage
	digest string
}

// newWorld reads the shipped standards of hosts.
func newWorld() (*world, error) {
	w := &world{good: map[string]map[string]any{}, cache: map[string]encoded{}}
	for _, name := range packs.Standards() {
		fsys, err := packs.Open(name)
		if err != nil {
			return nil, err
		}
		base, err := baseOf(fsys)
		if err != nil {
			return nil, fmt.Errorf("standard %s: %w", name, err)
		}
		if base == nil {
			continue // of another population
		}
		for section, values := range base {
			if w.good[section] == nil {
				w.good[section] = values
			} else {
				drifting.Complete(w.good[section], values)
			}
		}
		p, err := pack.Load(fsys)
		if err != nil {
			return nil, err
		}
		if name != balancing.Pack {
			w.learn(p, base)
		}
	}
	if len(w.drifts) == 0 {
		return nil, fmt.Errorf("no shipped standard of hosts has a failing fixture")
	}
	return w, nil
}

// baseOf reads the host in good order of a pack; nil where it judges no hosts.
func baseOf(fsys fs.FS) (map[string]map[string]any, error) {
	raw, err := fs.ReadFile(fsys, "fixtures/hosts.yaml")
	if err != nil {
		return nil, nil // its populations are others
	}
	var file struct {
		Facts map[string]map[string]any `yaml:"facts"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return nil, err
	}
	out := make(map[string]map[string]any, len(file.Facts))
	for section, values := range file.Facts {
		s, err := facts.NewSection(section, values, nil) // brings the values to the types of the registry
		if err != nil {
			return nil, err
		}
		d, err := facts.Decode(s)
		if err != nil {
			return nil, err
		}
		out[section] = d.Values
	}
	return out, nil
}

// learn takes the failing and the unreadable fixtures of a pack's checks.
func (w *world) learn(p *pack.Pack, base map[string]map[string]any) {
	for _, c := range p.Checks {
		if c.Population != "hosts" {
			continue
		}
		for _, f := range c.Fixtures {
			outcomes := slices.Collect(maps.Values(f.Expect))
			if !slices.Contains(outcomes, judge.Fail) && !slices.Contains(outcomes, judge.Error) {
				continue
			}
			d := drift{check: c.ID, name: f.Name, severity: string(c.Severity), missing: map[string][]facts.Missing{}}
			for _, section := range slices.Sorted(maps.Keys(f.Item.Sections)) {
				now := f.Item.Sections[section]
				if len(now.Missing) > 0 {
					d.missing[section] = now.Missing
				}
				d.edits = drifting.Differ(d.edits, []string{section}, any(base[section]), any(now.Values))
			}
			if len(d.edits) > 0 || len(d.missing) > 0 {
				w.drifts = append(w.drifts, d)
			}
		}
	}
}

// section gives a section of a host: in good order, with what is its own, and
// with its drifts. key names that state: equal hosts are encoded once.
func (w *world) section(name string, own []drifting.Edit, drifts []int) (encoded, error) {
	key := name
	for _, e := range own {
		if e.Path[0] == name {
			key += fmt.Sprintf("|%s=%v", strings.Join(e.Path[1:], "/"), e.Value)
		}
	}
	var applied []*drift
	for _, i := range drifts {
		d := &w.drifts[i]
		touches := len(d.missing[name]) > 0
		for _, e := range d.edits {
			touches = touches || e.Path[0] == name
		}
		if touches {
			key += fmt.Sprintf("|%d", i)
			applied = append(applied, d)
		}
	}
	if e, ok := w.cache[key]; ok {
		return e, nil
	}
	values := w.good[name]
	if values == nil {
		values = map[string]any{}
	}
	for _, e := range own {
		if e.Path[0] == name {
			values = drifting.With(values, e.Path[1:], e)
		}
	}
	var missing []facts.Missing
	for _, d := range applied {
		for _, e := range d.edits {
			switch {
			case e.Path[0] != name:
			case len(e.Path) == 1:
				values, _ = e.Value.(map[string]any)
			default:
				values = drifting.With(values, e.Path[1:], e)
			}
		}
		for _, m := range d.missing[name] {
			if !slices.ContainsFunc(missing, func(o facts.Missing) bool { return o.Path == m.Path }) {
				missing = append(missing, m)
			}
		}
	}
	for _, m := range missing { // what another drift set again is still not to be had
		if tokens, ok := facts.SplitPointer(m.Path); ok && len(tokens) > 0 {
			values = drifting.With(values, tokens, drifting.Edit{Gone: true})
		} else {
			values = map[string]any{}
		}
	}
	return w.encode(key, name, values, missing)
}

// encode makes a section, and keeps it by a key.
func (w *world) encode(key, name string, values map[string]any, missing []facts.Missing) (encoded, error) {
	s, err := facts.NewSection(name, values, missing)
	if err != nil {
		return encoded{}, err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return encoded{}, err
	}
	if len(w.cache) > 50_000 {
		clear(w.cache)
	}
	e := encoded{raw: raw, digest: s.Digest}
	w.cache[key] = e
	return e, nil
}
