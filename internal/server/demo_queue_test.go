package server

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// queueOfDemo holds that every part of the programme can be asked what waits, that
// the parts which somebody works on have something, and that each item leads to
// a page where it is finished.
func queueOfDemo(t *testing.T, in *deployment, c *http.Client) {
	get := func(path string) (int, []byte) {
		t.Helper()
		res, err := c.Get(in.ready.URL + path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return res.StatusCode, raw
	}
	_, page := get("/work")
	if strings.Contains(string(page), "Not all could be read") {
		t.Error("what waits somewhere cannot be read")
	}
	res, err := c.PostForm(in.ready.URL+"/export/work", url.Values{"address": {"/work"}, "format": {"json"}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Rows []struct{ Kind, Ref, Page string }
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatalf("the queue answers %s: %v\n%.300s", res.Status, err, raw)
	}
	opened, kinds := map[string]bool{}, map[string]int{}
	for _, x := range all.Rows {
		kinds[x.Kind]++
		if opened[x.Page] {
			continue
		}
		opened[x.Page] = true
		if status, _ := get(x.Page); status != http.StatusOK {
			t.Errorf("%s %s leads to %s, which answers %d", x.Kind, x.Ref, x.Page, status)
		}
	}
	for _, kind := range []string{"Task", "Control to perform", "Evidence to review", "Approval", "Review", "Checklist", "Risk", "Meeting"} {
		if kinds[kind] == 0 {
			t.Errorf("nothing of the kind %s waits: %v", kind, kinds)
		}
	}
}
