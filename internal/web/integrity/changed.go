package integrity

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
	"github.com/attesta/attesta/internal/wire"
)

// filesView is changes as they are shown in whole.
type filesView struct {
	Search  ui.SearchBox
	Changes []changed
	Pager   ui.Pager
}

// changed is one change: its path, what it was and is.
type changed struct {
	Path    string
	Said    string // "changed: content, mode"
	At      ui.Moment
	Verdict ui.Verdict // "" where the group says it
	Undone  string
	Open    bool
	Lines   []string
	Values  *ui.Table
	Facts   []ui.Fact
	Diff    []diffLine
	Links   []ui.Link
}

// diffLine is a line of a diff.
type diffLine struct{ Class, Mark, Text string }

var changeWords = map[string]string{"added": "created", "removed": "removed", "changed": "changed", "moved": "moved here", "exchanged": "exchanged with another", "transient": "created and removed again"}

var foundWords = map[string]string{"event": "seen as it happened", "rescan": "found by looking again after events were lost", "polling": "found by looking again", "start": "found when the agent started", "rehash": "found by reading the content anew"}

var logWords = map[string]string{"shrunk": "The log became shorter.", "rewritten": "The log was written anew: what was there before is not there any more.", "gone": "The log is gone.", "unknown": "Nothing says whether the log only grew."}

var attributeWords = map[string]string{"sha256": "content (SHA-256)", "mode": "mode", "uid": "owner", "gid": "group", "size": "size", "mtime": "modified", "ctime": "status changed", "birth_time": "born", "link_target": "link leads to", "nlink": "names of it", "xattrs": "extended attributes", "acl": "access list", "default_acl": "access list for new entries",
	"capabilities": "capabilities", "security_label": "security label", "inode_flags": "flags", "type": "type", "inode": "inode", "device": "device"}

// minor attributes follow from others; they come last.
var minor = []string{"mtime", "ctime", "birth_time", "inode", "nlink"}

// changedOf shows a change. g is the group that it is shown in; nil among others.
func changedOf(r *screen.Request, g *integrity.Group, c *integrity.Change, open bool) changed {
	t := &c.Told
	x := changed{Path: t.Path, At: r.Words.At(c.At), Open: open, Said: screen.OrElse(changeWords[t.Change], t.Change)}
	if t.Type != "" && t.Type != "file" {
		x.Said = t.Type + " " + x.Said
	}
	names := slices.Clone(t.Attributes)
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	if t.Change == "changed" && len(names) > 0 {
		var words []string
		for _, n := range names {
			if rank(n) == 0 || len(names) == 1 {
				words = append(words, screen.OrElse(attributeWords[n], n))
			}
		}
		if len(words) > 0 {
			x.Said += ": " + screen.Joined(words)
		}
	}
	if !c.Undone.IsZero() {
		x.Undone = "undone " + r.Words.At(c.Undone).Text
	}
	for _, l := range []string{prefixed("It was ", t.From), prefixed("The other is ", t.With), prefixed("Part of ", t.PartOf), logWords[t.Log]} {
		if l != "" {
			x.Lines = append(x.Lines, l)
		}
	}
	if t.Below > 0 {
		x.Lines = append(x.Lines, ui.Many(t.Below, "entry", "entries")+" below it moved with it.")
	}
	if len(t.Also) > 0 {
		x.Lines = append(x.Lines, "The same file is also "+screen.Joined(t.Also)+".")
	}
	if len(t.Via) > 0 {
		x.Lines = append(x.Lines, "On the way it was called "+screen.Joined(t.Via)+".")
	}
	if t.Escaped {
		x.Lines = append(x.Lines, `Its name is no UTF-8: \xNN is a byte.`)
	}
	x.Values = valuesOf(r, names, t)
	x.Diff = diffOf(t.Diff)
	if t.Secrets {
		x.Lines = append(x.Lines, "Only secrets differ; they are not shown.")
	}
	x.Facts = append(x.Facts, ui.Fact{Term: "Seen", Text: r.Words.Full(c.At) + ", " + screen.OrElse(foundWords[t.Found], t.Found)})
	if g == nil || c.Verdict.Reason != g.Reason {
		x.Facts = append(x.Facts, ui.Fact{Term: "Verdict", Text: screen.Sentence(c.Verdict.Reason)})
	}
	if p := t.Package; p != nil {
		x.Facts = append(x.Facts, ui.Fact{Term: "Package", Text: strings.TrimSpace(p.Name+" "+p.Version) + ": " + screen.OrElse(digestWords[p.Digest], p.Digest)})
		if p.Reason != "" {
			x.Facts = append(x.Facts, ui.Fact{Term: "Why", Text: p.Reason})
		}
	}
	if w := t.Who; w != nil && (g == nil || w.Exe != g.Program || w.LoginUser != g.Login || w.User != g.User) {
		x.Facts = append(x.Facts, processFacts(r, w)...)
	}
	x.Links = append(x.Links, ui.Link{Text: "All that happened to this path", Href: pathLink(c.Source, c.HostID, t.Path)})
	return x
}

func pathLink(source, hostID, file string) string {
	return root + "/path?" + url.Values{"host": {screen.OrElse(hostID, source)}, "path": {file}}.Encode()
}

func prefixed(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s + "."
}

func rank(name string) int {
	if slices.Contains(minor, name) {
		return 1
	}
	return 0
}

// valuesOf is what attributes were and are; nil where none is told. Of what came or
// went only what matters is shown.
func valuesOf(r *screen.Request, names []string, t *wire.FileChange) *ui.Table {
	both := len(t.Before) > 0 && len(t.After) > 0
	if len(names) == 0 {
		for _, m := range []map[string]any{t.Before, t.After} {
			for n, v := range m {
				if list, ok := v.([]any); ok && len(list) == 0 || slices.Contains(names, n) || !both && rank(n) > 0 {
					continue
				}
				names = append(names, n)
			}
		}
		slices.Sort(names)
		slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	}
	out := &ui.Table{Caption: "What it was and is", Columns: []ui.Column{{Text: "Attribute"}}}
	if len(t.Before) > 0 {
		out.Columns = append(out.Columns, ui.Column{Text: "Before"})
	}
	if len(t.After) > 0 {
		out.Columns = append(out.Columns, ui.Column{Text: "After"})
	}
	for _, n := range names {
		was, there := t.Before[n]
		is, here := t.After[n]
		if !there && !here {
			continue
		}
		row := ui.TableRow{Head: ui.Link{Text: screen.OrElse(attributeWords[n], n)}}
		if len(t.Before) > 0 {
			row.Cells = append(row.Cells, valueCell(r, n, was, there))
		}
		if len(t.After) > 0 {
			row.Cells = append(row.Cells, valueCell(r, n, is, here))
		}
		out.Rows = append(out.Rows, row)
	}
	if len(out.Rows) == 0 {
		return nil
	}
	return out
}

func valueCell(r *screen.Request, name string, v any, there bool) ui.Cell {
	if !there {
		return ui.Cell{Text: "—", Muted: true}
	}
	if m, ok := v.(map[string]any); ok && m["unread"] != nil {
		return ui.Cell{Text: fmt.Sprintf("could not be read: %v", m["unread"]), Bad: true}
	}
	return ui.Cell{Text: valueText(r, name, v), Mono: true}
}

// valueText writes a value as people read it.
func valueText(r *screen.Request, name string, v any) string {
	switch x := v.(type) {
	case string:
		if strings.HasSuffix(name, "time") { // RFC 3339
			if t, err := time.Parse(time.RFC3339Nano, x); err == nil {
				return r.Words.Full(t)
			}
		}
		return x
	case float64:
		switch {
		case name == "size":
			return ui.Number(int64(x)) + " bytes"
		case x == float64(int64(x)):
			return fmt.Sprint(int64(x))
		}
	case map[string]any:
		if text, ok := x["escaped"].(string); ok && len(x) == 1 {
			return text // no UTF-8: \xNN is a byte
		}
	case []any:
		var parts []string
		for _, e := range x {
			parts = append(parts, valueText(r, "", e))
		}
		return strings.Join(parts, "\n")
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(raw)
}

// mostDiff is how many lines of a diff are shown.
const mostDiff = 400

// diffOf reads a diff as lines. It is text of a host: it is only ever shown as text.
func diffOf(text string) []diffLine {
	if text == "" {
		return nil
	}
	var out []diffLine
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if len(out) == mostDiff {
			return append(out, diffLine{"gap", "", "… it goes on"})
		}
		switch {
		case strings.HasPrefix(l, "+++"), strings.HasPrefix(l, "---"):
			continue
		case strings.HasPrefix(l, "+"):
			out = append(out, diffLine{"add", "added: ", l})
		case strings.HasPrefix(l, "-"):
			out = append(out, diffLine{"del", "removed: ", l})
		case strings.HasPrefix(l, "@@"):
			out = append(out, diffLine{"gap", "", l})
		default:
			out = append(out, diffLine{"", "", l})
		}
	}
	return out
}
