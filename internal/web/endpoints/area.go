// Package endpoints is the screens of devices of device managements: which there are,
// what is wrong with each, whose they are, and the lists that they come from. Rules are
// those of internal/operations/endpoint.
package endpoints

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Endpoints *endpoint.Service
}

type site struct{ cfg Config }

const page = "Endpoints"

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /endpoints", Action: access.EndpointRead, Handle: s.list},
			{Pattern: "GET /endpoints/{ref}", Action: access.EndpointRead, Handle: s.device},
			{Pattern: "POST /endpoints/{ref}/say", Action: access.EndpointEdit, Handle: s.say},
			{Pattern: "GET /device-managements", Action: access.EndpointRead, Handle: s.managements},
			{Pattern: "GET /device-managements/new", Action: access.EndpointEdit, Handle: s.newManagement},
			{Pattern: "POST /device-managements/new", Action: access.EndpointEdit, Handle: s.addManagement},
			{Pattern: "GET /device-managements/{ref}", Action: access.EndpointRead, Handle: s.management},
			{Pattern: "POST /device-managements/{ref}/change", Action: access.EndpointEdit, Handle: s.changeManagement},
			{Pattern: "POST /device-managements/{ref}/end", Action: access.EndpointEdit, Handle: s.endManagement},
			{Pattern: "GET /device-managements/{ref}/import", Action: access.EndpointEdit, Handle: s.choose},
			{Pattern: "POST /device-managements/{ref}/import", Action: access.EndpointEdit, Handle: s.look, MaxBody: 18 << 20},
		},
		Pages:  []screen.Page{{Section: "Operate", Name: page, Path: "/endpoints", Action: access.EndpointRead, Under: "Hosts"}},
		Lists:  []screen.List{s.rows()},
		Doings: []screen.Doing{{Name: "Bring a list of devices", Path: "/device-managements", Action: access.EndpointEdit}},
	}
}

func (s *site) shell(w http.ResponseWriter, r *screen.Request, title string) ui.Shell {
	return r.Shell(w, title, "Operate", page)
}

func crumbs(more ...ui.Link) []ui.Link {
	return append([]ui.Link{{Text: page, Href: "/endpoints"}}, more...)
}

func filter(r *screen.Request) (endpoint.Filter, error) {
	q := r.URL.Query()
	f := endpoint.Filter{Query: strings.TrimSpace(q.Get("q")), Management: q.Get("management"), Platform: q.Get("platform"), Only: q.Get("only")}
	if len(f.Query) > 200 {
		return f, fault.New(fault.Invalid, "a search has at most 200 letters")
	}
	return f, nil
}

var platforms = [][2]string{{endpoint.MacOS, "macOS"}, {endpoint.Windows, "Windows"}, {endpoint.Linux, "Linux"}, {endpoint.IOS, "iOS"}, {endpoint.Android, "Android"}, {endpoint.ChromeOS, "ChromeOS"}}

func named(pairs [][2]string, key string) string {
	if i := slices.IndexFunc(pairs, func(p [2]string) bool { return p[0] == key }); i >= 0 {
		return pairs[i][1]
	}
	return key
}

// system says which system a device has.
func system(x *endpoint.Row) string {
	name := named(platforms, x.Platform)
	switch {
	case x.OS == "":
		return screen.OrElse(name, "not said")
	case name == "" || strings.HasPrefix(strings.ToLower(x.OS), strings.ToLower(name)):
		return x.OS
	}
	return name + " " + x.OS
}

func (s *site) rows() screen.List {
	type row = endpoint.Row
	read := screen.Whole(func(r *screen.Request) ([]row, error) {
		f, err := filter(r)
		if err != nil {
			return nil, err
		}
		rows, _, err := s.cfg.Endpoints.List(r.Context(), r.Who, f)
		return rows, err
	})
	col := func(key, title, head string, width float64, f func(row) any) screen.Column[row] {
		return screen.Column[row]{Key: key, Title: title, Head: head, Width: width, Value: func(_ *screen.Cells, x row) any { return f(x) }}
	}
	return screen.Declare(screen.List{Name: "endpoints", Title: "Devices", Pattern: "GET /endpoints", Action: access.EndpointRead}, read, nil,
		col("device", "Device", "=", 24, func(x row) any { return x.Name }), col("serial", "Serial number", "", 18, func(x row) any { return x.Serial }), col("model", "Model", "", 24, func(x row) any { return x.Model }),
		col("owner", "Whose", "=", 24, func(x row) any { return x.Owner }), col("platform", "Platform", "", 0, func(x row) any { return x.Platform }), col("version", "System", "=", 20, func(x row) any { return system(&x) }),
		col("encrypted", "Encrypted", "=", 0, func(x row) any { return x.Encrypted }), col("protection", "Protection", "=", 0, func(x row) any { return x.Protection }), col("firewall", "Firewall", "=", 0, func(x row) any { return x.Firewall }), col("lock", "Screen lock", "=", 0, func(x row) any { return x.Lock }),
		col("seen", "Last seen", "=", 0, func(x row) any { return x.Seen }), col("problems", "What is wrong", "", 40, func(x row) any { return strings.Join(x.Problems(), ", ") }), col("unsaid", "Not said", "", 30, func(x row) any { return strings.Join(x.Unsaid(), ", ") }),
		col("management", "List", "", 0, func(x row) any { return x.Management }), col("silent", "Old list", "", 40, func(x row) any { return x.Silent }))
}

const mostShown = 500

// list answers: which devices are there, and which ask for something?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	f, err := filter(r)
	if err != nil {
		return err
	}
	rows, counts, err := s.cfg.Endpoints.List(r.Context(), r.Who, f)
	if err != nil {
		return err
	}
	managements, err := s.cfg.Endpoints.Managements(r.Context(), r.Who)
	if err != nil {
		return err
	}
	managements = slices.DeleteFunc(managements, func(o endpoint.Object) bool { return o.Content.State != endpoint.Used })
	q := r.URL.Query()
	v := ui.ListView{Title: ui.Many(counts["problem"], "device asks", "devices ask") + " for something", Labels: []string{"Which", "System", "List"}, Undo: "/endpoints", None: "No device matches.", More: []ui.Link{{Text: "Device managements", Href: "/device-managements"}}}
	if counts["problem"] == 0 {
		v.Title = "No device asks for anything"
	}
	v.Note = fmt.Sprintf("Of %s, as %s.", ui.Many(counts[""], "device", "devices"), newest(r, managements))
	if counts["unsaid"] > 0 {
		v.Note += fmt.Sprintf(" Of %s the list does not say everything: that is not observed, and no pass.", ui.Many(counts["unsaid"], "device", "devices"))
	}
	if counts[""] == 0 {
		v.Title = "No device is known yet"
		v.Note = ""
		v.Empty = &ui.Empty{Title: "Bring a list of your device management", Text: "Jamf, Intune, Kandji, Fleet and others export their devices as a table. From it come which laptops are encrypted, protected, current and heard of, whose each is, and which are still held by somebody who left.",
			Criteria: []ui.Link{{Text: "CC6.7", Href: "/criteria/CC6.7"}, {Text: "CC6.8", Href: "/criteria/CC6.8"}, {Text: "CC6.4", Href: "/criteria/CC6.4"}}, Until: "Until then nothing is said of devices. Servers with an agent are judged without a list.", Actions: []ui.Link{{Text: "See the hosts", Href: "/hosts"}}}
		if r.May(access.EndpointEdit) {
			to := ui.Link{Text: "Add a device management", Href: "/device-managements/new"}
			if len(managements) > 0 {
				to = ui.Link{Text: "Bring a list", Href: "/device-managements/" + managements[0].Ref + "/import"}
			}
			v.Empty.Actions = append([]ui.Link{to}, v.Empty.Actions...)
		}
		return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, page), v))
	}
	v.Chips = [][]ui.Chip{{{Text: "All " + ui.Number(int64(counts[""])), Href: screen.With(q, "/endpoints", "only", ""), Current: f.Only == ""}}, {{Text: "Every system", Href: screen.With(q, "/endpoints", "platform", ""), Current: f.Platform == ""}}, {{Text: "Every list", Href: screen.With(q, "/endpoints", "management", ""), Current: f.Management == ""}}}
	for _, o := range endpoint.Onlies() {
		if counts[o[0]] > 0 || f.Only == o[0] {
			v.Chips[0] = append(v.Chips[0], ui.Chip{Text: o[1] + " " + ui.Number(int64(counts[o[0]])), Href: screen.With(q, "/endpoints", "only", o[0]), Current: f.Only == o[0]})
		}
	}
	for _, p := range platforms {
		v.Chips[1] = append(v.Chips[1], ui.Chip{Text: p[1], Href: screen.With(q, "/endpoints", "platform", p[0]), Current: f.Platform == p[0]})
	}
	for _, o := range managements {
		v.Chips[2] = append(v.Chips[2], ui.Chip{Text: o.Content.Name, Href: screen.With(q, "/endpoints", "management", o.Ref), Current: strings.EqualFold(f.Management, o.Ref)})
	}
	v.Search = ui.SearchBox{Path: "/endpoints", Value: f.Query, Label: "Device or person", Hidden: []ui.Link{{Text: "only", Href: f.Only}, {Text: "platform", Href: f.Platform}, {Text: "management", Href: f.Management}}}
	v.Table = ui.Table{Caption: "Devices, by name", Columns: []ui.Column{{Text: "Device"}, {Text: "Whose"}, {Text: "System"}, {Text: "Encrypted"}, {Text: "Protection"}, {Text: "Firewall"}, {Text: "Screen lock"}, {Text: "Last seen"}}}
	for i := range rows[:min(len(rows), mostShown)] {
		x := &rows[i]
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Name, Href: "/endpoints/" + x.ID}, Meta: strings.Trim(x.Model+", "+x.Serial, ", "), Cells: []ui.Cell{whose(r, x), {Text: system(x), Muted: x.OS == ""},
			answer(x.Encrypted), answer(x.Protection), answer(x.Firewall), answer(x.Lock), seen(r, x)}})
	}
	v.Table.Pager.Text = fmt.Sprintf("%s of %s shown", ui.Number(len(v.Table.Rows)), ui.Number(len(rows)))
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, page), v))
}

// newest says which lists were brought last.
func newest(r *screen.Request, list []endpoint.Object) string {
	var out []string
	for _, o := range list {
		if !o.Content.Taken.IsZero() {
			out = append(out, o.Content.Name+" of "+r.Words.Date(o.Content.Taken))
		}
	}
	return "the newest lists say: " + strings.Join(out, ", ")
}

func whose(r *screen.Request, x *endpoint.Row) ui.Cell {
	c := ui.Cell{Text: x.Owner}
	if x.PersonID != "" && r.May(access.PeopleRead) {
		c = ui.Cell{Links: []ui.Link{{Text: x.Owner, Href: "/people/" + x.PersonID}}}
	}
	switch {
	case !x.Left.IsZero():
		c.Meta, c.Bad = "left "+r.Words.Date(x.Left), true
	case x.Rule == "name":
		c.Meta = "only the name says so"
	case x.PersonID == "" && x.Shared == "":
		c.Meta, c.Muted = "not in the register of people", x.Owner == "nobody"
	}
	return c
}

// answer says what a list says of a protection.
func answer(said string) ui.Cell {
	switch said {
	case endpoint.On:
		return ui.Cell{Text: "yes"}
	case endpoint.Off:
		return ui.Cell{Text: "no", Bad: true}
	case endpoint.Unclear:
		return ui.Cell{Text: "unclear", Bad: true}
	}
	return ui.Cell{Text: "not said", Muted: true}
}

func seen(r *screen.Request, x *endpoint.Row) ui.Cell {
	switch {
	case x.Seen.IsZero():
		return ui.Cell{Text: "not said", Muted: true}
	case x.Late:
		return ui.Cell{Text: r.Words.Date(x.Seen), Bad: true, Meta: "too long ago"}
	}
	return ui.Cell{Text: r.Words.Date(x.Seen)}
}
