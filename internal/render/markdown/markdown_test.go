package markdown_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/render/markdown"
)

func render(t testing.TB, text string) string {
	t.Helper()
	out, err := markdown.HTML(text, 2)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestHTML(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"headings shift", "# One\n\n## Two\n", "<h2>One</h2>\n<h3>Two</h3>\n"},
		{"a list", "1. a\n2. b\n", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"},
		{"a table", "| a | b |\n|---|---|\n| 1 | 2 |\n", "<th>a</th>"},
		{"a link", "[us](https://example.org/x)", `<a href="https://example.org/x">us</a>`},
		{"mail", "[us](mailto:a@example.org)", `<a href="mailto:a@example.org">us</a>`},
		{"a path of ours", "[it](/controls/x)", `<a href="/controls/x">it</a>`},
		{"a script's address", "[us](javascript:alert(1))", "<p>us</p>"},
		{"data", "[us](data:text/html,x)", "<p>us</p>"},
		{"another host by path", "[us](//example.org/x)", "<p>us</p>"},
		{"a backslash", `[us](/\example.org)`, "<p>us</p>"},
		{"an automatic link of another kind", "<ftp://example.org/a&b>", "<p>ftp://example.org/a&amp;b</p>"},
		{"a picture", "![what it shows](https://example.org/x.png)", "<p>what it shows</p>"},
		{"HTML in a line", "a <b onclick=x>b</b> c", "<p>a b c</p>"},
		{"a script", "<script>alert(1)</script>\n\nx", "<p>x</p>"},
	} {
		if got := render(t, tc.text); !strings.Contains(got, tc.want) || strings.Contains(got, "<script") || strings.Contains(got, "onclick") {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

var (
	allowed = regexp.MustCompile(`^</?(h[2-6]|p|ul|ol|li|em|strong|del|code|pre|blockquote|table|thead|tbody|tr|th|td|hr|br|a)( (start="\d+"|class="language-[^"<>]*"|href="(#|/|https?:|mailto:)[^"<>]*"|title="[^"<>]*"))* ?/?>$`)
	tag     = regexp.MustCompile(`<[^>]*>`)
)

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"# a\n\n* b\n", "<b>x</b>", "[a](javascript:x)", "![a](b)", "a | b\n-|-:\n1 | 2", "<x@y.z> https://a.b", "[a]: data:x\n[a]", "[![a](b)](jAvascript:c)", "```go\"x\n<\n```"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		for _, m := range tag.FindAllString(render(t, text), -1) {
			if !allowed.MatchString(m) {
				t.Errorf("%q gives the tag %s", text, m)
			}
		}
	})
}
