package review

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// file writes a closed campaign whole: its settings, each source with its state,
// and every item with its decision, as CSV that names its digests.
func (s *Service) file(ctx context.Context, c *Campaign) ([]byte, error) {
	q := s.cfg.DB.Reader()
	parts, err := partsOf(ctx, q, c.Number)
	if err != nil {
		return nil, err
	}
	items, err := itemsOf(ctx, q, c.Number)
	if err != nil {
		return nil, err
	}
	users, _, err := s.users(ctx)
	if err != nil {
		return nil, err
	}
	who := func(id string) string {
		if u, ok := users[id]; ok {
			return u.Name
		}
		return id
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	put := func(cells ...string) {
		for i := range cells {
			cells[i] = plain(cells[i])
		}
		if err == nil {
			err = w.Write(cells)
		}
	}
	put("review", c.Ref(), c.Set.Title)
	put("period", c.Set.From, c.Set.To)
	put("frozen", stamp(c.Begun.At), "items", strconv.Itoa(c.Items), "sha256", c.Digest)
	put("due before", stamp(c.Due), "closed", stamp(c.Ended.At), "by", who(c.Ended.By))
	put("decisions sha256", c.DecisionsDigest)
	put()
	put("source", "part", "kind", "state", "why", "observed until", "items", "accounts left out: they let nobody in", "sha256 of what was read")
	for _, p := range parts {
		put(p.Name, p.Part, p.Kind, p.State(), p.Why, stamp(p.Until), strconv.Itoa(p.Items), strconv.Itoa(p.LeftOut), p.Digest)
	}
	put()
	put("item", "system", "account", "role", "detail", "person", "manager", "last used", "granted", "granted by", "request", "flags", "duties", "since last time", "last decision", "decision", "reason", "by", "at")
	for _, x := range items {
		put(x.Ref(), x.PlaceName, x.Account, x.Role, x.Detail, x.PersonName, x.Manager, stamp(x.LastUsed), stamp(x.GrantedAt), who(x.GrantedBy), x.Request, strings.Join(x.Flags, " "), x.Duties, x.Changed, x.Before,
			x.Decision, x.Reason, who(x.DecidedBy), stamp(x.DecidedAt))
	}
	w.Flush()
	if err == nil {
		err = w.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("write %s as a file: %w", c.Ref(), err)
	}
	return b.Bytes(), nil
}

// plain keeps a spreadsheet from taking a cell for a formula.
func plain(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
