package host

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

const columns = `id, population, source, name, os, kernel, architecture, agent_version, clock_known, clock_offset, first_seen, last_seen, last_observed,
	standards, in_force, confirmed_at, silent_since, retired_at, retired_by, retired_reason, excluded_at, exclusion,
	machine_id, owner, class, environment, tags, n_pass, n_fail, n_error, n_not_observed, n_not_applicable, n_waived`

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

func scanHost(scan func(...any) error) (Host, error) {
	var h Host
	var known, offset, first, seen, observed, confirmed, silent, retired, excluded int64
	var tags string
	err := scan(&h.ID, &h.Population, &h.Source, &h.Name, &h.OS, &h.Kernel, &h.Architecture, &h.AgentVersion, &known, &offset, &first, &seen, &observed,
		&h.Standards, &h.inForce, &confirmed, &silent, &retired, &h.RetiredBy, &h.RetiredReason, &excluded, &h.Exclusion,
		&h.Machine, &h.Owner, &h.Class, &h.Environment, &tags, &h.stored.Pass, &h.stored.Fail, &h.stored.Error, &h.stored.NotObserved, &h.stored.NotApplicable, &h.stored.Waived)
	h.Tags = strings.Fields(tags)
	h.ExcludedAt = moment(excluded)
	if known == 1 {
		d := time.Duration(offset) * time.Microsecond
		h.ClockOffset = &d
	}
	h.FirstSeen, h.LastSeen, h.LastObserved, h.confirmed = moment(first), moment(seen), moment(observed), moment(confirmed)
	h.Silent, h.SilentSince, h.RetiredAt = silent != 0, moment(silent), moment(retired)
	return h, err
}

// Statements of every message, prepared once.
const (
	hostUpsert = `INSERT INTO host (id, source, name, first_seen, last_seen, last_observed, population) VALUES ($1, $2, $3, $4, $4, 0, $5)
		ON CONFLICT (source) DO UPDATE SET last_seen = CASE WHEN excluded.last_seen > host.last_seen THEN excluded.last_seen ELSE host.last_seen END
		RETURNING ` + columns
	hostUpdate = `UPDATE host SET name = $2, os = $3, kernel = $4, architecture = $5, agent_version = $6, clock_known = $7, clock_offset = $8,
		last_observed = $9, standards = $10, in_force = $11, confirmed_at = $12, silent_since = $13, retired_at = $14, retired_by = $15, retired_reason = $16,
		excluded_at = $17, exclusion = $18, machine_id = $19 WHERE id = $1`
	streamQuery  = `SELECT sequence, valid_at FROM host_stream WHERE host_id = $1 AND stream = $2`
	streamUpsert = `INSERT INTO host_stream (host_id, stream, sequence, valid_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (host_id, stream) DO UPDATE SET sequence = excluded.sequence, valid_at = excluded.valid_at`
	bodyThere     = `SELECT COUNT(*) FROM section_body WHERE digest = $1`
	bodyInsert    = `INSERT INTO section_body (digest, body, size, stored_at) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING`
	bodyQuery     = `SELECT body FROM section_body WHERE digest = $1`
	sectionInsert = `INSERT INTO host_section (host_id, section, valid_from, run_no, digest, registry, last_observed, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	sectionConfirm = `UPDATE host_section SET last_observed = CASE WHEN last_observed < $5 THEN $5 ELSE last_observed END,
		registry = CASE WHEN registry < $6 THEN $6 ELSE registry END
		WHERE host_id = $1 AND section = $2 AND valid_from = $3 AND run_no = $4`
	sectionsQuery = `SELECT ` + versionColumns + ` FROM host_section v WHERE v.host_id = $1 AND v.valid_from >=
			COALESCE((SELECT MAX(p.valid_from) FROM host_section p WHERE p.host_id = $1 AND p.section = v.section AND p.valid_from <= $2), 0)
		ORDER BY v.section, v.valid_from, v.run_no`
)

var hot = []string{hostUpsert, hostUpdate, streamQuery, streamUpsert, bodyThere, bodyInsert, bodyQuery, sectionInsert, sectionConfirm, sectionsQuery, countQuery}

// lockHost gives the host of a batch's source, made where there is none. No
// other transaction changes it until this one ends.
func lockHost(ctx context.Context, q database.Querier, b Batch, now time.Time) (h Host, first bool, err error) {
	population, prefix := cmp.Or(b.Population, Population), "hst"
	if p, ok := map[string]string{Databases: "dbs", Repositories: "rpo", Capacity: "cap", Backups: "bck", Components: "cpt", Segmentation: "seg", Integrity: "fim", Firewalls: "fwl", Endpoints: "dev"}[population]; ok {
		prefix = p
	}
	id := ids.New(prefix, now)
	row := q.QueryRowContext(ctx, hostUpsert, id, b.Source, b.SourceName, micros(b.ReceivedAt), population)
	if h, err = scanHost(row.Scan); err != nil {
		return h, false, fmt.Errorf("host of %s: %w", b.Source, err)
	}
	return h, h.ID == id, nil
}

// lockByID is lockHost for a host that is known.
func lockByID(ctx context.Context, q database.Querier, id string) (Host, error) {
	h, err := scanHost(q.QueryRowContext(ctx, `UPDATE host SET last_seen = last_seen WHERE id = $1 RETURNING `+columns, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return h, fault.New(fault.NotFound, "there is no host %s", id)
	}
	if err != nil {
		return h, fmt.Errorf("host %s: %w", id, err)
	}
	return h, nil
}

func saveHost(ctx context.Context, q database.Querier, h Host) error {
	known, offset, silent := 0, int64(0), int64(0)
	if h.ClockOffset != nil {
		known, offset = 1, h.ClockOffset.Microseconds()
	}
	if h.Silent {
		silent = max(micros(h.SilentSince), 1)
	}
	_, err := q.ExecContext(ctx, hostUpdate,
		h.ID, h.Name, h.OS, h.Kernel, h.Architecture, h.AgentVersion, known, offset, micros(h.LastObserved), h.Standards, h.inForce, micros(h.confirmed), silent,
		micros(h.RetiredAt), h.RetiredBy, h.RetiredReason, micros(h.ExcludedAt), h.Exclusion, h.Machine)
	if err != nil {
		return fmt.Errorf("store host %s: %w", h.ID, err)
	}
	return nil
}

func lastOfStream(ctx context.Context, q database.Querier, host, stream string) (newest, bool, error) {
	var n newest
	var at int64
	err := q.QueryRowContext(ctx, streamQuery, host, stream).Scan(&n.sequence, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return n, false, nil
	}
	if err != nil {
		return n, false, fmt.Errorf("last batch of %s: %w", host, err)
	}
	n.at = moment(at)
	return n, true, nil
}

func putStream(ctx context.Context, q database.Querier, host, stream string, n newest) error {
	_, err := q.ExecContext(ctx, streamUpsert, host, stream, n.sequence, micros(n.at))
	if err != nil {
		return fmt.Errorf("last batch of %s: %w", host, err)
	}
	return nil
}

func hasBody(ctx context.Context, q database.Querier, digest string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, bodyThere, digest).Scan(&n); err != nil {
		return false, fmt.Errorf("look for a section's body: %w", err)
	}
	return n > 0, nil
}

func insertBody(ctx context.Context, q database.Querier, digest string, stored []byte, size int, now time.Time) error {
	_, err := q.ExecContext(ctx, bodyInsert,
		digest, stored, size, micros(now))
	if err != nil {
		return fmt.Errorf("store a section's body: %w", err)
	}
	return nil
}

func readBody(ctx context.Context, q database.Querier, digest string) ([]byte, error) {
	var stored []byte
	err := q.QueryRowContext(ctx, bodyQuery, digest).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.Refused, "the body of a section (%.12s) is missing", digest)
	}
	if err != nil {
		return nil, fmt.Errorf("read a section's body: %w", err)
	}
	return stored, nil
}

func insertSection(ctx context.Context, q database.Querier, host string, v version) error {
	_, err := q.ExecContext(ctx, sectionInsert, host, v.section, micros(v.from), v.runNo, v.digest, v.registry, micros(v.lastObserved), micros(v.received))
	if err != nil {
		return fmt.Errorf("store section %s of %s: %w", v.section, host, err)
	}
	return nil
}

// confirmSection says that a version was still in force at a moment.
func confirmSection(ctx context.Context, q database.Querier, host string, v version, at time.Time, registry int) error {
	_, err := q.ExecContext(ctx, sectionConfirm, host, v.section, micros(v.from), v.runNo, micros(at), registry)
	if err != nil {
		return fmt.Errorf("confirm section %s of %s: %w", v.section, host, err)
	}
	return nil
}

const versionColumns = `v.section, v.valid_from, v.run_no, v.digest, v.registry, v.last_observed, v.received_at`

func scanVersion(scan func(...any) error, more ...any) (version, error) {
	var v version
	var from, last, received int64
	err := scan(append([]any{&v.section, &from, &v.runNo, &v.digest, &v.registry, &last, &received}, more...)...)
	v.from, v.lastObserved, v.received = moment(from), moment(last), moment(received)
	return v, err
}

// sectionsFrom gives, of each section of a host, the version in force at a
// moment and all later ones; of versions that began together the last one.
func sectionsFrom(ctx context.Context, q database.Querier, host string, at time.Time) (history, error) {
	rows, err := q.QueryContext(ctx, sectionsQuery, host, micros(at))
	if err != nil {
		return nil, fmt.Errorf("sections of %s: %w", host, err)
	}
	defer rows.Close()
	known := history{}
	for rows.Next() {
		v, err := scanVersion(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("sections of %s: %w", host, err)
		}
		all := known[v.section]
		if n := len(all); n > 0 && all[n-1].from.Equal(v.from) {
			all[n-1] = v
			continue
		}
		known[v.section] = append(all, v)
	}
	return known, rows.Err()
}

// changesOf gives versions of a host's sections, newest first, with their runs.
func changesOf(ctx context.Context, q database.Querier, host, where, tail string, args ...any) ([]version, []string, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+versionColumns+`, COALESCE(r.id, '') FROM host_section v LEFT JOIN run r ON r.no = v.run_no WHERE v.host_id = $1 `+where+
		` ORDER BY v.valid_from DESC, v.run_no DESC, v.section `+tail, append([]any{host}, args...)...)
	if err != nil {
		return nil, nil, fmt.Errorf("sections of %s: %w", host, err)
	}
	defer rows.Close()
	var all []version
	var runs []string
	for rows.Next() {
		var run string
		v, err := scanVersion(rows.Scan, &run)
		if err != nil {
			return nil, nil, fmt.Errorf("sections of %s: %w", host, err)
		}
		all, runs = append(all, v), append(runs, run)
	}
	return all, runs, rows.Err()
}

// broughtBy gives the digests of the sections that a run brought, by name.
func broughtBy(ctx context.Context, q database.Querier, run string) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT v.section, v.digest FROM run r JOIN host_section v ON v.run_no = r.no WHERE r.id = $1 AND v.valid_from = r.valid_at`, run)
	if err != nil {
		return nil, fmt.Errorf("sections of %s: %w", run, err)
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var name, digest string
		if err := rows.Scan(&name, &digest); err != nil {
			return nil, fmt.Errorf("sections of %s: %w", run, err)
		}
		all[name] = digest
	}
	return all, rows.Err()
}

// judgedOtherwise gives the hosts that another set of standards judged last.
func judgedOtherwise(ctx context.Context, q database.Querier, set string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT id FROM host WHERE standards <> $1 AND retired_at = 0 AND excluded_at = 0 ORDER BY id`, set)
	if err != nil {
		return nil, fmt.Errorf("find hosts to judge again: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("find hosts to judge again: %w", err)
		}
		all = append(all, id)
	}
	return all, rows.Err()
}

// retiredHosts gives the hosts that left the population up to a moment.
func retiredHosts(ctx context.Context, q database.Querier, upTo time.Time) ([]Host, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM host WHERE retired_at > 0 AND retired_at <= $1 ORDER BY name, id`, micros(upTo))
	if err != nil {
		return nil, fmt.Errorf("find retired hosts: %w", err)
	}
	defer rows.Close()
	var all []Host
	for rows.Next() {
		h, err := scanHost(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("find retired hosts: %w", err)
		}
		all = append(all, h)
	}
	return all, rows.Err()
}

type hostSource struct{ host, source string }

func notYetSilent(ctx context.Context, q database.Querier) ([]hostSource, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, source FROM host WHERE silent_since = 0 AND retired_at = 0 ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("find hosts that are heard: %w", err)
	}
	defer rows.Close()
	var all []hostSource
	for rows.Next() {
		var hs hostSource
		if err := rows.Scan(&hs.host, &hs.source); err != nil {
			return nil, fmt.Errorf("find hosts that are heard: %w", err)
		}
		all = append(all, hs)
	}
	return all, rows.Err()
}

func getHost(ctx context.Context, q database.Querier, id string) (Host, error) {
	h, err := scanHost(q.QueryRowContext(ctx, `SELECT `+columns+` FROM host WHERE id = $1 OR source = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return h, fault.New(fault.NotFound, "there is no host %s", id)
	}
	if err != nil {
		return h, fmt.Errorf("host %s: %w", id, err)
	}
	return h, nil
}

// checkRetired holds a host that left the population against its entry.
func checkRetired(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var source, kind string
	err := q.QueryRowContext(ctx, `SELECT h.source, r.kind FROM host h JOIN run r ON r.source = h.source WHERE h.id = $1 AND r.id = $2`,
		rec.Subject, rec.Data["run"]).Scan(&source, &kind)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read host %s: %w", rec.Subject, err)
	}
	if err != nil || source != rec.Data["source"] || kind != string(outcome.RunPresence) {
		return fault.New(fault.Refused, "host %s: the run by which it left the population is not there", rec.Subject)
	}
	return nil
}

// newest is what a host's sections are now.
type sectionsNow struct {
	silent   bool
	versions map[string]version // by section
}

// newestSections gives the sections of every host of the population as they
// are now, by host.
func newestSections(ctx context.Context, q database.Querier, sections []string) (map[string]*sectionsNow, error) {
	hosts := map[string]*sectionsNow{}
	rows, err := q.QueryContext(ctx, `SELECT id, silent_since FROM host WHERE retired_at = 0 AND last_observed > 0`)
	if err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var silent int64
		if err := rows.Scan(&id, &silent); err != nil {
			return nil, fmt.Errorf("read hosts: %w", err)
		}
		hosts[id] = &sectionsNow{silent: silent != 0, versions: map[string]version{}}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	for _, name := range sections {
		if err := newestSection(ctx, q, name, hosts); err != nil {
			return nil, err
		}
	}
	return hosts, nil
}

func newestSection(ctx context.Context, q database.Querier, name string, hosts map[string]*sectionsNow) error {
	rows, err := q.QueryContext(ctx, `SELECT v.host_id, v.digest, v.registry FROM host_section v WHERE v.section = $1 AND NOT EXISTS
		(SELECT 1 FROM host_section n WHERE n.host_id = v.host_id AND n.section = v.section AND (n.valid_from, n.run_no) > (v.valid_from, v.run_no))`, name)
	if err != nil {
		return fmt.Errorf("read section %s of all hosts: %w", name, err)
	}
	defer rows.Close()
	for rows.Next() {
		v := version{section: name}
		var id string
		if err := rows.Scan(&id, &v.digest, &v.registry); err != nil {
			return fmt.Errorf("read section %s of all hosts: %w", name, err)
		}
		if h := hosts[id]; h != nil {
			h.versions[name] = v
		}
	}
	return rows.Err()
}
