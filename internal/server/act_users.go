package server

import (
	"cmp"
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/cli"

	"github.com/spf13/cobra"
)

// Users by command: listed, added, disabled, enabled, given another role.

// userCommand is the body of /-/users/do.
type userCommand struct {
	As    string `json:"as"`
	Do    string `json:"do"` // add, disable, enable, role, second
	Login string `json:"login"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role"`
}

// userQuestion is the body of /-/users/list; it changes nothing.
type userQuestion struct{}

// userAnswer is one user as the command line shows them.
type userAnswer struct {
	ID          string      `json:"id"`
	Login       string      `json:"login"`
	Name        string      `json:"name"`
	Email       string      `json:"email,omitempty"`
	Role        access.Role `json:"role"`
	Disabled    bool        `json:"disabled"`
	HasPassword bool        `json:"has_password"`
	LastLogin   time.Time   `json:"last_login,omitzero"`
	LockedUntil time.Time   `json:"locked_until,omitzero"`
	Sessions    int         `json:"sessions"`
	Tokens      int         `json:"tokens"`         // that open something
	Link        string      `json:"link,omitempty"` // of whoever was just added, this once
	LinkEnds    time.Time   `json:"link_ends,omitzero"`
}

func (p *parts) userCommands(mux *doors, control presence) {
	mux.Handle("POST /-/users/list", takes(p, control, func(ctx context.Context, _ userQuestion) (any, error) {
		all, err := p.access.Users(ctx, access.System())
		if err != nil {
			return nil, err
		}
		list := make([]userAnswer, 0, len(all))
		for _, u := range all {
			a, err := p.userAnswer(ctx, u)
			if err != nil {
				return nil, err
			}
			list = append(list, a)
		}
		return list, nil
	}))
	mux.Handle("POST /-/users/do", takes(p, control, func(ctx context.Context, c userCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		if c.Do == "add" {
			return p.addUser(ctx, who, c, control.URL)
		}
		if err := access.Authorise(who, access.UserManage); err != nil {
			return nil, err // before anybody is looked up
		}
		u, err := p.access.Find(ctx, who, c.Login)
		if err != nil {
			return nil, err
		}
		switch c.Do {
		case "disable":
			err = p.access.Disable(ctx, who, u.ID)
		case "enable":
			err = p.access.Enable(ctx, who, u.ID)
		case "second":
			err = p.removeSecond(ctx, who, u)
		case "role":
			err = p.access.SetRole(ctx, who, u.ID, access.Role(c.Role))
		default:
			err = fault.New(fault.Invalid, "%q is nothing that is done to a user", c.Do)
		}
		if err != nil {
			return nil, err
		}
		if u, err = p.access.User(ctx, access.System(), u.ID); err != nil {
			return nil, err
		}
		return p.userAnswer(ctx, u)
	}))
}

// removeSecond takes away all that a user shows beside a password.
func (p *parts) removeSecond(ctx context.Context, who access.Principal, u access.User) error {
	if !u.Passkey.IsZero() {
		if err := p.passkeys.RemoveAll(ctx, who, u.ID); err != nil || u.Second.IsZero() {
			return err
		}
	}
	return p.second.Remove(ctx, who, u.ID)
}

func (p *parts) addUser(ctx context.Context, who access.Principal, c userCommand, address string) (userAnswer, error) {
	u, err := p.access.AddUser(ctx, who, access.NewUser{Login: c.Login, Name: c.Name, Email: c.Email, Role: access.Role(c.Role)})
	if err != nil {
		return userAnswer{}, err
	}
	link, err := p.access.LoginLink(ctx, who, u.ID, access.FirstLogin)
	if err != nil {
		return userAnswer{}, err
	}
	a, err := p.userAnswer(ctx, u)
	a.Link, a.LinkEnds = linkURL(address, link.Token), link.Expires
	return a, err
}

func (p *parts) userAnswer(ctx context.Context, u access.User) (userAnswer, error) {
	a := userAnswer{ID: u.ID, Login: u.Login, Name: u.Name, Email: u.Email, Role: u.Role, Disabled: u.Disabled, HasPassword: u.HasPassword, LastLogin: u.LastLogin, LockedUntil: u.LockedUntil}
	sessions, err := p.access.Sessions(ctx, access.System(), u.ID)
	if err != nil {
		return a, err
	}
	tokens, err := p.access.Tokens(ctx, access.System(), u.ID)
	for _, t := range tokens {
		if t.Usable(p.clock()) {
			a.Tokens++
		}
	}
	a.Sessions = len(sessions)
	return a, err
}

func (a userAnswer) state() string {
	switch {
	case a.Disabled:
		return "disabled"
	case !a.LockedUntil.IsZero():
		return "locked"
	case !a.HasPassword:
		return "no password yet"
	}
	return "enabled"
}

// UsersCommand is `attesta users`.
func UsersCommand() *cobra.Command {
	return cli.Group("users", "Who may log in, and as what", usersList(), usersAdd(),
		usersDo("disable LOGIN", "Disable a user: sessions and links end, tokens open nothing", "disable", 1),
		usersDo("enable LOGIN", "Let a disabled user log in again", "enable", 1),
		usersDo("remove-second-factor LOGIN", "Take away the second factor and the passkeys of a user who lost them", "second", 1),
		usersDo("role LOGIN ROLE", "Give a user another role, in open sessions too", "role", 2))
}

func usersList() *cobra.Command {
	var data string
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List users with role, last login, sessions and tokens", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []userAnswer
			raw, err := tellJSON(cmd.Context(), data, "/-/users/list", userQuestion{}, &all)
			if err != nil {
				return err
			}
			if asJSON {
				return (&acting{json: true}).print(cmd.OutOrStdout(), raw, "")
			}
			zone, err := zoneOf(cmd.Context(), data)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "LOGIN\tNAME\tROLE\tSTATE\tLAST LOGIN\tSESSIONS\tTOKENS")
			for _, u := range all {
				last := "never"
				if !u.LastLogin.IsZero() {
					last = u.LastLogin.In(zone).Format("2006-01-02 15:04")
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\n", u.Login, u.Name, cmp.Or(string(u.Role), "none"), u.state(), last, u.Sessions, u.Tokens)
			}
			return w.Flush()
		}}
	cmd.Flags().StringVar(&data, "data", cli.DefaultData(), "data directory of the running server")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func usersAdd() *cobra.Command {
	var a acting
	c := userCommand{Do: "add"}
	cmd := &cobra.Command{Use: "add LOGIN", Short: "Add a user and print the one-time link by which they come in", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.As, c.Login = a.as, args[0]
			var u userAnswer
			raw, err := tellJSON(cmd.Context(), a.data, "/-/users/do", c, &u)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s is added as %s\nThey log in once by  %s\n                     (works once, until %s)", u.Login, u.Role, u.Link, u.LinkEnds.Local().Format("2 Jan 15:04"))
		}}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.Name, "name", "", "what the user is called (required)")
	f.StringVar(&c.Role, "role", "", "administrator, compliance_manager, responder, contributor, adviser, viewer, training or auditor (required)")
	f.StringVar(&c.Email, "email", "", "mail address; can be typed to log in as well")
	return cmd
}

func usersDo(use, short, do string, args int) *cobra.Command {
	var a acting
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(args),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := userCommand{As: a.as, Do: do, Login: args[0]}
			if do == "role" {
				c.Role = args[1]
			}
			var u userAnswer
			raw, err := tellJSON(cmd.Context(), a.data, "/-/users/do", c, &u)
			if err != nil {
				return err
			}
			return a.print(cmd.OutOrStdout(), raw, "%s: %s, %s", u.Login, cmp.Or(string(u.Role), "none"), u.state())
		}}
	a.flags(cmd)
	return cmd
}
