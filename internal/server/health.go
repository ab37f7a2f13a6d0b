package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

// oldestBackup is the age from which on a backup no longer counts as recent.
const oldestBackup = 26 * time.Hour

// watched is what the checks of a running server are about.
type watched struct {
	web, agents net.Addr
	public      string // what people type
}

// offlineChecks are those that need nothing but the data directory and its
// database; db is nil where it could not be opened, which err says.
func offlineChecks(dir DataDir, now func() time.Time, version string, db *database.DB, err error) []health.Check {
	list := []health.Check{health.Modes(string(dir)), health.Space(string(dir)), health.Headroom(string(dir)), programCheck(dir, version),
		health.KernelClock(), health.FileClock(string(dir)), health.Certificate(dir.Keys(), now), shippedPacks(), canaryFails()}
	onDatabase := []health.Check{health.Database(db, now, false), health.Schema(db), health.LedgerHead(db, dir.Ledger(), ledgerKey(dir)), health.Backup(db, now, oldestBackup), anchor.Check(db, now)}
	for _, c := range onDatabase {
		if db == nil {
			c.Run = func(context.Context) health.Result { return health.Failed(err) }
		}
		list = append(list, c)
	}
	return list
}

func ledgerKey(dir DataDir) string { return filepath.Join(dir.Keys(), "ledger.key") }

// liveNames are the checks that only a running server can answer, with what
// each asks: the doctor names them where none runs.
func liveNames() []health.Check {
	return []health.Check{
		{Name: "ledger.publishes", Asks: "Do entries get their position in the ledger?", Ready: true},
		{Name: "clock.ledger", Asks: "Is the clock level with the ledger's last entry?"},
		{Name: "clock.agents", Asks: "Do the agents' clocks agree with this one?"},
		{Name: "backup.runs", Asks: "Are backups made as planned, and does the newest hold where it was verified?"},
		{Name: "jobs.run", Asks: "Does periodic and queued work get done?"},
		{Name: "agents.heard", Asks: "Has every host in the population reported lately?"},
		{Name: "mail.sends", Asks: "Is what people chose to be mailed sent?"},
		{Name: "notices.told", Asks: "Could every record be read, so that people were told of it?"},
		{Name: "login.saml", Asks: "Can people go on coming in by the provider that speaks SAML?"},
		{Name: "packs.installed", Asks: "Do the installed standards load, and are they what was installed?"},
		{Name: "access.declared", Asks: "Is it declared who can run SQL and read the data directory?"},
		{Name: "listen.screens", Asks: "Do the screens answer, and only over a way that is encrypted or local?"},
		{Name: "listen.agents", Asks: "Does the agents' listener answer?"},
	}
}

// healthChecks are all checks of a running server.
func (p *parts) healthChecks(w watched) []health.Check {
	list := offlineChecks(p.dir, p.clock, p.version, p.db, nil)
	for i, c := range list {
		if c.Name == "database.answers" {
			list[i] = health.Database(p.db, p.clock, true)
		}
	}
	list = append(list, health.Blobs("blobs.work", "the store of content", p.dir.Blobs(), true), health.Blobs("evidence.work", "the store of evidence", p.dir.Evidence(), true))
	run := map[string]func(context.Context) health.Result{
		"ledger.publishes": health.Publishing(p.log).Run,
		"clock.ledger":     health.LedgerClock(p.log).Run,
		"clock.agents":     p.agentClocks,
		"backup.runs":      p.backups.Health,
		"jobs.run":         health.Jobs(p.jobs, p.clock).Run,
		"agents.heard":     p.silentHosts,
		"mail.sends":       p.notices.MailHealth,
		"notices.told":     p.notices.GapHealth,
		"login.saml":       p.saml.Health,
		"packs.installed":  p.installedPacks,
		"access.declared":  p.reachDeclared,
		"listen.screens":   func(ctx context.Context) health.Result { return screensAddress(ctx, w) },
		"listen.agents":    func(ctx context.Context) health.Result { return answers(ctx, w.agents, "agents, by mutual TLS") },
	}
	for _, c := range liveNames() {
		c.Run = run[c.Name]
		list = append(list, c)
	}
	return inOrder(list)
}

func inOrder(list []health.Check) []health.Check {
	slices.SortFunc(list, func(a, b health.Check) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// stoppedChecks are all checks where no server runs.
func stoppedChecks(dir DataDir, now func() time.Time, version string, db *database.DB, err error) []health.Check {
	list := append(offlineChecks(dir, now, version, db, err),
		health.Blobs("blobs.work", "the store of content", dir.Blobs(), false), health.Blobs("evidence.work", "the store of evidence", dir.Evidence(), false))
	for _, c := range liveNames() {
		c.Run = func(context.Context) health.Result {
			return health.NotObserved("start it with 'attesta up' or 'attesta serve'", "no server runs on this data directory")
		}
		list = append(list, c)
	}
	return inOrder(list)
}

// programCheck holds this program against the one that last wrote the data.
func programCheck(dir DataDir, version string) health.Check {
	return health.Check{Name: "program.version", Asks: "Is this the program that last wrote the data directory?", Run: func(context.Context) health.Result {
		wrote, ok, err := dir.wroteLast()
		switch {
		case err != nil:
			return health.Failed(err)
		case !ok:
			return health.NotObserved("start the server once", "no server of a version that notes itself has written here")
		case wrote.Version != version:
			return health.Fail("run one version: the server's, or restart the server with this one", "this is %s (%s); %s wrote here last, on %s", version, goVersion(), wrote.Version, wrote.At.UTC().Format(time.DateTime))
		}
		return health.Pass("%s (%s), since %s", version, goVersion(), wrote.At.UTC().Format(time.DateTime))
	}}
}

func goVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.GoVersion
	}
	return "built by an unknown Go"
}

func shippedPacks() health.Check {
	load := sync.OnceValue(func() health.Result { // they are part of the program and do not change
		var names []string
		for _, name := range packs.Standards() {
			fsys, err := packs.OpenStandard(name)
			if err != nil {
				return health.Failed(err)
			}
			loaded, err := pack.Default().Load(fsys)
			if err != nil {
				return health.Failed(fmt.Errorf("the shipped standard %s: %w", name, err))
			}
			names = append(names, fmt.Sprintf("%s %s (%.12s)", loaded.ID, loaded.Version, loaded.Digest))
		}
		return health.Pass("%s", strings.Join(names, ", "))
	})
	return health.Check{Name: "packs.shipped", Asks: "Do the standards that come with this program load?", Run: func(context.Context) health.Result { return load() }}
}

// installedPacks loads every stored version again; what is stored must have
// the digest under which it was installed.
func (p *parts) installedPacks(ctx context.Context) health.Result {
	all, err := p.standards.List(ctx)
	if err != nil {
		return health.Failed(err)
	}
	for _, st := range all {
		fsys, err := p.standards.Content(ctx, st.ID)
		if err != nil {
			return health.Failed(err)
		}
		seen, err := bytesOf(fsys)
		if err != nil {
			return health.Failed(err)
		}
		if _, ok := p.sound.Load(st.ID + seen); ok {
			continue // the same bytes were loaded before
		}
		loaded, err := pack.Default().Load(fsys)
		if err != nil {
			return health.Failed(fault.Wrap(fault.Unavailable, err, "the standard %s %s cannot be loaded by this version: %v", st.Pack, st.Version, err).WithHint("install a newer version of it"))
		}
		if loaded.Digest != st.Base {
			return health.Fail("restore a backup: the database holds other bytes than were installed", "the stored content of %s %s has the digest %s, not %s", st.Pack, st.Version, loaded.Digest, st.Base)
		}
		p.sound.Store(st.ID+seen, true)
	}
	if len(p.refused) > 0 {
		return health.Failed(p.refused[0])
	}
	return health.Pass("%d versions, each with the digest under which it was installed", len(all))
}

// bytesOf gives a digest over every name and byte of a pack as it is stored.
func bytesOf(fsys fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(fsys, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(fsys, path)
		fmt.Fprintf(h, "%q %d\n", path, len(raw))
		h.Write(raw) // never fails
		return err
	})
	return string(h.Sum(nil)), err
}

func (p *parts) silentHosts(ctx context.Context) health.Result {
	silent, _, many, err := p.hosts.List(ctx, host.Filter{State: host.IsSilent}, "", 5)
	if err != nil {
		return health.Failed(err)
	}
	_, _, all, err := p.hosts.List(ctx, host.Filter{}, "", 1)
	if err != nil {
		return health.Failed(err)
	}
	if all == 0 {
		return health.NotObserved("enrol one: 'attesta agent token' tells how", "no host reports")
	}
	if many > 0 {
		names := make([]string, len(silent))
		for i, h := range silent {
			names[i] = h.Name
		}
		if many > int64(len(silent)) {
			names = append(names, "…")
		}
		return health.Fail("see Hosts, state silent: start the agent there, or retire the host", "%d of %d hosts are silent: %s", many, all, strings.Join(names, ", "))
	}
	return health.Pass("none of %d is silent", all)
}

// agentClocks holds what the agents' clocks say against ours.
func (p *parts) agentClocks(ctx context.Context) health.Result {
	sources, err := p.ingest.Sources(ctx, access.System())
	if err != nil {
		return health.Failed(err)
	}
	measured, off := 0, []string{}
	for _, s := range sources {
		if s.ClockOffset == nil || !s.RevokedAt.IsZero() || p.clock().Sub(s.ClockAt) > 24*time.Hour {
			continue
		}
		if measured++; s.ClockOffset.Abs() > 5*time.Second {
			off = append(off, fmt.Sprintf("%s by %s", s.Name, s.ClockOffset.Round(time.Second)))
		}
	}
	switch {
	case measured == 0:
		return health.NotObserved("enrol an agent", "no agent's clock was measured within a day")
	case len(off)*2 > measured && measured > 1:
		return health.Fail("this machine's clock is the likelier to be wrong: see clock.synchronised", "%d of %d agents' clocks are off: %s", len(off), measured, shorten(off))
	case len(off) > 0:
		return health.Fail("start a time service on those hosts", "%d of %d agents' clocks are off: %s", len(off), measured, shorten(off))
	}
	return health.Pass("%d measured within a day, none further off than 5 s", measured)
}

func shorten(list []string) string {
	if len(list) > 5 {
		list = append(list[:5:5], "…")
	}
	return strings.Join(list, ", ")
}

// screensAddress refuses screens that other machines reach without encryption.
func screensAddress(ctx context.Context, w watched) health.Result {
	at, _ := w.web.(*net.TCPAddr)
	u, err := url.Parse(w.public)
	if err != nil {
		return health.Failed(err)
	}
	if at != nil && !at.IP.IsLoopback() && u.Scheme != "https" {
		return health.Fail("listen on localhost and put a proxy with TLS before it; name its address with --public-url https://…",
			"the screens listen on %s without encryption, and the public address is %s: sessions can be read on the way", w.web, w.public)
	}
	return answers(ctx, w.web, "people at "+w.public)
}

func answers(ctx context.Context, at net.Addr, whom string) health.Result {
	var d net.Dialer
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	c, err := d.DialContext(ctx, "tcp", reachable(at))
	if err != nil {
		return health.Failed(fault.Wrap(fault.Unavailable, err, "%s does not answer: %v", at, err).WithHint("restart the server"))
	}
	if err := c.Close(); err != nil {
		return health.Failed(err)
	}
	return health.Pass("%s answers, for %s", at, whom)
}

// reachable gives the address that a listener on every address is asked at.
func reachable(at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	return at.String()
}

// answerHealth adds what load balancers and service managers ask.
func (p *parts) answerHealth(mux *doors, control presence) {
	plain := func(w http.ResponseWriter, status int, text string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		if _, err := w.Write([]byte(text)); err != nil {
			p.logger.Debug("an answer was not delivered", "error", err)
		}
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if names := p.health.Unready(r.Context()); len(names) > 0 {
			plain(w, http.StatusServiceUnavailable, strings.Join(names, "\n")+"\n")
			return
		}
		plain(w, http.StatusOK, "ready\n")
	})
	mux.Handle("POST /-/doctor", takes(p, control, func(ctx context.Context, _ struct{}) (any, error) {
		return p.health.Anew(ctx, access.System())
	}))
}

// wrote is who last wrote a data directory: the file "version" in it.
type wrote struct {
	Version string    `json:"version"`
	At      time.Time `json:"since"` // its first start here
}

func (d DataDir) versionFile() string { return filepath.Join(string(d), "version") }

var errNotVersion = fault.New(fault.Refused, "the file version in the data directory is damaged").WithHint("remove it; the server writes it at its start")
