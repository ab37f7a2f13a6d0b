package years

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
)

func makeRisks(o *Stage) error {
	scale, err := risk.ShippedScale()
	if err != nil {
		return err
	}
	catalogue, err := risk.Shipped()
	if err != nil {
		return err
	}
	statuses := posture.New(posture.Config{DB: o.DB, Clock: o.Clock, Outcomes: o.Outcomes, Standards: o.Standards, Findings: o.Findings})
	kept, on := risk.Standings{}, risk.Day("") // how controls stand is derived once a day
	o.Risks = risk.New(risk.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Access: o.Access, Scale: scale, Catalogue: catalogue, File: risk.Filer(o.DB, o.Evidence),
		Frame: func(ctx context.Context) (risk.Frame, error) {
			now, err := o.Scopes.Now(ctx)
			f := risk.Frame{Version: now.Version, Zone: now.Location(), Promises: map[string]string{}}
			for _, c := range now.Commitments {
				f.Promises[c.ID] = c.Statement
			}
			return f, err
		},
		Standing: func(ctx context.Context) (risk.Standings, error) {
			today := register.DayOf(o.Clock(), time.UTC)
			if today == on {
				return kept, nil
			}
			all, err := statuses.Controls(ctx, posture.Now())
			if err != nil {
				return nil, err
			}
			kept, on = risk.Standings{}, today
			for _, c := range all {
				kept[c.Slug] = risk.Standing{Number: c.Number, Title: c.Title, Status: string(c.Status), Why: c.Why}
			}
			return kept, nil
		}})
	return nil
}

// threat is a risk of the story, taken from the catalogue.
type threat struct {
	day       int
	library   string
	owner     string
	threatens []string
	inherent  [2]int // likelihood and magnitude
	why       string
	residual  [2]int // 0: never rated
	left      string
	controls  []string
	loss      [3]int // in thousands of euros
	response  string
	plan      string
	tasks     []string
	looks     []int // days on which its owner looks at it
	steps     []riskStep
	ref       string
}

type riskStep struct {
	day    int
	who    string
	change func(*Stage, *risk.Risk) register.Change[risk.Risk, risk.World]
}

func threats() []*threat {
	ask := func(day int, who string, until int, reason, beside string) riskStep {
		return riskStep{day, who, func(o *Stage, _ *risk.Risk) register.Change[risk.Risk, risk.World] {
			return &risk.AskAcceptance{Until: register.DayOf(o.Clock(), time.UTC).Add(until, 0), Reason: reason, Beside: beside}
		}}
	}
	sign := func(day int, who, note string) riskStep {
		return riskStep{day, who, func(o *Stage, r *risk.Risk) register.Change[risk.Risk, risk.World] {
			a := r.Waiting(register.DayOf(o.Clock(), time.UTC))
			return &risk.SignAcceptance{Digest: a.Digest, Note: note}
		}}
	}
	return []*threat{
		{day: 59, library: "leaver-keeps-access", owner: "aarav", threatens: []string{"sc-1"}, inherent: [2]int{4, 4}, why: "Two people leave each year, and accounts lie in nine systems.", residual: [2]int{2, 4}, left: "Accounts are removed from a list on the last day, and access is read each quarter.",
			controls: []string{"leaver-access-removed", "access-reviewed"}, loss: [3]int{5, 60, 400}, response: "mitigate", plan: "The list of systems comes from the identity provider instead of from memory.", tasks: []string{"Let the list of a leaver's accounts come from the directory"}, looks: []int{238}},
		{day: 59, library: "secret-in-repository", owner: "lukas", threatens: []string{"sc-1"}, inherent: [2]int{4, 5}, why: "It happened once in the first year, with a key of the map provider.", residual: [2]int{2, 4}, left: "Keys of production lie with administrators alone; each change is read by a second person.",
			controls: []string{"privileged-access-limited", "changes-approved"}, loss: [3]int{10, 120, 900}, response: "mitigate", plan: "Look for secrets in each change before it lands, and change keys each year.", tasks: []string{"Look for secrets in each change before it lands", "Change the keys of production"}, looks: []int{236}},
		{day: 60, library: "redirected-payment", owner: "ines", inherent: [2]int{4, 3}, why: "Two forged invoices came last year; one was nearly paid.", residual: [2]int{3, 3}, left: "People know the trick since the training of spring; nobody but one person pays.",
			controls: []string{"security-awareness-training", "fraud-risk-assessed"}, loss: [3]int{2, 15, 80}, response: "accept", plan: "A second person for payments is not there before the finance team grows.",
			looks: []int{242}, steps: []riskStep{ask(76, "aarav", 6, "One person pays until the finance team grows in autumn; a second approval would be hers as well.", "Every change of bank details is called back, and the bank limits a payment to twenty thousand."), sign(79, "ines", "Until autumn, and not longer."),
				ask(296, "aarav", 8, "The second person in finance begins in spring; the offer is signed.", "Every change of bank details is called back; the limit at the bank stays."), sign(299, "joana", "")}},
		{day: 60, library: "untrained-click", owner: "amara", threatens: []string{"sc-1"}, inherent: [2]int{5, 4}, why: "Messages that ask for a login arrive every week.", residual: [2]int{3, 3}, left: "A second factor stands before every remote login, and endpoints are watched.",
			controls: []string{"remote-access-two-factors", "endpoints-protected", "security-awareness-training"}, loss: [3]int{5, 40, 600}, response: "mitigate", plan: "Security keys instead of codes for everybody with production access.", tasks: []string{"Hand out security keys to whoever reaches production"}, looks: []int{245}},
		{day: 61, library: "weak-host-setting", owner: "tomas", threatens: []string{"sc-1", "sc-2"}, inherent: [2]int{4, 4}, why: "Hosts are made by hand as well as by script.", residual: [2]int{2, 3}, left: "Each host is held against the standard every hour.",
			controls: []string{"hosts-to-standard", "network-stack-hardened"}, response: "mitigate", plan: "Hosts made by hand are replaced by those of the script.", tasks: []string{"Replace the hosts that were made by hand"}, looks: []int{240}},
		{day: 61, library: "backup-unreadable", owner: "tomas", threatens: []string{"sc-2"}, inherent: [2]int{3, 5}, why: "Nobody had restored the routes before last winter.", residual: [2]int{1, 5}, left: "A restore is done each quarter, and its time is measured.",
			controls: []string{"recovery-tested", "restores-proved"}, loss: [3]int{50, 300, 2000}, response: "mitigate", plan: "Restores each quarter, with a person who did not set up the backups.", looks: []int{}},
		{day: 62, library: "provider-outage", owner: "tomas", threatens: []string{"sc-2"}, inherent: [2]int{3, 4}, why: "The provider was down for nine hours two years ago.", residual: [2]int{3, 3}, left: "The plan moves planning to the second region within a night.",
			controls: []string{"continuity-plan", "recovery-tested"}, loss: [3]int{10, 50, 250}, response: "transfer", plan: "The contract pays for hours down; what customers lose beyond is insured.", looks: []int{243}},
		{day: 62, library: "vendor-breached", owner: "aarav", threatens: []string{"sc-1"}, inherent: [2]int{3, 4}, why: "Four vendors hold what customers enter.", residual: [2]int{2, 4}, left: "Each is examined before use and each year; contracts ask for word within two days.",
			controls: []string{"vendor-approved-before-use", "vendor-reviewed-yearly"}, response: "mitigate", plan: "Send less to the mail provider: a link instead of the route.", tasks: []string{"Send a link instead of the route by mail"}, looks: []int{247}},
		{day: 63, library: "one-person-knows", owner: "ines", threatens: []string{"sc-2"}, inherent: [2]int{4, 3}, why: "Only one person has ever deployed the planner.", residual: [2]int{4, 3}, left: "Nothing that we have takes anything off it yet.", response: "mitigate", plan: "A second person deploys every other week.", tasks: []string{"Have a second person deploy every other week"}},
		{day: 63, library: "failed-change", owner: "lukas", threatens: []string{"sc-2"}, inherent: [2]int{4, 3}, why: "Three times a year a change is taken back.", residual: [2]int{2, 3}, left: "Changes are tested and read by another person before they are deployed.",
			controls: []string{"changes-tested", "changes-approved"}, response: "mitigate", plan: "Deploy to one region first.", looks: []int{246}},
		{day: 64, library: "generative-tools-leak", owner: "mei", threatens: []string{"sc-1"}, inherent: [2]int{4, 3}, why: "Everybody uses them, and not all from the company's account.", residual: [2]int{3, 3}, left: "The rules say what may be entered; classes of data are known.",
			controls: []string{"rules-of-behaviour", "data-classified"}, response: "mitigate", plan: "One account for the company, which keeps nothing.", tasks: []string{"Buy one account for the company that keeps nothing"}, looks: []int{250}},
		{day: 64, library: "intruder-in-office", owner: "mei", inherent: [2]int{2, 2}, why: "The office is open to couriers.", residual: [2]int{2, 2}, left: "Nothing of customers lies there.", response: "avoid", plan: "No system stands in the office any more once the last router moved.",
			steps: []riskStep{{201, "ines", func(*Stage, *risk.Risk) register.Change[risk.Risk, risk.World] {
				return &risk.Close{Why: "The office has no system of ours since the move to the provider's data centres."}
			}}}},
		{day: 214, library: "integration-abused", owner: "sofia", threatens: []string{"sc-1"}, inherent: [2]int{3, 4}, why: "Customers' own systems call us since the API is there.", residual: [2]int{2, 3}, left: "Keys are per customer, and what each does is logged.",
			controls: []string{"access-approved", "logs-collected"}, response: "mitigate", plan: "A limit per key, and a page where customers see its use.", tasks: []string{"Limit what one key of the API may do in an hour"},
			steps: []riskStep{ask(330, "aarav", 6, "The limit per key comes with the next version of the API in summer.", "Keys that call far more than usual are looked at each morning.")}},
		{day: 351, library: "law-changes", owner: "aarav", inherent: [2]int{}},
	}
}

// yearOfRisks is a register that grows from the catalogue, an appetite, what was
// accepted, and a yearly assessment, with the next one begun.
func yearOfRisks(o *Stage, c *Calendar) error {
	limits := func(own map[string]int) map[string]int {
		out := map[string]int{}
		for _, k := range risk.Kinds() {
			out[k] = 9
		}
		for k, n := range own {
			out[k] = n
		}
		return out
	}
	const words = "We take risks of trying new things in planning routes, where a customer can look before vans leave. We take little where data of customers may be seen by others, and none where somebody would gain by deceiving them."
	c.On(51, "the appetite is written", func(ctx context.Context) error {
		_, err := o.Risks.ProposeAppetite(ctx, o.Cast["aarav"], risk.ProposeAppetite{Limits: limits(map[string]int{"fraud": 6, "people": 8, "privacy": 6, "availability": 8}), Statement: words, Note: "The first one, after talking with the founders."})
		return err
	})
	c.On(54, "the appetite is approved", func(ctx context.Context) error {
		_, err := o.Risks.ApproveAppetite(ctx, o.Cast["ines"], risk.ApproveAppetite{Version: 1})
		return err
	})
	c.On(353, "the appetite is written anew", func(ctx context.Context) error {
		_, err := o.Risks.ProposeAppetite(ctx, o.Cast["aarav"], risk.ProposeAppetite{Limits: limits(map[string]int{"fraud": 6, "people": 8, "privacy": 6, "availability": 8, "vendor": 8}), Statement: words, Note: "Less of vendors, since more hangs on them than a year ago."})
		return err
	})
	var first string
	c.On(57, "the yearly assessment begins", func(ctx context.Context) error {
		a, err := o.Risks.OpenAssessment(ctx, o.Cast["aarav"], risk.OpenAssessment{Title: "Yearly assessment of risks", Day: register.DayOf(o.Clock(), time.UTC), Participants: []string{"Aarav Nair, compliance", "Tomas Varga, operations", "Lukas Brandt, engineering", "Mei Tanaka, customers", "Joana Prates, founder"}})
		first = a.ID
		return err
	})
	for _, t := range threats() {
		o.threat(c, t)
	}
	for i, topic := range o.Risks.Scale().Topics {
		c.On(65+i/2, "the assessment considers "+topic.ID, func(ctx context.Context) error {
			x := considered[topic.ID]
			_, err := o.Risks.RecordAssessment(ctx, o.Cast["aarav"], first, &risk.AnswerTopic{Topic: topic.ID, Text: x.text, Risks: x.risks})
			return err
		})
	}
	c.On(72, "the yearly assessment closes", func(ctx context.Context) error {
		_, err := o.Risks.RecordAssessment(ctx, o.Cast["ines"], first, &risk.CloseAssessment{Conclusion: "Access of those who leave and secrets in code come first; both have a plan. One person who knows how to deploy is too few, and a second is trained by summer. Payments stay with one person until autumn, which is accepted until then."})
		return err
	})
	var second string
	c.On(349, "the next yearly assessment begins", func(ctx context.Context) error {
		a, err := o.Risks.OpenAssessment(ctx, o.Cast["aarav"], risk.OpenAssessment{Title: "Yearly assessment of risks, second", Day: register.DayOf(o.Clock(), time.UTC), Participants: []string{"Aarav Nair, compliance", "Tomas Varga, operations", "Lukas Brandt, engineering", "Sofia Mendes, engineering", "Mei Tanaka, customers"}})
		second = a.ID
		return err
	})
	for _, topic := range []string{"pressure", "business", "leadership"} {
		c.On(356, "the second assessment considers "+topic, func(ctx context.Context) error {
			x := reconsidered[topic]
			_, err := o.Risks.RecordAssessment(ctx, o.Cast["aarav"], second, &risk.AnswerTopic{Topic: topic, Text: x.text, Risks: x.risks})
			return err
		})
	}
	return nil
}

type thought struct {
	text  string
	risks []string
}

var considered = map[string]thought{
	"pressure":         {"Sales are paid by signed contracts, and support by answered tickets. Nobody is paid by uptime or by the number of vans.", nil},
	"opportunity":      {"One person pays invoices; administrators of the database could change orders unseen. The first is in the register, the second is watched by logs outside their reach.", []string{"R-3"}},
	"excuse":           {"A shared account for the map provider was used until spring. It is gone.", []string{"R-1"}},
	"technology-abuse": {"A forged message in our name could send drivers elsewhere. Messages to customers are signed since winter.", []string{"R-4"}},
	"outside":          {"Attacks on small providers through their mail grew; two of our customers asked about it.", []string{"R-4"}},
	"business":         {"A third more customers than a year ago, all of the same kind. No new product.", nil},
	"leadership":       {"The first engineer leads others now and deploys less; the planner is still in his head.", []string{"R-9"}},
	"systems":          {"Hosts moved to the provider's data centres; some were made by hand on the way.", []string{"R-5", "R-12"}},
	"partners":         {"A mail provider and a second map provider came; each was examined.", []string{"R-8"}},
}

var reconsidered = map[string]thought{
	"pressure":   {"Since autumn a part of sales' pay hangs on renewals. Nothing of it hangs on figures that sales itself reports.", nil},
	"business":   {"The API made customers' own systems callers of ours; twice as many orders as a year ago.", []string{"R-13"}},
	"leadership": {"Jonas Weber left in summer; Sofia Mendes came before. Two people deploy the planner now.", []string{"R-9"}},
}

// threat puts the life of one risk into the calendar.
func (o *Stage) threat(c *Calendar, t *threat) {
	record := func(ctx context.Context, who string, x register.Change[risk.Risk, risk.World]) error {
		_, err := o.Risks.Record(ctx, o.Cast[who], t.ref, x)
		return err
	}
	keeper := t.owner
	if keeper == "tomas" || keeper == "amara" || keeper == "sofia" { // responders answer for risks, and others write them down
		keeper = "aarav"
	}
	c.On(t.day, t.library+" is entered", func(ctx context.Context) error {
		r, err := o.Risks.Identify(ctx, o.Cast["aarav"], risk.Identify{Library: t.library, Profile: risk.Profile{Owner: t.owner, Threatens: t.threatens}})
		t.ref = r.Ref
		return err
	})
	if t.inherent[0] == 0 {
		return
	}
	c.On(t.day+1, t.library+" is rated", func(ctx context.Context) error {
		x := &risk.Assess{Side: "inherent", Likelihood: t.inherent[0], Magnitude: t.inherent[1], Because: t.why}
		if t.loss[2] > 0 {
			x.Currency, x.LossLow, x.LossLikely, x.LossHigh = "EUR", t.loss[0]*1000, t.loss[1]*1000, t.loss[2]*1000
		}
		return record(ctx, keeper, x)
	})
	c.On(t.day+2, t.library+" is rated after controls", func(ctx context.Context) error {
		now, err := o.Risks.Standing(ctx)
		if err != nil {
			return err
		}
		used := slices.DeleteFunc(slices.Clone(t.controls), func(slug string) bool { _, in := now[slug]; return !in })
		x := &risk.Assess{Side: "residual", Likelihood: t.residual[0], Magnitude: t.residual[1], Because: t.left, Controls: used}
		if len(used) == 0 { // nothing that is in use takes anything off
			x.Likelihood, x.Magnitude = t.inherent[0], t.inherent[1]
		}
		return record(ctx, keeper, x)
	})
	c.On(t.day+3, t.library+" is answered", func(ctx context.Context) error {
		return record(ctx, "aarav", &risk.Respond{Response: risk.Response{Response: t.response, Plan: t.plan}})
	})
	for i, title := range t.tasks {
		due := 120 + 40*i
		if t.day > 100 {
			due = 60
		}
		ref := ""
		c.On(t.day+5, t.library+" gets a task", func(ctx context.Context) error {
			k, err := o.Tasks.Create(ctx, o.Cast["aarav"], plan.Fields{Title: title, Why: "It treats the risk " + t.ref + ".", About: plan.About{Kind: "risk", Ref: t.ref, Path: "/risks/" + t.ref}, Owner: o.Cast[t.owner].UserID, Due: o.Clock().Truncate(24*time.Hour).AddDate(0, 0, due), Effort: 4})
			if err == nil {
				ref = k.Ref()
			}
			return err
		})
		if t.library != "untrained-click" { // security keys were never handed out: the task is late
			c.On(t.day+5+due-9, t.library+": its task is done", func(ctx context.Context) error {
				_, err := o.Tasks.Finish(ctx, o.Cast["aarav"], ref, "Done and looked at.")
				return err
			})
		}
	}
	for _, day := range t.looks {
		c.On(day, t.library+" is looked at", func(ctx context.Context) error {
			return record(ctx, keeper, &risk.Look{Looked: "What happened since the assessment, what others were hit by, and how its controls stand: the ratings hold."})
		})
	}
	for _, s := range t.steps {
		c.On(s.day, t.library+": a step", func(ctx context.Context) error {
			r, err := o.Risks.Get(ctx, o.Cast[s.who], t.ref)
			if err != nil {
				return err
			}
			return record(ctx, s.who, s.change(o, r.Risk))
		})
	}
}
