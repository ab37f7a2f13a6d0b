package web

import (
	"net/http"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/web/ui"
)

// release says that nobody has taken a finding on after all.
func (s *Site) release(w http.ResponseWriter, r *request) error {
	f, err := s.cfg.Findings.Get(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := s.cfg.Findings.Release(r.Context(), r.who, f.ID, ""); err != nil {
		return err
	}
	return s.done(w, r, "Nobody has taken "+f.Ref()+" on any more.", "/findings/"+f.Ref())
}

// assignForm names who is to mend a finding; it goes nowhere where the reader may not.
func (s *Site) assignForm(r *request, f finding.Finding) (ui.Form, error) {
	if f.State == finding.Closed || !access.May(r.who.Role, access.FindingAssign) {
		return ui.Form{}, nil
	}
	people, err := s.ownerOptions(r, f.Owner)
	return ui.Form{ID: "assign", Action: "/findings/" + f.Ref() + "/assign", Summary: "Say who is to mend it", Button: "Say so", Quiet: true,
		Note: "It moves no clock, and takes nothing on in their name.", Fields: []ui.Field{{Name: "owner", Label: "Owner", Kind: "select", Options: people}}}, err
}

// ownerOptions are those who may take findings on.
func (s *Site) ownerOptions(r *request, now string) ([]ui.Option, error) {
	able, err := s.cfg.Access.Able(r.Context(), access.FindingAcknowledge)
	out := []ui.Option{{Text: "nobody", Selected: now == ""}}
	for _, u := range able {
		out = append(out, ui.Option{Value: u.ID, Text: u.Name, Selected: u.ID == now})
	}
	return out, err
}

func (s *Site) assign(w http.ResponseWriter, r *request) error {
	f, err := s.cfg.Findings.Get(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := s.cfg.Findings.Assign(r.Context(), r.who, f.ID, r.PostFormValue("owner"), ""); err != nil {
		return err
	}
	return s.done(w, r, "The owner of "+f.Ref()+" is named.", "/findings/"+f.Ref())
}
