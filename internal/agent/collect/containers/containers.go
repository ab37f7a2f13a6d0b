// Package containers reads which container engines a host has, how they are set
// up, and which containers and images they keep.
//
// Serves C7.1b, B19 (CC6.1, CC6.6, CC6.8). Invariants: an engine is only asked,
// with GET, over its socket in the file system, and never started for it;
// environment variables, command lines and labels of containers, which hold
// passwords, are not facts; credentials in addresses are taken out; what
// changes while a container runs (times, counters, health) is left out.
//
// Docker is asked when its daemon runs. Of podman, which has no daemon, the
// store tells whether there are containers at all; only then its socket is used,
// since that starts its service for some seconds.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package containers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Limits of what is asked and sent.
const (
	maxContainers = 500
	maxImages     = 1_000
)

// engines are programs, sockets and processes by engine.
var engines = []struct {
	name      string
	programs  []string
	sockets   []string
	processes []string // none: it needs no service
}{
	{"containerd", []string{"/usr/bin/containerd", "/usr/local/bin/containerd", "/usr/sbin/containerd"}, []string{"/run/containerd/containerd.sock"}, []string{"containerd"}},
	{"crio", []string{"/usr/bin/crio", "/usr/local/bin/crio"}, []string{"/run/crio/crio.sock"}, []string{"crio"}},
	{"docker", []string{"/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd"}, []string{"/run/docker.sock"}, []string{"dockerd"}},
	{"podman", []string{"/usr/bin/podman", "/usr/local/bin/podman"}, []string{"/run/podman/podman.sock"}, nil},
}

// Read reads section containers at the present time.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	return read(ctx, root, time.Now())
}

func read(ctx context.Context, root tree.Root, now time.Time) (facts.Section, error) {
	var gaps missing.List
	v := facts.Containers{Docker: &facts.ContainersDocker{}, Podman: &facts.ContainersPodman{}}
	installed := map[string]bool{}
	processes, procErr := daemons(root)
	conf, confErr := dockerConfig(root, processes["dockerd"])
	v.Runtimes = []facts.ContainerRuntime{}
	for _, e := range engines {
		if !slices.ContainsFunc(e.programs, root.There) {
			continue
		}
		installed[e.name] = true
		r := facts.ContainerRuntime{Name: e.name, Tcp: []string{}}
		paths := e.sockets
		if e.name == "docker" {
			more, tcp := conf.listens()
			paths = append(slices.Clone(paths), more...)
			r.Tcp, r.TlsVerify = tcp, conf.tlsVerify()
		}
		r.Sockets = sockets(root, paths)
		at := fmt.Sprintf("/runtimes/%d/running", len(v.Runtimes))
		switch {
		case e.processes == nil:
			gaps.Absent(at, "%s needs no service", e.name)
		case !root.Live():
			gaps.NotObserved(at, tree.NotLive)
		case procErr != nil:
			gaps.Failed(at, procErr)
		default:
			_, running := processes[e.processes[0]]
			r.Running = &running
		}
		v.Runtimes = append(v.Runtimes, r)
	}
	all := &kept{containers: []facts.Container{}, images: []facts.ContainerImage{}}
	if err := readDocker(ctx, root, v.Docker, conf, confErr, installed["docker"], processes["dockerd"] != nil, procErr, all, &gaps); err != nil {
		return facts.Section{}, err
	}
	if err := readPodman(ctx, root, v.Podman, installed["podman"], all, &gaps); err != nil {
		return facts.Section{}, err
	}
	all.give(&v, now, len(v.Runtimes) > 0, &gaps)
	watched, err := audited(root)
	if err != nil {
		gaps.Failed("/audited", err)
	} else {
		v.Audited = watched
	}
	return gaps.Section("containers", v)
}

// daemons gives the command lines of the engines' processes by name; of a
// tree, none.
func daemons(root tree.Root) (map[string][]string, error) {
	out := map[string][]string{}
	if !root.Live() {
		return out, nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if c := e.Name()[0]; c < '0' || c > '9' {
			continue
		}
		comm, err := os.ReadFile(path.Join("/proc", e.Name(), "comm"))
		if err != nil {
			continue // it ended meanwhile
		}
		name := strings.TrimSpace(string(comm))
		if !slices.Contains([]string{"dockerd", "containerd", "crio"}, name) || out[name] != nil {
			continue
		}
		line, err := os.ReadFile(path.Join("/proc", e.Name(), "cmdline"))
		if err != nil {
			continue
		}
		out[name] = strings.Split(strings.TrimRight(tree.Clean(string(line)), "\x00"), "\x00")
	}
	return out, nil
}

// sockets gives those that are there.
func sockets(root tree.Root, paths []string) []facts.EngineSocket {
	out := []facts.EngineSocket{}
	for _, p := range paths {
		st, err := root.Stat(p)
		if err != nil || st.IsDir() || slices.ContainsFunc(out, func(s facts.EngineSocket) bool { return s.Path == p }) {
			continue
		}
		s := facts.EngineSocket{Path: p, ModeOctal: fmt.Sprintf("%04o", st.Mode().Perm()), OthersWrite: st.Mode().Perm()&0o002 != 0}
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			s.Owner, s.Group = nameOf(root, "/etc/passwd", sys.Uid), nameOf(root, "/etc/group", sys.Gid)
		}
		out = append(out, s)
	}
	return out
}

// nameOf finds the name of a numeric id, and gives the number where there is
// none.
func nameOf(root tree.Root, file string, id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	name := number
	err := root.Lines(file, func(_ int, line string) error {
		if f := strings.Split(line, ":"); len(f) > 2 && f[2] == number && name == number {
			name = f[0]
		}
		return nil
	})
	if err != nil {
		return number
	}
	return name
}

// kept gathers what engines keep, and what could not be had of them.
type kept struct {
	containers []facts.Container
	images     []facts.ContainerImage
	failed     error
	unseen     string // why running engines cannot be asked here
}

// give puts containers and images into the section, or says why they are
// missing: of several engines the worst reason counts, since a list that
// leaves one out would look complete.
func (k *kept) give(v *facts.Containers, now time.Time, any bool, gaps *missing.List) {
	for _, p := range []string{"/containers", "/images"} {
		switch {
		case !any:
			gaps.Absent(p, "no container engine is installed")
		case k.failed != nil:
			gaps.Failed(p, k.failed)
		case k.unseen != "":
			gaps.NotObserved(p, "%s", k.unseen)
		case p == "/containers" && len(k.containers) > maxContainers:
			gaps.Add(p, facts.Error, fmt.Sprintf("%d containers are more than the %d that are sent", len(k.containers), maxContainers))
		case p == "/images" && len(k.images) > maxImages:
			gaps.Add(p, facts.Error, fmt.Sprintf("%d images are more than the %d that are sent", len(k.images), maxImages))
		case p == "/containers":
			slices.SortFunc(k.containers, func(a, b facts.Container) int {
				return cmp.Or(cmp.Compare(a.Engine, b.Engine), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
			})
			v.Containers = k.containers
		default:
			used := map[string]bool{}
			for _, c := range k.containers {
				used[c.Engine+c.ImageID] = true
			}
			for i, image := range k.images {
				k.images[i].Used = used[image.Engine+image.ID]
				k.images[i].AgeDays = max(0, int64(now.Sub(time.UnixMicro(image.CreatedUS))/(24*time.Hour)))
			}
			slices.SortFunc(k.images, func(a, b facts.ContainerImage) int {
				return cmp.Or(cmp.Compare(a.Engine, b.Engine), cmp.Compare(strings.Join(a.Names, ","), strings.Join(b.Names, ",")), cmp.Compare(a.ID, b.ID))
			})
			v.Images = k.images
		}
	}
}

// fail keeps the first error; one for lack of rights before others.
func (k *kept) fail(err error) {
	if k.failed == nil || errors.Is(err, fs.ErrPermission) {
		k.failed = err
	}
}

// audited gives the paths that files of the audit service watch: -w PATH, and
// -F path=PATH or dir=PATH of rules.
func audited(root tree.Root) ([]string, error) {
	files, err := root.Glob("/etc/audit/rules.d/*.rules")
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, file := range append(files, "/etc/audit/audit.rules") {
		err := root.Lines(file, func(_ int, line string) error {
			f := strings.Fields(line)
			if len(f) == 0 || f[0][0] == '#' {
				return nil
			}
			for i := range f[:len(f)-1] {
				switch f[i] {
				case "-w":
					out = append(out, path.Clean(f[i+1]))
				case "-F":
					key, value, _ := strings.Cut(f[i+1], "=")
					if key == "path" || key == "dir" {
						out = append(out, path.Clean(value))
					}
				}
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
