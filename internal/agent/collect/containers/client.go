package containers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	maxAnswer  = 8 << 20
	answerTime = 5 * time.Second
)

var errNotFound = errors.New("not found")

// client asks an engine that speaks the Docker Engine API, which podman's
// service does too.
type client struct {
	engine string
	http   http.Client
}

// newClient asks over the first of sockets that takes a connection.
func newClient(engine string, sockets ...string) *client {
	dial := func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
		var d net.Dialer
		for _, s := range sockets {
			if conn, err = d.DialContext(ctx, "unix", s); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
	return &client{engine: engine, http: http.Client{Timeout: answerTime, Transport: &http.Transport{DialContext: dial, MaxIdleConns: 1, DisableCompression: true}}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// get asks for a path and decodes the answer.
func (c *client) get(ctx context.Context, path string, query url.Values, to any) error {
	u := url.URL{Scheme: "http", Host: c.engine, Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", c.engine, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", c.engine, path, err)
	case res.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s %s: %w", c.engine, path, errNotFound)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s answers %s", c.engine, path, res.Status)
	case len(body) > maxAnswer:
		return fmt.Errorf("%s %s answers more than %d bytes", c.engine, path, maxAnswer)
	}
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("%s %s: %w", c.engine, path, err)
	}
	return nil
}

func (c *client) info(ctx context.Context) (info, error) {
	var i info
	return i, c.get(ctx, "/info", nil, &i)
}

// icc reports whether containers on the default bridge reach each other.
func (c *client) icc(ctx context.Context) (bool, error) {
	var network struct{ Options map[string]string }
	err := c.get(ctx, "/networks/bridge", nil, &network)
	return network.Options["com.docker.network.bridge.enable_icc"] != "false", err
}

func (c *client) containers(ctx context.Context, noNewPrivileges, mapped bool) ([]facts.Container, error) {
	var list []struct {
		ID string `json:"Id"`
	}
	if err := c.get(ctx, "/containers/json", url.Values{"all": {"1"}}, &list); err != nil {
		return nil, err
	}
	if len(list) > maxContainers {
		return nil, fmt.Errorf("%d containers are more than the %d that are sent", len(list), maxContainers)
	}
	out := []facts.Container{}
	for _, l := range list {
		var i inspected
		err := c.get(ctx, "/containers/"+l.ID+"/json", nil, &i)
		if errors.Is(err, errNotFound) {
			continue // it was removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		out = append(out, i.container(c.engine, noNewPrivileges, mapped))
	}
	return out, nil
}

func (c *client) images(ctx context.Context) ([]facts.ContainerImage, error) {
	var list []struct {
		ID          string `json:"Id"`
		RepoTags    []string
		RepoDigests []string
		Created     int64
		Size        int64
	}
	if err := c.get(ctx, "/images/json", nil, &list); err != nil {
		return nil, err
	}
	out := []facts.ContainerImage{}
	for _, i := range list {
		image := facts.ContainerImage{Engine: c.engine, ID: short(i.ID), Names: named(i.RepoTags), Digests: named(i.RepoDigests), Size: i.Size}
		if i.Created > 0 && i.Created < 1<<40 {
			image.CreatedUS = i.Created * 1_000_000
		}
		out = append(out, image)
	}
	return out, nil
}

// named sorts names and leaves those of nameless images out.
func named(list []string) []string {
	out := []string{}
	for _, n := range list {
		if !strings.HasPrefix(n, "<none>") {
			out = append(out, tree.Clean(n))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// short gives the first 12 digits of an id.
func short(id string) string {
	id = tree.Clean(strings.TrimPrefix(id, "sha256:"))
	return id[:min(12, len(id))]
}

// inspected is GET /containers/{id}/json, as far as it is used. Environment,
// command line and labels are not read.
type inspected struct {
	ID     string `json:"Id"`
	Name   string
	Image  string
	State  struct{ Status string }
	Config struct {
		User, Image string
		Healthcheck *struct{ Test []string }
	}
	AppArmorProfile string
	HostConfig      struct {
		Privileged, ReadonlyRootfs                                       bool
		NetworkMode, PidMode, IpcMode, UTSMode, UsernsMode, CgroupnsMode string
		CapAdd, CapDrop, SecurityOpt                                     []string
		RestartPolicy                                                    struct {
			Name              string
			MaximumRetryCount int64
		}
		Memory, NanoCpus, CPUShares, CPUQuota int64
		CpusetCpus                            string
		PidsLimit                             *int64
		Devices                               []struct{ PathOnHost string }
		PortBindings                          map[string][]binding
		LogConfig                             struct{ Type string }
	}
	Mounts []struct {
		Type, Name, Source, Destination string
		RW                              bool
	}
	NetworkSettings struct{ Ports map[string][]binding }
}

type binding struct{ HostIP, HostPort string }

func (i inspected) container(engine string, noNewPrivileges, mapped bool) facts.Container {
	h := i.HostConfig
	c := facts.Container{
		Engine: engine, ID: short(i.ID), Name: tree.Clean(strings.TrimPrefix(i.Name, "/")), Image: tree.Clean(i.Config.Image), ImageID: short(i.Image), State: tree.Clean(i.State.Status),
		ByDigest: strings.Contains(i.Config.Image, "@sha256:"), User: tree.Clean(i.Config.User), Privileged: h.Privileged, Network: tree.Clean(h.NetworkMode),
		CapabilitiesAdded: capabilities(h.CapAdd), CapabilitiesDropped: capabilities(h.CapDrop), NoNewPrivileges: noNewPrivileges,
		Seccomp: "default", Apparmor: tree.Clean(i.AppArmorProfile), ReadonlyRoot: h.ReadonlyRootfs, Restart: tree.Clean(h.RestartPolicy.Name), RestartMax: h.RestartPolicy.MaximumRetryCount,
		MemoryBytes: max(0, h.Memory), CpuLimited: h.NanoCpus > 0 || h.CPUQuota > 0 || h.CPUShares > 0 || h.CpusetCpus != "", LogDriver: tree.Clean(h.LogConfig.Type),
		HostNamespaces: []string{}, Devices: []string{}, Mounts: []facts.ContainerMount{}, Ports: []facts.ContainerPort{},
		HealthCheck: i.Config.Healthcheck != nil && len(i.Config.Healthcheck.Test) > 0 && !strings.EqualFold(i.Config.Healthcheck.Test[0], "NONE"),
	}
	user, _, _ := strings.Cut(i.Config.User, ":")
	c.Root = user == "" || user == "0" || user == "root"
	if c.Restart == "" {
		c.Restart = "no"
	}
	if h.PidsLimit != nil {
		c.PidsLimit = max(0, *h.PidsLimit)
	}
	for name, mode := range map[string]string{"network": h.NetworkMode, "pid": h.PidMode, "ipc": h.IpcMode, "uts": h.UTSMode, "cgroup": h.CgroupnsMode} {
		if mode == "host" {
			c.HostNamespaces = append(c.HostNamespaces, name)
		}
	}
	if mapped && h.UsernsMode == "host" {
		c.HostNamespaces = append(c.HostNamespaces, "user")
	}
	if h.Privileged {
		c.Seccomp = "unconfined"
	}
	for _, o := range h.SecurityOpt {
		key, value, _ := strings.Cut(strings.Replace(o, ":", "=", 1), "=")
		switch {
		case key == "no-new-privileges":
			c.NoNewPrivileges = value != "false"
		case key == "seccomp" && value == "unconfined":
			c.Seccomp = "unconfined"
		case key == "seccomp" && value != "":
			c.Seccomp = "custom"
		case key == "apparmor" && c.Apparmor == "":
			c.Apparmor = tree.Clean(value)
		case key == "label" && value == "disable":
			c.SelinuxDisabled = true
		}
	}
	for _, d := range h.Devices {
		c.Devices = append(c.Devices, tree.Clean(d.PathOnHost))
	}
	for _, m := range i.Mounts {
		source := m.Source
		if m.Type == "volume" && m.Name != "" {
			source = m.Name
		}
		c.Mounts = append(c.Mounts, facts.ContainerMount{Source: tree.Clean(source), Target: tree.Clean(m.Destination), Kind: tree.Clean(m.Type), Writable: m.RW})
	}
	slices.SortFunc(c.Mounts, func(a, b facts.ContainerMount) int {
		return strings.Compare(a.Target+"\x00"+a.Source, b.Target+"\x00"+b.Source)
	})
	bindings := i.NetworkSettings.Ports
	if len(bindings) == 0 {
		bindings = h.PortBindings
	}
	c.Ports = published(bindings)
	slices.Sort(c.HostNamespaces)
	slices.Sort(c.Devices)
	return c
}

// capabilities writes names as Docker does since 20.10 and before: CAP_NET_RAW
// and net_raw are NET_RAW.
func capabilities(list []string) []string {
	out := []string{}
	for _, n := range list {
		out = append(out, tree.Clean(strings.TrimPrefix(strings.ToUpper(n), "CAP_")))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// published reads {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}.
func published(bindings map[string][]binding) []facts.ContainerPort {
	out := []facts.ContainerPort{}
	for key, list := range bindings {
		number, protocol, _ := strings.Cut(key, "/")
		target, err := strconv.ParseInt(number, 10, 32)
		if err != nil {
			continue
		}
		if protocol == "" {
			protocol = "tcp"
		}
		for _, b := range list {
			port, err := strconv.ParseInt(b.HostPort, 10, 32)
			if err != nil {
				continue // one will be chosen when it starts
			}
			address := b.HostIP
			if address == "" {
				address = "0.0.0.0"
			}
			out = append(out, facts.ContainerPort{Protocol: tree.Clean(protocol), Address: tree.Clean(address), Port: port, Target: target})
		}
	}
	slices.SortFunc(out, func(a, b facts.ContainerPort) int {
		return strings.Compare(fmt.Sprintf("%s %05d %s", a.Protocol, a.Port, a.Address), fmt.Sprintf("%s %05d %s", b.Protocol, b.Port, b.Address))
	})
	return slices.Compact(out)
}
