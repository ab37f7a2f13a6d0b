package accountcsv_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/accountcsv"
	"github.com/attesta/attesta/internal/program/review"
)

func TestRead(t *testing.T) {
	day := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		file   string
		grants []review.Grant
		file2  accountcsv.File
	}{
		"what a console exports": {"\ufeffUser name,Email,Roles,Last login,Status,MFA\nann,Ann@firm.example,admin; billing,2026-03-01 10:00,active,on\nbob,,viewer,never,active,off\nold,,viewer,,disabled,off\n",
			[]review.Grant{{Account: "ann", Mail: "ann@firm.example", Role: "admin", LastUsed: day(2026, 3, 1, 10, 0)}, {Account: "ann", Mail: "ann@firm.example", Role: "billing", LastUsed: day(2026, 3, 1, 10, 0)}, {Account: "bob", Role: "viewer"}},
			accountcsv.File{Accounts: 2, Roles: 3, Closed: 1, Encoding: "UTF-8", Separator: "comma", Unused: []string{"MFA"}}},
		"Latin-1 with semicolons": {"login;name;role;granted;granted by;request;admin;type\nj.m\xfcller;J\xfcrgen M\xfcller;Buchhaltung;05.01.2026;eve;CH-12;yes;user\nsync;;api;;;;no;service\n",
			[]review.Grant{{Account: "j.müller", Name: "Jürgen Müller", Role: "Buchhaltung", GrantedAt: day(2026, 1, 5, 0, 0), GrantedBy: "eve", Request: "CH-12", Privileged: true}, {Account: "sync", Role: "api", System: true}},
			accountcsv.File{Accounts: 2, Roles: 2, Encoding: "Windows-1252 (Latin-1)", Separator: "semicolon", Unused: []string{}}},
		"addresses as accounts, tabs": {"mail\trole\r\nann@firm.example\tteam | owner\r\n\r\n",
			[]review.Grant{{Account: "ann@firm.example", Mail: "ann@firm.example", Role: "team"}, {Account: "ann@firm.example", Mail: "ann@firm.example", Role: "owner"}}, accountcsv.File{Accounts: 1, Roles: 2, Encoding: "UTF-8", Separator: "tab", Unused: []string{}}},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := accountcsv.Read(strings.NewReader(c.file))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(f.Grants, c.grants) {
				t.Errorf("read %+v\nwant %+v", f.Grants, c.grants)
			}
			c.file2.Grants, c.file2.Columns = f.Grants, f.Columns
			if !reflect.DeepEqual(*f, c.file2) {
				t.Errorf("says %+v\nwant %+v", *f, c.file2)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string][2]string{
		"empty":              {" \n", "the file is empty"},
		"no account":         {"colour,role\nred,x\n", "no column says which account"},
		"no role":            {"account\nann\n", "no column says what an account may do"},
		"two of a name":      {"account,role,Role\nann,a,b\n", "two columns are called role"},
		"only a head":        {"account,role\n", "and no account"},
		"short row":          {"account,role\nann,a\nbob\n", "line 3 has 1 columns, the first line has 2"},
		"no account in it":   {"account,role\n,viewer\n", "line 2, column account: it is empty"},
		"a moment that none": {"account,role,Last Login\nann,a,yesterday\n", `line 2, column Last Login: "yesterday" is no moment`},
		"a status":           {"account,role,status\nann,a,perhaps\n", `line 2, column status: "perhaps" is neither active nor disabled`},
		"an address":         {"account,role,mail\nann,a,ann at firm\n", `line 2, column mail: "ann at firm" is no e-mail address`},
		"twice":              {"account,role\nann,a\nbob,b\nann,a\n", "lines 2 and 4 both say that ann has the role a"},
		"a quote":            {"account,role\nann,\"a\nbob,b\n", "line 3, column 7"},
		"UTF-16":             {"a\x00c\x00", "no text, or UTF-16"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := accountcsv.Read(strings.NewReader(c[0]))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c[1]) {
				t.Errorf("%v, want %q", err, c[1])
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("account,role,last used\nann,admin;x,2026-03-01\n"))
	f.Add([]byte("login;role\nm\xfc;a|b\n"))
	f.Add([]byte("\"account\"\trole\n\"a\"\"b\"\tx\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := accountcsv.Read(bytes.NewReader(raw))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("a wrong file is Invalid: %v", err)
			}
			return
		}
		seen := map[[2]string]bool{}
		for _, g := range a.Grants {
			if g.Account == "" || g.Role == "" || seen[[2]string{g.Account, g.Role}] {
				t.Fatalf("a grant without account or role, or twice: %+v", g)
			}
			seen[[2]string{g.Account, g.Role}] = true
		}
		b, err := accountcsv.Read(bytes.NewReader(raw))
		if err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("the same file reads in two ways: %v", err)
		}
	})
}
