package bulk

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/host"
)

// act is what is to be done, by whom.
type act struct {
	who    access.Principal
	params map[string]string
}

// look is an item as it is now, which nobody else changes until the transaction
// ends.
type look struct {
	item, name, about string
	version           string // another after every change that matters here
	was               any    // what undoing restores
	changes           []Change
	no                error // why the act would be wrong here, beyond what the act itself refuses
}

// deeds are what a kind does to one item.
type deeds struct {
	params func(ctx context.Context, tx *sql.Tx, a act) error // holds the answers; may be nil
	look   func(ctx context.Context, tx *sql.Tx, a act, item string) (look, error)
	do     func(ctx context.Context, tx *sql.Tx, a act, item string) (entry string, err error)
	undo   func(ctx context.Context, tx *sql.Tx, a act, item, was string) (entry string, err error)
	after  func() // once it is committed; may be nil
}

// bad is a wrong answer.
func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

func (s *Service) kinds() []Kind {
	own := fault.New(fault.Forbidden, "this is your own account").WithHint("change it on its page")
	return slices.Concat(s.reviewKinds(), s.componentKinds(), s.integrityKinds(), []Kind{
		{Name: "findings.acknowledge", List: "findings", Title: "Take them on", Button: "Take on", Action: access.FindingAcknowledge,
			Asks: []Ask{{Name: "note", Label: "Note", Type: "long", Hint: "It stands in the timeline of each. May be empty."}},
			Undo: "nobody has taken them on any more", do: deeds{look: s.findingLook(func(f finding.Finding, a act) []Change {
				to := f.State
				if to == finding.Open {
					to = finding.Acknowledged
				}
				return []Change{{"State", string(f.State), string(to)}, {"Taken on by", f.AcknowledgedBy, a.who.UserID}}
			}), do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
				e, err := s.cfg.Findings.AcknowledgeIn(ctx, tx, a.who, item, a.params["note"])
				return e.Entry, err
			}, undo: func(ctx context.Context, tx *sql.Tx, a act, item, _ string) (string, error) {
				e, err := s.cfg.Findings.ReleaseIn(ctx, tx, a.who, item, "")
				return e.Entry, err
			}}},
		{Name: "findings.assign", List: "findings", Title: "Say who is to mend them", Button: "Assign", Action: access.FindingAssign, Before: true,
			Asks: []Ask{{Name: "owner", Label: "Who is to mend them", Type: "owner", Hint: "Nobody: what was said before is taken back."}, {Name: "note", Label: "Note", Type: "long", Hint: "It stands in the timeline of each. May be empty."}},
			Note: "It moves no due date, and takes nothing on in anybody's name.",
			Undo: "the owners are those of before", do: deeds{params: s.ownerParam, look: s.findingLook(func(f finding.Finding, a act) []Change {
				return []Change{{"Owner", f.Owner, a.params["owner"]}}
			}), do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
				e, err := s.cfg.Findings.AssignIn(ctx, tx, a.who, item, a.params["owner"], a.params["note"])
				return e.Entry, err
			}, undo: func(ctx context.Context, tx *sql.Tx, a act, item, was string) (string, error) {
				var f findingWas
				if err := json.Unmarshal([]byte(was), &f); err != nil {
					return "", err
				}
				e, err := s.cfg.Findings.AssignIn(ctx, tx, a.who, item, f.Owner, "")
				return e.Entry, err
			}}},
		{Name: "hosts.edit", List: "hosts", Title: "Say owner, data, environment or tags", Button: "Say this of the hosts", Action: access.HostEdit, Before: true,
			Asks: []Ask{{Name: "owner", Label: "Owner", Hint: "A team or a person. Empty: as it is; -: nobody."}, {Name: "class", Label: "Data on it", Hint: "As the classification names it. Empty: as it is; -: not said."},
				{Name: "environment", Label: "Environment", Hint: "production, staging. Empty: as it is; -: not said."}, {Name: "add", Label: "Tags to add", Hint: "Words, with spaces between them."}, {Name: "remove", Label: "Tags to take away"}},
			Undo: "they are said what was said before", do: deeds{params: s.hostParams, look: s.hostLook, do: s.hostDo, undo: s.hostUndo}},
		{Name: "waivers.approve", List: "waivers", Title: "Approve them", Button: "Approve", Action: access.WaiverApprove,
			Note: "What you approve of each: the reason, what compensates, its items, until its day. What you asked for yourself stays for somebody else. A waiver that holds is not undone but withdrawn, on its page.",
			do: deeds{look: s.waiverLook(waiver.Approved), do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
				return s.cfg.Waivers.ApproveIn(ctx, tx, a.who, item, "")
			}, after: s.waiversChanged}},
		{Name: "waivers.refuse", List: "waivers", Title: "Refuse them", Button: "Refuse", Action: access.WaiverApprove, Before: true,
			Asks: []Ask{{Name: "note", Label: "Why they are refused", Type: "long", Must: true, Hint: "Whoever asked reads it."}},
			Note: "This is not undone: whoever needs one asks again.",
			do: deeds{params: func(_ context.Context, _ *sql.Tx, a act) error {
				if len(a.params["note"]) < 3 {
					return bad("note", "say why they are refused")
				}
				return nil
			}, look: s.waiverLook(waiver.Refused), do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
				return s.cfg.Waivers.RefuseIn(ctx, tx, a.who, item, a.params["note"])
			}, after: s.waiversChanged}},
		{Name: "users.role", List: "users", Title: "Give them another role", Button: "Give the role", Action: access.UserManage, Proof: true, Before: true,
			Asks: []Ask{{Name: "role", Label: "Role", Type: "role", Must: true, Hint: "It holds at once, in open sessions too."}},
			Undo: "they have the role of before", do: deeds{params: func(_ context.Context, _ *sql.Tx, a act) error {
				if _, err := access.ParseRole(a.params["role"]); err != nil {
					return bad("role", "choose a role")
				}
				return nil
			}, look: s.userLook(own, func(u access.User, a act) Change {
				return Change{"Role", string(u.Role), a.params["role"]}
			}), do: func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
				return s.ofUser(ctx, tx, item, s.cfg.Access.SetRoleIn(ctx, tx, a.who, item, access.Role(a.params["role"])))
			}, undo: func(ctx context.Context, tx *sql.Tx, a act, item, was string) (string, error) {
				var u userWas
				if err := json.Unmarshal([]byte(was), &u); err != nil {
					return "", err
				}
				return s.ofUser(ctx, tx, item, s.cfg.Access.SetRoleIn(ctx, tx, a.who, item, u.Role))
			}}},
		s.switching("users.disable", "Disable them", "Disable", "Their sessions, links and tokens end.", "the accounts are enabled again; sessions, links and tokens stay ended", true, own),
		s.switching("users.enable", "Enable them", "Enable", "A login link lets each in.", "the accounts are disabled again", false, own),
	})
}

// Kinds gives what can be done to the lines of a list, "" for every list.
func (s *Service) Kinds(list string) []Kind {
	var all []Kind
	for _, k := range s.kinds() {
		if list == "" || k.List == list {
			all = append(all, k)
		}
	}
	return all
}

// Kind gives one by its name.
func (s *Service) Kind(name string) (Kind, error) {
	var names []string
	for _, k := range s.kinds() {
		if k.Name == name {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return Kind{}, fault.New(fault.Invalid, "%q is nothing that is done to many", name).At("", 0, "kind").WithHint("there are %s", strings.Join(names, ", "))
}

type findingWas struct{ Owner string }

func (s *Service) findingLook(changes func(finding.Finding, act) []Change) func(context.Context, *sql.Tx, act, string) (look, error) {
	return func(ctx context.Context, tx *sql.Tx, a act, item string) (look, error) {
		f, err := s.cfg.Findings.Hold(ctx, tx, item)
		return look{item: f.ID, name: f.Ref(), about: f.Title + " on " + f.ItemName, version: f.Version(), was: findingWas{f.Owner}, changes: changes(f, a)}, err
	}
}

func (s *Service) ownerParam(ctx context.Context, tx *sql.Tx, a act) error {
	if a.params["owner"] == "" {
		return nil
	}
	u, err := access.WhoMay(ctx, tx, a.params["owner"], access.FindingAcknowledge)
	a.params["owner"] = u.ID
	return err
}

func (a act) said() (host.Said, []string) {
	return host.Said{Owner: a.params["owner"], Class: a.params["class"], Environment: a.params["environment"], Tags: []string{a.params["add"]}}, []string{a.params["remove"]}
}

func (s *Service) hostParams(_ context.Context, _ *sql.Tx, a act) error {
	if strings.TrimSpace(a.params["owner"]+a.params["class"]+a.params["environment"]+a.params["add"]+a.params["remove"]) == "" {
		return bad("owner", "say at least one of them")
	}
	said, without := a.said()
	_, err := host.Said{}.With(said, without)
	return err
}

func (s *Service) hostLook(ctx context.Context, tx *sql.Tx, a act, item string) (look, error) {
	h, err := s.cfg.Hosts.Hold(ctx, tx, item)
	if err != nil {
		return look{}, err
	}
	version, err := digestOf([]any{h.Said, h.RetiredAt.UnixMicro()})
	l := look{item: h.ID, name: h.Name, about: h.OS, version: version, was: h.Said}
	if err != nil {
		return l, err
	}
	if !h.RetiredAt.IsZero() {
		l.no = fault.New(fault.Conflict, "it left the population")
	}
	said, without := a.said()
	to, err := h.With(said, without)
	if err != nil {
		l.no = err
		return l, nil
	}
	for _, c := range []Change{{"Owner", h.Owner, to.Owner}, {"Data", h.Class, to.Class}, {"Environment", h.Environment, to.Environment}, {"Tags", strings.Join(h.Tags, " "), strings.Join(to.Tags, " ")}} {
		if c.From != c.To {
			l.changes = append(l.changes, c)
		}
	}
	return l, nil
}

func (s *Service) hostDo(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
	h, err := s.cfg.Hosts.Hold(ctx, tx, item)
	if err != nil {
		return "", err
	}
	said, without := a.said()
	to, err := h.With(said, without)
	if err != nil {
		return "", err
	}
	return s.cfg.Hosts.EditIn(ctx, tx, a.who, item, to)
}

func (s *Service) hostUndo(ctx context.Context, tx *sql.Tx, a act, item, was string) (string, error) {
	var said host.Said
	if err := json.Unmarshal([]byte(was), &said); err != nil {
		return "", err
	}
	return s.cfg.Hosts.EditIn(ctx, tx, a.who, item, said)
}

func (s *Service) waiverLook(to waiver.State) func(context.Context, *sql.Tx, act, string) (look, error) {
	return func(ctx context.Context, tx *sql.Tx, _ act, item string) (look, error) {
		w, err := s.cfg.Waivers.Hold(ctx, tx, item)
		if err != nil {
			return look{}, err
		}
		version, err := digestOf(w)
		return look{item: w.ID, name: w.Ref(), about: w.About() + ", until " + w.Expires.Format(time.DateOnly) + ": " + w.Reason, version: version,
			changes: []Change{{"State", string(w.State), string(to)}}}, err
	}
}

func (s *Service) waiversChanged() { s.cfg.Waivers.Changed() }

// userWas is what matters here of an account.
type userWas struct {
	Role     access.Role
	Disabled bool
	Kept     access.Kept
}

func (s *Service) userLook(own error, change func(access.User, act) Change) func(context.Context, *sql.Tx, act, string) (look, error) {
	return func(ctx context.Context, tx *sql.Tx, a act, item string) (look, error) {
		u, err := s.cfg.Access.UserIn(ctx, tx, item)
		if err != nil {
			return look{}, err
		}
		was := userWas{u.Role, u.Disabled, u.Directory}
		version, err := digestOf(was)
		l := look{item: u.ID, name: u.Name, about: u.Login, version: version, was: was}
		if c := change(u, a); c.From != c.To {
			l.changes = []Change{c}
		}
		if u.ID == a.who.UserID {
			l.no = own
		}
		return l, err
	}
}

func (s *Service) switching(name, title, button, note, undo string, disable bool, own error) Kind {
	word := map[bool]string{true: "disabled", false: "enabled"}
	change := func(to bool) func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
		return func(ctx context.Context, tx *sql.Tx, a act, item string) (string, error) {
			return s.ofUser(ctx, tx, item, s.cfg.Access.SwitchIn(ctx, tx, a.who, item, to))
		}
	}
	return Kind{Name: name, List: "users", Title: title, Button: button, Action: access.UserManage, Proof: true, Note: note, Undo: undo,
		do: deeds{look: s.userLook(own, func(u access.User, _ act) Change { return Change{"Account", word[u.Disabled], word[disable]} }), do: change(disable),
			undo: func(ctx context.Context, tx *sql.Tx, a act, item, _ string) (string, error) {
				return change(!disable)(ctx, tx, a, item)
			}}}
}

// ofUser gives the entry of what was just done to a user.
func (s *Service) ofUser(ctx context.Context, tx *sql.Tx, item string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return lastEntry(ctx, tx, item)
}
