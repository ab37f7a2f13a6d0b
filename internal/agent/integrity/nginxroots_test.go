package integrity

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWebRoots(t *testing.T) {
	host := t.TempDir()
	for name, text := range map[string]string{
		"etc/nginx/nginx.conf":                  "# root /comment;\nhttp {\n include mime.types; include /etc/nginx/sites-enabled/*;\n include snippets/*.inc; server { listen 80; root /srv/one; location /img { alias \"/srv/with space\"; } }\n}\n",
		"etc/nginx/sites-enabled/b":             "server{root '/srv/two/';}\nserver {\n\troot\n\t/srv/three # said so\n;\n}\nserver { root /srv/$host; } server { root html; } server { root /; }\n",
		"etc/nginx/snippets/x.inc":              "include snippets/*.inc; root /srv/four; add_header X \"root /no;\";\n",
		"etc/nginx/conf.d/d.conf":               "server { set $x root; root /srv/five; }",
		"etc/nginx/sites-available/off":         "server { root /srv/off; }",
		"etc/apache2/sites-enabled/000-default": "<VirtualHost *:80>\n  documentroot \"/srv/six\"\n  # DocumentRoot /srv/no\n</VirtualHost>\n",
	} {
		p := filepath.Join(host, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := webRoots(host)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/srv/five", "/srv/four", "/srv/one", "/srv/six", "/srv/three", "/srv/two", "/srv/with space"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, err := webRoots(t.TempDir()); err != nil || len(got) > 0 {
		t.Errorf("%q %v", got, err)
	}
}

func FuzzNginxStatements(f *testing.F) {
	f.Add("server { root /srv; alias '/a b'; } # x")
	f.Add("root \"\\\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		for _, words := range nginxStatements(text) {
			if len(words) < 2 {
				t.Fatalf("%q has a statement without a value: %q", text, words)
			}
			for _, w := range words {
				n += len(w)
			}
		}
		if n > len(text) {
			t.Fatalf("%q has more in its words than there is", text)
		}
		if strings.IndexByte(text, ';') < 0 && n > 0 {
			t.Fatalf("%q has a statement that does not end", text)
		}
	})
}
