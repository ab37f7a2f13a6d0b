// Package ldaptest runs a real slapd for tests.
//
// Floor: edges; only tests import it.
package ldaptest

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

	"github.com/attesta/attesta/internal/program/roster"

	"github.com/go-ldap/ldap/v3"
)

// Names and passwords of the directory.
const (
	Base     = "dc=firm,dc=example"
	People   = "ou=people," + Base
	Reader   = "cn=attesta," + Base
	Password = "look but do not touch"
	root     = "cn=root," + Base
	rootWord = "root of the test"
)

// Slapd is a directory that runs until the test ends.
type Slapd struct {
	t       testing.TB
	URL     string // ldap://127.0.0.1:PORT
	Secured string // ldaps://127.0.0.1:PORT
	CA      string // PEM
	dir     string
	cmd     *exec.Cmd
}

// Start runs one, or skips the test where slapd is not installed. size is how
// many entries one search of the reader gives at most; 0: as many as there are.
func Start(t testing.TB, size int) *Slapd {
	t.Helper()
	path, err := exec.LookPath("slapd")
	if err != nil {
		if path = "/usr/sbin/slapd"; !there(path) {
			t.Skip("NOT RUN: a real LDAP directory (needs Debian's package slapd)")
		}
	}
	s := &Slapd{t: t, dir: t.TempDir()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(filepath.Join(s.dir, "db"), 0o700))
	s.certificate(must)
	plain, secured := port(t), port(t)
	s.URL, s.Secured = fmt.Sprintf("ldap://127.0.0.1:%d", plain), fmt.Sprintf("ldaps://127.0.0.1:%d", secured)
	limit := "unlimited"
	if size > 0 {
		limit = fmt.Sprint(size)
	}
	conf := fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
TLSCertificateFile %[1]s/cert.pem
TLSCertificateKeyFile %[1]s/key.pem
database mdb
suffix "%[2]s"
rootdn "%[3]s"
rootpw "%[4]s"
directory %[1]s/db
maxsize 67108864
limits dn.exact="%[5]s" size=%[6]s size.prtotal=%[6]s
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="%[5]s" read by * none
`, s.dir, Base, root, rootWord, Reader, limit)
	must(os.WriteFile(filepath.Join(s.dir, "slapd.conf"), []byte(conf), 0o600))
	var out bytes.Buffer
	s.cmd = exec.Command(path, "-f", filepath.Join(s.dir, "slapd.conf"), "-h", s.URL+" "+s.Secured, "-d", "0")
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	must(s.cmd.Start())
	t.Cleanup(s.Stop)
	for i := 0; ; i++ {
		conn, err := ldap.DialURL(s.URL)
		if err == nil {
			conn.Close()
			break
		}
		if i > 100 {
			t.Fatalf("slapd does not answer: %v\n%s", err, out.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.add(Base, "objectClass", "dcObject", "objectClass", "organization", "o", "Firm", "dc", "firm")
	s.add(People, "objectClass", "organizationalUnit", "ou", "people")
	s.add(Reader, "objectClass", "simpleSecurityObject", "objectClass", "organizationalRole", "cn", "attesta", "userPassword", Password)
	return s
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func port(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *Slapd) certificate(must func(error)) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	self := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "slapd of the test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, self, self, &key.PublicKey, key)
	must(err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	s.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	must(os.WriteFile(filepath.Join(s.dir, "cert.pem"), []byte(s.CA), 0o600))
	must(os.WriteFile(filepath.Join(s.dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
}

// Stop ends the directory, as if it had gone away.
func (s *Slapd) Stop() {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err == nil {
		_ = s.cmd.Wait() // it was killed, and says so
	}
	s.cmd = nil
}

// Settings are those of a source that reads it.
func (s *Slapd) Settings() roster.Settings {
	return roster.Settings{URL: s.URL, BindDN: Reader, Base: People}
}

func (s *Slapd) do(what string, f func(*ldap.Conn) error) {
	s.t.Helper()
	conn, err := ldap.DialURL(s.URL)
	if err == nil {
		defer conn.Close()
		if err = conn.Bind(root, rootWord); err == nil {
			err = f(conn)
		}
	}
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

func (s *Slapd) add(dn string, pairs ...string) {
	s.t.Helper()
	s.do("add "+dn, func(c *ldap.Conn) error { return c.Add(request(dn, pairs)) })
}

func request(dn string, pairs []string) *ldap.AddRequest {
	values := map[string][]string{}
	var order []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if values[pairs[i]] == nil {
			order = append(order, pairs[i])
		}
		values[pairs[i]] = append(values[pairs[i]], pairs[i+1])
	}
	r := ldap.NewAddRequest(dn, nil)
	for _, a := range order {
		r.Attribute(a, values[a])
	}
	return r
}

// DN gives the name of somebody's entry.
func DN(uid string) string { return "uid=" + uid + "," + People }

func person(uid, name string, more []string) *ldap.AddRequest {
	words := strings.Fields(name)
	return request(DN(uid), append([]string{"objectClass", "inetOrgPerson", "uid", uid, "cn", name, "sn", words[len(words)-1], "mail", uid + "@firm.example"}, more...))
}

// Add adds somebody; more are pairs of attribute and value.
func (s *Slapd) Add(uid, name string, more ...string) {
	s.t.Helper()
	s.do("add "+uid, func(c *ldap.Conn) error { return c.Add(person(uid, name, more)) })
}

// AddMany adds n people, called user-0 and so on.
func (s *Slapd) AddMany(n int) {
	s.t.Helper()
	s.do("add many", func(c *ldap.Conn) error {
		for i := range n {
			uid := fmt.Sprintf("user-%d", i)
			if err := c.Add(person(uid, fmt.Sprintf("User Number%d", i), nil)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove removes somebody.
func (s *Slapd) Remove(uid string) {
	s.t.Helper()
	s.do("remove "+uid, func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(DN(uid), nil)) })
}

// Set changes an attribute of somebody.
func (s *Slapd) Set(uid, attribute string, values ...string) {
	s.t.Helper()
	s.do("change "+uid, func(c *ldap.Conn) error {
		r := ldap.NewModifyRequest(DN(uid), nil)
		r.Replace(attribute, values)
		return c.Modify(r)
	})
}
