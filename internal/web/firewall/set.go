package firewall

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	firewallops "github.com/attesta/attesta/internal/api/firewall"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/cloudrules"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// most rules that a page of a set shows; the others are in the list of rules.
const mostShown = 300

func (s *site) set(w http.ResponseWriter, r *screen.Request) error { return s.showSet(w, r, nil) }

// showSet answers: what does this rule set let in, why, and who looked at it?
func (s *site) showSet(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	v, err := s.cfg.Firewall.Show(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	rec := ui.RecordView{Crumbs: crumbs(ui.Link{Text: v.Ref}), Title: v.Name, Line: []string{v.Ref, ui.Many(len(v.Rules), "rule", "rules"), "in force since " + r.Words.Date(v.First)}, FactsOf: "The rule set", Zone: "times in " + r.Words.Zone.String()}
	count := func(only string) (n int) {
		for i := range v.Rules {
			if v.Rules[i].Is(only) {
				n++
			}
		}
		return n
	}
	figure := func(term, only string, bad bool) ui.Figure {
		n := count(only)
		return ui.Figure{Term: term, Value: ui.Number(int64(n)), Bad: bad && n > 0, Href: "/firewall/rules?set=" + v.Ref + "&only=" + only}
	}
	rec.Figures = []ui.Figure{figure("Open to everybody", "open", true), figure("Not justified", "unjustified", true), figure("Never decide", "shadowed", true), figure("Redundant", "redundant", false), figure("Unused", "unused", false)}
	switch {
	case !v.Gone.IsZero():
		rec.State = "in force nowhere since " + r.Words.Date(v.Gone)
	case v.Overdue:
		rec.Bad = "Its review was due by " + r.Words.Date(v.Due) + "."
	}
	if len(v.Limits) > 0 {
		rec.Notice, rec.Warn = "Not all of it could be analysed: "+strings.Join(v.Limits, "; ")+".", true
	}
	rec.Facts = []ui.Fact{{Term: "Rules changed", Text: r.Words.Full(v.Changed)}, {Term: "Digest", Text: v.Digest[:16], Mono: true}}
	switch {
	case v.Review != "":
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Newest review", Links: []ui.Link{{Text: v.Review, Href: "/firewall/reviews/" + v.Review}}, Text: "approved " + r.Words.Date(v.Reviewed)}, ui.Fact{Term: "Next one by", Text: r.Words.Date(v.Due)})
	default:
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Newest review", Text: "none yet; due by " + r.Words.Date(v.Due), Muted: true})
	}
	switch {
	case v.OpenOne != "":
		rec.Links = append(rec.Links, ui.Link{Text: "Go on with " + v.OpenOne, Href: "/firewall/reviews/" + v.OpenOne})
	case v.Gone.IsZero() && r.May(access.FirewallReview):
		rec.Action = ui.Form{ID: "review", Action: v.Path() + "/review", Button: "Begin a review"}
	}
	rec.Blocks = append(rec.Blocks, policies(v))
	rules := ui.Table{Caption: "Rules, as they are asked", Columns: []ui.Column{{Text: "Rule"}, {Text: "What is odd"}, {Text: "Justified"}, {Text: "Review"}}}
	for i := range v.Rules[:min(len(v.Rules), mostShown)] {
		x := &v.Rules[i]
		rules.Rows = append(rules.Rows, ui.TableRow{Head: ui.Link{Text: x.Text}, Mono: true, Meta: place(x), Cells: ruleCells(r, x)})
	}
	b := ui.Block{ID: "rules", Title: "Rules", Table: &rules, None: "There is no rule: the policy decides about everything.", Links: []ui.Link{{Text: "All of them as a list", Href: "/firewall/rules?set=" + v.Ref}}}
	if len(v.Rules) > mostShown {
		b.Meta = fmt.Sprintf("the first %d of %d", mostShown, len(v.Rules))
	}
	rec.Blocks = append(rec.Blocks, b)
	if f := s.justifyForm(r, v); f.Action != "" {
		t.Fill(&f)
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "justify", Title: "Justify rules", Text: []string{"What several rules have in common is said once; each gets a justification of its own."}, Forms: []ui.Form{f}})
	}
	if len(v.Vanished) > 0 {
		g := ui.Table{Caption: "Rules that the review saw and that are gone", Columns: []ui.Column{{Text: "Rule"}, {Text: "Decided"}, {Text: "Seen to be gone"}}}
		for _, x := range v.Vanished[:min(len(v.Vanished), mostShown)] {
			d := ui.Cell{Text: screen.OrElse(x.Decision, "—")}
			if x.Decision == firewall.Keep {
				d = ui.Cell{Text: "keep", Bad: true, Meta: "it went without a decision"}
			}
			g.Rows = append(g.Rows, ui.TableRow{Head: ui.Link{Text: x.Rule}, Mono: true, Meta: x.Chain, Cells: []ui.Cell{d, {Moment: r.Words.At(x.At)}}})
		}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "gone", Title: "Gone since " + v.Review, Table: &g})
	}
	if len(v.Events) > 0 {
		g := ui.Table{Caption: "What came and went, newest first", Columns: []ui.Column{{Text: "Rule"}, {Text: "What"}, {Text: "When"}}}
		for _, e := range v.Events[:min(len(v.Events), 50)] {
			g.Rows = append(g.Rows, ui.TableRow{Head: ui.Link{Text: e.Rule}, Mono: true, Meta: e.Chain, Cells: []ui.Cell{{Text: map[string]string{"added": "came", "gone": "went"}[e.Kind]}, {Moment: r.Words.At(e.At)}}})
		}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "events", Title: "Changes", Table: &g})
	}
	members := ui.Table{Caption: "Who has it", Columns: []ui.Column{{Text: "Host"}, {Text: "Since"}, {Text: "Heard"}}}
	for _, m := range v.Members[:min(len(v.Members), 100)] {
		heard := ui.Cell{Text: "reports"}
		switch {
		case m.Why != "":
			heard = ui.Cell{Text: "its rules cannot be read now", Meta: m.Why, Bad: true}
		case m.Silent:
			heard = ui.Cell{Text: "silent", Bad: true}
		case !m.Heard.IsZero():
			heard = ui.Cell{Text: "file of " + r.Words.Date(m.Heard)}
		}
		row := ui.TableRow{Head: ui.Link{Text: m.Name}, Cells: []ui.Cell{{Moment: r.Words.At(m.Since)}, heard}}
		if m.HostID != "" {
			row.Head.Href = "/hosts/" + m.HostID
		}
		members.Rows = append(members.Rows, row)
	}
	mb := ui.Block{ID: "members", Title: "Who has it", Table: &members, None: "Nobody any more."}
	if len(v.Members) > 100 {
		mb.Meta = fmt.Sprintf("the first 100 of %d", len(v.Members))
	}
	rec.Blocks = append(rec.Blocks, mb)
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, v.Ref), rec))
}

// policies says what becomes of what no rule mentions.
func policies(v *firewall.View) ui.Block {
	b := ui.Block{ID: "policies", Title: "What no rule mentions", Text: []string{"It is kept out, by IPv4 and IPv6."}}
	if len(v.Policies) > 0 {
		b.Text = nil
	}
	for _, p := range v.Policies {
		what := "hook " + p.Hook
		if p.Chain != "" {
			what = p.Chain
		}
		b.Facts = append(b.Facts, ui.Fact{Term: "Let in by IPv" + p.IP, Text: what + ": " + p.Why})
	}
	return b
}

// justifyForm asks why rules are needed that nobody has justified.
func (s *site) justifyForm(r *screen.Request, v *firewall.View) ui.Form {
	if !r.May(access.FirewallEdit) || !v.Gone.IsZero() {
		return ui.Form{}
	}
	many := ui.Field{Name: "keys", Label: "Which rules?", Kind: "many"}
	told := map[string]bool{}
	for i := range v.Rules {
		x := &v.Rules[i]
		if x.Justified == firewall.NotNeeded || x.Justified == firewall.InForce || told[x.Key] || len(many.Options) == 200 {
			continue
		}
		told[x.Key] = true
		many.Options = append(many.Options, ui.Option{Value: x.Key, Text: x.Text + " (" + x.Chain + ")"})
	}
	if len(many.Options) == 0 {
		return ui.Form{}
	}
	return ui.Form{ID: "justify", Action: v.Path() + "/justify", Button: "Justify them", Fields: append([]ui.Field{many}, whyFields()...)}
}

func whyFields() []ui.Field {
	return []ui.Field{screen.LongField("reason", "What needs them?", "Such as: customers reach the service by HTTPS.", true), {Name: "owner", Label: "Who answers for it?", Must: true}, {Name: "ticket", Label: "Request or change", Hint: "Its number or address."},
		screen.DayField("until", "Until when?", "At most two years; then somebody looks again."), {Name: "hosts", Label: "For which hosts?", Hint: "Names with commas; * stands for any letters: web-*. Empty: all that have the rule."}}
}

func textOf(r *screen.Request) firewall.JustificationText {
	v := r.PostForm
	return firewall.JustificationText{Chain: v.Get("chain"), Rule: v.Get("rule"), Hosts: screen.Listed(strings.ReplaceAll(v.Get("hosts"), ",", "\n")), Owner: v.Get("owner"), Reason: v.Get("reason"), Ticket: v.Get("ticket"), Until: firewall.Day(v.Get("until"))}
}

// parse reads the form of a route that has a limit of its own.
func parse(r *screen.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Invalid, err, "the form did not arrive whole")
	}
	return nil
}

func (s *site) justify(w http.ResponseWriter, r *screen.Request) error {
	if err := parse(r); err != nil {
		return err
	}
	list, err := s.cfg.Firewall.JustifyMany(r.Context(), r.Who, r.PathValue("ref"), r.PostForm["keys"], textOf(r))
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showSet(w, r, t)
	}
	return r.Done(w, ui.Many(len(list), "rule is", "rules are")+" justified.", "/firewall/"+r.PathValue("ref"))
}

func (s *site) begin(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firewall.Begin(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return r.Done(w, "The rules are frozen. Decide on each.", "/firewall/reviews/"+o.Ref)
}

func (s *site) importForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showImport(w, r, nil)
}

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "import", Action: "/firewall/import", Button: "Take it in", Upload: true, Note: "All of it is taken in, or nothing where something is wrong. It says what holds for five weeks; bring a new one before.",
		Fields: []ui.Field{{Name: "file", Label: "File", Hint: "JSON, at most 16 MiB.", Kind: "file", Must: true}, screen.Choice("whole", "Are all groups of the account in it?", "Then groups that were there before and are not in it are gone.", "yes", [2]string{"yes", "Yes"}, [2]string{"no", "No, only some"})}}
	t.Fill(&f)
	side := ui.Block{ID: "commands", Title: "What to run", Text: []string{"One of these, with an account that may read. Each group becomes a rule set here."}, Code: "aws ec2 describe-security-groups > groups.json\naz network nsg list > groups.json\ngcloud compute firewall-rules list --format=json > rules.json"}
	files, err := s.cfg.Firewall.Files(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var old ui.Block
	if len(files) > 0 {
		old = ui.Block{ID: "files", Title: "Brought before"}
		for _, o := range files[:min(len(files), 10)] {
			old.Facts = append(old.Facts, ui.Fact{Term: o.Ref, Text: fmt.Sprintf("%s, %s: %s, %s", o.Content.Name, o.Content.Cloud, ui.Many(len(o.Content.Groups), "group", "groups"), r.Words.Date(o.Created))})
		}
	}
	v := ui.FormView{Crumbs: crumbs(ui.Link{Text: "Bring a cloud's groups"}), Title: "Bring security groups of a cloud", Note: "Attesta asks no cloud: it reads what the cloud's own command printed.", Form: f, Side: []ui.Block{side}}
	if old.ID != "" {
		v.Side = append(v.Side, old)
	}
	return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Bring security groups"), v))
}

func (s *site) importFile(w http.ResponseWriter, r *screen.Request) error {
	o, err := func() (*firewall.FileObject, error) {
		file, head, err := r.FormFile("file")
		if errors.Is(err, http.ErrMissingFile) {
			return nil, fault.New(fault.Invalid, "choose a file").At("", 0, "file")
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").At("", 0, "file")
		}
		defer file.Close()
		raw, err := io.ReadAll(io.LimitReader(file, cloudrules.MaxFile+1))
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file did not arrive whole").At("", 0, "file")
		}
		return firewallops.Bring(r.Context(), s.cfg.Firewall, r.Who, head.Filename, "", raw, r.PostFormValue("whole") == "yes")
	}()
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) && f.Kind == fault.Invalid {
			where := ""
			if f.Line > 0 {
				where = fmt.Sprintf("Line %d: ", f.Line)
			}
			if f.Field != "" && f.Field != "file" {
				where += f.Field + ": "
			}
			err = fault.New(fault.Invalid, "%s%s; nothing was stored", where, f.Message).At("", 0, "file").WithHint("%s", f.Hint)
		}
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showImport(w, r, t)
	}
	return r.Done(w, ui.Many(len(o.Content.Groups), "group is", "groups are")+" taken in as "+o.Ref+".", "/firewall?kind="+o.Content.Cloud)
}
