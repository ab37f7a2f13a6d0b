package origin

import (
	"context"
	"crypto/sha1" //nolint:gosec // apk keeps no other
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/agent/origin/apk"
	"github.com/attesta/attesta/internal/wire"
)

// ofApk makes claims of apk's records.
type ofApk struct {
	d       *Describer
	db      *apk.Database
	sources map[apk.Package]apkSource
}

type apkSource struct {
	apk.Source
	found bool
}

func newApk(d *Describer) asked {
	db := apk.Open(d.cfg.Root)
	if db == nil {
		return nil
	}
	return &ofApk{d: d, db: db, sources: map[apk.Package]apkSource{}}
}

func (m *ofApk) prepare(context.Context) error { return m.db.Refresh() }

func apkOwn(p string) bool {
	for _, dir := range []string{"/lib/apk/db", "/usr/lib/apk/db", "/var/cache/apk", "/etc/apk/cache", "/var/lib/apk"} {
		if p == dir || strings.HasPrefix(p, dir+"/") {
			return true
		}
	}
	return p == "/etc/apk/world" || p == "/var/log/apk.log"
}

func (m *ofApk) describe(ctx context.Context, all []*item) error {
	running := m.db.Running()
	failed := m.db.Refresh()
	if !m.db.Read() {
		return failed
	}
	paths := map[string]bool{}
	for _, it := range all {
		if it.c.Package == nil {
			paths[it.path] = true
		}
	}
	files, err := m.db.Files(paths)
	failed = errors.Join(failed, err)
	for _, it := range all {
		if ctx.Err() != nil {
			break
		}
		if it.c.Package != nil {
			continue
		}
		h := hands(it.c, apkPrograms)
		// Its records are written at the end.
		behind := h >= script && it.at.After(m.db.Written()) || running && h != foreign
		switch owned := files[it.path]; {
		case apkOwn(it.path):
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

// of gives the run in whose time a change lies and that acted on a package; ""
// asks for the time alone.
func (m *ofApk) of(name string, it *item) (*apk.Run, apk.Change) {
	runs := m.db.Runs()
	for i := len(runs) - 1; i >= 0; i-- {
		r := &runs[i]
		if it.at.Before(r.From) || it.at.After(r.At.Add(after)) {
			continue
		}
		if c, ok := r.Packages[name]; ok || name == "" {
			return r, c
		}
	}
	return nil, apk.Change{}
}

func (m *ofApk) base(r *apk.Run) *wire.PackageClaim {
	p := &wire.PackageClaim{Manager: "apk"}
	if r != nil {
		p.Transaction = "apk-" + r.At.UTC().Format("20060102t150405")
		p.Started, p.Ended = r.At.UTC(), r.At.UTC() // apk keeps no other time than that of its database
	}
	return p
}

func (m *ofApk) claim(it *item, owned []apk.File, h hand, behind bool) error {
	f, r, did := owned[0], (*apk.Run)(nil), apk.Change{}
	for _, o := range owned {
		if or, oc := m.of(o.Package, it); or != nil {
			f, r, did = o, or, oc
			break
		}
	}
	other := ""
	if r != nil && h == foreign {
		other = fmt.Sprintf("%s wrote it at the time of a run of apk, and is not below it", program(it.c))
		r, did = nil, apk.Change{}
	}
	p := m.base(r)
	p.Name, p.Action, p.Before = f.Package, did.Action, did.Before
	pkg := m.db.Package(f.Package)
	p.Version = pkg.Version
	with, want := sha1.New, f.SHA1
	if f.SHA256 != "" {
		with, want = sha256.New, f.SHA256
	}
	now, err := m.d.look(it, func() hash.Hash { return with() })
	got := now.sha1
	if f.SHA256 != "" {
		got = now.sha256
	}
	if now.isLink {
		hs := with()
		hs.Write([]byte(now.link))
		got = hex.EncodeToString(hs.Sum(nil))
	}
	switch {
	case strings.HasPrefix(it.path, "/etc/") && !f.Dir:
		p.Role = roleConffile
	case want != "":
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
	case f.Dir != (!now.isFile && !now.isLink):
		p.Digest, p.Reason = mismatch, "the package has another type of file there"
	case wrong != "":
		p.Digest, p.Reason = mismatch, wrong
	case want == "":
		p.Digest, p.Reason = none, "the package has no digest of it"
	case got == want:
		p.Digest = match
	default:
		p.Digest, p.Reason = mismatch, "its content is not the package's"
	}
	if p.Transaction == "" {
		if other == "" {
			other = fmt.Sprintf("no run of apk that is known touched %s at that time", p.Name)
		}
		p.Reason = joined(p.Reason, other)
	} else if did.Action != "remove" {
		err = errors.Join(err, m.source(p, pkg))
	}
	it.c.Package = p
	it.wait = behind && (p.Digest == mismatch || p.Transaction == "")
	return err
}

// rights says how a file's rights are not the package's, which apk records.
func (m *ofApk) rights(it *item, f apk.File, now content) string {
	if now.why != "" || now.isLink {
		return ""
	}
	st, err := m.d.cfg.Root.Lstat(it.path)
	if err != nil {
		return ""
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	if mode := sys.Mode & 0o7777; mode != f.Mode {
		return fmt.Sprintf("its mode is %04o, the package has %04o", mode, f.Mode)
	}
	if sys.Uid != f.UID || sys.Gid != f.GID {
		return fmt.Sprintf("its owner is %d:%d, the package has %d:%d", sys.Uid, sys.Gid, f.UID, f.GID)
	}
	return ""
}

func (m *ofApk) source(p *wire.PackageClaim, pkg apk.Package) error {
	s, ok := m.sources[pkg]
	if !ok {
		var err error
		if s.Source, s.found, err = m.db.Find(pkg); err != nil {
			return err
		}
		if len(m.sources) > 10_000 {
			clear(m.sources)
		}
		m.sources[pkg] = s
	}
	if !s.found {
		p.Reason = joined(p.Reason, "no index of a repository that is kept here has this very package")
		return nil
	}
	p.Origin, p.Repository = s.Origin, s.Signed
	p.Reason = joined(p.Reason, s.Reason)
	return nil
}

func (m *ofApk) gone(it *item, name string, h hand, behind bool) {
	r, did := m.of(name, it)
	if h == foreign {
		r, did = nil, apk.Change{}
	}
	p := m.base(r)
	p.Name, p.Role, p.Digest, p.Action, p.Before, p.Version = name, roleListed, gone, "remove", did.Before, did.After
	if r == nil {
		p.Reason = "no run of apk that is known took it away at that time"
	} else {
		p.Action = did.Action
	}
	it.c.Package, it.wait = p, behind && r == nil
}

func (m *ofApk) script(it *item, h hand, behind bool) {
	r, _ := m.of("", it)
	if r == nil {
		it.wait = it.wait || behind
		return
	}
	p := m.base(r)
	p.Role, p.Digest = roleScript, none
	p.Reason = fmt.Sprintf("no package has it; %s, which the manager ran, made it", program(it.c))
	if h == manager {
		p.Reason = fmt.Sprintf("no package has it; %s itself made it", program(it.c))
	}
	if len(r.Packages) == 1 {
		for name, c := range r.Packages {
			p.Name, p.Action, p.Before, p.Version = name, c.Action, c.Before, c.After
		}
	} else {
		p.Reason = joined(p.Reason, fmt.Sprintf("of which of %d packages is not known", len(r.Packages)))
		p.Action = "trigger"
	}
	it.c.Package, it.wait = p, false
}

func (m *ofApk) database(it *item, h hand) {
	r, _ := m.of("", it)
	if h == foreign {
		r = nil
	}
	p := m.base(r)
	p.Name, p.Role, p.Digest, p.Reason = "apk", roleDatabase, none, "a file of the manager's own"
	if h == foreign {
		p.Reason += fmt.Sprintf(", changed by %s, which is not below it", program(it.c))
	} else if r == nil {
		p.Reason += "; no run of apk is known at that time"
	}
	it.c.Package = p
}
