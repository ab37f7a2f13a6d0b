package cloudrules

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
)

func read(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func told2(t *testing.T, name string) map[string][]string {
	t.Helper()
	groups, err := Parse(name, "", strings.NewReader(read(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, g := range groups {
		r := analysis.Analyse(analysis.Set{Chains: g.Chains, Rules: g.Rules})
		for i, x := range g.Rules {
			line := x.Chain + " " + analysis.Text(&x)
			for _, m := range r.Rules[i] {
				line += " [" + string(m.Kind) + "]"
			}
			out[g.ID] = append(out[g.ID], line)
		}
	}
	return out
}

// TestFiles: what the clouds' own commands print, and what is said of it.
func TestFiles(t *testing.T) {
	for name, want := range map[string]map[string][]string{
		"aws.json": {
			"123456789012/sg-0a1b": {"input ipv4 from 0.0.0.0/0 tcp port 443 accept", "input ipv6 from ::/0 tcp port 443 accept", "input ipv4 from 0.0.0.0/0 tcp port 22 accept [too_wide]", "input ipv4 from 198.51.100.0/24 tcp port 22 accept [shadowed]",
				"input tcp port 22 from group sg-0c accept", "input ipv4 from 10.0.0.0/8 icmp icmp type 8 accept", "output ipv4 to 0.0.0.0/0 accept"},
			"123456789012/sg-0c": {"input ipv4 from 0.0.0.0/0 accept [any_any]"},
		},
		"azure.json": {"subscriptions/1/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web": {"input ipv4 from 0.0.0.0/0 tcp port 22 drop", "input ipv6 from ::/0 tcp port 22 drop", "input tcp port 22,3389 accept [too_wide]", "input from VirtualNetwork accept"}},
		"gcp.json":   {"p1/global/networks/default": {"input ipv4 from 0.0.0.0/0 tcp port 5432 drop", "input ipv4 from 10.0.0.0/8 tcp port 5432 to tags db accept [shadowed]", "input from tag lb accept", "input ipv4 from 0.0.0.0/0 tcp port 22 accept [too_wide]"}},
	} {
		got := told2(t, name)
		for id, lines := range want {
			if !slices.Equal(got[id], lines) {
				t.Errorf("%s %s:\n got %s\nwant %s", name, id, strings.Join(got[id], "\n     "), strings.Join(lines, "\n     "))
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d groups, want %d", name, len(got), len(want))
		}
	}
}

// TestMistakes: where it is, and what.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "the file is empty",
		"GroupId\nsg-1":            "expected JSON",
		"[1, 2":                    "no JSON of a cloud",
		"{\"SecurityGroups\": []}": "holds no group",
		"[{\"a\": 1}]":             "which cloud",
		"[{\"GroupId\": \"\"}]":    "SecurityGroups[0].GroupId",
		"[{\"GroupId\": \"sg-1\", \"IpPermissions\": 7}]":                                                                "SecurityGroups[0].IpPermissions",
		"[{\"GroupId\": \"sg-1\", \"IpPermissions\": [{}]}]":                                                             "SecurityGroups[0].IpPermissions[0]",
		"[{\"GroupId\": \"sg-1\", \"IpPermissions\": [{\"IpProtocol\": \"tcp\", \"FromPort\": 9, \"ToPort\": 1}]}]":      "is no port",
		"[{\"GroupId\": \"sg-1\"}, {\"GroupId\": \"sg-1\"}]":                                                             "there twice",
		"[{\"name\": \"a\", \"securityRules\": [{\"name\": \"x\", \"direction\": \"Up\"}]}]":                             "[0].securityRules[0]",
		"[{\"name\": \"a\", \"securityRules\": [{\"name\": \"x\", \"direction\": \"Inbound\", \"access\": \"Allow\"}]}]": "priority is missing",
		"[{\"securityRules\": []}]":                          "[0].name",
		"[{\"network\": \"n\", \"direction\": \"IN\"}]":      "[0].direction",
		"[{\"network\": \"n\", \"direction\": \"INGRESS\"}]": "[0].allowed",
		"[{\"network\": \"n\", \"direction\": \"INGRESS\", \"allowed\": [{\"IPProtocol\": \"tcp\", \"ports\": [\"http\"]}]}]": "is no port",
		"[{\"network\": \"n\", \"direction\": \"INGRESS\", \"disabled\": true}]":                                              "every rule of the file is disabled",
	} {
		_, err := Parse("rules.json", "", strings.NewReader(text))
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.File != "rules.json" || !strings.Contains(f.Error()+" "+f.Field, want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"aws.json", "azure.json", "gcp.json"} {
		f.Add(read(f, name), "")
	}
	f.Add(`[{"name":"a","properties":{"securityRules":[{"name":"b","properties":{"access":"Allow","direction":"Outbound","priority":1,"protocol":"*"}}]}}]`, "azure")
	f.Fuzz(func(t *testing.T, text, cloud string) {
		groups, err := Parse("f", cloud, strings.NewReader(text))
		if err != nil {
			var e *fault.Error
			if !errors.As(err, &e) || e.File != "f" {
				t.Errorf("an error without the file: %v", err)
			}
			return
		}
		for _, g := range groups {
			if len(g.Rules) < 20 {
				analysis.Analyse(analysis.Set{Chains: g.Chains, Rules: g.Rules})
			}
		}
	})
}
