package review

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

func campaignContent(ctx context.Context, q database.Querier, id string) (c Campaign, content string, found bool, err error) {
	err = each(ctx, q, "read a review of access", func(rows *sql.Rows) error {
		found = true
		c, content, err = scanCampaign(rows.Scan)
		return err
	}, `SELECT `+campaignColumns+`WHERE c.id = $1`, id)
	return c, content, found, err
}

func listByEntry(ctx context.Context, q database.Querier, entry string) (l Listed, content string, found bool, err error) {
	err = each(ctx, q, "read a list of accounts", func(rows *sql.Rows) error {
		var taken, made int64
		found = true
		err := rows.Scan(&l.ID, &l.Place, &l.Name, &l.Owner, &taken, &l.Roles, &l.LeftOut, &l.Digest, &l.contentDigest, &made, &l.Made.By, &l.Made.Entry, &l.Made.Index, &content)
		l.Taken, l.Made.At = moment(taken), moment(made)
		return err
	}, `SELECT `+listColumns+`, l.content FROM review_list l JOIN ledger_entry e ON e.id = l.entry_id WHERE l.entry_id = $1`, entry)
	return l, content, found, err
}

func eventByEntry(ctx context.Context, q database.Querier, entry string) (x Item, e Event, found bool, err error) {
	var id string
	err = each(ctx, q, "read what was done with an item", func(rows *sql.Rows) error {
		found = true
		e, err = scanEvent(rows.Scan, &id)
		return err
	}, `SELECT `+eventColumns+`, v.item_id FROM review_event v JOIN ledger_entry e ON e.id = v.entry_id WHERE v.entry_id = $1`, entry)
	if err != nil || !found {
		return x, e, found, err
	}
	got, err := itemByRef(ctx, q, id)
	if err != nil {
		return x, e, found, err
	}
	return *got, e, true, nil
}

// as gives the campaigns and items that were there at a moment, as known then,
// with the decisions of that moment.
func as(ctx context.Context, q database.Querier, at outcome.At) (map[int]Campaign, []Item, map[string]Event, error) {
	valid := clock.Micros(at.Valid)
	known := at.Known
	begun, made := "b.idx < $2", "e.idx < $2"
	if known < 0 { // what has no position yet is known too
		known, begun, made = math.MaxInt64, "COALESCE(b.idx, -1) < $2", "COALESCE(e.idx, -1) < $2"
	}
	all := map[int]Campaign{}
	list, err := campaigns(ctx, q, `WHERE c.begun_at <= $1 AND `+begun, valid, known)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, c := range list {
		all[c.Number] = c
	}
	items, err := itemRows(ctx, q, `WHERE i.campaign IN (SELECT number FROM review_campaign WHERE begun_at <= $1) ORDER BY i.campaign, i.seq`, valid)
	if err != nil {
		return nil, nil, nil, err
	}
	events := map[string]Event{}
	err = each(ctx, q, "read decisions on access", func(rows *sql.Rows) error {
		var id string
		e, err := scanEvent(rows.Scan, &id)
		if err != nil {
			return fmt.Errorf("read a decision: %w", err)
		}
		events[id] = e
		return nil
	}, `SELECT `+eventColumns+`, v.item_id FROM review_event v JOIN ledger_entry e ON e.id = v.entry_id WHERE v.kind IN ('decided', 'withdrawn') AND v.made_at <= $1 AND `+made+` ORDER BY v.item_id, v.seq`, valid, known)
	return all, items, events, err
}

// gones gives when each proof became known: the position of its entry.
func gones(ctx context.Context, q database.Querier) (map[string]int64, error) {
	out := map[string]int64{}
	err := each(ctx, q, "read proofs of revocations", func(rows *sql.Rows) error {
		var id string
		var idx int64
		err := rows.Scan(&id, &idx)
		out[id] = idx
		return err
	}, `SELECT r.item_id, COALESCE(e.idx, -1) FROM review_revocation r JOIN ledger_entry e ON e.id = r.entry_id WHERE r.state = 'gone'`)
	return out, err
}
