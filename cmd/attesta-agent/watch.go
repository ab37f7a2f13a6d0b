package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
	"github.com/attesta/attesta/internal/agent/integrity/watch"
	"github.com/attesta/attesta/internal/agent/integrity/watch/who"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/spf13/cobra"
)

func watchCommand() *cobra.Command {
	var o snapshot.Options
	var db, only string
	var asJSON bool
	cmd := &cobra.Command{Use: "watch PATH...", Short: "Tell changes as they happen, and who made them",
		Long: `Tell each change below the paths as it happens: what was there before, what is
there now, and which user and program made it. Without --db the files are read
once at the beginning, to have something to compare with. With --db the snapshot
is compared with, and the paths default to its own.
Who is known where fanotify may be used (CAP_SYS_ADMIN); else inotify watches, and
where that cannot, the trees are compared every second. Which way is in force is
the first line. It ends with an interrupt.`}
	cmd.Flags().StringVar(&db, "db", "", "file of the snapshot to compare with")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object on a line")
	cmd.Flags().StringVar(&only, "only", "", "no better way than this: fanotify, inotify, polling")
	cmd.Flags().StringArrayVar(&o.Exclude, "exclude", nil, "leave out paths that match, as baseline does (repeat; not with --db)")
	cmd.Flags().BoolVar(&o.Cross, "cross", false, "go into file systems that are mounted below a path (not with --db)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch watch.Kind(only) {
		case "", watch.Fanotify, watch.Inotify, watch.Polling:
		default:
			return fault.New(fault.Invalid, "--only %q is no way of watching", only).WithHint("give fanotify, inotify or polling")
		}
		snap, own, err := compared(cmd, db, args, o)
		if err != nil {
			return err
		}
		defer snap.Close() // read only
		out := watchOutput{w: bufio.NewWriter(cmd.OutOrStdout()), json: asJSON}
		w, err := watch.New(watch.Config{Snapshot: snap, Own: own, Only: watch.Kind(only), Notice: out.notice})
		if err != nil {
			return err
		}
		if err := w.Run(cmd.Context(), out.change); err != nil {
			return err
		}
		return out.err
	}
	return cmd
}

// compared gives the snapshot that is compared with: the one named, or one that
// is made for this watch and leaves no file.
func compared(cmd *cobra.Command, db string, args []string, o snapshot.Options) (snap *snapshot.Snapshot, own []string, err error) {
	if db != "" {
		if len(o.Exclude) > 0 || o.Cross {
			return nil, nil, fault.New(fault.Invalid, "--exclude and --cross stand in the snapshot").WithHint("leave them out, or leave out --db")
		}
		if snap, err = openWhole(db); err != nil {
			return nil, nil, err
		}
		if err := restrict(snap, args); err != nil {
			snap.Close() // read only
			return nil, nil, err
		}
		abs, err := filepath.Abs(db)
		if err != nil {
			return nil, nil, err
		}
		return snap, []string{abs}, nil
	}
	f, err := os.CreateTemp("", "attesta-watch-*")
	if err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, err, "there is no room for a file to compare with").WithHint("set TMPDIR, or give --db FILE")
	}
	defer os.Remove(f.Name()) // once it is open it needs no name
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	if o, err = integrity.NewOptions(f.Name(), args, o); err != nil {
		return nil, nil, err
	}
	for _, n := range notes(o) {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", n)
	}
	o.Made = clock.System().UTC()
	if _, err := integrity.Make(cmd.Context(), f.Name(), o); err != nil {
		return nil, nil, err
	}
	snap, err = snapshot.Open(f.Name())
	return snap, nil, err
}

// restrict leaves of a snapshot's roots what was asked for.
func restrict(snap *snapshot.Snapshot, args []string) error {
	if len(args) == 0 {
		return nil
	}
	scope, err := integrity.NewScope(snap.Options)
	if err != nil {
		return err
	}
	var roots []snapshot.Path
	for _, a := range args {
		abs, err := filepath.Abs(a)
		if err != nil {
			return err
		}
		if !scope.Holds(abs) {
			return fault.New(fault.Invalid, "%q is not in the snapshot", a).WithHint("make a baseline of it, or leave out --db")
		}
		roots = append(roots, snapshot.Path(abs))
	}
	snap.Options.Roots = roots
	return nil
}

// watchOutput writes what is told: one line each, at once.
type watchOutput struct {
	w    *bufio.Writer
	json bool
	err  error // of a notice, which has nobody to give it to
}

func (o *watchOutput) line(v any) error {
	enc := json.NewEncoder(o.w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return o.w.Flush()
}

func (o *watchOutput) notice(n watch.Notice) {
	var err error
	switch {
	case o.json:
		err = o.line(n)
	case n.Mode != nil:
		_, err = fmt.Fprintf(o.w, "%s: %s (%s)\n", n.Notice, n.Mode.Kind, n.Mode.Detail)
		for _, r := range n.Mode.Refused {
			fmt.Fprintf(o.w, "  not by %s: %s\n", r.Kind, r.Reason)
		}
		for _, l := range n.Mode.Who {
			fmt.Fprintf(o.w, "  who: %s\n", l)
		}
	default:
		_, err = fmt.Fprintf(o.w, "%s: %s\n", n.Notice, n.Reason)
	}
	if err == nil {
		err = o.w.Flush()
	}
	if o.err == nil {
		o.err = err
	}
}

func (o *watchOutput) change(c watch.Change) error {
	if o.err != nil {
		return o.err
	}
	if o.json {
		return o.line(c)
	}
	fmt.Fprintf(o.w, "%s  %-9s  %s", c.Time.Local().Format(time.TimeOnly), c.Change.Change, printable(c.Path, c.Escaped))
	for label, p := range map[string]string{"from": c.From, "with": c.With} {
		if p != "" {
			fmt.Fprintf(o.w, "  %s %s", label, printable(p, strings.ContainsRune(p, '\\')))
		}
	}
	fmt.Fprintf(o.w, "  by %s\n", shortWho(&c.Who))
	return o.w.Flush()
}

func shortWho(w *who.Who) string {
	if why := w.Unknown["process"]; why != "" {
		return "unknown (" + why + ")"
	}
	user, exe := w.User, w.Exe
	if user == "" {
		user = "unknown user"
		if w.UID != nil {
			user = fmt.Sprintf("user %d", *w.UID)
		}
	}
	if w.LoginUser != "" && w.LoginUser != w.User {
		user = w.LoginUser + " as " + user
	}
	if exe == "" {
		exe = "unknown program (" + w.Unknown["exe"] + ")"
	}
	return user + ", " + printable(exe, false)
}
