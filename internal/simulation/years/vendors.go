package years

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/program/vendor"
)

func makeVendors(o *Stage) error {
	book, err := vendor.Shipped()
	if err != nil {
		return err
	}
	o.Vendors = vendor.New(vendor.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Book: book, Access: o.Access, Control: o.controlInUse,
		Frame: func(ctx context.Context) (*time.Location, vendor.Window, error) {
			now, err := o.Scopes.Now(ctx)
			if err != nil {
				return nil, vendor.Window{}, err
			}
			if w, ok := now.Window(); ok {
				return now.Location(), vendor.Window{From: vendor.Day(w.From), To: vendor.Day(w.To)}, nil
			}
			return now.Location(), vendor.Window{}, nil
		}})
	return nil
}

// step is what somebody records of a vendor on a day of the story.
type step struct {
	day    int
	who    string
	change vendor.Change
}

// supplier is a vendor of the story, asked for by its manager.
type supplier struct {
	asked  int
	intake vendor.Intake
	steps  []step
}

// weigh gives the answers that a vendor's criticality is derived from.
func weigh(outage, reach, replace, controls string) map[string]string {
	return map[string]string{"outage": outage, "access": reach, "replace": replace, "controls": controls}
}

// yearOfVendors is a dozen vendors from asking to ending.
func yearOfVendors(o *Stage, c *Calendar) error {
	day := func(n int) vendor.Day {
		return vendor.DayOf(o.Start.AddDate(0, 0, n*c.Days/365), time.UTC)
	}
	for _, s := range append(o.suppliers(day), o.lesserSuppliers(day)...) {
		ref := ""
		name := s.intake.Name
		c.On(s.asked, name+" is asked for", func(ctx context.Context) error {
			v, err := o.Vendors.Ask(ctx, o.Cast[s.intake.Manager], s.intake)
			if err == nil {
				ref = v.Ref()
			}
			return err
		})
		for _, t := range s.steps {
			c.On(t.day, name+": "+t.change.Kind(), func(ctx context.Context) error {
				_, err := o.Vendors.Record(ctx, o.Cast[t.who], ref, t.change)
				return err
			})
		}
	}
	c.On(140, "what is expected of customers is written down", func(ctx context.Context) error {
		for _, x := range []vendor.Expectation{
			{Text: "Dispatchers' accounts are removed by the customer on the day somebody leaves.", Criteria: []string{"CC6.2"}, Why: "Nobody here learns that a dispatcher of a customer left.", Told: "Terms of service, section 9", Controls: []string{"access-reviewed"}},
			{Text: "Keys of the API are kept secret by the customer, and replaced when somebody who knew them leaves.", Criteria: []string{"CC6.1"}, Why: "Whoever holds the key is the customer to us.", Told: "Documentation of the API, first page"},
			{Text: "Orders are checked by the customer before they are handed over.", Criteria: []string{"CC2.3"}, Why: "A plan is no better than the orders that it is made from.", Told: "Terms of service, section 4"},
		} {
			if _, err := o.Vendors.Expect(ctx, o.Cast["aarav"], 0, x); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// suppliers are those on which much hangs.
func (o *Stage) suppliers(day func(int) vendor.Day) []supplier {
	var answers = func(no ...string) map[string]string {
		out := map[string]string{}
		for _, q := range o.Vendors.Book().Form("long") {
			out[q.ID] = q.Expect
		}
		for _, id := range no {
			out[id] = map[string]string{"yes": "no", "no": "yes"}[out[id]]
		}
		return out
	}
	security := []string{"security", "availability"}
	return []supplier{
		{8, vendor.Intake{Since: day(-700), Profile: vendor.Profile{Name: "Nordlys Datacentre", Service: "Machines, disks and networks that Farol runs on, in two countries", Website: "https://nordlys.example", Contact: "security desk, +47 555 0100", Manager: "lukas",
			Why: "Two sites far enough apart, reports that cover both, and a price that three years of growth can bear.", Alternatives: "Own machines in a rented room: one site only. Two larger clouds: twice the price for what we use.",
			Data: []string{"customer-data", "secrets"}, Answers: weigh("commitment", "production-change", "rebuild", "yes")}}, []step{
			{9, "aarav", &vendor.Review{Looked: "Its report of the year before last, the contract, and what was promised of two sites.", Conclusion: "keep"}},
			{11, "ines", &vendor.Approve{Note: "In use before vendors were approved here; looked at in full now."}},
			{12, "lukas", &vendor.Contract{Title: "Hosting agreement", From: day(-700), To: day(420), NoticeDays: 90, Renews: true, BreachHours: 48, AuditRight: true, DeletionDays: 30, Confidential: true, DataTerms: true, Where: "contract register, number 7"}},
			{14, "ines", &vendor.Classified{Is: "subservice", Method: "carve_out", Reasons: "If its halls, disks or networks fail or are entered, the commitments on availability and on keeping customers apart fail with them."}},
			{15, "lukas", &vendor.Report{Is: "soc2_type2", Issuer: "Lindqvist & Bergmann", From: day(-390), To: day(-26), Opinion: "unqualified", Categories: security, Scope: "Hosting in Oslo and Gothenburg", Carved: "Guards of both halls, carved out", Received: day(13),
				Controls: []string{"Customers decide who may open a ticket that changes a machine.", "Customers encrypt disks that hold data of others.", "Customers remove access of their leavers from the console."}, Where: "evidence room, folder 7"}},
			{19, "aarav", &vendor.ReportReview{Report: 1, Match: "yes", Conclusion: "rely", Note: "No deviation touches what we use; both sites are covered.", Mappings: []vendor.Mapping{
				{Duty: 1, Controls: []string{"access-approved"}}, {Duty: 2, Missing: "Disks of staging are not encrypted; they hold no data of others."}, {Duty: 3, Controls: []string{"leaver-access-removed"}}}}},
			{20, "lukas", &vendor.Access{Is: "account", System: "hypervisors", Name: "operators of the provider", May: "start, stop and move machines; no login on them", Since: day(-700)}},
			{20, "lukas", &vendor.Access{Is: "physical", System: "halls in Oslo and Gothenburg", Name: "racks 12 and 31", May: "replace disks, with a ticket of ours", Since: day(-700)}},
			{21, "aarav", &vendor.Assumption{Text: "Visitors to the halls are identified, accompanied and entered in a list.", Criteria: []string{"CC6.4"}, How: "The yearly review of its report.", Controls: []string{"vendor-reviewed-yearly"}}},
			{21, "aarav", &vendor.Assumption{Text: "Power, cooling and fire protection are maintained and tested twice a year.", Criteria: []string{"A1.2"}, How: "The yearly review of its report, and each outage that it tells us of."}},
			{58, "lukas", &vendor.Letter{Report: 1, From: day(-25), To: day(50), Received: day(56)}},
			{205, "lukas", &vendor.Incident{What: "A cooling unit in Gothenburg failed; two of our machines were stopped for 40 minutes.", Found: day(204).Time().Add(3 * time.Hour), Told: day(204).Time().Add(9 * time.Hour), By: "vendor", Effect: "The second site took over; routes were ready in time."}},
			{219, "aarav", &vendor.IncidentClose{Number: 1, Note: "The unit was replaced; the test of its spare is part of the next review."}},
			{331, "lukas", &vendor.Report{Is: "soc2_type2", Issuer: "Lindqvist & Bergmann", From: day(-25), To: day(339 - 10 - 31), Opinion: "unqualified", Categories: security, Scope: "Hosting in Oslo and Gothenburg", Carved: "Guards of both halls, carved out", Received: day(330),
				Deviations: []string{"In one of 25 visits the list of visitors held no time of leaving."},
				Controls:   []string{"Customers decide who may open a ticket that changes a machine.", "Customers remove access of their leavers from the console.", "Customers test that they can go on from the second site."}, Where: "evidence room, folder 7"}},
			{344, "aarav", &vendor.ReportReview{Report: 2, Match: "yes", Conclusion: "rely", Note: "One deviation about a visitor, which touches no rack of ours.", Effects: []vendor.Effect{{Deviation: 1, Effect: "none", Note: "The visit was to another hall."}},
				Mappings: []vendor.Mapping{{Duty: 1, Controls: []string{"access-approved"}}, {Duty: 3, Controls: []string{"leaver-access-removed"}}, {Duty: 4, Controls: []string{"restores-proved"}}}}},
			{346, "aarav", &vendor.Review{Looked: "The new report, one incident in summer, the contract and what it reaches.", Conclusion: "keep"}},
		}},
		{9, vendor.Intake{Since: day(-420), Profile: vendor.Profile{Name: "Forja Code", Service: "Repositories, reviews and the machines that build Farol", Website: "https://forja.example", Contact: "trust@forja.example", Manager: "mei",
			Why: "Reviews are required before a merge, and the record of them can be read by programs.", Alternatives: "Our own server: one more system to patch that can change production.",
			Data: []string{"source-code", "secrets"}, Answers: weigh("slower", "production-change", "months", "partly")}}, []step{
			{10, "ines", &vendor.Review{Looked: "Its report, settings of the organisation, who is an owner there.", Conclusion: "conditions", Conditions: "Keys of builds are replaced by short-lived ones before summer."}},
			{11, "aarav", &vendor.Approve{}},
			{12, "mei", &vendor.Contract{Title: "Business plan", From: day(-420), NoticeDays: 30, BreachHours: 72, DeletionDays: 90, Confidential: true}},
			{16, "ines", &vendor.Classified{Is: "vendor", Reasons: "What it builds is checked by digest before it runs; its failure delays a release and breaks no commitment."}},
			{22, "mei", &vendor.Report{Is: "soc2_type2", Issuer: "Ortega Prior LLP", From: day(-400), To: day(-36), Opinion: "qualified", Categories: []string{"security"}, Scope: "Repositories and reviews; build machines are not covered", Received: day(20),
				Deviations: []string{"Access of two leavers of its support was removed after nine days."}, Controls: []string{"Customers require a second factor of every member."}}},
			{24, "ines", &vendor.ReportReview{Report: 1, Match: "partly", MatchNote: "Build machines are not covered: what comes from them is checked by digest.", Conclusion: "in_part", Note: "Qualified for leavers of its support, who see no private repository.",
				Effects: []vendor.Effect{{Deviation: 1, Effect: "covered", Note: "Support needs a grant of ours to see a repository, and none was given."}}, Mappings: []vendor.Mapping{{Duty: 1, Controls: []string{"access-approved"}}}}},
			{26, "mei", &vendor.Access{Is: "oauth", System: "deployment", Name: "forja-deploy", May: "hand a build to the deployment queue", Since: day(-300)}},
			{26, "mei", &vendor.Access{Is: "api_key", System: "production registry", Name: "key ending in 91c4", May: "write images", Since: day(-300)}},
			{152, "mei", &vendor.AccessEnd{Number: 2, On: day(151), Proof: "The key is refused since the change to short-lived tokens; change 5512."}},
			// Its next report begins half a year after the last one ended.
			{338, "mei", &vendor.Report{Is: "soc2_type2", Issuer: "Ortega Prior LLP", From: day(190), To: day(330), Opinion: "unqualified", Categories: []string{"security"}, Scope: "Repositories, reviews and build machines", Received: day(336), Controls: []string{"Customers require a second factor of every member."}}},
			{347, "ines", &vendor.ReportReview{Report: 2, Match: "yes", Conclusion: "in_part", Note: "Nothing was reported for five months of our window; the vendor says that it changed auditors.", Mappings: []vendor.Mapping{{Duty: 1, Controls: []string{"access-approved"}}}}},
			{349, "ines", &vendor.Review{Looked: "The new report, the hole before it, and what it can still reach.", Conclusion: "keep"}},
		}},
		{13, vendor.Intake{Since: day(-200), Profile: vendor.Profile{Name: "Cartograma", Service: "Maps and travel times that plans are made from", Website: "https://cartograma.example", Contact: "support portal", Manager: "lukas",
			Why: "The only one with travel times for vans by the hour.", Alternatives: "An open map with times of our own: months of work.", Data: []string{"none"}, Answers: weigh("customers-day", "none", "months", "partly")}}, []step{
			{14, "aarav", &vendor.Review{Looked: "The contract, its up-time of a year, what leaves us in a request.", Conclusion: "keep"}},
			{15, "ines", &vendor.Approve{}},
			{17, "lukas", &vendor.Contract{Title: "Tile and matrix service", From: day(-200), To: day(165), NoticeDays: 60, AuditRight: false}},
			{18, "ines", &vendor.Classified{Is: "vendor", Reasons: "Plans are made from the times of yesterday where it fails; no commitment breaks within a day."}},
			{60, "lukas", &vendor.Sent{Form: "long", To: "its security desk", Due: day(90)}},
			{86, "lukas", &vendor.Filled{Form: "long", By: "Marta Vidal, security", On: day(84), Answers: answers("independent-report", "pen-test", "restore-tested"), Notes: map[string]string{"independent-report": "planned for next year"}}},
		}}, // its contract ran out, and nobody has looked again
		{30, vendor.Intake{Since: day(-90), Profile: vendor.Profile{Name: "Porto Helpdesk", Service: "Tickets and mail with customers", Website: "https://portohelp.example", Contact: "abuse@portohelp.example", Manager: "mei",
			Why: "Keeps attachments in the country, and tickets can be taken out whole.", Alternatives: "The shared mailbox of before: nobody saw what waited.", Data: []string{"customer-contacts", "customer-data"}, Answers: weigh("slower", "office", "month", "no")}}, []step{
			{33, "ines", &vendor.Review{Looked: "The questionnaire of the year before, where attachments lie, who of it may read them.", Conclusion: "keep"}},
			{34, "aarav", &vendor.Approve{}},
			{35, "mei", &vendor.Contract{Title: "Team plan with data terms", From: day(-90), To: day(640), Renews: true, NoticeDays: 30, BreachHours: 72, DeletionDays: 60, Confidential: true, DataTerms: true}},
			{36, "aarav", &vendor.Classified{Is: "vendor", Reasons: "Without it support answers by mail; no commitment rests on it."}},
			{37, "mei", &vendor.Access{Is: "account", System: "dispatchers' console", Name: "helpdesk-link", May: "open a customer's record by its number", Since: day(-60)}},
			{268, "mei", &vendor.Incident{What: "Attachments of three customers of its own were readable by their link for a day.", Found: day(260).Time().Add(8 * time.Hour), Told: day(267).Time().Add(10 * time.Hour), By: "vendor", Effect: "None of the three is ours; whether links of ours were read is being asked.", Data: false}},
			{350, "mei", &vendor.Sent{Form: "long", To: "its security desk", Due: day(395)}},
		}},
	}
}

// lesserSuppliers are those on which less hangs, those that left, and those that
// are not there yet.
func (o *Stage) lesserSuppliers(day func(int) vendor.Day) []supplier {
	profile := func(manager, name, service, why, other string, answers map[string]string, data ...string) vendor.Intake {
		return vendor.Intake{Profile: vendor.Profile{Name: name, Service: service, Manager: manager, Why: why, Alternatives: other, Data: data, Answers: answers}}
	}
	since := func(on vendor.Day, in vendor.Intake) vendor.Intake {
		in.Since = on
		return in
	}
	keep := func(looked string) *vendor.Review { return &vendor.Review{Looked: looked, Conclusion: "keep"} }
	other := "None that our people know."
	return []supplier{
		{31, since(day(-900), profile("aarav", "Folha Payroll", "Pays our people", "Knows the law of both countries that we employ in.", "A spreadsheet and an accountant: mistakes that nobody sees.", weigh("slower", "none", "month", "no"), "employees")), []step{
			{38, "ines", keep("Its certificate, the terms for personal data, where it keeps them.")}, {40, "ines", &vendor.Approve{}},
			{41, "aarav", &vendor.Contract{Title: "Payroll services", From: day(-900), NoticeDays: 60, Confidential: true, DataTerms: true, BreachHours: 72, DeletionDays: 365}},
			{42, "aarav", &vendor.Report{Is: "iso27001", Issuer: "Bureau Atlântico", From: day(-500), To: day(595), Opinion: "none", Scope: "Payroll and its data centre", Received: day(41)}},
		}},
		{43, since(day(-350), profile("mei", "Lanterna", "Calls whoever is on call", "Calls until somebody answers, and keeps who answered when.", other, weigh("slower", "office", "days", "no"), "internal")), []step{
			{44, "aarav", keep("What an alert says to it: names of hosts, no data of customers.")}, {45, "ines", &vendor.Approve{}},
			{46, "mei", &vendor.Contract{Title: "Standard plan", From: day(-350), Renews: true, To: day(380), NoticeDays: 30}},
		}},
		{47, since(day(-1100), profile("lukas", "Logbarn", "Kept logs of hosts for ninety days", "Was there before us.", "A log server of our own, which took its place.", weigh("slower", "production-read", "month", "partly"), "internal", "secrets")), []step{
			{48, "ines", &vendor.Review{Looked: "What goes there, for how long, and a report that ended two years ago.", Conclusion: "conditions", Conditions: "Only until our own log server takes its place."}},
			{50, "ines", &vendor.Approve{Note: "Until the log server stands."}},
			{51, "lukas", &vendor.Contract{Title: "Archive plan", From: day(-1100), NoticeDays: 30, DeletionDays: 30}},
			{52, "lukas", &vendor.Access{Is: "api_key", System: "all hosts", Name: "forwarder key ending in 02aa", May: "receives logs; cannot log in", Since: day(-1100)}},
			{158, "lukas", &vendor.Leave{Reason: "Logs go to our own server since the window began.", Last: day(185)}},
			{187, "lukas", &vendor.AccessEnd{Number: 1, On: day(186), Proof: "The key was revoked, and the address is refused by the firewall; change 5580."}},
			{214, "lukas", &vendor.DataEnd{How: "destroyed", On: day(212), Proof: "Letter of its operations of the day before, with the number of the archive."}},
			{215, "lukas", &vendor.End{On: day(214), Note: "Thirty days after the last day of use, as the contract says."}},
		}},
		{78, profile("aarav", "Hartwell Crane LLP", "Examines us, independently", "Licensed, reviewed by its peers, and it knows firms of our size.", "Two others: one without a date before winter, one that also sells the tool it would examine.", weigh("nothing", "none", "months", "no"), "internal"), []step{
			{82, "ines", keep("Licence, last peer review, questions of independence, the letter of engagement.")}, {83, "joana", &vendor.Approve{}},
			{84, "aarav", &vendor.Engage{On: day(83)}}, {85, "aarav", &vendor.Contract{Title: "Letter of engagement", From: day(83), To: day(460), Confidential: true}},
		}},
		{102, profile("mei", "Cheap Tunnel", "A way into the office network for whoever travels", "It costs nothing.", "What we have: each service has a door of its own.", weigh("nothing", "office", "days", "no"), "internal"), []step{
			{104, "aarav", &vendor.Review{Looked: "Its terms: it may read what goes through.", Conclusion: "end"}},
			{105, "ines", &vendor.Refuse{Note: "Its terms let it read what passes, and every system of ours has a door of its own."}},
		}},
		{162, since(day(-260), profile("lukas", "Palavra Chat", "Messages between our people", "Searchable, and leavers are gone at once.", other, weigh("slower", "office", "month", "no"), "internal", "customer-contacts")), []step{
			{163, "aarav", keep("Who outside may be invited, how long messages stay, its report.")}, {164, "ines", &vendor.Approve{}},
			{165, "lukas", &vendor.Contract{Title: "Team plan", From: day(-260), To: day(380), Renews: true, NoticeDays: 30, Confidential: true}},
			{166, "lukas", &vendor.Access{Is: "oauth", System: "mail and calendar", Name: "palavra-calendar", May: "read calendars", Since: day(-200)}},
			{348, "lukas", &vendor.Leave{Reason: "The price doubled; messages move to a server of our own.", Last: day(410)}},
		}},
		{255, profile("lukas", "Via Carta", "A second source of maps", "Where Cartograma fails, plans go on.", "Times of yesterday.", weigh("nothing", "none", "days", "no"), "none"), []step{
			{257, "lukas", &vendor.Engage{On: day(254)}}, // before anybody approved it
			{276, "aarav", keep("What leaves us in a request: two points and an hour.")}, {277, "ines", &vendor.Approve{Note: "Late: it was in use for three weeks. Whoever buys was told again."}},
			{278, "lukas", &vendor.Contract{Title: "Pay as used", From: day(254)}},
		}},
		{336, profile("aarav", "Aula Viva", "Courses for everybody, with who finished what", "Courses can be written by ourselves, and results taken out.", "Slides once a year: nobody remembers them.", weigh("nothing", "none", "days", "no"), "internal"), []step{
			{341, "ines", keep("Terms for personal data, where results are kept.")}, {351, "joana", &vendor.Approve{}},
		}},
		{357, func() vendor.Intake {
			in := profile("mei", "Nota Viva", "Writes down what is said in meetings", "Minutes are late or never.", "Somebody writes, in turn.", nil, "internal")
			in.Needed = day(385)
			return in
		}(), nil},
	}
}
