// Package crosswalk relates the criteria to the items of another framework. A
// crosswalk is a pack of kind "crosswalk": target.yaml names the items of the
// framework by id and short name, the other files relate criteria to them, each
// relation with the reason for it. The relations are our own judgement.
//
// Serves A6. Invariants: every id stands in the catalogue or in target.yaml, a
// pair is related once, every one of the 61 criteria is related or listed as
// without, with a reason.
//
// Floor: declared, pure.
package crosswalk

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
)

// Relation says how what a criterion asks lies to what a target asks.
type Relation string

// The relations, read from the criterion to the target.
const (
	Equal      Relation = "equal"
	Subset     Relation = "subset"
	Superset   Relation = "superset"
	Intersects Relation = "intersects"
)

// Relations gives the four.
func Relations() []Relation { return []Relation{Equal, Subset, Superset, Intersects} }

// Words says the relation from the criterion's side: "asks part of".
func (r Relation) Words() string {
	switch r {
	case Equal:
		return "asks the same as"
	case Subset:
		return "asks part of"
	case Superset:
		return "asks more than"
	}
	return "overlaps with"
}

// Inverse gives the relation read from the target to the criterion.
func (r Relation) Inverse() Relation {
	switch r {
	case Subset:
		return Superset
	case Superset:
		return Subset
	}
	return r
}

// Target is an item of the other framework. Its short name is ours.
type Target struct {
	ID     string `json:"id"`
	Level  string `json:"level"`            // what the framework calls it: category, subcategory, family, control
	Parent string `json:"parent,omitempty"` // the id of the item that it stands under
	Name   string `json:"name"`
}

// Group gives the id of the item under which the target stands, or its own.
func (t Target) Group() string {
	if t.Parent != "" {
		return t.Parent
	}
	return t.ID
}

// Mapping relates a criterion to a target.
type Mapping struct {
	Criterion string   `json:"criterion"`
	Target    string   `json:"target"`
	Relation  Relation `json:"relation"`
	Rationale string   `json:"rationale"`
}

// Without is a criterion to which the framework holds nothing, with the reason.
type Without struct {
	Criterion string `json:"criterion"`
	Reason    string `json:"reason"`
}

// Crosswalk is one pack.
type Crosswalk struct {
	ID        string    `json:"id"`
	Version   string    `json:"version"`
	Title     string    `json:"title"`
	Summary   string    `json:"summary"`
	Framework string    `json:"framework"` // with its edition
	Publisher string    `json:"publisher"`
	Targets   []Target  `json:"targets"` // in the framework's order
	Mappings  []Mapping `json:"mappings"`
	Without   []Without `json:"without,omitempty"`
}

// Target gives a target by id.
func (c *Crosswalk) Target(id string) (Target, bool) {
	i := slices.IndexFunc(c.Targets, func(t Target) bool { return t.ID == id })
	if i < 0 {
		return Target{}, false
	}
	return c.Targets[i], true
}

// Of gives what a criterion is related to, in the order of the file.
func (c *Crosswalk) Of(criterion string) []Mapping {
	return c.where(func(m Mapping) bool { return m.Criterion == criterion })
}

// To gives the criteria that are related to a target.
func (c *Crosswalk) To(target string) []Mapping {
	return c.where(func(m Mapping) bool { return m.Target == target })
}

func (c *Crosswalk) where(keep func(Mapping) bool) []Mapping {
	var out []Mapping
	for _, m := range c.Mappings {
		if keep(m) {
			out = append(out, m)
		}
	}
	return out
}

// Reason gives why the framework holds nothing for a criterion.
func (c *Crosswalk) Reason(criterion string) (string, bool) {
	i := slices.IndexFunc(c.Without, func(w Without) bool { return w.Criterion == criterion })
	if i < 0 {
		return "", false
	}
	return c.Without[i].Reason, true
}

// Load reads a pack of kind crosswalk. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Crosswalk, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Crosswalk), nil
}

const targetFile = "target.yaml"

// PackKind is the kind "crosswalk" for a pack loader: its Content is a *Crosswalk.
func PackKind() pack.Kind {
	return pack.Kind{Name: "crosswalk", Decode: func(src *pack.Source, p *pack.Pack) {
		d := &decoder{Crosswalk: Crosswalk{ID: p.ID, Version: p.Version, Title: p.Title, Summary: p.Summary}, rationales: map[string]string{}}
		if slices.Contains(src.Files(), targetFile) {
			d.target(src.YAML(targetFile))
		} else {
			src.Fault(targetFile, 0, "", "is missing").WithHint("add target.yaml: the framework and its items by id and title")
		}
		last := ""
		for root := range src.Documents("a crosswalk", "a crosswalk holds target.yaml and .yaml files with mappings", targetFile) {
			last = root.File()
			d.file(root)
		}
		for _, c := range catalog.All() {
			_, without := d.Reason(c.ID)
			if len(d.Of(c.ID)) == 0 && !without {
				if last == "" {
					last = "pack.yaml"
				}
				src.Fault(last, 0, "mappings", "says nothing about %s", c.ID).WithHint("relate it to a target, or list it under without with the reason")
			}
		}
		p.Content = &d.Crosswalk
	}}
}

type decoder struct {
	Crosswalk
	rationales map[string]string // by wording: the pair that it stands with
}

func (d *decoder) target(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	d.Framework = o.NeedText("framework", "the framework's name, such as NIST Cybersecurity Framework")
	if edition := o.NeedText("edition", "its edition, such as \"2.0\""); edition != "" {
		d.Framework += " " + edition
	}
	d.Publisher = o.NeedText("publisher", "who publishes the framework")
	for _, v := range o.Need("targets", "a list of the framework's items: id, level, name and parent").List() {
		to := v.Object()
		if to == nil {
			continue
		}
		t := Target{ID: to.NeedText("id", "its id in the framework"), Level: to.NeedText("level", "what the framework calls it, such as category"),
			Name: to.NeedText("name", "a short name"), Parent: to.Field("parent").Text()}
		if _, twice := d.Target(t.ID); twice && t.ID != "" {
			to.At("id").Fault("target %s stands here twice", t.ID).WithHint("keep one of them")
		}
		if _, known := d.Target(t.Parent); t.Parent != "" && !known {
			to.At("parent").Fault("%q is no target above this one", t.Parent).WithHint("list it before the items that stand under it")
		}
		to.Done()
		d.Targets = append(d.Targets, t)
	}
	o.Done()
}

func (d *decoder) file(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	for _, v := range o.Field("mappings").List() {
		if m := v.Object(); m != nil {
			d.mapping(m)
			m.Done()
		}
	}
	for _, v := range o.Field("without").List() {
		w := v.Object()
		if w == nil {
			continue
		}
		id := criterion(w)
		reason := w.NeedText("reason", "why the framework holds nothing for it")
		d.words(w.Field("reason"), id, reason)
		if _, twice := d.Reason(id); twice {
			w.At("criterion").Fault("%s stands under without twice", id).WithHint("keep one of them")
		}
		if id != "" && len(d.Of(id)) > 0 {
			w.At("criterion").Fault("%s stands under without, and is related to a target", id).WithHint("keep one of the two")
		}
		w.Done()
		d.Without = append(d.Without, Without{id, reason})
	}
	o.Done()
}

// criterion reads an id of the catalogue; "" with a mistake reported for another.
func criterion(o *pack.Object) string {
	id := o.NeedText("criterion", "its id, such as CC6.1")
	if _, known := catalog.Get(id); id != "" && !known {
		o.At("criterion").Fault("%q is none of the 61 criteria", id).WithHint("the criteria are listed by 'attesta criteria list'")
		return ""
	}
	return id
}

func (d *decoder) mapping(o *pack.Object) {
	words := make([]string, 0, len(Relations()))
	for _, r := range Relations() {
		words = append(words, string(r))
	}
	m := Mapping{
		Criterion: criterion(o),
		Target:    o.NeedText("target", "the id of a target"),
		Relation:  Relation(o.Need("relation", strings.Join(words, ", ")).OneOf(words...)),
		Rationale: o.NeedText("rationale", "why they relate so, in one sentence"),
	}
	if _, known := d.Target(m.Target); m.Target != "" && !known {
		o.At("target").Fault("%q is no target of %s", m.Target, d.Framework).WithHint("the targets are listed in %s", targetFile)
	}
	if slices.ContainsFunc(d.Mappings, func(x Mapping) bool { return x.Criterion == m.Criterion && x.Target == m.Target }) && m.Criterion != "" {
		o.Fault("relates %s to %s once more", m.Criterion, m.Target).WithHint("keep one of them")
	}
	d.words(o.Field("rationale"), m.Criterion+" and "+m.Target, m.Rationale)
	d.Mappings = append(d.Mappings, m)
}

// words refuses a reason that was given before, and misleading words.
func (d *decoder) words(v *pack.Value, where, text string) {
	if text == "" {
		return
	}
	key := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if first, twice := d.rationales[key]; twice {
		v.Fault("is the same as for %s", first).WithHint("say what is particular to this pair")
	}
	d.rationales[key] = where
	for _, m := range guidance.Misleading(text) {
		v.Fault("%s", m).WithHint("choose another word")
	}
}

// Reached gives the number of targets that any criterion is related to.
func (c *Crosswalk) Reached() int {
	seen := map[string]bool{}
	for _, m := range c.Mappings {
		seen[m.Target] = true
	}
	return len(seen)
}

// Named gives a crosswalk of a list by id.
func Named(list []*Crosswalk, id string) (*Crosswalk, error) {
	for _, c := range list {
		if c.ID == id {
			return c, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no crosswalk %q", id).WithHint("'attesta crosswalk list' lists them")
}
