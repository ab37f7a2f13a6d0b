package text

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Each line holds hunter2hunter2 or another secret that may not be left; what
// stands before it may.
func TestSecretsGo(t *testing.T) {
	const s = "hunter2hunter2"
	for _, tc := range []struct{ line, keeps string }{
		{"password = " + s, "password"},
		{"  db_password: \"" + s + "\"", "db_password"},
		{"DB_PASS='" + s + "'", "DB_PASS"},
		{"export PGPASSWORD=" + s, "export PGPASSWORD"},
		{`"clientSecret": "` + s + `",`, "clientSecret"},
		{`<property name="x"><password>` + s + `</password>`, "<password>"},
		{"requirepass " + s, ""},
		{"bindpw " + s, "bindpw"},
		{"wpa_passphrase=" + s, "wpa_passphrase"},
		{"psk=" + s, "psk"},
		{"rocommunity " + s, ""},
		{"secret_key_base: " + s, "secret_key_base"},
		{"api-key: " + s, "api-key"},
		{"AWS_SECRET_ACCESS_KEY=" + s, "AWS_SECRET_ACCESS_KEY"},
		{"--token " + s, "--token"},
		{"command --password=" + s + " --more", "command"},
		{"dsn = user:" + s + "@tcp(db)/x", "dsn"},
		{"url = postgres://app:" + s + "@db/app", "postgres://app:"},
		{"url = redis://:" + s + "@cache", "redis://"},
		{"Authorization: Bearer " + s, "Authorization"},
		{"proxy_set_header X \"Basic " + s + "\";", "proxy_set_header"},
		{"root:$6$" + s + "$abcdefghijkl:19000:0:99999:7:::", "root:"},
		{"userPassword: {SSHA}" + s, "userPassword"},
		{"aws AKIA" + "IOSFODNN7EXAMPLE " + "x", "aws"},
		{"x ghp_" + strings.Repeat("a1B2", 9), "x"},
		{"glpat-" + strings.Repeat("a1B2", 6), ""},
		{"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "jwt"},
		{"hook https://hooks.example.com/services/T0/B0/" + s, "hook"},
		{"key 3f2504e04f8911d39a0c0305e82c3301f00dcafe", "key"},
		{"x Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==", "x"},
	} {
		got := string(Redact([]byte(tc.line + "\n")))
		if got == tc.line+"\n" || strings.Contains(got, s) || !strings.Contains(got, Redacted) || !strings.Contains(got, tc.keeps) || !strings.HasSuffix(got, "\n") {
			t.Errorf("%q became %q", tc.line, got)
		}
	}
	key := "before = 1\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n" + s + "\n-----END RSA PRIVATE KEY-----\nafter = 2\n"
	if got := string(Redact([]byte(key))); strings.Contains(got, s) || strings.Contains(got, "MIIE") || !strings.Contains(got, "before = 1\n") || !strings.Contains(got, "after = 2\n") {
		t.Errorf("%q", got)
	}
	if got := string(Redact([]byte(`key = "-----BEGIN PRIVATE KEY-----\n` + s + `\n-----END PRIVATE KEY-----"` + "\n"))); strings.Contains(got, s) {
		t.Errorf("%q", got)
	}
	if got := string(Redact([]byte("-----BEGIN PRIVATE KEY-----\n" + s + "\nnever ended\n"))); strings.Contains(got, s) || strings.Contains(got, "never") {
		t.Errorf("%q", got)
	}
}

// Settings that say how, and plain text, stay: a difference of them is what the
// kept text is for.
func TestTheRestStays(t *testing.T) {
	for _, line := range []string{"PermitRootLogin prohibit-password", "PasswordAuthentication no", "listen 443 ssl;", "Defaults use_pty", "# a comment about logging in",
		"root:x:0:0:root:/root:/bin/bash", "deploy ALL=(ALL) NOPASSWD: /usr/bin/apt", "net.ipv4.conf.all.accept_redirects = 0", "/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
		"server 192.0.2.1 iburst", "include /etc/nginx/modules-enabled/*.conf;", "systemd-networkd-wait-online.service", "", "0 4 * * * root /usr/local/bin/backup"} {
		if got := string(Redact([]byte(line + "\n"))); got != line+"\n" {
			t.Errorf("%q became %q", line, got)
		}
	}
	public := "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\nRTESMBAGA1UEChMJQmFsdGltb3JlMRMwEQYDVQQLEwpDeWJlclRydXN0==\n-----END CERTIFICATE-----\n" +
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJbqGvXq0x3e2u8yq9b0d0t7m5l1k3j9h7g5f3d1s9a8 admin@host\n"
	if got := string(Redact([]byte(public))); got != public {
		t.Errorf("%q", got)
	}
	hidden := "-----BEGIN CERTIFICATE-----\nMIIDdzCC\npassword = hunter2hunter2\n-----END CERTIFICATE-----\n"
	if got := string(Redact([]byte(hidden))); strings.Contains(got, "hunter2") {
		t.Errorf("%q", got)
	}
}

func TestKeepable(t *testing.T) {
	for name, want := range map[string]bool{"/etc/hosts": true, "/etc/shadow": false, "/etc/shadow-": false, "/etc/ssl/private/x.key": false, "/etc/ssh/ssh_host_ed25519_key": false,
		"/etc/ssh/ssh_host_ed25519_key.pub": true, "/root/.pgpass": false, "/etc/app/secrets.yml": false, "/etc/ssh/sshd_config": true} {
		if got := Keepable(name, []byte("text\n")); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if Keepable("/etc/x", []byte("a\x00b")) || Keepable("/etc/x", []byte("\xff")) {
		t.Error("what is no text may be kept")
	}
}

// Whatever stands around it, the value of a password is not left over.
func TestRedactAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[A-Za-z0-9!#%&*+./@^_-]{8,20}`).Draw(t, "value") + "Q9z"
		name := rapid.SampledFrom([]string{"password", "DB_PASSWORD", "api_key", "secret", "auth_token", "passwd", "smtp.password"}).Draw(t, "name")
		between := rapid.SampledFrom([]string{"=", " = ", ": ", ":", "=\"", " => "}).Draw(t, "between")
		before := rapid.SampledFrom([]string{"", "  ", "export ", "- ", "{", "set "}).Draw(t, "before")
		if got := string(Redact([]byte("x\n" + before + name + between + value + "\ny\n"))); strings.Contains(got, value) || !strings.HasPrefix(got, "x\n") || !strings.HasSuffix(got, "\ny\n") {
			t.Fatalf("%q", got)
		}
	})
}

// What diff says is what patch understands: applied to the one text it gives
// the other. Beside it, diff -u finds differences where we do.
func TestDiffIsAPatch(t *testing.T) {
	if got := Diff([]byte("a\nb\nc\n"), []byte("a\nX\nc\n")); got != "@@ -1,3 +1,3 @@\n a\n-b\n+X\n c\n" {
		t.Errorf("%q", got)
	}
	if Diff([]byte("a\n"), []byte("a\n")) != "" || Diff(nil, nil) != "" {
		t.Error("equal texts differ")
	}
	long := Diff(nil, []byte(strings.Repeat("line\n", 1000)))
	if !strings.HasSuffix(long, "and 800 lines more\n") {
		t.Errorf("%q", long[len(long)-40:])
	}
	huge := Diff([]byte(strings.Repeat("a\n", 3000)), []byte(strings.Repeat("b\n", 3000)))
	if !strings.Contains(huge, "lines more") {
		t.Error("a large difference is not cut")
	}
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("NOT RUN: patch is not installed (Debian's patch)")
	}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "d d\n", "\n"}), 0, 40)
		a, b := strings.Join(lines.Draw(t, "a"), ""), strings.Join(lines.Draw(t, "b"), "")
		if rapid.Bool().Draw(t, "cut") {
			b = strings.TrimSuffix(b, "\n")
		}
		d := Diff([]byte(a), []byte(b))
		if (d == "") != (a == b) {
			t.Fatalf("%q and %q: %q", a, b, d)
		}
		if d == "" {
			return
		}
		file := filepath.Join(dir, "f")
		if err := os.WriteFile(file, []byte(a), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(patch, "-s", "-f", "--no-backup-if-mismatch", "-F0", file)
		cmd.Stdin = strings.NewReader(fmt.Sprintf("--- %s\n+++ %s\n%s", file, file, d))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, d)
		}
		got, err := os.ReadFile(file)
		if os.IsNotExist(err) && b == "" { // patch removes what it empties
			return
		}
		if err != nil || !bytes.Equal(got, []byte(b)) {
			t.Fatalf("%q, want %q, %v\n%s", got, b, err, d)
		}
	})
}
