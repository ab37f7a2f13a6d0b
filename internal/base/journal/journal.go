// Package journal keeps numbered objects of a kind, each of which is what its
// steps made of it: a register in which nothing is overwritten. A domain gives
// the type of the content, the names of the steps and the rules; the journal gives
// numbers, history, concurrency, ledger entries and what they are held against.
//
// Invariants:
//   - A step is a row, the object's row and a ledger entry in one transaction.
//   - A step holds the whole content after it, with its digest in the ledger, so
//     that any moment can be read, and a changed row is found.
//   - Two people who change the same object are told of each other; nothing is lost.
//   - What a person wrote as a note is committed to by the ledger, not written in it.
//
// Floor: stateful base. It authorises nothing: its callers do.
package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// MaxNote is the longest note, in bytes; MaxContent the largest content.
const (
	MaxNote    = 4000
	MaxContent = 256 << 10
)

// Kind says what is kept in a journal.
type Kind struct {
	Name   string   // of rows and of ledger entries: "firm" gives "firm.added"
	Prefix string   // of ids: "frm"
	Letter string   // of numbers as people write them: "AF" gives AF-3
	Noun   string   // for errors: "audit firm"
	Steps  []string // what can happen to one
}

// Content is what a journal keeps of an object.
type Content interface {
	// Mark is what lists are filtered by.
	Mark() Mark
}

// Mark is what lists are filtered by; each may be empty.
type Mark struct {
	State string
	Owner string // usr_…
	Topic string // what it is about
	Due   time.Time
}

// Object is an object as its newest step left it. History is nil in lists.
type Object[T Content] struct {
	ID      string    `json:"id"`
	Number  int64     `json:"number"`
	Ref     string    `json:"ref"`
	Seq     int64     `json:"seq"` // of its newest step
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Creator string    `json:"created_by"` // usr_… or system
	Content T         `json:"content"`
	History []Step[T] `json:"history,omitempty"`
}

// Step is what happened to an object once, and what it was afterwards.
type Step[T Content] struct {
	Seq     int64     `json:"seq"`
	Step    string    `json:"step"`
	Note    string    `json:"note,omitempty"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Entry   string    `json:"entry"`
	Index   int64     `json:"index"` // in the ledger; -1: not numbered yet
	Content T         `json:"content"`
}

// Config is what a journal depends on; Clock may be nil.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
}

// Journal keeps the objects of one kind.
type Journal[T Content] struct {
	cfg  Config
	kind Kind
}

// New makes a journal.
func New[T Content](cfg Config, kind Kind) *Journal[T] {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Journal[T]{cfg, kind}
}

// Now gives the journal's time.
func (j *Journal[T]) Now() time.Time { return j.cfg.Clock() }

// Reader gives what is read from outside a transaction.
func (j *Journal[T]) Reader() database.Querier { return j.cfg.DB.Reader() }

// Create adds an object with its first step.
func (j *Journal[T]) Create(ctx context.Context, p access.Principal, step, note string, content T) (*Object[T], error) {
	var o *Object[T]
	err := j.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		o, err = j.CreateIn(ctx, tx, p, step, note, content)
		return err
	})
	if err != nil {
		return nil, err
	}
	j.cfg.Ledger.Wake()
	return o, nil
}

// CreateIn is Create within the caller's transaction.
func (j *Journal[T]) CreateIn(ctx context.Context, tx *sql.Tx, p access.Principal, step, note string, content T) (*Object[T], error) {
	note, err := Note(note, false)
	if err != nil {
		return nil, err
	}
	now := j.cfg.Clock()
	o := &Object[T]{ID: ids.New(j.kind.Prefix, now), Created: now, Creator: p.UserID, Content: content}
	if o.Number, err = insertObject(ctx, tx, j.kind, o.ID, now); err != nil {
		return nil, err
	}
	o.Ref = j.ref(o.Number)
	return o, j.add(ctx, tx, p, o, step, note)
}

// Change takes a step: change gets the object as it is within the transaction, and
// alters its content or refuses. base is the step that the caller looked at; 0
// where it does not matter. Kind Conflict where somebody was faster, NotFound
// where there is none.
func (j *Journal[T]) Change(ctx context.Context, p access.Principal, ref string, base int64, step, note string, change func(tx *sql.Tx, o *Object[T]) error) (*Object[T], error) {
	var o *Object[T]
	err := j.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		o, err = j.ChangeIn(ctx, tx, p, ref, base, step, note, change)
		return err
	})
	if err != nil {
		return nil, err
	}
	j.cfg.Ledger.Wake()
	return o, nil
}

// ChangeIn is Change within the caller's transaction.
func (j *Journal[T]) ChangeIn(ctx context.Context, tx *sql.Tx, p access.Principal, ref string, base int64, step, note string, change func(tx *sql.Tx, o *Object[T]) error) (*Object[T], error) {
	note, err := Note(note, false)
	if err != nil {
		return nil, err
	}
	o, err := j.get(ctx, tx, ref)
	if err != nil {
		return nil, err
	}
	if base != 0 && o.Seq != base {
		return nil, fault.New(fault.Conflict, "somebody changed %s meanwhile", o.Ref).WithHint("look at it again and repeat what is still needed")
	}
	if err := change(tx, o); err != nil {
		return nil, err
	}
	return o, j.add(ctx, tx, p, o, step, note)
}

// add appends the ledger entry and the row of a step; o is the object after it.
func (j *Journal[T]) add(ctx context.Context, tx *sql.Tx, p access.Principal, o *Object[T], step, note string) error {
	if !slices.Contains(j.kind.Steps, step) {
		return fault.New(fault.Internal, "%s is no step of %s", step, j.kind.Name)
	}
	raw, err := json.Marshal(o.Content)
	if err != nil {
		return fmt.Errorf("write %s %s: %w", j.kind.Noun, o.Ref, err)
	}
	if len(raw) > MaxContent {
		return fault.New(fault.Invalid, "%s would hold %d bytes; at most %d are kept", o.Ref, len(raw), MaxContent)
	}
	mark := o.Content.Mark()
	digest := digestOf(string(raw))
	o.Seq, o.Updated = o.Seq+1, j.cfg.Clock()
	e := ledger.Entry{Type: j.kind.Name + "." + step, Stream: "people", Actor: p.UserID, Subject: o.ID, Outcome: mark.State,
		Data: map[string]any{"number": o.Number, "seq": o.Seq, "digest": digest}}
	if p.IsSystem() {
		e.Stream = "system"
	}
	if note != "" { // what a person wrote may name people
		e.Personal = map[string]string{"note": note}
	}
	entry, err := j.cfg.Ledger.Append(ctx, tx, e)
	if err != nil {
		return fmt.Errorf("record %s: %w", e.Type, err)
	}
	if err := insertStep(ctx, tx, o.ID, stepRow{seq: o.Seq, step: step, content: string(raw), digest: digest, note: note, at: o.Updated, by: p.UserID, entry: entry}); err != nil {
		return err
	}
	return updateObject(ctx, tx, o.ID, o.Seq, mark)
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func (j *Journal[T]) ref(n int64) string { return j.kind.Letter + "-" + strconv.FormatInt(n, 10) }

// Get gives one object with its history, by its number (AF-3 or 3) or id.
func (j *Journal[T]) Get(ctx context.Context, ref string) (*Object[T], error) {
	o, err := j.get(ctx, j.cfg.DB.Reader(), ref)
	if err != nil {
		return nil, err
	}
	rows, err := steps(ctx, j.cfg.DB.Reader(), o.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		s := Step[T]{Seq: r.seq, Step: r.step, Note: r.note, At: r.at, By: r.by, Entry: r.entry, Index: r.index}
		if s.Content, err = j.content(o.Ref, r.content); err != nil {
			return nil, err
		}
		o.History = append(o.History, s)
	}
	return o, nil
}

func (j *Journal[T]) get(ctx context.Context, q database.Querier, ref string) (*Object[T], error) {
	none := fault.New(fault.NotFound, "there is no %s %q", j.kind.Noun, ref).WithHint("they have numbers like %s-3", j.kind.Letter)
	f := reading{kind: j.kind.Name, limit: 1}
	if strings.HasPrefix(ref, j.kind.Prefix+"_") {
		f.id = ref
	} else {
		n, err := strconv.ParseInt(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(ref)), j.kind.Letter+"-"), 10, 64)
		if err != nil || n < 1 {
			return nil, none
		}
		f.number = n
	}
	all, err := j.read(ctx, q, f)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, none
	}
	return &all[0], nil
}

// Filter chooses objects; zero values choose all.
type Filter struct {
	States []string
	Owner  string
	Topic  string
	Below  int64 // numbers below it: the cursor of the next page
	Limit  int   // 0: all
}

// List gives objects without their history, newest number first. next is the
// cursor Below of the next page, 0 on the last.
func (j *Journal[T]) List(ctx context.Context, f Filter) (all []Object[T], next int64, err error) {
	r := reading{kind: j.kind.Name, states: f.States, owner: f.Owner, topic: f.Topic, below: f.Below}
	if f.Limit > 0 {
		r.limit = f.Limit + 1
	}
	if all, err = j.read(ctx, j.cfg.DB.Reader(), r); err != nil {
		return nil, 0, err
	}
	if f.Limit > 0 && len(all) > f.Limit {
		all = all[:f.Limit]
		next = all[f.Limit-1].Number
	}
	return all, next, nil
}

// ListIn is List within the caller's transaction, whole.
func (j *Journal[T]) ListIn(ctx context.Context, tx *sql.Tx, f Filter) ([]Object[T], error) {
	return j.read(ctx, tx, reading{kind: j.kind.Name, states: f.States, owner: f.Owner, topic: f.Topic, below: f.Below, limit: f.Limit})
}

// At gives every object as it was at a moment, as the ledger knew it by a size
// (below 0: everything), by number.
func (j *Journal[T]) At(ctx context.Context, valid time.Time, known int64) ([]Object[T], error) {
	all, err := j.read(ctx, j.cfg.DB.Reader(), reading{kind: j.kind.Name, past: true, valid: valid, known: known})
	slices.Reverse(all)
	return all, err
}

func (j *Journal[T]) read(ctx context.Context, q database.Querier, f reading) ([]Object[T], error) {
	rows, err := objects(ctx, q, f)
	if err != nil {
		return nil, err
	}
	out := make([]Object[T], len(rows))
	for i, r := range rows {
		o := Object[T]{ID: r.id, Number: r.number, Ref: j.ref(r.number), Seq: r.seq, Created: r.created, Updated: r.at, Creator: r.creator}
		if o.Content, err = j.content(o.Ref, r.content); err != nil {
			return nil, err
		}
		out[i] = o
	}
	return out, nil
}

func (j *Journal[T]) content(ref, raw string) (c T, err error) {
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return c, fault.Wrap(fault.Refused, err, "%s %s cannot be read", j.kind.Noun, ref)
	}
	return c, nil
}

// Count gives how many objects there are by state.
func (j *Journal[T]) Count(ctx context.Context) (map[string]int64, error) {
	return count(ctx, j.cfg.DB.Reader(), j.kind.Name)
}

// Note tidies what a person wrote beside a step: kind Invalid where it must be
// there and is not, or is no text.
func Note(note string, must bool) (string, error) { return Text("note", note, "why", must, MaxNote) }

// Text tidies a text of several lines: kind Invalid at field where it must be there
// and has fewer than three letters, is too long or is no text. what completes
// "say …".
func Text(field, text, what string, must bool, most int) (string, error) {
	least := 0
	if must {
		least = 3
	}
	return tidy(field, strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), what, least, most)
}

// Line is Text of one line, of one letter at least where it must be there.
func Line(field, text, what string, must bool, most int) (string, error) {
	least := 0
	if must {
		least = 1
	}
	return tidy(field, strings.Join(strings.Fields(text), " "), what, least, most)
}

func tidy(field, text, what string, least, most int) (string, error) {
	text = strings.TrimSpace(text)
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	switch {
	case !utf8.ValidString(text):
		return "", bad("this is not UTF-8 text")
	case utf8.RuneCountInString(text) < least:
		return "", bad("say %s", what)
	case len(text) > most:
		return "", bad("this has %d bytes; at most %d are kept", len(text), most)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return "", bad("this holds control characters; remove them")
	}
	return text, nil
}
