package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Quiet is how long nothing may come before what comes next is another group of
// unexplained changes; Longest how long one lasts at most.
const (
	Quiet   = 2 * time.Minute
	Longest = time.Hour
)

// Cause is what the changes of a group have in common.
type Cause struct {
	Key     string // equal for what belongs together on one host
	Windows bool   // only what comes within Quiet of each other belongs together
}

// CauseOf gives the cause of a change by its verdict.
func CauseOf(c *Change, v Verdict) Cause {
	key := func(parts ...string) string {
		sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
		return parts[0] + ":" + hex.EncodeToString(sum[:12])
	}
	switch v.Kind {
	case ByPackage:
		return Cause{Key: key("package", c.Package.Manager, c.Package.Transaction)}
	case ByTicket:
		return Cause{Key: key("ticket", v.Evidence.Token)}
	case ByManagement:
		return Cause{Key: key("run", v.Evidence.Token)}
	case Reverts:
		return Cause{Key: key("reverts", session(c), login(c)), Windows: true}
	}
	if v.Exceeded {
		return Cause{Key: key("exceeded", v.Evidence.Token, session(c), login(c)), Windows: true}
	}
	if c.Package != nil {
		return Cause{Key: key("unexplained", c.Package.Manager, c.Package.Transaction, Program(c), login(c)), Windows: true}
	}
	return Cause{Key: key("unexplained", Program(c), session(c), login(c)), Windows: true}
}

// Fits reports whether a moment belongs to a stretch of changes.
func (x Cause) Fits(at, first, last time.Time) bool {
	if !x.Windows {
		return true
	}
	if at.Before(first) {
		return first.Sub(at) <= Quiet && last.Sub(at) <= Longest
	}
	return at.Sub(last) <= Quiet && at.Sub(first) <= Longest
}

func session(c *Change) string {
	if c.Who == nil {
		return ""
	}
	return strings.Join([]string{c.Who.SSH, c.Who.Terminal, c.Who.Container}, "\x01")
}

func login(c *Change) string {
	if c.Who == nil {
		return "?"
	}
	return Login(c) + "\x01" + User(c)
}

// Login gives who had logged in where the change came from; "" for nobody known.
func Login(c *Change) string {
	if c.Who == nil {
		return ""
	}
	return c.Who.LoginUser
}

// User gives as whom it was done; "" for nobody known.
func User(c *Change) string {
	if c.Who == nil {
		return ""
	}
	return c.Who.User
}

// Program gives what did it; "" for nobody known.
func Program(c *Change) string {
	if c.Who == nil {
		return ""
	}
	return c.Who.Exe
}
