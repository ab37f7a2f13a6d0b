package logging

import (
	"fmt"
	"strings"
	"testing"
)

func TestRsyslogParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"*.* @10.0.0.1\n", "udp 10.0.0.1:0 false@1"},
		{"# *.* @no\n*.* @@logs.example:6514 # yes\n", "tcp logs.example:6514 false@2"},
		{"$ActionSendStreamDriverMode 1\n*.* @@(o)[fd00::1]:514\n", "tcp fd00::1:514 true@2"},
		{"*.* :omrelp:relp.example:2514;RSYSLOG_X\n", "relp relp.example:2514 false@1"},
		{"*.* action(type=\"omfwd\"\n  target=\"a\" # no )\n  port=\"514\" protocol=\"tcp\" StreamDriverMode=\"1\")\n*.* @b\n", "tcp a:514 true@1 udp b:0 false@4"},
		{"global(defaultNetstreamDriver=\"gtls\")\naction(type=\"omfwd\" target=\"a\" protocol=\"tcp\") action(type=\"omrelp\" target=\"b\" tls=\"on\")\n", "tcp a:0 true@2 relp b:0 true@2"},
		{"mail.* -/var/log/mail.log\nuser@x /y\n", ""},
	} {
		s := &syslogConf{mode: -1}
		err := s.parse("f", c.text, func(string) error { return nil })
		var got []string
		for _, r := range s.remote {
			got = append(got, fmt.Sprintf("%s %s:%d %v@%d", r.Protocol, r.Host, r.Port, r.Encrypted, r.Line))
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q, %v, want %q", c.text, got, err, c.want)
		}
	}
	for text, want := range map[string]string{
		"\naction(type=\"omfwd\"":                 "f:2: action( is not closed",
		"action(type=\"omfwd\")":                  "has no target",
		"module(load=\"x\" fileCreateMode=\"9\")": "expected an octal mode",
	} {
		s := &syslogConf{mode: -1}
		if err := s.parse("f", text, func(string) error { return nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	s := &syslogConf{mode: -1}
	if err := s.parse("f", "$FileCreateMode 0640\nmodule(load=\"builtin:omfile\" fileCreateMode=\"0604\")\n$UDPServerRun 514\ninput(type=\"imtcp\" port=\"1\")\n", nil); err != nil ||
		s.mode != 0o644 || strings.Join(s.receives, " ") != "imudp imtcp" {
		t.Errorf("mode %o, receives %v, %v", s.mode, s.receives, err)
	}
}

// FuzzSyslog gives any bytes as a file of rsyslog and of syslog-ng: what is taken
// stands on a line that the file has.
func FuzzSyslog(f *testing.F) {
	for _, s := range []string{"*.* @@a:1\n", "action(type=\"omfwd\" target=\"a\" port=\"1\")\n", "$IncludeConfig /x\n$InputTCPServerRun 1\n", "include(file=\"x\") action(\n#)\n)", "destination d { tcp(\"a\" port(1)); };\n", "\"#\\", "$UDPServerRun x\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := &syslogConf{mode: -1}
		err := c.parse("f", s, func(string) error { return nil })
		if err == nil && c.mode > 0o7777 {
			t.Errorf("mode %o", c.mode)
		}
		for _, r := range append(c.remote, ngTargets("f", s)...) {
			if r.Line < 1 || r.Line > int64(strings.Count(s, "\n")+1) || r.Protocol == "" {
				t.Errorf("%+v", r)
			}
		}
		_, _ = hostPort(s)
	})
}
