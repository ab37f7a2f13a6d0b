package patching

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/wire"
)

// Watch is what a host's agent knows of its watching.
type Watch struct {
	Host, Mode string
	Since      time.Time
	Refused    []facts.WatchingRefusal
	Problems   []string
	Overflows  int64

	Root         string // of the baseline in force
	Made         time.Time
	Entries      int64
	Approval, By string // where somebody approved it
	Candidate    string // root of the newest snapshot
	CandidateAt  time.Time
}

// trees are watched on every host.
var trees = []string{"/boot", "/etc", "/opt", "/srv/www", "/usr"}

// Section says it as the agent does.
func (w *Watch) Section() (facts.Section, error) {
	none, no, day, zero := "", false, w.Made.UTC().Format(time.DateOnly), int64(0)
	since, made := w.Since.UTC().Format(time.RFC3339), w.Made.UTC().Format(time.RFC3339)
	files, bytes := w.Entries*9/10, w.Entries*61_441
	program, sum, settings, set, key := "/usr/bin/attesta-agent", Sum("agent"), "/etc/attesta-agent/agent.yaml", Sum("settings"), Sum("key", w.Host)
	v := facts.Watching{Mode: &w.Mode, Reason: &none, Since: &since, Refused: append([]facts.WatchingRefusal{}, w.Refused...), Who: []string{}, Roots: trees, ContentRoots: []string{"/srv/www"}, NotThere: []string{}, AddedRoots: []string{},
		Excluded: []string{"/etc/mtab", "/usr/share/mime"}, SettingsPending: &no, Overflows: &w.Overflows, Rehash: &facts.WatchingRehash{Completed: &day}, Problems: append([]string{}, w.Problems...), Unread: []facts.WatchingGap{}, LeftOut: []facts.WatchingGap{}, UnreadCount: &zero,
		Baseline: &facts.WatchingBaseline{Root: &w.Root, Made: &made, Entries: &w.Entries, Files: &files, Bytes: &bytes, Approval: &w.Approval, ApprovedBy: &w.By},
		Own:      &facts.WatchingOwn{Program: &program, ProgramSha256: &sum, Settings: &settings, SettingsSha256: &set, KeySha256: &key}}
	if w.Mode == "fanotify" {
		v.Who = []string{"process connector", "audit login id"}
	}
	return facts.NewSection("watching", v, nil)
}

// Found is how changes are found in the mode in force.
func (w *Watch) Found() string {
	if w.Mode == "polling" {
		return "polling"
	}
	return "event"
}

// Snapshot looks at everything anew.
func (w *Watch) Snapshot(at time.Time) wire.SnapshotResult {
	n := 38_000 + int64(len(w.Host))*431 + at.Unix()/86_400%90*17
	w.Candidate, w.CandidateAt = Sum("root", w.Host, at.Unix()), at
	return wire.SnapshotResult{Root: w.Candidate, Entries: n, Files: n * 9 / 10, Bytes: n * 61_441, Baseline: w.Root, Made: at}
}

// Take makes the newest snapshot the baseline that is compared with.
func (w *Watch) Take(root, approval, by string) {
	w.Root, w.Made, w.Approval, w.By = root, w.CandidateAt, approval, by
	w.Entries = 38_000 + int64(len(w.Host))*431 + w.CandidateAt.Unix()/86_400%90*17
}

// files are those in which hosts of a kind differ, and some in which they do not.
// A name with ! has another content on each host; one with ? is only where the number
// of the host is odd.
var files = []string{"/boot/grub/grub.cfg", "/etc/hostname!", "/etc/hosts", "/etc/machine-id!", "/etc/nftables.conf", "/etc/ssh/sshd_config", "/etc/ssh/ssh_host_ed25519_key!", "/etc/ssh/ssh_host_ed25519_key.pub!", "/etc/cron.d/certificates",
	"/etc/nginx/nginx.conf", "/etc/nginx/sites-enabled/ledger", "/etc/nginx/sites-enabled/status?", "/etc/sysctl.d/60-farol.conf", "/opt/farol/ledger/ledger.jar", "/opt/farol/ledger/config/bank.conf", "/opt/farol/ledger/config/log.yaml?", "/srv/www/index.html",
	"/usr/bin/openssl", "/usr/sbin/nginx", "/usr/lib/x86_64-linux-gnu/libssl.so.3"}

func mark(host, f string) (name, state string, there bool) {
	name = strings.TrimRight(f, "!?")
	switch {
	case strings.HasSuffix(f, "!"):
		return name, host, true
	case strings.HasSuffix(f, "?"):
		return name, "same", strings.HasSuffix(host, "1") || strings.HasSuffix(host, "3") || strings.HasSuffix(host, "5")
	}
	return name, "same", true
}

// digest is that of a path and all below it; "" where there is nothing.
func digest(host, at string) (sum string, directory bool) {
	var parts []any
	for _, f := range files {
		name, state, there := mark(host, f)
		switch {
		case !there:
		case name == at:
			return Sum(name, state), false
		case strings.HasPrefix(name, at+"/"):
			parts = append(parts, name, state)
		}
	}
	if parts == nil {
		return "", false
	}
	return Sum(parts...), true
}

// Drill says what lies in a directory of a snapshot; "" is the trees.
func (w *Watch) Drill(args wire.AskDrillArgs) wire.DrillResult {
	out := wire.DrillResult{Of: args.Of, Path: args.Path, Root: w.Root}
	if args.Of == "candidate" {
		out.Root = w.Candidate
	}
	var names []string
	if args.Path == "" {
		names = trees
	} else {
		for _, f := range files {
			if name := strings.TrimRight(f, "!?"); strings.HasPrefix(name, args.Path+"/") {
				first, _, _ := strings.Cut(strings.TrimPrefix(name, args.Path+"/"), "/")
				names = append(names, first)
			}
		}
	}
	slices.Sort(names)
	var all []any
	for _, n := range slices.Compact(names) {
		full := n
		if args.Path != "" {
			full = path.Join(args.Path, n)
		}
		sum, directory := digest(w.Host, full)
		if sum == "" {
			continue
		}
		e := wire.DrillEntry{Name: n, Type: "file", Digest: sum}
		if directory {
			e.Type = "directory"
		}
		out.Entries = append(out.Entries, e)
		all = append(all, n, sum)
	}
	out.Digest = Sum(all...)
	return out
}
