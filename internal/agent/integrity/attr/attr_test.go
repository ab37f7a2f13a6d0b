package attr

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{"plain": "plain", `a\b`: `a\b`, "caf\xe9": `caf\xe9`, "\xff\\": `\xff\\`, "é": "é", "\xff\uFFFD": `\xff` + "\uFFFD"} {
		if got, escaped := Escape([]byte(in)); got != want || escaped != strings.Contains(want, `\x`) {
			t.Errorf("%q: %q, %v", in, got, escaped)
		}
	}
	for in, want := range map[string]string{"/a b": "/a b", "/a\nb": `"/a\nb"`, "/\x1b[2J": `"/\x1b[2J"`, "/\xff": `"/\xff"`, "/\u202etxt": `"/\u202etxt"`} {
		if got := Printable([]byte(in)); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
}

func xattr(t *testing.T, name, value string) []byte {
	t.Helper()
	b, err := hex.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return appendValue(nil, []byte(name), b)
}

// Values as the kernel stores them, in words.
func TestXattrWords(t *testing.T) {
	for _, tc := range []struct {
		name, value, field, want string
	}{
		{"security.capability", "01000002002000000000000000000000" + "00000000", "capabilities", "cap_net_raw=ep"},
		{"security.capability", "00000002000400000000000000000000" + "00000000", "capabilities", "cap_net_bind_service=p"},
		{"security.capability", "0100000200100000" + "0010000000000000" + "00000000", "capabilities", "cap_net_admin=eip"},
		{"security.capability", "0000000200000000" + "0000000080000000" + "80000000", "capabilities", "cap_bpf=ip"},
		{"security.capability", "01000003002000000000000000000000" + "00000000" + "a0860100", "capabilities", "cap_net_raw=ep [rootid=100000]"},
		{"security.capability", "01000009", "capabilities", "0x01000009"},
		{"system.posix_acl_access", "02000000" + "01000600ffffffff" + "02000400d2040000" + "04000400ffffffff" + "10000400ffffffff" + "20000000ffffffff", "acl",
			"user::rw-,user:1234:r--,group::r--,mask::r--,other::---"},
		{"system.posix_acl_access", "0200000001", "acl", "0x0200000001"},
		{"security.selinux", hex.EncodeToString([]byte("system_u:object_r:etc_t:s0\x00")), "security_label", "system_u:object_r:etc_t:s0"},
	} {
		e := Entry{Mode: unix.S_IFREG, Has: HasXattr, Xattr: xattr(t, tc.name, tc.value)}
		want := map[string]any{tc.field: tc.want}
		if diff := cmp.Diff(want, e.Values(ACL|DefaultACL|Capabilities|Label|Xattrs)); diff != "" {
			t.Errorf("%s %s: %s", tc.name, tc.value, diff)
		}
	}
}

// What could not be read differs from every value and from what could not be
// read for another reason.
func TestUnreadDiffers(t *testing.T) {
	read := Entry{Mode: unix.S_IFREG | 0o644, Has: HasDigest | HasFlags | HasXattr | HasBtime}
	for part, field := range map[Part]Fields{PartDigest: Digest, PartFlags: InodeFlags, PartXattr: Xattrs, PartBtime: BirthTime, PartMtime: Mtime, PartCtime: Ctime, PartEntries: Entries} {
		denied := read
		denied.Has &^= map[Part]Has{PartDigest: HasDigest, PartFlags: HasFlags, PartXattr: HasXattr, PartBtime: HasBtime}[part]
		denied.Why[part] = Reason(unix.EACCES)
		broken := denied
		broken.Why[part] = Reason(unix.EIO)
		if Diff(&read, &denied) != field || Diff(&denied, &broken) != field || Diff(&denied, &denied) != 0 {
			t.Errorf("%s: %v, %v", part, Diff(&read, &denied).Names(), Diff(&denied, &broken).Names())
		}
		if v := denied.Values(field)[part.String()]; v != (Unread{"permission denied (EACCES)"}) {
			t.Errorf("%s: %v", part, v)
		}
	}
	var unseen Entry
	unseen.Unseen(Reason(unix.EACCES))
	if Diff(&read, &unseen) != Type || Diff(&unseen, &unseen) != 0 || len(unseen.Values(All)) != 1 {
		t.Errorf("%v", unseen.Values(All))
	}
}

func TestReasons(t *testing.T) {
	for r := Unstable; r < lastReason; r++ {
		if strings.Contains(r.String(), "does not know") || !r.Valid() {
			t.Errorf("%d: %s", r, r)
		}
	}
	if ReasonOf(unix.EACCES) != Reason(unix.EACCES) || ReasonOf(nil) != 0 || Reason(5000).Valid() || lastReason.Valid() || !Reason(unix.ENOTTY).Unsupported() {
		t.Error("reasons")
	}
}

// FuzzList reads foreign bytes as a list of extended attributes.
func FuzzList(f *testing.F) {
	f.Add([]byte("\x06user.a\x00\x03abc"))
	f.Add(appendValue(nil, []byte(capabilityName), make([]byte, 20)))
	f.Add(appendValue(nil, []byte("user.long"), make([]byte, 2000)))
	f.Add(appendXattr(nil, []byte(aclName), failed, []byte{13, 0}))
	f.Fuzz(func(t *testing.T, list []byte) {
		err := CheckList(list)
		all := List(list)
		size := 0
		for _, x := range all {
			size += len(x.Name) + len(x.Value)
		}
		if size > len(list) || err == nil && len(list) > 0 && len(all) == 0 {
			t.Fatalf("%d attributes, %v", len(all), err)
		}
		e := Entry{Mode: unix.S_IFREG, Has: HasXattr, Xattr: list}
		_ = e.Values(All)
		if Diff(&e, &e) != 0 {
			t.Fatal("it differs from itself")
		}
	})
}
