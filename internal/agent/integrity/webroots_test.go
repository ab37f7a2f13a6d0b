package integrity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the configuration of a web server says, whatever it is: whole, clean paths,
// and never the whole host.
func FuzzWebRoots(f *testing.F) {
	for _, s := range []string{"server {\n root /srv/site;\n}\n", "DocumentRoot \"/var/www/html\"\n", "root /;\n", "root /a/../..;", "root $x;", "root \"/a b\";\n", "documentroot /x/\nroot\troot /y;", "root /\x00;", "root ;;\"\""} {
		f.Add([]byte(s))
	}
	host := f.TempDir()
	conf := filepath.Join(host, "etc/nginx/nginx.conf")
	if err := os.MkdirAll(filepath.Dir(conf), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(conf, data, 0o600); err != nil {
			t.Fatal(err)
		}
		roots, err := webRoots(host)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range roots {
			if !filepath.IsAbs(r) || filepath.Clean(r) != r || r == "/" || strings.ContainsAny(r, "$*?[") {
				t.Errorf("%q is watched", r)
			}
		}
	})
}
