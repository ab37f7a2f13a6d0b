package integrity

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/snapshot"
)

// Links in circles, to each other, to nowhere and out of the tree are recorded as what
// they are, with where they lead; none is followed, so that every look ends and nothing
// outside of the tree is read.
func TestLinkLoops(t *testing.T) {
	dir := t.TempDir()
	root, outside := filepath.Join(dir, "t"), filepath.Join(dir, "outside")
	put(t, outside+"/secret", "1")
	put(t, root+"/a/b/file", "1")
	links := map[string]string{
		"/a/b/parent": "..", "/a/b/top": root, "/a/self": "self", "/a/dot": ".", "/x": "y", "/y": "x", "/out": outside, "/out-of-it": "../outside/secret",
		"/nowhere": "nothing/there", "/long": strings.Repeat("a/../", 800) + "a", "/proc": "/proc/self/root",
	}
	for at, to := range links {
		if err := os.Symlink(to, root+at); err != nil {
			t.Fatal(err)
		}
	}
	s, made := base(t, snapshot.Options{Cross: true}, root)
	if want := 4 + len(links); int(made.Entries) != want || made.UnreadCount != 0 || made.LeftCount != 0 || made.Bytes != 1 {
		t.Errorf("%d entries, want %d, %d bytes; %+v", made.Entries, want, made.Bytes, made.Gaps)
	}
	for at, to := range links {
		found := false
		for c := s.Cursor(); !found; {
			e, err := c.Next()
			if err != nil {
				t.Fatalf("%s is not recorded: %v", at, err)
			}
			if found = string(e.Path) == root+at; found && (e.TypeName() != "link" || string(e.Link) != to) {
				t.Errorf("%s is a %s to %q", at, e.TypeName(), e.Link)
			}
		}
	}
	// What they lead to changes, and they do not.
	put(t, outside+"/secret", "22")
	put(t, outside+"/more", "1")
	if changes, _ := check(t, s, How{Full: true}); len(changes) != 0 {
		t.Errorf("%q", told(changes))
	}
	// A link that leads elsewhere is a change, with both.
	if err := os.Remove(root + "/x"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", root+"/x"); err != nil {
		t.Fatal(err)
	}
	// A directory in the place of a link, and a link in the place of a directory.
	if err := os.Remove(root + "/out"); err != nil {
		t.Fatal(err)
	}
	put(t, root+"/out/file", "1")
	if err := os.Rename(root+"/a/b", outside+"/b"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside+"/b", root+"/a/b"); err != nil {
		t.Fatal(err)
	}
	changes, _ := check(t, s, How{})
	want := []string{"added " + root + "/out/file", "changed " + root, "changed " + root + "/a", "changed " + root + "/a/b", "changed " + root + "/out", "changed " + root + "/x",
		"removed " + root + "/a/b/file", "removed " + root + "/a/b/parent", "removed " + root + "/a/b/top"}
	if got := told(changes); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, c := range changes {
		if c.Path == root+"/x" && (c.Before["link_target"] != "y" || c.After["link_target"] != "/etc") {
			t.Errorf("%+v", c)
		}
	}
	// By a path that leads over a link nothing is looked at: it lies elsewhere.
	only, found := check(t, s, How{Only: []string{root + "/a/b/file", root + "/x/passwd"}})
	if !slices.Equal(told(only), []string{"removed " + root + "/a/b/file"}) || found.Bytes != 0 {
		t.Errorf("%q, %+v", told(only), found)
	}
}

// A tree that is mounted into itself, and again into that: not gone into unless that is
// asked for, which is said; and where it is asked for it ends, and each path of it is
// looked at once.
func TestMountedIntoItself(t *testing.T) {
	root := filepath.Join(t.TempDir(), "t")
	put(t, root+"/file", "1")
	put(t, root+"/inner/under", "1")
	mount := func(flags uintptr) {
		t.Helper()
		if err := unix.Mount(root, root+"/inner", "", unix.MS_BIND|flags, ""); err != nil {
			t.Skipf("NOT RUN: nothing can be mounted here: %v", err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(root+"/inner", unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
	mount(0)
	_, made := base(t, snapshot.Options{}, root)
	if made.Entries != 3 || made.LeftCount != 1 || made.Left[0].Path != root+"/inner" || made.Left[0].Reason != attr.MountPoint.String() || made.UnreadCount != 0 {
		t.Errorf("%d entries, %+v", made.Entries, made.Gaps)
	}
	entries := made.Entries
	for round := range 4 {
		if round > 0 {
			mount(unix.MS_REC) // with what is mounted in it already
		}
		s, made := base(t, snapshot.Options{Cross: true}, root)
		if made.Entries <= entries || made.UnreadCount != 0 {
			t.Errorf("round %d: %d entries after %d, %+v", round, made.Entries, entries, made.Gaps)
		}
		entries = made.Entries
		met := map[string]bool{}
		for c := s.Cursor(); ; {
			e, err := c.Next()
			if err != nil {
				break
			}
			if met[string(e.Path)] {
				t.Errorf("%s was met twice", e.Path)
			}
			met[string(e.Path)] = true
		}
		if !met[root+"/inner/inner"] || !met[root+"/inner/file"] || uint64(len(met)) != uint64(entries) {
			t.Errorf("round %d: %d of %d met", round, len(met), entries)
		}
		put(t, root+"/file", strings.Repeat("2", round+2))
		changes, _ := check(t, s, How{})
		for _, p := range []string{root + "/file", root + "/inner/file"} {
			if !slices.Contains(told(changes), "changed "+p) {
				t.Errorf("round %d: %s is not told: %q", round, p, told(changes))
			}
		}
	}
}
