package resilience

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/entries"
	"github.com/attesta/attesta/internal/operations/host"
)

// Held is something of the inventory that may need a backup.
type Held struct {
	Ref   string `json:"ref"`
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Class string `json:"class,omitempty"`
}

// Config is what the service depends on. DB, Ledger, Hosts and Clock are required.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Hosts   *host.Service
	Clock   clock.Clock
	Version string
	Zone    func(ctx context.Context) (*time.Location, error) // nil: UTC
	// Inventory gives what holds data; nil: nothing is known.
	Inventory func(ctx context.Context) ([]Held, error)
	// Own gives the newest runs of this program's own backup; nil: it makes none.
	Own func(ctx context.Context) ([]RunText, error)
}

// Service keeps the registers over one database.
type Service struct {
	cfg        Config
	backups    *journal.Journal[Backup]
	threats    *journal.Journal[Threat]
	alternates *journal.Journal[Alternate]
	book       *entries.Book

	mu     sync.Mutex // one Turn at a time
	said   []entries.Entry
	judged time.Time // guarded by mu
	stir   bool      // guarded by mu: something changed since
}

// Objects with their numbers and history.
type (
	BackupObject    = journal.Object[Backup]
	ThreatObject    = journal.Object[Threat]
	AlternateObject = journal.Object[Alternate]
)

// New makes the service.
func New(cfg Config) *Service {
	j := journal.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock}
	return &Service{cfg: cfg, backups: journal.New[Backup](j, BackupKind), threats: journal.New[Threat](j, ThreatKind), alternates: journal.New[Alternate](j, AlternateKind),
		book: entries.New(entries.Config{DB: cfg.DB, Ledger: cfg.Ledger, Hosts: cfg.Hosts, Clock: cfg.Clock, Version: cfg.Version})}
}

// Bindings hold the ledger's records of this package against its rows.
func Bindings() []ledger.Binding {
	return slices.Concat(journal.Bindings[Backup](BackupKind), journal.Bindings[Threat](ThreatKind), journal.Bindings[Alternate](AlternateKind), []ledger.Binding{{Name: "backup_runs.reported", Check: holdRuns}})
}

func (s *Service) zone(ctx context.Context) (*time.Location, error) {
	if s.cfg.Zone == nil {
		return time.UTC, nil
	}
	return s.cfg.Zone(ctx)
}

// Zone gives the organisation's zone.
func (s *Service) Zone(ctx context.Context) (*time.Location, error) { return s.zone(ctx) }

func (s *Service) today(ctx context.Context) (Day, error) {
	zone, err := s.zone(ctx)
	return on(s.cfg.Clock(), zone), err
}

func (s *Service) edit(ctx context.Context, p access.Principal) (Day, error) {
	if err := access.Authorise(p, access.ResilienceEdit); err != nil {
		return "", err
	}
	if p.IsSystem() {
		return "", fault.New(fault.Forbidden, "a named person does this")
	}
	return s.today(ctx)
}

func (s *Service) stirred() {
	s.mu.Lock()
	s.stir = true
	s.mu.Unlock()
}

// AddBackup takes a backup into the register (resilience.edit).
func (s *Service) AddBackup(ctx context.Context, p access.Principal, in BackupText) (*BackupObject, error) {
	if _, err := s.edit(ctx, p); err != nil {
		return nil, err
	}
	return s.addBackup(ctx, p, in, false)
}

func (s *Service) addBackup(ctx context.Context, p access.Principal, in BackupText, own bool) (*BackupObject, error) {
	if err := in.tidy(); err != nil {
		return nil, err
	}
	same, err := s.named(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	if same != nil {
		return nil, fault.New(fault.Conflict, "%s is %s already", in.Name, same.Ref).At("", 0, "name").WithHint("give it another name, or describe that one anew")
	}
	defer s.stirred()
	return s.backups.Create(ctx, p, "added", "", Backup{BackupText: in, State: "active", Own: own, Added: s.cfg.Clock()})
}

// named gives the backup of a name that was not ended; nil where there is none.
func (s *Service) named(ctx context.Context, name string) (*BackupObject, error) {
	list, _, err := s.backups.List(ctx, journal.Filter{Topic: name, States: []string{"active"}, Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func (s *Service) changeBackup(ctx context.Context, p access.Principal, ref, step, note string, change func(b *Backup, today Day) error) (*BackupObject, error) {
	today, err := s.edit(ctx, p)
	if err != nil {
		return nil, err
	}
	defer s.stirred()
	return s.backups.Change(ctx, p, ref, 0, step, note, func(_ *sql.Tx, o *BackupObject) error {
		if o.Content.State != "active" {
			return fault.New(fault.Conflict, "%s ended on %s", o.Ref, o.Content.Ended)
		}
		return change(&o.Content, today)
	})
}

// DescribeBackup writes anew what a backup is (resilience.edit). Runs keep the name
// that they were reported with.
func (s *Service) DescribeBackup(ctx context.Context, p access.Principal, ref string, in BackupText) (*BackupObject, error) {
	if err := in.tidy(); err != nil {
		return nil, err
	}
	same, err := s.named(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	o, err := s.backups.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if same != nil && same.ID != o.ID {
		return nil, fault.New(fault.Conflict, "%s is %s already", in.Name, same.Ref).At("", 0, "name")
	}
	return s.changeBackup(ctx, p, ref, "described", "", func(b *Backup, _ Day) error {
		b.BackupText = in
		return nil
	})
}

// TryRestore records a restore and how it ended (resilience.edit).
func (s *Service) TryRestore(ctx context.Context, p access.Principal, ref string, in Restore) (*BackupObject, error) {
	return s.changeBackup(ctx, p, ref, "restored", "", func(b *Backup, today Day) error {
		zone, err := s.zone(ctx)
		if err != nil {
			return err
		}
		if err := in.tidy(today, on(b.Added, zone)); err != nil {
			return err
		}
		if len(b.Tried) == 200 {
			return fault.New(fault.Conflict, "200 restores stand here already").WithHint("end this backup and add it anew for further ones")
		}
		b.Tried = append(b.Tried, Tried{Number: len(b.Tried) + 1, Restore: in, By: p.UserID, At: s.cfg.Clock()})
		return nil
	})
}

// EndBackup says that a backup is made no more, and why (resilience.edit).
func (s *Service) EndBackup(ctx context.Context, p access.Principal, ref, why string) (*BackupObject, error) {
	if _, err := journal.Note(why, true); err != nil {
		return nil, err
	}
	o, err := s.changeBackup(ctx, p, ref, "ended", why, func(b *Backup, today Day) error {
		b.State, b.Ended, b.Reason = "ended", today, ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return o, s.book.Leave(ctx, sourceOf(o.ID), "the backup ended: "+why)
}

// Seen is a backup with what it comes to now.
type Seen struct {
	*BackupObject
	Judged []Attribute `json:"attributes"`
	Runs   Runs        `json:"runs,omitempty"` // newest first
}

// Worst gives the outcome that a list shows: fail before not observed before pass.
func Worst(list []Attribute) Attribute {
	for _, want := range []string{fail, unk, pass} {
		if i := slices.IndexFunc(list, func(a Attribute) bool { return a.Outcome == want }); i >= 0 {
			return list[i]
		}
	}
	if len(list) == 0 {
		return Attribute{Outcome: na}
	}
	return list[0]
}

// see judges a backup by the runs that count: its newest ones, and the newest good
// ones where they lie further back.
func (s *Service) see(ctx context.Context, q database.Querier, o *BackupObject, zone *time.Location, limit int) (*Seen, error) {
	runs, err := newestRuns(ctx, q, o.ID, limit)
	if err != nil {
		return nil, err
	}
	good, err := lastGood(ctx, q, o.ID)
	if err != nil {
		return nil, err
	}
	judged := slices.Clone(runs)
	for _, g := range good {
		if !slices.ContainsFunc(judged, func(r Run) bool { return r.ID == g.ID }) {
			judged = append(judged, g) // older than all of those
		}
	}
	return &Seen{o, o.Content.judge(judged, s.cfg.Clock(), zone), runs}, nil
}

// Backups gives every backup with what it comes to, newest first (resilience.read).
func (s *Service) Backups(ctx context.Context, p access.Principal) ([]*Seen, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	return s.all(ctx)
}

func (s *Service) all(ctx context.Context) ([]*Seen, error) {
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	list, _, err := s.backups.List(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	out := make([]*Seen, len(list))
	for i := range list {
		if out[i], err = s.see(ctx, s.cfg.DB.Reader(), &list[i], zone, 15); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Backup gives one with its history and newest runs (resilience.read).
func (s *Service) Backup(ctx context.Context, p access.Principal, ref string) (*Seen, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.backups.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.see(ctx, s.cfg.DB.Reader(), o, zone, 60)
}

// Bare gives what holds data and is named by no backup, not even by one that says
// why there is none (resilience.read).
func (s *Service) Bare(ctx context.Context, p access.Principal) ([]Held, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	if s.cfg.Inventory == nil {
		return nil, nil
	}
	held, err := s.cfg.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	list, _, err := s.backups.List(ctx, journal.Filter{States: []string{"active"}})
	if err != nil {
		return nil, err
	}
	covered := map[string]bool{}
	for _, o := range list {
		for _, c := range o.Content.Covers {
			covered[strings.ToLower(c)] = true
		}
	}
	return slices.DeleteFunc(held, func(h Held) bool { return covered[strings.ToLower(h.Ref)] || covered[strings.ToLower(h.Name)] }), nil
}

// Told says what became of a report of runs.
type Told struct {
	New   int `json:"new"`
	There int `json:"there"` // the same run stands there already
}

// Report takes in what runs of backups said (resilience.report): all of it, or
// nothing where one cannot be taken.
func (s *Service) Report(ctx context.Context, p access.Principal, via string, in []RunText) (Told, error) {
	if err := access.Authorise(p, access.ResilienceReport); err != nil {
		return Told{}, err
	}
	return s.report(ctx, p, via, in, func(i int) string { return fmt.Sprintf("runs[%d].", i) }, "")
}

// ReportFile takes in a file of runs (resilience.report); an error names file, line
// and column.
func (s *Service) ReportFile(ctx context.Context, p access.Principal, name string, raw []byte) (Told, error) {
	if err := access.Authorise(p, access.ResilienceReport); err != nil {
		return Told{}, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return Told{}, err
	}
	in, err := ParseRuns(name, raw, zone)
	if err != nil {
		return Told{}, err
	}
	return s.report(ctx, p, "csv", in, nil, name)
}

func (s *Service) report(ctx context.Context, p access.Principal, via string, in []RunText, at func(int) string, file string) (told Told, err error) {
	if len(in) == 0 || len(in) > MaxRuns {
		return told, bad("runs", "a report has 1 to %d runs, not %d", MaxRuns, len(in))
	}
	now := s.cfg.Clock()
	known := map[string]*BackupObject{}
	in = slices.Clone(in)
	for i := range in {
		where := ""
		if at != nil {
			where = at(i)
		}
		locate := func(err error) error {
			var f *fault.Error
			if errors.As(err, &f) && file != "" {
				return f.At(file, in[i].line, f.Field)
			}
			return err
		}
		if err := in[i].tidy(where, now); err != nil {
			return told, locate(err)
		}
		o, seen := known[in[i].Backup]
		if !seen {
			if o, err = s.named(ctx, in[i].Backup); err == nil && o == nil {
				o, err = s.backups.Get(ctx, in[i].Backup)
			}
			if fault.Is(err, fault.NotFound) || err == nil && o.Content.State != "active" {
				return told, locate(bad(where+"backup", "no backup is called %q", in[i].Backup).WithHint("add it to the register first, or correct the name"))
			}
			if err != nil {
				return told, err
			}
			known[in[i].Backup] = o
		}
		b := &o.Content
		switch {
		case b.Without != "":
			return told, locate(bad(where+"backup", "%s says that it is not backed up", o.Ref).WithHint("describe it anew first"))
		case in[i].Place == "" && len(b.Places) > 1:
			return told, locate(bad(where+"place", "%s goes to several places; say to which", b.Name).WithHint("one of %s", placeNames(b)))
		case in[i].Place == "":
			in[i].Place = b.Places[0].Name
		case !slices.ContainsFunc(b.Places, func(x Place) bool { return x.Name == in[i].Place }):
			return told, locate(bad(where+"place", "%s has no place %q", b.Name, in[i].Place).WithHint("one of %s", placeNames(b)))
		}
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		told = Told{}
		var fresh []Run
		for _, t := range in {
			o := known[t.Backup]
			if _, there, err := sameRun(ctx, tx, o.ID, t.Finished, t.Place); err != nil {
				return err
			} else if there || slices.ContainsFunc(fresh, func(r Run) bool { return r.Backup == o.ID && r.Finished.Equal(t.Finished) && r.Place == t.Place }) {
				told.There++
				continue
			}
			r := Run{ID: ids.New("bru", now), Backup: o.ID, Name: o.Content.Name, Started: t.Started, Finished: t.Finished, Result: t.Result, Bytes: -1, Digest: t.Digest, Place: t.Place, Says: t.Says, Via: via, By: p.UserID, At: now}
			if t.Bytes != nil {
				r.Bytes = *t.Bytes
			}
			fresh = append(fresh, r)
		}
		if told.New = len(fresh); told.New == 0 {
			return nil
		}
		digest, err := digestOf(fresh)
		if err != nil {
			return err
		}
		e := ledger.Entry{Type: "backup_runs.reported", Stream: "people", Actor: p.UserID, Subject: fresh[0].ID, Data: map[string]any{"runs": int64(len(fresh)), "digest": digest}}
		if p.IsSystem() {
			e.Stream = "system"
		}
		entry, err := s.cfg.Ledger.Append(ctx, tx, e)
		if err != nil {
			return err
		}
		for i := range fresh {
			fresh[i].Entry = entry
			if err := insertRun(ctx, tx, fresh[i], i); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.cfg.Ledger.Wake()
		s.stirred()
	}
	return told, err
}

func placeNames(b *Backup) string {
	var out []string
	for _, p := range b.Places {
		out = append(out, p.Name)
	}
	return strings.Join(out, ", ")
}

// digestOf commits to every field of runs.
func digestOf(runs []Run) (string, error) {
	h := sha256.New()
	for _, r := range runs {
		raw, err := json.Marshal([]string{r.ID, r.Backup, r.Name, strconv.FormatInt(micros(r.Started), 10), strconv.FormatInt(micros(r.Finished), 10), string(r.Result), strconv.FormatInt(r.Bytes, 10), r.Digest, r.Place, r.Says, r.Via, r.By, strconv.FormatInt(micros(r.At), 10)})
		if err != nil {
			return "", err
		}
		h.Write(append(raw, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// holdRuns is kind Refused where rows of a report are gone or say something else.
func holdRuns(ctx context.Context, q database.Querier, rec ledger.Record) error {
	runs, err := runsOfEntry(ctx, q, rec.ID)
	if err != nil {
		return err
	}
	digest, err := digestOf(runs)
	if err != nil {
		return err
	}
	if n, _ := rec.Data["runs"].(int64); int(n) != len(runs) || rec.Data["digest"] != digest {
		return fault.New(fault.Refused, "ledger record %s (%s): the %d runs of backups that it told of say something else", rec.ID, rec.Type, len(runs)).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	return nil
}

// RunPage gives runs of all backups, newest first (resilience.read). backup and
// result choose; after is the cursor of the next page.
func (s *Service) RunPage(ctx context.Context, p access.Principal, backup string, result Result, after string, limit int) (runs Runs, next string, err error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, "", err
	}
	if result != "" && !slices.Contains([]Result{Good, Part, Failed}, result) {
		return nil, "", bad("result", "%q is no result", string(result)).WithHint("success, partial or failed")
	}
	id := ""
	if backup != "" {
		o, err := s.backups.Get(ctx, backup)
		if err != nil {
			return nil, "", err
		}
		id = o.ID
	}
	var before time.Time
	beforeID := ""
	if after != "" {
		us, rest, ok := strings.Cut(after, "|")
		n, err := strconv.ParseInt(us, 10, 64)
		if err != nil || !ok {
			return nil, "", bad("after", "%q is no place in this list", after)
		}
		before, beforeID = since(n), rest
	}
	limit = min(max(limit, 1), 1000)
	if runs, err = pageOfRuns(ctx, s.cfg.DB.Reader(), id, result, before, beforeID, limit+1); err != nil {
		return nil, "", err
	}
	if len(runs) > limit {
		runs = runs[:limit]
		next = fmt.Sprintf("%d|%s", micros(runs[limit-1].Finished), runs[limit-1].ID)
	}
	return runs, next, nil
}

// RunCounts says how many runs there are of each result (resilience.read).
func (s *Service) RunCounts(ctx context.Context, p access.Principal) (map[Result]int64, error) {
	if err := access.Authorise(p, access.ResilienceRead); err != nil {
		return nil, err
	}
	return countRuns(ctx, s.cfg.DB.Reader())
}

// ownName is what this program's own backup is called in the register.
const ownName = "attesta"

// own takes this program's own backups into the register: the first one adds it.
func (s *Service) own(ctx context.Context) error {
	if s.cfg.Own == nil {
		return nil
	}
	runs, err := s.cfg.Own(ctx)
	if err != nil || len(runs) == 0 {
		return err
	}
	o, err := s.named(ctx, ownName)
	if err != nil {
		return err
	}
	if o == nil {
		ended, _, err := s.backups.List(ctx, journal.Filter{Topic: ownName, States: []string{"ended"}, Limit: 1})
		if err != nil || len(ended) > 0 {
			return err // a person ended it
		}
		if o, err = s.addBackup(ctx, access.System(), BackupText{Name: ownName, Title: "Attesta itself: records, evidence and its ledger", How: "attesta backup, by its own schedule; each file is verified as it is written", Places: []Place{{Name: "disk", Where: Same}},
			Keep: 14, Loss: 26, Owner: "whoever operates Attesta"}, true); err != nil {
			return err
		}
	}
	if !o.Content.Own || o.Content.Without != "" {
		return nil
	}
	newest, err := newestRuns(ctx, s.cfg.DB.Reader(), o.ID, 1)
	if err != nil {
		return err
	}
	var fresh []RunText
	for _, r := range runs {
		r.Backup, r.Place = ownName, o.Content.Places[0].Name
		r.Finished, r.Says = r.Finished.Truncate(time.Second), strings.ToValidUTF8(r.Says[:min(len(r.Says), 400)], "")
		if len(newest) == 0 || r.Finished.After(newest[0].Finished) {
			fresh = append(fresh, r)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	_, err = s.report(ctx, access.System(), "own", fresh[:min(len(fresh), MaxRuns)], func(i int) string { return fmt.Sprintf("runs[%d].", i) }, "")
	return err
}

const judgeEvery = 5 * time.Minute

// sourceOf names a backup as a source of facts.
func sourceOf(id string) string { return "src_" + strings.TrimPrefix(id, "kbu_") }

// Turn takes in this program's own backups and says of every backup what holds. It
// is called every half minute.
func (s *Service) Turn(ctx context.Context) error {
	s.mu.Lock()
	now := s.cfg.Clock()
	due := s.stir || s.judged.IsZero() || now.Sub(s.judged) >= judgeEvery || now.Before(s.judged)
	s.stir = false
	s.mu.Unlock()
	if due {
		if err := s.own(ctx); err != nil {
			return err
		}
		list, err := s.all(ctx)
		if err != nil {
			return err
		}
		var said []entries.Entry
		for _, b := range list {
			if b.Content.State != "active" || b.Content.Without != "" {
				continue
			}
			sec, err := b.section()
			if err != nil {
				return err
			}
			said = append(said, entries.Entry{Population: host.Backups, Source: sourceOf(b.ID), Name: b.Content.Name, Section: sec})
		}
		s.mu.Lock()
		s.said, s.judged = said, now
		s.mu.Unlock()
	}
	s.mu.Lock()
	said := s.said
	s.mu.Unlock()
	return s.book.Observe(ctx, said)
}

// section gives what holds of a backup as facts. Ages do not stand in it: they are
// news each time.
func (b *Seen) section() (facts.Section, error) {
	v := facts.Backup{Title: &b.Content.Title}
	var missing []facts.Missing
	set := map[string]**bool{"overdue": &v.Overdue, "failing": &v.Failing, "shrunk": &v.Shrunk, "offsite": &v.Offsite, "encrypted": &v.Encrypted, "restored": &v.Restored, "in_time": &v.InTime}
	for _, a := range b.Judged {
		good := slices.Contains([]string{"offsite", "encrypted", "restored", "in_time"}, a.ID) // true is good
		switch a.Outcome {
		case pass, fail:
			x := (a.Outcome == pass) == good
			*set[a.ID] = &x
		case unk:
			missing = append(missing, facts.Missing{Path: "/" + a.ID, State: facts.NotObserved, Reason: a.Reason})
		default:
			missing = append(missing, facts.Missing{Path: "/" + a.ID, State: facts.Absent, Reason: a.Reason})
		}
	}
	last := "no day"
	for _, r := range b.Runs {
		if r.Result == Good {
			last = r.Finished.UTC().Format(time.DateOnly)
			break
		}
	}
	if v.Overdue != nil && *v.Overdue {
		v.LastGood = &last
	} else {
		missing = append(missing, facts.Missing{Path: "/last_good", State: facts.Absent, Reason: "it is sent while the newest good copy is too old"})
	}
	return facts.NewSection("backup", v, missing)
}
