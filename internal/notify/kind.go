package notify

import (
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

// Way is how somebody hears of a kind of thing, beside the inbox.
type Way string

// The ways.
const (
	InboxOnly Way = "inbox"
	AtOnce    Way = "at_once"
	Daily     Way = "daily"
	Weekly    Way = "weekly"
)

// Ways gives them in the order of a form.
func Ways() []Way { return []Way{AtOnce, Daily, Weekly, InboxOnly} }

// Title says what a way is.
func (w Way) Title() string {
	return map[Way]string{InboxOnly: "Inbox only", AtOnce: "Mail at once", Daily: "Daily digest", Weekly: "Weekly digest"}[w]
}

// Kind is one kind of thing that people are told.
type Kind struct {
	Name  string
	Title string        // for the form of preferences
	Many  string        // "findings opened", after a number
	List  string        // the page that shows many
	Needs access.Action // who may not do this is not told
	Way   Way           // until somebody chooses another
}

// Kinds gives every kind in the order of a form.
func Kinds() []Kind {
	return []Kind{
		{"finding.opened", "A finding of what you own opened", "findings opened", "/findings", access.FindingRead, Daily},
		{"finding.assigned", "You were named as who is to mend a finding", "findings were assigned to you", "/findings?owner=me", access.FindingRead, AtOnce},
		{"approval.asked", "Somebody asks for an approval that you may give", "approvals are asked for", "/inbox", access.PostureRead, AtOnce},
		{"work.escalated", "Something of your people, or of the programme, is overdue by a week", "things are overdue by a week", "/work", access.WorkRead, AtOnce},
		{"evidence.due", "Evidence of your control is due within a week", "controls need evidence within a week", "/timeline", access.EvidenceRead, Daily},
		{"evidence.overdue", "Evidence of your control is overdue", "controls have overdue evidence", "/timeline", access.EvidenceRead, AtOnce},
		{"evidence.sent_back", "A reviewer sent your evidence back", "pieces of evidence were sent back", "/evidence", access.EvidenceRead, AtOnce},
		{"request.asked", "A request of an engagement is yours", "requests of engagements", "/engagements", access.EngagementRead, AtOnce},
		{"waiver.expiring", "Your waiver ends within two weeks", "waivers end soon", "/waivers", access.WaiverRead, Daily},
		{"policy.asked", "A policy asks you to read it", "policies ask you to read them", "/my/policies", access.OwnPolicyRead, AtOnce},
		{"policy.due", "A policy should be acknowledged within a week, or is late", "policies should be acknowledged", "/my/policies", access.OwnPolicyRead, AtOnce},
		{"policy.review", "A policy's yearly review is due within a month, or overdue", "policies should be reviewed", "/policies", access.PolicyApprove, Daily},
		{"policy.sent_back", "A policy that you wrote was sent back", "policies were sent back", "/policies", access.PolicyEdit, AtOnce},
		{"training.asked", "A course asks you to take it", "courses ask you to take them", "/my/training", access.OwnTrainingRead, AtOnce},
		{"training.due", "A course should be completed within a week, or is late", "courses should be completed", "/my/training", access.OwnTrainingRead, AtOnce},
		{"concern.received", "A concern was received, and you may read it", "concerns were received", "/concerns/received", access.ConcernExamine, AtOnce},
		{"concern.due", "A concern waits for you, or its answer is due within two days", "concerns wait for you", "/concerns/received", access.ConcernExamine, AtOnce},
		{"change.unexplained", "Files changed on a host that is yours, and nothing accounts for it", "groups of changed files are unexplained", "/integrity?verdict=unexplained&state=open", access.IntegrityRead, AtOnce},
		{"host.silent", "Nothing is heard of a host that is yours", "hosts are silent", "/hosts?state=silent", access.HostRead, AtOnce},
		{"component.asked", "You are asked about something that a host consists of", "questions about components", "/components", access.ComponentRead, AtOnce},
		{"health.failing", "A check of this deployment fails, the backup's among them", "checks of this deployment fail", "/settings/health", access.HealthRead, AtOnce},
		{"webhook.paused", "A webhook was paused", "webhooks were paused", "/settings/webhooks", access.SettingsRead, AtOnce},
	}
}

func kindOf(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Happening is one thing that happened, as people and programs are told.
type Happening struct {
	Kind     string // of a notice; "" for none
	Event    string // of a webhook; "" for none
	Key      string // of what the calendar brings up: it is said once
	Object   string // id of what it is about
	Ref      string
	Title    string
	Severity string
	Link     string // path of this site
	Urgent   bool
	At       time.Time
	Record   int64 // ledger index; 0: it is no record

	Users   []string        // these people
	Owner   string          // who answers for it, as it stands in the records: a user, or the title of a role
	Instead []access.Role   // where nobody is the owner: the first of these roles that anybody has
	May     []access.Action // everybody who may do one of these
	Except  string          // not this person
}

// Notice is what one person should know.
type Notice struct {
	ID        string    `json:"id"` // ntc_…
	User      string    `json:"-"`
	Kind      string    `json:"kind"`
	Object    string    `json:"object,omitempty"` // "" for many
	Title     string    `json:"title"`
	Link      string    `json:"link"`
	Count     int64     `json:"count"`
	Urgent    bool      `json:"urgent"`
	At        time.Time `json:"at"`         // the first of it
	ChangedAt time.Time `json:"changed_at"` // the newest
	ReadAt    time.Time `json:"read_at,omitzero"`
	Way       Way       `json:"way"`
	DueAt     time.Time `json:"-"`
	Sending   string    `json:"sending,omitempty"` // snd_… in which it was mailed
}

func many(k Kind, n int64) string { return fmt.Sprintf("%d %s", n, k.Many) }
