package access

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
)

// The matrix is held golden: whoever changes who may what changes this file
// too, and a reviewer sees it. ATTESTA_TEST_UPDATE=1 writes it.
func TestMatrix(t *testing.T) {
	path, got := filepath.Join("testdata", "matrix.md"), Matrix()
	t.Log("\n" + got)
	if os.Getenv("ATTESTA_TEST_UPDATE") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the matrix has changed; if that is meant, run again with ATTESTA_TEST_UPDATE=1\n%s", got)
	}
}

func TestDefaultDeny(t *testing.T) {
	who := func(r Role) Principal { return Principal{UserID: "usr_x", Role: r} }
	if err := Authorise(Principal{}, PostureRead); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
	if err := Authorise(Principal{Role: Administrator}, PostureRead); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a role without a user: %v", err)
	}
	for _, p := range []Principal{who(Administrator), who("root"), System()} {
		if err := Authorise(p, "moon.launch"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s may do what no row grants: %v", p.Role, err)
		}
	}
	for _, a := range Actions() {
		if err := Authorise(System(), a); err != nil {
			t.Errorf("the system: %v", err)
		}
		if err := Authorise(who("unheard_of"), a); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an unknown role may %s: %v", a, err)
		}
		// what an auditor says of us nobody here can say for them, and what a directory says no person can
		if err := Authorise(who(Administrator), a); (err != nil) != (a == RequestJudge || a == Provision) {
			t.Errorf("the administrator, %s: %v", a, err)
		}
	}
	for _, r := range []string{"system", "directory", ""} {
		if _, err := ParseRole(r); !fault.Is(err, fault.Invalid) {
			t.Errorf("a user could become %q: %v", r, err)
		}
	}
	for _, a := range Actions() {
		if May(directory, a) != (a == Provision) {
			t.Errorf("a directory may %s", a)
		}
	}
}

// What must hold whatever else the table says.
func TestGrantsThatMayNotAppear(t *testing.T) {
	for _, r := range []Role{Viewer, Training, Auditor, Adviser} {
		for _, a := range []Action{FindingAcknowledge, HostEdit, StandardApprove, StandardTailor, ControlEdit, AgentEnrol, AgentRevoke, UserManage, SettingsEdit, PostureRebuild} {
			if May(r, a) {
				t.Errorf("%s may %s", r, a)
			}
		}
	}
	for _, a := range Actions() {
		if own := []Action{SessionManageOwn, NotificationRead, NotificationEdit, OwnPolicyRead, PolicyAcknowledge, OwnTrainingRead, TrainingTake, ConcernReport, WorkRead}; !slices.Contains(own, a) && May(Training, a) {
			t.Errorf("training may %s", a)
		}
		if slices.ContainsFunc(Roles(), func(r Role) bool { return May(r, a) }) == (a == Provision) {
			t.Errorf("nobody may %s", a)
		}
	}
	seen := map[Action]bool{}
	for _, a := range Actions() {
		if seen[a] {
			t.Errorf("%s has two rows", a)
		}
		seen[a] = true
	}
}

// Whoever chooses a role reads one line of each, and no two alike.
func TestEveryRoleSaysWhatItIsFor(t *testing.T) {
	seen := map[string]Role{}
	for _, r := range Roles() {
		what := r.What()
		if what == "" || strings.Contains(what, "\n") || seen[what] != "" {
			t.Errorf("%s: %q", r, what)
		}
		seen[what] = r
	}
	if what := Role("king").What(); what != "" {
		t.Errorf("a role that is none: %q", what)
	}
}
