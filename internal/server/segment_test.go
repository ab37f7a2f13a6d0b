package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/segment"
)

// insideNames tells this test binary that it runs in namespaces of its own, and as
// what.
const insideNames = "ATTESTA_TEST_ZONES"

// Two hosts in network namespaces, each with an agent of its own: a rule between
// their zones is broken, seen and proved; then a packet filter mends it, and that is
// proved as well.
func TestZonesBrokenAndMended(t *testing.T) {
	switch os.Getenv(insideNames) {
	case "hub":
		zonesBrokenAndMended(t)
		return
	case "serve":
		holdConnections(t)
		return
	case "call":
		holdCalls(t)
		return
	}
	if testing.Short() {
		t.Skip("NOT RUN with -short: builds the agent")
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root")
	}
	for _, tool := range []string{"ip", "nft", "unshare", "hostname"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT RUN: %v", err)
		}
	}
	if out, err := exec.Command("unshare", "-n", "-m", "-u", "-p", "-f", "--mount-proc", "sh", "-c", "mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip netns add far && ip link add near type veth peer name end netns far && nft list ruleset").CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: no network namespaces here: %v %s", err, out)
	}
	agent := filepath.Join(t.TempDir(), "attesta-agent")
	build := exec.Command("go", "build", "-o", agent, "github.com/attesta/attesta/cmd/attesta-agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "-n", "-m", "-p", "-f", "--mount-proc", self, "-test.run", "^TestZonesBrokenAndMended$", "-test.v", "-test.timeout", "5m")
	cmd.Env = append(os.Environ(), insideNames+"=hub", "ATTESTA_TEST_AGENT="+agent)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte("--- PASS")) {
		t.Fatalf("in the namespaces: %v", err)
	}
}

// holdConnections waits for connections and keeps them.
func holdConnections(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:5432")
	if err != nil {
		t.Fatal(err)
	}
	var held []net.Conn
	for {
		c, err := l.Accept()
		if err != nil {
			t.Fatalf("with %d held: %v", len(held), err)
		}
		held = append(held, c) // for as long as this process lives
	}
}

// holdCalls keeps a connection to the other host while one can be had.
func holdCalls(t *testing.T) {
	for t.Context().Err() == nil {
		c, err := net.DialTimeout("tcp", "10.78.2.1:5432", time.Second)
		if err == nil {
			if err := c.(*net.TCPConn).SetLinger(0); err != nil { // however it ends, neither side keeps it
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			c.Close()
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func zonesBrokenAndMended(t *testing.T) {
	run := func(line string) {
		t.Helper()
		if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	run(`mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up && echo 1 > /proc/sys/net/ipv4/ip_forward
for n in 1:web-1 2:db-1; do i=${n%%:*}; h=${n##*:}
ip netns add $h && ip link add v$i type veth peer name eth0 netns $h && ip addr add 10.78.$i.254/24 dev v$i && ip link set v$i up
ip -n $h addr add 10.78.$i.1/24 dev eth0 && ip -n $h link set eth0 up && ip -n $h link set lo up && ip -n $h route add default via 10.78.$i.254
done`)
	cfg := local(t.TempDir())
	cfg.AgentListen = "0.0.0.0:0"
	in := begin(t, cfg, Options{})
	in.login()
	control, err := DataDir(in.cfg.Data).readPresence()
	if err != nil {
		t.Fatal(err)
	}
	s := &street{t: t, in: in, control: control}
	s.add(&caller{name: "ann", role: access.ComplianceManager, login: "ann"})
	s.add(&caller{name: "bob", role: access.Administrator, login: "bob"})
	as := func(who, operation string, input any, into any) {
		t.Helper()
		raw, err := json.Marshal(input)
		if err != nil {
			t.Fatal(err)
		}
		s.do("/-/operation", operationCommand{As: who, Operation: operation, Input: raw}, into)
	}
	_, port, err := net.SplitHostPort(in.ready.Agent)
	if err != nil {
		t.Fatal(err)
	}

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// start runs a program on one of the hosts, in a process namespace of its own, as
	// separate machines have them.
	start := func(host, line string, env ...string) (stop func()) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, "ip", "netns", "exec", host, "unshare", "-p", "-f", "-u", "--kill-child", "--mount-proc", "sh", "-c", "hostname "+host+" && exec "+line)
		cmd.Env = append(os.Environ(), env...)
		var said lockedBuffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		stop = func() {
			cancel()
			<-done
			done <- nil
			if t.Failed() {
				t.Logf("%s: %s\n%s", host, line, said.String())
			}
		}
		t.Cleanup(stop)
		return stop
	}
	agents, stateOf := map[string]func(){}, map[string]string{}
	for i, host := range []string{"web-1", "db-1"} {
		_, answer, err := askRunning(t.Context(), in.cfg.Data, "/-/agent-token", controlQuestion{Label: host})
		if err != nil {
			t.Fatal(err)
		}
		stateOf[host] = filepath.Join(t.TempDir(), host)
		agents[host] = start(host, fmt.Sprintf("%s run --state %s --server https://10.78.%d.254:%s --token %s --interval 2s --heartbeat 1s --integrity off --probe zones --probe-networks 10.78.0.0/16", os.Getenv("ATTESTA_TEST_AGENT"), stateOf[host], i+1, port, answer.Text))
	}
	start("db-1", self+" -test.run '^TestZonesBrokenAndMended$'", insideNames+"=serve")
	call := start("web-1", self+" -test.run '^TestZonesBrokenAndMended$'", insideNames+"=call")

	await := func(what string, within time.Duration, f func() bool) {
		t.Helper()
		for began := time.Now(); !f(); time.Sleep(100 * time.Millisecond) {
			if time.Since(began) > within {
				var m json.RawMessage
				as("ann", "segmentation.matrix", map[string]any{}, &m)
				t.Logf("%s", m)
				t.Fatalf("not within %s: %s", within, what)
			}
		}
		t.Log(what)
	}
	finding := func(check, state string) func() bool {
		return func() bool {
			var f struct {
				Items []struct {
					Item string `json:"item_name"`
				}
			}
			as("ann", "findings.list", map[string]any{"state": []string{state}, "check": "segmentation/" + check}, &f)
			for _, x := range f.Items {
				if x.Item == "web-not-db" {
					return true
				}
			}
			return false
		}
	}
	matrix := func() (m segment.Matrix) {
		as("ann", "segmentation.matrix", map[string]any{}, &m)
		return m
	}
	await("both hosts report", 90*time.Second, func() bool { return matrix().Hosts == 2 })

	plan := segment.PlanText{Why: "Two zones.", Default: segment.Unstated,
		Zones: []segment.Zone{{Key: "web", Title: "Web", Hosts: []string{"web-*"}, Owner: "platform", Why: "It faces outward."}, {Key: "db", Title: "Data", Networks: []string{"10.78.2.0/24"}, Owner: "data", Why: "It holds data."}},
		Rules: []segment.Rule{{Key: "web-not-db", From: "web", To: "db", Kind: segment.MustNot, Protocol: "tcp", Ports: []string{"5432"}, Why: "Through the application."},
			{Key: "web-db", From: "web", To: "db", Kind: segment.May, Protocol: "tcp", Ports: []string{"7000"}, Owner: "data", Why: "Reports.", Until: time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}}}
	var o segment.PlanObject
	as("ann", "segmentation-plans.draft", plan, &o)
	as("bob", "segmentation-plans.approve", map[string]any{"ref": o.Ref}, nil)

	await("the forbidden connection is a finding", time.Minute, finding("forbidden-not-seen", "open"))
	await("the open way is a finding", time.Minute, finding("block-proved", "open"))
	var pair segment.Pair
	as("ann", "segmentation.pair", map[string]any{"from": "web", "to": "db"}, &pair)
	states := map[int]string{}
	for _, p := range pair.Proofs {
		states[p.Port] = p.State
	}
	if pair.Result != segment.Broken || states[5432] != "open" || states[7000] != "refused" {
		t.Fatalf("the proofs are %+v", pair.Proofs)
	}
	if len(pair.Flows) != 1 || len(pair.Flows[0].Seen) != 2 || pair.Flows[0].Verdict != segment.Refused {
		t.Fatalf("the connections are %+v", pair.Flows)
	}

	// The calls end, and the packet filter closes the way.
	call()
	run("ip netns exec db-1 nft -f - <<R\ntable inet f { chain i { type filter hook input priority 0; policy accept;\nip saddr 10.78.1.0/24 tcp dport 5432 drop\n}\n}\nR")
	as("bob", "segmentation.probe", map[string]any{"rule": "web-not-db"}, nil)
	await("the block is proved, and its finding closed", time.Minute, finding("block-proved", "closed"))
	as("ann", "segmentation.pair", map[string]any{"from": "web", "to": "db"}, &pair)
	for _, p := range pair.Proofs {
		if p.Port == 5432 && (p.State != "silent" || p.Entry == "" || time.Since(p.At) > time.Minute) {
			t.Errorf("the proof is %+v", p)
		}
	}

	// An agent tells what was seen within the hour; one that starts anew tells what is.
	for host, stop := range agents {
		stop()
		start(host, fmt.Sprintf("%s run --state %s --interval 2s --heartbeat 1s --integrity off --probe zones --probe-networks 10.78.0.0/16", os.Getenv("ATTESTA_TEST_AGENT"), stateOf[host]))
	}
	await("nothing forbidden is seen, and its finding closed", time.Minute, finding("forbidden-not-seen", "closed"))
	if m := matrix(); strings.Contains(fmt.Sprint(m.Unzoned), "-1") || m.Cells[0][1].Bad() {
		t.Errorf("the matrix is %+v", m)
	}
}
