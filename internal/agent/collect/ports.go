package collect

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"github.com/attesta/attesta/internal/agent/collect/sockets"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func readPorts(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	open, err := sockets.List(root)
	if errors.Is(err, fs.ErrNotExist) {
		rep.notObserved("/listening", "no /proc/net here: what listens cannot be known")
		return rep.section("ports", facts.Ports{})
	}
	if err != nil {
		rep.failed("/listening", err)
		return rep.section("ports", facts.Ports{})
	}
	holders, denied, err := sockets.Holders(ctx, root, open)
	if ctx.Err() != nil {
		return facts.Section{}, ctx.Err()
	}
	if err != nil { // no /proc to look through: the sockets are known all the same
		holders, denied = nil, true
	}
	list, unknown, err := listening(root, open, holders, denied)
	if err != nil {
		rep.failed("/listening", err)
		return rep.section("ports", facts.Ports{})
	}
	for _, i := range unknown {
		p := "/listening/" + strconv.Itoa(i) + "/process"
		switch {
		case !root.Live():
			rep.notObserved(p, tree.NotLive)
		case os.Geteuid() != 0:
			rep.add(p, facts.Error, needsRoot+": the process of another user's socket")
		default:
			rep.add(p, facts.Error, "the processes that may hold it could not be looked at")
		}
	}
	return rep.section("ports", facts.Ports{Listening: list})
}

// listening gives the sockets sorted, those that look the same once, and the
// indexes of those whose process is unknown. A socket that nobody holds has
// an empty process, unless some process could not be looked at.
func listening(root Root, open []sockets.Socket, holders map[uint64]string, denied bool) (list []facts.Socket, unknown []int, err error) {
	slices.SortFunc(open, func(a, b sockets.Socket) int {
		return cmp.Or(cmp.Compare(a.Proto, b.Proto), a.Address.Compare(b.Address), cmp.Compare(a.Port, b.Port), cmp.Compare(a.UID, b.UID), cmp.Compare(holders[a.Inode], holders[b.Inode]), cmp.Compare(a.Inode, b.Inode))
	})
	users := names{root: root, file: "/etc/passwd"}
	list = []facts.Socket{}
	for i, s := range open {
		process, held := holders[s.Inode]
		if i > 0 {
			before := open[i-1]
			was, wasHeld := holders[before.Inode]
			if before.Inode = s.Inode; before == s && was == process && wasHeld == held {
				continue // several sockets share the port
			}
		}
		user, err := users.of(int64(s.UID))
		if err != nil {
			return nil, nil, err
		}
		out := facts.Socket{Proto: s.Proto, Address: s.Address.String(), Port: int64(s.Port), Loopback: s.Address.Unmap().IsLoopback(), UID: int64(s.UID), User: user}
		if held || !denied {
			out.Process = new(process)
		} else {
			unknown = append(unknown, len(list))
		}
		list = append(list, out)
	}
	return list, unknown, nil
}
