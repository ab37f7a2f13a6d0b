package judge

import (
	"strings"

	"github.com/attesta/attesta/internal/facts"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Judge judges one item.
func (a *Attribute) Judge(item Item) Result {
	v := vars{attribute: a}
	v.fill(item)
	r := Result{Expected: a.expected, Reads: a.reads}
	if a.loops != nil && steps(a.loops, item) > maxSteps {
		r.Outcome, r.Reason = Error, "the item is too large to be judged: "+sizesOf(a.loops, item)
		return r
	}
	if a.where != nil {
		switch out := eval(a.where, &v).(type) {
		case types.Bool:
			if !out {
				r.Outcome = NotApplicable
				r.Reason = "where: " + a.failing(a.scope, item, &v, "applies when", "")
				r.Observed = a.show(item, &v)
				return r
			}
		default:
			r.Outcome, r.Reason = a.undecided(out, item, &v)
			r.Reason = "where: " + r.Reason
			r.Observed = a.show(item, &v)
			return r
		}
	}
	switch out := eval(a.expect, &v).(type) {
	case types.Bool:
		r.Outcome = Pass
		r.Observed = a.show(item, &v)
		if !out {
			r.Outcome, r.Reason = Fail, a.reason(item, &v)
		}
	default:
		r.Outcome, r.Reason = a.undecided(out, item, &v)
		r.Observed = a.show(item, &v)
	}
	return r
}

// undecided gives outcome and reason of a judgement that came to neither true
// nor false.
func (a *Attribute) undecided(out ref.Val, item Item, v *vars) (Outcome, string) {
	if u, ok := out.(*types.Unknown); ok {
		outcome, list := causes(u)
		return outcome, sentence(list, a.reads)
	}
	message := "the expression gave neither true nor false"
	if e, ok := out.(*types.Err); ok {
		message = e.Error()
	}
	if strings.HasPrefix(message, "type conversion error") {
		message = "a text is no number"
	}
	return Error, "cannot be judged: " + message + "; " + a.broken(item, v)
}

// eval runs a program; an error is a value like any other.
func eval(p cel.Program, v *vars) ref.Val {
	out, _, err := p.Eval(v)
	if err != nil {
		if e, ok := out.(*types.Err); ok {
			return e
		}
		return types.WrapErr(err)
	}
	return out
}

// vars gives an item's sections to a CEL program.
type vars struct {
	attribute *Attribute
	few       [4]any // values of the first sections, so that most items need no list
	many      []any
}

// fill looks up the sections that the attribute reads. A section of which
// nothing relevant is missing is used as it is.
func (v *vars) fill(item Item) {
	for i := range v.attribute.sections {
		s := &v.attribute.sections[i]
		var value any
		switch d := item.Sections[s.name]; {
		case d == nil:
			value = notReceived(s.name)
		case len(d.Missing) > 0 && s.misses(d.Missing):
			value = plant(s.name, d, s.typ, s.paths)
		case s.typ.Kind == Map && s.typ.Complete:
			value = completeMap(d.Values)
		case s.typ.Kind == Map:
			value = openMap(d.Values)
		default:
			value = d.Values
		}
		if i < len(v.few) {
			v.few[i] = value
		} else {
			v.many = append(v.many, value)
		}
	}
}

// ResolveName implements cel.Activation.
func (v *vars) ResolveName(name string) (any, bool) {
	for i := range v.attribute.sections {
		if v.attribute.sections[i].name == name {
			if i < len(v.few) {
				return v.few[i], true
			}
			return v.many[i-len(v.few)], true
		}
	}
	return nil, false
}

// Parent implements cel.Activation.
func (v *vars) Parent() cel.Activation { return nil }

func notReceived(section string) *types.Unknown {
	return types.NewUnknown(rankNotObserved, types.NewAttributeTrail(encodeCause(cause{
		outcome: NotObserved, pointer: "/" + section, reason: "has not been received",
	})))
}

// misses reports whether one of the missing facts lies where s reads.
func (s *sectionRead) misses(missing []facts.Missing) bool {
	for i := range missing {
		for _, path := range s.paths {
			if overlap(missing[i].Path, path) {
				return true
			}
		}
	}
	return false
}
