package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/render/tieout"

	"github.com/spf13/cobra"
)

// Populations by command: defined, approved, frozen, held against a second
// source, and given as a workbook.

type defineCommand struct {
	As      string             `json:"as"`
	Slug    string             `json:"slug"`
	Content population.Content `json:"content"`
}

type approveCommand struct {
	As      string `json:"as"`
	Slug    string `json:"slug"`
	Version int    `json:"version"`
	Alone   string `json:"alone"`
}

type extractCommand struct {
	As   string `json:"as"`
	Slug string `json:"slug"`
	From string `json:"from"` // days of the definition's zone; "" for none
	To   string `json:"to"`
}

// reconcileCommand stands in the header of /-/populations/reconcile; the body is
// the file, and empty for neighbours.
type reconcileCommand struct {
	As   string `json:"as"`
	Ref  string `json:"ref"`
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// takeOutCommand is the body of /-/populations/export, which answers with the file.
type takeOutCommand struct {
	Ref    string `json:"ref"`
	Format string `json:"format"` // xlsx, jsonl
}

func (p *parts) populationCommands(mux *doors, control presence) {
	mux.Handle("POST /-/populations/define", takes(p, control, func(ctx context.Context, c defineCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		return p.population.Define(ctx, who, c.Slug, c.Content)
	}))
	mux.Handle("POST /-/populations/approve", takes(p, control, func(ctx context.Context, c approveCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		d, err := p.population.Definition(ctx, c.Slug)
		if err != nil {
			return nil, err
		}
		if c.Version == 0 {
			c.Version = d.Newest().Version
		}
		if err := p.population.Approve(ctx, who, c.Slug, c.Version, c.Alone); err != nil {
			return nil, err
		}
		if d, err = p.population.Definition(ctx, c.Slug); err != nil {
			return nil, err
		}
		v, _ := d.InForce()
		return v, nil
	}))
	mux.Handle("POST /-/populations/extract", takes(p, control, func(ctx context.Context, c extractCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		d, err := p.population.Definition(ctx, c.Slug)
		if err != nil {
			return nil, err
		}
		v, ok := d.InForce()
		zone := time.UTC
		if ok {
			if zone, err = time.LoadLocation(v.Zone); err != nil {
				return nil, fmt.Errorf("the zone of population %s: %w", c.Slug, err)
			}
		}
		var w population.Window
		if w.From, err = evidence.ParseDay("from", c.From, zone, false); err != nil {
			return nil, err
		}
		if w.To, err = evidence.ParseDay("to", c.To, zone, true); err != nil {
			return nil, err
		}
		return p.population.Extract(ctx, who, c.Slug, w)
	}))
	mux.Handle("POST /-/populations/reconcile", p.guarded(control, func(r *http.Request) (any, error) {
		raw, err := base64.StdEncoding.DecodeString(r.Header.Get(metaHeader))
		var c reconcileCommand
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
		e, err := p.population.Extraction(r.Context(), c.Ref)
		if err != nil {
			return nil, err
		}
		if c.Kind == population.Neighbours {
			return p.population.ReconcileNeighbours(r.Context(), who, e.ID)
		}
		content, err := io.ReadAll(io.LimitReader(r.Body, population.MaxUpload+1)) // one more: the service says that it is too large
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the file broke off")
		}
		return p.population.Reconcile(r.Context(), who, e.ID, population.Upload{Kind: c.Kind, Name: c.Name, Content: content})
	}))
	mux.Handle("POST /-/populations/export", p.trusted(control, func(w http.ResponseWriter, r *http.Request) {
		raw, kind, err := p.takeOut(r)
		if err != nil {
			p.answer(w, r, nil, err)
			return
		}
		w.Header().Set("Content-Type", kind)
		if _, err := w.Write(raw); err != nil {
			p.logger.Debug("an answer was not delivered", "error", err)
		}
	}))
}

func (p *parts) takeOut(r *http.Request) (raw []byte, kind string, err error) {
	ctx := r.Context()
	var c takeOutCommand
	if err := json.NewDecoder(io.LimitReader(r.Body, maxCommand)).Decode(&c); err != nil {
		return nil, "", fault.Wrap(fault.Invalid, err, "the command cannot be read")
	}
	e, err := p.population.Extraction(ctx, c.Ref)
	if err != nil {
		return nil, "", err
	}
	if c.Format == "jsonl" {
		raw, err = p.population.File(ctx, e.ID)
		return raw, "application/jsonl", err
	}
	content, err := tieout.Gather(ctx, p.population, e, "", p.log.Origin(), func(ids []string) map[string]string {
		names, nameErr := p.access.Names(ctx, ids)
		if nameErr != nil {
			p.logger.WarnContext(ctx, "names could not be read", "error", nameErr) // the sheet gives the ids instead
		}
		return names
	})
	if err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	if err := tieout.Write(&out, content); err != nil {
		return nil, "", err
	}
	return out.Bytes(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", nil
}

// PopulationsCommand is `attesta populations`.
func PopulationsCommand() *cobra.Command {
	return cli.PopulationsCommand(populationDefine(), populationApprove(), populationExtract(), populationReconcile(), populationExport())
}

func populationDefine() *cobra.Command {
	var a acting
	var file string
	cmd := &cobra.Command{Use: "define SLUG --file FILE", Short: "Write a version of a definition; nothing is frozen by it before somebody else approves it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := readUpTo(file, 64<<10)
			if err != nil {
				return err
			}
			c, err := population.ParseContent(raw)
			var wrong *fault.Error
			if errors.As(err, &wrong) {
				err = wrong.At(file, wrong.Line, "")
			}
			if err != nil {
				return err
			}
			var v population.Version
			answer, err := tellJSON(cmd.Context(), a.data, "/-/populations/define", defineCommand{As: a.as, Slug: args[0], Content: c}, &v)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), answer, "version %d of %s is a draft; nothing is frozen by it before somebody else approves it", v.Version, v.Slug)
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&file, "file", "", "YAML file, as 'attesta populations show SLUG --yaml' prints it; - for standard input (required)")
	if err := cmd.MarkFlagRequired("file"); err != nil {
		panic("server: " + err.Error()) // the flag stands one line above
	}
	return cmd
}

// readUpTo reads a file, or standard input as "-", and one byte more than most:
// who parses it says that it is too large.
func readUpTo(path string, most int64) ([]byte, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fault.Wrap(fault.NotFound, err, "%s cannot be read", path)
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be read", path)
	}
	return raw, nil
}

func populationApprove() *cobra.Command {
	var a acting
	var c approveCommand
	cmd := &cobra.Command{Use: "approve SLUG", Short: "Approve a definition that somebody else wrote", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.As, c.Slug = a.as, args[0]
			var v population.Version
			raw, err := tellJSON(cmd.Context(), a.data, "/-/populations/approve", c, &v)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "version %d of %s is approved", v.Version, v.Slug)
		}}
	a.flags(cmd)
	cmd.Flags().IntVar(&c.Version, "version", 0, "this version instead of the newest")
	cmd.Flags().StringVar(&c.Alone, "compensation", "", "where nobody but the author may approve: what stands in for a second person")
	return cmd
}

func populationExtract() *cobra.Command {
	var a acting
	var c extractCommand
	cmd := &cobra.Command{Use: "extract SLUG", Short: "Freeze a population, now or over a window", Args: cobra.ExactArgs(1),
		Long: "Freeze the population that the approved version of a definition gives: now, at the end of the day\n--to, or over the days --from to --to of the definition's zone. What is frozen does not change.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c.As, c.Slug = a.as, args[0]
			var e population.Extraction
			raw, err := tellJSON(cmd.Context(), a.data, "/-/populations/extract", c, &e)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s is frozen: %d items, %d left out by exclusions, SHA-256 %s", e.Ref(), e.Count, e.Excluded, e.Digest)
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&c.From, "from", "", "first day of the window (2026-01-31)")
	cmd.Flags().StringVar(&c.To, "to", "", "last day of the window")
	return cmd
}

func populationReconcile() *cobra.Command {
	var a acting
	var zone, hosts, name string
	var neighbours bool
	cmd := &cobra.Command{Use: "reconcile P-3 --zone FILE | --hosts-file FILE | --neighbours", Short: "Hold frozen hosts against a second source", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := reconcileCommand{As: a.as, Ref: args[0], Name: name}
			path := ""
			for _, k := range []struct {
				given      bool
				kind, path string
			}{{zone != "", population.Zone, zone}, {hosts != "", population.HostsFile, hosts}, {neighbours, population.Neighbours, ""}} {
				if k.given && c.Kind != "" {
					return fault.New(fault.Invalid, "one second source at a time")
				}
				if k.given {
					c.Kind, path = k.kind, k.path
				}
			}
			if c.Kind == "" {
				return fault.New(fault.Invalid, "name a second source").WithHint("--zone FILE, --hosts-file FILE or --neighbours")
			}
			var content []byte
			var err error
			if path != "" {
				if content, err = readUpTo(path, population.MaxUpload); err != nil {
					return err
				}
				if c.Name == "" {
					c.Name = filepath.Base(path)
				}
			}
			meta, err := json.Marshal(c)
			if err != nil {
				return err
			}
			raw, err := tell(cmd.Context(), a.data, "/-/populations/reconcile", http.Header{metaHeader: {base64.StdEncoding.EncodeToString(meta)}}, bytes.NewReader(content), int64(len(content)))
			var wrong *fault.Error
			if path != "" && errors.As(err, &wrong) && wrong.Field == "file" {
				err = wrong.At(path, wrong.Line, "")
			}
			if err != nil {
				return err
			}
			var r population.Reconciliation
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			for _, n := range r.Notes {
				fmt.Fprintf(cmd.ErrOrStderr(), "note:  %s\n", n)
			}
			return a.print(cmd.OutOrStdout(), raw, "%s  %s", r.ID, cli.ReconciliationWords(r))
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&zone, "zone", "", "DNS zone file (master file, as BIND writes it)")
	cmd.Flags().StringVar(&hosts, "hosts-file", "", "file in the format of /etc/hosts")
	cmd.Flags().BoolVar(&neighbours, "neighbours", false, "what the hosts themselves saw beside them")
	cmd.Flags().StringVar(&name, "name", "", "what the source is called; of a zone file without $ORIGIN, the zone's name")
	return cmd
}

func populationExport() *cobra.Command {
	var data, to, format string
	cmd := &cobra.Command{Use: "export P-3 --out FILE", Short: "Write a frozen population as a workbook to tie out, or its items as lines of JSON", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "xlsx" && format != "jsonl" {
				return fault.New(fault.Invalid, "%q is no format", format).WithHint("xlsx or jsonl")
			}
			body, err := json.Marshal(takeOutCommand{Ref: args[0], Format: format})
			if err != nil {
				return err
			}
			resp, err := send(cmd.Context(), data, "/-/populations/export", nil, bytes.NewReader(body), int64(len(body)))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				_, err := heard(resp)
				return err
			}
			if to == "-" {
				_, err = io.Copy(cmd.OutOrStdout(), resp.Body)
				return err
			}
			f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fault.Wrap(fault.Conflict, err, "%s cannot be written", to).WithHint("an existing file is not written over")
			}
			if _, err = io.Copy(f, resp.Body); err != nil {
				f.Close()
				return fault.Wrap(fault.Unavailable, err, "the server's answer broke off; %s is not whole", to)
			}
			return f.Close()
		}}
	cmd.Flags().StringVar(&data, "data", cli.DefaultData(), "data directory of the running server")
	cmd.Flags().StringVar(&to, "out", "", "file to write; - for standard output (required)")
	cmd.Flags().StringVar(&format, "format", "xlsx", "xlsx or jsonl")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic("server: " + err.Error()) // the flag stands three lines above
	}
	return cmd
}
