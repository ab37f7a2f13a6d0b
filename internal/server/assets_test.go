package server

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/api/assets"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/asset"
)

// Assets, flows and a diagram on a running server, by operations alone; every entry
// is bound to its row.
func TestAssetsByOperation(t *testing.T) {
	in := begin(t, local(t.TempDir()), Options{})
	in.login()
	control, err := DataDir(in.cfg.Data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	s := &street{t: t, in: in, control: control}
	s.add(&caller{name: "ann", role: access.ComplianceManager, login: "ann"})
	s.add(&caller{name: "eve", role: access.Contributor, login: "eve"})
	ask := func(as, operation string, input map[string]any, into any) {
		t.Helper()
		raw, err := json.Marshal(input)
		if err != nil {
			t.Fatal(err)
		}
		s.do("/-/operation", operationCommand{As: as, Operation: operation, Input: raw}, into)
	}
	var a asset.Asset
	ask("eve", "assets.add", map[string]any{"name": "Web", "kind": "application", "owner": "eve", "class": "confidential", "environment": "production", "zone": "edge"}, &a)
	if a.Ref != "A-1" || !strings.HasPrefix(a.Owner.Text, "usr_") || len(a.Gaps) != 0 {
		t.Fatalf("%+v", a)
	}
	var got asset.Imported
	ask("eve", "assets.import", map[string]any{"file": "name,kind\nCustomers,party\nTape,media\n"}, &got)
	if !got.Stored || got.New != 2 {
		t.Fatalf("%+v", got)
	}
	ask("ann", "assets.review", map[string]any{"ref": "A-1", "note": "against the list"}, &a)
	ask("eve", "assets.retire", map[string]any{"ref": "A-3", "on": "2024-05-01", "why": "worn out"}, &a)
	ask("eve", "assets.dispose", map[string]any{"ref": "A-3", "on": "2024-05-02", "method": "destroyed", "proof": "certificate 3"}, &a)
	if a.State != asset.Away {
		t.Errorf("%+v", a)
	}
	var l asset.Line
	ask("eve", "flows.declare", map[string]any{"from": "Customers", "to": "Web", "protocol": "https", "port": 443, "encrypted": "no", "purpose": "orders"}, &l)
	if l.Ref != "DF-1" || !l.Crosses || l.Seen != "not_observed" {
		t.Errorf("%+v", l)
	}
	var d assets.Drawing
	ask("eve", "diagrams.make", map[string]any{"title": "Data flows", "kind": "data_flow"}, &d)
	ask("eve", "diagrams.freeze", map[string]any{"ref": "DG-1", "note": "first"}, &d)
	ask("ann", "diagrams.approve", map[string]any{"ref": "DG-1", "version": 1}, &d)
	if len(d.Versions) != 1 || d.Versions[0].Approved == nil || len(d.Findings) != 1 || d.Findings[0].Kind != "unencrypted" {
		t.Errorf("%+v", d)
	}
	ask("eve", "flows.end", map[string]any{"ref": "DF-1", "why": "moved"}, nil)
	var c assets.Compared
	ask("ann", "diagrams.compare", map[string]any{"ref": "DG-1", "from": 1}, &c)
	if len(c.Differences) != 3 || !strings.HasPrefix(c.SVG, "<svg") || !strings.Contains(c.SVG, "d-removed") {
		t.Errorf("%+v", c.Differences)
	}
	var list struct{ Items []asset.Asset }
	ask("ann", "assets.list", map[string]any{"gap": "owner"}, &list)
	for _, x := range list.Items {
		if x.Owner.Text != "" {
			t.Errorf("%s has an owner", x.Name)
		}
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	rep := verifyAll(t, in.cfg.Data, "sqlite:"+in.cfg.Data+"/attesta.db")
	for typ, n := range map[string]int64{"asset.added": 3, "asset.reviewed": 1, "asset.retired": 1, "asset.disposed": 1, "flow.declared": 1, "flow.ended": 1, "diagram.made": 1, "diagram.frozen": 1, "diagram.approved": 1} {
		if int64(rep.Bound[typ]) != n {
			t.Errorf("%d entries of type %s are bound, want %d", rep.Bound[typ], typ, n)
		}
	}
}
