package review

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
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

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// each reads rows one by one.
func each(ctx context.Context, q database.Querier, doing string, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func exec(ctx context.Context, q database.Querier, doing, query string, args ...any) error {
	_, err := q.ExecContext(ctx, query, args...)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed it at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

const campaignColumns = `c.id, c.number, c.content, c.items, c.items_digest, c.parts_digest, c.previous, c.due_at, c.begun_at, c.begun_by, c.begun_entry, COALESCE(b.idx, -1),
	c.state, c.ended_at, c.ended_by, c.ended_entry, COALESCE(e.idx, -1), c.ended_note, c.ended_digest, c.evidence
	FROM review_campaign c LEFT JOIN ledger_entry b ON b.id = c.begun_entry LEFT JOIN ledger_entry e ON e.id = c.ended_entry `

func scanCampaign(scan func(...any) error) (c Campaign, content string, err error) {
	var due, begun, ended int64
	var end Made
	if err = scan(&c.ID, &c.Number, &content, &c.Items, &c.Digest, &c.Parts, &c.Previous, &due, &begun, &c.Begun.By, &c.Begun.Entry, &c.Begun.Index,
		&c.State, &ended, &end.By, &end.Entry, &end.Index, &c.Note, &c.DecisionsDigest, &c.Evidence); err != nil {
		return c, "", err
	}
	c.Due, c.Begun.At = moment(due), moment(begun)
	if ended != 0 {
		end.At = moment(ended)
		c.Ended = &end
	}
	if err := json.Unmarshal([]byte(content), &c.Set); err != nil {
		return c, "", fault.Wrap(fault.Refused, err, "the settings of AR-%d cannot be read", c.Number)
	}
	return c, content, nil
}

// campaigns gives them, newest first.
func campaigns(ctx context.Context, q database.Querier, where string, args ...any) ([]Campaign, error) {
	out := []Campaign{}
	err := each(ctx, q, "read reviews of access", func(rows *sql.Rows) error {
		c, _, err := scanCampaign(rows.Scan)
		out = append(out, c)
		return err
	}, `SELECT `+campaignColumns+where+` ORDER BY c.number DESC`, args...)
	return out, err
}

func campaignByRef(ctx context.Context, q database.Querier, ref string) (*Campaign, error) {
	all, err := campaigns(ctx, q, `WHERE c.number = $1 OR c.id = $2`, number(ref), ref)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "there is no review of access %q", ref)
	}
	return &all[0], nil
}

// holdCampaign is campaignByRef of one that nobody else changes until the
// transaction ends.
// newestOf gives the campaign that was closed last of those that observed a place.
func newestOf(ctx context.Context, q database.Querier, place string) (*Campaign, error) {
	all, err := campaigns(ctx, q, ` WHERE c.state = 'closed' AND c.number IN (SELECT campaign FROM review_part WHERE place = $1 AND state = 'observed')`, place)
	slices.SortStableFunc(all, func(a, b Campaign) int { return b.Ended.At.Compare(a.Ended.At) })
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

func holdCampaign(ctx context.Context, tx *sql.Tx, ref string) (*Campaign, error) {
	c, err := campaignByRef(ctx, tx, ref)
	if err != nil {
		return nil, err
	}
	if err := exec(ctx, tx, "hold a review of access", `UPDATE review_campaign SET state = state WHERE number = $1`, c.Number); err != nil {
		return nil, err
	}
	return campaignByRef(ctx, tx, ref)
}

func nextCampaign(ctx context.Context, q database.Querier) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM review_campaign`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number a review of access: %w", err)
	}
	return n, nil
}

func insertCampaign(ctx context.Context, q database.Querier, c *Campaign, content string) error {
	return exec(ctx, q, "store a review of access", `INSERT INTO review_campaign (id, number, content, digest, items, items_digest, parts_digest, previous, due_at, begun_at, begun_by, begun_entry, state, ended_at, ended_by, ended_entry, ended_note, ended_digest, evidence)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, '', '', '', '', '')`,
		c.ID, c.Number, content, textDigest(content), c.Items, c.Digest, c.Parts, c.Previous, micros(c.Due), micros(c.Begun.At), c.Begun.By, c.Begun.Entry, c.State)
}

func endCampaign(ctx context.Context, q database.Querier, c *Campaign) error {
	return exec(ctx, q, "end a review of access", `UPDATE review_campaign SET state = $2, ended_at = $3, ended_by = $4, ended_entry = $5, ended_note = $6, ended_digest = $7 WHERE number = $1`,
		c.Number, c.State, micros(c.Ended.At), c.Ended.By, c.Ended.Entry, c.Note, c.DecisionsDigest)
}

func setEvidence(ctx context.Context, db *database.DB, campaign int, ref string) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		return exec(ctx, tx, "name the evidence of a review of access", `UPDATE review_campaign SET evidence = $2 WHERE number = $1`, campaign, ref)
	})
}

func insertParts(ctx context.Context, q database.Querier, campaign int, parts []Part) error {
	for _, p := range parts {
		if err := exec(ctx, q, "store a source of a review", `INSERT INTO review_part (campaign, place, part, kind, name, state, why, digest, seen_from, seen_until, items, left_out) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			campaign, p.Place, p.Part, p.Kind, p.Name, p.State(), p.Why, p.Digest, micros(p.From), micros(p.Until), p.Items, p.LeftOut); err != nil {
			return err
		}
	}
	return nil
}

func partsOf(ctx context.Context, q database.Querier, campaign int) ([]Part, error) {
	out := []Part{}
	err := each(ctx, q, "read the sources of a review", func(rows *sql.Rows) error {
		var p Part
		var from, until int64
		err := rows.Scan(&p.Place, &p.Part, &p.Kind, &p.Name, &p.Why, &p.Digest, &from, &until, &p.Items, &p.LeftOut)
		p.From, p.Until = moment(from), moment(until)
		out = append(out, p)
		return err
	}, `SELECT place, part, kind, name, why, digest, seen_from, seen_until, items, left_out FROM review_part WHERE campaign = $1 ORDER BY place, part`, campaign)
	return out, err
}

// counted counts the items of one campaign, or of all (0).
func counted(ctx context.Context, q database.Querier, campaign int, now time.Time) (map[int]Counts, error) {
	out := map[int]Counts{}
	where, args := "", []any{}
	if campaign > 0 {
		where, args = " WHERE campaign = $1", []any{campaign}
	}
	err := each(ctx, q, "count the items of reviews", func(rows *sql.Rows) error {
		var n int
		var c Counts
		err := rows.Scan(&n, &c.Undecided, &c.Kept, &c.Revoked, &c.Changed, &c.Flagged, &c.Unassigned)
		out[n] = c
		return err
	}, `SELECT campaign, COUNT(*) FILTER (WHERE decision = ''), COUNT(*) FILTER (WHERE decision = 'keep'), COUNT(*) FILTER (WHERE decision = 'revoke'), COUNT(*) FILTER (WHERE decision = 'change'),
		COUNT(*) FILTER (WHERE `+asksReason+`), COUNT(*) FILTER (WHERE reviewer = '' AND decision = '') FROM review_item`+where+` GROUP BY campaign`, args...)
	if err != nil {
		return nil, err
	}
	err = each(ctx, q, "count the sources of reviews", func(rows *sql.Rows) error {
		var n, all, silent int
		err := rows.Scan(&n, &all, &silent)
		c := out[n]
		c.Sources, c.Silent = all, silent
		out[n] = c
		return err
	}, `SELECT campaign, COUNT(*), COUNT(*) FILTER (WHERE state = 'not_observed') FROM review_part`+where+` GROUP BY campaign`, args...)
	if err != nil {
		return nil, err
	}
	if campaign > 0 {
		where = " AND i.campaign = $2"
	}
	err = each(ctx, q, "count revocations", func(rows *sql.Rows) error {
		var n, open, late int
		err := rows.Scan(&n, &open, &late)
		c := out[n]
		c.Open, c.Overdue = open, late
		out[n] = c
		return err
	}, `SELECT i.campaign, COUNT(*), COUNT(*) FILTER (WHERE r.due_at < $1) FROM review_revocation r JOIN review_item i ON i.id = r.item_id WHERE r.state = 'open'`+where+` GROUP BY i.campaign`, append([]any{micros(now)}, args...)...)
	return out, err
}

// undecidedOf counts what is undecided in campaigns that run, by reviewer.
func undecidedOf(ctx context.Context, q database.Querier) (map[int][]Undecided, error) {
	out := map[int][]Undecided{}
	return out, each(ctx, q, "count what reviewers owe", func(rows *sql.Rows) error {
		var n int
		var u Undecided
		err := rows.Scan(&n, &u.Reviewer, &u.Items)
		out[n] = append(out[n], u)
		return err
	}, `SELECT campaign, reviewer, COUNT(*) FROM review_item WHERE decision = '' AND campaign IN (SELECT number FROM review_campaign WHERE state = 'running') GROUP BY campaign, reviewer ORDER BY campaign, reviewer`)
}

type revocationLoad struct {
	n, late int
	first   time.Time
}

// revocationsDue counts revocations that are not proved, by campaign.
func revocationsDue(ctx context.Context, q database.Querier, now time.Time) (map[int]revocationLoad, error) {
	out := map[int]revocationLoad{}
	return out, each(ctx, q, "count open revocations", func(rows *sql.Rows) error {
		var n int
		var first int64
		var o revocationLoad
		err := rows.Scan(&n, &o.n, &o.late, &first)
		o.first = moment(first)
		out[n] = o
		return err
	}, `SELECT i.campaign, COUNT(*), COUNT(*) FILTER (WHERE r.due_at < $1), MIN(r.due_at) FROM review_revocation r JOIN review_item i ON i.id = r.item_id WHERE r.state = 'open' GROUP BY i.campaign`, micros(now))
}

const listColumns = `l.id, l.place, l.name, l.owner, l.taken_at, l.accounts, l.left_out, l.digest, l.content_digest, l.made_at, l.made_by, l.entry_id, COALESCE(e.idx, -1)`

// lists gives the lists that were brought, newest first; of a system the one that
// was taken last.
func lists(ctx context.Context, q database.Querier, content bool) ([]Listed, error) {
	out := []Listed{}
	err := each(ctx, q, "read lists of accounts", func(rows *sql.Rows) error {
		var l Listed
		var taken, made int64
		err := rows.Scan(&l.ID, &l.Place, &l.Name, &l.Owner, &taken, &l.Roles, &l.LeftOut, &l.Digest, &l.contentDigest, &made, &l.Made.By, &l.Made.Entry, &l.Made.Index)
		l.Taken, l.Made.At = moment(taken), moment(made)
		out = append(out, l)
		return err
	}, `SELECT `+listColumns+` FROM review_list l JOIN ledger_entry e ON e.id = l.entry_id ORDER BY l.taken_at DESC, l.made_at DESC`)
	return out, err
}

func listContent(ctx context.Context, q database.Querier, id string) (string, error) {
	var text string
	if err := q.QueryRowContext(ctx, `SELECT content FROM review_list WHERE id = $1`, id).Scan(&text); err != nil {
		return "", fmt.Errorf("read a list of accounts: %w", err)
	}
	return text, nil
}

func insertList(ctx context.Context, q database.Querier, l *Listed) error {
	return exec(ctx, q, "store a list of accounts", `INSERT INTO review_list (id, place, name, owner, taken_at, accounts, left_out, digest, content, content_digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		l.ID, l.Place, l.Name, l.Owner, micros(l.Taken), l.Roles, l.LeftOut, l.Digest, l.content, l.contentDigest, micros(l.Made.At), l.Made.By, l.Made.Entry)
}

// duties gives the newest version of each rule, those that ended last.
func duties(ctx context.Context, q database.Querier) ([]Duty, error) {
	all, err := dutyRows(ctx, q, ` WHERE d.version = (SELECT MAX(o.version) FROM review_duty o WHERE o.number = d.number)`)
	if err != nil {
		return nil, err
	}
	out, ended := []Duty{}, []Duty{}
	for _, r := range all {
		if r.Ended {
			ended = append(ended, r.Duty)
		} else {
			out = append(out, r.Duty)
		}
	}
	return append(out, ended...), nil
}

type dutyRow struct {
	Duty
	content, digest string
}

func dutyRows(ctx context.Context, q database.Querier, where string, args ...any) ([]dutyRow, error) {
	var out []dutyRow
	err := each(ctx, q, "read rules of segregation of duties", func(rows *sql.Rows) error {
		var r dutyRow
		var made int64
		if err := rows.Scan(&r.Number, &r.Version, &r.content, &r.digest, &made, &r.Made.By, &r.Made.Entry, &r.Made.Index); err != nil {
			return err
		}
		r.Made.At = moment(made)
		var c dutyContent
		if err := json.Unmarshal([]byte(r.content), &c); err != nil {
			return fault.Wrap(fault.Refused, err, "rule SD-%d cannot be read", r.Number)
		}
		r.Title, r.Why, r.A, r.B, r.Ended = c.Title, c.Why, c.A, c.B, c.Ended
		out = append(out, r)
		return nil
	}, `SELECT d.number, d.version, d.content, d.digest, d.made_at, d.made_by, d.entry_id, COALESCE(e.idx, -1) FROM review_duty d JOIN ledger_entry e ON e.id = d.entry_id`+where+` ORDER BY d.number, d.version`, args...)
	return out, err
}

func insertDuty(ctx context.Context, q database.Querier, d Duty, content string) error {
	return exec(ctx, q, "store a rule of segregation of duties", `INSERT INTO review_duty (number, version, content, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		d.Number, d.Version, content, textDigest(content), micros(d.Made.At), d.Made.By, d.Made.Entry)
}
