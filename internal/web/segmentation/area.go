// Package segmentation is the screens of zones of the network: which may reach
// which, what agents see between them, what was proved, and the plan. Rules are those
// of internal/operations/segment.
package segmentation

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	home       = "/segmentation"
	flowsPath  = "/segmentation/flows"
	proofsPath = "/segmentation/proofs"
	planPath   = "/segmentation/plan"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Segment *segment.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /segmentation", Action: access.SegmentRead, Handle: s.matrix},
			{Pattern: "GET /segmentation/pair", Action: access.SegmentRead, Handle: s.pair},
			{Pattern: "POST /segmentation/probe", Action: access.SegmentProbe, Handle: s.probe},
			{Pattern: "GET /segmentation/flows", Action: access.SegmentRead, Handle: s.flows},
			{Pattern: "GET /segmentation/proofs", Action: access.SegmentRead, Handle: s.proofs},
			{Pattern: "GET /segmentation/plan", Action: access.SegmentRead, Handle: s.plans},
			{Pattern: "POST /segmentation/plan", Action: access.SegmentEdit, Handle: s.draft},
			{Pattern: "GET /segmentation/plan/{ref}", Action: access.SegmentRead, Handle: s.plan},
			{Pattern: "POST /segmentation/plan/{ref}/keep", Action: access.SegmentEdit, Handle: s.keep},
			{Pattern: "POST /segmentation/plan/{ref}/approve", Action: access.SegmentApprove, Handle: s.approve},
		},
		Pages:  []screen.Page{{Section: "Operate", Name: "Segmentation", Path: home, Action: access.SegmentRead}},
		Lists:  []screen.List{s.flowList(), s.proofList()},
		Doings: []screen.Doing{{Name: "Say which zones of the network there are", Path: planPath, Action: access.SegmentEdit}, {Name: "See connections that the plan forbids", Path: flowsPath + "?verdict=forbidden", Action: access.SegmentRead}},
	}
}

func (s *site) shell(w http.ResponseWriter, r *screen.Request, title string) ui.Shell {
	return r.Shell(w, title, "Operate", "Segmentation")
}

func (s *site) alone(r *screen.Request) func(access.Action) (bool, error) {
	return func(a access.Action) (bool, error) { return s.cfg.Alone(r.Context(), r.Who, a) }
}

func pairPath(from, to string) string {
	return home + "/pair?" + url.Values{"from": {from}, "to": {to}}.Encode()
}

// zoneName names a zone; what is in none is elsewhere.
func zoneName(key string) string { return screen.OrElse(key, "elsewhere") }

// sayings are the words for what a plan says of a pair of zones.
var sayings = map[segment.Verdict]string{segment.Allowed: "allowed", segment.Refused: "forbidden", segment.NotSaid: "unstated", segment.SameZone: "one zone", segment.NoZone: "no zone"}

// says gives the word of a cell, and what stands against it.
func says(c *segment.Cell) (word, but string) {
	switch {
	case c.Says != segment.Allowed && len(c.Allows) > 0:
		return "allowed in part", strings.Join(c.Allows, "; ")
	case c.Says != segment.Refused && len(c.Forbids) > 0:
		return "forbidden in part", strings.Join(c.Forbids, "; ")
	}
	return sayings[c.Says], ""
}

// proved says what the proofs of a cell say, with its day.
func proved(r *screen.Request, result segment.Result, at time.Time, forbids bool) string {
	switch {
	case result == segment.Broken && forbids:
		return "reached on " + r.Words.Date(at)
	case result == segment.Broken:
		return "not reached on " + r.Words.Date(at)
	case result == segment.Holds:
		return "proved on " + r.Words.Date(at)
	}
	return "not proved"
}

func seenWords(c *segment.Cell) string {
	switch {
	case c.Against > 0:
		return fmt.Sprintf("%s, %s forbidden", ui.Many(c.Flows, "connection", "connections"), ui.Number(c.Against))
	case c.Flows > 0:
		return ui.Many(c.Flows, "connection", "connections")
	case !c.KnownFlow:
		return "connections not known"
	}
	return "no connection seen"
}

// view makes the cell of the picture.
func (s *site) view(r *screen.Request, c *segment.Cell) cellView {
	word, but := says(c)
	v := cellView{Word: word, But: but, Seen: seenWords(c), Href: pairPath(c.From, c.To), Bad: c.Bad(), Against: c.Against > 0, Label: zoneName(c.From) + " to " + zoneName(c.To)}
	v.Class = map[string]string{"allowed": "seg-allowed", "forbidden": "seg-forbidden", "allowed in part": "seg-part", "forbidden in part": "seg-part"}[word]
	if len(c.Rules) > 0 || c.Says == segment.Refused {
		v.Proof = proved(r, c.Result, c.Proved, c.Broken > c.Unreached)
		v.Broken = c.Result == segment.Broken
	}
	return v
}

// matrix answers: which parts of our network can reach which, and should they?
func (s *site) matrix(w http.ResponseWriter, r *screen.Request) error {
	m, err := s.cfg.Segment.Matrix(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := matrixView{Links: []ui.Link{{Text: "Connections", Href: flowsPath}, {Text: "Proofs", Href: proofsPath}, {Text: "Plan", Href: planPath}}}
	if m.Plan == "" {
		v.Title = "No zones of the network are in force yet"
		v.Empty = &ui.Empty{Title: "Say which parts of the network may reach which", Text: "A zone names hosts and networks: web-*, 10.2.0.0/16. A rule says what one zone may do to another: the web servers may not reach the databases on port 5432. Agents then tell which connections there are, and try what is forbidden, where their settings allow it.",
			Criteria: []ui.Link{{Text: "CC6.1", Href: "/criteria/CC6.1"}, {Text: "CC6.6", Href: "/criteria/CC6.6"}}, Until: "Who runs one flat network on purpose may leave this empty, and say so in the risk register.",
			Actions: []ui.Link{{Text: "Draft the first plan", Href: planPath}, {Text: "See connections", Href: flowsPath}}}
		return r.Render(w, http.StatusOK, matrixPage(s.shell(w, r, "Segmentation"), v))
	}
	broken := 0
	for _, x := range m.Rules {
		if x.Broken > 0 && !x.Over {
			broken++
		}
	}
	switch {
	case m.Against > 0:
		v.Title = ui.Many(m.Against, "connection is", "connections are") + " there that the plan forbids"
	case broken > 0:
		v.Title = ui.Many(broken, "rule does", "rules do") + " not hold, as agents tried"
	case m.Flows == 0 && len(m.Rules) > 0:
		v.Title = "No connection between hosts is seen"
	default:
		v.Title = "No connection is seen that the plan forbids"
	}
	v.Note = fmt.Sprintf("Plan %s, as of %s: %s, %s, %s of the last hour.", m.Plan, r.Words.At(m.At).Text, ui.Many(len(m.Zones), "zone", "zones"), ui.Many(m.Hosts, "host", "hosts"), ui.Many(m.Flows, "kind of connection", "kinds of connections"))
	if r.May(access.SegmentProbe) {
		v.Probe = home + "/probe"
	}
	for i, z := range m.Zones {
		v.Zones = append(v.Zones, zoneHead{Key: z.Key, Title: z.Title, Meta: ui.Many(len(z.Members), "host", "hosts")})
		row := []cellView{}
		for j := range m.Cells[i] {
			row = append(row, s.view(r, &m.Cells[i][j]))
		}
		v.Rows = append(v.Rows, row)
	}
	v.Rules = s.rulesTable(r, m.Rules)
	v.RulesNote = ui.Many(len(m.Rules), "rule", "rules")
	if len(m.Unzoned) > 0 {
		t := ui.Table{Caption: "Hosts without a zone", Columns: []ui.Column{{Text: "Host"}, {Text: "Why"}}}
		for _, u := range m.Unzoned {
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: u.Name, Href: "/hosts/" + u.Host}, Cells: []ui.Cell{{Text: u.Reason}}})
		}
		v.Unzoned = &ui.Block{ID: "unzoned", Title: ui.Many(len(m.Unzoned), "host", "hosts") + " without a zone", Table: &t}
	}
	if m.Nowhere > 0 {
		v.Nowhere = &ui.Link{Text: ui.Many(m.Nowhere, "kind of connection has", "kinds of connections have") + " an end that is in no zone", Href: flowsPath + "?verdict=" + url.QueryEscape(string(segment.NoZone))}
	}
	return r.Render(w, http.StatusOK, matrixPage(s.shell(w, r, "Segmentation"), v))
}

// rulesTable shows rules with what each comes to.
func (s *site) rulesTable(r *screen.Request, rules []segment.RuleView) ui.Table {
	t := ui.Table{Caption: "Rules and what each comes to", Columns: []ui.Column{{Text: "Rule"}, {Text: "Seen"}, {Text: "Proof"}, {Text: "Why it is so"}, {Text: ""}}}
	for _, x := range rules {
		row := ui.TableRow{Head: ui.Link{Text: x.Says}, Meta: x.Key}
		if x.Key != "default" && x.From != segment.Any && x.To != segment.Any {
			row.Head.Href = pairPath(x.From, x.To)
		}
		seen := ui.Cell{Text: ui.Many(x.Flows, "connection", "connections")}
		switch {
		case x.Against > 0:
			seen = ui.Cell{Outcome: "fail", Meta: ui.Many(x.Against, "forbidden connection", "forbidden connections")}
		case x.Flows == 0 && x.Blind != "":
			seen = ui.Cell{Text: "not known", Meta: x.Blind, Muted: true}
		case x.Flows == 0:
			seen = ui.Cell{Text: "none", Muted: true}
		}
		forbids := x.Kind == segment.MustNot
		said := proved(r, x.Result, x.Proved, forbids)
		proof := ui.Cell{Outcome: "not_observed", Meta: x.Unproven}
		switch {
		case x.Over:
			proof = ui.Cell{Outcome: "fail", Meta: "its last day was " + r.Words.Calendar(x.Until)}
		case x.Result == segment.Broken:
			proof = ui.Cell{Outcome: "fail", Meta: fmt.Sprintf("%s, by %s of %s", said, ui.Number(x.Broken), ui.Many(x.Proofs, "try", "tries"))}
		case x.Result == segment.Holds:
			proof = ui.Cell{Outcome: "pass", Meta: fmt.Sprintf("%s, by %s", said, ui.Many(x.Proofs, "try", "tries"))}
		}
		why := ui.Cell{Text: x.Why}
		if x.Until != "" {
			why.Meta = "until " + r.Words.Calendar(x.Until) + ", asked for by " + x.Owner
		}
		act := ui.Cell{}
		if r.May(access.SegmentProbe) && !x.Over {
			act.Post = ui.Post{Text: "Probe now", Label: "Probe now: " + x.Says, Action: home + "/probe", Fields: []ui.Link{{Text: "rule", Href: x.Key}}}
		}
		row.Cells = []ui.Cell{seen, proof, why, act}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// probe has agents try what is asked now.
func (s *site) probe(w http.ResponseWriter, r *screen.Request) error {
	asked, err := s.cfg.Segment.Probe(r.Context(), r.Who, r.PostForm.Get("rule"))
	if err != nil {
		return err
	}
	n := 0
	for _, a := range asked {
		n += a.Targets
	}
	return r.Done(w, fmt.Sprintf("%s asked for %s. What comes of it stands here when they have answered.", areWords(len(asked)), ui.Many(n, "connection", "connections")), home)
}

func areWords(n int) string {
	if n == 1 {
		return "1 agent is"
	}
	return ui.Number(n) + " agents are"
}
