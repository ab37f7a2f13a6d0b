package origin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/origin/rpm"
	"github.com/attesta/attesta/internal/wire"
)

// ofRpm makes claims of rpm's records.
type ofRpm struct {
	d   *Describer
	db  *rpm.Database
	all []*rpm.Transaction
}

func newRpm(d *Describer) asked {
	db := rpm.Open(d.cfg.Root)
	if db == nil {
		return nil
	}
	return &ofRpm{d: d, db: db}
}

func (m *ofRpm) prepare(ctx context.Context) error { return m.db.Refresh(ctx, m.d.cfg.Clock()) }

func rpmOwn(p string) bool {
	for _, dir := range []string{"/var/lib/rpm", "/usr/lib/sysimage/rpm", "/var/lib/dnf", "/var/cache/dnf", "/usr/lib/sysimage/libdnf5", "/var/cache/libdnf5", "/var/cache/zypp"} {
		if p == dir || strings.HasPrefix(p, dir+"/") {
			return true
		}
	}
	dir, name := path.Split(p)
	return dir == "/var/log/" && (strings.HasPrefix(name, "dnf.") || strings.HasPrefix(name, "dnf5."))
}

// dnf is a script of Python: it is told from another by what lies below it, so
// that rpm's scripts count only where the log has its run.
func (m *ofRpm) describe(ctx context.Context, all []*item) error {
	running := m.db.Running()
	failed := m.db.Refresh(ctx, m.d.cfg.Clock())
	if !m.db.Read() {
		return failed
	}
	m.all = m.db.Transactions()
	paths := map[string]bool{}
	for _, it := range all {
		if it.c.Package == nil {
			paths[it.path] = true
		}
	}
	files, err := m.db.Files(ctx, paths)
	failed = errors.Join(failed, err)
	for _, it := range all {
		if ctx.Err() != nil {
			break
		}
		if it.c.Package != nil {
			continue
		}
		h := hands(it.c, rpmPrograms)
		if h == foreign && m.dnf(it.c) {
			h = unknown // it may be dnf: time, package and content decide
		}
		behind := h >= script && it.at.After(m.db.Written()) || running && h != foreign
		switch owned := files[it.path]; {
		case rpmOwn(it.path):
			m.database(it, h)
		case len(owned) > 0:
			failed = errors.Join(failed, m.claim(it, owned, h, behind))
		case m.db.Former(it.path) != "" && it.c.Change == "removed":
			m.gone(it, m.db.Former(it.path), h, behind)
		case h >= script:
			m.script(it, h, behind)
		default:
			it.wait = it.wait || behind && h == unknown
		}
	}
	return failed
}

// dnf reports whether a program of Python, as dnf is, stands behind a change.
func (m *ofRpm) dnf(c *wire.FileChange) bool {
	python := func(exe string) bool {
		dir, name := path.Split(exe)
		return (dir == "/usr/bin/" || dir == "/usr/libexec/") && (strings.HasPrefix(name, "python3") || name == "platform-python" || strings.HasPrefix(name, "platform-python3"))
	}
	return c.Who != nil && (python(c.Who.Exe) || slices.ContainsFunc(c.Who.Parents, func(q wire.ParentProcess) bool { return python(q.Exe) }))
}

// of gives the transaction in whose time a change lies and that acted on a
// package; "" asks for the time alone.
func (m *ofRpm) of(name string, it *item) (*rpm.Transaction, *rpm.Act) {
	for i := len(m.all) - 1; i >= 0; i-- {
		t := m.all[i]
		end := t.End
		if w := m.db.Written(); i == len(m.all)-1 && w.After(end) {
			end = w
		}
		if late := it.c.Found != "event" && it.c.Change == "removed"; !late && (it.at.Before(t.Start().Add(-before)) || it.at.After(end.Add(after))) {
			continue
		}
		if a := t.Acts[name]; a != nil || name == "" {
			return t, a
		}
	}
	return nil, nil
}

func (m *ofRpm) base(t *rpm.Transaction) *wire.PackageClaim {
	p := &wire.PackageClaim{Manager: "rpm"}
	if t != nil {
		p.Transaction, p.Started, p.Ended, p.Command = fmt.Sprintf("rpm-%d", t.TID), t.Start().UTC(), t.End.UTC(), t.Command
	}
	return p
}

func (m *ofRpm) claim(it *item, owned []rpm.File, h hand, behind bool) error {
	f, t, act := owned[0], (*rpm.Transaction)(nil), (*rpm.Act)(nil)
	for _, o := range owned {
		pkg, _ := m.db.Package(o.Package)
		if ot, oa := m.of(pkg.Name, it); ot != nil {
			f, t, act = o, ot, oa
			break
		}
	}
	other := ""
	if t != nil && h == foreign {
		other = fmt.Sprintf("%s wrote it at the time of a run of rpm, and is not below it", program(it.c))
		t, act = nil, nil
	}
	pkg, _ := m.db.Package(f.Package)
	p := m.base(t)
	p.Name, p.Version = pkg.Name, pkg.Version
	if act != nil {
		p.Action, p.Before = act.Action, act.Before
	}
	now, err := m.d.look(it, sha256.New)
	kind := f.Mode & unix.S_IFMT
	switch {
	case f.Config:
		p.Role = roleConffile
	case f.SHA256 != "" || kind == unix.S_IFLNK:
		p.Role = roleContent
	default:
		p.Role = roleListed
	}
	wrong := m.rights(it, f, now)
	switch {
	case now.why != "" && it.c.Change == "removed":
		p.Digest, p.Reason = mismatch, "the package has it, and it is gone"
	case now.why != "":
		p.Digest, p.Reason = none, now.why
	case f.Ghost:
		p.Digest, p.Reason = none, "the package only says that it may be there"
	case now.isLink != (kind == unix.S_IFLNK), now.isFile != (kind == unix.S_IFREG):
		p.Digest, p.Reason = mismatch, "the package has another type of file there"
	case wrong != "":
		p.Digest, p.Reason = mismatch, wrong
	case now.isLink && now.link == f.Link:
		p.Digest = match
	case now.isLink:
		p.Digest, p.Reason = mismatch, "it leads elsewhere than the package's"
	case f.SHA256 == "":
		p.Digest, p.Reason = none, "the package has no SHA-256 of it"
	case now.sha256 == f.SHA256:
		p.Digest = match
	default:
		p.Digest, p.Reason = mismatch, "its content is not the package's"
	}
	if p.Digest == match && h < script {
		var unsaid []string
		for _, a := range touched(it.c) {
			if a != "mode" && (a != "uid" || f.User != "root") && (a != "gid" || f.Group != "root") {
				unsaid = append(unsaid, a)
			}
		}
		if len(unsaid) > 0 {
			p.Digest, p.Reason = none, fmt.Sprintf("the content is the package's, but %s changed, which is not compared with rpm's record", list(unsaid))
		}
	}
	if p.Transaction == "" {
		if other == "" {
			other = fmt.Sprintf("no run of rpm that is known touched %s at that time", p.Name)
		}
		p.Reason = joined(p.Reason, other)
	} else {
		m.source(p, pkg)
	}
	it.c.Package = p
	it.wait = behind && (p.Digest == mismatch || p.Transaction == "")
	return err
}

// rights says how a file's rights are not the package's, as far as rpm's record
// can be compared: names of users other than root are not looked up.
func (m *ofRpm) rights(it *item, f rpm.File, now content) string {
	if now.why != "" || now.isLink || f.Ghost {
		return ""
	}
	st, err := m.d.cfg.Root.Lstat(it.path)
	if err != nil {
		return ""
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
	case sys.Mode&0o7777 != f.Mode&0o7777:
		return fmt.Sprintf("its mode is %04o, the package has %04o", sys.Mode&0o7777, f.Mode&0o7777)
	case f.User == "root" && sys.Uid != 0:
		return fmt.Sprintf("its owner is %d, the package has root", sys.Uid)
	case f.Group == "root" && sys.Gid != 0:
		return fmt.Sprintf("its group is %d, the package has root", sys.Gid)
	}
	return ""
}

func (m *ofRpm) source(p *wire.PackageClaim, pkg rpm.Package) {
	p.Origin = pkg.Vendor
	switch {
	case pkg.Key == "":
		p.Reason = joined(p.Reason, "the package is not signed")
	case !m.db.Trusted(pkg):
		p.Reason = joined(p.Reason, "the package is signed by key "+pkg.Key+", which rpm was not told to trust")
	case p.Command == "":
		p.Reason = joined(p.Reason, "no run of dnf is known that fetched it")
	default:
		p.Repository = true
	}
	if pkg.Key != "" {
		p.Origin = strings.TrimSpace(p.Origin + " (key " + pkg.Key + ")")
	}
}

func (m *ofRpm) gone(it *item, name string, h hand, behind bool) {
	t, act := m.of(name, it)
	if h == foreign {
		t, act = nil, nil
	}
	p := m.base(t)
	p.Name, p.Role, p.Digest, p.Action = name, roleListed, gone, "remove"
	if t == nil {
		p.Reason = "no run of rpm that is known took it away at that time"
	} else {
		p.Action, p.Before, p.Version = act.Action, act.Before, act.After
	}
	it.c.Package, it.wait = p, behind && t == nil
}

func (m *ofRpm) script(it *item, h hand, behind bool) {
	t, _ := m.of("", it)
	if t == nil {
		it.wait = it.wait || behind
		return
	}
	p := m.base(t)
	p.Role, p.Digest, p.Action = roleScript, none, "trigger"
	p.Reason = fmt.Sprintf("no package has it; %s, which the manager ran, made it", program(it.c))
	if h == manager {
		p.Reason = fmt.Sprintf("no package has it; %s itself made it", program(it.c))
	}
	if len(t.Acts) == 1 {
		for name, a := range t.Acts {
			p.Name, p.Action, p.Before, p.Version = name, a.Action, a.Before, a.After
		}
	} else {
		p.Reason = joined(p.Reason, fmt.Sprintf("of which of %d packages is not known", len(t.Acts)))
	}
	it.c.Package, it.wait = p, false
}

func (m *ofRpm) database(it *item, h hand) {
	t, _ := m.of("", it)
	if h == foreign {
		t = nil
	}
	p := m.base(t)
	p.Name, p.Role, p.Digest, p.Reason = "rpm", roleDatabase, none, "a file of the manager's own"
	if h == foreign {
		p.Reason += fmt.Sprintf(", changed by %s, which is not below it", program(it.c))
	} else if t == nil {
		p.Reason += "; no run of rpm is known at that time"
	}
	it.c.Package = p
}
