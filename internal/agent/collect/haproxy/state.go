package haproxy

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Limits of an answer over the stats socket.
const (
	maxAnswer  = 16 << 20
	answerTime = 5 * time.Second
)

// ask sends one command that only reads over a stats socket.
func ask(ctx context.Context, address, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	network, at := "unix", strings.TrimPrefix(address, "unix@")
	if !strings.HasPrefix(at, "/") {
		network, at = "tcp", strings.TrimPrefix(strings.TrimPrefix(address, "ipv4@"), "ipv6@")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, at)
	if err != nil {
		return "", fmt.Errorf("stats socket %s: %w", address, errors.Unwrap(err))
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline() // it has one: set above
	if err := conn.SetDeadline(deadline); err != nil {
		return "", fmt.Errorf("stats socket %s: %w", address, err)
	}
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return "", fmt.Errorf("stats socket %s: %s: %w", address, command, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("stats socket %s: %s: %w", address, command, err)
	case len(answer) > maxAnswer:
		return "", fmt.Errorf("stats socket %s: %s answers more than %d bytes", address, command, maxAnswer)
	case strings.HasPrefix(string(answer), "Permission denied"):
		return "", fmt.Errorf("stats socket %s: HAProxy refuses %s at this level", address, command)
	}
	return tree.Clean(string(answer)), nil
}

// info is show info, as far as it is used.
type info struct {
	version       string
	pid           int
	maxconn, conn int64
}

func parseInfo(text string) (info, error) {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok {
			values[key] = value
		}
	}
	i := info{version: values["Version"]}
	var err error
	if i.pid, err = strconv.Atoi(values["Pid"]); err != nil || i.version == "" {
		return info{}, fmt.Errorf("show info answers without Version and Pid")
	}
	for _, n := range []struct {
		key string
		to  *int64
	}{{"Maxconn", &i.maxconn}, {"CurrConns", &i.conn}} {
		if *n.to, err = strconv.ParseInt(values[n.key], 10, 64); err != nil {
			return info{}, fmt.Errorf("show info: %s: expected a number, found %.40q", n.key, values[n.key])
		}
	}
	return i, nil
}

// row is one line of show stat by the name of its column.
type row map[string]string

func (r row) number(name string) (int64, error) {
	if r[name] == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(r[name], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("show stat: %s of %.40q: expected a number, found %.40q", name, r["pxname"]+"/"+r["svname"], r[name])
	}
	return n, nil
}

// rows reads the table that show stat answers.
func rows(text string) ([]row, error) {
	text, ok := strings.CutPrefix(text, "# ")
	if !ok {
		return nil, fmt.Errorf("show stat answers %.60q, expected a table", strings.TrimSpace(text))
	}
	r := csv.NewReader(strings.NewReader(strings.TrimSpace(text)))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("show stat: %w", err)
	}
	for _, name := range []string{"pxname", "svname", "status", "type"} {
		if !slices.Contains(head, name) {
			return nil, fmt.Errorf("show stat has no column %s", name)
		}
	}
	var all []row
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("show stat: %w", err)
		}
		one := row{}
		for i, v := range record[:min(len(record), len(head))] {
			one[head[i]] = v
		}
		all = append(all, one)
	}
}

// read takes proxies and servers out of show stat, as of now.
func read(text string, now time.Time, since *moments) ([]facts.HaproxyProxyState, []facts.BalancerTargetState, error) {
	list, err := rows(text)
	if err != nil {
		return nil, nil, err
	}
	proxies, targets := []facts.HaproxyProxyState{}, []facts.BalancerTargetState{}
	for _, r := range list {
		limit, err := r.number("slim")
		used, err2 := r.number("scur")
		if err := errors.Join(err, err2); err != nil {
			return nil, nil, err
		}
		switch r["type"] {
		case "0", "1":
			proxies = append(proxies, facts.HaproxyProxyState{Name: r["pxname"], Kind: map[string]string{"0": "frontend", "1": "backend"}[r["type"]], State: word(r["status"]), Limit: max(0, limit), UsePercent: tens(used, limit)})
		case "2":
			t, err := target(r, now, since)
			if err != nil {
				return nil, nil, err
			}
			t.Limit, t.UsePercent = max(0, limit), tens(used, limit)
			targets = append(targets, t)
		}
	}
	if len(targets) > maxTargets {
		return nil, nil, fmt.Errorf("%d servers are more than the %d that are sent", len(targets), maxTargets)
	}
	return proxies, targets, nil
}

func target(r row, now time.Time, since *moments) (facts.BalancerTargetState, error) {
	t := facts.BalancerTargetState{Backend: r["pxname"], Name: r["svname"], Address: r["addr"], State: word(r["status"]), Check: strings.TrimPrefix(r["check_status"], "* "), Why: r["check_desc"], Backup: r["bck"] == "1"}
	if t.State == "no" { // "no check"
		t.State = "unchecked"
	}
	if t.Check == "UNK" || t.Check == "INI" || t.Check == "SOCKERR" && t.State == "unchecked" {
		t.Check = ""
	}
	var err, err2, err3 error
	var ago int64
	ago, err = r.number("lastchg")
	t.WentDown, err2 = r.number("chkdown")
	t.Weight, err3 = r.number("weight")
	if ago >= 0 && ago < 1<<32 && r["lastchg"] != "" {
		t.ChangedUS = since.steady(t.Backend+"/"+t.Name+" "+t.State, now.Add(-time.Duration(ago)*time.Second).UnixMicro())
	}
	return t, errors.Join(err, err2, err3)
}

// word gives the first word of a status in small letters: "DOWN 1/2" and
// "MAINT (via a/b)" are down and maint.
func word(status string) string {
	first, _ := tree.CutSpace(status)
	return strings.ToLower(first)
}

// tens gives a share in steps of ten percent, rounded down.
func tens(used, limit int64) int64 {
	if limit <= 0 || used <= 0 || used > 1<<40 {
		return 0
	}
	return min(100, used*10/limit*10)
}

// moments keep when states changed from one reading to the next. HAProxy says
// how many whole seconds that is ago, so that two readings differ by a second
// although nothing happened.
type moments struct {
	mu   sync.Mutex
	seen map[string]int64 // guarded by mu: by server and state, µs
}

// slack is what two readings of the same moment may differ by.
const slack = 2_500_000

// mostMoments bounds what is kept; servers that are made at run time have new names.
const mostMoments = 20_000

func (m *moments) steady(what string, us int64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen) > mostMoments {
		clear(m.seen)
	}
	if have, ok := m.seen[what]; ok && have-us < slack && us-have < slack {
		return have
	}
	us -= us % 1_000_000
	m.seen[what] = us
	return us
}

// differ gives what runs and does not stand in the files, and the other way
// round.
func differ(v *facts.HaproxyPersisted, proxies []facts.HaproxyProxyState, targets []facts.BalancerTargetState) []string {
	files, runs := map[string]bool{}, map[string]bool{}
	for _, f := range v.Frontends {
		if !f.Disabled {
			files["frontend "+f.Name] = true
		}
	}
	off := map[string]bool{}
	for _, b := range v.Backends {
		if b.Disabled {
			off[b.Name] = true
			continue
		}
		files["backend "+b.Name] = true
	}
	several := map[string]bool{}
	for _, t := range v.Targets {
		if off[t.Backend] {
			continue
		}
		if t.Count > 1 {
			several[t.Backend] = true
			continue
		}
		files["server "+t.Backend+"/"+t.Name] = true
	}
	for _, p := range proxies {
		if p.Kind == "frontend" || files["backend "+p.Name] { // backends without servers are not facts
			runs[p.Kind+" "+p.Name] = true
		}
	}
	for _, t := range targets {
		if s := "server " + t.Backend + "/" + t.Name; files[s] || !several[t.Backend] {
			runs[s] = true
		}
	}
	out := []string{}
	for s := range files {
		if !runs[s] {
			out = append(out, s+" stands in the files and does not run")
		}
	}
	for s := range runs {
		if !files[s] {
			out = append(out, s+" runs and does not stand in the files")
		}
	}
	slices.Sort(out)
	return out
}
