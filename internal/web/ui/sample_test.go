package ui

import "fmt"

func sampleAssets() Assets {
	return Assets{Tokens: "/static/tokens.css", Style: "/static/attesta.css", HTMX: "/static/htmx-4.0.1.min.js", Script: "/static/attesta.js", Passkey: "/static/passkey.js", Icon: "/static/icon.svg"}
}

func sampleShell(section, page string) Shell {
	return Shell{Title: "Sample", Section: section, Page: page, Path: "/", Zone: "UTC", System: "Larkfield Payroll", User: "Maeve Doyle", Initials: "MD", Assets: sampleAssets(),
		Sections: []Section{{Name: "Home", Href: "/"}, {Name: "Comply", Href: "/criteria", Pages: []PageLink{{Link: Link{"Criteria", "/criteria"}}, {Link: Link{"Controls", "/controls"}}}},
			{Name: "Operate", Href: "/findings", Count: "31", Pages: []PageLink{{Link: Link{"Findings", "/findings"}}, {Link: Link{"Hosts", "/hosts"}}, {Link: Link{"Standards", "/standards"}}}},
			{Name: "Settings", Href: "/ledger", Pages: []PageLink{{Link: Link{"Ledger", "/ledger"}}}}},
		Period: Period{Rules: section == "Comply" || section == "Home", Text: "Today, 20 Aug 2026", Note: "as known now", Date: "2026-08-19", Max: "2026-08-20", Path: "/", Today: "/"},
		Ledger: Foot{Size: "1,284,306", Anchor: "not yet anchored outside", Href: "/ledger"}}
}

func mo(text string) Moment {
	return Moment{ISO: "2026-08-20T11:30:00Z", Text: text, Title: "Thursday 20 August 2026, 11:30:00 UTC"}
}

func sampleMonths() []MonthMark {
	return []MonthMark{{0, "Apr"}, {4.4, "May"}, {8.8, "Jun"}, {13.1, "Jul"}, {17.6, "Aug"}, {22, "Sep"}}
}

func sampleAccount() AccountView {
	return AccountView{Line: "Maeve Doyle, logs in as maeve, administrator", Sessions: []SessionRow{
		{ID: "ses_1", Opened: mo("20 Aug 08:02"), Seen: mo("20 Aug 11:30"), Ends: mo("20 Aug 20:02"), Address: "127.0.0.1", Agent: "Firefox", Via: "by password", This: true},
		{ID: "ses_2", Opened: mo("19 Aug 08:02"), Seen: mo("19 Aug 11:30"), Ends: mo("20 Aug 20:02"), Address: "10.1.2.3", Agent: "Chrome", Via: "by link"}}}
}

func sampleHome() HomeView {
	w := Weeks{Total: 61, Now: 21, Months: sampleMonths(), First: "1 Apr", Last: "30 Sep", Today: "20 Aug", Label: "Criteria by week"}
	for i := range 26 {
		c := WeekColumn{Name: fmt.Sprintf("W%d", i+1), Begun: i < 21}
		if i < 21 {
			c.Deviation, c.Insufficient = (i*7)%5, 4+(i*3)%6
		}
		w.Columns = append(w.Columns, c)
	}
	return HomeView{Date: "Thursday 20 August 2026, 11:32", Criteria: 61, Coverage: "97.8 %", Present: true,
		Lead:     []Link{{"6 of 61 criteria", "/criteria?status=deviation"}, {Text: " carry a deviation today; "}, {"7 lack evidence", "/criteria?status=insufficient"}, {Text: ". "}, {"31 findings", "/findings"}, {Text: " need a person, 1 late."}},
		Weeks:    w,
		ByStatus: map[Status]int{"deviation": 6, "insufficient": 7, "did_not_operate": 3, "out": 2, "none": 43},
		StatusURL: map[Status]string{"all": "/criteria", "deviation": "/criteria?status=deviation", "insufficient": "/criteria?status=insufficient", "did_not_operate": "/criteria?status=did_not_operate",
			"out": "/criteria?status=out", "none": "/criteria?status=none"},
		AllOpen: Link{"All 31 open findings", "/findings"},
		Findings: []Due{
			{Due: mo("19 Aug 14:00"), Late: "21 h late", Do: Link{"F-214 SSH on pay-db-02 accepts root logins", "/findings/F-214"}, Because: "Expected no or prohibit-password, observed yes (CC6.1, CC7.1)", Sev: "critical"},
			{Due: mo("21 Aug 18:00"), Soon: true, Do: Link{"F-209 The kernel of edge-02 forwards packets", "/findings/F-209"}, Because: "Expected 0, observed 1 (CC6.6)", Sev: "high"},
			{Due: mo("24 Aug"), Do: Link{"F-200 /etc/shadow on batch-01 can be read by others", "/findings/F-200"}, Because: "Expected 0640 or stricter, observed 0644 (CC6.1)", Sev: "high"},
		},
		Silent:  []SilentSource{{Name: Link{"batch-03", "/hosts/hst_1"}, For: "5 d 2 h", Bad: true, Detail: "last heard 15 Aug 09:14; its attributes count as not observed"}},
		Sources: Link{"1 of 19", "/hosts"},
		Open:    []SeverityCount{{"critical", 2, "/findings?severity=critical", 1}, {"high", 6, "/findings?severity=high", 0}, {"medium", 23, "/findings?severity=medium", 0}, {"low", 0, "/findings?severity=low", 0}},
		Since:   []Tally{{Text: "Findings opened", Href: "/findings", N: 3}, {Text: "Findings closed, by an observed pass", Href: "/findings", N: 5}}}
}

func sampleHomeFirst() HomeView {
	v := sampleHome()
	v.Lead = []Link{{Text: "Nothing has been observed yet, so "}, {"61 of 61 criteria", "/criteria"}, {Text: " lack evidence."}}
	v.ByStatus = map[Status]int{"insufficient": 61}
	v.Findings, v.Silent, v.Since = nil, nil, nil
	for i := range v.Weeks.Columns {
		v.Weeks.Columns[i] = WeekColumn{Name: "W", Begun: i == 0}
	}
	v.Weeks.Columns[0].Insufficient, v.Weeks.Now = 61, 1
	v.First = &FirstRun{Title: "What happens now", Steps: []FirstStep{
		{Text: "Attesta runs, and its ledger is open", Detail: "Everything from now on is an entry.", Done: true, Link: Link{"Ledger", "/ledger"}},
		{Text: "A configuration standard is in force", Detail: "Linux server 1.0.0, 41 checks; a draft until you approve it.", Done: true, Link: Link{"Standards", "/standards"}},
		{Text: "The agent of this machine reports what it reads", Detail: "This takes a few seconds; this page follows.", Current: true, Link: Link{"Hosts", "/hosts"}},
		{Text: "The facts are judged, and what fails becomes a finding"}}}
	return v
}

func sampleStrip(kind int) Strip {
	s := Strip{Now: 21}
	for i := range 26 {
		st := Status("none")
		switch {
		case i >= 21:
			st = ""
		case kind%3 == 1 && i > 17:
			st = "deviation"
		case kind%4 == 2 && i > 14:
			st = "insufficient"
		case kind%5 == 3 && i < 6:
			st = "did_not_operate"
		}
		s.Cells = append(s.Cells, StripCell{st})
	}
	return s
}

func sampleCriteria() CriteriaView {
	v := CriteriaView{Title: "6 of 61 criteria carry a deviation today; 13 did at some time in these weeks", Note: "Each status is derived from the worst key control; nothing missing counts as good.",
		Head: WeekHead{Weeks: 26, Now: 21, Months: sampleMonths()}, All: 61, Today: "Today", Undo: "/criteria", AsKnown: "As known now, at ledger size 1,284,306",
		Foot: CriteriaFoot{"61 criteria", "21 of 26 weeks have begun", "43 without known deviation", "97.8 %", "84, 58 key", "312 of 322"}}
	v.Chips = []Chip{{Text: "All 61", Href: "/criteria", Current: true}}
	for _, st := range Statuses() {
		v.Chips = append(v.Chips, Chip{Text: "6 " + st.Words(), Cell: st.Cell(), Href: "/criteria?status=" + string(st)})
	}
	n := 0
	for g, title := range []string{"Logical and physical access", "System operations"} {
		gr := CriteriaGroup{ID: fmt.Sprintf("CC%d", 6+g), Title: title}
		for i := range 8 {
			strip := sampleStrip(n)
			st := strip.Cells[20].Worst
			row := CriterionRow{ID: fmt.Sprintf("CC%d.%d", 6+g, i+1), Title: "Access by role, changed and removed", Href: "/criteria/x", Drawer: "/criteria/x?drawer=1", Strip: strip, Status: st,
				Draft: n%2 == 0, Coverage: Coverage{"91.4 %", 914}, Controls: "2 key", Points: "4 of 4", Alone: n == 4}
			if n == 4 {
				row.Controls, row.Coverage = "1 key only", Coverage{"100 %", 1000}
			}
			gr.Rows = append(gr.Rows, row)
			n++
			if text, d := RunsOf(strip); text != "" {
				v.Twin = append(v.Twin, TwinRow{row.ID, row.Href, text, d})
			}
		}
		v.Groups = append(v.Groups, gr)
	}
	v.Shown = n
	return v
}

func sampleControls() []ControlRow {
	return []ControlRow{
		{Link: Link{"Production hosts are kept to the approved configuration standard", "/controls/a"}, Key: true, Auto: true, Status: "deviation", Draft: true, Why: "1 of 24 hosts fails sshd-root-login since 17 Aug.", Coverage: Coverage{"99.6 %", 996}, Criteria: []Link{{"CC6.1", "/c"}, {"CC7.1", "/c"}}, Checks: 4},
		{Link: Link{"Access reviews are performed each quarter", "/controls/b"}, Key: true, Status: "insufficient", Why: "No instance is recorded.", Coverage: Coverage{Words: "none"}, Criteria: []Link{{"CC6.2", "/c"}}},
		{Link: Link{"Clocks agree", "/controls/c"}, Auto: true, Status: "none", Coverage: Coverage{"100 %", 1000}, Criteria: []Link{{"CC7.2", "/c"}}, Checks: 1},
	}
}

func sampleCriterion() CriterionView {
	return CriterionView{ID: "CC7.1", Title: "Configuration and vulnerabilities", Href: "/criteria/CC7.1", List: Link{"Criteria", "/criteria"}, Category: "security", Status: "deviation", Draft: true,
		Since: mo("17 Aug 22:41"), Coverage: Coverage{"99.6 %", 996}, Why: "The worst of 2 key controls decides: 1 of 24 hosts fails sshd-root-login since 17 Aug.",
		Change: "When pay-db-02 is observed to pass sshd-root-login, this becomes insufficient evidence.", Key: 2, Controls: sampleControls(), Addressed: 1, Relevant: 3,
		Alone:  Link{"Production hosts are kept to the approved configuration standard", "/controls/a"},
		Points: []PointRow{{Number: 1, Title: "Uses defined configuration standards", Controls: []Link{{"Configuration standard", "/controls/a"}}}, {Number: 2, Title: "Monitors infrastructure and software"}, {Number: 3, Title: "Implements change-detection mechanisms", Applies: "Not in this scope."}},
		Head:   WeekHead{Weeks: 26, Now: 21, Months: sampleMonths()}, Strip: sampleStrip(1), Weeks: "W19–W21 deviation; W1 began on 1 Apr.",
		Failing: []FailingCheck{{Link{"linux-server/sshd-root-login", "/checks/linux-server/sshd-root-login"}, "deviation", "1 of 24 hosts fails."}}, Nearby: []Link{{"← CC6.8", "/criteria/CC6.8"}, {"CC7.2 →", "/criteria/CC7.2"}}}
}

func sampleCheckRows() []CheckRow {
	return []CheckRow{
		{Check: Link{"linux-server/sshd-root-login", "/checks/linux-server/sshd-root-login"}, Title: "SSH refuses root", Tier: "essential", Severity: "critical", Counts: Counts{Pass: 23, Fail: 1}, Status: "deviation", Draft: true, LastRun: mo("20 Aug 11:30"), FailHref: "/checks/x"},
		{Check: Link{"linux-server/time-synchronised", "/checks/linux-server/time"}, Title: "Clocks agree", Tier: "recommended", Severity: "medium", Counts: Counts{Pass: 20, NotObserved: 4}, Status: "insufficient", LastRun: mo("20 Aug 11:30")},
	}
}

func sampleControl() ControlView {
	return ControlView{List: Link{"Controls", "/controls"}, Slug: "C-31", Title: "Production hosts are built and kept to the approved configuration standard", Status: "deviation", Draft: true, Since: mo("17 Aug 22:41"),
		Coverage: Coverage{"99.6 %", 996}, Why: "1 of 24 hosts fails sshd-root-login since 17 Aug.", Change: "When pay-db-02 is observed to pass, this becomes no known deviation.", Version: "version 1, since 12 May", Owner: "owner: head of engineering",
		Statement: "Every production host is judged against the approved standard. What fails becomes a finding with a due date and is mended or waived.",
		Design:    []Fact{{Term: "Risk", Text: "A weakened host lets a stolen credential reach payroll data"}, {Term: "Kind", Text: "key, detective, automated"}, {Term: "Frequency", Text: "continuous"}}, DesignBy: "draft from the library, not approved by anybody yet",
		Counts: Counts{Pass: 43, Fail: 1, NotObserved: 4}, Checks: sampleCheckRows(), ChecksSum: "2 checks", Operation: []Figure{{Term: "Checks", Value: "2", Note: "rest under it"}, {Term: "With a deviation", Value: "1", Bad: true, Note: "of them"}, {Term: "Coverage", Value: "91.6 %", Note: "44 of 48 observed"}},
		Points: []PointRow{{Number: 1, Title: "Uses defined configuration standards", Controls: []Link{{"CC7.1", "/criteria/CC7.1"}}, Applies: "Says how hosts are set up."}}, PointsOf: "1 point of 1 criterion", Approve: "/controls/a/approve",
		History: []Step{{At: mo("12 May 09:00"), Text: "Control added", By: "by Attesta", Mark: "key", Entry: Link{"#958,220", "/ledger/958220"}}}}
}

func sampleRemedy() []RemedyStep {
	return []RemedyStep{{"", []RemedyLine{{Text: "First make sure that a person can log in under their own name and use sudo; keep the present session open meanwhile."}}},
		{"1", []RemedyLine{{Text: "Find every place that sets it:", Code: "grep -rin permitrootlogin /etc/ssh/sshd_config /etc/ssh/sshd_config.d"}}},
		{"2", []RemedyLine{{Text: "Set in the first of these files and remove the others:", Code: "PermitRootLogin no"}}},
		{"3", []RemedyLine{{Code: "sshd -t && (systemctl reload ssh || systemctl reload sshd)"}}},
		{"", []RemedyLine{{Text: "Check again:", Code: "sshd -T | grep -i permitrootlogin", Note: "(as root)"}}}}
}

func sampleCheck() CheckView {
	return CheckView{Crumbs: []Link{{"Standards", "/standards"}, {"Linux server", "/standards/std_1"}, {Text: "sshd-root-login"}}, ID: "linux-server/sshd-root-login", Title: "SSH refuses root logins", Status: "deviation", Draft: true, Severity: "critical", Tier: "essential",
		Coverage: Coverage{"100 %", 1000}, Why: "1 of 24 hosts fails.", Change: "When pay-db-02 is observed to pass, this becomes no known deviation.", Rationale: []string{"A login as root names no person."}, Remedy: sampleRemedy(), Population: "hosts", Where: "has(item.sshd)",
		Facts:      []Fact{{Term: "Standard", Links: []Link{{"Linux server 1.0.0", "/standards/std_1"}}}, {Term: "Reads", Text: "sshd.effective.permitrootlogin", Mono: true}},
		Attributes: []AttributeRow{{ID: "root_login_refused", Title: "root cannot log in", Expr: `item.sshd.effective.permitrootlogin in ["no", "prohibit-password"]`, Counts: Counts{Pass: 23, Fail: 1}}},
		Items:      []ItemRow{{Item: Link{"pay-db-02", "/hosts/h"}, Attribute: "root_login_refused", Outcome: "fail", Reason: "", Observed: `{"permitrootlogin":"yes"}`, Since: mo("17 Aug 22:41"), Finding: Link{"F-214", "/findings/F-214"}}}, ItemsMore: "1 judgement"}
}

func sampleHosts() HostsView {
	return HostsView{Title: "1 of 3 hosts does not meet the standard; 1 silent", Note: "A host reports by its agent.", All: 3, Undo: "/hosts", Chips: []Chip{{Text: "In the population", Href: "/hosts", Current: true}},
		Columns: []Column{{Text: "Host"}, {Text: "System"}, {Text: "Last heard"}, {Text: "Outcomes"}, {Text: "Fail", N: true}, {Text: "Not known", N: true}, {Text: "Pass", N: true}, {Text: "Findings", N: true}},
		Rows: []HostRow{
			{Link: Link{"pay-db-02", "/hosts/a"}, OS: "Debian GNU/Linux 13 (trixie)", Heard: mo("20 Aug 11:31:52"), Counts: Counts{Pass: 107, Fail: 2, Error: 1, NotApplicable: 7}, Href: "/findings?host=a"},
			{Link: Link{"batch-03", "/hosts/b"}, OS: "Ubuntu 24.04", Silent: "5 d 2 h", Counts: Counts{NotObserved: 117}, Href: "/findings?host=b"},
			{Link: Link{"edge-01", "/hosts/c"}, OS: "", Heard: mo("20 Aug 11:31:50"), Href: "/findings?host=c"}},
		Pager: Pager{Text: "3 of 3 shown"}}
}

func sampleHost() HostView {
	return HostView{List: Link{"Hosts", "/hosts"}, Name: "pay-db-02", State: []HostState{{"fail", "2 of 117 attributes fail"}, {"error", "1 could not be read"}, {"", "coverage 99.1 %"}, {"", "last heard 20 Aug 11:31:52, 8 s ago"}},
		Strip:     []Figure{{Term: "System", Value: "Debian GNU/Linux 13 (trixie)"}, {Term: "Kernel", Value: "6.12.43"}, {Term: "Architecture", Value: "amd64"}, {Term: "Agent", Value: "0.1.0"}, {Term: "Clock", Value: "3 ms behind"}},
		Standards: []StandardLink{{Link: Link{"Linux server 1.0.0", "/standards/std_1"}, Draft: true}},
		Tiers:     []TierRow{{"essential", Counts{Pass: 24, Fail: 1}}, {"recommended", Counts{Pass: 45, Fail: 1, NotApplicable: 2}}, {"thorough", Counts{Pass: 38, Error: 1, NotApplicable: 5}}},
		Total:     Counts{Pass: 107, Fail: 2, Error: 1, NotApplicable: 7},
		Results: []ResultGroup{{"fail", []Result{{Check: Link{"SSH refuses root logins", "/checks/x"}, Expected: "no or prohibit-password", Observed: `"yes"`, Outcome: "fail", Since: mo("17 Aug 22:41"), Finding: Link{"F-214", "/findings/F-214"}}}, true},
			{"error", []Result{{Check: Link{"Audit rules are immutable", "/checks/y"}, Reason: "Needs root.", Since: mo("17 Aug 22:41")}}, false}, {"pass", []Result{{Check: Link{"Clocks agree", "/checks/z"}, Expected: "below 100 ms", Observed: "3", Since: mo("17 Aug 22:41")}}, false}},
		Sections: []SectionRow{{Link: Link{"sshd", "/hosts/a/sections/sshd"}, Seen: mo("20 Aug 11:31:52")}, {Link: Link{"services", "/hosts/a/sections/services"}, Seen: mo("20 Aug 11:31:52"), Missing: 1, Why: "No service manager runs here."}},
		Changes:  []Step{{At: mo("20 Aug 11:30:04"), Text: "Section sshd changed", Links: []Link{{"facts", "/x"}}}}, ChangesNote: "Newest first.",
		Findings: []HostFinding{{Link: Link{"F-214 SSH on pay-db-02 accepts root logins", "/findings/F-214"}, Sev: "critical", Due: mo("24 Aug"), Soon: true}}, FindingsLink: Link{"All", "/findings?host=a"},
		AgentFacts: []Fact{{Term: "Version", Text: "0.1.0"}, {Term: "Host", Text: "hst_06g3r8x2k4v8m06g3r8x2k4v8m", Mono: true}}}
}

func sampleSection() SectionView {
	return SectionView{Crumbs: []Link{{"Hosts", "/hosts"}, {"pay-db-02", "/hosts/a"}, {Text: "sshd"}}, Title: "Section sshd of pay-db-02", Note: "84 facts as the agent read them; secrets never leave the host.", Path: "/hosts/a/sections/sshd", All: 84,
		Facts:   []Fact{{Term: "Read by", Text: "agent 0.1.0 on pay-db-02"}, {Term: "Digest", Text: "9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae", Mono: true}},
		Rows:    []FactRow{{Path: "sshd.effective.permitrootlogin", Value: `"yes"`, Target: true}, {Path: "sshd.effective.port", Value: "[22]"}},
		Missing: []MissingRow{{Path: "/file", Outcome: "error", Reason: "Needs root."}}, Pager: Pager{Text: "2 of 84 shown", Next: "/x"}}
}

func sampleFindings() FindingsView {
	return FindingsView{Title: "31 findings need a person; 1 late", Note: "A finding closes only when a pass is observed.", State: []Chip{{Text: "Needs a person 31", Href: "/findings", Current: true}, {Text: "Closed 12", Href: "/findings?state=closed"}},
		Sev: []Chip{{Text: "Any severity", Href: "/findings", Current: true}, {Text: "critical", Glyph: "g-sev4", Href: "/findings?severity=critical"}}, Scope: []Link{{"host pay-db-02", "/findings"}},
		Columns: []Column{{Text: "Number", Href: "/f"}, {Text: "What"}, {Text: "Item"}, {Text: "Severity", Href: "/f", Sort: "descending"}, {Text: "State"}, {Text: "Opened"}, {Text: "Due", Href: "/f"}},
		Rows: []FindingRow{{Number: Link{"F-214", "/findings/F-214"}, Title: "SSH on pay-db-02 accepts root logins", Item: Link{"pay-db-02", "/hosts/a"}, Severity: "critical", State: "open", Opened: mo("17 Aug 22:41"), Due: mo("19 Aug"), Late: "21 h late"},
			{Number: Link{"F-200", "/findings/F-200"}, Title: "/etc/shadow on batch-01 can be read by others", Item: Link{"batch-01", "/hosts/b"}, Severity: "high", State: "acknowledged", Reopened: true, Opened: mo("17 Aug 22:41"), Due: mo("24 Aug"), Draft: true}},
		Pager: Pager{Text: "2 of 31 shown", Next: "/findings?after=x"}}
}

func sampleFinding() FindingView {
	return FindingView{List: Link{"Findings", "/findings"}, Number: "F-214", Title: "SSH on pay-db-02 accepts root logins", Outcome: "fail", State: "open", Severity: "high", Draft: true, Open: "open 2 d 13 h", Due: "due Mon 24 Aug 22:41, in 4 d 11 h",
		Derive: []DeriveStep{
			{Step: "Fact read", Lead: []Part{{Text: "sshd.effective.permitrootlogin", Code: true}, {Text: " is "}, {Text: `"yes"`, Code: true, Strong: true}, {Text: " on "}, {Text: "pay-db-02", Href: "/hosts/a"}}, Meta: "read by agent 0.1.0, last observed 20 Aug 11:30:04; clock 3 ms behind", Where: Link{"facts", "/hosts/a/sections/sshd"}},
			{Step: "Attribute", Lead: []Part{{Text: "root cannot log in."}}, Expr: `item.sshd.effective.permitrootlogin in ["no", "prohibit-password"]`, Meta: "attribute root_login_refused", Where: Link{"check", "/checks/x"}},
			{Step: "Outcome", Outcome: "fail", After: "since 17 Aug 22:41:04", Meta: "Expected no or prohibit-password. Observed yes.", Where: Link{"24 items", "/checks/x"}},
			{Step: "Record", Lead: []Part{{Text: "Ledger entry "}, {Text: "#1,284,291", Href: "/ledger/1284291"}}, Meta: "not yet anchored outside", Where: Link{"proof", "/ledger/1284291"}},
			{Step: "Finding", Lead: []Part{{Text: "F-214", Strong: true}, {Text: ", high"}}, Meta: "It closes only when a pass is observed.", Where: Link{Text: "this page"}},
			{Step: "Control", Lead: []Part{{Text: "Configuration standard", Href: "/controls/a"}}, Status: "deviation", Meta: "Worst of 4 checks.", Where: Link{"control", "/controls/a"}},
			{Step: "Criterion", Lead: []Part{{Text: "CC7.1", Href: "/criteria/CC7.1"}, {Text: " Configuration and vulnerabilities"}}, Status: "deviation", Meta: "Worst of 2 key controls.", Where: Link{"criterion", "/criteria/CC7.1"}}},
		Evidence: Link{"Open the facts", "/x"}, Remedy: sampleRemedy(), After: "It closes by itself when the agent observes a pass.",
		Facts:    []Fact{{Term: "Number", Text: "F-214", Mono: true}, {Term: "Item", Links: []Link{{"pay-db-02", "/hosts/a"}}}},
		Timeline: []Step{{At: mo("18 Aug 08:02"), Text: "Acknowledged", By: "by Maeve Doyle", Mark: "key"}, {At: mo("17 Aug 22:41"), Text: "Opened: expected no, observed yes", Mark: "bad", Entry: Link{"#1,281,904", "/ledger/1281904"}}}, Zone: "times in UTC", Acknowledge: "/findings/F-214/acknowledge"}
}

func sampleStandard() StandardView {
	return StandardView{List: Link{"Standards", "/standards"}, ID: "linux-server", Title: "Linux server", Version: "1.0.0", Digest: "ab", Draft: true, Approved: "not approved yet", Approval: ApprovalForm{Action: "/standards/std_1/approve"}, Means: "This version judges already, and its results are marked draft.",
		Chips: []Chip{{Text: "All 41", Href: "/x", Current: true}}, Groups: []CheckGroup{{Tier: "essential", Means: "start here", Rows: sampleCheckRows()}}, Shown: 2, All: 41, Undo: "/x", Facts: []Fact{{Term: "Pack", Text: "linux-server", Mono: true}}}
}

func sampleLedger() LedgerView {
	return LedgerView{Title: "The ledger holds 1,284,306 entries, and none is anchored outside yet", Note: "Every run, finding, approval and login is an entry.", Warn: "No witness has seen the checkpoint.",
		Head:   []Fact{{Term: "Origin", Text: "attesta.local/9f3c71ae", Mono: true}, {Term: "Entries", Text: "1,284,306"}, {Term: "Root", Text: "9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae9f3c71ae", Mono: true}},
		Verify: "attesta ledger verify\nattesta ledger key", Types: []Chip{{Text: "All", Href: "/ledger", Current: true}, {Text: "Findings", Href: "/ledger?type=finding."}},
		Rows: []EntryRow{{Index: Link{"#1,284,305", "/ledger/1284305"}, At: mo("20 Aug 11:31:58"), Type: "run", What: "Run judged 117 attributes; 1 outcome changed", Subject: Link{"hst_06g3", "/hosts/a"}, Actor: Link{Text: "src_06g3"}},
			{Index: Link{"#1,284,304", "/ledger/1284304"}, At: mo("20 Aug 11:31:58"), Type: "finding.opened", What: "Finding opened F-214", Subject: Link{"fnd_06g3", "/findings/a"}, Actor: Link{Text: "Attesta"}}},
		Pager: Pager{Text: "2 entries shown", Next: "/x"}, Undo: "/ledger"}
}

func sampleEntry() EntryView {
	hashes := []string{}
	for i := range 21 {
		hashes = append(hashes, fmt.Sprintf("%064x", i+1_000_000))
	}
	return EntryView{List: Link{"Ledger", "/ledger"}, Title: "#1,284,291", Note: "Finding opened F-214", Bytes: `{"actor":"src_06g3","at":"2026-08-20T11:30:09Z","data":{"number":"F-214"},"id":"ent_06g3","type":"finding.opened","v":1}`, Size: 118,
		Facts: []Fact{{Term: "Type", Text: "finding.opened", Mono: true}}, Data: []Fact{{Term: "number", Text: "F-214"}}, About: []Link{{"F-214", "/findings/F-214"}}, Near: []Link{{"Entry before", "/ledger/1284290"}},
		Proof:  &ProofView{Index: "1,284,291", Size: "1,284,306", Root: "7f02000000000000000000c9", Leaf: "aa", Hashes: hashes, Label: "21 hashes lead from entry 1,284,291 to the root of the signed checkpoint.", Checked: "the computed root equals the signed one", Signed: mo("20 Aug 11:31:58"), Key: "attesta.local/x+aa+bb", Download: "/ledger/1284291/proof"},
		Verify: "attesta ledger proof 1284291"}
}
