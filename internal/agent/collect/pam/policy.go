package pam

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// moduleDirs are where modules lie, as patterns.
var moduleDirs = [...]string{"/usr/lib/*/security", "/lib/*/security", "/usr/lib/security", "/usr/lib64/security", "/lib/security", "/lib64/security"}

func (r *reader) moduleThere(names ...string) (bool, error) {
	for _, pattern := range moduleDirs {
		found, err := r.root.Glob(pattern) // once for all names: /usr/lib has many directories
		if err != nil {
			return false, err
		}
		for _, dir := range found {
			for _, n := range names {
				_, err := r.root.Lstat(path.Join(dir, n))
				if err == nil || !tree.Gone(err) {
					return err == nil, err
				}
			}
		}
	}
	return false, nil
}

var testers = []string{"pam_pwquality.so", "pam_passwdqc.so", "pam_cracklib.so"}

const qualityConf = "/etc/security/pwquality.conf"

func (r *reader) quality() *facts.PamQuality {
	q := &facts.PamQuality{}
	there, err := r.moduleThere(testers...)
	if err != nil {
		r.gaps.Failed("/quality/installed", err)
	} else {
		q.Installed = &there
	}
	module, rules := "", []facts.PamRule(nil)
	for _, s := range r.changes() {
		for _, rule := range r.services[s].Rules {
			if rule.Facility == "password" && slices.Contains(testers, rule.Module) {
				module = rule.Module
			}
		}
		rules = r.rules(s, "password", module)
	}
	q.Active, q.Module = new(module != ""), new(strings.TrimSuffix(module, ".so"))
	switch module {
	case "":
		r.gaps.Absent("/quality", "no module tests new passwords")
		return q
	case "pam_passwdqc.so":
		r.gaps.NotObserved("/quality", "pam_passwdqc measures passwords in its own way")
		return q
	}
	if err := r.qualitySettings(q, module, rules); err != nil {
		r.gaps.Failed("/quality", err)
		return &facts.PamQuality{Installed: q.Installed, Active: q.Active, Module: q.Module}
	}
	return q
}

func (r *reader) qualitySettings(q *facts.PamQuality, module string, rules []facts.PamRule) error {
	s := settings{}
	minlen, difok := int64(9), int64(5) // pam_cracklib's own
	if module == "pam_pwquality.so" {
		minlen, difok = 8, 1
		files, err := r.root.Glob(qualityConf + ".d/*.conf")
		if err != nil {
			return err
		}
		for _, file := range append(files, qualityConf) { // the main file is read last
			if err := s.add(r.root, file); err != nil {
				return err
			}
		}
	}
	s = s.with(rules)
	errs := []error{}
	take := func(to **int64, name string, without int64) {
		n, err := s.number(name, without)
		errs = append(errs, err)
		*to = &n
	}
	take(&q.Minlen, "minlen", minlen)
	take(&q.Minclass, "minclass", 0)
	take(&q.Dcredit, "dcredit", 0)
	take(&q.Ucredit, "ucredit", 0)
	take(&q.Lcredit, "lcredit", 0)
	take(&q.Ocredit, "ocredit", 0)
	take(&q.Difok, "difok", difok)
	take(&q.Maxrepeat, "maxrepeat", 0)
	take(&q.Maxsequence, "maxsequence", 0)
	var dict, enforcing *int64
	take(&dict, "dictcheck", 1)
	take(&enforcing, "enforcing", 1)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	q.Dictcheck, q.Enforcing, q.EnforceForRoot = new(*dict != 0), new(*enforcing != 0), new(s.on("enforce_for_root"))
	if module == "pam_pwquality.so" {
		*q.Minlen = max(*q.Minlen, 6) // the library takes nothing lower
	}
	classes := int64(0)
	for _, credit := range []*int64{q.Dcredit, q.Ucredit, q.Lcredit, q.Ocredit} {
		if *credit < 0 {
			classes++
		}
	}
	*q.Minclass = max(*q.Minclass, classes)
	return nil
}

// counters lock accounts, today's first.
var counters = []string{"pam_faillock.so", "pam_tally2.so", "pam_tally.so"}

func (r *reader) lockout() *facts.PamLockout {
	logins := r.logins()
	l := &facts.PamLockout{Active: new(false), Module: new("")}
	for _, module := range counters {
		all := len(logins) > 0
		for _, s := range logins {
			rules := r.rules(s, "auth", module)
			all = all && len(rules) > 0 && (module != "pam_faillock.so" || flag(rules, "preauth") && flag(rules, "authfail"))
		}
		if all {
			l.Active, l.Module = &all, new(strings.TrimSuffix(module, ".so"))
			break
		}
	}
	if !*l.Active {
		r.gaps.Absent("/lockout", "no module counts failed logins in each of %s", strings.Join(logins, ", "))
		return l
	}
	file, err := settings{}, error(nil)
	deny, unlock, within := int64(0), int64(0), int64(0) // of pam_tally and pam_tally2
	if *l.Module == "pam_faillock" {
		deny, unlock, within = 3, 600, 900
		err = file.add(r.root, "/etc/security/faillock.conf")
	}
	for i, service := range logins {
		rules := r.rules(service, "auth", *l.Module+".so")
		s := file.with(rules)
		d, err1 := s.number("deny", deny)
		u, err2 := s.number("unlock_time", unlock)
		w, err3 := s.number("fail_interval", within)
		root := s.on("even_deny_root")
		if err = errors.Join(err, err1, err2, err3); err != nil {
			break
		}
		if i == 0 {
			l.Deny, l.UnlockTime, l.FailInterval, l.EvenDenyRoot = &d, &u, &w, &root
			continue
		}
		// the weaker of both: 0 is no lock, and a lock for ever
		if d == 0 || *l.Deny == 0 {
			*l.Deny = 0
		} else {
			*l.Deny = max(*l.Deny, d)
		}
		if *l.UnlockTime == 0 || u != 0 && u < *l.UnlockTime {
			*l.UnlockTime = u
		}
		*l.FailInterval, *l.EvenDenyRoot = min(*l.FailInterval, w), *l.EvenDenyRoot && root
	}
	if err != nil {
		r.gaps.Failed("/lockout", err)
		return &facts.PamLockout{Active: l.Active, Module: l.Module}
	}
	if *l.Module != "pam_faillock" {
		l.FailInterval = nil
		r.gaps.Absent("/lockout/fail_interval", "%s counts without a limit of time", *l.Module)
	}
	return l
}

func (r *reader) history() *facts.PamHistory {
	h := &facts.PamHistory{Active: new(false)}
	var keeper, unix []facts.PamRule
	for _, s := range r.changes() {
		keeper, unix = r.rules(s, "password", "pam_pwhistory.so"), r.rules(s, "password", "pam_unix.so", "pam_unix2.so")
	}
	s, without, err := settings{}, int64(10), error(nil)
	switch _, remembered := argument(unix, "remember"); {
	case len(keeper) > 0:
		err = s.add(r.root, "/etc/security/pwhistory.conf")
		s = s.with(keeper)
	case remembered:
		s, without = s.with(unix), 0
	default:
		r.gaps.Absent("/history", "no old passwords are kept")
		return h
	}
	n, errN := s.number("remember", without)
	if err = errors.Join(err, errN); err != nil {
		r.gaps.Failed("/history", err)
		return &facts.PamHistory{}
	}
	h.Active, h.Remember, h.EnforceForRoot = new(n > 0), &n, new(s.on("enforce_for_root"))
	return h
}

var hashes = []string{"yescrypt", "gost_yescrypt", "sha512", "sha256", "blowfish", "md5", "bigcrypt"}

func (r *reader) unix() *facts.PamUnix {
	u := &facts.PamUnix{Nullok: new(false)}
	for _, s := range r.logins() {
		rules := r.rules(s, "auth", "pam_unix.so", "pam_unix2.so")
		*u.Nullok = *u.Nullok || flag(rules, "nullok") || flag(rules, "nullok_secure")
	}
	var rules []facts.PamRule
	for _, s := range r.changes() {
		rules = r.rules(s, "password", "pam_unix.so", "pam_unix2.so")
	}
	if len(rules) == 0 {
		r.gaps.Absent("/unix/hash", "pam_unix.so sets no passwords here")
		return u
	}
	u.Hash = new("")
	for _, rule := range rules {
		for _, a := range rule.Arguments {
			if slices.Contains(hashes, a) {
				u.Hash = &a
			}
		}
	}
	if *u.Hash != "" {
		return u
	}
	err := r.root.Lines("/etc/login.defs", func(_ int, line string) error {
		if name, value := tree.CutSpace(strings.TrimSpace(line)); name == "ENCRYPT_METHOD" {
			*u.Hash = strings.ToLower(tree.Unquote(value))
		}
		return nil
	})
	if tree.IgnoreGone(err) != nil {
		r.gaps.Failed("/unix/hash", err)
		u.Hash = nil
	}
	return u
}

func (r *reader) su() *facts.PamSu {
	if _, there := r.services["su"]; !there {
		r.gaps.Absent("/su", "there is no service su")
		return nil
	}
	s := &facts.PamSu{Wheel: new(false), Group: new("")}
	for _, rule := range r.rules("su", "auth", "pam_wheel.so") {
		one := []facts.PamRule{rule}
		if c := strings.ToLower(rule.Control); (c == "required" || c == "requisite") && !flag(one, "trust") && !flag(one, "deny") {
			group, _ := argument(one, "group")
			s.Wheel, s.Group = new(true), &group
		}
	}
	return s
}

var secondFactors = []string{"pam_google_authenticator.so", "pam_oath.so", "pam_u2f.so", "pam_duo.so", "pam_yubico.so", "pam_radius_auth.so", "pam_radius.so"}

func (r *reader) mfa() []string {
	out := []string{}
	for _, rule := range r.rules("sshd", "auth", secondFactors...) {
		out = append(out, strings.TrimSuffix(rule.Module, ".so"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
