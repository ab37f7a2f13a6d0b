package collect

import (
	"github.com/attesta/attesta/internal/agent/collect/sudoers"
	"github.com/attesta/attesta/internal/facts"
)

func readSudo(root Root, rep *report) *facts.UsersSudo {
	installed := root.There("/usr/bin/sudo") || root.There("/bin/sudo") || root.There("/usr/local/bin/sudo")
	out := &facts.UsersSudo{Installed: &installed}
	if !installed {
		rep.absent("/sudo", "sudo is not installed: no /usr/bin/sudo")
		return out
	}
	p, err := sudoers.Read(root)
	if err != nil {
		rep.unless("/sudo", err, "no %s", sudoers.File)
		return out
	}
	usePty, logfile, nopasswd, noauth := false, "", false, false
	for _, r := range p.Rules {
		nopasswd = nopasswd || r.Nopasswd
	}
	for _, d := range p.Defaults {
		switch {
		case d.Name == "authenticate" && d.Negated:
			noauth = true
		case d.Scope != "":
		case d.Name == "use_pty":
			usePty = !d.Negated
		case d.Name == "logfile":
			logfile = d.Value
		}
	}
	out.Rules, out.Defaults, out.Includes = p.Rules, p.Defaults, p.Includes
	out.UsePty, out.Logfile, out.Nopasswd, out.Noauthenticate = &usePty, &logfile, &nopasswd, &noauth
	return out
}
