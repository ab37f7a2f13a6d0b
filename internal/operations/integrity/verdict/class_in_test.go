package verdict

import "testing"

func TestClassIn(t *testing.T) {
	for _, c := range []struct {
		file, root string
		want       Class
	}{
		{"/opt/shop/public/index.html", "/opt/shop/public", Content}, {"/opt/shop/public", "/opt/shop/public/", Content}, {"/opt/shop/publicity", "/opt/shop/public", System},
		{"/opt/shop/bin/x", "/opt/shop/public", System}, {"/usr/share/nginx/html/50x.html", "/usr/share/nginx/html", Content}, {"/usr/bin/ssh", "/usr/bin", System}, {"/usr/bin/ssh", "/usr", System},
		{"/etc/passwd", "/etc", Configuration}, {"/srv/x", "/srv", Content}, {"/etc/passwd", "", Configuration}, {"/usr/lib/x", "/", System},
	} {
		if got := ClassIn(c.file, []string{c.root}); got != c.want {
			t.Errorf("%s where %q is given out: %s, want %s", c.file, c.root, got, c.want)
		}
	}
}
