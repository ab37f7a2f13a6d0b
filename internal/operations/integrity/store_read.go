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
	"github.com/attesta/attesta/internal/operations/integrity/clause"
	"github.com/attesta/attesta/internal/operations/integrity/told"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// most is up to how many lines are counted exactly.
const most = 10_000

// below gives the bounds in hex of what begins with a path.
func below(file string) (from, to string) {
	from = hexPlace(file)
	return from, from + "g"
}

// hosts adds a condition on the host of rows with the alias of a source.
func ofHost(w *clause.Where, column, which string) {
	switch {
	case which == "":
	case strings.HasPrefix(which, "src_"):
		w.Add(column+" = ?", which)
	case strings.HasPrefix(which, "hst_"):
		w.Add(column+" IN (SELECT x.source FROM integrity_host x WHERE x.host_id = ?)", which)
	default:
		w.Add(column+" IN (SELECT x.source FROM integrity_host x WHERE LOWER(x.name) LIKE ? ESCAPE '!')", clause.Contains(strings.ToLower(which)))
	}
}

// ofPath adds a condition on the path of a change. A wide one is looked at where a row
// is looked at anyway, instead of looked up.
func ofPath(w *clause.Where, file string, wide bool) {
	switch {
	case file == "":
	case strings.HasPrefix(file, "/"):
		from, to := below(file)
		if wide {
			w.Add("c.place || '' >= ? AND c.place || '' < ?", from, to) // no index
		} else {
			w.Add("c.place >= ? AND c.place < ?", from, to)
		}
		if len(file) > 48 {
			w.Add("c.path LIKE ? ESCAPE '!'", clause.Escape(file)+"%")
		}
	default:
		w.Add("LOWER(c.path) LIKE ? ESCAPE '!'", clause.Contains(strings.ToLower(file)))
	}
}

// programs gives each program once, hopping over the index.
const programs = `WITH RECURSIVE p (program) AS (SELECT MIN(program) FROM integrity_group UNION ALL SELECT (SELECT MIN(o.program) FROM integrity_group o WHERE o.program > p.program) FROM p WHERE p.program IS NOT NULL) SELECT p.program FROM p`

// ofGroup adds what a filter says of groups, but for the host, times and path.
func ofGroup(w *clause.Where, f Filter) {
	if f.Verdict != "" {
		w.Add("g.verdict = ?", string(f.Verdict))
	}
	if f.State != "" {
		w.Add("g.state = ?", string(f.State))
	}
	if f.Exceeded {
		w.Add("g.exceeded = 1")
	}
	if f.Login != "" {
		w.Add("g.login = ?", f.Login)
	}
	if f.Person != "" {
		w.Add("g.person = ?", f.Person)
	}
	if strings.HasPrefix(f.Program, "/") {
		w.Add("g.program = ?", f.Program)
	} else if f.Program != "" {
		w.Add("g.program IN ("+programs+" WHERE p.program LIKE ? ESCAPE '!')", "%/"+clause.Escape(f.Program))
	}
	if f.Ticket != "" {
		w.Add("g.ticket = ?", f.Ticket)
	}
	if f.Fleet != "" {
		w.Add("g.fleet = ?", f.Fleet)
	}
	if f.alone {
		w.Add("g.fleet = ''")
	}
	if f.Package != "" {
		w.Add("g.no IN (SELECT p.group_no FROM integrity_group_package p WHERE p.name = ?)", f.Package)
	}
}

func groupsWhere(f Filter) *clause.Where {
	w := &clause.Where{}
	ofGroup(w, f)
	ofHost(w, "g.source", f.Host)
	switch f.Class {
	case verdict.System:
		w.Add("g.n_system > 0")
	case verdict.Configuration:
		w.Add("g.n_config > 0")
	case verdict.Content:
		w.Add("g.n_content > 0")
	}
	if f.Path != "" {
		in := &clause.Where{Args: w.Args}
		ofPath(in, f.Path, f.wide.path)
		w.Args = in.Args
		if f.wide.path {
			w.Parts = append(w.Parts, "EXISTS (SELECT 1 FROM integrity_change c"+in.String()+" AND c.group_no = g.no)")
		} else {
			w.Parts = append(w.Parts, "g.no IN (SELECT c.group_no FROM integrity_change c"+in.String()+")")
		}
	}
	if !f.From.IsZero() {
		w.Add("g.last_at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		w.Add("g.last_at < ?", micros(f.To))
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
		w.Add("(g.last_at < ? OR g.last_at = ? AND g.no < ?)", at, at, group)
	}
	w.Args = append(w.Args, limit)
	return all(ctx, q, "list groups of changes", scanGroupOfHost, `SELECT `+groupColumns+`, h.name, h.host_id FROM integrity_group g JOIN integrity_host h ON h.source = g.source`+w.String()+fmt.Sprintf(` ORDER BY g.last_at DESC, g.no DESC LIMIT $%d`, len(w.Args)), w.Args...)
}

func countListed(ctx context.Context, q database.Querier, f Filter) (n int64, err error) {
	if f.wide.path {
		rest := f
		rest.Path = ""
		if len(groupsWhere(rest).Parts) == 0 {
			return countGroupsBelow(ctx, q, f.Path)
		}
	}
	w := groupsWhere(f)
	w.Args = append(w.Args, most+1)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT g.no FROM integrity_group g`+w.String()+fmt.Sprintf(` LIMIT $%d) x`, len(w.Args)), w.Args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count groups of changes: %w", err)
	}
	return n, nil
}

// countGroupsBelow counts the groups that have changes below a path which very many
// have, in the order of the paths: what hosts have alike stands together there.
func countGroupsBelow(ctx context.Context, q database.Querier, file string) (int64, error) {
	w := &clause.Where{}
	ofPath(w, file, false)
	rows, err := q.QueryContext(ctx, `SELECT c.group_no FROM integrity_change c`+w.String()+` ORDER BY c.place, c.group_no`, w.Args...)
	if err != nil {
		return 0, fmt.Errorf("count groups of changes: %w", err)
	}
	defer rows.Close()
	seen := map[int64]bool{}
	for len(seen) <= most && rows.Next() {
		var no int64
		if err := rows.Scan(&no); err != nil {
			return 0, fmt.Errorf("count groups of changes: %w", err)
		}
		seen[no] = true
	}
	return int64(len(seen)), rows.Err()
}

// wide says of a filter what is so common that going through changes in the order in
// which they are shown finds a page sooner than looking all of them up.
type wide struct{ path, host, group bool }

// Up to so many are looked up.
const (
	lookedUp       = 20_000 // changes
	lookedUpHosts  = 50
	lookedUpGroups = 2_000
)

// measure says what of a filter is common.
func (f *Filter) measure(ctx context.Context, q database.Querier) error {
	more := func(most int, from string, w *clause.Where) (bool, error) {
		var n int
		w.Args = append(w.Args, most+1)
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM `+from+w.String()+fmt.Sprintf(` LIMIT $%d) x`, len(w.Args)), w.Args...).Scan(&n)
		if err != nil {
			return false, fmt.Errorf("measure a filter of changes: %w", err)
		}
		return n > most, nil
	}
	f.wide = wide{}
	var err error
	if strings.HasPrefix(f.Path, "/") {
		w := &clause.Where{}
		from, to := below(f.Path)
		w.Add("c.place >= ? AND c.place < ?", from, to)
		if f.wide.path, err = more(lookedUp, "integrity_change c", w); err != nil {
			return err
		}
	}
	if f.Host != "" && !strings.HasPrefix(f.Host, "src_") && !strings.HasPrefix(f.Host, "hst_") {
		w := &clause.Where{}
		w.Add("LOWER(h.name) LIKE ? ESCAPE '!'", clause.Contains(strings.ToLower(f.Host)))
		if f.wide.host, err = more(lookedUpHosts, "integrity_host h", w); err != nil {
			return err
		}
	}
	w := &clause.Where{}
	if ofGroup(w, *f); len(w.Parts) > 0 {
		f.wide.group, err = more(lookedUpGroups, "integrity_group g", w)
	}
	return err
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

func sameElsewhere(ctx context.Context, q database.Querier, fleet string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT n_hosts - 1 FROM integrity_fleet WHERE fleet = $1`, fleet).Scan(&n)
	return n, err
}

// changeRow is a change without what was told of it.
type changeRow struct {
	Change
	group, body int64
}

func changesWhere(group int64, f Filter) *clause.Where {
	w := &clause.Where{}
	if group > 0 {
		w.Add("c.group_no = ?", group)
	}
	ofGroup(w, f)
	if f.wide.host {
		w.Add("LOWER(h.name) LIKE ? ESCAPE '!'", clause.Contains(strings.ToLower(f.Host)))
	} else {
		ofHost(w, "c.source", f.Host)
	}
	if f.Class != "" {
		w.Add("c.class = ?", string(f.Class))
	}
	ofPath(w, f.Path, f.wide.path)
	if !f.From.IsZero() {
		w.Add("c.at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		w.Add("c.at < ?", micros(f.To))
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
		w.Add("c.seq > ?", seq)
	default:
		w.Add("(c.at < ? OR c.at = ? AND (c.group_no < ? OR c.group_no = ? AND c.seq < ?))", at, at, no, no, seq)
	}
	// SQLite joins in this order; PostgreSQL knows better.
	from := `integrity_change c CROSS JOIN integrity_group g CROSS JOIN integrity_host h`
	if groups := (&clause.Where{}); group == 0 && (f.Host == "" || f.wide.host) && !f.wide.group {
		if ofGroup(groups, f); len(groups.Parts) > 0 {
			from = `integrity_group g CROSS JOIN integrity_change c CROSS JOIN integrity_host h`
		}
	}
	w.Add("g.no = c.group_no AND h.source = c.source")
	w.Args = append(w.Args, limit)
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
	}, `SELECT c.group_no, c.seq, c.source, c.at, c.class, c.undone_at, c.body_seq, c.batch, g.state, h.name, h.host_id FROM `+from+
		w.String()+` ORDER BY `+order+fmt.Sprintf(` LIMIT $%d`, len(w.Args)), w.Args...)
}

func countChanges(ctx context.Context, q database.Querier, group int64, f Filter) (n int64, err error) {
	f.wide = wide{} // in any order
	w := changesWhere(group, f)
	w.Args = append(w.Args, most+1)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT c.seq FROM integrity_change c JOIN integrity_group g ON g.no = c.group_no`+w.String()+fmt.Sprintf(` LIMIT $%d) x`, len(w.Args)), w.Args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count changes: %w", err)
	}
	return n, nil
}

// fill adds what was told of changes, and the verdicts.
func (s *Service) fill(ctx context.Context, q database.Querier, rows []changeRow) ([]Change, error) {
	out := make([]Change, 0, len(rows))
	type key struct{ group, seq int64 }
	bodies := map[key][]told.Item{}
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
		t, err := told.At(list, r.body, r.Seq)
		if err != nil {
			return nil, err
		}
		c, err := verdict.Parse(0, t.Raw)
		if err != nil {
			return nil, fault.Wrap(fault.Refused, err, "%s cannot be read", r.Ref)
		}
		r.Told, r.Verdict = c.FileChange, t.Verdict
		out = append(out, r.Change)
	}
	return out, nil
}

func (s *Service) body(ctx context.Context, q database.Querier, group, seq int64) ([]told.Item, error) {
	var raw []byte
	err := q.QueryRowContext(ctx, `SELECT body FROM integrity_body WHERE group_no = $1 AND seq = $2`, group, seq).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.Refused, "what was told of changes %s/%d and after is gone", RefOf(group), seq)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was told of changes: %w", err)
	}
	return s.coder.Unpack(raw)
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

// watchedOnly are the conditions by which hosts are chosen.
var watchedOnly = map[string]string{
	"open": "h.opened > 0", "silent": "h.silent_at > 0", "unapproved": "h.baseline NOT LIKE '%\"approval\":%'",
	"degraded": "h.watching NOT LIKE '{\"mode\":\"fanotify\"%' AND h.watching NOT LIKE '{\"mode\":\"inotify\"%'",
}

func watchedWhere(f HostFilter) *clause.Where {
	w := &clause.Where{}
	w.Add("h.gone = 0")
	if f.Query != "" {
		w.Add("LOWER(h.name) LIKE ? ESCAPE '!'", clause.Contains(strings.ToLower(f.Query)))
	}
	if only := watchedOnly[f.Only]; only != "" {
		w.Add(only)
	}
	return w
}

func watchedListed(ctx context.Context, q database.Querier, f HostFilter, limit int) ([]Watched, error) {
	w := watchedWhere(f)
	if name, source, ok := strings.Cut(f.After, "\n"); ok {
		w.Add("(h.name > ? OR h.name = ? AND h.source > ?)", name, name, source)
	}
	w.Args = append(w.Args, limit)
	return all(ctx, q, "list watched hosts", scanWatched, `SELECT `+watchedColumns+` FROM integrity_host h`+w.String()+fmt.Sprintf(` ORDER BY h.name, h.source LIMIT $%d`, len(w.Args)), w.Args...)
}

func countWatched(ctx context.Context, q database.Querier, f HostFilter) (n int64, err error) {
	w := watchedWhere(f)
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM integrity_host h`+w.String(), w.Args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count watched hosts: %w", err)
	}
	return n, nil
}

func summary(ctx context.Context, q database.Querier, since time.Time) (Summary, error) {
	s := Summary{Groups: map[string]int64{}, Changes: map[string]int64{}, Since: since}
	count := func(only string) string {
		return `CAST(COALESCE(SUM(CASE WHEN ` + watchedOnly[only] + ` THEN 1 ELSE 0 END), 0) AS BIGINT)`
	}
	err := q.QueryRowContext(ctx, `SELECT COUNT(*), `+count("silent")+`, `+count("unapproved")+`, `+count("degraded")+` FROM integrity_host h WHERE h.gone = 0`).Scan(&s.Hosts, &s.Silent, &s.Unapproved, &s.Degraded)
	if err != nil {
		return s, fmt.Errorf("count watched hosts: %w", err)
	}
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(n - undone), 0), COALESCE(SUM(exceeded), 0) FROM integrity_group WHERE state = 'open'`).Scan(&s.Open, &s.OpenFiles, &s.Exceeded); err != nil {
		return s, fmt.Errorf("count what lies open: %w", err)
	}
	for _, k := range verdict.Kinds() { // each is a stretch of an index
		var groups, changes int64
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*), CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM integrity_group WHERE verdict = $1 AND last_at >= $2`, string(k), micros(since)).Scan(&groups, &changes); err != nil {
			return s, fmt.Errorf("count verdicts: %w", err)
		}
		if groups > 0 {
			s.Groups[string(k)], s.Changes[string(k)] = groups, changes
		}
	}
	return s, nil
}

func updates(ctx context.Context, q database.Querier, f Filter, limit int) ([]Update, error) {
	scan := func(scan func(...any) error) (u Update, err error) {
		var first, last int64
		err = scan(&u.Fleet, &u.Manager, &u.Package, &u.Version, &u.Hosts, &u.Groups, &u.Changes, &first, &last)
		u.First, u.Last = moment(first), moment(last)
		return u, err
	}
	if f.folds() && (f.Verdict == "" || f.Verdict == verdict.ByPackage) { // whole
		f.Verdict = verdict.ByPackage
		w := fleetsWhere(f)
		w.Args = append(w.Args, limit)
		return all(ctx, q, "list updates", scan, `SELECT f.fleet, g.manager, g.package, g.version, f.n_hosts, f.n_groups, f.n, f.first_at, f.last_at FROM integrity_fleet f JOIN integrity_group g ON g.no = f.no`+
			w.String()+fmt.Sprintf(` ORDER BY f.last_at DESC, f.no DESC LIMIT $%d`, len(w.Args)), w.Args...)
	}
	w := groupsWhere(f)
	w.Add("g.fleet <> '' AND g.verdict = 'package'")
	w.Args = append(w.Args, limit)
	return all(ctx, q, "list updates", scan, `SELECT g.fleet, MIN(g.manager), MIN(g.package), MIN(g.version), COUNT(DISTINCT g.source), COUNT(*), CAST(SUM(g.n) AS BIGINT), MIN(g.first_at), MAX(g.last_at) FROM integrity_group g`+w.String()+fmt.Sprintf(` GROUP BY g.fleet ORDER BY MAX(g.last_at) DESC, g.fleet LIMIT $%d`, len(w.Args)), w.Args...)
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
