// Package fitting is what hosts of the demonstration consist of beside a host in good
// order: what each kind of host needs for its work, and what comes and goes in the year.
//
// Floor: edges, below simulation. It keeps nothing.
package fitting

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/simulation/drifting"
)

// Days of the story, on which something comes.
const (
	Exporter = 172 // figures of hosts are offered to the metrics server
	Key      = 214 // a person's key opens the account of releases
	Batch    = 239 // the job of the migration, as in the story of files
	Tunnel   = 281 // a module of the kernel for a tunnel
	Probe    = 289 // a package from a file, as in the story of files
	Scanner  = 344 // a tool for looking at networks
	Trial    = 357 // somebody tries something out
	Report   = 362 // a job that nobody asked for, as in the story of files
)

// Part is something of a host.
type Part struct {
	Name  string   // as the register of components shows it, or a part of that
	Kinds []string // of hosts
	First bool     // only on the first of the kind
	At    []string // where in the facts: ports listening
	Key   string   // in a map; "" it is a list
	Value map[string]any
	From  int // day; 0 always
	Until int // day; 0 to the end
}

var servers = []string{"web", "app", "db", "worker", "build", "stage"}

func port(n int64, program string) map[string]any {
	return map[string]any{"address": "0.0.0.0", "loopback": false, "port": n, "process": program, "proto": "tcp", "uid": int64(990), "user": program}
}

func unit(name string) map[string]any {
	return map[string]any{"alias_of": "", "enabled": "enabled", "file": "/lib/systemd/system/" + name, "name": name, "starts": true}
}

func packaged(name, version string) map[string]any {
	return map[string]any{"arch": "amd64", "manager": "dpkg", "name": name, "source": name, "source_version": version, "version": version}
}

func job(file, program, schedule, digest string) map[string]any {
	return map[string]any{"command_digest": strings.Repeat(digest, 32), "file": file, "kind": "cron.d", "line": int64(3), "program": program, "schedule": schedule, "user": "root"}
}

func key(account string, uid int64, prints ...string) map[string]any {
	var keys []any
	for i, p := range prints {
		keys = append(keys, map[string]any{"bits": int64(256), "file": "/home/" + account + "/.ssh/authorized_keys", "fingerprint": "SHA256:" + p, "line": int64(i + 1), "options": []any{}, "type": "ssh-ed25519"})
	}
	return map[string]any{"authorized": keys, "files": []any{}, "name": account, "shosts": false, "uid": uid}
}

const (
	release = "h0Vw1cW6ZsD9k0yQ7mB2uRk3nT8xJ4pLfA5eGqYwC1s"
	hugo    = "q8JtLr2vXn5bP0sKd7aMzE4yUfG1hWc9oRi6TjB3NkQ"
)

// Parts are all of the story.
func Parts() []Part {
	listening, units, packages, jobs := []string{"ports", "listening"}, []string{"services", "units"}, []string{"packages", "by_name"}, []string{"cron", "jobs"}
	all := []Part{
		{Name: "tcp/443 nginx", Kinds: []string{"web"}, At: listening, Value: port(443, "nginx")},
		{Name: "tcp/80 nginx", Kinds: []string{"web"}, At: listening, Value: port(80, "nginx")},
		{Name: "tcp/8080 java", Kinds: []string{"app"}, At: listening, Value: port(8080, "java")},
		{Name: "tcp/5432 postgres", Kinds: []string{"db"}, At: listening, Value: port(5432, "postgres")},
		{Name: "tcp/9187 postgres_exporter", Kinds: []string{"db"}, At: listening, Value: port(9187, "postgres_exporter")},
		{Name: "tcp/9100 node_exporter", Kinds: []string{"web", "app"}, At: listening, Value: port(9100, "node_exporter"), From: Exporter},
		{Name: "tcp/8000 python3.11", Kinds: []string{"stage"}, First: true, At: listening, Value: port(8000, "python3.11"), From: Trial},
		{Name: "release key", Kinds: servers, At: []string{"ssh_keys", "accounts"}, Value: key("deploy", 1050, release), Until: Key},
		{Name: "release key", Kinds: []string{"web", "app", "db", "build", "stage"}, At: []string{"ssh_keys", "accounts"}, Value: key("deploy", 1050, release), From: Key},
		{Name: "a person's key", Kinds: []string{"worker"}, At: []string{"ssh_keys", "accounts"}, Value: key("deploy", 1050, release, hugo), From: Key, Until: Key + 4},
		{Name: "release key", Kinds: []string{"worker"}, At: []string{"ssh_keys", "accounts"}, Value: key("deploy", 1050, release), From: Key + 4},
		{Name: "/usr/local/bin/migrate-batch", Kinds: []string{"db"}, First: true, At: jobs, Value: job("/etc/cron.d/migrate", "/usr/local/bin/migrate-batch", "0 2 * * *", "7"), From: Batch},
		{Name: "/usr/local/bin/daily-report", Kinds: []string{"web"}, First: true, At: jobs, Value: job("/etc/cron.d/daily-report", "/usr/local/bin/daily-report", "0 6 * * *", "3"), From: Report},
		{Name: "wireguard", Kinds: []string{"stage"}, First: true, At: []string{"kernel_modules", "loaded"}, Key: "wireguard", Value: map[string]any{"in_use": true, "name": "wireguard", "size": int64(98304), "used_by": []any{}}, From: Tunnel},
		{Name: "queue-probe", Kinds: []string{"worker"}, First: true, At: packages, Key: "queue-probe", Value: packaged("queue-probe", "0.4"), From: Probe},
		{Name: "queue-probe.service", Kinds: []string{"worker"}, First: true, At: units, Key: "queue-probe.service", Value: unit("queue-probe.service"), From: Probe},
		{Name: "nmap", Kinds: []string{"app"}, First: true, At: packages, Key: "nmap", Value: packaged("nmap", "7.93+dfsg1-1"), From: Scanner},
	}
	for name, kinds := range map[string][]string{"nginx": {"web"}, "openjdk-17-jre-headless": {"app", "worker"}, "postgresql-16": {"db"}} {
		version := map[string]string{"nginx": "1.22.1-9+deb12u3", "openjdk-17-jre-headless": "17.0.13+11-2~deb12u1", "postgresql-16": "16.4-1.pgdg120+2"}[name]
		all = append(all, Part{Name: name, Kinds: kinds, At: packages, Key: name, Value: packaged(name, version)})
	}
	for name, kinds := range map[string][]string{"nginx.service": {"web"}, "ledger.service": {"app"}, "ledger-worker.service": {"worker"}, "postgresql@16-main.service": {"db"}} {
		all = append(all, Part{Name: name, Kinds: kinds, At: units, Key: name, Value: unit(name)})
	}
	slices.SortStableFunc(all, func(a, b Part) int { return strings.Compare(strings.Join(a.At, "/"), strings.Join(b.At, "/")) }) // a map has no order
	slices.SortStableFunc(all, func(a, b Part) int { return strings.Compare(a.Name+a.Key, b.Name+b.Key) })
	return all
}

// there reports whether a part is on a host of a kind at a moment.
func (p *Part) there(kind string, first bool, day func(int) time.Time, at time.Time) bool {
	noon := func(n int) time.Time { return day(n).Add(12 * time.Hour) }
	return slices.Contains(p.Kinds, kind) && (first || !p.First) && (p.From == 0 || !at.Before(noon(p.From))) && (p.Until == 0 || at.Before(noon(p.Until)))
}

// At gives the edits that put the parts of a moment beside those of a host in good
// order. first: it is the first of its kind.
func At(good map[string]map[string]any, kind string, first bool, day func(int) time.Time, at time.Time) []drifting.Edit {
	values := map[string]any{}
	paths := map[string][]string{}
	for _, p := range Parts() {
		if !p.there(kind, first, day, at) {
			continue
		}
		where := strings.Join(p.At, "/")
		have, ok := values[where]
		if !ok {
			have = good[p.At[0]][p.At[1]]
		}
		switch have := have.(type) {
		case []any:
			values[where] = append(slices.Clone(have), p.Value)
		case map[string]any:
			more := maps.Clone(have)
			more[p.Key] = p.Value
			values[where] = more
		default:
			continue // a host in good order says nothing of it
		}
		paths[where] = p.At
	}
	var out []drifting.Edit
	for _, where := range slices.Sorted(maps.Keys(values)) {
		out = append(out, drifting.Edit{Path: paths[where], Value: values[where]})
	}
	return out
}

// Evicts reports whether edits would take away what is on every host of the story: it
// would look as if it had gone.
func Evicts(edits []drifting.Edit) bool {
	return slices.ContainsFunc(edits, func(e drifting.Edit) bool {
		return slices.ContainsFunc(Parts(), func(p Part) bool {
			n := min(len(e.Path), len(p.At))
			return slices.Equal(e.Path[:n], p.At[:n]) && len(e.Path) <= len(p.At)
		})
	})
}
