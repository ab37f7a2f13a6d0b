package web

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/dustin/go-humanize"
)

// newEvidence asks what is brought, and of which instances it is evidence.
func (s *Site) newEvidence(w http.ResponseWriter, r *request) error {
	return s.showEvidenceForm(w, r, r.URL.Query(), nil)
}

func (s *Site) showEvidenceForm(w http.ResponseWriter, r *request, form url.Values, bad *refusedForm) error {
	ctx := r.Context()
	program, err := s.cfg.Controls.Program(ctx, access.System())
	if err != nil {
		return err
	}
	v := ui.EvidenceForm{Title: "Add evidence", Back: ui.Link{Text: "Add"}, Of: form.Get("of"), Kind: form.Get("kind"), Counts: form.Get("role") == instance.AsPopulation,
		MaxBytes: strconv.FormatInt(s.cfg.Evidence.MaxSize(), 10), MaxWords: humanize.Bytes(uint64(s.cfg.Evidence.MaxSize()))}
	if v.Of != "" {
		v.Title, v.Back = "Add a new version of E-"+v.Of, ui.Link{Text: "E-" + v.Of, Href: "/evidence/E-" + v.Of}
	}
	checked := map[string]bool{}
	for _, c := range form["cover"] {
		checked[c] = true
	}
	chosen := map[string]bool{}
	for _, slug := range form["control"] {
		if slug == "" || chosen[slug] {
			continue
		}
		chosen[slug] = true
		c, err := s.chosenControl(r, program, slug, v.Counts, checked)
		if err != nil {
			return err
		}
		v.Chosen = append(v.Chosen, c)
	}
	v.Choose, v.More = []ui.Option{}, []ui.Option{{Text: "choose a control"}}
	for _, c := range program.Controls {
		d := c.Current()
		if (!instance.Periodic(d.Design) && !instance.Triggered(d.Design)) || d.State != control.Adopted || chosen[c.Slug] {
			continue
		}
		o := ui.Option{Value: c.Slug, Text: fmt.Sprintf("C-%d %s", c.Number, d.Design.Title)}
		v.Choose, v.More = append(v.Choose, o), append(v.More, o)
	}
	if len(v.Choose) == 0 && len(v.Chosen) == 0 {
		return fault.New(fault.Conflict, "no control that people perform is approved yet, so no instance is expected").WithHint("approve controls first, on their page or in the library")
	}
	today := r.words.now.Format(dateLayout)
	field := func(id, label, hint, kind string, need bool) ui.FormField {
		return ui.FormField{ID: "e-" + id, Name: id, Label: label, Hint: hint, Type: kind, Need: need, Value: form.Get(id)}
	}
	v.Fields = []ui.FormField{field("title", "Title", "What it is, in one line: “Access review of the first quarter”.", "", true),
		field("source", "Source", "Where it comes from: a system and its export, a meeting, a role.", "", true),
		field("query", "Query and parameters", "Where a report or export was made by one, so that somebody else can repeat it.", "long", false),
		field("description", "What a reader must know", "", "long", false)}
	v.Dates = []ui.FormField{field("performed", "Performed on", "The day on which the control was performed.", "date", true),
		field("from", "Covers from", "First day of the period that it speaks of.", "date", true), field("to", "Covers to", "Last day of it.", "date", true),
		field("collected", "Collected on", "Today, where it is left empty.", "date", false)}
	for i := range v.Dates {
		v.Dates[i].Class, v.Dates[i].Max = "short", today
	}
	v.Address = field("address", "Address of the link", "Only for a link: https://…", "url", false)
	v.Items = field("items", "How many there were in the quarter", "The complete count; none is 0.", "number", true)
	if v.Items.Value == "" {
		v.Items.Value = "0"
	}
	v.File = ui.FormField{ID: "e-file", Hint: "Only for a file. Its name is kept as a label; its content is kept by its SHA-256."}
	status := http.StatusOK
	if bad != nil {
		status = http.StatusUnprocessableEntity
		placeProblem(&v, bad)
	}
	sh := s.shell(w, r, v.Title, "Comply", "Evidence")
	if bad != nil {
		sh.Path = "/evidence/new"
	}
	return s.render(w, r, status, ui.EvidenceFormPage(sh, v))
}

// placeProblem puts what is wrong beside its field.
func placeProblem(v *ui.EvidenceForm, bad *refusedForm) {
	v.File.Hint += " Choose it again: nothing of it was kept."
	for _, list := range [][]ui.FormField{v.Fields, v.Dates} {
		for i := range list {
			if list[i].Name == bad.field {
				list[i].Problem = bad.problem
				return
			}
		}
	}
	switch bad.field {
	case "address":
		v.Address.Problem = bad.problem
	case "file":
		v.File.Problem = bad.problem
	case "covers":
		v.CoversBad = bad.problem
	case "items":
		v.Items.Problem = bad.problem
	default:
		v.Problem = bad.problem
	}
}

func (s *Site) chosenControl(r *request, program *control.Program, slug string, counts bool, checked map[string]bool) (ui.ChosenControl, error) {
	c := ui.ChosenControl{Control: ui.Link{Text: slug, Href: slug}, None: "No instance of it has begun."}
	for _, k := range program.Controls {
		if k.Slug == slug {
			c.Control.Text = fmt.Sprintf("C-%d %s", k.Number, k.Current().Design.Title)
			if k.Current().State == control.Draft {
				c.None = "It is a draft: nothing is expected of it before it is approved."
			}
		}
	}
	o, err := s.cfg.Evidence.Instances(r.Context(), r.who, slug, r.now, -1)
	if err != nil {
		return c, err
	}
	if o.Triggered && !counts {
		c.None = "Nothing is recorded to have set it off. Record that on the control's page first."
	}
	for i := len(o.Instances) - 1; i >= 0; i-- {
		x := o.Instances[i]
		value := slug + "/" + x.Key
		if x.Population != counts || x.Start.After(r.now) || len(c.Instances) >= 24 && !checked[value] {
			continue
		}
		row := s.instanceRow(r, slug, x)
		choice := ui.CoverChoice{Value: value, Name: "due " + row.Name, Note: row.Period + ", " + row.State.Words(), Checked: checked[value]}
		if counts {
			choice.Name = row.Name
		}
		if row.Note != "" {
			choice.Note += ", " + row.Note
		}
		c.Instances = append(c.Instances, choice)
	}
	return c, nil
}

// evidenceOf reads what was typed.
func evidenceOf(form url.Values, fileName string, zone *time.Location) (evidence.New, error) {
	n := evidence.New{Kind: evidence.Kind(form.Get("kind")), Title: form.Get("title"), Description: form.Get("description"), Source: form.Get("source"),
		Query: form.Get("query"), Address: form.Get("address"), FileName: fileName}
	var err error
	for _, d := range []struct {
		field string
		end   bool
		into  *time.Time
	}{{"performed", false, &n.Performed}, {"from", false, &n.From}, {"to", true, &n.To}, {"collected", false, &n.Collected}} {
		if *d.into, err = evidence.ParseDay(d.field, form.Get(d.field), zone, d.end); err != nil {
			return n, err
		}
	}
	role := form.Get("role")
	items := int64(-1)
	if role == instance.AsPopulation {
		if items, err = strconv.ParseInt(strings.TrimSpace(form.Get("items")), 10, 64); err != nil {
			return n, fault.New(fault.Invalid, "%q is no number", form.Get("items")).At("", 0, "items")
		}
	}
	for _, c := range form["cover"] {
		slug, key, _ := strings.Cut(c, "/")
		n.Covers = append(n.Covers, evidence.Cover{Control: slug, Instance: key, Role: role, Items: items})
	}
	if of := form.Get("of"); of != "" {
		if n.Of, err = evidence.ParseRef(of); err != nil {
			return n, err
		}
	}
	return n, nil
}

// maxParts and maxTyped bound what stands beside a file.
const (
	maxParts = 200
	maxTyped = maxForm
)

// addEvidence keeps what a person brings. The file is the last part of the
// form, so that all else is judged before any of it is read.
func (s *Site) addEvidence(w http.ResponseWriter, r *request) error {
	form, typed := url.Values{}, 0
	again := func(err error) error {
		drain(r.Body)
		bad, other := refused(err, 0)
		if other != nil || r.Context().Err() != nil {
			return err
		}
		bad.field = strings.TrimPrefix(bad.field, "personal.") // what the ledger refused to commit to
		return s.showEvidenceForm(w, r, form, bad)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the form could not be read").WithHint("go back and send it again")
	}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return s.keepEvidence(w, r, form, "", nil, again)
		}
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "the upload ended before the form was whole; nothing was stored").WithHint("go back and send it again")
		}
		if part.FormName() == "file" {
			content := io.Reader(&lastPart{part: part, parts: parts})
			if part.FileName() == "" {
				content = nil
			} else if err := s.cfg.Evidence.Room(r.ContentLength - maxTyped); err != nil { // before any of it is read
				return again(err)
			}
			return s.keepEvidence(w, r, form, fileName(part), content, again)
		}
		raw, err := io.ReadAll(io.LimitReader(part, int64(maxTyped-typed)+1))
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "the upload ended before the form was whole; nothing was stored").WithHint("go back and send it again")
		}
		if typed += len(raw); typed > maxTyped {
			return fault.New(fault.Invalid, "the form has more than %d bytes of text", maxTyped)
		}
		form.Add(part.FormName(), string(raw))
	}
	return fault.New(fault.Invalid, "the form has more than %d parts", maxParts)
}

// lastPart reads the file, and refuses a form in which anything follows it: it
// would be dropped in silence.
type lastPart struct {
	part  io.Reader
	parts *multipart.Reader
}

func (l *lastPart) Read(p []byte) (int, error) {
	n, err := l.part.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	switch _, next := l.parts.NextPart(); {
	case next == nil:
		return n, fault.New(fault.Conflict, "a field of the form came after the file, so it could not be judged before; nothing was stored").WithHint("send the file last")
	case !errors.Is(next, io.EOF):
		return n, io.ErrUnexpectedEOF
	}
	return n, io.EOF
}

// fileName gives the name as the browser sent it; evidence cleans it.
func fileName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return part.FileName()
	}
	return params["filename"]
}

// drain reads what a browser is still sending, within bounds, so that it gets
// to read the answer.
func drain(body io.Reader) {
	io.CopyN(io.Discard, body, 64<<20) // an error ends the upload, and the answer is written all the same
}

func (s *Site) keepEvidence(w http.ResponseWriter, r *request, form url.Values, name string, content io.Reader, again func(error) error) error {
	if form.Get("go") == "control" {
		drain(r.Body)
		return s.showEvidenceForm(w, r, form, nil)
	}
	n, err := evidenceOf(form, name, r.words.zone)
	if err != nil {
		return again(err)
	}
	if n.Kind == evidence.Link {
		content = nil
	}
	v, err := s.cfg.Evidence.Add(r.Context(), r.who, n, content)
	if err != nil {
		return again(err)
	}
	s.flash(w, fmt.Sprintf("%s is kept, and another person is to review it. Both are in the ledger.", v.Ref()))
	http.Redirect(w, r.Request, "/evidence/"+v.Ref(), http.StatusSeeOther)
	return nil
}

// which gives the item and version that an address names.
func which(r *request) (number, version int, err error) {
	if number, err = evidence.ParseRef(r.PathValue("ref")); err != nil {
		return 0, 0, err
	}
	if version, err = strconv.Atoi(r.PathValue("version")); err != nil {
		return 0, 0, fault.New(fault.NotFound, "E-%d has no version %q", number, r.PathValue("version"))
	}
	return number, version, nil
}

// attachment says that a browser saves what comes and runs nothing of it.
func attachment(w http.ResponseWriter, name, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
}

// evidenceContent gives the content as it was brought.
func (s *Site) evidenceContent(w http.ResponseWriter, r *request) error {
	number, version, err := which(r)
	if err != nil {
		return err
	}
	content, v, err := s.cfg.Evidence.Open(r.Context(), r.who, number, version)
	if err != nil {
		return err
	}
	defer content.Close()
	attachment(w, v.FileName, v.ContentType)
	w.Header().Set("Content-Length", strconv.FormatInt(v.Size, 10))
	if _, err := io.Copy(w, content); err != nil {
		if fault.Is(err, fault.Refused) {
			s.cfg.Logger.ErrorContext(r.Context(), "evidence is damaged", "evidence", v.Ref(), "version", v.Version, "err", err)
		}
		panic(http.ErrAbortHandler) // the reader must not take half, or what was changed, for the whole
	}
	return nil
}

// manifest is the JSON beside content that is taken away.
type manifest struct {
	Evidence evidence.Version `json:"evidence"`
	Content  string           `json:"content,omitempty"` // name in the archive
	Held     bool             `json:"held"`              // false: a link, or redacted
	Ledger   struct {
		Origin string `json:"origin"`
		Key    string `json:"key"`
		Size   int64  `json:"size"`
	} `json:"ledger"`
	Proofs map[string]string `json:"proofs"` // by ledger entry: name in the archive
	Made   time.Time         `json:"made"`
	How    string            `json:"how"`
}

// evidencePackage gives content, manifest and proofs in one archive.
func (s *Site) evidencePackage(w http.ResponseWriter, r *request) error {
	number, version, err := which(r)
	if err != nil {
		return err
	}
	all, err := s.cfg.Evidence.Get(r.Context(), r.who, number)
	if err != nil {
		return err
	}
	if version < 1 || version > len(all) {
		return fault.New(fault.NotFound, "E-%d has no version %d", number, version)
	}
	v := all[version-1]
	m := manifest{Evidence: v, Made: r.now, Held: v.Kind == evidence.File && v.Redacted == "", Proofs: map[string]string{},
		How: "sha256sum of the content is the blob of the ledger entry in proof-added.txt; each proof is a C2SP tlog-proof whose extra data is the entry, held against the key of the ledger that you got elsewhere."}
	head, err := s.cfg.Ledger.Head(r.Context())
	if err != nil {
		return err
	}
	m.Ledger.Origin, m.Ledger.Key, m.Ledger.Size = head.Origin, s.cfg.Ledger.VerifierKey(), head.Size
	proofs := map[string][]byte{}
	add := func(name string, made evidence.Made) error {
		if made.Index < 0 || made.Index >= head.Size {
			return fault.New(fault.Unavailable, "the ledger has not numbered %s yet", v.Ref()).WithHint("it takes about a second; try again")
		}
		p, err := s.cfg.Ledger.Proof(made.Index)
		if err != nil {
			return err
		}
		m.Proofs[made.Entry], proofs[name] = name, p.Text()
		return nil
	}
	if err := add("proof-added.txt", v.Made); err != nil {
		return err
	}
	for _, rv := range v.Reviews {
		if err := add(fmt.Sprintf("proof-review-%d.txt", rv.Seq), rv.Made); err != nil {
			return err
		}
	}
	if m.Held {
		m.Content = "content/" + v.FileName
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	attachment(w, fmt.Sprintf("%s-v%d.zip", v.Ref(), v.Version), "application/zip")
	z := zip.NewWriter(w)
	put := func(name string, content io.Reader) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: v.Made.At})
		if err == nil {
			_, err = io.Copy(f, content)
		}
		return err
	}
	err = put("manifest.json", strings.NewReader(string(raw)+"\n"))
	for name, text := range proofs {
		if err == nil {
			err = put(name, strings.NewReader(string(text)))
		}
	}
	if err == nil && m.Held {
		var content io.ReadCloser
		if content, _, err = s.cfg.Evidence.Open(r.Context(), r.who, number, version); err == nil {
			err = errors.Join(put(m.Content, content), content.Close())
		}
	}
	if err = errors.Join(err, z.Close()); err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "a package of evidence broke off", "evidence", v.Ref(), "err", err)
		panic(http.ErrAbortHandler) // an archive that ends early cannot be taken for a whole one
	}
	return nil
}
