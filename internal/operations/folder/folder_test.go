package folder

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

type inner struct {
	Name string   `json:"name"`
	On   string   `json:"on,omitempty"`
	Made string   `json:"made" readOnly:"true"`
	List []string `json:"list,omitempty"`
}

type sample struct {
	Embedded
	Title string            `json:"title"`
	Count int               `json:"count"`
	Loud  bool              `json:"loud,omitempty"`
	When  time.Time         `json:"when,omitzero"`
	One   *inner            `json:"one,omitempty"`
	Many  []inner           `json:"many,omitempty"`
	Named map[string]inner  `json:"named,omitempty"`
	Words map[string]string `json:"words,omitempty"`
	Free  map[string]any    `json:"free,omitempty"`
	State string            `json:"state,omitempty" held:"yes"`
}

// Embedded is a part whose fields stand in the whole.
type Embedded struct {
	Tag string `json:"tag,omitempty"`
}

type paper struct {
	Title string `json:"title"`
	State string `json:"state,omitempty" held:"yes"`
	Text  string `json:"-" folder:"body"`
}

func full() sample {
	return sample{Embedded: Embedded{"t"}, Title: "no", Count: -3, Loud: true, When: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), One: &inner{Name: "2026-03-01", On: "null"},
		Many:  []inner{{Name: "a: b # c", List: []string{"- x", "'", "\"", "true", "1e3", "~", "  lead", "two\nlines\n", "tail \nspace", "tab\there", "é ü 漢 🚐"}}, {Name: "|"}},
		Named: map[string]inner{"z": {Name: "last"}, "a": {Name: "first"}}, Words: map[string]string{"k": "v"}, Free: map[string]any{"n": int64(7), "s": "7", "b": true, "l": []string{"x", "y"}}, State: "published"}
}

// What is written comes back as it was, and the same document gives the same bytes.
func TestWrittenComesBack(t *testing.T) {
	want := full()
	raw, err := encode("About it.\nTwo lines.", want)
	if err != nil {
		t.Fatal(err)
	}
	var got sample
	if _, err := decode("x.yaml", raw, &got); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v\n%s", got, want, raw)
	}
	again, err := encode("About it.\nTwo lines.", got)
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("%v: other bytes:\n%s\n%s", err, raw, again)
	}
	if !bytes.HasPrefix(raw, []byte("# About it.\n# Two lines.\n")) || !bytes.Contains(raw, []byte("\n# Decided by people")) || bytes.Contains(raw, []byte("made")) {
		t.Errorf("the file is\n%s", raw)
	}
	p := paper{"T", "draft", "# Head\n\n--- no front matter\n---\ntext\n"}
	if raw, err = encode("About.", p); err != nil {
		t.Fatal(err)
	}
	var back paper
	if _, err := decode("x.md", raw, &back); err != nil || back != p {
		t.Errorf("%v, %+v from\n%s", err, back, raw)
	}
	var free paper
	if at, err := decode("x.md", []byte("---\r\ntitle: x\r\n---\r\n\r\nText.\r\n"), &free); err != nil || free.Text != "Text.\n" || at["text"] != 5 {
		t.Errorf("with CRLF: %v, %+v, %v", err, free, at)
	}
	if got := withoutHeld(want); got.State != "" || want.State == "" || got.Title != want.Title {
		t.Errorf("without what people decide: %+v", got)
	}
}

// Every mistake is told with its file, its line and what to do.
func TestBadFiles(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for name, c := range map[string]struct {
		raw, want string
		line      int
		hint      string
	}{
		"nothing":           {"", "says nothing", 0, ""},
		"a comment":         {"# x\n", "says nothing", 0, ""},
		"no YAML":           {"title: [\n", "this is no YAML", 1, ""},
		"unknown key":       {"title: x\ncount: 1\nwehn: 2\n", `the key "wehn" is not known`, 3, "did you mean when?"},
		"far unknown key":   {"title: x\ncompletely: 2\n", `the key "completely" is not known`, 2, "known are"},
		"unknown within":    {"title: x\nmany:\n  - name: a\n  - naem: b\n", `the key "naem"`, 4, "did you mean name?"},
		"set by program":    {"title: x\none:\n  name: a\n  made: z\n", `the key "made"`, 4, ""},
		"twice":             {"title: x\ntitle: y\n", "twice", 2, ""},
		"a list for a text": {"title:\n  - x\n", "a single value", 2, ""},
		"a text for a list": {"title: x\nmany: y\n", "a list is expected", 2, ""},
		"a text for keys":   {"title: x\none: y\n", "keys with values", 2, ""},
		"no number":         {"count: twelve\n", "no whole number", 1, ""},
		"a large number":    {"count: 99999999999999\n", "no whole number", 1, ""},
		"no truth":          {"loud: yes\n", "neither true nor false", 1, ""},
		"no moment":         {"when: 2026-03-01\n", "no moment", 1, "2026-09-30T00:00:00Z"},
		"null":              {"title: null\n", "says null", 1, ""},
		"an anchor":         {"title: &a x\n", "anchors and aliases", 1, "write the value out"},
		"a bomb":            {"words: &a\n  a: x\n  b: *a\n", "anchors and aliases", 1, ""},
		"a merge":           {"title: x\n<<: {count: 1}\n", `the key "<<"`, 2, ""},
		"a tag":             {"title: !secret x\n", "the tag !secret", 1, ""},
		"too deep":          {"free:\n  a: " + deep + "\n", "a list of words", 2, ""},
		"two documents":     {"title: x\n---\ntitle: y\n", "more than one document", 0, ""},
		"not UTF-8":         {"title: \xff\n", "not UTF-8", 0, ""},
		"too large":         {"title: " + strings.Repeat("x", MaxFile), "at most", 0, ""},
	} {
		var d sample
		_, err := decode("vendors/x.yaml", []byte(c.raw), &d)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.File != "vendors/x.yaml" || f.Line != c.line || !strings.Contains(f.Message, c.want) || !strings.Contains(f.Hint, c.hint) {
			t.Errorf("%s: %v (line %d), want %q at line %d", name, err, f.Line, c.want, c.line)
		}
	}
	for name, raw := range map[string]string{"no front matter": "# Policy\n", "an open one": "---\ntitle: x\n", "unknown key": "---\ntitle: x\nowner: y\n---\ntext\n"} {
		var d paper
		if _, err := decode("p.md", []byte(raw), &d); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var d paper
	var f *fault.Error
	if _, err := decode("p.md", []byte("---\n# c\ntitle: x\nowner: y\n---\ntext\n"), &d); !errors.As(err, &f) || f.Line != 4 {
		t.Errorf("in front matter: %v", err)
	}
}

func TestDiff(t *testing.T) {
	a, b := full(), full()
	b.Title, b.One.On, b.Many[0].List[3] = "other", "", "false"
	b.Many[1].Name = "tail"
	x, err := encode("", a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := encode("Other head.", b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := diff(x, y)
	want := []Field{{"title", "no", "other"}, {"one.on", "null", ""}, {"many.1.list.4", "true", "false"}, {"many.2.name", "|", "tail"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %+v", err, got)
	}
	p, err := encode("", paper{Title: "T", Text: "one\ntwo\nthree\n"})
	if err != nil {
		t.Fatal(err)
	}
	q, err := encode("", paper{Title: "T", Text: "one\n2\nthree\n"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = diff(p, q); err != nil || !reflect.DeepEqual(got, []Field{{"text", "two", "2"}}) {
		t.Errorf("%v, %+v", err, got)
	}
}

func tree(files ...string) Tree {
	t := Tree{}
	for i := 0; i < len(files); i += 2 {
		t[files[i]] = []byte(files[i+1])
	}
	return t
}

// An archive and a folder come back as they were; what reaches out of either is refused.
func TestBounds(t *testing.T) {
	want := tree("programme.yaml", "format: 1\n", "vendors/a.yaml", "name: a\n", BasePath, "format: 1\nfiles: {}\n")
	raw, err := want.Zip()
	if err != nil {
		t.Fatal(err)
	}
	again, err := want.Zip()
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("%v: the same folder gives other bytes", err)
	}
	if got, err := ReadZip(raw); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", err, got)
	}
	pack := func(mode os.FileMode, names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			h := &zip.FileHeader{Name: n, Method: zip.Deflate}
			h.SetMode(mode)
			w, err := z.CreateHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte("format: 1\n")); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if got, err := ReadZip(pack(0o644, "repo-main/programme.yaml", "repo-main/vendors/a.yaml")); err != nil || got["vendors/a.yaml"] == nil {
		t.Errorf("in one folder: %v, %v", err, got)
	}
	for name, raw := range map[string][]byte{"above": pack(0o644, "../x.yaml"), "absolute": pack(0o644, "/x.yaml"), "backslash": pack(0o644, `..\x.yaml`), "drive": pack(0o644, "c:/x"), "twice": pack(0o644, "a.yaml", "a.yaml"),
		"link": pack(0o777|os.ModeSymlink, "a.yaml"), "no archive": []byte("PK")} {
		if _, err := ReadZip(raw); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.Create("a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, MaxFile+1)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadZip(bomb.Bytes()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a bomb: %v", err)
	}
	dir := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "programme.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadDir(dir); !fault.Is(err, fault.Invalid) {
		t.Errorf("a link: %v", err)
	}
	if _, err := want.WriteDir(dir, true); !fault.Is(err, fault.Invalid) {
		t.Errorf("over a link: %v", err)
	}
}

// A folder is written whole, what is gone is removed, what others keep in it stays,
// and what somebody edited is not written over.
func TestWriteDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "p")
	made := func(files ...string) Tree {
		x := tree(files...)
		b := Base{Format: Format, Files: map[string]string{}}
		for p, raw := range x {
			b.Files[p] = DigestOf(raw)
		}
		if err := x.SetBase(b); err != nil {
			t.Fatal(err)
		}
		return x
	}
	write := func(x Tree, force bool) Written {
		t.Helper()
		w, err := x.WriteDir(dir, force)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if w := write(made("programme.yaml", "1", "vendors/a.yaml", "1", "vendors/b.yaml", "1"), false); w.New != 4 {
		t.Errorf("first: %+v", w)
	}
	own := filepath.Join(dir, "README.md")
	if err := os.WriteFile(own, []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := write(made("programme.yaml", "1", "vendors/a.yaml", "2"), false); w.Changed != 2 || w.Gone != 1 || w.Same != 1 {
		t.Errorf("then: %+v", w)
	}
	if _, err := os.Stat(filepath.Join(dir, "vendors/b.yaml")); !os.IsNotExist(err) {
		t.Errorf("b is there: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "vendors/a.yaml"), []byte("edited"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w := write(made("programme.yaml", "1", "vendors/a.yaml", "3"), false); len(w.Edited) != 1 {
		t.Errorf("edited: %+v", w)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "vendors/a.yaml")); err != nil || string(raw) != "edited" {
		t.Errorf("%v, %q", err, raw)
	}
	if w := write(made("programme.yaml", "1", "vendors/a.yaml", "3"), true); w.Changed != 2 {
		t.Errorf("by force: %+v", w)
	}
	if raw, err := os.ReadFile(own); err != nil || string(raw) != "ours" {
		t.Errorf("%v, %q", err, raw)
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{"Héllo, Wörld!": "hello-world", "Straße 12": "strasse-12", "Ø & Æ": "o-ae", "漢": "unnamed", "": "unnamed", strings.Repeat("x", 200): strings.Repeat("x", 80)} {
		if got := Slug(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
	k := Keys{}
	if a, b, c := k.Of("A b"), k.Of("a-B"), k.Of("A b 2"); a != "a-b" || b != "a-b-2" || c != "a-b-2-2" {
		t.Error(a, b, c)
	}
	v := &Of[inner]{Spec: Spec{Name: "vendors"}, List: func(context.Context, *Turn) ([]Item[inner], error) { return nil, nil }}
	s := New(Config{Kinds: []Kind{v, &Of[inner]{Spec: Spec{Name: "scope.yaml"}}}})
	for path, want := range map[string]string{"vendors/a.yaml": "kind", "vendors/A.yaml": "error", "vendors/a.yml": "error", "vendors/a/b.yaml": "error", "vendor/a.yaml": "error", "scpoe.yaml": "error", "scope.yaml": "kind", "README.md": "none", "scripts/x.sh": "none"} {
		k, err := s.kindOf(path)
		got := map[bool]string{true: "kind", false: "none"}[k != nil]
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s is %s (%v), want %s", path, got, err, want)
		}
	}
}

// Whatever is read strictly is written and read again to the same bytes.
func FuzzRead(f *testing.F) {
	raw, err := encode("About.", full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, false)
	raw, err = encode("About.", paper{"T", "draft", "x\n"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, true)
	f.Add([]byte("a: &a [*a]\n"), false)
	f.Add([]byte("title: \"\\u0085\\t x\"\nwords: {yes: \"\\n\"}\n"), false)
	f.Fuzz(func(t *testing.T, raw []byte, md bool) {
		var d any = &sample{}
		if md {
			d = &paper{}
		}
		if _, err := decode("x", raw, d); err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		v := reflect.ValueOf(d).Elem()
		first, err := encode("About.", v.Interface())
		if err != nil {
			t.Fatal(err)
		}
		again := reflect.New(v.Type())
		if _, err := decode("x", first, again.Interface()); err != nil && len(first) <= MaxFile {
			t.Fatalf("what was written is not read: %v\n%s", err, first)
		}
		second, err := encode("About.", again.Elem().Interface())
		if err != nil || !bytes.Equal(first, second) && len(first) <= MaxFile {
			t.Fatalf("%v: other bytes\n%s\n%s", err, first, second)
		}
	})
}

// FuzzZip holds that no archive panics or leaves the folder.
func FuzzZip(f *testing.F) {
	raw, err := tree("programme.yaml", "format: 1\n", "vendors/a.yaml", "name: a\n").Zip()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := ReadZip(raw)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		for p := range got {
			if badPath(p) != nil || skipped(p) {
				t.Fatalf("the path %q came through", p)
			}
		}
	})
}
