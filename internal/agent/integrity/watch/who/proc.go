package who

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

// process is one run of one program, from fork or exec to its end. What it
// holds is written under the table's lock.
type process struct {
	pid, ppid int32
	start     uint64 // ticks since boot, 0 while it is not known
	born      time.Time
	since     time.Time // when it became the program that it is, zero for from the beginning
	died      time.Time // zero while it runs
	parent    *process

	uid, login uint32
	hasUID     bool
	hasLogin   bool
	exe        string
	file       *program
	noExe      string // why exe is not known
	opened     bool   // exe is what it opened to become it: it had ended before it could be asked
	session    int32
	tty        string
	cgroup     string
	sudo       string
	ssh        string
	sshWhy     string
	sshRead    bool
	read       time.Time // when /proc was last asked
}

// unset is the kernel's "no login user".
const unset = ^uint32(0)

var ended = "the process had ended before it could be read"

// stat is what /proc/PID/stat says.
type stat struct {
	ppid, session int32
	tty           int
	start         uint64
	zombie        bool
}

func readStat(pid int32) (stat, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

var errStat = errors.New("/proc/PID/stat is not as proc(5) has it")

func parseStat(text []byte) (s stat, err error) {
	// pid (name) state ppid pgrp session tty_nr … starttime is the 22nd; the name may hold anything.
	i := bytes.LastIndexByte(text, ')')
	if i < 0 {
		return s, errStat
	}
	f := strings.Fields(string(text[i+1:]))
	if len(f) < 20 {
		return s, errStat
	}
	ppid, e1 := strconv.ParseInt(f[1], 10, 32)
	session, e2 := strconv.ParseInt(f[3], 10, 32)
	tty, e3 := strconv.Atoi(f[4])
	start, e4 := strconv.ParseUint(f[19], 10, 64)
	if err := errors.Join(e1, e2, e3, e4); err != nil {
		return s, errStat
	}
	return stat{ppid: int32(ppid), session: int32(session), tty: tty, start: start, zombie: f[0] == "Z" || f[0] == "X"}, nil
}

// ttyName names the numbers that terminals have (Documentation/admin-guide/devices.txt).
func ttyName(nr int) string {
	major, minor := nr>>8&0xfff, nr&0xff|nr>>12&0xfff00
	switch {
	case nr == 0:
		return ""
	case major >= 136 && major <= 143:
		return "pts/" + strconv.Itoa((major-136)<<8|minor)
	case major == 4 && minor < 64:
		return "tty" + strconv.Itoa(minor)
	case major == 4:
		return "ttyS" + strconv.Itoa(minor-64)
	}
	return strconv.Itoa(major) + ":" + strconv.Itoa(minor)
}

// uidOf reads the effective user from /proc/PID/status.
func uidOf(pid int32) (uint32, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/status")
	if err != nil {
		return 0, false
	}
	_, after, ok := bytes.Cut(text, []byte("\nUid:"))
	if !ok {
		return 0, false
	}
	f := strings.Fields(string(after[:min(len(after), 80)]))
	if len(f) < 2 {
		return 0, false
	}
	v, err := strconv.ParseUint(f[1], 10, 32)
	return uint32(v), err == nil
}

func loginOf(pid int32) (uint32, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/loginuid")
	if err != nil {
		return 0, false
	}
	v, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	return uint32(v), err == nil
}

// cgroupOf gives the path in the unified hierarchy, or in systemd's, or the
// longest there is.
func cgroupOf(pid int32) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/cgroup")
	if err != nil {
		return ""
	}
	return parseCgroup(string(text))
}

func parseCgroup(text string) string {
	best, unified := "", ""
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		switch {
		case len(parts) != 3:
		case containerOf(parts[2]) != "":
			return parts[2]
		case parts[0] == "0":
			unified = parts[2]
		case len(parts[2]) > len(best):
			best = parts[2]
		}
	}
	if len(unified) > 1 || best == "" {
		return unified
	}
	return best
}

// containerOf finds the 64 hexadecimal digits by which engines name a
// container's group.
func containerOf(cgroup string) string {
	run := 0
	for i := 0; i <= len(cgroup); i++ {
		if i < len(cgroup) && strings.IndexByte("0123456789abcdef", cgroup[i]) >= 0 {
			run++
			continue
		}
		if run == 64 {
			return cgroup[i-64 : i]
		}
		run = 0
	}
	return ""
}

// maxCommand is how much of a command line is kept.
const maxCommand = 512

func commandOf(pid int32) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(pid)) + "/cmdline")
	if err != nil {
		return ""
	}
	text = bytes.TrimRight(text[:min(len(text), maxCommand)], "\x00")
	return strings.ToValidUTF8(string(bytes.ReplaceAll(text, []byte{0}, []byte{' '})), "\uFFFD")
}

// sshOf reads where a session came from in the environment of its leader.
func sshOf(leader int32) (origin, why string) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(leader)) + "/environ")
	if err != nil {
		return "", "the environment of the session's first process could not be read"
	}
	for v := range bytes.SplitSeq(text, []byte{0}) {
		if rest, ok := bytes.CutPrefix(v, []byte("SSH_CONNECTION=")); ok {
			return strings.ToValidUTF8(string(rest[:min(len(rest), 200)]), "\uFFFD"), ""
		}
	}
	return "", ""
}

// elevates reports whether a program gives other rights to what it starts.
func elevates(exe string) bool {
	switch exe[strings.LastIndexByte(exe, '/')+1:] {
	case "sudo", "su", "doas", "pkexec", "runuser":
		return true
	}
	return false
}
