package folder

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// running is an import on its way, within its transaction.
type running struct {
	*Service
	t     *Turn
	in    *reading
	out   *Result
	after map[string][]byte // the server's files after it
}

func (r *running) all(ctx context.Context) error {
	for _, k := range r.cfg.Kinds {
		if err := r.kind(ctx, k); err != nil {
			return err
		}
	}
	slices.SortStableFunc(r.out.Changes, func(a, b Change) int {
		return bytes.Compare([]byte(a.Path), []byte(b.Path))
	})
	for _, c := range r.out.Changes {
		r.out.Counts[c.State]++
	}
	return nil
}

// kind brings the files of one kind in.
func (r *running) kind(ctx context.Context, k Kind) error {
	files, spec := r.in.files[k], k.spec()
	if spec.People && !r.t.People {
		return nil
	}
	if err := access.Authorise(r.t.Who, spec.See); err != nil {
		for _, p := range files {
			r.out.Changes = append(r.out.Changes, refusal(p, err))
		}
		return nil
	}
	now, err := r.now(ctx, k)
	if err != nil {
		return err
	}
	touched, given := map[string]bool{}, map[string]bool{}
	there := map[string]bool{} // paths that things have
	for path := range now {
		there[path] = true
	}
	var done []Change
	queue := files
	for len(queue) > 0 {
		var waiting []*parsed
		for _, p := range queue {
			given[p.path] = true
			c, err := r.file(ctx, k, now[p.path], p, there, false)
			if err != nil {
				return err
			}
			if c.State == "" { // it names something that is not there yet
				waiting = append(waiting, p)
				continue
			}
			touched[p.path] = c.State == Created || c.State == Changed
			there[p.path] = there[p.path] || c.State == Created
			done = append(done, c)
		}
		if len(waiting) == len(queue) { // nor will it be: the fault is told
			for _, p := range waiting {
				c, err := r.file(ctx, k, now[p.path], p, there, true)
				if err != nil {
					return err
				}
				touched[p.path] = c.State == Created || c.State == Changed
				there[p.path] = there[p.path] || c.State == Created
				done = append(done, c)
			}
			break
		}
		queue = waiting
	}
	then := now
	if slices.ContainsFunc(done, func(c Change) bool { return touched[c.Path] }) {
		r.t.memo = map[string]any{}
		if then, err = r.now(ctx, k); err != nil {
			return err
		}
	}
	for i := range done {
		if err := r.compare(&done[i], files, then); err != nil {
			return err
		}
	}
	for path, x := range then {
		r.after[path] = x.raw
		if !given[path] && now[path] != nil {
			c := Change{Path: path, State: Absent, Why: "it is kept; end it in Attesta"}
			if r.out.Based && r.in.base.Files[path] == "" {
				c.Why = "it was made after the folder was exported"
			}
			done = append(done, c)
		}
	}
	for _, c := range done {
		if c.State == Unchanged {
			r.out.Counts[Unchanged]++
			continue
		}
		r.out.Changes = append(r.out.Changes, c)
	}
	return nil
}

func (r *running) now(ctx context.Context, k Kind) (map[string]*thing, error) {
	all, err := k.list(ctx, r.t)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", k.spec().Name, err)
	}
	out := make(map[string]*thing, len(all))
	for _, x := range all {
		out[x.path] = x
	}
	return out, nil
}

// misnamed says what is wrong with the name of a new file: an export gives it
// another, so that a second import would make the thing again. The state is empty
// where others of the same name may still come before it.
func misnamed(k Kind, p *parsed, there map[string]bool, last bool) (c Change, wrong bool) {
	called := k.called(p)
	if called == "" {
		return c, false
	}
	spec, slug := k.spec(), Slug(called)
	want := slug
	for n := 2; there[spec.path(want)]; n++ {
		want = fmt.Sprintf("%s-%d", slug, n)
	}
	if p.key == want {
		return c, false
	}
	c.Path = p.path
	if _, err := strconv.Atoi(strings.TrimPrefix(p.key, slug+"-")); err == nil && strings.HasPrefix(p.key, slug+"-") {
		if last {
			c.State, c.Why = Withheld, "it would be "+spec.path(want)+" here: what comes before it under that name is not here"
		}
		return c, true
	}
	c.State, c.Why, c.Hint = Refused, "the file has another name than what it is called gives it", "call it "+spec.path(want)
	return c, true
}

// file says what becomes of a file, and does it. The state is empty where it is to
// be tried again once others are there.
func (r *running) file(ctx context.Context, k Kind, have *thing, p *parsed, there map[string]bool, last bool) (Change, error) {
	c := Change{Path: p.path}
	was, based := r.in.base.Files[p.path]
	if have == nil {
		if based && r.out.Based {
			c.State, c.Why = Conflict, "it was on the server when the folder was exported, and is there no more under this name"
			c.Hint = "it was renamed or taken away there; export again into another folder and compare"
			return c, nil
		}
		if c, wrong := misnamed(k, p, there, last); wrong {
			return c, nil
		}
		return r.apply(ctx, k, nil, p, last)
	}
	if bytes.Equal(have.raw, p.raw) {
		c.State = Unchanged
		return c, nil
	}
	var err error
	if c.Fields, err = diff(have.raw, p.raw); err != nil {
		return c, fmt.Errorf("compare %s: %w", p.path, err)
	}
	mine, theirs := DigestOf(p.raw), DigestOf(have.raw)
	taken := r.in.base.Taken[p.path] == p.as
	switch {
	case r.out.Based && (mine == was || taken) && was != theirs:
		c.State, c.Why = Behind, "it was changed on the server since; export again"
		return c, nil
	case r.out.Based && was != theirs:
		c.State, c.Why = Conflict, "it was changed here and on the server"
		c.Hint = "export into another folder, and write what is still needed"
		return c, nil
	case k.spec().Only != "":
		c.State, c.Why, c.Withheld, c.Fields = Withheld, k.spec().Only, c.Fields, nil
		return c, nil
	}
	alone, err := k.heldAlone(have, p)
	if err != nil {
		return c, err
	}
	if alone || taken {
		c.State, c.Withheld, c.Fields = Withheld, c.Fields, nil
		return c, nil
	}
	done, err := r.apply(ctx, k, have, p, last)
	done.Fields = c.Fields
	return done, err
}

// apply makes the server say what a file says, or says why not. The state is empty
// where it is to be tried again.
func (r *running) apply(ctx context.Context, k Kind, have *thing, p *parsed, last bool) (Change, error) {
	c := Change{Path: p.path, State: Created}
	if have != nil {
		c.State = Changed
	}
	err := r.cfg.DB.Tx(ctx, func(*sql.Tx) error { return k.apply(ctx, r.t, have, p) })
	var h *held
	var f *fault.Error
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &h):
		c.State, c.Why = Withheld, h.why
		return c, nil
	case isLater(err) && !last:
		c.State = ""
		return c, nil
	case !errors.As(err, &f) || f.Kind == fault.Internal || f.Kind == fault.Unavailable:
		return c, fmt.Errorf("bring in %s: %w", p.path, err)
	}
	return refusal(p, err), nil
}

// refusal tells where in a file the fault lies.
func refusal(p *parsed, err error) Change {
	c := Change{Path: p.path, State: Refused}
	var f *fault.Error
	if errors.As(err, &f) {
		c.Why, c.Hint = f.Message, f.Hint
		if f.Field != "" && f.Field != "text" {
			c.Why = f.Field + ": " + f.Message
		}
		c.Line = p.at.line(f.Field)
		if f.Field == "text" && f.Line > 0 && c.Line > 0 {
			c.Line += f.Line - 1
		}
	}
	return c
}

// compare says what of a file the server does not say after it.
func (r *running) compare(c *Change, files []*parsed, then map[string]*thing) error {
	if c.State != Created && c.State != Changed {
		return nil
	}
	i := slices.IndexFunc(files, func(p *parsed) bool { return p.path == c.Path })
	have := then[c.Path]
	if have == nil {
		c.Why = "its name gives its file another name; export again"
		return nil
	}
	if bytes.Equal(have.raw, files[i].raw) {
		return nil
	}
	left, err := diff(have.raw, files[i].raw)
	if err != nil {
		return fmt.Errorf("compare %s: %w", c.Path, err)
	}
	c.Withheld = left
	return nil
}

// bases fills in what the folder is based on from now on.
func (r *running) bases() {
	r.out.Base, r.out.Taken = map[string]string{}, map[string]string{}
	for path, raw := range r.after {
		r.out.Base[path] = DigestOf(raw)
	}
	behind := map[string]bool{}
	for _, c := range r.out.Changes {
		if c.State == Behind || c.State == Absent {
			behind[c.Path] = true
			delete(r.out.Base, c.Path)
			if was, ok := r.in.base.Files[c.Path]; ok {
				r.out.Base[c.Path] = was
			}
		}
	}
	for _, files := range r.in.files {
		for _, p := range files {
			raw, ok := r.after[p.path]
			switch {
			case behind[p.path] && r.in.base.Taken[p.path] != "":
				r.out.Taken[p.path] = r.in.base.Taken[p.path]
			case ok && !behind[p.path] && DigestOf(raw) != p.as:
				r.out.Taken[p.path] = p.as
			}
		}
	}
}
