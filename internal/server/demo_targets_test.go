package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// targetsOfDemo holds what the demonstration shows of servers behind its load
// balancer: three failed in the year, one was replaced.
func targetsOfDemo(t *testing.T, c *http.Client, url string) {
	for path, wants := range map[string][]string{
		"/targets":                       {"Every server behind the load balancers is up", "app/app3", "10.20.1.14:8080"},
		"/targets/failures":              {"3 failures of targets, the longest 47 minutes", "replaced by 10.20.1.14:8080", "9 minutes"},
		"/targets/failures?how=replaced": {"1 of 1 shown"},
	} {
		res, err := c.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(raw), want) {
				t.Errorf("%s (%s) does not say %q", path, res.Status, want)
			}
		}
	}
}
