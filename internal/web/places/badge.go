package places

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// maxFile is the largest file that the screen takes; larger ones come in parts, or
// by the API and webhook.
const maxFile = 12 << 20

var (
	systemSteps = map[string]string{"added": "added", "described": "described anew", "pooled": "the pool changed", "token": "a new token was made", "pruned": "readings that are no longer kept were removed", "ended": "ended"}
	listSteps   = map[string]string{"brought": "brought", "approved": "approved", "dropped": "refused"}
)

func (s *site) filter(r *screen.Request) (badge.Filter, error) {
	q := r.URL.Query()
	f := badge.Filter{System: q.Get("system"), Doubt: q.Get("doubt"), State: q.Get("state"), Query: q.Get("q")}
	if ref := q.Get("site"); ref != "" {
		o, err := s.cfg.Places.Site(r.Context(), r.Who, ref)
		if err != nil {
			return f, err
		}
		f.Site = o.ID
	}
	return f, nil
}

func (s *site) badgeRows(r *screen.Request) ([]badge.Row, error) {
	f, err := s.filter(r)
	if err != nil {
		return nil, err
	}
	rows, _, err := s.cfg.Badges.Badges(r.Context(), r.Who, f)
	return rows, err
}

func reasons(x *badge.Row) string {
	var out []string
	for _, d := range x.Doubts {
		out = append(out, d.Reason)
	}
	return strings.Join(out, "; ")
}

func holderOf(x *badge.Row) string {
	switch {
	case x.Person != nil && x.Rule != "name":
		return x.Person.Name
	case x.Pool != "":
		return "pool"
	case x.Holder.Name != "":
		return x.Holder.Name
	}
	return screen.OrElse(x.Holder.Mail, "nobody named")
}

func (s *site) badgeList() screen.List {
	type x = badge.Row
	return screen.Declare(screen.List{Name: "badges", Title: "Badges", Pattern: "GET /badges", Action: access.BadgeRead}, screen.Whole(s.badgeRows), nil,
		screen.Column[x]{Key: "card", Title: "Badge", Head: "=", Value: func(_ *screen.Cells, b x) any { return b.Number }},
		screen.Column[x]{Key: "system", Title: "System", Width: 24, Value: func(_ *screen.Cells, b x) any { return b.SystemName }},
		screen.Column[x]{Key: "holder", Title: "Holder", Head: "=", Width: 24, Value: func(_ *screen.Cells, b x) any { return holderOf(&b) }},
		screen.Column[x]{Key: "mail", Title: "Mail", Width: 24, Value: func(_ *screen.Cells, b x) any { return b.Holder.Mail }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, b x) any { return b.State }},
		screen.Column[x]{Key: "zones", Title: "Opens", Head: "=", Width: 30, Value: func(_ *screen.Cells, b x) any { return strings.Join(b.Holder.Zones, ", ") }},
		screen.Column[x]{Key: "used", Title: "Last used", Head: "=", Width: 20, Value: func(_ *screen.Cells, b x) any { return b.Used }},
		screen.Column[x]{Key: "outcome", Title: "Comes to", Head: "=", Value: func(_ *screen.Cells, b x) any { return b.Outcome }},
		screen.Column[x]{Key: "reason", Title: "Why", Width: 60, Value: func(_ *screen.Cells, b x) any { return reasons(&b) }},
		screen.Column[x]{Key: "seen", Title: "In the list of", Width: 20, Value: func(_ *screen.Cells, b x) any { return b.Seen }})
}

// badges answers: whose badge opens something that it should not?
func (s *site) badges(w http.ResponseWriter, r *screen.Request) error {
	f, err := s.filter(r)
	if err != nil {
		return err
	}
	rows, n, err := s.cfg.Badges.Badges(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	systems, err := s.cfg.Badges.Systems(r.Context(), r.Who)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	fails := 0
	for _, d := range badge.Doubts() {
		fails += n[d[0]]
	}
	v := ui.ListView{Title: ui.Many(n["active"], "badge opens", "badges open") + " something, " + ui.Many(fails, "thing does not fit", "things do not fit"), Note: "As the newest list of each badge system says, held against the register of people and the zones of the site.", Labels: []string{"What does not fit", "State", "System"},
		Undo: "/badges", None: "No badge matches.", Search: ui.SearchBox{Label: "Number, name or access level", Path: "/badges", Value: f.Query, Hidden: hidden(q, "q", "after")}}
	chip := func(name, value, words string, count int) ui.Chip {
		return ui.Chip{Text: words + " " + ui.Number(count), Href: screen.With(q, "/badges", name, value, "after", ""), Current: q.Get(name) == value}
	}
	doubts := []ui.Chip{chip("doubt", "", "All", n[""])}
	for _, d := range badge.Doubts() {
		doubts = append(doubts, chip("doubt", d[0], screen.Capital(d[1]), n[d[0]]))
	}
	states := []ui.Chip{chip("state", "", "All", n[""])}
	for _, st := range []string{badge.Active, badge.Inactive, badge.Gone, badge.Unlisted} {
		states = append(states, chip("state", st, screen.Capital(st), n[st]))
	}
	v.Chips = [][]ui.Chip{doubts, states}
	if len(systems) > 0 {
		list := []ui.Chip{{Text: "All", Href: screen.With(q, "/badges", "system", "", "after", ""), Current: f.System == ""}}
		for _, o := range systems {
			list = append(list, ui.Chip{Text: o.Content.Name, Href: screen.With(q, "/badges", "system", o.Ref, "after", ""), Current: f.System == o.Ref})
			v.More = append(v.More, ui.Link{Text: o.Content.Name, Href: "/badge-systems/" + o.Ref})
			if r.May(access.BadgeBring) && v.Action.Href == "" && o.Content.State == badge.Used {
				v.Action = ui.Link{Text: "Bring a list", Href: "/badge-systems/" + o.Ref + "/import"}
			}
		}
		v.Chips = append(v.Chips, list)
	}
	v.More = append(v.More, ui.Link{Text: "Lists that were brought", Href: "/badge-lists"})
	if len(systems) == 0 {
		v.Chips, v.Search, v.Labels = nil, ui.SearchBox{}, nil
		v.Title = "No badge system is known yet"
		v.Empty = &ui.Empty{Title: "Bring the list of badge holders", Text: "A badge system exports who has a badge and what it opens. Brought once a month, it shows leavers whose badge still works, badges that nobody knows and rights that a role does not have.", Criteria: []ui.Link{{Text: "CC6.4", Href: "/criteria/CC6.4"}},
			Until: "Until then nobody can say whether a leaver can still enter. Without premises or badges there is nothing to do here: say so under Places."}
		if r.May(access.PlaceEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Add a badge system", Href: "/badge-systems/new"}, {Text: "Places", Href: "/places"}}
		}
	} else if n[""] == 0 {
		v.Title = "No list of badges was brought yet"
	}
	page, next := screen.CutPage(r.Request, rows, func(b badge.Row) string { return b.SystemRef + " " + b.Number })
	v.Table = ui.Table{Caption: "Badges by system and number", Columns: []ui.Column{{Text: "Badge"}, {Text: "Holder"}, {Text: "State"}, {Text: "Opens"}, {Text: "Last used"}, {Text: "Comes to"}}}
	for i := range page {
		b := &page[i]
		holder := ui.Cell{Text: holderOf(b)}
		if b.Person != nil && b.Rule != "name" && r.May(access.PeopleRead) {
			holder = ui.Cell{Links: []ui.Link{{Text: b.Person.Name, Href: "/people/" + b.Person.ID}}}
		}
		used := ui.Cell{Text: "never", Muted: true}
		if !b.Used.IsZero() {
			used = ui.Cell{Moment: r.Words.At(b.Used)}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: b.Number, Href: "/badges/" + b.SystemRef + "/" + url.PathEscape(b.Number)}, Mono: true, Meta: b.SystemName, Cells: []ui.Cell{holder, {Text: b.State, Muted: b.State != badge.Active}, {Text: screen.OrElse(strings.Join(b.Holder.Zones, ", "), "nothing named"), Muted: len(b.Holder.Zones) == 0}, used, outcomeCell(b.Outcome, reasons(b))}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(rows)), q, "/badges", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Badges", "Organise", "Badges"), v))
}

// hidden keeps the other filters of a search.
func hidden(q url.Values, without ...string) []ui.Link {
	var out []ui.Link
	for _, name := range []string{"site", "system", "doubt", "state", "q", "after"} {
		skip := false
		for _, w := range without {
			skip = skip || w == name
		}
		if !skip && q.Get(name) != "" {
			out = append(out, ui.Link{Text: name, Href: q.Get(name)})
		}
	}
	return out
}

// badge answers: whose is it, what does it open, where was it used?
func (s *site) badge(w http.ResponseWriter, r *screen.Request) error {
	b, err := s.cfg.Badges.Badge(r.Context(), r.Who, r.PathValue("system"), r.PathValue("card"))
	if err != nil {
		return err
	}
	uses, err := s.cfg.Badges.Uses(r.Context(), r.Who, b.SystemRef, b.Number, time.Time{}, 100)
	if err != nil {
		return err
	}
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Badges", Href: "/badges"}, {Text: b.SystemName, Href: "/badge-systems/" + b.SystemRef}, {Text: b.Number}}, Title: "Badge " + b.Number, State: b.State, Outcome: ui.Outcome(b.Outcome), FactsOf: "The badge", Zone: "times in " + r.Words.Zone.String(), Line: []string{b.SystemName, holderOf(&b.Row)}}
	rec.Facts = []ui.Fact{{Term: "Holder, as the system says", Text: screen.OrElse(strings.TrimSpace(b.Holder.Name+" "+b.Holder.Mail+" "+b.Holder.Number), "nobody")}, {Term: "Opens", Text: screen.OrElse(strings.Join(b.Holder.Zones, ", "), "nothing named")}}
	if b.Person != nil {
		how := map[string]string{"said": "as a person said", "mail": "by the mail address", "number": "by the personnel number", "name": "perhaps: only the name is the same"}[b.Rule]
		rec.Facts = append(rec.Facts, ui.Fact{Term: "In the register of people", Text: b.Person.Name + ", " + string(b.Person.State) + " (" + how + ")", Links: []ui.Link{{Text: "their page", Href: "/people/" + b.Person.ID}}})
	}
	if b.Pool != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "No one person's", Text: b.Pool})
	}
	rec.Facts = append(rec.Facts, ui.Fact{Term: "In the list of", Text: when(r, b.Seen)}, ui.Fact{Term: "Last used", Text: when(r, b.Used)})
	if !b.After.IsZero() {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "First used after leaving", Text: r.Words.Full(b.After) + " at " + b.Door})
	}
	doubts := ui.Table{Caption: "What does not fit", Columns: []ui.Column{{Text: "What"}, {Text: "Comes to"}, {Text: "Why"}}}
	for _, d := range b.Doubts {
		doubts.Rows = append(doubts.Rows, ui.TableRow{Head: ui.Link{Text: doubtWords(d.Kind)}, Cells: []ui.Cell{{Outcome: ui.Outcome(d.Outcome)}, {Text: d.Reason}}})
		if d.Outcome == place.Fail && rec.Bad == "" {
			rec.Bad = d.Reason
		}
	}
	readings := ui.Table{Caption: "Where it was used, newest first", Columns: []ui.Column{{Text: "Door"}, {Text: "When"}, {Text: "It"}}}
	for _, u := range uses {
		is := ui.Cell{Text: "opened"}
		if !u.Granted {
			is = ui.Cell{Text: "stayed shut", Muted: true}
		}
		readings.Rows = append(readings.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(u.Door, "a door without a name")}, Cells: []ui.Cell{{Moment: r.Words.At(u.At)}, is}})
	}
	readings.Pager.Text = ui.Number(len(uses)) + " shown"
	for _, c := range b.Changes {
		rec.History = append(rec.History, ui.Step{At: r.Words.At(c.At), Text: badge.ChangeWords(c.Kind) + ": " + c.What(), By: "as a list said"})
	}
	rec.Blocks = []ui.Block{{ID: "doubts", Title: "What does not fit", Table: &doubts, None: "Nothing."}, {ID: "uses", Title: "Where it was used", Table: &readings, None: "No reading is kept."}}
	if r.May(access.PlaceEdit) {
		pool := ui.Form{ID: "pool", Action: "/badge-systems/" + b.SystemRef + "/keep/pool", Summary: "It is no one person's", Button: "Record it", Quiet: true, Note: "A badge for visitors, cleaning or the fire brigade. Empty says that it is somebody's.", Fields: []ui.Field{{Name: "card", Kind: "hidden", Value: b.Number}, text("why", "What is it for?", "", b.Pool, false)}}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Whose it is", Text: []string{"Where the register of people has the holder under another name, say on their page that the badge is theirs, as an account of " + b.SystemName + "."}, Forms: []ui.Form{pool}})
	}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "Badge "+b.Number, "Organise", "Badges"), rec))
}

func when(r *screen.Request, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return r.Words.Full(t)
}

func doubtWords(kind string) string {
	for _, d := range badge.Doubts() {
		if d[0] == kind {
			return screen.Capital(d[1])
		}
	}
	return kind
}

func (s *site) systemFields(r *screen.Request, c badge.Settings) ([]ui.Field, error) {
	sites, err := s.siteOptions(r, c.Site)
	if err != nil {
		return nil, err
	}
	owners, err := s.cfg.Owners(r.Context())
	owners = append([]ui.Option{{Value: "", Text: "Who owns the site"}}, owners...)
	for i := range owners {
		owners[i].Selected = owners[i].Value == c.Owner
	}
	n := func(d int) string {
		if d == 0 {
			return ""
		}
		return strconv.Itoa(d)
	}
	return []ui.Field{text("name", "What is it called?", "", c.Name, true), {Name: "site", Label: "Which site does it guard?", Kind: "select", Options: sites, Must: true}, text("product", "Product, and who maintains it", "", c.Product, false), {Name: "owner", Label: "Who answers for it?", Kind: "select", Options: owners},
		text("list_days", "Days between lists of holders", "31 when empty. An older list says nothing any more.", n(c.ListDays), false), text("unused_days", "Days without use after which a badge is flagged", "90 when empty.", n(c.UnusedDays), false), text("keep_days", "Days for which readings are kept", "400 when empty.", n(c.KeepDays), false)}, err
}

func settingsOf(v url.Values) (badge.Settings, error) {
	c := badge.Settings{Name: v.Get("name"), Site: v.Get("site"), Product: v.Get("product"), Owner: v.Get("owner")}
	for field, into := range map[string]*int{"list_days": &c.ListDays, "unused_days": &c.UnusedDays, "keep_days": &c.KeepDays} {
		n, err := number(v, field)
		if err != nil {
			return c, err
		}
		*into = n
	}
	return c, nil
}

func (s *site) systemForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showSystemForm(w, r, nil)
}

func (s *site) showSystemForm(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	fields, err := s.systemFields(r, badge.Settings{Site: r.URL.Query().Get("site")})
	if err != nil {
		return err
	}
	f := ui.Form{ID: "add", Action: "/badge-systems/new", Button: "Add the badge system", Fields: fields}
	if len(fields[1].Options) == 0 {
		f.Action = ""
	}
	t.Fill(&f)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Badges", Href: "/badges"}, {Text: "Add a badge system"}}, Title: "Add a badge system", Note: "Then bring its list of holders, as a file or by webhook.", Form: f}
	if f.Action == "" {
		v.Side = []ui.Block{{ID: "first", Title: "First a site", Text: []string{"A badge system guards a site, and none is known."}, Links: []ui.Link{{Text: "Add a site", Href: "/places/new"}}}}
	}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Add a badge system", "Organise", "Badges"), v))
}

func (s *site) addSystem(w http.ResponseWriter, r *screen.Request) error {
	c, err := settingsOf(r.PostForm)
	var o *badge.Object
	if err == nil {
		o, err = s.cfg.Badges.Add(r.Context(), r.Who, c)
	}
	to := ""
	if o != nil {
		to = "/badge-systems/" + o.Ref + "/import"
	}
	return after(w, r, err, "The badge system is added. Bring its list of holders.", to, func(t *screen.Typed) error { return s.showSystemForm(w, r, t) })
}

func (s *site) system(w http.ResponseWriter, r *screen.Request) error {
	return s.showSystem(w, r, "", nil, "")
}

func (s *site) showSystem(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed, token string) error {
	o, err := s.cfg.Badges.System(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	all, err := s.cfg.Badges.Standings(r.Context(), r.Who)
	if err != nil {
		return err
	}
	sites, err := s.siteNames(r)
	if err != nil {
		return err
	}
	lists, err := s.cfg.Badges.Lists(r.Context(), r.Who, o.ID)
	if err != nil {
		return err
	}
	changes, err := s.cfg.Badges.Changes(r.Context(), r.Who, o.ID, 50)
	if err != nil {
		return err
	}
	c, st, path := &o.Content, all[o.ID], "/badge-systems/"+o.Ref
	names := r.Names(append(makers(o), c.Owner))
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Badges", Href: "/badges"}, {Text: o.Ref}}, Title: c.Name, State: c.State, FactsOf: "The badge system", History: history(r, names, o, systemSteps), Zone: "times in " + r.Words.Zone.String(), Line: []string{o.Ref, sites[c.SiteID], "owner " + screen.Who(names, c.Owner)},
		Facts: []ui.Fact{{Term: "Site", Links: []ui.Link{{Text: sites[c.SiteID], Href: "/places/" + c.Site}}}, {Term: "Product", Text: screen.OrElse(c.Product, "not said")}, {Term: "List of holders", Text: fmt.Sprintf("every %d days; the newest was taken: %s", c.ListDays, when(r, st.Taken))}, {Term: "Not used", Text: fmt.Sprintf("flagged after %d days", c.UnusedDays)}, {Term: "Readings kept", Text: fmt.Sprintf("%d days", c.KeepDays)}}}
	switch {
	case st.Fails > 0:
		rec.Outcome, rec.Bad = "fail", ui.Many(st.Fails, "badge does not fit", "badges do not fit")
		rec.Links = append(rec.Links, ui.Link{Text: "See which", Href: "/badges?system=" + o.Ref})
	case st.Why != "":
		rec.Outcome, rec.Notice = "not_observed", screen.Sentence(st.Why)
	default:
		rec.Outcome = "pass"
	}
	rec.Links = append(rec.Links, ui.Link{Text: ui.Many(st.Active, "badge opens something", "badges open something"), Href: "/badges?system=" + o.Ref + "&state=active"})
	if r.May(access.BadgeBring) && c.State == badge.Used {
		rec.Links = append(rec.Links, ui.Link{Text: "Bring a list", Href: path + "/import"})
	}
	rec.Links = append(rec.Links, ui.Link{Text: "Begin a review of who may enter", Href: "/reviews/new"})
	brought := s.listTable(r, lists[:min(len(lists), 12)], r.Names(bringers(lists)))
	moved := ui.Table{Caption: "What changed at badges, newest first", Columns: []ui.Column{{Text: "Badge"}, {Text: "Change"}, {Text: "What"}, {Text: "List of"}}}
	for _, x := range changes {
		moved.Rows = append(moved.Rows, ui.TableRow{Head: ui.Link{Text: x.Number, Href: "/badges/" + o.Ref + "/" + url.PathEscape(x.Number)}, Mono: true, Cells: []ui.Cell{{Text: badge.ChangeWords(x.Kind)}, {Text: x.What()}, {Moment: r.Words.At(x.At)}}})
	}
	pool := ui.Table{Caption: "Badges that are no one person's", Columns: []ui.Column{{Text: "Badge"}, {Text: "What for"}}}
	for _, x := range c.Pool {
		pool.Rows = append(pool.Rows, ui.TableRow{Head: ui.Link{Text: x.Card, Href: "/badges/" + o.Ref + "/" + url.PathEscape(x.Card)}, Mono: true, Cells: []ui.Cell{{Text: x.Why}}})
	}
	rec.Blocks = []ui.Block{{ID: "lists", Title: "Lists that were brought", Table: &brought, None: "None was brought yet."}, {ID: "changes", Title: "What changed", Table: &moved, None: "Nothing yet."}, {ID: "pool", Title: "Pool", Table: &pool, None: "No badge is for visitors or anybody else than one person."},
		s.hook(r, path+"/keep", "badges", o.Ref, c.Hook.IsZero(), token, c.State == badge.Used, which, typed)}
	if token != "" {
		rec.Notice = "Copy the token now. It is not shown again."
	}
	if c.State == badge.Used {
		fields, err := s.systemFields(r, c.Settings)
		if err != nil {
			return err
		}
		forms := screen.Forms(r, path+"/keep", which, typed, screen.Verb{Name: "describe", Action: access.PlaceEdit, Button: "Record it", Open: "Describe it anew", Fields: append(fields, long("note", "Why does it change?", "", "", false))},
			screen.Verb{Name: "end", Action: access.PlaceEdit, Button: "End it", Open: "It is used no more", Danger: true, Fields: []ui.Field{long("note", "Why, and what became of its badges?", "", "", true)}})
		if len(forms) > 0 {
			rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: forms})
		}
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, c.Name, "Organise", "Badges"), rec))
}

func (s *site) keepSystem(w http.ResponseWriter, r *screen.Request) error {
	v, ref, do := r.PostForm, r.PathValue("ref"), r.PathValue("do")
	var err error
	switch do {
	case "describe":
		var c badge.Settings
		if c, err = settingsOf(v); err == nil {
			_, err = s.cfg.Badges.Describe(r.Context(), r.Who, ref, c, v.Get("note"))
		}
	case "pool":
		_, err = s.cfg.Badges.SetPool(r.Context(), r.Who, ref, v.Get("card"), v.Get("why"))
	case "end":
		_, err = s.cfg.Badges.End(r.Context(), r.Who, ref, v.Get("note"))
	case "token":
		token, err := s.cfg.Badges.Token(r.Context(), r.Who, ref)
		if err != nil {
			return err
		}
		return s.showSystem(w, r, "", nil, token)
	default:
		err = unknown(do)
	}
	return after(w, r, err, "Recorded.", "/badge-systems/"+ref, func(t *screen.Typed) error { return s.showSystem(w, r, do, t, "") })
}

func bringers(all []badge.ListObject) []string {
	var out []string
	for _, o := range all {
		out = append(out, o.Content.Bringer, o.Content.Decider)
	}
	return out
}

func (s *site) bringList() screen.List {
	type x = badge.ListObject
	return screen.Declare(screen.List{Name: "badge-lists", Title: "Lists of badges", Pattern: "GET /badge-lists", Action: access.BadgeRead}, screen.Whole(s.bringRows), func(o x) []string { return bringers([]x{o}) },
		screen.Column[x]{Key: "number", Title: "List", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Ref }},
		screen.Column[x]{Key: "system", Title: "System", Value: func(_ *screen.Cells, o x) any { return o.Content.SystemRef }},
		screen.Column[x]{Key: "of", Title: "Of", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Is }},
		screen.Column[x]{Key: "taken", Title: "Taken", Head: "=", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.TakenAt }},
		screen.Column[x]{Key: "lines", Title: "Lines", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Lines }},
		screen.Column[x]{Key: "refused", Title: "Refused", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Refusals }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.State }},
		screen.Column[x]{Key: "by", Title: "By", Head: "=", Width: 24, Value: func(c *screen.Cells, o x) any { return c.Name(o.Content.Bringer) }},
		screen.Column[x]{Key: "file", Title: "File", Width: 30, Value: func(_ *screen.Cells, o x) any { return o.Content.File }},
		screen.Column[x]{Key: "sha256", Title: "SHA-256", Width: 40, Value: func(_ *screen.Cells, o x) any { return o.Content.SHA256 }})
}

func (s *site) bringRows(r *screen.Request) ([]badge.ListObject, error) {
	return s.cfg.Badges.Lists(r.Context(), r.Who, "")
}

func (s *site) listTable(r *screen.Request, all []badge.ListObject, names map[string]string) ui.Table {
	t := ui.Table{Caption: "Lists that were brought, newest first", Columns: []ui.Column{{Text: "List"}, {Text: "Of"}, {Text: "Taken"}, {Text: "Lines", N: true}, {Text: "Refused", N: true}, {Text: "State"}, {Text: "By"}}}
	for _, o := range all {
		l := o.Content
		st := ui.Cell{Text: l.State, Bad: l.State == badge.Held, Meta: l.Held}
		if l.State == badge.Dropped {
			st.Text = "refused"
		}
		who := screen.Who(names, l.Bringer)
		if l.Bringer == access.System().UserID {
			who = "the system itself"
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: o.Ref, Href: "/badge-lists/" + o.Ref}, Meta: l.SystemRef, Cells: []ui.Cell{{Text: l.Is}, {Moment: r.Words.At(l.TakenAt)}, {Text: ui.Number(l.Lines), N: true}, {Text: ui.Number(l.Refusals), N: true, Muted: l.Refusals == 0}, st, {Text: who}}})
	}
	t.Pager.Text = ui.Number(len(all)) + " shown"
	return t
}

// lists answers: which lists came, and is one held?
func (s *site) lists(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.bringRows(r)
	if err != nil {
		return err
	}
	held := 0
	for _, o := range all {
		if o.Content.State == badge.Held {
			held++
		}
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Badges", Href: "/badges"}, {Text: "Lists"}}, Title: ui.Many(len(all), "list was brought", "lists were brought") + ", " + ui.Many(held, "is held", "are held"), Note: "A list in which many badges would go at once is held until somebody else approves it.", None: "None was brought yet."}
	v.Table = s.listTable(r, all, r.Names(bringers(all)))
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Lists of badges", "Organise", "Badges"), v))
}

func (s *site) list(w http.ResponseWriter, r *screen.Request) error { return s.showList(w, r, "", nil) }

func (s *site) showList(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed) error {
	o, err := s.cfg.Badges.List(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	l, path := &o.Content, "/badge-lists/"+o.Ref
	names := r.Names(append(makers(o), l.Bringer, l.Decider))
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Badges", Href: "/badges"}, {Text: "Lists", Href: "/badge-lists"}, {Text: o.Ref}}, Title: fmt.Sprintf("List of %s of %s", l.Is, r.Words.Date(l.TakenAt)), State: l.State, FactsOf: "The list", History: history(r, names, o, listSteps), Zone: "times in " + r.Words.Zone.String(), Line: []string{o.Ref, l.SystemRef},
		Facts: []ui.Fact{{Term: "System", Links: []ui.Link{{Text: l.SystemRef, Href: "/badge-systems/" + l.SystemRef}}}, {Term: "Taken", Text: r.Words.Full(l.TakenAt)}, {Term: "File", Text: screen.OrElse(l.File, "by "+l.Way)}, {Term: "SHA-256", Text: l.SHA256, Mono: true},
			{Term: "Lines", Text: fmt.Sprintf("%d: %d taken, %d repeated, %d refused", l.Lines, l.Accepted, l.Repeated, l.Refusals)}}}
	if l.Is == badge.Holders {
		n := l.Counts
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Changes", Text: fmt.Sprintf("%d issued, %d activated, %d deactivated, %d removed, %d changed, %d as before", n.Issued, n.Opened, n.Closed, n.Removed, n.Changed, n.Same)})
	} else {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Readings", Text: fmt.Sprintf("%d new, from %s to %s", l.NewReading, r.Words.Full(l.FirstUse), r.Words.Full(l.NewestUse))})
	}
	if l.Alone != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "In place of a second person", Text: l.Alone})
	}
	if l.State == badge.Held {
		rec.Notice, rec.Warn = "Held: "+l.Held+". Nothing changed yet.", true
		if r.May(access.BadgeApprove) {
			approve := ui.Form{ID: "approve", Action: path + "/approve", Summary: "Approve it", Button: "Take the list in", Fields: []ui.Field{long("note", "Why is it right that so many go?", "", "", true)}}
			if err := screen.Compensated(r, &approve, l.Bringer, access.BadgeApprove, func(a access.Action) (bool, error) { return s.cfg.Alone(r.Context(), r.Who, a) }); err != nil {
				return err
			}
			if which == "approve" {
				typed.Fill(&approve)
			}
			if approve.Action == "" {
				rec.Notice += " Whoever brought it does not approve it: ask somebody else who may."
			}
			rec.Action = approve
			drop := ui.Form{ID: "drop", Action: path + "/drop", Summary: "Refuse it", Button: "Refuse the list", Danger: true, Fields: []ui.Field{long("note", "What is wrong with it?", "", "", true)}}
			if which == "drop" {
				typed.Fill(&drop)
			}
			rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: []ui.Form{drop}})
		}
	}
	if l.Refusals > 0 {
		t := refusedTable(l.Refused, l.Refusals)
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "refused", Title: "Lines that were refused", Table: &t})
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, o.Ref, "Organise", "Badges"), rec))
}

func (s *site) decide(w http.ResponseWriter, r *screen.Request) error {
	v, ref, do := r.PostForm, r.PathValue("ref"), r.PathValue("do")
	var err error
	said := "The list is taken in."
	switch do {
	case "approve":
		_, err = s.cfg.Badges.Approve(r.Context(), r.Who, ref, v.Get("note"), v.Get("compensation"))
	case "drop":
		said = "The list is refused; nothing changed."
		_, err = s.cfg.Badges.Drop(r.Context(), r.Who, ref, v.Get("note"))
	default:
		err = unknown(do)
	}
	return after(w, r, err, said, "/badge-lists/"+ref, func(t *screen.Typed) error { return s.showList(w, r, do, t) })
}
