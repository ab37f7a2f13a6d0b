package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent"
	"github.com/attesta/attesta/internal/agent/probe"
	"github.com/attesta/attesta/internal/agent/watching"
	"github.com/attesta/attesta/internal/base/config"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"

	"github.com/spf13/cobra"
)

// settings are the agent's, by flag over environment over file.
type settings struct {
	State     string        `config:"state" env:"ATTESTA_AGENT_STATE" usage:"directory for key, certificate and spool"`
	Server    string        `config:"server" env:"ATTESTA_AGENT_SERVER" usage:"the agents' listener, https://HOST:PORT"`
	Token     string        `config:"token" env:"ATTESTA_AGENT_TOKEN" secret:"true" usage:"one-time enrolment token"`
	Interval  time.Duration `config:"interval" env:"ATTESTA_AGENT_INTERVAL" usage:"time between whole inventories"`
	Quick     time.Duration `config:"quick" env:"ATTESTA_AGENT_QUICK" usage:"time between looks at files, sysctl, sshd, users, mounts and pam"`
	Rare      time.Duration `config:"rare" env:"ATTESTA_AGENT_RARE" usage:"time between walks over all local files, for files with raised rights and the like"`
	Heartbeat time.Duration `config:"heartbeat" env:"ATTESTA_AGENT_HEARTBEAT" usage:"time between heartbeats"`
	SpoolMiB  int           `config:"spool-mib" env:"ATTESTA_AGENT_SPOOL_MIB" usage:"most that the spool may take on disk, MiB"`
	Probe     string        `config:"probe" env:"ATTESTA_AGENT_PROBE" usage:"off, or zones: try connections that the server asks for, to prove what firewalls block"`
	Networks  []string      `config:"probe-networks" env:"ATTESTA_AGENT_PROBE_NETWORKS" usage:"networks that may be probed, such as 10.20.0.0/16; private ones where none is named"`
	Integrity string        `config:"integrity" env:"ATTESTA_AGENT_INTEGRITY" usage:"on or off: whether files are watched"`
	Usual     string        `config:"integrity-usual" env:"ATTESTA_AGENT_INTEGRITY_USUAL" usage:"on or off: whether the usual trees of this host are watched, or the named ones alone"`
	Paths     []string      `config:"integrity-paths" env:"ATTESTA_AGENT_INTEGRITY_PATHS" usage:"trees that are watched beside the usual ones of this host"`
	Content   []string      `config:"integrity-content" env:"ATTESTA_AGENT_INTEGRITY_CONTENT" usage:"the same, of files that are given out to others"`
	Exclude   []string      `config:"integrity-exclude" env:"ATTESTA_AGENT_INTEGRITY_EXCLUDE" usage:"patterns of paths that are not watched: /a/*/b, /a/**/*.tmp, or one name; they come into force with the next baseline"`
	LogLevel  string        `config:"log-level" env:"ATTESTA_AGENT_LOG_LEVEL" usage:"debug, info, warn or error"`
}

const (
	variablePrefix = "ATTESTA_AGENT_"
	configVariable = variablePrefix + "CONFIG"
	usualFile      = "/etc/attesta/agent.yaml"
)

var variables = []string{"CONFIG", "STATE", "SERVER", "TOKEN", "TOKEN_FILE", "INTERVAL", "QUICK", "RARE", "HEARTBEAT", "SPOOL_MIB", "PROBE", "PROBE_NETWORKS", "INTEGRITY", "INTEGRITY_USUAL", "INTEGRITY_PATHS", "INTEGRITY_CONTENT", "INTEGRITY_EXCLUDE", "LOG_LEVEL"}

func defaults() settings {
	return settings{State: usualState(), Interval: time.Minute, Quick: 2 * time.Second, Rare: time.Hour, Heartbeat: 30 * time.Second, SpoolMiB: 64, Probe: probe.Off, Integrity: "on", Usual: "on", LogLevel: "info"}
}

// usualState is /var/lib/attesta-agent for root and below the home directory
// for others.
func usualState() string {
	if os.Geteuid() == 0 {
		return "/var/lib/attesta-agent"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "attesta-agent")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "attesta-agent"
	}
	return filepath.Join(home, ".local", "state", "attesta-agent")
}

// withSettings gives a command the flags of the settings; load reads them all.
func withSettings(cmd *cobra.Command) (load func() (agent.Config, error)) {
	s, file, token := defaults(), "", ""
	if err := config.Bind(&s, cmd.Flags()); err != nil {
		panic("attesta-agent: the settings cannot be bound: " + err.Error()) // a defect of this program, met by every test
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings (default "+usualFile+" where it exists)")
	cmd.Flags().StringVar(&token, "token", "", "one-time enrolment token; --token-file or $"+variablePrefix+"TOKEN keep it off the process list")
	return func() (agent.Config, error) {
		var cfg agent.Config
		environ, err := ours(os.Environ())
		if err != nil {
			return cfg, err
		}
		if file == "" {
			file = os.Getenv(configVariable)
		}
		if file == "" {
			if _, err := os.Stat(usualFile); err == nil {
				file = usualFile
			} else if !errors.Is(err, fs.ErrNotExist) {
				return cfg, fault.Wrap(fault.Unavailable, err, "%s cannot be read", usualFile)
			}
		}
		if _, err := config.Load(&s, cmd.Flags(), environ, file); err != nil {
			return cfg, err
		}
		if token != "" {
			s.Token = token
		}
		var level slog.Level
		if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
			return cfg, fault.Wrap(fault.Invalid, err, "%q is no log level", s.LogLevel).At("", 0, "log-level").WithHint("debug, info, warn or error")
		}
		if s.SpoolMiB < 4 || s.SpoolMiB > 1<<20 {
			return cfg, fault.New(fault.Invalid, "a spool has 4 MiB to 1 TiB, not %d MiB", s.SpoolMiB).At("", 0, "spool-mib")
		}
		prober, err := probe.New(probe.Settings{Mode: s.Probe, Networks: s.Networks})
		if err != nil {
			return cfg, err
		}
		for name, v := range map[string]string{"integrity": s.Integrity, "integrity-usual": s.Usual} {
			if v != "on" && v != "off" {
				return cfg, fault.New(fault.Invalid, "%q is neither on nor off", v).At("", 0, name)
			}
		}
		watch := watching.Settings{Off: s.Integrity == "off", Paths: s.Paths, Content: s.Content, Exclude: s.Exclude}
		if s.Usual == "off" {
			watch.Trees = []string{}
		}
		program, err := os.Executable()
		if err != nil {
			program = "" // then it is not among what is watched
		}
		if file != "" {
			if file, err = filepath.Abs(file); err != nil {
				return cfg, err
			}
		}
		return agent.Config{Program: program, Settings: file,
			Watching: watch,
			State:    s.State, Server: s.Server, Token: s.Token, Interval: s.Interval, Quick: s.Quick, Rare: s.Rare, Heartbeat: s.Heartbeat,
			SpoolMax: int64(s.SpoolMiB) << 20, Version: version, Answers: map[string]agent.Answerer{wire.AskProbe: prober.Answer},
			Logger: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))}, nil
	}
}

// ours picks the agent's variables and refuses one that is none: a server's
// settings may stand in the same environment and do not concern it.
func ours(environ []string) ([]string, error) {
	var out []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		rest, ok := strings.CutPrefix(name, variablePrefix)
		switch {
		case !ok:
		case !slices.Contains(variables, rest):
			return nil, fault.New(fault.Invalid, "there is no setting for this environment variable").At("", 0, name).
				WithHint("the agent's are %s", fmt.Sprint(variablePrefix, "{", strings.Join(variables, ","), "}"))
		case name != configVariable:
			out = append(out, entry)
		}
	}
	return out, nil
}

func enrolCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "enrol", Short: "Get this host's certificate with a one-time token", Args: noArguments,
		Long: `Get this host's certificate from an Attesta server. Make the token there with
'attesta agent token'; it works once. It carries the fingerprint of the server's
authority, by which the agent knows that it speaks with that server.`,
		Example: "  attesta-agent enrol --server https://attesta.example:7443 --token att_…"}
	load := withSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		e, err := agent.Enrol(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Enrolled as %s at %s; the certificate lasts until %s and renews itself.\nStart reporting with: attesta-agent run --state %s\n",
			e.Source, e.Server, e.Expires.Local().Format("2006-01-02 15:04"), cfg.State)
		return err
	}
	return cmd
}

func runCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "run", Short: "Report what changes, until stopped", Args: noArguments}
	load := withSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return agent.Run(cmd.Context(), cfg)
	}
	return cmd
}
