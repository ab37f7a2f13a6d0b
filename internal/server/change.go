package server

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
)

// changing is one thing that the command line changes, in the name of a user:
// args is JSON, content a file or empty. What it gives is printed.
type changing func(ctx context.Context, p *parts, who access.Principal, args json.RawMessage, content io.Reader) (any, error)

// changes are those of standards and of what is imported, by name.
func changes() map[string]changing {
	return map[string]changing{
		cli.ChangeInstall: installStandard,
		cli.ChangeApprove: approveStandard,
		cli.ChangeTailor:  tailorStandard,
		cli.ChangeTier:    tierStandard,
	}
}

// maxContent is the largest file that the command line sends with a change.
const maxContent = 256 << 20

// changeCommand stands in the header of /-/change/NAME; the body is the file.
type changeCommand struct {
	As   string          `json:"as"`
	Args json.RawMessage `json:"args"`
}

// Change asks the server that runs on the data directory for a change. It is a
// cli.Changer.
func Change(ctx context.Context, t cli.Target, name string, args any, content io.Reader, answer any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("encode the arguments of %s: %w", name, err)
	}
	meta, err := json.Marshal(changeCommand{As: t.As, Args: body})
	if err != nil {
		return fmt.Errorf("encode the arguments of %s: %w", name, err)
	}
	size := int64(-1) // not known
	if content == nil {
		content, size = http.NoBody, 0
	}
	raw, err := tell(ctx, t.Data, "/-/change/"+url.PathEscape(name), http.Header{metaHeader: {base64.StdEncoding.EncodeToString(meta)}}, content, size)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, answer)
}

// change answers /-/change/NAME.
func (p *parts) change(r *http.Request) (any, error) {
	do, ok := changes()[r.PathValue("name")]
	if !ok {
		return nil, fault.New(fault.NotFound, "the server knows no change %q", r.PathValue("name")).WithHint("the server and this program are of different versions: restart the server")
	}
	var c changeCommand
	raw, err := base64.StdEncoding.DecodeString(r.Header.Get(metaHeader))
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
	return do(r.Context(), p, who, c.Args, http.MaxBytesReader(nil, r.Body, maxContent))
}

func decodeArgs(raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.Wrap(fault.Invalid, err, "the arguments cannot be read: %v", err)
	}
	return nil
}

func standardAnswer(st standard.Standard) cli.StandardAnswer {
	return cli.StandardAnswer{ID: st.ID, Pack: st.Pack, Version: st.Version, Digest: st.Digest, Approved: st.Approved, Tier: st.Tier, Checks: st.Checks}
}

func installStandard(ctx context.Context, p *parts, who access.Principal, _ json.RawMessage, content io.Reader) (any, error) {
	if err := access.Authorise(who, access.StandardInstall); err != nil {
		return nil, err // before anything is read
	}
	raw, err := io.ReadAll(io.LimitReader(content, 32<<20))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the pack did not arrive whole")
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the pack did not arrive as a zip")
	}
	st, err := p.standards.Install(ctx, who, z)
	return standardAnswer(st), err
}

func approveStandard(ctx context.Context, p *parts, who access.Principal, raw json.RawMessage, _ io.Reader) (any, error) {
	var args cli.ApproveArgs
	if err := decodeArgs(raw, &args); err != nil {
		return nil, err
	}
	st, err := p.standards.Named(ctx, args.Standard)
	if err != nil {
		return nil, err
	}
	if args.Digest != "" && (len(args.Digest) < 12 || !strings.HasPrefix(st.Digest, args.Digest)) {
		return nil, fault.New(fault.Conflict, "%s %s has the digest %s, not %s", st.Pack, st.Version, st.Digest, args.Digest).At("", 0, "digest").
			WithHint("read it again and approve what you read")
	}
	if err := p.standards.Approve(ctx, who, st.ID, args.Compensation); err != nil {
		return nil, err
	}
	st, err = p.standards.Get(ctx, st.ID)
	return standardAnswer(st), err
}

func tierStandard(ctx context.Context, p *parts, who access.Principal, raw json.RawMessage, _ io.Reader) (any, error) {
	var args cli.TierArgs
	if err := decodeArgs(raw, &args); err != nil {
		return nil, err
	}
	if err := p.standards.SetTier(ctx, who, args.Pack, args.Tier, args.Reason); err != nil {
		return nil, err
	}
	st, err := p.standards.Named(ctx, args.Pack)
	return standardAnswer(st), err
}

func tailorStandard(ctx context.Context, p *parts, who access.Principal, raw json.RawMessage, _ io.Reader) (any, error) {
	var args cli.TailorArgs
	if err := decodeArgs(raw, &args); err != nil {
		return nil, err
	}
	t := standard.Tailoring{Check: args.Check, Exclude: args.Exclude, Severity: args.Severity, Reason: args.Reason, Parameters: map[string]any{}}
	if len(args.Values) > 0 {
		packID, _, _ := strings.Cut(args.Check, "/")
		st, err := p.standards.Named(ctx, packID)
		if err != nil {
			return nil, err
		}
		declared, err := p.standards.Pack(ctx, st.ID)
		if err != nil {
			return nil, err
		}
		c, ok := declared.Check(args.Check)
		if !ok {
			return nil, fault.New(fault.NotFound, "%s %s has no check %s", st.Pack, st.Version, args.Check)
		}
		if t.Parameters, err = parameters(c, args.Values); err != nil {
			return nil, err
		}
	}
	preview, err := p.standards.Preview(ctx, who, t)
	if err != nil {
		return nil, err
	}
	answer := cli.TailorAnswer{Check: args.Check, Stored: !args.Preview, Draft: true, Fields: []cli.ChangedText{}}
	for _, c := range preview.Diff.Changed {
		for _, f := range c.Fields {
			answer.Fields = append(answer.Fields, cli.ChangedText{Field: f.Field, Old: f.Old, New: f.New})
		}
	}
	if args.Preview {
		answer.Effect, err = p.trial(ctx, who, preview)
		return answer, err
	}
	return answer, p.standards.Tailor(ctx, who, t)
}

// parameters reads values as people write them.
func parameters(c *pack.Check, values map[string]string) (map[string]any, error) {
	out := map[string]any{}
	for name, text := range values {
		found := false
		for _, p := range c.Parameters {
			if p.Name != name {
				continue
			}
			found = true
			v, err := standard.ParseParameter(p, text)
			if err != nil {
				return nil, err
			}
			out[name] = v
		}
		if !found {
			var known []string
			for _, p := range c.Parameters {
				known = append(known, p.Name)
			}
			hint := "the check has no parameters"
			if len(known) > 0 {
				hint = "its parameters are " + strings.Join(known, ", ")
			}
			return nil, fault.New(fault.Invalid, "%s has no parameter %s", c.ID, name).At("", 0, "parameters."+name).WithHint("%s", hint)
		}
	}
	return out, nil
}

// trial judges every host by the check before and after.
func (p *parts) trial(ctx context.Context, who access.Principal, v standard.Preview) ([]cli.TrialCounts, error) {
	var out []cli.TrialCounts
	place := map[string]int{}
	for i, c := range []*pack.Check{v.Before, v.After} {
		if c == nil {
			continue
		}
		predicates := make([]*judge.Attribute, len(c.Attributes))
		for k := range c.Attributes {
			predicates[k] = c.Attributes[k].Compiled
		}
		counts, err := p.hosts.Trial(ctx, who, predicates)
		if err != nil {
			return nil, err
		}
		for k, n := range counts {
			id := c.Attributes[k].ID
			at, ok := place[id]
			if !ok {
				at, place[id] = len(out), len(out)
				out = append(out, cli.TrialCounts{Attribute: id})
			}
			m := map[string]int64{"pass": n.Pass, "fail": n.Fail, "error": n.Error, "not_observed": n.NotObserved, "not_applicable": n.NotApplicable}
			if i == 0 {
				out[at].Before = m
			} else {
				out[at].After = m
			}
		}
	}
	return out, nil
}
