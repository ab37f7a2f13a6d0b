package checklist

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) error {
	if _, err := q.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

const itemColumns = `i.id, i.person_id, i.list, i.run, i.place, i.template, i.title, i.what, i.form, i.due_at, i.state, i.reason, i.provider, i.day, i.result, i.link, i.done_at, i.done_by, i.entry_id`

func items(ctx context.Context, q database.Querier, tail string, args ...any) ([]Item, error) {
	all := []Item{}
	rows, err := q.QueryContext(ctx, `SELECT `+itemColumns+`, p.name, p.user_id FROM people_item i JOIN person p ON p.id = i.person_id `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("read items of checklists: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var it Item
		var due, done int64
		if err := rows.Scan(&it.ID, &it.Person, &it.List, &it.Run, &it.Place, &it.Template, &it.Title, &it.What, &it.Form, &due, &it.State, &it.Reason, &it.Provider, &it.Day, &it.Result, &it.Link,
			&done, &it.DoneBy, &it.Entry, &it.PersonName, &it.user); err != nil {
			return nil, fmt.Errorf("read items of checklists: %w", err)
		}
		it.Due, it.DoneAt = clock.FromMicros(due), moment(done)
		all = append(all, it)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read items of checklists: %w", err)
	}
	return all, nil
}

func itemsOf(ctx context.Context, q database.Querier, person string) ([]Item, error) {
	return items(ctx, q, `WHERE i.person_id = $1 ORDER BY i.list, i.run DESC, i.place`, person)
}

func openItems(ctx context.Context, q database.Querier, list string) ([]Item, error) {
	if list == "" {
		return items(ctx, q, `WHERE i.state = 'open' AND p.state <> 'merged' ORDER BY i.due_at, p.name_key, i.place`)
	}
	return items(ctx, q, `WHERE i.state = 'open' AND p.state <> 'merged' AND i.list = $1 ORDER BY i.due_at, p.name_key, i.place`, list)
}

func itemByID(ctx context.Context, q database.Querier, id string) (Item, error) {
	all, err := items(ctx, q, `WHERE i.id = $1`, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "no checklist has an item %q", id)
	}
	if err != nil {
		return Item{}, err
	}
	return all[0], nil
}

func insertItem(ctx context.Context, q database.Querier, it Item) error {
	return exec(ctx, q, "store an item", `INSERT INTO people_item (id, person_id, list, run, place, template, title, what, form, due_at, state, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		it.ID, it.Person, it.List, it.Run, it.Place, it.Template, it.Title, it.What, it.Form, clock.Micros(it.Due), it.State, it.Entry)
}

func updateItem(ctx context.Context, q database.Querier, it Item) error {
	return exec(ctx, q, "store an item", `UPDATE people_item SET due_at = $2, state = $3, reason = $4, provider = $5, day = $6, result = $7, link = $8, done_at = $9, done_by = $10, entry_id = $11 WHERE id = $1`,
		it.ID, clock.Micros(it.Due), it.State, it.Reason, it.Provider, it.Day, it.Result, it.Link, micros(it.DoneAt), it.DoneBy, it.Entry)
}

func takeOver(ctx context.Context, q database.Querier, to, from string) error {
	return exec(ctx, q, "give somebody another's lists", `UPDATE people_item SET person_id = $1, run = run + (SELECT COALESCE(MAX(x.run), 0) FROM people_item x WHERE x.person_id = $1 AND x.list = people_item.list) WHERE person_id = $2`, to, from)
}
