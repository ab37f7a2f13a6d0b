package landing

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxSearched is how many characters of an item are searched: an index holds them,
// and PostgreSQL keeps at most 2,700 bytes in one.
const MaxSearched = 600

// Searched gives what a change is found by, in lower case. What is cut off is the
// end of a long title.
func (c *Change) Searched() string {
	parts := []string{c.Ref(), c.Landed, fmt.Sprintf("#%d !%d", c.Request, c.Request), strings.Join(c.Tickets, " ")}
	for _, a := range c.Authors {
		parts = append(parts, a.Name)
	}
	return searched(append(parts, c.Title)...)
}

// Searched gives what a deployment is found by, in lower case.
func (d *Deployment) Searched() string {
	return searched(d.Ref(), d.Commit, d.Environment, d.By.Name, strings.Join(d.Hosts, " "))
}

func searched(parts ...string) string {
	text := strings.ToLower(strings.Join(parts, " "))
	if utf8.RuneCountInString(text) > MaxSearched {
		text = string([]rune(text)[:MaxSearched])
	}
	return text
}
