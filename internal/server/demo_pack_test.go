package server

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	figures = regexp.MustCompile(`(?s)<tr[^>]*>\s*<th[^>]*>(.*?)</th>\s*<td[^>]*>.*?<a[^>]*href="(/(?:criteria|controls|risks|findings|waivers|engagements|governance|obligations)[^"]*)"[^>]*>([\d,]+)(?: of ([\d,]+))?</a>`)
	shown   = regexp.MustCompile(`([\d,]+) of ([\d,]+) shown`)
	current = regexp.MustCompile(`(?s)<a[^>]*aria-current="[^"]*"[^>]*>(.*?)</a>`)
	tags    = regexp.MustCompile(`<[^>]*>`)
)

// packOfDemo holds each figure of the board pack against the list that it leads to.
// A server that has just started still finds things between two pages: what differs
// is read again before it counts.
func packOfDemo(t *testing.T, c *http.Client, url, path string, least int) {
	var wrong []string
	for range 5 {
		if wrong = packAgainstLists(t, c, url, path, least); len(wrong) == 0 {
			return
		}
		time.Sleep(2 * time.Second)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

func packAgainstLists(t *testing.T, c *http.Client, url, path string, least int) (wrong []string) {
	get := func(path string) string {
		t.Helper()
		res, err := c.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d, %v", path, res.StatusCode, err)
		}
		return string(raw)
	}
	words := func(s string) string { return strings.Join(strings.Fields(tags.ReplaceAllString(s, " ")), " ") }
	found := figures.FindAllStringSubmatch(get(path), -1)
	if len(found) < least {
		t.Errorf("%s has %d figures that lead to lists, want %d", path, len(found), least)
	}
	for _, m := range found {
		term, list, want := words(m[1]), html.UnescapeString(m[2]), m[3]
		if strings.HasPrefix(term, "Of these") { // a part of the list
			if n, of := number(want), number(m[4]); n > of {
				t.Errorf("%s: %s is %d of %d", path, term, n, of)
			}
			continue
		}
		page, got := get(list), "0"
		switch {
		case strings.HasPrefix(list, "/criteria"): // its list counts in its chips
			for _, x := range current.FindAllStringSubmatch(page, -1) {
				if n, _, two := strings.Cut(words(x[1]), " "); two && number(n) > 0 {
					got = n
				}
			}
		case strings.HasPrefix(list, "/governance"):
			got = strconv.Itoa(strings.Count(page, `href="/governance/B-`))
		default:
			if x := shown.FindStringSubmatch(page); x != nil {
				got = x[1]
				if strings.HasPrefix(list, "/findings") { // a page of all that match; other lists say how many of all do
					got = x[2]
				}
			}
		}
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s says %s %s, and %s shows %s", path, want, term, list, got))
		}
	}
	return wrong
}

func number(s string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	if err != nil {
		return -1
	}
	return n
}
