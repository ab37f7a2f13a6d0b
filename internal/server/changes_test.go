package server

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/connectors/forge"
)

// endless gives the same letter for ever.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// A message that is larger than any forge sends is refused before anything looks
// at it.
func TestHookIsBounded(t *testing.T) {
	p := &parts{logger: slog.New(slog.DiscardHandler)} // no register: it must not be asked
	w := httptest.NewRecorder()
	p.takeHook(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/billing", io.LimitReader(endless{}, forge.MaxBody+1)))
	if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "too large") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
