package integrity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// most is up to how many lines are counted exactly.
const most = 10_000

// where gathers conditions.
type where struct {
	parts []string
	args  []any
}

func (w *where) add(condition string, args ...any) {
	for _, a := range args {
		w.args = append(w.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.parts = append(w.parts, condition)
}

func (w *where) String() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

var likely = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// contains is a pattern of LIKE with ! as its escape.
func contains(s string) string { return "%" + likely.Replace(s) + "%" }

// below gives the bounds in hex of what begins with a path.
func below(file string) (from, to string) {
	from = hexPlace(file)
	return from, from + "g"
}

// hosts adds a condition on the host of rows with the alias of a source.
func (w *where) host(column, which string) {
	switch {
	case which == "":
	case strings.HasPrefix(which, "src_"):
		w.add(column+" = ?", which)
	case strings.HasPrefix(which, "hst_"):
		w.add(column+" IN (SELECT x.source FROM integrity_host x WHERE x.host_id = ?)", which)
	default:
		w.add(column+" IN (SELECT x.source FROM integrity_host x WHERE LOWER(x.name) LIKE ? ESCAPE '!')", contains(strings.ToLower(which)))
	}
}

// path adds a condition on the path of a change.
func (w *where) path(file string) {
	switch {
	case file == "":
	case strings.HasPrefix(file, "/"):
		from, to := below(file)
		w.add("c.place >= ? AND c.place < ?", from, to)
		if len(file) > 48 {
			w.add("c.path LIKE ? ESCAPE '!'", likely.Replace(file)+"%")
		}
	default:
		w.add("LOWER(c.path) LIKE ? ESCAPE '!'", contains(strings.ToLower(file)))
	}
}

// ofGroup adds what a filter says of groups, but for the host, times and path.
func (w *where) ofGroup(f Filter) {
	if f.Verdict != "" {
		w.add("g.verdict = ?", string(f.Verdict))
	}
	if f.State != "" {
		w.add("g.state = ?", string(f.State))
	}
	if f.Exceeded {
		w.add("g.exceeded = 1")
	}
	if f.Login != "" {
		w.add("g.login = ?", f.Login)
	}
	if f.Person != "" {
		w.add("g.person = ?", f.Person)
	}
	if strings.HasPrefix(f.Program, "/") {
		w.add("g.program = ?", f.Program)
	} else if f.Program != "" {
		w.add("g.program LIKE ? ESCAPE '!'", "%/"+likely.Replace(f.Program))
	}
	if f.Ticket != "" {
		w.add("g.ticket = ?", f.Ticket)
	}
	if f.Fleet != "" {
		w.add("g.fleet = ?", f.Fleet)
	}
	if f.Package != "" {
		w.add("g.no IN (SELECT p.group_no FROM integrity_group_package p WHERE p.name = ?)", f.Package)
	}
}

func groupsWhere(f Filter) *where {
	w := &where{}
	w.ofGroup(f)
	w.host("g.source", f.Host)
	switch f.Class {
	case verdict.System:
		w.add("g.n_system > 0")
	case verdict.Configuration:
		w.add("g.n_config > 0")
	case verdict.Content:
		w.add("g.n_content > 0")
	}
	if f.Path != "" {
		in := &where{args: w.args}
		in.path(f.Path)
		w.args = in.args
		w.parts = append(w.parts, "g.no IN (SELECT c.group_no FROM integrity_change c"+in.String()+")")
	}
	if !f.From.IsZero() {
		w.add("g.last_at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		w.add("g.last_at < ?", micros(f.To))
	}
	return w
}

func scanGroupOfHost(scan func(...any) error) (*Group, error) {
	var name, id string
	g, err := scanGroup(func(to ...any) error { return scan(append(to, &name, &id)...) })
	if g != nil {
		g.Host, g.HostID = name, id
	}
	return g, err
}

func listed(ctx context.Context, q database.Querier, f Filter, limit int) ([]*Group, error) {
	w := groupsWhere(f)
	at, group, _, err := f.cursor()
	if err != nil {
		return nil, err
	}
	if f.After != "" {
		w.add("(g.last_at < ? OR g.last_at = ? AND g.no < ?)", at, at, group)
	}
	w.args = append(w.args, limit)
	return all(ctx, q, "list groups of changes", scanGroupOfHost, `SELECT `+groupColumns+`, h.name, h.host_id FROM integrity_group g JOIN integrity_host h ON h.source = g.source`+w.String()+fmt.Sprintf(` ORDER BY g.last_at DESC, g.no DESC LIMIT $%d`, len(w.args)), w.args...)
}

func countListed(ctx context.Context, q database.Querier, f Filter) (n int64, err error) {
	w := groupsWhere(f)
	w.args = append(w.args, most+1)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT g.no FROM integrity_group g`+w.String()+fmt.Sprintf(` LIMIT $%d) x`, len(w.args)), w.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count groups of changes: %w", err)
	}
	return n, nil
}

func nameHost(ctx context.Context, q database.Querier, g *Group) error {
	return q.QueryRowContext(ctx, `SELECT name, host_id FROM integrity_host WHERE source = $1`, g.Source).Scan(&g.Host, &g.HostID)
}

func packagesOf(ctx context.Context, q database.Querier, group int64, limit int) ([]Package, error) {
	return all(ctx, q, "read packages of changes", func(scan func(...any) error) (p Package, err error) {
		err = scan(&p.Name, &p.Version, &p.Count)
		return p, err
	}, `SELECT name, version, n FROM integrity_group_package WHERE group_no = $1 ORDER BY n DESC, name, version LIMIT $2`, group, limit)
}

func sameElsewhere(ctx context.Context, q database.Querier, fleet, source string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(DISTINCT source) FROM integrity_group WHERE fleet = $1 AND source <> $2`, fleet, source).Scan(&n)
	return n, err
}

// changeRow is a change without what was told of it.
type changeRow struct {
	Change
	group, body int64
}

func changesWhere(group int64, f Filter) *where {
	w := &where{}
	if group > 0 {
		w.add("c.group_no = ?", group)
	}
	w.ofGroup(f)
	w.host("c.source", f.Host)
	if f.Class != "" {
		w.add("c.class = ?", string(f.Class))
	}
	w.path(f.Path)
	if !f.From.IsZero() {
		w.add("c.at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		w.add("c.at < ?", micros(f.To))
	}
	return w
}

func changesListed(ctx context.Context, q database.Querier, group int64, f Filter, limit int) ([]changeRow, error) {
	w := changesWhere(group, f)
	at, no, seq, err := f.cursor()
	if err != nil {
		return nil, err
	}
	order := "c.at DESC, c.group_no DESC, c.seq DESC"
	if group > 0 {
		order = "c.seq"
	}
	switch {
	case f.After == "":
	case group > 0:
		w.add("c.seq > ?", seq)
	default:
		w.add("(c.at < ? OR c.at = ? AND (c.group_no < ? OR c.group_no = ? AND c.seq < ?))", at, at, no, no, seq)
	}
	w.args = append(w.args, limit)
	return all(ctx, q, "list changes", func(scan func(...any) error) (r changeRow, err error) {
		var at, undone int64
		var class, state string
		err = scan(&r.group, &r.Seq, &r.Source, &at, &class, &undone, &r.body, &r.batch, &state, &r.Host, &r.HostID)
		r.At, r.Undone, r.Class, r.State = moment(at), moment(undone), verdict.Class(class), State(state)
		r.Group = RefOf(r.group)
		r.Ref = fmt.Sprintf("%s/%d", r.Group, r.Seq)
		if undone != 0 {
			r.State = Undone
		}
		return r, err
	}, `SELECT c.group_no, c.seq, c.source, c.at, c.class, c.undone_at, c.body_seq, c.batch, g.state, h.name, h.host_id FROM integrity_change c JOIN integrity_group g ON g.no = c.group_no JOIN integrity_host h ON h.source = c.source`+
		w.String()+` ORDER BY `+order+fmt.Sprintf(` LIMIT $%d`, len(w.args)), w.args...)
}

func countChanges(ctx context.Context, q database.Querier, group int64, f Filter) (n int64, err error) {
	w := changesWhere(group, f)
	w.args = append(w.args, most+1)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT c.seq FROM integrity_change c JOIN integrity_group g ON g.no = c.group_no`+w.String()+fmt.Sprintf(` LIMIT $%d) x`, len(w.args)), w.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count changes: %w", err)
	}
	return n, nil
}

// fill adds what was told of changes, and the verdicts.
func (s *Service) fill(ctx context.Context, q database.Querier, rows []changeRow) ([]Change, error) {
	out := make([]Change, 0, len(rows))
	type key struct{ group, seq int64 }
	bodies := map[key][]told{}
	for _, r := range rows {
		k := key{r.group, r.body}
		list, known := bodies[k]
		if !known {
			var err error
			if list, err = s.body(ctx, q, r.group, r.body); err != nil {
				return nil, err
			}
			bodies[k] = list
		}
		t, err := at(list, r.body, r.Seq)
		if err != nil {
			return nil, err
		}
		c, err := verdict.Parse(0, t.Item)
		if err != nil {
			return nil, fault.Wrap(fault.Refused, err, "%s cannot be read", r.Ref)
		}
		r.Told, r.Verdict = c.FileChange, t.Verdict
		out = append(out, r.Change)
	}
	return out, nil
}

func (s *Service) body(ctx context.Context, q database.Querier, group, seq int64) ([]told, error) {
	var raw []byte
	err := q.QueryRowContext(ctx, `SELECT body FROM integrity_body WHERE group_no = $1 AND seq = $2`, group, seq).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.Refused, "what was told of changes %s/%d and after is gone", RefOf(group), seq)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was told of changes: %w", err)
	}
	return s.coder.unpack(raw)
}

func watchedOf(ctx context.Context, q database.Querier, id string) (*Watched, error) {
	h, err := scanWatched(q.QueryRowContext(ctx, `SELECT `+watchedColumns+` FROM integrity_host h WHERE h.source = $1 OR h.host_id = $1 AND h.host_id <> ''`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "the files of %.80q are not watched", id).WithHint("a host is here once its agent watches files")
	}
	if err != nil {
		return nil, fmt.Errorf("read a watched host: %w", err)
	}
	return &h, nil
}

func watchedWhere(f HostFilter) *where {
	w := &where{}
	w.add("h.gone = 0")
	if f.Query != "" {
		w.add("LOWER(h.name) LIKE ? ESCAPE '!'", contains(strings.ToLower(f.Query)))
	}
	switch f.Only {
	case "open":
		w.add("h.opened > 0")
	case "silent":
		w.add("h.silent_at > 0")
	case "unapproved":
		w.add("h.baseline NOT LIKE '%\"approval\":%'")
	case "degraded":
		w.add("h.watching NOT LIKE '{\"mode\":\"fanotify\"%' AND h.watching NOT LIKE '{\"mode\":\"inotify\"%'")
	}
	return w
}

func watchedListed(ctx context.Context, q database.Querier, f HostFilter, limit int) ([]Watched, error) {
	w := watchedWhere(f)
	if name, source, ok := strings.Cut(f.After, "\n"); ok {
		w.add("(h.name > ? OR h.name = ? AND h.source > ?)", name, name, source)
	}
	w.args = append(w.args, limit)
	return all(ctx, q, "list watched hosts", scanWatched, `SELECT `+watchedColumns+` FROM integrity_host h`+w.String()+fmt.Sprintf(` ORDER BY h.name, h.source LIMIT $%d`, len(w.args)), w.args...)
}

func countWatched(ctx context.Context, q database.Querier, f HostFilter) (n int64, err error) {
	w := watchedWhere(f)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM integrity_host h`+w.String(), w.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count watched hosts: %w", err)
	}
	return n, nil
}

func summary(ctx context.Context, q database.Querier, since time.Time) (Summary, error) {
	s := Summary{Groups: map[string]int64{}, Changes: map[string]int64{}, Since: since}
	for _, c := range []struct {
		only string
		into *int64
	}{{"", &s.Hosts}, {"silent", &s.Silent}, {"unapproved", &s.Unapproved}, {"degraded", &s.Degraded}} {
		var err error
		if *c.into, err = countWatched(ctx, q, HostFilter{Only: c.only}); err != nil {
			return s, err
		}
	}
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(n - undone), 0), COALESCE(SUM(exceeded), 0) FROM integrity_group WHERE state = 'open'`).Scan(&s.Open, &s.OpenFiles, &s.Exceeded); err != nil {
		return s, fmt.Errorf("count what lies open: %w", err)
	}
	_, err := all(ctx, q, "count verdicts", func(scan func(...any) error) (struct{}, error) {
		var kind string
		var groups, changes int64
		err := scan(&kind, &groups, &changes)
		s.Groups[kind], s.Changes[kind] = groups, changes
		return struct{}{}, err
	}, `SELECT verdict, COUNT(*), COALESCE(SUM(n), 0) FROM integrity_group WHERE last_at >= $1 GROUP BY verdict`, micros(since))
	return s, err
}

func updates(ctx context.Context, q database.Querier, f Filter, limit int) ([]Update, error) {
	w := groupsWhere(f)
	w.add("g.fleet <> '' AND g.verdict = 'package'")
	w.args = append(w.args, limit)
	return all(ctx, q, "list updates", func(scan func(...any) error) (u Update, err error) {
		var first, last int64
		err = scan(&u.Fleet, &u.Manager, &u.Package, &u.Version, &u.Hosts, &u.Groups, &u.Changes, &first, &last)
		u.First, u.Last = moment(first), moment(last)
		return u, err
	}, `SELECT g.fleet, MIN(g.manager), MIN(g.package), MIN(g.version), COUNT(DISTINCT g.source), COUNT(*), CAST(SUM(g.n) AS BIGINT), MIN(g.first_at), MAX(g.last_at) FROM integrity_group g`+w.String()+fmt.Sprintf(` GROUP BY g.fleet ORDER BY MAX(g.last_at) DESC, g.fleet LIMIT $%d`, len(w.args)), w.args...)
}

func facetsOf(ctx context.Context, q database.Querier) (f Facets, err error) {
	text := func(scan func(...any) error) (s string, err error) {
		var n int64
		err = scan(&s, &n)
		return s, err
	}
	if f.Logins, err = all(ctx, q, "read who made changes", text, `SELECT login, COUNT(*) FROM integrity_group WHERE login <> '' GROUP BY login ORDER BY 2 DESC, 1 LIMIT 50`); err != nil {
		return f, err
	}
	f.Packages, err = all(ctx, q, "read packages of changes", text, `SELECT name, COUNT(*) FROM integrity_group_package GROUP BY name ORDER BY 2 DESC, 1 LIMIT 50`)
	return f, err
}

func useOf(ctx context.Context, q database.Querier, id string) (TokenUse, error) {
	u := TokenUse{ID: id}
	var first, last int64
	err := q.QueryRowContext(ctx, `SELECT label, used, exceeded, first_at, last_at FROM integrity_token WHERE id = $1`, id).Scan(&u.Label, &u.Used, &u.Exceeded, &first, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return u, nil
	}
	u.First, u.Last = moment(first), moment(last)
	return u, err
}
