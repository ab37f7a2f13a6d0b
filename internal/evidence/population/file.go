package population

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"

	"go.yaml.in/yaml/v3"
)

const maxContent = 64 << 10

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// ParseContent reads what a definition says from YAML, which JSON is too, by the
// names that `attesta populations show --json` prints. Unknown names and a second
// document are refused; a mistake is kind Invalid with its line.
func ParseContent(raw []byte) (Content, error) {
	c := Content{Date: "", Zone: "UTC", Joiners: Take, InFlight: Take, Apply: true}
	if len(raw) > maxContent {
		return Content{}, fault.New(fault.Invalid, "a definition has at most %d bytes", maxContent)
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	err := d.Decode(&c)
	switch {
	case errors.Is(err, io.EOF):
		return Content{}, fault.New(fault.Invalid, "the file says nothing").WithHint("'attesta populations show SLUG --yaml' prints one to begin with")
	case err == nil:
		if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
			return Content{}, fault.New(fault.Invalid, "the file has more than one document")
		}
		return c, nil
	}
	line, text := 0, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		text = m[2]
		if _, err := fmt.Sscan(m[1], &line); err != nil {
			line = 0
		}
	}
	return Content{}, fault.Wrap(fault.Invalid, err, "the definition cannot be read: %s", shorten(text)).At("", line, "file")
}

// YAML gives a definition as ParseContent reads it.
func (c Content) YAML() ([]byte, error) { return yaml.Marshal(c) }
