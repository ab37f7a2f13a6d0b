package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is one happening that webhooks are told of.
type Event struct {
	Type     string    `json:"-"`
	Ref      string    `json:"ref"`                // "F-12", or a slug
	Object   string    `json:"object"`             // its id
	Title    string    `json:"title"`              // what happened, in this program's words
	Severity string    `json:"severity,omitempty"` // of a finding
	Link     string    `json:"link"`               // path of this site; in a body the whole address
	At       time.Time `json:"at"`
	Record   int64     `json:"record,omitempty"` // ledger index; 0: it is no record
}

// maxItems is how many happenings a body names; beyond it counts them.
const (
	maxItems = 50
	maxLines = 10 // in a Slack message
)

type data struct {
	Count int     `json:"count"` // happenings
	More  int     `json:"more"`  // of those: not in items
	Link  string  `json:"link"`  // the page that shows them
	Items []Event `json:"items"`
}

type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

// lists are the pages that show what an event type is about.
var lists = map[string]string{
	"finding.opened": "/findings", "finding.closed": "/findings?state=closed", "approval.asked": "/inbox", "evidence.needed": "/timeline", "evidence.sent_back": "/evidence",
	"request.asked": "/engagements", "waiver.expiring": "/waivers", "health.failing": "/settings/health", "health.recovered": "/settings/health",
}

// sums say of many happenings what they are.
var sums = map[string]string{
	"finding.opened": "findings opened", "finding.closed": "findings closed", "approval.asked": "approvals are asked for", "evidence.needed": "controls need evidence",
	"evidence.sent_back": "pieces of evidence were sent back", "request.asked": "requests of an engagement", "waiver.expiring": "waivers end soon",
	"health.failing": "checks of the deployment fail", "health.recovered": "checks of the deployment have recovered", EventTest: "tests",
}

// encode makes the body of a message about events of one type.
func encode(f Format, site string, at time.Time, events []Event) ([]byte, error) {
	typ := events[0].Type
	link := site + lists[typ]
	if len(events) == 1 {
		link = site + events[0].Link
	}
	shown := make([]Event, 0, min(len(events), maxItems))
	for _, e := range events[:min(len(events), maxItems)] {
		e.Link = site + e.Link
		shown = append(shown, e)
	}
	if f == Slack {
		return slack(typ, link, shown, len(events))
	}
	return marshal(body{Type: typ, Timestamp: at, Data: data{Count: len(events), More: len(events) - len(shown), Link: link, Items: shown}})
}

func marshal(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write a webhook's body: %w", err)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

// slack makes the form that Slack calls Block Kit: text is what a notification
// shows, blocks what the channel does.
func slack(typ, link string, events []Event, count int) ([]byte, error) {
	text := events[0].Title
	if count > 1 {
		text = fmt.Sprintf("%d %s", count, sums[typ])
	}
	blocks := []slackBlock{{Type: "section", Text: &slackText{"mrkdwn", "*<" + link + "|" + mrkdwn(text) + ">*"}}}
	if count > 1 {
		var lines []string
		for _, e := range events[:min(len(events), maxLines)] {
			lines = append(lines, "• <"+e.Link+"|"+mrkdwn(e.Ref)+"> "+mrkdwn(cut(e.Title, 200)))
		}
		if more := count - len(lines); more > 0 {
			lines = append(lines, fmt.Sprintf("and %d more", more))
		}
		blocks = append(blocks, slackBlock{Type: "section", Text: &slackText{"mrkdwn", strings.Join(lines, "\n")}})
	}
	foot := "Attesta · " + typ
	if s := events[0].Severity; s != "" && count == 1 {
		foot += " · " + s
	}
	blocks = append(blocks, slackBlock{Type: "context", Elements: []slackText{{"mrkdwn", mrkdwn(foot)}}})
	return marshal(struct {
		Text   string       `json:"text"`
		Blocks []slackBlock `json:"blocks"`
	}{mrkdwn(text), blocks})
}

// mrkdwn escapes what Slack reads as its own marks.
func mrkdwn(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "¦", "*", "∗", "`", "'", "\n", " ").Replace(s)
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
