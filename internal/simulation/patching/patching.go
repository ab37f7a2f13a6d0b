// Package patching is the files of the demonstration's hosts: what packages bring,
// what tools and people change, and what a snapshot of them has.
//
// Floor: edges, under simulation. It keeps nothing.
package patching

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/wire"
)

// Sum is a digest as files have them.
func Sum(parts ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprintln(parts...)))
	return hex.EncodeToString(sum[:])
}

// Hand is how something was done: by whom, with what.
type Hand struct {
	Login string // who had logged in; "" nobody had
	Exe   string
	Above []string // programs above it, nearest first
	SSH   string   // where the session came from
	Sudo  string   // the command line that gave the rights
}

// root is the number of the account by that name.
var root uint32

func (h Hand) process(at time.Time) *wire.Process {
	if h.Exe == "" {
		return nil // a way of watching that does not say
	}
	p := &wire.Process{PID: int32(1200 + at.Unix()%28000), Started: at.Add(-3 * time.Second), UID: &root, User: "root", LoginUser: h.Login, Exe: h.Exe, ExeSHA256: Sum(h.Exe), SSH: h.SSH, Sudo: h.Sudo, Cgroup: "/system.slice"}
	if h.Login != "" {
		p.Terminal, p.Cgroup = "pts/0", "/user.slice/user-1100.slice/session-7.scope"
	}
	for i, exe := range h.Above {
		p.Parents = append(p.Parents, wire.ParentProcess{PID: p.PID - int32(i) - 1, Exe: exe, Started: p.Started.Add(-time.Duration(i+1) * time.Second)})
	}
	return p
}

// Shell is somebody who came in by SSH and took the rights of root.
func Shell(login, exe, what string) Hand {
	n := 20 + int(Sum(login)[0])%40
	return Hand{Login: login, Exe: exe, Above: []string{"/usr/bin/sudo", "/usr/bin/bash", "/usr/sbin/sshd", "/usr/lib/systemd/systemd"}, SSH: fmt.Sprintf("10.40.7.%d:51022 10.10.0.1:22", n), Sudo: what}
}

// Tool is a run of configuration management, which comes in as nobody's account.
func Tool(name string) Hand {
	return Hand{Login: "deploy", Exe: "/usr/bin/python3.11", Above: []string{"/usr/bin/dash", "/usr/bin/sudo", "/usr/sbin/sshd", "/usr/lib/systemd/systemd"}, SSH: "10.20.1.11:40188 10.10.0.1:22", Sudo: "/bin/sh -c /usr/bin/python3 # " + name}
}

// unattended is the program that brings packages by itself.
var unattended = Hand{Exe: "/usr/bin/dpkg", Above: []string{"/usr/bin/unattended-upgrade", "/usr/lib/systemd/systemd"}}

func upgrader(login string) Hand {
	h := Shell(login, "/usr/bin/dpkg", "apt-get upgrade")
	h.Above = append([]string{"/usr/bin/apt-get"}, h.Above...)
	return h
}

// Edit is what becomes of a path: from one state to another. An empty state: it is
// not there.
type Edit struct {
	Path         string
	Before, Then string
	Mode         string // 0644 where left out
	Diff         string
}

// Change says one edit as an agent does. found: event, or polling, which names nobody.
func (e Edit) Change(host string, at time.Time, h Hand, found string) wire.FileChange {
	mode := e.Mode
	if mode == "" {
		mode = "0644"
	}
	side := func(state string) map[string]any {
		if state == "" {
			return nil
		}
		sum := Sum(e.Path, state)
		return map[string]any{"type": "file", "mode": mode, "uid": 0, "gid": 0, "size": 400 + len(state)*7 + int(sum[0])*90, "sha256": sum}
	}
	c := wire.FileChange{ID: Sum(host, e.Path, e.Then, at.UnixMicro())[:24], Path: e.Path, Change: "changed", Type: "file", Found: found, Time: at, Events: 2, Before: side(e.Before), After: side(e.Then), Diff: e.Diff}
	switch {
	case e.Before == "":
		c.Change = "added"
	case e.Then == "":
		c.Change = "removed"
	default:
		c.Attributes = []string{"size", "sha256"}
	}
	if found == "event" {
		c.Who = h.process(at)
	} else {
		c.Events = 0
	}
	return c
}

// parcel is a package of the story: where its files lie.
type parcel struct {
	name, version string
	kinds         string // of hosts that have it; "" all
	dirs          []string
	files         []string // their names; %s in a directory is the version
	many          int      // files more, numbered
	stem          string   // of these
}

var parcels = []parcel{
	{"libc6", "2.36-9+deb12u", "", []string{"/usr/lib/x86_64-linux-gnu"}, []string{"libc.so.6", "libm.so.6", "libpthread.so.0", "libresolv.so.2", "librt.so.1", "ld-linux-x86-64.so.2"}, 64, "gconv/ISO%d.so"},
	{"openssl", "3.0.15-1~deb12u", "", []string{"/usr/bin", "/usr/share/doc/openssl"}, []string{"openssl", "c_rehash"}, 0, ""},
	{"libssl3", "3.0.15-1~deb12u", "", []string{"/usr/lib/x86_64-linux-gnu"}, []string{"libssl.so.3", "libcrypto.so.3", "ossl-modules/legacy.so", "engines-3/afalg.so", "engines-3/padlock.so"}, 0, ""},
	{"openssh-server", "1:9.2p1-2+deb12u", "", []string{"/usr/sbin", "/usr/lib/openssh"}, []string{"sshd", "sftp-server", "sshd-keygen"}, 0, ""},
	{"tzdata", "2026a-0+deb12u", "", []string{"/usr/share/zoneinfo"}, []string{"UTC", "Europe/Lisbon", "Europe/Berlin"}, 90, "Etc/GMT-%d"},
	{"curl", "7.88.1-10+deb12u", "", []string{"/usr/bin"}, []string{"curl"}, 0, ""},
	{"libcurl4", "7.88.1-10+deb12u", "", []string{"/usr/lib/x86_64-linux-gnu"}, []string{"libcurl.so.4", "libcurl.so.4.8.0"}, 0, ""},
	{"linux-image-6.1.0-amd64", "6.1.1", "", []string{"/boot", "/usr/lib/modules/6.1.0/kernel"}, []string{"vmlinuz-6.1.0-amd64", "System.map-6.1.0-amd64", "config-6.1.0-amd64"}, 110, "drivers/net/dev%d.ko"},
	{"systemd", "252.30-1~deb12u", "", []string{"/usr/lib/systemd", "/usr/bin"}, []string{"systemd", "systemd-journald", "systemd-logind", "systemctl", "journalctl"}, 22, "system/systemd-unit-%d.service"},
	{"sudo", "1.9.13p3-1+deb12u", "", []string{"/usr/bin", "/usr/libexec/sudo"}, []string{"sudo", "sudoers.so"}, 0, ""},
	{"nginx", "1.22.1-9+deb12u", "web app", []string{"/usr/sbin", "/usr/lib/nginx/modules"}, []string{"nginx", "ngx_http_geoip2_module.so", "ngx_stream_module.so"}, 0, ""},
	{"openjdk-17-jre-headless", "17.0.13+11-2~deb12u", "app worker stage", []string{"/usr/lib/jvm/java-17-openjdk-amd64"}, []string{"bin/java", "lib/server/libjvm.so", "lib/modules"}, 46, "lib/libpart%d.so"},
	{"postgresql-16", "16.4-1.pgdg120+", "db", []string{"/usr/lib/postgresql/16"}, []string{"bin/postgres", "bin/pg_ctl", "bin/initdb", "lib/pg_stat_statements.so"}, 52, "lib/contrib%d.so"},
	{"git", "1:2.39.5-0+deb12u", "build stage", []string{"/usr/lib/git-core"}, []string{"git", "git-remote-https"}, 30, "git-part%d"},
}

// kindOf gives the kind of a host by its name.
func kindOf(host string) string {
	kind, _, _ := strings.Cut(host, "-")
	return kind
}

func (p *parcel) paths() []string {
	var out []string
	for i, f := range p.files {
		out = append(out, p.dirs[i%len(p.dirs)]+"/"+f)
	}
	for i := range p.many {
		out = append(out, p.dirs[len(p.dirs)-1]+"/"+fmt.Sprintf(p.stem, i+1))
	}
	return append(out, "/usr/share/doc/"+p.name+"/changelog.Debian.gz")
}

// Upgrade is what a run of the package manager brings to a host: some packages for a
// weekly one, which runs by itself; more for a monthly one by somebody. Equal hosts get
// the same. n counts runs.
func Upgrade(host string, n int, monthly bool, login string, at time.Time) []wire.FileChange {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	hand, command, by := unattended, "/usr/bin/unattended-upgrade", ""
	if monthly {
		hand, command, by = upgrader(login), "apt-get upgrade", login+" (1100)"
	}
	began := at.Add(-9 * time.Minute).Truncate(time.Second)
	claim := wire.PackageClaim{Manager: "dpkg", Action: "upgrade", Role: "content", Digest: "match", Transaction: fmt.Sprintf("apt-%d", began.Unix()), Started: began, Ended: began.Add(8 * time.Minute), Command: command, By: by, Origin: "Debian:12/main", Repository: true}
	if !monthly {
		claim.Origin = "Debian-Security:12/main"
	}
	var out []wire.FileChange
	step := func() time.Time { return began.Add(20*time.Second + time.Duration(len(out))*700*time.Millisecond) }
	for i := range parcels {
		p := &parcels[i]
		take := r.IntN(3) == 0 // drawn of each, so that hosts of all kinds draw alike
		if !monthly {
			take = i == 1+n%6 || i == 2 && n%6 == 0 // the library comes with its program
		}
		if !take || p.kinds != "" && !strings.Contains(" "+p.kinds+" ", " "+kindOf(host)+" ") {
			continue
		}
		mine := claim
		mine.Name, mine.Version, mine.Before = p.name, fmt.Sprintf("%s%d", p.version, n+1), fmt.Sprintf("%s%d", p.version, n)
		if p.name == "postgresql-16" {
			mine.Origin = "apt.postgresql.org:12/main"
		}
		for _, f := range p.paths() {
			c := Edit{Path: f, Before: fmt.Sprint("v", n), Then: fmt.Sprint("v", n+1), Mode: "0755"}.Change(host, step(), hand, "event")
			claim := mine
			c.Package = &claim
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil
	}
	c := Edit{Path: "/var/lib/dpkg/status", Before: fmt.Sprint("v", n), Then: fmt.Sprint("v", n+1)}.Change(host, step(), hand, "event")
	mine := claim
	mine.Role, mine.Digest, mine.Action = "database", "none", "configure"
	c.Package = &mine
	return append(out, c)
}

// Local is a package that somebody brought from a file.
func Local(host, name, login string, at time.Time, paths ...string) []wire.FileChange {
	began := at.Add(-3 * time.Minute).Truncate(time.Second)
	h := Shell(login, "/usr/bin/dpkg", "dpkg -i "+name+".deb")
	var out []wire.FileChange
	for i, f := range paths {
		c := Edit{Path: f, Then: "v1", Mode: "0755"}.Change(host, began.Add(time.Duration(i+2)*time.Second), h, "event")
		c.Package = &wire.PackageClaim{Manager: "dpkg", Name: name, Version: "0.4", Action: "install", Role: "content", Digest: "match", Transaction: fmt.Sprintf("dpkg-%d", began.Unix()), Started: began, Ended: began.Add(time.Minute), Command: "dpkg -i " + name + "_0.4_amd64.deb", By: login + " (1100)", Origin: "/tmp/" + name + "_0.4_amd64.deb"}
		out = append(out, c)
	}
	return out
}
