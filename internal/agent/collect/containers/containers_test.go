package containers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func files(t testing.TB, list map[string]string) tree.Root {
	t.Helper()
	dir := t.TempDir()
	for name, content := range list {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tree.Root{Dir: dir}
}

func section(t testing.TB, root tree.Root) (facts.Containers, map[string]facts.Missing) {
	t.Helper()
	s, err := read(t.Context(), root, time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := facts.Decode(s); err != nil {
		t.Fatal(err)
	}
	var v facts.Containers
	if err := json.Unmarshal(s.Values, &v); err != nil {
		t.Fatal(err)
	}
	missing := map[string]facts.Missing{}
	for _, m := range s.Missing {
		missing[m.Path] = m
	}
	return v, missing
}

const (
	daemonJSON = `{"icc": false, "hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"], "tlsverify": true, "log-opts": {"max-size": "10m", "max-file": "3"}, "proxies": {"http-proxy": "http://user:secret@proxy.example:3128"}, "insecure-registries": ["http://a:b@r.example"], "default-ulimits": {"nofile": {"Hard": 64000}}}`
	imagesJSON = `[{"id":"f5c7a386e55fbcc41afebae670095e85","digest":"sha256:9b4d","names":["docker.io/library/nginx:1.27","localhost/own:1"],"created":"2026-11-08T09:16:39.017578049Z"}]`
)

func TestTree(t *testing.T) {
	base := map[string]string{
		"/usr/bin/dockerd": "", "/usr/bin/podman": "", "/etc/docker/daemon.json": daemonJSON,
		"/etc/containers/policy.json":                            `{"default": [{"type": "reject"}], "transports": {}}`,
		"/etc/containers/registries.conf":                        "unqualified-search-registries = [\n  'docker.io', # x\n \"quay.io\"\n]\n[[registry]]\nprefix = \"a.example\"\nlocation = \"b.example\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"m.example\"\ninsecure = true\n[[registry]]\nlocation = \"c.example:5000\"\ninsecure=true\n[[registry]]\nlocation = \"d.example\"\n",
		"/var/lib/containers/storage/overlay-images/images.json": imagesJSON,
		"/var/lib/containers/storage/overlay-containers/x/keep":  "",
		"/etc/audit/rules.d/docker.rules":                        "# -w /nowhere\n-w /usr/bin/dockerd -p wa -k docker\n-a always,exit -F path=/run/docker.sock -F perm=wa\n-a always,exit -F dir=/var/lib/docker/ -F perm=wa\n",
	}
	v, missing := section(t, files(t, base))
	if len(v.Runtimes) != 2 || v.Runtimes[0].Name != "docker" || !slices.Equal(v.Runtimes[0].Tcp, []string{"tcp://0.0.0.0:2376"}) || !v.Runtimes[0].TlsVerify || v.Runtimes[1].Name != "podman" {
		t.Errorf("%+v", v.Runtimes)
	}
	if diff := cmp.Diff(map[string]string{
		"icc": "false", "hosts": "unix:///var/run/docker.sock,tcp://0.0.0.0:2376", "tlsverify": "true", "log-opts.max-size": "10m", "log-opts.max-file": "3",
		"proxies.http-proxy": "http://proxy.example:3128", "insecure-registries": "http://r.example", "default-ulimits.nofile.Hard": "64000",
	}, v.Docker.Config); diff != "" {
		t.Error(diff)
	}
	if *v.Docker.Root != "/var/lib/docker" || *v.Podman.Policy != "reject" || !slices.Equal(v.Podman.InsecureRegistries, []string{"a.example", "c.example:5000"}) || !slices.Equal(v.Podman.UnqualifiedSearch, []string{"docker.io", "quay.io"}) {
		t.Errorf("%+v %+v", v.Docker, v.Podman)
	}
	if !slices.Equal(v.Audited, []string{"/run/docker.sock", "/usr/bin/dockerd", "/var/lib/docker"}) {
		t.Errorf("%v", v.Audited)
	}
	if missing["/containers"].State != facts.NotObserved || missing["/docker/live_restore"].State != facts.NotObserved {
		t.Errorf("%+v", missing)
	}

	delete(base, "/usr/bin/dockerd")
	v, missing = section(t, files(t, base))
	if len(v.Containers) != 0 || v.Containers == nil || len(v.Images) != 1 || v.Images[0].AgeDays != 20 || !slices.Equal(v.Images[0].Digests, []string{"docker.io/library/nginx@sha256:9b4d"}) || missing["/docker"].State != facts.Absent {
		t.Errorf("%+v %+v", v, missing)
	}

	base["/var/lib/containers/storage/overlay-containers/containers.json"] = `[{"id": "x"}]`
	if _, missing = section(t, files(t, base)); missing["/containers"].State != facts.NotObserved {
		t.Errorf("%+v", missing)
	}
	_, missing = section(t, files(t, nil))
	for _, p := range []string{"/docker", "/podman", "/containers", "/images"} {
		if missing[p].State != facts.Absent {
			t.Errorf("%s: %+v", p, missing[p])
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ file, text, path, want string }{
		{"/etc/docker/daemon.json", `{"icc": false,}`, "/docker/config", "/etc/docker/daemon.json: invalid character"},
		{"/etc/docker/daemon.json", `[]`, "/docker/root", "/etc/docker/daemon.json: json: cannot unmarshal array"},
		{"/etc/containers/policy.json", `{"default": []}`, "/podman/policy", "/etc/containers/policy.json: no default"},
		{"/var/lib/containers/storage/overlay-images/images.json", `{}`, "/images", "/var/lib/containers/storage/overlay-images/images.json: json"},
		{"/var/lib/containers/storage/vfs-containers/containers.json", `7`, "/containers", "/var/lib/containers/storage/vfs-containers/containers.json: no list"},
	} {
		_, missing := section(t, files(t, map[string]string{"/usr/bin/dockerd": "", "/usr/bin/podman": "", c.file: c.text}))
		if m := missing[c.path]; m.State != facts.Error || !strings.HasPrefix(m.Reason, c.want) {
			t.Errorf("%s: %+v, want %s", c.file, m, c.want)
		}
	}
}

func TestOptions(t *testing.T) {
	c := config{"hosts": "fd://", "icc": "true"}
	c.options(strings.Fields("/usr/sbin/dockerd -H tcp://u:p@0.0.0.0:2375 --icc=false --live-restore -Hunix:///run/x.sock --log-opt max-size=5m --data-root /srv/docker --userns-remap default --containerd=/run/containerd/containerd.sock -D"))
	want := config{"hosts": "fd://,tcp://0.0.0.0:2375,unix:///run/x.sock", "icc": "false", "live-restore": "true", "log-opts.max-size": "5m", "data-root": "/srv/docker", "userns-remap": "default", "containerd": "/run/containerd/containerd.sock", "debug": "true"}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	unix, tcp := c.listens()
	if !slices.Equal(unix, []string{"/run/x.sock"}) || !slices.Equal(tcp, []string{"tcp://0.0.0.0:2375"}) || c.root() != "/srv/docker" {
		t.Errorf("%v %v %s", unix, tcp, c.root())
	}
}

func TestOldRegistries(t *testing.T) {
	insecure, search := parseRegistries("[registries.search]\nregistries = ['docker.io']\n[registries.insecure]\nregistries = ['a.example', \"b.example\"]\n")
	if !slices.Equal(insecure, []string{"a.example", "b.example"}) || !slices.Equal(search, []string{"docker.io"}) {
		t.Errorf("%v %v", insecure, search)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte(daemonJSON), "dockerd\x00-H\x00tcp://x")
	f.Add([]byte(`{}`), "dockerd\x00--log-opt\x00\xff=1\x00--log-opt\x00\xfe=2")
	f.Add([]byte(imagesJSON), "[[registry]]\ninsecure=true\nlocation=\"x\"")
	f.Add([]byte(`{"default":[{"type":"x"}]}`), "-w\x00/x")
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		c := config{}
		if c.parse(raw) == nil {
			c.options(strings.Split(text, "\x00"))
			c.listens()
			if _, err := facts.NewSection("containers", facts.Containers{Docker: &facts.ContainersDocker{Config: c}}, nil); err != nil {
				t.Error(err)
			}
		}
		if list, err := parseStoredImages(raw); err == nil {
			if _, err := facts.NewSection("containers", facts.Containers{Images: list}, nil); err != nil {
				t.Error(err)
			}
		}
		parseRegistries(text)
	})
}
