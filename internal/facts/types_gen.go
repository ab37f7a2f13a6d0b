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

// Clock: Whether the host's clock is kept right, and by what. Offsets are rounded so that the section changes only when the clock does; the offset against the server is measured with every batch.
type Clock struct {
	MaxErrorUS   *int64   `json:"max_error_us,omitzero"` // Largest error the kernel allows for, rounded up to whole seconds; 16,000,000 and more means never set.
	OffsetUS     *int64   `json:"offset_us,omitzero"`    // Host clock minus reference, rounded to 10,000; absent where nothing keeps the clock.
	Servers      []string `json:"servers,omitzero"`      // Time servers and pools that the files name, sorted.
	Source       *string  `json:"source,omitzero"`       // What keeps it: chrony, ntpd, ntpsec, openntpd, timesyncd, busybox, kernel (synchronised, by what is unknown), none.
	Synchronised *bool    `json:"synchronised,omitzero"` // True when the kernel says that a time service keeps the clock.
	Timezone     *string  `json:"timezone,omitzero"`     // Such as Etc/UTC; empty when it cannot be told.
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
	objectServices = Object{Name: "services", Doc: "Units as files enable them, and apart from that what runs. Without a running service manager the running state cannot be known; enablement is read from files all the same.", Key: "", Fields: []Field{
		{Name: "manager", Type: Type{Kind: KindString}, Unit: "", Doc: "Whose files were read: systemd, openrc, none. What runs now is os /service_manager.", Optional: true, Complete: false, Since: 1},
		{Name: "units", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnit}}, Unit: "", Doc: "Services, sockets, timers, paths, mounts and targets by name.", Optional: true, Complete: true, Since: 1},
		{Name: "running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnitState}}, Unit: "", Doc: "Running state by name, for units that are loaded; not observed where no service manager runs.", Optional: true, Complete: true, Since: 1},
		{Name: "timers", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectTimer}}, Unit: "", Doc: "Timers by name.", Optional: true, Complete: true, Since: 1},
	}}
	objectPorts = Object{Name: "ports", Doc: "Sockets that wait for others to connect.", Key: "", Fields: []Field{
		{Name: "listening", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSocket}}, Unit: "", Doc: "TCP sockets that listen and UDP sockets that are bound and unconnected; sorted by protocol, address and port. Without root the process of other users' sockets is missing.", Optional: true, Complete: true, Since: 1},
	}}
	objectClock = Object{Name: "clock", Doc: "Whether the host's clock is kept right, and by what. Offsets are rounded so that the section changes only when the clock does; the offset against the server is measured with every batch.", Key: "", Fields: []Field{
		{Name: "synchronised", Type: Type{Kind: KindBool}, Unit: "", Doc: "True when the kernel says that a time service keeps the clock.", Optional: true, Complete: false, Since: 1},
		{Name: "source", Type: Type{Kind: KindString}, Unit: "", Doc: "What keeps it: chrony, ntpd, ntpsec, openntpd, timesyncd, busybox, kernel (synchronised, by what is unknown), none.", Optional: true, Complete: false, Since: 1},
		{Name: "offset_us", Type: Type{Kind: KindInt}, Unit: "microseconds", Doc: "Host clock minus reference, rounded to 10,000; absent where nothing keeps the clock.", Optional: true, Complete: false, Since: 1},
		{Name: "max_error_us", Type: Type{Kind: KindInt}, Unit: "microseconds", Doc: "Largest error the kernel allows for, rounded up to whole seconds; 16,000,000 and more means never set.", Optional: true, Complete: false, Since: 1},
		{Name: "servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", Doc: "Time servers and pools that the files name, sorted.", Optional: true, Complete: true, Since: 1},
		{Name: "timezone", Type: Type{Kind: KindString}, Unit: "", Doc: "Such as Etc/UTC; empty when it cannot be told.", Optional: true, Complete: false, Since: 1},
	}}
)

var registry = Reg{
	Version: 1,
	Types:   []*Object{&objectSetting, &objectPackage, &objectAccount, &objectPassword, &objectHome, &objectGroup, &objectSudoRule, &objectSudoDefault, &objectSearchDir, &objectSSHDMatch, &objectHostKey, &objectMount, &objectFstabEntry, &objectDirectory, &objectUnit, &objectUnitState, &objectTimer, &objectFile, &objectSocket},
	Sections: []SectionDef{
		{Name: "os", Title: "Operating system", Doc: "What the host is.", Since: 1, Type: Type{Kind: KindObject, Object: &objectOS}, Facts: []Fact{
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
		{Name: "packages", Title: "Packages", Doc: "What is installed by the system's package managers.", Since: 1, Type: Type{Kind: KindObject, Object: &objectPackages}, Facts: []Fact{
			{Section: "packages", Path: "/managers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "which databases are there", Doc: "dpkg, rpm, apk; sorted.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "packages", Path: "/count", Type: Type{Kind: KindInt}, Unit: "", How: "counted", Doc: "Number of installed packages.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "packages", Path: "/by_name", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectPackage}}, Unit: "", How: "/var/lib/dpkg/status; /lib/apk/db/installed; rpm -qa", Doc: "Installed packages by name. A second architecture of the same name has the key name:arch, an older version that is installed beside a newer one name=version.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{}},
		{Name: "users", Title: "Users, groups and sudo", Doc: "Local accounts, how their passwords are kept, groups, and who may become root.", Since: 1, Type: Type{Kind: KindObject, Object: &objectUsers}, Facts: []Fact{
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
		{Name: "sshd", Title: "SSH server", Doc: "The OpenSSH server. /effective is what the server itself says it would do (sshd -T), /file what its configuration files say; they are apart because they differ while a change waits for a reload, or when a file is wrong.", Since: 1, Type: Type{Kind: KindObject, Object: &objectSSHD}, Facts: []Fact{
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
		{Name: "sysctl", Title: "Kernel settings", Doc: "Running values and what the files would set at boot, apart. Only the settings of the watch list are read from the running kernel; the files are read whole.", Since: 1, Type: Type{Kind: KindObject, Object: &objectSysctl}, Facts: []Fact{
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
		{Name: "mounts", Title: "Mounts", Doc: "File systems that are mounted, those that /etc/fstab would mount, and what holds the directories that standards ask about.", Since: 1, Type: Type{Kind: KindObject, Object: &objectMounts}, Facts: []Fact{
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
		{Name: "services", Title: "Services and timers", Doc: "Units as files enable them, and apart from that what runs. Without a running service manager the running state cannot be known; enablement is read from files all the same.", Since: 1, Type: Type{Kind: KindObject, Object: &objectServices}, Facts: []Fact{
			{Section: "services", Path: "/manager", Type: Type{Kind: KindString}, Unit: "", How: "which unit files are there", Doc: "Whose files were read: systemd, openrc, none. What runs now is os /service_manager.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "services", Path: "/units", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnit}}, Unit: "", How: "unit files, .wants, .requires and .upholds links, masks, drop-ins; /etc/init.d and /etc/runlevels", Doc: "Services, sockets, timers, paths, mounts and targets by name.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "services", Path: "/running", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectUnitState}}, Unit: "", How: "systemctl list-units --all; rc-status", Doc: "Running state by name, for units that are loaded; not observed where no service manager runs.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "services", Path: "/timers", Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectTimer}}, Unit: "", How: "timer unit files", Doc: "Timers by name.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{}},
		{Name: "files", Title: "File modes and owners", Doc: "Type, mode and owner of watched files, by absolute path. Names with * are looked up on the host; the rest are always sent, also when nothing is there.", Since: 1, Type: Type{Kind: KindMap, Elem: &Type{Kind: KindObject, Object: &objectFile}}, Facts: []Fact{
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
				"/root",
				"/tmp",
				"/var/tmp",
				"/var/log",
				"/usr/sbin/aide",
				"/usr/bin/aide",
			}},
		{Name: "ports", Title: "Listening ports", Doc: "Sockets that wait for others to connect.", Since: 1, Type: Type{Kind: KindObject, Object: &objectPorts}, Facts: []Fact{
			{Section: "ports", Path: "/listening", Type: Type{Kind: KindList, Elem: &Type{Kind: KindObject, Object: &objectSocket}}, Unit: "", How: "sock_diag netlink, else /proc/net; process by /proc/*/fd", Doc: "TCP sockets that listen and UDP sockets that are bound and unconnected; sorted by protocol, address and port. Without root the process of other users' sockets is missing.", NeedsRoot: false, Complete: true, Since: 1},
		},
			Watch: []string{}},
		{Name: "clock", Title: "Clock", Doc: "Whether the host's clock is kept right, and by what. Offsets are rounded so that the section changes only when the clock does; the offset against the server is measured with every batch.", Since: 1, Type: Type{Kind: KindObject, Object: &objectClock}, Facts: []Fact{
			{Section: "clock", Path: "/synchronised", Type: Type{Kind: KindBool}, Unit: "", How: "adjtimex(2)", Doc: "True when the kernel says that a time service keeps the clock.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/source", Type: Type{Kind: KindString}, Unit: "", How: "names of running processes, else the kernel", Doc: "What keeps it: chrony, ntpd, ntpsec, openntpd, timesyncd, busybox, kernel (synchronised, by what is unknown), none.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/offset_us", Type: Type{Kind: KindInt}, Unit: "microseconds", How: "chronyc tracking; else adjtimex(2)", Doc: "Host clock minus reference, rounded to 10,000; absent where nothing keeps the clock.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/max_error_us", Type: Type{Kind: KindInt}, Unit: "microseconds", How: "adjtimex(2)", Doc: "Largest error the kernel allows for, rounded up to whole seconds; 16,000,000 and more means never set.", NeedsRoot: false, Complete: false, Since: 1},
			{Section: "clock", Path: "/servers", Type: Type{Kind: KindList, Elem: &Type{Kind: KindString}}, Unit: "", How: "chrony.conf, ntp.conf, ntpd.conf, timesyncd.conf and their drop-ins", Doc: "Time servers and pools that the files name, sorted.", NeedsRoot: false, Complete: true, Since: 1},
			{Section: "clock", Path: "/timezone", Type: Type{Kind: KindString}, Unit: "", How: "/etc/localtime, /etc/timezone", Doc: "Such as Etc/UTC; empty when it cannot be told.", NeedsRoot: false, Complete: false, Since: 1},
		},
			Watch: []string{}},
	},
}
