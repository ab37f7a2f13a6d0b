// Command sbom writes a CycloneDX bill of materials of Go programs: every module
// that was linked into them, as each program itself says. The same programs give
// the same bytes.
//
//	go run ./sbom PROGRAM… > bom.json
package main

import (
	"cmp"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(programs []string) error {
	if len(programs) == 0 {
		return fmt.Errorf("usage: sbom PROGRAM…")
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{Type: cdx.ComponentTypeApplication, Name: "attesta"}}
	found := map[string]cdx.Component{}
	for _, path := range programs {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read what %s was built of: %w", path, err)
		}
		var uses []string
		add := func(name, version string) {
			purl := "pkg:golang/" + name + "@" + version
			found[purl] = cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: purl, Name: name, Version: version, PackageURL: purl}
			uses = append(uses, purl)
		}
		add("stdlib", info.GoVersion)
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			add(m.Path, m.Version)
		}
		slices.Sort(uses)
		program := "program:" + filepath.Base(path)
		found[program] = cdx.Component{Type: cdx.ComponentTypeApplication, BOMRef: program, Name: filepath.Base(path)}
		dependencies := append(get(bom.Dependencies), cdx.Dependency{Ref: program, Dependencies: &uses})
		bom.Dependencies = &dependencies
	}
	var components []cdx.Component
	for _, c := range found {
		components = append(components, c)
	}
	slices.SortFunc(components, func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	bom.Components = &components
	return cdx.NewBOMEncoder(os.Stdout, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
}

func get(list *[]cdx.Dependency) []cdx.Dependency {
	if list == nil {
		return nil
	}
	return *list
}
