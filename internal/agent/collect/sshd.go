package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// sshdPrograms are where an OpenSSH server is installed.
var sshdPrograms = [...]string{"/usr/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd", "/usr/local/sbin/sshd"}

// sshdConfigs in the order of looking; some systems keep the vendor's file
// under /usr/etc until somebody writes their own.
var sshdConfigs = [...]string{"/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"}

func readSSHD(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	program := ""
	for _, p := range sshdPrograms {
		if root.There(p) {
			program = p
			break
		}
	}
	values := map[string]any{"installed": program != ""}
	if program == "" {
		rep.absent("", "OpenSSH server is not installed: no %s", sshdPrograms[0])
		return rep.section("sshd", values)
	}

	conf, err := readSSHDFiles(root)
	if err == nil {
		values["file"], values["matches"], values["files"] = conf.settings, conf.matches, conf.files
	} else {
		for _, p := range []string{"/file", "/matches", "/files"} {
			rep.unless(p, err, "no %s", sshdConfigs[0])
		}
	}
	if keys, err := hostKeys(root, conf); err != nil {
		rep.failed("/host_keys", err)
	} else {
		values["host_keys"] = keys
	}

	if !root.Live() {
		rep.notObserved("/effective", tree.NotLive)
		rep.notObserved("/effective_other", tree.NotLive)
		return rep.section("sshd", values)
	}
	out, err := askSSHD(ctx, program)
	if ctx.Err() != nil {
		return facts.Section{}, ctx.Err()
	}
	if err != nil {
		for _, p := range []string{"/effective", "/effective_other"} {
			rep.add(p, facts.Error, err.Error())
		}
		return rep.section("sshd", values)
	}
	values["effective"], values["effective_other"] = effective(out, &rep)
	return rep.section("sshd", values)
}

// askSSHD gives what the server says it would do. sshd -T needs the host keys
// and the run-time directory; where it fails, newer servers (9.3) can still
// say it with -G, which needs the configuration only.
func askSSHD(ctx context.Context, program string) (string, error) {
	out, err := runTool(ctx, program, "-T")
	if err == nil {
		return string(out), nil
	}
	if out, errG := runTool(ctx, program, "-G"); errG == nil && len(out) > 0 {
		return string(out), nil
	}
	switch {
	case os.Geteuid() != 0:
		return "", fmt.Errorf("%s: %w", needsRoot, err)
	case strings.Contains(err.Error(), "privilege separation directory"):
		return "", fmt.Errorf("%w (the service makes it when it starts, and it has not started since this host did)", err)
	}
	return "", err
}

// How sshd -T writes keywords of several values: one per line, between commas
// or between spaces.
var (
	sshdPerLine = []string{"acceptenv", "allowgroups", "allowusers", "authenticationmethods", "denygroups", "denyusers", "hostkey", "listenaddress", "port", "subsystem"}
	sshdCommas  = []string{"ciphers", "hostkeyalgorithms", "kexalgorithms", "macs", "pubkeyacceptedalgorithms"}
	// sshdUnset are not printed while they are not set.
	sshdUnset = []string{"acceptenv", "allowgroups", "allowusers", "denygroups", "denyusers", "hostkey", "subsystem"}
	// sshdRenamed maps older names to today's.
	sshdRenamed = map[string]string{"challengeresponseauthentication": "kbdinteractiveauthentication", "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms"}
)

// effective takes the output of sshd -T apart along the registry's types.
func effective(out string, rep *report) (declared map[string]any, other map[string]string) {
	typ, _, _ := facts.Registry().Lookup("/sshd/effective") // declared: a test reads the whole section
	object := typ.Object
	lines := map[string][]string{}
	for line := range strings.Lines(out) {
		word, value := tree.CutSpace(strings.TrimSpace(line))
		if word = strings.ToLower(word); word != "" {
			word = cmp.Or(sshdRenamed[word], word)
			lines[word] = append(lines[word], strings.TrimSpace(value))
		}
	}
	declared, other = map[string]any{}, map[string]string{}
	for word, values := range lines {
		if _, ok := object.Field(word); !ok {
			other[word] = strings.Join(values, " ")
		}
	}
	for _, f := range object.Fields {
		if strings.HasPrefix(f.Name, "maxstartups_") {
			continue
		}
		values, printed := lines[f.Name]
		if !printed && !slices.Contains(sshdUnset, f.Name) {
			rep.absent("/effective/"+f.Name, "sshd -T does not print %s: this build of OpenSSH does not know it", f.Name)
			continue
		}
		v, err := sshdValue(f, values)
		if err != nil {
			rep.failed("/effective/"+f.Name, err)
			continue
		}
		declared[f.Name] = v
	}
	maxStartups(declared, rep)
	return declared, other
}

func sshdValue(f facts.Field, values []string) (any, error) {
	switch {
	case f.Type.Kind == facts.KindInt:
		return sshdInt(f.Name, strings.Join(values, " "))
	case f.Type.Kind == facts.KindList && f.Type.Elem.Kind == facts.KindInt:
		out := []int64{}
		for _, v := range values {
			n, err := sshdInt(f.Name, v)
			if err != nil {
				return nil, err
			}
			out = append(out, n)
		}
		return out, nil
	case f.Type.Kind == facts.KindList:
		if slices.Contains(sshdCommas, f.Name) {
			return strings.Split(strings.Join(values, ","), ","), nil
		}
		if slices.Contains(sshdPerLine, f.Name) {
			return append([]string{}, values...), nil
		}
		return append([]string{}, strings.Fields(strings.Join(values, " "))...), nil
	}
	v := strings.Join(values, " ")
	switch {
	case f.Name == "permitrootlogin" && v == "without-password":
		v = "prohibit-password"
	case f.Name == "loglevel" || f.Name == "syslogfacility":
		v = strings.ToUpper(v)
	}
	return v, nil
}

func sshdInt(name, s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("sshd -T prints %s %.40q, expected a number", name, s)
	}
	return n, nil
}

// maxStartups gives the three numbers of maxstartups; a single one means that
// refusing starts at once and is total.
func maxStartups(declared map[string]any, rep *report) {
	names := [3]string{"maxstartups_start", "maxstartups_rate", "maxstartups_full"}
	s, ok := declared["maxstartups"].(string)
	if !ok {
		for _, name := range names {
			rep.absent("/effective/"+name, "sshd -T does not print maxstartups")
		}
		return
	}
	parts := strings.Split(s, ":")
	if len(parts) == 1 {
		parts = []string{s, "100", s}
	}
	for i, name := range names {
		if i >= len(parts) {
			rep.failed("/effective/"+name, fmt.Errorf("sshd -T prints maxstartups %.40q, expected three numbers", s))
			continue
		}
		n, err := sshdInt("maxstartups", parts[i])
		if err != nil {
			rep.failed("/effective/"+name, err)
			continue
		}
		declared[name] = n
	}
}

// hostKeys gives the host key files: the usual ones and those that the
// configuration names.
func hostKeys(root Root, conf *sshdFiles) ([]facts.HostKey, error) {
	paths, err := root.Glob("/etc/ssh/ssh_host_*_key")
	if err != nil {
		return nil, err
	}
	public, err := root.Glob("/etc/ssh/ssh_host_*_key.pub")
	if err != nil {
		return nil, err
	}
	paths = append(paths, public...)
	if conf != nil {
		for _, p := range strings.Fields(conf.settings["hostkey"].Value) {
			paths = append(paths, p, p+".pub")
		}
	}
	slices.Sort(paths)
	groups := names{root: root, file: "/etc/group"}
	out := []facts.HostKey{}
	for _, p := range slices.Compact(paths) {
		st, err := root.Stat(p)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !st.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return nil, err
		}
		m := modeOf(st)
		group, err := groups.of(m.gid)
		if err != nil {
			return nil, err
		}
		out = append(out, facts.HostKey{Path: p, Public: strings.HasSuffix(p, ".pub"), Mode: m.mode, ModeOctal: m.octal, UID: m.uid, GID: m.gid, Group: group})
	}
	return out, nil
}
