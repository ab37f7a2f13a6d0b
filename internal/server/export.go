package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/program/control"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// exportCommand is the body of /-/package.
type exportCommand struct {
	As       string      `json:"as"`
	Kind     export.Kind `json:"kind"`
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	From     string      `json:"from"` // first day
	To       string      `json:"to"`   // last day
	Known    []int64     `json:"known"`
	Personal []string    `json:"personal"`
	Head     int64       `json:"head"`
	Job      string      `json:"job"` // of status and cancel
}

// exportAnswer tells how a package comes along.
type exportAnswer struct {
	Job      string          `json:"job"`
	Running  bool            `json:"running"`
	Progress export.Progress `json:"progress"`
	Export   export.Export   `json:"export,omitzero"`
	File     string          `json:"file,omitempty"` // in the data directory
}

// request gives what a command asks for; its days are the organisation's.
func (p *parts) request(ctx context.Context, c exportCommand) (export.Request, error) {
	r := export.Request{Kind: c.Kind, ID: c.ID, Title: c.Title, Known: c.Known, Personal: c.Personal, Head: c.Head}
	program, err := control.Load(ctx, p.db.Reader())
	if err != nil {
		return r, err
	}
	if r.Kind == export.Engagement {
		g, err := p.engagementOf(ctx, access.System(), c.ID)
		if err != nil {
			return r, err
		}
		return engagementRequest(g, r), nil
	}
	zone := program.ScopeAt(p.clock(), -1).Location()
	r.Zone = zone.String()
	for _, d := range []struct {
		field, text string
		days        int
		into        *time.Time
	}{{"from", c.From, 0, &r.From}, {"to", c.To, 1, &r.To}} {
		day, err := time.ParseInLocation(time.DateOnly, d.text, zone)
		if err != nil {
			return r, fault.Wrap(fault.Invalid, err, "%q is no day", d.text).At("", 0, d.field).WithHint("write it like 2026-01-31")
		}
		*d.into = day.AddDate(0, 0, d.days)
	}
	if r.Kind == export.Control && r.Title == "" {
		for _, k := range program.Controls {
			if v, ok := k.At(r.To, -1); ok && k.Slug == c.ID {
				r.Title = fmt.Sprintf("C-%d %s", k.Number, v.Design.Title)
			}
		}
	}
	return r, nil
}

// engagementRequest is about an engagement's window.
func engagementRequest(g engagement.Engagement, r export.Request) export.Request {
	r.Kind, r.ID, r.Zone = export.Engagement, strconv.Itoa(g.Number), g.Location().String()
	r.From, r.To = g.Window()
	if r.Title == "" {
		r.Title = g.Title
	}
	return r
}

// exportCommands answers `attesta package export`.
func (p *parts) exportCommands(mux *doors, presence presence) {
	answer := func(ctx context.Context, who access.Principal, id string) (any, error) {
		j, err := p.packages.Status(who, id)
		if err != nil {
			return nil, err
		}
		if j.Err != nil {
			return nil, j.Err
		}
		a := exportAnswer{Job: id, Running: j.Running, Progress: j.Progress, Export: j.Result}
		if !j.Running {
			f, e, err := p.packages.Open(ctx, who, j.Result.ID)
			if err != nil {
				return nil, err
			}
			a.File, a.Export = f.Name(), e
			return a, f.Close()
		}
		return a, nil
	}
	mux.Handle("POST /-/package", takes(p, presence, func(ctx context.Context, c exportCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		r, err := p.request(ctx, c)
		if err != nil {
			return nil, err
		}
		id, err := p.packages.Begin(who, r)
		if err != nil {
			return nil, err
		}
		return answer(ctx, who, id)
	}))
	mux.Handle("POST /-/package-status", takes(p, presence, func(ctx context.Context, c exportCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		return answer(ctx, who, c.Job)
	}))
	mux.Handle("POST /-/package-cancel", takes(p, presence, func(ctx context.Context, c exportCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		return exportAnswer{Job: c.Job}, p.packages.Cancel(who, c.Job)
	}))
}

// PackageCommand is `attesta package`: what the server gives out.
func PackageCommand() *cobra.Command {
	var a acting
	var c exportCommand
	var controlSlug, out string
	var number int
	build := &cobra.Command{Use: "export (--engagement N | --from DAY --to DAY)", Short: "Make an evidence package of an engagement, of a window, or of one control in it", Args: cobra.NoArgs,
		Long: "Make an evidence package: every ledger entry of an engagement's window, or of any window, with what records\n" +
			"name and what was asked and answered; or what one control rests on (--control). Verify it elsewhere with attesta-verify. The export itself is a ledger entry.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.As, c.Kind = a.as, export.Window
			switch {
			case number > 0:
				c.Kind, c.ID = export.Engagement, strconv.Itoa(number)
			case controlSlug != "":
				c.Kind, c.ID = export.Control, controlSlug
			}
			return runExport(cmd, a, c, out)
		}}
	a.flags(build)
	build.Flags().StringVar(&controlSlug, "control", "", "one control by its slug, instead of the whole window")
	build.Flags().IntVar(&number, "engagement", 0, "an engagement by its number: its window, requests and answers")
	build.Flags().StringVar(&c.From, "from", "", "first day of the window (2026-01-01)")
	build.Flags().StringVar(&c.To, "to", "", "last day of the window (2026-06-30)")
	build.MarkFlagsMutuallyExclusive("engagement", "control")
	build.MarkFlagsMutuallyExclusive("engagement", "from")
	build.MarkFlagsMutuallyExclusive("engagement", "to")
	build.Flags().StringVar(&c.Title, "title", "", "what a reader sees; no name of a person")
	build.Flags().Int64SliceVar(&c.Known, "known", nil, "size of a checkpoint that the reader holds; may be given again")
	build.Flags().StringSliceVar(&c.Personal, "disclose", nil, "a ledger entry (ent_…) whose personal data goes in, with its salt; may be given again")
	build.Flags().Int64Var(&c.Head, "head", 0, "size of the ledger that bounds the package (default the present one)")
	build.Flags().StringVarP(&out, "output", "o", "", "file to write (default a name of its own, here)")
	return cli.Group("package", "Make evidence packages for verification elsewhere", build)
}

func runExport(cmd *cobra.Command, a acting, c exportCommand, out string) error {
	ctx := cmd.Context()
	show := term.IsTerminal(int(os.Stderr.Fd())) && !a.json
	var now exportAnswer
	raw, err := tellJSON(ctx, a.data, "/-/package", c, &now)
	for wait := 20 * time.Millisecond; err == nil && now.Running; wait = min(2*wait, time.Second) {
		if show {
			fmt.Fprintf(cmd.ErrOrStderr(), "\r\033[K%s: %d of %d", now.Progress.Step, now.Progress.Done, now.Progress.Total)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, cerr := tellJSON(last, a.data, "/-/package-cancel", exportCommand{As: c.As, Job: now.Job}, &now)
			return errors.Join(ctx.Err(), cerr)
		case <-time.After(wait):
		}
		raw, err = tellJSON(ctx, a.data, "/-/package-status", exportCommand{As: c.As, Job: now.Job}, &now)
	}
	if show {
		fmt.Fprint(cmd.ErrOrStderr(), "\r\033[K")
	}
	if err != nil {
		return err
	}
	if out == "" {
		out = now.Export.FileName()
	}
	if err := copyNew(now.File, out); err != nil {
		return err
	}
	return a.print(cmd.OutOrStdout(), raw, "%s: %d bytes, sha256 %s\nverify it elsewhere: attesta-verify %s --trust trust.json", out, now.Export.Size, now.Export.Digest, filepath.Base(out))
}

// copyNew copies a file to a place where there is none.
func copyNew(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the package %s cannot be read", from).WithHint("run the command as the user who runs the server")
	}
	defer in.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fault.Wrap(fault.Conflict, err, "%s is there already", strings.TrimSpace(to)).WithHint("name another file with -o; the package itself was made and is kept in the data directory")
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s cannot be written", to)
	}
	if _, err := io.Copy(f, in); err != nil {
		return errors.Join(fault.Wrap(fault.Unavailable, err, "%s cannot be written", to), f.Close(), os.Remove(to))
	}
	return f.Close()
}
