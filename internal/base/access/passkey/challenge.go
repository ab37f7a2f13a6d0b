package passkey

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/go-webauthn/webauthn/webauthn"
)

const (
	challengeLife = 5 * time.Minute
	perSession    = 10     // that one session has at the same time; the oldest makes room
	perSource     = 1000   // that one source has: it may be a proxy with everybody behind it
	mostOpen      = 20_000 // of everybody; about 10 MB
)

// purpose is what a challenge was made for. It answers nothing else.
type purpose string

const (
	forAdding purpose = "add"
	forLogin  purpose = "login"
	forProof  purpose = "proof" // of a user who is known: step-up, or the second factor
)

// open is a challenge that waits for its answer.
type open struct {
	purpose purpose
	holder  string // a session, or the source of somebody who is in none
	userID  string
	name    string // of the passkey that is to be added
	data    webauthn.SessionData
	ends    time.Time
}

// challenges are those that wait. They live in memory: one that is lost in a
// restart is asked for again.
type challenges struct {
	mu       sync.Mutex
	byID     map[string]open
	byHolder map[string][]string // oldest first
	swept    time.Time
}

func newChallenges() *challenges {
	return &challenges{byID: map[string]open{}, byHolder: map[string][]string{}}
}

// hold keeps a challenge and gives the word by which it is asked for.
func (c *challenges) hold(o open, now time.Time) (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("make a challenge: %w", err)
	}
	id := base64.RawURLEncoding.EncodeToString(raw)
	o.data.Expires = time.Time{} // ours counts
	o.ends = now.Add(challengeLife)
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.swept) >= time.Minute || now.Before(c.swept) {
		c.swept = now
		for id, o := range c.byID {
			if !now.Before(o.ends) {
				c.drop(id)
			}
		}
	}
	most := perSession
	if o.purpose == forLogin {
		most = perSource
	}
	for len(c.byHolder[o.holder]) >= most {
		c.drop(c.byHolder[o.holder][0])
	}
	if len(c.byID) >= mostOpen {
		return "", fault.New(fault.Unavailable, "too many people log in at this moment").WithHint("try again in a minute")
	}
	c.byID[id] = o
	c.byHolder[o.holder] = append(c.byHolder[o.holder], id)
	return id, nil
}

// take gives a challenge and forgets it, whatever becomes of its answer. One for
// logging in is whose it was given to, wherever they are now: they alone know its word.
func (c *challenges) take(id string, p purpose, holder string, now time.Time) (open, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, there := c.byID[id]
	if there && o.purpose == p && (o.holder == holder || p == forLogin) { // another's word ends nobody's challenge
		c.drop(id)
		if now.Before(o.ends) {
			return o, nil
		}
	}
	return open{}, fault.New(fault.Unauthenticated, "the browser's answer came too late, or a second time").
		WithHint("press the button again: an answer is taken once, for %d minutes", int(challengeLife.Minutes()))
}

// drop is called with the lock held.
func (c *challenges) drop(id string) {
	holder := c.byID[id].holder
	delete(c.byID, id)
	list := c.byHolder[holder]
	for i := range list {
		if list[i] == id {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(c.byHolder, holder)
		return
	}
	c.byHolder[holder] = list
}

// source gives the name under which a stranger's challenges are held: the
// address, or the /64 of IPv6.
func source(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "from unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return "from " + a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "from unknown"
	}
	return "from " + p.String()
}
