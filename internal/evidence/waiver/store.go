package waiver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

const columns = `w.id, w.number, w.check_id, w.attribute_id, w.filter, w.items, w.items_digest, w.reason, w.owner, w.control, w.compensating, w.starts_at, w.expires_at,
	w.asked_at, w.asked_by, w.state, w.decided_at, w.decided_by, w.alone, w.holds_from, w.holds_to, w.began, w.ended`

func scan(scanner func(...any) error) (Waiver, error) {
	var w Waiver
	var starts, expires, asked, decided, from, to, began, ended int64
	err := scanner(&w.ID, &w.Number, &w.Check, &w.Attribute, &w.Filter, &w.Items, &w.ItemsDigest, &w.Reason, &w.Owner, &w.Control, &w.Compensating, &starts, &expires,
		&asked, &w.AskedBy, &w.State, &decided, &w.DecidedBy, &w.Alone, &from, &to, &began, &ended)
	w.Starts, w.Expires, w.AskedAt, w.DecidedAt, w.HoldsFrom, w.HoldsTo = moment(starts), moment(expires), moment(asked), moment(decided), moment(from), moment(to)
	w.Began, w.Ended = began == 1, ended == 1
	return w, err
}

func query(ctx context.Context, q database.Querier, tail string, args ...any) ([]Waiver, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM waiver w `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("read waivers: %w", err)
	}
	defer rows.Close()
	var all []Waiver
	for rows.Next() {
		w, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read waivers: %w", err)
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

// named adds the names of the first items.
func named(ctx context.Context, q database.Querier, all []Waiver) error {
	for i := range all {
		rows, err := q.QueryContext(ctx, `SELECT name FROM waiver_item WHERE waiver_id = $1 ORDER BY name LIMIT 5`, all[i].ID)
		if err != nil {
			return fmt.Errorf("read items of %s: %w", all[i].Ref(), err)
		}
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				rows.Close()
				return fmt.Errorf("read items of %s: %w", all[i].Ref(), err)
			}
			all[i].Names = append(all[i].Names, name)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return fmt.Errorf("read items of %s: %w", all[i].Ref(), err)
		}
	}
	return nil
}

func get(ctx context.Context, q database.Querier, ref string) (Waiver, error) {
	none := fault.New(fault.NotFound, "there is no waiver %q", ref).WithHint("waivers have numbers like W-3")
	where, arg := `WHERE w.id = $1`, any(ref)
	if !strings.HasPrefix(ref, "wvr_") {
		n, err := parseRef(ref)
		if err != nil {
			return Waiver{}, none
		}
		where, arg = `WHERE w.number = $1`, n
	}
	all, err := query(ctx, q, where, arg)
	if err != nil {
		return Waiver{}, err
	}
	if len(all) == 0 {
		return Waiver{}, none
	}
	return all[0], named(ctx, q, all[:1:1])
}

// lockWaiver gives a waiver that no other transaction changes until this one
// ends.
func lockWaiver(ctx context.Context, q database.Querier, ref string) (Waiver, error) {
	w, err := get(ctx, q, ref)
	if err != nil {
		return w, err
	}
	if _, err := q.ExecContext(ctx, `UPDATE waiver SET state = state WHERE id = $1`, w.ID); err != nil {
		return w, fmt.Errorf("lock %s: %w", w.Ref(), err)
	}
	return get(ctx, q, w.ID)
}

// nextNumber gives the next short number. On PostgreSQL its row stays locked
// until the transaction ends, so that two that overlap meet here.
func nextNumber(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `UPDATE evidence_counter SET value = value + 1 WHERE name = 'waiver' RETURNING value`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number a waiver: %w", err)
	}
	return n, nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func insertWaiver(ctx context.Context, q database.Querier, w Waiver, items []Item) error {
	_, err := q.ExecContext(ctx, `INSERT INTO waiver (id, number, check_id, attribute_id, filter, items, items_digest, reason, owner, control, compensating, starts_at,
			expires_at, asked_at, asked_by, state, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		w.ID, w.Number, w.Check, w.Attribute, w.Filter, w.Items, w.ItemsDigest, w.Reason, w.Owner, w.Control, w.Compensating, micros(w.Starts), micros(w.Expires),
		micros(w.AskedAt), w.AskedBy, string(w.State), w.search())
	if err != nil {
		return fmt.Errorf("store %s: %w", w.Ref(), err)
	}
	for _, i := range items {
		if _, err := q.ExecContext(ctx, `INSERT INTO waiver_item (item_id, waiver_id, name) VALUES ($1, $2, $3)`, i.ID, w.ID, i.Name); err != nil {
			return fmt.Errorf("store items of %s: %w", w.Ref(), err)
		}
	}
	return nil
}

func updateWaiver(ctx context.Context, q database.Querier, w Waiver) error {
	_, err := q.ExecContext(ctx, `UPDATE waiver SET state = $2, decided_at = $3, decided_by = $4, alone = $5, holds_from = $6, holds_to = $7, began = $8, ended = $9 WHERE id = $1`,
		w.ID, string(w.State), micros(w.DecidedAt), w.DecidedBy, w.Alone, micros(w.HoldsFrom), micros(w.HoldsTo), bit(w.Began), bit(w.Ended))
	if err != nil {
		return fmt.Errorf("store %s: %w", w.Ref(), err)
	}
	return nil
}

func insertEvent(ctx context.Context, q database.Querier, id string, e Event) error {
	_, err := q.ExecContext(ctx, `INSERT INTO waiver_event (waiver_id, seq, kind, state, at, actor, note, entry_id)
		VALUES ($1, (SELECT COALESCE(MAX(p.seq), 0) + 1 FROM waiver_event p WHERE p.waiver_id = $1), $2, $3, $4, $5, $6, $7)`,
		id, e.Kind, string(e.State), micros(e.At), e.Actor, e.Note, e.Entry)
	if err != nil {
		return fmt.Errorf("store the timeline of a waiver: %w", err)
	}
	return nil
}

func timeline(ctx context.Context, q database.Querier, id string) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT v.seq, v.kind, v.state, v.at, v.actor, v.note, v.entry_id, COALESCE(e.idx, -1)
		FROM waiver_event v LEFT JOIN ledger_entry e ON e.id = v.entry_id WHERE v.waiver_id = $1 ORDER BY v.seq`, id)
	if err != nil {
		return nil, fmt.Errorf("read the timeline of a waiver: %w", err)
	}
	defer rows.Close()
	var all []Event
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.Seq, &e.Kind, &e.State, &at, &e.Actor, &e.Note, &e.Entry, &e.Index); err != nil {
			return nil, fmt.Errorf("read the timeline of a waiver: %w", err)
		}
		e.At = moment(at)
		all = append(all, e)
	}
	return all, rows.Err()
}

func itemsOf(ctx context.Context, q database.Querier, id, after string, limit int) ([]Item, error) {
	rows, err := q.QueryContext(ctx, `SELECT item_id, name FROM waiver_item WHERE waiver_id = $1 AND item_id > $2 ORDER BY item_id LIMIT $3`, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read items of a waiver: %w", err)
	}
	defer rows.Close()
	var all []Item
	for rows.Next() {
		var i Item
		if err := rows.Scan(&i.ID, &i.Name); err != nil {
			return nil, fmt.Errorf("read items of a waiver: %w", err)
		}
		all = append(all, i)
	}
	return all, rows.Err()
}

// overlapping gives an approved waiver that covers an item of w meanwhile, and
// that item's name.
func overlapping(ctx context.Context, q database.Querier, w Waiver, items []Item) (*Waiver, string, error) {
	from, to := micros(w.Starts), micros(w.Expires)
	if !w.HoldsFrom.IsZero() {
		from, to = micros(w.HoldsFrom), micros(w.HoldsTo)
	}
	all, err := query(ctx, q, `WHERE w.check_id = $1 AND w.id <> $2 AND w.holds_from > 0 AND w.holds_from < $4 AND w.holds_to > $3 AND w.holds_from < w.holds_to
		AND ($5 = '' OR w.attribute_id = '' OR w.attribute_id = $5) ORDER BY w.number`, w.Check, w.ID, from, to, w.Attribute)
	if err != nil {
		return nil, "", err
	}
	for i := range all {
		theirs, err := itemsOf(ctx, q, all[i].ID, "", maxItems)
		if err != nil {
			return nil, "", err
		}
		have := make(map[string]bool, len(theirs))
		for _, t := range theirs {
			have[t.ID] = true
		}
		for _, mine := range items {
			if have[mine.ID] {
				return &all[i], mine.Name, nil
			}
		}
	}
	return nil, "", nil
}

func dueWaivers(ctx context.Context, q database.Querier, now time.Time) ([]Waiver, error) {
	return query(ctx, q, `WHERE w.holds_from > 0 AND w.ended = 0 AND ((w.began = 0 AND w.holds_from <= $1) OR w.holds_to <= $1) ORDER BY w.holds_to, w.number`, micros(now))
}

// coversQuery is asked in the run of a batch; it goes by the items' index.
const coversQuery = `SELECT w.id, w.check_id, w.attribute_id, w.holds_from, w.holds_to FROM waiver_item i JOIN waiver w ON w.id = i.waiver_id
	WHERE i.item_id = $1 AND w.holds_from > 0 AND w.holds_from < w.holds_to ORDER BY w.holds_from`

func coversOf(ctx context.Context, q database.Querier, item string) ([]outcome.Cover, error) {
	rows, err := q.QueryContext(ctx, coversQuery, item)
	if err != nil {
		return nil, fmt.Errorf("read waivers of %s: %w", item, err)
	}
	defer rows.Close()
	var all []outcome.Cover
	for rows.Next() {
		var c outcome.Cover
		var from, to int64
		if err := rows.Scan(&c.Waiver, &c.Check, &c.Attribute, &from, &to); err != nil {
			return nil, fmt.Errorf("read waivers of %s: %w", item, err)
		}
		c.From, c.To = moment(from), moment(to)
		all = append(all, c)
	}
	return all, rows.Err()
}

func ofItem(ctx context.Context, q database.Querier, item string) ([]Waiver, error) {
	return query(ctx, q, `JOIN waiver_item i ON i.waiver_id = w.id WHERE i.item_id = $1 ORDER BY w.number DESC`, item)
}

func counts(ctx context.Context, q database.Querier) (map[State]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT state, COUNT(*) FROM waiver GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("count waivers: %w", err)
	}
	defer rows.Close()
	all := map[State]int64{}
	for rows.Next() {
		var state State
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count waivers: %w", err)
		}
		all[state] = n
	}
	return all, rows.Err()
}

func list(ctx context.Context, q database.Querier, f Filter, cursor string, limit int) (Page, error) {
	where, args := []string{"1 = 1"}, []any{}
	bind := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if len(f.States) > 0 {
		places := make([]string, len(f.States))
		for i, s := range f.States {
			places[i] = bind(string(s))
		}
		where = append(where, "w.state IN ("+strings.Join(places, ", ")+")")
	}
	if f.Check != "" {
		where = append(where, "w.check_id = "+bind(f.Check))
	}
	if f.Owner != "" {
		where = append(where, "w.owner = "+bind(f.Owner))
	}
	if f.Item != "" {
		where = append(where, "EXISTS (SELECT 1 FROM waiver_item i WHERE i.waiver_id = w.id AND i.item_id = "+bind(f.Item)+")")
	}
	for _, word := range strings.Fields(strings.ToLower(f.Query)) {
		word = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word)
		where = append(where, `w.search LIKE `+bind("%"+word+"%")+` ESCAPE '\'`)
	}
	var page Page
	condition := "WHERE " + strings.Join(where, " AND ")
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM waiver w `+condition, args...).Scan(&page.Total); err != nil {
		return Page{}, fmt.Errorf("count waivers: %w", err)
	}
	if cursor != "" {
		n, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			return Page{}, fault.Wrap(fault.Invalid, err, "the cursor is not one of this list").At("", 0, "cursor")
		}
		condition += " AND w.number < " + bind(n)
	}
	all, err := query(ctx, q, condition+" ORDER BY w.number DESC LIMIT "+bind(limit+1), args...)
	if err != nil {
		return Page{}, err
	}
	if len(all) > limit {
		all = all[:limit]
		page.Next = strconv.FormatInt(all[limit-1].Number, 10)
	}
	page.Waivers = all
	return page, named(ctx, q, all)
}

// eventByEntry gives the line of a timeline that an entry stands for.
func eventByEntry(ctx context.Context, q database.Querier, entry string) (id string, e Event, err error) {
	var at int64
	err = q.QueryRowContext(ctx, `SELECT waiver_id, seq, kind, state, at, actor, note FROM waiver_event WHERE entry_id = $1`, entry).
		Scan(&id, &e.Seq, &e.Kind, &e.State, &at, &e.Actor, &e.Note)
	e.At, e.Entry = moment(at), entry
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("read the timeline of a waiver: %w", err)
	}
	return id, e, err
}
