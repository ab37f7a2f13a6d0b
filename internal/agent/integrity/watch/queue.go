package watch

import (
	"sync"

	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

// queue holds events between the reader and the pump. It takes memory for what
// waits, not for what might.
type queue struct {
	most int
	more chan struct{} // capacity 1: something waits

	mu    sync.Mutex
	list  []kernel.Event // guarded by mu
	spare []kernel.Event // guarded by mu: emptied, to be used again
}

// mostSpare is how many events' room is kept for the next ones.
const mostSpare = 256

func newQueue(most int) *queue { return &queue{most: most, more: make(chan struct{}, 1)} }

// put reports false when the queue is full.
func (q *queue) put(e kernel.Event) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) >= q.most {
		return false
	}
	if q.list == nil {
		q.list, q.spare = q.spare, nil
	}
	q.list = append(q.list, e)
	if len(q.list) == 1 {
		select {
		case q.more <- struct{}{}:
		default:
		}
	}
	return true
}

// take gives all that waits.
func (q *queue) take() []kernel.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

// done gives back what take gave, when it is no longer needed.
func (q *queue) done(list []kernel.Event) {
	if cap(list) > mostSpare {
		return
	}
	clear(list)
	q.mu.Lock()
	q.spare = list[:0]
	q.mu.Unlock()
}
