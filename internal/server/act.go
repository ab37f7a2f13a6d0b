package server

import (
	"bytes"
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/connectors/xccdf"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"

	"github.com/spf13/cobra"
)

// Commands that change something go to the server that holds the data
// directory: one process writes. Whoever can read server.json acts in the name
// of a user, whom they name, and the ledger says that it was by command.

// keepEvidence makes the services of instances and evidence.
func (p *parts) keepEvidence(ctx context.Context, cfg Config) error {
	if cfg.EvidenceMaxMB < 1 || cfg.EvidenceMaxMB > 100_000 {
		return fault.New(fault.Invalid, "%d MB is no size of a file", cfg.EvidenceMaxMB).At("", 0, "evidence-max-mb").WithHint("give a number from 1 to 100000; 200 is usual")
	}
	dir, err := blobs.Open(p.dir.Evidence())
	if err != nil {
		return fmt.Errorf("open the evidence: %w", err)
	}
	if err := dir.Clean(); err != nil {
		return fmt.Errorf("tidy the evidence: %w", err)
	}
	p.brought = dir
	p.instances = instance.New(instance.Config{DB: p.db, Ledger: p.log, Clock: p.clock})
	p.evidence = evidence.NewService(evidence.Config{DB: p.db, Ledger: p.log, Blobs: dir, Clock: p.clock, MaxSize: int64(cfg.EvidenceMaxMB) * 1e6})
	if _, err := p.evidence.Sweep(ctx); err != nil {
		return fmt.Errorf("tidy the evidence: %w", err)
	}
	return nil
}

const (
	maxCommand = 24 << 20 // bytes of a command without a file
	maxReply   = 256 << 20
	metaHeader = "Attesta-Command"
)

// scopeCommand is the body of /-/scope.
type scopeCommand struct {
	As     string        `json:"as"`
	Scope  scope.Content `json:"scope"`
	Reason string        `json:"reason"`
	From   string        `json:"from"`
}

// evidenceCommand stands in the header of /-/evidence; the body is the file.
type evidenceCommand struct {
	As  string       `json:"as"`
	New evidence.New `json:"new"`
}

// reviewCommand is the body of /-/review.
type reviewCommand struct {
	As           string            `json:"as"`
	Number       int               `json:"number"`
	Decision     instance.Decision `json:"decision"`
	Reason       string            `json:"reason"`
	Compensation string            `json:"compensation"`
}

func (p *parts) commands(mux *doors, control presence) {
	p.registerCommands(mux, control)
	p.populationCommands(mux, control)
	p.engagementCommands(mux, control)
	p.userCommands(mux, control)
	mux.Handle("POST /-/zone", takes(p, control, func(ctx context.Context, _ struct{}) (any, error) {
		v, err := p.scopes.Now(ctx)
		return v.Location().String(), err
	}))
	mux.Handle("POST /-/scope", takes(p, control, func(ctx context.Context, c scopeCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		return p.scopes.Propose(ctx, who, scope.Proposal{Content: c.Scope, Reason: c.Reason, From: c.From})
	}))
	for _, act := range []string{"add", "list", "observe", "remove"} {
		mux.Handle("POST /-/databases/"+act, takes(p, control, p.databaseCommand(act)))
	}
	mux.Handle("POST /-/review", takes(p, control, func(ctx context.Context, c reviewCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		if err := access.Authorise(who, access.EvidenceReview); err != nil {
			return nil, err // before anything is looked up
		}
		all, err := p.evidence.Get(ctx, who, c.Number)
		if err != nil {
			return nil, err
		}
		v := all[len(all)-1]
		if err := p.evidence.Decide(ctx, who, v.Number, v.Version, c.Decision, c.Reason, c.Compensation); err != nil {
			return nil, err
		}
		all, err = p.evidence.Get(ctx, who, c.Number)
		if err != nil {
			return nil, err
		}
		return all[len(all)-1], nil
	}))
	mux.Handle("POST /-/evidence", p.guarded(control, func(r *http.Request) (any, error) {
		raw, err := base64.StdEncoding.DecodeString(r.Header.Get(metaHeader))
		var c evidenceCommand
		if err == nil {
			err = json.Unmarshal(raw, &c)
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the command cannot be read")
		}
		who, err := p.as(r.Context(), c.As)
		if err != nil {
			return nil, err
		}
		if err := p.evidence.Room(r.ContentLength); err != nil {
			return nil, err
		}
		return p.evidence.Add(r.Context(), who, c.New, r.Body)
	}))
}

// as gives the user in whose name a command is given.
func (p *parts) as(ctx context.Context, login string) (access.Principal, error) {
	u, err := p.access.Find(ctx, access.System(), login)
	if err != nil {
		return access.Principal{}, err
	}
	if u.Disabled {
		return access.Principal{}, fault.New(fault.Forbidden, "the user %s is disabled", login)
	}
	return access.Principal{UserID: u.ID, Name: u.Name, Role: u.Role, Via: access.ViaCommand, At: p.clock()}, nil
}

func takes[T any](p *parts, control presence, act func(context.Context, T) (any, error)) http.Handler {
	return p.guarded(control, func(r *http.Request) (any, error) {
		var c T
		d := json.NewDecoder(io.LimitReader(r.Body, maxCommand))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the command cannot be read")
		}
		return act(r.Context(), c)
	})
}

// trusted lets in whoever knows the token of server.json.
func (p *parts) trusted(control presence, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(control.Token)) != 1 {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next(w, r)
	})
}

// guarded answers whoever is trusted with JSON.
func (p *parts) guarded(control presence, act func(*http.Request) (any, error)) http.Handler {
	return p.trusted(control, func(w http.ResponseWriter, r *http.Request) {
		answer, err := act(r)
		p.log.Wake()
		p.answer(w, r, answer, err)
	})
}

func (p *parts) answer(w http.ResponseWriter, r *http.Request, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		f := commandFault{Kind: string(fault.KindOf(err))}
		f.Message, f.Hint = fault.Public(err)
		var at *fault.Error
		if f.Kind != string(fault.Internal) && errors.As(err, &at) {
			f.File, f.Line, f.Field = at.File, at.Line, at.Field
		}
		answer = f
		if fault.KindOf(err) == fault.Internal {
			p.logger.Error("a command failed", "path", r.URL.Path, "error", err)
		}
		w.WriteHeader(fault.HTTPStatus(err))
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		p.logger.Debug("an answer was not delivered", "error", err)
	}
}

type commandFault struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"` // of the file that was sent
	Field   string `json:"field,omitempty"`
}

// tell sends a command to the server that holds the data directory, and gives
// its answer as it came.
func tell(ctx context.Context, data, path string, header http.Header, body io.Reader, size int64) (json.RawMessage, error) {
	resp, err := send(ctx, data, path, header, body, size)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return heard(resp)
}

func send(ctx context.Context, data, path string, header http.Header, body io.Reader, size int64) (*http.Response, error) {
	if err := running(data); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	at, err := DataDir(dir).readPresence()
	if err != nil {
		return nil, held(data)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.Address+path, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+at.Token)
	resp, err := (&http.Client{Timeout: 30 * time.Minute}).Do(req)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the server (process %d) does not answer at %s, or it broke off", at.PID, at.Address)
	}
	return resp, nil
}

func heard(resp *http.Response) (json.RawMessage, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the server's answer broke off")
	}
	if resp.StatusCode == http.StatusOK {
		return raw, nil
	}
	var f commandFault
	if err := json.Unmarshal(raw, &f); err != nil || f.Kind == "" {
		return nil, fault.New(fault.Unavailable, "the server gave no answer that this program knows (%s)", resp.Status)
	}
	return nil, &fault.Error{Kind: fault.Kind(f.Kind), Message: f.Message, Hint: f.Hint, File: f.File, Line: f.Line, Field: f.Field}
}

func tellJSON(ctx context.Context, data, path string, c any, into any) (json.RawMessage, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	raw, err := tell(ctx, data, path, nil, bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	return raw, json.Unmarshal(raw, into)
}

// zoneOf asks the running server for the organisation's time zone, in which days
// on a command line are meant.
func zoneOf(ctx context.Context, data string) (*time.Location, error) {
	var name string
	if _, err := tellJSON(ctx, data, "/-/zone", struct{}{}, &name); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "this machine does not know the organisation's time zone %s", name).WithHint("install tzdata")
	}
	return zone, nil
}

// acting are the flags of every command that changes something.
type acting struct {
	data, as string
	json     bool
}

func (a *acting) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.data, "data", cli.DefaultData(), "data directory of the running server")
	cmd.Flags().StringVar(&a.as, "as", "", "login of the user in whose name this is done (required)")
	cmd.Flags().BoolVar(&a.json, "json", false, "print JSON")
	if err := cmd.MarkFlagRequired("as"); err != nil {
		panic("server: " + err.Error()) // the flag stands two lines above
	}
}

func (a *acting) print(w io.Writer, raw json.RawMessage, format string, args ...any) error {
	if !a.json {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, strings.TrimSpace(out.String()))
	return err
}

// ScopeSetCommand is `attesta scope set`.
func ScopeSetCommand() *cobra.Command {
	var a acting
	var file, reason, from string
	cmd := &cobra.Command{Use: "set --file FILE", Short: "Write a version of the scope; it holds once another person approves it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := scope.ReadFile(file)
			if err != nil {
				return err
			}
			var v scope.Version
			raw, err := tellJSON(cmd.Context(), a.data, "/-/scope", scopeCommand{As: a.as, Scope: c, Reason: reason, From: from}, &v)
			if err != nil {
				return err
			}
			for _, f := range v.Flags() {
				fmt.Fprintf(cmd.ErrOrStderr(), "note:  %s: %s\n", f.About, f.Text)
			}
			return a.print(cmd.OutOrStdout(), raw, "version %d of the scope is written; it holds from %s on once another person approves it", v.Version, v.Effective.In(v.Location()).Format("2 Jan 2006 15:04 MST"))
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&file, "file", "", "YAML file with the scope, as 'attesta scope show --yaml' prints it; - for standard input (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why the scope is written or changed")
	cmd.Flags().StringVar(&from, "from", "", "first day on which it holds (2026-01-31); now when left out")
	if err := cmd.MarkFlagRequired("file"); err != nil {
		panic("server: " + err.Error())
	}
	return cmd
}

// EvidenceAddCommand is `attesta evidence add`.
func EvidenceAddCommand() *cobra.Command {
	var a acting
	var n evidence.New
	var performed, from, to, collected, of string
	var covers []string
	var none, scan bool
	cmd := &cobra.Command{Use: "add [FILE]", Short: "Bring a file, or with --link what is kept elsewhere, as evidence of instances", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			zone, err := zoneOf(cmd.Context(), a.data)
			if err != nil {
				return err
			}
			for _, d := range []struct {
				flag, text string
				end        bool
				into       *time.Time
			}{{"performed", performed, false, &n.Performed}, {"from", from, false, &n.From}, {"to", to, true, &n.To}, {"collected", collected, false, &n.Collected}} {
				if *d.into, err = evidence.ParseDay(d.flag, d.text, zone, d.end); err != nil {
					return err
				}
			}
			if n.Covers, err = coversOf(covers, none); err != nil {
				return err
			}
			if of != "" {
				if n.Of, err = evidence.ParseRef(of); err != nil {
					return err
				}
			}
			if scan {
				if len(args) == 0 {
					return fault.New(fault.Invalid, "--scan needs the file that the scanner wrote")
				}
				if err := fromScan(&n, args[0], zone); err != nil {
					return err
				}
			}
			n.Kind = evidence.Link
			body, size := io.Reader(nil), int64(0)
			if len(args) == 1 {
				if n.Address != "" {
					return fault.New(fault.Invalid, "evidence is a file or a link, not both")
				}
				f, err := os.Open(args[0])
				if err != nil {
					return fault.Wrap(fault.NotFound, err, "%s cannot be read", args[0])
				}
				defer f.Close()
				st, err := f.Stat()
				if err != nil || !st.Mode().IsRegular() {
					return fault.Wrap(fault.Invalid, err, "%s is no file", args[0])
				}
				n.Kind, n.FileName, body, size = evidence.File, filepath.Base(args[0]), f, st.Size()
			}
			meta, err := json.Marshal(evidenceCommand{As: a.as, New: n})
			if err != nil {
				return err
			}
			raw, err := tell(cmd.Context(), a.data, "/-/evidence", http.Header{metaHeader: {base64.StdEncoding.EncodeToString(meta)}}, body, size)
			if err != nil {
				return err
			}
			var v evidence.Version
			if err := json.Unmarshal(raw, &v); err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s version %d is kept; it shows nothing until another person accepts it", v.Ref(), v.Version)
		}}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&n.Address, "link", "", "address of what is kept elsewhere (its content is not held here)")
	f.StringVar(&n.Title, "title", "", "what it is, in one line")
	f.StringVar(&n.Description, "description", "", "what a reader must know")
	f.StringVar(&n.Source, "source", "", "where it comes from: a system, a report, a role")
	f.StringVar(&n.Query, "query", "", "query and parameters that gave it")
	f.StringVar(&performed, "performed", "", "day on which it was performed (2026-03-30)")
	f.StringVar(&from, "from", "", "first day that it covers")
	f.StringVar(&to, "to", "", "last day that it covers")
	f.StringVar(&collected, "collected", "", "day on which it was collected; today when left out")
	f.StringSliceVar(&covers, "covers", nil, "CONTROL/INSTANCE that it shows, as 'attesta instances list' names them; may be repeated")
	f.BoolVar(&none, "counts-none", false, "it is the complete and empty count, over the quarter named, of what sets the control off")
	f.StringVar(&of, "version-of", "", "E-12: this is a new version of it")
	f.BoolVar(&scan, "scan", false, "the file holds a scanner's results (XCCDF, ARF): what is left out here is taken from it")
	return cmd
}

// fromScan takes what a person left out from the scanner's results in a file.
func fromScan(n *evidence.New, path string, zone *time.Location) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "%s cannot be read", path)
	}
	defer f.Close()
	r, err := xccdf.Read(path, f, "")
	if err != nil {
		return err
	}
	y, m, d := r.Ended.In(zone).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, zone)
	for _, t := range []*time.Time{&n.Performed, &n.From} {
		if t.IsZero() {
			*t = day
		}
	}
	if n.To.IsZero() {
		n.To = day.AddDate(0, 0, 1)
	}
	n.Title = cmp.Or(n.Title, fmt.Sprintf("Scan of %s: %s", r.Target, cmp.Or(r.Profile, r.Benchmark)))
	n.Source = cmp.Or(n.Source, cmp.Or(r.Scanner, "a scanner that gives no name")+" on "+r.Target)
	n.Query = cmp.Or(n.Query, strings.TrimSpace(fmt.Sprintf("benchmark %s %s, profile %s", r.Benchmark, r.Version, cmp.Or(r.Profile, "not named"))))
	c := r.Counts
	n.Description = cmp.Or(n.Description, fmt.Sprintf("Rules: %d pass, %d fail, %d error, %d not observed, %d not applicable; %d without outcome.", c.Pass, c.Fail, c.Error, c.NotObserved, c.NotApplicable, r.LeftOut))
	return nil
}

func coversOf(list []string, none bool) ([]evidence.Cover, error) {
	var out []evidence.Cover
	for _, text := range list {
		slug, key, ok := strings.Cut(text, "/")
		if !ok || slug == "" || key == "" {
			return nil, fault.New(fault.Invalid, "--covers %q is no CONTROL/INSTANCE", text).WithHint("'attesta instances list --control CONTROL' lists the instances")
		}
		c := evidence.Cover{Control: slug, Instance: key, Role: instance.AsPerformance}
		if none {
			c.Role = instance.AsPopulation
		}
		out = append(out, c)
	}
	return out, nil
}

// EvidenceReviewCommand is `attesta evidence accept` and `attesta evidence send-back`.
func EvidenceReviewCommand(d instance.Decision) *cobra.Command {
	var a acting
	c := reviewCommand{Decision: d}
	use, short := "accept E-12", "Accept the newest version of an item of evidence, which somebody else brought"
	if d == instance.SentBack {
		use, short = "send-back E-12", "Send the newest version of an item of evidence back, with a reason"
	}
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if c.Number, err = evidence.ParseRef(args[0]); err != nil {
				return err
			}
			c.As = a.as
			var v evidence.Version
			raw, err := tellJSON(cmd.Context(), a.data, "/-/review", c, &v)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s version %d: %s", v.Ref(), v.Version, v.Standing().Words())
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&c.Reason, "reason", "", "what was looked at, or what is missing")
	cmd.Flags().StringVar(&c.Compensation, "compensation", "", "where nobody else could review: what stands in for a second person")
	return cmd
}
