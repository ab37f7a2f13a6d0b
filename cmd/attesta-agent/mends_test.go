package main

import "strings"

// mend is one check with the commands that break and mend what it is about.
type mend struct {
	check  string
	needs  []string // tools
	mend   string   // shell; may run twice
	breaks string
}

// server gives a mend of a setting of the SSH server.
func server(check, good, bad string) mend {
	write := func(s string) string {
		return "cat >/etc/ssh/sshd_config.d/00-test.conf <<'EOF'\n" + s + "\nEOF\nsshd -t"
	}
	return mend{check, []string{"sshd"}, write(good), write(bad)}
}

// kernel gives a mend of a setting of the network namespace, with its file.
func kernel(check, good, bad string) mend {
	both := func(text string) string {
		return "cat >/etc/sysctl.d/99-test.conf <<'EOF'\n" + text + "\nEOF\nsysctl -q -p /etc/sysctl.d/99-test.conf"
	}
	return mend{check, []string{"sysctl"}, both(good), both(bad)}
}

const (
	pamLogin = `cat >/etc/pam.d/common-auth <<'EOF'
auth required pam_faillock.so preauth deny=DENY unlock_time=TIME fail_interval=WINDOW
auth [success=1 default=ignore] pam_unix.so
auth [default=die] pam_faillock.so authfail deny=DENY unlock_time=TIME fail_interval=WINDOW
auth required pam_permit.so
EOF
cat >/etc/pam.d/common-account <<'EOF'
account required pam_faillock.so
account required pam_unix.so
EOF
`
	newKey    = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=ca -addext basicConstraints=critical,CA:true -days 300 -keyout /run/ca.key -out /run/ca.pem 2>/dev/null\n"
	signed    = "mkdir -p /etc/nginx; " + newKey + "openssl req -newkey KIND -nodes -subj /CN=site -keyout /etc/nginx/site.key -out /run/site.csr 2>/dev/null\nopenssl x509 -req -in /run/site.csr -CA /run/ca.pem -CAkey /run/ca.key -CAcreateserial -DIGEST -days DAYS -out /etc/nginx/site.pem 2>/dev/null; chmod 600 /etc/nginx/site.key; rm -f /etc/ssl/certs/ssl-cert-snakeoil.pem"
	expired   = "printf '[ca]\\ndefault_ca=d\\n[d]\\nnew_certs_dir=/run\\ndatabase=/run/index.txt\\nserial=/run/serial\\npolicy=p\\n[p]\\ncommonName=supplied\\n' >/run/ca.cnf; : >/run/index.txt; echo 01 >/run/serial\nopenssl ca -batch -notext -config /run/ca.cnf -md sha256 -keyfile /run/ca.key -cert /run/ca.pem -startdate 200101000000Z -enddate 210101000000Z -in /run/site.csr -out /etc/nginx/site.pem"
	dropInput = "nft flush ruleset; nft -f - <<'EOF'\ntable inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n  ct state established,related accept\n  iif lo accept\n  tcp dport 22 accept\n }\n}\nEOF\n"
)

var mends = []mend{
	{"users-root-uid", []string{"useradd"}, `userdel -f toor 2>/dev/null || true; ! grep ^toor: /etc/passwd`, `useradd -o -u 0 -g 0 -M toor`},
	{"users-empty-passwords", []string{"passwd"}, `passwd -l kiosk 2>/dev/null || true`, `id kiosk 2>/dev/null || useradd -M -s /bin/bash kiosk; passwd -d kiosk`},
	{"users-shadowed", []string{"pwconv"}, `userdel kiosk 2>/dev/null || true; pwconv`, `pwunconv`},
	{"users-password-hash", []string{"usermod", "openssl"}, `sed -i '/ENCRYPT_METHOD/d' /etc/login.defs; echo 'ENCRYPT_METHOD YESCRYPT' >>/etc/login.defs; usermod -p "$(openssl passwd -6 tulip)" ann`, `usermod -p "$(openssl passwd -1 tulip)" ann`},
	{"users-home-permissions", []string{"chmod"}, `chmod 750 /home/ann`, `chmod 755 /home/ann`},
	{"users-trust-files", []string{"touch"}, `rm -f /home/ann/.rhosts /home/ann/.netrc`, `touch /home/ann/.netrc`},
	{"accounts-system-login", []string{"usermod"}, `usermod -s /usr/sbin/nologin backup`, `usermod -s /bin/bash backup`},
	{"accounts-unique", []string{"useradd"}, `userdel -f bob 2>/dev/null || true`, `useradd -o -u $(id -u ann) -M bob`},
	{"accounts-groups", []string{"groupadd"}, `groupdel -f twice 2>/dev/null || true; groupdel bob 2>/dev/null || true`, `groupadd -o -g $(id -g ann) twice`},
	{"accounts-shadow-group", []string{"gpasswd"}, `gpasswd -d ann shadow 2>/dev/null || true`, `gpasswd -a ann shadow`},
	{"accounts-root-path", []string{"chmod"}, `chmod 755 /usr/local/sbin`, `chmod 777 /usr/local/sbin`},
	{"accounts-home-owner", []string{"chown"}, `chown ann /home/ann`, `chown daemon /home/ann`},
	{"accounts-forward", []string{"touch"}, `rm -f /home/ann/.forward`, `echo bob@example.org >/home/ann/.forward`},
	{"accounts-expiry-known", []string{"chage"}, `chage -d 2026-01-01 ann`, `chage -d 0 ann`},
	{"password-min-age", []string{"chage"}, `sed -i '/^PASS_MIN_DAYS/d' /etc/login.defs; echo 'PASS_MIN_DAYS 1' >>/etc/login.defs; chage -m 1 ann`, `chage -m 0 ann`},
	{"password-warn-age", []string{"chage"}, `sed -i '/^PASS_WARN_AGE/d' /etc/login.defs; echo 'PASS_WARN_AGE 7' >>/etc/login.defs; chage -W 7 ann`, `chage -W 1 ann`},
	{"password-max-age", []string{"chage"}, `sed -i '/^PASS_MAX_DAYS/d' /etc/login.defs; echo 'PASS_MAX_DAYS 365' >>/etc/login.defs; chage -M 365 ann`, `chage -M 99999 ann`},
	{"password-inactive", []string{"chage", "useradd"}, `useradd -D -f 30; chage -I 30 ann`, `chage -I -1 ann`},
	{"password-login-umask", []string{"sed"}, `sed -i '/^UMASK/d' /etc/login.defs; echo 'UMASK 027' >>/etc/login.defs`, `sed -i 's/^UMASK.*/UMASK 022/' /etc/login.defs`},
	{"password-shell-timeout", []string{"sh"}, `echo 'readonly TMOUT=900; export TMOUT' >/etc/profile.d/tmout.sh`, `echo 'TMOUT=0' >/etc/profile.d/tmout.sh`},
	{"password-shell-umask", []string{"sh"}, `echo 'umask 027' >/etc/profile.d/umask.sh`, `echo 'umask 022' >/etc/profile.d/umask.sh`},
	{"sudo-password", []string{"visudo"}, `rm -f /etc/sudoers.d/ann`, `echo 'ann ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ann; chmod 440 /etc/sudoers.d/ann; visudo -c`},
	{"sudo-log", []string{"visudo"}, `printf 'Defaults use_pty\nDefaults logfile="/var/log/sudo.log"\n' >/etc/sudoers.d/00-standard; chmod 440 /etc/sudoers.d/00-standard; visudo -c`, `echo 'Defaults !use_pty' >/etc/sudoers.d/00-standard; visudo -c`},
	{"files-sudoers", []string{"chmod"}, `chmod 440 /etc/sudoers /etc/sudoers.d/*; chmod 750 /etc/sudoers.d`, `chmod 660 /etc/sudoers`},
	{"files-passwd", []string{"chmod"}, `chmod 644 /etc/passwd`, `chmod 666 /etc/passwd`},
	{"files-shadow", []string{"chmod"}, `chmod 640 /etc/shadow`, `chmod 644 /etc/shadow`},
	{"files-sshd-config", []string{"chmod", "sshd"}, `chmod 600 /etc/ssh/sshd_config`, `chmod 644 /etc/ssh/sshd_config`},
	{"sshd-host-keys", []string{"ssh-keygen"}, `ssh-keygen -A; chmod 600 /etc/ssh/ssh_host_*_key`, `chmod 644 /etc/ssh/ssh_host_*_key`},
	{"pam-no-empty-passwords", []string{"sed"}, `sed -i 's/ nullok[a-z_]*//' /etc/pam.d/*`, `sed -i '/auth.*pam_unix/s/$/ nullok/' /etc/pam.d/common-auth`},
	server("sshd-root-login", `PermitRootLogin no`, `PermitRootLogin yes`),
	server("sshd-empty-passwords", `PermitEmptyPasswords no`, `PermitEmptyPasswords yes`),
	server("sshd-max-auth-tries", `MaxAuthTries 3`, `MaxAuthTries 20`),
	server("sshd-login-grace-time", `LoginGraceTime 30`, `LoginGraceTime 0`),
	server("sshd-log-level", `LogLevel VERBOSE`, `LogLevel QUIET`),
	server("sshd-allow-list", `AllowUsers ann`, `LogLevel INFO`),
	server("sshd-idle-timeout", `ClientAliveInterval 300
ClientAliveCountMax 3`, `ClientAliveInterval 0`),
	server("sshd-host-trust", `HostbasedAuthentication no`, `HostbasedAuthentication yes`),
	server("sshd-user-files", `StrictModes yes
PermitUserEnvironment no`, `StrictModes no`),
	server("sshd-forwarding", `AllowTcpForwarding no
X11Forwarding no`, `AllowTcpForwarding yes`),
	server("sshd-banner", `Banner /etc/issue.net`, `Banner none`),
	server("sshd-max-sessions", `MaxSessions 10`, `MaxSessions 100`),
	server("sshd-max-startups", `MaxStartups 10:30:60`, `MaxStartups 500`),
	server("sshd-pam", `UsePAM yes`, `UsePAM no`),
	server("sshd-password-off", `PasswordAuthentication no`, `PasswordAuthentication yes`),
	server("sshd-agent-forwarding", `AllowAgentForwarding no`, `AllowAgentForwarding yes`),
	server("sshd-tunnel", `PermitTunnel no`, `PermitTunnel yes`),
	server("sshd-gateway-ports", `GatewayPorts no`, `GatewayPorts yes`),
	server("sshd-user-rc", `PermitUserRC no`, `PermitUserRC yes`),
	server("sshd-keepalive-count", `ClientAliveCountMax 2`, `ClientAliveCountMax 0`),
	server("sshd-ciphers", `Ciphers aes256-gcm@openssh.com,aes256-ctr`, `Ciphers aes256-ctr,aes128-cbc`),
	server("sshd-macs", `MACs hmac-sha2-512-etm@openssh.com`, `MACs hmac-sha2-512,hmac-sha1`),
	server("sshd-key-exchange", `KexAlgorithms curve25519-sha256`, `KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha1`),
	server("sshd-signatures", `PubkeyAcceptedAlgorithms ssh-ed25519,rsa-sha2-512`, `PubkeyAcceptedAlgorithms ssh-ed25519,ssh-rsa`),
	kernel("sysctl-ip-forward", `net.ipv4.ip_forward=0
net.ipv6.conf.all.forwarding=0`, `net.ipv4.ip_forward=1
net.ipv6.conf.all.forwarding=1`),
	kernel("sysctl-net-redirects", `net.ipv4.conf.all.accept_redirects=0
net.ipv4.conf.default.accept_redirects=0
net.ipv6.conf.all.accept_redirects=0
net.ipv6.conf.default.accept_redirects=0
net.ipv4.conf.all.send_redirects=0
net.ipv4.conf.default.send_redirects=0`, `net.ipv4.conf.all.accept_redirects=1
net.ipv4.conf.default.accept_redirects=1
net.ipv6.conf.all.accept_redirects=1
net.ipv6.conf.default.accept_redirects=1
net.ipv4.conf.all.send_redirects=1
net.ipv4.conf.default.send_redirects=1`),
	kernel("sysctl-net-spoofing", `net.ipv4.conf.all.accept_source_route=0
net.ipv4.conf.default.accept_source_route=0
net.ipv6.conf.all.accept_source_route=0
net.ipv6.conf.default.accept_source_route=0
net.ipv4.conf.all.rp_filter=1
net.ipv4.conf.default.rp_filter=1`, `net.ipv4.conf.all.accept_source_route=1
net.ipv4.conf.default.accept_source_route=1
net.ipv6.conf.all.accept_source_route=1
net.ipv6.conf.default.accept_source_route=1
net.ipv4.conf.all.rp_filter=1
net.ipv4.conf.default.rp_filter=1`),
	kernel("sysctl-net-syncookies", `net.ipv4.tcp_syncookies=1`, `net.ipv4.tcp_syncookies=0`),
	kernel("sysctl-net-martians", `net.ipv4.conf.all.log_martians=1
net.ipv4.conf.default.log_martians=1`, `net.ipv4.conf.all.log_martians=0
net.ipv4.conf.default.log_martians=0`),
	kernel("sysctl-net-icmp", `net.ipv4.icmp_echo_ignore_broadcasts=1
net.ipv4.icmp_ignore_bogus_error_responses=1`, `net.ipv4.icmp_echo_ignore_broadcasts=0
net.ipv4.icmp_ignore_bogus_error_responses=0`),
	kernel("sysctl-net-secure-redirects", `net.ipv4.conf.all.secure_redirects=0
net.ipv4.conf.default.secure_redirects=0`, `net.ipv4.conf.all.secure_redirects=1
net.ipv4.conf.default.secure_redirects=1`),
	kernel("sysctl-net-router-advertisements", `net.ipv6.conf.all.accept_ra=0
net.ipv6.conf.default.accept_ra=0`, `net.ipv6.conf.all.accept_ra=1
net.ipv6.conf.default.accept_ra=1`),
	{"pam-hash", []string{"sed"}, `sed -i '/pam_unix.so/s/ md5//' /etc/pam.d/common-password`, `sed -i '/pam_unix.so/{s/ yescrypt//;s/ sha512//;s/$/ md5/}' /etc/pam.d/common-password`},
	{"pam-su-group", []string{"sed"}, `sed -i '/pam_wheel/d' /etc/pam.d/su; sed -i '1i auth required pam_wheel.so use_uid group=sugroup' /etc/pam.d/su`, `sed -i '/pam_wheel/d' /etc/pam.d/su`},
	{"pam-session-umask", []string{"sed"}, `sed -i '/pam_umask/d' /etc/pam.d/common-session; echo 'session optional pam_umask.so' >>/etc/pam.d/common-session`, `sed -i '/pam_umask/d' /etc/pam.d/common-session`},
	{"pam-history", []string{"sed"}, `sed -i '/pam_pwhistory/d' /etc/pam.d/common-password; sed -i '1i password required pam_pwhistory.so remember=5 use_authtok' /etc/pam.d/common-password`, `sed -i '/pam_pwhistory/d' /etc/pam.d/common-password`},
	{"pam-core-limit", []string{"sh"}, `echo '* hard core 0' >/etc/security/limits.d/10-core.conf`, `rm -f /etc/security/limits.d/10-core.conf`},
	{"pam-lockout", []string{"faillock"}, strings.NewReplacer("DENY", "5", "TIME", "900", "WINDOW", "900").Replace(pamLogin), strings.NewReplacer("DENY", "100", "TIME", "900", "WINDOW", "900").Replace(pamLogin)},
	{"pam-lockout-time", []string{"faillock"}, strings.NewReplacer("DENY", "5", "TIME", "900", "WINDOW", "900").Replace(pamLogin), strings.NewReplacer("DENY", "5", "TIME", "60", "WINDOW", "900").Replace(pamLogin)},
	{"pam-lockout-interval", []string{"faillock"}, strings.NewReplacer("DENY", "5", "TIME", "900", "WINDOW", "900").Replace(pamLogin), strings.NewReplacer("DENY", "5", "TIME", "900", "WINDOW", "10").Replace(pamLogin)},
	{"keys-strong", []string{"ssh-keygen", "openssl"}, `rm -f /home/ann/.ssh/*; ssh-keygen -q -t ed25519 -N tulip -f /home/ann/.ssh/id; cp /home/ann/.ssh/id.pub /home/ann/.ssh/authorized_keys; chown -R ann: /home/ann/.ssh; chmod 600 /home/ann/.ssh/*`, `openssl genrsa -traditional -out /run/short.pem 1024 2>/dev/null || openssl genrsa -out /run/short.pem 1024; chmod 600 /run/short.pem; ssh-keygen -y -f /run/short.pem >>/home/ann/.ssh/authorized_keys`},
	{"keys-files-protected", []string{"ssh-keygen"}, `rm -f /home/ann/.ssh/*; ssh-keygen -q -t ed25519 -N tulip -f /home/ann/.ssh/id; cp /home/ann/.ssh/id.pub /home/ann/.ssh/authorized_keys; chown -R ann: /home/ann/.ssh; chmod 600 /home/ann/.ssh/*`, `chmod 664 /home/ann/.ssh/authorized_keys`},
	{"keys-private-closed", []string{"ssh-keygen"}, `rm -f /home/ann/.ssh/*; ssh-keygen -q -t ed25519 -N tulip -f /home/ann/.ssh/id; cp /home/ann/.ssh/id.pub /home/ann/.ssh/authorized_keys; chown -R ann: /home/ann/.ssh; chmod 600 /home/ann/.ssh/*`, `chmod 644 /home/ann/.ssh/id`},
	{"keys-private-encrypted", []string{"ssh-keygen"}, `rm -f /home/ann/.ssh/*; ssh-keygen -q -t ed25519 -N tulip -f /home/ann/.ssh/id; cp /home/ann/.ssh/id.pub /home/ann/.ssh/authorized_keys; chown -R ann: /home/ann/.ssh; chmod 600 /home/ann/.ssh/*`, `ssh-keygen -q -p -P tulip -N '' -f /home/ann/.ssh/id; chown ann: /home/ann/.ssh/id`},
	{"keys-root-none", []string{"ssh-keygen"}, `rm -f /home/ann/.ssh/*; ssh-keygen -q -t ed25519 -N tulip -f /home/ann/.ssh/id; cp /home/ann/.ssh/id.pub /home/ann/.ssh/authorized_keys; chown -R ann: /home/ann/.ssh; chmod 600 /home/ann/.ssh/*; rm -rf /root/.ssh`, `mkdir -p -m 700 /root/.ssh; cp /home/ann/.ssh/id.pub /root/.ssh/authorized_keys`},
	{"keys-host-trust", []string{"sh"}, `rm -f /etc/hosts.equiv`, `echo web-2 >/etc/hosts.equiv`},
	{"keys-not-shared", []string{"ssh-keygen"}, `rm -f /home/ann/.ssh/*; ssh-keygen -q -t ed25519 -N tulip -f /home/ann/.ssh/id; cp /home/ann/.ssh/id.pub /home/ann/.ssh/authorized_keys; chown -R ann: /home/ann/.ssh; chmod 600 /home/ann/.ssh/*; rm -rf /root/.ssh`, `mkdir -p -m 700 /root/.ssh; cp /home/ann/.ssh/id.pub /root/.ssh/authorized_keys`},
	{"cron-programs-protected", []string{"chmod"}, `printf '#!/bin/sh\n' >/usr/local/sbin/backup; chmod 755 /usr/local/sbin/backup; echo '0 3 * * * root /usr/local/sbin/backup' >/etc/cron.d/backup`, `chmod 777 /usr/local/sbin/backup`},
	{"cron-programs-there", []string{"rm"}, `printf '#!/bin/sh\n' >/usr/local/sbin/backup; chmod 755 /usr/local/sbin/backup; echo '0 3 * * * root /usr/local/sbin/backup' >/etc/cron.d/backup`, `rm /usr/local/sbin/backup`},
	{"cron-not-temporary", []string{"sh"}, `printf '#!/bin/sh\n' >/usr/local/sbin/backup; chmod 755 /usr/local/sbin/backup; echo '0 3 * * * root /usr/local/sbin/backup' >/etc/cron.d/backup`, `echo '0 3 * * * root /tmp/backup' >/etc/cron.d/backup`},
	{"cron-known-users", []string{"sh"}, `printf '#!/bin/sh\n' >/usr/local/sbin/backup; chmod 755 /usr/local/sbin/backup; echo '0 3 * * * root /usr/local/sbin/backup' >/etc/cron.d/backup`, `echo '0 3 * * * nobody-here /usr/local/sbin/backup' >/etc/cron.d/backup`},
	{"cron-root-scripts-system", []string{"sh"}, `printf '#!/bin/sh\n' >/usr/local/sbin/backup; chmod 755 /usr/local/sbin/backup; echo '0 3 * * * root /usr/local/sbin/backup' >/etc/cron.d/backup`, `echo '0 3 * * * root /home/ann/backup' >/etc/cron.d/backup`},
	{"cron-tables-closed", []string{"chmod"}, `chmod 755 /etc/cron.d`, `chmod 777 /etc/cron.d`},
	{"modules-no-hooks", []string{"sh"}, `rm -f /etc/modprobe.d/test.conf`, `mkdir -p /etc/modprobe.d; echo 'install usbnet /tmp/x.sh' >/etc/modprobe.d/test.conf`},
	{"certificates-valid", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), expired},
	{"certificates-renewed-in-time", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "3").Replace(signed)},
	{"certificates-key-strong", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), strings.NewReplacer("KIND", "rsa:1024", "DIGEST", "sha256", "DAYS", "90").Replace(signed)},
	{"certificates-signature-strong", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha1", "DAYS", "90").Replace(signed)},
	{"certificates-lifetime", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "3650").Replace(signed)},
	{"certificates-not-self-signed", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), `openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=self -addext basicConstraints=critical,CA:false -days 90 -keyout /etc/nginx/site.key -out /etc/nginx/site.pem 2>/dev/null`},
	{"certificates-keys-closed", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), `chmod 644 /etc/nginx/site.key`},
	{"certificates-readable", []string{"openssl"}, strings.NewReplacer("KIND", "ec -pkeyopt ec_paramgen_curve:prime256v1", "DIGEST", "sha256", "DAYS", "90").Replace(signed), `printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >/etc/nginx/site.pem`},
	{"logging-files-closed", []string{"chmod"}, `touch /var/log/app.log; chmod 640 /var/log/app.log`, `chmod 666 /var/log/app.log`},
	{"logging-files-unreadable", []string{"chmod"}, `touch /var/log/app.log; chmod 640 /var/log/app.log`, `chmod 644 /var/log/app.log`},
	{"logging-persistent", []string{"journalctl"}, `printf '[Journal]\nStorage=persistent\n' >/etc/systemd/journald.conf`, `printf '[Journal]\nStorage=volatile\n' >/etc/systemd/journald.conf`},
	{"logging-compressed", []string{"journalctl"}, `printf '[Journal]\nCompress=yes\n' >/etc/systemd/journald.conf`, `printf '[Journal]\nCompress=no\n' >/etc/systemd/journald.conf`},
	{"logging-rotated", []string{"logrotate"}, `printf '#!/bin/sh\n' >/etc/cron.daily/logrotate; chmod 755 /etc/cron.daily/logrotate`, `rm -f /etc/cron.daily/logrotate; ln -sf /dev/null /etc/systemd/system/logrotate.timer`},
	{"logging-kept", []string{"logrotate"}, `printf 'weekly\nrotate 4\n' >/etc/logrotate.conf`, `printf 'weekly\nrotate 0\n' >/etc/logrotate.conf`},
	{"updates-signed", []string{"apt-get"}, `rm -f /etc/apt/sources.list.d/own.list`, `echo 'deb [trusted=yes] https://packages.example.org/apt ./' >/etc/apt/sources.list.d/own.list`},
	{"updates-sources-encrypted", []string{"apt-get"}, `rm -f /etc/apt/sources.list.d/* /etc/apt/sources.list; echo 'deb https://packages.example.org/apt stable main' >/etc/apt/sources.list.d/own.list`, `echo 'deb http://packages.example.org/apt stable main' >/etc/apt/sources.list.d/own.list`},
	{"network-hosts-localhost", []string{"sh"}, `printf '127.0.0.1 localhost\n::1 localhost\n' >/etc/hosts`, `printf '192.0.2.1 localhost\n' >/etc/hosts`},
	{"mounts-home", []string{"mount"}, `mount -o remount,nosuid,nodev /home`, `mount -o remount,suid,dev /home`},
	{"mounts-var-log", []string{"mount"}, `mount -o remount,nosuid,nodev,noexec /var/log`, `mount -o remount,exec /var/log`},
	{"mounts-shared-memory", []string{"mount"}, `mount -o remount,nosuid,nodev /dev/shm`, `mount -o remount,suid,nodev /dev/shm`},
	{"mounts-tmp", []string{"mount"}, `mount -o remount,nosuid,nodev,noexec /tmp; mount -o remount,nosuid,nodev,noexec /var/tmp`, `mount -o remount,nosuid,nodev,exec /var/tmp`},
	{"mounts-audit-separate", []string{"mount", "umount"}, `mountpoint -q /var/log/audit || mount -t tmpfs tmpfs /var/log/audit`, `umount /var/log/audit`},
	{"firewall-default-deny", []string{"nft"}, dropInput, `nft 'chain inet filter input { policy accept; }'`},
	{"firewall-no-any-any", []string{"nft"}, dropInput, `nft add rule inet filter input accept`},
	{"firewall-open-ports", []string{"nft"}, dropInput, `nft add rule inet filter input tcp dport 3306 accept`},
	{"firewall-trusted-interfaces", []string{"nft"}, dropInput, `ip link add eth7 type dummy 2>/dev/null || true; nft add rule inet filter input iifname eth7 accept`},
}
