package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/text/unicode/norm"
)

// Format is the version of the folder's layout.
const Format = 1

// Spec is what every kind says of itself.
type Spec struct {
	Name   string // "vendors": a folder with a file for each; with a dot in it, one file: "scope.yaml"
	Ext    string // ".yaml" where it is empty
	About  string // stands at the head of each file
	See    access.Action
	Only   string // why nothing of it is brought in; "" where it is
	People bool   // personal data of people who work here: exported only when asked for
}

// Item is a thing of a kind as it is now.
type Item[D any] struct {
	Key string // name of its file; unique within the kind, see Keys
	Ref string // by which its domain knows it
	Seq int    // of its newest record, for functions that hold it against what was seen
	Doc D
}

// Of is a kind whose things are documents of the type D: a struct with json tags.
// A field tagged held:"yes" is decided by people and never set; one tagged
// folder:"body" is the Markdown below the front matter.
type Of[D any] struct {
	Spec
	// List gives every thing, in the order in which they came to be.
	List func(ctx context.Context, t *Turn) ([]Item[D], error)
	// Name gives what a file's name is made of, where it is made of what the thing is
	// called: a new file has to have the name that an export gives it; may be nil.
	Name func(D) string
	// Add makes a thing of a file; key is the file's name without its end.
	Add func(ctx context.Context, t *Turn, key string, to D) error
	// Set makes a thing say what its file says; nil where what is there is not changed.
	Set func(ctx context.Context, t *Turn, was Item[D], to D) error
}

// Kind is one kind of things that a folder holds: an Of.
type Kind interface {
	spec() *Spec
	list(ctx context.Context, t *Turn) ([]*thing, error)
	parse(path string, raw []byte) (*parsed, error)
	apply(ctx context.Context, t *Turn, have *thing, p *parsed) error
	called(p *parsed) string
	heldAlone(have *thing, p *parsed) (bool, error)
}

// thing is something as the server has it.
type thing struct {
	path string
	raw  []byte
	item any
}

// parsed is a file that was read.
type parsed struct {
	path string
	key  string
	doc  any
	raw  []byte // as an export would write it
	as   string // digest of the file as it is
	at   places
}

func (k *Of[D]) spec() *Spec { return &k.Spec }

func (s *Spec) ext() string {
	if s.Ext == "" {
		return ".yaml"
	}
	return s.Ext
}

// alone reports whether all of it is one file.
func (s *Spec) alone() bool { return strings.Contains(s.Name, ".") }

func (s *Spec) path(key string) string {
	if s.alone() {
		return s.Name
	}
	return s.Name + "/" + key + s.ext()
}

// holds reports whether a path is one of the kind's, and gives its key.
func (s *Spec) holds(path string) (key string, ok bool) {
	if s.alone() {
		return "", path == s.Name
	}
	name, ok := strings.CutPrefix(path, s.Name+"/")
	if !ok {
		return "", false
	}
	key, ok = strings.CutSuffix(name, s.ext())
	return key, ok && Slug(key) == key
}

func (k *Of[D]) list(ctx context.Context, t *Turn) ([]*thing, error) {
	items, err := k.List(ctx, t)
	if err != nil {
		return nil, err
	}
	out := make([]*thing, 0, len(items))
	for _, it := range items {
		v := reflect.ValueOf(&it.Doc).Elem()
		t.named(v)
		raw, err := encode(k.About, it.Doc)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", k.path(it.Key), err)
		}
		out = append(out, &thing{path: k.path(it.Key), raw: raw, item: it})
	}
	return out, nil
}

func (k *Of[D]) parse(path string, raw []byte) (*parsed, error) {
	var d D
	at, err := decode(path, raw, &d)
	if err != nil {
		return nil, err
	}
	key, _ := k.holds(path)
	p := &parsed{path: path, key: key, doc: d, at: at, as: DigestOf(raw)}
	p.raw, err = encode(k.About, d)
	return p, err
}

func (k *Of[D]) called(p *parsed) string {
	if k.Name == nil {
		return ""
	}
	return k.Name(p.doc.(D))
}

func (k *Of[D]) heldAlone(have *thing, p *parsed) (bool, error) {
	a, err := encode("", withoutHeld(have.item.(Item[D]).Doc))
	if err != nil {
		return false, err
	}
	b, err := encode("", withoutHeld(p.doc.(D)))
	return bytes.Equal(a, b), err
}

func (k *Of[D]) apply(ctx context.Context, t *Turn, have *thing, p *parsed) error {
	switch {
	case k.Only != "":
		return Hold("%s", k.Only)
	case have == nil && k.Add == nil:
		return Hold("it is not made by an import")
	case have == nil:
		return k.Add(ctx, t, p.key, p.doc.(D))
	case k.Set == nil:
		return fault.New(fault.Conflict, "what is there is not changed by an import")
	}
	return k.Set(ctx, t, have.item.(Item[D]), p.doc.(D))
}

// held is why something was left as it is though nothing is wrong.
type held struct{ why string }

func (h *held) Error() string { return h.why }

// Hold is the error of an Add or a Set that leaves something to people, or to
// another time: the file is listed with the reason and stops nothing.
func Hold(format string, args ...any) error { return &held{fmt.Sprintf(format, args...)} }

type later struct{ err error }

func (l *later) Error() string { return l.err.Error() }
func (l *later) Unwrap() error { return l.err }

// Later is the error of an Add or a Set that names something of the same kind which
// is not there yet: it is tried again once the others are.
func Later(err error) error { return &later{err} }

func isLater(err error) bool {
	var l *later
	return errors.As(err, &l)
}

// Slug gives a name for a file: lower-case letters and digits with - between them.
func Slug(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(text)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case r == 'ß':
			b.WriteString("ss")
		case r == 'ø':
			b.WriteByte('o')
		case r == 'æ':
			b.WriteString("ae")
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 80 {
			break
		}
	}
	s := strings.Trim(b.String(), "-")
	if s == "" {
		return "unnamed"
	}
	return s
}

// Keys gives things their files' names: the slug of what each is called, with a
// number behind it from the second of the same.
type Keys map[string]bool

// Of gives the name of the next.
func (k Keys) Of(text string) string {
	s := Slug(text)
	for n := 1; ; n++ {
		try := s
		if n > 1 {
			try = fmt.Sprintf("%s-%d", s, n)
		}
		if !k[try] {
			k[try] = true
			return try
		}
	}
}

// Turn is one export or import.
type Turn struct {
	Who    access.Principal
	Note   string // goes with every change
	People bool

	logins map[string]string // by id
	users  map[string]string // ids by login
	memo   map[string]any
}

// Login gives the login of a user's id, and what is none as it is.
func (t *Turn) Login(id string) string {
	if login := t.logins[id]; login != "" {
		return login
	}
	return id
}

// User gives the id of a login, and what is none as it is.
func (t *Turn) User(login string) string {
	if id := t.users[login]; id != "" {
		return id
	}
	return login
}

// named writes logins in place of the ids of users.
func (t *Turn) named(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && strings.HasPrefix(v.String(), "usr_") {
			v.SetString(t.Login(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() { // what a service keeps is not changed
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			t.named(fresh.Elem())
			v.Set(fresh)
		}
	case reflect.Slice:
		if v.Len() == 0 {
			return
		}
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		for i := range fresh.Len() {
			t.named(fresh.Index(i))
		}
		v.Set(fresh)
	case reflect.Map:
		if v.Len() == 0 {
			return
		}
		fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
		for _, key := range v.MapKeys() {
			x := reflect.New(v.Type().Elem()).Elem()
			x.Set(v.MapIndex(key))
			t.named(x)
			fresh.SetMapIndex(key, x)
		}
		v.Set(fresh)
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				t.named(v.Field(i))
			}
		}
	}
}

// Memo keeps something for as long as nothing was changed.
func Memo[T any](t *Turn, name string, read func() (T, error)) (T, error) {
	if have, ok := t.memo[name].(T); ok {
		return have, nil
	}
	v, err := read()
	if err == nil {
		t.memo[name] = v
	}
	return v, err
}
