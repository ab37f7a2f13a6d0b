package endpoints

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	endpointops "github.com/attesta/attesta/internal/api/endpoints"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/devicelist"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// file is what a form of the import brings.
type file struct {
	endpointops.List
	day       string
	confirmed bool
}

func (s *site) choose(w http.ResponseWriter, r *screen.Request) error {
	return s.showImport(w, r, file{List: endpointops.List{Whole: true}}, nil, nil, nil)
}

// look shows what a list comes to, or takes it in.
func (s *site) look(w http.ResponseWriter, r *screen.Request) error {
	f, err := upload(r)
	var got *endpoint.Looked
	var read *devicelist.File
	if err == nil {
		err = f.taken(r.Words.Zone, s.cfg.Endpoints.Now())
	}
	if err == nil {
		got, read, err = endpointops.Bring(r.Context(), s.cfg.Endpoints, r.Who, r.PathValue("ref"), f.List, r.Words.Zone, !f.confirmed)
	}
	if err != nil && f.confirmed && fault.Is(err, fault.Conflict) { // show it again, with what is asked
		if again, _, err2 := endpointops.Bring(r.Context(), s.cfg.Endpoints, r.Who, r.PathValue("ref"), f.List, r.Words.Zone, true); err2 == nil {
			got = again
		}
	}
	if err != nil {
		t, err := screen.WrongForm(url.Values{}, err)
		if err != nil {
			return err
		}
		return s.showImport(w, r, f, read, got, t)
	}
	if f.confirmed {
		return r.Done(w, ui.Many(got.Devices, "device is", "devices are")+" taken in, and judged within a minute.", "/endpoints?management="+got.Object.Ref)
	}
	return s.showImport(w, r, f, read, got, nil)
}

// taken says when the list was, by its day.
func (f *file) taken(zone *time.Location, now time.Time) error {
	if f.day == "" {
		return nil
	}
	day, err := time.ParseInLocation(time.DateOnly, f.day, zone)
	if err != nil || day.After(now) {
		return fault.New(fault.Invalid, "%q is no day, or has not come yet", f.day).At("", 0, "taken")
	}
	if f.Taken = day.AddDate(0, 0, 1).Add(-time.Second); f.Taken.After(now) {
		f.Taken = now
	}
	return nil
}

var exports = map[string]string{
	"jamf":   "Computers, Search Inventory, an advanced search with the columns beside; then Export. Or the JSON of the interface for computers-inventory.",
	"intune": "Devices, All devices, Export. Or the JSON of managedDevices of Microsoft Graph. It has no column for the firewall and malware protection: the report of endpoint security has, and can be joined by serial number.",
	"kandji": "Devices, Export. Or the JSON of the interface for devices.",
	"fleet":  "Hosts, Export hosts; or fleetctl get hosts --json as a list. Of osquery: the JSON of a query with the columns beside.",
	"other":  "A table as CSV, or JSON: one line for each device.",
}

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, f file, read *devicelist.File, got *endpoint.Looked, t *screen.Typed) error {
	o, err := s.cfg.Endpoints.Management(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	path := "/device-managements/" + o.Ref
	crumbs := crumbs(ui.Link{Text: "Device managements", Href: "/device-managements"}, ui.Link{Text: o.Content.Name, Href: path}, ui.Link{Text: "Bring a list"})
	whole := map[bool]string{true: "yes", false: "no"}[f.Whole]
	if got == nil || read == nil {
		form := ui.Form{ID: "import", Action: path + "/import", Button: "Look at the file", Upload: true, Note: "CSV with commas, semicolons or tabs, or JSON, up to 12 MB. Nothing is stored before you have seen what it comes to.",
			Fields: []ui.Field{screen.Choice("whole", "Does it have every device?", "Then a device that was there before and is not in it has left.", whole, [2]string{"yes", "Yes"}, [2]string{"no", "No, only some"}), {Name: "taken", Label: "On which day was it exported?", Hint: "Today when empty.", Kind: "date", Value: f.day}}}
		if len(f.Raw) > 0 { // it could not be read as it is: say which column is which
			form.Fields = append(form.Fields, mapping(f, nil)...)
		}
		form.Fields = append(form.Fields, ui.Field{Name: "file", Label: "File", Kind: "file", Must: true})
		t.Fill(&form)
		side := []ui.Block{{ID: "export", Title: "How to export it", Text: []string{exports[o.Content.Product]}}, {ID: "columns", Title: "Columns", Text: []string{"Found by their headings, in any order; only one that says which device it is must be there. What the list does not say is not observed, and no pass."},
			Facts: []ui.Fact{{Term: "Which", Text: "serial number, name, id, model"}, {Term: "System", Text: "platform, version"}, {Term: "Whose", Text: "e-mail address, login, full name"}, {Term: "Protected by", Text: "disk encryption, firewall, malware protection, screen lock or code"}, {Term: "Last", Text: "check-in; state, where it says retired or wiped"}}}}
		return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Bring a list of devices"), ui.FormView{Crumbs: crumbs, Title: "Bring a list of " + o.Content.Name, Note: "The devices as their management exports them.", Form: form, Side: side}))
	}
	v := ui.ListView{Crumbs: crumbs, Title: fmt.Sprintf("%s: %d new, %d gone", ui.Many(got.Devices, "device", "devices"), len(got.Came), len(got.Gone)), Note: fmt.Sprintf("Read as %s. Nothing is stored yet.", read.Form), None: "No device was understood."}
	if n := len(read.Refused); n > 0 {
		v.Title += ", " + ui.Many(n, "line refused", "lines refused")
		v.Note += " Since lines are refused, no device that is not in the file is taken to have left."
	}
	if n := len(read.Retired); n > 0 {
		v.Note += fmt.Sprintf(" %s left out, since the list says they are retired or wiped: %s.", ui.Many(n, "device is", "devices are"), names(read.Retired))
	}
	v.Table = ui.Table{Caption: "The first devices as they were understood", Columns: []ui.Column{{Text: "Device"}, {Text: "Holder"}, {Text: "System"}, {Text: "Encrypted"}, {Text: "Protection"}, {Text: "Firewall"}, {Text: "Screen lock"}, {Text: "Last seen"}}}
	for i := range read.Devices[:min(len(read.Devices), 20)] {
		x := &endpoint.Row{Device: read.Devices[i]}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Name}, Meta: x.Serial, Cells: []ui.Cell{{Text: screen.OrElse(x.Mail, screen.OrElse(x.Login, screen.OrElse(x.Person, "nobody")))}, {Text: system(x)}, answer(x.Encrypted), answer(x.Protection), answer(x.Firewall), answer(x.Lock), seen(r, x)}})
	}
	v.Table.Pager.Text = fmt.Sprintf("%d of %d shown", len(v.Table.Rows), len(read.Devices))
	if len(got.Gone) > 0 {
		g := ui.Table{Caption: "Devices that would leave", Columns: []ui.Column{{Text: "Device"}}}
		for _, name := range got.Gone[:min(len(got.Gone), 100)] {
			g.Rows = append(g.Rows, ui.TableRow{Head: ui.Link{Text: name}})
		}
		g.Pager.Text = fmt.Sprintf("%d of %d shown", len(g.Rows), len(got.Gone))
		v.After, v.Heads = append(v.After, g), append(v.Heads, "Devices that would leave")
	}
	if len(read.Refused) > 0 {
		v.After, v.Heads = append(v.After, refusedTable(read)), append(v.Heads, "Lines that are refused")
	}
	v.After, v.Heads = append(v.After, columnTable(read)), append(v.Heads, "How columns were understood")
	v.Form = ui.Form{ID: "take", Action: path + "/import", Button: "Take it in", Also: ui.Link{Text: "Look again with these columns", Href: "look"}, Note: "Where a column was understood wrongly, choose the right one and look again.",
		Fields: []ui.Field{{Name: "whole", Kind: "hidden", Value: whole}, {Name: "taken", Kind: "hidden", Value: f.day}, {Name: "name", Kind: "hidden", Value: f.Name}, {Name: "content", Kind: "hidden", Value: base64.StdEncoding.EncodeToString(f.Raw)}}}
	if got.Many {
		v.Form.Fields = append(v.Form.Fields, screen.Choice("sure", fmt.Sprintf("%d devices would leave. Is that meant?", len(got.Gone)), "It may be half a list.", "no", [2]string{"no", "No"}, [2]string{"yes", "Yes, they are no longer in use"}))
	}
	v.Form.Fields = append(v.Form.Fields, mapping(f, read)...)
	t.Fill(&v.Form)
	return r.Render(w, t.Status(), ui.List(s.shell(w, r, "Bring a list of devices"), v))
}

// labels are what columns are called on the screen where their own name does not say it.
var labels = map[string]string{"name": "Name", "serial": "Serial number", "id": "Id", "model": "Model", "platform": "Platform", "version": "Version of the system", "person": "Full name of the holder", "mail": "E-mail address of the holder", "login": "Login of the holder",
	"encrypted": "Disk encryption", "firewall": "Firewall", "protection": "Malware protection", "lock": "Screen lock or code", "seen": "Last check-in", "state": "State"}

// mapping asks which heading is which column.
func mapping(f file, read *devicelist.File) []ui.Field {
	var out []ui.Field
	for _, what := range devicelist.Columns() {
		field := ui.Field{Name: "column-" + what, Label: labels[what], Value: f.Columns[what], Hint: "The heading that stands for it; empty where the usual names do."}
		if read != nil {
			pairs := [][2]string{{"", "as it was found"}}
			for _, h := range read.Headers {
				if h != "" {
					pairs = append(pairs, [2]string{h, h})
				}
			}
			field = screen.Choice(field.Name, labels[what], "", f.Columns[what], pairs...)
			if read.Columns[what] != "" {
				field.Hint = "found: " + read.Columns[what]
			}
		}
		out = append(out, field)
	}
	return out
}

func refusedTable(read *devicelist.File) ui.Table {
	t := ui.Table{Caption: "Lines that are refused", Columns: []ui.Column{{Text: "Line"}, {Text: "Why"}, {Text: "The line"}}}
	for _, x := range read.Refused[:min(len(read.Refused), 100)] {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: strconv.Itoa(x.Line)}, Cells: []ui.Cell{{Text: x.Why, Bad: true}, {Text: x.Text, Mono: true}}})
	}
	t.Pager.Text = fmt.Sprintf("%d of %d shown", len(t.Rows), len(read.Refused))
	return t
}

func columnTable(read *devicelist.File) ui.Table {
	t := ui.Table{Caption: "How columns were understood", Columns: []ui.Column{{Text: "Column of the file"}, {Text: "Is"}}}
	for _, h := range read.Headers[:min(len(read.Headers), 100)] {
		is := ui.Cell{Text: "nothing to us", Muted: true}
		for what, header := range read.Columns {
			if header == h {
				is = ui.Cell{Text: strings.ToLower(labels[what][:1]) + labels[what][1:]}
			}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(h, "without a heading")}, Cells: []ui.Cell{is}})
	}
	t.Pager.Text = fmt.Sprintf("%d of %d shown", len(t.Rows), len(read.Headers))
	return t
}

// upload gives a file that was chosen, or one that was looked at and is confirmed.
func upload(r *screen.Request) (f file, err error) {
	bad := func(cause error, what string) error {
		return fault.Wrap(fault.Invalid, cause, "%s", what).At("", 0, "file").WithHint("choose the file again")
	}
	f.Columns, f.Whole = map[string]string{}, true
	set := func(name, value string) {
		switch name {
		case "whole":
			f.Whole = value != "no"
		case "sure":
			f.Sure = value == "yes"
		case "taken":
			f.day = strings.TrimSpace(value)
		case "name":
			f.Name = screen.Cut(strings.Join(strings.Fields(strings.ToValidUTF8(value, "")), " "), 100)
		default:
			if what, ok := strings.CutPrefix(name, "column-"); ok && strings.TrimSpace(value) != "" {
				f.Columns[what] = strings.TrimSpace(value)
			}
		}
	}
	if r.PostForm != nil && r.PostForm.Has("content") {
		for name := range r.PostForm {
			set(name, r.PostForm.Get(name))
		}
		if f.Raw, err = base64.StdEncoding.DecodeString(r.PostForm.Get("content")); err != nil {
			return f, bad(err, "the file did not come back whole")
		}
		f.confirmed = r.PostForm.Get("do") != "look"
		return f, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return f, bad(err, "no file was sent")
	}
	for {
		p, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart gives it bare
			break
		}
		if err != nil {
			return f, bad(err, "the file did not come whole")
		}
		raw, err := io.ReadAll(io.LimitReader(p, devicelist.MaxBytes+1))
		switch {
		case err != nil:
			return f, bad(err, "the file did not come whole")
		case len(raw) > devicelist.MaxBytes:
			return f, bad(nil, "the file has more than 12 MB")
		case p.FormName() == "file":
			f.Raw = raw
			set("name", p.FileName())
		default:
			set(p.FormName(), string(raw[:min(len(raw), 300)]))
		}
	}
	if len(f.Raw) == 0 {
		return f, bad(nil, "no file was chosen, or it is empty")
	}
	return f, nil
}
