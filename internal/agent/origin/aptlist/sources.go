package aptlist

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// configured are the sources that apt is set to use.
type configured struct {
	prefixes []string // of the names of their indexes
	trusted  []string // of those that need no signature
}

// why says why an index does not count as one of a configured, signed source.
func (c configured) why(index string) string {
	for _, p := range c.trusted {
		if strings.HasPrefix(index, p+"_") {
			return "the source is set to be trusted without a signature"
		}
	}
	for _, p := range c.prefixes {
		if strings.HasPrefix(index, p+"_") {
			return ""
		}
	}
	return "the index is there, but no source names its repository any more"
}

func sources(root tree.Root) (configured, error) {
	var c configured
	files := []string{"/etc/apt/sources.list"}
	var failed error
	for _, ending := range []string{"list", "sources"} {
		more, err := root.Glob("/etc/apt/sources.list.d/*." + ending)
		failed = errors.Join(failed, err)
		files = append(files, more...)
	}
	for _, f := range files {
		text, err := root.Read(f)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			failed = errors.Join(failed, err)
		case strings.HasSuffix(f, ".sources"):
			c.stanzas(string(text))
		default:
			c.lines(string(text))
		}
	}
	return c, failed
}

// lines reads the format of one line for each source.
func (c *configured) lines(text string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
			continue
		}
		rest = strings.TrimSpace(rest)
		options := ""
		if strings.HasPrefix(rest, "[") {
			if options, rest, ok = strings.Cut(rest[1:], "]"); !ok {
				continue
			}
		}
		f := strings.Fields(rest)
		if len(f) == 0 {
			continue
		}
		trusted := false
		for o := range strings.FieldsSeq(options) {
			name, value, _ := strings.Cut(o, "=")
			trusted = trusted || yes(name, value)
		}
		c.add(f[0], trusted)
	}
}

// stanzas reads the format of deb822.
func (c *configured) stanzas(text string) {
	var uris []string
	trusted, on, last := false, true, ""
	end := func() {
		for _, u := range uris {
			if on {
				c.add(u, trusted)
			}
		}
		uris, trusted, on, last = nil, false, true, ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "":
			end()
			continue
		case line[0] == '#':
			continue
		case line[0] == ' ' || line[0] == '\t':
			if last == "uris" {
				uris = append(uris, strings.Fields(line)...)
			}
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch last = strings.ToLower(name); last {
		case "uris":
			uris = append(uris, strings.Fields(value)...)
		case "enabled":
			on = !strings.EqualFold(value, "no") && !strings.EqualFold(value, "false") && value != "0"
		default:
			trusted = trusted || yes(name, value)
		}
	}
	end()
}

// yes reports whether an option switches the need for a signature off.
func yes(name, value string) bool {
	switch strings.ToLower(name) {
	case "trusted", "allow-insecure", "allow-weak":
		switch strings.ToLower(value) {
		case "yes", "true", "1", "on", "with", "enable":
			return true
		}
	}
	return false
}

// add takes in an address, as apt names files by it.
func (c *configured) add(uri string, trusted bool) {
	_, rest, ok := strings.Cut(uri, "://")
	if !ok {
		if _, rest, ok = strings.Cut(uri, ":"); !ok { // file:/srv/packages
			return
		}
	}
	if at := strings.LastIndexByte(strings.SplitN(rest, "/", 2)[0], '@'); at >= 0 {
		rest = rest[at+1:]
	}
	rest = strings.TrimRight(rest, "/")
	var b strings.Builder
	for _, r := range []byte(rest) {
		switch {
		case r == '/':
			b.WriteByte('_')
		case r == '_':
			b.WriteString("%5f")
		default:
			b.WriteByte(r)
		}
	}
	if b.Len() == 0 {
		return
	}
	if trusted {
		c.trusted = append(c.trusted, b.String())
	} else {
		c.prefixes = append(c.prefixes, b.String())
	}
}
