package review

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Kinds of places.
const (
	Host     = "host"
	Database = "database"
	Attesta  = "attesta"
	List     = "list"   // a file that somebody brought
	Badges   = "badges" // a badge system of a site
)

// Kinds gives them in the order of a form.
func Kinds() []string { return []string{Attesta, Host, Database, List, Badges} }

// Part is what one place says, in one way, of who may do what there.
type Part struct {
	Place   string    `json:"place"` // hst_…, dbs_…, attesta, lst_…, bsy_…
	Part    string    `json:"part"`  // accounts, sudo, ssh_keys, roles, users, list, badges
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Owner   string    `json:"-"`             // of the system: a login, address or usr_…
	Why     string    `json:"why,omitempty"` // why nothing can be said; "" where it was observed
	Digest  string    `json:"digest,omitempty"`
	From    time.Time `json:"observed_from,omitzero"`
	Until   time.Time `json:"observed_until,omitzero"` // last observation
	LeftOut int       `json:"left_out"`                // accounts that let nobody in
	Items   int       `json:"items"`
	Grants  []Grant   `json:"-"`
}

// Observed reports whether it said anything.
func (p *Part) Observed() bool { return p.Why == "" }

// State is observed or not_observed.
func (p *Part) State() string {
	if p.Observed() {
		return "observed"
	}
	return "not_observed"
}

// Grant is a role that an account has.
type Grant struct {
	Account    string    `json:"account"`
	Role       string    `json:"role"`
	Detail     string    `json:"detail,omitempty"`
	Privileged bool      `json:"privileged,omitempty"`
	System     bool      `json:"system,omitempty"` // the account is not for people
	Name       string    `json:"name,omitempty"`   // of the holder, as the source says it
	Mail       string    `json:"mail,omitempty"`
	User       string    `json:"user,omitempty"`   // usr_…, where the source knows
	Person     string    `json:"person,omitempty"` // per_…, where the source knows
	LastUsed   time.Time `json:"last_used,omitzero"`
	GrantedAt  time.Time `json:"granted_at,omitzero"`
	GrantedBy  string    `json:"granted_by,omitempty"`
	Request    string    `json:"request,omitempty"`
}

// key says which access it is, from one campaign to the next.
type key struct{ place, account, role string }

// Person is somebody whose access it may be.
type Person struct {
	ID      string
	Name    string
	User    string // usr_… in Attesta
	Manager string // id of a person
	State   string // here, leaving, left
	LeftAt  time.Time
}

// Register is who there is, as known when a campaign begins.
type Register struct {
	People map[string]Person
	// Of gives whose an account is: "" for nobody's that is known.
	Of func(place string, g Grant) (person string)
}

func (r *Register) of(place string, g Grant) *Person {
	if r == nil || r.Of == nil {
		return nil
	}
	if p, ok := r.People[r.Of(place, g)]; ok {
		return &p
	}
	return nil
}

// ordered gives grants in the order in which items are numbered, each once.
func ordered(parts []Part) []placed {
	var out []placed
	for i := range parts {
		for _, g := range parts[i].Grants {
			out = append(out, placed{&parts[i], g})
		}
	}
	slices.SortFunc(out, func(a, b placed) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds(), a.part.Kind), slices.Index(Kinds(), b.part.Kind)), strings.Compare(a.part.Name, b.part.Name), strings.Compare(a.part.Place, b.part.Place),
			strings.Compare(a.Account, b.Account), strings.Compare(a.Role, b.Role), strings.Compare(a.Detail, b.Detail))
	})
	return slices.CompactFunc(out, func(a, b placed) bool { return a.key() == b.key() })
}

type placed struct {
	part *Part
	Grant
}

func (p placed) key() key { return key{p.part.Place, p.Account, p.Role} }

func digestOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil { // cannot be: texts, numbers and lists of them
		panic("review: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// itemsDigest commits to the items as they were frozen. Names of people are not
// part of it, so that they can be erased.
func itemsDigest(items []Item) string {
	lines := make([][7]string, len(items))
	for i, x := range items {
		lines[i] = [7]string{x.Place, x.Part, x.Account, x.Role, x.Detail, x.Person, x.Holder}
	}
	return digestOf(lines)
}

// partsDigest commits to each source and its state; parts are in the order of
// place and part.
func partsDigest(parts []Part) string {
	lines := make([][]any, len(parts))
	for i, p := range parts {
		lines[i] = []any{p.Place, p.Part, p.State(), p.Digest, p.Items, p.LeftOut}
	}
	return digestOf(lines)
}

// decisionsDigest commits to what was decided.
func decisionsDigest(items []Item) string {
	lines := make([][4]any, len(items))
	for i, x := range items {
		lines[i] = [4]any{x.Seq, x.Decision, x.DecidedBy, x.DecidedAt.UnixMicro()}
	}
	return digestOf(lines)
}
