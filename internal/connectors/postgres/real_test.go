package postgres

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"

	"github.com/jackc/pgx/v5"
)

// cluster is a PostgreSQL of this test's own, so that it can be broken.
type cluster struct {
	t     *testing.T
	dsn   string
	admin *pgx.Conn
	pack  *pack.Pack
	read  *Reader
}

// start starts one with scripts/postgres. It trusts loopback, as the script says.
func start(t *testing.T) *cluster {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) == 0 {
		t.Skip("NOT RUN: no PostgreSQL server is installed (scripts/need)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	must(t, l.Close())
	state := filepath.Join(os.TempDir(), fmt.Sprintf("attesta-test-postgres-%d-%d", os.Getpid(), port))
	script := func(verb string) string {
		cmd := exec.Command("../../../scripts/postgres", verb)
		cmd.Env = append(os.Environ(), "ATTESTA_PG_STATE="+state, fmt.Sprint("ATTESTA_PG_PORT=", port))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("scripts/postgres %s: %v\n%s", verb, err, stderr.String())
		}
		return string(out)
	}
	t.Cleanup(func() { script("stop") })
	_, dsn, _ := strings.Cut(strings.TrimSpace(script("start")), "=")
	c := &cluster{t: t, dsn: dsn}
	c.admin, err = pgx.Connect(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { _ = c.admin.Close(t.Context()) })
	shipped, err := pack.Shipped()
	must(t, err)
	for _, p := range shipped {
		if p.ID == "postgresql" {
			c.pack = p
		}
	}
	c.read = c.reader(dsn)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) reader(dsn string) *Reader {
	c.t.Helper()
	r, err := Parse(dsn, time.Now)
	must(c.t, err)
	c.t.Cleanup(r.Close)
	return r
}

func (c *cluster) sql(statements ...string) {
	c.t.Helper()
	for _, s := range statements {
		if _, err := c.admin.Exec(c.t.Context(), s); err != nil {
			c.t.Fatalf("%s: %v", s, err)
		}
	}
}

// file writes a file of the server's, as the server.
func (c *cluster) file(path, text string) {
	c.t.Helper()
	quoted := strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "'", "''")
	c.sql("COPY (SELECT unnest(string_to_array('" + quoted + "', E'\\n'))) TO PROGRAM 'umask 077; cat > " + path + "'")
}

func (c *cluster) show(name string) (v string) {
	c.t.Helper()
	must(c.t, c.admin.QueryRow(c.t.Context(), "SELECT current_setting($1)", name).Scan(&v))
	return v
}

// judged reads the server and judges every attribute, as "check/attribute".
func (c *cluster) judged(r *Reader) map[string]judge.Result {
	c.t.Helper()
	sections, err := r.Read(c.t.Context())
	must(c.t, err)
	item := judge.Item{Sections: map[string]*facts.Decoded{}}
	for _, s := range sections {
		d, err := facts.Decode(s)
		must(c.t, err)
		item.Sections[s.Name] = &d
	}
	all := map[string]judge.Result{}
	for _, check := range c.pack.Checks {
		for _, a := range check.Attributes {
			_, id, _ := strings.Cut(check.ID, "/")
			all[id+"/"+a.ID] = a.Compiled.Judge(item)
		}
	}
	return all
}

// becomes reads until attributes have an outcome, and says whether they got it:
// a reload takes a moment.
func (c *cluster) becomes(when string, want judge.Outcome, attributes ...string) bool {
	c.t.Helper()
	var got map[string]judge.Result
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		got = c.judged(c.read)
		ok := true
		for _, a := range attributes {
			if _, there := got[a]; !there {
				c.t.Fatalf("there is no attribute %s", a)
			}
			ok = ok && got[a].Outcome == want
		}
		if ok {
			return true
		}
	}
	for _, a := range attributes {
		if r := got[a]; r.Outcome != want {
			c.t.Errorf("%s: %s is %s (%s, observed %s), want %s", when, a, r.Outcome, r.Reason, r.Observed, want)
		}
	}
	return false
}

func certificateFor(t testing.TB, days int) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: time.Now().AddDate(1, 0, 0)}
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, ca, &k.PublicKey, k)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// A real server is broken and mended, one thing after the other; each time the
// checks that are about it say so, and only while it is so.
func TestBreakAndMend(t *testing.T) {
	c := start(t)
	set := func(name, value string) func() {
		return func() { c.sql("ALTER SYSTEM SET "+name+" = '"+value+"'", "SELECT pg_reload_conf()") }
	}
	do := func(statements ...string) func() { return func() { c.sql(statements...) } }
	hbaFile, data := c.show("hba_file"), c.show("data_directory")
	const sound = "local all attesta peer\nhost all all 127.0.0.1/32 scram-sha-256\nhostssl all app 10.0.0.0/24 scram-sha-256\nhost all attesta ::1/128 scram-sha-256"
	rules := func(more string) func() { return func() { c.file(hbaFile, sound+"\n"+more) } } // not loaded: the server must let us in again
	pair := func(days int) func() {
		return func() {
			cert, key := certificateFor(t, days)
			c.file(filepath.Join(data, "server.crt"), cert)
			c.file(filepath.Join(data, "server.key"), key)
			c.sql("ALTER SYSTEM SET ssl = 'on'", "SELECT pg_reload_conf()")
		}
	}
	c.becomes("as initdb leaves it", judge.Fail, "hba-no-trust/network", "hba-no-trust/local", "crash-fsync/fsync", "log-connections/log-connections", "tls-offered/ssl",
		"roles-superusers-known/superusers", "roles-observer/superuser", "log-line-prefix/log-line-prefix", "archive-configured/configured")
	c.becomes("as initdb leaves it", judge.Pass, "version-supported/support", "crash-full-pages/full-page-writes", "roles-no-md5/kinds", "slots-read/active", "data-directory-mode/data-directory-mode")
	c.becomes("without TLS", judge.NotApplicable, "tls-certificate-valid/days", "tls-certificate-sound/key", "tls-version/ssl-min-protocol-version", "log-audit/classes", "archive-working/failing")

	// What the command line of scripts/postgres says beside the files counts as
	// a restart that is due; hostssl rules count as mistakes without TLS.
	c.sql("CREATE TABLE customers (id bigint)", "ALTER SYSTEM SET max_connections = '200'")
	pair(90)()
	steps := []struct {
		what        string
		spoil, mend func()
		attributes  []string
	}{
		{"connections are not logged", set("log_connections", "off"), set("log_connections", "on"), []string{"log-connections/log-connections"}},
		{"ends are not logged", set("log_disconnections", "off"), set("log_disconnections", "on"), []string{"log-disconnections/log-disconnections"}},
		{"changes of structure are not logged", set("log_statement", "none"), set("log_statement", "ddl"), []string{"log-statements/log-statement"}},
		{"lines without a role", set("log_line_prefix", "%m "), set("log_line_prefix", "%m %u %d "), []string{"log-line-prefix/log-line-prefix"}},
		{"logs for everybody", set("log_file_mode", "0644"), set("log_file_mode", "0600"), []string{"log-file-mode/log-file-mode"}},
		{"half pages", set("full_page_writes", "off"), set("full_page_writes", "on"), []string{"crash-full-pages/full-page-writes"}},
		{"the old kind of password", set("password_encryption", "md5"), set("password_encryption", "scram-sha-256"), []string{"roles-new-passwords-scram/password-encryption"}},
		{"a role with the old kind", do("SET password_encryption = 'md5'", "CREATE ROLE old LOGIN PASSWORD 'x' CONNECTION LIMIT 1", "RESET password_encryption"), do("ALTER ROLE old PASSWORD 'x'"), []string{"roles-no-md5/kinds"}},
		{"a role that makes roles", do("ALTER ROLE old CREATEROLE"), do("ALTER ROLE old NOCREATEROLE"), []string{"roles-attributes-known/createrole"}},
		{"a way to the machine, through a group", do("CREATE ROLE loaders", "GRANT pg_execute_server_program TO loaders", "GRANT loaders TO old"), do("REVOKE loaders FROM old", "DROP ROLE loaders"), []string{"roles-server-programs/members"}},
		{"a password for ever", do("ALTER ROLE old VALID UNTIL 'infinity'"), do("ALTER ROLE old VALID UNTIL '2099-01-01'"), []string{"roles-password-ends/ends"}},
		{"everybody makes tables", do("GRANT CREATE ON SCHEMA public TO PUBLIC"), do("REVOKE CREATE ON SCHEMA public FROM PUBLIC"), []string{"public-no-create/schemas"}},
		{"a database for everybody", do("CREATE DATABASE billing"), do("REVOKE CONNECT ON DATABASE billing FROM PUBLIC"), []string{"public-no-connect/connect"}},
		{"a table for everybody", do("GRANT SELECT ON customers TO PUBLIC"), do("REVOKE SELECT ON customers FROM PUBLIC"), []string{"public-no-tables/tables"}},
		{"a function with its owner's rights", do("CREATE FUNCTION up() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"), do("ALTER FUNCTION up() SET search_path = pg_catalog"), []string{"functions-search-path/functions"}},
		{"a forgotten slot", do("SELECT pg_create_physical_replication_slot('gone', true)"), do("SELECT pg_drop_replication_slot('gone')"), []string{"slots-read/active"}},
		{"a restart is due", set("max_wal_senders", "20"), set("max_wal_senders", "10"), []string{"settings-in-force/restart"}},
		{"idle transactions for ever", set("idle_in_transaction_session_timeout", "0"), set("idle_in_transaction_session_timeout", "60000"), []string{"idle-transactions-end/idle-in-transaction-session-timeout"}},
		{"the catalogue by hand", set("allow_system_table_mods", "on"), set("allow_system_table_mods", "off"), []string{"no-allow-system-table-mods/allow-system-table-mods"}},
		{"a certificate that ends", pair(5), pair(90), []string{"tls-certificate-valid/days"}},
		{"TLS off", set("ssl", "off"), set("ssl", "on"), []string{"tls-offered/ssl"}},
		{"old TLS", set("ssl_min_protocol_version", "TLSv1"), set("ssl_min_protocol_version", "TLSv1.2"), []string{"tls-version/ssl-min-protocol-version"}},
		// Mended with RESET: SET to '' names one library without a name, and nobody can connect any more.
		{"a library", set("session_preload_libraries", "pgrowlocks"), do("ALTER SYSTEM RESET session_preload_libraries", "SELECT pg_reload_conf()"), []string{"libraries-known/session"}},
		// The rules are read from the file, not loaded: nothing may be loaded from here on.
		{"trust", rules("host all all 10.9.0.0/16 trust"), rules(""), []string{"hba-no-trust/network", "hba-strong-methods/methods"}},
		{"the whole world", rules("hostssl all app 0.0.0.0/0 scram-sha-256"), rules(""), []string{"hba-addresses-named/addresses"}},
		{"without TLS", rules("host all app 10.0.0.0/24 scram-sha-256"), rules(""), []string{"hba-tls-only/rules"}},
		{"a cleartext password", rules("hostssl all app 10.0.0.0/24 password"), rules(""), []string{"hba-no-cleartext/password"}},
		{"replication for everybody", rules("hostssl replication all 10.0.0.0/8 scram-sha-256"), rules(""), []string{"hba-replication-named/users", "hba-replication-named/addresses"}},
		{"a line with a mistake", rules("host all all 10.0.0.0/8 scram"), rules(""), []string{"hba-readable/errors"}},
	}
	done, attributes := 0, map[string]bool{}
	for _, step := range steps {
		step.spoil()
		broken := c.becomes(step.what, judge.Fail, step.attributes...)
		step.mend()
		if mended := c.becomes(step.what+", mended", judge.Pass, step.attributes...); broken && mended {
			done++
			for _, a := range step.attributes {
				attributes[a] = true
			}
		}
	}
	t.Logf("%d steps of %d were broken and mended: %d attributes of %d of the pack", done, len(steps), len(attributes), len(c.judged(c.read)))
	c.becomes("with TLS", judge.Pass, "tls-certificate-sound/issuer", "tls-certificate-sound/key", "hba-no-trust/local")
}

// A role that may not read something gives an error that says what to grant,
// and with the grant an outcome.
func TestReadOnlyRole(t *testing.T) {
	c := start(t)
	c.sql("CREATE ROLE watcher LOGIN PASSWORD 'x'")
	c.read = c.reader(strings.Replace(c.dsn, "attesta@", "watcher:x@", 1))
	got := c.judged(c.read)
	for attribute, says := range map[string]string{
		"hba-no-trust/network":          `GRANT SELECT ON pg_hba_file_rules TO "watcher"; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO "watcher"`,
		"settings-in-force/errors":      `GRANT SELECT ON pg_file_settings TO "watcher"`,
		"roles-no-md5/kinds":            `attesta.password_kinds()`,
		"libraries-known/shared":        `GRANT pg_read_all_settings TO "watcher"`,
		"archive-configured/configured": "",
	} {
		r := got[attribute]
		if says == "" {
			continue
		}
		if r.Outcome != judge.Error || !strings.Contains(r.Reason, says) {
			t.Errorf("%s is %s (%s), want error with %s", attribute, r.Outcome, r.Reason, says)
		}
	}
	doc, err := os.ReadFile("../../../docs/databases.md")
	must(t, err)
	_, block, ok := strings.Cut(string(doc), "```sql\n")
	block, _, ok2 := strings.Cut(block, "```")
	if !ok || !ok2 {
		t.Fatal("docs/databases.md has no block of SQL")
	}
	c.sql(strings.NewReplacer("CREATE ROLE attesta", "ALTER ROLE watcher", " TO attesta", " TO watcher").Replace(block))
	for attribute, r := range c.judged(c.reader(strings.Replace(c.dsn, "attesta@", "watcher:x@", 1))) {
		if r.Outcome == judge.Error || r.Outcome == judge.NotObserved {
			t.Errorf("with the grants of docs/databases.md %s is %s: %s", attribute, r.Outcome, r.Reason)
		}
	}
	c.becomes("the role of the manual", judge.Pass, "roles-observer/superuser", "roles-observer/writes", "roles-no-md5/kinds")
}

// What is read holds no secret.
func TestNoSecretLeaves(t *testing.T) {
	c := start(t)
	c.sql("CREATE ROLE keeper LOGIN PASSWORD 'extremely-secret'")
	c.file(c.show("hba_file"), "host all all 127.0.0.1/32 trust\nhost all all 10.0.0.0/8 ldap ldapserver=dir ldapbasedn=\"dc=x\" ldapbinddn=\"cn=x\" ldapbindpasswd=hush-hush")
	sections, err := c.read.Read(t.Context())
	must(t, err)
	for _, s := range sections {
		for _, secret := range []string{"extremely-secret", "SCRAM-SHA-256$", "hush-hush"} {
			if bytes.Contains(s.Values, []byte(secret)) {
				t.Errorf("section %s holds %s", s.Name, secret)
			}
		}
	}
}
