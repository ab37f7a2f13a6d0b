// Package activity answers what somebody did: the entries of the ledger by whom
// they are, be it a person, the agent of a host or Attesta itself.
//
// Invariants:
//   - the index holds nothing that the ledger does not say: it is made from the
//     ledger by index, and what is shown are the ledger's own entries
//   - an entry that is not by whom the index says is refused, never shown
//   - what the index has not read yet is said with the answer
//
// What a token did stands under the person who made it: entries name people.
//
// Serves A9 and A11 of the mission. Floor: domains. Imports access, ledger.
package activity

import (
	"cmp"
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config is what activity rests on.
type Config struct {
	DB     *database.DB // required
	Ledger *ledger.Log  // required
	Logger *slog.Logger // slog.Default()
}

// Service finds entries by whom they are and when.
type Service struct{ cfg Config }

// New makes it.
func New(cfg Config) *Service {
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	return &Service{cfg}
}

// Filter narrows entries; zero fields do not.
type Filter struct {
	Actor   string    // "usr_…", "src_…", "system"
	Type    string    // exact, or a family when it ends in a dot: "finding."
	Subject string    // what it is about
	From    time.Time // recorded then or later
	To      time.Time // recorded before
	Before  int64     // only indexes below it, when above 0
	Limit   int       // 100 when 0, at most 1,000
}

// Page is entries, newest first.
type Page struct {
	Records []ledger.Record
	Read    int64 // how many entries of the ledger the index has read
	Size    int64 // of the ledger
}

const (
	perStep  = 500 // entries that are read at once
	perQuery = 20  // steps that an answer waits for
)

// Of gives numbered entries that fit (ledger.read).
func (s *Service) Of(ctx context.Context, p access.Principal, f Filter) (Page, error) {
	if err := access.Authorise(p, access.LedgerRead); err != nil {
		return Page{}, err
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	f.Limit = min(f.Limit, 1000)
	for range perQuery { // whoever just did something finds it
		if n, err := s.Step(ctx); err != nil || n == 0 {
			if err != nil && !fault.Is(err, fault.Conflict) {
				return Page{}, err
			}
			break
		}
	}
	var out Page
	read, err := upto(ctx, s.cfg.DB.Reader())
	if err != nil {
		return out, err
	}
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		return out, err
	}
	out.Read, out.Size = read, head.Size
	indexes, err := find(ctx, s.cfg.DB.Reader(), f)
	if err != nil {
		return out, err
	}
	if out.Records, err = s.cfg.Ledger.Numbered(ctx, indexes); err != nil {
		return out, err
	}
	for _, rec := range out.Records {
		if f.Actor != "" && rec.Actor != f.Actor || f.Subject != "" && rec.Subject != f.Subject {
			return out, fault.New(fault.Refused, "the index of activity says of entry %d what the ledger does not", rec.Index).
				WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
		}
	}
	return out, nil
}

// Step reads the next entries into the index and gives how many. Kind Conflict
// where another process has read the same.
func (s *Service) Step(ctx context.Context) (int, error) {
	from, err := upto(ctx, s.cfg.DB.Reader())
	if err != nil {
		return 0, err
	}
	records, err := s.cfg.Ledger.Since(ctx, from, perStep)
	if err != nil || len(records) == 0 {
		return 0, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := advance(ctx, tx, from, records[len(records)-1].Index+1); err != nil {
			return err
		}
		return insert(ctx, tx, records)
	})
	return len(records), err
}

// Follow keeps the index near the ledger until ctx ends. What fails is tried
// again; nothing is left out.
func (s *Service) Follow(ctx context.Context) error {
	for {
		next, wait := s.cfg.Ledger.Changed(), time.Minute
		n, err := s.Step(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case fault.Is(err, fault.Conflict):
			next, wait = nil, time.Second
		case err != nil:
			s.cfg.Logger.Error("the index of activity does not follow the ledger; it is tried again", "error", err)
			next, wait = nil, 10*time.Second
		case n == perStep:
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next:
		case <-time.After(wait):
		}
		if !pause(ctx) {
			return nil
		}
	}
}

// pause gathers what comes at once, so that a storm of entries is few steps.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Second):
		return true
	}
}
