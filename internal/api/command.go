package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/attesta/attesta/internal/api/programme"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/danielgtaylor/huma/v2"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

// Local does an operation on the server that holds a data directory, in a
// user's name.
type Local func(ctx context.Context, data, as, name string, input json.RawMessage) ([]byte, error)

type connection struct {
	server, tokenFile, data, as string
	local                       Local
}

func (c *connection) flags(cmd *cobra.Command, data string) {
	f := cmd.PersistentFlags()
	f.StringVar(&c.server, "server", os.Getenv("ATTESTA_URL"), "address of the server to ask, with the token in ATTESTA_TOKEN (default $ATTESTA_URL, else the server of --data)")
	f.StringVar(&c.tokenFile, "token-file", "", "file with the token, instead of ATTESTA_TOKEN")
	f.StringVar(&c.data, "data", data, "data directory whose server is asked when --server is not given")
	f.StringVar(&c.as, "as", "admin", "login of the user in whose name --data's server is asked")
}

func (c *connection) client() (*Client, error) {
	token := os.Getenv("ATTESTA_TOKEN")
	if c.tokenFile != "" {
		raw, err := os.ReadFile(c.tokenFile)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the token's file cannot be read").At(c.tokenFile, 0, "")
		}
		token = string(raw)
	}
	return NewClient(c.server, token)
}

func (c *connection) do(ctx context.Context, name string, input json.RawMessage) ([]byte, error) {
	if c.server == "" {
		return c.local(ctx, c.data, c.as, name, input)
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	return client.Do(ctx, name, input)
}

// Command is `attesta api`: every operation as a verb, made from the table.
func Command(data string, local Local) *cobra.Command {
	a, c := New(Config{}), &connection{local: local}
	root := &cobra.Command{
		Use: "api", Short: "Ask a server anything that programs may ask",
		Long: `Ask a server anything that programs may ask. Each operation is an HTTP route
below ` + Prefix + `, a tool of the Model Context Protocol where it looks or proposes,
and a verb here: attesta api NOUN VERB. Answers are JSON.

A server elsewhere is asked with --server and a token; without --server the
server that holds --data is asked, in the name of --as.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.printOperations(cmd.OutOrStdout()) },
	}
	c.flags(root, data)
	nouns := map[string]*cobra.Command{}
	for _, o := range a.operations {
		noun, verb, _ := strings.Cut(o.Name, ".")
		if nouns[noun] == nil {
			nouns[noun] = &cobra.Command{Use: noun, Short: "Operations on " + noun, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
			root.AddCommand(nouns[noun])
		}
		nouns[noun].AddCommand(a.verb(o, verb, c))
	}
	root.AddCommand(&cobra.Command{Use: "openapi", Short: "Print the OpenAPI 3.1 document", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		raw, err := json.Marshal(a.OpenAPI())
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), raw)
	}})
	return root
}

// ToolsCommand is `attesta mcp`: the tools on standard input and output.
func ToolsCommand(version string) *cobra.Command {
	c := &connection{}
	cmd := &cobra.Command{
		Use: "mcp", Short: "Speak the Model Context Protocol on standard input and output",
		Long: `Speak the Model Context Protocol on standard input and output, and ask a server
for each tool. It needs --server and a token. Tools look, or propose what a person
then decides; what they may see is what the token's user may see.

A program that speaks the protocol over HTTP needs no command: its address is
the server's with /mcp, and the token goes into the Authorization header.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := c.client()
			if err != nil {
				return err
			}
			return client.ServeTools(cmd.Context(), version, &mcp.StdioTransport{})
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.server, "server", os.Getenv("ATTESTA_URL"), "address of the server (default $ATTESTA_URL)")
	f.StringVar(&c.tokenFile, "token-file", "", "file with the token, instead of ATTESTA_TOKEN")
	return cmd
}

// NounCommand is a noun whose verbs are operations, by verb: what people type
// often stands beside `attesta api` under a name of its own.
func NounCommand(noun, short, data string, local Local, verbs map[string]string) *cobra.Command {
	a, c := New(Config{}), &connection{local: local}
	root := &cobra.Command{Use: noun, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.flags(root, data)
	for _, verb := range slices.Sorted(maps.Keys(verbs)) {
		o, err := a.operation(verbs[verb])
		if err != nil {
			panic("api: " + err.Error()) // the table stands in this program
		}
		root.AddCommand(a.verb(o, verb, c))
	}
	return root
}

// ProgrammeCommand is `attesta programme`: the programme as a folder.
func ProgrammeCommand(data string, local Local) *cobra.Command {
	c := &connection{local: local}
	root := &cobra.Command{Use: "programme", Short: "Keep the programme as a folder of YAML and Markdown, in Git or elsewhere", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.flags(root, data)
	root.AddCommand(programme.Commands(c.do)...)
	return root
}

func (a *API) printOperations(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPERATION\tROUTE\tACTION\tWHAT")
	for _, o := range a.operations {
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\n", strings.ReplaceAll(o.Name, ".", " "), o.Method, Prefix+o.Path, o.Action, o.Summary)
	}
	return w.Flush()
}

// verb makes the command of one operation: fields of the path are its
// arguments, the others its flags.
func (a *API) verb(o *Operation, verb string, c *connection) *cobra.Command {
	inPath := o.pathFields()
	use, input := verb, ""
	for _, f := range inPath {
		use += " " + strings.ToUpper(f)
	}
	cmd := &cobra.Command{Use: use, Short: o.Summary, Long: strings.TrimSpace(o.Summary + ".\n\n" + describe(o)), Args: cobra.ExactArgs(len(inPath))}
	for _, f := range fieldOrder(o.input) {
		if !slices.Contains(inPath, f) {
			addFlag(cmd, f, o.input.Properties[f])
		}
	}
	if o.Changes() {
		cmd.Flags().StringVar(&input, "input", "", "file with the fields as a JSON object; - is standard input")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		fields := map[string]any{}
		if input != "" {
			raw, err := readInput(cmd, input)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(raw, &fields); err != nil {
				return fault.Wrap(fault.Invalid, err, "it is no JSON object").At(input, 0, "")
			}
		}
		for i, f := range inPath {
			v, err := a.value(o, f, []string{args[i]})
			if err != nil {
				return err
			}
			fields[f] = v
		}
		for f, s := range o.input.Properties {
			if flag := cmd.Flags().Lookup(flagName(f)); flag != nil && flag.Changed {
				v, err := flagValue(cmd, f, s)
				if err != nil {
					return err
				}
				fields[f] = v
			}
		}
		raw, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		answer, err := c.do(cmd.Context(), o.Name, raw)
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), answer)
	}
	return cmd
}

func flagName(field string) string { return strings.ReplaceAll(field, "_", "-") }

func addFlag(cmd *cobra.Command, field string, s *huma.Schema) {
	usage := s.Description
	enum := s.Enum
	if s.Items != nil {
		enum = append(enum, s.Items.Enum...)
	}
	if len(enum) > 0 {
		usage = strings.TrimSpace(usage + " One of " + strings.Trim(fmt.Sprint(enum), "[]") + ".")
	}
	f, name := cmd.Flags(), flagName(field)
	switch s.Type {
	case "integer":
		f.Int64(name, 0, usage)
	case "boolean":
		f.Bool(name, false, usage)
	case "array":
		f.StringSlice(name, nil, usage)
	case "string":
		f.String(name, "", usage)
	default: // an object stands in --input
	}
}

func flagValue(cmd *cobra.Command, field string, s *huma.Schema) (any, error) {
	f, name := cmd.Flags(), flagName(field)
	switch s.Type {
	case "integer":
		return f.GetInt64(name)
	case "boolean":
		return f.GetBool(name)
	case "array":
		return f.GetStringSlice(name)
	}
	return f.GetString(name)
}

func readInput(cmd *cobra.Command, path string) ([]byte, error) {
	from := cmd.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "it cannot be read").At(path, 0, "")
		}
		defer file.Close()
		from = file
	}
	raw, err := io.ReadAll(io.LimitReader(from, maxBody+1))
	if err == nil && len(raw) > maxBody {
		err = fault.New(fault.Invalid, "it is larger than %d bytes", maxBody).At(path, 0, "")
	}
	return raw, err
}

func printJSON(out io.Writer, raw []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		return fmt.Errorf("print the answer: %w", err)
	}
	b.WriteByte('\n')
	_, err := out.Write(b.Bytes())
	return err
}
