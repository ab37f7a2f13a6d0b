package engagement

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Service. All fields are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
}

// Service writes and reads engagements.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// sees reports whether p may look at an engagement: an auditor only at those
// that name them.
func sees(p access.Principal, g Engagement) bool {
	return p.Role != access.Auditor || slices.Contains(g.Auditors, p.UserID)
}

// List gives the engagements that p may see, newest first.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Engagement, error) {
	if err := access.Authorise(p, access.EngagementRead); err != nil {
		return nil, err
	}
	list, err := engagements(ctx, s.cfg.DB.Reader())
	return slices.DeleteFunc(list, func(g Engagement) bool { return !sees(p, g) }), err
}

// Get gives one. One that p may not see is NotFound, like one that is not there.
func (s *Service) Get(ctx context.Context, p access.Principal, number int) (Engagement, error) {
	if err := access.Authorise(p, access.EngagementRead); err != nil {
		return Engagement{}, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), p, number)
}

func (s *Service) get(ctx context.Context, q database.Querier, p access.Principal, number int) (Engagement, error) {
	g, err := engagementByNumber(ctx, q, number)
	if err == nil && !sees(p, g) {
		return Engagement{}, fault.New(fault.NotFound, "there is no engagement %d", number)
	}
	return g, err
}

// History gives every version of an engagement, oldest first.
func (s *Service) History(ctx context.Context, p access.Principal, number int) ([]Engagement, error) {
	if _, err := s.Get(ctx, p, number); err != nil {
		return nil, err
	}
	return versionsOf(ctx, s.cfg.DB.Reader(), number)
}

// Create sets up an engagement.
func (s *Service) Create(ctx context.Context, p access.Principal, c Content) (Engagement, error) {
	if err := access.Authorise(p, access.EngagementEdit); err != nil {
		return Engagement{}, err
	}
	if err := c.check(); err != nil {
		return Engagement{}, err
	}
	now := s.cfg.Clock()
	g := Engagement{ID: ids.New("eng", now), Version: 1, Content: c}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		system, err := systemID(ctx, tx)
		if err != nil {
			return err
		}
		if g.Number, err = nextNumber(ctx, tx); err != nil {
			return fmt.Errorf("number the engagement: %w", err)
		}
		if err := insertEngagement(ctx, tx, system, g); err != nil {
			return err
		}
		return s.write(ctx, tx, p, &g)
	})
	return g, err
}

// Change writes another version. base is the version that the person saw: kind
// Conflict when there is a newer one.
func (s *Service) Change(ctx context.Context, p access.Principal, number, base int, c Content) (Engagement, error) {
	if err := access.Authorise(p, access.EngagementEdit); err != nil {
		return Engagement{}, err
	}
	if err := c.check(); err != nil {
		return Engagement{}, err
	}
	var g Engagement
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if g, err = s.get(ctx, tx, p, number); err != nil {
			return err
		}
		if g.Version != base {
			return fault.New(fault.Conflict, "the engagement was changed meanwhile").WithHint("look at it again and repeat what is still needed")
		}
		if g.State == Closed && c.State == Closed {
			return fault.New(fault.Conflict, "engagement %d is closed", number).WithHint("open it again to change it; that is recorded")
		}
		before, _, err := encode(g.Content)
		if err != nil {
			return err
		}
		after, _, err := encode(c)
		if err != nil {
			return err
		}
		if before == after {
			return fault.New(fault.Conflict, "this is what the engagement says already")
		}
		if (c.From != g.From || c.To != g.To || c.Type != g.Type || !slices.Equal(c.Categories, g.Categories)) && len(c.Note) < 3 {
			return bad("note", "say why the period, type or categories change").WithHint("one sentence; the auditor reads it")
		}
		g.Version, g.Content = g.Version+1, c
		return s.write(ctx, tx, p, &g)
	})
	return g, err
}

func (s *Service) write(ctx context.Context, tx *sql.Tx, p access.Principal, g *Engagement) error {
	content, digest, err := encode(g.Content)
	if err != nil {
		return err
	}
	g.Digest, g.Made = digest, Made{At: s.cfg.Clock(), By: p.UserID, Index: -1}
	g.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "engagement.set", Stream: "people", Actor: p.UserID, Subject: g.ID,
		Data: by(p, map[string]any{"number": g.Number, "version": g.Version, "digest": digest, "type": g.Type, "from": g.From, "to": g.To, "state": string(g.State), "scope": g.Scope})})
	if err != nil {
		return fmt.Errorf("record the engagement: %w", err)
	}
	return insertVersion(ctx, tx, *g, content)
}

// by adds to what an entry says that it was written by command, in a user's name.
func by(p access.Principal, data map[string]any) map[string]any {
	if p.Via == access.ViaCommand {
		data["via"] = string(p.Via)
	}
	return data
}

// Exhibits gives what was frozen or chosen for an engagement, oldest first.
func (s *Service) Exhibits(ctx context.Context, p access.Principal, number int) ([]Exhibit, error) {
	g, err := s.Get(ctx, p, number)
	if err != nil {
		return nil, err
	}
	return exhibitsOf(ctx, s.cfg.DB.Reader(), g.ID)
}

// Attach adds a frozen population, a package or a piece of evidence to an
// engagement, and with a request's reference as what answers it. An auditor may
// freeze a population for the engagement; what answers a request is ours.
func (s *Service) Attach(ctx context.Context, p access.Principal, number int, ref string, x Exhibit) (Exhibit, error) {
	if err := access.Authorise(p, access.RequestAnswer); err != nil {
		return x, err
	}
	if p.Role == access.Auditor && (ref != "" || x.Kind != "population") {
		return x, fault.New(fault.Forbidden, "what answers a request is ours to attach")
	}
	if x.Kind != "population" && x.Kind != "package" && x.Kind != "evidence" {
		return x, bad("kind", "%q is nothing that can be attached", x.Kind)
	}
	var err error
	if x.Title, err = words("title", "the title", x.Title, 1, 200); err != nil {
		return x, err
	}
	if x.Subject == "" {
		return x, bad("subject", "what is attached is not named")
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := s.open(ctx, tx, p, number)
		if err != nil {
			return err
		}
		if ref != "" {
			r, err := s.request(ctx, tx, g, ref)
			if err != nil {
				return err
			}
			x.Request = r.ID
		}
		now := s.cfg.Clock()
		x.ID, x.Made = ids.New("exh", now), Made{At: now, By: p.UserID, Index: -1}
		if x.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "engagement.attached", Stream: "people", Actor: p.UserID, Subject: g.ID,
			Data: by(p, map[string]any{"exhibit": x.ID, "request": x.Request, "kind": x.Kind, "of": x.Subject})}); err != nil {
			return fmt.Errorf("record what was attached: %w", err)
		}
		return insertExhibit(ctx, tx, g.ID, x)
	})
	return x, err
}

// open gives an engagement that still takes work.
func (s *Service) open(ctx context.Context, q database.Querier, p access.Principal, number int) (Engagement, error) {
	g, err := s.get(ctx, q, p, number)
	if err == nil && g.State == Closed {
		err = fault.New(fault.Conflict, "engagement %d is closed", number).WithHint("open it again to change it; that is recorded")
	}
	return g, err
}

func (s *Service) request(ctx context.Context, q database.Querier, g Engagement, ref string) (Request, error) {
	list, err := requestByRef(ctx, q, g.ID, ref)
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "engagement %d has no request %q", g.Number, ref)
	}
	if err != nil {
		return Request{}, err
	}
	return list[0], nil
}

// Requests gives an engagement's requests in the order of the auditor's list.
func (s *Service) Requests(ctx context.Context, p access.Principal, number int) ([]Request, error) {
	g, err := s.Get(ctx, p, number)
	if err != nil {
		return nil, err
	}
	return requestsOf(ctx, s.cfg.DB.Reader(), g.ID)
}

// Request gives one with its messages and its versions, oldest first.
func (s *Service) Request(ctx context.Context, p access.Principal, number int, ref string) (Request, []Message, []Request, error) {
	g, err := s.Get(ctx, p, number)
	if err != nil {
		return Request{}, nil, nil, err
	}
	q := s.cfg.DB.Reader()
	r, err := s.request(ctx, q, g, ref)
	if err != nil {
		return r, nil, nil, err
	}
	all, err := exhibitsOf(ctx, q, g.ID)
	if err != nil {
		return r, nil, nil, err
	}
	r.Exhibits = slices.DeleteFunc(all, func(x Exhibit) bool { return x.Request != r.ID })
	messages, err := messagesOf(ctx, q, r.ID)
	if err != nil {
		return r, nil, nil, err
	}
	history, err := requestVersions(ctx, q, r.ID)
	return r, messages, history, err
}

// Ask adds one request by hand.
func (s *Service) Ask(ctx context.Context, p access.Principal, number int, ref string, c RequestContent) (Request, error) {
	if err := access.Authorise(p, access.RequestAnswer); err != nil {
		return Request{}, err
	}
	if p.Role != access.Auditor && c.Theirs != "" && c.Theirs != Requested {
		return Request{}, fault.New(fault.Forbidden, "the auditor's status is the auditor's to set")
	}
	changes, err := s.put(ctx, p, number, "request.asked", []Proposed{{Ref: ref, RequestContent: c}}, nil)
	if err != nil {
		return Request{}, err
	}
	if len(changes.Changed) > 0 || len(changes.Same) > 0 {
		return Request{}, fault.New(fault.Conflict, "there is a request %q already", ref).At("", 0, "ref").WithHint("change that one, or give another reference")
	}
	return changes.Added[0], nil
}

// Edit is what a person changes of a request; nil leaves a field as it is.
type Edit struct {
	Kind   *Kind
	Owner  *string
	Due    *string
	Ours   *Ours
	Theirs *Theirs
	Answer *string
}

// Edit changes a request. Ours, owner, due date and answer are for whoever
// answers; Theirs is for an auditor of the engagement.
func (s *Service) Edit(ctx context.Context, p access.Principal, number int, ref string, base int, e Edit) (Request, error) {
	if e.Theirs != nil {
		if err := access.Authorise(p, access.RequestJudge); err != nil {
			return Request{}, err
		}
	}
	if e.Ours != nil || e.Owner != nil || e.Due != nil || e.Answer != nil || e.Kind != nil {
		if err := access.Authorise(p, access.RequestAnswer); err != nil {
			return Request{}, err
		}
		if p.Role == access.Auditor {
			return Request{}, fault.New(fault.Forbidden, "how we answer is ours to write")
		}
	}
	if err := access.Authorise(p, access.EngagementRead); err != nil {
		return Request{}, err
	}
	var out Request
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := s.open(ctx, tx, p, number)
		if err != nil {
			return err
		}
		r, err := s.request(ctx, tx, g, ref)
		if err != nil {
			return err
		}
		if r.Version != base {
			return fault.New(fault.Conflict, "request %s was changed meanwhile", ref).WithHint("look at it again and repeat what is still needed")
		}
		before := r.RequestContent
		set(&r.Kind, e.Kind)
		set(&r.Owner, e.Owner)
		set(&r.Due, e.Due)
		set(&r.Ours, e.Ours)
		set(&r.Theirs, e.Theirs)
		set(&r.Answer, e.Answer)
		if err := r.check(); err != nil {
			return err
		}
		exhibits, err := exhibitsOf(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		if r.Ours == Ready && before.Ours != Ready && r.Answer == "" && !slices.ContainsFunc(exhibits, func(x Exhibit) bool { return x.Request == r.ID }) {
			return bad("ours", "nothing answers the request yet").WithHint("attach evidence or a population, or write an answer")
		}
		out = r
		return s.version(ctx, tx, p, &out, "request.changed")
	})
	return out, err
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// version writes the next version of one request.
func (s *Service) version(ctx context.Context, tx *sql.Tx, p access.Principal, r *Request, event string) error {
	content, digest, err := encode(r.RequestContent)
	if err != nil {
		return err
	}
	if digest == r.Digest {
		return fault.New(fault.Conflict, "this is what request %s says already", r.Ref)
	}
	r.Version, r.Digest, r.Made = r.Version+1, digest, Made{At: s.cfg.Clock(), By: p.UserID, Index: -1}
	r.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: event, Stream: "people", Actor: p.UserID, Subject: r.Engagement,
		Data: by(p, map[string]any{"requests": 1, "digest": digestOf(line(*r)), "request": r.ID, "ours": string(r.Ours), "theirs": string(r.Theirs)})})
	if err != nil {
		return fmt.Errorf("record request %s: %w", r.Ref, err)
	}
	return insertRequestVersion(ctx, tx, *r, content)
}

// line is what an entry commits to of one version of a request.
func line(r Request) string { return fmt.Sprintf("%s %d %s\n", r.ID, r.Version, r.Digest) }

// Write adds a message to a request.
func (s *Service) Write(ctx context.Context, p access.Principal, number int, ref, text string) (Message, error) {
	if err := access.Authorise(p, access.RequestAnswer); err != nil {
		return Message{}, err
	}
	text, err := words("text", "the message", text, 1, 4000)
	if err != nil {
		return Message{}, err
	}
	now := s.cfg.Clock()
	m := Message{ID: ids.New("msg", now), Text: text, Made: Made{At: now, By: p.UserID, Index: -1}}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		g, err := s.open(ctx, tx, p, number)
		if err != nil {
			return err
		}
		r, err := s.request(ctx, tx, g, ref)
		if err != nil {
			return err
		}
		if m.Made.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "request.message", Stream: "people", Actor: p.UserID, Subject: g.ID,
			Data: by(p, map[string]any{"request": r.ID, "message": m.ID}), Personal: map[string]string{"text": text}}); err != nil {
			return fmt.Errorf("record the message: %w", err)
		}
		return insertMessage(ctx, tx, r.ID, m)
	})
	return m, err
}

// Workbooks gives the workbooks that requests were read from, oldest first.
func (s *Service) Workbooks(ctx context.Context, p access.Principal, number int) ([]Workbook, error) {
	g, err := s.Get(ctx, p, number)
	if err != nil {
		return nil, err
	}
	return workbooksOf(ctx, s.cfg.DB.Reader(), g.ID)
}

// digestLines is what an entry about several requests commits to.
func digestLines(list []Request) string {
	lines := make([]string, len(list))
	for i, r := range list {
		lines[i] = line(r)
	}
	slices.Sort(lines)
	return digestOf(strings.Join(lines, ""))
}
