package simulation

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"

	"go.yaml.in/yaml/v3"
)

// drift is how a host differs from one in good order when something went wrong.
type drift struct {
	check    string // "linux-server/sshd-root-login"
	name     string // of the fixture
	severity string
	edits    []edit
	missing  map[string][]facts.Missing // by section: it cannot be read
}

// edit sets the value at a path, section first, or takes it away.
type edit struct {
	path  []string
	value any
	gone  bool
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
				complete(w.good[section], values)
			}
		}
		p, err := pack.Load(fsys)
		if err != nil {
			return nil, err
		}
		w.learn(p, base)
	}
	if len(w.drifts) == 0 {
		return nil, fmt.Errorf("no shipped standard of hosts has a failing fixture")
	}
	return w, nil
}

// complete adds to a section what another standard's host has beside it: the
// mounts of containers, say.
func complete(have, more map[string]any) {
	for k, v := range more {
		old, ok := have[k]
		if !ok {
			have[k] = v
			continue
		}
		if inner, ok := old.(map[string]any); ok {
			if theirs, ok := v.(map[string]any); ok {
				complete(inner, theirs)
			}
		}
	}
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
				d.edits = differ(d.edits, []string{section}, any(base[section]), any(now.Values))
			}
			if len(d.edits) > 0 || len(d.missing) > 0 {
				w.drifts = append(w.drifts, d)
			}
		}
	}
}

// differ adds the edits that make b of a.
func differ(edits []edit, path []string, a, b any) []edit {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if !aok || !bok || am == nil {
		if !reflect.DeepEqual(a, b) {
			edits = append(edits, edit{path: slices.Clone(path), value: b})
		}
		return edits
	}
	for _, k := range slices.Sorted(maps.Keys(am)) {
		if _, there := bm[k]; !there {
			edits = append(edits, edit{path: append(slices.Clone(path), k), gone: true})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(bm)) {
		old, there := am[k]
		if !there {
			edits = append(edits, edit{path: append(slices.Clone(path), k), value: bm[k]})
			continue
		}
		edits = differ(edits, append(path, k), old, bm[k])
	}
	return edits
}

// with gives values with an edit made, copying what lies on its path.
func with(values map[string]any, path []string, e edit) map[string]any {
	out := maps.Clone(values)
	if out == nil {
		out = map[string]any{}
	}
	switch {
	case len(path) == 1 && e.gone:
		delete(out, path[0])
	case len(path) == 1:
		out[path[0]] = e.value
	default:
		under, ok := out[path[0]].(map[string]any)
		if !ok && (out[path[0]] != nil || e.gone) {
			return out // within a list, where what is there stays; or gone already
		}
		out[path[0]] = with(under, path[1:], e)
	}
	return out
}

// section gives a section of a host: in good order, with what is its own, and
// with its drifts. key names that state: equal hosts are encoded once.
func (w *world) section(name string, own []edit, drifts []int) (encoded, error) {
	key := name
	for _, e := range own {
		if e.path[0] == name {
			key += fmt.Sprintf("|%s=%v", strings.Join(e.path[1:], "/"), e.value)
		}
	}
	var applied []*drift
	for _, i := range drifts {
		d := &w.drifts[i]
		touches := len(d.missing[name]) > 0
		for _, e := range d.edits {
			touches = touches || e.path[0] == name
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
		if e.path[0] == name {
			values = with(values, e.path[1:], e)
		}
	}
	var missing []facts.Missing
	for _, d := range applied {
		for _, e := range d.edits {
			switch {
			case e.path[0] != name:
			case len(e.path) == 1:
				values, _ = e.value.(map[string]any)
			default:
				values = with(values, e.path[1:], e)
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
			values = with(values, tokens, edit{gone: true})
		} else {
			values = map[string]any{}
		}
	}
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
