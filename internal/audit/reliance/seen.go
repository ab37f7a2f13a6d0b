package reliance

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// seen says what the program sees of itself now: as whom it runs, as whom the
// database knows it, whose the data directory is.
func (s *Service) seen(ctx context.Context) ([]Seen, error) {
	list := []Seen{{What: "Program", Value: s.cfg.Version}, {What: "Runs as", Value: named(uint32(os.Geteuid())), Bad: os.Geteuid() == 0}}
	if s.cfg.DB.Dialect == database.Postgres {
		name, err := databaseUser(ctx, s.cfg.DB.Reader())
		if err != nil {
			return nil, err
		}
		list = append(list, Seen{What: "Database", Value: "PostgreSQL, as the user " + name})
	} else {
		list = append(list, Seen{What: "Database", Value: "SQLite, a file in the data directory: whoever reads the directory reads it"})
	}
	st, err := os.Stat(s.cfg.Data)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the data directory cannot be looked at: %v", err)
	}
	mode := fmt.Sprintf("mode %04o", st.Mode().Perm())
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		mode += ", owner " + named(sys.Uid)
	}
	return append(list, Seen{What: "Data directory", Value: mode, Bad: st.Mode().Perm()&0o077 != 0}), nil
}

// named gives a user's name on this machine, or its number.
func named(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username + " (" + id + ")"
	}
	return "user " + id
}

func proves() []string {
	return []string{
		"No entry was changed, dropped, reordered or inserted at or before a checkpoint that somebody outside holds: 'attesta-verify' computes every hash itself.",
		"Every table in a package agrees with the entry that commits to it; a row that does not is refused.",
		"Each source's messages are numbered: one that is missing inside the log shows as a hole.",
		"A restore shows as a new epoch, and what a kept checkpoint covers beyond it shows as lost.",
	}
}

func provesNot() []string {
	return []string{
		"That what a source sent is true: whoever has root on a host can make its agent say something else.",
		"That every system has a source. Reconcile the populations with a list that somebody else keeps.",
		"Anything after the newest checkpoint that somebody outside holds. Until one is held outside, whoever owns this machine and its key could replace the whole ledger.",
		"Who sat at the keyboard: an entry names the account.",
	}
}

func yours() []string {
	return []string{
		"Limit who reaches the machine, the database and the keys, and review it; declare it here each year.",
		"Hand the current checkpoint to somebody outside regularly, at the latest when a window ends.",
		"Keep backups on another machine, and try a restore.",
		"Take leavers' accounts away, and require a second factor of administrators.",
		"Take the verifier from a public release, never from this server.",
	}
}
