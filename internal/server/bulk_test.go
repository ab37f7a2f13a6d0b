package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/bulk"
)

// The operations preview, apply and undo on a running server; what changes
// accounts is done on the machine, and by no token.
func TestBulkByOperation(t *testing.T) {
	in := begin(t, local(t.TempDir()), Options{})
	in.login()
	control, err := DataDir(in.cfg.Data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	s := &street{t: t, in: in, control: control}
	s.add(&caller{name: "ann", role: access.ComplianceManager, login: "ann"})
	s.add(&caller{name: "eve", role: access.Viewer, login: "eve"})
	ask := func(as, operation string, input map[string]any, into any) {
		t.Helper()
		raw, err := json.Marshal(input)
		if err != nil {
			t.Fatal(err)
		}
		s.do("/-/operation", operationCommand{As: as, Operation: operation, Input: raw}, into)
	}
	var p, done, undone bulk.Batch
	ask("admin", "bulk.preview", map[string]any{"kind": "users.role", "role": "contributor", "items": []string{"ann", "eve", "nobody"}}, &p)
	if p.State != bulk.Previewed || p.Counts.Will != 2 || p.Counts.Cannot != 1 || p.Seen == "" || p.Lines[1].Changes[0] != (bulk.Change{What: "Role", From: "viewer", To: "contributor"}) || !strings.HasPrefix(p.Lines[1].Item, "usr_") {
		t.Fatalf("the preview: %+v", p)
	}
	ask("admin", "bulk.apply", map[string]any{"id": p.ID, "seen": p.Seen}, &done)
	if done.Counts.Done != 2 || done.UndoUntil.IsZero() || !strings.HasPrefix(done.Lines[0].Entry, "ent_") {
		t.Errorf("applied: %+v", done)
	}
	ask("admin", "bulk.undo", map[string]any{"id": p.ID}, &undone)
	if undone.Counts.Done != 2 || undone.Undoes != p.ID {
		t.Errorf("undone: %+v", undone)
	}
	var list struct{ Items []bulk.Batch }
	ask("admin", "bulk.list", nil, &list)
	if len(list.Items) != 2 || list.Items[0].ID != undone.ID || len(list.Items[0].Lines) != 0 {
		t.Errorf("the list: %+v", list)
	}
	body, err := json.Marshal(operationCommand{As: "ann", Operation: "bulk.show", Input: json.RawMessage(`{"id":"` + p.ID + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, status := s.command("/-/operation", s.trusted(), strings.NewReader(string(body))); status != http.StatusForbidden {
		t.Errorf("who manages no users sees what was done to them: %d", status)
	}
}
