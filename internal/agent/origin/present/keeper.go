package present

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/permit"
)

const (
	socketName = "permit.sock"
	keptName   = "presented.json"
	maxMessage = 8 << 10
	patience   = 5 * time.Second // with a client
)

// Keeper listens for tokens and knows which process presented them.
type Keeper struct {
	listener *net.UnixListener
	file     string
	boot     string // of the machine, while it runs

	mu     sync.Mutex
	held   []Presented
	failed error // of writing them down
	wait   sync.WaitGroup
}

// Open makes the socket in the agent's state directory, which one agent holds
// at a time, and reads what was presented before the agent was started anew.
// Serve answers.
func Open(state string) (*Keeper, error) {
	name := filepath.Join(state, socketName)
	unusable := func(err error) error {
		return fault.Wrap(fault.Unavailable, err, "tokens cannot be presented: %s cannot be listened on", name)
	}
	if len(name) > 100 {
		return nil, unusable(errors.New("a socket's path has at most 100 bytes"))
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unusable(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, unusable(err)
	}
	if err := os.Chmod(name, 0o600); err != nil { // the directory is 0700: nobody got in between
		return nil, unusable(errors.Join(err, l.Close()))
	}
	k := &Keeper{listener: l, file: filepath.Join(state, keptName)}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, unusable(errors.Join(err, l.Close()))
	}
	k.boot = strings.TrimSpace(string(boot))
	if err := k.load(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return k, nil
}

// keptFile is what lies in the state directory.
type keptFile struct {
	Boot      string      `json:"boot"`
	Presented []Presented `json:"presented"`
}

// load takes up what was presented before, of processes that still run.
func (k *Keeper) load() error {
	b, err := os.ReadFile(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be read", k.file)
	}
	var f keptFile
	if err := json.Unmarshal(b, &f); err != nil {
		return fault.Wrap(fault.Invalid, err, "%s is damaged", k.file).WithHint("remove it: what was presented before is then forgotten")
	}
	if f.Boot != k.boot {
		return nil
	}
	for _, p := range f.Presented {
		if _, ticks, err := stat(p.PID); err == nil && ticks == p.Ticks && p.Ended.IsZero() && len(k.held) < most {
			k.held = append(k.held, p)
		}
	}
	return nil
}

// save writes down what is presented. The lock is held.
func (k *Keeper) save() error {
	b, err := json.Marshal(keptFile{Boot: k.boot, Presented: k.held})
	if err != nil {
		return err
	}
	tmp := k.file + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, k.file)
}

// Serve answers until ctx ends.
func (k *Keeper) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer k.wait.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = k.listener.Close() }) // it ends Accept below, which says so
	defer stop()
	k.mu.Lock()
	for _, p := range k.held {
		k.watch(ctx, p)
	}
	k.mu.Unlock()
	slots := make(chan struct{}, 16)
	for {
		c, err := k.listener.AcceptUnix()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("tokens can no longer be presented: %w", err)
		}
		slots <- struct{}{}
		k.wait.Go(func() {
			defer func() { <-slots }()
			k.answer(ctx, c)
		})
	}
}

// request and reply are the two lines of a conversation.
type request struct {
	Token  string `json:"token"`
	Parent bool   `json:"parent,omitempty"` // for the process that started the one that asks
}

type reply struct {
	Refused   string     `json:"refused,omitempty"`
	Presented *Presented `json:"presented,omitempty"`
}

func (k *Keeper) answer(ctx context.Context, c *net.UnixConn) {
	defer c.Close() // whatever failed, the other side sees the end
	if c.SetDeadline(time.Now().Add(patience)) != nil {
		return
	}
	var r reply
	p, err := k.take(ctx, c)
	if err != nil {
		r.Refused, _ = fault.Public(err)
	} else {
		r.Presented = &p
	}
	b, err := json.Marshal(r)
	if err != nil {
		return
	}
	_, _ = c.Write(append(b, '\n')) // who does not read the answer has it no less
}

// take reads one request and keeps what it presents.
func (k *Keeper) take(ctx context.Context, c *net.UnixConn) (Presented, error) {
	line, err := bufio.NewReader(io.LimitReader(c, maxMessage)).ReadBytes('\n')
	if err != nil {
		return Presented{}, fault.Wrap(fault.Invalid, err, "the request is cut short")
	}
	var in request
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return Presented{}, fault.Wrap(fault.Invalid, err, "the request cannot be read")
	}
	if _, err := permit.Form(in.Token); err != nil {
		return Presented{}, err
	}
	peer, err := peerOf(c)
	if err != nil {
		return Presented{}, err
	}
	if peer.Uid != 0 && peer.Uid != uint32(os.Geteuid()) {
		return Presented{}, fault.New(fault.Forbidden, "only root presents a token")
	}
	pid := peer.Pid
	ppid, _, err := stat(pid)
	if err != nil {
		return Presented{}, fault.Wrap(fault.Unavailable, err, "process %d cannot be looked at", pid)
	}
	if in.Parent {
		pid = ppid
	}
	if pid <= 1 {
		return Presented{}, fault.New(fault.Refused, "a token cannot be presented for the first process: it would cover all others")
	}
	return k.keep(ctx, pid, strings.TrimSpace(in.Token))
}

func (k *Keeper) keep(ctx context.Context, pid int32, token string) (Presented, error) {
	_, ticks, err := stat(pid)
	if err != nil {
		return Presented{}, fault.Wrap(fault.Unavailable, err, "process %d cannot be looked at", pid)
	}
	p := Presented{PID: pid, Ticks: ticks, Started: bootTime().Add(time.Duration(ticks) * 10 * time.Millisecond).UTC(), Token: token, At: time.Now().UTC()}
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil {
		p.Exe = exe
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held = slices.DeleteFunc(k.held, func(q Presented) bool { return !q.Ended.IsZero() && p.At.Sub(q.Ended) > keep })
	if i := slices.IndexFunc(k.held, func(q Presented) bool { return q.PID == pid && q.Ticks == ticks && q.Token == token }); i >= 0 {
		return k.held[i], nil // it presented it before
	}
	if len(k.held) >= most {
		return Presented{}, fault.New(fault.Unavailable, "%d processes have presented tokens already", most)
	}
	k.held = append(k.held, p)
	if err := k.save(); err != nil {
		k.held = k.held[:len(k.held)-1]
		return Presented{}, fault.Wrap(fault.Unavailable, err, "the token cannot be written down in %s", k.file)
	}
	k.watch(ctx, p)
	return p, nil
}

// watch notes when a process ends.
func (k *Keeper) watch(ctx context.Context, p Presented) {
	k.wait.Go(func() {
		if ended := await(ctx, p); !ended {
			return
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		for i := range k.held {
			if q := &k.held[i]; q.PID == p.PID && q.Ticks == p.Ticks && q.Ended.IsZero() {
				q.Ended = time.Now().UTC()
			}
		}
		k.failed = k.save() // an ended process is found out again after a start
	})
}

// await returns when a process has ended (true) or ctx has.
func await(ctx context.Context, p Presented) bool {
	fd, err := unix.PidfdOpen(int(p.PID), 0)
	if err == nil {
		defer unix.Close(fd)
	}
	for ctx.Err() == nil {
		if _, ticks, serr := stat(p.PID); serr != nil || ticks != p.Ticks {
			return true
		}
		if err != nil { // an older kernel
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if n, perr := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 250); perr == nil && n > 0 {
			return true
		}
	}
	return false
}

func peerOf(c *net.UnixConn) (*unix.Ucred, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var cerr error
	if err := raw.Control(func(fd uintptr) { cred, cerr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return nil, err
	}
	return cred, cerr
}

// stat gives the parent and the start of a process.
func stat(pid int32) (ppid int32, ticks uint64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	i := bytes.LastIndexByte(b, ')') // a program's name can hold anything
	f := strings.Fields(string(b[i+1:]))
	if i < 0 || len(f) < 20 || f[0] == "Z" || f[0] == "X" {
		return 0, 0, fmt.Errorf("process %d has ended", pid)
	}
	parent, err := strconv.ParseInt(f[1], 10, 32)
	if err != nil {
		return 0, 0, err
	}
	ticks, err = strconv.ParseUint(f[19], 10, 64)
	return int32(parent), ticks, err
}

// bootTime is when the clock that the kernel counts starts by began.
func bootTime() time.Time {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Now()
	}
	return time.Now().Add(-time.Duration(ts.Nano()))
}
