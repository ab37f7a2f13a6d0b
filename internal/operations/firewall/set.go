package firewall

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
)

// Where a rule set comes from.
const (
	OfHosts = "host"
	AWS     = "aws"
	Azure   = "azure"
	GCP     = "gcp"
)

// Kinds gives them with their words.
func Kinds() [][2]string {
	return [][2]string{{OfHosts, "Hosts"}, {AWS, "AWS security groups"}, {Azure, "Azure network security groups"}, {GCP, "Google Cloud firewall rules"}}
}

// Set is a rule set: the distinct rules that hosts, or one group of a cloud, have in force.
type Set struct {
	ID      string    `json:"id"` // fws_…
	No      int64     `json:"-"`
	Ref     string    `json:"ref"` // FW-3
	Kind    string    `json:"kind"`
	Name    string    `json:"name" doc:"Who has it."`
	Digest  string    `json:"digest"`
	Parent  string    `json:"-"`
	First   time.Time `json:"first_seen"`
	Changed time.Time `json:"changed" doc:"When its rules changed the last time."`
	Gone    time.Time `json:"gone,omitzero" doc:"When the last one moved to another."`
}

// Path leads to its page.
func (s *Set) Path() string { return "/firewall/" + s.Ref }

// Member has a rule set in force: a host, or a cloud's security group.
type Member struct {
	Source string    `json:"source"`
	Kind   string    `json:"-"`
	HostID string    `json:"host_id,omitempty"`
	Name   string    `json:"name"`
	Set    string    `json:"-"`
	Since  time.Time `json:"since" doc:"Since when it has these rules."`
	Boot   time.Time `json:"-"`
	Heard  time.Time `json:"heard,omitzero"`
	Silent bool      `json:"silent,omitempty"`
	Why    string    `json:"why,omitempty" doc:"Why its rules are not known."`

	section, digest string
	counting        counting
}

// counting is what counters said of a host's rules.
type counting struct {
	Since     time.Time            `json:"since,omitzero"`     // counters are known to have run from then on
	Zero      map[string]time.Time `json:"zero,omitempty"`     // rules at zero, since when: by place
	Uncounted []string             `json:"uncounted,omitzero"` // rules that do not count
	Why       string               `json:"why,omitempty"`      // nothing is known of counters
}

// body is the rules of a digest with what is said of them.
type body struct {
	analysis.Set
	report *analysis.Report
}

// digestOf names rules by what they say.
func digestOf(kind string, set analysis.Set) (string, []byte, error) {
	raw, err := json.Marshal(struct {
		Chains []facts.FirewallChain `json:"chains"`
		Rules  []facts.FirewallRule  `json:"rules"`
	}{set.Chains, set.Rules})
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(append([]byte(kind+"\n"), raw...))
	return hex.EncodeToString(sum[:]), raw, nil
}

// placeOf names a rule as counters do.
func placeOf(r *facts.FirewallRule) string {
	return fmt.Sprintf("%s %s %s %s %d", r.Engine, r.Family, r.Table, r.Chain, r.Position)
}

// apart takes a section firewall apart: rules, counters, and why they are not known.
func apart(d *facts.Decoded) (set analysis.Set, c counting, why string, err error) {
	for _, p := range []string{"/rules", "/chains"} {
		if m, missing := d.MissingAt(p); missing {
			return set, c, m.Reason, nil
		}
	}
	into := func(pointer string, to any) error {
		v, there := d.At(pointer)
		if !there {
			return nil
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, to)
	}
	var zero []string
	for p, to := range map[string]any{"/chains": &set.Chains, "/rules": &set.Rules, "/zero": &zero, "/uncounted": &c.Uncounted} {
		if err := into(p, to); err != nil {
			return set, c, "", fmt.Errorf("section firewall%s: %w", p, err)
		}
	}
	if _, there := d.At("/zero"); !there {
		c.Why = "its agent does not say what counters stand at"
		if m, missing := d.MissingAt("/zero"); missing {
			c.Why = m.Reason
		}
	}
	c.Zero = map[string]time.Time{}
	for _, z := range zero {
		c.Zero[z] = time.Time{}
	}
	return set, c, "", nil
}

// later takes over since when what counts has stood at zero. fresh: the rules were
// loaded anew, or the host started, so that counters began anew.
func (c counting) later(before counting, fresh bool, now time.Time) counting {
	c.Since = now
	if !fresh && !before.Since.IsZero() {
		c.Since = before.Since
	}
	for z := range c.Zero {
		c.Zero[z] = now
		if was, there := before.Zero[z]; there && !fresh {
			c.Zero[z] = was
		}
	}
	return c
}

// names says who has a rule set.
func names(members []Member) string {
	var list []string
	for _, m := range members {
		list = append(list, m.Name)
	}
	slices.Sort(list)
	switch n := len(list); {
	case n == 0:
		return "nobody"
	case n <= 3:
		return strings.Join(list, ", ")
	default:
		return fmt.Sprintf("%s, %s and %d more", list[0], list[1], n-2)
	}
}

// line is a rule as people read it.
func line(r *facts.FirewallRule) (chain, text string) { return analysis.ChainOf(r), analysis.Text(r) }
