package training

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Row is how somebody stands with a course that they must or did take.
type Row struct {
	Person    string `json:"person"`
	Name      string `json:"name"`
	Mail      string `json:"mail,omitempty"`
	Team      string `json:"team,omitempty"`
	Kind      string `json:"kind"`
	Course    string `json:"course"`
	Title     string `json:"title"`
	State     State  `json:"state"`
	Due       Day    `json:"due,omitempty"`
	Why       string `json:"why,omitempty"` // first, renewal, version
	Completed Day    `json:"completed,omitempty"`
	Version   int    `json:"version,omitempty"` // that was completed; 0 of an import
	Score     int    `json:"score"`             // percent; -1: not said, or nothing was completed
	How       string `json:"how,omitempty"`     // quiz, import
	Current   string `json:"current"`           // outcome: whether that version still counts
	Reason    string `json:"reason"`
	Login     bool   `json:"login"`

	words string // lower case, to search in
	user  string
}

// kept is what was read and derived last. Nothing of it is changed once it is kept.
type kept struct {
	mark    string
	recs    int64 // number of the newest that was read
	done    int64
	today   Day
	zone    string
	plan    *Plan
	members []Member
	byUser  map[string]int          // places in members
	byID    map[string]int          // places in members, by every id of theirs
	taken   map[string][]Completion // by id, by day
	rows    [][]Row                 // of each member, as courses were published
}

// look gives what is kept, after reading what is new.
func (s *Service) look(ctx context.Context) (*kept, error) {
	today, zone, _, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	s.mu.Lock()
	have := s.kept
	s.mu.Unlock()
	next := have
	members, mark, err := s.cfg.People.Now(ctx, have.mark)
	if err != nil {
		return nil, err
	}
	recs, done, err := head(ctx, q)
	if err != nil {
		return nil, err
	}
	if have.plan != nil && mark == have.mark && recs == have.recs && done == have.done && today == have.today && zone.String() == have.zone {
		return &have, nil
	}
	if mark != have.mark || have.plan == nil {
		next.members, next.byUser, next.byID = members, map[string]int{}, map[string]int{}
		for i, m := range members {
			for _, id := range append(m.Also[:len(m.Also):len(m.Also)], m.ID) {
				next.byID[id] = i
			}
			if m.UserID != "" && m.Left.IsZero() {
				next.byUser[m.UserID] = i
			}
		}
	}
	if recs != have.recs || have.plan == nil {
		all, err := records(ctx, q, "")
		if err != nil {
			return nil, err
		}
		if next.plan, err = fold(all); err != nil {
			return nil, err
		}
	}
	if done != have.done || have.taken == nil {
		fresh, err := completions(ctx, q, `WHERE c.number > $1 ORDER BY c.number`, have.done)
		if err != nil {
			return nil, err
		}
		next.taken = byPerson(have.taken, fresh)
		if have.plan != nil && mark == have.mark && recs == have.recs && today == have.today && zone.String() == have.zone {
			// Nothing else changed: only whoever completed something stands otherwise.
			next.rows = slices.Clone(have.rows)
			for _, c := range fresh {
				if i, known := next.byID[c.Person]; known {
					next.rows[i] = rowsOf(next.plan, &next.members[i], next.taken, today, zone)
				}
			}
			next.done = done
			s.keep(ctx, next)
			return &next, nil
		}
	}
	next.mark, next.recs, next.done, next.today, next.zone = mark, recs, done, today, zone.String()
	next.rows = make([][]Row, len(next.members))
	for i := range next.members {
		next.rows[i] = rowsOf(next.plan, &next.members[i], next.taken, today, zone)
	}
	s.keep(ctx, next)
	return &next, nil
}

func (s *Service) keep(ctx context.Context, next kept) {
	if s.cfg.DB.Within(ctx) { // what was read may be taken back
		return
	}
	s.mu.Lock()
	s.kept = next
	s.mu.Unlock()
}

// byPerson adds completions to those that are sorted already, in a map of its own.
func byPerson(have map[string][]Completion, fresh []Completion) map[string][]Completion {
	out := maps.Clone(have)
	if out == nil {
		out = map[string][]Completion{}
	}
	touched := map[string]bool{}
	for _, c := range fresh {
		if !touched[c.Person] {
			out[c.Person], touched[c.Person] = slices.Clone(out[c.Person]), true
		}
		out[c.Person] = append(out[c.Person], c)
	}
	for id := range touched {
		slices.SortFunc(out[id], byDay)
	}
	return out
}

func byDay(a, b Completion) int {
	if a.Day != b.Day {
		return int(a.Day - b.Day)
	}
	return int(a.Number - b.Number)
}

// takenBy gives somebody's completions of a course under all of their ids.
func takenBy(taken map[string][]Completion, m *Member, course string) []Completion {
	var out []Completion
	more := false
	for _, id := range append(m.Also[:len(m.Also):len(m.Also)], m.ID) {
		for _, c := range taken[id] {
			if c.Course == course {
				out = append(out, c)
				more = more || id != m.ID
			}
		}
	}
	if more {
		slices.SortFunc(out, byDay)
	}
	return out
}

// rowsOf gives how one member stands with each course.
func rowsOf(plan *Plan, m *Member, taken map[string][]Completion, today Day, zone *time.Location) []Row {
	var out []Row
	words := strings.ToLower(m.Name + " " + m.Mail + " " + m.Team)
	for _, id := range plan.Order {
		if row, ok := rowOf(plan.Courses[id], m, plan.Away[m.ID], takenBy(taken, m, id), today, zone); ok {
			row.words = words
			out = append(out, row)
		}
	}
	return out
}

func rowOf(r *Running, m *Member, away []Absence, done []Completion, today Day, zone *time.Location) (Row, bool) {
	dues := r.Dues(m, away, done, zone)
	if len(dues) == 0 && len(done) == 0 {
		return Row{}, false
	}
	state, now := stand(dues, today)
	row := Row{Person: m.ID, Name: m.Name, Mail: m.Mail, Team: m.Team, Kind: m.Kind, Course: r.Newest().ID, Title: r.Newest().Title, State: state, Score: -1, Login: m.UserID != "", user: m.UserID}
	d := Due{}
	if len(done) > 0 {
		last := done[len(done)-1]
		row.Completed, row.Version, row.Score, row.How = last.Day, last.Version, last.Score, last.How
		d.Done = &last
	}
	row.Current, row.Reason = d.Current(r)
	switch {
	case state == NoNeed:
		row.Reason = "not asked"
		if now != nil && now.Closed != "" {
			row.Reason = now.Closed
		} else if !m.Left.IsZero() {
			row.Reason = "left on " + DayOf(m.Left, zone).String()
		}
	case state == Late || state == Open:
		row.Due, row.Why = now.Day, now.Why
		_, row.Reason = now.InTime(today, row.Login)
	default:
		row.Due, row.Why = now.Day, now.Why
	}
	return row, true
}

// each gives every row, by name, then as courses were published.
func (k *kept) each() iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		for i := range k.rows {
			for j := range k.rows[i] {
				if !yield(&k.rows[i][j]) {
					return
				}
			}
		}
	}
}

// Filter narrows the overview. Empty fields do not.
type Filter struct {
	Course string
	State  State  // "": all but those that are not asked
	Kind   string // employee, contractor
	Team   string
	Login  string // no: without a login
	How    string // quiz, import
	Query  string
}

func (f Filter) check(plan *Plan) error {
	switch {
	case f.State != "" && f.State != "all" && !slices.Contains(States(), f.State):
		return bad("state", "%.40q is no state of training", string(f.State))
	case f.Course != "" && plan.Courses[f.Course] == nil:
		return bad("course", "no course %.60q is in use", f.Course)
	case f.Kind != "" && f.Kind != Employee && f.Kind != Contractor:
		return bad("kind", "%.40q is no kind of person", f.Kind)
	case f.How != "" && f.How != ByQuiz && f.How != ByImport:
		return bad("how", "%.40q is no way of completing a course", f.How)
	case f.Login != "" && f.Login != "no":
		return bad("login", "%.40q is not no", f.Login)
	}
	return nil
}

func (f Filter) fits(x *Row) bool {
	switch {
	case f.Course != "" && x.Course != f.Course, f.State == "" && x.State == NoNeed, f.State != "" && f.State != "all" && x.State != f.State,
		f.Kind != "" && x.Kind != f.Kind, f.Team != "" && x.Team != f.Team, f.Login == "no" && x.Login, f.How != "" && x.How != f.How:
		return false
	}
	return f.Query == "" || strings.Contains(x.words, strings.ToLower(f.Query))
}

// Sum is how a course stands.
type Sum struct {
	Course string        `json:"course"`
	Title  string        `json:"title"`
	Asked  int           `json:"asked"` // people
	States map[State]int `json:"states"`
	Login  int           `json:"without_login"` // of those who are asked
}

// Overview is a page of rows, and how every course stands.
type Overview struct {
	Rows  []Row `json:"items"`
	Total int   `json:"total"`
	Next  int   `json:"next,omitempty"` // where the next page begins; 0: this is the last
	Sums  []Sum `json:"courses"`
	Teams []string
	Today Day
}

// Overview gives who must take which course and how they stand, by name; from is
// where the page begins (training.read).
func (s *Service) Overview(ctx context.Context, p access.Principal, f Filter, from, limit int) (Overview, error) {
	if err := access.Authorise(p, access.TrainingRead); err != nil {
		return Overview{}, err
	}
	k, err := s.look(ctx)
	if err != nil {
		return Overview{}, err
	}
	if err := f.check(k.plan); err != nil {
		return Overview{}, err
	}
	out := Overview{Rows: []Row{}, Sums: make([]Sum, len(k.plan.Order)), Teams: []string{}, Today: k.today}
	at := make(map[string]int, len(k.plan.Order))
	for i, id := range k.plan.Order {
		at[id] = i
		out.Sums[i] = Sum{Course: id, Title: k.plan.Courses[id].Newest().Title, States: map[State]int{}}
	}
	counts := make([][len(states)]int, len(k.plan.Order))
	teams := map[string]bool{}
	for x := range k.each() {
		n := at[x.Course]
		counts[n][place(x.State)]++
		if x.State != NoNeed {
			out.Sums[n].Asked++
			if !x.Login {
				out.Sums[n].Login++
			}
			teams[x.Team] = true
		}
		if !f.fits(x) {
			continue
		}
		if out.Total >= from && len(out.Rows) < limit {
			out.Rows = append(out.Rows, *x)
		}
		out.Total++
	}
	for i := range counts {
		for j, n := range counts[i] {
			out.Sums[i].States[states[j]] = n
		}
	}
	delete(teams, "")
	for t := range teams {
		out.Teams = append(out.Teams, t)
	}
	slices.Sort(out.Teams)
	if from+len(out.Rows) < out.Total {
		out.Next = from + len(out.Rows)
	}
	return out, nil
}

var states = [...]State{Late, Open, Renew, Done, NoNeed}

func place(s State) int { return slices.Index(states[:], s) }

// PersonView is somebody with all their courses.
type PersonView struct {
	Member      Member
	Rows        []Row
	Completions []Completion // newest first
	Away        []Absence
}

// Person gives how somebody stands (training.read).
func (s *Service) Person(ctx context.Context, p access.Principal, id string) (PersonView, error) {
	if err := access.Authorise(p, access.TrainingRead); err != nil {
		return PersonView{}, err
	}
	k, err := s.look(ctx)
	if err != nil {
		return PersonView{}, err
	}
	i := slices.IndexFunc(k.members, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return PersonView{}, fault.New(fault.NotFound, "there is no person %.60q", id)
	}
	out := PersonView{Member: k.members[i], Away: k.plan.Away[id]}
	out.Rows = k.rows[i]
	for _, id := range k.plan.Order {
		out.Completions = append(out.Completions, takenBy(k.taken, &out.Member, id)...)
	}
	slices.SortFunc(out.Completions, func(a, b Completion) int { return -byDay(a, b) })
	return out, nil
}

// Reminder is a course that somebody with a login should complete soon, or should
// have completed.
type Reminder struct {
	User, Course, Title string
	Due                 Day
	Late                bool
}

// Reminders gives them, of what is due within so many days. It is for the program.
func (s *Service) Reminders(ctx context.Context, within int) ([]Reminder, error) {
	k, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	var out []Reminder
	for x := range k.each() {
		if x.user == "" || x.State == Done || x.State == NoNeed || int(x.Due-k.today) > within {
			continue
		}
		out = append(out, Reminder{User: x.user, Course: x.Course, Title: x.Title, Due: x.Due, Late: x.State == Late})
	}
	return out, nil
}

// Asked gives the logins that a course asks and that have not completed it. It is
// for the program.
func (s *Service) Asked(ctx context.Context, course string) (title string, users []string, err error) {
	k, err := s.look(ctx)
	if err != nil {
		return "", nil, err
	}
	r, err := inUse(k.plan, course)
	if err != nil {
		return "", nil, err
	}
	for x := range k.each() {
		if x.Course == course && x.user != "" && (x.State == Late || x.State == Open) {
			users = append(users, x.user)
		}
	}
	return fmt.Sprintf("%s, %d minutes", r.Newest().Title, r.Newest().Minutes), users, nil
}
