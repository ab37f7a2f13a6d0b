package integrity

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// Filter chooses groups, or changes; zero values choose all.
type Filter struct {
	Verdict  verdict.Kind
	State    State
	Class    verdict.Class
	Exceeded bool      // a token was used beyond its limits
	Host     string    // hst_…, src_…, or a part of the name
	Path     string    // beginning with /: where paths begin; anything else: a part of one
	Package  string    // its name
	Login    string    // who had logged in
	Person   string    // usr_…, per_…
	Program  string    // whole path, or its last part
	Ticket   string    // CH-12, or the run of a tool
	Fleet    string    // the same update
	From, To time.Time // when the last change of a group was, the change itself
	After    string    // cursor
	Limit    int       // 50; at most 1,000

	alone bool // only what no other host has in common
	wide  wide // as measured
}

// limit gives how many are wanted.
func (f *Filter) limit() int {
	if f.Limit <= 0 {
		return 50
	}
	return min(f.Limit, 1000)
}

// cursor reads a cursor: a moment and two numbers.
func (f *Filter) cursor() (at, group, seq int64, err error) {
	if f.After == "" {
		return 0, 0, 0, nil
	}
	parts := strings.Split(f.After, ".")
	no := fault.New(fault.Invalid, "%.60q is no cursor", f.After).At("", 0, "cursor").WithHint("begin with the first page")
	if len(parts) != 3 {
		return 0, 0, 0, no
	}
	n := [3]int64{}
	for i, p := range parts {
		if n[i], err = strconv.ParseInt(p, 10, 64); err != nil || n[i] < 0 {
			return 0, 0, 0, no
		}
	}
	return n[0], n[1], n[2], nil
}

func cursorOf(at time.Time, group, seq int64) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "." + strconv.FormatInt(group, 10) + "." + strconv.FormatInt(seq, 10)
}

// List gives groups, the newest change first (integrity.read). next is the cursor of
// the next page, "" on the last; total is exact up to 10,000.
func (s *Service) List(ctx context.Context, p access.Principal, f Filter) (groups []Group, next string, total int64, err error) {
	if err := may(p); err != nil {
		return nil, "", 0, err
	}
	if _, _, _, err := f.cursor(); err != nil {
		return nil, "", 0, err
	}
	q := s.cfg.DB.Reader()
	if err := f.measure(ctx, q); err != nil {
		return nil, "", 0, err
	}
	list, err := listed(ctx, q, f, f.limit()+1)
	if err != nil {
		return nil, "", 0, err
	}
	groups = []Group{}
	for _, g := range list {
		groups = append(groups, *g)
	}
	if len(groups) > f.limit() {
		groups = groups[:f.limit()]
		last := groups[len(groups)-1]
		next = cursorOf(last.Last, last.Number, 0)
	}
	total, err = countListed(ctx, q, f)
	return groups, next, total, err
}

// Group gives one group with what was decided of it (integrity.read).
func (s *Service) Group(ctx context.Context, p access.Principal, ref string) (*Detail, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	no, err := number(ref)
	if err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	g, err := groupOf(ctx, q, no)
	if err != nil {
		return nil, err
	}
	if err := nameHost(ctx, q, g); err != nil {
		return nil, err
	}
	d := &Detail{Group: *g}
	if d.Decisions, err = decisions(ctx, q, no); err != nil {
		return nil, err
	}
	if d.PackageN, err = packagesOf(ctx, q, no, 200); err != nil {
		return nil, err
	}
	if g.Fleet != "" {
		d.Others, err = sameElsewhere(ctx, q, g.Fleet)
	}
	return d, err
}

// Changes gives changes with their verdicts, the newest first, or those of one group
// in their order (integrity.read). group is IC-12, "" for all.
func (s *Service) Changes(ctx context.Context, p access.Principal, group string, f Filter) (list []Change, next string, total int64, err error) {
	if err := may(p); err != nil {
		return nil, "", 0, err
	}
	if _, _, _, err := f.cursor(); err != nil {
		return nil, "", 0, err
	}
	no := int64(0)
	if group != "" {
		if no, err = number(group); err != nil {
			return nil, "", 0, err
		}
		if _, err := groupOf(ctx, s.cfg.DB.Reader(), no); err != nil {
			return nil, "", 0, err
		}
	}
	q := s.cfg.DB.Reader()
	if err := f.measure(ctx, q); err != nil {
		return nil, "", 0, err
	}
	rows, err := changesListed(ctx, q, no, f, f.limit()+1)
	if err != nil {
		return nil, "", 0, err
	}
	if len(rows) > f.limit() {
		rows = rows[:f.limit()]
		last := rows[len(rows)-1]
		next = cursorOf(last.At, last.group, last.Seq)
	}
	if list, err = s.fill(ctx, q, rows); err != nil {
		return nil, "", 0, err
	}
	total, err = countChanges(ctx, q, no, f)
	return list, next, total, err
}

// HostHistory gives the changes of one host, newest first (integrity.read): Changes
// with the host's id or source in the filter.
func (s *Service) HostHistory(ctx context.Context, p access.Principal, id string, f Filter) (*Watched, []Change, string, int64, error) {
	h, err := s.Host(ctx, p, id)
	if err != nil {
		return nil, nil, "", 0, err
	}
	f.Host = h.Source
	list, next, total, err := s.Changes(ctx, p, "", f)
	return h, list, next, total, err
}

// Host gives one watched host, by its id or its source (integrity.read).
func (s *Service) Host(ctx context.Context, p access.Principal, id string) (*Watched, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	return watchedOf(ctx, s.cfg.DB.Reader(), id)
}

// HostFilter chooses watched hosts.
type HostFilter struct {
	Query string // part of the name
	Only  string // "open", "silent", "unapproved", "degraded"
	After string // name of the last one of the page before, and its source
	Limit int
}

// Hosts gives watched hosts by name (integrity.read).
func (s *Service) Hosts(ctx context.Context, p access.Principal, f HostFilter) (list []Watched, next string, total int64, err error) {
	if err := may(p); err != nil {
		return nil, "", 0, err
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 1000)
	q := s.cfg.DB.Reader()
	if list, err = watchedListed(ctx, q, f, f.Limit+1); err != nil {
		return nil, "", 0, err
	}
	if len(list) > f.Limit {
		list = list[:f.Limit]
		next = list[len(list)-1].Name + "\n" + list[len(list)-1].Source
	}
	total, err = countWatched(ctx, q, f)
	return list, next, total, err
}

// Summary is how things stand.
type Summary struct {
	Hosts      int64            `json:"hosts"`
	Silent     int64            `json:"silent"`
	Unapproved int64            `json:"without_approved_baseline"`
	Degraded   int64            `json:"not_in_real_time"`
	Open       int64            `json:"open_groups"`
	OpenFiles  int64            `json:"open_changes"`
	Exceeded   int64            `json:"limits_exceeded"`
	Groups     map[string]int64 `json:"groups" doc:"By verdict, of the days that are asked for."`
	Changes    map[string]int64 `json:"changes" doc:"Likewise."`
	Since      time.Time        `json:"since"`
}

// Summary gives how things stand, with the counts of so many days (integrity.read).
func (s *Service) Summary(ctx context.Context, p access.Principal, days int) (Summary, error) {
	if err := may(p); err != nil {
		return Summary{}, err
	}
	since := s.cfg.Clock().Add(-time.Duration(max(1, min(days, 1096))) * 24 * time.Hour)
	return summary(ctx, s.cfg.DB.Reader(), since)
}

// Update is the same update on several hosts.
type Update struct {
	Fleet   string    `json:"fleet"`
	Manager string    `json:"manager"`
	Package string    `json:"package"`
	Version string    `json:"version"`
	Hosts   int64     `json:"hosts"`
	Groups  int64     `json:"groups"`
	Changes int64     `json:"changes"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

// Updates gives updates by package, together over hosts, newest first
// (integrity.read).
func (s *Service) Updates(ctx context.Context, p access.Principal, f Filter) ([]Update, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	return updates(ctx, s.cfg.DB.Reader(), f, f.limit())
}

// TokenUse is how often a token was used.
type TokenUse struct {
	ID       string    `json:"id"`
	Label    string    `json:"label"`
	Used     int64     `json:"used"`
	Exceeded int64     `json:"exceeded"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// Used gives how often a token was used (integrity.read); zero where it never was.
func (s *Service) Used(ctx context.Context, p access.Principal, id string) (TokenUse, error) {
	if err := may(p); err != nil {
		return TokenUse{}, err
	}
	return useOf(ctx, s.cfg.DB.Reader(), id)
}
