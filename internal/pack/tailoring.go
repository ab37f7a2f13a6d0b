package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
)

// Tailoring is what an organisation changes in a pack: as data, so that it is
// approved, kept and compared like the pack itself. What ships is not edited.
type Tailoring struct {
	Pack   string            `json:"pack"`           // id of the pack
	Base   string            `json:"base,omitempty"` // digest that it was written for; empty for any
	Checks map[string]Change `json:"checks"`         // by id, without the pack's in front

	file  string
	lines map[string]int // by field, when it was read from a file
}

// Change is what changes in one check.
type Change struct {
	Off        bool           `json:"off,omitempty"`        // not judged any more
	Severity   string         `json:"severity,omitempty"`   // instead of the pack's
	Parameters map[string]any `json:"parameters,omitempty"` // int64, string, bool or []string
	Reason     string         `json:"reason,omitempty"`     // needed when the check is off or its severity changes
}

// Empty reports whether nothing is changed.
func (t Tailoring) Empty() bool { return len(t.Checks) == 0 }

// Tailor applies t and gives a new pack with its own digest, as a draft: what
// was approved is not what it says now. An empty tailoring gives p itself.
// Mistakes come all at once, as Errors.
func (l *Loader) Tailor(p *Pack, t Tailoring) (*Pack, error) {
	src := &Source{}
	kind := l.kinds[p.Kind]
	switch {
	case p.Base != "":
		return nil, fault.New(fault.Conflict, "%s %s is tailored already", p.ID, p.Version).WithHint("tailor the pack as it was loaded")
	case t.Pack != p.ID:
		t.fault(src, "pack", "is for pack %q; this is %q", t.Pack, p.ID)
	case t.Base != "" && t.Base != p.Digest:
		t.fault(src, "base", "was written for %.12s; the pack is now %.12s", t.Base, p.Digest).WithHint("compare the two with 'attesta checks diff', then change base")
	case t.Empty():
		return p, nil
	case kind.Tailor == nil:
		t.fault(src, "", "packs of kind %s cannot be tailored", p.Kind)
	}
	if err := src.err(); err != nil {
		return nil, err
	}
	t.normalise()
	next := *p
	next.Base, next.Approval, next.tailored = p.Digest, nil, t
	next.Checks = slices.Clone(p.Checks)
	for i := range next.Checks {
		c := &next.Checks[i]
		c.Parameters, c.Attributes = slices.Clone(c.Parameters), slices.Clone(c.Attributes)
	}
	kind.Tailor(src, p, &next, t)
	if err := src.err(); err != nil {
		return nil, err
	}
	canonical, err := json.Marshal(t.Checks) // maps come out in the order of their keys
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the tailoring cannot be written as JSON")
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "attesta tailoring v1\n%s\n%s", p.Digest, canonical))
	next.Digest = hex.EncodeToString(sum[:])
	return &next, nil
}

// Tailored gives what was applied; empty for a pack that was not tailored.
func (p *Pack) Tailored() Tailoring { return p.tailored }

// normalise turns what a JSON decoder made of parameters into what they are.
func (t *Tailoring) normalise() {
	checks := make(map[string]Change, len(t.Checks))
	for id, change := range t.Checks {
		change.Parameters = maps.Clone(change.Parameters)
		for name, value := range change.Parameters {
			switch v := value.(type) {
			case int:
				change.Parameters[name] = int64(v)
			case float64:
				if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
					change.Parameters[name] = int64(v)
				}
			case []any:
				texts := make([]string, 0, len(v))
				for _, element := range v {
					if s, ok := element.(string); ok {
						texts = append(texts, s)
					}
				}
				if len(texts) == len(v) {
					change.Parameters[name] = texts
				}
			}
		}
		checks[id] = change
	}
	t.Checks = checks
}

func (t Tailoring) fault(src *Source, field, format string, args ...any) *fault.Error {
	file := t.file
	if file == "" {
		file = "tailoring"
	}
	return src.Fault(file, t.lines[field], field, format, args...)
}

// tailor applies t to the standard's checks.
func (d *standard) tailor(t Tailoring) {
	for _, id := range slices.Sorted(maps.Keys(t.Checks)) {
		change, field := t.Checks[id], "checks."+id
		c, ok := d.pack.Check(id)
		if !ok {
			var known []string
			for _, c := range d.pack.Checks {
				known = append(known, c.ID[len(d.pack.ID)+1:])
			}
			t.fault(d.src, field, "the pack has no such check").WithHint("%s", nearest(id, known))
			continue
		}
		if (change.Off || change.Severity != "") && change.Reason == "" {
			t.fault(d.src, field+".reason", "is missing").WithHint("say why; whoever approves the tailoring and the auditor will ask")
		}
		if change.Off {
			c.Off = change.Reason
		}
		if change.Severity != "" {
			if !slices.Contains(severities, change.Severity) {
				t.fault(d.src, field+".severity", "%q is no severity", change.Severity).WithHint("%s", nearest(change.Severity, severities))
			}
			c.Severity = change.Severity
		}
		if len(change.Parameters) > 0 {
			d.tailorParameters(t, c, field, change.Parameters)
		}
	}
}

func (d *standard) tailorParameters(t Tailoring, c *Check, field string, values map[string]any) {
	before := len(d.src.mistakes)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		at := slices.IndexFunc(c.Parameters, func(p Parameter) bool { return p.Name == name })
		if at < 0 {
			known := make([]string, len(c.Parameters))
			for i, p := range c.Parameters {
				known[i] = p.Name
			}
			t.fault(d.src, field+".parameters."+name, "is no parameter of the check").WithHint("%s", nearest(name, known))
			continue
		}
		if message := c.Parameters[at].refuses(values[name]); message != "" {
			t.fault(d.src, field+".parameters."+name, "%s", message)
			continue
		}
		c.Parameters[at].Value = values[name]
	}
	if len(d.src.mistakes) > before {
		return
	}
	c.Title, _ = fill(c.texts.title, c.Parameters)
	c.Rationale, _ = fill(c.texts.rationale, c.Parameters)
	c.Remediation, _ = fill(c.texts.remediation, c.Parameters)
	for i := range c.Attributes {
		if err := d.compileAttribute(c, &c.Attributes[i]); err != nil {
			t.fault(d.src, field, "attribute %s cannot be compiled with these parameters: %v", c.Attributes[i].ID, err)
		}
	}
}

// ParseTailoring reads a tailoring from YAML; file is its name for messages:
//
//	pack: linux-server
//	checks:
//	  sshd-max-auth-tries: {parameters: {max_auth_tries: 3}}
//	  grub-password: {off: true, reason: virtual machines without a console}
func ParseTailoring(file string, data []byte) (Tailoring, error) {
	src := &Source{}
	t := Tailoring{file: file, lines: map[string]int{}, Checks: map[string]Change{}}
	if len(data) > maxFile {
		src.Fault(file, 0, "", "is larger than %d bytes", maxFile)
		return Tailoring{}, src.err()
	}
	o := src.root(file, data).Object()
	if o == nil {
		return Tailoring{}, src.err()
	}
	t.Pack = o.NeedText("pack", "the id of the pack that is tailored")
	t.Base = o.Field("base").Text()
	checks := o.Need("checks", "changes by check id").Object()
	o.Done()
	if checks != nil {
		for _, id := range checks.Keys() {
			c := checks.entry(id).Object()
			if c == nil {
				continue
			}
			change := Change{Off: c.Field("off").Bool(), Severity: c.Field("severity").Text(), Reason: c.Field("reason").Text()}
			t.lines["checks."+id] = c.Line()
			for _, name := range []string{"severity", "reason"} {
				t.lines["checks."+id+"."+name] = c.Line()
				if v := c.Field(name); v != nil {
					t.lines["checks."+id+"."+name] = v.Line()
				}
			}
			if params := c.Field("parameters").Object(); params != nil {
				change.Parameters = map[string]any{}
				for _, name := range params.Keys() {
					v := params.entry(name)
					t.lines[v.Path()] = v.Line()
					change.Parameters[name] = v.scalar()
				}
			}
			c.Done()
			t.Checks[id] = change
		}
	}
	if err := src.err(); err != nil {
		return Tailoring{}, err
	}
	return t, nil
}

// scalar reads a value of whatever type a parameter may have.
func (v *Value) scalar() any {
	switch v.kind() {
	case "a whole number":
		return v.Int()
	case "true or false":
		return v.Bool()
	case "a list":
		return append([]string{}, v.Texts()...)
	}
	return v.Text()
}
