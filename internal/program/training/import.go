package training

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Import is a file of completions that was brought. The file itself is kept: it is
// what shows that the other system said so.
type Import struct {
	Number int64  `json:"number"`
	Source string `json:"source"`
	SHA256 string `json:"sha256"` // of the file
	Rows   int    `json:"rows"`   // completions that it added
	Digest string `json:"digest"` // of these
	Made   Made   `json:"made"`

	file string
}

// Imported says what a file holds, and what became of it.
type Imported struct {
	Lines   []Line   `json:"lines"`
	New     int      `json:"new"`
	There   int      `json:"there"` // recorded before
	Wrong   int      `json:"wrong"`
	Ignored []string `json:"ignored_columns"`
	Stored  bool     `json:"stored"`
	Number  int64    `json:"number,omitempty"` // of the import
}

// Import records the completions of a file of another system that are not there
// yet. With dry, or where one line is wrong, nothing is stored; the same file again
// adds nothing. Source names the system.
func (s *Service) Import(ctx context.Context, p access.Principal, source string, raw []byte, dry bool) (*Imported, error) {
	if err := s.may(p, access.TrainingManage); err != nil {
		return nil, err
	}
	source = line(source)
	if err := words("source", "the system that the file came from", source, 2, 100); err != nil {
		return nil, err
	}
	lines, ignored, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	today, _, now, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	members, _, err := s.cfg.People.Now(ctx, "")
	if err != nil {
		return nil, err
	}
	byMail := map[string]*Member{}
	for i := range members {
		m := &members[i]
		if m.Mail == "" {
			continue
		}
		if have := byMail[m.Mail]; have == nil || !have.Left.IsZero() {
			byMail[m.Mail] = m
		}
	}
	var out *Imported
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		out = &Imported{Lines: append([]Line{}, lines...), Ignored: ignored}
		recs, err := records(ctx, tx, "")
		if err != nil {
			return err
		}
		plan, err := fold(recs)
		if err != nil {
			return err
		}
		have, err := completions(ctx, tx, `WHERE c.how = $1`, ByImport)
		if err != nil {
			return err
		}
		known := map[string]int{} // score by person, course and day
		for _, c := range have {
			known[fmt.Sprint(c.Person, " ", c.Course, " ", int(c.Day))] = c.Score
		}
		courses := map[string]string{}
		for id, r := range plan.Courses {
			courses[id], courses[strings.ToLower(r.Newest().Title)] = id, id
		}
		var fresh []*Line
		for i := range out.Lines {
			l := &out.Lines[i]
			s.settle(l, today, byMail, courses, known)
			switch l.State {
			case "new":
				out.New++
				known[fmt.Sprint(l.person, " ", l.Course, " ", int(l.Day))] = l.Score
				fresh = append(fresh, l)
			case "there":
				out.There++
			default:
				out.Wrong++
			}
		}
		if dry || out.Wrong > 0 || out.New == 0 {
			return nil
		}
		return s.store(ctx, tx, p, out, fresh, Import{Source: source, SHA256: digest(string(raw)), Rows: len(fresh), file: string(raw), Made: Made{At: now, By: p.UserID}})
	})
	return out, err
}

// settle finds whom and which course a line is about, and whether it is known.
func (s *Service) settle(l *Line, today Day, byMail map[string]*Member, courses map[string]string, known map[string]int) {
	if l.State == "wrong" {
		return
	}
	l.State = "wrong"
	m := byMail[l.Mail]
	if m == nil {
		l.Problem = "nobody has this address"
		return
	}
	l.person, l.Name = m.ID, m.Name
	id, ok := courses[strings.ToLower(l.Course)]
	switch {
	case !ok:
		l.Problem = "no course in use is called so"
		return
	case l.Day > today:
		l.Problem = "the day is to come"
		return
	}
	l.Course = id
	switch score, there := known[fmt.Sprint(m.ID, " ", id, " ", int(l.Day))]; {
	case there && score != l.Score:
		l.Problem = fmt.Sprintf("a completion of that day is recorded with the score %s; what is recorded is not changed", percent(score))
	case there:
		l.State = "there"
	default:
		l.State = "new"
	}
}

func percent(score int) string {
	if score < 0 {
		return "“not said”"
	}
	return fmt.Sprintf("%d %%", score)
}

func (s *Service) store(ctx context.Context, tx *sql.Tx, p access.Principal, out *Imported, fresh []*Line, i Import) error {
	var err error
	if i.Number, err = nextImport(ctx, tx); err != nil {
		return err
	}
	next, err := nextCompletion(ctx, tx)
	if err != nil {
		return err
	}
	done := make([]Completion, len(fresh))
	for n, l := range fresh {
		done[n] = Completion{Number: next + int64(n), Person: l.person, Course: l.Course, Day: l.Day, Score: l.Score, How: ByImport, Import: i.Number, Made: i.Made}
	}
	i.Digest = digestOf(done)
	if i.Made.Entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "training.imported", Subject: fmt.Sprintf("import-%d", i.Number),
		Data: map[string]any{"number": i.Number, "rows": i.Rows, "sha256": i.SHA256, "digest": i.Digest}}); err != nil {
		return err
	}
	if err := insertImport(ctx, tx, i); err != nil {
		return err
	}
	for n := range done {
		done[n].Made.Entry = i.Made.Entry
		if err := insertCompletion(ctx, tx, done[n]); err != nil {
			return err
		}
	}
	out.Stored, out.Number = true, i.Number
	return nil
}

// digestOf is what an import's entry commits to: SHA-256 over a line per
// completion, by number.
func digestOf(all []Completion) string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%d %s %s %d %s %d %s\n", c.Number, c.Person, c.Course, c.Version, c.Day, c.Score, c.How)
	}
	return digest(b.String())
}

// Imports gives the files that were brought, newest last (training.read).
func (s *Service) Imports(ctx context.Context, p access.Principal) ([]Import, error) {
	if err := access.Authorise(p, access.TrainingRead); err != nil {
		return nil, err
	}
	return imports(ctx, s.cfg.DB.Reader(), "")
}

// ImportFile gives a file that was brought (training.read).
func (s *Service) ImportFile(ctx context.Context, p access.Principal, number int64) (Import, string, error) {
	if err := access.Authorise(p, access.TrainingRead); err != nil {
		return Import{}, "", err
	}
	all, err := imports(ctx, s.cfg.DB.Reader(), `WHERE i.number = $1`, number)
	if err != nil {
		return Import{}, "", err
	}
	if len(all) == 0 {
		return Import{}, "", fault.New(fault.NotFound, "there is no import %d", number)
	}
	return all[0], all[0].file, nil
}
