package places

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var siteSteps = map[string]string{"added": "added", "described": "described anew", "zone": "who may enter a zone was said", "zone_ended": "a zone ended", "token": "a new token for its sensors was made", "closed": "closed"}

// stood is a site with what it comes to.
type stood struct {
	place.Object
	outcome, reason string
}

// worst gives what lines come to together.
func worst(lines []place.Line) (string, string) {
	rank := map[string]int{place.Fail: 4, place.Unread: 3, place.NotObserved: 2, place.Pass: 1}
	out, why, n := place.NotApplicable, "nothing to judge", 0
	for _, l := range lines {
		switch {
		case rank[l.Outcome] > rank[out]:
			out, why, n = l.Outcome, l.What+": "+l.Reason, 1
		case l.Outcome == out && rank[out] > 1:
			n++
		}
	}
	if out == place.Pass {
		return out, ui.Many(len(lines), "thing guards it, and nothing is wrong", "things guard it, and nothing is wrong")
	}
	if n > 1 {
		why += fmt.Sprintf("; and %d more", n-1)
	}
	return out, why
}

func (s *site) stood(r *screen.Request) ([]stood, error) {
	all, err := s.cfg.Places.Sites(r.Context(), r.Who)
	if err != nil {
		return nil, err
	}
	out := make([]stood, len(all))
	for i := range all {
		lines, err := s.cfg.Places.Standing(r.Context(), r.Who, &all[i])
		if err != nil {
			return nil, err
		}
		out[i].Object = all[i]
		out[i].outcome, out[i].reason = worst(lines)
	}
	return out, nil
}

func (s *site) placeList() screen.List {
	return screen.Declare(screen.List{Name: "places", Title: "Places", Pattern: "GET /places", Action: access.PlaceRead}, screen.Whole(s.stood), func(o stood) []string { return []string{o.Content.Owner} },
		screen.Column[stood]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, o stood) any { return o.Ref }},
		screen.Column[stood]{Key: "name", Title: "Site", Head: "=", Width: 30, Value: func(_ *screen.Cells, o stood) any { return o.Content.Name }},
		screen.Column[stood]{Key: "kind", Title: "Kind", Head: "=", Value: func(_ *screen.Cells, o stood) any { return o.Content.Sort.Words() }},
		screen.Column[stood]{Key: "state", Title: "State", Value: func(_ *screen.Cells, o stood) any { return o.Content.State }},
		screen.Column[stood]{Key: "zones", Title: "Zones", Head: "=", Value: func(_ *screen.Cells, o stood) any { return len(o.Content.Zones) }},
		screen.Column[stood]{Key: "owner", Title: "Owner", Head: "=", Width: 24, Value: func(c *screen.Cells, o stood) any { return c.Name(o.Content.Owner) }},
		screen.Column[stood]{Key: "outcome", Title: "Comes to", Head: "=", Value: func(_ *screen.Cells, o stood) any { return o.outcome }},
		screen.Column[stood]{Key: "reason", Title: "Why", Width: 50, Value: func(_ *screen.Cells, o stood) any { return o.reason }},
		screen.Column[stood]{Key: "vendor", Title: "Vendor", Value: func(_ *screen.Cells, o stood) any { return o.Content.Vendor }},
		screen.Column[stood]{Key: "address", Title: "Address", Width: 40, Value: func(_ *screen.Cells, o stood) any { return o.Content.Address }})
}

// noneForm says in one click that there are no premises.
func noneForm() ui.Form {
	return ui.Form{ID: "none", Action: "/premises/none", Summary: "We have no premises", Button: "Say that there are none", Quiet: true, Note: "For a firm that works from home and keeps nothing in an office. It stands in the register with your name, and somebody looks at it again in a year.",
		Fields: []ui.Field{long("reason", "Why are there none?", "Where people work, and where machines and paper are.", "Everybody works from home. Our systems run at cloud providers, whose reports speak of their halls, and nothing is kept on paper.", true)}}
}

// places answers: where are we, and is each place guarded?
func (s *site) places(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.stood(r)
	if err != nil {
		return err
	}
	none, err := s.cfg.Places.Premises(r.Context(), r.Who)
	if err != nil {
		return err
	}
	said := none != nil && none.Content.None
	used, bad := 0, 0
	var owners []string
	for _, o := range all {
		owners = append(owners, o.Content.Owner)
		if o.Content.State == place.Used {
			used++
		}
		if o.outcome == place.Fail {
			bad++
		}
	}
	v := ui.ListView{Title: ui.Many(used, "site", "sites") + ", " + strings.ToLower(ui.Many(bad, "with something wrong", "with something wrong")), Note: "Offices and halls where systems or paper stand: who may enter, who did, who visited, and what sensors say.", None: "No site."}
	if bad == 0 && used > 0 {
		v.Title = ui.Many(used, "site", "sites") + ", no known deviation"
	}
	if r.May(access.PlaceEdit) {
		v.Action = ui.Link{Text: "Add a site", Href: "/places/new"}
	}
	if none != nil {
		v.More = append(v.More, ui.Link{Text: "Statement on premises", Href: "/premises"})
	}
	v.More = append(v.More, ui.Link{Text: "Lists of badges", Href: "/badge-lists"})
	if len(all) == 0 {
		v.Title = "No place is known yet"
		v.Empty = &ui.Empty{Title: "Say where you are", Text: "An office, a rack in somebody's hall, a cloud provider whose report covers the doors: each with its owner and its zones. Badges, visitors and sensors then stand with the site that they guard.",
			Criteria: []ui.Link{{Text: "CC6.4", Href: "/criteria/CC6.4"}, {Text: "A1.2", Href: "/criteria/A1.2"}}, Until: "Until then nobody can tell whether a barrier was passed. A firm without premises says so in one click, below."}
		if r.May(access.PlaceEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Add a site", Href: "/places/new"}}
		}
		if said {
			v.Title = "There are no premises"
			v.Empty.Title, v.Empty.Text, v.Empty.Until = "Said, with a reason", none.Content.Reason, "Physical access is not applicable for as long as this holds. It is looked at again on "+none.Content.Review+"."
		}
	}
	if r.May(access.PlaceEdit) && !said && !hasOwn(all) {
		v.Form = noneForm()
	}
	names := r.Names(owners)
	v.Table = ui.Table{Caption: "Sites, newest first", Columns: []ui.Column{{Text: "Site"}, {Text: "Kind"}, {Text: "Zones", N: true}, {Text: "Owner"}, {Text: "Comes to"}}}
	for _, o := range all {
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: o.Content.Name, Href: "/places/" + o.Ref}, Meta: o.Ref,
			Cells: []ui.Cell{{Text: o.Content.Sort.Words()}, {Text: strconv.Itoa(len(o.Content.Zones)), N: true, Muted: len(o.Content.Zones) == 0}, {Text: screen.Who(names, o.Content.Owner)}, outcomeCell(o.outcome, o.reason)}})
	}
	v.Table.Pager = screen.Pager(len(all), int64(len(all)), r.URL.Query(), "/places", "")
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Places", "Organise", "Places"), v))
}

// hasOwn reports whether a site that no vendor runs is in use.
func hasOwn(all []stood) bool {
	for _, o := range all {
		if o.Content.State == place.Used && !o.Content.Sort.Vendored() {
			return true
		}
	}
	return false
}

func (s *site) premises(w http.ResponseWriter, r *screen.Request) error {
	return s.showPremises(w, r, nil)
}

func (s *site) showPremises(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	o, err := s.cfg.Places.Premises(r.Context(), r.Who)
	if err != nil {
		return err
	}
	crumbs := []ui.Link{{Text: "Places", Href: "/places"}, {Text: "Premises"}}
	if o == nil {
		f := noneForm()
		f.Summary = ""
		t.Fill(&f)
		if !r.May(access.PlaceEdit) {
			f.Action = ""
		}
		return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Premises", "Organise", "Places"), ui.FormView{Crumbs: crumbs, Title: "Are there premises?", Note: "Nobody said yet that there are none.", Form: f}))
	}
	names := r.Names(append(makers(o), o.Content.By))
	rec := ui.RecordView{Crumbs: crumbs, Title: "There are no premises", State: "holds", FactsOf: "The statement", History: history(r, names, o, map[string]string{"none": "said that there are none", "withdrawn": "withdrawn"}), Zone: "times in " + r.Words.Zone.String(),
		Line: []string{o.Ref, "said by " + screen.Who(names, o.Content.By)}, Facts: []ui.Fact{{Term: "Why", Text: o.Content.Reason}, {Term: "Looked at again", Text: o.Content.Review}}}
	rec.Outcome = ui.Outcome(place.NotApplicable)
	if !o.Content.None {
		rec.Title, rec.State, rec.Outcome = "The statement on premises is withdrawn", "withdrawn", ""
	}
	if r.May(access.PlaceEdit) {
		f := ui.Form{ID: "withdraw", Action: "/premises/withdraw", Summary: "There are premises again", Button: "Withdraw it", Danger: true, Fields: []ui.Field{long("note", "What changed?", "", "", true)}}
		again := noneForm()
		again.Summary = "Say it again"
		if !o.Content.None {
			f = again
		}
		t.Fill(&f)
		rec.Blocks = []ui.Block{{ID: "else", Title: "Otherwise", Forms: []ui.Form{f}}}
		if o.Content.None {
			rec.Blocks[0].Forms = append(rec.Blocks[0].Forms, again)
		}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, "Premises", "Organise", "Places"), rec))
}

func (s *site) state(w http.ResponseWriter, r *screen.Request) error {
	var err error
	said, to := "Said: there are no premises.", "/places"
	switch do := r.PathValue("do"); do {
	case "none":
		_, err = s.cfg.Places.Remote(r.Context(), r.Who, r.PostForm.Get("reason"))
	case "withdraw":
		said = "Withdrawn. Add the sites that there are."
		_, err = s.cfg.Places.Withdraw(r.Context(), r.Who, r.PostForm.Get("note"))
	default:
		err = unknown(do)
	}
	return after(w, r, err, said, to, func(t *screen.Typed) error { return s.showPremises(w, r, t) })
}

func (s *site) profileFields(r *screen.Request, p place.Profile) ([]ui.Field, error) {
	owners, err := s.cfg.Owners(r.Context())
	for i := range owners {
		owners[i].Selected = owners[i].Value == p.Owner
	}
	days := ""
	if p.ReviewDays > 0 {
		days = strconv.Itoa(p.ReviewDays)
	}
	return []ui.Field{text("name", "What is it called?", "", p.Name, true), {Name: "kind", Label: "What is it?", Kind: "select", Options: screen.Options(string(p.Sort), place.Sorts()...), Must: true}, {Name: "owner", Label: "Who answers for it?", Kind: "select", Options: owners, Must: true},
		text("address", "Address", "", p.Address, false), text("vendor", "Which vendor runs it?", "Of a co-location or cloud provider: its number in the register, V-3. Its report then speaks of the barriers.", p.Vendor, false),
		long("kept", "What is kept there?", "", p.Kept, false), text("assets", "Assets that stand there", "Their numbers, A-3, with commas between.", strings.Join(p.Assets, ", "), false),
		long("no_badges", "Where no badge system guards it: what does?", "Locks and who has keys, a reception, an alarm.", p.Unbadged, false), text("review_days", "Days between reviews of who may enter", "92 when empty.", days, false)}, err
}

func profileOf(v url.Values) (place.Profile, error) {
	p := place.Profile{Name: v.Get("name"), Sort: place.Sort(v.Get("kind")), Owner: v.Get("owner"), Address: v.Get("address"), Vendor: v.Get("vendor"), Kept: v.Get("kept"), Assets: lines(v, "assets"), Unbadged: v.Get("no_badges")}
	n, err := number(v, "review_days")
	p.ReviewDays = n
	return p, err
}

// number reads a number that need not be there.
func number(v url.Values, field string) (int, error) {
	t := strings.TrimSpace(v.Get(field))
	if t == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(t)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "%q is no number", t).At("", 0, field)
	}
	return n, nil
}

func (s *site) addForm(w http.ResponseWriter, r *screen.Request) error { return s.showAdd(w, r, nil) }

func (s *site) showAdd(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	fields, err := s.profileFields(r, place.Profile{Sort: place.Office})
	if err != nil {
		return err
	}
	f := ui.Form{ID: "add", Action: "/places/new", Button: "Add the site", Fields: fields}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Add a site", "Organise", "Places"), ui.FormView{Crumbs: []ui.Link{{Text: "Places", Href: "/places"}, {Text: "Add a site"}}, Title: "Add a site", Note: "Zones, badges, visitors and sensors come next.", Form: f}))
}

func (s *site) add(w http.ResponseWriter, r *screen.Request) error {
	p, err := profileOf(r.PostForm)
	var o *place.Object
	if err == nil {
		o, err = s.cfg.Places.Add(r.Context(), r.Who, p)
	}
	to := ""
	if o != nil {
		to = "/places/" + o.Ref
	}
	return after(w, r, err, "The site is added. Say next who may enter which zone.", to, func(t *screen.Typed) error { return s.showAdd(w, r, t) })
}

func (s *site) place(w http.ResponseWriter, r *screen.Request) error {
	return s.showPlace(w, r, "", nil, "")
}

func zoneFields(names map[string]string, z place.Zone) []ui.Field {
	all := ""
	if z.Everyone {
		all = "yes"
	}
	var people []string
	for _, p := range z.People {
		people = append(people, screen.OrElse(names[p], p))
	}
	return []ui.Field{text("zone", "Zone", "The same name again says anew who may enter.", z.Name, true), text("purpose", "What is it for?", "", z.Purpose, false), screen.Choice("everyone", "Who may enter?", "", all, [2]string{"", "Those below"}, [2]string{"yes", "Everybody who works here"}),
		text("teams", "Teams", "As the register of people calls them, with commas between.", strings.Join(z.Teams, ", "), false), text("titles", "Job titles", "", strings.Join(z.Titles, ", "), false), text("people", "Persons", "Mail addresses or whole names.", strings.Join(people, ", "), false),
		text("levels", "How does the badge system call what opens it?", "Names of access levels, with commas between; the zone's name when empty.", strings.Join(z.Levels, ", "), false)}
}

func (s *site) showPlace(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed, token string) error {
	o, err := s.cfg.Places.Site(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	lines, err := s.cfg.Places.Standing(r.Context(), r.Who, o)
	if err != nil {
		return err
	}
	people, err := s.cfg.Places.People(r.Context())
	if err != nil {
		return err
	}
	c, path := &o.Content, "/places/"+o.Ref
	names := r.Names(append(makers(o), c.Owner))
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Places", Href: "/places"}, {Text: o.Ref}}, Title: c.Name, State: c.State, FactsOf: "The site", History: history(r, names, o, siteSteps), Zone: "times in " + r.Words.Zone.String(), Line: []string{o.Ref, c.Sort.Words(), "owner " + screen.Who(names, c.Owner)}}
	is, why := worst(lines)
	rec.Outcome = ui.Outcome(is)
	if is == place.Fail {
		rec.Bad = why
	}
	for _, f := range [][2]string{{"Address", c.Address}, {"Kept there", c.Kept}, {"Guarded otherwise", c.Unbadged}, {"Used since", c.Since}, {"Closed", c.Closed}} {
		if f[1] != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: f[0], Text: f[1]})
		}
	}
	if c.Vendor != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Run by", Links: []ui.Link{{Text: "vendor " + c.Vendor, Href: "/vendors/" + c.Vendor}}})
	}
	if len(c.Assets) > 0 {
		f := ui.Fact{Term: "Assets"}
		for _, a := range c.Assets {
			f.Links = append(f.Links, ui.Link{Text: a, Href: "/assets/" + a})
		}
		rec.Facts = append(rec.Facts, f)
	}
	rec.Facts = append(rec.Facts, ui.Fact{Term: "Who may enter is reviewed", Text: fmt.Sprintf("every %d days", c.Every()), Links: []ui.Link{{Text: "access reviews", Href: "/reviews"}}})
	guard := ui.Table{Caption: "What guards it", Columns: []ui.Column{{Text: "What"}, {Text: "Comes to"}, {Text: "Why"}}}
	for _, l := range lines {
		guard.Rows = append(guard.Rows, ui.TableRow{Head: ui.Link{Text: l.What, Href: hrefOf(r, l)}, Cells: []ui.Cell{{Outcome: ui.Outcome(l.Outcome)}, {Text: l.Reason}}})
	}
	zones := ui.Table{Caption: "Zones", Columns: []ui.Column{{Text: "Zone"}, {Text: "Who may enter"}, {Text: "Opened by"}}}
	for i := range c.Zones {
		z := &c.Zones[i]
		zones.Rows = append(zones.Rows, ui.TableRow{Head: ui.Link{Text: z.Name}, Meta: z.Purpose, Cells: []ui.Cell{{Text: z.Who(people)}, {Text: screen.OrElse(strings.Join(z.Levels, ", "), z.Name)}}})
	}
	rec.Blocks = []ui.Block{{ID: "guards", Title: "What guards it", Table: &guard, None: "Nothing is known yet: add a badge system, say what guards it instead, or declare sensors."}, {ID: "zones", Title: "Zones and who may enter", Table: &zones, None: "No zone is named yet. Badges are held against zones: without them nobody can say that a badge opens too much."}}
	open := c.State == place.Used
	if open {
		z := screen.Verb{Name: "zone", Action: access.PlaceEdit, Button: "Record it", Open: "Say who may enter a zone", Fields: append(zoneFields(people, place.Zone{}), long("note", "Why does it change?", "", "", false))}
		rec.Blocks[1].Forms = screen.Forms(r, path, which, typed, z)
		if len(c.Zones) > 0 {
			var pick [][2]string
			for _, z := range c.Zones {
				pick = append(pick, [2]string{z.Name, z.Name})
			}
			rec.Blocks[1].Forms = append(rec.Blocks[1].Forms, screen.Forms(r, path, which, typed, screen.Verb{Name: "zone-ended", Action: access.PlaceEdit, Button: "End the zone", Open: "End a zone", Danger: true, Fields: []ui.Field{screen.Choice("zone", "Zone", "", "", pick...), long("note", "Why?", "", "", true)}})...)
		}
	}
	links := ui.Block{ID: "more", Title: "Of this site", Links: []ui.Link{{Text: "Visitors", Href: "/visitors?site=" + o.Ref}, {Text: "Sensors", Href: "/sensors?site=" + o.Ref}}}
	if r.May(access.BadgeRead) {
		links.Links = append(links.Links, ui.Link{Text: "Badges", Href: "/badges?site=" + o.Ref})
	}
	if r.May(access.PlaceEdit) && open {
		links.Links = append(links.Links, ui.Link{Text: "Add a badge system", Href: "/badge-systems/new?site=" + o.Ref}, ui.Link{Text: "Declare a sensor", Href: "/sensors/new?site=" + o.Ref})
	}
	hook := s.hook(r, path, "sensors", o.Ref, c.Hook.IsZero(), token, open, which, typed)
	rec.Blocks = append(rec.Blocks, links, hook)
	if token != "" {
		rec.Notice = "Copy the token now. It is not shown again."
	}
	if open {
		fields, err := s.profileFields(r, c.Profile)
		if err != nil {
			return err
		}
		fields = append(fields, long("note", "Why does it change?", "", "", false))
		forms := screen.Forms(r, path, which, typed, screen.Verb{Name: "describe", Action: access.PlaceEdit, Button: "Record it", Open: "Describe it anew", Fields: fields},
			screen.Verb{Name: "close", Action: access.PlaceEdit, Button: "Close the site", Open: "Close the site", Danger: true, Fields: []ui.Field{long("note", "Why, and what became of what was there?", "Keys and badges returned, machines moved, paper destroyed.", "", true)}})
		if len(forms) > 0 {
			rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: forms})
		}
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, c.Name, "Organise", "Places"), rec))
}

// hrefOf leads to what a line is about.
func hrefOf(r *screen.Request, l place.Line) string {
	switch {
	case strings.HasPrefix(l.Ref, "V-"):
		return "/vendors/" + l.Ref
	case strings.HasPrefix(l.Ref, "BS-") && r.May(access.BadgeRead):
		return "/badge-systems/" + l.Ref
	case strings.HasPrefix(l.Ref, "SE-"):
		return "/sensors/" + l.Ref
	case strings.HasPrefix(l.Ref, "AR-"):
		return "/reviews/" + l.Ref
	case l.What == "Visitors" && r.May(access.VisitorRead):
		return "/visitors?state=here"
	}
	return ""
}

// hook is where machines report to, with the token where it was just made.
func (s *site) hook(r *screen.Request, path, kind, ref string, never bool, token string, open bool, which string, typed *screen.Typed) ui.Block {
	b := ui.Block{ID: "hook", Title: "Reports by webhook", Text: []string{"Send JSON by POST, with the header Authorization: Bearer and the token. A message that was taken already is refused."},
		Facts: []ui.Fact{{Term: "Address", Text: strings.TrimSuffix(s.cfg.PublicURL, "/") + "/hooks/" + kind + "/" + ref, Mono: true}, {Term: "Token", Text: "was shown once, when it was made", Muted: true}}}
	b.Code = `{"readings":[{"sensor":"rack-1","at":"2026-03-02T09:05:00Z","value":23.5,"state":"ok"}]}`
	if kind == "badges" {
		b.Code = `{"readings":[{"card":"1042","at":"2026-03-02T09:05:00Z","door":"Front door","granted":true}]}`
	}
	if never {
		b.Facts[1].Text = "none was made yet: nothing is taken"
	}
	if token != "" {
		b.Facts[1] = ui.Fact{Term: "Token", Text: token, Mono: true}
	}
	if open {
		b.Forms = screen.Forms(r, path, which, typed, screen.Verb{Name: "token", Action: access.PlaceToken, Button: "Make a token", Open: "Make a new token", Danger: !never, Note: "An older one holds no more from then on."})
	}
	return b
}

func (s *site) keep(w http.ResponseWriter, r *screen.Request) error {
	v, ref, do := r.PostForm, r.PathValue("ref"), r.PathValue("do")
	var err error
	switch do {
	case "describe":
		var p place.Profile
		if p, err = profileOf(v); err == nil {
			_, err = s.cfg.Places.Describe(r.Context(), r.Who, ref, p, v.Get("note"))
		}
	case "zone":
		_, err = s.cfg.Places.SetZone(r.Context(), r.Who, ref, place.Zone{Name: v.Get("zone"), Purpose: v.Get("purpose"), Everyone: v.Get("everyone") == "yes", Teams: lines(v, "teams"), Titles: lines(v, "titles"), People: lines(v, "people"), Levels: lines(v, "levels")}, v.Get("note"))
	case "zone-ended":
		_, err = s.cfg.Places.EndZone(r.Context(), r.Who, ref, v.Get("zone"), v.Get("note"))
	case "close":
		_, err = s.cfg.Places.Close(r.Context(), r.Who, ref, v.Get("note"))
	case "token":
		token, err := s.cfg.Places.Token(r.Context(), r.Who, ref)
		if err != nil {
			return err
		}
		return s.showPlace(w, r, "", nil, token)
	default:
		err = unknown(do)
	}
	return after(w, r, err, "Recorded.", "/places/"+ref, func(t *screen.Typed) error { return s.showPlace(w, r, do, t, "") })
}
