package collect

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// sshdFiles is what the configuration files of the SSH server say.
type sshdFiles struct {
	root     Root
	settings map[string]facts.Setting
	matches  []facts.SSHDMatch
	files    []string
}

// sshdMaxDepth is how deep sshd lets files include each other.
const sshdMaxDepth = 16

// sshdAdds are the keywords of which every line counts; of the others the
// first line wins.
var sshdAdds = []string{"acceptenv", "allowgroups", "allowusers", "denygroups", "denyusers", "hostcertificate", "hostkey", "listenaddress", "port", "subsystem"}

func readSSHDFiles(root Root) (*sshdFiles, error) {
	file := sshdConfigs[0]
	if !root.There(file) && root.There(sshdConfigs[1]) {
		file = sshdConfigs[1]
	}
	c := &sshdFiles{root: root, settings: map[string]facts.Setting{}, matches: []facts.SSHDMatch{}, files: []string{}}
	return c, c.file(file, -1, 0)
}

// file reads one file within the match block of that index, -1 outside. A
// Match lasts to the end of the file that it stands in.
func (c *sshdFiles) file(file string, match, depth int) error {
	if depth > sshdMaxDepth {
		return fmt.Errorf("%s: too many levels of Include", file)
	}
	text, err := c.root.Read(file)
	if err != nil {
		return err
	}
	c.files = append(c.files, file)
	return tree.EachLine(file, tree.Clean(string(text)), func(n int, line string) error {
		word, args, err := sshdLine(line)
		if err != nil || word == "" {
			return err
		}
		if len(args) == 0 {
			return fmt.Errorf("%s has no value", word)
		}
		switch word {
		case "include":
			return c.include(args, match, depth)
		case "match":
			match = len(c.matches)
			c.matches = append(c.matches, facts.SSHDMatch{Criteria: strings.Join(args, " "), Settings: map[string]string{}, File: file, Line: int64(n)})
			return nil
		}
		value := strings.Join(args, " ")
		if match >= 0 {
			settings := c.matches[match].Settings
			if old, set := settings[word]; !set {
				settings[word] = value
			} else if slices.Contains(sshdAdds, word) {
				settings[word] = old + " " + value
			}
			return nil
		}
		old, set := c.settings[word]
		switch {
		case !set:
			c.settings[word] = facts.Setting{Value: value, File: file, Line: int64(n)}
		case slices.Contains(sshdAdds, word):
			c.settings[word] = facts.Setting{Value: old.Value + " " + value, File: file, Line: int64(n)}
		}
		return nil
	})
}

// include reads the files that match, in the order of their names. A pattern
// that matches nothing is no mistake.
func (c *sshdFiles) include(patterns []string, match, depth int) error {
	for _, p := range patterns {
		if !path.IsAbs(p) {
			p = path.Join("/etc/ssh", p)
		}
		files, err := c.root.Glob(p)
		if err != nil {
			return err
		}
		for _, f := range files {
			if c.root.IsDir(f) {
				continue
			}
			if err := c.file(f, match, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// sshdLine takes a line apart: the keyword in lower case and its arguments
// without quotes. One = may stand between them; a # that starts a word starts
// a comment.
func sshdLine(line string) (word string, args []string, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", nil, nil
	}
	end := strings.IndexAny(line, " \t=\"")
	if end < 0 {
		return strings.ToLower(line), nil, nil
	}
	word, rest := strings.ToLower(line[:end]), strings.TrimLeft(line[end:], " \t")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "="), " \t")
	for rest != "" && rest[0] != '#' {
		var arg string
		if quote := rest[0]; quote == '"' || quote == '\'' {
			close := strings.IndexByte(rest[1:], quote)
			if close < 0 {
				return "", nil, errors.New("a quote is not closed")
			}
			arg, rest = rest[1:1+close], rest[2+close:]
		} else {
			i := strings.IndexAny(rest, " \t")
			if i < 0 {
				i = len(rest)
			}
			arg, rest = rest[:i], rest[i:]
		}
		args = append(args, arg)
		rest = strings.TrimLeft(rest, " \t")
	}
	return cmp.Or(word, "="), args, nil
}
