package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/wire"
)

// Answerer does what a server asks and gives the result, a struct of package wire.
// An error is why it is not done; its text goes to the server.
type Answerer func(ctx context.Context, args json.RawMessage) (result any, err error)

// mostAsked bounds what is remembered of asks. An ask comes again with each
// acknowledgement until its answer has arrived.
const mostAsked = 256

// answersAtOnce is how many asks are answered at the same time.
const answersAtOnce = 3

// asked answers the server's asks, a few at the same time.
type asked struct {
	answers map[string]Answerer

	mu      sync.Mutex
	waiting []wire.Ask    // guarded by mu
	known   []string      // guarded by mu: ids, oldest first, waiting and answered
	wake    chan struct{} // capacity 1
}

func newAsked(answers map[string]Answerer) *asked {
	return &asked{answers: answers, wake: make(chan struct{}, 1)}
}

// hear takes in what came with an acknowledgement.
func (a *asked) hear(list []wire.Ask) {
	if len(list) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range list {
		if x.ID == "" || slices.Contains(a.known, x.ID) {
			continue
		}
		a.known = append(a.known, x.ID)
		a.waiting = append(a.waiting, x)
	}
	a.known = a.known[max(0, len(a.known)-mostAsked):]
	a.waiting = a.waiting[max(0, len(a.waiting)-mostAsked):] // the rest comes again
	signal(a.wake)
}

// forget lets asks be answered again: their answers were given up.
func (a *asked) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = nil
}

func (a *asked) next() (wire.Ask, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) == 0 {
		return wire.Ask{}, false
	}
	x := a.waiting[0]
	a.waiting = a.waiting[1:]
	if len(a.waiting) > 0 {
		signal(a.wake) // another runner may take it: a snapshot takes minutes
	}
	return x, true
}

// run answers until ctx ends.
func (a *asked) run(ctx context.Context, o *observer) {
	for {
		x, ok := a.next()
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-a.wake:
			}
			continue
		}
		answer := a.answer(ctx, x, o.cfg.Clock)
		if ctx.Err() != nil {
			return // it is asked again
		}
		if err := o.answered(answer); err != nil {
			o.mu.Lock()
			o.log.warn("an answer could not be spooled; it will be asked again", err)
			o.mu.Unlock()
			a.mu.Lock()
			a.known = slices.DeleteFunc(a.known, func(id string) bool { return id == x.ID })
			a.mu.Unlock()
		}
	}
}

// longestReason is the most that a server takes of a reason.
const longestReason = 500

func (a *asked) answer(ctx context.Context, x wire.Ask, now func() time.Time) wire.Answer {
	out := wire.Answer{ID: x.ID, Kind: x.Kind, At: now().UTC()}
	refuse := func(format string, args ...any) wire.Answer {
		r := []rune(fmt.Sprintf(format, args...))
		text := make([]rune, 0, len(r))
		for _, c := range r {
			if c < ' ' || c == 0x7f {
				c = ' '
			}
			text = append(text, c)
		}
		for len(string(text)) > longestReason {
			text = text[:len(text)-1]
		}
		out.Refuse, out.Result = string(text), nil
		return out
	}
	f, ok := a.answers[x.Kind]
	switch {
	case !ok:
		return refuse("this agent does not do %q", x.Kind)
	case !x.Until.IsZero() && now().After(x.Until):
		return refuse("its time was over on %s by this host's clock", x.Until.UTC().Format(time.RFC3339))
	}
	result, err := f(ctx, x.Args)
	out.At = now().UTC()
	if err != nil {
		return refuse("%s", err)
	}
	if out.Result, err = json.Marshal(result); err != nil {
		return refuse("the result cannot be written: %s", err)
	}
	return out
}

// answered spools an answer.
func (o *observer) answered(answer wire.Answer) error {
	item, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	e := o.envelope(wire.KindAnswers, o.cfg.Clock())
	e.Items = []json.RawMessage{item}
	if err := o.spool.add(e); err != nil {
		return err
	}
	o.sender.spooled()
	return nil
}
