// Package certs reads the certificates that services keep on disk, and who can
// read the private keys beside them.
//
// Serves C7.1b, B19 (CC6.1, CC6.7, A1.2). Invariants: the name of a subject is a
// digest only; of a private key nothing is read out but whether a passphrase
// protects it; lists that were cut say so.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing, privatekey.
package certs

import (
	"bytes"
	"cmp"
	"context"
	//lint:ignore SA1019 old certificates have such keys, and a check has to say so
	"crypto/dsa"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/privatekey"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Limits. What goes beyond the counts is said in /truncated.
const (
	maxSize   = 256 << 10 // of one file
	maxDepth  = 4
	maxListed = 500
	maxFiles  = 5_000 // looked at
)

// system is where the system's authorities lie, each as a link: only what is a
// file of its own there belongs to a service.
const system = "/etc/ssl/certs"

// left is what comes with the system elsewhere.
var left = []string{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/tls/cert.pem", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/docker/certs.d"}

// bundles are files with many authorities, wherever they are.
var bundles = []string{"ca-certificates.crt", "ca-bundle.crt", "ca-bundle.trust.crt"}

// Read reads section certificates.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	return read(ctx, root, time.Now())
}

func read(ctx context.Context, root tree.Root, now time.Time) (facts.Section, error) {
	var gaps missing.List
	r := reader{root: root, now: now, seen: map[string]bool{}, v: facts.Certificates{
		Found: []facts.Certificate{}, PrivateKeys: []facts.PrivateKey{}, Unreadable: []string{}, Truncated: new(false),
	}}
	def, _ := facts.Registry().Section("certificates")
	for _, dir := range def.Watch {
		if err := r.walk(ctx, dir, 0); err != nil {
			if ctx.Err() != nil {
				return facts.Section{}, ctx.Err()
			}
			for _, p := range []string{"/found", "/private_keys", "/unreadable"} {
				gaps.Failed(p, err)
			}
			return gaps.Section("certificates", facts.Certificates{Truncated: r.v.Truncated})
		}
	}
	slices.SortFunc(r.v.Found, func(a, b facts.Certificate) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Position, b.Position))
	})
	slices.SortFunc(r.v.PrivateKeys, func(a, b facts.PrivateKey) int { return cmp.Compare(a.Path, b.Path) })
	slices.Sort(r.v.Unreadable)
	return gaps.Section("certificates", r.v)
}

type reader struct {
	root   tree.Root
	now    time.Time
	seen   map[string]bool // by device and inode: links lead to one file often
	groups map[int64]string
	files  int
	v      facts.Certificates
}

func (r *reader) walk(ctx context.Context, dir string, depth int) error {
	names, err := r.root.Names(dir)
	if err != nil {
		return tree.IgnoreGone(err)
	}
	for _, n := range names {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p := path.Join(dir, n)
		if slices.Contains(left, p) || slices.Contains(bundles, n) {
			continue
		}
		link, err := r.root.Lstat(p)
		if err == nil && link.IsDir() {
			if depth+1 < maxDepth {
				err = r.walk(ctx, p, depth+1)
			}
			if tree.IgnoreGone(err) != nil {
				return err
			}
			continue
		}
		if tree.Gone(err) || err == nil && dir == system && link.Mode()&fs.ModeSymlink != 0 {
			continue
		}
		st, err := r.root.Stat(p)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		if !st.Mode().IsRegular() || st.Size() > maxSize || !slices.Contains([]string{".pem", ".crt", ".cer", ".cert", ".key"}, strings.ToLower(path.Ext(n))) {
			continue
		}
		sys := st.Sys().(*syscall.Stat_t) // always, on Linux
		id := fmt.Sprint(sys.Dev, " ", sys.Ino)
		if r.seen[id] {
			continue
		}
		r.seen[id] = true
		if r.files++; r.files > maxFiles {
			*r.v.Truncated = true
			return nil
		}
		data, err := r.root.Read(p)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := r.take(tree.Clean(p), data, sys); err != nil {
			return err
		}
	}
	return nil
}

// take keeps what a file holds.
func (r *reader) take(p string, data []byte, sys *syscall.Stat_t) error {
	if private, encrypted := privatekey.Look(data); private {
		if len(r.v.PrivateKeys) == maxListed {
			*r.v.Truncated = true
		} else {
			group, err := r.group(int64(sys.Gid))
			if err != nil {
				return err
			}
			mode := int64(sys.Mode & 0o7777)
			r.v.PrivateKeys = append(r.v.PrivateKeys, facts.PrivateKey{
				Path: p, Mode: mode, ModeOctal: fmt.Sprintf("%04o", mode), UID: int64(sys.Uid), GID: int64(sys.Gid), Group: group, Encrypted: encrypted,
			})
		}
	}
	list, bad := parse(data)
	for _, b := range bad {
		r.v.Unreadable = append(r.v.Unreadable, p+": "+b)
	}
	if len(r.v.Unreadable) > maxListed {
		r.v.Unreadable, *r.v.Truncated = r.v.Unreadable[:maxListed], true
	}
	for i, c := range list {
		if len(r.v.Found) == maxListed {
			*r.v.Truncated = true
			break
		}
		r.v.Found = append(r.v.Found, describe(c, p, i+1, r.now))
	}
	return nil
}

// group reads the names of groups when first asked.
func (r *reader) group(gid int64) (string, error) {
	if r.groups == nil {
		r.groups = map[int64]string{}
		err := r.root.Lines("/etc/group", func(_ int, line string) error {
			f := strings.SplitN(line, ":", 4)
			if len(f) < 4 {
				return nil // section users says what is wrong with this line
			}
			if id, err := strconv.ParseInt(f[2], 10, 64); err == nil && r.groups[id] == "" {
				r.groups[id] = f[0]
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return "", err
		}
	}
	return r.groups[gid], nil
}

// parse gives the certificates of a file, and what is wrong with those that
// cannot be read. A file without any is no mistake.
func parse(data []byte) (list []*x509.Certificate, bad []string) {
	add := func(der []byte) {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			bad = append(bad, tree.Clean(strings.Join(strings.Fields(err.Error()), " ")))
			return
		}
		list = append(list, c)
	}
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		if isDER(data) {
			add(data)
		}
		return list, bad
	}
	for rest := data; len(list)+len(bad) < maxListed; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return list, bad
		}
		if block.Type == "CERTIFICATE" || block.Type == "TRUSTED CERTIFICATE" || block.Type == "X509 CERTIFICATE" {
			add(block.Bytes)
		}
	}
	return list, bad
}

// isDER tells a certificate by its beginning: a sequence, with a length of one
// byte (a small one, of Ed25519) or two, that begins with another sequence. Keys
// begin with a number.
func isDER(data []byte) bool {
	return len(data) > 4 && data[0] == 0x30 && (data[1] == 0x81 && data[3] == 0x30 || data[1] == 0x82 && data[4] == 0x30)
}

func describe(c *x509.Certificate, p string, position int, now time.Time) facts.Certificate {
	out := facts.Certificate{
		Path: p, Position: int64(position), Serial: fmt.Sprintf("%x", c.SerialNumber), KeyType: "other", Signature: c.SignatureAlgorithm.String(),
		NotBeforeUS: c.NotBefore.UnixMicro(), NotAfterUS: c.NotAfter.UnixMicro(), Ca: c.IsCA,
		SelfSigned: bytes.Equal(c.RawIssuer, c.RawSubject),
	}
	out.DaysLeft = int64(c.NotAfter.Sub(now) / (24 * time.Hour))
	if c.NotAfter.Before(now) {
		out.DaysLeft = min(out.DaysLeft, -1)
	}
	if cn := c.Subject.CommonName; cn != "" {
		sum := sha256.Sum256([]byte(cn))
		out.SubjectDigest = hex.EncodeToString(sum[:16])
	}
	if !out.SelfSigned {
		out.Issuer = tree.Clean(strings.TrimSpace(strings.Join(c.Issuer.Organization, " ") + " " + c.Issuer.CommonName))
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		out.KeyType, out.Bits = "rsa", int64(k.N.BitLen())
	case *ecdsa.PublicKey:
		out.KeyType, out.Bits = "ecdsa", int64(k.Curve.Params().BitSize)
	case ed25519.PublicKey:
		out.KeyType, out.Bits = "ed25519", 256
	case *dsa.PublicKey:
		out.KeyType, out.Bits = "dsa", int64(k.P.BitLen())
	}
	return out
}
