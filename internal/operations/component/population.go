package component

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// PopulationSource gives components to populations: each distinct one that was on a
// host, with what people had said of it by then.
func (s *Service) PopulationSource() population.Source {
	t := &judge.Type{Kind: judge.String}
	return population.Source{
		Name: "components", Title: "Components", Doc: "What hosts consist of: software, services, ports, accounts, keys, rules, modules, devices, containers, jobs, certificates and set-id files, each once, with what was decided about it.",
		Fields: []judge.Field{
			{Name: "kind", Type: t, Doc: "user, port, package, …"}, {Name: "name", Type: t, Doc: "what it is"}, {Name: "identity", Type: t, Doc: "what tells it from others of its kind"},
			{Name: "first", Type: t, Doc: "when it was seen first"}, {Name: "first_host", Type: t, Doc: "where"}, {Name: "decision", Type: t, Doc: "approved, refused, none: the newest that held then; an approval that had ended is expired"},
			{Name: "decided", Type: t, Doc: "when; absent where nobody had"}, {Name: "decided_by", Type: t, Doc: "user"}, {Name: "owner", Type: t, Doc: "who answers for it"}, {Name: "reason", Type: t, Doc: "why it is needed, or must go"},
			{Name: "scope", Type: t, Doc: "hosts that an approval is for; empty for all"}, {Name: "expires", Type: t, Doc: "when the approval ends"},
		},
		Columns: []string{"kind", "name", "first", "first_host", "decision", "owner"},
		Dates:   []population.Date{{Name: "present", Doc: "it was on a host", Span: true}, {Name: "appeared", Doc: "it was seen first, or came back"}},
		Read:    s.populationItems,
	}
}

func (s *Service) populationItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	at := r.At.Valid
	if at.IsZero() {
		at = s.cfg.Clock()
	}
	q := s.cfg.DB.Reader()
	spans, err := spansUpTo(ctx, q, at, r.At.Known)
	if err != nil {
		return nil, err
	}
	decided, err := decisionsUpTo(ctx, q, at, r.At.Known)
	if err != nil {
		return nil, err
	}
	of := map[string][]Decision{}
	for _, d := range decided {
		of[d.Component] = append(of[d.Component], d)
	}
	out := []population.Item{}
	for i, sp := range spans {
		if i == 0 || spans[i-1].c.ID != sp.c.ID {
			c := sp.c
			a := map[string]any{"kind": string(c.Kind), "name": c.Name, "identity": words(c.Identity), "first": c.First.Format(time.RFC3339), "first_host": c.FirstName, "decision": "none"}
			st := stand(of[c.ID])
			if d := st.Refused; d != nil {
				a["decision"], a["decided"], a["decided_by"], a["reason"] = Refused, d.At.Format(time.RFC3339), d.By, d.Reason
			} else if n := len(st.Approvals); n > 0 {
				d := st.Approvals[n-1]
				a["decision"], a["decided"], a["decided_by"], a["owner"], a["reason"], a["scope"] = Approved, d.At.Format(time.RFC3339), d.By, d.Owner, d.Reason, d.Scope
				if !d.Expires.IsZero() {
					a["expires"] = d.Expires.Format(time.RFC3339)
					if !d.Expires.After(at) {
						a["decision"] = "expired"
					}
				}
			}
			out = append(out, population.Item{ID: c.ID, Attributes: a, Dates: map[string][]population.Span{}})
		}
		dates := out[len(out)-1].Dates
		dates["present"] = append(dates["present"], population.Span{From: sp.from, To: sp.to})
		dates["appeared"] = append(dates["appeared"], population.Span{From: sp.from, To: sp.from})
	}
	return out, nil
}

// words writes an identity as one line.
func words(identity [][2]string) string {
	out := ""
	for i, p := range identity {
		if i > 0 {
			out += ", "
		}
		out += p[0] + " " + p[1]
	}
	return out
}
