package people

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// sorting gives the columns of each order; all end in name and id.
var sorting = map[string]string{"": "", "team": "p.team", "title": "p.title", "start": "p.start_day", "left": "p.left_at"}

// Sorts gives the names of the orders.
func Sorts() []string { return []string{"", "team", "title", "start", "left"} }

// accessIs narrows leavers to a word of accessOf, by sets of people: asked person
// by person it would be answered once for everybody.
func accessIs(word string) string {
	of := func(is, what string) string {
		return " AND p.id " + is + " (SELECT a.person_id FROM people_account a WHERE " + what + ")"
	}
	const theirs, asked = "a.says = 'theirs'", "a.says = 'asked' AND a.state = 'present'"
	const present, unobserved = theirs + " AND a.state = 'present'", theirs + " AND a.state = 'unobserved'"
	out := "p.state = 'left'"
	switch word {
	case "present":
		return out + of("IN", present)
	case "not_observed":
		return out + of("IN", unobserved) + of("NOT IN", present)
	case "unclear":
		return out + of("IN", asked) + of("NOT IN", theirs+" AND a.state IN ('present', 'unobserved')")
	case "removed":
		return out + of("IN", theirs) + of("NOT IN", theirs+" AND a.state IN ('present', 'unobserved')") + of("NOT IN", asked)
	case "none_found":
		return out + of("NOT IN", theirs) + of("NOT IN", asked)
	}
	return "1 = 0"
}

const rowColumns = `p.id, p.name, p.name_key, p.mail, p.number, p.kind, p.state, p.manager, COALESCE(m.name, ''), p.team, p.title, p.location, p.start_day, p.end_day, p.left_at, p.user_id`

func scanRow(scan func(...any) error) (r Row, key string, err error) {
	var left int64
	err = scan(&r.ID, &r.Name, &key, &r.Mail, &r.Number, &r.Kind, &r.State, &r.ManagerID, &r.Manager, &r.Team, &r.Title, &r.Location, &r.Start, &r.End, &left, &r.UserID)
	r.LeftAt = moment(left)
	return r, key, err
}

func conditions(f Filter, now time.Time) (string, []any) {
	all := []string{"p.state <> 'merged'"}
	var args []any
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	if f.States == nil && f.Access == "" && f.Since.IsZero() {
		all = append(all, "p.state IN ('planned', 'here', 'leaving')")
	} else if len(f.States) > 0 {
		var places []string
		for _, s := range f.States {
			places = append(places, bind(string(s)))
		}
		all = append(all, "p.state IN ("+strings.Join(places, ", ")+")")
	}
	for _, c := range []struct{ column, value string }{{"p.kind", string(f.Kind)}, {"p.team", f.Team}, {"p.manager", f.Manager}, {"p.location", f.Location}} {
		if c.value != "" {
			all = append(all, c.column+" = "+bind(c.value))
		}
	}
	for _, word := range strings.Fields(strings.ToLower(f.Query)) {
		all = append(all, `p.search LIKE `+bind(likeWord(word))+` ESCAPE '\'`)
	}
	if f.Late {
		all = append(all, `p.id IN (SELECT i.person_id FROM people_item i WHERE i.state = 'open' AND i.due_at < `+bind(clock.Micros(now))+`)`)
	}
	if f.Access != "" {
		all = append(all, accessIs(f.Access))
	}
	if !f.Since.IsZero() {
		all = append(all, "p.left_at >= "+bind(clock.Micros(f.Since)))
	}
	if !f.Until.IsZero() {
		all = append(all, "p.left_at < "+bind(clock.Micros(f.Until)))
	}
	if f.Reviews {
		year := now.UTC().AddDate(-1, 0, 0).Format(time.DateOnly)
		all = append(all, `p.kind = 'employee' AND p.start_day < `+bind(year)+` AND (p.start_day <> '' OR p.created_at < `+bind(clock.Micros(now.AddDate(-1, 0, 0)))+`) AND (SELECT COUNT(DISTINCT r.kind) FROM people_record r WHERE r.person_id = p.id AND r.kind IN ('competence', 'performance') AND r.day >= `+bind(year)+`) < 2`)
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

func list(ctx context.Context, q database.Querier, f Filter, sort, cursor string, limit int, now time.Time) (Page, error) {
	by, ok := sorting[sort]
	if !ok {
		return Page{}, fault.New(fault.Invalid, "people cannot be sorted by %q", sort).At("", 0, "sort")
	}
	page := Page{People: []Row{}}
	where, args := conditions(f, now)
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM person p`+where, args...).Scan(&page.Total); err != nil {
		return page, fmt.Errorf("count people: %w", err)
	}
	columns, than, way := []string{"p.name_key", "p.id"}, ">", ""
	if by != "" {
		columns = append([]string{by}, columns...)
	}
	if sort == "left" || sort == "start" {
		than, way = "<", " DESC"
	}
	if cursor != "" {
		var at []any
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		if err != nil || d.Decode(&at) != nil || len(at) != len(columns) {
			return page, fault.New(fault.Invalid, "the cursor is not one of this list").At("", 0, "cursor")
		}
		places := make([]string, len(at))
		for i, v := range at {
			if n, ok := v.(json.Number); ok {
				whole, err := n.Int64()
				if err != nil {
					return page, fault.New(fault.Invalid, "the cursor is not one of this list").At("", 0, "cursor")
				}
				v = whole
			}
			args = append(args, v)
			places[i] = fmt.Sprintf("$%d", len(args))
		}
		where += " AND (" + strings.Join(columns, ", ") + ") " + than + " (" + strings.Join(places, ", ") + ")"
	}
	var keys []string
	err := each(ctx, q, "list people", func(rows *sql.Rows) error {
		r, key, err := scanRow(rows.Scan)
		page.People, keys = append(page.People, r), append(keys, key)
		return err
	}, `SELECT `+rowColumns+` FROM person p LEFT JOIN person m ON m.id = p.manager`+where+` ORDER BY `+strings.Join(columns, way+", ")+way+fmt.Sprintf(" LIMIT %d", limit+1), args...)
	if err != nil {
		return page, err
	}
	if len(page.People) > limit {
		page.People = page.People[:limit]
		r := page.People[limit-1]
		at := []any{keys[limit-1], r.ID}
		switch sort {
		case "team":
			at = append([]any{r.Team}, at...)
		case "title":
			at = append([]any{r.Title}, at...)
		case "start":
			at = append([]any{r.Start}, at...)
		case "left":
			at = append([]any{micros(r.LeftAt)}, at...)
		}
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(asJSON(at)))
	}
	return page, beside(ctx, q, page.People, now)
}

// in gives places for values, and binds them.
func in(values []string, args []any) (string, []any) {
	places := make([]string, len(values))
	for i, v := range values {
		args = append(args, v)
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	return "(" + strings.Join(places, ", ") + ")", args
}

// beside adds what stands beside people: items and accounts.
func beside(ctx context.Context, q database.Querier, all []Row, now time.Time) error {
	at := map[string]*Row{}
	ids := make([]string, 0, len(all))
	for i := range all {
		at[all[i].ID] = &all[i]
		ids = append(ids, all[i].ID)
	}
	for few := range slices.Chunk(ids, 500) {
		places, args := in(few, []any{clock.Micros(now)})
		err := each(ctx, q, "count items", func(rows *sql.Rows) error {
			var id string
			var open, late int
			err := rows.Scan(&id, &open, &late)
			at[id].Open, at[id].Late = open, late
			return err
		}, `SELECT person_id, COUNT(*), COUNT(*) FILTER (WHERE due_at < $1) FROM people_item WHERE state = 'open' AND person_id IN `+places+` GROUP BY person_id`, args...)
		if err != nil {
			return err
		}
		places, args = in(few, nil)
		have, err := accounts(ctx, q, `WHERE person_id IN `+places, args...)
		if err != nil {
			return err
		}
		of := map[string][]Account{}
		for _, a := range have {
			of[a.Person] = append(of[a.Person], a)
		}
		for _, id := range few {
			at[id].Access = accessOf(at[id].LeftAt, of[id])
			for _, a := range of[id] {
				if a.Says == Theirs && a.State == Present {
					at[id].Entries++
				}
			}
		}
	}
	return nil
}

// everybody gives who is here, is coming or is leaving, without what stands beside.
func everybody(ctx context.Context, q database.Querier) ([]Row, error) {
	var all []Row
	err := each(ctx, q, "read people", func(rows *sql.Rows) error {
		r, _, err := scanRow(rows.Scan)
		all = append(all, r)
		return err
	}, `SELECT `+rowColumns+` FROM person p LEFT JOIN person m ON m.id = p.manager WHERE p.state IN ('planned', 'here', 'leaving') AND p.kind <> 'service' ORDER BY p.name_key, p.id`)
	return all, err
}

func personsIn(ctx context.Context, q database.Querier, ids []string) ([]*Person, error) {
	places, args := in(ids, nil)
	return persons(ctx, q, `WHERE id IN `+places, args...)
}

// findingsOf names the finding that is not closed about each account.
func findingsOf(ctx context.Context, q database.Querier, all []Account) error {
	for i := range all {
		err := each(ctx, q, "read findings about accounts", func(rows *sql.Rows) error {
			var n int64
			err := rows.Scan(&n)
			all[i].Finding = fmt.Sprintf("F-%d", n)
			return err
		}, `SELECT number FROM finding WHERE check_id = $1 AND attribute_id = $2 AND item_id = $3 ORDER BY number`, AccessCheck, all[i].ID, all[i].Place)
		if err != nil {
			return err
		}
	}
	return nil
}

func facets(ctx context.Context, q database.Querier, now time.Time) (Facets, error) {
	f := Facets{States: map[State]int64{}, Teams: []string{}, Locations: []string{}, Trouble: []string{}}
	err := each(ctx, q, "count people", func(rows *sql.Rows) error {
		var s State
		var n int64
		err := rows.Scan(&s, &n)
		f.States[s] = n
		return err
	}, `SELECT state, COUNT(*) FROM person WHERE state <> 'merged' GROUP BY state`)
	if err != nil {
		return f, err
	}
	for column, to := range map[string]*[]string{"team": &f.Teams, "location": &f.Locations} {
		err := each(ctx, q, "read teams and locations", func(rows *sql.Rows) error {
			var v string
			err := rows.Scan(&v)
			*to = append(*to, v)
			return err
		}, `SELECT DISTINCT `+column+` FROM person WHERE `+column+` <> '' AND state IN ('planned', 'here', 'leaving') ORDER BY 1 LIMIT 200`)
		if err != nil {
			return f, err
		}
	}
	for _, c := range []struct {
		to    *int64
		query string
		args  []any
	}{
		{&f.Late, `SELECT COUNT(DISTINCT i.person_id) FROM people_item i JOIN person p ON p.id = i.person_id WHERE i.state = 'open' AND i.due_at < $1 AND p.state <> 'merged'`, []any{clock.Micros(now)}},
		{&f.Access, `SELECT COUNT(DISTINCT p.id) FROM people_account a JOIN person p ON p.id = a.person_id WHERE p.state = 'left' AND a.says = 'theirs' AND a.state = 'present' AND p.left_at + p.grace * 3600000000 <= $1`, []any{clock.Micros(now)}},
		{&f.Doubts, `SELECT COUNT(*) FROM people_doubt d JOIN person p ON p.id = d.person_id JOIN person o ON o.id = d.other_id WHERE d.answer = '' AND p.state <> 'merged' AND o.state <> 'merged'`, nil},
		{&f.Asked, `SELECT COUNT(*) FROM people_account WHERE says = 'asked' AND state IN ('present', 'unobserved')`, nil},
		{&f.Held, `SELECT COUNT(*) FROM people_reading WHERE state = 'held'`, nil},
	} {
		if err := q.QueryRowContext(ctx, c.query, c.args...).Scan(c.to); err != nil {
			return f, fmt.Errorf("count what waits: %w", err)
		}
	}
	all, err := sources(ctx, q)
	for _, s := range all {
		if s.Trouble != "" {
			f.Trouble = append(f.Trouble, s.Name+": "+s.Trouble)
		}
	}
	return f, err
}
