package ui

import (
	"context"
	"strings"
)

type opening struct{}

// Opening gives a context in which links are drawn for somebody of whom may says which
// addresses of this site they may open: what they may not is shown as text.
func Opening(ctx context.Context, may func(path string) bool) context.Context {
	return context.WithValue(ctx, opening{}, may)
}

// opens reports whether an address may be opened by whoever the page is for.
func opens(ctx context.Context, href string) bool {
	may, ok := ctx.Value(opening{}).(func(string) bool)
	if !ok || !strings.HasPrefix(href, "/") || strings.HasPrefix(href, "//") {
		return true
	}
	path, _, _ := strings.Cut(href, "#")
	path, _, _ = strings.Cut(path, "?")
	return may(path)
}
