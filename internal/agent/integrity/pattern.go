package integrity

import (
	"path"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// patterns are what a path may match, whole or by a directory above it.
//
// A pattern that begins with '/' is about the whole path, any other about one
// name at any depth. *, ? and [a-z] stay within a name; ** as a whole component
// stands for any number of them.
type patterns []pattern

type pattern struct {
	parts []string
	fixed string // what every path that matches begins with
}

func compilePatterns(list []string) (patterns, error) {
	var out patterns
	for _, p := range list {
		parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
		if !strings.HasPrefix(p, "/") {
			if len(parts) != 1 {
				return nil, fault.New(fault.Invalid, "pattern %q: begin it with '/', or give one name", p)
			}
			parts = []string{"**", parts[0]}
		}
		for _, part := range parts {
			if _, err := path.Match(part, "x"); err != nil || part == "" {
				return nil, fault.New(fault.Invalid, "pattern %q: %q is none", p, part).WithHint("use *, ?, [a-z] within a name and ** for any directories")
			}
		}
		out = append(out, pattern{parts, fixed(parts)})
	}
	return out, nil
}

// match reports whether p, an absolute path, matches one of them.
func (ps patterns) match(p []byte) bool {
	if len(ps) == 0 {
		return false
	}
	var parts []string // only where one may match
	for _, pattern := range ps {
		if !begins(p, pattern.fixed) {
			continue
		}
		if parts == nil {
			parts = strings.Split(strings.TrimPrefix(string(p), "/"), "/")
		}
		if matchParts(pattern.parts, parts) {
			return true
		}
	}
	return false
}

// fixed gives the names at the beginning of a pattern that are no patterns.
func fixed(parts []string) string {
	var out strings.Builder
	for _, part := range parts {
		if strings.ContainsAny(part, `*?[\`) {
			break
		}
		out.WriteString("/" + part)
	}
	return out.String()
}

// begins reports whether a path is fixed or lies below it.
func begins(p []byte, fixed string) bool {
	n := len(fixed)
	return len(p) >= n && string(p[:n]) == fixed && (n == 0 || len(p) == n || p[n] == '/')
}

func matchParts(pattern, parts []string) bool {
	for ; len(pattern) > 0; pattern, parts = pattern[1:], parts[1:] {
		if pattern[0] == "**" {
			for i := 0; i <= len(parts); i++ {
				if matchParts(pattern[1:], parts[i:]) {
					return true
				}
			}
			return false
		}
		if len(parts) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], parts[0]); !ok { // compiled: it is a pattern
			return false
		}
	}
	return len(parts) == 0
}
