package server

import (
	"encoding/json"
	"testing"

	apivendors "github.com/attesta/attesta/internal/api/vendors"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/vendor"
)

// A vendor's life on a running server, by operations alone: what an input needs is
// what the table declares.
func TestVendorsByOperation(t *testing.T) {
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
	var book vendor.Book
	ask("eve", "vendors.book", nil, &book)
	answers, data := map[string]any{}, []string{"customer-data"}
	for _, q := range book.Asks {
		answers[q.ID] = q.Answers[len(q.Answers)-1].ID
	}
	var v apivendors.State
	ask("eve", "vendors.ask", map[string]any{"name": "Northern Cloud", "service": "Machines", "why": "Two sites", "alternatives": "Own machines", "data": data, "answers": answers}, &v)
	if v.Ref != "V-1" || v.Level != "critical" || len(v.Attributes) != len(vendor.Attributes()) {
		t.Fatalf("asked for: %+v", v)
	}
	step := func(as, verb string, input map[string]any) {
		t.Helper()
		input["ref"] = "V-1"
		ask(as, "vendors."+verb, input, &v)
	}
	step("ann", "review", map[string]any{"looked": "its report and its contract", "conclusion": "keep"})
	step("admin", "approve", map[string]any{})
	today := string(v.Approved.Day)
	step("eve", "engage", map[string]any{"on": today})
	step("ann", "classify", map[string]any{"is": "subservice", "method": "carve_out", "reasons": "a commitment rests on its controls"})
	step("eve", "contract", map[string]any{"title": "Agreement", "from": today, "breach_hours": 48})
	step("eve", "assume", map[string]any{"text": "Visitors are accompanied at its sites", "criteria": []string{"CC6.4"}, "how": "its report"})
	step("eve", "report", map[string]any{"kind": "soc2_type2", "issuer": "Plain & Co", "from": "2024-01-01", "to": "2024-12-31", "opinion": "unqualified", "categories": []string{"security"}, "scope": "all of it", "received": today,
		"deviations": []string{"Two leavers kept access"}, "user_entity_controls": []string{"Customers keep their keys"}})
	step("ann", "review-report", map[string]any{"report": 1, "match": "yes", "conclusion": "in_part", "note": "sound but for leavers",
		"effects": []any{map[string]any{"deviation": 1, "effect": "none", "note": "they reach nothing of ours"}}, "mappings": []any{map[string]any{"duty": 1, "missing": "keys lie in a file; planned"}}})
	step("eve", "access", map[string]any{"kind": "api_key", "system": "billing", "name": "key 4f2a", "may": "read usage", "since": today})
	step("eve", "incident", map[string]any{"what": "A disk array was reachable by a neighbour", "told": "2025-01-03T10:00:00Z", "by": "vendor", "effect": "not known yet"})
	step("eve", "leave", map[string]any{"reason": "own machines", "last": today})
	step("eve", "access-end", map[string]any{"number": 1, "on": today, "proof": "the key is refused"})
	step("eve", "data-end", map[string]any{"how": "destroyed", "on": today, "proof": "certificate, E-12"})
	step("eve", "end", map[string]any{"on": today})
	if v.State != vendor.Ended || v.Seq != 15 {
		t.Errorf("%s after %d records", v.State, v.Seq)
	}
	ask("eve", "vendors.expect", map[string]any{"text": "Customers remove accounts of leavers", "criteria": []string{"CC6.2"}, "why": "we do not know who left", "told": "documentation"}, nil)
	var imported vendor.Imported
	ask("eve", "vendors.import", map[string]any{"file": "name,service\nAcme,Mail\n"}, &imported)
	if !imported.Stored {
		t.Errorf("%+v", imported)
	}
	var list struct{ Items []vendor.Row }
	ask("ann", "vendors.list", nil, &list)
	if len(list.Items) != 2 || list.Items[0].Name != "Acme" || list.Items[0].State != vendor.Asked {
		t.Errorf("%+v", list.Items)
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	rep := verifyAll(t, in.cfg.Data, "sqlite:"+in.cfg.Data+"/attesta.db")
	for typ, n := range map[string]int64{"vendor.asked": 2, "vendor.report_reviewed": 1, "vendor.ended": 1, "vendor.expected": 1} {
		if int64(rep.Bound[typ]) != n {
			t.Errorf("%d entries of type %s are bound, want %d", rep.Bound[typ], typ, n)
		}
	}
}
