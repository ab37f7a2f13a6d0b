package collect

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/attesta/attesta/internal/facts"

	"github.com/attesta/attesta/internal/agent/collect/units"
)

// hostTree writes an archive of testdata as a directory tree and gives what it
// expects.
func hostTree(t *testing.T, name string) (Root, string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	dir, expect := t.TempDir(), ""
	for _, f := range archive.Files {
		text := string(f.Data)
		if f.Name == "expect" {
			expect = text
			continue
		}
		p := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		first, rest, _ := strings.Cut(text, "\n")
		if to, ok := strings.CutPrefix(first, "SYMLINK "); ok {
			if err := os.Symlink(to, p); err != nil {
				t.Fatal(err)
			}
			continue
		}
		mode := fs.FileMode(0o644)
		if octal, ok := strings.CutPrefix(first, "MODE "); ok {
			n, err := strconv.ParseUint(octal, 8, 32)
			if err != nil {
				t.Fatal(err)
			}
			mode, text = fs.FileMode(n), rest
		}
		if f.Name == "proc/1/environ" { // parts end with a zero byte
			text = strings.ReplaceAll(text, "\n", "\x00")
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
	}
	return Root{Dir: dir}, expect
}

func inventory(t *testing.T, root Root) map[string]facts.Decoded {
	t.Helper()
	list, err := Inventory(Waited(t.Context()), root)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]facts.Decoded{}
	for _, s := range list {
		d, err := facts.Decode(s)
		if err != nil {
			t.Fatal(err)
		}
		out[s.Name] = d
	}
	return out
}

// TestTrees reads whole trees and holds facts against what each expects, one
// per line: "POINTER JSON" is a value, "! POINTER STATE REASON" is missing for
// a reason that starts so, "? POINTER" is a key of a complete map that is not
// there.
func TestTrees(t *testing.T) {
	for _, name := range []string{"debian", "rhel", "alpine", "broken"} {
		t.Run(name, func(t *testing.T) {
			root, expect := hostTree(t, name)
			got := inventory(t, root)
			checked := 0
			for line := range strings.Lines(expect) {
				if line = strings.TrimSpace(line); line == "" {
					continue
				}
				checked++
				kind := line[0]
				pointer, want := strings.TrimLeft(line, "!? "), ""
				// A pointer may hold spaces; a value never starts with one.
				if kind == '/' {
					i := strings.IndexAny(pointer, "\"[{")
					for _, word := range []string{" true", " false", " -", " 0", " 1", " 2", " 3", " 4", " 5", " 6", " 7", " 8", " 9"} {
						if j := strings.LastIndex(pointer, word); j >= 0 && i < 0 {
							i = j + 1
						}
					}
					pointer, want = strings.TrimSpace(pointer[:i]), pointer[i:]
				} else {
					pointer, want, _ = strings.Cut(pointer, " ")
				}
				tokens, _ := facts.SplitPointer(pointer)
				d := got[tokens[0]]
				within := facts.JoinPointer(tokens[1:]...)
				v, there := d.At(within)
				m, said := d.MissingAt(within)
				switch kind {
				case '!':
					if have := string(m.State) + " " + m.Reason; there || !said || !strings.HasPrefix(have, want) {
						t.Errorf("%s: value %v, missing %q\nwant missing %q", pointer, v, have, want)
					}
				case '?':
					if there || said {
						t.Errorf("%s: %v %+v, want neither", pointer, v, m)
					}
				default:
					if !json.Valid([]byte(want)) {
						t.Fatalf("the expectation is no JSON: %s", line)
					}
					if have := string(facts.Canonical(v)); !there || have != want {
						t.Errorf("%s: %s (missing %+v)\nwant %s", pointer, have, m, want)
					}
				}
			}
			if checked == 0 {
				t.Error("nothing was expected")
			}
		})
	}
}

// TestEveryFactIsSpokenFor: on any host, every fact of the registry is either
// there or missing with a state and a reason.
func TestEveryFactIsSpokenFor(t *testing.T) {
	roots := map[string]Root{"this host": {}, "nothing at all": {Dir: t.TempDir()}}
	for _, name := range []string{"debian", "rhel", "alpine", "broken"} {
		roots[name], _ = hostTree(t, name)
	}
	for name, root := range roots {
		t.Run(name, func(t *testing.T) {
			got := inventory(t, root)
			for _, def := range facts.Registry().Sections {
				if def.Population != "hosts" || def.Name == "watching" {
					continue // not an agent's, or said by the one that runs
				}
				d := got[def.Name]
				for _, f := range def.Facts {
					_, there := d.At(f.Path)
					m, said := d.MissingAt(f.Path)
					if !there && !said {
						t.Errorf("/%s%s: neither there nor missing", def.Name, f.Path)
					}
					if said && (m.Reason == "" || strings.Contains(m.Reason, root.Dir) && root.Dir != "") {
						t.Errorf("/%s%s: reason %q", def.Name, f.Path, m.Reason)
					}
				}
			}
			var elements func(path string, t facts.Type, v any)
			elements = func(path string, typ facts.Type, v any) {
				switch v := v.(type) {
				case []any:
					for i, e := range v {
						elements(path+"/"+strconv.Itoa(i), *typ.Elem, e)
					}
				case map[string]any:
					if typ.Kind == facts.KindMap {
						for k, e := range v {
							elements(path+facts.JoinPointer(k), *typ.Elem, e)
						}
						return
					}
					for _, f := range typ.Object.Fields {
						e, there := v[f.Name]
						tokens, _ := facts.SplitPointer(path + facts.JoinPointer(f.Name))
						_, said := got[tokens[0]].MissingAt(facts.JoinPointer(tokens[1:]...))
						if !there && !said {
							t.Errorf("%s/%s: neither there nor missing", path, f.Name)
						} else if there {
							elements(path+facts.JoinPointer(f.Name), f.Type, e)
						}
					}
				}
			}
			for _, def := range facts.Registry().Sections {
				if def.Population != "hosts" || def.Name == "watching" {
					continue // not an agent's, or said by the one that runs
				}
				elements("/"+def.Name, def.Type, any(got[def.Name].Values))
			}
		})
	}
}

// TestInventoryIsStable: nothing changed, so nothing travels.
func TestInventoryIsStable(t *testing.T) {
	root, _ := hostTree(t, "debian")
	a, err := Inventory(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Inventory(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if a[i].Digest != b[i].Digest {
			t.Errorf("section %s differs from one reading to the next", a[i].Name)
		}
	}
}

func TestInventoryNames(t *testing.T) {
	root, _ := hostTree(t, "alpine")
	list, err := Inventory(t.Context(), root, "sysctl", "os")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Name != "os" || list[1].Name != "sysctl" {
		t.Errorf("%v", list)
	}
	if _, err := Inventory(t.Context(), root, "nope"); err == nil || !strings.Contains(err.Error(), `no section is called "nope"`) {
		t.Errorf("error %v", err)
	}
	names := Sections()
	for _, def := range facts.Registry().Sections {
		if def.Population != "hosts" || def.Name == "watching" {
			continue // not an agent's, or said by the one that runs
		}
		if !slices.Contains(names, def.Name) {
			t.Errorf("nobody reads section %s", def.Name)
		}
	}
}

// TestUnitsAgreeWithSystemctl holds the tree's unit files against systemctl,
// which reads another root without a manager.
func TestUnitsAgreeWithSystemctl(t *testing.T) {
	p, ok := findTool("systemctl")
	if !ok {
		t.Skip("NOT RUN: systemctl is not installed")
	}
	root, _ := hostTree(t, "debian")
	if err := os.Symlink("usr/lib", filepath.Join(root.Dir, "lib")); err != nil {
		t.Fatal(err)
	}
	list, _, err := units.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name, unit := range list {
		if !strings.HasPrefix(unit.File, "/etc/init.d/") {
			names = append(names, name)
		}
	}
	for name, want := range isEnabled(t, p, root.Dir, names) {
		if list[name].Enabled != want {
			t.Errorf("%s: %s, systemctl says %q", name, list[name].Enabled, want)
		}
	}
}
