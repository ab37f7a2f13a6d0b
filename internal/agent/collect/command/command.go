// Package command runs a program of the host for a reader of facts: by absolute
// path, with fixed arguments, without a shell, with a time limit and a limit on
// what it may print.
//
// Serves C7.1b. Floor: edges, below agent/collect. Imports nothing of the
// project.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Limits of a program that is run.
const (
	MaxTime   = 10 * time.Second
	MaxOutput = 8 << 20
)

// dirs are where programs are looked for; PATH is not asked.
var dirs = [...]string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// Find gives the absolute path of a program of the running host.
func Find(name string) (string, bool) {
	for _, dir := range dirs {
		p := filepath.Join(dir, name)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return p, true
		}
	}
	return "", false
}

// Run runs a program by absolute path with fixed arguments, without a
// shell, and gives what it prints. A failure carries the first line that it
// wrote to standard error.
func Run(ctx context.Context, program string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := Stream(ctx, func(r io.Reader) error {
		_, err := out.ReadFrom(r)
		return err
	}, program, args...)
	return out.Bytes(), err
}

// Words is like Run for a program that answers on standard error, as those that
// test a configuration do: it gives the first of what was written there, whether
// or not the program ended well.
func Words(ctx context.Context, program string, args ...string) (string, error) {
	stderr := &head{left: 16 << 10}
	err := stream(ctx, stderr, func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	}, program, args...)
	return stderr.kept.String(), err
}

// Stream is like Run and hands over the output while it comes.
func Stream(ctx context.Context, use func(io.Reader) error, program string, args ...string) error {
	return stream(ctx, &head{left: 4 << 10}, use, program, args...)
}

func stream(ctx context.Context, stderr *head, use func(io.Reader) error, program string, args ...string) error {
	name := filepath.Base(program)
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	cmd.Stderr = stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	limited := &io.LimitedReader{R: pipe, N: MaxOutput}
	useErr := use(limited)
	tooMuch := limited.N <= 0
	if useErr != nil || tooMuch {
		_ = cmd.Process.Kill() // nobody reads on; Wait says how it ended
	}
	err = cmd.Wait()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s did not end within %s", name, MaxTime)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", name, ctx.Err())
	case tooMuch:
		return fmt.Errorf("%s printed more than %d bytes", name, MaxOutput)
	case useErr != nil:
		return fmt.Errorf("%s: %w", name, useErr)
	case err != nil:
		if line := stderr.firstLine(); line != "" {
			return fmt.Errorf("%s says: %s", name, line)
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// head keeps the first bytes that are written to it.
type head struct {
	kept bytes.Buffer
	left int
}

func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), h.left)
	h.kept.Write(p[:n])
	h.left -= n
	return len(p), nil
}

func (h *head) firstLine() string {
	for line := range strings.Lines(h.kept.String()) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}
