package exclusion

import "time"

// Kind says what leaves an item or a scope out.
type Kind string

// The kinds. The first two are decided by people here; the others are read from
// where they were decided.
const (
	OfItem        Kind = "item"           // an item is left out of its population
	OfScope       Kind = "scope"          // something that is no item is left out: an address, a name
	OfCheck       Kind = "check"          // a check was left out by tailoring
	ByWhere       Kind = "where"          // a check declares which items it is about
	NotApplicable Kind = "not_applicable" // a rule finds that there is nothing to judge
	WasRetired    Kind = "retired"        // an item was taken out of its population
)

// Entry is one line of the register of what is left out.
type Entry struct {
	Kind       Kind      `json:"kind"`
	Ref        string    `json:"ref,omitempty"` // X-3, or the id of the check
	ID         string    `json:"id,omitempty"`  // exc_…
	Population string    `json:"population"`
	Subject    string    `json:"subject"` // the item's id, the check, or the key of what is no item
	Name       string    `json:"name"`    // what people call it
	Items      int64     `json:"items"`   // how many items it leaves out
	Reason     string    `json:"reason"`
	By         string    `json:"by"` // "usr_…", "system", or the standard that declares it
	At         time.Time `json:"at,omitzero"`
	ApprovedBy string    `json:"approved_by,omitempty"` // "usr_…"
	ApprovedAt time.Time `json:"approved_at,omitzero"`
	Alone      string    `json:"alone,omitempty"` // what stood in for a second person
	From       time.Time `json:"from,omitzero"`   // in force over [From, Until)
	Until      time.Time `json:"until,omitzero"`  // zero: until it is changed
}

// Question asks the register what is left out.
type Question struct {
	Population string    // "" for all
	From, To   time.Time // in force at any time of [From, To]; zero To: now
	Known      int64     // ledger size that bounds what was known of people's exclusions; -1: everything
}
