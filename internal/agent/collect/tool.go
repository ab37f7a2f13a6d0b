package collect

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
	toolTime   = 10 * time.Second
	toolOutput = 8 << 20
)

// toolDirs are where programs are looked for; PATH is not asked.
var toolDirs = [...]string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// findTool gives the absolute path of a program of the running host.
func findTool(name string) (string, bool) {
	for _, dir := range toolDirs {
		p := filepath.Join(dir, name)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return p, true
		}
	}
	return "", false
}

// runTool runs a program by absolute path with fixed arguments, without a
// shell, and gives what it prints. A failure carries the first line that it
// wrote to standard error.
func runTool(ctx context.Context, program string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := streamTool(ctx, func(r io.Reader) error {
		_, err := out.ReadFrom(r)
		return err
	}, program, args...)
	return out.Bytes(), err
}

// streamTool is like runTool and hands over the output while it comes.
func streamTool(ctx context.Context, use func(io.Reader) error, program string, args ...string) error {
	name := filepath.Base(program)
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	stderr := &head{left: 4 << 10}
	cmd.Stderr = stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	limited := &io.LimitedReader{R: pipe, N: toolOutput}
	useErr := use(limited)
	tooMuch := limited.N <= 0
	if useErr != nil || tooMuch {
		_ = cmd.Process.Kill() // nobody reads on; Wait says how it ended
	}
	err = cmd.Wait()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s did not end within %s", name, toolTime)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", name, ctx.Err())
	case tooMuch:
		return fmt.Errorf("%s printed more than %d bytes", name, toolOutput)
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
