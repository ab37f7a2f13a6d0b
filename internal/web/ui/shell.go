package ui

// Key leads to a page after "g".
type Key struct{ Key, Text, Href string }

// Shell is what stands around every screen.
type Shell struct {
	Title    string // of the document; "Attesta" is added
	Section  string // name of the section in the masthead
	Page     string // name of the page in the section
	Path     string // path and query of this screen
	Sections []Section
	Period   Period
	User     string // display name; empty before login
	Initials string
	Theme    string // "", "light", "dark"
	Zone     string // "UTC"
	System   string // name of the system described, or empty
	Assets   Assets
	Ledger   Foot
	Flash    string // one sentence on what was just done
	Live     Live
	Keys     []Key      // that lead to pages after "g"
	Tools    *ListTools // of a list; nil elsewhere
	Demo     bool       // nothing on the screen is real
	Pending  bool       // nobody has signed in yet, or the password is not set: hide navigation
	Inbox    Bell
}

// Bell leads to one's own notices.
type Bell struct {
	Shown bool
	Count string // unread; empty: none
}

// Section is one word of the masthead.
type Section struct {
	Name  string
	Href  string
	Count string // open work, or empty
	Pages []PageLink
}

// PageLink is a page of a section. What stands under another is shown on a line of
// its own while that one or one beside it is open.
type PageLink struct {
	Link
	Under string // the page it stands under; empty: none
}

// group is the page that the open one stands under, or itself.
func (s Shell) group() string {
	for _, sec := range s.Sections {
		for _, p := range sec.Pages {
			if sec.Name == s.Section && p.Text == s.Page && p.Under != "" {
				return p.Under
			}
		}
	}
	return s.Page
}

// beside are the open group's pages, its own first; nil where it has no others.
func (s Shell) beside() []PageLink {
	group := s.group()
	var all []PageLink
	for _, sec := range s.Sections {
		if sec.Name != s.Section {
			continue
		}
		for _, p := range sec.Pages {
			if p.Under == group {
				all = append(all, p)
			}
		}
		for _, p := range sec.Pages {
			if p.Text == group && len(all) > 0 {
				return append([]PageLink{p}, all...)
			}
		}
	}
	return nil
}

// Assets are the addresses of the static files; each carries a digest of its
// content, so a browser may keep it for ever.
type Assets struct{ Tokens, Style, HTMX, Script, Passkey, Icon string }

// Foot says how far the ledger had come when the page was made.
type Foot struct {
	Size   string // "1,284,306"; empty when it could not be read
	Anchor string // "not anchored outside"
	Href   string
}

// Live says how the page hears of new records.
type Live struct {
	URL     string // of the event stream; empty: none
	Replace bool   // nothing to read here yet: put the new page in place at once
}

// Period is the moment that rules the posture screens.
type Period struct {
	Rules   bool   // this screen follows it
	Text    string // "Today, 20 Aug 2026"
	Note    string // "as known now"
	Date    string // value of the date field, "2026-08-20"
	Max     string // today
	Known   string // "now", "then", or "on" for what was known on another day
	On      string // value of that day's field
	Compare string // what is known otherwise now; only of the past
	Past    bool   // not today
	Path    string // where the form goes
	Today   string // link back to the present
	Problem string // the date could not be read
	Hidden  []Link // other parameters of the form: Text name, Href value
}
