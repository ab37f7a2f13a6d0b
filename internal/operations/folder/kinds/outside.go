package kinds

import (
	"cmp"
	"context"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/vendor"
)

type vendorFile struct {
	vendor.Profile
	Since     vendor.Day        `json:"since,omitempty"`
	Role      *roleFile         `json:"role,omitempty"`
	Contracts []vendor.Contract `json:"contracts,omitempty"`
	Assumed   []assumedFile     `json:"assumed_controls,omitempty"`
	State     vendor.State      `json:"state" held:"yes"`
}

type roleFile struct {
	Is      string `json:"is"`
	Method  string `json:"method,omitempty"`
	Reasons string `json:"reasons"`
}

type assumedFile struct {
	Text     string   `json:"text"`
	Criteria []string `json:"criteria"`
	How      string   `json:"how"`
	Controls []string `json:"controls,omitempty"`
}

func (a assumedFile) same(b assumedFile) bool {
	return a.Text == b.Text && a.How == b.How && slices.Equal(a.Criteria, b.Criteria) && slices.Equal(a.Controls, b.Controls)
}

// contract gives one without what the program sets.
func contract(c vendor.Contract) vendor.Contract {
	c.Made = vendor.Made{}
	return c
}

func (s Set) vendorItem(v *vendor.Vendor, key string) folder.Item[vendorFile] {
	f := vendorFile{Profile: v.Profile, Since: v.Engaged, State: v.State}
	if v.Role != nil {
		f.Role = &roleFile{v.Role.Is, v.Role.Method, v.Role.Reasons}
	}
	for _, c := range v.Contracts {
		f.Contracts = append(f.Contracts, contract(c))
	}
	for _, a := range v.Assumed {
		if !a.Ended {
			f.Assumed = append(f.Assumed, assumedFile{a.Text, a.Criteria, a.How, a.Controls})
		}
	}
	return folder.Item[vendorFile]{Key: key, Ref: v.ID, Seq: v.Seq, Doc: f}
}

func (s Set) vendors() []folder.Kind {
	// more records what a file says beside the profile.
	more := func(ctx context.Context, t *folder.Turn, id string, was, to vendorFile) error {
		if to.Role != nil && (was.Role == nil || *was.Role != *to.Role) {
			if _, err := s.Vendors.Record(ctx, t.Who, id, &vendor.Classified{Is: to.Role.Is, Method: to.Role.Method, Reasons: to.Role.Reasons}); err != nil {
				return err
			}
		}
		for _, c := range to.Contracts {
			if !slices.Contains(was.Contracts, c) {
				if _, err := s.Vendors.Record(ctx, t.Who, id, &c); err != nil {
					return err
				}
			}
		}
		v, err := s.Vendors.Get(ctx, t.Who, id)
		if err != nil {
			return err
		}
		var open []vendor.Assumption
		for _, a := range v.Assumed {
			if !a.Ended {
				open = append(open, a)
			}
		}
		for i, a := range to.Assumed {
			if i < len(was.Assumed) && a.same(was.Assumed[i]) {
				continue
			}
			x := vendor.Assumption{Text: a.Text, Criteria: a.Criteria, How: a.How, Controls: a.Controls}
			if i < len(open) {
				x.Number = open[i].Number
			}
			if _, err := s.Vendors.Record(ctx, t.Who, id, &x); err != nil {
				return err
			}
		}
		for _, a := range open[min(len(to.Assumed), len(open)):] {
			if _, err := s.Vendors.Record(ctx, t.Who, id, &vendor.AssumptionEnd{Number: a.Number, Note: t.Note}); err != nil {
				return err
			}
		}
		return nil
	}
	return []folder.Kind{&folder.Of[vendorFile]{
		Spec: folder.Spec{Name: "vendors", See: access.VendorRead, About: "A vendor: what it does for us and how much hangs on it. A new one is asked for, and somebody else approves it.\nReviews, reports, incidents and accesses are records, and stay in Attesta."},
		Name: func(f vendorFile) string { return f.Profile.Name },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[vendorFile], error) {
			rows, err := s.Vendors.List(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			slices.SortFunc(rows, func(a, b vendor.Row) int { return a.Vendor.Number - b.Vendor.Number })
			keys := folder.Keys{}
			var out []folder.Item[vendorFile]
			for _, r := range rows {
				out = append(out, s.vendorItem(r.Vendor, keys.Of(r.Vendor.Profile.Name)))
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to vendorFile) error {
			if to.State == vendor.Ended || to.State == vendor.Refused {
				return folder.Hold("it is %s, and was never used here", to.State.Words())
			}
			v, err := s.Vendors.Ask(ctx, t.Who, vendor.Intake{Profile: to.Profile, Since: to.Since})
			if err != nil {
				return err
			}
			return more(ctx, t, v.ID, vendorFile{}, to)
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[vendorFile], to vendorFile) error {
			if to.Since != was.Doc.Since {
				return fault.New(fault.Conflict, "since when it is used is not said anew by an import").At("", 0, "since").WithHint("record it on its page")
			}
			if gone := slices.IndexFunc(was.Doc.Contracts, func(c vendor.Contract) bool { return !slices.Contains(to.Contracts, c) }); gone >= 0 {
				return fault.New(fault.Conflict, "the contract %q is recorded, and records are not changed or taken away", was.Doc.Contracts[gone].Title).At("", 0, "contracts").WithHint("leave it as it was and write another below it")
			}
			same, err := sameDoc(was.Doc.Profile, to.Profile)
			if err != nil {
				return err
			}
			if !same {
				if _, err := s.Vendors.Record(ctx, t.Who, was.Ref, &vendor.Described{Profile: to.Profile, Note: t.Note}); err != nil {
					return err
				}
			}
			return more(ctx, t, was.Ref, was.Doc, to)
		},
	}}
}

type flowFile struct {
	asset.Flow
	Over bool `json:"over,omitempty" held:"yes"`
}

type assetFile struct {
	Is string `json:"is,omitempty"` // key of what another register knows: its origin
	asset.Profile
	State asset.State `json:"state" held:"yes"`
}

func (s Set) assets() []folder.Kind {
	out := func(ctx context.Context, t *folder.Turn, p asset.Profile) (asset.Profile, error) {
		data, err := s.data(ctx, t)
		p.Data = named(p.Data, data[0])
		return p, err
	}
	in := func(ctx context.Context, t *folder.Turn, p asset.Profile) (asset.Profile, error) {
		data, err := s.data(ctx, t)
		p.Data = named(p.Data, data[1])
		return p, err
	}
	return []folder.Kind{&folder.Of[assetFile]{
		Spec: folder.Spec{Name: "assets", See: access.AssetRead, About: "What the organisation says of an asset. Of one that another register knows, is: names it, and what is not\nsaid here is as that register has it."},
		Name: func(f assetFile) string { return cmp.Or(f.Is, f.Profile.Name) },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[assetFile], error) {
			all, err := s.Assets.List(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			all = slices.DeleteFunc(slices.Clone(all), func(a *asset.Asset) bool { return a.Said == nil })
			slices.SortFunc(all, func(a, b *asset.Asset) int { return a.Said.Number - b.Said.Number })
			keys := folder.Keys{}
			var list []folder.Item[assetFile]
			for _, a := range all {
				p, err := out(ctx, t, a.Said.Profile)
				if err != nil {
					return nil, err
				}
				f := assetFile{Profile: p, State: a.State}
				if a.Derived {
					f.Is = a.Name
				}
				list = append(list, folder.Item[assetFile]{Key: keys.Of(a.Name), Ref: a.Key, Doc: f})
			}
			return list, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to assetFile) error {
			p, err := in(ctx, t, to.Profile)
			if err != nil {
				return err
			}
			if to.Is == "" {
				if to.State != "" && to.State != asset.InUse {
					return folder.Hold("it is %s, and was never in use here", to.State)
				}
				_, err = s.Assets.Record(ctx, t.Who, "", &asset.Added{Profile: p})
				return err
			}
			v, err := s.Assets.Inventory(ctx, t.Who)
			if err != nil {
				return err
			}
			e := v.Resolve(to.Is)
			if !e.Known {
				return folder.Hold("no register here knows %s; it is said once one does", to.Is)
			}
			_, err = s.Assets.Record(ctx, t.Who, e.Key, &asset.Described{Profile: p})
			return err
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[assetFile], to assetFile) error {
			if was.Doc.Is != to.Is {
				return fault.New(fault.Conflict, "what the file is about is not changed").At("", 0, "is").WithHint("write another file")
			}
			p, err := in(ctx, t, to.Profile)
			if err != nil {
				return err
			}
			_, err = s.Assets.Record(ctx, t.Who, was.Ref, &asset.Described{Profile: p})
			return err
		},
	}, &folder.Of[flowFile]{
		Spec: folder.Spec{Name: "flows", See: access.AssetRead, About: "A flow between assets: ends by name, or zone:NAME for everything in a zone."},
		Name: func(f flowFile) string { return f.From + " to " + f.To + " " + f.Protocol },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[flowFile], error) {
			v, err := s.Assets.Inventory(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			data, err := s.data(ctx, t)
			if err != nil {
				return nil, err
			}
			end := func(text string) string {
				if e := v.Resolve(text); e.Known && e.Name != "" && e.Key == text {
					return e.Name
				}
				return text
			}
			all := slices.Clone(v.Flows)
			slices.SortFunc(all, func(a, b *asset.Declaration) int { return a.Number - b.Number })
			keys := folder.Keys{}
			var list []folder.Item[flowFile]
			for _, d := range all {
				f := flowFile{d.Flow, d.Over}
				f.From, f.To, f.Data = end(f.From), end(f.To), named(f.Data, data[0])
				list = append(list, folder.Item[flowFile]{Key: keys.Of(f.From + " to " + f.To + " " + f.Protocol), Ref: d.Ref(), Doc: f})
			}
			return list, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to flowFile) error {
			if to.Over {
				return folder.Hold("it is over, and never was here")
			}
			data, err := s.data(ctx, t)
			if err != nil {
				return err
			}
			to.Data = named(to.Data, data[1])
			_, err = s.Assets.Declare(ctx, t.Who, "", to.Flow)
			return err
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[flowFile], to flowFile) error {
			data, err := s.data(ctx, t)
			if err != nil {
				return err
			}
			to.Data = named(to.Data, data[1])
			_, err = s.Assets.Declare(ctx, t.Who, was.Ref, to.Flow)
			return err
		},
	}}
}
