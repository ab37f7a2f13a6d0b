package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func readUsers(_ context.Context, root Root) (facts.Section, error) {
	var rep report
	var v facts.Users

	defs, err := loginDefs(root)
	if rep.unless("/login_defs", err, "no /etc/login.defs") {
		v.LoginDefs = defs
	}
	accounts, err := readPasswd(root, uidMin(defs))
	if rep.unless("/accounts", err, "no /etc/passwd") {
		v.Accounts = accounts
		v.Homes = homes(root, accounts, &rep)
	} else {
		rep.unless("/homes", err, "no /etc/passwd")
	}
	if list, err := readShadow(root); rep.unless("/passwords", err, "no /etc/shadow") {
		v.Passwords = list
	}
	if list, err := readGroups(root); rep.unless("/groups", err, "no /etc/group") {
		v.Groups = list
	}
	if s, err := shellSettings(root); err != nil {
		rep.failed("/shell", err)
	} else {
		v.Shell = &s
	}
	v.RootPath = searchPath(root, defs, &rep)
	v.Sudo = readSudo(root, &rep)
	return rep.section("users", v)
}

// colonFile calls f with the fields of each line of a file like passwd(5).
func colonFile(root Root, file string, fields int, f func([]string) error) error {
	return root.Lines(file, func(_ int, line string) error {
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			return nil
		}
		parts := strings.Split(line, ":")
		if len(parts) != fields && line[0] != '+' && line[0] != '-' {
			return fmt.Errorf("expected %d fields, found %d", fields, len(parts))
		}
		for len(parts) < fields { // "+" of old network directories
			parts = append(parts, "")
		}
		if parts[0] == "" {
			return errors.New("the name is empty")
		}
		return f(parts)
	})
}

// number reads a numeric field; an empty one is -1.
func number(what, s string) (int64, error) {
	if s == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("expected a number as %s, found %.40q", what, s)
	}
	return n, nil
}

// noLogin are shells, by base name, that let nobody log in.
var noLogin = []string{"nologin", "false", "true", "sync", "shutdown", "halt", "null"}

func readPasswd(root Root, uidMin int64) ([]facts.Account, error) {
	out := []facts.Account{}
	err := colonFile(root, "/etc/passwd", 7, func(f []string) error {
		uid, err := number("user id", f[2])
		if err != nil {
			return err
		}
		gid, err := number("group id", f[3])
		if err != nil {
			return err
		}
		if (uid < 0 || gid < 0) && f[0][0] != '+' && f[0][0] != '-' {
			return errors.New("user id or group id is empty")
		}
		out = append(out, facts.Account{
			Name: f[0], UID: uid, GID: gid, Home: f[5], Shell: f[6],
			Login:    !slices.Contains(noLogin, path.Base(f[6])),
			System:   uid < uidMin || uid == 65534,
			Shadowed: f[1] == "x" || strings.HasPrefix(f[1], "##"),
		})
		return nil
	})
	return out, err
}

func uidMin(defs map[string]string) int64 {
	if n, err := strconv.ParseInt(defs["UID_MIN"], 10, 64); err == nil {
		return n
	}
	return 1000
}

func readShadow(root Root) ([]facts.Password, error) {
	out := []facts.Password{}
	err := colonFile(root, "/etc/shadow", 9, func(f []string) error {
		p := facts.Password{Name: f[0]}
		p.State, p.Algorithm = passwordState(f[1])
		for i, to := range []*int64{&p.LastChangeDay, &p.MinDays, &p.MaxDays, &p.WarnDays, &p.InactiveDays, &p.ExpireDay} {
			var err error
			if *to, err = number("days", strings.TrimSpace(f[2+i])); err != nil {
				return err
			}
		}
		out = append(out, p)
		return nil
	})
	return out, err
}

// passwordState tells what a password field means without keeping any of it.
func passwordState(field string) (state, algorithm string) {
	bare := strings.TrimLeft(field, "!")
	algorithm = hashAlgorithm(bare)
	switch {
	case field == "":
		return "empty", ""
	case field[0] == '!':
		return "locked", algorithm
	case algorithm != "":
		return "hashed", algorithm
	}
	return "none", ""
}

var hashPrefixes = []struct{ prefix, name string }{
	{"$y$", "yescrypt"}, {"$gy$", "gost-yescrypt"}, {"$7$", "scrypt"}, {"$6$", "sha512"}, {"$5$", "sha256"},
	{"$2", "bcrypt"}, {"$1$", "md5"}, {"$md5", "sunmd5"}, {"_", "bsdi"},
}

var desHash = regexp.MustCompile(`^[./0-9A-Za-z]{13}$`)

// hashAlgorithm names the algorithm of a hash, by crypt(5); empty when it can
// match no password.
func hashAlgorithm(hash string) string {
	for _, p := range hashPrefixes {
		if strings.HasPrefix(hash, p.prefix) && len(hash) >= 13 {
			return p.name
		}
	}
	switch {
	case desHash.MatchString(hash):
		return "des"
	case strings.HasPrefix(hash, "$") && strings.Count(hash, "$") >= 3:
		return "unknown"
	}
	return ""
}

func readGroups(root Root) ([]facts.Group, error) {
	out := []facts.Group{}
	err := colonFile(root, "/etc/group", 4, func(f []string) error {
		gid, err := number("group id", f[2])
		if err != nil {
			return err
		}
		members := []string{}
		for m := range strings.SplitSeq(f[3], ",") {
			if m = strings.TrimSpace(m); m != "" {
				members = append(members, m)
			}
		}
		slices.Sort(members)
		out = append(out, facts.Group{Name: f[0], GID: gid, Members: slices.Compact(members)})
		return nil
	})
	return out, err
}

// loginDefs reads login.defs(5): a name, white space, a value.
func loginDefs(root Root) (map[string]string, error) {
	out := map[string]string{}
	err := root.Lines("/etc/login.defs", func(_ int, line string) error {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			return nil
		}
		name, value := tree.CutSpace(line)
		out[name] = tree.Unquote(value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// homes looks at the home directories of accounts that can log in.
func homes(root Root, accounts []facts.Account, rep *report) []facts.Home {
	out := []facts.Home{}
	mounts, err := runningMounts(root)
	if err != nil {
		mounts = nil // section mounts says why; without it every home counts as local
	}
	for _, a := range accounts {
		if !a.Login || a.Home == "" || a.Name[0] == '+' || a.Name[0] == '-' {
			continue
		}
		h := facts.Home{Name: a.Name, Path: a.Home}
		at := "/homes/" + strconv.Itoa(len(out))
		if m, ok := holder(mounts, a.Home); ok && remote(m.Fstype) {
			rep.notObserved(at, "%s lies on a network file system (%s) and is left alone", a.Home, m.Fstype)
			out = append(out, h)
			continue
		}
		st, err := root.Stat(a.Home)
		switch {
		case err == nil && st.IsDir():
			h.Exists = new(true)
			inHome(root, &h, st, at, rep)
		case err == nil || tree.Gone(err):
			h.Exists = new(false)
			rep.absent(at, "%s has no home directory %s", a.Name, a.Home)
		default:
			rep.failed(at, err) // whether it exists is in doubt too: the closed parent says nothing
		}
		out = append(out, h)
	}
	return out
}

func inHome(root Root, h *facts.Home, st fs.FileInfo, at string, rep *report) {
	m := modeOf(st)
	h.Mode, h.ModeOctal, h.UID, h.GID = &m.mode, &m.octal, &m.uid, &m.gid
	for name, to := range map[string]**bool{".netrc": &h.Netrc, ".rhosts": &h.Rhosts, ".forward": &h.Forward} {
		_, err := root.Lstat(path.Join(h.Path, name))
		switch {
		case err == nil:
			*to = new(true)
		case errors.Is(err, fs.ErrNotExist):
			*to = new(false)
		default:
			rep.failed(at+"/"+name[1:], err)
		}
	}
	keys := int64(0)
	for _, name := range []string{"authorized_keys", "authorized_keys2"} {
		err := root.Lines(path.Join(h.Path, ".ssh", name), func(_ int, line string) error {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				keys++
			}
			return nil
		})
		if err != nil && !tree.Gone(err) {
			rep.failed(at+"/authorized_keys", err)
			return
		}
	}
	h.AuthorizedKeys = &keys
}

// fileMode is what stat(2) says about permission and ownership.
type fileMode struct {
	mode     int64
	octal    string
	uid, gid int64
}

func modeOf(st fs.FileInfo) fileMode {
	sys := st.Sys().(*syscall.Stat_t) // always, on Linux
	mode := int64(sys.Mode & 0o7777)
	return fileMode{mode, fmt.Sprintf("%04o", mode), int64(sys.Uid), int64(sys.Gid)}
}

var (
	tmoutLine = regexp.MustCompile(`(?:^|[\s;&{(])TMOUT=["']?(\d+)`)
	tmoutLock = regexp.MustCompile(`(?:^|[\s;&{(])(?:readonly|(?:declare|typeset)\s+-\w*r\w*)\s+(?:[^;#]*\s)?TMOUT\b`)
	umaskLine = regexp.MustCompile(`(?:^|[\s;&{(])umask\s+(?:-S\s+)?([0-7]{3,4}|[ugoa]+=[rwxugo,=]*)`)
)

// shellSettings looks through the start files of login shells. It reads
// lines, it does not run them: a setting inside a condition counts.
func shellSettings(root Root) (facts.UsersShell, error) {
	files := []string{"/etc/profile"}
	more, err := root.Glob("/etc/profile.d/*.sh")
	if err != nil {
		return facts.UsersShell{}, err
	}
	files = append(append(files, more...), "/etc/bash.bashrc", "/etc/bashrc")
	tmout, locked, umask := int64(0), false, ""
	for _, file := range files {
		err := root.Lines(file, func(_ int, line string) error {
			line, _, _ = strings.Cut(line, "#")
			if m := tmoutLine.FindStringSubmatch(line); m != nil {
				n, err := strconv.ParseInt(m[1], 10, 64)
				if err != nil {
					return fmt.Errorf("TMOUT: %w", err)
				}
				tmout = n
			}
			locked = locked || tmoutLock.MatchString(line)
			if m := umaskLine.FindStringSubmatch(line); m != nil {
				umask = m[1]
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return facts.UsersShell{}, err
		}
	}
	return facts.UsersShell{Tmout: &tmout, TmoutReadonly: &locked, Umask: &umask}, nil
}

// usualPath is root's search path where login.defs does not say.
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func searchPath(root Root, defs map[string]string, rep *report) []facts.SearchDir {
	out := []facts.SearchDir{}
	for dir := range strings.SplitSeq(cmp.Or(strings.TrimPrefix(defs["ENV_SUPATH"], "PATH="), usualPath), ":") {
		d, at := facts.SearchDir{Path: dir}, "/root_path/"+strconv.Itoa(len(out))
		st, err := root.Stat(path.Join("/", dir))
		switch {
		case !path.IsAbs(dir):
			rep.notObserved(at, "%q in root's search path is no single place: it depends on the current directory", dir)
		case err == nil && st.IsDir():
			m := modeOf(st)
			d.Exists, d.ModeOctal, d.UID = new(true), &m.octal, &m.uid
			d.OthersWrite = new(m.mode&0o002 != 0 || m.mode&0o020 != 0 && m.gid != 0)
		case err == nil || tree.Gone(err):
			d.Exists = new(false)
			rep.absent(at, "no directory %s", dir)
		default:
			rep.failed(at, err)
		}
		out = append(out, d)
	}
	return out
}
