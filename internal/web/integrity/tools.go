package integrity

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const toolsPath = root + "/tools"

var toolSteps = map[string]string{"registered": "Registered", "changed": "Changed", "ended": "Ended"}

func toolFields(x integrity.ToolText, name bool) []ui.Field {
	lines := func(list []string) string {
		out := ""
		for i, s := range list {
			if i > 0 {
				out += "\n"
			}
			out += s
		}
		return out
	}
	number := func(n, otherwise int) string {
		if n == 0 {
			n = otherwise
		}
		return strconv.Itoa(n)
	}
	first := ui.Field{Name: "name", Label: "Name", Hint: "One word: ansible, puppet-prod.", Value: x.Name, Must: true}
	if !name {
		first.Kind = "hidden"
	}
	return []ui.Field{first, {Name: "hosts", Label: "Hosts that its runs may change", Hint: "Patterns of names, one on a line: web-*", Kind: "long", Value: lines(x.Hosts), Must: true}, {Name: "paths", Label: "Paths that they may change", Hint: "Patterns, one on a line: /etc/nginx/**", Kind: "long", Value: lines(x.Paths), Must: true},
		{Name: "owner", Label: "Who answers for it", Hint: "A login or an address.", Value: x.Owner, Must: true}, {Name: "count", Label: "Changes of paths that one run covers at most", Value: number(x.Count, 1000)}, {Name: "hours", Label: "Hours that a token of a run holds at most", Value: number(x.Hours, 4)}, {Name: "why", Label: "What it is for", Kind: "long", Value: x.Why}}
}

// tools answers: which tools of configuration management may change our hosts, and
// which runs did they have?
func (s *site) tools(w http.ResponseWriter, r *screen.Request) error { return s.showTools(w, r, nil) }

func (s *site) showTools(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	list, err := s.cfg.Integrity.Tools(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: s.crumbs(ui.Link{Text: "Tools"}), Title: "No tool of configuration management is registered", Note: "A run shows its token to the agent of each host before it begins; what it then changes within its limits is authorised by configuration management. Beyond them it is unexplained, and the limit exceeded.", None: "There is none.", Undo: toolsPath,
		Table: ui.Table{Caption: "Tools of configuration management, newest first", Columns: []ui.Column{{Text: "Tool"}, {Text: "State"}, {Text: "Hosts"}, {Text: "Paths"}, {Text: "Owner"}, {Text: "A run covers"}}}}
	var who []string
	for i := range list {
		who = append(who, list[i].Content.Owner)
	}
	names, current := r.Names(who), 0
	for i := range list {
		c := &list[i].Content
		if c.State == "registered" {
			current++
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.Name, Href: toolsPath + "/" + list[i].Ref}, Meta: list[i].Ref, Cells: []ui.Cell{{Text: c.State, Muted: c.State != "registered"}, {Text: screen.Joined(c.Hosts), Mono: true}, {Text: screen.Joined(c.Paths), Mono: true}, {Text: screen.Who(names, c.Owner)},
			{Text: ui.Many(c.Count, "change", "changes") + " in " + ui.Many(c.Hours, "hour", "hours")}}})
	}
	if current > 0 {
		v.Title = ui.Many(current, "tool of configuration management is", "tools of configuration management are") + " registered"
	}
	if len(list) == 0 {
		v.Note = ""
		v.Empty = &ui.Empty{Title: "Say which tools change your hosts", Text: "Ansible, Puppet, Salt, a deployment of your own: without being registered each of its runs is a change that nobody explained. Registered, it gets a signed token for each run, names the hosts and paths that it may touch, and somebody answers for it.",
			Criteria: []ui.Link{{Text: "CC8.1", Href: "/criteria/CC8.1"}, {Text: "CC7.1", Href: "/criteria/CC7.1"}}, Until: "Who changes hosts by hand, with tickets, needs none: a change token of the ticket does the same.", Actions: []ui.Link{{Text: "Changes", Href: "/changes"}}}
	}
	if r.May(access.IntegrityTool) {
		v.Form = ui.Form{ID: "new", Action: toolsPath, Summary: "Register a tool", Open: len(list) == 0, Button: "Register it", Note: "It may ask once more who you are.", Fields: toolFields(integrity.ToolText{}, true)}
		t.Fill(&v.Form)
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "Tools of configuration management", section, page), v))
}

func (s *site) toolText(r *screen.Request) (x integrity.ToolText, err error) {
	err = screen.Decode(r.PostForm, &x, r.Words.Zone)
	return x, err
}

func (s *site) addTool(w http.ResponseWriter, r *screen.Request) error {
	text, err := s.toolText(r)
	var o *integrity.ToolObject
	if err == nil {
		o, err = s.cfg.Integrity.AddTool(r.Context(), r.Who, text)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showTools(w, r, t)
	}
	return r.Done(w, o.Content.Name+" is registered.", toolsPath+"/"+o.Ref)
}

func (s *site) tool(w http.ResponseWriter, r *screen.Request) error {
	return s.showTool(w, r, "", nil, nil)
}

func (s *site) showTool(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed, made *integrity.RunToken) error {
	o, err := s.cfg.Integrity.Tool(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	runs, err := s.cfg.Integrity.Runs(r.Context(), r.Who, o.Ref, 100)
	if err != nil {
		return err
	}
	c, at := &o.Content, toolsPath+"/"+o.Ref
	who := []string{c.Owner}
	for i := range o.History {
		who = append(who, o.History[i].By)
	}
	for i := range runs {
		who = append(who, runs[i].MadeBy)
	}
	names := r.Names(who)
	v := ui.RecordView{Crumbs: s.crumbs(ui.Link{Text: "Tools", Href: toolsPath}, ui.Link{Text: c.Name}), Title: c.Name, State: c.State, Line: []string{ui.Many(len(runs), "run", "runs") + " with a token", "answered for by " + screen.Who(names, c.Owner)}, FactsOf: "What it may do", Zone: "times in " + r.Words.Zone.String(),
		Facts: []ui.Fact{{Term: "Number", Text: o.Ref, Mono: true}, {Term: "Hosts", Text: screen.Joined(c.Hosts), Mono: true}, {Term: "Paths", Text: screen.Joined(c.Paths), Mono: true}, {Term: "A run covers", Text: "at most " + ui.Many(c.Count, "change", "changes")}, {Term: "A token holds", Text: "at most " + ui.Many(c.Hours, "hour", "hours")}, {Term: "Owner", Text: screen.Who(names, c.Owner)}}}
	if c.Why != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "What it is for", Text: c.Why})
	}
	if made != nil {
		v.Blocks = append(v.Blocks, ui.Block{ID: "made", Title: "The token of run " + made.Run, Meta: "no secret: it is of these hosts, paths and hours alone", Text: []string{"On each host, before the run begins, and for it alone:"}, Code: "attesta-agent authorise " + made.Text})
	}
	table := &ui.Table{Caption: "Runs, newest first", Columns: []ui.Column{{Text: "Run"}, {Text: "Token holds"}, {Text: "Covers"}, {Text: "Used", N: true}, {Text: "Beyond its limits", N: true}, {Text: "Signed by"}}}
	for i := range runs {
		x := &runs[i]
		used, err := s.cfg.Integrity.Used(r.Context(), r.Who, x.ID)
		if err != nil {
			return err
		}
		row := ui.TableRow{Head: ui.Link{Text: screen.OrElse(x.Run, x.ID), Href: root + "?ticket=" + url.QueryEscape(x.Purpose())}, Meta: x.ID, Cells: []ui.Cell{{Moment: r.Words.At(time.Unix(x.From, 0)), Meta: "until " + r.Words.At(time.Unix(x.Until, 0)).Text}, {Text: "at most " + ui.Many(x.Count, "change", "changes")}, {Text: ui.Number(used.Used), N: true},
			{Text: ui.Number(used.Exceeded), N: true, Bad: used.Exceeded > 0, Muted: used.Exceeded == 0}, {Text: screen.Who(names, x.MadeBy)}}}
		if x.Change != "" {
			row.Meta += ", of " + x.Change
		}
		table.Rows = append(table.Rows, row)
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "runs", Title: "Runs", Table: table, None: "No token was signed for a run yet. A run asks for one by the API before it begins, or somebody signs it here.", Meta: "the newest 100"})
	if c.State == "registered" {
		forms := screen.Forms(r, at, which, t,
			screen.Verb{Name: "run", Action: access.IntegrityRun, Open: "Sign a token for a run", Button: "Sign it", Fields: []ui.Field{{Name: "run", Label: "What the tool calls its run", Hint: "A number, a commit.", Must: true}, {Name: "change", Label: "Change that it belongs to", Hint: "CH-12. May be empty."}, {Name: "count", Label: "Changes that it covers", Hint: "Empty: what the tool may."}, {Name: "hours", Label: "Hours that it holds", Hint: "Empty: what the tool may."}}},
			screen.Verb{Name: "change", Action: access.IntegrityTool, Open: "Change what it may do", Button: "Change it", Note: "Tokens that were signed stay what they are. It may ask once more who you are.", Fields: append(toolFields(c.ToolText, false), ui.Field{Name: "base", Kind: "hidden", Value: strconv.FormatInt(o.Seq, 10)})},
			screen.Verb{Name: "end", Action: access.IntegrityTool, Open: "End it", Button: "End it", Danger: true, Note: "No tokens are signed for it any more. What it changes is then unexplained.", Fields: []ui.Field{screen.LongField("why", "Why?", "", true)}})
		if len(forms) > 0 {
			v.Blocks = append(v.Blocks, ui.Block{ID: "do", Title: "What can be done", Forms: forms})
		}
	}
	for i := len(o.History) - 1; i >= 0; i-- {
		h := o.History[i]
		text := screen.OrElse(toolSteps[h.Step], h.Step)
		if h.Note != "" {
			text += ": " + h.Note
		}
		v.History = append(v.History, ui.Step{At: r.Words.At(h.At), Text: text, By: "by " + screen.Who(names, h.By), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, c.Name, section, page), v))
}

func (s *site) toolDone(w http.ResponseWriter, r *screen.Request, which string, err error, said string) error {
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showTool(w, r, which, t, nil)
	}
	return r.Done(w, said, toolsPath+"/"+r.PathValue("ref"))
}

func (s *site) changeTool(w http.ResponseWriter, r *screen.Request) error {
	text, err := s.toolText(r)
	if err == nil {
		var base int64
		if base, err = number(r.PostFormValue("base"), "base"); err == nil {
			_, err = s.cfg.Integrity.ChangeTool(r.Context(), r.Who, r.PathValue("ref"), base, text)
		}
	}
	return s.toolDone(w, r, "change", err, "It is changed.")
}

func (s *site) endTool(w http.ResponseWriter, r *screen.Request) error {
	_, err := s.cfg.Integrity.EndTool(r.Context(), r.Who, r.PathValue("ref"), r.PostFormValue("why"))
	return s.toolDone(w, r, "end", err, "It is ended: no tokens are signed for it any more.")
}

func (s *site) makeRun(w http.ResponseWriter, r *screen.Request) error {
	var x integrity.RunAsk
	err := screen.Decode(r.PostForm, &x, r.Words.Zone)
	var made integrity.RunToken
	if err == nil {
		made, err = s.cfg.Integrity.MakeRun(r.Context(), r.Who, r.PathValue("ref"), x)
	}
	if err != nil {
		return s.toolDone(w, r, "run", err, "")
	}
	return s.showTool(w, r, "", nil, &made)
}
