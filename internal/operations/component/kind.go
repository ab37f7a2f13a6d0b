package component

import "slices"

// Kind is a kind of component.
type Kind string

// The kinds.
const (
	User        Kind = "user"
	Group       Kind = "group"
	SSHKey      Kind = "ssh_key"
	Sudo        Kind = "sudo"
	Port        Kind = "port"
	Unit        Kind = "service"
	Job         Kind = "job"
	Package     Kind = "package"
	Module      Kind = "module"
	Setting     Kind = "setting"
	USB         Kind = "usb"
	Image       Kind = "image"
	Container   Kind = "container"
	Certificate Kind = "certificate"
	SUID        Kind = "suid"
	ContentRoot Kind = "content_root"
	Machine     Kind = "host"
)

// Words says what a kind is.
type Words struct {
	Kind     Kind
	One      string // "account"
	Many     string // "accounts"
	Identity string // what tells one from another
	Severity string // of the check; the deadline follows from it
}

var kinds = []Words{
	{User, "account", "accounts", "name, user id, and whether somebody can log in with it", "high"},
	{Group, "group", "groups", "name and group id; of groups that give rights each member", "high"},
	{SSHKey, "SSH key", "SSH keys", "fingerprint and the account that it opens", "critical"},
	{Sudo, "sudo rule", "sudo rules", "who, on which hosts, as whom, which commands, with or without a password", "critical"},
	{Port, "listening port", "listening ports", "protocol, port, program, and whether only the host itself reaches it", "high"},
	{Unit, "service", "services", "name of the unit, of what starts by itself or runs", "medium"},
	{Job, "scheduled job", "scheduled jobs", "file or timer, account, program and digest of the command", "high"},
	{Package, "package", "packages", "name and package manager, whatever its version", "medium"},
	{Module, "kernel module", "kernel modules", "name", "high"},
	{Setting, "kernel setting", "kernel settings", "name and value, of those that matter to security", "high"},
	{USB, "USB device", "USB devices", "vendor, product and digest of the serial number", "medium"},
	{Image, "container image", "container images", "repository and digest", "high"},
	{Container, "container", "containers", "engine, repository of its image, and what of the host it is given", "high"},
	{Certificate, "certificate", "certificates", "digest of its subject, issuer and kind of key; renewed it is the same", "low"},
	{SUID, "set-id file", "set-id files", "path, mode, owner and group", "critical"},
	{ContentRoot, "content root", "content roots", "directory", "medium"},
	{Machine, "machine on a link", "machines on a link", "hardware address", "medium"},
}

// Kinds gives all kinds in the order in which they are shown.
func Kinds() []Words { return slices.Clone(kinds) }

// About gives a kind's words; ok is false where there is no such kind.
func About(k Kind) (w Words, ok bool) {
	i := slices.IndexFunc(kinds, func(w Words) bool { return w.Kind == k })
	if i < 0 {
		return Words{Kind: k, One: string(k), Many: string(k)}, false
	}
	return kinds[i], true
}
