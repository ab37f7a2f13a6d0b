package endpoint

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives devices to populations: each as the newest list before the end of the
// window has it.
func (s *Service) Sources() []population.Source {
	t := &judge.Type{Kind: judge.String}
	return []population.Source{{Name: "devices", Title: "Devices", Doc: "Each device of the newest list of each device management: laptops, workstations, telephones.",
		Fields: []judge.Field{{Name: "name", Type: t, Doc: "lap-17"}, {Name: "serial", Type: t, Doc: "serial number"}, {Name: "model", Type: t, Doc: "model"}, {Name: "platform", Type: t, Doc: "macos, windows, linux, ios, android, chromeos; empty where it is not known"},
			{Name: "version", Type: t, Doc: "of its system"}, {Name: "holder", Type: t, Doc: "who has it, as the list says: name, else e-mail address, else login"}, {Name: "encrypted", Type: t, Doc: "on, off, unclear; empty where the list does not say"},
			{Name: "protection", Type: t, Doc: "the same"}, {Name: "firewall", Type: t, Doc: "the same"}, {Name: "lock", Type: t, Doc: "the same"}, {Name: "last_seen", Type: t, Doc: "day on which it reported; empty where the list does not say"}, {Name: "management", Type: t, Doc: "DM-1"}},
		Columns: []string{"name", "serial", "platform", "version", "holder", "encrypted", "protection", "last_seen", "management"}, Dates: []population.Date{{Name: "in_use", Doc: "the device was on a list", Span: true}}, Read: s.items}}
}

func (s *Service) items(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	list, err := s.all.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for i := range list {
		o := &list[i]
		if o.Content.State != Used {
			continue
		}
		devices, err := s.devices(ctx, &o.Content)
		if err != nil {
			return nil, err
		}
		for _, d := range devices {
			seen := ""
			if !d.Seen.IsZero() {
				seen = d.Seen.UTC().Format(time.DateOnly)
			}
			holder := d.Person
			for _, x := range []string{d.Mail, d.Login} {
				if holder == "" {
					holder = x
				}
			}
			out = append(out, population.Item{ID: source(o.ID, d.Key()), Dates: map[string][]population.Span{"in_use": {{From: d.First}}}, Attributes: map[string]any{"name": d.Name, "serial": d.Serial, "model": d.Model, "platform": d.Platform,
				"version": d.OS, "holder": holder, "encrypted": d.Encrypted, "protection": d.Protection, "firewall": d.Firewall, "lock": d.Lock, "last_seen": seen, "management": o.Ref}})
		}
	}
	return out, nil
}
