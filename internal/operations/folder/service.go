package folder

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config wires a Service. All fields but After are required.
type Config struct {
	DB     *database.DB
	Ledger *ledger.Log
	Clock  clock.Clock
	Access *access.Service
	Kinds  []Kind // in the order in which they are brought in
	After  func() // once an import is committed
}

// Service exports and imports the programme.
type Service struct{ cfg Config }

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg} }

// Exported is the programme as a folder.
type Exported struct {
	Digest  string   `json:"digest"`
	Files   int      `json:"files"`
	LeftOut []string `json:"left_out,omitempty" doc:"Kinds that the asker may not see."`
	Tree    Tree     `json:"-"`
}

func (s *Service) turn(ctx context.Context, who access.Principal, note string, people bool) (*Turn, error) {
	users, err := s.cfg.Access.Users(ctx, access.System())
	if err != nil {
		return nil, err
	}
	t := &Turn{Who: who, Note: note, People: people, logins: map[string]string{}, users: map[string]string{}, memo: map[string]any{}}
	for _, u := range users {
		t.logins[u.ID], t.users[u.Login] = u.Login, u.ID
	}
	return t, nil
}

// Export gives what who may see of the programme. With people the roster is in it.
func (s *Service) Export(ctx context.Context, who access.Principal, people bool) (*Exported, error) {
	if err := access.Authorise(who, access.ProgrammeRead); err != nil {
		return nil, err
	}
	out := &Exported{Tree: Tree{}}
	err := s.cfg.DB.Seen(ctx, func(ctx context.Context) error {
		t, err := s.turn(ctx, who, "", people)
		if err != nil {
			return err
		}
		base := Base{Format: Format, Files: map[string]string{}}
		for _, k := range s.cfg.Kinds {
			spec := k.spec()
			if spec.People && !people {
				continue
			}
			if access.Authorise(who, spec.See) != nil {
				out.LeftOut = append(out.LeftOut, spec.Name)
				continue
			}
			all, err := k.list(ctx, t)
			if err != nil {
				return fmt.Errorf("export %s: %w", spec.Name, err)
			}
			for _, x := range all {
				if len(x.raw) > MaxFile {
					return fault.New(fault.Refused, "%s would have %d bytes; at most %d are read back", x.path, len(x.raw), MaxFile)
				}
				if out.Tree[x.path] != nil {
					return fault.New(fault.Internal, "two things would be %s", x.path)
				}
				out.Tree[x.path], base.Files[x.path] = x.raw, DigestOf(x.raw)
			}
		}
		out.Digest, out.Files = out.Tree.Digest(), len(out.Tree)
		return out.Tree.SetBase(base)
	})
	if err != nil {
		return nil, err
	}
	return out, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "programme.exported", Stream: stream(who), Actor: who.UserID, Subject: "programme",
			Data: map[string]any{"digest": out.Digest, "files": out.Files, "people": people}})
		return err
	})
}

func stream(p access.Principal) string {
	if p.IsSystem() {
		return "system"
	}
	return "people"
}

// State is what becomes of a file.
type State string

// The states of a file.
const (
	Created   State = "created"
	Changed   State = "changed"
	Unchanged State = "unchanged"
	Withheld  State = "withheld" // it says only what people decide
	Behind    State = "behind"   // changed on the server since the export, and not in the folder
	Conflict  State = "conflict" // changed in both
	Refused   State = "refused"  // its domain's rules refused it
	Absent    State = "absent"   // on the server, and not in the folder: kept
	Ignored   State = "ignored"  // none of the programme's files
)

// Change is what becomes of one file.
type Change struct {
	Path     string  `json:"path"`
	State    State   `json:"state"`
	Fields   []Field `json:"fields,omitempty" doc:"What the server and the file say otherwise."`
	Withheld []Field `json:"withheld,omitempty" doc:"What the file says and the server does not say after it: people decide it there."`
	Why      string  `json:"why,omitempty"`
	Hint     string  `json:"hint,omitempty"`
	Line     int     `json:"line,omitempty" doc:"Of the file, where the fault lies."`
}

// Result is what becomes, or became, of a folder.
type Result struct {
	Number  int64             `json:"number,omitempty" doc:"Of the import, where it was made."`
	Digest  string            `json:"digest" doc:"Of the folder: its files' paths and bytes."`
	Dry     bool              `json:"dry_run"`
	Applied bool              `json:"applied" doc:"All of it was brought in. Where it is false nothing was."`
	Based   bool              `json:"based" doc:"The folder says what it was exported from, so that changes on the server are seen."`
	Counts  map[State]int     `json:"counts"`
	Changes []Change          `json:"changes" doc:"Without files that are unchanged."`
	Base    map[string]string `json:"base,omitempty" doc:"Digests of the server's files after it, for .attesta/base.yaml."`
	Taken   map[string]string `json:"taken_in,omitempty" doc:"Digests of files that say more than was brought in."`
}

// Differs reports whether an import would change something, or something stands in
// its way.
func (r *Result) Differs() bool {
	return r.Counts[Created]+r.Counts[Changed]+r.Counts[Behind]+r.Counts[Conflict]+r.Counts[Refused] > 0
}

// Blocked reports whether something stands in its way.
func (r *Result) Blocked() bool { return r.Counts[Conflict]+r.Counts[Refused] > 0 }

// Input is a folder to be brought in.
type Input struct {
	Tree Tree
	Note string // why; goes with every change
	Dry  bool
}

var errBack = errors.New("taken back")

// Import brings a folder in, or says what it would do. What cannot be read is an
// error with file and line. What stands in the way is in the result, and nothing is
// brought in then.
func (s *Service) Import(ctx context.Context, who access.Principal, in Input) (*Result, error) {
	if err := access.Authorise(who, access.ProgrammeImport); err != nil {
		return nil, err
	}
	note := strings.Join(strings.Fields(in.Note), " ")
	digest := in.Tree.Digest()
	switch {
	case note == "":
		note = "From the programme's folder " + digest[:12] + "."
	case len(note) < 3 || len(note) > 400:
		return nil, fault.New(fault.Invalid, "say why in 3 to 400 bytes").At("", 0, "note")
	}
	r, err := s.read(in.Tree)
	if err != nil {
		return nil, err
	}
	var out *Result
	err = s.cfg.DB.Joined(ctx, func(ctx context.Context) error {
		t, err := s.turn(ctx, who, note, len(r.people) > 0)
		if err != nil {
			return err
		}
		out = &Result{Digest: digest, Dry: in.Dry, Based: r.base.Format > 0, Counts: map[State]int{}, Changes: slices.Clone(r.ignored)}
		run := &running{Service: s, t: t, in: r, out: out, after: map[string][]byte{}}
		if err := run.all(ctx); err != nil {
			return err
		}
		if in.Dry || out.Blocked() {
			return errBack
		}
		out.Applied = true
		run.bases()
		if out.Counts[Created]+out.Counts[Changed] == 0 {
			return nil
		}
		return s.record(ctx, who, note, out)
	})
	if err != nil && !errors.Is(err, errBack) {
		return nil, err
	}
	if out.Applied && s.cfg.After != nil {
		s.cfg.After()
	}
	return out, nil
}

// reading is a folder whose files were read.
type reading struct {
	base    Base
	files   map[Kind][]*parsed
	ignored []Change
	people  []*parsed
}

// read reads every file. Up to twenty faults are told at once.
func (s *Service) read(tree Tree) (*reading, error) {
	if tree["programme.yaml"] == nil {
		return nil, fault.New(fault.Invalid, "there is no programme.yaml: this is no folder of a programme").At("programme.yaml", 0, "").WithHint("'attesta programme export' makes one")
	}
	r := &reading{files: map[Kind][]*parsed{}}
	var err error
	if r.base, err = tree.Base(); err != nil {
		return nil, err
	}
	var faults []error
	for _, path := range sorted(tree) {
		if hidden(path) {
			continue
		}
		k, err := s.kindOf(path)
		if err == nil && k == nil {
			r.ignored = append(r.ignored, Change{Path: path, State: Ignored})
			continue
		}
		var p *parsed
		if err == nil {
			p, err = k.parse(path, tree[path])
		}
		if err != nil {
			if faults = append(faults, err); len(faults) == 20 {
				break
			}
			continue
		}
		r.files[k] = append(r.files[k], p)
		if k.spec().People {
			r.people = append(r.people, p)
		}
	}
	return r, several(faults)
}

// several makes one fault of some: the first, with the others below it.
func several(faults []error) error {
	if len(faults) == 0 {
		return nil
	}
	var first *fault.Error
	if len(faults) == 1 || !errors.As(faults[0], &first) {
		return faults[0]
	}
	all := *first
	for _, e := range faults[1:] {
		text, hint := fault.Public(e)
		all.Message += "\n" + text
		if hint != "" {
			all.Message += " (" + hint + ")"
		}
	}
	return &all
}

func sorted(t Tree) []string {
	out := make([]string, 0, len(t))
	for p := range t {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// kindOf gives the kind of a path; nil where it is none of the programme's.
func (s *Service) kindOf(path string) (Kind, error) {
	var names []string
	top, _, deep := strings.Cut(path, "/")
	for _, k := range s.cfg.Kinds {
		spec := k.spec()
		names = append(names, spec.Name)
		if _, ok := spec.holds(path); ok {
			return k, nil
		}
		if deep && top == spec.Name {
			return nil, fault.New(fault.Invalid, "this is no name of a file of %s", spec.Name).At(path, 0, "").WithHint("a name is lower-case letters, digits and -, and ends in %s", spec.ext())
		}
	}
	if near := Nearest(top, names); near != "" && near != top && strings.Contains(near, ".") != deep {
		return nil, fault.New(fault.Invalid, "the name is not known here").At(path, 0, "").WithHint("did you mean %s?", near)
	}
	return nil, nil
}
