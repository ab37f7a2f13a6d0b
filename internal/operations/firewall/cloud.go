package firewall

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
)

// FileKind is what the journal keeps of files of clouds' groups.
var FileKind = journal.Kind{Name: "firewall_file", Prefix: "fwf", Letter: "FF", Noun: "file of a cloud's groups", Steps: []string{"brought"}}

// File is a file of a cloud's groups that somebody brought.
type File struct {
	Cloud  string    `json:"cloud"`
	Name   string    `json:"name"`
	SHA256 string    `json:"sha256"`
	Whole  bool      `json:"whole" doc:"It lists every group of its accounts."`
	Groups []Brought `json:"groups"`
	Gone   []string  `json:"gone,omitempty" doc:"Groups that were there before and are not in it."`
	By     string    `json:"by"`
}

// Brought is a group of a file.
type Brought struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Rules  int    `json:"rules"`
	Digest string `json:"digest"`
}

// FileObject is a file with its number.
type FileObject = journal.Object[File]

// Mark is what lists are filtered by.
func (f File) Mark() journal.Mark { return journal.Mark{State: "brought", Owner: f.By, Topic: f.Cloud} }

// CloudGroup is one security group as a file tells of it.
type CloudGroup struct {
	Cloud, ID, Name string
	Set             analysis.Set
}

// account is what a group's id begins with: an account, a subscription, a project.
func account(id string) string {
	i := strings.LastIndex(id, "/")
	return id[:max(i, 0)]
}

// Bring takes in a file of a cloud's groups (firewall.edit). With whole, groups of its
// accounts that it does not name are gone.
func (s *Service) Bring(ctx context.Context, p access.Principal, name string, raw []byte, whole bool, groups []CloudGroup) (*FileObject, error) {
	if err := s.named(p, access.FirewallEdit); err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		return nil, fault.New(fault.Invalid, "the file holds no group").At(name, 0, "")
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	now := s.cfg.Clock()
	sum := sha256.Sum256(raw)
	f := File{Cloud: groups[0].Cloud, Name: name, SHA256: hex.EncodeToString(sum[:]), Whole: whole, By: p.UserID}
	list, err := readMembers(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	was := map[string]Member{}
	for _, m := range list {
		was[m.Source] = m
	}
	next := maps.Clone(was)
	bodies := map[string]analysis.Set{}
	named, accounts := map[string]bool{}, map[string]bool{}
	for _, g := range groups {
		digest, _, err := digestOf(g.Cloud, g.Set)
		if err != nil {
			return nil, err
		}
		source := g.Cloud + ":" + g.ID
		m := was[source]
		if m.digest != digest {
			bodies[digest] = g.Set
			m.digest, m.Since = digest, now
		}
		m.Source, m.Kind, m.Name, m.Heard, m.section = source, g.Cloud, g.Name, now, f.SHA256
		next[source] = m
		named[source], accounts[account(g.ID)] = true, true
		f.Groups = append(f.Groups, Brought{g.ID, g.Name, len(g.Set.Rules), digest})
	}
	if whole {
		for source, m := range was {
			if id, mine := strings.CutPrefix(source, f.Cloud+":"); mine && !named[source] && accounts[account(id)] {
				delete(next, source)
				f.Gone = append(f.Gone, m.Name)
			}
		}
		slices.Sort(f.Gone)
	}
	if _, err := s.settle(ctx, was, next, bodies, now); err != nil {
		return nil, err
	}
	s.stir()
	return s.files.Create(ctx, p, "brought", "", f)
}

// Files gives the files that were brought, newest first (firewall.read).
func (s *Service) Files(ctx context.Context, p access.Principal) ([]FileObject, error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, err
	}
	list, _, err := s.files.List(ctx, journal.Filter{})
	return list, err
}

// Matching gives the rules that a justification would be about now: in which sets
// (firewall.read).
func (s *Service) Matching(ctx context.Context, p access.Principal, in JustificationText) (found []Found, err error) {
	if err := access.Authorise(p, access.FirewallRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	w, err := s.world(ctx, q)
	if err != nil {
		return nil, err
	}
	j := Justification{JustificationText: in}
	for i := range w.sets {
		set := &w.sets[i]
		if !set.Gone.IsZero() {
			continue
		}
		v, err := s.view(ctx, q, w, set, s.cfg.Clock())
		if err != nil {
			return nil, err
		}
		hosts := 0
		for _, m := range v.Members {
			if j.holdsFor(m.Name) {
				hosts++
			}
		}
		if hosts == 0 {
			continue
		}
		for _, r := range v.Rules {
			if r.Opens && j.about(r.Chain, r.Text) {
				found = append(found, Found{Set: v.Ref, Name: v.Name, Hosts: hosts, Of: len(v.Members), Rule: r})
			}
		}
	}
	return found, nil
}

// Found is a rule that a justification is about.
type Found struct {
	Set   string `json:"rule_set"`
	Name  string `json:"name"`
	Hosts int    `json:"hosts" doc:"That it holds for."`
	Of    int    `json:"of"`
	Rule  Rule   `json:"rule"`
}
