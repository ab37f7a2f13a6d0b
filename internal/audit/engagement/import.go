package engagement

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// MaxRequests is how many requests an engagement holds.
const MaxRequests = 5000

// Proposed is a request as an import reads it.
type Proposed struct {
	Ref string
	RequestContent
	HasTheirs bool // the workbook says where the auditor stands
}

// Changes says what an import would do, or did.
type Changes struct {
	Added   []Request
	Changed []Request // as they would be
	Before  []Request // as they are, beside Changed
	Same    []Request
	Absent  []Request // in the engagement and not in the list: left as they are
}

// Preview says what an import would change. Nothing is stored.
func (s *Service) Preview(ctx context.Context, p access.Principal, number int, list []Proposed) (Changes, error) {
	if err := access.Authorise(p, access.RequestAnswer); err != nil {
		return Changes{}, err
	}
	g, err := s.get(ctx, s.cfg.DB.Reader(), p, number)
	if err != nil {
		return Changes{}, err
	}
	have, err := requestsOf(ctx, s.cfg.DB.Reader(), g.ID)
	if err != nil {
		return Changes{}, err
	}
	return compare(p, g, have, list)
}

// Import takes a request list in, all of it or nothing, with the workbook that
// it came from (nil: none), whose blob is stored already.
func (s *Service) Import(ctx context.Context, p access.Principal, number int, list []Proposed, from *Workbook) (Changes, error) {
	if err := access.Authorise(p, access.RequestAnswer); err != nil {
		return Changes{}, err
	}
	return s.put(ctx, p, number, "request.imported", list, from)
}

// compare sorts a list into what is new, changed, the same and absent. What is
// ours (owner, our status, our answer) is kept; the auditor's status is taken
// from the list only where it says one.
func compare(p access.Principal, g Engagement, have []Request, list []Proposed) (Changes, error) {
	var c Changes
	byRef := map[string]int{}
	for i, r := range have {
		byRef[r.Ref] = i
	}
	seen := map[string]bool{}
	for i, n := range list {
		ref, err := checkRef(n.Ref)
		if err != nil {
			return c, fmt.Errorf("request %d of the list: %w", i+1, err)
		}
		if seen[ref] {
			return c, bad("ref", "reference %q stands in the list twice", ref).WithHint("give each request one of its own")
		}
		seen[ref] = true
		at, there := byRef[ref]
		if !there {
			r := Request{Engagement: g.ID, Ref: ref, Position: len(have) + len(c.Added) + 1, RequestContent: n.RequestContent, Exhibits: []Exhibit{}}
			if err := r.check(); err != nil {
				return c, fmt.Errorf("request %s: %w", ref, err)
			}
			c.Added = append(c.Added, r)
			continue
		}
		before := have[at]
		r := before
		r.Text, r.Section, r.Criteria, r.Control, r.Contact = n.Text, n.Section, n.Criteria, n.Control, n.Contact
		if n.Due != "" {
			r.Due = n.Due
		}
		if n.HasTheirs {
			r.Theirs = n.Theirs
		}
		if err := r.check(); err != nil {
			return c, fmt.Errorf("request %s: %w", ref, err)
		}
		if reflect.DeepEqual(r.RequestContent, before.RequestContent) {
			c.Same = append(c.Same, before)
			continue
		}
		c.Changed, c.Before = append(c.Changed, r), append(c.Before, before)
	}
	for _, r := range have {
		if !seen[r.Ref] {
			c.Absent = append(c.Absent, r)
		}
	}
	if n := len(have) + len(c.Added); n > MaxRequests {
		return c, fault.New(fault.Invalid, "the engagement would have %d requests; at most %d are kept", n, MaxRequests)
	}
	return c, nil
}

func (s *Service) put(ctx context.Context, p access.Principal, number int, event string, list []Proposed, from *Workbook) (Changes, error) {
	var c Changes
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := s.open(ctx, tx, p, number)
		if err != nil {
			return err
		}
		have, err := requestsOf(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		if c, err = compare(p, g, have, list); err != nil {
			return err
		}
		now := s.cfg.Clock()
		written := make([]*Request, 0, len(c.Added)+len(c.Changed))
		for i := range c.Added {
			c.Added[i].ID, c.Added[i].Version = ids.New("req", now), 1
			written = append(written, &c.Added[i])
		}
		if event == "request.asked" { // a request that is there already stays as it is
			c.Same, c.Changed = append(c.Same, c.Changed...), nil
		}
		for i := range c.Changed {
			c.Changed[i].Version++
			written = append(written, &c.Changed[i])
		}
		var lines []Request
		contents := make([]string, len(written))
		for i, r := range written {
			if contents[i], r.Digest, err = encode(r.RequestContent); err != nil {
				return err
			}
			lines = append(lines, *r)
		}
		if len(written) > 0 {
			entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: event, Stream: "people", Actor: p.UserID, Subject: g.ID,
				Data: by(p, map[string]any{"requests": len(written), "added": len(c.Added), "changed": len(c.Changed), "digest": digestLines(lines)})})
			if err != nil {
				return fmt.Errorf("record the requests: %w", err)
			}
			for i, r := range written {
				r.Made = Made{At: now, By: p.UserID, Entry: entry, Index: -1}
				if r.Version == 1 {
					if err := insertRequest(ctx, tx, *r); err != nil {
						return err
					}
				}
				if err := insertRequestVersion(ctx, tx, *r, contents[i]); err != nil {
					return err
				}
			}
		}
		if from == nil {
			return nil
		}
		books, err := workbooksOf(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		from.Version, from.Made = len(books)+1, Made{At: now, By: p.UserID, Index: -1}
		if from.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "engagement.workbook", Stream: "people", Actor: p.UserID, Subject: g.ID, Blob: from.Digest,
			Data: by(p, map[string]any{"version": from.Version, "requests": len(list)})}); err != nil {
			return fmt.Errorf("record the workbook: %w", err)
		}
		return insertWorkbook(ctx, tx, g.ID, *from)
	})
	return c, err
}
