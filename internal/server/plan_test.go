package server

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/plan"
)

// From the gaps of a first day to tasks, and a task that closes itself.
func TestPlanOfAFirstDay(t *testing.T) {
	a := newPrograms(t)
	call := func(name, input string, into any) {
		t.Helper()
		out, err := a.api.Call(t.Context(), a.admin, name, json.RawMessage(input))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		raw, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	steps, err := a.p.begin(t.Context(), a.admin)
	if err != nil || len(steps) != 5 || steps[0].Done || !steps[0].Current || steps[0].Link.Href != "/questions/first" {
		t.Errorf("an empty deployment begins with %+v, %v", steps, err)
	}
	if steps, err := a.p.begin(t.Context(), access.Principal{UserID: "usr_vic", Role: access.Viewer}); err != nil || steps != nil {
		t.Errorf("a reader is to do %+v, %v", steps, err)
	}
	var gaps gap.Report
	call("gaps.list", "", &gaps)
	if _, ok := gaps.Gap("controls/design"); !ok || len(gaps.Gaps) < 20 {
		t.Fatalf("%d gaps on the first day", len(gaps.Gaps))
	}
	var made struct{ Items []int }
	call("plan.make", `{}`, &made)
	if steps, err = a.p.begin(t.Context(), a.admin); err != nil || steps[0].Done || steps[2].Done || !steps[3].Done {
		t.Errorf("with a plan, the beginning is %+v, %v", steps, err)
	}
	var o readiness.Outlook
	call("plan.show", "", &o)
	if len(made.Items) < 5 || len(o.Tasks) != len(made.Items) || len(o.Schedule.Slots) != len(made.Items) || len(o.Schedule.Path) == 0 {
		t.Fatalf("%d tasks made, %d kept, %d placed", len(made.Items), len(o.Tasks), len(o.Schedule.Slots))
	}
	if _, err := a.api.Call(t.Context(), a.admin, "plan.make", nil); err == nil {
		t.Error("the same tasks were made twice")
	}
	var design plan.Task
	for _, x := range o.Tasks {
		if x.Gap == "controls/design" {
			design = x
		}
	}
	var said plan.Task
	call("tasks.finish", fmt.Sprintf(`{"ref":%q,"note":"read them all"}`, design.Ref()), &said)
	if said.State != plan.Said {
		t.Fatalf("a word closed the gap: %s", said.State)
	}
	var ready readiness.Readiness
	call("readiness.show", "", &ready)
	if len(ready.Blocks) < 4 || ready.Risk.Path != "/controls/risk-assessment-yearly" {
		t.Errorf("%d things block the examination of an empty deployment; the yearly risk assessment: %+v", len(ready.Blocks), ready.Risk)
	}
	if _, err := a.p.controls.ApproveAll(t.Context(), access.System()); err != nil {
		t.Fatal(err)
	}
	if err := a.p.settleTasks(t.Context()); err != nil {
		t.Fatal(err)
	}
	var closed plan.Task
	call("tasks.show", fmt.Sprintf(`{"ref":%q}`, design.Ref()), &closed)
	if closed.State != plan.Done || !closed.Derived || closed.By != "system" {
		t.Errorf("the gap is gone and the task is %s, derived %v, by %s", closed.State, closed.Derived, closed.By)
	}
}
