// Package ldap reads people from an LDAP directory. It serves A14.
//
// Invariants:
//   - It binds, searches page by page and unbinds; it never writes.
//   - It gives everybody whom the search finds, or an error and nobody: a limit
//     that the server sets, a connection that breaks off, a page that does not
//     come are errors.
//   - A password goes over TLS, or to this host.
//   - Every reading ends at its time limit, and stops at roster.MaxPeople.
//   - Referrals are not followed: one in the answer is an error, since what is
//     behind it would be missing.
//
// Floor: edges. Imports base/dial, program/roster.
package ldap

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/roster"

	"github.com/go-ldap/ldap/v3"
)

// Limits of a reading.
const (
	Limit    = 60 * time.Second // all of it
	answer   = 20 * time.Second // one answer of the server
	pageSize = 500
)

// DefaultFilter finds people in directories of the usual schema.
const DefaultFilter = "(|(objectClass=inetOrgPerson)(objectClass=user))"

// attributes are what is read for each field, the first that has a value counts.
var attributes = map[string][]string{
	"key":      {"entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID"},
	"name":     {"displayName", "cn"},
	"mail":     {"mail"},
	"number":   {"employeeNumber", "employeeID"},
	"logins":   {"uid", "sAMAccountName"},
	"kind":     {"employeeType"},
	"manager":  {"manager"},
	"team":     {"departmentNumber", "department", "ou"},
	"title":    {"title"},
	"location": {"physicalDeliveryOfficeName", "l"},
	"start":    {},
	"end":      {},
	"active":   {"userAccountControl", "nsAccountLock", "loginDisabled"},
}

// Directory is a directory that can be read.
type Directory struct {
	set    roster.Settings
	secret string
	host   string // HOST:PORT
	name   string // for the certificate
	tls    *tls.Config
	secure bool // ldaps
	dial   *dial.Dialer
}

// New holds settings against each other; it does not connect yet.
func New(set roster.Settings, secret string) (*Directory, error) {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	u, err := url.Parse(strings.TrimSpace(set.URL))
	if err != nil || u.Host == "" || (u.Scheme != "ldap" && u.Scheme != "ldaps") || (u.Path != "" && u.Path != "/") || u.User != nil || u.RawQuery != "" {
		return nil, bad("url", "this is no address of a directory").WithHint("write ldaps://ldap.example.org, or ldap://ldap.example.org with StartTLS")
	}
	d := &Directory{set: set, secret: secret, name: u.Hostname(), secure: u.Scheme == "ldaps"}
	port := cmp.Or(u.Port(), map[bool]string{true: "636", false: "389"}[d.secure])
	d.host = net.JoinHostPort(d.name, port)
	d.tls = &tls.Config{ServerName: d.name, MinVersion: tls.VersionTLS12}
	if set.CA != "" {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM([]byte(set.CA)) {
			return nil, bad("ca", "this is no certificate in PEM").WithHint("it begins with -----BEGIN CERTIFICATE-----")
		}
		d.tls.RootCAs = pool
	}
	switch {
	case d.secure && set.StartTLS:
		return nil, bad("start_tls", "ldaps:// is encrypted already; StartTLS goes with ldap://")
	case !d.secure && !set.StartTLS && secret != "" && !here(d.name):
		return nil, bad("start_tls", "the password would cross the network unencrypted").WithHint("choose StartTLS, or ldaps://")
	case secret != "" && set.BindDN == "":
		return nil, bad("bind_dn", "a password belongs to a name").WithHint("such as cn=attesta,ou=services,dc=example,dc=org, which may only read")
	case secret == "" && set.BindDN != "":
		return nil, bad("secret", "%s has no password", set.BindDN).WithHint("an empty one would bind as nobody")
	case strings.TrimSpace(set.Base) == "":
		return nil, bad("base", "say below which entry people stand").WithHint("such as ou=people,dc=example,dc=org")
	}
	for field, text := range map[string]string{"bind_dn": set.BindDN, "base": set.Base} {
		if _, err := ldap.ParseDN(text); err != nil {
			return nil, bad(field, "%q is no name of an entry", text).WithHint("such as ou=people,dc=example,dc=org")
		}
	}
	if _, err := ldap.CompileFilter(cmp.Or(set.Filter, DefaultFilter)); err != nil {
		return nil, bad("filter", "this is no filter: %v", err).WithHint("such as (objectClass=inetOrgPerson)")
	}
	d.dial, err = dial.New(dial.Config{Inside: true})
	return d, err
}

// here reports whether a name is this host.
func here(name string) bool {
	a, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && a.IsLoopback()
}

// unavailable says what went wrong without what a server may have put into it.
func unavailable(err error, what string) error {
	var l *ldap.Error
	text := "it does not answer as a directory"
	if errors.As(err, &l) {
		switch {
		case l.ResultCode == ldap.LDAPResultInvalidCredentials:
			return fault.Wrap(fault.Unavailable, err, "the directory refused name or password").WithHint("see whether the password was changed")
		case l.ResultCode == ldap.LDAPResultSizeLimitExceeded:
			return fault.Wrap(fault.Unavailable, err, "the directory gives only part of its people: its size limit for this name is too low").WithHint("raise the limit of the bind name, or narrow the filter; nobody was changed")
		case l.ResultCode == ldap.LDAPResultNoSuchObject:
			return fault.Wrap(fault.Unavailable, err, "the directory has no entry of that name, or does not show it").WithHint("see whether the base is written right, and whether the bind name may read it")
		case l.ResultCode == ldap.LDAPResultInsufficientAccessRights:
			return fault.Wrap(fault.Unavailable, err, "the bind name may not read there")
		case l.ResultCode == ldap.LDAPResultConfidentialityRequired:
			return fault.Wrap(fault.Unavailable, err, "the directory asks for encryption").WithHint("choose StartTLS, or ldaps://")
		case l.ResultCode < 200:
			text = ldap.LDAPResultCodeMap[l.ResultCode]
		}
	}
	var unknown x509.UnknownAuthorityError
	var other x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		text = "its certificate comes from an authority that is not known here; give the authority's certificate"
	case errors.As(err, &other):
		text = "its certificate is for another name"
	case errors.As(err, &invalid):
		text = "its certificate is not valid"
	case errors.Is(err, context.DeadlineExceeded):
		text = "no answer in time"
	}
	return fault.Wrap(fault.Unavailable, err, "%s: %s", what, text)
}

// connect opens a connection that was bound.
func (d *Directory) connect(ctx context.Context) (*ldap.Conn, error) {
	raw, err := d.dial.DialContext(ctx, "tcp", d.host)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := raw.SetDeadline(deadline); err != nil {
			raw.Close()
			return nil, fmt.Errorf("limit a connection: %w", err)
		}
	}
	if d.secure {
		secured := tls.Client(raw, d.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, unavailable(err, "no encrypted connection to "+d.host)
		}
		raw = secured
	}
	conn := ldap.NewConn(raw, d.secure)
	conn.SetTimeout(answer)
	conn.Start()
	if d.set.StartTLS {
		if err := conn.StartTLS(d.tls.Clone()); err != nil {
			conn.Close()
			return nil, unavailable(err, "no encryption by StartTLS with "+d.host)
		}
	}
	if d.secret != "" {
		if err := conn.Bind(d.set.BindDN, d.secret); err != nil {
			conn.Close()
			return nil, unavailable(err, d.host)
		}
	}
	return conn, nil
}

// names gives the attributes of a field.
func (d *Directory) names(field string) []string {
	if own := d.set.Attributes[field]; own != "" {
		return []string{own}
	}
	return attributes[field]
}

// Read gives everybody whom the directory shows.
func (d *Directory) Read(ctx context.Context) ([]roster.Said, []roster.Problem, error) {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	conn, err := d.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var wanted []string
	for field := range attributes {
		wanted = append(wanted, d.names(field)...)
	}
	slices.Sort(wanted)
	search := ldap.NewSearchRequest(d.set.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, int(answer.Seconds()), false, cmp.Or(d.set.Filter, DefaultFilter), slices.Compact(wanted), nil)
	paging := ldap.NewControlPaging(pageSize)
	search.Controls = []ldap.Control{paging}
	var entries []*ldap.Entry
	for {
		res, err := conn.Search(search)
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return nil, nil, unavailable(err, "the directory was not read to its end")
		}
		if len(res.Referrals) > 0 {
			return nil, nil, fault.New(fault.Unavailable, "part of the directory stands on another server, which is not followed").WithHint("name that server, or a base that is whole on this one")
		}
		if entries = append(entries, res.Entries...); len(entries) > roster.MaxPeople {
			return nil, nil, fault.New(fault.Unavailable, "the directory shows more than %d entries", roster.MaxPeople).WithHint("narrow base or filter")
		}
		c, ok := ldap.FindControl(res.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(c.Cookie) == 0 {
			break
		}
		paging.SetCookie(c.Cookie)
	}
	return d.people(entries)
}

// people makes people of entries. An entry that cannot be understood is an
// error: left out it would look like somebody who has left.
func (d *Directory) people(entries []*ldap.Entry) ([]roster.Said, []roster.Problem, error) {
	said := make([]roster.Said, 0, len(entries))
	notes := []roster.Problem{}
	keys := map[string]string{} // name of an entry → key
	for _, e := range entries {
		key := d.key(e)
		if key == "" {
			return nil, nil, fault.New(fault.Unavailable, "the entry %q has no identifier that stays", e.DN).WithHint("name the attribute that holds one, such as uid or employeeNumber")
		}
		keys[plainDN(e.DN)] = key
	}
	for _, e := range entries {
		s := roster.Said{Key: d.key(e)}
		f := roster.Fields{Name: d.first(e, "name"), Mail: d.first(e, "mail"), Number: d.first(e, "number"), Team: d.first(e, "team"), Title: d.first(e, "title"), Location: d.first(e, "location"),
			Start: d.first(e, "start"), End: d.first(e, "end")}
		for _, a := range d.names("logins") {
			f.Logins = append(f.Logins, e.GetEqualFoldAttributeValues(a)...)
		}
		if f.Name == "" && len(f.Logins) > 0 {
			f.Name = f.Logins[0]
		}
		if f.Manager = d.first(e, "manager"); f.Manager != "" {
			if key, there := keys[plainDN(f.Manager)]; there {
				f.Manager = key
			} else if strings.Contains(f.Manager, "=") {
				notes = append(notes, roster.Problem{Key: s.Key, Text: fmt.Sprintf("%s names a manager whom the search does not find: %s", f.Name, f.Manager)})
				f.Manager = ""
			}
		}
		kind, err := roster.ParseKind(d.first(e, "kind"))
		if err != nil {
			notes = append(notes, roster.Problem{Key: s.Key, Text: fmt.Sprintf("%s: %q is no kind of person that is known here", f.Name, d.first(e, "kind"))})
		}
		f.Kind = kind
		if f.Logins = slices.DeleteFunc(f.Logins, func(l string) bool { return strings.ContainsAny(l, " :/\t") }); len(f.Logins) > 20 {
			f.Logins = f.Logins[:20]
		}
		if f, err = f.Tidy(); err != nil {
			text, hint := fault.Public(err)
			return nil, nil, fault.Wrap(fault.Unavailable, err, "the entry %q cannot be understood: %s", e.DN, text).WithHint("%s", hint)
		}
		s.Fields, s.Gone = f, d.gone(e)
		said = append(said, s)
	}
	return said, notes, nil
}

func (d *Directory) first(e *ldap.Entry, field string) string {
	for _, a := range d.names(field) {
		if v := strings.TrimSpace(e.GetEqualFoldAttributeValue(a)); v != "" {
			return v
		}
	}
	return ""
}

// key gives what stays of an entry when it is renamed, in letters.
func (d *Directory) key(e *ldap.Entry) string {
	for _, a := range d.names("key") {
		raw := e.GetEqualFoldRawAttributeValue(a)
		if len(raw) == 0 {
			continue
		}
		if strings.EqualFold(a, "objectGUID") {
			return fmt.Sprintf("%x", raw)
		}
		return strings.ToLower(strings.TrimSpace(string(raw)))
	}
	return ""
}

// gone reports whether the directory keeps an entry and says that nobody comes in by it.
func (d *Directory) gone(e *ldap.Entry) bool {
	for _, a := range d.names("active") {
		v := strings.ToLower(strings.TrimSpace(e.GetEqualFoldAttributeValue(a)))
		switch {
		case v == "":
			continue
		case strings.EqualFold(a, "userAccountControl"):
			n, err := strconv.ParseInt(v, 10, 64)
			return err == nil && n&2 != 0 // ACCOUNTDISABLE
		case strings.EqualFold(a, "nsAccountLock"), strings.EqualFold(a, "loginDisabled"):
			return v == "true" || v == "yes"
		}
		return slices.Contains([]string{"false", "no", "0", "inactive", "left", "disabled", "terminated"}, v)
	}
	return false
}

// plainDN gives a name of an entry in one way of writing.
func plainDN(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}
