package assets

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var gaps = [][2]string{{"owner", "No owner"}, {"owner left", "Owner left"}, {"class", "Not classified"}, {"environment", "No environment"}, {"review", "Review late"}, {"disposal", "Disposal not shown"}}

// rows gives the assets that an address asks for, and all of them.
func (s *site) rows(r *screen.Request, q url.Values) (shown, all []*asset.Asset, err error) {
	state, gap, kind, env, text := q.Get("state"), q.Get("gap"), q.Get("kind"), q.Get("environment"), strings.ToLower(q.Get("q"))
	if state != "" && !slices.Contains(asset.States(), asset.State(state)) {
		return nil, nil, fault.New(fault.Invalid, "%q is no state of an asset", state)
	}
	if gap != "" && gap != "any" && !slices.ContainsFunc(gaps, func(g [2]string) bool { return g[0] == gap }) {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that assets lack", gap)
	}
	if all, err = s.cfg.Assets.List(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, a := range all {
		if (state == "" || string(a.State) == state) && (kind == "" || a.Kind == kind) && (env == "" || a.Environment.Text == env) && lacks(a, gap) &&
			(text == "" || strings.Contains(strings.ToLower(strings.Join([]string{a.Ref, a.Name, a.Kind, a.Owner.Text, a.Zone.Text, a.System}, " ")), text)) {
			shown = append(shown, a)
		}
	}
	return shown, all, nil
}

func lacks(a *asset.Asset, gap string) bool {
	return gap == "" || gap == "any" && len(a.Gaps) > 0 || slices.Contains(a.Gaps, gap)
}

// assetList is the list as files say it.
func (s *site) assetList() screen.List {
	columns := []screen.Column[*asset.Asset]{
		{Key: "number", Title: "Number", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Ref }},
		{Key: "name", Title: "Asset", Head: "=", Width: 30, Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Name }},
		{Key: "kind", Title: "Kind", Head: "=", Value: func(_ *screen.Cells, a *asset.Asset) any { return asset.KindWords(a.Kind) }},
		{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.State.Words() }},
		{Key: "owner", Title: "Owner", Head: "=", Width: 24, Value: func(c *screen.Cells, a *asset.Asset) any { return c.Name(a.Owner.Text) }},
		{Key: "class", Title: "Class", Head: "=", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Class.Text }},
		{Key: "class_from", Title: "Class: from", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Class.From }},
		{Key: "data", Title: "Data", Value: func(_ *screen.Cells, a *asset.Asset) any { return join(a.Data) }},
		{Key: "environment", Title: "Environment", Head: "=", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Environment.Text }},
		{Key: "zone", Title: "Zone", Head: "=", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Zone.Text }},
		{Key: "system", Title: "System", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.System }},
		{Key: "criticality", Title: "Criticality", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Criticality }},
		{Key: "outside", Title: "Outside", Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Outside }},
		{Key: "since", Title: "Known since", Value: func(_ *screen.Cells, a *asset.Asset) any { return string(a.Since) }},
		{Key: "gone", Title: "Out of use since", Value: func(_ *screen.Cells, a *asset.Asset) any { return string(a.GoneOn) }},
		{Key: "lacks", Title: "Lacks", Head: "=", Value: func(_ *screen.Cells, a *asset.Asset) any { return join(a.Gaps) }},
	}
	for i, k := range asset.Attributes() {
		columns = append(columns, screen.Column[*asset.Asset]{Key: k[0], Title: k[1], Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Judged[i].Outcome }},
			screen.Column[*asset.Asset]{Key: k[0] + "_why", Title: k[1] + ": why", Width: 40, Value: func(_ *screen.Cells, a *asset.Asset) any { return a.Judged[i].Reason }})
	}
	return screen.Declare(screen.List{Name: "assets", Title: "Assets", Pattern: "GET /assets", Action: access.AssetRead}, screen.Whole(func(r *screen.Request) ([]*asset.Asset, error) {
		shown, _, err := s.rows(r, r.URL.Query())
		return shown, err
	}), func(a *asset.Asset) []string { return []string{a.Owner.Text} }, columns...)
}

// list answers: what do we have, and of what is something not known?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	shown, all, err := s.rows(r, q)
	if err != nil {
		return err
	}
	reset := func(pairs ...string) string { return screen.With(q, "/assets", append(pairs, "after", "")...) }
	chip := func(text, field, value string, fits func(*asset.Asset) bool) ui.Chip {
		n := 0
		for _, a := range all {
			if fits(a) {
				n++
			}
		}
		return ui.Chip{Text: fmt.Sprintf("%s %d", text, n), Href: reset(field, value), Current: q.Get(field) == value}
	}
	yes := func(*asset.Asset) bool { return true }
	states := []ui.Chip{chip("All", "state", "", yes)}
	for _, st := range asset.States() {
		states = append(states, chip(screen.Capital(st.Words()), "state", string(st), func(a *asset.Asset) bool { return a.State == st }))
	}
	missing := []ui.Chip{{Text: "Whatever they lack", Href: reset("gap", ""), Current: q.Get("gap") == ""}, chip("Something", "gap", "any", func(a *asset.Asset) bool { return len(a.Gaps) > 0 })}
	for _, g := range gaps {
		missing = append(missing, chip(g[1], "gap", g[0], func(a *asset.Asset) bool { return lacks(a, g[0]) }))
	}
	kinds := []ui.Chip{{Text: "Any kind", Href: reset("kind", ""), Current: q.Get("kind") == ""}}
	for _, k := range asset.Kinds() {
		if slices.ContainsFunc(all, func(a *asset.Asset) bool { return a.Kind == k[0] }) {
			kinds = append(kinds, chip(screen.Capital(k[1]), "kind", k[0], func(a *asset.Asset) bool { return a.Kind == k[0] }))
		}
	}
	lacking, used := 0, 0
	for _, a := range all {
		if len(a.Gaps) > 0 {
			lacking++
		}
		if a.Active() {
			used++
		}
	}
	title := ui.Many(used, "asset is", "assets are") + " in use"
	if lacking > 0 {
		title += "; of " + ui.Number(lacking) + " something is not known"
	}
	v := ui.ListView{Title: title, Note: "Hosts, databases and vendors are here by themselves. What their own pages say is taken from there; what is said here goes before.", Labels: []string{"State", "Lacks", "Kind"},
		Chips: [][]ui.Chip{states, missing, kinds}, Undo: "/assets", None: "No asset matches.",
		Search: ui.SearchBox{Path: "/assets", Value: q.Get("q"), Label: "Name, number, owner, zone", Hidden: slices.Concat(screen.Hidden("state", q.Get("state")), screen.Hidden("gap", q.Get("gap")), screen.Hidden("kind", q.Get("kind")))}}
	v.More = []ui.Link{{Text: "Flows", Href: "/flows"}}
	if r.May(access.AssetEdit) {
		v.Action = ui.Link{Text: "Enter an asset", Href: "/assets/new"}
		v.More = append(v.More, ui.Link{Text: "Import a file", Href: "/assets/import"})
		if len(shown) > 0 {
			v.More = append(v.More, ui.Link{Text: "Say something of many", Href: screen.With(q, "/assets/many", "after", "")})
		}
	}
	if len(all) == 0 {
		v.Title = "There are no assets yet"
		v.Empty = &ui.Empty{Title: "Begin with one machine", Text: "Each host whose agent reports is an asset by itself, and so is each database and each vendor. What no agent sees, such as laptops, rooms or backup media, is entered or imported. Each gets an owner and a class of data.",
			Criteria: []ui.Link{{Text: "CC6.1", Href: "/criteria/CC6.1"}, {Text: "CC2.1", Href: "/criteria/CC2.1"}}, Until: "Until then nobody can say what there is to protect."}
		if r.May(access.AssetEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Enter an asset", Href: "/assets/new"}, {Text: "Import a file", Href: "/assets/import"}}
		}
	}
	v.Table = ui.Table{Caption: "Assets, by name", Columns: []ui.Column{{Text: "Asset"}, {Text: "Kind"}, {Text: "State"}, {Text: "Owner"}, {Text: "Class"}, {Text: "Environment"}, {Text: "Zone"}, {Text: "Lacks"}}}
	page, next := cutPage(shown, q, func(a *asset.Asset) string { return a.Key })
	var people []string
	for _, a := range page {
		people = append(people, a.Owner.Text)
	}
	names := r.Names(people)
	cell := func(v asset.Value, none string, names map[string]string) ui.Cell {
		if v.Text == "" {
			return ui.Cell{Text: none, Muted: true}
		}
		return ui.Cell{Text: screen.Who(names, v.Text), Meta: opt("from ", v.From)}
	}
	for _, a := range page {
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: a.Name, Href: "/assets/" + a.Ref}, Meta: number(a),
			Cells: []ui.Cell{{Text: asset.KindWords(a.Kind)}, {Text: a.State.Words()}, cell(a.Owner, "nobody", names), cell(a.Class, "not known", nil), cell(a.Environment, "not known", nil), cell(a.Zone, "none yet", nil), {Text: join(a.Gaps), Bad: len(a.Gaps) > 0}}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(shown)), q, "/assets", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Assets", "Organise", "Assets"), v))
}

// cutPage gives the rows of a page after a cursor.
func cutPage[T any](rows []T, q url.Values, key func(T) string) (page []T, next string) {
	if after := q.Get("after"); after != "" {
		rows = rows[slices.IndexFunc(rows, func(x T) bool { return key(x) == after })+1:]
	}
	if len(rows) > screen.PageSize {
		return rows[:screen.PageSize], key(rows[screen.PageSize-1])
	}
	return rows, ""
}
