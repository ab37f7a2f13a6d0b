package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

type settings struct {
	Data     string `config:"data" usage:"the data directory"`
	Public   string `config:"public-url" usage:"address that people type"`
	Database string `config:"database" secret:"true" usage:"where the state is"`
	Session  struct {
		Idle  time.Duration `config:"idle" usage:"idle time-out"`
		Count int           `config:"count" usage:"how many"`
	} `config:"session"`
	Quiet    bool     `config:"quiet" usage:"say less"`
	Big      int64    `config:"big" usage:"a large number"`
	Origins  []string `config:"origins" usage:"addresses that may ask"`
	Ignored  func()   `config:"-"`
	Elsewise string   `config:"elsewise" env:"OTHER_NAME" flag:"-" usage:"odd names"`
}

func defaults() settings {
	s := settings{Data: "/var/lib/attesta"}
	s.Session.Idle = 30 * time.Minute
	return s
}

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, args, environ []string, file string) (settings, *Explanation, error) {
	t.Helper()
	s := defaults()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	if err := Bind(&s, flags); err != nil {
		t.Fatal(err)
	}
	if err := flags.Parse(args); err != nil {
		return s, nil, err
	}
	e, err := Load(&s, flags, environ, file)
	return s, e, err
}

func TestPrecedence(t *testing.T) {
	secret := write(t, "secret", "postgres://u:p@h/db\n")
	file := write(t, "attesta.yaml", `
# what the file says
data: /from/file
public-url: https://file.example
database: sqlite:/from/file
session:
  idle: 10m
  count: 3
quiet: true
big: 9007199254740993
origins:
  - https://a.example
  - b
`)
	s, e, err := load(t, []string{"--data=/from/flag", "--session-count", "7"},
		[]string{"HOME=/root", "ATTESTA_DATA=/from/env", "ATTESTA_SESSION_IDLE=20m", "ATTESTA_PUBLIC_URL=", "ATTESTA_DATABASE_FILE=" + secret,
			"OTHER_NAME=x", "ATTESTA_TEST_POSTGRES=y", "ATTESTA_AGENT_NAME=z"}, file)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{Data: "/from/flag", Public: "https://file.example", Database: "postgres://u:p@h/db", Quiet: true,
		Big: 9007199254740993, Origins: []string{"https://a.example", "b"}, Elsewise: "x"}
	want.Session.Idle, want.Session.Count = 20*time.Minute, 7
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
	got := map[string]string{}
	for _, x := range e.Settings {
		got[x.Key] = x.Value + " from " + strings.ReplaceAll(strings.ReplaceAll(x.Source, file, "FILE"), secret, "SECRET")
	}
	if diff := cmp.Diff(map[string]string{
		"data": "/from/flag from --data", "public-url": "https://file.example from FILE:4", "database": "•••• from ATTESTA_DATABASE_FILE (SECRET)",
		"session.idle": "20m0s from ATTESTA_SESSION_IDLE", "session.count": "7 from --session-count", "quiet": "true from FILE:9",
		"big": "9007199254740993 from FILE:10", "origins": "https://a.example,b from FILE:11", "elsewise": "x from OTHER_NAME",
	}, got); diff != "" {
		t.Error(diff)
	}
	if text := e.Explain(); strings.Contains(text, "u:p") || !strings.Contains(text, "--session-count") {
		t.Errorf("explained as\n%s", text)
	}
}

func TestNothingSet(t *testing.T) {
	for name, file := range map[string]string{"no file": "", "empty": write(t, "a", ""), "comments": write(t, "b", "# nothing\n"), "null": write(t, "c", "---\n")} {
		s, e, err := load(t, nil, nil, file)
		if err != nil || !reflect.DeepEqual(s, defaults()) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		for _, x := range e.Settings {
			if x.Source != "default" {
				t.Errorf("%s: %s comes from %s", name, x.Key, x.Source)
			}
		}
	}
}

func TestFileByVariable(t *testing.T) {
	file := write(t, "attesta.yaml", "data: /x\n")
	s, _, err := load(t, nil, []string{"ATTESTA_CONFIG=" + file}, "")
	if err != nil || s.Data != "/x" {
		t.Errorf("%+v, %v", s, err)
	}
	_, _, err = load(t, nil, nil, file+".gone")
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestSecretFiles(t *testing.T) {
	secret := write(t, "secret", "s3cret value\r\n")
	yaml := write(t, "attesta.yaml", "database-file: "+secret+"\n")
	for name, got := range map[string]func() (settings, *Explanation, error){
		"variable": func() (settings, *Explanation, error) {
			return load(t, nil, []string{"ATTESTA_DATABASE_FILE=" + secret}, "")
		},
		"flag": func() (settings, *Explanation, error) { return load(t, []string{"--database-file", secret}, nil, "") },
		"file": func() (settings, *Explanation, error) { return load(t, nil, nil, yaml) },
		"over a plain one": func() (settings, *Explanation, error) {
			return load(t, []string{"--database-file", secret}, []string{"ATTESTA_DATABASE=other"}, "")
		},
	} {
		s, e, err := got()
		if err != nil || s.Database != "s3cret value" {
			t.Errorf("%s: %q, %v", name, s.Database, err)
			continue
		}
		if strings.Contains(e.Explain(), "s3cret") {
			t.Errorf("%s: the explanation shows the secret", name)
		}
	}
	if _, _, err := load(t, []string{"--database=x"}, nil, ""); err == nil {
		t.Error("a secret has a flag of its own")
	}
}

func TestMistakes(t *testing.T) {
	empty, binary := write(t, "empty", "\n"), write(t, "binary", "a\x00b")
	dir := t.TempDir()
	for _, tc := range []struct {
		name, yaml string
		args, env  []string
		want       string // FILE stands for the YAML file
		hint       string
	}{
		{name: "unknown key", yaml: "data: x\ndatabse: y\n", want: "FILE:2: databse: there is no such key", hint: "did you mean database?"},
		{name: "unknown key inside", yaml: "session:\n  idel: 1m\n", want: "FILE:2: session.idel: there is no such key", hint: "did you mean session.idle?"},
		{name: "nothing near", yaml: "colour: red\n", want: "FILE:1: colour: there is no such key", hint: "known are big, data, database, database-file, elsewise"},
		{name: "twice", yaml: "data: x\nbig: 1\ndata: y\n", want: "FILE:3: data: stands on line 1 already"},
		{name: "dotted", yaml: "session.idle: 1m\n", want: "FILE:1: session.idle: a key has no dots in the file", hint: "session:, and under it idle:"},
		{name: "no value", yaml: "data:\n", want: "FILE:1: data: has no value"},
		{name: "duration without unit", yaml: "session:\n  idle: 90\n", want: `FILE:2: session.idle: "90" is no duration; write a number and a unit`},
		{name: "octal", yaml: "big: 0600\n", want: `FILE:1: big: "0600" is no whole number`},
		{name: "too large", yaml: "big: 9223372036854775808\n", want: "is no whole number"},
		{name: "yes", yaml: "quiet: yes\n", want: `FILE:1: quiet: "yes" is neither true nor false`},
		{name: "a list of one", yaml: "data: [x]\n", want: "FILE:1: data: has keys or items under it"},
		{name: "no list", yaml: "origins: x\n", want: "FILE:1: origins: is a list"},
		{name: "a list in a list", yaml: "origins: [[x]]\n", want: "FILE:1: origins: has no value"},
		{name: "scalar for keys", yaml: "session: x\n", want: "FILE:1: session: is not a list of keys"},
		{name: "a list as file", yaml: "- data: x\n", want: "FILE:1: is not a list of keys"},
		{name: "alias", yaml: "data: &a x\npublic-url: *a\n", want: "FILE:2: public-url: refers to another place"},
		{name: "merge", yaml: "session: &a {idle: 1m}\n<<: *a\n", want: "FILE:2: <<: there is no such key"},
		{name: "second document", yaml: "data: x\n---\ndata: y\n", want: "FILE:2: a second document begins here"},
		{name: "no YAML", yaml: "data: x\n  y: [\n", want: "FILE:2: "},
		{name: "secret twice", yaml: "database: x\ndatabase-file: " + empty + "\n", want: "database is on line 1"},
		{name: "unknown variable", env: []string{"ATTESTA_DTAA=x"}, want: "ATTESTA_DTAA: there is no setting for this environment variable", hint: "did you mean ATTESTA_DATA?"},
		{name: "variable with nothing near", env: []string{"ATTESTA_COLOUR=x"}, want: "ATTESTA_COLOUR: there is no setting", hint: "known are ATTESTA_BIG, ATTESTA_CONFIG"},
		{name: "bad variable", env: []string{"ATTESTA_SESSION_COUNT=many"}, want: `ATTESTA_SESSION_COUNT: "many" is no whole number`, hint: "how many"},
		{name: "both variables", env: []string{"ATTESTA_DATABASE=x", "ATTESTA_DATABASE_FILE=" + empty}, want: "ATTESTA_DATABASE: is set, and so is ATTESTA_DATABASE_FILE"},
		{name: "secret's file missing", env: []string{"ATTESTA_DATABASE_FILE=/no/such/file"}, want: "ATTESTA_DATABASE_FILE: /no/such/file cannot be read: no such file or directory"},
		{name: "secret's file empty", env: []string{"ATTESTA_DATABASE_FILE=" + empty}, want: "is empty"},
		{name: "secret's file binary", args: []string{"--database-file", binary}, want: "--database-file: " + binary + " holds something else than text"},
		{name: "secret's file a directory", args: []string{"--database-file", dir}, want: "it is a directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := "none"
			if tc.yaml != "" {
				file = write(t, "attesta.yaml", tc.yaml)
			}
			s, e, err := load(t, tc.args, tc.env, strings.TrimSuffix(file, "none"))
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("kind %q: %v", fault.KindOf(err), err)
			}
			message, hint := fault.Public(err)
			if message = strings.ReplaceAll(message, file, "FILE"); !strings.Contains(message, tc.want) || !strings.Contains(hint+message, tc.hint) {
				t.Errorf("says  %s\nhint  %s\nwants %s | %s", message, hint, tc.want, tc.hint)
			}
			if e != nil || !reflect.DeepEqual(s, defaults()) {
				t.Errorf("something was changed: %+v", s)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	file := write(t, "attesta.yaml", "databse: hunter2\nbig: x\n")
	_, _, err := load(t, nil, []string{"ATTESTA_DTAA=x"}, file)
	message, _ := fault.Public(err)
	if strings.Count(message, "\n") != 3 || !strings.Contains(message, "3 mistakes") || !strings.Contains(message, ":2: big") || !strings.Contains(message, "ATTESTA_DTAA") {
		t.Errorf("says\n%s", message)
	}
	if strings.Contains(message, "hunter2") {
		t.Error("the value of an unknown key is shown; it may be a secret")
	}
}

func TestFlags(t *testing.T) {
	s, _, err := load(t, []string{"--quiet", "--origins", "a, b,", "--session-idle=0"}, nil, "")
	if err != nil || !s.Quiet || !reflect.DeepEqual(s.Origins, []string{"a", "b"}) || s.Session.Idle != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range [][]string{{"--session-idle=soon"}, {"--big=1.5"}, {"--quiet=maybe"}, {"--elsewise=x"}, {"--no-such"}} {
		if _, _, err := load(t, bad, nil, ""); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	s = defaults()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	if err := Bind(&s, flags); err != nil {
		t.Fatal(err)
	}
	usage := flags.FlagUsages()
	for _, part := range []string{"--session-idle duration", "(default 30m0s)", "--quiet ", "--database-file string", "file that holds database: where the state is"} {
		if !strings.Contains(usage, part) {
			t.Errorf("the help lacks %q:\n%s", part, usage)
		}
	}
}

func TestDefectiveStructs(t *testing.T) {
	check := func(name string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	none := pflag.NewFlagSet("", pflag.ContinueOnError)
	check("no tag", Bind(&struct{ A string }{}, none))
	check("type", Bind(&struct {
		A float64 `config:"a"`
	}{}, none))
	check("same variable", Bind(&struct {
		A string `config:"a-b"`
		B struct {
			B string `config:"b"`
		} `config:"a"`
	}{}, none))
	check("the file of a secret", Bind(&struct {
		A string `config:"a" secret:"true"`
		B string `config:"a-file"`
	}{}, none))
	check("a secret number", Bind(&struct {
		A int `config:"a" secret:"true"`
	}{}, none))
	none.String("a", "", "")
	check("flag taken", Bind(&struct {
		A string `config:"a"`
	}{}, none))
	check("no struct", Bind(new(int), none))
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{"", "data: x", "session:\n  idle: 5m\n", "session: {idle: 1m, count: 2}", "origins: [a, b]", "database: s", "a: &a [*a]", "? [x]\n: y",
		"<<: {data: x}", "data: !!binary aGk=", "\"data\": \"\\u0000\"", "%YAML 1.2\n---\ndata: x\n...\n", "data: |\n  two\n  lines\n", "- - - -", "\xff\xfe", "session:\n  idle: &x 5m\n  count: *x"} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "attesta.yaml")
	f.Fuzz(func(t *testing.T, content []byte) {
		s := defaults()
		s.Data = "untouched"
		fields, err := fieldsOf(&s)
		if err != nil {
			t.Fatal(err)
		}
		l := &loader{fields: fields, sources: map[string]string{}}
		l.yaml(path, content)
		for _, m := range l.mistakes {
			if m.File != path || m.Message == "" || m.Kind != fault.Invalid {
				t.Errorf("a mistake without place or words: %+v", m)
			}
		}
		if s.Data != "untouched" && l.sources["data"] == "" {
			t.Errorf("data became %q without a source", s.Data)
		}
	})
}

func FuzzEnvironment(f *testing.F) {
	f.Add("ATTESTA_DATA=x", "ATTESTA_SESSION_IDLE=1m")
	f.Add("ATTESTA_DATABASE_FILE=/dev/null", "=C:=x")
	f.Add("ATTESTA_", "ATTESTA_QUIET=true")
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.HasPrefix(a, "ATTESTA_CONFIG=") || strings.HasPrefix(b, "ATTESTA_CONFIG=") || strings.Contains(a+b, "_FILE=") {
			return // would read files of this machine
		}
		s := defaults()
		if _, err := Load(&s, nil, []string{a, b}, ""); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q %q: %v", a, b, err)
		}
	})
}
