package agent

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/facts"
)

// A look reads what is due and nothing else: when nothing is, an inventory of no
// names, which is one of all sections, must not come of it.
func TestLookReadsWhatIsDue(t *testing.T) {
	now := clock.NewManual(start)
	sp := mustOpen(t, directory(t.TempDir()), 1<<20)
	h := newHost()
	sp.state.Sections = map[string]string{} // the server has them all
	for name := range h.state {
		sp.state.Sections[name] = fmt.Sprintf("%064d", 1)
	}
	var read []string
	o := newObserver(Config{Clock: now.Now, Interval: time.Minute, Rare: time.Hour, Logger: silent,
		Inventory: func(ctx context.Context, names ...string) ([]facts.Section, error) {
			list, err := h.read(ctx, names...)
			for _, s := range list {
				read = append(read, s.Name)
			}
			return list, err
		}}, sp)
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"first", func() {}, rareSections()},
		{"a minute later", func() { now.Advance(time.Minute) }, nil},
		{"and another one", func() { now.Advance(time.Minute) }, nil},
		{"an hour later", func() { now.Advance(time.Hour) }, rareSections()},
	} {
		step.do()
		read = nil
		o.look(t.Context(), rareSections())
		if !slices.Equal(read, step.want) {
			t.Errorf("%s: %v were read, want %v", step.what, read, step.want)
		}
	}
}
