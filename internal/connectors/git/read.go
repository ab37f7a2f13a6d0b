package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/landing"
)

const (
	maxMessage = 4000
	maxObject  = 1 << 20
	maxPaths   = 100
)

// Read reads the repository at path: which commits the branch consists of along
// first parents, every commit of any branch or tag that is not known, and the
// paths of those that were not on the branch.
func Read(ctx context.Context, path, branch string, known func(sha string) landing.Known) (landing.History, error) {
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	r, err := borrow(path)
	if err != nil {
		return landing.History{}, err
	}
	h, err := r.read(ctx, branch, known)
	if closed := r.close(); err == nil && closed != nil {
		err = fmt.Errorf("remove the directory for git: %w", closed)
	}
	return h, err
}

func (r *repository) read(ctx context.Context, branch string, known func(string) landing.Known) (landing.History, error) {
	h := landing.History{}
	var heads []string
	found := ""
	err := r.run(ctx, nil, lines(func(line string) error {
		sha, ref, ok := strings.Cut(line, " ")
		if !ok || !isSHA(sha) {
			return fault.New(fault.Refused, "git gave a reference that cannot be read")
		}
		if ref == "refs/heads/"+branch || ref == "refs/remotes/origin/"+branch && found == "" {
			found = sha
		}
		heads = append(heads, sha)
		return nil
	}), "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return h, err
	}
	if found == "" {
		return h, fault.New(fault.Invalid, "the repository has no branch %s", branch).At("", 0, "branch").WithHint("name the branch as 'git branch -a' lists it")
	}
	h.Head = found
	h.Paths = map[string][]string{}
	err = r.run(ctx, nil, lines(func(line string) error {
		if !isSHA(line) {
			return fault.New(fault.Refused, "git gave a commit that cannot be read")
		}
		h.Line = append(h.Line, line)
		return tooMany(len(h.Line))
	}), "rev-list", "--first-parent", h.Head)
	if err != nil {
		return h, err
	}
	slices.Reverse(h.Line)
	var wanted []string
	all := 0
	// Tags may name what is no commit; git peels those that lead to one.
	err = r.run(ctx, strings.NewReader(strings.Join(heads, "\n")+"\n"), lines(func(line string) error {
		if !isSHA(line) {
			return fault.New(fault.Refused, "git gave a commit that cannot be read")
		}
		if all++; known(line) == landing.Unknown {
			wanted = append(wanted, line)
		}
		return tooMany(all)
	}), "rev-list", "--ignore-missing", "--stdin")
	if err != nil {
		return h, err
	}
	slices.Reverse(wanted)
	if len(wanted) > 0 {
		err = r.run(ctx, strings.NewReader(strings.Join(wanted, "\n")+"\n"), func(out io.Reader) error {
			in := bufio.NewReaderSize(out, 1<<16)
			for range wanted {
				sha, raw, err := object(in)
				if err != nil {
					return err
				}
				h.Commits = append(h.Commits, parse(sha, raw))
			}
			return nil
		}, "cat-file", "--batch")
	}
	if err != nil {
		return h, err
	}
	var onLine []string
	for _, sha := range h.Line {
		if known(sha) != landing.OnBranch {
			onLine = append(onLine, sha)
		}
	}
	if len(onLine) == 0 {
		return h, nil
	}
	err = r.run(ctx, strings.NewReader(strings.Join(onLine, "\n")+"\n"), func(out io.Reader) error {
		return touched(out, func(sha, path string) {
			if len(h.Paths[sha]) < maxPaths {
				h.Paths[sha] = append(h.Paths[sha], path)
			}
		})
	}, "diff-tree", "--stdin", "-r", "-z", "--root", "--diff-merges=first-parent", "--no-renames", "--no-ext-diff", "--no-textconv", "--raw", "--no-abbrev")
	return h, err
}

func tooMany(n int) error {
	if n > MaxCommits {
		return fault.New(fault.Unavailable, "the repository has more than %d commits", MaxCommits)
	}
	return nil
}

func isSHA(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}

// lines reads line by line.
func lines(each func(string) error) func(io.Reader) error {
	return func(out io.Reader) error {
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<16)
		for s.Scan() {
			if err := each(s.Text()); err != nil {
				return err
			}
		}
		return s.Err()
	}
}

// object reads one object of `git cat-file --batch`: a line with id, type and
// size, the bytes, a line feed.
func object(in *bufio.Reader) (sha string, raw []byte, err error) {
	head, err := in.ReadString('\n')
	if err != nil {
		return "", nil, fmt.Errorf("read an object of git: %w", err)
	}
	f := strings.Fields(head)
	if len(f) != 3 || !isSHA(f[0]) || f[1] != "commit" {
		return "", nil, fault.New(fault.Unavailable, "git does not give a commit: %s", strings.ToValidUTF8(strings.TrimSpace(head), "?")).WithHint("the repository may be damaged: run 'git fsck' in it")
	}
	size, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil || size < 0 {
		return "", nil, fault.New(fault.Refused, "git gave an object of no size")
	}
	raw = make([]byte, min(size, maxObject))
	if _, err := io.ReadFull(in, raw); err != nil {
		return "", nil, fmt.Errorf("read an object of git: %w", err)
	}
	if _, err := io.CopyN(io.Discard, in, size-int64(len(raw))+1); err != nil {
		return "", nil, fmt.Errorf("read an object of git: %w", err)
	}
	return f[0], raw, nil
}

// clean gives text as it is kept: UTF-8, without control characters other than
// line feeds, at most n bytes.
func clean(s []byte, n int) string {
	s = s[:min(len(s), 2*n)]
	text := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(s), "\uFFFD"))
	if len(text) > n {
		text = strings.ToValidUTF8(text[:n], "")
	}
	return strings.TrimSpace(text)
}

// parse reads a commit object. What is missing stays empty: git itself wrote it
// or somebody made it by hand, and either way it is a commit.
func parse(sha string, raw []byte) landing.Commit {
	c := landing.Commit{SHA: sha, Place: -1}
	head, message, _ := bytes.Cut(raw, []byte("\n\n"))
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		name, value, ok := bytes.Cut(line, []byte(" "))
		if !ok || len(name) == 0 {
			continue // a line that continues another begins with a space
		}
		switch string(name) {
		case "tree":
			if isSHA(string(value)) {
				c.Tree = string(value)
			}
		case "parent":
			if isSHA(string(value)) {
				c.Parents = append(c.Parents, string(value))
			}
		case "author":
			c.AuthorName, c.AuthorMail, c.AuthoredAt = person(value)
		case "committer":
			c.CommitterName, c.CommitterMail, c.CommittedAt = person(value)
		}
	}
	c.Message = clean(message, maxMessage)
	return c
}

// person reads "Name <mail> seconds zone".
func person(raw []byte) (name, mail string, at time.Time) {
	open, shut := bytes.IndexByte(raw, '<'), bytes.LastIndexByte(raw, '>')
	if open < 0 || shut < open {
		return clean(raw, 200), "", time.Unix(0, 0).UTC()
	}
	name, mail = clean(raw[:open], 200), clean(raw[open+1:shut], 200)
	seconds, _, _ := strings.Cut(strings.TrimSpace(string(raw[shut+1:])), " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 || n > 1<<38 {
		n = 0
	}
	return strings.ReplaceAll(name, "\n", " "), strings.ReplaceAll(mail, "\n", " "), time.Unix(n, 0).UTC()
}

// touched reads `git diff-tree --stdin -z --raw`: a commit's id, then for each
// path ":modes ids status" and the path, each ended by a zero byte.
func touched(out io.Reader, each func(sha, path string)) error {
	in := bufio.NewReaderSize(out, 1<<16)
	sha := ""
	for {
		word, err := in.ReadBytes(0)
		if err == io.EOF && len(word) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the paths of commits: %w", err)
		}
		word = word[:len(word)-1]
		if len(word) > 0 && word[0] == ':' {
			path, err := in.ReadBytes(0)
			if err != nil {
				return fmt.Errorf("read the paths of commits: %w", err)
			}
			each(sha, clean(path[:len(path)-1], 500))
			continue
		}
		if sha = strings.TrimSpace(string(word)); !isSHA(sha) {
			return fault.New(fault.Refused, "git gave paths of what is no commit")
		}
	}
}
