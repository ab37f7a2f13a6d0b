package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Limits of one reading.
const (
	connectTimeout   = 10 * time.Second
	statementTimeout = "10s"
	maxRows          = 10_000 // of one query; what is beyond makes the fact an error
	maxDSN           = 4_000
)

// Reader keeps one connection to one server. It is not safe for concurrent use.
type Reader struct {
	config *pgx.ConnConfig
	now    func() time.Time
	conn   *pgx.Conn
	loaded time.Time // when the server had read its files as the connection was made
}

// Parse reads a connection string (postgres://… or key=value). A mistake is of
// kind Invalid and never repeats the string, which may hold a password.
func Parse(dsn string, now func() time.Time) (*Reader, error) {
	if dsn == "" || len(dsn) > maxDSN {
		return nil, fault.New(fault.Invalid, "a connection string has 1 to %d bytes", maxDSN).At("", 0, "connection").
			WithHint("write postgres://ROLE:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full")
	}
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the connection string cannot be read").At("", 0, "connection").
			WithHint("write postgres://ROLE:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full; a password with signs such as @ or / is written in percent code")
	}
	c.ConnectTimeout = connectTimeout
	c.DefaultQueryExecMode = pgx.QueryExecModeExec                         // no prepared statements: a pooler may stand between
	d, err := dial.New(dial.Config{Inside: true, Timeout: connectTimeout}) // databases stand on networks inside, but not at link-local addresses
	if err != nil {
		return nil, err
	}
	direct := c.DialFunc
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if network == "unix" {
			return direct(ctx, network, address)
		}
		return d.DialContext(ctx, network, address)
	}
	for name, value := range map[string]string{"application_name": "attesta", "default_transaction_read_only": "on",
		"statement_timeout": statementTimeout, "lock_timeout": "1s"} {
		c.RuntimeParams[name] = value
	}
	return &Reader{config: c, now: now}, nil
}

// Place says where the reader connects, without role and password: HOST:PORT/DATABASE.
func (r *Reader) Place() string {
	if strings.HasPrefix(r.config.Host, "/") {
		return r.config.Host + "/" + r.config.Database
	}
	return net.JoinHostPort(r.config.Host, fmt.Sprint(r.config.Port)) + "/" + r.config.Database
}

// Close ends the connection; the reader may be used again.
func (r *Reader) Close() {
	if r.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = r.conn.Close(ctx) // the server forgets a connection that breaks as well
	r.conn = nil
}

// Read gives every section. An error means that the server could not be
// asked at all; the connection is then made anew the next time.
func (r *Reader) Read(ctx context.Context) (sections []facts.Section, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if err = r.connect(ctx); err != nil {
		return nil, unreachable(r.Place(), err)
	}
	read := &reading{ctx: ctx, conn: r.conn, now: r.now().UTC()}
	if err := read.identify(); err != nil {
		return nil, unreachable(r.Place(), err)
	}
	for _, part := range []func(*reading) error{server, support, settings, roles, hba, tlsState(r.config), databases, objects, replication, archive} {
		if err := part(read); err != nil {
			return nil, unreachable(r.Place(), err)
		}
	}
	return read.sections, nil
}

// connect sees to a connection that shows what new sessions get: some settings
// (log_connections) stay in a session as they were when it began, so after the
// server read its files anew a new session is opened.
func (r *Reader) connect(ctx context.Context) (err error) {
	if r.conn != nil && !r.conn.IsClosed() {
		loaded, err := r.confLoaded(ctx)
		if err == nil && loaded.Equal(r.loaded) {
			return nil
		}
		r.Close()
	}
	if r.conn, err = pgx.ConnectConfig(ctx, r.config); err != nil {
		return err
	}
	r.loaded, err = r.confLoaded(ctx)
	return err
}

// unreachable says why a server could not be asked, without the connection string.
func unreachable(place string, err error) error {
	var pg *pgconn.PgError
	why := "it does not answer"
	switch {
	case errors.As(err, &pg):
		why = pg.Message
	case dial.Refused(err):
		var f *fault.Error
		if errors.As(err, &f) {
			why = f.Message
		}
	case errors.Is(err, context.DeadlineExceeded):
		why = "it did not answer in time"
	default:
		var op *net.OpError
		var dns *net.DNSError
		switch {
		case errors.As(err, &dns):
			why = "its name is not known"
		case errors.As(err, &op):
			why = op.Err.Error()
		case strings.Contains(err.Error(), "tls"), strings.Contains(err.Error(), "x509"):
			why = "TLS could not be agreed on: " + last(err).Error()
		}
	}
	return fault.Wrap(fault.Unavailable, err, "%s could not be read: %s", place, why)
}

func last(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// reading is one reading under way.
type reading struct {
	ctx      context.Context
	conn     *pgx.Conn
	now      time.Time
	role     string
	super    bool
	seesAll  bool // may see every setting
	number   int  // server_version_num
	values   map[string]string
	sections []facts.Section
}

// add keeps a section.
func (r *reading) add(name string, values any, missing []facts.Missing) error {
	s, err := facts.NewSection(name, values, missing)
	if err != nil {
		return err
	}
	r.sections = append(r.sections, s)
	return nil
}

// denied turns a failed query into a missing fact. Only an answer of the server
// is one; a broken connection ends the reading.
func (r *reading) denied(path string, err error, grant string) (facts.Missing, error) {
	var pg *pgconn.PgError
	m := facts.Missing{Path: path, State: facts.Error}
	switch {
	case errors.As(err, &pg) && pg.Code == "42501":
		m.Reason = fmt.Sprintf("the role %s may not read it (%s)", r.role, pg.Message)
		if grant != "" {
			m.Reason += ": " + strings.ReplaceAll(grant, "ROLE", pgx.Identifier{r.role}.Sanitize())
		}
	case errors.As(err, &pg) && pg.Code != "57P01": // not: the server is stopped
		m.Reason = "the server says: " + pg.Message
	case errors.Is(err, errTooMany):
		m.Reason = err.Error()
	default:
		return m, err
	}
	return m, nil
}

var errTooMany = fmt.Errorf("more than %d rows", maxRows)

// all reads every row of a query.
func all[T any](r *reading, query string, scan pgx.RowToFunc[T], args ...any) ([]T, error) {
	rows, err := r.conn.Query(r.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		if len(list) == maxRows {
			return nil, errTooMany
		}
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil { // a refusal may come here
		return nil, err
	}
	return list, nil
}

func texts(r *reading, query string, args ...any) ([]string, error) {
	return all(r, query, pgx.RowTo[string], args...)
}
