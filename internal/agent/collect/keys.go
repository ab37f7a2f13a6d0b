package collect

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/sshkeys"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// readSSHKeys looks at the accounts that can log in.
func readSSHKeys(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	v := facts.SshKeys{HostTrust: []string{}}
	for _, p := range []string{"/etc/hosts.equiv", "/etc/ssh/shosts.equiv"} {
		st, err := root.Stat(p)
		if tree.IgnoreGone(err) != nil {
			rep.failed("/host_trust", err)
			v.HostTrust = nil
			break
		}
		if err == nil && st.Size() > 0 {
			v.HostTrust = append(v.HostTrust, p)
		}
	}
	patterns, err := authorizedKeysFiles(root)
	if err != nil {
		rep.failed("/accounts", err)
		return rep.section("ssh_keys", v)
	}
	defs, _ := loginDefs(root) // only UID_MIN, which plays no part here; section users says what is wrong
	accounts, err := readPasswd(root, uidMin(defs))
	if !rep.unless("/accounts", err, "no /etc/passwd") {
		return rep.section("ssh_keys", v)
	}
	mounts, err := runningMounts(root)
	if err != nil {
		mounts = nil // section mounts says why; without it every home counts as local
	}
	v.Accounts = []facts.KeyAccount{}
	for _, a := range accounts {
		if ctx.Err() != nil {
			return facts.Section{}, ctx.Err()
		}
		if !a.Login || a.Home == "" || a.Name[0] == '+' || a.Name[0] == '-' {
			continue
		}
		at := "/accounts/" + strconv.Itoa(len(v.Accounts))
		if m, ok := holder(mounts, a.Home); ok && remote(m.Fstype) {
			rep.notObserved(at, "%s lies on a network file system (%s) and is left alone", a.Home, m.Fstype)
			v.Accounts = append(v.Accounts, facts.KeyAccount{Name: a.Name, UID: a.UID})
			continue
		}
		v.Accounts = append(v.Accounts, sshkeys.Account(root, a, patterns, at, &rep.List))
	}
	return rep.section("ssh_keys", v)
}

// authorizedKeysFiles gives the patterns of AuthorizedKeysFile, outside of
// Match blocks.
func authorizedKeysFiles(root Root) ([]string, error) {
	conf, err := readSSHDFiles(root)
	if errors.Is(err, fs.ErrNotExist) {
		return sshkeys.Usual, nil
	}
	if err != nil {
		return nil, err
	}
	if s, set := conf.settings["authorizedkeysfile"]; set {
		return strings.Fields(s.Value), nil
	}
	return sshkeys.Usual, nil
}
