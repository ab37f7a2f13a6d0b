package kinds

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/scope"
)

type programmeFile struct {
	Format       int    `json:"format"`
	Organisation string `json:"organisation,omitempty" held:"yes"`
}

type scopeFile struct {
	scope.Content
	Approved bool `json:"approved" held:"yes"`
}

func (s Set) scope() []folder.Kind {
	newest := func(ctx context.Context, t *folder.Turn) (scope.Version, error) {
		history, err := s.Scopes.History(ctx, t.Who)
		if err != nil {
			return scope.Version{}, err
		}
		return history[len(history)-1], nil
	}
	return []folder.Kind{
		&folder.Of[programmeFile]{
			Spec: folder.Spec{Name: "programme.yaml", See: access.ScopeRead, About: "The programme of an organisation as a folder. docs/programme-as-code.md says what lies where."},
			List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[programmeFile], error) {
				v, err := s.Scopes.Now(ctx)
				return []folder.Item[programmeFile]{{Doc: programmeFile{folder.Format, v.Name()}}}, err
			},
			Set: func(_ context.Context, _ *folder.Turn, _ folder.Item[programmeFile], to programmeFile) error {
				return fault.New(fault.Invalid, "the folder has the format %d; this program reads %d", to.Format, folder.Format).At("", 0, "format")
			},
		},
		&folder.Of[scopeFile]{
			Spec: folder.Spec{Name: "scope.yaml", See: access.ScopeRead, About: "What is examined: the newest version that was written.\nA change is proposed, and holds once another person approved it."},
			List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[scopeFile], error) {
				v, err := newest(ctx, t)
				return []folder.Item[scopeFile]{{Seq: v.Version, Doc: scopeFile{v.Content, v.Approved()}}}, err
			},
			Set: func(ctx context.Context, t *folder.Turn, _ folder.Item[scopeFile], to scopeFile) error {
				_, err := s.Scopes.Propose(ctx, t.Who, scope.Proposal{Content: to.Content, Reason: t.Note})
				return err
			},
		},
	}
}

type answersFile struct {
	Answers map[string]question.Answer `json:"answers"`
	Pack    string                     `json:"questions_of,omitempty" held:"yes"`
}

func (s Set) questions() []folder.Kind {
	return []folder.Kind{
		&folder.Of[answersFile]{
			Spec: folder.Spec{Name: "questions", See: access.DataRead, About: "Answers to one questionnaire. A question without an answer is left out."},
			List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[answersFile], error) {
				var out []folder.Item[answersFile]
				for _, q := range s.Questions.Book().Questionnaires {
					history, err := s.Questions.History(ctx, t.Who, q.ID)
					if err != nil {
						return nil, err
					}
					if len(history) > 0 {
						v := history[len(history)-1]
						out = append(out, folder.Item[answersFile]{Key: q.ID, Ref: q.ID, Seq: v.Version, Doc: answersFile{v.Answers, v.Pack}})
					}
				}
				return out, nil
			},
			Add: func(ctx context.Context, t *folder.Turn, key string, to answersFile) error {
				_, err := s.Questions.Answer(ctx, t.Who, key, 0, to.Answers)
				return err
			},
			Set: func(ctx context.Context, t *folder.Turn, was folder.Item[answersFile], to answersFile) error {
				_, err := s.Questions.Answer(ctx, t.Who, was.Ref, was.Seq, to.Answers)
				return err
			},
		},
		&folder.Of[question.DataSet]{
			Spec: folder.Spec{Name: "data", See: access.DataRead, About: "A data set of the inventory of data. Other files name it by this file's name."},
			Name: func(d question.DataSet) string { return d.Name },
			List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[question.DataSet], error) {
				all, err := s.Questions.Inventory(ctx, t.Who)
				if err != nil {
					return nil, err
				}
				keys, err := s.data(ctx, t)
				var out []folder.Item[question.DataSet]
				for _, d := range all {
					out = append(out, folder.Item[question.DataSet]{Key: keys[0][d.Ref()], Ref: d.Ref(), Seq: d.Now().Version, Doc: d.Now().DataSet})
				}
				return out, err
			},
			Add: func(ctx context.Context, t *folder.Turn, _ string, to question.DataSet) error {
				_, err := s.Questions.AddData(ctx, t.Who, to)
				return err
			},
			Set: func(ctx context.Context, t *folder.Turn, was folder.Item[question.DataSet], to question.DataSet) error {
				_, err := s.Questions.ChangeData(ctx, t.Who, was.Ref, was.Seq, to, t.Note)
				return err
			},
		},
	}
}

type controlFile struct {
	Title       string              `json:"title"`
	Statement   string              `json:"statement"`
	Risk        string              `json:"risk"`
	Owner       string              `json:"owner"`
	Performer   string              `json:"performer"`
	Weight      control.Weight      `json:"weight"`
	Nature      control.Nature      `json:"nature"`
	Mode        control.Mode        `json:"mode"`
	Frequency   string              `json:"frequency,omitempty"`
	Trigger     string              `json:"trigger,omitempty"`
	Anchor      string              `json:"anchor,omitempty"`
	Evidence    []string            `json:"evidence"`
	Information []string            `json:"information,omitempty"`
	Checks      []string            `json:"checks,omitempty"`
	Populations []string            `json:"populations,omitempty"`
	Points      []control.PointLink `json:"points,omitempty"`
	Shares      []control.Share     `json:"shares,omitempty"`
	State       control.State       `json:"state" held:"yes"`
	From        string              `json:"from,omitempty" held:"yes"`
}

func (f controlFile) design(slug string) control.Design {
	return control.Design{Slug: slug, Title: f.Title, Statement: f.Statement, Risk: f.Risk, Owner: f.Owner, Performer: f.Performer, Weight: f.Weight, Nature: f.Nature, Mode: f.Mode,
		Frequency: f.Frequency, Trigger: f.Trigger, Anchor: f.Anchor, Evidence: f.Evidence, Information: append([]string{}, f.Information...), Checks: f.Checks, Populations: f.Populations,
		Points: append([]control.PointLink{}, f.Points...), Shares: f.Shares}
}

type pointFile struct {
	Criterion string `json:"criterion"`
	Number    int    `json:"number"`
	Reason    string `json:"not_relevant_because"`
}

func (s Set) controls() []folder.Kind {
	return []folder.Kind{
		&folder.Of[pointFile]{
			Spec: folder.Spec{Name: "points", See: access.ControlRead, About: "A point of focus that does not concern the organisation, and why."},
			List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[pointFile], error) {
				all, err := s.Controls.ConsideredAll(ctx, t.Who, latest, -1)
				var out []folder.Item[pointFile]
				for at, c := range all {
					if c.State == control.NotRelevant {
						out = append(out, folder.Item[pointFile]{Key: folder.Slug(at.Criterion + "-" + strconv.Itoa(at.Number)), Doc: pointFile{at.Criterion, at.Number, c.Reason}})
					}
				}
				slices.SortFunc(out, func(a, b folder.Item[pointFile]) int { return strings.Compare(a.Key, b.Key) })
				return out, err
			},
			Add: func(ctx context.Context, t *folder.Turn, key string, to pointFile) error {
				if key != folder.Slug(to.Criterion+"-"+strconv.Itoa(to.Number)) {
					return fault.New(fault.Invalid, "the file's name says another point").At("", 0, "criterion").WithHint("it is called %s.yaml", folder.Slug(to.Criterion+"-"+strconv.Itoa(to.Number)))
				}
				return s.Controls.SetNotRelevant(ctx, t.Who, to.Criterion, to.Number, to.Reason)
			},
			Set: func(ctx context.Context, t *folder.Turn, was folder.Item[pointFile], to pointFile) error {
				if was.Doc.Criterion != to.Criterion || was.Doc.Number != to.Number {
					return fault.New(fault.Invalid, "the file's name says another point").At("", 0, "criterion")
				}
				if err := s.Controls.Reopen(ctx, t.Who, to.Criterion, to.Number, t.Note); err != nil {
					return err
				}
				return s.Controls.SetNotRelevant(ctx, t.Who, to.Criterion, to.Number, to.Reason)
			},
		},
		&folder.Of[controlFile]{
			Spec: folder.Spec{Name: "controls", See: access.ControlRead, About: "A control: what is done, by whom, how often, and what proves it.\nThe file's name is its short name. A new one comes in as a draft."},
			List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[controlFile], error) {
				p, err := s.Controls.Program(ctx, t.Who)
				if err != nil {
					return nil, err
				}
				var out []folder.Item[controlFile]
				for _, c := range p.Controls {
					v := c.Current()
					d := v.Design
					out = append(out, folder.Item[controlFile]{Key: c.Slug, Ref: c.Slug, Seq: v.Seq, Doc: controlFile{d.Title, d.Statement, d.Risk, d.Owner, d.Performer, d.Weight, d.Nature, d.Mode,
						d.Frequency, d.Trigger, d.Anchor, d.Evidence, d.Information, d.Checks, d.Populations, d.Points, d.Shares, v.State, v.Library}})
				}
				return out, nil
			},
			Add: func(ctx context.Context, t *folder.Turn, key string, to controlFile) error {
				if to.State == control.Retired {
					return folder.Hold("it is retired, and was never in use here")
				}
				to.Owner = t.User(to.Owner)
				return s.Controls.Write(ctx, t.Who, to.design(key), t.Note)
			},
			Set: func(ctx context.Context, t *folder.Turn, was folder.Item[controlFile], to controlFile) error {
				if was.Doc.State == control.Retired && to.State == control.Retired {
					return folder.Hold("it is retired")
				}
				to.Owner = t.User(to.Owner)
				return s.Controls.Write(ctx, t.Who, to.design(was.Ref), t.Note)
			},
		},
	}
}

// promised holds a file that names a commitment which the scope has only once its
// newest version is approved.
func (s Set) promised(ctx context.Context, t *folder.Turn, ids []string) error {
	if s.Scopes == nil || len(ids) == 0 {
		return nil
	}
	history, err := s.Scopes.History(ctx, t.Who)
	if err != nil {
		return err
	}
	now, err := s.Scopes.Now(ctx)
	if err != nil {
		return err
	}
	has := func(v scope.Version, id string) bool {
		return slices.ContainsFunc(v.Commitments, func(c scope.Commitment) bool { return c.ID == id })
	}
	for _, id := range ids {
		if last := history[len(history)-1]; !has(now, id) && has(last, id) {
			return folder.Hold("it rests on %s, which the scope has once its version %d is approved; import again then", id, last.Version)
		}
	}
	return nil
}
