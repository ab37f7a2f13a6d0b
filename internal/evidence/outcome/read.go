package outcome

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// At says for when, and as known when, outcomes are read.
type At struct {
	Valid time.Time // the moment asked about; zero means now
	Known int64     // ledger size that bounds what was known: entries with a smaller index; -1 means everything
}

// Now is the present as known now.
func Now() At { return At{Known: -1} }

// AttributeCounts are the items of one attribute of a check, by outcome.
type AttributeCounts struct {
	Check     string `json:"check"`     // "linux-server/sshd-root-login"
	Attribute string `json:"attribute"` // "root_login_refused"
	Counts
	Silent int64     `json:"silent"`         // of NotObserved: inherited, because the source was not heard at that moment
	Since  time.Time `json:"since,omitzero"` // when the first item failed or was waived, of a stretch in which at least one does; zero where none does
}

// Row is what one attribute of a check says about one item.
type Row struct {
	Check, Attribute string
	Item, ItemName   string
	Population       string
	Source           string
	Outcome          Outcome
	Reason           string // plain words; empty only for pass
	Observed         string // compact JSON of what was read when the outcome became this
	Expected         string
	Since            time.Time // when the outcome became this; of an inherited one, when the source was last heard
	Run              string    // "run_…" that wrote it
	Entry            string    // "ent_…" of that run
	Index            int64     // of that entry in the ledger, -1 before it is numbered
	Inherited        bool      // not_observed because the source was not heard; Stored is what was last observed
	Stored           Outcome   // the outcome as stored
}

// Filter narrows a list of outcomes. Empty fields do not, but Check, Item or
// Outcomes (none of them pass) must be given: a list is for people.
type Filter struct {
	Check, Attribute, Item, Population string
	Outcomes                           []Outcome
	Query                              string // part of the item's name, whatever the case
}

// Step is a change of one attribute's counts at a moment of valid time.
type Step struct {
	Check, Attribute string
	At               time.Time
	Delta            Counts
}

// Counts gives every attribute that had items at that moment, by check and
// attribute, with what silence makes not observed.
func (s *Service) Counts(ctx context.Context, at At) ([]AttributeCounts, error) {
	m, q := s.moment(at), s.cfg.DB.Reader()
	var (
		all    map[int64]attributeRow
		totals map[int64]total
		sil    silence
	)
	err := s.beside(ctx,
		func(ctx context.Context) (err error) { sil, err = s.silence(ctx, m, ""); return err },
		func(ctx context.Context) (err error) {
			if all, err = attributes(ctx, q); err == nil {
				totals, err = storedTotals(ctx, q, m, nil, true)
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	counts, err := s.counts(ctx, m, totals, sil, all, nil, nil)
	if err != nil {
		return nil, err
	}
	return named(counts, all), nil
}

// beside reads several things at once, which a database does on several cores; one
// after the other within a transaction, which has one connection.
func (s *Service) beside(ctx context.Context, reads ...func(context.Context) error) error {
	if s.cfg.DB.Within(ctx) {
		for _, read := range reads {
			if err := read(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, read := range reads {
		g.Go(func() error { return read(ctx) })
	}
	return g.Wait()
}

// named gives the counts of attributes that had items.
func named(counts map[int64]AttributeCounts, all map[int64]attributeRow) []AttributeCounts {
	out := make([]AttributeCounts, 0, len(counts))
	for no, c := range counts {
		if c.Total() != 0 {
			c.Check, c.Attribute = all[no].key.check, all[no].key.id
			out = append(out, c)
		}
	}
	sortCounts(out)
	return out
}

// counts gives the counts by attribute number, from the sums of steps and what
// silence makes of them, of all attributes or of only some. known are the sources
// of items, nil where they have not been read.
func (s *Service) counts(ctx context.Context, m moment, totals map[int64]total, sil silence, all map[int64]attributeRow, only []int64, known map[int64]string) (map[int64]AttributeCounts, error) {
	q := s.cfg.DB.Reader()
	out := make(map[int64]AttributeCounts, len(totals))
	for no, t := range totals {
		c := AttributeCounts{Counts: t.Counts}
		if t.since != 0 {
			c.Since = clock.FromMicros(t.since)
		}
		out[no] = c
	}
	if len(sil.sources) == 0 && len(sil.sections) == 0 {
		return out, nil
	}
	if known == nil {
		var err error
		if known, err = itemSources(ctx, q); err != nil {
			return nil, err
		}
	}
	var silent, heard, partly []int64
	for no, source := range known {
		_, unheard := sil.sources[source]
		switch {
		case unheard:
			silent = append(silent, no)
		case sil.sections[source] != nil:
			partly = append(partly, no)
			heard = append(heard, no)
		default:
			heard = append(heard, no)
		}
	}
	// Count whichever are fewer: a silent source costs as much as it has items,
	// and when the server itself was off nobody was heard.
	fewer, inverse := silent, false
	if len(heard) < len(silent) {
		fewer, inverse = heard, true
	}
	counted := map[int64]Counts{}
	for part := range slices.Chunk(slices.Sorted(slices.Values(fewer)), 2000) {
		there, err := presentAt(ctx, q, m, part) // of others every outcome is gone
		if err != nil {
			return nil, err
		}
		scanned, err := heldCounts(ctx, q, m, there, only)
		if err != nil {
			return nil, err
		}
		for no, c := range scanned {
			counted[no] = counted[no].Plus(c)
		}
	}
	for no, c := range out {
		quiet := counted[no]
		if inverse {
			quiet = c.Counts.minus(counted[no])
		}
		c.Counts = c.Counts.minus(quiet)
		c.NotObserved += quiet.Total()
		c.Silent += quiet.Total()
		out[no] = c
	}
	for part := range slices.Chunk(slices.Sorted(slices.Values(partly)), 2000) {
		rows, err := holdings(ctx, q, m, "outcome o", " AND o.item_no "+in(part)+among("o.attribute_no", only))
		if err != nil {
			return nil, err
		}
		for _, h := range rows {
			if sil.of(known[h.itemNo], all[h.attributeNo].sections) {
				c := out[h.attributeNo]
				c.Counts = c.Counts.minus(one(h.outcome))
				c.NotObserved++
				c.Silent++
				out[h.attributeNo] = c
			}
		}
	}
	return out, nil
}

// Steps gives the changes of stored counts with from < At <= to, in order, as
// known at that ledger size (-1: everything). With Counts they draw a history
// without scanning outcomes. Silence is not in them: see Coverage.
func (s *Service) Steps(ctx context.Context, from, to time.Time, known int64) ([]Step, error) {
	q := s.cfg.DB.Reader()
	all, err := attributes(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := stepsBetween(ctx, q, moment{valid: clock.Micros(to), known: known}, clock.Micros(from), nil)
	if err != nil {
		return nil, err
	}
	out := make([]Step, len(rows))
	for i, r := range rows {
		key := all[r.attributeNo].key
		out[i] = Step{key.check, key.id, clock.FromMicros(r.at), r.delta}
	}
	return out, nil
}

// List gives a page of outcomes, by item name, check and attribute. next is ""
// at the end. total is exact.
func (s *Service) List(ctx context.Context, f Filter, at At, cursor string, limit int) (rows []Row, next string, total int64, err error) {
	m := s.moment(at)
	return s.list(ctx, f, m, cursor, limit)
}

// OfItem gives all outcomes of an item, by check and attribute.
func (s *Service) OfItem(ctx context.Context, item string, at At) ([]Row, error) {
	rows, _, _, err := s.List(ctx, Filter{Item: item}, at, "", 100_000)
	return rows, err
}

// Failing gives everything that fails of an item as things are, whatever the
// silence of its source, in the caller's transaction.
func (s *Service) Failing(ctx context.Context, q database.Querier, item string) ([]Change, error) {
	return failingOf(ctx, q, item)
}

// CountsByItem gives the attributes of items by outcome, by item id.
func (s *Service) CountsByItem(ctx context.Context, ids []string, at At) (map[string]Counts, error) {
	m := s.moment(at)
	q := s.cfg.DB.Reader()
	all, err := attributes(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Counts, len(ids))
	for part := range slices.Chunk(ids, 500) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		known, err := items(ctx, q, "WHERE id IN "+values(1, len(part)), args...)
		if err != nil {
			return nil, err
		}
		if len(known) == 0 {
			continue
		}
		rows, err := holdings(ctx, q, m, "outcome o", " AND o.item_no "+in(sortedNos(known)))
		if err != nil {
			return nil, err
		}
		sil, err := s.silence(ctx, m, "")
		if err != nil {
			return nil, err
		}
		for _, h := range rows {
			i := known[h.itemNo]
			o := h.outcome
			if sil.of(i.Source, all[h.attributeNo].sections) {
				o = NotObserved
			}
			c := out[i.ID]
			c.add(o, 1)
			out[i.ID] = c
		}
	}
	return out, nil
}

// line is a row of a list before its texts are read.
type line struct {
	holding
	item      itemRow
	attribute attributeRow
	outcome   Outcome // with silence taken into account
	quiet     quiet
	inherited bool
}

func (l line) key() [4]string {
	return [4]string{strings.ToLower(l.item.Name), l.item.ID, l.attribute.key.check, l.attribute.key.id}
}

func compareKeys(a, b [4]string) int { return slices.Compare(a[:], b[:]) }

func (s *Service) list(ctx context.Context, f Filter, m moment, cursor string, limit int) ([]Row, string, int64, error) {
	var after [4]string
	if cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil || json.Unmarshal(raw, &after) != nil {
			return nil, "", 0, fault.New(fault.Invalid, "the cursor is not one of this list").At("", 0, "cursor")
		}
	}
	lines, err := s.lines(ctx, f, m)
	if err != nil {
		return nil, "", 0, err
	}
	slices.SortFunc(lines, func(a, b line) int { return compareKeys(a.key(), b.key()) })
	total := int64(len(lines))
	if cursor != "" {
		i, found := slices.BinarySearchFunc(lines, after, func(l line, k [4]string) int { return compareKeys(l.key(), k) })
		if found {
			i++
		}
		lines = lines[i:]
	}
	next := ""
	if limit > 0 && len(lines) > limit {
		lines = lines[:limit]
		raw, err := json.Marshal(lines[limit-1].key())
		if err != nil {
			return nil, "", 0, err
		}
		next = base64.RawURLEncoding.EncodeToString(raw)
	}
	rows, err := s.rows(ctx, lines)
	return rows, next, total, err
}

// lines gives what a filter selects, silence taken into account, in no order.
func (s *Service) lines(ctx context.Context, f Filter, m moment) ([]line, error) {
	q := s.cfg.DB.Reader()
	all, err := attributes(ctx, q)
	if err != nil {
		return nil, err
	}
	var nos []int64
	for no, a := range all {
		if (f.Check == "" || a.key.check == f.Check) && (f.Attribute == "" || a.key.id == f.Attribute) && (f.Population == "" || a.population == f.Population) {
			nos = append(nos, no)
		}
	}
	if len(nos) == 0 {
		return nil, nil
	}
	slices.Sort(nos)
	var known map[int64]itemRow
	source := ""
	if f.Item != "" {
		if known, err = items(ctx, q, "WHERE id = $1", f.Item); err != nil {
			return nil, err
		}
		for _, i := range known {
			source = i.Source
		}
	} else if known, err = items(ctx, q, ""); err != nil {
		return nil, err
	}
	if len(known) == 0 {
		return nil, nil
	}
	where := ""
	if len(nos) < len(all) {
		where = " AND o.attribute_no " + in(nos)
	}
	sil, err := s.silence(ctx, m, source)
	if err != nil {
		return nil, err
	}
	var rows []holding
	switch {
	case f.Item != "":
		rows, err = holdings(ctx, q, m, "outcome o", where+" AND o.item_no "+in(sortedNos(known)))
	case f.Check != "" && len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, Pass):
		rows, err = s.notable(ctx, q, m, f.Outcomes, nos, known, sil)
	case f.Check != "":
		rows, err = holdings(ctx, q, m, "item i JOIN outcome o ON o.item_no = i.no", where)
	case len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, Pass) && !slices.Contains(f.Outcomes, NotObserved):
		list := make([]string, len(f.Outcomes))
		for i, o := range f.Outcomes {
			list[i] = "'" + strings.ReplaceAll(string(o), "'", "''") + "'"
		}
		rows, err = holdings(ctx, q, m, "outcome o", where+" AND o.outcome <> 'pass' AND o.outcome IN ("+strings.Join(list, ", ")+")")
	default:
		err = fault.New(fault.Invalid, "name a check, an item or the outcomes to list").At("", 0, "check")
	}
	if err != nil {
		return nil, err
	}
	return s.seen(rows, f, known, all, sil), nil
}

// seen takes silence into account, and leaves out what the filter does not select.
func (s *Service) seen(rows []holding, f Filter, known map[int64]itemRow, all map[int64]attributeRow, sil silence) []line {
	query := strings.ToLower(f.Query)
	lines := make([]line, 0, len(rows))
	for _, h := range rows {
		l := line{holding: h, item: known[h.itemNo], attribute: all[h.attributeNo], outcome: h.outcome}
		if l.quiet, l.inherited = sil.since(l.item.Source, l.attribute.sections); l.inherited {
			l.outcome = NotObserved
		}
		if len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, l.outcome) || query != "" && !strings.Contains(strings.ToLower(l.item.Name), query) {
			continue
		}
		lines = append(lines, l)
	}
	return lines
}

// notable gives what attributes say of the items whose outcome is one of a few,
// and of those that count as not observed: of all others only that is looked up.
func (s *Service) notable(ctx context.Context, q database.Querier, m moment, outcomes []Outcome, attributes []int64, known map[int64]itemRow, sil silence) ([]holding, error) {
	once, err := itemsWith(ctx, q, m, outcomes, attributes)
	if err != nil {
		return nil, err
	}
	found := candidates(once, outcomes, known, sil)
	var rows []holding
	for part := range slices.Chunk(sortedNos(found), 2000) {
		more, err := holdings(ctx, q, m, "outcome o", " AND o.attribute_no "+in(attributes)+" AND o.item_no "+in(part))
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// rows reads the texts and runs of lines.
func (s *Service) rows(ctx context.Context, lines []line) ([]Row, error) {
	q := s.cfg.DB.Reader()
	var keys [][16]byte
	runNos := map[int64]Run{}
	seen := map[[16]byte]bool{}
	for _, l := range lines {
		if !seen[l.verdict] {
			seen[l.verdict] = true
			keys = append(keys, l.verdict)
		}
		runNos[l.runNo] = Run{}
	}
	said, err := verdicts(ctx, q, keys)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(sortedNos(runNos), 2000) {
		runs, nos, err := runsWhere(ctx, q, `WHERE r.no `+in(part))
		if err != nil {
			return nil, err
		}
		for i, no := range nos {
			runNos[no] = runs[i]
		}
	}
	out := make([]Row, len(lines))
	for i, l := range lines {
		v, r := said[l.verdict], runNos[l.runNo]
		out[i] = Row{Check: l.attribute.key.check, Attribute: l.attribute.key.id, Item: l.item.ID, ItemName: l.item.Name, Population: l.item.Population,
			Source: l.item.Source, Outcome: l.outcome, Stored: l.holding.outcome, Inherited: l.inherited, Reason: v.Reason, Observed: v.Observed,
			Expected: v.Expected, Since: clock.FromMicros(l.validFrom), Run: r.ID, Entry: r.Entry, Index: r.Index}
		if l.inherited {
			out[i].Reason, out[i].Since = l.quiet.words(l.holding.outcome), time.Time{}
			if l.quiet.since != 0 {
				out[i].Since = clock.FromMicros(l.quiet.since)
			}
		}
	}
	return out, nil
}

// History gives every change of one outcome as stored and as known now, newest
// first; rows that a later run corrected are left out. Outcome is Gone where it
// was not judged.
func (s *Service) History(ctx context.Context, check, attribute, item string) ([]Row, error) {
	q := s.cfg.DB.Reader()
	all, err := attributes(ctx, q)
	if err != nil {
		return nil, err
	}
	known, err := items(ctx, q, "WHERE id = $1", item)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, a := range all {
		if a.key != (attributeKey{check, attribute}) {
			continue
		}
		for itemNo, i := range known {
			have, err := outcomesOf(ctx, q, itemNo, []int64{a.no}, 0)
			if err != nil {
				return nil, err
			}
			for _, r := range collapse(have[a.no]) {
				h := holding{itemNo, a.no, r.validFrom, r.runNo, r.outcome, r.verdict}
				if n := len(lines); n > 0 && lines[n-1].outcome == r.outcome {
					continue
				}
				lines = append(lines, line{holding: h, item: i, attribute: a, outcome: r.outcome})
			}
		}
	}
	slices.Reverse(lines)
	return s.rows(ctx, lines)
}

// LastRuns gives, by check, when the newest evidence that was judged for its
// population was observed.
func (s *Service) LastRuns(ctx context.Context, at At) (map[string]time.Time, error) {
	m := s.moment(at)
	q := s.cfg.DB.Reader()
	byPopulation, err := lastRuns(ctx, q, m)
	if err != nil {
		return nil, err
	}
	all, err := attributes(ctx, q)
	if err != nil {
		return nil, err
	}
	byCheck := map[string]time.Time{}
	for _, a := range all {
		if t, ok := byPopulation[a.population]; ok {
			byCheck[a.key.check] = t
		}
	}
	return byCheck, nil
}

// Population gives the members of a population at a moment, by id, and the
// digest over their sorted ids.
func (s *Service) Population(ctx context.Context, name string, at At) (all []Item, digest string, err error) {
	m := s.moment(at)
	return s.population(ctx, name, m)
}

func (s *Service) population(ctx context.Context, name string, m moment) ([]Item, string, error) {
	all, err := members(ctx, s.cfg.DB.Reader(), name, m)
	if err != nil {
		return nil, "", err
	}
	ids := make([]string, len(all))
	for i, item := range all {
		ids[i] = item.ID
	}
	return all, idsDigest(ids), nil
}

// Stored gives the counts as the steps sum up to, without silence.
func (s *Service) Stored(ctx context.Context, at At) ([]AttributeCounts, error) {
	return s.plainCounts(ctx, at, func(m moment) (map[int64]Counts, error) { return storedCounts(ctx, s.cfg.DB.Reader(), m) })
}

// Scan gives the same by counting the outcomes themselves: what the steps are
// held against. It costs as much as there are outcomes.
func (s *Service) Scan(ctx context.Context, at At) ([]AttributeCounts, error) {
	return s.plainCounts(ctx, at, func(m moment) (map[int64]Counts, error) { return scannedCounts(ctx, s.cfg.DB.Reader(), m) })
}

func (s *Service) plainCounts(ctx context.Context, at At, count func(moment) (map[int64]Counts, error)) ([]AttributeCounts, error) {
	m := s.moment(at)
	all, err := attributes(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	totals, err := count(m)
	if err != nil {
		return nil, err
	}
	var out []AttributeCounts
	for no, c := range totals {
		if c != (Counts{}) {
			out = append(out, AttributeCounts{Check: all[no].key.check, Attribute: all[no].key.id, Counts: c})
		}
	}
	sortCounts(out)
	return out, nil
}

func sortCounts(all []AttributeCounts) {
	slices.SortFunc(all, func(a, b AttributeCounts) int {
		return strings.Compare(a.Check+"\x00"+a.Attribute, b.Check+"\x00"+b.Attribute)
	})
}

// FindItems gives, for each word, the items of a population that have it for
// their id or name.
func (s *Service) FindItems(ctx context.Context, population string, words []string) ([][]Item, error) {
	out := make([][]Item, len(words))
	for i, word := range words {
		found, err := items(ctx, s.cfg.DB.Reader(), "WHERE population = $1 AND (id = $2 OR name = $2)", population, word)
		if err != nil {
			return nil, err
		}
		for _, no := range sortedNos(found) {
			out[i] = append(out[i], found[no].Item)
		}
	}
	return out, nil
}
