package mac

import (
	"slices"
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	enforce, complain, unconfined, err := profiles("/usr/sbin/x (enforce)\nb (c) (complain)\na (later)\n\nu (unconfined)\nk (kill)\n")
	if err != nil || *enforce != 2 || !slices.Equal(complain, []string{"a", "b (c)"}) || !slices.Equal(unconfined, []string{"u"}) {
		t.Errorf("%d, %q, %q, %v", *enforce, complain, unconfined, err)
	}
	for _, text := range []string{"x\n", "x (enforce\n", "(enforce)\n"} {
		if _, _, _, err := profiles(text); err == nil || !strings.Contains(err.Error(), "expected name (mode)") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzProfiles gives any bytes as the kernel's list: each line is counted once.
func FuzzProfiles(f *testing.F) {
	for _, s := range []string{"a (enforce)\n", "a (b) (complain)\n", " (", "x ()", "\xff (\n)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		enforce, complain, unconfined, err := profiles(s)
		if n := int(*enforce) + len(complain) + len(unconfined); err == nil && n > strings.Count(s, "\n")+1 {
			t.Errorf("%d profiles", n)
		}
	})
}
