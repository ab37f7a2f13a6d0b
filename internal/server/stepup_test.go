package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/access/factor"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/access/saml"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/notify/webhook"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/databases"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/place"
)

// two keeps the error of what gives something beside it.
func two[T any](_ T, err error) error           { return err }
func three[T, U any](_ T, _ U, err error) error { return err }

// TestStepUp has all that asks who is in a session first: a session whose user
// showed that too long ago is refused, and so is a program with a token,
// whatever it was given. The services are empty: nothing may happen before.
func TestStepUp(t *testing.T) {
	ctx := t.Context()
	users, second, keys, provider := new(access.Service), new(factor.Service), new(passkey.Service), new(identity.Service)
	federation := new(saml.Service)
	hooks, dbs, mails := new(webhook.Service), new(databases.Service), new(mail.Service)
	persons := new(people.Service)
	asks := map[string]func(p access.Principal) error{
		"base/access.AddUser":            func(p access.Principal) error { return two(users.AddUser(ctx, p, access.NewUser{})) },
		"base/access.SetRole":            func(p access.Principal) error { return users.SetRole(ctx, p, "usr_x", access.Administrator) },
		"base/access.setDisabled":        func(p access.Principal) error { return users.Disable(ctx, p, "usr_x") },
		"base/access.SetRoleIn":          func(p access.Principal) error { return users.SetRoleIn(ctx, nil, p, "usr_x", access.Administrator) },
		"base/access.SwitchIn":           func(p access.Principal) error { return users.SwitchIn(ctx, nil, p, "usr_x", true) },
		"base/access.LoginLink":          func(p access.Principal) error { return two(users.LoginLink(ctx, p, "usr_x", access.Recovery)) },
		"base/access.MakeToken":          func(p access.Principal) error { return three(users.MakeToken(ctx, p, access.NewAPIToken{})) },
		"base/access.MakeDirectoryToken": func(p access.Principal) error { return three(users.MakeDirectoryToken(ctx, p, "x", time.Hour)) },
		"base/access.RequireSecond":      func(p access.Principal) error { return users.RequireSecond(ctx, p, nil) },
		"base/access/directory.Map": func(p access.Principal) error {
			return new(directory.Service).Map(ctx, p, "grp_x", access.Administrator)
		},
		"base/access/factor.Begin":          func(p access.Principal) error { return two(second.Begin(ctx, p)) },
		"base/access/factor.Confirm":        func(p access.Principal) error { return two(second.Confirm(ctx, p, "000000")) },
		"base/access/factor.Remove":         func(p access.Principal) error { return second.Remove(ctx, p, "usr_x") },
		"base/access/factor.NewCodes":       func(p access.Principal) error { return two(second.NewCodes(ctx, p)) },
		"base/access/passkey.BeginAdd":      func(p access.Principal) error { return two(keys.BeginAdd(ctx, p, "x")) },
		"base/access/passkey.Add":           func(p access.Principal) error { return two(keys.Add(ctx, p, passkey.Answer{})) },
		"base/access/identity.Set":          func(p access.Principal) error { return provider.Set(ctx, p, identity.Settings{}, "x") },
		"base/access/identity.Remove":       func(p access.Principal) error { return provider.Remove(ctx, p) },
		"base/access/identity.BeginConnect": func(p access.Principal) error { return two(provider.BeginConnect(ctx, p, identity.OIDC, "/")) },
		"base/access/identity.BeginTrial":   func(p access.Principal) error { return two(provider.BeginTrial(ctx, p, identity.OIDC)) },
		"base/access/identity.Disconnect":   func(p access.Principal) error { return provider.Disconnect(ctx, p, identity.OIDC) },
		"base/anchor.Add":                   func(p access.Principal) error { return two(new(anchor.Service).Add(ctx, p, anchor.Settings{})) },
		"base/anchor.Remove":                func(p access.Principal) error { return new(anchor.Service).Remove(ctx, p, "anc_x") },
		"base/anchor.Test":                  func(p access.Principal) error { return two(new(anchor.Service).Test(ctx, p, "anc_x")) },
		"base/backup.Ask":                   func(p access.Principal) error { return two(new(backup.Service).Ask(ctx, p)) },
		"base/backup.AskVerify":             func(p access.Principal) error { return two(new(backup.Service).AskVerify(ctx, p, "bkp_x")) },
		"base/backup.Open":                  func(p access.Principal) error { return three(new(backup.Service).Open(ctx, p, "bkp_x")) },
		"base/backup.SetSchedule":           func(p access.Principal) error { return new(backup.Service).SetSchedule(ctx, p, time.Hour, 1) },
		"base/access/saml.Set":              func(p access.Principal) error { return federation.Set(ctx, p, saml.Settings{}, "") },
		"base/access/saml.Remove":           func(p access.Principal) error { return federation.Remove(ctx, p) },
		"base/access/saml.Reread":           func(p access.Principal) error { return federation.Reread(ctx, p) },
		"base/access/saml.MakeKey":          func(p access.Principal) error { return federation.MakeKey(ctx, p) },
		"base/access/saml.UseKey":           func(p access.Principal) error { return federation.UseKey(ctx, p) },
		"base/access/saml.DropKey":          func(p access.Principal) error { return federation.DropKey(ctx, p, saml.Next) },
		"audit/export.may": func(p access.Principal) error {
			return two(new(export.Service).Begin(p, export.Request{Kind: export.Engagement, ID: "1"}))
		},
		"ingest.MakeToken":      func(p access.Principal) error { return two(new(ingest.Service).MakeToken(ctx, p, time.Hour, "x")) },
		"notify/mail.Set":       func(p access.Principal) error { return mails.Set(ctx, p, mail.Settings{}) },
		"notify/mail.Remove":    func(p access.Principal) error { return mails.Remove(ctx, p) },
		"notify/mail.Test":      func(p access.Principal) error { return two(mails.Test(ctx, p)) },
		"notify/webhook.Add":    func(p access.Principal) error { return three(hooks.Add(ctx, p, webhook.Settings{})) },
		"notify/webhook.Change": func(p access.Principal) error { return two(hooks.Change(ctx, p, "x", webhook.Settings{})) },
		"notify/webhook.change": func(p access.Principal) error { return three(hooks.Rotate(ctx, p, "x")) },
		"program/change.Connect": func(p access.Principal) error {
			return three(new(change.Service).Connect(ctx, p, "x", landing.Settings{}, false))
		},
		"program/change.MakeToken":    func(p access.Principal) error { return two(new(change.Service).MakeToken(ctx, p, change.Permit{})) },
		"program/badge.Token":         func(p access.Principal) error { return two(new(badge.Service).Token(ctx, p, "x")) },
		"program/place.Token":         func(p access.Principal) error { return two(new(place.Service).Token(ctx, p, "x")) },
		"program/people.AddSource":    func(p access.Principal) error { return two(persons.AddSource(ctx, p, people.NewSource{})) },
		"program/people.ChangeSource": func(p access.Principal) error { return two(persons.ChangeSource(ctx, p, "x", people.NewSource{})) },
		"program/people.Try":          func(p access.Principal) error { return two(persons.Try(ctx, p, "", people.NewSource{})) },
		"program/people.RemoveSource": func(p access.Principal) error { return persons.RemoveSource(ctx, p, "x") },
		"program/people.SetGrace":     func(p access.Principal) error { return persons.SetGrace(ctx, p, 1) },
		"program/people.decide":       func(p access.Principal) error { return two(persons.Approve(ctx, p, "x", "")) },
		"operations/databases.Add":    func(p access.Principal) error { return two(dbs.Add(ctx, p, databases.Connection{})) },
		"operations/segment.ApprovePlan": func(p access.Principal) error {
			return two(new(segment.Service).ApprovePlan(ctx, p, "x", "", ""))
		},
		"operations/firewall.Approve": func(p access.Principal) error {
			return two(new(firewall.Service).Approve(ctx, p, "x", "", ""))
		},
		"operations/reference.Declare": func(p access.Principal) error {
			return two(new(reference.Service).Declare(ctx, p, reference.Said{}))
		},
		"operations/reference.Replace": func(p access.Principal) error {
			return two(new(reference.Service).Replace(ctx, p, "x", 0, reference.Said{}))
		},
		"operations/reference.Approve": func(p access.Principal) error {
			return two(new(reference.Service).Approve(ctx, p, "x", "y", true, nil, "z"))
		},
		"operations/component.admit": func(p access.Principal) error {
			return new(component.Service).Hears(ctx, nil, p, component.Said{What: component.Approved})
		},
		"operations/databases.Remove": func(p access.Principal) error { return dbs.Remove(ctx, p, "x", "y") },
		"operations/integrity.AddTool": func(p access.Principal) error {
			return two(new(integrity.Service).AddTool(ctx, p, integrity.ToolText{}))
		},
		"operations/integrity/baseline.Approve": func(p access.Principal) error {
			return two(new(baseline.Service).Approve(ctx, p, "x", 0, "y"))
		},
		"operations/integrity.ChangeTool": func(p access.Principal) error {
			return two(new(integrity.Service).ChangeTool(ctx, p, "x", 0, integrity.ToolText{}))
		},
		"operations/integrity.EndTool": func(p access.Principal) error { return two(new(integrity.Service).EndTool(ctx, p, "x", "y")) },
	}
	stale := access.Principal{UserID: "usr_admin", SessionID: "ses_1", Role: access.Administrator, Via: access.ViaPassword, Stale: true}
	program := access.Principal{UserID: "usr_admin", TokenID: "tok_1", Role: access.Administrator, Via: access.ViaToken, Only: access.Actions()}
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			if err := ask(stale); !access.NeedsProof(err) || !fault.Is(err, fault.Forbidden) {
				t.Errorf("a session that was proved long ago is not asked: %v", err)
			}
			if err := ask(program); access.NeedsProof(err) || !fault.Is(err, fault.Forbidden) {
				t.Errorf("a token does it: %v", err)
			}
		})
	}

	// These look something up before they ask, and have tests of their own.
	elsewhere := []string{
		"operations/bulk.proved",       // bulk TestWhoMay: only kinds that change accounts ask
		"base/access.Rename",           // identity TestTakeOver
		"base/access.SetPassword",      // a first password beside another way in: factor TestProof
		"base/access/passkey.remove",   // passkey TestRemove
		"base/access/identity.connect", // identity TestConnect: asked again when the provider sends back
	}
	want := slices.Sorted(maps.Keys(asks))
	want = append(want, elsewhere...)
	slices.Sort(want)
	if got := askers(t); !slices.Equal(got, want) {
		t.Errorf("who asks for a proof\n got %s\nwant %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// askers finds each function of the tree that names access.Proved.
func askers(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), "../"))
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Name.Name == "Proved" {
				continue
			}
			asks := false
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					x, ok := n.X.(*ast.Ident)
					asks = asks || ok && x.Name == "access" && n.Sel.Name == "Proved"
				case *ast.Ident:
					asks = asks || n.Name == "Proved" && pkg == "base/access"
				}
				return true
			})
			if asks {
				found = append(found, pkg+"."+f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
