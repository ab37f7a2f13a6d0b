package git

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
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Limits of one reading.
const (
	MaxTime    = 5 * time.Minute
	MaxCommits = 1_000_000
	maxOutput  = 2 << 30
	maxErrors  = 4 << 10
)

// repository is a directory of ours that borrows another's objects.
type repository struct {
	dir string // ours; removed by close
}

// wrong is what is wrong with the place that was named.
func wrong(hint, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, "path").WithHint("%s", hint)
}

// borrow makes a directory that git takes for a repository, with our own
// configuration and the objects and references of the one at path.
func borrow(path string) (*repository, error) {
	real, err := gitDir(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(real, "shallow")); err == nil {
		return nil, wrong("fetch the rest with 'git fetch --unshallow'", "%s is a shallow clone: its history is not whole", path)
	}
	config, err := os.ReadFile(filepath.Join(real, "config"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fault.Wrap(fault.Invalid, err, "the configuration of %s cannot be read", path).At("", 0, "path")
	}
	format, err := formats(path, string(config))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "attesta-git-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for git: %w", err)
	}
	r := &repository{dir: dir}
	ours := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if format != "" {
		ours = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = " + format + "\n"
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "config"), []byte(ours), 0o600),
		os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/attesta-none\n"), 0o600),
		os.Symlink(filepath.Join(real, "objects"), filepath.Join(dir, "objects")),
		os.Symlink(filepath.Join(real, "refs"), filepath.Join(dir, "refs")))
	if _, packed := os.Stat(filepath.Join(real, "packed-refs")); packed == nil {
		err = errors.Join(err, os.Symlink(filepath.Join(real, "packed-refs"), filepath.Join(dir, "packed-refs")))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a directory for git: %w", err), r.close())
	}
	return r, nil
}

func (r *repository) close() error { return os.RemoveAll(r.dir) }

// gitDir gives the directory with objects and references.
func gitDir(path string) (string, error) {
	const hint = "name the directory of a repository, or one that holds .git, on the host of the server, which may read it"
	if !filepath.IsAbs(path) {
		return "", wrong(hint, "%s is no absolute path", path)
	}
	for _, dir := range []string{filepath.Join(path, ".git"), path} {
		info, err := os.Stat(filepath.Join(dir, "objects"))
		if err == nil && info.IsDir() {
			if refs, err := os.Stat(filepath.Join(dir, "refs")); err == nil && refs.IsDir() {
				real, err := filepath.EvalSymlinks(dir)
				if err != nil {
					return "", fault.Wrap(fault.Invalid, err, "%s cannot be read", path).At("", 0, "path")
				}
				return real, nil
			}
		}
		if errors.Is(err, os.ErrPermission) {
			return "", fault.Wrap(fault.Invalid, err, "%s may not be read by the server", path).At("", 0, "path").WithHint("let the server's account read it")
		}
	}
	if info, err := os.Stat(filepath.Join(path, ".git")); err == nil && info.Mode().IsRegular() {
		return "", wrong("name the repository that it belongs to", "%s is a linked working directory", path)
	}
	return "", wrong(hint, "%s holds no Git repository", path)
}

// formats reads what of a configuration says how objects and references are
// written: nothing else of it matters here.
func formats(path, config string) (object string, err error) {
	for _, line := range strings.Split(strings.ToLower(config), "\n") {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.TrimSpace(name) {
		case "objectformat":
			if value == "sha256" {
				object = value
			}
		case "refstorage":
			if value != "files" {
				return "", wrong("convert it with 'git refs migrate --ref-format=files', or name a mirror", "%s keeps its references as %q, which is not read here", path, value)
			}
		case "partialclone", "promisor":
			if value != "" && value != "false" {
				return "", wrong("clone it without --filter", "%s is a partial clone: its history is not whole", path)
			}
		}
	}
	return object, nil
}

// run runs git and hands its output to read, which must read all of it.
func (r *repository) run(ctx context.Context, stdin io.Reader, read func(io.Reader) error, args ...string) error {
	settings := []string{"--no-replace-objects", "--no-optional-locks", "--literal-pathspecs", "--no-pager", "--git-dir=" + r.dir}
	for _, s := range []string{"core.hooksPath=/dev/null", "core.attributesFile=/dev/null", "core.fsmonitor=false", "core.commitGraph=false", "core.quotePath=false",
		"protocol.allow=never", "uploadpack.packObjectsHook=", "diff.external=", "diff.renames=false", "diff.orderFile=", "diff.ignoreSubmodules=none", "log.showSignature=false", "gc.auto=0",
		"maintenance.auto=false", "core.bigFileThreshold=1m", "core.packedGitLimit=512m", "safe.directory=*"} {
		settings = append(settings, "-c", s)
	}
	cmd := exec.CommandContext(ctx, "git", append(settings, args...)...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_NO_LAZY_FETCH=1", "GIT_GRAFT_FILE=/dev/null", "GIT_ATTR_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0", "GIT_ASKPASS=/bin/false", "GIT_SSH_COMMAND=/bin/false"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = stdin
	said := &tail{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start git: %w", err)
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return fault.Wrap(fault.Unavailable, err, "the git command is not installed on the server's host").WithHint("install Debian's package git")
		}
		return fmt.Errorf("start git: %w", err)
	}
	limited := &io.LimitedReader{R: out, N: maxOutput}
	readErr := read(limited)
	if readErr != nil || limited.N <= 0 {
		_ = cmd.Cancel() // it may be gone already
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return fault.Wrap(fault.Unavailable, ctx.Err(), "reading the repository took too long, or was stopped")
	case limited.N <= 0:
		return fault.New(fault.Unavailable, "git gave more than %d bytes", int64(maxOutput))
	case readErr != nil:
		return readErr
	case waitErr != nil:
		return fault.Wrap(fault.Unavailable, waitErr, "git %s failed: %s", args[0], said.text())
	}
	return nil
}

// tail keeps the beginning of what git complains of.
type tail struct{ b bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if room := maxErrors - t.b.Len(); room > 0 {
		t.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// text gives it as one line of printable text.
func (t *tail) text() string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(t.b.String(), "?"))
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		s = "it said nothing"
	}
	return s[:min(len(s), 300)]
}
