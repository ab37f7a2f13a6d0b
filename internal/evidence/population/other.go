package population

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Other is a second source of a source's things that is known here, and knows
// which items its entries are.
type Other struct {
	Kind  string // "deployments": a word
	Title string // "Deployments to production"
	Doc   string // what being on one side alone means
	// Read gives its entries in the request's window, as known by the request's
	// size of the ledger.
	Read func(ctx context.Context, r Request) (entries []OtherEntry, notes []string, err error)
}

// OtherEntry is an entry of such a source.
type OtherEntry struct {
	Second
	Items []string // ids of the items that it is; those outside of the extraction do not count
	By    string   // what it was recognised by
}

// other gives a source's second source of that kind.
func (s *Source) other(kind string) (Other, bool) {
	i := slices.IndexFunc(s.Others, func(o Other) bool { return o.Kind == kind })
	if i < 0 {
		return Other{}, false
	}
	return s.Others[i], true
}

// ReconcileWith holds a frozen extraction against another source that is known
// here, over the same window and by the same size of the ledger
// (population.edit).
func (s *Service) ReconcileWith(ctx context.Context, p access.Principal, extractionID, kind string) (Reconciliation, error) {
	if err := access.Authorise(p, access.PopulationEdit); err != nil {
		return Reconciliation{}, err
	}
	e, err := s.Extraction(ctx, extractionID)
	if err != nil {
		return Reconciliation{}, err
	}
	src, err := s.source(e.Content.Source)
	if err != nil {
		return Reconciliation{}, err
	}
	o, ok := src.other(kind)
	if !ok {
		kinds := make([]string, len(src.Others))
		for i, o := range src.Others {
			kinds[i] = o.Kind
		}
		f := fault.New(fault.Invalid, "%s cannot be held against %q", src.Title, kind).At("", 0, "kind")
		if len(kinds) > 0 {
			f = f.WithHint("one of %s", strings.Join(kinds, ", "))
		}
		return Reconciliation{}, f
	}
	entries, notes, err := o.Read(ctx, e.request())
	if err != nil {
		return Reconciliation{}, fmt.Errorf("read %s: %w", o.Title, err)
	}
	raw, err := json.Marshal(entries)
	if err != nil {
		return Reconciliation{}, err
	}
	content, err := s.content(e.Digest, e.Size)
	if err != nil {
		return Reconciliation{}, err
	}
	var items []Item
	for line := range bytes.Lines(content) {
		item, err := parseLine(line)
		if err != nil {
			return Reconciliation{}, err
		}
		items = append(items, item)
	}
	lines, matched := tie(items, entries)
	return s.settle(ctx, p, e, settled{kind: o.Kind, name: o.Title, raw: raw, lines: lines, a: int64(len(items)), b: int64(len(entries)), matchedB: matched, notes: notes})
}

// tie holds items against entries that name them. Lines come sorted as
// reconcile's do.
func tie(items []Item, entries []OtherEntry) (lines []Line, matchedB int64) {
	at := make(map[string]int, len(items))
	for i, item := range items {
		at[item.ID] = i
	}
	matches := make([][]Match, len(items))
	for _, entry := range entries {
		found := false
		for _, id := range entry.Items {
			i, ok := at[id]
			if !ok {
				continue
			}
			found = true
			if len(matches[i]) < maxLineDetail {
				matches[i] = append(matches[i], Match{entry.Second, entry.By})
			}
		}
		if found {
			matchedB++
			continue
		}
		lines = append(lines, Line{Side: OnlyB, Name: label(entry.Second), Matches: []Match{{Second: entry.Second}}})
	}
	for i, item := range items {
		name, _ := item.Attributes["name"].(string)
		if name == "" {
			name = item.ID
		}
		l := Line{Side: OnlyA, Item: item.ID, Name: name, Matches: matches[i]}
		if len(l.Matches) > 0 {
			l.Side = Both
		}
		lines = append(lines, l)
	}
	sortLines(lines)
	return lines, matchedB
}
