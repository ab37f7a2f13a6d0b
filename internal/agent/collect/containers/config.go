package containers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

const daemonFile = "/etc/docker/daemon.json"

// config is Docker's settings by name as daemon.json calls them; lists are
// joined by a comma, objects spelled out as name.key.
type config map[string]string

// dockerConfig reads daemon.json and lays the options of a running dockerd
// over it.
func dockerConfig(root tree.Root, commandLine []string) (config, error) {
	out := config{}
	text, err := root.Read(daemonFile)
	if tree.IgnoreGone(err) != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) > 0 {
		if err := out.parse(text); err != nil {
			return nil, fmt.Errorf("%s: %w", daemonFile, err)
		}
	}
	out.options(commandLine)
	return out, nil
}

const maxSettings = 2_000

func (c config) parse(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		return err
	}
	c.flatten("", doc, 0)
	if len(c) > maxSettings {
		return fmt.Errorf("more than %d settings", maxSettings)
	}
	return nil
}

func (c config) flatten(prefix string, v any, depth int) {
	switch v := v.(type) {
	case map[string]any:
		if depth > 8 || len(c) > maxSettings {
			return
		}
		for k, e := range v {
			name := tree.Clean(k)
			if prefix != "" {
				name = prefix + "." + name
			}
			c.flatten(name, e, depth+1)
		}
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			if s, ok := e.(string); ok {
				parts[i] = withoutCredentials(s)
			} else {
				parts[i] = fmt.Sprint(e)
			}
		}
		c[prefix] = strings.Join(parts, ",")
	case string:
		c[prefix] = withoutCredentials(v)
	case nil:
	default:
		c[prefix] = fmt.Sprint(v)
	}
}

var credentials = regexp.MustCompile(`^([a-z+.-]+://)[^/@]*@`)

// withoutCredentials takes user and password out of an address.
func withoutCredentials(s string) string {
	return credentials.ReplaceAllString(tree.Clean(s), "$1")
}

// flags that dockerd calls otherwise than daemon.json, and those that may be
// given several times.
var (
	otherNames = map[string]string{"H": "hosts", "host": "hosts", "g": "data-root", "graph": "data-root", "s": "storage-driver", "D": "debug", "l": "log-level", "G": "group", "b": "bridge",
		"insecure-registry": "insecure-registries", "registry-mirror": "registry-mirrors", "log-opt": "log-opts", "storage-opt": "storage-opts", "exec-opt": "exec-opts", "authorization-plugin": "authorization-plugins"}
	several  = []string{"hosts", "insecure-registries", "registry-mirrors", "authorization-plugins", "exec-opts", "dns"}
	switches = []string{"debug", "icc", "iptables", "ip6tables", "ip-forward", "ip-masq", "ipv6", "live-restore", "no-new-privileges", "selinux-enabled", "tls", "tlsverify", "userland-proxy", "experimental", "rootless", "init", "raw-logs", "validate"}
)

// options lays --name=value, --name value, -H value and --switch over c.
func (c config) options(line []string) {
	for i := 1; i < len(line); i++ {
		arg := tree.Clean(line[i]) // two names of other bytes must not become one later
		if !strings.HasPrefix(arg, "-") || arg == "-" || arg == "--" {
			continue
		}
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !given && !strings.HasPrefix(arg, "--") && len(name) > 1 { // -Hvalue
			name, value, given = name[:1], name[1:], true
		}
		if other, ok := otherNames[name]; ok {
			name = other
		}
		if !given && slices.Contains(switches, name) {
			value, given = "true", true
		}
		if !given && i+1 < len(line) {
			i++
			value = line[i]
		}
		value = withoutCredentials(value)
		switch {
		case name == "log-opts" || name == "storage-opts":
			key, v, _ := strings.Cut(value, "=")
			c[name+"."+key] = v
		case slices.Contains(several, name) && c[name] != "":
			c[name] += "," + value
		default:
			c[name] = value
		}
	}
}

// listens gives the sockets in the file system and the addresses on the
// network that the daemon is told to take commands on.
func (c config) listens() (files, tcp []string) {
	tcp = []string{}
	for h := range strings.SplitSeq(c["hosts"], ",") {
		u, err := url.Parse(strings.TrimSpace(h))
		switch {
		case h == "":
		case err == nil && u.Scheme == "unix" && u.Path != "":
			files = append(files, strings.TrimPrefix(u.Path, "/var"))
			if !strings.HasPrefix(u.Path, "/var/run/") {
				files[len(files)-1] = u.Path
			}
		case err == nil && (u.Scheme == "fd" || u.Scheme == "unix" || u.Scheme == "npipe"):
		default:
			tcp = append(tcp, strings.TrimSpace(h))
		}
	}
	slices.Sort(tcp)
	return files, tcp
}

func (c config) tlsVerify() bool { return c["tlsverify"] == "true" }

// root gives the directory of images and containers.
func (c config) root() string {
	for _, name := range []string{"data-root", "graph"} {
		if c[name] != "" {
			return c[name]
		}
	}
	return "/var/lib/docker"
}
