package judge

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/facts"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The values of items are plain Go maps and lists. They become CEL values
// without copying and without reflection: a Go map is one pointer, so that its
// conversion to one of the types below costs nothing.

// adapter turns items' values into CEL values.
type adapter struct{ types.Adapter }

func (a adapter) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case string:
		return types.String(v)
	case ref.Val:
		return v
	case int64:
		return types.Int(v)
	case bool:
		return types.Bool(v)
	case map[string]any:
		return structValue(v)
	case []any:
		return listValue(v)
	}
	return a.Adapter.NativeToValue(value)
}

func native(value any) ref.Val { return adapter{types.DefaultTypeAdapter}.NativeToValue(value) }

// equal compares two values; unknown when one is.
func equal(a, b ref.Val) ref.Val {
	if u, ok := a.(*types.Unknown); ok {
		return u
	}
	if u, ok := b.(*types.Unknown); ok {
		return u
	}
	return types.Equal(a, b)
}

// structValue is a struct as a CEL value: fields are read through the type
// provider, so that it need not do more than compare.
type structValue map[string]any

func (m structValue) ConvertToNative(t reflect.Type) (any, error) { return mapToNative(m, t) }
func (m structValue) ConvertToType(t ref.Type) ref.Val            { return noConversion(t) }
func (m structValue) Equal(other ref.Val) ref.Val                 { return equalMaps(m, other) }
func (m structValue) Type() ref.Type                              { return types.MapType }
func (m structValue) Value() any                                  { return map[string]any(m) }

// completeMap is a map of which everything is known: what is not in it is not
// on the item.
type completeMap map[string]any

// openMap is a map of which only what is in it is known.
type openMap map[string]any

// partialMap is a map some keys of which could not be read.
type partialMap struct {
	values   map[string]any
	missing  map[string]*types.Unknown
	absent   map[string]bool // of missing: those that are known not to be there
	complete bool
}

// keyNotThere is the unknown that stands for a key that was not reported.
func keyNotThere(key ref.Val) *types.Unknown {
	name, ok := key.(types.String)
	if !ok {
		name = types.String(fmt.Sprint(key.Value()))
	}
	return types.NewUnknown(rankNotObserved, types.NewAttributeTrail(encodeCause(cause{
		outcome: NotObserved, key: string(name), reason: "was not reported",
	})))
}

func find(m map[string]any, key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), true
	}
	if v, ok := m[string(name)]; ok {
		return native(v), true
	}
	return nil, false
}

func (m completeMap) Find(key ref.Val) (ref.Val, bool) {
	if v, ok := find(m, key); ok {
		return v, true
	}
	return keyNotThere(key), true
}

func (m completeMap) Contains(key ref.Val) ref.Val {
	if u, ok := key.(*types.Unknown); ok {
		return u
	}
	_, ok := find(m, key)
	return types.Bool(ok)
}

func (m completeMap) Get(key ref.Val) ref.Val                     { v, _ := m.Find(key); return v }
func (m completeMap) Iterator() traits.Iterator                   { return iterate(m, nil) }
func (m completeMap) Size() ref.Val                               { return types.Int(len(m)) }
func (m completeMap) ConvertToNative(t reflect.Type) (any, error) { return mapToNative(m, t) }
func (m completeMap) ConvertToType(t ref.Type) ref.Val            { return noConversion(t) }
func (m completeMap) Equal(other ref.Val) ref.Val                 { return equalMaps(m, other) }
func (m completeMap) Type() ref.Type                              { return types.MapType }
func (m completeMap) Value() any                                  { return map[string]any(m) }

func (m openMap) Find(key ref.Val) (ref.Val, bool) { return completeMap(m).Find(key) }

// Contains of a key that was not reported is unknown, not false.
func (m openMap) Contains(key ref.Val) ref.Val {
	if u, ok := key.(*types.Unknown); ok {
		return u
	}
	if _, ok := find(m, key); ok {
		return types.True
	}
	return keyNotThere(key)
}

func (m openMap) Get(key ref.Val) ref.Val                     { v, _ := m.Find(key); return v }
func (m openMap) Iterator() traits.Iterator                   { return iterate(m, nil) }
func (m openMap) Size() ref.Val                               { return types.Int(len(m)) }
func (m openMap) ConvertToNative(t reflect.Type) (any, error) { return mapToNative(m, t) }
func (m openMap) ConvertToType(t ref.Type) ref.Val            { return noConversion(t) }
func (m openMap) Equal(other ref.Val) ref.Val                 { return equalMaps(m, other) }
func (m openMap) Type() ref.Type                              { return types.MapType }
func (m openMap) Value() any                                  { return map[string]any(m) }

func (m *partialMap) Find(key ref.Val) (ref.Val, bool) {
	if v, ok := find(m.values, key); ok {
		return v, true
	}
	if name, ok := key.(types.String); ok {
		if u, ok := m.missing[string(name)]; ok {
			return u, true
		}
	}
	return keyNotThere(key), true
}

func (m *partialMap) Contains(key ref.Val) ref.Val {
	if u, ok := key.(*types.Unknown); ok {
		return u
	}
	if _, ok := find(m.values, key); ok {
		return types.True
	}
	name, ok := key.(types.String)
	if !ok {
		return types.False
	}
	switch u, ok := m.missing[string(name)]; {
	case ok && m.absent[string(name)]:
		return types.False
	case ok:
		return u
	case m.complete:
		return types.False
	}
	return keyNotThere(key)
}

func (m *partialMap) Get(key ref.Val) ref.Val { v, _ := m.Find(key); return v }

// Iterator gives the known keys, then an unknown for each that could not be
// read: what holds for all of the known ones need not hold for all.
func (m *partialMap) Iterator() traits.Iterator {
	var unknown []*types.Unknown
	for _, key := range slices.Sorted(maps.Keys(m.missing)) {
		if !m.absent[key] {
			unknown = append(unknown, m.missing[key])
		}
	}
	return iterate(m.values, unknown)
}

func (m *partialMap) Size() ref.Val {
	for _, key := range slices.Sorted(maps.Keys(m.missing)) {
		if !m.absent[key] {
			return m.missing[key]
		}
	}
	return types.Int(len(m.values))
}

func (m *partialMap) ConvertToNative(t reflect.Type) (any, error) { return mapToNative(m.values, t) }
func (m *partialMap) ConvertToType(t ref.Type) ref.Val            { return noConversion(t) }
func (m *partialMap) Type() ref.Type                              { return types.MapType }
func (m *partialMap) Value() any                                  { return m.values }

func (m *partialMap) Equal(ref.Val) ref.Val {
	for _, u := range m.missing {
		return u
	}
	return types.False
}

// listValue is a list as a CEL value.
type listValue []any

func (l listValue) Get(index ref.Val) ref.Val {
	i, err := types.IndexOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(l) {
		return types.NewErr("there is no element %d in a list of %d", i, len(l))
	}
	return native(l[i])
}

// Contains is true when an element equals value, unknown when none does and
// one could not be read.
func (l listValue) Contains(value ref.Val) ref.Val {
	var unknown *types.Unknown
	for _, element := range l {
		switch eq := equal(native(element), value).(type) {
		case *types.Unknown:
			unknown = types.MergeUnknowns(eq, unknown)
		case types.Bool:
			if eq {
				return types.True
			}
		}
	}
	if unknown != nil {
		return unknown
	}
	return types.False
}

func (l listValue) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok || o.Size() != l.Size() {
		return types.False
	}
	var unknown *types.Unknown
	for i, element := range l {
		switch eq := equal(native(element), o.Get(types.Int(i))).(type) {
		case *types.Unknown:
			unknown = types.MergeUnknowns(eq, unknown)
		case types.Bool:
			if !eq {
				return types.False
			}
		default:
			return eq
		}
	}
	if unknown != nil {
		return unknown
	}
	return types.True
}

func (l listValue) Add(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	all := make([]ref.Val, 0, len(l))
	for _, element := range l {
		all = append(all, native(element))
	}
	for it := o.Iterator(); it.HasNext() == types.True; {
		all = append(all, it.Next())
	}
	return types.NewRefValList(adapter{types.DefaultTypeAdapter}, all)
}

func (l listValue) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[[]any]() || t == reflect.TypeFor[any]() {
		return []any(l), nil
	}
	return types.NewDynamicList(types.DefaultTypeAdapter, []any(l)).ConvertToNative(t)
}

func (l listValue) Iterator() traits.Iterator        { return &listIterator{list: l} }
func (l listValue) Size() ref.Val                    { return types.Int(len(l)) }
func (l listValue) ConvertToType(t ref.Type) ref.Val { return noConversion(t) }
func (l listValue) Type() ref.Type                   { return types.ListType }
func (l listValue) Value() any                       { return []any(l) }

type listIterator struct {
	mapIterator // for the methods that an iterator has and nobody calls
	list        listValue
	next        int
}

func (it *listIterator) HasNext() ref.Val { return types.Bool(it.next < len(it.list)) }

func (it *listIterator) Next() ref.Val {
	if it.next >= len(it.list) {
		return nil
	}
	it.next++
	return native(it.list[it.next-1])
}

type mapIterator struct {
	keys    []string
	unknown []*types.Unknown
	next    int
}

// iterate gives keys in order, so that a judgement is the same every time.
func iterate(m map[string]any, unknown []*types.Unknown) *mapIterator {
	return &mapIterator{keys: slices.Sorted(maps.Keys(m)), unknown: unknown}
}

func (it *mapIterator) HasNext() ref.Val {
	return types.Bool(it.next < len(it.keys)+len(it.unknown))
}

func (it *mapIterator) Next() ref.Val {
	i := it.next
	it.next++
	if i < len(it.keys) {
		return types.String(it.keys[i])
	}
	if i -= len(it.keys); i < len(it.unknown) {
		return it.unknown[i]
	}
	return nil
}

func (it *mapIterator) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("an iterator is no %s", t)
}
func (it *mapIterator) ConvertToType(t ref.Type) ref.Val { return noConversion(t) }
func (it *mapIterator) Equal(ref.Val) ref.Val            { return types.False }
func (it *mapIterator) Type() ref.Type                   { return types.IteratorType }
func (it *mapIterator) Value() any                       { return nil }

func mapToNative(m map[string]any, t reflect.Type) (any, error) {
	if t == reflect.TypeFor[map[string]any]() || t == reflect.TypeFor[any]() {
		return m, nil
	}
	return nil, fmt.Errorf("a map of facts is no %s", t)
}

func noConversion(t ref.Type) ref.Val {
	return types.NewErr("a set of facts cannot be turned into %s", t.TypeName())
}

// equalMaps compares two sets of facts, unknown when a part that decides is.
func equalMaps(m map[string]any, other ref.Val) ref.Val {
	var o map[string]any
	switch v := other.(type) {
	case structValue:
		o = v
	case completeMap:
		o = v
	case openMap:
		o = v
	case *partialMap:
		return v.Equal(nil)
	default:
		return types.False
	}
	if len(m) != len(o) {
		return types.False
	}
	var unknown *types.Unknown
	for key, left := range m {
		right, ok := o[key]
		if !ok {
			return types.False
		}
		switch eq := equal(native(left), native(right)).(type) {
		case *types.Unknown:
			unknown = types.MergeUnknowns(eq, unknown)
		case types.Bool:
			if !eq {
				return types.False
			}
		default:
			return eq
		}
	}
	if unknown != nil {
		return unknown
	}
	return types.True
}

// tokens splits a JSON Pointer (RFC 6901); one that is malformed has none.
func tokens(pointer string) []string {
	t, _ := facts.SplitPointer(pointer)
	return t
}

// overlap reports whether one JSON Pointer is the other or lies below it.
func overlap(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return strings.HasPrefix(b, a) && (len(a) == len(b) || b[len(a)] == '/')
}

// hole is a missing fact, or a path to some.
type hole struct {
	unknown *types.Unknown
	absent  bool
	below   map[string]*hole
}

func (h *hole) add(path []string, unknown *types.Unknown, absent bool) {
	for _, token := range path {
		if h.below == nil {
			h.below = map[string]*hole{}
		}
		next := h.below[token]
		if next == nil {
			next = &hole{}
			h.below[token] = next
		}
		h = next
	}
	h.unknown, h.absent = unknown, absent
}

// plant gives a section's value with an unknown in the place of each missing
// fact that one of reads can meet (pointers within the section). What is not
// touched is shared with the item.
func plant(section string, d *facts.Decoded, t *Type, reads []string) any {
	var root hole
	for _, m := range d.Missing {
		if !slices.ContainsFunc(reads, func(r string) bool { return overlap(m.Path, r) }) {
			continue
		}
		o := outcomeOf(m.State)
		unknown := types.NewUnknown(rankOf(o), types.NewAttributeTrail(encodeCause(cause{
			outcome: o, pointer: "/" + section + m.Path, reason: m.Reason,
		})))
		root.add(tokens(m.Path), unknown, m.State == facts.Absent)
	}
	return root.plant(d.Values, t)
}

func (h *hole) plant(v any, t *Type) any {
	if h.unknown != nil {
		return h.unknown
	}
	switch t.Kind {
	case Struct:
		fields, _ := v.(map[string]any)
		if h.below == nil {
			return v
		}
		fields = maps.Clone(fields)
		if fields == nil {
			fields = map[string]any{}
		}
		for name, sub := range h.below {
			f, known := t.Field(name)
			if !known {
				continue // newer than the registry: nothing here reads it
			}
			fields[name] = sub.plant(fields[name], f.Type)
		}
		return fields
	case Map:
		entries, _ := v.(map[string]any)
		p := &partialMap{values: maps.Clone(entries), missing: map[string]*types.Unknown{}, absent: map[string]bool{}, complete: t.Complete}
		if p.values == nil {
			p.values = map[string]any{}
		}
		for key, sub := range h.below {
			if sub.unknown != nil {
				delete(p.values, key)
				p.missing[key] = sub.unknown
				p.absent[key] = sub.absent
				continue
			}
			p.values[key] = sub.plant(p.values[key], t.Elem)
		}
		return p
	case List:
		elements, _ := v.([]any)
		elements = slices.Clone(elements)
		for token, sub := range h.below {
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(elements) {
				return sub.any() // an element that is not there: the list itself cannot be relied on
			}
			elements[i] = sub.plant(elements[i], t.Elem)
		}
		return elements
	}
	return h.any() // a path below a plain value: the value cannot be relied on
}

// any gives one of the unknowns at or below h.
func (h *hole) any() *types.Unknown {
	if h.unknown != nil {
		return h.unknown
	}
	for _, token := range slices.Sorted(maps.Keys(h.below)) {
		if u := h.below[token].any(); u != nil {
			return u
		}
	}
	return nil
}
