package standard

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/pack"
)

// Tailor changes a check of a standard in force (standard.tailor). What was
// approved is then a draft again, because it says something else. A tailoring
// that changes nothing takes an earlier one back. What is wrong with it is kind
// Invalid with the field: reason, severity, parameters.NAME.
func (s *Service) Tailor(ctx context.Context, p access.Principal, t Tailoring) error {
	if err := access.Authorise(p, access.StandardTailor); err != nil {
		return err
	}
	if err := t.explained(); err != nil {
		return err
	}
	t.MadeAt, t.MadeBy = s.cfg.Clock(), p.UserID
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		generation, err := nextGeneration(ctx, tx) // first: whoever else tailors waits here
		if err != nil {
			return err
		}
		w, err := s.work(ctx, tx, t)
		if err != nil {
			return err
		}
		data := map[string]any{"check": w.t.Check, "excluded": w.t.Exclude, "version": w.st.Version, "digest": w.after.Digest}
		if w.t.Severity != "" {
			data["severity"] = w.t.Severity
		}
		if len(w.t.Parameters) > 0 {
			data["parameters"] = w.t.Parameters
		}
		w.t.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "standard.tailored", Stream: "standards", Actor: p.UserID, Subject: w.st.ID,
			Data: data, Personal: map[string]string{"reason": w.t.Reason}})
		if err != nil {
			return err
		}
		return insertTailoring(ctx, tx, w.t, generation)
	})
	if err != nil {
		return err
	}
	s.changed()
	return nil
}

// Preview is what a tailoring would change.
type Preview struct {
	Check   string
	Diff    pack.Diff   // from what is in force
	Before  *pack.Check // nil: excluded now
	After   *pack.Check // nil: would be excluded
	Approve bool        // the standard is approved now, and would be a draft again
}

// Preview gives what Tailor would do, and the same faults. A reason is not
// needed yet.
func (s *Service) Preview(ctx context.Context, p access.Principal, t Tailoring) (Preview, error) {
	if err := access.Authorise(p, access.StandardTailor); err != nil {
		return Preview{}, err
	}
	if strings.TrimSpace(t.Reason) == "" {
		t.Reason = "not given yet"
	}
	w, err := s.work(ctx, s.cfg.DB.Reader(), t)
	if err != nil {
		return Preview{}, err
	}
	v := Preview{Check: w.t.Check, Diff: pack.Compare(w.before, w.after)}
	v.Before, v.After = judged(w.before, w.t.Check), judged(w.after, w.t.Check)
	if set, err := s.InForce(ctx, nil); err != nil {
		return Preview{}, err
	} else if at := slices.IndexFunc(set.Standards, func(o Standard) bool { return o.ID == w.st.ID }); at >= 0 {
		v.Approve = set.Standards[at].Approved
	}
	return v, nil
}

func judged(p *pack.Pack, id string) *pack.Check {
	if c, ok := p.Check(id); ok && c.Off == "" {
		return c
	}
	return nil
}

// tailorWork is a tailoring held against what is in force.
type tailorWork struct {
	t             Tailoring // without what equals the declaration
	st            Standard
	before, after *pack.Pack
}

func (s *Service) work(ctx context.Context, q database.Querier, t Tailoring) (tailorWork, error) {
	t.pack, _, _ = strings.Cut(t.Check, "/")
	t.Reason = strings.TrimSpace(t.Reason)
	st, loaded, all, err := s.inForceOf(ctx, q, t.pack)
	if err != nil {
		return tailorWork{}, err
	}
	c, there := loaded.Check(t.Check)
	if !there {
		return tailorWork{}, fault.New(fault.NotFound, "%s %s has no check %s", st.Pack, st.Version, t.Check).At("", 0, "check")
	}
	t.bare(c)
	if !t.changes() && !slices.ContainsFunc(all, func(o Tailoring) bool { return o.Check == t.Check && o.changes() }) {
		return tailorWork{}, fault.New(fault.Invalid, "the tailoring changes nothing").WithHint("leave the check out, or give a severity or a parameter")
	}
	w := tailorWork{t: t, st: st}
	if w.before, err = s.cfg.Loader.Tailor(loaded, packTailoring(loaded, all)); err != nil {
		return tailorWork{}, fault.Wrap(fault.Internal, err, "the tailoring of %s in force does not fit", t.pack)
	}
	now := slices.IndexFunc(all, func(o Tailoring) bool { return o.Check == t.Check })
	if now >= 0 && all[now].same(t) {
		return tailorWork{}, fault.New(fault.Invalid, "the tailoring in force says that already")
	}
	all = append(slices.DeleteFunc(all, func(o Tailoring) bool { return o.Check == t.Check }), t)
	if w.after, err = s.cfg.Loader.Tailor(loaded, packTailoring(loaded, all)); err != nil {
		return tailorWork{}, inField(err, "checks."+slug(t.pack, t.Check)+".")
	}
	return w, nil
}

// inField gives the first mistake of a tailoring, in the field of one check.
func inField(err error, prefix string) error {
	mistakes := pack.Mistakes(err)
	if len(mistakes) == 0 {
		return fault.Wrap(fault.Invalid, err, "%v", err)
	}
	m := mistakes[0]
	field := strings.TrimPrefix(m.Field, prefix)
	message := m.Message
	if name, ok := strings.CutPrefix(field, "parameters."); ok {
		message = name + ": " + message
	}
	return fault.Wrap(fault.Invalid, err, "%s", message).At("", 0, field).WithHint("%s", m.Hint)
}

// explained reports a reason that is missing or too long.
func (t *Tailoring) explained() error {
	switch t.Reason = strings.TrimSpace(t.Reason); {
	case t.Reason == "":
		return fault.New(fault.Invalid, "say why: whoever approves the tailoring and the auditor will ask").At("", 0, "reason")
	case len(t.Reason) > maxReason:
		return fault.New(fault.Invalid, "the reason has more than %d bytes", maxReason).At("", 0, "reason")
	}
	return nil
}

// bare drops what equals the declaration of the check.
func (t *Tailoring) bare(c *pack.Check) {
	if t.Severity == c.Severity {
		t.Severity = ""
	}
	t.Parameters = maps.Clone(t.Parameters)
	for _, p := range c.Parameters {
		if v, ok := t.Parameters[p.Name]; ok && reflect.DeepEqual(v, p.Default) {
			delete(t.Parameters, p.Name)
		}
	}
}

func (t Tailoring) same(o Tailoring) bool {
	return t.Exclude == o.Exclude && t.Severity == o.Severity && (len(t.Parameters) == 0 && len(o.Parameters) == 0 || reflect.DeepEqual(t.Parameters, o.Parameters))
}

// ParseParameter reads a parameter's value as a person writes it: a number,
// true or false, a text, or a list with a line or a comma after each element.
// Bounds are checked when it is tailored.
func ParseParameter(p pack.Parameter, text string) (any, error) {
	text = strings.TrimSpace(text)
	refuse := func(what string) error {
		return fault.New(fault.Invalid, "%s: %q is not %s", p.Name, text, what).At("", 0, "parameters."+p.Name)
	}
	switch p.Type {
	case "int":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, refuse("a whole number")
		}
		return n, nil
	case "bool":
		switch strings.ToLower(text) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off", "":
			return false, nil
		}
		return nil, refuse("true or false")
	case "list":
		list := []string{}
		for _, e := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
			if e = strings.TrimSpace(e); e != "" {
				list = append(list, e)
			}
		}
		return list, nil
	}
	return text, nil
}

// ParameterText writes a parameter's value as ParseParameter reads it.
func ParameterText(v any) string {
	if list, ok := v.([]string); ok {
		return strings.Join(list, "\n")
	}
	return fmt.Sprint(v)
}

// Loaded gives a version of a standard as it is judged: tailored where it is in
// force, as installed otherwise.
func (s *Service) Loaded(ctx context.Context, id string) (*pack.Pack, error) {
	p, err := s.Pack(ctx, id)
	if err != nil {
		return nil, err
	}
	st, err := s.Get(ctx, id)
	if err != nil || !st.InForce {
		return p, err
	}
	all, err := tailorings(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	return s.cfg.Loader.Tailor(p, packTailoring(p, of(all, st.Pack)))
}
