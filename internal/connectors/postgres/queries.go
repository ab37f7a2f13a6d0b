package postgres

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"

	"github.com/jackc/pgx/v5"
)

// identify reads who asks whom; everything else rests on it.
func (r *reading) identify() error {
	return r.conn.QueryRow(r.ctx, `SELECT current_user::text, current_setting('server_version_num')::int, r.rolsuper,
		r.rolsuper OR pg_has_role('pg_read_all_settings', 'USAGE') FROM pg_roles r WHERE r.rolname = current_user`).
		Scan(&r.role, &r.number, &r.super, &r.seesAll)
}

func (r *Reader) confLoaded(ctx context.Context) (at time.Time, err error) {
	err = r.conn.QueryRow(ctx, `SELECT pg_conf_load_time()`).Scan(&at)
	return at, err
}

func server(r *reading) error {
	v := facts.PgServer{Role: &r.role, RoleSuperuser: &r.super, Major: ptr(int64(r.number / 10000)), Number: ptr(fmt.Sprintf("%d.%d", r.number/10000, r.number%10000))}
	var version string
	var recovery, writes bool
	err := r.conn.QueryRow(r.ctx, `SELECT current_setting('server_version'), pg_is_in_recovery(),
		EXISTS (SELECT 1 FROM pg_roles w WHERE (w.rolname IN ('pg_write_server_files', 'pg_execute_server_program', 'pg_write_all_data')
			OR w.rolsuper OR w.rolcreaterole OR w.rolcreatedb) AND pg_has_role(w.oid, 'MEMBER'))
		OR has_database_privilege(current_database(), 'CREATE')`).Scan(&version, &recovery, &writes)
	if err != nil {
		return err
	}
	v.Version, v.Recovery, v.RoleWrites = &version, &recovery, &writes
	var missing []facts.Missing
	if v.PendingRestart, err = texts(r, `SELECT name FROM pg_settings WHERE pending_restart ORDER BY name`); err != nil {
		return err
	}
	v.FileErrors, err = texts(r, `SELECT regexp_replace(sourcefile, '^.*/', '') || ' line ' || sourceline || ': ' || error FROM pg_file_settings WHERE error IS NOT NULL AND error <> 'setting could not be applied' ORDER BY seqno`)
	if err != nil {
		v.FileErrors = nil
		m, err := r.denied("/file_errors", err, "GRANT SELECT ON pg_file_settings TO ROLE; GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO ROLE")
		if err != nil {
			return err
		}
		missing = append(missing, m)
	}
	return r.add("pg_server", v, missing)
}

// settings reads the settings that a check may ask for.
func settings(r *reading) error {
	type row struct{ name, value string }
	rows, err := all(r, `SELECT name, COALESCE(setting, '') FROM pg_settings WHERE name = ANY($1)`, func(rows pgx.CollectableRow) (row, error) {
		var v row
		return v, rows.Scan(&v.name, &v.value)
	}, wanted)
	if err != nil {
		return err
	}
	r.values = map[string]string{}
	for _, v := range rows {
		r.values[v.name] = v.value
	}
	var missing []facts.Missing
	for _, name := range wanted {
		if _, there := r.values[name]; there {
			continue
		}
		m := facts.Missing{Path: facts.JoinPointer("values", name), State: facts.Absent, Reason: fmt.Sprintf("PostgreSQL %d has no setting %s", r.number/10000, name)}
		if !r.seesAll {
			m.State, m.Reason = facts.Error, fmt.Sprintf("the role %s does not see the setting %s: GRANT pg_read_all_settings TO %s", r.role, name, pgx.Identifier{r.role}.Sanitize())
		}
		missing = append(missing, m)
	}
	return r.add("pg_settings", facts.PgSettings{Values: r.values}, missing)
}

const passwordKinds = `SELECT rolname::text, CASE WHEN rolpassword IS NULL THEN 'none' WHEN rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram-sha-256'
	WHEN rolpassword LIKE 'md5%' AND length(rolpassword) = 35 THEN 'md5' ELSE 'other' END FROM pg_authid WHERE rolname !~ '^pg_'`

func roles(r *reading) error {
	list, err := all(r, `WITH RECURSIVE up AS (
			SELECT m.member, m.roleid FROM pg_auth_members m
			UNION SELECT u.member, m.roleid FROM up u JOIN pg_auth_members m ON m.member = u.roleid)
		SELECT r.rolname::text, r.rolcanlogin, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls, r.rolconnlimit,
			COALESCE(isfinite(r.rolvaliduntil), false),
			CASE WHEN isfinite(r.rolvaliduntil) THEN floor(extract(epoch FROM r.rolvaliduntil) / 86400)::bigint ELSE -1 END,
			ARRAY(SELECT DISTINCT o.rolname::text FROM up JOIN pg_roles o ON o.oid = up.roleid WHERE up.member = r.oid ORDER BY 1)
		FROM pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname COLLATE "C"`, func(rows pgx.CollectableRow) (facts.PgRole, error) {
		var v facts.PgRole
		err := rows.Scan(&v.Name, &v.Login, &v.Superuser, &v.Createrole, &v.Createdb, &v.Replication, &v.Bypassrls, &v.ConnectionLimit, &v.Expires, &v.ExpireDay, &v.MemberOf)
		return v, err
	})
	if err != nil {
		return err
	}
	v := facts.PgRoles{Roles: list, Passwords: map[string]string{}}
	var missing []facts.Missing
	type kind struct{ name, how string }
	scan := func(rows pgx.CollectableRow) (kind, error) {
		var k kind
		return k, rows.Scan(&k.name, &k.how)
	}
	kinds, err := all(r, passwordKinds, scan)
	if err != nil {
		m, lost := r.denied("/passwords", err, "make the function attesta.password_kinds() of docs/databases.md and GRANT EXECUTE on it TO ROLE")
		if lost != nil {
			return lost
		}
		var there bool
		if err := r.conn.QueryRow(r.ctx, `SELECT to_regprocedure('attesta.password_kinds()') IS NOT NULL`).Scan(&there); err == nil && there {
			kinds, err = all(r, `SELECT role::text, kind::text FROM attesta.password_kinds()`, scan)
			if err != nil {
				if m, lost = r.denied("/passwords", err, "GRANT USAGE ON SCHEMA attesta, EXECUTE ON FUNCTION attesta.password_kinds() TO ROLE"); lost != nil {
					return lost
				}
			}
		}
		if kinds == nil {
			v.Passwords, missing = nil, append(missing, m)
		}
	}
	for _, k := range kinds {
		if !slices.Contains([]string{"none", "scram-sha-256", "md5", "other"}, k.how) {
			k.how = "other" // never a hash, whatever the function gives
		}
		v.Passwords[k.name] = k.how
	}
	return r.add("pg_roles", v, missing)
}

func hba(r *reading) error {
	type row struct {
		rule    facts.PgHbaRule
		netmask string
		problem *string
	}
	list, err := all(r, `SELECT COALESCE(line_number, 0), COALESCE(type, ''), COALESCE(database, '{}'), COALESCE(user_name, '{}'), COALESCE(address, ''), COALESCE(netmask, ''),
		COALESCE(auth_method, ''), COALESCE(options, '{}'), error FROM pg_hba_file_rules`, func(rows pgx.CollectableRow) (row, error) {
		var v row
		err := rows.Scan(&v.rule.Line, &v.rule.Kind, &v.rule.Databases, &v.rule.Users, &v.rule.Address, &v.netmask, &v.rule.Method, &v.rule.Options, &v.problem)
		return v, err
	})
	v := facts.PgHba{Rules: []facts.PgHbaRule{}, Errors: []string{}}
	var missing []facts.Missing
	if err != nil {
		v = facts.PgHba{}
		m, lost := r.denied("", err, "GRANT SELECT ON pg_hba_file_rules TO ROLE; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO ROLE")
		if lost != nil {
			return lost
		}
		for _, path := range []string{"/rules", "/errors"} {
			m.Path = path
			missing = append(missing, m)
		}
	}
	for _, l := range list {
		if l.problem != nil {
			v.Errors = append(v.Errors, fmt.Sprintf("line %d: %s", l.rule.Line, *l.problem))
			continue
		}
		placed(&l.rule, l.netmask)
		for i, o := range l.rule.Options {
			if name, _, _ := strings.Cut(o, "="); strings.Contains(name, "secret") || strings.Contains(name, "passwd") {
				l.rule.Options[i] = name + "=…"
			}
		}
		v.Rules = append(v.Rules, l.rule)
	}
	return r.add("pg_hba", v, missing)
}

// placed gives a rule's address its mask's length, and says what it means.
func placed(rule *facts.PgHbaRule, netmask string) {
	switch rule.Address {
	case "":
		rule.Loopback = rule.Kind == "local"
		return
	case "all":
		rule.Anywhere = true
		return
	case "samehost", "localhost":
		rule.Loopback = true
		return
	}
	addr, err := netip.ParseAddr(rule.Address)
	if err != nil {
		return // a name, or samenet
	}
	bits := addr.BitLen()
	if mask, err := netip.ParseAddr(netmask); err == nil && mask.BitLen() == bits {
		bits = 0
		for _, b := range mask.AsSlice() {
			for ; b&0x80 != 0; b <<= 1 {
				bits++
			}
		}
	}
	least := 8 // of 127.0.0.0/8
	if addr.Is6() {
		least = 128
	}
	rule.Address = fmt.Sprintf("%s/%d", addr, bits)
	rule.Loopback, rule.Anywhere = addr.IsLoopback() && bits >= least, bits == 0
}

func databases(r *reading) error {
	list, err := all(r, `SELECT d.datname::text, pg_get_userbyid(d.datdba)::text, d.datistemplate, d.datallowconn,
			EXISTS (SELECT 1 FROM aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT'),
			EXISTS (SELECT 1 FROM aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a WHERE a.grantee = 0 AND a.privilege_type = 'TEMPORARY'),
			EXISTS (SELECT 1 FROM aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
		FROM pg_database d ORDER BY d.datname COLLATE "C"`, func(rows pgx.CollectableRow) (facts.PgDatabase, error) {
		var v facts.PgDatabase
		return v, rows.Scan(&v.Name, &v.Owner, &v.Template, &v.Connections, &v.PublicConnect, &v.PublicTemporary, &v.PublicCreate)
	})
	if err != nil {
		return err
	}
	return r.add("pg_databases", facts.PgDatabases{Databases: list}, nil)
}

// ours leaves out what the system and its extensions bring.
const ours = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'attesta') AND n.nspname !~ '^pg_(temp|toast_temp)_'`

func objects(r *reading) error {
	var v facts.PgObjects
	var name string
	if err := r.conn.QueryRow(r.ctx, `SELECT current_database()::text`).Scan(&name); err != nil {
		return err
	}
	v.Database = &name
	var missing []facts.Missing
	list := func(path string, into *[]string, query string) error {
		got, err := texts(r, query)
		if err == nil {
			*into = got
			return nil
		}
		m, lost := r.denied(path, err, "")
		missing = append(missing, m)
		return lost
	}
	extensions, err := all(r, `SELECT e.extname::text, e.extversion, COALESCE(a.default_version, ''), n.nspname::text FROM pg_extension e
		JOIN pg_namespace n ON n.oid = e.extnamespace LEFT JOIN pg_available_extensions a ON a.name = e.extname ORDER BY e.extname COLLATE "C"`,
		func(rows pgx.CollectableRow) (facts.PgExtension, error) {
			var x facts.PgExtension
			return x, rows.Scan(&x.Name, &x.Version, &x.Available, &x.Schema)
		})
	if err != nil {
		return err
	}
	v.Extensions = extensions
	for _, part := range []struct {
		path  string
		into  *[]string
		query string
	}{
		{"/public_create", &v.PublicCreate, `SELECT n.nspname::text FROM pg_namespace n WHERE ` + ours + `
			AND EXISTS (SELECT 1 FROM aclexplode(COALESCE(n.nspacl, acldefault('n', n.nspowner))) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
			ORDER BY n.nspname COLLATE "C"`},
		{"/public_tables", &v.PublicTables, `SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ` + ours + `
			AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
			AND EXISTS (SELECT 1 FROM aclexplode(c.relacl) a WHERE a.grantee = 0) ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C" LIMIT 200`},
		{"/untrusted_languages", &v.UntrustedLanguages, `SELECT lanname::text FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c') ORDER BY lanname COLLATE "C"`},
		{"/definer_functions", &v.DefinerFunctions, `SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
			WHERE p.prosecdef AND ` + ours + ` AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
			AND NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%') ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C" LIMIT 200`},
	} {
		if err := list(part.path, part.into, part.query); err != nil {
			return err
		}
	}
	return r.add("pg_objects", v, missing)
}

func replication(r *reading) error {
	list, err := all(r, `SELECT slot_name::text, COALESCE(slot_type, ''), COALESCE(database::text, ''), active, COALESCE(wal_status, '') FROM pg_replication_slots ORDER BY slot_name COLLATE "C"`,
		func(rows pgx.CollectableRow) (facts.PgSlot, error) {
			var v facts.PgSlot
			return v, rows.Scan(&v.Name, &v.Kind, &v.Database, &v.Active, &v.WalStatus)
		})
	var missing []facts.Missing
	if err != nil {
		list = nil
		m, lost := r.denied("/slots", err, "GRANT pg_monitor TO ROLE")
		if lost != nil {
			return lost
		}
		missing = append(missing, m)
	}
	return r.add("pg_replication", facts.PgReplication{Slots: list}, missing)
}

// archive comes after settings.
func archive(r *reading) error {
	var v facts.PgArchive
	var missing []facts.Missing
	mode, command, library := r.values["archive_mode"], r.values["archive_command"], r.values["archive_library"]
	_, seen := r.values["archive_command"]
	if seen && mode != "" {
		var standby bool
		if err := r.conn.QueryRow(r.ctx, `SELECT pg_is_in_recovery()`).Scan(&standby); err != nil {
			return err
		}
		set := library != "" || (command != "" && command != "(disabled)" && command != "/bin/true" && command != "true")
		v.Configured = ptr(set && (mode == "always" || mode == "on" && !standby))
	} else {
		missing = append(missing, facts.Missing{Path: "/configured", State: facts.Error, Reason: fmt.Sprintf("the role %s does not see the settings of archiving: GRANT pg_read_all_settings TO %s", r.role, pgx.Identifier{r.role}.Sanitize())})
	}
	var failing, ever bool
	err := r.conn.QueryRow(r.ctx, `SELECT COALESCE(last_failed_time > COALESCE(last_archived_time, '-infinity'), false), last_archived_time IS NOT NULL FROM pg_stat_archiver`).Scan(&failing, &ever)
	if err != nil {
		for _, path := range []string{"/failing", "/ever"} {
			m, lost := r.denied(path, err, "GRANT pg_monitor TO ROLE")
			if lost != nil {
				return lost
			}
			missing = append(missing, m)
		}
	} else {
		v.Failing, v.Ever = &failing, &ever
	}
	return r.add("pg_archive", v, missing)
}

// ownTLS says how this connection is encrypted.
func (r *reading) ownTLS() (encrypted bool, version string, local bool, err error) {
	err = r.conn.QueryRow(r.ctx, `SELECT s.ssl, COALESCE(s.version, ''), COALESCE(inet_client_addr() <<= inet '127.0.0.0/8' OR inet_client_addr() = inet '::1', true)
		FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()`).Scan(&encrypted, &version, &local)
	return encrypted, version, local, err
}

func ptr[T any](v T) *T { return &v }
