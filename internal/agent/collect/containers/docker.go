package containers

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// asked are the facts that only a running Docker can tell.
var asked = []string{"/docker/reachable", "/docker/version", "/docker/live_restore", "/docker/log_driver", "/docker/security", "/docker/insecure_registries", "/docker/icc", "/docker/swarm"}

func readDocker(ctx context.Context, root tree.Root, v *facts.ContainersDocker, conf config, confErr error, installed, running bool, procErr error, all *kept, gaps *missing.List) error {
	if !installed {
		gaps.Absent("/docker", "Docker is not installed")
		return nil
	}
	if confErr != nil {
		gaps.Failed("/docker/config", confErr)
		conf = config{}
	} else {
		v.Config = conf
	}
	rootFailed := func() {
		if confErr != nil {
			gaps.Failed("/docker/root", confErr)
		} else {
			v.Root = new(conf.root())
		}
	}
	switch {
	case !root.Live():
		for _, p := range asked {
			gaps.NotObserved(p, tree.NotLive)
		}
		all.unseen = tree.NotLive
		rootFailed()
		return nil
	case procErr != nil:
		for _, p := range asked {
			gaps.Failed(p, procErr)
		}
		all.fail(procErr)
		rootFailed()
		return nil
	case !running:
		for _, p := range asked {
			gaps.Absent(p, "Docker does not run")
		}
		all.unseen = "Docker does not run, and only it can tell what it keeps"
		rootFailed()
		return nil
	}
	files, _ := conf.listens()
	c := newClient("docker", append(files, "/run/docker.sock")...)
	defer c.close()
	i, err := c.info(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		reason := needsRoot(err)
		for _, p := range asked {
			gaps.Failed(p, reason)
		}
		all.fail(reason)
		rootFailed()
		return nil
	}
	security := i.security()
	v.Reachable, v.Version, v.Root = new(true), &i.ServerVersion, &i.DockerRootDir
	v.LiveRestore, v.LogDriver, v.Security, v.InsecureRegistries = &i.LiveRestoreEnabled, &i.LoggingDriver, security, i.insecure()
	v.Swarm = &i.Swarm.LocalNodeState
	icc, err := c.icc(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errNotFound):
		gaps.Absent("/docker/icc", "Docker has no default bridge")
	case err != nil:
		gaps.Failed("/docker/icc", err)
	default:
		v.Icc = &icc
	}
	return c.gather(ctx, slices.Contains(security, "no-new-privileges"), slices.Contains(security, "userns"), all)
}

// needsRoot makes the refusal of a socket one that only root is spared.
func needsRoot(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return &fs.PathError{Op: "connect", Path: "the engine's socket", Err: fs.ErrPermission}
	}
	return err
}

// gather adds the containers and images of an engine to all.
func (c *client) gather(ctx context.Context, noNewPrivileges, mapped bool, all *kept) error {
	containers, err := c.containers(ctx, noNewPrivileges, mapped)
	if err == nil {
		all.containers = append(all.containers, containers...)
		var images []facts.ContainerImage
		if images, err = c.images(ctx); err == nil {
			all.images = append(all.images, images...)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		all.fail(needsRoot(err))
	}
	return nil
}

// info is GET /info of the Docker Engine API, as far as it is used.
type info struct {
	ServerVersion, DockerRootDir, LoggingDriver string
	LiveRestoreEnabled                          bool
	SecurityOptions                             []string
	RegistryConfig                              struct {
		InsecureRegistryCIDRs []string
		IndexConfigs          map[string]struct{ Secure bool }
	}
	Swarm struct{ LocalNodeState string }
}

// security reads "name=seccomp,profile=builtin".
func (i info) security() []string {
	out := []string{}
	for _, o := range i.SecurityOptions {
		name, profile := "", ""
		for part := range strings.SplitSeq(o, ",") {
			switch key, value, _ := strings.Cut(part, "="); key {
			case "name":
				name = value
			case "profile":
				profile = value
			default:
				if name == "" {
					name = part // older engines give the name alone
				}
			}
		}
		if name == "seccomp" && profile != "" {
			out = append(out, "seccomp="+profile)
		}
		if name != "" {
			out = append(out, tree.Clean(name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (i info) insecure() []string {
	out := []string{}
	for _, cidr := range i.RegistryConfig.InsecureRegistryCIDRs {
		if cidr != "127.0.0.0/8" && cidr != "::1/128" {
			out = append(out, tree.Clean(cidr))
		}
	}
	for name, c := range i.RegistryConfig.IndexConfigs {
		if !c.Secure {
			out = append(out, tree.Clean(name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
