package password

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"

	"github.com/attesta/attesta/internal/base/fault"
)

func TestPasswordRules(t *testing.T) {
	u := Owner{Login: "maeve.doyle", Name: "Maeve Doyle", Email: "maeve.doyle@northwind.example"}
	for _, tc := range []struct{ password, complains string }{
		{"four grey herons wade", ""},
		{"ponytail-3-vexed-quarry", ""},
		{"Zk8!vRq2#mXw", ""},
		{"vier graue Reiher überall", ""},
		{"the maeve river floods in April", ""}, // a name inside a passphrase
		{"short", "5 characters"},
		{"elevenchars", "11 characters"},
		{"éèêëàâäîïôö", "11 characters"}, // characters, not bytes
		{strings.Repeat("long enough ", 30), "bytes"},
		{"aaaaaaaaaaaaaaaa", "different characters"},
		{"abababababababab", "different characters"},
		{"abcdefghijklm", "run of neighbouring"},
		{"0987654321098", "run of neighbouring"},
		{"QwertyUiopAs", "run of neighbouring"},
		{"Password1234!", "attackers try first"},
		{"P@ssw0rd2026", "attackers try first"},
		{"123welcome123", "attackers try first"},
		{"adminadminadmin", "attackers try first"},
		{"Summer-2026-!!", "attackers try first"},
		{"dragon monkey 7", "attackers try first"},
		{"MaeveDoyle2026", "your name"},
		{"maeve.doyle!1", "your name"},
		{"northwind-2026", "your e-mail address"},
		{"attesta!attesta", "attackers try first"},
		{"not\xfftext-at-all", "not valid text"},
		{"manchesterunited", "attackers try early"},
		{"unbelievable1", "attackers try early"},
		{"dragonballz123", "attackers try early"},
		{"blink182blink", "attackers try early"},
	} {
		err := Check(tc.password, u)
		switch {
		case tc.complains == "" && err != nil:
			t.Errorf("%q is refused: %v", tc.password, err)
		case tc.complains != "" && (err == nil || !strings.Contains(err.Error(), tc.complains)):
			t.Errorf("%q gave %v, want a complaint about %q", tc.password, err, tc.complains)
		case err != nil && (!fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), tc.password)):
			t.Errorf("%q: the error is not Invalid or shows the password: %v", tc.password, err)
		}
	}
}

func TestCommonListIsSorted(t *testing.T) {
	last := 1 << 10
	for line := range strings.Lines(commonList) {
		w := strings.TrimSpace(line)
		if len(w) < 3 || len(w) > last || w != strings.ToLower(w) {
			t.Errorf("%q: words are lower case, at least three long, longest first", w)
		}
		last = len(w)
	}
}

func TestHash(t *testing.T) {
	old, cheap := NewHasher(Cost{Memory: 128, Time: 1, Threads: 1}, 1, 1), NewHasher(Cost{Memory: 64, Time: 1, Threads: 1}, 1, 1)
	phc, err := cheap.Hash("vier graue Reiher überall")
	if err != nil {
		t.Fatal(err)
	}
	again, err := cheap.Hash("vier graue Reiher überall")
	if err != nil || phc == again {
		t.Errorf("two hashes of one password are the same, or %v", err)
	}
	for _, tc := range []struct {
		name       string
		h          *Hasher
		password   string
		ok, stale  bool
		storedHash string
	}{
		{"right", cheap, "vier graue Reiher überall", true, false, phc},
		{"right, composed otherwise", cheap, "vier graue Reiher u\u0308berall", true, false, phc},
		{"right, at another cost", old, "vier graue Reiher überall", true, true, phc},
		{"wrong", cheap, "vier graue Reiher Überall", false, false, phc},
		{"empty", cheap, "", false, false, phc},
		{"nobody", cheap, "anything at all", false, false, ""},
	} {
		ok, stale, err := tc.h.Verify(tc.storedHash, tc.password)
		if err != nil || ok != tc.ok || stale != tc.stale {
			t.Errorf("%s: ok %v, stale %v, %v", tc.name, ok, stale, err)
		}
	}
	if _, _, err := cheap.Verify("$2a$10$notours", "x"); err == nil || strings.Contains(err.Error(), "notours") {
		t.Errorf("a foreign hash gave %v", err)
	}
}

func FuzzDecodeHash(f *testing.F) {
	h := NewHasher(Cost{Memory: 64, Time: 1, Threads: 1}, 1, 1)
	phc, err := h.Hash("seed")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{phc, "", "$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=+64,t=01,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", strings.Replace(phc, "$v=19$", "$v=16$", 1), phc + "$", phc + "="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := decodeHash(s)
		if err != nil {
			return
		}
		if got.String() != s {
			t.Errorf("%q was read as %q: there is more than one spelling", s, got)
		}
		if got.cost.Memory > maxHashMemory || got.cost.Time > maxHashTime || got.cost.Threads == 0 {
			t.Errorf("%q asks for %+v", s, got.cost)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(DefaultCost, 1, 1)
	for b.Loop() {
		if _, err := h.Hash("four grey herons wade"); err != nil {
			b.Fatal(err)
		}
	}
}

// The commonest passwords of leaks, as far as they are long enough, and each
// with a digit or a sign behind it.
func TestLeakedPasswords(t *testing.T) {
	tried := 0
	for rank, word := range frequency.FrequencyLists["passwords"] {
		if utf8.RuneCountInString(word) < Shortest-1 {
			continue
		}
		for _, p := range []string{word, word + "1", strings.ToUpper(word[:1]) + word[1:] + "!"} {
			if utf8.RuneCountInString(p) < Shortest {
				continue
			}
			tried++
			if Check(p, Owner{Login: "maeve", Name: "Maeve Doyle"}) == nil {
				t.Errorf("%q (rank %d) is taken", p, rank+1)
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d were tried", tried)
	}
}
