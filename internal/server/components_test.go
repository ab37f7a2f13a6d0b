package server

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/component"
)

// A port that is opened on the host of the running agent is a finding within seconds,
// and closing it clears it, once somebody approved what listened before.
func TestFromOpenedPortToFindingAndBack(t *testing.T) {
	in := begin(t, local(t.TempDir()), Options{Embedded: true})
	in.login()
	control, err := DataDir(in.cfg.Data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	s := &street{t: t, in: in, control: control}
	s.add(&caller{name: "ann", role: access.ComplianceManager, login: "ann"})
	ask := func(operation string, input map[string]any, into any) {
		t.Helper()
		raw, err := json.Marshal(input)
		if err != nil {
			t.Fatal(err)
		}
		s.do("/-/operation", operationCommand{As: "ann", Operation: operation, Input: raw}, into)
	}
	await := func(what string, within time.Duration, f func() bool) time.Duration {
		t.Helper()
		for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			if f() {
				return time.Since(began)
			}
			if time.Since(began) > within {
				t.Fatalf("not within %s: %s", within, what)
			}
		}
	}
	type components struct{ Items []component.Component }
	await("the ports are known", time.Minute, func() bool {
		var c components
		ask("components.list", map[string]any{"kind": "port", "state": "learning"}, &c)
		return len(c.Items) > 0
	})
	var proposal component.Proposal
	since := map[string]any{"kinds": []string{"port"}, "from": "2020-01-01T00:00:00Z"}
	ask("components.propose", since, &proposal)
	since["seen"], since["owner"], since["reason"] = proposal.Seen, "operations", "what listened when the test began"
	ask("components.learn", since, nil)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	name := fmt.Sprintf("tcp/%d ", l.Addr().(*net.TCPAddr).Port)
	is := func(state string) func() bool {
		return func() bool {
			var c components
			ask("components.list", map[string]any{"kind": "port", "state": state, "q": name}, &c)
			return len(c.Items) == 1
		}
	}
	found := func(state string) func() bool {
		return func() bool {
			var f struct {
				Items []struct {
					Item string `json:"item_name"`
				}
			}
			ask("findings.list", map[string]any{"state": []string{state}, "check": "components/ports-approved"}, &f)
			for _, x := range f.Items {
				if strings.Contains(x.Item, name) {
					return true
				}
			}
			return false
		}
	}
	opened := await("the opened port waits for a word", 30*time.Second, is("new"))
	await("it is a finding", 5*time.Second, found("open"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	closed := await("the closed port is gone", 30*time.Second, is("gone"))
	await("its finding is closed", 5*time.Second, found("closed"))
	t.Logf("a finding after %s, cleared after %s", opened.Round(10*time.Millisecond), closed.Round(10*time.Millisecond))
}
