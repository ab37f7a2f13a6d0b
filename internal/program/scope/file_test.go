package scope_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/scope"
)

func TestYAMLThereAndBack(t *testing.T) {
	want, err := payroll().Check()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := want.YAML()
	if err != nil {
		t.Fatal(err)
	}
	got, err := scope.Parse(raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	if d := scope.Diff(want, got); len(d) != 0 {
		t.Errorf("%v", d)
	}
}

// Mistakes that people make in files, with the line where there is one.
func TestFileMistakes(t *testing.T) {
	for _, tc := range []struct {
		name, text, field, want string
		line                    int
	}{
		{"empty", "", "", "says nothing", 0},
		{"unknown field", "zone: UTC\nwindow: 2026\n", "", "window", 2},
		{"tab", "zone: UTC\n\tsystems: []\n", "", "", 2},
		{"two documents", "zone: UTC\n---\nzone: UTC\n", "", "more than one document", 0},
		{"a list where a text belongs", "zone: [UTC]\n", "", "", 1},
		{"dates in the wrong order", "zone: UTC\nexamination: {type: 2, from: 2026-12-31, to: 2026-01-01}\n", "examination.to", "before it begins", 0},
		{"two years of aliases", "zone: &a UTC\nsystems: *b\n", "", "", 0},
	} {
		path := filepath.Join(t.TempDir(), "scope.yaml")
		if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := scope.ReadFile(path)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.File != path || f.Line != tc.line || f.Field != tc.field || !strings.Contains(f.Message, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := scope.ReadFile(filepath.Join(t.TempDir(), "none.yaml")); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	whole, err := payroll().YAML()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("zone: UTC\nexamination: {type: 1, date: 2026-06-30}\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := scope.Parse(raw)
		if err != nil {
			var fe *fault.Error
			if !errors.As(err, &fe) {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		again, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := scope.Parse(again); err != nil || len(scope.Diff(c, back)) != 0 {
			t.Fatalf("there and back: %v\n%s", err, again)
		}
		c.Flags()
		c.Window()
	})
}
