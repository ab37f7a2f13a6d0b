package pack

import "testing"

func TestShipped(t *testing.T) {
	all, err := Shipped()
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, p := range all {
		t.Logf("%s %s: %d checks, digest %s", p.ID, p.Version, len(p.Checks), p.Digest)
	}
}
