package agent

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/wire"
)

func TestAnswersWhatItIsAsked(t *testing.T) {
	s := newServer(t, databasetest.SQLite(t))
	nothing := s.cfg.Handlers[wire.KindHeartbeat]
	s.cfg.Handlers[wire.KindAnswers] = nothing
	s.cfg.Handlers[wire.KindHeartbeat] = func(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
		for _, x := range []struct{ id, kind string }{{"ask_1", "drill"}, {"ask_2", "probe"}, {"ask_3", "accept"}, {"ask_4", "snapshot"}} {
			until := s.now.Now().Add(time.Hour)
			if x.id == "ask_4" {
				until = s.now.Now().Add(-time.Hour)
			}
			b.Ask(wire.Ask{ID: x.id, Kind: x.kind, Until: until, Args: json.RawMessage(`{"path":"/etc"}`)})
		}
		return nothing(ctx, tx, b)
	}
	cfg := s.config(newHost())
	cfg.Heartbeat = 100 * time.Millisecond
	cfg.Token = s.token()
	done := make(chan string, 100)
	cfg.Answers = map[string]Answerer{
		wire.AskDrill: func(_ context.Context, args json.RawMessage) (any, error) {
			done <- string(args)
			return wire.DrillResult{Path: "/etc", Digest: "ab"}, nil
		},
		wire.AskAccept: func(context.Context, json.RawMessage) (any, error) {
			return nil, errors.New("no key\nis trusted " + strings.Repeat("é", 600))
		},
		wire.AskSnapshot: func(context.Context, json.RawMessage) (any, error) { return wire.SnapshotResult{}, nil },
	}
	r := run(t, cfg)
	defer r.stop()
	answers := func(all []ingest.Batch) map[string]wire.Answer {
		out := map[string]wire.Answer{}
		for _, b := range all {
			if b.Envelope.Kind != wire.KindAnswers {
				continue
			}
			for _, item := range b.Envelope.Items {
				var a wire.Answer
				if err := json.Unmarshal(item, &a); err != nil {
					t.Fatal(err)
				}
				if _, again := out[a.ID]; again {
					t.Errorf("%s is answered twice", a.ID)
				}
				out[a.ID] = a
			}
		}
		return out
	}
	got := answers(s.await("four answers, and heartbeats after them", func(all []ingest.Batch) bool {
		beats := 0
		for _, b := range all {
			if b.Envelope.Kind == wire.KindHeartbeat {
				beats++
			}
		}
		return len(answers(all)) == 4 && beats > 4
	}))
	if a := got["ask_1"]; a.Refuse != "" || !strings.Contains(string(a.Result), `"digest":"ab"`) {
		t.Errorf("the drill is answered %+v", a)
	}
	if a := got["ask_2"]; !strings.Contains(a.Refuse, "does not do") {
		t.Errorf("what the agent does not do is answered %+v", a)
	}
	if a := got["ask_3"]; !strings.HasPrefix(a.Refuse, "no key is trusted") || len(a.Refuse) > 500 {
		t.Errorf("a failure is answered %+v", a)
	}
	if a := got["ask_4"]; !strings.Contains(a.Refuse, "its time was over") {
		t.Errorf("an ask whose time is over is answered %+v", a)
	}
	if n := len(done); n != 1 {
		t.Errorf("it was done %d times", n)
	}
	if args := <-done; args != `{"path":"/etc"}` {
		t.Errorf("it was asked with %s", args)
	}
}
