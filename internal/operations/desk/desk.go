// Package desk records that somebody took a list away as a file: which list, by
// which query, at which moment on both time axes, how many rows, with which digest.
// And it keeps views: filters of a list under a name, one's own or shared.
//
// Invariants:
//   - a list is taken away only after that stands in the ledger, in the
//     transaction of its row
//   - what people typed (the query) stands in the entry's personal part
//
// Serves A9 and A11 of the mission. Floor: domains. Imports access, ledger.
package desk

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config is what the desk rests on.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock // clock.System when nil
}

// Service is the desk.
type Service struct{ cfg Config }

// New makes it.
func New(cfg Config) *Service {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Service{cfg}
}

// stream numbers all entries of this package.
const stream = "desk"

// Taken is a list that was taken away as a file.
type Taken struct {
	List      string
	Address   string // path and query that were shown
	Format    string
	Count     int64
	Digest    string // SHA-256 of the file
	Size      int64
	Valid     time.Time
	KnownFrom int64
	KnownTo   int64
}

// Take records that p takes a list away (list.export). It is called before the
// first byte goes out.
func (s *Service) Take(ctx context.Context, p access.Principal, t Taken) error {
	if err := access.Authorise(p, access.ListExport); err != nil {
		return err
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "list.exported", Stream: stream, Actor: p.UserID, Subject: "list/" + t.List,
			Data:     map[string]any{"list": t.List, "format": t.Format, "count": t.Count, "digest": t.Digest, "size": t.Size, "valid_at": t.Valid, "known_from": t.KnownFrom, "known_to": t.KnownTo, "query_digest": digestOf(t.Address)},
			Personal: map[string]string{"query": t.Address}})
		if err != nil {
			return err
		}
		return insertTaken(ctx, tx, entry, p.UserID, s.cfg.Clock(), t)
	})
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return err
}

// maxQuery bounds an address's query, in bytes.
const maxQuery = 1000

// places are parameters that say where in a list somebody is, not what it shows.
var places = []string{"after", "before", "drawer", "view"}

// Tidy gives a query without where in the list somebody was, in one order.
func Tidy(query string) (string, error) {
	q, err := url.ParseQuery(query)
	if err != nil || len(query) > maxQuery {
		return "", fault.New(fault.Invalid, "this filter cannot be kept").At("", 0, "query").WithHint("open the list again and take it from there")
	}
	for _, k := range places {
		q.Del(k)
	}
	for k, vs := range q {
		if strings.Join(vs, "") == "" {
			q.Del(k)
		}
	}
	return q.Encode(), nil
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
