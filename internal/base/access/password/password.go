// Package password hashes passwords (argon2id, RFC 9106) and holds new ones to
// rules: long enough, and nothing that attackers try early (NIST SP 800-63B).
//
// Floor: stateful base, under access; it stores nothing.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/attesta/attesta/internal/base/fault"
)

// Cost is the price of one argon2id hash (RFC 9106).
type Cost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// DefaultCost is what OWASP's Password Storage Cheat Sheet asks for at
// least: 19 MiB, 2 passes, 1 thread.
var DefaultCost = Cost{Memory: 19 * 1024, Time: 2, Threads: 1}

// What a stored hash may ask for at most: more would let whoever wrote the row
// exhaust the server's memory.
const (
	maxHashMemory = 1 << 20 // KiB: 1 GiB
	maxHashTime   = 64
	saltLength    = 16
	keyLength     = 32
)

// hashed is a decoded PHC string: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
type hashed struct {
	cost Cost
	salt []byte
	key  []byte
}

func (h hashed) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.cost.Memory, h.cost.Time, h.cost.Threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

// decodeHash reads a PHC string in exactly the spelling that String writes.
// Its errors never show the hash.
func decodeHash(s string) (hashed, error) {
	bad := func(what string) (hashed, error) {
		return hashed{}, fault.New(fault.Internal, "a stored password hash has %s", what)
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return bad("an unknown scheme")
	}
	if parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return bad("an unknown version of argon2")
	}
	var h hashed
	params := strings.Split(parts[3], ",")
	if len(params) != 3 {
		return bad("unreadable parameters")
	}
	for i, p := range []struct {
		name     string
		min, max uint64
	}{{"m=", 8, maxHashMemory}, {"t=", 1, maxHashTime}, {"p=", 1, 255}} {
		digits, ok := strings.CutPrefix(params[i], p.name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < p.min || n > p.max || strconv.FormatUint(n, 10) != digits {
			return bad("unreadable parameters")
		}
		switch i {
		case 0:
			h.cost.Memory = uint32(n)
		case 1:
			h.cost.Time = uint32(n)
		case 2:
			h.cost.Threads = uint8(n)
		}
	}
	var err error
	if strings.ContainsAny(s, "\r\n") {
		return bad("a line break, which the decoder would pass over")
	}
	strict := base64.RawStdEncoding.Strict()
	if h.salt, err = strict.DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return bad("an unreadable salt")
	}
	if h.key, err = strict.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return bad("an unreadable key")
	}
	return h, nil
}

// Hasher computes argon2id. Whoever wants hashes computed acquires one of its
// slots first; it holds no more memory than its slots need.
type Hasher struct {
	cost  Cost
	slots chan struct{} // one element per hash under way
	queue chan struct{} // one element per caller that has or waits for a slot
	dummy hashed        // compared with when there is no password, so that the work is the same
}

// NewHasher makes a hasher of so many slots, for which so many may wait.
func NewHasher(cost Cost, slots, queue int) *Hasher {
	return &Hasher{cost: cost, slots: make(chan struct{}, slots), queue: make(chan struct{}, slots+queue),
		dummy: hashed{cost: cost, salt: make([]byte, saltLength), key: make([]byte, keyLength)}}
}

// Acquire waits for a slot; with too many waiting it is kind Unavailable. It
// comes before an attempt is counted: who could not be heard has not failed.
func (h *Hasher) Acquire(ctx context.Context) (release func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, fault.New(fault.Unavailable, "too many people log in at this moment").WithHint("try again in a minute")
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, ctx.Err()
	}
}

// Hash gives the PHC string of a new password.
func (h *Hasher) Hash(password string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	return hashed{cost: h.cost, salt: salt, key: key(password, h.cost, salt, keyLength)}.String(), nil
}

// Verify compares in constant time. stored may be empty: then the work is done
// all the same and the answer is no. stale says that the hash should be made
// again at today's cost.
func (h *Hasher) Verify(stored, password string) (ok, stale bool, err error) {
	want := h.dummy
	if stored != "" {
		if want, err = decodeHash(stored); err != nil {
			return false, false, err
		}
	}
	got := key(password, want.cost, want.salt, uint32(len(want.key)))
	same := subtle.ConstantTimeCompare(got, want.key) == 1
	return same && stored != "", want.cost != h.cost, nil
}

func key(password string, c Cost, salt []byte, length uint32) []byte {
	return argon2.IDKey([]byte(normalise(password)), salt, c.Time, c.Memory, c.Threads, length)
}

// normalise makes one password of the ways that keyboards compose it (RFC 8265
// asks for NFC; NFKC would make different passwords one).
func normalise(password string) string { return norm.NFC.String(password) }

// Limits of a password: Shortest in characters, Longest in bytes, a limit on what
// a stranger can make us hash.
const (
	Shortest = 12
	Longest  = 256
)

//go:embed common.txt
var commonList string

// unleet undoes the digits and signs that people put in the place of letters.
var unleet = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t", "|", "l")

// isCommon reports whether a password is made of listed words, digits and
// signs alone: "Welcome2026!!", "P@ssw0rd1234", "adminadminadmin". The list
// is sorted by length, longest first.
func isCommon(password string) bool {
	notLetter := func(r rune) bool { return !unicode.IsLetter(r) }
	lower := strings.ToLower(password)
	plain := unleet.Replace(strings.TrimFunc(lower, notLetter))
	for line := range strings.Lines(commonList) {
		word := strings.TrimSpace(line)
		lower, plain = strings.ReplaceAll(lower, word, " "), strings.ReplaceAll(plain, word, " ")
	}
	return !strings.ContainsFunc(lower, unicode.IsLetter) || !strings.ContainsFunc(plain, unicode.IsLetter)
}

// Owner is whose password it is, for words that it must not be built on.
type Owner struct{ Login, Name, Email string }

// Check holds a new password to the rules; u gives the names that it
// must not contain.
func Check(password string, u Owner) error {
	bad := func(hint, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, "password").WithHint("%s", hint)
	}
	const advice = "four or five words that do not belong together are easy to remember and hard to guess"
	if !utf8.ValidString(password) {
		return bad(advice, "the password is not valid text")
	}
	p := normalise(password)
	if n := utf8.RuneCountInString(p); n < Shortest {
		return bad(advice, "the password has %d characters; at least %d are needed", n, Shortest)
	}
	if len(p) > Longest {
		return bad(advice, "the password has %d bytes; at most %d are taken", len(p), Longest)
	}
	runes := []rune(strings.ToLower(p))
	slices.Sort(runes)
	if len(slices.Compact(runes)) < 5 {
		return bad(advice, "the password uses fewer than five different characters")
	}
	if sequence(p) {
		return bad(advice, "the password is a run of neighbouring characters")
	}
	if isCommon(p) {
		return bad(advice, "the password is one of those that attackers try first")
	}
	if word := ownWord(p, u); word != "" {
		return bad(advice, "the password is built on %s", word)
	}
	if guessed(p, u) {
		return bad(advice, "the password is made of what attackers try early: common passwords, names, dates, rows of keys")
	}
	return nil
}

// A password that zxcvbn guesses within this many tries is refused: what it
// knows are the commonest of leaked passwords, words and names of English,
// dates, rows of keys and repetitions.
const (
	fewGuesses  = 1e8
	lookedAt    = 100 // characters; the work grows with more than their square
	mostOwnWord = 100
)

func guessed(p string, u Owner) bool {
	first := func(s string, n int) string {
		r := []rune(s)
		return string(r[:min(len(r), n)])
	}
	var own []string
	for _, w := range append([]string{u.Login, u.Email, "attesta"}, strings.Fields(u.Name)...) {
		if w != "" {
			own = append(own, strings.ToLower(first(w, mostOwnWord)))
		}
	}
	return zxcvbn.PasswordStrength(first(p, lookedAt), own).Guesses < fewGuesses
}

// sequence reports whether each character follows from the one before it by
// the same step: "abcdefghijkl", "098765432109".
func sequence(p string) bool {
	rows := []string{"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "01234567890123456789", "12345678901234567890",
		"qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p"}
	lower := strings.ToLower(p)
	backwards := []rune(lower)
	slices.Reverse(backwards)
	return slices.ContainsFunc(rows, func(row string) bool {
		return strings.Contains(row, lower) || strings.Contains(row, string(backwards))
	})
}

// ownWord names the user's own word that makes up most of a password, or "":
// a long passphrase may mention a name, a name with digits is a guess.
func ownWord(password string, u Owner) string {
	p := strings.ToLower(password)
	local, domain, _ := strings.Cut(u.Email, "@")
	domain, _, _ = strings.Cut(domain, ".")
	rest := p
	own := map[string]string{"attesta": "the name of this program"}
	order := []string{}
	add := func(what, words string) {
		for _, w := range strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if _, there := own[w]; !there && utf8.RuneCountInString(w) >= 3 {
				own[w], order = what, append(order, w)
			}
		}
	}
	add("your name", u.Name)
	add("your login", u.Login)
	add("your e-mail address", local+" "+domain)
	order = append(order, "attesta")
	slices.SortStableFunc(order, func(a, b string) int { return len(b) - len(a) })
	first := ""
	for _, w := range order {
		if strings.Contains(rest, w) {
			rest = strings.ReplaceAll(rest, w, "")
			if first == "" {
				first = own[w]
			}
		}
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, rest)
	if first != "" && (utf8.RuneCountInString(rest) < 8 || utf8.RuneCountInString(letters) < 4) {
		return first
	}
	return ""
}

// Waiting gives how many have a slot or wait for one.
func (h *Hasher) Waiting() int { return len(h.queue) }

// Same reports whether two passwords are one, however they were composed.
func Same(a, b string) bool { return normalise(a) == normalise(b) }
