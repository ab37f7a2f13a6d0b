package ldap

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/ldap/ldaptest"
	"github.com/attesta/attesta/internal/program/roster"
)

func TestSettings(t *testing.T) {
	good := roster.Settings{URL: "ldaps://ldap.example.org", BindDN: "cn=attesta,dc=example,dc=org", Base: "ou=people,dc=example,dc=org"}
	if _, err := New(good, "x"); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change        func(*roster.Settings)
		secret, field string
	}{
		"no address":          {func(s *roster.Settings) { s.URL = "ldap.example.org" }, "x", "url"},
		"the web":             {func(s *roster.Settings) { s.URL = "https://ldap.example.org" }, "x", "url"},
		"a password in it":    {func(s *roster.Settings) { s.URL = "ldaps://a:b@ldap.example.org" }, "x", "url"},
		"unencrypted":         {func(s *roster.Settings) { s.URL = "ldap://ldap.example.org" }, "x", "start_tls"},
		"twice encrypted":     {func(s *roster.Settings) { s.StartTLS = true }, "x", "start_tls"},
		"no password":         {func(*roster.Settings) {}, "", "secret"},
		"no name":             {func(s *roster.Settings) { s.BindDN = "" }, "x", "bind_dn"},
		"no base":             {func(s *roster.Settings) { s.Base = " " }, "x", "base"},
		"a base that is none": {func(s *roster.Settings) { s.Base = "people" }, "x", "base"},
		"no filter":           {func(s *roster.Settings) { s.Filter = "(uid=*" }, "x", "filter"},
		"no certificate":      {func(s *roster.Settings) { s.CA = "x" }, "x", "ca"},
	} {
		s := good
		tc.change(&s)
		_, err := New(s, tc.secret)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.field) {
			t.Errorf("%s: %v, want %s", name, err, tc.field)
		}
	}
}

func readFrom(t *testing.T, set roster.Settings, secret string) ([]roster.Said, []roster.Problem, error) {
	t.Helper()
	d, err := New(set, secret)
	if err != nil {
		t.Fatal(err)
	}
	return d.Read(t.Context())
}

// A real slapd: every way to connect, fields, managers, pages.
func TestSlapd(t *testing.T) {
	s := ldaptest.Start(t, 0)
	s.Add("mdoyle", "Maeve Doyle", "title", "Head of platform", "departmentNumber", "Platform", "employeeNumber", "7", "employeeType", "Employee")
	s.Add("jgruen", "Jürgen Grün", "manager", ldaptest.DN("mdoyle"), "employeeType", "Contractor")
	s.Add("lost", "Lost Soul", "manager", "uid=nobody,"+ldaptest.People, "employeeType", "wizard")
	plain := s.Settings()
	starttls, secured, stranger := plain, plain, plain
	starttls.StartTLS, starttls.CA = true, s.CA
	secured.URL, secured.CA = s.Secured, s.CA
	stranger.URL = s.Secured
	for name, set := range map[string]roster.Settings{"to this host": plain, "StartTLS": starttls, "ldaps": secured} {
		said, notes, err := readFrom(t, set, ldaptest.Password)
		if err != nil || len(said) != 3 {
			t.Fatalf("%s: %d people, %v", name, len(said), err)
		}
		by := map[string]roster.Said{}
		for _, x := range said {
			by[x.Fields.Logins[0]] = x
		}
		m, j := by["mdoyle"], by["jgruen"]
		if len(m.Key) != 36 || m.Fields.Name != "Maeve Doyle" || m.Fields.Team != "Platform" || m.Fields.Number != "7" || m.Fields.Mail != "mdoyle@firm.example" || m.Fields.Kind != roster.Employee {
			t.Errorf("%s: %+v", name, m)
		}
		if j.Fields.Manager != m.Key || j.Fields.Kind != roster.Contractor || j.Fields.Name != "Jürgen Grün" {
			t.Errorf("%s: %+v", name, j)
		}
		if len(notes) != 2 || by["lost"].Fields.Manager != "" {
			t.Errorf("%s: notes %+v", name, notes)
		}
	}
	for name, tc := range map[string]struct {
		set          roster.Settings
		secret, says string
	}{
		"an unknown authority": {stranger, ldaptest.Password, "authority"},
		"a wrong password":     {plain, "wrong", "refused name or password"},
		"no such base":         {roster.Settings{URL: s.URL, BindDN: ldaptest.Reader, Base: "ou=nobody," + ldaptest.Base}, ldaptest.Password, "no entry"},
	} {
		said, _, err := readFrom(t, tc.set, tc.secret)
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), tc.says) || said != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.AddMany(1100)
	if said, _, err := readFrom(t, plain, ldaptest.Password); err != nil || len(said) != 1103 {
		t.Errorf("three pages gave %d people, %v", len(said), err)
	}
	s.Stop()
	if said, _, err := readFrom(t, plain, ldaptest.Password); !fault.Is(err, fault.Unavailable) || said != nil {
		t.Errorf("a directory that went away: %v", err)
	}
}

// A directory that gives only part of its people gives nobody.
func TestPart(t *testing.T) {
	s := ldaptest.Start(t, 600)
	s.AddMany(700)
	said, _, err := readFrom(t, s.Settings(), ldaptest.Password)
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "only part") || said != nil {
		t.Errorf("%d people, %v", len(said), err)
	}
}

// A server that says nothing, or something else, ends at the time limit.
func TestSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d, err := New(roster.Settings{URL: "ldap://" + l.Addr().String(), Base: "dc=x", BindDN: "cn=x"}, "x")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begun := time.Now()
	if _, _, err := d.Read(ctx); !fault.Is(err, fault.Unavailable) {
		t.Errorf("silence: %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("silence was waited for for %s", took)
	}
}
