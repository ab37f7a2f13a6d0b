package told_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/told"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// What is packed comes back byte for byte, in its place; what is damaged is refused.
func TestPacked(t *testing.T) {
	c := told.New()
	var list []told.Item
	for i := range told.Most {
		raw, err := told.Compact(json.RawMessage(fmt.Sprintf(`{ "path": "/etc/%d" , "note":"<&>" }`, i)))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, told.Item{Raw: raw, Verdict: verdict.Verdict{Kind: verdict.ByPackage, Reason: fmt.Sprint(i)}})
	}
	body, err := c.Pack(list)
	if err != nil {
		t.Fatal(err)
	}
	back, err := c.Unpack(body)
	if err != nil || len(back) != told.Most {
		t.Fatal(len(back), err)
	}
	for i := range list {
		x, err := told.At(back, 101, 101+int64(i))
		if err != nil || string(x.Raw) != string(list[i].Raw) || x.Verdict.Reason != list[i].Verdict.Reason {
			t.Fatalf("%d: %s %+v, %v", i, x.Raw, x.Verdict, err)
		}
	}
	if _, err := told.At(back, 101, 100); !fault.Is(err, fault.Refused) {
		t.Errorf("one that is not there: %v", err)
	}
	body[len(body)/2] ^= 1
	if _, err := c.Unpack(body[:len(body)-3]); !fault.Is(err, fault.Refused) {
		t.Errorf("a damaged row: %v", err)
	}
}
