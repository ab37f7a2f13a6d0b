package server

import (
	"encoding/json"
	"strings"
	"testing"

	riskops "github.com/attesta/attesta/internal/api/risks"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/risk"
)

// A risk and a yearly assessment on a running server, by operations alone: what an
// input needs is what the table declares, and controls are read from posture.
func TestRisksByOperation(t *testing.T) {
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
	var scale risk.Scale
	ask("eve", "risks.scale", nil, &scale)
	var r riskops.State
	ask("eve", "risks.identify", map[string]any{"library": "redirected-payment", "title": "", "scenario": "", "category": "", "criteria": []string{}}, &r)
	if r.Ref != "R-1" || r.Today.Category != "fraud" {
		t.Fatalf("entered: %+v", r)
	}
	step := func(as, verb string, input map[string]any) {
		t.Helper()
		input["ref"] = "R-1"
		ask(as, "risks."+verb, input, &r)
	}
	step("eve", "assess", map[string]any{"side": "inherent", "likelihood": 4, "magnitude": 4, "because": "it happened to others"})
	step("eve", "assess", map[string]any{"side": "residual", "likelihood": 2, "magnitude": 4, "because": "logins are hardened", "controls": []string{"ssh-logins-hardened"}})
	if l := r.Today.Exposure.Leans; len(l) != 1 || l[0].Control != "ssh-logins-hardened" || l[0].Status == "not_in_use" || l[0].Status != l[0].Then {
		t.Errorf("leans on %+v", l)
	}
	step("eve", "respond", map[string]any{"response": "mitigate", "plan": "Call back before details change."})
	limits := map[string]int{}
	for _, k := range risk.Kinds() {
		limits[k] = 6
	}
	ask("ann", "risk-appetite.propose", map[string]any{"limits": limits, "statement": "Little where money leaves the house.", "note": "the first"}, nil)
	ask("admin", "risk-appetite.approve", map[string]any{"version": 1}, nil)
	step("eve", "ask-acceptance", map[string]any{"until": string(r.Begun.Day.Add(3, 0)), "reason": "The tool comes in three months, and a sheet is kept.", "beside": "a sheet with two names"})
	step("ann", "accept", map[string]any{"digest": r.Acceptances[0].Digest})
	step("eve", "review", map[string]any{"looked": "the payments of the quarter"})
	var a risk.AssessmentState
	ask("ann", "risk-assessments.open", map[string]any{"title": "Yearly assessment", "day": string(r.Begun.Day), "participants": []string{"Ann, compliance"}}, &a)
	for _, topic := range scale.Topics {
		ask("eve", "risk-assessments.answer", map[string]any{"ref": "RY-1", "topic": topic.ID, "text": "We looked at it together.", "risks": []string{"R-1"}}, &a)
	}
	ask("admin", "risk-assessments.close", map[string]any{"ref": "RY-1", "conclusion": "One risk, and it is treated."}, &a)
	if a.State != "closed" || !strings.Contains(a.Text, "R-1") || (a.Evidence == "") == (a.Unfiled == "") {
		t.Errorf("closed: %+v", a)
	}
	step("ann", "close", map[string]any{"why": "the bank does it now"})
	step("eve", "reopen", map[string]any{"why": "the bank gave it back"})
	var list struct{ Items []risk.Row }
	ask("ann", "risks.list", nil, &list)
	if len(list.Items) != 1 || list.Items[0].State != "open" || len(list.Items[0].Judged) != len(risk.Attributes()) {
		t.Errorf("%+v", list.Items)
	}
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	rep := verifyAll(t, in.cfg.Data, "sqlite:"+in.cfg.Data+"/attesta.db")
	for typ, n := range map[string]int64{"risk.identified": 1, "risk.assessed": 2, "risk.accepted": 1, "appetite.approved": 1, "assessment.considered": int64(len(scale.Topics)), "assessment.closed": 1} {
		if int64(rep.Bound[typ]) != n {
			t.Errorf("%d entries of type %s are bound, want %d", rep.Bound[typ], typ, n)
		}
	}
}
