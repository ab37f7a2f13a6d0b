package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// Target is the deployment that a command changes, and who does it.
type Target struct {
	Data     string // data directory
	Database string // "": the data directory's; for reading
	As       string // login of the user in whose name it is done
}

// Changer asks the server that runs on the data directory for a change. args is
// a struct of this package, content may be nil, answer is filled.
type Changer func(ctx context.Context, t Target, name string, args any, content io.Reader, answer any) error

// flags adds those of a command that only reads.
func (t *Target) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.Data, "data", DefaultData(), "data directory")
	f.StringVar(&t.Database, "database", "", "database: sqlite:PATH or postgres://… (default the data directory's)")
}

// acts adds the flags of a command that changes something. The server that runs
// does it, in the name of a user.
func (t *Target) acts(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.Data, "data", DefaultData(), "data directory of the running server")
	f.StringVar(&t.As, "as", "", "login of the user in whose name this is done (required)")
	if err := cmd.MarkFlagRequired("as"); err != nil {
		panic("cli: " + err.Error()) // the flag stands two lines above
	}
}

// The changes that there are, by name, with what they take and give.
const (
	ChangeInstall = "standard.install" // content: a zip of the pack
	ChangeApprove = "standard.approve"
	ChangeTailor  = "standard.tailor"
	ChangeTier    = "standard.tier"
)

// ApproveArgs approves a standard as it is.
type ApproveArgs struct {
	Standard     string `json:"standard"` // id
	Digest       string `json:"digest"`   // what was read: another one is not approved
	Compensation string `json:"compensation,omitempty"`
}

// TailorArgs tailors a check; Values are as a person writes them.
type TailorArgs struct {
	Check    string            `json:"check"`
	Exclude  bool              `json:"exclude,omitempty"`
	Severity string            `json:"severity,omitempty"`
	Values   map[string]string `json:"values,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Preview  bool              `json:"preview,omitempty"`
}

// TailorAnswer is what a tailoring changes.
type TailorAnswer struct {
	Check  string        `json:"check"`
	Stored bool          `json:"stored"`           // false: a preview
	Fields []ChangedText `json:"fields"`           // what the check says otherwise
	Effect []TrialCounts `json:"effect,omitempty"` // of a preview: hosts by outcome
	Draft  bool          `json:"draft"`            // the standard is a draft now, or would be
}

// ChangedText is one field before and after.
type ChangedText struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// TrialCounts is an attribute's hosts by outcome, before and after.
type TrialCounts struct {
	Attribute string           `json:"attribute"`
	Before    map[string]int64 `json:"before,omitempty"`
	After     map[string]int64 `json:"after,omitempty"`
}

// TierArgs says up to which tier findings are opened.
type TierArgs struct {
	Pack   string `json:"pack"`
	Tier   string `json:"tier"`
	Reason string `json:"reason,omitempty"`
}

// StandardAnswer is a standard after a change.
type StandardAnswer struct {
	ID       string `json:"id"`
	Pack     string `json:"pack"`
	Version  string `json:"version"`
	Digest   string `json:"digest"`
	Approved bool   `json:"approved"`
	Tier     string `json:"tier"`
	Checks   int    `json:"checks"`
}
