package verdict

import (
	"path"
	"slices"
	"strings"
)

// Class is what a file is to the service: what the criterion calls critical system,
// configuration and content files.
type Class string

// The classes.
const (
	System        Class = "system"        // programs, libraries, the kernel
	Configuration Class = "configuration" // how they are set, and who may come in
	Content       Class = "content"       // what the service hands out, and all else
)

// Classes gives them in their order.
func Classes() []Class { return []Class{System, Configuration, Content} }

// ClassIn gives the class of a path on a host that gives out some trees: what lies in
// one of them is content, wherever it lies.
func ClassIn(file string, roots []string) Class {
	for _, r := range roots {
		if r = strings.TrimSuffix(r, "/"); givesOut(r) && strings.HasPrefix(file, r) && (len(file) == len(r) || file[len(r)] == '/') {
			return Content
		}
	}
	return ClassOf(file)
}

// givesOut reports whether a tree can be content as a whole. That a web server is set
// to give out /usr/bin makes no content of programs.
func givesOut(root string) bool {
	switch ClassOf(root) {
	case Configuration:
		return false
	case System:
		return slices.ContainsFunc([]string{"/opt/", "/usr/share/", "/usr/local/share/", "/usr/local/www"}, func(p string) bool { return strings.HasPrefix(root, p) })
	}
	return root != ""
}

// ClassOf gives the class of a path.
func ClassOf(file string) Class {
	first, _, _ := strings.Cut(strings.TrimPrefix(file, "/"), "/")
	switch {
	case first == "etc", strings.HasPrefix(file, "/usr/local/etc/"), strings.HasPrefix(file, "/var/spool/cron"), strings.HasPrefix(file, "/var/lib/attesta"),
		strings.Contains(file, "/.ssh/"), path.Base(file) == ".ssh":
		return Configuration
	case first == "usr", first == "bin", first == "sbin", first == "boot", first == "opt", strings.HasPrefix(first, "lib"):
		return System
	}
	return Content
}
