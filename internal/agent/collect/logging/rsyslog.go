package logging

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// syslogConf is what the files of rsyslog say.
type syslogConf struct {
	root     tree.Root
	mode     int64 // widest of all that new files get; -1 while none is set
	receives []string
	remote   []facts.LogTarget
	tls      bool // $ActionSendStreamDriverMode 1 for the lines that follow
	driver   bool // a global default driver asks for TLS
	files    int
}

const (
	maxIncludes = 200
	rsyslogConf = "/etc/rsyslog.conf"
)

func rsyslog(root tree.Root, gaps *missing.List) (*facts.LoggingRsyslog, []facts.LogTarget, error) {
	out := &facts.LoggingRsyslog{Installed: new(root.There("/usr/sbin/rsyslogd") || root.There("/sbin/rsyslogd"))}
	if !*out.Installed {
		gaps.Absent("/rsyslog", "rsyslog is not installed: no /usr/sbin/rsyslogd")
		return out, nil, nil
	}
	c := &syslogConf{root: root, mode: -1, receives: []string{}}
	if err := c.file(rsyslogConf, 0); err != nil {
		gaps.Unless("/rsyslog", err, "no %s", rsyslogConf)
		return out, nil, tree.IgnoreGone(err)
	}
	if c.mode < 0 {
		c.mode = 0o644
	}
	slices.Sort(c.receives)
	out.FileCreateMode, out.Receives = new(fmt.Sprintf("%04o", c.mode)), slices.Compact(c.receives)
	return out, c.remote, nil
}

func (c *syslogConf) file(file string, depth int) error {
	if depth > 8 {
		return fmt.Errorf("%s: too many levels of include", file)
	}
	if c.files++; c.files > maxIncludes {
		return fmt.Errorf("%s: more than %d files", file, maxIncludes)
	}
	text, err := c.root.Read(file)
	if err != nil {
		return err
	}
	return c.parse(file, tree.Clean(string(text)), func(pattern string) error {
		if !path.IsAbs(pattern) {
			pattern = path.Join(path.Dir(file), pattern)
		}
		if c.root.IsDir(pattern) {
			pattern += "/*"
		}
		files, err := c.root.Glob(pattern)
		if err != nil {
			return err
		}
		for _, f := range files {
			if c.root.IsDir(f) {
				continue
			}
			if err := c.file(f, depth+1); err != nil {
				return err
			}
		}
		return nil
	})
}

var (
	statement = regexp.MustCompile(`(?is)\b(action|module|input|include|global)\s*\(`)
	parameter = regexp.MustCompile(`(?is)([a-z0-9_.]+)\s*=\s*(?:"([^"]*)"|([^\s")]+))`)
	oldMode   = regexp.MustCompile(`(?i)^\s*\$(?:FileCreateMode)\s+([0-7]{3,4})\b`)
	oldInput  = regexp.MustCompile(`(?i)^\s*\$(UDPServerRun|InputTCPServerRun|InputRELPServerRun)\s+\S`)
	oldSend   = regexp.MustCompile(`(?i)^\s*\$ActionSendStreamDriverMode\s+(\d)`)
	oldIncl   = regexp.MustCompile(`(?i)^\s*\$IncludeConfig\s+(\S+)`)
	// selector, white space, @host, @@host, :omrelp:host
	oldTarget = regexp.MustCompile(`^\s*[^\s$#(]\S*\s+-?(@@?|:omrelp:)(\([^)]*\))?(\[[^\]]+\](?::\d+)?|[^\s;@]+)`)
)

// parse reads a file in the old form, the new form, or both. It looks for what
// matters and does not follow conditions: an action inside of one counts.
func (c *syslogConf) parse(file, text string, include func(pattern string) error) error {
	line := 0
	for text != "" {
		line++
		head, rest, _ := strings.Cut(text, "\n")
		bare := uncomment(head)
		at := statement.FindStringSubmatchIndex(bare)
		if at == nil {
			if err := c.old(file, line, bare, include); err != nil {
				return fmt.Errorf("%s:%d: %w", file, line, err)
			}
			text = rest
			continue
		}
		kind := strings.ToLower(bare[at[2]:at[3]])
		body, used, ok := parameters(text[at[1]:])
		if !ok {
			return fmt.Errorf("%s:%d: %s( is not closed", file, line, kind)
		}
		if err := c.new(file, line, kind, body, include); err != nil {
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
		line += strings.Count(text[:at[1]+used], "\n")
		text = text[at[1]+used:] // more may stand on the same line
		line--
	}
	return nil
}

// uncomment cuts a comment off; a # inside of quotes is none.
func uncomment(s string) string {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '#' && !quoted:
			return s[:i]
		}
	}
	return s
}

// parameters gives what stands up to the closing parenthesis, without comments.
func parameters(s string) (body string, used int, ok bool) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case s[i] == '#' && !quoted:
			end := strings.IndexByte(s[i:], '\n')
			if end < 0 {
				return "", 0, false
			}
			i += end
		case s[i] == ')' && !quoted:
			return b.String(), i + 1, true
		}
		b.WriteByte(s[i])
	}
	return "", 0, false
}

func (c *syslogConf) new(file string, line int, kind, body string, include func(string) error) error {
	p := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(body, -1) {
		p[strings.ToLower(m[1])] = m[2] + m[3]
	}
	inputs := map[string]string{"imudp": "imudp", "imtcp": "imtcp", "imrelp": "imrelp"}
	switch kind {
	case "include":
		return include(p["file"])
	case "input":
		if in := inputs[strings.ToLower(p["type"])]; in != "" {
			c.receives = append(c.receives, in)
		}
	case "global":
		if strings.EqualFold(p["defaultnetstreamdriver"], "gtls") || strings.EqualFold(p["defaultnetstreamdriver"], "ossl") {
			c.driver = true
		}
	case "module", "action":
		if m := p["filecreatemode"]; m != "" {
			if err := c.wider(m); err != nil {
				return err
			}
		}
		if kind == "module" {
			return nil
		}
		t := facts.LogTarget{Program: "rsyslog", Host: p["target"], File: file, Line: int64(line)}
		switch strings.ToLower(p["type"]) {
		case "omfwd":
			t.Protocol = "udp"
			if strings.EqualFold(p["protocol"], "tcp") {
				t.Protocol = "tcp"
			}
			mode, given := p["streamdrivermode"]
			t.Encrypted = t.Protocol == "tcp" && (mode == "1" || !given && c.driver && p["streamdriver"] != "ptcp" || strings.HasPrefix(mode, "1"))
		case "omrelp":
			t.Protocol, t.Encrypted = "relp", strings.EqualFold(p["tls"], "on")
		default:
			return nil
		}
		if t.Host == "" {
			return errors.New("an action that forwards has no target")
		}
		if port, err := strconv.ParseInt(p["port"], 10, 32); err == nil {
			t.Port = port
		}
		c.remote = append(c.remote, t)
	}
	return nil
}

func (c *syslogConf) wider(octal string) error {
	n, err := strconv.ParseInt(octal, 8, 32)
	if err != nil || n > 0o7777 {
		return fmt.Errorf("expected an octal mode, found %.40q", octal)
	}
	c.mode = max(c.mode, 0) | n
	return nil
}

func (c *syslogConf) old(file string, line int, s string, include func(string) error) error {
	if m := oldIncl.FindStringSubmatch(s); m != nil {
		return include(m[1])
	}
	if m := oldMode.FindStringSubmatch(s); m != nil {
		return c.wider(m[1])
	}
	if m := oldInput.FindStringSubmatch(s); m != nil {
		c.receives = append(c.receives, map[string]string{"u": "imudp", "t": "imtcp", "r": "imrelp"}[strings.ToLower(strings.TrimPrefix(strings.ToLower(m[1]), "input")[:1])])
	}
	if m := oldSend.FindStringSubmatch(s); m != nil {
		c.tls = m[1] == "1"
	}
	if m := oldTarget.FindStringSubmatch(s); m != nil {
		t := facts.LogTarget{Program: "rsyslog", File: file, Line: int64(line), Protocol: map[string]string{"@": "udp", "@@": "tcp", ":omrelp:": "relp"}[m[1]]}
		t.Host, t.Port = hostPort(m[3])
		t.Encrypted = t.Protocol == "tcp" && (c.tls || c.driver)
		c.remote = append(c.remote, t)
	}
	return nil
}

var ngTarget = regexp.MustCompile(`(?is)\b(tcp|udp|network|syslog)\s*\(`)

// syslogNG looks for destinations that are other machines.
func syslogNG(root tree.Root) ([]facts.LogTarget, error) {
	more, err := root.Glob("/etc/syslog-ng/conf.d/*.conf")
	if err != nil {
		return nil, err
	}
	var out []facts.LogTarget
	for _, file := range append([]string{"/etc/syslog-ng/syslog-ng.conf"}, more...) {
		text, err := root.Read(file)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, ngTargets(file, tree.Clean(string(text)))...)
	}
	return out, nil
}

func ngTargets(file, text string) []facts.LogTarget {
	var out []facts.LogTarget
	line, inDestination, depth := 0, false, 0
	for s := range strings.Lines(text) {
		line++
		s = uncomment(s)
		if depth == 0 {
			inDestination = strings.HasPrefix(strings.TrimSpace(s), "destination")
		}
		depth += strings.Count(s, "{") - strings.Count(s, "}")
		at := ngTarget.FindStringSubmatchIndex(s)
		if at == nil || !inDestination {
			if strings.Contains(s, ";") && depth <= 0 {
				depth = 0
			}
			continue
		}
		body := s[at[1]:]
		t := facts.LogTarget{Program: "syslog-ng", Protocol: strings.ToLower(s[at[2]:at[3]]), File: file, Line: int64(line)}
		if _, host, ok := strings.Cut(body, `"`); ok {
			t.Host, _, _ = strings.Cut(host, `"`)
		}
		switch {
		case strings.Contains(body, `transport("tls")`) || strings.Contains(body, "transport(tls)") || strings.Contains(body, "tls("):
			t.Protocol, t.Encrypted = "tcp", true
		case strings.Contains(body, `transport("udp")`) || strings.Contains(body, "transport(udp)"):
			t.Protocol = "udp"
		case t.Protocol != "udp":
			t.Protocol = "tcp"
		}
		if _, port, ok := strings.Cut(body, "port("); ok {
			port, _, _ = strings.Cut(port, ")")
			t.Port, _ = strconv.ParseInt(strings.Trim(port, `" `), 10, 32) // 0 where it is none
		}
		if t.Host != "" {
			out = append(out, t)
		}
	}
	return out
}
