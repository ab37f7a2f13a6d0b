package evidence

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/instance"
)

// Config wires a Service. Ledger and Blobs only by what writes; MaxSize and
// MinFree take the default beside them.
type Config struct {
	DB      *database.DB
	Ledger  *ledger.Log
	Blobs   *blobs.Dir
	Clock   clock.Clock
	MaxSize int64                 // 200 MB: the largest file that is taken
	MinFree int64                 // 256 MiB: below so many free bytes no file is taken; negative: no watermark
	Free    func() (int64, error) // Blobs.Free; tests say what they like
}

// Service keeps evidence.
type Service struct {
	cfg Config

	// uploads is held for reading from before content is stored until the rows
	// that name it are, and for writing by who removes content that no row names.
	uploads sync.RWMutex

	shelves shelves
}

// NewService makes a Service.
func NewService(cfg Config) *Service {
	if cfg.MaxSize == 0 {
		cfg.MaxSize = 200e6
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = 256 << 20
	}
	if cfg.Free == nil && cfg.Blobs != nil {
		cfg.Free = cfg.Blobs.Free
	}
	return &Service{cfg: cfg}
}

// MaxSize is the largest file that is taken, in bytes.
func (s *Service) MaxSize() int64 { return s.cfg.MaxSize }

// Room refuses before anything is read: kind Invalid for a file that is known
// to be too large (size -1: not known), kind Unavailable while the disk is
// nearly full.
func (s *Service) Room(size int64) error {
	if size > s.cfg.MaxSize {
		return s.TooLarge()
	}
	if s.cfg.MinFree < 0 {
		return nil
	}
	free, err := s.cfg.Free()
	if err != nil {
		return err
	}
	if free-max(size, 0) < s.cfg.MinFree {
		return fault.New(fault.Unavailable, "the server's disk is nearly full: %d MiB are free, and %d MiB are kept; nothing was stored", free>>20, s.cfg.MinFree>>20).
			WithHint("free some space on the server and send the file again")
	}
	return nil
}

// Check refuses what Add would refuse, so that nobody sends a file in vain. It
// gives n tidied.
func (s *Service) Check(ctx context.Context, p access.Principal, n New) (New, error) {
	if err := access.Authorise(p, access.EvidenceAdd); err != nil {
		return n, err
	}
	_, err := s.place(ctx, s.cfg.DB.Reader(), &n)
	return n, err
}

// placed is where evidence belongs.
type placed struct {
	program  *control.Program
	controls []string // ids, by cover
	scope    int
	item     string // id of the item that gets a version; "" for a new one
	last     int    // its newest version
}

func (s *Service) place(ctx context.Context, q database.Querier, n *New) (placed, error) {
	var at placed
	now := s.cfg.Clock()
	var err error
	if at.program, err = control.Load(ctx, q); err != nil {
		return at, err
	}
	sc := at.program.ScopeAt(now, -1)
	at.scope = sc.Version
	zone := sc.Location()
	if err := n.check(now, zone); err != nil {
		return at, err
	}
	events, err := instance.Events(ctx, q, "")
	if err != nil {
		return at, err
	}
	book := instance.NewBook(nil, events)
	for _, c := range n.Covers {
		k, err := s.covered(at.program, book, zone, now, c, n)
		if err != nil {
			return at, err
		}
		at.controls = append(at.controls, k.ID)
	}
	if n.Of == 0 {
		return at, nil
	}
	item, found, err := byNumber(ctx, q, at.program.System.ID, n.Of)
	switch {
	case err != nil:
		return at, err
	case !found:
		return at, fault.New(fault.NotFound, "there is no evidence E-%d", n.Of)
	}
	at.item, at.last = item.id, item.versions
	return at, nil
}

// covered finds the control of a cover and refuses an instance that is not
// expected of it, or that the evidence cannot show.
func (s *Service) covered(program *control.Program, book *instance.Book, zone *time.Location, now time.Time, c Cover, n *New) (*control.Control, error) {
	var k *control.Control
	for i := range program.Controls {
		if program.Controls[i].Slug == c.Control {
			k = &program.Controls[i]
		}
	}
	if k == nil {
		return nil, bad("covers", "the organisation has no control %q", c.Control)
	}
	day := func(t time.Time) string { return t.In(zone).Format("2 Jan 2006") }
	find := book.Find
	if c.Role == instance.AsPopulation {
		find = book.Quarter
	}
	i, found := find(k, zone, now, c.Instance)
	if !found {
		v := k.Current()
		switch {
		case v.State == control.Retired:
			return nil, bad("covers", "control %s was retired on %s; no instance %s is expected of it", c.Control, day(v.Effective), c.Instance).
				WithHint("choose an instance from before, or adopt the control again")
		case v.State == control.Draft:
			return nil, bad("covers", "control %s is a draft; nothing is expected of it before it is approved", c.Control)
		}
		return nil, bad("covers", "no instance %q is expected of control %s", c.Instance, c.Control).WithHint("'attesta instances list --control %s' lists them", c.Control)
	}
	first := i.Start.In(zone)
	y, m, d := first.Date()
	switch {
	case i.Start.After(now):
		return nil, bad("covers", "instance %s of control %s begins on %s", c.Instance, c.Control, day(i.Start))
	case n.Performed.Before(clock.DayStart(y, m, d, zone)):
		return nil, bad("performed", "it was performed on %s, before instance %s of control %s began on %s", day(n.Performed), c.Instance, c.Control, day(i.Start)).
			WithHint("choose the instance in which it was performed")
	case c.Role == instance.AsPopulation && (n.From.After(i.Start) || n.To.Before(i.Due)):
		return nil, bad("to", "a count of the quarter to %s covers all of it, from %s on", day(i.Due.Add(-time.Microsecond)), day(i.Start)).
			WithHint("count once the quarter is over")
	}
	return k, nil
}

// Add keeps what a person brings, with content for a file and nil for a link.
// Kind Invalid names the field; nothing is stored then.
func (s *Service) Add(ctx context.Context, p access.Principal, n New, content io.Reader) (Version, error) {
	n, err := s.Check(ctx, p, n)
	if err != nil {
		return Version{}, err
	}
	v := Version{Kind: n.Kind, Title: n.Title, Description: n.Description, Source: n.Source, Query: n.Query, Address: n.Address, FileName: n.FileName,
		Performed: n.Performed.UTC(), From: n.From.UTC(), To: n.To.UTC(), Collected: n.Collected.UTC(), Covers: n.Covers}
	s.uploads.RLock()
	held := true
	release := func() {
		if held {
			s.uploads.RUnlock()
			held = false
		}
	}
	defer release()
	if n.Kind == File {
		if content == nil {
			return Version{}, bad("file", "no file was chosen")
		}
		if err := s.Room(-1); err != nil {
			return Version{}, err
		}
		h := &headReader{r: content}
		if v.Digest, v.Size, err = s.cfg.Blobs.Put(ctx, h, s.cfg.MaxSize); err != nil {
			return Version{}, s.broken(err)
		}
		v.ContentType = contentType(v.FileName, h.head)
	}
	if n.Kind == File && v.Size == 0 {
		err = bad("file", "the file is empty")
	} else {
		err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			at, err := s.place(ctx, tx, &n)
			if err != nil {
				return err
			}
			return s.insert(ctx, tx, p, &v, at)
		})
	}
	release()
	if err != nil && v.Digest != "" {
		err = s.forget(ctx, v.Digest, err)
	}
	return v, err
}

// forget removes content that no row names after all. Where others are busy the
// next Sweep does it.
func (s *Service) forget(ctx context.Context, digest string, because error) error {
	if !s.uploads.TryLock() {
		return because
	}
	defer s.uploads.Unlock()
	named, err := digestNamed(context.WithoutCancel(ctx), s.cfg.DB.Reader(), digest)
	if err == nil && !named {
		err = s.cfg.Blobs.Remove(digest)
	}
	if err != nil {
		return fmt.Errorf("%w (and the content it came with could not be removed: %v)", because, err)
	}
	return because
}

// Sweep removes content that no evidence names: what a process that died left
// between storing a file and its rows, and what was redacted while others sent
// files. It gives how many were removed, and does nothing while somebody sends
// a file. Only the process that writes calls it; the store is evidence's alone.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	if !s.uploads.TryLock() {
		return 0, nil
	}
	defer s.uploads.Unlock()
	var orphans []string
	err := s.cfg.Blobs.Walk(ctx, func(digest string, _ int64) error {
		named, err := digestNamed(ctx, s.cfg.DB.Reader(), digest)
		if err == nil && !named {
			orphans = append(orphans, digest)
		}
		return err
	})
	for _, digest := range orphans {
		if err != nil {
			break
		}
		err = s.cfg.Blobs.Remove(digest)
	}
	return len(orphans), err
}

func (s *Service) insert(ctx context.Context, tx *sql.Tx, p access.Principal, v *Version, at placed) error {
	now := s.cfg.Clock()
	v.ID, v.Version, v.Scope, v.Made = at.item, at.last+1, at.scope, Made{At: now, By: p.UserID, Index: -1}
	var err error
	if v.ID == "" {
		v.ID = ids.New("evd", now)
		if v.Number, err = insertItem(ctx, tx, at.program.System.ID, v.ID); err != nil {
			return err
		}
	} else if v.Number, err = numberOf(ctx, tx, v.ID); err != nil {
		return err
	}
	data, err := v.data()
	if err != nil {
		return err
	}
	if p.Via == access.ViaCommand {
		data["via"] = string(p.Via)
	}
	v.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "evidence.added", Stream: "people", Actor: p.UserID, Subject: v.ID, Blob: v.Digest,
		Data: data, Personal: v.written()})
	if err != nil {
		return fmt.Errorf("record evidence: %w", err)
	}
	return insertVersion(ctx, tx, *v, at.controls)
}

// data is what the ledger says of a version. What a person wrote is committed
// to apart.
func (v *Version) data() (map[string]any, error) {
	covers, err := json.Marshal(v.Covers)
	if err != nil {
		return nil, fmt.Errorf("encode what the evidence covers: %w", err)
	}
	sum := sha256.Sum256(covers)
	return map[string]any{"number": v.Number, "version": v.Version, "kind": string(v.Kind), "size": v.Size, "content_type": v.ContentType,
		"performed": v.Performed, "from": v.From, "to": v.To, "collected": v.Collected, "scope": v.Scope,
		"covers": len(v.Covers), "covers_digest": hex.EncodeToString(sum[:])}, nil
}

// written is what a person wrote; it may name people.
func (v *Version) written() map[string]string {
	return map[string]string{"title": v.Title, "description": v.Description, "source": v.Source, "query": v.Query, "address": v.Address, "file_name": v.FileName}
}

// Decide records a reviewer's decision on the newest version of an item. Kind
// Forbidden for whoever brought it, while anybody else could review; kind
// Conflict where it was decided so already, or there is a newer version.
func (s *Service) Decide(ctx context.Context, p access.Principal, number, version int, d instance.Decision, reason, compensation string) error {
	if err := access.Authorise(p, access.EvidenceReview); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person reviews evidence, not the program")
	}
	reason = strings.TrimSpace(strings.ReplaceAll(reason, "\r\n", "\n"))
	switch n := utf8.RuneCountInString(reason); {
	case d != instance.Accepted && d != instance.SentBack:
		return fault.New(fault.Invalid, "%q is no decision on evidence", d)
	case !utf8.ValidString(reason):
		return bad("reason", "the reason is not UTF-8 text")
	case d == instance.SentBack && n < 10:
		return bad("reason", "say what is missing, so that the person who brought it can mend it")
	case n > 1000:
		return bad("reason", "the reason has %d letters; at most 1000 are kept", n)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		v, err := s.newest(ctx, tx, number)
		if err != nil {
			return err
		}
		switch {
		case version != v.Version:
			return fault.New(fault.Conflict, "%s has a version %d; version %d is no longer the one to review", v.Ref(), v.Version, version).WithHint("look at the newest")
		case v.Redacted != "":
			return fault.New(fault.Conflict, "%s was redacted; there is nothing left to review", v.Ref())
		case v.Standing() == Standing(d):
			return fault.New(fault.Conflict, "%s is %s already", v.Ref(), v.Standing().Words())
		}
		said := ""
		if v.Made.By == p.UserID {
			if said, err = access.Compensate(ctx, tx, p, access.EvidenceReview, compensation); err != nil {
				return err
			}
		}
		r := Review{Seq: len(v.Reviews) + 1, Decision: d, Reason: reason, Compensation: said, Made: Made{At: s.cfg.Clock(), By: p.UserID}}
		e := ledger.Entry{Type: "evidence." + string(d), Stream: "people", Actor: p.UserID, Subject: v.ID, Outcome: string(d), Blob: v.Digest,
			Data: map[string]any{"number": v.Number, "version": v.Version, "seq": r.Seq, "by_uploader": said != ""}}
		if reason != "" || said != "" {
			e.Personal = map[string]string{"reason": reason, "compensation": said}
		}
		if p.Via == access.ViaCommand {
			e.Data["via"] = string(p.Via)
		}
		if r.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, e); err != nil {
			return fmt.Errorf("record the review of %s: %w", v.Ref(), err)
		}
		return insertReview(ctx, tx, v, r)
	})
}

// Redact erases what a version says and its content, on a legal basis. That it
// was there, its digest, its dates and every proof stay.
func (s *Service) Redact(ctx context.Context, p access.Principal, number, version int, basis string) error {
	if err := access.Authorise(p, access.EvidenceRedact); err != nil {
		return err
	}
	if basis = strings.Join(strings.Fields(basis), " "); len(basis) < 5 || len(basis) > 300 {
		return bad("basis", "name the legal basis in 5 to 300 letters, without names of people").WithHint("for example: erasure request under article 17 GDPR")
	}
	digest := ""
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		digest = ""
		all, err := s.versions(ctx, tx, number)
		if err != nil {
			return err
		}
		if version < 1 || version > len(all) {
			return fault.New(fault.NotFound, "E-%d has no version %d", number, version)
		}
		v := all[version-1]
		if v.Redacted != "" {
			return fault.New(fault.Conflict, "version %d of %s was redacted already", version, v.Ref())
		}
		entry, err := s.cfg.Ledger.Erase(ctx, tx, v.Made.Entry, basis, p.UserID)
		if err != nil {
			return err
		}
		if err := redact(ctx, tx, v, entry); err != nil {
			return err
		}
		digest = v.Digest
		return nil
	})
	if err != nil || digest == "" {
		return err
	}
	if !s.uploads.TryLock() {
		return nil // somebody sends a file just now: Sweep removes the content in a few minutes
	}
	defer s.uploads.Unlock()
	named, err := digestNamed(ctx, s.cfg.DB.Reader(), digest)
	if err != nil || named {
		return err // another version, not redacted, has the same content
	}
	return s.cfg.Blobs.Remove(digest)
}

func (s *Service) versions(ctx context.Context, q database.Querier, number int) ([]Version, error) {
	all, err := load(ctx, q, number)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "there is no evidence E-%d", number)
	}
	return all, err
}

func (s *Service) newest(ctx context.Context, q database.Querier, number int) (Version, error) {
	all, err := s.versions(ctx, q, number)
	if err != nil {
		return Version{}, err
	}
	return all[len(all)-1], nil
}

// Get gives every version of an item, oldest first.
func (s *Service) Get(ctx context.Context, p access.Principal, number int) ([]Version, error) {
	if err := access.Authorise(p, access.EvidenceRead); err != nil {
		return nil, err
	}
	return s.versions(ctx, s.cfg.DB.Reader(), number)
}

// Open gives the content of a version; its reader ends with kind Refused where
// the content is not what was stored. Kind NotFound for a link, and where the
// content was redacted.
func (s *Service) Open(ctx context.Context, p access.Principal, number, version int) (io.ReadCloser, Version, error) {
	all, err := s.Get(ctx, p, number)
	if err != nil {
		return nil, Version{}, err
	}
	if version < 1 || version > len(all) {
		return nil, Version{}, fault.New(fault.NotFound, "E-%d has no version %d", number, version)
	}
	v := all[version-1]
	switch {
	case v.Kind == Link:
		return nil, v, fault.New(fault.NotFound, "the content of %s is not held here", v.Ref())
	case v.Redacted != "":
		return nil, v, fault.New(fault.NotFound, "the content of %s was redacted", v.Ref())
	}
	r, err := s.cfg.Blobs.Open(v.Digest)
	return r, v, err
}

// ParseRef reads "E-12" or "12".
func ParseRef(text string) (int, error) {
	t := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "E-")
	n, err := strconv.Atoi(t)
	if err != nil || n < 1 {
		return 0, fault.New(fault.NotFound, "there is no evidence %q", text).WithHint("evidence is named E-12")
	}
	return n, nil
}
