package server

import (
	"context"
	"net"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// listen takes an address. A port that is taken gives kind Conflict, or with
// other any free port of the same host.
func listen(ctx context.Context, address string, other bool, flag string) (net.Listener, error) {
	hostName, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%q is no HOST:PORT", address).At("", 0, strings.TrimPrefix(flag, "--")).WithHint("write localhost:7373, or 0.0.0.0:7373 for every address of this host")
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil && other {
		l, err = lc.Listen(ctx, "tcp", net.JoinHostPort(hostName, "0"))
	}
	if err != nil {
		return nil, fault.Wrap(fault.Conflict, err, "%s cannot be listened on", address).WithHint("name another one with %s", flag)
	}
	return l, nil
}
