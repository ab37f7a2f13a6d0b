package mounts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const some = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:30 / /srv/nfs rw - nfs4 server:/export rw
31 22 0:31 / /srv/nfs/local rw shared:3 master:1 - tmpfs tmpfs rw
32 22 0:32 / /mnt/with\040space rw - fuse.sshfs a@b:/ rw
33 22 8:1 / /mnt/usb rw - fuseblk /dev/sda1 rw
34 22 0:34 / /mnt/over rw - nfs server:/x rw
35 22 0:35 / /mnt/over rw - tmpfs tmpfs rw
36 22 0:36 / /home/ann rw - cifs //server/ann rw
37 22 0:37 / /run/user/1000/doc rw - fuse.portal portal rw
38 22 0:38 / /p9 rw - 9p host rw
`

func TestFar(t *testing.T) {
	table := Parse(some)
	for p, want := range map[string]string{"/": "", "/etc/passwd": "", "/srv/nfs": "nfs4", "/srv/nfs/a/b": "nfs4", "/srv/nfsx": "", "/srv/nfs/local": "", "/srv/nfs/local/f": "", "/mnt/with space/x": "fuse.sshfs",
		"/mnt/usb/x": "", "/mnt/over/x": "", "/home/ann/.ssh": "cifs", "/home/bob/.ssh": "", "/run/user/1000/doc/by-app": "fuse.portal", "/p9": "9p"} {
		m, far := table.Far(p)
		if far != (want != "") || far && m.Type != want {
			t.Errorf("%s: %+v, far: %v, want %q", p, m, far, want)
		}
	}
	if !table.Begins("/srv/nfs") || table.Begins("/srv/nfs/a") || table.Begins("/") || !table.Any() || Parse("22 1 254:0 / / rw - ext4 /dev/vda rw\n").Any() {
		t.Error("where one begins")
	}
	// A host that runs from the network has its own files there.
	own := Parse("22 1 0:30 / / rw - nfs4 server:/root rw\n30 22 0:31 / /srv rw - nfs4 server:/srv rw\n40 22 0:30 /usr /usr rw - nfs4 server:/root rw\n")
	for p, want := range map[string]bool{"/etc": false, "/usr/bin": false, "/srv/x": true} {
		if _, far := own.Far(p); far != want {
			t.Errorf("%s: far: %v", p, far)
		}
	}
	if now, err := Read(); err != nil || len(now) == 0 {
		t.Errorf("%d mounts, %v", len(now), err)
	}
}

// What is left out is not looked at, nor is what lies in it.
func TestMatch(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"home/ann/.ssh", "home/bob/.ssh", "home/eve", "lib64"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var asked []string
	but := func(p string) bool { asked = append(asked, p); return strings.Contains(p, "bob") }
	got, err := Match(dir+"/home/*/.ssh", but)
	if err != nil || !slices.Equal(got, []string{dir + "/home/ann/.ssh"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Match(dir+"/lib*", func(p string) bool { return p == dir }); err != nil || len(got) != 0 {
		t.Errorf("%q of a directory that is left out, %v", got, err)
	}
	if got, err := Match(dir+"/lib*", but); err != nil || !slices.Equal(got, []string{dir + "/lib64"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// Whatever the kernel's table has in it: every mount has a place and a type, and of no
// path is said what no line says.
func FuzzParse(f *testing.F) {
	f.Add(some, "/srv/nfs/x")
	f.Add("1 2 0:1 / \\057srv rw - nfs\n- - -\n", "/srv")
	f.Add("a b c d e f - nfs x", "")
	f.Add("1 2 3 4 /a\\040 6 - fuse. -\n", "/a /")
	f.Fuzz(func(t *testing.T, text, p string) {
		table := Parse(text)
		if len(table) > strings.Count(text, "\n")+1 {
			t.Errorf("%d mounts", len(table))
		}
		m, far := table.Far(p)
		if far && (!slices.Contains(table, m) || !m.Remote() || !within(p, m.Point)) {
			t.Errorf("%q lies on %+v", p, m)
		}
		if table.Begins(p) && (!far || m.Point != p) {
			t.Errorf("%+v begins at %q", m, p)
		}
	})
}
