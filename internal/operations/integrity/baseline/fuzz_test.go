package baseline

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

// Whatever two agents answer to a drill: it is refused by name, or compared within
// bounds, and a difference of digests is never taken for equal.
func FuzzDrilled(f *testing.F) {
	d := strings.Repeat("0", 64)
	one := `{"of":"baseline","path":"","root":"` + d + `","digest":"` + d + `","entries":[{"name":"/etc","type":"directory","digest":"` + d + `"}]}`
	two := strings.Replace(one, `"digest":"0`, `"digest":"1`, 2)
	f.Add("", one, two)
	f.Add("/etc", strings.ReplaceAll(one, `""`, `"/etc"`), strings.ReplaceAll(two, `"/etc"`, `"/"`))
	f.Add("/etc", strings.NewReplacer(`"path":""`, `"path":"/etc"`, `"/etc","type"`, `"x","type"`).Replace(one), strings.NewReplacer(`"path":""`, `"path":"/etc"`, `"/etc","type":"directory"`, `"..","type":"file"`).Replace(two))
	f.Add("", `{"entries":[{},{}],"cut":-1}`, `null`)
	f.Fuzz(func(t *testing.T, path, a, b string) {
		args := wire.AskDrillArgs{Of: "baseline", Path: path}
		var sides [2]wire.DrillResult
		for i, text := range []string{a, b} {
			if json.Unmarshal([]byte(text), &sides[i]) != nil {
				return
			}
			if err := check(&sides[i], args); err != nil {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("%v", err)
				}
				return
			}
		}
		var c Comparison
		c.hold(path, &sides[0], &sides[1])
		if sides[0].Digest == sides[1].Digest {
			if len(c.Differs)+len(c.Queue) > 0 {
				t.Errorf("equal, and %+v", c)
			}
			return
		}
		if n := int64(len(c.Differs)+len(c.Queue)) + c.More; n == 0 && path != "" {
			t.Error("two digests differ, and nothing is said to")
		} else if n > int64(len(sides[0].Entries)+len(sides[1].Entries))+1 {
			t.Errorf("%d differences of %d and %d entries", n, len(sides[0].Entries), len(sides[1].Entries))
		}
		for _, q := range c.Queue {
			if !strings.HasPrefix(q, "/") && strings.HasPrefix(path, "/") {
				t.Errorf("%q would be asked for", q)
			}
		}
	})
}
