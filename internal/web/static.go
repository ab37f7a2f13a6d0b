package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/web/ui"
)

// static serves the embedded files under names that carry a digest of their
// content, "attesta.1f3c9a0b.css", so that a browser may keep them for ever.
type static struct {
	files map[string]staticFile // by the name in the address
	names map[string]string     // plain name to the name in the address
}

type staticFile struct {
	content []byte
	kind    string
}

func newStatic(fsys fs.FS) (*static, error) {
	st := &static{files: map[string]staticFile{}, names: map[string]string{}}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		content, err := fs.ReadFile(fsys, e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		kind := mime.TypeByExtension(ext)
		switch ext { // the machine's own table may say otherwise
		case ".css":
			kind = "text/css; charset=utf-8"
		case ".js":
			kind = "text/javascript; charset=utf-8"
		case ".svg":
			kind = "image/svg+xml"
		case ".txt":
			kind = "text/plain; charset=utf-8"
		}
		st.files[name] = staticFile{content, kind}
		st.names[e.Name()] = name
	}
	return st, nil
}

func (st *static) url(name string) string { return "/static/" + st.names[name] }

func (st *static) assets() ui.Assets {
	return ui.Assets{Tokens: st.url("tokens.css"), Style: st.url("attesta.css"), HTMX: st.url("htmx-4.0.1.min.js"),
		Script: st.url("attesta.js"), Passkey: st.url("passkey.js"), Icon: st.url("icon.svg")}
}

func (st *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := st.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}
