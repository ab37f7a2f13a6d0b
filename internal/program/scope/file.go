package scope

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"

	"github.com/attesta/attesta/internal/base/fault"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds what is read.
const maxFile = 1 << 20

// ReadFile reads a scope from a YAML file, or from standard input as "-". A
// fault names file and line.
func ReadFile(path string) (Content, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return Content{}, fault.Wrap(fault.NotFound, err, "the file cannot be read").At(path, 0, "")
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return Content{}, fault.Wrap(fault.NotFound, err, "the file cannot be read").At(path, 0, "")
	}
	c, err := Parse(raw)
	var f *fault.Error
	if errors.As(err, &f) {
		err = f.At(path, f.Line, f.Field)
	}
	return c, err
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// Parse reads a scope in YAML. Unknown fields are refused, and so is a second
// document.
func Parse(raw []byte) (Content, error) {
	var c Content
	if len(raw) > maxFile {
		return c, fault.New(fault.Invalid, "the scope has more than %d bytes", maxFile)
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	err := d.Decode(&c)
	if errors.Is(err, io.EOF) {
		return c, fault.New(fault.Invalid, "the file says nothing").WithHint("'attesta scope show --yaml' prints the scope that holds")
	}
	if err == nil {
		if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
			return Content{}, fault.New(fault.Invalid, "the file has more than one document")
		}
		return c.Check()
	}
	line, text := 0, err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // the pattern holds digits only
		text = m[2]
	}
	return Content{}, fault.Wrap(fault.Invalid, err, "%s", text).At("", line, "").WithHint("docs/scope.md shows a whole file")
}

// YAML gives the scope as Parse reads it.
func (c Content) YAML() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(c); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}
