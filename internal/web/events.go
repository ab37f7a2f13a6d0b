package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// beat is how often an idle stream says that it lives, and looks whether its
// reader still may listen.
const beat = 20 * time.Second

// news is what was recorded since a page was made.
type news struct {
	Records int `json:"records,omitempty"`
	Opened  int `json:"opened,omitempty"` // findings opened or reopened
	Closed  int `json:"closed,omitempty"`
	Files   int `json:"files,omitempty"` // groups of changed files that nothing accounts for
}

// events is the stream of what is recorded after a ledger size (from=). It is
// a count: the page decides when to read it (HTML living standard, 9.2).
func (s *Site) events(w http.ResponseWriter, r *request) error {
	from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	if err != nil || from < 0 {
		return fault.New(fault.Invalid, "from is not a ledger size")
	}
	if last, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64); err == nil && last > from {
		from = last // the browser lost the stream and comes back
	}
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	if _, err := fmt.Fprint(w, "retry: 3000\n\n"); err != nil {
		return errGone
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	shown := s.unread(r).Count
	for {
		var told <-chan struct{}
		if s.cfg.Notices != nil {
			told = s.cfg.Notices.Changed()
			if now := s.unread(r).Count; now != shown {
				if _, err := fmt.Fprintf(w, "event: inbox\ndata: {\"unread\":%q}\n\n", now); err != nil {
					return errGone
				}
				shown = now
			}
		}
		changed := s.cfg.Ledger.Changed() // before reading, so that nothing is missed
		n, next, err := s.newsSince(r.Context(), from)
		if err != nil {
			return errGone // the browser comes back by itself, from where it was
		}
		if n.Records > 0 {
			body, err := json.Marshal(n)
			if err != nil {
				return errGone
			}
			if _, err := fmt.Fprintf(w, "id: %d\nevent: records\ndata: %s\n\n", next, body); err != nil {
				return errGone
			}
		}
		from = next
		if err := control.Flush(); err != nil {
			return errGone
		}
		select {
		case <-r.Context().Done():
			return errGone
		case <-s.cfg.Stop:
			return errGone
		case <-told:
		case <-changed: // what was recorded may be that the reader is out
			if !s.mayListen(r) {
				fmt.Fprint(w, "event: bye\ndata: {}\n\n")
				return errGone
			}
		case <-tick.C:
			if !s.mayListen(r) {
				fmt.Fprint(w, "event: bye\ndata: {}\n\n")
				return errGone
			}
			if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil {
				return errGone
			}
		}
	}
}

// mayListen reports whether the session of a stream is still open, and its role
// still sees what the stream tells of.
func (s *Site) mayListen(r *request) bool {
	who, err := s.cfg.Access.Peek(r.Context(), s.token(r.Request))
	return err == nil && access.Authorise(who, access.PostureRead) == nil
}

// newsSince counts what people want to hear of. Runs that changed nothing and
// people coming and going are not news.
func (s *Site) newsSince(ctx context.Context, from int64) (news, int64, error) {
	var n news
	for {
		records, err := s.cfg.Ledger.Since(ctx, from, 500)
		if err != nil {
			return n, from, err
		}
		for _, rec := range records {
			from = rec.Index + 1
			n.add(rec)
		}
		if len(records) < 500 {
			return n, from, nil
		}
	}
}

func (n *news) add(rec ledger.Record) {
	switch {
	case rec.Type == "finding.opened", rec.Type == "finding.reopened":
		n.Opened++
	case rec.Type == "finding.closed":
		n.Closed++
	case rec.Type == "integrity.unexplained":
		n.Files++
	case rec.Type == "run":
		if changed, ok := rec.Data["changed"].(int64); ok && changed == 0 {
			return
		}
	case strings.HasPrefix(rec.Type, "user."), strings.HasPrefix(rec.Type, "session."):
		return
	}
	n.Records++
}
