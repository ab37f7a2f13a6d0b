package ids_test

import (
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/ids"
)

func TestNew(t *testing.T) {
	at := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	seen := map[string]bool{}
	var inOrder []string
	for i := range 1000 {
		id := ids.New("fnd", at.Add(time.Duration(i)*time.Millisecond))
		if seen[id] {
			t.Fatalf("%s was made twice", id)
		}
		seen[id] = true
		if !ids.Valid(id, "fnd") {
			t.Fatalf("%s is not valid", id)
		}
		inOrder = append(inOrder, id)
	}
	if !slices.IsSorted(inOrder) {
		t.Error("ids do not sort by time")
	}
}

func TestValid(t *testing.T) {
	good := ids.New("usr", time.Unix(0, 0))
	for s, want := range map[string]bool{
		good: true, good[:len(good)-1]: false, good + "0": false, "usr_": false, "": false,
		"fnd" + good[3:]: false, good[:10] + "I" + good[11:]: false,
	} {
		if ids.Valid(s, "usr") != want {
			t.Errorf("Valid(%q) is %v", s, !want)
		}
	}
}
