package kernel

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

func fan(mask uint64, pid int32, infos ...[]byte) []byte {
	var body []byte
	for _, i := range infos {
		body = append(body, i...)
	}
	b := binary.NativeEndian.AppendUint32(nil, uint32(fanMetadata+len(body)))
	b = append(b, fanVersion, 0)
	b = binary.NativeEndian.AppendUint16(b, fanMetadata)
	b = binary.NativeEndian.AppendUint64(b, mask)
	b = binary.NativeEndian.AppendUint32(b, 0xffffffff)
	b = binary.NativeEndian.AppendUint32(b, uint32(pid))
	return append(b, body...)
}

func info(kind byte, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := binary.NativeEndian.AppendUint16([]byte{kind, 0}, uint16(4+len(body)))
	return append(b, body...)
}

func named(fs uint64, handle, name string) []byte {
	b := binary.NativeEndian.AppendUint64(nil, fs)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(handle)))
	b = binary.NativeEndian.AppendUint32(b, 1)
	b = append(b, handle...)
	return append(append(b, name...), 0)
}

func TestParseFanotify(t *testing.T) {
	pidfd := binary.NativeEndian.AppendUint32(nil, 7)
	buf := slices.Concat(
		fan(0x100, 42, info(infoDFIDNam, named(9, "DIRECTRY", "caf\xe9")), info(infoFID, named(9, "CHILD___", "")), info(infoPIDFD, pidfd)),
		fan(0x10000000, 43, info(infoOldName, named(9, "DIRECTRY", "a")), info(infoNewName, named(9, "OTHERDIR", "b"))),
		fan(0x4000, 0),
	)
	var got []FanRecord
	if err := ParseFanotify(buf, func(r *FanRecord) { got = append(got, *r) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 {
		t.Fatalf("%d records", len(got))
	}
	if r := got[0]; r.PID != 42 || r.Name != "caf\xe9" || r.Dir != (Handle{9, 1, "DIRECTRY"}) || r.Child.Bytes != "CHILD___" || r.PIDFD != 7 || r.FD != -1 {
		t.Errorf("%+v", r)
	}
	if r := got[1]; r.Name != "a" || r.ToName != "b" || r.ToDir.Bytes != "OTHERDIR" || !r.HasTo || r.PIDFD != UnsaidPIDFD {
		t.Errorf("%+v", r)
	}
	if r := got[2]; r.HasDir || r.Mask != 0x4000 {
		t.Errorf("%+v", r)
	}
	for cut := 1; cut < len(buf); cut++ {
		n := 0
		err := ParseFanotify(buf[:cut], func(*FanRecord) { n++ })
		if err == nil && (n == 0 || n > 2) {
			t.Errorf("cut at %d: %d records and no error", cut, n)
		}
	}
	for _, name := range []string{"../x", "a/b", ".."} {
		if err := ParseFanotify(fan(0x100, 1, info(infoDFIDNam, named(9, "DIRECTRY", name))), func(*FanRecord) {}); err == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
}

func in(wd int32, mask, cookie uint32, name string) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(wd))
	b = binary.NativeEndian.AppendUint32(b, mask)
	b = binary.NativeEndian.AppendUint32(b, cookie)
	padded := name
	if name != "" {
		padded += strings.Repeat("\x00", 16-len(name)%16)
	}
	b = binary.NativeEndian.AppendUint32(b, uint32(len(padded)))
	return append(b, padded...)
}

func TestParseInotify(t *testing.T) {
	buf := slices.Concat(in(1, 0x100, 0, "new"), in(2, 0x40, 5, "old"), in(-1, 0x4000, 0, ""))
	var got []InRecord
	if err := ParseInotify(buf, func(r *InRecord) { got = append(got, *r) }); err != nil {
		t.Fatal(err)
	}
	want := []InRecord{{1, 0x100, 0, "new"}, {2, 0x40, 5, "old"}, {-1, 0x4000, 0, ""}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if err := ParseInotify(buf[:20], func(*InRecord) {}); err == nil {
		t.Error("a record that is cut short is taken")
	}
	if err := ParseInotify(in(1, 1, 0, "../x"), func(*InRecord) {}); err == nil {
		t.Error("a name with a slash is taken")
	}
}

func FuzzFanotify(f *testing.F) {
	f.Add(fan(0x100, 42, info(infoDFIDNam, named(9, "DIRECTRY", "name")), info(infoPIDFD, []byte{1, 0, 0, 0})))
	f.Add(fan(0x10000000, 43, info(infoOldName, named(9, "DIRECTRY", "a")), info(infoNewName, named(9, "OTHERDIR", "b"))))
	f.Add(fan(0x4000, 0, info(infoError, make([]byte, 8))))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := 0
		err := ParseFanotify(b, func(r *FanRecord) {
			size += fanMetadata
			for _, n := range []string{r.Name, r.ToName} {
				if strings.ContainsAny(n, "/\x00") || n == ".." {
					t.Errorf("name %q", n)
				}
			}
			if len(r.Dir.Bytes) > 128 {
				t.Errorf("a handle of %d bytes", len(r.Dir.Bytes))
			}
		})
		if size > len(b) || err == nil && len(b) > 0 && size == 0 {
			t.Errorf("%d bytes of records in %d bytes, %v", size, len(b), err)
		}
	})
}

func FuzzInotify(f *testing.F) {
	f.Add(slices.Concat(in(1, 0x100, 0, "new"), in(2, 0x40, 5, "old"), in(-1, 0x4000, 0, "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := 0
		err := ParseInotify(b, func(r *InRecord) {
			size += 16
			if strings.ContainsAny(r.Name, "/\x00") {
				t.Errorf("name %q", r.Name)
			}
		})
		if size > len(b) || err == nil && len(b) > 0 && size == 0 {
			t.Errorf("%d bytes of records in %d bytes, %v", size, len(b), err)
		}
	})
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{`/a\040b`: "/a b", `/a\134b`: `/a\b`, `/a\0`: `/a\0`, `/x`: "/x", `\377`: "\xff"} {
		if got := Unescape(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		p, dir string
		want   bool
	}{{"/a/b", "/a", true}, {"/a", "/a", true}, {"/ab", "/a", false}, {"/a", "/", true}, {"/", "/a", false}} {
		if Within(c.p, c.dir) != c.want {
			t.Errorf("%s in %s", c.p, c.dir)
		}
	}
}
