package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/facts"
)

// Scenarios are told in testdata/*.txt, a line a step; # begins a comment.
//
//	wait 31d                                       time passes and nobody speaks
//	pass 1h                                        time passes while every host sends heartbeats
//	HOST reports [fact=value …]                    the agent sends what changed
//	HOST reported 10m ago fact=value …             a batch that comes late, from another spool
//	HOST cannot read SECTION: reason               its facts are an error from now on
//	HOST has no SECTION: reason                    the software is not there
//	HOST reads SECTION                             its facts can be read again
//	HOST knows SECTION.FIELD of registry N         a newer agent reports what we do not know
//	HOST clock +1h | -1h [known]                   its clock is wrong from now on, and its agent knows
//	HOST beats [without SECTION]                   a heartbeat
//	HOST delivers 10m                              the heartbeats of the last ten minutes, from its spool
//	sweep                                          the job that looks for silence
//	restart                                        the server starts again
//	install VERSION [old -> new]                   a standard; approve; exclude CHECK because …
//	retire HOST because …
//	acknowledge F-N
//	waive CHECK[/ATTRIBUTE] of HOST[,HOST] for 30d [starting 5d]   asked for by one person, approved by another, judged
//	withdraw W-N
//	leave out HOST for 30d because …               asked for by one person, approved by another, carried out
//	take in X-N
//	apply                                          the job that looks for waivers and exclusions that begin or end
//	expect HOST CHECK/ATTRIBUTE OUTCOME [because …]
//	expect HOST CHECK/ATTRIBUTE OUTCOME 10m ago
//	expect no findings
//	expect F-N STATE [CAUSE] [HOST CHECK/ATTRIBUTE] [due 30d] [overdue]
//	expect counts CHECK/ATTRIBUTE outcome=N …      what is left out is 0
//	expect entries TYPE=N …
//	expect draft | approved
//	expect twins HOST [HOST=machine|name …]        who says it is the same
//	expect clock HOST right | wrong                what its page says
//	mark NAME                                      remember what is known now
//	expect HOST CHECK/ATTRIBUTE OUTCOME known NAME [10m ago]
type scenario struct {
	*world
	marks map[string]int64
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, db *database.DB) {
				src, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				s := &scenario{newWorld(t, db), map[string]int64{}}
				for i, line := range strings.Split(string(src), "\n") {
					if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) == "" {
						continue
					}
					if err := s.step(strings.TrimSpace(line)); err != nil {
						t.Fatalf("%s:%d: %s\n\t%v", file, i+1, strings.TrimSpace(line), err)
					}
				}
				s.sound()
			})
		})
	}
}

// length reads "31d", "10m", "30s".
func length(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

func (s *scenario) step(line string) error {
	words := strings.Fields(line)
	_, because, _ := strings.Cut(line, " because ")
	switch words[0] {
	case "wait":
		d, err := length(words[1])
		s.clock.Advance(d)
		return err
	case "pass":
		d, err := length(words[1])
		for until := s.clock.Now().Add(d); s.clock.Now().Before(until); {
			s.clock.Advance(min(80*time.Second, until.Sub(s.clock.Now())))
			for _, m := range s.machines {
				s.beat(m, s.clock.Now())
			}
		}
		return err
	case "sweep":
		_, err := s.hosts.Sweep(s.ctx)
		return err
	case "restart":
		s.world.restart()
		return nil
	case "install":
		var edit []string
		if old, new, ok := strings.Cut(strings.TrimPrefix(line, "install "+words[1]), " -> "); ok {
			edit = []string{strings.TrimSpace(old), strings.TrimSpace(new)}
		}
		s.install(words[1], edit...)
		return nil
	case "approve":
		list, err := s.standards.List(s.ctx)
		if err != nil {
			return err
		}
		return s.standards.Approve(s.ctx, admin, list[0].ID, "")
	case "exclude":
		if err := s.standards.Tailor(s.ctx, admin, standard.Tailoring{Check: words[1], Exclude: true, Reason: because}); err != nil {
			return err
		}
		s.rejudge()
		return nil
	case "tier":
		if err := s.standards.SetTier(s.ctx, admin, "tiny", words[1], because); err != nil {
			return err
		}
		s.rejudge()
		return nil
	case "retire":
		return s.hosts.Retire(s.ctx, admin, s.host(words[1]).ID, because)
	case "waive":
		return s.waive(words)
	case "withdraw":
		if err := s.waivers.Withdraw(s.ctx, admin, words[1], "it is mended"); err != nil {
			return err
		}
		_, err := s.hosts.ApplyWaivers(s.ctx)
		return err
	case "leave":
		d, err := length(words[4])
		if err != nil {
			return err
		}
		x, err := s.exclusions.Ask(s.ctx, admin, exclusion.Ask{Population: "hosts", Subject: words[2], Cause: exclusion.OutOfScope, Reason: because, Expires: s.clock.Now().Add(d)})
		if err != nil {
			return err
		}
		if err := s.exclusions.Approve(s.ctx, manager, x.Ref(), ""); err != nil {
			return err
		}
		_, err = s.hosts.ApplyExclusions(s.ctx)
		return err
	case "take":
		if err := s.exclusions.End(s.ctx, admin, words[2], "it is in scope again"); err != nil {
			return err
		}
		_, err := s.hosts.ApplyExclusions(s.ctx)
		return err
	case "apply":
		_, err := s.hosts.ApplyWaivers(s.ctx)
		if err == nil {
			_, err = s.hosts.ApplyExclusions(s.ctx)
		}
		return err
	case "acknowledge":
		return s.findings.Acknowledge(s.ctx, admin, words[1], "on it")
	case "mark":
		s.marks[words[1]] = s.number()
		return nil
	case "expect":
		return s.expect(words[1:], because)
	}
	return s.act(words, line)
}

func (s *scenario) waive(words []string) error {
	check, attribute, _ := strings.Cut(words[1], "/")
	a := waiver.Ask{Check: "tiny/" + check, Attribute: attribute, Items: strings.Split(words[3], ","), Reason: "the vendor mends it in June", Compensating: "it is watched"}
	d, err := length(words[5])
	if err != nil {
		return err
	}
	if len(words) > 7 {
		after, err := length(words[7])
		if err != nil {
			return err
		}
		a.Starts = s.clock.Now().Add(after)
		d += after
	}
	a.Expires = s.clock.Now().Add(d)
	w, err := s.waivers.Ask(s.ctx, admin, a)
	if err != nil {
		return err
	}
	if err := s.waivers.Approve(s.ctx, manager, w.Ref(), ""); err != nil {
		return err
	}
	_, err = s.hosts.ApplyWaivers(s.ctx)
	return err
}

func (s *scenario) act(words []string, line string) error {
	m := s.machine(words[0])
	_, reason, _ := strings.Cut(line, ": ")
	assign := func(pairs []string) error {
		for _, p := range pairs {
			fact, value, _ := strings.Cut(p, "=")
			if err := m.assign(fact, value); err != nil {
				return err
			}
		}
		return nil
	}
	switch words[1] {
	case "reports":
		if err := assign(words[2:]); err != nil {
			return err
		}
		s.report(m)
	case "reported":
		ago, err := length(words[2])
		if err != nil {
			return err
		}
		old := m.values["sshd"]["effective"].(map[string]any)
		m.values["sshd"]["effective"] = map[string]any{"permitrootlogin": old["permitrootlogin"], "maxauthtries": old["maxauthtries"], "logingracetime": old["logingracetime"]}
		if err := assign(words[4:]); err != nil {
			return err
		}
		all, err := m.changed()
		if err == nil {
			err = s.facts(m, fmt.Sprintf("other%d", len(m.sequence)), s.clock.Now().Add(-ago), all...) // a spool of its own
		}
		m.values["sshd"]["effective"] = old
		return err
	case "cannot", "has":
		state := facts.Error
		if words[1] == "has" {
			state = facts.Absent
			m.values["sshd"]["installed"] = false
		}
		m.missing[strings.TrimSuffix(words[3], ":")] = []facts.Missing{{Path: "/effective", State: state, Reason: reason}}
		s.report(m)
	case "reads":
		delete(m.missing, words[2])
		m.values["sshd"]["installed"] = true
		s.report(m)
	case "knows":
		section, field, _ := strings.Cut(words[2], ".")
		n, err := strconv.Atoi(words[5])
		if err != nil {
			return err
		}
		m.registry[section], m.unknown[section] = n, map[string]any{field: "new"}
		s.report(m)
	case "clock":
		d, err := time.ParseDuration(words[2])
		if m.set = d; len(words) > 3 { // the agent knows of it
			m.offset = new(d.Microseconds())
		}
		return err
	case "delivers":
		d, err := length(words[2])
		for at := s.clock.Now().Add(-d); !at.After(s.clock.Now()); at = at.Add(30 * time.Second) {
			s.beat(m, at)
		}
		return err
	case "beats":
		var without []string
		if len(words) > 3 {
			without = words[3:]
		}
		s.beat(m, s.clock.Now(), without...)
	default:
		return fmt.Errorf("no such step")
	}
	return nil
}

func (s *scenario) expect(words []string, because string) error {
	switch {
	case words[0] == "no":
		page, err := s.findings.List(s.ctx, finding.Filter{}, finding.ByNumber, "", 10)
		if err == nil && page.Total != 0 {
			err = fmt.Errorf("there are %d findings", page.Total)
		}
		return err
	case words[0] == "draft", words[0] == "approved":
		set, err := s.standards.InForce(s.ctx, nil)
		if err == nil && set.Draft("tiny/root-login") != (words[0] == "draft") {
			err = fmt.Errorf("it is not")
		}
		return err
	case strings.HasPrefix(words[0], "F-"):
		return s.expectFinding(words)
	case words[0] == "twins":
		return s.expectTwins(words[1], words[2:])
	case words[0] == "clock":
		h := s.host(words[1])
		if h.ClockWrong() != (words[2] == "wrong") {
			return fmt.Errorf("its clock is off by %v", h.ClockOffset)
		}
		return nil
	case words[0] == "counts":
		return s.expectCounts(words[1], words[2:])
	case words[0] == "entries":
		for _, pair := range words[1:] {
			typ, n, _ := strings.Cut(pair, "=")
			if got := fmt.Sprint(len(s.records(typ))); got != n {
				return fmt.Errorf("%s entries of type %s", got, typ)
			}
		}
		return nil
	}
	return s.expectOutcome(words, because)
}

func (s *scenario) expectOutcome(words []string, because string) error {
	check, attribute, _ := strings.Cut(words[1], "/")
	at := outcome.Now()
	for i, word := range words {
		switch word {
		case "ago":
			d, err := length(words[i-1])
			if err != nil {
				return err
			}
			at.Valid = s.clock.Now().Add(-d)
		case "known":
			known, ok := s.marks[words[i+1]]
			if !ok {
				return fmt.Errorf("nothing is marked %s", words[i+1])
			}
			at.Known = known
		}
	}
	rows, _, _, err := s.outcomes.List(s.ctx, outcome.Filter{Check: "tiny/" + check, Attribute: attribute, Item: s.host(words[0]).ID}, at, "", 10)
	if err != nil {
		return err
	}
	if words[2] == "unjudged" {
		if len(rows) != 0 {
			return fmt.Errorf("it is %s: %s", rows[0].Outcome, rows[0].Reason)
		}
		return nil
	}
	if len(rows) != 1 {
		return fmt.Errorf("%d outcomes", len(rows))
	}
	if string(rows[0].Outcome) != words[2] || !strings.Contains(rows[0].Reason, because) {
		return fmt.Errorf("it is %s: %q, since %v", rows[0].Outcome, rows[0].Reason, rows[0].Since)
	}
	return nil
}

func (s *scenario) expectFinding(words []string) error {
	f, err := s.findings.Get(s.ctx, words[0])
	if words[1] == "missing" {
		if err == nil {
			return fmt.Errorf("it is %s", f.State)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if string(f.State) != words[1] {
		return fmt.Errorf("it is %s %s: %s", f.State, f.Cause, f.Reason)
	}
	for i, word := range words[2:] {
		check, attribute, identity := strings.Cut(word, "/")
		switch {
		case word == "due":
			d, err := length(words[i+3])
			if err != nil {
				return err
			}
			if got := f.Due.Sub(f.OpenedAt); got != d {
				return fmt.Errorf("%v are allowed", got)
			}
		case word == "overdue" || word == "timely":
			if f.Overdue(s.clock.Now()) != (word == "overdue") {
				return fmt.Errorf("it is due %v", f.Due)
			}
		case i > 0 && words[i+1] == "due":
		case identity:
			if f.Check != "tiny/"+check || f.Attribute != attribute {
				return fmt.Errorf("it is about %s %s", f.Check, f.Attribute)
			}
		case s.machines[word] != nil:
			if f.ItemName != word {
				return fmt.Errorf("it is about %s", f.ItemName)
			}
		case string(f.Cause) != word:
			return fmt.Errorf("its cause is %q: %s", f.Cause, f.Reason)
		}
	}
	return nil
}

func (s *scenario) expectTwins(name string, want []string) error {
	all, err := s.hosts.Twins(s.ctx, s.host(name))
	if err != nil {
		return err
	}
	var got []string
	for _, t := range all {
		for other := range s.machines {
			if s.host(other).ID != t.ID {
				continue
			}
			if t.Machine {
				got = append(got, other+"=machine")
			}
			if t.SameName {
				got = append(got, other+"=name")
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("they are %v", got)
	}
	return nil
}

func (s *scenario) expectCounts(name string, pairs []string) error {
	check, attribute, _ := strings.Cut(name, "/")
	want := map[string]string{"pass": "0", "fail": "0", "error": "0", "not_observed": "0", "not_applicable": "0", "waived": "0"}
	for _, p := range pairs {
		o, n, _ := strings.Cut(p, "=")
		want[o] = n
	}
	all, err := s.outcomes.Counts(s.ctx, outcome.Now())
	if err != nil {
		return err
	}
	var got outcome.Counts
	for _, c := range all {
		if c.Check == "tiny/"+check && c.Attribute == attribute {
			got = c.Counts
		}
	}
	for o, n := range map[string]int64{"pass": got.Pass, "fail": got.Fail, "error": got.Error, "not_observed": got.NotObserved, "not_applicable": got.NotApplicable, "waived": got.Waived} {
		if strconv.FormatInt(n, 10) != want[o] {
			return fmt.Errorf("counts are %+v", got)
		}
	}
	return nil
}
