// Code generated from registry.yaml by internal/facts/gen. DO NOT EDIT.

package facts

// Setting: One setting as a configuration file gives it, with where.
type Setting struct {
	File  string `json:"file"`  // File that has the last or winning word.
	Line  int64  `json:"line"`  // Line in that file, from 1.
	Value string `json:"value"` // The value as written, without quotes.
}

// Package: One installed package.
type Package struct {
	Arch          string `json:"arch"`           // Architecture: amd64, x86_64, all, noarch.
	Manager       string `json:"manager"`        // dpkg, rpm or apk.
	Name          string `json:"name"`           // Name as the package manager gives it.
	Source        string `json:"source"`         // Source package that it was built from; its own name where the database names none.
	SourceVersion string `json:"source_version"` // Version of the source package.
	Version       string `json:"version"`        // Full version: epoch, version and revision.
}

// Account: One line of the account database /etc/passwd.
type Account struct {
	GID      int64  `json:"gid"`      // Numeric id of the primary group.
	Home     string `json:"home"`     // Home directory.
	Login    bool   `json:"login"`    // True when the shell lets somebody log in: not nologin, false, sync, shutdown, halt.
	Name     string `json:"name"`     // Account name.
	Shadowed bool   `json:"shadowed"` // True when the password field says x, so that the password is in the shadow file.
	Shell    string `json:"shell"`    // Login shell; empty means /bin/sh.
	System   bool   `json:"system"`   // True for accounts that are not for people: uid below UID_MIN of login.defs, or nobody (65534).
	UID      int64  `json:"uid"`      // Numeric user id.
}

// Password: What the shadow file says about one account. A hash never leaves the host.
type Password struct {
	Algorithm     string `json:"algorithm"`       // How the password is hashed: yescrypt, gost-yescrypt, scrypt, sha512, sha256, bcrypt, md5, des, bsdi, sunmd5, unknown; empty when there is no hash. A locked account may still have one.
	ExpireDay     int64  `json:"expire_day"`      // Day on which the account expires, -1 when never.
	InactiveDays  int64  `json:"inactive_days"`   // Days of grace after expiry, -1 when not set.
	LastChangeDay int64  `json:"last_change_day"` // Day of the last change; 0 means must be changed at next login, -1 not recorded.
	MaxDays       int64  `json:"max_days"`        // Maximum age, -1 when not set.
	MinDays       int64  `json:"min_days"`        // Minimum age, -1 when not set.
	Name          string `json:"name"`            // Account name.
	State         string `json:"state"`           // empty (no password is asked), hashed (a password can match), locked (starts with !), none (* or another text that no password matches).
	WarnDays      int64  `json:"warn_days"`       // Warning before expiry, -1 when not set.
}

// Home: Home directory of an account that can log in.
type Home struct {
	AuthorizedKeys *int64  `json:"authorized_keys,omitzero"` // Number of keys in .ssh/authorized_keys and authorized_keys2.
	Exists         *bool   `json:"exists,omitzero"`          // True when it is a directory.
	Forward        *bool   `json:"forward,omitzero"`         // True when there is a .forward.
	GID            *int64  `json:"gid,omitzero"`             // Group.
	Mode           *int64  `json:"mode,omitzero"`            // Permission bits with set-id and sticky bits, as a number: 488 is 0750.
	ModeOctal      *string `json:"mode_octal,omitzero"`      // The same as text: "0750".
	Name           string  `json:"name"`                     // Account name.
	Netrc          *bool   `json:"netrc,omitzero"`           // True when there is a .netrc.
	Path           string  `json:"path"`                     // Home directory.
	Rhosts         *bool   `json:"rhosts,omitzero"`          // True when there is a .rhosts.
	UID            *int64  `json:"uid,omitzero"`             // Owner.
}

// Group: One line of /etc/group.
type Group struct {
	GID     int64    `json:"gid"`     // Numeric group id.
	Members []string `json:"members"` // Members named in the line, sorted; those by primary group are not repeated.
	Name    string   `json:"name"`    // Group name.
}

// SudoRule: One user specification of sudoers.
type SudoRule struct {
	Commands []string `json:"commands"` // Commands as written.
	File     string   `json:"file"`     // File.
	Hosts    string   `json:"hosts"`    // Host list as written.
	Line     int64    `json:"line"`     // Line in the file.
	Noexec   bool     `json:"noexec"`   // True when NOEXEC holds for every command.
	Nopasswd bool     `json:"nopasswd"` // True when NOPASSWD holds for at least one command.
	Runas    string   `json:"runas"`    // Run-as list as written; empty means root.
	Who      string   `json:"who"`      // User, %group, #uid or alias that the rule is for.
}

// SudoDefault: One Defaults setting of sudoers.
type SudoDefault struct {
	File    string `json:"file"`    // File.
	Line    int64  `json:"line"`    // Line in the file.
	Name    string `json:"name"`    // Setting, such as use_pty or logfile.
	Negated bool   `json:"negated"` // True when written with !.
	Scope   string `json:"scope"`   // Empty for everybody; else :user, @host, >runas or !command as written.
	Value   string `json:"value"`   // Value; empty for a switch.
}

// SearchDir: One directory of root's search path.
type SearchDir struct {
	Exists      *bool   `json:"exists,omitzero"`       // True when it is a directory.
	ModeOctal   *string `json:"mode_octal,omitzero"`   // Permission bits as text.
	OthersWrite *bool   `json:"others_write,omitzero"` // True when group (other than root's) or others may write.
	Path        string  `json:"path"`                  // Directory as written; empty or . means the current directory.
	UID         *int64  `json:"uid,omitzero"`          // Owner.
}

// PamRule: One line of a PAM stack, after includes.
type PamRule struct {
	Arguments []string `json:"arguments"` // Arguments in their order; values of those whose name says password, secret, key or token are left out.
	Control   string   `json:"control"`   // As written: required, sufficient, [success=1 default=ignore]; of a line that a substack brought in, its own.
	Facility  string   `json:"facility"`  // auth, account, password or session.
	File      string   `json:"file"`      // File that the line stands in.
	Line      int64    `json:"line"`      // Line in that file.
	Module    string   `json:"module"`    // Module without its directory: pam_unix.so.
}

// PamService: What a program that names this service to PAM goes through.
type PamService struct {
	File  string    `json:"file"`  // Its file.
	Name  string    `json:"name"`  // Service: login, sshd, passwd.
	Rules []PamRule `json:"rules"` // Its lines in their order, with those of included files in the place of the include.
}

// Limit: One line of limits.conf(5).
type Limit struct {
	Domain string `json:"domain"` // User, @group, *, % or a range, as written.
	File   string `json:"file"`   // File.
	Item   string `json:"item"`   // core, nofile, maxlogins.
	Kind   string `json:"kind"`   // soft, hard or - (both).
	Line   int64  `json:"line"`   // Line in the file.
	Value  string `json:"value"`  // As written.
}

// AuthorizedKey: One key that may log in to an account. Comments are not read out, they name people.
type AuthorizedKey struct {
	Bits        int64    `json:"bits"`        // Length of the key; 0 where the type does not tell.
	File        string   `json:"file"`        // File.
	Fingerprint string   `json:"fingerprint"` // SHA256:… as ssh-keygen -l prints it.
	Line        int64    `json:"line"`        // Line in the file.
	Options     []string `json:"options"`     // Names of its options in their order, without values: restrict, command, from.
	Type        string   `json:"type"`        // ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256 and others.
}

// KeyFile: A file or directory that decides how an account logs in over SSH.
type KeyFile struct {
	Encrypted *bool  `json:"encrypted,omitzero"` // Of a private key: true when a passphrase protects it; of other files absent.
	GID       int64  `json:"gid"`                // Group.
	Kind      string `json:"kind"`               // directory (.ssh itself), authorized_keys, private, public, known_hosts, config, other.
	Mode      int64  `json:"mode"`               // Permission bits as a number.
	ModeOctal string `json:"mode_octal"`         // The same as text.
	Path      string `json:"path"`               // File.
	UID       int64  `json:"uid"`                // Owner.
}

// KeyAccount: How one account that can log in is reached over SSH.
type KeyAccount struct {
	Authorized []AuthorizedKey `json:"authorized,omitzero"` // Keys that may log in to it.
	Files      []KeyFile       `json:"files,omitzero"`      // Its .ssh directory and what lies in there, and its authorized_keys files wherever they are; at most 200.
	Name       string          `json:"name"`                // Account.
	Shosts     *bool           `json:"shosts,omitzero"`     // True when there is a .shosts.
	UID        int64           `json:"uid"`                 // Its user id.
}

// Executable: One program that runs, however many processes run it.
type Executable struct {
	Container string  `json:"container"`        // Whose container it runs in, as its control group says: docker, podman, kubernetes, lxc, systemd-nspawn, containerd; empty for the host's own.
	Count     int64   `json:"count"`            // Processes, rounded up to a power of two: 1, 2, 4, 8.
	Deleted   *bool   `json:"deleted,omitzero"` // True when the file was removed or replaced since it was started: it runs code that is on no disk any more.
	Name      string  `json:"name"`             // Name of the processes, as the kernel keeps it (15 bytes).
	Path      *string `json:"path,omitzero"`    // File that is executed, as its mount namespace names it.
	Sha256    *string `json:"sha256,omitzero"`  // SHA-256 of that very file in hex.
	UID       int64   `json:"uid"`              // Effective user id.
	User      string  `json:"user"`             // That user's name; empty when the id has none.
}

// KernelModule: One module of the running kernel.
type KernelModule struct {
	InUse  bool     `json:"in_use"`  // True when something holds it. How many do is left out: that changes all the time.
	Name   string   `json:"name"`    // Name with underscores, as the kernel writes it.
	Size   int64    `json:"size"`    // Memory it takes.
	UsedBy []string `json:"used_by"` // Modules that need it, sorted.
}

// ModprobeRule: One line of modprobe.d(5) that keeps a module from being loaded, or runs something in its place.
type ModprobeRule struct {
	Command string `json:"command"` // First word of what an install line runs; empty of a blacklist.
	File    string `json:"file"`    // File.
	Kind    string `json:"kind"`    // blacklist or install.
	Line    int64  `json:"line"`    // Line in the file.
	Module  string `json:"module"`  // Module or alias, as written.
}

// ModuleState: Whether one module that a standard asks about is there and can be loaded.
type ModuleState struct {
	Available   *bool   `json:"available,omitzero"`   // True when the running kernel has a file of it that could be loaded.
	Blacklisted *bool   `json:"blacklisted,omitzero"` // True when it is not loaded by itself; by name it still can be.
	Blocked     *bool   `json:"blocked,omitzero"`     // True when an install line runs true or false in its place, so that modprobe loads it not even by name.
	By          *string `json:"by,omitzero"`          // File and line that blocks it, else that blacklists it; empty when none does.
	Loaded      *bool   `json:"loaded,omitzero"`      // True when the running kernel has it, as a module or built in.
	Name        string  `json:"name"`                 // Name as modprobe takes it: usb-storage.
}

// CronJob: One job that starts by the clock. Commands may hold passwords, so only the program and a digest are read out.
type CronJob struct {
	CommandDigest string `json:"command_digest"` // First 16 bytes of SHA-256 over the command, in hex; empty for scripts and at jobs.
	File          string `json:"file"`           // File.
	Kind          string `json:"kind"`           // crontab (/etc/crontab), cron.d, user (a user's own table), hourly, daily, weekly, monthly (scripts), anacron, at.
	Line          int64  `json:"line"`           // Line in the file; 0 for scripts and at jobs.
	Program       string `json:"program"`        // First word of the command, or the script.
	Schedule      string `json:"schedule"`       // Five fields or @word as written; of anacron period and delay; empty for scripts and at jobs.
	User          string `json:"user"`           // Account that it runs as.
}

// CronProgram: A program that runs as root by the clock.
type CronProgram struct {
	Exists      *bool   `json:"exists,omitzero"`       // True when it is there.
	ModeOctal   *string `json:"mode_octal,omitzero"`   // Permission bits as text.
	OthersWrite *bool   `json:"others_write,omitzero"` // True when somebody other than root may change it: another owner, a group other than root's that may write, or everybody.
	Path        string  `json:"path"`                  // File.
	UID         *int64  `json:"uid,omitzero"`          // Owner.
}

// Certificate: One certificate of a file.
type Certificate struct {
	Bits          int64  `json:"bits"`           // Length of its key.
	Ca            bool   `json:"ca"`             // True when it may sign others.
	DaysLeft      int64  `json:"days_left"`      // Whole days until the end by this host's clock; negative when it has expired.
	Issuer        string `json:"issuer"`         // Organisation and common name of the issuer; of a self-signed one empty.
	KeyType       string `json:"key_type"`       // rsa, ecdsa, ed25519, dsa, other.
	NotAfterUS    int64  `json:"not_after_us"`   // End of validity.
	NotBeforeUS   int64  `json:"not_before_us"`  // Start of validity.
	Path          string `json:"path"`           // File.
	Position      int64  `json:"position"`       // Place in the file, from 1: the first is the server's own, the others its chain.
	SelfSigned    bool   `json:"self_signed"`    // True when subject and issuer are the same.
	Serial        string `json:"serial"`         // Serial number in hex.
	Signature     string `json:"signature"`      // How it is signed: SHA256-RSA, ECDSA-SHA256.
	SubjectDigest string `json:"subject_digest"` // First 16 bytes of SHA-256 over the subject's common name, in hex; empty when it has none.
}

// PrivateKey: A file with a private key beside certificates. The key itself is never read out.
type PrivateKey struct {
	Encrypted bool   `json:"encrypted"`  // True when a passphrase protects it.
	GID       int64  `json:"gid"`        // Group.
	Group     string `json:"group"`      // Group's name; empty when the id has none.
	Mode      int64  `json:"mode"`       // Permission bits as a number.
	ModeOctal string `json:"mode_octal"` // The same as text.
	Path      string `json:"path"`       // File.
	UID       int64  `json:"uid"`        // Owner.
}

// AuditRule: One rule of the kernel's audit, in one form however it was written. A watch (-w) is a rule of list exit with a path.
type AuditRule struct {
	Action      string   `json:"action"`      // always or never.
	Arch        string   `json:"arch"`        // b64, b32 or empty.
	Dir         string   `json:"dir"`         // Directory that is watched with all below; empty otherwise.
	Fields      []string `json:"fields"`      // Other conditions as written: auid>=1000, euid=0.
	File        string   `json:"file"`        // File; empty for rules of the running kernel.
	Key         string   `json:"key"`         // Key that records carry; empty when none.
	Line        int64    `json:"line"`        // Line in the file; 0 for rules of the running kernel.
	List        string   `json:"list"`        // exit, user, exclude, task, filesystem, io_uring.
	Path        string   `json:"path"`        // File that is watched; empty otherwise.
	Permissions string   `json:"permissions"` // Accesses that are recorded: r, w, x, a in this order; empty otherwise.
	Syscalls    []string `json:"syscalls"`    // System calls, sorted.
}

// LogTarget: Another machine that messages are sent to.
type LogTarget struct {
	Encrypted bool   `json:"encrypted"` // True when TLS is asked for.
	File      string `json:"file"`      // File.
	Host      string `json:"host"`      // Name or address as written.
	Line      int64  `json:"line"`      // Line in the file.
	Port      int64  `json:"port"`      // Port; 0 when none is given.
	Program   string `json:"program"`   // rsyslog, syslog-ng or journal-upload.
	Protocol  string `json:"protocol"`  // udp, tcp, relp, https, http.
}

// WideFile: A log file that more than owner and group can get at.
type WideFile struct {
	GID       int64  `json:"gid"`        // Group.
	Mode      int64  `json:"mode"`       // Permission bits as a number.
	ModeOctal string `json:"mode_octal"` // The same as text.
	Path      string `json:"path"`       // File.
	UID       int64  `json:"uid"`        // Owner.
}

// SpecialFile: One file or directory that the walk looks for.
type SpecialFile struct {
	GID       int64  `json:"gid"`        // Group.
	Mode      int64  `json:"mode"`       // Permission bits with set-id and sticky bits, as a number.
	ModeOctal string `json:"mode_octal"` // The same as text.
	Path      string `json:"path"`       // Absolute path.
	UID       int64  `json:"uid"`        // Owner.
}

// SSHDMatch: One Match block; it holds only for connections that meet its criteria.
type SSHDMatch struct {
	Criteria string            `json:"criteria"` // What is matched, as written: User backup Address 10.0.0.0/8.
	File     string            `json:"file"`     // File.
	Line     int64             `json:"line"`     // Line of the Match.
	Settings map[string]string `json:"settings"` // Keywords in lower case to values, several values of one keyword joined by a space.
}

// HostKey: One host key file of the SSH server.
type HostKey struct {
	GID       int64  `json:"gid"`        // Group.
	Group     string `json:"group"`      // Group name; empty when the id has none.
	Mode      int64  `json:"mode"`       // Permission bits as a number.
	ModeOctal string `json:"mode_octal"` // Permission bits as text.
	Path      string `json:"path"`       // File.
	Public    bool   `json:"public"`     // True for a .pub file.
	UID       int64  `json:"uid"`        // Owner.
}

// Mount: One mounted file system; of several on one target, the one on top.
type Mount struct {
	Fstype  string   `json:"fstype"`  // ext4, tmpfs, nfs4.
	Options []string `json:"options"` // Options of the mount and of its file system, sorted, without repeats: nodev, nosuid, rw.
	Source  string   `json:"source"`  // Device, share or name.
	Target  string   `json:"target"`  // Directory.
}

// FstabEntry: One line of /etc/fstab.
type FstabEntry struct {
	Fstype  string   `json:"fstype"`  // File system type.
	Line    int64    `json:"line"`    // Line in the file.
	Options []string `json:"options"` // Options, sorted.
	Source  string   `json:"source"`  // As written.
	Target  string   `json:"target"`  // Directory.
}

// Directory: What holds one of the directories that a standard asks about.
type Directory struct {
	Exists   *bool    `json:"exists,omitzero"`  // True when it is a directory.
	Fstype   *string  `json:"fstype,omitzero"`  // Type of that file system.
	Mount    *string  `json:"mount,omitzero"`   // Target of the mount that holds it.
	Options  []string `json:"options,omitzero"` // Options in force there, sorted.
	Path     string   `json:"path"`             // Directory.
	Separate bool     `json:"separate"`         // True when a file system is mounted exactly there.
}

// Unit: One unit of the service manager, as its files say.
type Unit struct {
	AliasOf string `json:"alias_of"` // For an alias, the unit that it stands for; else empty.
	Enabled string `json:"enabled"`  // As systemctl is-enabled says: enabled, enabled-runtime, disabled, static, masked, masked-runtime, alias, indirect, linked, linked-runtime, generated, transient, bad (an alias of a unit that was removed); of OpenRC enabled or disabled.
	File    string `json:"file"`     // The file that defines it; of a masked unit the mask.
	Name    string `json:"name"`     // Name with its suffix: ssh.service; of OpenRC the plain name: sshd.
	Starts  bool   `json:"starts"`   // True when it starts at boot by itself: enabled, or wanted by a unit that is; sockets, timers and paths count for themselves.
}

// UnitState: Running state of one unit, as the service manager says.
type UnitState struct {
	Active string `json:"active"` // active, inactive, failed, activating, deactivating, reloading; of OpenRC active, inactive or failed.
	Name   string `json:"name"`   // Unit.
	Sub    string `json:"sub"`    // Finer state of that kind of unit: running, exited, listening, waiting, dead.
}

// Timer: One timer of the service manager.
type Timer struct {
	Enabled  string   `json:"enabled"`  // As for units.
	Name     string   `json:"name"`     // Unit: logrotate.timer.
	Schedule []string `json:"schedule"` // Its On… lines as written: OnCalendar=daily.
	Starts   bool     `json:"starts"`   // As for units.
	Unit     string   `json:"unit"`     // What it starts.
}

// File: One watched file or directory. Where it is a symbolic link, everything but symlink is about what it leads to.
type File struct {
	Exists    *bool   `json:"exists,omitzero"`     // False when nothing is there (the other fields are then missing: absent).
	GID       *int64  `json:"gid,omitzero"`        // Group.
	Group     *string `json:"group,omitzero"`      // Group's name; empty when the id has none.
	Mode      *int64  `json:"mode,omitzero"`       // Permission bits with set-id and sticky bits, as a number: 416 is 0640. With math.bitAnd a check can ask for single bits.
	ModeOctal *string `json:"mode_octal,omitzero"` // The same as text, four digits: "0640".
	MtimeUS   *int64  `json:"mtime_us,omitzero"`   // Last change of the content; 0 for anything but files.
	Owner     *string `json:"owner,omitzero"`      // Owner's name; empty when the id has none.
	Path      string  `json:"path"`                // Absolute path.
	Size      *int64  `json:"size,omitzero"`       // Size; 0 for anything but files.
	Symlink   *string `json:"symlink,omitzero"`    // Where the path leads when it is a symbolic link; else empty.
	Type      *string `json:"type,omitzero"`       // file, directory, socket, fifo, device.
	UID       *int64  `json:"uid,omitzero"`        // Owner.
}

// Socket: One socket that listens (TCP) or is bound and unconnected (UDP).
type Socket struct {
	Address  string  `json:"address"`          // Address as text: 0.0.0.0, ::, 127.0.0.1.
	Loopback bool    `json:"loopback"`         // True when only this host can reach it.
	Port     int64   `json:"port"`             // Port.
	Process  *string `json:"process,omitzero"` // Name of the process that holds it; without root missing for other users' processes. Empty when no process holds it (the kernel does).
	Proto    string  `json:"proto"`            // tcp, tcp6, udp, udp6.
	UID      int64   `json:"uid"`              // User id that made it.
	User     string  `json:"user"`             // That user's name; empty when the id has none.
}

// Interface: One network interface.
type Interface struct {
	Addresses []string `json:"addresses"` // Addresses with prefix, sorted: 192.0.2.2/24. Temporary IPv6 addresses, which change by themselves, are left out.
	Container bool     `json:"container"` // True for what container engines and hypervisors make: veth pairs and bridges such as docker0, br-0123456789ab, cni0, podman0, virbr0.
	Kind      string   `json:"kind"`      // loopback, ethernet, wireless, bridge, bond, vlan, veth, tunnel, wireguard, vxlan, macvlan, ipvlan, dummy, ppp, other.
	Mac       string   `json:"mac"`       // Hardware address; empty when it has none.
	Mtu       int64    `json:"mtu"`       // Largest packet.
	Name      string   `json:"name"`      // Name: eth0, lo.
	State     string   `json:"state"`     // up, down, lowerlayerdown, dormant, testing, notpresent, unknown (kinds that do not say).
	Up        bool     `json:"up"`        // True when somebody has switched it on.
}

// Route: One route of the kernel.
type Route struct {
	Destination string `json:"destination"` // Prefix: 192.0.2.0/24; 0.0.0.0/0 and ::/0 are default routes.
	Gateway     string `json:"gateway"`     // Next router; empty when the destination is on the link. Several, of a route with several ways, are joined by a comma.
	Interface   string `json:"interface"`   // Interface that packets leave by.
	Kind        string `json:"kind"`        // unicast, blackhole, unreachable, prohibit, multicast, anycast, other.
	Metric      int64  `json:"metric"`      // Lower wins.
	Origin      string `json:"origin"`      // Who made it: kernel, boot, static, dhcp, ra, zebra, bird, bgp, ospf, isis, rip, other.
	Source      string `json:"source"`      // Preferred source address; empty when none is given.
	Table       int64  `json:"table"`       // Routing table: 254 is main. The table of local addresses (255) is left out.
}

// HostsEntry: One line of /etc/hosts.
type HostsEntry struct {
	Address string   `json:"address"` // Address.
	Line    int64    `json:"line"`    // Line in the file.
	Names   []string `json:"names"`   // Names in the order of the line.
}

// Neighbour: One machine that the kernel has met on a link.
type Neighbour struct {
	Address   string `json:"address"`   // IP address.
	Interface string `json:"interface"` // Interface it was met on.
	Mac       string `json:"mac"`       // Hardware address.
	Router    bool   `json:"router"`    // True when it announced itself as a router (IPv6).
	State     string `json:"state"`     // permanent (somebody entered it) or learned. How lately it answered is left out: that changes every few seconds.
}

// FirewallChain: One chain of the packet filter.
type FirewallChain struct {
	Engine   string `json:"engine"`   // nft, iptables-nft, iptables-legacy; of a file also nft or iptables.
	Family   string `json:"family"`   // ip, ip6, inet (both), arp, bridge, netdev.
	Hook     string `json:"hook"`     // input, forward, output, prerouting, postrouting, ingress, egress; empty for a chain that only other chains jump to.
	Kind     string `json:"kind"`     // filter, nat, route (mangle); empty for a chain that only other chains jump to.
	Name     string `json:"name"`     // Chain.
	Origin   string `json:"origin"`   // Which program makes chains of that name: docker, podman, kubernetes, ufw, firewalld, fail2ban, libvirt, netfilter-persistent; empty when the name does not tell.
	Policy   string `json:"policy"`   // accept or drop, for what no rule decides; empty without a hook.
	Priority int64  `json:"priority"` // Lower comes first.
	Rules    int64  `json:"rules"`    // Number of rules.
	Table    string `json:"table"`    // Table.
}

// FirewallRule: One rule of the packet filter, whichever engine it is in. An empty list matches everything; an element that starts with ! matches everything else. Counters are left out.
type FirewallRule struct {
	Chain            string   `json:"chain"`             // Chain.
	Comment          string   `json:"comment"`           // Comment; empty when there is none.
	DestinationPorts []string `json:"destination_ports"` // 22, 8000-8010.
	Destinations     []string `json:"destinations"`      // The same for destinations.
	Engine           string   `json:"engine"`            // As for chains.
	Family           string   `json:"family"`            // As for chains.
	InInterfaces     []string `json:"in_interfaces"`     // Interfaces that the packet came in by; * stands for any ending.
	Ip               string   `json:"ip"`                // 4 or 6 when it is for one version only; empty for both.
	Origin           string   `json:"origin"`            // As for chains.
	Other            []string `json:"other"`             // Conditions of other kinds, in words: limit 5/second, icmp type echo-request.
	OutInterfaces    []string `json:"out_interfaces"`    // Interfaces that it leaves by.
	Position         int64    `json:"position"`          // Place in its chain, from 1. A rule with a verdict map is one rule per verdict, all at one place.
	Protocols        []string `json:"protocols"`         // tcp, udp, icmp, ipv6-icmp.
	SourcePorts      []string `json:"source_ports"`      // 22, 8000-8010.
	Sources          []string `json:"sources"`           // Addresses, prefixes, ranges, or @set where the set is large or changes by itself.
	States           []string `json:"states"`            // Of the connection: new, established, related, invalid, untracked.
	Table            string   `json:"table"`             // Table.
	Target           string   `json:"target"`            // Chain of a jump; address and port of a translation; else empty.
	Verdict          string   `json:"verdict"`           // accept, drop, reject, return, jump, goto, queue, dnat, snat, masquerade, redirect, log, none (it only counts or changes the packet), or another target's name.
}

// OpenPort: A port that a rule opens for everybody.
type OpenPort struct {
	Interfaces []string `json:"interfaces"` // Interfaces it is open on; empty for all.
	Ip         string   `json:"ip"`         // 4, 6, or empty for both.
	Ports      string   `json:"ports"`      // 22, 8000-8010, or any.
	Protocol   string   `json:"protocol"`   // tcp, udp, sctp; any for a rule that names ports of several.
	Rule       string   `json:"rule"`       // The rule in words.
	Target     string   `json:"target"`     // Where dnat leads; else empty.
	Via        string   `json:"via"`        // input, or dnat: handed on to another address such as a container's.
}

// FirewallManager: A program that loads a packet filter at boot.
type FirewallManager struct {
	Enabled bool   `json:"enabled"` // True when it is linked into a target or run level; of ufw when its own ENABLED says yes, too.
	File    string `json:"file"`    // Its main file.
	Ip4     string `json:"ip4"`     // What becomes of an IPv4 packet that its files do not mention: drop, reject, accept, none (they filter nothing).
	Ip6     string `json:"ip6"`     // The same for IPv6.
	Name    string `json:"name"`    // nftables, ufw, firewalld, netfilter-persistent, iptables, ip6tables.
}

// BlockDevice: One block device.
type BlockDevice struct {
	Crypt     string   `json:"crypt"`     // How it is encrypted: LUKS1, LUKS2, PLAIN, BITLK, TCRYPT, or another as the device mapper says; empty when it is not.
	Kind      string   `json:"kind"`      // disk, part, crypt, lvm, raid, mpath, verity, loop, zram, optical, dm (another mapping).
	Mapper    string   `json:"mapper"`    // Name below /dev/mapper; empty for others.
	Name      string   `json:"name"`      // Kernel name: vda1, dm-0.
	Parents   []string `json:"parents"`   // Devices that it lies on, sorted; of a partition its disk.
	Removable bool     `json:"removable"` // True when the kernel says that its medium can be taken out.
	Size      int64    `json:"size"`      // Size.
}

// StorageMount: A mounted file system that lies on a block device, and whether that is encrypted.
type StorageMount struct {
	Device    string   `json:"device"`    // Kernel name of the device.
	Encrypted bool     `json:"encrypted"` // True when every way down to a disk goes through an encrypted device.
	Fstype    string   `json:"fstype"`    // ext4, xfs.
	Removable bool     `json:"removable"` // True when a disk below is removable.
	Target    string   `json:"target"`    // Directory.
	Through   []string `json:"through"`   // Encrypted devices on the way, by their names below /dev/mapper.
}

// SwapArea: One area that memory is swapped to.
type SwapArea struct {
	Device    string `json:"device"`    // Path as the kernel gives it: /dev/dm-1, /swapfile.
	Encrypted bool   `json:"encrypted"` // True when it lies on an encrypted device; zram counts as such, it never leaves memory.
	Kind      string `json:"kind"`      // partition, file, zram (stays in memory).
}

// CrypttabEntry: One line of /etc/crypttab.
type CrypttabEntry struct {
	Device  string   `json:"device"`  // Device as written.
	Key     string   `json:"key"`     // passphrase (asked for), random (a new key at every boot), file (a key file; its path is not sent), token (TPM2, FIDO2 or PKCS#11).
	Line    int64    `json:"line"`    // Line in the file.
	Name    string   `json:"name"`    // Name below /dev/mapper.
	Options []string `json:"options"` // Options, sorted.
}

// UsbDevice: One USB device that is plugged in.
type UsbDevice struct {
	Authorized   bool     `json:"authorized"`    // True when the kernel lets it be used.
	Classes      []string `json:"classes"`       // Classes of device and interfaces as two hex digits, sorted: 03 input, 08 storage, 09 hub, e0 wireless.
	Port         string   `json:"port"`          // Bus and port: 1-1.2.
	Product      string   `json:"product"`       // Name that the device gives; may be empty.
	ProductID    string   `json:"product_id"`    // Four hex digits.
	SerialDigest string   `json:"serial_digest"` // First 16 bytes of SHA-256 over vendor, product and serial number, in hex; empty without a serial number. Recognises a device again without telling its number.
	Storage      bool     `json:"storage"`       // True when an interface is mass storage.
	Vendor       string   `json:"vendor"`        // Name that the device gives; may be empty.
	VendorID     string   `json:"vendor_id"`     // Four hex digits.
}

// MalwareProduct: A known product against malware that is on the host.
type MalwareProduct struct {
	Kind    string `json:"kind"`             // antivirus, edr, rootkit-scanner.
	Name    string `json:"name"`             // clamav, microsoft-defender, crowdstrike-falcon, sentinelone and others by their usual names.
	Running *bool  `json:"running,omitzero"` // True when its process runs; of products that only scan when started absent.
}

// ClamavDatabase: One signature database of ClamAV, by its header.
type ClamavDatabase struct {
	BuiltUS    int64  `json:"built_us"`   // When it was made.
	Name       string `json:"name"`       // main, daily, bytecode, or another file's name.
	Signatures int64  `json:"signatures"` // Number of signatures.
	Version    int64  `json:"version"`    // Version.
}

// EngineSocket: One socket that a container engine takes commands on.
type EngineSocket struct {
	Group       string `json:"group"`        // Group's name, or its number.
	ModeOctal   string `json:"mode_octal"`   // Permission bits as text.
	OthersWrite bool   `json:"others_write"` // True when anybody on the host may connect, which is as good as root.
	Owner       string `json:"owner"`        // Owner's name, or its number.
	Path        string `json:"path"`         // Path.
}

// ContainerRuntime: One container engine or runtime that is installed.
type ContainerRuntime struct {
	Name      string         `json:"name"`             // docker, podman, containerd, crio.
	Running   *bool          `json:"running,omitzero"` // True when its service runs; podman needs none.
	Sockets   []EngineSocket `json:"sockets"`          // Its sockets in the file system.
	Tcp       []string       `json:"tcp"`              // Addresses on the network that it is told to take commands on, as written: tcp://0.0.0.0:2375.
	TlsVerify bool           `json:"tls_verify"`       // True when it is told to ask for a client certificate there.
}

// ContainerMount: What of the host a container sees.
type ContainerMount struct {
	Kind     string `json:"kind"`     // bind, volume, tmpfs.
	Source   string `json:"source"`   // Path on the host, or the name of a volume.
	Target   string `json:"target"`   // Path in the container.
	Writable bool   `json:"writable"` // True when the container may write.
}

// ContainerPort: A port of the host that leads into a container.
type ContainerPort struct {
	Address  string `json:"address"`  // Address on the host; 0.0.0.0 and :: are all.
	Port     int64  `json:"port"`     // Port on the host.
	Protocol string `json:"protocol"` // tcp, udp, sctp.
	Target   int64  `json:"target"`   // Port in the container.
}

// Container: One container, running or not, as its engine keeps it.
type Container struct {
	Apparmor            string           `json:"apparmor"`             // Profile; unconfined; empty where the host has no AppArmor or the engine does not say.
	ByDigest            bool             `json:"by_digest"`            // True when the image was asked for by digest (name@sha256:…).
	CapabilitiesAdded   []string         `json:"capabilities_added"`   // Beyond the engine's default, without CAP_: ALL, NET_ADMIN; sorted.
	CapabilitiesDropped []string         `json:"capabilities_dropped"` // The same for what was taken away.
	CpuLimited          bool             `json:"cpu_limited"`          // True when its share of processors is set (quota, shares or set).
	Devices             []string         `json:"devices"`              // Devices of the host it may use.
	Engine              string           `json:"engine"`               // docker or podman.
	HealthCheck         bool             `json:"health_check"`         // True when image or container has a health check.
	HostNamespaces      []string         `json:"host_namespaces"`      // Namespaces that it shares with the host: cgroup, ipc, network, pid, user, uts; sorted. user only where the engine maps users otherwise.
	ID                  string           `json:"id"`                   // First 12 digits.
	Image               string           `json:"image"`                // Image as it was asked for.
	ImageID             string           `json:"image_id"`             // First 12 digits of the image's id.
	LogDriver           string           `json:"log_driver"`           // Where its output goes: json-file, journald, none.
	MemoryBytes         int64            `json:"memory_bytes"`         // 0 is without limit.
	Mounts              []ContainerMount `json:"mounts"`               // What of the host it sees.
	Name                string           `json:"name"`                 // Name.
	Network             string           `json:"network"`              // Network mode: bridge, host, none, container:…, or a network's name.
	NoNewPrivileges     bool             `json:"no_new_privileges"`    // True when set-user-id programs in it raise nothing.
	PidsLimit           int64            `json:"pids_limit"`           // 0 is without limit.
	Ports               []ContainerPort  `json:"ports"`                // Ports that lead into it.
	Privileged          bool             `json:"privileged"`           // True when nothing is held back from it.
	ReadonlyRoot        bool             `json:"readonly_root"`        // True when it cannot write its own files.
	Restart             string           `json:"restart"`              // no, on-failure, always, unless-stopped.
	RestartMax          int64            `json:"restart_max"`          // Tries of on-failure; 0 is without end.
	Root                bool             `json:"root"`                 // True when its first process starts as user 0 of the container.
	Seccomp             string           `json:"seccomp"`              // default, unconfined, or custom.
	SelinuxDisabled     bool             `json:"selinux_disabled"`     // True when labels are switched off for it.
	State               string           `json:"state"`                // created, running, paused, restarting, exited, dead.
	User                string           `json:"user"`                 // User as configured; empty means root.
}

// ContainerImage: One image that an engine keeps.
type ContainerImage struct {
	AgeDays   int64    `json:"age_days"`   // Whole days since then; 0 when it lies in the future.
	CreatedUS int64    `json:"created_us"` // When it was built.
	Digests   []string `json:"digests"`    // Names with digest, sorted; none for one that was made here.
	Engine    string   `json:"engine"`     // docker or podman.
	ID        string   `json:"id"`         // First 12 digits.
	Names     []string `json:"names"`      // Names with tag, sorted; none for one without a name.
	Size      int64    `json:"size"`       // Size.
	Used      bool     `json:"used"`       // True when a container is made from it.
}

// TimeSource: One source that the time service measures.
type TimeSource struct {
	Kind      string `json:"kind"`      // server, peer, clock (a reference clock in this host).
	Name      string `json:"name"`      // Address, or name of a reference clock.
	Reachable bool   `json:"reachable"` // True when one of the last eight questions was answered.
	Stratum   int64  `json:"stratum"`   // Steps from a clock; 0 for one that has not answered.
}

// PgRole: One role of a PostgreSQL server; the predefined pg_… ones are left out.
type PgRole struct {
	Bypassrls       bool     `json:"bypassrls"`        // Sees every row whatever row security says.
	ConnectionLimit int64    `json:"connection_limit"` // Most connections at once, -1 for no limit.
	Createdb        bool     `json:"createdb"`         // May make databases.
	Createrole      bool     `json:"createrole"`       // May make and change roles.
	ExpireDay       int64    `json:"expire_day"`       // Day on which the password ends, -1 when never.
	Expires         bool     `json:"expires"`          // True when the password has an end (VALID UNTIL).
	Login           bool     `json:"login"`            // May open a connection.
	MemberOf        []string `json:"member_of"`        // Roles that it is a member of, through others too, sorted; predefined ones included.
	Name            string   `json:"name"`             // Role name.
	Replication     bool     `json:"replication"`      // May copy the whole server by replication.
	Superuser       bool     `json:"superuser"`        // Is asked for no privilege at all.
}

// PgHbaRule: One rule of pg_hba.conf, as the server reads the file now.
type PgHbaRule struct {
	Address   string   `json:"address"`   // Address or name, with the mask's length: 10.0.0.0/8; all, samehost, samenet; empty for local.
	Anywhere  bool     `json:"anywhere"`  // True when every address of a family is meant: 0.0.0.0/0, ::/0, all.
	Databases []string `json:"databases"` // Databases as written.
	Kind      string   `json:"kind"`      // local, host, hostssl, hostnossl, hostgssenc, hostnogssenc.
	Line      int64    `json:"line"`      // Line in the file.
	Loopback  bool     `json:"loopback"`  // True for a local rule, and for addresses of this machine only.
	Method    string   `json:"method"`    // scram-sha-256, md5, password, trust, peer, cert, ldap, reject, …
	Options   []string `json:"options"`   // Options as name=value; a secret in them is left out.
	Users     []string `json:"users"`     // Roles as written.
}

// PgDatabase: One database of the server.
type PgDatabase struct {
	Connections     bool   `json:"connections"`      // Connections are allowed at all.
	Name            string `json:"name"`             // Database name.
	Owner           string `json:"owner"`            // Role that owns it.
	PublicConnect   bool   `json:"public_connect"`   // Every role may connect (privilege CONNECT of PUBLIC).
	PublicCreate    bool   `json:"public_create"`    // Every role may make schemas (CREATE of PUBLIC).
	PublicTemporary bool   `json:"public_temporary"` // Every role may make temporary tables (TEMPORARY of PUBLIC).
	Template        bool   `json:"template"`         // Anybody with CREATEDB may copy it.
}

// PgExtension: One extension in the database.
type PgExtension struct {
	Available string `json:"available"` // Version that the server's files would install; empty when they are not there.
	Name      string `json:"name"`      // Extension name.
	Schema    string `json:"schema"`    // Schema that holds it.
	Version   string `json:"version"`   // Version in the database.
}

// PgSlot: One replication slot.
type PgSlot struct {
	Active    bool   `json:"active"`     // Somebody reads it now.
	Database  string `json:"database"`   // Database of a logical slot; empty otherwise.
	Kind      string `json:"kind"`       // physical or logical.
	Name      string `json:"name"`       // Slot name.
	WalStatus string `json:"wal_status"` // reserved, extended, unreserved, lost.
}

// ChangeDeviation: A change or deployment of which something does not hold, and for which nobody has answered.
type ChangeDeviation struct {
	Day   string `json:"day"`   // Day on which it landed or was deployed, 2027-03-01 in UTC; of an emergency that waits, the day by which it is reviewed.
	Ref   string `json:"ref"`   // Its number: CH-12 of a change, D-3 of a deployment.
	Title string `json:"title"` // Title of its request, or first line of its commit; of a deployment the commit and the environment.
}

// IntegrityOpen: Changed files that nothing explains, and that belong together.
type IntegrityOpen struct {
	By     string `json:"by"`     // User and program, as far as they are known.
	Files  int64  `json:"files"`  // How many changes of it are not undone.
	Group  string `json:"group"`  // Number: IC-12.
	Paths  string `json:"paths"`  // The first paths, and how many more.
	Reason string `json:"reason"` // Why nothing accounts for it.
	Since  string `json:"since"`  // When the first of them changed, UTC.
}

// CommitmentExceeded: One limit that is nearer than was committed.
type CommitmentExceeded struct {
	Host  string `json:"host"`  // Name of the host.
	Place string `json:"place"` // Mount point, or the measure where a host has only one.
	Since string `json:"since"` // Day from which it was exceeded: 2026-11-02.
}

// CommitmentGap: One host of which it is not known whether a commitment holds.
type CommitmentGap struct {
	Host   string `json:"host"`   // Name of the host.
	Reason string `json:"reason"` // Why.
}

// WatchingRefusal: One better way of watching files, and why it is not in force.
type WatchingRefusal struct {
	Kind   string `json:"kind"`   // fanotify or inotify.
	Reason string `json:"reason"` // Why.
}

// WatchingGap: Something of the watched files that could not be read, or was left out.
type WatchingGap struct {
	Attribute string `json:"attribute"` // Which attribute; entries of a directory that was not listed, all where even a look was refused.
	Path      string `json:"path"`      // Path; where it is no UTF-8, \xNN is a byte.
	Reason    string `json:"reason"`    // Why.
}

// FirewallRemark: One rule of a firewall with what is said of it.
type FirewallRemark struct {
	Justified bool   `json:"justified"` // True when a justification is in force on every host that has the rule.
	Rule      string `json:"rule"`      // Chain and rule in words.
	Why       string `json:"why"`       // Why it is said.
}

// Flow: Connections of one kind between this host and another, however many there are and were. Ports that a client takes by chance are left out, so that the next connection is no news.
type Flow struct {
	Direction string `json:"direction"` // in (the other side began), out (this host began), forward (it passes through this host; local is who began).
	Local     string `json:"local"`     // Address on this side.
	Port      int64  `json:"port"`      // Port of the service: the local one of in, the remote one of the others.
	Program   string `json:"program"`   // Name of the process on this host; empty where nobody held the connection any more or it could not be known.
	Protocol  string `json:"protocol"`  // tcp, udp.
	Remote    string `json:"remote"`    // Address of the other side; public4 or public6 where more than 32 public addresses were met at that port.
}

// SegmentFlow: One kind of connection between two zones.
type SegmentFlow struct {
	From    string `json:"from"`    // Host or address that began.
	Program string `json:"program"` // Process, as the end that reported it names it; empty where that is not known.
	Service string `json:"service"` // tcp/5432.
	Since   string `json:"since"`   // Day on which it was seen first.
	To      string `json:"to"`      // Host or address that was reached.
}

// SegmentProbe: One connection that an agent tried.
type SegmentProbe struct {
	From    string `json:"from"`    // Host that tried.
	Service string `json:"service"` // tcp/5432.
	State   string `json:"state"`   // open, refused (the way is open, nobody listens), unreachable, silent, error.
	To      string `json:"to"`      // Host or address, with the address.
}

// BalancerListener: One address on which a load balancer takes connections.
type BalancerListener struct {
	Address      string   `json:"address"`         // Address; * stands for all of IPv4, [::] for all of IPv6; the path of a Unix socket.
	Alpn         []string `json:"alpn"`            // Protocols offered within TLS: h2, http/1.1.
	Certificates []string `json:"certificates"`    // Files or directories of certificates, as written.
	Ciphers      string   `json:"ciphers"`         // Cipher list for TLS up to 1.2, as written; empty for the default of the TLS library.
	File         string   `json:"file"`            // File.
	HstsSeconds  int64    `json:"hsts_seconds"`    // max-age of the header Strict-Transport-Security that its answers carry; 0 when they carry none.
	Line         int64    `json:"line"`            // Line in the file.
	Local        bool     `json:"local"`           // True for a loopback address or a Unix socket.
	Mode         string   `json:"mode"`            // http or tcp.
	Port         int64    `json:"port"`            // Port; 0 of a Unix socket.
	Protocols    []string `json:"protocols"`       // TLSv1.0 to TLSv1.3, as far as it speaks them, and SSLv3; empty without TLS.
	Proxy        string   `json:"proxy"`           // Frontend or listen section of HAProxy; first server_name of nginx, or _.
	Redirects    bool     `json:"redirects"`       // True when everything that is asked here without TLS is sent on to https; challenges of ACME may be left out.
	Suites       []string `json:"suites,omitzero"` // What the cipher list stands for, as openssl of this host spells it out, for TLS up to 1.2; empty without TLS and where only TLS 1.3 is spoken.
	Tls          bool     `json:"tls"`             // True when it speaks TLS.
	Verify       string   `json:"verify"`          // Certificates of clients: none, optional, required.
}

// BalancerLog: Where a load balancer sends its messages.
type BalancerLog struct {
	File   string `json:"file"`   // File.
	Kind   string `json:"kind"`   // access or error of nginx; all of HAProxy.
	Level  string `json:"level"`  // Level or facility, as written; empty for the default.
	Line   int64  `json:"line"`   // Line in the file.
	Remote bool   `json:"remote"` // True when it is sent to another host.
	Target string `json:"target"` // Path, address or stdout, as written; of nginx off when the log is switched off.
}

// BalancerTarget: One server behind a load balancer, as files have it: a server line of HAProxy, or of an upstream of nginx.
type BalancerTarget struct {
	Address        string `json:"address"`         // Address with port, as written.
	Backend        string `json:"backend"`         // Backend or upstream.
	Backup         bool   `json:"backup"`          // True when it is used only while all others are down.
	Checked        bool   `json:"checked"`         // HAProxy: it is asked whether it lives. nginx: failures of requests take it out (max_fails is not 0).
	Count          int64  `json:"count"`           // How many servers the line stands for: 1, more of a server-template.
	Disabled       bool   `json:"disabled"`        // True when the file takes it out of service.
	Fails          int64  `json:"fails"`           // Failures in a row that take it out: fall, max_fails.
	File           string `json:"file"`            // File.
	IntervalMs     int64  `json:"interval_ms"`     // Between two checks (inter); of nginx fail_timeout.
	Line           int64  `json:"line"`            // Line in the file.
	MaxConnections int64  `json:"max_connections"` // Most connections at a time; 0 when there is no limit.
	Name           string `json:"name"`            // Name; of nginx its address. A server-template gives its prefix with the first number.
	Tls            bool   `json:"tls"`             // True when it is spoken to over TLS; of nginx as the places that pass to its upstream have it.
	Verified       bool   `json:"verified"`        // True when its certificate is verified then.
	Weight         int64  `json:"weight"`          // Weight.
}

// BalancerTargetState: One server behind HAProxy as it is now.
type BalancerTargetState struct {
	Address    string `json:"address"`     // Address with port; empty where the socket's level does not show it.
	Backend    string `json:"backend"`     // Backend.
	Backup     bool   `json:"backup"`      // True when it is a backup.
	ChangedUS  int64  `json:"changed_us"`  // When its state changed last, as HAProxy counts; 0 when it does not say.
	Check      string `json:"check"`       // Result of the last check: L4OK, L7OK, L4CON, L4TOUT, L7STS, L7TOUT; empty when it is not checked.
	Limit      int64  `json:"limit"`       // Most sessions at a time; 0 when there is no limit.
	Name       string `json:"name"`        // Name.
	State      string `json:"state"`       // up, down, maint, drain, nolb, unchecked (nobody asks it whether it lives).
	UsePercent int64  `json:"use_percent"` // Sessions now of the limit, in steps of ten, so that the section does not change at each reading; 0 when there is no limit.
	Weight     int64  `json:"weight"`      // Weight now; 0 takes no new connections.
	WentDown   int64  `json:"went_down"`   // How often it went down since HAProxy was started.
	Why        string `json:"why"`         // The same in HAProxy's words; nothing of what the server answered.
}

// BalancerStats: A page on which a load balancer shows its state.
type BalancerStats struct {
	Admin     bool   `json:"admin"`     // True when servers can be switched off and on there.
	File      string `json:"file"`      // File.
	Kind      string `json:"kind"`      // stats, prometheus, stub_status.
	Line      int64  `json:"line"`      // Line in the file.
	Local     bool   `json:"local"`     // True when it is reached over local addresses only.
	Path      string `json:"path"`      // Path.
	Protected bool   `json:"protected"` // True when it asks for a password or a certificate, or lets only named addresses in.
	Proxy     string `json:"proxy"`     // Section of HAProxy, or first server_name of nginx.
}

// HaproxySocket: A socket over which HAProxy takes commands.
type HaproxySocket struct {
	Address   string `json:"address"`    // Path or address, as written.
	File      string `json:"file"`       // File.
	Level     string `json:"level"`      // user, operator, admin.
	Line      int64  `json:"line"`       // Line in the file.
	ModeOctal string `json:"mode_octal"` // Mode as the file says; empty when it says none.
	Network   bool   `json:"network"`    // True when it can be reached from other hosts.
}

// HaproxyFrontend: One frontend or listen section of HAProxy, with what it inherits.
type HaproxyFrontend struct {
	Backends         []string `json:"backends"`           // Backends that it names, sorted; names that are worked out for each request are left out.
	Disabled         bool     `json:"disabled"`           // True when it is switched off.
	File             string   `json:"file"`               // File.
	Kind             string   `json:"kind"`               // frontend or listen.
	Line             int64    `json:"line"`               // Line in the file.
	LogFormat        string   `json:"log_format"`         // http, tcp, own, or empty for HAProxy's short default.
	Logged           bool     `json:"logged"`             // True when it has somewhere to log to.
	MaxConnections   int64    `json:"max_connections"`    // maxconn; 0 when none is given, and the global one holds.
	Mode             string   `json:"mode"`               // http or tcp.
	Name             string   `json:"name"`               // Name.
	RateLimited      bool     `json:"rate_limited"`       // True when it counts what clients do (a stick table with a rate) and refuses or delays some of it, or has rate-limit sessions.
	TimeoutClientMs  int64    `json:"timeout_client_ms"`  // 0 when none is set: it waits without end.
	TimeoutRequestMs int64    `json:"timeout_request_ms"` // timeout http-request; 0 when none is set.
}

// HaproxyBackend: One backend or listen section of HAProxy that has servers, with what it inherits.
type HaproxyBackend struct {
	Backups          int64  `json:"backups"`            // Backup servers that are not disabled.
	Balance          string `json:"balance"`            // How servers are chosen.
	Check            string `json:"check"`              // How servers are asked: http, tcp, ssl, mysql, pgsql, redis, smtp, ldap, spop, external, tcp-script; tcp is HAProxy's default for servers with check.
	Disabled         bool   `json:"disabled"`           // True when it is switched off.
	File             string `json:"file"`               // File.
	Kind             string `json:"kind"`               // backend or listen.
	Line             int64  `json:"line"`               // Line in the file.
	Mode             string `json:"mode"`               // http or tcp.
	Name             string `json:"name"`               // Name.
	Targets          int64  `json:"targets"`            // Servers that are neither backup nor disabled.
	TimeoutConnectMs int64  `json:"timeout_connect_ms"` // 0 when none is set.
	TimeoutServerMs  int64  `json:"timeout_server_ms"`  // 0 when none is set.
	Unchecked        int64  `json:"unchecked"`          // Servers, backups among them, that nobody asks whether they live.
}

// HaproxyProxyState: One frontend or backend of HAProxy as it is now.
type HaproxyProxyState struct {
	Kind       string `json:"kind"`        // frontend or backend.
	Limit      int64  `json:"limit"`       // Most sessions at a time.
	Name       string `json:"name"`        // Name.
	State      string `json:"state"`       // open, full, stop, up, down.
	UsePercent int64  `json:"use_percent"` // Sessions now of the limit, in steps of ten.
}

// HaproxyUserlist: One list of users of HAProxy. Passwords never leave the host.
type HaproxyUserlist struct {
	Name  string `json:"name"`  // Name.
	Plain int64  `json:"plain"` // Those whose password stands in the file as it is (insecure-password).
	Users int64  `json:"users"` // Users in it.
}

// NginxServer: One server block of nginx, with what it inherits.
type NginxServer struct {
	File            string   `json:"file"`              // File.
	HstsSeconds     int64    `json:"hsts_seconds"`      // max-age of Strict-Transport-Security; 0 when there is none.
	Line            int64    `json:"line"`              // Line in the file.
	Logged          bool     `json:"logged"`            // True when requests are logged, in the server and in each of its locations that passes them on.
	MaxBodyBytes    int64    `json:"max_body_bytes"`    // client_max_body_size; 0 when there is no limit.
	Mode            string   `json:"mode"`              // http, or tcp (a server of a stream block).
	Name            string   `json:"name"`              // First server_name, or _.
	Names           []string `json:"names"`             // All of them, in the order of the file.
	Passes          bool     `json:"passes"`            // True when it passes something on to another server.
	RateLimited     bool     `json:"rate_limited"`      // True when limit_req or limit_conn holds for the server, or for each of its locations that passes something on.
	Redirects       bool     `json:"redirects"`         // True when all of it is sent on to https.
	RemoteLog       bool     `json:"remote_log"`        // True when a log is sent to another host (syslog:server=).
	TimeoutBodyMs   int64    `json:"timeout_body_ms"`   // client_body_timeout.
	TimeoutHeaderMs int64    `json:"timeout_header_ms"` // client_header_timeout.
	TimeoutSendMs   int64    `json:"timeout_send_ms"`   // send_timeout.
	VersionShown    bool     `json:"version_shown"`     // True when answers tell nginx's version (server_tokens is not off).
}

// NginxUpstream: One upstream of nginx.
type NginxUpstream struct {
	Backups   int64  `json:"backups"`   // Backup servers that are not down.
	Balance   string `json:"balance"`   // round_robin, least_conn, ip_hash, hash, random.
	File      string `json:"file"`      // File.
	Line      int64  `json:"line"`      // Line in the file.
	Mode      string `json:"mode"`      // http or tcp.
	Name      string `json:"name"`      // Name.
	Targets   int64  `json:"targets"`   // Servers that are neither backup nor down.
	Unchecked int64  `json:"unchecked"` // Servers that stay in service whatever happens (max_fails=0).
	Used      bool   `json:"used"`      // True when some place passes to it.
}

// NginxPass: One place that passes requests on to another server.
type NginxPass struct {
	ConnectMs int64  `json:"connect_ms"` // proxy_connect_timeout or that of its kind.
	File      string `json:"file"`       // File.
	Line      int64  `json:"line"`       // Line in the file.
	Local     bool   `json:"local"`      // True when the host that is named instead is this one: a loopback address or a Unix socket.
	Location  string `json:"location"`   // Location as written; empty in a stream block.
	Next      string `json:"next"`       // When the next server is tried (proxy_next_upstream), as written or by default; off when never.
	ReadMs    int64  `json:"read_ms"`    // proxy_read_timeout or that of its kind; proxy_timeout of a stream.
	Server    string `json:"server"`     // First server_name of the server block.
	Tls       bool   `json:"tls"`        // True when it is spoken to over TLS.
	To        string `json:"to"`         // Where to, as written, without credentials.
	Upstream  string `json:"upstream"`   // Name of the upstream; empty when a host is named instead.
	Variable  bool   `json:"variable"`   // True when it is worked out for each request, so that it cannot be said where to.
	Verified  bool   `json:"verified"`   // True when its certificate is verified then.
}

// OS: What the host is.
type OS struct {
	Arch            *string  `json:"arch,omitzero"`              // x86_64, aarch64.
	BootTimeUS      *int64   `json:"boot_time_us,omitzero"`      // When it started, to the second.
	Container       *string  `json:"container,omitzero"`         // none, docker, podman, lxc, systemd-nspawn, kubernetes, other.
	Hostname        *string  `json:"hostname,omitzero"`          // Host name.
	ID              *string  `json:"id,omitzero"`                // debian, ubuntu, rhel, alpine.
	IDLike          []string `json:"id_like,omitzero"`           // Systems it is derived from, nearest first.
	Kernel          *string  `json:"kernel,omitzero"`            // Running kernel.
	MachineIDDigest *string  `json:"machine_id_digest,omitzero"` // Recognises the host again without telling its machine id; absent where there is none.
	Name            *string  `json:"name,omitzero"`              // Name for people.
	ServiceManager  *string  `json:"service_manager,omitzero"`   // What runs services now: systemd, openrc, sysvinit, none.
	Version         *string  `json:"version,omitzero"`           // 12, 24.04, 3.20.1.
	Virtualisation  *string  `json:"virtualisation,omitzero"`    // none, kvm, vmware, xen, hyperv, virtualbox, amazon, google, firecracker, bhyve, parallels, unknown (a hypervisor that does not give its name).
}

// Packages: What is installed by the system's package managers.
type Packages struct {
	ByName   map[string]Package `json:"by_name,omitzero"`  // Installed packages by name. A second architecture of the same name has the key name:arch, an older version that is installed beside a newer one name=version.
	Count    *int64             `json:"count,omitzero"`    // Number of installed packages.
	Managers []string           `json:"managers,omitzero"` // dpkg, rpm, apk; sorted.
}

// Users: Local accounts, how their passwords are kept, groups, and who may become root.
type Users struct {
	Accounts  []Account         `json:"accounts,omitzero"`   // Local accounts in the order of the file.
	Groups    []Group           `json:"groups,omitzero"`     // Local groups in the order of the file.
	Homes     []Home            `json:"homes,omitzero"`      // Home directories; without root what lies inside a closed one is missing.
	LoginDefs map[string]string `json:"login_defs,omitzero"` // Settings by their upper-case names: PASS_MAX_DAYS, UMASK, ENCRYPT_METHOD.
	Passwords []Password        `json:"passwords,omitzero"`  // State of each password; hashes are never read out.
	RootPath  []SearchDir       `json:"root_path,omitzero"`  // Directories of root's search path in their order.
	Shell     *UsersShell       `json:"shell,omitzero"`      // Facts under /shell of section users.
	Sudo      *UsersSudo        `json:"sudo,omitzero"`       // Facts under /sudo of section users.
}

// UsersShell: Facts under /shell of section users.
type UsersShell struct {
	Tmout         *int64  `json:"tmout,omitzero"`          // Idle time after which a shell ends; 0 when no file sets it.
	TmoutReadonly *bool   `json:"tmout_readonly,omitzero"` // True when users cannot change it.
	Umask         *string `json:"umask,omitzero"`          // Such as 027; empty when no file sets it.
}

// UsersSudo: Facts under /sudo of section users.
type UsersSudo struct {
	Defaults       []SudoDefault `json:"defaults,omitzero"`       // Defaults settings in their order.
	Includes       []string      `json:"includes,omitzero"`       // Files that were read after /etc/sudoers, in their order.
	Installed      *bool         `json:"installed,omitzero"`      // True when sudo is there; the rest of /sudo is absent when it is not.
	Logfile        *string       `json:"logfile,omitzero"`        // Log file; empty when none is set.
	Noauthenticate *bool         `json:"noauthenticate,omitzero"` // True when any Defaults, of any scope, says !authenticate.
	Nopasswd       *bool         `json:"nopasswd,omitzero"`       // True when any rule says NOPASSWD.
	Rules          []SudoRule    `json:"rules,omitzero"`          // Who may run what.
	UsePty         *bool         `json:"use_pty,omitzero"`        // True when sudo runs commands on their own terminal.
}

// SSHD: The OpenSSH server. /effective is what the server itself says it would do (sshd -T), /file what its configuration files say; they are apart because they differ while a change waits for a reload, or when a file is wrong.
type SSHD struct {
	Effective      *SSHDEffective     `json:"effective,omitzero"`       // Facts under /effective of section sshd.
	EffectiveOther map[string]string  `json:"effective_other,omitzero"` // Every keyword that /effective does not declare, lower case; several values joined by a space.
	File           map[string]Setting `json:"file,omitzero"`            // Keywords in lower case. The first value wins, as in sshd; keywords that add up (acceptenv, allowusers, port …) are joined by a space.
	Files          []string           `json:"files,omitzero"`           // Configuration files that were read, in their order.
	HostKeys       []HostKey          `json:"host_keys,omitzero"`       // Host key files, sorted.
	Installed      *bool              `json:"installed,omitzero"`       // True when the server is there; all else is absent when it is not.
	Matches        []SSHDMatch        `json:"matches,omitzero"`         // Match blocks in their order.
}

// SSHDEffective: Facts under /effective of section sshd.
type SSHDEffective struct {
	Acceptenv                    []string `json:"acceptenv,omitzero"`                    // Environment variables taken from the client.
	Addressfamily                *string  `json:"addressfamily,omitzero"`                // any, inet, inet6.
	Allowagentforwarding         *string  `json:"allowagentforwarding,omitzero"`         // yes or no.
	Allowgroups                  []string `json:"allowgroups,omitzero"`                  // Groups that may log in; empty when not limited.
	Allowstreamlocalforwarding   *string  `json:"allowstreamlocalforwarding,omitzero"`   // yes, no, local, remote.
	Allowtcpforwarding           *string  `json:"allowtcpforwarding,omitzero"`           // yes, no, local, remote.
	Allowusers                   []string `json:"allowusers,omitzero"`                   // Users that may log in; empty when not limited.
	Authenticationmethods        []string `json:"authenticationmethods,omitzero"`        // any, or lists of methods that must all succeed.
	Authorizedkeyscommand        *string  `json:"authorizedkeyscommand,omitzero"`        // none or a program.
	Authorizedkeysfile           []string `json:"authorizedkeysfile,omitzero"`           // Files with the users' keys.
	Banner                       *string  `json:"banner,omitzero"`                       // none or a file.
	Chrootdirectory              *string  `json:"chrootdirectory,omitzero"`              // none or a directory.
	Ciphers                      []string `json:"ciphers,omitzero"`                      // Ciphers in order of preference.
	Clientalivecountmax          *int64   `json:"clientalivecountmax,omitzero"`          // Unanswered messages before the connection ends.
	Clientaliveinterval          *int64   `json:"clientaliveinterval,omitzero"`          // 0 means never.
	Compression                  *string  `json:"compression,omitzero"`                  // yes, no, delayed.
	Denygroups                   []string `json:"denygroups,omitzero"`                   // Groups that may not log in.
	Denyusers                    []string `json:"denyusers,omitzero"`                    // Users that may not log in.
	Disableforwarding            *string  `json:"disableforwarding,omitzero"`            // yes or no.
	Forcecommand                 *string  `json:"forcecommand,omitzero"`                 // none or a command.
	Gatewayports                 *string  `json:"gatewayports,omitzero"`                 // yes, no, clientspecified.
	Gssapiauthentication         *string  `json:"gssapiauthentication,omitzero"`         // yes or no; absent when built without.
	Hostbasedauthentication      *string  `json:"hostbasedauthentication,omitzero"`      // yes or no.
	Hostkey                      []string `json:"hostkey,omitzero"`                      // Private host key files.
	Hostkeyalgorithms            []string `json:"hostkeyalgorithms,omitzero"`            // Host key algorithms.
	Ignorerhosts                 *string  `json:"ignorerhosts,omitzero"`                 // yes, no, shosts-only.
	Ignoreuserknownhosts         *string  `json:"ignoreuserknownhosts,omitzero"`         // yes or no.
	Kbdinteractiveauthentication *string  `json:"kbdinteractiveauthentication,omitzero"` // yes or no; older servers call it challengeresponseauthentication, read here too.
	Kerberosauthentication       *string  `json:"kerberosauthentication,omitzero"`       // yes or no; absent when built without.
	Kexalgorithms                []string `json:"kexalgorithms,omitzero"`                // Key exchange algorithms.
	Listenaddress                []string `json:"listenaddress,omitzero"`                // Addresses with ports.
	Logingracetime               *int64   `json:"logingracetime,omitzero"`               // 0 means no limit.
	Loglevel                     *string  `json:"loglevel,omitzero"`                     // INFO, VERBOSE; upper case.
	Macs                         []string `json:"macs,omitzero"`                         // Message authentication codes.
	Maxauthtries                 *int64   `json:"maxauthtries,omitzero"`                 // Attempts per connection.
	Maxsessions                  *int64   `json:"maxsessions,omitzero"`                  // Sessions per connection.
	Maxstartups                  *string  `json:"maxstartups,omitzero"`                  // Start:rate:full, as in 10:30:60.
	MaxstartupsFull              *int64   `json:"maxstartups_full,omitzero"`             // Third number of maxstartups.
	MaxstartupsRate              *int64   `json:"maxstartups_rate,omitzero"`             // Second number of maxstartups.
	MaxstartupsStart             *int64   `json:"maxstartups_start,omitzero"`            // First number of maxstartups.
	Passwordauthentication       *string  `json:"passwordauthentication,omitzero"`       // yes or no.
	Permitemptypasswords         *string  `json:"permitemptypasswords,omitzero"`         // yes or no.
	Permitopen                   []string `json:"permitopen,omitzero"`                   // any, none or targets.
	Permitrootlogin              *string  `json:"permitrootlogin,omitzero"`              // yes, no, prohibit-password (sshd -T may say without-password; the agent writes prohibit-password), forced-commands-only.
	Permittty                    *string  `json:"permittty,omitzero"`                    // yes or no.
	Permittunnel                 *string  `json:"permittunnel,omitzero"`                 // no, yes, point-to-point, ethernet.
	Permituserenvironment        *string  `json:"permituserenvironment,omitzero"`        // no, yes or a pattern.
	Permituserrc                 *string  `json:"permituserrc,omitzero"`                 // yes or no.
	Port                         []int64  `json:"port,omitzero"`                         // Ports.
	Printlastlog                 *string  `json:"printlastlog,omitzero"`                 // yes or no.
	Pubkeyacceptedalgorithms     []string `json:"pubkeyacceptedalgorithms,omitzero"`     // Signature algorithms for users' keys.
	Pubkeyauthentication         *string  `json:"pubkeyauthentication,omitzero"`         // yes or no.
	Requiredrsasize              *int64   `json:"requiredrsasize,omitzero"`              // Smallest RSA key that is taken; absent on servers before 9.1.
	Strictmodes                  *string  `json:"strictmodes,omitzero"`                  // yes or no.
	Subsystem                    []string `json:"subsystem,omitzero"`                    // Name and program, as in sftp /usr/lib/openssh/sftp-server.
	Syslogfacility               *string  `json:"syslogfacility,omitzero"`               // AUTH or another facility.
	Tcpkeepalive                 *string  `json:"tcpkeepalive,omitzero"`                 // yes or no.
	Usedns                       *string  `json:"usedns,omitzero"`                       // yes or no.
	Usepam                       *string  `json:"usepam,omitzero"`                       // yes or no; absent when built without.
	X11forwarding                *string  `json:"x11forwarding,omitzero"`                // yes or no.
	X11uselocalhost              *string  `json:"x11uselocalhost,omitzero"`              // yes or no.
}

// Sysctl: Running values and what the files would set at boot, apart. Only the settings of the watch list are read from the running kernel; the files are read whole.
type Sysctl struct {
	Persisted map[string]Setting `json:"persisted,omitzero"` // What is set at boot by dotted name, with the file and line that win; globs are resolved against the running kernel where it knows them.
	Running   map[string]string  `json:"running,omitzero"`   // Running values by dotted name, white space as one space; absent where this kernel has no such setting.
}

// Mounts: File systems that are mounted, those that /etc/fstab would mount, and what holds the directories that standards ask about.
type Mounts struct {
	Directories map[string]Directory  `json:"directories,omitzero"` // What holds each watched directory.
	Persisted   map[string]FstabEntry `json:"persisted,omitzero"`   // Lines of fstab by target; swap and targets called none are left out.
	Running     map[string]Mount      `json:"running,omitzero"`     // Mounted file systems by target.
}

// Pam: What PAM asks of passwords and logins. /services is every stack as written, with includes resolved; the other facts are derived from them and from the files of the modules: a setting holds when each of the stacks that people log in through has it (login and sshd for /lockout and /mfa, passwd for /quality, /history and /unix). Ages of passwords for new accounts are in users /login_defs, those of existing ones in users /passwords.
type Pam struct {
	History      *PamHistory           `json:"history,omitzero"`       // Facts under /history of section pam.
	InactiveDays *int64                `json:"inactive_days,omitzero"` // Days after the end of a password until a new account is locked; -1 for never.
	Limits       []Limit               `json:"limits,omitzero"`        // Limits in the order in which they are read.
	Lockout      *PamLockout           `json:"lockout,omitzero"`       // Facts under /lockout of section pam.
	Mfa          []string              `json:"mfa,omitzero"`           // Modules that ask for a second factor, sorted.
	Quality      *PamQuality           `json:"quality,omitzero"`       // Facts under /quality of section pam.
	Services     map[string]PamService `json:"services,omitzero"`      // Services by name.
	Su           *PamSu                `json:"su,omitzero"`            // Facts under /su of section pam.
	Umask        *bool                 `json:"umask,omitzero"`         // True when sessions get the umask of login.defs.
	Unix         *PamUnix              `json:"unix,omitzero"`          // Facts under /unix of section pam.
}

// PamQuality: Facts under /quality of section pam.
type PamQuality struct {
	Active         *bool   `json:"active,omitzero"`           // True when new passwords go through it.
	Dcredit        *int64  `json:"dcredit,omitzero"`          // Below 0: least number of digits.
	Dictcheck      *bool   `json:"dictcheck,omitzero"`        // True when words of a dictionary are refused.
	Difok          *int64  `json:"difok,omitzero"`            // Characters that must differ from the old password.
	EnforceForRoot *bool   `json:"enforce_for_root,omitzero"` // True when it holds for root as well.
	Enforcing      *bool   `json:"enforcing,omitzero"`        // True when a bad password is refused and not only warned about.
	Installed      *bool   `json:"installed,omitzero"`        // True when a module that tests new passwords is there.
	Lcredit        *int64  `json:"lcredit,omitzero"`          // Below 0: least number of small letters.
	Maxrepeat      *int64  `json:"maxrepeat,omitzero"`        // Most equal characters in a row; 0 for no limit.
	Maxsequence    *int64  `json:"maxsequence,omitzero"`      // Longest sequence such as 12345; 0 for no limit.
	Minclass       *int64  `json:"minclass,omitzero"`         // Least number of kinds of characters (digits, capitals, small letters, others): minclass, or the number of credits below 0 where that is larger.
	Minlen         *int64  `json:"minlen,omitzero"`           // Least length. Facts of /quality from here on are absent when no such module is in use.
	Module         *string `json:"module,omitzero"`           // pam_pwquality, pam_passwdqc, pam_cracklib; empty when none is in use.
	Ocredit        *int64  `json:"ocredit,omitzero"`          // Below 0: least number of other characters.
	Ucredit        *int64  `json:"ucredit,omitzero"`          // Below 0: least number of capitals.
}

// PamLockout: Facts under /lockout of section pam.
type PamLockout struct {
	Active       *bool   `json:"active,omitzero"`         // True when failures are counted before and after the password is asked.
	Deny         *int64  `json:"deny,omitzero"`           // Failures after which an account is locked; 0 for never. Facts of /lockout from here on are absent when no such module is in use.
	EvenDenyRoot *bool   `json:"even_deny_root,omitzero"` // True when root is locked as well.
	FailInterval *int64  `json:"fail_interval,omitzero"`  // Time within which failures count together.
	Module       *string `json:"module,omitzero"`         // pam_faillock, pam_tally2, pam_tally; empty when none is in use.
	UnlockTime   *int64  `json:"unlock_time,omitzero"`    // Time after which it opens again; 0 when only an administrator opens it.
}

// PamHistory: Facts under /history of section pam.
type PamHistory struct {
	Active         *bool  `json:"active,omitzero"`           // True when old passwords are kept from coming back.
	EnforceForRoot *bool  `json:"enforce_for_root,omitzero"` // True when it holds for root as well; absent when none are kept.
	Remember       *int64 `json:"remember,omitzero"`         // Old passwords that may not come back; absent when none are kept.
}

// PamUnix: Facts under /unix of section pam.
type PamUnix struct {
	Hash   *string `json:"hash,omitzero"`   // How new passwords are hashed: yescrypt, gost_yescrypt, sha512, sha256, blowfish, md5, bigcrypt; empty for the C library's default. Absent where PAM does not set passwords itself.
	Nullok *bool   `json:"nullok,omitzero"` // True when an account without a password may log in.
}

// PamSu: Facts under /su of section pam.
type PamSu struct {
	Group *string `json:"group,omitzero"` // Group named there; empty for the module's default (wheel, else group 0).
	Wheel *bool   `json:"wheel,omitzero"` // True when only members of one group may use su.
}

// SshKeys: Keys that may log in, and the files that decide so. Looked for are the files that AuthorizedKeysFile of sshd_config names, else .ssh/authorized_keys and .ssh/authorized_keys2. Homes on network file systems are left alone.
type SshKeys struct {
	Accounts  []KeyAccount `json:"accounts,omitzero"`   // Accounts in the order of /etc/passwd.
	HostTrust []string     `json:"host_trust,omitzero"` // Files that let users of other hosts in without a password, where they are there and not empty.
}

// Processes: Programs that run, by the file that they were started from. Processes that are younger than a minute are left out, and so are the kernel's own threads. Command lines are never read: they may hold passwords.
type Processes struct {
	Executables []Executable `json:"executables,omitzero"` // Sorted by path, user and container; one entry for each. Without root, path, digest and deletion of other users' programs are missing. At most 64 MB are hashed in one reading, what is left in the next ones; until then a digest is not observed.
}

// KernelModules: Modules that are loaded, and what keeps the ones on the watch list from being loaded.
type KernelModules struct {
	Disabled          *bool                   `json:"disabled,omitzero"`           // True when no module can be loaded any more until the next start.
	Loaded            map[string]KernelModule `json:"loaded,omitzero"`             // Loaded modules by name; absent where the kernel was built without modules.
	Rules             []ModprobeRule          `json:"rules,omitzero"`              // Blacklist and install lines in the order of the files.
	SignatureEnforced *bool                   `json:"signature_enforced,omitzero"` // True when the kernel takes only signed modules.
	Watched           map[string]ModuleState  `json:"watched,omitzero"`            // The modules of the watch list by name.
}

// Cron: What cron, anacron and at start. Timers of systemd are in section services.
type Cron struct {
	Installed    *bool         `json:"installed,omitzero"`     // True when a program that starts such jobs is there; what follows is read all the same.
	Jobs         []CronJob     `json:"jobs,omitzero"`          // Jobs in the order of their files; at most 2,000.
	RootPrograms []CronProgram `json:"root_programs,omitzero"` // Sorted by path.
}

// Certificates: Certificates of services, looked for where the usual ones keep them. Files of at most 256 kB that end in .pem, .crt, .cer, .cert or .key are read; the bundles of certification authorities that come with the system are left out.
type Certificates struct {
	Found       []Certificate `json:"found,omitzero"`        // Sorted by path and position; at most 500.
	PrivateKeys []PrivateKey  `json:"private_keys,omitzero"` // Files with a private key, sorted by path; at most 500.
	Truncated   *bool         `json:"truncated,omitzero"`    // True when there were more files than the limits allow, so that the lists are not whole.
	Unreadable  []string      `json:"unreadable,omitzero"`   // Files with a certificate that could not be taken apart, with the reason.
}

// Updates: Whether updates are fetched and put in by themselves, and when that last worked.
type Updates struct {
	Automatic       *UpdatesAutomatic  `json:"automatic,omitzero"`        // Facts under /automatic of section updates.
	ChangedDays     *int64             `json:"changed_days,omitzero"`     // Whole days since a package was last put in or updated.
	IndexDays       *int64             `json:"index_days,omitzero"`       // Whole days since the list of available packages was fetched.
	Manager         *string            `json:"manager,omitzero"`          // apt, dnf, yum, zypper, apk, none.
	Pending         *int64             `json:"pending,omitzero"`          // Updates that wait; not observed where no file says so.
	PendingSecurity *int64             `json:"pending_security,omitzero"` // Security updates that wait.
	RebootRequired  *bool              `json:"reboot_required,omitzero"`  // True when an update waits for a restart; not observed where neither can tell.
	Repositories    []string           `json:"repositories,omitzero"`     // Addresses that packages come from, without passwords, sorted.
	Settings        map[string]Setting `json:"settings,omitzero"`         // Settings by name; of dnf with the section: commands/apply_updates.
	Unverified      []string           `json:"unverified,omitzero"`       // Sources of packages that are taken without a valid signature, with file and line, sorted.
}

// UpdatesAutomatic: Facts under /automatic of section updates.
type UpdatesAutomatic struct {
	Enabled   *bool `json:"enabled,omitzero"`   // True when it is switched on and something starts it.
	Installed *bool `json:"installed,omitzero"` // True when a program that puts in updates by itself is there.
	Reboot    *bool `json:"reboot,omitzero"`    // True when it restarts the host where an update asks for it; absent when it is not installed.
	Security  *bool `json:"security,omitzero"`  // True when security updates are among what it puts in; absent when it is not installed.
}

// Audit: The kernel's audit. What the files would load at the next start and what the running kernel has are apart.
type Audit struct {
	Config             map[string]string `json:"config,omitzero"`              // Settings in lower case: disk_full_action, max_log_file_action.
	Enabled            *int64            `json:"enabled,omitzero"`             // 0 off, 1 on, 2 on and immutable.
	ImmutablePersisted *bool             `json:"immutable_persisted,omitzero"` // True when it says 2: rules cannot be changed until the next start.
	Installed          *bool             `json:"installed,omitzero"`           // True when the audit service is there; all else is absent when it is not.
	Persisted          []AuditRule       `json:"persisted,omitzero"`           // Rules in the order in which they are loaded.
	Running            []AuditRule       `json:"running,omitzero"`             // Rules of the running kernel.
}

// Logging: How messages are kept, who may read them, and where they are sent.
type Logging struct {
	Journald           *LoggingJournald  `json:"journald,omitzero"`             // Facts under /journald of section logging.
	Logrotate          *LoggingLogrotate `json:"logrotate,omitzero"`            // Facts under /logrotate of section logging.
	Remote             []LogTarget       `json:"remote,omitzero"`               // Machines that messages are sent to.
	Rsyslog            *LoggingRsyslog   `json:"rsyslog,omitzero"`              // Facts under /rsyslog of section logging.
	SyslogNg           *LoggingSyslogNg  `json:"syslog_ng,omitzero"`            // Facts under /syslog_ng of section logging.
	WideFiles          []WideFile        `json:"wide_files,omitzero"`           // Files that others may read or group or others may write, but for wtmp, btmp and lastlog; sorted, at most 1,000.
	WideFilesTruncated *bool             `json:"wide_files_truncated,omitzero"` // True when there are more such files than are listed, or more than 20,000 files were there to look at.
}

// LoggingJournald: Facts under /journald of section logging.
type LoggingJournald struct {
	Compress        *bool              `json:"compress,omitzero"`          // True when large entries are compressed, which is the default.
	ForwardToSyslog *bool              `json:"forward_to_syslog,omitzero"` // True when messages are handed to syslog as well; the default depends on the version and counts as no.
	Installed       *bool              `json:"installed,omitzero"`         // True when it is there; the rest of /journald is absent when it is not.
	Persistent      *bool              `json:"persistent,omitzero"`        // True when the journal outlives a restart.
	Settings        map[string]Setting `json:"settings,omitzero"`          // Settings of [Journal] by name.
}

// LoggingRsyslog: Facts under /rsyslog of section logging.
type LoggingRsyslog struct {
	FileCreateMode *string  `json:"file_create_mode,omitzero"` // Widest mode that new log files get, four octal digits; 0644 when none is set.
	Installed      *bool    `json:"installed,omitzero"`        // True when it is there; the rest of /rsyslog is absent when it is not.
	Receives       []string `json:"receives,omitzero"`         // Ways in which it takes messages of other machines, sorted.
}

// LoggingSyslogNg: Facts under /syslog_ng of section logging.
type LoggingSyslogNg struct {
	Installed *bool `json:"installed,omitzero"` // True when it is there. Its targets are read; its other settings are not.
}

// LoggingLogrotate: Facts under /logrotate of section logging.
type LoggingLogrotate struct {
	Frequency *string `json:"frequency,omitzero"` // daily, weekly, monthly, yearly; weekly when nothing is said.
	Installed *bool   `json:"installed,omitzero"` // True when it is there; the rest of /logrotate is absent when it is not.
	Rotate    *int64  `json:"rotate,omitzero"`    // Old files that are kept; 0 when nothing is said.
	Scheduled *bool   `json:"scheduled,omitzero"` // True when something starts it.
}

// Mac: AppArmor and SELinux, whichever the kernel has.
type Mac struct {
	Active   *string      `json:"active,omitzero"`   // What confines programs now: apparmor, selinux (also when permissive), none.
	Apparmor *MacApparmor `json:"apparmor,omitzero"` // Facts under /apparmor of section mac.
	Modules  []string     `json:"modules,omitzero"`  // Security modules of the running kernel in their order.
	Selinux  *MacSelinux  `json:"selinux,omitzero"`  // Facts under /selinux of section mac.
}

// MacApparmor: Facts under /apparmor of section mac.
type MacApparmor struct {
	Complain   []string `json:"complain,omitzero"`   // Profiles that only complain, sorted.
	Enabled    *bool    `json:"enabled,omitzero"`    // True when the running kernel uses it.
	Enforce    *int64   `json:"enforce,omitzero"`    // Profiles that are enforced.
	Installed  *bool    `json:"installed,omitzero"`  // True when its tools are there.
	Unconfined []string `json:"unconfined,omitzero"` // Profiles that let everything through, sorted.
}

// MacSelinux: Facts under /selinux of section mac.
type MacSelinux struct {
	Configured *string `json:"configured,omitzero"` // Mode at the next start.
	Installed  *bool   `json:"installed,omitzero"`  // True when its tools are there; configuration is absent when they are not.
	Mode       *string `json:"mode,omitzero"`       // enforcing, permissive, disabled.
	Policy     *string `json:"policy,omitzero"`     // targeted, mls.
}

// Boot: Who can change how the host starts.
type Boot struct {
	Cmdline            []string  `json:"cmdline,omitzero"`              // Arguments of the running kernel in their order; values of those whose name says password, secret, key or token are left out.
	Firmware           *string   `json:"firmware,omitzero"`             // uefi or bios.
	Grub               *BootGrub `json:"grub,omitzero"`                 // Facts under /grub of section boot.
	Loader             *string   `json:"loader,omitzero"`               // grub, systemd-boot, other (a kernel image and no loader that is known); absent where the host has no kernel of its own.
	Lockdown           *string   `json:"lockdown,omitzero"`             // none, integrity, confidentiality; absent where the kernel has none.
	SecureBoot         *string   `json:"secure_boot,omitzero"`          // enabled, disabled, setup (keys are not enrolled); absent without UEFI.
	SingleUserPassword *bool     `json:"single_user_password,omitzero"` // True when the rescue modes ask for root's password.
}

// BootGrub: Facts under /grub of section boot.
type BootGrub struct {
	Config    *string `json:"config,omitzero"`     // File that was read; all of /grub is absent without GRUB.
	GID       *int64  `json:"gid,omitzero"`        // Group.
	Mode      *int64  `json:"mode,omitzero"`       // Permission bits of that file as a number.
	ModeOctal *string `json:"mode_octal,omitzero"` // The same as text.
	Password  *bool   `json:"password,omitzero"`   // True when changing an entry asks for a password.
	UID       *int64  `json:"uid,omitzero"`        // Owner.
}

// SpecialFiles: Files with raised rights and files that everybody can change, found by one walk over the local file systems that are mounted, each once, at low priority and at most once an hour. Left out are network, kernel and memory file systems but tmpfs, and the layers of containers (/var/lib/docker, /var/lib/containers, /var/lib/containerd, /var/lib/lxc, /var/lib/kubelet, snapshots below /snap). Each list holds the first 1,000 in the order of their paths; counts are whole.
type SpecialFiles struct {
	Roots              []string      `json:"roots,omitzero"`                // Mount points that were walked, sorted.
	Skipped            []string      `json:"skipped,omitzero"`              // What was left out and why, sorted; file systems of the kernel itself are not named.
	Suid               []SpecialFile `json:"suid,omitzero"`                 // Files with the set-user-id or set-group-id bit, where the file system honours them (no nosuid).
	SuidCount          *int64        `json:"suid_count,omitzero"`           // How many there are.
	Truncated          *bool         `json:"truncated,omitzero"`            // True when a list is longer than what is sent of it.
	Unowned            []SpecialFile `json:"unowned,omitzero"`              // Files and directories whose owner or group has no name. Ids of systemd's dynamic users (61184 to 65519) count as named. Not observed where nsswitch.conf takes accounts from elsewhere as well.
	UnownedCount       *int64        `json:"unowned_count,omitzero"`        // How many there are.
	WritableDirs       []SpecialFile `json:"writable_dirs,omitzero"`        // Directories that everybody may write and that have no sticky bit.
	WritableDirsCount  *int64        `json:"writable_dirs_count,omitzero"`  // How many there are.
	WritableFiles      []SpecialFile `json:"writable_files,omitzero"`       // Files that everybody may write.
	WritableFilesCount *int64        `json:"writable_files_count,omitzero"` // How many there are.
}

// Watching: How the agent watches files on this host, which trees, and what they are compared with. It is said by the agent that runs: an inventory that is read by hand does not have it. Times and counts are coarse, so that nothing travels while nothing happens.
type Watching struct {
	AddedRoots      []string          `json:"added_roots,omitzero"`      // Trees that are watched and were not when the baseline was made: everything in them counts as added.
	Baseline        *WatchingBaseline `json:"baseline,omitzero"`         // Facts under /baseline of section watching.
	ContentRoots    []string          `json:"content_roots,omitzero"`    // Of them those that are given out to others, sorted: web roots and declared content.
	Excluded        []string          `json:"excluded,omitzero"`         // Patterns of paths that are left out, as the baseline has them.
	LeftOut         []WatchingGap     `json:"left_out,omitzero"`         // Mounts, network file systems and the like that were left out, the first 50.
	Mode            *string           `json:"mode,omitzero"`             // fanotify (tells who), inotify, polling; starting (the first baseline is being made), off (by its settings), failed.
	NotThere        []string          `json:"not_there,omitzero"`        // Declared trees that do not exist.
	Overflows       *int64            `json:"overflows,omitzero"`        // Times that more happened than could be kept since the agent started; each is followed by a comparison of everything.
	Own             *WatchingOwn      `json:"own,omitzero"`              // Facts under /own of section watching.
	Problems        []string          `json:"problems,omitzero"`         // What is wrong with watching now: a baseline that was damaged, a disk that is full.
	Reason          *string           `json:"reason,omitzero"`           // Why it is off or failed, empty otherwise.
	Refused         []WatchingRefusal `json:"refused,omitzero"`          // Better ways, and why they are not in force.
	Rehash          *WatchingRehash   `json:"rehash,omitzero"`           // Facts under /rehash of section watching.
	Roots           []string          `json:"roots,omitzero"`            // Trees that are watched, sorted.
	SettingsPending *bool             `json:"settings_pending,omitzero"` // True when the settings leave out other trees than the baseline; a new baseline takes them in.
	Since           *string           `json:"since,omitzero"`            // Since when it is in this mode, UTC.
	Unread          []WatchingGap     `json:"unread,omitzero"`           // What could not be read, the first 50.
	UnreadCount     *int64            `json:"unread_count,omitzero"`     // How many attributes could not be read.
	Who             []string          `json:"who,omitzero"`              // What is known of the processes that change files, and from what.
}

// WatchingBaseline: Facts under /baseline of section watching.
type WatchingBaseline struct {
	Approval   *string `json:"approval,omitzero"`    // Id of the approval by which it was taken; empty: nobody has approved it.
	ApprovedBy *string `json:"approved_by,omitzero"` // Id of the person who approved it, usr_…; empty: nobody has.
	Bytes      *int64  `json:"bytes,omitzero"`       // Bytes of these files.
	Entries    *int64  `json:"entries,omitzero"`     // Entries in it.
	Files      *int64  `json:"files,omitzero"`       // Files in it.
	Made       *string `json:"made,omitzero"`        // When it was made, UTC, by this host's clock; empty while there is none.
	Root       *string `json:"root,omitzero"`        // Merkle root of the baseline in force, 64 hex digits; empty while there is none.
}

// WatchingRehash: Facts under /rehash of section watching.
type WatchingRehash struct {
	Completed *string `json:"completed,omitzero"` // Day on which every content had been read anew, whatever times say; empty: not yet.
}

// WatchingOwn: Facts under /own of section watching.
type WatchingOwn struct {
	KeySha256      *string `json:"key_sha256,omitzero"`      // SHA-256 of the public key of the agent's certificate, 64 hex digits.
	Program        *string `json:"program,omitzero"`         // The agent's own program.
	ProgramSha256  *string `json:"program_sha256,omitzero"`  // SHA-256 of the program that runs, 64 hex digits.
	Settings       *string `json:"settings,omitzero"`        // The agent's configuration file; empty: it has none.
	SettingsSha256 *string `json:"settings_sha256,omitzero"` // Of that file, 64 hex digits; empty: it has none.
}

// Services: Units as files enable them, and apart from that what runs. Without a running service manager the running state cannot be known; enablement is read from files all the same.
type Services struct {
	Manager *string              `json:"manager,omitzero"` // Whose files were read: systemd, openrc, none. What runs now is os /service_manager.
	Running map[string]UnitState `json:"running,omitzero"` // Running state by name, for units that are loaded; not observed where no service manager runs.
	Timers  map[string]Timer     `json:"timers,omitzero"`  // Timers by name.
	Units   map[string]Unit      `json:"units,omitzero"`   // Services, sockets, timers, paths, mounts and targets by name.
}

// Ports: Sockets that wait for others to connect.
type Ports struct {
	Listening []Socket `json:"listening,omitzero"` // TCP sockets that listen and UDP sockets that are bound and unconnected; sorted by protocol, address and port. Without root the process of other users' sockets is missing.
}

// Flows: With whom this host was connected within the last hour, looked at every minute. Connections within the host are left out. More than 4,096 kinds are not kept. What a firewall drops is no connection.
type Flows struct {
	Conntrack *bool    `json:"conntrack,omitzero"` // True when the table of tracked connections was read as well; without it UDP that comes in, and what passes through, is not seen.
	Flows     []Flow   `json:"flows,omitzero"`     // Kinds of connections, sorted.
	Overflow  *bool    `json:"overflow,omitzero"`  // True when some kinds of connections of the last hour were not kept.
	Unseen    []string `json:"unseen,omitzero"`    // Network namespaces that could not be looked into, by a process in each, and why.
}

// Clock: Whether the host's clock is kept right, and by what. Offsets are rounded so that the section changes only when the clock does; the offset against the server is measured with every batch.
type Clock struct {
	Leap         *string      `json:"leap,omitzero"`         // normal, insert second, delete second, not synchronised; absent where chrony does not run.
	MaxErrorUS   *int64       `json:"max_error_us,omitzero"` // Largest error the kernel allows for, rounded up to whole seconds; 16,000,000 and more means never set.
	OffsetUS     *int64       `json:"offset_us,omitzero"`    // Host clock minus reference, rounded to 10,000; absent where nothing keeps the clock.
	Servers      []string     `json:"servers,omitzero"`      // Time servers and pools that the files name, sorted.
	Source       *string      `json:"source,omitzero"`       // What keeps it: chrony, ntpd, ntpsec, openntpd, timesyncd, busybox, kernel (synchronised, by what is unknown), none.
	Sources      []TimeSource `json:"sources,omitzero"`      // Sources that the time service measures, sorted; absent where chrony does not run.
	Stratum      *int64       `json:"stratum,omitzero"`      // Steps from a clock; absent where chrony does not run or has not set the clock.
	Synchronised *bool        `json:"synchronised,omitzero"` // True when the kernel says that a time service keeps the clock.
	Timezone     *string      `json:"timezone,omitzero"`     // Such as Etc/UTC; empty when it cannot be told.
}

// Network: Interfaces with their addresses, routes, and how names are looked up.
type Network struct {
	Hosts      []HostsEntry      `json:"hosts,omitzero"`      // Names that are looked up in the file first.
	Interfaces []Interface       `json:"interfaces,omitzero"` // Interfaces of this network namespace, sorted by name.
	Resolvers  *NetworkResolvers `json:"resolvers,omitzero"`  // Facts under /resolvers of section network.
	Routes     []Route           `json:"routes,omitzero"`     // Routes of all tables but that of local addresses, sorted; at most 10,000.
}

// NetworkResolvers: Facts under /resolvers of section network.
type NetworkResolvers struct {
	Manager  *string  `json:"manager,omitzero"`  // Who writes the file: systemd-resolved, networkmanager, resolvconf, dhclient, docker, or file (somebody by hand).
	Options  []string `json:"options,omitzero"`  // Options, sorted.
	Search   []string `json:"search,omitzero"`   // Domains that are appended.
	Servers  []string `json:"servers,omitzero"`  // Name servers in their order.
	Upstream []string `json:"upstream,omitzero"` // Name servers that the resolver of this host asks; absent where there is none.
}

// Neighbours: Machines that this host has met on its own links (ARP, NDP): for holding other inventories against. Nothing is probed. It is a section of its own, since it changes more often than the host's own network.
type Neighbours struct {
	Entries []Neighbour `json:"entries,omitzero"` // Sorted; entries without a hardware address are left out; at most 4,096.
}

// Firewall: The packet filter that is in force, whichever of nftables and iptables it was made with, in one model; and apart from that what the files of the firewall programs would load at the next start. /input and /open are derived: they follow a packet of a new connection from nowhere in particular to a port that nobody names through the chains.
type Firewall struct {
	Chains      []FirewallChain    `json:"chains,omitzero"`      // Chains in force.
	Differences []string           `json:"differences,omitzero"` // In what the running filter differs from the file of the program that starts at boot, in words. Chains that container engines, fail2ban and libvirt add at run time are left out.
	Engines     []string           `json:"engines,omitzero"`     // Engines that hold tables: iptables-legacy, iptables-nft, nft; empty when nothing filters.
	Forward     *FirewallForward   `json:"forward,omitzero"`     // Facts under /forward of section firewall.
	Input       *FirewallInput     `json:"input,omitzero"`       // Facts under /input of section firewall.
	Open        *FirewallOpen      `json:"open,omitzero"`        // Facts under /open of section firewall.
	Persisted   *FirewallPersisted `json:"persisted,omitzero"`   // Facts under /persisted of section firewall.
	Rules       []FirewallRule     `json:"rules,omitzero"`       // Rules in force, in their order; at most 5,000.
	Uncounted   []string           `json:"uncounted,omitzero"`   // Rules that do not count: those of nftables without the word counter.
	Zero        []string           `json:"zero,omitzero"`        // Rules that no packet has met since they were loaded, as engine, family, table, chain and place: nft inet filter input 3. Numbers are not sent: they are news each time.
}

// FirewallInput: Facts under /input of section firewall.
type FirewallInput struct {
	Ip4   *string `json:"ip4,omitzero"`    // What becomes of an IPv4 packet to this host that no rule mentions: drop, reject, accept, none (nothing filters). Where tcp and udp differ, the more open one.
	Ip4By *string `json:"ip4_by,omitzero"` // What decides that, in words.
	Ip6   *string `json:"ip6,omitzero"`    // The same for IPv6.
	Ip6By *string `json:"ip6_by,omitzero"` // The same for IPv6.
}

// FirewallForward: Facts under /forward of section firewall.
type FirewallForward struct {
	Ip4 *string `json:"ip4,omitzero"` // The same for packets that this host hands on.
	Ip6 *string `json:"ip6,omitzero"` // The same for IPv6.
}

// FirewallOpen: Facts under /open of section firewall.
type FirewallOpen struct {
	AnyAny     []string   `json:"any_any,omitzero"`    // Rules that let everything in, from everybody, in words.
	Interfaces []string   `json:"interfaces,omitzero"` // Interfaces other than loopback from which everything is let in; sorted.
	Ports      []OpenPort `json:"ports,omitzero"`      // Ports that a rule opens for everybody. A rule before it that drops some of them is not taken into account.
}

// FirewallPersisted: Facts under /persisted of section firewall.
type FirewallPersisted struct {
	Chains   []FirewallChain   `json:"chains,omitzero"`   // Chains that files of nftables and iptables would load.
	Ip4      *string           `json:"ip4,omitzero"`      // The strictest that a program which starts at boot gives: drop, reject, accept; none when none does.
	Ip6      *string           `json:"ip6,omitzero"`      // The same for IPv6.
	Managers []FirewallManager `json:"managers,omitzero"` // Programs whose files are there.
}

// Storage: Block devices, what lies on what, and which file systems and swap areas rest on an encrypted device. Encryption below the host (a cloud's disks) or above block devices (ZFS, fscrypt, eCryptfs) cannot be seen here.
type Storage struct {
	Crypttab []CrypttabEntry `json:"crypttab,omitzero"` // Devices that are opened at boot; empty where there is no file.
	Devices  []BlockDevice   `json:"devices,omitzero"`  // Block devices, sorted; empty loop and RAM devices are left out.
	Mounts   []StorageMount  `json:"mounts,omitzero"`   // Mounted file systems that lie on a block device, by target; one of several on one target, the one on top.
	Swaps    []SwapArea      `json:"swaps,omitzero"`    // Swap in use.
}

// Usb: USB devices that are plugged in, and what keeps storage devices from being used.
type Usb struct {
	AuthorizedDefault *bool       `json:"authorized_default,omitzero"` // True when a new device may be used at once; absent where there is no bus.
	Devices           []UsbDevice `json:"devices,omitzero"`            // Devices, sorted by bus and port; root hubs are left out. Absent where the kernel has no USB bus.
	Guard             *UsbGuard   `json:"guard,omitzero"`              // Facts under /guard of section usb.
	Storage           *UsbStorage `json:"storage,omitzero"`            // Facts under /storage of section usb.
}

// UsbStorage: Facts under /storage of section usb.
type UsbStorage struct {
	Blocked   *bool   `json:"blocked,omitzero"`    // True when usb-storage cannot be loaded: install usb-storage /bin/false (or true, or false without path). A blacklist line alone does not keep it from being loaded by name.
	BlockedBy *string `json:"blocked_by,omitzero"` // File and line that says so; empty when none does.
	Loaded    *bool   `json:"loaded,omitzero"`     // True when the module usb-storage or uas is loaded.
}

// UsbGuard: Facts under /guard of section usb.
type UsbGuard struct {
	Installed *bool   `json:"installed,omitzero"` // True when USBGuard is there; the rest of /guard is absent when it is not.
	Policy    *string `json:"policy,omitzero"`    // What becomes of a device that no rule names: allow, block, reject.
	Rules     *int64  `json:"rules,omitzero"`     // Number of rules.
}

// Malware: Which known products are there, whether they run, and how old the signatures of ClamAV are.
type Malware struct {
	Clamav   *MalwareClamav   `json:"clamav,omitzero"`   // Facts under /clamav of section malware.
	Products []MalwareProduct `json:"products,omitzero"` // Known products that are installed, sorted. One that is not known here is not listed.
}

// MalwareClamav: Facts under /clamav of section malware.
type MalwareClamav struct {
	DaemonRunning    *bool            `json:"daemon_running,omitzero"`     // True when the scanning service runs.
	Databases        []ClamavDatabase `json:"databases,omitzero"`          // Signature databases, sorted.
	Installed        *bool            `json:"installed,omitzero"`          // True when ClamAV is there; the rest of /clamav is absent when it is not.
	LastScanDays     *int64           `json:"last_scan_days,omitzero"`     // Whole days since then.
	LastScanInfected *int64           `json:"last_scan_infected,omitzero"` // Infected files that it found.
	LastScanUS       *int64           `json:"last_scan_us,omitzero"`       // When a scan last ended; absent where no log says so.
	OnAccessRunning  *bool            `json:"on_access_running,omitzero"`  // True when files are scanned when they are opened.
	SignatureAgeDays *int64           `json:"signature_age_days,omitzero"` // Whole days since the newest database was made; absent where there is none.
	UpdaterRunning   *bool            `json:"updater_running,omitzero"`    // True when signatures are updated by themselves.
}

// Containers: Container engines, how they are set up, and what they run. Docker is asked over its socket, podman's own store is read from files. Images and containers of containerd and CRI-O are not read: their runtimes are listed, no more.
type Containers struct {
	Audited    []string           `json:"audited,omitzero"`    // Paths that the files of the audit service watch, sorted.
	Containers []Container        `json:"containers,omitzero"` // Containers of the host's engines, sorted; at most 500. Those of users' own (rootless) podman are not read.
	Docker     *ContainersDocker  `json:"docker,omitzero"`     // Facts under /docker of section containers.
	Images     []ContainerImage   `json:"images,omitzero"`     // Images, sorted; at most 1,000.
	Podman     *ContainersPodman  `json:"podman,omitzero"`     // Facts under /podman of section containers.
	Runtimes   []ContainerRuntime `json:"runtimes,omitzero"`   // Engines that are installed, sorted.
}

// ContainersDocker: Facts under /docker of section containers.
type ContainersDocker struct {
	Config             map[string]string `json:"config,omitzero"`              // Settings by name as daemon.json calls them, lists joined by a comma, objects as name.key. Credentials in addresses are left out. Absent where Docker is not installed.
	Icc                *bool             `json:"icc,omitzero"`                 // True when containers on the default bridge reach each other.
	InsecureRegistries []string          `json:"insecure_registries,omitzero"` // Registries that are trusted without a certificate; 127.0.0.0/8 and ::1/128, which always are, are left out.
	LiveRestore        *bool             `json:"live_restore,omitzero"`        // True when containers go on while the engine restarts.
	LogDriver          *string           `json:"log_driver,omitzero"`          // Where output goes unless a container says otherwise.
	Reachable          *bool             `json:"reachable,omitzero"`           // True when the engine answered; absent where Docker is not installed or does not run.
	Root               *string           `json:"root,omitzero"`                // Directory of images and containers: /var/lib/docker.
	Security           []string          `json:"security,omitzero"`            // apparmor, seccomp, selinux, userns, rootless, cgroupns, no-new-privileges; with the seccomp profile as seccomp=builtin; sorted.
	Swarm              *string           `json:"swarm,omitzero"`               // State of swarm mode: inactive, active.
	Version            *string           `json:"version,omitzero"`             // Version of the engine.
}

// ContainersPodman: Facts under /podman of section containers.
type ContainersPodman struct {
	InsecureRegistries []string `json:"insecure_registries,omitzero"` // Registries that are trusted without a certificate.
	Policy             *string  `json:"policy,omitzero"`              // What is asked of an image that no other rule names: insecureAcceptAnything, reject, signedBy, sigstoreSigned. Absent where podman is not installed.
	UnqualifiedSearch  []string `json:"unqualified_search,omitzero"`  // Registries that a short name is looked up in.
}

// Haproxy: The load balancer HAProxy: what its files say with all that proxies inherit, and what runs, asked over its stats socket. Read is the instance that runs (the first by its number), else the one that its unit would start. Passwords, keys and texts of answers are not facts.
type Haproxy struct {
	Difference []string          `json:"difference,omitzero"` // Frontends, backends and servers that run and do not stand in the files, or the other way round.
	Files      []string          `json:"files,omitzero"`      // Configuration files in the order in which they are read.
	Installed  *bool             `json:"installed,omitzero"`  // True when HAProxy is installed.
	Others     []string          `json:"others,omitzero"`     // Files of further instances that run on the host, which are not read; one text each. Those in containers are left out.
	Persisted  *HaproxyPersisted `json:"persisted,omitzero"`  // Facts under /persisted of section haproxy.
	Problem    *string           `json:"problem,omitzero"`    // File and line of the first thing that it refuses, with its words where they cannot hold a secret; empty when it takes them.
	Running    *HaproxyRunning   `json:"running,omitzero"`    // Facts under /running of section haproxy.
	Valid      *bool             `json:"valid,omitzero"`      // True when HAProxy takes the files as they are on disk.
}

// HaproxyPersisted: Facts under /persisted of section haproxy.
type HaproxyPersisted struct {
	Backends  []HaproxyBackend   `json:"backends,omitzero"`  // Backends that have servers.
	Chroot    *string            `json:"chroot,omitzero"`    // Directory that it is locked into; empty when none.
	Frontends []HaproxyFrontend  `json:"frontends,omitzero"` // Frontends.
	Listeners []BalancerListener `json:"listeners,omitzero"` // Addresses on which frontends and listen sections take connections. Defaults of TLS are those of HAProxy 2.2 and newer.
	Logs      []BalancerLog      `json:"logs,omitzero"`      // Where messages are sent, each once.
	Maxconn   *int64             `json:"maxconn,omitzero"`   // Most connections at a time; 0 when none is given, and the limit of open files decides.
	Sockets   []HaproxySocket    `json:"sockets,omitzero"`   // Sockets for commands.
	Stats     []BalancerStats    `json:"stats,omitzero"`     // Pages that show its state.
	Targets   []BalancerTarget   `json:"targets,omitzero"`   // Servers behind it; at most 2,000.
	User      *string            `json:"user,omitzero"`      // Account that it runs as; empty when none is given.
	Userlists []HaproxyUserlist  `json:"userlists,omitzero"` // Lists of users.
}

// HaproxyRunning: Facts under /running of section haproxy.
type HaproxyRunning struct {
	Maxconn    *int64                `json:"maxconn,omitzero"`     // Most connections at a time.
	Proxies    []HaproxyProxyState   `json:"proxies,omitzero"`     // Frontends and backends.
	Stale      []string              `json:"stale,omitzero"`       // Files that were changed after what runs was started: they are not in force yet.
	Targets    []BalancerTargetState `json:"targets,omitzero"`     // Servers, each with its state; at most 2,000.
	UsePercent *int64                `json:"use_percent,omitzero"` // Connections now of that limit, in steps of ten.
	User       *string               `json:"user,omitzero"`        // Account that it runs as now.
	Version    *string               `json:"version,omitzero"`     // Version that runs.
}

// Nginx: The web server nginx as a load balancer: what its files say with all that blocks inherit, and what runs. nginx does not tell whether a server behind it is up. Read is the instance that runs (the first by its number), else the packaged configuration.
type Nginx struct {
	Files     []string        `json:"files,omitzero"`     // Configuration files, included ones too, in the order in which they are read.
	Installed *bool           `json:"installed,omitzero"` // True when nginx is installed.
	Others    []string        `json:"others,omitzero"`    // Files of further instances that run on the host, which are not read. Those in containers are left out.
	Persisted *NginxPersisted `json:"persisted,omitzero"` // Facts under /persisted of section nginx.
	Problem   *string         `json:"problem,omitzero"`   // File and line of the first thing that it refuses, with its words where they cannot hold a secret; empty when it takes them.
	Running   *NginxRunning   `json:"running,omitzero"`   // Facts under /running of section nginx.
	Valid     *bool           `json:"valid,omitzero"`     // True when nginx takes the files as they are on disk. Asked only while it runs: then the files and directories that nginx -t makes are there already.
}

// NginxPersisted: Facts under /persisted of section nginx.
type NginxPersisted struct {
	Listeners         []BalancerListener `json:"listeners,omitzero"`          // Addresses on which server blocks take connections. Defaults of TLS are those of nginx 1.27.3 and newer (TLS 1.2 and 1.3); before, they were TLS 1.0 to 1.2 and, from 1.23.4, 1.3: what is not set counts as those while a version before 1.27.3 runs or its version is not known.
	Logs              []BalancerLog      `json:"logs,omitzero"`               // Where messages are sent, each once.
	Passes            []NginxPass        `json:"passes,omitzero"`             // Places that pass requests on.
	Servers           []NginxServer      `json:"servers,omitzero"`            // Servers.
	Stats             []BalancerStats    `json:"stats,omitzero"`              // Pages that show its state.
	Targets           []BalancerTarget   `json:"targets,omitzero"`            // Servers behind it; at most 2,000.
	Upstreams         []NginxUpstream    `json:"upstreams,omitzero"`          // Groups of servers behind it.
	User              *string            `json:"user,omitzero"`               // Account of its workers; empty when none is given.
	WorkerConnections *int64             `json:"worker_connections,omitzero"` // Most connections of one worker at a time; 512 when none is given.
}

// NginxRunning: Facts under /running of section nginx.
type NginxRunning struct {
	Dropped    *int64   `json:"dropped,omitzero"`     // Connections that were taken and dropped since nginx was started, for want of room.
	Stale      []string `json:"stale,omitzero"`       // Files that were changed after the workers were started: they are not in force yet.
	UsePercent *int64   `json:"use_percent,omitzero"` // Connections now of what all workers take, in steps of ten. Not observed where no such page is declared on a local address.
	User       *string  `json:"user,omitzero"`        // Account that its workers run as now; the first by name when they differ.
	Workers    *int64   `json:"workers,omitzero"`     // How many workers run.
}

// PgServer: Which PostgreSQL answers, and as whom it is asked.
type PgServer struct {
	FileErrors     []string `json:"file_errors,omitzero"`     // Lines of the configuration files that cannot be applied, as file name and line.
	Major          *int64   `json:"major,omitzero"`           // Major version.
	Number         *string  `json:"number,omitzero"`          // Version without what a distribution adds: 16.4.
	PendingRestart []string `json:"pending_restart,omitzero"` // Settings whose files say something else than what is in force until the next start, sorted.
	Recovery       *bool    `json:"recovery,omitzero"`        // True on a standby.
	Role           *string  `json:"role,omitzero"`            // Role that Attesta connects as.
	RoleSuperuser  *bool    `json:"role_superuser,omitzero"`  // True when that role is a superuser.
	RoleWrites     *bool    `json:"role_writes,omitzero"`     // True when that role may create databases, roles, schemas or files, or is in pg_write_all_data.
	Version        *string  `json:"version,omitzero"`         // Version as the server says it: 16.4 (Debian 16.4-1.pgdg120+1).
}

// PgSupport: Until when the community corrects this major version. A section of its own, since it changes every day.
type PgSupport struct {
	DaysLeft *int64  `json:"days_left,omitzero"` // Whole days until then, negative afterwards.
	Ends     *string `json:"ends,omitzero"`      // Last day, 2027-11-11; not observed for a version that this program does not know.
	Major    *int64  `json:"major,omitzero"`     // Major version.
}

// PgSettings: Settings by name, as they are in force. What this version does not know is absent; what the role may not see is an error.
type PgSettings struct {
	Values map[string]string `json:"values,omitzero"` // Values as the server gives them: numbers in the setting's own unit, on and off for yes and no.
}

// PgRoles: Roles, what they may do, and how their passwords are kept. A hash never leaves the server.
type PgRoles struct {
	Passwords map[string]string `json:"passwords,omitzero"` // How each role's password is kept: scram-sha-256, md5, other, none.
	Roles     []PgRole          `json:"roles,omitzero"`     // Roles, sorted by name.
}

// PgHba: The rules of pg_hba.conf as the server would read them now, first match wins.
type PgHba struct {
	Errors []string    `json:"errors,omitzero"` // Lines that the server cannot read; until they are mended the file is not applied.
	Rules  []PgHbaRule `json:"rules,omitzero"`  // Rules in their order.
}

// PgTls: Whether the server offers TLS and what it shows.
type PgTls struct {
	Certificate *PgTlsCertificate `json:"certificate,omitzero"` // Facts under /certificate of section pg_tls.
	Enabled     *bool             `json:"enabled,omitzero"`     // True when TLS is offered. False also where the setting is on and the server refuses, as it does with a key file that others may read.
	Own         *PgTlsOwn         `json:"own,omitzero"`         // Facts under /own of section pg_tls.
}

// PgTlsOwn: Facts under /own of section pg_tls.
type PgTlsOwn struct {
	Encrypted *bool   `json:"encrypted,omitzero"` // True when Attesta's own connection is encrypted, or does not leave the machine.
	Version   *string `json:"version,omitzero"`   // TLS version of that connection; absent without TLS.
}

// PgTlsCertificate: Facts under /certificate of section pg_tls.
type PgTlsCertificate struct {
	Bits       *int64   `json:"bits,omitzero"`        // Length of the key.
	Issuer     *string  `json:"issuer,omitzero"`      // Issuer.
	Key        *string  `json:"key,omitzero"`         // Kind of key: RSA, ECDSA, Ed25519.
	Names      []string `json:"names,omitzero"`       // Names and addresses that it is for, sorted.
	SelfSigned *bool    `json:"self_signed,omitzero"` // Issuer and subject are the same.
	Signature  *string  `json:"signature,omitzero"`   // How it is signed: SHA256-RSA.
	Subject    *string  `json:"subject,omitzero"`     // Subject of the server's certificate; absent where TLS is off.
}

// PgCertificate: A section of its own, since it changes every day.
type PgCertificate struct {
	DaysLeft *int64  `json:"days_left,omitzero"` // Whole days until then, negative afterwards.
	Until    *string `json:"until,omitzero"`     // Last day on which the certificate is good, 2027-03-01; absent where TLS is off.
}

// PgDatabases: Every database of the server, and what every role may do in it.
type PgDatabases struct {
	Databases []PgDatabase `json:"databases,omitzero"` // Databases, sorted by name.
}

// PgObjects: Extensions, languages, and what every role may do, in the database of the connection. Other databases of the server need a connection of their own.
type PgObjects struct {
	Database           *string       `json:"database,omitzero"`            // The database of the connection.
	DefinerFunctions   []string      `json:"definer_functions,omitzero"`   // Functions outside the system's schemas and outside extensions that run as their owner and do not set search_path, sorted, the first 200.
	Extensions         []PgExtension `json:"extensions,omitzero"`          // Extensions, sorted by name.
	PublicCreate       []string      `json:"public_create,omitzero"`       // Schemas in which every role may make tables and functions, sorted.
	PublicTables       []string      `json:"public_tables,omitzero"`       // Tables, views and sequences outside the system's schemas and outside extensions that every role may read or write, sorted, the first 200.
	UntrustedLanguages []string      `json:"untrusted_languages,omitzero"` // Languages whose functions may do on the machine whatever the server may, sorted; internal and c are left out.
}

// PgReplication: Replication slots.
type PgReplication struct {
	Slots []PgSlot `json:"slots,omitzero"` // Slots, sorted by name.
}

// PgArchive: Whether the log of changes (WAL) is archived, and whether that works.
type PgArchive struct {
	Configured *bool `json:"configured,omitzero"` // True when something takes finished segments away. On a standby only archive_mode = always counts.
	Ever       *bool `json:"ever,omitzero"`       // True when a segment was archived since the counters began.
	Failing    *bool `json:"failing,omitzero"`    // True when the last attempt failed.
}

// Changes: What of a repository's changes and deployments does not hold, as the register of changes judges them, and nobody has answered for: oldest first, the first 100 of each kind. What is answered for stays in the register as it was judged.
type Changes struct {
	Branch          *string           `json:"branch,omitzero"`           // The production branch.
	Direct          []ChangeDeviation `json:"direct,omitzero"`           // Changes that were pushed to the production branch without a request, or merged outside of any.
	EmergenciesLate []ChangeDeviation `json:"emergencies_late,omitzero"` // Emergencies that nobody else reviewed within the hours that the repository sets.
	EmergenciesOpen []ChangeDeviation `json:"emergencies_open,omitzero"` // Emergencies that wait for a review and are in time.
	Environments    []string          `json:"environments,omitzero"`     // Environments that it was deployed to, sorted.
	Own             []ChangeDeviation `json:"own,omitzero"`              // Deployments to production by somebody who wrote some of what they brought.
	Rewritten       []ChangeDeviation `json:"rewritten,omitzero"`        // Changes whose commit vanished from the production branch.
	SharedHosts     []string          `json:"shared_hosts,omitzero"`     // Hosts that deployments to production and to another environment changed, sorted.
	Unaccepted      []ChangeDeviation `json:"unaccepted,omitzero"`       // Changes that the rules of the repository ask acceptance for, and that nobody accepted.
	Unapproved      []ChangeDeviation `json:"unapproved,omitzero"`       // Changes that came by a request and that nobody else approved before they landed.
	Unmerged        []ChangeDeviation `json:"unmerged,omitzero"`         // Deployments to production of what had not been merged.
	Unproven        []ChangeDeviation `json:"unproven,omitzero"`         // Changes whose message names a request of which nothing, or no merge, was received.
	Unrequested     []ChangeDeviation `json:"unrequested,omitzero"`      // Changes that name no ticket.
	Unstaged        []ChangeDeviation `json:"unstaged,omitzero"`         // Deployments to production of commits that were in no other environment before.
	Untested        []ChangeDeviation `json:"untested,omitzero"`         // Changes on whose landed commit no check held before it was deployed.
}

// Commitment: Which hosts exceed a commitment of the capacity plan in force, and of which it is not known: the first 100 of each. Who exceeds it and since when, not by how much: that stands on the page of the host's capacity.
type Commitment struct {
	Exceeded   []CommitmentExceeded `json:"exceeded,omitzero"`   // Limits that are nearer than the mark; each stays until use fell below where it clears.
	Foreseen   []CommitmentExceeded `json:"foreseen,omitzero"`   // Limits that will be reached within the days of the commitment, as the line goes.
	Hosts      *int64               `json:"hosts,omitzero"`      // Hosts that it is about.
	Title      *string              `json:"title,omitzero"`      // What is committed.
	Unobserved []CommitmentGap      `json:"unobserved,omitzero"` // Hosts that it is about and that did not say how much they use.
	Unready    []CommitmentGap      `json:"unready,omitzero"`    // Hosts whose history is too short for a forecast.
}

// FirewallReview: What is odd about the rules of one rule set, which many hosts may have in force, or one security group of a cloud; and whether each rule is justified and the set was reviewed. The first 100 of each list.
type FirewallReview struct {
	AnyAny        []FirewallRemark `json:"any_any,omitzero"`        // Rules that let everybody in to every port of a protocol.
	Drift         []FirewallRemark `json:"drift,omitzero"`          // Rules that came or went since, without those whose removal it decided. Absent where it was never reviewed.
	Expired       []FirewallRemark `json:"expired,omitzero"`        // Rules whose justification has expired; on some host at least.
	LastReview    *string          `json:"last_review,omitzero"`    // Number and day of the newest approved review; empty for none.
	Policies      []string         `json:"policies,omitzero"`       // Chains and hooks where what no rule mentions is let in.
	Redundant     []FirewallRemark `json:"redundant,omitzero"`      // Rules without which every packet would have the same fate.
	RemovalsLate  []FirewallRemark `json:"removals_late,omitzero"`  // Rules whose removal was decided more than 30 days ago and that are still in force.
	ReviewOverdue *bool            `json:"review_overdue,omitzero"` // True when the newest approved review is older than six months; of a set that was never reviewed, when it has been in force for 30 days.
	Shadowed      []FirewallRemark `json:"shadowed,omitzero"`       // Rules that never decide: what they are about is decided before them, or no rule leads to their chain.
	Title         *string          `json:"title,omitzero"`          // Number of the rule set, and who has it.
	TooWide       []FirewallRemark `json:"too_wide,omitzero"`       // Rules that let half of all addresses or more in to ports of administration or of databases, or to nearly every port.
	Unjustified   []FirewallRemark `json:"unjustified,omitzero"`    // Rules that let something in and that nobody has justified on every host that has them.
	Unused        []FirewallRemark `json:"unused,omitzero"`         // Rules that no packet has met for 90 days, on any host, and that have counted for as long.
}

// Endpoint: What the newest list of a device management says of a device, and what the register of people says of whoever has it. What the list does not say is not observed; what cannot be told from its words is an error.
type Endpoint struct {
	Encrypted  *bool   `json:"encrypted,omitzero"`   // True when all of its disk, or the part it starts from, is encrypted.
	Firewall   *bool   `json:"firewall,omitzero"`    // True when its firewall is on. Absent for telephones and ChromeOS.
	LastSeen   *string `json:"last_seen,omitzero"`   // Day on which it reported last; sent only while that is too long ago, since it changes daily otherwise.
	Lock       *bool   `json:"lock,omitzero"`        // True when it locks its screen and asks for a password or code.
	OSRelease  *int64  `json:"os_release,omitzero"`  // What of the version tells whether its maker still mends it: 15 of macOS 15.3, the build 26100 of Windows 10.0.26100.1, 18 of iOS 18.2, 15 of Android 15. Absent for other platforms.
	OSVersion  *string `json:"os_version,omitzero"`  // Version of its operating system as the list has it.
	Owner      *string `json:"owner,omitzero"`       // Who has it: the name in the register of people, else what the list says. Absent of a device that is no one person's.
	OwnerHere  *bool   `json:"owner_here,omitzero"`  // False when whoever has it has left. Absent where that is not known, or it is no one person's.
	OwnerKnown *bool   `json:"owner_known,omitzero"` // True when the register of people has whoever has it, by what somebody said, the e-mail address or the login. Absent of a device that is no one person's.
	Platform   *string `json:"platform,omitzero"`    // macos, windows, linux, ios (iPad as well), android, chromeos.
	Protection *bool   `json:"protection,omitzero"`  // True when its protection against malware is on. Absent for iOS and ChromeOS.
	Seen       *bool   `json:"seen,omitzero"`        // True when it reported to its management within the days that the list sets.
	Title      *string `json:"title,omitzero"`       // Name of the device and the list that it is of.
}

// Backup: What of a backup does not hold, as the register of backups judges it from the runs that were reported and the restores that were tried.
type Backup struct {
	Encrypted *bool   `json:"encrypted,omitzero"` // True when the copies are encrypted.
	Failing   *bool   `json:"failing,omitzero"`   // True when the newest run did not succeed.
	InTime    *bool   `json:"in_time,omitzero"`   // True when the newest restore took no longer than the recovery that is promised.
	LastGood  *string `json:"last_good,omitzero"` // Day of the newest good copy; sent only while it is overdue, since it changes with each run otherwise.
	Offsite   *bool   `json:"offsite,omitzero"`   // True when a copy within the target lies at another place than what it is a copy of.
	Overdue   *bool   `json:"overdue,omitzero"`   // True when the newest good copy is older than the loss that can be borne.
	Restored  *bool   `json:"restored,omitzero"`  // True when a restore was tried, and succeeded, within the interval that is set.
	Shrunk    *bool   `json:"shrunk,omitzero"`    // True when the newest good copy is smaller than half of what is usual.
	Title     *string `json:"title,omitzero"`     // What is backed up.
}

// SegmentRule: What of a rule of the segmentation plan in force does not hold, by the connections that agents saw and those that they tried. The item "zones" says which hosts have no zone.
type SegmentRule struct {
	Expired   *bool          `json:"expired,omitzero"`   // Of a rule that allows: true when its last day is over.
	Forbidden []SegmentFlow  `json:"forbidden,omitzero"` // Connections that the rule forbids, oldest first, the first 100.
	Fresh     *bool          `json:"fresh,omitzero"`     // True when the newest proof is younger than the plan asks.
	Proved    *string        `json:"proved,omitzero"`    // Day of the newest proof; sent only while it is not fresh, since it changes daily otherwise.
	Reached   []SegmentProbe `json:"reached,omitzero"`   // Of a rule that forbids: what could be reached all the same, the first 100.
	Title     *string        `json:"title,omitzero"`     // The rule in words.
	Unreached []SegmentProbe `json:"unreached,omitzero"` // Of a rule that allows: what could not be reached, the first 100.
	Unzoned   []string       `json:"unzoned,omitzero"`   // Of the item zones: hosts that are in no zone or in several, each with the reason, the first 100.
	Wide      *bool          `json:"wide,omitzero"`      // Of a rule that allows: true when it names no port.
}

// Component: What the register of components says of one that somebody must approve, or had to, and of each kind of them: whether its baseline was approved.
type Component struct {
	Allowed  *bool    `json:"allowed,omitzero"`  // Of a component: true when it is approved wherever it is, or is nowhere any more.
	Baseline *bool    `json:"baseline,omitzero"` // Of a kind: true when something of it was approved, so that the rest is judged.
	Evidence *string  `json:"evidence,omitzero"` // What was seen of it: its program, its file, its owner.
	Hosts    []string `json:"hosts,omitzero"`    // Hosts on which it is and must not be, by name, the first 50.
	Kind     *string  `json:"kind,omitzero"`     // user, group, ssh_key, sudo, port, service, job, package, module, setting, usb, image, container, certificate, suid, content_root, host.
	Name     *string  `json:"name,omitzero"`     // What it is.
	Scope    *string  `json:"scope,omitzero"`    // component, or kind (what is approved of a whole kind).
	Why      *string  `json:"why,omitzero"`      // That in words: who approved it, or where it is without approval.
}

// Integrity: What of the watching of a host's files does not hold, as the server judges it from what the agent said: changes that nothing explains, how files are watched, the baseline, and whether the agent is heard at all.
type Integrity struct {
	BaselineAgrees           *bool           `json:"baseline_agrees,omitzero"`           // True when the agent compares with the baseline that was approved last.
	BaselineApproved         *bool           `json:"baseline_approved,omitzero"`         // True when the agent compares with a baseline, and a named person approved that one here.
	BaselineApprovedBy       *string         `json:"baseline_approved_by,omitzero"`      // Id of that person; absent where nobody did.
	BaselineRoot             *string         `json:"baseline_root,omitzero"`             // Root of the baseline that the agent compares with; empty for none.
	Exceeded                 []IntegrityOpen `json:"exceeded,omitzero"`                  // Changes made with a token beyond its limits, the first 50 groups.
	Heard                    *bool           `json:"heard,omitzero"`                     // True while the agent is heard.
	Host                     *string         `json:"host,omitzero"`                      // Name of the host.
	Mode                     *string         `json:"mode,omitzero"`                      // fanotify, inotify, polling, starting, off, failed.
	Own                      []IntegrityOpen `json:"own,omitzero"`                       // Unexplained changes of the agent's own program, settings and key, the first 50 groups.
	Problems                 []string        `json:"problems,omitzero"`                  // What is wrong with watching now.
	Realtime                 *bool           `json:"realtime,omitzero"`                  // True when changes are seen as they happen.
	Refused                  []string        `json:"refused,omitzero"`                   // Better ways of watching that are not in force, each with the reason.
	SilentSince              *string         `json:"silent_since,omitzero"`              // When it was heard last, UTC; sent only while it is silent.
	UnexplainedConfiguration []IntegrityOpen `json:"unexplained_configuration,omitzero"` // Unexplained changes of configuration, the first 50 groups.
	UnexplainedContent       []IntegrityOpen `json:"unexplained_content,omitzero"`       // Unexplained changes of content, the first 50 groups.
	UnexplainedSystem        []IntegrityOpen `json:"unexplained_system,omitzero"`        // Unexplained changes of programs and libraries, the first 50 groups.
}

// Files: Type, mode and owner of watched files, by absolute path. Names with * are looked up on the host; the rest are always sent, also when nothing is there.
type Files map[string]File

var (
	objectSetting = Object{Name: "setting", Doc: "One setting as a configuration file gives it, with where.", Key: "", Fields: []Field{
		{Name: "value", Type: Type{Kind: KindString}, Unit: "", Doc: "The value as written, without quotes.", Optional: false, Complete: false, Since: 1},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File that has the last or winning word.", Optional: false, Complete: false, Since: 1},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in that file, from 1.", Optional: false, Complete: false, Since: 1},
	}}
	objectPackage = Object{Name: "package", Doc: "One installed package.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name as the package manager gives it.", Optional: false, Complete: false, Since: 1},
		{Name: "version", Type: Type{Kind: KindString}, Unit: "", Doc: "Full version: epoch, version and revision.", Optional: false, Complete: false, Since: 1},
		{Name: "arch", Type: Type{Kind: KindString}, Unit: "", Doc: "Architecture: amd64, x86_64, all, noarch.", Optional: false, Complete: false, Since: 1},
		{Name: "source", Type: Type{Kind: KindString}, Unit: "", Doc: "Source package that it was built from; its own name where the database names none.", Optional: false, Complete: false, Since: 1},
		{Name: "source_version", Type: Type{Kind: KindString}, Unit: "", Doc: "Version of the source package.", Optional: false, Complete: false, Since: 1},
		{Name: "manager", Type: Type{Kind: KindString}, Unit: "", Doc: "dpkg, rpm or apk.", Optional: false, Complete: false, Since: 1},
	}}
	objectAccount = Object{Name: "account", Doc: "One line of the account database /etc/passwd.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Account name.", Optional: false, Complete: false, Since: 1},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Numeric user id.", Optional: false, Complete: false, Since: 1},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Numeric id of the primary group.", Optional: false, Complete: false, Since: 1},
		{Name: "home", Type: Type{Kind: KindString}, Unit: "", Doc: "Home directory.", Optional: false, Complete: false, Since: 1},
		{Name: "shell", Type: Type{Kind: KindString}, Unit: "", Doc: "Login shell; empty means /bin/sh.", Optional: false, Complete: false, Since: 1},
		{Name: "login", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the shell lets somebody log in: not nologin, false, sync, shutdown, halt.", Optional: false, Complete: false, Since: 1},
		{Name: "system", Type: Type{Kind: KindBool}, Unit: "", Doc: "True for accounts that are not for people: uid below UID_MIN of login.defs, or nobody (65534).", Optional: false, Complete: false, Since: 1},
		{Name: "shadowed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the password field says x, so that the password is in the shadow file.", Optional: false, Complete: false, Since: 1},
	}}
	objectPassword = Object{Name: "password", Doc: "What the shadow file says about one account. A hash never leaves the host.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Account name.", Optional: false, Complete: false, Since: 1},
		{Name: "state", Type: Type{Kind: KindString}, Unit: "", Doc: "empty (no password is asked), hashed (a password can match), locked (starts with !), none (* or another text that no password matches).", Optional: false, Complete: false, Since: 1},
		{Name: "algorithm", Type: Type{Kind: KindString}, Unit: "", Doc: "How the password is hashed: yescrypt, gost-yescrypt, scrypt, sha512, sha256, bcrypt, md5, des, bsdi, sunmd5, unknown; empty when there is no hash. A locked account may still have one.", Optional: false, Complete: false, Since: 1},
		{Name: "last_change_day", Type: Type{Kind: KindInt}, Unit: "days since 1970", Doc: "Day of the last change; 0 means must be changed at next login, -1 not recorded.", Optional: false, Complete: false, Since: 1},
		{Name: "min_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Minimum age, -1 when not set.", Optional: false, Complete: false, Since: 1},
		{Name: "max_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Maximum age, -1 when not set.", Optional: false, Complete: false, Since: 1},
		{Name: "warn_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Warning before expiry, -1 when not set.", Optional: false, Complete: false, Since: 1},
		{Name: "inactive_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Days of grace after expiry, -1 when not set.", Optional: false, Complete: false, Since: 1},
		{Name: "expire_day", Type: Type{Kind: KindInt}, Unit: "days since 1970", Doc: "Day on which the account expires, -1 when never.", Optional: false, Complete: false, Since: 1},
	}}
	objectHome = Object{Name: "home", Doc: "Home directory of an account that can log in.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Account name.", Optional: false, Complete: false, Since: 1},
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Home directory.", Optional: false, Complete: false, Since: 1},
		{Name: "exists", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is a directory.", Optional: true, Complete: false, Since: 1},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits with set-id and sticky bits, as a number: 488 is 0750.", Optional: true, Complete: false, Since: 1},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "The same as text: \"0750\".", Optional: true, Complete: false, Since: 1},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: true, Complete: false, Since: 1},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: true, Complete: false, Since: 1},
		{Name: "netrc", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when there is a .netrc.", Optional: true, Complete: false, Since: 1},
		{Name: "rhosts", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when there is a .rhosts.", Optional: true, Complete: false, Since: 1},
		{Name: "forward", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when there is a .forward.", Optional: true, Complete: false, Since: 1},
		{Name: "authorized_keys", Type: Type{Kind: KindInt}, Unit: "", Doc: "Number of keys in .ssh/authorized_keys and authorized_keys2.", Optional: true, Complete: false, Since: 1},
	}}
	objectGroup = Object{Name: "group", Doc: "One line of /etc/group.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Group name.", Optional: false, Complete: false, Since: 1},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Numeric group id.", Optional: false, Complete: false, Since: 1},
		{Name: "members", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Members named in the line, sorted; those by primary group are not repeated.", Optional: false, Complete: false, Since: 1},
	}}
	objectSudoRule = Object{Name: "sudo_rule", Doc: "One user specification of sudoers.", Key: "", Fields: []Field{
		{Name: "who", Type: Type{Kind: KindString}, Unit: "", Doc: "User, %group, #uid or alias that the rule is for.", Optional: false, Complete: false, Since: 1},
		{Name: "hosts", Type: Type{Kind: KindString}, Unit: "", Doc: "Host list as written.", Optional: false, Complete: false, Since: 1},
		{Name: "runas", Type: Type{Kind: KindString}, Unit: "", Doc: "Run-as list as written; empty means root.", Optional: false, Complete: false, Since: 1},
		{Name: "commands", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Commands as written.", Optional: false, Complete: false, Since: 1},
		{Name: "nopasswd", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when NOPASSWD holds for at least one command.", Optional: false, Complete: false, Since: 1},
		{Name: "noexec", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when NOEXEC holds for every command.", Optional: false, Complete: false, Since: 1},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 1},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 1},
	}}
	objectSudoDefault = Object{Name: "sudo_default", Doc: "One Defaults setting of sudoers.", Key: "", Fields: []Field{
		{Name: "scope", Type: Type{Kind: KindString}, Unit: "", Doc: "Empty for everybody; else :user, @host, >runas or !command as written.", Optional: false, Complete: false, Since: 1},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Setting, such as use_pty or logfile.", Optional: false, Complete: false, Since: 1},
		{Name: "value", Type: Type{Kind: KindString}, Unit: "", Doc: "Value; empty for a switch.", Optional: false, Complete: false, Since: 1},
		{Name: "negated", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when written with !.", Optional: false, Complete: false, Since: 1},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 1},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 1},
	}}
	objectSearchDir = Object{Name: "search_dir", Doc: "One directory of root's search path.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory as written; empty or . means the current directory.", Optional: false, Complete: false, Since: 1},
		{Name: "exists", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is a directory.", Optional: true, Complete: false, Since: 1},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "Permission bits as text.", Optional: true, Complete: false, Since: 1},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: true, Complete: false, Since: 1},
		{Name: "others_write", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when group (other than root's) or others may write.", Optional: true, Complete: false, Since: 1},
	}}
	objectPamRule = Object{Name: "pam_rule", Doc: "One line of a PAM stack, after includes.", Key: "", Fields: []Field{
		{Name: "facility", Type: Type{Kind: KindString}, Unit: "", Doc: "auth, account, password or session.", Optional: false, Complete: false, Since: 2},
		{Name: "control", Type: Type{Kind: KindString}, Unit: "", Doc: "As written: required, sufficient, [success=1 default=ignore]; of a line that a substack brought in, its own.", Optional: false, Complete: false, Since: 2},
		{Name: "module", Type: Type{Kind: KindString}, Unit: "", Doc: "Module without its directory: pam_unix.so.", Optional: false, Complete: false, Since: 2},
		{Name: "arguments", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Arguments in their order; values of those whose name says password, secret, key or token are left out.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File that the line stands in.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in that file.", Optional: false, Complete: false, Since: 2},
	}}
	objectPamService = Object{Name: "pam_service", Doc: "What a program that names this service to PAM goes through.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Service: login, sshd, passwd.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "Its file.", Optional: false, Complete: false, Since: 2},
		{Name: "rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPamRule}}, Unit: "", Doc: "Its lines in their order, with those of included files in the place of the include.", Optional: false, Complete: false, Since: 2},
	}}
	objectLimit = Object{Name: "limit", Doc: "One line of limits.conf(5).", Key: "", Fields: []Field{
		{Name: "domain", Type: Type{Kind: KindString}, Unit: "", Doc: "User, @group, *, % or a range, as written.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "soft, hard or - (both).", Optional: false, Complete: false, Since: 2},
		{Name: "item", Type: Type{Kind: KindString}, Unit: "", Doc: "core, nofile, maxlogins.", Optional: false, Complete: false, Since: 2},
		{Name: "value", Type: Type{Kind: KindString}, Unit: "", Doc: "As written.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 2},
	}}
	objectAuthorizedKey = Object{Name: "authorized_key", Doc: "One key that may log in to an account. Comments are not read out, they name people.", Key: "", Fields: []Field{
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 2},
		{Name: "type", Type: Type{Kind: KindString}, Unit: "", Doc: "ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256 and others.", Optional: false, Complete: false, Since: 2},
		{Name: "bits", Type: Type{Kind: KindInt}, Unit: "", Doc: "Length of the key; 0 where the type does not tell.", Optional: false, Complete: false, Since: 2},
		{Name: "fingerprint", Type: Type{Kind: KindString}, Unit: "", Doc: "SHA256:… as ssh-keygen -l prints it.", Optional: false, Complete: false, Since: 2},
		{Name: "options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Names of its options in their order, without values: restrict, command, from.", Optional: false, Complete: false, Since: 2},
	}}
	objectKeyFile = Object{Name: "key_file", Doc: "A file or directory that decides how an account logs in over SSH.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "directory (.ssh itself), authorized_keys, private, public, known_hosts, config, other.", Optional: false, Complete: false, Since: 2},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits as a number.", Optional: false, Complete: false, Since: 2},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "The same as text.", Optional: false, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: false, Complete: false, Since: 2},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: false, Complete: false, Since: 2},
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "Of a private key: true when a passphrase protects it; of other files absent.", Optional: true, Complete: false, Since: 2},
	}}
	objectKeyAccount = Object{Name: "key_account", Doc: "How one account that can log in is reached over SSH.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Account.", Optional: false, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Its user id.", Optional: false, Complete: false, Since: 2},
		{Name: "authorized", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectAuthorizedKey}}, Unit: "", Doc: "Keys that may log in to it.", Optional: true, Complete: false, Since: 2},
		{Name: "files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectKeyFile}}, Unit: "", Doc: "Its .ssh directory and what lies in there, and its authorized_keys files wherever they are; at most 200.", Optional: true, Complete: false, Since: 2},
		{Name: "shosts", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when there is a .shosts.", Optional: true, Complete: false, Since: 2},
	}}
	objectExecutable = Object{Name: "executable", Doc: "One program that runs, however many processes run it.", Key: "", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File that is executed, as its mount namespace names it.", Optional: true, Complete: false, Since: 2},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the processes, as the kernel keeps it (15 bytes).", Optional: false, Complete: false, Since: 2},
		{Name: "sha256", Type: Type{Kind: KindString}, Unit: "", Doc: "SHA-256 of that very file in hex.", Optional: true, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Effective user id.", Optional: false, Complete: false, Since: 2},
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "That user's name; empty when the id has none.", Optional: false, Complete: false, Since: 2},
		{Name: "count", Type: Type{Kind: KindInt}, Unit: "", Doc: "Processes, rounded up to a power of two: 1, 2, 4, 8.", Optional: false, Complete: false, Since: 2},
		{Name: "deleted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the file was removed or replaced since it was started: it runs code that is on no disk any more.", Optional: true, Complete: false, Since: 2},
		{Name: "container", Type: Type{Kind: KindString}, Unit: "", Doc: "Whose container it runs in, as its control group says: docker, podman, kubernetes, lxc, systemd-nspawn, containerd; empty for the host's own.", Optional: false, Complete: false, Since: 2},
	}}
	objectKernelModule = Object{Name: "kernel_module", Doc: "One module of the running kernel.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name with underscores, as the kernel writes it.", Optional: false, Complete: false, Since: 2},
		{Name: "size", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "Memory it takes.", Optional: false, Complete: false, Since: 2},
		{Name: "in_use", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when something holds it. How many do is left out: that changes all the time.", Optional: false, Complete: false, Since: 2},
		{Name: "used_by", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Modules that need it, sorted.", Optional: false, Complete: false, Since: 2},
	}}
	objectModprobeRule = Object{Name: "modprobe_rule", Doc: "One line of modprobe.d(5) that keeps a module from being loaded, or runs something in its place.", Key: "", Fields: []Field{
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "blacklist or install.", Optional: false, Complete: false, Since: 2},
		{Name: "module", Type: Type{Kind: KindString}, Unit: "", Doc: "Module or alias, as written.", Optional: false, Complete: false, Since: 2},
		{Name: "command", Type: Type{Kind: KindString}, Unit: "", Doc: "First word of what an install line runs; empty of a blacklist.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 2},
	}}
	objectModuleState = Object{Name: "module_state", Doc: "Whether one module that a standard asks about is there and can be loaded.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name as modprobe takes it: usb-storage.", Optional: false, Complete: false, Since: 2},
		{Name: "loaded", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the running kernel has it, as a module or built in.", Optional: true, Complete: false, Since: 2},
		{Name: "available", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the running kernel has a file of it that could be loaded.", Optional: true, Complete: false, Since: 2},
		{Name: "blacklisted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is not loaded by itself; by name it still can be.", Optional: true, Complete: false, Since: 2},
		{Name: "blocked", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when an install line runs true or false in its place, so that modprobe loads it not even by name.", Optional: true, Complete: false, Since: 2},
		{Name: "by", Type: Type{Kind: KindString}, Unit: "", Doc: "File and line that blocks it, else that blacklists it; empty when none does.", Optional: true, Complete: false, Since: 2},
	}}
	objectCronJob = Object{Name: "cron_job", Doc: "One job that starts by the clock. Commands may hold passwords, so only the program and a digest are read out.", Key: "", Fields: []Field{
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "crontab (/etc/crontab), cron.d, user (a user's own table), hourly, daily, weekly, monthly (scripts), anacron, at.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file; 0 for scripts and at jobs.", Optional: false, Complete: false, Since: 2},
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "Account that it runs as.", Optional: false, Complete: false, Since: 2},
		{Name: "schedule", Type: Type{Kind: KindString}, Unit: "", Doc: "Five fields or @word as written; of anacron period and delay; empty for scripts and at jobs.", Optional: false, Complete: false, Since: 2},
		{Name: "program", Type: Type{Kind: KindString}, Unit: "", Doc: "First word of the command, or the script.", Optional: false, Complete: false, Since: 2},
		{Name: "command_digest", Type: Type{Kind: KindString}, Unit: "", Doc: "First 16 bytes of SHA-256 over the command, in hex; empty for scripts and at jobs.", Optional: false, Complete: false, Since: 2},
	}}
	objectCronProgram = Object{Name: "cron_program", Doc: "A program that runs as root by the clock.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "exists", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is there.", Optional: true, Complete: false, Since: 2},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "Permission bits as text.", Optional: true, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: true, Complete: false, Since: 2},
		{Name: "others_write", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when somebody other than root may change it: another owner, a group other than root's that may write, or everybody.", Optional: true, Complete: false, Since: 2},
	}}
	objectCertificate = Object{Name: "certificate", Doc: "One certificate of a file.", Key: "", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "position", Type: Type{Kind: KindInt}, Unit: "", Doc: "Place in the file, from 1: the first is the server's own, the others its chain.", Optional: false, Complete: false, Since: 2},
		{Name: "subject_digest", Type: Type{Kind: KindString}, Unit: "", Doc: "First 16 bytes of SHA-256 over the subject's common name, in hex; empty when it has none.", Optional: false, Complete: false, Since: 2},
		{Name: "issuer", Type: Type{Kind: KindString}, Unit: "", Doc: "Organisation and common name of the issuer; of a self-signed one empty.", Optional: false, Complete: false, Since: 2},
		{Name: "serial", Type: Type{Kind: KindString}, Unit: "", Doc: "Serial number in hex.", Optional: false, Complete: false, Since: 2},
		{Name: "not_before_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "Start of validity.", Optional: false, Complete: false, Since: 2},
		{Name: "not_after_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "End of validity.", Optional: false, Complete: false, Since: 2},
		{Name: "days_left", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days until the end by this host's clock; negative when it has expired.", Optional: false, Complete: false, Since: 2},
		{Name: "key_type", Type: Type{Kind: KindString}, Unit: "", Doc: "rsa, ecdsa, ed25519, dsa, other.", Optional: false, Complete: false, Since: 2},
		{Name: "bits", Type: Type{Kind: KindInt}, Unit: "", Doc: "Length of its key.", Optional: false, Complete: false, Since: 2},
		{Name: "signature", Type: Type{Kind: KindString}, Unit: "", Doc: "How it is signed: SHA256-RSA, ECDSA-SHA256.", Optional: false, Complete: false, Since: 2},
		{Name: "self_signed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when subject and issuer are the same.", Optional: false, Complete: false, Since: 2},
		{Name: "ca", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it may sign others.", Optional: false, Complete: false, Since: 2},
	}}
	objectPrivateKey = Object{Name: "private_key", Doc: "A file with a private key beside certificates. The key itself is never read out.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits as a number.", Optional: false, Complete: false, Since: 2},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "The same as text.", Optional: false, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: false, Complete: false, Since: 2},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: false, Complete: false, Since: 2},
		{Name: "group", Type: Type{Kind: KindString}, Unit: "", Doc: "Group's name; empty when the id has none.", Optional: false, Complete: false, Since: 2},
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a passphrase protects it.", Optional: false, Complete: false, Since: 2},
	}}
	objectAuditRule = Object{Name: "audit_rule", Doc: "One rule of the kernel's audit, in one form however it was written. A watch (-w) is a rule of list exit with a path.", Key: "", Fields: []Field{
		{Name: "list", Type: Type{Kind: KindString}, Unit: "", Doc: "exit, user, exclude, task, filesystem, io_uring.", Optional: false, Complete: false, Since: 2},
		{Name: "action", Type: Type{Kind: KindString}, Unit: "", Doc: "always or never.", Optional: false, Complete: false, Since: 2},
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File that is watched; empty otherwise.", Optional: false, Complete: false, Since: 2},
		{Name: "dir", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory that is watched with all below; empty otherwise.", Optional: false, Complete: false, Since: 2},
		{Name: "permissions", Type: Type{Kind: KindString}, Unit: "", Doc: "Accesses that are recorded: r, w, x, a in this order; empty otherwise.", Optional: false, Complete: false, Since: 2},
		{Name: "syscalls", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "System calls, sorted.", Optional: false, Complete: false, Since: 2},
		{Name: "arch", Type: Type{Kind: KindString}, Unit: "", Doc: "b64, b32 or empty.", Optional: false, Complete: false, Since: 2},
		{Name: "fields", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Other conditions as written: auid>=1000, euid=0.", Optional: false, Complete: false, Since: 2},
		{Name: "key", Type: Type{Kind: KindString}, Unit: "", Doc: "Key that records carry; empty when none.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File; empty for rules of the running kernel.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file; 0 for rules of the running kernel.", Optional: false, Complete: false, Since: 2},
	}}
	objectLogTarget = Object{Name: "log_target", Doc: "Another machine that messages are sent to.", Key: "", Fields: []Field{
		{Name: "program", Type: Type{Kind: KindString}, Unit: "", Doc: "rsyslog, syslog-ng or journal-upload.", Optional: false, Complete: false, Since: 2},
		{Name: "host", Type: Type{Kind: KindString}, Unit: "", Doc: "Name or address as written.", Optional: false, Complete: false, Since: 2},
		{Name: "port", Type: Type{Kind: KindInt}, Unit: "", Doc: "Port; 0 when none is given.", Optional: false, Complete: false, Since: 2},
		{Name: "protocol", Type: Type{Kind: KindString}, Unit: "", Doc: "udp, tcp, relp, https, http.", Optional: false, Complete: false, Since: 2},
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when TLS is asked for.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 2},
	}}
	objectWideFile = Object{Name: "wide_file", Doc: "A log file that more than owner and group can get at.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 2},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits as a number.", Optional: false, Complete: false, Since: 2},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "The same as text.", Optional: false, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: false, Complete: false, Since: 2},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: false, Complete: false, Since: 2},
	}}
	objectSpecialFile = Object{Name: "special_file", Doc: "One file or directory that the walk looks for.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Absolute path.", Optional: false, Complete: false, Since: 2},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits with set-id and sticky bits, as a number.", Optional: false, Complete: false, Since: 2},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "The same as text.", Optional: false, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: false, Complete: false, Since: 2},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: false, Complete: false, Since: 2},
	}}
	objectSSHDMatch = Object{Name: "sshd_match", Doc: "One Match block; it holds only for connections that meet its criteria.", Key: "", Fields: []Field{
		{Name: "criteria", Type: Type{Kind: KindString}, Unit: "", Doc: "What is matched, as written: User backup Address 10.0.0.0/8.", Optional: false, Complete: false, Since: 1},
		{Name: "settings", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Keywords in lower case to values, several values of one keyword joined by a space.", Optional: false, Complete: false, Since: 1},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 1},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line of the Match.", Optional: false, Complete: false, Since: 1},
	}}
	objectHostKey = Object{Name: "host_key", Doc: "One host key file of the SSH server.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 1},
		{Name: "public", Type: Type{Kind: KindBool}, Unit: "", Doc: "True for a .pub file.", Optional: false, Complete: false, Since: 1},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits as a number.", Optional: false, Complete: false, Since: 1},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "Permission bits as text.", Optional: false, Complete: false, Since: 1},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: false, Complete: false, Since: 1},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: false, Complete: false, Since: 1},
		{Name: "group", Type: Type{Kind: KindString}, Unit: "", Doc: "Group name; empty when the id has none.", Optional: false, Complete: false, Since: 1},
	}}
	objectMount = Object{Name: "mount", Doc: "One mounted file system; of several on one target, the one on top.", Key: "target", Fields: []Field{
		{Name: "target", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory.", Optional: false, Complete: false, Since: 1},
		{Name: "source", Type: Type{Kind: KindString}, Unit: "", Doc: "Device, share or name.", Optional: false, Complete: false, Since: 1},
		{Name: "fstype", Type: Type{Kind: KindString}, Unit: "", Doc: "ext4, tmpfs, nfs4.", Optional: false, Complete: false, Since: 1},
		{Name: "options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Options of the mount and of its file system, sorted, without repeats: nodev, nosuid, rw.", Optional: false, Complete: false, Since: 1},
	}}
	objectFstabEntry = Object{Name: "fstab_entry", Doc: "One line of /etc/fstab.", Key: "target", Fields: []Field{
		{Name: "target", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory.", Optional: false, Complete: false, Since: 1},
		{Name: "source", Type: Type{Kind: KindString}, Unit: "", Doc: "As written.", Optional: false, Complete: false, Since: 1},
		{Name: "fstype", Type: Type{Kind: KindString}, Unit: "", Doc: "File system type.", Optional: false, Complete: false, Since: 1},
		{Name: "options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Options, sorted.", Optional: false, Complete: false, Since: 1},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 1},
	}}
	objectDirectory = Object{Name: "directory", Doc: "What holds one of the directories that a standard asks about.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory.", Optional: false, Complete: false, Since: 1},
		{Name: "exists", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is a directory.", Optional: true, Complete: false, Since: 1},
		{Name: "separate", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a file system is mounted exactly there.", Optional: false, Complete: false, Since: 1},
		{Name: "mount", Type: Type{Kind: KindString}, Unit: "", Doc: "Target of the mount that holds it.", Optional: true, Complete: false, Since: 1},
		{Name: "fstype", Type: Type{Kind: KindString}, Unit: "", Doc: "Type of that file system.", Optional: true, Complete: false, Since: 1},
		{Name: "options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Options in force there, sorted.", Optional: true, Complete: false, Since: 1},
	}}
	objectUnit = Object{Name: "unit", Doc: "One unit of the service manager, as its files say.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name with its suffix: ssh.service; of OpenRC the plain name: sshd.", Optional: false, Complete: false, Since: 1},
		{Name: "enabled", Type: Type{Kind: KindString}, Unit: "", Doc: "As systemctl is-enabled says: enabled, enabled-runtime, disabled, static, masked, masked-runtime, alias, indirect, linked, linked-runtime, generated, transient, bad (an alias of a unit that was removed); of OpenRC enabled or disabled.", Optional: false, Complete: false, Since: 1},
		{Name: "starts", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it starts at boot by itself: enabled, or wanted by a unit that is; sockets, timers and paths count for themselves.", Optional: false, Complete: false, Since: 1},
		{Name: "alias_of", Type: Type{Kind: KindString}, Unit: "", Doc: "For an alias, the unit that it stands for; else empty.", Optional: false, Complete: false, Since: 1},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "The file that defines it; of a masked unit the mask.", Optional: false, Complete: false, Since: 1},
	}}
	objectUnitState = Object{Name: "unit_state", Doc: "Running state of one unit, as the service manager says.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Unit.", Optional: false, Complete: false, Since: 1},
		{Name: "active", Type: Type{Kind: KindString}, Unit: "", Doc: "active, inactive, failed, activating, deactivating, reloading; of OpenRC active, inactive or failed.", Optional: false, Complete: false, Since: 1},
		{Name: "sub", Type: Type{Kind: KindString}, Unit: "", Doc: "Finer state of that kind of unit: running, exited, listening, waiting, dead.", Optional: false, Complete: false, Since: 1},
	}}
	objectTimer = Object{Name: "timer", Doc: "One timer of the service manager.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Unit: logrotate.timer.", Optional: false, Complete: false, Since: 1},
		{Name: "unit", Type: Type{Kind: KindString}, Unit: "", Doc: "What it starts.", Optional: false, Complete: false, Since: 1},
		{Name: "enabled", Type: Type{Kind: KindString}, Unit: "", Doc: "As for units.", Optional: false, Complete: false, Since: 1},
		{Name: "starts", Type: Type{Kind: KindBool}, Unit: "", Doc: "As for units.", Optional: false, Complete: false, Since: 1},
		{Name: "schedule", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Its On… lines as written: OnCalendar=daily.", Optional: false, Complete: false, Since: 1},
	}}
	objectFile = Object{Name: "file", Doc: "One watched file or directory. Where it is a symbolic link, everything but symlink is about what it leads to.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Absolute path.", Optional: false, Complete: false, Since: 1},
		{Name: "exists", Type: Type{Kind: KindBool}, Unit: "", Doc: "False when nothing is there (the other fields are then missing: absent).", Optional: true, Complete: false, Since: 1},
		{Name: "type", Type: Type{Kind: KindString}, Unit: "", Doc: "file, directory, socket, fifo, device.", Optional: true, Complete: false, Since: 1},
		{Name: "symlink", Type: Type{Kind: KindString}, Unit: "", Doc: "Where the path leads when it is a symbolic link; else empty.", Optional: true, Complete: false, Since: 1},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits with set-id and sticky bits, as a number: 416 is 0640. With math.bitAnd a check can ask for single bits.", Optional: true, Complete: false, Since: 1},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "The same as text, four digits: \"0640\".", Optional: true, Complete: false, Since: 1},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: true, Complete: false, Since: 1},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: true, Complete: false, Since: 1},
		{Name: "owner", Type: Type{Kind: KindString}, Unit: "", Doc: "Owner's name; empty when the id has none.", Optional: true, Complete: false, Since: 1},
		{Name: "group", Type: Type{Kind: KindString}, Unit: "", Doc: "Group's name; empty when the id has none.", Optional: true, Complete: false, Since: 1},
		{Name: "size", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "Size; 0 for anything but files.", Optional: true, Complete: false, Since: 1},
		{Name: "mtime_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "Last change of the content; 0 for anything but files.", Optional: true, Complete: false, Since: 1},
	}}
	objectSocket = Object{Name: "socket", Doc: "One socket that listens (TCP) or is bound and unconnected (UDP).", Key: "", Fields: []Field{
		{Name: "proto", Type: Type{Kind: KindString}, Unit: "", Doc: "tcp, tcp6, udp, udp6.", Optional: false, Complete: false, Since: 1},
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Address as text: 0.0.0.0, ::, 127.0.0.1.", Optional: false, Complete: false, Since: 1},
		{Name: "port", Type: Type{Kind: KindInt}, Unit: "", Doc: "Port.", Optional: false, Complete: false, Since: 1},
		{Name: "loopback", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when only this host can reach it.", Optional: false, Complete: false, Since: 1},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "User id that made it.", Optional: false, Complete: false, Since: 1},
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "That user's name; empty when the id has none.", Optional: false, Complete: false, Since: 1},
		{Name: "process", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the process that holds it; without root missing for other users' processes. Empty when no process holds it (the kernel does).", Optional: true, Complete: false, Since: 1},
	}}
	objectInterface = Object{Name: "interface", Doc: "One network interface.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name: eth0, lo.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "loopback, ethernet, wireless, bridge, bond, vlan, veth, tunnel, wireguard, vxlan, macvlan, ipvlan, dummy, ppp, other.", Optional: false, Complete: false, Since: 2},
		{Name: "mac", Type: Type{Kind: KindString}, Unit: "", Doc: "Hardware address; empty when it has none.", Optional: false, Complete: false, Since: 2},
		{Name: "addresses", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Addresses with prefix, sorted: 192.0.2.2/24. Temporary IPv6 addresses, which change by themselves, are left out.", Optional: false, Complete: false, Since: 2},
		{Name: "up", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when somebody has switched it on.", Optional: false, Complete: false, Since: 2},
		{Name: "state", Type: Type{Kind: KindString}, Unit: "", Doc: "up, down, lowerlayerdown, dormant, testing, notpresent, unknown (kinds that do not say).", Optional: false, Complete: false, Since: 2},
		{Name: "mtu", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "Largest packet.", Optional: false, Complete: false, Since: 2},
		{Name: "container", Type: Type{Kind: KindBool}, Unit: "", Doc: "True for what container engines and hypervisors make: veth pairs and bridges such as docker0, br-0123456789ab, cni0, podman0, virbr0.", Optional: false, Complete: false, Since: 2},
	}}
	objectRoute = Object{Name: "route", Doc: "One route of the kernel.", Key: "", Fields: []Field{
		{Name: "destination", Type: Type{Kind: KindString}, Unit: "", Doc: "Prefix: 192.0.2.0/24; 0.0.0.0/0 and ::/0 are default routes.", Optional: false, Complete: false, Since: 2},
		{Name: "gateway", Type: Type{Kind: KindString}, Unit: "", Doc: "Next router; empty when the destination is on the link. Several, of a route with several ways, are joined by a comma.", Optional: false, Complete: false, Since: 2},
		{Name: "interface", Type: Type{Kind: KindString}, Unit: "", Doc: "Interface that packets leave by.", Optional: false, Complete: false, Since: 2},
		{Name: "source", Type: Type{Kind: KindString}, Unit: "", Doc: "Preferred source address; empty when none is given.", Optional: false, Complete: false, Since: 2},
		{Name: "metric", Type: Type{Kind: KindInt}, Unit: "", Doc: "Lower wins.", Optional: false, Complete: false, Since: 2},
		{Name: "origin", Type: Type{Kind: KindString}, Unit: "", Doc: "Who made it: kernel, boot, static, dhcp, ra, zebra, bird, bgp, ospf, isis, rip, other.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "unicast, blackhole, unreachable, prohibit, multicast, anycast, other.", Optional: false, Complete: false, Since: 2},
		{Name: "table", Type: Type{Kind: KindInt}, Unit: "", Doc: "Routing table: 254 is main. The table of local addresses (255) is left out.", Optional: false, Complete: false, Since: 2},
	}}
	objectHostsEntry = Object{Name: "hosts_entry", Doc: "One line of /etc/hosts.", Key: "", Fields: []Field{
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Address.", Optional: false, Complete: false, Since: 2},
		{Name: "names", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Names in the order of the line.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 2},
	}}
	objectNeighbour = Object{Name: "neighbour", Doc: "One machine that the kernel has met on a link.", Key: "", Fields: []Field{
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "IP address.", Optional: false, Complete: false, Since: 2},
		{Name: "mac", Type: Type{Kind: KindString}, Unit: "", Doc: "Hardware address.", Optional: false, Complete: false, Since: 2},
		{Name: "interface", Type: Type{Kind: KindString}, Unit: "", Doc: "Interface it was met on.", Optional: false, Complete: false, Since: 2},
		{Name: "state", Type: Type{Kind: KindString}, Unit: "", Doc: "permanent (somebody entered it) or learned. How lately it answered is left out: that changes every few seconds.", Optional: false, Complete: false, Since: 2},
		{Name: "router", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it announced itself as a router (IPv6).", Optional: false, Complete: false, Since: 2},
	}}
	objectFirewallChain = Object{Name: "firewall_chain", Doc: "One chain of the packet filter.", Key: "", Fields: []Field{
		{Name: "engine", Type: Type{Kind: KindString}, Unit: "", Doc: "nft, iptables-nft, iptables-legacy; of a file also nft or iptables.", Optional: false, Complete: false, Since: 2},
		{Name: "family", Type: Type{Kind: KindString}, Unit: "", Doc: "ip, ip6, inet (both), arp, bridge, netdev.", Optional: false, Complete: false, Since: 2},
		{Name: "table", Type: Type{Kind: KindString}, Unit: "", Doc: "Table.", Optional: false, Complete: false, Since: 2},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Chain.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "filter, nat, route (mangle); empty for a chain that only other chains jump to.", Optional: false, Complete: false, Since: 2},
		{Name: "hook", Type: Type{Kind: KindString}, Unit: "", Doc: "input, forward, output, prerouting, postrouting, ingress, egress; empty for a chain that only other chains jump to.", Optional: false, Complete: false, Since: 2},
		{Name: "priority", Type: Type{Kind: KindInt}, Unit: "", Doc: "Lower comes first.", Optional: false, Complete: false, Since: 2},
		{Name: "policy", Type: Type{Kind: KindString}, Unit: "", Doc: "accept or drop, for what no rule decides; empty without a hook.", Optional: false, Complete: false, Since: 2},
		{Name: "rules", Type: Type{Kind: KindInt}, Unit: "", Doc: "Number of rules.", Optional: false, Complete: false, Since: 2},
		{Name: "origin", Type: Type{Kind: KindString}, Unit: "", Doc: "Which program makes chains of that name: docker, podman, kubernetes, ufw, firewalld, fail2ban, libvirt, netfilter-persistent; empty when the name does not tell.", Optional: false, Complete: false, Since: 2},
	}}
	objectFirewallRule = Object{Name: "firewall_rule", Doc: "One rule of the packet filter, whichever engine it is in. An empty list matches everything; an element that starts with ! matches everything else. Counters are left out.", Key: "", Fields: []Field{
		{Name: "engine", Type: Type{Kind: KindString}, Unit: "", Doc: "As for chains.", Optional: false, Complete: false, Since: 2},
		{Name: "family", Type: Type{Kind: KindString}, Unit: "", Doc: "As for chains.", Optional: false, Complete: false, Since: 2},
		{Name: "table", Type: Type{Kind: KindString}, Unit: "", Doc: "Table.", Optional: false, Complete: false, Since: 2},
		{Name: "chain", Type: Type{Kind: KindString}, Unit: "", Doc: "Chain.", Optional: false, Complete: false, Since: 2},
		{Name: "position", Type: Type{Kind: KindInt}, Unit: "", Doc: "Place in its chain, from 1. A rule with a verdict map is one rule per verdict, all at one place.", Optional: false, Complete: false, Since: 2},
		{Name: "ip", Type: Type{Kind: KindString}, Unit: "", Doc: "4 or 6 when it is for one version only; empty for both.", Optional: false, Complete: false, Since: 2},
		{Name: "protocols", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "tcp, udp, icmp, ipv6-icmp.", Optional: false, Complete: false, Since: 2},
		{Name: "sources", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Addresses, prefixes, ranges, or @set where the set is large or changes by itself.", Optional: false, Complete: false, Since: 2},
		{Name: "destinations", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "The same for destinations.", Optional: false, Complete: false, Since: 2},
		{Name: "source_ports", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "22, 8000-8010.", Optional: false, Complete: false, Since: 2},
		{Name: "destination_ports", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "22, 8000-8010.", Optional: false, Complete: false, Since: 2},
		{Name: "in_interfaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Interfaces that the packet came in by; * stands for any ending.", Optional: false, Complete: false, Since: 2},
		{Name: "out_interfaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Interfaces that it leaves by.", Optional: false, Complete: false, Since: 2},
		{Name: "states", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Of the connection: new, established, related, invalid, untracked.", Optional: false, Complete: false, Since: 2},
		{Name: "other", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Conditions of other kinds, in words: limit 5/second, icmp type echo-request.", Optional: false, Complete: false, Since: 2},
		{Name: "verdict", Type: Type{Kind: KindString}, Unit: "", Doc: "accept, drop, reject, return, jump, goto, queue, dnat, snat, masquerade, redirect, log, none (it only counts or changes the packet), or another target's name.", Optional: false, Complete: false, Since: 2},
		{Name: "target", Type: Type{Kind: KindString}, Unit: "", Doc: "Chain of a jump; address and port of a translation; else empty.", Optional: false, Complete: false, Since: 2},
		{Name: "comment", Type: Type{Kind: KindString}, Unit: "", Doc: "Comment; empty when there is none.", Optional: false, Complete: false, Since: 2},
		{Name: "origin", Type: Type{Kind: KindString}, Unit: "", Doc: "As for chains.", Optional: false, Complete: false, Since: 2},
	}}
	objectOpenPort = Object{Name: "open_port", Doc: "A port that a rule opens for everybody.", Key: "", Fields: []Field{
		{Name: "protocol", Type: Type{Kind: KindString}, Unit: "", Doc: "tcp, udp, sctp; any for a rule that names ports of several.", Optional: false, Complete: false, Since: 2},
		{Name: "ports", Type: Type{Kind: KindString}, Unit: "", Doc: "22, 8000-8010, or any.", Optional: false, Complete: false, Since: 2},
		{Name: "ip", Type: Type{Kind: KindString}, Unit: "", Doc: "4, 6, or empty for both.", Optional: false, Complete: false, Since: 2},
		{Name: "interfaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Interfaces it is open on; empty for all.", Optional: false, Complete: false, Since: 2},
		{Name: "via", Type: Type{Kind: KindString}, Unit: "", Doc: "input, or dnat: handed on to another address such as a container's.", Optional: false, Complete: false, Since: 2},
		{Name: "target", Type: Type{Kind: KindString}, Unit: "", Doc: "Where dnat leads; else empty.", Optional: false, Complete: false, Since: 2},
		{Name: "rule", Type: Type{Kind: KindString}, Unit: "", Doc: "The rule in words.", Optional: false, Complete: false, Since: 2},
	}}
	objectFirewallManager = Object{Name: "firewall_manager", Doc: "A program that loads a packet filter at boot.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "nftables, ufw, firewalld, netfilter-persistent, iptables, ip6tables.", Optional: false, Complete: false, Since: 2},
		{Name: "enabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is linked into a target or run level; of ufw when its own ENABLED says yes, too.", Optional: false, Complete: false, Since: 2},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "Its main file.", Optional: false, Complete: false, Since: 2},
		{Name: "ip4", Type: Type{Kind: KindString}, Unit: "", Doc: "What becomes of an IPv4 packet that its files do not mention: drop, reject, accept, none (they filter nothing).", Optional: false, Complete: false, Since: 2},
		{Name: "ip6", Type: Type{Kind: KindString}, Unit: "", Doc: "The same for IPv6.", Optional: false, Complete: false, Since: 2},
	}}
	objectBlockDevice = Object{Name: "block_device", Doc: "One block device.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Kernel name: vda1, dm-0.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "disk, part, crypt, lvm, raid, mpath, verity, loop, zram, optical, dm (another mapping).", Optional: false, Complete: false, Since: 2},
		{Name: "mapper", Type: Type{Kind: KindString}, Unit: "", Doc: "Name below /dev/mapper; empty for others.", Optional: false, Complete: false, Since: 2},
		{Name: "crypt", Type: Type{Kind: KindString}, Unit: "", Doc: "How it is encrypted: LUKS1, LUKS2, PLAIN, BITLK, TCRYPT, or another as the device mapper says; empty when it is not.", Optional: false, Complete: false, Since: 2},
		{Name: "parents", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Devices that it lies on, sorted; of a partition its disk.", Optional: false, Complete: false, Since: 2},
		{Name: "removable", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the kernel says that its medium can be taken out.", Optional: false, Complete: false, Since: 2},
		{Name: "size", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "Size.", Optional: false, Complete: false, Since: 2},
	}}
	objectStorageMount = Object{Name: "storage_mount", Doc: "A mounted file system that lies on a block device, and whether that is encrypted.", Key: "target", Fields: []Field{
		{Name: "target", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory.", Optional: false, Complete: false, Since: 2},
		{Name: "device", Type: Type{Kind: KindString}, Unit: "", Doc: "Kernel name of the device.", Optional: false, Complete: false, Since: 2},
		{Name: "fstype", Type: Type{Kind: KindString}, Unit: "", Doc: "ext4, xfs.", Optional: false, Complete: false, Since: 2},
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when every way down to a disk goes through an encrypted device.", Optional: false, Complete: false, Since: 2},
		{Name: "through", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Encrypted devices on the way, by their names below /dev/mapper.", Optional: false, Complete: false, Since: 2},
		{Name: "removable", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a disk below is removable.", Optional: false, Complete: false, Since: 2},
	}}
	objectSwapArea = Object{Name: "swap_area", Doc: "One area that memory is swapped to.", Key: "device", Fields: []Field{
		{Name: "device", Type: Type{Kind: KindString}, Unit: "", Doc: "Path as the kernel gives it: /dev/dm-1, /swapfile.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "partition, file, zram (stays in memory).", Optional: false, Complete: false, Since: 2},
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it lies on an encrypted device; zram counts as such, it never leaves memory.", Optional: false, Complete: false, Since: 2},
	}}
	objectCrypttabEntry = Object{Name: "crypttab_entry", Doc: "One line of /etc/crypttab.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name below /dev/mapper.", Optional: false, Complete: false, Since: 2},
		{Name: "device", Type: Type{Kind: KindString}, Unit: "", Doc: "Device as written.", Optional: false, Complete: false, Since: 2},
		{Name: "key", Type: Type{Kind: KindString}, Unit: "", Doc: "passphrase (asked for), random (a new key at every boot), file (a key file; its path is not sent), token (TPM2, FIDO2 or PKCS#11).", Optional: false, Complete: false, Since: 2},
		{Name: "options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Options, sorted.", Optional: false, Complete: false, Since: 2},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 2},
	}}
	objectUsbDevice = Object{Name: "usb_device", Doc: "One USB device that is plugged in.", Key: "", Fields: []Field{
		{Name: "port", Type: Type{Kind: KindString}, Unit: "", Doc: "Bus and port: 1-1.2.", Optional: false, Complete: false, Since: 2},
		{Name: "vendor_id", Type: Type{Kind: KindString}, Unit: "", Doc: "Four hex digits.", Optional: false, Complete: false, Since: 2},
		{Name: "product_id", Type: Type{Kind: KindString}, Unit: "", Doc: "Four hex digits.", Optional: false, Complete: false, Since: 2},
		{Name: "vendor", Type: Type{Kind: KindString}, Unit: "", Doc: "Name that the device gives; may be empty.", Optional: false, Complete: false, Since: 2},
		{Name: "product", Type: Type{Kind: KindString}, Unit: "", Doc: "Name that the device gives; may be empty.", Optional: false, Complete: false, Since: 2},
		{Name: "classes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Classes of device and interfaces as two hex digits, sorted: 03 input, 08 storage, 09 hub, e0 wireless.", Optional: false, Complete: false, Since: 2},
		{Name: "storage", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when an interface is mass storage.", Optional: false, Complete: false, Since: 2},
		{Name: "serial_digest", Type: Type{Kind: KindString}, Unit: "", Doc: "First 16 bytes of SHA-256 over vendor, product and serial number, in hex; empty without a serial number. Recognises a device again without telling its number.", Optional: false, Complete: false, Since: 2},
		{Name: "authorized", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the kernel lets it be used.", Optional: false, Complete: false, Since: 2},
	}}
	objectMalwareProduct = Object{Name: "malware_product", Doc: "A known product against malware that is on the host.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "clamav, microsoft-defender, crowdstrike-falcon, sentinelone and others by their usual names.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "antivirus, edr, rootkit-scanner.", Optional: false, Complete: false, Since: 2},
		{Name: "running", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its process runs; of products that only scan when started absent.", Optional: true, Complete: false, Since: 2},
	}}
	objectClamavDatabase = Object{Name: "clamav_database", Doc: "One signature database of ClamAV, by its header.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "main, daily, bytecode, or another file's name.", Optional: false, Complete: false, Since: 2},
		{Name: "version", Type: Type{Kind: KindInt}, Unit: "", Doc: "Version.", Optional: false, Complete: false, Since: 2},
		{Name: "signatures", Type: Type{Kind: KindInt}, Unit: "", Doc: "Number of signatures.", Optional: false, Complete: false, Since: 2},
		{Name: "built_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "When it was made.", Optional: false, Complete: false, Since: 2},
	}}
	objectEngineSocket = Object{Name: "engine_socket", Doc: "One socket that a container engine takes commands on.", Key: "path", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Path.", Optional: false, Complete: false, Since: 2},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "Permission bits as text.", Optional: false, Complete: false, Since: 2},
		{Name: "owner", Type: Type{Kind: KindString}, Unit: "", Doc: "Owner's name, or its number.", Optional: false, Complete: false, Since: 2},
		{Name: "group", Type: Type{Kind: KindString}, Unit: "", Doc: "Group's name, or its number.", Optional: false, Complete: false, Since: 2},
		{Name: "others_write", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when anybody on the host may connect, which is as good as root.", Optional: false, Complete: false, Since: 2},
	}}
	objectContainerRuntime = Object{Name: "container_runtime", Doc: "One container engine or runtime that is installed.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "docker, podman, containerd, crio.", Optional: false, Complete: false, Since: 2},
		{Name: "running", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its service runs; podman needs none.", Optional: true, Complete: false, Since: 2},
		{Name: "sockets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectEngineSocket}}, Unit: "", Doc: "Its sockets in the file system.", Optional: false, Complete: false, Since: 2},
		{Name: "tcp", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Addresses on the network that it is told to take commands on, as written: tcp://0.0.0.0:2375.", Optional: false, Complete: false, Since: 2},
		{Name: "tls_verify", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is told to ask for a client certificate there.", Optional: false, Complete: false, Since: 2},
	}}
	objectContainerMount = Object{Name: "container_mount", Doc: "What of the host a container sees.", Key: "target", Fields: []Field{
		{Name: "source", Type: Type{Kind: KindString}, Unit: "", Doc: "Path on the host, or the name of a volume.", Optional: false, Complete: false, Since: 2},
		{Name: "target", Type: Type{Kind: KindString}, Unit: "", Doc: "Path in the container.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "bind, volume, tmpfs.", Optional: false, Complete: false, Since: 2},
		{Name: "writable", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the container may write.", Optional: false, Complete: false, Since: 2},
	}}
	objectContainerPort = Object{Name: "container_port", Doc: "A port of the host that leads into a container.", Key: "", Fields: []Field{
		{Name: "protocol", Type: Type{Kind: KindString}, Unit: "", Doc: "tcp, udp, sctp.", Optional: false, Complete: false, Since: 2},
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Address on the host; 0.0.0.0 and :: are all.", Optional: false, Complete: false, Since: 2},
		{Name: "port", Type: Type{Kind: KindInt}, Unit: "", Doc: "Port on the host.", Optional: false, Complete: false, Since: 2},
		{Name: "target", Type: Type{Kind: KindInt}, Unit: "", Doc: "Port in the container.", Optional: false, Complete: false, Since: 2},
	}}
	objectContainer = Object{Name: "container", Doc: "One container, running or not, as its engine keeps it.", Key: "name", Fields: []Field{
		{Name: "engine", Type: Type{Kind: KindString}, Unit: "", Doc: "docker or podman.", Optional: false, Complete: false, Since: 2},
		{Name: "id", Type: Type{Kind: KindString}, Unit: "", Doc: "First 12 digits.", Optional: false, Complete: false, Since: 2},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name.", Optional: false, Complete: false, Since: 2},
		{Name: "image", Type: Type{Kind: KindString}, Unit: "", Doc: "Image as it was asked for.", Optional: false, Complete: false, Since: 2},
		{Name: "image_id", Type: Type{Kind: KindString}, Unit: "", Doc: "First 12 digits of the image's id.", Optional: false, Complete: false, Since: 2},
		{Name: "by_digest", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the image was asked for by digest (name@sha256:…).", Optional: false, Complete: false, Since: 2},
		{Name: "state", Type: Type{Kind: KindString}, Unit: "", Doc: "created, running, paused, restarting, exited, dead.", Optional: false, Complete: false, Since: 2},
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "User as configured; empty means root.", Optional: false, Complete: false, Since: 2},
		{Name: "root", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its first process starts as user 0 of the container.", Optional: false, Complete: false, Since: 2},
		{Name: "privileged", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when nothing is held back from it.", Optional: false, Complete: false, Since: 2},
		{Name: "network", Type: Type{Kind: KindString}, Unit: "", Doc: "Network mode: bridge, host, none, container:…, or a network's name.", Optional: false, Complete: false, Since: 2},
		{Name: "host_namespaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Namespaces that it shares with the host: cgroup, ipc, network, pid, user, uts; sorted. user only where the engine maps users otherwise.", Optional: false, Complete: false, Since: 2},
		{Name: "capabilities_added", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Beyond the engine's default, without CAP_: ALL, NET_ADMIN; sorted.", Optional: false, Complete: false, Since: 2},
		{Name: "capabilities_dropped", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "The same for what was taken away.", Optional: false, Complete: false, Since: 2},
		{Name: "no_new_privileges", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when set-user-id programs in it raise nothing.", Optional: false, Complete: false, Since: 2},
		{Name: "seccomp", Type: Type{Kind: KindString}, Unit: "", Doc: "default, unconfined, or custom.", Optional: false, Complete: false, Since: 2},
		{Name: "apparmor", Type: Type{Kind: KindString}, Unit: "", Doc: "Profile; unconfined; empty where the host has no AppArmor or the engine does not say.", Optional: false, Complete: false, Since: 2},
		{Name: "selinux_disabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when labels are switched off for it.", Optional: false, Complete: false, Since: 2},
		{Name: "readonly_root", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it cannot write its own files.", Optional: false, Complete: false, Since: 2},
		{Name: "restart", Type: Type{Kind: KindString}, Unit: "", Doc: "no, on-failure, always, unless-stopped.", Optional: false, Complete: false, Since: 2},
		{Name: "restart_max", Type: Type{Kind: KindInt}, Unit: "", Doc: "Tries of on-failure; 0 is without end.", Optional: false, Complete: false, Since: 2},
		{Name: "memory_bytes", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "0 is without limit.", Optional: false, Complete: false, Since: 2},
		{Name: "pids_limit", Type: Type{Kind: KindInt}, Unit: "", Doc: "0 is without limit.", Optional: false, Complete: false, Since: 2},
		{Name: "cpu_limited", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its share of processors is set (quota, shares or set).", Optional: false, Complete: false, Since: 2},
		{Name: "devices", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Devices of the host it may use.", Optional: false, Complete: false, Since: 2},
		{Name: "mounts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainerMount}}, Unit: "", Doc: "What of the host it sees.", Optional: false, Complete: false, Since: 2},
		{Name: "ports", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainerPort}}, Unit: "", Doc: "Ports that lead into it.", Optional: false, Complete: false, Since: 2},
		{Name: "health_check", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when image or container has a health check.", Optional: false, Complete: false, Since: 2},
		{Name: "log_driver", Type: Type{Kind: KindString}, Unit: "", Doc: "Where its output goes: json-file, journald, none.", Optional: false, Complete: false, Since: 2},
	}}
	objectContainerImage = Object{Name: "container_image", Doc: "One image that an engine keeps.", Key: "", Fields: []Field{
		{Name: "engine", Type: Type{Kind: KindString}, Unit: "", Doc: "docker or podman.", Optional: false, Complete: false, Since: 2},
		{Name: "id", Type: Type{Kind: KindString}, Unit: "", Doc: "First 12 digits.", Optional: false, Complete: false, Since: 2},
		{Name: "names", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Names with tag, sorted; none for one without a name.", Optional: false, Complete: false, Since: 2},
		{Name: "digests", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Names with digest, sorted; none for one that was made here.", Optional: false, Complete: false, Since: 2},
		{Name: "created_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "When it was built.", Optional: false, Complete: false, Since: 2},
		{Name: "age_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days since then; 0 when it lies in the future.", Optional: false, Complete: false, Since: 2},
		{Name: "size", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "Size.", Optional: false, Complete: false, Since: 2},
		{Name: "used", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a container is made from it.", Optional: false, Complete: false, Since: 2},
	}}
	objectTimeSource = Object{Name: "time_source", Doc: "One source that the time service measures.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Address, or name of a reference clock.", Optional: false, Complete: false, Since: 2},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "server, peer, clock (a reference clock in this host).", Optional: false, Complete: false, Since: 2},
		{Name: "stratum", Type: Type{Kind: KindInt}, Unit: "", Doc: "Steps from a clock; 0 for one that has not answered.", Optional: false, Complete: false, Since: 2},
		{Name: "reachable", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when one of the last eight questions was answered.", Optional: false, Complete: false, Since: 2},
	}}
	objectPgRole = Object{Name: "pg_role", Doc: "One role of a PostgreSQL server; the predefined pg_… ones are left out.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Role name.", Optional: false, Complete: false, Since: 3},
		{Name: "login", Type: Type{Kind: KindBool}, Unit: "", Doc: "May open a connection.", Optional: false, Complete: false, Since: 3},
		{Name: "superuser", Type: Type{Kind: KindBool}, Unit: "", Doc: "Is asked for no privilege at all.", Optional: false, Complete: false, Since: 3},
		{Name: "createrole", Type: Type{Kind: KindBool}, Unit: "", Doc: "May make and change roles.", Optional: false, Complete: false, Since: 3},
		{Name: "createdb", Type: Type{Kind: KindBool}, Unit: "", Doc: "May make databases.", Optional: false, Complete: false, Since: 3},
		{Name: "replication", Type: Type{Kind: KindBool}, Unit: "", Doc: "May copy the whole server by replication.", Optional: false, Complete: false, Since: 3},
		{Name: "bypassrls", Type: Type{Kind: KindBool}, Unit: "", Doc: "Sees every row whatever row security says.", Optional: false, Complete: false, Since: 3},
		{Name: "connection_limit", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most connections at once, -1 for no limit.", Optional: false, Complete: false, Since: 3},
		{Name: "expires", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the password has an end (VALID UNTIL).", Optional: false, Complete: false, Since: 3},
		{Name: "expire_day", Type: Type{Kind: KindInt}, Unit: "days since 1970", Doc: "Day on which the password ends, -1 when never.", Optional: false, Complete: false, Since: 3},
		{Name: "member_of", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Roles that it is a member of, through others too, sorted; predefined ones included.", Optional: false, Complete: false, Since: 3},
	}}
	objectPgHbaRule = Object{Name: "pg_hba_rule", Doc: "One rule of pg_hba.conf, as the server reads the file now.", Key: "", Fields: []Field{
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 3},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "local, host, hostssl, hostnossl, hostgssenc, hostnogssenc.", Optional: false, Complete: false, Since: 3},
		{Name: "databases", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Databases as written.", Optional: false, Complete: false, Since: 3},
		{Name: "users", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Roles as written.", Optional: false, Complete: false, Since: 3},
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Address or name, with the mask's length: 10.0.0.0/8; all, samehost, samenet; empty for local.", Optional: false, Complete: false, Since: 3},
		{Name: "loopback", Type: Type{Kind: KindBool}, Unit: "", Doc: "True for a local rule, and for addresses of this machine only.", Optional: false, Complete: false, Since: 3},
		{Name: "anywhere", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when every address of a family is meant: 0.0.0.0/0, ::/0, all.", Optional: false, Complete: false, Since: 3},
		{Name: "method", Type: Type{Kind: KindString}, Unit: "", Doc: "scram-sha-256, md5, password, trust, peer, cert, ldap, reject, …", Optional: false, Complete: false, Since: 3},
		{Name: "options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Options as name=value; a secret in them is left out.", Optional: false, Complete: false, Since: 3},
	}}
	objectPgDatabase = Object{Name: "pg_database", Doc: "One database of the server.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Database name.", Optional: false, Complete: false, Since: 3},
		{Name: "owner", Type: Type{Kind: KindString}, Unit: "", Doc: "Role that owns it.", Optional: false, Complete: false, Since: 3},
		{Name: "template", Type: Type{Kind: KindBool}, Unit: "", Doc: "Anybody with CREATEDB may copy it.", Optional: false, Complete: false, Since: 3},
		{Name: "connections", Type: Type{Kind: KindBool}, Unit: "", Doc: "Connections are allowed at all.", Optional: false, Complete: false, Since: 3},
		{Name: "public_connect", Type: Type{Kind: KindBool}, Unit: "", Doc: "Every role may connect (privilege CONNECT of PUBLIC).", Optional: false, Complete: false, Since: 3},
		{Name: "public_temporary", Type: Type{Kind: KindBool}, Unit: "", Doc: "Every role may make temporary tables (TEMPORARY of PUBLIC).", Optional: false, Complete: false, Since: 3},
		{Name: "public_create", Type: Type{Kind: KindBool}, Unit: "", Doc: "Every role may make schemas (CREATE of PUBLIC).", Optional: false, Complete: false, Since: 3},
	}}
	objectPgExtension = Object{Name: "pg_extension", Doc: "One extension in the database.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Extension name.", Optional: false, Complete: false, Since: 3},
		{Name: "version", Type: Type{Kind: KindString}, Unit: "", Doc: "Version in the database.", Optional: false, Complete: false, Since: 3},
		{Name: "available", Type: Type{Kind: KindString}, Unit: "", Doc: "Version that the server's files would install; empty when they are not there.", Optional: false, Complete: false, Since: 3},
		{Name: "schema", Type: Type{Kind: KindString}, Unit: "", Doc: "Schema that holds it.", Optional: false, Complete: false, Since: 3},
	}}
	objectPgSlot = Object{Name: "pg_slot", Doc: "One replication slot.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Slot name.", Optional: false, Complete: false, Since: 3},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "physical or logical.", Optional: false, Complete: false, Since: 3},
		{Name: "database", Type: Type{Kind: KindString}, Unit: "", Doc: "Database of a logical slot; empty otherwise.", Optional: false, Complete: false, Since: 3},
		{Name: "active", Type: Type{Kind: KindBool}, Unit: "", Doc: "Somebody reads it now.", Optional: false, Complete: false, Since: 3},
		{Name: "wal_status", Type: Type{Kind: KindString}, Unit: "", Doc: "reserved, extended, unreserved, lost.", Optional: false, Complete: false, Since: 3},
	}}
	objectChangeDeviation = Object{Name: "change_deviation", Doc: "A change or deployment of which something does not hold, and for which nobody has answered.", Key: "ref", Fields: []Field{
		{Name: "ref", Type: Type{Kind: KindString}, Unit: "", Doc: "Its number: CH-12 of a change, D-3 of a deployment.", Optional: false, Complete: false, Since: 4},
		{Name: "title", Type: Type{Kind: KindString}, Unit: "", Doc: "Title of its request, or first line of its commit; of a deployment the commit and the environment.", Optional: false, Complete: false, Since: 4},
		{Name: "day", Type: Type{Kind: KindString}, Unit: "", Doc: "Day on which it landed or was deployed, 2027-03-01 in UTC; of an emergency that waits, the day by which it is reviewed.", Optional: false, Complete: false, Since: 4},
	}}
	objectIntegrityOpen = Object{Name: "integrity_open", Doc: "Changed files that nothing explains, and that belong together.", Key: "group", Fields: []Field{
		{Name: "group", Type: Type{Kind: KindString}, Unit: "", Doc: "Number: IC-12.", Optional: false, Complete: false, Since: 6},
		{Name: "files", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many changes of it are not undone.", Optional: false, Complete: false, Since: 6},
		{Name: "paths", Type: Type{Kind: KindString}, Unit: "", Doc: "The first paths, and how many more.", Optional: false, Complete: false, Since: 6},
		{Name: "by", Type: Type{Kind: KindString}, Unit: "", Doc: "User and program, as far as they are known.", Optional: false, Complete: false, Since: 6},
		{Name: "since", Type: Type{Kind: KindString}, Unit: "", Doc: "When the first of them changed, UTC.", Optional: false, Complete: false, Since: 6},
		{Name: "reason", Type: Type{Kind: KindString}, Unit: "", Doc: "Why nothing accounts for it.", Optional: false, Complete: false, Since: 6},
	}}
	objectCommitmentExceeded = Object{Name: "commitment_exceeded", Doc: "One limit that is nearer than was committed.", Key: "", Fields: []Field{
		{Name: "host", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the host.", Optional: false, Complete: false, Since: 5},
		{Name: "place", Type: Type{Kind: KindString}, Unit: "", Doc: "Mount point, or the measure where a host has only one.", Optional: false, Complete: false, Since: 5},
		{Name: "since", Type: Type{Kind: KindString}, Unit: "", Doc: "Day from which it was exceeded: 2026-11-02.", Optional: false, Complete: false, Since: 5},
	}}
	objectCommitmentGap = Object{Name: "commitment_gap", Doc: "One host of which it is not known whether a commitment holds.", Key: "host", Fields: []Field{
		{Name: "host", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the host.", Optional: false, Complete: false, Since: 5},
		{Name: "reason", Type: Type{Kind: KindString}, Unit: "", Doc: "Why.", Optional: false, Complete: false, Since: 5},
	}}
	objectWatchingRefusal = Object{Name: "watching_refusal", Doc: "One better way of watching files, and why it is not in force.", Key: "kind", Fields: []Field{
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "fanotify or inotify.", Optional: false, Complete: false, Since: 6},
		{Name: "reason", Type: Type{Kind: KindString}, Unit: "", Doc: "Why.", Optional: false, Complete: false, Since: 6},
	}}
	objectWatchingGap = Object{Name: "watching_gap", Doc: "Something of the watched files that could not be read, or was left out.", Key: "", Fields: []Field{
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Path; where it is no UTF-8, \\xNN is a byte.", Optional: false, Complete: false, Since: 6},
		{Name: "attribute", Type: Type{Kind: KindString}, Unit: "", Doc: "Which attribute; entries of a directory that was not listed, all where even a look was refused.", Optional: false, Complete: false, Since: 6},
		{Name: "reason", Type: Type{Kind: KindString}, Unit: "", Doc: "Why.", Optional: false, Complete: false, Since: 6},
	}}
	objectFirewallRemark = Object{Name: "firewall_remark", Doc: "One rule of a firewall with what is said of it.", Key: "", Fields: []Field{
		{Name: "rule", Type: Type{Kind: KindString}, Unit: "", Doc: "Chain and rule in words.", Optional: false, Complete: false, Since: 6},
		{Name: "why", Type: Type{Kind: KindString}, Unit: "", Doc: "Why it is said.", Optional: false, Complete: false, Since: 6},
		{Name: "justified", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a justification is in force on every host that has the rule.", Optional: false, Complete: false, Since: 6},
	}}
	objectFlow = Object{Name: "flow", Doc: "Connections of one kind between this host and another, however many there are and were. Ports that a client takes by chance are left out, so that the next connection is no news.", Key: "", Fields: []Field{
		{Name: "direction", Type: Type{Kind: KindString}, Unit: "", Doc: "in (the other side began), out (this host began), forward (it passes through this host; local is who began).", Optional: false, Complete: false, Since: 6},
		{Name: "protocol", Type: Type{Kind: KindString}, Unit: "", Doc: "tcp, udp.", Optional: false, Complete: false, Since: 6},
		{Name: "port", Type: Type{Kind: KindInt}, Unit: "", Doc: "Port of the service: the local one of in, the remote one of the others.", Optional: false, Complete: false, Since: 6},
		{Name: "local", Type: Type{Kind: KindString}, Unit: "", Doc: "Address on this side.", Optional: false, Complete: false, Since: 6},
		{Name: "remote", Type: Type{Kind: KindString}, Unit: "", Doc: "Address of the other side; public4 or public6 where more than 32 public addresses were met at that port.", Optional: false, Complete: false, Since: 6},
		{Name: "program", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the process on this host; empty where nobody held the connection any more or it could not be known.", Optional: false, Complete: false, Since: 6},
	}}
	objectSegmentFlow = Object{Name: "segment_flow", Doc: "One kind of connection between two zones.", Key: "", Fields: []Field{
		{Name: "from", Type: Type{Kind: KindString}, Unit: "", Doc: "Host or address that began.", Optional: false, Complete: false, Since: 6},
		{Name: "to", Type: Type{Kind: KindString}, Unit: "", Doc: "Host or address that was reached.", Optional: false, Complete: false, Since: 6},
		{Name: "service", Type: Type{Kind: KindString}, Unit: "", Doc: "tcp/5432.", Optional: false, Complete: false, Since: 6},
		{Name: "program", Type: Type{Kind: KindString}, Unit: "", Doc: "Process, as the end that reported it names it; empty where that is not known.", Optional: false, Complete: false, Since: 6},
		{Name: "since", Type: Type{Kind: KindString}, Unit: "", Doc: "Day on which it was seen first.", Optional: false, Complete: false, Since: 6},
	}}
	objectSegmentProbe = Object{Name: "segment_probe", Doc: "One connection that an agent tried.", Key: "", Fields: []Field{
		{Name: "from", Type: Type{Kind: KindString}, Unit: "", Doc: "Host that tried.", Optional: false, Complete: false, Since: 6},
		{Name: "to", Type: Type{Kind: KindString}, Unit: "", Doc: "Host or address, with the address.", Optional: false, Complete: false, Since: 6},
		{Name: "service", Type: Type{Kind: KindString}, Unit: "", Doc: "tcp/5432.", Optional: false, Complete: false, Since: 6},
		{Name: "state", Type: Type{Kind: KindString}, Unit: "", Doc: "open, refused (the way is open, nobody listens), unreachable, silent, error.", Optional: false, Complete: false, Since: 6},
	}}
	objectBalancerListener = Object{Name: "balancer_listener", Doc: "One address on which a load balancer takes connections.", Key: "", Fields: []Field{
		{Name: "proxy", Type: Type{Kind: KindString}, Unit: "", Doc: "Frontend or listen section of HAProxy; first server_name of nginx, or _.", Optional: false, Complete: false, Since: 5},
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "http or tcp.", Optional: false, Complete: false, Since: 5},
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Address; * stands for all of IPv4, [::] for all of IPv6; the path of a Unix socket.", Optional: false, Complete: false, Since: 5},
		{Name: "port", Type: Type{Kind: KindInt}, Unit: "", Doc: "Port; 0 of a Unix socket.", Optional: false, Complete: false, Since: 5},
		{Name: "local", Type: Type{Kind: KindBool}, Unit: "", Doc: "True for a loopback address or a Unix socket.", Optional: false, Complete: false, Since: 5},
		{Name: "tls", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it speaks TLS.", Optional: false, Complete: false, Since: 5},
		{Name: "redirects", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when everything that is asked here without TLS is sent on to https; challenges of ACME may be left out.", Optional: false, Complete: false, Since: 5},
		{Name: "hsts_seconds", Type: Type{Kind: KindInt}, Unit: "seconds", Doc: "max-age of the header Strict-Transport-Security that its answers carry; 0 when they carry none.", Optional: false, Complete: false, Since: 5},
		{Name: "protocols", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "TLSv1.0 to TLSv1.3, as far as it speaks them, and SSLv3; empty without TLS.", Optional: false, Complete: false, Since: 5},
		{Name: "ciphers", Type: Type{Kind: KindString}, Unit: "", Doc: "Cipher list for TLS up to 1.2, as written; empty for the default of the TLS library.", Optional: false, Complete: false, Since: 5},
		{Name: "suites", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "What the cipher list stands for, as openssl of this host spells it out, for TLS up to 1.2; empty without TLS and where only TLS 1.3 is spoken.", Optional: true, Complete: false, Since: 5},
		{Name: "alpn", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Protocols offered within TLS: h2, http/1.1.", Optional: false, Complete: false, Since: 5},
		{Name: "verify", Type: Type{Kind: KindString}, Unit: "", Doc: "Certificates of clients: none, optional, required.", Optional: false, Complete: false, Since: 5},
		{Name: "certificates", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files or directories of certificates, as written.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectBalancerLog = Object{Name: "balancer_log", Doc: "Where a load balancer sends its messages.", Key: "", Fields: []Field{
		{Name: "target", Type: Type{Kind: KindString}, Unit: "", Doc: "Path, address or stdout, as written; of nginx off when the log is switched off.", Optional: false, Complete: false, Since: 5},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "access or error of nginx; all of HAProxy.", Optional: false, Complete: false, Since: 5},
		{Name: "level", Type: Type{Kind: KindString}, Unit: "", Doc: "Level or facility, as written; empty for the default.", Optional: false, Complete: false, Since: 5},
		{Name: "remote", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is sent to another host.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectBalancerTarget = Object{Name: "balancer_target", Doc: "One server behind a load balancer, as files have it: a server line of HAProxy, or of an upstream of nginx.", Key: "", Fields: []Field{
		{Name: "backend", Type: Type{Kind: KindString}, Unit: "", Doc: "Backend or upstream.", Optional: false, Complete: false, Since: 5},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name; of nginx its address. A server-template gives its prefix with the first number.", Optional: false, Complete: false, Since: 5},
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Address with port, as written.", Optional: false, Complete: false, Since: 5},
		{Name: "count", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many servers the line stands for: 1, more of a server-template.", Optional: false, Complete: false, Since: 5},
		{Name: "weight", Type: Type{Kind: KindInt}, Unit: "", Doc: "Weight.", Optional: false, Complete: false, Since: 5},
		{Name: "backup", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is used only while all others are down.", Optional: false, Complete: false, Since: 5},
		{Name: "disabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the file takes it out of service.", Optional: false, Complete: false, Since: 5},
		{Name: "checked", Type: Type{Kind: KindBool}, Unit: "", Doc: "HAProxy: it is asked whether it lives. nginx: failures of requests take it out (max_fails is not 0).", Optional: false, Complete: false, Since: 5},
		{Name: "fails", Type: Type{Kind: KindInt}, Unit: "", Doc: "Failures in a row that take it out: fall, max_fails.", Optional: false, Complete: false, Since: 5},
		{Name: "interval_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "Between two checks (inter); of nginx fail_timeout.", Optional: false, Complete: false, Since: 5},
		{Name: "max_connections", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most connections at a time; 0 when there is no limit.", Optional: false, Complete: false, Since: 5},
		{Name: "tls", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is spoken to over TLS; of nginx as the places that pass to its upstream have it.", Optional: false, Complete: false, Since: 5},
		{Name: "verified", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its certificate is verified then.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectBalancerTargetState = Object{Name: "balancer_target_state", Doc: "One server behind HAProxy as it is now.", Key: "", Fields: []Field{
		{Name: "backend", Type: Type{Kind: KindString}, Unit: "", Doc: "Backend.", Optional: false, Complete: false, Since: 5},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name.", Optional: false, Complete: false, Since: 5},
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Address with port; empty where the socket's level does not show it.", Optional: false, Complete: false, Since: 5},
		{Name: "state", Type: Type{Kind: KindString}, Unit: "", Doc: "up, down, maint, drain, nolb, unchecked (nobody asks it whether it lives).", Optional: false, Complete: false, Since: 5},
		{Name: "check", Type: Type{Kind: KindString}, Unit: "", Doc: "Result of the last check: L4OK, L7OK, L4CON, L4TOUT, L7STS, L7TOUT; empty when it is not checked.", Optional: false, Complete: false, Since: 5},
		{Name: "why", Type: Type{Kind: KindString}, Unit: "", Doc: "The same in HAProxy's words; nothing of what the server answered.", Optional: false, Complete: false, Since: 5},
		{Name: "changed_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "When its state changed last, as HAProxy counts; 0 when it does not say.", Optional: false, Complete: false, Since: 5},
		{Name: "went_down", Type: Type{Kind: KindInt}, Unit: "", Doc: "How often it went down since HAProxy was started.", Optional: false, Complete: false, Since: 5},
		{Name: "backup", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is a backup.", Optional: false, Complete: false, Since: 5},
		{Name: "weight", Type: Type{Kind: KindInt}, Unit: "", Doc: "Weight now; 0 takes no new connections.", Optional: false, Complete: false, Since: 5},
		{Name: "limit", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most sessions at a time; 0 when there is no limit.", Optional: false, Complete: false, Since: 5},
		{Name: "use_percent", Type: Type{Kind: KindInt}, Unit: "", Doc: "Sessions now of the limit, in steps of ten, so that the section does not change at each reading; 0 when there is no limit.", Optional: false, Complete: false, Since: 5},
	}}
	objectBalancerStats = Object{Name: "balancer_stats", Doc: "A page on which a load balancer shows its state.", Key: "", Fields: []Field{
		{Name: "proxy", Type: Type{Kind: KindString}, Unit: "", Doc: "Section of HAProxy, or first server_name of nginx.", Optional: false, Complete: false, Since: 5},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "stats, prometheus, stub_status.", Optional: false, Complete: false, Since: 5},
		{Name: "path", Type: Type{Kind: KindString}, Unit: "", Doc: "Path.", Optional: false, Complete: false, Since: 5},
		{Name: "local", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is reached over local addresses only.", Optional: false, Complete: false, Since: 5},
		{Name: "protected", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it asks for a password or a certificate, or lets only named addresses in.", Optional: false, Complete: false, Since: 5},
		{Name: "admin", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when servers can be switched off and on there.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectHaproxySocket = Object{Name: "haproxy_socket", Doc: "A socket over which HAProxy takes commands.", Key: "", Fields: []Field{
		{Name: "address", Type: Type{Kind: KindString}, Unit: "", Doc: "Path or address, as written.", Optional: false, Complete: false, Since: 5},
		{Name: "level", Type: Type{Kind: KindString}, Unit: "", Doc: "user, operator, admin.", Optional: false, Complete: false, Since: 5},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "Mode as the file says; empty when it says none.", Optional: false, Complete: false, Since: 5},
		{Name: "network", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it can be reached from other hosts.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectHaproxyFrontend = Object{Name: "haproxy_frontend", Doc: "One frontend or listen section of HAProxy, with what it inherits.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name.", Optional: false, Complete: false, Since: 5},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "frontend or listen.", Optional: false, Complete: false, Since: 5},
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "http or tcp.", Optional: false, Complete: false, Since: 5},
		{Name: "disabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is switched off.", Optional: false, Complete: false, Since: 5},
		{Name: "backends", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Backends that it names, sorted; names that are worked out for each request are left out.", Optional: false, Complete: false, Since: 5},
		{Name: "logged", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it has somewhere to log to.", Optional: false, Complete: false, Since: 5},
		{Name: "log_format", Type: Type{Kind: KindString}, Unit: "", Doc: "http, tcp, own, or empty for HAProxy's short default.", Optional: false, Complete: false, Since: 5},
		{Name: "max_connections", Type: Type{Kind: KindInt}, Unit: "", Doc: "maxconn; 0 when none is given, and the global one holds.", Optional: false, Complete: false, Since: 5},
		{Name: "timeout_client_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "0 when none is set: it waits without end.", Optional: false, Complete: false, Since: 5},
		{Name: "timeout_request_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "timeout http-request; 0 when none is set.", Optional: false, Complete: false, Since: 5},
		{Name: "rate_limited", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it counts what clients do (a stick table with a rate) and refuses or delays some of it, or has rate-limit sessions.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectHaproxyBackend = Object{Name: "haproxy_backend", Doc: "One backend or listen section of HAProxy that has servers, with what it inherits.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name.", Optional: false, Complete: false, Since: 5},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "backend or listen.", Optional: false, Complete: false, Since: 5},
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "http or tcp.", Optional: false, Complete: false, Since: 5},
		{Name: "disabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is switched off.", Optional: false, Complete: false, Since: 5},
		{Name: "balance", Type: Type{Kind: KindString}, Unit: "", Doc: "How servers are chosen.", Optional: false, Complete: false, Since: 5},
		{Name: "check", Type: Type{Kind: KindString}, Unit: "", Doc: "How servers are asked: http, tcp, ssl, mysql, pgsql, redis, smtp, ldap, spop, external, tcp-script; tcp is HAProxy's default for servers with check.", Optional: false, Complete: false, Since: 5},
		{Name: "targets", Type: Type{Kind: KindInt}, Unit: "", Doc: "Servers that are neither backup nor disabled.", Optional: false, Complete: false, Since: 5},
		{Name: "backups", Type: Type{Kind: KindInt}, Unit: "", Doc: "Backup servers that are not disabled.", Optional: false, Complete: false, Since: 5},
		{Name: "unchecked", Type: Type{Kind: KindInt}, Unit: "", Doc: "Servers, backups among them, that nobody asks whether they live.", Optional: false, Complete: false, Since: 5},
		{Name: "timeout_connect_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "0 when none is set.", Optional: false, Complete: false, Since: 5},
		{Name: "timeout_server_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "0 when none is set.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectHaproxyProxyState = Object{Name: "haproxy_proxy_state", Doc: "One frontend or backend of HAProxy as it is now.", Key: "", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name.", Optional: false, Complete: false, Since: 5},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "frontend or backend.", Optional: false, Complete: false, Since: 5},
		{Name: "state", Type: Type{Kind: KindString}, Unit: "", Doc: "open, full, stop, up, down.", Optional: false, Complete: false, Since: 5},
		{Name: "limit", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most sessions at a time.", Optional: false, Complete: false, Since: 5},
		{Name: "use_percent", Type: Type{Kind: KindInt}, Unit: "", Doc: "Sessions now of the limit, in steps of ten.", Optional: false, Complete: false, Since: 5},
	}}
	objectHaproxyUserlist = Object{Name: "haproxy_userlist", Doc: "One list of users of HAProxy. Passwords never leave the host.", Key: "name", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name.", Optional: false, Complete: false, Since: 5},
		{Name: "users", Type: Type{Kind: KindInt}, Unit: "", Doc: "Users in it.", Optional: false, Complete: false, Since: 5},
		{Name: "plain", Type: Type{Kind: KindInt}, Unit: "", Doc: "Those whose password stands in the file as it is (insecure-password).", Optional: false, Complete: false, Since: 5},
	}}
	objectNginxServer = Object{Name: "nginx_server", Doc: "One server block of nginx, with what it inherits.", Key: "", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "First server_name, or _.", Optional: false, Complete: false, Since: 5},
		{Name: "names", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "All of them, in the order of the file.", Optional: false, Complete: false, Since: 5},
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "http, or tcp (a server of a stream block).", Optional: false, Complete: false, Since: 5},
		{Name: "logged", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when requests are logged, in the server and in each of its locations that passes them on.", Optional: false, Complete: false, Since: 5},
		{Name: "remote_log", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a log is sent to another host (syslog:server=).", Optional: false, Complete: false, Since: 5},
		{Name: "version_shown", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when answers tell nginx's version (server_tokens is not off).", Optional: false, Complete: false, Since: 5},
		{Name: "hsts_seconds", Type: Type{Kind: KindInt}, Unit: "seconds", Doc: "max-age of Strict-Transport-Security; 0 when there is none.", Optional: false, Complete: false, Since: 5},
		{Name: "redirects", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when all of it is sent on to https.", Optional: false, Complete: false, Since: 5},
		{Name: "passes", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it passes something on to another server.", Optional: false, Complete: false, Since: 5},
		{Name: "rate_limited", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when limit_req or limit_conn holds for the server, or for each of its locations that passes something on.", Optional: false, Complete: false, Since: 5},
		{Name: "max_body_bytes", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "client_max_body_size; 0 when there is no limit.", Optional: false, Complete: false, Since: 5},
		{Name: "timeout_header_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "client_header_timeout.", Optional: false, Complete: false, Since: 5},
		{Name: "timeout_body_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "client_body_timeout.", Optional: false, Complete: false, Since: 5},
		{Name: "timeout_send_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "send_timeout.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectNginxUpstream = Object{Name: "nginx_upstream", Doc: "One upstream of nginx.", Key: "", Fields: []Field{
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name.", Optional: false, Complete: false, Since: 5},
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "http or tcp.", Optional: false, Complete: false, Since: 5},
		{Name: "balance", Type: Type{Kind: KindString}, Unit: "", Doc: "round_robin, least_conn, ip_hash, hash, random.", Optional: false, Complete: false, Since: 5},
		{Name: "targets", Type: Type{Kind: KindInt}, Unit: "", Doc: "Servers that are neither backup nor down.", Optional: false, Complete: false, Since: 5},
		{Name: "backups", Type: Type{Kind: KindInt}, Unit: "", Doc: "Backup servers that are not down.", Optional: false, Complete: false, Since: 5},
		{Name: "unchecked", Type: Type{Kind: KindInt}, Unit: "", Doc: "Servers that stay in service whatever happens (max_fails=0).", Optional: false, Complete: false, Since: 5},
		{Name: "used", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when some place passes to it.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectNginxPass = Object{Name: "nginx_pass", Doc: "One place that passes requests on to another server.", Key: "", Fields: []Field{
		{Name: "server", Type: Type{Kind: KindString}, Unit: "", Doc: "First server_name of the server block.", Optional: false, Complete: false, Since: 5},
		{Name: "location", Type: Type{Kind: KindString}, Unit: "", Doc: "Location as written; empty in a stream block.", Optional: false, Complete: false, Since: 5},
		{Name: "to", Type: Type{Kind: KindString}, Unit: "", Doc: "Where to, as written, without credentials.", Optional: false, Complete: false, Since: 5},
		{Name: "upstream", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the upstream; empty when a host is named instead.", Optional: false, Complete: false, Since: 5},
		{Name: "local", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the host that is named instead is this one: a loopback address or a Unix socket.", Optional: false, Complete: false, Since: 5},
		{Name: "variable", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is worked out for each request, so that it cannot be said where to.", Optional: false, Complete: false, Since: 5},
		{Name: "tls", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is spoken to over TLS.", Optional: false, Complete: false, Since: 5},
		{Name: "verified", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its certificate is verified then.", Optional: false, Complete: false, Since: 5},
		{Name: "connect_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "proxy_connect_timeout or that of its kind.", Optional: false, Complete: false, Since: 5},
		{Name: "read_ms", Type: Type{Kind: KindInt}, Unit: "milliseconds", Doc: "proxy_read_timeout or that of its kind; proxy_timeout of a stream.", Optional: false, Complete: false, Since: 5},
		{Name: "next", Type: Type{Kind: KindString}, Unit: "", Doc: "When the next server is tried (proxy_next_upstream), as written or by default; off when never.", Optional: false, Complete: false, Since: 5},
		{Name: "file", Type: Type{Kind: KindString}, Unit: "", Doc: "File.", Optional: false, Complete: false, Since: 5},
		{Name: "line", Type: Type{Kind: KindInt}, Unit: "", Doc: "Line in the file.", Optional: false, Complete: false, Since: 5},
	}}
	objectOS = Object{Name: "os", Doc: "What the host is.", Key: "", Fields: []Field{
		{Name: "id", Type: Type{Kind: KindString}, Unit: "", Doc: "debian, ubuntu, rhel, alpine.", Optional: true, Complete: false, Since: 1},
		{Name: "id_like", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Systems it is derived from, nearest first.", Optional: true, Complete: false, Since: 1},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "Name for people.", Optional: true, Complete: false, Since: 1},
		{Name: "version", Type: Type{Kind: KindString}, Unit: "", Doc: "12, 24.04, 3.20.1.", Optional: true, Complete: false, Since: 1},
		{Name: "kernel", Type: Type{Kind: KindString}, Unit: "", Doc: "Running kernel.", Optional: true, Complete: false, Since: 1},
		{Name: "arch", Type: Type{Kind: KindString}, Unit: "", Doc: "x86_64, aarch64.", Optional: true, Complete: false, Since: 1},
		{Name: "hostname", Type: Type{Kind: KindString}, Unit: "", Doc: "Host name.", Optional: true, Complete: false, Since: 1},
		{Name: "boot_time_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "When it started, to the second.", Optional: true, Complete: false, Since: 1},
		{Name: "machine_id_digest", Type: Type{Kind: KindString}, Unit: "", Doc: "Recognises the host again without telling its machine id; absent where there is none.", Optional: true, Complete: false, Since: 1},
		{Name: "virtualisation", Type: Type{Kind: KindString}, Unit: "", Doc: "none, kvm, vmware, xen, hyperv, virtualbox, amazon, google, firecracker, bhyve, parallels, unknown (a hypervisor that does not give its name).", Optional: true, Complete: false, Since: 1},
		{Name: "container", Type: Type{Kind: KindString}, Unit: "", Doc: "none, docker, podman, lxc, systemd-nspawn, kubernetes, other.", Optional: true, Complete: false, Since: 1},
		{Name: "service_manager", Type: Type{Kind: KindString}, Unit: "", Doc: "What runs services now: systemd, openrc, sysvinit, none.", Optional: true, Complete: false, Since: 1},
	}}
	objectPackages = Object{Name: "packages", Doc: "What is installed by the system's package managers.", Key: "", Fields: []Field{
		{Name: "managers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "dpkg, rpm, apk; sorted.", Optional: true, Complete: true, Since: 1},
		{Name: "count", Type: Type{Kind: KindInt}, Unit: "", Doc: "Number of installed packages.", Optional: true, Complete: false, Since: 1},
		{Name: "by_name", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectPackage}}, Unit: "", Doc: "Installed packages by name. A second architecture of the same name has the key name:arch, an older version that is installed beside a newer one name=version.", Optional: true, Complete: true, Since: 1},
	}}
	objectUsers = Object{Name: "users", Doc: "Local accounts, how their passwords are kept, groups, and who may become root.", Key: "", Fields: []Field{
		{Name: "accounts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectAccount}}, Unit: "", Doc: "Local accounts in the order of the file.", Optional: true, Complete: true, Since: 1},
		{Name: "passwords", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPassword}}, Unit: "", Doc: "State of each password; hashes are never read out.", Optional: true, Complete: true, Since: 1},
		{Name: "homes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHome}}, Unit: "", Doc: "Home directories; without root what lies inside a closed one is missing.", Optional: true, Complete: true, Since: 1},
		{Name: "groups", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectGroup}}, Unit: "", Doc: "Local groups in the order of the file.", Optional: true, Complete: true, Since: 1},
		{Name: "login_defs", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Settings by their upper-case names: PASS_MAX_DAYS, UMASK, ENCRYPT_METHOD.", Optional: true, Complete: true, Since: 1},
		{Name: "shell", Type: Type{Kind: KindObject, Object: &objectUsersShell}, Unit: "", Doc: "Facts under /shell of section users.", Optional: true, Complete: false, Since: 1},
		{Name: "root_path", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSearchDir}}, Unit: "", Doc: "Directories of root's search path in their order.", Optional: true, Complete: true, Since: 1},
		{Name: "sudo", Type: Type{Kind: KindObject, Object: &objectUsersSudo}, Unit: "", Doc: "Facts under /sudo of section users.", Optional: true, Complete: false, Since: 1},
	}}
	objectUsersShell = Object{Name: "users.shell", Doc: "Facts under /shell of section users.", Key: "", Fields: []Field{
		{Name: "tmout", Type: Type{Kind: KindInt}, Unit: "seconds", Doc: "Idle time after which a shell ends; 0 when no file sets it.", Optional: true, Complete: false, Since: 1},
		{Name: "tmout_readonly", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when users cannot change it.", Optional: true, Complete: false, Since: 1},
		{Name: "umask", Type: Type{Kind: KindString}, Unit: "", Doc: "Such as 027; empty when no file sets it.", Optional: true, Complete: false, Since: 1},
	}}
	objectUsersSudo = Object{Name: "users.sudo", Doc: "Facts under /sudo of section users.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when sudo is there; the rest of /sudo is absent when it is not.", Optional: true, Complete: false, Since: 1},
		{Name: "rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSudoRule}}, Unit: "", Doc: "Who may run what.", Optional: true, Complete: true, Since: 1},
		{Name: "defaults", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSudoDefault}}, Unit: "", Doc: "Defaults settings in their order.", Optional: true, Complete: true, Since: 1},
		{Name: "includes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files that were read after /etc/sudoers, in their order.", Optional: true, Complete: true, Since: 1},
		{Name: "use_pty", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when sudo runs commands on their own terminal.", Optional: true, Complete: false, Since: 1},
		{Name: "logfile", Type: Type{Kind: KindString}, Unit: "", Doc: "Log file; empty when none is set.", Optional: true, Complete: false, Since: 1},
		{Name: "nopasswd", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when any rule says NOPASSWD.", Optional: true, Complete: false, Since: 1},
		{Name: "noauthenticate", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when any Defaults, of any scope, says !authenticate.", Optional: true, Complete: false, Since: 1},
	}}
	objectSSHD = Object{Name: "sshd", Doc: "The OpenSSH server. /effective is what the server itself says it would do (sshd -T), /file what its configuration files say; they are apart because they differ while a change waits for a reload, or when a file is wrong.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the server is there; all else is absent when it is not.", Optional: true, Complete: false, Since: 1},
		{Name: "effective", Type: Type{Kind: KindObject, Object: &objectSSHDEffective}, Unit: "", Doc: "Facts under /effective of section sshd.", Optional: true, Complete: false, Since: 1},
		{Name: "effective_other", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Every keyword that /effective does not declare, lower case; several values joined by a space.", Optional: true, Complete: true, Since: 1},
		{Name: "file", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", Doc: "Keywords in lower case. The first value wins, as in sshd; keywords that add up (acceptenv, allowusers, port …) are joined by a space.", Optional: true, Complete: true, Since: 1},
		{Name: "matches", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSSHDMatch}}, Unit: "", Doc: "Match blocks in their order.", Optional: true, Complete: true, Since: 1},
		{Name: "files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Configuration files that were read, in their order.", Optional: true, Complete: true, Since: 1},
		{Name: "host_keys", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHostKey}}, Unit: "", Doc: "Host key files, sorted.", Optional: true, Complete: true, Since: 1},
	}}
	objectSSHDEffective = Object{Name: "sshd.effective", Doc: "Facts under /effective of section sshd.", Key: "", Fields: []Field{
		{Name: "acceptenv", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Environment variables taken from the client.", Optional: true, Complete: false, Since: 1},
		{Name: "addressfamily", Type: Type{Kind: KindString}, Unit: "", Doc: "any, inet, inet6.", Optional: true, Complete: false, Since: 1},
		{Name: "allowagentforwarding", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "allowgroups", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Groups that may log in; empty when not limited.", Optional: true, Complete: true, Since: 1},
		{Name: "allowstreamlocalforwarding", Type: Type{Kind: KindString}, Unit: "", Doc: "yes, no, local, remote.", Optional: true, Complete: false, Since: 1},
		{Name: "allowtcpforwarding", Type: Type{Kind: KindString}, Unit: "", Doc: "yes, no, local, remote.", Optional: true, Complete: false, Since: 1},
		{Name: "allowusers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Users that may log in; empty when not limited.", Optional: true, Complete: true, Since: 1},
		{Name: "authenticationmethods", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "any, or lists of methods that must all succeed.", Optional: true, Complete: false, Since: 1},
		{Name: "authorizedkeyscommand", Type: Type{Kind: KindString}, Unit: "", Doc: "none or a program.", Optional: true, Complete: false, Since: 1},
		{Name: "authorizedkeysfile", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files with the users' keys.", Optional: true, Complete: false, Since: 1},
		{Name: "banner", Type: Type{Kind: KindString}, Unit: "", Doc: "none or a file.", Optional: true, Complete: false, Since: 1},
		{Name: "chrootdirectory", Type: Type{Kind: KindString}, Unit: "", Doc: "none or a directory.", Optional: true, Complete: false, Since: 1},
		{Name: "ciphers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Ciphers in order of preference.", Optional: true, Complete: false, Since: 1},
		{Name: "clientalivecountmax", Type: Type{Kind: KindInt}, Unit: "", Doc: "Unanswered messages before the connection ends.", Optional: true, Complete: false, Since: 1},
		{Name: "clientaliveinterval", Type: Type{Kind: KindInt}, Unit: "seconds", Doc: "0 means never.", Optional: true, Complete: false, Since: 1},
		{Name: "compression", Type: Type{Kind: KindString}, Unit: "", Doc: "yes, no, delayed.", Optional: true, Complete: false, Since: 1},
		{Name: "denygroups", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Groups that may not log in.", Optional: true, Complete: true, Since: 1},
		{Name: "denyusers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Users that may not log in.", Optional: true, Complete: true, Since: 1},
		{Name: "disableforwarding", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "forcecommand", Type: Type{Kind: KindString}, Unit: "", Doc: "none or a command.", Optional: true, Complete: false, Since: 1},
		{Name: "gatewayports", Type: Type{Kind: KindString}, Unit: "", Doc: "yes, no, clientspecified.", Optional: true, Complete: false, Since: 1},
		{Name: "gssapiauthentication", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no; absent when built without.", Optional: true, Complete: false, Since: 1},
		{Name: "hostbasedauthentication", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "hostkey", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Private host key files.", Optional: true, Complete: false, Since: 1},
		{Name: "hostkeyalgorithms", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Host key algorithms.", Optional: true, Complete: false, Since: 1},
		{Name: "ignorerhosts", Type: Type{Kind: KindString}, Unit: "", Doc: "yes, no, shosts-only.", Optional: true, Complete: false, Since: 1},
		{Name: "ignoreuserknownhosts", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "kbdinteractiveauthentication", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no; older servers call it challengeresponseauthentication, read here too.", Optional: true, Complete: false, Since: 1},
		{Name: "kerberosauthentication", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no; absent when built without.", Optional: true, Complete: false, Since: 1},
		{Name: "kexalgorithms", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Key exchange algorithms.", Optional: true, Complete: false, Since: 1},
		{Name: "listenaddress", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Addresses with ports.", Optional: true, Complete: false, Since: 1},
		{Name: "logingracetime", Type: Type{Kind: KindInt}, Unit: "seconds", Doc: "0 means no limit.", Optional: true, Complete: false, Since: 1},
		{Name: "loglevel", Type: Type{Kind: KindString}, Unit: "", Doc: "INFO, VERBOSE; upper case.", Optional: true, Complete: false, Since: 1},
		{Name: "macs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Message authentication codes.", Optional: true, Complete: false, Since: 1},
		{Name: "maxauthtries", Type: Type{Kind: KindInt}, Unit: "", Doc: "Attempts per connection.", Optional: true, Complete: false, Since: 1},
		{Name: "maxsessions", Type: Type{Kind: KindInt}, Unit: "", Doc: "Sessions per connection.", Optional: true, Complete: false, Since: 1},
		{Name: "maxstartups", Type: Type{Kind: KindString}, Unit: "", Doc: "Start:rate:full, as in 10:30:60.", Optional: true, Complete: false, Since: 1},
		{Name: "maxstartups_start", Type: Type{Kind: KindInt}, Unit: "", Doc: "First number of maxstartups.", Optional: true, Complete: false, Since: 1},
		{Name: "maxstartups_rate", Type: Type{Kind: KindInt}, Unit: "percent", Doc: "Second number of maxstartups.", Optional: true, Complete: false, Since: 1},
		{Name: "maxstartups_full", Type: Type{Kind: KindInt}, Unit: "", Doc: "Third number of maxstartups.", Optional: true, Complete: false, Since: 1},
		{Name: "passwordauthentication", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "permitemptypasswords", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "permitopen", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "any, none or targets.", Optional: true, Complete: false, Since: 1},
		{Name: "permitrootlogin", Type: Type{Kind: KindString}, Unit: "", Doc: "yes, no, prohibit-password (sshd -T may say without-password; the agent writes prohibit-password), forced-commands-only.", Optional: true, Complete: false, Since: 1},
		{Name: "permittty", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "permittunnel", Type: Type{Kind: KindString}, Unit: "", Doc: "no, yes, point-to-point, ethernet.", Optional: true, Complete: false, Since: 1},
		{Name: "permituserenvironment", Type: Type{Kind: KindString}, Unit: "", Doc: "no, yes or a pattern.", Optional: true, Complete: false, Since: 1},
		{Name: "permituserrc", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "port", Type: Type{Kind: KindList, Elem: &Type{Kind: KindInt}}, Unit: "", Doc: "Ports.", Optional: true, Complete: false, Since: 1},
		{Name: "printlastlog", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "pubkeyacceptedalgorithms", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Signature algorithms for users' keys.", Optional: true, Complete: false, Since: 1},
		{Name: "pubkeyauthentication", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "requiredrsasize", Type: Type{Kind: KindInt}, Unit: "bits", Doc: "Smallest RSA key that is taken; absent on servers before 9.1.", Optional: true, Complete: false, Since: 1},
		{Name: "strictmodes", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "subsystem", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Name and program, as in sftp /usr/lib/openssh/sftp-server.", Optional: true, Complete: false, Since: 1},
		{Name: "syslogfacility", Type: Type{Kind: KindString}, Unit: "", Doc: "AUTH or another facility.", Optional: true, Complete: false, Since: 1},
		{Name: "tcpkeepalive", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "usedns", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "usepam", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no; absent when built without.", Optional: true, Complete: false, Since: 1},
		{Name: "x11forwarding", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
		{Name: "x11uselocalhost", Type: Type{Kind: KindString}, Unit: "", Doc: "yes or no.", Optional: true, Complete: false, Since: 1},
	}}
	objectSysctl = Object{Name: "sysctl", Doc: "Running values and what the files would set at boot, apart. Only the settings of the watch list are read from the running kernel; the files are read whole.", Key: "", Fields: []Field{
		{Name: "running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Running values by dotted name, white space as one space; absent where this kernel has no such setting.", Optional: true, Complete: false, Since: 1},
		{Name: "persisted", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", Doc: "What is set at boot by dotted name, with the file and line that win; globs are resolved against the running kernel where it knows them.", Optional: true, Complete: true, Since: 1},
	}}
	objectMounts = Object{Name: "mounts", Doc: "File systems that are mounted, those that /etc/fstab would mount, and what holds the directories that standards ask about.", Key: "", Fields: []Field{
		{Name: "running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectMount}}, Unit: "", Doc: "Mounted file systems by target.", Optional: true, Complete: true, Since: 1},
		{Name: "persisted", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectFstabEntry}}, Unit: "", Doc: "Lines of fstab by target; swap and targets called none are left out.", Optional: true, Complete: true, Since: 1},
		{Name: "directories", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectDirectory}}, Unit: "", Doc: "What holds each watched directory.", Optional: true, Complete: false, Since: 1},
	}}
	objectPam = Object{Name: "pam", Doc: "What PAM asks of passwords and logins. /services is every stack as written, with includes resolved; the other facts are derived from them and from the files of the modules: a setting holds when each of the stacks that people log in through has it (login and sshd for /lockout and /mfa, passwd for /quality, /history and /unix). Ages of passwords for new accounts are in users /login_defs, those of existing ones in users /passwords.", Key: "", Fields: []Field{
		{Name: "services", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectPamService}}, Unit: "", Doc: "Services by name.", Optional: true, Complete: true, Since: 2},
		{Name: "quality", Type: Type{Kind: KindObject, Object: &objectPamQuality}, Unit: "", Doc: "Facts under /quality of section pam.", Optional: true, Complete: false, Since: 2},
		{Name: "lockout", Type: Type{Kind: KindObject, Object: &objectPamLockout}, Unit: "", Doc: "Facts under /lockout of section pam.", Optional: true, Complete: false, Since: 2},
		{Name: "history", Type: Type{Kind: KindObject, Object: &objectPamHistory}, Unit: "", Doc: "Facts under /history of section pam.", Optional: true, Complete: false, Since: 2},
		{Name: "unix", Type: Type{Kind: KindObject, Object: &objectPamUnix}, Unit: "", Doc: "Facts under /unix of section pam.", Optional: true, Complete: false, Since: 2},
		{Name: "su", Type: Type{Kind: KindObject, Object: &objectPamSu}, Unit: "", Doc: "Facts under /su of section pam.", Optional: true, Complete: false, Since: 2},
		{Name: "umask", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when sessions get the umask of login.defs.", Optional: true, Complete: false, Since: 2},
		{Name: "mfa", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Modules that ask for a second factor, sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "inactive_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Days after the end of a password until a new account is locked; -1 for never.", Optional: true, Complete: false, Since: 2},
		{Name: "limits", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectLimit}}, Unit: "", Doc: "Limits in the order in which they are read.", Optional: true, Complete: true, Since: 2},
	}}
	objectPamQuality = Object{Name: "pam.quality", Doc: "Facts under /quality of section pam.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a module that tests new passwords is there.", Optional: true, Complete: false, Since: 2},
		{Name: "module", Type: Type{Kind: KindString}, Unit: "", Doc: "pam_pwquality, pam_passwdqc, pam_cracklib; empty when none is in use.", Optional: true, Complete: false, Since: 2},
		{Name: "active", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when new passwords go through it.", Optional: true, Complete: false, Since: 2},
		{Name: "minlen", Type: Type{Kind: KindInt}, Unit: "", Doc: "Least length. Facts of /quality from here on are absent when no such module is in use.", Optional: true, Complete: false, Since: 2},
		{Name: "minclass", Type: Type{Kind: KindInt}, Unit: "", Doc: "Least number of kinds of characters (digits, capitals, small letters, others): minclass, or the number of credits below 0 where that is larger.", Optional: true, Complete: false, Since: 2},
		{Name: "dcredit", Type: Type{Kind: KindInt}, Unit: "", Doc: "Below 0: least number of digits.", Optional: true, Complete: false, Since: 2},
		{Name: "ucredit", Type: Type{Kind: KindInt}, Unit: "", Doc: "Below 0: least number of capitals.", Optional: true, Complete: false, Since: 2},
		{Name: "lcredit", Type: Type{Kind: KindInt}, Unit: "", Doc: "Below 0: least number of small letters.", Optional: true, Complete: false, Since: 2},
		{Name: "ocredit", Type: Type{Kind: KindInt}, Unit: "", Doc: "Below 0: least number of other characters.", Optional: true, Complete: false, Since: 2},
		{Name: "difok", Type: Type{Kind: KindInt}, Unit: "", Doc: "Characters that must differ from the old password.", Optional: true, Complete: false, Since: 2},
		{Name: "maxrepeat", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most equal characters in a row; 0 for no limit.", Optional: true, Complete: false, Since: 2},
		{Name: "maxsequence", Type: Type{Kind: KindInt}, Unit: "", Doc: "Longest sequence such as 12345; 0 for no limit.", Optional: true, Complete: false, Since: 2},
		{Name: "dictcheck", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when words of a dictionary are refused.", Optional: true, Complete: false, Since: 2},
		{Name: "enforcing", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a bad password is refused and not only warned about.", Optional: true, Complete: false, Since: 2},
		{Name: "enforce_for_root", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it holds for root as well.", Optional: true, Complete: false, Since: 2},
	}}
	objectPamLockout = Object{Name: "pam.lockout", Doc: "Facts under /lockout of section pam.", Key: "", Fields: []Field{
		{Name: "module", Type: Type{Kind: KindString}, Unit: "", Doc: "pam_faillock, pam_tally2, pam_tally; empty when none is in use.", Optional: true, Complete: false, Since: 2},
		{Name: "active", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when failures are counted before and after the password is asked.", Optional: true, Complete: false, Since: 2},
		{Name: "deny", Type: Type{Kind: KindInt}, Unit: "", Doc: "Failures after which an account is locked; 0 for never. Facts of /lockout from here on are absent when no such module is in use.", Optional: true, Complete: false, Since: 2},
		{Name: "unlock_time", Type: Type{Kind: KindInt}, Unit: "seconds", Doc: "Time after which it opens again; 0 when only an administrator opens it.", Optional: true, Complete: false, Since: 2},
		{Name: "fail_interval", Type: Type{Kind: KindInt}, Unit: "seconds", Doc: "Time within which failures count together.", Optional: true, Complete: false, Since: 2},
		{Name: "even_deny_root", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when root is locked as well.", Optional: true, Complete: false, Since: 2},
	}}
	objectPamHistory = Object{Name: "pam.history", Doc: "Facts under /history of section pam.", Key: "", Fields: []Field{
		{Name: "active", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when old passwords are kept from coming back.", Optional: true, Complete: false, Since: 2},
		{Name: "remember", Type: Type{Kind: KindInt}, Unit: "", Doc: "Old passwords that may not come back; absent when none are kept.", Optional: true, Complete: false, Since: 2},
		{Name: "enforce_for_root", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it holds for root as well; absent when none are kept.", Optional: true, Complete: false, Since: 2},
	}}
	objectPamUnix = Object{Name: "pam.unix", Doc: "Facts under /unix of section pam.", Key: "", Fields: []Field{
		{Name: "hash", Type: Type{Kind: KindString}, Unit: "", Doc: "How new passwords are hashed: yescrypt, gost_yescrypt, sha512, sha256, blowfish, md5, bigcrypt; empty for the C library's default. Absent where PAM does not set passwords itself.", Optional: true, Complete: false, Since: 2},
		{Name: "nullok", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when an account without a password may log in.", Optional: true, Complete: false, Since: 2},
	}}
	objectPamSu = Object{Name: "pam.su", Doc: "Facts under /su of section pam.", Key: "", Fields: []Field{
		{Name: "wheel", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when only members of one group may use su.", Optional: true, Complete: false, Since: 2},
		{Name: "group", Type: Type{Kind: KindString}, Unit: "", Doc: "Group named there; empty for the module's default (wheel, else group 0).", Optional: true, Complete: false, Since: 2},
	}}
	objectSshKeys = Object{Name: "ssh_keys", Doc: "Keys that may log in, and the files that decide so. Looked for are the files that AuthorizedKeysFile of sshd_config names, else .ssh/authorized_keys and .ssh/authorized_keys2. Homes on network file systems are left alone.", Key: "", Fields: []Field{
		{Name: "accounts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectKeyAccount}}, Unit: "", Doc: "Accounts in the order of /etc/passwd.", Optional: true, Complete: true, Since: 2},
		{Name: "host_trust", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files that let users of other hosts in without a password, where they are there and not empty.", Optional: true, Complete: true, Since: 2},
	}}
	objectProcesses = Object{Name: "processes", Doc: "Programs that run, by the file that they were started from. Processes that are younger than a minute are left out, and so are the kernel's own threads. Command lines are never read: they may hold passwords.", Key: "", Fields: []Field{
		{Name: "executables", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectExecutable}}, Unit: "", Doc: "Sorted by path, user and container; one entry for each. Without root, path, digest and deletion of other users' programs are missing. At most 64 MB are hashed in one reading, what is left in the next ones; until then a digest is not observed.", Optional: true, Complete: true, Since: 2},
	}}
	objectKernelModules = Object{Name: "kernel_modules", Doc: "Modules that are loaded, and what keeps the ones on the watch list from being loaded.", Key: "", Fields: []Field{
		{Name: "loaded", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectKernelModule}}, Unit: "", Doc: "Loaded modules by name; absent where the kernel was built without modules.", Optional: true, Complete: true, Since: 2},
		{Name: "rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectModprobeRule}}, Unit: "", Doc: "Blacklist and install lines in the order of the files.", Optional: true, Complete: true, Since: 2},
		{Name: "watched", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectModuleState}}, Unit: "", Doc: "The modules of the watch list by name.", Optional: true, Complete: false, Since: 2},
		{Name: "signature_enforced", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the kernel takes only signed modules.", Optional: true, Complete: false, Since: 2},
		{Name: "disabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when no module can be loaded any more until the next start.", Optional: true, Complete: false, Since: 2},
	}}
	objectCron = Object{Name: "cron", Doc: "What cron, anacron and at start. Timers of systemd are in section services.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a program that starts such jobs is there; what follows is read all the same.", Optional: true, Complete: false, Since: 2},
		{Name: "jobs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCronJob}}, Unit: "", Doc: "Jobs in the order of their files; at most 2,000.", Optional: true, Complete: true, Since: 2},
		{Name: "root_programs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCronProgram}}, Unit: "", Doc: "Sorted by path.", Optional: true, Complete: true, Since: 2},
	}}
	objectCertificates = Object{Name: "certificates", Doc: "Certificates of services, looked for where the usual ones keep them. Files of at most 256 kB that end in .pem, .crt, .cer, .cert or .key are read; the bundles of certification authorities that come with the system are left out.", Key: "", Fields: []Field{
		{Name: "found", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCertificate}}, Unit: "", Doc: "Sorted by path and position; at most 500.", Optional: true, Complete: true, Since: 2},
		{Name: "private_keys", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPrivateKey}}, Unit: "", Doc: "Files with a private key, sorted by path; at most 500.", Optional: true, Complete: true, Since: 2},
		{Name: "unreadable", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files with a certificate that could not be taken apart, with the reason.", Optional: true, Complete: true, Since: 2},
		{Name: "truncated", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when there were more files than the limits allow, so that the lists are not whole.", Optional: true, Complete: false, Since: 2},
	}}
	objectUpdates = Object{Name: "updates", Doc: "Whether updates are fetched and put in by themselves, and when that last worked.", Key: "", Fields: []Field{
		{Name: "manager", Type: Type{Kind: KindString}, Unit: "", Doc: "apt, dnf, yum, zypper, apk, none.", Optional: true, Complete: false, Since: 2},
		{Name: "automatic", Type: Type{Kind: KindObject, Object: &objectUpdatesAutomatic}, Unit: "", Doc: "Facts under /automatic of section updates.", Optional: true, Complete: false, Since: 2},
		{Name: "settings", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", Doc: "Settings by name; of dnf with the section: commands/apply_updates.", Optional: true, Complete: true, Since: 2},
		{Name: "index_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days since the list of available packages was fetched.", Optional: true, Complete: false, Since: 2},
		{Name: "changed_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days since a package was last put in or updated.", Optional: true, Complete: false, Since: 2},
		{Name: "pending", Type: Type{Kind: KindInt}, Unit: "", Doc: "Updates that wait; not observed where no file says so.", Optional: true, Complete: false, Since: 2},
		{Name: "pending_security", Type: Type{Kind: KindInt}, Unit: "", Doc: "Security updates that wait.", Optional: true, Complete: false, Since: 2},
		{Name: "reboot_required", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when an update waits for a restart; not observed where neither can tell.", Optional: true, Complete: false, Since: 2},
		{Name: "unverified", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Sources of packages that are taken without a valid signature, with file and line, sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "repositories", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Addresses that packages come from, without passwords, sorted.", Optional: true, Complete: true, Since: 2},
	}}
	objectUpdatesAutomatic = Object{Name: "updates.automatic", Doc: "Facts under /automatic of section updates.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a program that puts in updates by itself is there.", Optional: true, Complete: false, Since: 2},
		{Name: "enabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is switched on and something starts it.", Optional: true, Complete: false, Since: 2},
		{Name: "security", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when security updates are among what it puts in; absent when it is not installed.", Optional: true, Complete: false, Since: 2},
		{Name: "reboot", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it restarts the host where an update asks for it; absent when it is not installed.", Optional: true, Complete: false, Since: 2},
	}}
	objectAudit = Object{Name: "audit", Doc: "The kernel's audit. What the files would load at the next start and what the running kernel has are apart.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the audit service is there; all else is absent when it is not.", Optional: true, Complete: false, Since: 2},
		{Name: "config", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Settings in lower case: disk_full_action, max_log_file_action.", Optional: true, Complete: true, Since: 2},
		{Name: "persisted", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectAuditRule}}, Unit: "", Doc: "Rules in the order in which they are loaded.", Optional: true, Complete: true, Since: 2},
		{Name: "immutable_persisted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it says 2: rules cannot be changed until the next start.", Optional: true, Complete: false, Since: 2},
		{Name: "running", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectAuditRule}}, Unit: "", Doc: "Rules of the running kernel.", Optional: true, Complete: true, Since: 2},
		{Name: "enabled", Type: Type{Kind: KindInt}, Unit: "", Doc: "0 off, 1 on, 2 on and immutable.", Optional: true, Complete: false, Since: 2},
	}}
	objectLogging = Object{Name: "logging", Doc: "How messages are kept, who may read them, and where they are sent.", Key: "", Fields: []Field{
		{Name: "journald", Type: Type{Kind: KindObject, Object: &objectLoggingJournald}, Unit: "", Doc: "Facts under /journald of section logging.", Optional: true, Complete: false, Since: 2},
		{Name: "rsyslog", Type: Type{Kind: KindObject, Object: &objectLoggingRsyslog}, Unit: "", Doc: "Facts under /rsyslog of section logging.", Optional: true, Complete: false, Since: 2},
		{Name: "syslog_ng", Type: Type{Kind: KindObject, Object: &objectLoggingSyslogNg}, Unit: "", Doc: "Facts under /syslog_ng of section logging.", Optional: true, Complete: false, Since: 2},
		{Name: "remote", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectLogTarget}}, Unit: "", Doc: "Machines that messages are sent to.", Optional: true, Complete: true, Since: 2},
		{Name: "logrotate", Type: Type{Kind: KindObject, Object: &objectLoggingLogrotate}, Unit: "", Doc: "Facts under /logrotate of section logging.", Optional: true, Complete: false, Since: 2},
		{Name: "wide_files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWideFile}}, Unit: "", Doc: "Files that others may read or group or others may write, but for wtmp, btmp and lastlog; sorted, at most 1,000.", Optional: true, Complete: true, Since: 2},
		{Name: "wide_files_truncated", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when there are more such files than are listed, or more than 20,000 files were there to look at.", Optional: true, Complete: false, Since: 2},
	}}
	objectLoggingJournald = Object{Name: "logging.journald", Doc: "Facts under /journald of section logging.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is there; the rest of /journald is absent when it is not.", Optional: true, Complete: false, Since: 2},
		{Name: "settings", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", Doc: "Settings of [Journal] by name.", Optional: true, Complete: true, Since: 2},
		{Name: "persistent", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the journal outlives a restart.", Optional: true, Complete: false, Since: 2},
		{Name: "compress", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when large entries are compressed, which is the default.", Optional: true, Complete: false, Since: 2},
		{Name: "forward_to_syslog", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when messages are handed to syslog as well; the default depends on the version and counts as no.", Optional: true, Complete: false, Since: 2},
	}}
	objectLoggingRsyslog = Object{Name: "logging.rsyslog", Doc: "Facts under /rsyslog of section logging.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is there; the rest of /rsyslog is absent when it is not.", Optional: true, Complete: false, Since: 2},
		{Name: "file_create_mode", Type: Type{Kind: KindString}, Unit: "", Doc: "Widest mode that new log files get, four octal digits; 0644 when none is set.", Optional: true, Complete: false, Since: 2},
		{Name: "receives", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Ways in which it takes messages of other machines, sorted.", Optional: true, Complete: true, Since: 2},
	}}
	objectLoggingSyslogNg = Object{Name: "logging.syslog_ng", Doc: "Facts under /syslog_ng of section logging.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is there. Its targets are read; its other settings are not.", Optional: true, Complete: false, Since: 2},
	}}
	objectLoggingLogrotate = Object{Name: "logging.logrotate", Doc: "Facts under /logrotate of section logging.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it is there; the rest of /logrotate is absent when it is not.", Optional: true, Complete: false, Since: 2},
		{Name: "scheduled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when something starts it.", Optional: true, Complete: false, Since: 2},
		{Name: "frequency", Type: Type{Kind: KindString}, Unit: "", Doc: "daily, weekly, monthly, yearly; weekly when nothing is said.", Optional: true, Complete: false, Since: 2},
		{Name: "rotate", Type: Type{Kind: KindInt}, Unit: "", Doc: "Old files that are kept; 0 when nothing is said.", Optional: true, Complete: false, Since: 2},
	}}
	objectMac = Object{Name: "mac", Doc: "AppArmor and SELinux, whichever the kernel has.", Key: "", Fields: []Field{
		{Name: "modules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Security modules of the running kernel in their order.", Optional: true, Complete: true, Since: 2},
		{Name: "apparmor", Type: Type{Kind: KindObject, Object: &objectMacApparmor}, Unit: "", Doc: "Facts under /apparmor of section mac.", Optional: true, Complete: false, Since: 2},
		{Name: "selinux", Type: Type{Kind: KindObject, Object: &objectMacSelinux}, Unit: "", Doc: "Facts under /selinux of section mac.", Optional: true, Complete: false, Since: 2},
		{Name: "active", Type: Type{Kind: KindString}, Unit: "", Doc: "What confines programs now: apparmor, selinux (also when permissive), none.", Optional: true, Complete: false, Since: 2},
	}}
	objectMacApparmor = Object{Name: "mac.apparmor", Doc: "Facts under /apparmor of section mac.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its tools are there.", Optional: true, Complete: false, Since: 2},
		{Name: "enabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the running kernel uses it.", Optional: true, Complete: false, Since: 2},
		{Name: "enforce", Type: Type{Kind: KindInt}, Unit: "", Doc: "Profiles that are enforced.", Optional: true, Complete: false, Since: 2},
		{Name: "complain", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Profiles that only complain, sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "unconfined", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Profiles that let everything through, sorted.", Optional: true, Complete: true, Since: 2},
	}}
	objectMacSelinux = Object{Name: "mac.selinux", Doc: "Facts under /selinux of section mac.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its tools are there; configuration is absent when they are not.", Optional: true, Complete: false, Since: 2},
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "enforcing, permissive, disabled.", Optional: true, Complete: false, Since: 2},
		{Name: "configured", Type: Type{Kind: KindString}, Unit: "", Doc: "Mode at the next start.", Optional: true, Complete: false, Since: 2},
		{Name: "policy", Type: Type{Kind: KindString}, Unit: "", Doc: "targeted, mls.", Optional: true, Complete: false, Since: 2},
	}}
	objectBoot = Object{Name: "boot", Doc: "Who can change how the host starts.", Key: "", Fields: []Field{
		{Name: "loader", Type: Type{Kind: KindString}, Unit: "", Doc: "grub, systemd-boot, other (a kernel image and no loader that is known); absent where the host has no kernel of its own.", Optional: true, Complete: false, Since: 2},
		{Name: "grub", Type: Type{Kind: KindObject, Object: &objectBootGrub}, Unit: "", Doc: "Facts under /grub of section boot.", Optional: true, Complete: false, Since: 2},
		{Name: "firmware", Type: Type{Kind: KindString}, Unit: "", Doc: "uefi or bios.", Optional: true, Complete: false, Since: 2},
		{Name: "secure_boot", Type: Type{Kind: KindString}, Unit: "", Doc: "enabled, disabled, setup (keys are not enrolled); absent without UEFI.", Optional: true, Complete: false, Since: 2},
		{Name: "cmdline", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Arguments of the running kernel in their order; values of those whose name says password, secret, key or token are left out.", Optional: true, Complete: true, Since: 2},
		{Name: "single_user_password", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the rescue modes ask for root's password.", Optional: true, Complete: false, Since: 2},
		{Name: "lockdown", Type: Type{Kind: KindString}, Unit: "", Doc: "none, integrity, confidentiality; absent where the kernel has none.", Optional: true, Complete: false, Since: 2},
	}}
	objectBootGrub = Object{Name: "boot.grub", Doc: "Facts under /grub of section boot.", Key: "", Fields: []Field{
		{Name: "config", Type: Type{Kind: KindString}, Unit: "", Doc: "File that was read; all of /grub is absent without GRUB.", Optional: true, Complete: false, Since: 2},
		{Name: "mode", Type: Type{Kind: KindInt}, Unit: "", Doc: "Permission bits of that file as a number.", Optional: true, Complete: false, Since: 2},
		{Name: "mode_octal", Type: Type{Kind: KindString}, Unit: "", Doc: "The same as text.", Optional: true, Complete: false, Since: 2},
		{Name: "uid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Owner.", Optional: true, Complete: false, Since: 2},
		{Name: "gid", Type: Type{Kind: KindInt}, Unit: "", Doc: "Group.", Optional: true, Complete: false, Since: 2},
		{Name: "password", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when changing an entry asks for a password.", Optional: true, Complete: false, Since: 2},
	}}
	objectSpecialFiles = Object{Name: "special_files", Doc: "Files with raised rights and files that everybody can change, found by one walk over the local file systems that are mounted, each once, at low priority and at most once an hour. Left out are network, kernel and memory file systems but tmpfs, and the layers of containers (/var/lib/docker, /var/lib/containers, /var/lib/containerd, /var/lib/lxc, /var/lib/kubelet, snapshots below /snap). Each list holds the first 1,000 in the order of their paths; counts are whole.", Key: "", Fields: []Field{
		{Name: "suid", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", Doc: "Files with the set-user-id or set-group-id bit, where the file system honours them (no nosuid).", Optional: true, Complete: true, Since: 2},
		{Name: "suid_count", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many there are.", Optional: true, Complete: false, Since: 2},
		{Name: "writable_files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", Doc: "Files that everybody may write.", Optional: true, Complete: true, Since: 2},
		{Name: "writable_files_count", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many there are.", Optional: true, Complete: false, Since: 2},
		{Name: "writable_dirs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", Doc: "Directories that everybody may write and that have no sticky bit.", Optional: true, Complete: true, Since: 2},
		{Name: "writable_dirs_count", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many there are.", Optional: true, Complete: false, Since: 2},
		{Name: "unowned", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", Doc: "Files and directories whose owner or group has no name. Ids of systemd's dynamic users (61184 to 65519) count as named. Not observed where nsswitch.conf takes accounts from elsewhere as well.", Optional: true, Complete: true, Since: 2},
		{Name: "unowned_count", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many there are.", Optional: true, Complete: false, Since: 2},
		{Name: "roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Mount points that were walked, sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "skipped", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "What was left out and why, sorted; file systems of the kernel itself are not named.", Optional: true, Complete: true, Since: 2},
		{Name: "truncated", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a list is longer than what is sent of it.", Optional: true, Complete: false, Since: 2},
	}}
	objectWatching = Object{Name: "watching", Doc: "How the agent watches files on this host, which trees, and what they are compared with. It is said by the agent that runs: an inventory that is read by hand does not have it. Times and counts are coarse, so that nothing travels while nothing happens.", Key: "", Fields: []Field{
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "fanotify (tells who), inotify, polling; starting (the first baseline is being made), off (by its settings), failed.", Optional: true, Complete: false, Since: 6},
		{Name: "reason", Type: Type{Kind: KindString}, Unit: "", Doc: "Why it is off or failed, empty otherwise.", Optional: true, Complete: false, Since: 6},
		{Name: "since", Type: Type{Kind: KindString}, Unit: "", Doc: "Since when it is in this mode, UTC.", Optional: true, Complete: false, Since: 6},
		{Name: "refused", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWatchingRefusal}}, Unit: "", Doc: "Better ways, and why they are not in force.", Optional: true, Complete: true, Since: 6},
		{Name: "who", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "What is known of the processes that change files, and from what.", Optional: true, Complete: true, Since: 6},
		{Name: "roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Trees that are watched, sorted.", Optional: true, Complete: true, Since: 6},
		{Name: "content_roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Of them those that are given out to others, sorted: web roots and declared content.", Optional: true, Complete: true, Since: 6},
		{Name: "not_there", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Declared trees that do not exist.", Optional: true, Complete: true, Since: 6},
		{Name: "added_roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Trees that are watched and were not when the baseline was made: everything in them counts as added.", Optional: true, Complete: true, Since: 6},
		{Name: "excluded", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Patterns of paths that are left out, as the baseline has them.", Optional: true, Complete: true, Since: 6},
		{Name: "settings_pending", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the settings leave out other trees than the baseline; a new baseline takes them in.", Optional: true, Complete: false, Since: 6},
		{Name: "baseline", Type: Type{Kind: KindObject, Object: &objectWatchingBaseline}, Unit: "", Doc: "Facts under /baseline of section watching.", Optional: true, Complete: false, Since: 6},
		{Name: "rehash", Type: Type{Kind: KindObject, Object: &objectWatchingRehash}, Unit: "", Doc: "Facts under /rehash of section watching.", Optional: true, Complete: false, Since: 6},
		{Name: "overflows", Type: Type{Kind: KindInt}, Unit: "", Doc: "Times that more happened than could be kept since the agent started; each is followed by a comparison of everything.", Optional: true, Complete: false, Since: 6},
		{Name: "unread", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWatchingGap}}, Unit: "", Doc: "What could not be read, the first 50.", Optional: true, Complete: false, Since: 6},
		{Name: "unread_count", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many attributes could not be read.", Optional: true, Complete: false, Since: 6},
		{Name: "left_out", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWatchingGap}}, Unit: "", Doc: "Mounts, network file systems and the like that were left out, the first 50.", Optional: true, Complete: false, Since: 6},
		{Name: "problems", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "What is wrong with watching now: a baseline that was damaged, a disk that is full.", Optional: true, Complete: true, Since: 6},
		{Name: "own", Type: Type{Kind: KindObject, Object: &objectWatchingOwn}, Unit: "", Doc: "Facts under /own of section watching.", Optional: true, Complete: false, Since: 6},
	}}
	objectWatchingBaseline = Object{Name: "watching.baseline", Doc: "Facts under /baseline of section watching.", Key: "", Fields: []Field{
		{Name: "root", Type: Type{Kind: KindString}, Unit: "", Doc: "Merkle root of the baseline in force, 64 hex digits; empty while there is none.", Optional: true, Complete: false, Since: 6},
		{Name: "made", Type: Type{Kind: KindString}, Unit: "", Doc: "When it was made, UTC, by this host's clock; empty while there is none.", Optional: true, Complete: false, Since: 6},
		{Name: "entries", Type: Type{Kind: KindInt}, Unit: "", Doc: "Entries in it.", Optional: true, Complete: false, Since: 6},
		{Name: "files", Type: Type{Kind: KindInt}, Unit: "", Doc: "Files in it.", Optional: true, Complete: false, Since: 6},
		{Name: "bytes", Type: Type{Kind: KindInt}, Unit: "bytes", Doc: "Bytes of these files.", Optional: true, Complete: false, Since: 6},
		{Name: "approval", Type: Type{Kind: KindString}, Unit: "", Doc: "Id of the approval by which it was taken; empty: nobody has approved it.", Optional: true, Complete: false, Since: 6},
		{Name: "approved_by", Type: Type{Kind: KindString}, Unit: "", Doc: "Id of the person who approved it, usr_…; empty: nobody has.", Optional: true, Complete: false, Since: 6},
	}}
	objectWatchingRehash = Object{Name: "watching.rehash", Doc: "Facts under /rehash of section watching.", Key: "", Fields: []Field{
		{Name: "completed", Type: Type{Kind: KindString}, Unit: "", Doc: "Day on which every content had been read anew, whatever times say; empty: not yet.", Optional: true, Complete: false, Since: 6},
	}}
	objectWatchingOwn = Object{Name: "watching.own", Doc: "Facts under /own of section watching.", Key: "", Fields: []Field{
		{Name: "program", Type: Type{Kind: KindString}, Unit: "", Doc: "The agent's own program.", Optional: true, Complete: false, Since: 6},
		{Name: "program_sha256", Type: Type{Kind: KindString}, Unit: "", Doc: "SHA-256 of the program that runs, 64 hex digits.", Optional: true, Complete: false, Since: 6},
		{Name: "settings", Type: Type{Kind: KindString}, Unit: "", Doc: "The agent's configuration file; empty: it has none.", Optional: true, Complete: false, Since: 6},
		{Name: "settings_sha256", Type: Type{Kind: KindString}, Unit: "", Doc: "Of that file, 64 hex digits; empty: it has none.", Optional: true, Complete: false, Since: 6},
		{Name: "key_sha256", Type: Type{Kind: KindString}, Unit: "", Doc: "SHA-256 of the public key of the agent's certificate, 64 hex digits.", Optional: true, Complete: false, Since: 6},
	}}
	objectServices = Object{Name: "services", Doc: "Units as files enable them, and apart from that what runs. Without a running service manager the running state cannot be known; enablement is read from files all the same.", Key: "", Fields: []Field{
		{Name: "manager", Type: Type{Kind: KindString}, Unit: "", Doc: "Whose files were read: systemd, openrc, none. What runs now is os /service_manager.", Optional: true, Complete: false, Since: 1},
		{Name: "units", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnit}}, Unit: "", Doc: "Services, sockets, timers, paths, mounts and targets by name.", Optional: true, Complete: true, Since: 1},
		{Name: "running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnitState}}, Unit: "", Doc: "Running state by name, for units that are loaded; not observed where no service manager runs.", Optional: true, Complete: true, Since: 1},
		{Name: "timers", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectTimer}}, Unit: "", Doc: "Timers by name.", Optional: true, Complete: true, Since: 1},
	}}
	objectPorts = Object{Name: "ports", Doc: "Sockets that wait for others to connect.", Key: "", Fields: []Field{
		{Name: "listening", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSocket}}, Unit: "", Doc: "TCP sockets that listen and UDP sockets that are bound and unconnected; sorted by protocol, address and port. Without root the process of other users' sockets is missing.", Optional: true, Complete: true, Since: 1},
	}}
	objectFlows = Object{Name: "flows", Doc: "With whom this host was connected within the last hour, looked at every minute. Connections within the host are left out. More than 4,096 kinds are not kept. What a firewall drops is no connection.", Key: "", Fields: []Field{
		{Name: "flows", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFlow}}, Unit: "", Doc: "Kinds of connections, sorted.", Optional: true, Complete: true, Since: 6},
		{Name: "conntrack", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the table of tracked connections was read as well; without it UDP that comes in, and what passes through, is not seen.", Optional: true, Complete: false, Since: 6},
		{Name: "overflow", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when some kinds of connections of the last hour were not kept.", Optional: true, Complete: false, Since: 6},
		{Name: "unseen", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Network namespaces that could not be looked into, by a process in each, and why.", Optional: true, Complete: true, Since: 6},
	}}
	objectClock = Object{Name: "clock", Doc: "Whether the host's clock is kept right, and by what. Offsets are rounded so that the section changes only when the clock does; the offset against the server is measured with every batch.", Key: "", Fields: []Field{
		{Name: "synchronised", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the kernel says that a time service keeps the clock.", Optional: true, Complete: false, Since: 1},
		{Name: "source", Type: Type{Kind: KindString}, Unit: "", Doc: "What keeps it: chrony, ntpd, ntpsec, openntpd, timesyncd, busybox, kernel (synchronised, by what is unknown), none.", Optional: true, Complete: false, Since: 1},
		{Name: "offset_us", Type: Type{Kind: KindInt}, Unit: "microseconds", Doc: "Host clock minus reference, rounded to 10,000; absent where nothing keeps the clock.", Optional: true, Complete: false, Since: 1},
		{Name: "max_error_us", Type: Type{Kind: KindInt}, Unit: "microseconds", Doc: "Largest error the kernel allows for, rounded up to whole seconds; 16,000,000 and more means never set.", Optional: true, Complete: false, Since: 1},
		{Name: "servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Time servers and pools that the files name, sorted.", Optional: true, Complete: true, Since: 1},
		{Name: "timezone", Type: Type{Kind: KindString}, Unit: "", Doc: "Such as Etc/UTC; empty when it cannot be told.", Optional: true, Complete: false, Since: 1},
		{Name: "sources", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectTimeSource}}, Unit: "", Doc: "Sources that the time service measures, sorted; absent where chrony does not run.", Optional: true, Complete: true, Since: 2},
		{Name: "stratum", Type: Type{Kind: KindInt}, Unit: "", Doc: "Steps from a clock; absent where chrony does not run or has not set the clock.", Optional: true, Complete: false, Since: 2},
		{Name: "leap", Type: Type{Kind: KindString}, Unit: "", Doc: "normal, insert second, delete second, not synchronised; absent where chrony does not run.", Optional: true, Complete: false, Since: 2},
	}}
	objectNetwork = Object{Name: "network", Doc: "Interfaces with their addresses, routes, and how names are looked up.", Key: "", Fields: []Field{
		{Name: "interfaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectInterface}}, Unit: "", Doc: "Interfaces of this network namespace, sorted by name.", Optional: true, Complete: true, Since: 2},
		{Name: "routes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectRoute}}, Unit: "", Doc: "Routes of all tables but that of local addresses, sorted; at most 10,000.", Optional: true, Complete: true, Since: 2},
		{Name: "resolvers", Type: Type{Kind: KindObject, Object: &objectNetworkResolvers}, Unit: "", Doc: "Facts under /resolvers of section network.", Optional: true, Complete: false, Since: 2},
		{Name: "hosts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHostsEntry}}, Unit: "", Doc: "Names that are looked up in the file first.", Optional: true, Complete: true, Since: 2},
	}}
	objectNetworkResolvers = Object{Name: "network.resolvers", Doc: "Facts under /resolvers of section network.", Key: "", Fields: []Field{
		{Name: "servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Name servers in their order.", Optional: true, Complete: true, Since: 2},
		{Name: "upstream", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Name servers that the resolver of this host asks; absent where there is none.", Optional: true, Complete: true, Since: 2},
		{Name: "search", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Domains that are appended.", Optional: true, Complete: true, Since: 2},
		{Name: "options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Options, sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "manager", Type: Type{Kind: KindString}, Unit: "", Doc: "Who writes the file: systemd-resolved, networkmanager, resolvconf, dhclient, docker, or file (somebody by hand).", Optional: true, Complete: false, Since: 2},
	}}
	objectNeighbours = Object{Name: "neighbours", Doc: "Machines that this host has met on its own links (ARP, NDP): for holding other inventories against. Nothing is probed. It is a section of its own, since it changes more often than the host's own network.", Key: "", Fields: []Field{
		{Name: "entries", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNeighbour}}, Unit: "", Doc: "Sorted; entries without a hardware address are left out; at most 4,096.", Optional: true, Complete: true, Since: 2},
	}}
	objectFirewall = Object{Name: "firewall", Doc: "The packet filter that is in force, whichever of nftables and iptables it was made with, in one model; and apart from that what the files of the firewall programs would load at the next start. /input and /open are derived: they follow a packet of a new connection from nowhere in particular to a port that nobody names through the chains.", Key: "", Fields: []Field{
		{Name: "engines", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Engines that hold tables: iptables-legacy, iptables-nft, nft; empty when nothing filters.", Optional: true, Complete: true, Since: 2},
		{Name: "chains", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallChain}}, Unit: "", Doc: "Chains in force.", Optional: true, Complete: true, Since: 2},
		{Name: "rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRule}}, Unit: "", Doc: "Rules in force, in their order; at most 5,000.", Optional: true, Complete: true, Since: 2},
		{Name: "zero", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Rules that no packet has met since they were loaded, as engine, family, table, chain and place: nft inet filter input 3. Numbers are not sent: they are news each time.", Optional: true, Complete: true, Since: 6},
		{Name: "uncounted", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Rules that do not count: those of nftables without the word counter.", Optional: true, Complete: true, Since: 6},
		{Name: "input", Type: Type{Kind: KindObject, Object: &objectFirewallInput}, Unit: "", Doc: "Facts under /input of section firewall.", Optional: true, Complete: false, Since: 2},
		{Name: "forward", Type: Type{Kind: KindObject, Object: &objectFirewallForward}, Unit: "", Doc: "Facts under /forward of section firewall.", Optional: true, Complete: false, Since: 2},
		{Name: "open", Type: Type{Kind: KindObject, Object: &objectFirewallOpen}, Unit: "", Doc: "Facts under /open of section firewall.", Optional: true, Complete: false, Since: 2},
		{Name: "persisted", Type: Type{Kind: KindObject, Object: &objectFirewallPersisted}, Unit: "", Doc: "Facts under /persisted of section firewall.", Optional: true, Complete: false, Since: 2},
		{Name: "differences", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "In what the running filter differs from the file of the program that starts at boot, in words. Chains that container engines, fail2ban and libvirt add at run time are left out.", Optional: true, Complete: true, Since: 2},
	}}
	objectFirewallInput = Object{Name: "firewall.input", Doc: "Facts under /input of section firewall.", Key: "", Fields: []Field{
		{Name: "ip4", Type: Type{Kind: KindString}, Unit: "", Doc: "What becomes of an IPv4 packet to this host that no rule mentions: drop, reject, accept, none (nothing filters). Where tcp and udp differ, the more open one.", Optional: true, Complete: false, Since: 2},
		{Name: "ip6", Type: Type{Kind: KindString}, Unit: "", Doc: "The same for IPv6.", Optional: true, Complete: false, Since: 2},
		{Name: "ip4_by", Type: Type{Kind: KindString}, Unit: "", Doc: "What decides that, in words.", Optional: true, Complete: false, Since: 2},
		{Name: "ip6_by", Type: Type{Kind: KindString}, Unit: "", Doc: "The same for IPv6.", Optional: true, Complete: false, Since: 2},
	}}
	objectFirewallForward = Object{Name: "firewall.forward", Doc: "Facts under /forward of section firewall.", Key: "", Fields: []Field{
		{Name: "ip4", Type: Type{Kind: KindString}, Unit: "", Doc: "The same for packets that this host hands on.", Optional: true, Complete: false, Since: 2},
		{Name: "ip6", Type: Type{Kind: KindString}, Unit: "", Doc: "The same for IPv6.", Optional: true, Complete: false, Since: 2},
	}}
	objectFirewallOpen = Object{Name: "firewall.open", Doc: "Facts under /open of section firewall.", Key: "", Fields: []Field{
		{Name: "any_any", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Rules that let everything in, from everybody, in words.", Optional: true, Complete: true, Since: 2},
		{Name: "interfaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Interfaces other than loopback from which everything is let in; sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "ports", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectOpenPort}}, Unit: "", Doc: "Ports that a rule opens for everybody. A rule before it that drops some of them is not taken into account.", Optional: true, Complete: true, Since: 2},
	}}
	objectFirewallPersisted = Object{Name: "firewall.persisted", Doc: "Facts under /persisted of section firewall.", Key: "", Fields: []Field{
		{Name: "managers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallManager}}, Unit: "", Doc: "Programs whose files are there.", Optional: true, Complete: true, Since: 2},
		{Name: "ip4", Type: Type{Kind: KindString}, Unit: "", Doc: "The strictest that a program which starts at boot gives: drop, reject, accept; none when none does.", Optional: true, Complete: false, Since: 2},
		{Name: "ip6", Type: Type{Kind: KindString}, Unit: "", Doc: "The same for IPv6.", Optional: true, Complete: false, Since: 2},
		{Name: "chains", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallChain}}, Unit: "", Doc: "Chains that files of nftables and iptables would load.", Optional: true, Complete: true, Since: 2},
	}}
	objectStorage = Object{Name: "storage", Doc: "Block devices, what lies on what, and which file systems and swap areas rest on an encrypted device. Encryption below the host (a cloud's disks) or above block devices (ZFS, fscrypt, eCryptfs) cannot be seen here.", Key: "", Fields: []Field{
		{Name: "devices", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBlockDevice}}, Unit: "", Doc: "Block devices, sorted; empty loop and RAM devices are left out.", Optional: true, Complete: true, Since: 2},
		{Name: "mounts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectStorageMount}}, Unit: "", Doc: "Mounted file systems that lie on a block device, by target; one of several on one target, the one on top.", Optional: true, Complete: true, Since: 2},
		{Name: "swaps", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSwapArea}}, Unit: "", Doc: "Swap in use.", Optional: true, Complete: true, Since: 2},
		{Name: "crypttab", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCrypttabEntry}}, Unit: "", Doc: "Devices that are opened at boot; empty where there is no file.", Optional: true, Complete: true, Since: 2},
	}}
	objectUsb = Object{Name: "usb", Doc: "USB devices that are plugged in, and what keeps storage devices from being used.", Key: "", Fields: []Field{
		{Name: "devices", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectUsbDevice}}, Unit: "", Doc: "Devices, sorted by bus and port; root hubs are left out. Absent where the kernel has no USB bus.", Optional: true, Complete: true, Since: 2},
		{Name: "authorized_default", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a new device may be used at once; absent where there is no bus.", Optional: true, Complete: false, Since: 2},
		{Name: "storage", Type: Type{Kind: KindObject, Object: &objectUsbStorage}, Unit: "", Doc: "Facts under /storage of section usb.", Optional: true, Complete: false, Since: 2},
		{Name: "guard", Type: Type{Kind: KindObject, Object: &objectUsbGuard}, Unit: "", Doc: "Facts under /guard of section usb.", Optional: true, Complete: false, Since: 2},
	}}
	objectUsbStorage = Object{Name: "usb.storage", Doc: "Facts under /storage of section usb.", Key: "", Fields: []Field{
		{Name: "loaded", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the module usb-storage or uas is loaded.", Optional: true, Complete: false, Since: 2},
		{Name: "blocked", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when usb-storage cannot be loaded: install usb-storage /bin/false (or true, or false without path). A blacklist line alone does not keep it from being loaded by name.", Optional: true, Complete: false, Since: 2},
		{Name: "blocked_by", Type: Type{Kind: KindString}, Unit: "", Doc: "File and line that says so; empty when none does.", Optional: true, Complete: false, Since: 2},
	}}
	objectUsbGuard = Object{Name: "usb.guard", Doc: "Facts under /guard of section usb.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when USBGuard is there; the rest of /guard is absent when it is not.", Optional: true, Complete: false, Since: 2},
		{Name: "policy", Type: Type{Kind: KindString}, Unit: "", Doc: "What becomes of a device that no rule names: allow, block, reject.", Optional: true, Complete: false, Since: 2},
		{Name: "rules", Type: Type{Kind: KindInt}, Unit: "", Doc: "Number of rules.", Optional: true, Complete: false, Since: 2},
	}}
	objectMalware = Object{Name: "malware", Doc: "Which known products are there, whether they run, and how old the signatures of ClamAV are.", Key: "", Fields: []Field{
		{Name: "products", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectMalwareProduct}}, Unit: "", Doc: "Known products that are installed, sorted. One that is not known here is not listed.", Optional: true, Complete: true, Since: 2},
		{Name: "clamav", Type: Type{Kind: KindObject, Object: &objectMalwareClamav}, Unit: "", Doc: "Facts under /clamav of section malware.", Optional: true, Complete: false, Since: 2},
	}}
	objectMalwareClamav = Object{Name: "malware.clamav", Doc: "Facts under /clamav of section malware.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when ClamAV is there; the rest of /clamav is absent when it is not.", Optional: true, Complete: false, Since: 2},
		{Name: "daemon_running", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the scanning service runs.", Optional: true, Complete: false, Since: 2},
		{Name: "on_access_running", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when files are scanned when they are opened.", Optional: true, Complete: false, Since: 2},
		{Name: "updater_running", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when signatures are updated by themselves.", Optional: true, Complete: false, Since: 2},
		{Name: "databases", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectClamavDatabase}}, Unit: "", Doc: "Signature databases, sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "signature_age_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days since the newest database was made; absent where there is none.", Optional: true, Complete: false, Since: 2},
		{Name: "last_scan_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", Doc: "When a scan last ended; absent where no log says so.", Optional: true, Complete: false, Since: 2},
		{Name: "last_scan_days", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days since then.", Optional: true, Complete: false, Since: 2},
		{Name: "last_scan_infected", Type: Type{Kind: KindInt}, Unit: "", Doc: "Infected files that it found.", Optional: true, Complete: false, Since: 2},
	}}
	objectContainers = Object{Name: "containers", Doc: "Container engines, how they are set up, and what they run. Docker is asked over its socket, podman's own store is read from files. Images and containers of containerd and CRI-O are not read: their runtimes are listed, no more.", Key: "", Fields: []Field{
		{Name: "runtimes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainerRuntime}}, Unit: "", Doc: "Engines that are installed, sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "docker", Type: Type{Kind: KindObject, Object: &objectContainersDocker}, Unit: "", Doc: "Facts under /docker of section containers.", Optional: true, Complete: false, Since: 2},
		{Name: "podman", Type: Type{Kind: KindObject, Object: &objectContainersPodman}, Unit: "", Doc: "Facts under /podman of section containers.", Optional: true, Complete: false, Since: 2},
		{Name: "containers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainer}}, Unit: "", Doc: "Containers of the host's engines, sorted; at most 500. Those of users' own (rootless) podman are not read.", Optional: true, Complete: true, Since: 2},
		{Name: "images", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainerImage}}, Unit: "", Doc: "Images, sorted; at most 1,000.", Optional: true, Complete: true, Since: 2},
		{Name: "audited", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Paths that the files of the audit service watch, sorted.", Optional: true, Complete: true, Since: 2},
	}}
	objectContainersDocker = Object{Name: "containers.docker", Doc: "Facts under /docker of section containers.", Key: "", Fields: []Field{
		{Name: "config", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Settings by name as daemon.json calls them, lists joined by a comma, objects as name.key. Credentials in addresses are left out. Absent where Docker is not installed.", Optional: true, Complete: true, Since: 2},
		{Name: "reachable", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the engine answered; absent where Docker is not installed or does not run.", Optional: true, Complete: false, Since: 2},
		{Name: "version", Type: Type{Kind: KindString}, Unit: "", Doc: "Version of the engine.", Optional: true, Complete: false, Since: 2},
		{Name: "root", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory of images and containers: /var/lib/docker.", Optional: true, Complete: false, Since: 2},
		{Name: "live_restore", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when containers go on while the engine restarts.", Optional: true, Complete: false, Since: 2},
		{Name: "log_driver", Type: Type{Kind: KindString}, Unit: "", Doc: "Where output goes unless a container says otherwise.", Optional: true, Complete: false, Since: 2},
		{Name: "security", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "apparmor, seccomp, selinux, userns, rootless, cgroupns, no-new-privileges; with the seccomp profile as seccomp=builtin; sorted.", Optional: true, Complete: true, Since: 2},
		{Name: "insecure_registries", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Registries that are trusted without a certificate; 127.0.0.0/8 and ::1/128, which always are, are left out.", Optional: true, Complete: true, Since: 2},
		{Name: "icc", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when containers on the default bridge reach each other.", Optional: true, Complete: false, Since: 2},
		{Name: "swarm", Type: Type{Kind: KindString}, Unit: "", Doc: "State of swarm mode: inactive, active.", Optional: true, Complete: false, Since: 2},
	}}
	objectContainersPodman = Object{Name: "containers.podman", Doc: "Facts under /podman of section containers.", Key: "", Fields: []Field{
		{Name: "policy", Type: Type{Kind: KindString}, Unit: "", Doc: "What is asked of an image that no other rule names: insecureAcceptAnything, reject, signedBy, sigstoreSigned. Absent where podman is not installed.", Optional: true, Complete: false, Since: 2},
		{Name: "insecure_registries", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Registries that are trusted without a certificate.", Optional: true, Complete: true, Since: 2},
		{Name: "unqualified_search", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Registries that a short name is looked up in.", Optional: true, Complete: true, Since: 2},
	}}
	objectHaproxy = Object{Name: "haproxy", Doc: "The load balancer HAProxy: what its files say with all that proxies inherit, and what runs, asked over its stats socket. Read is the instance that runs (the first by its number), else the one that its unit would start. Passwords, keys and texts of answers are not facts.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when HAProxy is installed.", Optional: true, Complete: false, Since: 5},
		{Name: "files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Configuration files in the order in which they are read.", Optional: true, Complete: true, Since: 5},
		{Name: "others", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files of further instances that run on the host, which are not read; one text each. Those in containers are left out.", Optional: true, Complete: true, Since: 5},
		{Name: "valid", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when HAProxy takes the files as they are on disk.", Optional: true, Complete: false, Since: 5},
		{Name: "problem", Type: Type{Kind: KindString}, Unit: "", Doc: "File and line of the first thing that it refuses, with its words where they cannot hold a secret; empty when it takes them.", Optional: true, Complete: false, Since: 5},
		{Name: "persisted", Type: Type{Kind: KindObject, Object: &objectHaproxyPersisted}, Unit: "", Doc: "Facts under /persisted of section haproxy.", Optional: true, Complete: false, Since: 5},
		{Name: "running", Type: Type{Kind: KindObject, Object: &objectHaproxyRunning}, Unit: "", Doc: "Facts under /running of section haproxy.", Optional: true, Complete: false, Since: 5},
		{Name: "difference", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Frontends, backends and servers that run and do not stand in the files, or the other way round.", Optional: true, Complete: true, Since: 5},
	}}
	objectHaproxyPersisted = Object{Name: "haproxy.persisted", Doc: "Facts under /persisted of section haproxy.", Key: "", Fields: []Field{
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "Account that it runs as; empty when none is given.", Optional: true, Complete: false, Since: 5},
		{Name: "chroot", Type: Type{Kind: KindString}, Unit: "", Doc: "Directory that it is locked into; empty when none.", Optional: true, Complete: false, Since: 5},
		{Name: "maxconn", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most connections at a time; 0 when none is given, and the limit of open files decides.", Optional: true, Complete: false, Since: 5},
		{Name: "logs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerLog}}, Unit: "", Doc: "Where messages are sent, each once.", Optional: true, Complete: true, Since: 5},
		{Name: "sockets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxySocket}}, Unit: "", Doc: "Sockets for commands.", Optional: true, Complete: true, Since: 5},
		{Name: "listeners", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerListener}}, Unit: "", Doc: "Addresses on which frontends and listen sections take connections. Defaults of TLS are those of HAProxy 2.2 and newer.", Optional: true, Complete: true, Since: 5},
		{Name: "frontends", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyFrontend}}, Unit: "", Doc: "Frontends.", Optional: true, Complete: true, Since: 5},
		{Name: "backends", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyBackend}}, Unit: "", Doc: "Backends that have servers.", Optional: true, Complete: true, Since: 5},
		{Name: "targets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerTarget}}, Unit: "", Doc: "Servers behind it; at most 2,000.", Optional: true, Complete: true, Since: 5},
		{Name: "stats", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerStats}}, Unit: "", Doc: "Pages that show its state.", Optional: true, Complete: true, Since: 5},
		{Name: "userlists", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyUserlist}}, Unit: "", Doc: "Lists of users.", Optional: true, Complete: true, Since: 5},
	}}
	objectHaproxyRunning = Object{Name: "haproxy.running", Doc: "Facts under /running of section haproxy.", Key: "", Fields: []Field{
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "Account that it runs as now.", Optional: true, Complete: false, Since: 5},
		{Name: "stale", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files that were changed after what runs was started: they are not in force yet.", Optional: true, Complete: true, Since: 5},
		{Name: "version", Type: Type{Kind: KindString}, Unit: "", Doc: "Version that runs.", Optional: true, Complete: false, Since: 5},
		{Name: "maxconn", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most connections at a time.", Optional: true, Complete: false, Since: 5},
		{Name: "use_percent", Type: Type{Kind: KindInt}, Unit: "", Doc: "Connections now of that limit, in steps of ten.", Optional: true, Complete: false, Since: 5},
		{Name: "proxies", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyProxyState}}, Unit: "", Doc: "Frontends and backends.", Optional: true, Complete: true, Since: 5},
		{Name: "targets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerTargetState}}, Unit: "", Doc: "Servers, each with its state; at most 2,000.", Optional: true, Complete: true, Since: 5},
	}}
	objectNginx = Object{Name: "nginx", Doc: "The web server nginx as a load balancer: what its files say with all that blocks inherit, and what runs. nginx does not tell whether a server behind it is up. Read is the instance that runs (the first by its number), else the packaged configuration.", Key: "", Fields: []Field{
		{Name: "installed", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when nginx is installed.", Optional: true, Complete: false, Since: 5},
		{Name: "files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Configuration files, included ones too, in the order in which they are read.", Optional: true, Complete: true, Since: 5},
		{Name: "others", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files of further instances that run on the host, which are not read. Those in containers are left out.", Optional: true, Complete: true, Since: 5},
		{Name: "valid", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when nginx takes the files as they are on disk. Asked only while it runs: then the files and directories that nginx -t makes are there already.", Optional: true, Complete: false, Since: 5},
		{Name: "problem", Type: Type{Kind: KindString}, Unit: "", Doc: "File and line of the first thing that it refuses, with its words where they cannot hold a secret; empty when it takes them.", Optional: true, Complete: false, Since: 5},
		{Name: "persisted", Type: Type{Kind: KindObject, Object: &objectNginxPersisted}, Unit: "", Doc: "Facts under /persisted of section nginx.", Optional: true, Complete: false, Since: 5},
		{Name: "running", Type: Type{Kind: KindObject, Object: &objectNginxRunning}, Unit: "", Doc: "Facts under /running of section nginx.", Optional: true, Complete: false, Since: 5},
	}}
	objectNginxPersisted = Object{Name: "nginx.persisted", Doc: "Facts under /persisted of section nginx.", Key: "", Fields: []Field{
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "Account of its workers; empty when none is given.", Optional: true, Complete: false, Since: 5},
		{Name: "worker_connections", Type: Type{Kind: KindInt}, Unit: "", Doc: "Most connections of one worker at a time; 512 when none is given.", Optional: true, Complete: false, Since: 5},
		{Name: "logs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerLog}}, Unit: "", Doc: "Where messages are sent, each once.", Optional: true, Complete: true, Since: 5},
		{Name: "listeners", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerListener}}, Unit: "", Doc: "Addresses on which server blocks take connections. Defaults of TLS are those of nginx 1.27.3 and newer (TLS 1.2 and 1.3); before, they were TLS 1.0 to 1.2 and, from 1.23.4, 1.3: what is not set counts as those while a version before 1.27.3 runs or its version is not known.", Optional: true, Complete: true, Since: 5},
		{Name: "servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNginxServer}}, Unit: "", Doc: "Servers.", Optional: true, Complete: true, Since: 5},
		{Name: "upstreams", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNginxUpstream}}, Unit: "", Doc: "Groups of servers behind it.", Optional: true, Complete: true, Since: 5},
		{Name: "targets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerTarget}}, Unit: "", Doc: "Servers behind it; at most 2,000.", Optional: true, Complete: true, Since: 5},
		{Name: "passes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNginxPass}}, Unit: "", Doc: "Places that pass requests on.", Optional: true, Complete: true, Since: 5},
		{Name: "stats", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerStats}}, Unit: "", Doc: "Pages that show its state.", Optional: true, Complete: true, Since: 5},
	}}
	objectNginxRunning = Object{Name: "nginx.running", Doc: "Facts under /running of section nginx.", Key: "", Fields: []Field{
		{Name: "user", Type: Type{Kind: KindString}, Unit: "", Doc: "Account that its workers run as now; the first by name when they differ.", Optional: true, Complete: false, Since: 5},
		{Name: "workers", Type: Type{Kind: KindInt}, Unit: "", Doc: "How many workers run.", Optional: true, Complete: false, Since: 5},
		{Name: "stale", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Files that were changed after the workers were started: they are not in force yet.", Optional: true, Complete: true, Since: 5},
		{Name: "use_percent", Type: Type{Kind: KindInt}, Unit: "", Doc: "Connections now of what all workers take, in steps of ten. Not observed where no such page is declared on a local address.", Optional: true, Complete: false, Since: 5},
		{Name: "dropped", Type: Type{Kind: KindInt}, Unit: "", Doc: "Connections that were taken and dropped since nginx was started, for want of room.", Optional: true, Complete: false, Since: 5},
	}}
	objectPgServer = Object{Name: "pg_server", Doc: "Which PostgreSQL answers, and as whom it is asked.", Key: "", Fields: []Field{
		{Name: "version", Type: Type{Kind: KindString}, Unit: "", Doc: "Version as the server says it: 16.4 (Debian 16.4-1.pgdg120+1).", Optional: true, Complete: false, Since: 3},
		{Name: "number", Type: Type{Kind: KindString}, Unit: "", Doc: "Version without what a distribution adds: 16.4.", Optional: true, Complete: false, Since: 3},
		{Name: "major", Type: Type{Kind: KindInt}, Unit: "", Doc: "Major version.", Optional: true, Complete: false, Since: 3},
		{Name: "recovery", Type: Type{Kind: KindBool}, Unit: "", Doc: "True on a standby.", Optional: true, Complete: false, Since: 3},
		{Name: "role", Type: Type{Kind: KindString}, Unit: "", Doc: "Role that Attesta connects as.", Optional: true, Complete: false, Since: 3},
		{Name: "role_superuser", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when that role is a superuser.", Optional: true, Complete: false, Since: 3},
		{Name: "role_writes", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when that role may create databases, roles, schemas or files, or is in pg_write_all_data.", Optional: true, Complete: false, Since: 3},
		{Name: "pending_restart", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Settings whose files say something else than what is in force until the next start, sorted.", Optional: true, Complete: true, Since: 3},
		{Name: "file_errors", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Lines of the configuration files that cannot be applied, as file name and line.", Optional: true, Complete: true, Since: 3},
	}}
	objectPgSupport = Object{Name: "pg_support", Doc: "Until when the community corrects this major version. A section of its own, since it changes every day.", Key: "", Fields: []Field{
		{Name: "major", Type: Type{Kind: KindInt}, Unit: "", Doc: "Major version.", Optional: true, Complete: false, Since: 3},
		{Name: "ends", Type: Type{Kind: KindString}, Unit: "", Doc: "Last day, 2027-11-11; not observed for a version that this program does not know.", Optional: true, Complete: false, Since: 3},
		{Name: "days_left", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days until then, negative afterwards.", Optional: true, Complete: false, Since: 3},
	}}
	objectPgSettings = Object{Name: "pg_settings", Doc: "Settings by name, as they are in force. What this version does not know is absent; what the role may not see is an error.", Key: "", Fields: []Field{
		{Name: "values", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Values as the server gives them: numbers in the setting's own unit, on and off for yes and no.", Optional: true, Complete: false, Since: 3},
	}}
	objectPgRoles = Object{Name: "pg_roles", Doc: "Roles, what they may do, and how their passwords are kept. A hash never leaves the server.", Key: "", Fields: []Field{
		{Name: "roles", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgRole}}, Unit: "", Doc: "Roles, sorted by name.", Optional: true, Complete: true, Since: 3},
		{Name: "passwords", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "How each role's password is kept: scram-sha-256, md5, other, none.", Optional: true, Complete: true, Since: 3},
	}}
	objectPgHba = Object{Name: "pg_hba", Doc: "The rules of pg_hba.conf as the server would read them now, first match wins.", Key: "", Fields: []Field{
		{Name: "rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgHbaRule}}, Unit: "", Doc: "Rules in their order.", Optional: true, Complete: true, Since: 3},
		{Name: "errors", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Lines that the server cannot read; until they are mended the file is not applied.", Optional: true, Complete: true, Since: 3},
	}}
	objectPgTls = Object{Name: "pg_tls", Doc: "Whether the server offers TLS and what it shows.", Key: "", Fields: []Field{
		{Name: "enabled", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when TLS is offered. False also where the setting is on and the server refuses, as it does with a key file that others may read.", Optional: true, Complete: false, Since: 3},
		{Name: "own", Type: Type{Kind: KindObject, Object: &objectPgTlsOwn}, Unit: "", Doc: "Facts under /own of section pg_tls.", Optional: true, Complete: false, Since: 3},
		{Name: "certificate", Type: Type{Kind: KindObject, Object: &objectPgTlsCertificate}, Unit: "", Doc: "Facts under /certificate of section pg_tls.", Optional: true, Complete: false, Since: 3},
	}}
	objectPgTlsOwn = Object{Name: "pg_tls.own", Doc: "Facts under /own of section pg_tls.", Key: "", Fields: []Field{
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when Attesta's own connection is encrypted, or does not leave the machine.", Optional: true, Complete: false, Since: 3},
		{Name: "version", Type: Type{Kind: KindString}, Unit: "", Doc: "TLS version of that connection; absent without TLS.", Optional: true, Complete: false, Since: 3},
	}}
	objectPgTlsCertificate = Object{Name: "pg_tls.certificate", Doc: "Facts under /certificate of section pg_tls.", Key: "", Fields: []Field{
		{Name: "subject", Type: Type{Kind: KindString}, Unit: "", Doc: "Subject of the server's certificate; absent where TLS is off.", Optional: true, Complete: false, Since: 3},
		{Name: "issuer", Type: Type{Kind: KindString}, Unit: "", Doc: "Issuer.", Optional: true, Complete: false, Since: 3},
		{Name: "self_signed", Type: Type{Kind: KindBool}, Unit: "", Doc: "Issuer and subject are the same.", Optional: true, Complete: false, Since: 3},
		{Name: "names", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Names and addresses that it is for, sorted.", Optional: true, Complete: true, Since: 3},
		{Name: "key", Type: Type{Kind: KindString}, Unit: "", Doc: "Kind of key: RSA, ECDSA, Ed25519.", Optional: true, Complete: false, Since: 3},
		{Name: "bits", Type: Type{Kind: KindInt}, Unit: "", Doc: "Length of the key.", Optional: true, Complete: false, Since: 3},
		{Name: "signature", Type: Type{Kind: KindString}, Unit: "", Doc: "How it is signed: SHA256-RSA.", Optional: true, Complete: false, Since: 3},
	}}
	objectPgCertificate = Object{Name: "pg_certificate", Doc: "A section of its own, since it changes every day.", Key: "", Fields: []Field{
		{Name: "until", Type: Type{Kind: KindString}, Unit: "", Doc: "Last day on which the certificate is good, 2027-03-01; absent where TLS is off.", Optional: true, Complete: false, Since: 3},
		{Name: "days_left", Type: Type{Kind: KindInt}, Unit: "days", Doc: "Whole days until then, negative afterwards.", Optional: true, Complete: false, Since: 3},
	}}
	objectPgDatabases = Object{Name: "pg_databases", Doc: "Every database of the server, and what every role may do in it.", Key: "", Fields: []Field{
		{Name: "databases", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgDatabase}}, Unit: "", Doc: "Databases, sorted by name.", Optional: true, Complete: true, Since: 3},
	}}
	objectPgObjects = Object{Name: "pg_objects", Doc: "Extensions, languages, and what every role may do, in the database of the connection. Other databases of the server need a connection of their own.", Key: "", Fields: []Field{
		{Name: "database", Type: Type{Kind: KindString}, Unit: "", Doc: "The database of the connection.", Optional: true, Complete: false, Since: 3},
		{Name: "public_create", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Schemas in which every role may make tables and functions, sorted.", Optional: true, Complete: true, Since: 3},
		{Name: "public_tables", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Tables, views and sequences outside the system's schemas and outside extensions that every role may read or write, sorted, the first 200.", Optional: true, Complete: true, Since: 3},
		{Name: "extensions", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgExtension}}, Unit: "", Doc: "Extensions, sorted by name.", Optional: true, Complete: true, Since: 3},
		{Name: "untrusted_languages", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Languages whose functions may do on the machine whatever the server may, sorted; internal and c are left out.", Optional: true, Complete: true, Since: 3},
		{Name: "definer_functions", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Functions outside the system's schemas and outside extensions that run as their owner and do not set search_path, sorted, the first 200.", Optional: true, Complete: true, Since: 3},
	}}
	objectPgReplication = Object{Name: "pg_replication", Doc: "Replication slots.", Key: "", Fields: []Field{
		{Name: "slots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgSlot}}, Unit: "", Doc: "Slots, sorted by name.", Optional: true, Complete: true, Since: 3},
	}}
	objectPgArchive = Object{Name: "pg_archive", Doc: "Whether the log of changes (WAL) is archived, and whether that works.", Key: "", Fields: []Field{
		{Name: "configured", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when something takes finished segments away. On a standby only archive_mode = always counts.", Optional: true, Complete: false, Since: 3},
		{Name: "failing", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the last attempt failed.", Optional: true, Complete: false, Since: 3},
		{Name: "ever", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a segment was archived since the counters began.", Optional: true, Complete: false, Since: 3},
	}}
	objectChanges = Object{Name: "changes", Doc: "What of a repository's changes and deployments does not hold, as the register of changes judges them, and nobody has answered for: oldest first, the first 100 of each kind. What is answered for stays in the register as it was judged.", Key: "", Fields: []Field{
		{Name: "branch", Type: Type{Kind: KindString}, Unit: "", Doc: "The production branch.", Optional: true, Complete: false, Since: 4},
		{Name: "direct", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Changes that were pushed to the production branch without a request, or merged outside of any.", Optional: true, Complete: true, Since: 4},
		{Name: "unproven", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Changes whose message names a request of which nothing, or no merge, was received.", Optional: true, Complete: true, Since: 4},
		{Name: "unapproved", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Changes that came by a request and that nobody else approved before they landed.", Optional: true, Complete: true, Since: 4},
		{Name: "untested", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Changes on whose landed commit no check held before it was deployed.", Optional: true, Complete: true, Since: 4},
		{Name: "unrequested", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Changes that name no ticket.", Optional: true, Complete: true, Since: 4},
		{Name: "unaccepted", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Changes that the rules of the repository ask acceptance for, and that nobody accepted.", Optional: true, Complete: true, Since: 4},
		{Name: "own", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Deployments to production by somebody who wrote some of what they brought.", Optional: true, Complete: true, Since: 4},
		{Name: "unmerged", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Deployments to production of what had not been merged.", Optional: true, Complete: true, Since: 4},
		{Name: "unstaged", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Deployments to production of commits that were in no other environment before.", Optional: true, Complete: true, Since: 4},
		{Name: "rewritten", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Changes whose commit vanished from the production branch.", Optional: true, Complete: true, Since: 4},
		{Name: "emergencies_late", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Emergencies that nobody else reviewed within the hours that the repository sets.", Optional: true, Complete: true, Since: 4},
		{Name: "emergencies_open", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", Doc: "Emergencies that wait for a review and are in time.", Optional: true, Complete: true, Since: 4},
		{Name: "environments", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Environments that it was deployed to, sorted.", Optional: true, Complete: true, Since: 4},
		{Name: "shared_hosts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Hosts that deployments to production and to another environment changed, sorted.", Optional: true, Complete: true, Since: 4},
	}}
	objectCommitment = Object{Name: "commitment", Doc: "Which hosts exceed a commitment of the capacity plan in force, and of which it is not known: the first 100 of each. Who exceeds it and since when, not by how much: that stands on the page of the host's capacity.", Key: "", Fields: []Field{
		{Name: "title", Type: Type{Kind: KindString}, Unit: "", Doc: "What is committed.", Optional: true, Complete: false, Since: 5},
		{Name: "hosts", Type: Type{Kind: KindInt}, Unit: "", Doc: "Hosts that it is about.", Optional: true, Complete: false, Since: 5},
		{Name: "exceeded", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentExceeded}}, Unit: "", Doc: "Limits that are nearer than the mark; each stays until use fell below where it clears.", Optional: true, Complete: true, Since: 5},
		{Name: "foreseen", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentExceeded}}, Unit: "", Doc: "Limits that will be reached within the days of the commitment, as the line goes.", Optional: true, Complete: true, Since: 5},
		{Name: "unobserved", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentGap}}, Unit: "", Doc: "Hosts that it is about and that did not say how much they use.", Optional: true, Complete: true, Since: 5},
		{Name: "unready", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentGap}}, Unit: "", Doc: "Hosts whose history is too short for a forecast.", Optional: true, Complete: true, Since: 5},
	}}
	objectFirewallReview = Object{Name: "firewall_review", Doc: "What is odd about the rules of one rule set, which many hosts may have in force, or one security group of a cloud; and whether each rule is justified and the set was reviewed. The first 100 of each list.", Key: "", Fields: []Field{
		{Name: "title", Type: Type{Kind: KindString}, Unit: "", Doc: "Number of the rule set, and who has it.", Optional: true, Complete: false, Since: 6},
		{Name: "any_any", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules that let everybody in to every port of a protocol.", Optional: true, Complete: true, Since: 6},
		{Name: "too_wide", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules that let half of all addresses or more in to ports of administration or of databases, or to nearly every port.", Optional: true, Complete: true, Since: 6},
		{Name: "shadowed", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules that never decide: what they are about is decided before them, or no rule leads to their chain.", Optional: true, Complete: true, Since: 6},
		{Name: "redundant", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules without which every packet would have the same fate.", Optional: true, Complete: true, Since: 6},
		{Name: "unused", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules that no packet has met for 90 days, on any host, and that have counted for as long.", Optional: true, Complete: true, Since: 6},
		{Name: "policies", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Chains and hooks where what no rule mentions is let in.", Optional: true, Complete: true, Since: 6},
		{Name: "unjustified", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules that let something in and that nobody has justified on every host that has them.", Optional: true, Complete: true, Since: 6},
		{Name: "expired", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules whose justification has expired; on some host at least.", Optional: true, Complete: true, Since: 6},
		{Name: "review_overdue", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the newest approved review is older than six months; of a set that was never reviewed, when it has been in force for 30 days.", Optional: true, Complete: false, Since: 6},
		{Name: "last_review", Type: Type{Kind: KindString}, Unit: "", Doc: "Number and day of the newest approved review; empty for none.", Optional: true, Complete: false, Since: 6},
		{Name: "drift", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules that came or went since, without those whose removal it decided. Absent where it was never reviewed.", Optional: true, Complete: true, Since: 6},
		{Name: "removals_late", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", Doc: "Rules whose removal was decided more than 30 days ago and that are still in force.", Optional: true, Complete: true, Since: 6},
	}}
	objectEndpoint = Object{Name: "endpoint", Doc: "What the newest list of a device management says of a device, and what the register of people says of whoever has it. What the list does not say is not observed; what cannot be told from its words is an error.", Key: "", Fields: []Field{
		{Name: "title", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the device and the list that it is of.", Optional: true, Complete: false, Since: 6},
		{Name: "platform", Type: Type{Kind: KindString}, Unit: "", Doc: "macos, windows, linux, ios (iPad as well), android, chromeos.", Optional: true, Complete: false, Since: 6},
		{Name: "os_version", Type: Type{Kind: KindString}, Unit: "", Doc: "Version of its operating system as the list has it.", Optional: true, Complete: false, Since: 6},
		{Name: "os_release", Type: Type{Kind: KindInt}, Unit: "", Doc: "What of the version tells whether its maker still mends it: 15 of macOS 15.3, the build 26100 of Windows 10.0.26100.1, 18 of iOS 18.2, 15 of Android 15. Absent for other platforms.", Optional: true, Complete: false, Since: 6},
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when all of its disk, or the part it starts from, is encrypted.", Optional: true, Complete: false, Since: 6},
		{Name: "firewall", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its firewall is on. Absent for telephones and ChromeOS.", Optional: true, Complete: false, Since: 6},
		{Name: "protection", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when its protection against malware is on. Absent for iOS and ChromeOS.", Optional: true, Complete: false, Since: 6},
		{Name: "lock", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it locks its screen and asks for a password or code.", Optional: true, Complete: false, Since: 6},
		{Name: "seen", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when it reported to its management within the days that the list sets.", Optional: true, Complete: false, Since: 6},
		{Name: "last_seen", Type: Type{Kind: KindString}, Unit: "", Doc: "Day on which it reported last; sent only while that is too long ago, since it changes daily otherwise.", Optional: true, Complete: false, Since: 6},
		{Name: "owner", Type: Type{Kind: KindString}, Unit: "", Doc: "Who has it: the name in the register of people, else what the list says. Absent of a device that is no one person's.", Optional: true, Complete: false, Since: 6},
		{Name: "owner_known", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the register of people has whoever has it, by what somebody said, the e-mail address or the login. Absent of a device that is no one person's.", Optional: true, Complete: false, Since: 6},
		{Name: "owner_here", Type: Type{Kind: KindBool}, Unit: "", Doc: "False when whoever has it has left. Absent where that is not known, or it is no one person's.", Optional: true, Complete: false, Since: 6},
	}}
	objectBackup = Object{Name: "backup", Doc: "What of a backup does not hold, as the register of backups judges it from the runs that were reported and the restores that were tried.", Key: "", Fields: []Field{
		{Name: "title", Type: Type{Kind: KindString}, Unit: "", Doc: "What is backed up.", Optional: true, Complete: false, Since: 5},
		{Name: "overdue", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the newest good copy is older than the loss that can be borne.", Optional: true, Complete: false, Since: 5},
		{Name: "last_good", Type: Type{Kind: KindString}, Unit: "", Doc: "Day of the newest good copy; sent only while it is overdue, since it changes with each run otherwise.", Optional: true, Complete: false, Since: 5},
		{Name: "failing", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the newest run did not succeed.", Optional: true, Complete: false, Since: 5},
		{Name: "shrunk", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the newest good copy is smaller than half of what is usual.", Optional: true, Complete: false, Since: 5},
		{Name: "offsite", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a copy within the target lies at another place than what it is a copy of.", Optional: true, Complete: false, Since: 5},
		{Name: "encrypted", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the copies are encrypted.", Optional: true, Complete: false, Since: 5},
		{Name: "restored", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when a restore was tried, and succeeded, within the interval that is set.", Optional: true, Complete: false, Since: 5},
		{Name: "in_time", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the newest restore took no longer than the recovery that is promised.", Optional: true, Complete: false, Since: 5},
	}}
	objectSegmentRule = Object{Name: "segment_rule", Doc: "What of a rule of the segmentation plan in force does not hold, by the connections that agents saw and those that they tried. The item \"zones\" says which hosts have no zone.", Key: "", Fields: []Field{
		{Name: "title", Type: Type{Kind: KindString}, Unit: "", Doc: "The rule in words.", Optional: true, Complete: false, Since: 6},
		{Name: "forbidden", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSegmentFlow}}, Unit: "", Doc: "Connections that the rule forbids, oldest first, the first 100.", Optional: true, Complete: true, Since: 6},
		{Name: "reached", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSegmentProbe}}, Unit: "", Doc: "Of a rule that forbids: what could be reached all the same, the first 100.", Optional: true, Complete: true, Since: 6},
		{Name: "unreached", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSegmentProbe}}, Unit: "", Doc: "Of a rule that allows: what could not be reached, the first 100.", Optional: true, Complete: true, Since: 6},
		{Name: "fresh", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the newest proof is younger than the plan asks.", Optional: true, Complete: false, Since: 6},
		{Name: "proved", Type: Type{Kind: KindString}, Unit: "", Doc: "Day of the newest proof; sent only while it is not fresh, since it changes daily otherwise.", Optional: true, Complete: false, Since: 6},
		{Name: "expired", Type: Type{Kind: KindBool}, Unit: "", Doc: "Of a rule that allows: true when its last day is over.", Optional: true, Complete: false, Since: 6},
		{Name: "wide", Type: Type{Kind: KindBool}, Unit: "", Doc: "Of a rule that allows: true when it names no port.", Optional: true, Complete: false, Since: 6},
		{Name: "unzoned", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Of the item zones: hosts that are in no zone or in several, each with the reason, the first 100.", Optional: true, Complete: true, Since: 6},
	}}
	objectComponent = Object{Name: "component", Doc: "What the register of components says of one that somebody must approve, or had to, and of each kind of them: whether its baseline was approved.", Key: "", Fields: []Field{
		{Name: "scope", Type: Type{Kind: KindString}, Unit: "", Doc: "component, or kind (what is approved of a whole kind).", Optional: true, Complete: false, Since: 6},
		{Name: "kind", Type: Type{Kind: KindString}, Unit: "", Doc: "user, group, ssh_key, sudo, port, service, job, package, module, setting, usb, image, container, certificate, suid, content_root, host.", Optional: true, Complete: false, Since: 6},
		{Name: "name", Type: Type{Kind: KindString}, Unit: "", Doc: "What it is.", Optional: true, Complete: false, Since: 6},
		{Name: "baseline", Type: Type{Kind: KindBool}, Unit: "", Doc: "Of a kind: true when something of it was approved, so that the rest is judged.", Optional: true, Complete: false, Since: 6},
		{Name: "allowed", Type: Type{Kind: KindBool}, Unit: "", Doc: "Of a component: true when it is approved wherever it is, or is nowhere any more.", Optional: true, Complete: false, Since: 6},
		{Name: "why", Type: Type{Kind: KindString}, Unit: "", Doc: "That in words: who approved it, or where it is without approval.", Optional: true, Complete: false, Since: 6},
		{Name: "hosts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Hosts on which it is and must not be, by name, the first 50.", Optional: true, Complete: true, Since: 6},
		{Name: "evidence", Type: Type{Kind: KindString}, Unit: "", Doc: "What was seen of it: its program, its file, its owner.", Optional: true, Complete: false, Since: 6},
	}}
	objectIntegrity = Object{Name: "integrity", Doc: "What of the watching of a host's files does not hold, as the server judges it from what the agent said: changes that nothing explains, how files are watched, the baseline, and whether the agent is heard at all.", Key: "", Fields: []Field{
		{Name: "host", Type: Type{Kind: KindString}, Unit: "", Doc: "Name of the host.", Optional: true, Complete: false, Since: 6},
		{Name: "heard", Type: Type{Kind: KindBool}, Unit: "", Doc: "True while the agent is heard.", Optional: true, Complete: false, Since: 6},
		{Name: "silent_since", Type: Type{Kind: KindString}, Unit: "", Doc: "When it was heard last, UTC; sent only while it is silent.", Optional: true, Complete: false, Since: 6},
		{Name: "mode", Type: Type{Kind: KindString}, Unit: "", Doc: "fanotify, inotify, polling, starting, off, failed.", Optional: true, Complete: false, Since: 6},
		{Name: "realtime", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when changes are seen as they happen.", Optional: true, Complete: false, Since: 6},
		{Name: "refused", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Better ways of watching that are not in force, each with the reason.", Optional: true, Complete: true, Since: 6},
		{Name: "problems", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "What is wrong with watching now.", Optional: true, Complete: true, Since: 6},
		{Name: "baseline_root", Type: Type{Kind: KindString}, Unit: "", Doc: "Root of the baseline that the agent compares with; empty for none.", Optional: true, Complete: false, Since: 6},
		{Name: "baseline_approved", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the agent compares with a baseline, and a named person approved that one here.", Optional: true, Complete: false, Since: 6},
		{Name: "baseline_approved_by", Type: Type{Kind: KindString}, Unit: "", Doc: "Id of that person; absent where nobody did.", Optional: true, Complete: false, Since: 6},
		{Name: "baseline_agrees", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the agent compares with the baseline that was approved last.", Optional: true, Complete: false, Since: 6},
		{Name: "unexplained_system", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", Doc: "Unexplained changes of programs and libraries, the first 50 groups.", Optional: true, Complete: true, Since: 6},
		{Name: "unexplained_configuration", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", Doc: "Unexplained changes of configuration, the first 50 groups.", Optional: true, Complete: true, Since: 6},
		{Name: "unexplained_content", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", Doc: "Unexplained changes of content, the first 50 groups.", Optional: true, Complete: true, Since: 6},
		{Name: "exceeded", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", Doc: "Changes made with a token beyond its limits, the first 50 groups.", Optional: true, Complete: true, Since: 6},
		{Name: "own", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", Doc: "Unexplained changes of the agent's own program, settings and key, the first 50 groups.", Optional: true, Complete: true, Since: 6},
	}}
)

var registry = Reg{
	Version: 6,
	Types:   []*Object{&objectSetting, &objectPackage, &objectAccount, &objectPassword, &objectHome, &objectGroup, &objectSudoRule, &objectSudoDefault, &objectSearchDir, &objectPamRule, &objectPamService, &objectLimit, &objectAuthorizedKey, &objectKeyFile, &objectKeyAccount, &objectExecutable, &objectKernelModule, &objectModprobeRule, &objectModuleState, &objectCronJob, &objectCronProgram, &objectCertificate, &objectPrivateKey, &objectAuditRule, &objectLogTarget, &objectWideFile, &objectSpecialFile, &objectSSHDMatch, &objectHostKey, &objectMount, &objectFstabEntry, &objectDirectory, &objectUnit, &objectUnitState, &objectTimer, &objectFile, &objectSocket, &objectInterface, &objectRoute, &objectHostsEntry, &objectNeighbour, &objectFirewallChain, &objectFirewallRule, &objectOpenPort, &objectFirewallManager, &objectBlockDevice, &objectStorageMount, &objectSwapArea, &objectCrypttabEntry, &objectUsbDevice, &objectMalwareProduct, &objectClamavDatabase, &objectEngineSocket, &objectContainerRuntime, &objectContainerMount, &objectContainerPort, &objectContainer, &objectContainerImage, &objectTimeSource, &objectPgRole, &objectPgHbaRule, &objectPgDatabase, &objectPgExtension, &objectPgSlot, &objectChangeDeviation, &objectIntegrityOpen, &objectCommitmentExceeded, &objectCommitmentGap, &objectWatchingRefusal, &objectWatchingGap, &objectFirewallRemark, &objectFlow, &objectSegmentFlow, &objectSegmentProbe, &objectBalancerListener, &objectBalancerLog, &objectBalancerTarget, &objectBalancerTargetState, &objectBalancerStats, &objectHaproxySocket, &objectHaproxyFrontend, &objectHaproxyBackend, &objectHaproxyProxyState, &objectHaproxyUserlist, &objectNginxServer, &objectNginxUpstream, &objectNginxPass},
	Sections: []SectionDef{
		{Name: "os", Population: "hosts", Title: "Operating system", Doc: "What the host is.", Since: 1, Type: Type{Kind: KindObject, Object: &objectOS}, Facts: []Fact{
			{Section: "os", Path: "/id", Type: Type{Kind: KindString}, Unit: "", How: "ID of /etc/os-release", Doc: "debian, ubuntu, rhel, alpine.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/id_like", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "ID_LIKE of /etc/os-release", Doc: "Systems it is derived from, nearest first.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/name", Type: Type{Kind: KindString}, Unit: "", How: "PRETTY_NAME of /etc/os-release", Doc: "Name for people.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/version", Type: Type{Kind: KindString}, Unit: "", How: "VERSION_ID of /etc/os-release; where it is empty, VERSION_CODENAME", Doc: "12, 24.04, 3.20.1.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/kernel", Type: Type{Kind: KindString}, Unit: "", How: "uname(2) release", Doc: "Running kernel.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/arch", Type: Type{Kind: KindString}, Unit: "", How: "uname(2) machine", Doc: "x86_64, aarch64.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/hostname", Type: Type{Kind: KindString}, Unit: "", How: "uname(2) nodename", Doc: "Host name.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/boot_time_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", How: "btime of /proc/stat", Doc: "When it started, to the second.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/machine_id_digest", Type: Type{Kind: KindString}, Unit: "", How: "first 16 bytes of SHA-256 over a fixed prefix and /etc/machine-id, in hex", Doc: "Recognises the host again without telling its machine id; absent where there is none.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/virtualisation", Type: Type{Kind: KindString}, Unit: "", How: "DMI identity, /proc/cpuinfo hypervisor flag, /sys/hypervisor", Doc: "none, kvm, vmware, xen, hyperv, virtualbox, amazon, google, firecracker, bhyve, parallels, unknown (a hypervisor that does not give its name).", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/container", Type: Type{Kind: KindString}, Unit: "", How: "/run/systemd/container, /.dockerenv, /run/.containerenv, environment of process 1", Doc: "none, docker, podman, lxc, systemd-nspawn, kubernetes, other.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "os", Path: "/service_manager", Type: Type{Kind: KindString}, Unit: "", How: "/run/systemd/system, /run/openrc, name of process 1", Doc: "What runs services now: systemd, openrc, sysvinit, none.", NeedsRoot: false, Complete: false, Since: 1},
		},
			Watch: []string{}},
		{Name: "packages", Population: "hosts", Title: "Packages", Doc: "What is installed by the system's package managers.", Since: 1, Type: Type{Kind: KindObject, Object: &objectPackages}, Facts: []Fact{
			{Section: "packages", Path: "/managers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "which databases are there", Doc: "dpkg, rpm, apk; sorted.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "packages", Path: "/count", Type: Type{Kind: KindInt}, Unit: "", How: "counted", Doc: "Number of installed packages.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "packages", Path: "/by_name", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectPackage}}, Unit: "", How: "/var/lib/dpkg/status; /lib/apk/db/installed; rpm -qa", Doc: "Installed packages by name. A second architecture of the same name has the key name:arch, an older version that is installed beside a newer one name=version.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{}},
		{Name: "users", Population: "hosts", Title: "Users, groups and sudo", Doc: "Local accounts, how their passwords are kept, groups, and who may become root.", Since: 1, Type: Type{Kind: KindObject, Object: &objectUsers}, Facts: []Fact{
			{Section: "users", Path: "/accounts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectAccount}}, Unit: "", How: "/etc/passwd", Doc: "Local accounts in the order of the file.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "users", Path: "/passwords", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPassword}}, Unit: "", How: "/etc/shadow", Doc: "State of each password; hashes are never read out.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "users", Path: "/homes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHome}}, Unit: "", How: "stat(2), for accounts that can log in", Doc: "Home directories; without root what lies inside a closed one is missing.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "users", Path: "/groups", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectGroup}}, Unit: "", How: "/etc/group", Doc: "Local groups in the order of the file.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "users", Path: "/login_defs", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", How: "/etc/login.defs", Doc: "Settings by their upper-case names: PASS_MAX_DAYS, UMASK, ENCRYPT_METHOD.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "users", Path: "/shell/tmout", Type: Type{Kind: KindInt}, Unit: "seconds", How: "last TMOUT= of /etc/profile, /etc/profile.d/*.sh, /etc/bash.bashrc, /etc/bashrc", Doc: "Idle time after which a shell ends; 0 when no file sets it.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "users", Path: "/shell/tmout_readonly", Type: Type{Kind: KindBool}, Unit: "", How: "readonly or typeset -r TMOUT in the same files", Doc: "True when users cannot change it.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "users", Path: "/shell/umask", Type: Type{Kind: KindString}, Unit: "", How: "last umask of the same files", Doc: "Such as 027; empty when no file sets it.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "users", Path: "/root_path", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSearchDir}}, Unit: "", How: "ENV_SUPATH of /etc/login.defs, else the usual six directories; stat(2)", Doc: "Directories of root's search path in their order.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "users", Path: "/sudo/installed", Type: Type{Kind: KindBool}, Unit: "", How: "/usr/bin/sudo", Doc: "True when sudo is there; the rest of /sudo is absent when it is not.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "users", Path: "/sudo/rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSudoRule}}, Unit: "", How: "/etc/sudoers and what it includes", Doc: "Who may run what.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "users", Path: "/sudo/defaults", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSudoDefault}}, Unit: "", How: "the same files", Doc: "Defaults settings in their order.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "users", Path: "/sudo/includes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same files", Doc: "Files that were read after /etc/sudoers, in their order.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "users", Path: "/sudo/use_pty", Type: Type{Kind: KindBool}, Unit: "", How: "last Defaults use_pty for everybody", Doc: "True when sudo runs commands on their own terminal.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "users", Path: "/sudo/logfile", Type: Type{Kind: KindString}, Unit: "", How: "last Defaults logfile for everybody", Doc: "Log file; empty when none is set.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "users", Path: "/sudo/nopasswd", Type: Type{Kind: KindBool}, Unit: "", How: "counted over rules", Doc: "True when any rule says NOPASSWD.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "users", Path: "/sudo/noauthenticate", Type: Type{Kind: KindBool}, Unit: "", How: "counted over defaults", Doc: "True when any Defaults, of any scope, says !authenticate.", NeedsRoot: true, Complete: false, Since: 1},
		},
			Watch: []string{}},
		{Name: "sshd", Population: "hosts", Title: "SSH server", Doc: "The OpenSSH server. /effective is what the server itself says it would do (sshd -T), /file what its configuration files say; they are apart because they differ while a change waits for a reload, or when a file is wrong.", Since: 1, Type: Type{Kind: KindObject, Object: &objectSSHD}, Facts: []Fact{
			{Section: "sshd", Path: "/installed", Type: Type{Kind: KindBool}, Unit: "", How: "/usr/sbin/sshd", Doc: "True when the server is there; all else is absent when it is not.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/acceptenv", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Environment variables taken from the client.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/addressfamily", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "any, inet, inet6.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/allowagentforwarding", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/allowgroups", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Groups that may log in; empty when not limited.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/effective/allowstreamlocalforwarding", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes, no, local, remote.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/allowtcpforwarding", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes, no, local, remote.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/allowusers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Users that may log in; empty when not limited.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/effective/authenticationmethods", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "any, or lists of methods that must all succeed.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/authorizedkeyscommand", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "none or a program.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/authorizedkeysfile", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Files with the users' keys.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/banner", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "none or a file.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/chrootdirectory", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "none or a directory.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/ciphers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Ciphers in order of preference.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/clientalivecountmax", Type: Type{Kind: KindInt}, Unit: "", How: "sshd -T", Doc: "Unanswered messages before the connection ends.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/clientaliveinterval", Type: Type{Kind: KindInt}, Unit: "seconds", How: "sshd -T", Doc: "0 means never.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/compression", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes, no, delayed.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/denygroups", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Groups that may not log in.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/effective/denyusers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Users that may not log in.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/effective/disableforwarding", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/forcecommand", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "none or a command.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/gatewayports", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes, no, clientspecified.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/gssapiauthentication", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no; absent when built without.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/hostbasedauthentication", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/hostkey", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Private host key files.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/hostkeyalgorithms", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Host key algorithms.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/ignorerhosts", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes, no, shosts-only.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/ignoreuserknownhosts", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/kbdinteractiveauthentication", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no; older servers call it challengeresponseauthentication, read here too.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/kerberosauthentication", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no; absent when built without.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/kexalgorithms", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Key exchange algorithms.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/listenaddress", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Addresses with ports.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/logingracetime", Type: Type{Kind: KindInt}, Unit: "seconds", How: "sshd -T", Doc: "0 means no limit.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/loglevel", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "INFO, VERBOSE; upper case.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/macs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Message authentication codes.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/maxauthtries", Type: Type{Kind: KindInt}, Unit: "", How: "sshd -T", Doc: "Attempts per connection.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/maxsessions", Type: Type{Kind: KindInt}, Unit: "", How: "sshd -T", Doc: "Sessions per connection.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/maxstartups", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "Start:rate:full, as in 10:30:60.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/maxstartups_start", Type: Type{Kind: KindInt}, Unit: "", How: "sshd -T", Doc: "First number of maxstartups.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/maxstartups_rate", Type: Type{Kind: KindInt}, Unit: "percent", How: "sshd -T", Doc: "Second number of maxstartups.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/maxstartups_full", Type: Type{Kind: KindInt}, Unit: "", How: "sshd -T", Doc: "Third number of maxstartups.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/passwordauthentication", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/permitemptypasswords", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/permitopen", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "any, none or targets.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/permitrootlogin", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes, no, prohibit-password (sshd -T may say without-password; the agent writes prohibit-password), forced-commands-only.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/permittty", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/permittunnel", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "no, yes, point-to-point, ethernet.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/permituserenvironment", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "no, yes or a pattern.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/permituserrc", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/port", Type: Type{Kind: KindList, Elem: &Type{Kind: KindInt}}, Unit: "", How: "sshd -T", Doc: "Ports.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/printlastlog", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/pubkeyacceptedalgorithms", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Signature algorithms for users' keys.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/pubkeyauthentication", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/requiredrsasize", Type: Type{Kind: KindInt}, Unit: "bits", How: "sshd -T", Doc: "Smallest RSA key that is taken; absent on servers before 9.1.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/strictmodes", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/subsystem", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Name and program, as in sftp /usr/lib/openssh/sftp-server.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/syslogfacility", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "AUTH or another facility.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/tcpkeepalive", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/usedns", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/usepam", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no; absent when built without.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/x11forwarding", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective/x11uselocalhost", Type: Type{Kind: KindString}, Unit: "", How: "sshd -T", Doc: "yes or no.", NeedsRoot: true, Complete: false, Since: 1},
			{Section: "sshd", Path: "/effective_other", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", How: "sshd -T", Doc: "Every keyword that /effective does not declare, lower case; several values joined by a space.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/file", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", How: "/etc/ssh/sshd_config and its Include files, outside Match blocks", Doc: "Keywords in lower case. The first value wins, as in sshd; keywords that add up (acceptenv, allowusers, port …) are joined by a space.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/matches", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSSHDMatch}}, Unit: "", How: "the same files", Doc: "Match blocks in their order.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same files", Doc: "Configuration files that were read, in their order.", NeedsRoot: true, Complete: true, Since: 1},
			{Section: "sshd", Path: "/host_keys", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHostKey}}, Unit: "", How: "/etc/ssh/ssh_host_*_key and .pub, and those named by HostKey", Doc: "Host key files, sorted.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{}},
		{Name: "sysctl", Population: "hosts", Title: "Kernel settings", Doc: "Running values and what the files would set at boot, apart. Only the settings of the watch list are read from the running kernel; the files are read whole.", Since: 1, Type: Type{Kind: KindObject, Object: &objectSysctl}, Facts: []Fact{
			{Section: "sysctl", Path: "/running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", How: "/proc/sys, for the watch list", Doc: "Running values by dotted name, white space as one space; absent where this kernel has no such setting.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "sysctl", Path: "/persisted", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", How: "sysctl.d(5): /etc/sysctl.d, /run/sysctl.d, /usr/local/lib/sysctl.d, /usr/lib/sysctl.d, /lib/sysctl.d; on hosts without systemd also /etc/sysctl.conf, last", Doc: "What is set at boot by dotted name, with the file and line that win; globs are resolved against the running kernel where it knows them.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{"kernel.randomize_va_space",
				"kernel.kptr_restrict",
				"kernel.dmesg_restrict",
				"kernel.yama.ptrace_scope",
				"kernel.unprivileged_bpf_disabled",
				"kernel.sysrq",
				"kernel.core_uses_pid",
				"kernel.core_pattern",
				"kernel.kexec_load_disabled",
				"kernel.perf_event_paranoid",
				"kernel.modules_disabled",
				"kernel.panic",
				"kernel.panic_on_oops",
				"kernel.unprivileged_userns_clone",
				"kernel.io_uring_disabled",
				"kernel.exec-shield",
				"fs.suid_dumpable",
				"fs.protected_hardlinks",
				"fs.protected_symlinks",
				"fs.protected_fifos",
				"fs.protected_regular",
				"user.max_user_namespaces",
				"vm.mmap_min_addr",
				"vm.mmap_rnd_bits",
				"vm.unprivileged_userfaultfd",
				"dev.tty.ldisc_autoload",
				"net.core.bpf_jit_harden",
				"net.core.bpf_jit_enable",
				"net.ipv4.ip_forward",
				"net.ipv4.tcp_syncookies",
				"net.ipv4.tcp_timestamps",
				"net.ipv4.tcp_rfc1337",
				"net.ipv4.icmp_echo_ignore_broadcasts",
				"net.ipv4.icmp_ignore_bogus_error_responses",
				"net.ipv4.conf.all.accept_redirects",
				"net.ipv4.conf.default.accept_redirects",
				"net.ipv4.conf.all.secure_redirects",
				"net.ipv4.conf.default.secure_redirects",
				"net.ipv4.conf.all.send_redirects",
				"net.ipv4.conf.default.send_redirects",
				"net.ipv4.conf.all.accept_source_route",
				"net.ipv4.conf.default.accept_source_route",
				"net.ipv4.conf.all.rp_filter",
				"net.ipv4.conf.default.rp_filter",
				"net.ipv4.conf.all.log_martians",
				"net.ipv4.conf.default.log_martians",
				"net.ipv4.conf.all.forwarding",
				"net.ipv4.conf.default.forwarding",
				"net.ipv6.conf.all.forwarding",
				"net.ipv6.conf.default.forwarding",
				"net.ipv6.conf.all.accept_redirects",
				"net.ipv6.conf.default.accept_redirects",
				"net.ipv6.conf.all.accept_source_route",
				"net.ipv6.conf.default.accept_source_route",
				"net.ipv6.conf.all.accept_ra",
				"net.ipv6.conf.default.accept_ra",
				"net.ipv6.conf.all.disable_ipv6",
				"net.ipv6.conf.default.disable_ipv6",
			}},
		{Name: "mounts", Population: "hosts", Title: "Mounts", Doc: "File systems that are mounted, those that /etc/fstab would mount, and what holds the directories that standards ask about.", Since: 1, Type: Type{Kind: KindObject, Object: &objectMounts}, Facts: []Fact{
			{Section: "mounts", Path: "/running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectMount}}, Unit: "", How: "/proc/self/mountinfo", Doc: "Mounted file systems by target.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "mounts", Path: "/persisted", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectFstabEntry}}, Unit: "", How: "/etc/fstab", Doc: "Lines of fstab by target; swap and targets called none are left out.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "mounts", Path: "/directories", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectDirectory}}, Unit: "", How: "mountinfo and stat(2), for the watch list", Doc: "What holds each watched directory.", NeedsRoot: false, Complete: false, Since: 1},
		},
			Watch: []string{"/",
				"/boot",
				"/boot/efi",
				"/dev/shm",
				"/home",
				"/opt",
				"/srv",
				"/tmp",
				"/usr",
				"/var",
				"/var/log",
				"/var/log/audit",
				"/var/tmp",
			}},
		{Name: "pam", Population: "hosts", Title: "PAM and account policy", Doc: "What PAM asks of passwords and logins. /services is every stack as written, with includes resolved; the other facts are derived from them and from the files of the modules: a setting holds when each of the stacks that people log in through has it (login and sshd for /lockout and /mfa, passwd for /quality, /history and /unix). Ages of passwords for new accounts are in users /login_defs, those of existing ones in users /passwords.", Since: 2, Type: Type{Kind: KindObject, Object: &objectPam}, Facts: []Fact{
			{Section: "pam", Path: "/services", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectPamService}}, Unit: "", How: "/etc/pam.d, /usr/lib/pam.d, /usr/etc/pam.d; include, substack and @include", Doc: "Services by name.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "pam", Path: "/quality/installed", Type: Type{Kind: KindBool}, Unit: "", How: "pam_pwquality.so, pam_passwdqc.so or pam_cracklib.so in a security directory", Doc: "True when a module that tests new passwords is there.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/module", Type: Type{Kind: KindString}, Unit: "", How: "the stack of passwd", Doc: "pam_pwquality, pam_passwdqc, pam_cracklib; empty when none is in use.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/active", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "True when new passwords go through it.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/minlen", Type: Type{Kind: KindInt}, Unit: "", How: "/etc/security/pwquality.conf.d/*.conf, /etc/security/pwquality.conf, arguments of the module; else its default 8", Doc: "Least length. Facts of /quality from here on are absent when no such module is in use.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/minclass", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Least number of kinds of characters (digits, capitals, small letters, others): minclass, or the number of credits below 0 where that is larger.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/dcredit", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Below 0: least number of digits.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/ucredit", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Below 0: least number of capitals.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/lcredit", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Below 0: least number of small letters.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/ocredit", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Below 0: least number of other characters.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/difok", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Characters that must differ from the old password.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/maxrepeat", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Most equal characters in a row; 0 for no limit.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/maxsequence", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Longest sequence such as 12345; 0 for no limit.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/dictcheck", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "True when words of a dictionary are refused.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/enforcing", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "True when a bad password is refused and not only warned about.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/quality/enforce_for_root", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "True when it holds for root as well.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/lockout/module", Type: Type{Kind: KindString}, Unit: "", How: "the stacks of login and sshd", Doc: "pam_faillock, pam_tally2, pam_tally; empty when none is in use.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/lockout/active", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "True when failures are counted before and after the password is asked.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/lockout/deny", Type: Type{Kind: KindInt}, Unit: "", How: "/etc/security/faillock.conf, arguments of the module; else its default 3", Doc: "Failures after which an account is locked; 0 for never. Facts of /lockout from here on are absent when no such module is in use.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/lockout/unlock_time", Type: Type{Kind: KindInt}, Unit: "seconds", How: "the same", Doc: "Time after which it opens again; 0 when only an administrator opens it.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/lockout/fail_interval", Type: Type{Kind: KindInt}, Unit: "seconds", How: "the same", Doc: "Time within which failures count together.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/lockout/even_deny_root", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "True when root is locked as well.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/history/active", Type: Type{Kind: KindBool}, Unit: "", How: "pam_pwhistory.so, or remember= of pam_unix.so, in the stack of passwd", Doc: "True when old passwords are kept from coming back.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/history/remember", Type: Type{Kind: KindInt}, Unit: "", How: "/etc/security/pwhistory.conf, arguments of the module; else its default 10", Doc: "Old passwords that may not come back; absent when none are kept.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/history/enforce_for_root", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "True when it holds for root as well; absent when none are kept.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/unix/hash", Type: Type{Kind: KindString}, Unit: "", How: "arguments of pam_unix.so in the stack of passwd; else ENCRYPT_METHOD of login.defs", Doc: "How new passwords are hashed: yescrypt, gost_yescrypt, sha512, sha256, blowfish, md5, bigcrypt; empty for the C library's default. Absent where PAM does not set passwords itself.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/unix/nullok", Type: Type{Kind: KindBool}, Unit: "", How: "nullok of pam_unix.so in the stacks of login and sshd", Doc: "True when an account without a password may log in.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/su/wheel", Type: Type{Kind: KindBool}, Unit: "", How: "required or requisite pam_wheel.so, without trust, in the stack of su", Doc: "True when only members of one group may use su.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/su/group", Type: Type{Kind: KindString}, Unit: "", How: "group= of that line", Doc: "Group named there; empty for the module's default (wheel, else group 0).", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/umask", Type: Type{Kind: KindBool}, Unit: "", How: "pam_umask.so in the session part of login and sshd", Doc: "True when sessions get the umask of login.defs.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/mfa", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pam_google_authenticator, pam_oath, pam_u2f, pam_duo, pam_yubico, pam_radius_auth in the stack of sshd", Doc: "Modules that ask for a second factor, sorted.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "pam", Path: "/inactive_days", Type: Type{Kind: KindInt}, Unit: "days", How: "INACTIVE of /etc/default/useradd", Doc: "Days after the end of a password until a new account is locked; -1 for never.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "pam", Path: "/limits", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectLimit}}, Unit: "", How: "/etc/security/limits.conf and /etc/security/limits.d/*.conf", Doc: "Limits in the order in which they are read.", NeedsRoot: false, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "ssh_keys", Population: "hosts", Title: "SSH keys of accounts", Doc: "Keys that may log in, and the files that decide so. Looked for are the files that AuthorizedKeysFile of sshd_config names, else .ssh/authorized_keys and .ssh/authorized_keys2. Homes on network file systems are left alone.", Since: 2, Type: Type{Kind: KindObject, Object: &objectSshKeys}, Facts: []Fact{
			{Section: "ssh_keys", Path: "/accounts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectKeyAccount}}, Unit: "", How: "files in the homes of accounts that can log in", Doc: "Accounts in the order of /etc/passwd.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "ssh_keys", Path: "/host_trust", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "/etc/hosts.equiv, /etc/ssh/shosts.equiv", Doc: "Files that let users of other hosts in without a password, where they are there and not empty.", NeedsRoot: false, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "processes", Population: "hosts", Title: "Running programs", Doc: "Programs that run, by the file that they were started from. Processes that are younger than a minute are left out, and so are the kernel's own threads. Command lines are never read: they may hold passwords.", Since: 2, Type: Type{Kind: KindObject, Object: &objectProcesses}, Facts: []Fact{
			{Section: "processes", Path: "/executables", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectExecutable}}, Unit: "", How: "/proc/*/exe, status, cgroup; SHA-256 of the file, kept by device, inode, size and times", Doc: "Sorted by path, user and container; one entry for each. Without root, path, digest and deletion of other users' programs are missing. At most 64 MB are hashed in one reading, what is left in the next ones; until then a digest is not observed.", NeedsRoot: true, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "kernel_modules", Population: "hosts", Title: "Kernel modules", Doc: "Modules that are loaded, and what keeps the ones on the watch list from being loaded.", Since: 2, Type: Type{Kind: KindObject, Object: &objectKernelModules}, Facts: []Fact{
			{Section: "kernel_modules", Path: "/loaded", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectKernelModule}}, Unit: "", How: "/proc/modules", Doc: "Loaded modules by name; absent where the kernel was built without modules.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "kernel_modules", Path: "/rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectModprobeRule}}, Unit: "", How: "modprobe.d(5): /etc, /run, /usr/local/lib, /usr/lib, /lib", Doc: "Blacklist and install lines in the order of the files.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "kernel_modules", Path: "/watched", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectModuleState}}, Unit: "", How: "the same, /lib/modules of the running kernel, /sys/module", Doc: "The modules of the watch list by name.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "kernel_modules", Path: "/signature_enforced", Type: Type{Kind: KindBool}, Unit: "", How: "/sys/module/module/parameters/sig_enforce", Doc: "True when the kernel takes only signed modules.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "kernel_modules", Path: "/disabled", Type: Type{Kind: KindBool}, Unit: "", How: "/proc/sys/kernel/modules_disabled", Doc: "True when no module can be loaded any more until the next start.", NeedsRoot: false, Complete: false, Since: 2},
		},
			Watch: []string{"rds",
				"tipc",
				"sctp",
				"dccp",
				"atm",
				"can",
				"cramfs",
				"freevxfs",
				"jffs2",
				"hfs",
				"hfsplus",
				"squashfs",
				"udf",
				"usb-storage",
				"firewire-core",
			}},
		{Name: "cron", Population: "hosts", Title: "Jobs by the clock", Doc: "What cron, anacron and at start. Timers of systemd are in section services.", Since: 2, Type: Type{Kind: KindObject, Object: &objectCron}, Facts: []Fact{
			{Section: "cron", Path: "/installed", Type: Type{Kind: KindBool}, Unit: "", How: "cron, crond or anacron in the usual directories", Doc: "True when a program that starts such jobs is there; what follows is read all the same.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "cron", Path: "/jobs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCronJob}}, Unit: "", How: "/etc/crontab, /etc/cron.d, /etc/cron.{hourly,daily,weekly,monthly}, /etc/anacrontab, /var/spool/cron, /var/spool/at", Doc: "Jobs in the order of their files; at most 2,000.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "cron", Path: "/root_programs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCronProgram}}, Unit: "", How: "stat(2) of the programs that root's jobs name by absolute path, and of the tables themselves", Doc: "Sorted by path.", NeedsRoot: true, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "certificates", Population: "hosts", Title: "Certificates on disk", Doc: "Certificates of services, looked for where the usual ones keep them. Files of at most 256 kB that end in .pem, .crt, .cer, .cert or .key are read; the bundles of certification authorities that come with the system are left out.", Since: 2, Type: Type{Kind: KindObject, Object: &objectCertificates}, Facts: []Fact{
			{Section: "certificates", Path: "/found", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCertificate}}, Unit: "", How: "PEM and DER files below the watch list, four levels deep", Doc: "Sorted by path and position; at most 500.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "certificates", Path: "/private_keys", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPrivateKey}}, Unit: "", How: "the same files", Doc: "Files with a private key, sorted by path; at most 500.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "certificates", Path: "/unreadable", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same files", Doc: "Files with a certificate that could not be taken apart, with the reason.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "certificates", Path: "/truncated", Type: Type{Kind: KindBool}, Unit: "", How: "counted", Doc: "True when there were more files than the limits allow, so that the lists are not whole.", NeedsRoot: false, Complete: false, Since: 2},
		},
			Watch: []string{"/etc/ssl",
				"/etc/pki/tls",
				"/etc/pki/nginx",
				"/etc/letsencrypt/live",
				"/etc/nginx",
				"/etc/apache2",
				"/etc/httpd",
				"/etc/haproxy",
				"/etc/postfix",
				"/etc/dovecot",
				"/etc/exim4",
				"/etc/openvpn",
				"/etc/stunnel",
				"/etc/ldap",
				"/etc/openldap",
				"/etc/postgresql",
				"/var/lib/postgresql",
				"/var/lib/pgsql",
				"/etc/mysql",
				"/etc/kubernetes/pki",
				"/etc/docker",
			}},
		{Name: "updates", Population: "hosts", Title: "Updates", Doc: "Whether updates are fetched and put in by themselves, and when that last worked.", Since: 2, Type: Type{Kind: KindObject, Object: &objectUpdates}, Facts: []Fact{
			{Section: "updates", Path: "/manager", Type: Type{Kind: KindString}, Unit: "", How: "which programs are there", Doc: "apt, dnf, yum, zypper, apk, none.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/automatic/installed", Type: Type{Kind: KindBool}, Unit: "", How: "unattended-upgrade; dnf-automatic; apk has none", Doc: "True when a program that puts in updates by itself is there.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/automatic/enabled", Type: Type{Kind: KindBool}, Unit: "", How: "APT::Periodic::Unattended-Upgrade and apt-daily-upgrade.timer; apply_updates of automatic.conf and the timers of dnf-automatic", Doc: "True when it is switched on and something starts it.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/automatic/security", Type: Type{Kind: KindBool}, Unit: "", How: "origins of unattended-upgrades; upgrade_type of automatic.conf (security is part of default)", Doc: "True when security updates are among what it puts in; absent when it is not installed.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/automatic/reboot", Type: Type{Kind: KindBool}, Unit: "", How: "Unattended-Upgrade::Automatic-Reboot; reboot of automatic.conf", Doc: "True when it restarts the host where an update asks for it; absent when it is not installed.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/settings", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", How: "/etc/apt/apt.conf and apt.conf.d, options that concern updates and signatures; /etc/dnf/automatic.conf, /etc/dnf/dnf.conf", Doc: "Settings by name; of dnf with the section: commands/apply_updates.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "updates", Path: "/index_days", Type: Type{Kind: KindInt}, Unit: "days", How: "newest of /var/lib/apt/periodic/update-success-stamp and /var/lib/apt/lists; /var/cache/dnf or /var/cache/libdnf5; /var/cache/apk, /lib/apk/db", Doc: "Whole days since the list of available packages was fetched.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/changed_days", Type: Type{Kind: KindInt}, Unit: "days", How: "last line of /var/log/dpkg.log; else time of the package database", Doc: "Whole days since a package was last put in or updated.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/pending", Type: Type{Kind: KindInt}, Unit: "", How: "/var/lib/update-notifier/updates-available", Doc: "Updates that wait; not observed where no file says so.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/pending_security", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Security updates that wait.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/reboot_required", Type: Type{Kind: KindBool}, Unit: "", How: "/run/reboot-required; kernel images below /boot and /lib/modules that were put there after the start", Doc: "True when an update waits for a restart; not observed where neither can tell.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "updates", Path: "/unverified", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "trusted=yes and AllowUnauthenticated of apt; gpgcheck=0 of dnf and yum", Doc: "Sources of packages that are taken without a valid signature, with file and line, sorted.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "updates", Path: "/repositories", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "sources.list and sources.list.d; yum.repos.d; /etc/apk/repositories", Doc: "Addresses that packages come from, without passwords, sorted.", NeedsRoot: false, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "audit", Population: "hosts", Title: "Audit", Doc: "The kernel's audit. What the files would load at the next start and what the running kernel has are apart.", Since: 2, Type: Type{Kind: KindObject, Object: &objectAudit}, Facts: []Fact{
			{Section: "audit", Path: "/installed", Type: Type{Kind: KindBool}, Unit: "", How: "/usr/sbin/auditd", Doc: "True when the audit service is there; all else is absent when it is not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "audit", Path: "/config", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", How: "/etc/audit/auditd.conf", Doc: "Settings in lower case: disk_full_action, max_log_file_action.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "audit", Path: "/persisted", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectAuditRule}}, Unit: "", How: "/etc/audit/rules.d/*.rules, else /etc/audit/audit.rules", Doc: "Rules in the order in which they are loaded.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "audit", Path: "/immutable_persisted", Type: Type{Kind: KindBool}, Unit: "", How: "last -e of the same files", Doc: "True when it says 2: rules cannot be changed until the next start.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "audit", Path: "/running", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectAuditRule}}, Unit: "", How: "auditctl -l", Doc: "Rules of the running kernel.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "audit", Path: "/enabled", Type: Type{Kind: KindInt}, Unit: "", How: "auditctl -s", Doc: "0 off, 1 on, 2 on and immutable.", NeedsRoot: true, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "logging", Population: "hosts", Title: "Logging", Doc: "How messages are kept, who may read them, and where they are sent.", Since: 2, Type: Type{Kind: KindObject, Object: &objectLogging}, Facts: []Fact{
			{Section: "logging", Path: "/journald/installed", Type: Type{Kind: KindBool}, Unit: "", How: "systemd-journald", Doc: "True when it is there; the rest of /journald is absent when it is not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/journald/settings", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectSetting}}, Unit: "", How: "journald.conf and its drop-ins in /etc, /run, /usr/lib", Doc: "Settings of [Journal] by name.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "logging", Path: "/journald/persistent", Type: Type{Kind: KindBool}, Unit: "", How: "Storage; /var/log/journal", Doc: "True when the journal outlives a restart.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/journald/compress", Type: Type{Kind: KindBool}, Unit: "", How: "Compress", Doc: "True when large entries are compressed, which is the default.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/journald/forward_to_syslog", Type: Type{Kind: KindBool}, Unit: "", How: "ForwardToSyslog", Doc: "True when messages are handed to syslog as well; the default depends on the version and counts as no.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/rsyslog/installed", Type: Type{Kind: KindBool}, Unit: "", How: "rsyslogd", Doc: "True when it is there; the rest of /rsyslog is absent when it is not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/rsyslog/file_create_mode", Type: Type{Kind: KindString}, Unit: "", How: "$FileCreateMode, FileCreateMode= of omfile", Doc: "Widest mode that new log files get, four octal digits; 0644 when none is set.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/rsyslog/receives", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "imudp, imtcp, imrelp with an input", Doc: "Ways in which it takes messages of other machines, sorted.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "logging", Path: "/syslog_ng/installed", Type: Type{Kind: KindBool}, Unit: "", How: "syslog-ng", Doc: "True when it is there. Its targets are read; its other settings are not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/remote", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectLogTarget}}, Unit: "", How: "actions of rsyslog.conf and rsyslog.d; destinations of syslog-ng.conf; URL of journal-upload.conf", Doc: "Machines that messages are sent to.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "logging", Path: "/logrotate/installed", Type: Type{Kind: KindBool}, Unit: "", How: "logrotate", Doc: "True when it is there; the rest of /logrotate is absent when it is not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/logrotate/scheduled", Type: Type{Kind: KindBool}, Unit: "", How: "/etc/cron.daily/logrotate, a cron.d line, or logrotate.timer that starts", Doc: "True when something starts it.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/logrotate/frequency", Type: Type{Kind: KindString}, Unit: "", How: "/etc/logrotate.conf, outside blocks", Doc: "daily, weekly, monthly, yearly; weekly when nothing is said.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/logrotate/rotate", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Old files that are kept; 0 when nothing is said.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "logging", Path: "/wide_files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWideFile}}, Unit: "", How: "stat(2) below /var/log, four levels deep", Doc: "Files that others may read or group or others may write, but for wtmp, btmp and lastlog; sorted, at most 1,000.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "logging", Path: "/wide_files_truncated", Type: Type{Kind: KindBool}, Unit: "", How: "counted", Doc: "True when there are more such files than are listed, or more than 20,000 files were there to look at.", NeedsRoot: false, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "mac", Population: "hosts", Title: "Mandatory access control", Doc: "AppArmor and SELinux, whichever the kernel has.", Since: 2, Type: Type{Kind: KindObject, Object: &objectMac}, Facts: []Fact{
			{Section: "mac", Path: "/modules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "/sys/kernel/security/lsm", Doc: "Security modules of the running kernel in their order.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "mac", Path: "/apparmor/installed", Type: Type{Kind: KindBool}, Unit: "", How: "apparmor_parser", Doc: "True when its tools are there.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "mac", Path: "/apparmor/enabled", Type: Type{Kind: KindBool}, Unit: "", How: "/sys/module/apparmor/parameters/enabled", Doc: "True when the running kernel uses it.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "mac", Path: "/apparmor/enforce", Type: Type{Kind: KindInt}, Unit: "", How: "/sys/kernel/security/apparmor/profiles", Doc: "Profiles that are enforced.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "mac", Path: "/apparmor/complain", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same", Doc: "Profiles that only complain, sorted.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "mac", Path: "/apparmor/unconfined", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same", Doc: "Profiles that let everything through, sorted.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "mac", Path: "/selinux/installed", Type: Type{Kind: KindBool}, Unit: "", How: "/etc/selinux/config, /usr/sbin/load_policy", Doc: "True when its tools are there; configuration is absent when they are not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "mac", Path: "/selinux/mode", Type: Type{Kind: KindString}, Unit: "", How: "/sys/fs/selinux/enforce", Doc: "enforcing, permissive, disabled.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "mac", Path: "/selinux/configured", Type: Type{Kind: KindString}, Unit: "", How: "SELINUX of /etc/selinux/config", Doc: "Mode at the next start.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "mac", Path: "/selinux/policy", Type: Type{Kind: KindString}, Unit: "", How: "SELINUXTYPE of the same file", Doc: "targeted, mls.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "mac", Path: "/active", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "What confines programs now: apparmor, selinux (also when permissive), none.", NeedsRoot: false, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "boot", Population: "hosts", Title: "Boot protection", Doc: "Who can change how the host starts.", Since: 2, Type: Type{Kind: KindObject, Object: &objectBoot}, Facts: []Fact{
			{Section: "boot", Path: "/loader", Type: Type{Kind: KindString}, Unit: "", How: "files below /boot and /boot/efi", Doc: "grub, systemd-boot, other (a kernel image and no loader that is known); absent where the host has no kernel of its own.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/grub/config", Type: Type{Kind: KindString}, Unit: "", How: "/boot/grub/grub.cfg, /boot/grub2/grub.cfg, grub.cfg below /boot/efi", Doc: "File that was read; all of /grub is absent without GRUB.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/grub/mode", Type: Type{Kind: KindInt}, Unit: "", How: "stat(2)", Doc: "Permission bits of that file as a number.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/grub/mode_octal", Type: Type{Kind: KindString}, Unit: "", How: "stat(2)", Doc: "The same as text.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/grub/uid", Type: Type{Kind: KindInt}, Unit: "", How: "stat(2)", Doc: "Owner.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/grub/gid", Type: Type{Kind: KindInt}, Unit: "", How: "stat(2)", Doc: "Group.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/grub/password", Type: Type{Kind: KindBool}, Unit: "", How: "set superusers with password_pbkdf2 in it, or GRUB2_PASSWORD of user.cfg", Doc: "True when changing an entry asks for a password.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "boot", Path: "/firmware", Type: Type{Kind: KindString}, Unit: "", How: "/sys/firmware/efi", Doc: "uefi or bios.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/secure_boot", Type: Type{Kind: KindString}, Unit: "", How: "SecureBoot and SetupMode of efivars", Doc: "enabled, disabled, setup (keys are not enrolled); absent without UEFI.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/cmdline", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "/proc/cmdline", Doc: "Arguments of the running kernel in their order; values of those whose name says password, secret, key or token are left out.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "boot", Path: "/single_user_password", Type: Type{Kind: KindBool}, Unit: "", How: "sulogin in rescue.service and emergency.service without SYSTEMD_SULOGIN_FORCE; sulogin in inittab; rc_shell of rc.conf", Doc: "True when the rescue modes ask for root's password.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "boot", Path: "/lockdown", Type: Type{Kind: KindString}, Unit: "", How: "/sys/kernel/security/lockdown", Doc: "none, integrity, confidentiality; absent where the kernel has none.", NeedsRoot: false, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "special_files", Population: "hosts", Title: "Special files", Doc: "Files with raised rights and files that everybody can change, found by one walk over the local file systems that are mounted, each once, at low priority and at most once an hour. Left out are network, kernel and memory file systems but tmpfs, and the layers of containers (/var/lib/docker, /var/lib/containers, /var/lib/containerd, /var/lib/lxc, /var/lib/kubelet, snapshots below /snap). Each list holds the first 1,000 in the order of their paths; counts are whole.", Since: 2, Type: Type{Kind: KindObject, Object: &objectSpecialFiles}, Facts: []Fact{
			{Section: "special_files", Path: "/suid", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", How: "walk", Doc: "Files with the set-user-id or set-group-id bit, where the file system honours them (no nosuid).", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "special_files", Path: "/suid_count", Type: Type{Kind: KindInt}, Unit: "", How: "walk", Doc: "How many there are.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "special_files", Path: "/writable_files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", How: "walk", Doc: "Files that everybody may write.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "special_files", Path: "/writable_files_count", Type: Type{Kind: KindInt}, Unit: "", How: "walk", Doc: "How many there are.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "special_files", Path: "/writable_dirs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", How: "walk", Doc: "Directories that everybody may write and that have no sticky bit.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "special_files", Path: "/writable_dirs_count", Type: Type{Kind: KindInt}, Unit: "", How: "walk", Doc: "How many there are.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "special_files", Path: "/unowned", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSpecialFile}}, Unit: "", How: "walk; /etc/passwd, /etc/group", Doc: "Files and directories whose owner or group has no name. Ids of systemd's dynamic users (61184 to 65519) count as named. Not observed where nsswitch.conf takes accounts from elsewhere as well.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "special_files", Path: "/unowned_count", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "How many there are.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "special_files", Path: "/roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "/proc/self/mountinfo", Doc: "Mount points that were walked, sorted.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "special_files", Path: "/skipped", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same", Doc: "What was left out and why, sorted; file systems of the kernel itself are not named.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "special_files", Path: "/truncated", Type: Type{Kind: KindBool}, Unit: "", How: "counted", Doc: "True when a list is longer than what is sent of it.", NeedsRoot: true, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "watching", Population: "hosts", Title: "Watching of files", Doc: "How the agent watches files on this host, which trees, and what they are compared with. It is said by the agent that runs: an inventory that is read by hand does not have it. Times and counts are coarse, so that nothing travels while nothing happens.", Since: 6, Type: Type{Kind: KindObject, Object: &objectWatching}, Facts: []Fact{
			{Section: "watching", Path: "/mode", Type: Type{Kind: KindString}, Unit: "", How: "the agent itself", Doc: "fanotify (tells who), inotify, polling; starting (the first baseline is being made), off (by its settings), failed.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/reason", Type: Type{Kind: KindString}, Unit: "", How: "the agent itself", Doc: "Why it is off or failed, empty otherwise.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/since", Type: Type{Kind: KindString}, Unit: "", How: "the agent itself", Doc: "Since when it is in this mode, UTC.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/refused", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWatchingRefusal}}, Unit: "", How: "fanotify_init, fanotify_mark, inotify_add_watch", Doc: "Better ways, and why they are not in force.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/who", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the agent itself", Doc: "What is known of the processes that change files, and from what.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "settings, and what is there", Doc: "Trees that are watched, sorted.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/content_roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "settings; nginx and Apache configuration", Doc: "Of them those that are given out to others, sorted: web roots and declared content.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/not_there", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "settings", Doc: "Declared trees that do not exist.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/added_roots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "settings, and what is there", Doc: "Trees that are watched and were not when the baseline was made: everything in them counts as added.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/excluded", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "baseline", Doc: "Patterns of paths that are left out, as the baseline has them.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/settings_pending", Type: Type{Kind: KindBool}, Unit: "", How: "settings, baseline", Doc: "True when the settings leave out other trees than the baseline; a new baseline takes them in.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/baseline/root", Type: Type{Kind: KindString}, Unit: "", How: "baseline", Doc: "Merkle root of the baseline in force, 64 hex digits; empty while there is none.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/baseline/made", Type: Type{Kind: KindString}, Unit: "", How: "baseline", Doc: "When it was made, UTC, by this host's clock; empty while there is none.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/baseline/entries", Type: Type{Kind: KindInt}, Unit: "", How: "baseline", Doc: "Entries in it.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/baseline/files", Type: Type{Kind: KindInt}, Unit: "", How: "baseline", Doc: "Files in it.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/baseline/bytes", Type: Type{Kind: KindInt}, Unit: "bytes", How: "baseline", Doc: "Bytes of these files.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/baseline/approval", Type: Type{Kind: KindString}, Unit: "", How: "signed approval", Doc: "Id of the approval by which it was taken; empty: nobody has approved it.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/baseline/approved_by", Type: Type{Kind: KindString}, Unit: "", How: "signed approval", Doc: "Id of the person who approved it, usr_…; empty: nobody has.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/rehash/completed", Type: Type{Kind: KindString}, Unit: "", How: "the agent itself", Doc: "Day on which every content had been read anew, whatever times say; empty: not yet.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/overflows", Type: Type{Kind: KindInt}, Unit: "", How: "kernel's queue and the agent's own", Doc: "Times that more happened than could be kept since the agent started; each is followed by a comparison of everything.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/unread", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWatchingGap}}, Unit: "", How: "last comparison", Doc: "What could not be read, the first 50.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/unread_count", Type: Type{Kind: KindInt}, Unit: "", How: "last comparison", Doc: "How many attributes could not be read.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/left_out", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectWatchingGap}}, Unit: "", How: "last comparison", Doc: "Mounts, network file systems and the like that were left out, the first 50.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/problems", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the agent itself", Doc: "What is wrong with watching now: a baseline that was damaged, a disk that is full.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "watching", Path: "/own/program", Type: Type{Kind: KindString}, Unit: "", How: "/proc/self/exe", Doc: "The agent's own program.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/own/program_sha256", Type: Type{Kind: KindString}, Unit: "", How: "/proc/self/exe", Doc: "SHA-256 of the program that runs, 64 hex digits.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/own/settings", Type: Type{Kind: KindString}, Unit: "", How: "settings", Doc: "The agent's configuration file; empty: it has none.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/own/settings_sha256", Type: Type{Kind: KindString}, Unit: "", How: "SHA-256", Doc: "Of that file, 64 hex digits; empty: it has none.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "watching", Path: "/own/key_sha256", Type: Type{Kind: KindString}, Unit: "", How: "certificate", Doc: "SHA-256 of the public key of the agent's certificate, 64 hex digits.", NeedsRoot: false, Complete: false, Since: 6},
		},
			Watch: []string{}},
		{Name: "services", Population: "hosts", Title: "Services and timers", Doc: "Units as files enable them, and apart from that what runs. Without a running service manager the running state cannot be known; enablement is read from files all the same.", Since: 1, Type: Type{Kind: KindObject, Object: &objectServices}, Facts: []Fact{
			{Section: "services", Path: "/manager", Type: Type{Kind: KindString}, Unit: "", How: "which unit files are there", Doc: "Whose files were read: systemd, openrc, none. What runs now is os /service_manager.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "services", Path: "/units", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnit}}, Unit: "", How: "unit files, .wants, .requires and .upholds links, masks, drop-ins; /etc/init.d and /etc/runlevels", Doc: "Services, sockets, timers, paths, mounts and targets by name.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "services", Path: "/running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnitState}}, Unit: "", How: "systemctl list-units --all; rc-status", Doc: "Running state by name, for units that are loaded; not observed where no service manager runs.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "services", Path: "/timers", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectTimer}}, Unit: "", How: "timer unit files", Doc: "Timers by name.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{}},
		{Name: "files", Population: "hosts", Title: "File modes and owners", Doc: "Type, mode and owner of watched files, by absolute path. Names with * are looked up on the host; the rest are always sent, also when nothing is there.", Since: 1, Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectFile}}, Facts: []Fact{
			{Section: "files", Path: "", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectFile}}, Unit: "", How: "lstat(2) and stat(2), for the watch list", Doc: "Watched files by absolute path.", NeedsRoot: false, Complete: false, Since: 1},
		},
			Watch: []string{"/etc/passwd",
				"/etc/passwd-",
				"/etc/shadow",
				"/etc/shadow-",
				"/etc/group",
				"/etc/group-",
				"/etc/gshadow",
				"/etc/gshadow-",
				"/etc/security/opasswd",
				"/etc/sudoers",
				"/etc/sudoers.d",
				"/etc/sudoers.d/*",
				"/etc/ssh/sshd_config",
				"/etc/ssh/sshd_config.d",
				"/etc/ssh/sshd_config.d/*.conf",
				"/etc/ssh/ssh_host_*_key",
				"/etc/ssh/ssh_host_*_key.pub",
				"/etc/crontab",
				"/etc/cron.d",
				"/etc/cron.hourly",
				"/etc/cron.daily",
				"/etc/cron.weekly",
				"/etc/cron.monthly",
				"/etc/cron.allow",
				"/etc/cron.deny",
				"/etc/at.allow",
				"/etc/at.deny",
				"/etc/motd",
				"/etc/issue",
				"/etc/issue.net",
				"/etc/hosts.equiv",
				"/etc/shells",
				"/etc/login.defs",
				"/etc/profile",
				"/etc/fstab",
				"/etc/sysctl.conf",
				"/etc/ld.so.preload",
				"/etc/audit",
				"/etc/audit/auditd.conf",
				"/etc/pam.d",
				"/boot/grub/grub.cfg",
				"/boot/grub2/grub.cfg",
				"/boot/grub2/user.cfg",
				"/etc/audit/rules.d",
				"/etc/audit/audit.rules",
				"/var/log/audit",
				"/var/spool/cron",
				"/var/spool/cron/crontabs",
				"/etc/security/pwquality.conf",
				"/etc/security/faillock.conf",
				"/etc/nsswitch.conf",
				"/etc/rsyslog.conf",
				"/etc/systemd/journald.conf",
				"/etc/bash.bashrc",
				"/etc/environment",
				"/etc/hosts",
				"/etc/services",
				"/usr/bin/sudo",
				"/usr/bin/su",
				"/etc/apt/sources.list",
				"/root",
				"/tmp",
				"/var/tmp",
				"/var/log",
				"/usr/sbin/aide",
				"/usr/bin/aide",
				"/etc/docker",
				"/etc/docker/daemon.json",
				"/etc/docker/certs.d",
				"/etc/containers/policy.json",
				"/etc/containers/registries.conf",
				"/usr/lib/systemd/system/docker.service",
				"/usr/lib/systemd/system/docker.socket",
				"/usr/lib/systemd/system/containerd.service",
				"/run/docker.sock",
				"/run/containerd/containerd.sock",
				"/run/podman/podman.sock",
				"/run/crio/crio.sock",
				"/var/lib/docker",
				"/var/lib/containers/storage",
			}},
		{Name: "ports", Population: "hosts", Title: "Listening ports", Doc: "Sockets that wait for others to connect.", Since: 1, Type: Type{Kind: KindObject, Object: &objectPorts}, Facts: []Fact{
			{Section: "ports", Path: "/listening", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSocket}}, Unit: "", How: "sock_diag netlink, else /proc/net; process by /proc/*/fd", Doc: "TCP sockets that listen and UDP sockets that are bound and unconnected; sorted by protocol, address and port. Without root the process of other users' sockets is missing.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{}},
		{Name: "flows", Population: "hosts", Title: "Connections", Doc: "With whom this host was connected within the last hour, looked at every minute. Connections within the host are left out. More than 4,096 kinds are not kept. What a firewall drops is no connection.", Since: 6, Type: Type{Kind: KindObject, Object: &objectFlows}, Facts: []Fact{
			{Section: "flows", Path: "/flows", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFlow}}, Unit: "", How: "netlink sock_diag: TCP that is or lately was established, connected UDP; /proc/PID/net of processes in other network namespaces; /proc/net/nf_conntrack", Doc: "Kinds of connections, sorted.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "flows", Path: "/conntrack", Type: Type{Kind: KindBool}, Unit: "", How: "/proc/net/nf_conntrack", Doc: "True when the table of tracked connections was read as well; without it UDP that comes in, and what passes through, is not seen.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "flows", Path: "/overflow", Type: Type{Kind: KindBool}, Unit: "", How: "counted", Doc: "True when some kinds of connections of the last hour were not kept.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "flows", Path: "/unseen", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "/proc/PID/ns/net", Doc: "Network namespaces that could not be looked into, by a process in each, and why.", NeedsRoot: false, Complete: true, Since: 6},
		},
			Watch: []string{}},
		{Name: "clock", Population: "hosts", Title: "Clock", Doc: "Whether the host's clock is kept right, and by what. Offsets are rounded so that the section changes only when the clock does; the offset against the server is measured with every batch.", Since: 1, Type: Type{Kind: KindObject, Object: &objectClock}, Facts: []Fact{
			{Section: "clock", Path: "/synchronised", Type: Type{Kind: KindBool}, Unit: "", How: "adjtimex(2)", Doc: "True when the kernel says that a time service keeps the clock.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/source", Type: Type{Kind: KindString}, Unit: "", How: "names of running processes, else the kernel", Doc: "What keeps it: chrony, ntpd, ntpsec, openntpd, timesyncd, busybox, kernel (synchronised, by what is unknown), none.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/offset_us", Type: Type{Kind: KindInt}, Unit: "microseconds", How: "chronyc tracking; else adjtimex(2)", Doc: "Host clock minus reference, rounded to 10,000; absent where nothing keeps the clock.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/max_error_us", Type: Type{Kind: KindInt}, Unit: "microseconds", How: "adjtimex(2)", Doc: "Largest error the kernel allows for, rounded up to whole seconds; 16,000,000 and more means never set.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "chrony.conf, ntp.conf, ntpd.conf, timesyncd.conf and their drop-ins", Doc: "Time servers and pools that the files name, sorted.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "clock", Path: "/timezone", Type: Type{Kind: KindString}, Unit: "", How: "/etc/localtime, /etc/timezone", Doc: "Such as Etc/UTC; empty when it cannot be told.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/sources", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectTimeSource}}, Unit: "", How: "chronyc sources", Doc: "Sources that the time service measures, sorted; absent where chrony does not run.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "clock", Path: "/stratum", Type: Type{Kind: KindInt}, Unit: "", How: "chronyc tracking", Doc: "Steps from a clock; absent where chrony does not run or has not set the clock.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "clock", Path: "/leap", Type: Type{Kind: KindString}, Unit: "", How: "chronyc tracking", Doc: "normal, insert second, delete second, not synchronised; absent where chrony does not run.", NeedsRoot: false, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "network", Population: "hosts", Title: "Network", Doc: "Interfaces with their addresses, routes, and how names are looked up.", Since: 2, Type: Type{Kind: KindObject, Object: &objectNetwork}, Facts: []Fact{
			{Section: "network", Path: "/interfaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectInterface}}, Unit: "", How: "rtnetlink dump of links and addresses", Doc: "Interfaces of this network namespace, sorted by name.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "network", Path: "/routes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectRoute}}, Unit: "", How: "rtnetlink dump of routes", Doc: "Routes of all tables but that of local addresses, sorted; at most 10,000.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "network", Path: "/resolvers/servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "nameserver lines of /etc/resolv.conf", Doc: "Name servers in their order.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "network", Path: "/resolvers/upstream", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "/run/systemd/resolve/resolv.conf, where servers names the resolver of this host", Doc: "Name servers that the resolver of this host asks; absent where there is none.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "network", Path: "/resolvers/search", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "search and domain lines of /etc/resolv.conf", Doc: "Domains that are appended.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "network", Path: "/resolvers/options", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "options lines of /etc/resolv.conf", Doc: "Options, sorted.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "network", Path: "/resolvers/manager", Type: Type{Kind: KindString}, Unit: "", How: "where /etc/resolv.conf leads, and its comment", Doc: "Who writes the file: systemd-resolved, networkmanager, resolvconf, dhclient, docker, or file (somebody by hand).", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "network", Path: "/hosts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHostsEntry}}, Unit: "", How: "/etc/hosts", Doc: "Names that are looked up in the file first.", NeedsRoot: false, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "neighbours", Population: "hosts", Title: "Neighbours", Doc: "Machines that this host has met on its own links (ARP, NDP): for holding other inventories against. Nothing is probed. It is a section of its own, since it changes more often than the host's own network.", Since: 2, Type: Type{Kind: KindObject, Object: &objectNeighbours}, Facts: []Fact{
			{Section: "neighbours", Path: "/entries", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNeighbour}}, Unit: "", How: "rtnetlink dump of neighbours", Doc: "Sorted; entries without a hardware address are left out; at most 4,096.", NeedsRoot: false, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "firewall", Population: "hosts", Title: "Firewall", Doc: "The packet filter that is in force, whichever of nftables and iptables it was made with, in one model; and apart from that what the files of the firewall programs would load at the next start. /input and /open are derived: they follow a packet of a new connection from nowhere in particular to a port that nobody names through the chains.", Since: 2, Type: Type{Kind: KindObject, Object: &objectFirewall}, Facts: []Fact{
			{Section: "firewall", Path: "/engines", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "netlink NFT_MSG_GETTABLE; /proc/net/ip_tables_names", Doc: "Engines that hold tables: iptables-legacy, iptables-nft, nft; empty when nothing filters.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/chains", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallChain}}, Unit: "", How: "nft -j list ruleset; iptables-save, ip6tables-save", Doc: "Chains in force.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRule}}, Unit: "", How: "the same", Doc: "Rules in force, in their order; at most 5,000.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/zero", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "counter of nft -j list ruleset; iptables-save -c", Doc: "Rules that no packet has met since they were loaded, as engine, family, table, chain and place: nft inet filter input 3. Numbers are not sent: they are news each time.", NeedsRoot: true, Complete: true, Since: 6},
			{Section: "firewall", Path: "/uncounted", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same", Doc: "Rules that do not count: those of nftables without the word counter.", NeedsRoot: true, Complete: true, Since: 6},
			{Section: "firewall", Path: "/input/ip4", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "What becomes of an IPv4 packet to this host that no rule mentions: drop, reject, accept, none (nothing filters). Where tcp and udp differ, the more open one.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/input/ip6", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "The same for IPv6.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/input/ip4_by", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "What decides that, in words.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/input/ip6_by", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "The same for IPv6.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/forward/ip4", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "The same for packets that this host hands on.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/forward/ip6", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "The same for IPv6.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/open/any_any", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "derived", Doc: "Rules that let everything in, from everybody, in words.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/open/interfaces", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "derived", Doc: "Interfaces other than loopback from which everything is let in; sorted.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/open/ports", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectOpenPort}}, Unit: "", How: "derived", Doc: "Ports that a rule opens for everybody. A rule before it that drops some of them is not taken into account.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/persisted/managers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallManager}}, Unit: "", How: "files of nftables, ufw, firewalld, netfilter-persistent and the iptables services", Doc: "Programs whose files are there.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/persisted/ip4", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "The strictest that a program which starts at boot gives: drop, reject, accept; none when none does.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/persisted/ip6", Type: Type{Kind: KindString}, Unit: "", How: "derived", Doc: "The same for IPv6.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "firewall", Path: "/persisted/chains", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallChain}}, Unit: "", How: "nftables.conf and what it includes; rules.v4 and rules.v6", Doc: "Chains that files of nftables and iptables would load.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "firewall", Path: "/differences", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "chains, policies and numbers of rules, running against persisted", Doc: "In what the running filter differs from the file of the program that starts at boot, in words. Chains that container engines, fail2ban and libvirt add at run time are left out.", NeedsRoot: true, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "storage", Population: "hosts", Title: "Storage and encryption", Doc: "Block devices, what lies on what, and which file systems and swap areas rest on an encrypted device. Encryption below the host (a cloud's disks) or above block devices (ZFS, fscrypt, eCryptfs) cannot be seen here.", Since: 2, Type: Type{Kind: KindObject, Object: &objectStorage}, Facts: []Fact{
			{Section: "storage", Path: "/devices", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBlockDevice}}, Unit: "", How: "/sys/class/block, /sys/block/*/dm/uuid, slaves", Doc: "Block devices, sorted; empty loop and RAM devices are left out.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "storage", Path: "/mounts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectStorageMount}}, Unit: "", How: "/proc/self/mountinfo, device numbers against /sys/class/block", Doc: "Mounted file systems that lie on a block device, by target; one of several on one target, the one on top.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "storage", Path: "/swaps", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSwapArea}}, Unit: "", How: "/proc/swaps", Doc: "Swap in use.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "storage", Path: "/crypttab", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCrypttabEntry}}, Unit: "", How: "/etc/crypttab", Doc: "Devices that are opened at boot; empty where there is no file.", NeedsRoot: false, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "usb", Population: "hosts", Title: "USB", Doc: "USB devices that are plugged in, and what keeps storage devices from being used.", Since: 2, Type: Type{Kind: KindObject, Object: &objectUsb}, Facts: []Fact{
			{Section: "usb", Path: "/devices", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectUsbDevice}}, Unit: "", How: "/sys/bus/usb/devices", Doc: "Devices, sorted by bus and port; root hubs are left out. Absent where the kernel has no USB bus.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "usb", Path: "/authorized_default", Type: Type{Kind: KindBool}, Unit: "", How: "authorized_default of the root hubs", Doc: "True when a new device may be used at once; absent where there is no bus.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "usb", Path: "/storage/loaded", Type: Type{Kind: KindBool}, Unit: "", How: "/proc/modules", Doc: "True when the module usb-storage or uas is loaded.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "usb", Path: "/storage/blocked", Type: Type{Kind: KindBool}, Unit: "", How: "install and blacklist lines of modprobe.d", Doc: "True when usb-storage cannot be loaded: install usb-storage /bin/false (or true, or false without path). A blacklist line alone does not keep it from being loaded by name.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "usb", Path: "/storage/blocked_by", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "File and line that says so; empty when none does.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "usb", Path: "/guard/installed", Type: Type{Kind: KindBool}, Unit: "", How: "/usr/sbin/usbguard-daemon", Doc: "True when USBGuard is there; the rest of /guard is absent when it is not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "usb", Path: "/guard/policy", Type: Type{Kind: KindString}, Unit: "", How: "ImplicitPolicyTarget of usbguard-daemon.conf", Doc: "What becomes of a device that no rule names: allow, block, reject.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "usb", Path: "/guard/rules", Type: Type{Kind: KindInt}, Unit: "", How: "/etc/usbguard/rules.conf and rules.d", Doc: "Number of rules.", NeedsRoot: true, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "malware", Population: "hosts", Title: "Protection against malware", Doc: "Which known products are there, whether they run, and how old the signatures of ClamAV are.", Since: 2, Type: Type{Kind: KindObject, Object: &objectMalware}, Facts: []Fact{
			{Section: "malware", Path: "/products", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectMalwareProduct}}, Unit: "", How: "paths of known products, names of running processes", Doc: "Known products that are installed, sorted. One that is not known here is not listed.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "malware", Path: "/clamav/installed", Type: Type{Kind: KindBool}, Unit: "", How: "clamscan, clamd", Doc: "True when ClamAV is there; the rest of /clamav is absent when it is not.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "malware", Path: "/clamav/daemon_running", Type: Type{Kind: KindBool}, Unit: "", How: "process clamd", Doc: "True when the scanning service runs.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "malware", Path: "/clamav/on_access_running", Type: Type{Kind: KindBool}, Unit: "", How: "process clamonacc", Doc: "True when files are scanned when they are opened.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "malware", Path: "/clamav/updater_running", Type: Type{Kind: KindBool}, Unit: "", How: "process freshclam, or a timer or cron file of it", Doc: "True when signatures are updated by themselves.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "malware", Path: "/clamav/databases", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectClamavDatabase}}, Unit: "", How: "headers of *.cvd, *.cld and *.cud in the database directory", Doc: "Signature databases, sorted.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "malware", Path: "/clamav/signature_age_days", Type: Type{Kind: KindInt}, Unit: "days", How: "newest of the headers against this host's clock", Doc: "Whole days since the newest database was made; absent where there is none.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "malware", Path: "/clamav/last_scan_us", Type: Type{Kind: KindInt}, Unit: "microseconds since 1970", How: "End Date of the newest log of clamscan or clamdscan below /var/log/clamav, else its time of change", Doc: "When a scan last ended; absent where no log says so.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "malware", Path: "/clamav/last_scan_days", Type: Type{Kind: KindInt}, Unit: "days", How: "the same", Doc: "Whole days since then.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "malware", Path: "/clamav/last_scan_infected", Type: Type{Kind: KindInt}, Unit: "", How: "Infected files of that log", Doc: "Infected files that it found.", NeedsRoot: false, Complete: false, Since: 2},
		},
			Watch: []string{}},
		{Name: "containers", Population: "hosts", Title: "Containers", Doc: "Container engines, how they are set up, and what they run. Docker is asked over its socket, podman's own store is read from files. Images and containers of containerd and CRI-O are not read: their runtimes are listed, no more.", Since: 2, Type: Type{Kind: KindObject, Object: &objectContainers}, Facts: []Fact{
			{Section: "containers", Path: "/runtimes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainerRuntime}}, Unit: "", How: "programs, processes, sockets, daemon.json and command line", Doc: "Engines that are installed, sorted.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "containers", Path: "/docker/config", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", How: "/etc/docker/daemon.json, then the options of the running dockerd", Doc: "Settings by name as daemon.json calls them, lists joined by a comma, objects as name.key. Credentials in addresses are left out. Absent where Docker is not installed.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "containers", Path: "/docker/reachable", Type: Type{Kind: KindBool}, Unit: "", How: "GET /info over its socket", Doc: "True when the engine answered; absent where Docker is not installed or does not run.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "containers", Path: "/docker/version", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "Version of the engine.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "containers", Path: "/docker/root", Type: Type{Kind: KindString}, Unit: "", How: "GET /info; else data-root of the configuration", Doc: "Directory of images and containers: /var/lib/docker.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "containers", Path: "/docker/live_restore", Type: Type{Kind: KindBool}, Unit: "", How: "GET /info", Doc: "True when containers go on while the engine restarts.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "containers", Path: "/docker/log_driver", Type: Type{Kind: KindString}, Unit: "", How: "GET /info", Doc: "Where output goes unless a container says otherwise.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "containers", Path: "/docker/security", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "SecurityOptions of GET /info", Doc: "apparmor, seccomp, selinux, userns, rootless, cgroupns, no-new-privileges; with the seccomp profile as seccomp=builtin; sorted.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "containers", Path: "/docker/insecure_registries", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "RegistryConfig of GET /info", Doc: "Registries that are trusted without a certificate; 127.0.0.0/8 and ::1/128, which always are, are left out.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "containers", Path: "/docker/icc", Type: Type{Kind: KindBool}, Unit: "", How: "enable_icc of GET /networks/bridge", Doc: "True when containers on the default bridge reach each other.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "containers", Path: "/docker/swarm", Type: Type{Kind: KindString}, Unit: "", How: "GET /info", Doc: "State of swarm mode: inactive, active.", NeedsRoot: true, Complete: false, Since: 2},
			{Section: "containers", Path: "/podman/policy", Type: Type{Kind: KindString}, Unit: "", How: "default of /etc/containers/policy.json", Doc: "What is asked of an image that no other rule names: insecureAcceptAnything, reject, signedBy, sigstoreSigned. Absent where podman is not installed.", NeedsRoot: false, Complete: false, Since: 2},
			{Section: "containers", Path: "/podman/insecure_registries", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "/etc/containers/registries.conf and registries.conf.d", Doc: "Registries that are trusted without a certificate.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "containers", Path: "/podman/unqualified_search", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same", Doc: "Registries that a short name is looked up in.", NeedsRoot: false, Complete: true, Since: 2},
			{Section: "containers", Path: "/containers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainer}}, Unit: "", How: "GET /containers of Docker; store of podman in /var/lib/containers/storage", Doc: "Containers of the host's engines, sorted; at most 500. Those of users' own (rootless) podman are not read.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "containers", Path: "/images", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectContainerImage}}, Unit: "", How: "the same", Doc: "Images, sorted; at most 1,000.", NeedsRoot: true, Complete: true, Since: 2},
			{Section: "containers", Path: "/audited", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "-w, path= and dir= of /etc/audit/rules.d and audit.rules", Doc: "Paths that the files of the audit service watch, sorted.", NeedsRoot: true, Complete: true, Since: 2},
		},
			Watch: []string{}},
		{Name: "haproxy", Population: "hosts", Title: "HAProxy", Doc: "The load balancer HAProxy: what its files say with all that proxies inherit, and what runs, asked over its stats socket. Read is the instance that runs (the first by its number), else the one that its unit would start. Passwords, keys and texts of answers are not facts.", Since: 5, Type: Type{Kind: KindObject, Object: &objectHaproxy}, Facts: []Fact{
			{Section: "haproxy", Path: "/installed", Type: Type{Kind: KindBool}, Unit: "", How: "/usr/sbin/haproxy and other usual places", Doc: "True when HAProxy is installed.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "-f of its command line, of ExecStart of haproxy.service with its environment files, else /etc/haproxy/haproxy.cfg; of a directory its *.cfg", Doc: "Configuration files in the order in which they are read.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/others", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "command lines of processes", Doc: "Files of further instances that run on the host, which are not read; one text each. Those in containers are left out.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/valid", Type: Type{Kind: KindBool}, Unit: "", How: "haproxy -c -f with the same files", Doc: "True when HAProxy takes the files as they are on disk.", NeedsRoot: true, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/problem", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "File and line of the first thing that it refuses, with its words where they cannot hold a secret; empty when it takes them.", NeedsRoot: true, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/persisted/user", Type: Type{Kind: KindString}, Unit: "", How: "user or uid of the global section", Doc: "Account that it runs as; empty when none is given.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/persisted/chroot", Type: Type{Kind: KindString}, Unit: "", How: "chroot", Doc: "Directory that it is locked into; empty when none.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/persisted/maxconn", Type: Type{Kind: KindInt}, Unit: "", How: "maxconn of the global section", Doc: "Most connections at a time; 0 when none is given, and the limit of open files decides.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/persisted/logs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerLog}}, Unit: "", How: "log of the global section and of proxies", Doc: "Where messages are sent, each once.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/persisted/sockets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxySocket}}, Unit: "", How: "stats socket", Doc: "Sockets for commands.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/persisted/listeners", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerListener}}, Unit: "", How: "bind; ssl-default-bind-options and -ciphers of the global section", Doc: "Addresses on which frontends and listen sections take connections. Defaults of TLS are those of HAProxy 2.2 and newer.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/persisted/frontends", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyFrontend}}, Unit: "", How: "frontend and listen sections with their defaults", Doc: "Frontends.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/persisted/backends", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyBackend}}, Unit: "", How: "backend and listen sections with their defaults", Doc: "Backends that have servers.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/persisted/targets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerTarget}}, Unit: "", How: "server, server-template, default-server", Doc: "Servers behind it; at most 2,000.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/persisted/stats", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerStats}}, Unit: "", How: "stats; prometheus-exporter", Doc: "Pages that show its state.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/persisted/userlists", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyUserlist}}, Unit: "", How: "userlist sections", Doc: "Lists of users.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/running/user", Type: Type{Kind: KindString}, Unit: "", How: "owner of the worker process", Doc: "Account that it runs as now.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/running/stale", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "modification times of the files, start of the worker process", Doc: "Files that were changed after what runs was started: they are not in force yet.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/running/version", Type: Type{Kind: KindString}, Unit: "", How: "show info", Doc: "Version that runs.", NeedsRoot: true, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/running/maxconn", Type: Type{Kind: KindInt}, Unit: "", How: "show info", Doc: "Most connections at a time.", NeedsRoot: true, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/running/use_percent", Type: Type{Kind: KindInt}, Unit: "", How: "show info", Doc: "Connections now of that limit, in steps of ten.", NeedsRoot: true, Complete: false, Since: 5},
			{Section: "haproxy", Path: "/running/proxies", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectHaproxyProxyState}}, Unit: "", How: "show stat", Doc: "Frontends and backends.", NeedsRoot: true, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/running/targets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerTargetState}}, Unit: "", How: "show stat", Doc: "Servers, each with its state; at most 2,000.", NeedsRoot: true, Complete: true, Since: 5},
			{Section: "haproxy", Path: "/difference", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "show stat against the files", Doc: "Frontends, backends and servers that run and do not stand in the files, or the other way round.", NeedsRoot: true, Complete: true, Since: 5},
		},
			Watch: []string{}},
		{Name: "nginx", Population: "hosts", Title: "nginx", Doc: "The web server nginx as a load balancer: what its files say with all that blocks inherit, and what runs. nginx does not tell whether a server behind it is up. Read is the instance that runs (the first by its number), else the packaged configuration.", Since: 5, Type: Type{Kind: KindObject, Object: &objectNginx}, Facts: []Fact{
			{Section: "nginx", Path: "/installed", Type: Type{Kind: KindBool}, Unit: "", How: "/usr/sbin/nginx and other usual places", Doc: "True when nginx is installed.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "nginx", Path: "/files", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "-c of the master process, else /etc/nginx/nginx.conf; include", Doc: "Configuration files, included ones too, in the order in which they are read.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/others", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "titles of master processes", Doc: "Files of further instances that run on the host, which are not read. Those in containers are left out.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/valid", Type: Type{Kind: KindBool}, Unit: "", How: "nginx -t with the same files, while it runs", Doc: "True when nginx takes the files as they are on disk. Asked only while it runs: then the files and directories that nginx -t makes are there already.", NeedsRoot: true, Complete: false, Since: 5},
			{Section: "nginx", Path: "/problem", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "File and line of the first thing that it refuses, with its words where they cannot hold a secret; empty when it takes them.", NeedsRoot: true, Complete: false, Since: 5},
			{Section: "nginx", Path: "/persisted/user", Type: Type{Kind: KindString}, Unit: "", How: "user", Doc: "Account of its workers; empty when none is given.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "nginx", Path: "/persisted/worker_connections", Type: Type{Kind: KindInt}, Unit: "", How: "worker_connections", Doc: "Most connections of one worker at a time; 512 when none is given.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "nginx", Path: "/persisted/logs", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerLog}}, Unit: "", How: "access_log, error_log", Doc: "Where messages are sent, each once.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/persisted/listeners", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerListener}}, Unit: "", How: "listen, ssl_*, of http and stream", Doc: "Addresses on which server blocks take connections. Defaults of TLS are those of nginx 1.27.3 and newer (TLS 1.2 and 1.3); before, they were TLS 1.0 to 1.2 and, from 1.23.4, 1.3: what is not set counts as those while a version before 1.27.3 runs or its version is not known.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/persisted/servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNginxServer}}, Unit: "", How: "server blocks of http and stream", Doc: "Servers.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/persisted/upstreams", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNginxUpstream}}, Unit: "", How: "upstream", Doc: "Groups of servers behind it.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/persisted/targets", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerTarget}}, Unit: "", How: "server of upstream", Doc: "Servers behind it; at most 2,000.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/persisted/passes", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectNginxPass}}, Unit: "", How: "proxy_pass, grpc_pass, fastcgi_pass, uwsgi_pass, scgi_pass", Doc: "Places that pass requests on.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/persisted/stats", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectBalancerStats}}, Unit: "", How: "stub_status", Doc: "Pages that show its state.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/running/user", Type: Type{Kind: KindString}, Unit: "", How: "owner of the worker processes", Doc: "Account that its workers run as now; the first by name when they differ.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "nginx", Path: "/running/workers", Type: Type{Kind: KindInt}, Unit: "", How: "worker processes", Doc: "How many workers run.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "nginx", Path: "/running/stale", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "modification times of the files, start of the workers", Doc: "Files that were changed after the workers were started: they are not in force yet.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "nginx", Path: "/running/use_percent", Type: Type{Kind: KindInt}, Unit: "", How: "GET of a stub_status page on a local address, without TLS, within 2 seconds", Doc: "Connections now of what all workers take, in steps of ten. Not observed where no such page is declared on a local address.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "nginx", Path: "/running/dropped", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Connections that were taken and dropped since nginx was started, for want of room.", NeedsRoot: false, Complete: false, Since: 5},
		},
			Watch: []string{}},
		{Name: "pg_server", Population: "databases", Title: "PostgreSQL server", Doc: "Which PostgreSQL answers, and as whom it is asked.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgServer}, Facts: []Fact{
			{Section: "pg_server", Path: "/version", Type: Type{Kind: KindString}, Unit: "", How: "server_version", Doc: "Version as the server says it: 16.4 (Debian 16.4-1.pgdg120+1).", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_server", Path: "/number", Type: Type{Kind: KindString}, Unit: "", How: "server_version_num", Doc: "Version without what a distribution adds: 16.4.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_server", Path: "/major", Type: Type{Kind: KindInt}, Unit: "", How: "server_version_num", Doc: "Major version.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_server", Path: "/recovery", Type: Type{Kind: KindBool}, Unit: "", How: "pg_is_in_recovery()", Doc: "True on a standby.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_server", Path: "/role", Type: Type{Kind: KindString}, Unit: "", How: "current_user", Doc: "Role that Attesta connects as.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_server", Path: "/role_superuser", Type: Type{Kind: KindBool}, Unit: "", How: "pg_roles", Doc: "True when that role is a superuser.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_server", Path: "/role_writes", Type: Type{Kind: KindBool}, Unit: "", How: "pg_has_role, has_database_privilege, pg_roles", Doc: "True when that role may create databases, roles, schemas or files, or is in pg_write_all_data.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_server", Path: "/pending_restart", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_settings.pending_restart", Doc: "Settings whose files say something else than what is in force until the next start, sorted.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_server", Path: "/file_errors", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_file_settings.error", Doc: "Lines of the configuration files that cannot be applied, as file name and line.", NeedsRoot: false, Complete: true, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_support", Population: "databases", Title: "Support of the version", Doc: "Until when the community corrects this major version. A section of its own, since it changes every day.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgSupport}, Facts: []Fact{
			{Section: "pg_support", Path: "/major", Type: Type{Kind: KindInt}, Unit: "", How: "server_version_num", Doc: "Major version.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_support", Path: "/ends", Type: Type{Kind: KindString}, Unit: "", How: "the community's list, as this program knows it", Doc: "Last day, 2027-11-11; not observed for a version that this program does not know.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_support", Path: "/days_left", Type: Type{Kind: KindInt}, Unit: "days", How: "the same", Doc: "Whole days until then, negative afterwards.", NeedsRoot: false, Complete: false, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_settings", Population: "databases", Title: "Settings in force", Doc: "Settings by name, as they are in force. What this version does not know is absent; what the role may not see is an error.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgSettings}, Facts: []Fact{
			{Section: "pg_settings", Path: "/values", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_settings.setting", Doc: "Values as the server gives them: numbers in the setting's own unit, on and off for yes and no.", NeedsRoot: false, Complete: false, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_roles", Population: "databases", Title: "Roles", Doc: "Roles, what they may do, and how their passwords are kept. A hash never leaves the server.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgRoles}, Facts: []Fact{
			{Section: "pg_roles", Path: "/roles", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgRole}}, Unit: "", How: "pg_roles, pg_auth_members", Doc: "Roles, sorted by name.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_roles", Path: "/passwords", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_authid, or the function attesta.password_kinds() where somebody made it", Doc: "How each role's password is kept: scram-sha-256, md5, other, none.", NeedsRoot: false, Complete: true, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_hba", Population: "databases", Title: "Who may connect from where", Doc: "The rules of pg_hba.conf as the server would read them now, first match wins.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgHba}, Facts: []Fact{
			{Section: "pg_hba", Path: "/rules", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgHbaRule}}, Unit: "", How: "pg_hba_file_rules", Doc: "Rules in their order.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_hba", Path: "/errors", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_hba_file_rules.error", Doc: "Lines that the server cannot read; until they are mended the file is not applied.", NeedsRoot: false, Complete: true, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_tls", Population: "databases", Title: "Encryption of connections", Doc: "Whether the server offers TLS and what it shows.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgTls}, Facts: []Fact{
			{Section: "pg_tls", Path: "/enabled", Type: Type{Kind: KindBool}, Unit: "", How: "setting ssl and a handshake", Doc: "True when TLS is offered. False also where the setting is on and the server refuses, as it does with a key file that others may read.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/own/encrypted", Type: Type{Kind: KindBool}, Unit: "", How: "pg_stat_ssl", Doc: "True when Attesta's own connection is encrypted, or does not leave the machine.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/own/version", Type: Type{Kind: KindString}, Unit: "", How: "pg_stat_ssl", Doc: "TLS version of that connection; absent without TLS.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/certificate/subject", Type: Type{Kind: KindString}, Unit: "", How: "handshake of its own", Doc: "Subject of the server's certificate; absent where TLS is off.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/certificate/issuer", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "Issuer.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/certificate/self_signed", Type: Type{Kind: KindBool}, Unit: "", How: "the same", Doc: "Issuer and subject are the same.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/certificate/names", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same", Doc: "Names and addresses that it is for, sorted.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_tls", Path: "/certificate/key", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "Kind of key: RSA, ECDSA, Ed25519.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/certificate/bits", Type: Type{Kind: KindInt}, Unit: "", How: "the same", Doc: "Length of the key.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_tls", Path: "/certificate/signature", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "How it is signed: SHA256-RSA.", NeedsRoot: false, Complete: false, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_certificate", Population: "databases", Title: "Age of the server's certificate", Doc: "A section of its own, since it changes every day.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgCertificate}, Facts: []Fact{
			{Section: "pg_certificate", Path: "/until", Type: Type{Kind: KindString}, Unit: "", How: "handshake", Doc: "Last day on which the certificate is good, 2027-03-01; absent where TLS is off.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_certificate", Path: "/days_left", Type: Type{Kind: KindInt}, Unit: "days", How: "the same", Doc: "Whole days until then, negative afterwards.", NeedsRoot: false, Complete: false, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_databases", Population: "databases", Title: "Databases of the server", Doc: "Every database of the server, and what every role may do in it.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgDatabases}, Facts: []Fact{
			{Section: "pg_databases", Path: "/databases", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgDatabase}}, Unit: "", How: "pg_database", Doc: "Databases, sorted by name.", NeedsRoot: false, Complete: true, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_objects", Population: "databases", Title: "Inside the connected database", Doc: "Extensions, languages, and what every role may do, in the database of the connection. Other databases of the server need a connection of their own.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgObjects}, Facts: []Fact{
			{Section: "pg_objects", Path: "/database", Type: Type{Kind: KindString}, Unit: "", How: "current_database()", Doc: "The database of the connection.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_objects", Path: "/public_create", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_namespace.nspacl", Doc: "Schemas in which every role may make tables and functions, sorted.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_objects", Path: "/public_tables", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_class.relacl", Doc: "Tables, views and sequences outside the system's schemas and outside extensions that every role may read or write, sorted, the first 200.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_objects", Path: "/extensions", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgExtension}}, Unit: "", How: "pg_extension", Doc: "Extensions, sorted by name.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_objects", Path: "/untrusted_languages", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_language", Doc: "Languages whose functions may do on the machine whatever the server may, sorted; internal and c are left out.", NeedsRoot: false, Complete: true, Since: 3},
			{Section: "pg_objects", Path: "/definer_functions", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "pg_proc", Doc: "Functions outside the system's schemas and outside extensions that run as their owner and do not set search_path, sorted, the first 200.", NeedsRoot: false, Complete: true, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_replication", Population: "databases", Title: "Replication", Doc: "Replication slots.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgReplication}, Facts: []Fact{
			{Section: "pg_replication", Path: "/slots", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectPgSlot}}, Unit: "", How: "pg_replication_slots", Doc: "Slots, sorted by name.", NeedsRoot: false, Complete: true, Since: 3},
		},
			Watch: []string{}},
		{Name: "pg_archive", Population: "databases", Title: "Archiving", Doc: "Whether the log of changes (WAL) is archived, and whether that works.", Since: 3, Type: Type{Kind: KindObject, Object: &objectPgArchive}, Facts: []Fact{
			{Section: "pg_archive", Path: "/configured", Type: Type{Kind: KindBool}, Unit: "", How: "archive_mode with archive_command or archive_library", Doc: "True when something takes finished segments away. On a standby only archive_mode = always counts.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_archive", Path: "/failing", Type: Type{Kind: KindBool}, Unit: "", How: "pg_stat_archiver", Doc: "True when the last attempt failed.", NeedsRoot: false, Complete: false, Since: 3},
			{Section: "pg_archive", Path: "/ever", Type: Type{Kind: KindBool}, Unit: "", How: "pg_stat_archiver", Doc: "True when a segment was archived since the counters began.", NeedsRoot: false, Complete: false, Since: 3},
		},
			Watch: []string{}},
		{Name: "changes", Population: "repositories", Title: "Changes and deployments", Doc: "What of a repository's changes and deployments does not hold, as the register of changes judges them, and nobody has answered for: oldest first, the first 100 of each kind. What is answered for stays in the register as it was judged.", Since: 4, Type: Type{Kind: KindObject, Object: &objectChanges}, Facts: []Fact{
			{Section: "changes", Path: "/branch", Type: Type{Kind: KindString}, Unit: "", How: "settings of the repository", Doc: "The production branch.", NeedsRoot: false, Complete: false, Since: 4},
			{Section: "changes", Path: "/direct", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Changes that were pushed to the production branch without a request, or merged outside of any.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/unproven", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Changes whose message names a request of which nothing, or no merge, was received.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/unapproved", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Changes that came by a request and that nobody else approved before they landed.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/untested", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Changes on whose landed commit no check held before it was deployed.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/unrequested", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Changes that name no ticket.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/unaccepted", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Changes that the rules of the repository ask acceptance for, and that nobody accepted.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/own", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Deployments to production by somebody who wrote some of what they brought.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/unmerged", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Deployments to production of what had not been merged.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/unstaged", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Deployments to production of commits that were in no other environment before.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/rewritten", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Changes whose commit vanished from the production branch.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/emergencies_late", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Emergencies that nobody else reviewed within the hours that the repository sets.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/emergencies_open", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectChangeDeviation}}, Unit: "", How: "register of changes", Doc: "Emergencies that wait for a review and are in time.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/environments", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "deployments that were told of", Doc: "Environments that it was deployed to, sorted.", NeedsRoot: false, Complete: true, Since: 4},
			{Section: "changes", Path: "/shared_hosts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "hosts that deployments name", Doc: "Hosts that deployments to production and to another environment changed, sorted.", NeedsRoot: false, Complete: true, Since: 4},
		},
			Watch: []string{}},
		{Name: "commitment", Population: "capacity", Title: "A commitment on capacity", Doc: "Which hosts exceed a commitment of the capacity plan in force, and of which it is not known: the first 100 of each. Who exceeds it and since when, not by how much: that stands on the page of the host's capacity.", Since: 5, Type: Type{Kind: KindObject, Object: &objectCommitment}, Facts: []Fact{
			{Section: "commitment", Path: "/title", Type: Type{Kind: KindString}, Unit: "", How: "capacity plan", Doc: "What is committed.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "commitment", Path: "/hosts", Type: Type{Kind: KindInt}, Unit: "", How: "capacity plan and hosts", Doc: "Hosts that it is about.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "commitment", Path: "/exceeded", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentExceeded}}, Unit: "", How: "samples of agents", Doc: "Limits that are nearer than the mark; each stays until use fell below where it clears.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "commitment", Path: "/foreseen", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentExceeded}}, Unit: "", How: "forecasts from daily maxima", Doc: "Limits that will be reached within the days of the commitment, as the line goes.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "commitment", Path: "/unobserved", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentGap}}, Unit: "", How: "samples of agents", Doc: "Hosts that it is about and that did not say how much they use.", NeedsRoot: false, Complete: true, Since: 5},
			{Section: "commitment", Path: "/unready", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectCommitmentGap}}, Unit: "", How: "forecasts from daily maxima", Doc: "Hosts whose history is too short for a forecast.", NeedsRoot: false, Complete: true, Since: 5},
		},
			Watch: []string{}},
		{Name: "firewall_review", Population: "firewalls", Title: "A firewall rule set under review", Doc: "What is odd about the rules of one rule set, which many hosts may have in force, or one security group of a cloud; and whether each rule is justified and the set was reviewed. The first 100 of each list.", Since: 6, Type: Type{Kind: KindObject, Object: &objectFirewallReview}, Facts: []Fact{
			{Section: "firewall_review", Path: "/title", Type: Type{Kind: KindString}, Unit: "", How: "register of rule sets", Doc: "Number of the rule set, and who has it.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "firewall_review", Path: "/any_any", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "analysis of the rules", Doc: "Rules that let everybody in to every port of a protocol.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/too_wide", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "analysis of the rules", Doc: "Rules that let half of all addresses or more in to ports of administration or of databases, or to nearly every port.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/shadowed", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "analysis of the rules", Doc: "Rules that never decide: what they are about is decided before them, or no rule leads to their chain.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/redundant", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "analysis of the rules", Doc: "Rules without which every packet would have the same fate.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/unused", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "counters of the rules on every host that has them", Doc: "Rules that no packet has met for 90 days, on any host, and that have counted for as long.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/policies", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "analysis of the rules", Doc: "Chains and hooks where what no rule mentions is let in.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/unjustified", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "register of justifications", Doc: "Rules that let something in and that nobody has justified on every host that has them.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/expired", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "register of justifications", Doc: "Rules whose justification has expired; on some host at least.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/review_overdue", Type: Type{Kind: KindBool}, Unit: "", How: "reviews of the rule set", Doc: "True when the newest approved review is older than six months; of a set that was never reviewed, when it has been in force for 30 days.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "firewall_review", Path: "/last_review", Type: Type{Kind: KindString}, Unit: "", How: "reviews of the rule set", Doc: "Number and day of the newest approved review; empty for none.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "firewall_review", Path: "/drift", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "the rules against the newest approved review", Doc: "Rules that came or went since, without those whose removal it decided. Absent where it was never reviewed.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "firewall_review", Path: "/removals_late", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectFirewallRemark}}, Unit: "", How: "the rules against the newest approved review", Doc: "Rules whose removal was decided more than 30 days ago and that are still in force.", NeedsRoot: false, Complete: true, Since: 6},
		},
			Watch: []string{}},
		{Name: "endpoint", Population: "endpoints", Title: "A laptop, workstation or telephone", Doc: "What the newest list of a device management says of a device, and what the register of people says of whoever has it. What the list does not say is not observed; what cannot be told from its words is an error.", Since: 6, Type: Type{Kind: KindObject, Object: &objectEndpoint}, Facts: []Fact{
			{Section: "endpoint", Path: "/title", Type: Type{Kind: KindString}, Unit: "", How: "list of devices", Doc: "Name of the device and the list that it is of.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/platform", Type: Type{Kind: KindString}, Unit: "", How: "list of devices", Doc: "macos, windows, linux, ios (iPad as well), android, chromeos.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/os_version", Type: Type{Kind: KindString}, Unit: "", How: "list of devices", Doc: "Version of its operating system as the list has it.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/os_release", Type: Type{Kind: KindInt}, Unit: "", How: "list of devices", Doc: "What of the version tells whether its maker still mends it: 15 of macOS 15.3, the build 26100 of Windows 10.0.26100.1, 18 of iOS 18.2, 15 of Android 15. Absent for other platforms.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/encrypted", Type: Type{Kind: KindBool}, Unit: "", How: "list of devices", Doc: "True when all of its disk, or the part it starts from, is encrypted.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/firewall", Type: Type{Kind: KindBool}, Unit: "", How: "list of devices", Doc: "True when its firewall is on. Absent for telephones and ChromeOS.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/protection", Type: Type{Kind: KindBool}, Unit: "", How: "list of devices", Doc: "True when its protection against malware is on. Absent for iOS and ChromeOS.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/lock", Type: Type{Kind: KindBool}, Unit: "", How: "list of devices", Doc: "True when it locks its screen and asks for a password or code.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/seen", Type: Type{Kind: KindBool}, Unit: "", How: "list of devices", Doc: "True when it reported to its management within the days that the list sets.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/last_seen", Type: Type{Kind: KindString}, Unit: "", How: "list of devices", Doc: "Day on which it reported last; sent only while that is too long ago, since it changes daily otherwise.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/owner", Type: Type{Kind: KindString}, Unit: "", How: "register of people and list of devices", Doc: "Who has it: the name in the register of people, else what the list says. Absent of a device that is no one person's.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/owner_known", Type: Type{Kind: KindBool}, Unit: "", How: "register of people and list of devices", Doc: "True when the register of people has whoever has it, by what somebody said, the e-mail address or the login. Absent of a device that is no one person's.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "endpoint", Path: "/owner_here", Type: Type{Kind: KindBool}, Unit: "", How: "register of people and list of devices", Doc: "False when whoever has it has left. Absent where that is not known, or it is no one person's.", NeedsRoot: false, Complete: false, Since: 6},
		},
			Watch: []string{}},
		{Name: "backup", Population: "backups", Title: "A backup", Doc: "What of a backup does not hold, as the register of backups judges it from the runs that were reported and the restores that were tried.", Since: 5, Type: Type{Kind: KindObject, Object: &objectBackup}, Facts: []Fact{
			{Section: "backup", Path: "/title", Type: Type{Kind: KindString}, Unit: "", How: "register of backups", Doc: "What is backed up.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/overdue", Type: Type{Kind: KindBool}, Unit: "", How: "runs that were reported", Doc: "True when the newest good copy is older than the loss that can be borne.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/last_good", Type: Type{Kind: KindString}, Unit: "", How: "runs that were reported", Doc: "Day of the newest good copy; sent only while it is overdue, since it changes with each run otherwise.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/failing", Type: Type{Kind: KindBool}, Unit: "", How: "runs that were reported", Doc: "True when the newest run did not succeed.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/shrunk", Type: Type{Kind: KindBool}, Unit: "", How: "runs that were reported", Doc: "True when the newest good copy is smaller than half of what is usual.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/offsite", Type: Type{Kind: KindBool}, Unit: "", How: "register of backups and runs that were reported", Doc: "True when a copy within the target lies at another place than what it is a copy of.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/encrypted", Type: Type{Kind: KindBool}, Unit: "", How: "register of backups", Doc: "True when the copies are encrypted.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/restored", Type: Type{Kind: KindBool}, Unit: "", How: "register of restore tests", Doc: "True when a restore was tried, and succeeded, within the interval that is set.", NeedsRoot: false, Complete: false, Since: 5},
			{Section: "backup", Path: "/in_time", Type: Type{Kind: KindBool}, Unit: "", How: "register of restore tests", Doc: "True when the newest restore took no longer than the recovery that is promised.", NeedsRoot: false, Complete: false, Since: 5},
		},
			Watch: []string{}},
		{Name: "segment_rule", Population: "segmentation", Title: "A rule between zones", Doc: "What of a rule of the segmentation plan in force does not hold, by the connections that agents saw and those that they tried. The item \"zones\" says which hosts have no zone.", Since: 6, Type: Type{Kind: KindObject, Object: &objectSegmentRule}, Facts: []Fact{
			{Section: "segment_rule", Path: "/title", Type: Type{Kind: KindString}, Unit: "", How: "segmentation plan", Doc: "The rule in words.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "segment_rule", Path: "/forbidden", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSegmentFlow}}, Unit: "", How: "connections that agents saw within the hour", Doc: "Connections that the rule forbids, oldest first, the first 100.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "segment_rule", Path: "/reached", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSegmentProbe}}, Unit: "", How: "connections that agents tried", Doc: "Of a rule that forbids: what could be reached all the same, the first 100.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "segment_rule", Path: "/unreached", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSegmentProbe}}, Unit: "", How: "connections that agents tried", Doc: "Of a rule that allows: what could not be reached, the first 100.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "segment_rule", Path: "/fresh", Type: Type{Kind: KindBool}, Unit: "", How: "connections that agents tried", Doc: "True when the newest proof is younger than the plan asks.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "segment_rule", Path: "/proved", Type: Type{Kind: KindString}, Unit: "", How: "connections that agents tried", Doc: "Day of the newest proof; sent only while it is not fresh, since it changes daily otherwise.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "segment_rule", Path: "/expired", Type: Type{Kind: KindBool}, Unit: "", How: "segmentation plan", Doc: "Of a rule that allows: true when its last day is over.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "segment_rule", Path: "/wide", Type: Type{Kind: KindBool}, Unit: "", How: "segmentation plan", Doc: "Of a rule that allows: true when it names no port.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "segment_rule", Path: "/unzoned", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "segmentation plan and hosts", Doc: "Of the item zones: hosts that are in no zone or in several, each with the reason, the first 100.", NeedsRoot: false, Complete: true, Since: 6},
		},
			Watch: []string{}},
		{Name: "component", Population: "components", Title: "A component of hosts", Doc: "What the register of components says of one that somebody must approve, or had to, and of each kind of them: whether its baseline was approved.", Since: 6, Type: Type{Kind: KindObject, Object: &objectComponent}, Facts: []Fact{
			{Section: "component", Path: "/scope", Type: Type{Kind: KindString}, Unit: "", How: "register of components", Doc: "component, or kind (what is approved of a whole kind).", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "component", Path: "/kind", Type: Type{Kind: KindString}, Unit: "", How: "register of components", Doc: "user, group, ssh_key, sudo, port, service, job, package, module, setting, usb, image, container, certificate, suid, content_root, host.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "component", Path: "/name", Type: Type{Kind: KindString}, Unit: "", How: "sections of hosts", Doc: "What it is.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "component", Path: "/baseline", Type: Type{Kind: KindBool}, Unit: "", How: "register of components", Doc: "Of a kind: true when something of it was approved, so that the rest is judged.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "component", Path: "/allowed", Type: Type{Kind: KindBool}, Unit: "", How: "register of components and sections of hosts", Doc: "Of a component: true when it is approved wherever it is, or is nowhere any more.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "component", Path: "/why", Type: Type{Kind: KindString}, Unit: "", How: "the same", Doc: "That in words: who approved it, or where it is without approval.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "component", Path: "/hosts", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "the same", Doc: "Hosts on which it is and must not be, by name, the first 50.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "component", Path: "/evidence", Type: Type{Kind: KindString}, Unit: "", How: "sections of hosts", Doc: "What was seen of it: its program, its file, its owner.", NeedsRoot: false, Complete: false, Since: 6},
		},
			Watch: []string{}},
		{Name: "integrity", Population: "integrity", Title: "Files of a host", Doc: "What of the watching of a host's files does not hold, as the server judges it from what the agent said: changes that nothing explains, how files are watched, the baseline, and whether the agent is heard at all.", Since: 6, Type: Type{Kind: KindObject, Object: &objectIntegrity}, Facts: []Fact{
			{Section: "integrity", Path: "/host", Type: Type{Kind: KindString}, Unit: "", How: "register of hosts", Doc: "Name of the host.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/heard", Type: Type{Kind: KindBool}, Unit: "", How: "messages of the agent", Doc: "True while the agent is heard.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/silent_since", Type: Type{Kind: KindString}, Unit: "", How: "messages of the agent", Doc: "When it was heard last, UTC; sent only while it is silent.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/mode", Type: Type{Kind: KindString}, Unit: "", How: "section watching of the host", Doc: "fanotify, inotify, polling, starting, off, failed.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/realtime", Type: Type{Kind: KindBool}, Unit: "", How: "section watching of the host", Doc: "True when changes are seen as they happen.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/refused", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "section watching of the host", Doc: "Better ways of watching that are not in force, each with the reason.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "integrity", Path: "/problems", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "section watching of the host", Doc: "What is wrong with watching now.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "integrity", Path: "/baseline_root", Type: Type{Kind: KindString}, Unit: "", How: "section watching of the host", Doc: "Root of the baseline that the agent compares with; empty for none.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/baseline_approved", Type: Type{Kind: KindBool}, Unit: "", How: "baselines and section watching of the host", Doc: "True when the agent compares with a baseline, and a named person approved that one here.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/baseline_approved_by", Type: Type{Kind: KindString}, Unit: "", How: "baselines", Doc: "Id of that person; absent where nobody did.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/baseline_agrees", Type: Type{Kind: KindBool}, Unit: "", How: "baselines and section watching of the host", Doc: "True when the agent compares with the baseline that was approved last.", NeedsRoot: false, Complete: false, Since: 6},
			{Section: "integrity", Path: "/unexplained_system", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", How: "verdicts on changes", Doc: "Unexplained changes of programs and libraries, the first 50 groups.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "integrity", Path: "/unexplained_configuration", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", How: "verdicts on changes", Doc: "Unexplained changes of configuration, the first 50 groups.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "integrity", Path: "/unexplained_content", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", How: "verdicts on changes", Doc: "Unexplained changes of content, the first 50 groups.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "integrity", Path: "/exceeded", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", How: "verdicts on changes", Doc: "Changes made with a token beyond its limits, the first 50 groups.", NeedsRoot: false, Complete: true, Since: 6},
			{Section: "integrity", Path: "/own", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectIntegrityOpen}}, Unit: "", How: "verdicts on changes", Doc: "Unexplained changes of the agent's own program, settings and key, the first 50 groups.", NeedsRoot: false, Complete: true, Since: 6},
		},
			Watch: []string{}},
	},
}
