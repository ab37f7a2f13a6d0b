// Command licences looks at the licence of every module of which a package is
// linked into a program or a test of the module in the current directory, and
// fails where one is not in the table, or where there is none to read.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licenseclassifier/v2/assets"
)

// allowed says why what is linked may carry the licence.
var allowed = map[string]string{
	"MIT": "permissive", "MIT-0": "permissive", "Apache-2.0": "permissive", "BSD-2-Clause": "permissive", "BSD-3-Clause": "permissive", "ISC": "permissive", "0BSD": "permissive", "Zlib": "permissive",
	"Unlicense": "public domain", "CC0-1.0": "public domain",
	"MPL-2.0": "per file: unchanged files of a module may be linked, with their source named in the bill of materials",
}

// read are modules whose text the classifier does not know, with what a person
// read in it.
var read = map[string]string{
	"github.com/segmentio/asm": "MIT-0", // MIT without its attribution clause
}

var file = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([.-].*)?$`)

type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run() error {
	modules, err := linked()
	if err != nil {
		return err
	}
	classifier, err := assets.DefaultClassifier()
	if err != nil {
		return err
	}
	counts, bad := map[string]int{}, 0
	for _, m := range modules {
		names, err := os.ReadDir(m.Dir)
		if err != nil {
			return err
		}
		found := map[string]bool{}
		for _, n := range names {
			if n.IsDir() || !file.MatchString(n.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(m.Dir, n.Name()))
			if err != nil {
				return err
			}
			for _, match := range classifier.Match(text).Matches {
				if match.MatchType == "License" {
					found[match.Name] = true
				}
			}
		}
		if name := read[m.Path]; name != "" && len(found) == 0 {
			found[name] = true
		}
		if len(found) == 0 {
			fmt.Printf("%s %s: no licence that is known\n", m.Path, m.Version)
			bad++
		}
		for name := range found {
			if allowed[name] == "" {
				fmt.Printf("%s %s: %s is not in the table\n", m.Path, m.Version, name)
				bad++
			}
			counts[name]++
		}
	}
	var parts []string
	for name, n := range counts {
		parts = append(parts, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(parts)
	fmt.Printf("licences of %d modules: %s\n", len(modules), strings.Join(parts, ", "))
	if bad > 0 {
		return fmt.Errorf("%d modules have no licence that the table allows", bad)
	}
	return nil
}

// linked gives the modules by path.
func linked() ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-test", "-json=Module", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	by := map[string]module{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if m := p.Module; m != nil && !m.Main {
			if m.Replace != nil {
				m.Dir = m.Replace.Dir
			}
			by[m.Path] = *m
		}
	}
	if len(by) == 0 {
		return nil, errors.New("no module is linked: this is the wrong directory")
	}
	var all []module
	for _, m := range by {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}
