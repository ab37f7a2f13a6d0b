package integrity

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/clause"
	"github.com/attesta/attesta/internal/operations/integrity/told"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
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

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// all reads rows.
func all[T any](ctx context.Context, q database.Querier, what string, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		x, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		out = append(out, x)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) error {
	if _, err := q.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// next gives the next number of a kind.
func next(ctx context.Context, q database.Querier, name string) (no int64, err error) {
	if err = q.QueryRowContext(ctx, `UPDATE integrity_counter SET value = value + 1 WHERE name = $1 RETURNING value`, name).Scan(&no); err != nil {
		return 0, fmt.Errorf("number a %s of changes: %w", name, err)
	}
	return no, nil
}

const watchedColumns = `h.source, h.host_id, h.name, h.joined_at, h.last_at, h.watching, h.silent_at, h.gone, h.baseline, h.opened, h.changes, h.said`

// bare gives columns for RETURNING, which takes no alias on SQLite.
func bare(columns string) string { return strings.ReplaceAll(columns, "h.", "") }

func scanWatched(scan func(...any) error) (h Watched, err error) {
	var joined, last, silent, gone int64
	if err = scan(&h.Source, &h.HostID, &h.Name, &joined, &last, &h.watching, &silent, &gone, &h.baseline, &h.Opened, &h.Changes, &h.said); err != nil {
		return h, err
	}
	h.Joined, h.Last, h.Silent, h.Gone = moment(joined), moment(last), moment(silent), gone == 1
	if h.watching != "" {
		h.Watching = &Watching{}
		if err := json.Unmarshal([]byte(h.watching), h.Watching); err != nil {
			return h, fault.Wrap(fault.Refused, err, "what %s said of its watching cannot be read", h.Source)
		}
	}
	if h.baseline != "" {
		h.Baseline = &Baseline{}
		if err := json.Unmarshal([]byte(h.baseline), h.Baseline); err != nil {
			return h, fault.Wrap(fault.Refused, err, "the baseline of %s cannot be read", h.Source)
		}
	}
	return h, nil
}

// lockWatched gives the row of a source, made where there is none.
func lockWatched(ctx context.Context, q database.Querier, source, name string, now time.Time) (h Watched, first bool, err error) {
	row := q.QueryRowContext(ctx, `UPDATE integrity_host SET gone = gone WHERE source = $1 RETURNING `+bare(watchedColumns), source)
	if h, err = scanWatched(row.Scan); err == nil {
		return h, false, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return h, false, fmt.Errorf("watched host of %s: %w", source, err)
	}
	row = q.QueryRowContext(ctx, `INSERT INTO integrity_host (source, host_id, name, joined_at, last_at, watching, silent_at, gone, baseline, opened, changes, said) VALUES ($1, '', $2, $3, 0, '', 0, 0, '', 0, 0, '')
		ON CONFLICT (source) DO UPDATE SET source = excluded.source RETURNING `+bare(watchedColumns), source, name, micros(now))
	if h, err = scanWatched(row.Scan); err != nil {
		return h, false, fmt.Errorf("watched host of %s: %w", source, err)
	}
	return h, true, nil
}

// hostOf gives the host of a source and its name, where it has said its facts.
func hostOf(ctx context.Context, q database.Querier, source string, name *string) (id string, err error) {
	var said string
	err = q.QueryRowContext(ctx, `SELECT id, name FROM host WHERE source = $1`, source).Scan(&id, &said)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err == nil && said != "" {
		*name = said
	}
	return id, err
}

func saveWatched(ctx context.Context, q database.Querier, h *Watched) (err error) {
	if h.Watching != nil {
		if h.watching, err = asJSON(h.Watching); err != nil {
			return err
		}
	}
	if h.Baseline != nil {
		if h.baseline, err = asJSON(h.Baseline); err != nil {
			return err
		}
	}
	return exec(ctx, q, "store a watched host", `UPDATE integrity_host SET host_id = $2, name = $3, last_at = $4, watching = $5, silent_at = $6, gone = $7, baseline = $8, opened = $9, changes = $10, said = $11 WHERE source = $1`,
		h.Source, h.HostID, h.Name, micros(h.Last), h.watching, micros(h.Silent), flag(h.Gone), h.baseline, h.Opened, h.Changes, h.said)
}

// knownIDs gives those of the ids under which a source has told something.
func knownIDs(ctx context.Context, q database.Querier, source string, ids []string) (map[string]bool, error) {
	known := map[string]bool{}
	err := clause.InParts(ids, 2, func(in string, args []any) error {
		list, err := all(ctx, q, "look for changes that are known", func(scan func(...any) error) (id string, err error) {
			err = scan(&id)
			return id, err
		}, `SELECT id FROM integrity_change WHERE source = $1 AND id IN (`+in+`)`, append([]any{source}, args...)...)
		for _, id := range list {
			known[id] = true
		}
		return err
	})
	return known, err
}

// tokenUse is how often a token was used.
type tokenUse struct {
	id, label      string
	used, exceeded int64
	first, last    time.Time
	dirty          bool
}

func tokenUses(ctx context.Context, q database.Querier, ids []string) (map[string]*tokenUse, error) {
	out := map[string]*tokenUse{}
	err := clause.InParts(ids, 1, func(in string, args []any) error {
		// An update, so that two hosts do not use up the same count at once.
		list, err := all(ctx, q, "read how often tokens were used", func(scan func(...any) error) (*tokenUse, error) {
			u := &tokenUse{}
			var first, last int64
			err := scan(&u.id, &u.label, &u.used, &u.exceeded, &first, &last)
			u.first, u.last = moment(first), moment(last)
			return u, err
		}, `UPDATE integrity_token SET used = used WHERE id IN (`+in+`) RETURNING id, label, used, exceeded, first_at, last_at`, args...)
		for _, u := range list {
			out[u.id] = u
		}
		return err
	})
	return out, err
}

func putTokenUse(ctx context.Context, q database.Querier, u *tokenUse) error {
	return exec(ctx, q, "store how often a token was used", `INSERT INTO integrity_token (id, label, used, exceeded, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET used = excluded.used, exceeded = excluded.exceeded, last_at = excluded.last_at`, u.id, u.label, u.used, u.exceeded, micros(u.first), micros(u.last))
}

func insertBatch(ctx context.Context, q database.Querier, no int64, source string, received time.Time, n int64, digest, entry string) error {
	return exec(ctx, q, "store a batch of changes", `INSERT INTO integrity_batch (no, source, received_at, changes, digest, entry_id) VALUES ($1, $2, $3, $4, $5, $6)`, no, source, micros(received), n, digest, entry)
}

const groupColumns = `g.no, g.source, g.cause, g.verdict, g.state, g.exceeded, g.reason, g.evidence, g.first_at, g.last_at, g.known_at, g.n, g.undone, g.n_system, g.n_config, g.n_content, g.login, g.usr, g.program, g.person,
	g.token, g.ticket, g.manager, g.package, g.version, g.packages, g.origin, g.command, g.asked_by, g.fleet, g.paths, g.decided, g.decided_at, g.entry_id`

func scanGroup(scan func(...any) error) (*Group, error) {
	g := &Group{}
	var kind, state, evidence, paths string
	var exceeded, first, last, known, decided int64
	err := scan(&g.Number, &g.Source, &g.cause, &kind, &state, &exceeded, &g.Reason, &evidence, &first, &last, &known, &g.Count, &g.UndoneN, &g.System, &g.Config, &g.Content, &g.Login, &g.User, &g.Program, &g.Person,
		&g.Token, &g.Ticket, &g.Manager, &g.Package, &g.Version, &g.Packages, &g.Origin, &g.Command, &g.AskedBy, &g.Fleet, &paths, &g.Decided, &decided, &g.entry)
	if err != nil {
		return nil, err
	}
	g.fleet = g.Fleet
	g.Ref, g.Verdict, g.State, g.Exceeded, g.First, g.Last, g.Known, g.At = RefOf(g.Number), verdict.Kind(kind), State(state), exceeded == 1, moment(first), moment(last), moment(known), moment(decided)
	if err := errors.Join(json.Unmarshal([]byte(evidence), &g.Evidence), json.Unmarshal([]byte(paths), &g.Paths)); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "%s cannot be read", g.Ref)
	}
	return g, nil
}

// newestOfCause gives the newest group of a cause on a source; nil where there is
// none.
func newestOfCause(ctx context.Context, q database.Querier, source, cause string) (*Group, error) {
	g, err := scanGroup(q.QueryRowContext(ctx, `SELECT `+groupColumns+` FROM integrity_group g WHERE g.source = $1 AND g.cause = $2 ORDER BY g.no DESC LIMIT 1`, source, cause).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is no error
	}
	return g, err
}

func groupOf(ctx context.Context, q database.Querier, no int64) (*Group, error) {
	g, err := scanGroup(q.QueryRowContext(ctx, `SELECT `+groupColumns+` FROM integrity_group g WHERE g.no = $1`, no).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, noGroup(RefOf(no))
	}
	return g, err
}

func insertGroup(ctx context.Context, q database.Querier, g *Group) error {
	evidence, err := asJSON(g.Evidence)
	if err != nil {
		return err
	}
	paths, err := asJSON(append([]string{}, g.Paths...))
	if err != nil {
		return err
	}
	return exec(ctx, q, "store a group of changes", `INSERT INTO integrity_group (no, source, cause, verdict, state, exceeded, reason, evidence, first_at, last_at, known_at, n, undone, n_system, n_config, n_content, login, usr, program, person,
		token, ticket, manager, package, version, packages, origin, command, asked_by, fleet, paths, decided, decided_at, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)`,
		g.Number, g.Source, g.cause, string(g.Verdict), string(g.State), flag(g.Exceeded), g.Reason, evidence, micros(g.First), micros(g.Last), micros(g.Known), g.Count, g.UndoneN, g.System, g.Config, g.Content, g.Login, g.User, g.Program, g.Person,
		g.Token, g.Ticket, g.Manager, g.Package, g.Version, g.Packages, g.Origin, g.Command, g.AskedBy, g.Fleet, paths, g.Decided, micros(g.At), g.entry)
}

func updateGroup(ctx context.Context, q database.Querier, g *Group) error {
	paths, err := asJSON(append([]string{}, g.Paths...))
	if err != nil {
		return err
	}
	return exec(ctx, q, "store a group of changes", `UPDATE integrity_group SET state = $2, first_at = $3, last_at = $4, n = $5, undone = $6, n_system = $7, n_config = $8, n_content = $9, package = $10, version = $11, packages = $12, origin = $13, fleet = $14, paths = $15, decided = $16, decided_at = $17 WHERE no = $1`,
		g.Number, string(g.State), micros(g.First), micros(g.Last), g.Count, g.UndoneN, g.System, g.Config, g.Content, g.Package, g.Version, g.Packages, g.Origin, g.Fleet, paths, g.Decided, micros(g.At))
}

func addPackage(ctx context.Context, q database.Querier, no int64, name, version string, n int64) error {
	return exec(ctx, q, "store a package of changes", `INSERT INTO integrity_group_package (group_no, name, version, n) VALUES ($1, $2, $3, $4) ON CONFLICT (group_no, name, version) DO UPDATE SET n = integrity_group_package.n + excluded.n`, no, name, version, n)
}

func countPackages(ctx context.Context, q database.Querier, no int64) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM integrity_group_package WHERE group_no = $1`, no).Scan(&n)
	return n, err
}

// hexPlace is the beginning of a path as lists look for it: hex sorts alike in every
// collation.
func hexPlace(file string) string {
	return hex.EncodeToString([]byte(file[:min(len(file), 48)]))
}

// insertChanges stores the changes that a batch added to a group.
func (s *Service) insertChanges(ctx context.Context, q database.Querier, group int64, source string, batch int64, list []row) error {
	for from := 0; from < len(list); from += told.Most {
		some := list[from:min(from+told.Most, len(list))]
		bodies := make([]told.Item, len(some))
		for i := range some {
			some[i].bodySeq = some[0].seq
			bodies[i] = told.Item{Raw: some[i].c.Raw, Verdict: some[i].v}
		}
		body, err := s.coder.Pack(bodies)
		if err != nil {
			return err
		}
		if err := exec(ctx, q, "store what was told of changes", `INSERT INTO integrity_body (group_no, seq, body) VALUES ($1, $2, $3)`, group, some[0].seq, body); err != nil {
			return err
		}
	}
	const part, columns = 50, 13
	for from := 0; from < len(list); from += part {
		some := list[from:min(from+part, len(list))]
		args := make([]any, 0, columns*len(some))
		for _, r := range some {
			args = append(args, group, r.seq, source, r.c.ID, micros(r.at), r.c.Path, hexPlace(r.c.Path), r.c.Change, string(r.class), micros(r.undone), flag(!r.undone.IsZero())*batch, r.bodySeq, batch)
		}
		if err := exec(ctx, q, "store changes", `INSERT INTO integrity_change (group_no, seq, source, id, at, path, place, change, class, undone_at, undone_by, body_seq, batch) VALUES `+clause.Values(len(some), columns), args...); err != nil {
			return err
		}
	}
	return nil
}

func markUndone(ctx context.Context, q database.Querier, group, seq int64, at time.Time, batch int64) error {
	return exec(ctx, q, "mark a change as undone", `UPDATE integrity_change SET undone_at = $3, undone_by = $4 WHERE group_no = $1 AND seq = $2 AND undone_at = 0`, group, seq, micros(at), batch)
}

func nextVerdict(ctx context.Context, q database.Querier, group int64) (seq int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) + 1 FROM integrity_verdict WHERE group_no = $1`, group).Scan(&seq)
	return seq, err
}

func insertVerdict(ctx context.Context, q database.Querier, group, seq int64, d Decision) error {
	return exec(ctx, q, "store a decision on changes", `INSERT INTO integrity_verdict (group_no, seq, kind, reason, ticket, alone, made_by, made_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		group, seq, d.Kind, d.Reason, d.Ticket, d.Alone, d.By, micros(d.At), d.Entry)
}

const decisionColumns = `v.kind, v.reason, v.ticket, v.alone, v.made_by, v.made_at, v.entry_id`

func scanDecision(scan func(...any) error) (d Decision, err error) {
	var made int64
	err = scan(&d.Kind, &d.Reason, &d.Ticket, &d.Alone, &d.By, &made, &d.Entry)
	d.At = moment(made)
	return d, err
}

func decisions(ctx context.Context, q database.Querier, group int64) ([]Decision, error) {
	return all(ctx, q, "read decisions on changes", scanDecision, `SELECT `+decisionColumns+` FROM integrity_verdict v WHERE v.group_no = $1 ORDER BY v.seq`, group)
}
