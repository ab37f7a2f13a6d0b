package pack

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// manifestFile is the file that makes a directory a pack.
const manifestFile = "pack.yaml"

// Kind is a kind of pack.
type Kind struct {
	Name string

	// Decode reads the pack's files other than the manifest into p, and reports
	// every mistake to src. It must accept any bytes.
	Decode func(src *Source, p *Pack)

	// Tailor checks t against p and applies it to next, a copy of p whose Checks
	// may be changed; mistakes go to src. Nil when the kind cannot be tailored.
	Tailor func(src *Source, p, next *Pack, t Tailoring)
}

// Loader loads packs of the kinds that it was made with.
type Loader struct {
	kinds map[string]Kind
}

// NewLoader makes a loader.
func NewLoader(kinds ...Kind) *Loader {
	l := &Loader{kinds: make(map[string]Kind, len(kinds))}
	for _, k := range kinds {
		l.kinds[k.Name] = k
	}
	return l
}

// Load reads, checks and compiles the pack in a directory. Mistakes come all
// at once, as Errors.
func (l *Loader) Load(fsys fs.FS) (*Pack, error) {
	src, err := open(fsys)
	if err != nil {
		return nil, err
	}
	p := &Pack{Files: src.files, Digest: src.digest()}
	l.manifest(src, p)
	if kind, known := l.kinds[p.Kind]; known {
		kind.Decode(src, p)
	}
	if err := src.err(); err != nil {
		return nil, err
	}
	return p, nil
}

var (
	slug       = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	identifier = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	// semver is the grammar of https://semver.org, version 2.0.0.
	semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$`)
	locale = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

func (l *Loader) manifest(src *Source, p *Pack) {
	if !slices.Contains(src.Files(), manifestFile) {
		src.Fault(manifestFile, 0, "", "is missing").WithHint("a pack is a directory with a pack.yaml that says kind, id, version, title, summary, licence and locale")
		return
	}
	m := src.YAML(manifestFile).Object()
	if m == nil {
		return
	}
	kinds := make([]string, 0, len(l.kinds))
	for name := range l.kinds {
		kinds = append(kinds, name)
	}
	slices.Sort(kinds)
	p.Kind = m.Need("kind", strings.Join(kinds, " or ")).OneOf(kinds...)
	p.ID = m.slug("id", "a short name in lower case, such as linux-server")
	if v := m.Need("version", "a version such as 1.0.0"); v != nil {
		p.Version = v.Text()
		if p.Version != "" && !semver.MatchString(p.Version) {
			v.Fault("%q is not a version", p.Version).WithHint("write three numbers, such as 1.0.0 (semantic versioning)")
		}
	}
	p.Title = m.line("title", "a short title", 120)
	p.Summary = m.NeedText("summary", "one or two sentences on what the pack is for")
	p.Licence = m.NeedText("licence", "an SPDX expression such as Apache-2.0")
	if v := m.Need("locale", "the language of the texts, such as en"); v != nil {
		p.Locale = v.Text()
		if p.Locale != "" && !locale.MatchString(p.Locale) {
			v.Fault("%q is not a language", p.Locale).WithHint("write a language tag such as en or de-CH")
		}
	}
	if requires := m.Field("requires").Object(); requires != nil {
		p.Requires = map[string]int{}
		for _, name := range requires.Keys() {
			p.Requires[name] = int(requires.Field(name).Int())
		}
	}
	m.Done()
}

// slug reads a field that names something for good.
func (o *Object) slug(name, hint string) string {
	v := o.Need(name, hint)
	if v == nil {
		return ""
	}
	s := v.Text()
	if s != "" && (!slug.MatchString(s) || len(s) > 64) {
		v.Fault("%q cannot be used as a name", s).WithHint("use lower-case letters, digits and single hyphens, at most 64")
		return ""
	}
	return s
}

// line reads a text of one line.
func (o *Object) line(name, hint string, limit int) string {
	s := o.NeedText(name, hint)
	switch v := o.Field(name); {
	case strings.ContainsAny(s, "\n\r"):
		v.Fault("has more than one line").WithHint("write it on one line")
	case len(s) > limit:
		v.Fault("has %d bytes; at most %d fit", len(s), limit).WithHint("shorten it")
	}
	return s
}

// Mistakes gives what is wrong with a pack one by one, when err came from
// Load, Tailor or ParseTailoring; otherwise nil.
func Mistakes(err error) []*fault.Error {
	if e, ok := err.(Errors); ok {
		return e
	}
	return nil
}
