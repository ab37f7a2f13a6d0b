package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// image is a file system of one file, as an archive.
func image(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "x", Mode: 0o755, Size: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(p, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("NOT RUN: %s is not installed", p)
		}
	}
}

// serve starts a program and waits until it answers on a socket.
func serve(t *testing.T, socket string, own bool, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if own { // a network of its own, so that no rule and no bridge of it is this host's
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	}
	if err := cmd.Start(); err != nil {
		cancel()
		t.Skipf("NOT RUN: %s: %v", name, err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = cmd.Wait() }() // how it ends when it is told to says nothing
	t.Cleanup(func() { cancel(); <-done })
	for range 150 {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return
		}
		select {
		case <-done:
			t.Skipf("NOT RUN: %s does not run here: %.600s", name, log.String())
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Skipf("NOT RUN: %s does not answer: %.600s", name, log.String())
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return strings.TrimSpace(string(out))
}

// bad and good are containers made of one image, as people make them.
var (
	bad  = []string{"--privileged", "--network", "host", "--pid", "host", "--uts", "host", "-v", "/:/host", "--restart", "always", "--security-opt", "apparmor=unconfined"}
	good = []string{"--read-only", "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE", "--security-opt", "no-new-privileges", "--memory", "64m", "--pids-limit", "50", "--cpu-shares", "512", "--user", "1000:1000", "--restart", "on-failure:3", "--tmpfs", "/tmp"}
)

// TestDockerAgrees starts Docker itself, in a network and a directory of its
// own, and holds what is read against docker inspect.
func TestDockerAgrees(t *testing.T) {
	needs(t, "dockerd", "docker")
	dir := t.TempDir()
	socket := filepath.Join(dir, "d.sock")
	daemon := filepath.Join(dir, "daemon.json")
	if err := os.WriteFile(daemon, []byte(`{"live-restore": true, "log-opts": {"max-size": "10m"}, "insecure-registries": ["registry.example:5000"], "no-new-privileges": false}`), 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, socket, true, "dockerd", "--config-file", daemon, "--bridge=none", "--iptables=false", "--ip6tables=false", "--data-root", filepath.Join(dir, "root"), "--exec-root", filepath.Join(dir, "exec"),
		"-p", filepath.Join(dir, "pid"), "-H", "unix://"+socket, "--storage-driver", "vfs")
	docker := func(args ...string) string {
		return run(t, "docker", append([]string{"-H", "unix://" + socket}, args...)...)
	}
	docker("import", image(t), "attesta-test:1")
	docker(slices.Concat([]string{"create", "--name", "bad"}, bad, []string{"attesta-test:1", "/x"})...)
	docker(slices.Concat([]string{"create", "--name", "good"}, good, []string{"attesta-test:1", "/x"})...)

	c := newClient("docker", filepath.Join(dir, "nothing.sock"), socket)
	defer c.close()
	i, err := c.info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i.ServerVersion != docker("version", "-f", "{{.Server.Version}}") || !i.LiveRestoreEnabled || i.LoggingDriver != docker("info", "-f", "{{.LoggingDriver}}") || i.DockerRootDir != filepath.Join(dir, "root") {
		t.Errorf("%+v", i)
	}
	if got := i.insecure(); !slices.Equal(got, []string{"registry.example:5000"}) {
		t.Errorf("insecure registries %v", got)
	}
	if !slices.Contains(i.security(), "seccomp") {
		t.Errorf("security %v, docker says %s", i.security(), docker("info", "-f", "{{.SecurityOptions}}"))
	}
	if _, err := c.icc(t.Context()); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a bridge that is not there: %v", err)
	}
	list, err := c.containers(t.Context(), false, false)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	hold(t, list, func(name, format string) string { return docker("inspect", "-f", format, name) })
	images, err := c.images(t.Context())
	if err != nil || len(images) != 1 || !slices.Equal(images[0].Names, []string{"attesta-test:1"}) || images[0].ID != short(docker("images", "-q", "--no-trunc")) {
		t.Errorf("%+v %v", images, err)
	}
}

// TestPodmanAgrees does the same with podman's service and store.
func TestPodmanAgrees(t *testing.T) {
	needs(t, "podman")
	dir := t.TempDir()
	socket := filepath.Join(dir, "p.sock")
	global := []string{"--root", filepath.Join(dir, "root"), "--runroot", filepath.Join(dir, "run"), "--tmpdir", filepath.Join(dir, "tmp"), "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"}
	podman := func(args ...string) string { return run(t, "podman", slices.Concat(global, args)...) }
	if out, err := exec.CommandContext(t.Context(), "podman", slices.Concat(global, []string{"import", image(t), "localhost/attesta-test:1"})...).CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: podman does not run here: %s", out)
	}
	stored, err := os.ReadFile(filepath.Join(dir, "root/vfs-images/images.json"))
	if err != nil {
		t.Fatal(err)
	}
	images, err := parseStoredImages(stored)
	if err != nil || len(images) != 1 || !slices.Equal(images[0].Names, []string{"localhost/attesta-test:1"}) || images[0].ID != short(podman("images", "-q", "--no-trunc")) || time.Since(time.UnixMicro(images[0].CreatedUS)) > time.Hour {
		t.Errorf("%+v %v", images, err)
	}
	podman(slices.Concat([]string{"create", "--name", "bad"}, bad, []string{"localhost/attesta-test:1", "/x"})...)
	podman(slices.Concat([]string{"create", "--name", "good"}, good, []string{"localhost/attesta-test:1", "/x"})...)
	serve(t, socket, false, "podman", slices.Concat(global, []string{"system", "service", "--time=60", "unix://" + socket})...)
	c := newClient("podman", socket)
	defer c.close()
	list, err := c.containers(t.Context(), false, false)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	hold(t, list, func(name, format string) string {
		if format == "{{.HostConfig.PidsLimit}}" && name == "bad" {
			return "<nil>" // podman gives its default limit, which the container has
		}
		return podman("inspect", "-f", format, name)
	})
}

// hold compares containers with what the engine's own inspect says.
func hold(t *testing.T, list []facts.Container, inspect func(name, format string) string) {
	t.Helper()
	for _, c := range list {
		if want := inspect(c.Name, "{{.Id}}"); c.ID != want[:12] {
			t.Errorf("%s: id %s, inspect says %s", c.Name, c.ID, want)
		}
		for format, got := range map[string]any{
			"{{.HostConfig.Privileged}}": c.Privileged, "{{.HostConfig.ReadonlyRootfs}}": c.ReadonlyRoot, "{{.HostConfig.Memory}}": c.MemoryBytes, "{{.HostConfig.NetworkMode}}": c.Network, "{{.State.Status}}": c.State,
		} {
			raw, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if want := inspect(c.Name, format); strings.Trim(string(raw), `"`) != want {
				t.Errorf("%s: %s is %s, inspect says %s", c.Name, format, raw, want)
			}
		}
	}
	i := slices.IndexFunc(list, func(c facts.Container) bool { return c.Name == "bad" })
	if i < 0 {
		t.Fatalf("%+v", list)
	}
	b, g := list[i], list[1-i]
	if !b.Root || !slices.Contains(b.HostNamespaces, "network") || !slices.Contains(b.HostNamespaces, "pid") || !slices.Contains(b.HostNamespaces, "uts") || b.Restart != "always" || b.NoNewPrivileges || b.Seccomp != "unconfined" {
		t.Errorf("%+v", b)
	}
	if !slices.ContainsFunc(b.Mounts, func(m facts.ContainerMount) bool { return m.Source == "/" && m.Target == "/host" && m.Writable }) {
		t.Errorf("%+v", b.Mounts)
	}
	// Docker gives the host's cgroup namespace where the host has version 1.
	g.HostNamespaces = slices.DeleteFunc(g.HostNamespaces, func(n string) bool { return n == "cgroup" })
	if g.Root || len(g.HostNamespaces) != 0 || !g.NoNewPrivileges || g.Seccomp != "default" || g.PidsLimit != 50 || !g.CpuLimited || g.User != "1000:1000" || g.Restart != "on-failure" || g.RestartMax != 3 || len(g.CapabilitiesDropped) == 0 {
		t.Errorf("%+v", g)
	}
}

// TestEngineMistakes: what an engine may answer that is no answer.
func TestEngineMistakes(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {}
	socket := filepath.Join(t.TempDir(), "x.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) })}
	go srv.Serve(l)
	defer srv.Close()
	c := newClient("docker", socket)
	defer c.close()
	for want, a := range map[string]func(w http.ResponseWriter, r *http.Request){
		"docker /info answers 500 Internal Server Error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"docker /info: invalid character":                func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"docker /info answers more than 8388608 bytes":   func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), maxAnswer+2)) },
		"docker does not answer": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		},
	} {
		answer = a
		if _, err := c.info(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	// One container went away between the list and the question about it.
	answer = func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/containers/json":
			w.Write([]byte(`[{"Id":"a"},{"Id":"b"}]`))
		case "/containers/b/json":
			w.Write([]byte(`{"Id":"b","Name":"/b","HostConfig":{"PidsLimit":-1,"SecurityOpt":["seccomp:unconfined","label=disable","no-new-privileges:true"]},"NetworkSettings":{"Ports":{"80/tcp":null,"53/udp":[{"HostIp":"::","HostPort":"53"}]}}}`))
		default:
			w.WriteHeader(404)
		}
	}
	list, err := c.containers(t.Context(), false, false)
	if err != nil || len(list) != 1 || list[0].Seccomp != "unconfined" || !list[0].SelinuxDisabled || !list[0].NoNewPrivileges || list[0].PidsLimit != 0 ||
		!cmp.Equal(list[0].Ports, []facts.ContainerPort{{Protocol: "udp", Address: "::", Port: 53, Target: 53}}) {
		t.Errorf("%+v %v", list, err)
	}
	if _, err := newClient("docker", "/nothing").info(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "docker does not answer") {
		t.Errorf("%v", err)
	}
}

// TestRefused: a socket that refuses is an error for lack of rights, not an
// engine without containers.
func TestRefused(t *testing.T) {
	all := &kept{}
	all.fail(syscall.EACCES)
	v := facts.Containers{}
	var gaps missing.List
	all.give(&v, time.Now(), true, &gaps)
	s, err := gaps.Section("containers", facts.Containers{})
	if err != nil || v.Containers != nil || len(s.Missing) != 2 || s.Missing[0].State != facts.Error {
		t.Errorf("%+v %+v %v", v, s.Missing, err)
	}
}

func FuzzInspected(f *testing.F) {
	f.Add([]byte(`{"Id":"b","Name":"/b","HostConfig":{"PidsLimit":-1,"SecurityOpt":["seccomp:x","=","no-new-privileges=false"]},"Mounts":[{}],"NetworkSettings":{"Ports":{"x":[{}],"80":[{"HostPort":"1"}]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var i inspected
		if json.Unmarshal(raw, &i) != nil {
			return
		}
		if _, err := facts.NewSection("containers", facts.Containers{Containers: []facts.Container{i.container("docker", false, true)}}, nil); err != nil {
			t.Error(err)
		}
		var of info
		if json.Unmarshal(raw, &of) == nil {
			of.security()
			of.insecure()
		}
	})
}
