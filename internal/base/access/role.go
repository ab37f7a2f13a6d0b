package access

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Role is what a user is here for. A user has one.
type Role string

// The roles.
const (
	Administrator     Role = "administrator"      // runs the deployment
	ComplianceManager Role = "compliance_manager" // answers for the programme
	Responder         Role = "responder"          // on call
	Contributor       Role = "contributor"        // ships changes, mends findings
	Adviser           Role = "adviser"            // from outside, helps to prepare
	Viewer            Role = "viewer"             // looks
	Training          Role = "training"           // an employee who reads and acknowledges policies
	Auditor           Role = "auditor"            // from outside, examines

	system    Role = "system"    // the program itself; no user can have it
	directory Role = "directory" // a directory that keeps accounts here, by a token of its own; no user can have it
)

// Roles gives every role a user can have, in the order of the matrix.
func Roles() []Role {
	return []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training, Auditor}
}

// Title gives the role's name for people: "Compliance manager".
func (r Role) Title() string {
	s := strings.ReplaceAll(string(r), "_", " ")
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// What says in one line what somebody with the role is here for and may do.
// The table below decides; this is for whoever chooses a role.
func (r Role) What() string {
	switch r {
	case Administrator:
		return "Runs the deployment: users, settings, agents and databases, and all that a compliance manager may do."
	case ComplianceManager:
		return "Answers for the programme: scope, controls, standards, evidence, waivers, engagements. Sees users, adds none."
	case Responder:
		return "On call: takes findings on, says who owns a host, revokes an agent, adds evidence, asks for waivers."
	case Contributor:
		return "Ships changes and mends findings: takes them on, adds evidence, answers requests, asks for waivers."
	case Adviser:
		return "From outside, helps to prepare: sees criteria, controls, evidence, hosts and findings. Changes nothing."
	case Viewer:
		return "Looks: sees what an adviser sees, the ledger and the agents. Changes nothing."
	case Training:
		return "An employee: reads and acknowledges the policies that ask them, and sees no other record of the programme."
	case Auditor:
		return "From outside, examines: sees criteria, controls, evidence, and the engagements that name them. Extracts populations."
	}
	return ""
}

// ParseRole gives the role of that name, or kind Invalid.
func ParseRole(s string) (Role, error) {
	if r := Role(s); slices.Contains(Roles(), r) {
		return r, nil
	}
	names := make([]string, 0, len(Roles()))
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	return "", fault.New(fault.Invalid, "%q is no role", s).WithHint("the roles are %s", strings.Join(names, ", "))
}

// Action is one thing that a role may or may not do: "noun.verb".
type Action string

// The actions.
const (
	PostureRead        Action = "posture.read"
	PostureRebuild     Action = "posture.rebuild"
	FindingRead        Action = "finding.read"
	FindingAcknowledge Action = "finding.acknowledge"
	FindingAssign      Action = "finding.assign"
	HostRead           Action = "host.read"
	HostEdit           Action = "host.edit"
	DatabaseEdit       Action = "database.edit"
	StandardRead       Action = "standard.read"
	StandardInstall    Action = "standard.install"
	StandardApprove    Action = "standard.approve"
	StandardTailor     Action = "standard.tailor"
	ControlRead        Action = "control.read"
	ControlEdit        Action = "control.edit"
	ScopeRead          Action = "scope.read"
	ScopeEdit          Action = "scope.edit"
	ScopeApprove       Action = "scope.approve"
	InstanceRecord     Action = "instance.record"
	InstanceWaive      Action = "instance.waive"
	EvidenceRead       Action = "evidence.read"
	EvidenceAdd        Action = "evidence.add"
	EvidenceReview     Action = "evidence.review"
	EvidenceRedact     Action = "evidence.redact"
	WaiverRead         Action = "waiver.read"
	WaiverAsk          Action = "waiver.ask"
	WaiverApprove      Action = "waiver.approve"
	ExclusionRead      Action = "exclusion.read"
	ExclusionAsk       Action = "exclusion.ask"
	ExclusionApprove   Action = "exclusion.approve"
	TaskRead           Action = "task.read"
	TaskWork           Action = "task.work"
	TaskComment        Action = "task.comment"
	TaskEdit           Action = "task.edit"
	DataRead           Action = "data.read"
	DataEdit           Action = "data.edit"
	PolicyRead         Action = "policy.read"
	PolicyEdit         Action = "policy.edit"
	PolicyApprove      Action = "policy.approve"
	OwnPolicyRead      Action = "own_policy.read"
	PolicyAcknowledge  Action = "policy.acknowledge"
	PopulationRead     Action = "population.read"
	PopulationEdit     Action = "population.edit"
	PopulationApprove  Action = "population.approve"
	PopulationExtract  Action = "population.extract"
	LedgerRead         Action = "ledger.read"
	AgentRead          Action = "agent.read"
	AgentEnrol         Action = "agent.enrol"
	AgentRevoke        Action = "agent.revoke"
	EngagementRead     Action = "engagement.read"
	EngagementEdit     Action = "engagement.edit"
	RequestAnswer      Action = "request.answer"
	RequestJudge       Action = "request.judge"
	PackageRead        Action = "package.read"
	PackageExport      Action = "package.export"
	PackageDisclose    Action = "package.disclose"
	UserRead           Action = "user.read"
	UserManage         Action = "user.manage"
	SessionManageOwn   Action = "session.manage_own"
	SettingsRead       Action = "settings.read"
	SettingsEdit       Action = "settings.edit"
	HealthRead         Action = "health.read"
	BackupRead         Action = "backup.read"
	BackupMake         Action = "backup.make"
	BackupTake         Action = "backup.take"
	NotificationRead   Action = "notification.read"
	NotificationEdit   Action = "notification.edit"
	Provision          Action = "scim.provision"
	ListExport         Action = "list.export"
	RelianceRead       Action = "reliance.read"
	RelianceDeclare    Action = "reliance.declare"
	ViewShare          Action = "view.share"
	ProgrammeRead      Action = "programme.read"
	ProgrammeImport    Action = "programme.import"
	BulkRead           Action = "bulk.read"
	BulkAct            Action = "bulk.act"
	ChangeRead         Action = "change.read"
	ChangeReport       Action = "change.report"
	ChangeAsk          Action = "change.ask"
	ChangeApprove      Action = "change.approve"
	RepositoryEdit     Action = "repository.edit"
	AssetRead          Action = "asset.read"
	AssetEdit          Action = "asset.edit"
	DiagramApprove     Action = "diagram.approve"
	WorkRead           Action = "work.read"
	AbsenceSet         Action = "absence.set"
	CalendarRead       Action = "calendar.read"
	FreezeEdit         Action = "freeze.edit"
	RaciRead           Action = "raci.read"
	RaciEdit           Action = "raci.edit"
	VendorRead         Action = "vendor.read"
	VendorAsk          Action = "vendor.ask"
	VendorEdit         Action = "vendor.edit"
	VendorReview       Action = "vendor.review"
	VendorApprove      Action = "vendor.approve"
	OwnTestRead        Action = "owntest.read"
	OwnTestDo          Action = "owntest.do"
	OwnTestReview      Action = "owntest.review"
	PlaceRead          Action = "place.read"
	PlaceEdit          Action = "place.edit"
	PlaceToken         Action = "place.token"
	BadgeRead          Action = "badge.read"
	BadgeBring         Action = "badge.bring"
	BadgeApprove       Action = "badge.approve"
	VisitorRead        Action = "visitor.read"
	VisitorKeep        Action = "visitor.keep"
	FirmRead           Action = "firm.read"
	FirmEdit           Action = "firm.edit"
	FirmDecide         Action = "firm.decide"
	ReportHand         Action = "report.hand"
	CapacityRead       Action = "capacity.read"
	CapacityEdit       Action = "capacity.edit"
	CapacityApprove    Action = "capacity.approve"
	SegmentRead        Action = "segment.read"
	SegmentEdit        Action = "segment.edit"
	SegmentApprove     Action = "segment.approve"
	SegmentProbe       Action = "segment.probe"
	IntegrityRead      Action = "integrity.read"
	IntegrityExplain   Action = "integrity.explain"
	IntegrityApprove   Action = "integrity.approve"
	IntegrityTool      Action = "integrity.tool"
	IntegrityRun       Action = "integrity.run"
	FirewallRead       Action = "firewall.read"
	FirewallEdit       Action = "firewall.edit"
	FirewallReview     Action = "firewall.review"
	FirewallApprove    Action = "firewall.approve"
	EndpointRead       Action = "endpoint.read"
	EndpointEdit       Action = "endpoint.edit"
	ResilienceRead     Action = "resilience.read"
	ResilienceEdit     Action = "resilience.edit"
	ResilienceReport   Action = "resilience.report"
	ComponentRead      Action = "component.read"
	ComponentDecide    Action = "component.decide"
	ComponentAnswer    Action = "component.answer"
	ReviewRead         Action = "review.read"
	ReviewDecide       Action = "review.decide"
	ReviewManage       Action = "review.manage"
	RiskRead           Action = "risk.read"
	RiskEdit           Action = "risk.edit"
	RiskApprove        Action = "risk.approve"
	GovernanceRead     Action = "governance.read"
	GovernanceEdit     Action = "governance.edit"
	GovernanceApprove  Action = "governance.approve"
	PeopleRead         Action = "people.read"
	PeopleEdit         Action = "people.edit"
	PeopleSources      Action = "people.sources"
	PeopleApprove      Action = "people.approve"
	PeopleConfidential Action = "people.confidential"

	OwnTrainingRead, TrainingTake, TrainingRead, TrainingManage Action = "own_training.read", "training.take", "training.read", "training.manage"
	ConcernReport, ConcernExamine                               Action = "concern.report", "concern.examine"
)

// grants is the table: who may. An action that is missing here, or a role that
// is missing beside it, is denied. The role system may do everything listed.
var grants = []struct {
	action Action
	roles  []Role
	what   string
}{
	{PostureRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see criteria, controls' status and coverage"},
	{PostureRebuild, []Role{Administrator}, "rebuild the roll-ups from the records"},
	{FindingRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer}, "see findings and their derivation"},
	{FindingAcknowledge, []Role{Administrator, ComplianceManager, Responder, Contributor}, "take a finding on"},
	{FindingAssign, []Role{Administrator, ComplianceManager, Responder}, "say who is to mend a finding"},
	{HostRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer}, "see hosts and the facts read on them"},
	{HostEdit, []Role{Administrator, ComplianceManager, Responder}, "name a host's owner and class"},
	{DatabaseEdit, []Role{Administrator}, "connect databases that are to be read, and remove them"},
	{StandardRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see standards and their checks"},
	{StandardInstall, []Role{Administrator, ComplianceManager}, "bring in a standard as a draft"},
	{StandardApprove, []Role{Administrator, ComplianceManager}, "approve a standard"},
	{StandardTailor, []Role{Administrator, ComplianceManager}, "tailor a standard's parameters and scope"},
	{ControlRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see controls, their design and operation"},
	{ControlEdit, []Role{Administrator, ComplianceManager}, "change a control's design"},
	{ScopeRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see what is examined: systems, boundary, commitments, window"},
	{ScopeEdit, []Role{Administrator, ComplianceManager}, "write a version of the scope"},
	{ScopeApprove, []Role{Administrator, ComplianceManager}, "approve a version of the scope that somebody else wrote"},
	{InstanceRecord, []Role{Administrator, ComplianceManager, Responder, Contributor}, "record what set a control off"},
	{InstanceWaive, []Role{Administrator, ComplianceManager}, "waive an instance of a control"},
	{EvidenceRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see evidence and take its content away"},
	{EvidenceAdd, []Role{Administrator, ComplianceManager, Responder, Contributor}, "add evidence by hand"},
	{EvidenceReview, []Role{Administrator, ComplianceManager}, "review evidence that somebody else added"},
	{EvidenceRedact, []Role{Administrator, ComplianceManager}, "erase what evidence says, on a legal basis"},
	{WaiverRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see waivers"},
	{WaiverAsk, []Role{Administrator, ComplianceManager, Responder, Contributor}, "ask for a waiver, withdraw one"},
	{WaiverApprove, []Role{Administrator, ComplianceManager}, "approve or refuse what somebody else asked to waive"},
	{ExclusionRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see what is left out of populations"},
	{ExclusionAsk, []Role{Administrator, ComplianceManager, Responder, Contributor}, "ask for an exclusion, end one"},
	{ExclusionApprove, []Role{Administrator, ComplianceManager}, "approve or refuse what somebody else asked to leave out"},
	{TaskRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer}, "see the plan: tasks, what they wait for, and what blocks the examination"},
	{TaskWork, []Role{Administrator, ComplianceManager, Responder, Contributor}, "do one's own tasks: start, wait, snooze, say that they are done"},
	{TaskComment, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser}, "write comments on tasks"},
	{TaskEdit, []Role{Administrator, ComplianceManager}, "make tasks, change and drop them, say whose they are"},
	{DataRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see the first questions' answers and the inventory of data"},
	{DataEdit, []Role{Administrator, ComplianceManager}, "answer the first questions, keep the inventory of data"},
	{PolicyRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see the organisation's policies, their versions, and who acknowledged them"},
	{PolicyEdit, []Role{Administrator, ComplianceManager}, "write policies, submit them, publish what was approved"},
	{PolicyApprove, []Role{Administrator, ComplianceManager}, "approve a policy that somebody else wrote, review and retire policies"},
	{OwnPolicyRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training}, "read the policies that ask them"},
	{PolicyAcknowledge, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training}, "acknowledge the policies that ask them"},
	{PopulationRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see populations, their definitions and extractions"},
	{PopulationEdit, []Role{Administrator, ComplianceManager}, "define populations, reconcile extractions, explain what is left over"},
	{PopulationApprove, []Role{Administrator, ComplianceManager}, "approve a population that somebody else defined"},
	{PopulationExtract, []Role{Administrator, ComplianceManager, Auditor}, "extract a population, and again at the same ledger size"},
	{LedgerRead, []Role{Administrator, ComplianceManager, Viewer}, "see the ledger's records and proofs"},
	{AgentRead, []Role{Administrator, ComplianceManager, Responder, Viewer}, "see agents and when they reported"},
	{AgentEnrol, []Role{Administrator}, "make an enrolment token"},
	{AgentRevoke, []Role{Administrator, Responder}, "revoke an agent's certificate"},
	{EngagementRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see engagements and requests; an auditor those that name them"},
	{EngagementEdit, []Role{Administrator, ComplianceManager}, "set up and change an engagement"},
	{RequestAnswer, []Role{Administrator, ComplianceManager, Responder, Contributor, Auditor}, "ask, import, answer and discuss requests"},
	{RequestJudge, []Role{Auditor}, "say where the auditor stands with a request"},
	{PackageRead, []Role{Administrator, ComplianceManager, Auditor}, "take evidence packages away; an auditor those of engagements that name them"},
	{PackageExport, []Role{Administrator, ComplianceManager}, "make an evidence package"},
	{PackageDisclose, []Role{Administrator, ComplianceManager}, "put personal data of named records into a package"},
	{UserRead, []Role{Administrator, ComplianceManager}, "see users, roles and sessions"},
	{UserManage, []Role{Administrator}, "add users, change roles, make login links, end sessions"},
	{SessionManageOwn, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training, Auditor}, "see and end one's own sessions, change one's own password and second factor"},
	{SettingsRead, []Role{Administrator, ComplianceManager}, "see settings, without secrets"},
	{SettingsEdit, []Role{Administrator}, "change settings"},
	{HealthRead, []Role{Administrator, ComplianceManager, Responder}, "see jobs, disk, queues and versions"},
	{BackupRead, []Role{Administrator, ComplianceManager, Responder}, "see backups, their schedule and how they were verified"},
	{BackupMake, []Role{Administrator}, "make a backup, verify one"},
	{BackupTake, []Role{Administrator}, "take the file of an encrypted backup away"},
	{NotificationRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training, Auditor}, "see what one is told oneself"},
	{NotificationEdit, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training, Auditor}, "mark it as read, choose how it comes"},
	{Provision, []Role{directory}, "keep accounts and groups, as a directory by SCIM"},
	{ViewShare, []Role{Administrator, ComplianceManager}, "share a view of a list with everybody who sees the list"},
	{ProgrammeRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer}, "take the programme away as a folder, of what they may see"},
	{ProgrammeImport, []Role{Administrator, ComplianceManager, Contributor}, "bring the programme in from a folder, each thing as they may change it"},
	{BulkRead, []Role{Administrator, ComplianceManager, Responder, Contributor}, "see what was done to many at once, where they may do the same"},
	{BulkAct, []Role{Administrator, ComplianceManager, Responder, Contributor}, "act on many lines of a list at once, each as they may act on one"},
	{ChangeRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see changes, deployments and how they reconcile"},
	{ChangeReport, []Role{Administrator, ComplianceManager, Responder, Contributor}, "report a deployment or a result of a build server, as pipelines do"},
	{ChangeAsk, []Role{Administrator, ComplianceManager, Responder, Contributor}, "ask for a change, say that one is an emergency, propose a standard change"},
	{ChangeApprove, []Role{Administrator, ComplianceManager, Responder}, "approve what somebody else asked for, review emergencies of others, sign change tokens"},
	{RepositoryEdit, []Role{Administrator, ComplianceManager}, "connect repositories, set how their changes are judged, say who is who in them"},
	{ListExport, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "take a list that they see away as a file"},
	{AssetRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see assets, flows and diagrams"},
	{AssetEdit, []Role{Administrator, ComplianceManager, Responder, Contributor}, "keep assets and flows, draw diagrams and freeze versions of them"},
	{DiagramApprove, []Role{Administrator, ComplianceManager}, "approve a version of a diagram that somebody else froze"},
	{WorkRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training}, "see one's own queue: what waits for oneself, and for whom one waits"},
	{AbsenceSet, []Role{Administrator, ComplianceManager, Responder, Contributor}, "say that one is away and who stands in; stand in"},
	{CalendarRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer}, "see the calendar of audits, controls, reviews, tests and freezes; make one's own feed of it"},
	{FreezeEdit, []Role{Administrator, ComplianceManager, Responder}, "plan tests and exercises, declare freezes of changes"},
	{RaciRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see who is responsible, accountable, consulted and informed"},
	{RaciEdit, []Role{Administrator, ComplianceManager}, "say who is responsible, accountable, consulted and informed"},
	{RiskRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see risks, their ratings, the appetite and yearly assessments"},
	{RiskEdit, []Role{Administrator, ComplianceManager, Contributor}, "enter and rate risks, ask that one be accepted, keep the yearly assessment"},
	{RiskApprove, []Role{Administrator, ComplianceManager}, "accept risks that somebody else asked about, approve the appetite, close risks and assessments"},
	{GovernanceRead, []Role{Administrator, ComplianceManager, Adviser, Viewer, Auditor}, "see committees, meetings with their minutes, laws and contracts, the board pack"},
	{GovernanceEdit, []Role{Administrator, ComplianceManager}, "keep committees, meetings, laws and contracts"},
	{GovernanceApprove, []Role{Administrator, ComplianceManager}, "approve charters and minutes that somebody else wrote"},
	{VendorRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see vendors, what they are used for and how they were reviewed"},
	{VendorAsk, []Role{Administrator, ComplianceManager, Responder, Contributor}, "ask for a vendor, tell of an incident at one"},
	{VendorEdit, []Role{Administrator, ComplianceManager, Contributor}, "keep vendors: contracts, reports, accesses, what is expected of customers"},
	{VendorReview, []Role{Administrator, ComplianceManager}, "review vendors and their reports that somebody else manages"},
	{VendorApprove, []Role{Administrator, ComplianceManager}, "approve or refuse a vendor that somebody else asked for"},
	{OwnTestRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer}, "see management's own tests of controls"},
	{OwnTestDo, []Role{Administrator, ComplianceManager, Responder, Contributor}, "plan a test of a control, draw its items, say what was seen"},
	{OwnTestReview, []Role{Administrator, ComplianceManager}, "review a test that somebody else did, say what follows from a deviation"},
	{PlaceRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see sites, who may enter which zone, and what sensors say"},
	{PlaceEdit, []Role{Administrator, ComplianceManager}, "keep sites, zones, badge systems and sensors; say that there are no premises"},
	{PlaceToken, []Role{Administrator}, "make the tokens that badge systems and sensors report with"},
	{BadgeRead, []Role{Administrator, ComplianceManager, Responder, Adviser, Auditor}, "see badges, whose they are and where they were used"},
	{BadgeBring, []Role{Administrator, ComplianceManager, Contributor}, "bring lists of badge holders and readings"},
	{BadgeApprove, []Role{Administrator, ComplianceManager}, "approve a list of badges that was held, brought by somebody else"},
	{VisitorRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Auditor}, "see visitors"},
	{VisitorKeep, []Role{Administrator, ComplianceManager, Responder, Contributor}, "announce visitors, say that they came and left"},
	{FirmRead, []Role{Administrator, ComplianceManager, Adviser, Viewer}, "see audit firms, why they were chosen, and who received which report"},
	{FirmEdit, []Role{Administrator, ComplianceManager}, "propose audit firms, look their licences up, answer on independence, record letters and reports"},
	{FirmDecide, []Role{Administrator, ComplianceManager}, "engage or refuse a firm that somebody else proposed"},
	{ReportHand, []Role{Administrator, ComplianceManager}, "record who was given a copy of a report, and under which terms"},
	{CapacityRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see how much of their capacity hosts use, forecasts, commitments and reviews"},
	{CapacityEdit, []Role{Administrator, ComplianceManager, Responder, Contributor}, "draft commitments on capacity, record reviews of it"},
	{IntegrityRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see changed files of hosts, the verdict on each, and baselines"},
	{IntegrityExplain, []Role{Administrator, ComplianceManager, Responder}, "explain changes of files that somebody else made"},
	{IntegrityApprove, []Role{Administrator, ComplianceManager, Responder}, "ask hosts for snapshots, approve or refuse them as baselines"},
	{IntegrityTool, []Role{Administrator, ComplianceManager}, "register tools of configuration management, and end them"},
	{IntegrityRun, []Role{Administrator, ComplianceManager, Contributor}, "sign a token for a run of a registered tool"},
	{CapacityApprove, []Role{Administrator, ComplianceManager}, "approve commitments on capacity that somebody else drafted"},
	{SegmentRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see zones of the network, what is seen and proved between them"},
	{SegmentEdit, []Role{Administrator, ComplianceManager, Responder, Contributor}, "draft zones of the network and rules between them"},
	{SegmentApprove, []Role{Administrator, ComplianceManager}, "approve zones and rules that somebody else drafted"},
	{SegmentProbe, []Role{Administrator, ComplianceManager, Responder}, "have agents try connections between zones"},
	{FirewallRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see rules of firewalls, what is odd about them, justifications and reviews"},
	{FirewallEdit, []Role{Administrator, ComplianceManager, Responder, Contributor}, "justify rules of firewalls, bring files of a cloud's groups"},
	{FirewallReview, []Role{Administrator, ComplianceManager, Responder, Contributor}, "review rule sets of firewalls"},
	{FirewallApprove, []Role{Administrator, ComplianceManager}, "approve reviews of firewalls that somebody else did"},
	{EndpointRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see devices of device managements, who has them and what is wrong with them"},
	{EndpointEdit, []Role{Administrator, ComplianceManager, Responder, Contributor}, "bring lists of device managements, say whose a device is"},
	{ResilienceRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see backups, restores, threats to sites, and where one recovers to"},
	{ResilienceEdit, []Role{Administrator, ComplianceManager, Responder, Contributor}, "keep backups, restores, threats, protections and alternates"},
	{ResilienceReport, []Role{Administrator, ComplianceManager, Responder, Contributor}, "report runs of backups"},
	{ComponentRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see what hosts consist of, and who approved it"},
	{ComponentDecide, []Role{Administrator, ComplianceManager, Responder}, "approve and refuse components of hosts, ask about them"},
	{ComponentAnswer, []Role{Administrator, ComplianceManager, Responder, Contributor}, "answer a question about a component"},
	{ReviewRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Auditor}, "see reviews of access: who may do what, what was decided, what is gone"},
	{ReviewDecide, []Role{Administrator, ComplianceManager, Responder, Contributor}, "decide on the access of others that they are asked to review"},
	{ReviewManage, []Role{Administrator, ComplianceManager}, "begin and close reviews of access, choose reviewers, bring lists of accounts"},
	{PeopleRead, []Role{Administrator, ComplianceManager, Responder, Adviser, Auditor}, "see people, their checklists, and whether leavers' access is gone"},
	{PeopleEdit, []Role{Administrator, ComplianceManager}, "keep people: items of checklists, accounts, records, files of people"},
	{PeopleSources, []Role{Administrator}, "connect the directories that people come from"},
	{PeopleApprove, []Role{Administrator, ComplianceManager}, "approve a change of many people that was held"},
	{PeopleConfidential, []Role{Administrator, ComplianceManager}, "see records of disciplinary processes"},
	{OwnTrainingRead, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training}, "see the courses that ask them, and read the lessons"},
	{TrainingTake, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training}, "answer the questions of courses"},
	{TrainingRead, []Role{Administrator, ComplianceManager, Adviser, Auditor}, "see who must take which course, who completed it, and what they answered"},
	{TrainingManage, []Role{Administrator, ComplianceManager}, "take courses into use, say who must take them, import completions"},
	{ConcernReport, []Role{Administrator, ComplianceManager, Responder, Contributor, Adviser, Viewer, Training}, "report a concern without a name, and follow it up by its code"},
	{ConcernExamine, []Role{Administrator, ComplianceManager, Viewer}, "be named as a recipient of concerns, and examine those that do not exclude them"},
	{RelianceRead, []Role{Administrator, ComplianceManager, Auditor}, "see who administered Attesta itself and how it ran; an auditor for the window of an engagement that names them"},
	{RelianceDeclare, []Role{Administrator}, "declare who reaches the database and the files past the screens"},
}

// Actions gives every action in the table's order.
func Actions() []Action {
	all := make([]Action, len(grants))
	for i, g := range grants {
		all[i] = g.action
	}
	return all
}

// May reports whether the table grants a to r.
func May(r Role, a Action) bool {
	for _, g := range grants {
		if g.action == a {
			return r == system || slices.Contains(g.roles, r)
		}
	}
	return false
}

// Principal is who is asking. Its zero value is nobody and may do nothing.
type Principal struct {
	UserID     string    // "usr_…"; "system" for the program itself
	Name       string    // display name; never written to the ledger
	Role       Role      // as it is now, read with the session
	SessionID  string    // "ses_…"; empty for the system
	At         time.Time // when the session was opened by password or link; for step-up
	Via        Via       // how the session was opened
	NoPassword bool      // the user has never set one: offer it
	Second     bool      // the user has an authenticator app
	Passkey    bool      // the user has a passkey
	Stale      bool      // the session showed who is in it longer ago than ProofLife, see Proved
	Confined   bool      // the role needs a second factor that the user does not have yet: nothing but one's own account is open
	TokenID    string    // "tok_…" where a program carries it; then SessionID is empty
	Only       []Action  // what the token is limited to; nil: all that the role may
}

// System is the program itself: jobs, first start, the command line of whoever
// owns the data directory.
func System() Principal { return Principal{UserID: "system", Name: "Attesta", Role: system} }

// Known reports whether p is anybody at all.
func (p Principal) Known() bool { return p.UserID != "" && p.Role != "" }

// IsSystem reports whether p is the program itself.
func (p Principal) IsSystem() bool { return p.Role == system }

// Authorise returns nil when the table grants a to p and p carries no token
// that is limited to less, kind Unauthenticated when p is nobody, else kind
// Forbidden.
func Authorise(p Principal, a Action) error {
	if !p.Known() {
		return fault.New(fault.Unauthenticated, "log in first")
	}
	if !May(p.Role, a) {
		return fault.New(fault.Forbidden, "the role %s may not %s", p.Role, Describe(a)).
			WithHint("an administrator can give another role")
	}
	if p.Confined && a != SessionManageOwn {
		return errConfined()
	}
	if p.Only != nil && !slices.Contains(p.Only, a) && !(looks(a) && slices.Contains(p.Only, Read)) {
		return fault.New(fault.Forbidden, "this token may not %s", Describe(a)).WithHint("make a token with the action %s", a)
	}
	return nil
}

// Describe says in words what an action is: "take a finding on".
func Describe(a Action) string {
	for _, g := range grants {
		if g.action == a {
			return g.what
		}
	}
	return string(a)
}

// Matrix prints the table as Markdown: a row per action, a column per role.
func Matrix() string {
	var b strings.Builder
	b.WriteString("| action | what |")
	for _, r := range Roles() {
		fmt.Fprintf(&b, " %s |", strings.ToLower(r.Title()))
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(Roles())) + "\n")
	for _, g := range grants {
		fmt.Fprintf(&b, "| `%s` | %s |", g.action, g.what)
		for _, r := range Roles() {
			if May(r, g.action) {
				b.WriteString(" yes |")
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
