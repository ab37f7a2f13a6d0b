package years

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/register"
)

func makeGovernance(o *Stage) error {
	set, err := oversight.Keep(oversight.Beside{DB: o.DB, Ledger: o.Ledger, Access: o.Access, Evidence: o.Evidence, Vendors: o.Vendors, Control: o.controlInUse, Plan: &o.Tasks, Questions: &o.Questions,
		Config: oversight.Config{Clock: o.Clock, Scopes: o.Scopes}})
	o.Committees, o.Obligations = set.Committees, set.Obligations
	return err
}

// body is a board or committee of the story.
type body struct {
	formed    int // day
	profile   committee.Profile
	charter   string
	secretary string // writes charter and minutes
	approver  string // approves them: the chair, or who records the chair's word
	shown     string // what shows that word; "" where the chair approves
	seats     []seat
	sittings  []sitting
	ref       string
}

// seat is a member, in the order of their numbers.
type seat struct {
	committee.Seat
	years int // that the person sat before the history
}

// sitting is a meeting.
type sitting struct {
	day       int
	agenda    []string
	papers    []string
	present   []int
	guests    []string
	conflicts []committee.Declare
	decisions []verdict
	minutes   string // of a meeting that was minuted
	waits     bool   // its minutes are not approved yet
	off       string // why it was called off
}

type verdict struct {
	item    int
	text    string
	yes, no []int
	owner   string
	due     int // days after the meeting; 0: nothing is to be done
	done    int // days after the meeting on which its task is done; 0: not yet
}

const pack = "Board pack of the day, /board-pack"

func bodies() []*body {
	return []*body{
		{formed: 11, secretary: "ines", approver: "aarav", shown: "The page that Helena Castro signed, sent by her on the same day",
			profile: committee.Profile{Name: "Board", Sort: "board", Purpose: "Oversees what management does: what was promised to customers, the risks taken for it, and whether controls work.", Every: 3, Quorum: 2},
			charter: "1. The board oversees management. It does not manage.\n2. It meets at least once a quarter, and without executives at least twice a year.\n3. Ten days before, it gets the board pack, what is over the appetite for risks, and each finding that is past its day.\n4. It approves the appetite for risks, and hears the auditor without management.\n5. Two members who vote must be there. Who has an interest in a matter says so and leaves for it.\n6. Each member says once a year whether they are independent, and why.",
			seats: []seat{
				{committee.Seat{Name: "Helena Castro", Role: "chair", Brings: "Finance and audit; she led the finances of a carrier", Independent: true, Reason: "She owns no part of the company and works for none of its customers or vendors."}, 2},
				{committee.Seat{Name: "Joana Prates", User: "joana", Role: "member", Brings: "The trade; she founded the company", Reason: "She leads the company and owns a part of it."}, 4},
				{committee.Seat{Name: "Miguel Fonseca", Role: "member", Brings: "Security; he was head of security at a bank", Independent: true, Reason: "No ties but his seat, and an interest in an insurance broker that he declares where it matters."}, 1},
				{committee.Seat{Name: "Ines Duarte", User: "ines", Role: "secretary", Brings: "Keeps papers and minutes", Reason: "She is employed here; she has no vote."}, 1},
			},
			sittings: []sitting{
				{day: 41, agenda: []string{"What customers were promised, and how it stands", "The appetite for risks", "The type 1 report: what is missing"}, papers: []string{pack, "Draft of the appetite for risks"}, present: []int{1, 2, 3, 4}, guests: []string{"Aarav Nair, compliance"},
					decisions: []verdict{{item: 2, text: "The draft of the appetite goes to approval with people and fraud lower than proposed.", yes: []int{1, 2, 3}, owner: "aarav", due: 20, done: 14}, {item: 3, text: "The date of the type 1 report stays.", yes: []int{1, 2}, no: []int{3}}},
					minutes:   "Helena Castro asked which promise would be broken first if the planner stood still for a day. Joana Prates named the routes of the next morning. Miguel Fonseca asked who could read orders of customers; a list of names is to be brought to the next meeting. On the date of the report he was against it: two quarters of evidence would be better than one. The appetite was read line by line."},
				{day: 128, agenda: []string{"Who can read orders of customers", "Findings past their day", "The report of the type 1, and what the auditor said without management"}, papers: []string{pack, "List of names with access to orders"}, present: []int{1, 2, 3, 4}, guests: []string{"Priya Raman, auditor, for matter 3"},
					decisions: []verdict{{item: 1, text: "Access to orders is read by the head of operations each month, not each quarter, until the number of names has halved.", yes: []int{1, 2, 3}, owner: "tomas", due: 40, done: 35}},
					minutes:   "The list of names was longer than anybody had thought. Miguel Fonseca asked why support reads whole orders. Ines Duarte explained each finding that was past its day. The auditor spoke with Helena Castro and Miguel Fonseca alone for twenty minutes; nothing was held back from her, she said."},
				{day: 214, agenda: []string{"Insurance against attacks: three offers", "How controls stood in the half year", "Who follows Joana Prates if she cannot work"}, papers: []string{pack, "Three offers, compared by finance"}, present: []int{1, 2, 3},
					conflicts: []committee.Declare{{Item: 1, Member: 3, What: "He owns a part of the broker that brought the second offer.", Left: true}},
					decisions: []verdict{{item: 1, text: "The third offer is taken: it pays for what customers lose, too.", yes: []int{1, 2}, owner: "ines", due: 30, done: 24}, {item: 3, text: "Aarav Nair stands in for three months at most; the board then names somebody.", yes: []int{1, 2, 3}}},
					minutes:   "Miguel Fonseca said that he owns a part of one broker, and left. Helena Castro asked what each offer leaves out; two leave out attacks through a vendor. He came back for the second matter. A part took place without Joana Prates, about who follows her."},
				{day: 303, agenda: []string{"Risks over the appetite", "The engagement for the type 2 report", "What the law on network security asks from next year"}, papers: []string{pack}, present: []int{1, 2, 4}, guests: []string{"Aarav Nair, compliance"},
					decisions: []verdict{{item: 1, text: "One person who pays is accepted until spring, and not again.", yes: []int{1, 2}}, {item: 3, text: "The law is held against our controls, control by control, and what is missing comes to the next meeting.", yes: []int{1, 2}, owner: "aarav", due: 75}},
					minutes:   "Helena Castro asked for the second time why one person pays alone. It is accepted until spring. The auditor's requests were gone through; those that are late were named. On network security, nobody could say what the law asks beyond what is done; Aarav Nair is to bring it."},
				{day: 373, agenda: []string{"What the law on network security asks", "The opinion of the auditor", "Who is independent: the yearly word of each member"}, papers: []string{pack}},
			}},
		{formed: 52, secretary: "aarav", approver: "joana",
			profile: committee.Profile{Name: "Risk committee", Sort: "risk", Purpose: "Looks at the register of risks, at what is over the appetite, and at what treats it.", Every: 3, Quorum: 3},
			charter: "1. The committee looks at every risk over the appetite, at each meeting.\n2. It meets once a quarter. Three members who vote must be there.\n3. It asks who treats a risk and by when, and looks whether it was done.\n4. What it cannot agree on goes to the board.",
			seats: []seat{
				{committee.Seat{Name: "Joana Prates", User: "joana", Role: "chair", Brings: "The trade, and the money", Reason: "She leads the company."}, 0},
				{committee.Seat{Name: "Tomas Varga", User: "tomas", Role: "member", Brings: "Operations", Reason: "He is employed here."}, 0},
				{committee.Seat{Name: "Teresa Vaz", Role: "member", Brings: "Law and data protection", Independent: true, Reason: "A lawyer who advises none of our vendors or customers; she is paid for her seat alone."}, 0},
				{committee.Seat{Name: "Lukas Brandt", User: "lukas", Role: "member", Brings: "Engineering", Reason: "He is employed here."}, 0},
				{committee.Seat{Name: "Aarav Nair", User: "aarav", Role: "secretary", Brings: "Keeps the register", Reason: "He is employed here; he has no vote."}, 0},
			},
			sittings: []sitting{
				{day: 74, agenda: []string{"The yearly assessment", "Risks over the appetite"}, papers: []string{"The register, /risks"}, present: []int{1, 2, 3, 4, 5},
					decisions: []verdict{{item: 2, text: "A second person learns to deploy the planner by summer.", yes: []int{1, 2, 3, 4}, owner: "lukas", due: 100, done: 93}},
					minutes:   "The assessment was gone through topic by topic. Teresa Vaz asked what a leaver can still open; the answer was a list from memory. Lukas Brandt is the only one who has ever deployed the planner, and agreed that this is too few."},
				{day: 159, agenda: []string{"Risks over the appetite", "Vendors that hold data of customers"}, papers: []string{"The register, /risks"}, present: []int{1, 2, 5},
					minutes: "Two members who vote were there, and three are needed. Teresa Vaz was ill and Lukas Brandt on a train that stood still. What was said was noted, nothing was decided, and the meeting is held again."},
				{day: 180, agenda: []string{"Risks over the appetite", "Vendors that hold data of customers"}, papers: []string{"The register, /risks"}, present: []int{1, 2, 3, 4, 5},
					decisions: []verdict{{item: 2, text: "The mail provider gets a link instead of the route.", yes: []int{1, 3, 4}, no: []int{2}, owner: "tomas", due: 60, done: 52}},
					minutes:   "Held again after the meeting without its quorum. Tomas Varga was against sending links: drivers without reception see nothing. The others held that the route of a day says where customers' goods are."},
				{day: 221, agenda: []string{"Incident at the mail provider"}, off: "The mail provider showed that none of our data was concerned; it waits for the next meeting."},
				{day: 262, agenda: []string{"Risks over the appetite", "The API: who may call it how often"}, papers: []string{"The register, /risks"}, present: []int{1, 3, 4, 5},
					decisions: []verdict{{item: 2, text: "What one key of the API may do in an hour is limited before the next large customer begins.", yes: []int{1, 3, 4}, owner: "lukas", due: 60}},
					minutes:   "Twice as many calls as in summer. Teresa Vaz asked what a key that is stolen could fetch in a night; nobody had counted. A limit is to stand before the next large customer begins."},
				{day: 345, agenda: []string{"Risks over the appetite", "What is late of what was decided"}, papers: []string{"The register, /risks"}, present: []int{1, 2, 3, 5}, waits: true,
					minutes: "The limit of the API is late; Lukas Brandt was not there to say why. It goes to the board if it does not stand by the end of the quarter. The yearly assessment begins next week."},
			}},
	}
}

// law is a law or contract of the story.
type law struct {
	day   int
	owner string
	obligation.Profile
	steps []lawStep
}

type lawStep struct {
	day    int
	who    string
	change func(p obligation.Profile, today register.Day) register.Change[obligation.Obligation, obligation.World]
}

func laws() []*law {
	look := func(day int, who, looked string, changed bool) lawStep {
		return lawStep{day, who, func(obligation.Profile, register.Day) register.Change[obligation.Obligation, obligation.World] {
			return &obligation.Look{Looked: looked, Changed: changed}
		}}
	}
	return []*law{
		{20, "aarav", obligation.Profile{Title: "General Data Protection Regulation", Sort: "law", Where: "European Union: Regulation (EU) 2016/679", Months: 6, BreachHrs: 72,
			Asks:    "Personal data only for what it was given for and no longer than needed; people may see, correct and take back theirs; whoever works for us on it is bound by contract; the authority hears of a breach within 72 hours.",
			Applies: "Orders name people and addresses; positions of vans are those of drivers. For customers we process it, for our own people we decide over it.", Promises: []string{"sc-1"}, Data: []string{"D-1", "D-2"}, Controls: []string{"data-classified", "vendor-approved-before-use", "incidents-communicated", "obligations-followed"}},
			[]lawStep{look(171, "aarav", "Decisions of the authority since spring, and the guidelines on processors: nothing that asks for more.", false), look(340, "ines", "Decisions of the authority since summer, and two about positions of drivers: ninety days are in line with them.", false)}},
		{24, "ines", obligation.Profile{Title: "Framework agreement with customers", Sort: "contract", Where: "Customers, version 4 of the agreement, annexes on security and availability", Months: 6, BreachHrs: 48,
			Asks:    "Routes of the next morning by five o'clock; 99.5 percent in a month; word of a breach within two days; a SOC 2 report each year; audits with thirty days' notice.",
			Applies: "Nine of ten customers signed it without a change; the others ask for less.", Promises: []string{"sc-1", "sc-2"}, Data: []string{"D-1"}, Controls: []string{"availability-measured", "restores-proved", "incidents-communicated", "recovery-tested"}},
			[]lawStep{look(150, "ines", "All agreements signed since winter, against version 4: one customer crossed out audits.", false)}},
		{30, "ines", obligation.Profile{Title: "Hosting contract with Nordlys", Sort: "contract", Where: "Nordlys Datacentre, NL-2291, with its annex on data", Months: 12,
			Asks:    "We keep keys to ourselves, tell who may enter the halls, answer questions of its auditor, and pay for what we use. What its report expects of customers is ours to do.",
			Applies: "Everything that customers use runs in its two halls.", Promises: []string{"sc-2"}, Controls: []string{"vendor-reviewed-yearly", "privileged-access-limited"}},
			[]lawStep{look(232, "tomas", "The contract and its new price list: what it asks of us is the same.", false)}},
		{95, "aarav", obligation.Profile{Title: "Law on security of networks", Sort: "law", Where: "European Union: Directive (EU) 2022/2555, and the national law that follows it", Months: 6, BreachHrs: 72,
			Asks:    "Say whether it applies; manage risks of networks and of suppliers; management approves it and is trained in it.",
			Applies: "Carriers among our customers fall under it and pass it on; whether we do ourselves is looked at with counsel.", Controls: []string{"security-awareness-training", "vendor-approved-before-use"}},
			[]lawStep{look(260, "aarav", "The national law was passed: word of an incident within a day, not within three.", true),
				{281, "aarav", func(p obligation.Profile, _ register.Day) register.Change[obligation.Obligation, obligation.World] {
					p.Owner, p.BreachHrs, p.Asks = "", 24, "A first word of an incident within a day, more within three; manage risks of networks and of suppliers; management approves it and is trained in it. Registration with the authority in spring."
					return &obligation.Describe{Profile: p, Note: "The national law was passed in autumn: a first word within a day, and registration."}
				}}}},
		{36, "ines", obligation.Profile{Title: "Contract with the first map provider", Sort: "contract", Where: "Cartolis, CT-118", Months: 12,
			Asks: "Maps are shown with its name, and are not kept for longer than a month.", Applies: "Routes are drawn on its maps.", Controls: []string{"vendor-reviewed-yearly"}},
			[]lawStep{{190, "ines", func(_ obligation.Profile, today register.Day) register.Change[obligation.Obligation, obligation.World] {
				return &obligation.End{Since: today, Why: "The second map provider took over; the contract ended, and its maps are deleted."}
			}}}},
	}
}

// yearOfGovernance is a board and a risk committee that meet each quarter, once
// without a quorum, and laws and contracts with who looked at them; one look and
// one decision are late.
func yearOfGovernance(o *Stage, c *Calendar) error {
	for _, b := range bodies() {
		o.body(c, b)
	}
	for _, l := range laws() {
		o.law(c, l)
	}
	return nil
}

func (o *Stage) today() register.Day { return register.DayOf(o.Clock(), time.UTC) }

func (o *Stage) body(c *Calendar, b *body) {
	record := func(day int, what, who string, change func() register.Change[committee.Committee, committee.World]) {
		c.On(day, b.profile.Name+": "+what, func(ctx context.Context) error {
			_, err := o.Committees.Record(ctx, o.Cast[who], b.ref, change())
			return err
		})
	}
	c.On(b.formed, b.profile.Name+" is formed", func(ctx context.Context) error {
		x, err := o.Committees.Form(ctx, o.Cast[b.secretary], committee.Form{Profile: b.profile})
		b.ref = x.Ref
		return err
	})
	for i, s := range b.seats {
		record(b.formed+1, s.Name+" is seated", b.secretary, func() register.Change[committee.Committee, committee.World] {
			x := s.Seat
			x.From = register.DayOf(o.Clock().AddDate(-s.years, 0, 0), time.UTC)
			return &x
		})
		if s.Independent {
			record(b.formed+14, s.Name+" says whether independent", b.secretary, func() register.Change[committee.Committee, committee.World] {
				return &committee.Confirm{Member: i + 1, Independent: true, Reason: s.Reason, On: o.today()}
			})
		}
	}
	record(b.formed+3, "the charter is written", b.secretary, func() register.Change[committee.Committee, committee.World] {
		return &committee.WriteCharter{Text: b.charter, Note: "The first one that is written down."}
	})
	record(b.formed+8, "the charter is approved", "joana", func() register.Change[committee.Committee, committee.World] {
		return &committee.ApproveCharter{Version: 1}
	})
	for i := range b.sittings {
		o.sitting(c, b, &b.sittings[i])
	}
}

// sitting puts the life of one meeting into the calendar.
func (o *Stage) sitting(c *Calendar, b *body, s *sitting) {
	ref := ""
	name := fmt.Sprintf("%s on day %d", b.profile.Name, s.day)
	record := func(ctx context.Context, who string, x register.Change[committee.Meeting, committee.World]) (committee.MeetingRow, error) {
		return o.Committees.RecordMeeting(ctx, o.Cast[who], ref, x)
	}
	planned := c.Day(s.day)
	for planned.Weekday() == time.Saturday || planned.Weekday() == time.Sunday {
		planned = planned.AddDate(0, 0, 1)
	}
	invite := committee.Invite{Day: register.DayOf(planned, time.UTC), Place: "Lisbon, Rua do Farol 12, and by video", Agenda: s.agenda, Papers: s.papers}
	before := 20
	if b.formed+9 > s.day-before {
		before = s.day - b.formed - 9
	}
	c.On(s.day-before, name+" is planned", func(ctx context.Context) error {
		invite.Committee = b.ref
		m, err := o.Committees.Invite(ctx, o.Cast[b.secretary], invite)
		ref = m.Ref
		return err
	})
	if s.off != "" {
		c.On(s.day-2, name+" is called off", func(ctx context.Context) error {
			_, err := record(ctx, b.secretary, &committee.Cancel{Why: s.off})
			return err
		})
		return
	}
	if len(s.present) == 0 { // it is still to come
		return
	}
	tasks := make([]string, len(s.decisions))
	c.On(s.day, name+" is held", func(ctx context.Context) error {
		if today := o.today(); invite.Day != today { // no working day
			invite.Day = today
			if _, err := record(ctx, b.secretary, &committee.Rearrange{Invite: invite, Note: "Moved to a day on which people work."}); err != nil {
				return err
			}
		}
		if _, err := record(ctx, b.secretary, &committee.Attend{Present: slices.Clone(s.present), Chair: 1, Guests: s.guests, Apart: len(s.guests) > 0 || len(s.conflicts) > 0}); err != nil {
			return err
		}
		for _, x := range s.conflicts {
			if _, err := record(ctx, b.secretary, &x); err != nil {
				return err
			}
		}
		for i, d := range s.decisions {
			x := &committee.Decide{Item: d.item, Text: d.text, For: slices.Clone(d.yes), Against: slices.Clone(d.no), Owner: d.owner}
			if d.due > 0 {
				x.Due = o.today().Add(0, d.due)
			}
			m, err := record(ctx, b.secretary, x)
			if err != nil {
				return err
			}
			if t := m.Tasks[len(m.Tasks)-1]; t != nil {
				tasks[i] = t.Ref
			}
		}
		return nil
	})
	for i, d := range s.decisions {
		if d.done > 0 {
			c.On(s.day+d.done, name+": what it decided is done", func(ctx context.Context) error {
				_, err := o.Tasks.Finish(ctx, o.Cast["aarav"], tasks[i], "Done, and told to the secretary.")
				return err
			})
		}
	}
	c.On(s.day+4, name+" is minuted", func(ctx context.Context) error {
		_, err := record(ctx, b.secretary, &committee.Minute{Text: strings.ReplaceAll(s.minutes, ". ", ".\n")})
		return err
	})
	if !s.waits {
		c.On(s.day+13, name+": the minutes are approved", func(ctx context.Context) error {
			m, err := o.Committees.Meeting(ctx, o.Cast[b.approver], ref)
			if err != nil {
				return err
			}
			_, err = record(ctx, b.approver, &committee.ApproveMinutes{Digest: m.Waiting().Digest, Shown: b.shown})
			return err
		})
	}
}

// law puts the life of one law or contract into the calendar.
func (o *Stage) law(c *Calendar, l *law) {
	ref := ""
	c.On(l.day, l.Title+" is entered", func(ctx context.Context) error {
		p := l.Profile
		p.Owner = l.owner
		p.Controls = slices.DeleteFunc(slices.Clone(p.Controls), func(slug string) bool { return o.controlInUse(ctx, slug) != nil })
		x, err := o.Obligations.Enter(ctx, o.Cast["aarav"], obligation.Enter{Profile: p})
		ref, l.Profile = x.Ref, p
		return err
	})
	for _, s := range l.steps {
		who := s.who
		if who == "tomas" { // a responder looks, and another writes it down
			who = "ines"
		}
		c.On(s.day, l.Title+": a step", func(ctx context.Context) error {
			_, err := o.Obligations.Record(ctx, o.Cast[who], ref, s.change(l.Profile, o.today()))
			return err
		})
	}
}
