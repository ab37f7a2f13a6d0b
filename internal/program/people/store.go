package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/roster"
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

// each calls scan for every row.
func each(ctx context.Context, q database.Querier, what string, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) error {
	if _, err := q.ExecContext(ctx, query, args...); err != nil {
		if database.IsUnique(err) {
			return fault.Wrap(fault.Conflict, err, "somebody else changed this at the same time").WithHint("look at it again and repeat what is still needed")
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func exists(ctx context.Context, q database.Querier, what, query string, args ...any) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	return n > 0, nil
}

// Sources.

const sourceColumns = `id, kind, name, place, settings, secret, added_at, removed_at, tried_at, read_at, said, trouble, entry_id`

func sources(ctx context.Context, q database.Querier) ([]*Source, error) {
	return sourcesWhere(ctx, q, `WHERE removed_at = 0`)
}

func sourcesWhere(ctx context.Context, q database.Querier, where string, args ...any) ([]*Source, error) {
	var all []*Source
	err := each(ctx, q, "read sources of people", func(rows *sql.Rows) error {
		var s Source
		var settings string
		var added, removed, tried, read int64
		if err := rows.Scan(&s.ID, &s.Kind, &s.Name, &s.Place, &settings, &s.Box, &added, &removed, &tried, &read, &s.Said, &s.Trouble, &s.Entry); err != nil {
			return err
		}
		s.AddedAt, s.Removed, s.TriedAt, s.ReadAt, s.Secret = clock.FromMicros(added), moment(removed), moment(tried), moment(read), len(s.Box) > 0
		all = append(all, &s)
		return json.Unmarshal([]byte(settings), &s.Settings)
	}, `SELECT `+sourceColumns+` FROM people_source `+where+` ORDER BY place, added_at, id`, args...)
	return all, err
}

func sourceByID(ctx context.Context, q database.Querier, id string) (*Source, error) {
	all, err := sourcesWhere(ctx, q, `WHERE id = $1 AND removed_at = 0`, id)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "people have no source %q", id)
	}
	return all[0], nil
}

func sourcesWithHeld(ctx context.Context, q database.Querier) ([]*Source, error) {
	all, err := sources(ctx, q)
	for i := 0; i < len(all) && err == nil; i++ {
		all[i].Held, err = heldOf(ctx, q, all[i].ID)
	}
	return all, err
}

func saveSource(ctx context.Context, q database.Querier, s *Source) error {
	box := s.Box
	if box == nil {
		box = []byte{}
	}
	return exec(ctx, q, "store a source of people", `INSERT INTO people_source (id, kind, name, place, settings, secret, added_at, removed_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, place = excluded.place, settings = excluded.settings, secret = excluded.secret, removed_at = excluded.removed_at, entry_id = excluded.entry_id`,
		s.ID, string(s.Kind), s.Name, s.Place, asJSON(s.Settings), box, clock.Micros(s.AddedAt), micros(s.Removed), s.Entry)
}

func tried(ctx context.Context, q database.Querier, id string, now time.Time, trouble string) error {
	return exec(ctx, q, "keep that a source was tried", `UPDATE people_source SET tried_at = $2, trouble = $3 WHERE id = $1`, id, clock.Micros(now), trouble)
}

func heard(ctx context.Context, q database.Querier, id string, now time.Time, said int) error {
	return exec(ctx, q, "keep that a source was read", `UPDATE people_source SET tried_at = $2, read_at = $2, said = $3, trouble = '' WHERE id = $1`, id, clock.Micros(now), said)
}

// Readings.

const readingColumns = `id, source_id, state, digest, content, said, joins, changes, leaves, bound, made_at, made_by, decided_at, decided_by`

func readings(ctx context.Context, q database.Querier, where string, args ...any) ([]Reading, error) {
	var all []Reading
	err := each(ctx, q, "read readings", func(rows *sql.Rows) error {
		var r Reading
		var made, decided int64
		err := rows.Scan(&r.ID, &r.Source, &r.State, &r.Digest, &r.Content, &r.Said, &r.Joins, &r.Changes, &r.Leaves, &r.Bound, &made, &r.MadeBy, &decided, &r.DecidedBy)
		r.MadeAt, r.DecidedAt = clock.FromMicros(made), moment(decided)
		all = append(all, r)
		return err
	}, `SELECT `+readingColumns+` FROM people_reading `+where, args...)
	return all, err
}

func heldOf(ctx context.Context, q database.Querier, source string) (*Reading, error) {
	all, err := readings(ctx, q, `WHERE source_id = $1 AND state = 'held'`, source)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

func heldByID(ctx context.Context, q database.Querier, id string) (*Reading, []Said, error) {
	all, err := readings(ctx, q, `WHERE id = $1`, id)
	if err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, fault.New(fault.NotFound, "no reading %q is held", id)
	}
	r := all[0]
	if r.State != "held" {
		return nil, nil, fault.New(fault.Conflict, "the reading is %s already", r.State).WithHint("look at the source again")
	}
	if digestOf(r.Content) != r.Digest {
		return nil, nil, fault.New(fault.Refused, "what was held is not what was read").WithHint("run 'attesta ledger verify', and read the source again")
	}
	var said []Said
	if err := json.Unmarshal([]byte(r.Content), &said); err != nil {
		return nil, nil, fmt.Errorf("read what was held: %w", err)
	}
	return &r, said, nil
}

func insertReading(ctx context.Context, q database.Querier, r Reading) error {
	return exec(ctx, q, "store a reading", `INSERT INTO people_reading (`+readingColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		r.ID, r.Source, r.State, r.Digest, r.Content, r.Said, r.Joins, r.Changes, r.Leaves, r.Bound, clock.Micros(r.MadeAt), r.MadeBy, 0, "")
}

// overtake ends a held reading of a source that says something else now.
func overtake(ctx context.Context, q database.Querier, source string) error {
	return exec(ctx, q, "end a held reading", `UPDATE people_reading SET state = 'overtaken', content = '' WHERE source_id = $1 AND state = 'held'`, source)
}

func decided(ctx context.Context, q database.Querier, id, state string, now time.Time, by string) error {
	return exec(ctx, q, "decide a held reading", `UPDATE people_reading SET state = $2, content = '', decided_at = $3, decided_by = $4 WHERE id = $1`, id, state, clock.Micros(now), by)
}

// Persons.

const personColumns = `id, name, mail, number, logins, kind, manager, team, title, location, start_day, end_day, state, left_at, grace, merged, user_id, created_at, changed_at`

func scanPerson(scan func(...any) error, more ...any) (*Person, error) {
	var p Person
	var logins string
	var left, created, changed int64
	err := scan(append([]any{&p.ID, &p.Name, &p.Mail, &p.Number, &logins, &p.Kind, &p.Manager, &p.Team, &p.Title, &p.Location, &p.Start, &p.End, &p.State, &left, &p.Grace, &p.Merged, &p.UserID,
		&created, &changed}, more...)...)
	if err != nil {
		return nil, err
	}
	p.LeftAt, p.Created, p.Changed = moment(left), clock.FromMicros(created), clock.FromMicros(changed)
	return &p, json.Unmarshal([]byte(logins), &p.Logins)
}

func persons(ctx context.Context, q database.Querier, where string, args ...any) ([]*Person, error) {
	var all []*Person
	err := each(ctx, q, "read people", func(rows *sql.Rows) error {
		p, err := scanPerson(rows.Scan)
		all = append(all, p)
		return err
	}, `SELECT `+personColumns+` FROM person `+where, args...)
	return all, err
}

func personByID(ctx context.Context, q database.Querier, id string) (*Person, error) {
	p, err := scanPerson(q.QueryRowContext(ctx, `SELECT `+personColumns+` FROM person WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "there is no person %q", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read a person: %w", err)
	}
	return p, nil
}

func savePerson(ctx context.Context, q database.Querier, p *Person) error {
	logins := p.Logins
	if logins == nil {
		logins = []string{}
	}
	return exec(ctx, q, "store a person", `INSERT INTO person (`+personColumns+`, name_key, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, mail = excluded.mail, number = excluded.number, logins = excluded.logins, kind = excluded.kind, manager = excluded.manager,
			team = excluded.team, title = excluded.title, location = excluded.location, start_day = excluded.start_day, end_day = excluded.end_day, state = excluded.state, left_at = excluded.left_at,
			grace = excluded.grace, merged = excluded.merged, user_id = excluded.user_id, changed_at = excluded.changed_at, name_key = excluded.name_key, search = excluded.search`,
		p.ID, p.Name, p.Mail, p.Number, asJSON(logins), string(p.Kind), p.Manager, p.Team, p.Title, p.Location, p.Start, p.End, string(p.State), micros(p.LeftAt), p.Grace, p.Merged, p.UserID,
		clock.Micros(p.Created), clock.Micros(p.Changed), roster.NameKey(p.Name), p.Search())
}

// peopleMark changes whenever a person does.
func peopleMark(ctx context.Context, q database.Querier) (string, error) {
	var n, newest int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MAX(changed_at), 0) FROM person`).Scan(&n, &newest); err != nil {
		return "", fmt.Errorf("count people: %w", err)
	}
	return fmt.Sprintf("%d-%d", n, newest), nil
}

// turning reports whether a day lets somebody start or leave.
func turning(ctx context.Context, q database.Querier, today string) (bool, error) {
	return exists(ctx, q, "look who starts or leaves", `SELECT COUNT(*) FROM person WHERE state = 'planned' AND start_day <= $1 OR state IN ('planned', 'here', 'leaving') AND end_day <> '' AND end_day < $1`, today)
}

// What sources say.

func saveSaid(ctx context.Context, q database.Querier, v voice) error {
	return exec(ctx, q, "store what a source says", `INSERT INTO people_said (source_id, key, person_id, fields, gone_at, since, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (source_id, key) DO UPDATE SET person_id = excluded.person_id, fields = excluded.fields, gone_at = excluded.gone_at, since = excluded.since, seen_at = excluded.seen_at`,
		v.Source.ID, v.Key, v.Person, asJSON(v.Fields), micros(v.GoneAt), clock.Micros(v.Since), clock.Micros(v.SeenAt))
}

// saidOf reads what sources say, those that were removed too: what they said last stands.
func saidOf(ctx context.Context, q database.Querier, where string, args ...any) ([]voice, error) {
	all, err := sourcesWhere(ctx, q, "")
	if err != nil {
		return nil, err
	}
	at := map[string]*Source{}
	for _, s := range all {
		at[s.ID] = s
	}
	var out []voice
	err = each(ctx, q, "read what sources say", func(rows *sql.Rows) error {
		var v voice
		var source, fields string
		var gone, since, seen int64
		if err := rows.Scan(&source, &v.Key, &v.Person, &fields, &gone, &since, &seen); err != nil {
			return err
		}
		v.Source, v.GoneAt, v.Since, v.SeenAt = at[source], moment(gone), clock.FromMicros(since), clock.FromMicros(seen)
		out = append(out, v)
		return json.Unmarshal([]byte(fields), &out[len(out)-1].Fields)
	}, `SELECT source_id, key, person_id, fields, gone_at, since, seen_at FROM people_said `+where+` ORDER BY person_id, source_id, key`, args...)
	return out, err
}

// load reads everything that a plan is made from.
func load(ctx context.Context, q database.Querier) (*register, error) {
	reg := &register{People: map[string]*Person{}, Voices: map[string][]voice{}, Sources: map[string]*Source{}, Order: Order{}, Apart: map[[2]string]bool{}}
	all, err := persons(ctx, q, "")
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		reg.People[p.ID] = p
	}
	said, err := saidOf(ctx, q, "")
	if err != nil {
		return nil, err
	}
	for _, v := range said {
		reg.Voices[v.Person] = append(reg.Voices[v.Person], v)
	}
	list, err := sources(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		reg.Sources[s.ID] = s
		for _, f := range s.Settings.First {
			reg.Order[f] = append(reg.Order[f], s.ID)
		}
	}
	err = each(ctx, q, "read doubts", func(rows *sql.Rows) error {
		var a, b string
		err := rows.Scan(&a, &b)
		reg.Apart[roster.Pair(a, b)] = true
		return err
	}, `SELECT person_id, other_id FROM people_doubt`)
	return reg, err
}

// usersByMail gives the accounts of Attesta by address.
func usersByMail(ctx context.Context, q database.Querier) (map[string]string, error) {
	out := map[string]string{}
	err := each(ctx, q, "read users' addresses", func(rows *sql.Rows) error {
		var id, mail string
		err := rows.Scan(&id, &mail)
		out[mail] = id
		return err
	}, `SELECT id, email FROM access_user WHERE email <> ''`)
	return out, err
}

func loginOf(ctx context.Context, q database.Querier, user string) (string, error) {
	var login string
	err := q.QueryRowContext(ctx, `SELECT login FROM access_user WHERE id = $1`, user).Scan(&login)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read a login: %w", err)
	}
	return login, nil
}

// Doubts.

func insertDoubt(ctx context.Context, q database.Querier, d Doubt, now time.Time) error {
	both := roster.Pair(d.Person, d.Other)
	return exec(ctx, q, "store a doubt", `INSERT INTO people_doubt (person_id, other_id, why, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (person_id, other_id) DO NOTHING`, both[0], both[1], d.Why, clock.Micros(now))
}

func answerDoubt(ctx context.Context, q database.Querier, a, b, answer string) error {
	both := roster.Pair(a, b)
	return exec(ctx, q, "answer a doubt", `UPDATE people_doubt SET answer = $3 WHERE person_id = $1 AND other_id = $2`, both[0], both[1], answer)
}

func openDoubts(ctx context.Context, q database.Querier) ([]Doubt, error) {
	all := []Doubt{}
	err := each(ctx, q, "read doubts", func(rows *sql.Rows) error {
		var d Doubt
		err := rows.Scan(&d.Person, &d.Other, &d.Why)
		all = append(all, d)
		return err
	}, `SELECT d.person_id, d.other_id, d.why FROM people_doubt d JOIN person p ON p.id = d.person_id JOIN person o ON o.id = d.other_id
		WHERE d.answer = '' AND p.state <> 'merged' AND o.state <> 'merged' ORDER BY d.made_at, d.person_id, d.other_id`)
	return all, err
}

// Events.

func insertEvent(ctx context.Context, q database.Querier, e Event) error {
	return exec(ctx, q, "store what happened", `INSERT INTO people_event (subject, seq, kind, data, detail, valid_at, made_at, made_by, entry_id)
		VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM people_event WHERE subject = $1), $2, $3, $4, $5, $6, $7, $8)`,
		e.Subject, e.Kind, asJSON(e.Data), asJSON(e.Detail), clock.Micros(e.ValidAt), clock.Micros(e.At), e.By, e.Entry)
}

func eventsWhere(ctx context.Context, q database.Querier, tail string, args ...any) ([]Event, error) {
	var all []Event
	err := each(ctx, q, "read what happened", func(rows *sql.Rows) error {
		var e Event
		var data, detail string
		var valid, made int64
		if err := rows.Scan(&e.Subject, &e.Seq, &e.Kind, &data, &detail, &valid, &made, &e.By, &e.Entry, &e.Index); err != nil {
			return err
		}
		e.ValidAt, e.At = clock.FromMicros(valid), clock.FromMicros(made)
		all = append(all, e)
		last := &all[len(all)-1]
		return errors.Join(json.Unmarshal([]byte(data), &last.Data), json.Unmarshal([]byte(detail), &last.Detail))
	}, `SELECT v.subject, v.seq, v.kind, v.data, v.detail, v.valid_at, v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1)
		FROM people_event v LEFT JOIN ledger_entry e ON e.id = v.entry_id `+tail, args...)
	return all, err
}

// eventsKnown gives the events of persons up to a moment, as known by a size of
// the ledger; -1 is everything.
func eventsKnown(ctx context.Context, q database.Querier, valid time.Time, known int64) ([]Event, error) {
	where, args := `WHERE v.subject LIKE 'per\_%' ESCAPE '\' AND v.valid_at <= $1`, []any{clock.Micros(valid)}
	if known >= 0 {
		where, args = where+` AND e.idx < $2`, append(args, known)
	}
	return eventsWhere(ctx, q, where+` ORDER BY v.subject, v.seq`, args...)
}

// laterTurn reports whether somebody came or left again after an event.
func laterTurn(ctx context.Context, q database.Querier, e Event) (bool, error) {
	return exists(ctx, q, "look for later changes", `SELECT COUNT(*) FROM people_event WHERE subject = $1 AND seq > $2 AND kind IN ('joined', 'left', 'returned', 'merged')`, e.Subject, e.Seq)
}

// files gives the sources that are files, removed ones too.
func files(ctx context.Context, q database.Querier) ([]*Source, error) {
	return sourcesWhere(ctx, q, `WHERE kind = 'csv'`)
}
