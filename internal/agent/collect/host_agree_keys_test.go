package collect

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

func TestHostCertificates(t *testing.T) {
	// agree holds certificates against openssl, which reads the first of a file.
	agree := func(t *testing.T, dir string, list []facts.Certificate) (compared int) {
		t.Helper()
		for _, c := range list {
			if c.Position != 1 {
				continue
			}
			out := tool(t, "openssl", "x509", "-in", filepath.Join(dir, c.Path), "-noout", "-serial", "-startdate", "-enddate", "-text")
			when := func(word string) int64 {
				_, rest, _ := strings.Cut(out, word+"=")
				line, _, _ := strings.Cut(rest, "\n")
				at, err := time.Parse("Jan _2 15:04:05 2006 MST", line)
				if err != nil {
					t.Fatalf("%s: %s: %v", c.Path, word, err)
				}
				return at.UnixMicro()
			}
			if c.NotAfterUS != when("notAfter") || c.NotBeforeUS != when("notBefore") {
				t.Errorf("%s: valid from %d to %d, openssl says %s", c.Path, c.NotBeforeUS, c.NotAfterUS, out)
			}
			_, serial, _ := strings.Cut(out, "serial=")
			serial, _, _ = strings.Cut(serial, "\n")
			if strings.TrimLeft(strings.ToLower(serial), "0") != strings.TrimLeft(c.Serial, "0") {
				t.Errorf("%s: serial %s, openssl says %s", c.Path, c.Serial, serial)
			}
			if c.KeyType == "rsa" || c.KeyType == "ecdsa" {
				if !strings.Contains(out, fmt.Sprintf("Public-Key: (%d bit)", c.Bits)) {
					t.Errorf("%s: %s of %d bits, openssl says %s", c.Path, c.KeyType, c.Bits, out)
				}
			}
			if c.Ca != strings.Contains(out, "CA:TRUE") {
				t.Errorf("%s: authority %v, openssl says %s", c.Path, c.Ca, out)
			}
			compared++
		}
		return compared
	}
	t.Run("made by openssl", func(t *testing.T) {
		root := inTree(t, map[string]string{"etc/ssl/private/x": "", "etc/group": "root:x:0:\n"})
		make := func(name string, args ...string) {
			tool(t, "openssl", append([]string{"req", "-x509", "-nodes", "-subj", "/CN=" + name, "-keyout", filepath.Join(root.Dir, "etc/ssl/private", name+".key"),
				"-out", filepath.Join(root.Dir, "etc/ssl/private", name+".pem")}, args...)...)
		}
		make("rsa", "-newkey", "rsa:2048", "-days", "1")
		make("ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-days", "400")
		make("ed", "-newkey", "ed25519", "-addext", "basicConstraints=critical,CA:FALSE")
		locked := filepath.Join(root.Dir, "etc/ssl/private/locked.key")
		tool(t, "openssl", "pkcs8", "-topk8", "-in", filepath.Join(root.Dir, "etc/ssl/private/rsa.key"), "-passout", "pass:x", "-out", locked)
		var c facts.Certificates
		known(t, ofTree(t, root, "certificates", &c), "/found")
		if n := agree(t, root.Dir, c.Found); n != 3 {
			t.Errorf("%d certificates were compared, 3 were made: %+v", n, c.Found)
		}
		if len(c.PrivateKeys) != 4 {
			t.Errorf("%d private keys, 4 were made", len(c.PrivateKeys))
		}
		for _, k := range c.PrivateKeys {
			if k.Encrypted != (filepath.Base(k.Path) == "locked.key") {
				t.Errorf("%s: protected by a passphrase: %v", k.Path, k.Encrypted)
			}
			if want := strings.TrimSpace(tool(t, "stat", "-c", "%04a %u %g", filepath.Join(root.Dir, k.Path))); fmt.Sprint(k.ModeOctal, " ", k.UID, " ", k.GID) != want {
				t.Errorf("%+v, stat says %s", k, want)
			}
		}
	})
	t.Run("of this host", func(t *testing.T) {
		var c facts.Certificates
		known(t, onHost(t, "certificates", &c), "/found")
		if agree(t, "/", c.Found) == 0 {
			t.Skip("NOT RUN: no service keeps a certificate on this host")
		}
	})
}

func TestHostSSHKeys(t *testing.T) {
	agree := func(t *testing.T, dir string, keys []facts.AuthorizedKey) {
		t.Helper()
		said := map[string][]string{} // by file
		for _, k := range keys {
			if _, asked := said[k.File]; !asked {
				said[k.File] = nonEmpty(tool(t, "ssh-keygen", "-l", "-f", filepath.Join(dir, k.File)))
			}
			if k.Type != "invalid" && !slices.ContainsFunc(said[k.File], func(line string) bool {
				return strings.HasPrefix(line, fmt.Sprintf("%d %s ", k.Bits, k.Fingerprint))
			}) {
				t.Errorf("%+v, ssh-keygen says %q", k, said[k.File])
			}
		}
		for file, lines := range said {
			valid := 0
			for _, k := range keys {
				if k.File == file && k.Type != "invalid" {
					valid++
				}
			}
			if valid != len(lines) {
				t.Errorf("%s: %d keys, ssh-keygen says %d", file, valid, len(lines))
			}
		}
	}
	t.Run("made by ssh-keygen", func(t *testing.T) {
		root := inTree(t, map[string]string{"etc/passwd": "ann:x:1000:1000::/home/ann:/bin/sh\n", "home/ann/.ssh/config": ""})
		ssh := filepath.Join(root.Dir, "home/ann/.ssh")
		text := "# keys\n\nno key at all\n"
		kinds := [][]string{{"rsa", "2048"}, {"rsa", "3072"}, {"ecdsa", "256"}, {"ecdsa", "521"}, {"ed25519", "256"}}
		for i, k := range kinds {
			name := filepath.Join(ssh, "id"+strconv.Itoa(i))
			pass := strings.Repeat("secret", i%2)
			tool(t, "ssh-keygen", "-q", "-t", k[0], "-b", k[1], "-N", pass, "-C", "a comment", "-f", name)
			public, err := os.ReadFile(name + ".pub")
			if err != nil {
				t.Fatal(err)
			}
			text += []string{"", `from="10.0.0.0/8,host x",command="a \"b\" c" `}[i%2] + string(public)
		}
		if err := os.WriteFile(filepath.Join(ssh, "authorized_keys"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var k facts.SshKeys
		known(t, ofTree(t, root, "ssh_keys", &k), "/accounts/0/authorized")
		if n := len(k.Accounts[0].Authorized); n != len(kinds)+1 {
			t.Fatalf("%d keys, %d were made beside one that is none", n, len(kinds))
		}
		agree(t, root.Dir, k.Accounts[0].Authorized)
		for _, f := range k.Accounts[0].Files {
			if f.Kind != "private" {
				continue
			}
			// ssh-keygen opens it with an empty passphrase only when none protects it.
			_, err := tryTool(t, "ssh-keygen", "-y", "-P", "", "-f", filepath.Join(root.Dir, f.Path))
			if f.Encrypted == nil || *f.Encrypted != (err != nil) {
				t.Errorf("%+v, ssh-keygen -y: %v", f, err)
			}
		}
	})
	t.Run("of this host", func(t *testing.T) {
		needRoot(t)
		var k facts.SshKeys
		d := onHost(t, "ssh_keys", &k)
		known(t, d, "/accounts")
		some := false
		for _, a := range k.Accounts {
			some = some || len(a.Authorized) > 0
			agree(t, "/", a.Authorized)
		}
		if !some {
			t.Skip("NOT RUN: no account of this host has keys")
		}
	})
}

// TestHostSubjectsStay holds the promise that no name of a subject and no
// private key leaves the host.
func TestHostSubjectsStay(t *testing.T) {
	root := inTree(t, map[string]string{"etc/ssl/private/x": ""})
	file := filepath.Join(root.Dir, "etc/ssl/private/a.pem")
	tool(t, "openssl", "req", "-x509", "-nodes", "-newkey", "ed25519", "-subj", "/CN=ann.example", "-keyout", file+".key", "-out", file)
	list, err := Inventory(t.Context(), root, "certificates")
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(file + ".key")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"ann.example", hex.EncodeToString([]byte("ann.example")), nonEmpty(string(key))[1]} {
		if strings.Contains(string(list[0].Values), secret) {
			t.Errorf("the section holds %q", secret)
		}
	}
	if !strings.Contains(string(list[0].Values), "/etc/ssl/private/a.pem") {
		t.Errorf("the certificate is not in the section: %s", list[0].Values)
	}
}
