// Package collect reads facts on a host: one file and one reader per section
// of the fact registry.
//
// Serves C7.1b (conformity of hosts), C7.1d, B11 and mission C7.1a, C7.1b. It
// observes only: it writes nothing, runs no shell, and starts a program only
// where no file or system call gives the answer (sshd -T, rpm, systemctl,
// chronyc), by absolute path with fixed arguments, a time limit and a limit
// on what it may print.
//
// Invariants: a fact that cannot be had is reported as missing with one of
// three states, never left out and never guessed. Software that is not there
// is absent; a closed file, a syntax error or a failing tool is an error with
// file, line or the tool's first words; what this host cannot tell is not
// observed. Password hashes, keys and personal names (GECOS) are never facts.
//
// Linux only. Floor: edges, below package agent. Imports facts and fault.
package collect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/audit"
	"github.com/attesta/attesta/internal/agent/collect/boot"
	"github.com/attesta/attesta/internal/agent/collect/certs"
	"github.com/attesta/attesta/internal/agent/collect/containers"
	"github.com/attesta/attesta/internal/agent/collect/cron"
	"github.com/attesta/attesta/internal/agent/collect/firewall"
	"github.com/attesta/attesta/internal/agent/collect/flows"
	"github.com/attesta/attesta/internal/agent/collect/haproxy"
	"github.com/attesta/attesta/internal/agent/collect/kmod"
	"github.com/attesta/attesta/internal/agent/collect/logging"
	"github.com/attesta/attesta/internal/agent/collect/mac"
	"github.com/attesta/attesta/internal/agent/collect/malware"
	"github.com/attesta/attesta/internal/agent/collect/network"
	"github.com/attesta/attesta/internal/agent/collect/nginx"
	"github.com/attesta/attesta/internal/agent/collect/pam"
	"github.com/attesta/attesta/internal/agent/collect/processes"
	"github.com/attesta/attesta/internal/agent/collect/special"
	"github.com/attesta/attesta/internal/agent/collect/storage"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/agent/collect/updates"
	"github.com/attesta/attesta/internal/agent/collect/usb"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
)

// Root is the file system that is read: the zero value is this host.
type Root = tree.Root

// Reader reads one section. It returns an error only when ctx ended or when
// the reader itself is at fault; whatever the host refuses is in
// Section.Missing. Nothing that a host holds may make it fail.
type Reader func(ctx context.Context, root Root) (facts.Section, error)

// limit is how long one reader may take, and walkLimit one that walks over whole
// file systems.
const (
	limit     = 30 * time.Second
	walkLimit = 15 * time.Minute
)

// atOnce bounds the readers that run at the same time, and with them memory.
const atOnce = 2

// readers gives every reader by section, in the registry's order.
func readers() []named {
	return []named{
		{"os", readOS},
		{"packages", readPackages},
		{"users", readUsers},
		{"sshd", readSSHD},
		{"sysctl", readSysctl},
		{"mounts", readMounts},
		// Accounts, programs, logs, protection.
		{"pam", pam.Read},
		{"ssh_keys", readSSHKeys},
		{"processes", processes.Read},
		{"kernel_modules", kmod.Read},
		{"cron", cron.Read},
		{"certificates", certs.Read},
		{"updates", updates.Read},
		{"audit", audit.Read},
		{"logging", logging.Read},
		{"mac", mac.Read},
		{"boot", boot.Read},
		{"special_files", special.Read},
		{"services", readServices},
		{"files", readFiles},
		{"ports", readPorts},
		{"flows", flows.Read},
		{"clock", readClock},
		// Network, firewall, storage, devices, containers.
		{"network", network.Read},
		{"neighbours", network.ReadNeighbours},
		{"firewall", firewall.Read},
		{"storage", storage.Read},
		{"usb", usb.Read},
		{"malware", malware.Read},
		{"containers", containers.Read},
		// Load balancers.
		{"haproxy", haproxy.Read},
		{"nginx", nginx.Read},
	}
}

type named struct {
	section string
	read    Reader
}

// Sections gives the names of the sections that can be read, in order.
func Sections() []string {
	var out []string
	for _, r := range readers() {
		out = append(out, r.section)
	}
	return out
}

// Rare gives the sections that cost too much to be read with the others: a walk
// over all files.
func Rare() []string { return []string{"special_files"} }

// Waited marks an inventory that a person waits for: rare sections are then not
// read at low priority.
func Waited(ctx context.Context) context.Context { return special.Waited(ctx) }

func (r named) limit() time.Duration {
	if slices.Contains(Rare(), r.section) {
		return walkLimit
	}
	return limit
}

// Inventory reads the named sections, all of them when none is named, a few at
// the same time. The answer is in the registry's order. A reader that fails or
// does not finish in time gives a section that is missing as a whole, so that
// one defect never costs the other sections; the error is that of ctx, or of a
// name that no section has.
func Inventory(ctx context.Context, root Root, sections ...string) ([]facts.Section, error) {
	todo := readers()
	if len(sections) > 0 {
		for _, name := range sections {
			if !slices.ContainsFunc(todo, func(r named) bool { return r.section == name }) {
				return nil, fault.New(fault.Invalid, "no section is called %q", name).WithHint("sections: %s", strings.Join(Sections(), ", "))
			}
		}
		todo = slices.DeleteFunc(todo, func(r named) bool { return !slices.Contains(sections, r.section) })
	}
	out := make([]facts.Section, len(todo))
	errs := make([]error, len(todo))
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i, r := range todo {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i], errs[i] = readWithin(ctx, r.limit(), root, r)
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("read section %s: %w", todo[i].section, err)
		}
	}
	return out, nil
}

// readWithin runs one reader with a time limit of its own.
func readWithin(ctx context.Context, limit time.Duration, root Root, r named) (facts.Section, error) {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s, err := r.read(within, root)
	if err == nil || ctx.Err() != nil {
		return s, err
	}
	if within.Err() != nil {
		err = fmt.Errorf("reading took longer than %s", limit)
	}
	var rep report
	rep.add("", facts.Error, "the reader of section "+r.section+" failed: "+err.Error())
	return rep.section(r.section, struct{}{})
}

// Hints gives what a person could do about what is missing: one sentence when
// anything needs root, nothing otherwise.
func Hints(sections []facts.Section) []string {
	var names []string
	for _, s := range sections {
		if slices.ContainsFunc(s.Missing, func(m facts.Missing) bool { return strings.HasPrefix(m.Reason, needsRoot) }) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"some facts of " + strings.Join(names, ", ") + " can only be read as root: run the agent as root to have them judged"}
}
