package integrity

import (
	"cmp"
	"context"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// Sources gives changed files to populations, each with its verdict and what was
// decided of it, as known by the ledger then.
func (s *Service) Sources() []population.Source {
	text, yes := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Bool}
	return []population.Source{{
		Name: "file-changes", Title: "Changed files", Doc: "Every change of a watched file, with the verdict on it and what was decided later.",
		Fields: []judge.Field{{Name: "number", Type: text, Doc: "IC-12/3"}, {Name: "group", Type: text, Doc: "IC-12: what belongs together"}, {Name: "host", Type: text, Doc: "name of the host"}, {Name: "path", Type: text, Doc: "which file"},
			{Name: "change", Type: text, Doc: "added, removed, changed, moved, exchanged, transient"}, {Name: "class", Type: text, Doc: "system, configuration, content"}, {Name: "at", Type: text, Doc: "when, by the server's clock"},
			{Name: "verdict", Type: text, Doc: "ticket, package, management, reverts, unexplained; never changed afterwards"}, {Name: "authorised", Type: yes, Doc: "a ticket, a package or configuration management accounts for it, or it took back what nothing accounted for"},
			{Name: "state", Type: text, Doc: "settled, open, explained, undone"}, {Name: "reason", Type: text, Doc: "why that verdict, of the group"}, {Name: "ticket", Type: text, Doc: "change of the register, or run of a tool, that authorised it"}, {Name: "token", Type: text, Doc: "id of the token"},
			{Name: "limit_exceeded", Type: yes, Doc: "a token was used beyond its limits"}, {Name: "package", Type: text, Doc: "package and version"}, {Name: "transaction", Type: text, Doc: "run of the package manager"}, {Name: "origin", Type: text, Doc: "where the package came from"}, {Name: "digest", Type: text, Doc: "whether the content is the package's: match, mismatch, none, gone"},
			{Name: "login", Type: text, Doc: "who had logged in; absent where nobody knows"}, {Name: "user", Type: text, Doc: "as whom it was done"}, {Name: "program", Type: text, Doc: "what did it"},
			{Name: "undone_at", Type: text, Doc: "when the path was again what it was"}, {Name: "explained_by", Type: text, Doc: "user who explained it"}, {Name: "explained_at", Type: text, Doc: "when"}, {Name: "explained_change", Type: text, Doc: "change that the explanation names"}},
		Columns: []string{"number", "host", "path", "verdict", "state", "at", "login", "program"},
		Dates:   []population.Date{{Name: "changed", Doc: "the file changed"}},
		Settle:  10 * time.Minute,
		Read:    s.items,
	}}
}

func (s *Service) items(ctx context.Context, r population.Request) ([]population.Item, error) {
	from, to := r.From, r.To
	if from.Equal(to) || from.IsZero() { // an instant asks for all up to it
		from, to = time.Unix(1, 0), r.To.Add(time.Microsecond)
	}
	rows, err := populationRows(ctx, s.cfg.DB.Reader(), from, to, r.At.Known)
	if err != nil {
		return nil, err
	}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
	out := make([]population.Item, 0, len(rows))
	for _, x := range rows {
		g := x.g
		state := Settled
		switch {
		case !x.Undone.IsZero():
			state = Undone
		case g.Verdict != verdict.Unexplained:
		case x.explained != "":
			state = Explained
		default:
			state = Open
		}
		a := map[string]any{"number": x.Ref, "group": g.Ref, "host": g.Host, "path": x.path, "change": x.change, "class": string(x.Class), "at": stamp(x.At), "verdict": string(g.Verdict), "authorised": g.Verdict.Authorised(), "state": string(state),
			"reason": g.Reason, "limit_exceeded": g.Exceeded}
		for name, text := range map[string]string{"ticket": g.Ticket, "token": g.Token, "package": cmp.Or(g.Evidence.Package, g.Package), "transaction": g.Evidence.Transaction, "origin": g.Evidence.Origin, "digest": g.Evidence.Digest, "login": g.Login, "user": g.User, "program": g.Program,
			"explained_by": x.explained, "explained_change": x.ticket} {
			if text != "" {
				a[name] = text
			}
		}
		if !x.Undone.IsZero() {
			a["undone_at"] = stamp(x.Undone)
		}
		if !x.explainedAt.IsZero() {
			a["explained_at"] = stamp(x.explainedAt)
		}
		out = append(out, population.Item{ID: x.Ref, Attributes: a, Dates: map[string][]population.Span{"changed": {{From: x.At, To: x.At}}}})
	}
	return out, nil
}
