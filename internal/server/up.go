package server

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/config"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"

	"github.com/spf13/cobra"
)

// UpCommand is `attesta up`: everything embedded, with this host enrolled.
func UpCommand(version string) *cobra.Command {
	cmd, cfg, file := command("up", "Start everything embedded, enrol this host, and print the address")
	cmd.Long = `Start the server with everything embedded, enrol the host it runs on, and print
the address and a one-time link. It stays in the foreground; a second call on
the same data directory finds the first and prints a new link.`
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, err := config.Load(cfg, cmd.Flags(), os.Environ(), *file); err != nil {
			return err
		}
		logger, err := newLogger(cmd.ErrOrStderr(), cfg.LogLevel)
		if err != nil {
			return err
		}
		err = Run(cmd.Context(), *cfg, Options{
			Version: version, Logger: logger, Embedded: true, AnyPort: !cmd.Flags().Changed("listen"),
			Ready: func(r Ready) { printReady(cmd.OutOrStdout(), r) },
		})
		if errors.Is(err, errHeld) {
			return findFirst(cmd.Context(), cmd.OutOrStdout(), cfg.Data)
		}
		return err
	}
	return cmd
}

// ServeCommand is `attesta serve`: the server alone; agents enrol from outside.
func ServeCommand(version string) *cobra.Command {
	cmd, cfg, file := command("serve", "Run the server alone, for a service manager")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, err := config.Load(cfg, cmd.Flags(), os.Environ(), *file); err != nil {
			return err
		}
		logger, err := newLogger(cmd.ErrOrStderr(), cfg.LogLevel)
		if err != nil {
			return err
		}
		err = Run(cmd.Context(), *cfg, Options{Version: version, Logger: logger,
			Ready: func(r Ready) { printReady(cmd.OutOrStdout(), r) }})
		if errors.Is(err, errHeld) {
			return held(cfg.Data)
		}
		return err
	}
	return cmd
}

func command(use, short string) (*cobra.Command, *Config, *string) {
	cfg, file := Defaults(cli.DefaultData()), new(string)
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	cmd.Flags().StringVar(file, "config", "", "YAML file with settings")
	if err := config.Bind(&cfg, cmd.Flags()); err != nil {
		panic("server: the Config struct cannot be bound: " + err.Error()) // a defect of this program, met by every test
	}
	return cmd, &cfg, file
}

func newLogger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%q is no log level", level).At("", 0, "log-level").WithHint("debug, info, warn or error")
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})), nil
}

func printReady(w io.Writer, r Ready) {
	fmt.Fprintf(w, "\nAttesta runs at  %s\n", r.URL)
	if r.Link != "" {
		fmt.Fprintf(w, "Log in once by   %s\n                 (works once, until %s)\n", r.Link, r.Until.Local().Format("15:04"))
	}
	fmt.Fprintf(w, "Data             %s\nAgents           %s\nStop with Ctrl-C.\n\n", r.Data, r.Agent)
}

func held(data string) error {
	return fault.New(fault.Conflict, "another Attesta holds %s", data).WithHint("stop it, or name another data directory with --data")
}

// askRunning puts a question to the server that holds the data directory.
func askRunning(ctx context.Context, data, path string, q controlQuestion) (presence, controlAnswer, error) {
	var answer controlAnswer
	dir, err := filepath.Abs(data)
	if err != nil {
		return presence{}, answer, err
	}
	p, err := DataDir(dir).readPresence()
	for wait := 0; err != nil && wait < 50; wait++ { // it may be starting
		select {
		case <-ctx.Done():
			return p, answer, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		p, err = DataDir(dir).readPresence()
	}
	if err != nil {
		return p, answer, held(data)
	}
	body, err := json.Marshal(q)
	if err != nil {
		return p, answer, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Address+path, bytes.NewReader(body))
	if err != nil {
		return p, answer, err
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return p, answer, fault.Wrap(fault.Unavailable, err, "another Attesta (process %d) holds %s and does not answer at %s", p.PID, data, p.Address)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&answer); err != nil {
		return p, answer, fault.Wrap(fault.Unavailable, err, "the Attesta at %s gave no answer that this program knows", p.Address)
	}
	if resp.StatusCode != http.StatusOK {
		return p, answer, &fault.Error{Kind: fault.Kind(answer.Kind), Message: answer.Message, Hint: answer.Hint}
	}
	return p, answer, nil
}

// findFirst prints where the running server is, with a one-time link while no
// administrator has a password.
func findFirst(ctx context.Context, w io.Writer, data string) error {
	p, answer, err := askRunning(ctx, data, "/-/link", controlQuestion{})
	if err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	if err != nil && p.URL == "" {
		return err
	}
	fmt.Fprintf(w, "Attesta runs already at  %s  (process %d)\n", p.URL, p.PID)
	if err == nil {
		printLink(w, answer)
	}
	return nil
}

func printLink(w io.Writer, a controlAnswer) {
	fmt.Fprintf(w, "Log in once by           %s\n                         (works once, until %s)\n", a.Text, a.Until.Local().Format("15:04"))
}

type controlQuestion struct {
	User  string `json:"user,omitempty"`
	Label string `json:"label,omitempty"`
}

type controlAnswer struct {
	Text    string    `json:"text,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Server  string    `json:"server,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Message string    `json:"message,omitempty"`
	Hint    string    `json:"hint,omitempty"`
}

// controlHandler answers whoever can read the data directory's server.json,
// who could read the database as well. It is the command line's way to a
// server that runs.
func (p *parts) controlHandler(control presence, answer func(context.Context, controlQuestion) (controlAnswer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(control.Token)) != 1 {
			http.NotFound(w, r)
			return
		}
		var q controlQuestion
		var a controlAnswer
		err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&q)
		if err != nil {
			err = fault.Wrap(fault.Invalid, err, "the question is no JSON")
		} else {
			a, err = answer(r.Context(), q)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if err != nil {
			a = controlAnswer{Kind: string(fault.KindOf(err))}
			a.Message, a.Hint = fault.Public(err)
			w.WriteHeader(fault.HTTPStatus(err))
		}
		if err := json.NewEncoder(w).Encode(a); err != nil {
			p.logger.Debug("an answer was not delivered", "error", err)
		}
	})
}

func (p *parts) link(ctx context.Context, user string) (access.Link, error) {
	if user == "" {
		return p.access.FirstLink(ctx)
	}
	u, err := p.access.Find(ctx, access.System(), user)
	if err != nil {
		return access.Link{}, err
	}
	return p.access.LoginLink(ctx, access.System(), u.ID, access.Recovery)
}

// running is nil when a server holds the data directory.
func running(data string) error {
	if _, err := os.Stat(DataDir(data).presenceFile()); err != nil {
		return fault.Wrap(fault.NotFound, err, "no server runs on %s", data).WithHint("start it with 'attesta up' or name the directory with --data")
	}
	return nil
}

// LoginLinkCommand is `attesta login-link USER`: a recovery link, from the
// server that runs on this data directory.
func LoginLinkCommand() *cobra.Command {
	data := cli.DefaultData()
	cmd := &cobra.Command{Use: "login-link USER", Short: "Make a one-time login link for a user of the running server", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := running(data); err != nil {
				return err
			}
			_, answer, err := askRunning(cmd.Context(), data, "/-/link", controlQuestion{User: args[0]})
			if err != nil {
				return err
			}
			printLink(cmd.OutOrStdout(), answer)
			return nil
		}}
	cmd.Flags().StringVar(&data, "data", data, "data directory of the running server")
	return cmd
}

// AgentCommand is `attesta agent`: what the server's side does for agents.
func AgentCommand() *cobra.Command {
	data, label := cli.DefaultData(), ""
	token := &cobra.Command{Use: "token", Short: "Make a token that enrols one host, within an hour", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := running(data); err != nil {
				return err
			}
			_, answer, err := askRunning(cmd.Context(), data, "/-/agent-token", controlQuestion{Label: label})
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), answer.Text)
			fmt.Fprintf(cmd.ErrOrStderr(), "hint:  on the host: attesta-agent enrol --server %s --token TOKEN (once, until %s)\n", answer.Server, answer.Until.Local().Format("15:04"))
			return nil
		}}
	token.Flags().StringVar(&data, "data", data, "data directory of the running server")
	token.Flags().StringVar(&label, "label", "", "what the token is for; stands in the ledger")
	return cli.Group("agent", "Enrol agents of other hosts", token)
}
