package review

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// asksReason chooses the items of which keeping asks for a reason.
const asksReason = `(flags <> '' AND flags <> ' privileged ' AND flags <> ' leaving ' AND flags <> ' leaving privileged ')`

const itemNames = `id, campaign, seq, place, part, kind, place_name, account, role, detail, privileged, person, holder, person_name, manager, last_used, granted_at, granted_by, flags, duties, change, before, request,
	reviewer, decision, decided_at, decided_by, reason, events`

const itemColumns = `i.id, i.campaign, i.seq, i.place, i.part, i.kind, i.place_name, i.account, i.role, i.detail, i.privileged, i.person, i.holder, i.person_name, i.manager, i.last_used, i.granted_at, i.granted_by, i.flags, i.duties, i.change, i.before, i.request,
	i.reviewer, i.decision, i.decided_at, i.decided_by, i.reason, i.events,
	COALESCE(r.state, ''), COALESCE(r.asked_at, 0), COALESCE(r.due_at, 0), COALESCE(r.seen_at, 0), COALESCE(r.saw, ''), COALESCE(r.why, ''), COALESCE(r.gone_at, 0), COALESCE(r.entry_id, '')
	FROM review_item i LEFT JOIN review_revocation r ON r.item_id = i.id `

func scanItem(scan func(...any) error) (x Item, err error) {
	var privileged, used, granted, decided, asked, due, seen, gone int64
	var flags string
	var r Revocation
	if err = scan(&x.ID, &x.Campaign, &x.Seq, &x.Place, &x.Part, &x.Kind, &x.PlaceName, &x.Account, &x.Role, &x.Detail, &privileged, &x.Person, &x.Holder, &x.PersonName, &x.Manager, &used, &granted, &x.GrantedBy, &flags, &x.Duties, &x.Changed, &x.Before, &x.Request,
		&x.Reviewer, &x.Decision, &decided, &x.DecidedBy, &x.Reason, &x.events, &r.State, &asked, &due, &seen, &r.Saw, &r.Why, &gone, &r.Entry); err != nil {
		return x, err
	}
	x.Privileged, x.LastUsed, x.GrantedAt, x.DecidedAt, x.Flags = privileged != 0, moment(used), moment(granted), moment(decided), strings.Fields(flags)
	if x.Flags == nil {
		x.Flags = []string{}
	}
	if r.State != "" {
		r.Asked, r.Due, r.Seen, r.Gone = moment(asked), moment(due), moment(seen), moment(gone)
		x.Revocation = &r
	}
	return x, nil
}

func itemRows(ctx context.Context, q database.Querier, where string, args ...any) ([]Item, error) {
	out := []Item{}
	err := each(ctx, q, "read items of a review", func(rows *sql.Rows) error {
		x, err := scanItem(rows.Scan)
		out = append(out, x)
		return err
	}, `SELECT `+itemColumns+where, args...)
	return out, err
}

func itemsOf(ctx context.Context, q database.Querier, campaign int) ([]Item, error) {
	return itemRows(ctx, q, `WHERE i.campaign = $1 ORDER BY i.seq`, campaign)
}

// itemByRef gives an item by its number (AR-3.17) or id.
func itemByRef(ctx context.Context, q database.Querier, ref string) (*Item, error) {
	where, args := `WHERE i.id = $1`, []any{ref}
	if c, seq, ok := itemRef(ref); ok {
		where, args = `WHERE i.campaign = $1 AND i.seq = $2`, []any{c, seq}
	}
	all, err := itemRows(ctx, q, where, args...)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "no review of access has an item %q", ref)
	}
	return &all[0], nil
}

func holdItem(ctx context.Context, tx *sql.Tx, ref string) (*Item, error) {
	x, err := itemByRef(ctx, tx, ref)
	if err != nil {
		return nil, err
	}
	if err := exec(ctx, tx, "hold an item of a review", `UPDATE review_item SET events = events WHERE id = $1`, x.ID); err != nil {
		return nil, err
	}
	return itemByRef(ctx, tx, x.ID)
}

const perInsert = 100 // items of a statement

func insertItems(ctx context.Context, q database.Querier, items []Item) error {
	const width = 30
	for part := range slices.Chunk(items, perInsert) {
		var b strings.Builder
		args := make([]any, 0, len(part)*width)
		b.WriteString(`INSERT INTO review_item (` + itemNames + `, search) VALUES `)
		for i, x := range part {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("(")
			for k := range width {
				if k > 0 {
					b.WriteString(", ")
				}
				b.WriteString("$" + strconv.Itoa(i*width+k+1))
			}
			b.WriteString(")")
			flags := ""
			if len(x.Flags) > 0 {
				flags = " " + strings.Join(x.Flags, " ") + " "
			}
			search := strings.ToLower(strings.Join([]string{x.Ref(), x.PlaceName, x.Account, x.Role, x.PersonName, x.Manager, x.Request}, " "))
			args = append(args, x.ID, x.Campaign, x.Seq, x.Place, x.Part, x.Kind, x.PlaceName, x.Account, x.Role, x.Detail, bit(x.Privileged), x.Person, x.Holder, x.PersonName, x.Manager, micros(x.LastUsed), micros(x.GrantedAt), x.GrantedBy,
				flags, x.Duties, x.Changed, x.Before, x.Request, x.Reviewer, x.Decision, micros(x.DecidedAt), x.DecidedBy, x.Reason, x.events, search)
		}
		if err := exec(ctx, q, "store items of a review", b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// updateItem stores what people say of an item; what it is stays as it was frozen.
func updateItem(ctx context.Context, q database.Querier, x *Item, request string) error {
	return exec(ctx, q, "store an item of a review", `UPDATE review_item SET request = $2, reviewer = $3, decision = $4, decided_at = $5, decided_by = $6, reason = $7, events = $8 WHERE id = $1`,
		x.ID, request, x.Reviewer, x.Decision, micros(x.DecidedAt), x.DecidedBy, x.Reason, x.events)
}

func insertEvent(ctx context.Context, q database.Querier, item string, e *Event) error {
	return exec(ctx, q, "store what was done with an item", `INSERT INTO review_event (item_id, seq, kind, decision, value, reason, compensation, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		item, e.Seq, e.Kind, e.Decision, e.Value, e.Reason, e.Compensation, micros(e.Made.At), e.Made.By, e.Made.Entry)
}

const eventColumns = `v.seq, v.kind, v.decision, v.value, v.reason, v.compensation, v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1)`

func scanEvent(scan func(...any) error, more ...any) (e Event, err error) {
	var made int64
	err = scan(append([]any{&e.Seq, &e.Kind, &e.Decision, &e.Value, &e.Reason, &e.Compensation, &made, &e.Made.By, &e.Made.Entry, &e.Made.Index}, more...)...)
	e.Made.At = moment(made)
	return e, err
}

func eventsOf(ctx context.Context, q database.Querier, item string) ([]Event, error) {
	out := []Event{}
	err := each(ctx, q, "read what was done with an item", func(rows *sql.Rows) error {
		e, err := scanEvent(rows.Scan)
		out = append(out, e)
		return err
	}, `SELECT `+eventColumns+` FROM review_event v JOIN ledger_entry e ON e.id = v.entry_id WHERE v.item_id = $1 ORDER BY v.seq`, item)
	return out, err
}

// conditions makes what chooses the items of a filter.
func conditions(campaign int, f Filter) (string, []any) {
	where, args := []string{"i.campaign = $1"}, []any{campaign}
	add := func(text string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(text, "?", "$"+strconv.Itoa(len(args))))
	}
	if f.State == "undecided" {
		add("i.decision = ?", "")
	} else if f.State != "" {
		add("i.decision = ?", f.State)
	}
	if f.Flag == "any" {
		where = append(where, strings.ReplaceAll(asksReason, "flags", "i.flags"))
	} else if f.Flag != "" {
		add("i.flags LIKE ?", "% "+f.Flag+" %")
	}
	if f.Change != "" {
		add("i.change = ?", f.Change)
	}
	if f.Place != "" {
		add("i.place = ?", f.Place)
	}
	if f.Reviewer == "none" {
		add("i.reviewer = ?", "")
	} else if f.Reviewer != "" {
		add("i.reviewer = ?", f.Reviewer)
	}
	if f.Query != "" {
		add(`i.search LIKE ? ESCAPE '\'`, contains(f.Query))
	}
	return strings.Join(where, " AND "), args
}

func contains(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(strings.Join(strings.Fields(text), " "))) + "%"
}

func listItems(ctx context.Context, q database.Querier, campaign int, f Filter, cursor string, limit int) (Page, error) {
	where, args := conditions(campaign, f)
	page := Page{Items: []Item{}}
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM review_item i WHERE `+where, args...).Scan(&page.Total); err != nil {
		return page, fmt.Errorf("count items of a review: %w", err)
	}
	if cursor != "" {
		n, err := strconv.Atoi(cursor)
		if err != nil {
			return page, fault.Wrap(fault.Invalid, err, "%q is no cursor of this list", cursor)
		}
		args = append(args, n)
		where += " AND i.seq > $" + strconv.Itoa(len(args))
	}
	args = append(args, limit+1)
	var err error
	if page.Items, err = itemRows(ctx, q, `WHERE `+where+` ORDER BY i.seq LIMIT $`+strconv.Itoa(len(args)), args...); err != nil {
		return page, err
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		page.Next = strconv.Itoa(page.Items[limit-1].Seq)
	}
	return page, nil
}

func facets(ctx context.Context, q database.Querier, campaign int) (Facets, error) {
	out := Facets{States: map[string]int64{}, Flags: map[string]int64{}, Changes: map[string]int64{}, Reviewers: map[string]int64{}}
	places := map[string]int{}
	err := each(ctx, q, "count items of a review", func(rows *sql.Rows) error {
		var state, flags, change, place, reviewer string
		var n int64
		if err := rows.Scan(&state, &change, &flags, &place, &reviewer, &n); err != nil {
			return err
		}
		out.States[state] += n
		out.Changes[change] += n
		asks := false
		for _, f := range strings.Fields(flags) {
			out.Flags[f] += n
			asks = asks || needsReason(f)
		}
		if asks {
			out.Flags["any"] += n
		}
		if state == "" {
			out.Reviewers[reviewer] += n
		}
		places[place] += int(n)
		return nil
	}, `SELECT decision, change, flags, place, reviewer, COUNT(*) FROM review_item WHERE campaign = $1 GROUP BY decision, change, flags, place, reviewer`, campaign)
	if err != nil {
		return out, err
	}
	err = each(ctx, q, "read the systems of a review", func(rows *sql.Rows) error {
		var p Part
		err := rows.Scan(&p.Place, &p.Name, &p.Kind)
		if p.Items = places[p.Place]; p.Items > 0 {
			out.Places = append(out.Places, p)
		}
		return err
	}, `SELECT DISTINCT place, name, kind FROM review_part WHERE campaign = $1`, campaign)
	slices.SortFunc(out.Places, func(a, b Part) int { return strings.Compare(a.Name+a.Place, b.Name+b.Place) })
	return out, err
}

// before gives what the newest closed campaign that observed a source had of it,
// by source; and the newest closed campaign.
func before(ctx context.Context, q database.Querier) (newest int, had map[key]last, compared map[string]bool, err error) {
	had, compared = map[key]last{}, map[string]bool{}
	from := map[string]int{}
	err = each(ctx, q, "read the sources of the last review", func(rows *sql.Rows) error {
		var n int
		var place, part string
		err := rows.Scan(&n, &place, &part)
		newest = max(newest, n)
		from[place+" "+part], compared[place+" "+part] = max(from[place+" "+part], n), true
		return err
	}, `SELECT p.campaign, p.place, p.part FROM review_part p JOIN review_campaign c ON c.number = p.campaign WHERE c.state = 'closed' AND p.state = 'observed'`)
	if err != nil || newest == 0 {
		return newest, had, compared, err
	}
	var numbers []int
	for _, n := range from {
		if !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	for _, n := range numbers {
		err = each(ctx, q, "read the items of the last review", func(rows *sql.Rows) error {
			var place, part, account, role, state string
			var person, holder string
			var l last
			if err := rows.Scan(&place, &part, &account, &role, &l.detail, &person, &holder, &l.decision, &l.request, &state); err != nil {
				return err
			}
			if from[place+" "+part] != n {
				return nil
			}
			l.gone = state == Gone
			if l.person = person; person == "" {
				l.person = holder
			}
			had[key{place, account, role}] = l
			return nil
		}, `SELECT i.place, i.part, i.account, i.role, i.detail, i.person, i.holder, i.decision, i.request, COALESCE(r.state, '') FROM review_item i LEFT JOIN review_revocation r ON r.item_id = i.id WHERE i.campaign = $1`, n)
		if err != nil {
			return newest, had, compared, err
		}
	}
	return newest, had, compared, nil
}

// removed gives the items of a campaign that a later one no longer has, of
// sources that both observed.
func removed(ctx context.Context, q database.Querier, now, then int) ([]Item, error) {
	return itemRows(ctx, q, `WHERE i.campaign = $1
		AND EXISTS (SELECT 1 FROM review_part p WHERE p.campaign = $1 AND p.place = i.place AND p.part = i.part AND p.state = 'observed')
		AND EXISTS (SELECT 1 FROM review_part p WHERE p.campaign = $2 AND p.place = i.place AND p.part = i.part AND p.state = 'observed')
		AND NOT EXISTS (SELECT 1 FROM review_item n WHERE n.campaign = $2 AND n.place = i.place AND n.account = i.account AND n.role = i.role) ORDER BY i.seq`, then, now)
}

func openRevocation(ctx context.Context, q database.Querier, item string, asked, due time.Time) error {
	return exec(ctx, q, "store a revocation", `INSERT INTO review_revocation (item_id, state, asked_at, due_at, seen_at, saw, why, gone_at, entry_id) VALUES ($1, 'open', $2, $3, 0, '', '', 0, '')
		ON CONFLICT (item_id) DO UPDATE SET state = 'open', asked_at = excluded.asked_at, due_at = excluded.due_at, seen_at = 0, saw = '', why = '', gone_at = 0, entry_id = ''`,
		item, micros(asked), micros(due))
}

// closeRevocation withdraws what was to be revoked, where it was.
func closeRevocation(ctx context.Context, q database.Querier, item string) error {
	return exec(ctx, q, "withdraw a revocation", `UPDATE review_revocation SET state = 'withdrawn' WHERE item_id = $1`, item)
}

func openRevocations(ctx context.Context, q database.Querier) ([]Item, error) {
	return itemRows(ctx, q, `WHERE r.state = 'open' ORDER BY i.campaign, i.seq`)
}

func updateRevocation(ctx context.Context, q database.Querier, item string, r *Revocation) error {
	return exec(ctx, q, "store what a look showed", `UPDATE review_revocation SET state = $2, seen_at = $3, saw = $4, why = $5, gone_at = $6, entry_id = $7 WHERE item_id = $1 AND state = 'open' AND asked_at = $8`,
		item, r.State, micros(r.Seen), r.Saw, r.Why, micros(r.Gone), r.Entry, micros(r.Asked))
}

func listRevocations(ctx context.Context, q database.Querier, f RevocationFilter, now time.Time, cursor string, limit int) (Page, error) {
	where, args := []string{"r.state IS NOT NULL"}, []any{}
	add := func(text string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(text, "?", "$"+strconv.Itoa(len(args))))
	}
	if f.State == "late" {
		add("r.state = 'open' AND r.due_at < ?", micros(now))
	} else if f.State != "" {
		add("r.state = ?", f.State)
	}
	if f.Campaign != "" {
		add("i.campaign = ?", number(f.Campaign))
	}
	if f.Query != "" {
		add(`i.search LIKE ? ESCAPE '\'`, contains(f.Query))
	}
	page := Page{Items: []Item{}}
	chosen := strings.Join(where, " AND ")
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM review_item i JOIN review_revocation r ON r.item_id = i.id WHERE `+chosen, args...).Scan(&page.Total); err != nil {
		return page, fmt.Errorf("count revocations: %w", err)
	}
	if cursor != "" {
		due, id, _ := strings.Cut(cursor, "_")
		n, err := strconv.ParseInt(due, 10, 64)
		if err != nil {
			return page, fault.Wrap(fault.Invalid, err, "%q is no cursor of this list", cursor)
		}
		args = append(args, n, id)
		chosen += fmt.Sprintf(" AND (r.due_at, i.id) > ($%d, $%d)", len(args)-1, len(args))
	}
	args = append(args, limit+1)
	var err error
	if page.Items, err = itemRows(ctx, q, `WHERE `+chosen+` ORDER BY r.due_at, i.id LIMIT $`+strconv.Itoa(len(args)), args...); err != nil {
		return page, err
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		x := page.Items[limit-1]
		page.Next = fmt.Sprintf("%d_%s", micros(x.Revocation.Due), x.ID)
	}
	return page, nil
}

func countRevocations(ctx context.Context, q database.Querier, now time.Time) (map[string]int64, error) {
	out := map[string]int64{}
	err := each(ctx, q, "count revocations", func(rows *sql.Rows) error {
		var state string
		var n, late int64
		err := rows.Scan(&state, &n, &late)
		out[state] = n
		if state == Open {
			out["late"] = late
		}
		return err
	}, `SELECT state, COUNT(*), COUNT(*) FILTER (WHERE due_at < $1) FROM review_revocation GROUP BY state`, micros(now))
	return out, err
}
