// Gen writes what is generated from the fact registry: types_gen.go and
// docs/facts.md. Run it through `go generate ./internal/facts`; a test in this
// package fails when what is committed is stale.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run works in dir, the directory of package facts.
func run(dir string) error {
	out, err := generate(dir)
	if err != nil {
		return err
	}
	for name, body := range out {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate gives the generated files by path relative to dir.
func generate(dir string) (map[string][]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, registryFile))
	if err != nil {
		return nil, err
	}
	reg, err := load(data)
	if err != nil {
		return nil, err
	}
	code, err := goCode(reg)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"types_gen.go":        code,
		"../../docs/facts.md": markdown(reg),
	}, nil
}
