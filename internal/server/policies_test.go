package server

import (
	"encoding/json"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/policy"
)

// Every template that comes with this build can be adopted on a running server:
// what its statements name is there. One goes all the way, and an employee
// acknowledges it.
func TestPoliciesByOperation(t *testing.T) {
	in := begin(t, local(t.TempDir()), Options{})
	in.login()
	control, err := DataDir(in.cfg.Data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	s := &street{t: t, in: in, control: control}
	s.add(&caller{name: "ann", role: access.ComplianceManager, login: "ann"})
	s.add(&caller{name: "eve", role: access.Training, login: "eve"})
	ask := func(as, operation string, input map[string]any, into any) {
		t.Helper()
		raw, err := json.Marshal(input)
		if err != nil {
			t.Fatal(err)
		}
		s.do("/-/operation", operationCommand{As: as, Operation: operation, Input: raw}, into)
	}
	var book policy.Book
	ask("admin", "policies.templates", nil, &book)
	if len(book.Templates) < 24 {
		t.Fatalf("%d templates", len(book.Templates))
	}
	for _, tpl := range book.Templates {
		ask("admin", "policies.adopt", map[string]any{"template": tpl.ID}, nil)
	}
	one := map[string]any{"slug": "backup", "version": 1}
	ask("admin", "policies.submit", one, nil)
	ask("ann", "policies.approve", one, nil)
	ask("admin", "policies.publish", one, nil)
	var paper policy.Paper
	ask("eve", "policies.read", map[string]any{"slug": "backup"}, &paper)
	answers := []int{}
	backup, err := book.Get("backup")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range backup.Questions {
		answers = append(answers, q.Right)
	}
	var got policy.Answered
	ask("eve", "policies.acknowledge", map[string]any{"slug": "backup", "digest": paper.Digest, "answers": answers}, &got)
	if !got.Acknowledged {
		t.Errorf("right answers do not acknowledge: %+v", got)
	}
	var people struct{ Items []policy.Person }
	ask("ann", "policies.people", map[string]any{"slug": "backup"}, &people)
	if len(people.Items) != 3 || people.Items[2].Acknowledged.IsZero() {
		t.Errorf("people %+v", people.Items)
	}
}
