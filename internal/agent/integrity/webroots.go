package integrity

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of what is read of web servers' configuration.
const (
	mostConfigs  = 1000    // files
	largestText  = 1 << 20 // bytes of one
	deepIncludes = 8
)

// webRoots are the directories that nginx and Apache of a host are set to give out.
// What cannot be read is left out here, and said by the walk over /etc.
func webRoots(host string) ([]string, error) {
	n := nginxRoots{host: host, seen: map[string]bool{}}
	n.read("/etc/nginx/nginx.conf", 0)
	for _, glob := range []string{"/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*"} { // also where nothing includes them
		if err := n.include(glob, 0); err != nil {
			return nil, err
		}
	}
	out := n.roots
	for _, glob := range []string{"etc/apache2/apache2.conf", "etc/apache2/sites-enabled/*", "etc/apache2/conf-enabled/*", "etc/httpd/conf/httpd.conf", "etc/httpd/conf.d/*.conf"} {
		files, err := filepath.Glob(filepath.Join(host, glob))
		if err != nil {
			return nil, err
		}
		for _, f := range files[:min(len(files), mostConfigs)] {
			for line := range strings.Lines(configText(f)) {
				words := strings.Fields(line)
				if len(words) < 2 || !strings.EqualFold(words[0], "DocumentRoot") {
					continue
				}
				if p := strings.Trim(words[1], `"`); isTree(p) {
					out = append(out, filepath.Clean(p))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// isTree reports whether what a web server gives out is one directory that is named:
// no variable, no pattern, not everything.
func isTree(p string) bool {
	return filepath.IsAbs(p) && len(p) < 4096 && !strings.ContainsAny(p, "$*?[\x00") && filepath.Clean(p) != "/"
}

// configText is as much of a file as is looked at, "" where it cannot be read.
func configText(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	if i, err := f.Stat(); err != nil || !i.Mode().IsRegular() {
		return ""
	}
	b, err := io.ReadAll(io.LimitReader(f, largestText))
	if err != nil {
		return ""
	}
	return string(b)
}

// nginxRoots follows the includes of nginx's configuration.
type nginxRoots struct {
	host  string
	seen  map[string]bool
	roots []string
}

func (n *nginxRoots) read(file string, depth int) {
	if depth > deepIncludes || len(n.seen) >= mostConfigs || n.seen[file] {
		return
	}
	n.seen[file] = true
	for _, words := range nginxStatements(configText(filepath.Join(n.host, file))) {
		switch words[0] {
		case "root", "alias":
			if isTree(words[1]) {
				n.roots = append(n.roots, filepath.Clean(words[1]))
			}
		case "include":
			pattern := words[1]
			if !path.IsAbs(pattern) {
				pattern = path.Join("/etc/nginx", pattern)
			}
			_ = n.include(pattern, depth+1) // nginx refuses a pattern that is none, too
		}
	}
}

func (n *nginxRoots) include(pattern string, depth int) error {
	files, err := filepath.Glob(filepath.Join(n.host, pattern))
	if err != nil {
		return err
	}
	for _, f := range files {
		if below, err := filepath.Rel(n.host, f); err == nil {
			n.read("/"+below, depth)
		}
	}
	return nil
}

// nginxStatements gives the statements of nginx's configuration that have a value: of
// root /srv/www; its words root and /srv/www.
func nginxStatements(text string) (out [][]string) {
	var words []string
	var word strings.Builder
	has := false
	endWord := func() {
		if has {
			words = append(words, word.String())
		}
		word.Reset()
		has = false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '#' && !has:
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			endWord()
		case c == ';' || c == '{' || c == '}':
			endWord()
			if len(words) >= 2 && c == ';' {
				out = append(out, words)
			}
			words = nil
		case (c == '"' || c == '\'') && !has:
			has = true
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' && i+1 < len(text) {
					i++
				}
				word.WriteByte(text[i])
			}
		default:
			if c == '\\' && i+1 < len(text) {
				i++
				c = text[i]
			}
			has = true
			word.WriteByte(c)
		}
	}
	return out
}
