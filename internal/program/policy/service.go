package policy

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

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
	Book   *Book // templates that policies begin from

	// Provers gives the names of the controls and checks that a statement may
	// be proved by.
	Provers func(context.Context) (controls, checks map[string]bool, err error)
	// Tenures gives who held which role when, by entries of an index below known;
	// for populations.
	Tenures func(ctx context.Context, known int64) ([]access.Tenure, error)
}

// Service keeps the organisation's policies.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Book gives the templates.
func (s *Service) Book() *Book { return s.cfg.Book }

// Write is a version that a person writes.
type Write struct {
	Content
	Note     string // what changed and why; of a first version it may be empty
	Material bool   // people are asked again; a first version always is
	Origin   Origin // FromTemplate, Written, Imported
	Template string // template that a first version began from
	Base     int    // the version that was edited; kind Conflict where a newer one exists
	Slug     string // of a first version: its short name; made of the title where it is empty
}

// Adopt makes a policy of a template. Wrong values come all at once, each a
// fault with the fill-in as its field.
func (s *Service) Adopt(ctx context.Context, p access.Principal, template string, values map[string]string) (*Policy, []error) {
	if err := access.Authorise(p, access.PolicyEdit); err != nil {
		return nil, []error{err}
	}
	t, err := s.cfg.Book.Get(template)
	if err != nil {
		return nil, []error{err}
	}
	text, errs := t.Fill(values)
	if len(errs) > 0 {
		return nil, errs
	}
	w := Write{Content: Content{Title: t.Title, Owner: t.Owner, Text: text, Questions: t.Questions}, Origin: FromTemplate, Template: s.cfg.Book.ID + "/" + t.ID,
		Note: "From the template " + t.ID + " of " + s.cfg.Book.ID + " " + s.cfg.Book.Version + "."}
	for _, f := range t.FillIns {
		value, ok := values[f.Name]
		if !ok {
			value = f.Default
		}
		switch f.Name {
		case "owner_role":
			w.Owner = value
		case "review_months":
			if _, err := fmt.Sscan(value, &w.ReviewMonths); err != nil {
				return nil, []error{bad(f.Name, "%q is no whole number", value)}
			}
		}
	}
	made, err := s.create(ctx, p, t.ID, w)
	if err != nil {
		return nil, []error{err}
	}
	return made, nil
}

// Create makes a policy that somebody wrote or imported.
func (s *Service) Create(ctx context.Context, p access.Principal, w Write) (*Policy, error) {
	if err := access.Authorise(p, access.PolicyEdit); err != nil {
		return nil, err
	}
	if w.Slug != "" && (!slug.MatchString(w.Slug) || len(w.Slug) > 60) {
		return nil, bad("slug", "%.60q is no short name of a policy", w.Slug).WithHint("lower-case letters, digits and -, up to 60")
	}
	return s.create(ctx, p, w.Slug, w)
}

func (s *Service) create(ctx context.Context, p access.Principal, slug string, w Write) (*Policy, error) {
	w, err := s.sound(ctx, w)
	if err != nil {
		return nil, err
	}
	if slug == "" {
		slug = slugOf(w.Title)
	}
	now := s.cfg.Clock()
	made := &Policy{ID: ids.New("pol", now), Slug: slug, Template: w.Template}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if have, err := load(ctx, tx, slug); err != nil {
			return err
		} else if have != nil {
			return fault.New(fault.Conflict, "there is a policy %s already: %s", slug, have.Newest().Title).At("", 0, "title").
				WithHint("write a new version of it, or choose another title")
		}
		if made.Number, err = insertPolicy(ctx, tx, made, now); err != nil {
			return err
		}
		w.Material = true
		return s.add(ctx, tx, p, made, w)
	})
	if err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), slug)
}

// sound gives what was written as it is stored, or says what is wrong.
func (s *Service) sound(ctx context.Context, w Write) (Write, error) {
	w.Content, w.Note = w.Content.tidy(), strings.TrimSpace(strings.ReplaceAll(w.Note, "\r\n", "\n"))
	if err := w.Content.check(); err != nil {
		return w, err
	}
	if err := phrase("note", "the note", w.Note, 0, maxNote); err != nil {
		return w, err
	}
	if w.Origin != FromTemplate && w.Origin != Imported {
		w.Origin = Written
	}
	proofs, err := Proofs(w.Text)
	if err != nil || len(proofs) == 0 {
		return w, err
	}
	controls, checks, err := s.cfg.Provers(ctx)
	if err != nil {
		return w, err
	}
	for _, p := range proofs {
		for kind, list := range map[string][]string{"control": p.Controls, "check": p.Checks} {
			known := controls
			if kind == "check" {
				known = checks
			}
			for _, name := range list {
				if !known[name] {
					return w, fault.New(fault.Invalid, "line %d: there is no %s %q", p.Line, kind, name).At("", p.Line, "text").
						WithHint("a name as its page shows it; a name with a slash is a check, one without a control")
				}
			}
		}
	}
	return w, nil
}

// Edit adds a version to a policy.
func (s *Service) Edit(ctx context.Context, p access.Principal, slug string, w Write) (*Policy, error) {
	if err := access.Authorise(p, access.PolicyEdit); err != nil {
		return nil, err
	}
	w, err := s.sound(ctx, w)
	if err != nil {
		return nil, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := s.get(ctx, tx, slug)
		if err != nil {
			return err
		}
		last := have.Newest()
		_, digest, err := w.Content.Digest()
		if err != nil {
			return err
		}
		switch {
		case w.Base != last.Version:
			return fault.New(fault.Conflict, "somebody wrote version %d of %s meanwhile; you edited version %d", last.Version, have.Ref(), w.Base).
				WithHint("look at the newest version and write what is still needed")
		case last.State == Submitted:
			return fault.New(fault.Conflict, "version %d of %s waits for approval", last.Version, have.Ref()).WithHint("withdraw it first, or let it be decided")
		case digest == last.Digest && w.Material == last.Material:
			return fault.New(fault.Conflict, "this is what version %d says already", last.Version)
		case len(w.Note) < 3:
			return bad("note", "say what changed and why").WithHint("one sentence; the approver, the readers and an auditor see it")
		}
		w.Material = w.Material || have.Asked() == 0
		return s.add(ctx, tx, p, have, w)
	})
	if err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), slug)
}

// add appends the ledger entry and the rows of a version.
func (s *Service) add(ctx context.Context, tx *sql.Tx, p access.Principal, to *Policy, w Write) error {
	content, digest, err := w.Content.Digest()
	if err != nil {
		return err
	}
	v := Version{Content: w.Content, Version: len(to.Versions) + 1, Digest: digest, TextDigest: digestOf(w.Text), Note: w.Note, Material: w.Material, Origin: w.Origin,
		Made: Made{At: s.cfg.Clock(), By: p.UserID}}
	e := ledger.Entry{Type: "policy.written", Stream: stream(p), Actor: p.UserID, Subject: to.ID, Data: map[string]any{"number": to.Number, "slug": to.Slug,
		"version": v.Version, "digest": digest, "text_digest": v.TextDigest, "origin": string(v.Origin), "material": v.Material}}
	if to.Template != "" {
		e.Data["template"] = to.Template
	}
	if v.Note != "" { // what a person wrote may name people: committed to, not written
		e.Personal = map[string]string{"note": v.Note}
	}
	if v.Made.Entry, err = s.append(ctx, tx, p, e); err != nil {
		return err
	}
	return insertVersion(ctx, tx, to.ID, v, content)
}

func (s *Service) append(ctx context.Context, tx *sql.Tx, p access.Principal, e ledger.Entry) (string, error) {
	if p.Via == access.ViaCommand {
		e.Data["via"] = string(p.Via)
	}
	entry, err := s.cfg.Ledger.Append(ctx, tx, e)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", e.Type, err)
	}
	return entry, nil
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

func (s *Service) get(ctx context.Context, q database.Querier, slug string) (*Policy, error) {
	p, err := load(ctx, q, slug)
	if err == nil && p == nil {
		return nil, fault.New(fault.NotFound, "the organisation has no policy %q", slug)
	}
	return p, err
}

// Get gives one policy with its history, by its slug or its number (P-3).
func (s *Service) Get(ctx context.Context, p access.Principal, slug string) (*Policy, error) {
	if err := access.Authorise(p, access.PolicyRead); err != nil {
		return nil, err
	}
	return s.get(ctx, s.cfg.DB.Reader(), slug)
}

// do takes a step of a version.
func (s *Service) do(ctx context.Context, p access.Principal, a access.Action, slug, step string, version int, fill func(*sql.Tx, *Policy, *Version, *Step) error) error {
	if err := access.Authorise(p, a); err != nil {
		return err
	}
	if p.IsSystem() {
		return fault.New(fault.Forbidden, "a person decides on policies, not the program")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		have, err := s.get(ctx, tx, slug)
		if err != nil {
			return err
		}
		if version < 1 || version > len(have.Versions) {
			return fault.New(fault.NotFound, "%s has no version %d", have.Ref(), version)
		}
		v := &have.Versions[version-1]
		st := Step{Seq: len(have.Steps) + 1, Version: version, Step: step, Made: Made{At: s.cfg.Clock(), By: p.UserID}}
		if err := fill(tx, have, v, &st); err != nil {
			return err
		}
		st.Note = strings.TrimSpace(strings.ReplaceAll(st.Note, "\r\n", "\n"))
		if err := phrase("note", "the note", st.Note, 0, maxNote); err != nil {
			return err
		}
		e := ledger.Entry{Type: "policy." + step, Stream: stream(p), Actor: p.UserID, Subject: have.ID,
			Data: map[string]any{"number": have.Number, "version": version, "seq": st.Seq, "digest": v.Digest, "by_author": st.Compensation != ""}}
		if !st.Until.IsZero() {
			e.Data["until"] = st.Until
		}
		if !st.Review.IsZero() {
			e.Data["review"] = st.Review
		}
		if st.Note != "" || st.Compensation != "" {
			e.Personal = map[string]string{"note": st.Note, "compensation": st.Compensation}
		}
		if st.Made.Entry, err = s.append(ctx, tx, p, e); err != nil {
			return err
		}
		return insertStep(ctx, tx, have.ID, st)
	})
}

func must(p *Policy, v *Version, state State, what string) error {
	if v.State != state {
		return fault.New(fault.Conflict, "version %d of %s is %s; it cannot be %s", v.Version, p.Ref(), v.State, what).WithHint("look at it again")
	}
	return nil
}

// Submit asks for the approval of the newest version.
func (s *Service) Submit(ctx context.Context, p access.Principal, slug string, version int) error {
	return s.do(ctx, p, access.PolicyEdit, slug, "submitted", version, func(_ *sql.Tx, have *Policy, v *Version, _ *Step) error {
		if version != have.Newest().Version {
			return fault.New(fault.Conflict, "%s has a version %d; version %d is no longer the one to submit", have.Ref(), have.Newest().Version, version)
		}
		return must(have, v, Draft, "submitted")
	})
}

// Withdraw takes a version back that waits for approval.
func (s *Service) Withdraw(ctx context.Context, p access.Principal, slug string, version int) error {
	return s.do(ctx, p, access.PolicyEdit, slug, "withdrawn", version, func(_ *sql.Tx, have *Policy, v *Version, _ *Step) error {
		return must(have, v, Submitted, "withdrawn")
	})
}

// SendBack refuses a version that waits for approval, saying why.
func (s *Service) SendBack(ctx context.Context, p access.Principal, slug string, version int, note string) error {
	return s.do(ctx, p, access.PolicyApprove, slug, "sent_back", version, func(_ *sql.Tx, have *Policy, v *Version, st *Step) error {
		if st.Note = note; len(strings.TrimSpace(note)) < 10 {
			return bad("note", "say what has to change, so that the author can mend it")
		}
		return must(have, v, Submitted, "sent back")
	})
}

// Approve lets a version be published. Its author may approve it only where
// nobody else could, and then says what stands in for a second person.
func (s *Service) Approve(ctx context.Context, p access.Principal, slug string, version int, compensation string) error {
	return s.do(ctx, p, access.PolicyApprove, slug, "approved", version, func(tx *sql.Tx, have *Policy, v *Version, st *Step) error {
		if err := must(have, v, Submitted, "approved"); err != nil {
			return err
		}
		if !have.wrote(v, p.UserID) {
			return nil
		}
		var err error
		st.Compensation, err = access.Compensate(ctx, tx, p, access.PolicyApprove, compensation)
		return err
	})
}

// wrote reports whether somebody wrote any of what a version would bring into
// force: its own text, or a version since the one that holds.
func (p *Policy) wrote(v *Version, user string) bool {
	from := 0
	if held := p.Published(); held != nil {
		from = held.Version
	}
	return slices.ContainsFunc(p.Versions[:v.Version], func(x Version) bool { return x.Version > from && x.Made.By == user })
}

// Publish puts an approved version in force. Where it, or a version since the
// one that holds, is a material change, everybody it concerns is asked.
func (s *Service) Publish(ctx context.Context, p access.Principal, slug string, version int) error {
	return s.do(ctx, p, access.PolicyEdit, slug, "published", version, func(_ *sql.Tx, have *Policy, v *Version, st *Step) error {
		if err := must(have, v, Approved, "published"); err != nil {
			return err
		}
		from := 0
		for _, x := range have.Steps {
			if x.Step == "published" {
				from = max(from, x.Version)
			}
		}
		if from > version {
			return fault.New(fault.Conflict, "%s was published in version %d since", have.Ref(), from).WithHint("write a version that says what this one does")
		}
		if have.Asks(version) {
			st.Until = st.Made.At.AddDate(0, 0, v.Days)
		}
		st.Review = st.Made.At.AddDate(0, v.ReviewMonths, 0)
		return nil
	})
}

// Asks reports whether publishing a version asks everybody it concerns again.
func (p *Policy) Asks(version int) bool {
	from := 0
	for _, x := range p.Steps {
		if x.Step == "published" {
			from = max(from, x.Version)
		}
	}
	retired := p.State() == Retired
	return from == 0 || retired || slices.ContainsFunc(p.Versions[min(from, version):version], func(x Version) bool { return x.Material })
}

// Review records that the published version was read again in full and stays
// as it is; the next review is due a year on, or what its version says.
func (s *Service) Review(ctx context.Context, p access.Principal, slug string, version int, note string) error {
	return s.do(ctx, p, access.PolicyApprove, slug, "reviewed", version, func(_ *sql.Tx, have *Policy, v *Version, st *Step) error {
		if st.Note = note; len(strings.TrimSpace(note)) < 3 {
			return bad("note", "say what was looked at, and that nothing has to change").WithHint("where something has to change, write a new version instead")
		}
		st.Review = st.Made.At.AddDate(0, v.ReviewMonths, 0)
		return must(have, v, Published, "reviewed")
	})
}

// Retire ends a policy. Nobody is asked about it any more; its history stays.
func (s *Service) Retire(ctx context.Context, p access.Principal, slug string, version int, note string) error {
	return s.do(ctx, p, access.PolicyApprove, slug, "retired", version, func(_ *sql.Tx, have *Policy, v *Version, st *Step) error {
		if st.Note = note; len(strings.TrimSpace(note)) < 3 {
			return bad("note", "say why the policy is retired")
		}
		return must(have, v, Published, "retired")
	})
}

// Row is a policy in a list.
type Row struct {
	Policy       *Policy   `json:"-"` // without the contents of its versions
	Slug         string    `json:"slug"`
	Ref          string    `json:"ref"`
	Title        string    `json:"title"`
	Owner        string    `json:"owner"`
	State        State     `json:"state"`
	Version      int       `json:"version"`           // that holds, else the newest
	Waiting      int       `json:"waiting,omitempty"` // a version that waits for approval
	Due          time.Time `json:"review_due,omitzero"`
	Overdue      bool      `json:"overdue,omitempty"` // its review
	Asked        int       `json:"asked"`             // people who are asked about it
	Acknowledged int       `json:"acknowledged"`      // of them
	Late         int       `json:"late"`              // of those who have not
	Until        time.Time `json:"until,omitzero"`    // by when, for who was there at publication
}

// List gives every policy, by title.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Row, error) {
	if err := access.Authorise(p, access.PolicyRead); err != nil {
		return nil, err
	}
	q, now := s.cfg.DB.Reader(), s.cfg.Clock()
	all, err := loadAll(ctx, q)
	if err != nil {
		return nil, err
	}
	counts, err := progress(ctx, q, now)
	if err != nil {
		return nil, err
	}
	out := []Row{}
	for _, x := range all {
		v := x.Newest()
		r := Row{Policy: x, Slug: x.Slug, Ref: x.Ref(), State: x.State(), Due: x.ReviewDue()}
		if v.State == Submitted {
			r.Waiting = v.Version
		}
		if held := x.Published(); held != nil {
			v = held
			c := counts[x.ID]
			r.Asked, r.Acknowledged, r.Late = c.asked, c.acknowledged, c.late
			for _, st := range x.Steps {
				if st.Step == "published" && !st.Until.IsZero() {
					r.Until = st.Until
				}
			}
		}
		r.Title, r.Owner, r.Version = v.Title, v.Owner, v.Version
		r.Overdue = !r.Due.IsZero() && now.After(r.Due)
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Row) int { return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) })
	return out, nil
}
