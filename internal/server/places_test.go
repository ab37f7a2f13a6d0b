package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/place"
)

// The webhook of a site's sensors takes a message once, from whoever has the
// site's token, and says no in words to all else.
func TestSensorsReport(t *testing.T) {
	a := newPrograms(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ann := a.admin
	site, err := a.p.places.Add(ctx, ann, place.Profile{Name: "Office", Sort: place.Office, Owner: ann.UserID})
	must(err)
	high := 27.0
	sensor, err := a.p.places.Declare(ctx, ann, place.Declaration{Site: site.Ref, Name: "Rack 1", Key: "rack-1", Measure: "temperature", Where: "Server room", High: &high, Every: 10})
	must(err)
	token, err := a.p.places.Token(ctx, ann, site.Ref)
	must(err)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hooks/sensors/{ref}", a.p.takeSensors)
	hot := fmt.Sprintf(`{"readings":[{"sensor":"rack-1","at":%q,"value":31.5}]}`, time.Now().UTC().Format(time.RFC3339))
	for _, tc := range []struct {
		name, ref, token, body, says string
		status                       int
	}{
		{"no token", site.Ref, "", hot, "token", http.StatusForbidden},
		{"another site", "SI-9", token, hot, "token", http.StatusForbidden},
		{"nothing that can be read", site.Ref, token, "{", "not JSON", http.StatusUnprocessableEntity},
		{"too large", site.Ref, token, strings.Repeat(" ", place.MaxMessage+1), "too large", http.StatusRequestEntityTooLarge},
		{"a reading", site.Ref, token, hot, "taken: 1 readings, 1 sensors", http.StatusAccepted},
		{"the same again", site.Ref, token, hot, "already", http.StatusConflict},
	} {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks/sensors/"+tc.ref, strings.NewReader(tc.body))
		if tc.token != "" {
			r.Header.Set("Authorization", "Bearer "+tc.token)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
			t.Errorf("%s: %d %s", tc.name, w.Code, w.Body)
		}
	}
	got, err := a.p.places.Sensor(ctx, access.System(), sensor.Ref)
	must(err)
	if c := got.Content.Condition; c.Outcome != place.Fail || !strings.Contains(c.Reason, "31.5 °C is above 27 °C") {
		t.Errorf("%s because %s", c.Outcome, c.Reason)
	}
}
