package asset

import "fmt"

// reviewEvery is how many days may pass between reviews of an asset.
const reviewEvery = 365

// Attribute is what one question about an asset comes to.
type Attribute struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Outcome string `json:"outcome"` // pass, fail, not_observed, not_applicable
	Reason  string `json:"reason"`
}

// Attributes gives them: id, title.
func Attributes() [][2]string {
	return [][2]string{{"owner_named", "Has an owner"}, {"owner_here", "The owner is still here"}, {"classified", "Its data is classified"}, {"environment_known", "Its environment is known"}, {"reviewed", "Reviewed within a year"}, {"disposed", "What became of it is shown"}}
}

func (a *Asset) judge(w *around) {
	a.Judged = make([]Attribute, 0, 6)
	add := func(outcome, format string, args ...any) {
		k := Attributes()[len(a.Judged)]
		a.Judged = append(a.Judged, Attribute{k[0], k[1], outcome, fmt.Sprintf(format, args...)})
	}
	from := func(v Value) string {
		if v.From == "" {
			return ""
		}
		return ", by " + v.From
	}
	if !a.Active() {
		for range 5 {
			add("not_applicable", "it is out of use since %s", a.GoneOn)
		}
		if s := a.Said; s != nil && s.Disposed != nil {
			add("pass", "%s on %s: %s", methodWords(s.Disposed.Method), s.Disposed.On, s.Disposed.Proof)
		} else if outside(a.Kind) {
			add("not_applicable", "it was never ours to dispose of")
		} else {
			add("fail", "it is out of use since %s, and how it was disposed of is not recorded", a.GoneOn)
			a.Gaps = append(a.Gaps, "disposal")
		}
		return
	}
	party := a.Kind == "party"
	switch {
	case a.Owner.Text != "":
		add("pass", "%s%s", "an owner is named", from(a.Owner))
	case party:
		add("not_applicable", "other parties own themselves")
	default:
		add("fail", "nobody is named")
		a.Gaps = append(a.Gaps, "owner")
	}
	o, known := w.owners[key(a.Owner.Text)]
	switch {
	case a.Owner.Text == "":
		add("not_applicable", "nobody is named")
	case !known:
		add("not_observed", "the owner is a team or a name that no account here has")
	case o.left:
		add("fail", "the owner's account is closed")
		a.Gaps = append(a.Gaps, "owner left")
	default:
		add("pass", "the owner's account is open")
	}
	switch {
	case a.Class.Text != "":
		add("pass", "%s%s", a.Class.Text, from(a.Class))
	case party:
		add("not_applicable", "what other parties hold themselves is theirs to classify")
	default:
		add("fail", "no class of data is known")
		a.Gaps = append(a.Gaps, "class")
	}
	switch {
	case a.Environment.Text != "":
		add("pass", "%s%s", a.Environment.Text, from(a.Environment))
	case a.Outside:
		add("not_applicable", "it lies outside of the boundary")
	default:
		add("fail", "no environment is known")
		a.Gaps = append(a.Gaps, "environment")
	}
	var last Day
	if a.Said != nil {
		last = a.Said.Reviewed
	}
	switch {
	case party:
		add("not_applicable", "other parties are not ours to review")
	case a.Derived && a.Kind == "service" && a.Found.Register == "the vendor register":
		add("not_applicable", "it is reviewed as a vendor")
	case last != "" && last.Until(w.today) <= reviewEvery:
		add("pass", "reviewed on %s", last)
	case last != "":
		add("fail", "last reviewed on %s", last)
		a.Gaps = append(a.Gaps, "review")
	case a.Since.Until(w.today) <= reviewEvery:
		add("not_observed", "known since %s; the first review is due within a year", a.Since)
	default:
		add("fail", "known since %s and never reviewed", a.Since)
		a.Gaps = append(a.Gaps, "review")
	}
	add("not_applicable", "it is in use")
}

func methodWords(method string) string {
	for _, m := range Methods() {
		if m[0] == method {
			return m[1]
		}
	}
	return method
}
