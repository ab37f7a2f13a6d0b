package server

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
)

// What shows that an item of a checklist is done is read from courses and policies.
func TestShown(t *testing.T) {
	a := newPrograms(t)
	for by, says := range map[string]string{"policies": "no published policy", "training:security-awareness": "is not completed"} {
		got, err := a.p.shown(t.Context(), a.admin.UserID, by)
		if err != nil || got.Done || !strings.Contains(got.Text, says) {
			t.Errorf("%s: %+v, %v", by, got, err)
		}
	}
	if _, err := a.p.shown(t.Context(), "usr_nobody", "policies"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
}
