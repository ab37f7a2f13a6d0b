package verdict

import (
	"path"
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
