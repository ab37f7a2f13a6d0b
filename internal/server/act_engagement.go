package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/connectors/requestlist"
	"github.com/attesta/attesta/internal/render/sheet"

	"github.com/spf13/cobra"
)

// engagementCommand is the body of /-/engagement. Number 0 sets one up; nil
// leaves what the engagement, or the scope, says.
type engagementCommand struct {
	As         string              `json:"as"`
	Number     int                 `json:"number"`
	Title      *string             `json:"title,omitempty"`
	Type       *int                `json:"type,omitempty"`
	From       *string             `json:"from,omitempty"`
	To         *string             `json:"to,omitempty"`
	Zone       *string             `json:"zone,omitempty"`
	Firm       *string             `json:"firm,omitempty"`
	State      *engagement.State   `json:"state,omitempty"`
	Categories *[]catalog.Category `json:"categories,omitempty"`
	Auditors   *[]string           `json:"auditors,omitempty"` // logins
	Note       string              `json:"note,omitempty"`
}

// listCommand stands in the header of /-/requests/import; the body is the
// workbook.
type listCommand struct {
	As     string `json:"as"`
	Number int    `json:"number"`
	Name   string `json:"name"`
	Sheet  string `json:"sheet"`
	Dry    bool   `json:"dry"` // say what would change, and change nothing
}

// listAnswer says what an import did, or would do.
type listAnswer struct {
	Sheet   string   `json:"sheet"`
	Notes   []string `json:"notes"`
	Added   []string `json:"added"` // references
	Changed []string `json:"changed"`
	Same    int      `json:"same"`
	Absent  []string `json:"absent"`
	Applied bool     `json:"applied"`
}

// requestCommand is the body of /-/request: one of ask, edit and attach.
type requestCommand struct {
	As     string             `json:"as"`
	Number int                `json:"number"`
	Ref    string             `json:"ref"`
	Ask    string             `json:"ask,omitempty"`    // what is asked for: a new request
	Attach string             `json:"attach,omitempty"` // E-12, E-12/2 or P-3
	Owner  *string            `json:"owner,omitempty"`  // login; "" is nobody
	Kind   *engagement.Kind   `json:"kind,omitempty"`
	Due    *string            `json:"due,omitempty"`
	Ours   *engagement.Ours   `json:"ours,omitempty"`
	Theirs *engagement.Theirs `json:"theirs,omitempty"`
	Answer *string            `json:"answer,omitempty"`
}

// engagementCommands answers the commands about examinations.
func (p *parts) engagementCommands(mux *doors, control presence) {
	mux.Handle("POST /-/engagement", takes(p, control, p.setEngagement))
	mux.Handle("POST /-/request", takes(p, control, p.setRequest))
	mux.Handle("POST /-/requests/import", p.guarded(control, func(r *http.Request) (any, error) {
		raw, err := base64.StdEncoding.DecodeString(r.Header.Get(metaHeader))
		var c listCommand
		if err == nil {
			err = json.Unmarshal(raw, &c)
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the command cannot be read")
		}
		if r.ContentLength > sheet.MaxBytes {
			return nil, fault.New(fault.Invalid, "the file is larger than %d MB", sheet.MaxBytes>>20).At(c.Name, 0, "").WithHint("keep only the sheet with the list, and save it again")
		}
		return p.importList(r.Context(), c, r.Body)
	}))
}

func (p *parts) setEngagement(ctx context.Context, c engagementCommand) (any, error) {
	who, err := p.as(ctx, c.As)
	if err != nil {
		return nil, err
	}
	var content engagement.Content
	base := 0
	if c.Number == 0 {
		v, err := p.scopes.Now(ctx)
		if err != nil {
			return nil, err
		}
		content = engagement.FromScope(v)
	} else {
		g, err := p.engagements.Get(ctx, who, c.Number)
		if err != nil {
			return nil, err
		}
		content, base = g.Content, g.Version
	}
	content.Note = c.Note
	put(&content.Title, c.Title)
	put(&content.Type, c.Type)
	put(&content.From, c.From)
	put(&content.To, c.To)
	put(&content.Zone, c.Zone)
	put(&content.Firm, c.Firm)
	put(&content.State, c.State)
	put(&content.Categories, c.Categories)
	if content.Type == 1 && c.To == nil {
		content.To = ""
	}
	if c.Auditors != nil {
		content.Auditors = []string{}
		for _, login := range *c.Auditors {
			u, err := p.access.Find(ctx, access.System(), login)
			if err != nil {
				return nil, err
			}
			content.Auditors = append(content.Auditors, u.ID)
		}
		users, err := p.access.Users(ctx, access.System())
		if err != nil {
			return nil, err
		}
		if err := content.CheckAuditors(users); err != nil {
			return nil, err
		}
	}
	if c.Number == 0 {
		return p.engagements.Create(ctx, who, content)
	}
	return p.engagements.Change(ctx, who, c.Number, base, content)
}

func put[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (p *parts) importList(ctx context.Context, c listCommand, body io.Reader) (any, error) {
	who, err := p.as(ctx, c.As)
	if err != nil {
		return nil, err
	}
	if err := access.Authorise(who, access.RequestAnswer); err != nil { // before anything is read
		return nil, err
	}
	if _, err := p.engagements.Get(ctx, who, c.Number); err != nil {
		return nil, err
	}
	book, err := sheet.Open(body, c.Name)
	if err != nil {
		return nil, err
	}
	defer book.Close()
	list, err := requestlist.Read(book, c.Name, c.Sheet)
	if err != nil {
		return nil, oneFault(err)
	}
	out := listAnswer{Sheet: list.Sheet, Notes: list.Notes, Applied: !c.Dry}
	var changes engagement.Changes
	if c.Dry {
		changes, err = p.engagements.Preview(ctx, who, c.Number, list.Requests)
	} else {
		digest, _, errPut := p.blobs.Put(ctx, bytes.NewReader(book.Bytes()), sheet.MaxBytes)
		if errPut != nil {
			return nil, errPut
		}
		changes, err = p.engagements.Import(ctx, who, c.Number, list.Requests, &engagement.Workbook{Name: c.Name, Digest: digest, Sheet: list.Sheet})
	}
	if err != nil {
		return nil, err
	}
	out.Same, out.Added, out.Changed, out.Absent = len(changes.Same), refsOf(changes.Added), refsOf(changes.Changed), refsOf(changes.Absent)
	if out.Notes == nil {
		out.Notes = []string{}
	}
	return out, nil
}

func refsOf(list []engagement.Request) []string {
	refs := make([]string, len(list))
	for i, r := range list {
		refs[i] = r.Ref
	}
	return refs
}

// oneFault puts joined faults of a file into one, line by line, since an answer
// carries one.
func oneFault(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) < 2 {
		return err
	}
	var lines []string
	for _, e := range joined.Unwrap() {
		message, hint := fault.Public(e)
		if hint != "" {
			message += " (" + hint + ")"
		}
		lines = append(lines, message)
	}
	return fault.Wrap(fault.KindOf(joined.Unwrap()[0]), err, "%s", strings.Join(lines, "\n"))
}

func (p *parts) setRequest(ctx context.Context, c requestCommand) (any, error) {
	who, err := p.as(ctx, c.As)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Ask != "":
		content := engagement.RequestContent{Text: c.Ask, Criteria: engagement.CriteriaIn(c.Ask)}
		put(&content.Due, c.Due)
		put(&content.Kind, c.Kind)
		_, err = p.engagements.Ask(ctx, who, c.Number, c.Ref, content)
	case c.Attach != "":
		var x engagement.Exhibit
		if x, err = p.exhibit(ctx, who, c.Attach); err == nil {
			_, err = p.engagements.Attach(ctx, who, c.Number, c.Ref, x)
		}
	default:
		e := engagement.Edit{Kind: c.Kind, Due: c.Due, Ours: c.Ours, Theirs: c.Theirs, Answer: c.Answer}
		if c.Owner != nil {
			id := ""
			if *c.Owner != "" {
				u, err := p.access.Find(ctx, access.System(), *c.Owner)
				if err != nil {
					return nil, err
				}
				id = u.ID
			}
			e.Owner = &id
		}
		var r engagement.Request
		if r, _, _, err = p.engagements.Request(ctx, who, c.Number, c.Ref); err == nil {
			_, err = p.engagements.Edit(ctx, who, c.Number, c.Ref, r.Version, e)
		}
	}
	if err != nil {
		return nil, err
	}
	r, _, _, err := p.engagements.Request(ctx, who, c.Number, c.Ref)
	return r, err
}

// exhibit gives what a command names: evidence that a reviewer accepted, or a
// frozen population.
func (p *parts) exhibit(ctx context.Context, who access.Principal, text string) (engagement.Exhibit, error) {
	if strings.HasPrefix(text, "P-") || strings.HasPrefix(text, "pex_") {
		e, err := p.population.Extraction(ctx, text)
		return engagement.Exhibit{Kind: "population", Subject: e.ID, Title: e.Ref() + " " + e.Content.Title}, err
	}
	number, version, err := engagement.ParseEvidence(text)
	if err != nil {
		return engagement.Exhibit{}, err
	}
	all, err := p.evidence.Get(ctx, who, number)
	if err != nil {
		return engagement.Exhibit{}, err
	}
	return engagement.EvidenceOf(all, version)
}

// EngagementEditCommand is `attesta engagements create`, and with edit
// `attesta engagements edit N`.
func EngagementEditCommand(edit bool) *cobra.Command {
	var a acting
	var title, from, to, zone, firm, state, note string
	var kind int
	var categories, auditors []string
	cmd := &cobra.Command{Use: "create", Short: "Set up an engagement; what is left out comes from the scope", Args: cobra.NoArgs}
	if edit {
		cmd.Use, cmd.Short, cmd.Args = "edit NUMBER", "Write the next version of an engagement; what is left out stays", cobra.ExactArgs(1)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := engagementCommand{As: a.as, Note: note}
		if edit {
			var err error
			if c.Number, err = engagement.ParseNumber(args[0]); err != nil {
				return err
			}
		}
		set := cmd.Flags().Changed
		for _, f := range []struct {
			name string
			from *string
			to   **string
		}{{"title", &title, &c.Title}, {"from", &from, &c.From}, {"to", &to, &c.To}, {"zone", &zone, &c.Zone}, {"firm", &firm, &c.Firm}} {
			if set(f.name) {
				*f.to = f.from
			}
		}
		if set("type") {
			c.Type = &kind
		}
		if set("state") {
			s := engagement.State(state)
			c.State = &s
		}
		if set("category") {
			list := make([]catalog.Category, len(categories))
			for i, k := range categories {
				list[i] = catalog.Category(strings.ReplaceAll(strings.TrimSpace(k), " ", "_"))
			}
			c.Categories = &list
		}
		if set("auditor") {
			c.Auditors = &auditors
		}
		var g engagement.Engagement
		raw, err := tellJSON(cmd.Context(), a.data, "/-/engagement", c, &g)
		if err != nil {
			return err
		}
		for _, f := range g.Flags() {
			fmt.Fprintf(cmd.ErrOrStderr(), "note:  %s: %s\n", f.About, f.Text)
		}
		return a.print(cmd.OutOrStdout(), raw, "engagement %d, version %d: %s (type %d, %s)", g.Number, g.Version, g.Title, g.Type, g.Period())
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&title, "title", "", "what people call it")
	f.IntVar(&kind, "type", 2, "1: as of a date; 2: over a window")
	f.StringVar(&from, "from", "", "first day, or the date of a type 1 (2026-01-01)")
	f.StringVar(&to, "to", "", "last day, which belongs to the window")
	f.StringVar(&zone, "zone", "", "time zone in which days are counted (Europe/Dublin)")
	f.StringVar(&firm, "firm", "", "the audit firm")
	f.StringSliceVar(&categories, "category", nil, "a category that is examined; may be repeated, security among them")
	f.StringSliceVar(&auditors, "auditor", nil, "login of an auditor who sees it; may be repeated")
	if edit {
		f.StringVar(&state, "state", "", "planned, fieldwork or closed")
		f.StringVar(&note, "note", "", "why it changes; asked for when period, type or categories do")
	}
	return cmd
}

// RequestsImportCommand is `attesta requests import`.
func RequestsImportCommand() *cobra.Command {
	var a acting
	var c listCommand
	cmd := &cobra.Command{Use: "import NUMBER FILE.xlsx", Short: "Take in the auditor's request list as the firm sent it, all of it or nothing", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if c.Number, err = engagement.ParseNumber(args[0]); err != nil {
				return err
			}
			f, err := os.Open(args[1])
			if err != nil {
				return fault.Wrap(fault.NotFound, err, "%s cannot be read", args[1])
			}
			defer f.Close()
			st, err := f.Stat()
			if err != nil || !st.Mode().IsRegular() {
				return fault.Wrap(fault.Invalid, err, "%s is no file", args[1])
			}
			c.As, c.Name = a.as, filepath.Base(args[1])
			if st.Size() > sheet.MaxBytes {
				return fault.New(fault.Invalid, "the file is larger than %d MB", sheet.MaxBytes>>20).At(c.Name, 0, "").WithHint("keep only the sheet with the list, and save it again")
			}
			meta, err := json.Marshal(c)
			if err != nil {
				return err
			}
			raw, err := tell(cmd.Context(), a.data, "/-/requests/import", http.Header{metaHeader: {base64.StdEncoding.EncodeToString(meta)}}, f, st.Size())
			if err != nil {
				return err
			}
			var done listAnswer
			if err := json.Unmarshal(raw, &done); err != nil {
				return err
			}
			for _, n := range done.Notes {
				fmt.Fprintln(cmd.ErrOrStderr(), "note: ", n)
			}
			word := "taken in"
			if c.Dry {
				word = "would be taken in"
			}
			return a.print(cmd.OutOrStdout(), raw, "sheet %q %s: %d new, %d changed, %d as before, %d of the engagement not in it", done.Sheet, word, len(done.Added), len(done.Changed), done.Same, len(done.Absent))
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&c.Sheet, "sheet", "", "name of the sheet with the list; found by its headings when left out")
	cmd.Flags().BoolVar(&c.Dry, "dry-run", false, "say what would change, and change nothing")
	return cmd
}

// RequestVerb is one way to work on a request by command.
type RequestVerb string

// The verbs.
const (
	AskRequest    RequestVerb = "ask"
	AnswerRequest RequestVerb = "answer"
	JudgeRequest  RequestVerb = "judge"
	AttachRequest RequestVerb = "attach"
)

// RequestCommand is `attesta requests ask`, `answer`, `judge` and `attach`.
func RequestCommand(verb RequestVerb) *cobra.Command {
	var a acting
	var text, owner, kind, due, ours string
	about := map[RequestVerb][2]string{
		AskRequest:    {"ask NUMBER REF TEXT", "Write a request by hand"},
		AnswerRequest: {"answer NUMBER REF", "Answer a request: words, our status, owner, due day"},
		JudgeRequest:  {"judge NUMBER REF STATUS", "Say where the auditor stands with a request; --as names an auditor of the engagement"},
		AttachRequest: {"attach NUMBER REF E-12|P-3", "Let accepted evidence (E-12, or E-12/2) or a frozen population (P-3) answer a request"}}[verb]
	words := len(strings.Fields(about[0])) - 1
	cmd := &cobra.Command{Use: about[0], Short: about[1], Args: cobra.ExactArgs(words),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := requestCommand{As: a.as, Ref: args[1]}
			var err error
			if c.Number, err = engagement.ParseNumber(args[0]); err != nil {
				return err
			}
			set := cmd.Flags().Changed
			if set("due") {
				c.Due = &due
			}
			if set("kind") {
				k := engagement.Kind(kind)
				c.Kind = &k
			}
			switch verb {
			case AskRequest:
				if c.Ask = args[2]; strings.TrimSpace(c.Ask) == "" {
					return fault.New(fault.Invalid, "the request is empty").WithHint("write what is asked for")
				}
			case AttachRequest:
				c.Attach = args[2]
			case JudgeRequest:
				s := engagement.Theirs(args[2])
				c.Theirs = &s
			case AnswerRequest:
				if set("text") {
					c.Answer = &text
				}
				if set("owner") {
					c.Owner = &owner
				}
				if set("status") {
					s := engagement.Ours(strings.ReplaceAll(ours, " ", "_"))
					c.Ours = &s
				}
				if c.Answer == nil && c.Owner == nil && c.Ours == nil && c.Due == nil && c.Kind == nil {
					return fault.New(fault.Invalid, "nothing is said").WithHint("give --text, --status, --owner, --due or --kind")
				}
			}
			var r engagement.Request
			raw, err := tellJSON(cmd.Context(), a.data, "/-/request", c, &r)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "request %s, version %d: ours %s, auditor's %s, answered by %s", r.Ref, r.Version, strings.ReplaceAll(string(r.Ours), "_", " "), r.Theirs, plural(len(r.Exhibits), "exhibit"))
		}}
	a.flags(cmd)
	f := cmd.Flags()
	switch verb {
	case AnswerRequest:
		f.StringVar(&text, "text", "", "our answer in words")
		f.StringVar(&ours, "status", "", "open, in_progress or ready")
		f.StringVar(&owner, "owner", "", "login of whoever answers it; empty for nobody")
		fallthrough
	case AskRequest:
		f.StringVar(&due, "due", "", "day on which it is due (2026-01-31)")
		f.StringVar(&kind, "kind", "", "document, population, sample or inquiry")
	}
	return cmd
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// RequestsExportCommand is `attesta requests export`. It only reads.
func RequestsExportCommand() *cobra.Command {
	var data, output string
	var theirs bool
	cmd := &cobra.Command{Use: "export NUMBER", Short: "Write the requests as a workbook: of our own form, or the auditor's own with our answers", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := engagement.ParseNumber(args[0])
			if err != nil {
				return err
			}
			ctx, dir := cmd.Context(), DataDir(data)
			db, err := database.Open(ctx, dir.Database(), database.ReadOnly)
			if err != nil {
				return err
			}
			defer db.Close()
			s := engagement.New(engagement.Config{DB: db, Clock: clock.System})
			g, err := s.Get(ctx, access.System(), number)
			if err != nil {
				return err
			}
			requests, err := s.Requests(ctx, access.System(), number)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if theirs {
				err = answerTheirs(ctx, &b, s, dir, number, requests)
			} else {
				err = requestlist.Write(&b, g, requests)
			}
			if err != nil {
				return err
			}
			if output == "" || output == "-" {
				_, err = cmd.OutOrStdout().Write(b.Bytes())
				return err
			}
			f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fault.Wrap(fault.Conflict, err, "%s cannot be made", output).WithHint("name a file that is not there yet")
			}
			if _, err = f.Write(b.Bytes()); err == nil {
				err = f.Close()
			}
			if err == nil {
				_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", output, plural(len(requests), "request"))
			}
			return err
		}}
	cmd.Flags().StringVar(&data, "data", cli.DefaultData(), "data directory")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to make; standard output when left out")
	cmd.Flags().BoolVar(&theirs, "theirs", false, "the auditor's own workbook, with our status and answers in it")
	return cmd
}

// answerTheirs writes our answers into the workbook that was taken in last.
func answerTheirs(ctx context.Context, w io.Writer, s *engagement.Service, dir DataDir, number int, requests []engagement.Request) error {
	books, err := s.Workbooks(ctx, access.System(), number)
	if err != nil {
		return err
	}
	if len(books) == 0 {
		return fault.New(fault.NotFound, "no workbook was taken in for engagement %d", number).WithHint("leave --theirs out for one of our own form")
	}
	held, err := blobs.Open(dir.Blobs())
	if err != nil {
		return err
	}
	last := books[len(books)-1]
	f, err := held.Open(last.Digest)
	if err != nil {
		return err
	}
	defer f.Close()
	return requestlist.AnswerFile(w, f, last, requests)
}
