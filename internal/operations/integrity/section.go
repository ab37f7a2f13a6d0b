package integrity

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// Watching is what is used here of what an agent says of its watching.
type Watching struct {
	Mode     string       `json:"mode" doc:"fanotify, inotify, polling, starting, off, failed."`
	Reason   string       `json:"reason,omitempty"`
	Since    string       `json:"since,omitempty"`
	Refused  []RefusedWay `json:"refused,omitempty" doc:"Better ways, and why they are not in force."`
	Roots    []string     `json:"roots,omitempty"`
	Content  []string     `json:"content_roots,omitempty" doc:"Trees that are given out: what changes in them is content."`
	Problems []string     `json:"problems,omitempty"`
	Overflow int64        `json:"overflows,omitempty"`
	Unread   int64        `json:"unread_count,omitempty"`
	Baseline SaidBaseline `json:"baseline"`
	Own      OwnFiles     `json:"own"`
}

// RefusedWay is a better way of watching that is not in force.
type RefusedWay struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

// SaidBaseline is the baseline that an agent compares with, as it says.
type SaidBaseline struct {
	Root     string `json:"root"`
	Made     string `json:"made,omitempty"`
	Entries  int64  `json:"entries,omitempty"`
	Approval string `json:"approval,omitempty"`
	By       string `json:"approved_by,omitempty"`
}

// OwnFiles are where an agent says that its own files are.
type OwnFiles struct {
	Program  string `json:"program,omitempty"`
	Settings string `json:"settings,omitempty"`
	Key      string `json:"key,omitempty"`
	State    string `json:"state,omitempty"`
}

// realtime are the ways by which changes are seen as they happen.
var realtime = []string{"fanotify", "inotify"}

// Facts takes what an agent says of its watching from a batch of facts, within the
// transaction that records it. A batch without it says nothing here.
func (s *Service) Facts(ctx context.Context, tx *sql.Tx, b Batch) error {
	for i, raw := range b.Items {
		var sec facts.Section
		if err := json.Unmarshal(raw, &sec); err != nil {
			return fault.Wrap(fault.Invalid, err, "item %d is no section of facts: %v", i, err).At("", 0, "items")
		}
		if sec.Name != "watching" {
			continue
		}
		now := &Watching{}
		if len(sec.Values) > 0 {
			if err := json.Unmarshal(sec.Values, now); err != nil {
				return fault.Wrap(fault.Invalid, err, "section watching cannot be read: %v", err).At("", 0, fmt.Sprintf("items[%d]", i))
			}
		}
		h, _, err := s.lock(ctx, tx, b.Source, b.Name, b.ReceivedAt)
		if err != nil {
			return err
		}
		h.Watching, h.Gone = now, false
		return s.say(ctx, tx, &h)
	}
	return nil
}

// named is how many groups facts name; the rest stand on the screens.
const named = 50

// source names a host's files as a source of facts.
func source(of string) string { return "src_integrity-" + strings.TrimPrefix(of, "src_") }

// entry gives a host's files as they are judged.
func (s *Service) entry(ctx context.Context, q database.Querier, h *Watched) (entries.Entry, error) {
	open, err := openGroups(ctx, q, h.Source)
	if err != nil {
		return entries.Entry{}, err
	}
	h.Opened = int64(len(open))
	own, err := s.own(ctx, q, h, open)
	if err != nil {
		return entries.Entry{}, err
	}
	sec, err := section(h, open, own)
	return entries.Entry{Population: host.Integrity, Source: source(h.Source), Name: h.Name, Section: sec}, err
}

// say lets what is known of a host's files be judged, in the caller's transaction,
// and stores the host's row.
func (s *Service) say(ctx context.Context, tx *sql.Tx, h *Watched) error {
	e, err := s.entry(ctx, tx, h)
	if err != nil {
		return err
	}
	if h.Gone { // it comes back when its agent reports
		return saveWatched(ctx, tx, h)
	}
	h.said = e.Section.Digest
	if err := saveWatched(ctx, tx, h); err != nil {
		return err
	}
	return s.book.ObserveIn(ctx, tx, e)
}

// section gives the facts.
func section(h *Watched, open, own []*Group) (facts.Section, error) {
	heard := h.Silent.IsZero()
	f := facts.Integrity{Host: &h.Name, Heard: &heard}
	var missing []facts.Missing
	unknown := func(state facts.State, reason string, paths ...string) {
		for _, p := range paths {
			missing = append(missing, facts.Missing{Path: p, State: state, Reason: reason})
		}
	}
	w, blind := h.Watching, "" // why nothing can be said of what did not change
	switch {
	case !heard:
		since := h.Silent.UTC().Format(time.RFC3339)
		f.SilentSince, blind = &since, "nothing was heard of the agent since "+since
		unknown(facts.NotObserved, "nothing was heard of the agent since "+since, "/mode", "/realtime", "/refused", "/problems", "/baseline_root", "/baseline_agrees", "/baseline_approved")
	case w == nil || w.Mode == "":
		blind = "the agent has not said that it watches files"
		unknown(facts.NotObserved, "the agent has not said how it watches files", "/mode", "/realtime", "/refused", "/problems", "/baseline_root", "/baseline_agrees", "/baseline_approved")
	default:
		if w.Mode == "off" || w.Mode == "failed" {
			blind = "files are not watched: " + cmp.Or(w.Reason, w.Mode)
		}
		live := slices.Contains(realtime, w.Mode)
		f.Mode, f.Realtime, f.Refused, f.Problems, f.BaselineRoot = &w.Mode, &live, []string{}, append([]string{}, w.Problems...), &w.Baseline.Root
		for _, r := range w.Refused {
			f.Refused = append(f.Refused, r.Kind+": "+r.Reason)
		}
		if !live && w.Reason != "" {
			f.Problems = append(f.Problems, w.Mode+": "+w.Reason)
		}
		b := h.Baseline
		approved := b != nil && b.Approval != "" && w.Baseline.Root != "" && b.Root == w.Baseline.Root
		f.BaselineApproved = &approved
		if b != nil && b.Approval != "" {
			agrees := b.Root == w.Baseline.Root
			f.BaselineAgrees = &agrees
		} else {
			unknown(facts.Absent, "no baseline was approved yet", "/baseline_agrees")
		}
	}
	if heard {
		unknown(facts.Absent, "the agent is heard", "/silent_since")
	}
	if b := h.Baseline; b != nil && b.By != "" {
		f.BaselineApprovedBy = &b.By
	} else {
		unknown(facts.Absent, "nobody approved a baseline", "/baseline_approved_by")
	}
	lists := map[string][]facts.IntegrityOpen{}
	put := func(list string, g *Group) {
		if len(lists[list]) < named {
			lists[list] = append(lists[list], factOf(g))
		}
	}
	for _, g := range open {
		if g.System > 0 {
			put("system", g)
		}
		if g.Config > 0 {
			put("configuration", g)
		}
		if g.Content > 0 {
			put("content", g)
		}
		if g.Exceeded {
			put("exceeded", g)
		}
	}
	for _, g := range own {
		put("own", g)
	}
	list := func(name, path string) []facts.IntegrityOpen {
		if blind != "" && len(lists[name]) == 0 { // what lies open does so all the same
			unknown(facts.NotObserved, blind, path)
			return nil
		}
		return append([]facts.IntegrityOpen{}, lists[name]...)
	}
	f.UnexplainedSystem, f.UnexplainedConfiguration = list("system", "/unexplained_system"), list("configuration", "/unexplained_configuration")
	f.UnexplainedContent, f.Exceeded, f.Own = list("content", "/unexplained_content"), list("exceeded", "/exceeded"), list("own", "/own")
	return facts.NewSection("integrity", f, missing)
}

// factOf says in facts what lies open.
func factOf(g *Group) facts.IntegrityOpen {
	left := g.Count - g.UndoneN
	return facts.IntegrityOpen{Group: g.Ref, Files: left, Paths: PathsOf(g), By: ByOf(g), Since: g.First.UTC().Format("2006-01-02T15:04:05Z"), Reason: clip(g.Reason, 300)}
}

// PathsOf names the first paths of a group, and how many changes more there are.
func PathsOf(g *Group) string {
	text := clip(strings.Join(g.Paths, ", "), 400)
	if more := g.Count - int64(len(g.Paths)); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// ByOf says who did it, as far as it is known.
func ByOf(g *Group) string {
	who := cmp.Or(g.Login, g.User)
	if g.Login != "" && g.User != "" && g.Login != g.User {
		who = g.Login + " as " + g.User
	}
	switch {
	case who == "" && g.Program == "":
		return "nobody knows who"
	case g.Program == "":
		return who
	case who == "":
		return g.Program
	}
	return who + " with " + g.Program
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// own gives the open groups that hold files of the agent itself.
func (s *Service) own(ctx context.Context, q database.Querier, h *Watched, open []*Group) ([]*Group, error) {
	var out []*Group
	for _, g := range open {
		there, err := holdsOwn(ctx, q, g.Number, ownPaths(h.Watching))
		if err != nil {
			return nil, err
		}
		if there {
			out = append(out, g)
		}
	}
	return out, nil
}

// ownPaths are the files of the agent: where it says that they are, and where its
// package puts them.
func ownPaths(w *Watching) []string {
	list := []string{"/usr/bin/attesta-agent", "/usr/local/bin/attesta-agent", "/etc/attesta/agent.", "/etc/attesta-agent", "/var/lib/attesta-agent/", "/lib/systemd/system/attesta-agent", "/usr/lib/systemd/system/attesta-agent", "/etc/systemd/system/attesta-agent"}
	if w != nil {
		for _, p := range []string{w.Own.Program, w.Own.Settings, w.Own.Key, w.Own.State} {
			if strings.HasPrefix(p, "/") {
				list = append(list, p)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

const (
	renewAfter = 40 * time.Second // what was said is said again, before it counts as not observed
	perTurn    = 200              // hosts of one transaction
)

// Turn says again what is in force of every watched host, and what became of those
// that fell silent, were heard again, have another name, or left. It is called every
// half minute; a host of which nothing changed costs a few small writes.
func (s *Service) Turn(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	silent := map[string]time.Time{}
	if s.cfg.Silent != nil {
		var err error
		if silent, err = s.cfg.Silent(ctx); err != nil {
			return err
		}
	}
	rows, err := turnRows(ctx, s.cfg.DB.Reader())
	if err != nil {
		return err
	}
	var due []turnRow
	for _, r := range rows {
		r.since = silent[r.source]
		r.changed = r.since.IsZero() != r.silent.IsZero() || r.hostID != r.known || r.name != r.now && r.now != "" || r.said == ""
		if r.left {
			if !r.gone {
				if err := s.leave(ctx, r); err != nil {
					return err
				}
			}
			delete(s.said, r.source)
			continue
		}
		if since := now.Sub(s.said[r.source]); r.changed || since >= renewAfter || since < 0 {
			due = append(due, r)
		}
	}
	for from := 0; from < len(due); from += perTurn {
		some := due[from:min(from+perTurn, len(due))]
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			for _, r := range some {
				if err := s.renew(ctx, tx, r, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, r := range some {
			s.said[r.source] = now
		}
	}
	if len(due) > 0 {
		s.cfg.Ledger.Wake()
	}
	return nil
}

// turnRow is a watched host as a turn looks at it.
type turnRow struct {
	source, hostID, name, said string
	known, now                 string // id and name in the register of hosts
	silent, since              time.Time
	gone, left, changed        bool
}

func (s *Service) renew(ctx context.Context, tx *sql.Tx, r turnRow, now time.Time) error {
	if !r.changed {
		return s.book.ConfirmIn(ctx, tx, entries.Entry{Population: host.Integrity, Source: source(r.source), Name: r.name, Section: facts.Section{Name: "integrity", Digest: r.said}})
	}
	h, _, err := s.lock(ctx, tx, r.source, r.name, now)
	if err != nil {
		return err
	}
	h.HostID, h.Silent = cmp.Or(r.known, h.HostID), r.since
	if r.now != "" {
		h.Name = r.now
	}
	return s.say(ctx, tx, &h)
}

// leave takes the files of a host out with the host.
func (s *Service) leave(ctx context.Context, r turnRow) error {
	if err := s.book.Leave(ctx, source(r.source), "the host left the population"); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return markGone(ctx, tx, r.source) })
}

// Classes gives the classes of a group's changes.
func (g *Group) Classes() []verdict.Class {
	var out []verdict.Class
	for _, c := range []struct {
		n int64
		c verdict.Class
	}{{g.System, verdict.System}, {g.Config, verdict.Configuration}, {g.Content, verdict.Content}} {
		if c.n > 0 {
			out = append(out, c.c)
		}
	}
	return out
}

func may(p access.Principal) error { return access.Authorise(p, access.IntegrityRead) }

// Baseline changes what is known of a host's baseline, in the caller's transaction,
// and lets it be judged.
func (s *Service) Baseline(ctx context.Context, tx *sql.Tx, of string, edit func(h *Watched, b *Baseline) error) error {
	if _, err := watchedOf(ctx, tx, of); err != nil {
		return err
	}
	h, _, err := s.lock(ctx, tx, of, "", s.cfg.Clock())
	if err != nil {
		return err
	}
	if h.Baseline == nil {
		h.Baseline = &Baseline{}
	}
	if err := edit(&h, h.Baseline); err != nil {
		return err
	}
	return s.say(ctx, tx, &h)
}

// Since is what changed on a host since a moment, by verdict.
type Since struct {
	From    time.Time              `json:"from"`
	Groups  map[verdict.Kind]int64 `json:"groups"`
	Changes map[verdict.Kind]int64 `json:"changes"`
	Open    []Group                `json:"open" doc:"Unexplained, and nobody explained them."`
}

// Since gives what changed on a host since a moment (integrity.read).
func (s *Service) Since(ctx context.Context, p access.Principal, of string, from time.Time) (Since, error) {
	if err := may(p); err != nil {
		return Since{}, err
	}
	return sinceOn(ctx, s.cfg.DB.Reader(), of, from)
}

// SinceIn is Since within a transaction.
func (s *Service) SinceIn(ctx context.Context, tx *sql.Tx, of string, from time.Time) (Since, error) {
	return sinceOn(ctx, tx, of, from)
}

// HostIn gives one watched host within a transaction, by its id or its source.
func (s *Service) HostIn(ctx context.Context, tx *sql.Tx, id string) (*Watched, error) {
	return watchedOf(ctx, tx, id)
}
