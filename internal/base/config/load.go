package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/spf13/pflag"
)

const (
	maxFile   = 1 << 20
	maxSecret = 64 << 10
	prefix    = "ATTESTA_"
	fileVar   = "ATTESTA_CONFIG"
)

// foreign are variables with our prefix that are not this program's settings:
// the agent's, and those of tests and scripts. One that ends in _ is a prefix.
func foreign(name string) bool {
	for _, f := range []string{"ATTESTA_AGENT_", "ATTESTA_TEST_", "ATTESTA_TORTURE_", "ATTESTA_BENCH_", "ATTESTA_E2E_", "ATTESTA_PG_", "ATTESTA_CORPUS", "ATTESTA_GALLERY"} {
		if name == f || (strings.HasSuffix(f, "_") && strings.HasPrefix(name, f)) {
			return true
		}
	}
	return false
}

// Bind declares a flag for each field of into, with its present value as
// default. Call it before the flags are parsed, and Load after. An error is a
// defect of the struct or a flag that exists already.
func Bind[T any](into *T, flags *pflag.FlagSet) error {
	fields, err := fieldsOf(into)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.flag == "" {
			continue
		}
		name, usage, v := f.flag, f.usage, &flagValue{typ: f.value.Type(), text: show(f.value)}
		if f.secret {
			name, usage, v = f.flag+fileFlag, "file that holds "+f.key+": "+f.usage, &flagValue{typ: reflect.TypeFor[string]()}
		}
		if flags.Lookup(name) != nil {
			return fault.New(fault.Internal, "config: the flag --%s exists already", name)
		}
		added := flags.VarPF(v, name, "", usage)
		if v.Type() == "bool" { // --x means --x=true
			added.NoOptDefVal = "true"
		}
	}
	return nil
}

// flagValue keeps a flag's text and refuses what Load would refuse.
type flagValue struct {
	typ  reflect.Type
	text string
}

func (f *flagValue) String() string { return f.text }

func (f *flagValue) Set(text string) error {
	if _, err := parse(f.typ, text); err != nil {
		return errors.New("it " + err.Error())
	}
	f.text = text
	return nil
}

func (f *flagValue) Type() string {
	return map[string]string{"duration": "duration", "list": "strings", "text": "string", "number": "int", "true or false": "bool"}[kindOf(f.typ)]
}

// Setting is one field and where its value came from.
type Setting struct {
	Key    string // "session.idle"
	Value  string // "••••" for a secret that is set
	Source string // "default", "attesta.yaml:12", "ATTESTA_SESSION_IDLE", "--session-idle"; a secret's file behind it
	Usage  string
	Secret bool
}

// Explanation lists every setting in the order of the struct.
type Explanation struct{ Settings []Setting }

// Explain gives one line per setting: key, value, source.
func (e *Explanation) Explain() string {
	wide, wider := 0, 0
	for _, s := range e.Settings {
		wide, wider = max(wide, len(s.Key)), max(wider, min(utf8.RuneCountInString(s.Value), 40))
	}
	var b strings.Builder
	for _, s := range e.Settings {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", wide, s.Key, wider, s.Value, s.Source)
	}
	return b.String()
}

// loader collects values and mistakes.
type loader struct {
	fields   []field
	sources  map[string]string // by key; missing: default
	mistakes []*fault.Error
}

func (l *loader) mistake(file string, line int, name, hint, format string, args ...any) {
	l.mistakes = append(l.mistakes, fault.New(fault.Invalid, format, args...).At(file, line, name).WithHint("%s", hint))
}

// set parses and stores a value. name is how the source spells the setting.
func (l *loader) set(f field, text, source, file string, line int, name string) {
	v, err := parse(f.value.Type(), text)
	if err != nil {
		l.mistake(file, line, name, f.usage, "%q %s", text, err)
		return
	}
	f.value.Set(v)
	l.sources[f.key] = source
}

// setFromFile stores what the file at path holds.
func (l *loader) setFromFile(f field, path, source, file string, line int, name string) {
	content, err := readLimited(path, maxSecret)
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case err != nil:
		l.mistake(file, line, name, "it names a file that holds "+f.key+" alone", "%s cannot be read: %s", path, reason(err))
	case text == "":
		l.mistake(file, line, name, "it names a file that holds "+f.key+" alone", "%s is empty", path)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		l.mistake(file, line, name, "it names a file that holds "+f.key+" alone", "%s holds something else than text", path)
	default:
		f.value.SetString(text)
		l.sources[f.key] = source + " (" + path + ")"
	}
}

// Load fills into from flags (parsed; may be nil), environ (as os.Environ
// gives it) and file ("" for the one that ATTESTA_CONFIG names, if any). Fields
// that are set nowhere keep their value. Where anything is wrong nothing is
// changed, and all mistakes are in one error of kind Invalid; a file that does
// not exist is kind NotFound.
func Load[T any](into *T, flags *pflag.FlagSet, environ []string, file string) (*Explanation, error) {
	filled := *into // slices are replaced, never written into
	fields, err := fieldsOf(&filled)
	if err != nil {
		return nil, err
	}
	l := &loader{fields: fields, sources: map[string]string{}}
	variables := l.variables(environ)
	if file == "" {
		file = variables[fileVar]
	}
	if file != "" {
		if err := l.file(file); err != nil {
			return nil, err
		}
	}
	l.environment(variables)
	if flags != nil {
		l.flags(flags)
	}
	if err := l.problem(); err != nil {
		return nil, err
	}
	*into = filled
	e := &Explanation{}
	for _, f := range fields {
		s := Setting{Key: f.key, Value: show(f.value), Source: l.sources[f.key], Usage: f.usage, Secret: f.secret}
		if s.Source == "" {
			s.Source = "default"
		}
		if s.Secret && s.Value != "" {
			s.Value = "••••"
		}
		e.Settings = append(e.Settings, s)
	}
	return e, nil
}

// problem makes one error of all mistakes.
func (l *loader) problem() error {
	switch len(l.mistakes) {
	case 0:
		return nil
	case 1:
		return l.mistakes[0]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "there are %d mistakes in the settings", len(l.mistakes))
	causes := make([]error, len(l.mistakes))
	for i, m := range l.mistakes {
		fmt.Fprintf(&b, "\n  %s", m.Error())
		if m.Hint != "" {
			fmt.Fprintf(&b, " (%s)", m.Hint)
		}
		causes[i] = m
	}
	return fault.Wrap(fault.Invalid, errors.Join(causes...), "%s", b.String())
}

// variables picks ours, without those that are set and empty.
func (l *loader) variables(environ []string) map[string]string {
	ours := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && value != "" && l.isOurs(name) {
			ours[name] = value
		}
	}
	return ours
}

func (l *loader) isOurs(name string) bool {
	if strings.HasPrefix(name, prefix) {
		return true
	}
	for _, f := range l.fields { // the tag env may name any variable
		if name == f.env || (f.secret && name == f.env+fileEnv) {
			return true
		}
	}
	return false
}

func (l *loader) environment(variables map[string]string) {
	known := map[string]bool{fileVar: true}
	for _, f := range l.fields {
		if f.env == "" {
			continue
		}
		value, there := variables[f.env]
		known[f.env] = true
		if f.secret {
			known[f.env+fileEnv] = true
			if path, also := variables[f.env+fileEnv]; also && there {
				l.mistake("", 0, f.env, "keep the file", "is set, and so is %s", f.env+fileEnv)
				continue
			} else if also {
				l.setFromFile(f, path, f.env+fileEnv, "", 0, f.env+fileEnv)
				continue
			}
		}
		if there {
			l.set(f, value, f.env, "", 0, f.env)
		}
	}
	for _, name := range sorted(variables) {
		if !known[name] && !foreign(name) {
			l.mistake("", 0, name, hintNearest(name, sorted(known)), "there is no setting for this environment variable")
		}
	}
}

func (l *loader) flags(flags *pflag.FlagSet) {
	for _, f := range l.fields {
		if f.flag == "" {
			continue
		}
		name := f.flag
		if f.secret {
			name += fileFlag
		}
		given := flags.Lookup(name)
		switch {
		case given == nil || !given.Changed:
		case f.secret:
			l.setFromFile(f, given.Value.String(), "--"+name, "", 0, "--"+name)
		default:
			l.set(f, given.Value.String(), "--"+name, "", 0, "--"+name)
		}
	}
}

func readLimited(path string, limit int64) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return nil, errors.New("it is a directory")
	}
	if st.Size() > limit {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", st.Size(), limit)
	}
	return os.ReadFile(path)
}

// reason gives an error of the file system without the path, which stands
// beside it already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
