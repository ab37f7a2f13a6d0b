package firewall

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// nftFile reads a file for nft -f as far as chains go: their hooks, policies,
// number of rules, and rules without any condition. nft itself could say more
// only by loading it.
type nftFile struct {
	root   tree.Root
	order  []string // chain keys in the order of their first mention
	chains map[string]*facts.FirewallChain
	rules  map[string][]facts.FirewallRule
	files  int
}

const (
	maxIncludes = 64
	maxNested   = 16
)

func newNFTFile(root tree.Root) *nftFile {
	return &nftFile{root: root, chains: map[string]*facts.FirewallChain{}, rules: map[string][]facts.FirewallRule{}}
}

func (p *nftFile) ruleset() Ruleset {
	var out Ruleset
	for _, key := range p.order {
		out.Chains = append(out.Chains, *p.chains[key])
		out.Rules = append(out.Rules, p.rules[key]...)
	}
	return out
}

// nftToken is a word, or one of { } ; and the end of a line, which stands for
// a semicolon.
type nftToken struct {
	text string
	line int
}

// nftTokens cuts a file into tokens without comments. Quotes keep what they
// hold together; a backslash at its end continues a line.
func nftTokens(text string) ([]nftToken, error) {
	var out []nftToken
	line, start := 1, -1
	flush := func(end int) {
		if start >= 0 {
			out = append(out, nftToken{text[start:end], line})
			start = -1
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\r', ',':
			flush(i)
		case '\\':
			if i+1 < len(text) && text[i+1] == '\n' {
				flush(i)
				i++
				line++
			}
		case '\n':
			flush(i)
			out = append(out, nftToken{";", line})
			line++
		case '{', '}', ';':
			flush(i)
			out = append(out, nftToken{text[i : i+1], line})
		case '#':
			flush(i)
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case '"':
			flush(i)
			end := strings.IndexByte(text[i+1:], '"')
			if end < 0 {
				return nil, fmt.Errorf("line %d: a quotation mark is not closed", line)
			}
			word := text[i : i+1+end+1]
			out = append(out, nftToken{word, line})
			line += strings.Count(word, "\n")
			i += end + 1
		default:
			if start < 0 {
				start = i
			}
		}
	}
	flush(len(text))
	return append(out, nftToken{";", line}), nil
}

func (p *nftFile) parse(file, text string, depth int) error {
	if p.files++; p.files > maxIncludes || depth > maxNested {
		return fmt.Errorf("%s: more than %d files are included", file, maxIncludes)
	}
	tokens, err := nftTokens(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for i := 0; i < len(tokens); {
		next, err := p.statement(file, tokens, i, nil, depth)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, tokens[min(i, len(tokens)-1)].line, err)
		}
		i = next
	}
	return nil
}

// statement reads one statement from i and gives where the next one starts.
// block names where it stands: nothing at the top, family and table in a
// table, and the chain too inside one.
func (p *nftFile) statement(file string, tokens []nftToken, i int, block []string, depth int) (int, error) {
	var words []string
	for ; i < len(tokens); i++ {
		t := tokens[i].text
		switch t {
		case ";":
			if len(words) == 0 {
				return i + 1, nil
			}
			return i + 1, p.complete(file, words, block, depth)
		case "}":
			if len(words) > 0 {
				return i, p.complete(file, words, block, depth)
			}
			return i, errors.New("a brace is closed that was not opened")
		case "{":
			if inner, ok := p.opens(words, block); ok {
				return p.block(file, tokens, i+1, inner, depth)
			}
			end, err := closing(tokens, i)
			if err != nil {
				return 0, err
			}
			for ; i < end; i++ {
				if tokens[i].text != ";" {
					words = append(words, tokens[i].text)
				}
			}
			words = append(words, "}")
		default:
			words = append(words, t)
		}
	}
	return i, p.complete(file, words, block, depth)
}

// closing gives where the brace at i closes.
func closing(tokens []nftToken, i int) (int, error) {
	open := 0
	for ; i < len(tokens); i++ {
		switch tokens[i].text {
		case "{":
			open++
		case "}":
			if open--; open == 0 {
				return i, nil
			}
		}
	}
	return 0, errors.New("a brace is not closed")
}

// opens tells which block a brace after these words opens: a table's or a
// chain's. Any other brace belongs to a set.
func (p *nftFile) opens(words, block []string) ([]string, bool) {
	if len(words) > 0 && (words[0] == "add" || words[0] == "create") {
		words = words[1:]
	}
	if len(words) < 2 {
		return nil, false
	}
	switch {
	case block == nil && words[0] == "table":
		return familyTable(words[1:], 1), true
	case block == nil && words[0] == "chain":
		if inner := familyTable(words[1:], 2); len(inner) == 3 {
			return inner, true
		}
	case len(block) == 2 && words[0] == "chain":
		return []string{block[0], block[1], words[1]}, true
	}
	return nil, false
}

var nftFamilies = []string{"ip", "ip6", "inet", "arp", "bridge", "netdev"}

// familyTable gives family, table and further names; without a family it is
// ip.
func familyTable(words []string, names int) []string {
	family := "ip"
	if len(words) > 0 && slices.Contains(nftFamilies, words[0]) {
		family, words = words[0], words[1:]
	}
	return append([]string{family}, words[:min(names, len(words))]...)
}

func (p *nftFile) block(file string, tokens []nftToken, i int, block []string, depth int) (int, error) {
	if len(block) == 3 {
		p.chain(block)
	}
	for i < len(tokens) {
		if tokens[i].text == "}" {
			return i + 1, nil
		}
		next, err := p.statement(file, tokens, i, block, depth)
		if err != nil {
			return 0, err
		}
		i = next
	}
	return 0, errors.New("a brace is not closed")
}

func (p *nftFile) chain(block []string) *facts.FirewallChain {
	key := strings.Join(block, "\x00")
	c := p.chains[key]
	if c == nil {
		c = &facts.FirewallChain{Engine: "nft", Family: block[0], Table: block[1], Name: block[2], Origin: origin(block[1], block[2])}
		p.chains[key] = c
		p.order = append(p.order, key)
	}
	return c
}

// complete uses a statement that has ended.
func (p *nftFile) complete(file string, words, block []string, depth int) error {
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "include":
		return p.include(file, words, depth)
	case len(block) == 3:
		p.inChain(words, block)
	case block == nil && len(words) == 2 && words[0] == "flush" && words[1] == "ruleset":
		p.order, p.chains, p.rules = nil, map[string]*facts.FirewallChain{}, map[string][]facts.FirewallRule{}
	case block == nil:
		if words[0] == "add" || words[0] == "insert" || words[0] == "create" {
			words = words[1:]
		}
		if len(words) > 3 && words[0] == "rule" {
			at, rest := familyTable(words[1:], 2), words[3:]
			if slices.Contains(nftFamilies, words[1]) {
				rest = words[min(4, len(words)):]
			}
			if len(at) == 3 && len(rest) > 0 {
				p.inChain(rest, at)
			}
		}
	}
	return nil
}

// inChain uses a statement inside a chain: its hook, its policy, or a rule.
func (p *nftFile) inChain(words, block []string) {
	c := p.chain(block)
	switch words[0] {
	case "type":
		for i, w := range words[:len(words)-1] {
			switch w {
			case "type":
				c.Kind = words[i+1]
			case "hook":
				c.Hook = words[i+1]
			case "priority":
				c.Priority = nftPriority(words[i+1:])
			}
		}
		if c.Policy == "" {
			c.Policy = "accept"
		}
		return
	case "policy":
		if len(words) > 1 {
			c.Policy = words[1]
		}
		return
	case "comment", "devices", "flags":
		return
	}
	c.Rules++
	r := newRule("nft", block[0], block[1], block[2], c.Rules)
	switch block[0] {
	case "ip":
		r.Ip = "4"
	case "ip6":
		r.Ip = "6"
	}
	r.unconditional(words)
	key := strings.Join(block, "\x00")
	p.rules[key] = append(p.rules[key], r.FirewallRule)
}

// unconditional reads the verdict of a rule, and keeps anything else that it
// says as a condition in words.
func (r *rule) unconditional(words []string) {
	for i := 0; i < len(words); i++ {
		switch w := words[i]; w {
		case "counter":
		case "log", "comment", "prefix", "level", "group":
			if w != "log" {
				i++
			}
		case "accept", "drop", "return", "queue":
			r.Verdict = w
			return
		case "reject":
			r.Verdict = w
			return
		case "jump", "goto":
			r.Verdict = w
			if i+1 < len(words) {
				r.Target = words[i+1]
			}
			return
		default:
			r.Other = append(r.Other, w)
		}
	}
}

var nftPriorities = map[string]int64{"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}

// nftPriority reads "filter", "0", "-150" or "filter + 10".
func nftPriority(words []string) int64 {
	n, named := nftPriorities[words[0]]
	if !named {
		i, err := strconv.ParseInt(words[0], 10, 32)
		if err != nil {
			return 0
		}
		return i
	}
	if len(words) > 2 {
		if i, err := strconv.ParseInt(words[2], 10, 32); err == nil && words[1] == "-" {
			return n - i
		} else if err == nil && words[1] == "+" {
			return n + i
		}
	}
	return n
}

// include reads the files that a pattern names, relative to /etc as nft does
// where it was built so.
func (p *nftFile) include(file string, words []string, depth int) error {
	if len(words) < 2 {
		return errors.New("include without a file")
	}
	pattern := strings.Trim(words[1], `"'`)
	if !path.IsAbs(pattern) {
		pattern = path.Join(path.Dir(file), pattern)
	}
	files, err := p.root.Glob(pattern)
	if err != nil {
		return err
	}
	if len(files) == 0 && !strings.ContainsAny(pattern, "*?[") {
		return fmt.Errorf("%s is included and not there", pattern)
	}
	for _, f := range files {
		text, err := p.root.Read(f)
		if err != nil {
			return err
		}
		if err := p.parse(f, tree.Clean(string(text)), depth+1); err != nil {
			return err
		}
	}
	return nil
}
