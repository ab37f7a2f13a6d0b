package collect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func readPackages(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	v := facts.Packages{Managers: []string{}}
	var all []instance
	var failed error
	for _, m := range []struct {
		name  string
		there func(Root) bool
		read  func(context.Context, Root) ([]instance, error)
	}{
		{"apk", hasApk, readApk},
		{"dpkg", hasDpkg, readDpkg},
		{"rpm", hasRpm, readRpm},
	} {
		if !m.there(root) {
			continue
		}
		v.Managers = append(v.Managers, m.name)
		list, err := m.read(ctx, root)
		if errors.Is(err, errNotLive) {
			rep.notObserved("/by_name", "rpm's database can only be read on the running host")
			rep.notObserved("/count", "rpm's database can only be read on the running host")
			return rep.section("packages", v)
		}
		failed = cmp.Or(failed, err)
		all = append(all, list...)
	}
	switch {
	case ctx.Err() != nil:
		return facts.Section{}, ctx.Err()
	case failed != nil:
		rep.failed("/by_name", failed)
		rep.failed("/count", failed)
	case len(v.Managers) == 0:
		rep.absent("/by_name", "no package database of dpkg, apk or rpm")
		rep.absent("/count", "no package database of dpkg, apk or rpm")
	default:
		v.ByName = byName(all)
		v.Count = new(int64(len(v.ByName)))
	}
	return rep.section("packages", v)
}

// instance is one installed package with when it was installed, where the
// database says so (rpm), which decides between versions side by side.
type instance struct {
	facts.Package
	at int64
}

// byName keys packages by name. Of several with one name, the newest keeps
// the name; another architecture gets name:arch, an older version
// name=version.
func byName(all []instance) map[string]facts.Package {
	slices.SortStableFunc(all, func(a, b instance) int { return cmp.Compare(b.at, a.at) })
	out := make(map[string]facts.Package, len(all))
	for _, p := range all {
		key := p.Name
		if first, taken := out[key]; taken {
			key = p.Name + ":" + p.Arch
			if _, taken := out[key]; taken || first.Arch == p.Arch {
				key = p.Name + "=" + p.Version
			}
		}
		out[key] = p.Package
	}
	return out
}

const dpkgStatus = "/var/lib/dpkg/status"

func hasDpkg(root Root) bool { return root.There(dpkgStatus) || root.IsDir(dpkgStatus+".d") }

// readDpkg reads dpkg's status file, and status.d of images without dpkg.
func readDpkg(_ context.Context, root Root) ([]instance, error) {
	var out []instance
	native := ""
	if s, err := root.Text("/var/lib/dpkg/arch"); err == nil { // the first is the native one
		native, _, _ = strings.Cut(s, "\n")
	}
	take := func(p dpkgStanza, statusless bool) {
		if !p.installed && !statusless {
			return
		}
		i := instance{Package: p.Package}
		if p.Arch == native {
			i.at = 1 // keeps the plain name
		}
		out = append(out, i)
	}
	if root.There(dpkgStatus) {
		if err := scanDpkg(root, dpkgStatus, func(p dpkgStanza) { take(p, false) }); err != nil {
			return nil, err
		}
	}
	more, err := root.Glob(dpkgStatus + ".d/*")
	if err != nil {
		return nil, err
	}
	for _, file := range more {
		if strings.HasSuffix(file, ".md5sums") {
			continue
		}
		if err := scanDpkg(root, file, func(p dpkgStanza) { take(p, true) }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type dpkgStanza struct {
	facts.Package
	installed bool
}

// scanDpkg gives each stanza of a dpkg status file.
func scanDpkg(root Root, file string, yield func(dpkgStanza)) error {
	f, err := root.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return parseDpkg(file, f, yield)
}

func parseDpkg(file string, from io.Reader, yield func(dpkgStanza)) error {
	var p dpkgStanza
	fields, last := 0, 0
	end := func() error {
		if fields == 0 {
			return nil
		}
		if p.Name == "" || p.installed && p.Version == "" {
			return errors.New("a stanza without Package or Version ends here")
		}
		p.Manager = "dpkg"
		p.Source, p.SourceVersion = cmp.Or(p.Source, p.Name), cmp.Or(p.SourceVersion, p.Version)
		yield(p)
		p, fields = dpkgStanza{}, 0
		return nil
	}
	err := tree.ScanLines(file, from, func(n int, line []byte) error {
		last = n
		if len(bytes.TrimSpace(line)) == 0 {
			return end()
		}
		if line[0] == ' ' || line[0] == '\t' { // goes on with the field before
			if fields == 0 {
				return errors.New("expected a field")
			}
			return nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return errors.New("expected Field: value")
		}
		fields++
		text := tree.Clean(string(bytes.TrimSpace(value)))
		switch string(name) {
		case "Package":
			p.Name = text
		case "Version":
			p.Version = text
		case "Architecture":
			p.Arch = text
		case "Source":
			source, version, _ := strings.Cut(text, " ")
			p.Source, p.SourceVersion = source, strings.Trim(version, "() ")
		case "Status":
			p.installed = dpkgInstalled(text)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := end(); err != nil {
		return fmt.Errorf("%s:%d: %w", file, last, err)
	}
	return nil
}

// dpkgInstalled tells by the third word of Status whether files of the
// package are on the host: not after removal that kept its configuration.
func dpkgInstalled(status string) bool {
	words := strings.Fields(status)
	return len(words) == 3 && words[2] != "not-installed" && words[2] != "config-files"
}

var apkDatabases = [...]string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"}

func hasApk(root Root) bool { return root.There(apkDatabases[0]) || root.There(apkDatabases[1]) }

func readApk(_ context.Context, root Root) ([]instance, error) {
	file := apkDatabases[0]
	if !root.There(file) {
		file = apkDatabases[1]
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseApk(file, f)
}

// parseApk reads apk's database of installed packages: one letter, a colon
// and a value per line, an empty line after each package.
func parseApk(file string, from io.Reader) ([]instance, error) {
	var out []instance
	var p facts.Package
	lines := 0
	end := func() error {
		if lines == 0 {
			return nil
		}
		if p.Name == "" || p.Version == "" {
			return errors.New("a package without P: or V: ends here")
		}
		p.Manager, p.Source, p.SourceVersion = "apk", cmp.Or(p.Source, p.Name), p.Version
		out = append(out, instance{Package: p})
		p, lines = facts.Package{}, 0
		return nil
	}
	last := 0
	err := tree.ScanLines(file, from, func(n int, line []byte) error {
		last = n
		if len(line) == 0 {
			return end()
		}
		if len(line) < 2 || line[1] != ':' {
			return errors.New("expected a letter, a colon and a value")
		}
		lines++
		value := tree.Clean(string(line[2:]))
		switch line[0] {
		case 'P':
			p.Name = value
		case 'V':
			p.Version = value
		case 'A':
			p.Arch = value
		case 'o':
			p.Source = value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := end(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, last, err)
	}
	return out, nil
}

var errNotLive = errors.New(tree.NotLive)

// hasRpm asks for rpm's database, not for the program, which other systems
// carry too.
func hasRpm(root Root) bool {
	for _, dir := range []string{"/usr/lib/sysimage/rpm", "/var/lib/rpm"} {
		for _, name := range []string{"rpmdb.sqlite", "Packages.db", "Packages"} {
			if root.There(dir + "/" + name) {
				return true
			}
		}
	}
	return false
}

const rpmFormat = `%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{INSTALLTIME}\n`

func readRpm(ctx context.Context, root Root) ([]instance, error) {
	if !root.Live() {
		return nil, errNotLive
	}
	program, ok := findTool("rpm")
	if !ok {
		return nil, &fs.PathError{Op: "run", Path: "rpm", Err: errors.New("there is an rpm database, but no program rpm")}
	}
	var out []instance
	err := streamTool(ctx, func(r io.Reader) error {
		var err error
		out, err = parseRpm(r)
		return err
	}, program, "-qa", "--qf", rpmFormat)
	return out, err
}

// parseRpm reads what rpm -qa prints in rpmFormat.
func parseRpm(from io.Reader) ([]instance, error) {
	var out []instance
	err := tree.ScanLines("rpm -qa", from, func(_ int, line []byte) error {
		f := strings.Split(tree.Clean(string(line)), "\t")
		if len(f) != 5 {
			return fmt.Errorf("expected 5 columns, found %d", len(f))
		}
		if f[0] == "gpg-pubkey" { // a key that rpm keeps as if it were a package
			return nil
		}
		at, err := strconv.ParseInt(f[4], 10, 64)
		if err != nil {
			return fmt.Errorf("install time: %w", err)
		}
		p := facts.Package{Name: f[0], Version: f[1], Arch: f[2], Manager: "rpm", Source: f[0], SourceVersion: f[1]}
		if name, version, ok := splitSourceRPM(f[3]); ok {
			p.Source, p.SourceVersion = name, version
		}
		out = append(out, instance{Package: p, at: at})
		return nil
	})
	return out, err
}

// splitSourceRPM takes openssh-8.7p1-38.el9.src.rpm apart.
func splitSourceRPM(s string) (name, version string, ok bool) {
	s, ok = strings.CutSuffix(s, ".src.rpm")
	if !ok {
		return "", "", false
	}
	release := strings.LastIndexByte(s, '-')
	if release < 1 {
		return "", "", false
	}
	v := strings.LastIndexByte(s[:release], '-')
	if v < 1 {
		return "", "", false
	}
	return s[:v], s[v+1:], true
}
