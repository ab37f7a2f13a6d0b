package engagement

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

const engagementColumns = `SELECT g.id, g.number, v.version, v.content, v.digest, v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1)
	FROM engagement g JOIN engagement_version v ON v.engagement_id = g.id JOIN ledger_entry e ON e.id = v.entry_id `

const newestVersion = `v.version = (SELECT MAX(w.version) FROM engagement_version w WHERE w.engagement_id = g.id) `

func scanEngagement(scan func(...any) error) (Engagement, string, error) {
	var g Engagement
	var content string
	var made int64
	if err := scan(&g.ID, &g.Number, &g.Version, &content, &g.Digest, &made, &g.Made.By, &g.Made.Entry, &g.Made.Index); err != nil {
		return g, "", err
	}
	g.Made.At = clock.FromMicros(made)
	if err := json.Unmarshal([]byte(content), &g.Content); err != nil {
		return g, "", fault.Wrap(fault.Refused, err, "version %d of engagement %d cannot be read", g.Version, g.Number)
	}
	return g, content, nil
}

func engagementsWhere(ctx context.Context, q database.Querier, where string, args ...any) ([]Engagement, error) {
	rows, err := q.QueryContext(ctx, engagementColumns+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read engagements: %w", err)
	}
	defer rows.Close()
	var out []Engagement
	for rows.Next() {
		g, _, err := scanEngagement(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read an engagement: %w", err)
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// engagements gives the newest version of each, newest engagement first.
func engagements(ctx context.Context, q database.Querier) ([]Engagement, error) {
	return engagementsWhere(ctx, q, `WHERE `+newestVersion+`ORDER BY g.number DESC`)
}

// versionsOf gives every version of an engagement, oldest first.
func versionsOf(ctx context.Context, q database.Querier, number int) ([]Engagement, error) {
	return engagementsWhere(ctx, q, `WHERE g.number = $1 ORDER BY v.version`, number)
}

// versionByEntry gives the version that an entry recorded, with its content as
// stored; sql.ErrNoRows where there is none.
func versionByEntry(ctx context.Context, q database.Querier, entry string) (Engagement, string, error) {
	return scanEngagement(q.QueryRowContext(ctx, engagementColumns+`WHERE v.entry_id = $1`, entry).Scan)
}

func engagementByNumber(ctx context.Context, q database.Querier, number int) (Engagement, error) {
	list, err := engagementsWhere(ctx, q, `WHERE g.number = $1 AND `+newestVersion, number)
	if err == nil && len(list) == 0 {
		return Engagement{}, fault.New(fault.NotFound, "there is no engagement %d", number)
	}
	if err != nil {
		return Engagement{}, err
	}
	return list[0], nil
}

func systemID(ctx context.Context, q database.Querier) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT id FROM system ORDER BY created_at LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.New(fault.NotFound, "no system is set up yet").WithHint("start the server once")
	}
	return id, err
}

func nextNumber(ctx context.Context, q database.Querier) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM engagement`).Scan(&n)
	return n, err
}

func insertEngagement(ctx context.Context, q database.Querier, system string, g Engagement) error {
	_, err := q.ExecContext(ctx, `INSERT INTO engagement (id, system_id, number) VALUES ($1, $2, $3)`, g.ID, system, g.Number)
	return stored(err, "the engagement")
}

func insertVersion(ctx context.Context, q database.Querier, g Engagement, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO engagement_version (engagement_id, version, content, digest, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, g.ID, g.Version, content, g.Digest, clock.Micros(g.Made.At), g.Made.By, g.Made.Entry)
	return stored(err, "the engagement")
}

// stored gives what an insert means: somebody else's was first, or a failure.
func stored(err error, what string) error {
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed %s at the same time", what).WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", what, err)
	}
	return nil
}

const requestColumns = `SELECT r.id, r.engagement_id, r.ref, r.position, v.version, v.content, v.digest, v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1),
		(SELECT COUNT(*) FROM engagement_message m WHERE m.request_id = r.id)
	FROM engagement_request r JOIN engagement_request_version v ON v.request_id = r.id JOIN ledger_entry e ON e.id = v.entry_id `

const newestRequest = `v.version = (SELECT MAX(w.version) FROM engagement_request_version w WHERE w.request_id = r.id) `

func requestsWhere(ctx context.Context, q database.Querier, where string, args ...any) ([]Request, error) {
	rows, err := q.QueryContext(ctx, requestColumns+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	defer rows.Close()
	var out []Request
	for rows.Next() {
		var r Request
		var content string
		var made int64
		if err := rows.Scan(&r.ID, &r.Engagement, &r.Ref, &r.Position, &r.Version, &content, &r.Digest, &made, &r.Made.By, &r.Made.Entry, &r.Made.Index, &r.Messages); err != nil {
			return nil, fmt.Errorf("read a request: %w", err)
		}
		r.Made.At = clock.FromMicros(made)
		if digestOf(content) != r.Digest {
			r.Digest = digestOf(content) // what is there, so that a binding sees the difference
		}
		if err := json.Unmarshal([]byte(content), &r.RequestContent); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "request %s cannot be read", r.Ref)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// requestByRef gives the newest version of the request with a reference; empty
// where there is none.
func requestByRef(ctx context.Context, q database.Querier, engagement, ref string) ([]Request, error) {
	return requestsWhere(ctx, q, `WHERE r.engagement_id = $1 AND r.ref = $2 AND `+newestRequest, engagement, ref)
}

// requestVersions gives every version of a request, oldest first.
func requestVersions(ctx context.Context, q database.Querier, id string) ([]Request, error) {
	return requestsWhere(ctx, q, `WHERE r.id = $1 ORDER BY v.version`, id)
}

// requestsByEntry gives the versions that an entry recorded.
func requestsByEntry(ctx context.Context, q database.Querier, entry string) ([]Request, error) {
	return requestsWhere(ctx, q, `WHERE v.entry_id = $1`, entry)
}

func requestsOf(ctx context.Context, q database.Querier, engagement string) ([]Request, error) {
	list, err := requestsWhere(ctx, q, `WHERE r.engagement_id = $1 AND `+newestRequest+`ORDER BY r.position, r.id`, engagement)
	if err != nil {
		return nil, err
	}
	exhibits, err := exhibitsOf(ctx, q, engagement)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Exhibits = []Exhibit{}
		for _, x := range exhibits {
			if x.Request == list[i].ID {
				list[i].Exhibits = append(list[i].Exhibits, x)
			}
		}
	}
	return list, nil
}

func insertRequest(ctx context.Context, q database.Querier, r Request) error {
	_, err := q.ExecContext(ctx, `INSERT INTO engagement_request (id, engagement_id, ref, position) VALUES ($1, $2, $3, $4)`, r.ID, r.Engagement, r.Ref, r.Position)
	return stored(err, "request "+r.Ref)
}

func insertRequestVersion(ctx context.Context, q database.Querier, r Request, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO engagement_request_version (request_id, version, content, digest, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, r.ID, r.Version, content, r.Digest, clock.Micros(r.Made.At), r.Made.By, r.Made.Entry)
	return stored(err, "request "+r.Ref)
}

func messagesOf(ctx context.Context, q database.Querier, request string) ([]Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT m.id, m.text, m.made_at, m.made_by, m.entry_id, COALESCE(e.idx, -1)
		FROM engagement_message m JOIN ledger_entry e ON e.id = m.entry_id WHERE m.request_id = $1 ORDER BY m.made_at, m.id`, request)
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	defer rows.Close()
	var out []Message
	for rows.Next() {
		var m Message
		var made int64
		if err := rows.Scan(&m.ID, &m.Text, &made, &m.Made.By, &m.Made.Entry, &m.Made.Index); err != nil {
			return nil, fmt.Errorf("read a message: %w", err)
		}
		m.Made.At = clock.FromMicros(made)
		out = append(out, m)
	}
	return out, rows.Err()
}

func insertMessage(ctx context.Context, q database.Querier, request string, m Message) error {
	_, err := q.ExecContext(ctx, `INSERT INTO engagement_message (id, request_id, text, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6)`,
		m.ID, request, m.Text, clock.Micros(m.Made.At), m.Made.By, m.Made.Entry)
	return stored(err, "the message")
}

func messageByEntry(ctx context.Context, q database.Querier, entry string) (request, text string, err error) {
	err = q.QueryRowContext(ctx, `SELECT request_id, text FROM engagement_message WHERE entry_id = $1`, entry).Scan(&request, &text)
	return request, text, err
}

func exhibitsOf(ctx context.Context, q database.Querier, engagement string) ([]Exhibit, error) {
	rows, err := q.QueryContext(ctx, `SELECT x.id, x.request_id, x.kind, x.subject, x.title, x.made_at, x.made_by, x.entry_id, COALESCE(e.idx, -1)
		FROM engagement_exhibit x JOIN ledger_entry e ON e.id = x.entry_id WHERE x.engagement_id = $1 ORDER BY x.made_at, x.id`, engagement)
	if err != nil {
		return nil, fmt.Errorf("read what an engagement holds: %w", err)
	}
	defer rows.Close()
	out := []Exhibit{}
	for rows.Next() {
		var x Exhibit
		var made int64
		if err := rows.Scan(&x.ID, &x.Request, &x.Kind, &x.Subject, &x.Title, &made, &x.Made.By, &x.Made.Entry, &x.Made.Index); err != nil {
			return nil, fmt.Errorf("read what an engagement holds: %w", err)
		}
		x.Made.At = clock.FromMicros(made)
		out = append(out, x)
	}
	return out, rows.Err()
}

func insertExhibit(ctx context.Context, q database.Querier, engagement string, x Exhibit) error {
	_, err := q.ExecContext(ctx, `INSERT INTO engagement_exhibit (id, engagement_id, request_id, kind, subject, title, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, x.ID, engagement, x.Request, x.Kind, x.Subject, x.Title, clock.Micros(x.Made.At), x.Made.By, x.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "%s is there already", x.Title)
	}
	return stored(err, "the "+x.Kind)
}

func exhibitByEntry(ctx context.Context, q database.Querier, entry string) (engagement string, x Exhibit, err error) {
	err = q.QueryRowContext(ctx, `SELECT engagement_id, id, request_id, kind, subject FROM engagement_exhibit WHERE entry_id = $1`, entry).
		Scan(&engagement, &x.ID, &x.Request, &x.Kind, &x.Subject)
	return engagement, x, err
}

// Workbook is a file that requests were read from.
type Workbook struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	Digest  string `json:"digest"` // of the blob
	Sheet   string `json:"sheet"`
	Made    Made   `json:"made"`
}

func workbooksOf(ctx context.Context, q database.Querier, engagement string) ([]Workbook, error) {
	rows, err := q.QueryContext(ctx, `SELECT w.version, w.name, w.digest, w.sheet, w.made_at, w.made_by, w.entry_id, COALESCE(e.idx, -1)
		FROM engagement_workbook w JOIN ledger_entry e ON e.id = w.entry_id WHERE w.engagement_id = $1 ORDER BY w.version`, engagement)
	if err != nil {
		return nil, fmt.Errorf("read workbooks: %w", err)
	}
	defer rows.Close()
	var out []Workbook
	for rows.Next() {
		var w Workbook
		var made int64
		if err := rows.Scan(&w.Version, &w.Name, &w.Digest, &w.Sheet, &made, &w.Made.By, &w.Made.Entry, &w.Made.Index); err != nil {
			return nil, fmt.Errorf("read a workbook: %w", err)
		}
		w.Made.At = clock.FromMicros(made)
		out = append(out, w)
	}
	return out, rows.Err()
}

func insertWorkbook(ctx context.Context, q database.Querier, engagement string, w Workbook) error {
	_, err := q.ExecContext(ctx, `INSERT INTO engagement_workbook (engagement_id, version, name, digest, sheet, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, engagement, w.Version, w.Name, w.Digest, w.Sheet, clock.Micros(w.Made.At), w.Made.By, w.Made.Entry)
	return stored(err, "the workbook")
}
