package present

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof/permit"
)

// Whom a token is presented for.
type Whom bool

// This process, or the one that started it.
const (
	This   Whom = false
	Parent Whom = true
)

// Present presents a token to the agent with this state directory.
func Present(state, token string, whom Whom) (Presented, error) {
	if _, err := permit.Form(token); err != nil {
		return Presented{}, err
	}
	name := filepath.Join(state, socketName)
	c, err := net.DialTimeout("unix", name, patience)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return Presented{}, fault.Wrap(fault.Forbidden, err, "%s may not be used", name).WithHint("present a token as root")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return Presented{}, fault.Wrap(fault.Unavailable, err, "no agent listens on %s", name).WithHint("is attesta-agent running and watching files? --state names its directory")
	case err != nil:
		return Presented{}, fault.Wrap(fault.Unavailable, err, "%s cannot be reached", name)
	}
	defer c.Close() // what was asked is answered by then
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return Presented{}, err
	}
	b, err := json.Marshal(request{Token: token, Parent: bool(whom)})
	if err != nil {
		return Presented{}, err
	}
	if _, err := c.Write(append(b, '\n')); err != nil {
		return Presented{}, fault.Wrap(fault.Unavailable, err, "the agent does not take the token")
	}
	var r reply
	line, err := bufio.NewReader(io.LimitReader(c, 2*maxMessage)).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	switch {
	case err != nil:
		return Presented{}, fault.Wrap(fault.Unavailable, err, "the agent gives no answer")
	case r.Refused != "":
		return Presented{}, fault.New(fault.Refused, "the agent refuses the token: %s", r.Refused)
	case r.Presented == nil:
		return Presented{}, fault.New(fault.Unavailable, "the agent gives no answer")
	}
	return *r.Presented, nil
}
