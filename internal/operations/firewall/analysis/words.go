package analysis

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// Text writes a rule in one line, the same for equal rules wherever they stand: without
// its place, its comment and its counter.
func Text(r *facts.FirewallRule) string {
	var words []string
	if r.Ip != "" && r.Family == "inet" {
		words = append(words, "ipv"+r.Ip)
	}
	for _, c := range []struct {
		name string
		list []string
	}{
		{"in", r.InInterfaces}, {"out", r.OutInterfaces}, {"from", r.Sources}, {"to", r.Destinations}, {"", r.Protocols},
		{"from port", r.SourcePorts}, {"port", r.DestinationPorts}, {"state", r.States}, {"", r.Other},
	} {
		if len(c.list) > 0 {
			words = append(words, strings.TrimSpace(c.name+" "+strings.Join(c.list, ",")))
		}
	}
	return strings.Join(append(words, strings.TrimSpace(r.Verdict+" "+r.Target)), " ")
}

// Key names a rule by its chain and its text.
func Key(chain, text string) string {
	sum := sha256.Sum256([]byte(chain + "\n" + text))
	return hex.EncodeToString(sum[:6])
}
