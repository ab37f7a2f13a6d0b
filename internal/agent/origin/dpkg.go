package origin

import (
	"context"
	"crypto/md5" //nolint:gosec // dpkg keeps no other
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/origin/aptlist"
	"github.com/attesta/attesta/internal/agent/origin/dpkg"
	"github.com/attesta/attesta/internal/wire"
)

const (
	// before and after are how far beside a transaction's seconds a change of its
	// may lie.
	before = time.Second
	after  = 2 * time.Second
)

// ofDpkg makes claims of dpkg's records.
type ofDpkg struct {
	d       *Describer
	db      *dpkg.Database
	running bool
	all     []*dpkg.Transaction
	sources map[aptlist.Key]aptlist.Source
	sought  map[aptlist.Key]bool
	lists   dpkg.Stamp // of apt's lists, of which sources are
	debs    map[string]string
}

func newDpkg(d *Describer) asked {
	db := dpkg.Open(d.cfg.Root, d.cfg.Zone)
	if db == nil {
		return nil
	}
	return &ofDpkg{d: d, db: db}
}

func (m *ofDpkg) prepare(ctx context.Context) error { return m.db.Refresh(ctx, m.d.cfg.Clock()) }

// candidate is a change and what dpkg says of its path.
type candidate struct {
	*item
	base   string // the path without what dpkg adds while it unpacks
	owners []dpkg.Owner
	former string
	hand   hand
}

func (m *ofDpkg) describe(ctx context.Context, all []*item) error {
	m.running = m.db.Running() // before its records are read: what ends in between is looked at again
	failed := m.db.Refresh(ctx, m.d.cfg.Clock())
	m.all = m.db.Transactions(m.running)
	var cs []*candidate
	var wanted []dpkg.Owner
	paths := map[string]bool{}
	for _, it := range all {
		if it.c.Package != nil {
			continue
		}
		c := &candidate{item: it, base: it.path, hand: hands(it.c, dpkgPrograms)}
		for _, ending := range []string{".dpkg-new", ".dpkg-tmp", ".dpkg-dist", ".dpkg-old"} {
			c.base = strings.TrimSuffix(c.base, ending)
		}
		c.owners, c.former = m.db.Owners(c.base)
		if len(c.owners) <= 4 { // more than that have only directories
			wanted = append(wanted, c.owners...)
		}
		paths[c.base] = true
		cs = append(cs, c)
	}
	sums, err := m.db.Sums(wanted)
	failed = errors.Join(failed, err)
	var unpacking dpkg.Package
	var early map[string]string
	if m.running {
		unpacking, early, err = m.db.Unpacking(paths)
		failed = errors.Join(failed, err)
	}
	for _, c := range cs {
		if ctx.Err() != nil {
			break
		}
		if dpkgOwn(c.path) {
			m.database(c)
			continue
		}
		digests := map[string]string{} // by package
		for _, o := range c.owners {
			if s, ok := sums[o]; ok {
				digests[o.Package] = s
			}
		}
		if s, ok := early[c.base]; ok {
			key := unpacking.Name + ":" + unpacking.Arch
			digests[key] = s
			c.owners = append([]dpkg.Owner{{Package: key, Listed: c.base}}, c.owners...)
		}
		failed = errors.Join(failed, m.claim(c, digests))
	}
	return errors.Join(failed, m.origins(ctx, cs))
}

// dpkgOwn are the places that dpkg and apt keep for themselves.
func dpkgOwn(p string) bool {
	for _, dir := range []string{"/var/lib/dpkg", "/var/lib/apt", "/var/cache/apt", "/var/log/apt", "/var/cache/debconf"} {
		if p == dir || strings.HasPrefix(p, dir+"/") {
			return true
		}
	}
	return p == "/var/log/dpkg.log" || strings.HasPrefix(p, "/var/log/dpkg.log.")
}

// of gives the transaction in whose time a change lies; of several the one that
// acted on a package. key "" asks for the time alone.
func (m *ofDpkg) of(key string, it *item) (*dpkg.Transaction, *dpkg.Act) {
	var timely *dpkg.Transaction
	for i := len(m.all) - 1; i >= 0; i-- {
		t := m.all[i]
		// What was removed while nobody watched has no time of its own.
		if late := it.c.Found != "event" && it.c.Change == "removed"; !late && (it.at.Before(t.Start.Add(-before)) || !t.End.IsZero() && it.at.After(t.End.Add(after))) {
			continue
		}
		if key == "" {
			return t, nil
		}
		if a := t.Act(key); a != nil {
			return t, a
		}
		if timely == nil {
			timely = t
		}
	}
	return timely, nil
}

// base gives a claim with what the transaction says.
func claimOf(t *dpkg.Transaction) *wire.PackageClaim {
	p := &wire.PackageClaim{Manager: "dpkg"}
	if t != nil {
		p.Transaction, p.Started, p.Ended = t.ID, t.Start, t.End
		if t.Apt != nil {
			p.Command, p.By = t.Apt.Command, t.Apt.By
		}
	}
	return p
}

// claim says what is known of one path.
func (m *ofDpkg) claim(c *candidate, digests map[string]string) error {
	if len(c.owners) == 0 {
		return m.unlisted(c)
	}
	now, err := m.d.look(c.item, md5.New)
	if now.why != "" && c.base != c.path && value(c.c.After, "sha256") != "" {
		// What was unpacked beside its place is put there when it is set up.
		there := *c.item
		there.path = c.base
		if put, errPut := m.d.read(&there, md5.New); errPut == nil && put.why == "" && put.isFile {
			now, err = put, nil
		}
	}
	// Of several packages the one that a transaction acted on: a directory is
	// everybody's.
	owner, t, act := c.owners[0], (*dpkg.Transaction)(nil), (*dpkg.Act)(nil)
	for _, o := range c.owners {
		ot, oa := m.of(o.Package, c.item)
		if t == nil {
			t = ot
		}
		if oa != nil {
			owner, t, act = o, ot, oa
			break
		}
	}
	if act == nil {
		t = nil
	}
	other := ""
	if t != nil && c.hand == foreign {
		other = fmt.Sprintf("%s wrote it while the manager ran, and is not below it", program(c.c))
		t, act = nil, nil
	}
	p := claimOf(t)
	p.Name, _, _ = strings.Cut(owner.Package, ":")
	p.Version = m.db.Version(owner.Package)
	if act != nil {
		p.Action, p.Before = act.Action, act.Before
		if act.After != "" {
			p.Version = act.After
		}
	}
	want, conf := digests[owner.Package], false
	if cf, ok := m.db.Conffile(c.base); ok && want == "" {
		want, conf = cf.MD5, true
	}
	switch {
	case conf:
		p.Role = roleConffile
	case want != "":
		p.Role = roleContent
	default:
		p.Role = roleListed
	}
	switch {
	case now.why != "" && c.c.Change == "removed":
		p.Digest, p.Reason = mismatch, "the package has it, and it is gone"
	case now.why != "":
		p.Digest, p.Reason = none, now.why
	case !now.isFile && want != "":
		p.Digest, p.Reason = mismatch, "the package has a file there, and it is none"
	case !now.isFile:
		p.Digest, p.Reason = none, "dpkg keeps no digest of what is no file"
	case want == "" && conf:
		p.Digest, p.Reason = none, "the configuration file is not set up yet"
	case want == "":
		p.Digest, p.Reason = none, "the package has no digest of it"
	case now.md5 == want:
		p.Digest = match
	case conf:
		p.Digest, p.Reason = mismatch, "its content is not what the package came with"
	default:
		p.Digest, p.Reason = mismatch, "its content is not the package's"
	}
	if p.Digest == mismatch && c.hand == script && t != nil {
		p.Reason += fmt.Sprintf(": %s, which the manager ran, changed it", program(c.c))
	}
	if r := touched(c.c); len(r) > 0 && p.Digest == match && c.hand < script {
		p.Digest = none
		p.Reason = fmt.Sprintf("the content is the package's, but %s changed, of which dpkg keeps no record", list(r))
	}
	if p.Transaction == "" {
		p.Reason = joined(p.Reason, other)
		if other == "" {
			p.Reason = joined(p.Reason, fmt.Sprintf("no run of dpkg that is known touched %s at that time", p.Name))
		}
	}
	c.c.Package = p
	// It may be unpacked, or set up, and not recorded yet.
	c.wait = m.running && c.hand != foreign && (p.Digest != match && (p.Role != roleListed || c.base != c.path) || p.Transaction == "")
	return err
}

func joined(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "; " + b
}

// unlisted says what is known of a path that no package has: one had it until
// lately, or a script made it.
func (m *ofDpkg) unlisted(c *candidate) error {
	if c.former != "" && (c.c.Change == "removed" || c.c.Change == "transient") {
		t, act := m.of(c.former, c.item)
		if act == nil || c.hand == foreign {
			t = nil
		}
		p := claimOf(t)
		p.Name, _, _ = strings.Cut(c.former, ":")
		p.Role, p.Digest, p.Action = roleListed, gone, "remove"
		if t != nil {
			p.Action, p.Before, p.Version = act.Action, act.Before, act.After
		} else {
			p.Reason = "no run of dpkg that is known took it away at that time"
		}
		c.c.Package = p
		c.wait = t == nil && m.running && c.hand != foreign
		return nil
	}
	if c.hand < script {
		// Unpacked by a manager that nobody saw, and not recorded yet.
		c.wait = m.running && c.hand == unknown
		return nil
	}
	t, _ := m.of("", c.item)
	if t == nil {
		return nil // apt or dpkg ran, and no run is on record
	}
	p := claimOf(t)
	p.Role, p.Digest = roleScript, none
	of := t.Scripts(c.at)
	for _, name := range of {
		if a := t.Act(name); a != nil && p.Name == "" {
			p.Name, _, _ = strings.Cut(name, ":")
			p.Action, p.Before, p.Version = a.Action, a.Before, a.After
			if p.Version == "" {
				p.Version = m.db.Version(name)
			}
		}
	}
	p.Reason = fmt.Sprintf("no package has it; %s, which the manager ran, made it", program(c.c))
	if c.hand == manager {
		p.Reason = fmt.Sprintf("no package has it; %s itself made it", program(c.c))
		// What it unpacks is recorded afterwards.
		c.wait = m.running && c.c.Change != "transient"
		if c.c.Change == "removed" {
			p.Role, p.Digest, p.Reason = roleListed, gone, "whose it was is not known: the manager had taken it away before this program first looked"
			c.wait = false
		}
	}
	if len(of) > 1 {
		p.Reason = joined(p.Reason, "in that second it was at work on "+list(of[:min(len(of), 5)]))
	}
	c.c.Package = p
	return nil
}

// database says what is known of the manager's own files.
func (m *ofDpkg) database(c *candidate) {
	t, _ := m.of("", c.item)
	if c.hand == foreign {
		t = nil
	}
	p := claimOf(t)
	p.Role, p.Digest, p.Name = roleDatabase, none, "dpkg"
	switch {
	case c.hand == foreign:
		p.Reason = fmt.Sprintf("a file of the manager's own, changed by %s, which is not below it", program(c.c))
	case t == nil && c.hand >= script:
		p.Reason = "a file of the manager's own, changed by itself outside of a transaction"
	case t == nil:
		p.Reason = "a file of the manager's own; no run of it is known at that time, nor who changed it"
	default:
		p.Reason = "a file of the manager's own"
		for _, name := range t.Scripts(c.at) {
			if a := t.Act(name); a != nil {
				p.Action = a.Action
			}
		}
	}
	if t == nil && m.running && c.hand != foreign {
		c.wait = true
	}
	c.c.Package = p
}

// origins says where the packages of the claims came from: one look at apt's
// indexes for all packages of their transactions.
func (m *ofDpkg) origins(ctx context.Context, cs []*candidate) error {
	st, err := m.d.cfg.Root.Stat("/var/lib/apt/lists")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && dpkg.StampOf(st) != m.lists || m.sought == nil {
		m.sought, m.sources = map[aptlist.Key]bool{}, map[aptlist.Key]aptlist.Source{}
		if err == nil {
			m.lists = dpkg.StampOf(st)
		}
	}
	claimed := map[string]bool{}
	for _, c := range cs {
		if p := c.c.Package; p != nil && p.Transaction != "" && p.Role != roleDatabase {
			claimed[p.Transaction] = true
		}
	}
	known := map[string]*dpkg.Transaction{}
	fresh := false
	for _, t := range m.all {
		if !claimed[t.ID] {
			continue
		}
		known[t.ID] = t
		if t.Apt == nil {
			continue
		}
		for name, ch := range t.Apt.Packages {
			if ch.After == "" {
				continue
			}
			for _, k := range keys(name, ch.After) {
				fresh = fresh || !m.sought[k]
				m.sought[k] = true
			}
		}
	}
	var failed error
	if fresh {
		m.sources, failed = aptlist.Find(ctx, m.d.cfg.Root, m.sought)
	}
	found := map[string]map[string]aptlist.Source{} // by transaction, and by name=version
	for id, t := range known {
		of := map[string]aptlist.Source{}
		if t.Apt != nil {
			for name, ch := range t.Apt.Packages {
				plain, _, _ := strings.Cut(name, ":")
				for _, k := range keys(name, ch.After) {
					if s, ok := m.sources[k]; ok && (!of[plain+"="+ch.After].Signed || s.Signed) {
						of[plain+"="+ch.After] = s
					}
				}
			}
		}
		found[id] = of
	}
	for _, c := range cs {
		p := c.c.Package
		if p == nil || p.Transaction == "" || p.Role == roleDatabase {
			continue
		}
		m.source(c, p, known[p.Transaction], found[p.Transaction])
	}
	return failed
}

// keys are the ways in which an index may have a package: apt gives one that is
// for all the architecture of the host.
func keys(name, version string) []aptlist.Key {
	plain, arch, _ := strings.Cut(name, ":")
	return []aptlist.Key{{Name: plain, Version: version, Arch: arch}, {Name: plain, Version: version, Arch: "all"}}
}

// source sets Origin and Repository of one claim.
func (m *ofDpkg) source(c *candidate, p *wire.PackageClaim, t *dpkg.Transaction, found map[string]aptlist.Source) {
	if p.Name == "" || p.Action == "remove" {
		return
	}
	if file := m.local(c, p.Name, t); file != "" {
		p.Origin = file
		p.Reason = joined(p.Reason, "installed from a file, not from a repository")
		return
	}
	brought := p.Action == "install" || p.Action == "upgrade"
	s, ok := found[p.Name+"="+p.Version]
	switch {
	case t.Apt == nil && brought:
		p.Reason = joined(p.Reason, "dpkg installed it without apt: from which file is not known")
	case ok:
		p.Origin, p.Repository = s.Origin, s.Signed
		p.Reason = joined(p.Reason, s.Reason)
	case brought:
		p.Reason = joined(p.Reason, "no index of a configured repository has this version now")
	}
}

// local gives the file that a package was installed from, where a command line
// names one.
func (m *ofDpkg) local(c *candidate, name string, t *dpkg.Transaction) string {
	if t.Apt != nil {
		return debOf(t.Apt.Command, name)
	}
	if m.debs == nil || len(m.debs) > 100 {
		m.debs = map[string]string{}
	}
	command, known := m.debs[t.ID]
	if !known {
		command = m.command(c)
		if command != "" {
			m.debs[t.ID] = command
		}
	}
	return debOf(command, name)
}

// command gives the command line of the dpkg above a change, while it runs, or
// as sudo has it.
func (m *ofDpkg) command(c *candidate) string {
	if c.c.Who == nil {
		return ""
	}
	if pid := among(c.c, "dpkg"); pid != 0 && m.d.cfg.Root.Live() {
		if b, err := m.d.cfg.Root.Read(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
			if line := strings.ReplaceAll(string(b), "\x00", " "); strings.HasPrefix(line, "dpkg ") || strings.HasPrefix(line, "/usr/bin/dpkg ") {
				return line
			}
		}
	}
	return c.c.Who.Sudo
}

// debOf gives the argument of a command line that is the file of a package: the
// one that is called so, or the only one.
func debOf(command, name string) string {
	var all []string
	for word := range strings.FieldsSeq(command) {
		if !strings.HasSuffix(word, ".deb") {
			continue
		}
		all = append(all, word)
		if file := word[strings.LastIndexByte(word, '/')+1:]; strings.HasPrefix(file, name+"_") || file == name+".deb" {
			return word
		}
	}
	if len(all) == 1 && !strings.Contains(all[0][strings.LastIndexByte(all[0], '/')+1:], "_") {
		return all[0]
	}
	return ""
}
