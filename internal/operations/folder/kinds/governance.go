package kinds

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/program/risk"
)

// sameDoc reports whether two say the same.
func sameDoc(a, b any) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	y, err := json.Marshal(b)
	return string(x) == string(y), err
}

type riskFile struct {
	Library string `json:"library,omitempty"`
	risk.Profile
	Inherent *ratingFile   `json:"inherent,omitempty"`
	Residual *ratingFile   `json:"residual,omitempty"`
	Response *responseFile `json:"response,omitempty"`
	State    string        `json:"state" held:"yes"`
	Accepted string        `json:"accepted_until,omitempty" held:"yes"`
}

type ratingFile struct {
	Likelihood int        `json:"likelihood"`
	Magnitude  int        `json:"magnitude"`
	Because    string     `json:"because"`
	Controls   []string   `json:"controls,omitempty"`
	Loss       *risk.Loss `json:"loss,omitempty"`
}

type responseFile struct {
	Response string `json:"response"`
	Plan     string `json:"plan"`
}

func rating(all []risk.Rating) *ratingFile {
	if len(all) == 0 {
		return nil
	}
	r := all[len(all)-1]
	return &ratingFile{r.Likelihood, r.Magnitude, r.Because, r.Controls, r.Loss}
}

func (f *ratingFile) assess(side string) *risk.Assess {
	a := &risk.Assess{Side: side, Likelihood: f.Likelihood, Magnitude: f.Magnitude, Because: f.Because, Controls: f.Controls}
	if f.Loss != nil {
		a.Currency, a.LossLow, a.LossLikely, a.LossHigh = f.Loss.Currency, f.Loss.Low, f.Loss.Likely, f.Loss.High
	}
	return a
}

type appetiteFile struct {
	Limits    map[string]int `json:"limits"`
	Statement string         `json:"statement"`
	Scale     string         `json:"scale,omitempty" held:"yes"`
	Approved  bool           `json:"approved" held:"yes"`
}

func (s Set) risks() []folder.Kind {
	more := func(ctx context.Context, t *folder.Turn, ref string, was, to riskFile) error {
		sides := []struct {
			name    string
			was, to *ratingFile
		}{{"inherent", was.Inherent, to.Inherent}, {"residual", was.Residual, to.Residual}}
		if to.Residual != nil && to.Inherent != nil && was.Residual != nil && to.Inherent.Likelihood*to.Inherent.Magnitude < was.Residual.Likelihood*was.Residual.Magnitude {
			slices.Reverse(sides) // what is left comes down first
		}
		for _, x := range sides {
			same, err := sameDoc(x.was, x.to)
			if err != nil {
				return err
			}
			if x.to != nil && !same {
				if _, err := s.Risks.Record(ctx, t.Who, ref, x.to.assess(x.name)); err != nil {
					return err
				}
			}
		}
		if to.Response != nil && (was.Response == nil || *was.Response != *to.Response) {
			_, err := s.Risks.Record(ctx, t.Who, ref, &risk.Respond{Response: risk.Response{Response: to.Response.Response, Plan: to.Response.Plan}})
			return err
		}
		return nil
	}
	return []folder.Kind{&folder.Of[appetiteFile]{
		Spec: folder.Spec{Name: "appetite.yaml", See: access.RiskRead, About: "How much risk the organisation takes: the newest version that was written.\nA change is proposed, and holds once another person approved it."},
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[appetiteFile], error) {
			a, err := s.Risks.Appetite(ctx, t.Who)
			if fault.Is(err, fault.NotFound) || err == nil && (a == nil || len(a.Versions) == 0) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			v := a.Versions[len(a.Versions)-1]
			scale := s.Risks.Scale()
			return []folder.Item[appetiteFile]{{Doc: appetiteFile{v.Limits, v.Statement, scale.ID + "@" + scale.Version, v.Approved != nil}}}, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to appetiteFile) error {
			_, err := s.Risks.ProposeAppetite(ctx, t.Who, risk.ProposeAppetite{Limits: to.Limits, Statement: to.Statement, Note: t.Note})
			return err
		},
		Set: func(ctx context.Context, t *folder.Turn, _ folder.Item[appetiteFile], to appetiteFile) error {
			_, err := s.Risks.ProposeAppetite(ctx, t.Who, risk.ProposeAppetite{Limits: to.Limits, Statement: to.Statement, Note: t.Note})
			return err
		},
	}, &folder.Of[riskFile]{
		Spec: folder.Spec{Name: "risks", See: access.RiskRead, About: "A risk with its newest ratings. Accepting and closing it are acts of persons, and stay in Attesta."},
		Name: func(f riskFile) string { return f.Title },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[riskFile], error) {
			rows, err := s.Risks.List(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			slices.SortFunc(rows, func(a, b risk.Row) int { return a.Risk.Number - b.Risk.Number })
			keys := folder.Keys{}
			var out []folder.Item[riskFile]
			for _, row := range rows {
				r := row.Risk
				f := riskFile{Library: r.Library, Profile: r.Profile, Inherent: rating(r.Inherent), Residual: rating(r.Residual), State: "open", Accepted: string(row.Accepted)}
				if !r.Open() {
					f.State = "closed"
				}
				if r.Response != nil {
					f.Response = &responseFile{r.Response.Response, r.Response.Plan}
				}
				out = append(out, folder.Item[riskFile]{Key: keys.Of(r.Profile.Title), Ref: r.Ref, Seq: r.Seq, Doc: f})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to riskFile) error {
			if to.State == "closed" {
				return folder.Hold("it is closed, and was never open here")
			}
			if err := s.promised(ctx, t, to.Threatens); err != nil {
				return err
			}
			row, err := s.Risks.Identify(ctx, t.Who, risk.Identify{Library: to.Library, Profile: to.Profile})
			if err != nil {
				return err
			}
			return more(ctx, t, row.Ref, riskFile{}, to)
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[riskFile], to riskFile) error {
			if was.Doc.Library != to.Library {
				return fault.New(fault.Conflict, "which scenario a risk was taken from is not changed").At("", 0, "library")
			}
			if err := s.promised(ctx, t, to.Threatens); err != nil {
				return err
			}
			same, err := sameDoc(was.Doc.Profile, to.Profile)
			if err != nil {
				return err
			}
			if !same {
				if _, err := s.Risks.Record(ctx, t.Who, was.Ref, &risk.Describe{Profile: to.Profile, Note: t.Note}); err != nil {
					return err
				}
			}
			return more(ctx, t, was.Ref, was.Doc, to)
		},
	}}
}

type committeeFile struct {
	committee.Profile
	Charter  string       `json:"charter,omitempty"`
	Approved bool         `json:"charter_approved" held:"yes"`
	Ended    bool         `json:"ended,omitempty" held:"yes"`
	Members  []memberFile `json:"members,omitempty" held:"yes"`
}

type memberFile struct {
	Name  string `json:"name"`
	Login string `json:"login,omitempty"`
	Role  string `json:"role"`
	From  string `json:"from"`
	To    string `json:"to,omitempty"`
}

func (s Set) committees() []folder.Kind {
	charter := func(ctx context.Context, t *folder.Turn, ref, was, to string) error {
		if to == "" || to == was {
			return nil
		}
		_, err := s.Committees.Record(ctx, t.Who, ref, &committee.WriteCharter{Text: to, Note: t.Note})
		return err
	}
	return []folder.Kind{&folder.Of[committeeFile]{
		Spec: folder.Spec{Name: "committees", See: access.GovernanceRead, About: "A committee with its charter. Who sits in it and how it met are records, and stay in Attesta;\nmembers are named only where people were exported."},
		Name: func(f committeeFile) string { return f.Profile.Name },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[committeeFile], error) {
			rows, err := s.Committees.List(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			slices.SortFunc(rows, func(a, b committee.Row) int { return a.Number - b.Number })
			keys := folder.Keys{}
			var out []folder.Item[committeeFile]
			for _, c := range rows {
				f := committeeFile{Profile: c.Profile, Ended: c.Ended != ""}
				if n := len(c.Charters); n > 0 {
					f.Charter, f.Approved = c.Charters[n-1].Text, c.Charters[n-1].Approved != nil
				}
				for _, m := range c.Members {
					if t.People {
						f.Members = append(f.Members, memberFile{m.Name, m.User, m.Role, string(m.From), string(m.To)})
					}
				}
				out = append(out, folder.Item[committeeFile]{Key: keys.Of(c.Profile.Name), Ref: c.Ref, Seq: c.Seq, Doc: f})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to committeeFile) error {
			if to.Ended {
				return folder.Hold("it is dissolved, and never met here")
			}
			row, err := s.Committees.Form(ctx, t.Who, committee.Form{Profile: to.Profile})
			if err != nil {
				return err
			}
			return charter(ctx, t, row.Ref, "", to.Charter)
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[committeeFile], to committeeFile) error {
			if was.Doc.Profile != to.Profile {
				if _, err := s.Committees.Record(ctx, t.Who, was.Ref, &committee.Reshape{Profile: to.Profile, Note: t.Note}); err != nil {
					return err
				}
			}
			return charter(ctx, t, was.Ref, was.Doc.Charter, to.Charter)
		},
	}}
}

type obligationFile struct {
	obligation.Profile
	Ended bool `json:"ended,omitempty" held:"yes"`
}

func (s Set) obligations() []folder.Kind {
	return []folder.Kind{&folder.Of[obligationFile]{
		Spec: folder.Spec{Name: "obligations", See: access.GovernanceRead, About: "A law, contract or rule that applies, and what follows it."},
		Name: func(f obligationFile) string { return f.Title },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[obligationFile], error) {
			rows, err := s.Obligations.List(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			data, err := s.data(ctx, t)
			if err != nil {
				return nil, err
			}
			slices.SortFunc(rows, func(a, b obligation.Row) int { return a.Number - b.Number })
			keys := folder.Keys{}
			var out []folder.Item[obligationFile]
			for _, o := range rows {
				f := obligationFile{o.Profile, o.Ended != ""}
				f.Data = named(f.Data, data[0])
				out = append(out, folder.Item[obligationFile]{Key: keys.Of(o.Profile.Title), Ref: o.Ref, Seq: o.Seq, Doc: f})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to obligationFile) error {
			if to.Ended {
				return folder.Hold("it applies no more, and never did here")
			}
			if err := s.promised(ctx, t, to.Promises); err != nil {
				return err
			}
			data, err := s.data(ctx, t)
			if err != nil {
				return err
			}
			to.Data = named(to.Data, data[1])
			_, err = s.Obligations.Enter(ctx, t.Who, obligation.Enter{Profile: to.Profile})
			return err
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[obligationFile], to obligationFile) error {
			if err := s.promised(ctx, t, to.Promises); err != nil {
				return err
			}
			data, err := s.data(ctx, t)
			if err != nil {
				return err
			}
			to.Data = named(to.Data, data[1])
			_, err = s.Obligations.Record(ctx, t.Who, was.Ref, &obligation.Describe{Profile: to.Profile, Note: t.Note})
			return err
		},
	}}
}

type raciFile struct {
	Controls map[string]raci.Roles `json:"controls,omitempty"`
	Data     map[string]raci.Roles `json:"data,omitempty"`
}

func (f *raciFile) of(kind string) map[string]raci.Roles {
	if kind == raci.Control {
		return f.Controls
	}
	return f.Data
}

func (s Set) raci() []folder.Kind {
	set := func(ctx context.Context, t *folder.Turn, was, to raciFile) error {
		var data [2]map[string]string
		var err error
		if s.Questions != nil {
			if data, err = s.data(ctx, t); err != nil {
				return err
			}
		}
		for _, kind := range []string{raci.Control, raci.Data} {
			for key, r := range to.of(kind) {
				same, err := sameDoc(was.of(kind)[key], r)
				if err != nil {
					return err
				}
				if same {
					continue
				}
				ref := key
				if kind == raci.Data {
					ref = named([]string{key}, data[1])[0]
				}
				_, history, err := s.RACI.Get(ctx, t.Who, kind, ref)
				if err != nil {
					return err
				}
				users := func(list []string) []string {
					var out []string
					for _, w := range list {
						out = append(out, t.User(w))
					}
					return out
				}
				x := raci.Roles{Responsible: users(r.Responsible), Accountable: t.User(r.Accountable), Consulted: users(r.Consulted), Informed: users(r.Informed)}
				if _, err := s.RACI.Set(ctx, t.Who, kind, ref, len(history), x, t.Note); err != nil {
					return err
				}
			}
			for key := range was.of(kind) {
				if _, still := to.of(kind)[key]; !still {
					return fault.New(fault.Conflict, "what was said of %s is not taken back by leaving it out", key).At("", 0, strings.TrimSuffix(kind, "s")).WithHint("write who answers for it now")
				}
			}
		}
		return nil
	}
	return []folder.Kind{&folder.Of[raciFile]{
		Spec: folder.Spec{Name: "raci.yaml", See: access.RaciRead, About: "Who is responsible, accountable, consulted and informed, for controls and data sets of which somebody said it.\nA name is a login, or a role in words."},
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[raciFile], error) {
			rows, err := s.RACI.List(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			f := raciFile{map[string]raci.Roles{}, map[string]raci.Roles{}}
			var data [2]map[string]string
			if s.Questions != nil {
				if data, err = s.data(ctx, t); err != nil {
					return nil, err
				}
			}
			said := false
			for _, r := range rows {
				if r.Said {
					said = true
					key := r.Ref
					if r.Kind == raci.Data {
						key = named([]string{key}, data[0])[0]
					}
					f.of(r.Kind)[key] = r.Roles
				}
			}
			if !said {
				return nil, nil
			}
			return []folder.Item[raciFile]{{Doc: f}}, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to raciFile) error {
			return set(ctx, t, raciFile{}, to)
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[raciFile], to raciFile) error {
			return set(ctx, t, was.Doc, to)
		},
	}}
}
