package change

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/program/landing"
)

// until gives the end of what a request asks for: an instant asks for all that
// happened up to it.
func until(r population.Request) (from, to time.Time) {
	if r.From.Equal(r.To) || r.From.IsZero() {
		return time.Unix(0, 0), r.To.Add(time.Microsecond)
	}
	return r.From, r.To
}

func fields(list ...[2]string) []judge.Field {
	text := &judge.Type{Kind: judge.String}
	var out []judge.Field
	for _, f := range list {
		out = append(out, judge.Field{Name: f[0], Type: text, Doc: f[1]})
	}
	return out
}

func outcomes(out *[][2]string, names ...string) {
	for _, n := range names {
		*out = append(*out, [2]string{n, strings.ToLower(landing.Title(n)) + ": pass, fail, error, not_observed, not_applicable"}, [2]string{n + "_why", "the reason"})
	}
}

// PopulationSource gives changes, as items of populations.
func (s *Service) PopulationSource() population.Source {
	of := [][2]string{{"name", "number: CH-12"}, {"title", "of its request, or its commit"}, {"repository", "short name"}, {"manner", "merge, squash, rebase, direct, claimed, manual"}, {"landed", "commit on the production branch"},
		{"request", "number at the forge"}, {"authors", "who wrote it"}, {"approvers", "whose approval counts"}, {"tickets", "named in it"}, {"classes", "infrastructure, database, configuration"}, {"emergency", "why it is one"},
		{"standard", "standard change that it is"}, {"deployments", "that brought it"}, {"outcome", "the worst of all attributes"}}
	outcomes(&of, landing.Names()...)
	return population.Source{
		Name: "changes", Title: "Changes", Doc: "What came onto the production branches, and what was asked for by hand.",
		Fields: fields(of...), Columns: []string{"name", "title", "repository", "outcome", landing.Route, landing.Approved, landing.Tested, landing.Deployed},
		Dates: []population.Date{{Name: "landed", Doc: "it landed on the production branch, or was asked for"}},
		Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
			from, to := until(r)
			all, err := s.changesAt(ctx, from, to, r.At.Known)
			if err != nil {
				return nil, err
			}
			items := make([]population.Item, 0, len(all))
			for _, ch := range all {
				a := map[string]any{"name": ch.Ref(), "title": ch.Title, "repository": ch.Repository, "manner": string(ch.Kind), "outcome": string(ch.Outcome)}
				var approvers []landing.Person
				for _, x := range ch.Approvals {
					if x.Counts {
						approvers = landing.AddPerson(approvers, x.By)
					}
				}
				number := ""
				if ch.Request > 0 {
					number = fmt.Sprint(ch.Request)
				}
				for name, text := range map[string]string{"landed": ch.Landed, "request": number, "authors": listed(ch.Authors), "approvers": listed(approvers), "tickets": strings.Join(ch.Tickets, " "), "classes": strings.Join(ch.Classes, " "),
					"emergency": ch.Emergency, "standard": ch.Standard, "deployments": strings.Join(ch.Deployments, " ")} {
					a[name] = text
				}
				for _, x := range ch.Attributes {
					a[x.Name], a[x.Name+"_why"] = string(x.Outcome), x.Reason
				}
				items = append(items, population.Item{ID: ch.ID, Attributes: a, Dates: map[string][]population.Span{"landed": {{From: ch.At, To: ch.At}}}})
			}
			return items, nil
		},
		Others: []population.Other{{Kind: "deployments", Title: "Deployments to production",
			Doc: "A change only here landed and is in no deployment of the window. A deployment only there brought nothing that had been merged.", Read: s.deploymentsAgainstChanges}},
	}
}

// listed gives people as a cell of a sheet shows them.
func listed(all []landing.Person) string {
	parts := make([]string, len(all))
	for i, p := range all {
		if parts[i] = p.Name; p.Name == "" {
			parts[i] = p.Key
		}
	}
	return strings.Join(parts, ", ")
}

// deploymentsAgainstChanges gives production deployments with the changes that
// they brought first. One that brought again what had been deployed before is
// tied to what it names.
func (s *Service) deploymentsAgainstChanges(ctx context.Context, r population.Request) ([]population.OtherEntry, []string, error) {
	from, to := until(r)
	changes, err := s.changesAt(ctx, time.Unix(0, 0), to, r.At.Known)
	if err != nil {
		return nil, nil, err
	}
	brought := map[string][]string{} // by deployment
	landed := map[string]string{}
	for _, ch := range changes {
		for _, d := range ch.Deployments {
			brought[d] = append(brought[d], ch.ID)
		}
		landed[ch.Landed] = ch.ID
	}
	all, err := s.deploymentsAt(ctx, from, to, r.At.Known)
	if err != nil {
		return nil, nil, err
	}
	var out []population.OtherEntry
	before, failed := 0, 0
	inside := map[string]bool{}
	for _, ch := range changes {
		if !ch.At.Before(from) {
			inside[ch.ID] = true
		}
	}
	for _, d := range all {
		switch {
		case !d.Production:
			continue
		case d.State != "success":
			failed++
			continue
		}
		e := population.OtherEntry{Second: population.Second{Key: d.ID, Names: []string{d.Ref()}, Detail: fmt.Sprintf("%s to %s on %s", landing.Short(d.Commit), d.Environment, landing.Day(d.At))}, By: "commit " + landing.Short(d.Commit)}
		e.Items = brought[d.Ref()]
		if id := landed[d.Commit]; len(e.Items) == 0 && id != "" {
			e.Items = []string{id}
		}
		tied := false
		for _, id := range e.Items {
			tied = tied || inside[id]
		}
		if !tied && landing.AttributeOf(d.Attributes, landing.Merged).Outcome == landing.Pass {
			before++ // it brought what landed before the window
			continue
		}
		if len(e.Items) == 0 {
			e.Detail += ": " + landing.AttributeOf(d.Attributes, landing.Merged).Reason
		}
		out = append(out, e)
	}
	var notes []string
	if before > 0 {
		notes = append(notes, fmt.Sprintf("%s of the window brought only what landed before it, and is not listed", landing.Plural(before, "deployment")))
	}
	if failed > 0 {
		notes = append(notes, fmt.Sprintf("%s of the window did not succeed, and is not listed", landing.Plural(failed, "deployment")))
	}
	return out, notes, nil
}

// DeploymentSource gives deployments, as items of populations.
func (s *Service) DeploymentSource() population.Source {
	of := [][2]string{{"name", "number: D-3"}, {"repository", "short name"}, {"environment", "where to"}, {"commit", "that was deployed"}, {"state", "success, failure"}, {"by", "who deployed it"}, {"hosts", "that it changed"},
		{"from", "where it was read"}, {"changes", "that it brought first"}, {"outcome", "the worst of all attributes"}}
	outcomes(&of, landing.Merged, landing.Segregated)
	return population.Source{
		Name: "deployments", Title: "Deployments", Doc: "What was brought to an environment.",
		Fields: fields(of...), Columns: []string{"name", "repository", "environment", "commit", "outcome", landing.Merged, landing.Segregated},
		Dates: []population.Date{{Name: "deployed", Doc: "it was deployed"}},
		Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
			from, to := until(r)
			all, err := s.deploymentsAt(ctx, from, to, r.At.Known)
			if err != nil {
				return nil, err
			}
			items := make([]population.Item, 0, len(all))
			for _, d := range all {
				a := map[string]any{"name": d.Ref(), "repository": d.Repository, "environment": d.Environment, "commit": d.Commit, "state": d.State, "by": listed([]landing.Person{d.By}), "hosts": strings.Join(d.Hosts, " "),
					"from": d.From, "changes": strings.Join(d.Changes, " "), "outcome": string(d.Outcome)}
				for _, x := range d.Attributes {
					a[x.Name], a[x.Name+"_why"] = string(x.Outcome), x.Reason
				}
				items = append(items, population.Item{ID: d.ID, Attributes: a, Dates: map[string][]population.Span{"deployed": {{From: d.At, To: d.At}}}})
			}
			return items, nil
		},
		Others: []population.Other{{Kind: "observed", Title: "What agents saw change on hosts",
			Doc: "A deployment only here left nothing on a host that an agent reads. A change only there is of no deployment.", Read: s.observedAgainstDeployments}},
	}
}

func (s *Service) observedAgainstDeployments(ctx context.Context, r population.Request) ([]population.OtherEntry, []string, error) {
	from, to := until(r)
	if s.cfg.Observed == nil {
		return nil, nil, bad("kind", "no agent reports what changes on hosts")
	}
	observed, err := s.cfg.Observed(ctx, from, to, r.At.Known)
	if err != nil {
		return nil, nil, err
	}
	changes, err := s.changesAt(ctx, from, to, r.At.Known)
	if err != nil {
		return nil, nil, err
	}
	causes, err := s.causes(ctx, from, to, r.At.Known, changes)
	if err != nil {
		return nil, nil, err
	}
	deployments, err := s.deploymentsAt(ctx, from, to, r.At.Known)
	if err != nil {
		return nil, nil, err
	}
	byRef := map[string]string{}
	for _, d := range deployments {
		byRef[d.Ref()] = d.ID
	}
	var out []population.OtherEntry
	otherwise := 0
	for _, o := range observed {
		by, why := causes.Of(o)
		e := population.OtherEntry{Second: population.Second{Key: o.Run + " " + o.Section, Names: []string{o.Host + " " + o.Section}, Detail: "seen on " + landing.Day(o.At)}, By: why}
		if id := byRef[by]; id != "" {
			e.Items = []string{id}
		} else if by != "" {
			otherwise++
			continue
		}
		out = append(out, e)
	}
	var notes []string
	if otherwise > 0 {
		notes = append(notes, fmt.Sprintf("%s of what agents saw is accounted for by change tokens, requests or deployments outside of the window, and is not listed", landing.Plural(otherwise, "change")))
	}
	return out, notes, nil
}
