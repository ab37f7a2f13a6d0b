package firewall_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/attesta/attesta/internal/api/firewall"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/host"
)

const group = `{"SecurityGroups":[{"GroupId":"sg-1","GroupName":"web","OwnerId":"1","VpcId":"vpc-1","IpPermissions":[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"IpRanges":[{"CidrIp":"0.0.0.0/0"}],"Ipv6Ranges":[],"PrefixListIds":[],"UserIdGroupPairs":[]}],"IpPermissionsEgress":[]}]}`

// The operations from a file of a cloud's groups to an approved review, and what each
// refuses.
func TestOperations(t *testing.T) {
	db, ctx, dir, now := databasetest.SQLite(t), t.Context(), t.TempDir(), clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log, err := ledger.Open(context.Background(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	must(err)
	t.Cleanup(func() { log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: now.Now})
	must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_x"}
	}
	ann, bob, eve := user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Viewer)
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: now.Now})
	must(err)
	hosts, err := host.New(host.Config{DB: db, Ledger: log, Standards: standards, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: now.Now}), Findings: finding.New(finding.Config{DB: db, Ledger: log, Clock: now.Now}), Clock: now.Now})
	must(err)
	s := firewall.New(firewall.Config{DB: db, Ledger: log, Hosts: hosts, Clock: now.Now, Version: "test"})
	ops := api.Operations(s)
	do := func(who access.Principal, name string, in any) (string, error) {
		t.Helper()
		raw, err := json.Marshal(in)
		must(err)
		for _, o := range ops {
			if o.Name == name {
				out, err := o.Do(ctx, who, raw)
				if err != nil {
					return "", err
				}
				text, err := json.Marshal(out)
				must(err)
				return string(text), nil
			}
		}
		t.Fatalf("there is no operation %s", name)
		return "", nil
	}
	type in map[string]any
	says := func(who access.Principal, name string, x in, words ...string) string {
		t.Helper()
		text, err := do(who, name, x)
		if err != nil {
			message, hint := fault.Public(err)
			t.Fatalf("%s: %v (%s; %s)", name, err, message, hint)
		}
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%s does not say %s: %s", name, w, text)
			}
		}
		return text
	}
	refuses := func(who access.Principal, name string, x in, kind fault.Kind, words string) {
		t.Helper()
		_, err := do(who, name, x)
		var field string
		if fe, ok := err.(*fault.Error); ok {
			field = fe.Field
		}
		if !fault.Is(err, kind) || !strings.Contains(err.Error()+" "+field, words) {
			t.Errorf("%s %v: %v, want %v: %s", name, x, err, kind, words)
		}
	}

	says(eve, "firewall.list", in{}, `"items":[]`)
	refuses(eve, "firewall-files.bring", in{"json": group}, fault.Forbidden, "")
	for text, want := range map[string]string{"{": "groups.json", strings.Replace(group, ":443", `:"https"`, 1): "FromPort", "{}": ""} {
		refuses(ann, "firewall-files.bring", in{"json": text}, fault.Invalid, want)
	}
	says(ann, "firewall-files.bring", in{"json": group, "whole": true}, `"cloud":"aws"`, `"rules":1`)
	says(eve, "firewall-files.list", in{}, "groups.json")
	list := says(eve, "firewall.list", in{"kind": "aws"}, `"ref":"FW-1"`, `"unjustified":1`)
	if strings.Contains(says(eve, "firewall.list", in{"q": "nothing"}), "FW-1") || !strings.Contains(list, "web") {
		t.Errorf("%s", list)
	}
	refuses(eve, "firewall.list", in{"only": "x"}, fault.Invalid, "only")
	refuses(eve, "firewall.show", in{"ref": "FW-9"}, fault.NotFound, "FW-9")
	var set struct {
		Rules []struct {
			Key, Chain string
			Text       string `json:"rule"`
		}
	}
	must(json.Unmarshal([]byte(says(eve, "firewall.show", in{"ref": "FW-1"}, `"rules":[`)), &set))
	if len(set.Rules) != 1 || set.Rules[0].Key == "" {
		t.Fatalf("%+v", set)
	}
	key := set.Rules[0].Key

	// Justifications.
	why := func(field string, value any) in {
		x := in{"ref": "FW-1", "keys": []string{key}, "owner": "head of operations", "reason": "Customers reach the service by HTTPS.", "until": "2026-09-01"}
		if field != "" {
			x[field] = value
		}
		return x
	}
	for field, bad := range map[string]any{"keys": []string{"nothing"}, "owner": "", "reason": "needed", "until": "2026-01-01", "hosts": []string{"web-[12]"}} {
		refuses(ann, "firewall.justify", why(field, bad), fault.Invalid, field)
	}
	refuses(eve, "firewall.justify", why("", nil), fault.Forbidden, "")
	refuses(ann, "firewall.justify", why("ref", "FW-9"), fault.NotFound, "FW-9")
	says(ann, "firewall.justify", why("", nil), `"ref":"FJ-1"`)
	says(eve, "firewall-justifications.list", in{}, "FJ-1")
	says(eve, "firewall-justifications.show", in{"ref": "FJ-1"}, "head of operations")
	refuses(eve, "firewall-justifications.show", in{"ref": "FJ-9"}, fault.NotFound, "FJ-9")
	says(eve, "firewall-justifications.preview", in{"chain": "*", "rule": "*443*"}, "FW-1")
	refuses(ann, "firewall-justifications.give", in{"chain": "*", "rule": "*", "owner": "ops", "reason": "Customers reach the service.", "until": "2026-09-01"}, fault.Invalid, "every rule there is")
	refuses(eve, "firewall-justifications.withdraw", in{"ref": "FJ-1", "note": "Gone."}, fault.Forbidden, "")

	// A review, which somebody else approves in a session.
	refuses(eve, "firewall-reviews.begin", in{"ref": "FW-1"}, fault.Forbidden, "")
	says(ann, "firewall-reviews.begin", in{"ref": "FW-1"}, `"ref":"FR-1"`)
	refuses(ann, "firewall-reviews.begin", in{"ref": "FW-1"}, fault.Conflict, "is not over yet")
	refuses(ann, "firewall-reviews.hand-in", in{"ref": "FR-1"}, fault.Conflict, "wait for a decision")
	refuses(ann, "firewall-reviews.decide", in{"ref": "FR-1", "keys": []string{key}, "decision": "burn"}, fault.Invalid, "decision")
	refuses(bob, "firewall-reviews.decide", in{"ref": "FR-1", "keys": []string{key}, "decision": "keep"}, fault.Forbidden, "another person's")
	says(ann, "firewall-reviews.decide", in{"ref": "FR-1", "keys": []string{key}, "decision": "keep"})
	says(ann, "firewall-reviews.hand-in", in{"ref": "FR-1"}, "handed_in")
	refuses(ann, "firewall-reviews.approve", in{"ref": "FR-1"}, fault.Forbidden, "")
	program := bob
	program.SessionID, program.TokenID = "", "tok_1"
	refuses(program, "firewall-reviews.approve", in{"ref": "FR-1"}, fault.Forbidden, "a token does not do this")
	refuses(bob, "firewall-reviews.send-back", in{"ref": "FR-1"}, fault.Invalid, "note")
	says(bob, "firewall-reviews.approve", in{"ref": "FR-1"}, `"approved"`)
	says(eve, "firewall-reviews.list", in{}, "FR-1")
	says(eve, "firewall-reviews.show", in{"ref": "FR-1"}, bob.UserID)
	refuses(ann, "firewall-reviews.drop", in{"ref": "FR-1", "note": "No."}, fault.Conflict, "")
}
